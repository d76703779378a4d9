/* Peer credentials and the rules of access. */
#include "api/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The supplementary groups as a list to free(); NULL with *ret_count 0 when there are none to be
 * had. */
static gid_t *read_groups(int fd, size_t *ret_count)
{
	socklen_t size = 0;
	gid_t none;
	gid_t *groups;

	*ret_count = 0;
	/* The first call fails and says how much it takes. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, &none, &size) == 0 || errno != ERANGE)
		return NULL;
	groups = malloc(size);
	if (groups && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0)
		*ret_count = size / sizeof(*groups);
	return groups;
}

static bool has_group(gid_t gid, const struct peer *peer, const gid_t *groups, size_t count)
{
	if (peer->gid == gid)
		return true;
	for (size_t i = 0; i < count; i++) {
		if (groups[i] == gid)
			return true;
	}
	return false;
}

static enum api_right best_right(int fd, const struct api_access *access, const struct peer *peer)
{
	size_t count;
	enum api_right right = API_NONE;

	if (peer->uid == 0 || peer->uid == geteuid())
		return API_WRITE;
	gid_t *groups = read_groups(fd, &count);
	for (int i = 0; i < access->count; i++) {
		bool matches = access->rules[i].group
				       ? has_group(access->rules[i].id, peer, groups, count)
				       : peer->uid == access->rules[i].id;
		if (matches && access->rules[i].right > right)
			right = access->rules[i].right;
	}
	free(groups);
	return right;
}

void peer_read(int fd, const struct api_access *access, struct peer *ret_peer)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);

	*ret_peer = (struct peer){.uid = (uid_t)-1, .gid = (gid_t)-1, .right = API_NONE};
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0 || cred.uid == (uid_t)-1)
		return;
	ret_peer->uid = cred.uid;
	memcpy(ret_peer->address, &cred.uid, sizeof(cred.uid));
	ret_peer->gid = cred.gid;
	ret_peer->pid = cred.pid;
	ret_peer->right = best_right(fd, access, ret_peer);
}

void peer_read_tcp(int fd, struct peer *ret_peer)
{
	struct sockaddr_storage storage = {0};
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&storage;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&storage;
	socklen_t size = sizeof(storage);

	*ret_peer =
		(struct peer){.tcp = true, .uid = (uid_t)-1, .gid = (gid_t)-1, .right = API_NONE};
	if (getpeername(fd, (struct sockaddr *)&storage, &size) < 0)
		return; /* gone: nobody reads the answer */
	if (storage.ss_family == AF_INET6) {
		memcpy(ret_peer->address, &v6->sin6_addr, 16);
	} else {
		memset(ret_peer->address + 10, 0xff, 2);
		memcpy(ret_peer->address + 12, &v4->sin_addr, 4);
	}
}

const char *peer_text(const struct peer *peer, char out[PEER_TEXT_BYTES])
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (!peer->tcp)
		snprintf(out, PEER_TEXT_BYTES, "uid %u", (unsigned)peer->uid);
	else if (memcmp(peer->address, mapped, sizeof(mapped)) == 0)
		inet_ntop(AF_INET, peer->address + 12, out, PEER_TEXT_BYTES);
	else
		inet_ntop(AF_INET6, peer->address, out, PEER_TEXT_BYTES);
	return out;
}
