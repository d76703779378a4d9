/* Credentials of clients over the socket: told, made, removed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/admit.h"
#include "api/conn.h"
#include "api/core.h"
#include "api/listener.h"
#include "api/routes.h"
#include "base/times.h"

/* What a change comes to: nobody sees it before it is committed. */
struct access_change {
	char password[SECRET_PASSWORD_BYTES];
	struct credentials now;
};

static void put_members(struct json *j, const struct credential *c)
{
	json_put_string(j, "name", c->name);
	json_put_bool(j, "read_only", c->read_only);
	json_put_bool(j, "stories", c->stories);
	json_put_time(j, "created", c->created_ms);
	json_put_time(j, "used", c->used_ms);
}

static void put_address(struct http_request *r, struct json *j)
{
	char text[LISTENER_TEXT_BYTES], url[LISTENER_TEXT_BYTES + sizeof("http://")];

	snprintf(url, sizeof(url), "http://%s", listener_text(&r->api->tcp_address, text));
	json_put_string(j, "address", text[0] ? url : NULL);
}

void route_access_reply_list(struct http_request *r)
{
	const struct credentials *all = &r->api->access.known;
	struct json j;

	answer_begin(r, &j);
	json_put_array(&j, "access");
	for (int i = 0; i < all->count; i++) {
		json_put_object(&j, NULL);
		put_members(&j, &all->rows[i]);
		json_end(&j);
	}
	json_end(&j);
	put_address(r, &j);
	answer_end(&j);
	http_reply(r);
}

int route_access_parse(struct http_request *r)
{
	return request_query(r, sizeof(struct access_change)) ? 0 : ERR_NOMEM;
}

int route_access_run_add(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct access_change *change = r->query;
	const char *name = body_string(r->json, MEMBER_NAME);
	int code = credentials_add(tx, name ? name : "", body_is_true(r->json, MEMBER_READ_ONLY),
		body_is_true(r->json, MEMBER_AS_STORIES), times_now_ms(), change->password, e);

	if (code == ERR_EXISTS)
		return problem_set(&r->problem, PROBLEM_NAME_TAKEN, "%s", e->text);
	return code ? code : credentials_load(tx, &change->now, e);
}

int route_access_run_remove(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct access_change *change = r->query;
	int code = credentials_remove(tx, r->name, e);

	return code ? code : credentials_load(tx, &change->now, e);
}

void route_access_reply_added(struct http_request *r)
{
	const struct access_change *change = r->query;
	const char *name = body_string(r->json, MEMBER_NAME);
	struct json j;

	admit_changed(r->api, &change->now);
	r->status = 201;
	buf_printf(&r->fields, "Location: /api/v1/access/%s\r\n", name);
	answer_begin(r, &j);
	for (int i = 0; i < change->now.count; i++) {
		if (strcmp(change->now.rows[i].name, name) == 0)
			put_members(&j, &change->now.rows[i]);
	}
	json_put_string(&j, "password", change->password);
	put_address(r, &j);
	answer_end(&j);
	http_reply(r);
}

void route_access_reply_removed(struct http_request *r)
{
	const struct access_change *change = r->query;

	admit_changed(r->api, &change->now);
	r->status = 204;
	http_reply(r);
}
