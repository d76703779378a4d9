/* The alarm rings at its time, once, and keeps quiet otherwise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "alarm.h"
#include "support/loop.h"

enum { LIMIT_MS = 60000 };

struct bell {
	int rings;
	int64_t at_ms;
};

static void ring(void *ctx)
{
	struct bell *b = ctx;

	b->rings++;
	b->at_ms = alarm_clock_ms();
}

static void test_rings_not_before_its_time(void **state)
{
	struct loop loop;
	struct alarm a;
	struct bell bell = {0};
	struct err e;
	int64_t at_ms = alarm_clock_ms() + 20;

	(void)state;
	loop_init(&loop);
	assert_int_equal(alarm_open(&a, &loop.uv, ring, &bell, &e), 0);
	alarm_set(&a, at_ms + 3600 * 1000);
	alarm_set(&a, at_ms); /* the later word counts */
	loop_run_until(&loop, &bell.rings, LIMIT_MS);
	assert_true(bell.at_ms >= at_ms);
	alarm_close(&a);
	loop_finish(&loop);
}

static void test_rings_at_once_for_what_is_past(void **state)
{
	static const int64_t past[] = {1, 0, -5};
	struct loop loop;
	struct alarm a;
	struct err e;

	(void)state;
	loop_init(&loop);
	for (size_t i = 0; i < sizeof(past) / sizeof(past[0]); i++) {
		struct bell bell = {0};

		assert_int_equal(alarm_open(&a, &loop.uv, ring, &bell, &e), 0);
		alarm_set(&a, past[i]);
		loop_run_until(&loop, &bell.rings, LIMIT_MS);
		uv_run(&loop.uv, UV_RUN_NOWAIT);
		assert_int_equal(bell.rings, 1);
		alarm_close(&a);
		uv_run(&loop.uv, UV_RUN_NOWAIT);
		assert_int_equal(a.fd, -1);
	}
	alarm_close(&a); /* nothing to close any more */
	loop_finish(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rings_not_before_its_time),
		cmocka_unit_test(test_rings_at_once_for_what_is_past),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
