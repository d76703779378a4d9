/* One hop: its options, callbacks and attempts. */
#include "fetch/transfer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/url.h"
#include "fetch/verdict.h"
#include "limits.h"

enum {
	V6_START_MS = 250, /* of IPv6 before IPv4 */
	TRY_NEXT_MIN_MS = 300,
	REQUESTS_MAX = 2, /* that nobody answers */
};

static int64_t now_ms(const struct transfer *t)
{
	return (int64_t)uv_now(t->pool->multi.loop);
}

/* -- callbacks of libcurl: nothing here may call its multi interface -- */

static curl_socket_t on_open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct transfer *t = ctx;
	curl_socket_t fd;

	(void)purpose;
	/* A proxy is the user's choice, and what is behind it was checked before. */
	if (!t->hop.proxied && guard_check(&t->hop.options->guard, &a->addr, &t->blocked))
		return CURL_SOCKET_BAD;
	fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
	t->os_error = fd == CURL_SOCKET_BAD ? errno : 0;
	return fd;
}

/* A request that a kept connection swallowed goes out once more, on a new one; libcurl alone would
 * try five kept ones (A28). */
static bool is_one_too_many(struct transfer *t)
{
	if (++t->unanswered > REQUESTS_MAX)
		return true;
	curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, 1L); /* the next one */
	return false;
}

/* Before a request leaves: a kept connection may be older than the rules. libcurl takes one only if
 * CONNECT_TO named the same address for it. */
static int on_request(void *ctx, char *peer, char *own, int peer_port, int own_port)
{
	struct transfer *t = ctx;
	union address a = t->hop.addresses.list[t->next - 1];

	t->asked = true;
	if (is_one_too_many(t))
		return CURL_PREREQFUNC_ABORT;
	if (t->hop.proxied)
		return CURL_PREREQFUNC_OK;
	(void)peer;
	(void)own;
	(void)own_port;
	a.v4.sin_port = htons((uint16_t)peer_port); /* where that of IPv6 is */
	return guard_check(&t->hop.options->guard, &a.any, &t->blocked) ? CURL_PREREQFUNC_ABORT
									: CURL_PREREQFUNC_OK;
}

/* Keeps the first line of a field, and what belongs to it. */
static void keep_value(struct transfer *t, enum header header, const char *value, size_t len)
{
	const char **kept = &t->values[header];

	if (!*kept)
		*kept = arena_strndup(t->hop.arena, value, len);
	else if (header_joins(header, *kept))
		*kept = arena_printf(t->hop.arena, "%s, %.*s", *kept, (int)len, value);
	if (!*kept)
		t->stop = ERR_NOMEM;
}

/* "HTTP/1.1 200 OK" opens a head: an interim answer (1xx) may have come before it, trailers may
 * come after its body. */
static void read_head_line(struct transfer *t, const char *line, size_t len)
{
	const char *value;
	enum header header;
	size_t value_len;

	if (len > 5 && memcmp(line, "HTTP/", 5) == 0) {
		memset(t->values, 0, sizeof t->values);
		t->head_done = false;
		return;
	}
	if (t->head_done)
		return;
	if (len <= 2 && (line[0] == '\r' || line[0] == '\n')) {
		t->head_done = true;
		t->unanswered = 0;
		return;
	}
	header = header_read(line, len, &value, &value_len);
	if (header != HEADER_COUNT)
		keep_value(t, header, value, value_len);
}

static size_t on_header(char *line, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	size_t len = size * n;

	t->head_bytes += len;
	if (t->head_bytes > FETCH_HEAD_MAX)
		t->stop = ERR_INVALID;
	else if (len)
		read_head_line(t, line, len);
	return t->stop ? 0 : len;
}

/* Bytes are counted here, since CURLOPT_MAXFILESIZE does not see chunked bodies. What is compressed
 * is undone later, by fetch_decode(). */
static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	size_t len = size * n;
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	t->body_bytes += len;
	if (!verdict_is_document((int)status))
		return t->body_bytes > FETCH_ERROR_BODY_MAX ? 0 : len;
	t->held_bytes += len;
	t->pool->body_bytes += len;
	buf_append(t->hop.body, data, len);
	t->stop = buf_status(t->hop.body);
	if (!t->stop && t->pool->body_bytes > FETCH_BODIES_MAX)
		t->stop = ERR_BUSY;
	return t->stop ? 0 : len;
}

/* -- options: these two functions are the only place that sets any -- */

static const struct {
	CURLoption option;
	long value;
} constants[] = {
	{CURLOPT_NOSIGNAL, 1},
	{CURLOPT_FOLLOWLOCATION, 0},    /* each hop has its own check, politeness and validators */
	{CURLOPT_DNS_CACHE_TIMEOUT, 0}, /* it is walked whole at the end of each transfer */
	{CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS},
	{CURLOPT_HTTP09_ALLOWED, 0},
	{CURLOPT_HTTP_CONTENT_DECODING, 0}, /* not on the loop */
	{CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC},
	{CURLOPT_UNRESTRICTED_AUTH, 0},
	{CURLOPT_DISALLOW_USERNAME_IN_URL, 1},
	{CURLOPT_SSL_VERIFYPEER, 1},
	{CURLOPT_SSL_VERIFYHOST, 2},
	{CURLOPT_BUFFERSIZE, 16384},
	{CURLOPT_MAXAGE_CONN, 60},
	{CURLOPT_CA_CACHE_TIMEOUT, 3600},
	{CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
	{CURLOPT_LOW_SPEED_LIMIT, FETCH_LOW_SPEED},
};

/* What is the same for every hop (A60). 0 or ERR_NOMEM. */
static int set_constants(struct transfer *t)
{
	CURL *easy = t->easy;
	unsigned int rc = 0;

	for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
		rc |= curl_easy_setopt(easy, constants[i].option, constants[i].value);
	rc |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	rc |= curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	/* never from the environment: no_proxy would lead past the proxy, and past on_open_socket()
	 */
	rc |= curl_easy_setopt(easy, CURLOPT_PROXY, "");
	rc |= curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
	rc |= curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "deflate, gzip, br, zstd");
	rc |= curl_easy_setopt(easy, CURLOPT_COOKIEFILE, ""); /* within a chain: emptied after */
	if (t->pool->ca_file)
		rc |= curl_easy_setopt(easy, CURLOPT_CAINFO, t->pool->ca_file);
	/* With a folder of certificates the store would be read anew for each connection. */
	rc |= curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	rc |= curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
	rc |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->curl_text);
	rc |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	rc |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, t);
	rc |= curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request);
	rc |= curl_easy_setopt(easy, CURLOPT_PREREQDATA, t);
	rc |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	rc |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
	rc |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	rc |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
	return rc ? ERR_NOMEM : 0;
}

/* What few hops have; the handle is not used again after it, so that nobody pays for what he does
 * not use. */
static int set_once(struct transfer *t)
{
	const struct hop *h = &t->hop;
	const struct fetch_site *site = h->site;
	CURL *easy = t->easy;
	unsigned int rc = 0;

	t->once = site || h->proxied || h->no_verify;
	for (const struct curl_slist *c = h->cookies; c; c = c->next)
		rc |= curl_easy_setopt(easy, CURLOPT_COOKIELIST, c->data);
	if (site && site->user_agent)
		rc |= curl_easy_setopt(easy, CURLOPT_USERAGENT, site->user_agent);
	if (site && site->digest)
		rc |= curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_DIGEST);
	if (site && site->http1) {
		rc |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
		rc |= curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	}
	if (h->no_verify) {
		rc |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
		rc |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (h->proxied && h->proxy_user) {
		rc |= curl_easy_setopt(easy, CURLOPT_PROXYUSERNAME, h->proxy_user);
		rc |= curl_easy_setopt(easy, CURLOPT_PROXYPASSWORD, h->proxy_password);
	}
	return rc ? ERR_NOMEM : 0;
}

/* What belongs to one hop; every option of it is set each time, so that nothing is left of an
 * earlier one. */
static int set_hop(struct transfer *t)
{
	const struct fetch_options *o = t->hop.options;
	bool whole = t->hop.proxied && !t->hop.socks && strncmp(t->hop.url, "http:", 5) == 0;
	CURL *easy = t->easy;
	unsigned int rc = 0;

	rc |= curl_easy_setopt(easy, CURLOPT_URL, t->hop.url);
	/* 7.88 leaves the query away when there is no memory for it, but not of a whole URL */
	rc |= curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, whole ? NULL : url_target(t->hop.url));
	rc |= curl_easy_setopt(easy, CURLOPT_USERAGENT, o->user_agent);
	rc |= curl_easy_setopt(easy, CURLOPT_USERNAME, t->hop.user);
	rc |= curl_easy_setopt(easy, CURLOPT_PASSWORD, t->hop.user ? t->hop.password : NULL);
	rc |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t->headers);
	rc |= curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, t->hop.keep_connection ? 0L : 1L);
	/* Without TLS it would wait for the host's first answer before it connects again. */
	rc |= curl_easy_setopt(easy, CURLOPT_PIPEWAIT, strncmp(t->hop.url, "https:", 6) ? 0L : 1L);
	rc |= curl_easy_setopt(
		easy, CURLOPT_LOW_SPEED_TIME, (long)((o->low_speed_ms + 999) / 1000));
	return rc ? ERR_NOMEM : set_once(t);
}

/* -- attempts -- */

/* Puts "NAME: VALUE" in front; NAME may be the whole line. */
static int add_header(struct transfer *t, const char *name, const char *value)
{
	struct curl_slist *one = arena_alloc(t->hop.arena, sizeof *one);
	char *line = one ? arena_printf(t->hop.arena, "%s%s%s", name, value ? ": " : "",
				   value ? value : "")
			 : NULL;

	if (!line)
		return ERR_NOMEM;
	*one = (struct curl_slist){.data = line, .next = t->headers};
	t->headers = one;
	return 0;
}

/* CURLOPT_HTTPHEADER, since what is stored goes back byte for byte (A2): CURLOPT_TIMECONDITION
 * would write dates anew. */
static int make_headers(struct transfer *t)
{
	static char image[] = "Accept: image/png, image/webp, image/gif, image/jpeg, image/x-icon";
	static char accept[] =
		"Accept: application/atom+xml, application/rss+xml, application/feed+json, "
		"application/rdf+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5";
	const char *const *own = t->hop.headers;
	bool accepts = false;
	int rc = 0;

	t->headers = NULL;
	for (; own && *own && !rc; own++) {
		rc = add_header(t, *own, NULL);
		accepts = accepts || strncasecmp(*own, "Accept:", 7) == 0;
	}
	if (!rc && t->hop.last_modified)
		rc = add_header(t, "If-Modified-Since", t->hop.last_modified);
	if (!rc && t->hop.etag)
		rc = add_header(t, "If-None-Match", t->hop.etag);
	t->accept = (struct curl_slist){.data = t->hop.image ? image : accept, .next = t->headers};
	if (!accepts)
		t->headers = &t->accept;
	return rc;
}

/* Where to connect to, whatever the URL says: Host, SNI and certificate keep the name. Or the
 * proxy, by its address. */
static int set_peer(struct transfer *t, const union address *a)
{
	bool v6 = a->any.sa_family == AF_INET6;
	const struct hop *h = &t->hop;
	unsigned int port = h->proxied ? h->proxy_port : h->port;
	const char *before = !h->proxied ? "::" : h->socks ? "socks5h://" : "http://";
	char text[INET6_ADDRSTRLEN];

	if (v6)
		inet_ntop(AF_INET6, &a->v6.sin6_addr, text, sizeof text);
	else
		inet_ntop(AF_INET, &a->v4.sin_addr, text, sizeof text);
	snprintf(t->connect_text, sizeof t->connect_text, "%s%s%s%s:%u", before, v6 ? "[" : "",
		text, v6 ? "]" : "", port);
	if (h->proxied)
		return (int)curl_easy_setopt(t->easy, CURLOPT_PROXY, t->connect_text) |
		       (int)curl_easy_setopt(t->easy, CURLOPT_CONNECT_TO, NULL);
	t->connect_to = (struct curl_slist){.data = t->connect_text};
	return (int)curl_easy_setopt(t->easy, CURLOPT_CONNECT_TO, &t->connect_to);
}

static bool is_v6(const struct transfer *t, int index)
{
	return t->hop.addresses.list[index].any.sa_family == AF_INET6;
}

/* A moment for IPv6 that comes first while IPv4 follows, a quarter of what is left while
 * any does, else all of it. */
static int64_t connect_share(const struct transfer *t)
{
	int64_t left_ms = t->hop.started_ms + t->hop.options->connect_timeout_ms - now_ms(t);

	if (t->next == 1 && t->hop.addresses.count > 1 && is_v6(t, 0) && !is_v6(t, 1))
		return V6_START_MS;
	if (t->next < t->hop.addresses.count)
		left_ms /= 4;
	return left_ms > TRY_NEXT_MIN_MS ? left_ms : TRY_NEXT_MIN_MS;
}

static void let_go(struct transfer *t)
{
	t->pool->body_bytes -= t->held_bytes;
	t->held_bytes = 0;
}

static void forget_answer(struct transfer *t)
{
	let_go(t);
	buf_reset(t->hop.body);
	memset(t->values, 0, sizeof t->values);
	t->status = 0;
	t->stop = 0;
	t->head_done = false;
	t->body_bytes = 0;
	t->head_bytes = 0;
	t->error.code = 0;
	t->blocked.code = 0;
	t->os_error = 0;
	t->curl_text[0] = '\0';
}

static int attempt(struct transfer *t)
{
	int64_t left_ms = t->hop.started_ms + t->hop.options->total_timeout_ms - now_ms(t);
	bool http1 = t->hop.site && t->hop.site->http1;
	unsigned int rc = 0;

	forget_answer(t);
	t->unanswered = 0;
	/* for HTTP/1 none of HTTP/2's */
	rc |= curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, http1 ? 1L : 0L);
	rc |= (unsigned int)set_peer(t, &t->hop.addresses.list[t->next++]);
	rc |= curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_share(t));
	rc |= curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)(left_ms > 1 ? left_ms : 1));
	if (rc || multi_add(&t->pool->multi, t->easy))
		return ERR_NOMEM;
	t->under_way = true;
	return 0;
}

static bool may_try_next(const struct transfer *t, CURLcode result)
{
	if (t->next >= t->hop.addresses.count)
		return false;
	if (result == CURLE_COULDNT_CONNECT || t->blocked.code)
		return true;
	return result == CURLE_OPERATION_TIMEDOUT && !verdict_connected(t) &&
	       now_ms(t) < t->hop.started_ms + t->hop.options->connect_timeout_ms;
}

/* What timed out while this program or its machine stood still is nobody's fault (A25): it starts
 * again, once. */
static bool may_repeat(struct transfer *t, CURLcode result, int status)
{
	if (result != CURLE_OPERATION_TIMEDOUT || !t->pool->multi.overslept || t->repeated)
		return false;
	if (t->head_done && !verdict_is_document(status))
		return false; /* the head is enough */
	t->repeated = true;
	t->next = 0;
	t->hop.started_ms = now_ms(t);
	return true;
}

/* Whether libcurl knows a body that is cut short: one of HTTP/1 without length and chunks just ends
 * (A31). */
static bool is_framed(const struct transfer *t)
{
	const char *transfer = t->values[HEADER_TRANSFER_ENCODING];
	curl_off_t length = -1;
	long version = 0;

	curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	curl_easy_getinfo(t->easy, CURLINFO_HTTP_VERSION, &version);
	return length >= 0 || version >= CURL_HTTP_VERSION_2_0 ||
	       (transfer && strcasestr(transfer, "chunked"));
}

/* That one address of a host refuses or is silent says more than that there is no way to its
 * others. */
static void keep_reason(struct transfer *t, CURLcode result)
{
	verdict_judge(t, result);
	if (t->error.code == ERR_CONNECT || t->error.code == ERR_TIMEOUT)
		t->reached = t->error;
}

static void on_finished(CURL *easy, CURLcode result)
{
	struct transfer *t = NULL;
	curl_off_t body_bytes = 0;
	long status = 0, head_bytes = 0;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t);
	multi_remove(&t->pool->multi, easy);
	t->under_way = false;
	curl_easy_getinfo(easy, CURLINFO_SIZE_DOWNLOAD_T, &body_bytes);
	curl_easy_getinfo(easy, CURLINFO_HEADER_SIZE, &head_bytes);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	t->wire_bytes += (uint64_t)body_bytes + (uint64_t)head_bytes;
	if (may_repeat(t, result, (int)status) || may_try_next(t, result)) {
		keep_reason(t, result);
		if (attempt(t) == 0)
			return;
		result = CURLE_OUT_OF_MEMORY;
	}
	t->framed = is_framed(t);
	t->status = status >= 200 ? (int)status : 0; /* an interim answer is none */
	t->v6_failed = status && !is_v6(t, t->next - 1) && is_v6(t, 0);
	verdict_judge(t, result);
	if ((t->error.code == ERR_ROUTE || t->error.code == ERR_SHORT) && t->reached.code)
		t->error = t->reached;
	t->done(t);
}

/* -- the face -- */

static void destroy(struct transfer *t)
{
	curl_easy_cleanup(t->easy);
	free(t);
}

static struct transfer *acquire(struct transfers *pool)
{
	struct list *node = list_pop(&pool->idle);
	struct transfer *t;

	if (node) {
		pool->idle_count--;
		return container_of(node, struct transfer, node);
	}
	t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	t->pool = pool;
	t->configured = pool->configured;
	list_init(&t->node);
	t->easy = curl_easy_init();
	if (!t->easy || set_constants(t)) {
		destroy(t);
		return NULL;
	}
	return t;
}

int transfer_start(struct transfers *pool, const struct hop *hop, void (*done)(struct transfer *t),
	void *ctx, struct transfer **ret_transfer)
{
	struct transfer *t = acquire(pool);

	if (!t)
		return ERR_NOMEM;
	t->hop = *hop;
	t->done = done;
	t->ctx = ctx;
	t->next = 0;
	t->wire_bytes = 0;
	t->v6_failed = false;
	t->repeated = false;
	t->reached.code = 0;
	t->asked = false;
	if (make_headers(t) || set_hop(t) || attempt(t)) {
		transfer_release(t);
		return ERR_NOMEM;
	}
	*ret_transfer = t;
	return 0;
}

size_t transfer_hand_over(struct transfer *t)
{
	size_t held_bytes = t->held_bytes;

	t->held_bytes = 0;
	return held_bytes;
}

void transfer_release(struct transfer *t)
{
	struct transfers *pool;

	if (!t)
		return;
	pool = t->pool;
	if (t->under_way)
		multi_remove(&pool->multi, t->easy);
	t->under_way = false;
	let_go(t);
	if (pool->idle_count < FETCH_HANDLES_KEPT && !t->once &&
		t->configured == pool->configured) {
		curl_easy_setopt(t->easy, CURLOPT_COOKIELIST, "ALL"); /* empties the jar */
		list_push(&pool->idle, &t->node);
		pool->idle_count++;
		return;
	}
	destroy(t);
}

struct curl_slist *transfer_cookies(struct transfer *t)
{
	struct curl_slist *cookies = NULL;

	curl_easy_getinfo(t->easy, CURLINFO_COOKIELIST, &cookies);
	return cookies;
}

static void drop_idle(struct transfers *pool)
{
	list_for_each_safe (node, &pool->idle) {
		list_remove(node);
		destroy(container_of(node, struct transfer, node));
	}
	pool->idle_count = 0;
}

/* libcurl keeps what it read of a file under the file's name: a second slash makes it another. */
int transfers_configure(struct transfers *pool, const char *ca_file)
{
	const char *path = ca_file ? ca_file : curl_version_info(CURLVERSION_NOW)->cainfo;
	size_t len = path ? strlen(path) + 2 : 0;
	char *copy = path ? malloc(len) : NULL;

	if (path && !copy)
		return ERR_NOMEM;
	if (copy)
		snprintf(copy, len, "%s%s", pool->configured % 2 ? "/" : "", path);
	free(pool->ca_file);
	pool->ca_file = copy;
	pool->configured++;
	drop_idle(pool);
	return 0;
}

int transfers_init(struct transfers *pool, uv_loop_t *loop, const char *ca_file)
{
	*pool = (struct transfers){.idle_count = 0};
	list_init(&pool->idle);
	if (transfers_configure(pool, ca_file))
		return ERR_NOMEM;
	if (multi_init(&pool->multi, loop, on_finished) == 0)
		return 0;
	free(pool->ca_file);
	return ERR_NOMEM;
}

void transfers_close(struct transfers *pool, void (*closed)(void *ctx), void *ctx)
{
	drop_idle(pool);
	free(pool->ca_file);
	multi_close(&pool->multi, closed, ctx);
}
