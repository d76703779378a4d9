/* SIGINT, SIGTERM and SIGHUP as events of the loop. */
#ifndef TIDINGS_SIGNALS_H
#define TIDINGS_SIGNALS_H

#include <uv.h>

#include "base/err.h"

/* Keeps the three from interrupting any thread; whoever opened `signals` reads them instead. Called
 * once, before the first thread starts: threads inherit it. */
void signals_block(void);

/* They are read from a signalfd: a handler would run wherever the kernel finds a thread, and
 * libuv's waits for one in the middle of another. Lives in its owner, fd -1 at first; loop thread.
 */
struct signals {
	uv_poll_t poll;
	int fd;
	void (*arrived)(void *ctx, int number);
	void *ctx;
};

/* After signals_block(). ERR_IO: no descriptors left. Keeps the loop alive. */
int signals_open(struct signals *s, uv_loop_t *loop, void (*arrived)(void *ctx, int number),
	void *ctx, struct err *e) __attribute__((warn_unused_result));

/* `arrived` is not called again. The memory must stay until the loop has run once more. Takes one
 * that was never opened (fd -1). */
void signals_close(struct signals *s);

#endif
