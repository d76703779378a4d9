/* Who is at the other end of a connection, and what they may do. */
#ifndef TIDINGS_API_PEER_H
#define TIDINGS_API_PEER_H

#include <sys/types.h>

#include "api/api.h"

struct peer {
	bool tcp;
	unsigned char address[16]; /* IPv6, or IPv4 as mapped into it (RFC 4291, 2.5.5.2); of a Unix
				      socket's peer the uid */
	uid_t uid;                 /* -1 by TCP */
	gid_t gid;
	pid_t pid;            /* for logs only: it may be another process by now */
	enum api_right right; /* API_NONE by TCP: what credentials give is the request's */
};

/* Reads the credentials that the kernel noted when the peer connected (SO_PEERCRED, SO_PEERGROUPS;
 * unix(7)) and finds the right they give: nothing that the peer says counts (C5). API_NONE when
 * they cannot be read. */
void peer_read(int fd, const struct api_access *access, struct peer *ret_peer);

/* Of a TCP connection. */
void peer_read_tcp(int fd, struct peer *ret_peer);

enum { PEER_TEXT_BYTES = 64 };

/* "uid 1000", or the address. Returns `out`. */
const char *peer_text(const struct peer *peer, char out[PEER_TEXT_BYTES]);

#endif
