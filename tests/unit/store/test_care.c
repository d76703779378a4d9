/* Looking after a database in use: sound or not, copied while it is written, given back, and ended
 * early. */
#include "work.h"

#include <stdlib.h>
#include <unistd.h>

#include "store/care.h"
#include "support/faultvfs.h"

struct ended {
	int calls;
	struct care_report report;
	char text[400];
};

static void on_ended(void *ctx, const struct care_report *report)
{
	struct ended *n = ctx;

	n->calls++;
	n->report = *report;
	snprintf(n->text, sizeof(n->text), "%s", report->text);
}

static struct ended run_task(struct fixture *f, enum care_kind kind, const char *name)
{
	struct ended n = {0};
	struct err e = {0};

	if (care_begin(f->store, kind, name, on_ended, &n, &e))
		fail_msg("%s", e.text);
	assert_true(care_look(f->store).running);
	assert_int_equal(
		care_begin(f->store, CARE_CHECK, NULL, on_ended, &n, &(struct err){0}), ERR_BUSY);
	loop_run_until(&f->loop, &n.calls, LIMIT_MS);
	assert_int_equal(n.calls, 1);
	assert_false(care_look(f->store).running);
	assert_int_equal(care_look(f->store).kind, kind);
	return n;
}

static void open_filled(struct fixture *f, int jobs)
{
	int64_t key = 0;

	fixture_open(f);
	must_write(f, first_feed, &(int64_t){0});
	while (jobs-- > 0)
		must_write(f, work, &key);
}

static void test_check(void **state)
{
	static const struct {
		const char *damage;
		int quick, whole;
		const char *text;
	} cases[] = {
		{"SELECT 1", 0, 0, NULL},
		{"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql,"
		 " 'title TEXT', 'title TEXT NOT NULL') WHERE name = 'item';"
		 "UPDATE item SET title = NULL WHERE id = 3",
			ERR_CORRUPT, ERR_CORRUPT,
			"the table item is damaged: NULL value in item.title"},
		{"PRAGMA foreign_keys = OFF; UPDATE item_text SET id = 999 WHERE id = 3", 0,
			ERR_CORRUPT, "the table item_text is damaged: a row refers to"},
		{"PRAGMA foreign_keys = OFF; INSERT INTO alias VALUES ('u', 999)", 0, ERR_CORRUPT,
			"the table alias is damaged: a row refers to"},
		{"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql,"
		 " 'image BLOB', 'image BLOB NOT NULL') WHERE name = 'icon';"
		 "INSERT INTO icon VALUES ('u', 1, NULL)",
			ERR_CORRUPT, ERR_CORRUPT,
			"the table icon is damaged: NULL value in icon.image"},
		{"CREATE TABLE \"it's new\" (x); PRAGMA writable_schema = ON; UPDATE sqlite_schema"
		 " SET sql = replace(sql, 'x', 'x NOT NULL') WHERE name = 'it''s new';"
		 "INSERT INTO \"it's new\" VALUES (NULL)",
			ERR_CORRUPT, ERR_CORRUPT, "the table it's new is damaged: NULL value in"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture f;

		open_filled(&f, 3);
		stop(&f);
		poke(f.path, cases[i].damage);
		assert_int_equal(try_open(&f, NULL), 0);
		start(&f);
		assert_int_equal(run_task(&f, CARE_QUICK, NULL).report.status, cases[i].quick);
		struct ended n = run_task(&f, CARE_CHECK, NULL);
		assert_int_equal(n.report.status, cases[i].whole);
		if (n.report.status)
			assert_non_null(strstr(n.text, cases[i].text));
		else
			assert_int_equal(n.report.done, n.report.total);
		assert_int_equal(care_is_due(f.store), cases[i].whole != 0);
		fixture_close(&f);
	}
}

/* What is written meanwhile is in the copy or not, but whole. */
static void test_backup(void **state)
{
	struct fixture f;
	struct ended n;
	struct err e = {0};
	int64_t key = 1000;

	(void)state;
	open_filled(&f, 40);
	memset(&n, 0, sizeof(n));
	assert_int_equal(care_begin(f.store, CARE_BACKUP, "copy.db", on_ended, &n, &e), 0);
	while (n.calls == 0)
		must_write(&f, work, &key);
	assert_int_equal(n.report.status, 0);
	assert_int_equal(n.report.done, n.report.total);
	assert_true(n.report.total > 100000);
	assert_int_equal(access(tmp_path(&f.tmp, ".tidings.db.part"), F_OK), -1);
	assert_sound(tmp_path(&f.tmp, "copy.db"));
	assert_counts(tmp_path(&f.tmp, "copy.db"));
	assert_int_equal(peek(tmp_path(&f.tmp, "copy.db"), "SELECT count(*) % 5 FROM item"), 0);
	assert_true(peek(tmp_path(&f.tmp, "copy.db"), "SELECT count(*) FROM item") >= 200);
	n = run_task(&f, CARE_BACKUP, "copy.db");
	assert_int_equal(n.report.status, ERR_EXISTS);
	assert_non_null(strstr(n.text, "copy.db is there already"));
	char long_name[202] = "";
	const char *const bad[] = {NULL, "", "../x", "a/b", ".x", long_name};
	memset(long_name, 'x', sizeof(long_name) - 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
			care_begin(f.store, CARE_BACKUP, bad[i], on_ended, &n, &e), ERR_INVALID);
	stop(&f);
	snprintf(f.path, sizeof(f.path), "%s", tmp_path(&f.tmp, "copy.db"));
	assert_int_equal(try_open(&f, &e), 0); /* a database like any other */
	start(&f);
	must_write(&f, work, &key);
	fixture_close(&f);
}

/* A full or broken disk: no copy, and nothing left of it. */
static void test_backup_fails(void **state)
{
	long failed = 1;

	(void)state;
	for (long n = 0; failed; n += 3) {
		struct fixture f;
		struct ended ended;

		open_filled(&f, 3);
		faultvfs_fail_after(n, FAULTVFS_WRITE | FAULTVFS_SYNC, SQLITE_FULL, true);
		ended = run_task(&f, CARE_BACKUP, "copy.db");
		failed = faultvfs_off();
		assert_int_equal(ended.report.status, failed ? ERR_FULL : 0);
		assert_int_equal(access(tmp_path(&f.tmp, "copy.db"), F_OK), failed ? -1 : 0);
		assert_int_equal(access(tmp_path(&f.tmp, ".tidings.db.part"), F_OK), -1);
		assert_sound(f.path);
		fixture_close(&f);
	}
}

static int remove_first(struct store_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	return remove_wholly(tx, 1, e);
}

static void test_compact(void **state)
{
	struct fixture f;
	struct ended n;

	(void)state;
	open_filled(&f, 200);
	must_write(&f, remove_first, NULL);
	assert_true(peek(f.path, "PRAGMA freelist_count") > 1000);
	n = run_task(&f, CARE_COMPACT, NULL);
	assert_int_equal(n.report.status, 0);
	assert_true(n.report.total > 1000);
	assert_int_equal(n.report.done, n.report.total);
	assert_int_equal(peek(f.path, "PRAGMA freelist_count"), 0);
	assert_sound(f.path);
	fixture_close(&f);
}

/* One of a version that could not shrink, and too large to have been changed at the start. */
static void test_compact_of_an_old_one(void **state)
{
	struct fixture f;
	struct ended n;

	(void)state;
	open_filled(&f, 1);
	poke(f.path, "PRAGMA auto_vacuum = NONE; VACUUM");
	n = run_task(&f, CARE_COMPACT, NULL);
	assert_int_equal(n.report.status, ERR_INVALID);
	assert_non_null(strstr(n.text, "PRAGMA auto_vacuum = 2; VACUUM"));
	fixture_close(&f);
}

struct gate {
	uv_sem_t entered, open;
};

static int wait_at_gate(struct store_tx *tx, void *arg, struct err *e)
{
	struct gate *gate = arg;

	(void)tx;
	(void)e;
	uv_sem_post(&gate->entered);
	uv_sem_wait(&gate->open);
	return 0;
}

/* Nothing is begun that could not end: before the start, with no room in the queue, after the end.
 */
static void test_not_begun(void **state)
{
	struct waited at_gate;
	struct ended n = {0};
	struct gate gate;
	struct fixture f;
	struct err e = {0};

	(void)state;
	fixture_open_with(&f, (struct store_options){.queue_max = 1});
	assert_int_equal(uv_sem_init(&gate.entered, 0), 0);
	assert_int_equal(uv_sem_init(&gate.open, 0), 0);
	at_gate = (struct waited){
		.job = {.class = STORE_POLL, .run = wait_at_gate, .done = on_waited, .arg = &gate}};
	assert_int_equal(store_write(f.store, &at_gate.job), 0);
	uv_sem_wait(&gate.entered);
	assert_int_equal(care_begin(f.store, CARE_COMPACT, NULL, on_ended, &n, &e), ERR_BUSY);
	assert_false(care_look(f.store).running);
	uv_sem_post(&gate.open);
	loop_run_until(&f.loop, &at_gate.done, LIMIT_MS);
	assert_int_equal(run_task(&f, CARE_COMPACT, NULL).report.status, 0);
	store_stop(f.store, on_stopped, &f);
	assert_int_equal(care_begin(f.store, CARE_CHECK, NULL, on_ended, &n, &e), ERR_BUSY);
	loop_run_until(&f.loop, &f.stopped, LIMIT_MS);
	store_close(f.store);
	assert_int_equal(try_open(&f, NULL), 0);
	assert_int_equal(care_begin(f.store, CARE_CHECK, NULL, on_ended, &n, &e), ERR_BUSY);
	assert_int_equal(n.calls, 0);
	start(&f);
	uv_sem_destroy(&gate.entered);
	uv_sem_destroy(&gate.open);
	fixture_close(&f);
}

/* Ended by the daemon's own end: told once, nothing left behind. */
static void test_stopped(void **state)
{
	(void)state;
	for (int kind = CARE_QUICK; kind <= CARE_COMPACT; kind++) {
		struct ended n = {0};
		struct fixture f;

		open_filled(&f, 50);
		must_write(&f, remove_first, NULL); /* so that there is much to give back */
		assert_int_equal(
			care_begin(f.store, (enum care_kind)kind, "copy.db", on_ended, &n, NULL),
			0);
		stop(&f);
		assert_int_equal(n.calls, 1);
		assert_true(kind != CARE_COMPACT || n.report.status == ERR_BUSY);
		assert_true((n.report.status == 0) == (n.text[0] == '\0'));
		assert_int_equal(access(tmp_path(&f.tmp, ".tidings.db.part"), F_OK), -1);
		assert_sound(f.path);
		fixture_close(&f);
	}
}

/* Nobody closed it: so until it was found sound. */
static void test_unclean(void **state)
{
	struct fixture f;
	char lock[600];

	(void)state;
	open_filled(&f, 1);
	assert_false(care_is_due(f.store));
	stop(&f);
	snprintf(lock, sizeof(lock), "tidings.db.lock");
	tmp_write(&f.tmp, lock, "4711\n", 5);
	tmp_write(&f.tmp, ".tidings.db.part", "half", 4); /* a copy was cut off */
	for (int n = 0; n < 2; n++) {
		assert_int_equal(try_open(&f, NULL), 0);
		start(&f);
		assert_true(care_is_due(f.store));
		if (n == 1)
			assert_int_equal(run_task(&f, CARE_QUICK, NULL).report.status, 0);
		assert_int_equal(access(tmp_path(&f.tmp, ".tidings.db.part"), F_OK), n ? -1 : 0);
		stop(&f);
	}
	assert_int_equal(try_open(&f, NULL), 0);
	assert_false(care_is_due(f.store));
	start(&f);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_backup),
		cmocka_unit_test(test_backup_fails),
		cmocka_unit_test(test_compact),
		cmocka_unit_test(test_compact_of_an_old_one),
		cmocka_unit_test(test_not_begun),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_unclean),
	};

	faultvfs_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
