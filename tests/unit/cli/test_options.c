/* Command lines: what is accepted, what is refused and with which words; and how feeds are found by
 * what was typed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/cli.h"

#define AT(field) offsetof(struct options, field)

static const struct option_row rows[] = {
	{"", "json", 0, OPTION_FLAG, AT(json), NULL, "JSON"},
	{"", "color", 0, OPTION_COLOR, AT(color), "WHEN", "when"},
	{" x y ", "all", 'a', OPTION_FLAG, AT(all), NULL, "all"},
	{" x ", "feed", 0, OPTION_TEXT, AT(feed), "FEED", "feed"},
	{" x ", "limit", 'n', OPTION_COUNT, AT(limit), "N", "max"},
	{" y ", "feed", 0, OPTION_FLAG, AT(starred), NULL, "not the feed of x"},
};

/* Arguments stand separated by '|'. 0 or -1. */
static int parse(const char *line, struct options *o, char why[OPTIONS_WHY_BYTES])
{
	static char copy[256];
	static char *argv[16], *arguments[16];
	char *save = NULL;
	int argc = 0;
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok_r(copy, "|", &save); word; word = strtok_r(NULL, "|", &save))
		argv[argc++] = word;
	argv[argc] = NULL;
	memset(o, 0, sizeof(*o));
	o->arguments = arguments;
	return options_parse(argc, argv, rows, sizeof(rows) / sizeof(rows[0]), o, why);
}

static void test_accepted(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		bool json, all;
		long limit;
		const char *feed;
		int count;
	} cases[] = {
		{"x", false, false, 0, NULL, 1},
		{"x|--json|-a", true, true, 0, NULL, 1},
		{"x|x|--all|y", false, true, 0, NULL, 3},
		{"x|-n|5", false, false, 5, NULL, 1},
		{"x|-n5", false, false, 5, NULL, 1},
		{"x|--limit=1000|--limit|7", false, false, 7, NULL, 1},
		{"x|--feed=a=b", false, false, 0, "a=b", 1},
		{"x|--feed|--all", false, false, 0, "--all", 1},
		{"x|--|--all|-n", false, false, 0, NULL, 3},
		{"x|-", false, false, 0, NULL, 2},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options o;
		char why[OPTIONS_WHY_BYTES];
		assert_true(parse(cases[i].line, &o, why) == 0);
		assert_int_equal(o.json, cases[i].json);
		assert_int_equal(o.all, cases[i].all);
		assert_int_equal(o.limit, cases[i].limit);
		assert_int_equal(o.count, cases[i].count);
		if (cases[i].feed)
			assert_string_equal(o.feed, cases[i].feed);
		else
			assert_null(o.feed);
	}
}

static void test_refused(void **state)
{
	(void)state;
	static const struct {
		const char *line, *why; /* a part of the reason */
	} cases[] = {
		{"x|--alls", "unknown option '--alls'"},
		{"x|--al", "unknown option '--al'"}, /* no abbreviations */
		{"x|-x", "unknown option '-x'"},
		{"x|-ax", "no value belongs to '-ax'"},
		{"x|--all=yes", "no value belongs to"},
		{"x|--limit", "a value is missing for '--limit'"},
		{"x|-n", "a value is missing for"},
		{"x|--limit=", "no value"},
		{"x|--limit=0", "no value"},
		{"x|--limit=1000001", "no value"},
		{"x|--limit=5x", "no value"},
		{"x|--limit=-5", "no value"},
		{"x|--limit= 5", "no value"},
		{"x|--limit=99999999999999999999", "no value"},
		{"x|--feed=", "no value"},
		{"x|--color=sometimes", "no value"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options o;
		char why[OPTIONS_WHY_BYTES] = "";
		assert_int_equal(parse(cases[i].line, &o, why), -1);
		assert_non_null(strstr(why, cases[i].why));
	}
}

/* What belongs to a command alone is unknown before it and to others. */
static void test_commands(void **state)
{
	(void)state;
	struct options o;
	char why[OPTIONS_WHY_BYTES];
	assert_int_equal(parse("--color|never|x|--json", &o, why), 0);
	assert_int_equal(o.color, COLOR_NEVER);
	assert_true(o.json);
	assert_string_equal(o.arguments[0], "x");
	assert_int_equal(parse("--json", &o, why), 0);
	assert_int_equal(o.count, 0);
	assert_int_equal(parse("--all|x", &o, why), -1);
	assert_int_equal(parse("y|--limit=5", &o, why), -1);
	assert_int_equal(parse("z|--all", &o, why), -1);
	assert_int_equal(parse("y|--all|--feed", &o, why), 0);
	assert_true(o.all && o.starred && !o.feed);
}

static void test_find_feed(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t id; /* 0: none, or not one alone */
	} cases[] = {
		{"7", 7},
		{"https://a.example/feed", 7},
		{"https://b.example", 8}, /* as people write https://b.example/ */
		{"the harbour star", 8},
		{"example", 7},
		{"The H", 0},
		{"The Harbour Star Weekly", 9},
		{"12", 13}, /* no such id: a name */
		{"9", 9},
		{"nothing", 0},
		{"", 0},
	};
	json_t *feeds = json_pack("{s[{sIssss}{sIssss}{sIssss}{sIssss}]}", "feeds", "id",
		(json_int_t)7, "url", "https://a.example/feed", "name", "Example Wire", "id",
		(json_int_t)8, "url", "https://b.example/", "name", "The Harbour Star", "id",
		(json_int_t)9, "url", "https://c.example/", "name", "The Harbour Star Weekly", "id",
		(json_int_t)13, "url", "https://d.example/", "name", "12");
	assert_non_null(feeds);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *feed = NULL;
		int rc = feeds_find(feeds, cases[i].text, &feed);
		assert_int_equal(rc, cases[i].id ? 0 : EXIT_NOTHING);
		assert_int_equal(field_int(feed, "id"), cases[i].id);
	}
	json_decref(feeds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_find_feed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
