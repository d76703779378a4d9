/* Somebody who reads along. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "web.h"

enum { BATCH = 300, IDS_BYTES = BATCH * 12, REPLY_BYTES = 8 << 20, TICK_MS = 20 };

static int ask(const char *socket_path, const char *request)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", socket_path);
	while (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		usleep(TICK_MS * 1000); /* the daemon is starting */
	if (fd < 0 || send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		_exit(1);
	return fd;
}

static char reply[REPLY_BYTES];

static const char *get(
	const char *socket_path, const char *method, const char *path, const char *body)
{
	char request[IDS_BYTES + 512];
	size_t len = 0;
	ssize_t n = 1;
	int fd;

	snprintf(request, sizeof(request),
		"%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: "
		"%zu\r\n\r\n%s",
		method, path, strlen(body), body);
	fd = ask(socket_path, request);
	while (n > 0 && len < sizeof(reply) - 1) {
		n = recv(fd, reply + len, sizeof(reply) - 1 - len, 0);
		len += n > 0 ? (size_t)n : 0;
	}
	reply[len] = '\0';
	close(fd);
	if (strncmp(reply, "HTTP/1.1 2", 10) != 0) {
		fprintf(stderr, "years: client: %s: %.600s\n", path, reply);
		_exit(1);
	}
	return reply;
}

/* The ids of a list that was answered, as JSON. */
static void take_ids(const char *list, const char *state, char *out, size_t size)
{
	size_t len = (size_t)snprintf(out, size, "{\"ids\":[0");

	for (const char *at = strstr(list, "{\"id\":"); at && len < size - 64;
		at = strstr(at + 1, "{\"id\":"))
		len += (size_t)snprintf(out + len, size - len, ",%lld", strtoll(at + 6, NULL, 10));
	snprintf(out + len, size - len, "],%s}", state);
	if (strncmp(out, "{\"ids\":[0,", 10) == 0)
		memmove(out + 8, out + 10, strlen(out + 10) + 1);
}

static void live_a_day(const char *socket_path)
{
	char body[IDS_BYTES];

	get(socket_path, "GET", "/api/v1/status", "");
	get(socket_path, "GET", "/api/v1/feeds?limit=1000", "");
	get(socket_path, "GET", "/api/v1/stories?limit=300", "");
	take_ids(get(socket_path, "GET", "/api/v1/items?limit=300", ""), "\"set\":{\"read\":true}",
		body, sizeof(body));
	get(socket_path, "POST", "/api/v1/items/batch", body);
	take_ids(get(socket_path, "GET", "/api/v1/items?limit=5", ""), "\"set\":{\"starred\":true}",
		body, sizeof(body));
	get(socket_path, "POST", "/api/v1/items/batch", body);
	get(socket_path, "GET", "/api/v1/changes?since=0&limit=1000", "");
	printf("    %s\n", strstr(get(socket_path, "GET", "/api/v1/db", ""), "\r\n\r\n") + 4);
	fflush(stdout);
}

void client_start(struct world *w, const char *socket_path)
{
	static char events[65536];
	struct pollfd stream;

	if (fork() != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	stream = (struct pollfd){
		.fd = ask(socket_path, "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n"),
		.events = POLLIN};
	for (;;) {
		if (poll(&stream, 1, TICK_MS) > 0) {
			ssize_t n = recv(stream.fd, events, sizeof(events), 0);

			if (n <= 0)
				_exit(0);
			w->told += n;
		}
		if (w->lived < w->days) {
			live_a_day(socket_path);
			w->lived++;
		}
	}
}
