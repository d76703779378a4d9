/* Folders in the database. */
#include "store/folders.h"

#include "store/changes.h"
#include "store/query.h"

int folders_get(struct store_tx *tx, int64_t id, struct arena *arena, struct folder *ret_folder,
	struct err *e)
{
	int status = query_one(tx, arena, e, "SELECT id, rev, name FROM folder WHERE id = ?",
		VALUES(as_int(id)),
		COLUMNS(into(&ret_folder->id), into(&ret_folder->rev), into(&ret_folder->name)));

	return query_found(status, "folder", id, e);
}

int folders_obtain(
	struct store_tx *tx, const char *name, int64_t now_ms, int64_t *ret_id, struct err *e)
{
	int64_t id;
	int status = query_find(tx, &id, e, "SELECT id FROM folder WHERE name = ?", as_text(name));

	if (status)
		return status;
	if (!id) {
		/* the number that changes_add() takes next */
		status = query_exec(tx, e, "INSERT INTO folder (rev, name) VALUES (?, ?)",
			as_int(tx->seq + 1), as_text(name));
		id = query_last_id(tx);
		if (status == 0)
			status = changes_add(tx, CHANGE_FOLDER_NEW, id, now_ms, NULL, e);
	}
	if (status == 0)
		*ret_id = id;
	return status;
}

int folders_sweep(struct store_tx *tx, int64_t id, int64_t now_ms, struct err *e)
{
	int status;

	if (!id)
		return 0;
	status = query_exec(tx, e,
		"DELETE FROM folder WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM feed WHERE"
		" folder = ?1)",
		as_int(id));
	if (status || query_changes(tx) == 0)
		return status;
	return changes_add(tx, CHANGE_FOLDER_DELETE, id, now_ms, NULL, e);
}
