/* Items that their publisher edits: what is kept of them, what they stay, and what is no news. */
#include "fixture.h"

struct get {
	int64_t id;
	bool brief;
	struct arena arena;
	struct item_row row;
};

static int get_item(struct store_tx *tx, void *arg, struct err *e)
{
	struct get *g = arg;

	arena_finish(&g->arena);
	arena_init(&g->arena, 1 << 20);
	return g->brief ? items_get_brief(tx, g->id, &g->arena, &g->row, e)
			: items_get(tx, g->id, &g->arena, &g->row, e);
}

static int insert_one(struct store_tx *tx, void *arg, struct err *e)
{
	int64_t feed;
	int status = add_feed(tx, "u1", NULL, &feed, e);

	return status ? status : put_item(tx, feed, 1, 0, "<p>c</p>", NOW, arg, e);
}

struct revise {
	int64_t id;
	int n;
	enum edit edit;
};

static int revise(struct store_tx *tx, void *arg, struct err *e)
{
	struct revise *r = arg;
	struct item item = {.published_ms = NOW - 5000, .updated_ms = NOW - 4000};
	struct item_draft draft = {.item = &item, .digest = r->n};
	char title[32], content[32];
	int64_t seq;
	int status = changes_add(tx, CHANGE_ITEM_UPDATE, r->id, NOW, &seq, e);

	snprintf(title, sizeof(title), "Title %d", r->n);
	snprintf(content, sizeof(content), "<p>%d</p>", r->n);
	item.title = title;
	item.content = r->n % 2 ? content : NULL;
	return status ? status : items_revise(tx, r->id, &draft, r->edit, NOW + r->n, seq, e);
}

static void test_revisions_are_bounded(void **state)
{
	struct revise r = {.id = 99};
	struct fixture f;
	struct get g = {0};
	int n = 13;
	struct err e;

	(void)state;
	fixture_open(&f);
	must_write(&f, insert_one, &g.id);
	assert_int_equal(do_write(&f, revise, &r, &e), ERR_NOT_FOUND);
	r.id = g.id;
	for (r.n = 1; r.n <= n; r.n++)
		must_write(&f, revise, &r);
	must_read(&f, get_item, &g);
	assert_int_equal(g.row.revisions, 10);
	assert_string_equal(g.row.title, "Title 13");
	assert_string_equal(g.row.content, "<p>13</p>");
	assert_int_equal(g.row.rev, store_seq(f.store));
	assert_int_equal(peek(f.path, "SELECT count(*) FROM revision WHERE item = 1"), 10);
	for (r.edit = EDIT_MARKUP; r.n <= n + 5; r.n++)
		must_write(&f, revise, &r); /* these push out one another alone */
	must_read(&f, get_item, &g);
	assert_int_equal(g.row.revisions, 10);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM revision WHERE kind = 1"), 3);
	for (n--; n > 2; n--) {
		char sql[300];

		snprintf(sql, sizeof(sql),
			"SELECT count(*) FROM revision WHERE item = 1 AND title = 'Title %d' AND"
			" replaced_ms = %lld AND (content = '<p>%d</p>' OR content IS NULL AND %d)",
			n, (long long)NOW + n + 1, n, n % 2 == 0);
		assert_int_equal(peek(f.path, sql), 1);
	}
	arena_finish(&g.arena);
	assert_counts(f.path);
	fixture_close(&f);
}

static int64_t restless_at; /* when an item is asked for */

static int is_restless(struct store_tx *tx, void *arg, struct err *e)
{
	return items_is_restless(tx, 1, restless_at, arg, e);
}

static bool is_restless_at(struct fixture *f, int64_t now_ms)
{
	bool restless = false;

	restless_at = now_ms;
	must_read(f, is_restless, &restless);
	return restless;
}

static void test_restless(void **state)
{
	struct revise r = {.id = 1};
	const int64_t day_ms = 24 * 3600 * 1000LL;
	struct fixture f;
	int64_t id;

	(void)state;
	fixture_open(&f);
	must_write(&f, insert_one, &id);
	for (r.n = 0; r.n < 5; r.n++)
		must_write(&f, revise, &r);
	assert_false(is_restless_at(&f, NOW + 9)); /* its words are others each time */
	for (r.edit = EDIT_MARKUP; r.n < 8; r.n++) {
		assert_false(is_restless_at(&f, NOW + 9));
		must_write(&f, revise, &r);
	}
	assert_true(is_restless_at(&f, NOW + 9));
	assert_true(is_restless_at(&f, NOW + 4 + day_ms));
	assert_false(is_restless_at(&f, NOW + 5 + day_ms)); /* the first one is a day old */
	fixture_close(&f);
}

static void test_edits_that_are_no_news(void **state)
{
	struct revise r = {.id = 1, .n = 1};
	struct get g = {.id = 1};
	int64_t story_ms;
	struct fixture f;

	(void)state;
	fixture_open(&f);
	must_write(&f, insert_one, &g.id);
	poke(f.path, "UPDATE item SET read = 1, published_ms = 1000, updated_ms = NULL;"
		     "UPDATE story SET unread = 0, updated_ms = 1000");
	story_ms = peek(f.path, "SELECT updated_ms FROM story");
	r.edit = EDIT_DATE;
	must_write(&f, revise, &r);
	must_read(&f, get_item, &g);
	assert_int_equal(g.row.updated_ms, NOW - 4000);
	assert_string_equal(g.row.title, "guid-1");
	r.edit = EDIT_MARKUP;
	must_write(&f, revise, &r);
	must_read(&f, get_item, &g);
	assert_int_equal(g.row.published_ms, 1000);
	assert_string_equal(g.row.title, "Title 1");
	assert_int_equal(peek(f.path, "SELECT updated_ms FROM story"), story_ms);
	r.edit = EDIT_TEXT;
	must_write(&f, revise, &r);
	must_read(&f, get_item, &g);
	assert_int_equal(g.row.published_ms, NOW - 5000);
	assert_int_equal(g.row.revisions, 1);
	assert_true(g.row.read);
	arena_finish(&g.arena);
	assert_counts(f.path);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_revisions_are_bounded),
		cmocka_unit_test(test_restless),
		cmocka_unit_test(test_edits_that_are_no_news),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
