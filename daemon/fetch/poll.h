/* One watched socket of a library (libcurl, c-ares) on the loop. */
#ifndef TIDINGS_FETCH_POLL_H
#define TIDINGS_FETCH_POLL_H

#include <uv.h>

/* The library owns the descriptor and closes it; poll_close() comes before that. */
struct poll {
	uv_poll_t handle;
	int fd;
	void (*ready)(void *ctx, int fd,
		int events); /* UV_READABLE | UV_WRITABLE; 0: the socket has an error */
	void *ctx;
};

/* NULL when out of memory, or when the descriptor cannot be watched. */
struct poll *poll_create(
	uv_loop_t *loop, int fd, void (*ready)(void *ctx, int fd, int events), void *ctx);

void poll_watch(struct poll *p, int events);

/* Stops at once and frees itself on a later turn of the loop (A58): the same number may come back
 * at once as a new socket. Takes NULL. */
void poll_close(struct poll *p);

#endif
