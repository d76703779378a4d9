/* An HTML page in place of a feed, and the feeds that it offers. Private to parse/. */
#ifndef TIDINGS_PARSE_OFFERS_H
#define TIDINGS_PARSE_OFFERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "parse/document.h"

/* True when the root element is one of HTML, whose pages need no <html>. */
bool offers_is_html(const char *root, size_t len);

/* Collects in d->feed->offers what the header Link (RFC 8288) and `<link rel=alternate>` name (HTML
 * 4.6.7.2, "alternate"), in the order of the page, each address once, PARSE_OFFERS_MAX at most.
 * Addresses are absolute http(s) ones, or relative where nothing is known to resolve them against.
 * Returns ERR_NOT_FEED with words for people that name as many addresses as fit, or ERR_NOMEM.
 * Linear.
 */
int offers_refuse(struct document *d, const char *html, size_t len, struct err *e);

#endif
