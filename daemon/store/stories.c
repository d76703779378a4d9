/* Stories in the database: opened, joined, listed; their counts are kept, never computed. */
#include "store/stories.h"

#include <string.h>

#include "limits.h"
#include "store/listing.h"
#include "store/schema.h"

static const char *const reason_names[] = {
	[STORY_FIRST] = "first",
	[STORY_SAME_GUID] = "same-guid",
	[STORY_SAME_URL] = "same-url",
	[STORY_NEAR_DUPLICATE] = "near-duplicate",
	[STORY_SAME_EVENT] = "same-event",
	[STORY_MANUAL] = "manual",
};

const char *story_reason_name(enum story_reason reason)
{
	return reason_names[reason];
}

static const char *const level_names[] = {
	[GROUPING_OFF] = "off",
	[GROUPING_STRICT] = "strict",
	[GROUPING_NORMAL] = "normal",
	[GROUPING_WIDE] = "wide",
};

const char *story_level_name(enum grouping_level level)
{
	return level_names[level];
}

bool story_level_parse(const char *name, enum grouping_level *ret_level)
{
	for (enum grouping_level level = GROUPING_OFF; level <= GROUPING_WIDE; level++) {
		if (!level_names[level] || strcmp(level_names[level], name) != 0)
			continue;
		*ret_level = level;
		return true;
	}
	return false;
}

/* Of an address that all the world links to no more items are looked at, the first in order of
 * story and id. */
#define URL_ITEMS_MAX "64"

/* Mostly there is none, or one: sorting them would cost more than all else that is done with an
 * item.
 */
int stories_find_url(
	struct store_tx *tx, int64_t url_key, struct story_original *ret_original, struct err *e)
{
	struct story_original original;
	int64_t pinned, last_pinned = -1;
	struct query q;

	*ret_original = (struct story_original){0};
	query_begin(&q, tx,
		"SELECT story, coalesce(copy_of, id), read, max(pinned, 0) FROM item"
		" WHERE url_key = ? ORDER BY story, id LIMIT " URL_ITEMS_MAX);
	query_bind(&q, as_int(url_key));
	while (query_row(&q)) {
		query_read(&q, into(&original.story), into(&original.item), into(&original.read),
			into(&pinned));
		if (pinned > last_pinned)
			*ret_original = original;
		last_pinned = pinned > last_pinned ? pinned : last_pinned;
	}
	return query_end(&q, e);
}

int stories_find_text(struct store_tx *tx, int64_t story, int64_t item,
	struct story_original *ret_original, struct err *e)
{
	ret_original->story = story;
	int status = query_one(tx, NULL, e,
		"SELECT coalesce((SELECT copy_of FROM item WHERE id = ?1), ?1),"
		" coalesce((SELECT read FROM item WHERE id = ?1),"
		" (SELECT max(read) FROM item WHERE story = ?2 AND copy_of = ?1))",
		VALUES(as_int(item), as_int(story)),
		COLUMNS(into(&ret_original->item), into(&ret_original->read)));

	return status < 0 ? status : 0;
}

int stories_has_copy(struct store_tx *tx, const struct story_original *original, int64_t feed,
	bool *ret_has, struct err *e)
{
	int64_t has;
	int status = query_find(tx, &has, e,
		"SELECT EXISTS (SELECT 1 FROM item WHERE story = ? AND feed = ?"
		" AND coalesce(copy_of, id) = ?)",
		as_int(original->story), as_int(feed), as_int(original->item));

	*ret_has = has != 0;
	return status;
}

int stories_note_copy(
	struct store_tx *tx, int64_t item, enum story_reason reason, int64_t group, struct err *e)
{
	return query_exec(tx, e,
		"UPDATE item SET copy_of = iif(EXISTS (SELECT 1 FROM item o WHERE"
		"  o.story = item.story AND o.feed = item.feed AND o.id <> item.id"
		"  AND coalesce(o.copy_of, o.id) = c.original), NULL, c.original)"
		" FROM (SELECT CASE ?2"
		"  WHEN ?4 THEN coalesce((SELECT copy_of FROM item WHERE id = ?3), ?3)"
		"  WHEN ?5 THEN (SELECT original FROM (SELECT coalesce(o.copy_of, o.id)"
		"    AS original, max(o.pinned, 0) AS pin, o.story, o.id FROM item o"
		"    WHERE o.url_key = (SELECT url_key FROM item WHERE id = ?1)"
		"    AND o.id < ?1 ORDER BY o.story, o.id LIMIT " URL_ITEMS_MAX ")"
		"   ORDER BY pin DESC, story, id LIMIT 1)"
		"  END AS original) AS c WHERE item.id = ?1",
		as_int(item), as_int(reason), as_int(group), as_int(STORY_NEAR_DUPLICATE),
		as_int(STORY_SAME_URL));
}

int stories_is_read(struct store_tx *tx, int64_t story, bool *ret_read, struct err *e)
{
	int64_t unread;
	int status =
		query_find(tx, &unread, e, "SELECT unread FROM story WHERE id = ?", as_int(story));

	*ret_read = unread == 0;
	return status;
}

int stories_find_url_before(
	struct store_tx *tx, int64_t url_key, int64_t item, int64_t *ret_id, struct err *e)
{
	return query_find(tx, ret_id, e,
		"SELECT story FROM (SELECT story, max(pinned, 0) AS pin FROM item"
		" WHERE url_key = ? AND id < ? ORDER BY story, id LIMIT " URL_ITEMS_MAX ")"
		" ORDER BY pin DESC, story LIMIT 1",
		as_int(url_key), as_int(item));
}

int stories_open(struct store_tx *tx, struct story_join *join, int64_t time_ms, struct err *e)
{
	int status = query_exec(tx, e,
		"INSERT INTO story (rev, updated_ms, first_item, items, sources, unread)"
		" VALUES (?, ?, ?, 1, 1, 1)",
		as_int(join->rev), as_int(time_ms), as_id(join->item));

	if (status == 0)
		join->story = query_last_id(tx);
	return status;
}

int stories_join(struct store_tx *tx, const struct story_join *join, struct err *e)
{
	/* Counts are stepped, never recounted: a story may grow to thousands of items, one at a
	 * time. */
	int status = query_exec(tx, e,
		"UPDATE story SET rev = ?1, items = items + 1, sources = sources + NOT EXISTS"
		"  (SELECT 1 FROM item WHERE story = ?3 AND feed = ?4 AND id <> ?2),"
		" unread = unread + (NOT i.read), starred = story.starred + i.starred,"
		" updated_ms = max(story.updated_ms, i.time_ms)"
		" FROM (SELECT read, starred, " ITEM_TIME
		" AS time_ms FROM item WHERE id = ?2 AND story = ?3) AS i WHERE story.id = ?3",
		as_int(join->rev), as_int(join->item), as_int(join->story), as_int(join->feed));

	return status ? status
		      : query_found(query_changes(tx), "item of that story", join->item, e);
}

enum { LEAD_SOURCES = 3, LEAD_TITLE = 10 /* characters */ };

int stories_find_lead(
	struct store_tx *tx, int64_t story, int64_t item, int64_t *ret_lead, struct err *e)
{
	return query_find(tx, ret_lead, e,
		"SELECT coalesce(lead, first_item) FROM story WHERE id = ? AND sources >= ?"
		" AND (SELECT length(title) FROM item WHERE id = ?) >= ?",
		as_int(story), as_int(LEAD_SOURCES), as_int(item), as_int(LEAD_TITLE));
}

int stories_set_lead(struct store_tx *tx, int64_t story, int64_t item, struct err *e)
{
	return query_exec(
		tx, e, "UPDATE story SET lead = ? WHERE id = ?", as_int(item), as_int(story));
}

/* -- merged -- */

int stories_find(struct store_tx *tx, int64_t id, int64_t *ret_id, struct err *e)
{
	return query_find(tx, ret_id, e,
		"SELECT coalesce((SELECT id FROM story WHERE id = ?1),"
		" (SELECT story FROM story_alias WHERE id = ?1))",
		as_int(id));
}

/* By the hundred, each with a line. */
static int move_items(
	struct store_tx *tx, int64_t from, int64_t into_story, int64_t now_ms, struct err *e)
{
	struct change line = {.kind = CHANGE_ITEM_UPDATE, .time_ms = now_ms};
	int status = 0;

	do {
		struct query q;

		line.id_count = 0;
		query_begin(&q, tx, "SELECT id FROM item WHERE story = ? ORDER BY id LIMIT ?");
		query_bind(&q, as_int(from), as_int(CHANGE_IDS_MAX));
		while (query_row(&q))
			query_read(&q, into(&line.ids[line.id_count++]));
		status = query_end(&q, e);
		if (status || line.id_count == 0)
			break;
		line.seq = changes_reserve(tx);
		status = query_exec(tx, e,
			"UPDATE item SET story = ?, rev = ? WHERE story = ? AND id <= ?",
			as_int(into_story), as_int(line.seq), as_int(from),
			as_int(line.ids[line.id_count - 1]));
		if (status == 0)
			status = changes_put(tx, &line, e);
	} while (status == 0 && line.id_count == CHANGE_IDS_MAX);
	return status;
}

/* Counts are added, but for the feeds, which may be in both. The one that more have told gives the
 * headline. */
static int add_counts(
	struct store_tx *tx, int64_t from, int64_t into_story, int64_t rev, struct err *e)
{
	return query_exec(tx, e,
		"UPDATE story SET rev = ?3, items = story.items + f.items,"
		" unread = story.unread + f.unread, starred = story.starred + f.starred,"
		" updated_ms = max(story.updated_ms, f.updated_ms),"
		" first_item = min(story.first_item, f.first_item),"
		" lead = iif(f.sources > story.sources AND f.sources >= ?4,"
		"  coalesce(f.lead, f.first_item), story.lead),"
		" sources = (SELECT count(DISTINCT feed) FROM item WHERE story = ?2)"
		" FROM (SELECT * FROM story WHERE id = ?1) AS f WHERE story.id = ?2",
		as_int(from), as_int(into_story), as_int(rev), as_int(LEAD_SOURCES));
}

/* What is not there any more but for its name; what users said of it is said of the other. */
static int leave_alias(struct store_tx *tx, int64_t from, int64_t into_story, struct err *e)
{
	static const char *const statements[] = {
		"UPDATE story_alias SET story = ?2 WHERE story = ?1",
		"INSERT INTO story_alias (id, story) VALUES (?1, ?2)",
		"UPDATE OR IGNORE story_apart SET one = ?2 WHERE one = ?1",
		"UPDATE OR IGNORE story_apart SET other = ?2 WHERE other = ?1",
		"DELETE FROM story_apart WHERE one = other AND ?1 AND ?2",
		"DELETE FROM story WHERE id = ?1 AND ?2",
	};
	int status = 0;

	for (size_t n = 0; n < sizeof(statements) / sizeof(statements[0]) && status == 0; n++)
		status = query_exec(tx, e, statements[n], as_int(from), as_int(into_story));
	return status;
}

int stories_merge(
	struct store_tx *tx, int64_t from, int64_t into_story, int64_t now_ms, struct err *e)
{
	struct change line = {.kind = CHANGE_STORY_MERGED,
		.time_ms = now_ms,
		.ids = {into_story, from},
		.id_count = 2};
	int status = move_items(tx, from, into_story, now_ms, e);

	line.seq = changes_reserve(tx);
	if (status == 0)
		status = add_counts(tx, from, into_story, line.seq, e);
	if (status == 0)
		status = leave_alias(tx, from, into_story, e);
	return status ? status : changes_put(tx, &line, e);
}

/* -- parted -- */

int stories_recount(struct store_tx *tx, int64_t id, int64_t rev, struct err *e)
{
	int status = query_exec(tx, e,
		"UPDATE story SET rev = ?1, first_item = c.first, items = c.items,"
		" lead = (SELECT id FROM item WHERE id = lead AND story = ?2),"
		" sources = c.sources, unread = c.unread, starred = c.starred,"
		" updated_ms = coalesce(c.newest, updated_ms) FROM"
		" (SELECT min(id) AS first, count(*) AS items, count(DISTINCT feed) AS sources,"
		"  coalesce(sum(NOT read), 0) AS unread, coalesce(sum(starred), 0) AS starred,"
		"  max(" ITEM_TIME ") AS newest FROM item WHERE story = ?2) AS c"
		" WHERE story.id = ?2",
		as_int(rev), as_int(id));

	if (status)
		return status;
	return query_exec(tx, e, "DELETE FROM story WHERE id = ? AND items = 0", as_int(id));
}

int stories_part_begin(struct store_tx *tx, struct story_part *part, int64_t now_ms, struct err *e)
{
	struct story_join join = {0};
	int status = 0;

	part->items = (struct change){.kind = CHANGE_ITEM_UPDATE, .time_ms = now_ms};
	part->stories = (struct change){.kind = CHANGE_STORY_SPLIT, .time_ms = now_ms};
	part->items.seq = changes_reserve(tx);
	part->stories.seq = join.rev = changes_reserve(tx);
	if (part->into_story == 0) {
		status = stories_open(tx, &join, now_ms, e);
		part->into_story = join.story;
	}
	return status;
}

int stories_part_add(
	struct store_tx *tx, struct story_part *part, const struct story_join *join, struct err *e)
{
	int status = query_exec(tx, e,
		"UPDATE item SET story = ?, rev = ?2, reason = ?, score = ?, evidence = ?,"
		" pinned = iif(?, ?2, pinned) WHERE id = ? AND story = ?",
		as_int(part->into_story), as_int(part->items.seq), as_int(join->reason),
		as_double(join->score), as_text(join->evidence), as_int(part->by_user),
		as_int(join->item), as_int(part->from));

	if (status == 0 && query_changes(tx))
		part->items.ids[part->items.id_count++] = join->item;
	return status;
}

static int tell_stories(struct store_tx *tx, struct story_part *part, struct err *e)
{
	struct change *line = &part->stories;
	int64_t left;
	int status = query_find(tx, &left, e, "SELECT EXISTS (SELECT 1 FROM item WHERE story = ?)",
		as_int(part->from));

	change_name(line, left ? part->from : part->into_story);
	change_name(line, left ? part->into_story : part->from);
	if (!left)
		line->kind = CHANGE_STORY_MERGED;
	if (status == 0 && left)
		status = stories_recount(tx, part->from, line->seq, e);
	else if (status == 0)
		status = leave_alias(tx, part->from, part->into_story, e);
	return status ? status : changes_put(tx, line, e);
}

int stories_part_end(struct store_tx *tx, struct story_part *part, struct err *e)
{
	int status;

	if (part->items.id_count == 0) /* one that was opened for it goes again */
		return query_exec(tx, e, "DELETE FROM story WHERE id = ? AND first_item IS NULL",
			as_int(part->into_story));
	status = changes_put(tx, &part->items, e);
	if (status || part->from == part->into_story)
		return status;
	status = stories_recount(tx, part->into_story, part->stories.seq, e);
	return status ? status : tell_stories(tx, part, e);
}

/* What is selected, and where it goes. */
#define OF_FIRST(sql) "(SELECT " sql " FROM item WHERE id = s.first_item)"
#define STORY_COLUMNS                                                                              \
	" s.id, s.rev, s.first_item, i.id, i.title, i.link, i.excerpt, " FEED_LABEL                \
	", iif(s.lead IS NULL, i.received_ms, " OF_FIRST(                                          \
		"received_ms") "), s.updated_ms,"                                                  \
			       " iif(s.lead IS NULL, " ITEM_TIME                                   \
			       ", " OF_FIRST(ITEM_TIME) "),"                                       \
							" s.sources, s.items, s.unread = 0, "      \
							"s.starred > 0"
#define STORY_ROWS                                                                                 \
	" FROM story s CROSS JOIN item i ON i.id = coalesce(s.lead, s.first_item)"                 \
	" CROSS JOIN feed f ON f.id = i.feed"
#define STORY_FIELDS(s)                                                                            \
	into(&(s)->id), into(&(s)->rev), into(&(s)->first), into(&(s)->lead), into(&(s)->title),   \
		into(&(s)->url), into(&(s)->excerpt), into(&(s)->source),                          \
		into(&(s)->first_seen_ms), into(&(s)->updated_ms), into(&(s)->published_ms),       \
		into(&(s)->sources), into(&(s)->items), into(&(s)->read), into(&(s)->starred)

int stories_list(struct store_tx *tx, const struct story_filter *f, struct page *page,
	int (*each)(void *ctx, const struct story *story), void *ctx, struct err *e)
{
	bool hides;
	int status = listing_hides(tx, &hides, e);
	/* A feed or label has few stories, so they are looked up; a folder has many, so the newest
	 * are tried. */
	const struct condition conditions[] = {
		{hides, false, LISTING_HIDE, 0},
		{f->feed != 0, true, " AND s.id IN (SELECT story FROM item WHERE feed = ?)",
			f->feed},
		{f->folder != 0, true,
			" AND EXISTS (SELECT 1 FROM item WHERE story = s.id"
			" AND feed IN (SELECT id FROM feed WHERE folder = ?))",
			f->folder},
		{f->label != 0, true,
			" AND s.id IN (SELECT story FROM item WHERE id IN"
			" (SELECT item FROM item_label WHERE label = ?))",
			f->label},
		{f->read < 0, false, " AND s.unread > 0", 0},
		{f->read > 0, false, " AND s.unread = 0", 0},
		{f->starred < 0, false, " AND s.starred = 0", 0},
		{f->starred > 0, false, " AND s.starred > 0", 0},
		{f->since_rev > 0, true, " AND s.rev > ?", f->since_rev},
		{f->seen_after_ms > 0, true,
			" AND EXISTS (SELECT 1 FROM item WHERE story = s.id AND received_ms > ?)",
			f->seen_after_ms},
		{.sql = NULL},
	};
	const struct listing l = {
		.columns = STORY_COLUMNS,
		.rows = STORY_ROWS " WHERE 1",
		.conditions = conditions,
		.key = "s.updated_ms",
		.id = "s.id",
		.max = STORE_LIST_MAX,
	};
	struct story story;
	struct query q;
	int64_t key;

	if (status)
		return status;
	for (int left = listing_begin(&q, tx, &l, page); query_row(&q); left--) {
		query_read(&q, into(&key), STORY_FIELDS(&story));
		page->more = left == 0 || each(ctx, &story) != 0;
		if (page->more)
			break;
		page->key = key;
		page->id = story.id;
	}
	return query_end(&q, e);
}

int stories_get(struct store_tx *tx, int64_t id, struct arena *arena, struct story *ret_story,
	struct err *e)
{
	int64_t known;
	int status = stories_find(tx, id, &known, e);

	if (status == 0)
		status = query_one(tx, arena, e,
			"SELECT" STORY_COLUMNS STORY_ROWS " WHERE s.id = ? AND " FEED_IS_VISIBLE,
			VALUES(as_int(known)), COLUMNS(STORY_FIELDS(ret_story)));
	return query_found(status, "story", id, e);
}

int stories_members(struct store_tx *tx, int64_t id,
	int (*each)(void *ctx, const struct story_member *member), void *ctx, struct err *e)
{
	struct story_member m;
	struct query q;

	query_begin(&q, tx,
		"SELECT i.id, i.feed, " FEED_LABEL ", i.title, i.link,"
		" i.published_ms, i.received_ms, i.read, i.starred, i.pinned > 0, i.reason, "
		"i.score,"
		" i.evidence FROM item i CROSS JOIN feed f ON f.id = i.feed WHERE i.story = ?"
		" AND " FEED_IS_VISIBLE " ORDER BY i.id");
	query_bind(&q, as_int(id));
	while (query_row(&q)) {
		query_read(&q, into(&m.item), into(&m.feed), into(&m.source), into(&m.title),
			into(&m.url), into_time(&m.published_ms), into(&m.received_ms),
			into(&m.read), into(&m.starred), into(&m.pinned), into(&m.reason),
			into(&m.score), into(&m.evidence));
		if (each(ctx, &m) != 0)
			break;
	}
	return query_end(&q, e);
}
