/* What systemd wants to hear and has to give. */
#include "sdnotify.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LISTEN_FD_FIRST = 3, MESSAGE_BYTES = 512 };

void sdnotify_send(const char *format, ...)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	char message[MESSAGE_BYTES];
	size_t len = path ? strlen(path) : 0;
	va_list args;
	int fd;

	if (!len || len >= sizeof(address.sun_path))
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	memcpy(address.sun_path, path, len);
	if (path[0] == '@')
		address.sun_path[0] = '\0'; /* an abstract address */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	/* nobody to tell when this fails: the manager then sees a service that is silent */
	(void)!sendto(fd, message, strlen(message), MSG_NOSIGNAL, (struct sockaddr *)&address,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
}

static long variable(const char *name)
{
	const char *text = getenv(name);

	return text ? strtol(text, NULL, 10) : 0;
}

void sdnotify_listen_fds(int *ret_unix, int *ret_tcp)
{
	long count = variable("LISTEN_PID") == (long)getpid() ? variable("LISTEN_FDS") : 0;

	*ret_unix = *ret_tcp = -1;
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	for (int fd = LISTEN_FD_FIRST; fd < LISTEN_FD_FIRST + count; fd++) {
		struct sockaddr_storage address = {0};
		socklen_t len = sizeof(address);

		fcntl(fd, F_SETFD, FD_CLOEXEC);
		if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
			continue;
		if (address.ss_family == AF_UNIX && *ret_unix < 0)
			*ret_unix = fd;
		if ((address.ss_family == AF_INET || address.ss_family == AF_INET6) && *ret_tcp < 0)
			*ret_tcp = fd;
	}
}
