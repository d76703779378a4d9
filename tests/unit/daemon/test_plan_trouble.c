/* Freshness over polls, and what trouble does to the plan. */
#include "unit/daemon/plan_world.h"

#include "support/lines.h"

static int64_t poll_as(struct world *w, int status, int64_t fresh_ms, bool validators)
{
	struct plan_input in = input(w);

	in.http_status = status;
	in.fresh_ms = fresh_ms;
	in.validators = validators;
	if (status != 200 && status != 304) {
		in.outcome = OUTCOME_FAILED;
		in.error = "http-error";
	}
	poll_with(w, &in);
	return w->feed.next_due_ms - w->now_ms;
}

/* A 304 that says nothing of freshness renews the stored answer's (RFC 9111, 4.3.4), unless that
 * was until a moment; one that says something replaces it. */
static void test_freshness_is_renewed(void **state)
{
	struct plan_input in;
	struct world w;

	(void)state;
	begin(&w, 0, 10);
	poll(&w);
	assert_true(poll_as(&w, 200, 9 * HOUR, true) >= 9 * HOUR);
	for (int i = 0; i < 3; i++) {
		w.now_ms = w.feed.next_due_ms;
		assert_true(poll_as(&w, 304, -1, true) >= 9 * HOUR);
	}
	assert_true(poll_as(&w, 304, 0, true) < 9 * HOUR);
	assert_true(poll_as(&w, 304, -1, true) < 9 * HOUR);
	in = input(&w);
	in.fresh_ms = 9 * HOUR;
	in.expires = true;
	poll_with(&w, &in);
	assert_true(w.feed.next_due_ms - w.now_ms >= 9 * HOUR);
	assert_true(poll_as(&w, 304, -1, true) < 9 * HOUR);
	assert_true(poll_as(&w, 304, 9 * HOUR, true) >= 9 * HOUR);
	assert_true(poll_as(&w, 200, -1, true) < 9 * HOUR);
	end(&w);
}

/* A poll that fails, by hand and so before its time: what is left of the freshness counts, and what
 * was a reason to ask once a day still is. */
static void test_trouble_is_no_reason_to_hurry(void **state)
{
	struct world w;

	(void)state;
	begin(&w, 0, 10);
	w.feed.url = "http://example.org/";
	assert_true(poll_as(&w, 500, -1, false) < 3 * HOUR); /* nothing is known of it yet */
	poll(&w);
	assert_true(poll_as(&w, 500, -1, false) < 3 * HOUR); /* the last had news */
	w.now_ms += HOUR;
	assert_true(poll_as(&w, 200, 20 * HOUR, true) >= 20 * HOUR);
	w.now_ms += 8 * HOUR;
	assert_in_range(poll_as(&w, 500, -1, true), 12 * HOUR, 14 * HOUR);
	assert_non_null(strstr(w.feed.due_reason, "its last answer is good for 12h more"));
	w.now_ms += 12 * HOUR;
	assert_true(poll_as(&w, 500, 20 * HOUR, true) < 5 * HOUR); /* an error's own is none */
	poll_as(&w, 200, -1, false);
	for (int i = 0; i < 3; i++) {
		w.now_ms = w.feed.next_due_ms;
		assert_true(poll_as(&w, 500, -1, false) >= DAY);
	}
	assert_true(plan_is_publishers("no-validators/learned/1"));
	w.feed.url = "file:///a";
	assert_true(poll_as(&w, 0, -1, false) < DAY);
	end(&w);
}

/* Failing for a year: the gaps grow to a week and no further, and it is never given up; then it
 * recovers and all is as before. */
static void test_a_year_of_failures(void **state)
{
	int64_t longest_ms = 0, wait_ms = 0;
	struct world w;

	(void)state;
	begin(&w, 4 * HOUR, 10);
	run(&w, START + 30 * DAY);
	for (int n = 0; w.now_ms < START + YEAR; n++) {
		struct plan_input in = input(&w);

		in.outcome = OUTCOME_FAILED;
		in.error = "http-error";
		in.http_status = 404;
		poll_with(&w, &in);
		wait_ms = w.feed.next_due_ms - w.now_ms;
		assert_in_range(wait_ms, n ? HOUR : 2 * HOUR, 7 * DAY);
		longest_ms = wait_ms > longest_ms ? wait_ms : longest_ms;
		w.now_ms = w.feed.next_due_ms;
		assert_true(n < 400);
	}
	assert_true(longest_ms > 5 * DAY);
	assert_true(w.feed.learned.rhythm_items > 50); /* nothing was unlearned by failing */
	poll(&w);
	assert_int_equal(w.feed.error_count, 0);
	assert_true(w.feed.next_due_ms - w.now_ms < 12 * HOUR);
	end(&w);
}

/* No resolver for ten hours: tried again and again, not counted, and soon again afterwards. */
static void test_waiting_for_the_network(void **state)
{
	int64_t back_ms, tries = 0;
	struct world w;
	struct plan_input in;

	(void)state;
	begin(&w, DAY, 10);
	run(&w, START + 10 * DAY);
	w.feed.error_count = 2;
	back_ms = w.now_ms + 10 * HOUR;
	while (w.now_ms < back_ms) {
		in = input(&w);
		in.outcome = OUTCOME_WAITING;
		in.error = "resolver-failed";
		in.http_status = 0;
		plan_poll(&in, &w.arena, &w.poll);
		assert_true(plan_is_waiting(w.poll.learned.plan));
		assert_in_range(w.poll.next_due_ms - w.now_ms, 5 * MINUTE, 2 * HOUR);
		assert_non_null(strstr(w.poll.due_reason, "waiting: this machine reaches nobody"));
		w.now_ms = w.poll.next_due_ms;
		tries++;
	}
	assert_in_range(tries, 10, 40);
	assert_true(w.now_ms - back_ms < 2 * HOUR);
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		line_test("A4 A10", test_freshness_is_renewed),
		line_test("A14 A24", test_trouble_is_no_reason_to_hurry),
		line_test("A24", test_a_year_of_failures),
		line_test("A25", test_waiting_for_the_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
