/* Content codings (RFC 9110, 8.4): from a body as it was received to the document. */
#ifndef TIDINGS_FETCH_CONTENT_H
#define TIDINGS_FETCH_CONTENT_H

#include "base/buf.h"

/* Undoes the codings of `list`, a Content-Encoding ("gzip", "deflate", "br", "zstd", "identity" and
 * their other names; at most five, the last one first) in place. On any thread; blocks for as long
 * as that takes. The result is bounded by the buffer's maximum and, beyond a megabyte, by
 * FETCH_RATIO_MAX times what was received (A30). Several gzip members in a row are one document,
 * and what follows the last one and begins none is dropped.
 *
 * 0; ERR_PROTOCOL for an unknown coding and for data that are damaged, cut short or of another
 * coding (A31); ERR_TOO_BIG beyond the buffer's maximum; ERR_PARSE beyond the ratio; ERR_NOMEM.
 * After an error the buffer holds anything. */
int content_undo(struct buf *body, const char *list) __attribute__((warn_unused_result));

#endif
