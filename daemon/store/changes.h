/* The change log: what became of items, stories and feeds, in the order of commits. */
#ifndef TIDINGS_STORE_CHANGES_H
#define TIDINGS_STORE_CHANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

/* The kinds, and no others (DESIGN.md). */
#define CHANGE_LIST(X)                                                                             \
	X(CHANGE_ITEM_NEW, "item", "new")                                                          \
	X(CHANGE_ITEM_UPDATE, "item", "update")                                                    \
	X(CHANGE_ITEM_STATE, "item", "state")                                                      \
	X(CHANGE_ITEM_DELETE, "item", "delete")                                                    \
	X(CHANGE_STORY_NEW, "story", "new")                                                        \
	X(CHANGE_STORY_GROWN, "story", "grown")                                                    \
	X(CHANGE_STORY_MERGED, "story", "merged")                                                  \
	X(CHANGE_STORY_SPLIT, "story", "split")                                                    \
	X(CHANGE_STORY_STATE, "story", "state")                                                    \
	X(CHANGE_FEED_NEW, "feed", "new")                                                          \
	X(CHANGE_FEED_UPDATE, "feed", "update")                                                    \
	X(CHANGE_FEED_DELETE, "feed", "delete")                                                    \
	X(CHANGE_FEED_ERROR, "feed", "error")                                                      \
	X(CHANGE_FEED_OK, "feed", "ok")                                                            \
	X(CHANGE_FEED_SILENT, "feed", "silent")                                                    \
	X(CHANGE_FEED_BACK, "feed", "back")                                                        \
	X(CHANGE_FEED_GONE, "feed", "gone")                                                        \
	X(CHANGE_FOLDER_NEW, "folder", "new")                                                      \
	X(CHANGE_FOLDER_UPDATE, "folder", "update")                                                \
	X(CHANGE_FOLDER_DELETE, "folder", "delete")                                                \
	X(CHANGE_LABEL_NEW, "label", "new")                                                        \
	X(CHANGE_LABEL_UPDATE, "label", "update")                                                  \
	X(CHANGE_LABEL_DELETE, "label", "delete")                                                  \
	X(CHANGE_RESET, "reset", "reset")

enum change_kind {
#define X(symbol, kind, op) symbol,
	CHANGE_LIST(X)
#undef X
		CHANGE_KINDS
};

const char *change_kind_noun(enum change_kind kind); /* "item" */
const char *change_kind_op(enum change_kind kind);   /* "new" */

enum { CHANGE_IDS_MAX = 100 };

/* One line of the log, valid until the callback that got it returns. */
struct change {
	int64_t seq;
	enum change_kind kind;
	const char *edit; /* of item.update: "text", "markup", "date"; NULL: no edit */
	bool initial;     /* the backlog of a new subscription: notifiers pass over it */
	int64_t time_ms;
	int64_t feed; /* whose item or story it is; 0 when that says nothing */
	int64_t ids[CHANGE_IDS_MAX];
	int id_count; /* at least 1, except for reset */
};

/* Puts an id on the line unless it is there; there must be room. */
void change_name(struct change *change, int64_t id);

/* Takes the next number of this write transaction: rows that the change is about carry it as `rev`.
 * Numbers of a job that fails are given again; one that gets no line stays unused, and then no row
 * may carry it. */
int64_t changes_reserve(struct store_tx *tx);

/* Writes the line with a reserved number; lines are put in ascending order of numbers. Returns 0,
 * ERR_IO, ERR_FULL, ERR_NOMEM. */
int changes_put(struct store_tx *tx, const struct change *change, struct err *e);

/* Reserves and puts a line about one object. ret_seq may be NULL. */
int changes_add(struct store_tx *tx, enum change_kind kind, int64_t id, int64_t now_ms,
	int64_t *ret_seq, struct err *e);

/* Lines are told for so long; a client that was away for longer reads everything anew. */
#define CHANGES_KEPT_MS (90LL * 24 * 3600 * 1000)

/* Deletes lines that are older, at most `limit` and never the newest, from which numbers go on.
 * ret_more: call again. */
int changes_prune(struct store_tx *tx, int64_t now_ms, int limit, bool *ret_more, struct err *e);

/* The first item that came after that number, 0 when none did: all with a lower id had come by
 * then.
 */
int changes_next_item(struct store_tx *tx, int64_t seq, int64_t *ret_item, struct err *e);

/* The newest number of before that time, 0: there is none, or it is not known any more; and the
 * time of a number, TIME_NONE when that is not. Both go by the clock as it was then. */
int changes_find_time(struct store_tx *tx, int64_t time_ms, int64_t *ret_seq, struct err *e);
int changes_get_time(struct store_tx *tx, int64_t seq, int64_t *ret_time_ms, struct err *e);

/* Calls `each` for the lines with seq > since in ascending order, at most `limit`; a non-zero
 * return of `each` refuses the line and ends early with 0. ret_more (may be NULL) tells whether
 * there are further ones, the refused one included. */
int changes_list(struct store_tx *tx, int64_t since, int limit,
	int (*each)(void *ctx, const struct change *change), void *ctx, bool *ret_more,
	struct err *e);

#endif
