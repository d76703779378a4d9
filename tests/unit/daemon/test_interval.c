/* When is the next poll, for every outcome, and which rule of which level says so (B3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "interval.h"
#include "support/lines.h"

#define MIN      (60 * 1000LL)
#define HOUR     (60 * MIN)
#define DAY      (24 * HOUR)
#define MIDNIGHT (1699833600000LL) /* Monday, 13 November 2023 */

/* Everything that bounds speaks at once; each case takes the highest away. */
static struct interval_rule full(void)
{
	return (struct interval_rule){
		.feed = 7,
		.now_ms = MIDNIGHT,
		.outcome = OUTCOME_UNCHANGED,
		.min_ms = HOUR,
		.max_ms = DAY,
		.fresh_ms = -1,
		.hints = {.base_ms = TIME_NONE},
		.gap_ms = 4 * HOUR, /* the rhythm alone: 2 h */
		.safe_ms = INT64_MAX,
	};
}

static const struct {
	const char *what; /* begins with the requirement's number */
	struct interval_rule rule;
	enum interval_cause cause;
	enum interval_level level;
	int64_t least_ms, most_ms; /* from now */
	const char *reason;        /* part of it */
} cases[] = {
	{"B1 the rhythm", {.fresh_ms = -1}, CAUSE_RHYTHM, LEVEL_LEARNED, 2 * HOUR, 2 * HOUR,
		"every 2h: something new comes every 4h or so"},
	{"B1 not below the shortest", {.gap_ms = MIN}, CAUSE_MIN, LEVEL_DAEMON, HOUR, HOUR,
		"every 1h, the shortest interval"},
	{"B1 nothing is known yet", {.gap_ms = MIN, .guessed = true}, CAUSE_MIN, LEVEL_DAEMON, HOUR,
		HOUR, "the shortest interval: too little is known of its rhythm yet"},
	{"B1 its own shortest", {.gap_ms = MIN, .min_ms = 2 * HOUR, .own_min = true}, CAUSE_MIN,
		LEVEL_FEED, 2 * HOUR, 2 * HOUR, "every 2h, the shortest"},
	{"B1 not beyond the longest", {.gap_ms = 999 * DAY}, CAUSE_MAX, LEVEL_DAEMON, DAY, DAY,
		"every 1d, the longest"},
	{"B1 dormant for a year", {.gap_ms = 30 * DAY, .silent_ms = 365 * DAY}, CAUSE_RHYTHM,
		LEVEL_LEARNED, 93 * HOUR, 94 * HOUR, "every 3d 21h"},
	{"B1 dormant for ever", {.gap_ms = 30 * DAY, .silent_ms = 9999 * DAY}, CAUSE_MAX,
		LEVEL_DAEMON, 7 * DAY, 7 * DAY, "every 7d"},
	{"B2 half a document", {.safe_ms = 90 * MIN}, CAUSE_WINDOW, LEVEL_LEARNED, 90 * MIN,
		90 * MIN, "so that nothing is missed"},
	{"B2 politeness first", {.safe_ms = MIN}, CAUSE_MIN, LEVEL_DAEMON, HOUR, HOUR, "shortest"},
	{"B3 the daemon's interval", {.interval_ms = 3 * HOUR}, CAUSE_INTERVAL, LEVEL_DAEMON,
		3 * HOUR, 3 * HOUR, "every 3h (set for all feeds)"},
	{"B3 the feed's own before everything that is said or seen",
		{.interval_ms = 30 * MIN,
			.own_interval = true,
			.fresh_ms = 9 * HOUR,
			.plain = true,
			.hints = {.ttl_ms = 5 * HOUR,
				.base_ms = TIME_NONE,
				.skip_hours = 0x7ffffe}},
		CAUSE_INTERVAL, LEVEL_FEED, 30 * MIN, 30 * MIN, "set for this feed"},
	{"B3 but not before Retry-After",
		{.interval_ms = 30 * MIN,
			.own_interval = true,
			.outcome = OUTCOME_RETRY_AFTER,
			.retry_after_ms = 2 * HOUR},
		CAUSE_RETRY_AFTER, LEVEL_SERVER, 2 * HOUR, 2 * HOUR + 12 * MIN, "wait for 2h"},
	{"B3 Retry-After before freshness",
		{.outcome = OUTCOME_RETRY_AFTER, .retry_after_ms = 3 * HOUR, .fresh_ms = 2 * HOUR},
		CAUSE_RETRY_AFTER, LEVEL_SERVER, 3 * HOUR, 3 * HOUR + 18 * MIN, "wait for 3h"},
	{"B3 back-off before freshness",
		{.outcome = OUTCOME_FAILED, .error_count = 1, .fresh_ms = HOUR}, CAUSE_BACKOFF,
		LEVEL_LEARNED, 2 * HOUR, 2 * HOUR, "failed 1 time in a row: waits for 2h"},
	{"A24 not sooner than after a success: freshness",
		{.outcome = OUTCOME_FAILED, .error_count = 1, .fresh_ms = 9 * HOUR}, CAUSE_FRESH,
		LEVEL_SERVER, 9 * HOUR, 9 * HOUR,
		"failed 1 time in a row; the server says that its last answer is good for 9h more"},
	{"A24 not sooner than after a success: ttl",
		{.outcome = OUTCOME_FAILED,
			.error_count = 2,
			.hints = {.ttl_ms = 20 * HOUR, .base_ms = TIME_NONE}},
		CAUSE_TTL, LEVEL_DOCUMENT, 20 * HOUR, 20 * HOUR,
		"failed 2 times in a row; the feed says that it is good for 20h (ttl)"},
	{"A24 not sooner than after a success: sy:update*, the daemon's interval set",
		{.outcome = OUTCOME_FAILED,
			.error_count = 1,
			.interval_ms = HOUR,
			.hints = {.period_ms = DAY, .base_ms = MIDNIGHT - HOUR}},
		CAUSE_PERIOD, LEVEL_DOCUMENT, 23 * HOUR, 23 * HOUR, "changes every 1d"},
	{"A24 not sooner than after a success: no validators",
		{.outcome = OUTCOME_FAILED, .error_count = 1, .plain = true}, CAUSE_PLAIN,
		LEVEL_LEARNED, DAY, DAY, "no ETag or Last-Modified"},
	{"A24 not within what is to be skipped",
		{.outcome = OUTCOME_FAILED,
			.error_count = 3,
			.hints = {.skip_hours = 0x7fffff, .base_ms = TIME_NONE}},
		CAUSE_SKIP, LEVEL_DOCUMENT, 23 * HOUR, DAY - 1, "in a row; the feed asks not"},
	{"A24 the feed's own interval before what is said",
		{.outcome = OUTCOME_FAILED,
			.error_count = 1,
			.interval_ms = HOUR,
			.own_interval = true,
			.plain = true,
			.fresh_ms = 9 * HOUR,
			.hints = {.ttl_ms = DAY, .base_ms = TIME_NONE, .skip_hours = 0x7fffff}},
		CAUSE_BACKOFF, LEVEL_LEARNED, HOUR, HOUR, "waits for 1h"},
	{"A18 not sooner than after a success",
		{.outcome = OUTCOME_RETRY_AFTER,
			.retry_after_ms = 1000,
			.hints = {.ttl_ms = 20 * HOUR, .base_ms = TIME_NONE}},
		CAUSE_TTL, LEVEL_DOCUMENT, 20 * HOUR, 20 * HOUR,
		"asked to wait for 1s; the feed says that it is good for 20h (ttl)"},
	{"A13 cut off, not sooner than after a success",
		{.outcome = OUTCOME_CUT_OFF,
			.planned_ms = TIME_NONE,
			.hints = {.ttl_ms = 20 * HOUR, .base_ms = TIME_NONE}},
		CAUSE_TTL, LEVEL_DOCUMENT, 20 * HOUR, 20 * HOUR, "stopped; the feed says"},
	{"A25 nobody was asked: nothing of that counts",
		{.outcome = OUTCOME_WAITING, .plain = true, .fresh_ms = 9 * HOUR}, CAUSE_NETWORK,
		LEVEL_LEARNED, 5 * MIN, 10 * MIN, "reaches nobody"},
	{"B3 the daemon's interval gives way to freshness",
		{.interval_ms = HOUR, .fresh_ms = 2 * HOUR}, CAUSE_FRESH, LEVEL_SERVER, 2 * HOUR,
		2 * HOUR, "good for 2h"},
	{"A10 freshness", {.fresh_ms = 9 * HOUR}, CAUSE_FRESH, LEVEL_SERVER, 9 * HOUR, 9 * HOUR,
		"its answer is good for 9h"},
	{"A10 capped", {.fresh_ms = 7 * DAY}, CAUSE_FRESH, LEVEL_SERVER, DAY, DAY,
		"good for 7d, at most 1d by interval_max"},
	{"A10 never more often", {.fresh_ms = 5 * MIN}, CAUSE_RHYTHM, LEVEL_LEARNED, 2 * HOUR,
		2 * HOUR, "something new"},
	{"A11 revalidate is not: faster", {.fresh_ms = 0}, CAUSE_RHYTHM, LEVEL_LEARNED, 2 * HOUR,
		2 * HOUR, "something new"},
	{"A14 no validators and nothing new", {.plain = true}, CAUSE_PLAIN, LEVEL_LEARNED, DAY, DAY,
		"every answer is the whole document"},
	{"A15 ttl", {.hints = {.ttl_ms = 6 * HOUR, .base_ms = TIME_NONE}}, CAUSE_TTL,
		LEVEL_DOCUMENT, 6 * HOUR, 6 * HOUR, "good for 6h (ttl)"},
	{"A15 ttl, capped", {.hints = {.ttl_ms = 999 * DAY, .base_ms = TIME_NONE}}, CAUSE_TTL,
		LEVEL_DOCUMENT, DAY, DAY, "(ttl), at most 1d by interval_max"},
	{"A15 ttl, not below the rhythm", {.hints = {.ttl_ms = MIN, .base_ms = TIME_NONE}},
		CAUSE_RHYTHM, LEVEL_LEARNED, 2 * HOUR, 2 * HOUR, "new"},
	{"A15 sy:updatePeriod", {.hints = {.period_ms = 12 * HOUR, .base_ms = TIME_NONE}},
		CAUSE_PERIOD, LEVEL_DOCUMENT, 12 * HOUR, 12 * HOUR, "changes every 12h"},
	{"A15 sy:updateBase",
		{.hints = {.period_ms = 12 * HOUR, .base_ms = MIDNIGHT - 9 * DAY - 7 * HOUR}},
		CAUSE_PERIOD, LEVEL_DOCUMENT, 5 * HOUR, 5 * HOUR, "changes every 12h"},
	{"A15 sy:updateBase in the future",
		{.hints = {.period_ms = 12 * HOUR, .base_ms = MIDNIGHT + 9 * DAY}}, CAUSE_PERIOD,
		LEVEL_DOCUMENT, 12 * HOUR, 12 * HOUR, "changes every 12h"},
	{"A15 skipHours", {.hints = {.skip_hours = 0x7fffff, .base_ms = TIME_NONE}}, CAUSE_SKIP,
		LEVEL_DOCUMENT, 23 * HOUR, DAY - 1, "skipHours"},
	{"A15 all hours: none", {.hints = {.skip_hours = 0xffffff, .base_ms = TIME_NONE}},
		CAUSE_RHYTHM, LEVEL_LEARNED, 2 * HOUR, 2 * HOUR, "new"},
	{"A15 all days: none", {.hints = {.skip_days = 0x7f, .base_ms = TIME_NONE}}, CAUSE_RHYTHM,
		LEVEL_LEARNED, 2 * HOUR, 2 * HOUR, "new"},
	{"A15 skipDays, all but Thursday", {.hints = {.skip_days = 0x6f, .base_ms = TIME_NONE}},
		CAUSE_SKIP, LEVEL_DOCUMENT, 3 * DAY, 3 * DAY + HOUR, "skipDays"},
	{"A18 the server says shorter", {.outcome = OUTCOME_RETRY_AFTER, .retry_after_ms = 1000},
		CAUSE_RETRY_AFTER, LEVEL_SERVER, 2 * HOUR, 2 * HOUR + 12 * MIN, "wait for 1s"},
	{"A23 the first 410", {.outcome = OUTCOME_GONE_ONCE, .error_count = 1}, CAUSE_GONE,
		LEVEL_SERVER, DAY, DAY, "asked once more after a day"},
	{"A24 not sooner than usual",
		{.outcome = OUTCOME_FAILED, .error_count = 1, .interval_ms = HOUR}, CAUSE_BACKOFF,
		LEVEL_LEARNED, HOUR, HOUR, "failed 1 time in a row"},
	{"A24 the third", {.outcome = OUTCOME_FAILED, .error_count = 3, .interval_ms = HOUR},
		CAUSE_BACKOFF, LEVEL_LEARNED, HOUR, 4 * HOUR, "failed 3 times"},
	{"A24 never given up",
		{.outcome = OUTCOME_FAILED, .error_count = 2000000000, .interval_ms = HOUR},
		CAUSE_BACKOFF, LEVEL_LEARNED, HOUR, 7 * DAY, "failed 2000000000 times"},
	{"A24 an interval beyond the longest wait",
		{.outcome = OUTCOME_FAILED, .error_count = 9, .interval_ms = 30 * DAY},
		CAUSE_BACKOFF, LEVEL_LEARNED, 30 * DAY, 30 * DAY, "failed 9"},
	{"A25 nobody is reached, which is seen and not set",
		{.outcome = OUTCOME_WAITING, .unseen_ms = 5 * HOUR}, CAUSE_NETWORK, LEVEL_LEARNED,
		15 * MIN, 30 * MIN, "reaches nobody; tried again in 15min"},
	{"B4 jitter to both sides", {.interval_ms = HOUR, .jitter_percent = 10}, CAUSE_INTERVAL,
		LEVEL_DAEMON, 54 * MIN, 66 * MIN, "every 1h"},
	{"B4 a phase of its own", {.interval_ms = HOUR, .jitter_percent = 10, .first = true},
		CAUSE_INTERVAL, LEVEL_DAEMON, HOUR, 2 * HOUR, "every 1h"},
	{"B4 jitter only above a bound",
		{.interval_ms = HOUR, .jitter_percent = 10, .fresh_ms = 2 * HOUR}, CAUSE_FRESH,
		LEVEL_SERVER, 2 * HOUR, 2 * HOUR + 12 * MIN, "good for 2h"},
};

/* What a case does not say. */
static struct interval_rule filled(const struct interval_rule *of_case)
{
	struct interval_rule rule = *of_case, usual = full();

	rule.now_ms = MIDNIGHT;
	rule.min_ms = rule.min_ms ? rule.min_ms : usual.min_ms;
	rule.max_ms = usual.max_ms;
	rule.gap_ms = rule.gap_ms ? rule.gap_ms : usual.gap_ms;
	rule.safe_ms = rule.safe_ms ? rule.safe_ms : usual.safe_ms;
	return rule;
}

static void check(const char *what, const struct interval_decision *d, size_t i, int64_t wait_ms)
{
	if (wait_ms < cases[i].least_ms || wait_ms > cases[i].most_ms)
		fail_msg("%s: %lld ms", what, (long long)wait_ms);
	if (d->candidates[0].cause != cases[i].cause || d->candidates[0].level != cases[i].level)
		fail_msg("%s: %d of %d", what, d->candidates[0].cause, d->candidates[0].level);
	if (!strstr(d->reason, cases[i].reason))
		fail_msg("%s: \"%s\"", what, d->reason);
	assert_int_equal(d->due_ms, d->candidates[0].due_ms);
}

static void test_rules(void **state)
{
	struct interval_decision d, again;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int64_t feed = 1; feed < 200; feed++) {
			struct interval_rule rule = filled(&cases[i].rule);

			rule.feed = feed;
			interval_decide(&rule, &d);
			check(cases[i].what, &d, i, d.due_ms - rule.now_ms);
			interval_decide(&rule, &again);
			assert_int_equal(d.due_ms, again.due_ms);
		}
	}
}

/* The order of the levels: with everything in force, the longest of the bounds wins; who loses is
 * still told. */
static void test_all_that_compete_are_told(void **state)
{
	struct interval_rule rule = full();
	struct interval_decision d;
	char plan[INTERVAL_PLAN_BYTES], wanted[INTERVAL_PLAN_BYTES];

	(void)state;
	rule.fresh_ms = 3 * HOUR;
	rule.hints.ttl_ms = 5 * HOUR;
	rule.hints.period_ms = 4 * HOUR;
	interval_decide(&rule, &d);
	interval_plan(&d, plan);
	snprintf(wanted, sizeof(wanted),
		"ttl/document/%lld fresh/server/%lld period/document/%lld rhythm/learned/%lld",
		MIDNIGHT + 5 * HOUR, MIDNIGHT + 3 * HOUR, MIDNIGHT + 4 * HOUR, MIDNIGHT + 2 * HOUR);
	assert_string_equal(plan, wanted);
	assert_int_equal(d.count, 4);
}

static void test_gone_is_the_end(void **state)
{
	struct interval_rule rule = full();
	struct interval_decision d;
	char plan[INTERVAL_PLAN_BYTES];

	(void)state;
	rule.outcome = OUTCOME_GONE;
	interval_decide(&rule, &d);
	interval_plan(&d, plan);
	assert_true(d.due_ms == TIME_NONE);
	assert_string_equal(plan, "gone/server/-");
	assert_non_null(strstr(d.reason, "tidings refresh"));
}

/* The longest plan there may be fits. */
static void test_room_for_every_candidate(void **state)
{
	struct interval_decision d = {.count = INTERVAL_CANDIDATES};
	char plan[INTERVAL_PLAN_BYTES];

	(void)state;
	for (int i = 0; i < d.count; i++)
		d.candidates[i] = (struct interval_candidate){
			CAUSE_PLAIN, LEVEL_DOCUMENT, -9000000000000000000};
	interval_plan(&d, plan);
	assert_true(strlen(plan) < INTERVAL_PLAN_BYTES - 1);
	assert_string_equal(plan + strlen(plan) - 9, "000000000");
}

/* Polls of many feeds that began together do not stay together, neither in the first round nor
 * later: chi-square over the minutes of an hour, 99.9 % for 59 degrees. */
static void test_spread(void **state)
{
	static int minutes[60];
	double chi = 0;

	(void)state;
	for (int64_t feed = 1; feed <= 10000; feed++) {
		struct interval_rule rule = full();
		struct interval_decision d;

		rule.feed = feed;
		rule.interval_ms = HOUR;
		rule.jitter_percent = 10;
		rule.first = true;
		interval_decide(&rule, &d);
		rule.first = false;
		for (int n = 0; n < 5; n++) {
			rule.now_ms = d.due_ms;
			interval_decide(&rule, &d);
		}
		minutes[d.due_ms / MIN % 60]++;
	}
	for (int i = 0; i < 60; i++)
		chi += (minutes[i] - 10000 / 60.0) * (minutes[i] - 10000 / 60.0) / (10000 / 60.0);
	assert_true(chi < 98.3);
}

/* The jitter takes no poll below the shortest interval, which servers count on (A14); what comes
 * seldom goes either way. */
static void test_jitter_and_the_shortest(void **state)
{
	int64_t least = INT64_MAX, most = 0, least_seldom = INT64_MAX;

	(void)state;
	for (int64_t feed = 1; feed <= 1000; feed++) {
		struct interval_rule rule = full();
		struct interval_decision d;

		rule.feed = feed;
		rule.jitter_percent = 10;
		rule.gap_ms = MIN;
		interval_decide(&rule, &d);
		assert_int_equal(d.candidates[0].cause, CAUSE_MIN);
		least = d.due_ms < least ? d.due_ms : least;
		most = d.due_ms > most ? d.due_ms : most;
		rule.gap_ms = 999 * DAY;
		interval_decide(&rule, &d);
		least_seldom = d.due_ms < least_seldom ? d.due_ms : least_seldom;
	}
	assert_in_range(least - MIDNIGHT, HOUR, HOUR + MIN);
	assert_in_range(most - MIDNIGHT, HOUR + 5 * MIN, HOUR + 6 * MIN);
	assert_true(least_seldom - MIDNIGHT < DAY - DAY / 20);
}

/* Everybody is told the same hour: all of it is used, nothing of the next. */
static void test_open_hours_are_used_whole(void **state)
{
	int tenths[6] = {0};

	(void)state;
	for (int64_t feed = 1; feed <= 6000; feed++) {
		struct interval_rule rule = full();
		struct interval_decision d;

		rule.feed = feed;
		rule.hints.skip_hours = 0x7fffff;
		interval_decide(&rule, &d);
		assert_in_range(d.due_ms - MIDNIGHT, 23 * HOUR, DAY - 1);
		tenths[(d.due_ms - MIDNIGHT - 23 * HOUR) / (10 * MIN)]++;
	}
	for (int i = 0; i < 5; i++)
		assert_in_range(tenths[i], 1000, 1400);
}

static void test_resume(void **state)
{
	int64_t now = 1700000000000;

	(void)state;
	assert_int_equal(interval_resume(now, TIME_NONE, TIME_NONE, HOUR), now);
	assert_int_equal(interval_resume(now, now + 5 * MIN, now - HOUR, HOUR), now + 5 * MIN);
	/* overdue: at once */
	assert_int_equal(interval_resume(now, now - DAY, now - 2 * DAY, HOUR), now - DAY);
	/* the clock was set back: by a year without a poll since, by an hour, by years */
	assert_int_equal(interval_resume(now, now + 365 * DAY, TIME_NONE, HOUR), now + HOUR);
	assert_int_equal(interval_resume(now, now + 2 * HOUR, now + HOUR, HOUR), now + HOUR);
	assert_int_equal(
		interval_resume(now, now + 999 * DAY, now + 996 * DAY, HOUR), now + 3 * DAY);
	/* it was at 1970 without a battery: nothing is due for fifty years */
	assert_int_equal(interval_resume(0, now, now - HOUR, HOUR), HOUR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		line_test("A10 A11 A14 A15 A18 A23 A24 A25 B1 B2 B3 B4", test_rules),
		line_test("B3", test_all_that_compete_are_told),
		line_test("A23", test_gone_is_the_end),
		cmocka_unit_test(test_room_for_every_candidate),
		line_test("B4", test_spread),
		line_test("A14 B4", test_jitter_and_the_shortest),
		line_test("A15", test_open_hours_are_used_whole),
		line_test("B6", test_resume),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
