/* Feeds and categories as Miniflux tells them: their objects, lists of feeds, icons. */
#include <stdio.h>
#include <string.h>

#include "api/miniflux.h"
#include "api/render.h"
#include "base/secret.h"
#include "base/times.h"
#include "base/url.h"
#include "base/utf8.h"
#include "store/folders.h"
#include "store/icons.h"

/* -- what a path is about -- */

void miniflux_scope(const struct http_request *r, struct item_filter *ret_filter)
{
	const char *path = r->route->path, *name = strstr(path, "/{name}");
	int64_t id = r->id;

	if (name && params_parse_int(r->name, 1, INT32_MAX, &id) < 0)
		id = INT64_MAX; /* there is no such one */
	if (strncmp(path, "/v1/feeds/{", 11) == 0)
		ret_filter->feed = id;
	else if (strncmp(path, "/v1/categories/{", 16) == 0)
		ret_filter->folder = id == MINIFLUX_UNFILED ? FOLDER_NONE : id;
}

int miniflux_check_scope(struct store_tx *tx, const struct item_filter *filter, struct err *e)
{
	struct arena arena;
	struct feed feed;
	struct folder folder;
	int code = 0;

	arena_init(&arena, API_REPLY_MAX);
	if (filter->feed)
		code = feeds_get(tx, filter->feed, &arena, &feed, e);
	if (code == 0 && filter->folder > 0)
		code = folders_get(tx, filter->folder, &arena, &folder, e);
	arena_finish(&arena);
	return code;
}

/* -- objects -- */

void miniflux_begin_category(struct json *j, const char *key, int64_t id, const char *title)
{
	json_put_object(j, key);
	json_put_int(j, "id", id ? id : MINIFLUX_UNFILED);
	json_put_string(j, "title", id ? title : MINIFLUX_UNFILED_TITLE);
	json_put_int(j, "user_id", MINIFLUX_USER);
	json_put_bool(j, "hide_globally", false);
}

void miniflux_put_category(struct json *j, const char *key, int64_t id, const char *title)
{
	miniflux_begin_category(j, key, id, title);
	json_end(j);
}

/* What one can set there and not here. What nobody wants any more, and is kept for a while, is not
 * polled. */
static void put_settings(struct json *j, const struct feed *feed)
{
	static const char *const texts[] = {"etag_header", "last_modified_header", "scraper_rules",
		"rewrite_rules", "blocklist_rules", "keeplist_rules", "urlrewrite_rules",
		"user_agent", "cookie", "username", "password"};
	static const char *const flags[] = {"no_media_player", "ignore_http_cache",
		"allow_self_signed_certificates", "fetch_via_proxy", "hide_globally",
		"disable_http2", "crawler"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		json_put_string(j, texts[i], "");
	json_put_bool(j, "disabled", feed->detached_ms != TIME_NONE);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		json_put_bool(j, flags[i], false);
}

/* Every feed has its own, though two may have the same image. */
static void put_icon(struct json *j, const struct feed *feed)
{
	char key[32];

	if (!feed->icon) {
		json_put_null(j, "icon");
		return;
	}
	snprintf(key, sizeof(key), "%lld", (long long)feed->id);
	json_put_object(j, "icon");
	json_put_int(j, "feed_id", feed->id);
	json_put_int(j, "icon_id", feed->id);
	json_put_string(j, "external_icon_id", key);
	json_end(j);
}

/* A feed's object goes with every entry: what is longer than a name may be is cut. */
static void put_short(struct json *j, const char *key, const char *text)
{
	size_t len = text ? strlen(text) : 0, start;

	if (len <= API_NAME_MAX)
		render_url(j, key, text ? text : "");
	else if (url_userinfo(text, &start) > 0) /* it would be cut before its end is found */
		json_put_string(j, key, "");
	else
		json_put_string_n(j, key, text, utf8_cut(text, len, API_NAME_MAX));
}

void miniflux_put_feed(struct json *j, const char *key, const struct feed *feed)
{
	json_put_object(j, key);
	json_put_int(j, "id", feed->id);
	json_put_int(j, "user_id", MINIFLUX_USER);
	render_url(j, "feed_url", feed->url);
	put_short(j, "site_url", feed->link ? feed->link : feed->url);
	put_short(j, "title", feed->label);
	put_short(j, "description", feed->description);
	put_short(j, "language", feed->language);
	miniflux_put_time(j, "checked_at", feed->last_poll_ms);
	miniflux_put_time(j, "next_check_at", feed->next_due_ms);
	put_short(j, "parsing_error_message", feed->error_text);
	json_put_int(j, "parsing_error_count", feed->error_count);
	put_settings(j, feed);
	miniflux_put_category(j, "category", feed->folder_id, feed->folder);
	put_icon(j, feed);
	json_end(j);
}

/* -- feeds -- */

struct listing {
	struct json j;
	const struct item_filter *scope;
};

/* What is in no folder cannot be asked for alone. */
static int put_feed(void *ctx, const struct feed *feed)
{
	struct listing *l = ctx;

	if (l->scope->folder != FOLDER_NONE || !feed->folder_id)
		miniflux_put_feed(&l->j, NULL, feed);
	return 0;
}

int miniflux_run_feeds(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct item_filter scope = {0};
	struct listing l = {.scope = &scope};
	struct feed_filter filter = {.detached = true};
	int code;

	miniflux_scope(r, &scope);
	filter.folder_id = scope.folder > 0 ? scope.folder : 0;
	code = miniflux_check_scope(tx, &scope, e);
	if (code < 0)
		return code;
	r->out.max = GREADER_REPLY_MAX;
	json_init(&l.j, &r->out);
	json_put_array(&l.j, NULL);
	code = feeds_list(tx, &filter, put_feed, &l, e);
	answer_end(&l.j);
	return code;
}

int miniflux_run_feed(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct feed feed;
	struct json j;
	int code = feeds_get(tx, r->id, &r->arena, &feed, e);

	if (code < 0)
		return code;
	json_init(&j, &r->out);
	miniflux_put_feed(&j, NULL, &feed);
	buf_putc(&r->out, '\n');
	return 0;
}

int miniflux_run_icon(struct store_tx *tx, struct http_request *r, struct err *e)
{
	const char *type = NULL;
	struct buf image, data;
	struct json j;
	int code;

	buf_init(&image, API_REPLY_MAX);
	buf_init(&data, API_REPLY_MAX);
	code = icons_get(tx, r->id, &image, &type, e);
	if (code == 0) {
		buf_printf(&data, "%s;base64,", type);
		secret_encode(image.data, image.len, &data);
		answer_begin(r, &j);
		json_put_int(&j, "id", r->id);
		json_put_string(&j, "mime_type", type);
		json_put_string(&j, "data", buf_string(&data));
		answer_end(&j);
	}
	if (code == 0 && buf_status(&data) < 0)
		code = err_set(e, buf_status(&data), NULL);
	buf_finish(&image);
	buf_finish(&data);
	return code;
}
