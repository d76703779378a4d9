/* URL and validators -> document and verdict: the state machine over the hops of one fetch. */
#include "fetch/fetcher.h"

#include <inttypes.h>
#include <string.h>

#include "base/hash.h"
#include "base/times.h"
#include "fetch/content.h"
#include "fetch/page.h"
#include "fetch/verdict.h"
#include "limits.h"

enum { SAID_URL_MAX = 100 }; /* bytes of an URL in a sentence */

static void leave_group(struct fetch *f)
{
	if (f->in_group)
		fetcher_count(f->fetcher, f->group, -1);
	f->in_group = false;
}

/* The result is filled in; done() follows on the next turn. */
static void end(struct fetch *f)
{
	uv_timer_stop(&f->timer);
	resolver_cancel(&f->lookup);
	if (f->transfer)
		f->request->held_bytes = transfer_hand_over(f->transfer);
	transfer_release(f->transfer);
	f->transfer = NULL;
	curl_slist_free_all(f->cookies);
	f->cookies = NULL;
	leave_group(f);
	fetcher_enter(f, ENDED);
	fetcher_kick(f->fetcher);
}

static int64_t now_ms(const struct fetch *f)
{
	return (int64_t)uv_now(f->fetcher->loop);
}

/* -- the URL of a hop -- */

/* What a visit is known by: a server may send back to where it was asked, and wait there for the
 * cookie that it set. */
static int64_t visit_of(const struct fetch *f)
{
	int64_t cookies = 0;

	for (const struct curl_slist *c = f->cookies; c; c = c->next)
		cookies++;
	return hash64(f->result.url, strlen(f->result.url)) + cookies;
}

static bool is_at_start(const struct fetch *f)
{
	return f->visited[0] == hash64(f->result.url, strlen(f->result.url));
}

/* Takes the URL of the next hop apart. 0, or the code of result.error. */
static int set_url(struct fetch *f, const char *url)
{
	struct arena *a = f->request->arena;
	struct err *e = &f->result.error;
	char group[PAGE_GROUP_BYTES];
	char *page;
	int code;

	if (strlen(url) > FETCH_URL_MAX)
		return err_set(e, ERR_INVALID, "the URL is longer than %d bytes", FETCH_URL_MAX);
	code = url_split(url, a, &f->url);
	if (code)
		return err_set(e, code, code == ERR_INVALID ? "the URL is not valid" : NULL);
	page = page_url(&f->url, a);
	if (!page)
		return err_set(e, ERR_NOMEM, NULL);
	f->result.url = page;
	f->visited[f->result.hops] = visit_of(f);
	leave_group(f);
	page_group(&f->url, group, sizeof group);
	f->group = hash64(group, strlen(group));
	fetcher_count(f->fetcher, f->group, 1);
	f->in_group = true;
	return 0;
}

/* Validators belong to one URL (A6). */
static bool validators_fit(struct fetch *f)
{
	const char *url = f->request->validators_url;
	struct url_parts parts;
	const char *page;

	if (!url)
		return false;
	if (strcmp(url, f->result.url) == 0)
		return true;
	if (url_split(url, f->request->arena, &parts))
		return false;
	page = page_url(&parts, f->request->arena);
	return page && strcmp(page, f->result.url) == 0;
}

/* -- QUEUED -> ... -- */

static void on_transfer(struct transfer *t)
{
	fetch_step(t->ctx);
}

/* Adds what this hop may know of the user's secrets. */
static void add_secrets(const struct fetch *f, struct hop *hop)
{
	const struct fetch_site *site = f->request->site;
	bool first = url_same_origin(&f->first, &f->url);
	bool home = f->home.host && url_same_origin(&f->home, &f->url);

	if (home && site->user) {
		hop->user = site->user;
		hop->password = site->password;
	} else if (first && f->first.user) {
		hop->user = f->first.user;
		hop->password = f->first.password;
	}
	if (hop->user && !hop->password)
		hop->password = "";
	hop->headers = home ? site->headers : NULL;
	hop->no_verify = home && site->no_verify;
}

static const char *sendable(const char *validator)
{
	return header_sendable(validator) ? validator : NULL;
}

static void transfer_page(struct fetch *f, const struct addresses *addresses)
{
	const struct fetch_request *request = f->request;
	bool conditional = validators_fit(f);
	bool others = fetcher_wanted(f->fetcher, f->group) > 1;
	struct hop hop = {
		.url = f->result.url,
		.host = f->url.host,
		.port = f->url.port,
		.addresses = *addresses,
		.etag = conditional ? sendable(request->etag) : NULL,
		.last_modified = conditional ? sendable(request->last_modified) : NULL,
		.site = request->site,
		.image = request->image,
		.peer = f->url.host,
		.proxied = f->proxy.host != NULL,
		.proxy_port = f->proxy.port,
		.socks = f->socks,
		.proxy_user = f->proxy.user,
		.proxy_password = f->proxy.password ? f->proxy.password : "",
		.cookies = f->cookies,
		.keep_connection = others || request->keep_connection,
		.started_ms = f->hop_started_ms,
		.options = &f->settings->options,
		.arena = request->arena,
		.body = &f->request->body,
	};

	if (hop.proxied) {
		hop.peer = arena_printf(request->arena, "the proxy %s", f->proxy.host);
		hop.peer = hop.peer ? hop.peer : "the proxy";
	}
	add_secrets(f, &hop);
	f->validators_sent = hop.etag || hop.last_modified;
	if (transfer_start(&f->fetcher->transfers, &hop, on_transfer, f, &f->transfer)) {
		err_set(&f->result.error, ERR_NOMEM, NULL);
		end(f);
		return;
	}
	fetcher_enter(f, TRANSFERRING);
}

/* Whose name it was that could not be looked up. */
static void end_lookup(struct fetch *f)
{
	struct err e = f->result.error;

	if (f->proxy.host && (e.code == ERR_DNS || e.code == ERR_RESOLVER))
		err_set(&f->result.error, ERR_PROXY, "the proxy %s cannot be reached: %s",
			f->proxy.host, e.text);
	end(f);
}

static void on_lookup(struct lookup *lookup, const struct addresses *addresses, const struct err *e)
{
	struct fetch *f = container_of(lookup, struct fetch, lookup);

	uv_timer_stop(&f->timer);
	if (e->code) {
		f->result.error = *e;
		end_lookup(f);
		return;
	}
	transfer_page(f, addresses);
}

static void on_timer(uv_timer_t *timer)
{
	fetch_step(timer->data);
}

/* What is behind a proxy cannot be checked by the address that is connected to: what the URL says
 * itself is (C1). Names are looked up there, and .onion is for Tor's alone (RFC 7686). */
static int check_behind_proxy(struct fetch *f)
{
	struct err *e = &f->result.error;
	union address address;

	if (!f->socks && resolver_is_onion(f->url.host))
		return err_set(e, ERR_BLOCKED, "%s needs a socks5h proxy", f->url.host);
	if (!resolver_literal(f->url.host, &address))
		resolver_literal(page_is_local(f->url.host) ? "127.0.0.1" : "1.1.1.1", &address);
	if (address.any.sa_family == AF_INET6)
		address.v6.sin6_port = htons(f->url.port);
	else
		address.v4.sin_port = htons(f->url.port);
	return guard_check(&f->settings->options.guard, &address.any, e);
}

static void resolve(struct fetch *f)
{
	const struct addresses *addresses;
	int rc;

	f->lookup.done = on_lookup;
	rc = f->proxy.host ? check_behind_proxy(f) : 0;
	if (!rc)
		rc = resolver_lookup(f->fetcher->resolver,
			f->proxy.host ? f->proxy.host : f->url.host, &f->lookup, &addresses,
			&f->result.error);

	if (rc == LOOKUP_PENDING) {
		fetcher_enter(f, RESOLVING);
		uv_timer_start(
			&f->timer, on_timer, (uint64_t)f->settings->options.connect_timeout_ms, 0);
	} else if (rc) {
		end_lookup(f);
	} else {
		transfer_page(f, addresses);
	}
}

static void on_file(struct file_job *job)
{
	fetch_step(container_of(job, struct fetch, file));
}

static void read_local(struct fetch *f)
{
	char *path;
	int code = file_path(f->url.path, f->request->arena, &path, &f->result.error);

	if (code == 0) {
		f->file.roots = f->settings->options.file_roots;
		f->file.path = path;
		f->file.etag = validators_fit(f) ? f->request->etag : NULL;
		f->file.body = &f->request->body;
		f->file.done = on_file;
		code = file_start(f->fetcher->loop, &f->file);
		if (code)
			err_set(&f->result.error, code, NULL);
	}
	if (code)
		end(f);
	else
		fetcher_enter(f, READING);
}

static void start_hop(struct fetch *f)
{
	struct fetch_result *r = &f->result;

	r->status = 0;
	r->etag = r->last_modified = r->content_type = r->link = r->coding = NULL;
	r->retry_after_ms = r->fresh_ms = r->used_up_ms = -1;
	f->hop_started_ms = now_ms(f);
	if (strcmp(f->url.scheme, "file") == 0)
		read_local(f);
	else
		resolve(f);
}

/* -- ... -> ENDED -- */

static void take_file(struct fetch *f)
{
	struct fetch_result *r = &f->result;

	r->verdict = f->file.verdict;
	r->error = f->file.error;
	if (f->file.stamp[0])
		r->etag = arena_strdup(f->request->arena, f->file.stamp);
	r->wire_bytes = r->verdict == FETCH_DOCUMENT ? f->request->body.len : 0;
	if (f->canceled) {
		r->verdict = FETCH_FAILED;
		err_set(&r->error, ERR_CANCELED, NULL);
	}
	end(f);
}

/* Whose answer it is, where that is not plain from the feed's own URL; "" also without memory. */
static const char *answered_by(const struct fetch *f)
{
	const struct fetch_site *site = f->request->site;
	bool secret = f->first.user || (site && site->user);
	const char *text;

	if (is_at_start(f))
		return "";
	text = arena_printf(f->request->arena, " from %.*s%s, to which it redirects%s",
		SAID_URL_MAX, f->result.url, strlen(f->result.url) > SAID_URL_MAX ? "..." : "",
		secret && !f->transfer->hop.user
			? "; the password is not sent there, since it is another origin"
			: "");
	return text ? text : "";
}

/* The verdict on an answer that is no redirect. */
static void judge(struct fetch *f)
{
	struct fetch_result *r = &f->result;
	const char *challenge = f->transfer->values[HEADER_CF_MITIGATED];
	char text[STATUS_TEXT_BYTES];

	if (r->status == 304 && f->validators_sent)
		r->verdict = FETCH_NOT_MODIFIED;
	else if (r->status != 200 && r->status != 203)
		err_set(&r->error, ERR_HTTP, "HTTP %s%s%s", header_status_text(r->status, text),
			answered_by(f),
			challenge ? ": the server wants to see a browser (Cloudflare challenge)"
			: r->status == 304 ? ", although nothing was asked that could be so"
					   : "");
	else if (f->request->body.len == 0)
		verdict_stop(&r->error, ERR_NOT_FEED, NULL, 0);
	else
		r->verdict = FETCH_DOCUMENT;
}

/* Whether the next hop may be made; it stands in f->url. 0, or the code of result.error. */
static int check_redirect(struct fetch *f, const char *from_host, bool was_secure)
{
	struct fetch_result *r = &f->result;

	for (int i = 0; i < r->hops; i++)
		if (f->visited[i] == f->visited[r->hops])
			return err_set(
				&r->error, ERR_REDIRECT, "%s redirects in a circle", from_host);
	if ((f->first.user || f->home.host) && was_secure && strcmp(f->url.scheme, "https") != 0)
		return err_set(&r->error, ERR_REDIRECT,
			"%s redirects from https to http, which is not followed with secrets",
			from_host);
	return 0;
}

/* Sets the next hop from a Location (RFC 9110, 10.2.2). 0, or the code of result.error. */
static int redirect(struct fetch *f)
{
	struct fetch_result *r = &f->result;
	const char *location = f->transfer->values[HEADER_LOCATION];
	const char *from_host = f->url.host;
	bool was_secure = strcmp(f->url.scheme, "https") == 0,
	     was_permanent = r->hops == 0 || r->permanent;
	char *next;
	int code;

	if (!location)
		return err_set(&r->error, ERR_HTTP, "HTTP %d without a usable Location", r->status);
	if (r->hops == FETCH_HOPS_MAX)
		return err_set(&r->error, ERR_REDIRECT, "more than %d redirects", FETCH_HOPS_MAX);
	next = url_resolve(r->url, location, f->request->arena);
	if (!next)
		return err_set(&r->error, ERR_NOMEM, NULL);
	if (!url_is_http(next))
		return err_set(&r->error, ERR_REDIRECT,
			"%s redirects to what is no web address: %.*s", from_host,
			(int)strcspn(next, "/?#@"), next);
	curl_slist_free_all(f->cookies);
	f->cookies = transfer_cookies(f->transfer);
	r->hops++;
	code = set_url(f, next);
	r->permanent = was_permanent && (r->status == 301 || r->status == 308) && !is_at_start(f);
	if (code == ERR_INVALID)
		return err_set(&r->error, ERR_REDIRECT, "%s redirects to a URL that is not valid",
			from_host);
	return code ? code : check_redirect(f, from_host, was_secure);
}

static void refuse(struct fetch *f, int64_t wait_ms)
{
	struct err *e = &f->result.error;
	char text[DURATION_TEXT_BYTES];

	f->result.retry_after_ms = wait_ms;
	if (f->result.hops)
		err_set(e, ERR_BUSY,
			"%s redirects to %.*s, whose server is to be left alone for %s",
			f->first.host, SAID_URL_MAX, f->result.url, times_duration(wait_ms, text));
	else
		err_set(e, ERR_BUSY, "%s is to be left alone for now", f->url.host);
	end(f);
}

/* QUEUED at once, or WAITING first where the next host is asked about, or the end when that one is
 * held. */
static void queue_hop(struct fetch *f, bool ask)
{
	const struct fetch_request *request = f->request;
	int64_t wait_ms = 0;

	if (request->admit && ask)
		wait_ms = request->admit(request->admit_ctx, f->result.url);
	if (wait_ms < 0) {
		refuse(f, -wait_ms);
	} else if (wait_ms > 0) {
		fetcher_enter(f, WAITING);
		uv_timer_start(&f->timer, on_timer, (uint64_t)wait_ms, 0);
	} else {
		fetcher_enter(f, QUEUED);
		fetcher_kick(f->fetcher);
	}
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static void take_answer(struct fetch *f)
{
	const struct transfer *t = f->transfer;
	struct fetch_result *r = &f->result;
	int64_t group_before = f->group, wall_ms = times_now_ms();

	r->status = t->status;
	r->wire_bytes += t->wire_bytes;
	r->etag = sendable(t->values[HEADER_ETAG]);
	r->last_modified = sendable(t->values[HEADER_LAST_MODIFIED]);
	r->whole = t->framed;
	r->content_type = t->values[HEADER_CONTENT_TYPE];
	r->link = t->values[HEADER_LINK];
	r->coding = t->values[HEADER_CONTENT_ENCODING];
	r->retry_after_ms = header_retry_after(t->values, wall_ms);
	r->fresh_ms = header_fresh(t->values, wall_ms, &r->expires);
	if (t->v6_failed && !f->proxy.host)
		resolver_prefer_v4(f->fetcher->resolver, f->url.host);
	/* a redirect's word is its own server's, and the result will name the next one */
	r->used_up_ms = is_redirect(r->status) ? -1 : header_used_up(t->values, wall_ms);
	if (t->error.code) {
		r->error = t->error;
	} else if (!is_redirect(r->status)) {
		judge(f);
	} else if (redirect(f) == 0) {
		transfer_release(f->transfer);
		f->transfer = NULL;
		queue_hop(f, f->group != group_before);
		return;
	}
	end(f);
}

static void deliver(struct fetch *f)
{
	struct fetch_request *request = f->request;
	struct fetch_result *r = &f->result;

	list_remove(&f->node);
	r->duration_ms = now_ms(f) - f->started_ms;
	if (r->permanent && r->verdict != FETCH_FAILED)
		r->moved_url = url_same_origin(&f->first, &f->url)
				       ? url_with_userinfo(r->url, request->url, request->arena)
				       : r->url;
	if (r->verdict == FETCH_FAILED)
		fetch_release(f->fetcher, request);
	request->state = NULL;
	f->fetcher->active--;
	request->done(request, r);
	fetcher_recycle(f);
}

/* What has been waited for has come. */
void fetch_step(struct fetch *f)
{
	switch (f->state) {
	case QUEUED:
		start_hop(f);
		break;
	case RESOLVING:
		err_set(&f->result.error, ERR_RESOLVER,
			"no name server answered for %s within %" PRId64 " s",
			f->proxy.host ? f->proxy.host : f->url.host,
			(f->settings->options.connect_timeout_ms + 999) / 1000);
		end_lookup(f);
		break;
	case TRANSFERRING:
		take_answer(f);
		break;
	case READING:
		take_file(f);
		break;
	case WAITING:
		queue_hop(f, true);
		break;
	case ENDED:
		deliver(f);
		break;
	case IDLE:
	case STATE_COUNT:
		break;
	}
}

/* -- the face -- */

/* Takes "http://" or "socks5h://" apart; ERR_INVALID for all else. */
static int split_proxy(
	const char *url, struct arena *a, struct url_parts *ret_parts, bool *ret_socks)
{
	const char *rest = strstr(url, "://");
	const char *http;
	int code;

	*ret_socks = strncmp(url, "socks5h://", 10) == 0;
	if (!rest || (!*ret_socks && strncmp(url, "http://", 7) != 0))
		return ERR_INVALID;
	http = arena_printf(a, "http%s", rest);
	code = http ? url_split(http, a, ret_parts) : ERR_NOMEM;
	if (code)
		return code;
	/* a proxy has no usual port: behind userinfo and brackets one must stand */
	rest += 3;
	rest = strrchr(rest, '@') ? strrchr(rest, '@') : rest;
	rest = strchr(strrchr(rest, ']') ? strrchr(rest, ']') : rest, ':');
	if (!rest || rest[1] < '0' || rest[1] > '9' || strcmp(ret_parts->path, "/") != 0 ||
		ret_parts->query)
		return ERR_INVALID;
	return 0;
}

int fetch_proxy_check(const char *url)
{
	struct arena arena;
	struct url_parts parts;
	bool socks;
	int code;

	arena_init(&arena, FETCH_URL_ARENA);
	code = split_proxy(url, &arena, &parts, &socks);
	arena_finish(&arena);
	return code;
}

/* What the request's site and the options say of secrets and proxy. */
static int read_site(struct fetch *f)
{
	const struct fetch_site *site = f->request->site;
	const char *proxy = site && site->proxy ? site->proxy : f->settings->options.proxy;
	int code = 0;

	f->home = f->proxy = (struct url_parts){0};
	if (site && site->url)
		code = url_split(site->url, f->request->arena, &f->home);
	if (!code && proxy && *proxy)
		code = split_proxy(proxy, f->request->arena, &f->proxy, &f->socks);
	return code ? err_set(&f->result.error, code, "proxy or origin of secrets are not valid")
		    : 0;
}

int fetch_start(struct fetcher *fetcher, struct fetch_request *request)
{
	struct fetch *f = fetcher->stopping ? NULL : fetcher_obtain(fetcher);

	if (!f)
		return fetcher->stopping ? ERR_BUSY : ERR_NOMEM;
	f->request = request;
	f->result = (struct fetch_result){.retry_after_ms = -1, .fresh_ms = -1, .used_up_ms = -1};
	f->canceled = false;
	f->validators_sent = false;
	f->first = (struct url_parts){0};
	f->started_ms = now_ms(f);
	request->state = f;
	request->held_bytes = 0;
	request->body.max = request->body_max_bytes ? request->body_max_bytes
						    : f->settings->options.body_max_bytes;
	f->cookies = NULL;
	fetcher->active++;
	if (set_url(f, request->url) || read_site(f)) {
		end(f);
		return 0;
	}
	f->first = f->url;
	queue_hop(f, request->admit_first);
	return 0;
}

void fetch_cancel(struct fetcher *fetcher, struct fetch_request *request)
{
	struct fetch *f = request->state;

	(void)fetcher;
	if (!f)
		return;
	if (f->state == READING) {
		f->canceled = true;
		uv_cancel((uv_req_t *)&f->file.work);
		return;
	}
	f->result.verdict = FETCH_FAILED;
	err_set(&f->result.error, ERR_CANCELED, NULL);
	f->result.asked = f->result.hops > 0 || f->state == ENDED ||
			  (f->state == TRANSFERRING && f->transfer->asked);
	if (f->state != ENDED)
		end(f);
}

/* Browsers show what they can of it, and the parser does: it says that something is missing. */
static bool is_gzip_cut_short(const struct buf *body, int code)
{
	return code == ERR_PROTOCOL && body->len > 2 && memcmp(body->data, "\x1f\x8b", 2) == 0;
}

void fetch_decode(struct fetch_request *request, struct fetch_result *r)
{
	struct buf *body = &request->body;
	struct url_parts url = {0};
	int code;

	if (r->verdict != FETCH_DOCUMENT || !r->coding)
		return;
	code = content_undo(body, r->coding);
	r->coding = NULL;
	if (is_gzip_cut_short(body, code) || (!code && body->len))
		return;
	code = code ? code : ERR_NOT_FEED;
	if (url_split(r->url, request->arena, &url))
		code = ERR_NOMEM;
	verdict_stop(&r->error, code, url.host, body->max);
	r->verdict = FETCH_FAILED;
	r->moved_url = NULL;
	buf_finish(body);
}

void fetch_release(struct fetcher *fetcher, struct fetch_request *request)
{
	fetcher->transfers.body_bytes -= request->held_bytes;
	request->held_bytes = 0;
	buf_finish(&request->body);
}
