/* Which story an item belongs to: the story index at work. Used on the store's thread alone, inside
 * the transaction that writes what it decides. What it remembers and what the database holds are
 * the same: after work that was undone it reads the database again. */
#ifndef TIDINGS_GROUPING_H
#define TIDINGS_GROUPING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "store/stories.h"
#include "story/index.h"

struct grouping;

/* NULL when out of memory. Any thread; nothing is read before grouping_begin(). */
struct grouping *grouping_create(enum grouping_level level);
void grouping_destroy(struct grouping *g);

/* For items that come from now on. Any thread. */
void grouping_set_level(struct grouping *g, enum grouping_level level);

/* Whether the item is recent enough to be told apart from others by its text. */
bool grouping_takes(int64_t time_ms, int64_t now_ms);

/* Reads a part of what was published lately, `items` at most; ret_more: call again. ERR_NOMEM,
 * ERR_IO. */
int grouping_load(struct grouping *g, struct store_tx *tx, int64_t now_ms, int items,
	bool *ret_more, struct err *e);

/* Reads it all in jobs of its own, so that the first poll need not wait for long, and then begins
 * anew with a rebuild that was cut off. Loop thread; the store must be stopped before the grouping
 * is destroyed. */
void grouping_warm(struct grouping *g, struct store *store);

/* A job begins to use it: whatever is not read yet is read now. Each is followed by a
 * grouping_end(). */
int grouping_begin(struct grouping *g, struct store_tx *tx, int64_t now_ms, struct err *e);

/* For what this job judges from now on. GROUPING_INHERITED: that of grouping_set_level(). */
void grouping_choose_level(struct grouping *g, enum grouping_level level);

/* Where an item belongs. *ret_verdict names a story that is there, or none. */
int grouping_judge(struct grouping *g, const struct index_item *item, struct verdict *ret_verdict,
	struct err *e);

/* Appends the words that say why, as they stand in the texts (either may be NULL): a JSON array, or
 * nothing. */
void grouping_words(
	const struct verdict *verdict, const char *title, const char *text, struct buf *out);

/* Whether users want items with this link told apart by their identity alone. */
int grouping_is_never(struct grouping *g, const char *link, bool *ret_never, struct err *e);

/* Remembers an item that was written; item->group 0: its own. `never`: nothing joins it. */
int grouping_add(struct grouping *g, const struct index_item *item, bool never, struct err *e);

/* One of two stories becomes the older one's, in the database, too, unless a user has forbidden it.
 */
int grouping_merge(struct grouping *g, int64_t one, int64_t other, int64_t now_ms, struct err *e);

/* The job ends; after a failure of one of the above it need not be called. */
int grouping_end(struct grouping *g, struct err *e);

/* -- what users say: each is a job of its own -- */

/* Stories become one, the oldest of them (*ret_story), and stay it. ERR_NOT_FOUND. */
int grouping_join(struct grouping *g, struct store_tx *tx, const int64_t *stories, int count,
	int64_t now_ms, int64_t *ret_story, struct err *e);

/* As words_split(). */
int grouping_split(struct grouping *g, struct store_tx *tx, int64_t story, const int64_t *items,
	int count, int64_t now_ms, int64_t *ret_story, struct err *e);

/* -- once more -- */

/* How it goes, or went. */
struct grouping_report {
	bool begun, running;
	int64_t done, total; /* items looked at */
	int status;          /* once it has ended */
	const char *text;    /* what went wrong, "" when nothing did */
};

/* Judges the items anew that were published since then and whose place was chosen by another level
 * than the one that stands now, in the order in which they came, in small jobs of the store's
 * thread; what users said stays. Nothing of it is news. If it is cut off, the next
 * start begins anew with all of it. ERR_BUSY: one is under way. Loop thread, as
 * grouping_rebuild_look(). */
int grouping_rebuild(struct grouping *g, struct store *store, int64_t since_ms, struct err *e);
struct grouping_report grouping_rebuild_look(const struct grouping *g);

#endif
