/* Folders in the database. */
#include "store/folders.h"

#include "store/changes.h"
#include "store/query.h"
#include "store/schema.h"

int folders_get(struct store_tx *tx, int64_t id, struct arena *arena, struct folder *ret_folder,
	struct err *e)
{
	int status = query_one(tx, arena, e,
		"SELECT id, rev, name, " FOLDER_LEVEL " FROM folder n WHERE id = ?",
		VALUES(as_int(id)),
		COLUMNS(into(&ret_folder->id), into(&ret_folder->rev), into(&ret_folder->name),
			into(&ret_folder->stories)));

	return query_found(status, "folder", id, e);
}

int folders_find(struct store_tx *tx, const char *name, int64_t *ret_id, struct err *e)
{
	return query_find(tx, ret_id, e, "SELECT id FROM folder WHERE name = ?", as_text(name));
}

int folders_change(
	struct store_tx *tx, int64_t id, enum grouping_level stories, int64_t now_ms, struct err *e)
{
	bool declared, same;
	int64_t seq;
	int status = query_one(tx, NULL, e,
		"SELECT stories IS ?2, EXISTS (SELECT 1 FROM keep WHERE level = 1 AND name = n.name"
		" AND stories) FROM folder n WHERE id = ?1",
		VALUES(as_int(id), as_id(stories)), COLUMNS(into(&same), into(&declared)));

	status = query_found(status, "folder", id, e);
	if (status || declared)
		return status ? status
			      : err_set(e, ERR_DENIED,
					"the level of its stories is declared in its section of"
					" the configuration: change it there");
	if (!same)
		status = changes_add(tx, CHANGE_FOLDER_UPDATE, id, now_ms, &seq, e);
	if (status || same)
		return status;
	return query_exec(tx, e, "UPDATE folder SET stories = ?, rev = ? WHERE id = ?",
		as_id(stories), as_int(seq), as_int(id));
}

int folders_obtain(
	struct store_tx *tx, const char *name, int64_t now_ms, int64_t *ret_id, struct err *e)
{
	int64_t id;
	int status = folders_find(tx, name, &id, e);

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
