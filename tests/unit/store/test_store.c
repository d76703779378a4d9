/* The store as a whole: the two kinds of threads, commits and their failures. */
#include "fixture.h"
#include "support/lines.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int add_line(struct store_tx *tx, void *arg, struct err *e)
{
	return changes_add(tx, CHANGE_FOLDER_UPDATE, *(int64_t *)arg, NOW, NULL, e);
}

static int fail_after_line(struct store_tx *tx, void *arg, struct err *e)
{
	int status = add_line(tx, arg, e);

	return status ? status : err_set(e, ERR_INVALID, "not today");
}

static int fail_without_text(struct store_tx *tx, void *arg, struct err *e)
{
	(void)tx;
	(void)arg;
	(void)e;
	return ERR_TOO_BIG;
}

static int count_lines(struct store_tx *tx, void *arg, struct err *e)
{
	return query_find(tx, arg, e, "SELECT count(*) FROM change WHERE seq > ?", as_int(0));
}

static int read_seq(struct store_tx *tx, void *arg, struct err *e)
{
	(void)e;
	*(int64_t *)arg = store_tx_seq(tx);
	return 0;
}

static void test_write_then_read(void **state)
{
	struct fixture f;
	int64_t id = 7, lines = 0, seq = 0;

	(void)state;
	fixture_open(&f);
	must_write(&f, add_line, &id);
	assert_int_equal(store_seq(f.store), 1);
	assert_int_equal(f.committed_seq, 1);
	must_read(&f, count_lines, &lines);
	assert_int_equal(lines, 1);
	must_read(&f, read_seq, &seq);
	assert_int_equal(seq, 1);
	must_write(&f, read_seq, &seq);
	assert_int_equal(seq, 1);
	assert_int_equal(f.committed, 1);
	fixture_close(&f);
}

/* A job that holds the store thread until the test has queued what it wants. */
struct gate {
	uv_sem_t closed, open;
};

static int pass_gate(struct store_tx *tx, void *arg, struct err *e)
{
	struct gate *gate = arg;

	(void)tx;
	(void)e;
	uv_sem_post(&gate->closed);
	uv_sem_wait(&gate->open);
	return 0;
}

static void close_gate(struct fixture *f, struct gate *gate, struct waited *w, bool alone)
{
	*w = (struct waited){
		.job = {.run = pass_gate, .alone = alone, .done = on_waited, .arg = gate}};
	assert_int_equal(uv_sem_init(&gate->closed, 0), 0);
	assert_int_equal(uv_sem_init(&gate->open, 0), 0);
	assert_int_equal(store_write(f->store, &w->job), 0);
	uv_sem_wait(&gate->closed);
}

static void finish_gate(struct gate *gate)
{
	uv_sem_destroy(&gate->closed);
	uv_sem_destroy(&gate->open);
}

static void test_many_jobs_share_a_commit(void **state)
{
	enum { JOBS = 20 };
	struct waited w[JOBS], holding;
	struct gate gate;
	struct fixture f;
	int64_t id = 1;

	(void)state;
	fixture_open_with(&f, (struct store_options){.commit_max_ms = 60000});
	close_gate(&f, &gate, &holding, false);
	for (int n = 0; n < JOBS; n++) {
		w[n] = (struct waited){.job = {.class = STORE_POLL,
					       .run = add_line,
					       .done = on_waited,
					       .arg = &id}};
		assert_int_equal(store_write(f.store, &w[n].job), 0);
		assert_int_equal(w[n].done, 0);
	}
	assert_int_equal(store_queue_length(f.store), JOBS + 1);
	uv_sem_post(&gate.open);
	loop_run(&f.loop, LIMIT_MS);
	for (int n = 0; n < JOBS; n++) {
		assert_int_equal(w[n].done, 1);
		assert_int_equal(w[n].job.status, 0);
	}
	assert_int_equal(store_queue_length(f.store), 0);
	assert_int_equal(f.committed, 1);
	assert_int_equal(f.committed_seq, JOBS);
	finish_gate(&gate);
	fixture_close(&f);
}

static void test_a_bad_job_fails_alone(void **state)
{
	struct waited w[3], holding;
	job_function *const runs[] = {add_line, fail_after_line, add_line};
	struct gate gate;
	struct fixture f;
	int64_t id = 1, lines = 0;

	(void)state;
	fixture_open_with(&f, (struct store_options){.commit_max_ms = 60000});
	close_gate(&f, &gate, &holding, false);
	for (int n = 0; n < 3; n++) {
		w[n] = (struct waited){.job = {.run = runs[n], .done = on_waited, .arg = &id}};
		assert_int_equal(store_write(f.store, &w[n].job), 0);
	}
	uv_sem_post(&gate.open);
	loop_run(&f.loop, LIMIT_MS);
	assert_int_equal(w[0].job.status, 0);
	assert_int_equal(w[1].job.status, ERR_INVALID);
	assert_string_equal(w[1].job.error.text, "not today");
	assert_int_equal(w[2].job.status, 0);
	must_read(&f, count_lines, &lines);
	assert_int_equal(lines, 2);
	assert_int_equal(store_seq(f.store), 2); /* the number of the bad job was given again */
	finish_gate(&gate);
	fixture_close(&f);
}

struct counted {
	job_function *run;
	bool repeatable;
	int status, runs; /* what is expected */
	int seen;
};

static int run_counted(struct store_tx *tx, void *arg, struct err *e)
{
	struct counted *c = arg;
	int64_t id = 1;

	c->seen++;
	return c->run(tx, &id, e);
}

/* What may be repeated has no savepoint, and fails alone all the same. */
static void test_repeatable_jobs(void **state)
{
	enum { CASES = 5, JOBS = 3 };
	struct counted cases[CASES][JOBS] = {
		{{add_line, true, 0, 2, 0}, {fail_after_line, true, ERR_INVALID, 2, 0},
			{add_line, true, 0, 1, 0}},
		{{fail_after_line, true, ERR_INVALID, 2, 0}, {add_line, true, 0, 1, 0},
			{add_line, false, 0, 1, 0}},
		{{add_line, true, 0, 1, 0}, {fail_without_text, true, ERR_TOO_BIG, 1, 0},
			{add_line, true, 0, 1, 0}},
		{{add_line, false, 0, 1, 0}, {fail_after_line, true, ERR_INVALID, 1, 0},
			{add_line, true, 0, 1, 0}},
		{{add_line, true, 0, 1, 0}, {add_line, false, 0, 1, 0},
			{fail_after_line, true, ERR_INVALID, 1, 0}},
	};
	struct waited w[JOBS], holding;
	struct fixture f;

	(void)state;
	fixture_open_with(&f, (struct store_options){.commit_max_ms = 60000});
	for (int i = 0; i < CASES; i++) {
		struct gate gate;
		int64_t lines = 0;

		close_gate(&f, &gate, &holding, true);
		for (int n = 0; n < JOBS; n++) {
			w[n] = (struct waited){.job = {.run = run_counted,
						       .repeatable = cases[i][n].repeatable,
						       .done = on_waited,
						       .arg = &cases[i][n]}};
			assert_int_equal(store_write(f.store, &w[n].job), 0);
		}
		uv_sem_post(&gate.open);
		loop_run(&f.loop, LIMIT_MS);
		for (int n = 0; n < JOBS; n++) {
			assert_int_equal(w[n].done, 1);
			assert_int_equal(w[n].job.status, cases[i][n].status);
			assert_int_equal(w[n].job.error.code, cases[i][n].status);
			assert_int_equal(cases[i][n].seen, cases[i][n].runs);
		}
		must_read(&f, count_lines, &lines);
		assert_int_equal(lines, 2 * (i + 1));
		assert_int_equal(store_seq(f.store), lines);
		finish_gate(&gate);
	}
	fixture_close(&f);
}

/* Those before and behind it share no commit with it; it fails alone, too. */
static void test_a_job_of_its_own_commit(void **state)
{
	static const struct {
		job_function *run;
		bool alone;
		int status;
	} jobs[] = {{add_line, false, 0}, {add_line, false, 0},
		{fail_after_line, true, ERR_INVALID}, {add_line, false, 0}, {add_line, true, 0},
		{add_line, false, 0}};
	enum { JOBS = sizeof(jobs) / sizeof(jobs[0]) };
	struct waited w[JOBS], holding;
	struct gate gate;
	struct fixture f;
	int64_t id = 1, lines = 0;

	(void)state;
	fixture_open_with(&f, (struct store_options){.commit_max_ms = 60000});
	close_gate(&f, &gate, &holding, false);
	for (int n = 0; n < JOBS; n++) {
		w[n] = (struct waited){.job = {.run = jobs[n].run,
					       .alone = jobs[n].alone,
					       .done = on_waited,
					       .arg = &id}};
		assert_int_equal(store_write(f.store, &w[n].job), 0);
	}
	uv_sem_post(&gate.open);
	loop_run(&f.loop, LIMIT_MS);
	for (int n = 0; n < JOBS; n++)
		assert_int_equal(w[n].job.status, jobs[n].status);
	must_read(&f, count_lines, &lines);
	assert_int_equal(lines, 5);
	assert_int_equal(store_seq(f.store), 5);
	finish_gate(&gate);
	fixture_close(&f);
}

static void test_every_error_has_a_text(void **state)
{
	struct fixture f;
	struct err e;

	(void)state;
	fixture_open(&f);
	assert_int_equal(do_write(&f, fail_without_text, NULL, &e), ERR_TOO_BIG);
	assert_string_equal(e.text, err_sentence(ERR_TOO_BIG));
	assert_int_equal(do_read(&f, fail_without_text, NULL, &e), ERR_TOO_BIG);
	assert_string_equal(e.text, err_sentence(ERR_TOO_BIG));
	fixture_close(&f);
}

struct order {
	char letters[16];
	int count;
};

struct lettered {
	struct waited waited;
	struct order *order;
	char letter;
};

static int note_letter(struct store_tx *tx, void *arg, struct err *e)
{
	struct lettered *l = arg;

	(void)tx;
	(void)e;
	l->order->letters[l->order->count++] = l->letter;
	return 0;
}

static void test_users_go_first(void **state)
{
	static const char letters[] = "pqru";
	struct lettered l[4];
	struct order order = {0};
	struct waited holding;
	struct gate gate;
	struct fixture f;

	(void)state;
	fixture_open(&f);
	close_gate(&f, &gate, &holding, false);
	for (int n = 0; n < 4; n++) {
		enum store_class class = letters[n] == 'u' ? STORE_USER : STORE_POLL;

		l[n] = (struct lettered){.order = &order, .letter = letters[n]};
		l[n].waited.job = (struct store_job){
			.class = class, .run = note_letter, .done = on_waited, .arg = &l[n]};
		assert_int_equal(store_write(f.store, &l[n].waited.job), 0);
	}
	uv_sem_post(&gate.open);
	loop_run(&f.loop, LIMIT_MS);
	assert_string_equal(order.letters, "upqr");
	finish_gate(&gate);
	fixture_close(&f);
}

static void test_full_queue(void **state)
{
	enum { ROOM = 4 };
	struct waited w[ROOM], user, holding, refused;
	struct gate gate;
	struct fixture f;
	int64_t id = 1;

	(void)state;
	fixture_open_with(&f, (struct store_options){.queue_max = ROOM});
	close_gate(&f, &gate, &holding, false);
	for (int n = 0; n < ROOM; n++) {
		assert_int_equal(store_is_busy(f.store), n >= ROOM / 2);
		w[n] = (struct waited){.job = {.class = STORE_POLL,
					       .run = add_line,
					       .done = on_waited,
					       .arg = &id}};
		assert_int_equal(store_write(f.store, &w[n].job), 0);
	}
	refused = (struct waited){
		.job = {.class = STORE_POLL, .run = add_line, .done = on_waited, .arg = &id}};
	assert_int_equal(store_write(f.store, &refused.job), ERR_BUSY);
	user = (struct waited){
		.job = {.class = STORE_USER, .run = add_line, .done = on_waited, .arg = &id}};
	assert_int_equal(store_write(f.store, &user.job), 0); /* polls leave users their room */
	uv_sem_post(&gate.open);
	loop_run(&f.loop, LIMIT_MS);
	assert_int_equal(refused.done, 0);
	assert_int_equal(user.done, 1);
	assert_false(store_is_busy(f.store));
	finish_gate(&gate);
	fixture_close(&f);
}

static void test_stop_drains(void **state)
{
	enum { JOBS = 50 };
	struct waited w[JOBS], reading, holding, late;
	struct gate gate;
	struct fixture f;
	int64_t id = 1, lines = 0;

	(void)state;
	fixture_open(&f);
	close_gate(&f, &gate, &holding, false);
	for (int n = 0; n < JOBS; n++) {
		w[n] = (struct waited){.job = {.class = n % 2 ? STORE_POLL : STORE_USER,
					       .run = add_line,
					       .done = on_waited,
					       .arg = &id}};
		assert_int_equal(store_write(f.store, &w[n].job), 0);
	}
	reading = (struct waited){.job = {.run = count_lines, .done = on_waited, .arg = &lines}};
	assert_int_equal(store_read(f.store, &reading.job), 0);
	store_stop(f.store, on_stopped, &f);
	late = (struct waited){.job = {.run = add_line, .done = on_waited, .arg = &id}};
	assert_int_equal(store_write(f.store, &late.job), ERR_BUSY);
	assert_int_equal(store_read(f.store, &late.job), ERR_BUSY);
	assert_int_equal(f.stopped, 0);
	uv_sem_post(&gate.open);
	loop_run_until(&f.loop, &f.stopped, LIMIT_MS);
	for (int n = 0; n < JOBS; n++)
		assert_int_equal(w[n].done + (w[n].job.status == 0), 2);
	assert_int_equal(reading.done, 1);
	assert_int_equal(f.stopped, 1);
	store_close(f.store);
	f.store = NULL;
	assert_int_equal(peek(f.path, "SELECT count(*) FROM change"), JOBS);
	finish_gate(&gate);
	fixture_close(&f);
}

struct again {
	struct waited waited;
	struct fixture *f;
	int left;
	int64_t id;
};

static void write_again(struct store_job *job)
{
	struct again *a = container_of(job, struct again, waited.job);

	assert_int_equal(job->status, 0);
	if (a->left-- > 0)
		assert_int_equal(store_write(a->f->store, job), 0);
}

static void test_a_job_may_be_used_again(void **state)
{
	struct fixture f;
	struct again a = {.f = &f, .left = 10, .id = 1};

	(void)state;
	fixture_open(&f);
	a.waited.job = (struct store_job){.run = add_line, .done = write_again, .arg = &a.id};
	assert_int_equal(store_write(f.store, &a.waited.job), 0);
	loop_run(&f.loop, LIMIT_MS); /* ends by itself: an idle store keeps no loop alive */
	assert_int_equal(store_seq(f.store), 11);
	fixture_close(&f);
}

static void test_before_start_and_never_started(void **state)
{
	struct fixture f;
	struct waited w = {.job = {.run = add_line, .done = on_waited}};
	struct err e;

	(void)state;
	fixture_open(&f);
	stop(&f);
	assert_int_equal(try_open(&f, &e), 0);
	assert_int_equal(store_write(f.store, &w.job), ERR_BUSY);
	assert_int_equal(store_read(f.store, &w.job), ERR_BUSY);
	store_close(f.store);
	f.store = NULL;
	fixture_close(&f);
	store_close(NULL);
}

/* -- reading -- */

static int read_for_ever(struct store_tx *tx, void *arg, struct err *e)
{
	return query_find(tx, arg, e,
		"WITH RECURSIVE n(i) AS (SELECT ? UNION ALL SELECT i + 1 FROM n) SELECT max(i) "
		"FROM n",
		as_int(0));
}

static int write_on_reader(struct store_tx *tx, void *arg, struct err *e)
{
	return add_line(tx, arg, e);
}

static void test_c22_read_deadline(void **state)
{
	struct fixture f;
	int64_t n = 0, lines = -1;
	struct err e;

	(void)state;
	fixture_open_with(&f, (struct store_options){.read_deadline_ms = 30});
	assert_int_equal(do_read(&f, read_for_ever, &n, &e), ERR_TIMEOUT);
	assert_non_null(strstr(e.text, "30 ms"));
	must_read(&f, count_lines, &lines); /* the connection is good for more */
	assert_int_equal(lines, 0);
	fixture_close(&f);
}

static void test_readers_cannot_write(void **state)
{
	struct fixture f;
	int64_t id = 1;
	struct err e;

	(void)state;
	fixture_open(&f);
	assert_int_equal(do_read(&f, write_on_reader, &id, &e), ERR_IO);
	fixture_close(&f);
}

/* Reads the number twice with a commit in between: a job sees one state. */
struct snapshot {
	struct gate gate;
	int64_t before, after;
};

static int read_twice(struct store_tx *tx, void *arg, struct err *e)
{
	struct snapshot *s = arg;

	(void)e;
	s->before = store_tx_seq(tx);
	uv_sem_post(&s->gate.closed);
	uv_sem_wait(&s->gate.open);
	s->after = store_tx_seq(tx);
	return 0;
}

static void test_reads_see_one_state(void **state)
{
	struct snapshot s = {0};
	struct waited reading = {.job = {.run = read_twice, .done = on_waited, .arg = &s}};
	struct fixture f;
	int64_t id = 1;

	(void)state;
	fixture_open(&f);
	must_write(&f, add_line, &id);
	uv_sem_init(&s.gate.closed, 0);
	uv_sem_init(&s.gate.open, 0);
	assert_int_equal(store_read(f.store, &reading.job), 0);
	uv_sem_wait(&s.gate.closed);
	must_write(&f, add_line, &id);
	assert_int_equal(store_seq(f.store), 2);
	uv_sem_post(&s.gate.open);
	loop_run_until(&f.loop, &reading.done, LIMIT_MS);
	assert_int_equal(s.before, 1);
	assert_int_equal(s.after, 1);
	finish_gate(&s.gate);
	fixture_close(&f);
}

static int read_facts(struct store_tx *tx, void *arg, struct err *e)
{
	return store_facts(tx, arg, e);
}

static int fill(struct store_tx *tx, void *arg, struct err *e)
{
	int64_t feed = 0;
	int status = add_feed(tx, "http://a.example/", NULL, &feed, e);

	(void)arg;
	if (status == 0)
		status = put_item(tx, feed, 1, 0, "<p>a</p>", NOW, NULL, e);
	if (status == 0)
		status = put_item(tx, feed, 2, 0, "<p>b</p>", NOW, NULL, e);
	return status;
}

static void test_facts(void **state)
{
	struct store_facts facts;
	struct fixture f;

	(void)state;
	fixture_open(&f);
	must_write(&f, fill, NULL);
	must_read(&f, read_facts, &facts);
	assert_int_equal(facts.seq, 5);
	assert_int_equal(facts.min_seq, 0);
	assert_int_equal(facts.feeds, 1);
	assert_int_equal(facts.feeds_failing + facts.feeds_gone, 0);
	assert_int_equal(facts.items, 2);
	assert_int_equal(facts.stories, 2);
	assert_int_equal(facts.unread_items, 2);
	assert_int_equal(facts.starred_items, 0);
	assert_true(facts.bytes > 50000);
	fixture_close(&f);
}

/* Many of both at once, for the thread sanitizer. */
static void test_reads_and_writes_together(void **state)
{
	enum { JOBS = 200 };
	static struct waited w[JOBS], r[JOBS];
	static int64_t lines[JOBS];
	struct fixture f;
	int64_t id = 1;

	(void)state;
	fixture_open(&f);
	for (int n = 0; n < JOBS; n++) {
		w[n] = (struct waited){.job = {.class = n % 2 ? STORE_POLL : STORE_USER,
					       .run = add_line,
					       .done = on_waited,
					       .arg = &id}};
		r[n] = (struct waited){
			.job = {.run = count_lines, .done = on_waited, .arg = &lines[n]}};
		assert_int_equal(store_write(f.store, &w[n].job), 0);
		assert_int_equal(store_read(f.store, &r[n].job), 0);
	}
	loop_run(&f.loop, LIMIT_MS);
	for (int n = 0; n < JOBS; n++) {
		assert_int_equal(w[n].job.status, 0);
		assert_int_equal(r[n].job.status, 0);
		assert_in_range(lines[n], 0, JOBS);
	}
	assert_int_equal(store_seq(f.store), JOBS);
	fixture_close(&f);
}

static int cache_bytes(struct db *db)
{
	int now, most;

	assert_int_equal(sqlite3_db_status(db->handle, SQLITE_DBSTATUS_CACHE_USED, &now, &most, 0),
		SQLITE_OK);
	return now;
}

static int put_some(struct store_tx *tx, void *arg, struct err *e)
{
	static char text[100000];
	int status = add_feed(tx, "u1", "F", &(int64_t){0}, e);

	(void)arg;
	memset(text, 'x', sizeof(text) - 1);
	return status ? status : put_item(tx, 1, 1, 0, text, NOW, NULL, e);
}

/* What is asked to rest forgets what it does not need, and works on. */
static void test_rest(void **state)
{
	struct fixture f;
	int before;

	(void)state;
	fixture_open(&f);
	must_write(&f, put_some, NULL);
	before = cache_bytes(&f.store->db);
	store_rest(f.store);
	store_rest(f.store); /* once is enough */
	must_read(&f, read_facts, &(struct store_facts){0});
	while (f.store->resting)
		uv_run(&f.loop.uv, UV_RUN_ONCE);
	assert_true(cache_bytes(&f.store->db) < before - 100000);
	must_write(&f, add_line, &(int64_t){1});
	must_read(&f, read_facts, &(struct store_facts){0});
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write_then_read),
		cmocka_unit_test(test_many_jobs_share_a_commit),
		cmocka_unit_test(test_a_bad_job_fails_alone),
		cmocka_unit_test(test_repeatable_jobs),
		cmocka_unit_test(test_a_job_of_its_own_commit),
		cmocka_unit_test(test_every_error_has_a_text),
		cmocka_unit_test(test_users_go_first),
		line_test("B13", test_full_queue),
		cmocka_unit_test(test_stop_drains),
		cmocka_unit_test(test_a_job_may_be_used_again),
		cmocka_unit_test(test_before_start_and_never_started),
		cmocka_unit_test(test_c22_read_deadline),
		cmocka_unit_test(test_readers_cannot_write),
		cmocka_unit_test(test_reads_see_one_state),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_reads_and_writes_together),
		cmocka_unit_test(test_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
