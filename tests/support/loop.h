/* A libuv loop for a test: it has a time limit and must close with nothing left. */
#ifndef TESTS_SUPPORT_LOOP_H
#define TESTS_SUPPORT_LOOP_H

#include <stdint.h>
#include <uv.h>

/* Belongs to the test; lives on its thread. */
struct loop {
	uv_loop_t uv;
	uv_timer_t watchdog; /* unreferenced: it keeps no loop alive */
};

void loop_init(struct loop *l);

/* Runs until nothing is left to wait for or uv_stop() is called. After `limit_ms` it prints the
 * handles that are still there and fails the test. */
void loop_run(struct loop *l, uint64_t limit_ms);

/* Runs until `*flag` is not 0, with the same limit: for what ends by a callback. */
void loop_run_until(struct loop *l, const int *flag, uint64_t limit_ms);

/* For a test that turns the loop itself: the same limit, until the next of the calls above ends. */
void loop_limit(struct loop *l, uint64_t limit_ms);

/* Lets closing handles close and asserts that uv_loop_close() says 0; prints the handles left when
 * it does not. */
void loop_finish(struct loop *l);

#endif
