/* Start, reload and stop of the api, and the clock of all its clients. */
#include "api/api.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/conn.h"
#include "api/core.h"
#include "base/log.h"

static void on_timer(uv_timer_t *timer);
static void on_timer_closed(uv_handle_t *handle);

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
	int code = api->options.listen_fd >= 0
			   ? listener_adopt(api->options.listen_fd, &api->socket, e)
			   : listener_open(
				     api->socket_path, api->options.socket_mode, &api->socket, e);

	if (code == 0)
		code = door_open(api, api->socket.fd, false, &api->unix_door, e);
	if (code == 0)
		log_event(LOG_INFO, "api.listening", "socket=%s",
			api->socket_path ? api->socket_path : "systemd");
	return code;
}

/* -- TCP -- */

static int open_listener(const struct api_options *options, struct sockaddr_storage *address,
	int *ret_fd, struct err *e)
{
	char text[LISTENER_TEXT_BYTES];
	int code = 0;

	*address = options->listen;
	*ret_fd = options->tcp_fd;
	if (options->tcp_fd >= 0)
		code = listener_adopt_tcp(options->tcp_fd, address, e);
	if (code == 0 && !options->allow_remote && !listener_is_loopback(address))
		code = err_set(e, ERR_DENIED,
			"others can reach %s: listen at 127.0.0.1 or [::1], or set allow_remote"
			" (and have a proxy do TLS)",
			listener_text(address, text));
	if (code == 0 && options->tcp_fd < 0)
		code = listener_open_tcp(address, ret_fd, e);
	return code;
}

/* Whoever came by a door that is closed now leaves, too. */
static void end_tcp(struct api *api)
{
	list_for_each_safe (node, &api->conns) {
		struct conn *c = container_of(node, struct conn, node);

		if (c->peer.tcp)
			conn_stop(c);
	}
	door_close(api->tcp_door);
	api->tcp_door = NULL;
}

static int open_tcp(struct api *api, struct err *e)
{
	struct sockaddr_storage address;
	char text[LISTENER_TEXT_BYTES];
	struct door *door = NULL;
	int fd, code;

	if (api->options.tcp_fd < 0 && api->options.listen.ss_family == 0)
		return 0;
	code = open_listener(&api->options, &address, &fd, e);
	if (code == 0)
		code = door_open(api, fd, true, &door, e);
	if (code < 0)
		return code;
	end_tcp(api);
	api->tcp_door = door;
	api->tcp_address = address;
	log_event(LOG_INFO, "api.listening", "tcp=%s", listener_text(&address, text));
	return 0;
}

static void close_tcp(struct api *api)
{
	char text[LISTENER_TEXT_BYTES];

	if (!api->tcp_door)
		return;
	log_event(LOG_INFO, "api.closed", "tcp=%s", listener_text(&api->tcp_address, text));
	end_tcp(api);
	api->tcp_address = (struct sockaddr_storage){0};
}

/* The new one is open before the old one is closed, where the port does not stand in the way. */
static void move_tcp(struct api *api)
{
	const struct sockaddr_storage *to = &api->options.listen;
	char from_text[LISTENER_TEXT_BYTES], to_text[LISTENER_TEXT_BYTES];
	struct err e = {0};

	listener_text(&api->tcp_address, from_text);
	listener_text(to, to_text);
	if (api->options.tcp_fd >= 0 || strcmp(from_text, to_text) == 0)
		return;
	const char *from_port = strrchr(from_text, ':'), *to_port = strrchr(to_text, ':');
	if (!to_port || (from_port && strcmp(from_port, to_port) == 0))
		close_tcp(api);
	if (open_tcp(api, &e) < 0)
		log_event(LOG_ERROR, "api.listen_failed", "tcp=%s error=%s", to_text, e.text);
}

static int load_credentials(struct store_tx *tx, void *arg, struct err *e)
{
	return credentials_load(tx, arg, e);
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

/* Nobody is told; the end of the last handle frees the struct. */
static void abandon(struct api *api)
{
	api->stopping = true;
	if (api->socket_path)
		listener_unlink(&api->socket, api->socket_path);
	door_close(api->unix_door);
	door_close(api->tcp_door);
	uv_close((uv_handle_t *)&api->timer, on_timer_closed);
}

int api_create(uv_loop_t *loop, struct store *store, const struct api_options *options,
	const struct api_callbacks *callbacks, struct api **ret_api, struct err *e)
{
	struct api *api = new_api(loop, store, options, callbacks);

	if (!api)
		return err_set(e, ERR_NOMEM, NULL);
	ignore_sigpipe();
	uv_timer_init(loop, &api->timer);
	api->handles = 1;
	int code = store_look(store, load_credentials, &api->access.known, e);
	if (code == 0)
		code = open_socket(api, e);
	if (code == 0)
		code = open_tcp(api, e);
	if (code == 0)
		*ret_api = api;
	else
		abandon(api);
	return code;
}

void api_configure(struct api *api, const struct api_options *options)
{
	int tcp_fd = api->options.tcp_fd;

	take_options(api, options);
	api->options.tcp_fd = tcp_fd;
	list_for_each (node, &api->conns) {
		conn_configure(container_of(node, struct conn, node));
	}
	move_tcp(api);
}

void api_publish(struct api *api, int64_t seq)
{
	if (!api->stopping)
		events_publish(api, seq);
}

/* -- time -- */

void api_wake_at(struct api *api, int64_t at_ms)
{
	int64_t now = (int64_t)uv_now(api->loop);

	if (uv_is_closing((uv_handle_t *)&api->timer) ||
		(api->timer_ms != 0 && api->timer_ms <= at_ms))
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
	if (!api->stopping) {
		door_try_again(api->unix_door);
		door_try_again(api->tcp_door);
	}
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
	door_close(api->unix_door);
	door_close(api->tcp_door);
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
		uv_close((uv_handle_t *)&api->timer, on_timer_closed);
}

void api_handle_closed(struct api *api)
{
	api->handles--;
	if (api->handles > 0)
		api_maybe_stopped(api);
	else if (api->stopped)
		api->stopped(api->stopped_ctx);
	else
		api_destroy(api);
}

static void on_timer_closed(uv_handle_t *handle)
{
	api_handle_closed(container_of(handle, struct api, timer));
}

void api_destroy(struct api *api)
{
	if (!api)
		return;
	events_finish(&api->events);
	free(api->socket_path);
	free(api);
}
