/* The listening sockets: made at a path without taking over anybody's, or at an address; or handed
 * over by systemd. */
#ifndef TIDINGS_API_LISTENER_H
#define TIDINGS_API_LISTENER_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/err.h"

struct listener {
	int fd;     /* listening, non-blocking, close-on-exec */
	bool bound; /* the file at `path` is ours to remove */
	dev_t dev;
	ino_t ino;
};

/* Binds and listens; the mode is in force from the first moment. A living daemon behind the path is
 * ERR_BUSY, told with its pid; a stale socket of our own uid is replaced; anything else there (a
 * file, a symlink, another user's socket) is ERR_EXISTS. ERR_TOO_BIG for a path over 107 bytes;
 * ERR_NOT_FOUND, ERR_DENIED and others of the system. */
int listener_open(const char *path, mode_t mode, struct listener *ret_listener, struct err *e)
	__attribute__((warn_unused_result));

/* Takes a listening Unix socket of systemd (sd_listen_fds(3)); ERR_INVALID for any other
 * descriptor. */
int listener_adopt(int fd, struct listener *ret_listener, struct err *e)
	__attribute__((warn_unused_result));

/* -- TCP; a family of 0 is no address -- */

enum { LISTENER_TEXT_BYTES = 64 };

/* "127.0.0.1:8899" or "[::1]:8899": names are refused, what they mean may change. ERR_INVALID. */
int listener_parse(const char *text, struct sockaddr_storage *ret_address)
	__attribute__((warn_unused_result));

/* The same the other way, "" for none. Returns `out`. */
const char *listener_text(const struct sockaddr_storage *address, char out[LISTENER_TEXT_BYTES]);

/* Nobody from outside reaches it. */
bool listener_is_loopback(const struct sockaddr_storage *address);

/* Binds and listens. ERR_BUSY: another program has the port; ERR_DENIED and others of the system.
 */
int listener_open_tcp(const struct sockaddr_storage *address, int *ret_fd, struct err *e)
	__attribute__((warn_unused_result));

/* Takes a listening TCP socket of systemd and tells where it listens; ERR_INVALID for any other
 * descriptor. */
int listener_adopt_tcp(int fd, struct sockaddr_storage *ret_address, struct err *e)
	__attribute__((warn_unused_result));

/* Removes the file at `path` if it is still the one that was made. The descriptor belongs to
 * whoever took it. */
void listener_unlink(const struct listener *listener, const char *path);

#endif
