/* Labels in the database, and which items have them. */
#include "store/labels.h"

#include <uv.h>

#include "store/changes.h"
#include "store/query.h"

int labels_list(struct store_tx *tx, void (*each)(void *ctx, const struct label *label), void *ctx,
	struct err *e)
{
	struct label label;
	struct query q;

	query_begin(&q, tx, "SELECT id, rev, name FROM label ORDER BY name");
	while (query_row(&q)) {
		query_read(&q, into(&label.id), into(&label.rev), into(&label.name));
		each(ctx, &label);
	}
	return query_end(&q, e);
}

int labels_get(struct store_tx *tx, int64_t id, struct arena *arena, struct label *ret_label,
	struct err *e)
{
	int status = query_one(tx, arena, e, "SELECT id, rev, name FROM label WHERE id = ?",
		VALUES(as_int(id)),
		COLUMNS(into(&ret_label->id), into(&ret_label->rev), into(&ret_label->name)));

	return query_found(status, "label", id, e);
}

int labels_find(struct store_tx *tx, const char *name, int64_t *ret_id, struct err *e)
{
	return query_find(tx, ret_id, e, "SELECT id FROM label WHERE name = ?", as_text(name));
}

static int add(
	struct store_tx *tx, const char *name, int64_t now_ms, int64_t *ret_id, struct err *e)
{
	int64_t count;
	int status = query_find_values(tx, &count, e, "SELECT count(*) FROM label", NO_VALUES);

	if (status == 0 && count >= LABELS_MAX)
		return err_set(e, ERR_INVALID, "there may be %d labels", LABELS_MAX);
	if (status == 0) /* the number that changes_add() takes next */
		status = query_exec(tx, e, "INSERT INTO label (rev, name) VALUES (?, ?)",
			as_int(tx->seq + 1), as_text(name));
	if (status)
		return status;
	*ret_id = query_last_id(tx);
	return changes_add(tx, CHANGE_LABEL_NEW, *ret_id, now_ms, NULL, e);
}

int labels_obtain(struct store_tx *tx, const char *name, int64_t now_ms, int64_t *ret_id,
	bool *ret_new, struct err *e)
{
	int status = labels_find(tx, name, ret_id, e);

	*ret_new = status == 0 && *ret_id == 0;
	return *ret_new ? add(tx, name, now_ms, ret_id, e) : status;
}

int labels_of_story(struct store_tx *tx, int64_t story, struct arena *arena, const char **ret_names,
	struct err *e)
{
	int status = query_one(tx, arena, e,
		"SELECT nullif(json_group_array(name), '[]') FROM (SELECT DISTINCT n.name FROM item"
		" o CROSS JOIN item_label b ON b.item = o.id CROSS JOIN label n ON n.id = b.label"
		" WHERE o.story = ? ORDER BY n.name)",
		VALUES(as_int(story)), COLUMNS(into(ret_names)));

	return status < 0 ? status : 0;
}

int labels_rename(struct store_tx *tx, int64_t id, const char *name, int64_t now_ms,
	int64_t *ret_other, struct err *e)
{
	int64_t seq;
	int status = labels_find(tx, name, ret_other, e);

	if (status == 0 && *ret_other == id)
		return 0;
	if (status == 0)
		status = query_found(query_one(tx, NULL, e, "SELECT id FROM label WHERE id = ?",
					     VALUES(as_int(id)), COLUMNS(into(&seq))),
			"label", id, e);
	if (status == 0 && *ret_other)
		return err_set(e, ERR_EXISTS, "there is a label of this name already");
	if (status == 0)
		status = changes_add(tx, CHANGE_LABEL_UPDATE, id, now_ms, &seq, e);
	return status ? status
		      : query_exec(tx, e, "UPDATE label SET name = ?, rev = ? WHERE id = ?",
				as_text(name), as_int(seq), as_int(id));
}

/* A line's worth of its items. */
static int take_off(struct store_tx *tx, int64_t id, struct change *line, struct err *e)
{
	struct query q;
	int status;

	query_begin(&q, tx, "SELECT item FROM item_label WHERE label = ? ORDER BY item LIMIT ?");
	query_bind(&q, as_int(id), as_int(CHANGE_IDS_MAX));
	while (query_row(&q))
		query_read(&q, into(&line->ids[line->id_count++]));
	status = query_end(&q, e);
	if (status || line->id_count == 0)
		return status;
	line->seq = changes_reserve(tx);
	for (int n = 0; n < line->id_count && status == 0; n++)
		status = query_exec(tx, e, "UPDATE item SET rev = ? WHERE id = ?",
			as_int(line->seq), as_int(line->ids[n]));
	if (status == 0)
		status = query_exec(tx, e, "DELETE FROM item_label WHERE label = ? AND item <= ?",
			as_int(id), as_int(line->ids[line->id_count - 1]));
	return status ? status : changes_put(tx, line, e);
}

int labels_remove(struct store_tx *tx, int64_t id, int64_t now_ms, bool *ret_more, struct err *e)
{
	uint64_t end_ns = uv_hrtime() + STATES_STEP_MS * UINT64_C(1000000);
	int status = 0;

	*ret_more = true;
	while (status == 0 && *ret_more && uv_hrtime() < end_ns) {
		struct change line = {.kind = CHANGE_ITEM_STATE, .time_ms = now_ms};

		status = take_off(tx, id, &line, e);
		*ret_more = line.id_count == CHANGE_IDS_MAX;
	}
	if (status || *ret_more)
		return status;
	status = query_exec(tx, e, "DELETE FROM label WHERE id = ?", as_int(id));
	if (status == 0)
		status = query_found(query_changes(tx), "label", id, e);
	return status ? status : changes_add(tx, CHANGE_LABEL_DELETE, id, now_ms, NULL, e);
}

static int put_each(struct store_tx *tx, int64_t item, const int64_t *labels, int count,
	const char *sql, bool *ret_changed, struct err *e)
{
	int status = 0;

	for (int n = 0; n < count && status == 0; n++) {
		status = query_exec(tx, e, sql, as_int(labels[n]), as_int(item));
		*ret_changed |= status == 0 && query_changes(tx) > 0;
	}
	return status;
}

int labels_put(struct store_tx *tx, int64_t item, const struct label_set *set, bool *ret_changed,
	struct err *e)
{
	int64_t count = 0;
	int status;

	*ret_changed = false;
	status = put_each(tx, item, set->remove, set->remove_count,
		"DELETE FROM item_label WHERE label = ? AND item = ?", ret_changed, e);
	if (status == 0)
		status = put_each(tx, item, set->add, set->add_count,
			"INSERT OR IGNORE INTO item_label (label, item) VALUES (?, ?)", ret_changed,
			e);
	if (status == 0 && set->add_count)
		status = query_find(tx, &count, e, "SELECT count(*) FROM item_label WHERE item = ?",
			as_int(item));
	if (status == 0 && count > ITEM_LABELS_MAX)
		return err_set(e, ERR_INVALID, "an item may have %d labels", ITEM_LABELS_MAX);
	return status;
}
