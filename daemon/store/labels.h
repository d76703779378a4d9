/* Labels: names that users put on items. They are there until they are deleted, with items or
 * without. */
#ifndef TIDINGS_STORE_LABELS_H
#define TIDINGS_STORE_LABELS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "limits.h"
#include "store/store.h"

/* A row, valid until the callback that got it returns, or as long as the arena it was copied into.
 */
struct label {
	int64_t id, rev;
	const char *name; /* unique; not empty, up to LABEL_NAME_MAX bytes */
};

/* All of them, by name. */
int labels_list(struct store_tx *tx, void (*each)(void *ctx, const struct label *label), void *ctx,
	struct err *e);

/* The name is copied into the arena. ERR_NOT_FOUND. */
int labels_get(struct store_tx *tx, int64_t id, struct arena *arena, struct label *ret_label,
	struct err *e);

/* *ret_id is 0 when there is none of that name. */
int labels_find(struct store_tx *tx, const char *name, int64_t *ret_id, struct err *e);

/* Makes one (label.new), or finds it: *ret_new tells. ERR_INVALID: LABELS_MAX are there. */
int labels_obtain(struct store_tx *tx, const char *name, int64_t now_ms, int64_t *ret_id,
	bool *ret_new, struct err *e);

/* The names that items of a story have, as a JSON array in their order, in `arena`; NULL: none. */
int labels_of_story(struct store_tx *tx, int64_t story, struct arena *arena, const char **ret_names,
	struct err *e);

/* Gives it another name (label.update); no line is written about its items, whose `labels` have the
 * new name from now on. ERR_NOT_FOUND; ERR_EXISTS, with the id of the one that has the name. */
int labels_rename(struct store_tx *tx, int64_t id, const char *name, int64_t now_ms,
	int64_t *ret_other, struct err *e);

/* Takes it from some of its items (item.state), then deletes it (label.delete). ret_more: call
 * again, in a job of its own. ERR_NOT_FOUND. */
int labels_remove(struct store_tx *tx, int64_t id, int64_t now_ms, bool *ret_more, struct err *e);

/* Ids of labels to put on an item, and to take from it. */
struct label_set {
	int64_t add[ITEM_LABELS_MAX], remove[ITEM_LABELS_MAX];
	int add_count, remove_count;
};

/* Does that to one item, without a line; ret_changed: it makes a difference. ERR_INVALID: it would
 * have more than ITEM_LABELS_MAX. Inside the room. */
int labels_put(struct store_tx *tx, int64_t item, const struct label_set *set, bool *ret_changed,
	struct err *e);

#endif
