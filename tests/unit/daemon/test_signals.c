/* Signals arrive as events, each once, however close together. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

#include "signals.h"
#include "support/loop.h"

enum { LIMIT_MS = 60000 };

struct seen {
	int numbers[8];
	int count;
};

static void arrived(void *ctx, int number)
{
	struct seen *s = ctx;

	s->numbers[s->count++] = number;
}

static void test_two_at_once(void **state)
{
	struct loop loop;
	struct signals signals;
	struct seen seen = {0};
	struct err e;

	(void)state;
	signals_block();
	kill(getpid(), SIGHUP); /* before anybody listens */
	loop_init(&loop);
	assert_int_equal(signals_open(&signals, &loop.uv, arrived, &seen, &e), 0);
	kill(getpid(), SIGTERM);
	kill(getpid(), SIGHUP); /* the same again before it was read: one */
	while (seen.count < 2)
		uv_run(&loop.uv, UV_RUN_ONCE);
	uv_run(&loop.uv, UV_RUN_NOWAIT);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.numbers[0] + seen.numbers[1], SIGHUP + SIGTERM);
	signals_close(&signals);
	uv_run(&loop.uv, UV_RUN_NOWAIT);
	assert_int_equal(signals.fd, -1);
	signals_close(&signals); /* nothing to close any more */
	loop_finish(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
