/* Stories: opened, joined, found by URL, listed in pages, marked, told with their members. */
#include "fixture.h"
#include "store/drop.h"
#include "support/faultvfs.h"

static int two_feeds(struct store_tx *tx, void *arg, struct err *e)
{
	int64_t id;
	int status = add_feed(tx, "u1", "F", &id, e);

	(void)arg;
	return status ? status : add_feed(tx, "u2", NULL, &id, e);
}

/* Story 1: items 1 (feed 1), 2 (feed 2), 5 (feed 1 again); story 2: item 3; story 3: item 4. */
static int three_stories(struct store_tx *tx, void *arg, struct err *e)
{
	static const struct {
		int64_t feed, url_key;
	} items[] = {{1, 11}, {2, 11}, {1, 0}, {2, 0}, {1, 11}};
	int status = two_feeds(tx, arg, e);

	for (int n = 0; n < 5 && status == 0; n++)
		status = put_item(
			tx, items[n].feed, n + 1, items[n].url_key, "<p>c</p>", NOW + n, NULL, e);
	return status;
}

struct get {
	int64_t id;
	struct arena arena;
	struct story story;
};

static int get_story(struct store_tx *tx, void *arg, struct err *e)
{
	struct get *g = arg;

	arena_finish(&g->arena);
	arena_init(&g->arena, 1 << 20);
	return stories_get(tx, g->id, &g->arena, &g->story, e);
}

static void test_get(void **state)
{
	struct get g = {.id = 1};
	struct fixture f;
	struct err e;

	(void)state;
	fixture_open(&f);
	must_write(&f, three_stories, NULL);
	must_read(&f, get_story, &g);
	assert_string_equal(g.story.title, "guid-1");
	assert_string_equal(g.story.url, "guid-1");
	assert_string_equal(g.story.excerpt, "words");
	assert_string_equal(g.story.source, "u1");
	assert_int_equal(g.story.first_seen_ms, NOW);
	assert_int_equal(g.story.updated_ms, NOW - 996);
	assert_int_equal(g.story.published_ms, NOW - 1000);
	assert_int_equal(g.story.items, 3);
	assert_int_equal(g.story.sources, 2);
	assert_false(g.story.read);
	assert_false(g.story.starred);
	assert_counts(f.path);
	poke(f.path, "UPDATE item SET published_ms = received_ms + 99999 WHERE id = 1");
	must_read(&f, get_story, &g);
	assert_int_equal(g.story.published_ms, NOW); /* not later than received */
	g.id = 9;
	assert_int_equal(do_read(&f, get_story, &g, &e), ERR_NOT_FOUND);
	arena_finish(&g.arena);
	fixture_close(&f);
}

struct find {
	int64_t url_key;
	struct story_original same;
};

static int find_url(struct store_tx *tx, void *arg, struct err *e)
{
	struct find *a = arg;

	return stories_find_url(tx, a->url_key, &a->same, e);
}

static void test_find_url(void **state)
{
	struct find a = {.url_key = 11};
	struct fixture f;

	(void)state;
	fixture_open(&f);
	must_write(&f, three_stories, NULL);
	must_read(&f, find_url, &a);
	assert_int_equal(a.same.story, 1);
	assert_int_equal(a.same.item, 1);
	poke(f.path, "UPDATE item SET url_key = 11 WHERE id = 4");
	poke(f.path, "UPDATE item SET url_key = 0 WHERE id = 1");
	must_read(&f, find_url, &a);
	assert_int_equal(a.same.story, 1); /* the oldest */
	assert_int_equal(a.same.item, 1);  /* the first of its copies, found by another one */
	a.url_key = 12;
	must_read(&f, find_url, &a);
	assert_int_equal(a.same.story, 0);
	assert_int_equal(a.same.item, 0);
	fixture_close(&f);
}

/* Not all that have an address in common are looked at, or a poll of many would never end. */
static void test_find_url_of_many(void **state)
{
	struct find a = {.url_key = 77};
	struct fixture f;

	(void)state;
	fixture_open(&f);
	must_write(&f, three_stories, NULL);
	poke(f.path, "WITH RECURSIVE n (i) AS (VALUES (100) UNION ALL SELECT i + 1 FROM n"
		     " WHERE i < 300) INSERT INTO item (id, rev, feed, story, key, digest,"
		     " received_ms, url_key, pinned)"
		     " SELECT i, 1, 1, 1, i, 1, 1, 77, i IN (163, 164) FROM n");
	must_read(&f, find_url, &a);
	assert_int_equal(a.same.item, 163); /* the last that is looked at */
	poke(f.path, "UPDATE item SET pinned = 0 WHERE id = 163");
	must_read(&f, find_url, &a);
	assert_int_equal(a.same.item, 100);
	fixture_close(&f);
}

static int join_nothing(struct store_tx *tx, void *arg, struct err *e)
{
	return stories_join(tx, arg, e);
}

static void test_join_what_is_not_there(void **state)
{
	struct story_join cases[] = {
		{.story = 1, .item = 99, .feed = 1}, {.story = 2, .item = 1, .feed = 1}};
	struct fixture f;
	struct err e;

	(void)state;
	fixture_open(&f);
	must_write(&f, three_stories, NULL);
	for (int n = 0; n < 2; n++)
		assert_int_equal(do_write(&f, join_nothing, &cases[n], &e), ERR_NOT_FOUND);
	assert_counts(f.path);
	fixture_close(&f);
}

static int check_member(void *ctx, const struct story_member *member)
{
	static const struct {
		int64_t item, feed;
		const char *source;
		enum story_reason reason;
	} expected[] = {{1, 1, "u1", STORY_FIRST}, {2, 2, "u2", STORY_SAME_URL},
		{5, 1, "u1", STORY_SAME_URL}};
	int *n = ctx;

	assert_in_range(*n, 0, 2);
	assert_int_equal(member->item, expected[*n].item);
	assert_int_equal(member->feed, expected[*n].feed);
	assert_string_equal(member->source, expected[*n].source);
	assert_int_equal(member->reason, expected[*n].reason);
	assert_int_equal(member->received_ms, NOW + member->item - 1);
	assert_null(member->evidence);
	++*n;
	return 0;
}

static int list_members(struct store_tx *tx, void *arg, struct err *e)
{
	return stories_members(tx, 1, check_member, arg, e);
}

static void test_members(void **state)
{
	struct fixture f;
	int n = 0;

	(void)state;
	fixture_open(&f);
	must_write(&f, three_stories, NULL);
	must_read(&f, list_members, &n);
	assert_int_equal(n, 3);
	fixture_close(&f);
}

/* -- the item that is shown -- */

/* Its text is another's, its times stay those of the first. */
static void test_lead(void **state)
{
	struct get g = {.id = 1};
	struct fixture f;

	(void)state;
	fixture_open(&f);
	must_write(&f, three_stories, NULL);
	must_read(&f, get_story, &g);
	assert_int_equal(g.story.lead, 1);
	poke(f.path, "UPDATE story SET lead = 2 WHERE id = 1");
	must_read(&f, get_story, &g);
	assert_int_equal(g.story.lead, 2);
	assert_string_equal(g.story.title, "guid-2");
	assert_string_equal(g.story.source, "u2");
	assert_int_equal(g.story.first_seen_ms, NOW);
	assert_int_equal(g.story.published_ms, NOW - 1000);
	assert_int_equal(g.story.updated_ms, NOW - 996);
	arena_finish(&g.arena);
	fixture_close(&f);
}

struct lead {
	int64_t story, item, lead;
};

static int find_lead(struct store_tx *tx, void *arg, struct err *e)
{
	struct lead *l = arg;

	return stories_find_lead(tx, l->story, l->item, &l->lead, e);
}

/* Three outlets make a crowd, and a headline is more than a word. */
static void test_find_lead(void **state)
{
	struct lead l = {1, 2, 0};
	struct fixture f;

	(void)state;
	fixture_open(&f);
	must_write(&f, three_stories, NULL);
	poke(f.path, "UPDATE item SET title = 'Ten letters' WHERE id = 2");
	must_read(&f, find_lead, &l);
	assert_int_equal(l.lead, 0);
	poke(f.path, "UPDATE story SET sources = 3 WHERE id = 1");
	must_read(&f, find_lead, &l);
	assert_int_equal(l.lead, 1);
	poke(f.path, "UPDATE story SET lead = 5 WHERE id = 1");
	must_read(&f, find_lead, &l);
	assert_int_equal(l.lead, 5);
	poke(f.path, "UPDATE item SET title = 'Nine long' WHERE id = 2");
	must_read(&f, find_lead, &l);
	assert_int_equal(l.lead, 0);
	poke(f.path, "UPDATE item SET title = NULL WHERE id = 2");
	must_read(&f, find_lead, &l);
	assert_int_equal(l.lead, 0);
	fixture_close(&f);
}

static int merge_younger(struct store_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	return stories_merge(tx, 2, 1, NOW, e);
}

/* Of two stories the one that more have told gives the headline, if they are a crowd. */
static void test_merged_lead(void **state)
{
	static const struct {
		int lead[2], sources[2]; /* of the older one, and the younger; 0: NULL */
		int expected;
	} cases[] = {
		{{0, 0}, {2, 1}, 0},
		{{0, 0}, {1, 2}, 0},
		{{0, 0}, {2, 3}, 3},
		{{5, 0}, {2, 3}, 3},
		{{5, 3}, {3, 3}, 5},
		{{0, 3}, {4, 3}, 0},
	};

	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		struct fixture f;
		char sql[256];

		fixture_open(&f);
		must_write(&f, three_stories, NULL);
		snprintf(sql, sizeof(sql),
			"UPDATE story SET lead = nullif(iif(id = 1, %d, %d), 0),"
			" sources = iif(id = 1, %d, %d)",
			cases[n].lead[0], cases[n].lead[1], cases[n].sources[0],
			cases[n].sources[1]);
		poke(f.path, sql);
		must_write(&f, merge_younger, NULL);
		assert_int_equal(peek(f.path, "SELECT coalesce(lead, 0) FROM story WHERE id = 1"),
			cases[n].expected);
		fixture_close(&f);
	}
}

static int drop_one(struct store_tx *tx, void *arg, struct err *e)
{
	struct drop drop;

	drop_init(&drop, 1, NOW);
	drop_add(&drop, *(int64_t *)arg, 1);
	return drop_run(tx, &drop, false, e);
}

/* When it goes the oldest one left is shown; when others go it stays. */
static void test_dropped_lead(void **state)
{
	struct get g = {.id = 1};
	int64_t first = 1, lead = 5;
	struct fixture f;

	(void)state;
	fixture_open(&f);
	must_write(&f, three_stories, NULL);
	poke(f.path, "UPDATE story SET lead = 5 WHERE id = 1");
	must_write(&f, drop_one, &first);
	must_read(&f, get_story, &g);
	assert_int_equal(g.story.lead, 5);
	assert_int_equal(g.story.first_seen_ms, NOW + 1);
	must_write(&f, drop_one, &lead);
	must_read(&f, get_story, &g);
	assert_int_equal(g.story.lead, 2);
	assert_int_equal(peek(f.path, "SELECT lead IS NULL FROM story WHERE id = 1"), 1);
	assert_counts(f.path);
	arena_finish(&g.arena);
	fixture_close(&f);
}

/* -- states -- */

struct mark {
	int64_t ids[4];
	int count, read, starred, changed;
};

static int mark_stories(struct store_tx *tx, void *arg, struct err *e)
{
	struct mark *m = arg;

	return stories_set_state(tx, m->ids, m->count, m->read, m->starred, NOW, &m->changed, e);
}

static int mark_items(struct store_tx *tx, void *arg, struct err *e)
{
	struct mark *m = arg;

	return items_set_state(tx, m->ids, m->count, m->read, m->starred, NOW, &m->changed, e);
}

/* Of story 1: item 1, its copy 2, and 5, which tells the same in other words. */
static const struct {
	const char *name;
	bool stories;
	struct mark mark; /* `changed` is what is expected */
	int lead;         /* of story 1; 0: its first item */
	bool marked;      /* all are read before */
	const char *read, *starred;
} mark_cases[] = {
	{"an item", false, {{1}, 1, STATE_READ, 0, 2}, 0, false, "1,2", ""},
	{"a copy", false, {{2}, 1, STATE_READ, 0, 2}, 0, false, "1,2", ""},
	{"a report", false, {{5}, 1, STATE_READ, 0, 1}, 0, false, "5", ""},
	{"a report and its story", false, {{5}, 1, STATE_READ_STORY, 0, 3}, 0, false, "1,2,5", ""},
	{"items of two stories", false, {{3, 2}, 2, STATE_READ, 0, 3}, 0, false, "1,2,3", ""},
	{"both copies", false, {{2, 1, 2}, 3, STATE_READ, 0, 2}, 0, false, "1,2", ""},
	{"an item and its star", false, {{2}, 1, STATE_READ, 1, 2}, 0, false, "1,2", "2"},
	{"a star alone", false, {{2}, 1, 0, 1, 1}, 0, false, "", "2"},
	{"what is not there", false, {{99}, 1, STATE_READ, 0, 0}, 0, false, "", ""},
	{"unread", false, {{1}, 1, -1, 0, 1}, 0, true, "2,3,4,5", ""},
	{"read once more", false, {{1}, 1, STATE_READ, 0, 0}, 0, true, "1,2,3,4,5", ""},
	{"a story", true, {{1}, 1, STATE_READ, 0, 2}, 0, false, "1,2", ""},
	{"its lead", true, {{1}, 1, STATE_READ, 0, 1}, 5, false, "5", ""},
	{"all of a story", true, {{1}, 1, STATE_READ_STORY, 0, 3}, 0, false, "1,2,5", ""},
	{"a story and its star", true, {{1}, 1, STATE_READ, 1, 3}, 0, false, "1,2", "1,2,5"},
	{"two stories", true, {{1, 2}, 2, STATE_READ, 0, 3}, 0, false, "1,2,3", ""},
	{"an unread story", true, {{1}, 1, -1, 0, 3}, 0, true, "3,4", ""},
	{"no story", true, {{99}, 1, STATE_READ, 0, 0}, 0, false, "", ""},
};

static void assert_ids(const char *path, const char *name, const char *column, const char *ids)
{
	char sql[256];

	snprintf(sql, sizeof(sql),
		"SELECT coalesce(group_concat(id), '') = '%s' FROM item WHERE %s", ids, column);
	if (!peek(path, sql))
		fail_msg("%s: %s are not %s", name, column, ids);
}

static void test_marking(void **state)
{
	struct fixture f;
	char sql[256];

	(void)state;
	fixture_open(&f);
	must_write(&f, three_stories, NULL);
	poke(f.path, "UPDATE item SET copy_of = NULL WHERE id = 5");
	for (size_t n = 0; n < sizeof(mark_cases) / sizeof(mark_cases[0]); n++) {
		struct mark m = mark_cases[n].mark;
		int64_t before = store_seq(f.store);

		snprintf(sql, sizeof(sql),
			"UPDATE item SET read = %d, starred = 0; UPDATE story SET starred = 0,"
			" unread = %d * items, lead = iif(id = 1, nullif(%d, 0), NULL)",
			mark_cases[n].marked, !mark_cases[n].marked, mark_cases[n].lead);
		poke(f.path, sql);
		must_write(&f, mark_cases[n].stories ? mark_stories : mark_items, &m);
		assert_ids(f.path, mark_cases[n].name, "read", mark_cases[n].read);
		assert_ids(f.path, mark_cases[n].name, "starred", mark_cases[n].starred);
		assert_int_equal(m.changed, mark_cases[n].mark.changed);
		snprintf(sql, sizeof(sql),
			"SELECT total(1 + coalesce(json_array_length(detail, '$.ids'), 0)) FROM"
			" change WHERE kind = 'item' AND op = 'state' AND seq > %lld",
			(long long)before);
		assert_int_equal(peek(f.path, sql), m.changed);
		assert_counts(f.path);
	}
	fixture_close(&f);
}

/* A story has a line when what is seen of it turns. */
static void test_story_lines(void **state)
{
	static const char lines[] =
		"SELECT count(*) FROM change WHERE kind = 'story' AND op = 'state'";
	struct mark m = {.ids = {1, 2}, .count = 2, .read = STATE_READ};
	struct get g = {.id = 1};
	struct fixture f;

	(void)state;
	fixture_open(&f);
	must_write(&f, three_stories, NULL);
	poke(f.path, "UPDATE item SET copy_of = NULL WHERE id = 5");
	must_write(&f, mark_items, &m);
	must_read(&f, get_story, &g);
	assert_false(g.story.read);
	assert_int_equal(peek(f.path, lines), 0);
	m.read = STATE_READ_STORY;
	must_write(&f, mark_stories, &m);
	assert_int_equal(m.changed, 2); /* item 5 and item 3 */
	must_read(&f, get_story, &g);
	assert_true(g.story.read);
	assert_int_equal(peek(f.path, lines), 1);
	m = (struct mark){.ids = {5}, .count = 1, .starred = 1};
	must_write(&f, mark_items, &m);
	must_read(&f, get_story, &g);
	assert_true(g.story.starred);
	assert_int_equal(g.story.rev, store_seq(f.store));
	assert_counts(f.path);
	arena_finish(&g.arena);
	fixture_close(&f);
}

static int big_story(struct store_tx *tx, void *arg, struct err *e)
{
	int status = two_feeds(tx, arg, e);

	for (int n = 0; n < 350 && status == 0; n++)
		status = put_item(tx, 1 + n % 2, n, 5, NULL, NOW + n, NULL, e);
	return status;
}

/* More copies, and more reports, than a line can name. */
static void test_marking_a_big_story(void **state)
{
	struct mark m = {.ids = {1, 77}, .count = 2, .read = STATE_READ, .starred = 1};
	struct fixture f;

	(void)state;
	fixture_open(&f);
	must_write(&f, big_story, NULL);
	must_write(&f, mark_stories, &m);
	assert_int_equal(m.changed, 350);
	assert_counts(f.path);
	m = (struct mark){.ids = {1}, .count = 1, .read = -1, .starred = -1};
	must_write(&f, mark_stories, &m);
	assert_int_equal(m.changed, 350);
	m = (struct mark){.ids = {250}, .count = 1, .read = STATE_READ};
	must_write(&f, mark_items, &m);
	assert_int_equal(m.changed, 350);
	assert_counts(f.path);
	fixture_close(&f);
}

/* -- lists -- */

struct paging {
	struct story_filter filter;
	struct page page;
	int64_t ids[1000];
	int count;
};

static int collect(void *ctx, const struct story *story)
{
	struct paging *p = ctx;

	p->ids[p->count++] = story->id;
	return 0;
}

static int list_stories(struct store_tx *tx, void *arg, struct err *e)
{
	struct paging *p = arg;

	p->count = 0;
	return stories_list(tx, &p->filter, &p->page, collect, p, e);
}

static const struct {
	const char *name;
	struct story_filter filter;
	const char *where;
	bool ascending;
} list_cases[] = {
	{"all", {0}, "1", false},
	{"ascending", {0}, "1", true},
	{"unread", {.read = -1}, "unread > 0", false},
	{"read", {.read = 1}, "unread = 0", false},
	{"starred", {.starred = 1}, "starred > 0", false},
	{"not starred", {.starred = -1}, "starred = 0", false},
	{"feed", {.feed = 2}, "id IN (SELECT story FROM item WHERE feed = 2)", false},
	{"folder", {.folder = 1}, "id IN (SELECT story FROM item WHERE feed = 1)", false},
	{"unread of a folder", {.folder = 1, .read = -1},
		"unread > 0 AND id IN (SELECT story FROM item WHERE feed = 1)", false},
	{"since", {.since_rev = 70}, "rev > 70", false},
	{"seen after", {.seen_after_ms = NOW + 10},
		"id IN (SELECT story FROM item WHERE received_ms > 1795000000010)", false},
};

/* 60 items in some 40 stories, times that are equal, states of all kinds. */
static int fill(struct store_tx *tx, void *arg, struct err *e)
{
	int64_t ids[] = {3, 4, 5, 30, 31}, stars[] = {1, 7, 31};
	int changed, status = two_feeds(tx, arg, e);

	for (int n = 1; n <= 60 && status == 0; n++)
		status = put_item(
			tx, 1 + n % 3 % 2, n, n % 3 ? 0 : 100 + n % 4, NULL, NOW + n / 3, NULL, e);
	if (status == 0)
		status = stories_set_state(tx, ids, 5, 1, 0, NOW, &changed, e);
	return status ? status : stories_set_state(tx, stars, 3, 0, 1, NOW, &changed, e);
}

static void check_list(struct fixture *f, size_t which, int limit)
{
	struct paging p = {.filter = list_cases[which].filter,
		.page = {.ascending = list_cases[which].ascending}};
	const char *direction = p.page.ascending ? "ASC" : "DESC";
	char sql[400];
	int total = 0;

	p.page.limit = limit;
	do {
		must_read(f, list_stories, &p);
		for (int n = 0; n < p.count; n++, total++) {
			snprintf(sql, sizeof(sql),
				"SELECT id FROM story WHERE %s ORDER BY updated_ms %s, id %s LIMIT "
				"1 OFFSET %d",
				list_cases[which].where, direction, direction, total);
			if (p.ids[n] != peek(f->path, sql))
				fail_msg("%s in pages of %d: place %d has %lld",
					list_cases[which].name, limit, total, (long long)p.ids[n]);
		}
	} while (p.page.more);
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM story WHERE %s", list_cases[which].where);
	assert_int_equal(total, peek(f->path, sql));
}

static void test_lists(void **state)
{
	static const int limits[] = {1, 7, 1000};
	struct fixture f;

	(void)state;
	fixture_open(&f);
	must_write(&f, fill, NULL);
	for (size_t i = 0; i < sizeof(list_cases) / sizeof(list_cases[0]); i++)
		for (size_t n = 0; n < sizeof(limits) / sizeof(limits[0]); n++)
			check_list(&f, i, limits[n]);
	assert_counts(f.path);
	fixture_close(&f);
}

static void test_reason_names(void **state)
{
	static const char *const names[] = {
		"first", "same-guid", "same-url", "near-duplicate", "same-event", "manual"};

	(void)state;
	for (int n = 0; n <= STORY_MANUAL; n++)
		assert_string_equal(story_reason_name((enum story_reason)n), names[n]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_find_url),
		cmocka_unit_test(test_find_url_of_many),
		cmocka_unit_test(test_join_what_is_not_there),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_lead),
		cmocka_unit_test(test_find_lead),
		cmocka_unit_test(test_merged_lead),
		cmocka_unit_test(test_dropped_lead),
		cmocka_unit_test(test_marking),
		cmocka_unit_test(test_story_lines),
		cmocka_unit_test(test_marking_a_big_story),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_reason_names),
	};

	faultvfs_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
