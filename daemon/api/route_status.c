/* The root, ping and status. */
#include <unistd.h>

#include "api/conn.h"
#include "api/core.h"
#include "api/routes.h"
#include "base/json.h"

enum { FORMAT = 1 }; /* of all JSON here; what only adds keeps it */

static void put_identity(struct json *j, const struct http_request *r, int64_t seq)
{
	json_put_string(j, "version", TIDINGS_VERSION);
	json_put_int(j, "format", FORMAT);
	json_put_string(j, "epoch", store_epoch(r->api->store));
	json_put_int(j, "seq", seq);
}

int route_status_run_root(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct json j;

	(void)e;
	answer_begin(r, &j);
	json_put_string(&j, "name", "tidings");
	put_identity(&j, r, store_tx_seq(tx));
	json_put_int(&j, "min_seq", store_tx_min_seq(tx));
	json_put_array(&j, "facades");
	json_end(&j);
	answer_end(&j);
	return 0;
}

void route_status_reply_ping(struct http_request *r)
{
	r->status = 204;
	http_reply(r);
}

/* What only the loop thread knows, taken along into the job. */
struct status_query {
	struct api_facts daemon;
	const char *state, *trouble; /* of the store */
	int64_t queue;
	int clients;
};

int route_status_parse(struct http_request *r)
{
	struct status_query *query = request_query(r, sizeof(*query));
	const struct api *api = r->api;
	const struct err *trouble = store_trouble(api->store);

	if (!query)
		return ERR_NOMEM;
	api->callbacks.facts(api->callbacks.ctx, &query->daemon);
	query->state = err_name(trouble->code);
	if (trouble->code)
		query->trouble = arena_strdup(&r->arena, trouble->text);
	query->queue = (int64_t)store_queue_length(api->store);
	query->clients = api->conn_count;
	return 0;
}

int route_status_run(struct store_tx *tx, struct http_request *r, struct err *e)
{
	const struct status_query *query = r->query;
	struct store_facts facts;
	struct json j;

	int code = store_facts(tx, &facts, e);
	if (code < 0)
		return code;
	answer_begin(r, &j);
	put_identity(&j, r, facts.seq);
	json_put_time(&j, "started", query->daemon.started_ms);
	json_put_int(&j, "pid", getpid());
	json_put_object(&j, "feeds");
	json_put_int(&j, "total", facts.feeds);
	json_put_int(&j, "due", query->daemon.feeds_due);
	json_put_int(&j, "polling", query->daemon.feeds_polling);
	json_put_int(&j, "failing", facts.feeds_failing);
	json_put_int(&j, "gone", facts.feeds_gone);
	json_put_int(&j, "unverified", query->daemon.feeds_unverified);
	json_end(&j);
	json_put_int(&j, "items", facts.items);
	json_put_int(&j, "stories", facts.stories);
	json_put_int(&j, "unread", facts.unread_items);
	json_put_int(&j, "starred", facts.starred_items);
	json_put_object(&j, "store");
	json_put_string(&j, "state", query->state);
	json_put_string(&j, "error", query->trouble);
	json_put_int(&j, "bytes", facts.bytes);
	json_put_int(&j, "queue", query->queue);
	json_end(&j);
	json_put_object(&j, "loop");
	json_put_double(&j, "lag_ms_p99", query->daemon.loop_lag_ms_p99);
	json_end(&j);
	json_put_object(&j, "polls");
	json_put_int(&j, "late_ms_p50", query->daemon.late_ms_p50);
	json_put_int(&j, "late_ms_p99", query->daemon.late_ms_p99);
	json_end(&j);
	json_put_int(&j, "clients", query->clients);
	answer_end(&j);
	return 0;
}
