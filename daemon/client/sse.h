/* Server-Sent Events (HTML standard, section 9.2.6): bytes in, whole events out. */
#ifndef TIDINGS_CLIENT_SSE_H
#define TIDINGS_CLIENT_SSE_H

#include "client/client.h"

enum { SSE_NAME_BYTES = 64, SSE_ID_BYTES = 128 };

/* Zeroed and then sse_init() before the first byte of a connection. */
struct sse {
	struct bytes in; /* received; before `at` it is used up */
	size_t at;
	struct bytes data; /* of the event that is being read, or was delivered last */
	char name[SSE_NAME_BYTES];
	char id[SSE_ID_BYTES];      /* being read */
	char last_id[SSE_ID_BYTES]; /* of the last complete event: survives connections */
	int retry_ms;               /* as the server asks; 0: it did not */
	bool delivered;             /* `data` and `name` are lent out */
};

/* Forgets what a lost connection left unfinished, keeps last_id and retry_ms. */
void sse_init(struct sse *s);

/* 0, TIDINGS_ERR_NOMEM or TIDINGS_ERR_TOO_BIG. */
int sse_feed(struct sse *s, const char *bytes, size_t len);

/* 1: *ret_event is the next event, and lives until the next call; 0: more bytes are needed; else as
 * sse_feed(). */
int sse_next(struct sse *s, struct tidings_event *ret_event);

void sse_finish(struct sse *s);

#endif
