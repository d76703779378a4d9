/* Which links name the same article. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "story/canonical.h"
#include "support/data.h"

/* A line of the table: the link, a tab, its form or "-". */
static void check_line(char *line)
{
	char *wanted = strchr(line, '\t'), *got = NULL;
	int64_t key = -1;
	struct arena a;

	assert_non_null(wanted);
	*wanted++ = '\0';
	arena_init(&a, 1 << 20);
	assert_int_equal(canonical_url(line, &a, &got), 0);
	if (strcmp(got ? got : "-", wanted) != 0)
		fail_msg("%s: %s, not %s", line, got ? got : "-", wanted);
	assert_int_equal(canonical_key(line, &a, &key), 0);
	assert_int_equal(key == 0, !got);
	arena_finish(&a);
}

static void test_forms(void **state)
{
	char *text = data_read("story/links.tsv", NULL), *rest = text;
	int lines = 0;

	(void)state;
	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
		if (*line && *line != '#') {
			check_line(line);
			lines++;
		}
	}
	assert_true(lines >= 100);
	free(text);
}

static void test_no_link(void **state)
{
	struct arena a;
	char *got = NULL;

	(void)state;
	arena_init(&a, 1 << 20);
	assert_int_equal(canonical_url(NULL, &a, &got), 0);
	assert_null(got);
	assert_int_equal(canonical_url("", &a, &got), 0);
	assert_null(got);
	arena_finish(&a);
}

/* Addresses within addresses end, however deep they are. */
static void test_deep_wraps(void **state)
{
	char *url = malloc(60000), *got = NULL;
	struct arena a;

	(void)state;
	assert_non_null(url);
	url[0] = '\0';
	for (size_t i = 0; i < 1500; i++)
		memcpy(url + i * 37, "https://example.cdn.ampproject.org/c/", 38);
	arena_init(&a, 4 << 20);
	assert_int_equal(canonical_url(url, &a, &got), 0);
	assert_non_null(got);
	arena_finish(&a);
	free(url);
}

/* Hostile queries stay cheap and are compared as written when they are too long. */
static void test_many_parameters(void **state)
{
	struct arena a;
	char *url = malloc(8192), *got = NULL;
	size_t len;

	(void)state;
	assert_non_null(url);
	memcpy(url, "https://example.org/a?", sizeof("https://example.org/a?"));
	len = strlen(url);
	for (int i = 0; i < 1000; i++, len += 4)
		memcpy(url + len, "a=1&", 5);
	arena_init(&a, 1 << 20);
	assert_int_equal(canonical_url(url, &a, &got), 0);
	assert_non_null(got);
	assert_int_equal(strncmp(got, "example.org/a?a=1&a=1&", 22), 0);
	arena_finish(&a);
	free(url);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_no_link),
		cmocka_unit_test(test_deep_wraps),
		cmocka_unit_test(test_many_parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
