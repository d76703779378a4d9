/* Tests of URLs: the examples of RFC 3986, what feeds really contain, and hostile input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/url.h"
#include "limits.h"
#include "support/fault.h"

struct resolved {
	const char *base;
	const char *ref;
	const char *url;
};

static void check_resolved(const struct resolved *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct arena a;
		char *url;

		arena_init(&a, 1 << 20);
		url = url_resolve(cases[i].base, cases[i].ref, &a);
		assert_non_null(url);
		if (strcmp(url, cases[i].url) != 0)
			fail_msg("%s + %s: %s, not %s", cases[i].base ? cases[i].base : "(none)",
				cases[i].ref, url, cases[i].url);
		arena_finish(&a);
	}
}

#define CHECK_RESOLVED(cases) check_resolved(cases, sizeof(cases) / sizeof(cases[0]))
#define RFC_BASE              "http://a/b/c/d;p?q"

/* RFC 3986, 5.4.1 and 5.4.2; "http:g" as the section calls it for backward compatibility. */
static void test_rfc_examples(void **state)
{
	static const struct resolved cases[] = {
		{RFC_BASE, "g:h", "g:h"},
		{RFC_BASE, "g", "http://a/b/c/g"},
		{RFC_BASE, "./g", "http://a/b/c/g"},
		{RFC_BASE, "g/", "http://a/b/c/g/"},
		{RFC_BASE, "/g", "http://a/g"},
		{RFC_BASE, "//g", "http://g"},
		{RFC_BASE, "?y", "http://a/b/c/d;p?y"},
		{RFC_BASE, "g?y", "http://a/b/c/g?y"},
		{RFC_BASE, "#s", "http://a/b/c/d;p?q#s"},
		{RFC_BASE, "g#s", "http://a/b/c/g#s"},
		{RFC_BASE, "g?y#s", "http://a/b/c/g?y#s"},
		{RFC_BASE, ";x", "http://a/b/c/;x"},
		{RFC_BASE, "g;x", "http://a/b/c/g;x"},
		{RFC_BASE, "g;x?y#s", "http://a/b/c/g;x?y#s"},
		{RFC_BASE, "", "http://a/b/c/d;p?q"},
		{RFC_BASE, ".", "http://a/b/c/"},
		{RFC_BASE, "./", "http://a/b/c/"},
		{RFC_BASE, "..", "http://a/b/"},
		{RFC_BASE, "../", "http://a/b/"},
		{RFC_BASE, "../g", "http://a/b/g"},
		{RFC_BASE, "../..", "http://a/"},
		{RFC_BASE, "../../", "http://a/"},
		{RFC_BASE, "../../g", "http://a/g"},
		{RFC_BASE, "../../../g", "http://a/g"},
		{RFC_BASE, "../../../../g", "http://a/g"},
		{RFC_BASE, "/./g", "http://a/g"},
		{RFC_BASE, "/../g", "http://a/g"},
		{RFC_BASE, "g.", "http://a/b/c/g."},
		{RFC_BASE, ".g", "http://a/b/c/.g"},
		{RFC_BASE, "g..", "http://a/b/c/g.."},
		{RFC_BASE, "..g", "http://a/b/c/..g"},
		{RFC_BASE, "./../g", "http://a/b/g"},
		{RFC_BASE, "./g/.", "http://a/b/c/g/"},
		{RFC_BASE, "g/./h", "http://a/b/c/g/h"},
		{RFC_BASE, "g/../h", "http://a/b/c/h"},
		{RFC_BASE, "g;x=1/./y", "http://a/b/c/g;x=1/y"},
		{RFC_BASE, "g;x=1/../y", "http://a/b/c/y"},
		{RFC_BASE, "g?y/./x", "http://a/b/c/g?y/./x"},
		{RFC_BASE, "g?y/../x", "http://a/b/c/g?y/../x"},
		{RFC_BASE, "g#s/./x", "http://a/b/c/g#s/./x"},
		{RFC_BASE, "g#s/../x", "http://a/b/c/g#s/../x"},
		{RFC_BASE, "http:g", "http://a/b/c/g"},
	};

	(void)state;
	CHECK_RESOLVED(cases);
}

static void test_resolve_more(void **state)
{
	static const struct resolved cases[] = {
		/* absolute: as they are, but for dots */
		{RFC_BASE, "https://x/y?z#f", "https://x/y?z#f"},
		{RFC_BASE, "HTTPS://X/Y", "HTTPS://X/Y"},
		{RFC_BASE, "http://x/a/../b", "http://x/b"},
		{RFC_BASE, "http://x/a/./b?c/../d", "http://x/a/b?c/../d"},
		{RFC_BASE, "http://x/.well-known/y", "http://x/.well-known/y"},
		{NULL, "http://x/a/..", "http://x/"},
		{"", "http://x/", "http://x/"},
		/* other schemes: unchanged, whatever the base */
		{RFC_BASE, "mailto:a@b.c", "mailto:a@b.c"},
		{RFC_BASE, "urn:isbn:1/../2", "urn:isbn:1/../2"},
		{RFC_BASE, "data:,x y", "data:,x y"},
		{"https://a/", "http:g", "http:g"},
		/* blanks */
		{RFC_BASE, " \t\r\n/g\x01\n ", "http://a/g"},
		{RFC_BASE, "/long\r\n\tpath/x", "http://a/longpath/x"},
		{RFC_BASE, "/with space?and another", "http://a/with%20space?and%20another"},
		{RFC_BASE, "http://x/a b", "http://x/a%20b"},
		{RFC_BASE, "java\nscript:alert(1)", "javascript:alert(1)"},
		{RFC_BASE, "ht\ttp://x/", "http://x/"},
		{RFC_BASE, "   ", "http://a/b/c/d;p?q"},
		{"http://a/b c/d", "e", "http://a/b%20c/e"},
		/* bases that end in nothing, or have no path */
		{"http://a", "g", "http://a/g"},
		{"http://a", "?y", "http://a?y"},
		{"http://a?q=/x/y", "g", "http://a/g"},
		{"http://a#f", "g", "http://a/g"},
		{"http://a/b#f", "", "http://a/b"},
		{"http://u:p@a:81/x", "/g", "http://u:p@a:81/g"},
		{"http://[::1]:8/x/y", "g", "http://[::1]:8/x/g"},
		{"file:///srv/feeds/a.xml", "b.html", "file:///srv/feeds/b.html"},
		{"file:///srv/feeds/a.xml", "/b", "file:///b"},
		/* no base, or one that nothing can be resolved against */
		{NULL, " page ", "page"},
		{"", "/page", "/page"},
		{"mailto:a@b", "page", "page"},
		{"urn:x", "#f", "#f"},
		{"/folder/page", "other", "/folder/other"},
		/* scheme-relative */
		{"https://a/b", "//h/p", "https://h/p"},
		{"https://a/b", "///p", "https:///p"},
		/* letters that are not ASCII stay */
		{RFC_BASE, "/\xC3\xA4?\xC3\xB6", "http://a/\xC3\xA4?\xC3\xB6"},
		{RFC_BASE, "1:2", "http://a/b/c/1:2"},
		{RFC_BASE, "/a:b", "http://a/a:b"},
		{RFC_BASE, "://x", "http://a/b/c/://x"},
	};

	(void)state;
	CHECK_RESOLVED(cases);
}

/* A result beyond the maximum is not made; the reference comes back as it was. */
static void test_resolve_too_long(void **state)
{
	size_t len = URL_MAX_BYTES - 5;
	char *ref = malloc(len + 1);
	struct arena a;
	char *url;

	(void)state;
	assert_non_null(ref);
	memset(ref, 'x', len);
	ref[len] = '\0';
	arena_init(&a, 1 << 20);
	url = url_resolve("http://example.org/", ref, &a);
	assert_string_equal(url, ref);
	url = url_resolve("h://", ref, &a);
	assert_int_equal(strlen(url), len + 5);
	arena_finish(&a);
	free(ref);
}

static const char *or_dash(const char *s)
{
	return s ? s : "-";
}

static void test_split(void **state)
{
	static const struct {
		const char *url;
		const char *parts; /* scheme user password host port path query fragment, "-" for
				      NULL */
	} cases[] = {
		{"http://example.org", "http - - example.org 80 / - -"},
		{"HTTPS://EXAMPLE.org/A?B=c#D", "https - - example.org 443 /A B=c D"},
		{"https://u%40:p%3aq@h:8443/", "https u@ p:q h 8443 / - -"},
		{"http://u@h/", "http u - h 80 / - -"},
		{"http://[2001:DB8::1]:81/x", "http - - 2001:db8::1 81 /x - -"},
		{"http://127.1/", "http - - 127.0.0.1 80 / - -"},
		{"http://b\xC3\xBC"
		 "cher.test/",
			"http - - xn--bcher-kva.test 80 / - -"},
		{"http://B\xC3\x9C"
		 "CHER.test/",
			"http - - xn--bcher-kva.test 80 / - -"},
		{"http://fa\xC3\x9F.de/", "http - - xn--fa-hia.de 80 / - -"},
		{"http://\xE2\x98\x83.test/", "http - - xn--n3h.test 80 / - -"},
		{"http://h/a/../b", "http - - h 80 /a/../b - -"},
		{"http://h?q", "http - - h 80 / q -"},
		{"https://a.test/b?c=d?e#f#g", "https - - a.test 443 /b c=d?e f#g"},
		{"http://a.test/b#c?d", "http - - a.test 80 /b - c?d"},
		{"http://A.test/b", "http - - a.test 80 /b - -"},
		{"http://a.0x7f/b", "http - - a.0x7f 80 /b - -"},
		{"http://0x7f.1/b", "http - - 127.0.0.1 80 /b - -"},
		{"http://h/%41%2f", "http - - h 80 /%41%2f - -"},
		{"file:///srv/a%20b.xml", "file - -  0 /srv/a%20b.xml - -"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct url_parts p;
		struct arena a;

		arena_init(&a, 1 << 20);
		if (url_split(cases[i].url, &a, &p) != 0)
			fail_msg("%s", cases[i].url);
		assert_string_equal(arena_printf(&a, "%s %s %s %s %d %s %s %s", p.scheme,
					    or_dash(p.user), or_dash(p.password), p.host, p.port,
					    p.path, or_dash(p.query), or_dash(p.fragment)),
			cases[i].parts);
		arena_finish(&a);
	}
}

static void test_split_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"x",
		"/x",
		"//h/x",
		"http",
		"http:",
		"http://",
		"http:///x",
		"ftp://h/",
		"gopher://h:70/_x",
		"javascript:alert(1)",
		"data:text/html,x",
		"mailto:a@b",
		"scp://h/x",
		"dict://h/x",
		"httpx://h/",
		"http://h/\n",
		"http://h/a\r\nHost: x",
		"http://h\x7f/",
		"http://h h/",
		"http://h:99999/",
		"http://h:0/",
		"http://h:-1/",
		"http://h:8a/",
		"http://[::1/",
		"http://[::g]/",
		"http://u:p@/x",
		"http://a%00b/",
		"http://a%0ab/",
		"http://a%2fb/",
		"http://h\\x/",
		"http://u%0a@h/",
		"http://\xFF/",
		"http://a\xEF\xBC\x8F"
		"b/", /* a full-width slash */
		"http://a\xEF\xBC\xA0"
		"b/", /* a full-width at */
		"file://host/x",
		"file:x",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct url_parts parts = {.port = 4242};
		struct arena a;

		arena_init(&a, 1 << 20);
		if (url_split(cases[i], &a, &parts) != ERR_INVALID || parts.port != 4242)
			fail_msg("%s", cases[i]);
		arena_finish(&a);
	}
}

/* "http://" and a host, path or whole of `len` bytes. */
static int split_long(const char *head, size_t len)
{
	size_t at = strlen(head);
	char *url = malloc(at + len + 1);
	struct url_parts parts;
	struct arena a;
	int rc;

	assert_non_null(url);
	memcpy(url, head, at);
	memset(url + at, 'x', len);
	url[at + len] = '\0';
	arena_init(&a, 1 << 20);
	rc = url_split(url, &a, &parts);
	arena_finish(&a);
	free(url);
	return rc;
}

static void test_split_lengths(void **state)
{
	(void)state;
	assert_int_equal(split_long("http://", 253), 0);
	assert_int_equal(split_long("http://", 254), ERR_INVALID);
	assert_int_equal(split_long("http://h/", URL_MAX_BYTES - 9), 0);
	assert_int_equal(split_long("http://h/", URL_MAX_BYTES - 8), ERR_INVALID);
}

struct normalized {
	const char *url;
	const char *normal; /* NULL: refused */
};

static void check_normalized(const struct normalized *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *normal = NULL;
		struct arena a;
		int rc;

		arena_init(&a, 1 << 20);
		rc = url_normalize(cases[i].url, &a, &normal);
		if (rc != (cases[i].normal ? 0 : ERR_INVALID) ||
			(cases[i].normal && strcmp(normal, cases[i].normal) != 0))
			fail_msg("%s: %d %s", cases[i].url, rc, normal ? normal : "");
		/* The normal form is its own. */
		if (rc == 0) {
			char *again = NULL;

			assert_int_equal(url_normalize(normal, &a, &again), 0);
			assert_string_equal(again, normal);
		}
		arena_finish(&a);
	}
}

#define CHECK_NORMALIZED(cases) check_normalized(cases, sizeof(cases) / sizeof(cases[0]))

static void test_normalize(void **state)
{
	static const struct normalized cases[] = {
		{"http://example.org", "http://example.org/"},
		{"HTTP://EXAMPLE.Org:80/Path?Q#frag", "http://example.org/Path?Q"},
		{"https://h:443/", "https://h/"},
		{"https://h:80/", "https://h:80/"},
		{"http://h:443/", "http://h:443/"},
		{"http://h?x", "http://h/?x"},
		{"http://h/?", "http://h/"},
		{"http://h/a/../b/./c", "http://h/b/c"},
		{"http://U:P%40@H/", "http://U:P%40@h/"},
		{"http://b\xC3\xBC"
		 "cher.test/\xC3\xA4?\xC3\xB6=1",
			"http://xn--bcher-kva.test/%c3%a4?%c3%b6=1"},
		{"http://h/a%20b%2F", "http://h/a%20b%2F"},
		{"  http://h/a b\n", "http://h/a%20b"},
		{"http://[2001:DB8::1]:8080/", "http://[2001:db8::1]:8080/"},
		{"http://%65xample.org/", "http://example.org/"},
		{"http://0x7f.1/", "http://127.0.0.1/"},
		{"http://6%2e0/", "http://6.0.0.0/"},
		{"file:///srv/feed.xml#x", "file:///srv/feed.xml"},
	};

	(void)state;
	CHECK_NORMALIZED(cases);
}

/* What people type, and what is no URL of a feed. */
static void test_normalize_typed(void **state)
{
	static const struct normalized cases[] = {
		{"example.org", "https://example.org/"},
		{"example.org/feed", "https://example.org/feed"},
		{"//example.org/feed", "https://example.org/feed"},
		{"localhost:8080/feed", "https://localhost:8080/feed"},
		{"example.org:8080", "https://example.org:8080/"},
		{"feed://example.org/x", "http://example.org/x"},
		{"feed:https://example.org/x", "https://example.org/x"},
		{"feed:http://example.org/x", "http://example.org/x"},
		{"FEED://https://example.org/x", "https://example.org/x"},
		{"feed:example.org/x", "https://example.org/x"},
		/* what is no URL of a feed */
		{"", NULL},
		{"  ", NULL},
		{"feed:", NULL},
		{"feed://", NULL},
		{"/etc/passwd", NULL},
		{"ftp://h/", NULL},
		{"javascript:alert(1)", NULL},
		{"mailto:a@b", NULL},
		{"http://", NULL},
		{"http://h/\x01", "http://h/"},
		{"http://h/a\nb", NULL},
		{"http://h h/", NULL},
		{"http://u p@h/", NULL},
		{"http://h:0/", NULL},
		{"http://h:0x50/", NULL},
		{"?x", NULL},
		{"#x", NULL},
	};

	(void)state;
	CHECK_NORMALIZED(cases);
}

static void test_is_http(void **state)
{
	static const struct {
		const char *url;
		bool http;
	} cases[] = {
		{"http://h", true},
		{"HTTPS://h/", true},
		{"http://", false},
		{"http:///h", false},
		{"http:/h", false},
		{"http:h", false},
		{"httpx://h", false},
		{"htt://h", false},
		{"file:///x", false},
		{"h", false},
		{"", false},
		{"://h", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(url_is_http(cases[i].url), cases[i].http);
}

static void test_origin(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{"http://h/a", "http://H:80/b?c", true},
		{"https://u:p@h/", "https://h:443/#x", true},
		{"http://h/", "https://h/", false},
		{"http://h/", "http://h:8080/", false},
		{"http://h/", "http://h.example/", false},
		{"http://h/", "http://h@other/", false},
		{"http://[::1]/", "http://[::1]:80/", true},
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 100000);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct url_parts a, b;

		assert_int_equal(url_split(cases[i].a, &arena, &a), 0);
		assert_int_equal(url_split(cases[i].b, &arena, &b), 0);
		assert_int_equal(url_same_origin(&a, &b), cases[i].same);
		assert_int_equal(url_same_origin(&b, &a), cases[i].same);
	}
	arena_finish(&arena);
}

static void test_userinfo(void **state)
{
	static const struct {
		const char *from, *with;
	} cases[] = {
		{"http://u:p%40@h/old", "http://u:p%40@h/new"},
		{"http://a@b@h/old", "http://a@b@h/new"},
		{"http://@h/", "http://@h/new"},
		{"http://h/a@b", "http://h/new"},
		{"http://h?a@b", "http://h/new"},
		{"http://h#a@b", "http://h/new"},
		{"mailto:a@b", "http://h/new"},
	};
	struct arena a;
	size_t start;

	(void)state;
	arena_init(&a, URL_MAX_BYTES);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(
			url_with_userinfo("http://h/new", cases[i].from, &a), cases[i].with);
	assert_int_equal(url_userinfo("https://u:p@h/", &start), 4);
	assert_int_equal(start, 8);
	assert_string_equal(url_with_userinfo("/path", "http://u@h/", &a), "/path");
	arena_finish(&a);
}

static void test_out_of_memory(void **state)
{
	long n = 0;
	long failed;

	(void)state;
	do {
		struct url_parts parts;
		struct arena a;
		char *normal = NULL;
		char *url;
		int split, normalized;

		arena_init(&a, 1 << 20);
		fault_malloc_after(n++);
		url = url_resolve("http://h/a/b", "../c d", &a);
		split = url_split("http://u:p@b\xC3\xBC"
				  "cher.test/",
			&a, &parts);
		normalized = url_normalize("example.org", &a, &normal);
		failed = fault_malloc_off();
		assert_int_equal((url == NULL) + (split != 0) + (normalized != 0), failed);
		assert_true(split == 0 || split == ERR_NOMEM);
		assert_true(normalized == 0 || normalized == ERR_NOMEM);
		arena_finish(&a);
	} while (failed);
	assert_true(n > 1);
}

/* The arena's maximum is memory, too. */
static void test_arena_full(void **state)
{
	(void)state;
	for (size_t max = 0; max < 400; max++) {
		struct url_parts parts;
		char *normal = NULL;
		struct arena a;
		char *url;
		int rc;

		arena_init(&a, max);
		url = url_resolve("http://h/a/b", "../c d", &a);
		assert_true(!url || strcmp(url, "http://h/c%20d") == 0);
		rc = url_split("http://u:p@b\xC3\xBC"
			       "cher.test/?q#f",
			&a, &parts);
		assert_true(rc == 0 || rc == ERR_NOMEM);
		rc = url_normalize("example.org", &a, &normal);
		assert_true(rc == 0 || rc == ERR_NOMEM);
		assert_true(max < 300 || rc == 0);
		arena_finish(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc_examples),
		cmocka_unit_test(test_resolve_more),
		cmocka_unit_test(test_resolve_too_long),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_split_refused),
		cmocka_unit_test(test_split_lengths),
		cmocka_unit_test(test_normalize),
		cmocka_unit_test(test_normalize_typed),
		cmocka_unit_test(test_is_http),
		cmocka_unit_test(test_origin),
		cmocka_unit_test(test_userinfo),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_arena_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
