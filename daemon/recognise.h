/* Which items of a document the database has: by their keys, or, where those have changed, by what
 * else they show. Store thread, inside the transaction that writes the poll. */
#ifndef TIDINGS_RECOGNISE_H
#define TIDINGS_RECOGNISE_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest.h"

/* What became of one draft. */
struct known {
	int64_t id; /* of the item; 0: it is new, unless it was */
	struct item_mark mark;
	bool dropped; /* (keep.h) */
	bool rekeyed; /* the item has another key still */
};

/* Fills in `known`, zeroed, one for each draft of `in`. Only where a later document brings unknown
 * items are others looked at: those that it no longer shows, newest first, about twice as many as
 * are unknown, RECOGNISE_ITEMS_MAX at most.
 *
 * A feed whose items have no guids or all the same, or have new ones at each poll (twice in a row,
 * nothing unchanged between them), goes over to the next rule for good; this and the last document
 * that had changed its keys as a whole is kept as the feed's identity_note: "REASON SINCE_MS ITEMS
 * STREAK REKEYED_MS REKEYED_ITEMS", where REASON is "none", "empty", "alike" or "renewed", and
 * STREAK the documents in a row whose keys had changed. */
int recognise_items(
	struct store_tx *tx, const struct ingest *in, struct known *known, struct err *e);

/* After a good poll that brought no items. */
int recognise_none(struct store_tx *tx, const struct ingest *in, struct err *e);

#endif
