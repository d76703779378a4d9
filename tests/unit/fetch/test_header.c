/* Tests of what is read from the head of an answer, and of URLs as pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fetch/header.h"
#include "fetch/page.h"
#include "limits.h"
#include "support/lines.h"

/* Tue, 15 Nov 1994 08:12:31 GMT */
static const int64_t now = INT64_C(784887151000);

static const struct {
	const char *line;
	enum header header;
	const char *value;
} lines[] = {
	{"ETag: \"abc\"\r\n", HEADER_ETAG, "\"abc\""},
	{"etag:W/\"a b\"\r\n", HEADER_ETAG, "W/\"a b\""},
	{"ETAG:  \t unquoted \t \r\n", HEADER_ETAG, "unquoted"},
	{"Last-Modified: yesterday\n", HEADER_LAST_MODIFIED, "yesterday"},
	{"Content-Type: text/xml; charset=x", HEADER_CONTENT_TYPE, "text/xml; charset=x"},
	{"Location: //a:1/b:c\r\n", HEADER_LOCATION, "//a:1/b:c"},
	{"retry-after: 120\r\n", HEADER_RETRY_AFTER, "120"},
	{"ETag: \xff\xfe\r\n", HEADER_ETAG, "\xff\xfe"},
	{"ETag:\r\n", HEADER_COUNT, NULL},
	{"ETag: \r\n", HEADER_COUNT, NULL},
	{"ETag\r\n", HEADER_COUNT, NULL},
	{"ETag : x\r\n", HEADER_COUNT, NULL},
	{"X-ETag: x\r\n", HEADER_COUNT, NULL},
	{"ETags: x\r\n", HEADER_COUNT, NULL},
	{": x\r\n", HEADER_COUNT, NULL},
	{"", HEADER_COUNT, NULL},
};

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		const char *value = NULL;
		size_t len = 0;

		assert_int_equal(header_read(lines[i].line, strlen(lines[i].line), &value, &len),
			lines[i].header);
		if (lines[i].value) {
			assert_int_equal(len, strlen(lines[i].value));
			assert_memory_equal(value, lines[i].value, len);
		}
	}
}

/* A value at its maximum is kept whole, a longer one counts as absent. */
static void test_long_values(void **state)
{
	char *line = malloc(FETCH_HEADER_MAX + 16);
	const char *value;
	size_t len;

	(void)state;
	assert_non_null(line);
	memcpy(line, "ETag: ", 6);
	memset(line + 6, 'x', FETCH_HEADER_MAX + 1);
	assert_int_equal(header_read(line, 6 + FETCH_HEADER_MAX, &value, &len), HEADER_ETAG);
	assert_int_equal(len, FETCH_HEADER_MAX);
	assert_int_equal(header_read(line, 6 + FETCH_HEADER_MAX + 1, &value, &len), HEADER_COUNT);
	line[6 + FETCH_HEADER_MAX + 1] = '\0';
	assert_false(header_sendable(line + 6));
	line[6 + FETCH_HEADER_MAX] = '\0';
	assert_true(header_sendable(line + 6));
	free(line);
}

static void test_sendable(void **state)
{
	(void)state;
	assert_true(header_sendable("W/\"a b\""));
	assert_true(header_sendable("a\tb"));
	assert_true(header_sendable("\xff"));
	assert_false(header_sendable(NULL));
	assert_false(header_sendable(""));
	assert_false(header_sendable("a\r\nX: y"));
	assert_false(header_sendable("a\nb"));
	assert_false(header_sendable("a\x01"));
	assert_false(header_sendable("a\x7f"));
	assert_false(header_sendable("*"));
}

static const struct {
	const char *value;
	int64_t wait_ms;
} retries[] = {
	{NULL, -1},
	{"", -1},
	{"0", 0},
	{"120", 120000},
	{"86400", 86400000},
	{"86401", 86400000},
	{"1000000000000", 86400000},
	{"99999999999999999999999999999999999999", 86400000},
	{"-1", -1},
	{"+5", -1},
	{"1.5", -1},
	{"12 s", -1},
	{"0x10", -1},
	{"soon", -1},
	{"1994", 1994000},
	{"Tue, 15 Nov 1994 08:13:31 GMT", 60000},   /* IMF-fixdate */
	{"Tuesday, 15-Nov-94 08:13:31 GMT", 60000}, /* RFC 850 */
	{"Tue Nov 15 08:13:31 1994", 60000},        /* asctime() */
	{"Tue, 15 Nov 1994 08:12:31 GMT", 0},
	{"Tue, 15 Nov 1994 08:12:30 GMT", -1},
	{"Tue, 15 Nov 2094 08:12:31 GMT", 86400000},
	{"Tue, 99 Nov 1994 08:12:31 GMT", -1},
	{"Tue", -1},
	{"15 Nov 1994 08:13:31 GMT", -1},
	{"19941115 08:13:31", -1},
};

static void test_retry_after(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof retries / sizeof *retries; i++) {
		const char *values[HEADER_COUNT] = {[HEADER_RETRY_AFTER] = retries[i].value};
		int64_t got = header_retry_after(values, now);

		if (got != retries[i].wait_ms)
			fail_msg("\"%s\": %lld", retries[i].value, (long long)got);
	}
}

/* By the server's clock: two hours behind, ahead, broken; seconds need none. */
static void test_retry_after_by_its_clock(void **state)
{
	static const struct {
		const char *value, *date;
		int64_t wait_ms;
	} cases[] = {
		{"Tue, 15 Nov 1994 07:12:31 GMT", "Tue, 15 Nov 1994 06:12:31 GMT", 3600000},
		{"Tue, 15 Nov 1994 10:12:31 GMT", "Tue, 15 Nov 1994 10:12:32 GMT", -1},
		{"Tue, 15 Nov 1994 08:13:31 GMT", "soon", 60000},
		{"120", "Tue, 15 Nov 1994 06:12:31 GMT", 120000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *values[HEADER_COUNT] = {
			[HEADER_RETRY_AFTER] = cases[i].value, [HEADER_DATE] = cases[i].date};

		assert_int_equal(header_retry_after(values, now), cases[i].wait_ms);
	}
}

static const struct {
	const char *cache_control, *expires, *date, *age;
	int64_t fresh_ms;
} freshness[] = {
	{NULL, NULL, NULL, NULL, -1},
	{"max-age=7200", NULL, NULL, NULL, 7200000},
	{"public, max-age=7200, must-revalidate", NULL, NULL, NULL, 7200000},
	{"Max-Age=\"60\"", NULL, NULL, NULL, 60000},
	{"max-age=315360000", NULL, NULL, NULL, FRESH_MAX_MS},
	{"max-age=99999999999999999999999", NULL, NULL, NULL, FRESH_MAX_MS},
	{"max-age=7200", NULL, NULL, "200", 7000000},
	{"max-age=100", NULL, NULL, "200", 0},
	{"max-age=100", NULL, NULL, "-200", 100000},
	{"max-age=100", "Tue, 15 Nov 1994 09:12:31 GMT", NULL, NULL, 100000},
	{"s-maxage=100", NULL, NULL, NULL, 0},
	{"max-age=-1", NULL, NULL, NULL, 0},
	{"max-age=", NULL, NULL, NULL, 0},
	{"max-age=\"", NULL, NULL, NULL, 0},
	{"no-cache, max-age=100", NULL, NULL, NULL, 0},
	{"max-age=100, no-store", NULL, NULL, NULL, 0},
	{"private", NULL, NULL, NULL, 0},
	{NULL, "Tue, 15 Nov 1994 09:12:31 GMT", NULL, NULL, 3600000},
	{NULL, "Tue, 15 Nov 1994 09:12:31 GMT", "Tue, 15 Nov 1994 09:11:31 GMT", NULL, 60000},
	{NULL, "Tue, 15 Nov 1994 09:12:31 GMT", "Tue, 15 Nov 1994 09:11:31 GMT", "50", 10000},
	{NULL, "Tue, 15 Nov 1994 07:12:31 GMT", NULL, NULL, 0},
	{NULL, "0", NULL, NULL, 0},
	{NULL, "-1", NULL, NULL, 0},
};

static void test_freshness(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof freshness / sizeof *freshness; i++) {
		const char *values[HEADER_COUNT] = {
			[HEADER_CACHE_CONTROL] = freshness[i].cache_control,
			[HEADER_EXPIRES] = freshness[i].expires,
			[HEADER_DATE] = freshness[i].date,
			[HEADER_AGE] = freshness[i].age,
		};
		bool expires;
		int64_t got = header_fresh(values, now, &expires);

		if (got != freshness[i].fresh_ms ||
			(got > 0 && expires == !!values[HEADER_CACHE_CONTROL]))
			fail_msg("case %zu: %lld", i, (long long)got);
	}
}

static void test_status_text(void **state)
{
	char text[STATUS_TEXT_BYTES];

	(void)state;
	assert_string_equal(header_status_text(404, text), "404 Not Found");
	assert_string_equal(header_status_text(503, text), "503 Service Unavailable");
	assert_string_equal(header_status_text(999, text), "999");
}

static const struct {
	const char *url;
	const char *page; /* NULL: not valid */
	const char *group;
} pages[] = {
	{"http://example.org", "http://example.org/", "example.org:80"},
	{"https://EXAMPLE.org:443/a?b#c", "https://example.org/a?b", "example.org:443"},
	{"http://example.org:8080/", "http://example.org:8080/", "example.org:8080"},
	{"https://example.org:80/", "https://example.org:80/", "example.org:80"},
	{"http://user:pass@example.org/x", "http://example.org/x", "example.org:80"},
	{"http://[::1]:81/x", "http://[::1]:81/x", "[::1]:81"},
	{"http://[::1]/x", "http://[::1]/x", "[::1]:80"},
	{"http://example.org/\xc3\xbc?\xc3\xa4=\"", "http://example.org/%C3%BC?%C3%A4=%22",
		"example.org:80"},
	{"http://example.org/%c3%bc", "http://example.org/%c3%bc", "example.org:80"},
	{"http://b\xc3\xbc"
	 "cher.test/",
		"http://xn--bcher-kva.test/", "xn--bcher-kva.test:80"},
	{"file:///srv/a.xml", "file:///srv/a.xml", "file"},
	{"ftp://example.org/", NULL, NULL},
	{"http://h/%0d%0a", "http://h/%0d%0a", "h:80"},
	{"http://h/\r\nX: y", NULL, NULL},
	{"http://h%0d%0aX/", NULL, NULL},
	{"/x", NULL, NULL},
	{"", NULL, NULL},
};

static void test_pages(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		struct arena a;
		struct url_parts parts;
		char group[PAGE_GROUP_BYTES];
		int rc;

		arena_init(&a, FETCH_URL_ARENA);
		rc = url_split(pages[i].url, &a, &parts);
		if ((rc == 0) != (pages[i].page != NULL))
			fail_msg("%s: %d", pages[i].url, rc);
		if (rc == 0) {
			assert_string_equal(page_url(&parts, &a), pages[i].page);
			page_group(&parts, group, sizeof group);
			assert_string_equal(group, pages[i].group);
		}
		arena_finish(&a);
	}
}

static const struct {
	const char *ratelimit, *remaining, *reset, *x_remaining, *x_reset;
	int64_t wait_ms;
} quotas[] = {
	{NULL, NULL, NULL, NULL, NULL, -1},
	{.ratelimit = "\"default\";r=0;t=30", .wait_ms = 30000},
	{.ratelimit = "\"default\";r=50;t=30", .wait_ms = -1},
	{.ratelimit = "\"burst\";r=9;t=1, \"day\"; r=0; t=3600", .wait_ms = 3600000},
	{.ratelimit = "\"a\";r=0, \"b\";t=9", .wait_ms = -1},
	{.ratelimit = "limit=100, remaining=0, reset=50", .wait_ms = 50000},
	{.ratelimit = "limit=100, remaining=10, reset=50", .wait_ms = -1},
	{.ratelimit = ";;==,\"\"\"", .wait_ms = -1},
	{.ratelimit = "r=0;t=99999999999999999999", .wait_ms = RETRY_AFTER_MAX_MS},
	{.ratelimit = "r=-1;t=5", .wait_ms = -1},
	{.remaining = "0", .reset = "120", .wait_ms = 120000},
	{.remaining = "0", .wait_ms = -1},
	{.remaining = "3", .reset = "120", .wait_ms = -1},
	{.x_remaining = "0.0", .x_reset = "58", .wait_ms = 58000}, /* Reddit's form */
	{.x_remaining = "96.0", .x_reset = "58", .wait_ms = -1},
	{.x_remaining = "0", .x_reset = "1795000300", .wait_ms = 300000},   /* a time of day */
	{.x_remaining = "0", .x_reset = "1794999000", .wait_ms = -1},       /* a past one */
	{.x_remaining = "0", .x_reset = "1795000060000", .wait_ms = 60000}, /* in milliseconds */
	{.x_remaining = "0", .x_reset = "1794999000000", .wait_ms = -1},
	{.x_remaining = "0", .x_reset = "1895000060", .wait_ms = RETRY_AFTER_MAX_MS},
	{.x_remaining = "0", .x_reset = "soon", .wait_ms = -1},
};

static void test_used_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof quotas / sizeof *quotas; i++) {
		const char *values[HEADER_COUNT] = {
			[HEADER_RATELIMIT] = quotas[i].ratelimit,
			[HEADER_REMAINING] = quotas[i].remaining,
			[HEADER_RESET] = quotas[i].reset,
			[HEADER_X_REMAINING] = quotas[i].x_remaining,
			[HEADER_X_RESET] = quotas[i].x_reset,
		};
		int64_t got = header_used_up(values, 1795000000000);

		if (got != quotas[i].wait_ms)
			fail_msg("case %zu: %lld", i, (long long)got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_long_values),
		cmocka_unit_test(test_sendable),
		line_test("A18", test_retry_after),
		line_test("A18", test_retry_after_by_its_clock),
		line_test("A10 A11", test_freshness),
		line_test("A18 A19", test_used_up),
		cmocka_unit_test(test_status_text),
		cmocka_unit_test(test_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
