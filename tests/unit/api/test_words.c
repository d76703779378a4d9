/* What users say of stories, over the socket. */
#include "unit/api/answers.h"

static void test_merge(void **state)
{
	struct world w;

	(void)state;
	fill(&w);
	expect(&w, "POST", "/api/v1/stories/2/merge", "{\"stories\":[3,4]}", 200,
		"{\"id\":2,|\"items\":3,|\"reason\":\"manual\"|\"apart\":[]");
	expect(&w, "GET", "/api/v1/stories/4", NULL, 200, "{\"id\":2,");
	expect(&w, "GET", "/api/v1/items?story=4&fields=id&dir=asc", NULL, 200,
		"[{\"id\":2},{\"id\":3},{\"id\":4}]");
	expect(&w, "GET", "/api/v1/items?story=99&fields=id", NULL, 200, "\"items\":[]");
	expect(&w, "POST", "/api/v1/stories/2/merge", "{\"stories\":[99]}", 404, "not-found");
	expect(&w, "POST", "/api/v1/stories/2/merge", "{\"stories\":[\"x\"]}", 400,
		"\"member\":\"stories\"");
	expect(&w, "POST", "/api/v1/stories/2/merge", "{\"items\":[1]}", 400,
		"\"member\":\"items\"");
	assert_counts(w.f.path);
	world_close(&w);
}

/* So many that others would wait for long. */
static void test_too_many(void **state)
{
	static const struct {
		const char *path, *member;
		int most;
	} cases[] = {
		{"merge", "stories", 100}, {"apart", "stories", 100}, {"split", "items", 1000}};
	struct world w;

	(void)state;
	fill(&w);
	for (size_t i = 0; i < 3; i++) {
		char target[60];
		struct buf body;

		snprintf(target, sizeof(target), "/api/v1/stories/1/%s", cases[i].path);
		buf_init(&body, 1 << 16);
		buf_printf(&body, "{\"%s\":[9", cases[i].member);
		for (int n = 0; n < cases[i].most; n++)
			buf_puts(&body, ",9");
		buf_puts(&body, "]}");
		expect(&w, "POST", target, buf_string(&body), 400, "members here");
		buf_finish(&body);
	}
	world_close(&w);
}

static void test_split(void **state)
{
	struct world w;

	(void)state;
	fill(&w);
	expect(&w, "POST", "/api/v1/stories/1/merge", "{\"stories\":[2,3]}", 200, NULL);
	expect(&w, "POST", "/api/v1/stories/1/split", "{\"items\":[1]}", 200,
		"{\"id\":11,|\"items\":1,|\"item\":1,|\"pinned\":true|\"reason\":\"manual\"|"
		"\"apart\":[1]}");
	expect(&w, "GET", "/api/v1/stories/1", NULL, 200, "\"title\":\"guid-2\"|\"apart\":[11]");
	expect(&w, "POST", "/api/v1/stories/1/split", "{\"items\":[1]}", 404,
		"there is no item 1 in story 1");
	expect(&w, "POST", "/api/v1/stories/1/split", "{\"items\":[2,3]}", 400,
		"not all: it has 2");
	expect(&w, "POST", "/api/v1/stories/1/split", "{\"items\":[]}", 400, "not none");
	expect(&w, "GET", "/api/v1/changes?kinds=story.split", NULL, 200,
		"\"op\":\"split\"|\"ids\":[1,11]");
	assert_counts(w.f.path);
	world_close(&w);
}

static void test_apart_and_pinned(void **state)
{
	struct world w;

	(void)state;
	fill(&w);
	expect(&w, "POST", "/api/v1/stories/5/apart", "{\"stories\":[4,6,4]}", 200,
		"{\"id\":5,|\"apart\":[4,6]}");
	expect(&w, "POST", "/api/v1/stories/5/apart", "{\"stories\":[5]}", 400, "one story by now");
	expect(&w, "POST", "/api/v1/stories/5/apart", "{\"stories\":[77]}", 404, "not-found");
	expect(&w, "POST", "/api/v1/stories/4/merge", "{\"stories\":[5]}", 200, "\"apart\":[6]}");
	expect(&w, "PATCH", "/api/v1/stories/7", "{\"pinned\":true,\"read\":true}", 200,
		"\"read\":true|\"pinned\":true");
	expect(&w, "PATCH", "/api/v1/items/7", "{\"pinned\":false}", 200, "{\"id\":7,");
	expect(&w, "GET", "/api/v1/stories/7", NULL, 200, "\"read\":true|\"pinned\":false");
	expect(&w, "PATCH", "/api/v1/items/77", "{\"pinned\":false}", 404, "not-found");
	expect(&w, "PATCH", "/api/v1/stories/7", "{\"pinned\":1}", 400, "\"member\":\"pinned\"");
	assert_counts(w.f.path);
	world_close(&w);
}

static void test_never(void **state)
{
	static const char *const bad[] = {"a b", "http://a.example", "a.example:81", "u@a.example",
		"a.example/x", "a.example?x", "a.example#x"};
	char body[100];
	struct world w;

	(void)state;
	fill(&w);
	expect(&w, "GET", "/api/v1/stories/never", NULL, 200, "{\"hosts\":[]}");
	expect(&w, "POST", "/api/v1/stories/never",
		"{\"host\":\"B\u00dccher.Example\",\"never\":true}", 200,
		"{\"hosts\":[\"xn--bcher-kva.example\"]}");
	expect(&w, "POST", "/api/v1/stories/never", "{\"host\":\"a.example\",\"never\":true}", 200,
		"{\"hosts\":[\"a.example\",\"xn--bcher-kva.example\"]}");
	expect(&w, "POST", "/api/v1/stories/never", "{\"host\":\"a.example\",\"never\":false}", 200,
		"{\"hosts\":[\"xn--bcher-kva.example\"]}");
	expect(&w, "POST", "/api/v1/stories/never", "{\"host\":\"a.example\",\"never\":false}", 404,
		"nothing was said of the host a.example");
	expect(&w, "POST", "/api/v1/stories/never", "{\"host\":null,\"never\":true}", 400,
		"\"member\":\"host\"");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(body, sizeof(body), "{\"host\":\"%s\",\"never\":true}", bad[i]);
		expect(&w, "POST", "/api/v1/stories/never", body, 400, "\"member\":\"host\"");
	}
	world_close(&w);
}

static void test_rebuild(void **state)
{
	struct world w;

	(void)state;
	fill(&w);
	expect(&w, "GET", "/api/v1/stories/rebuild", NULL, 200, "{\"task\":null}");
	w.task = (struct api_task){.begun = true, .running = true, .done = 3, .total = 7};
	expect(&w, "POST", "/api/v1/stories/rebuild", "{\"since\":\"2026-11-18T11:06:40Z\"}", 202,
		"{\"task\":{\"kind\":\"rebuild\",\"state\":\"running\",\"done\":3,\"total\":7,"
		"\"error\":null,\"detail\":null}}");
	assert_int_equal(w.rebuilt_since, NOW);
	w.task = (struct api_task){.begun = true, .done = 7, .total = 7};
	expect(&w, "GET", "/api/v1/stories/rebuild", NULL, 200, "\"state\":\"done\"");
	w.task = (struct api_task){.begun = true, .status = ERR_IO, .text = "no luck"};
	expect(&w, "GET", "/api/v1/stories/rebuild", NULL, 200,
		"\"state\":\"failed\"|\"error\":\"io-error\",\"detail\":\"no luck\"");
	expect(&w, "POST", "/api/v1/stories/rebuild", "{\"since\":\"yesterday\"}", 400,
		"\"member\":\"since\"|must be a time");
	w.refresh_code = ERR_BUSY;
	expect(&w, "POST", "/api/v1/stories/rebuild", "{\"since\":\"2026-11-18T11:06:40Z\"}", 503,
		"stories are being rebuilt");
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_apart_and_pinned),
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_rebuild),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
