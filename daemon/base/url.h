/* URLs: resolving by RFC 3986; splitting and checking as libcurl's parser does; names by libidn2.
 */
#ifndef TIDINGS_BASE_URL_H
#define TIDINGS_BASE_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* The parts a fetch needs. Strings live in the arena given. */
struct url_parts {
	char *scheme;   /* lower case */
	char *user;     /* decoded, or NULL */
	char *password; /* decoded, or NULL */
	char *host;     /* lower case, A-labels (IDNA), IPv6 without brackets; "" for file */
	uint16_t port;  /* the scheme's default filled in; 0 for file */
	char *path;     /* "/" at least, as written */
	char *query;    /* without "?", or NULL */
	char *fragment; /* without "#", or NULL */
};

/* 0, ERR_INVALID (no absolute http, https or file URL, blanks or control characters in it, longer
 * than URL_MAX_BYTES) or ERR_NOMEM. */
int url_split(const char *url, struct arena *a, struct url_parts *ret_parts)
	__attribute__((warn_unused_result));

/* Same scheme, host and port. */
bool url_same_origin(const struct url_parts *a, const struct url_parts *b);

/* Path and query as a request has them, lent by `url`; NULL without a path and with a fragment. */
const char *url_target(const char *url);

/* Resolves `ref` against `base` (NULL or "": none) by RFC 3986, section 5.2. White space and
 * control characters around `ref` and control characters inside are dropped first, and spaces
 * inside become %20, as browsers do. Anything with a scheme other than http and https (mailto:,
 * urn:) comes back unchanged but for that trimming, and so does what cannot be resolved or would be
 * longer than URL_MAX_BYTES. Letters that are not ASCII stay as they are. NULL only when out of
 * memory. The result lives in the arena. */
char *url_resolve(const char *base, const char *ref, struct arena *a)
	__attribute__((warn_unused_result));

/* The form in which a subscription is stored and compared: scheme and host lower case, IDN as
 * A-labels, default port and fragment dropped, empty path as "/", "." and ".." resolved, spaces and
 * letters that are not ASCII percent-encoded; userinfo kept. "feed:" and "feed://" prefixes become
 * http(s); a missing scheme becomes https. Blanks around it are dropped. 0, ERR_INVALID or
 * ERR_NOMEM. */
int url_normalize(const char *url, struct arena *a, char **ret_url)
	__attribute__((warn_unused_result));

/* The length of the userinfo, "user:password@", and where in `url` it begins (that is set whenever
 * there is a place for one). 0: there is none. */
size_t url_userinfo(const char *url, size_t *ret_start);

/* `url`, which has none, with the userinfo of `from` as it is written there. NULL when out of
 * memory. */
const char *url_with_userinfo(const char *url, const char *from, struct arena *a)
	__attribute__((warn_unused_result));

/* True for an absolute http or https URL. */
bool url_is_http(const char *url);

/* True for one made of ordinary characters (`len` bytes, in which there is nothing to resolve). */
bool url_is_plain(const char *url, size_t len);

#endif
