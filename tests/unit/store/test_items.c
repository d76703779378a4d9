/* Items: once each, revised, marked, listed in pages; and the counts that go with them after
 * anything at random. */
#include "fixture.h"
#include "support/faultvfs.h"

#include <stdlib.h>

struct put {
	int64_t feed, key, url_key, now_ms, id;
	const char *content;
};

static int put(struct store_tx *tx, void *arg, struct err *e)
{
	struct put *p = arg;

	return put_item(tx, p->feed, p->key, p->url_key, p->content, p->now_ms, &p->id, e);
}

static int two_feeds(struct store_tx *tx, void *arg, struct err *e)
{
	int64_t id;
	int status = add_feed(tx, "u1", "F", &id, e);

	(void)arg;
	return status ? status : add_feed(tx, "u2", NULL, &id, e);
}

static void open_with_feeds(struct fixture *f)
{
	fixture_open(f);
	must_write(f, two_feeds, NULL);
}

static void put_many(struct fixture *f, int64_t feed, int64_t first_key, int count, int64_t now_ms)
{
	for (int n = 0; n < count; n++) {
		struct put p = {.feed = feed,
			.key = first_key + n,
			.now_ms = now_ms + n,
			.content = "<p>c</p>"};

		must_write(f, put, &p);
	}
}

/* -- one item -- */

struct find {
	int64_t feed, key, id;
	struct item_mark mark;
};

static int find_item(struct store_tx *tx, void *arg, struct err *e)
{
	struct find *a = arg;

	return items_find(tx, a->feed, a->key, &a->id, &a->mark, e);
}

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

static struct item full_item = {
	.id = (char *)"guid",
	.title = (char *)"Title",
	.link = (char *)"http://a.example/1",
	.published_ms = NOW - 5000,
	.updated_ms = NOW - 4000,
	.summary = (char *)"<p>s</p>",
	.content = (char *)"<p>c</p>",
	.comments = (char *)"http://a.example/1#c",
	.thumbnail = (char *)"http://a.example/t.png",
	.extensions = (char *)"{\"itunes:season\":\"2\"}",
	.language = (char *)"en",
};

static const struct item_draft full_draft = {
	.item = &full_item,
	.key = 77,
	.digest = -5,
	.words = 9,
	.author = "Ann, Bob",
	.excerpt = "words",
	.enclosures = "[{\"url\":\"x\"}]",
	.categories = "[\"a\"]",
};

static int insert_full(struct store_tx *tx, void *arg, struct err *e)
{
	struct change line = {
		.kind = CHANGE_ITEM_NEW, .seq = changes_reserve(tx), .time_ms = NOW, .feed = 1};
	struct change story = {.kind = CHANGE_STORY_NEW,
		.seq = changes_reserve(tx),
		.time_ms = NOW,
		.id_count = 1};
	struct story_join join = {.feed = 1, .rev = story.seq, .now_ms = NOW};
	int status = items_next_id(tx, &join.item, e);

	if (status == 0)
		status = stories_open(tx, &join, NOW, e);
	if (status == 0)
		status = items_insert(tx, &join, &full_draft, line.seq, e);
	line.ids[line.id_count++] = join.item;
	story.ids[0] = join.story;
	*(int64_t *)arg = join.item;
	if (status == 0)
		status = changes_put(tx, &line, e);
	return status ? status : changes_put(tx, &story, e);
}

static void test_insert_find_get(void **state)
{
	struct find find = {1, 77, -1, {0}};
	int64_t again;
	struct fixture f;
	struct get g = {0};
	struct err e;

	(void)state;
	open_with_feeds(&f);
	must_read(&f, find_item, &find);
	assert_int_equal(find.id, 0);
	must_write(&f, insert_full, &g.id);
	must_read(&f, find_item, &find);
	assert_int_equal(find.id, g.id);
	assert_int_equal(find.mark.digest, -5);
	assert_int_equal(find.mark.words, 9);
	assert_int_equal(find.mark.updated_ms, NOW - 4000);
	find.feed = 2;
	must_read(&f, find_item, &find);
	assert_int_equal(find.id, 0);

	must_read(&f, get_item, &g);
	assert_int_equal(g.row.feed, 1);
	assert_int_equal(g.row.story, 1);
	assert_int_equal(g.row.rev, store_seq(f.store) - 1); /* the story's line came last */
	assert_string_equal(g.row.source, "u1");
	assert_string_equal(g.row.guid, "guid");
	assert_string_equal(g.row.title, "Title");
	assert_string_equal(g.row.link, "http://a.example/1");
	assert_string_equal(g.row.author, "Ann, Bob");
	assert_int_equal(g.row.published_ms, NOW - 5000);
	assert_int_equal(g.row.updated_ms, NOW - 4000);
	assert_int_equal(g.row.received_ms, NOW);
	assert_string_equal(g.row.excerpt, "words");
	assert_string_equal(g.row.summary, "<p>s</p>");
	assert_string_equal(g.row.content, "<p>c</p>");
	assert_string_equal(g.row.enclosures, "[{\"url\":\"x\"}]");
	assert_string_equal(g.row.categories, "[\"a\"]");
	assert_string_equal(g.row.comments, "http://a.example/1#c");
	assert_string_equal(g.row.thumbnail, "http://a.example/t.png");
	assert_string_equal(g.row.extensions, "{\"itunes:season\":\"2\"}");
	assert_string_equal(g.row.language, "en");
	assert_false(g.row.read);
	assert_false(g.row.starred);
	assert_int_equal(g.row.revisions, 0);
	g.brief = true;
	must_read(&f, get_item, &g);
	assert_string_equal(g.row.title, "Title");
	assert_null(g.row.content);
	assert_int_equal(do_write(&f, insert_full, &again, &e), ERR_EXISTS);
	g.id = 99;
	assert_int_equal(do_read(&f, get_item, &g, &e), ERR_NOT_FOUND);
	arena_finish(&g.arena);
	fixture_close(&f);
}

static void test_an_item_of_a_feed_that_went(void **state)
{
	struct put p = {.feed = 9, .key = 1, .now_ms = NOW};
	struct fixture f;
	struct err e;

	(void)state;
	open_with_feeds(&f);
	assert_int_equal(do_write(&f, put, &p, &e), ERR_NOT_FOUND);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM story"), 0);
	fixture_close(&f);
}

static void test_ids_end_below_two_to_31(void **state)
{
	struct put p = {.feed = 1, .key = 1, .now_ms = NOW};
	struct fixture f;
	struct err e;

	(void)state;
	open_with_feeds(&f);
	poke(f.path, "INSERT INTO sqlite_sequence (name, seq) VALUES ('item', 2147483646)");
	must_write(&f, put, &p);
	assert_int_equal(p.id, 2147483647);
	p.key = 2;
	assert_int_equal(do_write(&f, put, &p, &e), ERR_FULL);
	assert_non_null(strstr(e.text, "2^31"));
	fixture_close(&f);
}

static void test_ids_are_never_used_again(void **state)
{
	struct put p = {.feed = 1, .key = 1, .now_ms = NOW};
	struct fixture f;

	(void)state;
	open_with_feeds(&f);
	must_write(&f, put, &p);
	poke(f.path, "DELETE FROM item");
	must_write(&f, put, &p);
	assert_int_equal(p.id, 2);
	fixture_close(&f);
}

/* -- revisions -- */

struct revise {
	int64_t id;
	int n;
};

static int revise(struct store_tx *tx, void *arg, struct err *e)
{
	struct revise *r = arg;
	struct item_draft draft = full_draft;
	struct item item = full_item;
	char title[32], content[32];
	int64_t seq;
	int status = changes_add(tx, CHANGE_ITEM_UPDATE, r->id, NOW, &seq, e);

	snprintf(title, sizeof(title), "Title %d", r->n);
	snprintf(content, sizeof(content), "<p>%d</p>", r->n);
	item.title = title;
	item.content = r->n % 2 ? content : NULL;
	draft.item = &item;
	draft.digest = r->n;
	return status ? status
		      : items_revise(tx, r->id, &draft, (enum edit)(r->n % 3), NOW + r->n, seq, e);
}

/* -- lists -- */

struct paging {
	struct item_filter filter;
	struct page page;
	int64_t ids[1000];
	int count;
	bool with_content;
};

static int collect(void *ctx, const struct item_row *row)
{
	struct paging *p = ctx;

	assert_int_equal(row->content != NULL, p->filter.with_content);
	p->ids[p->count++] = row->id;
	return 0;
}

static int list_items(struct store_tx *tx, void *arg, struct err *e)
{
	struct paging *p = arg;

	p->count = 0;
	return items_list(tx, &p->filter, &p->page, collect, p, e);
}

struct list_case {
	const char *name;
	struct item_filter filter;
	const char *where, *order; /* the same in SQL */
	const char *index;         /* what the plan must name; NULL: nothing asked */
	bool ascending;
};

static const struct list_case list_cases[] = {
	{"all", {0}, "1", "id DESC", NULL, false},
	{"ascending", {0}, "1", "id", NULL, true},
	{"content", {.with_content = true}, "1", "id DESC", NULL, false},
	{"feed", {.feed = 1}, "feed = 1", "id DESC", "item_feed", false},
	{"folder", {.folder = 1}, "feed = 1", "id DESC", "item_feed", false},
	{"story", {.story = 3}, "story = 3", "id DESC", "item_story", false},
	{"unread", {.read = -1}, "read = 0", "id DESC", "item_unread", false},
	{"read", {.read = 1}, "read = 1", "id DESC", NULL, false},
	{"starred", {.starred = 1}, "starred = 1", "id DESC", "item_starred", false},
	{"not starred", {.starred = -1}, "starred = 0", "id DESC", NULL, false},
	{"unread of a feed", {.feed = 2, .read = -1}, "feed = 2 AND read = 0", "id DESC",
		"item_feed_unread", false},
	{"unread of a folder", {.folder = 1, .read = -1}, "feed = 1 AND read = 0", "id DESC", NULL,
		false},
	{"since", {.since_rev = 60, .order = ITEMS_BY_REV}, "rev > 60", "rev, id", "item_rev",
		true},
	{"published", {.order = ITEMS_BY_PUBLISHED}, "1",
		"coalesce(published_ms, received_ms) DESC, id DESC", "item_published", false},
	{"published after", {.order = ITEMS_BY_PUBLISHED, .published_after_ms = NOW + 20},
		"coalesce(published_ms, received_ms) > 1795000000020",
		"coalesce(published_ms, received_ms) DESC, id DESC", "item_published", false},
	{"received after", {.received_after_ms = NOW + 20}, "received_ms > 1795000000020",
		"id DESC", NULL, false},
	{"received before", {.received_before_ms = NOW + 20}, "received_ms < 1795000000020",
		"id DESC", NULL, false},
	{"published before", {.order = ITEMS_BY_PUBLISHED, .published_before_ms = NOW + 20},
		"coalesce(published_ms, received_ms) < 1795000000020",
		"coalesce(published_ms, received_ms) DESC, id DESC", "item_published", false},
	{"between ids", {.after_id = 7, .before_id = 30}, "id > 7 AND id < 30", "id", "PRIMARY KEY",
		true},
	{"between ids of a feed", {.feed = 1, .after_id = 7, .before_id = 30},
		"feed = 1 AND id > 7 AND id < 30", "id", NULL, true},
	{"unread before", {.read = -1, .before_id = 30}, "read = 0 AND id < 30", "id DESC", NULL,
		false},
	{"until", {.until_rev = 60, .order = ITEMS_BY_REV}, "rev <= 60", "rev, id", "item_rev",
		true},
	{"label", {.label = 1}, "id IN (2, 3, 50)", "id DESC", NULL, false},
	{"no label", {.label = -1}, "0", "id DESC", NULL, false},
	{"of no feed", {.feed = 77}, "0", "id", NULL, false},
};

/* 60 items, some read, some starred, some without a published time, some of equal times. */
static int fill(struct store_tx *tx, void *arg, struct err *e)
{
	int64_t ids[] = {3, 4, 5, 30, 31, 50}, stars[] = {4, 31, 59};
	int changed, status = 0;

	(void)arg;
	for (int n = 1; n <= 60 && status == 0; n++)
		status = put_item(tx, 1 + n % 2, n, n % 5 ? 0 : 1234, "<p>c</p>",
			NOW + n / 3 * 2000, NULL, e);
	if (status == 0)
		status = query_exec(
			tx, e, "UPDATE item SET published_ms = NULL WHERE id % 7 = ?", as_int(0));
	if (status == 0)
		status = query_exec(tx, e,
			"UPDATE story SET updated_ms = (SELECT max(min(coalesce(published_ms, "
			"received_ms),"
			" received_ms)) FROM item i WHERE i.story = story.id) WHERE id > ?",
			as_int(0));
	if (status == 0)
		status = query_exec(
			tx, e, "INSERT INTO label (id, rev, name) VALUES (1, 1, ?)", as_text("l"));
	if (status == 0)
		status = query_exec(tx, e,
			"INSERT INTO item_label SELECT 1, id FROM item WHERE id IN (2, 3, ?)",
			as_int(50));
	if (status == 0)
		status = items_set_state(tx, ids, 6, 1, 0, NOW, &changed, e);
	return status ? status : items_set_state(tx, stars, 3, 0, 1, NOW, &changed, e);
}

static void check_list(struct fixture *f, const struct list_case *c, int limit)
{
	struct paging p = {.filter = c->filter, .page = {.ascending = c->ascending}};
	char sql[400];
	int total = 0;

	p.page.limit = limit;
	do {
		must_read(f, list_items, &p);
		for (int n = 0; n < p.count; n++, total++) {
			snprintf(sql, sizeof(sql),
				"SELECT id FROM item WHERE %s ORDER BY %s LIMIT 1 OFFSET %d",
				c->where, c->order, total);
			if (p.ids[n] != peek(f->path, sql))
				fail_msg("%s in pages of %d: place %d has %lld", c->name, limit,
					total, (long long)p.ids[n]);
		}
		assert_true(p.count == limit || !p.page.more);
	} while (p.page.more);
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM item WHERE %s", c->where);
	assert_int_equal(total, peek(f->path, sql));
}

static void test_lists(void **state)
{
	static const int limits[] = {1, 7, 60, 500};
	struct fixture f;

	(void)state;
	open_with_feeds(&f);
	must_write(&f, fill, NULL);
	for (size_t i = 0; i < sizeof(list_cases) / sizeof(list_cases[0]); i++)
		for (size_t n = 0; n < sizeof(limits) / sizeof(limits[0]); n++)
			check_list(&f, &list_cases[i], limits[n]);
	assert_counts(f.path);
	fixture_close(&f);
}

/* What is passed over counts as if it had been read, in any order. */
static void test_offsets(void **state)
{
	static const int64_t offsets[] = {0, 1, 7, 59, 60, 1000};
	struct fixture f;

	(void)state;
	open_with_feeds(&f);
	must_write(&f, fill, NULL);
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		struct paging all = {.filter = {.order = ITEMS_BY_PUBLISHED}}, p = all;

		must_read(&f, list_items, &all);
		p.page = (struct page){.limit = 5, .offset = offsets[i]};
		must_read(&f, list_items, &p);
		assert_true(p.page.more == (all.count > offsets[i] + 5));
		assert_int_equal(p.count, offsets[i] + 5 <= all.count ? 5
					  : offsets[i] < all.count    ? all.count - offsets[i]
								      : 0);
		assert_memory_equal(p.ids, all.ids + (p.count ? offsets[i] : 0),
			(size_t)p.count * sizeof(p.ids[0]));
	}
	fixture_close(&f);
}

/* Each page is read after more has come in: nothing twice, nothing of the first state lost. */
static void test_pages_while_items_come(void **state)
{
	enum { FIRST = 100 };
	char seen[2000] = "";
	struct fixture f;
	struct paging p = {.page = {.limit = 7}};
	int64_t key = FIRST + 1;

	(void)state;
	open_with_feeds(&f);
	put_many(&f, 1, 1, FIRST, NOW);
	do {
		must_read(&f, list_items, &p);
		for (int n = 0; n < p.count; n++)
			seen[p.ids[n]]++;
		put_many(&f, 2, key, 3, NOW + key);
		key += 3;
	} while (p.page.more);
	for (int id = 1; id <= FIRST; id++)
		assert_int_equal(seen[id], 1);
	fixture_close(&f);
}

static int stop_at_once(void *ctx, const struct item_row *row)
{
	(void)row;
	++*(int *)ctx;
	return 1;
}

static int list_until_stopped(struct store_tx *tx, void *arg, struct err *e)
{
	const struct item_filter filter = {0};
	struct page page = {.limit = 10};
	int status = items_list(tx, &filter, &page, stop_at_once, arg, e);

	assert_true(page.more);
	assert_int_equal(page.id, 0); /* it was not taken */
	return status;
}

static void test_a_list_may_be_left(void **state)
{
	struct fixture f;
	int rows = 0;

	(void)state;
	open_with_feeds(&f);
	put_many(&f, 1, 1, 3, NOW);
	must_read(&f, list_until_stopped, &rows);
	assert_int_equal(rows, 1);
	fixture_close(&f);
}

/* What SQLite means to do for a list: the statement is the one it has just run. */
static int explain(struct store_tx *tx, void *arg, struct err *e)
{
	const struct list_case *c = arg;
	struct paging p = {.filter = c->filter, .page = {.ascending = c->ascending}};
	sqlite3_stmt *stmt = NULL;
	sqlite3 *db = tx->db->handle;
	char sql[4096], plan[1024] = "";
	int status = list_items(tx, &p, e);

	do
		stmt = sqlite3_next_stmt(db, stmt);
	while (stmt && !strstr(sqlite3_sql(stmt), "AS chosen"));
	assert_non_null(stmt);
	snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s", sqlite3_sql(stmt));
	sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		size_t len = strlen(plan);

		snprintf(plan + len, sizeof(plan) - len, "%s\n",
			(const char *)sqlite3_column_text(stmt, 3));
	}
	sqlite3_finalize(stmt);
	if (!strstr(plan, c->index))
		fail_msg("%s: no %s in\n%s", c->name, c->index, plan);
	return status;
}

static void test_lists_use_their_indexes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(list_cases) / sizeof(list_cases[0]); i++) {
		struct list_case c = list_cases[i];
		struct fixture f;

		if (!c.index)
			continue;
		open_with_feeds(&f);
		must_write(&f, fill, NULL);
		must_read(&f, explain, &c);
		fixture_close(&f);
	}
}

/* -- states -- */

struct mark {
	int64_t ids[300];
	int count, read, starred, changed;
};

static int mark(struct store_tx *tx, void *arg, struct err *e)
{
	struct mark *m = arg;

	return items_set_state(tx, m->ids, m->count, m->read, m->starred, NOW, &m->changed, e);
}

static void test_marking(void **state)
{
	struct mark m = {.ids = {1, 2, 99, 2}, .count = 4, .read = 1};
	struct fixture f;
	struct get g = {.id = 2};

	(void)state;
	open_with_feeds(&f);
	put_many(&f, 1, 1, 3, NOW);
	must_write(&f, mark, &m);
	assert_int_equal(m.changed, 2);
	must_read(&f, get_item, &g);
	assert_true(g.row.read);
	assert_false(g.row.starred);
	assert_int_equal(
		peek(f.path, "SELECT count(*) FROM change WHERE kind = 'item' AND op = 'state'"),
		1);
	assert_int_equal(
		peek(f.path, "SELECT count(*) FROM change WHERE kind = 'story' AND op = 'state'"),
		1);
	must_write(&f, mark, &m);
	assert_int_equal(m.changed, 0);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM change WHERE op = 'state'"), 2);
	m = (struct mark){.ids = {2}, .count = 1, .read = -1, .starred = 1};
	must_write(&f, mark, &m);
	assert_int_equal(m.changed, 1);
	must_read(&f, get_item, &g);
	assert_false(g.row.read);
	assert_true(g.row.starred);
	arena_finish(&g.arena);
	assert_counts(f.path);
	fixture_close(&f);
}

static void test_marking_many_is_told_by_the_hundred(void **state)
{
	struct mark m = {.count = 300, .read = 1};
	struct fixture f;

	(void)state;
	open_with_feeds(&f);
	put_many(&f, 1, 1, 250, NOW);
	for (int n = 0; n < 300; n++)
		m.ids[n] = n + 1;
	must_write(&f, mark, &m);
	assert_int_equal(m.changed, 250);
	assert_int_equal(
		peek(f.path, "SELECT count(*) FROM change WHERE kind = 'item' AND op = 'state'"),
		3);
	assert_int_equal(
		peek(f.path, "SELECT count(*) FROM change WHERE kind = 'story' AND op = 'state'"),
		3);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM item WHERE read = 0"), 0);
	assert_counts(f.path);
	fixture_close(&f);
}

/* -- anything at random, against a recount -- */

struct random_job {
	unsigned *seed;
	int64_t *key;
};

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16;
}

static int any_write(struct store_tx *tx, void *arg, struct err *e)
{
	struct random_job *job = arg;
	unsigned what = next_random(job->seed) % 10;
	int64_t items = 0, stories = 0, feeds = 0, id;
	int changed, status = 0;

	query_find(
		tx, &items, e, "SELECT seq FROM sqlite_sequence WHERE name = ?", as_text("item"));
	query_find(tx, &stories, e, "SELECT seq FROM sqlite_sequence WHERE name = ?",
		as_text("story"));
	query_find(
		tx, &feeds, e, "SELECT seq FROM sqlite_sequence WHERE name = ?", as_text("feed"));
	if (what < 4) {
		id = next_random(job->seed) % feeds + 1;
		++*job->key;
		status = put_item(tx, id, *job->key, next_random(job->seed) % 12, "<p>x</p>",
			NOW + *job->key, NULL, e);
	} else if (what < 6) {
		id = next_random(job->seed) % (items + 1);
		status = items_set_state(tx, &id, 1, (int)(next_random(job->seed) % 3) - 1,
			(int)(next_random(job->seed) % 3) - 1, NOW, &changed, e);
	} else if (what < 8) {
		id = next_random(job->seed) % (stories + 1);
		status = stories_set_state(
			tx, &id, 1, (int)(next_random(job->seed) % 3) - 1, 0, NOW, &changed, e);
	} else if (what == 8) {
		struct revise r = {.id = next_random(job->seed) % (items + 1), .n = (int)*job->key};

		status = revise(tx, &r, e);
	} else if (next_random(job->seed) % 6 == 0) {
		status = feeds_remove(tx, next_random(job->seed) % feeds + 1, NOW, e);
	} else {
		char url[32];

		snprintf(url, sizeof(url), "r%u", next_random(job->seed) % 20);
		status = add_feed(tx, url, next_random(job->seed) % 2 ? "F" : "G", &id, e);
	}
	return status;
}

static void test_counts_after_anything(void **state)
{
	(void)state;
	for (unsigned round = 1; round <= 6; round++) {
		unsigned seed = round;
		int64_t key = 1000;
		struct random_job job = {&seed, &key};
		struct fixture f;

		open_with_feeds(&f);
		for (int n = 0; n < 300; n++) {
			int status = do_write(&f, any_write, &job, NULL);

			assert_true(status == 0 || status == ERR_NOT_FOUND || status == ERR_EXISTS);
			if (n % 75 == 74)
				assert_counts(f.path);
		}
		assert_true(peek(f.path, "SELECT count(*) FROM item") > 0);
		assert_sound(f.path);
		fixture_close(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_insert_find_get),
		cmocka_unit_test(test_an_item_of_a_feed_that_went),
		cmocka_unit_test(test_ids_end_below_two_to_31),
		cmocka_unit_test(test_ids_are_never_used_again),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_offsets),
		cmocka_unit_test(test_pages_while_items_come),
		cmocka_unit_test(test_a_list_may_be_left),
		cmocka_unit_test(test_lists_use_their_indexes),
		cmocka_unit_test(test_marking),
		cmocka_unit_test(test_marking_many_is_told_by_the_hundred),
		cmocka_unit_test(test_counts_after_anything),
	};

	faultvfs_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
