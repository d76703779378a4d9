/* Items into stories by their texts, in a real database: what joins what, and that what is
 * remembered is what the database holds, whatever fails. */
#include "unit/store/fixture.h"

#include "base/utf8.h"
#include "draft.h"
#include "grouping.h"
#include "ingest.h"
#include "store/drop.h"
#include "support/fault.h"
#include "support/faultvfs.h"

#define HOUR (3600 * 1000LL)
#define DAY  (24 * HOUR)

enum { FEEDS = 6, ARENA_BYTES = 8 << 20 };

struct world {
	struct fixture f;
	struct grouping *grouping;
	enum grouping_level level; /* of all feeds */
	bool reports;
	int64_t now_ms;
};

static const char wire[] =
	"<p>The president landed in the capital on Tuesday night for talks with his host, the "
	"first "
	"visit of its kind in twenty-four years. Both sides are expected to sign a treaty on "
	"mutual "
	"defence, officials said, while thousands of people lined the avenues with flags.</p>"
	"<p>Diplomats in the region watched with unease; the sanctions that both countries face "
	"have "
	"brought them closer together than at any time since the end of the cold war.</p>";

/* Other words about the same. */
static const char report[] =
	"<p>Flags, portraits and a handshake at the airport: the capital received the president on "
	"Tuesday night. A treaty on mutual defence is to be signed, and the host, who waited at "
	"the "
	"foot of the stairs, spoke of a visit that the region will remember.</p>";

static const char garden[] =
	"<p>Tomatoes want warmth, water in the morning and patience. Our gardener explains how to "
	"tie "
	"them, when to pinch out the side shoots, and why the lowest leaves should go first.</p>";

static const char russian[] =
	"<p>Президент прибыл в столицу во вторник вечером для переговоров, это первый такой визит "
	"за "
	"двадцать четыре года. Стороны подпишут договор о взаимной обороне.</p>";

static int add_feeds(struct store_tx *tx, void *arg, struct err *e)
{
	char url[64];
	int64_t id;
	int status = 0;

	(void)arg;
	for (int i = 1; i <= FEEDS && status == 0; i++) {
		snprintf(url, sizeof(url), "https://%d.example/feed", i);
		status = add_feed(tx, url, NULL, &id, e);
	}
	return status;
}

static void open_world(struct world *w)
{
	memset(w, 0, sizeof(*w));
	fixture_open(&w->f);
	must_write(&w->f, add_feeds, NULL);
	w->grouping = grouping_create(GROUPING_NORMAL);
	assert_non_null(w->grouping);
	w->now_ms = NOW;
}

static void close_world(struct world *w)
{
	assert_counts(w->f.path);
	assert_sound(w->f.path);
	fixture_close(&w->f);
	grouping_destroy(w->grouping);
}

struct wanted {
	int feed;
	const char *guid, *link, *title, *html;
	int64_t age_ms;
};

static int try_put(struct world *w, const struct wanted *item, struct err *e)
{
	struct item parsed = {.id = (char *)item->guid,
		.link = (char *)item->link,
		.title = (char *)item->title,
		.content = (char *)item->html,
		.published_ms = w->now_ms - item->age_ms,
		.updated_ms = TIME_NONE};
	struct feed_content content = {.items = &parsed, .item_count = 1};
	struct ingest in = {.feed = item->feed,
		.now_ms = w->now_ms,
		.grouping = w->grouping,
		.level = w->level,
		.reports = w->reports,
		.poll = {.now_ms = w->now_ms, .status = FEED_OK, .http_status = 200}};
	struct draft *drafts = NULL;
	struct arena arena;
	char url[64];
	int status;

	snprintf(url, sizeof(url), "https://%d.example/feed", item->feed);
	in.url = url;
	arena_init(&arena, ARENA_BYTES);
	assert_int_equal(
		draft_items(&content, IDENTITY_GUID, w->now_ms, &arena, &drafts, &in.count), 0);
	in.drafts = drafts;
	status = do_write(&w->f, ingest_run, &in, e);
	arena_finish(&arena);
	return status;
}

static void put(struct world *w, int feed, const char *guid, const char *title, const char *html)
{
	struct wanted item = {.feed = feed, .guid = guid, .title = title, .html = html};

	assert_int_equal(try_put(w, &item, NULL), 0);
}

static int64_t story_of(struct world *w, const char *guid)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "SELECT story FROM item WHERE guid = '%s'", guid);
	return peek(w->f.path, sql);
}

static void assert_reason(struct world *w, const char *guid, enum story_reason reason)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "SELECT reason FROM item WHERE guid = '%s'", guid);
	assert_int_equal(peek(w->f.path, sql), reason);
}

static void restart(struct world *w)
{
	grouping_destroy(w->grouping);
	w->grouping = grouping_create(GROUPING_NORMAL);
	assert_non_null(w->grouping);
}

/* -- what joins what -- */

static void test_reasons(void **state)
{
	struct wanted same_link = {.feed = 4,
		.guid = "d",
		.link = "https://m.1.example/a?utm_source=x",
		.title = "Short"};
	struct wanted first = {.feed = 1,
		.guid = "a",
		.link = "https://1.example/a",
		.title = "President lands in capital for talks",
		.html = wire};
	struct world w;

	(void)state;
	open_world(&w);
	assert_int_equal(try_put(&w, &first, NULL), 0);
	put(&w, 2, "b", "A visit after 24 years", wire);
	put(&w, 3, "c", "Capital receives the president with flags", report);
	assert_int_equal(try_put(&w, &same_link, NULL), 0);
	put(&w, 5, "e", "How to tie tomatoes", garden);
	put(&w, 6, "f", "Президент прибыл в столицу", russian);
	assert_reason(&w, "a", STORY_FIRST);
	assert_reason(&w, "b", STORY_NEAR_DUPLICATE);
	assert_reason(&w, "c", STORY_SAME_EVENT);
	assert_reason(&w, "d", STORY_SAME_URL);
	assert_reason(&w, "e", STORY_FIRST);
	assert_reason(&w, "f", STORY_FIRST);
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM story"), 3);
	assert_int_equal(peek(w.f.path, "SELECT sources FROM story WHERE id = 1"), 4);
	assert_int_equal(
		peek(w.f.path,
			"SELECT score = 1.0 AND evidence IS NULL FROM item WHERE guid = 'b'"),
		1);
	assert_int_equal(
		peek(w.f.path, "SELECT score BETWEEN 0.1 AND 0.9 AND"
			       " json_array_length(evidence) > 1 FROM item WHERE guid = 'c'"),
		1);
	assert_int_equal(peek(w.f.path, "SELECT original FROM fingerprint WHERE item = 2"), 1);
	assert_int_equal(peek(w.f.path, "SELECT original FROM fingerprint WHERE item = 3"), 3);
	close_world(&w);
}

/* How alike two must be is what the feed of the second one says; the next one is asked anew. */
static void test_levels(void **state)
{
	static const struct {
		enum grouping_level daemon, feed;
		bool joins;
	} cases[] = {
		{GROUPING_NORMAL, GROUPING_INHERITED, true},
		{GROUPING_WIDE, GROUPING_INHERITED, true},
		{GROUPING_REPRINTS, GROUPING_INHERITED, false},
		{GROUPING_REPRINTS, GROUPING_NORMAL, true},
		{GROUPING_NORMAL, GROUPING_REPRINTS, false},
		{GROUPING_OFF, GROUPING_WIDE, true},
	};

	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		struct world w;

		open_world(&w);
		grouping_set_level(w.grouping, cases[n].daemon);
		put(&w, 1, "a", "President lands in capital for talks", wire);
		w.level = cases[n].feed;
		put(&w, 3, "c", "Capital receives the president with flags", report);
		assert_int_equal(story_of(&w, "c") == 1, cases[n].joins);
		w.level = GROUPING_INHERITED;
		grouping_set_level(w.grouping, GROUPING_REPRINTS);
		put(&w, 4, "d", "Flags for the president: capital receives him with a treaty",
			"<p>Flags and a treaty for the president, and talks.</p>");
		assert_reason(&w, "d", STORY_FIRST);
		close_world(&w);
	}
}

/* Words that are too long to be shown are cut, and evidence that is too long is none: never half a
 * character, never half a list. */
static void test_long_words(void **state)
{
	struct buf out, text;
	const char *title;

	(void)state;
	buf_init(&text, 4096);
	for (int word = 0; word < 5; word++) {
		for (int i = 0; i < 60; i++)
			buf_puts(&text, word % 2 ? "\u00e9" : i % 2 ? "\u0436" : "k");
		buf_putc(&text, ' ');
	}
	title = buf_string(&text);
	for (size_t max = 1; max < 1200; max += 7) {
		struct verdict v = {.kind = VERDICT_EVENT};
		struct token token;
		struct tokens t;

		tokens_init(&t, title, strlen(title));
		while (v.evidence_count < INDEX_EVIDENCE_MAX && tokens_next(&t, &token))
			v.evidence[v.evidence_count++] = token.term >> 8;
		assert_true(v.evidence_count > 2);
		buf_init(&out, max);
		grouping_words(&v, title, NULL, &out);
		assert_true(utf8_valid(buf_string(&out), out.len));
		if (!buf_status(&out))
			assert_int_equal(out.data[out.len - 1], ']');
		buf_finish(&out);
	}
	buf_finish(&text);
}

/* What is older than the window costs its identity only; what lies a window behind is another
 * story. */
static void test_windows(void **state)
{
	struct wanted old = {
		.feed = 2, .guid = "old", .title = "A visit", .html = wire, .age_ms = 8 * DAY};
	struct world w;

	(void)state;
	open_world(&w);
	put(&w, 1, "a", "President lands in capital for talks", wire);
	assert_int_equal(try_put(&w, &old, NULL), 0);
	assert_reason(&w, "old", STORY_FIRST);
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM fingerprint"), 1);
	w.now_ms += 8 * DAY;
	put(&w, 3, "late", "A visit once more", wire);
	assert_reason(&w, "late", STORY_FIRST);
	w.now_ms += 6 * DAY;
	put(&w, 4, "later", "A visit once more, later", wire);
	assert_int_equal(story_of(&w, "later"), story_of(&w, "late"));
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM fingerprint"), 2);
	w.now_ms += 7 * DAY; /* what can be joined no more is kept no more */
	put(&w, 5, "e", "How to tie tomatoes", garden);
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM fingerprint"), 3);
	close_world(&w);
}

/* What one feed tells apart stays apart, until another one tells of it, too; after a start as well.
 */
static void test_one_feed(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	put(&w, 1, "a", "President lands in capital for talks", wire);
	put(&w, 1, "b", "Capital receives the president with flags", report);
	restart(&w);
	put(&w, 1, "c", "Flags for the president in the capital", report + 3);
	assert_reason(&w, "a", STORY_FIRST);
	assert_reason(&w, "b", STORY_FIRST);
	assert_reason(&w, "c", STORY_NEAR_DUPLICATE);
	assert_int_equal(story_of(&w, "c"), story_of(&w, "b"));
	restart(&w);
	put(&w, 2, "d", "President in the capital for talks and a treaty", report);
	put(&w, 1, "e", "Talks on a treaty: president in the capital",
		"<p>Flags and a treaty.</p>");
	assert_reason(&w, "e", STORY_SAME_EVENT);
	close_world(&w);
}

/* An address that a document's items share is none of theirs. */
static void test_shared_address(void **state)
{
	static const char *const ids[] = {"1", "2", "3", "4"};
	struct item items[4];
	struct feed_content content = {.items = items, .item_count = 4};
	struct draft *drafts;
	struct arena arena;
	size_t count;

	(void)state;
	for (int i = 0; i < 4; i++)
		items[i] = (struct item){.id = (char *)ids[i],
			.link = (char *)"https://example.org/live",
			.title = (char *)ids[i],
			.published_ms = NOW,
			.next = i < 3 ? &items[i + 1] : NULL};
	arena_init(&arena, ARENA_BYTES);
	assert_int_equal(draft_items(&content, IDENTITY_GUID, NOW, &arena, &drafts, &count), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(drafts[i].url_key, 0);
	content.items = &items[1];
	content.item_count = 3;
	assert_int_equal(draft_items(&content, IDENTITY_GUID, NOW, &arena, &drafts, &count), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_not_equal(drafts[i].url_key, 0);
	arena_finish(&arena);
}

/* -- what was read -- */

static int drop_first(struct store_tx *tx, void *arg, struct err *e)
{
	struct drop drop;

	(void)arg;
	drop_init(&drop, 1, NOW);
	drop_add(&drop, 1, 1);
	return drop_run(tx, &drop, false, e);
}

static int read_item(struct store_tx *tx, void *arg, struct err *e)
{
	int changed;

	return items_set_state(tx, arg, 1, STATE_READ, 0, NOW, &changed, e);
}

static void assert_copies(struct world *w, const char *expected)
{
	char sql[300];

	snprintf(sql, sizeof(sql),
		"SELECT group_concat(guid || coalesce(copy_of, '') || iif(read, '+', '-'), ' ') ="
		" '%s' FROM (SELECT * FROM item ORDER BY id)",
		expected);
	if (!peek(w->f.path, sql))
		fail_msg("not %s", expected);
}

/* Copies know the first of them, by whichever they were found; what repeats something that was read
 * is read when it comes, and counted. */
static void test_copies_arrive(void **state)
{
	struct wanted linked = {.feed = 4, .guid = "d", .link = "https://1.example/a?utm_source=x"};
	struct wanted first = {.feed = 1,
		.guid = "a",
		.link = "https://1.example/a",
		.title = "President lands in capital for talks",
		.html = wire};
	int64_t one = 1, copy = 2;
	struct world w;

	(void)state;
	open_world(&w);
	assert_int_equal(try_put(&w, &first, NULL), 0);
	put(&w, 2, "b", "A visit after 24 years", wire);
	put(&w, 3, "c", "Capital receives the president with flags", report);
	put(&w, 5, "e", "How to tie tomatoes", garden);
	assert_copies(&w, "a- b1- c- e-");
	must_write(&w.f, read_item, &copy);
	assert_copies(&w, "a+ b1+ c- e-");
	assert_int_equal(try_put(&w, &linked, NULL), 0);
	put(&w, 6, "f", "President received with flags in the capital", report);
	restart(&w);
	put(&w, 5, "g", "A visit, once more", wire);
	put(&w, 1, "i", "The same each day", wire); /* of one feed it is news */
	assert_copies(&w, "a+ b1+ c- e- d1+ f3- g1+ i-");
	assert_int_equal(peek(w.f.path, "SELECT unread * 10 + items FROM story WHERE id = 1"), 37);
	must_write(&w.f, drop_first, NULL);
	linked = (struct wanted){.feed = 6, .guid = "h", .title = "A visit!", .html = wire};
	assert_int_equal(try_put(&w, &linked, NULL), 0);
	assert_copies(&w, "b1+ c- e- d1+ f3- g1+ i- h1+"); /* by those that are left */
	must_write(&w.f, read_item, &one);
	close_world(&w);
}

/* Other reports are read only where all that came before was, and if so set. */
static void test_reports_arrive(void **state)
{
	int64_t one = 1;
	struct world w;

	(void)state;
	open_world(&w);
	put(&w, 1, "a", "President lands in capital for talks", wire);
	must_write(&w.f, read_item, &one);
	w.reports = true;
	put(&w, 3, "c", "Capital receives the president with flags", report);
	put(&w, 5, "e", "How to tie tomatoes", garden);
	assert_copies(&w, "a+ c+ e-");
	w.reports = false;
	put(&w, 2, "d", "Flags and a treaty: president in the capital for talks",
		"<p>Talks, flags, a treaty on defence: the president and his host.</p>");
	assert_copies(&w, "a+ c+ e- d-");
	w.reports = true;
	put(&w, 4, "f", "President in the capital: talks, flags and a treaty",
		"<p>A treaty on defence, talks and flags for the president.</p>");
	assert_copies(&w, "a+ c+ e- d- f-");
	close_world(&w);
}

/* -- memory and database -- */

static void test_restart(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	put(&w, 1, "a", "President lands in capital for talks", wire);
	put(&w, 5, "e", "How to tie tomatoes", garden);
	restart(&w);
	put(&w, 2, "b", "A visit after 24 years", wire);
	restart(&w);
	put(&w, 3, "c", "Capital receives the president with flags", report);
	assert_int_equal(story_of(&w, "b"), 1);
	assert_int_equal(story_of(&w, "c"), 1);
	close_world(&w);
}

static int fail_after(struct store_tx *tx, void *arg, struct err *e)
{
	int status = ingest_run(tx, arg, e);

	return status ? status : err_set(e, ERR_INVALID, "undone");
}

/* What a job has written that was undone is remembered no more, and its ids are given again. */
static void test_undone(void **state)
{
	struct item item = {.id = (char *)"ghost",
		.title = (char *)"President lands in capital for talks",
		.content = (char *)wire,
		.published_ms = NOW,
		.updated_ms = TIME_NONE};
	struct feed_content content = {.items = &item, .item_count = 1};
	struct draft *drafts;
	struct arena arena;
	struct world w;

	(void)state;
	open_world(&w);
	struct ingest in = {.feed = 1,
		.url = "https://1.example/feed",
		.now_ms = NOW,
		.grouping = w.grouping,
		.poll = {.now_ms = NOW, .status = FEED_OK, .http_status = 200}};
	arena_init(&arena, ARENA_BYTES);
	assert_int_equal(draft_items(&content, IDENTITY_GUID, NOW, &arena, &drafts, &in.count), 0);
	in.drafts = drafts;
	assert_int_equal(do_write(&w.f, fail_after, &in, NULL), ERR_INVALID);
	put(&w, 5, "e", "How to tie tomatoes", garden);
	put(&w, 2, "b", "A visit after 24 years", wire);
	assert_reason(&w, "b", STORY_FIRST);
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM fingerprint"), 2);
	arena_finish(&arena);
	close_world(&w);
}

/* A story that went with its items is joined by nothing. */
static void test_story_is_gone(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	put(&w, 1, "a", "President lands in capital for talks", wire);
	must_write(&w.f, drop_first, NULL);
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM fingerprint"), 0);
	put(&w, 2, "b", "A visit after 24 years", wire);
	assert_reason(&w, "b", STORY_FIRST);
	close_world(&w);
}

static int merge(struct store_tx *tx, void *arg, struct err *e)
{
	struct world *w = arg;
	int status = grouping_begin(w->grouping, tx, NOW, e);

	if (status == 0)
		status = grouping_merge(w->grouping, 2, 1, NOW, e);
	if (status == 0)
		status = grouping_merge(w->grouping, 1, 2, NOW, e); /* they are one already */
	return status ? status : grouping_end(w->grouping, e);
}

static int find_story(struct store_tx *tx, void *arg, struct err *e)
{
	return stories_find(tx, *(int64_t *)arg, arg, e);
}

/* The older story has it all, and the younger one's id leads there. */
static void test_merge(void **state)
{
	int64_t id = 2, none = 9;
	struct world w;

	(void)state;
	open_world(&w);
	put(&w, 1, "a", "President lands in capital for talks", wire);
	put(&w, 5, "e", "How to tie tomatoes", garden);
	put(&w, 1, "z", "Something else entirely: chess", "<p>Knights and bishops.</p>");
	must_write(&w.f, merge, &w);
	assert_int_equal(story_of(&w, "e"), 1);
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM story"), 2);
	assert_int_equal(peek(w.f.path, "SELECT sources * 10 + items FROM story WHERE id = 1"), 22);
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM change WHERE op = 'merged' AND id = 1"
					" AND detail ->> '$.ids[0]' = 2"),
		1);
	must_read(&w.f, find_story, &id);
	assert_int_equal(id, 1);
	must_read(&w.f, find_story, &none);
	assert_int_equal(none, 0);
	put(&w, 3, "e2", "Tomatoes again", garden);
	assert_int_equal(story_of(&w, "e2"), 1);
	restart(&w);
	put(&w, 4, "e3", "Tomatoes once more", garden);
	assert_int_equal(story_of(&w, "e3"), 1);
	close_world(&w);
}

/* Whatever fails, memory or disk: the next poll finds what the database holds. */
static void try_faults(int kinds)
{
	static const struct wanted first = {.feed = 1,
		.guid = "a",
		.title = "President lands in capital for talks",
		.html = wire};
	long failed = 1;

	for (long n = 0; failed; n++) {
		struct world w;
		struct err e = {0};
		int status;

		open_world(&w);
		put(&w, 5, "e", "How to tie tomatoes", garden);
		faultvfs_fail_after(n, kinds, SQLITE_IOERR, false);
		status = try_put(&w, &first, &e);
		failed = faultvfs_off();
		assert_true(failed || status == 0);
		if (status)
			assert_int_equal(try_put(&w, &first, NULL), 0);
		put(&w, 2, "b", "A visit after 24 years", wire);
		put(&w, 3, "e2", "Tomatoes again", garden);
		assert_int_equal(story_of(&w, "b"), story_of(&w, "a"));
		assert_int_equal(story_of(&w, "e2"), story_of(&w, "e"));
		assert_int_equal(peek(w.f.path, "SELECT count(*) FROM item"), 4);
		assert_int_equal(peek(w.f.path, "SELECT count(*) FROM fingerprint"), 4);
		close_world(&w);
	}
}

static void test_faults(void **state)
{
	(void)state;
	try_faults(FAULTVFS_WRITE);
	try_faults(FAULTVFS_SYNC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_long_words),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_one_feed),
		cmocka_unit_test(test_shared_address),
		cmocka_unit_test(test_copies_arrive),
		cmocka_unit_test(test_reports_arrive),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_undone),
		cmocka_unit_test(test_story_is_gone),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_faults),
	};

	faultvfs_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
