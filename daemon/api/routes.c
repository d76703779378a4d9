/* The table of routes and what becomes of a request on it. */
#include "api/routes.h"

#include <stdio.h>
#include <string.h>

#include "api/admit.h"
#include "api/conn.h"
#include "api/core.h"
#include "api/events.h"
#include "api/greader.h"
#include "api/http.h"
#include "api/miniflux.h"
#include "base/log.h"

#define P(param)  PARAM_BIT(PARAM_##param)
#define M(member) MEMBER_BIT(MEMBER_##member)

#define ITEM_PARAMS                                                                                \
	(P(FEED) | P(FOLDER) | P(STORY) | P(READ) | P(STARRED) | P(SINCE) | P(RECEIVED_AFTER) |    \
		P(RECEIVED_BEFORE) | P(PUBLISHED_AFTER) | P(PUBLISHED_BEFORE) | P(ORDER) |         \
		P(DIR) | P(LIMIT) | P(FIELDS) | P(CONTENT) | P(CURSOR) | P(Q) | P(LABEL))
#define STORY_PARAMS                                                                               \
	(P(FEED) | P(FOLDER) | P(READ) | P(STARRED) | P(SINCE) | P(SEEN_AFTER) | P(DIR) |          \
		P(LIMIT) | P(CURSOR) | P(Q) | P(LABEL))
#define DRAFT_MEMBERS  (M(URL) | M(NAME) | M(FOLDER) | M(INTERVAL) | M(LEVEL))
#define PLACE_MEMBERS  (STATE_MEMBERS | M(PINNED))
#define NEVER_MEMBERS  (M(HOST) | M(NEVER))
#define ACCESS_MEMBERS (M(NAME) | M(READ_ONLY) | M(AS_STORIES))
#define BATCH_MEMBERS  (M(IDS) | M(SET) | M(FILTER) | M(AS_OF))
#define PLAIN_PARAMS   (P(N) | P(STORIES) | PARAM_OTHERS)

/* method, path, right, where, parameters, members, of these required, parse, run, reply */
static const struct route table[] = {
	{HTTP_GET, "/api/v1", API_READ, ROUTE_READ, 0, 0, 0, NULL, route_status_run_root, NULL},
	{HTTP_GET, "/api/v1/ping", API_READ, ROUTE_LOOP, 0, 0, 0, NULL, NULL,
		route_status_reply_ping},
	{HTTP_GET, "/api/v1/status", API_READ, ROUTE_READ, 0, 0, 0, route_status_parse,
		route_status_run, NULL},
	{HTTP_GET, "/api/v1/metrics", API_READ, ROUTE_READ, 0, 0, 0, route_status_parse,
		route_metrics_run, NULL},
	{HTTP_GET, "/api/v1/openapi.json", API_READ, ROUTE_READ, 0, 0, 0, NULL, route_openapi_run,
		NULL},
	{HTTP_GET, "/api/v1/db", API_READ, ROUTE_READ, 0, 0, 0, route_db_parse, route_db_run, NULL},
	{HTTP_POST, "/api/v1/db/check", API_WRITE, ROUTE_LOOP, 0, 0, 0, NULL, NULL,
		route_db_reply_check},
	{HTTP_POST, "/api/v1/db/backup", API_WRITE, ROUTE_LOOP, 0, M(NAME), M(NAME), NULL, NULL,
		route_db_reply_backup},
	{HTTP_POST, "/api/v1/db/compact", API_WRITE, ROUTE_LOOP, 0, 0, 0, NULL, NULL,
		route_db_reply_compact},

	{HTTP_GET, "/api/v1/access", API_OWN, ROUTE_LOOP, 0, 0, 0, NULL, NULL,
		route_access_reply_list},
	{HTTP_POST, "/api/v1/access", API_OWN, ROUTE_WRITE, 0, ACCESS_MEMBERS, M(NAME),
		route_access_parse, route_access_run_add, route_access_reply_added},
	{HTTP_DELETE, "/api/v1/access/{name}", API_OWN, ROUTE_WRITE, 0, 0, 0, route_access_parse,
		route_access_run_remove, route_access_reply_removed},

	{HTTP_GET, "/api/v1/feeds", API_READ, ROUTE_READ, P(FOLDER) | P(AFTER) | P(LIMIT), 0, 0,
		NULL, route_feeds_run_list, NULL},
	{HTTP_POST, "/api/v1/feeds", API_WRITE, ROUTE_WRITE, 0, DRAFT_MEMBERS, M(URL),
		route_feeds_parse_draft, route_feeds_run_add, route_feeds_reply_added},
	{HTTP_GET, "/api/v1/feeds/{id}", API_READ, ROUTE_READ, 0, 0, 0, route_feeds_parse_one,
		route_feeds_run_one, NULL},
	{HTTP_PATCH, "/api/v1/feeds/{id}", API_WRITE, ROUTE_WRITE, 0, DRAFT_MEMBERS, 0,
		route_feeds_parse_draft, route_feeds_run_change, route_feeds_reply_changed},
	{HTTP_DELETE, "/api/v1/feeds/{id}", API_WRITE, ROUTE_WRITE, 0, 0, 0, NULL,
		route_feeds_run_remove, route_feeds_reply_changed},
	{HTTP_GET, "/api/v1/feeds/{id}/icon", API_READ, ROUTE_READ, 0, 0, 0, NULL,
		route_feeds_run_icon, NULL},
	{HTTP_POST, "/api/v1/feeds/{id}/refresh", API_WRITE, ROUTE_LOOP, 0, 0, 0, NULL, NULL,
		route_feeds_reply_refresh},

	{HTTP_POST, "/api/v1/discover", API_WRITE, ROUTE_LOOP, 0, M(URL), M(URL), NULL, NULL,
		route_discover_reply},

	{HTTP_GET, "/api/v1/folders", API_READ, ROUTE_READ, 0, 0, 0, NULL, route_folders_run_list,
		NULL},
	{HTTP_POST, "/api/v1/folders", API_WRITE, ROUTE_WRITE, 0, M(NAME), M(NAME),
		route_folders_parse, route_folders_run_add, route_folders_reply_added},
	{HTTP_GET, "/api/v1/folders/{id}", API_READ, ROUTE_READ, 0, 0, 0, NULL,
		route_folders_run_one, NULL},
	{HTTP_PATCH, "/api/v1/folders/{id}", API_WRITE, ROUTE_WRITE, 0, M(LEVEL) | M(NAME), 0,
		route_folders_parse, route_folders_run_change, NULL},
	{HTTP_DELETE, "/api/v1/folders/{id}", API_WRITE, ROUTE_WRITE, 0, 0, 0, NULL,
		route_folders_run_remove, NULL},

	{HTTP_GET, "/api/v1/labels", API_READ, ROUTE_READ, 0, 0, 0, NULL, route_labels_run_list,
		NULL},
	{HTTP_POST, "/api/v1/labels", API_WRITE, ROUTE_WRITE, 0, M(LABEL_NAME), M(LABEL_NAME), NULL,
		route_labels_run_add, route_labels_reply_added},
	{HTTP_GET, "/api/v1/labels/{id}", API_READ, ROUTE_READ, 0, 0, 0, NULL, route_labels_run_one,
		NULL},
	{HTTP_PATCH, "/api/v1/labels/{id}", API_WRITE, ROUTE_WRITE, 0, M(LABEL_NAME), M(LABEL_NAME),
		NULL, route_labels_run_change, NULL},
	{HTTP_DELETE, "/api/v1/labels/{id}", API_WRITE, ROUTE_WRITE, 0, 0, 0, NULL,
		route_labels_run_remove, NULL},

	{HTTP_GET, "/api/v1/counts", API_READ, ROUTE_TOLD, 0, 0, 0, NULL, route_counts_run, NULL},

	{HTTP_GET, "/api/v1/opml", API_READ, ROUTE_READ, P(CREDENTIALS) | P(AS), 0, 0,
		route_opml_parse_export, route_opml_run_export, NULL},
	{HTTP_POST, "/api/v1/opml", API_WRITE, ROUTE_WRITE, 0, BODY_LIST, 0,
		route_opml_parse_import, route_opml_run_import, route_opml_reply_imported},

	{HTTP_GET, "/opml", API_READ, ROUTE_READ, P(AS) | PARAM_OTHERS, 0, 0, NULL,
		route_opml_run_export, NULL},
	{HTTP_GET, "/atom/*", API_READ, ROUTE_READ, PLAIN_PARAMS, 0, 0, route_plain_parse,
		route_plain_run_atom, NULL},
	{HTTP_GET, "/json/*", API_READ, ROUTE_READ, PLAIN_PARAMS, 0, 0, route_plain_parse,
		route_plain_run_json, NULL},

	{HTTP_GET, "/api/v1/items", API_READ, ROUTE_TOLD, ITEM_PARAMS, 0, 0, route_items_parse_list,
		route_items_run_list, NULL},
	{HTTP_POST, "/api/v1/items/batch", API_WRITE, ROUTE_WRITE, 0, BATCH_MEMBERS, M(SET),
		state_parse, route_items_run_batch, NULL},
	{HTTP_GET, "/api/v1/items/{id}", API_READ, ROUTE_TOLD, P(CONTENT) | P(FIELDS), 0, 0,
		route_items_parse_one, route_items_run_one, NULL},
	{HTTP_GET, "/api/v1/items/{id}/revisions", API_READ, ROUTE_TOLD, P(CONTENT), 0, 0,
		route_items_parse_one, route_items_run_revisions, NULL},
	{HTTP_PATCH, "/api/v1/items/{id}", API_WRITE, ROUTE_WRITE, 0, PLACE_MEMBERS, 0, state_parse,
		route_items_run_change, NULL},

	{HTTP_GET, "/api/v1/stories", API_READ, ROUTE_TOLD, STORY_PARAMS, 0, 0,
		route_stories_parse_list, route_stories_run_list, NULL},
	{HTTP_POST, "/api/v1/stories/batch", API_WRITE, ROUTE_WRITE, 0, BATCH_MEMBERS, M(SET),
		state_parse, route_stories_run_batch, NULL},
	{HTTP_GET, "/api/v1/stories/{id}", API_READ, ROUTE_TOLD, P(CONTENT), 0, 0, NULL,
		route_stories_run_one, NULL},
	{HTTP_PATCH, "/api/v1/stories/{id}", API_WRITE, ROUTE_WRITE, 0, PLACE_MEMBERS, 0,
		state_parse, route_stories_run_change, NULL},
	{HTTP_POST, "/api/v1/stories/{id}/merge", API_WRITE, ROUTE_WRITE, 0, M(STORIES), M(STORIES),
		NULL, route_words_run_merge, NULL},
	{HTTP_POST, "/api/v1/stories/{id}/split", API_WRITE, ROUTE_WRITE, 0, M(ITEMS), M(ITEMS),
		NULL, route_words_run_split, NULL},
	{HTTP_POST, "/api/v1/stories/{id}/apart", API_WRITE, ROUTE_WRITE, 0, M(STORIES), M(STORIES),
		NULL, route_words_run_apart, NULL},
	{HTTP_GET, "/api/v1/stories/rebuild", API_READ, ROUTE_LOOP, 0, 0, 0, NULL, NULL,
		route_words_reply_task},
	{HTTP_POST, "/api/v1/stories/rebuild", API_WRITE, ROUTE_LOOP, 0, M(SINCE), M(SINCE), NULL,
		NULL, route_words_reply_rebuild},
	{HTTP_GET, "/api/v1/stories/never", API_READ, ROUTE_READ, 0, 0, 0, NULL,
		route_words_run_never, NULL},
	{HTTP_POST, "/api/v1/stories/never", API_WRITE, ROUTE_WRITE, 0, NEVER_MEMBERS,
		NEVER_MEMBERS, route_words_parse_never, route_words_run_set_never, NULL},

	{HTTP_GET, "/api/v1/changes", API_READ, ROUTE_READ,
		P(SINCE) | P(LIMIT) | P(WAIT) | P(KINDS), 0, 0, route_changes_parse_list,
		route_changes_run_list, route_changes_reply_list},
	{HTTP_GET, "/api/v1/events", API_READ, ROUTE_READ, P(SINCE) | P(KINDS), 0, 0, events_parse,
		events_run, events_reply},
};

static const struct face native = {
	.mounts = (const char *const[]){"", NULL},
	.routes = table,
	.count = sizeof(table) / sizeof(table[0]),
};

const struct face *const faces[] = {&native, &greader, &miniflux_face, NULL};

const struct route *routes_table(size_t *ret_count)
{
	*ret_count = native.count;
	return table;
}

/* -- finding -- */

static bool read_text(struct http_request *r, struct slice segment, char **ret_text)
{
	int code = http_decode(&r->arena, segment, HTTP_CODED_PATH, ret_text);

	if (code == ERR_NOMEM)
		problem_from_err(&r->problem, code, NULL); /* not that there is none */
	return code == 0;
}

static bool read_id(struct http_request *r, struct slice segment)
{
	char *text;

	return read_text(r, segment, &text) && params_parse_int(text, 1, INT64_MAX, &r->id) == 0;
}

static bool is_variable(struct http_request *r, struct slice wanted, struct slice segment)
{
	return (slice_is(wanted, "{id}") && read_id(r, segment)) ||
	       (slice_is(wanted, "{name}") && read_text(r, segment, &r->name));
}

static bool path_matches(
	struct http_request *r, const char *pattern, const struct slice *segments, int count)
{
	struct slice wanted[API_SEGMENTS_MAX];
	struct slice whole = {pattern, strlen(pattern)};
	int known = http_split_path(whole, API_SEGMENTS_MAX, wanted);
	struct slice tail = {"", 0};

	if (slice_is(wanted[known - 1], "*") && count >= known) {
		const struct slice *last = &segments[count - 1];

		known--;
		tail.at = segments[known].at;
		tail.len = (size_t)(last->at + last->len - tail.at);
		count = known;
	}
	if (known != count)
		return false;
	for (int i = 0; i < count; i++) {
		bool same = wanted[i].len == segments[i].len &&
			    memcmp(wanted[i].at, segments[i].at, wanted[i].len) == 0;
		if (!same && !is_variable(r, wanted[i], segments[i]))
			return false;
	}
	r->tail = tail;
	return true;
}

static void allow(struct http_request *r, enum llhttp_method method)
{
	if (r->fields.len == 0)
		buf_puts(&r->fields, "Allow: OPTIONS");
	buf_printf(&r->fields, ", %s%s", llhttp_method_name(method),
		method == HTTP_GET ? ", HEAD" : "");
}

/* Looks for the route; notes on the way what the path allows, in r->fields. */
static const struct route *find_in(
	struct http_request *r, const struct face *face, const struct slice *segments, int count)
{
	for (size_t i = 0; i < face->count; i++) {
		if (!path_matches(r, face->routes[i].path, segments, count))
			continue;
		r->face = face;
		if (face->routes[i].method == r->method)
			return &face->routes[i];
		allow(r, face->routes[i].method);
	}
	return NULL;
}

/* How many segments the mount takes of the path; -1: it is under another. */
static int mounted(const char *mount, const struct slice *segments, int count)
{
	struct slice wanted[API_SEGMENTS_MAX];
	int known = http_split_path((struct slice){mount, strlen(mount)}, API_SEGMENTS_MAX, wanted);

	for (int i = 0; i < known; i++) {
		if (i == count || wanted[i].len != segments[i].len ||
			memcmp(wanted[i].at, segments[i].at, wanted[i].len) != 0)
			return -1;
	}
	return known;
}

/* Whether a face has paths that begin so: the first such one says what is wrong with others. */
static bool is_of(const struct face *face, struct slice first)
{
	struct slice wanted[API_SEGMENTS_MAX];

	for (size_t i = 0; i < face->count; i++) {
		const char *path = face->routes[i].path;

		http_split_path((struct slice){path, strlen(path)}, API_SEGMENTS_MAX, wanted);
		if (wanted[0].len == first.len && memcmp(wanted[0].at, first.at, first.len) == 0)
			return true;
	}
	return false;
}

static void find_in_all(struct http_request *r, const struct slice *segments, int count)
{
	for (const struct face *const *face = faces; *face && !r->route; face++) {
		for (const char *const *at = (*face)->mounts; *at && !r->route; at++) {
			int skip = mounted(*at, segments, count);
			if (skip >= 0)
				r->route = find_in(r, *face, segments + skip, count - skip);
			if (!r->face && skip >= 0 && skip < count && is_of(*face, segments[skip]))
				r->face = *face;
		}
	}
}

/* No route: OPTIONS asked what there is, or the path or the method is wrong. */
static void explain(struct http_request *r, struct slice path)
{
	if (r->method == HTTP_OPTIONS && slice_is(path, "*"))
		buf_puts(&r->fields, "Allow: OPTIONS, GET, HEAD, POST, PUT, PATCH, DELETE");
	if (buf_status(&r->fields) < 0)
		problem_from_err(&r->problem, buf_status(&r->fields), NULL);
	if (r->fields.len == 0) {
		problem_set(&r->problem, PROBLEM_NOT_FOUND, "there is no such resource");
		return;
	}
	buf_puts(&r->fields, "\r\n");
	if (r->method != HTTP_OPTIONS)
		problem_set(&r->problem, PROBLEM_METHOD, "this resource does not know %s",
			r->head ? "HEAD" : llhttp_method_name(r->method));
}

void routes_find(struct http_request *r)
{
	struct slice segments[API_SEGMENTS_MAX], path, query;

	http_split_target(r->target, &path, &query);
	int count = http_split_path(path, API_SEGMENTS_MAX, segments);
	if (count <= API_SEGMENTS_MAX)
		find_in_all(r, segments, count);
	if (r->route && r->problem.kind == PROBLEM_NONE)
		buf_reset(&r->fields);
	else
		explain(r, path);
}

static int check_right(struct http_request *r, enum api_right right)
{
	bool nobody = right == API_NONE && r->stranger && r->route && r->route->right == API_NONE;

	if (right == API_NONE && !nobody)
		return problem_set(
			&r->problem, PROBLEM_FORBIDDEN, "your user may not use this daemon");
	if (!r->route || right >= r->route->right)
		return 0;
	return problem_set(&r->problem, PROBLEM_FORBIDDEN, "%s",
		r->route->right == API_OWN
			? "only who comes by the Unix socket and may write may let others in,"
			  " without credentials, and not while trust_peer is no"
			: "you may read here, but not change");
}

int routes_prepare(struct http_request *r, enum api_right right)
{
	struct http_problem found = r->problem;
	struct slice path, query;

	r->right = right;
	r->problem = (struct http_problem){0}; /* who may not come learns nothing else */
	if (check_right(r, right) < 0)
		return ERR_INVALID;
	r->problem = found;
	if (r->problem.kind != PROBLEM_NONE)
		return ERR_INVALID;
	if (!r->route)
		return 0;
	if (r->body.len > 0 && r->route->members == 0 && r->face == faces[0])
		return problem_set(&r->problem, PROBLEM_PARAMETER, "this takes no body");
	if (r->route->members == 0)
		request_drop_body(r);
	if (r->route->params & PARAM_FORM) {
		if (!(r->route->members & BODY_FORM))
			request_parse_form(r);
		return r->problem.kind == PROBLEM_NONE ? 0 : ERR_INVALID;
	}
	http_split_target(r->target, &path, &query);
	return params_parse(query, r->route->params, &r->arena, &r->params, &r->problem);
}

int routes_check_body(struct http_request *r)
{
	if (r->problem.kind != PROBLEM_NONE)
		return ERR_INVALID;
	if (r->route->members & (BODY_LIST | BODY_FORM | BODY_ANY))
		return 0;
	return body_check(r->json, r->route->members, r->route->required, &r->problem);
}

/* -- running -- */

static void end_job(struct http_request *r)
{
	r->busy = false;
	r->api->jobs--;
	r->api->unsent_bytes -= r->parked;
	r->parked = 0;
}

static void on_job_done(struct store_job *job)
{
	struct http_request *r = job->arg;
	struct api *api = r->api;

	end_job(r);
	if (job->status < 0)
		problem_from_err(&r->problem, job->status, &job->error);
	if (r->more && api->stopping) /* what is done stays, and asking again does the rest */
		problem_from_err(&r->problem, ERR_BUSY, NULL);
	if (r->more)
		conn_check_room(r);
	if (r->problem.kind != PROBLEM_NONE)
		buf_reset(&r->fields);
	if (r->problem.kind != PROBLEM_NONE)
		routes_refuse(r);
	else if (r->more && !r->conn && r->route->where != ROUTE_WRITE)
		request_destroy(r); /* nobody reads the rest */
	else if (r->more)
		routes_again(r);
	else if (r->route->reply)
		r->route->reply(r);
	else
		http_reply(r);
	api_maybe_stopped(api);
}

/* The newest change stands for all that could have changed. */
static bool is_known(struct store_tx *tx, struct http_request *r)
{
	char tag[64];

	snprintf(tag, sizeof(tag), "W/\"%s-%lld\"", store_epoch(r->api->store),
		(long long)store_tx_seq(tx));
	buf_printf(&r->fields, "ETag: %s\r\n", tag);
	return r->if_none_match && strstr(r->if_none_match, tag);
}

static int run_job(struct store_tx *tx, void *request, struct err *e)
{
	struct http_request *r = request;

	if (r->route->where != ROUTE_TOLD || !is_known(tx, r))
		return r->route->run(tx, r, e);
	r->status = 304;
	return 0;
}

static void start_job(struct http_request *r)
{
	struct store *store = r->api->store;
	size_t parked = r->out.len; /* once it is handed over, that is the job's */

	r->job = (struct store_job){
		.class = STORE_USER, .run = run_job, .done = on_job_done, .arg = r};
	int code = r->route->where == ROUTE_WRITE ? store_write(store, &r->job)
						  : store_read(store, &r->job);
	if (code < 0) {
		problem_from_err(&r->problem, code, NULL);
		routes_refuse(r);
		return;
	}
	r->busy = true;
	r->api->jobs++;
	r->parked = parked;
	r->api->unsent_bytes += parked;
}

void routes_again(struct http_request *r)
{
	if (!r->more)
		buf_reset(&r->out);
	r->more = false;
	start_job(r);
}

static void run(struct http_request *r)
{
	bool parse = r->route->parse && r->route->members != BODY_LIST;

	if (parse && r->route->parse(r) < 0)
		routes_refuse(r);
	else if (r->route->where == ROUTE_LOOP)
		r->route->reply(r);
	else
		start_job(r);
}

static void work_on_body(uv_work_t *work)
{
	struct http_request *r = container_of(work, struct http_request, job.work);

	if (r->route->members == BODY_LIST)
		r->route->parse(r);
	else if (r->route->members == BODY_FORM)
		request_parse_form(r);
	else
		request_parse_json(r);
}

static void on_body_parsed(uv_work_t *work, int status)
{
	struct http_request *r = container_of(work, struct http_request, job.work);
	struct api *api = r->api;

	end_job(r);
	request_drop_body(r);
	if (status < 0 || routes_check_body(r) < 0) {
		problem_from_err(&r->problem, ERR_BUSY, NULL); /* only if nothing else was said */
		routes_refuse(r);
	} else {
		run(r);
	}
	api_maybe_stopped(api);
}

/* On the pool: a body of 4 MiB would hold the loop for longer than a frame takes. */
static void parse_body(struct http_request *r)
{
	if (uv_queue_work(r->api->loop, &r->job.work, work_on_body, on_body_parsed) < 0) {
		problem_from_err(&r->problem, ERR_BUSY, NULL);
		routes_refuse(r);
		return;
	}
	r->busy = true;
	r->api->jobs++;
}

/* Who changed subscriptions is for the log; marks of reading would flood it. */
static void log_write(struct http_request *r)
{
	static const char *const nouns[] = {"/feeds", "/folders", "/categories", "/subscription",
		"/opml", "/import", "/db", "/access"};
	const struct peer *peer = &r->conn->peer;
	char from[PEER_TEXT_BYTES];
	struct slice path, query;
	bool feeds = false;

	for (size_t i = 0; i < sizeof(nouns) / sizeof(nouns[0]); i++)
		feeds = feeds || strstr(r->route->path, nouns[i]);

	http_split_target(r->target, &path, &query); /* which may show a password */
	const char *target = arena_strndup(&r->arena, path.at, path.len);
	log_event(feeds ? LOG_INFO : LOG_DEBUG, "api.write", "method=%s target=%s from=%s pid=%d",
		llhttp_method_name(r->method), target ? target : "?", peer_text(peer, from),
		(int)peer->pid);
}

void routes_dispatch(struct http_request *r)
{
	enum api_right right;

	routes_find(r);
	if (admit(r, &right) < 0 || routes_prepare(r, right) < 0) {
		routes_refuse(r);
		return;
	}
	if (!r->route) {
		r->status = 204;
		http_reply(r);
		return;
	}
	if (r->route->right >= API_WRITE &&
		(r->route->method != HTTP_GET || r->route->where == ROUTE_WRITE))
		log_write(r);
	if (r->route->members)
		parse_body(r);
	else
		run(r);
}

void routes_refuse(struct http_request *r)
{
	if (r->problem.kind == PROBLEM_UNAUTHORIZED)
		buf_puts(&r->fields, "WWW-Authenticate: Basic realm=\"tidings\"\r\n");
	if (r->problem.kind == PROBLEM_METHOD && r->fields.len == 0)
		buf_puts(&r->fields, "Allow: OPTIONS, GET, HEAD, POST, PUT, PATCH, DELETE\r\n");
	http_reply(r);
}
