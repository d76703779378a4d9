/* A fetcher, two web servers and a name server on one loop, for the tests of fetches. */
#ifndef TESTS_UNIT_FETCH_FETCH_WORLD_H
#define TESTS_UNIT_FETCH_FETCH_WORLD_H

#include <signal.h>

#include "fake_dns.h"
#include "fake_server.h"
#include "fetch/fetch.h"
#include "support/loop.h"

enum { WORLD_LIMIT_MS = 20000, ARENA_MAX = 1024 * 1024 };

struct world {
	struct loop loop;
	struct fake_server server;
	struct fake_server other; /* another port: another origin */
	struct fake_dns dns;
	struct fetch_options options;
	struct fetcher *fetcher;
	int stopped;
};

/* One fetch: the result's strings live until got_finish(). */
struct got {
	struct fetch_request request;
	struct arena arena;
	struct fetch_result result;
	char url[10000];
	int done;
	void (*then)(struct got *g); /* called from inside `done` */
	struct world *world;
};

static const struct dns_rule world_names[] = {
	{"ok.test", 0, {"127.0.0.1"}},
	{"six.test", 0, {"::1", "127.0.0.1"}},
	{"private.test", 0, {"10.0.0.1"}},
	{"mixed.test", 0, {"10.0.0.1", "127.0.0.1"}},
	{"unroutable.test", 0, {"ff02::1", "127.0.0.1"}}, /* TCP goes to nobody there */
	{"refused.test", 0, {"127.0.0.2", "127.0.0.1"}},
	{"broken.test", DNS_SERVFAIL, {NULL}},
	{".slow.test", DNS_SILENT, {NULL}},
	{".late.test", DNS_LATE, {"127.0.0.1"}},
	{".six.test", 0, {"::1", "127.0.0.1"}},
	{"xn--bcher-kva.test", 0, {"127.0.0.1"}},
	{"proxy.test", 0, {"127.0.0.1"}},
	{"silent.test", DNS_SILENT, {NULL}},
	{NULL, 0, {NULL}},
};

static inline void world_open(struct world *w)
{
	struct err e;

	signal(SIGPIPE, SIG_IGN);
	w->stopped = 0;
	loop_init(&w->loop);
	server_start(&w->server, &w->loop.uv);
	server_start(&w->other, &w->loop.uv);
	dns_start(&w->dns, &w->loop.uv, world_names);
	w->options = (struct fetch_options){
		.user_agent = "tidings/test (+https://example.org)",
		.connections_max = 20,
		.connect_timeout_ms = 5000,
		.total_timeout_ms = 10000,
		.low_speed_ms = 5000,
		.body_max_bytes = 1024 * 1024,
		.name_servers = w->dns.servers,
	};
	assert_int_equal(guard_allow(&w->options.guard, "127.0.0.0/8", &e), 0);
	assert_int_equal(guard_allow(&w->options.guard, "::1", &e), 0);
	assert_int_equal(fetcher_create(&w->loop.uv, &w->options, &w->fetcher, &e), 0);
}

static inline void world_stopped(void *ctx)
{
	struct world *w = ctx;

	w->stopped = 1;
	uv_stop(&w->loop.uv);
}

static inline void world_close(struct world *w)
{
	fetcher_stop(w->fetcher, world_stopped, w);
	assert_int_equal(w->stopped, 0);
	loop_run_until(&w->loop, &w->stopped, WORLD_LIMIT_MS);
	assert_int_equal(fetcher_active(w->fetcher), 0);
	fetcher_destroy(w->fetcher);
	server_stop(&w->server);
	server_stop(&w->other);
	dns_stop(&w->dns);
	loop_run(&w->loop, WORLD_LIMIT_MS);
	loop_finish(&w->loop);
}

static inline void got_done(struct fetch_request *request, const struct fetch_result *result)
{
	struct got *g = request->ctx;

	g->done++;
	g->result = *result;
	uv_stop(&g->world->loop.uv);
	if (g->then)
		g->then(g);
}

/* Makes a request ready; "/x" is a path of the first server, all else a whole URL. */
static inline void got_init(struct got *g, struct world *w, const char *url)
{
	memset(g, 0, sizeof *g);
	if (url[0] == '/')
		snprintf(g->url, sizeof g->url, "http://127.0.0.1:%d%s", w->server.port, url);
	else
		snprintf(g->url, sizeof g->url, "%s", url);
	arena_init(&g->arena, ARENA_MAX);
	g->request = (struct fetch_request){
		.url = g->url, .arena = &g->arena, .done = got_done, .ctx = g};
	g->world = w;
}

static inline void got_run(struct got *g)
{
	assert_int_equal(fetch_start(g->world->fetcher, &g->request), 0);
	assert_int_equal(g->done, 0);
	loop_run_until(&g->world->loop, &g->done, WORLD_LIMIT_MS);
	assert_int_equal(g->done, 1);
	assert_null(g->request.state);
}

static inline void got_finish(struct got *g)
{
	buf_finish(&g->request.body);
	arena_finish(&g->arena);
}

static inline void get(struct got *g, struct world *w, const char *url)
{
	got_init(g, w, url);
	got_run(g);
}

/* As whoever wants the document has it. */
static inline void get_decoded(struct got *g, struct world *w, const char *url)
{
	get(g, w, url);
	fetch_decode(&g->request, &g->result);
	assert_null(g->result.verdict == FETCH_DOCUMENT ? g->result.coding : NULL);
}

static inline void expect_document(const struct got *g, const char *body)
{
	if (g->result.verdict != FETCH_DOCUMENT)
		fail_msg("%s: %s", g->url, g->result.error.text);
	assert_string_equal(buf_string(&g->request.body), body);
	assert_int_equal(g->result.error.code, 0);
}

/* `text` stands in the error's text; a failed fetch leaves no body. */
static inline void expect_failure(const struct got *g, int code, const char *text)
{
	if (g->result.verdict != FETCH_FAILED || g->result.error.code != code ||
		!strstr(g->result.error.text, text))
		fail_msg("%s: verdict %d, %s: %s", g->url, g->result.verdict,
			err_name(g->result.error.code), g->result.error.text);
	assert_int_equal(g->request.body.len, 0);
}

#endif
