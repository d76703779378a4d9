/* Labels over the socket: list, one, add, rename, remove; and counts of what has them, and of feeds
 * and folders. */
#include "api/conn.h"
#include "api/core.h"
#include "api/render.h"
#include "api/routes.h"
#include "base/times.h"
#include "store/labels.h"

static void put_label(void *ctx, const struct label *label)
{
	struct json *j = ctx;

	json_put_object(j, NULL);
	render_label_members(j, label);
	json_end(j);
}

int route_labels_run_list(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct json j;

	list_begin(r, &j, "labels");
	int code = labels_list(tx, put_label, &j, e);
	list_end(r, &j, tx, NULL);
	return code;
}

int route_labels_run_one(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct label label;
	struct json j;

	int code = labels_get(tx, r->id, &r->arena, &label, e);
	if (code < 0)
		return code;
	answer_begin(r, &j);
	render_label_members(&j, &label);
	answer_end(&j);
	return 0;
}

int route_labels_run_add(struct store_tx *tx, struct http_request *r, struct err *e)
{
	bool is_new;
	int code = labels_obtain(
		tx, body_string(r->json, MEMBER_LABEL_NAME), times_now_ms(), &r->id, &is_new, e);

	if (code == 0 && !is_new)
		return name_exists(r, r->id, "label");
	return code < 0 ? code : route_labels_run_one(tx, r, e);
}

int route_labels_run_change(struct store_tx *tx, struct http_request *r, struct err *e)
{
	int64_t other = 0;
	int code = labels_rename(
		tx, r->id, body_string(r->json, MEMBER_LABEL_NAME), times_now_ms(), &other, e);

	if (code == ERR_EXISTS)
		return name_exists(r, other, "label");
	return code < 0 ? code : route_labels_run_one(tx, r, e);
}

int route_labels_run_remove(struct store_tx *tx, struct http_request *r, struct err *e)
{
	r->status = 204;
	return labels_remove(tx, r->id, times_now_ms(), &r->more, e);
}

void route_labels_reply_added(struct http_request *r)
{
	r->status = 201;
	buf_printf(&r->fields, "Location: /api/v1/labels/%lld\r\n", (long long)r->id);
	http_reply(r);
}

/* -- counts -- */

struct counting {
	struct json j;
	int lists; /* begun */
};

/* Lists without members have no rows, but are there. */
static void begin_lists(struct counting *c, enum counts_of last)
{
	static const char *const names[] = {"feeds", "folders", "labels"};

	for (; c->lists <= (int)last && c->lists < COUNTS_ALL; c->lists++) {
		if (c->lists > 0)
			json_end(&c->j);
		json_put_array(&c->j, names[c->lists]);
	}
}

static void put_counts(void *ctx, const struct counts *counts)
{
	struct counting *c = ctx;

	begin_lists(c, counts->of);
	if (counts->of != COUNTS_ALL) {
		render_counts(&c->j, counts, counts->of != COUNTS_LABELS);
		return;
	}
	json_end(&c->j);
	json_put_int(&c->j, "unread", counts->unread);
	json_put_int(&c->j, "starred", counts->starred);
}

int route_counts_run(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct counting c = {.lists = 0};

	answer_begin(r, &c.j);
	int code = counts_list(tx, put_counts, &c, e);
	json_put_int(&c.j, "seq", store_tx_seq(tx));
	json_put_string(&c.j, "epoch", store_epoch(r->api->store));
	answer_end(&c.j);
	return code;
}
