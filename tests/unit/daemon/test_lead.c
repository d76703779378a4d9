/* Which item of a story is shown. */
#include "unit/daemon/words_world.h"

#include "base/times.h"
#include "support/faultvfs.h"

static void assert_lead(struct world *w, const char *guid)
{
	char sql[160];

	snprintf(sql, sizeof(sql),
		"SELECT guid = '%s' FROM item WHERE id = (SELECT coalesce(lead, first_item) FROM"
		" story WHERE id = 1)",
		guid);
	if (!peek(w->f.path, sql))
		fail_msg("%s does not lead", guid);
}

/* A briefing tells of it among other things, and three outlets tell of nothing else. */
static void tell_first(struct world *w)
{
	static const char brief[] =
		"<p>The president landed in the capital; a treaty on defence is to be signed."
		" Showers are expected up north. Shares closed higher, oil fell, gold was steady;"
		" a museum reopens on Sunday after repairs that took three winters. Trams stop at"
		" noon for a marathon. Bakers ask for cheaper flour, teachers for smaller classes,"
		" and our gardener for patience with tomatoes.</p>";

	put(w, 1, "a", "Morning briefing: president, treaty, rain, museum", brief);
	put(w, 2, "b", "Defence treaty brings president to capital: morning of rain", NULL);
	put(w, 3, "c", "In the capital the president signs a treaty on defence", NULL);
}

static const struct wanted best = {.feed = 4,
	.guid = "d",
	.title = "President in the capital, a treaty on defence",
	.html = "<p>In the capital: a president, defence, a treaty.</p>"};

/* The one that is clearly nearer to what all tell is shown, if it has a headline, and stays so when
 * others tell the same, and over a start. */
static void test_lead(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	tell_first(&w);
	put(&w, 3, "s", "Treaty", "<p>The president in the capital: a treaty on defence.</p>");
	assert_lead(&w, "a");
	assert_int_equal(try_put(&w, &best, NULL), 0);
	assert_lead(&w, "d");
	restart(&w);
	put(&w, 5, "e", "The president in the capital with a treaty",
		"<p>For a treaty on defence the president is in the capital.</p>");
	assert_lead(&w, "d");
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM story"), 1);
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM change WHERE kind = 'story'"), 6);
	close_world(&w);
}

static void run_rebuild(struct world *w)
{
	struct grouping_report told;

	assert_int_equal(grouping_rebuild(w->grouping, w->f.store, w->now_ms - DAY, NULL), 0);
	do {
		uv_run(&w->f.loop.uv, UV_RUN_ONCE);
		told = grouping_rebuild_look(w->grouping);
	} while (told.running);
	assert_int_equal(told.status, 0);
}

/* What is put together later is not told by its first item either, but by the first that is clearly
 * nearer. */
static void test_lead_of_rebuilt(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	w.now_ms = times_now_ms();
	w.level = GROUPING_OFF;
	tell_first(&w);
	assert_int_equal(try_put(&w, &best, NULL), 0);
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM story"), 4);
	grouping_set_level(w.grouping, w.level = GROUPING_NORMAL);
	run_rebuild(&w);
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM story"), 1);
	assert_lead(&w, "c");
	close_world(&w);
}

/* With the item or not at all. */
static void test_lead_faults(void **state)
{
	long failed = 1;

	(void)state;
	for (long n = 0; failed; n++) {
		struct world w;
		struct err e = {0};
		int status;

		open_world(&w);
		tell_first(&w);
		faultvfs_fail_after(n, FAULTVFS_WRITE, SQLITE_IOERR, false);
		status = try_put(&w, &best, &e);
		failed = faultvfs_off();
		assert_true(failed || status == 0);
		assert_lead(&w, status ? "a" : "d");
		if (status)
			assert_int_equal(try_put(&w, &best, NULL), 0);
		assert_lead(&w, "d");
		close_world(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lead),
		cmocka_unit_test(test_lead_of_rebuilt),
		cmocka_unit_test(test_lead_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
