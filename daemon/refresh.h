/* One refresh of one feed, from due to done: the only place that knows the order of the stages. */
#ifndef TIDINGS_REFRESH_H
#define TIDINGS_REFRESH_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/list.h"
#include "fetch/fetch.h"
#include "grouping.h"
#include "kept.h"
#include "outage.h"
#include "plan.h"
#include "store/store.h"

struct visit;

/* What all refreshes share; owned by the server, on the loop thread. */
struct refresh_env {
	uv_loop_t *loop;
	struct store *store;
	struct fetcher *fetcher;
	struct grouping *grouping; /* used on the store's thread; NULL: texts are not compared */
	bool reports;              /* as in struct ingest */
	struct plan_policy policy;
	size_t arena_max_bytes;  /* of one refresh */
	int64_t (*now_ms)(void); /* the clock */
	/* See fetch_request.admit; what would be longer than `most_ms` is as if it were held.
	 * *visit, NULL at first, is the place that it has there, in place of what the poll of
	 * `feed` has (0: nobody's), until the next call or leave(), which takes NULL. */
	int64_t (*admit)(
		void *ctx, struct visit **visit, int64_t feed, const char *url, int64_t most_ms);
	void (*leave)(void *ctx, struct visit *visit);
	/* The server of this URL asked to be left alone, with its rate group (A18, A19). */
	void (*hold)(void *ctx, const char *url, int64_t wait_ms);
	bool (*more)(void *ctx, int64_t feed); /* others of its rate group follow soon (A38) */
	/* What the configuration's section says of fetching; *ret_site NULL: nothing. ERR_NOMEM. */
	int (*site)(void *ctx, const char *section, struct arena *arena,
		const struct fetch_site **ret_site);
	void *ctx;

	struct outage outage;
	struct kept kept; /* by whoever looks at addresses, and by first polls of what is no feed */
	int icons, icons_max; /* fetches of icons under way; 0: none is ever asked for */
	int redirected; /* polls that were sent on to another host: they may wait there for long */

	int parsing_max; /* parse jobs admitted to the pool at once: queries share it, so no more
			    than there are cores */
	int parsing;
	struct list parse_queue; /* refreshes whose document waits for a place */
	int parse_waiting;
};

struct refresh;

struct refresh_result {
	int64_t feed;
	enum outcome outcome;
	bool canceled;   /* no poll was stored: the stop came first, or the feed is no more or has
			    another address by now */
	int64_t wait_ms; /* from now; TIME_NONE: not polled any more; unless canceled */
	int new_items;
	uint64_t wire_bytes; /* of its fetch */
	int64_t moved_into;  /* the feed that has its new address by now; 0: nothing has moved */
};

/* Starts one. Non-zero: `done` never comes (ERR_NOMEM, ERR_BUSY). Otherwise it comes exactly once,
 * on the loop thread, never from inside; the refresh frees itself after it. */
int refresh_start(struct refresh_env *env, int64_t feed,
	void (*done)(void *ctx, const struct refresh_result *result), void *ctx)
	__attribute__((warn_unused_result));

/* Ends those whose document waits for the parser. Nothing may be fetched any more. */
void refresh_stop(struct refresh_env *env);

/* How long nothing is to be asked of the server that gave this answer; under 1: it may. */
int64_t refresh_hold_ms(const struct fetch_result *f);

/* What was fetched beside polls: its server gets the pause that it asks for, as with a poll, and a
 * restart does not forget it. */
void refresh_hold(struct refresh_env *env, const struct fetch_result *f);

/* True when so many documents wait to be parsed that nothing new should be fetched. */
bool refresh_is_busy(const struct refresh_env *env);

#endif
