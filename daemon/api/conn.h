/* One client: reads requests, one at a time, and writes their answers or a stream. */
#ifndef TIDINGS_API_CONN_H
#define TIDINGS_API_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/door.h"
#include "api/peer.h"
#include "api/request.h"

/*
 *         bytes         head          whole          http_reply()
 *   IDLE -------> HEAD -------> BODY -------> BUSY ---------------> WRITE ---> IDLE, with the next
 * pipelined bytes |             |             |                     |
 *                   +-- refused --+             | stream begins       | last answer
 *                          v                    v                     v
 *                        WRITE                STREAM                DRAIN ---> CLOSED
 *
 * Every state ends in CLOSED when the client goes away, and most when their time is up. DRAIN lets
 * the client read its last answer although it may still be sending.
 */
enum conn_state {
	CONN_IDLE,
	CONN_HEAD,
	CONN_BODY,
	CONN_BUSY,
	CONN_WRITE,
	CONN_STREAM,
	CONN_DRAIN,
	CONN_CLOSED
};

/* What a stream does when the connection calls; on the loop thread. */
struct http_stream {
	void (*drained)(void *ctx); /* everything sent so far has left: send more */
	void (*quiet)(void *ctx);   /* nothing was sent for a heartbeat's time */
	void (*closed)(void *ctx);  /* once; the connection is gone. Never from inside a call of the
				       stream's own */
};

struct conn {
	struct list node;
	struct api *api;
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_pipe_t pipe;
		uv_tcp_t tcp;
	} io;
	uv_write_t write;
	struct peer peer;
	int64_t credential; /* of the request or stream under way, see access_id(); 0: none */
	enum conn_state state;
	int64_t deadline_ms; /* loop time; 0: none */

	struct buf in; /* received, not understood yet */
	size_t in_done;
	bool reading, ended; /* ended: the client will send no more */
	bool stepping;       /* in step(), which must not be entered twice */
	struct request_reader reader;

	struct http_request *request; /* BUSY and WRITE */
	struct buf out;    /* on its way: the head of an answer, or what a stream sent last */
	size_t unsent;     /* of an answer, counted in api->unsent_bytes */
	size_t queue_left; /* bytes that libuv held when progress was looked for */
	bool last;         /* close after this answer */

	const struct http_stream *stream;
	void *stream_ctx;
};

/* Whether the peer's uid counts; else each request needs credentials. */
bool conn_is_trusted(const struct conn *c);

/* Takes a connection that waits at the door. Too many clients, in all or of this user or by TCP,
 * are answered 503 and closed. ERR_NOMEM: it still waits. */
int conn_accept(struct door *door) __attribute__((warn_unused_result));

/* Ends at once what has no answer under way, the rest after it. */
void conn_stop(struct conn *c);

/* Closes without ceremony. Takes any state; memory is freed when libuv lets go of it. */
void conn_close(struct conn *c);

/* Looks at the rights again after the rules changed. */
void conn_configure(struct conn *c);

/* Does what is due at `now_ms` (loop time) and returns the next deadline, 0 for none. */
int64_t conn_tick(struct conn *c, int64_t now_ms);

/* -- for handlers -- */

/* Sends r->status, r->fields and r->out, or the problem if one is set. The request is not the
 * caller's any more. If the client has gone, it is just freed. */
void http_reply(struct http_request *r);

/* Sets a problem where the answer, so far, is more than all that wait for their readers, or for a
 * further job, leave room for. */
void conn_check_room(struct http_request *r);

/* Sends the head of an event stream and its first bytes; the connection is the stream's until it
 * calls `closed`. Frees the request. NULL when there is nothing to send to (the client has gone, or
 * asked with HEAD): then `closed` never comes. */
struct conn *http_stream_begin(struct http_request *r, const struct http_stream *stream, void *ctx,
	const struct buf *first);

/* Sends them as one; what the socket does not take at once is copied. Only while
 * http_stream_is_clear(). */
void http_stream_send(struct conn *c, const uv_buf_t *parts, unsigned count);

/* True when all that was sent has left, and the connection lives. */
bool http_stream_is_clear(const struct conn *c);

void http_stream_end(struct conn *c);

#endif
