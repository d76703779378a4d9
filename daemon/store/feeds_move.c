/* A feed's new address: what was learned of a permanent redirect (A20, A22). */
#include "limits.h"
#include "store/changes.h"
#include "store/feeds_edit.h"
#include "store/items.h"
#include "store/stories.h"

static int remember_address(struct store_tx *tx, const char *url, int64_t feed, struct err *e)
{
	return query_exec(tx, e, "INSERT OR REPLACE INTO alias (url, feed) VALUES (?, ?)",
		as_text(url), as_int(feed));
}

/* -- alone -- */

static int take_address(struct store_tx *tx, const struct wish *feed, const char *url,
	int64_t now_ms, struct err *e)
{
	int64_t seq;
	int status = query_exec(tx, e, "DELETE FROM alias WHERE url = ?", as_text(url));

	if (status == 0)
		status = remember_address(tx, feed->url, feed->id, e);
	if (status == 0)
		status = changes_add(tx, CHANGE_FEED_UPDATE, feed->id, now_ms, &seq, e);
	if (status)
		return status;
	return query_exec(tx, e,
		"UPDATE feed SET url = ?, rev = ?, moved_url = NULL, moved_count = 0,"
		" moved_ms = NULL WHERE id = ?",
		as_text(url), as_int(seq), as_int(feed->id));
}

/* -- where another feed has the address already -- */

struct merge {
	struct store_tx *tx;
	const struct wish *from;
	int64_t into;
	int64_t now_ms;
};

/* Fills one line with ids of a query of feed and feed; ret_count under CHANGE_IDS_MAX: the last. */
static int some_ids(
	const struct merge *m, const char *sql, int64_t after, struct change *line, struct err *e)
{
	struct query q;
	int64_t id;

	line->id_count = 0;
	query_begin(&q, m->tx, sql);
	query_bind(&q, as_int(m->from->id), as_int(m->into), as_int(after), as_int(CHANGE_IDS_MAX));
	while (query_row(&q)) {
		query_read(&q, into(&id));
		line->ids[line->id_count++] = id;
	}
	return query_end(&q, e);
}

/* What was read or starred in one of two copies stays so in the one that is left. */
static int join_states(const struct merge *m, bool starred, struct err *e)
{
	struct change line = {.id_count = CHANGE_IDS_MAX};
	int64_t after = 0;
	int status = 0, changed;

	while (status == 0 && line.id_count == CHANGE_IDS_MAX) {
		status = some_ids(m,
			starred ? "SELECT b.id FROM item a JOIN item b ON b.feed = ?2 AND"
				  " b.key = a.key WHERE a.feed = ?1 AND b.id > ?3 AND a.starred"
				  " ORDER BY b.id LIMIT ?4"
				: "SELECT b.id FROM item a JOIN item b ON b.feed = ?2 AND"
				  " b.key = a.key WHERE a.feed = ?1 AND b.id > ?3 AND a.read"
				  " ORDER BY b.id LIMIT ?4",
			after, &line, e);
		if (status == 0)
			status = items_set_state(m->tx, line.ids, line.id_count, !starred, starred,
				m->now_ms, &changed, e);
		after = line.id_count ? line.ids[line.id_count - 1] : after;
	}
	return status;
}

static int move_item(const struct merge *m, int64_t item, int64_t rev, struct err *e)
{
	int status = query_exec(m->tx, e, "UPDATE item SET feed = ?, rev = ? WHERE id = ?",
		as_int(m->into), as_int(rev), as_int(item));

	if (status)
		return status;
	return query_exec(m->tx, e,
		"UPDATE story SET sources = (SELECT count(DISTINCT feed) FROM item"
		" WHERE story = story.id) WHERE id = (SELECT story FROM item WHERE id = ?)",
		as_int(item));
}

/* Items that only the feed that goes has. */
static int move_items(const struct merge *m, struct err *e)
{
	struct change line = {.kind = CHANGE_ITEM_UPDATE,
		.feed = m->into,
		.time_ms = m->now_ms,
		.id_count = CHANGE_IDS_MAX};
	int status = 0;

	while (status == 0 && line.id_count == CHANGE_IDS_MAX) {
		status = some_ids(m,
			"SELECT a.id FROM item a WHERE a.feed = ?1 AND a.id > ?3 AND NOT EXISTS"
			" (SELECT 1 FROM item b WHERE b.feed = ?2 AND b.key = a.key)"
			" ORDER BY a.id LIMIT ?4",
			0, &line, e);
		if (status || line.id_count == 0)
			break;
		line.seq = changes_reserve(m->tx);
		for (int i = 0; i < line.id_count && status == 0; i++)
			status = move_item(m, line.ids[i], line.seq, e);
		if (status == 0)
			status = changes_put(m->tx, &line, e);
	}
	return status;
}

/* What people said of the feed that goes counts where the other says nothing. */
static int adopt(struct wish *wish, void *ctx, struct err *e)
{
	const struct wish *from = ((const struct merge *)ctx)->from;

	(void)e;
	wish->owners |= from->owners;
	if (from->detached_ms == TIME_NONE)
		wish->detached_ms = TIME_NONE;
	if (!wish->section) {
		wish->section = from->section;
		wish->declared = from->declared & ~(unsigned)FEED_PATCH_URL;
	}
	wish->name = wish->name ? wish->name : from->name;
	wish->folder = wish->folder ? wish->folder : from->folder;
	wish->interval_ms = wish->interval_ms ? wish->interval_ms : from->interval_ms;
	return 0;
}

static int merge(struct merge *m, struct err *e)
{
	enum wish_outcome outcome;
	int status = join_states(m, false, e);

	if (status == 0)
		status = join_states(m, true, e);
	if (status == 0)
		status = move_items(m, e);
	if (status == 0)
		status = query_exec(m->tx, e,
			"INSERT OR IGNORE INTO dropped (feed, key, seen_ms) SELECT ?, key, seen_ms"
			" FROM dropped WHERE feed = ?",
			as_int(m->into), as_int(m->from->id));
	if (status == 0)
		status = query_exec(m->tx, e, "UPDATE alias SET feed = ? WHERE feed = ?",
			as_int(m->into), as_int(m->from->id));
	if (status == 0)
		status = feed_hide(m->tx, m->from->id, m->from->folder_id, m->now_ms, e);
	if (status == 0)
		status = remember_address(m->tx, m->from->url, m->into, e);
	return status ? status
		      : wish_edit(m->tx, m->into, adopt, m, m->now_ms, &m->into, &outcome, e);
}

int feeds_move(struct store_tx *tx, int64_t id, const char *url, int64_t now_ms, int64_t *ret_into,
	struct err *e)
{
	struct wish feed = {0};
	struct arena arena;
	int status;

	arena_init(&arena, STORE_ROW_BYTES);
	status = wish_load(tx, id, &arena, &feed, e);
	if (status == 0)
		status = feeds_find_url(tx, url, ret_into, e);
	if (status == 0 && (*ret_into == 0 || *ret_into == id)) {
		*ret_into = id;
		status = take_address(tx, &feed, url, now_ms, e);
	} else if (status == 0) {
		status = merge(&(struct merge){tx, &feed, *ret_into, now_ms}, e);
	}
	arena_finish(&arena);
	return status;
}
