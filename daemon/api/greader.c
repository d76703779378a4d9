/* The routes of Google Reader, the login, and what is refused. */
#include "api/greader.h"

#include <stdio.h>
#include <string.h>

#include "api/admit.h"
#include "api/conn.h"
#include "api/core.h"

void greader_answer(struct http_request *r, const char *text)
{
	r->content_type = "text/plain; charset=utf-8";
	buf_puts(&r->out, text);
	http_reply(r);
}

void greader_reply_ok(struct http_request *r)
{
	buf_reset(&r->out);
	greader_answer(r, "OK");
}

void greader_reply_bare(struct http_request *r)
{
	greader_answer(r, "OK");
}

void greader_reply_check(struct http_request *r)
{
	greader_answer(r, "PASS");
}

/* -- login -- */

static void put_login(struct http_request *r, const char *token)
{
	const char *output = form_text(&r->form, "output");
	struct json j;

	if (!output || strcmp(output, "json") != 0) {
		buf_printf(&r->out, "SID=%s\nLSID=null\nAuth=%s\n", token, token);
		r->content_type = "text/plain; charset=utf-8";
		return;
	}
	answer_begin(r, &j);
	json_put_string(&j, "SID", token);
	json_put_string(&j, "LSID", token);
	json_put_string(&j, "Auth", token);
	answer_end(&j);
}

void greader_reply_login(struct http_request *r)
{
	const char *name = form_text(&r->form, "Email");
	const char *password = form_text(&r->form, "Passwd");
	const struct credential *who;

	if (!name || !password)
		problem_set(&r->problem, PROBLEM_PARAMETER, "Email and Passwd are needed");
	else if (r->conn && admit_login(r, name, password, &who) == 0)
		put_login(r, who->token);
	http_reply(r);
}

/* The same that the login gave. Who comes by the Unix socket without credentials needs none, and
 * "x" says nothing (admit.c). */
void greader_reply_token(struct http_request *r)
{
	const struct credential *who = admit_who(r);

	greader_answer(r, who ? who->token : "x");
}

void greader_reply_user(struct http_request *r)
{
	const struct credential *who = admit_who(r);
	const char *name = who ? who->name : "tidings";
	char email[CREDENTIAL_NAME_BYTES + 20];
	struct json j;

	snprintf(email, sizeof(email), "%s@localhost", name);
	answer_begin(r, &j);
	json_put_string(&j, "userId", "1");
	json_put_string(&j, "userName", name);
	json_put_string(&j, "userProfileId", "1");
	json_put_string(&j, "userEmail", email);
	answer_end(&j);
	http_reply(r);
}

/* -- the face -- */

/* Clients log in again when they see 401; some show what else is said. */
static void refuse(struct http_request *r)
{
	r->content_type = "text/plain; charset=utf-8";
	buf_printf(&r->out, "%s\n", r->problem.detail);
	if (r->problem.kind == PROBLEM_UNAUTHORIZED)
		buf_puts(&r->fields,
			"Google-Bad-Token: true\r\nX-Reader-Google-Bad-Token: true\r\n");
}

#define LOGIN "/accounts/ClientLogin"
#define API   "/reader/api/0/"
#define GET(path, run, parse)                                                                      \
	{                                                                                          \
		HTTP_GET, path, API_READ, ROUTE_READ, PARAM_FORM, 0, 0, parse, run, NULL           \
	}
#define SAY(path, right, reply)                                                                    \
	{                                                                                          \
		HTTP_GET, path, right, ROUTE_LOOP, PARAM_FORM, 0, 0, NULL, NULL, reply             \
	}
#define POST(path, run, parse, reply)                                                              \
	{                                                                                          \
		HTTP_POST, path, API_WRITE, ROUTE_WRITE, PARAM_FORM, BODY_FORM, 0, parse, run,     \
			reply                                                                      \
	}

static const struct route routes[] = {
	SAY("/api/greader.php", API_NONE, greader_reply_bare),
	SAY("/greader", API_NONE, greader_reply_bare),
	SAY("/check/compatibility", API_NONE, greader_reply_check),
	SAY(LOGIN, API_NONE, greader_reply_login),
	{HTTP_POST, LOGIN, API_NONE, ROUTE_LOOP, PARAM_FORM, BODY_FORM, 0, NULL, NULL,
		greader_reply_login},
	SAY(API "token", API_READ, greader_reply_token),
	SAY(API "user-info", API_READ, greader_reply_user),

	GET(API "stream/items/ids", greader_run_ids, greader_parse_list),
	GET(API "stream/items/contents", greader_run_contents, greader_parse_contents),
	{HTTP_POST, API "stream/items/contents", API_READ, ROUTE_READ, PARAM_FORM, BODY_FORM, 0,
		greader_parse_contents, greader_run_contents, NULL},
	GET(API "stream/contents", greader_run_list, greader_parse_list),
	GET(API "stream/contents/*", greader_run_list, greader_parse_list),
	GET("/reader/atom", greader_run_atom, greader_parse_list),
	GET("/reader/atom/*", greader_run_atom, greader_parse_list),

	GET(API "subscription/list", greader_run_feeds, NULL),
	GET(API "tag/list", greader_run_tags, greader_parse_lists),
	GET(API "unread-count", greader_run_counts, greader_parse_lists),

	POST(API "edit-tag", greader_run_mark, greader_parse_edit_tag, greader_reply_ok),
	POST(API "mark-all-as-read", greader_run_mark, greader_parse_mark_all, greader_reply_ok),

	POST(API "subscription/edit", greader_run_edit, greader_parse_edit, greader_reply_edited),
	{HTTP_GET, API "subscription/quickadd", API_WRITE, ROUTE_WRITE, PARAM_FORM, 0, 0,
		greader_parse_quickadd, greader_run_quickadd, greader_reply_quickadd},
	POST(API "subscription/quickadd", greader_run_quickadd, greader_parse_quickadd,
		greader_reply_quickadd),
	GET(API "subscription/export", greader_run_export, NULL),
	{HTTP_POST, API "subscription/import", API_WRITE, ROUTE_WRITE, PARAM_OTHERS, BODY_LIST, 0,
		route_opml_parse_import, route_opml_run_import, greader_reply_imported},
	POST(API "rename-tag", greader_run_rename, NULL, greader_reply_ok),
	POST(API "disable-tag", greader_run_disable, greader_parse_disable, greader_reply_ok),
};

const struct face greader = {
	.mounts = (const char *const[]){"", "/api/greader.php", "/greader", NULL},
	.routes = routes,
	.count = sizeof(routes) / sizeof(routes[0]),
	.refuse = refuse,
	.token = "T",
};
