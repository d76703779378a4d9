/* Asking an address for its feeds: what comes of it, whoever hangs up or stops meanwhile. What is
 * behind it is flow.discover's. */
#include "unit/api/fixture.h"

#define DISCOVER "/api/v1/discover"
#define BODY     "{\"url\":\" https://A.example\"}"

static void begin(struct world *w, struct client *c)
{
	client_connect(w, c);
	client_send(
		c, "POST " DISCOVER " HTTP/1.1\r\nHost: x\r\nContent-Length: 29\r\n\r\n" BODY "  ");
	for (uint64_t limit = clock_ms() + LIMIT_MS; !w->discovered[0]; turn(c))
		assert_true(clock_ms() < limit);
	assert_string_equal(w->discovered, "https://a.example/");
	assert_int_equal(w->api->jobs, 1);
}

static void tell(struct world *w, const struct api_found *found)
{
	w->discovered[0] = '\0';
	w->found(w->found_arg, found);
	assert_int_equal(w->api->jobs, 0);
}

static void test_answers(void **state)
{
	struct offer b = {.url = (char[]){"https://b/"}, .type = "application/rss+xml"};
	struct offer a = {
		.url = (char[]){"https://a/"}, .title = (char[]){"A"}, .type = "t", .next = &b};
	const struct {
		struct api_found found;
		int status;
		const char *head, *body;
	} cases[] = {
		{{.feeds = &a}, 200, "",
			"{\"feeds\":[{\"url\":\"https://a/\",\"title\":\"A\",\"type\":\"t\"},"
			"{\"url\":\"https://b/\",\"title\":null,\"type\":\"application/"
			"rss+xml\"}]}\n"},
		{{.feeds = NULL}, 200, "", "{\"feeds\":[]}\n"},
		{{.error = {ERR_DNS, "no host x"}}, 422, "", "\"detail\":\"no host x\""},
		{{.error = {ERR_HTTP, "429"}, .wait_ms = 1001}, 422, "Retry-After: 2\r\n",
			"unreadable"},
		{{.error = {ERR_BUSY, "held"}, .wait_ms = 61000}, 429, "Retry-After: 61\r\n",
			"\"detail\":\"held\""},
		{{.error = {ERR_BUSY, "full"}, .wait_ms = -1}, 503, "Retry-After: 1\r\n",
			"\"full\""},
		{{.error = {ERR_CANCELED, ""}}, 503, "Retry-After: 1\r\n", "is being stopped"},
		{{.error = {ERR_NOMEM, ""}}, 503, "Retry-After: 1\r\n", "out of memory"},
	};
	struct world w;

	(void)state;
	fill(&w);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct answer got;
		struct client c;

		begin(&w, &c);
		tell(&w, &cases[i].found);
		take_answer(&c, false, &got);
		if (got.status != cases[i].status || !strstr(got.head, cases[i].head) ||
			!strstr(got.body, cases[i].body))
			fail_msg("case %zu: %s%s", i, got.head, got.body);
		free_answer(&got);
		client_close(&c);
	}
	world_close(&w);
}

/* Not begun at all. */
static void test_refused(void **state)
{
	struct world w;

	(void)state;
	fill(&w);
	expect(&w, "POST", DISCOVER, "{\"url\":\"file:///etc/passwd\"}", 400, "http or https");
	expect(&w, "POST", DISCOVER, "{}", 400, "url is missing");
	w.discover_code = ERR_BUSY;
	expect(&w, "POST", DISCOVER, BODY, 503, "Retry-After: 1|being asked already");
	w.discover_code = ERR_CANCELED;
	expect(&w, "POST", DISCOVER, BODY, 503, "is being stopped");
	world_close(&w);
}

static void test_hung_up(void **state)
{
	const struct api_found found = {.feeds = NULL};
	struct client c;
	struct world w;

	(void)state;
	fill(&w);
	begin(&w, &c);
	client_close(&c);
	for (uint64_t limit = clock_ms() + LIMIT_MS; w.api->conn_count;) {
		uv_run(&w.f.loop.uv, UV_RUN_NOWAIT);
		assert_true(clock_ms() < limit);
	}
	tell(&w, &found);
	world_close(&w);
}

/* The stop waits for what is being asked, even when its time is up. */
static void test_stopped(void **state)
{
	const struct api_found found = {.error = {ERR_CANCELED, ""}};
	struct client c;
	struct world w;

	(void)state;
	fill(&w);
	begin(&w, &c);
	api_stop(w.api, 1, world_on_stopped, &w);
	while (!c.ended)
		turn(&c);
	assert_int_equal(w.api_stopped, 0);
	tell(&w, &found);
	loop_run_until(&w.f.loop, &w.api_stopped, LIMIT_MS);
	assert_int_equal(w.api_stopped, 1);
	api_destroy(w.api);
	w.api = NULL;
	client_close(&c);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_hung_up),
		cmocka_unit_test(test_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
