/* The cursor of `tidings new`: where it lies, what it may hold, and that it is replaced whole. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/cursor.h"

static void test_path(void **state)
{
	(void)state;
	static const struct {
		const char *named, *xdg, *home, *want; /* want NULL: none */
	} cases[] = {
		{"x/y", "/state", "/home/a", "x/y"},
		{NULL, "/state", "/home/a", "/state/tidings/new.cursor"},
		{NULL, NULL, "/home/a", "/home/a/.local/state/tidings/new.cursor"},
		{NULL, "relative", "/home/a", "/home/a/.local/state/tidings/new.cursor"},
		{NULL, NULL, NULL, NULL},
		{NULL, "", "", NULL},
	};
	char path[CURSOR_PATH_BYTES];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cases[i].xdg ? setenv("XDG_STATE_HOME", cases[i].xdg, 1)
			     : unsetenv("XDG_STATE_HOME");
		cases[i].home ? setenv("HOME", cases[i].home, 1) : unsetenv("HOME");
		assert_int_equal(cursor_path(cases[i].named, path), cases[i].want ? 0 : -1);
		if (cases[i].want)
			assert_string_equal(path, cases[i].want);
	}
}

static void test_content(void **state)
{
	(void)state;
	static const struct {
		const char *content;
		const char *want; /* NULL: refused */
	} cases[] = {
		{"b7f1-4711\n", "b7f1-4711"},
		{"b7f1-4711", "b7f1-4711"},
		{"6f-a-0\nmore", "6f-a-0"},
		{"4711", NULL},
		{"-5", NULL},
		{"b7f1-", NULL},
		{"b7f1-5x", NULL},
		{"b7&x-5", NULL},
		{"", NULL},
	};
	char folder[] = "/tmp/tidings-cursor-XXXXXX", path[64], cursor[CURSOR_BYTES], big[300];
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/c", folder);
	memset(big, 'a', sizeof(big) - 1);
	snprintf(big + sizeof(big) - 4, 4, "-1\n");
	for (size_t i = 0; i <= sizeof(cases) / sizeof(cases[0]); i++) {
		bool last = i == sizeof(cases) / sizeof(cases[0]);
		const char *want = last ? NULL : cases[i].want;
		FILE *file = fopen(path, "w");
		fputs(last ? big : cases[i].content, file);
		fclose(file);
		assert_int_equal(cursor_read(path, cursor), want ? 0 : -1);
		if (want)
			assert_string_equal(cursor, want);
		else
			assert_int_equal(errno, EINVAL);
	}
	unlink(path);
	rmdir(folder);
}

static void test_write(void **state)
{
	(void)state;
	char folder[] = "/tmp/tidings-cursor-XXXXXX", sub[64], path[80], cursor[CURSOR_BYTES];
	struct stat before, after;
	assert_non_null(mkdtemp(folder));
	snprintf(sub, sizeof(sub), "%s/tidings", folder);
	snprintf(path, sizeof(path), "%s/new.cursor", sub);
	assert_int_equal(cursor_read(path, cursor), 0);
	assert_string_equal(cursor, "");
	assert_int_equal(cursor_write(path, "b7f1-1"), 0);
	assert_int_equal(stat(sub, &before), 0);
	assert_int_equal(before.st_mode & 0777, 0700);
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(before.st_mode & 0777, 0600);
	assert_int_equal(cursor_write(path, "b7f1-2"), 0);
	assert_int_equal(stat(path, &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino); /* a new file took its place */
	assert_int_equal(cursor_read(path, cursor), 0);
	assert_string_equal(cursor, "b7f1-2");
	/* The file is in the way of the folder. */
	char below[96];
	snprintf(below, sizeof(below), "%s/x", path);
	assert_int_equal(cursor_write(below, "b7f1-3"), -1);
	unlink(path);
	assert_int_equal(rmdir(sub), 0); /* nothing temporary was left */
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_content),
		cmocka_unit_test(test_write),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
