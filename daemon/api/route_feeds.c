/* Feeds over the socket: list, one, add, change, remove, refresh. */
#include <stdio.h>
#include <string.h>

#include "api/conn.h"
#include "api/core.h"
#include "api/render.h"
#include "api/routes.h"
#include "api/why.h"
#include "base/hash.h"
#include "base/times.h"
#include "base/url.h"
#include "store/feeds.h"
#include "store/icons.h"

/* -- list and one -- */

struct listing {
	struct http_request *r;
	struct json j;
	int64_t limit, count, last_id;
	bool more;
};

static int put_feed(void *ctx, const struct feed *feed)
{
	struct listing *l = ctx;

	l->more = l->count == l->limit || l->r->out.len > API_LIST_SOFT;
	if (l->more)
		return 1;
	json_put_object(&l->j, NULL);
	render_feed_members(&l->j, feed);
	json_end(&l->j);
	l->last_id = feed->id;
	l->count++;
	return 0;
}

int route_feeds_run_list(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct listing l = {.r = r, .limit = params_number(&r->params, PARAM_LIMIT, 1000)};
	const struct feed_filter filter = {
		.after_id = params_number(&r->params, PARAM_AFTER, 0),
		.folder_id = params_number(&r->params, PARAM_FOLDER, 0),
		.with_counts = true,
		.limit = (int)l.limit + 1, /* one more tells whether there are more */
	};
	char next[24];

	list_begin(r, &l.j, "feeds");
	int code = feeds_list(tx, &filter, put_feed, &l, e);
	snprintf(next, sizeof(next), "%lld", (long long)l.last_id);
	list_end(r, &l.j, tx, l.more ? next : NULL);
	return code;
}

static int put_one(
	struct store_tx *tx, struct http_request *r, int64_t id, bool with_seq, struct err *e)
{
	struct feed feed;
	struct json j;

	int code = feeds_get_counted(tx, id, &r->arena, &feed, e);
	if (code < 0)
		return code;
	answer_begin(r, &j);
	render_feed_members(&j, &feed);
	if (with_seq)
		json_put_int(&j, "seq", store_tx_seq(tx));
	answer_end(&j);
	return 0;
}

/* What only the loop knows, taken along. */
int route_feeds_parse_one(struct http_request *r)
{
	const struct api_callbacks *callbacks = &r->api->callbacks;
	struct api_waiting *waiting = request_query(r, sizeof(*waiting));

	if (!waiting)
		return ERR_NOMEM;
	callbacks->waiting(callbacks->ctx, r->id, waiting);
	return 0;
}

int route_feeds_run_one(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct feed feed;
	struct json j;

	int code = feeds_get_counted(tx, r->id, &r->arena, &feed, e);
	if (code < 0)
		return code;
	answer_begin(r, &j);
	render_feed_members(&j, &feed);
	why_members(&j, &feed, r->query);
	answer_end(&j);
	return 0;
}

/* Foreign bytes: whatever they are, a browser that shows them runs nothing of them (C32). */
int route_feeds_run_icon(struct store_tx *tx, struct http_request *r, struct err *e)
{
	char hash[HASH128_TEXT_BYTES];
	int code = icons_get(tx, r->id, &r->out, &r->content_type, e);

	if (code < 0)
		return code;
	hash128_text(r->out.data, r->out.len, hash);
	buf_printf(&r->fields,
		"ETag: \"%s\"\r\nX-Content-Type-Options: nosniff\r\n"
		"Content-Security-Policy: default-src 'none'\r\n",
		hash);
	if (r->if_none_match && strstr(r->if_none_match, hash)) {
		r->status = 304;
		buf_reset(&r->out);
	}
	return 0;
}

/* -- add and change -- */

int url_to_fetch(const char *text, struct arena *arena, char **ret_url)
{
	int code = url_normalize(text, arena, ret_url);

	if (code == 0 && (!url_is_http(*ret_url) || strlen(*ret_url) > FETCH_URL_MAX))
		code = ERR_INVALID;
	if (code < 0)
		*ret_url = NULL;
	return code;
}

int url_asked(struct http_request *r, const char *member, const char *text, char **ret_url)
{
	int code = text ? url_to_fetch(text, &r->arena, ret_url) : ERR_INVALID;

	if (code == ERR_NOMEM)
		return problem_set(&r->problem, PROBLEM_BUSY, "out of memory");
	return code == 0 ? 0
			 : problem_at(&r->problem, "member", member,
				   "%s must be an http or https URL of up to %d bytes", member,
				   FETCH_URL_MAX);
}

/* The body of POST and PATCH as one patch: what POST may leave away is NULL or 0 in a declaration,
 * too. */
int route_feeds_parse_draft(struct http_request *r)
{
	static const struct {
		enum member member;
		unsigned bit;
	} map[] = {
		{MEMBER_NAME, FEED_PATCH_NAME},
		{MEMBER_FOLDER, FEED_PATCH_FOLDER},
		{MEMBER_INTERVAL, FEED_PATCH_INTERVAL},
		{MEMBER_LEVEL, FEED_PATCH_STORIES},
		{MEMBER_URL, FEED_PATCH_URL},
	};
	struct feed_patch *patch = request_query(r, sizeof(*patch));
	char *url = NULL;

	if (!patch)
		return ERR_NOMEM;
	if (body_has(r->json, MEMBER_URL) &&
		url_asked(r, "url", body_string(r->json, MEMBER_URL), &url) < 0)
		return ERR_INVALID;
	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
		if (body_has(r->json, map[i].member))
			patch->members |= map[i].bit;
	}
	patch->name = body_string(r->json, MEMBER_NAME);
	patch->folder = body_string(r->json, MEMBER_FOLDER);
	patch->interval_ms = body_number(r->json, MEMBER_INTERVAL) * 1000;
	patch->stories = body_level(r->json, MEMBER_LEVEL);
	patch->url = url;
	return 0;
}

int route_feeds_run_add(struct store_tx *tx, struct http_request *r, struct err *e)
{
	const struct feed_patch *patch = r->query;
	const struct feed_declaration declaration = {.url = patch->url,
		.name = patch->name,
		.folder = patch->folder,
		.interval_ms = patch->interval_ms,
		.stories = patch->stories};

	int code = feeds_add(tx, &declaration, times_now_ms(), &r->id, e);
	if (code == ERR_EXISTS)
		r->problem.existing = r->id;
	return code < 0 ? code : put_one(tx, r, r->id, true, e);
}

int route_feeds_run_change(struct store_tx *tx, struct http_request *r, struct err *e)
{
	const struct feed_patch *patch = r->query;

	int code = feeds_change(tx, r->id, patch, times_now_ms(), &r->problem.existing, e);
	return code < 0 ? code : put_one(tx, r, r->id, false, e);
}

int route_feeds_run_remove(struct store_tx *tx, struct http_request *r, struct err *e)
{
	r->status = 204;
	return feeds_remove(tx, r->id, times_now_ms(), e);
}

void route_feeds_reply_changed(struct http_request *r)
{
	const struct api *api = r->api;
	int64_t id = r->id;

	http_reply(r);
	api->callbacks.feed_changed(api->callbacks.ctx, id);
}

void route_feeds_reply_added(struct http_request *r)
{
	r->status = 201;
	buf_printf(&r->fields, "Location: /api/v1/feeds/%lld\r\n", (long long)r->id);
	route_feeds_reply_changed(r);
}

/* -- refresh -- */

bool route_feeds_refresh(struct http_request *r, int64_t feed)
{
	const struct api_callbacks *callbacks = &r->api->callbacks;
	struct err e = {0};
	int64_t wait_ms = 0;

	int code = callbacks->refresh(callbacks->ctx, feed, &wait_ms, &e);
	if (code == ERR_BUSY) {
		r->problem.retry_after_s = wait_ms > 0 ? (wait_ms + 999) / 1000 : 1;
		problem_set(&r->problem, PROBLEM_TOO_SOON, "%s",
			e.text[0] ? e.text : err_sentence(code));
	} else if (code < 0) {
		problem_from_err(&r->problem, code, &e);
	}
	return code == 0;
}

void route_feeds_reply_refresh(struct http_request *r)
{
	struct json j;

	if (route_feeds_refresh(r, r->id)) {
		r->status = 202;
		answer_begin(r, &j);
		json_put_int(&j, "feed", r->id);
		json_put_int(&j, "seq", store_seq(r->api->store));
		answer_end(&j);
	}
	http_reply(r);
}
