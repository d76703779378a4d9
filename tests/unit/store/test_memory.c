/* No memory: every allocation fails once, SQLite's and ours, and the job it happens in is all that
 * suffers. */
#include "work.h"

#include "support/fault.h"
#include "support/faultvfs.h"

static void test_no_memory_while_working(void **state)
{
	long failed = 1;

	(void)state;
	for (long n = 0; failed; n += (n < 200 ? 1 : 7) * FAULT_THIN) {
		struct store_facts facts;
		struct fixture f;
		int64_t key = 0;
		int status;
		struct err e = {0};

		fixture_open(&f);
		must_write(&f, first_feed, &(int64_t){0});
		fault_malloc_after(n);
		status = do_write(&f, work, &key, &e);
		failed = fault_malloc_off();
		assert_true(status == 0 || status == ERR_NOMEM);
		fault_malloc_after(n);
		if (do_read(&f, look, &facts, &e) != 0)
			assert_int_equal(e.code, ERR_NOMEM);
		failed += fault_malloc_off();
		assert_int_equal(items_in(&f), status ? 0 : 5);
		must_write(&f, work, &key);
		stop(&f);
		assert_counts(f.path);
		fixture_close(&f);
	}
}

static void test_no_memory_while_opening(void **state)
{
	long failed = 1;

	(void)state;
	for (long n = 0; failed; n += (n < 150 ? 1 : 11) * FAULT_THIN) {
		struct fixture f;
		struct err e = {0};
		int status;

		fixture_open(&f);
		stop(&f);
		remove(f.path);
		fault_malloc_after(n);
		status = try_open(&f, &e);
		failed = fault_malloc_off();
		if (status) {
			assert_int_equal(status, ERR_NOMEM);
			assert_int_equal(try_open(&f, &e), 0);
		}
		start(&f);
		must_write(&f, first_feed, &(int64_t){0});
		fixture_close(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_memory_while_working),
		cmocka_unit_test(test_no_memory_while_opening),
	};

	faultvfs_use_malloc();
	faultvfs_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
