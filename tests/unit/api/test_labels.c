/* Labels, folders that users make, counts, and marking by a filter, over the socket. */
#include "unit/api/answers.h"

static void test_labels(void **state)
{
	struct world w;

	(void)state;
	fill(&w);
	expect(&w, "GET", "/api/v1/labels", NULL, 200, "{\"labels\":[],\"next\":null");
	expect(&w, "POST", "/api/v1/labels", "{\"name\":\"later\"}", 201,
		"Location: /api/v1/labels/1\r\n|\"id\":1,|\"name\":\"later\"");
	expect(&w, "POST", "/api/v1/labels", "{\"name\":\"later\"}", 409,
		"name-exists|\"existing\":1");
	expect(&w, "POST", "/api/v1/labels", "{\"name\":\"\"}", 400, "\"member\":\"name\"");
	expect(&w, "POST", "/api/v1/labels", "{\"name\":null}", 400, "\"member\":\"name\"");
	expect(&w, "POST", "/api/v1/labels", "{\"name\":\"a\\nb\"}", 400, "\"member\":\"name\"");
	expect(&w, "PATCH", "/api/v1/items/3",
		"{\"labels\":{\"add\":[\"later\",\"\\\"b\\\"\"],\"remove\":[\"none\"]}}", 200,
		"\"labels\":[\"\\\"b\\\"\",\"later\"]");
	expect(&w, "GET", "/api/v1/labels", NULL, 200, "\"name\":\"\\\"b\\\"\"}|\"id\":2,");
	expect(&w, "GET", "/api/v1/items?label=later&fields=id,labels", NULL, 200,
		"[{\"id\":3,\"labels\":[\"\\\"b\\\"\",\"later\"]}]");
	expect(&w, "GET", "/api/v1/items?label=nothing&fields=id", NULL, 200, "\"items\":[]");
	expect(&w, "GET", "/api/v1/stories?label=later", NULL, 200,
		"{\"stories\":[{\"id\":3,|\"next\":null");
	expect(&w, "GET", "/api/v1/stories?label=nothing", NULL, 200, "\"stories\":[]");
	expect(&w, "GET", "/api/v1/changes?kinds=item.state", NULL, 200,
		"\"ids\":[3]|\"labels\":[\"\\\"b\\\"\",\"later\"]");
	expect(&w, "PATCH", "/api/v1/labels/2", "{\"name\":\"later\"}", 409,
		"name-exists|\"existing\":1");
	expect(&w, "PATCH", "/api/v1/labels/2", "{\"name\":\"soon\"}", 200,
		"\"id\":2,|\"name\":\"soon\"");
	expect(&w, "GET", "/api/v1/items/3?fields=labels", NULL, 200, "[\"later\",\"soon\"]");
	expect(&w, "DELETE", "/api/v1/labels/1", NULL, 204, NULL);
	expect(&w, "GET", "/api/v1/labels/1", NULL, 404, "not-found");
	expect(&w, "GET", "/api/v1/items/3?fields=labels", NULL, 200, "[\"soon\"]");
	expect(&w, "GET", "/api/v1/changes?kinds=label", NULL, 200,
		"\"op\":\"new\"|{\"id\":1,\"deleted\":true}|\"op\":\"update\"|\"op\":\"delete\"");
	world_close(&w);
}

static void test_bad_labels(void **state)
{
	static const char *const bodies[] = {"{\"labels\":[\"x\"]}", "{\"labels\":{}}",
		"{\"labels\":{\"add\":\"x\"}}", "{\"labels\":{\"add\":[1]}}",
		"{\"labels\":{\"add\":[\"\"]}}", "{\"labels\":{\"set\":[\"x\"]}}",
		"{\"labels\":null}"};
	struct buf body;
	struct world w;

	(void)state;
	fill(&w);
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		expect(&w, "PATCH", "/api/v1/items/3", bodies[i], 400, "invalid-parameter");
	buf_init(&body, 1 << 16);
	buf_puts(&body, "{\"labels\":{\"add\":[\"0\"");
	for (int n = 1; n <= 100; n++)
		buf_printf(&body, ",\"%d\"", n);
	buf_puts(&body, "]}}");
	expect(&w, "PATCH", "/api/v1/items/3", buf_string(&body), 400, "\"member\":\"add\"");
	buf_reset(&body);
	buf_printf(&body, "{\"name\":\"%0201d\"}", 0);
	expect(&w, "POST", "/api/v1/labels", buf_string(&body), 400, "200 bytes");
	buf_finish(&body);
	expect(&w, "GET", "/api/v1/labels", NULL, 200, "{\"labels\":[]");
	world_close(&w);
}

static void test_batches(void **state)
{
	static const struct {
		const char *path, *body, *contains, *list, *then;
		int status;
	} cases[] = {
		{"items", "{\"filter\":{\"feed\":1},\"set\":{\"read\":true}}", "\"changed\":5,",
			"items?read=true&fields=id", "[{\"id\":5},{\"id\":4}", 200},
		{"items", "{\"filter\":{},\"set\":{\"labels\":{\"add\":[\"x\"]}}}",
			"\"changed\":10,", "items?label=x&fields=id&limit=1", "[{\"id\":10}]", 200},
		{"items", "{\"ids\":[2,3],\"set\":{\"labels\":{\"add\":[\"x\"]},\"starred\":true}}",
			"\"changed\":2,", "items?label=x&starred=true&fields=id",
			"[{\"id\":3},{\"id\":2}]", 200},
		{"items", "{\"filter\":{\"label\":\"none\"},\"set\":{\"read\":true}}",
			"\"changed\":0,", "items?read=true", "\"items\":[]", 200},
		{"items", "{\"filter\":{\"folder\":1,\"starred\":true},\"set\":{\"read\":true}}",
			"\"changed\":0,", "items?read=true", "\"items\":[]", 200},
		{"stories", "{\"filter\":{\"read\":false,\"feed\":2},\"set\":{\"read\":true}}",
			"\"changed\":5,|\"stories\":5}", "stories?read=true&limit=1",
			"[{\"id\":10,", 200},
		{"stories",
			"{\"filter\":{\"received_before\":\"2026-01-01T00:00:00Z\"},\"set\":{"
			"\"read\":true}}",
			"\"changed\":0,", "stories?read=true", "\"stories\":[]", 200},
		{"items", "{\"set\":{\"read\":true}}", "\"member\":\"ids\"", NULL, NULL, 400},
		{"items", "{\"ids\":[1],\"filter\":{},\"set\":{\"read\":true}}",
			"\"member\":\"ids\"", NULL, NULL, 400},
		{"items", "{\"ids\":[1],\"as_of\":3,\"set\":{\"read\":true}}",
			"\"member\":\"as_of\"", NULL, NULL, 400},
		{"items", "{\"filter\":{\"fed\":1},\"set\":{\"read\":true}}", "\"member\":\"fed\"",
			NULL, NULL, 400},
		{"items", "{\"filter\":{\"feed\":0},\"set\":{\"read\":true}}",
			"\"member\":\"feed\"", NULL, NULL, 400},
		{"items", "{\"filter\":{\"feed\":1}}", "\"member\":\"set\"", NULL, NULL, 400},
		{"items", "{\"filter\":{},\"as_of\":999999,\"set\":{\"read\":true}}", "seq-too-old",
			NULL, NULL, 410},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char target[100];
		struct world w;

		fill(&w);
		snprintf(target, sizeof(target), "/api/v1/%s/batch", cases[i].path);
		expect(&w, "POST", target, cases[i].body, cases[i].status, cases[i].contains);
		if (cases[i].list) {
			snprintf(target, sizeof(target), "/api/v1/%s", cases[i].list);
			expect(&w, "GET", target, NULL, 200, cases[i].then);
		}
		assert_counts(w.f.path);
		world_close(&w);
	}
}

/* "What I saw": a number that an answer told. */
/* The wishes of a filter are the story's: different items may fulfil them. */
static void test_wishes(void **state)
{
	static const char both[] = "{\"filter\":{\"read\":false,\"starred\":true},\"set\":{"
				   "\"read\":true,\"reports\":true}}";
	struct world w;

	(void)state;
	fill(&w);
	expect(&w, "POST", "/api/v1/stories/6/merge", "{\"stories\":[1]}", 200, NULL);
	expect(&w, "PATCH", "/api/v1/items/1", "{\"read\":true,\"starred\":true}", 200, NULL);
	expect(&w, "GET", "/api/v1/stories?read=false&starred=true", NULL, 200, "\"id\":6,");
	expect(&w, "POST", "/api/v1/stories/batch", both, 200, "\"changed\":1,");
	expect(&w, "GET", "/api/v1/stories?read=false&starred=true", NULL, 200, "\"stories\":[]");
	world_close(&w);
}

static void test_as_of(void **state)
{
	char body[200];
	struct world w;
	json_t *json;

	(void)state;
	fill(&w);
	json = ask_json(&w, "GET", "/api/v1/items?limit=1", NULL, 200);
	snprintf(body, sizeof(body),
		"{\"filter\":{\"feed\":1},\"as_of\":%lld,\"set\":{\"read\":true}}",
		(long long)number_of(json, "seq"));
	json_decref(json);
	world_add_items(&w, 1, 11, 3);
	expect(&w, "POST", "/api/v1/items/batch", body, 200, "\"changed\":5,");
	expect(&w, "GET", "/api/v1/items?feed=1&read=false&fields=id", NULL, 200,
		"[{\"id\":13},{\"id\":12},{\"id\":11}]");
	world_close(&w);
}

/* More than one job does: the answer comes at the end, and others are served meanwhile. */
static void test_many(void **state)
{
	struct client c, other;
	struct world w;

	(void)state;
	fill(&w);
	for (int n = 0; n < 10; n++)
		world_add_items(&w, 1, 11 + n * 500, 500);
	client_connect(&w, &c);
	client_connect(&w, &other);
	client_send(&c, "POST /api/v1/items/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 36\r\n\r\n"
			"{\"filter\":{},\"set\":{\"starred\":true}}");
	client_send(&other,
		"PATCH /api/v1/items/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\n\r\n"
		"{\"read\":true}");
	client_wait(&other, "\"read\":true");
	client_wait(&c, "\"changed\":5010,");
	client_close(&other);
	client_close(&c);
	assert_counts(w.f.path);
	/* one that goes away has asked for it all the same */
	client_connect(&w, &c);
	client_send(&c, "POST /api/v1/items/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 37\r\n\r\n"
			"{\"filter\":{},\"set\":{\"starred\":false}}");
	while (w.api->jobs == 0)
		turn(&c);
	client_close(&c);
	while (w.api->jobs > 0)
		uv_run(&w.f.loop.uv, UV_RUN_ONCE);
	assert_int_equal(peek(w.f.path, "SELECT sum(starred) FROM item"), 0);
	world_close(&w);
}

/* A daemon that stops does not wait for all of it. */
static void test_stop(void **state)
{
	struct client c;
	struct world w;

	(void)state;
	fill(&w);
	for (int n = 0; n < 10; n++)
		world_add_items(&w, 1, 11 + n * 500, 500);
	client_connect(&w, &c);
	client_send(&c, "POST /api/v1/items/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 36\r\n\r\n"
			"{\"filter\":{},\"set\":{\"starred\":true}}");
	while (peek(w.f.path, "SELECT sum(starred) FROM item") == 0)
		turn(&c);
	world_stop_api(&w);
	client_close(&c);
	world_close(&w);
}

static void test_folders(void **state)
{
	struct world w;

	(void)state;
	fill(&w);
	expect(&w, "POST", "/api/v1/folders", "{\"name\":\"Empty\"}", 201,
		"Location: /api/v1/folders/2\r\n|\"name\":\"Empty\"|\"kept\":true");
	expect(&w, "POST", "/api/v1/folders", "{\"name\":\"Empty\"}", 409,
		"name-exists|\"existing\":2");
	expect(&w, "POST", "/api/v1/folders", "{\"name\":null}", 400, "\"member\":\"name\"");
	expect(&w, "GET", "/api/v1/folders", NULL, 200,
		"{\"folders\":[{\"id\":2,|\"kept\":false}],\"next\":null,\"seq\":");
	expect(&w, "PATCH", "/api/v1/folders/1", "{\"name\":\"Empty\"}", 409,
		"name-exists|\"existing\":2");
	expect(&w, "PATCH", "/api/v1/folders/1", "{\"name\":null}", 400, "\"member\":\"name\"");
	expect(&w, "PATCH", "/api/v1/folders/1", "{\"name\":\"Press\",\"stories\":\"off\"}", 200,
		"\"name\":\"Press\",\"stories\":\"off\",\"kept\":true");
	expect(&w, "GET", "/api/v1/feeds/1", NULL, 200, "\"folder\":{\"id\":1,\"name\":\"Press\"}");
	expect(&w, "DELETE", "/api/v1/folders/1", NULL, 204, NULL);
	expect(&w, "GET", "/api/v1/feeds/1", NULL, 200, "\"folder\":null");
	expect(&w, "DELETE", "/api/v1/folders/1", NULL, 404, "not-found");
	poke(w.f.path, "INSERT INTO keep (level, name) VALUES (1, 'Empty')");
	expect(&w, "DELETE", "/api/v1/folders/2", NULL, 409, "declared-in-configuration");
	expect(&w, "PATCH", "/api/v1/folders/2", "{\"name\":\"x\"}", 409,
		"declared-in-configuration");
	world_close(&w);
}

static void test_counts(void **state)
{
	struct world w;
	json_t *json;

	(void)state;
	fill(&w);
	expect(&w, "PATCH", "/api/v1/items/3",
		"{\"starred\":true,\"read\":true,\"labels\":{\"add\":[\"x\"]}}", 200, NULL);
	json = ask_json(&w, "GET", "/api/v1/counts", NULL, 200);
	assert_keys(json, "feeds folders labels unread starred seq epoch");
	json_decref(json);
	expect(&w, "GET", "/api/v1/counts", NULL, 200,
		"{\"feeds\":[{\"id\":1,\"unread\":4,\"starred\":1,\"newest\":\"|"
		"{\"id\":2,\"unread\":5,\"starred\":0,|\"folders\":[{\"id\":1,\"unread\":9,|"
		"\"labels\":[{\"id\":1,\"unread\":0,\"starred\":1}]|\"unread\":9,\"starred\":1,"
		"\"seq\":");
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_bad_labels),
		cmocka_unit_test(test_batches),
		cmocka_unit_test(test_wishes),
		cmocka_unit_test(test_as_of),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_folders),
		cmocka_unit_test(test_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
