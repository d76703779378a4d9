/* What the story index remembers of items, one row an item, so that it can be built again. */
#ifndef TIDINGS_STORE_FINGERPRINTS_H
#define TIDINGS_STORE_FINGERPRINTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "store/store.h"

struct fingerprint_row {
	int64_t item, story, feed;
	int64_t original; /* the item whose text it reprints; itself: none */
	int64_t time_ms;  /* ITEM_TIME */
	int level; /* enum grouping_level; by which its place was chosen; GROUPING_OFF: its text
		      counts for nothing */

	/* Of fingerprints_review() alone. */
	bool held; /* a user put it where it is, or its story apart from others */
	int64_t url_key;
	const char *link; /* valid until the callback returns */
	int level_now;    /* enum grouping_level: what stands for its feed */
};

/* `data` is the story room's. The row goes with its item. */
int fingerprints_put(struct store_tx *tx, const struct fingerprint_row *row, const struct buf *data,
	struct err *e);

/* Appends the data; 1, 0 when there is none, or an ERR_*. */
int fingerprints_get(struct store_tx *tx, int64_t item, struct buf *out, struct err *e);

/* Calls `each` for items beyond `after` that were received at `since_ms` or later and have a level,
 * in the order of their ids, `limit` at most; a negative return of `each` ends with that.
 * *ret_count: how many. */
int fingerprints_list(struct store_tx *tx, int64_t after, int64_t since_ms, int limit,
	int (*each)(void *ctx, const struct fingerprint_row *row, const struct buf *data),
	void *ctx, int *ret_count, struct err *e);

/* The same with everything that was noted of their places, those without a level included. */
int fingerprints_review(struct store_tx *tx, int64_t after, int64_t since_ms, int limit,
	int (*each)(void *ctx, const struct fingerprint_row *row, const struct buf *data),
	void *ctx, int *ret_count, struct err *e);

/* Those of a story. */
int fingerprints_of_story(struct store_tx *tx, int64_t story,
	int (*each)(void *ctx, const struct fingerprint_row *row, const struct buf *data),
	void *ctx, struct err *e);

/* Items of the story that reprint one which is in another story are reprints of the first of them
 * from now on. */
int fingerprints_regroup(struct store_tx *tx, int64_t story, struct err *e);

/* The first and the last item that has one; 0: none has. */
int fingerprints_range(struct store_tx *tx, int64_t *ret_first, int64_t *ret_last, struct err *e);

/* Since when items are judged anew, as long as that is not finished; 0: it is. */
int fingerprints_unfinished(struct store_tx *tx, int64_t *ret_since_ms, struct err *e);
int fingerprints_set_unfinished(struct store_tx *tx, int64_t since_ms, struct err *e);

/* An item's place, as it may be changed by the program. */
struct fingerprint_place {
	int64_t story;
	int reason;
	const char *title, *excerpt; /* in the arena */
};

/* 1; 0: the item is not there, or a user put it where it is; or an ERR_*. */
int fingerprints_get_place(struct store_tx *tx, int64_t item, struct arena *arena,
	struct fingerprint_place *ret_place, struct err *e);

/* Notes what an item reprints, and by which level its place stands now. */
int fingerprints_settle(
	struct store_tx *tx, int64_t item, int64_t original, int level, struct err *e);

/* Deletes those of items received before, `limit` at most. ret_more: call again. */
int fingerprints_prune(
	struct store_tx *tx, int64_t before_ms, int limit, bool *ret_more, struct err *e);

/* A number that goes up with each job that adds some: what is in memory belongs to it. */
int fingerprints_serial(struct store_tx *tx, int64_t *ret_serial, struct err *e);
int fingerprints_set_serial(struct store_tx *tx, int64_t serial, struct err *e);

#endif
