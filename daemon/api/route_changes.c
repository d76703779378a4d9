/* The change log as a list, at once or after waiting for it to grow. */
#include <string.h>

#include "api/conn.h"
#include "api/core.h"
#include "api/events.h"
#include "api/render.h"
#include "api/routes.h"

struct changes_query {
	struct http_request *r;
	struct store_tx *tx;
	struct json j;
	uint64_t kinds;
	int64_t since, limit;
	int64_t count, scanned_seq;
	bool more;
	int code; /* what render_change() said */
	struct err *e;
};

int route_changes_parse_list(struct http_request *r)
{
	struct changes_query *query = request_query(r, sizeof(*query));

	if (!query)
		return ERR_NOMEM;
	query->since = params_number(&r->params, PARAM_SINCE, -1);
	query->limit = params_number(&r->params, PARAM_LIMIT, 500);
	return events_parse_kinds(&r->params, &query->kinds, &r->problem);
}

static int put_change(void *ctx, const struct change *change)
{
	struct changes_query *query = ctx;
	bool wanted = (query->kinds >> change->kind & 1) != 0;

	/* Whether there is more can only be told when the line behind the last is seen. */
	if (wanted && (query->count == query->limit || query->r->out.len > API_LIST_SOFT))
		return 1;
	query->scanned_seq = change->seq;
	if (!wanted)
		return 0;
	query->count++;
	query->code = render_change(query->tx, &query->j, change, query->e);
	return query->code < 0;
}

static int put_changes(struct store_tx *tx, struct changes_query *query, struct err *e)
{
	json_put_array(&query->j, "changes");
	int code = changes_list(tx, query->since, API_SCAN_MAX, put_change, query, &query->more, e);
	json_end(&query->j);
	return code < 0 ? code : query->code;
}

int route_changes_run_list(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct changes_query *query = r->query;
	int64_t seq = store_tx_seq(tx);
	int64_t min_seq = store_tx_min_seq(tx);

	query->r = r;
	query->tx = tx;
	query->e = e;
	query->count = query->scanned_seq = 0;
	query->more = false;
	if (query->since < 0)
		query->since = min_seq > 0 ? min_seq - 1 : 0; /* from the oldest that can be told */
	else if (!events_can_resume(r->api, r->params.epoch, query->since, min_seq, seq))
		return problem_set(&r->problem, PROBLEM_SEQ_TOO_OLD,
			"the changes after this number cannot be told: read everything anew");
	answer_begin(r, &query->j);
	int code = put_changes(tx, query, e);
	r->result = query->more ? query->scanned_seq : seq;
	json_put_int(&query->j, "seq", r->result);
	json_put_bool(&query->j, "more", query->more);
	json_put_int(&query->j, "min_seq", min_seq);
	json_put_string(&query->j, "epoch", store_epoch(r->api->store));
	answer_end(&query->j);
	return code;
}

void route_changes_reply_list(struct http_request *r)
{
	struct changes_query *query = r->query;
	int64_t wait_s = params_number(&r->params, PARAM_WAIT, 0);
	int64_t now = (int64_t)uv_now(r->api->loop);

	if (r->expires_ms == 0)
		r->expires_ms = now + wait_s * 1000;
	if (query->count > 0 || query->more || r->expires_ms <= now || !r->conn ||
		r->api->stopping) {
		http_reply(r);
		return;
	}
	query->since = r->result; /* what was passed over needn't be looked at again */
	events_wait(r, r->result, http_reply);
}
