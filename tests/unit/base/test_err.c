/* Tests of the error form. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"

static void test_names(void **state)
{
	static const struct {
		int code;
		const char *name;
	} all[] = {
#define X(symbol, name, sentence) {symbol, name},
		ERR_LIST(X)
#undef X
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		assert_true(all[i].code < 0);
		assert_string_equal(err_name(all[i].code), all[i].name);
		assert_true(strlen(err_sentence(all[i].code)) > 3);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(all[i].name, all[j].name);
	}
	/* Names are stored in databases: a new code in the middle of the list changes nothing. */
	assert_string_equal(err_name(ERR_NOMEM), "out-of-memory");
	assert_string_equal(err_name(ERR_INTERNAL), "internal");
	assert_string_equal(err_name(0), "ok");
}

static void test_unknown(void **state)
{
	static const int codes[] = {
		1, 12345, ERR_FIRST, ERR_FIRST - 1, ERR_INTERNAL + 1, INT32_MIN, INT32_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		assert_string_equal(err_name(codes[i]), "internal");
		assert_string_equal(err_sentence(codes[i]), "internal error");
	}
}

static void test_set(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(err_set(NULL, ERR_IO, "%d", 1), ERR_IO);
	assert_int_equal(err_set(&e, ERR_TLS, "certificate of %s, %d days", "host", 3), ERR_TLS);
	assert_int_equal(e.code, ERR_TLS);
	assert_string_equal(e.text, "certificate of host, 3 days");
	assert_int_equal(err_set(&e, ERR_TIMEOUT, NULL), ERR_TIMEOUT);
	assert_string_equal(e.text, "took too long");
	(void)err_set(&e, ERR_HTTP, "a\nb\r\n<3>c\x7f\td");
	assert_string_equal(e.text, "a b  <3>c  d");
}

static void test_cut(void **state)
{
	char text[600];
	struct err e;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[254] = '\0';
	(void)err_set(&e, ERR_HTTP,
		"%s"
		"y",
		text);
	assert_int_equal(strlen(e.text), 255);
	/* The euro sign would end one byte behind the limit. */
	text[253] = '\0';
	(void)err_set(&e, ERR_HTTP, "%s\xE2\x82\xACz", text);
	assert_int_equal(strlen(e.text), 253);
	memset(text, 'x', sizeof(text));
	text[599] = '\0';
	(void)err_set(&e, ERR_HTTP, "%s", text);
	assert_int_equal(strlen(e.text), 255);
}

static void test_errno(void **state)
{
	static const struct {
		int errnum;
		int code;
		const char *text;
	} cases[] = {
		{ENOENT, ERR_NOT_FOUND, "open x: No such file or directory"},
		{EACCES, ERR_DENIED, "open x: Permission denied"},
		{ENOSPC, ERR_FULL, "open x: No space left on device"},
		{ENOMEM, ERR_NOMEM, "open x: Cannot allocate memory"},
		{EMFILE, ERR_BUSY, "open x: Too many open files"},
		{EIO, ERR_IO, "open x: Input/output error"},
		{123456, ERR_IO, "open x: Unknown error 123456"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err e;

		assert_int_equal(err_from_errno(&e, cases[i].errnum, "open x"), cases[i].code);
		assert_string_equal(e.text, cases[i].text);
	}
	assert_int_equal(err_from_errno(NULL, ENOENT, "open x"), ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
