/* Connections to the database and the translation of SQLite's codes. */
#include "store/db.h"

#include <errno.h>
#include <string.h>
#include <uv.h>

#include "limits.h"
#include "store/query.h"

/* Between two looks at the clock: some 100,000 rows a second pass, so this is well under a
 * millisecond. */
enum { DEADLINE_STEPS = 2000 };

#define TEXT(x)              #x
#define VALUE(x)             TEXT(x)
#define SETTING(name, value) "PRAGMA " #name " = " VALUE(value) ";"

/* Nothing in the file is trusted to run functions, pages are checked before they are used, and
 * nothing is mapped: an I/O error shall be a code, not a signal. */
static const char common_settings[] = SETTING(trusted_schema, OFF) SETTING(cell_size_check, ON)
	SETTING(mmap_size, 0) SETTING(temp_store, MEMORY);

/* secure_delete is on in Debian's build and writes zeros over what is deleted; we promise no such
 * thing. */
static const char *const mode_settings[] = {
	[DB_WRITE] = SETTING(synchronous, FULL) SETTING(foreign_keys, ON)
		SETTING(secure_delete, OFF) SETTING(cache_size, -STORE_WRITE_CACHE_KIB)
			SETTING(wal_autocheckpoint, 0) SETTING(journal_size_limit, STORE_WAL_BYTES),
	[DB_READ] = SETTING(query_only, ON) SETTING(cache_size, -STORE_READ_CACHE_KIB),
};

static int check_deadline(void *ctx)
{
	const struct db *db = ctx;

	return db->deadline_ns && uv_hrtime() > db->deadline_ns;
}

/* Our own statements are short and flat, and take what comes from outside as parameters; nothing
 * else shall be possible (C22). */
static const struct {
	int limit, value;
} limits[] = {
	{SQLITE_LIMIT_LENGTH, STORE_VALUE_BYTES},
	{SQLITE_LIMIT_SQL_LENGTH, 16384},
	{SQLITE_LIMIT_COLUMN, 100},
	{SQLITE_LIMIT_EXPR_DEPTH, 100},
	{SQLITE_LIMIT_COMPOUND_SELECT, 8},
	{SQLITE_LIMIT_FUNCTION_ARG, 16},
	{SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100},
	{SQLITE_LIMIT_VARIABLE_NUMBER, 64},
	{SQLITE_LIMIT_ATTACHED, 1}, /* VACUUM needs it */
	{SQLITE_LIMIT_WORKER_THREADS, 0},
};

static void set_limits(sqlite3 *handle)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		sqlite3_limit(handle, limits[i].limit, limits[i].value);
	sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
}

int db_open(struct db *db, const char *path, enum db_mode mode, struct err *e)
{
	int status;

	sqlite3_config(SQLITE_CONFIG_MEMSTATUS,
		0); /* a lock less at each allocation; refused once SQLite runs */
	memset(db, 0, sizeof(*db));
	list_init(&db->statements);
	status = sqlite3_open_v2(
		path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (status != SQLITE_OK) {
		status = db_error(db, status, e);
		goto fail;
	}
	sqlite3_extended_result_codes(db->handle, 1);
	sqlite3_busy_timeout(db->handle, STORE_LOCK_WAIT_MS);
	sqlite3_progress_handler(db->handle, DEADLINE_STEPS, check_deadline, db);
	set_limits(db->handle);
	status = db_exec(db, common_settings, e);
	if (status == 0)
		status = db_exec(db, mode_settings[mode], e);
	if (status == 0)
		return 0;
fail:
	db_close(db);
	return status;
}

void db_close(struct db *db)
{
	if (!db->handle)
		return;
	query_forget_all(db);
	sqlite3_close(db->handle);
	db->handle = NULL;
}

int db_exec(struct db *db, const char *sql, struct err *e)
{
	int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : db_error(db, code, e);
}

bool db_in_transaction(struct db *db)
{
	return !sqlite3_get_autocommit(db->handle);
}

/* Exact codes first, then their families. The only CHECK of the schema is the greatest id. What the
 * system denies is ERR_IO: ERR_DENIED is what feeds.h says no to. */
static const struct {
	int code;
	int error;
} translations[] = {
	{SQLITE_CONSTRAINT_UNIQUE, ERR_EXISTS},
	{SQLITE_CONSTRAINT_PRIMARYKEY, ERR_EXISTS},
	{SQLITE_CONSTRAINT_FOREIGNKEY, ERR_NOT_FOUND},
	{SQLITE_CONSTRAINT_CHECK, ERR_FULL},
	{SQLITE_IOERR_NOMEM, ERR_NOMEM},
	{SQLITE_NOMEM, ERR_NOMEM},
	{SQLITE_FULL, ERR_FULL},
	{SQLITE_IOERR, ERR_IO},
	{SQLITE_READONLY, ERR_IO},
	{SQLITE_PERM, ERR_IO},
	{SQLITE_AUTH, ERR_IO},
	{SQLITE_PROTOCOL, ERR_IO},
	{SQLITE_CANTOPEN, ERR_IO},
	{SQLITE_CORRUPT, ERR_CORRUPT},
	{SQLITE_NOTADB, ERR_CORRUPT},
	{SQLITE_BUSY, ERR_BUSY},
	{SQLITE_LOCKED, ERR_BUSY},
	{SQLITE_INTERRUPT, ERR_TIMEOUT},
	{SQLITE_TOOBIG, ERR_TOO_BIG},
};

static int translate(int code)
{
	for (size_t i = 0; i < sizeof(translations) / sizeof(translations[0]); i++) {
		if (translations[i].code == code)
			return translations[i].error;
	}
	return (code & 0xff) == code ? ERR_INTERNAL : translate(code & 0xff);
}

static bool is_trouble(int error)
{
	return error == ERR_IO || error == ERR_FULL || error == ERR_BUSY || error == ERR_CORRUPT;
}

int db_error(struct db *db, int code, struct err *e)
{
	int error = translate(code);

	if (error == ERR_NOMEM || !db->handle)
		return err_set(e, error, NULL);
	if (code == SQLITE_CONSTRAINT_CHECK)
		return err_set(e, error, "all numbers below 2^31 have been used");
	/* SQLite knows ENOSPC when it writes, but not quotas, and neither when it syncs. */
	int errnum = sqlite3_system_errno(db->handle);
	if (error == ERR_IO && (errnum == ENOSPC || errnum == EDQUOT))
		error = ERR_FULL;
	if (is_trouble(error) && db->trouble.code != ERR_CORRUPT)
		err_set(&db->trouble, error, "database: %s", sqlite3_errmsg(db->handle));
	return err_set(e, error, "database: %s", sqlite3_errmsg(db->handle));
}
