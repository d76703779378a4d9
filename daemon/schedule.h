/* When is a feed due, and may it start now: due times, rate groups and their gaps. Pure: the time
 * is a parameter, of a clock that nobody sets (B6). */
#ifndef TIDINGS_SCHEDULE_H
#define TIDINGS_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/times.h"

/* A feed waits in a heap by due time; once due, in the queue of its rate group until the group is
 * free: no more than `group_connections` polls under way and `gap_ms` since the last start (A39).
 * Groups that are free take turns (B7). A million feeds are meant to fit: O(log n) for each step.
 */
struct schedule;

struct schedule_options {
	int64_t gap_ms;        /* between two starts in one rate group */
	int group_connections; /* polls under way in one rate group */
};

struct schedule *schedule_create(const struct schedule_options *options); /* NULL: out of memory */
void schedule_destroy(struct schedule *s);
void schedule_configure(struct schedule *s, const struct schedule_options *options);

/* The key by which a rate group ("host:port") is known here. */
int64_t schedule_group(const char *name);

/* Adds a feed or gives it a new due time and group (`key`). TIME_NONE takes it out of waiting
 * without forgetting it. While it is being polled only the group is taken over; schedule_finish()
 * brings the time. ERR_NOMEM. */
int schedule_put(struct schedule *s, int64_t id, int64_t key, int64_t due_ms)
	__attribute__((warn_unused_result));

/* A feed was polled before the schedule knew it: its last start counts for schedule_hurry(). */
void schedule_remember(struct schedule *s, int64_t id, int64_t start_ms);

/* A feed that was just put has its turn as if it had been due at `rank_ms`; so it is ordered among
 * those that are overdue. What it is late by still counts from its due time. */
void schedule_rank(struct schedule *s, int64_t id, int64_t rank_ms);

/* A rate group's own limits: `gap_ms` -1 and `connections` 0 mean those of the options. */
void schedule_limit(struct schedule *s, int64_t key, int64_t gap_ms, int connections);

/* True while other feeds of this one's rate group are due and come within a minute (A38). */
bool schedule_more(const struct schedule *s, int64_t id);

/* A user asks for a poll now: the feed goes in front of its group's queue. Less than `floor_ms`
 * after its last start (A12), or while its group is held: ERR_BUSY, and *ret_wait_ms is what is
 * missing. ERR_NOT_FOUND. 0 when it is being polled already. */
int schedule_hurry(struct schedule *s, int64_t id, int64_t now_ms, int64_t floor_ms,
	int64_t *ret_wait_ms) __attribute__((warn_unused_result));

/* What is overdue starts no more than `per_s` in a second, or what brings all of it into `most_ms`,
 * by rank, the longest overdue first; what a user asked for is not touched (B5). */
void schedule_spread(struct schedule *s, int64_t now_ms, int64_t per_s, int64_t most_ms);

/* Forgets a feed; if it is being polled, once that ends. */
void schedule_remove(struct schedule *s, int64_t id);

/* Takes the next feed that may start now and counts it as being polled. False: none. */
bool schedule_take(struct schedule *s, int64_t now_ms, int64_t *ret_feed);

/* A poll has ended: the group is freed and the feed waits for its new due time. True when
 * schedule_put() came meanwhile: its due time was not taken, so look at the feed again. */
bool schedule_finish(struct schedule *s, int64_t id, int64_t due_ms);

/* Milliseconds until schedule_take() may find something, 0 for at once, -1 for never unless
 * something changes. */
int64_t schedule_wait_ms(struct schedule *s, int64_t now_ms);

/* A place in a rate group for a fetch that schedule_take() did not start there: a poll that was
 * sent on, an icon, a look. */
struct visit;

/* Asks for a place in the group, and gives back the one that *visit has elsewhere; NULL at first.
 * `feed`: whose poll it is, which is away from its own group from then on; 0: nobody's. 0: it may
 * start, and counts as a poll of the group does, until the next call or schedule_leave(). Else how
 * long to wait before it asks again, a few seconds after the group is open at most. Visits start in
 * the order in which they first asked, in turns with feeds of the group that are due: after each
 * visit one such feed, if it starts while the next visit waits for it once. So that nobody waits
 * for himself, or two for each other, what waits or is away has no place. Negative while the group
 * is held, and where it would wait longer than `most_ms`: for how long still; then it is not in the
 * queue. */
int64_t schedule_admit(struct schedule *s, struct visit **visit, int64_t feed, int64_t key,
	int64_t now_ms, int64_t most_ms);

/* The end of a visit, wherever it is; takes NULL. */
void schedule_leave(struct schedule *s, struct visit *visit);

/* True while there are visits: then a group may be closed that opens when one ends. */
bool schedule_visited(const struct schedule *s);

/* A server asked to be left alone: nothing starts in the group before `until_ms` (A18, A19). A hold
 * is never shortened. */
void schedule_hold(struct schedule *s, int64_t key, int64_t until_ms);

/* Where a feed is at `now_ms`. */
struct schedule_place {
	enum {
		SCHEDULE_OUT,     /* not waiting for anything */
		SCHEDULE_LATER,   /* until it is due, or until its group is open */
		SCHEDULE_BUSY,    /* due, while as many others of its group are polled as may be */
		SCHEDULE_DUE,     /* due, until its group is open */
		SCHEDULE_POLLING, /* being polled */
	} state;
	int64_t due_ms;  /* LATER: when it has its turn */
	int64_t open_ms; /* its group takes nothing before */
	bool held;       /* ... because its server asked for it */
};
struct schedule_place schedule_find(const struct schedule *s, int64_t id, int64_t now_ms);

struct schedule_counts {
	int64_t feeds, due, polling; /* due: and not started */
	/* From due time to start, of the last some thousand polls that nobody asked for: the
	 * smallest power of two of ms that so many stayed under (B8). */
	int64_t late_ms_p50, late_ms_p99;
	int64_t groups; /* known, also those that only redirects led to */
};
struct schedule_counts schedule_counts(const struct schedule *s, int64_t now_ms);

#endif
