/* Items in the database: found by identity, inserted, revised, listed. */
#include "store/items.h"

#include <string.h>

#include "limits.h"
#include "store/listing.h"
#include "store/schema.h"

int items_find(struct store_tx *tx, int64_t feed, int64_t key, int64_t *ret_id,
	struct item_mark *ret_mark, struct err *e)
{
	*ret_id = 0;
	int status = query_one(tx, NULL, e,
		"SELECT id, digest, words, updated_ms FROM item WHERE feed = ? AND key = ?",
		VALUES(as_int(feed), as_int(key)),
		COLUMNS(into(ret_id), into(&ret_mark->digest), into(&ret_mark->words),
			into_time(&ret_mark->updated_ms)));

	return status < 0 ? status : 0;
}

int items_has_any(struct store_tx *tx, int64_t feed, bool *ret_has, struct err *e)
{
	int64_t has = 0;
	int status = query_find(tx, &has, e,
		"SELECT EXISTS (SELECT 1 FROM item WHERE feed = ?1)"
		" OR EXISTS (SELECT 1 FROM dropped WHERE feed = ?1)",
		as_int(feed));

	*ret_has = has != 0;
	return status;
}

int items_newest(struct store_tx *tx, int64_t feed, int limit, int (*each)(void *ctx, int64_t id),
	void *ctx, struct err *e)
{
	struct query q;
	int64_t id;

	query_begin(&q, tx, "SELECT id FROM item WHERE feed = ? ORDER BY id DESC LIMIT ?");
	query_bind(&q, as_int(feed), as_int(limit));
	while (query_row(&q)) {
		query_read(&q, into(&id));
		if (each(ctx, id) != 0)
			break;
	}
	return query_end(&q, e);
}

int items_get_face(struct store_tx *tx, int64_t id, struct arena *arena, struct item_face *ret_face,
	struct err *e)
{
	int status = query_one(tx, arena, e,
		"SELECT digest, words, updated_ms, url_key, published_ms, title, link, excerpt"
		" FROM item WHERE id = ?",
		VALUES(as_int(id)),
		COLUMNS(into(&ret_face->mark.digest), into(&ret_face->mark.words),
			into_time(&ret_face->mark.updated_ms), into(&ret_face->url_key),
			into_time(&ret_face->published_ms), into(&ret_face->title),
			into(&ret_face->link), into(&ret_face->excerpt)));

	return query_found(status, "item", id, e);
}

int items_rekey(struct store_tx *tx, int64_t id, const struct item_draft *draft, int64_t url_key,
	const char *link, int64_t digest, int64_t rev, struct err *e)
{
	return query_exec(tx, e,
		"UPDATE item SET key = ?, guid = ?, url_key = ?, link = ?, digest = ?,"
		" rev = iif(?7, ?7, rev) WHERE id = ?6",
		as_int(draft->key), as_text(draft->item->id), as_id(url_key), as_text(link),
		as_int(digest), as_int(id), as_int(rev));
}

/* The texts are long: they are measured once. */
struct texts {
	size_t summary, content;
};

static struct texts measure(const struct item *item)
{
	return (struct texts){item->summary ? strlen(item->summary) : 0,
		item->content ? strlen(item->content) : 0};
}

/* Insert and revise share the columns of the draft, from the first parameter on. */
static void bind_draft(
	struct query *q, const struct item_draft *draft, struct texts len, int64_t rev)
{
	const struct item *item = draft->item;

	query_bind(q, as_int(rev), as_int(draft->digest), as_id(draft->words),
		as_time(item->updated_ms), as_text(item->id), as_text(item->title),
		as_text(item->link), as_text(draft->author), as_text(draft->excerpt),
		as_text(draft->enclosures), as_text(draft->categories), as_text(item->comments),
		as_text(item->thumbnail), as_text(item->language), as_text(item->extensions),
		as_int((int64_t)(len.summary + len.content)), as_time(item->published_ms));
}

static int insert_texts(
	struct store_tx *tx, int64_t id, const struct item *item, struct texts len, struct err *e)
{
	if (!item->summary && !item->content)
		return 0;
	return query_exec(tx, e, "INSERT INTO item_text (id, summary, content) VALUES (?, ?, ?)",
		as_int(id), as_text_len(item->summary, len.summary),
		as_text_len(item->content, len.content));
}

/* AUTOINCREMENT remembers the greatest id given; what .recover saved may lack it. */
int items_next_id(struct store_tx *tx, int64_t *ret_id, struct err *e)
{
	return query_find(tx, ret_id, e,
		"SELECT 1 + max(coalesce((SELECT max(id) FROM item), 0),"
		" coalesce((SELECT seq FROM sqlite_sequence WHERE name = ?), 0))",
		as_text("item"));
}

int items_insert(struct store_tx *tx, const struct story_join *join, const struct item_draft *draft,
	int64_t rev, struct err *e)
{
	struct texts len = measure(draft->item);
	struct query q;
	int status;

	query_begin(&q, tx,
		"INSERT INTO item (rev, digest, words, updated_ms, guid, title, link,"
		" author, excerpt, enclosures, categories, comments, thumbnail, language,"
		" extensions, bytes, published_ms, feed, story, key, received_ms, url_key, reason,"
		" score, evidence, copy_of, read, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
		" ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
	bind_draft(&q, draft, len, rev);
	query_bind(&q, as_int(join->feed), as_int(join->story), as_int(draft->key),
		as_int(join->now_ms), as_id(join->url_key), as_int(join->reason),
		as_double(join->score), as_text(join->evidence), as_id(join->copy_of),
		as_int(join->read), as_int(join->item));
	query_row(&q);
	status = query_end(&q, e);
	return status ? status : insert_texts(tx, join->item, draft->item, len, e);
}

/* The earlier text goes from row to row inside SQLite. */
static int keep_revision(
	struct store_tx *tx, int64_t id, enum edit edit, int64_t now_ms, struct err *e)
{
	int status = query_exec(tx, e,
		"INSERT INTO revision (item, kind, replaced_ms, title, link, summary, content)"
		" SELECT i.id, ?, ?, i.title, i.link, t.summary, t.content"
		" FROM item i LEFT JOIN item_text t ON t.id = i.id WHERE i.id = ?",
		as_int(edit), as_int(now_ms), as_int(id));

	if (status)
		return status;
	return query_exec(tx, e,
		"DELETE FROM revision WHERE id IN"
		" (SELECT id FROM revision WHERE item = ? AND kind = ?"
		"  ORDER BY id DESC LIMIT -1 OFFSET ?)",
		as_int(id), as_int(edit),
		as_int(edit == EDIT_MARKUP ? ITEM_MARKUP_MAX : ITEM_REVISIONS_MAX));
}

/* A corrected date moves the item's story, too. */
static int retime_story(struct store_tx *tx, int64_t id, struct err *e)
{
	return query_exec(tx, e,
		"UPDATE story SET updated_ms = (SELECT max(" ITEM_TIME
		") FROM item i WHERE i.story = story.id) WHERE id = (SELECT story FROM item WHERE "
		"id = ?)",
		as_int(id));
}

static int replace_row(struct store_tx *tx, int64_t id, const struct item_draft *draft,
	struct texts len, enum edit edit, int64_t rev, struct err *e)
{
	struct query q;
	int status;

	query_begin(&q, tx,
		"UPDATE item SET rev = ?, digest = ?, words = ?, updated_ms = ?, guid = ?,"
		" title = ?, link = ?, author = ?, excerpt = ?, enclosures = ?, categories = ?,"
		" comments = ?, thumbnail = ?, language = ?, extensions = ?, bytes = ?,"
		" published_ms = iif(?18, published_ms, ?17), revisions = (SELECT count(*)"
		" FROM revision r WHERE r.item = ?19 AND r.kind = 0) WHERE id = ?19");
	bind_draft(&q, draft, len, rev);
	query_bind(&q, as_int(edit == EDIT_MARKUP), as_int(id));
	query_row(&q);
	status = query_end(&q, e);
	return status ? status : query_found(query_changes(tx), "item", id, e);
}

int items_revise(struct store_tx *tx, int64_t id, const struct item_draft *draft, enum edit edit,
	int64_t now_ms, int64_t rev, struct err *e)
{
	struct texts len = measure(draft->item);
	int status;

	if (edit == EDIT_DATE)
		return query_exec(tx, e, "UPDATE item SET rev = ?, updated_ms = ? WHERE id = ?",
			as_int(rev), as_time(draft->item->updated_ms), as_int(id));
	status = keep_revision(tx, id, edit, now_ms, e);
	if (status == 0)
		status = replace_row(tx, id, draft, len, edit, rev, e);
	if (status == 0 && edit == EDIT_TEXT)
		status = retime_story(tx, id, e);
	if (status == 0)
		status = query_exec(tx, e, "DELETE FROM item_text WHERE id = ?", as_int(id));
	return status ? status : insert_texts(tx, id, draft->item, len, e);
}

int items_list_revisions(struct store_tx *tx, int64_t id,
	int (*each)(void *ctx, const struct item_row *text, enum edit edit, int64_t replaced_ms),
	void *ctx, struct err *e)
{
	struct item_row text = {0};
	int64_t replaced_ms;
	struct query q;
	int edit;

	query_begin(&q, tx,
		"SELECT kind, replaced_ms, title, link, summary, content FROM revision"
		" WHERE item = ? ORDER BY id DESC");
	query_bind(&q, as_int(id));
	while (query_row(&q)) {
		query_read(&q, into(&edit), into(&replaced_ms), into(&text.title), into(&text.link),
			into(&text.summary), into(&text.content));
		if (each(ctx, &text, (enum edit)edit, replaced_ms))
			break;
	}
	return query_end(&q, e);
}

int items_is_restless(
	struct store_tx *tx, int64_t id, int64_t now_ms, bool *ret_restless, struct err *e)
{
	int64_t count;
	int status = query_find(tx, &count, e,
		"SELECT count(*) FROM revision WHERE item = ? AND kind = ? AND replaced_ms > ?",
		as_int(id), as_int(EDIT_MARKUP), as_int(now_ms - ITEM_SETTLE_MS));

	*ret_restless = status == 0 && count >= ITEM_MARKUP_MAX;
	return status;
}

/* Names in their order, as a JSON array; most items have none. */
#define ITEM_LABELS                                                                                \
	"iif(EXISTS (SELECT 1 FROM item_label WHERE item = i.id),"                                 \
	" (SELECT json_group_array(name) FROM (SELECT n.name FROM item_label b CROSS JOIN label n" \
	" ON n.id = b.label WHERE b.item = i.id ORDER BY n.name)), NULL)"

/* What is selected, and where it goes. */
#define ITEM_COLUMNS                                                                               \
	" i.id, i.rev, i.feed, i.story, " FEED_LABEL ", i.guid, i.title,"                          \
	" i.link, i.author, i.published_ms, i.updated_ms, i.received_ms, i.excerpt,"               \
	" i.enclosures, i.categories, i.comments, i.thumbnail, i.language, i.extensions, i.read,"  \
	" i.starred, i.revisions, " ITEM_LABELS
#define ITEM_TEXTS ", t.summary, t.content"
#define NO_TEXTS   ", NULL, NULL"
#define ITEM_FIELDS(i)                                                                             \
	into(&(i)->id), into(&(i)->rev), into(&(i)->feed), into(&(i)->story), into(&(i)->source),  \
		into(&(i)->guid), into(&(i)->title), into(&(i)->link), into(&(i)->author),         \
		into_time(&(i)->published_ms), into_time(&(i)->updated_ms),                        \
		into(&(i)->received_ms), into(&(i)->excerpt), into(&(i)->enclosures),              \
		into(&(i)->categories), into(&(i)->comments), into(&(i)->thumbnail),               \
		into(&(i)->language), into(&(i)->extensions), into(&(i)->read),                    \
		into(&(i)->starred), into(&(i)->revisions), into(&(i)->labels),                    \
		into(&(i)->summary), into(&(i)->content)

static int get_item(struct store_tx *tx, const char *sql, int64_t id, struct arena *arena,
	struct item_row *ret_row, struct err *e)
{
	int status =
		query_one(tx, arena, e, sql, VALUES(as_int(id)), COLUMNS(ITEM_FIELDS(ret_row)));

	return query_found(status, "item", id, e);
}

#define ITEM_IS " WHERE i.id = ? AND " FEED_IS_VISIBLE
static const char select_item[] =
	"SELECT" ITEM_COLUMNS ITEM_TEXTS
	" FROM item i JOIN feed f ON f.id = i.feed LEFT JOIN item_text t ON t.id = i.id" ITEM_IS;
static const char select_brief[] =
	"SELECT" ITEM_COLUMNS NO_TEXTS " FROM item i JOIN feed f ON f.id = i.feed" ITEM_IS;

int items_get(struct store_tx *tx, int64_t id, struct arena *arena, struct item_row *ret_row,
	struct err *e)
{
	return get_item(tx, select_item, id, arena, ret_row, e);
}

int items_get_brief(struct store_tx *tx, int64_t id, struct arena *arena, struct item_row *ret_row,
	struct err *e)
{
	return get_item(tx, select_brief, id, arena, ret_row, e);
}

/* A new report, or reading, is of the story; a new text of the item. */
#define STORY_REV "max(i.rev, (SELECT rev FROM story WHERE id = i.story))"

/* How each order sorts. */
static const char *const order_keys[] = {
	[ITEMS_BY_ID] = "i.id",
	[ITEMS_BY_PUBLISHED] = "coalesce(i.published_ms, i.received_ms)",
	[ITEMS_BY_REV] = "i.rev",
};

static const char *order_key(const struct item_filter *f)
{
	bool by_story = f->stories && f->order == ITEMS_BY_REV;

	return by_story ? STORY_REV : order_keys[f->order];
}

/* The ids are chosen and sorted first, in indexes as far as there are any, and only the rows of
 * those few are read. */
#define ITEM_CHOICE " FROM (SELECT i.id AS id FROM item i WHERE 1"
#define ITEM_ROWS                                                                                  \
	") AS chosen CROSS JOIN item i ON i.id = chosen.id CROSS JOIN feed f ON f.id = i.feed"
#define ITEM_TEXT_ROWS " LEFT JOIN item_text t ON t.id = i.id"

enum { ITEM_CONDITIONS = 36 };

static void put_conditions(struct condition *out, const struct condition *list, int count)
{
	while (out->sql)
		out++;
	memcpy(out, list, (size_t)count * sizeof(*list));
	out[count].sql = NULL;
}

#define PUT_CONDITIONS(out, list) put_conditions(out, list, (int)(sizeof(list) / sizeof((list)[0])))

/* Of a window all are tried, else those that have it are looked up. */
static void filter_state(const struct item_filter *f, struct condition *out)
{
	const bool window = f->after_id && f->before_id;
	const struct condition conditions[] = {
		{f->label && window, true,
			" AND EXISTS (SELECT 1 FROM item_label WHERE label = ? AND item = i.id)",
			f->label},
		{f->label && !window, true,
			" AND i.id IN (SELECT item FROM item_label WHERE label = ?)", f->label},
		{f->read < 0, false, " AND i.read = 0", 0},
		{f->read > 0, false, " AND i.read = 1", 0},
		{f->starred < 0, false, " AND i.starred = 0", 0},
		{f->starred > 0, false, " AND i.starred = 1", 0},
	};

	PUT_CONDITIONS(out, conditions);
}

/* The same of the story of which it is the first item. */
static void filter_story(const struct item_filter *f, struct condition *out)
{
	const bool window = f->after_id && f->before_id;
#define STORY_IS(condition) " AND EXISTS (SELECT 1 FROM story WHERE id = i.story AND " condition ")"
	const struct condition conditions[] = {
		{true, false, STORY_IS("first_item = i.id"), 0},
		{f->label && window, true,
			" AND EXISTS (SELECT 1 FROM item o JOIN item_label b ON b.item = o.id"
			" WHERE o.story = i.story AND b.label = ?)",
			f->label},
		{f->label && !window, true,
			" AND i.story IN (SELECT o.story FROM item_label b JOIN item o ON o.id ="
			" b.item WHERE b.label = ?)",
			f->label},
		{f->read < 0 && window, false, STORY_IS("unread > 0"), 0},
		{f->read < 0 && !window, false,
			" AND i.id IN (SELECT first_item FROM story WHERE unread > 0)", 0},
		{f->read > 0, false, STORY_IS("unread = 0"), 0},
		{f->starred < 0, false, STORY_IS("starred = 0"), 0},
		{f->starred > 0 && window, false, STORY_IS("starred > 0"), 0},
		{f->starred > 0 && !window, false,
			" AND i.id IN (SELECT first_item FROM story WHERE starred > 0)", 0},
	};

	PUT_CONDITIONS(out, conditions);
}

static void filter_without(const struct item_filter *f, struct condition *out)
{
	for (int n = 0; n < ITEM_WITHOUT_MAX; n++) {
		const int64_t feed = f->without[n].feed, folder = f->without[n].folder;
		const int64_t label = f->without[n].label;
		const struct condition conditions[] = {
			{feed != 0, true, " AND i.feed <> ?", feed},
			{folder > 0, true,
				" AND i.feed NOT IN (SELECT id FROM feed WHERE folder = ?)",
				folder},
			{folder < 0, false,
				" AND i.feed IN (SELECT id FROM feed WHERE folder IS NOT NULL)", 0},
			{label != 0 && !f->stories, true,
				" AND i.id NOT IN (SELECT item FROM item_label WHERE label = ?)",
				label},
			{label != 0 && f->stories, true,
				" AND i.story NOT IN (SELECT o.story FROM item_label b JOIN item o"
				" ON o.id = b.item WHERE b.label = ?)",
				label},
		};
		for (int k = 0; k < 5; k++)
			if (conditions[k].on)
				put_conditions(out, &conditions[k], 1);
	}
}

/* `out` has room for ITEM_CONDITIONS. A story goes by its own id, or the one's that it was merged
 * into. */
static int filter_items(
	struct store_tx *tx, const struct item_filter *f, struct condition *out, struct err *e)
{
	int64_t story = 0;
	bool hides;
	int status = listing_hides(tx, &hides, e);

	if (status == 0 && f->story)
		status = stories_find(tx, f->story, &story, e);
	const struct condition conditions[] = {
		{hides, false, LISTING_HIDE, 0},
		{f->feed != 0, true, " AND i.feed = ?", f->feed},
		{f->folder > 0, true, " AND i.feed IN (SELECT id FROM feed WHERE folder = ?)",
			f->folder},
		{f->folder < 0, false, " AND i.feed IN (SELECT id FROM feed WHERE folder IS NULL)",
			0},
		{f->story != 0, true, " AND i.story = ?", story},
		{f->after_id > 0, true, " AND i.id > ?", f->after_id},
		{f->before_id > 0, true, " AND i.id < ?", f->before_id},
		{f->since_rev > 0 && !f->stories, true, " AND i.rev > ?", f->since_rev},
		{f->since_rev > 0 && f->stories, true,
			" AND i.id IN (WITH s(rev) AS (VALUES (?)) SELECT first_item FROM s"
			" CROSS JOIN story t WHERE t.rev > s.rev UNION ALL"
			" SELECT o.id FROM s CROSS JOIN item o WHERE o.rev > s.rev)",
			f->since_rev},
		{f->until_rev > 0 && !f->stories, true, " AND i.rev <= ?", f->until_rev},
		{f->until_rev > 0 && f->stories, true, " AND " STORY_REV " <= ?", f->until_rev},
		{f->received_after_ms > 0, true, " AND i.received_ms > ?", f->received_after_ms},
		{f->received_before_ms > 0, true, " AND i.received_ms < ?", f->received_before_ms},
		{f->published_after_ms > 0, true,
			" AND coalesce(i.published_ms, i.received_ms) > ?", f->published_after_ms},
		{f->published_before_ms > 0, true,
			" AND coalesce(i.published_ms, i.received_ms) < ?", f->published_before_ms},
	};

	_Static_assert(
		sizeof(conditions) / sizeof(conditions[0]) + 9 + ITEM_WITHOUT_MAX < ITEM_CONDITIONS,
		"room");
	out->sql = NULL;
	PUT_CONDITIONS(out, conditions);
	if (f->stories)
		filter_story(f, out);
	else
		filter_state(f, out);
	filter_without(f, out);
	return status;
}

int items_list(struct store_tx *tx, const struct item_filter *f, struct page *page,
	int (*each)(void *ctx, const struct item_row *row), void *ctx, struct err *e)
{
	struct condition conditions[ITEM_CONDITIONS];
	int status = filter_items(tx, f, conditions, e);
	const struct listing l = {
		.columns = f->with_content ? ITEM_COLUMNS ITEM_TEXTS : ITEM_COLUMNS NO_TEXTS,
		.rows = ITEM_CHOICE,
		.conditions = conditions,
		.key = order_key(f),
		.id = "i.id",
		.tail = f->with_content ? ITEM_ROWS ITEM_TEXT_ROWS : ITEM_ROWS,
		.max = STORE_LIST_MAX,
	};
	struct item_row row;
	struct query q;
	int64_t key;

	if (status)
		return status;
	for (int left = listing_begin(&q, tx, &l, page); query_row(&q); left--) {
		query_read(&q, into(&key), ITEM_FIELDS(&row));
		page->more = left == 0 || each(ctx, &row) != 0;
		if (page->more)
			break;
		page->key = key;
		page->id = row.id;
	}
	return query_end(&q, e);
}

int items_list_ids(struct store_tx *tx, const struct item_filter *f, struct page *page,
	int (*each)(void *ctx, int64_t id), void *ctx, struct err *e)
{
	struct condition conditions[ITEM_CONDITIONS];
	int status = filter_items(tx, f, conditions, e);
	const struct listing l = {
		.columns = " i.id",
		.rows = " FROM item i WHERE 1",
		.conditions = conditions,
		.key = order_key(f),
		.id = "i.id",
		.max = STORE_IDS_MAX,
	};
	int64_t key, id;
	struct query q;

	if (status)
		return status;
	for (int left = listing_begin(&q, tx, &l, page); query_row(&q); left--) {
		query_read(&q, into(&key), into(&id));
		page->more = left == 0 || each(ctx, id) != 0;
		if (page->more)
			break;
		page->key = key;
		page->id = id;
	}
	return query_end(&q, e);
}

int items_count(struct store_tx *tx, const struct item_filter *f, int64_t *ret_count, struct err *e)
{
	struct condition conditions[ITEM_CONDITIONS];
	int status = filter_items(tx, f, conditions, e);

	*ret_count = 0;
	return status ? status
		      : listing_count(tx, "SELECT count(*) FROM item i WHERE 1", conditions,
				ret_count, e);
}

/* One by one: a list of rows would be sorted with all their texts. */
int items_get_many(struct store_tx *tx, const int64_t *ids, int count, bool with_content,
	int (*each)(void *ctx, const struct item_row *row), void *ctx, struct err *e)
{
	struct item_row row;
	int status = 0;
	bool more = true;

	for (int n = 0; n < count && more && status == 0; n++) {
		struct query q;

		query_begin(&q, tx, with_content ? select_item : select_brief);
		query_bind(&q, as_int(ids[n]));
		if (query_row(&q)) {
			query_read(&q, ITEM_FIELDS(&row));
			more = each(ctx, &row) == 0;
		}
		status = query_end(&q, e);
	}
	return status;
}
