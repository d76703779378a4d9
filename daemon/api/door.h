/* A listening socket on the loop: takes who knocks. */
#ifndef TIDINGS_API_DOOR_H
#define TIDINGS_API_DOOR_H

#include <stdbool.h>
#include <uv.h>

#include "base/err.h"

struct api;

struct door {
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_pipe_t pipe;
		uv_tcp_t tcp;
	} io;
	struct api *api;
	bool is_tcp;
	bool waiting; /* a connection could not be taken for want of memory */
	bool failing; /* told in the log once */
};

/* Takes a listening descriptor; on failure it is closed. Counts as one of api->handles until it is
 * closed and freed. ERR_NOMEM, ERR_IO. */
int door_open(struct api *api, int fd, bool is_tcp, struct door **ret_door, struct err *e)
	__attribute__((warn_unused_result));

/* The descriptor is closed at once, the memory later. Takes NULL. */
void door_close(struct door *door);

/* Takes who had to wait. Takes NULL. */
void door_try_again(struct door *door);

#endif
