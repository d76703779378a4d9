/* Pure helpers: targets, queries, decoding, dates, heads, parameters, cursors, problems. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "api/body.h"
#include "api/http.h"
#include "api/params.h"
#include "api/problem.h"
#include "base/err.h"
#include "limits.h"

static struct slice slice_of(const char *text)
{
	return (struct slice){text, strlen(text)};
}

static void assert_slice(struct slice s, const char *text)
{
	if (!slice_is(s, text))
		fail_msg("\"%.*s\" instead of \"%s\"", (int)s.len, s.at, text);
}

static void test_targets(void **state)
{
	static const struct {
		const char *target, *path, *query;
	} cases[] = {
		{"/a/b?c=d", "/a/b", "c=d"},
		{"/a", "/a", ""},
		{"/a?", "/a", ""},
		{"/a?b?c", "/a", "b?c"},
		{"/a?b#c", "/a", "b"},
		{"/a#b?c", "/a", ""},
		{"http://host:1/a?b", "/a", "b"},
		{"HTTP://host?b", "", "b"},
		{"http://host", "", ""},
		{"*", "*", ""},
		{"", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice path, query;
		http_split_target(cases[i].target, &path, &query);
		assert_slice(path, cases[i].path);
		assert_slice(query, cases[i].query);
	}
}

static void test_paths(void **state)
{
	struct slice s[3];

	(void)state;
	assert_int_equal(http_split_path(slice_of("/api/v1/feeds"), 3, s), 3);
	assert_slice(s[0], "api");
	assert_slice(s[2], "feeds");
	assert_int_equal(http_split_path(slice_of("//api///v1/"), 3, s), 2);
	assert_slice(s[1], "v1");
	assert_int_equal(http_split_path(slice_of("/a%2Fb/c"), 3, s), 2);
	assert_slice(s[0], "a%2Fb");
	assert_int_equal(http_split_path(slice_of("/"), 3, s), 0);
	assert_int_equal(http_split_path(slice_of(""), 3, s), 0);
	assert_int_equal(http_split_path(slice_of("/a/b/c/d"), 3, s), 4);
	assert_int_equal(http_split_path(slice_of("/a/b/c/d/e/f"), 3, s), 4);
}

static void test_pairs(void **state)
{
	static const struct {
		const char *query;
		const char *pairs; /* name>value; */
	} cases[] = {
		{"a=1&b=2", "a>1;b>2;"},
		{"api&feeds", "api>;feeds>;"},
		{"?api=&x", "?api>;x>;"},
		{"&&a=1&", "a>1;"},
		{"a=b=c", "a>b=c;"},
		{"=x", ">x;"},
		{"a=1&a=2", "a>1;a>2;"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice query = slice_of(cases[i].query), name, value;
		char got[100] = "";
		while (http_next_pair(&query, &name, &value))
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%.*s>%.*s;",
				(int)name.len, name.at, (int)value.len, value.at);
		assert_string_equal(got, cases[i].pairs);
	}
}

static void test_decode(void **state)
{
	static const struct {
		const char *in;
		enum http_coding coding;
		const char *out; /* NULL: refused */
	} cases[] = {
		{"plain", HTTP_CODED_QUERY, "plain"},
		{"a+b", HTTP_CODED_QUERY, "a b"},
		{"a+b", HTTP_CODED_PATH, "a+b"},
		{"%41%7a%2F%2f", HTTP_CODED_QUERY, "Az//"},
		{"%C3%A4", HTTP_CODED_QUERY, "\xC3\xA4"},
		{"\xC3\xA4", HTTP_CODED_QUERY, "\xC3\xA4"},
		{"", HTTP_CODED_QUERY, ""},
		{"%", HTTP_CODED_QUERY, NULL},
		{"%4", HTTP_CODED_QUERY, NULL},
		{"%4x", HTTP_CODED_QUERY, NULL},
		{"%G1", HTTP_CODED_QUERY, NULL},
		{"%00", HTTP_CODED_QUERY, NULL},
		{"%0a", HTTP_CODED_QUERY, NULL},
		{"%7F", HTTP_CODED_QUERY, NULL},
		{"%FF", HTTP_CODED_QUERY, NULL},
		{"%C3", HTTP_CODED_QUERY, NULL},
		{"%%41", HTTP_CODED_QUERY, NULL},
		{"%%41+%+%4", HTTP_CODED_FORM, "%A % %4"},
		{"%4x", HTTP_CODED_PATH, NULL},
		{"%00", HTTP_CODED_FORM, NULL},
		{"%FF", HTTP_CODED_FORM, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena arena;
		char *text = NULL;
		arena_init(&arena, 4096);
		int code = http_decode(&arena, slice_of(cases[i].in), cases[i].coding, &text);
		if (cases[i].out) {
			assert_int_equal(code, 0);
			assert_string_equal(text, cases[i].out);
		} else {
			assert_int_equal(code, ERR_INVALID);
			assert_null(text);
		}
		arena_finish(&arena);
	}
}

static void test_dates(void **state)
{
	char out[HTTP_DATE_BYTES];

	(void)state;
	assert_string_equal(http_date(0, out), "Thu, 01 Jan 1970 00:00:00 GMT");
	assert_string_equal(http_date(784111777999, out),
		"Sun, 06 Nov 1994 08:49:37 GMT"); /* RFC 9110, 5.6.7 */
	assert_string_equal(http_date(1709209845000, out), "Thu, 29 Feb 2024 12:30:45 GMT");
}

static void test_heads(void **state)
{
	struct buf out;
	const struct http_head plain = {200, NULL, "application/json", 12, false, NULL};
	const struct http_head accepted = {202, NULL, NULL, 0, false, NULL};
	const struct http_head same = {304, NULL, NULL, 0, false, NULL};
	const struct http_head empty = {204, NULL, NULL, 0, true, "Allow: GET\r\n"};
	const struct http_head stream = {
		409, "Feed exists already", "text/event-stream", -1, true, NULL};

	(void)state;
	buf_init(&out, 4096);
	http_write_head(&out, &plain, 0);
	assert_string_equal(buf_string(&out),
		"HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nServer: "
		"tidings/" TIDINGS_VERSION "\r\nContent-Type: application/json\r\nCache-Control: "
		"no-store\r\nContent-Length: 12\r\n\r\n");
	buf_reset(&out);
	http_write_head(&out, &empty, 0);
	assert_null(strstr(out.data, "Content-"));
	assert_non_null(strstr(out.data, "Connection: close\r\nAllow: GET\r\n\r\n"));
	buf_reset(&out);
	http_write_head(&out, &accepted, 0); /* else clients wait for a body */
	assert_non_null(strstr(out.data, "\r\nContent-Length: 0\r\n\r\n"));
	buf_reset(&out);
	http_write_head(&out, &same, 0);
	assert_null(strstr(out.data, "Content-"));
	buf_reset(&out);
	http_write_head(&out, &stream, 0);
	assert_null(strstr(out.data, "Content-Length"));
	buf_finish(&out);
}

static void test_params(void **state)
{
	static const struct {
		const char *query;
		const char *detail; /* NULL: accepted */
	} cases[] = {
		{"", NULL},
		{"limit=1&feed=7&read=true&dir=asc", NULL},
		{"limit=1000", NULL},
		{"limit=0", "limit must be between 1 and 1000"},
		{"limit=1001", "limit must be between 1 and 1000"},
		{"limit=", "limit must be between 1 and 1000"},
		{"limit", "limit must be between 1 and 1000"},
		{"limit=-1", "limit must be between 1 and 1000"},
		{"limit=%31%30", NULL},
		{"limit=1%20", "limit must be between 1 and 1000"},
		{"limit=%zz", "limit is not well encoded"},
		{"feed=0", "feed must be a number from 1"},
		{"feed=9223372036854775807", NULL},
		{"feed=9223372036854775808", "feed must be a number from 1"},
		{"feed=99999999999999999999999999", "feed must be a number from 1"},
		{"read=1", "read must be one of: false true"},
		{"dir=up", "dir must be one of: desc asc"},
		{"dir=des", "dir must be one of: desc asc"},
		{"received_after=2026-11-23T20:00:00Z", NULL},
		{"received_after=2026-11-23T20:00:00%2B01:00", NULL},
		{"received_after=yesterday",
			"received_after must be a time like 2026-11-23T20:00:00Z"},
		{"since=12", NULL},
		{"since=b7f1-12", NULL},
		{"since=-12", "since must be a number or EPOCH-NUMBER"},
		{"since=b7f1-", "since must be a number or EPOCH-NUMBER"},
		{"since=0123456789012345678901234-1", "since must be a number or EPOCH-NUMBER"},
		{"q=words", "search is not there yet"},
		{"limits=1", "there is no parameter limits here"},
		{"story=1", "there is no parameter story here"},
		{"feed=1&feed=2", "feed is given twice"},
	};
	const unsigned allowed = ~(PARAM_BIT(PARAM_STORY) | PARAM_OTHERS);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_problem p = {0};
		struct params params;
		struct arena arena;
		arena_init(&arena, 4096);
		int code = params_parse(slice_of(cases[i].query), allowed, &arena, &params, &p);
		assert_int_equal(code, cases[i].detail ? ERR_INVALID : 0);
		assert_string_equal(p.detail, cases[i].detail ? cases[i].detail : "");
		if (cases[i].detail) {
			assert_string_equal(p.where, "parameter");
			assert_memory_equal(p.where_name, cases[i].query, strlen(p.where_name));
		}
		arena_finish(&arena);
	}
}

static void test_param_values(void **state)
{
	struct http_problem p = {0};
	struct params params;
	struct arena arena;

	(void)state;
	arena_init(&arena, 4096);
	assert_int_equal(
		params_parse(
			slice_of("limit=5&read=false&starred=true&since=ab-9&order=rev&fields=a+b"),
			UINT32_MAX, &arena, &params, &p),
		0);
	assert_int_equal(params_number(&params, PARAM_LIMIT, 100), 5);
	assert_int_equal(params_number(&params, PARAM_FEED, 100), 100);
	assert_int_equal(params_tristate(&params, PARAM_READ), -1);
	assert_int_equal(params_tristate(&params, PARAM_STARRED), 1);
	assert_int_equal(params_number(&params, PARAM_ORDER, 0), 2);
	assert_int_equal(params_number(&params, PARAM_SINCE, 0), 9);
	assert_string_equal(params.epoch, "ab");
	assert_string_equal(params_text(&params, PARAM_FIELDS), "a b");
	assert_null(params_text(&params, PARAM_KINDS));
	assert_int_equal(params_parse(slice_of(""), 0, &arena, &params, &p), 0);
	assert_int_equal(params_tristate(&params, PARAM_READ), 0);
	arena_finish(&arena);
}

static int read_cursor(
	const char *text, char order, bool ascending, struct page *ret_page, struct http_problem *p)
{
	struct params params = {.given = PARAM_BIT(PARAM_DIR),
		.values = {[PARAM_CURSOR] = {.text = text}, [PARAM_DIR] = {.number = ascending}}};

	return page_parse(&params, order, ret_page, p);
}

static void test_cursors(void **state)
{
	static const struct page pages[] = {
		{.key = 1, .id = 1, .more = true},
		{.ascending = true, .key = -5, .id = 2147483647, .more = true},
		{.key = INT64_C(1795000000000), .id = 12, .more = true},
		{.ascending = true, .key = INT64_MIN, .id = INT64_MAX, .more = true},
	};
	static const char *const strange[] = {"", "x", "!!!!", "id", "id1", "id1-", "id1-0",
		"id1-1-1", "id1-1\xC3\xA4", "id1-8000000000000000", "id11111111111111111-1"};
	struct http_problem none = {0};
	char text[CURSOR_TEXT_BYTES];
	struct page got;

	(void)state;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		const struct page *c = &pages[i];
		struct http_problem p = {0};
		assert_ptr_equal(page_cursor(c, 'i', text), text);
		assert_true(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz01234"
					 "56789-_") == strlen(text));
		assert_int_equal(read_cursor(text, 'i', c->ascending, &got, &p), 0);
		assert_int_equal(got.key, c->key);
		assert_int_equal(got.id, c->id);
		assert_int_equal(read_cursor(text, 'x', c->ascending, &got, &p), ERR_INVALID);
		assert_string_equal(p.detail, "cursor belongs to a list in another order");
		p = none;
		assert_int_equal(read_cursor(text, 'i', !c->ascending, &got, &p), ERR_INVALID);
	}
	for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
		struct http_problem p = {0};
		if (read_cursor(strange[i], 'i', false, &got, &p) != ERR_INVALID)
			fail_msg("%s was taken", strange[i]);
		assert_string_equal(p.where_name, "cursor");
	}
	char longest[500];
	memset(longest, 'a', sizeof(longest));
	longest[499] = '\0';
	assert_int_equal(
		read_cursor(longest, 'i', false, &got, &(struct http_problem){0}), ERR_INVALID);
	assert_int_equal(read_cursor(NULL, 'i', false, &got, &none), 0);
	assert_int_equal(got.id, 0);
	assert_int_equal(got.limit, 100);
	assert_null(page_cursor(&got, 'i', text));
}

static void test_bodies(void **state)
{
	static const struct {
		const char *json;
		unsigned allowed, required;
		const char *where, *detail; /* detail NULL: accepted; else how it begins */
	} cases[] = {
#define STATES (MEMBER_BIT(MEMBER_READ) | MEMBER_BIT(MEMBER_STARRED))
#define BATCH  (MEMBER_BIT(MEMBER_IDS) | MEMBER_BIT(MEMBER_SET))
#define FEED                                                                                       \
	(MEMBER_BIT(MEMBER_URL) | MEMBER_BIT(MEMBER_NAME) | MEMBER_BIT(MEMBER_FOLDER) |            \
		MEMBER_BIT(MEMBER_INTERVAL))
		{"{\"read\":true}", STATES, 0, NULL, NULL},
		{"{\"read\":true,\"starred\":false}", STATES, 0, NULL, NULL},
		{"{}", STATES, 0, NULL, "the body sets nothing"},
		{"{\"read\":1}", STATES, 0, "read", "read must be true or false"},
		{"{\"raed\":true}", STATES, 0, "raed", "there is no member raed here"},
		{"{\"url\":\"x\"}", STATES, 0, "url", "there is no member url here"},
		{"{\"read\":true,\"read\":false}", STATES, 0, NULL,
			"the body is not JSON: line 1, column "},
		{"[]", STATES, 0, NULL, "the body must be a JSON object"},
		{"{\n\"read\": tru}", STATES, 0, NULL, "the body is not JSON: line 2, column "},
		{"{\"read\":true} x", STATES, 0, NULL, "the body is not JSON: line 1, column "},
		{"{\"ids\":[1,2],\"set\":{\"read\":true}}", BATCH, BATCH, NULL, NULL},
		{"{\"ids\":[],\"set\":{\"read\":true}}", BATCH, BATCH, NULL, NULL},
		{"{\"ids\":[1]}", BATCH, BATCH, "set", "set is missing"},
		{"{\"ids\":1,\"set\":{\"read\":true}}", BATCH, BATCH, "ids",
			"ids must be a list of ids"},
		{"{\"ids\":[0],\"set\":{\"read\":true}}", BATCH, BATCH, "ids",
			"ids must be a list of ids"},
		{"{\"ids\":[1.5],\"set\":{\"read\":true}}", BATCH, BATCH, "ids",
			"ids must be a list of ids"},
		{"{\"ids\":[1],\"set\":{}}", BATCH, BATCH, NULL, "the body sets nothing"},
		{"{\"ids\":[1],\"set\":{\"set\":{}}}", BATCH, BATCH, "set",
			"there is no member set here"},
		{"{\"ids\":[1],\"set\":[]}", BATCH, BATCH, "set", "set must be an object"},
		{"{\"url\":\"https://a.example/"
		 "\",\"name\":null,\"folder\":\"News\",\"interval_s\":3600}",
			FEED, MEMBER_BIT(MEMBER_URL), NULL, NULL},
		{"{\"url\":null}", FEED, 0, "url", "url must be a URL"},
		{"{\"url\":\"\"}", FEED, 0, "url", "url must be a URL"},
		{"{\"name\":\"\"}", FEED, 0, "name",
			"name must be a text that is not empty, or null"},
		{"{\"name\":\"a\\nb\"}", FEED, 0, "name",
			"name must be one line without control characters"},
		{"{\"name\":\"a\\u0000b\"}", FEED, 0, NULL, "the body is not JSON"},
		{"{\"interval_s\":null}", FEED, 0, NULL, NULL},
		{"{\"interval_s\":1}", FEED, 0, "interval_s",
			"interval_s must be between 300 and 2592000, or null"},
		{"{\"interval_s\":\"3600\"}", FEED, 0, "interval_s", "interval_s must be between"},
		{"{\"interval_s\":3e3}", FEED, 0, "interval_s", "interval_s must be between"},
		{"{\"name\":\"x\"}", FEED, MEMBER_BIT(MEMBER_URL), "url", "url is missing"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_problem p = {0};
		struct json_t *body = body_parse(cases[i].json, strlen(cases[i].json), &p);
		int code = body ? body_check(body, cases[i].allowed, cases[i].required, &p)
				: ERR_INVALID;
		if (code != (cases[i].detail ? ERR_INVALID : 0))
			fail_msg("%s: %d %s", cases[i].json, code, p.detail);
		if (cases[i].detail &&
			strncmp(p.detail, cases[i].detail, strlen(cases[i].detail)) != 0)
			fail_msg("%s: %s", cases[i].json, p.detail);
		assert_string_equal(p.where_name, cases[i].where ? cases[i].where : "");
		body_free(body);
	}
}

static void test_c16_json_depth(void **state)
{
	char text[600];
	struct http_problem p = {0};

	(void)state;
	for (int depth = API_JSON_DEPTH; depth <= API_JSON_DEPTH + 1; depth++) {
		p = (struct http_problem){0};
		memset(text, '[', (size_t)depth);
		memset(text + depth, ']', (size_t)depth);
		assert_null(body_parse(text, 2 * (size_t)depth, &p));
		assert_string_equal(
			p.detail, depth > API_JSON_DEPTH
					  ? "the body is nested too deeply or has too many values"
					  : "the body must be a JSON object");
	}
	/* Brackets inside of strings are no nesting. */
	p = (struct http_problem){0};
	snprintf(text, sizeof(text), "{\"a\\\"[\":\"%0100d%s\"}", 0,
		"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
		"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[");
	struct json_t *body = body_parse(text, strlen(text), &p);
	assert_non_null(body);
	body_free(body);
}

/* What 4 MiB of "{}," become as a tree is half a gigabyte. */
static void test_c16_json_values(void **state)
{
	struct http_problem p = {0};
	struct buf text;

	(void)state;
	buf_init(&text, API_BODY_MAX);
	buf_puts(&text, "{\"ids\":[");
	for (int i = 0; i < API_JSON_VALUES; i++)
		buf_puts(&text, "1,");
	buf_puts(&text, "1]}");
	assert_null(body_parse(text.data, text.len, &p));
	assert_int_equal(p.kind, PROBLEM_JSON);
	buf_finish(&text);
}

static void test_problems(void **state)
{
	struct http_problem p = {0};
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	assert_int_equal(
		problem_at(&p, "parameter", "limit", "limit must be between %d and %d", 1, 1000),
		ERR_INVALID);
	problem_set(&p, PROBLEM_INTERNAL, "this comes too late");
	problem_render(&p, "/api/v1/items?limit=0", &out);
	assert_string_equal(buf_string(&out),
		"{\"type\":\"urn:tidings:problem:invalid-parameter\",\"title\":\"Invalid "
		"parameter\",\"status\":400,"
		"\"code\":\"invalid-parameter\",\"detail\":\"limit must be between 1 and 1000\","
		"\"instance\":\"/api/v1/items?limit=0\","
		"\"errors\":[{\"parameter\":\"limit\",\"detail\":\"limit must be between 1 and "
		"1000\"}]}\n");
	buf_reset(&out);
	p = (struct http_problem){.existing = 7};
	problem_from_err(&p, ERR_EXISTS, NULL);
	problem_render(&p, NULL, &out);
	assert_non_null(strstr(out.data,
		"\"status\":409,\"code\":\"feed-exists\",\"detail\":\"exists already\","
		"\"instance\":null,\"errors\":[],\"existing\":7}"));
	buf_finish(&out);
	p = (struct http_problem){0};
	char longest[1000];
	memset(longest, 'x', sizeof(longest));
	longest[999] = '\0';
	problem_set(&p, PROBLEM_INTERNAL, "%s", longest);
	assert_int_equal(strlen(p.detail), PROBLEM_TEXT_BYTES - 4);
}

static void test_problem_table(void **state)
{
	static const struct {
		int code, status;
	} cases[] = {{ERR_NOT_FOUND, 404}, {ERR_DENIED, 409}, {ERR_EXISTS, 409}, {ERR_INVALID, 400},
		{ERR_BUSY, 503}, {ERR_NOMEM, 503}, {ERR_TIMEOUT, 503}, {ERR_FULL, 507},
		{ERR_IO, 503}, {ERR_CORRUPT, 503}, {ERR_TOO_BIG, 500}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_problem p = {0};
		problem_from_err(&p, cases[i].code, NULL);
		assert_int_equal(problem_types[p.kind].status, cases[i].status);
		assert_int_not_equal(p.kind, PROBLEM_INTERNAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_params),
		cmocka_unit_test(test_param_values),
		cmocka_unit_test(test_cursors),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_c16_json_depth),
		cmocka_unit_test(test_c16_json_values),
		cmocka_unit_test(test_problems),
		cmocka_unit_test(test_problem_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
