/* kill -9 at any moment: the database stays sound, and what was reported as committed is there. */
#include "fixture.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 50, BIRTHS = 15, JOBS = 8 };

/* -- in the child: jobs without end, each reported through the pipe once `done` says it is
 * committed -- */

struct writing {
	struct store_job job;
	struct store *store;
	int64_t *next_key, key;
	int pipe;
};

static int write_item(struct store_tx *tx, void *arg, struct err *e)
{
	struct writing *w = arg;
	int64_t id;
	int changed;
	int status = put_item(
		tx, 1, w->key, w->key % 5, "<p>some content to be written</p>", NOW, &id, e);

	return status ? status
		      : items_set_state(tx, &id, 1, w->key % 2 ? 1 : 0, 0, NOW, &changed, e);
}

static void report(struct store_job *job)
{
	struct writing *w = container_of(job, struct writing, job);

	if (job->status || write(w->pipe, &w->key, sizeof(w->key)) != (ssize_t)sizeof(w->key))
		_exit(1);
	w->key = ++*w->next_key;
	if (store_write(w->store, job))
		_exit(1);
}

static int ensure_feed(struct store_tx *tx, void *arg, struct err *e)
{
	int64_t id;
	int status = add_feed(tx, "u1", "F", &id, e);

	(void)arg;
	return status == ERR_EXISTS ? 0 : status;
}

static _Noreturn void child(const char *path, int64_t first_key, int pipe)
{
	struct store_options options = {.path = path};
	struct waited feed = {.job = {.run = ensure_feed, .done = on_waited}};
	struct writing w[JOBS];
	struct store *store;
	uv_loop_t loop;
	struct err e;

	if (uv_loop_init(&loop) || store_open(&options, &store, &e) ||
		store_start(store, &loop, NULL, NULL) || store_write(store, &feed.job))
		_exit(1);
	uv_run(&loop, UV_RUN_DEFAULT);
	first_key += JOBS;
	for (int n = 0; n < JOBS; n++) {
		w[n] = (struct writing){.store = store,
			.next_key = &first_key,
			.key = first_key - JOBS + n,
			.pipe = pipe};
		w[n].job = (struct store_job){.class = n % 2 ? STORE_POLL : STORE_USER,
			.run = write_item,
			.done = report,
			.arg = &w[n]};
		if (store_write(store, &w[n].job))
			_exit(1);
	}
	first_key--;
	uv_run(&loop, UV_RUN_DEFAULT);
	_exit(1);
}

/* -- in the parent -- */

static void doze(unsigned microseconds)
{
	struct timespec t = {.tv_nsec = (long)microseconds * 1000};

	nanosleep(&t, NULL);
}

/* Starts a child, takes `reports` keys and then its life. Returns the keys told in `keys`. */
static size_t run_and_kill(const char *path, int64_t first_key, size_t reports, unsigned pause,
	int64_t *keys, size_t max)
{
	size_t count = 0;
	int ends[2], status;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(ends[0]);
		child(path, first_key, ends[1]);
	}
	close(ends[1]);
	while (count < reports &&
		read(ends[0], &keys[count], sizeof(keys[0])) == (ssize_t)sizeof(keys[0]))
		count++;
	doze(pause);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	while (count < max &&
		read(ends[0], &keys[count], sizeof(keys[0])) == (ssize_t)sizeof(keys[0]))
		count++;
	close(ends[0]);
	return count;
}

static void open_and_close(const char *path)
{
	struct store_options options = {.path = path};
	struct store *store;
	struct err e = {0};

	if (store_open(&options, &store, &e))
		fail_msg("%s", e.text);
	store_close(store);
}

static void test_killed_while_writing(void **state)
{
	enum { MAX = 20000 };
	int64_t *keys = calloc(MAX, sizeof(*keys));
	size_t count = 0;
	struct tmp tmp;
	char path[512];

	(void)state;
	assert_non_null(keys);
	srand(20261123);
	tmp_create(&tmp);
	snprintf(path, sizeof(path), "%s", tmp_path(&tmp, "x.db"));
	open_and_close(path);
	for (int round = 0; round < ROUNDS; round++) {
		size_t before = count;

		count += run_and_kill(path, 1 + round * 1000000LL, (size_t)rand() % 30,
			(unsigned)rand() % 4000, keys + count, MAX - count);
		open_and_close(path);
		for (size_t n = before; n < count; n++) {
			char sql[120];

			snprintf(sql, sizeof(sql),
				"SELECT count(*) FROM item WHERE feed = 1 AND key = %lld",
				(long long)keys[n]);
			assert_int_equal(peek(path, sql), 1);
		}
		assert_sound(path);
		assert_counts(path);
	}
	assert_true(count > ROUNDS);
	for (size_t n = 0; n < count; n += 97) { /* and later crashes took nothing of the earlier */
		char sql[120];

		snprintf(sql, sizeof(sql), "SELECT count(*) FROM item WHERE key = %lld",
			(long long)keys[n]);
		assert_int_equal(peek(path, sql), 1);
	}
	tmp_remove(&tmp);
	free(keys);
}

static void test_killed_while_being_created(void **state)
{
	(void)state;
	for (unsigned n = 0; n < BIRTHS; n++) {
		struct tmp tmp;
		char path[512];
		int64_t keys[1];

		tmp_create(&tmp);
		snprintf(path, sizeof(path), "%s", tmp_path(&tmp, "x.db"));
		run_and_kill(path, 1, 0, n * 400, keys, 1);
		open_and_close(path);
		assert_sound(path);
		tmp_remove(&tmp);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed_while_writing),
		cmocka_unit_test(test_killed_while_being_created),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
