/* Do two URLs name the same article? The canonical form is a key for comparing, never shown and
 * never fetched. Pure. */
#ifndef TIDINGS_STORY_CANONICAL_H
#define TIDINGS_STORY_CANONICAL_H

#include <stdint.h>

#include "base/arena.h"

/* The canonical form: the address that a wrapper leads on to (AMP caches, search engines' and
 * networks' redirects, up to four deep); scheme, default port, parts that say nothing by the rules
 * of config/article-links.txt and fragment (a "#!" stays) dropped; escapes in the form of RFC
 * 3986, 6.2.2; parameters that count, sorted. NULL in *ret_url for what says nothing about an
 * article: no http(s) URL, or a host's front page. ERR_NOMEM. */
int canonical_url(const char *url, struct arena *a, char **ret_url)
	__attribute__((warn_unused_result));

/* Its hash as the store keeps it; 0: none. */
int canonical_key(const char *url, struct arena *a, int64_t *ret_key)
	__attribute__((warn_unused_result));

#endif
