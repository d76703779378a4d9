/* The tables, and the numbered steps that lead to them. */
#include "store/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "limits.h"
#include "store/copy.h"
#include "store/query.h"

/* "TING" in the header of the file (PRAGMA application_id). */
#define APPLICATION_ID 1414090311

/* Every id stays below 2^31, because newsreaders cut longer ones (frontends.md, 1.1). Times are
 * milliseconds, NULL where there is none; `rev` is the seq of an object's last change. The texts of
 * an item stand apart so that lists need not read them and changes of state need not write them.
 * Counts in `story` are kept by stories.c, states.c and feeds_remove.c. */
static const char step_1[] =
	"CREATE TABLE meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;"
	"INSERT INTO meta VALUES ('epoch', lower(hex(randomblob(8)))), ('min_seq', 0);"

	"CREATE TABLE change (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, op TEXT NOT NULL,"
	" id INTEGER, detail TEXT NOT NULL);"

	"CREATE TABLE folder (id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id < 2147483648),"
	" rev INTEGER NOT NULL, name TEXT NOT NULL UNIQUE);"

	"CREATE TABLE feed (id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id < 2147483648),"
	" rev INTEGER NOT NULL, url TEXT NOT NULL UNIQUE, section TEXT, name TEXT,"
	" folder INTEGER REFERENCES folder, interval_ms INTEGER NOT NULL,"
	" owners INTEGER NOT NULL, declared INTEGER NOT NULL, created_ms INTEGER NOT NULL,"
	" detached_ms INTEGER, status INTEGER NOT NULL DEFAULT 0, last_poll_ms INTEGER,"
	" last_ok_ms INTEGER, last_new_ms INTEGER, next_due_ms INTEGER, due_reason TEXT,"
	" http_status INTEGER NOT NULL DEFAULT 0, error_count INTEGER NOT NULL DEFAULT 0,"
	" error_code TEXT, error_text TEXT, etag TEXT, last_modified TEXT, validators_url TEXT,"
	" body_hash TEXT, moved_url TEXT, title TEXT, link TEXT, language TEXT, icon TEXT,"
	" description TEXT);"
	"CREATE INDEX feed_section ON feed (section) WHERE section IS NOT NULL;"
	"CREATE INDEX feed_folder ON feed (folder) WHERE folder IS NOT NULL;"
	"CREATE INDEX feed_detached ON feed (detached_ms) WHERE detached_ms IS NOT NULL;"

	"CREATE TABLE story (id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id < 2147483648),"
	" rev INTEGER NOT NULL, first_item INTEGER, updated_ms INTEGER NOT NULL,"
	" items INTEGER NOT NULL DEFAULT 0, sources INTEGER NOT NULL DEFAULT 0,"
	" unread INTEGER NOT NULL DEFAULT 0, starred INTEGER NOT NULL DEFAULT 0);"
	"CREATE INDEX story_updated ON story (updated_ms);"
	"CREATE INDEX story_unread ON story (updated_ms) WHERE unread > 0;"
	"CREATE INDEX story_starred ON story (updated_ms) WHERE starred > 0;"
	"CREATE INDEX story_rev ON story (rev);"

	"CREATE TABLE item (id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id < 2147483648),"
	" rev INTEGER NOT NULL, feed INTEGER NOT NULL REFERENCES feed,"
	" story INTEGER NOT NULL REFERENCES story, key INTEGER NOT NULL, digest INTEGER NOT NULL,"
	" read INTEGER NOT NULL DEFAULT 0, starred INTEGER NOT NULL DEFAULT 0,"
	" revisions INTEGER NOT NULL DEFAULT 0, reason INTEGER NOT NULL DEFAULT 0,"
	" published_ms INTEGER, updated_ms INTEGER, received_ms INTEGER NOT NULL, url_key INTEGER,"
	" score REAL, evidence TEXT, guid TEXT, title TEXT, link TEXT, author TEXT, excerpt TEXT,"
	" enclosures TEXT, categories TEXT, comments TEXT, thumbnail TEXT, language TEXT);"
	"CREATE UNIQUE INDEX item_key ON item (feed, key);"
	"CREATE INDEX item_feed ON item (feed);"
	"CREATE INDEX item_story ON item (story, feed);"
	"CREATE INDEX item_url ON item (url_key, story) WHERE url_key IS NOT NULL;"
	"CREATE INDEX item_unread ON item (id) WHERE read = 0;"
	"CREATE INDEX item_feed_unread ON item (feed) WHERE read = 0;"
	"CREATE INDEX item_starred ON item (id) WHERE starred = 1;"
	"CREATE INDEX item_rev ON item (rev);"
	"CREATE INDEX item_published ON item (coalesce(published_ms, received_ms));"

	"CREATE TABLE item_text (id INTEGER PRIMARY KEY REFERENCES item,"
	" summary TEXT, content TEXT);"

	"CREATE TABLE revision (id INTEGER PRIMARY KEY, item INTEGER NOT NULL REFERENCES item,"
	" replaced_ms INTEGER NOT NULL, title TEXT, link TEXT, summary TEXT, content TEXT);"
	"CREATE INDEX revision_item ON revision (item);";

static const char step_2[] = "ALTER TABLE item ADD COLUMN extensions TEXT;";

/* What keep.c needs: the rules, what was dropped and shall not come back, and how much of a feed
 * there is from one index. */
static const char step_3[] =
	"CREATE TABLE keep (level INTEGER NOT NULL, name TEXT NOT NULL, age_ms INTEGER,"
	" unread_ms INTEGER, items INTEGER, bytes INTEGER, PRIMARY KEY (level, name))"
	" WITHOUT ROWID;"
	"CREATE TABLE dropped (feed INTEGER NOT NULL REFERENCES feed, key INTEGER NOT NULL,"
	" seen_ms INTEGER NOT NULL, PRIMARY KEY (feed, key)) WITHOUT ROWID;"
	"ALTER TABLE item ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;"
	"UPDATE item SET bytes = coalesce((SELECT coalesce(length(CAST(summary AS BLOB)), 0)"
	" + coalesce(length(CAST(content AS BLOB)), 0) FROM item_text t WHERE t.id = item.id), 0);"
	"DROP INDEX item_feed;"
	"CREATE INDEX item_feed ON item (feed, id, bytes);";

/* What the schedule learned of a feed (feeds.h), its limits, the addresses that it had before, and
 * until when servers asked to be left alone. */
static const char step_4[] =
	"ALTER TABLE feed ADD COLUMN interval_min_ms INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE feed ADD COLUMN interval_max_ms INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE feed ADD COLUMN rhythm_items REAL NOT NULL DEFAULT 0;"
	"ALTER TABLE feed ADD COLUMN rhythm_ms REAL NOT NULL DEFAULT 0;"
	"ALTER TABLE feed ADD COLUMN window INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE feed ADD COLUMN gap_ms INTEGER;"
	"ALTER TABLE feed ADD COLUMN ttl_ms INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE feed ADD COLUMN period_ms INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE feed ADD COLUMN base_ms INTEGER;"
	"ALTER TABLE feed ADD COLUMN skip_hours INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE feed ADD COLUMN skip_days INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE feed ADD COLUMN moved_count INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE feed ADD COLUMN moved_ms INTEGER;"
	"ALTER TABLE feed ADD COLUMN plan TEXT;"
	"ALTER TABLE feed ADD COLUMN fetches TEXT;"
	"CREATE TABLE alias (url TEXT PRIMARY KEY,"
	" feed INTEGER NOT NULL REFERENCES feed ON DELETE CASCADE) WITHOUT ROWID;"
	"CREATE INDEX alias_feed ON alias (feed);"
	"CREATE TABLE hold (url TEXT PRIMARY KEY, until_ms INTEGER NOT NULL) WITHOUT ROWID;";

/* Whether it has fallen silent, and what was repaired in its last document. */
static const char step_5[] = "ALTER TABLE feed ADD COLUMN usual_ms INTEGER NOT NULL DEFAULT 0;"
			     "ALTER TABLE feed ADD COLUMN spoke_ms INTEGER;"
			     "ALTER TABLE feed ADD COLUMN silent INTEGER NOT NULL DEFAULT 0;"
			     "ALTER TABLE feed ADD COLUMN repairs TEXT;";

/* Icons: one row an address (icons.h). */
static const char step_6[] =
	"ALTER TABLE feed ADD COLUMN icon_due_ms INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX feed_icon ON feed (icon) WHERE icon IS NOT NULL;"
	"CREATE TABLE icon (url TEXT PRIMARY KEY, due_ms INTEGER NOT NULL, image BLOB);";

/* What the story index remembers (fingerprints.h), the ids of stories that were merged into others,
 * and what users said of stories: who shall never be one (stories), and whose items are never
 * grouped (hosts). fingerprint.level: how alike was alike enough when its place was chosen;
 * item.words: a digest of its words, NULL in rows of earlier versions; item.copy_of: the item whose
 * text or address it shares; item.pinned: the number of the change by which a user put it where it
 * is, or -1: its story was kept apart from another; story.lead: the item whose headline is shown,
 * NULL: the first one's; feed.identity: the rule by which its items are known again; `stories`: how
 * alike items must be, in keep by the configuration's word for all feeds or a folder; folder.kept:
 * it stays when its last feed has left. Labels that users put on items. Who may come by TCP
 * (credentials.h): digests of secrets, never these. */
static const char step_7[] =
	"CREATE TABLE fingerprint (item INTEGER PRIMARY KEY REFERENCES item ON DELETE CASCADE,"
	" original INTEGER NOT NULL, time_ms INTEGER NOT NULL, level INTEGER NOT NULL,"
	" data BLOB NOT NULL);"
	"CREATE TABLE story_alias (id INTEGER PRIMARY KEY,"
	" story INTEGER NOT NULL REFERENCES story ON DELETE CASCADE);"
	"CREATE INDEX story_alias_story ON story_alias (story);"
	"CREATE TABLE story_apart (one INTEGER NOT NULL REFERENCES story ON DELETE CASCADE,"
	" other INTEGER NOT NULL REFERENCES story ON DELETE CASCADE, PRIMARY KEY (one, other))"
	" WITHOUT ROWID;"
	"CREATE INDEX story_apart_other ON story_apart (other);"
	"CREATE TABLE story_never (host TEXT PRIMARY KEY) WITHOUT ROWID;"
	"ALTER TABLE item ADD COLUMN words INTEGER;"
	"ALTER TABLE item ADD COLUMN copy_of INTEGER;"
	"ALTER TABLE item ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE story ADD COLUMN lead INTEGER;"
	"ALTER TABLE feed ADD COLUMN stories INTEGER;"
	"ALTER TABLE folder ADD COLUMN stories INTEGER;"
	"ALTER TABLE folder ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE keep ADD COLUMN stories INTEGER;"
	"ALTER TABLE feed ADD COLUMN identity INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE feed ADD COLUMN identity_note TEXT;"
	"ALTER TABLE revision ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;"

	"CREATE TABLE label (id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id < 2147483648),"
	" rev INTEGER NOT NULL, name TEXT NOT NULL UNIQUE);"
	"CREATE TABLE item_label (label INTEGER NOT NULL REFERENCES label ON DELETE CASCADE,"
	" item INTEGER NOT NULL REFERENCES item ON DELETE CASCADE, PRIMARY KEY (label, item))"
	" WITHOUT ROWID;"
	"CREATE INDEX item_label_item ON item_label (item);"

	"CREATE TABLE credential (name TEXT PRIMARY KEY, right INTEGER NOT NULL,"
	" stories INTEGER NOT NULL, hash BLOB NOT NULL, fever BLOB NOT NULL,"
	" created_ms INTEGER NOT NULL, used_ms INTEGER) WITHOUT ROWID;";

/* For how long the last good answer was fresh (feeds.h). */
static const char step_8[] = "ALTER TABLE feed ADD COLUMN fresh_ms INTEGER;";

/* The step at [n] leads from version n to n + 1. Steps that were released never change. */
static const char *const steps[] = {step_1, step_2, step_3, step_4, step_5, step_6, step_7, step_8};

enum { SCHEMA_VERSION = sizeof(steps) / sizeof(steps[0]) };

struct identity {
	int64_t application, version, tables;
};

static int read_identity(struct db *db, struct identity *ret_identity, struct err *e)
{
	struct store_tx tx = {.db = db};
	int status = query_one(&tx, NULL, e,
		"SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)"
		" FROM pragma_application_id, pragma_user_version",
		NO_VALUES,
		COLUMNS(into(&ret_identity->application), into(&ret_identity->version),
			into(&ret_identity->tables)));

	return status < 0 ? status : 0;
}

static int check_identity(const struct identity *is, const char *path, struct err *e)
{
	bool empty = is->application == 0 && is->version == 0 && is->tables == 0;

	if (!empty && is->application != APPLICATION_ID)
		return err_set(e, ERR_INVALID,
			"%s is a database of another program: choose another path for the database",
			path);
	if (is->version > SCHEMA_VERSION)
		return err_set(e, ERR_NEWER,
			"%s was made by a newer Tidings (schema %lld, this one knows %d): install"
			" that version, or put the copy from before, if %s.v%d is there, in its"
			" place",
			path, (long long)is->version, SCHEMA_VERSION, path, SCHEMA_VERSION);
	return 0;
}

/* Some file systems cannot share memory; SQLite then stays in another mode without an error. */
static int enter_wal(struct db *db, const char *path, struct err *e)
{
	struct store_tx tx = {.db = db};
	struct arena arena;
	const char *mode = NULL;

	arena_init(&arena, STORE_ROW_BYTES);
	int status = query_one(
		&tx, &arena, e, "PRAGMA journal_mode = WAL", NO_VALUES, COLUMNS(into(&mode)));
	if (status > 0 && strcmp(mode, "wal") != 0)
		status = err_set(e, ERR_IO,
			"the file system of %s cannot hold the database (no write-ahead log there)",
			path);
	arena_finish(&arena);
	return status < 0 ? status : 0;
}

/* -- the copy that is made before a step -- */

/* The copy, and what the steps write before it reaches the file. */
static int check_room(struct db *db, const char *path, struct err *e)
{
	struct store_tx tx = {.db = db};
	struct statvfs fs;
	int64_t bytes = 0;
	int status = query_find_values(&tx, &bytes, e,
		"SELECT 2 * page_size * page_count FROM pragma_page_size, pragma_page_count",
		NO_VALUES);

	if (status || statvfs(path, &fs) < 0 || fs.f_bavail > (uint64_t)bytes / fs.f_frsize)
		return status;
	return err_set(e, ERR_FULL,
		"%s is of an older version: to copy it and bring it up to date takes %lld MiB of"
		" room beside it",
		path, (long long)(bytes >> 20) + 1);
}

static int keep_copy(struct db *db, const char *path, int64_t version, struct err *e)
{
	char *part = copy_name(path, NULL), *copy;
	int status;

	if (!part || asprintf(&copy, "%s.v%lld", path, (long long)version) < 0) {
		free(part);
		return err_set(e, ERR_NOMEM, NULL);
	}
	unlink(part); /* its room is needed */
	status = check_room(db, path, e);
	if (status == 0)
		status = copy_write(db, part, copy, true, e);
	if (status == 0)
		log_event(LOG_INFO, "store.upgrading", "from=%lld to=%d copy=%s",
			(long long)version, SCHEMA_VERSION, copy);
	free(part);
	free(copy);
	return status;
}

void schema_drop_copies(struct db *db, int64_t now_ms)
{
	const char *path = sqlite3_db_filename(db->handle, "main");
	struct stat st;
	char *copy;

	for (int version = 1; version < SCHEMA_VERSION; version++) {
		if (asprintf(&copy, "%s.v%d", path, version) < 0)
			return;
		if (lstat(copy, &st) == 0 &&
			now_ms / 1000 - st.st_mtim.tv_sec > SCHEMA_COPY_KEPT_MS / 1000 &&
			unlink(copy) == 0)
			log_event(LOG_INFO, "store.copy_dropped", "file=%s", copy);
		free(copy);
	}
}

/* PRAGMA user_version is part of the transaction: a step is there with its number, or not at all.
 */
static int take_step(struct db *db, int64_t version, struct err *e)
{
	char done[96];
	int status = db_exec(db, "BEGIN IMMEDIATE", e);

	if (status)
		return status;
	snprintf(done, sizeof(done),
		"PRAGMA application_id = %d; PRAGMA user_version = %lld; COMMIT", APPLICATION_ID,
		(long long)version + 1);
	status = db_exec(db, steps[version], e);
	if (status == 0)
		status = db_exec(db, done, e);
	if (status && db_in_transaction(db))
		db_exec(db, "ROLLBACK", NULL);
	return status;
}

/* Databases of earlier versions never shrink until their pages are sorted anew once. That takes a
 * while and as much room again: here only when it is a moment's work, else `tidings db compact`. A
 * failure leaves it as it was. */
static void enable_shrinking(struct db *db)
{
	struct store_tx tx = {.db = db};
	int64_t small = 0;

	(void)query_find_values(&tx, &small, NULL,
		"SELECT auto_vacuum = 0 AND page_count <= 4096"
		" FROM pragma_auto_vacuum, pragma_page_count",
		NO_VALUES);
	if (small)
		(void)db_exec(db, "PRAGMA auto_vacuum = INCREMENTAL; VACUUM", NULL);
}

int schema_prepare(struct db *db, const char *path, struct err *e)
{
	struct identity is = {0};
	int status = read_identity(db, &is, e);

	if (status == 0)
		status = check_identity(&is, path, e);
	if (status == 0 && is.tables == 0)
		status =
			db_exec(db, "PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL", e);
	if (status == 0)
		status = enter_wal(db, path, e);
	if (status == 0 && is.tables > 0 && is.version < SCHEMA_VERSION)
		status = keep_copy(db, path, is.version, e);
	while (status == 0 && is.version < SCHEMA_VERSION)
		status = take_step(db, is.version++, e);
	if (status == 0)
		enable_shrinking(db);
	return status;
}
