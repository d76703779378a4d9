/* Tasks in the background, on a connection of their own or in small jobs. */
#include "store/care.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "limits.h"
#include "store/copy.h"
#include "store/query.h"
#include "store/state.h"

enum { CARE_STEPS = 20000 }; /* between two looks at the copy's size: under a millisecond */

static const char *const names[] = {
	[CARE_NONE] = "none",
	[CARE_QUICK] = "quick-check",
	[CARE_CHECK] = "check",
	[CARE_BACKUP] = "backup",
	[CARE_COMPACT] = "compact",
};

const char *care_name(enum care_kind kind)
{
	return names[kind];
}

bool care_is_due(const struct store *s)
{
	return s->unverified;
}

struct care_report care_look(const struct store *s)
{
	const struct care *c = &s->care;

	return (struct care_report){.kind = c->kind,
		.running = c->running,
		.done = c->done,
		.total = c->total,
		.status = c->running ? 0 : c->status,
		.text = c->running ? "" : c->error.text};
}

/* -- on a pool thread -- */

static int on_steps(void *ctx)
{
	struct care *c = ctx;
	struct stat st;

	if (c->kind == CARE_BACKUP && stat(c->part, &st) == 0)
		c->done = st.st_size;
	return c->cancel;
}

/* A page that cannot be read now, for want of memory or by a passing fault, may be well. */
static bool could_not_read(const char *fault)
{
	return strstr(fault, "get page") || strstr(fault, "get the page") ||
	       strstr(fault, "Failed to read");
}

static int find_fault(struct store_tx *tx, const char *pragma, const char *table, struct err *e)
{
	char sql[64];
	const char *fault = "";
	struct arena arena;

	snprintf(sql, sizeof(sql), "SELECT * FROM pragma_%s(?)", pragma);
	arena_init(&arena, STORE_ROW_BYTES);
	int status = query_one(tx, &arena, e, sql, VALUES(as_text(table)), COLUMNS(into(&fault)));
	if (status > 0 && could_not_read(fault))
		status = err_set(e, ERR_IO, "the table %s cannot be read: %s", table, fault);
	else if (status > 0 && strcmp(fault, "ok") != 0)
		status = err_set(e, ERR_CORRUPT, "the table %s is damaged: %s", table,
			strcmp(fault, table) == 0 ? "a row refers to what is not there" : fault);
	arena_finish(&arena);
	return status < 0 ? status : 0;
}

/* Table by table, so that no reader stands in the way of the log for long. */
static int check(struct care *c, struct store_tx *tx, struct err *e)
{
	const char *pragma = c->kind == CARE_QUICK ? "quick_check" : "integrity_check";
	const char *table = "";
	struct arena arena;
	int64_t left;
	int status = 0;

	arena_init(&arena, STORE_ROW_BYTES);
	while (status == 0) {
		status = query_one(tx, &arena, e,
			"SELECT name, count(*) OVER () FROM (SELECT 'sqlite_schema' AS name UNION"
			" ALL SELECT name FROM sqlite_schema WHERE type = 'table')"
			" WHERE name > ? ORDER BY name",
			VALUES(as_text(table)), COLUMNS(into(&table), into(&left)));
		if (status <= 0)
			break;
		c->total = c->done + left;
		status = find_fault(tx, pragma, table, e);
		if (status == 0 && c->kind == CARE_CHECK)
			status = find_fault(tx, "foreign_key_check", table, e);
		c->done += status == 0;
	}
	arena_finish(&arena);
	return status;
}

static int copy(struct care *c, struct store_tx *tx, struct err *e)
{
	int64_t total = 0;
	struct stat st;
	int status = query_find_values(tx, &total, e,
		"SELECT page_size * (page_count - freelist_count)"
		" FROM pragma_page_size, pragma_page_count, pragma_freelist_count",
		NO_VALUES);

	c->total = total;
	if (status == 0 && lstat(c->path, &st) == 0)
		status = err_set(e, ERR_EXISTS, "%s is there already", c->path);
	if (status == 0)
		status = db_exec(tx->db, "PRAGMA query_only = OFF", e);
	return status ? status : copy_write(tx->db, c->part, c->path, false, e);
}

static void work(uv_work_t *uv)
{
	struct store *s = container_of(uv, struct store, care.work);
	struct care *c = &s->care;
	struct db db = {0};
	struct store_tx tx = {.db = &db};

	unlink(c->part); /* of a copy that a kill or a cut ended */
	c->status = readers_open(s, &db, &c->error);
	if (c->status)
		return;
	sqlite3_progress_handler(db.handle, CARE_STEPS, on_steps, c);
	c->status = (c->kind == CARE_BACKUP ? copy : check)(c, &tx, &c->error);
	if (c->status == 0 && c->kind == CARE_BACKUP)
		c->done = c->total;
	db_close(&db);
}

/* -- on the loop thread -- */

static void tell_check(const struct store *s)
{
	const struct care *c = &s->care;

	if (c->status == ERR_CORRUPT)
		log_event(LOG_ERROR, "database.damaged", "database=%s error=%s advice=%s", s->path,
			c->error.text,
			"move it away and put a copy (of tidings db backup) or what sqlite3's"
			" .recover saves in its place");
	else if (c->status == 0 && c->kind == CARE_QUICK)
		log_event(LOG_INFO, "database.sound", "database=%s", s->path);
}

static void end(struct store *s)
{
	struct care *c = &s->care;

	c->running = false;
	free(c->part);
	free(c->path);
	c->part = c->path = NULL;
	if (c->status == 0 && (c->kind == CARE_QUICK || c->kind == CARE_CHECK))
		s->unverified = false;
	if (c->status == ERR_CORRUPT)
		s->unverified = true; /* the next start looks again */
	tell_check(s);
	if (c->ended) {
		struct care_report report = care_look(s);

		c->ended(c->ctx, &report);
	}
	store_release(s);
}

static void worked(uv_work_t *uv, int status)
{
	(void)status;
	end(container_of(uv, struct store, care.work));
}

/* -- compacting: on the store thread, as much as a poll takes at a time -- */

static int give_back(struct store_tx *tx, void *arg, struct err *e)
{
	struct care *c = &((struct store *)arg)->care;
	char sql[48];
	int64_t pages;
	int status = query_find_values(tx, &pages, e,
		"SELECT iif(auto_vacuum = 2, freelist_count, -1)"
		" FROM pragma_auto_vacuum, pragma_freelist_count",
		NO_VALUES);

	if (status)
		return status;
	if (pages < 0)
		return err_set(e, ERR_INVALID,
			"this database was made by an older version: stop the daemon and run"
			" sqlite3 FILE 'PRAGMA auto_vacuum = 2; VACUUM'");
	if (c->total < pages)
		c->total = pages;
	c->done = c->total - pages;
	c->more = pages > 0;
	snprintf(sql, sizeof(sql), "PRAGMA incremental_vacuum(%d)", KEEP_VACUUM_PAGES);
	return c->more ? db_exec(tx->db, sql, e) : 0;
}

static int go_on(struct store *s);

static void given_back(struct store_job *job)
{
	struct store *s = job->arg;
	struct care *c = &s->care;

	c->status = job->status;
	c->error = job->error;
	if (c->status || !c->more || go_on(s))
		end(s);
}

static int go_on(struct store *s)
{
	struct care *c = &s->care;

	c->job = (struct store_job){
		.class = STORE_POLL, .run = give_back, .done = given_back, .arg = s};
	c->status = store_write(s, &c->job);
	return c->status ? err_set(&c->error, c->status, NULL) : 0;
}

static int name_copy(struct care *c, const char *database, const char *name, struct err *e)
{
	bool backup = c->kind == CARE_BACKUP;

	if (backup && (!name || name[0] == '\0' || name[0] == '.' || strchr(name, '/') ||
			      strlen(name) > 200))
		return err_set(e, ERR_INVALID, "the name of a file in the folder of the database");
	c->part = copy_name(database, NULL);
	c->path = backup ? copy_name(database, name) : NULL;
	return c->part && (c->path || !backup) ? 0 : err_set(e, ERR_NOMEM, NULL);
}

int care_begin(struct store *s, enum care_kind kind, const char *name,
	void (*ended)(void *ctx, const struct care_report *report), void *ctx, struct err *e)
{
	struct care *c = &s->care;
	struct care next = {.kind = kind, .ended = ended, .ctx = ctx};
	int status;

	if (c->running || !s->loop || s->stopping)
		return err_set(e, ERR_BUSY, "a %s is under way", names[c->kind]);
	status = name_copy(&next, s->path, name, e);
	if (status) {
		free(next.part);
		free(next.path);
		return status;
	}
	*c = next;
	status = kind == CARE_COMPACT ? go_on(s) : uv_queue_work(s->loop, &c->work, work, worked);
	if (status) { /* the queue is full */
		free(c->part);
		free(c->path);
		*c = (struct care){0};
		return err_set(e, ERR_BUSY, NULL);
	}
	c->running = true;
	store_hold(s);
	return 0;
}

int care_measure(struct store_tx *tx, struct care_stats *ret_stats, struct err *e)
{
	const char *database = sqlite3_db_filename(tx->db->handle, "main");
	struct care_stats *t = ret_stats;
	struct stat st;
	int status = query_one(tx, NULL, e,
		"SELECT page_count, freelist_count, page_size, (SELECT count(*) FROM feed),"
		" (SELECT count(*) FROM item), (SELECT count(*) FROM revision),"
		" (SELECT count(*) FROM story), (SELECT count(*) FROM dropped),"
		" (SELECT count(*) FROM change)"
		" FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
		NO_VALUES,
		COLUMNS(into(&t->pages), into(&t->free_pages), into(&t->page_bytes),
			into(&t->feeds), into(&t->items), into(&t->revisions), into(&t->stories),
			into(&t->dropped), into(&t->changes)));

	t->log_bytes = stat(sqlite3_filename_wal(database), &st) == 0 ? st.st_size : 0;
	return status < 0 ? status : 0;
}
