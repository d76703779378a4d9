/* Items that go, with their texts, and the stories that shrink by them. Private to the room. */
#ifndef TIDINGS_STORE_DROP_H
#define TIDINGS_STORE_DROP_H

#include "store/changes.h"

/* As many items of one feed as one line of the log can name. */
struct drop {
	struct change items;   /* item.delete */
	struct change stories; /* story.state: those that shrank, and those that vanished and are
				  told as deleted */
};

void drop_init(struct drop *drop, int64_t feed, int64_t now_ms);

/* There must be room: less than CHANGE_IDS_MAX items. */
void drop_add(struct drop *drop, int64_t item, int64_t story);

/* Deletes them, counts their stories anew and tells of both; nothing when there are none.
 * `remember`: what a document still shows does not come back (keep.h). */
int drop_run(struct store_tx *tx, struct drop *drop, bool remember, struct err *e);

#endif
