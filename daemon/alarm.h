/* Wakes the loop at a time of the clock that goes on while the machine is suspended (B6). */
#ifndef TIDINGS_ALARM_H
#define TIDINGS_ALARM_H

#include <stdint.h>
#include <uv.h>

#include "base/err.h"

/* CLOCK_BOOTTIME in milliseconds: nobody sets it, and it counts the time of a suspended machine,
 * which libuv's own timers do not. Any thread. */
int64_t alarm_clock_ms(void);

/* One alarm; it lives in its owner. Loop thread. */
struct alarm {
	uv_poll_t poll; /* of a timerfd */
	int fd;         /* -1 before alarm_open() */
	void (*rang)(void *ctx);
	void *ctx;
};

/* ERR_IO: no descriptors left. It does not ring before it is set, and only then keeps the loop
 * alive. */
int alarm_open(struct alarm *a, uv_loop_t *loop, void (*rang)(void *ctx), void *ctx, struct err *e)
	__attribute__((warn_unused_result));

/* Rings once at `at_ms` of alarm_clock_ms(), at once when that is past; replaces an earlier time.
 */
void alarm_set(struct alarm *a, int64_t at_ms);

/* Does not ring any more. The memory must stay until the loop has run once more. Takes an alarm
 * that was never opened (fd -1). */
void alarm_close(struct alarm *a);

#endif
