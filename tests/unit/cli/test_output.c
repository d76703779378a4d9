/* What `tidings` prints: nothing of a feed steers a terminal (C24), columns fit, pipes get one line
 * an entry. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "cli/output.h"
#include "cli/text.h"

#define BAD "\xef\xbf\xbd"

static void test_clean(void **state)
{
	(void)state;
	static const struct {
		const char *in, *want;
	} cases[] = {
		{"plain \xc3\xa4 \xe6\x97\xa5 \xf0\x9f\x98\x80",
			"plain \xc3\xa4 \xe6\x97\xa5 \xf0\x9f\x98\x80"},
		{"\033]0;x\a", BAD "]0;x" BAD}, /* window title */
		{"\033]8;;http://evil/\033\\here\033]8;;\033\\",
			BAD "]8;;http://evil/" BAD "\\here" BAD "]8;;" BAD "\\"}, /* OSC 8 */
		{"\033]52;c;cm0=\a", BAD "]52;c;cm0=" BAD},                       /* OSC 52 */
		{"\xc2\x9b"
		 "31m",
			BAD "31m"},       /* U+009B, CSI in one character */
		{"\x9b 31m", BAD " 31m"}, /* the same as a bare byte */
		{"\033[2J\033c\bq\x7f", BAD "[2J" BAD "c" BAD "q" BAD},
		{"a\tb\nc\r\nd\ve\xe2\x80\xa8"
		 "f\xc2\x85g",
			"a b c  d e f g"},
		{"\xe2\x80\xae"
		 "desrever\xe2\x80\xac \xe2\x81\xa6x\xe2\x81\xa9",
			"desrever x"},                 /* U+202E, U+202C, U+2066, U+2069 */
		{"\xe2\x80\x8f!", "\xe2\x80\x8f!"},    /* a mark of direction is no override */
		{"\xc0\xaf\xc1\x9b", BAD BAD BAD BAD}, /* overlong */
		{"\xe0\x82\x9b", BAD BAD BAD},         /* overlong U+009B */
		{"\xed\xa0\x80", BAD BAD BAD},         /* surrogate */
		{"\xf4\x90\x80\x80", BAD BAD BAD BAD}, /* above U+10FFFF */
		{"cut \xe6\x97", "cut " BAD BAD},
		{"", ""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *got = text_clean(cases[i].in, strlen(cases[i].in), CLEAN_LINE);
		assert_string_equal(got, cases[i].want);
		free(got);
	}
	char *lines = text_clean("a\nb\tc\0d", 7, CLEAN_LINES);
	assert_string_equal(lines, "a\nb c" BAD "d");
	free(lines);
}

static void test_clean_json(void **state)
{
	(void)state;
	const char *json = "{\"a\":\"\\u001b x\x7f \xc2\x9b \xe2\x80\xae\xe2\x80\xac \xc3\xa4\"}";
	char *got = text_clean(json, strlen(json), CLEAN_JSON);
	assert_string_equal(got, "{\"a\":\"\\u001b x\\u007f \\u009b \\u202e\\u202c \xc3\xa4\"}");
	free(got);
}

static void test_width(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int width;
		int columns; /* cut at */
		const char *fits;
	} cases[] = {
		{"abc", 3, 2, "ab"},
		{"\xe6\x97\xa5\xe6\x9c\xac", 4, 3, "\xe6\x97\xa5"},
		{"e\xcc\x81x", 2, 1, "e\xcc\x81"},
		{"\xf0\x9f\x98\x80", 2, 1, ""},
		{"", 0, 5, ""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int used;
		assert_int_equal(text_width(cases[i].text), cases[i].width);
		size_t len = text_fit(cases[i].text, cases[i].columns, &used);
		assert_true(used <= cases[i].columns);
		assert_int_equal(len, strlen(cases[i].fits));
		assert_memory_equal(cases[i].text, cases[i].fits, len);
	}
}

/* What `write` prints into a memory stream is `want`. */
static void expect_printed(
	void (*write)(struct output *out), bool terminal, bool color, int width, const char *want)
{
	char *text = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&text, &len);
	struct output out = {.stream = stream,
		.terminal = terminal,
		.color = color,
		.width = width,
		.now_s = 1000000};
	write(&out);
	fclose(stream);
	assert_string_equal(text, want);
	free(text);
}

static void write_wrapped(struct output *out)
{
	text_wrap(out->stream,
		"one two three\n\nabcdefghijklmnop "
		"\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5\xe6\x9c\xac q",
		out->width);
}

static void write_table(struct output *out)
{
	static const struct column columns[] = {{.title = "ID", .right = true},
		{.title = "TITLE", .flexible = true}, {.title = "LINK", .hidden = true},
		{.title = "N"}};
	struct table table = TABLE(columns);
	table_cell(&table, DIM, "%d", 7);
	table_cell(&table, PLAIN, "%s", "a\tlong\033 title that is cut");
	table_cell(&table, PLAIN, "http://a/");
	table_cell(&table, RED, "x");
	table_cell(&table, PLAIN, "%d", 123);
	table_cell(&table, PLAIN, "\xe6\x97\xa5\xe6\x9c\xac");
	table_cell(&table, PLAIN, "%s", "");
	table_cell(&table, PLAIN, "yy");
	table_print(&table, out);
	output_line(out, RED, "%s", "no\nte");
}

static void write_times(struct output *out)
{
	fprintf(out->stream, "%s,", output_time(out, "1970-01-12T13:41:40.000Z", "never"));
	fprintf(out->stream, "%s,", output_time(out, "1970-01-12T14:46:40Z", "never"));
	fprintf(out->stream, "%s", output_time(out, "", "never"));
}

static void test_print(void **state)
{
	(void)state;
	expect_printed(write_wrapped, true, false, 8,
		"one "
		"two\nthree\n\nabcdefgh\nijklmnop\n\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5\xe6\x9c\xac"
		"\nq\n");
	expect_printed(write_wrapped, false, false, 0,
		"one two three\n\nabcdefghijklmnop "
		"\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5\xe6\x9c\xac q\n");
	expect_printed(write_table, false, false, 0,
		"7\ta long" BAD
		" title that is cut\thttp://a/\tx\n123\t\xe6\x97\xa5\xe6\x9c\xac\t\tyy\nno te\n");
	expect_printed(write_table, true, false, 24,
		" ID  TITLE            N\n  7  a long" BAD
		" title \xe2\x80\xa6  x\n123  \xe6\x97\xa5\xe6\x9c\xac             yy\nno te\n");
	expect_printed(write_table, true, true, 80,
		" \033[1mID\033[0m  \033[1mTITLE\033[0m                      \033[1mN\033[0m\n"
		"  \033[2m7\033[0m  a long" BAD " title that is cut  \033[31mx\033[0m\n"
		"123  \xe6\x97\xa5\xe6\x9c\xac                       yy\n"
		"\033[31mno te\033[0m\n");
	expect_printed(write_times, true, false, 80, "5m,in 1h,never");
	expect_printed(write_times, false, false, 0,
		"1970-01-12T13:41:40.000Z,1970-01-12T14:46:40Z,never");
}

static void test_times(void **state)
{
	(void)state;
	static const struct {
		const char *then, *want;
	} cases[] = {{"2001-09-09T01:46:40.123Z", "now"}, {"2001-09-09T01:45:41Z", "now"},
		{"2001-09-09T01:45:40Z", "1m"}, {"2001-09-09T00:46:40Z", "1h"},
		{"2001-09-08T01:46:40Z", "1d"}, {"2001-09-09T01:47:40Z", "in 1m"},
		{"2001-08-28T12:00:00Z", "28 Aug"}, {"1998-07-09T16:00:00Z", "09 Jul 1998"},
		{"yesterday", ""}, {"2001-09-09T01:46:40", ""}, {"", ""}};
	char words[WORDS_BYTES];
	setenv("TZ", "UTC", 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(time_words(cases[i].then, 1000000000, words), cases[i].want);
}

static void test_moments(void **state)
{
	(void)state;
	static const struct {
		const char *then, *want;
	} cases[] = {{"2001-09-09T01:46:40.123Z", "today 01:46, now"},
		{"2001-09-09T01:47:39Z", "today 01:47, now"},
		{"2001-09-09T02:09:40Z", "today 02:09, in 23min"},
		{"2001-09-09T23:59:00Z", "today 23:59, in 22h 12min"},
		{"2001-09-10T00:00:00Z", "tomorrow 00:00, in 22h 13min"},
		{"2001-09-10T23:59:00Z", "tomorrow 23:59, in 1d 22h"},
		{"2001-09-11T00:00:00Z", "Tue 11 Sep 00:00"},
		{"2001-09-09T00:00:00Z", "today 00:00, 1h 46min ago"},
		{"2001-09-08T23:59:00Z", "yesterday 23:59, 1h 47min ago"},
		{"2001-09-07T23:59:00Z", "Fri 07 Sep 23:59"},
		{"1998-07-09T16:00:00Z", "09 Jul 1998 16:00"}, {"never", ""}, {"", ""}};
	char words[WORDS_BYTES];
	setenv("TZ", "UTC", 1);
	tzset();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(moment_words(cases[i].then, 1000000000, words), cases[i].want);
	/* The night in which summer time ends has 25 hours, and is one day all the same. */
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	assert_string_equal(moment_words("2001-10-28T22:30:00Z", 1004212800, words),
		"tomorrow 23:30, in 1d 2h");
	setenv("TZ", "UTC", 1);
	tzset();
}

static void test_spans(void **state)
{
	(void)state;
	static const struct {
		int64_t s;
		const char *want;
	} cases[] = {{0, "0s"}, {59, "59s"}, {60, "1min"}, {119, "1min"}, {5400, "1h 30min"},
		{86399, "23h 59min"}, {86400, "1d"}, {777600000, "9000d"}};
	char words[WORDS_BYTES];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(span_words(cases[i].s, words), cases[i].want);
}

static void test_color(void **state)
{
	(void)state;
	struct output out;
	FILE *file = tmpfile();
	setenv("TERM", "xterm", 1);
	output_init(&out, file, COLOR_AUTO);
	assert_false(out.terminal || out.color || out.width);
	output_init(&out, file, COLOR_ALWAYS);
	assert_true(out.color);
	fclose(file);
	file = fopen("/dev/full", "w");
	output_init(&out, file, COLOR_NEVER);
	fputs("x", file);
	assert_int_equal(output_flush(&out), -1);
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_clean_json),
		cmocka_unit_test(test_width),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_moments),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_color),
	};
	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
