/* One hop: one GET of one URL at the addresses of its host, without following redirects. */
#ifndef TIDINGS_FETCH_TRANSFER_H
#define TIDINGS_FETCH_TRANSFER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/list.h"
#include "fetch/fetch.h"
#include "fetch/header.h"
#include "fetch/multi.h"
#include "fetch/resolver.h"

/* The transfers of one fetcher and the handles that they use again. */
struct transfers {
	struct multi multi;
	struct list idle; /* of struct transfer */
	int idle_count;
	size_t body_bytes;       /* received by all that are under way, and held by requests */
	char *ca_file;           /* NULL: libcurl's */
	unsigned int configured; /* how often: handles of before are not used again */
};

/* What is asked. Strings and pointers stay valid until `done` or transfer_release(). */
struct hop {
	const char *url;  /* absolute http or https, without userinfo and fragment */
	const char *host; /* of the URL, without brackets */
	uint16_t port;
	struct addresses addresses;
	const char *user; /* NULL: no credentials */
	const char *password;
	const char *const *headers;    /* the feed's own, NULL-terminated; NULL: none */
	const struct fetch_site *site; /* what it says beside secrets; NULL: nothing */
	bool image;                    /* see fetch_request */
	bool no_verify;
	const char *peer; /* who is connected to, in words */
	bool proxied;     /* `addresses` are the proxy's */
	uint16_t proxy_port;
	bool socks;
	const char *proxy_user, *proxy_password;
	struct curl_slist *cookies; /* of the hops before (A40), taken over */
	const char *etag;           /* validators to send, or NULL */
	const char *last_modified;
	bool keep_connection; /* others want the same host soon (A38) */
	int64_t started_ms;   /* on the loop's clock: the time-outs count from here */
	const struct fetch_options *options;
	struct arena *arena; /* for header values */
	struct buf *body;    /* emptied, then filled by a 200 or 203, as received */
};

/* A header value that is missing is NULL. */
struct transfer {
	/* the answer, for `done` */
	int status; /* 0: none came */
	const char *values[HEADER_COUNT];
	uint64_t wire_bytes;
	bool asked;       /* a request was ready to leave, on a connection */
	struct err error; /* code 0 when an answer came whole (of other answers than 200 and 203 the
			     head is enough) */
	bool framed;      /* the body told its own end */

	/* private */
	struct list node;
	struct transfers *pool;
	CURL *easy;
	struct hop hop;
	int next;       /* index of the address that comes next */
	bool v6_failed; /* and IPv4 did not (A49) */
	bool repeated;  /* from the start, since this program stood still */
	bool once;      /* the handle has options that others must not see */
	unsigned int configured;
	int unanswered; /* requests of this attempt that no head has answered */
	bool under_way;
	bool head_done;
	int stop; /* why a callback of ours ended it, see verdict_stop(); or 0 */
	struct err blocked;
	struct err reached; /* what came of an earlier address, where somebody was; or code 0 */
	int os_error;       /* why there was no socket, as errno; 0 */
	size_t body_bytes;
	size_t held_bytes; /* of the body, counted in the pool, too */
	size_t head_bytes;
	struct curl_slist *headers;
	struct curl_slist accept;
	struct curl_slist connect_to;
	char connect_text[INET6_ADDRSTRLEN + 24];
	char curl_text[CURL_ERROR_SIZE];
	void (*done)(struct transfer *t);
	void *ctx;
};

/* `ca_file` NULL: the system's. ERR_NOMEM leaves nothing behind. */
int transfers_init(struct transfers *pool, uv_loop_t *loop, const char *ca_file)
	__attribute__((warn_unused_result));

/* For transfers that start later. ERR_NOMEM: nothing changed. */
int transfers_configure(struct transfers *pool, const char *ca_file)
	__attribute__((warn_unused_result));

/* All transfers must have been released. */
void transfers_close(struct transfers *pool, void (*closed)(void *ctx), void *ctx);

/* `done` comes once from the loop, never from inside this call, unless the transfer is released
 * before. ERR_NOMEM. */
int transfer_start(struct transfers *pool, const struct hop *hop, void (*done)(struct transfer *t),
	void *ctx, struct transfer **ret_transfer) __attribute__((warn_unused_result));

/* The cookies of this hop and those before, for the next one or curl_slist_free_all(); NULL: none.
 */
struct curl_slist *transfer_cookies(struct transfer *t);

/* The body's bytes are the request's to count from now on. */
size_t transfer_hand_over(struct transfer *t);

/* Ends it without `done` if it is under way, and puts the handle back. Takes NULL. May be called
 * from `done`. */
void transfer_release(struct transfer *t);

#endif
