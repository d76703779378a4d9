/* URL and validators -> document and verdict: one conditional GET with its redirects, or one local
 * file. */
#ifndef TIDINGS_FETCH_FETCH_H
#define TIDINGS_FETCH_FETCH_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "fetch/guard.h"

/* The one place that makes curl handles (C2). Everything here but fetch_decode() runs on the loop
 * thread; files are read by pool jobs. libcurl never resolves a name: c-ares does, on the loop, and
 * the address goes in by CURLOPT_CONNECT_TO. */
struct fetcher;

struct fetch_options {
	const char *user_agent;
	int connections_max; /* transfers under way at once, 1-1000; further ones wait here */
	int64_t connect_timeout_ms; /* name and connection together, each hop */
	int64_t total_timeout_ms;   /* one hop from start to last byte */
	int64_t low_speed_ms;       /* under 100 bytes/s for so long ends the transfer */
	size_t body_max_bytes;      /* decoded bytes of one document */
	struct guard guard;
	const char *name_servers; /* "127.0.0.1:5353,[::1]:53" instead of those of /etc/resolv.conf;
				     NULL: those. Read by fetcher_create() only */
	const char *const *file_roots; /* folders below which file: URLs may be read, absolute;
					  NULL-terminated, NULL: none */
	const char *proxy;             /* as fetch_proxy_check() takes it; NULL: none (A47) */
	const char *ca_file; /* certificates to trust; NULL: the system's. Read anew at each
				fetcher_configure(), and each hour (A51) */
};

/* `options` is copied, its strings too. The process must ignore SIGPIPE. ERR_NOMEM, ERR_RESOLVER,
 * ERR_INTERNAL. */
int fetcher_create(uv_loop_t *loop, const struct fetch_options *options,
	struct fetcher **ret_fetcher, struct err *e) __attribute__((warn_unused_result));

/* Takes effect for fetches that start later, and forgets cached names. On failure the old options
 * stay. */
int fetcher_configure(struct fetcher *f, const struct fetch_options *options)
	__attribute__((warn_unused_result));

/* Ends all fetches (each gets its callback with ERR_CANCELED), closes every handle, then calls
 * `stopped` once, never from inside this call; after it fetcher_destroy() may be called. */
void fetcher_stop(struct fetcher *f, void (*stopped)(void *ctx), void *ctx);
void fetcher_destroy(struct fetcher *f);

int fetcher_active(const struct fetcher *f); /* fetches started and not yet called back */

/* Fetches that have waited for FETCH_PATIENCE_MS and longer without a byte: they do not count
 * against connections_max, so that servers that say nothing keep nobody waiting (B7). There are at
 * most fetch_parked_max() of them. `room` is called, by the loop, when there are more than before.
 */
int fetcher_parked(const struct fetcher *f);
void fetcher_on_room(struct fetcher *f, void (*room)(void *ctx), void *ctx);
int fetch_parked_max(int connections_max);

enum fetch_verdict {
	FETCH_FAILED,       /* see result.error */
	FETCH_DOCUMENT,     /* 200 with a whole body, see fetch_decode() */
	FETCH_NOT_MODIFIED, /* 304, or a file with the same stamp */
};

/* What came of a fetch. Strings live in the request's arena; the body is the request's `body`. */
struct fetch_result {
	enum fetch_verdict verdict;
	struct err error; /* code 0 unless FETCH_FAILED; the text names cause and host in words for
			     people */
	int status;       /* HTTP status of the last hop, 0 when there was none */
	/* Of the last hop, without userinfo and fragment: the base of the document's links, and the
	 * validators_url of the next fetch. NULL when the request's URL is not valid. */
	const char *url;
	int hops;              /* redirects followed */
	bool permanent;        /* at least one redirect, and every one a 301 or 308 */
	const char *moved_url; /* when `permanent`: `url`, with the userinfo of the request's URL
				  where it goes to the same origin */
	const char *etag; /* as received, byte for byte; NULL when the answer had none (A2, A3) */
	const char *last_modified;
	const char *content_type;
	bool whole;         /* the transfer itself told its end: by length, last chunk or HTTP/2 */
	const char *link;   /* the Link field (RFC 8288) */
	const char *coding; /* the Content-Encoding that the body still has; NULL: none */
	int64_t fresh_ms; /* for how long the server calls its answer fresh (A10), 0 .. 7 days; -1:
			     not said */
	bool expires;     /* it names the moment (Expires), and no age */
	int64_t retry_after_ms; /* from now, clamped to 0 .. 24 h; -1: none given, or a date in the
				   past (A18) */
	int64_t used_up_ms;     /* for how long the server takes no further requests, by its own
				   count of them, 0 .. 24 h; -1: it does, or did not say */
	bool asked;             /* after ERR_CANCELED: a server was, whatever came of it */
	uint64_t wire_bytes;    /* received, headers included, all hops */
	int64_t duration_ms;    /* first start to end */
};

/* What a user set for one feed. */
struct fetch_site {
	/* Secrets go to the origin of this URL alone (A45), and only there certificates may go
	 * unchecked (A51). NULL: nowhere. */
	const char *url;
	const char *user, *password; /* instead of those in the request's URL; NULL: none */
	const char *const *headers;  /* "Name: value"; NULL-terminated, NULL: none */
	bool digest;                 /* instead of basic */
	bool no_verify;              /* any certificate will do */
	/* The rest holds for every hop. */
	const char *user_agent; /* NULL: the options' */
	const char *proxy;      /* NULL: the options', "": none */
	bool http1;             /* no HTTP/2 (A37) */
};

/* One fetch: owned by the caller, at a fixed address from fetch_start() until `done` has been
 * called. */
struct fetch_request {
	const char *url;
	const char *etag; /* validators to send, or NULL */
	const char *last_modified;
	const char *validators_url; /* they go only to the hop with this URL, userinfo and fragment
				       aside (A6) */
	bool keep_connection; /* a further request to this host comes within a minute (A38); what
				 waits in here is known anyway */
	const struct fetch_site *site; /* until `done`; NULL: nothing was set */
	bool image;                    /* asks for an image, instead of a feed */
	size_t body_max_bytes;         /* 0: the options' */
	struct arena *arena; /* for the strings of the result; touched until `done`, and by
				fetch_decode() */
	struct buf body; /* empty at the start; holds the document at the end, as received, until
			    fetch_release(): fetch_decode() comes before it is read */

	/* Politeness on redirects: asked before each hop to another host and port (for the first
	 * one only if `admit_first`), with the hop's URL; returns 0, or after how many ms to ask
	 * again. Negative: that host asked to be left alone for so long yet; the fetch ends
	 * with ERR_BUSY and retry_after_ms. NULL: no waiting. */
	int64_t (*admit)(void *ctx, const char *url);
	void *admit_ctx;
	bool admit_first;

	/* Exactly once, never from inside fetch_start(); request and result may be reused or freed
	 * inside. */
	void (*done)(struct fetch_request *request, const struct fetch_result *result);
	void *ctx;

	void *state;       /* of the fetcher while under way */
	size_t held_bytes; /* of the body, as the fetcher counts it */
};

/* Starts. A non-zero return means `done` never comes (ERR_NOMEM, ERR_BUSY while stopping); whatever
 * is wrong with the URL comes through `done`. */
int fetch_start(struct fetcher *f, struct fetch_request *request)
	__attribute__((warn_unused_result));

/* Ends it soon with ERR_CANCELED through `done`. */
void fetch_cancel(struct fetcher *f, struct fetch_request *request);

/* After `done`, on any thread, by who owns the request then; blocks for as long as it takes. Makes
 * of the body of a FETCH_DOCUMENT the document, decoded, of at most body_max_bytes; one that is
 * damaged inside gzip stays as it is, for the parser to take what is whole. If that cannot be done,
 * or nothing is left, the result becomes what it is after a fetch that failed: FETCH_FAILED with an
 * error, and the body is empty. */
void fetch_decode(struct fetch_request *request, struct fetch_result *result);

/* Gives the document back, which counts against FETCH_BODIES_MAX until then. Takes a request that
 * has none. */
void fetch_release(struct fetcher *f, struct fetch_request *request);

/* 0 for "http://[USER:PASSWORD@]HOST:PORT" and "socks5h://..." (names are then looked up by the
 * proxy), else ERR_INVALID or ERR_NOMEM. */
int fetch_proxy_check(const char *url) __attribute__((warn_unused_result));

#endif
