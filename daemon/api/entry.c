/* Views of newsreaders: which entries they have, and what is told of the outlets of a story. */
#include "api/entry.h"

#include <jansson.h>
#include <string.h>

#include "api/params.h"
#include "base/times.h"
#include "base/url.h"
#include "base/xml.h"
#include "limits.h"
#include "store/feeds.h"
#include "store/folders.h"
#include "store/labels.h"
#include "store/stories.h"

/* -- views -- */

static const struct {
	const char *name, *title;
	bool more; /* a number or a name follows */
} kinds[] = {
	[VIEW_ALL] = {"all", "All", false},
	[VIEW_UNREAD] = {"unread", "Unread", false},
	[VIEW_STARRED] = {"starred", "Starred", false},
	[VIEW_FEED] = {"feed", NULL, true},
	[VIEW_FOLDER] = {"folder", NULL, true},
	[VIEW_LABEL] = {"label", NULL, true},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

int view_parse(struct slice path, struct arena *arena, struct view *ret_view)
{
	const char *slash = memchr(path.at, '/', path.len);
	struct slice word = {path.at, slash ? (size_t)(slash - path.at) : path.len};
	struct slice rest = {path.at + word.len + (slash != NULL), 0};
	char *name = NULL;
	int kind = 0;

	while (kind < KINDS && !slice_is(word, kinds[kind].name))
		kind++;
	if (kind == KINDS || kinds[kind].more != (slash != NULL))
		return ERR_NOT_FOUND;
	rest.len = path.len - (size_t)(rest.at - path.at);
	int code = http_decode(arena, rest, HTTP_CODED_PATH, &name);
	if (code == 0 && kind == VIEW_FEED)
		code = params_parse_int(name, 1, INT64_MAX, &ret_view->feed);
	if (code < 0)
		return code == ERR_NOMEM ? code : ERR_NOT_FOUND;
	ret_view->kind = (enum view_kind)kind;
	ret_view->name = name;
	return 0;
}

static int feed_title(
	struct store_tx *tx, int64_t id, struct arena *arena, const char **ret_title, struct err *e)
{
	struct feed feed;
	int code = feeds_get(tx, id, arena, &feed, e);

	if (code == 0)
		*ret_title = feed.label;
	return code;
}

/* The folder or label; 0: the view is of neither. */
static int find_named(struct store_tx *tx, const struct view *view, int64_t *ret_id, struct err *e)
{
	int code = 0;

	*ret_id = 0;
	if (view->kind == VIEW_FOLDER)
		code = folders_find(tx, view->name, ret_id, e);
	else if (view->kind == VIEW_LABEL)
		code = labels_find(tx, view->name, ret_id, e);
	else
		return 0;
	if (code == 0 && *ret_id == 0)
		code = err_set(
			e, ERR_NOT_FOUND, "there is no %s of that name", kinds[view->kind].name);
	return code;
}

int view_title(struct store_tx *tx, const struct view *view, struct arena *arena,
	const char **ret_title, struct err *e)
{
	int64_t named;

	*ret_title = kinds[view->kind].more ? view->name : kinds[view->kind].title;
	if (view->kind == VIEW_FEED)
		return feed_title(tx, view->feed, arena, ret_title, e);
	return find_named(tx, view, &named, e);
}

/* -- items -- */

struct entries {
	struct store_tx *tx;
	int (*each)(void *ctx, const struct entry *entry);
	void *ctx;
	struct arena arena; /* the stories of the page */
	struct story_place {
		struct story_place *next;
		struct story story;
	} * first, **last;
	int code;
};

static int put_item(void *ctx, const struct item_row *row)
{
	struct entries *l = ctx;
	const struct entry entry = {
		.id = row->id,
		.rev = row->rev,
		.published_ms =
			row->published_ms == TIME_NONE ? row->received_ms : row->published_ms,
		.updated_ms = row->updated_ms == TIME_NONE ? row->received_ms : row->updated_ms,
		.read = row->read,
		.starred = row->starred,
		.item = row,
		.first = row,
		.also = "",
	};

	return l->each(l->ctx, &entry);
}

static int list_items(
	struct entries *l, const struct view *view, int64_t named, struct page *page, struct err *e)
{
	const struct item_filter filter = {
		.feed = view->feed,
		.folder = view->kind == VIEW_FOLDER ? named : 0,
		.label = view->kind == VIEW_LABEL ? named : 0,
		.read = view->kind == VIEW_UNREAD ? -1 : 0,
		.starred = view->kind == VIEW_STARRED ? 1 : 0,
		.with_content = true,
	};

	return items_list(l->tx, &filter, page, put_item, l, e);
}

/* -- stories -- */

/* Which they are is noted first: a list that is being read should not be read in. */
static int note_story(void *ctx, const struct story *story)
{
	struct entries *l = ctx;
	struct story_place *place = arena_alloc(&l->arena, sizeof(*place));

	if (!place) {
		l->code = ERR_NOMEM;
		return 1;
	}
	*place = (struct story_place){.story = *story};
	*l->last = place;
	l->last = &place->next;
	return 0;
}

struct outlets {
	struct buf *out;
	int64_t shown; /* the item whose text it stands under */
	int64_t feed;  /* of that */
	int count;
};

static int put_outlet(void *ctx, const struct story_member *member)
{
	struct outlets *o = ctx;

	if (member->item == o->shown || member->feed == o->feed)
		return 0;
	if (o->count == ENTRY_OUTLETS_MAX) {
		buf_puts(o->out, "<li>…</li>");
		return 1;
	}
	buf_puts(o->out, o->count++ ? "<li>" : "<p>Also told by</p><ul><li>");
	xml_put_shown(o->out, member->source);
	buf_puts(o->out, ": ");
	if (member->url && url_is_http(member->url)) {
		buf_puts(o->out, "<a");
		xml_put_url(o->out, "href", member->url);
		buf_putc(o->out, '>');
		xml_put_text(o->out, member->title ? member->title : "…");
		buf_puts(o->out, "</a>");
	} else {
		xml_put_text(o->out, member->title ? member->title : "…");
	}
	buf_puts(o->out, "</li>");
	return 0;
}

/* Strings of `story` are not valid any more; `also` and `texts` are used again for each. */
static int put_story(struct entries *l, const struct story *story, struct buf *also,
	struct arena *texts, struct err *e)
{
	struct item_row row = {.rev = 0}, first = {.rev = 0};
	int code = items_get(l->tx, story->lead, texts, &row, e);
	struct outlets outlets = {also, story->lead, code == 0 ? row.feed : 0, 0};

	if (code == 0)
		code = stories_members(l->tx, story->id, put_outlet, &outlets, e);
	if (code == 0)
		code = labels_of_story(l->tx, story->id, texts, &row.labels, e);
	if (code == 0 && story->first != story->lead)
		code = items_get_brief(l->tx, story->first, texts, &first, e);
	if (code < 0)
		return code;
	if (outlets.count)
		buf_puts(also, "</ul>");
	if (buf_status(also) < 0)
		return err_set(e, buf_status(also), NULL);
	const struct item_row *told = story->first == story->lead ? &row : &first;
	const struct entry entry = {
		.id = story->first,
		.rev = story->rev > told->rev ? story->rev : told->rev,
		.published_ms = story->published_ms,
		.updated_ms = story->updated_ms,
		.read = story->read,
		.starred = story->starred,
		.item = &row,
		.first = told,
		.also = buf_string(also),
	};
	return l->each(l->ctx, &entry);
}

static int put_stories(struct entries *l, struct err *e)
{
	struct arena texts;
	struct buf also;
	int code = 0;

	buf_init(&also, API_REPLY_MAX);
	for (const struct story_place *p = l->first; p && code == 0; p = p->next) {
		arena_init(&texts, API_REPLY_MAX);
		code = put_story(l, &p->story, &also, &texts, e);
		code = code == ERR_NOT_FOUND ? 0 : code; /* a feed of it is being deleted */
		arena_finish(&texts);
		buf_reset(&also);
	}
	buf_finish(&also);
	return code < 0 ? code : 0;
}

static int list_stories(
	struct entries *l, const struct view *view, int64_t named, struct page *page, struct err *e)
{
	const struct story_filter filter = {
		.feed = view->feed,
		.folder = view->kind == VIEW_FOLDER ? named : 0,
		.label = view->kind == VIEW_LABEL ? named : 0,
		.read = view->kind == VIEW_UNREAD ? -1 : 0,
		.starred = view->kind == VIEW_STARRED ? 1 : 0,
	};

	arena_init(&l->arena, API_REPLY_MAX);
	l->last = &l->first;
	int code = stories_list(l->tx, &filter, page, note_story, l, e);
	if (code == 0 && l->code)
		code = err_set(e, l->code, NULL);
	if (code == 0)
		code = put_stories(l, e);
	arena_finish(&l->arena);
	return code;
}

int entries_list(struct store_tx *tx, const struct view *view,
	int (*each)(void *ctx, const struct entry *entry), void *ctx, struct err *e)
{
	struct entries l = {.tx = tx, .each = each, .ctx = ctx};
	struct page page = {.limit = view->limit};
	int64_t named;
	int code = find_named(tx, view, &named, e);

	if (code < 0)
		return code;
	return view->stories ? list_stories(&l, view, named, &page, e)
			     : list_items(&l, view, named, &page, e);
}

/* -- by ids -- */

static int get_story(struct entries *l, int64_t item, struct err *e)
{
	struct item_row row;
	struct story story;
	struct arena texts;
	struct buf also;

	arena_init(&texts, API_REPLY_MAX);
	buf_init(&also, API_REPLY_MAX);
	int code = items_get_brief(l->tx, item, &texts, &row, e);
	if (code == 0)
		code = stories_get(l->tx, row.story, &texts, &story, e);
	if (code == 0)
		code = put_story(l, &story, &also, &texts, e);
	buf_finish(&also);
	arena_finish(&texts);
	return code;
}

int entries_get(struct store_tx *tx, const int64_t *ids, int count, bool stories,
	int (*each)(void *ctx, const struct entry *entry), void *ctx, struct err *e)
{
	struct entries l = {.tx = tx, .each = each, .ctx = ctx};
	int code = 0;

	if (!stories)
		return items_get_many(tx, ids, count, true, put_item, &l, e);
	for (int n = 0; n < count && code == 0; n++) {
		code = get_story(&l, ids[n], e);
		if (code == ERR_NOT_FOUND)
			code = 0;
		if (code < 0)
			return code;
	}
	return 0;
}

const char *entry_title(const struct entry *entry)
{
	const struct item_row *item = entry->item;

	return item->title && *item->title ? item->title : item->link ? item->link : "(no title)";
}

json_t *entry_list(const char *text, struct buf *out)
{
	json_t *list = text ? json_loads(text, 0, NULL) : NULL;

	if (text && !list)
		out->failure = ERR_NOMEM;
	return list;
}

void entry_attachments(const struct entry *entry, struct buf *out,
	void (*each)(void *ctx, const struct attachment *one), void *ctx)
{
	json_t *list = entry_list(entry->item->enclosures, out), *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		const struct attachment attachment = {
			.place = i,
			.url = json_string_value(json_object_get(one, "url")),
			.type = json_string_value(json_object_get(one, "type")),
			.length = json_integer_value(json_object_get(one, "length")),
		};
		if (attachment.url)
			each(ctx, &attachment);
	}
	json_decref(list);
}

void entry_put_html(const struct entry *entry, struct buf *out)
{
	const struct item_row *item = entry->item;
	const char *html = item->content ? item->content : item->summary;

	buf_puts(out, html ? html : "");
	buf_puts(out, entry->also);
}

const char *entry_html(const struct entry *entry, struct buf *scratch, struct buf *out)
{
	buf_reset(scratch);
	entry_put_html(entry, scratch);
	if (buf_status(scratch) < 0)
		out->failure = buf_status(scratch);
	return buf_string(scratch);
}
