/* A schedule in virtual time: one poll of a group at once, two seconds from one to the next. */
#ifndef TESTS_UNIT_DAEMON_SCHEDULE_WORLD_H
#define TESTS_UNIT_DAEMON_SCHEDULE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "schedule.h"

#define S 1000LL

static const struct schedule_options options = {.gap_ms = 2 * S, .group_connections = 1};

static inline struct schedule *make(void)
{
	struct schedule *s = schedule_create(&options);

	assert_non_null(s);
	return s;
}

static inline void put(struct schedule *s, int64_t feed, const char *group, int64_t due_ms)
{
	assert_int_equal(schedule_put(s, feed, schedule_group(group), due_ms), 0);
}

/* The feed that may start, or 0. */
static inline int64_t take(struct schedule *s, int64_t now_ms)
{
	int64_t feed = 0;

	return schedule_take(s, now_ms, &feed) ? feed : 0;
}

/* A short one: how long it waits. */
static inline int64_t visit(struct schedule *s, int64_t key, int64_t now_ms)
{
	struct visit *v = NULL;
	int64_t wait_ms = schedule_admit(s, &v, 0, key, now_ms, INT64_MAX);

	schedule_leave(s, v);
	return wait_ms;
}

#endif
