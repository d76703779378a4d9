/* Which addresses and ports may be contacted: the wall against requests into private networks
 * (C1-C3). */
#ifndef TIDINGS_FETCH_GUARD_H
#define TIDINGS_FETCH_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"

enum { GUARD_NETWORKS_MAX = 64 };

/* An allowed network: IPv4 is kept as v4-mapped. */
struct guard_network {
	uint8_t address[16];
	uint8_t prefix_bits;
};

/* Pure data: copied freely, read by any thread. A zeroed guard allows public addresses only. */
struct guard {
	struct guard_network allowed[GUARD_NETWORKS_MAX];
	size_t allowed_count;
};

/* Adds "127.0.0.0/8", "::1", "fd00::/8". ERR_INVALID, ERR_TOO_BIG when the table is full. */
int guard_allow(struct guard *g, const char *cidr, struct err *e)
	__attribute__((warn_unused_result));

/* 0, or ERR_BLOCKED with the reason ("127.0.0.1 is a loopback address; allow it with allow = { ...
 * }"). Called for the address actually connected to, on each hop: loopback, private, link-local,
 * shared, documentation, benchmark, multicast, reserved, and IPv6 forms that embed such an IPv4
 * address (mapped, NAT64, 6to4, Teredo) are denied. A port that belongs to another protocol (the
 * fetch standard's bad ports) is denied unless the address is in an allowed network. */
int guard_check(const struct guard *g, const struct sockaddr *address, struct err *e)
	__attribute__((warn_unused_result));

#endif
