/* When polls start: the poller on a clock of the test's. What it stands on is made here: the alarm,
 * the polls, how the database is, the log. The schedule, the intervals and the verdict on an outage
 * are the daemon's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/log.h"
#include "interval.h"
#include "limits.h"
#include "poller.h"
#include "support/lines.h"
#include "support/loop.h"

#define S      1000LL
#define MINUTE (60 * S)
#define HOUR   (60 * MINUTE)
#define YEAR   (365 * 24 * HOUR)
#define BOOT   (9 * HOUR) /* the clock as the test begins */
#define WALL   (1795000000 * S - BOOT)

enum { FEEDS_MAX = 10000, STARTS_MAX = 200000 };

struct poll {
	int64_t feed, began_ms, ends_ms;
};

static struct world {
	struct loop loop;
	struct poller poller;
	struct refresh_env env;
	struct subscriptions subs;
	struct config config;
	int64_t now_ms, wall_ms; /* the alarm's clock; the wall's, less that */
	int64_t alarm_ms;        /* INT64_MAX: not set */
	int rings;               /* at one time */
	void (*rang)(void *ctx);
	void *rang_ctx;

	int64_t takes_ms; /* a poll */
	bool offline;     /* ends in ERR_ROUTE */
	bool frozen;      /* does not end, but waits to be stored */
	int busy_from;    /* so many that wait are too many; 0: never */
	bool store_busy, parser_busy;
	struct err trouble;

	struct poll polls[1100];
	int polling, waiting, most; /* at once */
	void (*polled)(void *ctx, const struct refresh_result *result);
	void *polled_ctx;
	int64_t starts_ms[STARTS_MAX];
	int starts, resumed, down, up, blamed, finished;
	struct {
		int64_t started_ms, ok_ms, excused_ms;
		int polls;
	} feeds[FEEDS_MAX + 1];
} w;

/* -- what the poller stands on -- */

int64_t alarm_clock_ms(void)
{
	return w.now_ms;
}

int alarm_open(struct alarm *a, uv_loop_t *loop, void (*rang)(void *ctx), void *ctx, struct err *e)
{
	(void)a;
	(void)loop;
	(void)e;
	w.rang = rang;
	w.rang_ctx = ctx;
	return 0;
}

void alarm_set(struct alarm *a, int64_t at_ms)
{
	(void)a;
	w.alarm_ms = at_ms;
}

void alarm_close(struct alarm *a)
{
	(void)a;
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
	(void)level;
	(void)format;
	w.resumed += strcmp(event, "resumed") == 0;
	w.down += strcmp(event, "network.down") == 0;
	w.up += strcmp(event, "network.up") == 0;
}

const struct err *store_trouble(const struct store *s)
{
	(void)s;
	return &w.trouble;
}

bool store_is_busy(const struct store *s)
{
	(void)s;
	return w.store_busy || (w.busy_from && w.waiting >= w.busy_from);
}

void store_rest(struct store *s)
{
	(void)s;
}

int fetcher_parked(const struct fetcher *f)
{
	(void)f;
	return 0;
}

bool refresh_is_busy(const struct refresh_env *env)
{
	(void)env;
	return w.parser_busy;
}

int refresh_start(struct refresh_env *env, int64_t feed,
	void (*done)(void *ctx, const struct refresh_result *result), void *ctx)
{
	(void)env;
	w.polled = done;
	w.polled_ctx = ctx;
	w.polls[w.polling++] = (struct poll){feed, w.now_ms, w.now_ms + w.takes_ms};
	w.most = w.polling > w.most ? w.polling : w.most;
	assert_true(w.starts < STARTS_MAX);
	w.starts_ms[w.starts++] = w.now_ms;
	w.feeds[feed].started_ms = w.now_ms;
	return 0;
}

void subscriptions_touch(struct subscriptions *s, int64_t feed, void (*done)(void *ctx), void *ctx)
{
	(void)s;
	(void)feed;
	done(ctx);
}

/* -- polls -- */

/* As refresh.c judges and plan.c plans: by the wall's clock. */
static enum outcome judge(const struct poll *poll, int64_t wall_ms)
{
	struct err e = {.code = ERR_ROUTE};
	int64_t *excused_ms = &w.feeds[poll->feed].excused_ms;
	const struct outage_attempt attempt = {.error = w.offline ? &e : NULL,
		.began_ms = poll->began_ms - w.now_ms + wall_ms,
		.now_ms = wall_ms,
		.before_ms = *excused_ms ? *excused_ms : TIME_NONE};
	bool excused = outage_excuses(&w.env.outage, &attempt);

	*excused_ms = excused ? wall_ms : 0;
	return excused ? OUTCOME_WAITING : w.offline ? OUTCOME_FAILED : OUTCOME_UNCHANGED;
}

static void end_poll(struct poll poll)
{
	int64_t wall_ms = w.now_ms + w.wall_ms;
	const struct interval_rule rule = {.feed = poll.feed,
		.now_ms = wall_ms,
		.outcome = judge(&poll, wall_ms),
		.interval_ms = HOUR,
		.jitter_percent = 10,
		.first = !w.feeds[poll.feed].ok_ms,
		.error_count = 1,
		.fresh_ms = -1,
		.hints = {.base_ms = TIME_NONE},
		.unseen_ms = w.now_ms - w.feeds[poll.feed].ok_ms};
	struct refresh_result result = {.feed = poll.feed, .outcome = rule.outcome};
	struct interval_decision decision;

	interval_decide(&rule, &decision);
	result.wait_ms = decision.due_ms - wall_ms;
	w.blamed += rule.outcome == OUTCOME_FAILED;
	w.feeds[poll.feed].polls++;
	if (!w.offline)
		w.feeds[poll.feed].ok_ms = w.now_ms;
	w.polled(w.polled_ctx, &result);
}

/* -- time -- */

static void settle(void)
{
	while (uv_is_active((uv_handle_t *)&w.poller.tick))
		uv_run(&w.loop.uv, UV_RUN_NOWAIT);
}

static void kick(void)
{
	poller_kick(&w.poller);
	settle();
}

/* What has come of the polls by now; those that cannot be stored stay where they are. */
static void end_polls(void)
{
	w.waiting = 0;
	for (int i = 0; i < w.polling; i++) {
		struct poll poll = w.polls[i];

		if (poll.ends_ms > w.now_ms)
			continue;
		if (w.frozen) {
			w.waiting++;
			continue;
		}
		w.polls[i--] = w.polls[--w.polling];
		end_poll(poll);
	}
}

static int64_t next_ms(void)
{
	int64_t next = w.alarm_ms;

	for (int i = 0; i < w.polling; i++) {
		int64_t ends_ms = w.polls[i].ends_ms;

		if (ends_ms < next && (!w.frozen || ends_ms > w.now_ms))
			next = ends_ms;
	}
	return next;
}

static void run_for(int64_t ms)
{
	int64_t end_ms = w.now_ms + ms;

	settle();
	for (int64_t next = next_ms(); next <= end_ms; next = next_ms()) {
		w.rings = next > w.now_ms ? 0 : w.rings + 1;
		assert_true(w.rings < 1000); /* nothing is looked at over and over */
		w.now_ms = next > w.now_ms ? next : w.now_ms;
		if (w.alarm_ms <= w.now_ms) {
			w.alarm_ms = INT64_MAX;
			w.rang(w.rang_ctx);
		}
		end_polls();
		settle();
	}
	w.now_ms = end_ms;
}

/* The machine stands still, its polls with it. */
static void suspend(int64_t ms)
{
	w.now_ms += ms;
	for (int i = 0; i < w.polling; i++)
		w.polls[i].ends_ms += ms;
}

/* -- the world -- */

static void finished(void *ctx)
{
	((struct world *)ctx)->finished++;
}

static void world_open(int64_t connections)
{
	const struct schedule_options options = {.gap_ms = 2 * S, .group_connections = 1};

	memset(&w, 0, sizeof(w));
	loop_init(&w.loop);
	w.now_ms = BOOT;
	w.wall_ms = WALL;
	w.alarm_ms = INT64_MAX;
	w.takes_ms = 50;
	w.env.outage.answered_ms = TIME_NONE;
	w.config.connections = connections;
	w.config.gap_ms = options.gap_ms;
	w.poller = (struct poller){.schedule = schedule_create(&options),
		.env = &w.env,
		.subscriptions = &w.subs,
		.config = &w.config,
		.finished = finished,
		.ended = finished,
		.ctx = &w};
	assert_non_null(w.poller.schedule);
	assert_int_equal(poller_open(&w.poller, &w.loop.uv, NULL), 0);
}

static void world_close(void)
{
	poller_stop(&w.poller);
	poller_close(&w.poller);
	loop_finish(&w.loop);
	schedule_destroy(w.poller.schedule);
}

static void put(int64_t feed, const char *host, int64_t due_ms)
{
	assert_int_equal(schedule_put(w.poller.schedule, feed, schedule_group(host), due_ms), 0);
}

/* As subscriptions.c puts feeds that were never polled, each on a host of its own. */
static void put_new(int64_t first, int64_t last)
{
	char host[32];

	for (int64_t feed = first; feed <= last; feed++) {
		snprintf(host, sizeof(host), "h%d:80", (int)feed);
		put(feed, host, w.now_ms);
		schedule_rank(w.poller.schedule, feed, w.now_ms - WORTH_MAX);
	}
}

/* A daemon that has polled all of them for some hours. */
static void open_running(int64_t feeds)
{
	world_open(100);
	put_new(1, feeds);
	poller_start(&w.poller);
	run_for(4 * HOUR);
	for (int64_t feed = 1; feed <= feeds; feed++)
		assert_true(w.feeds[feed].polls >= 2);
	w.starts = w.most = 0;
}

/* The most starts in any second. */
static int most_in_a_second(void)
{
	int most = 0;

	for (int from = 0, to = 0; to < w.starts; to++) {
		while (w.starts_ms[to] - w.starts_ms[from] >= S)
			from++;
		most = to - from + 1 > most ? to - from + 1 : most;
	}
	return most;
}

/* -- B8 -- */

enum { NEVER = -1 };

/* Feed 2, on "a:80", is due after a second; what stands in its way came before that. */
static const struct {
	const char *label;
	const char *other; /* the host of feed 1, which is polled from the beginning */
	int64_t takes_ms;  /* ... for so long */
	int64_t hold_ms;   /* "a:80" */
	int64_t probe_ms;  /* nobody is reached, the next probe is then */
	int trouble;       /* of the database */
	bool store_busy, parser_busy;
	int64_t asked_ms;
	enum api_wait what;
	int64_t until_ms, due;
} waits[] = {
	{"its time", NULL, 0, 0, 0, 0, false, false, 999, API_WAIT_TIME, 1000, 0},
	{"its time, while nothing can be stored", NULL, 0, 0, 0, ERR_FULL, false, false, 999,
		API_WAIT_TIME, 1000, 0},
	{"nothing: it is polled", NULL, 9000, 0, 0, 0, false, false, 1500, API_WAIT_POLL, NEVER, 0},
	{"nothing can be stored", NULL, 0, 0, 0, ERR_FULL, false, false, 5000, API_WAIT_STORE,
		NEVER, 1},
	{"the database is behind", NULL, 0, 0, 0, 0, true, false, 5000, API_WAIT_TURN, NEVER, 1},
	{"the parser is behind", NULL, 0, 0, 0, 0, false, true, 5000, API_WAIT_TURN, NEVER, 1},
	{"all connections are taken", "b:80", 9000, 0, 0, 0, false, false, 5000, API_WAIT_TURN,
		NEVER, 1},
	{"another of its host is polled", "a:80", 9000, 0, 0, 0, false, false, 5000, API_WAIT_HOST,
		NEVER, 1},
	{"another of its host was polled", "a:80", 100, 0, 0, 0, false, false, 1500, API_WAIT_HOST,
		2000, 1},
	{"its server asked for it", NULL, 0, 7000, 0, 0, false, false, 5000, API_WAIT_SERVER, 7000,
		1},
	{"its server asked for it, and it is not due", NULL, 0, 7000, 0, 0, false, false, 500,
		API_WAIT_SERVER, 7000, 0},
	{"nobody is reached", NULL, 0, 0, 9000, 0, false, false, 5000, API_WAIT_NETWORK, 9000, 1},
	{"nobody is reached, a probe is under way", "b:80", 9000, 0, 1, 0, false, false, 5000,
		API_WAIT_NETWORK, NEVER, 1},
};

static void arrange(size_t i)
{
	int64_t a = schedule_group("a:80");

	world_open(1);
	w.takes_ms = waits[i].takes_ms;
	if (waits[i].other)
		put(1, waits[i].other, w.now_ms);
	put(2, "a:80", w.now_ms + S);
	poller_start(&w.poller);
	settle();
	if (waits[i].hold_ms)
		schedule_hold(w.poller.schedule, a, BOOT + waits[i].hold_ms);
	if (waits[i].probe_ms)
		w.poller.probe_at_ms = BOOT + waits[i].probe_ms;
	w.trouble.code = waits[i].trouble;
	w.store_busy = waits[i].store_busy;
	w.parser_busy = waits[i].parser_busy;
	run_for(waits[i].asked_ms);
}

static void test_what_a_feed_waits_for(void **state)
{
	struct api_waiting got;

	(void)state;
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		int64_t until_ms =
			waits[i].until_ms == NEVER ? TIME_NONE : BOOT + waits[i].until_ms;

		arrange(i);
		poller_waiting(&w.poller, 2, &got);
		if (got.what != waits[i].what || got.until_ms != until_ms)
			fail_msg("%s: %d until %lld", waits[i].label, got.what,
				(long long)got.until_ms);
		if (schedule_counts(w.poller.schedule, w.now_ms).due != waits[i].due)
			fail_msg("%s: due", waits[i].label);
		poller_waiting(&w.poller, 3, &got);
		assert_int_equal(got.what, API_WAIT_NOTHING);
		world_close();
	}
}

/* -- B6 -- */

/* Feed 2 becomes due while nothing may start, and that lasts: nobody has slept. */
static void test_waiting_is_no_sleep(void **state)
{
	(void)state;
	for (int reason = 0; reason < 4; reason++) {
		world_open(1);
		w.takes_ms = reason == 0 ? 10 * MINUTE : 50;
		if (reason == 0)
			put(1, "b:80", w.now_ms);
		put(2, "a:80", w.now_ms + S);
		poller_start(&w.poller);
		settle();
		w.trouble.code = reason == 1 ? ERR_FULL : 0;
		w.store_busy = reason == 2;
		w.parser_busy = reason == 3;
		run_for(10 * MINUTE);
		assert_int_equal(w.feeds[2].polls, 0);
		w.trouble.code = 0;
		w.store_busy = w.parser_busy = false;
		kick();
		run_for(20 * MINUTE);
		assert_int_equal(w.feeds[2].polls, 1);
		assert_int_equal(w.resumed, 0);
		world_close();
	}
}

/* A sleep is one also while the only connection is taken. */
static void test_a_sleep_in_mid_poll(void **state)
{
	(void)state;
	world_open(1);
	w.takes_ms = 10 * S;
	put(2, "a:80", w.now_ms + 5 * S);
	poller_start(&w.poller);
	put(1, "b:80", w.now_ms);
	kick();
	assert_int_equal(w.starts, 1);
	suspend(8 * HOUR);
	run_for(30 * S);
	assert_int_equal(w.starts, 2);
	assert_int_equal(w.resumed, 1);
	world_close();
}

/* Overdue after a night are polled evenly; before and after it no second has more than its share.
 */
static void test_a_night(void **state)
{
	enum { FEEDS = 5000 };
	int64_t woken_ms;

	(void)state;
	open_running(FEEDS);
	suspend(8 * HOUR);
	woken_ms = w.now_ms;
	run_for(FEEDS / SPREAD_STARTS_PER_S * S + S);
	assert_int_equal(w.resumed, 1);
	for (int64_t feed = 1; feed <= FEEDS; feed++)
		assert_true(w.feeds[feed].started_ms >= woken_ms - HOUR / 60);
	assert_in_range(most_in_a_second(), SPREAD_STARTS_PER_S - 5, SPREAD_STARTS_PER_S);
	run_for(24 * HOUR);
	assert_int_equal(w.resumed, 1);
	world_close();
}

/* The wall's clock goes a year ahead, two back and one ahead again, and polls go on as they did. */
static void test_clocks_that_are_set(void **state)
{
	static const int64_t set_ms[] = {YEAR, -2 * YEAR, -WALL + YEAR, WALL, 0};
	enum { FEEDS = 1000 };

	(void)state;
	open_running(FEEDS);
	for (size_t i = 0; i < sizeof(set_ms) / sizeof(set_ms[0]); i++) {
		w.wall_ms += set_ms[i];
		w.starts = 0;
		run_for(10 * HOUR);
		assert_in_range(w.starts, 9 * FEEDS, 11 * FEEDS);
		assert_true(most_in_a_second() < 10);
	}
	assert_int_equal(w.resumed + w.blamed, 0);
	world_close();
}

/* -- B14 -- */

/* Until somebody answers one poll at a time is made, seldom; then what is overdue comes spread. */
static void test_an_outage(void **state)
{
	enum { FEEDS = 3000 };
	int64_t up_ms;

	(void)state;
	open_running(FEEDS);
	w.offline = true;
	run_for(MINUTE);
	assert_int_equal(w.down, 1);
	w.starts = w.most = 0;
	run_for(2 * HOUR);
	assert_int_equal(w.most, 1);
	assert_in_range(w.starts, 110, 125); /* one a minute */
	assert_true(schedule_counts(w.poller.schedule, w.now_ms).due > FEEDS * 9 / 10);
	w.offline = false;
	for (w.starts = 0; !w.up; run_for(S))
		assert_true(w.starts <= 1);
	up_ms = w.now_ms;
	run_for(FEEDS / SPREAD_STARTS_PER_S * S + S);
	assert_true(most_in_a_second() <= SPREAD_STARTS_PER_S);
	for (int64_t feed = 1; feed <= FEEDS; feed++) /* or waits since it was a probe */
		assert_true(w.feeds[feed].started_ms >= up_ms - S || w.feeds[feed].excused_ms);
	assert_int_equal(schedule_counts(w.poller.schedule, w.now_ms).due, 0);
	assert_int_equal(w.blamed, 0);
	world_close();
}

/* The machine wakes up before its network does. */
static void test_a_night_without_network(void **state)
{
	enum { FEEDS = 3000 };

	(void)state;
	open_running(FEEDS);
	suspend(8 * HOUR);
	w.offline = true;
	run_for(20 * S);
	assert_int_equal(w.resumed + w.down, 2);
	assert_in_range(w.starts, 3, 12); /* what was under way by the first failure, and probes */
	w.offline = false;
	run_for(20 * S + FEEDS / SPREAD_STARTS_PER_S * S);
	assert_int_equal(w.up, 1);
	assert_true(most_in_a_second() <= SPREAD_STARTS_PER_S);
	assert_true(w.starts >= FEEDS);
	assert_int_equal(w.blamed, 0);
	world_close();
}

/* -- B13 -- */

/* The disk stands still while documents come: starts stop, nothing is lost, and they go on. */
static void test_a_database_that_is_behind(void **state)
{
	enum { FEEDS = 5000, BUSY = 20 };

	(void)state;
	open_running(FEEDS);
	w.busy_from = BUSY;
	w.takes_ms = 5 * S;
	w.frozen = true;
	run_for(2 * HOUR);
	assert_in_range(w.polling, BUSY, BUSY + 50); /* those under way by then */
	assert_int_equal(w.starts, w.polling);
	assert_true(schedule_counts(w.poller.schedule, w.now_ms).due > FEEDS * 9 / 10);
	w.frozen = false;
	w.busy_from = 0;
	w.takes_ms = 50;
	run_for(10 * MINUTE);
	assert_true(w.starts >= FEEDS);
	assert_int_equal(schedule_counts(w.poller.schedule, w.now_ms).due, 0);
	assert_int_equal(w.resumed, 0);
	world_close();
}

/* A full disk for a night: nothing is fetched that could not be stored, and no storm follows. */
static void test_a_database_that_fails(void **state)
{
	enum { FEEDS = 5000 };

	(void)state;
	open_running(FEEDS);
	w.trouble.code = ERR_FULL;
	kick();
	run_for(8 * HOUR);
	assert_int_equal(w.starts, 0);
	assert_int_equal(schedule_counts(w.poller.schedule, w.now_ms).due, FEEDS);
	w.trouble.code = 0;
	poller_catch_up(&w.poller);
	run_for(FEEDS / SPREAD_STARTS_PER_S * S + S);
	assert_int_equal(w.starts, FEEDS);
	assert_in_range(most_in_a_second(), SPREAD_STARTS_PER_S - 5, SPREAD_STARTS_PER_S);
	assert_int_equal(w.resumed, 0);
	world_close();
}

/* -- B4 -- */

/* Ten thousand new feeds: their first polls are flat, and hours later no minute has more than
 * others: chi-square, 99.9 % for 59 degrees. */
static void test_an_import(void **state)
{
	int minutes[60] = {0};
	double mean, chi = 0;

	(void)state;
	world_open(100);
	put_new(1, FEEDS_MAX);
	poller_start(&w.poller);
	run_for(FEEDS_MAX / SPREAD_STARTS_PER_S * S + S);
	assert_int_equal(w.starts, FEEDS_MAX);
	assert_in_range(most_in_a_second(), SPREAD_STARTS_PER_S - 5, SPREAD_STARTS_PER_S);
	run_for(4 * HOUR);
	w.starts = 0;
	run_for(HOUR);
	for (int i = 0; i < w.starts; i++)
		minutes[w.starts_ms[i] / MINUTE % 60]++;
	mean = w.starts / 60.0;
	for (int i = 0; i < 60; i++)
		chi += (minutes[i] - mean) * (minutes[i] - mean) / mean;
	assert_true(chi < 98.3);
	assert_true(most_in_a_second() < SPREAD_STARTS_PER_S / 2);
	world_close();
}

/* -- the rest -- */

/* With --once each is asked, those of one host in turn, and that is the end. */
static void test_once(void **state)
{
	(void)state;
	world_open(10);
	w.poller.once = true;
	for (int64_t feed = 1; feed <= 300; feed++)
		put(feed, feed <= 3 ? "a:80" : "b:80", feed == 2 ? TIME_NONE : w.now_ms);
	schedule_limit(w.poller.schedule, schedule_group("b:80"), 0, 300);
	poller_start(&w.poller);
	run_for(HOUR);
	assert_int_equal(w.finished, 1);
	assert_int_equal(w.starts, 299);
	assert_int_equal(w.most, 10);
	world_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		line_test("B8", test_what_a_feed_waits_for),
		line_test("B6", test_waiting_is_no_sleep),
		line_test("B6", test_a_sleep_in_mid_poll),
		line_test("B5 B6", test_a_night),
		line_test("B6", test_clocks_that_are_set),
		line_test("A25 B14", test_an_outage),
		line_test("A25 B14", test_a_night_without_network),
		line_test("B13", test_a_database_that_is_behind),
		line_test("B5 B13", test_a_database_that_fails),
		line_test("B4", test_an_import),
		cmocka_unit_test(test_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
