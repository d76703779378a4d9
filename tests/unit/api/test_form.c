/* Forms: as clients write them, well encoded or not. */
#include "api/form.h"
#include "base/err.h"
#include "limits.h"
#include "unit/api/fixture.h"

static void test_read(void **state)
{
	static const struct {
		const char *body;
		int code;
		const char *a, *b; /* the first of each name */
		int count;
	} cases[] = {
		{"a=1&b=2&a=3", 0, "1", "2", 3},
		{"a=x+y%20z&b", 0, "x y z", "", 2},
		{"a=user/-/state/com.google/read&b=tag:google.com,2005:reader/item/1=2", 0,
			"user/-/state/com.google/read", "tag:google.com,2005:reader/item/1=2", 2},
		{"&&a=&", 0, "", NULL, 1},
		{"", 0, NULL, NULL, 0},
		{"a=100% of 5%&b=%zz%4", 0, "100% of 5%", "%zz%4", 2},
		{"a=%ff", ERR_INVALID, NULL, NULL, 0},
		{"a=%00", ERR_INVALID, NULL, NULL, 0},
		{"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1 & +\r\n--x\r\n"
		 "content-disposition: form-data; filename=\"f\"; name=\"b\"\r\nContent-Type: t\r\n"
		 "\r\n2\r\n--x--\r\n",
			0, "1 & +", "2", 2},
		{"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x\r\n",
			ERR_INVALID, "1", NULL, 1},
		{"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--", ERR_INVALID, NULL, NULL,
			0},
		{"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\xff\r\n--x--",
			ERR_INVALID, NULL, NULL, 0},
		{"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n2\r\n--x--",
			ERR_INVALID, NULL, NULL, 0},
		{"--x\r\nContent-Disposition: form-data; name=\"a\x7f\"\r\n\r\n1\r\n--x--",
			ERR_INVALID, NULL, NULL, 0},
		{"--x", ERR_INVALID, NULL, NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct form form = {0};
		struct arena arena;
		struct slice body = {cases[i].body, strlen(cases[i].body)};

		arena_init(&arena, API_BODY_MAX);
		assert_int_equal(form_read_body(&form, body, &arena), cases[i].code);
		assert_int_equal(form.count, cases[i].count);
		for (int which = 0; which < 2; which++) {
			const char *found = form_text(&form, which ? "b" : "a");
			const char *wanted = which ? cases[i].b : cases[i].a;
			assert_int_equal(found == NULL, wanted == NULL);
			if (wanted)
				assert_string_equal(found, wanted);
		}
		arena_finish(&arena);
	}
}

static void test_all_of_a_name(void **state)
{
	const struct form_pair *at = NULL;
	struct form form = {0};
	struct arena arena;

	(void)state;
	arena_init(&arena, API_BODY_MAX);
	assert_int_equal(form_read(&form, (struct slice){"i=1&n=7&i=2", 11}, &arena), 0);
	assert_string_equal(form_next(&form, "i", &at), "1");
	assert_string_equal(form_next(&form, "i", &at), "2");
	assert_null(form_next(&form, "i", &at));
	arena_finish(&arena);
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		int64_t number;
	} cases[] = {{"n=7", 7}, {"n=0", 0}, {"n=100", 100}, {"n=101", 100},
		{"n=99999999999999999999", 100}, {"n=", 20}, {"n=-1", 20}, {"n=1x", 20},
		{"m=1", 20}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct form form = {0};
		struct arena arena;

		arena_init(&arena, API_BODY_MAX);
		assert_int_equal(
			form_read(&form, (struct slice){cases[i].text, strlen(cases[i].text)},
				&arena),
			0);
		assert_int_equal(form_number(&form, "n", 100, 20), cases[i].number);
		arena_finish(&arena);
	}
}

/* As many as a client may send, and not one more. */
static void test_bounds(void **state)
{
	static char body[4 * (FORM_PAIRS_MAX + 1) + 1];
	struct form form = {0};
	struct arena arena;

	(void)state;
	for (size_t i = 0; i <= FORM_PAIRS_MAX; i++)
		memcpy(body + 4 * i, "i=1&", 4);
	arena_init(&arena, API_BODY_MAX);
	assert_int_equal(
		form_read(&form, (struct slice){body, (size_t)4 * FORM_PAIRS_MAX}, &arena), 0);
	assert_int_equal(form_read(&form, (struct slice){"i=1", 3}, &arena), ERR_TOO_BIG);
	assert_null(form_find((struct slice){body, 4}, "x", &arena));
	assert_string_equal(form_find((struct slice){body, sizeof(body) - 1}, "i", &arena), "1");
	arena_finish(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_all_of_a_name),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
