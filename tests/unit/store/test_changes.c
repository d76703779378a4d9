/* The change log: what goes in comes out, in order, in pages. */
#include "fixture.h"

static const struct change samples[] = {
	{.kind = CHANGE_ITEM_NEW,
		.time_ms = NOW,
		.feed = 7,
		.initial = true,
		.ids = {1, 2, 3},
		.id_count = 3},
	{.kind = CHANGE_ITEM_NEW, .time_ms = NOW + 1, .feed = 7, .ids = {4}, .id_count = 1},
	{.kind = CHANGE_STORY_GROWN, .time_ms = NOW + 2, .ids = {2147483647, 1}, .id_count = 2},
	{.kind = CHANGE_FEED_SILENT, .time_ms = NOW + 3, .ids = {9}, .id_count = 1},
	{.kind = CHANGE_RESET, .time_ms = NOW + 4, .id_count = 0},
};

enum { SAMPLES = sizeof(samples) / sizeof(samples[0]) };

static int put_samples(struct store_tx *tx, void *arg, struct err *e)
{
	int status = 0;

	(void)arg;
	for (int n = 0; n < SAMPLES && status == 0; n++) {
		struct change change = samples[n];

		change.seq = changes_reserve(tx);
		status = changes_put(tx, &change, e);
	}
	return status;
}

struct reading {
	int64_t since;
	int limit, leave_after;
	struct change lines[300];
	int count;
	bool more;
};

static int collect(void *ctx, const struct change *change)
{
	struct reading *r = ctx;

	if (r->leave_after && r->count == r->leave_after)
		return 1;
	r->lines[r->count++] = *change;
	return 0;
}

static int read_log(struct store_tx *tx, void *arg, struct err *e)
{
	struct reading *r = arg;

	r->count = 0;
	return changes_list(tx, r->since, r->limit, collect, r, &r->more, e);
}

static void test_round_trip(void **state)
{
	struct reading r = {.limit = 100};
	struct fixture f;

	(void)state;
	fixture_open(&f);
	must_write(&f, put_samples, NULL);
	must_read(&f, read_log, &r);
	assert_int_equal(r.count, SAMPLES);
	assert_false(r.more);
	for (int n = 0; n < SAMPLES; n++) {
		assert_int_equal(r.lines[n].seq, n + 1);
		assert_int_equal(r.lines[n].kind, samples[n].kind);
		assert_int_equal(r.lines[n].initial, samples[n].initial);
		assert_int_equal(r.lines[n].time_ms, samples[n].time_ms);
		assert_int_equal(r.lines[n].feed, samples[n].feed);
		assert_int_equal(r.lines[n].id_count, samples[n].id_count);
		assert_memory_equal(r.lines[n].ids, samples[n].ids, sizeof(samples[n].ids));
	}
	fixture_close(&f);
}

struct pruning {
	int64_t now_ms;
	int limit;
	bool more;
};

static int prune(struct store_tx *tx, void *arg, struct err *e)
{
	struct pruning *p = arg;

	return changes_prune(tx, p->now_ms, p->limit, &p->more, e);
}

static int put_dated(struct store_tx *tx, void *arg, struct err *e)
{
	return changes_add(tx, CHANGE_ITEM_NEW, 1, *(int64_t *)arg, NULL, e);
}

/* Ten lines of ten days: what is older than is promised goes, bit by bit, but for the newest. */
/* What had come by a time, and when a number did. */
static int look_at_times(struct store_tx *tx, void *arg, struct err *e)
{
	static const struct {
		int64_t time_ms, seq;
	} cases[] = {
		{0, 0},
		{NOW, 0},
		{NOW + 1, 1},
		{NOW + 3, 3},
		{NOW + 4, 4},
		{NOW + 5, 5},
		{INT64_MAX, 5},
	};
	int64_t got;

	(void)arg;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(changes_find_time(tx, cases[i].time_ms, &got, e), 0);
		assert_int_equal(got, cases[i].seq);
	}
	assert_int_equal(changes_get_time(tx, 4, &got, e), 0);
	assert_int_equal(got, NOW + 3);
	assert_int_equal(changes_get_time(tx, 6, &got, e), 0);
	assert_int_equal(got, TIME_NONE);
	return 0;
}

static int forget_some(struct store_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	return query_exec(tx, e, "DELETE FROM change WHERE seq IN (?, 3)", as_int(1));
}

static int look_past_gaps(struct store_tx *tx, void *arg, struct err *e)
{
	int64_t got;

	(void)arg;
	assert_int_equal(changes_find_time(tx, NOW + 1, &got, e), 0);
	assert_int_equal(got, 0);
	assert_int_equal(changes_find_time(tx, NOW + 3, &got, e), 0);
	assert_int_equal(got, 2);
	return 0;
}

static void test_times(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f);
	must_write(&f, put_samples, NULL);
	must_read(&f, look_at_times, NULL);
	must_write(&f, forget_some, NULL);
	must_read(&f, look_past_gaps, NULL);
	fixture_close(&f);
}

static void test_pruning(void **state)
{
	static const struct {
		int days, limit, left;
		bool more;
		int64_t min_seq;
	} cases[] = {
		{0, 5, 10, false, 0},
		{1, 5, 10, false, 0}, /* just as old as is promised */
		{4, 2, 8, true, 3},
		{4, 2, 7, false, 4},
		{4, 2, 7, false, 4},
		{100, 100, 1, false, 10},
		{100, 100, 1, false, 10},
	};
	const int64_t day_ms = 24 * 3600 * 1000;
	struct fixture f;

	(void)state;
	fixture_open(&f);
	for (int64_t n = 1; n <= 10; n++)
		must_write(&f, put_dated, &(int64_t){NOW + n * day_ms});
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pruning p = {
			NOW + cases[i].days * day_ms + CHANGES_KEPT_MS, cases[i].limit, false};

		must_write(&f, prune, &p);
		if (p.more != cases[i].more ||
			peek(f.path, "SELECT count(*) FROM change") != cases[i].left ||
			peek(f.path, "SELECT value FROM meta WHERE key = 'min_seq'") !=
				cases[i].min_seq)
			fail_msg("case %zu", i);
	}
	stop(&f);
	assert_int_equal(try_open(&f, &(struct err){0}), 0);
	start(&f);
	assert_int_equal(store_seq(f.store), 10); /* numbers go on */
	fixture_close(&f);
}

static int put_hundred_ids(struct store_tx *tx, void *arg, struct err *e)
{
	struct change change = {
		.kind = CHANGE_ITEM_STATE, .time_ms = INT64_MAX, .feed = 2147483647};

	(void)arg;
	for (int n = 0; n < CHANGE_IDS_MAX; n++)
		change.ids[change.id_count++] = 2147483647 - n;
	change.initial = true;
	change.seq = changes_reserve(tx);
	return changes_put(tx, &change, e);
}

static void test_the_longest_line(void **state)
{
	struct reading r = {.limit = 1};
	struct fixture f;

	(void)state;
	fixture_open(&f);
	must_write(&f, put_hundred_ids, NULL);
	must_read(&f, read_log, &r);
	assert_int_equal(r.lines[0].id_count, CHANGE_IDS_MAX);
	for (int n = 0; n < CHANGE_IDS_MAX; n++)
		assert_int_equal(r.lines[0].ids[n], 2147483647 - n);
	assert_int_equal(r.lines[0].time_ms, INT64_MAX);
	fixture_close(&f);
}

static void test_pages(void **state)
{
	static const struct {
		int64_t since;
		int limit, leave_after, count;
		bool more;
	} cases[] = {
		{0, 5, 0, 5, false},
		{0, 4, 0, 4, true},
		{0, 1, 0, 1, true},
		{4, 1, 0, 1, false},
		{5, 9, 0, 0, false},
		{99, 9, 0, 0, false},
		{0, 9, 2, 2, true},
		{3, 9, 2, 2, false},
		{3, 9, 1, 1, true}, /* the last one is refused */
		{0, 0, 0, 0, true},
	};
	struct fixture f;

	(void)state;
	fixture_open(&f);
	must_write(&f, put_samples, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reading r = {.since = cases[i].since,
			.limit = cases[i].limit,
			.leave_after = cases[i].leave_after};

		must_read(&f, read_log, &r);
		assert_int_equal(r.count, cases[i].count);
		assert_int_equal(r.more, cases[i].more);
		if (r.count)
			assert_int_equal(r.lines[0].seq, cases[i].since + 1);
	}
	fixture_close(&f);
}

static void test_numbers_go_on_after_a_restart(void **state)
{
	struct reading r = {.limit = 100};
	struct fixture f;
	struct err e;

	(void)state;
	fixture_open(&f);
	must_write(&f, put_samples, NULL);
	stop(&f);
	assert_int_equal(try_open(&f, &e), 0);
	assert_int_equal(store_seq(f.store), SAMPLES);
	start(&f);
	must_write(&f, put_samples, NULL);
	must_read(&f, read_log, &r);
	assert_int_equal(r.count, 2 * SAMPLES);
	assert_int_equal(r.lines[2 * SAMPLES - 1].seq, 2 * SAMPLES);
	fixture_close(&f);
}

static void test_a_damaged_line_is_said(void **state)
{
	static const char *const damage[] = {
		"UPDATE change SET kind = 'nonsense' WHERE seq = 2",
		"UPDATE change SET kind = 'item', op = X'00' WHERE seq = 2",
	};
	struct reading r = {.limit = 100};
	struct fixture f;
	struct err e;

	(void)state;
	fixture_open(&f);
	must_write(&f, put_samples, NULL);
	for (int n = 0; n < 2; n++) {
		poke(f.path, damage[n]);
		assert_int_equal(do_read(&f, read_log, &r, &e), ERR_CORRUPT);
	}
	poke(f.path, "UPDATE change SET detail = '{' WHERE seq = 2");
	assert_true(do_read(&f, read_log, &r, &e) < 0);
	poke(f.path, "UPDATE change SET op = 'new', detail = "
		     "'{\"ids\":[\"a\",-1,99999999999999999999,{}]}' WHERE seq = 2");
	must_read(&f, read_log, &r); /* whatever it means, it stays within bounds */
	assert_in_range(r.lines[1].id_count, 1, CHANGE_IDS_MAX);
	fixture_close(&f);
}

static void test_names(void **state)
{
	static const struct {
		enum change_kind kind;
		const char *noun, *op;
	} names[] = {
		{CHANGE_ITEM_NEW, "item", "new"},
		{CHANGE_STORY_SPLIT, "story", "split"},
		{CHANGE_FOLDER_DELETE, "folder", "delete"},
		{CHANGE_RESET, "reset", "reset"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_string_equal(change_kind_noun(names[i].kind), names[i].noun);
		assert_string_equal(change_kind_op(names[i].kind), names[i].op);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_pruning),
		cmocka_unit_test(test_the_longest_line),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_numbers_go_on_after_a_restart),
		cmocka_unit_test(test_a_damaged_line_is_said),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
