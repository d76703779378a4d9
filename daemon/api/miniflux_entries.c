/* Entries as Miniflux tells them: lists, ids alone, one, its text, its enclosures. */
#include <string.h>

#include "api/core.h"
#include "api/miniflux.h"
#include "api/render.h"
#include "base/hash.h"
#include "base/times.h"
#include "store/changes.h"

/* Of an answer: beyond the first, entries are told without their texts, so that none is missing (a
 * byte of text may take six); beyond the second, which only titles and lists of nonsense reach, no
 * more. */
enum {
	TEXTS_MAX = 11 * 1024 * 1024,
	TEXT_FACTOR = 6,
	ENTRIES_MAX = API_REPLY_MAX - 2 * PARSE_ITEM_BYTES_MAX,
};
_Static_assert((int)TEXTS_MAX + STORE_LIST_MAX * 3000 <= (int)ENTRIES_MAX,
	"room for what is beside texts");

/* -- an entry -- */

/* Each feed's object once. */
struct feed_text {
	struct feed_text *next;
	int64_t id;
	size_t len;
	const char *text;
};

struct telling {
	struct http_request *r;
	struct store_tx *tx;
	struct err *e;
	struct json j;
	struct buf html; /* of one entry */
	struct feed_text *feeds;
	int told, code;
	int64_t changed_ms;
};

static const struct feed_text *make_feed(struct telling *t, int64_t id)
{
	struct arena *arena = &t->r->arena, of_row;
	struct feed_text *feed = arena_alloc(arena, sizeof(*feed));
	struct feed row;
	struct json j;
	struct buf out;

	if (!feed) {
		t->code = err_set(t->e, ERR_NOMEM, NULL);
		return NULL;
	}
	arena_init(&of_row, FEED_ARENA_MAX);
	buf_init(&out, API_REPLY_MAX);
	json_init(&j, &out);
	t->code = feeds_get(t->tx, id, &of_row, &row, t->e);
	if (t->code == 0)
		miniflux_put_feed(&j, NULL, &row);
	arena_finish(&of_row);
	if (t->code < 0)
		return NULL;
	*feed = (struct feed_text){.next = t->feeds, .id = id, .len = out.len};
	feed->text = buf_status(&out) < 0 ? NULL : arena_strndup(arena, out.data, out.len);
	buf_finish(&out);
	if (!feed->text)
		t->code = err_set(t->e, ERR_NOMEM, NULL);
	t->feeds = feed;
	return feed;
}

static void put_feed_of(struct telling *t, int64_t id)
{
	const struct feed_text *feed = t->feeds;

	while (feed && feed->id != id)
		feed = feed->next;
	if (!feed)
		feed = make_feed(t, id);
	if (t->code == 0)
		json_put_raw(&t->j, "feed", feed->text, feed->len);
}

/* Where the text of a story is not that of the feed it stands under, its own is named with it. */
static void put_author(struct telling *t, const struct entry *entry)
{
	const struct item_row *item = entry->item;
	const char *author = item->author && *item->author ? item->author : NULL;

	if (entry->first->feed == item->feed) {
		render_url(&t->j, "author", author ? author : "");
		return;
	}
	buf_reset(&t->html);
	buf_printf(&t->html, "%s%s%s", author ? author : "", author ? ", " : "", item->source);
	render_url(&t->j, "author", buf_string(&t->html));
}

static void put_text(struct telling *t, const struct entry *entry)
{
	enum { MINUTE_BYTES = 1500 };
	size_t len;

	buf_reset(&t->html);
	entry_put_html(entry, &t->html);
	len = t->html.len;
	if (t->r->out.len + len * TEXT_FACTOR > TEXTS_MAX)
		buf_reset(&t->html);
	json_put_string(&t->j, "content", buf_string(&t->html));
	json_put_int(&t->j, "reading_time", (int64_t)(len + MINUTE_BYTES - 1) / MINUTE_BYTES);
}

static void put_hash(struct telling *t, const struct entry *entry)
{
	const struct item_row *item = entry->item;
	const char *name = item->guid ? item->guid : entry_title(entry);
	char hash[HASH128_TEXT_BYTES];

	hash128_text(name, strlen(name), hash);
	json_put_string(&t->j, "hash", hash);
}

static void put_members(struct telling *t, const struct entry *entry)
{
	const struct item_row *item = entry->item;
	struct json *j = &t->j;

	json_put_int(j, "id", entry->id);
	json_put_int(j, "user_id", MINIFLUX_USER);
	json_put_int(j, "feed_id", entry->first->feed);
	json_put_string(j, "status", entry->read ? "read" : "unread");
	put_hash(t, entry);
	render_url(j, "title", entry_title(entry));
	render_url(j, "url", item->link ? item->link : "");
	render_url(j, "comments_url", item->comments ? item->comments : "");
	miniflux_put_text(j, "language", item->language);
	miniflux_put_time(j, "published_at", entry->published_ms);
	miniflux_put_time(j, "created_at", item->received_ms);
	miniflux_put_time(
		j, "changed_at", t->changed_ms == TIME_NONE ? item->received_ms : t->changed_ms);
	put_text(t, entry);
	put_author(t, entry);
	json_put_string(j, "share_code", "");
	json_put_bool(j, "starred", entry->starred);
	miniflux_put_enclosures(j, entry);
	if (item->categories)
		json_put_raw(j, "tags", item->categories, strlen(item->categories));
	else
		json_put_raw(j, "tags", "[]", 2);
	put_feed_of(t, entry->first->feed);
}

static int put_entry(void *ctx, const struct entry *entry)
{
	struct telling *t = ctx;

	if (t->r->out.len > ENTRIES_MAX)
		return 1;
	t->code = changes_get_time(t->tx, entry->rev, &t->changed_ms, t->e);
	if (t->code == 0) {
		json_put_object(&t->j, NULL);
		put_members(t, entry);
		json_end(&t->j);
		t->told++;
	}
	return t->code;
}

static int put_entries(
	struct telling *t, const int64_t *ids, int count, int (*each)(void *, const struct entry *))
{
	const struct miniflux_entries *q = t->r->query;
	int code;

	buf_init(&t->html, API_REPLY_MAX);
	code = entries_get(t->tx, ids, count, q->stories, each, t, t->e);
	if (code == 0)
		code = t->code;
	if (code == 0 && buf_status(&t->html) < 0)
		code = err_set(t->e, buf_status(&t->html), NULL);
	buf_finish(&t->html);
	return code;
}

/* -- lists -- */

/* What was asked by times is by numbers of changes now. */
static int find_changes(struct store_tx *tx, struct miniflux_entries *q, struct err *e)
{
	struct item_filter *f = &q->filter;
	int code = 0;

	if (q->changed_after_ms)
		code = changes_find_time(tx, q->changed_after_ms, &f->since_rev, e);
	if (code == 0 && q->changed_before_ms)
		code = changes_find_time(tx, q->changed_before_ms, &f->until_rev, e);
	if (q->changed_before_ms && f->until_rev == 0)
		f->feed = -1; /* nothing is known that is as old */
	return code;
}

struct ids {
	int64_t *ids;
	int count;
};

static int take_id(void *ctx, int64_t id)
{
	struct ids *list = ctx;

	list->ids[list->count++] = id;
	return 0;
}

/* Begins the answer with how many there are in all. */
static int find_ids(
	struct store_tx *tx, struct http_request *r, struct json *j, struct ids *ids, struct err *e)
{
	struct miniflux_entries *q = r->query;
	int64_t total = 0;
	int code;

	ids->ids = arena_alloc(&r->arena, ((size_t)q->page.limit + 1) * sizeof(ids->ids[0]));
	if (!ids->ids)
		return err_set(e, ERR_NOMEM, NULL);
	code = miniflux_check_scope(tx, &q->filter, e);
	if (code == 0)
		code = find_changes(tx, q, e);
	if (code == 0)
		code = items_count(tx, &q->filter, &total, e);
	if (code == 0)
		code = items_list_ids(tx, &q->filter, &q->page, take_id, ids, e);
	if (code < 0)
		return code;
	answer_begin(r, j);
	json_put_int(j, "total", total);
	return 0;
}

int miniflux_run_list(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct telling t = {.r = r, .tx = tx, .e = e};
	struct ids ids = {.count = 0};
	int code = find_ids(tx, r, &t.j, &ids, e);

	if (code < 0)
		return code;
	json_put_array(&t.j, "entries");
	code = put_entries(&t, ids.ids, ids.count, put_entry);
	json_end(&t.j);
	answer_end(&t.j);
	return code;
}

int miniflux_run_ids(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct ids ids = {.count = 0};
	struct json j;
	int code = find_ids(tx, r, &j, &ids, e);

	if (code < 0)
		return code;
	json_put_array(&j, "entry_ids");
	for (int n = 0; n < ids.count; n++)
		json_put_int(&j, NULL, ids.ids[n]);
	json_end(&j);
	answer_end(&j);
	return 0;
}

/* -- one -- */

static int run_one(struct store_tx *tx, struct http_request *r, int64_t id,
	int (*each)(void *, const struct entry *), struct err *e)
{
	struct telling t = {.r = r, .tx = tx, .e = e};
	const struct miniflux_entries *q = r->query;
	int code = miniflux_check_scope(tx, &q->filter, e);

	json_init(&t.j, &r->out);
	if (code == 0)
		code = put_entries(&t, &id, 1, each);
	if (code == 0 && buf_status(&r->out) < 0)
		code = err_set(e, buf_status(&r->out), NULL);
	if (code == 0 && t.told == 0)
		code = err_set(e, ERR_NOT_FOUND, "there is no such entry here");
	buf_putc(&r->out, '\n');
	return code;
}

/* One of another feed or category is not there. */
static int put_one(void *ctx, const struct entry *entry)
{
	struct telling *t = ctx;
	const struct item_filter *f = &((const struct miniflux_entries *)t->r->query)->filter;
	struct feed feed = {0};

	if (f->feed && f->feed != entry->first->feed)
		return 1;
	if (f->folder)
		t->code = feeds_get(t->tx, entry->first->feed, &t->r->arena, &feed, t->e);
	if (t->code < 0 || (f->folder > 0 && feed.folder_id != f->folder) ||
		(f->folder < 0 && feed.folder_id))
		return 1;
	return put_entry(t, entry);
}

int miniflux_run_one(struct store_tx *tx, struct http_request *r, struct err *e)
{
	return run_one(tx, r, r->id, put_one, e);
}

static int put_content(void *ctx, const struct entry *entry)
{
	struct telling *t = ctx;

	json_put_object(&t->j, NULL);
	put_text(t, entry);
	json_end(&t->j);
	t->told++;
	return 0;
}

/* What the feed says: pages are not asked for their texts. */
int miniflux_run_content(struct store_tx *tx, struct http_request *r, struct err *e)
{
	return run_one(tx, r, r->id, put_content, e);
}

static int put_enclosure(void *ctx, const struct entry *entry)
{
	struct telling *t = ctx;

	t->told += miniflux_put_enclosure(&t->j, entry, t->r->id);
	return 0;
}

int miniflux_run_enclosure(struct store_tx *tx, struct http_request *r, struct err *e)
{
	return run_one(tx, r, miniflux_enclosure_entry(r->id), put_enclosure, e);
}
