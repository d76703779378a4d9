/* The one error form: 0 or a negative code from one list, and a text that travels with the request.
 */
#ifndef TIDINGS_BASE_ERR_H
#define TIDINGS_BASE_ERR_H

#include <stddef.h>

/* Every code: symbol, stable name (seen in logs, JSON and the database), sentence for people. */
#define ERR_LIST(X)                                                                                \
	X(ERR_NOMEM, "out-of-memory", "out of memory")                                             \
	X(ERR_INVALID, "invalid", "not a valid value")                                             \
	X(ERR_TOO_BIG, "too-big", "larger than the limit")                                         \
	X(ERR_NOT_FOUND, "not-found", "not found")                                                 \
	X(ERR_EXISTS, "exists", "exists already")                                                  \
	X(ERR_DENIED, "denied", "not permitted")                                                   \
	X(ERR_BUSY, "busy", "busy, try again later")                                               \
	X(ERR_IO, "io-error", "input or output failed")                                            \
	X(ERR_FULL, "disk-full", "no space left")                                                  \
	X(ERR_CORRUPT, "corrupt", "the database is damaged")                                       \
	X(ERR_NEWER, "newer-schema", "made by a newer version")                                    \
	X(ERR_TIMEOUT, "timed-out", "took too long")                                               \
	X(ERR_CANCELED, "canceled", "canceled")                                                    \
	X(ERR_DNS, "no-such-host", "the host name could not be found")                             \
	X(ERR_RESOLVER, "resolver-failed", "the name server did not answer")                       \
	X(ERR_ROUTE, "no-route", "there is no way to the host")                                    \
	X(ERR_PROXY, "proxy-failed", "the proxy cannot be reached")                                \
	X(ERR_SHORT, "resources-short", "this machine is short of descriptors, ports or memory")   \
	X(ERR_CONNECT, "connect-failed", "could not connect")                                      \
	X(ERR_TLS, "tls-failed", "the secure connection failed")                                   \
	X(ERR_BLOCKED, "address-blocked", "the address is not allowed")                            \
	X(ERR_HTTP, "http-error", "the server answered with an error")                             \
	X(ERR_REDIRECT, "redirect-failed", "the redirect cannot be followed")                      \
	X(ERR_TRUNCATED, "truncated", "the answer ended too early")                                \
	X(ERR_PROTOCOL, "protocol-error", "the server's answer was not understood")                \
	X(ERR_NOT_FEED, "not-a-feed", "the document is not a feed")                                \
	X(ERR_PARSE, "unreadable", "the document could not be read")                               \
	X(ERR_INTERNAL, "internal", "internal error")

enum err_code {
	ERR_FIRST =
		-1000, /* codes count up from here; their values are not stored, their names are */
#define X(symbol, name, sentence) symbol,
	ERR_LIST(X)
#undef X
};

enum { ERR_TEXT_BYTES = 256 };

/* A code with its text: embedded in the request it belongs to, so that two requests never share
 * one. */
struct err {
	int code;                  /* 0 or an ERR_* */
	char text[ERR_TEXT_BYTES]; /* one line, no full stop, may quote foreign bytes: escape on
				      output */
};

/* Stable name of a code ("timed-out"); "ok" for 0, "internal" for what is not in the list. Static
 * storage. */
const char *err_name(int code);

/* Sentence of a code for people. Static storage. */
const char *err_sentence(int code);

/* Writes code and text into `e` (may be NULL) and returns `code`, so that failing is one statement.
 * A NULL format stores the code's own sentence. Text that does not fit is cut at a character's
 * border. */
int err_set(struct err *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Translates an errno value; `what` says what was being done ("open /x/y"). Returns the code. */
int err_from_errno(struct err *e, int errnum, const char *what);

#endif
