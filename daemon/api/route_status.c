/* The root and ping; status, and the same for Prometheus. */
#include <string.h>
#include <sys/resource.h>
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
	int64_t answers[6];
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
	memcpy(query->answers, api->answers, sizeof(query->answers));
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

/* -- metrics: the text format 0.0.4 -- */

static void put_head(struct buf *out, const char *type, const char *name, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_double(
	struct buf *out, const char *type, const char *name, const char *help, double value)
{
	put_head(out, type, name, help);
	buf_printf(out, "%s %.3f\n", name, value);
}

static double cpu_s(void)
{
	struct rusage used = {0};

	(void)getrusage(RUSAGE_SELF, &used);
	return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
	       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void put_whole(
	struct buf *out, const struct store_facts *facts, const struct status_query *query)
{
	const struct api_facts *daemon = &query->daemon;
	const struct {
		const char *type, *name, *help;
		int64_t value;
	} rows[] = {
		{"gauge", "tidings_feeds", "Subscriptions.", facts->feeds},
		{"gauge", "tidings_feeds_due", "Feeds due and not being polled.",
			daemon->feeds_due},
		{"gauge", "tidings_feeds_polling", "Feeds being polled.", daemon->feeds_polling},
		{"gauge", "tidings_feeds_failing", "Feeds whose last poll failed.",
			facts->feeds_failing},
		{"gauge", "tidings_feeds_gone", "Feeds that are gone for good.", facts->feeds_gone},
		{"gauge", "tidings_items", "Items kept.", facts->items},
		{"gauge", "tidings_items_unread", "Items not read.", facts->unread_items},
		{"gauge", "tidings_items_starred", "Items with a star.", facts->starred_items},
		{"gauge", "tidings_stories", "Stories kept.", facts->stories},
		{"counter", "tidings_changes_total", "Changes told since the database was made.",
			facts->seq},
		{"gauge", "tidings_store_ok", "Whether the database can be written.",
			query->trouble == NULL},
		{"gauge", "tidings_store_bytes", "Size of the database.", facts->bytes},
		{"gauge", "tidings_store_queue", "Jobs that wait for the database.", query->queue},
		{"gauge", "tidings_clients", "Connections of clients.", query->clients},
		{"counter", "tidings_fetched_bytes_total", "Bytes received by polls.",
			daemon->polls.bytes},
		{"counter", "tidings_new_items_total", "New items that polls brought.",
			daemon->polls.items},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put_head(out, rows[i].type, rows[i].name, rows[i].help);
		buf_printf(out, "%s %lld\n", rows[i].name, (long long)rows[i].value);
	}
}

static void put_labelled(struct buf *out, const struct status_query *query)
{
	static const char *const outcomes[API_POLLS] = {
		[API_POLL_NEW_ITEMS] = "new_items",
		[API_POLL_UNCHANGED] = "unchanged",
		[API_POLL_RETRY_AFTER] = "retry_after",
		[API_POLL_GONE] = "gone",
		[API_POLL_UNREACHED] = "unreached",
		[API_POLL_FAILED] = "failed",
	};

	put_head(out, "counter", "tidings_polls_total", "Polls by what came of them.");
	for (int i = 0; i < API_POLLS; i++)
		buf_printf(out, "tidings_polls_total{outcome=\"%s\"} %lld\n", outcomes[i],
			(long long)query->daemon.polls.came_to[i]);
	put_head(out, "counter", "tidings_answers_total", "Answers to clients by their status.");
	for (int i = 2; i <= 5; i++)
		buf_printf(out, "tidings_answers_total{status=\"%dxx\"} %lld\n", i,
			(long long)query->answers[i]);
	put_head(out, "gauge", "tidings_poll_late_seconds",
		"How late half, and 99 of 100, of the last polls began.");
	buf_printf(out,
		"tidings_poll_late_seconds{quantile=\"0.5\"} %.3f\n"
		"tidings_poll_late_seconds{quantile=\"0.99\"} %.3f\n",
		(double)query->daemon.late_ms_p50 / 1e3, (double)query->daemon.late_ms_p99 / 1e3);
	put_head(out, "gauge", "tidings_info", "What this is.");
	buf_printf(out, "tidings_info{version=\"%s\"} 1\n", TIDINGS_VERSION);
}

int route_metrics_run(struct store_tx *tx, struct http_request *r, struct err *e)
{
	const struct status_query *query = r->query;
	struct store_facts facts;
	int code = store_facts(tx, &facts, e);

	if (code < 0)
		return code;
	r->content_type = "text/plain; version=0.0.4; charset=utf-8";
	put_whole(&r->out, &facts, query);
	put_labelled(&r->out, query);
	put_double(&r->out, "gauge", "tidings_loop_lag_seconds",
		"How long 1 in 100 turns of the loop keeps all others waiting.",
		query->daemon.loop_lag_ms_p99 / 1e3);
	put_double(&r->out, "gauge", "process_start_time_seconds",
		"When the daemon was started, since 1970.", (double)query->daemon.started_ms / 1e3);
	put_double(&r->out, "counter", "process_cpu_seconds_total",
		"Processor time used by the daemon.", cpu_s());
	return 0;
}
