/* When is the next poll, and why: one rule for all outcomes of a poll. Pure. */
#ifndef TIDINGS_INTERVAL_H
#define TIDINGS_INTERVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/times.h"

/* What a poll came to: the one edge back from refresh to the schedule. */
enum outcome {
	OUTCOME_NEW_ITEMS,
	OUTCOME_UNCHANGED,
	OUTCOME_RETRY_AFTER, /* the server said when */
	OUTCOME_GONE,        /* 410 for the second time, a day apart (A23) */
	OUTCOME_GONE_ONCE,   /* 410, not believed yet */
	OUTCOME_CUT_OFF,     /* the daemon stopped while the server answered (A13) */
	OUTCOME_WAITING,     /* this machine reaches nobody: not the feed's failure (A25) */
	OUTCOME_FAILED,
};

/* What a document says of when it may be asked for (A15). */
struct interval_hints {
	int64_t ttl_ms;     /* <ttl>; 0: none */
	int64_t period_ms;  /* sy:updatePeriod by sy:updateFrequency; 0: none */
	int64_t base_ms;    /* sy:updateBase, from which the periods count; TIME_NONE: none */
	int64_t skip_hours; /* bit n: hour n of UTC */
	int64_t skip_days;  /* bit 0: Sunday, UTC */
};

/* The rules (B3), in the order in which they count:
 *
 *   1. what is the feed's own `interval`: only 2 and 3 may delay it further, since a server's word
 *      and a failure are not ours to override
 *   2. Retry-After
 *   3. 410, back-off
 *   4. freshness: max-age or Expires, on 200 and 304
 *   5. the document's ttl, sy:update*, skipHours and skipDays
 *   6. what costs everything each time: no validators and nothing new (A14)
 *   7. the daemon's `interval`; else the observed rhythm, shortened so that no items are lost
 *   8. `interval_min` and `interval_max`
 *
 * 4 to 6 are lower bounds: they never make polls more frequent; 4 and 5 count up to `max_ms`, hours
 * and days to skip up to a week. After 2 and 3 they count as they did before the trouble: whatever
 * fails, nobody is asked sooner than after a success. Only OUTCOME_WAITING asks nobody. */
enum interval_cause {
	CAUSE_INTERVAL,
	CAUSE_RETRY_AFTER,
	CAUSE_GONE,
	CAUSE_BACKOFF,
	CAUSE_NETWORK,
	CAUSE_FRESH,
	CAUSE_TTL,
	CAUSE_PERIOD,
	CAUSE_SKIP,
	CAUSE_PLAIN,
	CAUSE_RHYTHM,
	CAUSE_WINDOW, /* the rhythm, shortened */
	CAUSE_MIN,
	CAUSE_MAX,
};

enum interval_level {
	LEVEL_FEED,     /* set for this feed */
	LEVEL_DAEMON,   /* set for all, or the default */
	LEVEL_SERVER,   /* said in an answer's head */
	LEVEL_DOCUMENT, /* said in the feed */
	LEVEL_LEARNED,  /* seen by polling */
};

struct interval_rule {
	int64_t feed; /* spreads the jitter */
	int64_t now_ms;
	enum outcome outcome;
	int64_t interval_ms; /* the feed's own, or the daemon's; 0: by the rhythm */
	bool own_interval;   /* it is the feed's own */
	int64_t min_ms, max_ms;
	bool own_min, own_max; /* they are the feed's own */
	int jitter_percent;    /* of the interval, to either side (B4) */
	bool first;            /* the feed's first poll: it finds its phase */

	int error_count;        /* failures in a row, this one included */
	int64_t retry_after_ms; /* with OUTCOME_RETRY_AFTER */
	int64_t planned_ms;     /* with OUTCOME_CUT_OFF: when it was due, TIME_NONE: never yet */
	int64_t fresh_ms;       /* -1: not said */
	struct interval_hints hints;
	bool plain;        /* there are no validators, and nothing was new */
	int64_t gap_ms;    /* the usual time between items (rhythm.h) */
	bool guessed;      /* nothing has shown it yet */
	int64_t safe_ms;   /* INT64_MAX: any */
	int64_t unseen_ms; /* since its last good poll */
	int64_t silent_ms; /* since the last new item */
};

enum { INTERVAL_REASON_BYTES = 200, INTERVAL_CANDIDATES = 8, INTERVAL_PLAN_BYTES = 400 };

struct interval_candidate {
	enum interval_cause cause;
	enum interval_level level;
	int64_t due_ms; /* TIME_NONE: never */
};

struct interval_decision {
	int64_t due_ms; /* with jitter; TIME_NONE after OUTCOME_GONE */
	int count;
	struct interval_candidate candidates[INTERVAL_CANDIDATES]; /* the first has won; the others
								      in the order of the rules */
	char reason[INTERVAL_REASON_BYTES];                        /* for people */
};

/* A failing feed waits longer each time, up to INTERVAL_BACKOFF_MAX_MS, and is never given up
 * (A24). The same input gives the same output. */
void interval_decide(const struct interval_rule *rule, struct interval_decision *ret_decision);

/* The candidates as they are stored: "CAUSE/LEVEL/DUE_MS" each, the winner first, a space between
 * them; "-" for never. */
void interval_plan(const struct interval_decision *decision, char out[INTERVAL_PLAN_BYTES]);

#define INTERVAL_BACKOFF_MAX_MS (7LL * 24 * 3600 * 1000)

/* A feed that was silent for so long is dormant: its longest interval is seven times as long (B1).
 */
#define INTERVAL_DORMANT_MS (90LL * 24 * 3600 * 1000)
enum { INTERVAL_DORMANT_FACTOR = 7 };

/* When a feed read from the database at start is due: its stored time, or "now" when it was never
 * polled (TIME_NONE). When the clock was set back since (B6), what was left to wait after the last
 * poll counts from now, and in any case nothing waits longer than the longest wait there is. */
int64_t interval_resume(
	int64_t now_ms, int64_t stored_due_ms, int64_t last_poll_ms, int64_t interval_ms);

#endif
