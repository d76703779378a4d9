/* libtidings against a scripted HTTP server on a Unix socket, whose answers come whole, in pieces,
 * cut off, or not at all. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/sse.h"
#include "tidings.h"

/* -- the scripted server -- */

enum { EXCHANGES_MAX = 4, REQUEST_BYTES = 4096 };

struct exchange {
	const char *answer; /* NULL: none, the connection stays open until the client closes it */
	size_t step;        /* bytes a write; 0: all at once */
	bool keep;          /* the next exchange uses the same connection */
};

struct server {
	char folder[64], path[96];
	int fd;
	pthread_t thread;
	struct exchange exchanges[EXCHANGES_MAX];
	char requests[EXCHANGES_MAX][REQUEST_BYTES];
	size_t count;
};

static bool is_complete(const char *request)
{
	const char *end = strstr(request, "\r\n\r\n");
	const char *length = strcasestr(request, "\r\nContent-Length:");
	return end && strlen(end + 4) >= (length ? strtoul(length + 17, NULL, 10) : 0);
}

static void read_request(int fd, char *request)
{
	size_t len = 0;
	while (!is_complete(request) && len < REQUEST_BYTES - 1) {
		ssize_t n = recv(fd, request + len, REQUEST_BYTES - 1 - len, 0);
		if (n <= 0)
			return;
		len += (size_t)n;
	}
}

static void write_answer(int fd, const struct exchange *exchange)
{
	char byte;
	size_t len = exchange->answer ? strlen(exchange->answer) : 0;
	for (size_t at = 0; at < len;) {
		size_t piece =
			exchange->step && exchange->step < len - at ? exchange->step : len - at;
		if (send(fd, exchange->answer + at, piece, MSG_NOSIGNAL) < 0)
			return;
		at += piece;
	}
	if (!exchange->answer)
		while (recv(fd, &byte, 1, 0) > 0)
			;
}

static void *serve(void *ctx)
{
	struct server *server = ctx;
	int fd = -1;
	for (size_t i = 0; i < server->count; i++) {
		if (fd < 0)
			fd = accept(server->fd, NULL, NULL);
		read_request(fd, server->requests[i]);
		write_answer(fd, &server->exchanges[i]);
		if (!server->exchanges[i].keep) {
			close(fd);
			fd = -1;
		}
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void server_open(struct server *server)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(server->folder, sizeof(server->folder), "/tmp/tidings-client-XXXXXX");
	assert_non_null(mkdtemp(server->folder));
	snprintf(server->path, sizeof(server->path), "%s/s", server->folder);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", server->path);
	server->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(server->fd, 8), 0);
}

static void server_start(struct server *server, const struct exchange *exchanges, size_t count)
{
	memset(server, 0, sizeof(*server));
	memcpy(server->exchanges, exchanges, count * sizeof(*exchanges));
	server->count = count;
	server_open(server);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_stop(struct server *server)
{
	pthread_join(server->thread, NULL);
	close(server->fd);
	unlink(server->path);
	rmdir(server->folder);
}

/* -- where the socket is -- */

static void test_socket_path(void **state)
{
	(void)state;
	static const struct {
		const char *named, *environment, *runtime,
			*want; /* runtime: "" stands for a folder with a socket */
	} cases[] = {
		{"/a/s", "/b/s", NULL, "/a/s"}, {"", "/b/s", NULL, "/b/s"},
		{NULL, "/b/s", "", "/b/s"}, {NULL, "", NULL, "/run/tidings/tidings.sock"},
		{NULL, NULL, "/nowhere", "/run/tidings/tidings.sock"},
		{NULL, NULL, "relative", "/run/tidings/tidings.sock"},
		{NULL, NULL, "", NULL}, /* the socket in that folder */
	};
	char folder[] = "/tmp/tidings-path-XXXXXX", own[128], sub[64], got[108];
	assert_non_null(mkdtemp(folder));
	snprintf(sub, sizeof(sub), "%s/tidings", folder);
	snprintf(own, sizeof(own), "%s/tidings.sock", sub);
	assert_int_equal(mkdir(sub, 0700), 0);
	FILE *file = fopen(own, "w");
	assert_non_null(file);
	fclose(file);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *runtime =
			cases[i].runtime && !*cases[i].runtime ? folder : cases[i].runtime;
		cases[i].environment ? setenv("TIDINGS_SOCKET", cases[i].environment, 1)
				     : unsetenv("TIDINGS_SOCKET");
		runtime ? setenv("XDG_RUNTIME_DIR", runtime, 1) : unsetenv("XDG_RUNTIME_DIR");
		assert_int_equal(tidings_socket_path(cases[i].named, got, sizeof(got)), 0);
		assert_string_equal(got, cases[i].want ? cases[i].want : own);
	}
	assert_int_equal(tidings_socket_path("/longer/than/this", got, 10), TIDINGS_ERR_ARGUMENT);
	unlink(own);
	rmdir(sub);
	rmdir(folder);
	unsetenv("XDG_RUNTIME_DIR");
}

static void test_version(void **state)
{
	(void)state;
	char header[32];
	snprintf(header, sizeof(header), "%d.%d.%d", TIDINGS_VERSION_MAJOR, TIDINGS_VERSION_MINOR,
		TIDINGS_VERSION_PATCH);
	assert_string_equal(tidings_version(), header);
	assert_string_equal(TIDINGS_VERSION, header);
	assert_true(TIDINGS_CHECK_VERSION(
		TIDINGS_VERSION_MAJOR, TIDINGS_VERSION_MINOR, TIDINGS_VERSION_PATCH));
	assert_false(TIDINGS_CHECK_VERSION(
		TIDINGS_VERSION_MAJOR, TIDINGS_VERSION_MINOR, TIDINGS_VERSION_PATCH + 1));
	assert_false(TIDINGS_CHECK_VERSION(TIDINGS_VERSION_MAJOR + 1, 0, 0));
}

/* -- requests -- */

#define OK(body_length, body) "HTTP/1.1 200 OK\r\nContent-Length: " body_length "\r\n\r\n" body

static void test_requests(void **state)
{
	(void)state;
	const struct exchange exchanges[] = {
		{OK("8", "{\"a\":1}\n"), 1, true},
		{"HTTP/1.1 201 Created\r\nTransfer-Encoding: "
		 "chunked\r\n\r\n3\r\n{\"b\r\n4\r\n\":2}\r\n0\r\n\r\n",
			3, true},
		{"HTTP/1.1 204 No Content\r\n\r\n", 0, false},
	};
	struct server server;
	size_t len;
	server_start(&server, exchanges, 3);
	struct tidings *t = tidings_open(server.path);
	assert_string_equal(tidings_socket(t), server.path);
	assert_int_equal(tidings_request(t, "GET", "/api/v1/items?limit=2", NULL), 200);
	assert_string_equal(tidings_answer(t, &len), "{\"a\":1}\n");
	assert_int_equal(len, 8);
	assert_int_equal(tidings_request(t, "POST", "/api/v1/feeds", "{\"url\":\"x\"}"), 201);
	assert_string_equal(tidings_answer(t, NULL), "{\"b\":2}");
	assert_int_equal(tidings_request(t, "DELETE", "/api/v1/feeds/7", NULL), 204);
	assert_string_equal(tidings_answer(t, &len), "");
	assert_int_equal(tidings_last_error(t)->code, TIDINGS_OK);
	tidings_close(t);
	server_stop(&server);
	assert_non_null(strstr(server.requests[0], "GET /api/v1/items?limit=2 HTTP/1.1\r\n"));
	assert_non_null(strstr(server.requests[0], "User-Agent: libtidings/"));
	assert_null(strstr(server.requests[0], "Content-Type"));
	assert_non_null(strstr(server.requests[1], "Content-Type: application/json\r\n"));
	assert_non_null(strstr(server.requests[1], "\r\n\r\n{\"url\":\"x\"}"));
	assert_non_null(strstr(server.requests[2], "DELETE /api/v1/feeds/7 HTTP/1.1\r\n"));
	assert_non_null(strstr(server.requests[2], "Content-Length: 0\r\n"));
}

static void test_bad_answers(void **state)
{
	(void)state;
	static const struct {
		const char *answer;
		int code, status;
		const char *problem, *text; /* text: a part of it */
	} cases[] = {
		{"HTTP/1.1 404 Not Found\r\nContent-Length: "
		 "55\r\n\r\n{\"code\":\"not-found\",\"detail\":\"no such feed\",\"status\":1}",
			TIDINGS_ERR_HTTP, 404, "not-found", "no such feed"},
		{"HTTP/1.1 409 Conflict\r\nContent-Length: 22\r\n\r\n{\"title\":\"Conflicting\"}",
			TIDINGS_ERR_HTTP, 409, "",
			"HTTP status 409"}, /* cut in the middle: no JSON */
		{"HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nbusy", TIDINGS_ERR_HTTP, 503, "",
			"HTTP status 503"},
		{"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", TIDINGS_ERR_HTTP, 500, "",
			"HTTP status 500"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":", TIDINGS_ERR_CLOSED, 0,
			"", "closed"},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", TIDINGS_ERR_CLOSED,
			0, "", "closed"},
		{"", TIDINGS_ERR_CLOSED, 0, "", "closed"},
		{"220 mail.example.org ESMTP\r\n", TIDINGS_ERR_PROTOCOL, 0, "", "not a tidingsd"},
		{NULL, TIDINGS_ERR_TIMEOUT, 0, "", "did not answer"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct exchange exchange = {.answer = cases[i].answer};
		struct server server;
		server_start(&server, &exchange, 1);
		struct tidings *t = tidings_open(server.path);
		if (!cases[i].answer)
			tidings_set_timeout(t, 100);
		assert_int_equal(tidings_request(t, "GET", "/api/v1/x", NULL), cases[i].code);
		const struct tidings_error *error = tidings_last_error(t);
		assert_int_equal(error->code, cases[i].code);
		assert_int_equal(error->status, cases[i].status);
		assert_string_equal(error->problem, cases[i].problem);
		assert_non_null(strstr(error->text, cases[i].text));
		tidings_close(t);
		server_stop(&server);
	}
}

static void test_no_daemon(void **state)
{
	(void)state;
	struct server server = {0};
	char path[200];
	server_open(&server);
	close(server.fd);
	struct tidings *t = tidings_open(server.path);
	assert_int_equal(tidings_request(t, "GET", "/api/v1/", NULL), TIDINGS_ERR_NO_DAEMON);
	assert_int_equal(tidings_last_error(t)->system_errno, ECONNREFUSED);
	assert_non_null(strstr(tidings_last_error(t)->text, server.path));
	unlink(server.path);
	assert_int_equal(tidings_request(t, "GET", "/api/v1/", NULL), TIDINGS_ERR_NO_DAEMON);
	assert_int_equal(tidings_last_error(t)->system_errno, ENOENT);
	assert_int_equal(tidings_request(t, "GET", "api", NULL), TIDINGS_ERR_ARGUMENT);
	tidings_close(t);
	rmdir(server.folder);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	t = tidings_open(path);
	assert_int_equal(tidings_request(t, "GET", "/api/v1/", NULL), TIDINGS_ERR_ARGUMENT);
	tidings_close(t);
	tidings_close(NULL);
}

/* -- events -- */

#define STREAM "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"

static void test_parser(void **state)
{
	(void)state;
	static const struct {
		const char *in, *want; /* "name|id|data;" for each event, then the last id */
	} cases[] = {
		{"data: a\n\n", "message||a;"},
		{"event: item.new\nid: e-1\ndata: {}\n\n", "item.new|e-1|{};e-1"},
		{": hello\r\nid:e-1\r\nevent:x\r\ndata:  b\r\n\r\n", "x|e-1| b;e-1"},
		{"data: a\ndata\ndata: b\n\n", "message||a\n\nb;"},
		{"id: e-5\n\n", "e-5"},
		{"id: e-5\n\ndata: x\n\n", "message|e-5|x;e-5"},
		{"event: lost\n\ndata: x\n\n", "message||x;"},
		{"data: a\n\nid: e-7\ndata: never ended\n", "message||a;"},
		{"dat: a\nretry: soon\nunknown\n\n", ""},
		{"retry: 250\n:\n\ndata:\n\n", "message||;"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t step = 1; step <= strlen(cases[i].in); step++) {
			struct sse sse = {0};
			struct tidings_event event;
			char got[256] = "";
			size_t at = 0;
			sse_init(&sse);
			for (size_t from = 0; from < strlen(cases[i].in); from += step) {
				size_t rest = strlen(cases[i].in) - from;
				assert_int_equal(sse_feed(&sse, cases[i].in + from,
							 step < rest ? step : rest),
					0);
				while (sse_next(&sse, &event) > 0)
					at += (size_t)snprintf(got + at, sizeof(got) - at,
						"%s|%s|%.*s;", event.name, event.id,
						(int)event.data_length, event.data);
			}
			snprintf(got + at, sizeof(got) - at, "%s", sse.last_id);
			assert_string_equal(got, cases[i].want);
			assert_int_equal(sse.retry_ms, i == 9 ? 250 : 0);
			sse_finish(&sse);
		}
	}
}

static void test_parser_bound(void **state)
{
	(void)state;
	struct sse sse = {0};
	struct tidings_event event;
	sse_init(&sse);
	sse.in.max = sse.data.max = 20;
	assert_int_equal(sse_feed(&sse, "data: 0123456789\n", 17), 0);
	assert_int_equal(sse_next(&sse, &event), 0);
	assert_int_equal(sse_feed(&sse, "data: 0123456789\n", 17), 0);
	assert_int_equal(sse_next(&sse, &event), TIDINGS_ERR_TOO_BIG);
	assert_int_equal(sse_feed(&sse, "012345678901234567890", 21), TIDINGS_ERR_TOO_BIG);
	sse_finish(&sse);
}

static void expect_event(
	struct tidings_events *events, const char *name, const char *id, const char *data)
{
	const struct tidings_event *event = NULL;
	assert_int_equal(tidings_events_next(events, 10000, &event), 1);
	assert_string_equal(event->name, name);
	assert_string_equal(event->id, id);
	assert_string_equal(event->data, data);
	assert_int_equal(event->data_length, strlen(data));
}

/* The first connection is cut within an event, the second is refused, the third goes on where the
 * last whole event was. */
static void test_reconnect(void **state)
{
	(void)state;
	const struct exchange exchanges[] = {
		{STREAM "retry: 1\n\nid: e-1\nevent: hello\ndata: {}\n\nid: e-2\nevent: "
			"item.new\ndata: 2\n\nid: e-3\ndata: hal",
			1, false},
		{"HTTP/1.1 503 No\r\nContent-Length: 21\r\n\r\n{\"detail\":\"starting\"}\n", 2,
			false},
		{STREAM "id: e-3\nevent: item.new\ndata: whole\n\nid: e-9\n\n", 0, false},
		{STREAM "event: reset\nid:\ndata: {}\n\n", 0, false},
	};
	struct server server;
	struct tidings_events *events;
	const struct tidings_event *event;
	server_start(&server, exchanges, 4);
	struct tidings *t = tidings_open(server.path);
	assert_int_equal(tidings_events_open(t, "e-0", "item,feed.error", &events), 0);
	expect_event(events, "hello", "e-1", "{}");
	expect_event(events, "item.new", "e-2", "2");
	assert_int_equal(tidings_events_next(events, 10000, &event), TIDINGS_ERR_CLOSED);
	assert_int_equal(tidings_events_next(events, 10000, &event), TIDINGS_ERR_HTTP);
	assert_int_equal(tidings_last_error(t)->status, 503);
	assert_string_equal(tidings_last_error(t)->text, "starting");
	expect_event(events, "item.new", "e-3", "whole");
	assert_int_equal(tidings_events_next(events, 10000, &event), TIDINGS_ERR_CLOSED);
	expect_event(events, "reset", "", "{}");
	tidings_events_close(events);
	tidings_close(t);
	server_stop(&server);
	assert_non_null(strstr(server.requests[0],
		"GET /api/v1/events?kinds=item,feed.error&since=e-0 HTTP/1.1\r\n"));
	assert_null(strstr(server.requests[0], "Last-Event-ID"));
	assert_non_null(strstr(
		server.requests[2], "GET /api/v1/events?kinds=item,feed.error HTTP/1.1\r\n"));
	assert_non_null(strstr(server.requests[2], "Last-Event-ID: e-2\r\n"));
	assert_non_null(strstr(server.requests[3], "Last-Event-ID: e-9\r\n"));
}

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

/* The same stream, chunked, in pieces of every length. */
static void test_split(void **state)
{
	(void)state;
	const char *answer = CHUNKED "10\r\nevent: a\ndata: 1\r\n12\r\n\n\nid: e-2\ndata: "
				     "tw\r\n13\r\no\n\nevent: c\ndata: 3\r\n2\r\n\n\n\r\n0\r\n\r\n";
	for (size_t step = 1; step <= strlen(answer); step++) {
		const struct exchange exchange = {.answer = answer, .step = step};
		struct server server;
		struct tidings_events *events;
		const struct tidings_event *event;
		server_start(&server, &exchange, 1);
		struct tidings *t = tidings_open(server.path);
		assert_int_equal(tidings_events_open(t, NULL, NULL, &events), 0);
		expect_event(events, "a", "", "1");
		expect_event(events, "message", "e-2", "two");
		expect_event(events, "c", "e-2", "3");
		assert_int_equal(tidings_events_next(events, 10000, &event), TIDINGS_ERR_CLOSED);
		tidings_events_close(events);
		tidings_close(t);
		server_stop(&server);
	}
}

/* In a loop of the caller's own the descriptor tells when to look, also after the connection was
 * lost. */
static void test_descriptor(void **state)
{
	(void)state;
	const struct exchange exchanges[] = {
		{STREAM "retry: 20\ndata: 1\n\n", 0, false},
		{STREAM "data: 2\n\n", 0, false},
	};
	struct server server;
	struct tidings_events *events;
	const struct tidings_event *event;
	int seen = 0;
	server_start(&server, exchanges, 2);
	struct tidings *t = tidings_open(server.path);
	assert_int_equal(tidings_events_open(t, NULL, NULL, &events), 0);
	struct pollfd pfd = {.fd = tidings_events_fd(events), .events = POLLIN};
	assert_int_equal(poll(&pfd, 1, 10000), 1); /* to connect */
	while (seen < 2) {
		int rc = tidings_events_next(events, 0, &event);
		if (rc > 0)
			assert_int_equal(event->data[0], '1' + seen++);
		else if (rc == 0)
			assert_int_equal(poll(&pfd, 1, 10000), 1);
	}
	assert_int_equal(pfd.fd, tidings_events_fd(events));
	tidings_events_close(events);
	tidings_close(t);
	server_stop(&server);
}

/* A daemon that is there but has not come to accept is not told as missing. */
static void test_queue_full(void **state)
{
	(void)state;
	struct server server = {0};
	struct tidings_events *events = NULL;
	const struct tidings_event *event;
	server_open(&server);
	assert_int_equal(listen(server.fd, 0), 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", server.path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	struct tidings *t = tidings_open(server.path);
	time_t begin = time(NULL);
	tidings_set_timeout(t, 100);
	assert_int_equal(tidings_request(t, "GET", "/api/v1/", NULL), TIDINGS_ERR_TIMEOUT);
	assert_true(time(NULL) - begin < 5); /* and not told after the client's own patience */
	assert_int_equal(tidings_events_open(t, NULL, NULL, &events), 0);
	assert_int_equal(tidings_events_next(events, 10000, &event), TIDINGS_ERR_TIMEOUT);
	tidings_events_close(events);
	tidings_close(t);
	close(fd);
	close(server.fd);
	unlink(server.path);
	rmdir(server.folder);
}

static void test_events_refused(void **state)
{
	(void)state;
	struct tidings_events *events = NULL;
	const struct tidings_event *event;
	const struct exchange silent = {.answer = NULL};
	struct server server;
	struct tidings *t = tidings_open("/nowhere/tidings.sock");
	assert_int_equal(tidings_events_open(t, "a b", NULL, &events), TIDINGS_ERR_ARGUMENT);
	assert_int_equal(tidings_events_open(t, NULL, "item&x=1", &events), TIDINGS_ERR_ARGUMENT);
	assert_null(events);
	assert_int_equal(tidings_events_open(t, NULL, NULL, &events), 0);
	assert_int_equal(tidings_events_next(events, -1, &event), TIDINGS_ERR_NO_DAEMON);
	assert_int_equal(tidings_last_error(t)->system_errno, ENOENT);
	assert_int_equal(tidings_events_next(events, 0, &event), 0); /* the pause */
	tidings_events_close(events);
	tidings_events_close(NULL);
	tidings_close(t);
	server_start(&server, &silent, 1);
	t = tidings_open(server.path);
	assert_int_equal(tidings_events_open(t, NULL, NULL, &events), 0);
	assert_int_equal(tidings_events_next(events, 50, &event), 0);
	tidings_events_close(events);
	tidings_close(t);
	server_stop(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_socket_path),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_bad_answers),
		cmocka_unit_test(test_no_daemon),
		cmocka_unit_test(test_parser),
		cmocka_unit_test(test_parser_bound),
		cmocka_unit_test(test_reconnect),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_descriptor),
		cmocka_unit_test(test_events_refused),
		cmocka_unit_test(test_queue_full),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
