/* Tests of one fetch: answers, validators, redirects, credentials, limits and time-outs.
 */
#include <curl/curl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fetch/fetcher.h"
#include "fetch_world.h"
#include "limits.h"
#include "support/lines.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n"
#define OK      OK_HEAD "\r\n<a/>"

static const struct {
	const char *answer;
	enum how how;
	int code;   /* 0: a document that says <a/> */
	int status; /* -1: any, the reset may overtake the answer */
	const char *text;
} answers[] = {
	{OK, KEEP, 0, 200, ""},
	{OK, CLOSE, 0, 200, ""},
	{"HTTP/1.1 203 Non-Authoritative Information\r\nContent-Length: 4\r\n\r\n<a/>", KEEP, 0,
		203, ""},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n<a\r\n2\r\n/>\r\n0\r\n\r\n",
		KEEP, 0, 200, ""},
	{"HTTP/1.1 200 OK\r\n\r\n<a/>", CLOSE, 0, 200, ""},
	{"HTTP/1.0 200 OK\r\n\r\n<a/>", CLOSE, 0, 200, ""},
	{"HTTP/1.1 200\r\nContent-Length: 4\r\n\r\n<a/>", KEEP, 0, 200, ""},
	{"HTTP/1.1 103 Early Hints\r\nETag: early\r\n\r\n" OK, KEEP, 0, 200, ""},
	{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", KEEP, ERR_NOT_FEED, 200,
		"the document is empty"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", KEEP, ERR_NOT_FEED, 200,
		"is empty"},
	{"HTTP/1.1 200 OK\r\n\r\n", CLOSE, ERR_NOT_FEED, 200, "is empty"},
	{"HTTP/1.1 204 No Content\r\n\r\n", KEEP, ERR_HTTP, 204, "HTTP 204 No Content"},
	{"HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\n\r\n<a/>", KEEP, ERR_HTTP, 206,
		"HTTP 206"},
	{"HTTP/1.1 226 IM Used\r\nContent-Length: 4\r\n\r\n<a/>", KEEP, ERR_HTTP, 226,
		"HTTP 226 IM Used"},
	{"HTTP/1.1 300 Multiple Choices\r\nLocation: /0\r\n\r\n", CLOSE, ERR_HTTP, 300, "HTTP 300"},
	{"HTTP/1.1 304 Not Modified\r\n\r\n", KEEP, ERR_HTTP, 304, "HTTP 304"},
	{"HTTP/1.1 400 Bad Request\r\nContent-Length: 1\r\n\r\nx", KEEP, ERR_HTTP, 400,
		"HTTP 400 Bad Request"},
	{"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: "
	 "0\r\n\r\n",
		KEEP, ERR_HTTP, 401, "HTTP 401 Unauthorized"},
	{"HTTP/1.1 403 Forbidden\r\ncf-mitigated: challenge\r\nContent-Length: 0\r\n\r\n", KEEP,
		ERR_HTTP, 403, "HTTP 403 Forbidden: the server wants to see a browser"},
	{"HTTP/1.1 404 Gone Fishing\r\nContent-Length: 0\r\n\r\n", KEEP, ERR_HTTP, 404,
		"HTTP 404 Not Found"},
	{"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", KEEP, ERR_HTTP, 410, "HTTP 410 Gone"},
	{"HTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\ntrunc", CLOSE, ERR_HTTP, 503,
		"HTTP 503 Service"},
	{"HTTP/1.1 599 What\r\nContent-Length: 0\r\n\r\n", KEEP, ERR_HTTP, 599, "HTTP 599"},
	{"HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n", KEEP, ERR_HTTP, 301,
		"without a usable Location"},
	{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<a/>", CLOSE, ERR_TRUNCATED, 200,
		"ended too early"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n<a/>", CLOSE, ERR_TRUNCATED,
		200, "the answer of 127.0.0.1 ended too early"},
	{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<a/>", RESET, ERR_TRUNCATED, -1,
		"the connection to 127.0.0.1 was lost"},
	{"", CLOSE, ERR_TRUNCATED, 0, "127.0.0.1 closed the connection without an answer"},
	{"HTTP/1.1 103 Early Hints\r\n\r\n", CLOSE, ERR_TRUNCATED, 0, "127.0.0.1"},
	{"<rss/>", CLOSE, ERR_PROTOCOL, 0, "is not HTTP"},
	{"\x15\x03\x01\x00\x02\x02\x28", CLOSE, ERR_PROTOCOL, 0, "is not HTTP"},
	{OK_HEAD "Content-Encoding: gzip\r\n\r\n<a/>", KEEP, ERR_PROTOCOL, 200, "is damaged"},
	{OK_HEAD "Content-Encoding: x-unknown\r\n\r\n<a/>", KEEP, ERR_PROTOCOL, 200,
		"the compressed answer of 127.0.0.1 is damaged"},
	{OK_HEAD "Content-Encoding: identity\r\ncontent-encoding: x-unknown\r\n\r\n<a/>", KEEP,
		ERR_PROTOCOL, 200, "is damaged"},
	{OK_HEAD "Content-Encoding: identity\r\nContent-Encoding: none\r\n\r\n<a/>", KEEP, 0, 200,
		""},
};

static void test_answers(void **state)
{
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		server_route(&w.server, "/", answers[i].how, "%s", answers[i].answer);
		get_decoded(&g, &w, "/");
		if (answers[i].code)
			expect_failure(&g, answers[i].code, answers[i].text);
		else
			expect_document(&g, "<a/>");
		if (answers[i].status >= 0 && g.result.status != answers[i].status)
			fail_msg("case %zu: status %d", i, g.result.status);
		assert_null(g.result.etag);
		assert_int_equal(g.result.hops, 0);
		got_finish(&g);
	}
	world_close(&w);
}

/* Of what is no document little is read, and what it was is said all the same. */
static void test_large_pages(void **state)
{
	static const int statuses[] = {206, 226, 404, 503};
	static const char page[2 * FETCH_ERROR_BODY_MAX] = {0};
	char answer[sizeof page + 100], text[20];
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
		int len = snprintf(answer, sizeof answer,
			"HTTP/1.1 %d X\r\nContent-Length: %zu\r\n\r\n", statuses[i], sizeof page);

		memcpy(answer + len, page, sizeof page);
		server_bytes(&w.server, "/", KEEP, answer, (size_t)len + sizeof page);
		get(&g, &w, "/");
		snprintf(text, sizeof text, "HTTP %d", statuses[i]);
		expect_failure(&g, ERR_HTTP, text);
		got_finish(&g);
	}
	world_close(&w);
}

static void test_result_fields(void **state)
{
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	server_route(&w.server, "/a?b", KEEP,
		OK_HEAD "ETag:  W/\"a b\" \r\nETag: second\r\nlast-modified: yesterday\r\n"
			"Content-Type: text/xml; charset=x\r\nCache-Control: "
			"max-age=60\r\nRetry-After: 5\r\n\r\n<a/>");
	got_init(&g, &w, "/a?b#c");
	got_run(&g);
	expect_document(&g, "<a/>");
	assert_string_equal(g.result.etag, "W/\"a b\"");
	assert_string_equal(g.result.last_modified, "yesterday");
	assert_string_equal(g.result.content_type, "text/xml; charset=x");
	assert_int_equal(g.result.fresh_ms, 60000);
	assert_int_equal(g.result.retry_after_ms, 5000);
	assert_true(g.result.wire_bytes > 150);
	assert_false(g.result.permanent);
	assert_null(g.result.moved_url);
	g.url[strlen(g.url) - 2] = '\0';
	assert_string_equal(g.result.url, g.url);
	assert_non_null(strstr(w.server.head, "GET /a?b HTTP/1.1\r\n"));
	assert_non_null(
		strstr(w.server.head, "User-Agent: tidings/test (+https://example.org)\r\n"));
	assert_non_null(strstr(w.server.head, "Accept: application/atom+xml"));
	assert_non_null(strstr(w.server.head, "Accept-Encoding: deflate, gzip"));
	assert_null(strstr(w.server.head, "Referer"));
	assert_null(strstr(w.server.head, "If-"));
	got_finish(&g);
	world_close(&w);
}

/* A list may come on several lines (RFC 9110, 5.3): they are one, and as long as one may be. */
static void test_lists_of_several_lines(void **state)
{
	char many[9000] = "";
	struct world w;
	struct got g;

	(void)state;
	for (size_t len = 0; len + 30 < sizeof many; len += 18)
		memcpy(many + len, "Cache-Control: x\r\n", 19);
	world_open(&w);
	server_route(&w.server, "/two", KEEP,
		OK_HEAD "Cache-Control: public\r\nX: y\r\ncache-control: max-age=60\r\n"
			"RateLimit: \"a\";r=5;t=3\r\nRateLimit: \"b\";r=0;t=9\r\n"
			"Expires: 0\r\nAge: 10\r\nAge: 20\r\n\r\n<a/>");
	server_route(&w.server, "/many", KEEP,
		OK_HEAD "Cache-Control: max-age=7\r\n%sCache-Control: no-cache\r\n\r\n<a/>", many);
	get(&g, &w, "/two");
	expect_document(&g, "<a/>");
	assert_int_equal(g.result.fresh_ms, 50000);
	assert_int_equal(g.result.used_up_ms, 9000);
	got_finish(&g);
	get(&g, &w, "/many");
	assert_int_equal(g.result.fresh_ms, 7000);
	got_finish(&g);
	world_close(&w);
}

static const struct {
	const char *etag, *last_modified;
	bool sent; /* either of them */
} validators[] = {
	{"\"abc\"", "Tue, 15 Nov 1994 08:12:31 GMT", true},
	{"W/\"a b\"", NULL, true},
	{"unquoted, with comma", "yesterday", true},
	{"\"\xff\xc3\xbc\"", "\xfe", true},
	{"\"a\tb\"", NULL, true},
	{NULL, "Thu, 1 Jan 70 00:00:00 +0100 (odd)", true},
	{"*", NULL, false}, /* any document */
	{"", "", false},
	{NULL, NULL, false},
	{"x\r\nEvil: 1", "y\nEvil: 1", false},
};

/* Byte for byte, both if both (A2), and a 304 only counts when something was sent. */
static void test_validators(void **state)
{
	char line[300];
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	server_route(&w.server, "/v", KEEP,
		"HTTP/1.1 304 Not Modified\r\nETag: \"new\"\r\nContent-Length: 5\r\n\r\n");
	for (size_t i = 0; i < sizeof validators / sizeof *validators; i++) {
		got_init(&g, &w, "/v");
		g.request.etag = validators[i].etag;
		g.request.last_modified = validators[i].last_modified;
		g.request.validators_url = g.url;
		g.request.keep_connection = true;
		got_run(&g);
		if (validators[i].sent) {
			assert_int_equal(g.result.verdict, FETCH_NOT_MODIFIED);
			assert_string_equal(g.result.etag, "\"new\"");
		} else {
			expect_failure(&g, ERR_HTTP, "although nothing was asked");
		}
		snprintf(line, sizeof line, "\r\nIf-None-Match: %s\r\n",
			validators[i].etag ? validators[i].etag : "?");
		assert_int_equal(strstr(w.server.head, line) != NULL,
			validators[i].sent && validators[i].etag);
		snprintf(line, sizeof line, "\r\nIf-Modified-Since: %s\r\n",
			validators[i].last_modified ? validators[i].last_modified : "?");
		assert_int_equal(strstr(w.server.head, line) != NULL,
			validators[i].sent && validators[i].last_modified);
		assert_null(strstr(w.server.head, "Evil"));
		got_finish(&g);
	}
	assert_int_equal(w.server.connections, 1); /* a 304 with a length has no body (A9) */
	world_close(&w);
}

/* Since 8.8 libcurl asks for "/v" when it is told "/v?". */
#define EMPTY_QUERIES (LIBCURL_VERSION_NUM < 0x080800)

/* They go to their own URL alone (A6): compared without userinfo and fragment, after every redirect
 * anew. */
static void test_validators_url(void **state)
{
	char url[200];
	struct world w;
	struct got g;
	static const struct {
		const char *form;
		bool same;
	} forms[] = {{"http://127.0.0.1:%d/v", true}, {"HTTP://u:p@127.0.0.1:%d/v#x", true},
		{"http://127.0.0.1:%d/V", false}, {"http://127.0.0.1:%d/v?", !EMPTY_QUERIES},
		{"nonsense", false}};

	(void)state;
	world_open(&w);
	server_route(&w.server, "/v", KEEP, OK);
	server_route(&w.server, "/to", KEEP,
		"HTTP/1.1 302 Found\r\nLocation: /v\r\nContent-Length: 0\r\n\r\n");
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		got_init(&g, &w, i % 2 ? "/to" : "/v");
		g.request.etag = "\"e\"";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(url, sizeof url, forms[i].form, w.server.port);
#pragma GCC diagnostic pop
		g.request.validators_url = url;
		got_run(&g);
		expect_document(&g, "<a/>");
		assert_int_equal(strstr(w.server.head, "If-None-Match") != NULL, forms[i].same);
		got_finish(&g);
	}
	world_close(&w);
}

static const struct {
	int first, second; /* statuses; 0: no second redirect */
	bool permanent;
} chains[] = {
	{301, 0, true},
	{308, 0, true},
	{302, 0, false},
	{303, 0, false},
	{307, 0, false},
	{301, 308, true},
	{301, 302, false},
	{302, 301, false},
};

static void test_redirects(void **state)
{
	char end[100];
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < sizeof chains / sizeof *chains; i++) {
		server_route(&w.server, "/a/1", KEEP,
			"HTTP/1.1 %d X\r\nLocation: %s\r\nContent-Length: 2\r\n\r\nno",
			chains[i].first, chains[i].second ? "../b" : "/end?x=1#frag");
		server_route(&w.server, "/b", KEEP,
			"HTTP/1.1 %d X\r\nLocation: //127.0.0.1:%d/end?x=1\r\nContent-Length: "
			"0\r\n\r\n",
			chains[i].second, w.server.port);
		server_route(&w.server, "/end?x=1", CLOSE, OK);
		get(&g, &w, "/a/1");
		expect_document(&g, "<a/>");
		snprintf(end, sizeof end, "http://127.0.0.1:%d/end?x=1", w.server.port);
		assert_string_equal(g.result.url, end);
		assert_int_equal(g.result.hops, chains[i].second ? 2 : 1);
		assert_int_equal(g.result.permanent, chains[i].permanent);
		if (chains[i].permanent)
			assert_string_equal(g.result.moved_url, end);
		else
			assert_null(g.result.moved_url);
		got_finish(&g);
	}
	world_close(&w);
}

static const struct {
	const char *location;
	int code;
	const char *text;
} refused[] = {
	{"ftp://127.0.0.1/", ERR_REDIRECT, "127.0.0.1 redirects to what is no web address: ftp:"},
	{"file:///etc/passwd", ERR_REDIRECT, "file:"},
	{"gopher://127.0.0.1/", ERR_REDIRECT, "gopher:"},
	{"data:text/xml,<rss/>", ERR_REDIRECT, "data:text"},
	{"javascript:alert(1)", ERR_REDIRECT, "javascript:"},
	{"http://", ERR_REDIRECT, "redirects to"},
	{"http://127.0.0.1:99999/", ERR_REDIRECT, "not valid"},
	{"http://10.0.0.1/", ERR_BLOCKED, "10.0.0.1 is a private address"},
	{"http://169.254.169.254/latest", ERR_BLOCKED, "a link-local address"},
	{"http://2852039166/", ERR_BLOCKED, "169.254.169.254 is a link-local address"},
	{"http://0xa9.0376.43518/", ERR_BLOCKED, "169.254.169.254 is a link-local address"},
	{"http://[::ffff:10.0.0.1]/", ERR_BLOCKED, "10.0.0.1 is a private address"},
	{"http://[64:ff9b::a00:1]/", ERR_BLOCKED, "leads to 10.0.0.1"},
	{"http://[fe80::1%25lo]/", ERR_BLOCKED, "a link-local address"},
	{"http://private.test/", ERR_BLOCKED, "10.0.0.1 is a private address"},
	{"http://8.8.8.8:25/", ERR_BLOCKED, "port 25"},
	{"http://x.onion/", ERR_BLOCKED, "x.onion needs Tor"},
	{"/loop", ERR_REDIRECT, "redirects in a circle"},
#if EMPTY_QUERIES
	{"?", ERR_NOT_FEED, "empty"},
#endif
};

static void test_refused_redirects(void **state)
{
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	server_route(&w.server, "/?", KEEP, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	server_route(&w.server, "/loop", KEEP,
		"HTTP/1.1 302 X\r\nLocation: /back\r\nContent-Length: 0\r\n\r\n");
	server_route(&w.server, "/back", KEEP,
		"HTTP/1.1 302 X\r\nLocation: /loop\r\nContent-Length: 0\r\n"
		"X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 9000\r\n\r\n");
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		server_route(&w.server, "/", KEEP,
			"HTTP/1.1 301 X\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
			refused[i].location);
		get(&g, &w, "/");
		assert_int_equal(g.result.used_up_ms, -1); /* it would hold where it led to */
		expect_failure(&g, refused[i].code, refused[i].text);
		assert_null(g.result.moved_url);
		got_finish(&g);
	}
	assert_null(strstr(w.dns.names, "onion"));
	world_close(&w);
}

/* Who is sent back to where he was, with a new cookie, goes there; without one, or with the same,
 * in a circle. It is no move. */
static void test_a_wall_of_cookies(void **state)
{
	static const char wall[] = "HTTP/1.1 301 X\r\nLocation: /wall\r\nContent-Length: 0\r\n"
				   "Set-Cookie: k=1\r\n\r\n";
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	server_bytes(&w.server, "/wall", KEEP, wall, sizeof wall - 1);
	server_route(&w.server, "/inside", KEEP, OK);
	w.server.wall = "/wall";
	for (int i = 0; i < 2; i++) { /* nothing is left of the first */
		int before = w.server.requests;

		get(&g, &w, "/wall");
		expect_document(&g, "<a/>");
		assert_int_equal(w.server.requests, before + 2);
		assert_false(g.result.permanent);
		assert_null(g.result.moved_url);
		got_finish(&g);
	}
	w.server.wall = NULL;
	get(&g, &w, "/wall");
	expect_failure(&g, ERR_REDIRECT, "redirects in a circle");
	assert_int_equal(w.server.requests, 2 + 2 + 2);
	got_finish(&g);
	world_close(&w);
}

static void test_ten_redirects(void **state)
{
	static const char *const paths[] = {
		"/0", "/1", "/2", "/3", "/4", "/5", "/6", "/7", "/8", "/9", "/10", "/11"};
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	for (int i = 0; i < 11; i++)
		server_route(&w.server, paths[i], KEEP,
			"HTTP/1.1 302 X\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
			paths[i + 1]);
	server_route(&w.server, "/11", KEEP, OK);
	get(&g, &w, "/1");
	expect_document(&g, "<a/>");
	assert_int_equal(g.result.hops, 10);
	got_finish(&g);
	get(&g, &w, "/0");
	expect_failure(&g, ERR_REDIRECT, "more than 10 redirects");
	assert_int_equal(g.result.hops, 10);
	got_finish(&g);
	world_close(&w);
}

/* Basic credentials go to the origin they were given for and nowhere else, and into no text (A45,
 * A46). */
static void test_credentials(void **state)
{
	static const char basic[] = "Authorization: Basic dXNlcjpwQHNz\r\n"; /* user:p@ss */
	char url[100], text[100];
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	server_route(&w.server, "/feed", KEEP, OK);
	server_route(&w.server, "/moved", KEEP,
		"HTTP/1.1 301 X\r\nLocation: http://127.0.0.1:%d/feed\r\nContent-Length: 0\r\n\r\n",
		w.server.port);
	server_route(&w.server, "/away", KEEP,
		"HTTP/1.1 301 X\r\nLocation: http://127.0.0.1:%d/feed\r\nContent-Length: 0\r\n\r\n",
		w.other.port);
	server_route(&w.server, "/given", KEEP,
		"HTTP/1.1 301 X\r\nLocation: http://a:b@127.0.0.1:%d/feed\r\nContent-Length: "
		"0\r\n\r\n",
		w.other.port);
	server_route(&w.other, "/feed", KEEP, OK);

	snprintf(url, sizeof url, "http://user:p%%40ss@127.0.0.1:%d/feed", w.server.port);
	get(&g, &w, url);
	expect_document(&g, "<a/>");
	assert_non_null(strstr(w.server.head, basic));
	assert_null(strstr(g.result.url, "user"));
	got_finish(&g);

	snprintf(url, sizeof url, "http://user:p%%40ss@127.0.0.1:%d/moved", w.server.port);
	get(&g, &w, url);
	expect_document(&g, "<a/>");
	assert_non_null(strstr(w.server.head, basic));
	assert_null(strstr(g.result.url, "user"));
	snprintf(text, sizeof text, "http://user:p%%40ss@127.0.0.1:%d/feed", w.server.port);
	assert_string_equal(g.result.moved_url, text);
	got_finish(&g);

	for (int i = 0; i < 2; i++) {
		snprintf(url, sizeof url, "http://user:p%%40ss@127.0.0.1:%d%s", w.server.port,
			i ? "/given" : "/away");
		get(&g, &w, url);
		expect_document(&g, "<a/>");
		assert_null(strstr(w.other.head, "Authorization"));
		assert_null(strchr(g.result.moved_url, '@'));
		got_finish(&g);
	}

	/* The handle of an earlier fetch remembers nothing. */
	get(&g, &w, "/feed");
	assert_null(strstr(w.server.head, "Authorization"));
	got_finish(&g);

	snprintf(url, sizeof url, "http://user:p%%40ss@127.0.0.1:%d/none", w.server.port);
	get(&g, &w, url);
	expect_failure(&g, ERR_TRUNCATED, "127.0.0.1");
	assert_null(strstr(g.result.error.text, "user"));
	got_finish(&g);
	world_close(&w);
}

/* An error of another address than the feed's says so, and why that may be. */
static void test_errors_of_where_it_leads(void **state)
{
	static const struct {
		const char *from, *user, *why;
	} cases[] = {{"/here", "", ""}, {"/here", "u:p@", ""}, {"/away", "", ""},
		{"/away", "u:p@", "; the password is not sent there, since it is another origin"}};
	char url[100], text[200];
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	for (int i = 0; i < 2; i++) {
		struct fake_server *to = i ? &w.other : &w.server;

		server_route(&w.server, i ? "/away" : "/here", KEEP,
			"HTTP/1.1 301 X\r\nLocation: http://x:y@127.0.0.1:%d/no\r\n"
			"Content-Length: 0\r\n\r\n",
			to->port);
		server_route(to, "/no", KEEP, "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n");
	}
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		snprintf(url, sizeof url, "http://%s127.0.0.1:%d%s", cases[i].user, w.server.port,
			cases[i].from);
		get(&g, &w, url);
		snprintf(text, sizeof text,
			"HTTP 401 Unauthorized from http://127.0.0.1:%d/no, to which it "
			"redirects%s",
			i < 2 ? w.server.port : w.other.port, cases[i].why);
		expect_failure(&g, ERR_HTTP, text);
		assert_int_equal(strlen(g.result.error.text), strlen(text));
		got_finish(&g);
	}
	world_close(&w);
}

/* Bodies, heads and lines without end (A30, A33). */
static void test_bombs(void **state)
{
	static char line[300000];
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	memset(line, 'x', sizeof line);
	snprintf(line, 24, "HTTP/1.1 200 OK\r\nETag: ");
	line[23] = 'x';
	line[sizeof line - 100000] = '\f';
	server_bytes(&w.server, "/line", ENDLESS, line, sizeof line);
	server_route(&w.server, "/body", ENDLESS, "HTTP/1.1 200 OK\r\n\r\n\f%0*d", 60000, 0);
	server_route(&w.server, "/chunks", ENDLESS,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\f1000\r\n%04096d\r\n", 0);
	server_route(&w.server, "/error", ENDLESS, "HTTP/1.1 404 No\r\n\r\n\f%0*d", 60000, 0);
	server_route(&w.server, "/head", ENDLESS, "HTTP/1.1 200 OK\r\n\fETag: %08000d\r\n", 0);
	server_route(&w.server, "/interim", ENDLESS,
		"\fHTTP/1.1 103 Early Hints\r\nLink: %0800d\r\n\r\n", 0);
	server_route(&w.server, "/long", KEEP, OK_HEAD "ETag: \"%05000d\"\r\n\r\n<a/>", 0);
	get(&g, &w, "/body");
	expect_failure(&g, ERR_TOO_BIG, "the document is larger than 1 MB");
	got_finish(&g);
	get(&g, &w, "/chunks");
	expect_failure(&g, ERR_TOO_BIG, "the document is larger than 1 MB");
	got_finish(&g);
	get(&g, &w, "/error");
	expect_failure(&g, ERR_HTTP, "HTTP 404 Not Found");
	got_finish(&g);
	get(&g, &w, "/head");
	expect_failure(&g, ERR_PROTOCOL, "127.0.0.1 sent a head of more than 256 KB");
	got_finish(&g);
	get(&g, &w, "/interim");
	expect_failure(&g, ERR_PROTOCOL, "127.0.0.1 sent a head");
	got_finish(&g);
	get(&g, &w, "/line");
	expect_failure(
		&g, ERR_PROTOCOL, "127.0.0.1 sent a head of lines that are too long or too many");
	got_finish(&g);
	get(&g, &w, "/long"); /* too long to be stored: as if there were none */
	expect_document(&g, "<a/>");
	assert_null(g.result.etag);
	got_finish(&g);
	world_close(&w);
}

static void configure(struct world *w, int64_t connect_ms, int64_t total_ms, int64_t low_speed_ms)
{
	w->options.connect_timeout_ms = connect_ms;
	w->options.total_timeout_ms = total_ms;
	w->options.low_speed_ms = low_speed_ms;
	assert_int_equal(fetcher_configure(w->fetcher, &w->options), 0);
}

static void test_timeouts(void **state)
{
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	configure(&w, 5000, 300, 5000);
	server_bytes(&w.server, "/silent", SILENT, NULL, 0);
	server_route(&w.server, "/slow-head", DRIP, OK);
	server_route(&w.server, "/slow-body", SILENT, OK_HEAD "\r\n<a");
	server_route(
		&w.server, "/slow-error", SILENT, "HTTP/1.1 500 No\r\nContent-Length: 9\r\n\r\n<a");
	server_route(&w.server, "/drip", DRIP,
		"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n%01000d", 0);
	get(&g, &w, "/silent");
	expect_failure(&g, ERR_TIMEOUT, "127.0.0.1 did not answer within 1 s");
	assert_true(g.result.duration_ms >= 290 && g.result.duration_ms < 3000);
	got_finish(&g);
	get(&g, &w, "/slow-head");
	expect_failure(&g, ERR_TIMEOUT, "127.0.0.1 did not answer within 1 s");
	got_finish(&g);
	get(&g, &w, "/slow-body");
	expect_failure(&g, ERR_TIMEOUT, "the document of 127.0.0.1 was not complete within 1 s");
	assert_int_equal(g.result.status, 200);
	got_finish(&g);
	get(&g, &w, "/slow-error");
	expect_failure(&g, ERR_HTTP, "HTTP 500 Internal Server Error");
	got_finish(&g);
	configure(&w, 5000, 15000, 1000);
	get(&g, &w, "/drip");
	expect_failure(&g, ERR_TIMEOUT, "127.0.0.1 sent less than 100 bytes/s for 1 s");
	got_finish(&g);
	world_close(&w);
}

static const struct {
	const char *url;
	int code;
	const char *text;
} bad_urls[] = {
	{"", ERR_INVALID, "not valid"},
	{"nonsense", ERR_INVALID, "not valid"},
	{"ftp://example.org/", ERR_INVALID, "not valid"},
	{"http://127.0.0.1:1/", ERR_CONNECT, "connection to 127.0.0.1 refused"},
	{"http://10.1.2.3/", ERR_BLOCKED, "10.1.2.3 is a private address"},
	{"http://127.0.0.1/\r\nX: y", ERR_INVALID, "not valid"},
	{"file:///etc/passwd", ERR_BLOCKED, "file: URLs are not allowed"},
};

static void test_bad_urls(void **state)
{
	char url[FETCH_URL_MAX + 100];
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < sizeof bad_urls / sizeof *bad_urls; i++) {
		get(&g, &w, bad_urls[i].url);
		expect_failure(&g, bad_urls[i].code, bad_urls[i].text);
		assert_int_equal(g.result.status, 0);
		got_finish(&g);
	}
	snprintf(url, sizeof url, "https://127.0.0.1:%d/", w.server.port);
	get(&g, &w, url);
	expect_failure(&g, ERR_TLS, "secure connection to 127.0.0.1 failed: ");
	got_finish(&g);
	snprintf(url, sizeof url, "http://127.0.0.1/%0*d", FETCH_URL_MAX, 0);
	get(&g, &w, url);
	expect_failure(&g, ERR_INVALID, "longer than 8192 bytes");
	got_finish(&g);
	world_close(&w);
	fetcher_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		line_test("A26 A34 A60", test_answers),
		cmocka_unit_test(test_large_pages),
		cmocka_unit_test(test_result_fields),
		line_test("A10 A18", test_lists_of_several_lines),
		line_test("A2 A9 A60", test_validators),
		line_test("A6", test_validators_url),
		line_test("A35 A60", test_redirects),
		line_test("A35 A60", test_refused_redirects),
		line_test("A35 A40", test_a_wall_of_cookies),
		line_test("A35", test_ten_redirects),
		line_test("A60", test_credentials),
		line_test("A45", test_errors_of_where_it_leads),
		line_test("A30 A33 A60", test_bombs),
		line_test("A32 A60", test_timeouts),
		cmocka_unit_test(test_bad_urls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
