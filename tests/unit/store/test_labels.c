/* Labels on items, folders that are kept, marking by a filter up to what was seen, and what there
 * is of all that. */
#include "fixture.h"
#include "store/counts.h"
#include "store/labels.h"
#include "store/states.h"

#include <stdlib.h>

/* Two feeds, the first in folder 1; items 1 to `count` in turn, every fifth a copy of the first
 * such. */
static int fill(struct store_tx *tx, void *arg, struct err *e)
{
	int64_t id;
	int count = *(int *)arg;
	int status = add_feed(tx, "u1", "F", &id, e);

	if (status == 0)
		status = add_feed(tx, "u2", NULL, &id, e);
	for (int n = 1; n <= count && status == 0; n++)
		status = put_item(tx, 1 + n % 2, n, n % 5 ? 0 : 1234, NULL, NOW + n, NULL, e);
	return status;
}

static void open_filled(struct fixture *f, int count)
{
	fixture_open(f);
	must_write(f, fill, &count);
}

/* -- marking -- */

static int step(struct store_tx *tx, void *arg, struct err *e)
{
	return states_step(tx, arg, 5, e);
}

static int mark(struct fixture *f, struct states s)
{
	s.now_ms = NOW;
	for (int n = 0; !s.ended; n++) {
		must_write(f, step, &s);
		assert_true(n < 10000);
	}
	return s.changed;
}

static void test_marking_by_filter(void **state)
{
	static const struct {
		const char *name, *before; /* SQL */
		struct states states;
		const char *is; /* true of the items that are then marked, and of no others */
		const char *marked;
	} cases[] = {
		{"all", NULL, {.read = 1}, "1", "read"},
		{"a feed and copies", NULL, {.read = 1, .filter = {.feed = 1}},
			"feed = 1 OR key % 5 = 0", "read"},
		{"a folder, starred", NULL, {.starred = 1, .filter = {.folder = 1}}, "feed = 1",
			"starred"},
		{"a label",
			"INSERT INTO label VALUES (1, 1, 'l'); INSERT INTO item_label VALUES"
			" (1, 3), (1, 6)",
			{.read = 1, .filter = {.label = 1}}, "id IN (3, 6)", "read"},
		{"received before", NULL, {.starred = 1, .filter = {.received_before_ms = NOW + 9}},
			"id < 9", "starred"},
		{"unread again", "UPDATE item SET read = 1; UPDATE story SET unread = 0",
			{.read = -1, .filter = {.feed = 2}}, "feed = 1", "read"},
		{"what is starred",
			"UPDATE item SET starred = 1 WHERE id = 7; UPDATE story SET"
			" starred = 1 WHERE id = (SELECT story FROM item WHERE id = 7)",
			{.read = 1, .filter = {.starred = 1}}, "id = 7", "read"},
		{"stories of a feed", NULL,
			{.stories = true,
				.read = STATE_READ_STORY,
				.filter = {.feed = 1, .read = -1}},
			"feed = 1 OR key % 5 = 0", "read"},
		{"all stories", NULL,
			{.stories = true, .read = STATE_READ_STORY, .filter = {.read = -1}}, "1",
			"read"},
		{"no such feed", NULL, {.read = 1, .filter = {.feed = 9}}, "0", "read"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char sql[300];
		struct fixture f;

		open_filled(&f, 330);
		if (cases[i].before)
			poke(f.path, cases[i].before);
		(void)mark(&f, cases[i].states);
		snprintf(sql, sizeof(sql), "SELECT count(*) FROM item WHERE %s <> (%s)",
			cases[i].marked, cases[i].is);
		if (peek(f.path, sql))
			fail_msg("%s", cases[i].name);
		assert_int_equal(peek(f.path, "SELECT count(*) FROM change WHERE kind = 'item' AND"
					      " op = 'state' AND json_array_length(detail,"
					      " '$.ids') > 99"),
			0);
		stop(&f);
		assert_counts(f.path);
		fixture_close(&f);
	}
}

/* What came later is untouched, also when it is a copy. */
static void test_as_of(void **state)
{
	static const bool stories[] = {false, true};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct states s = {.stories = stories[i], .read = 1};
		struct fixture f;

		open_filled(&f, 60);
		s.as_of = peek(f.path, "SELECT rev FROM item WHERE id = 40") + 1;
		assert_int_equal(mark(&f, s), 40);
		assert_int_equal(peek(f.path, "SELECT sum(read) FROM item WHERE id <= 40"), 40);
		assert_int_equal(peek(f.path, "SELECT sum(read) FROM item WHERE id > 40"), 0);
		assert_int_equal(mark(&f, s), 0);
		s.as_of = peek(f.path, "SELECT max(seq) FROM change");
		assert_int_equal(mark(&f, s), 20);
		s.as_of = 1; /* before any item */
		s.read = -1;
		assert_int_equal(mark(&f, s), 0);
		stop(&f);
		assert_counts(f.path);
		fixture_close(&f);
	}
}

/* In several jobs, each of which ends in time. */
static void test_marking_is_done_in_steps(void **state)
{
	int64_t *ids = malloc(9999 * sizeof(*ids));
	struct states s = {.starred = 1, .now_ms = NOW};
	struct fixture f;
	int steps = 0, count = 9999;

	(void)state;
	assert_non_null(ids);
	open_filled(&f, count);
	for (int n = 0; n < count; n++)
		ids[n] = count - n;
	for (; !s.ended; steps++)
		must_write(&f, step, &s);
	assert_int_equal(s.changed, count);
	assert_true(steps > 1);
	s = (struct states){.ids = ids, .count = count, .starred = -1, .now_ms = NOW};
	for (steps = 0; !s.ended; steps++)
		must_write(&f, step, &s);
	assert_int_equal(s.changed, count);
	assert_true(steps > 1);
	free(ids);
	stop(&f);
	assert_counts(f.path);
	fixture_close(&f);
}

/* -- labels -- */

struct naming {
	const char *name;
	int64_t id, other;
	bool is_new;
};

static int obtain(struct store_tx *tx, void *arg, struct err *e)
{
	struct naming *n = arg;

	return labels_obtain(tx, n->name, NOW, &n->id, &n->is_new, e);
}

static int rename_label(struct store_tx *tx, void *arg, struct err *e)
{
	struct naming *n = arg;

	return labels_rename(tx, n->id, n->name, NOW, &n->other, e);
}

static int remove_label(struct store_tx *tx, void *arg, struct err *e)
{
	struct naming *n = arg;

	return labels_remove(tx, n->id, NOW, &n->is_new, e);
}

static void test_labels(void **state)
{
	struct naming a = {.name = "a"}, b = {.name = "b"}, other;
	struct label_set set = {.add_count = 2, .remove_count = 1};
	struct states s = {.labels = &set, .ids = (const int64_t[]){1, 2, 9999}, .count = 3};
	struct fixture f;

	(void)state;
	open_filled(&f, 250);
	must_write(&f, obtain, &a);
	must_write(&f, obtain, &b);
	assert_true(a.is_new && b.is_new && a.id == 1 && b.id == 2);
	must_write(&f, obtain, &b);
	assert_true(!b.is_new && b.id == 2);
	set.add[0] = 1;
	set.add[1] = 2;
	set.remove[0] = 7;
	assert_int_equal(mark(&f, s), 2);
	assert_int_equal(mark(&f, s), 0);
	assert_int_equal(
		peek(f.path, "SELECT id FROM change WHERE kind = 'item' AND op = 'state'"), 1);
	set = (struct label_set){.remove = {2}, .remove_count = 1, .add = {1}, .add_count = 1};
	s = (struct states){.labels = &set};
	assert_int_equal(mark(&f, s), 250);
	/* of a story: on all of its items */
	set = (struct label_set){.add = {2}, .add_count = 1};
	s = (struct states){
		.stories = true, .labels = &set, .ids = (const int64_t[]){5}, .count = 1};
	assert_int_equal(mark(&f, s), 50);
	other = (struct naming){.id = 1, .name = "b"};
	assert_int_equal(do_write(&f, rename_label, &other, NULL), ERR_EXISTS);
	assert_int_equal(other.other, 2);
	other = (struct naming){.id = 77, .name = "c"};
	assert_int_equal(do_write(&f, rename_label, &other, NULL), ERR_NOT_FOUND);
	other = (struct naming){.id = 2, .name = "c"};
	must_write(&f, rename_label, &other);
	must_write(&f, rename_label, &other); /* no second line */
	assert_int_equal(
		do_write(&f, remove_label, &(struct naming){.id = 77}, NULL), ERR_NOT_FOUND);
	do
		must_write(&f, remove_label, &a);
	while (a.is_new);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM item_label"), 50);
	assert_int_equal(peek(f.path, "SELECT count(*) * 100 + count(DISTINCT op) FROM change"
				      " WHERE kind = 'label'"),
		403);
	stop(&f);
	assert_counts(f.path);
	assert_sound(f.path);
	fixture_close(&f);
}

static void test_limits_of_labels(void **state)
{
	struct label_set set = {.add_count = ITEM_LABELS_MAX};
	struct states s = {.labels = &set, .ids = (const int64_t[]){1}, .count = 1};
	struct naming n = {.name = "one more"};
	struct err e = {0};
	struct fixture f;

	(void)state;
	open_filled(&f, 2);
	poke(f.path, "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i <"
		     " 1000) INSERT INTO label (rev, name) SELECT 1, 'l' || i FROM n");
	assert_int_equal(do_write(&f, obtain, &n, &e), ERR_INVALID);
	assert_non_null(strstr(e.text, "1000"));
	for (int i = 0; i < ITEM_LABELS_MAX; i++)
		set.add[i] = i + 1;
	assert_int_equal(mark(&f, s), 1);
	set.add[0] = ITEM_LABELS_MAX + 1;
	assert_int_equal(do_write(&f, step, &s, &e), ERR_INVALID);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM item_label"), ITEM_LABELS_MAX);
	fixture_close(&f);
}

/* -- lists -- */

struct listed {
	struct item_filter filter;
	struct page page;
	int64_t ids[STORE_IDS_MAX + 1], total;
	const char *labels;
	int count;
};

static int take_id(void *ctx, int64_t id)
{
	struct listed *l = ctx;

	l->ids[l->count++] = id;
	return 0;
}

static int take_row(void *ctx, const struct item_row *row)
{
	struct listed *l = ctx;

	if (l->labels)
		assert_string_equal(row->labels ? row->labels : "", l->labels);
	return take_id(ctx, row->id);
}

static int list_ids(struct store_tx *tx, void *arg, struct err *e)
{
	struct listed *l = arg;
	int status = items_count(tx, &l->filter, &l->total, e);

	l->count = 0;
	return status ? status : items_list_ids(tx, &l->filter, &l->page, take_id, l, e);
}

static int get_many(struct store_tx *tx, void *arg, struct err *e)
{
	static const int64_t ids[] = {7, 99999, 3, 7, 12000};
	struct listed *l = arg;

	l->count = 0;
	return items_get_many(tx, ids, 5, true, take_row, l, e);
}

static void test_ids(void **state)
{
	struct listed *l = calloc(1, sizeof(*l));
	struct fixture f;

	(void)state;
	assert_non_null(l);
	open_filled(&f, 12000);
	must_read(&f, list_ids, l);
	assert_true(l->count == STORE_IDS_MAX && l->page.more && l->total == 12000);
	assert_true(l->ids[0] == 12000 && l->ids[9999] == 2001);
	must_read(&f, list_ids, l);
	assert_true(l->count == 2000 && !l->page.more && l->ids[0] == 2000);
	l->filter.feed = 2;
	l->page = (struct page){.ascending = true, .limit = 5};
	must_read(&f, list_ids, l);
	assert_true(l->count == 5 && l->page.more && l->ids[4] == 9 && l->total == 6000);
	must_read(&f, get_many, l);
	assert_true(l->count == 4 && l->ids[0] == 7 && l->ids[1] == 3 && l->ids[2] == 7);
	poke(f.path, "INSERT INTO label VALUES (1, 1, 'b \"x\"'), (2, 1, 'a'); INSERT INTO"
		     " item_label SELECT 1, id FROM item; INSERT INTO item_label SELECT 2, id FROM"
		     " item");
	l->labels = "[\"a\",\"b \\\"x\\\"\"]";
	must_read(&f, get_many, l);
	free(l);
	fixture_close(&f);
}

/* -- counts -- */

struct text {
	char bytes[400];
};

static void tell(void *ctx, const struct counts *c)
{
	struct text *t = (struct text *)ctx + c->of;
	size_t len = strlen(t->bytes);

	snprintf(t->bytes + len, sizeof(t->bytes) - len, "%lld:%lld:%lld:%lld ", (long long)c->id,
		(long long)c->unread, (long long)c->starred,
		(long long)(c->newest_ms == TIME_NONE ? 0 : c->newest_ms - NOW));
}

static int count_all(struct store_tx *tx, void *arg, struct err *e)
{
	return counts_list(tx, tell, arg, e);
}

static void test_counts(void **state)
{
	static const char *const wanted[] = {
		"1:4:0:8 2:2:2:9 3:0:0:0 ", "1:4:0:8 2:0:0:0 ", "1:1:1:0 2:0:0:0 ", "0:6:2:0 "};
	struct text texts[4] = {0};
	struct fixture f;

	(void)state;
	open_filled(&f, 9);
	poke(f.path,
		"INSERT INTO label VALUES (1, 1, 'a'), (2, 1, 'b'); INSERT INTO item_label VALUES"
		" (1, 2), (1, 3); INSERT INTO folder (id, rev, name, kept) VALUES (2, 1, 'G', 1);"
		"UPDATE item SET read = 1, starred = 1 WHERE id IN (3, 5);"
		"UPDATE item SET read = 1 WHERE id = 7; INSERT INTO feed (id, rev, url,"
		" interval_ms, owners, declared, created_ms) VALUES (3, 1, 'u3', 0, 4, 0, 1)");
	must_read(&f, count_all, texts);
	for (int of = 0; of < 4; of++)
		assert_string_equal(texts[of].bytes, wanted[of]);
	fixture_close(&f);
}

/* -- folders -- */

static int add_folder(struct store_tx *tx, void *arg, struct err *e)
{
	struct naming *n = arg;

	return folders_add(tx, n->name, NOW, &n->id, e);
}

static int rename_folder(struct store_tx *tx, void *arg, struct err *e)
{
	struct naming *n = arg;

	return folders_rename(tx, n->id, n->name, NOW, &n->other, e);
}

static int remove_folder(struct store_tx *tx, void *arg, struct err *e)
{
	return folders_remove(tx, ((struct naming *)arg)->id, NOW, e);
}

static int leave_folder(struct store_tx *tx, void *arg, struct err *e)
{
	const struct feed_patch patch = {.members = FEED_PATCH_FOLDER};
	int64_t other;

	(void)arg;
	return feeds_change(tx, 1, &patch, NOW, &other, e);
}

static void test_folders(void **state)
{
	struct naming g = {.name = "G"}, first = {.id = 1, .name = "G"}, n;
	struct fixture f;

	(void)state;
	open_filled(&f, 2);
	must_write(&f, add_folder, &g);
	assert_int_equal(g.id, 2);
	assert_int_equal(do_write(&f, add_folder, &g, NULL), ERR_EXISTS);
	assert_int_equal(do_write(&f, rename_folder, &first, NULL), ERR_EXISTS);
	assert_int_equal(first.other, 2);
	/* one that is there for its feed stays from now on */
	n = (struct naming){.name = "F"};
	must_write(&f, add_folder, &n);
	assert_int_equal(n.id, 1);
	must_write(&f, leave_folder, NULL);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM folder"), 2);
	n = (struct naming){.id = 1, .name = "H"};
	must_write(&f, rename_folder, &n);
	poke(f.path, "UPDATE feed SET folder = 1");
	must_write(&f, remove_folder, &n);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM feed WHERE folder IS NULL"), 2);
	assert_int_equal(peek(f.path, "SELECT detail ->> '$.ids[0]' FROM change WHERE kind = 'feed'"
				      " AND op = 'update' ORDER BY seq DESC"),
		2);
	assert_int_equal(do_write(&f, remove_folder, &n, NULL), ERR_NOT_FOUND);
	/* what the configuration has */
	poke(f.path, "UPDATE feed SET folder = 2, owners = 1, declared = 2 WHERE id = 1");
	assert_int_equal(do_write(&f, remove_folder, &g, NULL), ERR_DENIED);
	poke(f.path,
		"UPDATE feed SET declared = 0; INSERT INTO keep (level, name) VALUES (1, 'G')");
	g.name = "Other";
	assert_int_equal(do_write(&f, rename_folder, &g, NULL), ERR_DENIED);
	stop(&f);
	assert_counts(f.path);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_marking_by_filter),
		cmocka_unit_test(test_as_of),
		cmocka_unit_test(test_marking_is_done_in_steps),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_limits_of_labels),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_folders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
