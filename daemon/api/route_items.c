/* Items over the socket: list, one, state. */
#include "api/conn.h"
#include "api/core.h"
#include "api/render.h"
#include "api/routes.h"
#include "base/times.h"
#include "store/items.h"
#include "store/words.h"

struct item_query {
	struct item_filter filter;
	struct page page;
	struct render_item show;
};

/* Of a page's cursor: received (by id), published, rev. */
static char order_letter(const struct item_query *query)
{
	return "ipr"[query->filter.order];
}

static int parse_show(
	struct http_request *r, enum render_content content, struct render_item *ret_show)
{
	const char *fields = params_text(&r->params, PARAM_FIELDS);

	ret_show->members = RENDER_ALL;
	ret_show->content = (enum render_content)params_number(&r->params, PARAM_CONTENT, content);
	/* The words are "none text html", in the order of the enum. */
	ret_show->html_text = r->api->callbacks.html_text;
	return fields ? render_item_members(fields, &ret_show->members, &r->problem) : 0;
}

int route_items_parse_list(struct http_request *r)
{
	const struct params *p = &r->params;
	struct item_query *query = request_query(r, sizeof(*query));

	if (!query)
		return ERR_NOMEM;
	query->filter = (struct item_filter){
		.feed = params_number(p, PARAM_FEED, 0),
		.folder = params_number(p, PARAM_FOLDER, 0),
		.story = params_number(p, PARAM_STORY, 0),
		.read = params_tristate(p, PARAM_READ),
		.starred = params_tristate(p, PARAM_STARRED),
		.since_rev = params_number(p, PARAM_SINCE, 0),
		.received_after_ms = params_number(p, PARAM_RECEIVED_AFTER, TIME_NONE),
		.received_before_ms = params_number(p, PARAM_RECEIVED_BEFORE, TIME_NONE),
		.published_after_ms = params_number(p, PARAM_PUBLISHED_AFTER, TIME_NONE),
		.published_before_ms = params_number(p, PARAM_PUBLISHED_BEFORE, TIME_NONE),
		.order = (enum item_order)params_number(p, PARAM_ORDER, ITEMS_BY_ID),
	};
	int code = parse_show(r, RENDER_NONE, &query->show);
	query->filter.with_content = query->show.content != RENDER_NONE;
	return code < 0 ? code : page_parse(p, order_letter(query), &query->page, &r->problem);
}

int route_items_parse_one(struct http_request *r)
{
	struct item_query *query = request_query(r, sizeof(*query));

	return query ? parse_show(r, RENDER_HTML, &query->show) : ERR_NOMEM;
}

/* -- list -- */

struct listing {
	struct http_request *r;
	const struct item_query *query;
	struct json j;
};

static int put_item(void *ctx, const struct item_row *row)
{
	struct listing *l = ctx;

	if (l->r->out.len > API_LIST_SOFT)
		return 1;
	render_item(&l->j, NULL, row, &l->query->show);
	return 0;
}

int route_items_run_list(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct item_query *query = r->query;
	struct listing l = {.r = r, .query = query};
	char next[CURSOR_TEXT_BYTES];

	int code = label_asked(tx, r, &query->filter.label, e);
	if (code < 0)
		return code;
	list_begin(r, &l.j, "items");
	code = items_list(tx, &query->filter, &query->page, put_item, &l, e);
	list_end(r, &l.j, tx, page_cursor(&query->page, order_letter(query), next));
	return code;
}

/* -- one -- */

static int put_one(
	struct store_tx *tx, struct http_request *r, const struct render_item *show, struct err *e)
{
	struct item_row row;
	struct json j;

	int code = items_get(tx, r->id, &r->arena, &row, e);
	if (code < 0)
		return code;
	json_init(&j, &r->out);
	render_item(&j, NULL, &row, show);
	buf_putc(&r->out, '\n');
	return 0;
}

int route_items_run_one(struct store_tx *tx, struct http_request *r, struct err *e)
{
	const struct item_query *query = r->query;

	return put_one(tx, r, &query->show, e);
}

static int put_revision(void *ctx, const struct item_row *text, enum edit edit, int64_t replaced_ms)
{
	struct listing *l = ctx;

	if (l->r->out.len > API_LIST_SOFT)
		return 1;
	json_put_object(&l->j, NULL);
	json_put_time(&l->j, "replaced", replaced_ms);
	json_put_string(&l->j, "edit", edit_name(edit));
	json_put_string(&l->j, "title", text->title);
	json_put_string(&l->j, "url", text->link);
	render_content(&l->j, text, &l->query->show);
	json_end(&l->j);
	return 0;
}

int route_items_run_revisions(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct listing l = {.r = r, .query = r->query};
	struct item_row row;

	int code = items_get_brief(tx, r->id, &r->arena, &row, e);
	if (code < 0)
		return code;
	list_begin(r, &l.j, "revisions");
	code = items_list_revisions(tx, r->id, put_revision, &l, e);
	list_end(r, &l.j, tx, NULL);
	return code;
}

int route_items_run_change(struct store_tx *tx, struct http_request *r, struct err *e)
{
	static const struct render_item show = {.members = RENDER_ALL, .content = RENDER_NONE};

	int code = state_change(tx, r, false, e);

	if (code == 0 && body_has(r->json, MEMBER_PINNED))
		code = words_pin_item(
			tx, r->id, body_is_true(r->json, MEMBER_PINNED), times_now_ms(), e);
	return code < 0 ? code : put_one(tx, r, &show, e);
}

int route_items_run_batch(struct store_tx *tx, struct http_request *r, struct err *e)
{
	return state_change_batch(tx, r, false, e);
}
