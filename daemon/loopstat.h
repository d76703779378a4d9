/* How long the loop thread keeps others waiting: the time of each turn of the loop. */
#ifndef TIDINGS_LOOPSTAT_H
#define TIDINGS_LOOPSTAT_H

#include <stdint.h>
#include <uv.h>

enum { LOOPSTAT_TURNS = 512 };

/* Costs two clock readings a turn and wakes nobody. Loop thread. */
struct loopstat {
	uv_prepare_t prepare;
	uv_check_t check;
	uint64_t turn_start_ns;
	uint32_t turns_us[LOOPSTAT_TURNS]; /* the last ones, as a ring */
	unsigned count;
};

/* The handles do not keep the loop alive. */
void loopstat_init(struct loopstat *l, uv_loop_t *loop);

/* Closes the handles; the memory must stay until the loop has run once more. */
void loopstat_close(struct loopstat *l);

/* The 99th percentile of the last turns, in milliseconds. */
double loopstat_p99_ms(const struct loopstat *l);

#endif
