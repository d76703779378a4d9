/* Lists of feeds, and what of them, of the configuration and of the database is polled when. */
#include "unit/store/fixture.h"

#include <stdlib.h>

#include "limits.h"
#include "parse/parse.h"
#include "subscriptions.h"
#include "support/lines.h"

#define HOUR  (3600 * 1000LL)
#define CLOCK 5000000LL /* the schedule's time while the wall clock stands at NOW */

/* -- list files -- */

static const struct {
	const char *label, *text;
	int rv;
	size_t count;
	const char *first_url, *first_name, *first_folder;
} lists[] = {
	{"URLs", "# mine\nHTTP://A.example\n\nb.example/feed  \"~B\" tag\n", 0, 2,
		"http://a.example/", NULL, NULL},
	{"OPML",
		"<opml version='2.0'><body><outline text='News'><outline type='rss' text='A' "
		"xmlUrl='http://a.example/f'/></outline></body></opml>",
		0, 1, "http://a.example/f", "A", "News"},
	{"byte order mark", "\xef\xbb\xbfhttp://a.example/\r\n", 0, 1, "http://a.example/", NULL,
		NULL},
	{"UTF-16", "\xff\xfeh\0t\0t\0p\0:\0/\0/\0a\0.\0b\0/\0", 0, 1, "http://a.b/", NULL, NULL},
	{"a feed that is none, in OPML",
		"<opml><body><outline xmlUrl='http://'/><outline "
		"xmlUrl='http://a.example/'/></body></opml>",
		0, 1, "http://a.example/", NULL, NULL},
	{"empty", "", 0, 0, NULL, NULL, NULL},
	{"blank", " \n\t\n", 0, 0, NULL, NULL, NULL},
	{"nonsense", "http://a.example/\nwhat is this\n", ERR_PARSE, 0, NULL, NULL, NULL},
	{"another kind of XML", "<html><body>no list</body></html>", ERR_PARSE, 0, NULL, NULL,
		NULL},
};

static void check_list(const struct subscription_list *list, size_t i)
{
	assert_int_equal(list->count, lists[i].count);
	if (!list->count)
		return;
	assert_string_equal(list->declarations[0].url, lists[i].first_url);
	if (lists[i].first_name)
		assert_string_equal(list->declarations[0].name, lists[i].first_name);
	if (lists[i].first_folder)
		assert_string_equal(list->declarations[0].folder, lists[i].first_folder);
}

static void test_list_files(void **state)
{
	struct tmp tmp;

	(void)state;
	tmp_create(&tmp);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct subscription_list list = {0};
		struct err e = {0};
		size_t len = strcmp(lists[i].label, "UTF-16") ? strlen(lists[i].text) : 24;
		const char *path = tmp_write(&tmp, "list", lists[i].text, len);
		int rv = subscription_list_read(path, &list, &e);

		if (rv != lists[i].rv)
			fail_msg("%s: %s %s", lists[i].label, err_name(rv), e.text);
		if (rv)
			assert_non_null(strstr(e.text, path));
		else
			check_list(&list, i);
		subscription_list_finish(&list);
	}
	tmp_remove(&tmp);
}

static void test_lists_that_cannot_be_read(void **state)
{
	struct subscription_list list = {0};
	char *huge = malloc(OPML_BYTES_MAX + 1);
	const char *path;
	struct err e = {0};
	struct tmp tmp;

	(void)state;
	assert_non_null(huge);
	memset(huge, '\n', OPML_BYTES_MAX + 1);
	tmp_create(&tmp);
	path = tmp_path(&tmp, "missing");
	assert_int_equal(subscription_list_read(path, &list, &e), ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, path));
	assert_true(subscription_list_read(tmp.dir, &list, &e) < 0); /* a folder */
	assert_non_null(strstr(e.text, tmp.dir));
	path = tmp_write(&tmp, "huge", huge, OPML_BYTES_MAX + 1);
	assert_int_equal(subscription_list_read(path, &list, &e), ERR_TOO_BIG);
	assert_non_null(strstr(e.text, path));
	assert_int_equal(subscription_list_read("/dev/zero", &list, &e), ERR_TOO_BIG);
	path = tmp_write(&tmp, "large", huge, OPML_BYTES_MAX);
	assert_int_equal(subscription_list_read(path, &list, &e), 0);
	assert_int_equal(list.count, 0);
	subscription_list_finish(&list);
	tmp_remove(&tmp);
	free(huge);
}

/* -- loading -- */

static int64_t wall_ms(void)
{
	return NOW;
}

static int64_t clock_ms(void)
{
	return CLOCK;
}

struct world {
	struct fixture f;
	struct subscriptions subs;
	struct config config;
	struct config_feed feeds[4];
	int loaded, looked_at, status, rounds;
	struct feed_sync_counts counts;
};

static void on_loaded(
	void *ctx, int status, const struct err *e, const struct feed_sync_counts *counts)
{
	struct world *w = ctx;

	(void)e;
	w->loaded++;
	w->status = status;
	w->counts = *counts;
}

static void on_kept(void *ctx)
{
	((struct world *)ctx)->rounds++;
}

static void on_looked_at(void *ctx)
{
	((struct world *)ctx)->looked_at++;
}

static void world_open(struct world *w)
{
	const struct schedule_options options = {.gap_ms = 0, .group_connections = 1};

	memset(w, 0, sizeof(*w));
	fixture_open(&w->f);
	w->subs = (struct subscriptions){.store = w->f.store,
		.schedule = schedule_create(&options),
		.config = &w->config,
		.policy = {.interval_ms = HOUR, .min_ms = HOUR, .max_ms = 24 * HOUR},
		.now_ms = wall_ms,
		.clock_ms = clock_ms,
		.kept = on_kept,
		.kept_ctx = w};
	w->config.feeds = w->feeds;
	assert_non_null(w->subs.schedule);
}

static void world_close(struct world *w)
{
	assert_int_equal(w->subs.jobs, 0);
	subscriptions_finish(&w->subs);
	schedule_destroy(w->subs.schedule);
	fixture_close(&w->f);
}

/* Declares feeds by letters: "ab" is two, each on a host of its own. */
static void load(struct world *w, const char *letters)
{
	static const char *const urls[] = {
		"http://a.example/", "http://b.example/", "http://c.example/", "http://d.example/"};

	w->config.feed_count = strlen(letters);
	for (size_t i = 0; letters[i]; i++)
		w->feeds[i] = (struct config_feed){
			.name = urls[letters[i] - 'a'], .url = urls[letters[i] - 'a']};
	w->loaded = 0;
	assert_int_equal(subscriptions_load(&w->subs, &w->config, on_loaded, w), 0);
	memset(w->feeds, 0, sizeof(w->feeds)); /* they were copied */
	loop_run_until(&w->f.loop, &w->loaded, LIMIT_MS);
	assert_int_equal(w->loaded, 1);
	assert_int_equal(w->status, 0);
}

static void touch(struct world *w, int64_t feed)
{
	w->looked_at = 0;
	subscriptions_touch(&w->subs, feed, on_looked_at, w);
	loop_run_until(&w->f.loop, &w->looked_at, LIMIT_MS);
	assert_int_equal(w->looked_at, 1);
}

/* The feeds that may start at `after_ms` on the schedule's clock, as a sum of powers of ten. */
static int64_t take_all(struct world *w, int64_t after_ms)
{
	int64_t feed, sum = 0;

	while (schedule_take(w->subs.schedule, CLOCK + after_ms, &feed))
		sum += feed == 1 ? 1 : feed == 2 ? 10 : feed == 3 ? 100 : 1000;
	return sum;
}

static void test_loads_again_and_again(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	load(&w, "ab");
	assert_int_equal(w.counts.added, 2);
	assert_int_equal(w.subs.count, 2);
	load(&w, "bc");
	assert_int_equal(w.counts.added, 1);
	assert_int_equal(w.counts.detached, 1);
	assert_int_equal(schedule_counts(w.subs.schedule, CLOCK).feeds, 2);
	assert_int_equal(take_all(&w, 0), 110);
	load(&w, "b"); /* c is being polled: it is forgotten at its end, b keeps its poll */
	assert_int_equal(schedule_counts(w.subs.schedule, CLOCK).polling, 2);
	assert_true(schedule_finish(w.subs.schedule, 2, CLOCK + HOUR));
	assert_false(schedule_finish(w.subs.schedule, 3, CLOCK + HOUR));
	assert_int_equal(schedule_counts(w.subs.schedule, CLOCK).feeds, 1);
	load(&w, "abc");
	assert_int_equal(w.counts.attached, 2);
	assert_int_equal(take_all(&w, 0), 111);
	world_close(&w);
}

/* Each as it stands in the database after its poll; the default interval is an hour. */
static const struct {
	const char *label, *sql;
	int64_t once_ms, usual_ms; /* how long it waits; -1: for ever */
} rules[] = {
	{"never polled", "next_due_ms = NULL", 0, 0},
	{"overdue", "next_due_ms = now - 5 * hour, last_poll_ms = now - 6 * hour", 0, 0},
	{"not due", "next_due_ms = now + hour / 2, last_poll_ms = now - hour / 2", 0, HOUR / 2},
	{"told to wait",
		"status = 2, http_status = 429, next_due_ms = now + 9 * hour, last_poll_ms = now",
		-1, 9 * HOUR},
	{"told to wait, over",
		"status = 2, http_status = 503, next_due_ms = now - 1, last_poll_ms = now - hour",
		0, 0},
	{"failing", "status = 2, http_status = 404, next_due_ms = now + 9 * hour", 0, 9 * HOUR},
	{"gone once", "status = 2, http_status = 410, next_due_ms = now + 9 * hour", -1, 9 * HOUR},
	{"gone", "status = 3, http_status = 410, next_due_ms = NULL", -1, -1},
	{"the clock was set back",
		"next_due_ms = now + 9000 * hour, last_poll_ms = now + 8999 * hour", 0, HOUR},
	{"the clock was set back a little",
		"next_due_ms = now + 72 * hour, last_poll_ms = now + 71 * hour", 0, HOUR},
	{"told to wait, and the clock was set back",
		"status = 2, http_status = 429, next_due_ms = now + 9000 * hour,"
		" last_poll_ms = now + 8990 * hour",
		-1, 10 * HOUR},
	{"its interval was made shorter",
		"next_due_ms = now + 20 * hour, last_poll_ms = now - hour / 4", 0, HOUR * 3 / 4},
	{"its server asked for more, by a freshness",
		"next_due_ms = now + 20 * hour, last_poll_ms = now - hour / 4,"
		" plan = 'fresh/server/1 interval/daemon/2'",
		0, 20 * HOUR},
	{"each answer is a whole document (A14)",
		"next_due_ms = now + 20 * hour, last_poll_ms = now - hour / 4,"
		" plan = 'no-validators/learned/1 interval/daemon/2'",
		0, 20 * HOUR},
	{"each answer is a whole document, which its own interval goes before",
		"next_due_ms = now + 20 * hour, last_poll_ms = now - hour / 4, interval_ms = hour,"
		" plan = 'no-validators/learned/1 interval/daemon/2'",
		0, HOUR * 3 / 4},
	{"its own interval was made shorter, which goes before a freshness",
		"next_due_ms = now + 20 * hour, last_poll_ms = now - hour / 4, interval_ms = hour,"
		" plan = 'fresh/server/1 interval/daemon/2'",
		0, HOUR * 3 / 4},
	{"its own interval",
		"interval_ms = 24 * hour, next_due_ms = now + 20 * hour,"
		" last_poll_ms = now - 4 * hour",
		0, 20 * HOUR},
};

static void check_rule(size_t i, bool once)
{
	int64_t wait_ms = once ? rules[i].once_ms : rules[i].usual_ms;
	char sql[512];
	struct world w;

	world_open(&w);
	load(&w, "a");
	snprintf(sql, sizeof(sql),
		"UPDATE feed SET status = 1; UPDATE feed SET %s FROM"
		" (SELECT %lld AS now, 3600000 AS hour)",
		rules[i].sql, (long long)NOW);
	poke(w.f.path, sql);
	w.subs.once = once;
	touch(&w, 1);
	if (schedule_wait_ms(w.subs.schedule, CLOCK) != wait_ms)
		fail_msg("%s, once %d: waits %lld ms, not %lld", rules[i].label, once,
			(long long)schedule_wait_ms(w.subs.schedule, CLOCK), (long long)wait_ms);
	assert_int_equal(
		schedule_counts(w.subs.schedule, CLOCK).feeds, 1); /* a user may still ask */
	load(&w, "a");
	assert_int_equal(schedule_wait_ms(w.subs.schedule, CLOCK), wait_ms);
	world_close(&w);
}

static void test_when_feeds_are_due(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		check_rule(i, false);
		check_rule(i, true);
	}
}

/* Of what is overdue those go first that have most to tell; how late they are is another thing. */
static void test_order_of_the_overdue(void **state)
{
	struct world w;
	int64_t feed;

	(void)state;
	world_open(&w);
	load(&w, "abc");
	poke(w.f.path,
		"UPDATE feed SET status = 1, last_ok_ms = n - 10 * h, last_poll_ms = n - 10 * h,"
		" next_due_ms = n - 9 * h, rhythm_items = id, rhythm_ms = h"
		" FROM (SELECT 1795000000000 AS n, 3600000 AS h) WHERE id < 3");
	load(&w, "abc");
	assert_int_equal(
		schedule_counts(w.subs.schedule, CLOCK).due, 3); /* who asks changes nothing */
	assert_int_equal(schedule_find(w.subs.schedule, 1, CLOCK).state, SCHEDULE_DUE);
	schedule_spread(w.subs.schedule, CLOCK, 1, HOUR);
	for (int64_t n = 1; n <= 3; n++) {
		assert_true(schedule_take(w.subs.schedule, CLOCK + 1 + n * 1000, &feed));
		assert_int_equal(feed, 4 - n); /* the new one is the first */
	}
	assert_int_equal(
		schedule_counts(w.subs.schedule, CLOCK).late_ms_p50, 1 << 25); /* nine hours */
	assert_int_equal(schedule_counts(w.subs.schedule, CLOCK).late_ms_p99, 1 << 25);
	world_close(&w);
}

static int add_c(struct store_tx *tx, void *arg, struct err *e)
{
	return add_feed(tx, "http://c.example/", NULL, arg, e);
}

static int remove_c(struct store_tx *tx, void *arg, struct err *e)
{
	return feeds_remove(tx, *(int64_t *)arg, NOW, e);
}

static void test_touched_feeds(void **state)
{
	struct subscription_list list = {0};
	struct world w;
	int64_t id;

	(void)state;
	world_open(&w);
	load(&w, "ab");
	must_write(&w.f, add_c, &id);
	touch(&w, id);
	assert_int_equal(take_all(&w, 0), 111);
	assert_int_equal(schedule_counts(w.subs.schedule, CLOCK).late_ms_p99, 1); /* due just now */
	must_write(&w.f, remove_c, &id);
	touch(&w, id);
	assert_int_equal(schedule_counts(w.subs.schedule, CLOCK).feeds, 3); /* still being polled */
	for (int64_t i = 1; i <= 3; i++)
		schedule_finish(w.subs.schedule, i, CLOCK + HOUR);
	assert_int_equal(schedule_counts(w.subs.schedule, CLOCK).feeds, 2);
	touch(&w, 99);       /* there is none */
	w.subs.list = &list; /* a run with --feeds leaves the configuration's alone */
	touch(&w, 1);
	assert_int_equal(schedule_counts(w.subs.schedule, CLOCK).feeds, 1);
	world_close(&w);
}

/* The database has what a list said; without it a further load leaves that alone. */
static void test_a_list_is_let_go(void **state)
{
	static const char text[] = "http://a.example/\nhttp://b.example/\n";
	struct subscription_list list = {0};
	struct err e;
	struct tmp tmp;
	struct world w;

	(void)state;
	tmp_create(&tmp);
	world_open(&w);
	w.subs.list = &list;
	for (int i = 0; i < 2; i++) /* what was not loaded is not leaked */
		assert_int_equal(
			subscription_list_read(
				tmp_write(&tmp, "list", text, sizeof(text) - 1), &list, &e),
			0);
	for (int i = 0; i < 2; i++) {
		load(&w, "");
		assert_int_equal(schedule_counts(w.subs.schedule, CLOCK).feeds, 2);
		assert_null(list.declarations);
		assert_null(list.arena.head);
	}
	world_close(&w);
	tmp_remove(&tmp);
}

static int add_hosts(struct store_tx *tx, void *arg, struct err *e)
{
	int64_t id;
	int status = 0;
	char url[64];

	for (int n = *(int *)arg; n > 0 && status == 0; n--) {
		snprintf(url, sizeof(url), "http://h%d.example/", n);
		status = add_feed(tx, url, NULL, &id, e);
	}
	return status;
}

/* Feeds that are added together, by an import, start one after another; one that is added alone
 * meanwhile, at once. */
static void test_an_import_is_spread(void **state)
{
	enum { FEEDS = 300 };
	int64_t feed, in_second = 0;
	int count = FEEDS + 1;
	struct world w;

	(void)state;
	world_open(&w);
	load(&w, "");
	must_write(&w.f, add_hosts, &count);
	for (int64_t i = 1; i <= FEEDS; i++)
		subscriptions_touch(&w.subs, i, NULL, &w);
	while (w.subs.jobs)
		uv_run(&w.f.loop.uv, UV_RUN_ONCE);
	touch(&w, FEEDS + 1);
	assert_true(schedule_take(w.subs.schedule, CLOCK, &feed));
	assert_true(schedule_take(w.subs.schedule, CLOCK, &feed));
	assert_false(schedule_take(w.subs.schedule, CLOCK, &feed));
	assert_int_equal(schedule_find(w.subs.schedule, FEEDS + 1, CLOCK).state, SCHEDULE_POLLING);
	for (int64_t second = 0; second < FEEDS / SPREAD_STARTS_PER_S; second++) {
		for (in_second = 0;
			schedule_take(w.subs.schedule, CLOCK + second * 1000 + 999, &feed);)
			in_second++;
		assert_int_equal(in_second, SPREAD_STARTS_PER_S - (second == 0));
	}
	world_close(&w);
}

static int add_many(struct store_tx *tx, void *arg, struct err *e)
{
	int status = add_c(tx, arg, e);

	for (int n = 1; n <= 3000 && status == 0; n++)
		status = put_item(tx, *(int64_t *)arg, n, 0, "<p>x</p>", NOW, NULL, e);
	return status;
}

/* Once it is out of the schedule the rest of it is deleted, too, also when a round is under way. */
static void test_removed_feeds_are_deleted(void **state)
{
	(void)state;
	for (int keeping = 0; keeping < 2; keeping++) {
		struct world w;
		int64_t id;

		world_open(&w);
		load(&w, "ab");
		must_write(&w.f, add_many, &id);
		if (keeping)
			subscriptions_keep(&w.subs);
		must_write(&w.f, remove_c, &id);
		assert_true(peek(w.f.path, "SELECT count(*) FROM item") > 1000);
		touch(&w, id);
		while (w.subs.jobs > 0)
			uv_run(&w.f.loop.uv, UV_RUN_ONCE);
		assert_int_equal(peek(w.f.path, "SELECT count(*) FROM item"), 0);
		assert_int_equal(peek(w.f.path, "SELECT count(*) FROM feed"), 2);
		world_close(&w);
	}
}

/* What the database says does not matter while it cannot say anything. */
static void test_trouble_leaves_the_schedule_alone(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	load(&w, "ab");
	poke(w.f.path, "ALTER TABLE feed RENAME TO elsewhere");
	assert_false(w.subs.missed);
	touch(&w, 1);
	assert_true(w.subs.missed); /* so that the server loads again */
	w.loaded = 0;
	w.config.feed_count = 0;
	assert_int_equal(subscriptions_load(&w.subs, &w.config, on_loaded, &w), 0);
	loop_run_until(&w.f.loop, &w.loaded, LIMIT_MS);
	assert_true(w.status < 0 && w.subs.missed);
	assert_int_equal(take_all(&w, 0), 11);
	poke(w.f.path, "ALTER TABLE elsewhere RENAME TO feed");
	load(&w, "ab");
	assert_false(w.subs.missed);
	world_close(&w);
}

static void test_round_ends_with_the_daemon(void **state)
{
	struct world w;
	int64_t left;

	(void)state;
	world_open(&w);
	/* Told of its end: with --once nothing else may be under way. */
	for (int stopping = 1; stopping >= 0; stopping--) {
		w.subs.stopping = stopping;
		poke(w.f.path,
			"WITH n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
			" INSERT OR IGNORE INTO feed (rev, url, interval_ms, owners, declared,"
			" created_ms, detached_ms) SELECT 0, 'x' || i, 0, 0, 0, 1, 1 FROM n");
		subscriptions_keep(&w.subs);
		subscriptions_keep(&w.subs); /* one at a time */
		assert_int_equal(w.subs.jobs, 1);
		while (w.subs.jobs)
			uv_run(&w.f.loop.uv, UV_RUN_ONCE);
		assert_int_equal(w.rounds, 2 - stopping);
		left = peek(w.f.path, "SELECT count(*) FROM feed");
		assert_true(stopping ? left > 0 && left < 5000 : left == 0);
	}
	world_close(&w);
}

static int set_up(void **state)
{
	(void)state;
	parse_global_init();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	parse_global_finish();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list_files),
		cmocka_unit_test(test_lists_that_cannot_be_read),
		cmocka_unit_test(test_loads_again_and_again),
		line_test("B6", test_when_feeds_are_due),
		line_test("B5 B8", test_order_of_the_overdue),
		cmocka_unit_test(test_touched_feeds),
		cmocka_unit_test(test_a_list_is_let_go),
		line_test("B4 B5", test_an_import_is_spread),
		cmocka_unit_test(test_removed_feeds_are_deleted),
		cmocka_unit_test(test_trouble_leaves_the_schedule_alone),
		cmocka_unit_test(test_round_ends_with_the_daemon),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
