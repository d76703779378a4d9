/* Folders in the database. */
#include "store/folders.h"

#include "limits.h"
#include "store/changes.h"
#include "store/feeds.h"
#include "store/query.h"
#include "store/schema.h"

int folders_list(struct store_tx *tx, void (*each)(void *ctx, const struct folder *folder),
	void *ctx, struct err *e)
{
	struct folder folder;
	struct query q;

	query_begin(
		&q, tx, "SELECT id, rev, name, " FOLDER_LEVEL ", kept FROM folder n ORDER BY name");
	while (query_row(&q)) {
		query_read(&q, into(&folder.id), into(&folder.rev), into(&folder.name),
			into(&folder.stories), into(&folder.kept));
		each(ctx, &folder);
	}
	return query_end(&q, e);
}

int folders_get(struct store_tx *tx, int64_t id, struct arena *arena, struct folder *ret_folder,
	struct err *e)
{
	int status = query_one(tx, arena, e,
		"SELECT id, rev, name, " FOLDER_LEVEL ", kept FROM folder n WHERE id = ?",
		VALUES(as_int(id)),
		COLUMNS(into(&ret_folder->id), into(&ret_folder->rev), into(&ret_folder->name),
			into(&ret_folder->stories), into(&ret_folder->kept)));

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

/* It is kept, under a name. */
static int keep(struct store_tx *tx, int64_t id, const char *name, int64_t now_ms, struct err *e)
{
	int64_t seq;
	int status = changes_add(tx, CHANGE_FOLDER_UPDATE, id, now_ms, &seq, e);

	return status ? status
		      : query_exec(tx, e,
				"UPDATE folder SET name = ?, kept = 1, rev = ? WHERE id = ?",
				as_text(name), as_int(seq), as_int(id));
}

int folders_add(
	struct store_tx *tx, const char *name, int64_t now_ms, int64_t *ret_id, struct err *e)
{
	int64_t count, kept = 0;
	int status = query_find_values(tx, &count, e, "SELECT count(*) FROM folder", NO_VALUES);

	if (status == 0)
		status = folders_find(tx, name, ret_id, e);
	if (status == 0 && *ret_id == 0 && count >= FOLDERS_MAX)
		return err_set(e, ERR_INVALID, "there may be %d folders", FOLDERS_MAX);
	if (status == 0 && *ret_id)
		status = query_find(
			tx, &kept, e, "SELECT kept FROM folder WHERE id = ?", as_int(*ret_id));
	if (status == 0 && kept)
		return err_set(e, ERR_EXISTS, "there is a folder of this name already");
	if (status == 0 && *ret_id)
		return keep(tx, *ret_id, name, now_ms, e);
	if (status == 0)
		status = folders_obtain(tx, name, now_ms, ret_id, e);
	return status ? status
		      : query_exec(
				tx, e, "UPDATE folder SET kept = 1 WHERE id = ?", as_int(*ret_id));
}

/* What the configuration has would come back at the next reload. */
static int check_undeclared(struct store_tx *tx, int64_t id, struct err *e)
{
	int64_t declared = 0;
	int status = query_one(tx, NULL, e,
		"SELECT EXISTS (SELECT 1 FROM keep WHERE level = 1 AND name = n.name)"
		" OR EXISTS (SELECT 1 FROM feed WHERE folder = n.id AND owners & ? AND declared & "
		"?)"
		" FROM folder n WHERE id = ?",
		VALUES(as_int(FEED_OWNER_CONFIG), as_int(FEED_PATCH_FOLDER), as_int(id)),
		COLUMNS(into(&declared)));

	status = query_found(status, "folder", id, e);
	if (status || !declared)
		return status;
	return err_set(e, ERR_DENIED,
		"this folder, or a feed in it, is declared in the configuration: change it there");
}

int folders_rename(struct store_tx *tx, int64_t id, const char *name, int64_t now_ms,
	int64_t *ret_other, struct err *e)
{
	int status = folders_find(tx, name, ret_other, e);

	if (status == 0 && *ret_other == id)
		return 0;
	if (status == 0)
		status = check_undeclared(tx, id, e);
	if (status == 0 && *ret_other)
		return err_set(e, ERR_EXISTS, "there is a folder of this name already");
	return status ? status : keep(tx, id, name, now_ms, e);
}

/* A line's worth of its feeds. */
static int leave(struct store_tx *tx, int64_t id, struct change *line, struct err *e)
{
	struct query q;
	int status;

	query_begin(&q, tx, "SELECT id FROM feed WHERE folder = ? LIMIT ?");
	query_bind(&q, as_int(id), as_int(CHANGE_IDS_MAX));
	while (query_row(&q))
		query_read(&q, into(&line->ids[line->id_count++]));
	status = query_end(&q, e);
	if (status || line->id_count == 0)
		return status;
	line->seq = changes_reserve(tx);
	for (int n = 0; n < line->id_count && status == 0; n++)
		status = query_exec(tx, e, "UPDATE feed SET folder = NULL, rev = ? WHERE id = ?",
			as_int(line->seq), as_int(line->ids[n]));
	return status ? status : changes_put(tx, line, e);
}

int folders_remove(struct store_tx *tx, int64_t id, int64_t now_ms, struct err *e)
{
	int status = check_undeclared(tx, id, e);
	bool more = true;

	while (status == 0 && more) {
		struct change line = {.kind = CHANGE_FEED_UPDATE, .time_ms = now_ms};

		status = leave(tx, id, &line, e);
		more = line.id_count == CHANGE_IDS_MAX;
	}
	if (status == 0)
		status = query_exec(tx, e, "DELETE FROM folder WHERE id = ?", as_int(id));
	return status ? status : changes_add(tx, CHANGE_FOLDER_DELETE, id, now_ms, NULL, e);
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
		"DELETE FROM folder WHERE id = ?1 AND NOT kept AND NOT EXISTS (SELECT 1 FROM feed "
		"WHERE"
		" folder = ?1)",
		as_int(id));
	if (status || query_changes(tx) == 0)
		return status;
	return changes_add(tx, CHANGE_FOLDER_DELETE, id, now_ms, NULL, e);
}
