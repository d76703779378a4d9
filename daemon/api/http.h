/* Pure helpers of HTTP/1.1 (RFC 9110, 9112): targets, query strings, percent-encoding, dates, the
 * head of an answer. */
#ifndef TIDINGS_API_HTTP_H
#define TIDINGS_API_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

/* Bytes of someone else's, not NUL-terminated. */
struct slice {
	const char *at;
	size_t len;
};

bool slice_is(struct slice s, const char *text);

/* Splits a request target (RFC 9112, 3.2; origin, absolute or asterisk form) into the raw path and
 * the raw query ("" when there is none). The slices point into `target`. */
void http_split_target(const char *target, struct slice *ret_path, struct slice *ret_query);

/* The path's segments, raw; empty ones are dropped, so "//a/" is "a". Returns how many there are,
 * `max` + 1 when more than fit. */
int http_split_path(struct slice path, int max, struct slice ret_segments[]);

/* Takes the next "name=value" off `query`; false at its end. Without "=" the value is empty. */
bool http_next_pair(struct slice *query, struct slice *ret_name, struct slice *ret_value);

/* What is percent-encoded (RFC 3986, 2.1): of a path; of our own parameters, where "+" is a space;
 * of a form, where further a "%" that begins no escape stands for itself (WHATWG URL, 1.3). */
enum http_coding { HTTP_CODED_PATH, HTTP_CODED_QUERY, HTTP_CODED_FORM };

/* Decodes it into a C string in the arena. ERR_INVALID for broken escapes, control characters and
 * what is not UTF-8; ERR_NOMEM. */
int http_decode(struct arena *a, struct slice s, enum http_coding coding, char **ret_text)
	__attribute__((warn_unused_result));

enum { HTTP_DATE_BYTES = 40 };

/* IMF-fixdate (RFC 9110, 5.6.7): "Mon, 23 Nov 2026 20:00:00 GMT". Returns `out`. */
const char *http_date(int64_t time_ms, char out[HTTP_DATE_BYTES]);

/* The head of an answer. */
struct http_head {
	int status;
	const char *reason;       /* NULL: the usual one of a success */
	const char *content_type; /* NULL: no body */
	int64_t length;           /* of the body; -1: it ends with the connection */
	bool close;
	const char *fields; /* further ones, each with its CRLF, or NULL */
};

/* Appends status line, Date and fields up to the empty line. */
void http_write_head(struct buf *out, const struct http_head *head, int64_t now_ms);

#endif
