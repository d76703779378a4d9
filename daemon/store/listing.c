/* Lists: the statement put together of its filter. */
#include "store/listing.h"

#include "base/buf.h"
#include "limits.h"

/* The longest statement is a quarter of this. */
enum { SQL_MAX = 8192 };

/* Both in the same direction, so that an index serves either way. */
static void write_order(struct buf *sql, const struct listing *l, const struct page *page)
{
	const char *direction = page->ascending ? "ASC" : "DESC";

	buf_printf(sql, " ORDER BY %s %s, %s %s", l->key, direction, l->id, direction);
}

static void write_conditions(struct buf *sql, const struct condition *conditions)
{
	for (const struct condition *c = conditions; c->sql; c++)
		buf_puts(sql, c->on ? c->sql : "");
}

static void bind_conditions(struct query *q, const struct condition *conditions)
{
	for (const struct condition *c = conditions; c->sql; c++) {
		if (c->on && c->bound)
			query_bind(q, as_int(c->value));
	}
}

static void write_sql(struct buf *sql, const struct listing *l, const struct page *page)
{
	buf_printf(sql, "SELECT %s,%s%s", l->key, l->columns, l->rows);
	write_conditions(sql, l->conditions);
	if (page->id)
		buf_printf(
			sql, " AND (%s, %s) %s (?, ?)", l->key, l->id, page->ascending ? ">" : "<");
	write_order(sql, l, page);
	buf_puts(sql, " LIMIT ? OFFSET ?");
	if (!l->tail)
		return;
	buf_puts(sql, l->tail);
	write_order(sql, l, page);
}

int listing_hides(struct store_tx *tx, bool *ret_hides, struct err *e)
{
	int status = query_one(tx, NULL, e,
		"SELECT 1 FROM feed WHERE detached_ms = " FEED_REMOVED " LIMIT 1", NO_VALUES,
		COLUMNS(into(&(int){0})));

	*ret_hides = status > 0;
	return status < 0 ? status : 0;
}

int listing_begin(struct query *q, struct store_tx *tx, const struct listing *l, struct page *page)
{
	bool bounded = page->limit > 0 && page->limit < l->max;
	int limit = bounded ? page->limit : l->max;
	struct buf sql;

	buf_init(&sql, SQL_MAX);
	write_sql(&sql, l, page);
	query_begin(q, tx, buf_string(&sql));
	q->failure = buf_status(&sql);
	buf_finish(&sql);
	bind_conditions(q, l->conditions);
	if (page->id)
		query_bind(q, as_int(page->key), as_int(page->id));
	query_bind(q, as_int(limit + 1), as_int(page->offset));
	page->more = false;
	return limit;
}

int listing_count(struct store_tx *tx, const char *sql, const struct condition *conditions,
	int64_t *ret_count, struct err *e)
{
	struct query q;
	struct buf text;

	buf_init(&text, SQL_MAX);
	buf_puts(&text, sql);
	write_conditions(&text, conditions);
	query_begin(&q, tx, buf_string(&text));
	q.failure = buf_status(&text);
	buf_finish(&text);
	bind_conditions(&q, conditions);
	if (query_row(&q))
		query_read(&q, into(ret_count));
	return query_end(&q, e);
}
