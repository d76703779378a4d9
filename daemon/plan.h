/* What a poll teaches of its feed, and when the next one is: interval.h and rhythm.h applied to a
 * row of the database. Pure. */
#ifndef TIDINGS_PLAN_H
#define TIDINGS_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/model.h"
#include "interval.h"
#include "store/feeds.h"

/* The daemon's settings. */
struct plan_policy {
	int64_t interval_ms; /* of feeds that set none; 0: by their rhythm */
	int64_t min_ms, max_ms;
	int jitter_percent;
};

/* What the poll came to. */
struct plan_input {
	const struct feed *feed; /* as it was before */
	struct plan_policy policy;
	int64_t now_ms;
	enum outcome outcome;
	int64_t retry_after_ms, fresh_ms;   /* as in fetch_result */
	bool expires;                       /* likewise */
	const struct feed_content *content; /* NULL: nothing was parsed */
	int known_items, new_items;         /* of the document's: those that were stored before, and
					       those that were not */
	int changed_items;                  /* of the known ones */
	const char *moved_url;              /* as in fetch_result, normalised */
	bool validators;                    /* the next request can be conditional */
	int http_status;
	uint64_t wire_bytes;
	int64_t duration_ms;
	const char *error; /* the name of its code; NULL: it went well */
};

/* The settings as they count for one feed: its own go before the daemon's, and what says how far
 * its rhythm may go takes it out of the daemon's `interval`. */
struct plan_policy plan_policy_of(const struct plan_policy *policy, const struct feed *feed);

/* True when a stored plan was won by what the server or the document asked for, or by what each
 * answer costs it (A14): by what may go beyond the daemon's `interval`. */
bool plan_is_publishers(const char *plan);

/* True when the last poll was excused by an outage. */
bool plan_is_waiting(const char *plan);

/* True when the redirect to poll->moved_url has proved permanent (A20): the feed is to move there.
 */
bool plan_moves(const struct feed_poll *poll);

/* A feed is silent when it has said nothing new for SILENT_GAPS times the usual time between its
 * items, as that was when it spoke last: whether it answers the same again and again or fails. A
 * few days without news are no silence even of a busy feed: nights, weekends and holidays belong to
 * its rhythm. One whose rhythm is not known yet is never silent, nor does a poll tell that was
 * excused by an outage, or that failed the first time. */
enum { SILENT_GAPS = 9 };
#define SILENT_MIN_MS (4LL * 24 * 3600 * 1000)
bool plan_is_silent(const struct feed_learned *learned, int64_t now_ms);

/* Fills in next_due_ms, due_reason, moved_url and learned of `poll`; texts go into `arena` (NULL
 * where there is no memory, the log of fetches as it was). */
void plan_poll(const struct plan_input *in, struct arena *arena, struct feed_poll *poll);

#endif
