/* Bounded streaming JSON writer: emits valid UTF-8 JSON into a struct buf, commas and escapes
 * included. */
#ifndef TIDINGS_BASE_JSON_H
#define TIDINGS_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

#include "base/buf.h"

enum { JSON_DEPTH_MAX = 24 };

/* One document at a time. Failures (the buffer's, or nesting beyond JSON_DEPTH_MAX) are sticky in
 * the buffer. A `key` is NULL inside arrays and at the top; inside objects it is required. Keys are
 * trusted ASCII. */
struct json {
	struct buf *out;
	int depth;
	bool comma[JSON_DEPTH_MAX + 1]; /* an element stands already on this level */
	char close[JSON_DEPTH_MAX + 1];
};

void json_init(struct json *j, struct buf *out);

void json_put_object(struct json *j, const char *key); /* opens {, closed by json_end() */
void json_put_array(struct json *j, const char *key);  /* opens [ */
void json_end(struct json *j);

/* A string: invalid UTF-8 becomes U+FFFD; controls, U+2028 and U+2029 are escaped; "/" is not. NULL
 * is null. */
void json_put_string(struct json *j, const char *key, const char *value);
void json_put_string_n(struct json *j, const char *key, const char *value, size_t len);
void json_put_int(struct json *j, const char *key, int64_t value);
void json_put_double(
	struct json *j, const char *key, double value); /* three decimals, no exponent */
void json_put_bool(struct json *j, const char *key, bool value);
void json_put_null(struct json *j, const char *key);

/* RFC 3339 in UTC with milliseconds ("2026-11-23T20:00:00.123Z"); TIME_NONE is null. */
void json_put_time(struct json *j, const char *key, int64_t time_ms);

/* Bytes that are JSON already. */
void json_put_raw(struct json *j, const char *key, const char *value, size_t len);

/* As json_put_string(), but nothing at all for NULL. */
void json_put_string_opt(struct json *j, const char *key, const char *value);

#endif
