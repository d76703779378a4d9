/* Making the database agree with what a configuration or a list declares. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/map.h"
#include "limits.h"
#include "store/feeds_edit.h"

/* A declaration and the feeds it may mean: the one its section had, the one that has its URL. Where
 * they differ, the section's feed moves to the URL, unless another feed has it and keeps it: then
 * that one is taken over and the section's is let go. */
struct row {
	const struct feed_declaration *declaration;
	int64_t by_section, by_url; /* 0: none */
	int64_t target;             /* 0: a new feed */
	bool moves;
	bool idle; /* another row means the same feed, by another of its addresses */
};

struct sync {
	struct store_tx *tx;
	enum feed_owner owner;
	int64_t now_ms;
	struct row *rows;
	size_t count;
	struct map movers;  /* feed -> row whose section's feed it is and that wants to move it */
	struct map by_urls; /* feed -> row that wants its URL, having another feed itself */
	struct map targets; /* feed -> row that means it */
	struct feed_sync_counts counts;
};

/* Fills the rows; a second declaration of one URL is passed over. */
static int find_rows(
	struct sync *s, const struct feed_declaration *declarations, size_t count, struct err *e)
{
	struct map seen = {0};
	int status = 0;

	for (size_t i = 0; i < count && status == 0; i++) {
		const struct feed_declaration *d = &declarations[i];
		int64_t hash = hash64(d->url, strlen(d->url));
		struct row *row = &s->rows[s->count];

		if (map_get(&seen, hash))
			continue;
		row->declaration = d;
		status = map_put(&seen, hash, row) ? err_set(e, ERR_NOMEM, NULL) : 0;
		if (status == 0)
			status = feeds_find_url(s->tx, d->url, &row->by_url, e);
		if (status == 0 && s->owner == FEED_OWNER_CONFIG && d->section)
			status = query_find(s->tx, &row->by_section, e,
				"SELECT id FROM feed WHERE section = ?", as_text(d->section));
		s->count++;
	}
	map_finish(&seen);
	return status;
}

/* At first everything that wants to move may; then those are stopped whose new URL belongs to a
 * feed that stays, and so on along the chain. What is left are moves to free URLs, chains of them,
 * and exchanges. */
static int choose_moves(struct sync *s, struct err *e)
{
	int status = 0;

	for (size_t i = 0; i < s->count && status == 0; i++) {
		struct row *row = &s->rows[i];

		row->moves = row->by_section && row->by_section != row->by_url;
		if (row->moves)
			status = map_put(&s->movers, row->by_section, row);
		if (status == 0 && row->moves && row->by_url)
			status = map_put(&s->by_urls, row->by_url, row);
	}
	for (size_t i = 0; i < s->count && status == 0; i++) {
		struct row *row = &s->rows[i];

		while (row && row->moves && row->by_url && !map_get(&s->movers, row->by_url)) {
			row->moves = false;
			map_remove(&s->movers, row->by_section);
			row = map_get(&s->by_urls, row->by_section);
		}
	}
	return status ? err_set(e, status, NULL) : 0;
}

/* Of two rows with one feed, that of its section counts, else the first. */
static int choose_targets(struct sync *s, struct err *e)
{
	for (size_t i = 0; i < s->count; i++) {
		struct row *row = &s->rows[i], *other;

		if (row->moves)
			row->target = row->by_section;
		else if (!map_get(&s->movers, row->by_url))
			row->target = row->by_url;
		other = row->target ? map_get(&s->targets, row->target) : NULL;
		row->idle = other && row->by_section != row->target;
		if (other && !row->idle)
			other->idle = true;
		if (row->target && !row->idle && map_put(&s->targets, row->target, row))
			return err_set(e, ERR_NOMEM, NULL);
	}
	return 0;
}

static int let_go(struct wish *wish, void *ctx, struct err *e)
{
	const struct sync *s = ctx;

	(void)e;
	wish->owners &= ~(unsigned)FEED_OWNER_CONFIG;
	wish->section = NULL;
	if (wish->owners == 0)
		wish->detached_ms = s->now_ms;
	return 0;
}

static int edit(struct sync *s, int64_t id, wish_editor *editor, void *ctx, struct err *e)
{
	int *const counts[] = {
		[WISH_SAME] = NULL,
		[WISH_ADDED] = &s->counts.added,
		[WISH_CHANGED] = &s->counts.changed,
		[WISH_ATTACHED] = &s->counts.attached,
		[WISH_DETACHED] = &s->counts.detached,
	};
	enum wish_outcome outcome = WISH_SAME;
	int status = wish_edit(s->tx, id, editor, ctx, s->now_ms, &id, &outcome, e);

	if (counts[outcome])
		++*counts[outcome];
	return status;
}

/* The first feed beyond `after` that was declared and is no target now; 0: none. */
static int next_undeclared(struct sync *s, int64_t after, int64_t *ret_id, struct err *e)
{
	int64_t id = 0;
	struct query q;

	query_begin(&q, s->tx, "SELECT id FROM feed WHERE owners & 1 AND id > ? ORDER BY id");
	query_bind(&q, as_int(after));
	while (!id && query_row(&q)) {
		query_read(&q, into(&id));
		if (map_get(&s->targets, id))
			id = 0;
	}
	*ret_id = id;
	return query_end(&q, e);
}

static int drop_undeclared(struct sync *s, struct err *e)
{
	int64_t id;
	int status = next_undeclared(s, 0, &id, e);

	while (status == 0 && id) {
		status = edit(s, id, let_go, s, e);
		if (status == 0)
			status = next_undeclared(s, id, &id, e);
	}
	return status;
}

/* Moving feeds free their URLs first, so that they can exchange them. */
static int free_urls(struct sync *s, struct err *e)
{
	int status = 0;

	for (size_t i = 0; i < s->count && status == 0; i++) {
		if (s->rows[i].moves)
			status = query_exec(s->tx, e,
				"UPDATE feed SET url = 'moving:' || id WHERE id = ?",
				as_int(s->rows[i].by_section));
	}
	return status;
}

/* What is declared may be an address that the feed had before its publisher moved it. */
static const char *address(const struct wish *wish, const struct row *row)
{
	return wish->id && wish->id == row->by_url ? wish->url : row->declaration->url;
}

/* Each member: what is declared counts; what was declared and is no more goes; what never was is
 * the user's. */
static int declare(struct wish *wish, void *ctx, struct err *e)
{
	const struct feed_declaration *d = ((const struct row *)ctx)->declaration;
	unsigned declared = FEED_PATCH_URL | (d->name ? FEED_PATCH_NAME : 0) |
			    (d->folder ? FEED_PATCH_FOLDER : 0) |
			    (d->interval_ms ? FEED_PATCH_INTERVAL : 0) |
			    (d->stories ? FEED_PATCH_STORIES : 0);
	unsigned touched = declared | wish->declared;

	(void)e;
	if (touched & FEED_PATCH_NAME)
		wish->name = d->name;
	if (touched & FEED_PATCH_FOLDER)
		wish->folder = d->folder;
	if (touched & FEED_PATCH_INTERVAL)
		wish->interval_ms = d->interval_ms;
	if (touched & FEED_PATCH_STORIES)
		wish->stories = d->stories;
	if (d->interval_ms || d->interval_min_ms || d->interval_max_ms ||
		!(wish->declared & WISH_LIMITS_ADOPTED)) {
		wish->interval_min_ms = d->interval_min_ms;
		wish->interval_max_ms = d->interval_max_ms;
	} else {
		declared |= WISH_LIMITS_ADOPTED;
	}
	wish->url = address(wish, ctx);
	wish->section = d->section;
	wish->declared = declared;
	wish->owners |= FEED_OWNER_CONFIG;
	wish->detached_ms = TIME_NONE;
	return 0;
}

/* A list describes only feeds that nobody else does, and never takes a description away. */
static int enlist(struct wish *wish, void *ctx, struct err *e)
{
	const struct feed_declaration *d = ((const struct row *)ctx)->declaration;

	(void)e;
	if (!(wish->owners & ~(unsigned)FEED_OWNER_LIST)) {
		wish->name = d->name ? d->name : wish->name;
		wish->folder = d->folder ? d->folder : wish->folder;
		wish->interval_ms = d->interval_ms ? d->interval_ms : wish->interval_ms;
	}
	wish->url = address(wish, ctx);
	wish->owners |= FEED_OWNER_LIST;
	wish->detached_ms = TIME_NONE;
	return 0;
}

static int apply(struct sync *s, struct err *e)
{
	int status = 0;

	if (s->owner == FEED_OWNER_CONFIG)
		status = drop_undeclared(s, e);
	if (status == 0)
		status = free_urls(s, e);
	for (size_t i = 0; i < s->count && status == 0; i++)
		status = s->rows[i].idle ? 0
					 : edit(s, s->rows[i].target,
						   s->owner == FEED_OWNER_CONFIG ? declare : enlist,
						   &s->rows[i], e);
	return status;
}

int feeds_sync(struct store_tx *tx, enum feed_owner owner,
	const struct feed_declaration *declarations, size_t count, int64_t now_ms,
	struct feed_sync_counts *ret_counts, struct err *e)
{
	struct sync s = {.tx = tx, .owner = owner, .now_ms = now_ms};
	int status = 0;

	s.rows = calloc(count + 1, sizeof(*s.rows));
	if (!s.rows)
		return err_set(e, ERR_NOMEM, NULL);
	status = find_rows(&s, declarations, count, e);
	if (status == 0)
		status = choose_moves(&s, e);
	if (status == 0)
		status = choose_targets(&s, e);
	if (status == 0)
		status = apply(&s, e);
	if (status == 0)
		*ret_counts = s.counts;
	map_finish(&s.targets);
	map_finish(&s.by_urls);
	map_finish(&s.movers);
	free(s.rows);
	return status;
}
