/* Listening on the loop. */
#include "api/door.h"

#include <stdlib.h>
#include <unistd.h>

#include "api/conn.h"
#include "api/core.h"
#include "base/log.h"

enum { BACKLOG = 511, ACCEPT_AGAIN_MS = 100 };

static void take_one(struct door *door)
{
	/* libuv stops listening until the connection is taken, so that trying again later can't
	 * spin. */
	door->waiting = conn_accept(door) < 0;
	if (door->waiting)
		api_wake_at(door->api, (int64_t)uv_now(door->api->loop) + ACCEPT_AGAIN_MS);
}

/* When descriptors run out, libuv gives up one that it holds in reserve, accepts, closes, and tells
 * us here (C18): the client sees its connection end, and the listener does not spin. */
static void on_connection(uv_stream_t *listener, int status)
{
	struct door *door = container_of(listener, struct door, io.stream);

	if (status < 0 && !door->failing)
		log_event(LOG_WARNING, "api.accept", "error=%s clients=%d", uv_strerror(status),
			door->api->conn_count);
	door->failing = status < 0;
	if (status == 0 && !door->api->stopping)
		take_one(door);
}

static void on_closed(uv_handle_t *handle)
{
	struct door *door = container_of(handle, struct door, io.handle);
	struct api *api = door->api;

	free(door);
	api_handle_closed(api);
}

static int open_handle(struct door *door, int fd)
{
	if (door->is_tcp) {
		uv_tcp_init(door->api->loop, &door->io.tcp);
		return uv_tcp_open(&door->io.tcp, fd);
	}
	uv_pipe_init(door->api->loop, &door->io.pipe, 0);
	return uv_pipe_open(&door->io.pipe, fd);
}

int door_open(struct api *api, int fd, bool is_tcp, struct door **ret_door, struct err *e)
{
	struct door *door = calloc(1, sizeof(*door));
	int code;

	if (!door) {
		close(fd);
		return err_set(e, ERR_NOMEM, NULL);
	}
	door->api = api;
	door->is_tcp = is_tcp;
	api->handles++;
	code = open_handle(door, fd);
	if (code < 0)
		close(fd);
	else
		code = uv_listen(&door->io.stream, BACKLOG, on_connection);
	if (code < 0) {
		door_close(door);
		return err_set(e, ERR_IO, "listen: %s", uv_strerror(code));
	}
	*ret_door = door;
	return 0;
}

void door_close(struct door *door)
{
	if (door)
		uv_close(&door->io.handle, on_closed);
}

void door_try_again(struct door *door)
{
	if (door && door->waiting)
		take_one(door);
}
