/* One watched socket of a library on the loop. */
#include "fetch/poll.h"

#include <stdlib.h>

struct poll *poll_create(
	uv_loop_t *loop, int fd, void (*ready)(void *ctx, int fd, int events), void *ctx)
{
	struct poll *p = malloc(sizeof *p);

	if (!p)
		return NULL;
	p->fd = fd;
	p->ready = ready;
	p->ctx = ctx;
	if (uv_poll_init_socket(loop, &p->handle, fd)) {
		free(p);
		return NULL;
	}
	p->handle.data = p;
	return p;
}

static void on_event(uv_poll_t *handle, int status, int events)
{
	struct poll *p = handle->data;

	/* `p` may be gone after this. */
	p->ready(p->ctx, p->fd, status < 0 ? 0 : events);
}

void poll_watch(struct poll *p, int events)
{
	uv_poll_start(&p->handle, events, on_event);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void poll_close(struct poll *p)
{
	if (!p)
		return;
	uv_poll_stop(&p->handle);
	uv_close((uv_handle_t *)&p->handle, on_closed);
}
