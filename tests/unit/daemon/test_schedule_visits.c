/* Places in a rate group for redirects, icons and looks, in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "schedule_world.h"
#include "support/lines.h"

static void test_redirects_count_against_their_target(void **state)
{
	struct schedule *s = make();
	struct visit *first = NULL, *second = NULL, *third = NULL;
	int64_t target = schedule_group("target:80");

	(void)state;
	assert_int_equal(schedule_admit(s, &first, 0, target, 0, INT64_MAX), 0);
	schedule_leave(s, first);
	assert_int_equal(schedule_admit(s, &second, 0, target, 0, INT64_MAX), 2 * S);
	assert_int_equal(schedule_admit(s, &third, 0, target, 1 * S, 3 * S - 1), -3 * S);
	assert_int_equal(schedule_admit(s, &third, 0, target, 1 * S, INT64_MAX), 3 * S);
	assert_int_equal(schedule_admit(s, &second, 0, target, 2 * S, INT64_MAX), 0);
	schedule_leave(s, second);
	assert_int_equal(schedule_admit(s, &third, 0, target, 2 * S, INT64_MAX), 2 * S);
	schedule_leave(s, third);
	put(s, 1, "target:80", 0);
	assert_int_equal(take(s, 3 * S), 0);
	assert_int_equal(take(s, 4 * S), 1);
	assert_false(schedule_visited(s));
	schedule_hold(s, schedule_group("held for a day:80"), 86400 * S);
	for (int64_t i = 0; i < 10000; i++) { /* hosts nobody subscribes to do not pile up */
		char name[32];

		snprintf(name, sizeof(name), "h%d:80", (int)i);
		assert_int_equal(visit(s, schedule_group(name), 10 * S + i * S), 0);
	}
	assert_in_range(schedule_counts(s, 0).groups, 2, 12);
	schedule_destroy(s);
}

/* Polls, and who was sent on or comes for an icon, together are never more than there may be; who
 * waits keeps nobody waiting, least of all himself (A39). */
static void test_visits_take_places(void **state)
{
	struct schedule *s = make();
	struct visit *one = NULL, *two = NULL, *icon = NULL;
	int64_t a = schedule_group("a:80"), b = schedule_group("b:80");

	(void)state;
	put(s, 1, "a:80", 0);
	put(s, 2, "b:80", 0);
	put(s, 3, "b:80", 1 * S);
	assert_int_equal(take(s, 0) + take(s, 0), 3);
	/* two groups that lead into each other */
	assert_int_equal(schedule_admit(s, &one, 1, b, 10 * S, INT64_MAX), 250);
	assert_int_equal(schedule_admit(s, &two, 2, a, 10 * S, INT64_MAX), 0);
	assert_int_equal(schedule_admit(s, &one, 1, b, 11 * S, INT64_MAX), 0);
	assert_int_equal(schedule_admit(s, &icon, 0, b, 20 * S, INT64_MAX), 250);
	schedule_leave(s, two);
	assert_false(schedule_finish(s, 2, 1000 * S));
	assert_int_equal(take(s, 20 * S), 0);
	assert_int_equal(schedule_admit(s, &icon, 0, b, 20 * S, INT64_MAX), 250);
	assert_int_equal(schedule_find(s, 3, 20 * S).state, SCHEDULE_BUSY);
	/* and back: the poll's own place is free, since it is away */
	assert_int_equal(schedule_admit(s, &one, 1, a, 20 * S, INT64_MAX), 0);
	assert_int_equal(schedule_admit(s, &icon, 0, b, 21 * S, INT64_MAX), 250); /* 3 may go */
	assert_int_equal(schedule_admit(s, &icon, 0, b, 21 * S + 250, INT64_MAX), 0);
	assert_int_equal(take(s, 30 * S), 0);
	schedule_leave(s, icon);
	assert_int_equal(take(s, 30 * S), 3);
	schedule_leave(s, one);
	schedule_finish(s, 1, 40 * S);
	assert_int_equal(take(s, 40 * S), 1); /* nothing is left of the visits */
	assert_false(schedule_visited(s));
	/* within a group */
	one = NULL;
	assert_int_equal(schedule_admit(s, &one, 1, a, 50 * S, INT64_MAX), 0);
	schedule_leave(s, one);
	schedule_leave(s, NULL);
	schedule_destroy(s);
}

enum { VISITORS = 50 };

/* One host in a run of test_visits_and_feeds_take_turns(). */
struct host {
	struct schedule *s;
	struct visit *visits[VISITORS];
	int64_t ask_ms[VISITORS];
	int64_t next;    /* of the visits */
	int64_t feeds;   /* that started */
	int64_t ahead;   /* 1: a feed was the last to start, -1: a visit, 0: none yet */
	int64_t last_ms; /* when */
};

static void started(struct host *h, int64_t who, int64_t now_ms)
{
	assert_int_not_equal(h->ahead, who);
	assert_in_range(now_ms - h->last_ms, 2 * S, 3 * S);
	h->ahead = who;
	h->last_ms = now_ms;
}

static void ask(struct host *h, int64_t now_ms)
{
	for (int64_t i = h->next; i < VISITORS; i++) {
		int64_t wait_ms;

		if (h->ask_ms[i] > now_ms)
			continue;
		wait_ms = schedule_admit(
			h->s, &h->visits[i], 0, schedule_group("a:80"), now_ms, INT64_MAX);
		h->ask_ms[i] = now_ms + wait_ms;
		if (wait_ms)
			continue;
		assert_int_equal(i, h->next++);
		started(h, -1, now_ms);
		schedule_leave(h->s, h->visits[i]);
	}
}

static void poll(struct host *h, int64_t now_ms)
{
	int64_t feed = take(h->s, now_ms);

	if (!feed)
		return;
	h->feeds++;
	started(h, 1, now_ms);
	schedule_finish(h->s, feed, now_ms);
}

/* More are sent to a host than it takes, and each of its own feeds is due again at once: every
 * second start is a feed's, whoever comes first when the host is free. */
static void test_visits_and_feeds_take_turns(void **state)
{
	(void)state;
	for (int polls_first = 0; polls_first < 2; polls_first++) {
		struct host h = {.s = make(), .last_ms = -2 * S};

		put(h.s, 1, "a:80", 0);
		put(h.s, 2, "a:80", 0);
		for (int64_t now_ms = 0; h.next < VISITORS; now_ms += 50) {
			if (polls_first)
				poll(&h, now_ms);
			ask(&h, now_ms);
			if (!polls_first)
				poll(&h, now_ms);
		}
		assert_in_range(h.feeds, VISITORS - 1, VISITORS);
		assert_false(schedule_visited(h.s));
		schedule_destroy(h.s);
	}
}

/* Who came first goes first, whoever asks; who is far behind asks seldom, and when those before him
 * have gone away he is next. */
static void test_visits_start_in_order(void **state)
{
	enum { VISITS = 2000 };
	static struct visit *visits[VISITS];
	struct schedule *s = make();
	int64_t key = schedule_group("a:80");

	(void)state;
	schedule_limit(s, key, 0, 0);
	for (int64_t i = 0; i < VISITS; i++) { /* the first is there, the second is next */
		int64_t wanted = i <= 1 ? i * 250 : i <= 16 ? (i - 1) * 250 : 4 * S;

		assert_int_equal(schedule_admit(s, &visits[i], 0, key, 0, INT64_MAX), wanted);
	}
	schedule_leave(s, visits[0]);
	assert_int_equal(schedule_admit(s, &visits[3], 0, key, 1 * S, INT64_MAX), 500);
	assert_int_equal(schedule_admit(s, &visits[2], 0, key, 1 * S, INT64_MAX), 250);
	assert_int_equal(schedule_admit(s, &visits[1], 0, key, 1 * S, INT64_MAX), 0);
	for (int i = 1; i < VISITS - 1; i++) { /* the one that is there, and all that wait */
		if (i != 100)
			schedule_leave(s, visits[i]);
	}
	assert_int_equal(schedule_admit(s, &visits[VISITS - 1], 0, key, 2 * S, INT64_MAX), 250);
	/* who is told to stay away holds nobody up */
	schedule_hold(s, key, 9 * S);
	assert_int_equal(schedule_admit(s, &visits[100], 0, key, 8 * S, INT64_MAX), -1 * S);
	assert_int_equal(schedule_admit(s, &visits[VISITS - 1], 0, key, 9 * S, INT64_MAX), 0);
	assert_int_equal(schedule_admit(s, &visits[100], 0, key, 9 * S, INT64_MAX), 250);
	schedule_leave(s, visits[VISITS - 1]);
	assert_int_equal(schedule_admit(s, &visits[100], 0, key, 9 * S, INT64_MAX), 0);
	schedule_leave(s, visits[100]);
	assert_false(schedule_visited(s));
	/* also where the gap is long */
	schedule_limit(s, key, 60 * S, 0);
	for (int64_t i = 0; i < 4; i++) {
		visits[i] = NULL;
		assert_int_equal(schedule_admit(s, &visits[i], 0, key, 10 * S, INT64_MAX),
			i == 0   ? 0
			: i == 1 ? 60 * S
				 : 64 * S);
	}
	for (int i = 0; i < 4; i++)
		schedule_leave(s, visits[i]);
	schedule_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		line_test("A39", test_visits_take_places),
		line_test("A39", test_visits_and_feeds_take_turns),
		line_test("A39", test_visits_start_in_order),
		cmocka_unit_test(test_redirects_count_against_their_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
