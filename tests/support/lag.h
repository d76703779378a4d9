/* How long a loop keeps those waiting who are ready, without what the machine's other work takes.
 */
#ifndef TESTS_SUPPORT_LAG_H
#define TESTS_SUPPORT_LAG_H

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

enum { LAG_EVERY_MS = 5 };

struct lag {
	uv_timer_t timer;
	int schedstat;
	uint64_t last_ns, last_waited_ns;
	uint64_t longest_ns; /* between two turns */
};

/* How long this thread was ready and had no processor; 0 where the kernel does not tell. */
static inline uint64_t lag_waited_ns(const struct lag *l)
{
	char text[100] = "";
	char *end;

	if (l->schedstat < 0 || pread(l->schedstat, text, sizeof text - 1, 0) <= 0)
		return 0;
	strtoull(text, &end, 10);
	return strtoull(end, NULL, 10);
}

static inline void lag_turn(uv_timer_t *timer)
{
	struct lag *l = timer->data;
	uint64_t now_ns = uv_hrtime(), waited_ns = lag_waited_ns(l);
	uint64_t gap_ns = now_ns - l->last_ns, others_ns = waited_ns - l->last_waited_ns;

	if (gap_ns > others_ns && gap_ns - others_ns > l->longest_ns)
		l->longest_ns = gap_ns - others_ns;
	l->last_ns = now_ns;
	l->last_waited_ns = waited_ns;
}

/* On the loop's thread. */
static inline void lag_start(struct lag *l, uv_loop_t *loop)
{
	l->schedstat = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
	l->longest_ns = 0;
	l->last_ns = uv_hrtime();
	l->last_waited_ns = lag_waited_ns(l);
	uv_timer_init(loop, &l->timer);
	l->timer.data = l;
	uv_timer_start(&l->timer, lag_turn, LAG_EVERY_MS, LAG_EVERY_MS);
}

/* The longest that anything waited, in milliseconds. */
static inline uint64_t lag_stop(struct lag *l)
{
	lag_turn(&l->timer);
	uv_close((uv_handle_t *)&l->timer, NULL);
	if (l->schedstat >= 0)
		close(l->schedstat);
	return l->longest_ns / 1000000;
}

#endif
