/* What the story index remembers of items. */
#include "store/fingerprints.h"

#include "limits.h"
#include "store/query.h"

int fingerprints_put(struct store_tx *tx, const struct fingerprint_row *row, const struct buf *data,
	struct err *e)
{
	return query_exec(tx, e,
		"INSERT OR REPLACE INTO fingerprint (item, original, time_ms, level, data)"
		" VALUES (?, ?, ?, ?, ?)",
		as_int(row->item), as_int(row->original), as_int(row->time_ms), as_int(row->level),
		as_bytes(data));
}

int fingerprints_get(struct store_tx *tx, int64_t item, struct buf *out, struct err *e)
{
	return query_one(tx, NULL, e, "SELECT data FROM fingerprint WHERE item = ?",
		VALUES(as_int(item)), COLUMNS(into(out)));
}

int fingerprints_list(struct store_tx *tx, int64_t after, int64_t since_ms, int limit,
	int (*each)(void *ctx, const struct fingerprint_row *row, const struct buf *data),
	void *ctx, int *ret_count, struct err *e)
{
	struct fingerprint_row row;
	int status = 0, ended;
	struct buf data;
	struct query q;

	*ret_count = 0;
	buf_init(&data, STORE_FINGERPRINT_BYTES);
	query_begin(&q, tx,
		"SELECT f.item, i.story, i.feed, f.original, f.time_ms, f.data FROM fingerprint f"
		" CROSS JOIN item i ON i.id = f.item WHERE f.item > ? AND i.received_ms >= ?"
		" ORDER BY f.item LIMIT ?");
	query_bind(&q, as_int(after), as_int(since_ms), as_int(limit));
	while (status == 0 && query_row(&q)) {
		buf_reset(&data);
		query_read(&q, into(&row.item), into(&row.story), into(&row.feed),
			into(&row.original), into(&row.time_ms), into(&data));
		++*ret_count;
		status = each(ctx, &row, &data);
	}
	ended = query_end(&q, status ? NULL : e);
	buf_finish(&data);
	return status ? status : ended;
}

/* Items are received in the order of their ids, but for what a clock did that was set back. */
int fingerprints_prune(
	struct store_tx *tx, int64_t before_ms, int limit, bool *ret_more, struct err *e)
{
	int status = query_exec(tx, e,
		"DELETE FROM fingerprint WHERE item IN (SELECT f.item FROM (SELECT item FROM"
		" fingerprint ORDER BY item LIMIT ?) f JOIN item i ON i.id = f.item"
		" WHERE i.received_ms < ?)",
		as_int(limit), as_int(before_ms));

	*ret_more = status == 0 && query_changes(tx) == limit;
	return status;
}

int fingerprints_serial(struct store_tx *tx, int64_t *ret_serial, struct err *e)
{
	return query_find_values(
		tx, ret_serial, e, "SELECT value FROM meta WHERE key = 'indexed'", NO_VALUES);
}

int fingerprints_set_serial(struct store_tx *tx, int64_t serial, struct err *e)
{
	return query_exec(tx, e,
		"INSERT INTO meta (key, value) VALUES ('indexed', ?)"
		" ON CONFLICT DO UPDATE SET value = excluded.value",
		as_int(serial));
}
