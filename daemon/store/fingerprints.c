/* What the story index remembers of items. */
#include "store/fingerprints.h"

#include "limits.h"
#include "store/query.h"
#include "store/schema.h"

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

typedef int each_row(void *ctx, const struct fingerprint_row *row, const struct buf *data);

#define ROWS                                                                                       \
	" FROM fingerprint f CROSS JOIN item i ON i.id = f.item WHERE f.item > ?"                  \
	" AND i.received_ms >= ?"
#define ROW_COLUMNS   "SELECT f.item, i.story, i.feed, f.original, f.time_ms, f.level, f.data,"
#define PLAIN_COLUMNS ROW_COLUMNS " 0, 0, NULL, 0"
/* As feed_level(). */
#define FEED_LEVEL                                                                                 \
	"(SELECT coalesce(nullif(d.stories, 0), (SELECT " FOLDER_LEVEL                             \
	" FROM folder n WHERE n.id = d.folder), (SELECT stories FROM keep WHERE level = 0), 0)"    \
	" FROM feed d WHERE d.id = i.feed)"

static int list_rows(struct store_tx *tx, const char *sql, const struct value *values,
	each_row *each, void *ctx, int *ret_count, struct err *e)
{
	struct fingerprint_row row;
	int status = 0, ended;
	struct buf data;
	struct query q;

	*ret_count = 0;
	buf_init(&data, STORE_FINGERPRINT_BYTES);
	query_begin(&q, tx, sql);
	query_bind_values(&q, values);
	while (status == 0 && query_row(&q)) {
		buf_reset(&data);
		query_read(&q, into(&row.item), into(&row.story), into(&row.feed),
			into(&row.original), into(&row.time_ms), into(&row.level), into(&data),
			into(&row.held), into(&row.url_key), into(&row.link), into(&row.level_now));
		++*ret_count;
		status = each(ctx, &row, &data);
	}
	ended = query_end(&q, status ? NULL : e);
	buf_finish(&data);
	return status ? status : ended;
}

int fingerprints_list(struct store_tx *tx, int64_t after, int64_t since_ms, int limit,
	each_row *each, void *ctx, int *ret_count, struct err *e)
{
	return list_rows(tx, PLAIN_COLUMNS ROWS " AND f.level > 1 ORDER BY f.item LIMIT ?",
		VALUES(as_int(after), as_int(since_ms), as_int(limit)), each, ctx, ret_count, e);
}

int fingerprints_review(struct store_tx *tx, int64_t after, int64_t since_ms, int limit,
	each_row *each, void *ctx, int *ret_count, struct err *e)
{
	return list_rows(tx,
		ROW_COLUMNS " i.pinned, i.url_key, i.link, " FEED_LEVEL ROWS
			    " ORDER BY f.item LIMIT ?",
		VALUES(as_int(after), as_int(since_ms), as_int(limit)), each, ctx, ret_count, e);
}

int fingerprints_of_story(
	struct store_tx *tx, int64_t story, each_row *each, void *ctx, struct err *e)
{
	int count;

	return list_rows(tx,
		PLAIN_COLUMNS " FROM item i CROSS JOIN fingerprint f ON f.item = i.id"
			      " WHERE i.story = ? AND f.level > 1 ORDER BY f.item",
		VALUES(as_int(story)), each, ctx, &count, e);
}

int fingerprints_regroup(struct store_tx *tx, int64_t story, struct err *e)
{
	return query_exec(tx, e,
		"UPDATE fingerprint SET original = g.first FROM (SELECT f.original AS old,"
		" min(f.item) AS first FROM item i CROSS JOIN fingerprint f ON f.item = i.id"
		" WHERE i.story = ?1 GROUP BY f.original) AS g WHERE original = g.old"
		" AND item IN (SELECT id FROM item WHERE story = ?1)"
		" AND original NOT IN (SELECT id FROM item WHERE story = ?1)",
		as_int(story));
}

int fingerprints_range(struct store_tx *tx, int64_t *ret_first, int64_t *ret_last, struct err *e)
{
	int status = query_one(tx, NULL, e,
		"SELECT (SELECT min(item) FROM fingerprint), (SELECT max(item) FROM fingerprint)",
		NO_VALUES, COLUMNS(into(ret_first), into(ret_last)));

	return status < 0 ? status : 0;
}

int fingerprints_get_place(struct store_tx *tx, int64_t item, struct arena *arena,
	struct fingerprint_place *ret_place, struct err *e)
{
	return query_one(tx, arena, e,
		"SELECT i.story, i.reason, i.title, i.excerpt FROM item i WHERE i.id = ?"
		" AND NOT i.pinned",
		VALUES(as_int(item)),
		COLUMNS(into(&ret_place->story), into(&ret_place->reason), into(&ret_place->title),
			into(&ret_place->excerpt)));
}

int fingerprints_settle(
	struct store_tx *tx, int64_t item, int64_t original, int level, struct err *e)
{
	return query_exec(tx, e, "UPDATE fingerprint SET original = ?, level = ? WHERE item = ?",
		as_int(original), as_int(level), as_int(item));
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

static int get_number(struct store_tx *tx, const char *key, int64_t *ret_number, struct err *e)
{
	return query_find(tx, ret_number, e, "SELECT value FROM meta WHERE key = ?", as_text(key));
}

static int set_number(struct store_tx *tx, const char *key, int64_t number, struct err *e)
{
	return query_exec(tx, e,
		"INSERT INTO meta (key, value) VALUES (?, ?)"
		" ON CONFLICT DO UPDATE SET value = excluded.value",
		as_text(key), as_int(number));
}

int fingerprints_unfinished(struct store_tx *tx, int64_t *ret_since_ms, struct err *e)
{
	return get_number(tx, "rebuild", ret_since_ms, e);
}

int fingerprints_set_unfinished(struct store_tx *tx, int64_t since_ms, struct err *e)
{
	return set_number(tx, "rebuild", since_ms, e);
}

int fingerprints_serial(struct store_tx *tx, int64_t *ret_serial, struct err *e)
{
	return get_number(tx, "indexed", ret_serial, e);
}

int fingerprints_set_serial(struct store_tx *tx, int64_t serial, struct err *e)
{
	return set_number(tx, "indexed", serial, e);
}
