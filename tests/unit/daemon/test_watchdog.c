/* Signs of life: they come while store and pool answer, and stop when one of them does not. */
#include "unit/store/fixture.h"

#include <stdlib.h>
#include <unistd.h>

#include "watchdog.h"

struct life {
	int signs;
};

static void alive(void *ctx)
{
	((struct life *)ctx)->signs++;
}

static void tick(uv_timer_t *timer)
{
	*(int *)timer->data = 1;
}

/* Lets the loop turn for so long. */
static void turn(struct fixture *f, uint64_t ms)
{
	uv_timer_t timer;
	int over = 0;

	uv_timer_init(&f->loop.uv, &timer);
	timer.data = &over;
	uv_timer_start(&timer, tick, ms, 0);
	loop_run_until(&f->loop, &over, LIMIT_MS);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&f->loop.uv, UV_RUN_NOWAIT);
}

/* A probe that is under way ends. */
static void end(struct fixture *f, struct watchdog *w)
{
	watchdog_stop(w);
	while (w->probes > 0)
		turn(f, 1);
	fixture_close(f);
}

static void test_comes_while_all_answer(void **state)
{
	struct fixture f;
	struct watchdog w;
	struct life life = {0};

	(void)state;
	fixture_open(&f);
	watchdog_start(&w, &f.loop.uv, f.store, 1, alive, &life);
	while (life.signs < 3)
		turn(&f, 1);
	end(&f, &w);
}

static uv_sem_t block;

static int blocked_job(struct store_tx *tx, void *arg, struct err *e)
{
	(void)tx;
	(void)arg;
	(void)e;
	uv_sem_wait(&block);
	return 0;
}

static void test_a_stuck_store_thread_gives_none(void **state)
{
	struct waited w = {.job = {.run = blocked_job, .done = on_waited}};
	struct fixture f;
	struct watchdog dog;
	struct life life = {0};

	(void)state;
	fixture_open(&f);
	uv_sem_init(&block, 0);
	assert_int_equal(store_write(f.store, &w.job), 0);
	watchdog_start(&dog, &f.loop.uv, f.store, 1, alive, &life);
	turn(&f, 20); /* twenty times the interval */
	assert_int_equal(life.signs, 0);
	uv_sem_post(&block);
	loop_run_until(&f.loop, &life.signs, LIMIT_MS);
	end(&f, &dog);
	uv_sem_destroy(&block);
}

static void blocked_work(uv_work_t *work)
{
	(void)work;
	uv_sem_wait(&block);
}

static void ended(uv_work_t *work, int status)
{
	(void)status;
	++*(int *)work->data;
}

static void test_stuck_workers_give_none(void **state)
{
	enum { WORKERS = 4 }; /* libuv's default */
	uv_work_t works[WORKERS];
	struct fixture f;
	struct watchdog dog;
	struct life life = {0};
	int done = 0;

	(void)state;
	fixture_open(&f);
	uv_sem_init(&block, 0);
	for (int i = 0; i < WORKERS; i++) {
		works[i].data = &done;
		uv_queue_work(&f.loop.uv, &works[i], blocked_work, ended);
	}
	watchdog_start(&dog, &f.loop.uv, f.store, 1, alive, &life);
	turn(&f, 20);
	assert_int_equal(life.signs, 0);
	for (int i = 0; i < WORKERS; i++)
		uv_sem_post(&block);
	loop_run_until(&f.loop, &life.signs, LIMIT_MS);
	while (done < WORKERS)
		turn(&f, 1);
	end(&f, &dog);
	uv_sem_destroy(&block);
}

static void test_does_nothing_unwatched(void **state)
{
	struct fixture f;
	struct watchdog w;
	struct life life = {0};

	(void)state;
	fixture_open(&f);
	watchdog_start(&w, &f.loop.uv, f.store, 0, alive, &life);
	turn(&f, 5);
	watchdog_stop(&w);
	assert_int_equal(life.signs, 0);
	fixture_close(&f);
}

static void test_asks_the_environment(void **state)
{
	static const struct {
		const char *usec;
		long pid; /* 0: ours, -1: not set */
		uint64_t want_ms;
	} cases[] = {
		{"180000000", 0, 90000},
		{"180000000", -1, 90000},
		{"180000000", 1, 0},
		{"nonsense", 0, 0},
		{NULL, 0, 0},
	};
	char pid[32];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(pid, sizeof(pid), "%ld", cases[i].pid ? cases[i].pid : (long)getpid());
		if (cases[i].usec)
			setenv("WATCHDOG_USEC", cases[i].usec, 1);
		if (cases[i].pid >= 0)
			setenv("WATCHDOG_PID", pid, 1);
		assert_int_equal(watchdog_interval_ms(), cases[i].want_ms);
		assert_null(getenv("WATCHDOG_USEC"));
		assert_null(getenv("WATCHDOG_PID"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comes_while_all_answer),
		cmocka_unit_test(test_a_stuck_store_thread_gives_none),
		cmocka_unit_test(test_stuck_workers_give_none),
		cmocka_unit_test(test_does_nothing_unwatched),
		cmocka_unit_test(test_asks_the_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
