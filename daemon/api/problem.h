/* What went wrong with a request, as RFC 9457 problem details. */
#ifndef TIDINGS_API_PROBLEM_H
#define TIDINGS_API_PROBLEM_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Every problem: symbol, status, code (stable, for programs), title (for people). */
#define PROBLEM_LIST(X)                                                                            \
	X(PROBLEM_NONE, 200, "none", "None")                                                       \
	X(PROBLEM_MALFORMED, 400, "malformed-request", "Malformed request")                        \
	X(PROBLEM_PARAMETER, 400, "invalid-parameter", "Invalid parameter")                        \
	X(PROBLEM_JSON, 400, "invalid-json", "Invalid JSON")                                       \
	X(PROBLEM_LIST, 400, "invalid-list", "Invalid list of feeds")                              \
	X(PROBLEM_UNAUTHORIZED, 401, "unauthorized", "Credentials needed")                         \
	X(PROBLEM_FORBIDDEN, 403, "forbidden", "Not permitted")                                    \
	X(PROBLEM_NOT_FOUND, 404, "not-found", "Not found")                                        \
	X(PROBLEM_METHOD, 405, "method-not-allowed", "Method not allowed")                         \
	X(PROBLEM_REQUEST_TIMEOUT, 408, "request-timeout", "Request came too slowly")              \
	X(PROBLEM_FEED_EXISTS, 409, "feed-exists", "Feed exists already")                          \
	X(PROBLEM_NAME_EXISTS, 409, "name-exists", "Name exists already")                          \
	X(PROBLEM_DECLARED, 409, "declared-in-configuration", "Declared in the configuration")     \
	X(PROBLEM_NAME_TAKEN, 409, "name-taken", "Name taken already")                             \
	X(PROBLEM_SEQ_TOO_OLD, 410, "seq-too-old", "These changes cannot be told any more")        \
	X(PROBLEM_BODY_SIZE, 413, "body-too-large", "Body too large")                              \
	X(PROBLEM_EXPECTATION, 417, "expectation-failed", "Expectation failed")                    \
	X(PROBLEM_UNREADABLE, 422, "address-unreadable", "The address cannot be read")             \
	X(PROBLEM_TOO_SOON, 429, "too-soon", "Too soon")                                           \
	X(PROBLEM_FAILURES, 429, "too-many-failures", "Too many failures")                         \
	X(PROBLEM_HEAD_SIZE, 431, "head-too-large", "Head of the request too large")               \
	X(PROBLEM_INTERNAL, 500, "internal", "Internal error")                                     \
	X(PROBLEM_ANSWER_SIZE, 500, "answer-too-large", "Answer too large")                        \
	X(PROBLEM_DATABASE, 503, "database-failing", "The database cannot be used")                \
	X(PROBLEM_BUSY, 503, "busy", "Busy, try again later")                                      \
	X(PROBLEM_TIMEOUT, 503, "timed-out", "The query took too long")                            \
	X(PROBLEM_CLIENTS, 503, "too-many-clients", "Too many clients")                            \
	X(PROBLEM_HTTP_VERSION, 505, "http-version", "HTTP version not supported")                 \
	X(PROBLEM_DISK_FULL, 507, "disk-full", "No space left")

enum problem_kind {
#define X(symbol, status, code, title) symbol,
	PROBLEM_LIST(X)
#undef X
		PROBLEM_KINDS
};

extern const struct problem_type {
	int status;
	const char *code, *title;
} problem_types[PROBLEM_KINDS];

enum { PROBLEM_TEXT_BYTES = 320 };

/* Zeroed: none. Embedded in the request it belongs to. */
struct http_problem {
	enum problem_kind kind;
	char detail[PROBLEM_TEXT_BYTES];
	const char *where;     /* "parameter" or "member", or NULL; static */
	char where_name[64];   /* which one */
	int line, column;      /* of the body, from 1; 0: not about a place */
	int64_t existing;      /* id of the object in the way; 0: none */
	int64_t retry_after_s; /* 0: not told, but for 503, where it is 1 */
};

/* Describes a problem; the first one stays. Returns ERR_INVALID, so that refusing is one statement.
 */
int problem_set(struct http_problem *p, enum problem_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same about a named part of the request: `where` is "parameter" or "member". */
int problem_at(struct http_problem *p, const char *where, const char *name, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* What a failed job means to the client. Leaves a problem that the job described itself. */
void problem_from_err(struct http_problem *p, int code, const struct err *e);

/* Appends the document (application/problem+json) and a newline. `instance` is the target as the
 * client sent it, or NULL. */
void problem_render(const struct http_problem *p, const char *instance, struct buf *out);

#endif
