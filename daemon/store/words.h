/* What users say of stories: it is kept, and everything that comes later obeys it. */
#ifndef TIDINGS_STORE_WORDS_H
#define TIDINGS_STORE_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

/* The items that a story has now are where they belong, or not any more. ERR_NOT_FOUND. */
int words_pin_story(struct store_tx *tx, int64_t story, bool pinned, int64_t now_ms, struct err *e);
int words_pin_item(struct store_tx *tx, int64_t item, bool pinned, int64_t now_ms, struct err *e);

/* A story becomes a part of an older one, whatever was said before: what opened it stays in it by
 * the user's hand. */
int words_merge(struct store_tx *tx, int64_t younger, int64_t older, int64_t now_ms, struct err *e);

/* Items leave a story for one of their own, and the two are kept apart. ERR_NOT_FOUND: one of them
 * is not in that story; ERR_INVALID: all of them are. */
int words_split(struct store_tx *tx, int64_t story, const int64_t *items, int count, int64_t now_ms,
	int64_t *ret_story, struct err *e);

/* Two stories are never to be one; or it is not said any more. ERR_NOT_FOUND, ERR_INVALID: they are
 * one. */
int words_part(struct store_tx *tx, int64_t one, int64_t other, int64_t now_ms, struct err *e);
int words_join(struct store_tx *tx, int64_t one, int64_t other, struct err *e);

/* Whether nobody but a user may merge the younger story into the older one: they are apart, or the
 * younger one has items that are pinned. */
int words_forbid_merge(
	struct store_tx *tx, int64_t younger, int64_t older, bool *ret_forbid, struct err *e);

/* The stories that one is kept apart from. */
int words_list_apart(struct store_tx *tx, int64_t story, void (*each)(void *ctx, int64_t other),
	void *ctx, struct err *e);

/* Items whose links lead to the host, or to one below it, are told apart by their identity alone;
 * or again as all others. ERR_INVALID: there are STORY_HOSTS_MAX. ERR_NOT_FOUND: it was not said.
 */
int words_set_never(struct store_tx *tx, const char *host, bool never, struct err *e);
int words_list_never(
	struct store_tx *tx, void (*each)(void *ctx, const char *host), void *ctx, struct err *e);

/* Whether it was said of that link's host; a link that is none, or NULL, has no host. */
int words_is_never(struct store_tx *tx, const char *link, bool *ret_never, struct err *e);

#endif
