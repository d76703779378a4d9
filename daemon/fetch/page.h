/* What a fetch needs to know of a URL: the form in which it is asked for, its rate group. Pure. */
#ifndef TIDINGS_FETCH_PAGE_H
#define TIDINGS_FETCH_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/url.h"

enum { PAGE_GROUP_BYTES = 320 };

/* The URL as it is asked for and compared: without userinfo, fragment and usual port, other bytes
 * than printable ASCII as %XX. NULL when out of memory. */
char *page_url(const struct url_parts *url, struct arena *a);

/* "localhost" and what is below it. */
bool page_is_local(const char *host);

/* The rate group that a URL is in by itself: "host:port" in lower case, or "file". Writes at most
 * `size` bytes with the NUL; a longer host is cut. */
void page_group(const struct url_parts *url, char *out, size_t size);

#endif
