/* Documents whose items have new ids or addresses, in a real database: nothing old is told as new,
 * nothing new is missed, states stay, and a feed's rule changes by itself. */
#include "unit/store/fixture.h"

#include "ingest.h"
#include "limits.h"
#include "store/keep.h"
#include "support/fault_each.h"

#define DAY  (24 * 3600 * 1000LL)
#define HOUR (3600 * 1000LL)
#define URL  "https://town.example/feed"

enum { ITEMS_MAX = 64, TEXT_BYTES = 96, ARENA_BYTES = 1 << 22 };

/* A document that is made anew for each poll: items `first` to `last`, the newest first, with what
 * these print of their number; "" leaves the part out. */
struct site {
	int first, last;
	const char *guid, *link, *title, *text; /* with one %d */
	int64_t dated_ms;                       /* all of them; 0: an hour apart */
};

static const struct site plain = {
	.last = 9,
	.guid = "id-%d",
	.link = "https://town.example/news/%d",
	.title = "Story %d",
	.text = "What is told of number %d, in full.",
};

struct world {
	struct fixture f;
	struct ingest in; /* of the last poll */
	struct arena arena;
};

static char *print(struct arena *a, const char *format, int number)
{
	char text[TEXT_BYTES];

	if (!*format)
		return NULL;
		/* the formats are the tests' own */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof(text), format, number);
#pragma GCC diagnostic pop
	return arena_strdup(a, text);
}

static int make(struct world *w, const struct site *site)
{
	struct feed_content content = {0};
	struct draft *drafts = NULL;
	int status;

	for (int i = site->first; i <= site->last; i++) {
		struct item *item = arena_alloc(&w->arena, sizeof(*item));

		if (!item)
			return ERR_NOMEM;
		*item = (struct item){.id = print(&w->arena, site->guid, i),
			.link = print(&w->arena, site->link, i),
			.title = print(&w->arena, site->title, i),
			.content = print(&w->arena, site->text, i),
			.published_ms = site->dated_ms ? site->dated_ms : NOW - DAY + i * HOUR,
			.updated_ms = TIME_NONE,
			.next = content.items};
		content.items = item;
		content.item_count++;
	}
	status = draft_items(&content, w->in.rule, TIME_NONE, &w->arena, &drafts, &w->in.count);
	w->in.drafts = drafts;
	return status;
}

static int read_rule(struct store_tx *tx, void *arg, struct err *e)
{
	struct world *w = arg;
	struct feed feed;
	int status = feeds_get(tx, 1, &w->arena, &feed, e);

	w->in.rule = (enum identity_rule)feed.identity;
	w->in.identity_note = feed.identity_note;
	w->in.initial = feed.last_ok_ms == TIME_NONE;
	return status;
}

static int try_poll(struct world *w, const struct site *site, struct err *e)
{
	int status;

	arena_finish(&w->arena);
	arena_init(&w->arena, ARENA_BYTES);
	w->in = (struct ingest){.feed = 1,
		.url = URL,
		.now_ms = NOW,
		.poll = {.now_ms = NOW, .status = FEED_OK, .http_status = 200}};
	status = do_read(&w->f, read_rule, w, e);
	if (status == 0)
		status = make(w, site);
	return status ? status : do_write(&w->f, ingest_run, &w->in, e);
}

/* One poll: so many new items, under new keys, with changed texts. */
static void poll(struct world *w, struct site site, int new_items, int rekeyed, int changed)
{
	struct err e = {0};

	if (try_poll(w, &site, &e))
		fail_msg("%s", e.text);
	assert_int_equal(w->in.new_items, new_items);
	assert_int_equal(w->in.rekeyed_items, rekeyed);
	assert_int_equal(w->in.changed_items, changed);
}

static int add_one(struct store_tx *tx, void *arg, struct err *e)
{
	int64_t id;

	(void)arg;
	return add_feed(tx, URL, NULL, &id, e);
}

static int mark(struct store_tx *tx, void *arg, struct err *e)
{
	int changed, status;

	(void)arg;
	status = items_set_state(tx, (const int64_t[]){1, 2, 3}, 3, 1, 0, NOW, &changed, e);
	if (status == 0)
		status = items_set_state(tx, (const int64_t[]){3, 4}, 2, 0, 1, NOW, &changed, e);
	return status;
}

static void open_world(void *ctx)
{
	struct world *w = ctx;

	memset(w, 0, sizeof(*w));
	fixture_open(&w->f);
	must_write(&w->f, add_one, NULL);
	poll(w, plain, 10, 0, 0);
	must_write(&w->f, mark, NULL);
}

/* Whatever came, the ten that were there first are as they were. */
static void close_world(struct world *w)
{
	assert_int_equal(peek(w->f.path, "SELECT sum(read * id) * 100 + sum(starred * id) FROM item"
					 " WHERE title LIKE 'Story%'"),
		607);
	assert_counts(w->f.path);
	assert_sound(w->f.path);
	fixture_close(&w->f);
	arena_finish(&w->arena);
}

static int64_t lines(struct world *w, const char *kind, const char *op)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM change WHERE kind = '%s' AND op = '%s'",
		kind, op);
	return peek(w->f.path, sql);
}

static void test_guids(void **state)
{
	struct site site = plain;
	struct world w;
	int64_t before;

	(void)state;
	open_world(&w);
	before = peek(w.f.path, "SELECT max(seq) FROM change");
	site.guid = "other-%d";
	poll(&w, site, 0, 10, 0);
	assert_int_equal(peek(w.f.path, "SELECT max(seq) FROM change"), before);
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM item WHERE guid LIKE 'other-%'"), 10);
	assert_int_equal(w.in.known_items, 10);
	poll(&w, site, 0, 0, 0);
	site.last = 10;
	poll(&w, site, 1, 0, 0);
	close_world(&w);
}

/* What readers see has changed, and is told; nothing is said to be new. */
static void test_links(void **state)
{
	static const struct {
		const char *guid, *link, *text;
		int changed;
	} cases[] = {
		{"x-%d", "https://herald.example/news/%d", "", 0},
		{"x-%d", "https://herald.example/articles/%d-more", "", 0},
		{"https://herald.example/%d", "https://herald.example/%d", "", 0},
		{"x-%d", "https://herald.example/articles/%d-more", "Number %d in new words.", 10},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct site site = plain;
		struct world w;

		open_world(&w);
		site.guid = cases[i].guid;
		site.link = cases[i].link;
		site.text = *cases[i].text ? cases[i].text : site.text;
		poll(&w, site, 0, 10, cases[i].changed);
		assert_int_equal(lines(&w, "item", "new"), 1);
		assert_int_equal(lines(&w, "story", "new"), 1);
		assert_int_equal(lines(&w, "item", "update"), 1);
		assert_int_equal(peek(w.f.path, "SELECT count(*) FROM revision"), cases[i].changed);
		assert_int_equal(peek(w.f.path, "SELECT count(*) FROM revision"
						" WHERE link NOT LIKE '%town%'"),
			0);
		assert_int_equal(
			peek(w.f.path, "SELECT count(*) FROM item WHERE link LIKE '%herald%'"), 10);
		poll(&w, site, 0, 0, 0);
		close_world(&w);
	}
}

/* Times that are always now part nothing. */
static void test_times_that_say_nothing(void **state)
{
	struct site site = plain;
	struct world w;

	(void)state;
	open_world(&w);
	site.guid = "x-%d";
	site.link = "https://town.example/articles/%d-more";
	site.dated_ms = NOW + 9 * DAY;
	site.last = 10;
	poll(&w, site, 1, 10, 0);
	close_world(&w);
}

/* Old items under new keys, and news among them. */
static void test_mixture(void **state)
{
	struct site site = plain;
	struct world w;

	(void)state;
	open_world(&w);
	site.guid = "new-%d";
	site.link = "https://herald.example/%d";
	site.first = 4;
	site.last = 12;
	poll(&w, site, 3, 6, 0);
	assert_int_equal(lines(&w, "item", "new"), 2);
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM item"), 13);
	close_world(&w);
}

static void test_guids_that_never_stay(void **state)
{
	static const char *const guids[] = {"a-%d", "b-%d", "c-%d", "d-%d", "e-%d", "f-%d"};
	static const int rekeyed[] = {10, 11, 12, 0, 0, 0};
	struct site site = plain;
	struct world w;

	(void)state;
	open_world(&w);
	for (int i = 0; i < 6; i++) {
		site.guid = guids[i];
		site.last = 10 + i;
		poll(&w, site, 1, rekeyed[i], 0);
		assert_int_equal(peek(w.f.path, "SELECT identity FROM feed"), i > 0);
	}
	assert_int_equal(peek(w.f.path, "SELECT identity_note LIKE 'renewed %' FROM feed"), 1);
	close_world(&w);
}

/* Neither do the links; the last ones are shown. */
static void test_links_that_never_stay(void **state)
{
	static const char *const links[] = {"https://town.example/?s=a&n=%d",
		"https://town.example/?s=b&n=%d", "https://town.example/?s=c&n=%d",
		"https://town.example/?s=d&n=%d", "https://town.example/?s=e&n=%d"};
	static const int rekeyed[] = {10, 11, 12, 0, 0};
	struct site site = plain;
	struct world w;

	(void)state;
	open_world(&w);
	for (int i = 0; i < 5; i++) {
		site.guid = site.link = links[i];
		site.last = 10 + i;
		poll(&w, site, 1, rekeyed[i], 0);
		assert_int_equal(peek(w.f.path, "SELECT identity FROM feed"), i > 0 ? 2 : 0);
	}
	close_world(&w);
}

/* Once is no habit, and what has stayed in between ends it. */
static void test_twice_but_not_in_a_row(void **state)
{
	struct site site = plain;
	struct world w;

	(void)state;
	open_world(&w);
	site.guid = "a-%d";
	poll(&w, site, 0, 10, 0);
	poll(&w, site, 0, 0, 0);
	site.guid = "b-%d";
	poll(&w, site, 0, 10, 0);
	site.last = -1; /* unchanged */
	poll(&w, site, 0, 0, 0);
	site.guid = "c-%d";
	site.last = 9;
	poll(&w, site, 0, 10, 0);
	assert_int_equal(peek(w.f.path, "SELECT identity FROM feed"), 0);
	assert_int_equal(
		peek(w.f.path, "SELECT identity_note LIKE 'none 0 0 1 % 10' FROM feed"), 1);
	close_world(&w);
}

/* From the first document on. */
static void test_no_guids(void **state)
{
	static const struct {
		const char *guid, *link, *reason;
		int rule;
	} cases[] = {
		{"", "https://town.example/news/%d", "empty 1795", 1},
		{"", "", "empty 1795", 1},
		{"same", "https://town.example/news/%d", "alike 1795", 1},
		{"same", "", "alike 1795", 1},
		{"id-%d", "", "", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct site site = plain;
		struct world w = {.arena = {0}};
		char sql[128];

		fixture_open(&w.f);
		must_write(&w.f, add_one, NULL);
		site.guid = cases[i].guid;
		site.link = cases[i].link;
		poll(&w, site, 10, 0, 0);
		snprintf(sql, sizeof(sql),
			"SELECT identity * 2 + (coalesce(identity_note, '') LIKE '%s%%') FROM feed",
			cases[i].reason);
		assert_int_equal(peek(w.f.path, sql), cases[i].rule * 2 + 1);
		poll(&w, site, 0, 0, 0);
		site.first = 3;
		site.last = 10;
		poll(&w, site, 1, 0, 0);
		fixture_close(&w.f);
		arena_finish(&w.arena);
	}
}

/* A document of one says nothing of guids, and what it says later changes no item. */
static void test_guids_alike_later(void **state)
{
	struct site site = plain;
	struct world w = {.arena = {0}};

	(void)state;
	fixture_open(&w.f);
	must_write(&w.f, add_one, NULL);
	site.guid = "same";
	site.last = 0;
	poll(&w, site, 1, 0, 0);
	site.last = 3;
	poll(&w, site, 3, 1, 0);
	poll(&w, site, 0, 0, 0);
	site.first = 3;
	poll(&w, site, 0, 0, 0);
	fixture_close(&w.f);
	arena_finish(&w.arena);
}

static int set_rule(struct store_tx *tx, void *arg, struct err *e)
{
	const struct keep_rule rule = {
		KEEP_DAEMON, "", {90 * DAY, 90 * DAY, *(int *)arg, 1 << 30}, GROUPING_NORMAL};

	return keep_set_rules(tx, &rule, 1, e);
}

/* What was dropped, and is still shown, does not come back either. */
static void test_dropped(void **state)
{
	struct site site = plain;
	struct world w;

	(void)state;
	open_world(&w);
	must_write(&w.f, set_rule, &(int){6});
	site.last = 10;
	poll(&w, site, 1, 0, 0); /* starred ones stay */
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM dropped"), 5);
	poke(w.f.path,
		"DELETE FROM keep; UPDATE item SET starred = 0; UPDATE story SET starred = 0;"
		"DELETE FROM meta WHERE key = 'keep'");
	must_write(&w.f, set_rule, &(int){4});
	site.last = 12;
	poll(&w, site, 2, 0, 0);
	assert_int_equal(peek(w.f.path, "SELECT min(id) FROM item"), 10);
	site.guid = "x-%d";
	site.last = 13;
	poll(&w, site, 1, 4, 0);
	poll(&w, site, 0, 0, 0);
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM item"), 4);
	fixture_close(&w.f);
	arena_finish(&w.arena);
}

/* What failed for want of memory is done by the next poll. */
static int rekey_without_memory(void *ctx)
{
	struct world *w = ctx;
	struct site site = plain;
	int64_t id;
	int status;

	site.guid = "y-%d";
	site.link = "https://herald.example/%d";
	site.last = 10;
	status = try_poll(w, &site, NULL);
	(void)fault_malloc_off();
	id = peek(w->f.path, "SELECT count(*) FROM item WHERE guid LIKE 'y-%'");
	assert_int_equal(id, status ? 0 : 11);
	poll(w, site, status ? 1 : 0, status ? 10 : 0, 0);
	close_world(w);
	return status;
}

static void test_memory(void **state)
{
	struct world w;

	(void)state;
	assert_true(fault_each(rekey_without_memory, open_world, &w, NULL, 60) > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guids),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_times_that_say_nothing),
		cmocka_unit_test(test_mixture),
		cmocka_unit_test(test_guids_that_never_stay),
		cmocka_unit_test(test_links_that_never_stay),
		cmocka_unit_test(test_twice_but_not_in_a_row),
		cmocka_unit_test(test_no_guids),
		cmocka_unit_test(test_guids_alike_later),
		cmocka_unit_test(test_dropped),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
