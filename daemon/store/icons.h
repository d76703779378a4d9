/* The icons of feeds: one of an address, however many feeds name it, as long as one does (A44). */
#ifndef TIDINGS_STORE_ICONS_H
#define TIDINGS_STORE_ICONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "store/store.h"

/* "image/png" and so on by the first bytes: of PNG, GIF, JPEG, ICO and WebP, which cannot hold
 * scripts; NULL for all else. Static. */
const char *icons_type(const void *data, size_t len);

/* A feed names this address, and its icon is due. *ret_ask: it is to be asked for now, and until
 * icons_put() tells the outcome by nobody else for ICON_RETRY_MS; else it was, for another feed.
 * The feed's icon_due_ms follows. */
int icons_claim(struct store_tx *tx, int64_t feed, const char *url, int64_t now_ms, bool *ret_ask,
	struct err *e);

/* What came of it, until ICON_KEPT_MS later. NULL: no icon; one of before stays. */
int icons_put(struct store_tx *tx, const char *url, const struct buf *image, int64_t now_ms,
	struct err *e);

/* The feed is about to go, or to name another address (NULL: none): what nobody else names goes. */
int icons_leave(struct store_tx *tx, int64_t feed, const char *next_url, struct err *e);

/* Appends the feed's icon; *ret_type is static. ERR_NOT_FOUND: there is none, or no such feed. */
int icons_get(
	struct store_tx *tx, int64_t feed, struct buf *out, const char **ret_type, struct err *e);

#endif
