/* A scripted web server on the test's own loop: a path has an answer, written as the test says. */
#ifndef TESTS_UNIT_FETCH_FAKE_SERVER_H
#define TESTS_UNIT_FETCH_FAKE_SERVER_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

/* The server is no subject of failing allocations (support/fault.h). */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);

enum how {
	KEEP,    /* answers and waits for the next request */
	CLOSE,   /* answers and closes */
	RESET,   /* answers and resets the connection */
	SILENT,  /* answers and never says more */
	ENDLESS, /* answers once, then sends the part behind the first "\f" again and again */
	DRIP,    /* one byte each 20 ms */
};

struct route {
	const char *path;
	enum how how;
	char *answer;
	size_t len;
};

enum { ROUTES_MAX = 100, CONNECTIONS_MAX = 300, DRIP_MS = 20 };

struct conn {
	uv_tcp_t tcp;
	uv_timer_t timer;
	struct fake_server *server;
	const struct route *route;
	size_t sent;
	int handles;
	char in[16384];
	size_t len;
};

struct fake_server {
	uv_tcp_t listener;
	struct route routes[ROUTES_MAX];
	int route_count;
	int port;
	int requests;
	int connections;
	int open;
	int last_path_hits; /* of `counted` */
	const char *counted;
	const char *wall;     /* who has a cookie gets what "/inside" has instead of this */
	char head[16384];     /* the last request's, whole */
	char socks_host[300]; /* "host:port" that SOCKS was last asked for; "no.test" is refused */
	struct conn *conns[CONNECTIONS_MAX];
};

static inline void server_conn_closed(uv_handle_t *h)
{
	struct conn *c = h->data;

	if (--c->handles == 0)
		free(c);
}

static inline void server_drop(struct conn *c)
{
	if (uv_is_closing((uv_handle_t *)&c->tcp))
		return;
	for (int i = 0; i < CONNECTIONS_MAX; i++)
		if (c->server->conns[i] == c)
			c->server->conns[i] = NULL;
	c->server->open--;
	uv_close((uv_handle_t *)&c->timer, server_conn_closed);
	uv_close((uv_handle_t *)&c->tcp, server_conn_closed);
}

static inline void server_reset(struct conn *c)
{
	int fd;
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	if (uv_fileno((uv_handle_t *)&c->tcp, &fd) == 0)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	server_drop(c);
}

static inline void server_written(uv_write_t *w, int status);

/* Writes a copy of the bytes. */
static inline void server_write(struct conn *c, const char *bytes, size_t len)
{
	uv_write_t *w = __real_malloc(sizeof *w + len);
	uv_buf_t buf = uv_buf_init((char *)(w + 1), (unsigned int)len);

	memcpy(w + 1, bytes, len);
	w->data = c;
	if (uv_write(w, (uv_stream_t *)&c->tcp, &buf, 1, server_written))
		free(w);
}

static inline void server_written(uv_write_t *w, int status)
{
	struct conn *c = w->data;
	const char *again;

	free(w);
	if (status < 0) {
		server_drop(c);
		return;
	}
	if (!c->route) /* of SOCKS */
		return;
	if (c->route->how == CLOSE)
		server_drop(c);
	else if (c->route->how == RESET)
		server_reset(c);
	else if (c->route->how == ENDLESS) {
		again = (const char *)memchr(c->route->answer, '\f', c->route->len) + 1;
		server_write(c, again, c->route->len - (size_t)(again - c->route->answer));
	}
}

static inline void server_drip(uv_timer_t *timer)
{
	struct conn *c = timer->data;

	if (c->sent < c->route->len)
		server_write(c, c->route->answer + c->sent++, 1);
	else
		uv_timer_stop(timer);
}

static inline void server_serve(struct conn *c, char *head)
{
	struct fake_server *s = c->server;
	const char *path = strchr(head, ' ') + 1;
	size_t path_len = strcspn(path, " ");
	static const struct route none = {.how = CLOSE};
	const char *mark;

	s->requests++;
	snprintf(s->head, sizeof s->head, "%s", head);
	if (s->wall && strlen(s->wall) == path_len && memcmp(s->wall, path, path_len) == 0 &&
		strstr(head, "\r\nCookie: ")) {
		path = "/inside";
		path_len = strlen(path);
	}
	c->route = &none;
	for (int i = 0; i < s->route_count; i++)
		if (strlen(s->routes[i].path) == path_len &&
			memcmp(s->routes[i].path, path, path_len) == 0)
			c->route = &s->routes[i];
	if (s->counted && c->route->path && strcmp(c->route->path, s->counted) == 0)
		s->last_path_hits++;
	if (!c->route->answer) {
		if (c->route->how != SILENT)
			server_drop(c);
		return;
	}
	if (c->route->how == DRIP) {
		c->sent = 0;
		uv_timer_start(&c->timer, server_drip, 0, DRIP_MS);
		return;
	}
	mark = c->route->how == ENDLESS ? memchr(c->route->answer, '\f', c->route->len) : NULL;
	server_write(c, c->route->answer, mark ? (size_t)(mark - c->route->answer) : c->route->len);
}

/* SOCKS 5 without a password, far enough for a proxy by name; what follows is served as HTTP. */
static inline void server_socks(struct conn *c)
{
	static const char welcome[] = {5, 0};
	const unsigned char *in = (const unsigned char *)c->in;
	char answer[] = {5, 0, 0, 1, 0, 0, 0, 0, 0, 0};
	size_t name = in[4];

	if (c->len >= 2 && c->len == (size_t)in[1] + 2) {
		server_write(c, welcome, sizeof welcome);
		c->len = 0;
	} else if (c->len > 5 && in[3] == 3 && c->len >= name + 7) {
		snprintf(c->server->socks_host, sizeof c->server->socks_host, "%.*s:%d", (int)name,
			c->in + 5, in[name + 5] << 8 | in[name + 6]);
		answer[1] = strncmp(c->in + 5, "no.test", name) == 0 ? 4 : 0;
		server_write(c, answer, sizeof answer);
		c->len = 0;
	}
}

static inline void server_alloc(uv_handle_t *h, size_t size, uv_buf_t *buf)
{
	struct conn *c = h->data;

	(void)size;
	*buf = uv_buf_init(c->in + c->len, (unsigned int)(sizeof c->in - 1 - c->len));
}

static inline void server_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct conn *c = stream->data;
	char *end;

	(void)buf;
	if (n < 0) {
		server_drop(c);
		return;
	}
	c->len += (size_t)n;
	c->in[c->len] = '\0';
	if (c->in[0] == 0x16) { /* TLS: answered in plain text */
		server_write(c, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
		return;
	}
	if (c->in[0] == 5) {
		server_socks(c);
		return;
	}
	end = strstr(c->in, "\r\n\r\n");
	if (!end)
		return;
	end[2] = '\0';
	c->len = 0;
	server_serve(c, c->in);
}

static inline void server_accept(uv_stream_t *listener, int status)
{
	struct fake_server *s = listener->data;
	struct conn *c = __real_calloc(1, sizeof *c);
	int i = 0;

	(void)status;
	uv_tcp_init(listener->loop, &c->tcp);
	uv_timer_init(listener->loop, &c->timer);
	c->tcp.data = c->timer.data = c;
	c->server = s;
	c->handles = 2;
	s->connections++;
	s->open++;
	while (i < CONNECTIONS_MAX && s->conns[i])
		i++;
	if (i < CONNECTIONS_MAX)
		s->conns[i] = c;
	if (uv_accept(listener, (uv_stream_t *)&c->tcp))
		server_drop(c);
	else
		uv_read_start((uv_stream_t *)&c->tcp, server_alloc, server_read);
}

static inline void server_start(struct fake_server *s, uv_loop_t *loop)
{
	struct sockaddr_in address;
	int len = sizeof address;

	memset(s, 0, sizeof *s);
	uv_tcp_init(loop, &s->listener);
	s->listener.data = s;
	uv_ip4_addr("127.0.0.1", 0, &address);
	uv_tcp_bind(&s->listener, (const struct sockaddr *)&address, 0);
	uv_listen((uv_stream_t *)&s->listener, 512, server_accept);
	uv_tcp_getsockname(&s->listener, (struct sockaddr *)&address, &len);
	s->port = ntohs(address.sin_port);
}

/* Sets what a path (a literal string) is answered with; the later one counts. */
static inline void server_bytes(
	struct fake_server *s, const char *path, enum how how, const void *answer, size_t len)
{
	struct route *r = s->routes;

	while (r < s->routes + s->route_count && strcmp(r->path, path) != 0)
		r++;
	if (r == s->routes + s->route_count)
		s->route_count++;
	free(r->answer);
	*r = (struct route){.path = path, .how = how, .len = len};
	if (answer) {
		r->answer = __real_malloc(len + 1);
		memcpy(r->answer, answer, len);
	}
}

__attribute__((format(printf, 4, 5))) static inline void server_route(
	struct fake_server *s, const char *path, enum how how, const char *format, ...)
{
	char answer[65536];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(answer, sizeof answer, format, args);
	va_end(args);
	server_bytes(s, path, how, answer, (size_t)len);
}

static inline void server_stop(struct fake_server *s)
{
	for (int i = 0; i < CONNECTIONS_MAX; i++)
		if (s->conns[i])
			server_drop(s->conns[i]);
	for (int i = 0; i < s->route_count; i++)
		free(s->routes[i].answer);
	s->route_count = 0;
	uv_close((uv_handle_t *)&s->listener, NULL);
}

#endif
