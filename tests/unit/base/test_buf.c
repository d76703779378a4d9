/* Tests of the bounded buffer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "support/fault.h"
#include "support/tmp.h"

enum { MAX = 1000 };

static void test_empty(void **state)
{
	struct buf b, zeroed = {0};

	(void)state;
	buf_init(&b, MAX);
	assert_string_equal(buf_string(&b), "");
	assert_int_equal(buf_status(&b), 0);
	assert_null(b.data);
	buf_finish(&b);
	buf_finish(&b);
	buf_finish(&zeroed);
}

static void test_appending(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, MAX);
	buf_puts(&b, "one");
	buf_putc(&b, ' ');
	buf_append(&b, "two\0three", 9);
	buf_append(&b, NULL, 0);
	buf_printf(&b, " %d%s", 4, "!");
	assert_int_equal(buf_status(&b), 0);
	assert_int_equal(b.len, 16);
	assert_memory_equal(b.data, "one two\0three 4!", 17);
	buf_reset(&b);
	assert_int_equal(b.len, 0);
	assert_string_equal(buf_string(&b), "");
	assert_true(b.cap > 0);
	buf_finish(&b);
}

static void test_printing_lengths(void **state)
{
	(void)state;
	/* Around the size that is formatted on the stack. */
	for (int len = 0; len < 300; len++) {
		struct buf b;

		buf_init(&b, 1 + 300);
		buf_putc(&b, '<');
		buf_printf(&b, "%*s", len, "");
		assert_int_equal(b.len, 1 + len);
		assert_int_equal(strlen(buf_string(&b)), 1 + len);
		buf_finish(&b);
	}
}

static void test_maximum(void **state)
{
	static const struct {
		size_t max, first, second;
		int failure;
	} cases[] = {
		{0, 0, 0, 0},
		{0, 1, 0, ERR_TOO_BIG},
		{1, 1, 0, 0},
		{1, 1, 1, ERR_TOO_BIG},
		{10, 10, 0, 0},
		{10, 9, 2, ERR_TOO_BIG},
		{100, 64, 36, 0},
		{100, 64, 37, ERR_TOO_BIG},
		{100, 0, SIZE_MAX, ERR_TOO_BIG},
		{SIZE_MAX, 1, 0, ERR_TOO_BIG},
	};
	char text[100];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b;

		buf_init(&b, cases[i].max);
		buf_append(&b, text, cases[i].first);
		buf_append(&b, text, cases[i].second);
		assert_int_equal(buf_status(&b), cases[i].failure);
		assert_true(b.len <= cases[i].max);
		assert_true(b.cap == 0 || b.cap <= cases[i].max + 1);
		buf_finish(&b);
	}
}

static void test_failure_is_sticky(void **state)
{
	struct buf b;
	size_t len = 77;

	(void)state;
	buf_init(&b, 5);
	buf_puts(&b, "abc");
	buf_puts(&b, "defg");
	assert_int_equal(buf_status(&b), ERR_TOO_BIG);
	buf_puts(&b, "d");
	buf_printf(&b, "%d", 1);
	assert_int_equal(buf_reserve(&b, 0), ERR_TOO_BIG);
	assert_string_equal(buf_string(&b), "abc");
	assert_null(buf_steal(&b, &len));
	assert_int_equal(len, 77);
	assert_int_equal(buf_status(&b), 0);
	buf_puts(&b, "fresh");
	assert_string_equal(buf_string(&b), "fresh");
	buf_puts(&b, "!");
	buf_reset(&b);
	assert_int_equal(buf_status(&b), 0);
	buf_finish(&b);
}

static void test_reserve(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, MAX);
	assert_int_equal(buf_reserve(&b, 300), 0);
	assert_int_equal(b.len, 0);
	memset(b.data, 'y', 300);
	b.len = 300;
	buf_putc(&b, 'z');
	assert_int_equal(strlen(buf_string(&b)), 301);
	assert_int_equal(buf_reserve(&b, MAX), ERR_TOO_BIG);
	buf_finish(&b);
}

static void test_steal(void **state)
{
	struct buf b;
	size_t len = 77;
	char *bytes;

	(void)state;
	buf_init(&b, MAX);
	bytes = buf_steal(&b, &len);
	assert_string_equal(bytes, "");
	assert_int_equal(len, 0);
	free(bytes);
	buf_puts(&b, "mine");
	bytes = buf_steal(&b, NULL);
	assert_string_equal(bytes, "mine");
	assert_null(b.data);
	assert_int_equal(b.max, MAX);
	free(bytes);
	buf_finish(&b);
}

static void test_growth_is_geometric(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	fault_malloc_after(1 << 20);
	for (int i = 0; i < 1 << 20; i++)
		buf_putc(&b, 'x');
	assert_true(fault_malloc_count() < 20);
	(void)fault_malloc_off();
	assert_int_equal(b.len, 1 << 20);
	buf_finish(&b);
}

static void test_out_of_memory(void **state)
{
	long n = 0;
	long failed;

	(void)state;
	do {
		struct buf b;
		size_t len = 0;
		char *bytes;
		int status;

		buf_init(&b, MAX);
		fault_malloc_after(n++);
		for (int i = 0; i < 10; i++)
			buf_printf(&b, "%-30d|", i);
		status = buf_status(&b);
		bytes = buf_steal(&b, &len);
		failed = fault_malloc_off();
		assert_int_equal(status, failed ? ERR_NOMEM : 0);
		assert_int_equal(len, failed ? 0 : 310);
		free(bytes);
		buf_finish(&b);
	} while (failed);
	assert_true(n > 2);
}

/* Files: none, empty, of just the maximum, one byte more, and a folder. */
static void test_reading(void **state)
{
	struct tmp t;
	struct buf b;
	struct err e;
	char bytes[MAX + 1];

	(void)state;
	tmp_create(&t);
	memset(bytes, 'x', sizeof(bytes));
	buf_init(&b, MAX);
	assert_int_equal(buf_read_file(&b, tmp_path(&t, "none"), &e), ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "none: No such file"));
	assert_int_equal(buf_read_file(&b, tmp_write(&t, "empty", "", 0), &e), 0);
	assert_string_equal(b.data, "");
	assert_int_equal(buf_read_file(&b, tmp_write(&t, "full", bytes, MAX), &e), 0);
	assert_int_equal(b.len, MAX);
	assert_int_equal(strspn(b.data, "x"), MAX);
	buf_reset(&b);
	assert_int_equal(
		buf_read_file(&b, tmp_write(&t, "large", bytes, MAX + 1), &e), ERR_TOO_BIG);
	assert_non_null(strstr(e.text, "large: larger than 1000 bytes"));
	buf_reset(&b);
	assert_int_equal(buf_read_file(&b, t.dir, &e), ERR_IO);
	assert_non_null(strstr(e.text, ": Is a directory"));
	buf_finish(&b);
	tmp_remove(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_appending),
		cmocka_unit_test(test_printing_lengths),
		cmocka_unit_test(test_maximum),
		cmocka_unit_test(test_failure_is_sticky),
		cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_steal),
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_growth_is_geometric),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
