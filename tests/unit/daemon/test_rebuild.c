/* Stories once more, by another level: what comes apart, what comes together, and what users said.
 */
#include "unit/daemon/words_world.h"

#include "base/times.h"
#include "support/fault.h"
#include "support/faultvfs.h"

enum { ITEMS = 160, EVENTS = 40, STATE_MAX = 1 << 16 };

/* Which items are together, and why each is where it is. */
struct state {
	char text[STATE_MAX];
};

static void read_state(struct world *w, bool reasons, struct state *ret_state)
{
	sqlite3_stmt *stmt;
	sqlite3 *db;
	char sql[400];

	snprintf(sql, sizeof(sql),
		"SELECT group_concat(line, '|') FROM (SELECT guid || (SELECT min(guid) FROM item"
		" WHERE story = i.story)%s AS line FROM item i ORDER BY guid)",
		reasons ? " || reason || coalesce((SELECT o.guid FROM item o WHERE o.id = "
			  "i.copy_of), 0)"
			: "");
	assert_int_equal(sqlite3_open(w->f.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	snprintf(ret_state->text, STATE_MAX, "%s", (const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	sqlite3_close(db);
}

/* Tells of the first items that differ: of long texts cmocka shows the beginning. */
static void assert_same(const struct state *got, const struct state *wanted)
{
	size_t at = 0;

	while (got->text[at] && got->text[at] == wanted->text[at])
		at++;
	if (got->text[at] == wanted->text[at])
		return;
	at -= at < 10 ? at : 10;
	fail_msg("%.200s, not %.200s", got->text + at, wanted->text + at);
}

static int64_t stories(struct world *w)
{
	return peek(w->f.path, "SELECT count(*) FROM story");
}

static uint32_t draw(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % below;
}

/* Words of one of the events, and others. */
static void put_some(struct world *w, uint32_t *seed, int from, int count)
{
	for (int i = from; i < from + count; i++) {
		uint32_t event = draw(seed, EVENTS);
		uint32_t own = 3 + draw(seed, 4);
		char guid[16], title[400] = "";
		size_t len = 0;

		snprintf(guid, sizeof(guid), "g%04d", i);
		for (uint32_t n = 0; n < 9; n++) {
			uint32_t word = draw(seed, n < own ? 9 : 20000);

			len += (size_t)snprintf(title + len, sizeof(title) - len, "%s%ux%u ",
				n < own ? "w" : "v", n < own ? event : 0, word);
		}
		w->now_ms += 1000;
		put(w, 1 + i % FEEDS, guid, title, NULL);
	}
}

static void set_level(struct world *w, enum grouping_level level)
{
	w->level = level;
	grouping_set_level(w->grouping, level);
}

static void run_rebuild(struct world *w, struct grouping_report *ret_report)
{
	do {
		uv_run(&w->f.loop.uv, UV_RUN_ONCE);
		*ret_report = grouping_rebuild_look(w->grouping);
	} while (ret_report->running);
}

static void rebuild_since(struct world *w, int64_t since_ms)
{
	struct grouping_report told;
	struct err e = {0};

	assert_int_equal(grouping_rebuild(w->grouping, w->f.store, since_ms, &e), 0);
	assert_int_equal(grouping_rebuild(w->grouping, w->f.store, since_ms, &e), ERR_BUSY);
	run_rebuild(w, &told);
	if (told.status)
		fail_msg("%s: %s", err_name(told.status), told.text);
	assert_int_equal(told.done, told.total);
}

static void rebuild(struct world *w, enum grouping_level level)
{
	set_level(w, level);
	rebuild_since(w, w->now_ms - DAY);
	assert_counts(w->f.path);
}

static void open_filled(struct world *w, enum grouping_level level, uint32_t *seed)
{
	open_world(w);
	set_level(w, level);
	w->now_ms = times_now_ms() - 3600000;
	put_some(w, seed, 0, ITEMS);
}

/* By the same level nothing changes; by a wider one there are fewer stories, those that the daemon
 * would have made by it; and back. What comes next joins the same either way. */
static void test_there_and_back(void **state)
{
	static struct state first, wide, same, now;

	(void)state;
	for (uint32_t seed = 1; seed <= 6; seed++) {
		struct world strict, other;
		uint32_t draws = seed, again = seed;
		int64_t seq;

		open_filled(&strict, GROUPING_STRICT, &draws);
		open_filled(&other, GROUPING_WIDE, &again);
		read_state(&strict, true, &first);
		read_state(&other, true, &wide);
		assert_string_not_equal(first.text, wide.text);
		assert_true(stories(&other) < stories(&strict));
		seq = peek(strict.f.path, "SELECT max(seq) FROM change");
		rebuild(&strict, GROUPING_STRICT);
		assert_int_equal(peek(strict.f.path, "SELECT max(seq) FROM change"), seq);
		rebuild(&strict, GROUPING_WIDE);
		read_state(&strict, true, &now);
		assert_same(&now, &wide);
		assert_int_equal(
			peek(strict.f.path, "SELECT count(*) FROM fingerprint a JOIN item i"
					    " ON i.id = a.item JOIN item o ON o.id = original"
					    " WHERE o.story <> i.story OR level <> 5"),
			0);
		rebuild(&strict, GROUPING_STRICT);
		read_state(&strict, true, &now);
		assert_same(&now, &first);
		rebuild(&other, GROUPING_STRICT);
		read_state(&other, true, &now);
		assert_same(&now, &first);
		restart(&other);
		put_some(&strict, &draws, ITEMS, 30);
		put_some(&other, &again, ITEMS, 30);
		read_state(&strict, true, &now);
		read_state(&other, true, &same);
		assert_same(&now, &same);
		assert_int_equal(
			peek(strict.f.path, "SELECT count(*) FROM change WHERE kind = 'story'"
					    " AND op = 'new'"),
			peek(strict.f.path, "SELECT count(DISTINCT seq) FROM change c JOIN item i"
					    " ON c.kind = 'story' AND c.op = 'new'"));
		close_world(&other);
		close_world(&strict);
	}
}

/* Only what is younger, and not what a user has put where it is. */
static void test_what_stays(void **state)
{
	struct world w;
	uint32_t seed = 3;
	int64_t middle, before, moved, apart;

	(void)state;
	open_world(&w);
	set_level(&w, GROUPING_STRICT);
	w.now_ms = times_now_ms() - 3600000;
	put_some(&w, &seed, 0, 40);
	middle = w.now_ms;
	put_some(&w, &seed, 40, 200);
	before = stories(&w);
	apart = peek(w.f.path, "SELECT id FROM story WHERE items > 2 ORDER BY id DESC LIMIT 1");
	moved = peek(w.f.path, "SELECT max(id) FROM item WHERE story ="
			       " (SELECT id FROM story WHERE items > 2 ORDER BY id DESC LIMIT 1)");
	moved = split_item(&w, apart, moved);
	poke(w.f.path, "CREATE TABLE was AS SELECT id, story, received_ms, pinned FROM item");
	set_level(&w, GROUPING_WIDE);
	rebuild_since(&w, middle + 1);
	assert_true(stories(&w) < before);
	assert_int_equal(
		peek(w.f.path, "SELECT count(*) FROM item i JOIN was USING (id) WHERE"
			       " i.story <> was.story AND (i.pinned > 0 OR i.received_ms <= "
			       "(SELECT received_ms FROM was WHERE id = 40))"),
		0);
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM story_apart"), 1);
	set_level(&w, GROUPING_STRICT);
	rebuild_since(&w, middle + 1);
	assert_int_equal(stories(&w), before + 1);
	assert_true(apart != moved);
	close_world(&w);
}

/* A host that is never grouped leaves, and comes back when that is taken back. */
static int say_never(struct store_tx *tx, void *arg, struct err *e)
{
	return words_set_never(tx, "x.example", *(bool *)arg, e);
}

static void test_never(void **state)
{
	struct wanted a = {1, "a", "https://x.example/1", "President lands in capital", wire, 0};
	struct wanted b = {2, "b", "https://y.example/2", "A visit after 24 years", wire, 0};
	struct wanted c = {3, "c", "https://z.example/3", "A visit", wire, 0};
	struct world w;

	(void)state;
	open_world(&w);
	w.now_ms = times_now_ms();
	assert_int_equal(try_put(&w, &a, NULL), 0);
	assert_int_equal(try_put(&w, &b, NULL), 0);
	assert_int_equal(try_put(&w, &c, NULL), 0);
	assert_together(&w, "a", "c");
	must_write(&w.f, say_never, &(bool){true});
	rebuild(&w, GROUPING_NORMAL);
	assert_apart(&w, "a", "b");
	assert_together(&w, "b", "c");
	assert_int_equal(story_of(&w, "b"), 1);
	assert_int_equal(peek(w.f.path, "SELECT reason FROM item WHERE guid = 'a'"), STORY_FIRST);
	must_write(&w.f, say_never, &(bool){false});
	rebuild(&w, GROUPING_NORMAL);
	assert_together(&w, "a", "b");
	assert_together(&w, "a", "c");
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM change WHERE op = 'new' AND"
					" kind = 'story'"),
		1);
	close_world(&w);
}

/* By address alone, and back. */
static void test_off(void **state)
{
	static struct state first, now;
	struct wanted one = {1, "z1", "https://x.example/1", "Chess: a draw", wire, 0};
	struct wanted two = {2, "z2", "https://x.example/1", "How to tie tomatoes", garden, 0};
	struct world w;
	uint32_t seed = 6;

	(void)state;
	open_filled(&w, GROUPING_NORMAL, &seed);
	assert_int_equal(try_put(&w, &one, NULL), 0);
	assert_int_equal(try_put(&w, &two, NULL), 0);
	read_state(&w, true, &first);
	rebuild(&w, GROUPING_OFF);
	assert_int_equal(stories(&w), ITEMS + 1);
	assert_together(&w, "z1", "z2");
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM item WHERE reason <> 0"), 1);
	restart(&w);
	rebuild(&w, GROUPING_NORMAL);
	read_state(&w, true, &now);
	assert_same(&now, &first);
	close_world(&w);
}

/* What came while a feed's texts were not compared is compared once they are. */
static void test_from_off(void **state)
{
	static struct state wanted, now;
	uint32_t draws = 7, again = 7;
	struct world w, other;

	(void)state;
	open_filled(&w, GROUPING_OFF, &draws);
	open_filled(&other, GROUPING_NORMAL, &again);
	assert_int_equal(stories(&w), ITEMS);
	read_state(&other, true, &wanted);
	rebuild(&w, GROUPING_NORMAL);
	read_state(&w, true, &now);
	assert_same(&now, &wanted);
	close_world(&w);
	close_world(&other);
}

/* Polls go on; what came meanwhile is judged by what has become. */
static void test_meanwhile(void **state)
{
	static struct state now, wide;
	struct grouping_report told;
	struct world w, other;

	(void)state;
	for (uint32_t start = 1; start <= 4; start++) {
		uint32_t seed = start, again = start;

		open_filled(&w, GROUPING_STRICT, &seed);
		open_filled(&other, GROUPING_WIDE, &again);
		set_level(&w, GROUPING_WIDE);
		assert_int_equal(grouping_rebuild(w.grouping, w.f.store, w.now_ms - DAY, NULL), 0);
		put_some(&w, &seed, ITEMS, 40);
		run_rebuild(&w, &told);
		assert_int_equal(told.status, 0);
		put_some(&other, &again, ITEMS, 40);
		read_state(&w, false, &now);
		read_state(&other, false, &wide);
		assert_same(&now, &wide);
		close_world(&other);
		close_world(&w);
	}
}

/* What was cut off is begun anew by the next start, and judged from the beginning. */
static void test_cut_off(void **state)
{
	static struct state now, wide;
	struct grouping_report told;
	struct world w, other;
	uint32_t seed = 4, again = 4;
	char sql[200];

	(void)state;
	open_filled(&w, GROUPING_STRICT, &seed);
	open_filled(&other, GROUPING_WIDE, &again);
	read_state(&other, true, &wide);
	snprintf(sql, sizeof(sql),
		"UPDATE fingerprint SET level = 5 WHERE item < 70;"
		"INSERT INTO meta VALUES ('rebuild', %lld)",
		(long long)(w.now_ms - DAY));
	poke(w.f.path, sql);
	w.level = GROUPING_WIDE;
	restart(&w);
	grouping_warm(w.grouping, w.f.store);
	do
		uv_run(&w.f.loop.uv, UV_RUN_ONCE);
	while (!grouping_rebuild_look(w.grouping).begun);
	run_rebuild(&w, &told);
	assert_int_equal(told.status, 0);
	read_state(&w, true, &now);
	assert_same(&now, &wide);
	assert_int_equal(peek(w.f.path, "SELECT value FROM meta WHERE key = 'rebuild'"), 0);
	close_world(&other);
	close_world(&w);
}

/* Wherever it is by then. */
static int say_split_off(struct store_tx *tx, void *arg, struct err *e)
{
	struct said *s = arg;
	struct item_row row;
	struct arena arena;
	int status;

	arena_init(&arena, ARENA_BYTES);
	status = items_get_brief(tx, s->ids[0], &arena, &row, e);
	s->story = row.story;
	arena_finish(&arena);
	return status ? status : say_split(tx, arg, e);
}

/* What users say meanwhile is obeyed. */
static void test_said_meanwhile(void **state)
{
	struct grouping_report told;
	struct world w;
	struct said s = {.w = &w, .count = 1};
	uint32_t seed = 5;

	(void)state;
	open_filled(&w, GROUPING_STRICT, &seed);
	s.ids[0] = peek(w.f.path, "SELECT max(id) FROM item WHERE story ="
				  " (SELECT id FROM story WHERE items > 2 LIMIT 1)");
	set_level(&w, GROUPING_WIDE);
	assert_int_equal(grouping_rebuild(w.grouping, w.f.store, w.now_ms - DAY, NULL), 0);
	must_write(&w.f, say_split_off, &s);
	run_rebuild(&w, &told);
	assert_int_equal(told.status, 0);
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM story_apart"), 1);
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM item JOIN story ON story.id ="
					" item.story WHERE pinned > 0 AND items = 1"),
		1);
	close_world(&w);
}

/* Whatever fails: it may be begun again, and comes to the same; polls find what the database holds.
 */
static void try_faults(int kinds, long step)
{
	static struct state wide, now;
	struct world w;
	long failed = 1;
	uint32_t seed = 2;

	open_filled(&w, GROUPING_WIDE, &seed);
	read_state(&w, true, &wide);
	close_world(&w);
	for (long n = 0; failed; n += step) {
		struct grouping_report told;

		seed = 2;
		open_filled(&w, GROUPING_STRICT, &seed);
		set_level(&w, GROUPING_WIDE);
		faultvfs_fail_after(n, kinds, SQLITE_IOERR, false);
		assert_int_equal(grouping_rebuild(w.grouping, w.f.store, w.now_ms - DAY, NULL), 0);
		run_rebuild(&w, &told);
		failed = faultvfs_off();
		assert_true(failed || told.status == 0);
		if (told.status)
			rebuild(&w, GROUPING_WIDE);
		read_state(&w, true, &now);
		assert_same(&now, &wide);
		close_world(&w);
	}
}

/* What a feed or its folder says goes before what is said of all. */
static void test_levels_of_feeds(void **state)
{
	static struct state wide, now;
	struct world w, other;
	uint32_t draws = 3, again = 3;

	(void)state;
	open_filled(&w, GROUPING_STRICT, &draws);
	open_filled(&other, GROUPING_WIDE, &again);
	read_state(&other, true, &wide);
	poke(w.f.path,
		"UPDATE feed SET stories = 5 WHERE id % 2; INSERT INTO folder (id, rev, name,"
		" stories) VALUES (900, 1, 'wide', 5);"
		"UPDATE feed SET folder = 900 WHERE id % 2 = 0");
	rebuild(&w, GROUPING_STRICT);
	read_state(&w, true, &now);
	assert_same(&now, &wide);
	close_world(&w);
	close_world(&other);
}

static void test_faults(void **state)
{
	(void)state;
	try_faults(FAULTVFS_WRITE, 5);
	try_faults(0, 41);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_what_stays),
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_from_off),
		cmocka_unit_test(test_meanwhile),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_said_meanwhile),
		cmocka_unit_test(test_levels_of_feeds),
		cmocka_unit_test(test_faults),
	};

	faultvfs_use_malloc();
	faultvfs_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
