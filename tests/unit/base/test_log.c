/* Tests of log lines: one event is one line, whatever the values hold (C25). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "limits.h"
#include "support/fault.h"

enum { TEXT_BYTES = 8192 };

/* Standard error goes to a file while it is captured. */
struct capture {
	FILE *file;
	int stderr_fd;
	char text[TEXT_BYTES];
};

static void capture_start(struct capture *c)
{
	c->file = tmpfile();
	assert_non_null(c->file);
	c->stderr_fd = dup(STDERR_FILENO);
	assert_true(c->stderr_fd >= 0);
	assert_int_equal(dup2(fileno(c->file), STDERR_FILENO), STDERR_FILENO);
}

/* What was written since the start. */
static const char *capture_end(struct capture *c)
{
	ssize_t n;

	(void)dup2(c->stderr_fd, STDERR_FILENO);
	(void)close(c->stderr_fd);
	n = pread(fileno(c->file), c->text, sizeof(c->text) - 1, 0);
	assert_true(n >= 0);
	c->text[n] = '\0';
	(void)fclose(c->file);
	return c->text;
}

/* The line of one event in the journal's form, which has no time in it. */
static const char *journal_line(struct capture *c, const char *value)
{
	char name[64];
	struct stat st;

	capture_start(c);
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	(void)snprintf(name, sizeof(name), "%llu:%llu", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino);
	assert_int_equal(setenv("JOURNAL_STREAM", name, 1), 0);
	log_init(LOG_INFO);
	log_event(LOG_INFO, "e", "k=%s", value);
	return capture_end(c);
}

static void test_values(void **state)
{
	static const struct {
		const char *value;
		const char *line;
	} cases[] = {
		{"word", "<6>e k=word\n"},
		{NULL, "<6>e k=-\n"},
		{"-", "<6>e k=\"-\"\n"},
		{"", "<6>e k=\"\"\n"},
		{"two words", "<6>e k=\"two words\"\n"},
		{"a=b", "<6>e k=\"a=b\"\n"},
		{"say \"x\" \\ y", "<6>e k=\"say \\\"x\\\" \\\\ y\"\n"},
		{"x\n<3>fake", "<6>e k=\"x\\n<3>fake\"\n"},
		{"\r\t\x1b[2J\x7f", "<6>e k=\"\\x0d\\x09\\x1b[2J\\x7f\"\n"},
		{"\xC2\x85\xC2\x9B", "<6>e k=\"\\x85\\x9b\"\n"},
		{"\xE2\x80\xAE\xE2\x80\xA8\xE2\x81\xA6", "<6>e k=\"\\u202e\\u2028\\u2066\"\n"},
		{"\xC3\xA4", "<6>e k=\"\xC3\xA4\"\n"},
		{"\xFF", "<6>e k=\"\xEF\xBF\xBD\"\n"},
		{"https://h/p?q", "<6>e k=https://h/p?q\n"},
		{"https://u:p@h/p?q", "<6>e k=https://***@h/p?q\n"},
		{"https://h/?token=abc&x=1", "<6>e k=\"https://h/?token=***&x=1\"\n"},
		{"proxy http://u:se\"cret@h said no", "<6>e k=\"proxy http://***@h said no\"\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct capture c;

		assert_string_equal(journal_line(&c, cases[i].value), cases[i].line);
	}
}

static void test_conversions(void **state)
{
	struct capture c;

	(void)state;
	(void)unsetenv("JOURNAL_STREAM");
	log_init(LOG_DEBUG);
	capture_start(&c);
	log_event(LOG_DEBUG, "all", "d=%d u=%u lld=%lld llu=%llu zu=%zu s=%s.", -1, 4000000000U,
		INT64_MIN + 0LL, 18446744073709551615ULL, (size_t)7, "x");
	assert_string_equal(strchr(capture_end(&c), ' '),
		" debug all d=-1 u=4000000000 lld=-9223372036854775808"
		" llu=18446744073709551615 zu=7 s=x.\n");
	capture_start(&c);
	log_event(LOG_WARNING, "bare", NULL);
	assert_string_equal(strchr(capture_end(&c), ' '), " warning bare\n");
}

static void test_plain_form(void **state)
{
	struct capture c;
	const char *line;

	(void)state;
	/* A stream that is not ours: some parent's. */
	assert_int_equal(setenv("JOURNAL_STREAM", "1:1", 1), 0);
	log_init(LOG_INFO);
	capture_start(&c);
	log_event(LOG_WARNING, "feed.polled", "url=%s", "http://h/");
	line = capture_end(&c);
	/* 2026-11-23T20:00:00.123Z */
	assert_int_equal(strlen(line), 24 + strlen(" warning feed.polled url=http://h/\n"));
	assert_int_equal(line[10], 'T');
	assert_string_equal(line + 24, " warning feed.polled url=http://h/\n");
}

static void test_levels(void **state)
{
	static const struct {
		const char *name;
		enum log_level level;
	} cases[] = {
		{"error", LOG_ERROR},
		{"warning", LOG_WARNING},
		{"info", LOG_INFO},
		{"debug", LOG_DEBUG},
	};
	struct capture c;

	(void)state;
	(void)unsetenv("JOURNAL_STREAM");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum log_level level = LOG_ERROR;
		size_t lines = 0;

		assert_int_equal(log_level_parse(cases[i].name, &level), 0);
		assert_int_equal(level, cases[i].level);
		log_set_level(level);
		capture_start(&c);
		for (size_t j = 0; j < sizeof(cases) / sizeof(cases[0]); j++)
			log_event(cases[j].level, "x", NULL);
		for (const char *p = capture_end(&c); *p; p++)
			lines += *p == '\n';
		assert_int_equal(lines, i + 1);
	}
	assert_int_equal(log_level_parse("Error", &(enum log_level){LOG_INFO}), ERR_INVALID);
	assert_int_equal(log_level_parse("", &(enum log_level){LOG_INFO}), ERR_INVALID);
	log_set_level(LOG_INFO);
}

/* Quotes that no backslash stands before. */
static int bare_quotes(const char *line)
{
	int count = 0;

	for (; *line; line++) {
		if (*line == '\\')
			line++;
		else if (*line == '"')
			count++;
	}
	return count;
}

/* However long a value: one line, not over the maximum, quotes closed, no character cut. */
static void test_long_values(void **state)
{
	static const char *const units[] = {
		"x", " ", "\n", "\"", "\xC3\xA4", "\xE2\x82\xAC", "\xFF"};
	char value[4 * LOG_LINE_MAX];

	(void)state;
	(void)unsetenv("JOURNAL_STREAM");
	log_init(LOG_INFO);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		for (size_t len = LOG_LINE_MAX - 60; len < LOG_LINE_MAX + 10; len++) {
			size_t unit = strlen(units[i]);
			struct capture c;
			const char *line;
			size_t line_len;

			for (size_t j = 0; j < len; j++)
				memcpy(value + j * unit, units[i], unit);
			value[len * unit] = '\0';
			capture_start(&c);
			log_event(LOG_INFO, "long", "v=%s after=%d", value, 1);
			line = capture_end(&c);
			line_len = strlen(line);
			assert_true(line_len <= LOG_LINE_MAX);
			assert_ptr_equal(strchr(line, '\n'), line + line_len - 1);
			if (strstr(line, " after=1\n"))
				continue;
			assert_true(line_len > LOG_LINE_MAX - 20);
			assert_non_null(strstr(line + line_len - 5, "..."));
			assert_int_equal(bare_quotes(line) % 2, 0);
		}
	}
}

static void test_no_memory_needed(void **state)
{
	struct capture c;

	(void)state;
	capture_start(&c);
	fault_malloc_from(0);
	log_event(LOG_ERROR, "out-of-memory", "what=%s", "http://u:p@h/?key=x y");
	assert_int_equal(fault_malloc_off(), 0);
	assert_non_null(strstr(capture_end(&c), "what=\"http://***@h/?key=*** y\"\n"));
}

static void test_redact(void **state)
{
	static const struct {
		const char *text;
		const char *redacted;
	} cases[] = {
		{"", ""},
		{"no url", "no url"},
		{"http://h/", "http://h/"},
		{"http://u@h/", "http://***@h/"},
		{"http://u:p@h", "http://***@h"},
		{"http://u:p@w@h/", "http://***@h/"},
		{"//u:p@h/", "//***@h/"},
		{"a http://u:p@h/ b https://v:q@i/ c", "a http://***@h/ b https://***@i/ c"},
		{"https://h/@user/feed", "https://h/@user/feed"},
		{"https://h?x=a@b", "https://h?x=a@b"},
		{"mail a@b.c", "mail a@b.c"},
		{"h/?token=1", "h/?token=***"},
		{"h/?a=1&token=2&b=3", "h/?a=1&token=***&b=3"},
		{"h/?TOKEN=1#f", "h/?TOKEN=***#f"},
		{"h/?key=1;auth=2", "h/?key=***;auth=***"},
		{"h/#access_token=1", "h/#access_token=***"},
		{"h/?apikey=1&api_key=2&api-key=3", "h/?apikey=***&api_key=***&api-key=***"},
		{"h/?password=1&pass=2&passwd=3&pwd=4",
			"h/?password=***&pass=***&passwd=***&pwd=***"},
		{"h/?secret=1&client_secret=2&sig=3", "h/?secret=***&client_secret=***&sig=***"},
		{"h/?X-Amz-Signature=1&X-Amz-Credential=2",
			"h/?X-Amz-Signature=***&X-Amz-Credential=***"},
		{"h/?token=", "h/?token=***"},
		{"h/?token", "h/?token"},
		{"h/?tokens=1", "h/?tokens=1"},
		{"h/?a=token", "h/?a=token"},
		{"h/?a=b=token=c", "h/?a=b=token=c"},
		{"\"h/?token=1\" and <h/?key=2>", "\"h/?token=***\" and <h/?key=***>"},
		{"http://u:p@h/?token=x&y", "http://***@h/?token=***&y"},
		{"http://u:p%0a\x01@h/", "http://***@h/"},
		{"Authorization: Basic dTpw", "Authorization:***"},
		{"> authorization:Bearer x y\r\n> Host: h", "> authorization:***\r\n> Host: h"},
		{"///", "///"},
		{"?&;#?", "?&;#?"},
		{"http://@h/", "http://@h/"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out;

		buf_init(&out, 1000);
		log_redact(&out, cases[i].text);
		assert_int_equal(buf_status(&out), 0);
		assert_string_equal(buf_string(&out), cases[i].redacted);
		buf_finish(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_conversions),
		cmocka_unit_test(test_plain_form),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_long_values),
		cmocka_unit_test(test_no_memory_needed),
		cmocka_unit_test(test_redact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
