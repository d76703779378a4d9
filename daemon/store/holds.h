/* Servers that asked to be left alone, so that a restart does not forget it (A18). */
#ifndef TIDINGS_STORE_HOLDS_H
#define TIDINGS_STORE_HOLDS_H

#include <stdint.h>

#include "store/store.h"

/* Nothing of the rate group of this URL before `until_ms`. Forgets those that are over. */
int holds_put(
	struct store_tx *tx, const char *url, int64_t until_ms, int64_t now_ms, struct err *e);

/* Those that are not over. `url` is valid until `each` returns. */
int holds_list(struct store_tx *tx, int64_t now_ms,
	int (*each)(void *ctx, const char *url, int64_t until_ms), void *ctx, struct err *e);

#endif
