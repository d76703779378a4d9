/* Stories over the socket: list, one with its items, state. */
#include "api/conn.h"
#include "api/core.h"
#include "api/render.h"
#include "api/routes.h"
#include "base/times.h"
#include "store/items.h"
#include "store/stories.h"
#include "store/words.h"

struct story_query {
	struct story_filter filter;
	struct page page;
};

enum { BY_UPDATED = 'u' }; /* the letter of a page's cursor */

int route_stories_parse_list(struct http_request *r)
{
	const struct params *p = &r->params;
	struct story_query *query = request_query(r, sizeof(*query));

	if (!query)
		return ERR_NOMEM;
	query->filter = (struct story_filter){
		.feed = params_number(p, PARAM_FEED, 0),
		.folder = params_number(p, PARAM_FOLDER, 0),
		.read = params_tristate(p, PARAM_READ),
		.starred = params_tristate(p, PARAM_STARRED),
		.since_rev = params_number(p, PARAM_SINCE, 0),
		.seen_after_ms = params_number(p, PARAM_SEEN_AFTER, TIME_NONE),
	};
	return page_parse(p, BY_UPDATED, &query->page, &r->problem);
}

struct listing {
	struct http_request *r;
	struct json j;
	int64_t now_ms;
};

static int put_story(void *ctx, const struct story *story)
{
	struct listing *l = ctx;

	if (l->r->out.len > API_LIST_SOFT)
		return 1;
	json_put_object(&l->j, NULL);
	render_story_members(&l->j, story, l->now_ms);
	json_end(&l->j);
	return 0;
}

int route_stories_run_list(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct story_query *query = r->query;
	struct listing l = {.r = r, .now_ms = times_now_ms()};
	char next[CURSOR_TEXT_BYTES];

	int code = label_asked(tx, r, &query->filter.label, e);
	if (code < 0)
		return code;
	list_begin(r, &l.j, "stories");
	code = stories_list(tx, &query->filter, &query->page, put_story, &l, e);
	list_end(r, &l.j, tx, page_cursor(&query->page, BY_UPDATED, next));
	return code;
}

/* A story too long for one answer shows its first items; /items?story= has them all. */
static int put_member(void *ctx, const struct story_member *member)
{
	struct listing *l = ctx;

	if (l->r->out.len > API_LIST_SOFT)
		return 1;
	render_story_member(&l->j, member);
	return 0;
}

static int put_content(struct store_tx *tx, struct listing *l, int64_t item, struct err *e)
{
	struct http_request *r = l->r;
	const struct render_item show = {.content = (enum render_content)params_number(
						 &r->params, PARAM_CONTENT, RENDER_NONE),
		.html_text = r->api->callbacks.html_text};
	struct item_row row;

	if (show.content == RENDER_NONE)
		return 0;
	int code = items_get(tx, item, &r->arena, &row, e);
	if (code == 0)
		render_content(&l->j, &row, &show);
	return code;
}

static void put_apart(void *ctx, int64_t other)
{
	json_put_int(ctx, NULL, other);
}

int route_stories_run_one(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct listing l = {.r = r};
	struct story story;

	int code = stories_get(tx, r->id, &r->arena, &story, e);
	if (code < 0)
		return code;
	answer_begin(r, &l.j);
	render_story_members(&l.j, &story, times_now_ms());
	json_put_array(&l.j, "members");
	code = stories_members(tx, story.id, put_member, &l, e);
	json_end(&l.j);
	json_put_array(&l.j, "apart");
	if (code == 0)
		code = words_list_apart(tx, story.id, put_apart, &l.j, e);
	json_end(&l.j);
	if (code == 0)
		code = put_content(tx, &l, story.lead, e);
	answer_end(&l.j);
	return code;
}

int route_stories_run_change(struct store_tx *tx, struct http_request *r, struct err *e)
{
	int code = state_change(tx, r, true, e);

	if (code == 0 && body_has(r->json, MEMBER_PINNED))
		code = words_pin_story(
			tx, r->id, body_is_true(r->json, MEMBER_PINNED), times_now_ms(), e);
	return code < 0 ? code : route_stories_run_one(tx, r, e);
}

int route_stories_run_batch(struct store_tx *tx, struct http_request *r, struct err *e)
{
	return state_change_batch(tx, r, true, e);
}
