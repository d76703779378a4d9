/* A hundred thousand transfers among servers that answer, hang up, reset and stay silent, some of
 * them canceled: each ends once, no descriptor is closed twice, and nothing is left (A58). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fetch/fetcher.h"
#include "fetch_world.h"
#include "support/lines.h"

enum { AT_ONCE = 200, ALL = 100000, CUT_SHORT = 3000 };

static struct got storm[AT_ONCE];
static int all, started, ended;
static int codes[3]; /* documents, failures, canceled */

static const char *const paths[] = {"/keep", "/close", "/reset", "/half", "/none", "/silent",
	"/moved", "http://127.0.0.1:1/", "http://refused.test:%d/keep", "http://gone.test/",
	"/keep", "/close", "/reset", "/none", "/moved"};

/* Closing what is not open is closing somebody else's a moment later. The thread sanitizer has to
 * see each close. */
static int closed, closed_twice;

#ifndef __SANITIZE_THREAD__
__attribute__((visibility("default"))) int close(int fd)
{
	int rc = (int)syscall(SYS_close, fd);

	closed++;
	closed_twice += rc < 0 && errno == EBADF;
	return rc;
}
#endif

static int descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void start_one(struct got *g);

static void one_ended(struct got *g)
{
	int code = g->result.error.code;

	assert_int_equal(g->done, 1);
	ended++;
	codes[!code ? 0 : code == ERR_CANCELED ? 2 : 1]++;
	if (!code)
		assert_string_equal(buf_string(&g->request.body), "<a/>");
	fetch_release(g->world->fetcher, &g->request);
	got_finish(g);
	if (started < all)
		start_one(g);
	/* now and then somebody else is taken away in whatever state he is */
	if (rand() % 8 == 0)
		fetch_cancel(g->world->fetcher, &storm[rand() % AT_ONCE].request);
}

static void start_one(struct got *g)
{
	struct world *w = g->world;
	char url[100];

	started++;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(url, sizeof url, paths[(size_t)rand() % (sizeof paths / sizeof *paths)],
		w->server.port);
#pragma GCC diagnostic pop
	got_init(g, w, url);
	g->then = one_ended;
	g->request.keep_connection = rand() % 2;
	assert_int_equal(fetch_start(w->fetcher, &g->request), 0);
}

static void begin(struct world *w, int count)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";

	srand(58);
	world_open(w);
	w->options.total_timeout_ms = w->options.connect_timeout_ms = 250;
	w->options.connections_max = AT_ONCE;
	assert_int_equal(fetcher_configure(w->fetcher, &w->options), 0);
	server_route(&w->server, "/keep", KEEP, "%s<a/>", head);
	server_route(&w->server, "/close", CLOSE, "%s<a/>", head);
	server_route(&w->server, "/reset", RESET, "%s<a", head);
	server_route(&w->server, "/half", CLOSE, "%s<a", head);
	server_route(&w->server, "/none", RESET, " ");
	server_bytes(&w->server, "/silent", SILENT, NULL, 0);
	server_route(&w->server, "/moved", KEEP,
		"HTTP/1.1 302 X\r\nLocation: http://127.0.0.1:%d/keep\r\nContent-Length: 0\r\n\r\n",
		w->other.port);
	server_route(&w->other, "/keep", CLOSE, "%s<a/>", head);
	all = count;
	started = ended = codes[0] = codes[1] = codes[2] = closed = closed_twice = 0;
	for (int i = 0; i < AT_ONCE; i++) {
		storm[i].world = w;
		start_one(&storm[i]);
	}
}

static void test_storm(void **state)
{
	int before = descriptors();
	struct world w;

	(void)state;
	begin(&w, ALL);
	while (ended < ALL)
		uv_run(&w.loop.uv, UV_RUN_ONCE);
	assert_int_equal(started, ALL);
	assert_int_equal(fetcher_active(w.fetcher), 0);
	assert_int_equal(w.fetcher->transfers.body_bytes, 0);
	assert_true(codes[0] > ALL / 10 && codes[1] > ALL / 10 && codes[2] > ALL / 100);
	world_close(&w);
	assert_int_equal(closed_twice, 0);
	assert_int_equal(descriptors(), before);
}

/* Stopped in the middle of it: all that is under way ends, and nothing is left of it. */
static void test_a_storm_cut_short(void **state)
{
	int before = descriptors();
	struct world w;

	(void)state;
	begin(&w, ALL);
	while (ended < CUT_SHORT)
		uv_run(&w.loop.uv, UV_RUN_ONCE);
	assert_int_equal(fetcher_active(w.fetcher), AT_ONCE);
	all = 0;
	world_close(&w);
	assert_int_equal(ended, started);
	assert_int_equal(closed_twice, 0);
#ifndef __SANITIZE_THREAD__
	assert_true(closed > CUT_SHORT / 2);
#endif
	assert_int_equal(descriptors(), before);
}

/* What libuv keeps for good it has opened by now. */
static int once(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_close(&w);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		line_test("A58", test_storm),
		line_test("A58", test_a_storm_cut_short),
	};

	return cmocka_run_group_tests(tests, once, NULL);
}
