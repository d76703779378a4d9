/* Which feeds this run polls: the configuration's or a list's, and those added through the socket,
 * brought into the database and the schedule. */
#ifndef TIDINGS_SUBSCRIPTIONS_H
#define TIDINGS_SUBSCRIPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "config.h"
#include "plan.h"
#include "schedule.h"
#include "store/feeds.h"
#include "store/keep.h"
#include "store/store.h"

/* Declarations read from a --feeds file; reading blocks, so it happens before the loop runs or on a
 * thread. Without memory for the declarations (zeroed, finished): they are in the database. */
struct subscription_list {
	struct arena arena;
	struct feed_declaration *declarations;
	size_t count;
};

/* In place of what *ret_list (zeroed, finished or read) has, which stays on failure: ERR_NOT_FOUND,
 * ERR_DENIED, ERR_IO, ERR_PARSE, ERR_TOO_BIG, ERR_NOMEM; the text names the file. */
int subscription_list_read(const char *path, struct subscription_list *ret_list, struct err *e)
	__attribute__((warn_unused_result));
void subscription_list_finish(struct subscription_list *list);

/* What the loop's side of it needs; owned by the server, loop thread. */
struct subscriptions {
	struct store *store;
	struct schedule *schedule;
	const struct config *config; /* of now; it stays while feeds are loaded */
	bool once;                   /* every feed is due now, unless its server asked to wait */
	struct plan_policy policy;
	bool stopping;                  /* nothing is to be begun any more */
	int64_t (*now_ms)(void);        /* the wall clock, as the database has it; any thread */
	int64_t (*clock_ms)(void);      /* the schedule's, which nobody sets */
	struct subscription_list *list; /* finished once loaded; NULL: the configuration's feeds */

	int64_t *ids; /* what the last load put into the schedule, ascending */
	size_t count;
	int jobs;           /* under way */
	int touching;       /* of them, looks at one feed */
	int64_t stagger_ms; /* when the next starts of those that are looked at together */
	/* A feed could not be looked at, or a load failed: some may not be scheduled, which another
	 * load puts right. */
	bool missed;

	struct store_job keep_job; /* one at a time */
	bool keeping;
	bool again;              /* a whole round has begun before */
	bool removed;            /* a feed was, or moved to another's address: a round follows */
	void (*kept)(void *ctx); /* a round has ended; may be NULL */
	void *kept_ctx;
	struct keep_round round;
};

void subscriptions_finish(struct subscriptions *s);

/* Brings the declarations into the database, then all feeds of this run into the schedule, and
 * takes those out that left. `config` must stay until `done`, which comes once, on the loop thread:
 * `status` 0 or what failed. Non-zero return: it never comes. */
int subscriptions_load(struct subscriptions *s, const struct config *config,
	void (*done)(
		void *ctx, int status, const struct err *e, const struct feed_sync_counts *counts),
	void *ctx) __attribute__((warn_unused_result));

/* One feed was added, changed or removed through the socket: looks at it again and calls `done`
 * (may be NULL). A new one is due at once; of many together SPREAD_STARTS_PER_S are in a second. */
void subscriptions_touch(struct subscriptions *s, int64_t feed, void (*done)(void *ctx), void *ctx);

/* Begins a round over the database (store/keep.h), in small jobs; one at a time. */
void subscriptions_keep(struct subscriptions *s);

#endif
