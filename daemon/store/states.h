/* Marking many items, or stories: by their ids or by a filter, a little in each job. */
#ifndef TIDINGS_STORE_STATES_H
#define TIDINGS_STORE_STATES_H

#include "store/items.h"
#include "store/labels.h"

/* What is marked, and how far that has come. Zeroed but for what the caller sets, which stays as it
 * is until the end. */
struct states {
	bool stories;       /* not items: what is set is set of all of theirs (stories.h) */
	const int64_t *ids; /* which; what there is not is passed over */
	int count;
	bool by_items; /* of `stories`: the ids are items, whose stories are meant */

	/* Instead of ids (NULL): all that a list of items has, at most what had come by the
	 * change `as_of` (0: by the first step); later items stay as they are, even as copies. Of
	 * `stories` it has those that have such an item; read and starred are then the story's.
	 * Order and page do not matter. */
	struct item_filter filter;
	int64_t as_of;

	int read, starred;              /* as in items_set_state() */
	const struct label_set *labels; /* NULL: leave; copies get none */
	int64_t now_ms;

	/* Told by states_step(). */
	int changed; /* items */
	int turned; /* stories: all read by now, or starred, and were not; or the other way round */
	bool ended;

	int next;            /* of the ids */
	int64_t at, last_id; /* of a filter: the id before the next one, and the last */
};

/* Goes on for about `max_ms`, in a write job; again until it has `ended`. What earlier jobs did
 * stays when a later one fails, and may be done again. As items_set_state(), else. */
int states_step(struct store_tx *tx, struct states *s, int64_t max_ms, struct err *e);

#endif
