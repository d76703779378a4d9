/* One connection to the database: how it is opened, and what SQLite's codes mean in ours. Private
 * to the room. */
#ifndef TIDINGS_STORE_DB_H
#define TIDINGS_STORE_DB_H

#include <stdbool.h>
#include <stdint.h>
#include <sqlite3.h>

#include "base/err.h"
#include "base/list.h"

enum db_mode { DB_WRITE, DB_READ };

/* Used by one thread at a time. Zeroed: closed. */
struct db {
	sqlite3 *handle;
	struct list statements; /* struct statement (query.c), least recently used first */
	int statement_count;
	uint64_t deadline_ns; /* uv_hrtime() after which a statement is interrupted; 0: never */
	struct err trouble;   /* the last error that was the database's, not of one statement */
};

/* A transaction as jobs see it. */
struct store_tx {
	struct db *db;
	bool writing;
	int64_t seq; /* writing: newest number reserved */
	int64_t put; /* writing: newest number with a line */
};

/* Opens with every setting that does not write to the file. The file of DB_WRITE must exist (it may
 * be empty). ERR_NOMEM; ERR_IO. */
int db_open(struct db *db, const char *path, enum db_mode mode, struct err *e);

/* Takes zeroed memory. */
void db_close(struct db *db);

/* Runs statements without parameters and rows; not cached. */
int db_exec(struct db *db, const char *sql, struct err *e);

/* Translates an SQLite code (extended or not) of the connection's last call; the text quotes
 * SQLite's. Returns the ERR_*. */
int db_error(struct db *db, int code, struct err *e);

/* True inside BEGIN; false also after SQLite has rolled back by itself (disk full, out of memory).
 */
bool db_in_transaction(struct db *db);

#endif
