/* Parsed items made ready for the store: keys, digests, and the texts that rows keep. Pure, runs on
 * the pool. */
#ifndef TIDINGS_DRAFT_H
#define TIDINGS_DRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/model.h"
#include "store/items.h"
#include "story/fingerprint.h"
#include "story/identity.h"

/* One item with everything that can be known before the database is asked. */
struct draft {
	struct item_draft row;
	int64_t url_key; /* of its canonical URL; 0: none */
	struct fingerprint fingerprint;
	bool recent; /* it has a fingerprint */
};

/* Makes the drafts of a document, oldest first (documents begin with the newest), so that ids grow
 * with time. Of items with the same identity the first in the document stands. An address that
 * several items have says nothing of them. rule: the feed's. now_ms: when it was received;
 * TIME_NONE: no fingerprints are made. The array lives in the arena. ERR_NOMEM, ERR_TOO_BIG. */
int draft_items(const struct feed_content *feed, enum identity_rule rule, int64_t now_ms,
	struct arena *a, struct draft **ret_drafts, size_t *ret_count)
	__attribute__((warn_unused_result));

#endif
