/* Binding the local socket (C19), and one for TCP. */
#include "api/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 511 };

static int fill_address(const char *path, struct sockaddr_un *ret_address, struct err *e)
{
	size_t len = strlen(path);

	*ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (len == 0)
		return err_set(e, ERR_INVALID, "the socket has no path");
	if (len >= sizeof(ret_address->sun_path))
		return err_set(e, ERR_TOO_BIG,
			"the socket's path has %zu bytes, at most %zu are possible: %s", len,
			sizeof(ret_address->sun_path) - 1, path);
	memcpy(ret_address->sun_path, path, len);
	return 0;
}

static int fail(struct err *e, const char *what, const char *path)
{
	int errnum = errno;
	char text[ERR_TEXT_BYTES];

	snprintf(text, sizeof(text), "%s %s", what, path);
	return err_from_errno(e, errnum, text);
}

/* Asks who answers at the address: 0 nobody, ERR_BUSY a living daemon. */
static int probe(int fd, const struct sockaddr_un *address, struct err *e)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);

	if (connect(fd, (const struct sockaddr *)(const void *)address, sizeof(*address)) < 0) {
		if (errno == ECONNREFUSED || errno == ENOENT)
			return 0;
		if (errno != EAGAIN) /* its backlog is full: it lives */
			return fail(e, "look who listens at", address->sun_path);
		return err_set(
			e, ERR_BUSY, "a busy daemon listens at %s already", address->sun_path);
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return fail(e, "look who listens at", address->sun_path);
	return err_set(e, ERR_BUSY, "process %ld of user %lu listens at %s already", (long)cred.pid,
		(unsigned long)cred.uid, address->sun_path);
}

static int new_socket(int *ret_fd, struct err *e)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return fail(e, "make", "a socket");
	*ret_fd = fd;
	return 0;
}

static int remove_stale(const struct sockaddr_un *address, struct err *e)
{
	const char *path = address->sun_path;
	struct stat st;
	int fd = -1;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : fail(e, "look at", path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(e, ERR_EXISTS, "something that is not a socket stands at %s", path);
	if (st.st_uid != geteuid())
		return err_set(e, ERR_EXISTS, "the socket at %s belongs to user %lu", path,
			(unsigned long)st.st_uid);
	int code = new_socket(&fd, e);
	if (code < 0)
		return code;
	code = probe(fd, address, e);
	close(fd);
	if (code == 0 && unlink(path) < 0 && errno != ENOENT)
		return fail(e, "remove the stale socket", path);
	return code;
}

/* Binds with the mode given. chmod() afterwards would leave a moment in which others could connect.
 */
static int bind_with_mode(int fd, const struct sockaddr_un *address, mode_t mode)
{
	mode_t before = umask(~mode & 0777);
	int result = bind(fd, (const struct sockaddr *)(const void *)address, sizeof(*address));
	int errnum = errno;

	umask(before);
	errno = errnum;
	return result;
}

int listener_open(const char *path, mode_t mode, struct listener *ret_listener, struct err *e)
{
	struct sockaddr_un address;
	struct stat st;
	int fd = -1;

	int code = fill_address(path, &address, e);
	if (code == 0)
		code = remove_stale(&address, e);
	if (code == 0)
		code = new_socket(&fd, e);
	if (code < 0)
		return code;
	if (bind_with_mode(fd, &address, mode) < 0) {
		code = fail(e, "bind", path);
		goto close_fd;
	}
	if (lstat(path, &st) < 0 || listen(fd, BACKLOG) < 0) {
		code = fail(e, "listen at", path);
		goto unlink_path;
	}
	*ret_listener =
		(struct listener){.fd = fd, .bound = true, .dev = st.st_dev, .ino = st.st_ino};
	return 0;

unlink_path:
	unlink(path);
close_fd:
	close(fd);
	return code;
}

static int socket_option(int fd, int option)
{
	int value = -1;
	socklen_t size = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &size) < 0 ? -1 : value;
}

int listener_adopt(int fd, struct listener *ret_listener, struct err *e)
{
	if (socket_option(fd, SO_DOMAIN) != AF_UNIX || socket_option(fd, SO_TYPE) != SOCK_STREAM ||
		socket_option(fd, SO_ACCEPTCONN) != 1)
		return err_set(
			e, ERR_INVALID, "descriptor %d is not a listening Unix stream socket", fd);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return fail(e, "take over", "the listening descriptor");
	*ret_listener = (struct listener){.fd = fd};
	return 0;
}

/* -- TCP -- */

static int read_port(const char *text, in_port_t *ret_port)
{
	size_t len = strlen(text);

	if (len == 0 || len > 5 || strspn(text, "0123456789") != len)
		return ERR_INVALID;
	unsigned long port = strtoul(text, NULL, 10);
	*ret_port = htons((uint16_t)port);
	return port >= 1 && port <= UINT16_MAX ? 0 : ERR_INVALID;
}

int listener_parse(const char *text, struct sockaddr_storage *ret_address)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret_address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret_address;
	char host[INET6_ADDRSTRLEN];
	const char *colon = strrchr(text, ':');
	bool brackets = text[0] == '[';
	size_t len = colon ? (size_t)(colon - text) : 0;

	*ret_address = (struct sockaddr_storage){0};
	if (len < 3 || len >= sizeof(host) || (brackets && colon[-1] != ']'))
		return ERR_INVALID;
	snprintf(host, sizeof(host), "%.*s", (int)len - 2 * brackets, text + brackets);
	ret_address->ss_family = brackets ? AF_INET6 : AF_INET;
	if (brackets && inet_pton(AF_INET6, host, &v6->sin6_addr) == 1)
		return read_port(colon + 1, &v6->sin6_port);
	if (!brackets && inet_pton(AF_INET, host, &v4->sin_addr) == 1)
		return read_port(colon + 1, &v4->sin_port);
	return ERR_INVALID;
}

const char *listener_text(const struct sockaddr_storage *address, char out[LISTENER_TEXT_BYTES])
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
	char host[INET6_ADDRSTRLEN] = "";

	out[0] = '\0';
	if (address->ss_family == AF_INET && inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host)))
		snprintf(out, LISTENER_TEXT_BYTES, "%s:%d", host, ntohs(v4->sin_port));
	if (address->ss_family == AF_INET6 &&
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host)))
		snprintf(out, LISTENER_TEXT_BYTES, "[%s]:%d", host, ntohs(v6->sin6_port));
	return out;
}

bool listener_is_loopback(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;

	if (address->ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
	return address->ss_family == AF_INET && ntohl(v4->sin_addr.s_addr) >> 24 == 127;
}

static int fail_at(struct err *e, const struct sockaddr_storage *address)
{
	char text[LISTENER_TEXT_BYTES];

	listener_text(address, text);
	if (errno != EADDRINUSE)
		return fail(e, "listen at", text);
	return err_set(e, ERR_BUSY,
		"another program listens at %s already: choose another port for listen", text);
}

int listener_open_tcp(const struct sockaddr_storage *address, int *ret_fd, struct err *e)
{
	static const int yes = 1;
	bool six = address->ss_family == AF_INET6;
	socklen_t size = six ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return fail(e, "make", "a socket");
	/* The connections of the daemon before us may linger; a listener among them still counts.
	 */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
		(six && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes)) < 0) ||
		bind(fd, (const struct sockaddr *)address, size) < 0 || listen(fd, BACKLOG) < 0) {
		int code = fail_at(e, address);
		close(fd);
		return code;
	}
	*ret_fd = fd;
	return 0;
}

int listener_adopt_tcp(int fd, struct sockaddr_storage *ret_address, struct err *e)
{
	socklen_t size = sizeof(*ret_address);
	int domain = socket_option(fd, SO_DOMAIN);

	*ret_address = (struct sockaddr_storage){0};
	if ((domain != AF_INET && domain != AF_INET6) ||
		socket_option(fd, SO_TYPE) != SOCK_STREAM ||
		socket_option(fd, SO_ACCEPTCONN) != 1 ||
		getsockname(fd, (struct sockaddr *)ret_address, &size) < 0)
		return err_set(e, ERR_INVALID, "descriptor %d is not a listening TCP socket", fd);
	return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? fail(e, "take over", "the TCP socket") : 0;
}

void listener_unlink(const struct listener *listener, const char *path)
{
	struct stat st;

	if (listener->bound && lstat(path, &st) == 0 && st.st_dev == listener->dev &&
		st.st_ino == listener->ino)
		unlink(path);
}
