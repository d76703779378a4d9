/* Tests of what a user sets for one feed and for all: secrets, headers, proxies, the User-Agent;
 * and of what servers set: cookies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <sys/resource.h>

#include "fetch/header.h"
#include "fetch_world.h"
#include "support/lines.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<a/>"

static void get_with(struct got *g, struct world *w, const char *url, const struct fetch_site *site)
{
	got_init(g, w, url);
	g->request.site = site;
	got_run(g);
}

static void redirect(struct fake_server *from, const char *path, const char *host, int port)
{
	server_route(from, path, KEEP,
		"HTTP/1.1 302 X\r\nLocation: http://%s:%d/feed\r\nContent-Length: 0\r\n\r\n", host,
		port);
}

/* User, password and headers go to the origin they were set for, and to none that it sends to: not
 * another port, not another host at the same address. */
static void test_secrets_stay_at_home(void **state)
{
	static const char *const headers[] = {"X-Api-Key: k3y", "Accept: mine/type", NULL};
	static const char *const away[] = {"/port", "/host"};
	char home[100];
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	snprintf(home, sizeof home, "http://127.0.0.1:%d/", w.server.port);
	const struct fetch_site site = {
		.url = home, .user = "me", .password = "p:w", .headers = headers};
	server_route(&w.server, "/feed", KEEP, OK);
	server_route(&w.other, "/feed", KEEP, OK);
	redirect(&w.server, "/moved", "127.0.0.1", w.server.port);
	redirect(&w.server, "/port", "127.0.0.1", w.other.port);
	redirect(&w.server, "/host", "ok.test", w.other.port);

	get_with(&g, &w, "/moved", &site);
	expect_document(&g, "<a/>");
	assert_non_null(strstr(w.server.head, "\r\nAuthorization: Basic bWU6cDp3\r\n"));
	assert_non_null(strstr(w.server.head, "\r\nX-Api-Key: k3y\r\n"));
	assert_non_null(strstr(w.server.head, "\r\nAccept: mine/type\r\n"));
	assert_null(strstr(w.server.head, "application/rss"));
	got_finish(&g);
	for (size_t i = 0; i < 2; i++) {
		get_with(&g, &w, away[i], &site);
		expect_document(&g, "<a/>");
		assert_non_null(strstr(w.server.head, "\r\nX-Api-Key: k3y\r\n"));
		assert_null(strstr(w.other.head, "Authorization"));
		assert_null(strstr(w.other.head, "X-Api-Key"));
		assert_null(strstr(w.other.head, "mine/type"));
		got_finish(&g);
	}
	get(&g, &w, "/feed"); /* nobody else's */
	assert_null(strstr(w.server.head, "Authorization"));
	assert_null(strstr(w.server.head, "X-Api-Key"));
	got_finish(&g);

	/* What was set for another origin than the feed has by now goes nowhere. */
	snprintf(home, sizeof home, "http://127.0.0.1:%d/", w.other.port);
	get_with(&g, &w, "/feed", &site);
	expect_document(&g, "<a/>");
	assert_null(strstr(w.server.head, "Authorization"));
	assert_null(strstr(w.server.head, "X-Api-Key"));
	got_finish(&g);
	world_close(&w);
}

static void test_digest(void **state)
{
	struct world w;
	struct got g;
	const struct fetch_site site = {.digest = true};
	char url[100];

	(void)state;
	world_open(&w);
	server_route(&w.server, "/feed", KEEP,
		"HTTP/1.1 401 X\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\", "
		"qop=\"auth\", "
		"algorithm=SHA-256\r\nContent-Length: 0\r\n\r\n");
	snprintf(url, sizeof url, "http://me:pw@127.0.0.1:%d/feed", w.server.port);
	get_with(&g, &w, url, &site);
	expect_failure(&g, ERR_HTTP, "HTTP 401");
	assert_int_equal(w.server.requests, 2);
	assert_non_null(strstr(w.server.head, "\r\nAuthorization: Digest username=\"me\""));
	assert_null(strstr(w.server.head, "Basic"));
	got_finish(&g);
	get(&g, &w, "/feed");
	assert_null(strstr(w.server.head, "Authorization"));
	got_finish(&g);
	world_close(&w);
}

static void test_user_agent(void **state)
{
	const struct fetch_site site = {.user_agent = "somebody else/2"};
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	server_route(&w.server, "/feed", KEEP, OK);
	get_with(&g, &w, "/feed", &site);
	assert_non_null(strstr(w.server.head, "\r\nUser-Agent: somebody else/2\r\n"));
	got_finish(&g);
	get(&g, &w, "/feed");
	assert_non_null(
		strstr(w.server.head, "\r\nUser-Agent: tidings/test (+https://example.org)\r\n"));
	got_finish(&g);
	world_close(&w);
}

/* Cookies last as long as one chain of redirects, and go to the host that set them (A40). */
static void test_cookies(void **state)
{
	char url[100];
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	server_route(&w.server, "/", KEEP,
		"HTTP/1.1 302 X\r\nSet-Cookie: a=b\r\nLocation: /2\r\nContent-Length: 0\r\n\r\n");
	server_route(&w.server, "/2", KEEP,
		"HTTP/1.1 302 X\r\nSet-Cookie: c=d; Path=/end\r\nLocation: /end\r\n"
		"Content-Length: 0\r\n\r\n");
	server_route(&w.server, "/end", KEEP,
		"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nSet-Cookie: e=f; Path=/\r\n\r\n<a/>");
	server_route(&w.server, "/away", KEEP,
		"HTTP/1.1 302 X\r\nSet-Cookie: a=b\r\nLocation: http://127.0.0.1:%d/end\r\n"
		"Content-Length: 0\r\n\r\n",
		w.server.port);
	for (int i = 0; i < 2; i++) {
		get(&g, &w, "/");
		expect_document(&g, "<a/>");
		assert_non_null(strstr(w.server.head, "\r\nCookie: c=d; a=b\r\n"));
		assert_null(strstr(w.server.head, "Referer"));
		got_finish(&g);
		get(&g, &w, "/end"); /* maybe with the same handle */
		expect_document(&g, "<a/>");
		assert_null(strstr(w.server.head, "Cookie"));
		got_finish(&g);
	}
	snprintf(url, sizeof url, "http://ok.test:%d/away", w.server.port);
	get(&g, &w, url);
	expect_document(&g, "<a/>");
	assert_null(strstr(w.server.head, "Cookie"));
	got_finish(&g);
	world_close(&w);
}

/* -- proxies -- */

enum { HTTP, SOCKS };

static const struct {
	int kind;
	const char *url;
	const char *path; /* as the proxy sees it */
	const char *host; /* which it is told by SOCKS */
	int code;
	const char *text;
} proxied[] = {
	{HTTP, "http://far.test/feed", "http://far.test/feed", "", 0, ""},
	{HTTP, "http://8.8.8.8/feed", "http://8.8.8.8/feed", "", 0, ""},
	{HTTP, "http://far.test/none", "", "", ERR_TRUNCATED, ""},
	{HTTP, "http://x.onion/feed", "", "", ERR_BLOCKED, "x.onion needs a socks5h proxy"},
	{HTTP, "http://10.0.0.1/feed", "", "", ERR_BLOCKED, "10.0.0.1 is a private address"},
	{HTTP, "http://0xa000001/feed", "", "", ERR_BLOCKED, "10.0.0.1 is a private address"},
	{HTTP, "http://far.test:25/", "", "", ERR_BLOCKED, "port 25"},
	{HTTP, "https://far.test/", "", "", ERR_CONNECT,
		"the proxy answered HTTP 403 for far.test"},
	{SOCKS, "http://far.test/feed", "/feed", "far.test:80", 0, ""},
	{SOCKS, "http://abc.onion:8080/feed", "/feed", "abc.onion:8080", 0, ""},
	{SOCKS, "http://[fe80::1]/", "", "", ERR_BLOCKED, "link-local"},
	{SOCKS, "http://no.test/", "", "no.test:80", ERR_CONNECT,
		"the proxy did not reach no.test: "},
};

/* What goes through a proxy is not looked up here, .onion least of all. */
static void test_proxies(void **state)
{
	char urls[2][100];
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	snprintf(urls[HTTP], sizeof urls[0], "http://u:p%%40@proxy.test:%d", w.other.port);
	snprintf(urls[SOCKS], sizeof urls[0], "socks5h://127.0.0.1:%d", w.other.port);
	server_route(&w.other, "http://far.test/feed", KEEP, OK);
	server_route(&w.other, "http://8.8.8.8/feed", KEEP, OK);
	server_route(
		&w.other, "far.test:443", CLOSE, "HTTP/1.1 403 X\r\nContent-Length: 0\r\n\r\n");
	server_route(&w.other, "/feed", KEEP, OK);
	server_route(&w.server, "/plain", KEEP, OK);
	for (size_t i = 0; i < sizeof proxied / sizeof *proxied; i++) {
		const struct fetch_site site = {.proxy = urls[proxied[i].kind]};

		get(&g, &w,
			"/plain"); /* its handle is used again, and what it was told forgotten */
		got_finish(&g);
		w.other.head[0] = w.other.socks_host[0] = '\0';
		get_with(&g, &w, proxied[i].url, &site);
		if (proxied[i].code)
			expect_failure(&g, proxied[i].code, proxied[i].text);
		else
			expect_document(&g, "<a/>");
		assert_string_equal(w.other.socks_host, proxied[i].host);
		if (proxied[i].code == 0) {
			assert_memory_equal(
				w.other.head + 4, proxied[i].path, strlen(proxied[i].path));
			assert_int_equal(
				strstr(w.other.head, "Proxy-Authorization: Basic dTpwQA==") != NULL,
				proxied[i].kind == HTTP);
		}
		got_finish(&g);
	}
	assert_non_null(strstr(w.dns.names, "proxy.test"));
	assert_null(strstr(w.dns.names, "far"));
	assert_null(strstr(w.dns.names, "onion"));
	world_close(&w);
}

/* The daemon's proxy is every feed's that does not say otherwise; the environment's nobody's. */
static void test_whose_proxy(void **state)
{
	const struct fetch_site none = {.proxy = ""};
	char proxy[100];
	struct world w;
	struct got g;

	(void)state;
	setenv("http_proxy", "http://127.0.0.1:9", 1);
	setenv("all_proxy", "socks5h://127.0.0.1:9", 1);
	setenv("no_proxy", "*", 1); /* else everything would go past the proxy, and its checks */
	world_open(&w);
	server_route(&w.server, "/feed", KEEP, OK);
	get(&g, &w, "/feed");
	expect_document(&g, "<a/>");
	got_finish(&g);
	snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", w.other.port);
	w.options.proxy = proxy;
	assert_int_equal(fetcher_configure(w.fetcher, &w.options), 0);
	proxy[0] = 'x'; /* it was copied */
	get(&g, &w, "/feed");
	expect_failure(&g, ERR_TRUNCATED, "");
	assert_int_equal(w.other.requests, 1);
	got_finish(&g);
	get_with(&g, &w, "/feed", &none);
	expect_document(&g, "<a/>");
	got_finish(&g);
	world_close(&w);
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	unsetenv("no_proxy");
}

/* What the user's own proxy does not do is told from what is behind it (A25). */
static void test_dead_proxies(void **state)
{
	static const struct {
		const char *proxy, *url, *text;
	} cases[] = {
		{"http://127.0.0.1:1", "http://far.test/",
			"the proxy 127.0.0.1 cannot be reached: Connection refused"},
		{"socks5h://127.0.0.1:1", "https://far.test/",
			"the proxy 127.0.0.1 cannot be reached: Connection refused"},
		{"http://gone.test:1", "http://far.test/",
			"the proxy gone.test cannot be reached: there is no host gone.test"},
		{"http://broken.test:1", "http://far.test/", "the proxy broken.test cannot be"},
		{"http://silent.test:1", "http://far.test/",
			"the proxy silent.test cannot be reached: no name server answered for "
			"silent.test within 1 s"},
		{NULL, "http://far.test/407", "the proxy 127.0.0.1 cannot be used: it does not"},
		{NULL, "https://far.test/", "the proxy 127.0.0.1 cannot be used: it does not"},
	};
	static const char *const denied =
		"HTTP/1.1 407 No\r\nContent-Length: 2\r\nProxy-Authenticate: Basic\r\n\r\nno";
	char proxy[100];
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	w.options.connect_timeout_ms = 500;
	assert_int_equal(fetcher_configure(w.fetcher, &w.options), 0);
	server_route(&w.other, "http://far.test/407", KEEP, "%s", denied);
	server_route(&w.other, "far.test:443", KEEP, "%s", denied);
	snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", w.other.port);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct fetch_site site = {.proxy = cases[i].proxy ? cases[i].proxy : proxy};

		get_with(&g, &w, cases[i].url, &site);
		expect_failure(&g, ERR_PROXY, cases[i].text);
		assert_int_equal(g.result.status, 0);
		got_finish(&g);
	}
	world_close(&w);
}

/* A proxy whose connection is there has been reached, whoever is silent behind it. */
static void test_silent_behind_a_proxy(void **state)
{
	struct fetch_site site = {0};
	char proxy[100];
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	w.options.total_timeout_ms = 700;
	assert_int_equal(fetcher_configure(w.fetcher, &w.options), 0);
	server_route(&w.other, "http://far.test/", KEEP, "%s", OK);
	server_route(&w.other, "http://far.test/silent", SILENT, "HTTP/1.1 200");
	snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", w.other.port);
	site.proxy = proxy;
	for (int i = 0; i < 2; i++) {
		got_init(&g, &w, i ? "http://far.test/silent" : "http://far.test/");
		g.request.site = &site;
		g.request.keep_connection = true;
		got_run(&g);
		if (i)
			expect_failure(&g, ERR_TIMEOUT, "far.test did not answer within 1 s");
		else
			expect_document(&g, "<a/>");
		got_finish(&g);
	}
	assert_int_equal(w.other.connections, 1);
	world_close(&w);
}

/* A host is dead that refuses at one address while there is no way to another. */
static void test_no_way_to_one_address(void **state)
{
	struct world w;
	struct got g;
	struct err e;

	(void)state;
	world_open(&w);
	assert_int_equal(guard_allow(&w.options.guard, "ff00::/8", &e), 0);
	assert_int_equal(fetcher_configure(w.fetcher, &w.options), 0);
	get(&g, &w, "http://unroutable.test:1/");
	expect_failure(&g, ERR_CONNECT, "connection to unroutable.test refused");
	got_finish(&g);
	world_close(&w);
}

/* Without descriptors nobody is reached, and it is no server's doing (A25). */
static void test_without_descriptors(void **state)
{
	struct rlimit usual, few;
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	server_route(&w.server, "/", KEEP, OK);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
	few = usual;
	few.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	get(&g, &w, "/");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
	expect_failure(&g, ERR_SHORT, "out of descriptors for 127.0.0.1");
	got_finish(&g);
	get(&g, &w, "/");
	expect_document(&g, "<a/>");
	got_finish(&g);
	world_close(&w);
}

static const struct {
	const char *url;
	bool good;
} proxies[] = {
	{"http://proxy.example:3128", true},
	{"http://proxy.example:80/", true},
	{"socks5h://user:pass@[::1]:1080", true},
	{"socks5h://127.0.0.1:9050", true},
	{"http://proxy.example", false},
	{"http://proxy.example:", false},
	{"http://user:1@proxy.example", false},
	{"socks5h://127.0.0.1", false},
	{"socks5h://[::1]", false},
	{"socks5://127.0.0.1:1080", false},
	{"socks4a://127.0.0.1:1080", false},
	{"https://proxy.example:443", false},
	{"http://proxy.example:3128/path", false},
	{"http://proxy.example:3128/?q", false},
	{"proxy.example:3128", false},
	{"", false},
};

static void test_proxy_urls(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++)
		if ((fetch_proxy_check(proxies[i].url) == 0) != proxies[i].good)
			fail_msg("%s", proxies[i].url);
}

static const struct {
	const char *line;
	bool good;
} headers[] = {
	{"X-Key: abc", true},
	{"Authorization: Bearer abc", true},
	{"Cookie: a=b", true},
	{"Accept:\tx", true},
	{"X-Key:", false},
	{"X-Key: ", false},
	{"X-Key", false},
	{": x", false},
	{"X Key: x", false},
	{"X-Key : x", false},
	{"X-Key: a\r\nEvil: b", false},
	{"X-Key: a\nEvil: b", false},
	{"X-Key: a\x7f", false},
	{"Host: x", false},
	{"hOST: x", false},
	{"Hosts: x", true},
	{"If-None-Match: x", false},
	{"Transfer-Encoding: chunked", false},
	{"Proxy-Authorization: x", false},
	{"", false},
};

/* No header of a user's can end its line, or say what the fetcher has to say (C4). */
static void test_custom_headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
		if (header_custom(headers[i].line) != headers[i].good)
			fail_msg("%s", headers[i].line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		line_test("A45 A60", test_secrets_stay_at_home),
		line_test("A45 A60", test_digest),
		line_test("A41 A60", test_user_agent),
		line_test("A40 A60", test_cookies),
		line_test("A47 A60", test_proxies),
		line_test("A47 A60", test_whose_proxy),
		line_test("A25 A47", test_dead_proxies),
		line_test("A25 A47", test_silent_behind_a_proxy),
		line_test("A25 A49", test_no_way_to_one_address),
		line_test("A25", test_without_descriptors),
		cmocka_unit_test(test_proxy_urls),
		cmocka_unit_test(test_custom_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
