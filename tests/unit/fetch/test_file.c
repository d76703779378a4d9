/* Tests of file: URLs: what lies below the allowed folders, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fetch/file.h"
#include "support/loop.h"
#include "support/lines.h"
#include "support/tmp.h"

enum { MAX = 100 };

/* Reads `path` with `root` (NULL: none) allowed. */
static enum fetch_verdict read_path(const char *root, const char *path, const char *etag,
	struct buf *body, struct file_job *job)
{
	const char *roots[] = {"/nowhere", root, NULL};

	buf_init(body, MAX);
	*job = (struct file_job){
		.roots = root ? roots : NULL, .path = path, .etag = etag, .body = body};
	file_read(job);
	return job->verdict;
}

static void expect_failure(const char *root, const char *path, int code, const char *text)
{
	struct file_job job;
	struct buf body;

	assert_int_equal(read_path(root, path, NULL, &body, &job), FETCH_FAILED);
	if (job.error.code != code || !strstr(job.error.text, text))
		fail_msg("%s: %s: %s", path, err_name(job.error.code), job.error.text);
	assert_string_equal(job.stamp, "");
	buf_finish(&body);
}

static void test_reading_and_stamp(void **state)
{
	struct file_job job;
	struct buf body;
	struct tmp t;
	char stamp[FILE_STAMP_BYTES];
	char path[512];

	(void)state;
	tmp_create(&t);
	snprintf(path, sizeof path, "%s", tmp_write_text(&t, "a/b c.xml", "<rss/>"));
	assert_int_equal(read_path(t.dir, path, NULL, &body, &job), FETCH_DOCUMENT);
	assert_string_equal(buf_string(&body), "<rss/>");
	buf_finish(&body);
	memcpy(stamp, job.stamp, sizeof stamp);
	assert_int_equal(read_path(t.dir, path, stamp, &body, &job), FETCH_NOT_MODIFIED);
	assert_string_equal(job.stamp, stamp);
	assert_int_equal(body.len, 0);
	assert_int_equal(read_path(t.dir, path, "1-2-3", &body, &job), FETCH_DOCUMENT);
	buf_finish(&body);
	tmp_write_text(&t, "a/b c.xml", "<rss />");
	assert_int_equal(read_path(t.dir, path, stamp, &body, &job), FETCH_DOCUMENT);
	assert_string_not_equal(job.stamp, stamp);
	buf_finish(&body);
	tmp_remove(&t);
}

/* A folder with a slash at its end, the root folder, and several slashes in the path all mean the
 * same. */
static void test_spellings(void **state)
{
	struct file_job job;
	struct buf body;
	struct tmp t;
	char root[512], path[512];

	(void)state;
	tmp_create(&t);
	tmp_write_text(&t, "a.xml", "x");
	snprintf(root, sizeof root, "%s//", t.dir);
	snprintf(path, sizeof path, "%s///a.xml", t.dir);
	assert_int_equal(read_path(root, path, NULL, &body, &job), FETCH_DOCUMENT);
	buf_finish(&body);
	assert_int_equal(read_path("/", path, NULL, &body, &job), FETCH_DOCUMENT);
	buf_finish(&body);
	tmp_remove(&t);
}

static void test_walls(void **state)
{
	char path[600], big[MAX + 2];
	struct tmp t;

	(void)state;
	tmp_create(&t);
	memset(big, 'x', MAX + 1);
	big[MAX + 1] = '\0';
	tmp_write_text(&t, "in/empty", "");
	tmp_write_text(&t, "in/big", big);
	tmp_write_text(&t, "out/secret", "s");
	tmp_write_text(&t, "inner/secret", "s");
	assert_int_equal(symlink(tmp_path(&t, "out/secret"), tmp_path(&t, "in/link")), 0);
	assert_int_equal(symlink("big", tmp_path(&t, "in/near")), 0);
	assert_int_equal(symlink(tmp_path(&t, "out"), tmp_path(&t, "in/folder")), 0);
	assert_int_equal(mkfifo(tmp_path(&t, "in/fifo"), 0600), 0);
	snprintf(path, sizeof path, "%s", tmp_path(&t, "in"));

	expect_failure(NULL, "/etc/passwd", ERR_BLOCKED, "file: URLs are not allowed");
	expect_failure(path, "/etc/passwd", ERR_BLOCKED, "only below /nowhere and other");
	expect_failure(path, tmp_path(&t, "inner/secret"), ERR_BLOCKED, "only below");
	expect_failure(path, path, ERR_BLOCKED, "only below");
	expect_failure(path, tmp_path(&t, "in/"), ERR_NOT_FOUND, "there is no file");
	expect_failure(path, tmp_path(&t, "in/none"), ERR_NOT_FOUND, "there is no file");
	expect_failure(path, tmp_path(&t, "in/none/a"), ERR_NOT_FOUND, "there is no file");
	expect_failure(path, tmp_path(&t, "in/big/a"), ERR_BLOCKED, "no folder");
	expect_failure(path, tmp_path(&t, "in/link"), ERR_BLOCKED, "symbolic link");
	expect_failure(path, tmp_path(&t, "in/near"), ERR_BLOCKED, "symbolic link");
	expect_failure(path, tmp_path(&t, "in/folder/secret"), ERR_BLOCKED, "symbolic link");
	expect_failure(
		path, tmp_path(&t, "in/../out/secret"), ERR_BLOCKED, "must not contain \"..\"");
	expect_failure("/", "/..", ERR_BLOCKED, "must not contain");
	expect_failure(path, tmp_path(&t, "in/fifo"), ERR_BLOCKED, "not a regular file");
	expect_failure(path, tmp_path(&t, "in/big"), ERR_TOO_BIG, "larger than 100 bytes");
	expect_failure(path, tmp_path(&t, "in/empty"), ERR_NOT_FEED, "the file is empty");
	expect_failure("/dev", "/dev/zero", ERR_BLOCKED, "not a regular file");
	expect_failure("/dev", "/dev/null", ERR_BLOCKED, "not a regular file");
	expect_failure("/", t.dir, ERR_BLOCKED, "not a regular file");
	expect_failure("/proc", "/proc/self/stat", ERR_BLOCKED, "symbolic link");
	expect_failure("/proc", "/proc/kallsyms", ERR_TOO_BIG, "larger than");
	tmp_remove(&t);
}

static const struct {
	const char *url_path;
	const char *path; /* NULL: fails with `code` */
	int code;
} paths[] = {
	{"/a/b.xml", "/a/b.xml", 0},
	{"/a%20b/%C3%BC", "/a b/\xc3\xbc", 0},
	{"/a%/%g0", "/a%/%g0", 0}, /* no escapes */
	{"/a%00b", NULL, ERR_INVALID},
	{"a", NULL, ERR_INVALID},
	{"", NULL, ERR_INVALID},
	{"/..a/b../...", "/..a/b../...", 0},
};

static void test_paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct arena a;
		struct err e = {0};
		char *path = NULL;

		arena_init(&a, 4096);
		assert_int_equal(file_path(paths[i].url_path, &a, &path, &e), paths[i].code);
		if (paths[i].path)
			assert_string_equal(path, paths[i].path);
		arena_finish(&a);
	}
}

static int done_count;

static void on_done(struct file_job *job)
{
	assert_int_equal(job->verdict, FETCH_DOCUMENT);
	done_count++;
}

static void test_job(void **state)
{
	struct file_job job = {.done = on_done};
	const char *roots[2] = {NULL, NULL};
	struct loop loop;
	struct buf body;
	struct tmp t;

	(void)state;
	tmp_create(&t);
	loop_init(&loop);
	buf_init(&body, MAX);
	roots[0] = t.dir;
	job.roots = roots;
	job.path = tmp_write_text(&t, "a.xml", "<rss/>");
	job.body = &body;
	assert_int_equal(file_start(&loop.uv, &job), 0);
	assert_int_equal(done_count, 0);
	loop_run(&loop, 5000);
	assert_int_equal(done_count, 1);
	assert_string_equal(buf_string(&body), "<rss/>");
	buf_finish(&body);
	loop_finish(&loop);
	tmp_remove(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reading_and_stamp),
		cmocka_unit_test(test_spellings),
		line_test("A52", test_walls),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_job),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
