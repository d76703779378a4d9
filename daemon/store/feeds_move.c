/* A feed's new address: what was learned of a permanent redirect (A20, A22). */
#include <string.h>
#include <uv.h>

#include "base/url.h"
#include "limits.h"
#include "store/drop.h"
#include "store/feeds_edit.h"
#include "store/items.h"

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
		" moved_ms = ? WHERE id = ?",
		as_text(url), as_int(seq), as_int(now_ms), as_int(feed->id));
}

/* -- where another feed has the address already -- */

struct merge {
	struct store_tx *tx;
	const struct wish *from, *into;
	int64_t now_ms;
};

/* What is still to be done is kept as an alias of the other feed that no address can be: it goes
 * with that feed, and into whatever that becomes. Then "!i" for items or "!s" for states, the feed
 * that they come from, and the item of it that was done last. */
#define WORK(after) "printf('!%s%010d%010d', ?1, ?2, " after ")"

static int leave_work(const struct merge *m, const char *kind, struct err *e)
{
	return query_exec(m->tx, e,
		"INSERT OR REPLACE INTO alias (url, feed) VALUES (" WORK("?3") ", ?4)",
		as_text(kind), as_int(m->from->id), as_int(0), as_int(m->into->id));
}

/* A part of what is left: the next items of the one, and what is to become of them. */
struct part {
	struct store_tx *tx;
	bool items; /* go over, too */
	int64_t from, into, after;
	int limit, count;
	struct change read, starred; /* of the other: copies of those that were */
	struct change labelled;      /* the same of those with labels, which are of `labels` */
	int64_t labels[CHANGE_IDS_MAX];
	struct change moved, stories;
	struct drop copies;
};

struct marks {
	bool read, starred, labelled;
};

static void sort_item(
	struct part *p, int64_t item, int64_t story, const struct marks *marks, int64_t copy)
{
	p->after = item;
	p->count++;
	if (copy && marks->read)
		change_name(&p->read, copy);
	if (copy && marks->starred)
		change_name(&p->starred, copy);
	if (copy && marks->labelled) {
		p->labels[p->labelled.id_count] = item;
		change_name(&p->labelled, copy);
	}
	if (p->items && copy)
		drop_add(&p->copies, item, story);
	if (!p->items || copy)
		return;
	change_name(&p->moved, item);
	change_name(&p->stories, story);
}

static int sort_items(struct part *p, struct err *e)
{
	int64_t item, story, copy;
	struct marks marks;
	struct query q;

	query_begin(&q, p->tx,
		"SELECT a.id, a.story, a.read, a.starred,"
		" EXISTS (SELECT 1 FROM item_label WHERE item = a.id), b.id FROM item a LEFT JOIN "
		"item b"
		" ON b.feed = ? AND b.key = a.key WHERE a.feed = ? AND a.id > ? ORDER BY a.id"
		" LIMIT ?");
	query_bind(&q, as_int(p->into), as_int(p->from), as_int(p->after), as_int(p->limit));
	while (query_row(&q)) {
		query_read(&q, into(&item), into(&story), into(&marks.read), into(&marks.starred),
			into(&marks.labelled), into(&copy));
		sort_item(p, item, story, &marks, copy);
	}
	return query_end(&q, e);
}

static int move_items(struct part *p, struct err *e)
{
	int status = 0;

	if (p->moved.id_count == 0)
		return 0;
	p->moved.seq = changes_reserve(p->tx);
	for (int n = 0; n < p->moved.id_count && status == 0; n++)
		status = query_exec(p->tx, e, "UPDATE item SET feed = ?, rev = ? WHERE id = ?",
			as_int(p->into), as_int(p->moved.seq), as_int(p->moved.ids[n]));
	for (int n = 0; n < p->stories.id_count && status == 0; n++)
		status = query_exec(p->tx, e,
			"UPDATE story SET sources = (SELECT count(DISTINCT feed) FROM item"
			" WHERE story = story.id) WHERE id = ?",
			as_int(p->stories.ids[n]));
	return status ? status : changes_put(p->tx, &p->moved, e);
}

static int copy_labels(struct part *p, struct err *e)
{
	struct change *line = &p->labelled;
	int status = 0;

	if (line->id_count == 0)
		return 0;
	line->seq = changes_reserve(p->tx);
	for (int n = 0; n < line->id_count && status == 0; n++) {
		status = query_exec(p->tx, e,
			"INSERT OR IGNORE INTO item_label (label, item)"
			" SELECT label, ? FROM item_label WHERE item = ?",
			as_int(line->ids[n]), as_int(p->labels[n]));
		if (status == 0)
			status = query_exec(p->tx, e, "UPDATE item SET rev = ? WHERE id = ?",
				as_int(line->seq), as_int(line->ids[n]));
	}
	return status ? status : changes_put(p->tx, line, e);
}

/* What was read, starred or labelled in one of two copies stays so in the one that is left. */
static int run_part(struct part *p, int64_t now_ms, struct err *e)
{
	int changed;
	int status = sort_items(p, e);

	if (status == 0)
		status = items_set_state(
			p->tx, p->read.ids, p->read.id_count, 1, 0, now_ms, &changed, e);
	if (status == 0)
		status = items_set_state(
			p->tx, p->starred.ids, p->starred.id_count, 0, 1, now_ms, &changed, e);
	if (status == 0)
		status = copy_labels(p, e);
	if (status == 0)
		status = move_items(p, e);
	return status ? status : drop_run(p->tx, &p->copies, false, e);
}

int feeds_merge_part(struct store_tx *tx, int64_t now_ms, bool *ret_more, struct err *e)
{
	struct part p = {.tx = tx};
	int64_t done;
	int status = query_one(tx, NULL, e,
		"SELECT url GLOB '!i*', CAST(substr(url, 3, 10) AS INTEGER),"
		" CAST(substr(url, 13) AS INTEGER), feed FROM alias"
		" WHERE " ALIAS_IS_WORK " LIMIT 1",
		NO_VALUES, COLUMNS(into(&p.items), into(&p.from), into(&p.after), into(&p.into)));

	*ret_more = status > 0;
	if (status <= 0)
		return status;
	done = p.after;
	p.limit = p.items ? KEEP_STEP : CHANGE_IDS_MAX;
	p.moved = (struct change){.kind = CHANGE_ITEM_UPDATE, .feed = p.into, .time_ms = now_ms};
	p.labelled = (struct change){.kind = CHANGE_ITEM_STATE, .time_ms = now_ms};
	drop_init(&p.copies, p.from, now_ms);
	status = run_part(&p, now_ms, e);
	if (status)
		return status;
	if (p.count < p.limit)
		return query_exec(tx, e, "DELETE FROM alias WHERE url = " WORK("?3"),
			as_text(p.items ? "i" : "s"), as_int(p.from), as_int(done));
	return query_exec(tx, e, "UPDATE alias SET url = " WORK("?4") " WHERE url = " WORK("?3"),
		as_text(p.items ? "i" : "s"), as_int(p.from), as_int(done), as_int(p.after));
}

/* What people said of the feed that goes counts where the other says nothing; how often it is
 * polled is one word. */
static int adopt(struct wish *wish, void *ctx, struct err *e)
{
	const struct wish *from = ((const struct merge *)ctx)->from;
	bool own = wish->section != NULL;

	(void)e;
	wish->owners |= from->owners;
	if (from->detached_ms == TIME_NONE)
		wish->detached_ms = TIME_NONE;
	if (!own) {
		wish->section = from->section;
		wish->declared = from->declared & ~(unsigned)FEED_PATCH_URL;
	}
	wish->name = wish->name ? wish->name : from->name;
	wish->folder = wish->folder ? wish->folder : from->folder;
	wish->stories = wish->stories ? wish->stories : from->stories;
	if (wish->interval_ms || wish->interval_min_ms || wish->interval_max_ms)
		return 0;
	wish->interval_ms = from->interval_ms;
	wish->interval_min_ms = from->interval_min_ms;
	wish->interval_max_ms = from->interval_max_ms;
	if (own && (from->interval_min_ms || from->interval_max_ms))
		wish->declared |= WISH_LIMITS_ADOPTED;
	return 0;
}

/* At once nobody finds the one that goes; its items follow. */
static int become_one(struct merge *m, struct err *e)
{
	enum wish_outcome outcome;
	int64_t id = m->into->id;
	int status = query_exec(m->tx, e, "UPDATE alias SET feed = ? WHERE feed = ?", as_int(id),
		as_int(m->from->id));

	if (status == 0)
		status = feed_hide(m->tx, m->from->id, m->from->folder_id, m->now_ms, e);
	if (status == 0)
		status = remember_address(m->tx, m->from->url, id, e);
	if (status == 0)
		status = leave_work(m, "i", e);
	return status ? status : wish_edit(m->tx, id, adopt, m, m->now_ms, &id, &outcome, e);
}

/* It keeps what it has, and is polled no more: that would bring the other's items once again. */
static int stay(struct merge *m, struct err *e)
{
	int64_t seq;
	int status = changes_add(m->tx, CHANGE_FEED_GONE, m->from->id, m->now_ms, &seq, e);

	if (status == 0)
		status = query_exec(m->tx, e,
			"UPDATE feed SET rev = ?1, status = ?2, next_due_ms = NULL, plan = NULL,"
			" due_reason = 'moved for good: not polled any more unless a user asks for"
			" it (tidings refresh)', error_code = ?3,"
			" error_text = 'it has moved for good to the address of the feed ' || ?4"
			" || ': its items stay here, new ones come there' WHERE id = ?5",
			as_int(seq), as_int(FEED_GONE), as_text(err_name(ERR_EXISTS)),
			as_int(m->into->id), as_int(m->from->id));
	return status ? status : leave_work(m, "s", e);
}

/* Whoever answers for the one answers for the other, too: the same origin, or the same host that
 * has learned https. */
static int share_origin(const struct merge *m, struct arena *arena, bool *ret_share, struct err *e)
{
	struct url_parts from, into;
	int status = url_split(m->from->url, arena, &from);

	if (status == 0)
		status = url_split(m->into->url, arena, &into);
	if (status == ERR_NOMEM)
		return err_set(e, status, NULL);
	if (status == 0 && strcmp(from.scheme, "http") == 0 && from.port == 80 &&
		strcmp(into.scheme, "https") == 0 && into.port == 443) {
		from.scheme = into.scheme;
		from.port = into.port;
	}
	*ret_share = status == 0 && url_same_origin(&from, &into);
	return 0;
}

/* Items under a rule of their section or folder must not come under another's, which may be one
 * that drops them. */
static int is_kept_apart(const struct merge *m, bool *ret_apart, struct err *e)
{
	const struct wish *from = m->from, *into = m->into;
	int64_t rules = 0;
	int status = query_find(m->tx, &rules, e,
		"SELECT count(*) FROM keep WHERE (level = 2 AND name = ?1"
		" OR level = 1 AND name = ?2 AND name <> ?3)"
		" AND coalesce(age_ms, unread_ms, items, bytes)",
		as_text(into->section ? from->section : NULL), as_text(from->folder),
		as_text(into->folder));

	*ret_apart = rules > 0;
	return status;
}

static int join(struct merge *m, struct arena *arena, int64_t *ret_into, struct err *e)
{
	uint64_t end_ns = uv_hrtime() + KEEP_JOB_MS * UINT64_C(1000000);
	bool share = false, apart = false, more = true;
	int status = share_origin(m, arena, &share, e);

	if (status == 0 && share)
		status = is_kept_apart(m, &apart, e);
	share = share && !apart;
	if (status == 0 && !share && m->into->detached_ms != TIME_NONE) {
		*ret_into = 0;
		return 0;
	}
	if (status == 0)
		status = share ? become_one(m, e) : stay(m, e);
	while (status == 0 && more && uv_hrtime() < end_ns)
		status = feeds_merge_part(m->tx, m->now_ms, &more, e);
	return status;
}

int feeds_move(struct store_tx *tx, int64_t id, const char *url, int64_t now_ms, int64_t *ret_into,
	struct err *e)
{
	struct wish from = {0}, into = {0};
	struct arena arena;
	int status;

	arena_init(&arena, STORE_ROW_BYTES);
	status = wish_load(tx, id, &arena, &from, e);
	if (status == 0)
		status = feeds_find_url(tx, url, ret_into, e);
	if (status == 0 && (*ret_into == 0 || *ret_into == id)) {
		*ret_into = id;
		status = take_address(tx, &from, url, now_ms, e);
	} else if (status == 0) {
		status = wish_load(tx, *ret_into, &arena, &into, e);
		if (status == 0)
			status = join(
				&(struct merge){tx, &from, &into, now_ms}, &arena, ret_into, e);
	}
	arena_finish(&arena);
	return status;
}
