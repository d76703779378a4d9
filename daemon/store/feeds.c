/* Feeds in the database: reading them, and what a poll taught. */
#include "store/feeds.h"

#include <stdlib.h>
#include <string.h>

#include "store/changes.h"
#include "store/icons.h"
#include "store/query.h"
#include "store/schema.h"

static const char *const status_names[] = {
	[FEED_NEW] = "new",
	[FEED_OK] = "ok",
	[FEED_FAILING] = "failing",
	[FEED_GONE] = "gone",
};

const char *feed_status_name(enum feed_status status)
{
	return status_names[status];
}

enum grouping_level feed_level(const struct feed *feed, const char **ret_from)
{
	const char *from = feed->stories ? "feed" : feed->folder_stories ? "folder" : "daemon";

	if (ret_from)
		*ret_from = from;
	return feed->stories          ? feed->stories
	       : feed->folder_stories ? feed->folder_stories
				      : feed->daemon_stories;
}

/* What is selected, and where it goes. */
#define FEED_LEVELS                                                                                \
	" (SELECT " FOLDER_LEVEL " FROM folder n WHERE n.id = f.folder),"                          \
	" (SELECT stories FROM keep WHERE level = 0)"
#define FEED_COLUMNS                                                                               \
	" f.id, f.rev, f.url, f.name, " FEED_LABEL ", f.section, f.folder,"                        \
	" (SELECT name FROM folder WHERE id = f.folder), f.owners, f.interval_ms, f.created_ms,"   \
	" f.detached_ms, f.title, f.link, f.description, f.language, f.icon, f.etag,"              \
	" f.last_modified, f.validators_url, f.body_hash, f.status, f.last_poll_ms, f.last_ok_ms," \
	" f.last_new_ms, f.next_due_ms, f.http_status, f.error_count, f.error_code, f.error_text," \
	" f.due_reason, f.moved_url, f.interval_min_ms, f.interval_max_ms, f.rhythm_items,"        \
	" f.rhythm_ms, f.window, f.gap_ms, f.ttl_ms, f.period_ms, f.base_ms, f.skip_hours,"        \
	" f.skip_days, f.moved_count, f.moved_ms, f.plan, f.fetches, f.usual_ms, f.spoke_ms,"      \
	" f.silent, f.repairs, f.icon_due_ms, f.identity, f.identity_note, f.stories,"             \
	" f.fresh_ms," FEED_LEVELS
/* The same for what the schedule needs of a feed: a million are read at start. */
#define FEED_SCHEDULED                                                                             \
	" f.id, 0, f.url, NULL, NULL, NULL, 0, NULL, f.owners, f.interval_ms, f.created_ms, NULL," \
	" NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, f.status, f.last_poll_ms,"         \
	" f.last_ok_ms, f.last_new_ms, f.next_due_ms, f.http_status, 0, NULL, NULL, NULL, NULL,"   \
	" f.interval_min_ms, f.interval_max_ms, f.rhythm_items, f.rhythm_ms, 0, NULL, 0, 0, NULL," \
	" 0, 0, 0, NULL, f.plan, NULL, 0, NULL, 0, NULL, 0, 0, NULL, 0, NULL, 0, 0"
#define FEED_FIELDS(f)                                                                             \
	into(&(f)->id), into(&(f)->rev), into(&(f)->url), into(&(f)->name), into(&(f)->label),     \
		into(&(f)->section), into(&(f)->folder_id), into(&(f)->folder),                    \
		into(&(f)->owners), into(&(f)->interval_ms), into(&(f)->created_ms),               \
		into_time(&(f)->detached_ms), into(&(f)->title), into(&(f)->link),                 \
		into(&(f)->description), into(&(f)->language), into(&(f)->icon), into(&(f)->etag), \
		into(&(f)->last_modified), into(&(f)->validators_url), into(&(f)->body_hash),      \
		into(&(f)->status), into_time(&(f)->last_poll_ms), into_time(&(f)->last_ok_ms),    \
		into_time(&(f)->last_new_ms), into_time(&(f)->next_due_ms),                        \
		into(&(f)->last_http_status), into(&(f)->error_count), into(&(f)->error_code),     \
		into(&(f)->error_text), into(&(f)->due_reason), into(&(f)->moved_url),             \
		into(&(f)->interval_min_ms), into(&(f)->interval_max_ms),                          \
		into(&(f)->learned.rhythm_items), into(&(f)->learned.rhythm_ms),                   \
		into(&(f)->learned.window), into_time(&(f)->learned.gap_ms),                       \
		into(&(f)->learned.ttl_ms), into(&(f)->learned.period_ms),                         \
		into_time(&(f)->learned.base_ms), into(&(f)->learned.skip_hours),                  \
		into(&(f)->learned.skip_days), into(&(f)->learned.moved_count),                    \
		into_time(&(f)->learned.moved_ms), into(&(f)->learned.plan),                       \
		into(&(f)->learned.fetches), into(&(f)->learned.usual_ms),                         \
		into_time(&(f)->learned.spoke_ms), into(&(f)->learned.silent),                     \
		into(&(f)->learned.repairs), into(&(f)->icon_due_ms), into(&(f)->identity),        \
		into(&(f)->identity_note), into(&(f)->stories), into_time(&(f)->learned.fresh_ms), \
		into(&(f)->folder_stories), into(&(f)->daemon_stories), into(&(f)->item_count),    \
		into(&(f)->unread_count), into(&(f)->former)

/* Counted in indexes when asked for; kept counts would cost every insert and every mark more than
 * lists cost. */
#define FEED_COUNTS                                                                                \
	", (SELECT count(*) FROM item WHERE feed = f.id),"                                         \
	" (SELECT count(*) FROM item WHERE feed = f.id AND read = 0),"                             \
	" (SELECT group_concat(url, ' ') FROM alias WHERE feed = f.id AND url NOT LIKE '!%')"
#define NO_COUNTS ", 0, 0, NULL"

static int get_feed(struct store_tx *tx, const char *sql, int64_t id, struct arena *arena,
	struct feed *ret_feed, struct err *e)
{
	int status =
		query_one(tx, arena, e, sql, VALUES(as_int(id)), COLUMNS(FEED_FIELDS(ret_feed)));

	return query_found(status, "feed", id, e);
}

#define FEED_BY_ID " FROM feed f WHERE f.id = ? AND " FEED_IS_VISIBLE

int feeds_get(
	struct store_tx *tx, int64_t id, struct arena *arena, struct feed *ret_feed, struct err *e)
{
	return get_feed(tx, "SELECT" FEED_COLUMNS NO_COUNTS FEED_BY_ID, id, arena, ret_feed, e);
}

int feeds_get_counted(
	struct store_tx *tx, int64_t id, struct arena *arena, struct feed *ret_feed, struct err *e)
{
	return get_feed(tx, "SELECT" FEED_COLUMNS FEED_COUNTS FEED_BY_ID, id, arena, ret_feed, e);
}

int feeds_find_url(struct store_tx *tx, const char *url, int64_t *ret_id, struct err *e)
{
	return query_find(tx, ret_id, e,
		"SELECT id FROM feed WHERE url = ?1 UNION ALL SELECT feed FROM alias WHERE url ="
		" ?1 LIMIT 1",
		as_text(url));
}

int feeds_set_identity(
	struct store_tx *tx, int64_t id, int identity, const char *note, struct err *e)
{
	return query_exec(tx, e, "UPDATE feed SET identity = ?, identity_note = ? WHERE id = ?",
		as_int(identity), as_text(note), as_int(id));
}

#define FEED_FILTER                                                                                \
	" FROM feed f WHERE f.id > ? AND (?2 = 0 OR f.folder = ?2) AND (?3 = 0 OR f.owners & ?3)"  \
	" AND (f.detached_ms IS NULL OR ?4 AND " FEED_IS_VISIBLE ") ORDER BY "

int feeds_list(struct store_tx *tx, const struct feed_filter *filter,
	int (*each)(void *ctx, const struct feed *feed), void *ctx, struct err *e)
{
	struct feed feed;
	struct query q;

	query_begin(&q, tx,
		filter->scheduled   ? "SELECT" FEED_SCHEDULED NO_COUNTS FEED_FILTER "f.id LIMIT ?"
		: filter->by_folder ? "SELECT" FEED_COLUMNS NO_COUNTS FEED_FILTER
				      "f.folder IS NULL, f.folder, f.id LIMIT ?"
		: filter->with_counts ? "SELECT" FEED_COLUMNS FEED_COUNTS FEED_FILTER "f.id LIMIT ?"
				      : "SELECT" FEED_COLUMNS NO_COUNTS FEED_FILTER "f.id LIMIT ?");
	query_bind(&q, as_int(filter->after_id), as_int(filter->folder_id), as_int(filter->owners),
		as_int(filter->detached), as_int(filter->limit > 0 ? filter->limit : -1));
	while (query_row(&q)) {
		query_read(&q, FEED_FIELDS(&feed));
		if (each(ctx, &feed) != 0)
			break;
	}
	return query_end(&q, e);
}

static int store_outcome(
	struct store_tx *tx, int64_t id, const struct feed_poll *poll, struct err *e)
{
	const struct feed_learned *l = &poll->learned;
	bool ok = poll->status == FEED_OK;

	return query_exec(tx, e,
		"UPDATE feed SET status = ?1, last_poll_ms = ?2, next_due_ms = ?3,"
		" due_reason = ?4, http_status = ?5, error_code = ?6, error_text = ?7,"
		" moved_url = ?8, error_count = iif(?1 = 1, 0, error_count + 1),"
		" last_ok_ms = iif(?1 = 1, ?2, last_ok_ms),"
		" last_new_ms = iif(?9, ?2, last_new_ms),"
		" body_hash = coalesce(?10, body_hash), rhythm_items = ?12, rhythm_ms = ?13,"
		" window = ?14, gap_ms = ?15, ttl_ms = ?16, period_ms = ?17, base_ms = ?18,"
		" skip_hours = ?19, skip_days = ?20, moved_count = ?21, moved_ms = ?22, plan = ?23,"
		" fetches = ?24, usual_ms = ?25, spoke_ms = ?26, silent = ?27, repairs = ?28,"
		" fresh_ms = ?29"
		" WHERE id = ?11",
		as_int(poll->status), as_int(poll->now_ms), as_time(poll->next_due_ms),
		as_text(poll->due_reason), as_int(poll->http_status),
		as_text(ok ? NULL : poll->error_code), as_text(ok ? NULL : poll->error_text),
		as_text(poll->moved_url), as_int(poll->new_items > 0), as_text(poll->body_hash),
		as_int(id), as_double(l->rhythm_items), as_double(l->rhythm_ms), as_int(l->window),
		as_time(l->gap_ms), as_int(l->ttl_ms), as_int(l->period_ms), as_time(l->base_ms),
		as_int(l->skip_hours), as_int(l->skip_days), as_int(l->moved_count),
		as_time(l->moved_ms), as_text(l->plan), as_text(l->fetches), as_int(l->usual_ms),
		as_time(l->spoke_ms), as_int(l->silent), as_text(l->repairs), as_time(l->fresh_ms));
}

static int store_waiting(
	struct store_tx *tx, int64_t id, const struct feed_poll *poll, struct err *e)
{
	return query_exec(tx, e,
		"UPDATE feed SET last_poll_ms = ?, next_due_ms = ?, due_reason = ?, plan = ?,"
		" fetches = ? WHERE id = ?",
		as_int(poll->now_ms), as_time(poll->next_due_ms), as_text(poll->due_reason),
		as_text(poll->learned.plan), as_text(poll->learned.fetches), as_int(id));
}

/* Mostly they are the same as before, and then nothing is written. */
static int store_validators(
	struct store_tx *tx, int64_t id, const struct feed_poll *poll, struct err *e)
{
	return query_exec(tx, e,
		"UPDATE feed SET etag = ?1, last_modified = ?2, validators_url = ?3 WHERE id = ?4"
		" AND (etag IS NOT ?1 OR last_modified IS NOT ?2 OR validators_url IS NOT ?3)",
		as_text(poll->etag), as_text(poll->last_modified), as_text(poll->validators_url),
		as_int(id));
}

static int store_description(
	struct store_tx *tx, int64_t id, const struct feed_poll *poll, struct err *e)
{
	int status = icons_leave(tx, id, poll->icon, e);

	return status ? status
		      : query_exec(tx, e,
				"UPDATE feed SET title = ?, link = ?, description = ?, language = "
				"?,"
				" icon = ? WHERE id = ?",
				as_text(poll->title), as_text(poll->link),
				as_text(poll->description), as_text(poll->language),
				as_text(poll->icon), as_int(id));
}

/* Only what a reader sees has a line and a new `rev`: an uneventful poll changes neither. */
static int tell(
	struct store_tx *tx, enum change_kind kind, int64_t id, int64_t now_ms, struct err *e)
{
	int64_t seq;
	int status = changes_add(tx, kind, id, now_ms, &seq, e);

	return status ? status
		      : query_exec(tx, e, "UPDATE feed SET rev = ? WHERE id = ?", as_int(seq),
				as_int(id));
}

int feeds_record_poll(struct store_tx *tx, int64_t id, const struct feed_poll *poll, struct err *e)
{
	static const enum change_kind kinds[] = {
		[FEED_OK] = CHANGE_FEED_OK,
		[FEED_FAILING] = CHANGE_FEED_ERROR,
		[FEED_GONE] = CHANGE_FEED_GONE,
	};
	enum feed_status was;
	bool same, silent;
	/* What is published is compared in SQL: it would have to be copied to be compared here. */
	int status = query_one(tx, NULL, e,
		"SELECT status, silent, title IS ? AND link IS ? AND description IS ? AND language "
		"IS ?"
		" AND icon IS ? FROM feed f WHERE id = ? AND " FEED_IS_VISIBLE,
		VALUES(as_text(poll->title), as_text(poll->link), as_text(poll->description),
			as_text(poll->language), as_text(poll->icon), as_int(id)),
		COLUMNS(into(&was), into(&silent), into(&same)));

	status = query_found(status, "feed", id, e);
	if (status)
		return status;
	if (poll->waiting)
		return store_waiting(tx, id, poll, e);
	bool describe = poll->described && !same;
	status = store_outcome(tx, id, poll, e);
	if (status == 0 && poll->validators)
		status = store_validators(tx, id, poll, e);
	if (status == 0 && describe)
		status = store_description(tx, id, poll, e);
	if (status == 0 && was != poll->status)
		status = tell(tx, kinds[poll->status], id, poll->now_ms, e);
	if (status == 0 && silent != poll->learned.silent)
		status = tell(
			tx, silent ? CHANGE_FEED_BACK : CHANGE_FEED_SILENT, id, poll->now_ms, e);
	if (status == 0 && describe)
		status = tell(tx, CHANGE_FEED_UPDATE, id, poll->now_ms, e);
	return status;
}

void identity_note_read(const char *text, struct identity_note *ret_note)
{
	struct identity_note *n = ret_note;
	int64_t *const numbers[] = {
		&n->since_ms, &n->items, &n->streak, &n->rekeyed_ms, &n->rekeyed_items};
	size_t len = text ? strcspn(text, " ") : 0;
	char *at;

	*n = (struct identity_note){.reason = "none"};
	if (!len || len >= sizeof(n->reason))
		return;
	memcpy(n->reason, text, len);
	n->reason[len] = '\0';
	at = (char *)(uintptr_t)text + len;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		*numbers[i] = strtoll(at, &at, 10);
}
