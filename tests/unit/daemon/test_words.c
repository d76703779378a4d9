/* What users say of stories: obeyed by what comes later, whether it is remembered or read again. */
#include "unit/daemon/words_world.h"

#include "support/fault.h"
#include "support/faultvfs.h"

static void put_visit(struct world *w)
{
	put(w, 1, "a", "President lands in capital for talks", wire);
	put(w, 2, "b", "A visit after 24 years", wire);
	put(w, 3, "c", "Capital receives the president with flags", report);
	assert_together(w, "a", "b");
	assert_together(w, "a", "c");
}

/* What is like what was split off joins that, what is like the rest joins the rest; they stay two
 * stories even when an item tells of both. */
static void try_split(bool starts)
{
	struct world w;
	int64_t other;

	open_world(&w);
	put_visit(&w);
	other = split_item(&w, 1, 3);
	assert_int_equal(other, 2);
	assert_int_equal(story_of(&w, "c"), other);
	assert_int_equal(
		peek(w.f.path, "SELECT count(*) FROM item WHERE pinned > 0 AND reason = 5"), 1);
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM change WHERE op = 'split' AND id = 1"
					" AND detail ->> '$.ids[0]' = 2"),
		1);
	if (starts)
		restart(&w);
	put(&w, 4, "c2", "Handshake at the airport", report);
	put(&w, 5, "b2", "President in the capital for a visit", wire);
	assert_together(&w, "c2", "c");
	assert_together(&w, "b2", "b");
	if (starts)
		restart(&w);
	put(&w, 6, "d", "Treaty, flags, portraits: capital and president",
		"<p>Defence was what officials spoke of; sanctions, diplomats, avenues with "
		"portraits, "
		"a host at the airport stairs. Mutual talks, Tuesday, a treaty signed.</p>");
	assert_int_equal(
		peek(w.f.path, "SELECT reason FROM item WHERE guid = 'd'"), STORY_SAME_EVENT);
	assert_apart(&w, "a", "c");
	close_world(&w);
}

static void test_split(void **state)
{
	(void)state;
	try_split(false);
	try_split(true);
}

/* The same text: what is left of the group has another first item. */
static void try_split_copies(bool starts)
{
	struct world w;

	open_world(&w);
	put_visit(&w);
	put(&w, 7, "b3", "A visit", wire);
	split_item(&w, 1, 1);
	assert_int_equal(story_of(&w, "a"), 2);
	assert_int_equal(
		peek(w.f.path, "SELECT group_concat(original, '') FROM fingerprint"), 1232);
	assert_int_equal(
		peek(w.f.path, "SELECT first_item * 10 + items FROM story WHERE id = 1"), 23);
	if (starts)
		restart(&w);
	put(&w, 4, "c2", "Handshake at the airport", report);
	assert_int_equal(story_of(&w, "c2"), 1);
	put(&w, 5, "e", "How to tie tomatoes", garden);
	assert_int_equal(story_of(&w, "e"), 3);
	close_world(&w);
}

static void test_split_copies(void **state)
{
	(void)state;
	try_split_copies(false);
	try_split_copies(true);
}

/* An address follows the last word about it. */
static void test_split_address(void **state)
{
	struct wanted a = {1, "a", "https://x.example/1", "President lands in capital", wire, 0};
	struct wanted c = {3, "c", "https://x.example/1", "The capital receives him", report, 0};
	struct wanted late = {4, "d", "https://x.example/1", "Short", "<p>No more.</p>", 0};
	struct world w;

	(void)state;
	open_world(&w);
	assert_int_equal(try_put(&w, &a, NULL), 0);
	assert_int_equal(try_put(&w, &c, NULL), 0);
	assert_together(&w, "a", "c");
	split_item(&w, 1, 2);
	assert_int_equal(try_put(&w, &late, NULL), 0);
	assert_together(&w, "d", "c");
	must_write(&w.f, say_pin, &(struct said){.w = &w, .story = 1, .count = 1});
	late.guid = "e";
	late.feed = 5;
	assert_int_equal(try_put(&w, &late, NULL), 0);
	assert_together(&w, "e", "a");
	close_world(&w);
}

static void try_merge(bool starts)
{
	struct world w;

	open_world(&w);
	put_visit(&w);
	put(&w, 5, "e", "How to tie tomatoes", garden);
	put(&w, 6, "f", "Chess: a draw", "<p>Knights and bishops met again in the final.</p>");
	must_write(&w.f, say_apart, &(struct said){.w = &w, .ids = {1, 2}});
	must_write(&w.f, say_apart, &(struct said){.w = &w, .ids = {2, 3}});
	assert_int_equal(join_two(&w, 2, 1), 1);
	assert_together(&w, "a", "e");
	assert_int_equal(peek(w.f.path, "SELECT one * 10 + other FROM story_apart"), 13);
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM item WHERE pinned > 0"), 4);
	assert_int_equal(peek(w.f.path, "SELECT reason FROM item WHERE guid = 'e'"), STORY_MANUAL);
	if (starts)
		restart(&w);
	put(&w, 7, "e2", "Tomatoes again", garden);
	assert_int_equal(story_of(&w, "e2"), 1);
	assert_int_equal(join_two(&w, 2, 1), 1); /* said twice */
	close_world(&w);
}

static void test_merge(void **state)
{
	(void)state;
	try_merge(false);
	try_merge(true);
}

/* What comes later joins in either script. */
static void test_merge_scripts(void **state)
{
	static const char russian[] =
		"<p>Президент прибыл в столицу во вторник вечером для переговоров, это первый "
		"такой "
		"визит за двадцать четыре года. Стороны подпишут договор о взаимной обороне.</p>";
	struct world w;

	(void)state;
	open_world(&w);
	put(&w, 1, "a", "President lands in capital for talks", wire);
	put(&w, 2, "r", "Президент прибыл в столицу", russian);
	assert_apart(&w, "a", "r");
	join_two(&w, 1, 2);
	put(&w, 3, "r2", "Первый визит за двадцать четыре года", russian);
	put(&w, 4, "b", "A visit after 24 years", wire);
	assert_together(&w, "r2", "a");
	assert_together(&w, "b", "a");
	close_world(&w);
}

static int merge_verdict(struct store_tx *tx, void *arg, struct err *e)
{
	struct said *s = arg;
	int status = grouping_begin(s->w->grouping, tx, NOW, e);

	if (status == 0)
		status = grouping_merge(s->w->grouping, s->ids[0], s->ids[1], NOW, e);
	return status ? status : grouping_end(s->w->grouping, e);
}

/* What the program finds to be one story, but for what users say. */
static void test_forbidden(void **state)
{
	struct world w;
	struct said s = {.w = &w, .ids = {1, 2}};

	(void)state;
	open_world(&w);
	put(&w, 1, "a", "President lands in capital for talks", wire);
	put(&w, 5, "e", "How to tie tomatoes", garden);
	must_write(&w.f, say_apart, &s);
	must_write(&w.f, merge_verdict, &s);
	assert_apart(&w, "a", "e");
	poke(w.f.path, "DELETE FROM story_apart");
	must_write(&w.f, say_pin, &(struct said){.w = &w, .story = 2, .count = 1});
	must_write(&w.f, merge_verdict, &s);
	assert_apart(&w, "a", "e");
	must_write(&w.f, say_pin, &(struct said){.w = &w, .story = 2});
	must_write(&w.f, merge_verdict, &s);
	assert_together(&w, "a", "e");
	close_world(&w);
}

static int say_never(struct store_tx *tx, void *arg, struct err *e)
{
	return words_set_never(tx, "x.example", *(bool *)arg, e);
}

static void test_never(void **state)
{
	struct wanted a = {1, "a", "https://x.example/1", "President lands in capital", wire, 0};
	struct wanted b = {2, "b", "https://www.x.example/2", "A visit after 24 years", wire, 0};
	struct wanted c = {3, "c", "https://yx.example/3", "A visit", wire, 0};
	struct wanted d = {4, "d", "https://y.example/?u=https://x.example/", "The visit", wire, 0};
	struct wanted e = {5, "e", "https://www.x.example/2", "Short", "<p>No more.</p>", 0};
	struct world w;

	(void)state;
	open_world(&w);
	must_write(&w.f, say_never, &(bool){true});
	assert_int_equal(try_put(&w, &a, NULL), 0);
	assert_int_equal(try_put(&w, &b, NULL), 0);
	assert_int_equal(try_put(&w, &c, NULL), 0);
	restart(&w);
	assert_int_equal(try_put(&w, &d, NULL), 0);
	assert_int_equal(try_put(&w, &e, NULL), 0);
	assert_apart(&w, "a", "b");
	assert_apart(&w, "a", "c");
	assert_apart(&w, "b", "c");
	assert_together(&w, "c", "d");
	assert_together(&w, "b", "e");
	must_write(&w.f, say_never, &(bool){false});
	b.feed = 3; /* of the same it would be known again under its new names */
	b.guid = "b2";
	b.link = "https://www.x.example/9";
	assert_int_equal(try_put(&w, &b, NULL), 0);
	assert_together(&w, "b2", "c");
	close_world(&w);
}

/* Whatever fails: the word was said or it was not, and what comes later finds it so. */
static void try_faults(int kinds)
{
	long failed = 1;

	for (long n = 0; failed; n += kinds ? 1 : 29) {
		struct said s;
		struct world w;
		int status;

		open_world(&w);
		put_visit(&w);
		s = (struct said){.w = &w, .story = 1, .ids = {3}, .count = 1};
		if (kinds)
			faultvfs_fail_after(n, kinds, SQLITE_IOERR, false);
		else
			fault_malloc_after(n);
		status = do_write(&w.f, say_split, &s, NULL);
		failed = kinds ? faultvfs_off() : fault_malloc_off();
		assert_true(failed || status == 0);
		put(&w, 4, "c2", "Handshake at the airport", report);
		put(&w, 5, "b2", "President in the capital for a visit", wire);
		assert_together(&w, "c2", "c");
		assert_together(&w, "b2", "a");
		assert_int_equal(story_of(&w, "c") == 1, status != 0);
		close_world(&w);
	}
}

static void test_faults(void **state)
{
	(void)state;
	try_faults(FAULTVFS_WRITE);
	try_faults(FAULTVFS_SYNC);
	try_faults(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_split_copies),
		cmocka_unit_test(test_split_address),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_merge_scripts),
		cmocka_unit_test(test_forbidden),
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_faults),
	};

	faultvfs_use_malloc();
	faultvfs_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
