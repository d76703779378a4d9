/* The life of a connection, in the order in which time runs: accept, read, answer or stream, close.
 */
#include "api/conn.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "api/core.h"
#include "api/http.h"
#include "api/routes.h"
#include "base/log.h"
#include "base/times.h"

enum { DRAIN_MS = 1000 };

static void step(struct conn *c);
static void on_closed(uv_handle_t *handle);
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf);
static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf);
static void on_written(uv_write_t *write, int status);

static uv_stream_t *stream_of(struct conn *c)
{
	return &c->io.stream;
}

static int fd_of(struct conn *c)
{
	uv_os_fd_t fd;

	return uv_fileno(&c->io.handle, &fd) == 0 ? fd : -1;
}

static int64_t now_of(const struct conn *c)
{
	return (int64_t)uv_now(c->api->loop);
}

static void set_deadline(struct conn *c, int64_t in_ms)
{
	c->deadline_ms = now_of(c) + in_ms;
	api_wake_at(c->api, c->deadline_ms);
}

/* -- accept -- */

bool conn_is_trusted(const struct conn *c)
{
	return !c->peer.tcp && !c->api->options.distrust;
}

static bool is_over_limit(const struct conn *c)
{
	const struct api *api = c->api;
	int most = api->options.clients_max;
	int alike = 0;

	if (api->conn_count > most)
		return true;
	if (conn_is_trusted(c) && (c->peer.uid == 0 || c->peer.uid == geteuid()))
		return false;
	if (api->conn_count > most - most / 8)
		return true;
	list_for_each (node, &api->conns) {
		const struct conn *other = container_of(node, struct conn, node);
		alike += other->peer.tcp == c->peer.tcp && other->peer.uid == c->peer.uid;
	}
	return alike > most - most / (conn_is_trusted(c) ? 4 : 2);
}

/* Tells why as far as one write goes: a crowd at the door must not cost memory or time. */
static void turn_away(struct conn *c)
{
	c->last = true;
	c->request = request_create(c->api);
	if (c->request) {
		c->request->conn = c;
		problem_set(
			&c->request->problem, PROBLEM_CLIENTS, "too many clients are connected");
		http_reply(c->request);
	}
	conn_close(c);
}

static void read_peer(struct conn *c)
{
	c->reader.stranger = !conn_is_trusted(c);
	if (c->peer.tcp)
		return; /* it has no right of its own that could change */
	peer_read(fd_of(c), &c->api->options.access, &c->peer);
	if (!conn_is_trusted(c))
		c->peer.right = API_NONE;
	c->reader.discard = conn_is_trusted(c) && c->peer.right == API_NONE;
}

static void init_handle(struct conn *c, bool tcp)
{
	if (tcp)
		uv_tcp_init(c->api->loop, &c->io.tcp);
	else
		uv_pipe_init(c->api->loop, &c->io.pipe, 0);
	reader_init(&c->reader, c->api);
}

int conn_accept(struct door *door)
{
	struct api *api = door->api;
	struct conn *c = calloc(1, sizeof(*c));

	if (!c)
		return ERR_NOMEM;
	c->api = api;
	buf_init(&c->in, API_AHEAD_MAX + sizeof(api->received));
	buf_init(&c->out, API_CHUNK_MAX + 3 * API_LINE_MAX);
	init_handle(c, door->is_tcp);
	list_push(&api->conns, &c->node);
	api->conn_count++;
	if (uv_accept(&door->io.stream, stream_of(c)) < 0) {
		conn_close(c);
		return 0;
	}
	if (door->is_tcp) {
		uv_tcp_nodelay(&c->io.tcp, 1);
		peer_read_tcp(fd_of(c), &c->peer);
	}
	read_peer(c);
	if (is_over_limit(c)) {
		turn_away(c);
		return 0;
	}
	set_deadline(c, api->options.head_timeout_ms); /* the first request is expected now */
	step(c);
	return 0;
}

void conn_configure(struct conn *c)
{
	bool stranger = c->reader.stranger;

	if (c->state == CONN_CLOSED)
		return;
	read_peer(c);
	/* What has come of a request was kept, or not, by another rule. */
	if (c->reader.stranger != stranger && !reader_is_idle(&c->reader)) {
		conn_close(c);
		return;
	}
	/* What waits, or streams, would go on telling; a job under way loses its reader. */
	bool out = conn_is_trusted(c) ? c->peer.right == API_NONE : c->credential == 0;
	if (out && (c->state == CONN_STREAM || c->state == CONN_BUSY))
		conn_close(c);
}

/* -- read -- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf)
{
	struct conn *c = container_of(handle, struct conn, io.handle);

	(void)suggested;
	*ret_buf = uv_buf_init(c->api->received, sizeof(c->api->received));
}

/* After the end of input: true when the client closed, false when it only said that it has no more
 * requests. */
static bool has_hung_up(struct conn *c)
{
	struct pollfd pfd = {.fd = fd_of(c)};

	return poll(&pfd, 1, 0) > 0 && (pfd.revents & (POLLHUP | POLLERR)) != 0;
}

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
	struct conn *c = container_of(stream, struct conn, io.stream);

	if (nread == 0 || c->state == CONN_CLOSED)
		return;
	if (nread > 0 && c->state != CONN_DRAIN)
		buf_append(&c->in, buf->base, (size_t)nread);
	if (nread < 0) {
		c->ended = true;
		c->reading = false;
	}
	if ((nread < 0 && (nread != UV_EOF || c->state == CONN_DRAIN || has_hung_up(c))) ||
		buf_status(&c->in) < 0)
		conn_close(c);
	else
		step(c);
}

/* A client that sends ahead of its answers fills a bounded buffer, then the socket's, then it
 * waits. */
static void update_reading(struct conn *c)
{
	bool wanted = !c->ended && (c->state == CONN_DRAIN || c->in.len < API_AHEAD_MAX);

	if (c->state == CONN_CLOSED || wanted == c->reading)
		return;
	c->reading = wanted;
	if (!wanted)
		uv_read_stop(stream_of(c));
	else if (uv_read_start(stream_of(c), on_alloc, on_read) < 0)
		conn_close(c);
}

static void begin_answering(struct conn *c)
{
	c->request = reader_take(&c->reader);
	c->state = CONN_BUSY;
	c->deadline_ms = 0;
	if (c->request)
		c->request->conn = c;
}

/* What follows a request that was not understood can't be told apart from it: its answer is the
 * last. */
static void refuse(struct conn *c)
{
	begin_answering(c);
	c->last = true;
	buf_finish(&c->in);
	c->in_done = 0;
	if (c->request)
		routes_refuse(c->request);
	else
		conn_close(c);
}

static void note_progress(struct conn *c)
{
	if (c->state == CONN_IDLE && !reader_is_idle(&c->reader)) {
		c->state = CONN_HEAD;
		set_deadline(c, c->api->options.head_timeout_ms);
	}
	if (c->state == CONN_HEAD && c->reader.head_done) {
		c->state = CONN_BODY;
		set_deadline(c, c->api->options.idle_timeout_ms);
	}
}

static void send_continue(struct conn *c)
{
	static char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
	uv_buf_t buf = uv_buf_init(text, sizeof(text) - 1);

	/* All earlier answers have been taken, so it fits. */
	if (uv_try_write(stream_of(c), &buf, 1) != (int)buf.len)
		conn_close(c);
}

static void take_bytes(struct conn *c)
{
	size_t taken;
	enum reader_event event =
		reader_feed(&c->reader, c->in.data + c->in_done, c->in.len - c->in_done, &taken);

	c->in_done += taken;
	switch (event) {
	case READER_MORE:
		note_progress(c);
		break;
	case READER_CONTINUE:
		note_progress(c);
		send_continue(c);
		break;
	case READER_REQUEST:
		begin_answering(c);
		c->last = !c->request->keep_alive;
		routes_dispatch(c->request);
		break;
	case READER_ERROR:
		refuse(c);
		break;
	}
}

static bool is_receiving(const struct conn *c)
{
	return c->state <= CONN_BODY;
}

/* Understands what has been received as far as the state allows: at most one request is under way.
 */
static void step(struct conn *c)
{
	if (c->stepping)
		return;
	c->stepping = true;
	while (is_receiving(c) && c->in_done < c->in.len)
		take_bytes(c);
	if (is_receiving(c) && c->ended) {
		if (reader_is_idle(&c->reader)) {
			conn_close(c);
		} else {
			reader_fail(&c->reader, PROBLEM_MALFORMED, "the request ended too early");
			refuse(c);
		}
	}
	c->stepping = false;
	size_t left = c->in.len - c->in_done;
	if (left > 0 && c->in_done > 0) {
		memmove(c->in.data, c->in.data + c->in_done, left);
		c->in.len = left;
	} else if (left == 0) {
		buf_finish(&c->in);
	}
	c->in_done = 0;
	update_reading(c);
}

/* -- answer -- */

static void drain(struct conn *c)
{
	if (c->ended || c->api->stopping) {
		conn_close(c);
		return;
	}
	shutdown(fd_of(c), SHUT_WR);
	c->state = CONN_DRAIN;
	set_deadline(c, DRAIN_MS);
	update_reading(c);
}

static void finish_answer(struct conn *c)
{
	request_destroy(c->request);
	c->request = NULL;
	buf_finish(&c->out);
	c->api->unsent_bytes -= c->unsent;
	c->unsent = 0;
	if (c->last) {
		drain(c);
		return;
	}
	c->state = CONN_IDLE;
	set_deadline(c, c->api->options.idle_timeout_ms);
	step(c);
}

/* Writes what the socket takes at once and leaves the rest to libuv; the bytes stay where they are
 * until on_written(). Returns how many are left, or a negative code after closing. */
static ssize_t send_bufs(struct conn *c, uv_buf_t *bufs, unsigned count)
{
	int sent = uv_try_write(stream_of(c), bufs, count);
	size_t left = 0;

	if (sent < 0 && sent != UV_EAGAIN) {
		conn_close(c);
		return ERR_IO;
	}
	size_t done = sent > 0 ? (size_t)sent : 0;
	for (unsigned i = 0; i < count; i++) {
		size_t n = done < bufs[i].len ? done : bufs[i].len;
		bufs[i].base += n;
		bufs[i].len -= n;
		done -= n;
		left += bufs[i].len;
	}
	if (left == 0)
		return 0;
	if (uv_write(&c->write, stream_of(c), bufs, count, on_written) < 0) {
		conn_close(c);
		return ERR_IO;
	}
	c->queue_left = left;
	set_deadline(c, c->api->options.stall_timeout_ms);
	return (ssize_t)left;
}

void conn_check_room(struct http_request *r)
{
	if (r->out.len > API_CHUNK_MAX && r->api->unsent_bytes + r->out.len > API_UNSENT_MAX)
		problem_set(&r->problem, PROBLEM_BUSY, "too many answers wait for slow readers");
}

/* Turns whatever failed into the answer. */
static void settle(struct http_request *r)
{
	if (r->problem.kind == PROBLEM_NONE && buf_status(&r->out) < 0)
		problem_from_err(&r->problem, buf_status(&r->out), NULL);
	if (buf_status(&r->fields) < 0) {
		problem_from_err(&r->problem, buf_status(&r->fields), NULL);
		buf_reset(&r->fields);
	}
	conn_check_room(r);
	if (r->problem.kind == PROBLEM_NONE)
		return;
	buf_finish(&r->out);
	r->content_type = "application/problem+json";
	if (r->face && r->face->refuse)
		r->face->refuse(r);
	else
		problem_render(&r->problem, r->target, &r->out);
	r->status = problem_types[r->problem.kind].status;
	if (r->status == 503 && r->problem.retry_after_s == 0)
		r->problem.retry_after_s = 1;
	if (r->problem.retry_after_s > 0)
		buf_printf(
			&r->fields, "Retry-After: %lld\r\n", (long long)r->problem.retry_after_s);
}

static void write_head(struct http_request *r, const char *content_type, int64_t length)
{
	struct conn *c = r->conn;
	bool good = r->problem.kind == PROBLEM_NONE;
	const struct http_head head = {r->status,
		good ? NULL : problem_types[r->problem.kind].title, content_type, length, c->last,
		buf_string(&r->fields)};

	c->api->answers[r->status / 100 % 6]++;
	http_write_head(&c->out, &head, times_now_ms());
}

void http_reply(struct http_request *r)
{
	struct conn *c = r->conn;

	if (!c) {
		request_destroy(r);
		return;
	}
	if (c->state == CONN_CLOSED)
		return; /* on_closed() frees the request */
	settle(r);
	c->last = c->last || c->api->stopping;
	const char *type = r->content_type ? r->content_type : "application/json";
	write_head(r, r->out.len > 0 ? type : NULL, (int64_t)r->out.len);
	if (buf_status(&c->out) < 0 || buf_status(&r->out) < 0) {
		conn_close(c); /* out of memory even for the problem */
		return;
	}
	c->state = CONN_WRITE;
	uv_buf_t bufs[] = {
		uv_buf_init(c->out.data, (unsigned)c->out.len),
		uv_buf_init(r->out.data, (unsigned)r->out.len),
	};
	ssize_t left = send_bufs(c, bufs, r->head || r->out.len == 0 ? 1 : 2);
	if (left == 0) {
		finish_answer(c);
	} else if (left > 0) {
		c->unsent = (size_t)left;
		c->api->unsent_bytes += c->unsent;
	}
}

static void finish_chunk(struct conn *c)
{
	buf_finish(&c->out);
	set_deadline(c, c->api->options.heartbeat_ms);
}

static void on_written(uv_write_t *write, int status)
{
	struct conn *c = container_of(write, struct conn, write);

	if (c->state == CONN_CLOSED)
		return;
	if (status < 0) {
		conn_close(c);
	} else if (c->state == CONN_STREAM) {
		finish_chunk(c);
		c->stream->drained(c->stream_ctx);
	} else {
		finish_answer(c);
	}
}

/* -- stream -- */

static void send_out(struct conn *c)
{
	uv_buf_t buf = uv_buf_init(c->out.data, (unsigned)c->out.len);

	if (buf_status(&c->out) < 0)
		conn_close(c);
	else if (buf.len == 0 || send_bufs(c, &buf, 1) == 0)
		finish_chunk(c);
}

struct conn *http_stream_begin(struct http_request *r, const struct http_stream *stream, void *ctx,
	const struct buf *first)
{
	struct conn *c = r->conn;

	if (c)
		c->last = true; /* the stream ends with the connection */
	if (!c || r->head) {
		http_reply(r);
		return NULL;
	}
	write_head(r, "text/event-stream", -1);
	request_destroy(r);
	c->request = NULL;
	c->state = CONN_STREAM;
	c->stream = stream;
	c->stream_ctx = ctx;
	buf_append(&c->out, first->data, first->len);
	if (buf_status(first) < 0)
		conn_close(c);
	else
		send_out(c);
	return c;
}

/* The most have room for all of it: nothing is copied then. */
void http_stream_send(struct conn *c, const uv_buf_t *parts, unsigned count)
{
	int sent = uv_try_write(stream_of(c), parts, count);
	size_t done = sent > 0 ? (size_t)sent : 0;

	if (sent < 0 && sent != UV_EAGAIN) {
		conn_close(c);
		return;
	}
	for (unsigned i = 0; i < count; i++) {
		size_t n = done < parts[i].len ? done : parts[i].len;

		buf_append(&c->out, parts[i].base + n, parts[i].len - n);
		done -= n;
	}
	send_out(c);
}

bool http_stream_is_clear(const struct conn *c)
{
	return c->state == CONN_STREAM && c->out.len == 0;
}

void http_stream_end(struct conn *c)
{
	conn_close(c);
}

/* -- time and end -- */

static void check_progress(struct conn *c)
{
	size_t left = uv_stream_get_write_queue_size(stream_of(c));
	char from[PEER_TEXT_BYTES];

	if (left < c->queue_left) {
		c->queue_left = left;
		set_deadline(c, c->api->options.stall_timeout_ms);
		return;
	}
	log_event(LOG_INFO, "api.stalled", "from=%s pid=%d unsent=%zu", peer_text(&c->peer, from),
		(int)c->peer.pid, left);
	conn_close(c);
}

static void expire(struct conn *c)
{
	struct http_request *r = c->request;

	if (!r->expired)
		return;
	void (*expired)(struct http_request *) = r->expired;
	r->expired = NULL;
	list_remove(&r->node);
	expired(r);
}

int64_t conn_tick(struct conn *c, int64_t now_ms)
{
	if (c->deadline_ms == 0 || c->deadline_ms > now_ms)
		return c->deadline_ms;
	c->deadline_ms = 0;
	switch (c->state) {
	case CONN_HEAD:
	case CONN_BODY:
		reader_fail(
			&c->reader, PROBLEM_REQUEST_TIMEOUT, "the request took too long to arrive");
		refuse(c);
		break;
	case CONN_BUSY:
		expire(c);
		break;
	case CONN_WRITE:
		check_progress(c);
		break;
	case CONN_STREAM:
		if (c->out.len > 0) {
			check_progress(c);
		} else {
			set_deadline(c, c->api->options.heartbeat_ms);
			c->stream->quiet(c->stream_ctx);
		}
		break;
	default:
		conn_close(c);
	}
	return c->deadline_ms;
}

void conn_stop(struct conn *c)
{
	c->last = true;
	if (c->state == CONN_BUSY)
		expire(c);
	else if (c->state != CONN_WRITE)
		conn_close(c);
}

void conn_close(struct conn *c)
{
	if (c->state == CONN_CLOSED)
		return;
	c->state = CONN_CLOSED;
	c->deadline_ms = 0;
	if (c->request && c->request->busy) {
		c->request->conn = NULL; /* its job frees it */
		c->request = NULL;
	} else if (c->request) {
		list_remove(&c->request->node);
	}
	uv_close(&c->io.handle, on_closed);
}

static void on_closed(uv_handle_t *handle)
{
	struct conn *c = container_of(handle, struct conn, io.handle);
	struct api *api = c->api;

	request_destroy(c->request);
	reader_finish(&c->reader);
	if (c->stream)
		c->stream->closed(c->stream_ctx);
	buf_finish(&c->in);
	buf_finish(&c->out);
	api->unsent_bytes -= c->unsent;
	list_remove(&c->node);
	api->conn_count--;
	free(c);
	api_maybe_stopped(api);
}
