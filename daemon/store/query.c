/* Statements: prepared once a connection, found again by their text, the least recently used given
 * up first. */
#include "store/query.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/times.h"
#include "limits.h"

struct statement {
	sqlite3_stmt *handle;
	struct list node; /* in db->statements */
	int64_t hash;
	bool busy;
};

static void forget(struct db *db, struct statement *s)
{
	list_remove(&s->node);
	sqlite3_finalize(s->handle);
	free(s);
	db->statement_count--;
}

void query_forget_all(struct db *db)
{
	list_for_each_safe (node, &db->statements)
		forget(db, container_of(node, struct statement, node));
}

/* From the one that was used last, since few are used again and again. The same text may be in use
 * already: then it is prepared once more. */
static struct statement *find(struct db *db, const char *sql, int64_t hash)
{
	for (struct list *node = db->statements.prev; node != &db->statements; node = node->prev) {
		struct statement *s = container_of(node, struct statement, node);

		if (s->hash == hash && !s->busy && strcmp(sqlite3_sql(s->handle), sql) == 0)
			return s;
	}
	return NULL;
}

/* Those in use are passed over, even if the cache is over its size for a moment. */
static void make_room(struct db *db)
{
	list_for_each_safe (node, &db->statements) {
		struct statement *s = container_of(node, struct statement, node);

		if (db->statement_count < STORE_STATEMENTS_MAX)
			return;
		if (!s->busy)
			forget(db, s);
	}
}

static int prepare(struct db *db, const char *sql, struct statement **ret_statement)
{
	struct statement *s = calloc(1, sizeof(*s));
	int code;

	if (!s)
		return SQLITE_NOMEM;
	code = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->handle, NULL);
	if (code == SQLITE_OK && !s->handle)
		code = SQLITE_NOMEM; /* no text: whoever wrote it ran out of memory */
	if (code != SQLITE_OK) {
		free(s);
		return code;
	}
	list_init(&s->node);
	db->statement_count++;
	*ret_statement = s;
	return SQLITE_OK;
}

void query_begin(struct query *q, struct store_tx *tx, const char *sql)
{
	struct db *db = tx->db;
	int64_t hash = hash64(sql, strlen(sql));
	struct statement *s = find(db, sql, hash);

	*q = (struct query){.db = db};
	if (!s) {
		make_room(db);
		q->code = prepare(db, sql, &s);
		if (q->code != SQLITE_OK)
			return;
		s->hash = hash;
	}
	list_remove(&s->node);
	list_push(&db->statements, &s->node);
	s->busy = true;
	q->statement = s;
}

static int bind_value(sqlite3_stmt *handle, int parameter, const struct value *v)
{
	if (v->type == VALUE_INT)
		return sqlite3_bind_int64(handle, parameter, v->i);
	if (v->type == VALUE_DOUBLE)
		return sqlite3_bind_double(handle, parameter, v->d);
	if (v->type == VALUE_TEXT)
		return sqlite3_bind_text(handle, parameter, v->t, v->len, SQLITE_STATIC);
	if (v->type == VALUE_BYTES)
		return sqlite3_bind_blob64(handle, parameter, v->b->data, v->b->len, SQLITE_STATIC);
	return SQLITE_OK; /* what is not bound is NULL */
}

void query_bind_values(struct query *q, const struct value *values)
{
	for (; q->code == SQLITE_OK && values->type != VALUE_END; values++)
		q->code = bind_value(q->statement->handle, ++q->parameter, values);
}

bool query_row(struct query *q)
{
	if (!q->statement || (q->code != SQLITE_OK && q->code != SQLITE_ROW) || q->failure)
		return false;
	q->code = sqlite3_step(q->statement->handle);
	return q->code == SQLITE_ROW;
}

static const char *read_text(struct query *q, int i)
{
	const char *text = (const char *)sqlite3_column_text(q->statement->handle, i);

	if (sqlite3_column_type(q->statement->handle, i) == SQLITE_NULL)
		return NULL;
	if (text && q->arena)
		text = arena_strdup(q->arena, text);
	if (!text)
		q->failure = ERR_NOMEM;
	return text;
}

static void read_bytes(struct query *q, int i, struct buf *out)
{
	const void *bytes = sqlite3_column_blob(q->statement->handle, i);

	if (bytes)
		buf_append(out, bytes, (size_t)sqlite3_column_bytes(q->statement->handle, i));
	else if (sqlite3_column_type(q->statement->handle, i) != SQLITE_NULL)
		q->failure = ERR_NOMEM;
	if (buf_status(out))
		q->failure = buf_status(out);
}

static void read_column(struct query *q, int i, const struct column *column)
{
	sqlite3_stmt *handle = q->statement->handle;
	int64_t number = column->type >= COLUMN_TEXT ? 0 : sqlite3_column_int64(handle, i);

	switch (column->type) {
	case COLUMN_TIME:
		*(int64_t *)column->to =
			sqlite3_column_type(handle, i) == SQLITE_NULL ? TIME_NONE : number;
		break;
	case COLUMN_INT64:
		*(int64_t *)column->to = number;
		break;
	case COLUMN_INT:
		*(int *)column->to = (int)number;
		break;
	case COLUMN_BOOL:
		*(bool *)column->to = number != 0;
		break;
	case COLUMN_DOUBLE:
		*(double *)column->to = sqlite3_column_double(handle, i);
		break;
	case COLUMN_TEXT:
		*(const char **)column->to = read_text(q, i);
		break;
	case COLUMN_BYTES:
		read_bytes(q, i, column->to);
		break;
	case COLUMN_END:
		break;
	}
}

void query_read_columns(struct query *q, const struct column *columns)
{
	for (int i = 0; columns[i].type != COLUMN_END; i++)
		read_column(q, i, &columns[i]);
}

int query_end(struct query *q, struct err *e)
{
	int status = q->failure;

	if (q->failure)
		err_set(e, q->failure, NULL);
	else if (q->code != SQLITE_OK && q->code != SQLITE_ROW && q->code != SQLITE_DONE)
		status = db_error(q->db, q->code, e);
	if (!q->statement)
		return status;
	/* Tells the last step's error again; bindings go since what they borrow may go. */
	sqlite3_reset(q->statement->handle);
	sqlite3_clear_bindings(q->statement->handle);
	q->statement->busy = false;
	q->statement = NULL;
	return status;
}

int query_one(struct store_tx *tx, struct arena *arena, struct err *e, const char *sql,
	const struct value *values, const struct column *columns)
{
	struct query q;

	query_begin(&q, tx, sql);
	query_bind_values(&q, values);
	q.arena = arena;
	bool found = query_row(&q);
	if (found)
		query_read_columns(&q, columns);
	int status = query_end(&q, e);
	return status ? status : found;
}

int query_exec_values(
	struct store_tx *tx, struct err *e, const char *sql, const struct value *values)
{
	int status = query_one(tx, NULL, e, sql, values, &(const struct column){COLUMN_END, NULL});

	return status < 0 ? status : 0;
}

int query_find_values(struct store_tx *tx, int64_t *ret_number, struct err *e, const char *sql,
	const struct value *values)
{
	int64_t number = 0;
	int status = query_one(tx, NULL, e, sql, values, COLUMNS(into(&number)));

	if (status < 0)
		return status;
	*ret_number = number;
	return 0;
}

int query_changes(struct store_tx *tx)
{
	return sqlite3_changes(tx->db->handle);
}

int64_t query_last_id(struct store_tx *tx)
{
	return sqlite3_last_insert_rowid(tx->db->handle);
}

int query_found(int status, const char *noun, int64_t id, struct err *e)
{
	if (status == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no %s %lld", noun, (long long)id);
	return status < 0 ? status : 0;
}
