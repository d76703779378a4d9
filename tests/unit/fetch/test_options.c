/* Tests of what libcurl would do if it were not told otherwise, and what nothing else here shows
 * (A60). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fetch/fetcher.h"
#include "fetch_world.h"
#include "support/clock.h"
#include "support/lines.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<a/>"

static void get_kept(struct world *w, const char *url)
{
	struct got g;

	got_init(&g, w, url);
	g.request.keep_connection = true;
	got_run(&g);
	expect_document(&g, "<a/>");
	got_finish(&g);
}

/* A connection that was not used for a minute is none any more: routers on the way forget it. */
static void test_old_connections(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	server_route(&w.server, "/", KEEP, OK);
	get_kept(&w, "/");
	clock_forward(&w.loop.uv, 55);
	get_kept(&w, "/");
	assert_int_equal(w.server.connections, 1);
	clock_forward(&w.loop.uv, 65);
	get_kept(&w, "/");
	assert_int_equal(w.server.connections, 2);
	world_close(&w);
}

static int accepted(int listener)
{
	int count = 0;

	for (int fd = accept(listener, NULL, NULL); fd >= 0; fd = accept(listener, NULL, NULL)) {
		close(fd);
		count++;
	}
	return count;
}

/* libcurl lets the second wait for what becomes of the first one's connection, and would give it no
 * time of its own. */
static void test_two_at_a_host_that_is_silent(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof a;
	struct got both[2];
	struct world w;
	char url[64];

	(void)state;
	assert_true(listener >= 0 && bind(listener, (struct sockaddr *)&a, len) == 0 &&
		    listen(listener, 8) == 0 &&
		    getsockname(listener, (struct sockaddr *)&a, &len) == 0);
	world_open(&w);
	w.options.connect_timeout_ms = 300;
	assert_int_equal(fetcher_configure(w.fetcher, &w.options), 0);
	snprintf(url, sizeof url, "https://127.0.0.1:%d/", ntohs(a.sin_port));
	for (int i = 0; i < 2; i++) {
		got_init(&both[i], &w, url);
		both[i].request.keep_connection = true;
		assert_int_equal(fetch_start(w.fetcher, &both[i].request), 0);
	}
	for (int i = 0; i < 2; i++) {
		loop_run_until(&w.loop, &both[i].done, WORLD_LIMIT_MS);
		expect_failure(&both[i], ERR_TIMEOUT,
			"within 1 s: it took the connection and said nothing");
		got_finish(&both[i]);
	}
	assert_int_equal(accepted(listener), 2);
	close(listener);
	world_close(&w);
}

/* A machine that slept, or was held up, has not waited for anybody: what is under way then starts
 * again, but no more than once. */
static void test_a_machine_that_stood_still(void **state)
{
	static const struct {
		const char *path;
		int sleeps;
		int code; /* 0: a document */
		int requests;
	} cases[] = {{"/", 1, 0, 1}, {"/slow", 1, 0, 2}, {"/slow", 2, ERR_TIMEOUT, 2}};
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	server_route(&w.server, "/", KEEP, OK);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		w.server.requests = 0;
		server_bytes(&w.server, "/slow", SILENT, NULL, 0);
		got_init(&g, &w, cases[i].path);
		assert_int_equal(fetch_start(w.fetcher, &g.request), 0);
		for (int n = 1; n <= cases[i].sleeps; n++) {
			while (w.server.requests < n && strcmp(cases[i].path, "/slow") == 0)
				uv_run(&w.loop.uv, UV_RUN_ONCE);
			if (n == 1 && cases[i].code == 0)
				server_route(&w.server, "/slow", KEEP, OK);
			clock_forward(&w.loop.uv, 60);
		}
		loop_run_until(&w.loop, &g.done, WORLD_LIMIT_MS + 60000);
		if (cases[i].code)
			expect_failure(&g, cases[i].code, "did not answer within 10 s");
		else
			expect_document(&g, "<a/>");
		assert_int_equal(w.server.requests, cases[i].requests);
		got_finish(&g);
	}
	world_close(&w);
}

/* The signals of a program are not the library's to change. */
static int signals_changed;

extern int __sigaction(int number, const struct sigaction *action, struct sigaction *ret_old);

__attribute__((visibility("default"))) int sigaction(
	int number, const struct sigaction *action, struct sigaction *ret_old)
{
	signals_changed += action != NULL;
	return __sigaction(number, action, ret_old);
}

__attribute__((visibility("default"))) unsigned int alarm(unsigned int seconds)
{
	(void)seconds;
	signals_changed++;
	return 0;
}

static void on_own(uv_signal_t *handle, int number)
{
	(void)handle;
	(void)number;
}

static void test_signals(void **state)
{
	static const char *const paths[] = {"/", "/reset", "/slow", "http://silent.test/"};
	uv_signal_t own;
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	w.options.total_timeout_ms = w.options.connect_timeout_ms = 200;
	assert_int_equal(fetcher_configure(w.fetcher, &w.options), 0);
	server_route(&w.server, "/", KEEP, OK);
	server_route(&w.server, "/reset", RESET, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<");
	server_bytes(&w.server, "/slow", SILENT, NULL, 0);
	signals_changed = 0;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		get(&g, &w, paths[i]);
		got_finish(&g);
	}
	fetcher_stop(w.fetcher, world_stopped, &w);
	loop_run_until(&w.loop, &w.stopped, WORLD_LIMIT_MS);
	assert_int_equal(signals_changed, 0);
	uv_signal_init(&w.loop.uv, &own);
	uv_signal_start(&own, on_own, SIGUSR1);
	assert_true(signals_changed > 0); /* it is this program's that libraries call */
	uv_close((uv_handle_t *)&own, NULL);
	fetcher_destroy(w.fetcher);
	server_stop(&w.server);
	server_stop(&w.other);
	dns_stop(&w.dns);
	loop_run(&w.loop, WORLD_LIMIT_MS);
	loop_finish(&w.loop);
}

/* What servers say to browsers has no memory here: the address stays what it is. */
static void test_other_ways_to_a_host(void **state)
{
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	server_route(&w.server, "/", KEEP,
		"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nStrict-Transport-Security: max-age=99999; "
		"includeSubDomains\r\nAlt-Svc: http/1.1=\":%d\"; ma=9999, h2=\":%d\"; "
		"ma=9999\r\n\r\n<a/>",
		w.other.port, w.other.port);
	for (int i = 0; i < 3; i++) {
		char url[100];

		snprintf(url, sizeof url, "http://ok.test:%d/", w.server.port);
		get(&g, &w, url);
		expect_document(&g, "<a/>");
		assert_string_equal(g.result.url, url);
		got_finish(&g);
	}
	assert_int_equal(w.server.requests, 3);
	assert_int_equal(w.other.connections, 0);
	world_close(&w);
}

/* What is under way takes little: 16 KB of libcurl's, where it would take 100 and more with larger
 * buffers. Under a sanitizer malloc() keeps no account. */
static void test_memory_under_way(void **state)
{
	enum { UNDER_WAY = 100, EACH_MAX = 40000 };
	static struct got g[UNDER_WAY];
	struct world w;
	size_t before;

	(void)state;
	world_open(&w);
	w.options.connections_max = UNDER_WAY;
	assert_int_equal(fetcher_configure(w.fetcher, &w.options), 0);
	server_route(&w.server, "/", SILENT, "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n<a/>");
	before = mallinfo2().uordblks + mallinfo2().hblkhd;
	for (int i = 0; i < UNDER_WAY; i++) {
		got_init(&g[i], &w, "/");
		assert_int_equal(fetch_start(w.fetcher, &g[i].request), 0);
	}
	while (w.server.requests < UNDER_WAY)
		uv_run(&w.loop.uv, UV_RUN_ONCE);
	/* the server's own share is its buffers */
	assert_in_range((mallinfo2().uordblks + mallinfo2().hblkhd - before) / UNDER_WAY, 0,
		EACH_MAX + sizeof(struct conn));
	for (int i = 0; i < UNDER_WAY; i++) {
		fetch_cancel(w.fetcher, &g[i].request);
		loop_run_until(&w.loop, &g[i].done, WORLD_LIMIT_MS);
		got_finish(&g[i]);
	}
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		line_test("A60", test_old_connections),
		line_test("A37 A38", test_two_at_a_host_that_is_silent),
		line_test("A25", test_a_machine_that_stood_still),
		line_test("A60", test_signals),
		line_test("A60", test_other_ways_to_a_host),
		line_test("A60", test_memory_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
