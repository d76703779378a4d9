/* Tells the stories of a stream of articles apart, on the daemon's own way into a database on disk.
 *
 *   story_stream FILE.tsv [--level reprints|events] [--database FILE]
 *
 * FILE has a header and the columns id, time (s), source, url, title, text; further ones count for
 * nothing. Prints "id TAB group" for each, and what it took on standard error: in one line of JSON
 * the items a second, CPU an item (ms; drafting, telling apart and writing; the commit of a hundred
 * is spread over them), bytes of the database and of memory an item, and the peak of memory. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/map.h"
#include "draft.h"
#include "grouping.h"
#include "ingest.h"
#include "limits.h"
#include "store/feeds_edit.h"
#include "store/fingerprints.h"
#include "store/items.h"
#include "store/store.h"

enum { BATCH = 100, COLUMNS_READ = 6, ARENA_BYTES = 64 << 20 };

enum { ID, TIME, SOURCE, URL, TITLE, TEXT };

struct article {
	char *cells[COLUMNS_READ];
	char *line;
	double cpu_ms;
};

struct stream {
	uv_loop_t loop;
	struct store *store;
	struct grouping *grouping;
	struct article batch[BATCH];
	int batch_count;
	struct map feeds; /* by the hash of the source: the feed's id */
	struct map ids;   /* by the hash of guid: the item's group */
	bool reprints;
	double *cpu_ms;
	size_t count, cap, heap_bytes;
	int64_t after, bytes;
	struct err error;
};

static void give_up(const char *what, const struct err *e)
{
	fprintf(stderr, "story_stream: %s: %s\n", what, e->text);
	exit(1);
}

static double cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void on_done(struct store_job *job)
{
	if (job->status)
		give_up("the database", &job->error);
}

static void run_job(struct stream *s, int (*run)(struct store_tx *, void *, struct err *))
{
	struct store_job job = {.class = STORE_POLL, .run = run, .done = on_done, .arg = s};

	if (store_write(s->store, &job))
		abort();
	uv_run(&s->loop, UV_RUN_DEFAULT); /* until the job is done */
}

/* Without a source each article is an outlet's of its own. */
static const char *feed_url(const struct article *a, char url[300])
{
	if (*a->cells[SOURCE])
		snprintf(url, 300, "https://%.200s/feed", a->cells[SOURCE]);
	else
		snprintf(url, 300, "https://stream.example/%.200s", a->cells[ID]);
	return url;
}

static int find_feed(struct stream *s, struct store_tx *tx, const char *url, int64_t now_ms,
	int64_t *ret_feed, struct err *e)
{
	const struct feed_declaration declaration = {.url = url};
	int64_t key = hash64(url, strlen(url));
	int status;

	*ret_feed = (int64_t)(intptr_t)map_get(&s->feeds, key);
	if (*ret_feed)
		return 0;
	status = feeds_add(tx, &declaration, now_ms, ret_feed, e);
	return status ? status : map_put(&s->feeds, key, (void *)(intptr_t)*ret_feed);
}

static int take_article(struct stream *s, struct store_tx *tx, struct article *a, struct err *e)
{
	int64_t now_ms = strtoll(a->cells[TIME], NULL, 10) * 1000;
	struct item item = {.id = a->cells[ID],
		.link = *a->cells[URL] ? a->cells[URL] : NULL,
		.title = a->cells[TITLE],
		.content = a->cells[TEXT],
		.published_ms = now_ms,
		.updated_ms = TIME_NONE};
	struct feed_content content = {.items = &item, .item_count = 1};
	/* a first document each: no article is another one under a new guid */
	struct ingest in = {.now_ms = now_ms, .initial = true, .grouping = s->grouping};
	struct draft *drafts = NULL;
	struct arena arena;
	char url[300];
	double begin;
	int status;

	in.url = feed_url(a, url);
	status = find_feed(s, tx, url, now_ms, &in.feed, e);
	begin = cpu_ms();
	arena_init(&arena, ARENA_BYTES);
	if (!status)
		status = draft_items(&content, IDENTITY_GUID, now_ms, &arena, &drafts, &in.count);
	in.drafts = drafts;
	in.poll = (struct feed_poll){.now_ms = now_ms, .status = FEED_OK, .http_status = 200};
	if (!status)
		status = ingest_run(tx, &in, e);
	arena_finish(&arena);
	a->cpu_ms = cpu_ms() - begin;
	return status;
}

static int take_batch(struct store_tx *tx, void *arg, struct err *e)
{
	struct stream *s = arg;
	int status = 0;

	for (int i = 0; i < s->batch_count && !status; i++)
		status = take_article(s, tx, &s->batch[i], e);
	return status;
}

static void keep_cost(struct stream *s, double each_ms)
{
	for (int i = 0; i < s->batch_count; i++) {
		if (s->count == s->cap) {
			s->cap = s->cap ? s->cap * 2 : 1024;
			s->cpu_ms = realloc(s->cpu_ms, s->cap * sizeof(*s->cpu_ms));
			if (!s->cpu_ms)
				abort();
		}
		s->cpu_ms[s->count++] = s->batch[i].cpu_ms + each_ms;
		free(s->batch[i].line);
	}
	s->batch_count = 0;
}

static double process_ms(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e3 +
	       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e3;
}

static void flush(struct stream *s)
{
	double begin = process_ms(), inside = 0;

	if (s->batch_count == 0)
		return;
	run_job(s, take_batch);
	for (int i = 0; i < s->batch_count; i++)
		inside += s->batch[i].cpu_ms;
	begin = process_ms() - begin - inside;
	keep_cost(s, begin > 0 ? begin / s->batch_count : 0);
}

static void read_stream(struct stream *s, FILE *in)
{
	char *line = NULL;
	size_t cap = 0;

	(void)!getline(&line, &cap, in); /* the header */
	while (getline(&line, &cap, in) > 0) {
		struct article *a = &s->batch[s->batch_count];
		static char nothing[] = "";
		char *rest;

		line[strcspn(line, "\r\n")] = '\0';
		*a = (struct article){.line = strdup(line)};
		rest = a->line;
		for (int i = 0; i < COLUMNS_READ; i++)
			a->cells[i] = rest ? strsep(&rest, "\t") : nothing;
		if (++s->batch_count == BATCH)
			flush(s);
	}
	flush(s);
	free(line);
}

/* -- what became of them -- */

static int note_original(void *ctx, const struct fingerprint_row *row, const struct buf *data)
{
	struct stream *s = ctx;

	(void)data;
	s->after = row->item;
	return map_put(&s->ids, row->item, (void *)(intptr_t)row->original);
}

static int print_item(void *ctx, const struct item_row *row)
{
	struct stream *s = ctx;
	intptr_t original = (intptr_t)map_get(&s->ids, row->id);

	printf("%s\t%lld\n", row->guid, (long long)(s->reprints ? original : row->story));
	return 0;
}

static int print_all(struct store_tx *tx, void *arg, struct err *e)
{
	const struct item_filter filter = {.order = ITEMS_BY_ID};
	struct page page = {.ascending = true, .more = true};
	struct stream *s = arg;
	int count = 1, status = 0;

	while (!status && count)
		status = fingerprints_list(tx, s->after, 0, 1000, note_original, s, &count, e);
	while (!status && page.more)
		status = items_list(tx, &filter, &page, print_item, s, e);
	return status;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int count_bytes(struct store_tx *tx, void *arg, struct err *e)
{
	struct store_facts facts;
	int status = store_facts(tx, &facts, e);

	((struct stream *)arg)->bytes = facts.bytes;
	return status;
}

/* What is in use, large pieces too, but for what is measured with. */
static size_t heap_bytes(const struct stream *s)
{
	struct mallinfo2 heap = mallinfo2();

	return heap.uordblks + heap.hblkhd - s->cap * sizeof(*s->cpu_ms);
}

static void print_costs(struct stream *s, double seconds)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	qsort(s->cpu_ms, s->count, sizeof(*s->cpu_ms), compare);
	fprintf(stderr,
		"{\"items\": %zu, \"items_s\": %.0f, \"median_ms\": %.4f, \"p99_ms\": %.4f,"
		" \"heap_bytes\": %zu, \"peak_mb\": %.1f",
		s->count, (double)s->count / seconds, s->cpu_ms[s->count / 2],
		s->cpu_ms[s->count * 99 / 100], s->heap_bytes / s->count,
		(double)use.ru_maxrss / 1024);
	run_job(s, count_bytes);
	fprintf(stderr, ", \"database_bytes\": %lld}\n", (long long)s->bytes / (long long)s->count);
}

static void on_stopped(void *ctx)
{
	(void)ctx;
}

static void open_all(struct stream *s, const char *path)
{
	struct store_options options = {.path = path};

	uv_loop_init(&s->loop);
	if (store_open(&options, &s->store, &s->error))
		give_up(path, &s->error);
	s->grouping = grouping_create(s->reprints ? GROUPING_REPRINTS : GROUPING_NORMAL);
	if (!s->grouping || store_start(s->store, &s->loop, NULL, NULL))
		abort();
}

static void close_all(struct stream *s)
{
	store_stop(s->store, on_stopped, NULL);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	store_close(s->store);
	grouping_destroy(s->grouping);
	uv_loop_close(&s->loop);
	map_finish(&s->feeds);
	map_finish(&s->ids);
	free(s->cpu_ms);
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/story-stream-XXXXXX", path[64], clean[96];
	const char *database = NULL;
	static struct stream s;
	struct timespec begin, end;
	FILE *in = argc > 1 ? fopen(argv[1], "r") : NULL;

	for (int i = 2; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--level"))
			s.reprints = !strcmp(argv[i + 1], "reprints");
		else if (!strcmp(argv[i], "--database"))
			database = argv[i + 1];
	}
	if (!in || !mkdtemp(folder)) {
		fprintf(stderr, "usage: story_stream FILE.tsv [--level reprints|events]"
				" [--database FILE]\n");
		return 2;
	}
	snprintf(path, sizeof(path), "%s/stream.db", folder);
	open_all(&s, database ? database : path);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	read_stream(&s, in);
	clock_gettime(CLOCK_MONOTONIC, &end);
	s.heap_bytes = heap_bytes(&s);
	run_job(&s, print_all);
	if (s.count)
		print_costs(&s, (double)(end.tv_sec - begin.tv_sec) +
					(double)(end.tv_nsec - begin.tv_nsec) / 1e9);
	close_all(&s);
	fclose(in);
	snprintf(clean, sizeof(clean), "rm -rf %s", folder);
	return system(clean) != 0;
}
