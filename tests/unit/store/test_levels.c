/* How alike items must be to be one story: what the configuration and users say, of all feeds, of
 * folders and of a feed, and which word counts. */
#include "fixture.h"

#include "store/keep.h"
#include "support/faultvfs.h"

static int add_two(struct store_tx *tx, void *arg, struct err *e)
{
	int64_t id;
	int status = add_feed(tx, "u1", "F", &id, e);

	(void)arg;
	return status ? status : add_feed(tx, "u2", "G", &id, e);
}

struct get {
	int64_t id;
	struct arena arena;
	struct feed feed;
};

static int get_feed(struct store_tx *tx, void *arg, struct err *e)
{
	struct get *g = arg;

	arena_finish(&g->arena);
	arena_init(&g->arena, 1 << 20);
	return feeds_get(tx, g->id, &g->arena, &g->feed, e);
}

/* What is said, by the configuration and by users, and which word counts. */
static const struct level_case {
	enum grouping_level daemon, folder, user_folder, feed;
	enum grouping_level level;
	const char *from;
} level_cases[] = {
	{GROUPING_NORMAL, 0, 0, 0, GROUPING_NORMAL, "daemon"},
	{GROUPING_OFF, 0, 0, 0, GROUPING_OFF, "daemon"},
	{GROUPING_NORMAL, GROUPING_STRICT, 0, 0, GROUPING_STRICT, "folder"},
	{GROUPING_OFF, 0, GROUPING_WIDE, 0, GROUPING_WIDE, "folder"},
	{GROUPING_NORMAL, GROUPING_STRICT, GROUPING_WIDE, 0, GROUPING_STRICT, "folder"},
	{GROUPING_NORMAL, 0, 0, GROUPING_OFF, GROUPING_OFF, "feed"},
	{GROUPING_NORMAL, GROUPING_STRICT, GROUPING_WIDE, GROUPING_OFF, GROUPING_OFF, "feed"},
	{0, 0, 0, 0, GROUPING_INHERITED, "daemon"}, /* nobody was asked yet */
};

/* The user's words first: the configuration takes them away from nobody. */
static int say_levels(struct store_tx *tx, void *arg, struct err *e)
{
	const struct level_case *c = arg;
	const struct keep_rule rules[] = {{KEEP_DAEMON, "", {0}, c->daemon},
		{KEEP_FOLDER, "F", {0}, c->folder}, {KEEP_FOLDER, "G", {0}, GROUPING_REPRINTS}};
	const struct feed_patch patch = {.members = FEED_PATCH_STORIES, .stories = c->feed};
	int64_t other;
	int status = keep_set_rules(tx, rules, 0, e);

	if (status == 0)
		status = folders_change(tx, 1, c->user_folder, NOW, e);
	if (status == 0)
		status = feeds_change(tx, 1, &patch, NOW, &other, e);
	return status ? status : keep_set_rules(tx, rules, c->daemon ? 3 : 0, e);
}

static void test_levels(void **state)
{
	struct get g = {.id = 1};
	struct fixture f;
	const char *from;

	(void)state;
	fixture_open(&f);
	must_write(&f, add_two, NULL);
	for (size_t n = 0; n < sizeof(level_cases) / sizeof(level_cases[0]); n++) {
		struct level_case c = level_cases[n];

		must_write(&f, say_levels, &c);
		must_read(&f, get_feed, &g);
		assert_int_equal(feed_level(&g.feed, &from), c.level);
		assert_string_equal(from, c.from);
		assert_int_equal(g.feed.stories, c.feed);
	}
	assert_counts(f.path);
	arena_finish(&g.arena);
	fixture_close(&f);
}

static int change_folder(struct store_tx *tx, void *arg, struct err *e)
{
	return folders_change(tx, *(int64_t *)arg, GROUPING_WIDE, NOW, e);
}

static void test_changing_folders(void **state)
{
	struct level_case declared = {
		GROUPING_NORMAL, GROUPING_STRICT, 0, 0, GROUPING_STRICT, "folder"};
	int64_t folder = 2, declares = 1, none = 9, seq;
	struct fixture f;
	struct err e;

	(void)state;
	fixture_open(&f);
	must_write(&f, add_two, NULL);
	must_write(&f, change_folder, &declares);
	declared.user_folder = GROUPING_WIDE;
	must_write(&f, say_levels, &declared);
	seq = store_seq(f.store);
	assert_int_equal(do_write(&f, change_folder, &declares, &e), ERR_DENIED);
	assert_int_equal(do_write(&f, change_folder, &none, &e), ERR_NOT_FOUND);
	assert_int_equal(do_write(&f, change_folder, &folder, &e), ERR_DENIED);
	declared = (struct level_case){0};
	must_write(&f, say_levels, &declared);
	must_write(&f, change_folder, &folder);
	assert_int_equal(peek(f.path, "SELECT stories FROM folder WHERE id = 2"), GROUPING_WIDE);
	assert_int_equal(peek(f.path, "SELECT rev FROM folder WHERE id = 2"), store_seq(f.store));
	assert_true(store_seq(f.store) > seq);
	seq = store_seq(f.store);
	must_write(&f, change_folder, &folder);
	assert_int_equal(store_seq(f.store), seq); /* nothing differs, nothing is told */
	fixture_close(&f);
}

struct levels {
	enum grouping_level declared, given; /* by the section; by a user, before it */
	enum grouping_level after;
	int refused; /* what then becomes of a user's word */
};

static int declare_level(struct store_tx *tx, void *arg, struct err *e)
{
	const struct levels *l = arg;
	const struct feed_declaration d = {.section = "a", .url = "u1", .stories = l->declared};
	const struct feed_patch patch = {.members = FEED_PATCH_STORIES, .stories = l->given};
	struct feed_sync_counts counts;
	int64_t other;
	int status = l->given ? feeds_change(tx, 1, &patch, NOW, &other, e) : 0;

	return status ? status : feeds_sync(tx, FEED_OWNER_CONFIG, &d, 1, NOW, &counts, e);
}

static int change_level(struct store_tx *tx, void *arg, struct err *e)
{
	static const struct feed_patch patch = {
		.members = FEED_PATCH_STORIES, .stories = GROUPING_OFF};
	int64_t other;

	(void)arg;
	return feeds_change(tx, 1, &patch, NOW, &other, e);
}

/* What a section says counts, and goes with it; what it never said is the user's. */
static void test_declared(void **state)
{
	static const struct levels steps[] = {
		{0, 0, 0, 0},
		{0, GROUPING_WIDE, GROUPING_WIDE, 0},
		{GROUPING_STRICT, GROUPING_WIDE, GROUPING_STRICT, ERR_DENIED},
		{0, 0, 0, 0},
	};
	struct fixture f;
	struct err e;

	(void)state;
	fixture_open(&f);
	for (size_t n = 0; n < sizeof(steps) / sizeof(steps[0]); n++) {
		struct levels step = steps[n];

		must_write(&f, declare_level, &step);
		assert_int_equal(peek(f.path, "SELECT stories FROM feed"), step.after);
		assert_int_equal(do_write(&f, change_level, NULL, &e), step.refused);
	}
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_changing_folders),
		cmocka_unit_test(test_declared),
	};

	faultvfs_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
