/* What is overdue comes spread, in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "schedule.h"
#include "support/lines.h"

#define S 1000LL

static struct schedule *make(void)
{
	const struct schedule_options options = {.gap_ms = 2 * S, .group_connections = 1};
	struct schedule *s = schedule_create(&options);

	assert_non_null(s);
	return s;
}

static void put(struct schedule *s, int64_t feed, const char *group, int64_t due_ms)
{
	assert_int_equal(schedule_put(s, feed, schedule_group(group), due_ms), 0);
}

/* The feed that may start, or 0. */
static int64_t take(struct schedule *s, int64_t now_ms)
{
	int64_t feed = 0;

	return schedule_take(s, now_ms, &feed) ? feed : 0;
}

/* A hundred thousand are overdue: fifty start in a second, all within an hour, and what a user adds
 * or asks for does not wait for them. */
static void test_catching_up_is_flat(void **state)
{
	enum { FEEDS = 100000 };
	struct schedule *s = make();
	int64_t feed, started = 0;
	char group[32];

	(void)state;
	for (int64_t i = 1; i <= FEEDS; i++) {
		snprintf(group, sizeof(group), "h%lld:80", (long long)i);
		put(s, i, group, i == FEEDS ? -999 : -(i % 7));
	}
	schedule_spread(s, 0, 50, 3600 * S);
	for (int64_t now_s = 1; now_s <= 2001; now_s++) {
		int64_t in_second = 0;

		while (schedule_take(s, now_s * S, &feed)) {
			if (!started)
				assert_int_equal(feed, FEEDS); /* the longest overdue */
			in_second++;
			started++;
			schedule_finish(s, feed, INT64_MAX / 2);
		}
		assert_in_range(in_second, now_s < 2000 ? 49 : 0, 51);
		if (now_s == 1000) {
			put(s, FEEDS + 1, "new:80", now_s * S);
			assert_int_equal(take(s, now_s * S), FEEDS + 1);
		}
	}
	assert_int_equal(started, FEEDS);
	schedule_destroy(s);
}

/* What has queued up in its groups is spread, too, but not what a user asked for. */
static void test_spreads_what_waits_in_its_groups(void **state)
{
	struct schedule *s = make();
	int64_t wait_ms;

	(void)state;
	for (int64_t i = 1; i <= 100; i++)
		put(s, i, "a:80", i);
	assert_int_equal(take(s, 200), 1);
	assert_int_equal(schedule_hurry(s, 90, 200, 0, &wait_ms), 0);
	assert_int_equal(schedule_counts(s, 0).due, 99);
	schedule_spread(s, 200, 2, 3600 * S);
	assert_int_equal(schedule_counts(s, 0).due, 1);
	schedule_finish(s, 1, INT64_MAX / 2);
	assert_int_equal(take(s, 10 * S), 90);
	schedule_finish(s, 90, INT64_MAX / 2);
	assert_int_equal(take(s, 50 * S), 2);
	assert_int_equal(schedule_counts(s, 0).due, 97);
	schedule_destroy(s);
}

/* A spread while an earlier one still goes on takes over what is left of it, in its order: their
 * starts do not add up. */
static void test_spreads_do_not_add_up(void **state)
{
	enum { FEEDS = 1000 };
	struct schedule *s = make();
	int64_t feed, started = 0;
	char group[32];

	(void)state;
	for (int64_t i = 1; i <= FEEDS; i++) {
		snprintf(group, sizeof(group), "h%d:80", (int)i);
		put(s, i, group, 0);
		schedule_rank(s, i, i - FEEDS);
	}
	schedule_spread(s, 0, 50, 3600 * S);
	for (int64_t now_ms = S; now_ms <= 26 * S; now_ms += S) {
		int64_t before = started;

		if (now_ms == 10 * S) /* the end of an outage that began at 6 s */
			schedule_spread(s, now_ms, 50, 3600 * S);
		while ((now_ms < 6 * S || now_ms > 10 * S) && schedule_take(s, now_ms, &feed)) {
			assert_in_range(feed, before + 1, before + 50);
			started++;
		}
		assert_true(started - before <= 50);
	}
	assert_int_equal(started, FEEDS);
	schedule_destroy(s);
}

/* Few are not worth it. */
static void test_does_not_spread_a_few(void **state)
{
	struct schedule *s = make();

	(void)state;
	put(s, 1, "a:80", -5);
	put(s, 2, "b:80", -5);
	schedule_spread(s, 0, 50, 3600 * S);
	assert_int_equal(schedule_wait_ms(s, 0), 0);
	assert_int_equal(take(s, 0) + take(s, 0), 3);
	schedule_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		line_test("B5", test_catching_up_is_flat),
		line_test("B5 B14", test_spreads_what_waits_in_its_groups),
		line_test("B14", test_spreads_do_not_add_up),
		cmocka_unit_test(test_does_not_spread_a_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
