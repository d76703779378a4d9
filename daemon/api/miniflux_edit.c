/* Feeds and categories as Miniflux's clients change them; refreshing; lists of feeds out and in. */
#include <string.h>

#include "api/conn.h"
#include "api/core.h"
#include "api/miniflux.h"
#include "base/times.h"
#include "base/url.h"
#include "store/folders.h"

/* -- categories -- */

static int refuse_unfiled(struct http_request *r)
{
	return problem_set(&r->problem, PROBLEM_PARAMETER,
		"'%s' is where feeds are that are in no category: it stays as it is",
		MINIFLUX_UNFILED_TITLE);
}

static int refuse_known(struct http_request *r)
{
	return problem_set(&r->problem, PROBLEM_PARAMETER, "this category exists already");
}

int miniflux_parse_category(struct http_request *r)
{
	const char *title;

	if (r->id == MINIFLUX_UNFILED)
		return refuse_unfiled(r);
	if (miniflux_title(r, "title", &title) < 0)
		return ERR_INVALID;
	return strcmp(title, MINIFLUX_UNFILED_TITLE) == 0 ? refuse_known(r) : 0;
}

static int reply_category(struct http_request *r)
{
	struct json j;

	r->status = 201;
	json_init(&j, &r->out);
	miniflux_put_category(&j, NULL, r->id, miniflux_text(r, "title"));
	buf_putc(&r->out, '\n');
	return 0;
}

int miniflux_run_add_category(struct store_tx *tx, struct http_request *r, struct err *e)
{
	int code = folders_add(tx, miniflux_text(r, "title"), times_now_ms(), &r->id, e);

	if (code == ERR_EXISTS)
		return refuse_known(r);
	return code < 0 ? code : reply_category(r);
}

int miniflux_run_change_category(struct store_tx *tx, struct http_request *r, struct err *e)
{
	int64_t other;
	int code = folders_rename(tx, r->id, miniflux_text(r, "title"), times_now_ms(), &other, e);

	if (code == ERR_EXISTS)
		return refuse_known(r);
	return code < 0 ? code : reply_category(r);
}

int miniflux_run_remove_category(struct store_tx *tx, struct http_request *r, struct err *e)
{
	if (r->id == MINIFLUX_UNFILED)
		return refuse_unfiled(r);
	r->status = 204;
	return folders_remove(tx, r->id, times_now_ms(), e);
}

/* -- feeds -- */

/* What would make a difference there, and would not here; "disabled" is what is told of a feed that
 * nobody wants any more. */
static int refuse_settings(struct http_request *r, bool detached)
{
	static const char *const settings[] = {"username", "password", "cookie", "user_agent",
		"proxy_url", "scraper_rules", "rewrite_rules", "blocklist_rules", "keeplist_rules",
		"urlrewrite_rules", "crawler", "fetch_via_proxy", "allow_self_signed_certificates",
		"disabled"};
	size_t count = sizeof(settings) / sizeof(settings[0]) - (detached ? 1 : 0);

	for (size_t i = 0; i < count; i++) {
		if (miniflux_is_set(r, settings[i]))
			return problem_at(&r->problem, "member", settings[i],
				"%s is not supported%s", settings[i],
				i < 2 ? ": put name and password into the address,"
					" as in https://name:password@host/"
				      : "");
	}
	return 0;
}

static int check_feed(struct http_request *r, bool detached)
{
	struct feed_patch *patch = r->query;
	char *url;

	if (patch->members & FEED_PATCH_URL) {
		if (url_asked(r, "feed_url", patch->url, &url) < 0)
			return ERR_INVALID;
		patch->url = url;
	}
	return refuse_settings(r, detached);
}

int miniflux_parse_feed(struct http_request *r)
{
	struct feed_patch *patch = request_query(r, sizeof(*patch));
	bool adds = r->method == HTTP_POST;

	if (!patch)
		return ERR_NOMEM;
	patch->url = miniflux_text(r, "feed_url");
	if (miniflux_is_set(r, "feed_url"))
		patch->members |= FEED_PATCH_URL;
	else if (adds)
		return problem_at(&r->problem, "member", "feed_url", "feed_url is missing");
	if (miniflux_is_set(r, "title") && !adds) {
		patch->members |= FEED_PATCH_NAME;
		if (miniflux_title(r, "title", &patch->name) < 0)
			return ERR_INVALID;
	}
	if (miniflux_number(r, "category_id"))
		patch->members |= FEED_PATCH_FOLDER;
	return adds ? check_feed(r, false) : 0;
}

/* Categories are told by their ids, folders by their names; 0 is none. */
static int find_folder(
	struct store_tx *tx, struct http_request *r, const char **ret_name, struct err *e)
{
	int64_t id = miniflux_number(r, "category_id");
	struct folder folder = {0};
	int code = 0;

	if (id && id != MINIFLUX_UNFILED)
		code = folders_get(tx, id, &r->arena, &folder, e);
	*ret_name = folder.name;
	if (code == ERR_NOT_FOUND)
		return problem_at(&r->problem, "member", "category_id", "there is no category %lld",
			(long long)id);
	return code;
}

int miniflux_run_add_feed(struct store_tx *tx, struct http_request *r, struct err *e)
{
	const struct feed_patch *patch = r->query;
	struct feed_declaration declaration = {.url = patch->url};
	struct json j;
	int code = find_folder(tx, r, &declaration.folder, e);

	if (code == 0)
		code = feeds_add(tx, &declaration, times_now_ms(), &r->id, e);
	if (code == ERR_EXISTS)
		return problem_set(&r->problem, PROBLEM_PARAMETER, "this feed exists already");
	if (code < 0)
		return code;
	answer_begin(r, &j);
	json_put_int(&j, "feed_id", r->id);
	answer_end(&j);
	return 0;
}

/* But for its userinfo, which is told to nobody. */
static bool is_told(const char *url, const char *told)
{
	size_t start, len = url_userinfo(url, &start);

	if (len == 0)
		start = 0;
	return strncmp(url, told, start) == 0 && strcmp(url + start + len, told + start) == 0;
}

/* Clients send back all that they were told: what is the same is left, so that a title goes on to
 * be the feed's own, and what the configuration says is no reason to refuse. */
static void drop_same(struct http_request *r, struct feed_patch *patch, const struct feed *feed)
{
	int64_t category = miniflux_number(r, "category_id");

	if (patch->name && is_told(feed->label, patch->name))
		patch->members &= ~(unsigned)FEED_PATCH_NAME;
	if (category == (feed->folder_id ? feed->folder_id : MINIFLUX_UNFILED))
		patch->members &= ~(unsigned)FEED_PATCH_FOLDER;
	if (patch->url && is_told(feed->url, patch->url))
		patch->members &= ~(unsigned)FEED_PATCH_URL;
}

int miniflux_run_change_feed(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct feed_patch *patch = r->query;
	struct feed feed;
	struct json j;
	int64_t other;
	int code = feeds_get(tx, r->id, &r->arena, &feed, e);

	if (code == 0)
		drop_same(r, patch, &feed);
	if (code == 0 && check_feed(r, feed.detached_ms != TIME_NONE) < 0)
		return ERR_INVALID;
	if (code == 0) /* an address may have been written otherwise */
		drop_same(r, patch, &feed);
	if (code == 0 && patch->members & FEED_PATCH_FOLDER)
		code = find_folder(tx, r, &patch->folder, e);
	if (code == 0 && patch->members)
		code = feeds_change(tx, r->id, patch, times_now_ms(), &other, e);
	if (code == 0)
		code = feeds_get(tx, r->id, &r->arena, &feed, e);
	if (code < 0)
		return code;
	r->status = 201;
	json_init(&j, &r->out);
	miniflux_put_feed(&j, NULL, &feed);
	buf_putc(&r->out, '\n');
	return 0;
}

int miniflux_run_remove_feed(struct store_tx *tx, struct http_request *r, struct err *e)
{
	r->status = 204;
	return feeds_remove(tx, r->id, times_now_ms(), e);
}

void miniflux_reply_added(struct http_request *r)
{
	r->status = 201;
	route_feeds_reply_changed(r);
}

/* -- refresh -- */

/* Feeds looked at in one job, and asked for in one turn of the loop. */
enum { REFRESH_CHUNK = 300 };

struct refreshing {
	bool unfiled;    /* only what is in no folder */
	int seen, count; /* of the last job */
	int64_t last;    /* that was seen; 0: none yet */
	int64_t feeds[REFRESH_CHUNK];
};

int miniflux_parse_refresh(struct http_request *r)
{
	return request_query(r, sizeof(struct refreshing)) ? 0 : ERR_NOMEM;
}

static int note_feed(void *ctx, const struct feed *feed)
{
	struct refreshing *x = ctx;

	x->seen++;
	x->last = feed->id;
	if (!x->unfiled || !feed->folder_id)
		x->feeds[x->count++] = feed->id;
	return 0;
}

int miniflux_run_refresh(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct refreshing *x = r->query;
	struct item_filter scope = {0};
	struct feed_filter filter = {.after_id = x->last, .detached = true, .limit = REFRESH_CHUNK};
	int code;

	miniflux_scope(r, &scope);
	x->unfiled = scope.folder == FOLDER_NONE;
	x->seen = x->count = 0;
	filter.folder_id = scope.folder > 0 ? scope.folder : 0;
	filter.scheduled = !x->unfiled; /* where folders are not told */
	code = x->last ? 0 : miniflux_check_scope(tx, &scope, e);
	if (code == 0 && !scope.feed)
		code = feeds_list(tx, &filter, note_feed, x, e);
	r->result = scope.feed;
	return code;
}

/* Of many those that may be polled now are. */
void miniflux_reply_refresh(struct http_request *r)
{
	const struct api_callbacks *callbacks = &r->api->callbacks;
	const struct refreshing *x = r->query;
	int64_t wait_ms = 0;

	for (int n = 0; n < x->count; n++)
		(void)callbacks->refresh(callbacks->ctx, x->feeds[n], &wait_ms, NULL);
	if (x->seen == REFRESH_CHUNK) {
		routes_again(r);
		return;
	}
	r->status = 204;
	if (r->result)
		(void)route_feeds_refresh(r, r->result);
	http_reply(r);
}

/* -- feeds of an address -- */

static const char *offer_type(const struct offer *feed)
{
	return strstr(feed->type, "atom") ? "atom" : strstr(feed->type, "json") ? "json" : "rss";
}

static void tell_found(struct http_request *r, const struct offer *feeds)
{
	struct json j;

	if (!feeds)
		problem_set(&r->problem, PROBLEM_NOT_FOUND, "no feed was found there");
	json_init(&j, &r->out);
	json_put_array(&j, NULL);
	for (const struct offer *feed = feeds; feed; feed = feed->next) {
		json_put_object(&j, NULL);
		json_put_string(&j, "title", feed->title ? feed->title : feed->url);
		json_put_string(&j, "url", feed->url);
		json_put_string(&j, "type", offer_type(feed));
		json_end(&j);
	}
	answer_end(&j);
	http_reply(r);
}

void miniflux_reply_discover(struct http_request *r)
{
	char *url;

	if (url_asked(r, "url", miniflux_text(r, "url"), &url) < 0)
		http_reply(r);
	else
		discover(r, url, tell_found);
}

/* -- lists of feeds -- */

int miniflux_run_export(struct store_tx *tx, struct http_request *r, struct err *e)
{
	int code = route_opml_run_export(tx, r, e);

	r->content_type = "text/xml; charset=utf-8";
	return code;
}

void miniflux_reply_imported(struct http_request *r)
{
	struct json j;

	if (!route_opml_tell_all(r))
		return;
	r->status = 201;
	answer_begin(r, &j);
	json_put_string(&j, "message", "Feeds imported successfully");
	answer_end(&j);
	http_reply(r);
}
