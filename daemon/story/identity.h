/* Is this the same item, and did it change? Keys and digests of one document's items. Pure. */
#ifndef TIDINGS_STORY_IDENTITY_H
#define TIDINGS_STORY_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

#include "base/model.h"

/* By what the items of a feed are known again. The values are stored. */
enum identity_rule {
	IDENTITY_GUID, /* guid, else link, else title and text */
	IDENTITY_LINK, /* its guids are no good: link, else title and text */
	IDENTITY_TEXT, /* its links neither: title, text and time */
};

/* The identity of each item within its feed, in the list's order; "http:" and "https:" are the
 * same. A guid that stands on several items of the document with different links, or with
 * different titles and times, is no identity, and neither is such a link: these fall back to what
 * comes next. Texts at different times are different where a document has both. Two items get the
 * same key only when they are one and the same. `keys` has room for feed->item_count numbers.
 * ERR_NOMEM. */
int identity_keys(const struct feed_content *feed, enum identity_rule rule, int64_t *keys)
	__attribute__((warn_unused_result));

/* Differs when the text that a reader sees has changed: title, link, authors, summary, content,
 * enclosures, categories. Dates do not count, since many publishers renew them with each answer. */
int64_t identity_digest(const struct item *item);

/* What kind of edit leads from what is stored to what was received at now_ms. A date alone counts
 * only once it lies ITEM_SETTLE_MS back, and beyond the one that is stored: one that is renewed
 * with each answer never does. */
enum edit identity_edit(
	const struct item_mark *stored, const struct item_mark *received, int64_t now_ms);

#endif
