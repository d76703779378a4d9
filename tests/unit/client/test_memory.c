/* No memory in libtidings, in libcurl and in jansson: a call fails as one, or is what it should be,
 * and the next one is well. */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "support/fault_curl.h"
#include "support/answers.h"
#include "support/fault.h"
#include "tidings.h"

#define JSON "application/json"

static const struct answer_row rows[] = {
	{"GET /api/v1/items ", 200, JSON, "{\"items\":[]}"},
	{"PATCH /api/v1/items/1 ", 200, JSON, "{\"read\":true}"},
	{"DELETE /api/v1/feeds/7 ", 204, JSON, ""},
	{"GET /api/v1/feeds/9 ", 404, JSON, "{\"code\":\"not-found\",\"detail\":\"no feed 9\"}"},
	{"GET /api/v1/events?kinds=item&since=e-0 ", 200, "text/event-stream",
		"retry: 1\n\nid: e-1\nevent: hello\ndata: {}\n\nid: e-2\nevent: item.new\ndata: "
		"1\ndata: 2\n\nid: e-3\nevent: item.new\ndata: 3\n\n"},
	{NULL, 0, NULL, NULL},
};

static const struct call {
	const char *method, *path, *json;
	int rc, status;
	const char *answer; /* what is told when it is refused */
} calls[] = {
	{"GET", "/api/v1/items", NULL, 200, 0, "{\"items\":[]}"},
	{"PATCH", "/api/v1/items/1", "{\"read\":true}", 200, 0, "{\"read\":true}"},
	{"DELETE", "/api/v1/feeds/7", NULL, 204, 0, ""},
	{"GET", "/api/v1/feeds/9", NULL, TIDINGS_ERR_HTTP, 404, "no feed 9"},
};

/* libcurl 7.88 has other words for it, too. */
static bool is_told(int rc)
{
	return rc == TIDINGS_ERR_NOMEM || rc == TIDINGS_ERR_CLOSED;
}

/* A refusal whose words cannot be read is told by its number. */
static void check_call(struct tidings *t, const struct call *c, int rc)
{
	const struct tidings_error *e = tidings_last_error(t);

	if (rc != c->rc) {
		if (!is_told(rc))
			fail_msg("%s %s: %d, %d %s", c->method, c->path, rc, e->status, e->text);
		assert_true(e->code == rc && e->text[0]);
	} else if (rc < 0) {
		assert_int_equal(e->status, c->status);
		assert_true(strcmp(e->text, c->answer) == 0 || strstr(e->text, "status 404"));
	} else {
		assert_string_equal(tidings_answer(t, NULL), c->answer);
	}
}

/* With a handle of its own, or one that many failures have passed through. */
static long run_call(const char *path, const struct call *c, struct tidings *kept)
{
	long failed = 1, n = 0;

	for (; failed; n++) {
		struct tidings *t;

		fault_malloc_after(n);
		t = kept ? kept : tidings_open(path);
		if (t)
			check_call(t, c, tidings_request(t, c->method, c->path, c->json));
		failed = fault_malloc_off();
		if (!t)
			t = tidings_open(path);
		assert_int_equal(tidings_request(t, c->method, c->path, c->json), c->rc);
		check_call(t, c, c->rc);
		if (t != kept)
			tidings_close(t);
	}
	return n;
}

static void test_calls(void **state)
{
	const size_t count = sizeof(calls) / sizeof(calls[0]);
	struct answers server;
	struct tidings *kept;
	long runs = 0;

	(void)state;
	answers_start(&server, rows);
	kept = tidings_open(server.path);
	for (size_t i = 0; i < count; i++) {
		runs += run_call(server.path, &calls[i], NULL);
		runs += run_call(server.path, &calls[i], kept);
	}
	assert_true(runs > 4 * (long)count); /* of our own at the least (fault_curl.h) */
	tidings_close(kept);
	answers_stop(&server);
}

/* Events come in order, each once, until a loss is told. */
static int read_events(struct tidings *t, int *ret_seen)
{
	static const char *const data[] = {"{}", "1\n2", "3"};
	struct tidings_events *events = NULL;
	const struct tidings_event *event;
	int rc = tidings_events_open(t, "e-0", "item", &events);

	*ret_seen = 0;
	while (rc >= 0 && *ret_seen < 3) {
		rc = tidings_events_next(events, 10000, &event);
		assert_int_not_equal(rc, 0);
		if (rc > 0)
			assert_string_equal(event->data, data[(*ret_seen)++]);
	}
	tidings_events_close(events);
	return rc;
}

static void test_events(void **state)
{
	struct answers server;
	struct tidings *t;
	long failed = 1;
	int seen;

	(void)state;
	answers_start(&server, rows);
	t = tidings_open(server.path);
	for (long n = 0; failed; n++) {
		int rc;

		fault_malloc_after(n);
		rc = read_events(t, &seen);
		failed = fault_malloc_off();
		if (rc < 0 && !is_told(rc))
			fail_msg("allocation %ld: %d %s", n, rc, tidings_last_error(t)->text);
		assert_true(failed || seen == 3);
		assert_int_equal(read_events(t, &seen), 1);
		assert_int_equal(seen, 3);
	}
	tidings_close(t);
	answers_stop(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_events),
	};

	fault_curl_init(fault_malloc);
	json_set_alloc_funcs(fault_json_malloc, fault_free);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
