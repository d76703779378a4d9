/* The long texts of a JSON document, taken out: what is left and they say what jansson reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "parse/json_texts.h"

#define TEN     "0123456789"
#define SIXTY   TEN TEN TEN TEN TEN TEN
#define SEVENTY SIXTY TEN

struct row {
	const char *json;
	bool taken;
};

static const struct row rows[] = {
	{"{\"a\":\"" SEVENTY "\",\"b\":1}", true},
	{"[\"" SIXTY "01234\",\"" SEVENTY "\",\"short\",null,true,1.5,{}]", true},
	/* those that jansson reads: no longer than 64, and keys */
	{"[\"" SIXTY "0123\"]", true},
	{"{\"" SEVENTY "\" : [\"" SEVENTY "\"]}", true},
	{"{\"@1\":\"@1 2\",\"text\":\"" SEVENTY "\"}", true},
	{"[\"@\",\"\\u00401 2\",\"" SEVENTY SEVENTY "\",\"\"]", true},
	{"[\"" SIXTY "\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u4E2D\\ud83d\\uDE80 é中🚀\"]", true},
	{"[\"" SEVENTY "\\\\\",\"" SEVENTY "\\\\\\\"\"]", true},
	{"{}", true},
	/* what is malformed in a string, and what does not get smaller */
	{"[\"" SEVENTY, false},
	{"[\"" SEVENTY "\n\"]", false},
	{"[\"" SEVENTY "\\x\"]", false},
	{"[\"" SEVENTY "\\", false},
	{"[\"" SEVENTY "\\u12", false},
	{"[\"" SEVENTY "\\u00g0\"]", false},
	{"[\"" SEVENTY "\\u0000\"]", false},
	{"[\"" SEVENTY "\\ud83d\"]", false},
	{"[\"" SEVENTY "\\ud83d\\u0041\"]", false},
	{"[\"" SEVENTY "\\ude80\"]", false},
	{"[\"@\",\"@\",\"@\"]", false},
};

static void same(const struct json_texts *t, const json_t *got, const json_t *want)
{
	const char *key, *text;
	json_t *value;
	size_t len;

	assert_int_equal(json_typeof(got), json_typeof(want));
	text = json_texts_get(t, got, &len);
	if (json_is_string(want)) {
		assert_int_equal(len, json_string_length(want));
		assert_memory_equal(text, json_string_value(want), len + 1);
	} else {
		assert_null(text);
	}
	assert_int_equal(json_array_size(got), json_array_size(want));
	for (size_t i = 0; i < json_array_size(want); i++)
		same(t, json_array_get(got, i), json_array_get(want, i));
	assert_int_equal(json_object_size(got), json_object_size(want));
	json_object_foreach((json_t *)(uintptr_t)want, key, value)
		same(t, json_object_get(got, key), value);
}

static void check(const struct row *row)
{
	size_t len = strlen(row->json);
	struct json_texts t;

	json_texts_init(&t, len);
	assert_int_equal(json_texts_take(&t, row->json, len), row->taken);
	if (row->taken) {
		json_t *got = json_loadb(buf_string(&t.json), t.json.len, 0, NULL);
		json_t *want = json_loadb(row->json, len, 0, NULL);

		assert_non_null(got);
		assert_non_null(want);
		same(&t, got, want);
		json_decref(got);
		json_decref(want);
	}
	json_texts_finish(&t);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&rows[i]);
}

/* The point of it: jansson sees little of a document of long texts. */
static void test_smaller(void **state)
{
	static const char json[] = "{\"a\":\"" SEVENTY SEVENTY "\",\"b\":[\"" SEVENTY "\"]}";
	struct json_texts t;

	(void)state;
	json_texts_init(&t, sizeof(json) - 1);
	assert_true(json_texts_take(&t, json, sizeof(json) - 1));
	assert_string_equal(buf_string(&t.json), "{\"a\":\"@0 140\",\"b\":[\"@141 70\"]}");
	json_texts_finish(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_smaller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
