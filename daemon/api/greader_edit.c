/* Subscriptions, folders and labels edited by clients of Google Reader. */
#include <inttypes.h>
#include <string.h>

#include "api/conn.h"
#include "api/core.h"
#include "api/greader.h"
#include "api/render.h"
#include "base/times.h"
#include "base/url.h"
#include "store/feeds.h"
#include "store/folders.h"
#include "store/labels.h"

/* -- subscriptions -- */

/* Feeds edited in one job. */
enum { EDIT_CHUNK = 100 };

typedef int edit_one(struct store_tx *tx, struct http_request *r, const char *stream,
	const char *title, int64_t *ret_feed, struct err *e);

struct edit_query {
	edit_one *edit;
	const char *folder;                    /* where to put it; NULL: not said */
	bool leave;                            /* ... or that it goes to none */
	const char *from;                      /* ... or to none if it is in this one */
	const struct form_pair *at, *title_at; /* the last that are done */
	bool more, no_titles;
	int count; /* of the job */
	int64_t feeds[EDIT_CHUNK];
};

static const char *folder_of(const char *label)
{
	struct stream stream = greader_stream(label ? label : "");

	if (stream.kind != STREAM_LABEL || strcmp(stream.name, GREADER_UNFILED) == 0)
		return NULL;
	return stream.name;
}

int greader_read_url(struct arena *arena, const char *text, char **ret_url, struct err *e)
{
	static const char feed[] = "feed/";
	int code;

	while (strncmp(text, feed, strlen(feed)) == 0)
		text += strlen(feed);
	code = url_to_fetch(text, arena, ret_url);
	if (code == ERR_INVALID)
		return err_set(e, code, "a feed needs an http or https URL of up to %d bytes",
			FETCH_URL_MAX);
	return code < 0 ? err_set(e, code, NULL) : 0;
}

static int subscribe(struct store_tx *tx, struct http_request *r, const char *stream,
	const char *title, int64_t *ret_feed, struct err *e)
{
	const struct edit_query *q = r->query;
	struct feed_declaration declaration = {.name = title, .folder = q->folder};
	char *url;
	int code = greader_read_url(&r->arena, stream, &url, e);

	if (code < 0)
		return code;
	declaration.url = url;
	code = feeds_add(tx, &declaration, times_now_ms(), ret_feed, e);
	return code == ERR_EXISTS ? 0 : code;
}

static int find(struct store_tx *tx, struct http_request *r, const char *text, int64_t *ret_feed,
	struct err *e)
{
	struct stream stream = greader_stream(text);
	struct stream_ids ids = {0};
	int code = stream.kind == STREAM_FEED ? greader_resolve(tx, &stream, &r->arena, &ids, e)
					      : ERR_NOT_FOUND;

	*ret_feed = ids.feed;
	return code == ERR_NOT_FOUND ? err_set(e, ERR_INVALID, "there is no such feed") : code;
}

static int unsubscribe(struct store_tx *tx, struct http_request *r, const char *stream,
	const char *title, int64_t *ret_feed, struct err *e)
{
	int code = find(tx, r, stream, ret_feed, e);

	(void)title;
	return code < 0 ? code : feeds_remove(tx, *ret_feed, times_now_ms(), e);
}

/* Whether the feed is to be in no folder. Clients that move one may take it out of the old folder
 * when it is in the new one already. */
static int find_leave(
	struct store_tx *tx, const struct edit_query *q, int64_t id, bool *ret_leave, struct err *e)
{
	struct arena arena;
	struct feed feed;
	int code;

	*ret_leave = q->leave;
	if (q->folder || q->leave || !q->from)
		return 0;
	arena_init(&arena, FEED_ARENA_MAX);
	code = feeds_get(tx, id, &arena, &feed, e);
	*ret_leave = code == 0 && feed.folder && strcmp(feed.folder, q->from) == 0;
	arena_finish(&arena);
	return code;
}

static int edit(struct store_tx *tx, struct http_request *r, const char *stream, const char *title,
	int64_t *ret_feed, struct err *e)
{
	const struct edit_query *q = r->query;
	struct feed_patch patch = {
		.members = title ? FEED_PATCH_NAME : 0U,
		.name = title,
		.folder = q->folder,
	};
	int64_t other;
	bool leave = false;
	int code = find(tx, r, stream, ret_feed, e);

	if (code == 0)
		code = find_leave(tx, q, *ret_feed, &leave, e);
	patch.members |= q->folder || leave ? FEED_PATCH_FOLDER : 0U;
	return code < 0 ? code : feeds_change(tx, *ret_feed, &patch, times_now_ms(), &other, e);
}

static int check_name(struct http_request *r, const char *name, const char *parameter, int max)
{
	if (!name || strlen(name) <= (size_t)max)
		return 0;
	return problem_at(&r->problem, "parameter", parameter, "a name may have %d bytes", max);
}

int greader_parse_edit(struct http_request *r)
{
	static const struct {
		const char *name;
		edit_one *edit;
	} actions[] = {{"subscribe", subscribe}, {"unsubscribe", unsubscribe}, {"edit", edit}};
	const char *action = form_text(&r->form, "ac"), *to = form_text(&r->form, "a");
	struct edit_query *q = request_query(r, sizeof(*q));

	if (!q)
		return ERR_NOMEM;
	for (size_t i = 0; action && i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(action, actions[i].name) == 0)
			q->edit = actions[i].edit;
	}
	if (!q->edit)
		return problem_at(&r->problem, "parameter", "ac",
			"ac must be subscribe, unsubscribe or edit");
	if (!form_text(&r->form, "s"))
		return problem_at(&r->problem, "parameter", "s", "s says which feed is meant");
	q->folder = folder_of(to);
	q->leave = to && !q->folder && greader_stream(to).kind == STREAM_LABEL;
	q->from = folder_of(form_text(&r->form, "r"));
	return check_name(r, q->folder, "a", API_NAME_MAX);
}

/* Titles are paired with feeds by their places. */
static const char *next_title(struct http_request *r, struct edit_query *q)
{
	const char *title = q->no_titles ? NULL : form_next(&r->form, "t", &q->title_at);

	q->no_titles = !title;
	return title && *title ? title : NULL;
}

int greader_run_edit(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct edit_query *q = r->query;
	int code = 0;

	q->count = 0;
	q->more = true;
	while (q->count < EDIT_CHUNK && code == 0 && q->more) {
		const char *stream = form_next(&r->form, "s", &q->at), *title;
		q->more = stream != NULL;
		if (!stream)
			break;
		title = next_title(r, q);
		if (check_name(r, title, "t", API_NAME_MAX) < 0)
			return ERR_INVALID;
		code = q->edit(tx, r, stream, title, &q->feeds[q->count++], e);
	}
	return code;
}

/* After each job: its feeds are told, then the next job follows, or the answer. */
void greader_reply_edited(struct http_request *r)
{
	const struct api_callbacks *callbacks = &r->api->callbacks;
	const struct edit_query *q = r->query;

	for (int n = 0; n < q->count; n++)
		callbacks->feed_changed(callbacks->ctx, q->feeds[n]);
	if (q->more)
		routes_again(r);
	else
		greader_reply_ok(r);
}

/* -- export and import -- */

int greader_run_export(struct store_tx *tx, struct http_request *r, struct err *e)
{
	int code = route_opml_run_export(tx, r, e);

	r->content_type = "application/xml; charset=utf-8";
	return code;
}

void greader_reply_imported(struct http_request *r)
{
	if (route_opml_tell_all(r))
		greader_reply_ok(r);
}

/* -- folders and labels -- */

/* The folder, else the label, that parameter `s` names. */
static int resolve_label(struct store_tx *tx, struct http_request *r, const char *text,
	struct stream_ids *ret_ids, struct err *e)
{
	struct stream stream = greader_stream(text);
	int code = greader_resolve(tx, &stream, &r->arena, ret_ids, e);

	if (code == 0 && ret_ids->folder <= 0 && !ret_ids->label)
		code = err_set(e, ERR_NOT_FOUND, "there is no such folder or label");
	return code;
}

static int check_dest(struct http_request *r, const struct stream *dest, int max)
{
	if (dest->kind != STREAM_LABEL)
		return problem_at(
			&r->problem, "parameter", "dest", "dest must be user/-/label/NAME");
	if (strcmp(dest->name, GREADER_UNFILED) == 0)
		return problem_at(&r->problem, "parameter", "dest",
			"'%s' is where feeds are that are in no folder: take another name",
			GREADER_UNFILED);
	return check_name(r, dest->name, "dest", max);
}

int greader_run_rename(struct store_tx *tx, struct http_request *r, struct err *e)
{
	const char *from = form_text(&r->form, "s"), *to = form_text(&r->form, "dest");
	struct stream dest = greader_stream(to ? to : "");
	struct stream_ids ids;
	int64_t other = 0, now_ms = times_now_ms();
	int code = resolve_label(tx, r, from ? from : "", &ids, e);

	if (code < 0)
		return code;
	if (check_dest(r, &dest, ids.folder ? API_NAME_MAX : LABEL_NAME_MAX) < 0)
		return ERR_INVALID;
	code = ids.folder ? folders_rename(tx, ids.folder, dest.name, now_ms, &other, e)
			  : labels_rename(tx, ids.label, dest.name, now_ms, &other, e);
	return code == ERR_EXISTS ? name_exists(r, other, ids.folder ? "folder" : "label") : code;
}

/* One in each job: labels may be on many items. */
struct disable_query {
	const struct form_pair *at;
	bool again; /* that one is not done */
};

int greader_parse_disable(struct http_request *r)
{
	return request_query(r, sizeof(struct disable_query)) ? 0 : ERR_NOMEM;
}

static int disable(struct store_tx *tx, struct http_request *r, const char *text, struct err *e)
{
	struct disable_query *q = r->query;
	struct stream_ids ids;
	int code = resolve_label(tx, r, text, &ids, e);

	q->again = false;
	if (code == 0 && ids.folder)
		return folders_remove(tx, ids.folder, times_now_ms(), e);
	return code < 0 ? code : labels_remove(tx, ids.label, times_now_ms(), &q->again, e);
}

int greader_run_disable(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct disable_query *q = r->query;
	const struct form_pair *at = q->at;
	const char *text = form_next(&r->form, "s", &at);
	int code = text ? disable(tx, r, text, e) : 0;

	if (!text && !q->at)
		return problem_at(&r->problem, "parameter", "s", "s says which label is meant");
	q->at = q->again ? q->at : at;
	r->more = code == 0 && text;
	return code;
}
