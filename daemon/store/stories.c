/* Stories in the database: opened, joined, listed; their counts are kept, never computed. */
#include "store/stories.h"

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

int stories_find_url(struct store_tx *tx, int64_t url_key, int64_t *ret_id, struct err *e)
{
	return query_find(
		tx, ret_id, e, "SELECT min(story) FROM item WHERE url_key = ?", as_int(url_key));
}

int stories_open(struct store_tx *tx, struct story_join *join, int64_t time_ms, struct err *e)
{
	int status = query_exec(tx, e,
		"INSERT INTO story (rev, updated_ms, items, sources, unread)"
		" VALUES (?, ?, 1, 1, 1)",
		as_int(join->rev), as_int(time_ms));

	if (status == 0)
		join->story = query_last_id(tx);
	return status;
}

int stories_begin(struct store_tx *tx, const struct story_join *join, struct err *e)
{
	return query_exec(tx, e, "UPDATE story SET first_item = ? WHERE id = ?", as_int(join->item),
		as_int(join->story));
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

/* What is selected, and where it goes. */
#define STORY_COLUMNS                                                                              \
	" s.id, s.rev, i.title, i.link, i.excerpt, " FEED_LABEL ","                                \
	" i.received_ms, s.updated_ms, " ITEM_TIME                                                 \
	", s.sources, s.items, s.unread = 0, s.starred > 0"
#define STORY_ROWS                                                                                 \
	" FROM story s CROSS JOIN item i ON i.id = s.first_item"                                   \
	" CROSS JOIN feed f ON f.id = i.feed"
#define STORY_FIELDS(s)                                                                            \
	into(&(s)->id), into(&(s)->rev), into(&(s)->title), into(&(s)->url), into(&(s)->excerpt),  \
		into(&(s)->source), into(&(s)->first_seen_ms), into(&(s)->updated_ms),             \
		into(&(s)->published_ms), into(&(s)->sources), into(&(s)->items),                  \
		into(&(s)->read), into(&(s)->starred)

int stories_list(struct store_tx *tx, const struct story_filter *f, struct page *page,
	int (*each)(void *ctx, const struct story *story), void *ctx, struct err *e)
{
	/* A feed has few stories, so they are looked up; a folder has many, so the newest are
	 * tried. */
	const struct condition conditions[] = {
		{listing_hides(tx), false, LISTING_HIDE, 0},
		{f->feed != 0, true, " AND s.id IN (SELECT story FROM item WHERE feed = ?)",
			f->feed},
		{f->folder != 0, true,
			" AND EXISTS (SELECT 1 FROM item WHERE story = s.id"
			" AND feed IN (SELECT id FROM feed WHERE folder = ?))",
			f->folder},
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
	};
	struct story story;
	struct query q;
	int64_t key;

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
	int status = query_one(tx, arena, e,
		"SELECT" STORY_COLUMNS STORY_ROWS " WHERE s.id = ? AND " FEED_IS_VISIBLE,
		VALUES(as_int(id)), COLUMNS(STORY_FIELDS(ret_story)));

	return query_found(status, "story", id, e);
}

int stories_members(struct store_tx *tx, int64_t id,
	int (*each)(void *ctx, const struct story_member *member), void *ctx, struct err *e)
{
	struct story_member m;
	struct query q;

	query_begin(&q, tx,
		"SELECT i.id, i.feed, " FEED_LABEL ", i.title, i.link,"
		" i.published_ms, i.received_ms, i.read, i.starred, i.reason, i.score,"
		" i.evidence FROM item i CROSS JOIN feed f ON f.id = i.feed WHERE i.story = ?"
		" AND " FEED_IS_VISIBLE " ORDER BY i.id");
	query_bind(&q, as_int(id));
	while (query_row(&q)) {
		query_read(&q, into(&m.item), into(&m.feed), into(&m.source), into(&m.title),
			into(&m.url), into_time(&m.published_ms), into(&m.received_ms),
			into(&m.read), into(&m.starred), into(&m.reason), into(&m.score),
			into(&m.evidence));
		if (each(ctx, &m) != 0)
			break;
	}
	return query_end(&q, e);
}
