/* A year of feeds whose publishers change guids, schemes, hosts and links: is anything old told as
 * new, or anything new missed?
 *
 *   rekey_year [SEED [FEEDS [DAYS]]]
 *
 * Everything goes the daemon's own way into a database on disk, but for fetching and parsing; a
 * feed is polled on the days on which it has changed. Which item is which is known to the program
 * alone: it stands in the author, which nothing is recognised by. Exit 1 when something was told
 * wrong. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "base/arena.h"
#include "draft.h"
#include "ingest.h"
#include "store/feeds_edit.h"
#include "store/items.h"
#include "store/query.h"
#include "store/store.h"

#define HOUR_MS  (3600 * 1000LL)
#define DAY_MS   (24 * HOUR_MS)
#define BEGIN_MS 1767225600000 /* 2026 */

enum {
	FEEDS_MAX = 5000,
	BEFORE = 60, /* items from before the year */
	ITEMS_MAX = 2600,
	ARENA_BYTES = 1 << 24,
	FEEDS_A_JOB = 1000,
	EVENTS_A_YEAR = 6, /* of each feed */
};

enum event { GUIDS, SCHEME, HOST, LINKS, LINKS_AND_GUIDS, SOFTWARE, EDIT, EVENTS, UNCHANGED };

static const char *const event_names[EVENTS] = {"guids", "schemes", "hosts", "links",
	"links and guids", "links, guids and texts", "one headline"};

struct site {
	int64_t id;
	int size, per_mille; /* items of its document, and a thousandfold of those a day */
	enum { NO_GUIDS, GUID_LINK, GUID_NUMBER, GUID_TITLE } guids;
	enum { LINK_NUMBER, LINK_TITLE, LINK_QUERY } links;
	enum { DATES, DAYS_ONLY, NO_DATES, ALWAYS_NOW } dates;
	enum { TEXTS, NO_TEXTS } texts;
	int series; /* each so many items has the title of the others of its kind; 0: none */
	int renews; /* from this day on guids are new in each document; 0: none */
	bool renews_links;
	int version[EVENTS];
	int polls, last; /* the newest item */
	bool rekeyed;    /* by the last poll */
	bool told[ITEMS_MAX], edited[ITEMS_MAX];
};

static struct {
	uv_loop_t loop;
	struct store *store;
	struct site sites[FEEDS_MAX];
	int feeds, day, first;
	int64_t seed, polls, items, documents, old_as_new, missed, rules;
	int64_t events[EVENTS], wrong[UNCHANGED + 1];
	struct arena arena;
} year;

/* -- chance: numbers that depend on what they are for, not on the order they are asked in -- */

static uint64_t chance(int64_t feed, int64_t what, int64_t n)
{
	uint64_t x = (uint64_t)year.seed * 0x9E3779B97F4A7C15ULL + (uint64_t)feed;

	x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL + (uint64_t)what;
	x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL + (uint64_t)n;
	x = (x ^ (x >> 31)) * 0xBF58476D1CE4E5B9ULL;
	return x ^ (x >> 29);
}

enum { OF_TITLE = 100, OF_TEXT = 200, OF_TIME = 300, OF_SITE, OF_NEWS, OF_EVENT, OF_KIND };

static int below(int64_t feed, int64_t what, int64_t n, int max)
{
	return (int)(chance(feed, what, n) % (uint64_t)max);
}

/* -- what a site prints -- */

static char *print(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *print(const char *format, ...)
{
	char text[1024];
	char *copy;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	copy = arena_strdup(&year.arena, text);
	if (!copy)
		abort();
	return copy;
}

static char *print_words(const struct site *s, int what, int n, int count, char between)
{
	static const char parts[] = "badefigokulaminoperasituvawexoza";
	char *text = arena_alloc(&year.arena, (size_t)count * 7 + 1), *end = text;

	if (!text)
		abort();
	for (int i = 0; i < count; i++) {
		uint64_t word = chance(s->id, what + i, n);

		for (int k = 0; k < 3; k++, end += 2)
			memcpy(end, &parts[(word >> (8 * k) & 15) * 2], 2);
		*end++ = between;
	}
	end[-1] = '\0';
	return text;
}

static bool is_of_series(const struct site *s, int n)
{
	return s->series && n % s->series == 0;
}

static char *print_title(const struct site *s, int n, char between)
{
	if (is_of_series(s, n))
		return print(between == ' ' ? "Open thread of the week" : "open-thread-%d", n);
	return print_words(s, OF_TITLE + 50 * s->edited[n], n, 5, between);
}

static char *print_link(const struct site *s, int n)
{
	const char *scheme = s->version[SCHEME] % 2 ? "https" : "http";
	int path = s->version[LINKS] + s->version[LINKS_AND_GUIDS] + s->version[SOFTWARE];
	const char *title = print_title(s, n, '-');

	if (s->renews_links && year.day >= s->renews)
		path = 1000 + s->polls;
	if (s->links == LINK_QUERY)
		return print("%s://site%lld-%d.example/index.php?v%d=%d", scheme, (long long)s->id,
			s->version[HOST], path, n);
	if (s->links == LINK_NUMBER || !*title)
		return print("%s://site%lld-%d.example/section%d/%d", scheme, (long long)s->id,
			s->version[HOST], path, n);
	return print("%s://site%lld-%d.example/%d/%s", scheme, (long long)s->id, s->version[HOST],
		path, title);
}

static char *print_guid(const struct site *s, int n)
{
	int version = s->version[GUIDS] + s->version[LINKS_AND_GUIDS] + s->version[SOFTWARE];

	if (s->guids == NO_GUIDS)
		return NULL;
	if (s->renews && year.day >= s->renews)
		return print("%d-%d", s->polls, n);
	if (s->guids == GUID_LINK)
		return print("%s#%d", print_link(s, n), s->version[GUIDS]);
	if (s->guids == GUID_TITLE)
		return print("%d-%d-%s", version, n, print_title(s, n, '-'));
	return print("tag:site%lld,%d:%d", (long long)s->id, version, n);
}

static char *print_text(const struct site *s, int n)
{
	if (s->texts == NO_TEXTS)
		return NULL;
	if (is_of_series(s, n))
		return print("<p>What is on your mind? Tell us below, and be kind.</p>");
	return print("<p>%s.%s</p>", print_words(s, OF_TEXT, n, 20, ' '),
		s->version[SOFTWARE] % 2 ? " Read on." : "");
}

/* Those from before come once a day. */
static int64_t time_of(const struct site *s, int n, int day)
{
	int64_t at_ms = BEGIN_MS + day * DAY_MS;

	if (s->dates == NO_DATES)
		return TIME_NONE;
	if (s->dates == ALWAYS_NOW)
		return BEGIN_MS + (year.day + 1) * DAY_MS;
	return s->dates == DAYS_ONLY ? at_ms : at_ms + below(s->id, OF_TIME, n, 86400) * 1000LL;
}

static int days[FEEDS_MAX][ITEMS_MAX]; /* on which each item came */

static void print_document(const struct site *s, struct feed_content *content)
{
	struct item **next = &content->items;

	*content = (struct feed_content){.item_count = 0};
	for (int n = s->last; n >= 0 && n > s->last - s->size; n--) {
		struct item *item = arena_alloc(&year.arena, sizeof(*item));
		struct person *author = arena_alloc(&year.arena, sizeof(*author));

		if (!item || !author)
			abort();
		author->name = print("%d", n);
		*item = (struct item){.id = print_guid(s, n),
			.title = print_title(s, n, ' '),
			.link = print_link(s, n),
			.authors = author,
			.content = print_text(s, n),
			.published_ms = time_of(s, n, days[s - year.sites][n]),
			.updated_ms = TIME_NONE};
		*next = item;
		next = &item->next;
		content->item_count++;
	}
}

/* -- a poll, and what was told -- */

static void fail(const char *what, const struct err *e)
{
	fprintf(stderr, "rekey_year: %s: %s\n", what, e ? e->text : "");
	exit(1);
}

static void judge(struct site *s, struct store_tx *tx, int64_t since, enum event event)
{
	int64_t wrong = 0;
	struct query q;
	int64_t author;
	struct err e;

	query_begin(&q, tx, "SELECT CAST(author AS INTEGER) FROM item WHERE feed = ? AND id > ?");
	query_bind(&q, as_int(s->id), as_int(since));
	while (query_row(&q)) {
		query_read(&q, into(&author));
		wrong += s->told[author];
		s->told[author] = true;
	}
	if (query_end(&q, &e))
		fail("judge", &e);
	year.old_as_new += wrong;
	for (int n = s->last; n >= 0 && n > s->last - s->size; n--) {
		year.missed += !s->told[n];
		wrong += !s->told[n];
		s->told[n] = true;
	}
	year.wrong[event] += wrong;
	if (wrong && getenv("REKEY_VERBOSE"))
		fprintf(stderr,
			"day %d feed %lld event %d wrong %lld: guids %d links %d dates %d texts %d"
			" series %d size %d renews %d\n",
			year.day, (long long)s->id, (int)event, (long long)wrong, (int)s->guids,
			(int)s->links, (int)s->dates, (int)s->texts, s->series, s->size, s->renews);
}

static void poll(struct site *s, struct store_tx *tx, enum event event)
{
	int64_t now_ms = BEGIN_MS + (year.day + 1) * DAY_MS, since = 0;
	struct feed_content content = {.items = NULL};
	struct draft *drafts = NULL;
	struct feed feed;
	struct err e = {0};
	struct ingest in = {.feed = s->id, .now_ms = now_ms};
	int status;

	arena_finish(&year.arena);
	arena_init(&year.arena, ARENA_BYTES);
	status = feeds_get(tx, s->id, &year.arena, &feed, &e);
	if (!status)
		status = query_find_values(tx, &since, &e, "SELECT max(id) FROM item", NO_VALUES);
	if (status)
		fail("feed", &e);
	if (event != UNCHANGED)
		print_document(s, &content);
	in.url = feed.url;
	in.rule = (enum identity_rule)feed.identity;
	in.identity_note = feed.identity_note;
	in.initial = feed.last_ok_ms == TIME_NONE;
	in.poll = (struct feed_poll){.now_ms = now_ms, .status = FEED_OK, .http_status = 200};
	status = draft_items(&content, in.rule, TIME_NONE, &year.arena, &drafts, &in.count);
	in.drafts = drafts;
	if (!status)
		status = ingest_run(tx, &in, &e);
	if (status)
		fail("ingest", &e);
	s->rekeyed = in.rekeyed_items > 0;
	s->polls++;
	year.polls++;
	year.items += in.new_items;
	year.documents += in.rekeyed_items > 0;
	judge(s, tx, since, event);
}

/* -- a day -- */

static enum event choose_event(struct site *s)
{
	int days_between = 365 / EVENTS_A_YEAR, n;
	enum event event;

	if (below(s->id, OF_EVENT, year.day, days_between))
		return EVENTS;
	event = (enum event)below(s->id, OF_KIND, year.day, EVENTS);
	n = s->last - below(s->id, OF_EVENT, -year.day, s->size < 5 ? s->size : 5);
	if (event == EDIT &&
		(s->dates > DAYS_ONLY || s->texts == NO_TEXTS || n < 0 || is_of_series(s, n)))
		return EVENTS;
	if (event == EDIT)
		s->edited[n] = !s->edited[n];
	s->version[event]++;
	year.events[event]++;
	return event;
}

static void live(struct site *s, struct store_tx *tx)
{
	enum event event = choose_event(s);
	bool busy = s->renews && year.day >= s->renews;
	int before = s->last;

	for (int i = 0; i < 12 && s->last + 1 < ITEMS_MAX; i++) {
		if (below(s->id, OF_NEWS + i * 1000, year.day, 12000) < s->per_mille)
			days[s - year.sites][++s->last] = year.day;
	}
	if (event != EVENTS || s->last > before || busy || year.day == 0)
		poll(s, tx, event);
	else if (s->rekeyed)
		poll(s, tx, UNCHANGED);
}

static int take_day(struct store_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	(void)e;
	for (int i = year.first; i < year.first + FEEDS_A_JOB && i < year.feeds; i++)
		live(&year.sites[i], tx);
	return 0;
}

/* -- the year -- */

static int add_sites(struct store_tx *tx, void *arg, struct err *e)
{
	static const int sizes[] = {5, 10, 10, 15, 20, 20, 25, 30, 50, 100};
	static const int rates[] = {20, 50, 50, 80, 80, 150, 150, 250, 350, 1000};
	int status = 0;

	(void)arg;
	for (int i = 0; i < year.feeds && !status; i++) {
		struct site *s = &year.sites[i];
		const struct feed_declaration d = {.url = print("https://s%d.example/feed", i)};

		status = feeds_add(tx, &d, BEGIN_MS, &s->id, e);
		s->size = sizes[below(s->id, OF_SITE, 1, 10)];
		s->per_mille = rates[below(s->id, OF_SITE, 2, 10)];
		s->guids = (unsigned)below(s->id, OF_SITE, 3, 4);
		s->links = (unsigned)below(s->id, OF_SITE, 4, 3);
		s->dates = DATES;
		if (below(s->id, OF_SITE, 5, 10) >= 8)
			s->dates = (unsigned)below(s->id, OF_SITE, 6, 3) + DAYS_ONLY;
		s->texts = below(s->id, OF_SITE, 7, 10) == 0 ? NO_TEXTS : TEXTS;
		if (s->dates != DATES || s->texts == NO_TEXTS)
			s->size = s->size < 20 ? 20 : s->size;
		if (below(s->id, OF_SITE, 8, 10) == 0 && s->dates == DATES)
			s->series = 5;
		if (below(s->id, OF_SITE, 9, 20) == 0)
			s->renews = 1 + below(s->id, OF_SITE, 10, 300);
		s->renews_links = s->renews && below(s->id, OF_SITE, 11, 4) == 0;
		s->last = BEFORE - 1;
		for (int n = 0; n < BEFORE; n++)
			days[i][n] = n - BEFORE;
	}
	return status;
}

static int count_rules(struct store_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	return query_find_values(tx, &year.rules, e,
		"SELECT count(*) FROM feed WHERE identity_note LIKE 'renewed%'", NO_VALUES);
}

static void on_done(struct store_job *job)
{
	if (job->status)
		fail("the database", &job->error);
}

static void run_job(int (*run)(struct store_tx *, void *, struct err *))
{
	struct store_job job = {.class = STORE_POLL, .run = run, .done = on_done};

	if (store_write(year.store, &job))
		abort();
	uv_run(&year.loop, UV_RUN_DEFAULT); /* until the job is done */
}

static void on_stopped(void *ctx)
{
	(void)ctx;
}

static void report(void)
{
	printf("{\"polls\": %lld, \"items\": %lld, \"documents_rekeyed\": %lld, \"rules_changed\":"
	       " %lld, \"old_as_new\": %lld, \"new_missed\": %lld}\n",
		(long long)year.polls, (long long)year.items, (long long)year.documents,
		(long long)year.rules, (long long)year.old_as_new, (long long)year.missed);
	for (int i = 0; i < EVENTS; i++)
		fprintf(stderr, "%-24s %6lld times, wrong: %lld\n", event_names[i],
			(long long)year.events[i], (long long)year.wrong[i]);
	fprintf(stderr, "%-24s               wrong: %lld\n", "news alone",
		(long long)year.wrong[EVENTS]);
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/rekey-year-XXXXXX", path[64], clean[96];
	struct store_options options = {.path = path};
	int end = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 365;
	struct err e;

	year.seed = argc > 1 ? strtoll(argv[1], NULL, 10) : 1;
	year.feeds = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 1000;
	if (year.feeds < 1 || year.feeds > FEEDS_MAX || !mkdtemp(folder))
		return 2;
	snprintf(path, sizeof(path), "%s/year.db", folder);
	uv_loop_init(&year.loop);
	if (store_open(&options, &year.store, &e))
		fail(path, &e);
	if (store_start(year.store, &year.loop, NULL, NULL))
		abort();
	arena_init(&year.arena, ARENA_BYTES);
	run_job(add_sites);
	for (year.day = 0; year.day < end; year.day++) {
		for (year.first = 0; year.first < year.feeds; year.first += FEEDS_A_JOB)
			run_job(take_day);
	}
	run_job(count_rules);
	store_stop(year.store, on_stopped, NULL);
	uv_run(&year.loop, UV_RUN_DEFAULT);
	store_close(year.store);
	uv_loop_close(&year.loop);
	arena_finish(&year.arena);
	report();
	snprintf(clean, sizeof(clean), "rm -rf %s", folder);
	return system(clean) != 0 || year.old_as_new || year.missed;
}
