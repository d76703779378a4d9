/* What users say of stories: merged, split, kept apart; and of hosts whose items are no part of
 * any. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/conn.h"
#include "api/core.h"
#include "api/routes.h"
#include "base/times.h"
#include "base/url.h"
#include "limits.h"
#include "store/words.h"

/* Tells the story that it came to, if it went well. */
static int tell_story(
	int code, int64_t story, struct store_tx *tx, struct http_request *r, struct err *e)
{
	if (code < 0)
		return code;
	r->id = story;
	return route_stories_run_one(tx, r, e);
}

/* Free them; NULL: the code says why. */
static int64_t *take_ids(struct http_request *r, enum member member, int most, int *ret_count,
	int *ret_code, struct err *e)
{
	int64_t *ids = body_ids(r->json, member, ret_count);

	*ret_code = ids ? 0 : err_set(e, ERR_NOMEM, NULL);
	if (!ids || *ret_count <= most)
		return ids;
	free(ids);
	*ret_code = problem_at(&r->problem, "member", member_name(member),
		"%s may have %d members here", member_name(member), most);
	return NULL;
}

/* The one in the path and those in the body. */
int route_words_run_merge(struct store_tx *tx, struct http_request *r, struct err *e)
{
	const struct api_callbacks *above = &r->api->callbacks;
	int64_t story = 0;
	int count, code;
	int64_t *ids = take_ids(r, MEMBER_STORIES, API_WORD_STORIES, &count, &code, e);

	if (!ids)
		return code;
	ids[count] = r->id;
	code = above->join(above->ctx, tx, ids, count + 1, &story, e);
	free(ids);
	return tell_story(code, story, tx, r, e);
}

int route_words_run_split(struct store_tx *tx, struct http_request *r, struct err *e)
{
	const struct api_callbacks *above = &r->api->callbacks;
	int64_t story = 0;
	int count, code;
	int64_t *ids = take_ids(r, MEMBER_ITEMS, API_WORD_ITEMS, &count, &code, e);

	if (!ids)
		return code;
	code = above->split(above->ctx, tx, r->id, ids, count, &story, e);
	free(ids);
	return tell_story(code, story, tx, r, e);
}

int route_words_run_apart(struct store_tx *tx, struct http_request *r, struct err *e)
{
	int count, code;
	int64_t *ids = take_ids(r, MEMBER_STORIES, API_WORD_STORIES, &count, &code, e);

	if (!ids)
		return code;
	for (int i = 0; i < count && code == 0; i++)
		code = words_part(tx, r->id, ids[i], times_now_ms(), e);
	free(ids);
	return tell_story(code, r->id, tx, r, e);
}

/* -- hosts -- */

/* As links of items have it: lower case, A-labels. */
int route_words_parse_never(struct http_request *r)
{
	const char *host = body_string(r->json, MEMBER_HOST);
	size_t size = (host ? strlen(host) : 0) + sizeof("http:///");
	char *url = arena_alloc(&r->arena, size);
	struct url_parts parts;
	int code;

	if (!url)
		return ERR_NOMEM;
	snprintf(url, size, "http://%s/", host ? host : "");
	code = url_split(url, &r->arena, &parts);
	if (code == ERR_NOMEM)
		return code;
	if (code || parts.user || parts.query || parts.fragment || parts.port != 80 ||
		strcmp(parts.path, "/") != 0)
		return problem_at(&r->problem, "member", "host",
			"host must be the name of a host, as www.example.org");
	r->query = parts.host;
	return 0;
}

static void put_host(void *ctx, const char *host)
{
	json_put_string(ctx, NULL, host);
}

int route_words_run_never(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct json j;
	int code;

	answer_begin(r, &j);
	json_put_array(&j, "hosts");
	code = words_list_never(tx, put_host, &j, e);
	json_end(&j);
	answer_end(&j);
	return code;
}

int route_words_run_set_never(struct store_tx *tx, struct http_request *r, struct err *e)
{
	int code = words_set_never(tx, r->query, body_is_true(r->json, MEMBER_NEVER), e);

	return code < 0 ? code : route_words_run_never(tx, r, e);
}

/* -- the task that judges anew -- */

void route_words_reply_task(struct http_request *r)
{
	const struct api_callbacks *above = &r->api->callbacks;
	struct api_task task;
	struct json j;

	above->rebuild_look(above->ctx, &task);
	answer_begin(r, &j);
	if (task.begun) {
		json_put_object(&j, "task");
		json_put_string(&j, "kind", "rebuild");
		json_put_string(
			&j, "state", task.running ? "running" : (task.status ? "failed" : "done"));
		json_put_int(&j, "done", task.done);
		json_put_int(&j, "total", task.total);
		json_put_string(&j, "error", task.status ? err_name(task.status) : NULL);
		json_put_string(&j, "detail", task.status ? task.text : NULL);
		json_end(&j);
	} else {
		json_put_null(&j, "task");
	}
	answer_end(&j);
	http_reply(r);
}

void route_words_reply_rebuild(struct http_request *r)
{
	const struct api_callbacks *above = &r->api->callbacks;
	struct err e = {0};
	int code = above->rebuild(above->ctx, body_time(r->json, MEMBER_SINCE), &e);

	if (code == 0) {
		r->status = 202;
		route_words_reply_task(r);
		return;
	}
	problem_from_err(&r->problem, code, &e);
	http_reply(r);
}
