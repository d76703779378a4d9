/* What is read from the head of an HTTP answer. Pure. */
#ifndef TIDINGS_FETCH_HEADER_H
#define TIDINGS_FETCH_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The fields that are kept, and how many bytes of their value; a longer value counts as absent,
 * since a cut one would be false. */
#define HEADER_LIST(X)                                                                             \
	X(HEADER_ETAG, "ETag", FETCH_HEADER_MAX)                                                   \
	X(HEADER_LAST_MODIFIED, "Last-Modified", FETCH_HEADER_MAX)                                 \
	X(HEADER_CONTENT_TYPE, "Content-Type", FETCH_HEADER_MAX)                                   \
	X(HEADER_CONTENT_ENCODING, "Content-Encoding", FETCH_CODINGS_MAX)                          \
	X(HEADER_LOCATION, "Location", FETCH_URL_MAX)                                              \
	X(HEADER_LINK, "Link", FETCH_HEADER_MAX)                                                   \
	X(HEADER_RETRY_AFTER, "Retry-After", 64)                                                   \
	X(HEADER_CACHE_CONTROL, "Cache-Control", 1024)                                             \
	X(HEADER_EXPIRES, "Expires", 64)                                                           \
	X(HEADER_DATE, "Date", 64)                                                                 \
	X(HEADER_TRANSFER_ENCODING, "Transfer-Encoding", 64)                                       \
	X(HEADER_AGE, "Age", 64)                                                                   \
	X(HEADER_CF_MITIGATED, "cf-mitigated", 64)                                                 \
	X(HEADER_RATELIMIT, "RateLimit", 512)                                                      \
	X(HEADER_REMAINING, "RateLimit-Remaining", 64)                                             \
	X(HEADER_RESET, "RateLimit-Reset", 64)                                                     \
	X(HEADER_X_REMAINING, "X-RateLimit-Remaining", 64)                                         \
	X(HEADER_X_RESET, "X-RateLimit-Reset", 64)

enum header {
#define X(symbol, name, max) symbol,
	HEADER_LIST(X)
#undef X
		HEADER_COUNT,
};

/* Splits one line ("Name: value CRLF") of a kept field; the value is trimmed and points into
 * `line`. HEADER_COUNT for every other line, an empty value and one that is too long. */
enum header header_read(const char *line, size_t len, const char **ret_value, size_t *ret_len);

/* True while a further line of the field, which is a list, belongs behind `kept`, what there is of
 * it (RFC 9110, 5.3): until that is as long as one line may be. Of other fields the first line
 * counts. */
bool header_joins(enum header header, const char *kept);

/* True when a value may be sent back in a request: not empty, no control character but tab (C4),
 * not longer than FETCH_HEADER_MAX; nor "*", which as a validator stands for any document. */
bool header_sendable(const char *value);

/* True for a line "Name: value" that a user may add to requests: no control character (C4), at most
 * FETCH_HEADER_MAX bytes, and no name that the fetcher or HTTP itself needs. */
bool header_custom(const char *line);

/* Retry-After (RFC 9110, 10.2.3) as ms from now, at most RETRY_AFTER_MAX_MS; a date counts by the
 * server's own clock where it tells it (Date). -1 for a past date, what is not understood, and
 * nothing (A18). `values` may be NULL one by one. */
int64_t header_retry_after(const char *const values[HEADER_COUNT], int64_t now_ms);

/* For how long a server that counts requests takes no more of them, by its own account
 * (draft-ietf-httpapi-ratelimit-headers in its newer and its older form, and the X- fields that are
 * as old): ms, at most RETRY_AFTER_MAX_MS; -1 while there is something left, and where nothing is
 * said. `values` may be NULL one by one. */
int64_t header_used_up(const char *const values[HEADER_COUNT], int64_t now_ms);

/* How long the answer stays fresh (RFC 9111, 4.2.1): max-age, else Expires - Date, minus Age; ms,
 * at most FRESH_MAX_MS. -1: no field. ret_expires: by Expires. `values` may be NULL one by one. */
int64_t header_fresh(const char *const values[HEADER_COUNT], int64_t now_ms, bool *ret_expires);

/* "404 Not Found"; the number alone for what is not registered. Returns `out`. */
enum { STATUS_TEXT_BYTES = 64 };
const char *header_status_text(int status, char out[STATUS_TEXT_BYTES]);

#endif
