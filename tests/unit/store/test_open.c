/* Opening a database: whose it is, where it may be, and that nobody else has it. */
#include "fixture.h"
#include "support/lines.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_open_makes_private_files(void **state)
{
	struct fixture f;
	struct stat st;

	(void)state;
	fixture_open(&f);
	assert_int_equal(stat(f.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(tmp_path(&f.tmp, "tidings.db-wal"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(tmp_path(&f.tmp, "tidings.db.lock"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(strlen(store_epoch(f.store)), 16);
	assert_int_equal(strspn(store_epoch(f.store), "0123456789abcdef"), 16);
	assert_int_equal(store_seq(f.store), 0);
	fixture_close(&f);
}

static void test_epoch_stays(void **state)
{
	struct fixture f;
	char epoch[17];
	struct err e;

	(void)state;
	fixture_open(&f);
	snprintf(epoch, sizeof(epoch), "%s", store_epoch(f.store));
	stop(&f);
	assert_int_equal(try_open(&f, &e), 0);
	assert_string_equal(store_epoch(f.store), epoch);
	store_close(f.store);
	f.store = NULL;
	fixture_close(&f);
}

static void test_lock_conflict_names_the_owner(void **state)
{
	struct store_options options = {0};
	struct store *second = NULL;
	struct fixture f;
	char pid[32];
	struct err e;

	(void)state;
	fixture_open(&f);
	options.path = f.path;
	assert_int_equal(store_open(&options, &second, &e), ERR_BUSY);
	assert_null(second);
	snprintf(pid, sizeof(pid), "process %ld", (long)getpid());
	assert_non_null(strstr(e.text, pid));
	tmp_write(&f.tmp, "tidings.db.lock", "", 0);
	assert_int_equal(store_open(&options, &second, &e), ERR_BUSY);
	assert_non_null(strstr(e.text, "another process"));
	stop(&f);
	assert_int_equal(store_open(&options, &second, &e), 0);
	store_close(second);
	fixture_close(&f);
}

static void refuse(const char *sql, const void *bytes, size_t len, int code, const char *text)
{
	char *after;
	struct fixture f;
	size_t after_len;
	struct err e = {0};

	memset(&f, 0, sizeof(f));
	tmp_create(&f.tmp);
	snprintf(f.path, sizeof(f.path), "%s", tmp_path(&f.tmp, "x.db"));
	if (bytes)
		tmp_write(&f.tmp, "x.db", bytes, len);
	if (sql)
		poke(f.path, sql);
	assert_int_equal(try_open(&f, &e), code);
	assert_null(f.store);
	if (!strstr(e.text, text))
		fail_msg("\"%s\" does not say \"%s\"", e.text, text);
	if (bytes && !sql) {
		after = tmp_read(&f.tmp, "x.db", &after_len);
		assert_int_equal(after_len, len);
		assert_memory_equal(after, bytes, len);
		free(after);
	}
	tmp_remove(&f.tmp);
}

static void test_foreign_files_are_refused(void **state)
{
	static const char junk[20000] = "<?xml version='1.0'?><opml/>";
	static const char header[4096] = "SQLite format 3";

	(void)state;
	refuse(NULL, junk, sizeof(junk), ERR_CORRUPT, "move it away");
	refuse(NULL, header, sizeof(header), ERR_CORRUPT, "move it away");
	refuse("CREATE TABLE bookmarks (x)", NULL, 0, ERR_INVALID, "another program");
	refuse("PRAGMA application_id = 7; CREATE TABLE a (x)", NULL, 0, ERR_INVALID,
		"another program");
	refuse("PRAGMA application_id = 1414090311; PRAGMA user_version = 99", NULL, 0, ERR_NEWER,
		"schema 99");
}

static void test_paths_that_cannot_be(void **state)
{
	static const char *const paths[] = {
		"/nonexistent-folder/x.db", "/proc/x.db", "/dev/null", "/"};
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct store_options options = {.path = paths[i]};
		struct store *s = NULL;

		assert_true(store_open(&options, &s, &e) < 0);
		assert_null(s);
		assert_true(e.text[0] != '\0');
	}
	unlink("/dev/null.lock");
}

static void test_links_are_not_followed(void **state)
{
	struct fixture f;
	struct err e;

	(void)state;
	memset(&f, 0, sizeof(f));
	tmp_create(&f.tmp);
	tmp_write_text(&f.tmp, "victim", "");
	snprintf(f.path, sizeof(f.path), "%s", tmp_path(&f.tmp, "x.db"));
	assert_int_equal(symlink(tmp_path(&f.tmp, "victim"), f.path), 0);
	assert_int_equal(try_open(&f, &e), ERR_DENIED);
	tmp_remove(&f.tmp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_makes_private_files),
		cmocka_unit_test(test_epoch_stays),
		cmocka_unit_test(test_lock_conflict_names_the_owner),
		cmocka_unit_test(test_foreign_files_are_refused),
		cmocka_unit_test(test_paths_that_cannot_be),
		cmocka_unit_test(test_links_are_not_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
