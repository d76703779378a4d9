/* Subscriptions as OPML 2.0: all of them out, those of a list in. */
#include <string.h>

#include "api/conn.h"
#include "api/core.h"
#include "api/render.h"
#include "api/routes.h"
#include "base/json.h"
#include "base/times.h"
#include "base/utf8.h"
#include "base/xml.h"
#include "store/feeds.h"

/* -- export -- */

struct export
{
	struct buf *out;
	bool credentials;
	const char *host; /* of the addresses of our own Atom feeds; NULL: those of the feeds */
	int64_t folder;   /* whose outline is open; 0: none */
};

/* Closes the folder that is open unless it is `folder`, which is opened instead; NULL: none. */
static void turn_to_folder(struct export *x, int64_t id, const char *folder)
{
	if (x->folder == id)
		return;
	if (x->folder)
		buf_puts(x->out, "\t</outline>\n");
	if (id) {
		buf_puts(x->out, "\t<outline");
		xml_put_attribute(x->out, "text", folder);
		xml_put_attribute(x->out, "title", folder);
		buf_puts(x->out, ">\n");
	}
	x->folder = id;
}

static void put_url(struct export *x, const char *name, const char *url)
{
	if (x->credentials)
		xml_put_attribute(x->out, name, url);
	else
		xml_put_url(x->out, name, url);
}

static void put_title(struct export *x, const char *attribute, const struct feed *feed)
{
	const char *title = feed->name ? feed->name : feed->title;

	if (title)
		xml_put_attribute(x->out, attribute, title);
	else
		put_url(x, attribute, feed->url);
}

static int put_feed(void *ctx, const struct feed *feed)
{
	struct export *x = ctx;

	turn_to_folder(x, feed->folder_id, feed->folder);
	buf_printf(x->out, "%s\t<outline type=\"rss\"", x->folder ? "\t" : "");
	put_title(x, "text", feed);
	put_title(x, "title", feed);
	if (x->host)
		buf_printf(x->out, " xmlUrl=\"http://%s/atom/feed/%lld\"", x->host,
			(long long)feed->id);
	else
		put_url(x, "xmlUrl", feed->url);
	if (feed->interval_ms)
		buf_printf(x->out, " tidings:interval_s=\"%lld\"",
			(long long)feed->interval_ms / 1000);
	if (feed->stories)
		buf_printf(x->out, " tidings:stories=\"%s\"", story_level_name(feed->stories));
	buf_puts(x->out, "/>\n");
	return 0;
}

int route_opml_run_export(struct store_tx *tx, struct http_request *r, struct err *e)
{
	static const struct feed_filter filter = {.by_folder = true};
	struct export x = {
		.out = &r->out, .credentials = params_tristate(&r->params, PARAM_CREDENTIALS) > 0};
	int code;

	if (params_number(&r->params, PARAM_AS, 0))
		x.host = request_host(r);
	r->content_type = "text/x-opml; charset=utf-8";
	buf_puts(&r->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			  "<opml version=\"2.0\" xmlns:tidings=\"urn:tidings:opml\">\n"
			  "<head><title>Subscriptions of Tidings</title></head>\n<body>\n");
	code = feeds_list(tx, &filter, put_feed, &x, e);
	turn_to_folder(&x, 0, NULL);
	buf_puts(&r->out, "</body>\n</opml>\n");
	return code;
}

int route_opml_parse_export(struct http_request *r)
{
	if (params_tristate(&r->params, PARAM_CREDENTIALS) > 0 && r->right < API_WRITE)
		return problem_set(&r->problem, PROBLEM_FORBIDDEN,
			"who may only read may not read the names and passwords in addresses");
	return 0;
}

/* -- import -- */

/* Feeds added in one job: some ms of work, and no more jobs to look at them than fit into the queue
 */
enum { IMPORT_CHUNK = 100 };

/* A line of the list and what became of it. */
struct import {
	struct outline *first, *next;
	size_t count, done, told;
	struct imported {
		int64_t feed; /* 0: refused */
		bool added;
	} * results;
};

int route_opml_parse_import(struct http_request *r)
{
	const struct api_callbacks *callbacks = &r->api->callbacks;
	struct import *im = request_query(r, sizeof(*im));
	struct err e = {0};
	int code = ERR_NOMEM;

	r->arena.max_bytes += LIST_ARENA_FACTOR * r->body.len;
	if (im)
		code = callbacks->read_list(
			buf_string(&r->body), r->body.len, &r->arena, &im->first, &im->count, &e);
	if (code == 0) {
		im->next = im->first;
		im->results = arena_alloc(&r->arena, (im->count + 1) * sizeof(*im->results));
		code = im->results ? 0 : ERR_NOMEM;
	}
	if (code == ERR_PARSE || code == ERR_TOO_BIG)
		return problem_set(&r->problem, PROBLEM_LIST, "%s", e.text);
	if (code < 0)
		problem_from_err(&r->problem, code, NULL);
	return code;
}

/* A title longer than a name may be is cut, not refused. */
static int as_name(struct arena *a, const char *text, const char **ret_name)
{
	*ret_name = text;
	if (text && strlen(text) > API_NAME_MAX)
		*ret_name = arena_strndup(a, text, utf8_cut(text, strlen(text), API_NAME_MAX));
	return text && !*ret_name ? ERR_NOMEM : 0;
}

static int import_one(struct store_tx *tx, struct http_request *r, const struct outline *o,
	struct imported *result, struct err *e)
{
	struct feed_declaration declaration = {.interval_ms = o->interval_s * 1000};
	char *url;
	int code = url_to_fetch(o->url, &r->arena, &url);

	if (code == ERR_INVALID)
		return 0;
	if (code == 0)
		code = as_name(&r->arena, o->folder, &declaration.folder);
	/* a title that only repeats the address gives way to the published one */
	if (code == 0 && o->title && strcmp(o->title, o->url) != 0)
		code = as_name(&r->arena, o->title, &declaration.name);
	if (code < 0)
		return err_set(e, code, NULL);
	if (o->stories) /* what is no level is passed over */
		(void)story_level_parse(o->stories, &declaration.stories);
	declaration.url = url;
	code = feeds_add(tx, &declaration, times_now_ms(), &result->feed, e);
	result->added = code == 0;
	return code == ERR_EXISTS ? 0 : code;
}

int route_opml_run_import(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct import *im = r->query;
	int code = 0;

	for (int i = 0; i < IMPORT_CHUNK && im->next && code == 0; i++) {
		code = import_one(tx, r, im->next, &im->results[im->done], e);
		im->next = im->next->next;
		im->done++;
	}
	return code;
}

static void put_feeds(struct json *j, const char *key, const struct import *im, bool added)
{
	json_put_array(j, key);
	for (size_t i = 0; i < im->count; i++)
		if (im->results[i].feed && im->results[i].added == added)
			json_put_int(j, NULL, im->results[i].feed);
	json_end(j);
}

static void put_refused(struct json *j, const struct import *im)
{
	size_t i = 0;

	json_put_array(j, "refused");
	for (const struct outline *o = im->first; o; o = o->next) {
		if (im->results[i++].feed)
			continue;
		json_put_object(j, NULL);
		render_url(j, "url", o->url);
		json_put_string(j, "detail", "not an http or https URL");
		json_end(j);
	}
	json_end(j);
}

/* For clients that are told nothing of each line. */
static bool all_refused(const struct import *im)
{
	for (size_t i = 0; i < im->count; i++)
		if (im->results[i].feed)
			return false;
	return im->count > 0;
}

bool route_opml_tell_all(struct http_request *r)
{
	bool told = route_opml_tell(r);

	if (told && all_refused(r->query))
		problem_set(&r->problem, PROBLEM_LIST,
			"nothing was added: no address in it is an http or https URL");
	return told;
}

/* After each job: its feeds are told, then the next job follows, or the answer. */
bool route_opml_tell(struct http_request *r)
{
	const struct api *api = r->api;
	struct import *im = r->query;
	bool more = im->next != NULL;

	for (; im->told < im->done; im->told++)
		if (im->results[im->told].added)
			api->callbacks.feed_changed(api->callbacks.ctx, im->results[im->told].feed);
	if (more)
		routes_again(r); /* from here on it may be gone */
	return !more;
}

void route_opml_reply_imported(struct http_request *r)
{
	const struct import *im = r->query;
	struct json j;

	if (!route_opml_tell(r))
		return;
	json_init(&j, &r->out);
	json_put_object(&j, NULL);
	put_feeds(&j, "added", im, true);
	put_feeds(&j, "known", im, false);
	put_refused(&j, im);
	json_put_int(&j, "seq", store_seq(r->api->store));
	json_end(&j);
	buf_putc(&r->out, '\n');
	http_reply(r);
}
