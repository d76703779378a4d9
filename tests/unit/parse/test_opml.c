/* Subscription lists, good and bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/buf.h"
#include "limits.h"
#include "parse/opml.h"
#include "parse/parse.h"
#include "support/data.h"
#include "support/fault.h"

enum { ARENA_MAX = 64 << 20, LIST_MAX = 32 << 20 };

/* The feeds of a list as lines of folder, title and URL with tabs between, "-" for what is absent.
 */
static int read_list(const char *data, size_t len, struct buf *ret_lines, struct err *e)
{
	struct arena arena;
	struct outline *first = NULL;
	size_t count = 0, seen = 0;
	int rv;

	arena_init(&arena, ARENA_MAX);
	rv = opml_read(data, len, &arena, &first, &count, e);
	for (const struct outline *o = first; o; o = o->next, seen++)
		buf_printf(ret_lines, o->interval_s ? "%s\t%s\t%s\t%d%s%s\n" : "%s\t%s\t%s\n",
			o->folder ? o->folder : "-", o->title ? o->title : "-", o->url,
			(int)o->interval_s, o->stories ? "\t" : "", o->stories ? o->stories : "");
	assert_int_equal(seen, count);
	arena_finish(&arena);
	return rv;
}

static void test_files(void **state)
{
	static const char *const names[] = {"v1.opml", "folders.opml", "odd.opml", "broken.opml",
		"entities.opml", "settings.opml", "latin1.opml", "utf16.opml", "plain.txt",
		"newsboat.txt"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[64];
		struct buf lines;
		struct err e = {0};
		size_t len;
		char *data, *want;

		(void)snprintf(path, sizeof(path), "opml/%s", names[i]);
		data = data_read(path, &len);
		(void)snprintf(path, sizeof(path), "opml/%s.want", names[i]);
		want = data_read(path, NULL);
		buf_init(&lines, LIST_MAX);
		if (read_list(data, len, &lines, &e) != 0 || strcmp(buf_string(&lines), want) != 0)
			fail_msg("%s (%s) gave\n%s want\n%s", names[i], e.text, buf_string(&lines),
				want);
		buf_finish(&lines);
		free(data);
		free(want);
	}
}

static void test_empty(void **state)
{
	static const char *const lists[] = {"", "\n \n", "# only a comment\n", "<opml/>",
		"<opml><body></body></opml>", "\357\273\277",
		"<opml><body><outline text='folder'/></body>"};

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct buf lines;
		struct err e = {0};

		buf_init(&lines, LIST_MAX);
		assert_int_equal(read_list(lists[i], strlen(lists[i]), &lines, &e), 0);
		assert_string_equal(buf_string(&lines), "");
		buf_finish(&lines);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} rows[] = {
		{"http://a.example/\nnot a feed\n", "line 2: not a URL: not"},
		{"http://a.example/\n\n# c\nexec:~/script.sh\n",
			"line 4: not a URL: exec:~/script.sh"},
		{"localhost\n", "line 1: not a URL: localhost"},
		{"http://\n", "line 1: not a URL: http://"},
		{"javascript:alert(1)", "line 1: not a URL: javascript:alert(1)"},
		{"{\"json\": 1}", "line 1: not a URL: {\"json\":"},
		{"\n\n<html><body>Sign in</body></html>", "line 3: <html> begins no list of feeds"},
		{"<?xml version='1.0'?>\n<rss><channel/></rss>",
			"line 2: <rss> begins no list of feeds"},
		{"<", "line 1: no element in it"},
		{"<h<", "line 1: <h> begins no list of feeds"},
		{"<!-- <opml> -->", "line 1: no element in it"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena arena;
		struct outline *first = NULL;
		size_t count = 7;
		struct err e = {0};

		arena_init(&arena, ARENA_MAX);
		assert_int_equal(
			opml_read(rows[i].text, strlen(rows[i].text), &arena, &first, &count, &e),
			ERR_PARSE);
		assert_int_equal(e.code, ERR_PARSE);
		assert_string_equal(e.text, rows[i].error);
		assert_null(first);
		assert_int_equal(count, 7);
		arena_finish(&arena);
	}
}

/* Repeats `unit` between `before` and `after`, reads the list, and gives the number of feeds. */
static int read_many(
	const char *before, const char *unit, size_t times, const char *after, size_t *ret_count)
{
	struct arena arena;
	struct outline *first = NULL;
	struct buf list;
	int rv;

	arena_init(&arena, ARENA_MAX);
	buf_init(&list, LIST_MAX);
	buf_puts(&list, before);
	for (size_t i = 0; i < times; i++)
		buf_puts(&list, unit);
	buf_puts(&list, after);
	assert_int_equal(buf_status(&list), 0);
	rv = opml_read(list.data, list.len, &arena, &first, ret_count, NULL);
	buf_finish(&list);
	arena_finish(&arena);
	return rv;
}

static void test_limits(void **state)
{
	static const char feed[] = "<outline xmlUrl='http://a.example/'/>";
	size_t count = 0;
	clock_t started = clock();

	(void)state;
	assert_int_equal(
		read_many("<opml><body>", feed, OPML_FEEDS_MAX, "</body></opml>", &count), 0);
	assert_int_equal(count, OPML_FEEDS_MAX);
	assert_int_equal(
		read_many("<opml><body>", feed, OPML_FEEDS_MAX + 1, "</body></opml>", &count),
		ERR_TOO_BIG);
	assert_int_equal(
		read_many("", "http://a.example/\n", OPML_FEEDS_MAX + 1, "", &count), ERR_TOO_BIG);
	assert_int_equal(read_many("<opml>", " ", OPML_BYTES_MAX, "</opml>", &count), ERR_TOO_BIG);
	/* Deep folders, and what has made parsers quadratic. */
	assert_int_equal(read_many("<opml>", "<outline text='f'>", 100000, feed, &count), 0);
	assert_int_equal(read_many("<opml><outline ", "a='b' ", 100000,
				 "xmlUrl='http://a.example/'/></opml>", &count),
		0);
	assert_int_equal(read_many("<opml><outline text='", "&amp;", 100000,
				 "' xmlUrl='u'/></opml>", &count),
		0);
	assert_int_equal(read_many("", "# \n", 1000000, "", &count), 0);
	assert_int_equal(
		read_many("<opml>", " ", 12 << 20, "<outline xmlUrl='u'/></opml>", &count), 0);
	assert_int_equal(count, 1);
	assert_true((double)(clock() - started) / CLOCKS_PER_SEC < 20.0);
}

/* The folder of a feed that lies deeper than folders are kept is the deepest one kept. */
static void test_deep_folders(void **state)
{
	struct buf list, lines;
	struct err e = {0};

	(void)state;
	buf_init(&list, LIST_MAX);
	buf_init(&lines, LIST_MAX);
	buf_puts(&list, "<opml>");
	for (int i = 1; i <= OPML_DEPTH_MAX + 10; i++)
		buf_printf(&list, "<outline text='f%d'>", i);
	buf_puts(&list, "<outline xmlUrl='u1'/>");
	for (int i = 0; i < OPML_DEPTH_MAX + 10 - 2; i++)
		buf_puts(&list, "</outline>");
	buf_puts(&list, "<outline xmlUrl='u2'/></outline><outline xmlUrl='u3'/></outline><outline "
			"xmlUrl='u4'/></opml>");
	assert_int_equal(read_list(list.data, list.len, &lines, &e), 0);
	assert_string_equal(buf_string(&lines), "f64\t-\tu1\nf2\t-\tu2\nf1\t-\tu3\n-\t-\tu4\n");
	buf_finish(&list);
	buf_finish(&lines);
}

static void fail_each_allocation(const char *list)
{
	size_t failures = 0;

	for (long n = 0;; n++) {
		struct arena arena;
		struct outline *first = NULL;
		size_t count = 0;
		struct err e = {0};
		int rv;

		arena_init(&arena, ARENA_MAX);
		fault_malloc_after(n);
		rv = opml_read(list, strlen(list), &arena, &first, &count, &e);
		arena_finish(&arena);
		if (fault_malloc_off() == 0) {
			assert_int_equal(rv, 0);
			assert_int_equal(count, 2);
			break;
		}
		assert_int_equal(rv, ERR_NOMEM);
		assert_null(first);
		failures++;
	}
	assert_true(failures >= 2);
}

static void test_out_of_memory(void **state)
{
	(void)state;
	fail_each_allocation("# c\nhttp://a.example/ \"~Title\"\n\"http://b.example/\"\n");
	fail_each_allocation(
		"<opml><outline text='f & g'><outline text='&lt;b&gt;' xmlUrl='http://a.example/'/>"
		"<outline xmlUrl='http://b.example/?a=1&b=2'/></outline></opml>");
}

static int start(void **state)
{
	(void)state;
	parse_global_init();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	parse_global_finish();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_deep_folders),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
