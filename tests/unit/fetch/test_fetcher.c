/* Tests of many fetches: names and addresses, slots, connections, politeness, cancel, stop, files,
 * running out of memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <unistd.h>

#include "fetch/fetcher.h"
#include "fetch/page.h"
#include "fetch_world.h"
#include "limits.h"
#include "support/fault.h"
#include "support/lines.h"
#include "support/tmp.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<a/>"

enum { MANY = 200 };

static const struct {
	const char *host;
	int code; /* 0: a document */
	const char *text;
	bool named; /* the host is sent as it was written */
} names[] = {
	{"ok.test", 0, "", true},
	{"six.test", 0, "", true},     /* nobody listens on ::1 */
	{"mixed.test", 0, "", true},   /* 10.0.0.1 is not even tried */
	{"refused.test", 0, "", true}, /* nobody listens on 127.0.0.2 */
	{"localhost", 0, "", true},
	{"127.1", 0, "", false},
	{"0x7f000001", 0, "", false},
	{"gone.test", ERR_DNS, "there is no host gone.test", false},
	{"broken.test", ERR_RESOLVER, "broken.test", false},
	{"private.test", ERR_BLOCKED, "10.0.0.1 is a private address", false},
	{"silent.test", ERR_RESOLVER, "no name server answered for silent.test within 1 s", false},
	{"[::1]", ERR_CONNECT, "connection to ::1 refused", false},
};

static void test_names(void **state)
{
	char url[100], line[100];
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	w.options.connect_timeout_ms = 500;
	assert_int_equal(fetcher_configure(w.fetcher, &w.options), 0);
	server_route(&w.server, "/", KEEP, OK);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(url, sizeof url, "http://%s:%d/", names[i].host, w.server.port);
		get(&g, &w, url);
		if (names[i].code) {
			expect_failure(&g, names[i].code, names[i].text);
		} else {
			expect_document(&g, "<a/>");
			snprintf(line, sizeof line, "\r\nHost: %s:%d\r\n",
				names[i].named ? names[i].host : "127.0.0.1", w.server.port);
			assert_non_null(strstr(w.server.head, line));
		}
		got_finish(&g);
	}
	world_close(&w);
}

/* The address is checked at each connection: a name that was harmless when it was first asked for
 * does not stay so (C1). */
static void test_rebinding(void **state)
{
	static const struct dns_rule later[] = {{"ok.test", 0, {"10.0.0.1"}}, {NULL, 0, {NULL}}};
	char url[100];
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	server_route(&w.server, "/", KEEP, OK);
	snprintf(url, sizeof url, "http://ok.test:%d/", w.server.port);
	get(&g, &w, url);
	expect_document(&g, "<a/>");
	got_finish(&g);
	w.dns.rules = later;
	assert_int_equal(fetcher_configure(w.fetcher, &w.options), 0); /* forgets names */
	get(&g, &w, url);
	expect_failure(&g, ERR_BLOCKED, "10.0.0.1 is a private address");
	got_finish(&g);
	world_close(&w);
}

/* A listener that takes no connections: what was tried last counts, within the connect time-out. */
static void test_connect_timeout(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fill[4];
	char url[100];
	struct world w;
	struct got g;

	(void)state;
	assert_int_equal(inet_pton(AF_INET, "127.0.0.1", &address.sin_addr), 1);
	assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(listener, 0), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	for (int i = 0; i < 4; i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)connect(fill[i], (const struct sockaddr *)&address, sizeof address);
	}
	world_open(&w);
	w.options.connect_timeout_ms = 700;
	assert_int_equal(fetcher_configure(w.fetcher, &w.options), 0);
	snprintf(url, sizeof url, "http://ok.test:%d/", ntohs(address.sin_port));
	get(&g, &w, url);
	expect_failure(&g, ERR_TIMEOUT, "ok.test could not be reached within 1 s");
	assert_true(g.result.duration_ms >= 600 && g.result.duration_ms < 5000);
	got_finish(&g);
	world_close(&w);
	for (int i = 0; i < 4; i++)
		close(fill[i]);
	close(listener);
}

static int max_open;

static void watch_open(struct got *g)
{
	if (g->world->server.open > max_open)
		max_open = g->world->server.open;
}

/* 200 fetches of one host: never more than the slots at once, and the connections are used again
 * (A38). */
static void test_burst(void **state)
{
	static struct got g[MANY];
	struct world w;

	(void)state;
	world_open(&w);
	server_route(&w.server, "/", KEEP, OK);
	max_open = 0;
	for (int i = 0; i < MANY; i++) {
		got_init(&g[i], &w, "/");
		g[i].then = watch_open;
		assert_int_equal(fetch_start(w.fetcher, &g[i].request), 0);
	}
	assert_int_equal(fetcher_active(w.fetcher), MANY);
	for (int i = 0; i < MANY; i++)
		loop_run_until(&w.loop, &g[i].done, WORLD_LIMIT_MS);
	for (int i = 0; i < MANY; i++) {
		expect_document(&g[i], "<a/>");
		assert_int_equal(g[i].done, 1);
		got_finish(&g[i]);
	}
	assert_int_equal(fetcher_active(w.fetcher), 0);
	assert_int_equal(w.server.requests, MANY);
	assert_true(max_open <= w.options.connections_max);
	assert_in_range(w.server.connections, 1, w.options.connections_max + 1);
	world_close(&w);
}

/* Who is alone leaves no connection behind; who announces more does, and the next one takes it. */
static void test_keeping_connections(void **state)
{
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	server_route(&w.server, "/", KEEP, OK);
	for (int i = 0; i < 4; i++) {
		got_init(&g, &w, "/");
		g.request.keep_connection = i >= 2;
		got_run(&g);
		expect_document(&g, "<a/>");
		got_finish(&g);
	}
	assert_int_equal(w.server.connections, 3);
	world_close(&w);
}

/* A kept connection is no way around a wall that has been built since; other fetches go on. */
static void test_keeping_connections_and_a_narrower_wall(void **state)
{
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	server_route(&w.server, "/", KEEP, OK);
	const struct guard walls[] = {w.options.guard, {.allowed_count = 0}, w.options.guard};
	for (int i = 0; i < 3; i++) {
		w.options.guard = walls[i];
		assert_int_equal(fetcher_configure(w.fetcher, &w.options), 0);
		got_init(&g, &w, "/");
		g.request.keep_connection = true;
		got_run(&g);
		assert_int_equal(g.result.error.code, i == 1 ? ERR_BLOCKED : 0);
		got_finish(&g);
	}
	assert_int_equal(w.server.requests, 2);
	world_close(&w);
}

struct admitted {
	char groups[400];
	int64_t wait_ms;
};

static int64_t admit(void *ctx, const char *group)
{
	struct admitted *a = ctx;

	size_t len = strlen(a->groups);

	int64_t wait_ms = a->wait_ms;

	snprintf(a->groups + len, sizeof a->groups - len, "%s ", group);
	if (wait_ms > 0 && wait_ms < 1000)
		a->wait_ms = 0; /* the next time */
	return wait_ms;
}

/* Asked before each hop to another host and port, never for the first, and again after the wait,
 * which holds no slot. */
static void test_politeness_on_redirects(void **state)
{
	struct admitted admitted = {.wait_ms = 100};
	char expected[100];
	struct world w;
	struct got g, second;

	(void)state;
	world_open(&w);
	w.options.connections_max = 1;
	assert_int_equal(fetcher_configure(w.fetcher, &w.options), 0);
	server_route(&w.server, "/1", KEEP,
		"HTTP/1.1 302 X\r\nLocation: /2\r\nContent-Length: 0\r\n\r\n");
	server_route(&w.server, "/2", KEEP,
		"HTTP/1.1 302 X\r\nLocation: http://127.0.0.1:%d/3\r\nContent-Length: 0\r\n\r\n",
		w.other.port);
	server_route(&w.other, "/3", KEEP, OK);
	server_route(&w.server, "/", KEEP, OK);
	got_init(&g, &w, "/1");
	g.request.admit = admit;
	g.request.admit_ctx = &admitted;
	assert_int_equal(fetch_start(w.fetcher, &g.request), 0);
	get(&second, &w, "/");
	assert_int_equal(g.done, 0);
	expect_document(&second, "<a/>");
	got_finish(&second);
	loop_run_until(&w.loop, &g.done, WORLD_LIMIT_MS);
	expect_document(&g, "<a/>");
	assert_int_equal(g.result.hops, 2);
	assert_true(g.result.duration_ms >= 100);
	snprintf(expected, sizeof expected, "http://127.0.0.1:%d/3 http://127.0.0.1:%d/3 ",
		w.other.port, w.other.port);
	assert_string_equal(admitted.groups, expected);
	got_finish(&g);
	world_close(&w);
}

/* What nobody was asked about before waits for its own host, too, and has a limit of its own. */
static void test_an_image(void **state)
{
	static const struct {
		int64_t wait_ms;
		size_t max;
		int code;
	} cases[] = {{50, 4, 0}, {0, 3, ERR_TOO_BIG}, {-1000, 4, ERR_BUSY}};
	char expected[100];
	struct world w;

	(void)state;
	world_open(&w);
	server_route(&w.server, "/1", KEEP, OK);
	snprintf(expected, sizeof expected, "http://127.0.0.1:%d/1 ", w.server.port);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct admitted admitted = {.wait_ms = cases[i].wait_ms};
		struct got g;

		w.server.head[0] = '\0';
		got_init(&g, &w, "/1");
		g.request.image = true;
		g.request.body_max_bytes = cases[i].max;
		g.request.admit = admit;
		g.request.admit_ctx = &admitted;
		g.request.admit_first = true;
		assert_int_equal(fetch_start(w.fetcher, &g.request), 0);
		loop_run_until(&w.loop, &g.done, WORLD_LIMIT_MS);
		assert_int_equal(g.result.error.code, cases[i].code);
		assert_int_equal(strncmp(admitted.groups, expected, strlen(expected)), 0);
		assert_int_equal(
			strlen(admitted.groups), (cases[i].wait_ms > 0 ? 2 : 1) * strlen(expected));
		assert_true(g.result.duration_ms >= cases[i].wait_ms);
		assert_int_equal(
			strstr(w.server.head, "Accept: image/png,") != NULL, cases[i].wait_ms >= 0);
		got_finish(&g);
	}
	world_close(&w);
}

/* A host that asked to be left alone is not asked because another one sends there. */
static void test_a_redirect_to_a_held_host(void **state)
{
	struct admitted admitted = {.wait_ms = -60000};
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	server_route(&w.server, "/1", KEEP,
		"HTTP/1.1 302 X\r\nLocation: http://127.0.0.1:%d/3\r\nContent-Length: 0\r\n\r\n",
		w.other.port);
	got_init(&g, &w, "/1");
	g.request.admit = admit;
	g.request.admit_ctx = &admitted;
	got_run(&g);
	expect_failure(&g, ERR_BUSY, "/3, whose server is to be left alone for 1m");
	assert_int_equal(g.result.retry_after_ms, 60000);
	assert_int_equal(w.other.connections, 0);
	got_finish(&g);
	world_close(&w);
}

/* A document counts until it is given back, not only while it is received. */
static void test_documents_held_at_once(void **state)
{
	enum { SIZE = 40000 };
	struct world w;
	struct got first, second;

	(void)state;
	world_open(&w);
	server_route(&w.server, "/", CLOSE, "HTTP/1.1 200 OK\r\n\r\n%*d", SIZE, 1);
	w.fetcher->transfers.body_bytes = FETCH_BODIES_MAX - SIZE * 3 / 2;
	get(&first, &w, "/");
	assert_int_equal(first.request.body.len, SIZE);
	get(&second, &w, "/");
	expect_failure(&second, ERR_BUSY, "too many large documents at once");
	got_finish(&second);
	fetch_release(w.fetcher, &first.request);
	fetch_release(w.fetcher, &first.request);
	assert_null(first.request.body.data);
	get(&second, &w, "/");
	assert_int_equal(second.request.body.len, SIZE);
	fetch_release(w.fetcher, &second.request);
	assert_int_equal(w.fetcher->transfers.body_bytes, FETCH_BODIES_MAX - SIZE * 3 / 2);
	got_finish(&first);
	got_finish(&second);
	world_close(&w);
}

static void cancel_self(struct got *g)
{
	fetch_cancel(g->world->fetcher, &g->request);
}

/* Cancels the fetch that comes behind it in the array, from inside its own end. */
static void cancel_next(struct got *g)
{
	fetch_cancel(g->world->fetcher, &g[1].request);
}

static void expect_canceled(struct got *g)
{
	loop_run_until(&g->world->loop, &g->done, WORLD_LIMIT_MS);
	assert_int_equal(g->done, 1);
	expect_failure(g, ERR_CANCELED, "canceled");
	got_finish(g);
}

/* Opens fetches that are stuck in each state: resolving, transferring (before and in the body),
 * waiting, queued. */
static int start_stuck(struct world *w, struct got *g, struct admitted *forever)
{
	char url[100];
	int n = 0;

	server_bytes(&w->server, "/silent", SILENT, NULL, 0);
	server_route(&w->server, "/body", SILENT, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<a");
	server_route(&w->server, "/wait", KEEP,
		"HTTP/1.1 302 X\r\nLocation: http://127.0.0.1:%d/\r\nContent-Length: 0\r\n\r\n",
		w->other.port);
	forever->wait_ms = 3600000;
	snprintf(url, sizeof url, "http://silent.test:%d/", w->server.port);
	got_init(&g[n++], w, url);
	got_init(&g[n++], w, "/silent");
	got_init(&g[n++], w, "/body");
	got_init(&g[n], w, "/wait");
	g[n].request.admit = admit;
	g[n++].request.admit_ctx = forever;
	while (n < w->options.connections_max + 5)
		got_init(&g[n++], w, "/silent");
	for (int i = 0; i < n; i++)
		assert_int_equal(fetch_start(w->fetcher, &g[i].request), 0);
	loop_limit(&w->loop, WORLD_LIMIT_MS);
	while (!forever->groups[0] || w->server.requests < w->options.connections_max - 1)
		assert_int_not_equal(uv_run(&w->loop.uv, UV_RUN_ONCE), 0);
	return n;
}

static void test_cancel(void **state)
{
	static struct got g[64];
	struct admitted forever = {.wait_ms = 0};
	struct world w;
	int n;

	(void)state;
	world_open(&w);
	server_route(&w.server, "/", KEEP, OK);

	got_init(&g[0], &w, "/"); /* before the loop has turned */
	assert_int_equal(fetch_start(w.fetcher, &g[0].request), 0);
	fetch_cancel(w.fetcher, &g[0].request);
	fetch_cancel(w.fetcher, &g[0].request);
	assert_int_equal(g[0].done, 0);
	expect_canceled(&g[0]);
	assert_int_equal(w.server.requests, 0);

	got_init(&g[0], &w, "nonsense"); /* over, not yet told */
	assert_int_equal(fetch_start(w.fetcher, &g[0].request), 0);
	fetch_cancel(w.fetcher, &g[0].request);
	expect_canceled(&g[0]);

	got_init(&g[0], &w, "/"); /* already told: nothing happens */
	g[0].then = cancel_self;
	got_run(&g[0]);
	expect_document(&g[0], "<a/>");
	fetch_cancel(w.fetcher, &g[0].request);
	got_finish(&g[0]);

	got_init(&g[0], &w, "nonsense"); /* one ends another that ends in the same turn */
	got_init(&g[1], &w, "rubbish");
	g[0].then = cancel_next;
	assert_int_equal(fetch_start(w.fetcher, &g[0].request), 0);
	assert_int_equal(fetch_start(w.fetcher, &g[1].request), 0);
	expect_canceled(&g[1]);
	got_finish(&g[0]);

	n = start_stuck(&w, g, &forever);
	for (int i = n - 1; i >= 0; i--) {
		fetch_cancel(w.fetcher, &g[i].request);
		expect_canceled(&g[i]);
	}
	world_close(&w);
}

static void restart(struct got *g)
{
	struct got *next = &g[1];

	got_init(next, g->world, "/");
	assert_int_equal(fetch_start(g->world->fetcher, &next->request), 0);
}

/* `done` may start the next fetch. */
static void test_start_from_done(void **state)
{
	struct world w;
	struct got g[2];

	(void)state;
	world_open(&w);
	server_route(&w.server, "/", KEEP, OK);
	got_init(&g[0], &w, "/");
	g[0].then = restart;
	g[1].done = 0;
	assert_int_equal(fetch_start(w.fetcher, &g[0].request), 0);
	loop_run_until(&w.loop, &g[0].done, WORLD_LIMIT_MS);
	loop_run_until(&w.loop, &g[1].done, WORLD_LIMIT_MS);
	expect_document(&g[1], "<a/>");
	got_finish(&g[0]);
	got_finish(&g[1]);
	world_close(&w);
}

static int canceled_by_stop;

static void refuse_restart(struct got *g)
{
	struct got again;

	got_init(&again, g->world, "/");
	assert_int_equal(fetch_start(g->world->fetcher, &again.request), ERR_BUSY);
	got_finish(&again);
	assert_int_equal(g->result.error.code, ERR_CANCELED);
	canceled_by_stop++;
}

/* Fetches in every state hear of the stop exactly once, and nothing is left of them. */
static void test_stop_in_mid_flight(void **state)
{
	static struct got g[64];
	struct admitted forever = {.wait_ms = 0};
	struct tmp t;
	const char *roots[] = {NULL, NULL};
	char url[600];
	struct world w;
	int n;

	(void)state;
	tmp_create(&t);
	roots[0] = t.dir;
	world_open(&w);
	w.options.file_roots = roots;
	assert_int_equal(fetcher_configure(w.fetcher, &w.options), 0);
	n = start_stuck(&w, g, &forever);
	snprintf(url, sizeof url, "file://%s", tmp_write_text(&t, "a.xml", "<a/>"));
	got_init(&g[n], &w, url);
	assert_int_equal(fetch_start(w.fetcher, &g[n++].request), 0);
	canceled_by_stop = 0;
	for (int i = 0; i < n; i++)
		g[i].then = refuse_restart;
	world_close(&w);
	assert_int_equal(canceled_by_stop, n);
	for (int i = 0; i < n; i++) {
		assert_int_equal(g[i].done, 1);
		got_finish(&g[i]);
	}
	tmp_remove(&t);
}

static void test_files(void **state)
{
	const char *roots[] = {NULL, NULL};
	char url[600], stamp[100];
	struct world w;
	struct tmp t;
	struct got g;

	(void)state;
	tmp_create(&t);
	roots[0] = t.dir;
	world_open(&w);
	w.options.file_roots = roots;
	assert_int_equal(fetcher_configure(w.fetcher, &w.options), 0);
	tmp_write_text(&t, "a b.xml", "<a/>");
	snprintf(url, sizeof url, "file://%s/a%%20b.xml", t.dir);
	get(&g, &w, url);
	expect_document(&g, "<a/>");
	assert_string_equal(g.result.url, url);
	snprintf(stamp, sizeof stamp, "%s", g.result.etag);
	got_finish(&g);

	got_init(&g, &w, url);
	g.request.etag = stamp;
	g.request.validators_url = url;
	got_run(&g);
	assert_int_equal(g.result.verdict, FETCH_NOT_MODIFIED);
	assert_string_equal(g.result.etag, stamp);
	got_finish(&g);

	got_init(&g, &w, url); /* a stamp of another file */
	g.request.etag = stamp;
	g.request.validators_url = "file:///other";
	got_run(&g);
	expect_document(&g, "<a/>");
	got_finish(&g);

	get(&g, &w, "file:///etc/passwd");
	expect_failure(&g, ERR_BLOCKED, "only below");
	got_finish(&g);

	got_init(&g, &w, url);
	assert_int_equal(fetch_start(w.fetcher, &g.request), 0);
	uv_run(&w.loop.uv, UV_RUN_NOWAIT);
	fetch_cancel(w.fetcher, &g.request);
	expect_canceled(&g);
	world_close(&w);
	tmp_remove(&t);
}

static const struct {
	const char *url;
	size_t size;
	const char *group;
} groups[] = {
	{"http://Example.ORG/x", 100, "example.org:80"},
	{"https://user@example.org/", 100, "example.org:443"},
	{"https://example.org:8443/", 100, "example.org:8443"},
	{"http://[2001:DB8::1]/", 100, "[2001:db8::1]:80"},
	{"file:///srv/x", 100, "file"},
	{"http://example.org/", 8, "example"},
};

static void test_groups(void **state)
{
	struct url_parts url;
	struct arena arena;
	char out[100];

	(void)state;
	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
		arena_init(&arena, ARENA_MAX);
		assert_int_equal(url_split(groups[i].url, &arena, &url), 0);
		page_group(&url, out, groups[i].size);
		assert_string_equal(out, groups[i].group);
		arena_finish(&arena);
	}
}

/* Any allocation of ours may fail: the fetch ends with an error, once, and nothing is lost. */
static void test_out_of_memory(void **state)
{
	char url[100];
	struct world w;
	struct got g;
	long n = 0, failed = 1;

	(void)state;
	for (; failed; n++) {
		world_open(&w);
		w.options.connect_timeout_ms = w.options.total_timeout_ms = 300;
		assert_int_equal(fetcher_configure(w.fetcher, &w.options), 0);
		server_route(&w.server, "/", KEEP, OK);
		server_route(&w.server, "/1", KEEP,
			"HTTP/1.1 302 X\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", "/");
		snprintf(url, sizeof url, "http://ok.test:%d/1", w.server.port);
		got_init(&g, &w, url);
		g.request.etag = "x";
		g.request.validators_url = g.url;
		fault_malloc_after(n);
		if (fetch_start(w.fetcher, &g.request) == 0) {
			loop_run_until(&w.loop, &g.done, WORLD_LIMIT_MS);
			fault_malloc_off();
			/* A socket that could not be watched is left to the time-outs. */
			if (g.result.verdict != FETCH_FAILED)
				expect_document(&g, "<a/>");
			else if (g.result.error.code != ERR_RESOLVER &&
				 g.result.error.code != ERR_TIMEOUT)
				expect_failure(&g, ERR_NOMEM, "");
		}
		failed = fault_malloc_off();
		got_finish(&g);
		world_close(&w);
	}
	assert_true(n > 5);
}

static void test_out_of_memory_at_creation(void **state)
{
	struct fetcher *fetcher;
	struct fetch_options options = {.user_agent = "x", .connections_max = 1};
	struct loop loop;
	struct err e;
	int rc = ERR_NOMEM;

	(void)state;
	loop_init(&loop);
	for (long n = 0; rc; n++) {
		fault_malloc_after(n);
		rc = fetcher_create(&loop.uv, &options, &fetcher, &e);
		if (fault_malloc_off())
			assert_int_equal(rc, ERR_NOMEM);
		else
			assert_int_equal(rc, 0);
		loop_run(&loop, WORLD_LIMIT_MS);
	}
	fetcher_stop(fetcher, (void (*)(void *))fetcher_destroy, fetcher);
	loop_run(&loop, WORLD_LIMIT_MS);
	loop_finish(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		line_test("A57 A60", test_rebinding),
		line_test("A60", test_connect_timeout),
		cmocka_unit_test(test_burst),
		line_test("A60 A58", test_keeping_connections),
		cmocka_unit_test(test_keeping_connections_and_a_narrower_wall),
		line_test("A39", test_politeness_on_redirects),
		cmocka_unit_test(test_an_image),
		line_test("A39", test_a_redirect_to_a_held_host),
		cmocka_unit_test(test_documents_held_at_once),
		line_test("A58", test_cancel),
		line_test("A58", test_start_from_done),
		line_test("A58", test_stop_in_mid_flight),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_out_of_memory_at_creation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
