/* Due times, rate groups and gaps in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/err.h"
#include "schedule_world.h"
#include "support/lines.h"

static void test_takes_in_order_of_due_times(void **state)
{
	struct schedule *s = make();

	(void)state;
	put(s, 1, "a:80", 30 * S);
	put(s, 2, "b:80", 10 * S);
	put(s, 3, "c:80", 20 * S);
	assert_int_equal(schedule_wait_ms(s, 0), 10 * S);
	assert_int_equal(take(s, 9 * S), 0);
	assert_int_equal(take(s, 10 * S), 2);
	assert_int_equal(take(s, 25 * S), 3);
	assert_int_equal(take(s, 25 * S), 0);
	assert_int_equal(schedule_wait_ms(s, 25 * S), 5 * S);
	assert_int_equal(take(s, 30 * S), 1);
	assert_int_equal(schedule_wait_ms(s, 30 * S), -1);
	assert_int_equal(schedule_counts(s, 0).polling, 3);
	schedule_destroy(s);
}

static void test_one_connection_and_a_gap_in_a_group(void **state)
{
	struct schedule *s = make();

	(void)state;
	put(s, 1, "a:80", 0);
	put(s, 2, "a:80", 0);
	put(s, 3, "b:80", 0);
	assert_int_equal(take(s, 0) + take(s, 0), 1 + 3);
	assert_int_equal(take(s, 10 * S), 0); /* feed 1 still has the group's connection */
	schedule_finish(s, 1, 100 * S);
	assert_int_equal(take(s, 10 * S), 2);
	schedule_finish(s, 2, 100 * S);
	put(s, 4, "a:80", 0);
	assert_int_equal(take(s, 11 * S), 0); /* the gap since 10 s */
	assert_int_equal(schedule_wait_ms(s, 11 * S), 1 * S);
	assert_int_equal(take(s, 12 * S), 4);
	schedule_destroy(s);
}

static void test_a_big_group_does_not_hold_others_up(void **state)
{
	struct schedule *s = make();
	int64_t others = 0;

	(void)state;
	for (int64_t i = 1; i <= 1000; i++)
		put(s, i, "big:80", 0);
	for (int64_t i = 1001; i <= 1010; i++)
		put(s, i, i % 2 ? "x:80" : "y:80", 0);
	for (int64_t now = 0; now < 20 * S; now += S / 10) {
		int64_t feed = take(s, now);

		if (!feed)
			continue;
		others += feed > 1000;
		schedule_finish(s, feed, 1000 * S);
	}
	assert_int_equal(others, 10);
	assert_int_equal(schedule_counts(s, 0).due, 1000 - 10);
	schedule_destroy(s);
}

static void test_hurry_and_its_floor(void **state)
{
	struct schedule *s = make();
	int64_t wait_ms = 0;

	(void)state;
	put(s, 1, "a:80", 500 * S);
	put(s, 2, "a:80", 0);
	put(s, 3, "a:80", 0);
	assert_int_equal(schedule_hurry(s, 9, 0, 60 * S, &wait_ms), ERR_NOT_FOUND);
	assert_int_equal(schedule_hurry(s, 1, 0, 60 * S, &wait_ms), 0);
	assert_int_equal(take(s, 0), 1); /* before those that waited */
	assert_int_equal(schedule_hurry(s, 1, 0, 60 * S, &wait_ms),
		0); /* under way: the same poll serves both */
	schedule_finish(s, 1, 500 * S);
	assert_int_equal(schedule_hurry(s, 1, 20 * S, 60 * S, &wait_ms), ERR_BUSY);
	assert_int_equal(wait_ms, 40 * S);
	assert_int_equal(schedule_hurry(s, 1, 60 * S, 60 * S, &wait_ms), 0);
	assert_int_equal(take(s, 60 * S), 1);
	/* what was before this run counts, unless more is known */
	put(s, 4, "b:80", 500 * S);
	schedule_remember(s, 4, -20 * S);
	assert_int_equal(schedule_hurry(s, 4, 10 * S, 60 * S, &wait_ms), ERR_BUSY);
	assert_int_equal(wait_ms, 30 * S);
	schedule_remember(s, 4, -40 * S);
	assert_int_equal(schedule_hurry(s, 4, 39 * S, 60 * S, &wait_ms), ERR_BUSY);
	assert_int_equal(schedule_hurry(s, 4, 40 * S, 60 * S, &wait_ms), 0);
	schedule_remember(s, 9, 0);
	schedule_destroy(s);
}

static void test_a_held_group_starts_nothing(void **state)
{
	struct schedule *s = make();
	int64_t a = schedule_group("a:80"), wait_ms = 0;

	(void)state;
	put(s, 1, "a:80", 0);
	put(s, 2, "a:80", 0);
	put(s, 3, "b:80", 0);
	assert_int_equal(take(s, 0) + take(s, 0), 1 + 3);
	schedule_hold(s, a, 100 * S); /* its server said so to feed 1 */
	schedule_hold(s, a, 50 * S);  /* never shortened */
	schedule_finish(s, 1, 100 * S);
	schedule_finish(s, 3, 10 * S);
	assert_int_equal(take(s, 10 * S), 3); /* others go on */
	assert_int_equal(take(s, 99 * S), 0);
	assert_int_equal(schedule_hurry(s, 2, 60 * S, 0, &wait_ms), ERR_BUSY);
	assert_int_equal(wait_ms, 40 * S);
	assert_int_equal(schedule_wait_ms(s, 99 * S), 1 * S);
	assert_int_equal(take(s, 100 * S), 2);
	schedule_finish(s, 2, 1000 * S);
	assert_int_equal(take(s, 101 * S), 0); /* no burst at its end: the gap counts */
	assert_int_equal(take(s, 102 * S), 1);
	schedule_finish(s, 1, 1000 * S);
	schedule_hold(s, a, 200 * S);
	assert_int_equal(visit(s, a, 150 * S), -50 * S); /* nor by a redirect */
	assert_int_equal(visit(s, a, 200 * S), 0);
	schedule_hold(s, schedule_group("nobody:80"), 200 * S); /* only redirects lead there */
	assert_int_equal(visit(s, schedule_group("x:80"), 300 * S), 0);
	schedule_destroy(s);
}

static void assert_place(
	struct schedule *s, int64_t now_ms, int64_t feed, int wanted, int64_t open_ms, bool held)
{
	struct schedule_place place = schedule_find(s, feed, now_ms);

	assert_int_equal(place.state, wanted);
	assert_int_equal(place.open_ms, open_ms);
	assert_int_equal(place.held, held);
}

/* A feed at each of its stages, and what keeps it there; it is due also while nothing is taken. */
static void test_where_a_feed_is(void **state)
{
	struct schedule *s = make();

	(void)state;
	put(s, 1, "a:80", 10 * S);
	put(s, 2, "a:80", 10 * S);
	put(s, 3, "a:80", TIME_NONE);
	assert_place(s, 9 * S, 1, SCHEDULE_LATER, 0, false);
	assert_int_equal(schedule_find(s, 1, 9 * S).due_ms, 10 * S);
	assert_int_equal(schedule_counts(s, 9 * S).due, 0);
	assert_place(s, 10 * S, 1, SCHEDULE_DUE, 0, false);
	assert_int_equal(schedule_counts(s, 10 * S).due, 2);
	assert_place(s, 10 * S, 3, SCHEDULE_OUT, 0, false);
	assert_place(s, 10 * S, 4, SCHEDULE_OUT, 0, false);
	put(s, 1, "a:80", 10 * S);
	put(s, 2, "a:80", 11 * S);
	assert_int_equal(take(s, 10 * S), 1);
	assert_place(s, 11 * S, 1, SCHEDULE_POLLING, 12 * S, false);
	assert_place(s, 11 * S, 2, SCHEDULE_BUSY, 12 * S, false);
	schedule_finish(s, 1, 100 * S);
	assert_place(s, 11 * S, 2, SCHEDULE_DUE, 12 * S, false);
	schedule_hold(s, schedule_group("a:80"), 200 * S);
	assert_place(s, 20 * S, 2, SCHEDULE_DUE, 200 * S, true);
	assert_place(s, 20 * S, 1, SCHEDULE_LATER, 200 * S, true);
	put(s, 5, "b:80", -6 * S);
	put(s, 6, "c:80", -5 * S);
	schedule_spread(s, 20 * S, 1, 60 * S);
	assert_int_equal(schedule_find(s, 6, 20 * S).due_ms, 22 * S + 1); /* its turn */
	assert_int_equal(schedule_counts(s, 20 * S).due, 0);
	schedule_remove(s, 5);
	schedule_remove(s, 6);
	assert_int_equal(take(s, 200 * S), 2);
	schedule_remove(s, 2);
	assert_place(s, 200 * S, 2, SCHEDULE_OUT, 0, false);
	schedule_destroy(s);
}

/* Who takes a host's last feed out and brings it back does not get around its gap or its hold. */
static void test_a_group_outlives_its_feeds(void **state)
{
	struct schedule *s = make();

	(void)state;
	put(s, 1, "a:80", 0);
	assert_int_equal(take(s, 0), 1);
	schedule_finish(s, 1, 0);
	schedule_remove(s, 1);
	put(s, 2, "a:80", 0);
	assert_int_equal(take(s, 1 * S), 0);
	assert_int_equal(take(s, 2 * S), 2);
	schedule_finish(s, 2, 0);
	schedule_hold(s, schedule_group("a:80"), 100 * S);
	schedule_remove(s, 2);
	put(s, 3, "a:80", 0);
	assert_int_equal(take(s, 99 * S), 0);
	assert_int_equal(take(s, 100 * S), 3);
	schedule_remove(s, 3);
	schedule_finish(s, 3, 0);
	assert_int_equal(schedule_counts(s, 0).groups, 1);
	assert_int_equal(take(s, 200 * S), 0);
	assert_int_equal(schedule_counts(s, 0).groups, 0);
	schedule_destroy(s);
}

static void test_removal_and_moves_at_every_stage(void **state)
{
	struct schedule *s = make();

	(void)state;
	put(s, 1, "a:80", 10 * S);
	schedule_remove(s, 1); /* waiting */
	assert_int_equal(take(s, 10 * S), 0);
	put(s, 1, "a:80", 10 * S);
	put(s, 2, "a:80", 10 * S);
	assert_int_equal(take(s, 10 * S), 1);
	assert_int_equal(schedule_counts(s, 0).due, 1);
	schedule_remove(s, 2); /* ready */
	assert_int_equal(schedule_counts(s, 0).due, 0);
	schedule_remove(s, 1); /* under way: forgotten at its end */
	assert_int_equal(schedule_counts(s, 0).polling, 1);
	schedule_finish(s, 1, 20 * S);
	assert_int_equal(schedule_counts(s, 0).feeds, 0);
	put(s, 3, "a:80", 30 * S);
	assert_int_equal(take(s, 30 * S), 3);
	put(s, 3, "b:80", 40 * S); /* moved while under way: the new group counts after it */
	assert_true(schedule_finish(s, 3, 31 * S));
	assert_int_equal(take(s, 31 * S), 3);
	put(s, 3, "b:80", 40 * S); /* the same group, then removed, all while under way */
	schedule_remove(s, 3);
	assert_false(schedule_finish(s, 3, 32 * S));
	assert_int_equal(schedule_counts(s, 0).feeds, 0);
	schedule_remove(s, 77); /* unknown: nothing */
	put(s, 5, "c:80", TIME_NONE);
	assert_int_equal(take(s, INT64_MAX / 2), 0);
	schedule_destroy(s);
}

static void test_what_is_not_polled_does_not_finish(void **state)
{
	struct schedule *s = make();
	int64_t wait_ms = 0;

	(void)state;
	put(s, 1, "a:80", 50 * S);
	assert_false(schedule_finish(s, 1, 10 * S));
	assert_false(schedule_finish(s, 2, 10 * S));
	assert_int_equal(schedule_wait_ms(s, 0), 50 * S);
	schedule_remove(s, 2);
	assert_int_equal(take(s, 50 * S), 1);
	schedule_remove(s, 1);
	assert_int_equal(schedule_hurry(s, 1, 60 * S, 0, &wait_ms), ERR_NOT_FOUND);
	assert_false(schedule_finish(s, 1, 100 * S));
	assert_int_equal(schedule_counts(s, 0).feeds, 0);
	schedule_destroy(s);
}

/* They count from the next start; a group's own limits stay. */
static void test_other_options(void **state)
{
	static const struct schedule_options other = {.gap_ms = 10 * S, .group_connections = 2};
	struct schedule *s = make();

	(void)state;
	schedule_limit(s, schedule_group("own:80"), 5 * S, 0);
	schedule_limit(s, schedule_group("wide:80"), -1, 3);
	schedule_configure(s, &other);
	for (int64_t i = 1; i <= 3; i++) {
		put(s, i, "a:80", i - 4);
		put(s, 10 + i, "own:80", i - 4);
		put(s, 20 + i, "wide:80", i - 4);
	}
	assert_int_equal(take(s, 0) + take(s, 0) + take(s, 0), 1 + 11 + 21);
	assert_int_equal(take(s, 4 * S), 0);
	assert_int_equal(take(s, 5 * S), 12);
	assert_int_equal(take(s, 9 * S), 0);
	assert_int_equal(take(s, 10 * S) + take(s, 10 * S), 2 + 22);
	assert_int_equal(take(s, 20 * S), 23);
	assert_int_equal(take(s, 99 * S), 0);
	schedule_destroy(s);
}

/* A group of the user's has its own gap and connections (A39). */
static void test_limits_of_a_group(void **state)
{
	struct schedule *s = make();
	int64_t slow = schedule_group("slow"), wide = schedule_group("wide");

	(void)state;
	schedule_limit(s, slow, 60 * S, 0);
	put(s, 1, "slow", 0);
	put(s, 2, "slow", 0);
	assert_int_equal(take(s, 0), 1);
	schedule_finish(s, 1, 1000 * S);
	assert_int_equal(take(s, 59 * S), 0);
	assert_int_equal(take(s, 60 * S), 2);
	schedule_finish(s, 2, 1000 * S);
	assert_int_equal(visit(s, slow, 60 * S), 60 * S); /* for redirects, too */
	schedule_limit(s, slow, -1, 0);                   /* the user changed his mind */
	assert_int_equal(visit(s, slow, 200 * S), 0);
	assert_int_equal(visit(s, slow, 200 * S), 2 * S);

	schedule_limit(s, wide, 0, 2);
	for (int64_t i = 11; i <= 13; i++)
		put(s, i, "wide", (280 + i) * S);
	assert_int_equal(take(s, 300 * S), 11);
	assert_int_equal(take(s, 300 * S), 12);
	assert_int_equal(take(s, 300 * S), 0);
	schedule_limit(s, wide, 0, 3);
	assert_int_equal(take(s, 300 * S), 13);
	schedule_limit(s, schedule_group("nobody"), -1, 0); /* nothing to remember */
	assert_int_equal(schedule_counts(s, 0).groups, 2);
	schedule_limit(s, schedule_group("visited"), 60 * S, 0); /* also where there are no feeds */
	assert_int_equal(visit(s, schedule_group("visited"), 300 * S), 0);
	assert_int_equal(visit(s, schedule_group("visited"), 310 * S), 50 * S);
	schedule_destroy(s);
}

/* Who comes within a minute after this one uses its connection (A38). */
static void test_more_of_a_group(void **state)
{
	struct schedule *s = make();

	(void)state;
	put(s, 1, "a:80", 0);
	put(s, 2, "a:80", 0);
	put(s, 3, "a:80", 50 * S);
	assert_int_equal(take(s, 0), 1);
	assert_true(schedule_more(s, 1));
	schedule_limit(s, schedule_group("a:80"), 60 * S, 0);
	assert_false(schedule_more(s, 1)); /* the gap is longer than connections are kept */
	schedule_limit(s, schedule_group("a:80"), -1, 0);
	schedule_finish(s, 1, 1000 * S);
	assert_int_equal(take(s, 2 * S), 2);
	assert_false(schedule_more(s, 2));
	assert_false(schedule_more(s, 9));
	schedule_destroy(s);
}

/* Random operations beside a model that knows only the rules. */
static void test_rules_hold_under_random_use(void **state)
{
	enum { FEEDS = 40, GROUPS = 6 };
	int64_t last_start[GROUPS], group_of[FEEDS + 1] = {0};
	bool polling[FEEDS + 1] = {false};
	struct schedule *s = make();
	char name[8];

	(void)state;
	srand(7);
	for (int i = 0; i < GROUPS; i++)
		last_start[i] = -1000 * S;
	for (int64_t now = 0; now < 3000 * S; now += S / 4) {
		int64_t feed = 1 + rand() % FEEDS;

		if (rand() % 3 == 0 && !polling[feed]) {
			group_of[feed] = rand() % GROUPS;
			snprintf(name, sizeof(name), "g%d", (int)group_of[feed]);
			put(s, feed, name, now + rand() % (20 * S));
		} else if (rand() % 9 == 0 && polling[feed]) {
			schedule_finish(s, feed, now + rand() % (50 * S));
			polling[feed] = false;
		}
		feed = take(s, now);
		if (!feed)
			continue;
		assert_false(polling[feed]);
		for (int i = 1; i <= FEEDS; i++)
			assert_false(polling[i] && group_of[i] == group_of[feed]);
		assert_true(now - last_start[group_of[feed]] >= options.gap_ms);
		last_start[group_of[feed]] = now;
		polling[feed] = true;
	}
	schedule_destroy(s);
}

/* A thousand hosts that stall for half a minute each beside a thousand good ones, a hundred
 * connections: the good ones are not late. How late all were is told. */
static void test_stalled_hosts_delay_nobody(void **state)
{
	enum { HOSTS = 1000, CONNECTIONS = 100, RUN_S = 7200, STALL_S = 30 };
	static int64_t ends_s[2 * HOSTS + 1], due_s[2 * HOSTS + 1];
	struct schedule *s = make();
	int64_t feed, polling = 0, good = 0, late = 0;
	char group[32];

	(void)state;
	for (int64_t i = 1; i <= 2 * HOSTS; i++) {
		snprintf(group, sizeof(group), "h%lld:80", (long long)i);
		due_s[i] = i * 37 % 3600;
		put(s, i, group, due_s[i] * S);
	}
	for (int64_t now_s = 0; now_s < RUN_S; now_s++) {
		for (int64_t i = 1; i <= 2 * HOSTS; i++) {
			if (!ends_s[i] || ends_s[i] > now_s)
				continue;
			ends_s[i] = 0;
			polling--;
			due_s[i] = now_s + 3600;
			schedule_finish(s, i, due_s[i] * S);
		}
		while (polling < CONNECTIONS && schedule_take(s, now_s * S, &feed)) {
			polling++;
			ends_s[feed] = now_s + (feed <= HOSTS ? STALL_S : 1);
			good += feed > HOSTS;
			late += feed > HOSTS && now_s - due_s[feed] > 10;
		}
	}
	assert_true(good > HOSTS);
	assert_true(late * 100 <= good);
	assert_true(schedule_counts(s, 0).late_ms_p99 <= 16384);
	assert_true(schedule_counts(s, 0).late_ms_p50 <= 1024);
	schedule_destroy(s);
}

static void test_lateness_is_told(void **state)
{
	struct schedule *s = make();
	struct schedule_counts counts;
	int64_t wait_ms;
	char group[32];

	(void)state;
	for (int64_t i = 1; i <= 100; i++) {
		snprintf(group, sizeof(group), "h%lld:80", (long long)i);
		put(s, i, group, 0);
		assert_int_equal(take(s, i <= 60 ? 3 : i <= 98 ? 100 : 5000), i);
		schedule_finish(s, i, 99999 * S);
	}
	counts = schedule_counts(s, 0);
	assert_int_equal(counts.late_ms_p50, 4);
	assert_int_equal(counts.late_ms_p99, 8192);
	/* what a user asks for has no due time to be late by */
	for (int n = 0; n < 200; n++) {
		assert_int_equal(schedule_hurry(s, 1, (100 + n * 10) * S, 0, &wait_ms), 0);
		assert_int_equal(take(s, (100 + n * 10) * S), 1);
		schedule_finish(s, 1, 99999 * S);
	}
	assert_int_equal(schedule_counts(s, 0).late_ms_p50, 4);
	schedule_destroy(s);
}

/* Whatever the order in which overdue feeds have their turn, and however long they were made to
 * wait for it. */
static void test_lateness_goes_by_due_times(void **state)
{
	struct schedule *s = make();
	int64_t feed;
	char group[32];

	(void)state;
	put(s, 1, "a:80", -7);
	put(s, 2, "b:80", -3);
	schedule_rank(s, 2, -1000000 * S);
	schedule_rank(s, 3, -1000000 * S); /* unknown: nothing */
	assert_int_equal(take(s, 0), 2);
	schedule_rank(s, 2, -1000000 * S); /* nor while it is polled */
	assert_int_equal(schedule_counts(s, 0).late_ms_p99, 4);
	assert_int_equal(take(s, 0), 1);
	assert_int_equal(schedule_counts(s, 0).late_ms_p99, 8);
	for (int64_t i = 11; i <= 110; i++) {
		snprintf(group, sizeof(group), "h%d:80", (int)i / 2);
		put(s, i, group, -5 * S);
	}
	schedule_spread(s, 0, 10, 3600 * S);
	for (int64_t now_ms = 0; now_ms <= 60 * S; now_ms += 100) {
		if (now_ms == 5 * S) /* some are ready by now: each second one of a group */
			schedule_spread(s, now_ms, 10, 3600 * S);
		while (schedule_take(s, now_ms, &feed))
			schedule_finish(s, feed, 99999 * S);
	}
	assert_int_equal(schedule_counts(s, 0).due, 0);
	assert_int_equal(schedule_counts(s, 0).late_ms_p50, 16384);
	assert_int_equal(schedule_counts(s, 0).late_ms_p99, 32768);
	schedule_destroy(s);
}

/* A hundred requests by hand for one feed while it is polled: one poll. */
static void test_one_poll_at_a_time(void **state)
{
	struct schedule *s = make();
	int64_t wait_ms;

	(void)state;
	put(s, 1, "a:80", 0);
	assert_int_equal(take(s, 0), 1);
	for (int n = 0; n < 100; n++)
		assert_int_equal(schedule_hurry(s, 1, 10 * S, 0, &wait_ms), 0);
	assert_int_equal(take(s, 10 * S), 0);
	schedule_finish(s, 1, 3600 * S);
	assert_int_equal(take(s, 20 * S), 0); /* nor afterwards */
	assert_int_equal(schedule_wait_ms(s, 20 * S), 3580 * S);
	schedule_destroy(s);
}

/* A hundred feeds on one host, the third is told to wait for ten minutes: nothing before, then one
 * a gap. */
static void test_no_burst_after_a_hold(void **state)
{
	struct schedule *s = make();
	int64_t feed, started = 0, last_ms = -2 * S;

	(void)state;
	for (int64_t i = 1; i <= 100; i++)
		put(s, i, "a:80", 0);
	for (int64_t now_ms = 0; now_ms < 900 * S; now_ms += 500) {
		if (!schedule_take(s, now_ms, &feed))
			continue;
		assert_true(now_ms - last_ms >= 2 * S);
		assert_true(started != 3 || now_ms >= 600 * S);
		last_ms = now_ms;
		if (++started == 3)
			schedule_hold(s, schedule_group("a:80"), 600 * S);
		schedule_finish(s, feed, 99999 * S);
	}
	assert_int_equal(started, 100);
	schedule_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		line_test("B7 B8", test_stalled_hosts_delay_nobody),
		line_test("B8", test_lateness_is_told),
		line_test("B8", test_lateness_goes_by_due_times),
		line_test("B9", test_one_poll_at_a_time),
		line_test("A19", test_no_burst_after_a_hold),
		cmocka_unit_test(test_takes_in_order_of_due_times),
		cmocka_unit_test(test_one_connection_and_a_gap_in_a_group),
		cmocka_unit_test(test_a_big_group_does_not_hold_others_up),
		line_test("A39", test_limits_of_a_group),
		cmocka_unit_test(test_more_of_a_group),
		line_test("A12", test_hurry_and_its_floor),
		line_test("A19", test_a_held_group_starts_nothing),
		line_test("B8", test_where_a_feed_is),
		cmocka_unit_test(test_a_group_outlives_its_feeds),
		cmocka_unit_test(test_removal_and_moves_at_every_stage),
		cmocka_unit_test(test_what_is_not_polled_does_not_finish),
		cmocka_unit_test(test_other_options),
		cmocka_unit_test(test_rules_hold_under_random_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
