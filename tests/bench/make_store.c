/* A database of many items, made by the daemon's own parts: parsed, cleaned, told apart and stored.
 *
 *   make_store FILE [ITEMS [FEEDS]]
 *
 * ITEMS (1000000) of FEEDS (1000) feeds came in the last 300 days; one in ten tells what the one
 * before told. The feeds are not due for a day, and nothing answers at their addresses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/times.h"
#include "draft.h"
#include "ingest.h"
#include "limits.h"
#include "parse/parse.h"
#include "store/feeds_edit.h"
#include "store/store.h"

#define DAY_MS (24 * 3600 * 1000LL)

enum { DOCUMENT = 500, DAYS = 300 };

struct maker {
	uv_loop_t loop;
	struct store *store;
	long items, feeds, made;
	int64_t feed;
	char url[64];
	struct arena arena;
	struct ingest ingest;
	struct err error;
};

static void give_up(const char *what, const struct err *e)
{
	fprintf(stderr, "make_store: %s: %s\n", what, e->text);
	exit(1);
}

static uint64_t scatter(int64_t n)
{
	return (uint64_t)hash64(&n, sizeof(n));
}

static void write_words(FILE *out, uint64_t seed, int count)
{
	static const char *const words[] = {"harbour", "crane", "ferry", "council", "budget",
		"bridge", "river", "storm", "market", "school", "player", "engine", "valley",
		"signal", "window", "garden"};

	for (int i = 0; i < count; i++, seed = seed * 6364136223846793005U + 1442695040888963407U)
		fprintf(out, "%s%s%llu", i ? " " : "", words[seed >> 60],
			(unsigned long long)(seed >> 50 & 63));
}

static void write_document(FILE *out, const struct maker *m, long first, long count)
{
	fprintf(out,
		"<rss version='2.0'><channel><title>Feed %lld</title>"
		"<link>http://news.example/</link><description>d</description>",
		(long long)m->feed);
	for (long n = first + count - 1; n >= first; n--) {
		uint64_t seed = scatter(n);

		fprintf(out, "<item><guid isPermaLink='false'>%ld</guid><title>", n);
		write_words(out, seed, 7);
		fprintf(out, "</title><link>http://news.example/%ld</link><description>",
			n % 10 == 9 ? n - 1 : n);
		write_words(out, seed + 1, 40 + (int)(seed % 100));
		fputs("</description></item>\n", out);
	}
	fputs("</channel></rss>\n", out);
}

/* -- jobs -- */

static void on_done(struct store_job *job)
{
	if (job->status)
		give_up("the database", &job->error);
}

static void run_job(struct maker *m, int (*run)(struct store_tx *, void *, struct err *), void *arg)
{
	struct store_job job = {.class = STORE_POLL, .run = run, .done = on_done, .arg = arg};

	if (store_write(m->store, &job))
		abort();
	uv_run(&m->loop, UV_RUN_DEFAULT); /* until the job is done */
}

static int add_feed(struct store_tx *tx, void *arg, struct err *e)
{
	struct maker *m = arg;
	const struct feed_declaration declaration = {.url = m->url, .folder = "Made"};

	return feeds_add(tx, &declaration, times_now_ms(), &m->feed, e);
}

/* As refresh.c does it, from the document on. */
static void take_document(struct maker *m, long first, long count)
{
	struct parse_options options = {.base_url = m->url};
	int64_t now_ms = times_now_ms();
	struct feed_content *content;
	struct draft *drafts = NULL;
	struct ingest in = {.feed = m->feed, .url = m->url};
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		abort();
	write_document(out, m, first, count);
	fclose(out);
	arena_init(&m->arena, REFRESH_ARENA_BASE + PARSE_ARENA_FACTOR * len);
	if (parse_document(text, len, &options, &m->arena, &content, &m->error) ||
		draft_items(content, IDENTITY_GUID, now_ms, &m->arena, &drafts, &in.count))
		give_up("a document", &m->error);
	in.drafts = drafts;
	in.now_ms = now_ms - (m->items - first) * (DAYS * DAY_MS / m->items);
	in.poll = (struct feed_poll){.now_ms = now_ms,
		.next_due_ms = now_ms + DAY_MS + (int64_t)(scatter(first) % DAY_MS),
		.due_reason = "made",
		.status = FEED_OK,
		.http_status = 200,
		.described = true,
		.title = content->title};
	run_job(m, ingest_run, &in);
	arena_finish(&m->arena);
	free(text);
}

/* Items come in turns of the feeds, so that ids grow with time as they do in life. */
static void make(struct maker *m)
{
	long each = m->items / m->feeds, turn = each < DOCUMENT ? each : DOCUMENT, n = 0;

	for (long taken = 0; taken < each; taken += turn) {
		long count = each - taken < turn ? each - taken : turn;

		for (long feed = 0; feed < m->feeds; feed++, n += count) {
			snprintf(m->url, sizeof(m->url), "http://feeds.example/%ld", feed);
			m->feed = feed + 1;
			if (taken == 0)
				run_job(m, add_feed, m);
			take_document(m, n, count);
		}
	}
	m->made = n;
}

static void on_stopped(void *ctx)
{
	(void)ctx;
}

static long number(const char *text, long usual)
{
	long n = text ? strtol(text, NULL, 10) : usual;

	return n > 0 ? n : usual;
}

int main(int argc, char **argv)
{
	struct store_options options = {.path = argc > 1 ? argv[1] : NULL};
	static struct maker m;

	if (argc < 2 || argc > 4) {
		fprintf(stderr, "usage: make_store FILE [ITEMS [FEEDS]]\n");
		return 2;
	}
	m.items = number(argc > 2 ? argv[2] : NULL, 1000000);
	m.feeds = number(argc > 3 ? argv[3] : NULL, 1000);
	parse_global_init();
	uv_loop_init(&m.loop);
	if (store_open(&options, &m.store, &m.error))
		give_up(argv[1], &m.error);
	if (store_start(m.store, &m.loop, NULL, NULL))
		abort();
	make(&m);
	store_stop(m.store, on_stopped, NULL);
	uv_run(&m.loop, UV_RUN_DEFAULT);
	store_close(m.store);
	uv_loop_close(&m.loop);
	parse_global_finish();
	printf("%ld items of %ld feeds in %s\n", m.made, m.feeds, argv[1]);
	return 0;
}
