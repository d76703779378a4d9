/* Tests of names and addresses: scripts, name servers that do not answer, IPv6 that is dead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <unistd.h>

#include "fetch/fetcher.h"
#include "fetch_world.h"
#include "support/lines.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<a/>"

/* Names in any script are asked for, and named, by their A-labels (A48). */
static void test_scripts(void **state)
{
	static const char *const hosts[] = {"b\xc3\xbc"
					    "cher.test",
		"B\xc3\x9c"
		"CHER.test",
		"b%C3%BCcher.test", "xn--bcher-kva.test"};
	char url[100], line[100];
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	server_route(&w.server, "/", KEEP, OK);
	snprintf(line, sizeof line, "\r\nHost: xn--bcher-kva.test:%d\r\n", w.server.port);
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		snprintf(url, sizeof url, "http://%s:%d/", hosts[i], w.server.port);
		get(&g, &w, url);
		expect_document(&g, "<a/>");
		assert_non_null(strstr(w.server.head, line));
		assert_non_null(strstr(g.result.url, "//xn--bcher-kva.test:"));
		got_finish(&g);
	}
	world_close(&w);
}

static uint64_t last_turn_ns, longest_ns;

static void on_turn(uv_timer_t *timer)
{
	uint64_t now_ns = uv_hrtime();

	(void)timer;
	if (last_turn_ns && now_ns - last_turn_ns > longest_ns)
		longest_ns = now_ns - last_turn_ns;
	last_turn_ns = now_ns;
}

/* Of a zone whose servers are silent many names wait at once, and run out of time: the loop turns
 * on, and who has an answer is served meanwhile (A50). */
static void test_a_silent_zone(void **state)
{
	enum { SLOW = 15 };
	static struct got slow[SLOW];
	char url[100];
	uv_timer_t timer;
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	w.options.connect_timeout_ms = 2000;
	assert_int_equal(fetcher_configure(w.fetcher, &w.options), 0);
	server_route(&w.server, "/", KEEP, OK);
	uv_timer_init(&w.loop.uv, &timer);
	last_turn_ns = longest_ns = 0;
	uv_timer_start(&timer, on_turn, 5, 5);
	for (int i = 0; i < SLOW; i++) {
		snprintf(url, sizeof url, "http://n%d.slow.test/", i);
		got_init(&slow[i], &w, url);
		assert_int_equal(fetch_start(w.fetcher, &slow[i].request), 0);
	}
	snprintf(url, sizeof url, "http://ok.test:%d/", w.server.port);
	get(&g, &w, url);
	expect_document(&g, "<a/>");
	got_finish(&g);
	for (int i = 0; i < SLOW; i++)
		assert_int_equal(slow[i].done, 0);
	for (int i = 0; i < SLOW; i++) {
		loop_run_until(&w.loop, &slow[i].done, WORLD_LIMIT_MS);
		expect_failure(&slow[i], ERR_RESOLVER, "no name server answered for n");
		got_finish(&slow[i]);
	}
	/* one that blocked would have taken its two seconds */
	assert_true(longest_ns < 1800 * UINT64_C(1000000));
	uv_close((uv_handle_t *)&timer, NULL);
	world_close(&w);
}

static int first_family(struct world *w, const char *host)
{
	struct lookup lookup; /* it is in the cache */
	const struct addresses *a;
	struct err e;

	assert_int_equal(resolver_lookup(w->fetcher->resolver, host, &lookup, &a, &e), 0);
	return a->list[0].any.sa_family;
}

/* IPv6 that swallows everything costs a moment, and that only once in a while (A49). */
static void test_dead_ipv6(void **state)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
	int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), fill[4], yes = 1;
	char url[100];
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	address.sin6_port = htons((uint16_t)w.server.port);
	assert_int_equal(setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes), 0);
	/* a machine without ::1 fails here and in other tests: nothing would be shown without it */
	assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(listener, 0), 0);
	for (int i = 0; i < 4; i++) {
		fill[i] = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)connect(fill[i], (const struct sockaddr *)&address, sizeof address);
	}
	w.options.connect_timeout_ms = 60000; /* a share of that is not meant */
	assert_int_equal(fetcher_configure(w.fetcher, &w.options), 0);
	server_route(&w.server, "/", KEEP, OK);
	snprintf(url, sizeof url, "http://six.test:%d/", w.server.port);
	get(&g, &w, url);
	expect_document(&g, "<a/>");
	assert_in_range(g.result.duration_ms, 200, 10000);
	assert_int_equal(first_family(&w, "six.test"), AF_INET); /* it is remembered */
	got_finish(&g);
	get(&g, &w, "http://six.test:1/"); /* by host */
	expect_failure(&g, ERR_CONNECT, "connection to six.test refused");
	got_finish(&g);
	world_close(&w);
	for (int i = 0; i < 4; i++)
		close(fill[i]);
	close(listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		line_test("A48", test_scripts),
		line_test("A50", test_a_silent_zone),
		line_test("A49", test_dead_ipv6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
