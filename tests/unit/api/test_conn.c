/* A client's connection: bytes in, bytes out. */
#include "unit/api/fixture.h"

#include "limits.h"
#include "support/fault.h"

#define PING "GET /api/v1/ping HTTP/1.1\r\nHost: x\r\n\r\n"

static void expect_status(struct client *c, int status, const char *wanted)
{
	struct answer a;

	take_answer(c, false, &a);
	if (a.status != status || (wanted && !strstr(a.body, wanted)))
		fail_msg("%d instead of %d, or no %s: %s%s", a.status, status, wanted, a.head,
			a.body);
	free_answer(&a);
}

static void test_ping(void **state)
{
	struct world w;
	struct answer a;

	(void)state;
	world_open(&w);
	ask(&w, "GET", "/api/v1/ping", NULL, &a);
	assert_int_equal(a.status, 204);
	assert_non_null(strstr(a.head, "\r\nDate: "));
	assert_null(strstr(a.head, "Content-Length"));
	assert_null(strstr(a.head, "Connection: close"));
	free_answer(&a);
	world_close(&w);
}

/* Answers come in the order of the requests, although some wait for the database and others don't.
 */
static void test_c20_pipelining(void **state)
{
	struct world w;
	struct client c;

	(void)state;
	world_open(&w);
	client_connect(&w, &c);
	client_send(&c, "GET /api/v1/ HTTP/1.1\r\n\r\n" PING "GET /nothing HTTP/1.1\r\n\r\n"
			"POST /api/v1/items/batch HTTP/1.1\r\nContent-Length: 38\r\n\r\n"
			"{\"ids\":[1,2,3],\"set\":{\"starred\":true}}" PING
			"GET /api/v1/feeds HTTP/1.1\r\n\r\nGET /api/v1/ping "
			"HTTP/1.1\r\nConnection: close\r\n\r\n" PING);
	expect_status(&c, 200, "\"name\":\"tidings\"");
	expect_status(&c, 204, NULL);
	expect_status(&c, 404, "not-found");
	expect_status(&c, 200, "\"changed\":0");
	expect_status(&c, 204, NULL);
	expect_status(&c, 200, "\"feeds\":[]");
	expect_status(&c, 204, NULL);
	client_wait_end(&c); /* what follows "close" is not answered */
	assert_int_equal(c.in.len, 0);
	client_close(&c);
	world_close(&w);
}

static void test_c20_pipelined_flood(void **state)
{
	enum { COUNT = 3000 };
	struct world w;
	struct client c;

	(void)state;
	world_open(&w);
	client_connect(&w, &c);
	for (int i = 0; i < COUNT; i++)
		client_send(&c, i % 10 == 0 ? "GET /api/v1/ HTTP/1.1\r\n\r\n" : PING);
	for (int i = 0; i < COUNT; i++)
		expect_status(&c, i % 10 == 0 ? 200 : 204, NULL);
	client_close(&c);
	world_close(&w);
}

static void test_c20_byte_by_byte(void **state)
{
	static const char text[] =
		"\r\n\r\nPOST /api/v1/items/batch HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
		"9\r\n{\"ids\":[1\r\n16;x=y\r\n],\"set\":{\"read\":true}}\r\n0\r\nTrailer: "
		"x\r\n\r\n" PING;
	struct world w;
	struct client c;

	(void)state;
	world_open(&w);
	client_connect(&w, &c);
	for (size_t i = 0; text[i]; i++) {
		client_send_n(&c, text + i, 1);
		uv_run(&w.f.loop.uv, UV_RUN_NOWAIT);
	}
	expect_status(&c, 200, "\"changed\":0");
	expect_status(&c, 204, NULL);
	client_close(&c);
	world_close(&w);
}

static void test_c20_head(void **state)
{
	struct world w;
	struct client c;
	struct answer get, head;

	(void)state;
	world_open(&w);
	client_connect(&w, &c);
	ask_on(&c, "GET", "/api/v1/", NULL, &get);
	ask_on(&c, "HEAD", "/api/v1/", NULL, &head);
	assert_int_equal(head.status, 200);
	const char *length = strstr(get.head, "Content-Length: ");
	assert_non_null(length);
	assert_memory_equal(strstr(head.head, "Content-Length: "), length, strcspn(length, "\r"));
	free_answer(&head);
	ask_on(&c, "HEAD", "/nothing", NULL, &head);
	assert_int_equal(head.status, 404);
	free_answer(&head);
	ask_on(&c, "GET", "/api/v1/ping", NULL, &head); /* no stray body stands in between */
	assert_int_equal(head.status, 204);
	free_answer(&get);
	free_answer(&head);
	client_close(&c);
	world_close(&w);
}

static void test_c20_expect_continue(void **state)
{
	struct world w;
	struct client c;

	(void)state;
	world_open(&w);
	client_connect(&w, &c);
	client_send(&c, "POST /api/v1/items/batch HTTP/1.1\r\nExpect: "
			"100-continue\r\nContent-Length: 32\r\n\r\n");
	client_wait(&c, "HTTP/1.1 100 Continue\r\n\r\n");
	buf_reset(&c.in);
	client_send(&c, "{\"ids\":[1],\"set\":{\"read\":true}}\n");
	expect_status(&c, 200, "\"changed\":0");
	/* Nobody is asked for a body that will be refused. */
	client_send(&c, "POST /api/v1/items/batch HTTP/1.1\r\nExpect: "
			"100-continue\r\nContent-Length: 9999999\r\n\r\n");
	expect_status(&c, 413, "body-too-large");
	client_wait_end(&c);
	client_close(&c);

	client_connect(&w, &c);
	client_send(&c, "POST /api/v1/items/batch HTTP/1.1\r\nExpect: miracles\r\nContent-Length: "
			"2\r\n\r\n{}");
	expect_status(&c, 417, "expectation-failed");
	client_close(&c);
	world_close(&w);
}

/* Each is answered on a connection of its own, which then ends, because what follows cannot be told
 * apart. */
static void test_c20_what_is_not_http(void **state)
{
	static const struct {
		const char *bytes;
		int status;
		const char *wanted;
	} cases[] = {
		{"POST / HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: "
		 "chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
			400, "malformed-request"},
		{"POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400,
			"malformed-request"},
		{"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400, "malformed-request"},
		{"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 400,
			"malformed-request"},
		{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400,
			"malformed-request"},
		{"POST / HTTP/1.1\r\nContent-Length: 4194305\r\n\r\n", 413, "body-too-large"},
		{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n", 413,
			"body-too-large"},
		{"BREW /pot HTTP/1.1\r\n\r\n", 405, "method-not-allowed"},
		{"get / HTTP/1.1\r\n\r\n", 405, "method-not-allowed"},
		{"GET / HTTP/3.7\r\n\r\n", 505, "http-version"},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "http-version"},
		{"GET /a b HTTP/1.1\r\n\r\n", 400, "malformed-request"},
		{"GET / HTTP/1.1\r\nA\r\n\r\n", 400, "malformed-request"},
		{"\x16\x03\x01\x02\x00\x01", 405, NULL},
	};
	struct world w;
	struct client c;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct answer a;
		client_connect(&w, &c);
		client_send(&c, cases[i].bytes);
		take_answer(&c, false, &a);
		if (a.status != cases[i].status &&
			!(cases[i].wanted == NULL && a.status >= 400 && a.status < 500))
			fail_msg("%s: %s%s", cases[i].bytes, a.head, a.body);
		if (cases[i].wanted)
			assert_non_null(strstr(a.body, cases[i].wanted));
		assert_non_null(strstr(a.head, "Connection: close\r\n"));
		assert_non_null(strstr(a.head, "application/problem+json"));
		if (a.status == 405)
			assert_non_null(strstr(a.head, "Allow: "));
		free_answer(&a);
		client_wait_end(&c);
		client_close(&c);
	}
	world_close(&w);
}

static void test_c16_head_size(void **state)
{
	static const char line[] = "GET /api/v1/ping HTTP/1.1\r\nX: ";
	char *text = malloc(API_HEAD_MAX + 2);
	struct world w;
	struct client c;

	(void)state;
	world_open(&w);
	for (size_t extra = 0; extra < 2; extra++) {
		size_t len = API_HEAD_MAX + extra;
		memset(text, 'x', len);
		memcpy(text, line, sizeof(line) - 1);
		memcpy(text + len - 4, "\r\n\r\n", 4);
		client_connect(&w, &c);
		client_send_n(&c, text, len);
		expect_status(&c, extra ? 431 : 204, extra ? "head-too-large" : NULL);
		client_close(&c);
	}
	/* White space that the parser would drop counts, too. */
	memset(text, ' ', API_HEAD_MAX);
	memcpy(text, line, sizeof(line) - 1);
	client_connect(&w, &c);
	client_send_n(&c, text, API_HEAD_MAX);
	client_send_n(&c, text, API_HEAD_MAX);
	expect_status(&c, 431, "head-too-large");
	client_close(&c);
	free(text);
	world_close(&w);
}

static void test_c16_body_size(void **state)
{
	char *text = malloc(API_BODY_MAX + 1);
	struct world w;
	struct client c;

	(void)state;
	memset(text, ' ', API_BODY_MAX + 1);
	world_open(&w);
	client_connect(&w, &c);
	client_send(&c, "POST /api/v1/items/batch HTTP/1.1\r\nContent-Length: 4194304\r\n\r\n");
	client_send_n(&c, text, API_BODY_MAX);
	expect_status(&c, 400, "invalid-json");
	assert_int_equal(w.api->body_bytes, 0);
	/* In chunks nobody says beforehand how much will come. */
	client_send(&c, "POST /api/v1/items/batch HTTP/1.1\r\nTransfer-Encoding: "
			"chunked\r\n\r\n400001\r\n");
	client_send_n(&c, text, API_BODY_MAX + 1);
	expect_status(&c, 413, "body-too-large");
	client_wait_end(&c);
	client_close(&c);
	free(text);
	world_close(&w);
}

static void test_c20_json_position(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	expect(&w, "POST", "/api/v1/items/batch", "{\"ids\":\n[1,,2]}", 400,
		"invalid-json|line 2, column 4|\"errors\":[{\"line\":2,\"column\":4,");
	world_close(&w);
}

/* A request that does not come to its end in time is told so, and one that never begins is not. */
static void test_c16_timeouts(void **state)
{
	struct world w;
	struct client slow[20], silent, idle;

	(void)state;
	world_init(&w);
	w.options.head_timeout_ms = 150;
	w.options.idle_timeout_ms = 250;
	world_start_api(&w);
	for (int i = 0; i < 20; i++) {
		client_connect(&w, &slow[i]);
		client_send(&slow[i], i % 2 ? "GET / HTTP/1.1\r\nX: "
					    : "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab");
	}
	client_connect(&w, &silent);
	client_connect(&w, &idle);
	client_send(&idle, PING);
	expect_status(&idle, 204, NULL);
	expect(&w, "GET", "/api/v1/", NULL, 200, "tidings"); /* others are served */
	for (int i = 0; i < 20; i++) {
		client_send(&slow[i], "y"); /* a byte now and then does not help */
		expect_status(&slow[i], 408, "request-timeout");
		client_wait_end(&slow[i]);
		client_close(&slow[i]);
	}
	client_wait_end(&silent);
	client_wait_end(&idle);
	assert_int_equal(silent.in.len + idle.in.len, 0);
	client_close(&silent);
	client_close(&idle);
	world_close(&w);
}

static void test_c20_half_closed(void **state)
{
	struct world w;
	struct client c;

	(void)state;
	world_open(&w);
	client_connect(&w, &c);
	client_send(&c, "GET /api/v1/ HTTP/1.1\r\n\r\n" PING);
	shutdown(c.fd, SHUT_WR);
	expect_status(&c, 200, "tidings");
	expect_status(&c, 204, NULL);
	client_wait_end(&c);
	client_close(&c);
	/* In the middle of a request. */
	client_connect(&w, &c);
	client_send(&c, "GET /api/v1/ HTT");
	shutdown(c.fd, SHUT_WR);
	expect_status(&c, 400, "ended too early");
	client_wait_end(&c);
	client_close(&c);
	world_close(&w);
}

/* The request outlives its client: what was asked for is done, and nothing is left of it. */
static void test_c20_hang_up(void **state)
{
	static const char body[] = "{\"url\":\"https://gone.example/feed\"}";
	struct world w;
	struct client c;

	(void)state;
	world_open(&w);
	for (int i = 0; i < 20; i++) {
		client_connect(&w, &c);
		client_send(&c, "GET /api/v1/status HTTP/1.1\r\n\r\n" PING);
		for (int j = 0; j < i % 4; j++)
			uv_run(&w.f.loop.uv, UV_RUN_NOWAIT);
		client_close(&c);
	}
	client_connect(&w, &c);
	char text[200];
	snprintf(text, sizeof(text), "POST /api/v1/feeds HTTP/1.1\r\nContent-Length: %zu\r\n\r\n%s",
		strlen(body), body);
	client_send(&c, text);
	client_close(&c);
	while (w.feeds_changed == 0 || w.api->conn_count > 0 || w.api->jobs > 0)
		uv_run(&w.f.loop.uv, UV_RUN_ONCE);
	expect(&w, "GET", "/api/v1/feeds", NULL, 200, "https://gone.example/feed");
	world_close(&w);
}

static void test_closing(void **state)
{
	struct world w;
	struct client c;
	struct answer a;

	(void)state;
	world_open(&w);
	client_connect(&w, &c);
	client_send(&c, "GET /api/v1/ping HTTP/1.0\r\n\r\n");
	take_answer(&c, false, &a);
	assert_non_null(strstr(a.head, "Connection: close\r\n"));
	free_answer(&a);
	client_wait_end(&c);
	client_close(&c);
	/* An offer to upgrade is passed over. */
	client_connect(&w, &c);
	client_send(&c, "GET /api/v1/ping HTTP/1.1\r\nConnection: Upgrade, "
			"HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n" PING);
	expect_status(&c, 204, NULL);
	expect_status(&c, 204, NULL);
	client_send(&c, "CONNECT a.example:80 HTTP/1.1\r\n\r\n" PING);
	expect_status(&c, 404, NULL);
	expect_status(&c, 204, NULL);
	client_close(&c);
	world_close(&w);
}

/* A reader that takes nothing of a large answer is cut off, and others are served meanwhile. */
static void test_c17_stalled_reader(void **state)
{
	struct world w;
	struct client c;

	(void)state;
	world_init(&w);
	w.options.stall_timeout_ms = 200;
	world_start_api(&w);
	int64_t feed = world_add_feed(&w, "https://a.example/feed");
	world_add_items(&w, feed, 1, 1000);
	client_connect(&w, &c);
	for (int i = 0; i < 4; i++)
		client_send(&c, "GET /api/v1/items?limit=1000 HTTP/1.1\r\n\r\n");
	while (w.api->unsent_bytes == 0)
		uv_run(&w.f.loop.uv, UV_RUN_ONCE);
	expect(&w, "GET", "/api/v1/ping", NULL, 204, NULL);
	while (w.api->conn_count > 0)
		uv_run(&w.f.loop.uv, UV_RUN_ONCE);
	assert_int_equal(w.api->unsent_bytes, 0);
	client_close(&c);
	world_close(&w);
}

/* Slow, but taking: gets everything. */
static void test_c17_large_answers(void **state)
{
	struct world w;
	struct client c;

	(void)state;
	world_open(&w);
	int64_t feed = world_add_feed(&w, "https://a.example/feed");
	world_add_items(&w, feed, 1, 1000);
	client_connect(&w, &c);
	for (int i = 0; i < 3; i++)
		client_send(&c, "GET /api/v1/items?limit=1000&content=html HTTP/1.1\r\n\r\n");
	for (int i = 0; i < 3; i++)
		expect_status(&c, 200, "\"next\":null");
	client_close(&c);
	world_close(&w);
}

/* When all clients together hold too much, large requests and answers are put off, and small ones
 * go on. */
static void test_c17_budgets(void **state)
{
	static const char batch[] = "{\"ids\":[1],\"set\":{\"read\":true}}";
	struct world w;

	(void)state;
	world_open(&w);
	world_add_feed(&w, "https://a.example/feed");
	world_add_items(&w, 1, 1, 500);
	w.api->unsent_bytes += API_UNSENT_MAX;
	expect(&w, "GET", "/api/v1/items?limit=500", NULL, 503, "busy|Retry-After: 1\r\n");
	expect(&w, "GET", "/api/v1/items?limit=5", NULL, 200, "\"items\":[");
	w.api->unsent_bytes -= API_UNSENT_MAX;
	w.api->body_bytes += API_BODIES_MAX;
	expect(&w, "POST", "/api/v1/items/batch", batch, 503, "busy|Retry-After: 1\r\n");
	w.api->body_bytes -= API_BODIES_MAX;
	expect(&w, "POST", "/api/v1/items/batch", batch, 200, "\"changed\":1");
	world_close(&w);
}

static void test_stop(void **state)
{
	struct world w;
	struct client c[4];

	(void)state;
	world_open(&w);
	for (int i = 0; i < 4; i++)
		client_connect(&w, &c[i]);
	client_send(&c[0], PING);
	expect_status(&c[0], 204, NULL); /* now idle */
	client_send(&c[1], "GET / HT");
	client_send(&c[2], "GET /api/v1/changes?since=0&wait=60 HTTP/1.1\r\n\r\n");
	client_send(&c[3], "GET /api/v1/status HTTP/1.1\r\n\r\n");
	while (list_empty(&w.api->events.waiting))
		uv_run(&w.f.loop.uv, UV_RUN_ONCE);
	world_stop_api(&w);
	expect_status(&c[2], 200, "\"changes\":[]");
	expect_status(&c[3], 200, "\"pid\":");
	for (int i = 0; i < 4; i++) {
		client_wait_end(&c[i]);
		client_close(&c[i]);
	}
	world_close(&w);
}

/* Each allocation in turn fails while a request is served: it is answered or its connection ends,
 * and then all is well. */
static void test_out_of_memory(void **state)
{
	static const char *const requests[] = {
		"GET /api/v1/items?limit=5&content=text HTTP/1.1\r\n\r\n",
		"PATCH /api/v1/feeds/1 HTTP/1.1\r\nContent-Length: 14\r\n\r\n{\"name\":\"Sea\"}",
		"GET /api/v1/changes?wait=0 HTTP/1.1\r\nConnection: close\r\n\r\n",
		"GET /api/v1/events?since=0 HTTP/1.1\r\n\r\n",
		"POST /nothing HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
	};
	struct world w;
	struct client c;

	(void)state;
	world_open(&w);
	world_add_feed(&w, "https://a.example/feed");
	world_add_items(&w, 1, 1, 3);
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		long failed = 1;
		for (long n = 0; failed > 0; n++) {
			client_connect(&w, &c);
			assert_int_equal(
				buf_reserve(&c.in, 100000), 0); /* the client's own must not fail */
			client_send(&c, requests[i]);
			fault_malloc_after(n);
			uint64_t limit = clock_ms() + LIMIT_MS;
			while (!c.ended && !strstr(buf_string(&c.in), "}")) {
				turn(&c);
				assert_true(clock_ms() < limit);
			}
			failed = fault_malloc_off();
			client_close(&c);
		}
	}
	expect(&w, "GET", "/api/v1/items", NULL, 200, "\"id\":1");
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ping),
		cmocka_unit_test(test_c20_pipelining),
		cmocka_unit_test(test_c20_pipelined_flood),
		cmocka_unit_test(test_c20_byte_by_byte),
		cmocka_unit_test(test_c20_head),
		cmocka_unit_test(test_c20_expect_continue),
		cmocka_unit_test(test_c20_what_is_not_http),
		cmocka_unit_test(test_c16_head_size),
		cmocka_unit_test(test_c16_body_size),
		cmocka_unit_test(test_c20_json_position),
		cmocka_unit_test(test_c16_timeouts),
		cmocka_unit_test(test_c20_half_closed),
		cmocka_unit_test(test_c20_hang_up),
		cmocka_unit_test(test_closing),
		cmocka_unit_test(test_c17_stalled_reader),
		cmocka_unit_test(test_c17_large_answers),
		cmocka_unit_test(test_c17_budgets),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
