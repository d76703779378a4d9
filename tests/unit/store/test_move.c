/* Feeds that move for good: the address, its alias, and two that become one. */
#include "fixture.h"
#include "steps.h"

#include "store/keep.h"
#include "support/lines.h"

struct move {
	int64_t id, into;
	const char *url;
};

static int move(struct store_tx *tx, void *arg, struct err *e)
{
	struct move *m = arg;

	return feeds_move(tx, m->id, m->url, NOW, &m->into, e);
}

static int purge(struct store_tx *tx, void *arg, struct err *e)
{
	bool more = true;
	int status = 0;

	(void)arg;
	while (more && status == 0)
		status = feeds_purge(tx, NOW, &more, e);
	return status;
}

static int64_t moved(struct fixture *f, int64_t id, const char *url)
{
	struct move m = {.id = id, .url = url};

	must_write(f, move, &m);
	return m.into;
}

static int find(struct store_tx *tx, void *arg, struct err *e)
{
	struct move *m = arg;

	return feeds_find_url(tx, m->url, &m->id, e);
}

static int64_t found(struct fixture *f, const char *url)
{
	struct move m = {.url = url};

	must_read(f, find, &m);
	return m.id;
}

static void test_alone(void **state)
{
	struct fixture f;
	int64_t seq;

	(void)state;
	fixture_open(&f);
	run_step(&f, (struct step){.owner = FEED_OWNER_CONFIG,
			     .declared = {{.section = "A", .url = "http://a/"}}});
	poke(f.path, "UPDATE feed SET etag = '\"x\"', moved_url = 'http://b/', moved_count = 3,"
		     " moved_ms = 1");
	seq = store_seq(f.store);
	assert_int_equal(moved(&f, 1, "http://b/"), 1);
	assert_true(store_seq(f.store) > seq);
	assert_int_equal(found(&f, "http://b/"), 1);
	assert_int_equal(found(&f, "http://a/"), 1);
	assert_int_equal(peek(f.path, "SELECT etag IS NOT NULL AND moved_count = 0 AND moved_url IS"
				      " NULL AND moved_ms > 1 FROM feed"),
		1);
	/* the configuration still says the old one: nothing changes */
	seq = store_seq(f.store);
	run_step(&f, (struct step){.owner = FEED_OWNER_CONFIG,
			     .declared = {{.section = "A", .url = "http://a/"}}});
	assert_int_equal(store_seq(f.store), seq);
	run_step(&f, (struct step){.owner = FEED_OWNER_LIST,
			     .declared = {{.section = NULL, .url = "http://a/"}}});
	assert_int_equal(peek(f.path, "SELECT count(*) FROM feed WHERE url = 'http://b/'"), 1);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM feed"), 1);
	/* and back again: the other way round */
	assert_int_equal(moved(&f, 1, "http://a/"), 1);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM alias WHERE url = 'http://b/'"), 1);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM alias"), 1);
	/* an address that the user decides on ends what was learned */
	run_step(&f, (struct step){.owner = FEED_OWNER_CONFIG,
			     .declared = {{.section = "A", .url = "http://c/"}}});
	assert_int_equal(found(&f, "http://b/"), 0);
	assert_int_equal(found(&f, "http://c/"), 1);
	assert_sound(f.path);
	fixture_close(&f);
}

static int fill(struct store_tx *tx, void *arg, struct err *e)
{
	static const struct {
		int64_t feed, key;
		int read, starred;
	} items[] = {
		{1, 11, 1, 0}, {1, 12, 0, 1}, {1, 13, 0, 0}, /* only in the first */
		{1, 14, 1, 1},                               /* the same */
		{2, 11, 0, 0}, {2, 12, 1, 0}, {2, 15, 0, 0}, /* only in the second */
	};
	int status = 0, changed;
	int64_t id;

	(void)arg;
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]) && status == 0; i++) {
		status = put_item(tx, items[i].feed, items[i].key, 0, "text", NOW, &id, e);
		if (status == 0)
			status = items_set_state(
				tx, &id, 1, items[i].read, items[i].starred, NOW, &changed, e);
	}
	return status;
}

#define ITEM(key, what)                                                                            \
	peek(f.path, "SELECT count(*) FROM item WHERE feed = 2 AND key = " #key " AND " what)

static void test_two_become_one(void **state)
{
	const struct step both = {.owner = FEED_OWNER_CONFIG,
		.declared = {{.section = "A", .url = "http://h/a", .name = "Name of A"},
			{.section = "B", .url = "http://h/b"}}};
	struct fixture f;
	int64_t seq;

	(void)state;
	fixture_open(&f);
	run_step(&f, both);
	must_write(&f, fill, NULL);
	assert_int_equal(moved(&f, 1, "http://h/b"), 2);
	must_write(&f, purge, NULL);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM feed"), 1);
	assert_int_equal(found(&f, "http://h/a"), 2);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM item"), 5);
	assert_int_equal(ITEM(11, "read"), 1);
	assert_int_equal(ITEM(12, "read AND starred"), 1);
	assert_int_equal(ITEM(13, "NOT read"), 1);
	assert_int_equal(ITEM(14, "read AND starred"), 1);
	assert_int_equal(ITEM(15, "NOT read AND NOT starred"), 1);
	assert_counts(f.path);
	assert_sound(f.path);
	/* both sections mean it now, and reloading changes nothing, in either order */
	run_step(&f, both);
	seq = store_seq(f.store);
	run_step(&f, both);
	run_step(&f, (struct step){.owner = FEED_OWNER_CONFIG,
			     .declared = {{.section = "B", .url = "http://h/b"},
				     {.section = "A", .url = "http://h/a", .name = "Name of A"}}});
	assert_int_equal(store_seq(f.store), seq);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM feed WHERE section = 'B'"), 1);
	/* one of them alone is enough to keep it */
	run_step(&f, (struct step){.owner = FEED_OWNER_CONFIG,
			     .declared = {{.section = "A", .url = "http://h/a"}}});
	assert_int_equal(peek(f.path, "SELECT count(*) FROM feed WHERE detached_ms IS NULL"), 1);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM feed WHERE url = 'http://h/b'"), 1);
	fixture_close(&f);
}

/* Who may speak for whom: what a server sends on to another's address stays its own, but what
 * people did with it is theirs. */
static void test_origins(void **state)
{
	static const struct {
		const char *from, *into;
		bool one;
	} cases[] = {
		{"http://h/a", "http://h/b", true},
		{"http://h/a", "https://h/b", true},
		{"http://h/a", "https://h/a", true},
		{"https://h:8443/a", "https://h:8443/b", true},
		{"http://u:p@h/a", "http://h/b", true},
		{"http://a/", "http://b/", false},
		{"http://h/a", "http://h.evil/a", false},
		{"http://h/a", "http://h@evil/a", false},
		{"https://h/a", "http://h/b", false},
		{"http://h/a", "http://h:8080/b", false},
		{"http://h:8080/a", "https://h/b", false},
		{"http://h/a", "https://h:8443/b", false},
		{"file:///a", "http://h/b", false},
		{"nothing", "nobody", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool one = cases[i].one;
		struct fixture f;

		fixture_open(&f);
		run_step(&f, (struct step){.owner = FEED_OWNER_CONFIG,
				     .declared = {{.section = "A", .url = cases[i].from},
					     {.section = "B", .url = cases[i].into}}});
		must_write(&f, fill, NULL);
		poke(f.path, "INSERT INTO dropped VALUES (1, 16, 1), (1, 11, 1), (2, 17, 1)");
		assert_int_equal(moved(&f, 1, cases[i].into), 2);
		must_write(&f, purge, NULL);
		assert_int_equal(found(&f, cases[i].from), one ? 2 : 1);
		assert_int_equal(found(&f, cases[i].into), 2);
		assert_int_equal(
			peek(f.path, "SELECT count(*) FROM item WHERE feed = 1"), one ? 0 : 4);
		assert_int_equal(
			peek(f.path, "SELECT count(*) FROM item WHERE feed = 2"), one ? 5 : 3);
		assert_int_equal(ITEM(11, "read AND NOT starred"), 1);
		assert_int_equal(ITEM(12, "read AND starred"), 1);
		assert_int_equal(ITEM(15, "NOT read AND NOT starred"), 1);
		/* what the one dropped the other may publish */
		assert_int_equal(peek(f.path, "SELECT sum(key) FROM dropped WHERE feed = 2"), 17);
		assert_int_equal(peek(f.path, "SELECT count(*) FROM alias WHERE url = 'nothing' OR "
					      "url GLOB '!*'"),
			0);
		assert_int_equal(
			peek(f.path,
				"SELECT count(*) FROM feed WHERE id = 1 AND section = 'A'"
				" AND status = 3 AND next_due_ms IS NULL AND error_code = 'exists'"
				" AND error_text LIKE '%feed 2%' AND detached_ms IS NULL"),
			!one);
		assert_int_equal(peek(f.path, "SELECT count(*) FROM change WHERE kind = 'feed' AND "
					      "op = 'gone' AND id = 1"),
			!one);
		assert_counts(f.path);
		assert_sound(f.path);
		fixture_close(&f);
	}
}

/* Nobody wants the feed that has the address: until that is deleted, the other goes on as it was.
 */
static void test_to_one_that_nobody_wants(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f);
	run_step(&f, (struct step){.owner = FEED_OWNER_CONFIG,
			     .declared = {{.section = "B", .url = "http://b/"}}});
	run_step(&f, (struct step){.owner = FEED_OWNER_CONFIG,
			     .declared = {{.section = "A", .url = "http://a/"}}});
	assert_int_equal(moved(&f, 2, "http://b/"), 0);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM feed WHERE id = 2 AND status = 0 AND"
				      " url = 'http://a/' AND detached_ms IS NULL"),
		1);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM feed WHERE detached_ms > 0"), 1);
	poke(f.path, "UPDATE feed SET detached_ms = 1 WHERE id = 1");
	must_write(&f, purge, NULL);
	assert_int_equal(moved(&f, 2, "http://b/"), 2);
	assert_int_equal(found(&f, "http://b/"), 2);
	fixture_close(&f);
}

/* The target was let go of long ago: it comes back, with what the other brings. */
static void test_into_one_that_was_detached(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f);
	run_step(&f, (struct step){.owner = FEED_OWNER_CONFIG,
			     .declared = {{.section = "A", .url = "http://h/a"}}});
	run_step(&f, (struct step){.owner = FEED_OWNER_CONFIG,
			     .declared = {{.section = "B", .url = "http://h/b"}}});
	assert_int_equal(peek(f.path, "SELECT count(*) FROM feed WHERE detached_ms IS NULL"), 1);
	assert_int_equal(moved(&f, 2, "http://h/a"), 1);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM feed WHERE detached_ms IS NULL AND"
				      " section = 'B' AND owners = 1 AND url = 'http://h/a'"),
		1);
	fixture_close(&f);
}

/* More than a line of the log holds, in each of the three ways that items go. */
enum { MANY = 250 };

static int fill_many(struct store_tx *tx, void *arg, struct err *e)
{
	int status = 0, changed;
	int64_t id;

	(void)arg;
	for (int64_t key = 1; key <= 2 * MANY && status == 0; key++) {
		status = put_item(tx, 1, key, 0, "text", NOW, &id, e);
		if (status == 0)
			status = items_set_state(tx, &id, 1, 1, 1, NOW, &changed, e);
		if (status == 0 && key <= MANY)
			status = put_item(tx, 2, key, 0, "text", NOW, &id, e);
	}
	return status;
}

static void test_many_items(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f);
	run_step(&f, (struct step){.owner = FEED_OWNER_CONFIG,
			     .declared = {{.section = "A", .url = "http://h/a"},
				     {.section = "B", .url = "http://h/b"}}});
	must_write(&f, fill_many, NULL);
	assert_int_equal(moved(&f, 1, "http://h/b"), 2);
	must_write(&f, purge, NULL);
	assert_int_equal(
		peek(f.path, "SELECT count(*) FROM item WHERE feed = 2 AND read AND starred"),
		2 * MANY);
	assert_counts(f.path);
	fixture_close(&f);
}

/* What people said of the one that stays goes before what they said of the other, also after the
 * configuration was read again. */
static void test_whose_word_counts(void **state)
{
	static const struct {
		struct declared from, into; /* no section: through the socket */
		const char *wanted;
	} cases[] = {
		{{"A", "http://h/a", "Of A", "G", 7200, 0, 0},
			{"B", "http://h/b", NULL, NULL, 0, 0, 0}, "B G Of A 7200 0 0"},
		{{"A", "http://h/a", "Of A", "G", 7200, 0, 0},
			{"B", "http://h/b", "Of B", "H", 3600, 0, 0}, "B H Of B 3600 0 0"},
		{{"A", "http://h/a", NULL, "G", 0, 60, 90},
			{"B", "http://h/b", NULL, NULL, 0, 0, 0}, "B G - 0 60 90"},
		{{"A", "http://h/a", NULL, "G", 70, 60, 90},
			{"B", "http://h/b", NULL, "H", 0, 0, 0}, "B H - 70 60 90"},
		{{"A", "http://h/a", NULL, "G", 0, 60, 90},
			{NULL, "http://h/b", NULL, NULL, 0, 0, 0}, "A G - 0 60 90"},
		/* how often is one word */
		{{"A", "http://h/a", NULL, "G", 0, 60, 0},
			{"B", "http://h/b", NULL, NULL, 0, 0, 30}, "B G - 0 0 30"},
		{{"A", "http://h/a", NULL, "G", 80, 60, 0},
			{"B", "http://h/b", NULL, NULL, 50, 0, 0}, "B G - 50 0 0"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct step both = {.owner = FEED_OWNER_CONFIG, .declared = {cases[i].from}};
		struct fixture f;
		char sql[400];
		int64_t seq;

		fixture_open(&f);
		if (cases[i].into.section)
			both.declared[1] = cases[i].into;
		run_step(&f, both);
		if (!cases[i].into.section)
			run_step(&f, (struct step){.url = cases[i].into.url});
		assert_int_equal(moved(&f, 1, "http://h/b"), 2);
		snprintf(sql, sizeof(sql),
			"SELECT count(*) FROM feed JOIN folder ON folder.id = folder WHERE feed.id "
			"= 2"
			" AND format('%%s %%s %%s %%d %%d %%d', section, folder.name,"
			" coalesce(feed.name, '-'), interval_ms, interval_min_ms, interval_max_ms) "
			"= '%s'",
			cases[i].wanted);
		assert_int_equal(peek(f.path, sql), 1);
		run_step(&f, both);
		seq = store_seq(f.store);
		run_step(&f, both);
		assert_int_equal(store_seq(f.store), seq);
		assert_int_equal(peek(f.path, sql), 1);
		fixture_close(&f);
	}
}

static int set_rules(struct store_tx *tx, void *arg, struct err *e)
{
	return keep_set_rules(tx, arg, 3, e);
}

/* Items that are to be kept by a rule of their own do not come under another. */
static void test_what_is_kept_longer(void **state)
{
	static const struct {
		struct declared from, into;
		struct keep_rule rule;
		bool one;
	} cases[] = {
		{{.section = "A", .url = "http://h/a"}, {.section = "B", .url = "http://h/b"},
			{KEEP_FEED, "A", {.items = 100000}, 0}, false},
		{{.section = "A", .url = "http://h/a"}, {.section = "B", .url = "http://h/b"},
			{KEEP_FEED, "B", {.items = 100000}, 0}, true},
		{{.section = "A", .url = "http://h/a"}, {.url = "http://h/b"},
			{KEEP_FEED, "A", {.items = 100000}, 0}, true},
		{{.section = "A", .url = "http://h/a", .folder = "G"},
			{.section = "B", .url = "http://h/b", .folder = "H"},
			{KEEP_FOLDER, "G", {.items = 100000}, 0}, false},
		{{.section = "A", .url = "http://h/a", .folder = "G"},
			{.section = "B", .url = "http://h/b", .folder = "G"},
			{KEEP_FOLDER, "G", {.items = 100000}, 0}, true},
		{{.section = "A", .url = "http://h/a", .folder = "G"},
			{.section = "B", .url = "http://h/b"},
			{KEEP_FOLDER, "G", {.items = 100000}, 0}, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct keep_rule rules[] = {{KEEP_DAEMON, "", {1, 1, 1, 1}, 0}, cases[i].rule,
			{KEEP_FOLDER, "Other", {.items = 1}, 0}};
		struct step both = {.owner = FEED_OWNER_CONFIG, .declared = {cases[i].from}};
		struct fixture f;

		fixture_open(&f);
		if (cases[i].into.section)
			both.declared[1] = cases[i].into;
		run_step(&f, both);
		if (!cases[i].into.section)
			run_step(&f, (struct step){.url = cases[i].into.url});
		must_write(&f, set_rules, rules);
		assert_int_equal(moved(&f, 1, "http://h/b"), 2);
		must_write(&f, purge, NULL);
		assert_int_equal(peek(f.path, "SELECT count(*) FROM feed"), cases[i].one ? 1 : 2);
		fixture_close(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		line_test("A20 A22", test_alone),
		line_test("A22", test_two_become_one),
		line_test("A22", test_into_one_that_was_detached),
		line_test("A22", test_many_items),
		line_test("A22", test_whose_word_counts),
		line_test("A22", test_origins),
		line_test("A22", test_to_one_that_nobody_wants),
		line_test("A22", test_what_is_kept_longer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
