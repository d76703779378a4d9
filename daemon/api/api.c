/* Start, reload and stop of the api, and the clock of all its clients. */
#include "api/api.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/conn.h"
#include "api/core.h"
#include "base/log.h"

enum { BACKLOG = 511, ACCEPT_AGAIN_MS = 100 };

static void on_connection(uv_stream_t *listener, int status);
static void on_timer(uv_timer_t *timer);
static void on_handle_closed(uv_handle_t *handle);

static int64_t or_default(int64_t value, int64_t fallback)
{
	return value > 0 ? value : fallback;
}

static void take_options(struct api *api, const struct api_options *options)
{
	api->options = *options;
	api->options.socket_path = api->socket_path;
	api->options.head_timeout_ms = or_default(options->head_timeout_ms, 10 * 1000);
	api->options.idle_timeout_ms = or_default(options->idle_timeout_ms, 60 * 1000);
	api->options.stall_timeout_ms = or_default(options->stall_timeout_ms, 60 * 1000);
	api->options.heartbeat_ms = or_default(options->heartbeat_ms, 15 * 1000);
}

static struct api *new_api(uv_loop_t *loop, struct store *store, const struct api_options *options,
	const struct api_callbacks *callbacks)
{
	struct api *api = calloc(1, sizeof(*api));

	if (!api)
		return NULL;
	api->loop = loop;
	api->store = store;
	api->callbacks = *callbacks;
	list_init(&api->conns);
	events_init(&api->events, store_seq(store));
	api->socket_path = options->listen_fd < 0 ? strdup(options->socket_path) : NULL;
	take_options(api, options);
	if (options->listen_fd < 0 && !api->socket_path) {
		free(api);
		return NULL;
	}
	return api;
}

static int open_socket(struct api *api, struct err *e)
{
	if (api->options.listen_fd >= 0)
		return listener_adopt(api->options.listen_fd, &api->socket, e);
	return listener_open(api->socket_path, api->options.socket_mode, &api->socket, e);
}

/* From here on the loop knows the handles, so that only api_stop() undoes it. */
static int start_listening(struct api *api, struct err *e)
{
	uv_pipe_init(api->loop, &api->listener, 0);
	int code = uv_pipe_open(&api->listener, api->socket.fd);

	if (code < 0)
		close(api->socket.fd);
	else
		code = uv_listen((uv_stream_t *)&api->listener, BACKLOG, on_connection);
	if (code < 0)
		err_set(e, ERR_IO, "listen: %s", uv_strerror(code));
	return code < 0 ? ERR_IO : 0;
}

/* A write to a client that has gone must fail, not kill the daemon (C20); libuv before 1.45 leaves
 * that to us. */
static void ignore_sigpipe(void)
{
	struct sigaction action;

	if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL) {
		action.sa_handler = SIG_IGN;
		sigaction(SIGPIPE, &action, NULL);
	}
}

int api_create(uv_loop_t *loop, struct store *store, const struct api_options *options,
	const struct api_callbacks *callbacks, struct api **ret_api, struct err *e)
{
	struct api *api = new_api(loop, store, options, callbacks);

	if (!api)
		return err_set(e, ERR_NOMEM, NULL);
	int code = open_socket(api, e);
	if (code < 0)
		goto destroy;
	ignore_sigpipe();
	code = start_listening(api, e);
	if (code < 0)
		goto close_listener;
	uv_timer_init(loop, &api->timer);
	api->handles = 2;
	log_event(LOG_INFO, "api.listening", "socket=%s",
		api->socket_path ? api->socket_path : "systemd");
	*ret_api = api;
	return 0;

close_listener:
	listener_unlink(&api->socket, api->socket_path);
	api->handles = 1;
	api->stopping = true; /* nobody is told; the handle's end frees the struct */
	uv_close((uv_handle_t *)&api->listener, on_handle_closed);
	return code;
destroy:
	api_destroy(api);
	return code;
}

void api_configure(struct api *api, const struct api_options *options)
{
	take_options(api, options);
	list_for_each (node, &api->conns) {
		conn_configure(container_of(node, struct conn, node));
	}
}

void api_publish(struct api *api, int64_t seq)
{
	if (!api->stopping)
		events_publish(api, seq);
}

/* -- accept -- */

static void accept_one(struct api *api)
{
	/* libuv stops listening until the connection is taken, so that trying again later can't
	 * spin. */
	api->accept_waiting = conn_accept(api) < 0;
	if (api->accept_waiting)
		api_wake_at(api, (int64_t)uv_now(api->loop) + ACCEPT_AGAIN_MS);
}

/* When descriptors run out, libuv gives up one that it holds in reserve, accepts, closes, and tells
 * us here (C18): the client sees its connection end, and the listener does not spin. */
static void on_connection(uv_stream_t *listener, int status)
{
	struct api *api = container_of(listener, struct api, listener);

	if (status < 0 && !api->accept_failing)
		log_event(LOG_WARNING, "api.accept", "error=%s clients=%d", uv_strerror(status),
			api->conn_count);
	api->accept_failing = status < 0;
	if (status == 0 && !api->stopping)
		accept_one(api);
}

/* -- time -- */

void api_wake_at(struct api *api, int64_t at_ms)
{
	int64_t now = (int64_t)uv_now(api->loop);

	if (api->handles < 2 || (api->timer_ms != 0 && api->timer_ms <= at_ms))
		return;
	api->timer_ms = at_ms;
	uv_timer_start(&api->timer, on_timer, at_ms > now ? (uint64_t)(at_ms - now) : 0, 0);
}

static void on_timer(uv_timer_t *timer)
{
	struct api *api = container_of(timer, struct api, timer);
	int64_t now = (int64_t)uv_now(api->loop);
	int64_t next = INT64_MAX;

	api->timer_ms = 0;
	list_for_each_safe (node, &api->conns) {
		int64_t deadline = conn_tick(container_of(node, struct conn, node), now);
		if (deadline > 0 && deadline < next)
			next = deadline;
	}
	if (api->accept_waiting && !api->stopping)
		accept_one(api);
	if (next != INT64_MAX)
		api_wake_at(api, next);
}

/* -- stop -- */

static void on_grace_over(uv_timer_t *timer)
{
	struct api *api = container_of(timer, struct api, timer);

	list_for_each_safe (node, &api->conns) {
		conn_close(container_of(node, struct conn, node));
	}
	api_maybe_stopped(api);
}

void api_stop(struct api *api, int64_t grace_ms, void (*stopped)(void *ctx), void *ctx)
{
	api->stopping = true;
	api->stopped = stopped;
	api->stopped_ctx = ctx;
	listener_unlink(&api->socket, api->socket_path);
	uv_close((uv_handle_t *)&api->listener, on_handle_closed);
	list_for_each_safe (node, &api->conns) {
		conn_stop(container_of(node, struct conn, node));
	}
	/* From here on the timer only measures the grace; api_wake_at() does not move it any more.
	 */
	api->timer_ms = INT64_MIN;
	uv_timer_start(&api->timer, on_grace_over, grace_ms > 0 ? (uint64_t)grace_ms : 0, 0);
}

void api_maybe_stopped(struct api *api)
{
	if (!api->stopping || api->conn_count > 0 || api->jobs > 0)
		return;
	if (api->handles == 1 && !uv_is_closing((uv_handle_t *)&api->timer))
		uv_close((uv_handle_t *)&api->timer, on_handle_closed);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct api *api = handle->type == UV_TIMER ? container_of(handle, struct api, timer)
						   : container_of(handle, struct api, listener);

	api->handles--;
	if (api->handles > 0)
		api_maybe_stopped(api);
	else if (api->stopped)
		api->stopped(api->stopped_ctx);
	else
		api_destroy(api);
}

void api_destroy(struct api *api)
{
	if (!api)
		return;
	events_finish(&api->events);
	free(api->socket_path);
	free(api);
}
