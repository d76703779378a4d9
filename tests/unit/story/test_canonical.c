/* Which links name the same article. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "story/canonical.h"

static void test_forms(void **state)
{
	static const struct {
		const char *url, *canonical; /* NULL: says nothing */
	} cases[] = {
		{"http://example.org/a", "example.org/a"},
		{"https://example.org/a", "example.org/a"},
		{"HTTPS://WWW.Example.ORG/a", "example.org/a"},
		{"https://example.org:443/a", "example.org/a"},
		{"http://example.org:80/a", "example.org/a"},
		{"http://example.org:8080/a", "example.org:8080/a"},
		{"https://m.example.org/a", "example.org/a"},
		{"https://mobile.example.org/a", "example.org/a"},
		{"https://amp.example.org/a", "example.org/a"},
		{"https://m.org/a", "m.org/a"}, /* no prefix: the name itself */
		{"https://example.org/a/", "example.org/a"},
		{"https://example.org//a//b/", "example.org/a/b"},
		{"https://example.org/A", "example.org/A"}, /* paths keep their case */
		{"https://example.org/a#part", "example.org/a"},
		{"https://example.org/#!/a", "example.org#!/a"},
		{"https://example.org/a?utm_source=rss&utm_medium=feed", "example.org/a"},
		{"https://example.org/a?id=7&utm_source=rss", "example.org/a?id=7"},
		{"https://example.org/a?UTM_Source=rss&id=7", "example.org/a?id=7"},
		{"https://example.org/a?b=2&a=1", "example.org/a?a=1&b=2"},
		{"https://example.org/a?a=1&b=2", "example.org/a?a=1&b=2"},
		{"https://example.org/a?&&a=1&", "example.org/a?a=1"},
		{"https://example.org/a?fbclid=x", "example.org/a"},
		{"https://example.org/a?fbclidx=1",
			"example.org/a?fbclidx=1"}, /* whole names only */
		{"https://example.org/a?at_campaign_type=x&at_medium=y", "example.org/a"},
		{"https://example.org/a?", "example.org/a"},
		{"https://example.org/?p=12", "example.org?p=12"},
		{"https://example.org/", NULL},
		{"https://example.org", NULL},
		{"https://example.org/?utm_source=rss", NULL},
		{"https://www.example.org/#top", NULL},
		{"https://b\xc3\xbc"
		 "cher.example/x",
			"xn--bcher-kva.example/x"},
		{"mailto:a@example.org", NULL},
		{"file:///etc/passwd", NULL},
		{"urn:uuid:1", NULL},
		{"not a url", NULL},
		{"http://", NULL},
		{"http://example.org:port/a", NULL},
		{"", NULL},
		{NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena a;
		char *got = NULL;
		int64_t key = -1;

		arena_init(&a, 1 << 20);
		assert_int_equal(canonical_url(cases[i].url, &a, &got), 0);
		if (cases[i].canonical && (!got || strcmp(got, cases[i].canonical)))
			fail_msg("%s: %s, not %s", cases[i].url, got ? got : "(none)",
				cases[i].canonical);
		if (!cases[i].canonical && got)
			fail_msg("%s: %s, not none", cases[i].url ? cases[i].url : "(null)", got);
		assert_int_equal(canonical_key(cases[i].url, &a, &key), 0);
		assert_int_equal(key == 0, cases[i].canonical == NULL);
		arena_finish(&a);
	}
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
		cmocka_unit_test(test_many_parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
