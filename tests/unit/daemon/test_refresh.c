/* A poll from due to done while no name server answers, and when somebody else does (A25); the icon
 * after it (A44); and what an address is asked for its feeds. */
#include "unit/store/fixture.h"

#include <signal.h>

#include "discover.h"
#include "fetch/fetch.h"
#include "icon.h"
#include "limits.h"
#include "parse/parse.h"
#include "refresh.h"
#include "support/fault.h"
#include "support/lines.h"
#include "unit/fetch/fake_server.h"

#define HOUR (3600 * 1000LL)

struct world {
	struct fixture f;
	struct fake_server server;
	struct fetcher *fetcher;
	struct refresh_env env;
	struct refresh_result result;
	int done, stopped;
	int visits; /* places that were handed out and not left yet */
};

static struct visit {
	char unused;
} place;
static int64_t clock_ms, held_ms, admit_ms;
static const struct fetch_site *site_of_all;

static int64_t now_ms(void)
{
	return clock_ms;
}

static int64_t admit(
	void *ctx, struct visit **visit, int64_t feed, const char *url, int64_t most_ms)
{
	(void)feed;
	(void)url;
	(void)most_ms;
	((struct world *)ctx)->visits += !*visit;
	*visit = &place;
	return admit_ms;
}

static void leave(void *ctx, struct visit *visit)
{
	((struct world *)ctx)->visits -= visit != NULL;
}

static void hold(void *ctx, const char *url, int64_t wait_ms)
{
	(void)ctx;
	(void)url;
	held_ms = wait_ms;
}

static bool more(void *ctx, int64_t feed)
{
	(void)ctx;
	(void)feed;
	return false;
}

static int site(
	void *ctx, const char *section, struct arena *arena, const struct fetch_site **ret_site)
{
	(void)ctx;
	(void)section;
	(void)arena;
	*ret_site = site_of_all;
	return 0;
}

static void on_done(void *ctx, const struct refresh_result *result)
{
	struct world *w = ctx;

	w->result = *result;
	w->done++;
}

static int add(struct store_tx *tx, void *arg, struct err *e)
{
	int64_t id;

	return add_feed(tx, arg, NULL, &id, e);
}

static void world_open(struct world *w)
{
	struct fetch_options options = {.user_agent = "test",
		.connections_max = 4,
		.connect_timeout_ms = 5000,
		.total_timeout_ms = 5000,
		.low_speed_ms = 5000,
		.body_max_bytes = 1 << 20,
		.name_servers = "127.0.0.1:1"};
	static const char answer[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
	char url[64] = "http://name.test/";
	struct err e;

	memset(w, 0, sizeof(*w));
	clock_ms = NOW;
	fixture_open(&w->f);
	server_start(&w->server, &w->f.loop.uv);
	server_bytes(&w->server, "/feed", KEEP, answer, sizeof(answer) - 1);
	assert_int_equal(guard_allow(&options.guard, "127.0.0.0/8", &e), 0);
	assert_int_equal(fetcher_create(&w->f.loop.uv, &options, &w->fetcher, &e), 0);
	w->env = (struct refresh_env){.loop = &w->f.loop.uv,
		.store = w->f.store,
		.fetcher = w->fetcher,
		.policy = {0, HOUR, 24 * HOUR, 0},
		.arena_max_bytes = 8 << 20,
		.now_ms = now_ms,
		.admit = admit,
		.leave = leave,
		.hold = hold,
		.more = more,
		.site = site,
		.ctx = w,
		.parsing_max = 1,
		.outage = {.answered_ms = TIME_NONE}};
	list_init(&w->env.parse_queue);
	must_write(&w->f, add, url);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/feed", w->server.port);
	must_write(&w->f, add, url);
	poke(w->f.path, "UPDATE feed SET status = 1, last_ok_ms = 1794000000000");
}

static void on_fetcher_stopped(void *ctx)
{
	((struct world *)ctx)->stopped++;
}

static void world_close(struct world *w)
{
	fetcher_stop(w->fetcher, on_fetcher_stopped, w);
	loop_run_until(&w->f.loop, &w->stopped, LIMIT_MS);
	assert_int_equal(w->visits, 0);
	fetcher_destroy(w->fetcher);
	server_stop(&w->server);
	fixture_close(&w->f);
}

static enum outcome refresh(struct world *w, int64_t feed)
{
	w->done = 0;
	assert_int_equal(refresh_start(&w->env, feed, on_done, w), 0);
	loop_run_until(&w->f.loop, &w->done, LIMIT_MS);
	clock_ms += 60000;
	return w->result.outcome;
}

#define FEED(what) peek(w.f.path, "SELECT " what " FROM feed WHERE id = 1")

static void test_nobody_is_reached(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	for (int n = 0; n < 3; n++) {
		assert_int_equal(refresh(&w, 1), OUTCOME_WAITING);
		assert_true(w.env.outage.down);
		assert_true(w.result.wait_ms > 0);
		assert_int_equal(FEED("error_count"), 0);
		assert_int_equal(FEED("status"), FEED_OK);
		assert_int_equal(FEED("error_code IS NULL AND last_ok_ms = 1794000000000"), 1);
		assert_int_equal(FEED("due_reason LIKE 'waiting: this machine%'"), 1);
		assert_int_equal(FEED("plan LIKE 'network/learned/%'"), 1);
		assert_int_equal(FEED("fetches LIKE '% resolver-failed 0 %'"), 1);
	}
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM change WHERE op = 'error'"), 0);
	/* somebody answers, whatever it is: then it is the feed's own failure */
	assert_int_equal(refresh(&w, 2), OUTCOME_FAILED);
	assert_false(w.env.outage.down);
	assert_int_equal(refresh(&w, 1), OUTCOME_FAILED);
	assert_false(w.env.outage.down);
	assert_int_equal(FEED("error_count"), 1);
	assert_int_equal(FEED("status"), FEED_FAILING);
	assert_int_equal(FEED("plan LIKE 'backoff/learned/%'"), 1);
	assert_int_equal(refresh(&w, 1), OUTCOME_FAILED); /* nothing has changed */
	assert_int_equal(FEED("error_count"), 2);
	world_close(&w);
}

/* The user's own proxy is no feed's fault, whoever else is answered, and that of one feed no outage
 * (A25, A47). */
static void test_a_dead_proxy(void **state)
{
	static const struct fetch_site dead = {.proxy = "socks5h://127.0.0.1:1"};
	struct world w;

	(void)state;
	world_open(&w);
	clock_ms = NOW + HOUR;
	for (int n = 0; n < 3; n++) {
		site_of_all = NULL;
		assert_int_equal(refresh(&w, 2), OUTCOME_FAILED);
		site_of_all = &dead;
		assert_int_equal(refresh(&w, 1), OUTCOME_WAITING);
		site_of_all = NULL;
		assert_false(w.env.outage.down);
		assert_in_range(w.result.wait_ms, HOUR / 12, 2 * HOUR);
		assert_int_equal(FEED("error_count"), 0);
		assert_int_equal(FEED("status"), FEED_OK);
		assert_int_equal(FEED("due_reason = 'waiting: the proxy 127.0.0.1 cannot be "
				      "reached: Connection refused'"),
			1);
	}
	world_close(&w);
}

/* What is no feed is told with its address, where that is not the feed's. */
static void test_a_page_elsewhere(void **state)
{
	static const char away[] = "HTTP/1.1 302 Found\r\nLocation: /login\r\n"
				   "Content-Length: 0\r\n\r\n";
	static const char page[] = "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n<html>Login</a>";
	struct world w;

	(void)state;
	world_open(&w);
	server_bytes(&w.server, "/feed", KEEP, away, sizeof(away) - 1);
	server_bytes(&w.server, "/login", KEEP, page, sizeof(page) - 1);
	poke(w.f.path, "DELETE FROM feed WHERE id = 1; UPDATE feed SET id = 1");
	assert_int_equal(refresh(&w, 1), OUTCOME_FAILED);
	assert_int_equal(FEED("error_code = 'not-a-feed' AND error_text LIKE '% at "
			      "http://127.0.0.1:%/login, to which it redirects'"),
		1);
	world_close(&w);
}

/* Sent on to a host that is to be left alone: nothing has failed, and it waits for that (A19, A35).
 */
static void test_a_redirect_to_a_held_host(void **state)
{
	static const char away[] = "HTTP/1.1 302 Found\r\nLocation: http://other.test/\r\n"
				   "Content-Length: 0\r\n\r\n";
	struct world w;

	(void)state;
	world_open(&w);
	server_bytes(&w.server, "/feed", KEEP, away, sizeof(away) - 1);
	poke(w.f.path, "DELETE FROM feed WHERE id = 1; UPDATE feed SET id = 1");
	admit_ms = -5 * HOUR;
	assert_int_equal(refresh(&w, 1), OUTCOME_RETRY_AFTER);
	admit_ms = 0;
	assert_in_range(w.result.wait_ms, 5 * HOUR, 6 * HOUR);
	assert_int_equal(FEED("error_count"), 0);
	assert_int_equal(FEED("status"), FEED_OK);
	assert_int_equal(FEED("error_code IS NULL AND last_ok_ms = 1794000000000"), 1);
	assert_int_equal(
		FEED("due_reason = 'waiting: 127.0.0.1 redirects to http://other.test/, whose "
		     "server is to be left alone for 5h'"),
		1);
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM change WHERE op = 'error'"), 0);
	world_close(&w);
}

/* With each allocation failing in turn: the icon is there, or it is not; never half of it, never a
 * place that stays taken. */
static void test_icon_without_memory(void **state)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n"
				     "Content-Length: 13\r\n\r\n\x01\x08\x00\xf7\xff"
				     "GIF89a..";
	char sql[300];
	struct world w;
	long failed = 1;

	(void)state;
	world_open(&w);
	server_bytes(&w.server, "/icon", KEEP, answer, sizeof(answer) - 1);
	snprintf(sql, sizeof(sql),
		"UPDATE feed SET icon = 'http://127.0.0.1:%d/icon' WHERE id = 1;"
		"INSERT INTO icon SELECT icon, 0, NULL FROM feed WHERE id = 1",
		w.server.port);
	poke(w.f.path, sql);
	snprintf(sql, sizeof(sql), "http://127.0.0.1:%d/icon", w.server.port);
	for (long n = 0; failed; n++) {
		poke(w.f.path, "UPDATE icon SET image = NULL");
		fault_malloc_after(n);
		icon_fetch(&w.env, sql, NULL);
		while (w.env.icons)
			uv_run(&w.f.loop.uv, UV_RUN_ONCE);
		failed = fault_malloc_off();
		if (!failed)
			assert_int_equal(peek(w.f.path, "SELECT length(image) FROM icon"), 8);
		assert_int_equal(
			peek(w.f.path, "SELECT count(*) FROM icon WHERE length(image) <> 8"), 0);
	}
	world_close(&w);
}

/* -- discovery -- */

struct look {
	int code, feeds, done;
	char text[ERR_TEXT_BYTES];
};

static void on_found(void *arg, const struct api_found *found)
{
	struct look *look = arg;

	look->code = found->error.code;
	memcpy(look->text, found->error.text, sizeof(look->text));
	for (const struct offer *o = found->feeds; o; o = o->next)
		look->feeds++;
	look->done++;
}

static void discover_init(struct discover *d, struct world *w, int64_t most_ms)
{
	*d = (struct discover){.env = &w->env, .most_ms = most_ms};
	list_init(&d->running);
}

static struct look look_at(struct world *w, struct discover *d, const char *path)
{
	struct look look = {0};
	char url[100];

	snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", w->server.port, path);
	look.code = discover_start(d, url, on_found, &look);
	assert_int_equal(look.done, 0);
	if (look.code == 0)
		loop_run_until(&w->f.loop, &look.done, LIMIT_MS);
	assert_int_equal(d->count, 0);
	assert_true(list_empty(&d->running));
	return look;
}

#define FEED_BODY "<rss version='2.0'><channel><title>F</title></channel></rss>"
#define PAGE_BODY "<html><link rel=alternate type=application/rss+xml href=/feed>"

static void serve(struct world *w, const char *path, const char *body)
{
	char answer[500];

	snprintf(answer, sizeof(answer),
		"HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Type: text/html\r\n"
		"Content-Length: %zu\r\n\r\n%s",
		strlen(body), body);
	server_bytes(&w->server, path, KEEP, answer, strlen(answer));
}

/* With each allocation failing in turn: all of the feeds, or none and why. */
static void test_discover_without_memory(void **state)
{
	static const char page[] = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
				   "Content-Encoding: deflate\r\nContent-Length: 117\r\n\r\n"
				   "\x01\x70\x00\x8f\xff"
				   "<html><link rel=alternate type=application/rss+xml href=/a>"
				   "<link rel=alternate type=application/rss+xml href=/b>";
	struct discover d;
	struct world w;
	long failed = 1;

	(void)state;
	world_open(&w);
	server_bytes(&w.server, "/page", KEEP, page, sizeof(page) - 1);
	discover_init(&d, &w, LIMIT_MS);
	for (long n = 0; failed; n++) {
		struct look look;

		fault_malloc_after(n);
		look = look_at(&w, &d, "/page");
		failed = fault_malloc_off();
		if (!failed || !look.code)
			assert_int_equal(look.feeds, 2);
		if (look.code)
			assert_true(failed && look.feeds == 0);
	}
	world_close(&w);
}

/* Who asks for a pause when somebody looks gets it, also after a restart (A18). */
static void test_discover_busy(void **state)
{
	static const char answer[] = "HTTP/1.1 503 No\r\nRetry-After: 3600\r\n"
				     "Content-Length: 0\r\n\r\n";
	struct discover d;
	struct world w;
	struct look look;
	long failed = 1;

	(void)state;
	world_open(&w);
	server_bytes(&w.server, "/busy", KEEP, answer, sizeof(answer) - 1);
	discover_init(&d, &w, LIMIT_MS);
	for (long n = 0; failed; n++) {
		poke(w.f.path, "DELETE FROM hold");
		held_ms = 0;
		fault_malloc_after(n);
		look = look_at(&w, &d, "/busy");
		while (store_queue_length(w.f.store))
			uv_run(&w.f.loop.uv, UV_RUN_ONCE);
		failed = fault_malloc_off();
	}
	assert_int_equal(look.code, ERR_HTTP);
	assert_int_equal(held_ms, HOUR);
	assert_int_equal(
		peek(w.f.path, "SELECT until_ms FROM hold WHERE url LIKE '%/busy'"), NOW + HOUR);
	world_close(&w);
}

/* A server that says nothing; and what comes when the daemon stops. */
static void test_discover_ended(void **state)
{
	struct look look = {0};
	struct discover d;
	struct world w;
	char url[100];

	(void)state;
	world_open(&w);
	server_bytes(&w.server, "/silent", SILENT, "", 0);
	discover_init(&d, &w, 20);
	look = look_at(&w, &d, "/silent");
	assert_int_equal(look.code, ERR_TIMEOUT);
	assert_string_equal(look.text, "it took longer than 0 s");
	d.most_ms = LIMIT_MS;
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/silent", w.server.port);
	memset(&look, 0, sizeof(look));
	for (int i = 0; i < DISCOVER_MOST; i++)
		assert_int_equal(discover_start(&d, url, on_found, &look), 0);
	assert_int_equal(discover_start(&d, url, on_found, &look), ERR_BUSY);
	discover_stop(&d);
	assert_int_equal(discover_start(&d, url, on_found, &look), ERR_CANCELED);
	while (look.done < DISCOVER_MOST)
		uv_run(&w.f.loop.uv, UV_RUN_ONCE);
	assert_int_equal(look.code, ERR_CANCELED);
	world_close(&w);
}

/* The same where a page names none: what leads elsewhere is followed, or it is told why not. */
static void test_discover_elsewhere_without_memory(void **state)
{
	static const struct {
		const char *path, *body;
	} pages[] = {
		{"/door", "<meta http-equiv=refresh content='0;url=/there'>"},
		{"/blank", "<html>"},
	};
	struct discover d;
	struct world w;

	(void)state;
	world_open(&w);
	serve(&w, "/there", FEED_BODY);
	serve(&w, "/feed.xml", FEED_BODY);
	discover_init(&d, &w, LIMIT_MS);
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		serve(&w, pages[i].path, pages[i].body);
		for (long n = 0, failed = 1; failed; n++) {
			struct look look;

			fault_malloc_after(n);
			look = look_at(&w, &d, pages[i].path);
			failed = fault_malloc_off();
			assert_int_equal(look.feeds, look.code == 0);
			assert_true(failed || look.feeds);
		}
	}
	kept_expire(&w.env.kept, INT64_MAX);
	world_close(&w);
}

/* That nobody answers there in time is no failure; that the daemon stops is. */
static void test_guess_ended(void **state)
{
	struct look look = {0};
	struct discover d;
	struct world w;
	char url[100];

	(void)state;
	world_open(&w);
	serve(&w, "/blank", "<html>");
	server_bytes(&w.server, "/feed", SILENT, "", 0);
	discover_init(&d, &w, 1500);
	look = look_at(&w, &d, "/blank");
	assert_int_equal(look.code, 0);
	assert_int_equal(look.feeds, 0);
	assert_int_equal(w.server.requests, 2);
	d.most_ms = LIMIT_MS;
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/blank", w.server.port);
	memset(&look, 0, sizeof(look));
	assert_int_equal(discover_start(&d, url, on_found, &look), 0);
	loop_limit(&w.f.loop, LIMIT_MS);
	while (w.server.requests < 4)
		uv_run(&w.f.loop.uv, UV_RUN_ONCE);
	discover_stop(&d);
	loop_run_until(&w.f.loop, &look.done, LIMIT_MS);
	assert_int_equal(look.code, ERR_CANCELED);
	world_close(&w);
}

/* -- what is kept between looking and subscribing -- */

static void new_feed(struct world *w, const char *path, const char *more)
{
	char sql[300];

	snprintf(sql, sizeof(sql),
		"UPDATE feed SET url = 'http://127.0.0.1:%d%s', last_ok_ms = NULL%s WHERE id = 2",
		w->server.port, path, more);
	poke(w->f.path, sql);
}

/* Both ways one request; a feed that has been polled well asks itself. What was kept tells nothing
 * of the network (A25). */
static void test_looked_at_then_subscribed(void **state)
{
	struct discover d;
	struct world w;

	(void)state;
	world_open(&w);
	serve(&w, "/feed", FEED_BODY);
	serve(&w, "/page", PAGE_BODY);
	discover_init(&d, &w, LIMIT_MS);
	assert_int_equal(look_at(&w, &d, "/feed").feeds, 1);
	new_feed(&w, "/feed", "");
	w.env.outage.down = true;
	assert_int_equal(refresh(&w, 2), OUTCOME_UNCHANGED);
	assert_int_equal(w.server.requests, 1);
	assert_true(w.env.outage.down);
	assert_int_equal(w.env.outage.answered_ms, TIME_NONE);
	assert_int_equal(
		peek(w.f.path, "SELECT etag = '\"1\"' AND title = 'F' FROM feed WHERE id = 2"), 1);
	new_feed(&w, "/page", ", etag = NULL");
	assert_int_equal(refresh(&w, 2), OUTCOME_FAILED);
	assert_false(w.env.outage.down);
	assert_int_equal(look_at(&w, &d, "/page").feeds, 1);
	assert_int_equal(w.server.requests, 2);
	assert_int_equal(look_at(&w, &d, "/page").feeds, 1); /* handed out once */
	assert_int_equal(look_at(&w, &d, "/feed").feeds, 1);
	assert_int_equal(w.server.requests, 4);
	new_feed(&w, "/feed", ", etag = NULL, last_ok_ms = 1");
	assert_int_equal(refresh(&w, 2), OUTCOME_UNCHANGED);
	assert_int_equal(w.server.requests, 5);
	kept_expire(&w.env.kept, INT64_MAX);
	world_close(&w);
}

static struct fetch_request document(size_t len)
{
	struct fetch_request request = {0};

	buf_init(&request.body, len);
	assert_int_equal(buf_reserve(&request.body, len), 0);
	memset(request.body.data, 'x', len);
	request.body.len = len;
	return request;
}

static bool is_kept(struct kept *k, const char *url, bool page, int64_t now_ms)
{
	struct fetch_request request = {.url = url};
	struct fetch_result result;
	struct arena arena;
	bool found;

	arena_init(&arena, FETCH_HEAD_MAX);
	request.arena = &arena;
	found = kept_take(k, page, &request, &result, now_ms);
	if (found) {
		assert_string_equal(result.url, "u");
		assert_null(result.moved_url);
		assert_in_range(result.fresh_ms, now_ms < 3000 ? 3000 - now_ms : 0,
			now_ms < 3000 ? 3004 - now_ms : 0);
		assert_int_equal(result.retry_after_ms, -1);
	}
	buf_finish(&request.body);
	arena_finish(&arena);
	return found;
}

/* In number, bytes and time, and when memory is short. */
static void test_kept_within_bounds(void **state)
{
	const struct fetch_result result = {
		.url = "u", .moved_url = "m", .fresh_ms = 3000, .retry_after_ms = -1};
	const struct {
		const char *put; /* a letter: that document */
		size_t bytes;    /* of each */
		int64_t later_ms;
		const char *there;
	} cases[] = {
		{"abcd", 9, 0, "abcd"},
		{"abcde", 9, 1000, "bcde"},
		{"abca", 9, 4000, "abc"},
		{"abc", KEPT_BYTES / 2, 0, "bc"},
		{"a", KEPT_BYTES, 0, "a"},
		{"a", KEPT_BYTES + 1, 0, ""},
		{"a", 9, KEPT_MS - 1, "a"},
		{"ab", 9, KEPT_MS + 1, ""},
	};
	struct kept k = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (const char *at = cases[i].put; *at; at++) {
			struct fetch_request request = document(cases[i].bytes);

			kept_put(&k, (char[]){*at, 0}, false, &request, &result, at - cases[i].put);
			buf_finish(&request.body);
		}
		for (char c = 'a'; c <= 'e'; c++) {
			char url[] = {c, 0};

			assert_false(is_kept(&k, url, true, 0));
			assert_int_equal(is_kept(&k, url, false, cases[i].later_ms),
				strchr(cases[i].there, c) != NULL);
			assert_false(is_kept(&k, url, false, 0));
		}
	}
	for (long n = 0, failed = 1; failed; n++) {
		struct fetch_request request = document(9);

		fault_malloc_after(n);
		kept_put(&k, "a", false, &request, &result, 0);
		failed = fault_malloc_off();
		assert_int_equal(is_kept(&k, "a", false, 0), !failed);
		buf_finish(&request.body);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		line_test("A25", test_nobody_is_reached),
		line_test("A25 A47", test_a_dead_proxy),
		cmocka_unit_test(test_a_page_elsewhere),
		line_test("A19 A35", test_a_redirect_to_a_held_host),
		line_test("A44", test_icon_without_memory),
		cmocka_unit_test(test_discover_without_memory),
		line_test("A18", test_discover_busy),
		cmocka_unit_test(test_discover_ended),
		line_test("A43", test_discover_elsewhere_without_memory),
		line_test("A43", test_guess_ended),
		line_test("A1 A25", test_looked_at_then_subscribed),
		line_test("A1", test_kept_within_bounds),
	};

	int failed;

	signal(SIGPIPE, SIG_IGN);
	parse_global_init();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	uv_library_shutdown(); /* the pool's threads take with them what libxml2 has for each */
	parse_global_finish();
	return failed;
}
