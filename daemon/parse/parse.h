/* Document -> feed and items: recognises the format, repairs what can be repaired, and reads it
 * within limits. */
#ifndef TIDINGS_PARSE_PARSE_H
#define TIDINGS_PARSE_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/model.h"

/* Pure and thread-safe: any number of documents may be parsed at once on as many threads. Call
 * parse_global_init() once before the first thread starts (it initialises libxml2 and forbids it
 * all files and connections). */
void parse_global_init(void);
void parse_global_finish(void);

struct parse_options {
	const char *base_url;     /* the document's URL after redirects, or NULL */
	const char *content_type; /* the whole HTTP header value, or NULL */
	const char *link;         /* of Link, several joined by commas, or NULL */
	bool raw; /* leave HTML as published: for measuring the parser alone, never for storing */
};

/* Reads one document. The result lives in `arena`. The limits are those of limits.h; what exceeds
 * one is left out and named in `problems`. A document that breaks off gives the items so far, with
 * complete = false; an item that was open then is kept only when it has an id. ERR_NOT_FEED: no
 * feed (the text says what it was: "an HTML page"), *ret_feed then has `offers` alone, the feeds
 * that an HTML page names, or `leads_to`; ERR_PARSE: nothing could be read of it; ERR_TOO_BIG: it
 * unpacks to more than FETCH_BODY_MAX, or is JSON of too many values; ERR_NOMEM. On these other
 * failures *ret_feed is untouched and `arena` may hold scraps. */
int parse_document(const void *data, size_t len, const struct parse_options *options,
	struct arena *arena, struct feed_content **ret_feed, struct err *e)
	__attribute__((warn_unused_result));

/* Plain text of clean HTML (or of any HTML), white space folded to single spaces. What `out` has no
 * room for is left out, and it says ERR_TOO_BIG. */
void parse_line(const char *html, struct buf *out);

/* Such a line in at most `max_bytes`, cut at a word with an ellipsis: what a list shows under a
 * title. */
void parse_excerpt(const char *line, size_t len, size_t max_bytes, struct buf *out);

/* Prints the form of `tidingsd --parse`: one JSON object on one line, without a line end. */
void parse_print(const struct feed_content *feed, struct buf *out);

/* The same for a document that is no feed: an object with the member "error"; `offers` may be NULL.
 */
void parse_print_error(const struct err *e, const struct offer *offers, struct buf *out);

#endif
