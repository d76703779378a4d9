/* What polls teach: hints, rhythm, gaps, the fetches, and a year of polls in virtual time. */
#include "unit/daemon/plan_world.h"

#include "limits.h"
#include "rhythm.h"
#include "support/lines.h"

/* A year of each rhythm: never sooner than allowed, never later, and by the root of the rate. */
static void test_a_year_of_each_rhythm(void **state)
{
	static const struct {
		int64_t every_ms;
		int64_t least_polls, most_polls;
	} rhythms[] = {
		{10 * MINUTE, 8300, 8800}, {HOUR, 8300, 8800}, {4 * HOUR, 4100, 4700},
		{DAY, 1650, 1900}, /* every 4 h 54 min */
		{7 * DAY, 640, 760}, {30 * DAY, 355, 420},
		{0, 80, 200}, /* dormant after a quarter: up to 7 d */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rhythms) / sizeof(rhythms[0]); i++) {
		struct world w;

		begin(&w, rhythms[i].every_ms, 15);
		run(&w, START + YEAR);
		if (w.polls < rhythms[i].least_polls || w.polls > rhythms[i].most_polls)
			fail_msg("every %lld h: %lld polls, \"%s\"",
				(long long)(rhythms[i].every_ms / HOUR), (long long)w.polls,
				w.feed.due_reason);
		end(&w);
	}
}

/* A document of ten items and a hundred a day: nothing is lost; and where the shortest interval
 * does not allow that, it is told. */
static void test_nothing_is_lost(void **state)
{
	struct world w;

	(void)state;
	begin(&w, 864 * 1000LL, 10);
	run(&w, START + 60 * DAY);
	assert_int_equal(w.lost, 0);
	assert_true(w.feed.learned.gap_ms == TIME_NONE);
	end(&w);

	begin(&w, 5 * MINUTE, 10);
	run(&w, START + DAY);
	assert_true(w.lost > 0);
	assert_true(w.feed.learned.gap_ms > START);
	assert_non_null(strstr(w.feed.due_reason, "shortest"));
	end(&w);
}

/* A feed of one item a day begins to publish ten an hour: after the first gap the interval falls.
 */
static void test_a_gap_shortens(void **state)
{
	struct world w;
	struct plan_input in;
	int64_t before_ms;

	(void)state;
	begin(&w, DAY, 10);
	run(&w, START + 60 * DAY);
	before_ms = w.feed.next_due_ms - w.now_ms;
	w.now_ms = w.feed.next_due_ms;
	in = input(&w);
	in.outcome = OUTCOME_NEW_ITEMS;
	in.new_items = 10;
	in.content = &w.content;
	poll_with(&w, &in);
	assert_int_equal(w.feed.learned.gap_ms, w.now_ms);
	assert_true(w.feed.next_due_ms - w.now_ms < before_ms * 6 / 10);
	assert_int_equal(strncmp(w.feed.learned.plan, "window/learned/", 15), 0);
	end(&w);
}

/* The dates of the first document place a new feed at once. */
static void test_a_new_feed_has_a_past(void **state)
{
	struct world quick, slow, unknown;

	(void)state;
	begin(&quick, HOUR, 30);
	begin(&slow, 7 * DAY, 30);
	begin(&unknown, 0, 1);
	poll(&quick);
	poll(&slow);
	poll(&unknown);
	assert_true(quick.feed.next_due_ms - START <= 2 * HOUR + MINUTE);
	assert_true(slow.feed.next_due_ms - START >= 8 * HOUR);
	assert_true(unknown.feed.next_due_ms - START <= 2 * HOUR);
	end(&quick);
	end(&slow);
	end(&unknown);
}

/* What a document says holds until the next one, also over 304s; a new one replaces all of it. */
static void test_hints_are_kept(void **state)
{
	struct world w;

	(void)state;
	begin(&w, DAY, 10);
	w.content.ttl_min = 600;
	w.content.update_interval_min = INT64_MAX / 2; /* far beyond all */
	w.content.update_base_ms = START;
	w.content.skip_hours = 3;
	w.content.skip_days = 64;
	poll(&w);
	assert_int_equal(w.feed.learned.ttl_ms, 10 * HOUR);
	assert_int_equal(w.feed.learned.period_ms, HINT_MAX_MS);
	assert_int_equal(w.feed.learned.base_ms, START);
	w.now_ms += 11 * HOUR; /* 304 */
	poll(&w);
	assert_int_equal(w.feed.learned.ttl_ms, 10 * HOUR);
	assert_int_equal(w.feed.learned.skip_hours, 3);
	assert_int_equal(w.feed.learned.skip_days, 64);
	assert_true(w.feed.next_due_ms >= w.now_ms + 10 * HOUR);
	assert_true(plan_is_publishers(w.feed.learned.plan));
	w.content.ttl_min = -1;
	w.content.skip_hours = w.content.skip_days = 0;
	w.now_ms += 2 * DAY;
	poll(&w);
	assert_int_equal(w.feed.learned.ttl_ms, 0);
	assert_int_equal(w.feed.learned.skip_hours, 0);
	end(&w);
}

/* skipHours 0 to 22: over a year only the hour 23 sees polls (the first one was a user's). */
static void test_a_year_of_skipped_hours(void **state)
{
	struct world w;

	(void)state;
	begin(&w, 10 * MINUTE, 10);
	w.content.skip_hours = 0x7fffff;
	poll(&w);
	for (int n = 0; n < 365; n++) {
		w.now_ms = w.feed.next_due_ms;
		assert_int_equal(w.now_ms / HOUR % 24, 23);
		poll(&w);
	}
	assert_in_range(w.now_ms, START + 358 * DAY, START + 367 * DAY);
	end(&w);
}

/* A server that says on every 304 that it is good for two hours is not asked before; ten years are
 * cut to the cap. */
static void test_freshness_on_every_304(void **state)
{
	static const int64_t fresh_ms[] = {2 * HOUR, 7 * DAY};
	static const int64_t polls[] = {4380, 365};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct world w;

		begin(&w, 0, 10);
		w.policy.interval_ms = HOUR;
		poll(&w);
		w.now_ms = w.feed.next_due_ms;
		while (w.now_ms < START + YEAR) {
			struct plan_input in = input(&w);
			int64_t wait_ms;

			in.fresh_ms = fresh_ms[i];
			poll_with(&w, &in);
			wait_ms = w.feed.next_due_ms - w.now_ms;
			assert_true(wait_ms >= (i ? DAY : 2 * HOUR));
			w.now_ms = w.feed.next_due_ms;
		}
		assert_in_range(w.polls, polls[i] * 90 / 100, polls[i] + 2);
		end(&w);
	}
}

/* No validators and always the same: once a day; with validators by its rhythm. */
static void test_what_costs_everything(void **state)
{
	struct world w;
	struct plan_input in;

	(void)state;
	begin(&w, 0, 10);
	poll(&w);
	w.now_ms = w.feed.next_due_ms;
	in = input(&w);
	in.validators = false;
	in.http_status = 200;
	poll_with(&w, &in);
	assert_true(w.feed.next_due_ms - w.now_ms >= DAY);
	in.now_ms = w.now_ms += DAY;
	in.validators = true;
	poll_with(&w, &in);
	assert_true(w.feed.next_due_ms - w.now_ms < DAY);
	end(&w);
}

/* -- silence -- */

/* Polls until the feed is silent, and says how long after it spoke last; -1: not within a year. */
static int64_t silence(struct world *w)
{
	int64_t until_ms = w->now_ms + YEAR;

	while (w->now_ms < until_ms && !w->feed.learned.silent) {
		w->now_ms = w->feed.next_due_ms;
		poll(w);
	}
	return w->feed.learned.silent ? w->now_ms - w->feed.learned.spoke_ms : -1;
}

/* Never silent as long as it speaks, silent after nine of its usual intervals, and so until it
 * speaks again. */
static void test_silence(void **state)
{
	static const struct {
		int64_t every_ms, least_ms, most_ms;
	} rhythms[] = {
		{HOUR, 4 * DAY, 4 * DAY + 8 * HOUR}, /* not in a long weekend */
		{DAY, 9 * DAY - HOUR, 10 * DAY},
		{7 * DAY, 55 * DAY, 66 * DAY},
		{30 * DAY, 150 * DAY, 280 * DAY},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rhythms) / sizeof(rhythms[0]); i++) {
		struct world w;
		int64_t silent_ms;

		begin(&w, rhythms[i].every_ms, 15);
		poll(&w);
		while (w.now_ms < START + YEAR) {
			w.now_ms = w.feed.next_due_ms;
			poll(&w);
			assert_false(w.feed.learned.silent);
		}
		w.stops_ms = w.now_ms;
		silent_ms = silence(&w);
		assert_in_range(silent_ms, rhythms[i].least_ms, rhythms[i].most_ms);
		run(&w, w.now_ms + 90 * DAY);
		assert_true(w.feed.learned.silent);
		w.stops_ms = 0;
		w.now_ms += rhythms[i].every_ms;
		poll(&w);
		assert_false(w.feed.learned.silent);
		assert_int_equal(w.feed.learned.spoke_ms, w.now_ms);
		end(&w);
	}
}

/* Without dates it takes three items to know a rhythm; before that, and where nothing ever came,
 * nobody can say that it is silent. */
static void test_no_rhythm_no_silence(void **state)
{
	static const struct {
		int items; /* one a day after the first document */
		bool silent;
	} cases[] = {{0, false}, {1, false}, {2, true}, {20, true}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world w;

		begin(&w, 0, 1);
		poll(&w);
		for (int n = 0; n < cases[i].items; n++) {
			struct plan_input in = input(&w);

			in.now_ms = w.now_ms += DAY;
			in.new_items = 1;
			in.known_items = 1;
			in.outcome = OUTCOME_NEW_ITEMS;
			poll_with(&w, &in);
		}
		if ((silence(&w) > 0) != cases[i].silent)
			fail_msg("%d items: wrong", cases[i].items);
		end(&w);
	}
}

/* A feed of an item a day whose polls then end in one way, the last one so many days after it spoke
 * last; the row of the database is all that is known at each of them, as after a restart. */
static const struct {
	const char *label;
	enum outcome outcome;
	int status;
	int changed;      /* items of the document that were rewritten */
	int polls;        /* that end so */
	int64_t after_ms; /* the last of them; one an hour before */
	bool silent;
} ends[] = {
	{"304", OUTCOME_UNCHANGED, 304, 0, 1, 10 * DAY, true},
	{"304 too early", OUTCOME_UNCHANGED, 304, 0, 1, 8 * DAY, false},
	{"the same document", OUTCOME_UNCHANGED, 200, 0, 1, 10 * DAY, true},
	{"an item rewritten", OUTCOME_UNCHANGED, 200, 1, 1, 10 * DAY, false},
	{"fails for the first time", OUTCOME_FAILED, 500, 0, 1, 30 * DAY, false},
	{"fails again", OUTCOME_FAILED, 500, 0, 2, 30 * DAY, true},
	{"fails again, too early", OUTCOME_FAILED, 500, 0, 3, 8 * DAY, false},
	{"asks to wait", OUTCOME_RETRY_AFTER, 503, 0, 2, 30 * DAY, true},
	{"nobody is reached", OUTCOME_WAITING, 0, 0, 5, 30 * DAY, false},
	{"gone", OUTCOME_GONE, 410, 0, 2, 30 * DAY, false},
	{"the clock was set back", OUTCOME_UNCHANGED, 304, 0, 1, -30 * DAY, false},
};

static void test_ends_of_polls_and_silence(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct world w;
		int64_t spoke_ms;

		begin(&w, DAY, 10);
		run(&w, START + 60 * DAY);
		spoke_ms = w.feed.learned.spoke_ms;
		for (int n = ends[i].polls; n > 0; n--) {
			struct plan_input in = input(&w);

			assert_false(w.feed.learned.silent);
			in.now_ms = w.now_ms = spoke_ms + ends[i].after_ms - (n - 1) * HOUR;
			in.outcome = ends[i].outcome;
			in.http_status = ends[i].status;
			in.changed_items = ends[i].changed;
			in.error = in.outcome == OUTCOME_UNCHANGED ? NULL : "http-error";
			poll_with(&w, &in);
		}
		if (w.feed.learned.silent != ends[i].silent)
			fail_msg("%s: wrong", ends[i].label);
		assert_int_equal(w.feed.learned.spoke_ms, ends[i].changed ? w.now_ms : spoke_ms);
		end(&w);
	}
}

/* What was wrong with the last document, until there is another. */
static void test_repairs_are_kept(void **state)
{
	char words[2][20] = {"undeclared entity", "malformed XML"};
	struct remark second = {.text = words[1]}, first = {.text = words[0], .next = &second};
	struct world w;

	(void)state;
	begin(&w, DAY, 10);
	w.content.problems = &first;
	poll(&w);
	w.now_ms += HOUR; /* 304 */
	poll(&w);
	assert_string_equal(w.feed.learned.repairs, "undeclared entity\nmalformed XML");
	w.content.problems = NULL;
	w.now_ms += DAY;
	poll(&w);
	assert_null(w.feed.learned.repairs);
	end(&w);
}

/* Where each poll is sent for good ("": nowhere; "!": it fails; "~": a mixed chain counts as
 * nowhere), so many hours apart, and the poll after which the feed has moved, from 1; 0: never. */
static const struct {
	const char *label;
	const char *polls[6];
	int64_t apart_ms;
	int moves;
} trials[] = {
	{"three over two days", {"b", "b", "b"}, DAY, 3},
	{"three within a day", {"b", "b", "b"}, 8 * HOUR, 0},
	{"more of them, until two days are over", {"b", "b", "b", "b", "b", "b"}, 10 * HOUR, 6},
	{"two over two days", {"b", "b"}, 2 * DAY, 0},
	{"back to itself between", {"b", "b", "", "b", "b"}, DAY, 0},
	{"elsewhere between", {"b", "b", "c", "b", "b"}, DAY, 0},
	{"elsewhere, and that for good", {"b", "c", "c", "c"}, DAY, 4},
	{"failures between", {"b", "!", "b", "!", "b"}, DAY, 5},
	{"never", {"", "", "", "", ""}, 2 * DAY, 0},
};

static int trial(size_t i)
{
	char urls[6][16];
	int moves = 0;
	struct world w;

	begin(&w, 0, 10);
	poll(&w);
	for (int n = 0; n < 6 && trials[i].polls[n] && !moves; n++) {
		const char *to = trials[i].polls[n];
		struct plan_input in;

		w.now_ms += trials[i].apart_ms;
		in = input(&w);
		snprintf(urls[n], sizeof(urls[n]), "http://%s/", to);
		in.moved_url = *to && *to != '!' ? urls[n] : NULL;
		if (*to == '!') {
			in.outcome = OUTCOME_FAILED;
			in.error = "timed-out";
		}
		poll_with(&w, &in);
		w.poll.status = in.error ? FEED_FAILING : FEED_OK;
		w.poll.now_ms = w.now_ms;
		w.feed.moved_url = w.poll.moved_url;
		moves = plan_moves(&w.poll) ? n + 1 : 0;
	}
	end(&w);
	return moves;
}

static void test_redirects_on_trial(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
		int moves = trial(i);

		if (moves != trials[i].moves)
			fail_msg("%s: moved after %d", trials[i].label, moves);
	}
}

static void test_the_last_ten_fetches(void **state)
{
	struct world w;
	struct plan_input in;
	char wanted[64];
	int lines = 0;

	(void)state;
	begin(&w, DAY, 10);
	for (int n = 0; n < 25; n++) {
		in = input(&w);
		in.now_ms = w.now_ms += HOUR;
		in.http_status = n == 24 ? 404 : 304;
		in.error = n == 24 ? "http-error" : NULL;
		in.outcome = n == 24 ? OUTCOME_FAILED : OUTCOME_UNCHANGED;
		poll_with(&w, &in);
	}
	for (const char *p = w.feed.learned.fetches; *p; p++)
		lines += *p == '\n';
	assert_int_equal(lines, FEED_FETCHES);
	snprintf(wanted, sizeof(wanted), "%lld http-error 404 200 12 0\n%lld ok 304 200 12 0\n",
		(long long)w.now_ms, (long long)(w.now_ms - HOUR));
	assert_int_equal(strncmp(w.feed.learned.fetches, wanted, strlen(wanted)), 0);
	end(&w);
}

static void test_whose_settings_count(void **state)
{
	struct plan_policy daemon = {2 * HOUR, HOUR, DAY, 10}, p;
	struct feed feed = {.interval_ms = 30 * MINUTE};

	(void)state;
	p = plan_policy_of(&daemon, &feed);
	assert_int_equal(p.interval_ms, 30 * MINUTE);
	feed = (struct feed){.interval_max_ms = 2 * DAY};
	p = plan_policy_of(&daemon, &feed);
	assert_int_equal(p.interval_ms, 0);
	assert_int_equal(p.min_ms, HOUR);
	assert_int_equal(p.max_ms, 2 * DAY);
	feed = (struct feed){.interval_min_ms = 2 * HOUR};
	p = plan_policy_of(&daemon, &feed);
	assert_int_equal(p.interval_ms, 0);
	assert_int_equal(p.min_ms, 2 * HOUR);
	assert_int_equal(p.max_ms, DAY);
	assert_int_equal(plan_policy_of(&daemon, &(struct feed){0}).interval_ms, 2 * HOUR);
	assert_false(plan_is_waiting(NULL));
	assert_false(plan_is_publishers(NULL));
	assert_false(plan_is_publishers("rhythm/learned/1 fresh/server/0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		line_test("B1", test_a_year_of_each_rhythm),
		line_test("B2", test_nothing_is_lost),
		line_test("B2", test_a_gap_shortens),
		line_test("B1", test_a_new_feed_has_a_past),
		line_test("A15", test_hints_are_kept),
		line_test("A15", test_a_year_of_skipped_hours),
		line_test("A10", test_freshness_on_every_304),
		line_test("A14", test_what_costs_everything),
		line_test("A20", test_redirects_on_trial),
		cmocka_unit_test(test_the_last_ten_fetches),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_no_rhythm_no_silence),
		cmocka_unit_test(test_ends_of_polls_and_silence),
		cmocka_unit_test(test_repairs_are_kept),
		line_test("B3", test_whose_settings_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
