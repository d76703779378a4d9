/* What requests and event streams of libtidings share: connecting, and telling what went wrong. */
#ifndef TIDINGS_CLIENT_CLIENT_H
#define TIDINGS_CLIENT_CLIENT_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#include "tidings.h"

enum {
	CLIENT_PATH_BYTES = 108,              /* sun_path of Linux, NUL included */
	CLIENT_URL_BYTES = 16384,             /* the daemon takes no longer request line */
	CLIENT_ANSWER_MAX = 64 * 1024 * 1024, /* a page of items with content stays well below */
	CLIENT_TIMEOUT_MS = 60000,            /* twice the longest wait of the change log */
};

/* Bytes that grow up to `max`; always NUL-terminated once something was added. */
struct bytes {
	char *data;
	size_t len, cap, max;
};

/* 0, TIDINGS_ERR_NOMEM or TIDINGS_ERR_TOO_BIG; on failure nothing was added. */
int bytes_add(struct bytes *b, const char *data, size_t len);

struct tidings {
	CURL *easy;
	struct curl_slist *body_headers;
	char path[CLIENT_PATH_BYTES]; /* "" when it was too long */
	int timeout_ms;
	struct bytes answer;
	int answer_rc; /* why receiving was broken off */
	struct tidings_error error;
};

/* Sets up `easy` anew for `url` ("/api/...") of the daemon. 0 or a negative code, told. */
int client_prepare(struct tidings *t, CURL *easy, const char *url);

/* Writes the handle's error in the code's own words. Returns `code`. */
int client_fail(struct tidings *t, int code);

/* Translates how the transfer of `easy` ended: 0 below HTTP status 400, else a code, told, with
 * what the problem document (RFC 9457) in `body` says. `broken_off` is what the write callback gave
 * up with, or 0. */
int client_check(
	struct tidings *t, CURL *easy, CURLcode rc, int broken_off, const struct bytes *body);

#endif
