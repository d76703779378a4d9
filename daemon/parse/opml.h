/* Subscription lists: OPML 1.0 and 2.0, or plain text with a URL a line. */
#ifndef TIDINGS_PARSE_OPML_H
#define TIDINGS_PARSE_OPML_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/model.h"

/* Reads a list, whichever of the two forms it has. Feeds come in document order, doubles included.
 *
 * OPML: any outline with a URL is a feed, whatever its type; `url` stands for a missing xmlUrl
 * unless the type is "link" or "include". Outlines without a URL only name folders. Title is
 * `title`, else `text`. What is not well-formed is read as HTML would be.
 *
 * Plain text: a URL a line, "#" starts a comment line. newsboat's lists are such: of the tags
 * behind a URL `~Title` is the title, the others are passed over, as are "query:" lines.
 *
 * 0, ERR_PARSE with line and reason, ERR_TOO_BIG (OPML_BYTES_MAX, OPML_FEEDS_MAX) or ERR_NOMEM.
 * Thread-safe after parse_global_init(). */
int opml_read(const void *data, size_t len, struct arena *arena, struct outline **ret_first,
	size_t *ret_count, struct err *e) __attribute__((warn_unused_result));

#endif
