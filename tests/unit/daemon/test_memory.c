/* No memory between a document and the schedule: lists, drafts, plans, a poll's outcome, loading.
 * All of it or nothing comes of each, and done again it is as if nothing had been. SQLite's own
 * allocations have their turn in unit/store. */
#include "unit/store/fixture.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "draft.h"
#include "ingest.h"
#include "parse/parse.h"
#include "subscriptions.h"
#include "support/fault_curl.h"
#include "support/fault_each.h"

#define HOUR (3600 * 1000LL)
#define A    "http://a.example/"

enum { ITEMS = 3 };

/* -- without a database -- */

static struct person author = {.name = (char *)"Ann"};
static struct enclosure sound = {.url = (char *)"http://h/a.mp3", .length_bytes = 7};
static struct category tag = {.name = (char *)"News"};
static struct item items[ITEMS];
static struct feed_content content;

/* Texts that outgrow a first block. */
static int make_content(void **state)
{
	static char html[6000], links[ITEMS][40];

	(void)state;
	for (size_t i = 0; i < sizeof(html) - 1; i++)
		html[i] = "word "[i % 5];
	for (int i = 0; i < ITEMS; i++) {
		snprintf(links[i], sizeof(links[i]), "https://www.example.org/%d?b=1&a=2", i);
		items[i] = (struct item){.id = links[i],
			.link = links[i],
			.title = links[i],
			.authors = &author,
			.enclosures = &sound,
			.categories = &tag,
			.content = html,
			.published_ms = NOW - HOUR * (i + 1),
			.updated_ms = TIME_NONE,
			.next = i + 1 < ITEMS ? &items[i + 1] : NULL};
	}
	content = (struct feed_content){.items = items, .item_count = ITEMS, .ttl_min = 120};
	parse_global_init();
	return 0;
}

static int finish_content(void **state)
{
	(void)state;
	parse_global_finish();
	return 0;
}

static int make_drafts(void *ctx)
{
	struct draft *drafts = NULL;
	struct arena a;
	size_t count;
	int rv;

	(void)ctx;
	arena_init(&a, 1 << 20);
	rv = draft_items(&content, IDENTITY_GUID, NOW, &a, &drafts, &count);
	for (size_t i = 0; rv == 0 && i < ITEMS; i++) {
		const struct item_draft *row = &drafts[i].row;

		assert_int_equal(count, ITEMS);
		assert_ptr_equal(row->item, &items[ITEMS - 1 - i]);
		assert_int_not_equal(drafts[i].url_key, 0);
		assert_string_equal(row->author, "Ann");
		assert_string_equal(row->categories, "[\"News\"]");
		assert_string_equal(row->enclosures,
			"[{\"url\":\"http://h/a.mp3\",\"type\":null,\"length\":7}]");
		if (!row->excerpt || strlen(row->excerpt) < 100)
			fail_msg("no excerpt: %s", row->excerpt);
	}
	arena_finish(&a);
	return rv;
}

static void put_plan(struct ingest *in, struct arena *a)
{
	static const struct feed feed = {.id = 1,
		.last_ok_ms = NOW - 5 * HOUR,
		.last_new_ms = NOW - 5 * HOUR,
		.learned = {.fetches = "1795000000000 ok 200 1 1 1\n", .moved_ms = TIME_NONE}};
	const struct plan_input plan = {.feed = &feed,
		.policy = {.min_ms = HOUR, .max_ms = 24 * HOUR},
		.now_ms = NOW,
		.outcome = OUTCOME_NEW_ITEMS,
		.retry_after_ms = -1,
		.fresh_ms = -1,
		.content = &content,
		.new_items = in->new_items,
		.http_status = 200};

	plan_poll(&plan, a, &in->poll);
}

/* When it is due does not depend on memory; what was learned before stays. */
static int make_plan(void *ctx)
{
	struct ingest in = {.new_items = ITEMS};
	struct arena a;

	(void)ctx;
	arena_init(&a, 1 << 20);
	put_plan(&in, &a);
	assert_true(in.poll.next_due_ms > NOW);
	assert_int_equal(in.poll.learned.window, ITEMS);
	assert_int_equal(in.poll.learned.ttl_ms, 2 * HOUR);
	assert_non_null(strstr(in.poll.learned.fetches, " ok 200 1 1 1\n"));
	arena_finish(&a);
	return 0;
}

struct reading {
	struct tmp tmp;
	const char *path;
};

static int read_list(void *ctx)
{
	struct reading *r = ctx;
	struct subscription_list list = {0};
	struct err e = {0};
	int rv = subscription_list_read(r->path, &list, &e);

	if (rv)
		assert_non_null(strstr(e.text, r->path));
	else
		assert_int_equal(list.count, 3);
	for (size_t i = 0; i < list.count; i++) {
		const struct feed_declaration *d = &list.declarations[i];

		assert_non_null(strstr(d->url, ".example/"));
		assert_string_equal(d->name, "The Title");
		assert_true(strcmp(r->path + strlen(r->path) - 4, "opml") != 0 ||
			    (strcmp(d->folder, "One & Two") == 0 && d->interval_ms == 2 * HOUR));
	}
	subscription_list_finish(&list);
	return rv;
}

#define OUTLINE(letter)                                                                            \
	"<outline title='The Title' xmlUrl='http://" letter                                        \
	".example/?&amp;' tidings:interval_s='7200'/>"

static void test_lists(void **state)
{
	static const char *const lists[][2] = {
		{"x.opml", "<opml><body><outline text='One &amp; Two'>" OUTLINE("a") OUTLINE("b")
				   OUTLINE("c") "</outline></body></opml>"},
		{"x.urls", "http://a.example/ \"~The Title\" tag\n# no\n\nhttp://b.example/ \"~The "
			   "Title\"\nhttp://c.example/ \"~The Title\""},
		{"x.latin1", "<?xml version='1.0' encoding='iso-8859-1'?><opml><body>" OUTLINE("a")
				     OUTLINE("b") OUTLINE("c") "<!-- \xe4 --></body></opml>"},
	};
	struct reading r;

	(void)state;
	tmp_create(&r.tmp);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		r.path = tmp_write_text(&r.tmp, lists[i][0], lists[i][1]);
		assert_true(fault_each(read_list, NULL, &r, NULL, 0) > 3);
	}
	tmp_remove(&r.tmp);
}

static void test_drafts_and_plans(void **state)
{
	(void)state;
	assert_true(fault_each(make_drafts, NULL, NULL, NULL, 0) > 5);
	assert_true(fault_each(make_plan, NULL, NULL, NULL, 0) > 0);
}

/* -- with one -- */

static int64_t wall_ms(void)
{
	return NOW;
}

struct world {
	struct fixture f;
	struct subscriptions subs;
	struct config config;
	struct config_feed feeds[3];
	int loaded, looked_at, status;
};

static void open_world(void *ctx)
{
	const struct schedule_options options = {.gap_ms = 0, .group_connections = 3};
	struct world *w = ctx;

	memset(w, 0, sizeof(*w));
	fixture_open(&w->f);
	w->subs = (struct subscriptions){.store = w->f.store,
		.schedule = schedule_create(&options),
		.config = &w->config,
		.policy = {.min_ms = HOUR, .max_ms = 24 * HOUR},
		.now_ms = wall_ms,
		.clock_ms = wall_ms};
	w->config.feeds = w->feeds;
}

static void close_world(struct world *w)
{
	assert_int_equal(w->subs.jobs, 0);
	subscriptions_finish(&w->subs);
	schedule_destroy(w->subs.schedule);
	stop(&w->f);
	assert_counts(w->f.path);
	assert_sound(w->f.path);
	fixture_close(&w->f);
}

static void on_loaded(
	void *ctx, int status, const struct err *e, const struct feed_sync_counts *counts)
{
	struct world *w = ctx;

	(void)counts;
	assert_true(status == 0 || e->text[0]);
	w->loaded++;
	w->status = status;
}

static void on_looked_at(void *ctx)
{
	((struct world *)ctx)->looked_at++;
}

/* Loads feeds by their letters. */
static int load(struct world *w, const char *letters)
{
	static const char *const urls[] = {A, "http://b.example/", "http://c.example/"};
	int rv;

	w->config.feed_count = strlen(letters);
	for (size_t i = 0; letters[i]; i++)
		w->feeds[i] = (struct config_feed){.name = urls[letters[i] - 'a'],
			.url = urls[letters[i] - 'a'],
			.keep = {.items = 7}};
	w->loaded = 0;
	rv = subscriptions_load(&w->subs, &w->config, on_loaded, w);
	if (rv)
		return rv;
	loop_run_until(&w->f.loop, &w->loaded, LIMIT_MS);
	return w->status;
}

static int64_t scheduled(const struct world *w)
{
	return schedule_counts(w->subs.schedule, 0).feeds;
}

/* What an earlier load put into the schedule a later one can take out. */
static int load_again(void *ctx)
{
	struct world *w = ctx;
	int status = load(w, "abc");

	(void)fault_malloc_off();
	assert_int_equal(load(w, "a"), 0);
	assert_int_equal(scheduled(w), 1);
	assert_int_equal(load(w, "abc"), 0);
	assert_int_equal(scheduled(w), 3);
	close_world(w);
	return status;
}

static void open_loaded(void *ctx)
{
	open_world(ctx);
	assert_int_equal(load(ctx, "abc"), 0);
}

static void open_without_a(void *ctx)
{
	open_loaded(ctx);
	assert_int_equal(load(ctx, "bc"), 0);
}

static int touch(void *ctx)
{
	struct world *w = ctx;

	subscriptions_touch(&w->subs, 1, on_looked_at, w);
	if (w->subs.jobs)
		loop_run_until(&w->f.loop, &w->looked_at, LIMIT_MS);
	(void)fault_malloc_off();
	assert_int_equal(scheduled(w), 3);
	close_world(w);
	return 0;
}

static struct arena arena;

static void plan_in_arena(struct ingest *in)
{
	put_plan(in, &arena);
}

/* The poll that failed comes again. */
static int store_poll(void *ctx)
{
	struct world *w = ctx;
	struct draft *drafts = NULL;
	struct ingest in = {.feed = 1,
		.url = A,
		.now_ms = NOW,
		.held_url = A,
		.held_until_ms = NOW + HOUR,
		.plan = plan_in_arena,
		.poll = {.now_ms = NOW, .status = FEED_OK, .http_status = 200, .etag = "\"t\""}};
	struct err e = {0};
	int status;

	in.grouping = grouping_create(GROUPING_NORMAL);
	arena_init(&arena, 1 << 20);
	status = draft_items(&content, IDENTITY_GUID, NOW, &arena, &drafts, &in.count);
	in.drafts = drafts;
	if (status == 0)
		status = do_write(&w->f, ingest_run, &in, &e);
	(void)fault_malloc_off();
	assert_int_equal(peek(w->f.path, "SELECT count(*) FROM item"), status ? 0 : ITEMS);
	if (status == 0)
		assert_int_equal(in.new_items, ITEMS);
	assert_int_equal(draft_items(&content, IDENTITY_GUID, NOW, &arena, &drafts, &in.count), 0);
	in.drafts = drafts;
	must_write(&w->f, ingest_run, &in);
	assert_int_equal(in.new_items, status ? ITEMS : 0);
	assert_int_equal(peek(w->f.path, "SELECT count(*) FROM item"), ITEMS);
	assert_int_equal(peek(w->f.path, "SELECT next_due_ms > 0 FROM feed WHERE id = 1"), 1);
	grouping_destroy(in.grouping);
	arena_finish(&arena);
	close_world(w);
	return status;
}

static void test_work(void **state)
{
	struct world w;

	(void)state;
	assert_true(fault_each(load_again, open_without_a, &w, NULL, 0) > 10);
	assert_true(fault_each(touch, open_loaded, &w, NULL, 0) > 3);
	assert_true(fault_each(store_poll, open_loaded, &w, NULL, 0) > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_drafts_and_plans),
		cmocka_unit_test(test_work),
	};

	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0);
	log_init((enum log_level)0);
	fault_curl_init(fault_malloc);
	return cmocka_run_group_tests(tests, make_content, finish_content);
}
