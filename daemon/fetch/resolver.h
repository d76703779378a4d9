/* Names to addresses without ever blocking the loop: c-ares, a bounded cache, one query for all who
 * ask at the same time. */
#ifndef TIDINGS_FETCH_RESOLVER_H
#define TIDINGS_FETCH_RESOLVER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <uv.h>

#include "base/err.h"
#include "base/list.h"
#include "limits.h"

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* In the order in which they are to be tried: RFC 6724's, by c-ares, but the families take turns,
 * and IPv6 that comes first comes once more at the end if IPv4 follows: it gets only a moment at
 * first (A49). Ports are 0. */
struct addresses {
	union address list[RESOLVER_ADDRESSES_MAX];
	int count;
};

/* One who waits for a name. Owned by the caller, at a fixed address until `done` or
 * resolver_cancel(). */
struct lookup {
	struct list node;
	void (*done)(struct lookup *lookup, const struct addresses *addresses,
		const struct err *e); /* e->code 0: found */
};

struct resolver_options {
	const char *servers; /* "127.0.0.1:5353,..." for tests; NULL: those of /etc/resolv.conf */
	const char *config;  /* NULL: /etc/resolv.conf; read again when it changes, unless `servers`
				are given */
	uint16_t port;       /* of the servers in that file; 0: 53 */
	int try_ms;          /* first wait for an answer, doubled each round; 0: 1,500 */
};

struct resolver;

/* The strings are used during the call only. ERR_NOMEM, ERR_RESOLVER (no servers could be set up).
 */
int resolver_create(uv_loop_t *loop, const struct resolver_options *options,
	struct resolver **ret_resolver, struct err *e) __attribute__((warn_unused_result));

enum { LOOKUP_PENDING = 1 };

/* `host` in lower case, without brackets, at most 255 bytes. 0: *ret_addresses holds them now (a
 * literal address in any spelling that inet_aton() takes, or a cached name), valid until the loop
 * turns. LOOKUP_PENDING: `lookup->done` comes once, later. Else an error: ERR_DNS (there is no such
 * name, cached for 60 s), ERR_RESOLVER (no name server gave an answer), ERR_BLOCKED (.onion, RFC
 * 7686). */
int resolver_lookup(struct resolver *r, const char *host, struct lookup *lookup,
	const struct addresses **ret_addresses, struct err *e) __attribute__((warn_unused_result));

/* `done` will not come. Harmless when it was never started (node initialised) or has come. */
void resolver_cancel(struct lookup *lookup);

/* IPv6 did not answer and IPv4 did: it goes first for a while (A49). */
void resolver_prefer_v4(struct resolver *r, const char *host);

/* True for an address in any spelling that inet_aton() takes; its port is 0. */
bool resolver_literal(const char *host, union address *ret_address);

/* A name of Tor's (RFC 7686). */
bool resolver_is_onion(const char *host);

/* Forgets what is cached. */
void resolver_flush(struct resolver *r);

/* No lookups may be waiting. `closed` comes later from the loop, the memory is freed then. */
void resolver_close(struct resolver *r, void (*closed)(void *ctx), void *ctx);

#endif
