/* Views for newsreaders that know feeds and nothing else: as Atom (RFC 4287), as JSON Feed 1.1. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "api/atom.h"
#include "api/conn.h"
#include "api/core.h"
#include "api/entry.h"
#include "api/render.h"
#include "api/routes.h"

enum { PLAIN_ENTRIES = 50 };

struct plain {
	struct http_request *r;
	const char *title;
	struct json j;
	struct atom atom;
	struct buf html; /* of one entry */
};

/* The request's own word counts, else that of the credential that it came with. */
static bool wants_stories(const struct http_request *r)
{
	int said = params_tristate(&r->params, PARAM_STORIES);

	return said ? said > 0 : r->stories;
}

int route_plain_parse(struct http_request *r)
{
	struct view *view = request_query(r, sizeof(*view));

	if (!view)
		return ERR_NOMEM;
	view->limit = (int)params_number(&r->params, PARAM_N, PLAIN_ENTRIES);
	view->stories = wants_stories(r);
	int code = view_parse(r->tail, &r->arena, view);
	if (code == ERR_NOT_FOUND)
		return problem_set(&r->problem, PROBLEM_NOT_FOUND,
			"views are all, unread, starred, feed/ID, folder/NAME and label/NAME");
	if (code < 0)
		problem_from_err(&r->problem, code, NULL);
	return code;
}

static int put_view(struct store_tx *tx, struct plain *x,
	int (*each)(void *ctx, const struct entry *entry), struct err *e)
{
	const struct view *view = x->r->query;

	buf_init(&x->html, API_REPLY_MAX);
	int code = view_title(tx, view, &x->r->arena, &x->title, e);
	if (code == 0)
		code = entries_list(tx, view, each, x, e);
	buf_finish(&x->html);
	return code;
}

static int put_atom(void *ctx, const struct entry *entry)
{
	struct plain *x = ctx;

	x->atom.title = x->title;
	return x->r->out.len > API_LIST_SOFT ||
	       atom_put(&x->atom, entry, entry_html(entry, &x->html, x->atom.out)) != 0;
}

int route_plain_run_atom(struct store_tx *tx, struct http_request *r, struct err *e)
{
	const struct view *view = r->query;
	struct plain x = {.r = r, .atom = {.out = &r->out, .epoch = store_epoch(r->api->store)}};

	x.atom.path = arena_printf(
		&r->arena, "%.*s%s", (int)r->tail.len, r->tail.at, view->stories ? "?stories" : "");
	if (!x.atom.path)
		return err_set(e, ERR_NOMEM, NULL);
	r->content_type = "application/atom+xml; charset=utf-8";
	int code = put_view(tx, &x, put_atom, e);
	if (code < 0)
		return code;
	x.atom.title = x.title;
	atom_end(&x.atom);
	answer_if_new(r);
	return 0;
}

/* -- JSON Feed -- */

static void put_attachment(void *ctx, const struct attachment *one)
{
	struct json *j = ctx;

	json_put_object(j, NULL);
	render_url(j, "url", one->url);
	json_put_string(j, "mime_type", one->type ? one->type : "application/octet-stream");
	if (one->length > 0)
		json_put_int(j, "size_in_bytes", one->length);
	json_end(j);
}

/* What the format has no member for, as it asks for: under a name of our own. */
static void put_extension(struct json *j, const struct entry *entry)
{
	const struct item_row *item = entry->item;

	json_put_object(j, "_tidings");
	json_put_int(j, "feed", item->feed);
	render_url(j, "source", item->source);
	json_put_int(j, "story", item->story);
	json_put_bool(j, "read", entry->read);
	json_put_bool(j, "starred", entry->starred);
	json_end(j);
}

static void put_authors(struct json *j, const struct item_row *item)
{
	json_put_array(j, "authors");
	json_put_object(j, NULL);
	render_url(j, "name", item->author ? item->author : item->source);
	json_end(j);
	json_end(j);
}

static int put_json(void *ctx, const struct entry *entry)
{
	struct plain *x = ctx;
	const struct item_row *item = entry->item;
	char id[80];

	if (x->r->out.len > API_LIST_SOFT)
		return 1;
	snprintf(id, sizeof(id), "urn:tidings:%s:item:%lld", store_epoch(x->r->api->store),
		(long long)entry->id);
	json_put_object(&x->j, NULL);
	json_put_string(&x->j, "id", id);
	if (item->link)
		render_url(&x->j, "url", item->link);
	render_url(&x->j, "title", entry_title(entry));
	json_put_string(&x->j, "content_html", entry_html(entry, &x->html, x->j.out));
	json_put_string_opt(&x->j, "summary", item->excerpt);
	json_put_time(&x->j, "date_published", entry->published_ms);
	json_put_time(&x->j, "date_modified", entry->updated_ms);
	put_authors(&x->j, item);
	if (item->categories)
		json_put_raw(&x->j, "tags", item->categories, strlen(item->categories));
	json_put_array(&x->j, "attachments");
	entry_attachments(entry, x->j.out, put_attachment, &x->j);
	json_end(&x->j);
	put_extension(&x->j, entry);
	json_end(&x->j);
	return 0;
}

int route_plain_run_json(struct store_tx *tx, struct http_request *r, struct err *e)
{
	const struct view *view = r->query;
	struct plain x = {.r = r};
	int code = view_title(tx, view, &r->arena, &x.title, e);

	if (code < 0)
		return code;
	r->content_type = "application/feed+json; charset=utf-8";
	answer_begin(r, &x.j);
	json_put_string(&x.j, "version", "https://jsonfeed.org/version/1.1");
	render_url(&x.j, "title", x.title);
	json_put_array(&x.j, "items");
	code = put_view(tx, &x, put_json, e);
	json_end(&x.j);
	answer_end(&x.j);
	answer_if_new(r);
	return code;
}
