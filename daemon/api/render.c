/* The JSON objects of the interface: a table of members for each noun. */
#include "api/render.h"

#include <stdio.h>
#include <string.h>

#include "api/params.h"
#include "base/times.h"
#include "base/url.h"
#include "limits.h"

/* How a member is read from its row. */
enum member_type {
	SHOW_ID,      /* int64_t; 0 is null */
	SHOW_COUNT,   /* int64_t */
	SHOW_SECONDS, /* int64_t, milliseconds; 0 is null */
	SHOW_INT,     /* int */
	SHOW_STATUS,  /* int; 0 is null */
	SHOW_BOOL,
	SHOW_TEXT,
	SHOW_URL, /* text, see render_url() */
	SHOW_TIME,
	SHOW_LIST,  /* text that is a JSON array already; NULL is an empty one */
	SHOW_MAP,   /* the same with an object */
	SHOW_LEVEL, /* of stories; inherited is null */
	SHOW_WITH,  /* by a function */
};

struct member {
	const char *name;
	enum member_type type;
	size_t offset;
	void (*with)(struct json *j, const char *key, const void *row);
};

#define ROW(type, name, row, field)                                                                \
	{                                                                                          \
		name, SHOW_##type, offsetof(struct row, field), NULL                               \
	}
#define WITH(name, function)                                                                       \
	{                                                                                          \
		name, SHOW_WITH, 0, function                                                       \
	}
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void show_json(struct json *j, const char *key, const char *text, const char *absent)
{
	if (!text)
		text = absent;
	json_put_raw(j, key, text, strlen(text));
}

static void show_number(struct json *j, const char *key, int64_t number, bool zero_is_null)
{
	if (number == 0 && zero_is_null)
		json_put_null(j, key);
	else
		json_put_int(j, key, number);
}

void render_url(struct json *j, const char *key, const char *url)
{
	size_t start, len = url ? url_userinfo(url, &start) : 0;
	struct buf text;

	if (len == 0) {
		json_put_string(j, key, url);
		return;
	}
	buf_init(&text, API_REPLY_MAX);
	buf_append(&text, url, start);
	buf_puts(&text, url + start + len);
	if (buf_status(&text) < 0)
		j->out->failure = buf_status(&text);
	json_put_string(j, key, buf_string(&text));
	buf_finish(&text);
}

static void show(struct json *j, const struct member *m, const void *row)
{
	const void *at = (const char *)row + m->offset;

	switch (m->type) {
	case SHOW_ID:
	case SHOW_COUNT:
		show_number(j, m->name, *(const int64_t *)at, m->type == SHOW_ID);
		break;
	case SHOW_SECONDS:
		show_number(j, m->name, *(const int64_t *)at / 1000, true);
		break;
	case SHOW_INT:
	case SHOW_STATUS:
		show_number(j, m->name, *(const int *)at, m->type == SHOW_STATUS);
		break;
	case SHOW_BOOL:
		json_put_bool(j, m->name, *(const bool *)at);
		break;
	case SHOW_TEXT:
		json_put_string(j, m->name, *(const char *const *)at);
		break;
	case SHOW_URL:
		render_url(j, m->name, *(const char *const *)at);
		break;
	case SHOW_TIME:
		json_put_time(j, m->name, *(const int64_t *)at);
		break;
	case SHOW_LIST:
		show_json(j, m->name, *(const char *const *)at, "[]");
		break;
	case SHOW_MAP:
		show_json(j, m->name, *(const char *const *)at, "{}");
		break;
	case SHOW_LEVEL:
		json_put_string(j, m->name, story_level_name(*(const enum grouping_level *)at));
		break;
	case SHOW_WITH:
		m->with(j, m->name, row);
		break;
	}
}

static void show_members(
	struct json *j, const struct member *members, size_t count, const void *row, uint64_t mask)
{
	for (size_t i = 0; i < count; i++) {
		if (mask >> i & 1)
			show(j, &members[i], row);
	}
}

/* -- feeds -- */

static void show_feed_folder(struct json *j, const char *key, const void *row)
{
	const struct feed *feed = row;

	if (feed->folder_id == 0) {
		json_put_null(j, key);
		return;
	}
	json_put_object(j, key);
	json_put_int(j, "id", feed->folder_id);
	json_put_string(j, "name", feed->folder);
	json_end(j);
}

static void show_feed_owners(struct json *j, const char *key, const void *row)
{
	static const char *const names[] = {
		"config", "list", "socket"}; /* bits of enum feed_owner */
	const struct feed *feed = row;

	json_put_array(j, key);
	for (size_t i = 0; i < COUNT(names); i++) {
		if (feed->owners >> i & 1)
			json_put_string(j, NULL, names[i]);
	}
	json_end(j);
}

static void show_feed_credentials(struct json *j, const char *key, const void *row)
{
	const struct feed *feed = row;
	size_t start;

	json_put_bool(j, key, url_userinfo(feed->url, &start) > 0);
}

static void show_feed_status(struct json *j, const char *key, const void *row)
{
	const struct feed *feed = row;

	json_put_string(j, key, feed_status_name(feed->status));
}

static void show_feed_error(struct json *j, const char *key, const void *row)
{
	const struct feed *feed = row;

	if (!feed->error_code) {
		json_put_null(j, key);
		return;
	}
	json_put_object(j, key);
	json_put_string(j, "code", feed->error_code);
	json_put_string(j, "detail", feed->error_text);
	json_put_int(j, "count", feed->error_count);
	json_end(j);
}

static void show_feed_silent_since(struct json *j, const char *key, const void *row)
{
	const struct feed_learned *l = &((const struct feed *)row)->learned;

	json_put_time(j, key, l->silent ? l->spoke_ms : TIME_NONE);
}

static const struct member feed_members[] = {
	ROW(ID, "id", feed, id),
	ROW(COUNT, "rev", feed, rev),
	ROW(URL, "url", feed, url),
	WITH("credentials", show_feed_credentials),
	ROW(URL, "name", feed, label),
	ROW(TEXT, "title", feed, title),
	ROW(TEXT, "section", feed, section),
	WITH("folder", show_feed_folder),
	WITH("owners", show_feed_owners),
	ROW(SECONDS, "interval_s", feed, interval_ms),
	ROW(LEVEL, "stories", feed, stories),
	WITH("status", show_feed_status),
	ROW(TEXT, "link", feed, link),
	ROW(TEXT, "description", feed, description),
	ROW(TEXT, "language", feed, language),
	ROW(TEXT, "icon", feed, icon),
	ROW(TIME, "created", feed, created_ms),
	ROW(TIME, "detached", feed, detached_ms),
	ROW(TIME, "last_poll", feed, last_poll_ms),
	ROW(TIME, "last_ok", feed, last_ok_ms),
	ROW(TIME, "last_new", feed, last_new_ms),
	ROW(BOOL, "silent", feed, learned.silent),
	WITH("silent_since", show_feed_silent_since),
	ROW(TIME, "next_due", feed, next_due_ms),
	ROW(TEXT, "due_reason", feed, due_reason),
	ROW(STATUS, "http_status", feed, last_http_status),
	WITH("error", show_feed_error),
	ROW(URL, "moved_url", feed, moved_url),
	ROW(COUNT, "items", feed, item_count),
	ROW(COUNT, "unread", feed, unread_count),
};

void render_feed_members(struct json *j, const struct feed *feed)
{
	show_members(j, feed_members, COUNT(feed_members), feed, RENDER_ALL);
}

/* -- folders -- */

void render_folder_members(struct json *j, const struct folder *folder)
{
	static const struct member members[] = {
		ROW(ID, "id", folder, id),
		ROW(COUNT, "rev", folder, rev),
		ROW(TEXT, "name", folder, name),
		ROW(LEVEL, "stories", folder, stories),
		ROW(BOOL, "kept", folder, kept),
	};

	show_members(j, members, COUNT(members), folder, RENDER_ALL);
}

/* -- labels -- */

void render_label_members(struct json *j, const struct label *label)
{
	static const struct member members[] = {
		ROW(ID, "id", label, id),
		ROW(COUNT, "rev", label, rev),
		ROW(TEXT, "name", label, name),
	};

	show_members(j, members, COUNT(members), label, RENDER_ALL);
}

void render_counts(struct json *j, const struct counts *counts, bool with_newest)
{
	static const struct member members[] = {
		ROW(ID, "id", counts, id),
		ROW(COUNT, "unread", counts, unread),
		ROW(COUNT, "starred", counts, starred),
		ROW(TIME, "newest", counts, newest_ms),
	};

	json_put_object(j, NULL);
	show_members(j, members, COUNT(members) - !with_newest, counts, RENDER_ALL);
	json_end(j);
}

/* -- items -- */

static const struct member item_members[] = {
	ROW(ID, "id", item_row, id),
	ROW(COUNT, "rev", item_row, rev),
	ROW(ID, "feed", item_row, feed),
	ROW(URL, "source", item_row, source),
	ROW(ID, "story", item_row, story),
	ROW(TEXT, "title", item_row, title),
	ROW(TEXT, "url", item_row, link),
	ROW(TEXT, "author", item_row, author),
	ROW(TIME, "published", item_row, published_ms),
	ROW(TIME, "updated", item_row, updated_ms),
	ROW(TIME, "received", item_row, received_ms),
	ROW(BOOL, "read", item_row, read),
	ROW(BOOL, "starred", item_row, starred),
	ROW(LIST, "labels", item_row, labels),
	ROW(TEXT, "excerpt", item_row, excerpt),
	ROW(LIST, "enclosures", item_row, enclosures),
	ROW(LIST, "categories", item_row, categories),
	ROW(TEXT, "comments", item_row, comments),
	ROW(TEXT, "thumbnail", item_row, thumbnail),
	ROW(TEXT, "language", item_row, language),
	ROW(MAP, "extensions", item_row, extensions),
	ROW(INT, "revisions", item_row, revisions),
};

void render_content(struct json *j, const struct item_row *row, const struct render_item *what)
{
	const char *html = row->content && row->content[0] ? row->content : row->summary;
	struct buf text;

	if (what->content == RENDER_HTML) {
		json_put_string(j, "html", html);
	} else if (what->content == RENDER_TEXT) {
		buf_init(&text, API_REPLY_MAX);
		if (html)
			what->html_text(html, strlen(html), &text);
		if (buf_status(&text) < 0)
			j->out->failure = buf_status(&text);
		json_put_string(j, "text", html ? buf_string(&text) : NULL);
		buf_finish(&text);
	}
}

void render_item(
	struct json *j, const char *key, const struct item_row *row, const struct render_item *what)
{
	json_put_object(j, key);
	show_members(j, item_members, COUNT(item_members), row, what->members);
	render_content(j, row, what);
	json_end(j);
}

static uint64_t member_called(struct slice name)
{
	for (size_t i = 0; i < COUNT(item_members); i++) {
		if (slice_is(name, item_members[i].name))
			return UINT64_C(1) << i;
	}
	return 0;
}

int render_item_members(const char *names, uint64_t *ret_members, struct http_problem *p)
{
	return params_parse_list(
		names, member_called, "fields", "items have no member", ret_members, p);
}

/* -- stories -- */

static const struct member story_members[] = {
	ROW(ID, "id", story, id),
	ROW(COUNT, "rev", story, rev),
	ROW(ID, "lead", story, lead),
	ROW(TEXT, "title", story, title),
	ROW(TEXT, "url", story, url),
	ROW(TEXT, "summary", story, excerpt),
	ROW(URL, "source", story, source),
	ROW(TIME, "published", story, published_ms),
	ROW(TIME, "first_seen", story, first_seen_ms),
	ROW(TIME, "updated", story, updated_ms),
	ROW(INT, "sources", story, sources),
	ROW(INT, "items", story, items),
	ROW(BOOL, "read", story, read),
	ROW(BOOL, "starred", story, starred),
};

void render_story_members(struct json *j, const struct story *story, int64_t now_ms)
{
	show_members(j, story_members, COUNT(story_members), story, RENDER_ALL);
	json_put_bool(j, "closed", now_ms - story->updated_ms >= STORY_CLOSED_MS);
}

static void show_reason(struct json *j, const char *key, const void *row)
{
	const struct story_member *member = row;

	json_put_string(j, key, story_reason_name(member->reason));
}

static void show_score(struct json *j, const char *key, const void *row)
{
	const struct story_member *member = row;

	if (member->score > 0)
		json_put_double(j, key, member->score);
	else
		json_put_null(j, key);
}

static const struct member member_members[] = {
	ROW(ID, "item", story_member, item),
	ROW(ID, "feed", story_member, feed),
	ROW(URL, "source", story_member, source),
	ROW(TEXT, "title", story_member, title),
	ROW(TEXT, "url", story_member, url),
	ROW(TIME, "published", story_member, published_ms),
	ROW(TIME, "received", story_member, received_ms),
	ROW(BOOL, "read", story_member, read),
	ROW(BOOL, "starred", story_member, starred),
	ROW(BOOL, "pinned", story_member, pinned),
	WITH("reason", show_reason),
	WITH("score", show_score),
	ROW(LIST, "evidence", story_member, evidence),
};

void render_story_member(struct json *j, const struct story_member *member)
{
	json_put_object(j, NULL);
	show_members(j, member_members, COUNT(member_members), member, RENDER_ALL);
	json_end(j);
}

/* -- changes -- */

/* Each adds the members of one object, by its id; ERR_NOT_FOUND when it has been deleted since. */

static int put_feed(struct store_tx *tx, struct json *j, int64_t id, struct arena *a, struct err *e)
{
	struct feed feed;

	int code = feeds_get_counted(tx, id, a, &feed, e);
	if (code == 0)
		render_feed_members(j, &feed);
	return code;
}

static int put_folder(
	struct store_tx *tx, struct json *j, int64_t id, struct arena *a, struct err *e)
{
	struct folder folder;

	int code = folders_get(tx, id, a, &folder, e);
	if (code == 0)
		render_folder_members(j, &folder);
	return code;
}

static int put_label(
	struct store_tx *tx, struct json *j, int64_t id, struct arena *a, struct err *e)
{
	struct label label;

	int code = labels_get(tx, id, a, &label, e);
	if (code == 0)
		render_label_members(j, &label);
	return code;
}

static int put_story(
	struct store_tx *tx, struct json *j, int64_t id, struct arena *a, struct err *e)
{
	struct story story;

	int code = stories_get(tx, id, a, &story, e);
	if (code == 0 && story.id != id)
		code = ERR_NOT_FOUND; /* it is another one by now */
	if (code == 0)
		render_story_members(j, &story, times_now_ms());
	return code;
}

static int put_item(struct store_tx *tx, struct json *j, int64_t id, struct arena *a, struct err *e)
{
	struct item_row row;

	int code = items_get_brief(tx, id, a, &row, e);
	if (code == 0)
		show_members(j, item_members, COUNT(item_members), &row, RENDER_ALL);
	return code;
}

struct noun {
	const char *name, *plural;
	int (*put)(struct store_tx *tx, struct json *j, int64_t id, struct arena *a, struct err *e);
};

static const struct noun *noun_of(const struct change *change)
{
	static const struct noun nouns[] = {
		{"item", "items", put_item},
		{"story", "stories", put_story},
		{"feed", "feeds", put_feed},
		{"folder", "folders", put_folder},
		{"label", "labels", put_label},
	};

	for (size_t i = 0; i < COUNT(nouns); i++) {
		if (strcmp(nouns[i].name, change_kind_noun(change->kind)) == 0)
			return &nouns[i];
	}
	return NULL;
}

/* An object is written beside the line first, since only then its size is known. */
static int put_object(struct store_tx *tx, struct json *j, const struct noun *noun, int64_t id,
	size_t room, struct err *e)
{
	struct arena arena;
	struct buf text;
	struct json single;

	arena_init(&arena, API_REPLY_MAX);
	buf_init(&text, room);
	json_init(&single, &text);
	json_put_object(&single, NULL);
	int code = noun->put(tx, &single, id, &arena, e);
	json_end(&single);
	if (code == 0)
		code = buf_status(&text);
	if (code == 0) {
		json_put_raw(j, NULL, text.data, text.len);
	} else if (code == ERR_NOT_FOUND || code == ERR_TOO_BIG) {
		json_put_object(j, NULL);
		json_put_int(j, "id", id);
		json_put_bool(j, code == ERR_NOT_FOUND ? "deleted" : "omitted", true);
		json_end(j);
		code = 0;
	}
	buf_finish(&text);
	arena_finish(&arena);
	return code;
}

int render_change(struct store_tx *tx, struct json *j, const struct change *change, struct err *e)
{
	const struct noun *noun = noun_of(change);
	size_t start = j->out->len;
	int code = 0;

	json_put_object(j, NULL);
	json_put_int(j, "seq", change->seq);
	json_put_string(j, "kind", change_kind_noun(change->kind));
	json_put_string(j, "op", change_kind_op(change->kind));
	json_put_time(j, "time", change->time_ms);
	json_put_bool(j, "initial", change->initial);
	json_put_string(j, "edit", change->edit);
	show_number(j, "feed", change->feed, true);
	json_put_array(j, "ids");
	for (int i = 0; i < change->id_count; i++)
		json_put_int(j, NULL, change->ids[i]);
	json_end(j);
	if (noun)
		json_put_array(j, noun->plural);
	for (int i = 0; noun && i < change->id_count && code == 0; i++) {
		size_t used = j->out->len - start;
		code = put_object(tx, j, noun, change->ids[i],
			used < API_LINE_MAX ? API_LINE_MAX - used : 0, e);
	}
	if (noun)
		json_end(j);
	json_end(j);
	return code;
}
