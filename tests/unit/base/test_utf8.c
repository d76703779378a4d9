/* Tests of UTF-8: the tables of the Unicode standard, chapter 3.9, and the borders of RFC 3629. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/utf8.h"

/* Steps through `text` and writes the characters as hexadecimal numbers. */
static void step(const char *text, size_t len, char out[200])
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < len;) {
		uint32_t c = 0;
		size_t n = utf8_next(text + i, len - i, &c);

		assert_in_range(n, 1, len - i);
		at += (size_t)snprintf(out + at, 200 - at, "%s%X", at ? " " : "", c);
		i += n;
	}
}

static void test_next(void **state)
{
	static const struct {
		const char *text;
		const char *chars;
		bool valid;
	} cases[] = {
		{"", "", true},
		{"a\x7F", "61 7F", true},
		{"\xC2\x80\xDF\xBF", "80 7FF", true},
		{"\xE0\xA0\x80\xEF\xBF\xBF", "800 FFFF", true},
		{"\xED\x9F\xBF\xEE\x80\x80", "D7FF E000", true},
		{"\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", "10000 10FFFF", true},
		{"\xEF\xBF\xBD", "FFFD", true},
		/* table 3-8: overlong forms */
		{"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41",
			"FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD 41", false},
		/* table 3-9: surrogates */
		{"\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41",
			"FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD 41", false},
		/* table 3-10: other ill-formed sequences */
		{"\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", "FFFD FFFD FFFD FFFD FFFD 41 FFFD FFFD 42",
			false},
		/* table 3-11: truncated sequences */
		{"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", "FFFD FFFD FFFD FFFD 41", false},
		{"\xF0\x90\x80", "FFFD", false},
		{"\xE2\x82", "FFFD", false},
		{"\xC3", "FFFD", false},
		{"\xF5\x80\x80\x80", "FFFD FFFD FFFD FFFD", false},
		{"\xEF\xBF", "FFFD", false},
		{"\xEF\xBF\x41", "FFFD 41", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char chars[200];

		step(cases[i].text, strlen(cases[i].text), chars);
		assert_string_equal(chars, cases[i].chars);
		assert_int_equal(utf8_valid(cases[i].text, strlen(cases[i].text)), cases[i].valid);
	}
	assert_true(utf8_valid("a\0b", 3));
}

/* Every character that there is goes there and back; what is none becomes U+FFFD. */
static void test_put_and_next(void **state)
{
	(void)state;
	for (uint32_t c = 0; c < 0x110100; c++) {
		bool good = c > 0 && c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
		uint32_t back = 0;
		char bytes[4];
		size_t len = utf8_put(c, bytes);

		if (utf8_next(bytes, len, &back) != len || back != (good ? c : UTF8_REPLACEMENT) ||
			!utf8_valid(bytes, len))
			fail_msg("U+%04X", c);
	}
	assert_int_equal(utf8_put(UINT32_MAX, (char[4]){0}), 3);
}

static void test_cut(void **state)
{
	static const char text[] = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z"; /* lengths 1 2 3 4 1 */
	static const size_t cuts[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};

	(void)state;
	for (size_t max = 0; max < sizeof(cuts) / sizeof(cuts[0]); max++)
		assert_int_equal(utf8_cut(text, strlen(text), max), cuts[max]);
	/* Bytes that are no text are cut somewhere, not dropped whole. */
	assert_int_equal(utf8_cut("\x80\x80\x80\x80\x80\x80\x80\x80", 8, 6), 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_put_and_next),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
