/* The tables: made once, made whole, and refused when they are not ours. */
#include "fixture.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/times.h"
#include "limits.h"
#include "store/schema.h"
#include "support/data.h"
#include "support/fault.h"
#include "support/faultvfs.h"
#include "support/skip.h"

static int open_raw(const char *path, struct db *db)
{
	sqlite3 *file;
	struct err e = {0};
	int status;

	assert_int_equal(sqlite3_open(path, &file), SQLITE_OK);
	sqlite3_close(file);
	status = db_open(db, path, DB_WRITE, &e);
	if (status == 0)
		status = schema_prepare(db, path, &e);
	assert_int_equal(status < 0, e.code < 0);
	return status;
}

static void assert_complete(const char *path)
{
	assert_int_equal(peek(path, "PRAGMA user_version"), 8);
	assert_int_equal(peek(path, "SELECT count(*) FROM pragma_table_info('item') WHERE name = "
				    "'extensions'"),
		1);
	assert_int_equal(peek(path, "PRAGMA auto_vacuum"), 2);
	assert_int_equal(peek(path, "PRAGMA application_id"), 1414090311);
	assert_int_equal(
		peek(path, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN"
			   " ('meta', 'change', 'folder', 'feed', 'story', 'item', 'item_text', "
			   "'revision', 'keep', 'dropped', 'alias', 'hold', 'icon', 'fingerprint', "
			   "'story_alias')"),
		15);
	assert_int_equal(
		peek(path, "SELECT count(*) FROM meta WHERE key IN ('epoch', 'min_seq')"), 2);
	assert_int_equal(peek(path, "SELECT length(value) FROM meta WHERE key = 'epoch'"), 16);
	assert_int_equal(
		peek(path, "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"),
		1);
	assert_sound(path);
}

static void test_from_nothing_and_again(void **state)
{
	struct tmp tmp;
	struct db db = {0};

	(void)state;
	tmp_create(&tmp);
	for (int n = 0; n < 2; n++) {
		assert_int_equal(open_raw(tmp_path(&tmp, "x.db"), &db), 0);
		db_close(&db);
		assert_complete(tmp_path(&tmp, "x.db"));
	}
	tmp_remove(&tmp);
}

/* As if killed: from the n-th operation on nothing reaches the disk any more. */
static void test_killed_in_the_middle(void **state)
{
	static const int kinds[] = {
		FAULTVFS_WRITE, FAULTVFS_SYNC, FAULTVFS_WRITE | FAULTVFS_SYNC | FAULTVFS_TRUNCATE};
	long failed;

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		failed = 1;
		for (long n = 0; failed; n++) {
			struct tmp tmp;
			struct db db = {0};
			int status;

			tmp_create(&tmp);
			faultvfs_fail_after(n, kinds[i], SQLITE_IOERR, true);
			status = open_raw(tmp_path(&tmp, "x.db"), &db);
			db_close(&db);
			failed = faultvfs_off();
			if (failed == 0)
				assert_int_equal(status, 0);
			assert_int_equal(open_raw(tmp_path(&tmp, "x.db"), &db), 0);
			db_close(&db);
			assert_complete(tmp_path(&tmp, "x.db"));
			tmp_remove(&tmp);
		}
	}
}

/* -- older versions: tests/data/schema/N.sql is what a daemon of that time left -- */

enum { NEWEST_FIXTURE = 7 };

static const char *old_database(struct tmp *tmp, int version)
{
	char name[32];
	char *sql;
	size_t len;

	tmp_create(tmp);
	snprintf(name, sizeof(name), "schema/%d.sql", version);
	sql = data_read(name, &len);
	poke(tmp_path(tmp, "x.db"), sql);
	free(sql);
	return tmp_path(tmp, "x.db");
}

static void assert_kept(const char *path, int version)
{
	assert_int_equal(peek(path, "SELECT count(*) FROM item WHERE guid > ''"), 3);
	assert_int_equal(peek(path, "SELECT count(*) FROM item JOIN item_text USING (id)"), 3);
	assert_int_equal(peek(path, "SELECT starred + read FROM item WHERE id = 1"), 2);
	assert_int_equal(peek(path, "SELECT summary = 'once' FROM revision WHERE item = 1"), 1);
	assert_int_equal(peek(path, "SELECT max(seq) FROM change"), 20);
	assert_int_equal(peek(path, "SELECT seq FROM sqlite_sequence WHERE name = 'item'"), 3);
	assert_int_equal(peek(path, "PRAGMA user_version"), version);
	assert_sound(path);
}

static int64_t look(struct db *db, const char *sql)
{
	struct store_tx tx = {.db = db};
	int64_t number = -1;

	assert_int_equal(query_find_values(&tx, &number, NULL, sql, NO_VALUES), 0);
	return number;
}

/* What was there is there, and every text's size is known. */
static void assert_upgraded(const char *path)
{
	assert_complete(path);
	assert_kept(path, 8);
	assert_int_equal(peek(path, "SELECT sum(bytes) FROM item"), 77);
	assert_int_equal(peek(path, "SELECT count(*) FROM feed WHERE rhythm_items = 0 AND gap_ms IS"
				    " NULL AND plan IS NULL AND base_ms IS NULL AND window = 0"
				    " AND usual_ms = 0 AND spoke_ms IS NULL AND NOT silent AND "
				    "icon_due_ms = 0 AND fresh_ms IS NULL"),
		2);
}

static void assert_tables_of_a_new_one(const char *path)
{
	char sql[512];
	struct tmp tmp;
	struct db db = {0};

	tmp_create(&tmp);
	assert_int_equal(open_raw(tmp_path(&tmp, "new.db"), &db), 0);
	snprintf(sql, sizeof(sql), "ATTACH '%s' AS old", path);
	assert_int_equal(sqlite3_exec(db.handle, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(look(&db, "SELECT count(*) FROM (SELECT name, sql FROM sqlite_schema"
				   " EXCEPT SELECT name, sql FROM old.sqlite_schema)"),
		0);
	db_close(&db);
	tmp_remove(&tmp);
}

static void test_brought_up_to_date(void **state)
{
	(void)state;
	for (int version = 1; version <= NEWEST_FIXTURE; version++) {
		struct tmp tmp;
		struct db db = {0};
		const char *path = old_database(&tmp, version);
		char copy[512];

		snprintf(copy, sizeof(copy), "%s.v%d", path, version);
		assert_kept(path, version);
		assert_int_equal(open_raw(path, &db), 0);
		db_close(&db);
		assert_upgraded(path);
		assert_tables_of_a_new_one(path);
		assert_kept(copy, version);
		/* the copy in its place again, and once more */
		assert_int_equal(rename(copy, path), 0);
		assert_int_equal(open_raw(path, &db), 0);
		assert_int_equal(access(copy, F_OK), 0);
		schema_drop_copies(&db, times_now_ms());
		assert_int_equal(access(copy, F_OK), 0);
		schema_drop_copies(&db, times_now_ms() + SCHEMA_COPY_KEPT_MS + 2000);
		assert_int_equal(access(copy, F_OK), -1);
		db_close(&db);
		assert_upgraded(path);
		tmp_remove(&tmp);
	}
}

/* Killed while it is brought up to date: the next start does it, and nothing is lost. Returns how
 * many operations failed. */
static long kill_on_the_way(int version, long n)
{
	struct tmp tmp;
	struct db db = {0};
	const char *path = old_database(&tmp, version);
	char copy[512];
	int status;
	long failed;

	snprintf(copy, sizeof(copy), "%s.v%d", path, version);
	faultvfs_fail_after(
		n, FAULTVFS_WRITE | FAULTVFS_SYNC | FAULTVFS_TRUNCATE, SQLITE_IOERR, true);
	status = open_raw(path, &db);
	db_close(&db);
	failed = faultvfs_off();
	assert_true(failed || status == 0);
	if (access(copy, F_OK) == 0)
		assert_kept(copy, version);
	assert_int_equal(open_raw(path, &db), 0);
	db_close(&db);
	assert_upgraded(path);
	assert_kept(copy, version);
	tmp_remove(&tmp);
	return failed;
}

static void test_killed_on_the_way(void **state)
{
	(void)state;
	for (int version = 1; version <= NEWEST_FIXTURE; version++)
		for (long n = 0; kill_on_the_way(version, n); n += FAULT_THIN)
			;
}

/* No room for the copy: refused, and left as it was. */
static void test_no_copy_no_step(void **state)
{
	struct tmp tmp;
	struct db db = {0};
	const char *path = old_database(&tmp, 2);
	char part[512];

	(void)state;
	snprintf(part, sizeof(part), "%s/.x.db.part", tmp.dir);
	assert_int_equal(mkdir(part, 0700), 0);
	assert_int_equal(open_raw(path, &db), ERR_EXISTS);
	db_close(&db);
	assert_kept(path, 2);
	tmp_remove(&tmp);
}

/* One that was cut off is not in the way of the next: its room is needed. */
static void test_no_room(void **state)
{
	static const char no_count[4]; /* of pages: the size of the file counts */
	struct tmp tmp;
	struct db db = {0};
	const char *path = old_database(&tmp, 2);
	FILE *f = fopen(path, "r+b");

	(void)state;
	assert_non_null(f);
	assert_int_equal(fseek(f, 92, SEEK_SET), 0);
	assert_int_equal(fwrite(no_count, sizeof(no_count), 1, f), 1);
	assert_int_equal(fclose(f), 0);
	if (truncate(path, 8LL << 40) < 0) {
		tmp_remove(&tmp);
		skip_part("the file system has no files of 8 TiB");
	}
	tmp_write(&tmp, ".x.db.part", "half", 4);
	assert_int_equal(open_raw(path, &db), ERR_FULL);
	db_close(&db);
	assert_int_equal(access(tmp_path(&tmp, ".x.db.part"), F_OK), -1);
	assert_int_equal(access(tmp_path(&tmp, "x.db.v2"), F_OK), -1);
	tmp_remove(&tmp);
}

static void test_refused(void **state)
{
	static const struct {
		const char *sql;
		int status;
	} cases[] = {
		{"PRAGMA application_id = 1414090311; PRAGMA user_version = 99", ERR_NEWER},
		{"PRAGMA application_id = 5", ERR_INVALID},
		{"PRAGMA user_version = 1", ERR_INVALID}, {"CREATE TABLE item (id)", ERR_INVALID},
		{"VACUUM", 0}, /* an empty database is nobody's */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tmp tmp;
		struct db db = {0};

		tmp_create(&tmp);
		poke(tmp_path(&tmp, "x.db"), cases[i].sql);
		assert_int_equal(open_raw(tmp_path(&tmp, "x.db"), &db), cases[i].status);
		db_close(&db);
		assert_int_equal(peek(tmp_path(&tmp, "x.db"),
					 "SELECT count(*) FROM sqlite_schema WHERE name = 'feed'"),
			cases[i].status == 0);
		tmp_remove(&tmp);
	}
}

static void test_two_databases_differ(void **state)
{
	struct fixture a, b;

	(void)state;
	fixture_open(&a);
	fixture_open(&b);
	assert_string_not_equal(store_epoch(a.store), store_epoch(b.store));
	fixture_close(&a);
	fixture_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_from_nothing_and_again),
		cmocka_unit_test(test_killed_in_the_middle),
		cmocka_unit_test(test_brought_up_to_date),
		cmocka_unit_test(test_killed_on_the_way),
		cmocka_unit_test(test_no_copy_no_step),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_two_databases_differ),
	};

	faultvfs_install();
	return skip_status(cmocka_run_group_tests(tests, NULL, NULL));
}
