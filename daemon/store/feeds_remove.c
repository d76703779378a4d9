/* Deleting a feed with all that came from it, and shrinking the stories that others are in: out of
 * sight at once, out of the database a little at a time; what belongs elsewhere goes there first.
 */
#include <uv.h>

#include "limits.h"
#include "store/drop.h"
#include "store/feeds_edit.h"
#include "store/folders.h"
#include "store/icons.h"
#include "store/schema.h"

/* A part of its items; ret_more when there may be others. */
static int drop_part(
	struct store_tx *tx, int64_t feed, int64_t now_ms, bool *ret_more, struct err *e)
{
	struct drop drop;
	struct query q;
	int64_t item, story;
	int status;

	drop_init(&drop, feed, now_ms);
	query_begin(&q, tx, "SELECT id, story FROM item WHERE feed = ? ORDER BY id LIMIT ?");
	query_bind(&q, as_int(feed), as_int(KEEP_STEP));
	while (query_row(&q)) {
		query_read(&q, into(&item), into(&story));
		drop_add(&drop, item, story);
	}
	status = query_end(&q, e);
	*ret_more = drop.items.id_count == KEEP_STEP;
	return status ? status : drop_run(tx, &drop, false, e);
}

/* A part of what it dropped before. */
static int forget_part(struct store_tx *tx, int64_t feed, bool *ret_more, struct err *e)
{
	int status = query_exec(tx, e,
		"DELETE FROM dropped WHERE feed = ?1 AND key IN"
		" (SELECT key FROM dropped WHERE feed = ?1 LIMIT ?2)",
		as_int(feed), as_int(KEEP_LOOKS));

	*ret_more = status == 0 && query_changes(tx) == KEEP_LOOKS;
	return status;
}

/* A step of some ms; the last one takes the row. */
static int delete_part(
	struct store_tx *tx, int64_t feed, int64_t now_ms, bool *ret_more, struct err *e)
{
	int status = drop_part(tx, feed, now_ms, ret_more, e);

	if (status == 0 && !*ret_more)
		status = forget_part(tx, feed, ret_more, e);
	if (status || *ret_more)
		return status;
	status = icons_leave(tx, feed, NULL, e);
	return status ? status : query_exec(tx, e, "DELETE FROM feed WHERE id = ?", as_int(feed));
}

/* From now on nobody finds it, and its address, section and folder are free. */
int feed_hide(struct store_tx *tx, int64_t feed, int64_t folder, int64_t now_ms, struct err *e)
{
	int status = query_exec(tx, e,
		"UPDATE feed SET url = 'removed:' || id, section = NULL, folder = NULL, owners = 0,"
		" detached_ms = " FEED_REMOVED " WHERE id = ?",
		as_int(feed));

	if (status == 0)
		status = query_exec(tx, e, "DELETE FROM alias WHERE feed = ?", as_int(feed));
	if (status == 0)
		status = changes_add(tx, CHANGE_FEED_DELETE, feed, now_ms, NULL, e);
	return status ? status : folders_sweep(tx, folder, now_ms, e);
}

int feeds_remove(struct store_tx *tx, int64_t id, int64_t now_ms, struct err *e)
{
	uint64_t end_ns = uv_hrtime() + KEEP_JOB_MS * UINT64_C(1000000);
	struct wish feed = {0};
	struct arena arena;
	bool more = true;
	int status;

	arena_init(&arena, STORE_ROW_BYTES);
	status = wish_load(tx, id, &arena, &feed, e);
	if (status == 0 && feed.owners & FEED_OWNER_CONFIG)
		status = err_set(e, ERR_DENIED,
			"the feed is declared in the section \"%s\" of the configuration: remove"
			" it there",
			feed.section);
	if (status == 0)
		status = feed_hide(tx, id, feed.folder_id, now_ms, e);
	arena_finish(&arena);
	while (status == 0 && more && uv_hrtime() < end_ns)
		status = delete_part(tx, id, now_ms, &more, e);
	return status;
}

int feeds_purge(struct store_tx *tx, int64_t now_ms, bool *ret_more, struct err *e)
{
	int64_t id = 0, folder = 0;
	bool hidden = false, more;
	int status = feeds_merge_part(tx, now_ms, ret_more, e);

	if (status || *ret_more)
		return status;
	status = query_one(tx, NULL, e,
		"SELECT id, folder, detached_ms = " FEED_REMOVED " FROM feed"
		" WHERE detached_ms < ? ORDER BY detached_ms LIMIT 1",
		VALUES(as_int(now_ms - FEED_DETACHED_MS)),
		COLUMNS(into(&id), into(&folder), into(&hidden)));

	*ret_more = status > 0;
	if (status <= 0)
		return status;
	status = hidden ? 0 : feed_hide(tx, id, folder, now_ms, e);
	return status ? status : delete_part(tx, id, now_ms, &more, e);
}

int feeds_unfinished(struct store_tx *tx, bool *ret_unfinished, struct err *e)
{
	int64_t left;
	int status = query_find_values(tx, &left, e,
		"SELECT EXISTS (SELECT 1 FROM feed WHERE detached_ms = " FEED_REMOVED
		") OR EXISTS (SELECT 1 FROM alias WHERE " ALIAS_IS_WORK ")",
		NO_VALUES);

	*ret_unfinished = left;
	return status;
}
