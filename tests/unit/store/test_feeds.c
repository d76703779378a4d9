/* Feeds: what people change, what polls teach, and how they go. */
#include "steps.h"

#include "limits.h"
#include "support/faultvfs.h"

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
	return feeds_get_counted(tx, g->id, &g->arena, &g->feed, e);
}

struct change_job {
	int64_t id;
	struct feed_patch patch;
};

static int change_feed(struct store_tx *tx, void *arg, struct err *e)
{
	struct change_job *job = arg;
	int64_t other;

	return feeds_change(tx, job->id, &job->patch, NOW + 5, &other, e);
}

static int poll_feed(struct store_tx *tx, void *arg, struct err *e)
{
	return feeds_record_poll(tx, 1, arg, e);
}

static const struct feed_poll good_poll = {
	.now_ms = NOW + 1000,
	.next_due_ms = NOW + 3601000,
	.due_reason = "every hour",
	.status = FEED_OK,
	.http_status = 200,
	.validators = true,
	.etag = "\"x\"",
	.last_modified = "Mon, 23 Nov 2026 20:00:00 GMT",
	.validators_url = "u1",
	.body_hash = "abc",
	.described = true,
	.title = "Title",
	.link = "http://a.example/",
	.description = "<p>D</p>",
	.language = "en",
	.icon = "http://a.example/i.png",
	.new_items = 3,
};

static int64_t lines(struct fixture *f, const char *op)
{
	char sql[160];

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM change WHERE kind = 'feed' AND op = '%s'",
		op);
	return peek(f->path, sql);
}

/* A feed that has been polled well once, and what is known of it. */
static void open_polled(struct fixture *f, struct get *g)
{
	struct feed_poll poll = good_poll;

	fixture_open(f);
	run_step(f, (struct step){.url = "u1"});
	must_write(f, poll_feed, &poll);
	*g = (struct get){.id = 1};
	must_read(f, get_feed, g);
}

static void close_polled(struct fixture *f, struct get *g)
{
	arena_finish(&g->arena);
	fixture_close(f);
}

static void test_never_polled(void **state)
{
	struct get g = {.id = 1};
	struct fixture f;

	(void)state;
	fixture_open(&f);
	run_step(&f, (struct step){.url = "u1"});
	must_read(&f, get_feed, &g);
	assert_int_equal(g.feed.status, FEED_NEW);
	assert_int_equal(g.feed.next_due_ms, NOW);
	assert_int_equal(g.feed.last_poll_ms, TIME_NONE);
	assert_null(g.feed.title);
	close_polled(&f, &g);
}

static void test_first_poll(void **state)
{
	struct fixture f;
	struct get g;

	(void)state;
	open_polled(&f, &g);
	assert_int_equal(g.feed.status, FEED_OK);
	assert_string_equal(g.feed.title, "Title");
	assert_string_equal(g.feed.description, "<p>D</p>");
	assert_string_equal(g.feed.icon, "http://a.example/i.png");
	assert_string_equal(g.feed.etag, "\"x\"");
	assert_string_equal(g.feed.body_hash, "abc");
	assert_string_equal(g.feed.due_reason, "every hour");
	assert_int_equal(g.feed.last_ok_ms, NOW + 1000);
	assert_int_equal(g.feed.last_new_ms, NOW + 1000);
	assert_int_equal(g.feed.last_http_status, 200);
	assert_int_equal(lines(&f, "ok"), 1);
	assert_int_equal(lines(&f, "update"), 1);
	assert_int_equal(g.feed.rev, store_seq(f.store));
	close_polled(&f, &g);
}

/* 304: nothing is said, everything stays. */
static void test_poll_without_news(void **state)
{
	struct feed_poll poll = {.now_ms = NOW + 2000,
		.next_due_ms = NOW + 9000,
		.status = FEED_OK,
		.http_status = 304};
	struct fixture f;
	struct get g;
	int64_t seq;

	(void)state;
	open_polled(&f, &g);
	seq = store_seq(f.store);
	must_write(&f, poll_feed, &poll);
	must_read(&f, get_feed, &g);
	assert_int_equal(store_seq(f.store), seq);
	assert_string_equal(g.feed.etag, "\"x\"");
	assert_string_equal(g.feed.body_hash, "abc");
	assert_string_equal(g.feed.title, "Title");
	assert_int_equal(g.feed.last_new_ms, NOW + 1000);
	assert_int_equal(g.feed.last_ok_ms, NOW + 2000);
	close_polled(&f, &g);
}

/* Twice failing is one line, two counted; and then well again. */
static void test_failing_polls(void **state)
{
	struct feed_poll poll = {.now_ms = NOW + 3000,
		.next_due_ms = NOW + 9000,
		.status = FEED_FAILING,
		.error_code = "timed-out",
		.error_text = "no answer within 30 s",
		.moved_url = "http://new.example/"};
	struct fixture f;
	struct get g;

	(void)state;
	open_polled(&f, &g);
	must_write(&f, poll_feed, &poll);
	must_write(&f, poll_feed, &poll);
	must_read(&f, get_feed, &g);
	assert_int_equal(lines(&f, "error"), 1);
	assert_int_equal(g.feed.error_count, 2);
	assert_string_equal(g.feed.error_code, "timed-out");
	assert_string_equal(g.feed.error_text, "no answer within 30 s");
	assert_string_equal(g.feed.moved_url, "http://new.example/");
	assert_int_equal(g.feed.last_ok_ms, NOW + 1000);

	poll = good_poll;
	poll.etag = NULL;
	poll.title = "Other";
	must_write(&f, poll_feed, &poll);
	must_read(&f, get_feed, &g);
	assert_null(g.feed.etag);
	assert_null(g.feed.error_code);
	assert_null(g.feed.moved_url);
	assert_int_equal(g.feed.error_count, 0);
	assert_string_equal(g.feed.title, "Other");
	assert_int_equal(lines(&f, "ok"), 2);
	assert_int_equal(lines(&f, "update"), 2);
	close_polled(&f, &g);
}

/* Each begins and ends with one line, whatever else the poll tells. */
static void test_silence(void **state)
{
	static const struct {
		enum feed_status status;
		bool silent;
		int silents, backs, seqs;
	} polls[] = {
		{FEED_OK, true, 1, 0, 1},
		{FEED_OK, true, 1, 0, 0},
		{FEED_FAILING, true, 1, 0, 1},
		{FEED_OK, false, 1, 1, 2},
		{FEED_FAILING, true, 2, 1, 2},
		{FEED_FAILING, false, 2, 2, 1},
		{FEED_FAILING, false, 2, 2, 0},
	};
	struct fixture f;
	struct get g;

	(void)state;
	open_polled(&f, &g);
	for (size_t i = 0; i < sizeof(polls) / sizeof(polls[0]); i++) {
		struct feed_poll poll = {.now_ms = NOW + 5000,
			.next_due_ms = NOW + 9000,
			.status = polls[i].status,
			.learned = {.usual_ms = 7,
				.spoke_ms = NOW,
				.fresh_ms = -7,
				.silent = polls[i].silent,
				.repairs = "a\nb"}};
		int64_t seq = store_seq(f.store);

		must_write(&f, poll_feed, &poll);
		must_read(&f, get_feed, &g);
		assert_int_equal(g.feed.learned.silent, polls[i].silent);
		assert_int_equal(g.feed.learned.usual_ms, 7);
		assert_int_equal(g.feed.learned.spoke_ms, NOW);
		assert_int_equal(g.feed.learned.fresh_ms, -7);
		assert_string_equal(g.feed.learned.repairs, "a\nb");
		assert_int_equal(lines(&f, "silent"), polls[i].silents);
		assert_int_equal(lines(&f, "back"), polls[i].backs);
		assert_int_equal(store_seq(f.store), seq + polls[i].seqs);
		if (polls[i].seqs)
			assert_int_equal(g.feed.rev, store_seq(f.store));
	}
	close_polled(&f, &g);
}

static void test_a_feed_that_is_gone(void **state)
{
	struct feed_poll poll = {
		.now_ms = NOW, .next_due_ms = TIME_NONE, .status = FEED_GONE, .http_status = 410};
	struct fixture f;
	struct get g;
	struct err e;

	(void)state;
	open_polled(&f, &g);
	must_write(&f, poll_feed, &poll);
	must_read(&f, get_feed, &g);
	assert_int_equal(g.feed.next_due_ms, TIME_NONE);
	assert_int_equal(lines(&f, "gone"), 1);
	poke(f.path, "DELETE FROM feed");
	assert_int_equal(do_write(&f, poll_feed, &poll, &e), ERR_NOT_FOUND);
	close_polled(&f, &g);
}

static void test_a_move_forgets_validators(void **state)
{
	struct feed_poll poll = good_poll;
	struct get g = {.id = 1};
	struct fixture f;

	(void)state;
	fixture_open(&f);
	run_step(&f, (struct step){.owner = CONFIG, .declared = {{.section = "a", .url = "u1"}}});
	poll.learned = (struct feed_learned){.ttl_ms = 1,
		.period_ms = 1,
		.base_ms = NOW,
		.fresh_ms = 1,
		.skip_hours = 1,
		.skip_days = 1};
	must_write(&f, poll_feed, &poll);
	poll.status = FEED_GONE;
	poll.next_due_ms = TIME_NONE;
	poll.error_code = "http-error";
	must_write(&f, poll_feed, &poll);
	run_step(&f, (struct step){.owner = CONFIG, .declared = {{.section = "a", .url = "u2"}}});
	must_read(&f, get_feed, &g);
	assert_string_equal(g.feed.url, "u2");
	assert_string_equal(g.feed.title, "Title");
	assert_null(g.feed.etag);
	assert_null(g.feed.last_modified);
	assert_null(g.feed.validators_url);
	assert_null(g.feed.body_hash);
	assert_null(g.feed.error_code);
	assert_int_equal(g.feed.status, FEED_OK);
	assert_int_equal(g.feed.next_due_ms, NOW);
	/* what the old address asked for */
	assert_int_equal(g.feed.learned.ttl_ms | g.feed.learned.period_ms, 0);
	assert_int_equal(g.feed.learned.skip_hours | g.feed.learned.skip_days, 0);
	assert_true(g.feed.learned.base_ms == TIME_NONE && g.feed.learned.fresh_ms == TIME_NONE);
	arena_finish(&g.arena);
	fixture_close(&f);
}

static void test_names_declared_and_not(void **state)
{
	struct change_job name = {.id = 1, .patch = {.members = FEED_PATCH_NAME, .name = "mine"}};
	struct change_job folder = {
		.id = 1, .patch = {.members = FEED_PATCH_FOLDER, .folder = "Mine"}};
	struct get g = {.id = 1};
	struct fixture f;
	struct err e;

	(void)state;
	fixture_open(&f);
	run_step(&f, (struct step){.owner = CONFIG,
			     .declared = {{.section = "sec", .url = "u1", .name = "theirs"}}});
	assert_int_equal(do_write(&f, change_feed, &name, &e), ERR_DENIED);
	assert_non_null(strstr(e.text, "\"sec\""));
	must_write(&f, change_feed, &folder);
	run_step(&f, (struct step){.owner = CONFIG,
			     .declared = {{.section = "sec", .url = "u1", .name = "theirs"}}});
	must_read(&f, get_feed, &g);
	assert_string_equal(g.feed.folder, "Mine"); /* never declared: it is the user's */
	run_step(&f, (struct step){.owner = CONFIG, .declared = {{.section = "sec", .url = "u1"}}});
	must_read(&f, get_feed, &g);
	assert_null(g.feed.name); /* was declared and is no more */
	must_write(&f, change_feed, &name);
	run_step(&f, (struct step){.owner = CONFIG, .declared = {{.section = "sec", .url = "u1"}}});
	must_read(&f, get_feed, &g);
	assert_string_equal(g.feed.name, "mine");
	arena_finish(&g.arena);
	fixture_close(&f);
}

static int remove_feed(struct store_tx *tx, void *arg, struct err *e)
{
	return feeds_remove(tx, *(int64_t *)arg, NOW, e);
}

static int remove_feed_wholly(struct store_tx *tx, void *arg, struct err *e)
{
	return remove_wholly(tx, *(int64_t *)arg, e);
}

static void test_change_and_remove_errors(void **state)
{
	struct change_job url = {.id = 1, .patch = {.members = FEED_PATCH_URL, .url = "u2"}};
	struct change_job none = {.id = 1, .patch = {.members = FEED_PATCH_URL}};
	struct change_job missing = {.id = 9, .patch = {.members = FEED_PATCH_NAME, .name = "x"}};
	struct sync_job again = {.step = &(struct step){.url = "u1"}};
	struct fixture f;
	int64_t id;
	struct err e;

	(void)state;
	fixture_open(&f);
	run_step(&f, (struct step){.url = "u1"});
	run_step(&f, (struct step){.owner = CONFIG, .declared = {{.section = "sec", .url = "u2"}}});
	assert_int_equal(do_write(&f, take_step, &again, &e), ERR_EXISTS);
	assert_int_equal(again.id, 1);
	assert_int_equal(do_write(&f, change_feed, &url, &e), ERR_EXISTS);
	assert_int_equal(do_write(&f, change_feed, &none, &e), ERR_INVALID);
	assert_int_equal(do_write(&f, change_feed, &missing, &e), ERR_NOT_FOUND);
	id = 2;
	assert_int_equal(do_write(&f, remove_feed, &id, &e), ERR_DENIED);
	assert_non_null(strstr(e.text, "\"sec\""));
	id = 9;
	assert_int_equal(do_write(&f, remove_feed, &id, &e), ERR_NOT_FOUND);
	id = 1;
	assert_int_equal(do_write(&f, remove_feed, &id, &e), 0);
	assert_int_equal(lines(&f, "delete"), 1);
	fixture_close(&f);
}

/* Two feeds, each with 250 items; every item of the second tells a story of the first. */
static int fill_two(struct store_tx *tx, void *arg, struct err *e)
{
	int64_t a = 0, b = 0;
	int status = add_feed(tx, "u1", "F", &a, e);

	(void)arg;
	if (status == 0)
		status = add_feed(tx, "u2", "G", &b, e);
	for (int n = 1; n <= 250 && status == 0; n++)
		status = put_item(tx, a, n, n, "<p>a</p>", NOW + n, NULL, e);
	for (int n = 1; n <= 250 && status == 0; n++)
		status = put_item(tx, b, n, n, "<p>b</p>", NOW + 1000 + n, NULL, e);
	return status;
}

static void test_remove_takes_everything_along(void **state)
{
	struct fixture f;
	int64_t id = 1;

	(void)state;
	fixture_open(&f);
	must_write(&f, fill_two, NULL);
	assert_int_equal(
		peek(f.path, "SELECT count(*) FROM story WHERE sources = 2 AND items = 2"), 250);
	must_write(&f, remove_feed_wholly, &id);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM item"), 250);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM item_text"), 250);
	assert_int_equal(
		peek(f.path, "SELECT count(*) FROM story WHERE sources = 1 AND items = 1"), 250);
	assert_int_equal(
		peek(f.path, "SELECT count(*) FROM change WHERE kind = 'item' AND op = 'delete'"),
		250 / KEEP_STEP);
	assert_int_equal(
		peek(f.path, "SELECT count(*) FROM change WHERE kind = 'folder' AND op = 'delete'"),
		1);
	assert_counts(f.path);
	id = 2;
	must_write(&f, remove_feed_wholly, &id);
	assert_int_equal(
		peek(f.path, "SELECT (SELECT count(*) FROM item) + (SELECT count(*) FROM "
			     "item_text) + (SELECT count(*) FROM story)"
			     " + (SELECT count(*) FROM feed) + (SELECT count(*) FROM folder)"),
		0);
	assert_sound(f.path);
	fixture_close(&f);
}

struct purge {
	int64_t now_ms;
	bool more;
};

static int purge_feeds(struct store_tx *tx, void *arg, struct err *e)
{
	struct purge *p = arg;

	return feeds_purge(tx, p->now_ms, &p->more, e);
}

static int fill_many(struct store_tx *tx, void *arg, struct err *e)
{
	int status = fill_two(tx, arg, e);

	for (int n = 1001; n <= 5000 && status == 0; n++)
		status = put_item(tx, 1, n, n, "<p>a</p>", NOW + n, NULL, e);
	for (int n = 1; n <= 3000 && status == 0; n++)
		status = query_exec(tx, e,
			"INSERT INTO dropped (feed, key, seen_ms) VALUES (1, ?, 0)", as_int(n));
	return status;
}

/* No job works on a large feed for long, and whoever stops in between finds the rest to do. */
static void test_remove_many_items_in_parts(void **state)
{
	struct purge p = {.now_ms = NOW};
	struct fixture f;
	int64_t id = 1, left;
	struct err e;

	(void)state;
	fixture_open(&f);
	must_write(&f, fill_many, NULL);
	must_write(&f, remove_feed, &id);
	assert_int_equal(lines(&f, "delete"), 1); /* told at once */
	assert_true(peek(f.path, "SELECT count(*) FROM item WHERE feed = 1") > 1000);
	assert_counts(f.path);
	assert_int_equal(do_write(&f, remove_feed, &id, &e), ERR_NOT_FOUND);
	/* The address is free, and what comes there has nothing to do with what goes. */
	run_step(&f, (struct step){.url = "u1"});
	assert_int_equal(peek(f.path, "SELECT max(id) FROM feed WHERE url = 'u1'"), 3);
	stop(&f);
	assert_int_equal(try_open(&f, &e), 0);
	start(&f);
	do {
		left = peek(f.path, "SELECT (SELECT count(*) FROM item)"
				    " + (SELECT count(*) FROM dropped)");
		must_write(&f, purge_feeds, &p);
		left -= peek(f.path, "SELECT (SELECT count(*) FROM item)"
				     " + (SELECT count(*) FROM dropped)");
		assert_true(left <= KEEP_STEP + KEEP_LOOKS);
	} while (p.more);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM item"), 250);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM dropped"), 0);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM feed"), 2);
	assert_int_equal(lines(&f, "delete"), 1);
	assert_int_equal(
		peek(f.path, "SELECT sum(1 + json_array_length(detail, '$.ids')) FROM change"
			     " WHERE kind = 'item' AND op = 'delete'"),
		4250);
	assert_counts(f.path);
	assert_sound(f.path);
	fixture_close(&f);
}

static void test_purge_after_thirty_days(void **state)
{
	struct purge p = {.now_ms = NOW + FEED_DETACHED_MS};
	struct fixture f;

	(void)state;
	fixture_open(&f);
	run_step(
		&f, (struct step){.owner = CONFIG,
			    .declared = {{.section = "a", .url = "u1"},
				    {.section = "b", .url = "u2"}, {.section = "c", .url = "u3"}}});
	run_step(&f, (struct step){.owner = CONFIG, .declared = {{0}}});
	must_write(&f, purge_feeds, &p);
	assert_false(p.more);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM feed"), 3);
	p.now_ms++;
	for (int left = 2; left >= 0; left--) {
		must_write(&f, purge_feeds, &p);
		assert_true(p.more);
		assert_int_equal(peek(f.path, "SELECT count(*) FROM feed"), left);
	}
	must_write(&f, purge_feeds, &p);
	assert_false(p.more);
	fixture_close(&f);
}

struct listing_case {
	struct feed_filter filter;
	const char *feeds;
};

static int list_case(struct store_tx *tx, void *arg, struct err *e)
{
	struct {
		const struct listing_case *c;
		struct text t;
	} *a = arg;

	a->t.bytes[0] = '\0';
	return feeds_list(tx, &a->c->filter, describe, &a->t, e);
}

static void test_list_filters(void **state)
{
	static const struct listing_case cases[] = {
		{{.limit = 0}, "1:-:u1:- 2:a:u2:F 4:-:u4:F"},
		{{.detached = true}, "1:-:u1:- 2:a:u2:F !3:-:u3:F 4:-:u4:F"},
		{{.folder_id = 1}, "2:a:u2:F 4:-:u4:F"},
		{{.owners = FEED_OWNER_CONFIG}, "2:a:u2:F"},
		{{.owners = FEED_OWNER_LIST | FEED_OWNER_SOCKET}, "1:-:u1:- 4:-:u4:F"},
		{{.after_id = 1, .limit = 1}, "2:a:u2:F"},
		{{.after_id = 4}, ""},
		{{.with_counts = true}, "1:-:u1:- 2:a:u2:F 4:-:u4:F"},
	};
	struct {
		const struct listing_case *c;
		struct text t;
	} arg;
	struct fixture f;

	(void)state;
	fixture_open(&f);
	run_step(&f, (struct step){.url = "u1"});
	run_step(&f, (struct step){.owner = CONFIG,
			     .declared = {{.section = "a", .url = "u2", .folder = "F"},
				     {.section = "b", .url = "u3", .folder = "F"}}});
	run_step(&f, (struct step){.owner = CONFIG,
			     .declared = {{.section = "a", .url = "u2", .folder = "F"}}});
	run_step(&f, (struct step){.owner = LIST, .declared = {{.url = "u4", .folder = "F"}}});
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		arg.c = &cases[i];
		must_read(&f, list_case, &arg);
		assert_string_equal(arg.t.bytes, cases[i].feeds);
	}
	fixture_close(&f);
}

static int count_feed(void *ctx, const struct feed *feed)
{
	int64_t *sums = ctx;

	sums[0] += feed->item_count;
	sums[1] += feed->unread_count;
	return 0;
}

static int sum_counts(struct store_tx *tx, void *arg, struct err *e)
{
	struct feed_filter filter = {.with_counts = true};

	return feeds_list(tx, &filter, count_feed, arg, e);
}

static int read_some(struct store_tx *tx, void *arg, struct err *e)
{
	int64_t ids[] = {1, 2, 3};
	int changed;

	(void)arg;
	return items_set_state(tx, ids, 3, 1, 0, NOW, &changed, e);
}

static void test_counts(void **state)
{
	int64_t sums[2] = {0, 0};
	struct get g = {.id = 1};
	struct fixture f;

	(void)state;
	fixture_open(&f);
	must_write(&f, fill_two, NULL);
	must_write(&f, read_some, NULL);
	must_read(&f, sum_counts, sums);
	assert_int_equal(sums[0], 500);
	assert_int_equal(sums[1], 494); /* with their copies */
	must_read(&f, get_feed, &g);
	assert_int_equal(g.feed.item_count, 250);
	assert_int_equal(g.feed.unread_count, 247);
	arena_finish(&g.arena);
	fixture_close(&f);
}

/* -- folders -- */

static int get_folder(struct store_tx *tx, void *arg, struct err *e)
{
	struct arena arena;
	struct folder folder;
	int status;

	arena_init(&arena, 4096);
	status = folders_get(tx, *(int64_t *)arg, &arena, &folder, e);
	if (status == 0)
		assert_string_equal(folder.name, "G");
	arena_finish(&arena);
	return status;
}

static void test_folders(void **state)
{
	struct fixture f;
	int64_t id = 2;
	struct err e;

	(void)state;
	fixture_open(&f);
	must_write(&f, fill_two, NULL);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM folder"), 2);
	must_read(&f, get_folder, &id);
	id = 3;
	assert_int_equal(do_read(&f, get_folder, &id, &e), ERR_NOT_FOUND);
	fixture_close(&f);
}

static void test_status_names(void **state)
{
	(void)state;
	assert_string_equal(feed_status_name(FEED_NEW), "new");
	assert_string_equal(feed_status_name(FEED_OK), "ok");
	assert_string_equal(feed_status_name(FEED_FAILING), "failing");
	assert_string_equal(feed_status_name(FEED_GONE), "gone");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_never_polled),
		cmocka_unit_test(test_first_poll),
		cmocka_unit_test(test_poll_without_news),
		cmocka_unit_test(test_failing_polls),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_a_feed_that_is_gone),
		cmocka_unit_test(test_a_move_forgets_validators),
		cmocka_unit_test(test_names_declared_and_not),
		cmocka_unit_test(test_change_and_remove_errors),
		cmocka_unit_test(test_remove_takes_everything_along),
		cmocka_unit_test(test_remove_many_items_in_parts),
		cmocka_unit_test(test_purge_after_thirty_days),
		cmocka_unit_test(test_list_filters),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_folders),
		cmocka_unit_test(test_status_names),
	};

	faultvfs_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
