/* Who comes in. */
#include "api/admit.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api/conn.h"
#include "api/core.h"
#include "api/listener.h"
#include "api/routes.h"
#include "base/log.h"
#include "base/times.h"

/* -- where it goes, and from where -- */

static bool is_one_of(const char *text, size_t len, const char *const *list)
{
	for (; list && *list; list++) {
		if (strlen(*list) == len && strncasecmp(text, *list, len) == 0)
			return true;
	}
	return false;
}

bool admit_is_our_host(
	const char *host, const struct sockaddr_storage *here, const char *const *hosts)
{
	static const char *const names[] = {"127.0.0.1", "localhost", "[::1]", NULL};
	char address[LISTENER_TEXT_BYTES];
	size_t whole = strlen(host);
	const char *colon = strrchr(host, ':');
	/* the colons of an address stand in brackets */
	size_t len = colon && !strchr(colon, ']') ? (size_t)(colon - host) : whole;

	if (is_one_of(host, whole, hosts) || is_one_of(host, len, hosts))
		return true;
	listener_text(here, address);
	char *port = strrchr(address, ':');
	if (!port || (len < whole && strcmp(host + len, port) != 0))
		return false;
	*port = '\0';
	return is_one_of(host, len, names) ||
	       is_one_of(host, len, (const char *const[]){address, NULL});
}

static int refuse(struct http_request *r, const char *why, const char *what, const char *detail)
{
	log_event(LOG_DEBUG, "api.denied", "reason=%s found=%s", why, what ? what : "");
	return problem_set(&r->problem, PROBLEM_FORBIDDEN, "%s", detail);
}

/* A bridge has an address of its own, and its Host is not known here. */
static int check_way(struct http_request *r)
{
	const struct api_options *options = &r->api->options;

	if (r->conn->peer.tcp &&
		(!r->host || !admit_is_our_host(r->host, &r->api->tcp_address, options->hosts)))
		return refuse(r, "host", r->host, "this Host is not served here (see hosts)");
	if (r->origin && !is_one_of(r->origin, strlen(r->origin), options->origins))
		return refuse(
			r, "origin", r->origin, "no page of this Origin may ask (see origins)");
	return 0;
}

/* -- who it is -- */

static void on_used(struct store_job *job)
{
	struct api *api = job->arg;

	api->using = false;
	api->jobs--;
	api_maybe_stopped(api);
}

static int note_use(struct store_tx *tx, void *arg, struct err *e)
{
	const struct api *api = arg;

	return credentials_use(tx, api->used, api->used_ms, e);
}

/* That it is in use is worth a write now and then. */
static void remember_use(struct api *api, const struct credential *who)
{
	int64_t now_ms = times_now_ms();
	struct credential *row =
		&api->access.known.rows[who - api->access.known.rows]; /* it is ours */

	if (api->using || (who->used_ms != TIME_NONE && now_ms - who->used_ms < ACCESS_USED_MS))
		return;
	snprintf(api->used, sizeof(api->used), "%s", who->name);
	api->used_ms = row->used_ms = now_ms;
	api->use = (struct store_job){.run = note_use, .done = on_used, .arg = api};
	if (store_write(api->store, &api->use) == 0) {
		api->using = true;
		api->jobs++;
	}
}

static void log_denied(const struct peer *peer)
{
	char from[PEER_TEXT_BYTES];

	log_event(LOG_WARNING, "api.denied", "reason=%s from=%s", "credentials",
		peer_text(peer, from));
}

/* Of a long body only what may have a token is looked at, its whole pairs at both ends: nobody
 * knows yet who sent it, and the loop waits. */
static void leave_middle_out(struct slice *head, struct slice *ret_tail)
{
	enum { END_BYTES = 4096 };

	if (head->len <= (size_t)2 * END_BYTES)
		return;
	const char *end = head->at + head->len, *last = memrchr(head->at, '&', END_BYTES);
	const char *next = memchr(end - END_BYTES, '&', END_BYTES);

	if (next)
		*ret_tail = (struct slice){next + 1, (size_t)(end - next - 1)};
	head->len = last ? (size_t)(last - head->at) : 0;
}

/* Some clients show their token as a parameter, and no field (frontends.md, 4.2). */
static const char *shown_token(struct http_request *r)
{
	const char *name = r->face && !r->auth_key && !r->authorization ? r->face->token : NULL;
	struct slice path, query, head = {r->body.data, r->body.len}, tail = {"", 0};

	if (!name)
		return NULL;
	http_split_target(r->target, &path, &query);
	leave_middle_out(&head, &tail);
	const char *token = form_find(query, name, &r->arena);
	token = token ? token : form_find(head, name, &r->arena);
	token = token ? token : form_find(tail, name, &r->arena);
	/* written by clients that have none to show */
	return token && *token && strcmp(token, "x") != 0 ? token : NULL;
}

/* What becomes of who was looked at. */
static int judge(
	struct http_request *r, enum access_verdict verdict, const struct access_answer *answer)
{
	if (answer->failed)
		log_denied(&r->conn->peer);
	if (verdict == ACCESS_GRANTED)
		remember_use(r->api, answer->who);
	if (verdict == ACCESS_WRONG)
		return problem_set(&r->problem, PROBLEM_UNAUTHORIZED, "wrong name or password");
	if (verdict != ACCESS_TOO_SOON)
		return 0;
	r->problem.retry_after_s = (answer->wait_ms + 999) / 1000;
	return problem_set(&r->problem, PROBLEM_FAILURES,
		"wrong name or password too often: try again in %lld s",
		(long long)r->problem.retry_after_s);
}

int admit_login(struct http_request *r, const char *name, const char *password,
	const struct credential **ret_who)
{
	struct access_answer answer;
	enum access_verdict verdict = access_login(&r->api->access, &r->conn->peer, name, password,
		(int64_t)uv_now(r->api->loop), &answer);

	*ret_who = answer.who;
	return judge(r, verdict, &answer);
}

/* On a route that is open to all nothing counts that is shown, since what was right once goes on
 * being sent to a login. */
static int check_means(struct http_request *r, enum api_right *ret_right)
{
	struct access_means means = {r->auth_key, r->authorization, NULL};
	struct conn *c = r->conn;
	struct access_answer answer;
	enum api_right right = API_NONE;
	bool trusted = conn_is_trusted(c);

	c->credential = 0;
	*ret_right = c->peer.right;
	if (r->route && r->route->right == API_NONE)
		return 0;
	if (trusted && c->peer.right == API_NONE)
		return 0; /* nothing that it says counts (C5) */
	means.token = shown_token(r);
	enum access_verdict verdict = access_check(
		&r->api->access, &c->peer, &means, (int64_t)uv_now(r->api->loop), &answer);
	if (verdict == ACCESS_SILENT) {
		if (trusted)
			return 0;
		return problem_set(&r->problem, PROBLEM_UNAUTHORIZED, "%s",
			c->peer.tcp ? "a name and a password are needed: see tidings access add"
				    : "a name and a password are needed, since the configuration"
				      " says trust_peer = no: see tidings.conf(5)");
	}
	if (judge(r, verdict, &answer) < 0)
		return ERR_INVALID;
	right = answer.who->read_only ? API_READ : API_WRITE;
	*ret_right = !trusted || right < c->peer.right ? right : c->peer.right;
	c->credential = access_id(answer.who);
	r->stories = answer.who->stories;
	return 0;
}

int admit(struct http_request *r, enum api_right *ret_right)
{
	struct http_problem found = r->problem;
	struct conn *c = r->conn;

	r->problem = (struct http_problem){0}; /* who may not come learns nothing else */
	if (!conn_is_trusted(c) && check_way(r) < 0)
		return ERR_INVALID;
	int code = check_means(r, ret_right);
	if (code == 0)
		r->problem = found;
	/* Who comes by the socket and may write may also let others in. */
	if (code == 0 && conn_is_trusted(c) && c->credential == 0 && *ret_right == API_WRITE)
		*ret_right = API_OWN;
	return code;
}

const struct credential *admit_who(const struct http_request *r)
{
	return access_find(&r->api->access, r->conn ? r->conn->credential : 0);
}

void admit_changed(struct api *api, const struct credentials *now)
{
	api->access.known = *now;
	list_for_each_safe (node, &api->conns) {
		struct conn *c = container_of(node, struct conn, node);
		bool goes_on = c->state == CONN_STREAM || c->state == CONN_BUSY;

		if (c->credential && goes_on && !access_find(&api->access, c->credential))
			conn_close(c);
	}
}
