/* Statements: prepared once a connection, bound in order, read in order, asked for errors once at
 * the end. Private to the room. */
#ifndef TIDINGS_STORE_QUERY_H
#define TIDINGS_STORE_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/times.h"
#include "store/db.h"

struct statement;

/* A parameter. Text and bytes are borrowed until the query ends. */
struct value {
	enum { VALUE_END, VALUE_NULL, VALUE_INT, VALUE_DOUBLE, VALUE_TEXT, VALUE_BYTES } type;
	int len; /* of text; -1: up to its end */
	union {
		int64_t i;
		double d;
		const char *t;
		const struct buf *b;
	};
};

static inline struct value as_int(int64_t i)
{
	return (struct value){.type = VALUE_INT, .i = i};
}

/* 0 is NULL. */
static inline struct value as_id(int64_t id)
{
	return (struct value){.type = id ? VALUE_INT : VALUE_NULL, .i = id};
}

/* TIME_NONE is NULL. */
static inline struct value as_time(int64_t time_ms)
{
	return (struct value){.type = time_ms == TIME_NONE ? VALUE_NULL : VALUE_INT, .i = time_ms};
}

static inline struct value as_double(double d)
{
	return (struct value){.type = VALUE_DOUBLE, .d = d};
}

/* NULL is NULL. */
static inline struct value as_text(const char *t)
{
	return (struct value){.type = t ? VALUE_TEXT : VALUE_NULL, .len = -1, .t = t};
}

/* The same, where the length is known, in bytes. */
static inline struct value as_text_len(const char *t, size_t len)
{
	return (struct value){.type = t ? VALUE_TEXT : VALUE_NULL, .len = (int)len, .t = t};
}

/* NULL is NULL. */
static inline struct value as_bytes(const struct buf *b)
{
	return (struct value){.type = b ? VALUE_BYTES : VALUE_NULL, .b = b};
}

#define VALUES(...) ((const struct value[]){__VA_ARGS__, {.type = VALUE_END}})

#define NO_VALUES (&(const struct value){.type = VALUE_END})

/* Where a column of a row goes. NULL is 0, false and NULL; a time's is TIME_NONE; bytes are
 * appended.
 */
struct column {
	enum {
		COLUMN_END,
		COLUMN_INT64,
		COLUMN_INT, /* and enums */
		COLUMN_BOOL,
		COLUMN_DOUBLE,
		COLUMN_TIME,
		COLUMN_TEXT,
		COLUMN_BYTES
	} type;
	void *to;
};

/* clang-format off */
#define into(to_)                                                                                  \
	((struct column){_Generic((to_), int64_t *: COLUMN_INT64, int *: COLUMN_INT,               \
		unsigned *: COLUMN_INT, bool *: COLUMN_BOOL, double *: COLUMN_DOUBLE,              \
		const char **: COLUMN_TEXT, struct buf *: COLUMN_BYTES), (to_)})
/* clang-format on */

static inline struct column into_time(int64_t *to)
{
	return (struct column){COLUMN_TIME, to};
}

#define COLUMNS(...) ((const struct column[]){__VA_ARGS__, {.type = COLUMN_END}})

/* Every query_begin() is followed by query_end(). Failures are sticky: after one, nothing is bound
 * and query_row() is false. The same text may be in use several times at once. */
struct query {
	struct db *db;
	struct statement *statement;
	struct arena *arena; /* set after query_begin(): texts are copied into it; NULL: they live
				until the next row */
	int code;            /* SQLite's, of the last step */
	int failure;         /* ERR_* of our own: no memory in the arena */
	int parameter;
};

void query_begin(struct query *q, struct store_tx *tx, const char *sql);

/* Binds further parameters: query_bind(&q, as_int(id), as_text(name)). */
#define query_bind(q, ...) query_bind_values(q, VALUES(__VA_ARGS__))
void query_bind_values(struct query *q, const struct value *values);

/* Steps: true when there is a row. */
bool query_row(struct query *q);

/* Reads the row: query_read(&q, into(&id), into(&name)). */
#define query_read(q, ...) query_read_columns(q, COLUMNS(__VA_ARGS__))
void query_read_columns(struct query *q, const struct column *columns);

/* 0 or the ERR_* of whatever went wrong since query_begin(). */
int query_end(struct query *q, struct err *e);

/* A whole statement without rows: query_exec(tx, e, "DELETE FROM item WHERE id = ?", as_int(id)).
 */
#define query_exec(tx, e, sql, ...) query_exec_values(tx, e, sql, VALUES(__VA_ARGS__))
int query_exec_values(
	struct store_tx *tx, struct err *e, const char *sql, const struct value *values);

/* A whole statement of one row, its texts copied into `arena` (NULL: there are none). 1 with the
 * columns read; 0 when there is no row; or an ERR_*. */
int query_one(struct store_tx *tx, struct arena *arena, struct err *e, const char *sql,
	const struct value *values, const struct column *columns);

/* The same for one number, which is 0 when there is no row. 0 or an ERR_*. */
#define query_find(tx, ret_number, e, sql, ...)                                                    \
	query_find_values(tx, ret_number, e, sql, VALUES(__VA_ARGS__))
int query_find_values(struct store_tx *tx, int64_t *ret_number, struct err *e, const char *sql,
	const struct value *values);

/* Of the last statement that wrote: rows changed, and the id of a row inserted. */
int query_changes(struct store_tx *tx);
int64_t query_last_id(struct store_tx *tx);

/* What query_one() returned, with ERR_NOT_FOUND ("there is no feed 7") instead of 0, and 0 instead
 * of 1. */
int query_found(int status, const char *noun, int64_t id, struct err *e);

/* Finalizes every cached statement of a connection that is about to close. */
void query_forget_all(struct db *db);

#endif
