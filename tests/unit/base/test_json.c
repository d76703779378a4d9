/* Tests of the JSON writer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/json.h"
#include "base/times.h"
#include "support/fault.h"

enum { MAX = 100000 };

static void test_shapes(void **state)
{
	struct buf out;
	struct json j;

	(void)state;
	buf_init(&out, MAX);
	json_init(&j, &out);
	json_put_object(&j, NULL);
	json_put_array(&j, "empty");
	json_end(&j);
	json_put_object(&j, "also");
	json_end(&j);
	json_put_array(&j, "mixed");
	json_put_int(&j, NULL, INT64_MIN);
	json_put_int(&j, NULL, INT64_MAX);
	json_put_bool(&j, NULL, true);
	json_put_null(&j, NULL);
	json_put_object(&j, NULL);
	json_put_bool(&j, "f", false);
	json_put_string(&j, "s", "t");
	json_end(&j);
	json_put_raw(&j, NULL, "[1]", 3);
	json_end(&j);
	json_put_string(&j, "none", NULL);
	json_put_string_n(&j, "part", "abcdef", 3);
	json_put_string_opt(&j, "left out", NULL);
	json_put_string_opt(&j, "in", "");
	json_end(&j);
	assert_int_equal(buf_status(&out), 0);
	assert_string_equal(buf_string(&out),
		"{\"empty\":[],\"also\":{},\"mixed\":[-9223372036854775808,9223372036854775807,"
		"true,null,"
		"{\"f\":false,\"s\":\"t\"},[1]],\"none\":null,\"part\":\"abc\",\"in\":\"\"}");
	buf_finish(&out);
}

#define FILL "abcdefghijklmnopqrstuvwxyz 0123456789 ~~~"

static void test_strings(void **state)
{
	static const struct {
		const char *text;
		const char *json;
	} cases[] = {
		{"", "\"\""},
		{"plain / text", "\"plain / text\""},
		{"\"\\", "\"\\\"\\\\\""},
		{"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
		{"\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\""},
		{"\x1b[2J", "\"\\u001b[2J\""},
		{"\xC2\x80\xC2\x9F\xC2\xA0", "\"\\u0080\\u009f\xC2\xA0\""},
		{"\xE2\x80\xA8\xE2\x80\xA9\xE2\x80\xAA", "\"\\u2028\\u2029\xE2\x80\xAA\""},
		{"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80",
			"\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\""},
		{"a\xFFz", "\"a\xEF\xBF\xBDz\""},
		{"\xC0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
		{"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
		{"cut \xE2\x82", "\"cut \xEF\xBF\xBD\""},
		{"\xEF\xBF\xBD", "\"\xEF\xBF\xBD\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out;
		struct json j;

		buf_init(&out, MAX);
		json_init(&j, &out);
		json_put_string(&j, NULL, cases[i].text);
		assert_int_equal(buf_status(&out), 0);
		assert_string_equal(buf_string(&out), cases[i].json);
		buf_finish(&out);
	}
}

/* Texts are looked through in blocks: what needs care is found at each place of each. */
static void test_places(void **state)
{
	static const struct {
		const char *text;
		const char *json;
	} cases[] = {
		{"\"", "\\\""},
		{"\n", "\\n"},
		{"\x7f", "\\u007f"},
		{"\xC3\xA4", "\xC3\xA4"},
		{"\xFF", "\xEF\xBF\xBD"},
	};
	enum { LENGTH = 40 };

	(void)state;
	for (size_t i = 0; i < (LENGTH + 1) * sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = cases[i / (LENGTH + 1)].text;
		int before = (int)(i % (LENGTH + 1));
		char whole[2 * LENGTH + 8], wanted[2 * LENGTH + 16];
		struct buf out;
		struct json j;

		snprintf(whole, sizeof(whole), "%.*s%s%.*s", before, FILL, text, LENGTH - before,
			FILL);
		snprintf(wanted, sizeof(wanted), "\"%.*s%s%.*s\"", before, FILL,
			cases[i / (LENGTH + 1)].json, LENGTH - before, FILL);
		buf_init(&out, MAX);
		json_init(&j, &out);
		json_put_string(&j, NULL, whole);
		assert_string_equal(buf_string(&out), wanted);
		buf_finish(&out);
	}
}

static void test_string_with_nul(void **state)
{
	struct buf out;
	struct json j;

	(void)state;
	buf_init(&out, MAX);
	json_init(&j, &out);
	json_put_string_n(&j, NULL, "a\0b", 3);
	assert_string_equal(buf_string(&out), "\"a\\u0000b\"");
	buf_finish(&out);
}

static void test_doubles(void **state)
{
	static const struct {
		double value;
		const char *json;
	} cases[] = {
		{0, "0.000"},
		{-0.0, "0.000"},
		{0.5, "0.500"},
		{-0.0004, "0.000"},
		{-0.0006, "-0.001"},
		{1.9996, "2.000"},
		{-12.25, "-12.250"},
		{123456789.125, "123456789.125"},
		{1e15, "1000000000000000.000"},
		{1e18, "1000000000000000000"},
		{-1e18, "-1000000000000000000"},
		{1.0 / 0.0, "null"},
		{-1.0 / 0.0, "null"},
		{0.0 / 0.0, "null"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out;
		struct json j;

		buf_init(&out, MAX);
		json_init(&j, &out);
		json_put_double(&j, NULL, cases[i].value);
		assert_string_equal(buf_string(&out), cases[i].json);
		buf_finish(&out);
	}
}

static void test_times(void **state)
{
	struct buf out;
	struct json j;

	(void)state;
	buf_init(&out, MAX);
	json_init(&j, &out);
	json_put_object(&j, NULL);
	json_put_time(&j, "a", 1);
	json_put_time(&j, "b", TIME_NONE);
	json_put_time(&j, "d", -1);
	json_end(&j);
	assert_string_equal(buf_string(&out), "{\"a\":\"1970-01-01T00:00:00.001Z\",\"b\":null,"
					      "\"d\":\"1969-12-31T23:59:59.999Z\"}");
	buf_finish(&out);
}

static void test_depth(void **state)
{
	static const struct {
		int depth;
		int status;
	} cases[] = {
		{JSON_DEPTH_MAX, 0},
		{JSON_DEPTH_MAX + 1, ERR_TOO_BIG},
		{JSON_DEPTH_MAX + 100, ERR_TOO_BIG},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out;
		struct json j;

		buf_init(&out, MAX);
		json_init(&j, &out);
		for (int d = 0; d < cases[i].depth; d++)
			json_put_array(&j, NULL);
		for (int d = 0; d < cases[i].depth; d++)
			json_end(&j);
		assert_int_equal(buf_status(&out), cases[i].status);
		buf_finish(&out);
	}
}

static void test_one_end_too_many(void **state)
{
	struct buf out;
	struct json j;

	(void)state;
	buf_init(&out, MAX);
	json_init(&j, &out);
	json_put_object(&j, NULL);
	json_end(&j);
	json_end(&j);
	assert_int_equal(buf_status(&out), ERR_INTERNAL);
	buf_finish(&out);
}

static void write_document(struct json *j)
{
	json_put_object(j, NULL);
	json_put_array(j, "items");
	for (int i = 0; i < 20; i++) {
		json_put_object(j, NULL);
		json_put_int(j, "id", i);
		json_put_string(j, "title", "Tom & \"Jerry\" \xFF");
		json_put_double(j, "score", i / 3.0);
		json_put_time(j, "published", i * INT64_C(86400000));
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

static void test_out_of_memory(void **state)
{
	long n = 0;
	long failed;

	(void)state;
	do {
		struct buf out;
		struct json j;

		buf_init(&out, MAX);
		json_init(&j, &out);
		fault_malloc_after(n++);
		write_document(&j);
		failed = fault_malloc_off();
		assert_int_equal(buf_status(&out), failed ? ERR_NOMEM : 0);
		buf_finish(&out);
	} while (failed);
	assert_true(n > 4);
}

/* However small the buffer, a failure is reported and nothing is written beyond it. */
static void test_every_maximum(void **state)
{
	struct buf whole;
	struct json j;

	(void)state;
	buf_init(&whole, MAX);
	json_init(&j, &whole);
	write_document(&j);
	for (size_t max = 0; max <= whole.len; max++) {
		struct buf out;

		buf_init(&out, max);
		json_init(&j, &out);
		write_document(&j);
		assert_int_equal(buf_status(&out), max < whole.len ? ERR_TOO_BIG : 0);
		assert_true(out.len <= max);
		if (out.len)
			assert_memory_equal(out.data, whole.data, out.len);
		buf_finish(&out);
	}
	buf_finish(&whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_string_with_nul),
		cmocka_unit_test(test_doubles),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_one_end_too_many),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_every_maximum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
