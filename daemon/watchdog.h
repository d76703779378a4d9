/* Tells systemd that the daemon is alive, which is: the loop turns, and the store thread and a pool
 * worker finished a probe since the last time (C38; sd_watchdog_enabled(3)). */
#ifndef TIDINGS_WATCHDOG_H
#define TIDINGS_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "store/store.h"

/* Lives in its owner. Loop thread. */
struct watchdog {
	struct store *store;
	uv_timer_t timer;
	struct store_job job;
	uv_work_t work;
	uint64_t interval_ms; /* 0: systemd does not watch */
	int probes;           /* under way */
	bool failed;          /* one of them could not be begun */
	void (*alive)(void *ctx);
	void *ctx;
};

/* Half of what systemd allows between two signs of life ($WATCHDOG_USEC, $WATCHDOG_PID), in ms; 0
 * when it does not watch this process. Called once, before threads start: it takes the variables
 * out of the environment. */
uint64_t watchdog_interval_ms(void);

/* Every `interval_ms` begins a probe of store and pool and calls `alive` as soon as both came back:
 * the moment to tell systemd. Does nothing with 0. The timer alone does not keep the loop alive. */
void watchdog_start(struct watchdog *w, uv_loop_t *loop, struct store *store, uint64_t interval_ms,
	void (*alive)(void *ctx), void *ctx);

/* Begins no more probes; before store_stop(). One that is under way still ends. The memory must
 * stay until the loop ended. */
void watchdog_stop(struct watchdog *w);

#endif
