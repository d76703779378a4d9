/* The database itself: its size, and the task that looks after it. */
#include "api/conn.h"
#include "api/core.h"
#include "api/routes.h"
#include "store/care.h"

int route_db_parse(struct http_request *r)
{
	struct care_report *report = request_query(r, sizeof(*report));

	if (!report)
		return ERR_NOMEM;
	*report = care_look(r->api->store);
	report->text = arena_strdup(&r->arena, report->text);
	return 0;
}

static void put_task(struct json *j, const struct care_report *report)
{
	if (report->kind == CARE_NONE) {
		json_put_string(j, "task", NULL);
		return;
	}
	json_put_object(j, "task");
	json_put_string(j, "kind", care_name(report->kind));
	json_put_string(
		j, "state", report->running ? "running" : (report->status ? "failed" : "done"));
	json_put_int(j, "done", report->done);
	json_put_int(j, "total", report->total);
	json_put_string(j, "error", report->status ? err_name(report->status) : NULL);
	json_put_string(j, "detail", report->status ? report->text : NULL);
	json_end(j);
}

int route_db_run(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct care_stats stats;
	struct json j;
	int code = care_measure(tx, &stats, e);

	answer_begin(r, &j);
	json_put_int(&j, "bytes", stats.pages * stats.page_bytes);
	json_put_int(&j, "free_bytes", stats.free_pages * stats.page_bytes);
	json_put_int(&j, "log_bytes", stats.log_bytes);
	json_put_int(&j, "feeds", stats.feeds);
	json_put_int(&j, "items", stats.items);
	json_put_int(&j, "revisions", stats.revisions);
	json_put_int(&j, "stories", stats.stories);
	json_put_int(&j, "dropped", stats.dropped);
	json_put_int(&j, "changes", stats.changes);
	put_task(&j, r->query);
	answer_end(&j);
	return code;
}

static void begin(struct http_request *r, enum care_kind kind, const char *name)
{
	struct err e = {0};
	struct json j;
	int code = care_begin(r->api->store, kind, name, NULL, NULL, &e);

	if (code == ERR_INVALID)
		problem_at(&r->problem, "member", "name", "%s", e.text);
	else if (code < 0)
		problem_from_err(&r->problem, code, &e);
	r->status = 202;
	if (code == 0) {
		struct care_report report = care_look(r->api->store);

		answer_begin(r, &j);
		put_task(&j, &report);
		answer_end(&j);
	}
	http_reply(r);
}

void route_db_reply_check(struct http_request *r)
{
	begin(r, CARE_CHECK, NULL);
}

void route_db_reply_compact(struct http_request *r)
{
	begin(r, CARE_COMPACT, NULL);
}

void route_db_reply_backup(struct http_request *r)
{
	begin(r, CARE_BACKUP, body_string(r->json, MEMBER_NAME));
}
