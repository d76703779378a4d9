/* Which feeds an address has. */
#include "api/conn.h"
#include "api/core.h"
#include "api/routes.h"

/* In the request's arena, and so the request: it is nobody else's until the answer is there. */
struct asked {
	struct http_request *r;
	discover_found *found;
};

/* Why not, as the client sees it. */
static void explain(struct http_request *r, const struct err *e, int64_t wait_ms)
{
	bool ours = e->code == ERR_CANCELED || e->code == ERR_NOMEM;

	if (wait_ms > 0)
		r->problem.retry_after_s = (wait_ms + 999) / 1000;
	if (e->code == ERR_CANCELED)
		problem_set(&r->problem, PROBLEM_BUSY, "the daemon is being stopped");
	else if (e->code == ERR_BUSY && wait_ms > 0)
		problem_set(&r->problem, PROBLEM_TOO_SOON, "%s", e->text);
	else if (ours || e->code == ERR_BUSY)
		problem_from_err(&r->problem, e->code, e);
	else
		problem_set(&r->problem, PROBLEM_UNREADABLE, "%s", e->text);
}

static void on_found(void *arg, const struct api_found *result)
{
	const struct asked *asked = arg;
	struct http_request *r = asked->r;
	struct api *api = r->api;

	r->busy = false;
	api->jobs--;
	if (result->error.code)
		explain(r, &result->error, result->wait_ms);
	asked->found(r, result->error.code ? NULL : result->feeds);
	api_maybe_stopped(api);
}

void discover(struct http_request *r, const char *url, discover_found *found)
{
	const struct api_callbacks *callbacks = &r->api->callbacks;
	struct asked *asked = arena_alloc(&r->arena, sizeof(*asked));
	struct err e = {0};
	int code = ERR_NOMEM;

	if (asked) {
		*asked = (struct asked){r, found};
		code = callbacks->discover(callbacks->ctx, url, on_found, asked);
	}
	if (code == 0) {
		r->busy = true;
		r->api->jobs++;
		return;
	}
	err_set(&e, code, code == ERR_BUSY ? "other addresses are being asked already" : NULL);
	explain(r, &e, 0);
	found(r, NULL);
}

static void reply(struct http_request *r, const struct offer *feeds)
{
	struct json j;

	answer_begin(r, &j);
	json_put_array(&j, "feeds");
	for (const struct offer *o = feeds; o; o = o->next) {
		json_put_object(&j, NULL);
		json_put_string(&j, "url", o->url);
		json_put_string(&j, "title", o->title);
		json_put_string(&j, "type", o->type);
		json_end(&j);
	}
	json_end(&j);
	answer_end(&j);
	http_reply(r);
}

void route_discover_reply(struct http_request *r)
{
	char *url;

	if (url_asked(r, "url", body_string(r->json, MEMBER_URL), &url) < 0)
		http_reply(r);
	else
		discover(r, url, reply);
}
