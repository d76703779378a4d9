/* Adding feeds and changing what people decide about them. */
#include "store/feeds_edit.h"

#include <string.h>

#include "base/url.h"
#include "limits.h"
#include "store/changes.h"
#include "store/folders.h"
#include "store/schema.h"

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* "" means the same as none: configurations and forms cannot say NULL. */
static const char *text_or_null(const char *text)
{
	return text && *text ? text : NULL;
}

int wish_load(
	struct store_tx *tx, int64_t id, struct arena *arena, struct wish *ret_wish, struct err *e)
{
	struct wish *w = ret_wish;
	int status = query_one(tx, arena, e,
		"SELECT id, url, section, name, folder, (SELECT name FROM folder WHERE id ="
		" f.folder), interval_ms, interval_min_ms, interval_max_ms, detached_ms, owners,"
		" declared, stories FROM feed f WHERE id = ? AND " FEED_IS_VISIBLE,
		VALUES(as_int(id)),
		COLUMNS(into(&w->id), into(&w->url), into(&w->section), into(&w->name),
			into(&w->folder_id), into(&w->folder), into(&w->interval_ms),
			into(&w->interval_min_ms), into(&w->interval_max_ms),
			into_time(&w->detached_ms), into(&w->owners), into(&w->declared),
			into(&w->stories)));

	return query_found(status, "feed", id, e);
}

static int obtain_folder(struct store_tx *tx, const struct wish *wish, int64_t now_ms,
	int64_t *ret_id, struct err *e)
{
	*ret_id = 0;
	return text_or_null(wish->folder) ? folders_obtain(tx, wish->folder, now_ms, ret_id, e) : 0;
}

/* The first twelve parameters of both statements; the thirteenth is the time or the id. */
static int write_row(struct store_tx *tx, const char *sql, const struct wish *wish, int64_t rev,
	int64_t folder, int64_t last, struct err *e)
{
	return query_exec(tx, e, sql, as_int(rev), as_text(wish->url), as_text(wish->section),
		as_text(text_or_null(wish->name)), as_id(folder), as_int(wish->interval_ms),
		as_int(wish->interval_min_ms), as_int(wish->interval_max_ms), as_int(wish->owners),
		as_int(wish->declared), as_time(wish->detached_ms), as_id(wish->stories),
		as_int(last));
}

static int insert(struct store_tx *tx, const struct wish *wish, int64_t now_ms, int64_t *ret_id,
	struct err *e)
{
	struct change change = {.kind = CHANGE_FEED_NEW, .time_ms = now_ms, .id_count = 1};
	int64_t folder;
	int status = obtain_folder(tx, wish, now_ms, &folder, e);

	if (status)
		return status;
	change.seq = changes_reserve(tx);
	status = write_row(tx,
		"INSERT INTO feed (rev, url, section, name, folder, interval_ms, interval_min_ms,"
		" interval_max_ms, owners, declared, detached_ms, stories, created_ms, next_due_ms,"
		" due_reason)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?13, ?13, 'new: not polled yet')",
		wish, change.seq, folder, now_ms, e);
	*ret_id = change.ids[0] = query_last_id(tx);
	return status ? status : changes_put(tx, &change, e);
}

static bool same_wish(const struct wish *a, const struct wish *b)
{
	return same_text(a->url, b->url) && same_text(a->section, b->section) &&
	       same_text(a->name, text_or_null(b->name)) &&
	       same_text(a->folder, text_or_null(b->folder)) && a->interval_ms == b->interval_ms &&
	       a->interval_min_ms == b->interval_min_ms &&
	       a->interval_max_ms == b->interval_max_ms && a->owners == b->owners &&
	       a->declared == b->declared && a->detached_ms == b->detached_ms &&
	       a->stories == b->stories;
}

/* An address that a user gives is no alias any more, and one that he takes away is none. */
static int forget_aliases(struct store_tx *tx, const struct wish *feed, struct err *e)
{
	return query_exec(tx, e,
		"DELETE FROM alias WHERE feed = ? AND NOT " ALIAS_IS_WORK " OR url = ?",
		as_int(feed->id), as_text(feed->url));
}

/* What was learned at another address, or before a long absence, must not delay or spoil the first
 * poll. */
static int start_afresh(struct store_tx *tx, int64_t id, bool moved, int64_t now_ms, struct err *e)
{
	int status = query_exec(tx, e,
		"UPDATE feed SET next_due_ms = ?1,"
		" due_reason = iif(?2, 'the address has changed', 'wanted again'),"
		" status = iif(status = 3 OR ?2, last_ok_ms IS NOT NULL, status) WHERE id = ?3",
		as_int(now_ms), as_int(moved), as_int(id));

	if (status || !moved)
		return status;
	return query_exec(tx, e,
		"UPDATE feed SET etag = NULL, last_modified = NULL, validators_url = NULL,"
		" body_hash = NULL, moved_url = NULL, moved_count = 0, moved_ms = NULL,"
		" error_code = NULL, error_text = NULL, error_count = 0, http_status = 0,"
		" ttl_ms = 0, period_ms = 0, base_ms = NULL, skip_hours = 0, skip_days = 0,"
		" fresh_ms = NULL"
		" WHERE id = ?",
		as_int(id));
}

/* The line is put with the row, folders have their own: theirs may come before and after it. */
static int save(struct store_tx *tx, const struct wish *before, const struct wish *after,
	int64_t now_ms, struct err *e)
{
	struct change change = {
		.kind = CHANGE_FEED_UPDATE, .time_ms = now_ms, .ids = {after->id}, .id_count = 1};
	bool moved = !same_text(before->url, after->url);
	bool attached = before->detached_ms != TIME_NONE && after->detached_ms == TIME_NONE;
	int64_t folder;
	int status = obtain_folder(tx, after, now_ms, &folder, e);

	if (status)
		return status;
	change.seq = changes_reserve(tx);
	status = write_row(tx,
		"UPDATE feed SET rev = ?, url = ?, section = ?, name = ?, folder = ?,"
		" interval_ms = ?, interval_min_ms = ?, interval_max_ms = ?, owners = ?,"
		" declared = ?, detached_ms = ?, stories = ? WHERE id = ?",
		after, change.seq, folder, after->id, e);
	if (status == 0)
		status = changes_put(tx, &change, e);
	if (status == 0 && moved)
		status = forget_aliases(tx, after, e);
	if (status == 0 && (moved || attached))
		status = start_afresh(tx, after->id, moved, now_ms, e);
	if (status == 0 && before->folder_id != folder)
		status = folders_sweep(tx, before->folder_id, now_ms, e);
	return status;
}

static enum wish_outcome compare(const struct wish *before, const struct wish *after)
{
	if (before->id == 0)
		return WISH_ADDED;
	if (same_wish(before, after))
		return WISH_SAME;
	if (before->detached_ms == after->detached_ms)
		return WISH_CHANGED;
	return after->detached_ms == TIME_NONE ? WISH_ATTACHED : WISH_DETACHED;
}

int wish_edit(struct store_tx *tx, int64_t id, wish_editor *edit, void *ctx, int64_t now_ms,
	int64_t *ret_id, enum wish_outcome *ret_outcome, struct err *e)
{
	struct wish before = {.detached_ms = TIME_NONE}, after;
	struct arena arena;

	arena_init(&arena, STORE_ROW_BYTES);
	int status = id ? wish_load(tx, id, &arena, &before, e) : 0;
	after = before;
	if (status == 0)
		status = edit(&after, ctx, e);
	if (status == 0) {
		*ret_id = id;
		*ret_outcome = compare(&before, &after);
		if (*ret_outcome == WISH_ADDED)
			status = insert(tx, &after, now_ms, ret_id, e);
		else if (*ret_outcome != WISH_SAME)
			status = save(tx, &before, &after, now_ms, e);
	}
	arena_finish(&arena);
	return status;
}

/* -- through the socket -- */

/* A feed that nobody wants comes back as it was, but for what is said anew. */
static int want(struct wish *wish, void *ctx, struct err *e)
{
	const struct feed_declaration *d = ctx;

	if (wish->owners)
		return err_set(e, ERR_EXISTS, "this feed is there already");
	wish->url = d->url;
	wish->owners = FEED_OWNER_SOCKET;
	wish->detached_ms = TIME_NONE;
	wish->name = d->name ? d->name : wish->name;
	wish->folder = d->folder ? d->folder : wish->folder;
	wish->interval_ms = d->interval_ms ? d->interval_ms : wish->interval_ms;
	wish->stories = d->stories ? d->stories : wish->stories;
	return 0;
}

int feeds_add(struct store_tx *tx, const struct feed_declaration *declaration, int64_t now_ms,
	int64_t *ret_id, struct err *e)
{
	struct feed_declaration d = *declaration;
	enum wish_outcome outcome;
	int status = feeds_find_url(tx, d.url, ret_id, e);

	return status ? status : wish_edit(tx, *ret_id, want, &d, now_ms, ret_id, &outcome, e);
}

static const struct {
	unsigned member;
	const char *noun;
} members[] = {
	{FEED_PATCH_URL, "address"},
	{FEED_PATCH_NAME, "name"},
	{FEED_PATCH_FOLDER, "folder"},
	{FEED_PATCH_INTERVAL, "interval"},
	{FEED_PATCH_STORIES, "level of its stories"},
};

/* What the user changed would be lost at the next reload, so it is refused at once. */
static int check_denied(const struct wish *wish, const struct feed_patch *patch, struct err *e)
{
	unsigned denied = wish->owners & FEED_OWNER_CONFIG ? wish->declared & patch->members : 0;

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (denied & members[i].member)
			return err_set(e, ERR_DENIED,
				"the %s is declared in the section \"%s\" of the configuration:"
				" change it there",
				members[i].noun, wish->section);
	}
	return 0;
}

static int apply_patch(struct wish *wish, void *ctx, struct err *e)
{
	const struct feed_patch *p = ctx;
	int status = check_denied(wish, p, e);

	if (p->members & FEED_PATCH_URL)
		wish->url = p->url;
	if (p->members & FEED_PATCH_NAME)
		wish->name = p->name;
	if (p->members & FEED_PATCH_FOLDER)
		wish->folder = p->folder;
	if (p->members & FEED_PATCH_INTERVAL)
		wish->interval_ms = p->interval_ms;
	if (p->members & FEED_PATCH_STORIES)
		wish->stories = p->stories;
	wish->declared &= ~p->members; /* the user's from now on, should a section come back */
	return status;
}

/* Answers do not tell names and passwords in addresses, so that one without them says nothing of
 * them; an empty one ("https://@host/") takes them away. */
static int keep_credentials(
	struct store_tx *tx, int64_t id, struct feed_patch *p, struct arena *arena, struct err *e)
{
	size_t start, len = url_userinfo(p->url, &start);
	struct url_parts given, had;
	const char *stored = NULL;

	if (len == 1)
		p->url = arena_printf(arena, "%.*s%s", (int)start, p->url, p->url + start + 1);
	if (len > 0)
		return p->url ? 0 : err_set(e, ERR_NOMEM, NULL);
	int status = query_one(tx, arena, e, "SELECT url FROM feed WHERE id = ?",
		VALUES(as_int(id)), COLUMNS(into(&stored)));
	if (status <= 0)
		return status;
	status = url_split(p->url, arena, &given);
	if (status == 0)
		status = url_split(stored, arena, &had);
	if (status == 0 && url_same_origin(&given, &had))
		p->url = url_with_userinfo(p->url, stored, arena);
	return p->url && status != ERR_NOMEM ? 0 : err_set(e, ERR_NOMEM, NULL);
}

/* SQLite would refuse the address of another feed, too, but could not say whose it is. */
static int change_url(struct store_tx *tx, int64_t id, struct feed_patch *p, struct arena *arena,
	int64_t *ret_other, struct err *e)
{
	int64_t other = 0;
	int status;

	if (!text_or_null(p->url))
		return err_set(e, ERR_INVALID, "a feed needs an address");
	status = keep_credentials(tx, id, p, arena, e);
	if (status == 0)
		status = feeds_find_url(tx, p->url, &other, e);
	if (status || other == 0 || other == id)
		return status;
	*ret_other = other;
	return err_set(e, ERR_EXISTS, "the feed %lld has this address already", (long long)other);
}

int feeds_change(struct store_tx *tx, int64_t id, const struct feed_patch *patch, int64_t now_ms,
	int64_t *ret_other, struct err *e)
{
	struct feed_patch p = *patch;
	enum wish_outcome outcome;
	struct arena arena;
	int status = 0;

	arena_init(&arena, STORE_ROW_BYTES);
	*ret_other = 0;
	if (p.members & FEED_PATCH_URL)
		status = change_url(tx, id, &p, &arena, ret_other, e);
	if (status == 0)
		status = wish_edit(tx, id, apply_patch, &p, now_ms, &id, &outcome, e);
	arena_finish(&arena);
	return status;
}
