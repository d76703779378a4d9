/* Subscriptions, folders and labels, and how much of each is unread, for clients of Google Reader.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/core.h"
#include "api/greader.h"
#include "api/render.h"
#include "base/url.h"
#include "store/counts.h"
#include "store/feeds.h"
#include "store/folders.h"
#include "store/labels.h"

static void put_label_id(struct json *j, struct arena *arena, const char *name)
{
	const char *id = arena_printf(arena, "user/-/label/%s", name);

	if (!id)
		j->out->failure = ERR_NOMEM;
	json_put_string(j, "id", id);
}

/* -- subscriptions -- */

struct feeds {
	struct http_request *r;
	struct json j;
	struct arena arena; /* of one feed */
};

/* One that is in no folder is in ours: some clients show no feed without one. */
static void put_folder(struct feeds *l, const char *folder)
{
	const char *name = folder ? folder : GREADER_UNFILED;

	json_put_array(&l->j, "categories");
	json_put_object(&l->j, NULL);
	put_label_id(&l->j, &l->arena, name);
	json_put_string(&l->j, "label", name);
	json_put_string(&l->j, "type", "folder");
	json_end(&l->j);
	json_end(&l->j);
}

static int put_feed(void *ctx, const struct feed *feed)
{
	struct feeds *l = ctx;
	char text[40];

	json_put_object(&l->j, NULL);
	snprintf(text, sizeof(text), "feed/%" PRId64, feed->id);
	json_put_string(&l->j, "id", text);
	greader_put_text(&l->j, "title", feed->label);
	put_folder(l, feed->folder);
	render_url(&l->j, "url", feed->url);
	render_url(&l->j, "htmlUrl", feed->link ? feed->link : "");
	render_url(&l->j, "iconUrl", feed->icon && url_is_http(feed->icon) ? feed->icon : "");
	snprintf(text, sizeof(text), "%08" PRIX64, (uint64_t)feed->id);
	json_put_string(&l->j, "sortid", text);
	snprintf(text, sizeof(text), "%" PRId64, feed->created_ms);
	json_put_string(&l->j, "firstitemmsec", text);
	json_end(&l->j);
	arena_finish(&l->arena);
	return 0;
}

int greader_run_feeds(struct store_tx *tx, struct http_request *r, struct err *e)
{
	/* those whose items are kept for a while, too: readers have them in their lists */
	static const struct feed_filter filter = {.detached = true};
	struct feeds l = {.r = r};

	arena_init(&l.arena, FEED_ARENA_MAX);
	r->out.max = GREADER_REPLY_MAX;
	answer_begin(r, &l.j);
	json_put_array(&l.j, "subscriptions");
	int code = feeds_list(tx, &filter, put_feed, &l, e);
	json_end(&l.j);
	answer_end(&l.j);
	arena_finish(&l.arena);
	answer_if_new(r);
	return code;
}

/* -- folders and labels, with counts -- */

struct row {
	struct row *next;
	struct counts counts;
	const char *name; /* of a folder or label */
	bool hidden;      /* a label of which there is a folder, too, or that is called as ours */
};

/* All of it, since one depends on the other. */
struct tally {
	struct arena *arena;
	struct row *first, **last;
	struct row *names;        /* in `first`, behind all feeds */
	int64_t filed, newest_ms; /* unread in all folders; of all feeds */
	int64_t unread;           /* in all */
	bool unfiled_taken;       /* there is a folder of that name */
	bool failed;
};

static void take_counts(void *ctx, const struct counts *counts)
{
	struct tally *t = ctx;
	struct row *row = arena_alloc(t->arena, sizeof(*row));

	if (!row) {
		t->failed = true;
		return;
	}
	row->counts = *counts;
	*t->last = row;
	t->last = &row->next;
	if (!t->names && counts->of != COUNTS_FEEDS)
		t->names = row;
	t->filed += counts->of == COUNTS_FOLDERS ? counts->unread : 0;
	t->unread = counts->of == COUNTS_ALL ? counts->unread : t->unread;
	if (counts->newest_ms != TIME_NONE && counts->newest_ms > t->newest_ms)
		t->newest_ms = counts->newest_ms;
}

static bool has_folder(const struct tally *t, const char *name)
{
	for (const struct row *row = t->names; row; row = row->next) {
		if (row->counts.of == COUNTS_FOLDERS && row->name && strcmp(row->name, name) == 0)
			return true;
	}
	return false;
}

static void name_row(struct tally *t, enum counts_of of, int64_t id, const char *name)
{
	struct row *row = t->names;

	while (row && (row->counts.of != of || row->counts.id != id))
		row = row->next;
	if (!row)
		return;
	row->name = arena_strdup(t->arena, name);
	row->hidden =
		of == COUNTS_LABELS && (has_folder(t, name) || strcmp(name, GREADER_UNFILED) == 0);
	t->failed = t->failed || !row->name;
}

static void name_folder(void *ctx, const struct folder *folder)
{
	name_row(ctx, COUNTS_FOLDERS, folder->id, folder->name);
}

static void name_label(void *ctx, const struct label *label)
{
	name_row(ctx, COUNTS_LABELS, label->id, label->name);
}

static int take_all(struct store_tx *tx, struct http_request *r, struct tally *t, struct err *e)
{
	const bool *stories = r->query;
	int code;

	*t = (struct tally){.arena = &r->arena};
	t->last = &t->first;
	code = *stories ? counts_list_stories(tx, take_counts, t, e)
			: counts_list(tx, take_counts, t, e);
	if (code == 0)
		code = folders_list(tx, name_folder, t, e);
	if (code == 0)
		code = labels_list(tx, name_label, t, e);
	if (code == 0 && t->failed)
		code = err_set(e, ERR_NOMEM, NULL);
	t->unfiled_taken = has_folder(t, GREADER_UNFILED);
	return code;
}

int greader_parse_lists(struct http_request *r)
{
	bool *stories = request_query(r, sizeof(*stories));

	if (!stories)
		return ERR_NOMEM;
	*stories = r->stories;
	return 0;
}

static void put_tag(struct json *j, struct arena *arena, const struct row *row)
{
	bool folder = row->counts.of == COUNTS_FOLDERS;
	char sort[24];

	json_put_object(j, NULL);
	put_label_id(j, arena, row->name);
	json_put_string(j, "label", row->name);
	json_put_string(j, "type", folder ? "folder" : "tag");
	snprintf(sort, sizeof(sort), "%08" PRIX64, (uint64_t)row->counts.id);
	json_put_string(j, "sortid", sort);
	json_put_int(j, "unread_count", row->counts.unread);
	json_end(j);
}

int greader_run_tags(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct row unfiled = {.counts = {.of = COUNTS_FOLDERS}, .name = GREADER_UNFILED};
	struct json j;
	struct tally t;
	int code = take_all(tx, r, &t, e);

	if (code < 0)
		return code;
	answer_begin(r, &j);
	json_put_array(&j, "tags");
	json_put_object(&j, NULL);
	json_put_string(&j, "id", "user/-/state/com.google/starred");
	json_end(&j);
	unfiled.counts.unread = t.unread - t.filed;
	if (!t.unfiled_taken)
		put_tag(&j, &r->arena, &unfiled);
	for (const struct row *row = t.first; row; row = row->next) {
		if (row->name && !row->hidden)
			put_tag(&j, &r->arena, row);
	}
	json_end(&j);
	answer_end(&j);
	answer_if_new(r);
	return 0;
}

static void put_count(struct json *j, const char *id, int64_t unread, int64_t newest_ms)
{
	char text[40];

	json_put_object(j, NULL);
	json_put_string(j, "id", id);
	json_put_int(j, "count", unread);
	snprintf(text, sizeof(text), "%" PRId64, newest_ms == TIME_NONE ? 0 : newest_ms * 1000);
	json_put_string(j, "newestItemTimestampUsec", text);
	json_end(j);
}

/* The newest item of a label is not known. */
static void put_row(struct json *j, struct arena *arena, const struct row *row)
{
	const char *id = row->name ? arena_printf(arena, "user/-/label/%s", row->name)
				   : arena_printf(arena, "feed/%" PRId64, row->counts.id);

	if (!id)
		j->out->failure = ERR_NOMEM;
	put_count(j, id, row->counts.unread, row->counts.newest_ms);
}

int greader_run_counts(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct json j;
	struct tally t;
	int code = take_all(tx, r, &t, e);

	if (code < 0)
		return code;
	answer_begin(r, &j);
	json_put_int(&j, "max", t.unread);
	json_put_array(&j, "unreadcounts");
	for (const struct row *row = t.first; row; row = row->next) {
		if (row->counts.of != COUNTS_ALL && !row->hidden)
			put_row(&j, &r->arena, row);
	}
	if (!t.unfiled_taken)
		put_count(&j, "user/-/label/" GREADER_UNFILED, t.unread - t.filed, t.newest_ms);
	put_count(&j, "user/-/state/com.google/reading-list", t.unread, t.newest_ms);
	json_end(&j);
	answer_end(&j);
	return 0;
}
