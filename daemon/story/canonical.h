/* Do two URLs name the same article? The canonical form is a key for comparing, never shown and
 * never fetched. Pure. */
#ifndef TIDINGS_STORY_CANONICAL_H
#define TIDINGS_STORY_CANONICAL_H

#include <stdint.h>

#include "base/arena.h"

/* The canonical form: scheme dropped, host in lower case without "www.", "m.", "mobile." or "amp.",
 * default port, empty path parts and fragment dropped (a "#!" stays), tracking parameters of
 * config/tracking-parameters.txt removed, the other ones sorted. NULL in *ret_url for what says
 * nothing about an article: no http(s) URL, or a host's front page. ERR_NOMEM. */
int canonical_url(const char *url, struct arena *a, char **ret_url)
	__attribute__((warn_unused_result));

/* Its hash as the store keeps it; 0: none. */
int canonical_key(const char *url, struct arena *a, int64_t *ret_key)
	__attribute__((warn_unused_result));

#endif
