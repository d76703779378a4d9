/* Two feeds that become one, a part at a time: none takes long, and nothing is lost whatever
 * happens between them. */
#include "fixture.h"
#include "steps.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/lines.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { PLENTY = 4000, SOME = 1000, PART_MAX_MS = 500 };
#else
enum { PLENTY = 100000, SOME = 4000, PART_MAX_MS = 50 };
#endif
#else
enum { PLENTY = 100000, SOME = 4000, PART_MAX_MS = 50 };
#endif

#define NUMBERS(name, from, to, step)                                                              \
	name " (k) AS (VALUES (" from ") UNION ALL SELECT k + " step " FROM " name                 \
	     " WHERE k + " step " <= " to ")"

/* Feed 1 has the items 1 to `count`, feed 2 every second of them; an item shares its story with its
 * copy, and every tenth one with all those. */
static void fill_plenty(const char *path, int count)
{
	static const char format[] =
		"CREATE TEMP TABLE c AS SELECT %d AS n, %lld AS now;"
		"INSERT INTO story (id, rev, updated_ms) WITH RECURSIVE " NUMBERS("n", "1",
			"(SELECT n FROM c)",
			"1") " SELECT k, -1, now FROM n, c;"
			     "INSERT INTO item (id, rev, feed, story, key, digest, read, starred, "
			     "received_ms,"
			     " title) WITH RECURSIVE " NUMBERS("a", "1", "(SELECT n FROM c)",
				     "1") ", " NUMBERS("b", "2", "(SELECT n FROM c)",
				     "2") " SELECT n * (feed - 1) + k, -1, feed, iif(k %% 10 = 1, "
					  "1, k), k, 1,"
					  "  feed = 1 AND k %% 3 = 0, feed = 1 AND k %% 5 = 0, "
					  "now, 'Title ' || k FROM c,"
					  "  (SELECT 1 AS feed, k FROM a UNION ALL SELECT 2, k "
					  "FROM b);"
					  "INSERT INTO item_text SELECT id, 'summary', "
					  "hex(zeroblob(200)) FROM item;"
					  "UPDATE story SET first_item = c.first, items = c.items, "
					  "sources = c.sources,"
					  " unread = c.unread, starred = c.starred FROM (SELECT "
					  "story, min(id) AS first,"
					  "  count(*) AS items, count(DISTINCT feed) AS sources, "
					  "sum(NOT read) AS unread,"
					  "  sum(starred) AS starred FROM item GROUP BY story) c "
					  "WHERE c.story = story.id;"
					  "DELETE FROM story WHERE items = 0;"
					  "INSERT INTO label (id, rev, name) VALUES (1, -1, "
					  "'kept');"
					  "INSERT INTO item_label SELECT 1, id FROM item"
					  " WHERE feed = 1 AND key %% 7 = 0";
	char sql[2400];

	snprintf(sql, sizeof(sql), format, count, (long long)NOW);
	poke(path, sql);
}

#define IS_LABELLED "EXISTS (SELECT 1 FROM item_label WHERE item = item.id)"

/* Whatever was done of it, nothing is lost of what was there and what was done with it. */
static void assert_nothing_lost(const char *path, int count)
{
	assert_int_equal(
		peek(path, "SELECT count(*) FROM (SELECT key, max(read) AS r, max(starred) AS s,"
			   " max(" IS_LABELLED ") AS l FROM item GROUP BY key)"
			   " WHERE r = (key % 3 = 0) AND s = (key % 5 = 0) AND l = (key % 7 = 0)"),
		count);
	assert_counts(path);
	assert_sound(path);
}

static void assert_merged(const char *path, int count, bool one)
{
	assert_nothing_lost(path, count);
	assert_int_equal(peek(path, "SELECT count(*) FROM feed"), one ? 1 : 2);
	assert_int_equal(peek(path, "SELECT count(*) FROM alias WHERE url GLOB '!*'"), 0);
	assert_int_equal(
		peek(path, "SELECT count(*) FROM item WHERE feed = 2"), one ? count : count / 2);
	assert_int_equal(
		peek(path, "SELECT count(*) FROM item WHERE feed = 2 AND key % 2 = 0 AND"
			   " read = (key % 3 = 0) AND starred = (key % 5 = 0) AND " IS_LABELLED
			   " = (key % 7 = 0)"),
		count / 2);
	assert_int_equal(peek(path, "SELECT count(*) FROM item WHERE feed = 1"), one ? 0 : count);
}

static const struct {
	const char *from, *into;
	bool one;
} pairs[] = {{"http://h/a", "http://h/b", true}, {"http://a/", "http://b/", false}};

static void open_pair(struct fixture *f, int n, int count)
{
	fixture_open(f);
	run_step(f, (struct step){.url = pairs[n].from});
	run_step(f, (struct step){.url = pairs[n].into});
	fill_plenty(f->path, count);
}

/* A part of it: a job of the store's. */
struct part {
	const char *into;
	bool begun, more;
	int64_t longest_ns;
};

static int64_t thread_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int do_part(struct store_tx *tx, void *arg, struct err *e)
{
	struct part *p = arg;
	int64_t start_ns = thread_ns();
	int status = p->begun ? feeds_purge(tx, NOW, &p->more, e)
			      : feeds_move(tx, 1, p->into, NOW, &(int64_t){0}, e);

	if (thread_ns() - start_ns > p->longest_ns)
		p->longest_ns = thread_ns() - start_ns;
	p->begun = true;
	return status;
}

static void test_no_part_takes_long(void **state)
{
	(void)state;
	for (int n = 0; n < 2; n++) {
		struct part p = {.into = pairs[n].into, .more = true};
		struct fixture f;
		int parts = 0;

		open_pair(&f, n, PLENTY);
		for (; p.more; parts++)
			must_write(&f, do_part, &p);
		print_message("%d items, %d parts, the longest %.1f ms\n", PLENTY, parts,
			(double)p.longest_ns / 1e6);
		assert_true(p.longest_ns < PART_MAX_MS * INT64_C(1000000));
		assert_merged(f.path, PLENTY, pairs[n].one);
		fixture_close(&f);
	}
}

/* What else may become of the two meanwhile. */
static int change_address(struct store_tx *tx, void *arg, struct err *e)
{
	const struct feed_patch patch = {.members = FEED_PATCH_URL, .url = "http://h/c"};
	int64_t other;

	(void)arg;
	return feeds_change(tx, 2, &patch, NOW, &other, e);
}

static int remove_first(struct store_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	return feeds_remove(tx, 1, NOW, e);
}

static int remove_second(struct store_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	return feeds_remove(tx, 2, NOW, e);
}

/* The second becomes one with a third, of which nothing is known. */
static int move_on(struct store_tx *tx, void *arg, struct err *e)
{
	int64_t third, into;
	int status = add_feed(tx, "http://h/c", NULL, &third, e);

	(void)arg;
	return status ? status : feeds_move(tx, 2, "http://h/c", NOW, &into, e);
}

static void test_changed_meanwhile(void **state)
{
	static const struct {
		int pair;
		job_function *meanwhile;
		int first, second, third; /* items of the feeds in the end */
	} cases[] = {
		{0, change_address, 0, SOME, 0},
		{0, move_on, 0, 0, SOME},
		{0, remove_second, 0, 0, 0},
		{1, remove_first, 0, SOME / 2, 0},
		{1, remove_second, SOME, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int n = cases[i].pair;
		struct part p = {.into = pairs[n].into, .more = true};
		struct fixture f;

		open_pair(&f, n, SOME);
		must_write(&f, do_part, &p);
		must_write(&f, cases[i].meanwhile, NULL);
		while (p.more)
			must_write(&f, do_part, &p);
		assert_int_equal(
			peek(f.path, "SELECT count(*) FROM item WHERE feed = 1"), cases[i].first);
		assert_int_equal(
			peek(f.path, "SELECT count(*) FROM item WHERE feed = 2"), cases[i].second);
		assert_int_equal(
			peek(f.path, "SELECT count(*) FROM item WHERE feed = 3"), cases[i].third);
		assert_int_equal(peek(f.path, "SELECT count(*) FROM alias WHERE url GLOB '!*'"), 0);
		assert_counts(f.path);
		assert_sound(f.path);
		fixture_close(&f);
	}
}

/* -- and killed between them -- */

struct child {
	struct part part;
	struct store_job job;
	struct store *store;
	int pipe;
};

static void report(struct store_job *job)
{
	struct child *c = container_of(job, struct child, job);

	if (job->status || write(c->pipe, "", 1) != 1)
		_exit(1);
	if (!c->part.more)
		_exit(0);
	if (store_write(c->store, job))
		_exit(1);
}

static _Noreturn void run_child(const char *path, const char *into, bool begun, int pipe)
{
	struct store_options options = {.path = path};
	struct child c = {.part = {.into = into, .begun = begun, .more = true},
		.job = {.run = do_part, .done = report, .arg = &c.part},
		.pipe = pipe};
	uv_loop_t loop;
	struct err e;

	if (uv_loop_init(&loop) || store_open(&options, &c.store, &e) ||
		store_start(c.store, &loop, NULL, NULL) || store_write(c.store, &c.job))
		_exit(1);
	uv_run(&loop, UV_RUN_DEFAULT);
	_exit(1);
}

/* Returns whether it came to its end before it was killed, after so many parts. */
static bool run_and_kill(const char *path, const char *into, bool begun, int parts)
{
	int ends[2], status;
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		run_child(path, into, begun, ends[1]);
	close(ends[1]);
	while (parts-- > 0 && read(ends[0], &byte, 1) == 1)
		;
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(ends[0]);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	return WIFEXITED(status);
}

static void test_killed_between_parts(void **state)
{
	(void)state;
	for (int n = 0; n < 2; n++) {
		struct fixture f;
		int round = 0;
		bool begun;

		open_pair(&f, n, SOME);
		stop(&f);
		do {
			begun = peek(f.path, "SELECT count(*) FROM feed WHERE id = 1 AND status = 0"
					     " AND detached_ms IS NULL") == 0;
			assert_nothing_lost(f.path, SOME);
		} while (!run_and_kill(f.path, pairs[n].into, begun, 1 + 5 * round++));
		assert_true(round > 1 || !pairs[n].one);
		assert_merged(f.path, SOME, pairs[n].one);
		fixture_close(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		line_test("A22", test_no_part_takes_long),
		line_test("A22", test_changed_meanwhile),
		line_test("A22", test_killed_between_parts),
	};

	if (access("/dev/shm", W_OK) == 0) /* thousands of commits */
		setenv("TMPDIR", "/dev/shm", 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
