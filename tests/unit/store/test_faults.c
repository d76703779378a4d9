/* Broken disks: every operation fails once, the store says so and goes on, and nothing reported is
 * lost. */
#include "work.h"

#include <stdlib.h>

#include "support/faultvfs.h"

static void assert_known(int status)
{
	static const int known[] = {
		0, ERR_IO, ERR_FULL, ERR_NOMEM, ERR_CORRUPT, ERR_DENIED, ERR_BUSY};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (status == known[i])
			return;
	}
	fail_msg("an error of another kind: %s", err_name(status));
}

struct disk_case {
	const char *name;
	int kinds, code, error;
};

static const struct disk_case disk_cases[] = {
	{"read", FAULTVFS_READ, SQLITE_IOERR_READ, ERR_IO},
	{"write", FAULTVFS_WRITE, SQLITE_IOERR_WRITE, ERR_IO},
	{"full", FAULTVFS_WRITE, SQLITE_FULL, ERR_FULL},
	{"sync", FAULTVFS_SYNC, SQLITE_IOERR_FSYNC, ERR_IO},
	{"truncate", FAULTVFS_TRUNCATE, SQLITE_IOERR_TRUNCATE, ERR_IO},
	{"shm", FAULTVFS_SHM, SQLITE_IOERR_SHMMAP, ERR_IO},
	{"open", FAULTVFS_OPEN, SQLITE_CANTOPEN, ERR_IO},
};

/* One job in which the n-th operation fails, then one on a healthy disk. Returns true when n was
 * beyond the job's operations. */
static bool write_with_fault(const struct disk_case *c, long n, bool for_good)
{
	struct fixture f;
	int64_t key = 0, before;
	long failed;
	int status;
	struct err e = {0};

	fixture_open(&f);
	must_write(&f, first_feed, &(int64_t){0});
	must_write(&f, work, &key);
	before = items_in(&f);
	stop(&f); /* so that the pages have to be read */
	assert_int_equal(try_open(&f, &e), 0);
	start(&f);
	faultvfs_fail_after(n, c->kinds, c->code, for_good);
	status = do_write(&f, work, &key, &e);
	failed = faultvfs_off();
	assert_known(status);
	if (failed == 0)
		assert_int_equal(status, 0);
	if (status) {
		assert_int_equal(status, c->error);
		assert_true(e.text[0] != '\0');
	}
	/* All of the job or nothing of it; then work as ever. */
	assert_int_equal(items_in(&f), before + (status ? 0 : 5));
	must_write(&f, work, &key);
	assert_int_equal(items_in(&f), before + (status ? 5 : 10));
	stop(&f);
	assert_counts(f.path);
	assert_sound(f.path);
	fixture_close(&f);
	return failed == 0;
}

static void test_disk_faults_while_writing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(disk_cases) / sizeof(disk_cases[0]); i++) {
		for (long n = 0; !write_with_fault(&disk_cases[i], n, false); n++)
			;
		for (long n = 0; !write_with_fault(&disk_cases[i], n, true); n += 5)
			;
	}
}

static void test_disk_faults_while_reading(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(disk_cases) / sizeof(disk_cases[0]); i++) {
		const struct disk_case *c = &disk_cases[i];
		struct fixture f;
		int64_t key = 0;
		long failed = 1;

		fixture_open(&f);
		must_write(&f, first_feed, &(int64_t){0});
		for (int n = 0; n < 20; n++)
			must_write(&f, work, &key);
		for (long n = 0; failed; n++) {
			struct store_facts facts = {0};
			int status;

			stop(&f); /* so that the reader is opened anew */
			assert_int_equal(try_open(&f, NULL), 0);
			start(&f);
			faultvfs_fail_after(n, c->kinds, c->code, false);
			status = do_read(&f, look, &facts, NULL);
			failed = faultvfs_off();
			assert_known(status);
			assert_true(failed || status == 0);
			assert_int_equal(items_in(&f), 100);
		}
		fixture_close(&f);
	}
}

/* Creating, and opening what is there: an error, and afterwards it opens. */
static void test_disk_faults_while_opening(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(disk_cases) / sizeof(disk_cases[0]); i++) {
		const struct disk_case *c = &disk_cases[i];

		for (int existing = 0; existing < 2; existing++) {
			long failed = 1;

			for (long n = 0; failed; n++) {
				struct fixture f;
				int64_t key = 0;
				struct err e = {0};
				int status;

				fixture_open(&f);
				must_write(&f, first_feed, &(int64_t){0});
				must_write(&f, work, &key);
				stop(&f);
				if (!existing)
					assert_int_equal(remove(f.path), 0);
				faultvfs_fail_after(n, c->kinds, c->code, false);
				status = try_open(&f, &e);
				failed = faultvfs_off();
				assert_known(status);
				if (status) {
					assert_true(e.text[0] != '\0');
					assert_int_equal(try_open(&f, &e), 0);
				}
				start(&f);
				if (!existing)
					must_write(&f, first_feed, &(int64_t){0});
				assert_int_equal(items_in(&f), existing ? 5 : 0);
				stop(&f);
				assert_sound(f.path);
				fixture_close(&f);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_disk_faults_while_writing),
		cmocka_unit_test(test_disk_faults_while_reading),
		cmocka_unit_test(test_disk_faults_while_opening),
	};

	faultvfs_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
