/* Tests of digests: fixed values, since they are stored. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/hash.h"

static void test_stable(void **state)
{
	static const struct {
		const char *text;
		int64_t short_digest;
		const char *long_digest;
	} cases[] = {
		{"", 0x2D06800538D394C2, "99aa06d3014798d86001c324468d497f"},
		{"a", (int64_t)0xE6C632B61E964E1FU, "a96faf705af16834e6c632b61e964e1f"},
		{"abc", 0x78AF5F94892F3950, "06b05ab6733a618578af5f94892f3950"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[HASH128_TEXT_BYTES];
		size_t len = strlen(cases[i].text);

		assert_true(hash64(cases[i].text, len) == cases[i].short_digest);
		assert_ptr_equal(hash128_text(cases[i].text, len, text), text);
		assert_string_equal(text, cases[i].long_digest);
	}
}

static int64_t parts(size_t count, const char *const *list)
{
	int64_t digest = 0;

	for (size_t i = 0; i < count; i++)
		digest = hash_part(digest, list[i]);
	return digest;
}

/* Lists that look the same when joined have different digests. */
static void test_parts_are_separated(void **state)
{
	static const struct {
		size_t count;
		const char *list[3];
	} cases[] = {
		{0, {NULL}},
		{1, {""}},
		{1, {NULL}},
		{1, {"abc"}},
		{2, {"ab", "c"}},
		{2, {"a", "bc"}},
		{2, {"", "abc"}},
		{2, {"abc", ""}},
		{2, {"abc", NULL}},
		{2, {NULL, "abc"}},
		{3, {"a", "b", "c"}},
	};
	enum { COUNT = sizeof(cases) / sizeof(cases[0]) };

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		for (size_t j = 0; j < COUNT; j++) {
			int64_t a = parts(cases[i].count, cases[i].list);
			int64_t b = parts(cases[j].count, cases[j].list);

			assert_int_equal(a == b, i == j);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stable),
		cmocka_unit_test(test_parts_are_separated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
