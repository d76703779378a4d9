/* Tests of what the other tests stand on: failing allocations, temporary folders, loops. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "support/fault.h"
#include "support/loop.h"
#include "support/tmp.h"

/* Five allocations, one of each kind; bit n is set when the n-th failed. */
static unsigned allocate_all(void)
{
	/* volatile: a compiler may leave out memory that nobody looks at */
	void *volatile p[] = {
		malloc(8), calloc(2, 4), realloc(NULL, 8), strdup("text"), strndup("text", 2)};
	unsigned failed = 0;

	for (size_t i = 0; i < sizeof(p) / sizeof(p[0]); i++) {
		failed |= (unsigned)(p[i] == NULL) << i;
		free(p[i]);
	}
	return failed;
}

static void test_fault(void **state)
{
	(void)state;
	for (long n = 0; n < 7; n++) {
		unsigned one, rest;

		fault_malloc_after(n);
		one = allocate_all();
		assert_int_equal(fault_malloc_count(), 5);
		assert_int_equal(fault_malloc_off(), n < 5);
		assert_int_equal(one, (1U << n) & 31);
		fault_malloc_from(n);
		rest = allocate_all();
		assert_int_equal(fault_malloc_off(), n < 5 ? 5 - n : 0);
		assert_int_equal(rest, (31U << n) & 31);
	}
	assert_int_equal(allocate_all(), 0);
}

static void test_tmp(void **state)
{
	struct tmp t, zeroed = {.dir = ""};
	char *text;
	size_t len = 0;
	char dir[sizeof(t.dir)];

	(void)state;
	tmp_remove(&zeroed);
	tmp_create(&t);
	memcpy(dir, t.dir, sizeof(dir));
	(void)tmp_write(&t, "a/b/c", "x\0y", 3);
	(void)tmp_write_text(&t, "d", "text");
	assert_int_equal(symlink("/", tmp_path(&t, "a/root")), 0);
	text = tmp_read(&t, "a/b/c", &len);
	assert_int_equal(len, 3);
	assert_memory_equal(text, "x\0y", 4);
	free(text);
	tmp_remove(&t);
	assert_int_equal(access(dir, F_OK), -1);
	assert_int_equal(access("/", F_OK), 0);
}

static void on_timer(uv_timer_t *timer)
{
	int *fired = uv_handle_get_data((uv_handle_t *)timer);

	*fired = 1;
	uv_close((uv_handle_t *)timer, NULL);
}

static void test_loop(void **state)
{
	struct loop l;
	uv_timer_t timer;
	int fired = 0;

	(void)state;
	loop_init(&l);
	loop_run(&l, 1000);
	assert_int_equal(uv_timer_init(&l.uv, &timer), 0);
	uv_handle_set_data((uv_handle_t *)&timer, &fired);
	assert_int_equal(uv_timer_start(&timer, on_timer, 1, 0), 0);
	loop_run_until(&l, &fired, 10000);
	loop_finish(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fault),
		cmocka_unit_test(test_tmp),
		cmocka_unit_test(test_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
