/* The face of Miniflux: its table, its way to refuse, and what asks no database. */
#include "api/miniflux.h"

#include <string.h>
#include <sys/utsname.h>

#include "api/admit.h"
#include "api/conn.h"
#include "api/core.h"
#include "api/render.h"
#include "base/times.h"

/* Clients look here for what they may use: what this one brought is understood. */
#define MINIFLUX_VERSION "2.2.8"

void miniflux_put_text(struct json *j, const char *key, const char *text)
{
	json_put_string(j, key, text ? text : "");
}

void miniflux_put_time(struct json *j, const char *key, int64_t time_ms)
{
	char text[TIME_TEXT_BYTES];

	json_put_string(j, key,
		time_ms == TIME_NONE ? "0001-01-01T00:00:00Z" : times_rfc3339_s(time_ms, text));
}

/* What its users know by another name. */
static const char *renamed(struct http_request *r)
{
	static const char folder[] = "there is no folder ";
	const char *detail = r->problem.detail, *text = detail;

	if (strncmp(detail, folder, strlen(folder)) == 0)
		text = arena_printf(&r->arena, "there is no category %s", detail + strlen(folder));
	return text ? text : detail;
}

void miniflux_refuse(struct http_request *r)
{
	struct json j;

	int status = problem_types[r->problem.kind].status;

	if (status == 409 || status == 422) /* which it does not use */
		r->problem.kind = PROBLEM_PARAMETER;
	r->content_type = "application/json";
	answer_begin(r, &j);
	json_put_string(&j, "error_message", renamed(r));
	answer_end(&j);
}

/* -- who asks, and whom -- */

static void reply_ok(struct http_request *r)
{
	r->content_type = "text/plain; charset=utf-8";
	buf_puts(&r->out, "OK");
	http_reply(r);
}

static void reply_version_text(struct http_request *r)
{
	r->content_type = "text/plain; charset=utf-8";
	buf_puts(&r->out, MINIFLUX_VERSION);
	http_reply(r);
}

static void reply_version(struct http_request *r)
{
	struct utsname machine = {0};
	struct json j;

	(void)uname(&machine);
	answer_begin(r, &j);
	json_put_string(&j, "version", MINIFLUX_VERSION);
	json_put_string(&j, "commit", "tidings-" TIDINGS_VERSION);
	json_put_string(&j, "build_date", "");
	json_put_string(&j, "go_version", "none");
	json_put_string(&j, "compiler", "cc");
	json_put_string(&j, "arch", machine.machine);
	json_put_string(&j, "os", "linux");
	answer_end(&j);
	http_reply(r);
}

static const char *user_name(const struct http_request *r)
{
	const struct credential *who = admit_who(r);

	return who ? who->name : "tidings";
}

static void put_user(struct json *j, const char *key, const struct http_request *r)
{
	const struct credential *who = admit_who(r);

	json_put_object(j, key);
	json_put_int(j, "id", MINIFLUX_USER);
	json_put_string(j, "username", user_name(r));
	json_put_bool(j, "is_admin", r->right >= API_WRITE);
	json_put_string(j, "theme", "light_serif");
	json_put_string(j, "language", "en_US");
	json_put_string(j, "timezone", "UTC");
	json_put_string(j, "entry_sorting_direction", "desc");
	json_put_string(j, "entry_sorting_order", "published_at");
	json_put_int(j, "entries_per_page", 100);
	json_put_bool(j, "keyboard_shortcuts", true);
	json_put_bool(j, "show_reading_time", true);
	json_put_bool(j, "entry_swipe", true);
	miniflux_put_time(j, "last_login_at", who ? who->used_ms : TIME_NONE);
	json_end(j);
}

static void reply_me(struct http_request *r)
{
	struct json j;

	json_init(&j, &r->out);
	put_user(&j, NULL, r);
	buf_putc(&r->out, '\n');
	http_reply(r);
}

static void reply_users(struct http_request *r)
{
	struct json j;

	json_init(&j, &r->out);
	json_put_array(&j, NULL);
	put_user(&j, NULL, r);
	json_end(&j);
	buf_putc(&r->out, '\n');
	http_reply(r);
}

static void reply_user(struct http_request *r)
{
	if (strcmp(r->name, "1") == 0 || strcmp(r->name, user_name(r)) == 0) {
		reply_me(r);
		return;
	}
	problem_set(&r->problem, PROBLEM_NOT_FOUND, "there is no such user");
	http_reply(r);
}

/* -- what is not done here -- */

static void reply_integrations(struct http_request *r)
{
	struct json j;

	answer_begin(r, &j);
	json_put_bool(&j, "has_integrations", false);
	answer_end(&j);
	http_reply(r);
}

static void reply_no_integration(struct http_request *r)
{
	problem_set(&r->problem, PROBLEM_PARAMETER, "there is no integration to save entries to");
	http_reply(r);
}

static void reply_no_keys(struct http_request *r)
{
	problem_set(&r->problem, PROBLEM_FORBIDDEN, "keys are made by 'tidings access add' alone");
	http_reply(r);
}

static void reply_no_edit(struct http_request *r)
{
	problem_set(&r->problem, PROBLEM_FORBIDDEN, "entries are what their feeds say");
	http_reply(r);
}

static void reply_no_progress(struct http_request *r)
{
	problem_set(&r->problem, PROBLEM_PARAMETER, "how far one has listened is not kept here");
	http_reply(r);
}

/* Read entries go when the rules of `keep` let them go: that is all that is promised. */
static void reply_flushed(struct http_request *r)
{
	r->status = 202;
	http_reply(r);
}

/* -- the table -- */

/* How a row begins. Bodies are JSON whatever their Content-Type says; what is not known is passed
 * over. */
#define GET(path)      HTTP_GET, path, API_READ, ROUTE_READ, PARAM_FORM, 0, 0
#define GET_NOW(path)  HTTP_GET, path, API_READ, ROUTE_LOOP, PARAM_OTHERS, 0, 0
#define OPEN(path)     HTTP_GET, path, API_NONE, ROUTE_LOOP, PARAM_OTHERS, 0, 0
#define PUT(path)      HTTP_PUT, path, API_WRITE, ROUTE_WRITE, PARAM_OTHERS, 0, 0
#define PUT_BODY(path) HTTP_PUT, path, API_WRITE, ROUTE_WRITE, PARAM_OTHERS, BODY_ANY, 0
#define POST(path)     HTTP_POST, path, API_WRITE, ROUTE_WRITE, PARAM_OTHERS, BODY_ANY, 0
#define DELETE(path)   HTTP_DELETE, path, API_WRITE, ROUTE_WRITE, PARAM_OTHERS, 0, 0
#define NOW(how, path) HTTP_##how, path, API_WRITE, ROUTE_LOOP, PARAM_OTHERS, 0, 0
#define REFRESH(path)                                                                              \
	{                                                                                          \
		HTTP_PUT, path, API_WRITE, ROUTE_READ, PARAM_OTHERS, 0, 0, miniflux_parse_refresh, \
			miniflux_run_refresh, miniflux_reply_refresh                               \
	}

static const struct route table[] = {
	{OPEN("/healthcheck"), NULL, NULL, reply_ok},
	{OPEN("/healthz"), NULL, NULL, reply_ok},
	{OPEN("/liveness"), NULL, NULL, reply_ok},
	{OPEN("/readiness"), NULL, NULL, reply_ok},
	{OPEN("/readyz"), NULL, NULL, reply_ok},
	{OPEN("/version"), NULL, NULL, reply_version_text},

	{GET_NOW("/v1/version"), NULL, NULL, reply_version},
	{GET_NOW("/v1/me"), NULL, NULL, reply_me},
	{GET_NOW("/v1/users"), NULL, NULL, reply_users},
	{GET_NOW("/v1/users/{name}"), NULL, NULL, reply_user},
	{PUT("/v1/users/{id}/mark-all-as-read"), miniflux_parse_mark_all, miniflux_run_mark, NULL},
	{GET_NOW("/v1/integrations/status"), NULL, NULL, reply_integrations},
	{NOW(GET, "/v1/api-keys"), NULL, NULL, reply_no_keys},
	{NOW(POST, "/v1/api-keys"), NULL, NULL, reply_no_keys},
	{NOW(DELETE, "/v1/api-keys/{id}"), NULL, NULL, reply_no_keys},
	{NOW(PUT, "/v1/flush-history"), NULL, NULL, reply_flushed},
	{NOW(DELETE, "/v1/flush-history"), NULL, NULL, reply_flushed},

	{GET("/v1/categories"), miniflux_parse_counted, miniflux_run_categories, NULL},
	{POST("/v1/categories"), miniflux_parse_category, miniflux_run_add_category, NULL},
	{PUT_BODY("/v1/categories/{id}"), miniflux_parse_category, miniflux_run_change_category,
		NULL},
	{DELETE("/v1/categories/{id}"), NULL, miniflux_run_remove_category, NULL},
	{PUT("/v1/categories/{id}/mark-all-as-read"), miniflux_parse_mark_all, miniflux_run_mark,
		NULL},
	REFRESH("/v1/categories/{id}/refresh"),
	{GET("/v1/categories/{id}/feeds"), NULL, miniflux_run_feeds, NULL},
	{GET("/v1/categories/{id}/entries"), miniflux_parse_list, miniflux_run_list, NULL},
	{GET("/v1/categories/{name}/entries/{id}"), miniflux_parse_one, miniflux_run_one, NULL},

	{GET("/v1/feeds"), NULL, miniflux_run_feeds, NULL},
	{POST("/v1/feeds"), miniflux_parse_feed, miniflux_run_add_feed, miniflux_reply_added},
	{GET("/v1/feeds/counters"), miniflux_parse_counted, miniflux_run_counters, NULL},
	REFRESH("/v1/feeds/refresh"),
	{GET("/v1/feeds/{id}"), NULL, miniflux_run_feed, NULL},
	{PUT_BODY("/v1/feeds/{id}"), miniflux_parse_feed, miniflux_run_change_feed,
		route_feeds_reply_changed},
	{DELETE("/v1/feeds/{id}"), NULL, miniflux_run_remove_feed, route_feeds_reply_changed},
	{PUT("/v1/feeds/{id}/mark-all-as-read"), miniflux_parse_mark_all, miniflux_run_mark, NULL},
	REFRESH("/v1/feeds/{id}/refresh"),
	{GET("/v1/feeds/{id}/icon"), NULL, miniflux_run_icon, NULL},
	{GET("/v1/icons/{id}"), NULL, miniflux_run_icon, NULL},
	{GET("/v1/feeds/{id}/entries"), miniflux_parse_list, miniflux_run_list, NULL},
	{GET("/v1/feeds/{name}/entries/{id}"), miniflux_parse_one, miniflux_run_one, NULL},

	{GET("/v1/entries"), miniflux_parse_list, miniflux_run_list, NULL},
	{PUT_BODY("/v1/entries"), miniflux_parse_update, miniflux_run_mark, NULL},
	{GET("/v1/entries/ids"), miniflux_parse_ids, miniflux_run_ids, NULL},
	{GET("/v1/entries/{id}"), miniflux_parse_one, miniflux_run_one, NULL},
	{NOW(PUT, "/v1/entries/{id}"), NULL, NULL, reply_no_edit},
	{PUT("/v1/entries/{id}/bookmark"), miniflux_parse_bookmark, miniflux_run_bookmark, NULL},
	{PUT("/v1/entries/{id}/star"), miniflux_parse_bookmark, miniflux_run_bookmark, NULL},
	{NOW(POST, "/v1/entries/{id}/save"), NULL, NULL, reply_no_integration},
	{GET("/v1/entries/{id}/fetch-content"), miniflux_parse_one, miniflux_run_content, NULL},
	{GET("/v1/enclosures/{id}"), miniflux_parse_one, miniflux_run_enclosure, NULL},
	{NOW(PUT, "/v1/enclosures/{id}"), NULL, NULL, reply_no_progress},

	{HTTP_POST, "/v1/discover", API_WRITE, ROUTE_LOOP, PARAM_OTHERS, BODY_ANY, 0, NULL, NULL,
		miniflux_reply_discover},
	{GET("/v1/export"), NULL, miniflux_run_export, NULL},
	{HTTP_POST, "/v1/import", API_WRITE, ROUTE_WRITE, PARAM_OTHERS, BODY_LIST, 0,
		route_opml_parse_import, route_opml_run_import, miniflux_reply_imported},
};

const struct face miniflux_face = {
	.mounts = (const char *const[]){"", "/miniflux", NULL},
	.routes = table,
	.count = sizeof(table) / sizeof(table[0]),
	.refuse = miniflux_refuse,
};
