/* Hostile and clumsy clients, by their numbers in the list of what must hold (C16 to C23); what is
 * about one part alone stands with the tests of that part. */
#include "unit/api/fixture.h"

#include <signal.h>
#include <sys/resource.h>

#include "limits.h"

#define PING "GET /api/v1/ping HTTP/1.1\r\n\r\n"

static void test_c16_limits(void **state)
{
	struct world w;

	(void)state;
	assert_int_equal(API_HEAD_MAX, 32 * 1024);
	assert_int_equal(API_BODY_MAX, 4 * 1024 * 1024);
	assert_int_equal(OPML_BYTES_MAX, 16 * 1024 * 1024);
	assert_int_equal(API_JSON_DEPTH, 64);
	world_open(&w);
	assert_int_equal(w.api->options.head_timeout_ms, 10 * 1000);
	assert_int_equal(w.api->options.idle_timeout_ms, 60 * 1000);
	assert_int_equal(w.api->options.stall_timeout_ms, 60 * 1000);
	world_close(&w);
}

/* As many sockets as there are tests to open them, each with half a head, and a byte more now and
 * then: others are served all the while, and then they are gone. */
static void test_c16_slowloris(void **state)
{
	enum { COUNT = 500 };
	struct client *slow = calloc(COUNT, sizeof(*slow));
	struct rlimit files;
	struct answer a;
	struct world w;

	(void)state;
	assert_non_null(slow);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	world_init(&w);
	w.options.head_timeout_ms = 500;
	world_start_api(&w);
	for (int i = 0; i < COUNT; i++) {
		client_connect(&w, &slow[i]);
		client_send(&slow[i], "GET /api/v1/ HTTP/1.1\r\nX-Slow: ");
		if (i % 50 == 49)
			expect(&w, "GET", "/api/v1/", NULL, 200, "tidings");
	}
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < COUNT; i++)
			client_send(&slow[i], "x");
		expect(&w, "GET", "/api/v1/feeds", NULL, 200, "\"feeds\":[]");
	}
	for (int i = 0; i < COUNT; i++) {
		take_answer(&slow[i], false, &a);
		assert_int_equal(a.status, 408);
		free_answer(&a);
		client_wait_end(&slow[i]);
		client_close(&slow[i]);
	}
	free(slow);
	world_close(&w);
}

/* What is announced too large is refused before it comes; only a list of feeds may be larger. */
static void test_c16_announced_sizes(void **state)
{
	static const struct {
		const char *target;
		long length;
		int status; /* 0: goes on */
	} cases[] = {
		{"/api/v1/items/batch", API_BODY_MAX, 0},
		{"/api/v1/items/batch", API_BODY_MAX + 1, 413},
		{"/api/v1/opml", OPML_BYTES_MAX, 0},
		{"/api/v1/opml", OPML_BYTES_MAX + 1, 413},
		{"/api/v1/opml", INT64_MAX, 413},
	};
	struct world w;
	struct client c;
	char head[200];

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		client_connect(&w, &c);
		snprintf(head, sizeof(head),
			"POST %s HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: %ld\r\n\r\n",
			cases[i].target, cases[i].length);
		client_send(&c, head);
		client_wait(&c, cases[i].status ? "HTTP/1.1 413 " : "HTTP/1.1 100 Continue\r\n");
		client_close(&c);
	}
	world_close(&w);
}

/* However far a stream's reader is behind, the connection holds one chunk. */
static void test_c17_a_stopped_reader_is_one_number(void **state)
{
	struct world w;
	struct client c;

	(void)state;
	world_open(&w);
	world_add_feed(&w, "https://a.example/feed");
	client_connect(&w, &c);
	client_send(&c, "GET /api/v1/events?since=0 HTTP/1.1\r\n\r\n");
	client_wait(&c, "event: hello");
	const struct conn *conn = container_of(w.api->conns.next, struct conn, node);
	for (int i = 0; i < 10; i++) {
		world_add_items(&w, 1, 1 + i * 1000, 1000);
		while (w.api->jobs > 0)
			uv_run(&w.f.loop.uv, UV_RUN_ONCE);
		assert_true(conn->out.cap <= API_CHUNK_MAX + 3 * API_LINE_MAX);
		assert_true(uv_stream_get_write_queue_size(&conn->io.stream) <= 2 * API_CHUNK_MAX);
		assert_true(w.api->events.ring.bytes <= API_RING_BYTES);
	}
	assert_int_equal(w.api->unsent_bytes, 0);
	client_close(&c);
	world_close(&w);
}

/* Numbers that are the same at each run. */
static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16 & 0x7fff;
}

/* A good request with some of its bytes changed, doubled or missing, then anything. */
static size_t spoil(unsigned *seed, char *out, size_t max)
{
	static const char *const good[] = {PING,
		"POST /api/v1/items/batch HTTP/1.1\r\nContent-Length: 31\r\n\r\n"
		"{\"ids\":[1],\"set\":{\"read\":true}}",
		"GET /api/v1/items?limit=2&cursor=rd1-1 HTTP/1.1\r\nExpect: 100-continue\r\n\r\n",
		"POST /api/v1/opml HTTP/1.1\r\nTransfer-Encoding: "
		"chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"GET /api/v1/events HTTP/1.1\r\nLast-Event-ID: x-1\r\n\r\n"};
	const char *from = good[next_random(seed) % 5];
	size_t len = 0;

	for (size_t i = 0; from[i] && len < max / 2; i++) {
		unsigned what = next_random(seed) % 60;
		if (what > 0)
			out[len++] = what == 1 ? (char)next_random(seed) : from[i];
		if (what == 2)
			out[len++] = from[i];
	}
	for (unsigned n = next_random(seed) % 100; n > 0; n--)
		out[len++] = (char)next_random(seed);
	return len;
}

static void test_c20_garbage(void **state)
{
	struct world w;
	char bytes[1000];

	(void)state;
	world_init(&w);
	w.options.heartbeat_ms = 100; /* when a half-closed stream is found gone */
	world_start_api(&w);
	world_add_feed(&w, "https://a.example/feed");
	world_add_items(&w, 1, 1, 5);
	for (unsigned i = 0, seed = 1; i < 2000; i++) {
		struct client c;
		size_t len = spoil(&seed, bytes, sizeof(bytes));

		client_connect(&w, &c);
		client_send_n(&c, bytes, len);
		if (i % 3 == 0)
			shutdown(c.fd, SHUT_WR);
		for (unsigned turns = next_random(&seed) % 5; turns > 0; turns--)
			uv_run(&w.f.loop.uv, UV_RUN_NOWAIT);
		client_close(&c);
	}
	expect(&w, "GET", "/api/v1/items?limit=1", NULL, 200, "\"items\":[{");
	while (w.api->conn_count > 0 || w.api->jobs > 0)
		uv_run(&w.f.loop.uv, UV_RUN_ONCE);
	world_close(&w);
}

/* Whoever goes away in the middle of an answer does not take the daemon along. */
static void test_c20_sigpipe(void **state)
{
	struct sigaction action;
	struct world w;
	struct client c;

	(void)state;
	signal(SIGPIPE, SIG_DFL);
	fill(&w);
	world_add_items(&w, 1, 100, 1000);
	for (int i = 0; i < 5; i++) {
		client_connect(&w, &c);
		client_send(
			&c, "GET /api/v1/items?limit=1000&content=html HTTP/1.1\r\n\r\n" PING PING);
		if (i % 2)
			client_wait(&c, "\"items\":[{");
		client_close(&c);
	}
	while (w.api->conn_count > 0 || w.api->jobs > 0)
		uv_run(&w.f.loop.uv, UV_RUN_ONCE);
	sigaction(SIGPIPE, NULL, &action);
	assert_true(action.sa_handler == SIG_IGN);
	world_close(&w);
}

/* Each is refused with a word about it, whatever its size. */
static void test_c22_huge_parameters(void **state)
{
	static const struct {
		const char *before, *part; /* repeated until the head is almost full */
		int status;
		const char *wanted;
	} cases[] = {
		{"/api/v1/items?q=", "a\"*", 400, "\"parameter\":\"q\""},
		{"/api/v1/items?q=", "(a+AND+", 400, "\"parameter\":\"q\""},
		{"/api/v1/items?fields=id", ",id", 200, "\"items\":[{\"id\":"},
		{"/api/v1/items?fields=id", ",idid", 400, "\"parameter\":\"fields\""},
		{"/api/v1/changes?kinds=item", ",item", 200, "\"changes\":["},
		{"/api/v1/items?limit=", "9", 400, "\"parameter\":\"limit\""},
		{"/api/v1/items?feed=", "1", 400, "\"parameter\":\"feed\""},
		{"/api/v1/items?cursor=rd", "1", 400, "\"parameter\":\"cursor\""},
		{"/api/v1/items?cursor=rd1-", "f", 400, "\"parameter\":\"cursor\""},
		{"/api/v1/changes?since=", "8", 400, "\"parameter\":\"since\""},
		{"/api/v1/items?received_after=", "2", 400, "\"parameter\":\"received_after\""},
		{"/api/v1/items?", "limit=1&", 400, "given twice"},
		{"/api/v1/items?", "&&&&", 200, "\"items\":["},
		{"/api/v1/items?q=", "%00", 400, "not well encoded"},
		{"/api/v1/items/", "1", 404, "not-found"},
		{"/api/v1/items/1", "/x", 404, "not-found"},
		{"/", "../", 404, "not-found"},
	};
	enum { ROOM = API_HEAD_MAX - 100 };
	char *target = malloc(ROOM + 1);
	struct world w;

	(void)state;
	assert_non_null(target);
	fill(&w);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t part = strlen(cases[i].part), len = strlen(cases[i].before);

		memcpy(target, cases[i].before, len);
		for (; len + part <= ROOM; len += part)
			memcpy(target + len, cases[i].part, part);
		target[len] = '\0';
		expect(&w, "GET", target, NULL, cases[i].status, cases[i].wanted);
	}
	free(target);
	world_close(&w);
}

static void test_c22_a_query_of_one_megabyte(void **state)
{
	char *text = malloc(1 << 20);
	struct world w;
	struct client c;

	(void)state;
	assert_non_null(text);
	memset(text, 'a', 1 << 20);
	world_open(&w);
	client_connect(&w, &c);
	client_send(&c, "GET /api/v1/items?q=");
	client_send_n(&c, text, 1 << 20);
	client_wait(&c, "HTTP/1.1 431 ");
	client_close(&c);
	free(text);
	world_close(&w);
}

/* A query that takes too long is ended, told so, and costs nobody else anything. */
static void test_c22_deadline(void **state)
{
	struct world w;
	uint64_t before_ns;

	(void)state;
	fill(&w);
	world_add_items(&w, 1, 100, 1000);
	before_ns = w.f.store->read_deadline_ns;
	assert_int_equal(before_ns, UINT64_C(2000) * 1000 * 1000);
	w.f.store->read_deadline_ns = 1;
	expect(&w, "GET", "/api/v1/items?limit=1000", NULL, 503, "timed-out|Retry-After: 1\r\n");
	w.f.store->read_deadline_ns = before_ns;
	expect(&w, "GET", "/api/v1/items?limit=1000", NULL, 200, "\"items\":[{");
	world_close(&w);
}

/* No list is longer than its limit, and no limit larger than a thousand. */
static void test_c23_no_list_without_end(void **state)
{
	static const char *const lists[] = {"feeds", "items", "stories", "changes"};
	char target[100];
	struct world w;

	(void)state;
	fill(&w);
	for (size_t i = 0; i < 4; i++) {
		snprintf(target, sizeof(target), "/api/v1/%s?limit=1000", lists[i]);
		expect(&w, "GET", target, NULL, 200, NULL);
		snprintf(target, sizeof(target), "/api/v1/%s?limit=1001", lists[i]);
		expect(&w, "GET", target, NULL, 400, "between 1 and 1000");
	}
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_c16_limits),
		cmocka_unit_test(test_c16_slowloris),
		cmocka_unit_test(test_c16_announced_sizes),
		cmocka_unit_test(test_c17_a_stopped_reader_is_one_number),
		cmocka_unit_test(test_c20_garbage),
		cmocka_unit_test(test_c20_sigpipe),
		cmocka_unit_test(test_c22_huge_parameters),
		cmocka_unit_test(test_c22_a_query_of_one_megabyte),
		cmocka_unit_test(test_c22_deadline),
		cmocka_unit_test(test_c23_no_list_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
