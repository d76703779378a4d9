/* A clock that a test may put forward: all of the program, libraries too, reads it. Included by one
 * file of a test program. */
#ifndef TESTS_SUPPORT_CLOCK_H
#define TESTS_SUPPORT_CLOCK_H

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

static time_t clock_ahead_s;

/* In place of libc's. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t id, struct timespec *ret)
{
	int rc = (int)syscall(SYS_clock_gettime, id, ret);

	ret->tv_sec += clock_ahead_s;
	return rc;
}

/* Fails where libraries do not read it. */
static inline void clock_forward(uv_loop_t *loop, int by_s)
{
	uint64_t before_ms = uv_now(loop);

	clock_ahead_s += by_s;
	uv_update_time(loop);
	assert_true(uv_now(loop) - before_ms >= (uint64_t)by_s * 1000);
}

#endif
