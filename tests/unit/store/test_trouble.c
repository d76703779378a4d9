/* A database as a whole in trouble: noticed, tried again, told; and a log that readers keep long.
 */
#include "work.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "limits.h"
#include "store/care.h"
#include "support/faultvfs.h"

/* -- trouble -- */

struct watch {
	struct fixture f;
	int told; /* calls, since this was set to 0 */
};

static void on_trouble(void *ctx)
{
	((struct watch *)ctx)->told++;
}

static void watch_open(struct watch *w)
{
	memset(w, 0, sizeof(*w));
	fixture_open_with(&w->f, (struct store_options){.retry_ms = 1});
	store_watch(w->f.store, on_trouble, w);
	must_write(&w->f, first_feed, &(int64_t){0});
	must_write(&w->f, work, &(int64_t){0});
	assert_int_equal(store_trouble(w->f.store)->code, 0);
	assert_int_equal(w->told, 0);
}

/* An idle store keeps no loop alive, so somebody has to. */
static void on_tick(uv_timer_t *timer)
{
	(void)timer;
}

static void wait_told(struct watch *w)
{
	uv_timer_t tick;

	uv_timer_init(&w->f.loop.uv, &tick);
	uv_timer_start(&tick, on_tick, 5, 5);
	loop_run_until(&w->f.loop, &w->told, LIMIT_MS);
	uv_close((uv_handle_t *)&tick, NULL);
	while (uv_is_active((uv_handle_t *)&tick))
		uv_run(&w->f.loop.uv, UV_RUN_NOWAIT);
	uv_run(&w->f.loop.uv, UV_RUN_NOWAIT);
	w->told = 0;
}

static void test_begins_and_ends(void **state)
{
	static const struct {
		int kinds, code, error;
	} cases[] = {
		{FAULTVFS_WRITE, SQLITE_FULL, ERR_FULL},
		{FAULTVFS_WRITE, SQLITE_IOERR_WRITE, ERR_IO},
		{FAULTVFS_SYNC, SQLITE_IOERR_FSYNC, ERR_IO},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct watch w;
		struct err e = {0};
		int64_t key = 100;

		watch_open(&w);
		faultvfs_fail_after(0, cases[i].kinds, cases[i].code, true);
		assert_int_equal(do_write(&w.f, work, &key, &e), cases[i].error);
		assert_int_equal(w.told, 1); /* before `done` */
		assert_int_equal(store_trouble(w.f.store)->code, cases[i].error);
		assert_string_equal(store_trouble(w.f.store)->text, e.text);
		assert_int_equal(items_in(&w.f), 5);
		/* A job that writes nothing proves nothing. */
		must_write(&w.f, look, &(struct store_facts){0});
		assert_int_equal(store_trouble(w.f.store)->code, cases[i].error);
		assert_int_equal(do_write(&w.f, work, &key, &e), cases[i].error);
		assert_int_equal(w.told, 1);
		w.told = 0;
		assert_true(faultvfs_off() > 0);
		wait_told(&w); /* by itself */
		assert_int_equal(store_trouble(w.f.store)->code, 0);
		must_write(&w.f, work, &key);
		assert_int_equal(w.told, 0);
		stop(&w.f);
		assert_sound(w.f.path);
		fixture_close(&w.f);
	}
}

/* The errors of one job alone are no trouble. */
static int no_such_feed(struct store_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	return feeds_remove(tx, 99, NOW, e);
}

static void test_bad_jobs_are_none(void **state)
{
	struct watch w;

	(void)state;
	watch_open(&w);
	assert_int_equal(do_write(&w.f, no_such_feed, NULL, NULL), ERR_NOT_FOUND);
	assert_int_equal(do_write(&w.f, first_feed, &(int64_t){0}, NULL), ERR_EXISTS);
	assert_int_equal(store_trouble(w.f.store)->code, 0);
	fixture_close(&w.f);
}

/* -- damage -- */

struct step {
	struct waited w; /* first: `done` finds the rest by it */
	job_function *run;
	int ran;
};

static int run_step(struct store_tx *tx, void *arg, struct err *e)
{
	struct step *s = arg;
	int64_t key = 1000;

	s->ran++;
	return s->run(tx, &key, e);
}

/* Finds it in pages that nothing else has read. */
static int find_damage(struct store_tx *tx, void *arg, struct err *e)
{
	int64_t bytes;

	(void)arg;
	faultvfs_fail_after(0, FAULTVFS_READ, SQLITE_CORRUPT, false);
	return query_find_values(
		tx, &bytes, e, "SELECT sum(length(content)) FROM item_text", NO_VALUES);
}

static int pass_over_damage(struct store_tx *tx, void *arg, struct err *e)
{
	(void)e;
	(void)find_damage(tx, arg, NULL);
	return 0;
}

static int wait_on_thread(struct store_tx *tx, void *arg, struct err *e)
{
	(void)tx;
	(void)e;
	uv_sem_wait(arg);
	return 0;
}

static void open_again(struct watch *w)
{
	if (w->f.store)
		stop(&w->f);
	assert_int_equal(try_open(&w->f, NULL), 0);
	store_watch(w->f.store, on_trouble, w);
	start(&w->f);
}

/* Jobs that wait, so that they share a commit. */
static void run_together(struct watch *w, struct step *steps, int count)
{
	struct waited gate = {.job = {.run = wait_on_thread, .done = on_waited}};
	uv_sem_t sem;

	assert_int_equal(uv_sem_init(&sem, 0), 0);
	gate.job.arg = &sem;
	assert_int_equal(store_write(w->f.store, &gate.job), 0);
	for (int n = 0; n < count; n++) {
		steps[n].w.job =
			(struct store_job){.run = run_step, .done = on_waited, .arg = &steps[n]};
		assert_int_equal(store_write(w->f.store, &steps[n].w.job), 0);
	}
	uv_sem_post(&sem);
	for (int n = 0; n < count; n++)
		loop_run_until(&w->f.loop, &steps[n].w.done, LIMIT_MS);
	uv_sem_destroy(&sem);
}

/* As long as some tries would take. */
static void run_for_a_while(struct watch *w)
{
	for (int n = 0; n < 10; n++) {
		uv_timer_t tick;

		uv_timer_init(&w->f.loop.uv, &tick);
		uv_timer_start(&tick, on_tick, 3, 0);
		while (uv_is_active((uv_handle_t *)&tick))
			uv_run(&w->f.loop.uv, UV_RUN_ONCE);
		uv_close((uv_handle_t *)&tick, NULL);
		uv_run(&w->f.loop.uv, UV_RUN_NOWAIT);
	}
}

/* Nothing is written to what is damaged, whether the job that saw it failed or not: what shared its
 * commit is undone, what waits is not tried, and the next start looks for it. */
static void test_damage_lasts(void **state)
{
	static job_function *const finders[] = {find_damage, pass_over_damage};

	(void)state;
	for (size_t i = 0; i < sizeof(finders) / sizeof(finders[0]); i++) {
		struct step steps[] = {{.run = work}, {.run = finders[i]}, {.run = work}};
		struct err e = {0};
		struct watch w;

		watch_open(&w);
		open_again(&w);
		run_together(&w, steps, 3);
		assert_int_equal(faultvfs_off(), 1);
		for (int n = 0; n < 3; n++) {
			assert_int_equal(steps[n].w.job.status, ERR_CORRUPT);
			assert_int_equal(steps[n].ran, n < 2);
		}
		assert_int_equal(store_trouble(w.f.store)->code, ERR_CORRUPT);
		assert_int_equal(w.told, 1);
		faultvfs_fail_after(0, FAULTVFS_WRITE | FAULTVFS_SYNC, SQLITE_FULL, true);
		assert_int_equal(do_write(&w.f, work, &(int64_t){100}, &e), ERR_CORRUPT);
		assert_string_equal(e.text, store_trouble(w.f.store)->text);
		run_for_a_while(&w);
		assert_int_equal(faultvfs_off(), 0);
		assert_int_equal(w.told, 1);
		assert_int_equal(items_in(&w.f), 5);
		open_again(&w);
		assert_true(care_is_due(w.f.store));
		must_write(&w.f, work, &(int64_t){100});
		fixture_close(&w.f);
	}
}

/* -- files -- */

/* Whichever of the files is gone: nothing is written any more, and what was, is in the database. */
static void test_files_moved(void **state)
{
	static const char *const names[] = {"tidings.db", "tidings.db-wal", "tidings.db-shm"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char from[512], to[600];
		struct err e = {0};
		int64_t key = 100;
		struct watch w;

		watch_open(&w);
		assert_int_equal(items_in(&w.f), 5); /* a reader is there */
		snprintf(from, sizeof(from), "%s", tmp_path(&w.f.tmp, names[i]));
		snprintf(to, sizeof(to), "%s.away", from);
		assert_int_equal(rename(from, to), 0);
		assert_int_equal(do_write(&w.f, work, &key, &e), ERR_IO);
		assert_non_null(strstr(e.text, "put the old one back"));
		assert_int_equal(store_trouble(w.f.store)->code, ERR_IO);
		assert_int_equal(items_in(&w.f), 5);
		assert_int_equal(peek(i ? from : to, "SELECT 1"), 1);
		assert_int_equal(care_begin(w.f.store, CARE_CHECK, NULL, NULL, NULL, NULL), 0);
		loop_run(&w.f.loop, LIMIT_MS);
		assert_int_equal(care_look(w.f.store).status, ERR_IO); /* opens nothing */
		w.told = 0;
		assert_int_equal(rename(to, from), 0);
		wait_told(&w);
		assert_int_equal(store_trouble(w.f.store)->code, 0);
		must_write(&w.f, work, &key);
		assert_int_equal(items_in(&w.f), 10);
		stop(&w.f);
		assert_sound(w.f.path);
		assert_counts(w.f.path);
		fixture_close(&w.f);
	}
}

/* -- the log -- */

static int write_much(struct store_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	return query_exec_values(tx, e,
		"INSERT OR REPLACE INTO meta VALUES ('much', randomblob(1000000))", NO_VALUES);
}

static int64_t log_bytes(const struct fixture *f)
{
	char path[600];
	struct stat st;

	snprintf(path, sizeof(path), "%s-wal", f->path);
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static void run_sql(sqlite3 *db, const char *sql)
{
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

struct relay {
	const char *path;
	atomic_bool end;
};

/* Readers of which one is always there: no moment for the log to begin anew. */
static void read_in_turn(void *arg)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	struct relay *r = arg;
	sqlite3 *db[2];

	for (int n = 0; n < 2; n++)
		assert_int_equal(sqlite3_open(r->path, &db[n]), SQLITE_OK);
	for (int n = 0; !atomic_load(&r->end); n++) {
		run_sql(db[n % 2], "BEGIN; SELECT count(*) FROM meta");
		if (n > 0)
			run_sql(db[(n + 1) % 2], "ROLLBACK");
		nanosleep(&pause, NULL);
	}
	for (int n = 0; n < 2; n++)
		sqlite3_close(db[n]);
}

static void test_readers_in_turn(void **state)
{
	struct fixture f;
	struct relay relay;
	uv_thread_t thread;

	(void)state;
	fixture_open(&f);
	relay = (struct relay){.path = f.path};
	assert_int_equal(uv_thread_create(&thread, read_in_turn, &relay), 0);
	for (int n = 0; n < 100; n++) {
		must_write(&f, write_much, NULL);
		assert_true(log_bytes(&f) < 2 * STORE_WAL_BYTES);
	}
	atomic_store(&relay.end, true);
	uv_thread_join(&thread);
	fixture_close(&f);
}

/* One that does not end: it is waited for now and then, not at each commit, and later the log
 * shrinks. */
static void test_reader_without_end(void **state)
{
	struct fixture f;
	sqlite3 *db;

	(void)state;
	fixture_open_with(&f, (struct store_options){.read_deadline_ms = 100});
	assert_int_equal(sqlite3_open(f.path, &db), SQLITE_OK);
	run_sql(db, "BEGIN; SELECT count(*) FROM meta");
	for (int n = 0; n < 60; n++)
		must_write(&f, write_much, NULL);
	assert_true(log_bytes(&f) > 50000000);
	assert_int_equal(store_trouble(f.store)->code, 0);
	sqlite3_close(db);
	for (int n = 0; n < 3; n++)
		must_write(&f, write_much, NULL);
	assert_true(log_bytes(&f) <= STORE_WAL_BYTES);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_begins_and_ends),
		cmocka_unit_test(test_bad_jobs_are_none),
		cmocka_unit_test(test_damage_lasts),
		cmocka_unit_test(test_files_moved),
		cmocka_unit_test(test_readers_in_turn),
		cmocka_unit_test(test_reader_without_end),
	};

	faultvfs_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
