/* Who is at the other end of a Unix socket, and what they may do. */
#ifndef TIDINGS_API_PEER_H
#define TIDINGS_API_PEER_H

#include <sys/types.h>

#include "api/api.h"

struct peer {
	uid_t uid;
	gid_t gid;
	pid_t pid; /* for logs only: it may be another process by now */
	enum api_right right;
};

/* Reads the credentials that the kernel noted when the peer connected (SO_PEERCRED, SO_PEERGROUPS;
 * unix(7)) and finds the right they give: nothing that the peer says counts (C5). API_NONE when
 * they cannot be read. */
void peer_read(int fd, const struct api_access *access, struct peer *ret_peer);

#endif
