/* How fast documents become items: reads all files first, then parses each as a refresh does. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "draft.h"
#include "limits.h"
#include "parse/parse.h"

enum { FILES_MAX = 100000, FILE_BYTES_MAX = 1 << 30, ROUNDS = 3, PATH_BYTES = 4096 };

struct totals {
	size_t bytes, items, failed;
};

static int read_file(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "rb");
	size_t n = 1;

	if (!f)
		return ERR_IO;
	while (n > 0 && buf_reserve(out, PATH_BYTES) == 0) {
		n = fread(out->data + out->len, 1, out->cap - out->len - 1, f);
		out->len += n;
	}
	n = (size_t)ferror(f);
	fclose(f);
	return n ? ERR_IO : buf_status(out);
}

static int read_list(const char *path, struct buf *files, size_t *ret_count)
{
	FILE *list = fopen(path, "r");
	char line[PATH_BYTES];
	size_t count = 0;
	int rv = list ? 0 : ERR_IO;

	while (!rv && count < FILES_MAX && fgets(line, sizeof(line), list)) {
		line[strcspn(line, "\n")] = '\0';
		buf_init(&files[count], FILE_BYTES_MAX);
		rv = read_file(line, &files[count++]);
		if (rv)
			fprintf(stderr, "parse_bench: %s: %s\n", line, strerror(errno));
	}
	if (list)
		fclose(list);
	*ret_count = count;
	return rv;
}

/* What refresh.c does on a pool thread; `raw` is parsing alone. */
static void refresh(const struct buf *body, bool raw, struct totals *t)
{
	struct parse_options options = {.base_url = "http://feeds.example/feed", .raw = raw};
	struct feed_content *feed = NULL;
	struct draft *drafts;
	struct err e = {0};
	struct arena arena;
	size_t count;
	int rv;

	arena_init(&arena, REFRESH_ARENA_BASE + PARSE_ARENA_FACTOR * body->len);
	rv = parse_document(body->data, body->len, &options, &arena, &feed, &e);
	if (!rv && !raw)
		rv = draft_items(feed, IDENTITY_GUID, TIME_NONE, &arena, &drafts, &count);
	t->bytes += body->len;
	t->items += rv ? 0 : feed->item_count;
	t->failed += rv != 0;
	arena_finish(&arena);
}

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* All files, `rounds` times. */
static struct totals run(const struct buf *files, size_t count, bool raw, int rounds)
{
	struct totals t = {0};

	for (int round = 0; round < rounds; round++)
		for (size_t i = 0; i < count; i++)
			refresh(&files[i], raw, &t);
	return t;
}

/* A first round goes untimed: it pays for memory that the daemon has had for long. */
static void measure(const struct buf *files, size_t count, bool raw, int rounds)
{
	struct totals t = run(files, count, raw, 1);
	double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);

	t = run(files, count, raw, rounds);
	wall = (seconds(CLOCK_MONOTONIC) - wall) / rounds;
	cpu = (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) / rounds;
	t.items /= (size_t)rounds;
	printf("{\"seconds\":%.5f,\"cpu\":%.5f,\"mb_s\":%.2f,\"items_s\":%.0f,\"files\":%zu,"
	       "\"items\":%zu,\"failed\":%zu}\n",
		wall, cpu, (double)t.bytes / rounds / 1e6 / wall, (double)t.items / wall, count,
		t.items, t.failed / (size_t)rounds);
}

static int rounds_of(const char *text)
{
	long rounds = strtol(text, NULL, 10);

	return rounds > 0 && rounds < 10000 ? (int)rounds : 1;
}

int main(int argc, char **argv)
{
	struct buf *files = calloc(FILES_MAX, sizeof(*files));
	bool raw = argc > 1 && strcmp(argv[1], "--raw") == 0;
	const char *list = argv[1 + raw];
	size_t count;

	if (!files || argc < 2 + raw || argc > 3 + raw) {
		fprintf(stderr, "usage: parse_bench [--raw] LIST [ROUNDS]\n");
		return 2;
	}
	parse_global_init();
	if (read_list(list, files, &count)) {
		fprintf(stderr, "parse_bench: %s cannot be read\n", list);
		return 1;
	}
	measure(files, count, raw, argc > 2 + raw ? rounds_of(argv[2 + raw]) : ROUNDS);
	for (size_t i = 0; i < count; i++)
		buf_finish(&files[i]);
	free(files);
	parse_global_finish();
	return 0;
}
