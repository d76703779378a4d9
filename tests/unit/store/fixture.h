/* What the tests of the store share: a store in a temporary folder, jobs run to their end, and
 * items made of little. */
#ifndef TESTS_UNIT_STORE_FIXTURE_H
#define TESTS_UNIT_STORE_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <sqlite3.h>

#include "base/hash.h"
#include "store/changes.h"
#include "store/feeds.h"
#include "store/folders.h"
#include "store/items.h"
#include "store/query.h"
#include "store/state.h"
#include "store/stories.h"
#include "support/loop.h"
#include "support/tmp.h"

enum { LIMIT_MS = 60000 };
#define NOW 1795000000000 /* November 2026 */

struct fixture {
	struct tmp tmp;
	struct loop loop;
	struct store *store;
	char path[512];
	int committed;         /* calls of the callback */
	int64_t committed_seq; /* its last word */
	int stopped;
};

static inline void on_committed(void *ctx, int64_t seq)
{
	struct fixture *f = ctx;

	assert_true(seq > f->committed_seq);
	f->committed++;
	f->committed_seq = seq;
}

static inline void on_stopped(void *ctx)
{
	((struct fixture *)ctx)->stopped++;
}

static inline void start(struct fixture *f)
{
	f->committed_seq = store_seq(f->store);
	assert_int_equal(store_start(f->store, &f->loop.uv, on_committed, f), 0);
}

static inline int try_open(struct fixture *f, struct err *e)
{
	struct store_options options = {.path = f->path};

	return store_open(&options, &f->store, e);
}

static inline void fixture_open_with(struct fixture *f, struct store_options options)
{
	struct err e;

	memset(f, 0, sizeof(*f));
	tmp_create(&f->tmp);
	snprintf(f->path, sizeof(f->path), "%s", tmp_path(&f->tmp, "tidings.db"));
	options.path = f->path;
	loop_init(&f->loop);
	if (store_open(&options, &f->store, &e))
		fail_msg("%s", e.text);
	start(f);
}

static inline void fixture_open(struct fixture *f)
{
	fixture_open_with(f, (struct store_options){0});
}

static inline void stop(struct fixture *f)
{
	f->stopped = 0;
	store_stop(f->store, on_stopped, f);
	loop_run_until(&f->loop, &f->stopped, LIMIT_MS);
	assert_int_equal(f->stopped, 1);
	store_close(f->store);
	f->store = NULL;
}

static inline void fixture_close(struct fixture *f)
{
	if (f->store)
		stop(f);
	loop_finish(&f->loop);
	tmp_remove(&f->tmp);
}

/* A job that is waited for. */
struct waited {
	struct store_job job;
	int done;
};

static inline void on_waited(struct store_job *job)
{
	container_of(job, struct waited, job)->done++;
}

typedef int job_function(struct store_tx *tx, void *arg, struct err *e);

static inline int wait_for(struct fixture *f, struct waited *w, int status, struct err *ret_e)
{
	assert_int_equal(status, 0);
	assert_int_equal(w->done, 0);
	loop_run_until(&f->loop, &w->done, LIMIT_MS);
	assert_int_equal(w->done, 1);
	if (ret_e)
		*ret_e = w->job.error;
	return w->job.status;
}

static inline int do_write(struct fixture *f, job_function *run, void *arg, struct err *ret_e)
{
	struct waited w = {.job = {.run = run, .done = on_waited, .arg = arg}};

	return wait_for(f, &w, store_write(f->store, &w.job), ret_e);
}

static inline int do_read(struct fixture *f, job_function *run, void *arg, struct err *ret_e)
{
	struct waited w = {.job = {.run = run, .done = on_waited, .arg = arg}};

	return wait_for(f, &w, store_read(f->store, &w.job), ret_e);
}

/* For the steps of a test that must go well. */
static inline void must_write(struct fixture *f, job_function *run, void *arg)
{
	struct err e = {0};

	if (do_write(f, run, arg, &e))
		fail_msg("%s: %s", err_name(e.code), e.text);
}

static inline void must_read(struct fixture *f, job_function *run, void *arg)
{
	struct err e = {0};

	if (do_read(f, run, arg, &e))
		fail_msg("%s: %s", err_name(e.code), e.text);
}

/* Looks into the file with a connection of its own: one number. */
static inline int64_t peek(const char *path, const char *sql)
{
	sqlite3_stmt *stmt;
	sqlite3 *db;
	int64_t value;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 10000);
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return value;
}

static inline void poke(const char *path, const char *sql)
{
	char *text = NULL;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK)
		fail_msg("%s: %s", sql, text);
	sqlite3_close(db);
}

static inline void assert_sound(const char *path)
{
	assert_int_equal(peek(path, "SELECT count(*) FROM pragma_integrity_check WHERE "
				    "integrity_check <> 'ok'"),
		0);
	assert_int_equal(peek(path, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
}

#define FIRST_LINE "(SELECT value FROM meta WHERE key = 'min_seq')"

/* Story counts and the log against what can be counted. */
static inline void assert_counts(const char *path)
{
	assert_int_equal(
		peek(path,
			"SELECT count(*) FROM story s WHERE"
			" items <> (SELECT count(*) FROM item WHERE story = s.id) OR items = 0"
			" OR sources <> (SELECT count(DISTINCT feed) FROM item WHERE story = s.id)"
			" OR unread <> (SELECT count(*) FROM item WHERE story = s.id AND read = 0)"
			" OR starred <> (SELECT count(*) FROM item WHERE story = s.id AND starred "
			"= 1)"
			" OR updated_ms <> (SELECT max(min(coalesce(published_ms, received_ms), "
			"received_ms)) FROM item WHERE story = s.id)"
			" OR first_item <> (SELECT min(id) FROM item WHERE story = s.id)"),
		0);
	assert_int_equal(
		peek(path,
			"SELECT (SELECT count(*) FROM item_text WHERE id NOT IN "
			"(SELECT id FROM item))"
			" + (SELECT count(*) FROM folder WHERE id NOT IN (SELECT "
			"folder FROM feed WHERE folder IS NOT NULL) AND NOT kept)"
			" + (SELECT count(*) FROM item i WHERE NOT EXISTS (SELECT 1 "
			"FROM change WHERE seq = i.rev AND kind = 'item') AND rev >= " FIRST_LINE
			")"
			" + (SELECT count(*) FROM story i WHERE NOT EXISTS (SELECT 1 "
			"FROM change WHERE seq = i.rev AND kind = 'story') AND rev >= " FIRST_LINE
			")"
			" + (SELECT count(*) FROM feed i WHERE NOT EXISTS (SELECT 1 "
			"FROM change WHERE seq = i.rev AND kind = 'feed') AND rev >= " FIRST_LINE
			")"
			" + (SELECT count(*) FROM item i WHERE revisions <> (SELECT "
			"count(*) FROM revision WHERE item = i.id AND kind = 0))"),
		0);
}

/* Adds one feed through the socket's door. */
static inline int add_feed(
	struct store_tx *tx, const char *url, const char *folder, int64_t *ret_id, struct err *e)
{
	struct feed_declaration d = {.url = url, .folder = folder};

	return feeds_add(tx, &d, NOW, ret_id, e);
}

/* Removes one and all that it leaves for later. */
static inline int remove_wholly(struct store_tx *tx, int64_t id, struct err *e)
{
	bool more = true;
	int status = feeds_remove(tx, id, NOW, e);

	while (status == 0 && more)
		status = feeds_purge(tx, NOW, &more, e);
	return status;
}

/* One item with its story, as ingest.c does it: `key` is its identity; `url_key` 0 or not decides
 * the story. */
static inline int put_item(struct store_tx *tx, int64_t feed, int64_t key, int64_t url_key,
	const char *content, int64_t now_ms, int64_t *ret_id, struct err *e)
{
	char guid[32];
	struct item item = {.id = guid,
		.title = guid,
		.link = guid,
		.published_ms = now_ms - 1000,
		.updated_ms = TIME_NONE};
	struct item_draft draft = {
		.item = &item, .key = key, .digest = 1, .excerpt = "words", .author = "Ann"};
	struct change items = {.kind = CHANGE_ITEM_NEW,
		.seq = changes_reserve(tx),
		.feed = feed,
		.time_ms = now_ms};
	struct change stories = {
		.kind = CHANGE_STORY_NEW, .seq = changes_reserve(tx), .time_ms = now_ms};
	struct story_join join = {
		.feed = feed, .url_key = url_key, .now_ms = now_ms, .rev = stories.seq};
	struct story_original same = {0};
	int status = 0;

	snprintf(guid, sizeof(guid), "guid-%lld", (long long)key);
	item.content = (char *)(uintptr_t)content;
	if (url_key)
		status = stories_find_url(tx, url_key, &same, e);
	join.story = same.story;
	join.copy_of = same.item;
	join.read = same.read;
	join.reason = join.story ? STORY_SAME_URL : STORY_FIRST;
	stories.kind = join.story ? CHANGE_STORY_GROWN : CHANGE_STORY_NEW;
	if (status == 0)
		status = items_next_id(tx, &join.item, e);
	if (status == 0 && !join.story)
		status = stories_open(tx, &join, item.published_ms, e);
	if (status == 0)
		status = items_insert(tx, &join, &draft, items.seq, e);
	if (status == 0 && join.reason != STORY_FIRST)
		status = stories_join(tx, &join, e);
	items.ids[0] = join.item;
	items.id_count = 1;
	stories.ids[0] = join.story;
	stories.id_count = 1;
	if (status == 0)
		status = changes_put(tx, &items, e);
	if (status == 0)
		status = changes_put(tx, &stories, e);
	if (status == 0 && ret_id)
		*ret_id = join.item;
	return status;
}

#endif
