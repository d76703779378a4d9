/* One poll's outcome in a real database: new, same and changed items, stories, and the lines that
 * tell of them. */
#include "unit/daemon/words_world.h"

#include "store/keep.h"

enum { MANY = 250, LINES_MAX = 64 };

/* A document of `count` items with digest `digest`, their keys and links from `first` on. */
struct document {
	struct item items[MANY];
	struct draft drafts[MANY];
	char texts[MANY][32];
	size_t count;
};

static void make(struct document *d, int64_t first, size_t count, int64_t digest)
{
	memset(d, 0, sizeof(*d));
	d->count = count;
	for (size_t i = 0; i < count; i++) {
		int64_t key = first + (int64_t)i;

		snprintf(d->texts[i], sizeof(d->texts[i]), "item %lld, %lld", (long long)key,
			(long long)digest);
		d->items[i] = (struct item){
			.title = d->texts[i], .published_ms = TIME_NONE, .updated_ms = TIME_NONE};
		d->drafts[i] =
			(struct draft){.row = {.item = &d->items[i], .key = key, .digest = digest}};
	}
}

static struct ingest ingest_of(int64_t feed, const char *url, const struct document *d)
{
	return (struct ingest){.feed = feed,
		.url = url,
		.drafts = d->drafts,
		.count = d->count,
		.now_ms = NOW,
		.poll = {.now_ms = NOW,
			.next_due_ms = NOW + DAY,
			.due_reason = "every day",
			.status = FEED_OK,
			.http_status = 200,
			.validators = true,
			.etag = "\"tag\"",
			.validators_url = url}};
}

struct seen {
	struct change lines[LINES_MAX];
	int count;
};

static int see(void *ctx, const struct change *change)
{
	struct seen *s = ctx;

	assert_true(s->count < LINES_MAX);
	s->lines[s->count++] = *change;
	return 0;
}

static int list_changes(struct store_tx *tx, void *arg, struct err *e)
{
	return changes_list(tx, 0, 1000, see, arg, NULL, e);
}

/* Lines of one kind: how many, and how many ids on them. */
static int ids_of(const struct seen *s, enum change_kind kind, int *ret_lines)
{
	int ids = 0;

	*ret_lines = 0;
	for (int i = 0; i < s->count; i++) {
		if (s->lines[i].kind != kind)
			continue;
		assert_in_range(s->lines[i].id_count, 1, CHANGE_IDS_MAX);
		ids += s->lines[i].id_count;
		(*ret_lines)++;
	}
	return ids;
}

static void assert_line(const struct seen *s, enum change_kind kind, int lines, int ids)
{
	int got_lines;

	assert_int_equal(ids_of(s, kind, &got_lines), ids);
	assert_int_equal(got_lines, lines);
}

static struct seen log_of(struct fixture *f)
{
	struct seen s = {.count = 0};

	must_read(f, list_changes, &s);
	for (int i = 1; i < s.count; i++)
		assert_true(s.lines[i].seq > s.lines[i - 1].seq);
	if (s.count)
		assert_int_equal(s.lines[s.count - 1].seq, f->committed_seq);
	return s;
}

static int add_two(struct store_tx *tx, void *arg, struct err *e)
{
	int64_t id;
	int rv = add_feed(tx, "http://a.example/", NULL, &id, e);

	(void)arg;
	return rv ? rv : add_feed(tx, "http://b.example/", NULL, &id, e);
}

static void open_with_feeds(struct fixture *f)
{
	fixture_open(f);
	must_write(f, add_two, NULL);
}

static void close_sound(struct fixture *f)
{
	assert_counts(f->path);
	assert_sound(f->path);
	fixture_close(f);
}

static void test_new_same_changed(void **state)
{
	static struct document d;
	struct fixture f;
	struct ingest in;
	struct seen s;

	(void)state;
	open_with_feeds(&f);
	make(&d, 1, 3, 7);
	in = ingest_of(1, "http://a.example/", &d);
	in.initial = true;
	must_write(&f, ingest_run, &in);
	assert_int_equal(in.new_items, 3);
	assert_int_equal(in.changed_items, 0);
	s = log_of(&f);
	assert_line(&s, CHANGE_ITEM_NEW, 1, 3);
	assert_line(&s, CHANGE_STORY_NEW, 1, 3);
	assert_line(&s, CHANGE_FEED_OK, 1, 1);
	for (int i = 0; i < s.count; i++)
		assert_int_equal(s.lines[i].initial,
			s.lines[i].kind == CHANGE_ITEM_NEW || s.lines[i].kind == CHANGE_STORY_NEW);

	in.initial = false;
	must_write(&f, ingest_run, &in); /* the same document: no line */
	assert_int_equal(in.new_items + in.changed_items, 0);
	assert_int_equal(log_of(&f).count, s.count);

	make(&d, 2, 3, 8); /* two changed, one new */
	must_write(&f, ingest_run, &in);
	assert_int_equal(in.new_items, 1);
	assert_int_equal(in.changed_items, 2);
	s = log_of(&f);
	assert_line(&s, CHANGE_ITEM_UPDATE, 1, 2);
	assert_line(&s, CHANGE_ITEM_NEW, 2, 4);
	assert_false(s.lines[s.count - 1].initial);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM revision"), 2);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM item WHERE title LIKE '%, 8'"), 3);
	close_sound(&f);
}

/* More than a line can name: each row's rev is the number of a line that names it. */
static void test_chunks(void **state)
{
	static struct document d;
	struct fixture f;
	struct ingest in;
	struct seen s;

	(void)state;
	open_with_feeds(&f);
	make(&d, 1, MANY, 1);
	in = ingest_of(1, "http://a.example/", &d);
	must_write(&f, ingest_run, &in);
	assert_int_equal(in.new_items, MANY);
	s = log_of(&f);
	assert_line(&s, CHANGE_ITEM_NEW, 3, MANY);
	assert_line(&s, CHANGE_STORY_NEW, 3, MANY);
	for (int i = 0; i < s.count; i++) {
		const struct change *c = &s.lines[i];
		bool item = c->kind == CHANGE_ITEM_NEW;
		char sql[128];

		if (!item && c->kind != CHANGE_STORY_NEW)
			continue;
		assert_int_equal(c->feed, 1);
		snprintf(sql, sizeof(sql),
			"SELECT count(*) FROM %s WHERE rev = %lld AND id BETWEEN %lld AND %lld",
			item ? "item" : "story", (long long)c->seq, (long long)c->ids[0],
			(long long)c->ids[c->id_count - 1]);
		assert_int_equal(peek(f.path, sql), c->id_count);
	}
	make(&d, 1, MANY, 2);
	must_write(&f, ingest_run, &in);
	assert_int_equal(in.changed_items, MANY);
	s = log_of(&f);
	assert_line(&s, CHANGE_ITEM_UPDATE, 3, MANY);
	close_sound(&f);
}

static void test_stories_by_canonical_url(void **state)
{
	static struct document d;
	struct fixture f;
	struct ingest in;
	struct seen s;

	(void)state;
	open_with_feeds(&f);
	make(&d, 1, 3, 1);
	d.drafts[0].url_key = 77; /* 1 and 3 of feed 1 are the same article, 2 has no address */
	d.drafts[2].url_key = 77;
	in = ingest_of(1, "http://a.example/", &d);
	must_write(&f, ingest_run, &in);
	s = log_of(&f);
	assert_line(&s, CHANGE_STORY_NEW, 1, 2);
	assert_line(&s, CHANGE_STORY_GROWN, 1, 1);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM story"), 2);

	make(&d, 1, 2, 1); /* the same keys, but another feed's */
	d.drafts[1].url_key = 77;
	in = ingest_of(2, "http://b.example/", &d);
	must_write(&f, ingest_run, &in);
	s = log_of(&f);
	assert_line(&s, CHANGE_STORY_NEW, 2, 3);
	assert_line(&s, CHANGE_STORY_GROWN, 2, 2);
	assert_int_equal(peek(f.path, "SELECT items * 10 + sources FROM story WHERE id = 1"), 32);
	assert_int_equal(
		peek(f.path, "SELECT rev = (SELECT max(seq) FROM change WHERE op = 'grown')"
			     " FROM story WHERE id = 1"),
		1);
	close_sound(&f);
}

static int remove_one(struct store_tx *tx, void *arg, struct err *e)
{
	return feeds_remove(tx, *(int64_t *)arg, NOW, e);
}

static int move_one(struct store_tx *tx, void *arg, struct err *e)
{
	struct feed_patch patch = {.members = FEED_PATCH_URL, .url = "http://c.example/"};
	int64_t other;

	return feeds_change(tx, *(int64_t *)arg, &patch, NOW, &other, e);
}

/* What was fetched belongs to a feed that is no more, or to an address that it no longer has. */
static void test_removed_or_moved_meanwhile(void **state)
{
	static struct document d;
	static job_function *const meanwhile[] = {remove_one, move_one};
	static const char *const urls[] = {"http://a.example/", "http://b.example/"};

	(void)state;
	for (int64_t id = 1; id <= 2; id++) {
		struct fixture f;
		struct ingest in;
		int before;

		open_with_feeds(&f);
		must_write(&f, meanwhile[id - 1], &id);
		before = log_of(&f).count;
		make(&d, 1, 120, 1);
		in = ingest_of(id, urls[id - 1], &d);
		assert_int_equal(do_write(&f, ingest_run, &in, NULL), ERR_NOT_FOUND);
		assert_int_equal(log_of(&f).count, before);
		assert_int_equal(peek(f.path, "SELECT count(*) FROM item"), 0);
		assert_int_equal(peek(f.path, "SELECT count(*) FROM story"), 0);
		assert_int_equal(
			peek(f.path, "SELECT count(*) FROM feed WHERE etag IS NOT NULL"), 0);
		assert_int_equal(
			peek(f.path, "SELECT count(*) FROM feed WHERE last_poll_ms > 0"), 0);
		close_sound(&f);
	}
}

/* Late in the job: an item that cannot be stored takes all before it with it, validators too. */
static void test_all_or_nothing(void **state)
{
	static struct document d;
	struct fixture f;
	struct ingest in;
	int before;

	(void)state;
	open_with_feeds(&f);
	before = log_of(&f).count;
	make(&d, 1, 150, 1);
	in = ingest_of(1, "http://a.example/", &d);
	poke(f.path, "INSERT INTO sqlite_sequence VALUES ('item', 2147483647 - 139)");
	assert_int_equal(do_write(&f, ingest_run, &in, NULL), ERR_FULL);
	assert_int_equal(log_of(&f).count, before);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM item"), 0);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM feed WHERE etag IS NOT NULL"), 0);
	poke(f.path, "UPDATE sqlite_sequence SET seq = 0 WHERE name = 'item'");
	must_write(&f, ingest_run, &in);
	assert_int_equal(in.new_items, 150);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM feed WHERE etag = '\"tag\"'"), 1);
	close_sound(&f);
}

static int set_rule(struct store_tx *tx, void *arg, struct err *e)
{
	const struct keep_rule rule = {
		KEEP_DAEMON, "", {90 * DAY, 90 * DAY, *(int *)arg, 1 << 30}, 0};

	return keep_set_rules(tx, &rule, 1, e);
}

/* A document from `first` on, `days` later, with a round every day: what it brings, and how many
 * items there are then. */
static void poll_later(
	struct fixture *f, int64_t days, int64_t first, size_t count, int brings, int items)
{
	static struct document d;
	struct ingest in;
	char sql[100];

	snprintf(sql, sizeof(sql), "INSERT OR REPLACE INTO meta VALUES ('clock', %lld)",
		(long long)(NOW + days * DAY));
	poke(f->path, sql);
	make(&d, first, count, 1);
	in = ingest_of(1, "http://a.example/", &d);
	in.now_ms = NOW + days * DAY;
	must_write(f, ingest_run, &in);
	assert_int_equal(in.new_items, brings);
	assert_int_equal(peek(f->path, "SELECT count(*) FROM item"), items);
}

/* A poll that fails after it has written: in which of its runs, a bit each. */
struct failing {
	struct ingest *in;
	unsigned fails;
	int runs;
};

static int run_failing(struct store_tx *tx, void *arg, struct err *e)
{
	struct failing *f = arg;
	int rv = ingest_run(tx, f->in, e);
	bool fails = f->fails >> f->runs++ & 1;

	return rv || !fails ? rv : err_set(e, ERR_FULL, "not yet");
}

static void send_failing(struct fixture *f, struct failing *arg, struct waited *w)
{
	*w = (struct waited){.job = {.class = STORE_POLL,
				     .repeatable = true,
				     .run = run_failing,
				     .done = on_waited,
				     .arg = arg}};
	assert_int_equal(store_write(f->store, &w->job), 0);
}

/* The second time all is as if there had been no first. */
static void test_repeated(void **state)
{
	static struct document d;
	struct fixture f;
	struct ingest in;
	struct failing once = {.in = &in, .fails = 1};
	struct waited w;
	struct seen s;

	(void)state;
	open_with_feeds(&f);
	make(&d, 1, 3, 7);
	in = ingest_of(1, "http://a.example/", &d);
	send_failing(&f, &once, &w);
	assert_int_equal(wait_for(&f, &w, 0, NULL), 0);
	assert_int_equal(once.runs, 2);
	assert_int_equal(in.new_items, 3);
	assert_int_equal(peek(f.path, "SELECT count(*) * 10 + max(id) FROM item"), 33);
	assert_int_equal(peek(f.path, "SELECT count(*) * 10 + max(id) FROM story"), 33);
	s = log_of(&f);
	assert_line(&s, CHANGE_ITEM_NEW, 1, 3);
	assert_line(&s, CHANGE_STORY_NEW, 1, 3);
	assert_line(&s, CHANGE_FEED_OK, 1, 1);
	close_sound(&f);
}

/* What was dropped while the document still shows it does not come back, not even after years of
 * "unchanged"; what it has not shown for long is forgotten. */
static void test_dropped_stays_dropped(void **state)
{
	struct fixture f;

	(void)state;
	open_with_feeds(&f);
	must_write(&f, set_rule, &(int){5});
	poll_later(&f, 0, 1, 30, 30, 5);
	poll_later(&f, 1, 1, 30, 0, 5);
	poll_later(&f, 1000, 2, 30, 1, 5); /* 1 is gone, 31 new */
	assert_int_equal(peek(f.path, "SELECT count(*) FROM dropped"), 25);
	for (int days = 1010; days < 1400; days += 10)
		poll_later(&f, days, 2, 30, 0, 5);
	poll_later(&f, 1400, 20, 13, 1, 5); /* 2 to 19 are gone: known for a while */
	poll_later(&f, 1500, 2, 31, 0, 5);
	poll_later(&f, 1700, 20, 14, 1, 5);
	poll_later(&f, 1701, 19, 15, 1, 5); /* unknown, and so new again */
	assert_counts(f.path);
	fixture_close(&f);
}

/* One item, as a poll at now_ms finds it; whether that writes a line, and how many edits of the
 * kinds there are then: text, markup and date, a digit each. */
static void poll_edit(
	struct fixture *f, int64_t now_ms, struct item_mark is, bool writes, int edits)
{
	static struct document d;
	int64_t before = f->committed_seq;
	struct ingest in;

	make(&d, 1, 1, is.digest);
	d.drafts[0].row.words = is.words;
	d.items[0].updated_ms = is.updated_ms;
	d.items[0].published_ms = now_ms; /* it always says so */
	in = ingest_of(1, "http://a.example/", &d);
	in.now_ms = now_ms;
	must_write(f, ingest_run, &in);
	assert_int_equal(in.known_items, 1);
	assert_int_equal(in.new_items, 0);
	assert_int_equal(f->committed_seq > before, writes);
	assert_int_equal(peek(f->path, "SELECT sum(CASE detail ->> 'edit' WHEN 'text' THEN 100"
				       " WHEN 'markup' THEN 10 WHEN 'date' THEN 1 ELSE 1000 END)"
				       " FROM change WHERE op = 'update' AND kind = 'item'"),
		edits);
}

static void test_edits(void **state)
{
	static struct document d;
	struct fixture f;
	struct ingest in;
	int64_t t = NOW;

	(void)state;
	open_with_feeds(&f);
	make(&d, 1, 1, 1);
	d.drafts[0].row.words = 1;
	in = ingest_of(1, "http://a.example/", &d);
	must_write(&f, ingest_run, &in);
	poke(f.path, "UPDATE item SET read = 1; UPDATE story SET unread = 0");
	poll_edit(&f, t += 1000, (struct item_mark){2, 2, TIME_NONE}, true, 100);
	assert_int_equal(peek(f.path, "SELECT published_ms FROM item"), t);
	for (int64_t n = 3; n < 6; n++) /* an address that is renewed with each answer */
		poll_edit(&f, t += 1000, (struct item_mark){n, 2, TIME_NONE}, true,
			100 + (int)(n - 2) * 10);
	for (int64_t n = 6; n < 20; n++)
		poll_edit(&f, t += 1000, (struct item_mark){n, 2, TIME_NONE}, false, 130);
	assert_int_equal(peek(f.path, "SELECT published_ms FROM item"), NOW + 1000);
	poll_edit(&f, t += 1000, (struct item_mark){20, 3, TIME_NONE}, true, 230);
	poll_edit(&f, t += 1000, (struct item_mark){21, 3, TIME_NONE}, false, 230);
	poll_edit(&f, t += DAY, (struct item_mark){22, 3, TIME_NONE}, true, 240);
	poll_edit(&f, t + 1000, (struct item_mark){22, 3, t + 1000}, false, 240);
	poll_edit(&f, t + 2000, (struct item_mark){22, 3, t + 2000 - DAY}, true, 241);
	poll_edit(&f, t + 3000, (struct item_mark){22, 3, t + 1000 - DAY}, false, 241);
	assert_int_equal(
		peek(f.path, "SELECT sum(kind = 0) * 10 + sum(kind = 1) FROM revision"), 23);
	assert_int_equal(peek(f.path, "SELECT revisions * 10 + read FROM item"), 21);
	close_sound(&f);
}

/* -- with stories in memory -- */

enum { ARRIVALS = 4 };

/* Two that tell the same of something new, one by which two stories are one, and one more of the
 * older of these. */
static const struct wanted arrivals[ARRIVALS] = {
	{.feed = 5, .guid = "e", .title = "How to tie tomatoes", .html = garden},
	{.feed = 6, .guid = "e2", .title = "Tomatoes again", .html = garden},
	{.feed = 4,
		.guid = "d",
		.title = "Treaty, flags, portraits: capital and president",
		.html = "<p>Defence was what officials spoke of; sanctions, diplomats, avenues "
			"with portraits, a host at the airport stairs. Mutual talks, Tuesday, a "
			"treaty signed.</p>"},
	{.feed = 2, .guid = "b", .title = "A visit after 24 years", .html = wire},
};

static int wait_open(struct store_tx *tx, void *arg, struct err *e)
{
	(void)tx;
	(void)e;
	uv_sem_wait(arg);
	return 0;
}

/* All in one commit, but for those whose bit is set in `lost`; whether it was run again. */
static bool arrive(struct world *w, const unsigned fails[ARRIVALS], unsigned lost)
{
	struct waited holding, waited[ARRIVALS];
	struct failing jobs[ARRIVALS];
	struct poll polls[ARRIVALS];
	uv_sem_t open;

	assert_int_equal(uv_sem_init(&open, 0), 0);
	holding = (struct waited){
		.job = {.run = wait_open, .alone = true, .done = on_waited, .arg = &open}};
	assert_int_equal(store_write(w->f.store, &holding.job), 0);
	for (int i = 0; i < ARRIVALS; i++) {
		make_poll(w, &arrivals[i], &polls[i]);
		jobs[i] = (struct failing){.in = &polls[i].in, .fails = fails[i]};
		if (!(lost & 1U << i))
			send_failing(&w->f, &jobs[i], &waited[i]);
	}
	uv_sem_post(&open);
	loop_run(&w->f.loop, LIMIT_MS);
	for (int i = 0; i < ARRIVALS; i++) {
		if (!(lost & 1U << i))
			assert_int_equal(waited[i].job.status, fails[i] & 2 ? ERR_FULL : 0);
		arena_finish(&polls[i].arena);
	}
	uv_sem_destroy(&open);
	return jobs[0].runs == 2;
}

/* Two stories that by the usual level were one. */
static void open_with_stories(struct world *w)
{
	open_world(w);
	w->f.store->commit_max_ns = LIMIT_MS * UINT64_C(1000000);
	w->level = GROUPING_REPRINTS;
	put(w, 1, "a", "President lands in capital for talks", wire);
	put(w, 3, "c", "Capital receives the president with flags", report);
	w->level = GROUPING_NORMAL;
	assert_apart(w, "a", "c");
}

/* All tables have the same rows, but for what is drawn by lot. */
static void assert_same(const struct world *one, const struct world *other)
{
	static const char *const tables[] = {"item", "item_text", "story", "story_alias",
		"fingerprint", "change", "feed", "sqlite_sequence", "meta WHERE key <> 'epoch'"};
	char sql[600];
	sqlite3 *db;

	assert_int_equal(sqlite3_open(one->f.path, &db), SQLITE_OK);
	snprintf(sql, sizeof(sql), "ATTACH '%s' AS other", other->f.path);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		const char *t = tables[i];
		sqlite3_stmt *stmt;

		snprintf(sql, sizeof(sql),
			"SELECT * FROM (SELECT * FROM main.%s EXCEPT SELECT * FROM other.%s)"
			" UNION ALL SELECT * FROM (SELECT * FROM other.%s EXCEPT SELECT * FROM "
			"main.%s)",
			t, t, t, t);
		assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
		if (sqlite3_step(stmt) != SQLITE_DONE)
			fail_msg("%s differs", t);
		sqlite3_finalize(stmt);
	}
	sqlite3_close(db);
}

/* One more of each: what is remembered is what is stored. */
static void put_late(struct world *w)
{
	put(w, 7, "e3", "Once more: tomatoes", garden);
	put(w, 8, "c2", "Handshake at the airport", report);
	put(w, 9, "b2", "President in the capital for a visit", wire);
	assert_int_equal(
		peek(w->f.path, "SELECT count(DISTINCT story) FROM item WHERE guid LIKE 'e%'"), 1);
	assert_together(w, "c2", "c");
	assert_together(w, "b2", "a");
}

/* Whichever poll fails, at first or when all run again: what is stored and what is remembered is as
 * if it had never run, or but once. */
static void test_repeated_stories(void **state)
{
	/* of each poll: in which of its runs it fails, a bit each */
	static const unsigned cases[][ARRIVALS] = {
		{0, 0, 0, 1}, /* the merge is undone, and done again */
		{0, 0, 1, 0},
		{0, 1, 0, 0},
		{0, 0, 0, 3}, /* for good */
		{2, 0, 0, 1}, /* another one when it runs again */
		{0, 2, 0, 1},
		{0, 0, 2, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static const unsigned never[ARRIVALS];
		struct world disturbed, calm;
		unsigned lost = 0;

		for (int n = 0; n < ARRIVALS; n++)
			lost |= (cases[i][n] & 2) ? 1U << n : 0;
		open_with_stories(&disturbed);
		open_with_stories(&calm);
		assert_true(arrive(&disturbed, cases[i], 0));
		assert_false(arrive(&calm, never, lost));
		assert_same(&disturbed, &calm);
		assert_int_equal(story_of(&calm, "c") == 1, !(lost & 4)); /* merged */
		put_late(&disturbed);
		put_late(&calm);
		assert_same(&disturbed, &calm);
		close_world(&disturbed);
		close_world(&calm);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_same_changed),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_stories_by_canonical_url),
		cmocka_unit_test(test_removed_or_moved_meanwhile),
		cmocka_unit_test(test_all_or_nothing),
		cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_repeated_stories),
		cmocka_unit_test(test_dropped_stays_dropped),
		cmocka_unit_test(test_edits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
