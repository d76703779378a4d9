/* A web server on a Unix socket that says always the same. */
#include "support/answers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

static bool is_complete(const char *request)
{
	const char *end = strstr(request, "\r\n\r\n");
	const char *length = strstr(request, "Content-Length: ");

	return end && strlen(end + 4) >= (length ? strtoul(length + 16, NULL, 10) : 0);
}

static bool read_request(int fd, char *request, size_t size)
{
	size_t len = 0;
	ssize_t n = 1;

	request[0] = '\0';
	while (n > 0 && !is_complete(request) && len + 1 < size) {
		n = recv(fd, request + len, size - 1 - len, 0);
		len += n > 0 ? (size_t)n : 0;
		request[len] = '\0';
	}
	return is_complete(request);
}

static void answer(const struct answers *a, int fd, const char *request)
{
	static const struct answer_row none = {NULL, 500, "text/plain", "no such row"};
	const struct answer_row *row = a->rows;
	char head[200];

	while (row->request && strncmp(request, row->request, strlen(row->request)) != 0)
		row++;
	row = row->request ? row : &none;
	snprintf(head, sizeof(head),
		"HTTP/1.1 %d X\r\nContent-Type: %s\r\nConnection: close\r\n\r\n", row->status,
		row->type);
	if (send(fd, head, strlen(head), MSG_NOSIGNAL | MSG_MORE) > 0)
		(void)!send(fd, row->body, strlen(row->body), MSG_NOSIGNAL);
}

static void *serve(void *ctx)
{
	static char request[65536];
	struct answers *a = ctx;
	int fd;

	sem_post(&a->begun);
	fd = accept(a->fd, NULL, NULL);
	for (; fd >= 0; fd = accept(a->fd, NULL, NULL)) {
		if (read_request(fd, request, sizeof(request)))
			answer(a, fd, request);
		close(fd);
	}
	return NULL;
}

void answers_start(struct answers *a, const struct answer_row *rows)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	*a = (struct answers){.rows = rows};
	tmp_create(&a->tmp);
	snprintf(a->path, sizeof(a->path), "%s", tmp_path(&a->tmp, "s"));
	assert_true(strlen(a->path) < sizeof(address.sun_path));
	memcpy(address.sun_path, a->path, strlen(a->path));
	a->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(a->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(a->fd, 64), 0);
	assert_int_equal(sem_init(&a->begun, 0, 0), 0);
	assert_int_equal(pthread_create(&a->thread, NULL, serve, a), 0);
	while (sem_wait(&a->begun) != 0) {
	}
}

void answers_stop(struct answers *a)
{
	shutdown(a->fd, SHUT_RDWR);
	pthread_join(a->thread, NULL);
	sem_destroy(&a->begun);
	close(a->fd);
	tmp_remove(&a->tmp);
}
