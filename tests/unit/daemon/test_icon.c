/* Which icon a poll finds due (A44); the fetch itself is flow.icons'. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "icon.h"
#include "limits.h"
#include "support/lines.h"

#define NOW 1795000000000
#define DAY INT64_C(86400000)
#define A   "https://a/icon"
#define B   "https://b/icon"

static void test_due(void **state)
{
	static const struct {
		const char *known, *told; /* before; by a document, "": by none, NULL: no icon */
		int64_t due_ms;
		const char *wanted;
	} cases[] = {
		{A, "", 0, A},
		{A, A, NOW, A},
		{A, "", NOW + 1, NULL},
		{A, A, NOW + 29 * DAY, NULL},
		{NULL, A, 0, A},
		{NULL, "", 0, NULL},
		{A, NULL, 0, NULL},
		/* another address does not wait for the old one's month, but for a day */
		{A, B, NOW + 29 * DAY, B},
		{NULL, B, NOW + 29 * DAY, B},
		{A, B, NOW + DAY, NULL},
		{A, B, NOW + 1, NULL},
		{A, B, NOW, B},
		{NULL, "http://a/icon", 0, "http://a/icon"},
		{NULL, "file:///etc/passwd", 0, NULL},
		{NULL, "data:image/png;base64,", 0, NULL},
		{NULL, "icon.png", 0, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool described = !cases[i].told || cases[i].told[0];
		const struct feed feed = {.icon = cases[i].known, .icon_due_ms = cases[i].due_ms};
		struct feed_poll poll = {.status = FEED_OK,
			.now_ms = NOW,
			.described = described,
			.icon = described ? cases[i].told : NULL};
		const char *url = icon_due(&feed, &poll);

		if (!url != !cases[i].wanted || (url && strcmp(url, cases[i].wanted) != 0))
			fail_msg("case %zu: %s", i, url ? url : "none");
		poll.status = FEED_FAILING;
		assert_null(icon_due(&feed, &poll));
	}
}

static void test_too_long(void **state)
{
	char url[FETCH_URL_MAX + 2] = "http://";
	const struct feed feed = {.icon = url};
	const struct feed_poll poll = {.status = FEED_OK, .now_ms = NOW};

	(void)state;
	memset(url + 7, 'x', FETCH_URL_MAX - 7);
	assert_ptr_equal(icon_due(&feed, &poll), url);
	url[FETCH_URL_MAX] = 'x';
	assert_null(icon_due(&feed, &poll));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		line_test("A44", test_due),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
