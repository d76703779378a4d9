/* Starts polls when they are due, and takes what came of them back to the schedule. */
#ifndef TIDINGS_POLLER_H
#define TIDINGS_POLLER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "alarm.h"
#include "api/api.h"
#include "config.h"
#include "refresh.h"
#include "schedule.h"
#include "subscriptions.h"

/* Lives in the server, which owns what it points to; loop thread. */
struct poller {
	struct schedule *schedule;
	struct refresh_env *env;
	struct subscriptions *subscriptions;
	const struct config *config;
	bool once; /* every feed once, then `finished` */
	void (*finished)(void *ctx);
	void (*ended)(void *ctx); /* something has ended while it does not run */
	void *ctx;

	bool running;
	int64_t polling;     /* refreshes under way */
	uv_timer_t tick;     /* at once */
	struct alarm alarm;  /* when the next feed is due */
	int64_t probe_at_ms; /* while nobody is reached: nothing starts before */
	int64_t wake_at_ms;  /* what the alarm is set to; INT64_MAX: it is not */
	struct api_polls polls;
};

/* The alarm's descriptor must be -1 before. ERR_IO. */
int poller_open(struct poller *p, uv_loop_t *loop, struct err *e)
	__attribute__((warn_unused_result));

/* Looks at what is due from now on; what is overdue is spread, since the schedule was just loaded.
 */
void poller_start(struct poller *p);

/* Nothing is started any more; what is under way goes on. */
void poller_stop(struct poller *p);

/* Something changed in the schedule: looks at it on the loop's next turn. `poller` is a struct
 * poller. */
void poller_kick(void *poller);

/* What kept polls from starting is over, maybe after long: what is overdue is spread. */
void poller_catch_up(struct poller *p);

/* What a feed waits for; `until_ms` is of the alarm's clock, and never past. */
void poller_waiting(const struct poller *p, int64_t feed, struct api_waiting *ret_waiting);

void poller_close(struct poller *p);

#endif
