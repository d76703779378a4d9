/* Binding the local socket (C19). */
#include "api/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

void listener_unlink(const struct listener *listener, const char *path)
{
	struct stat st;

	if (listener->bound && lstat(path, &st) == 0 && st.st_dev == listener->dev &&
		st.st_ino == listener->ino)
		unlink(path);
}
