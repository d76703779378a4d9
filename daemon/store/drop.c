/* Deleting items. */
#include "store/drop.h"

#include "store/query.h"
#include "store/stories.h"

void drop_init(struct drop *drop, int64_t feed, int64_t now_ms)
{
	drop->items = (struct change){.kind = CHANGE_ITEM_DELETE, .feed = feed, .time_ms = now_ms};
	drop->stories = (struct change){.kind = CHANGE_STORY_STATE, .time_ms = now_ms};
}

void drop_add(struct drop *drop, int64_t item, int64_t story)
{
	drop->items.ids[drop->items.id_count++] = item;
	change_name(&drop->stories, story);
}

static int delete_item(struct store_tx *tx, int64_t id, struct err *e)
{
	static const char *const statements[] = {
		"DELETE FROM revision WHERE item = ?",
		"DELETE FROM item_text WHERE id = ?",
		"DELETE FROM item WHERE id = ?",
	};
	int status = 0;

	for (size_t n = 0; n < sizeof(statements) / sizeof(statements[0]) && status == 0; n++)
		status = query_exec(tx, e, statements[n], as_int(id));
	return status;
}

static int remember_item(struct store_tx *tx, int64_t id, int64_t now_ms, struct err *e)
{
	return query_exec(tx, e,
		"INSERT OR REPLACE INTO dropped (feed, key, seen_ms)"
		" SELECT feed, key, ? FROM item WHERE id = ?",
		as_int(now_ms), as_int(id));
}

int drop_run(struct store_tx *tx, struct drop *drop, bool remember, struct err *e)
{
	struct change *items = &drop->items, *stories = &drop->stories;
	int status = 0;

	if (items->id_count == 0)
		return 0;
	items->seq = changes_reserve(tx);
	stories->seq = changes_reserve(tx);
	for (int n = 0; n < items->id_count && status == 0; n++) {
		if (remember)
			status = remember_item(tx, items->ids[n], items->time_ms, e);
		if (status == 0)
			status = delete_item(tx, items->ids[n], e);
	}
	for (int n = 0; n < stories->id_count && status == 0; n++)
		status = stories_recount(tx, stories->ids[n], stories->seq, e);
	if (status == 0)
		status = changes_put(tx, items, e);
	return status ? status : changes_put(tx, stories, e);
}
