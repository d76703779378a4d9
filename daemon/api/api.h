/* The local socket: HTTP/1.1 and JSON on a Unix socket, native routes and the event stream. */
#ifndef TIDINGS_API_API_H
#define TIDINGS_API_API_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <uv.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/model.h"
#include "store/store.h"

/* Everything here runs on the loop thread; queries run as store_read() jobs, changes as
 * store_write() jobs. */
struct api;

enum { API_ACCESS_MAX = 64 };

enum api_right {
	API_NONE,
	API_READ,
	API_WRITE,
	API_OWN, /* ... and to let others in: whoever may write, comes by the Unix socket and shows
		    no credentials */
};

/* Who may do what, by the peer's credentials (SO_PEERCRED, SO_PEERGROUPS). The daemon's own uid and
 * root may always write. */
struct api_access {
	struct {
		bool group; /* id is a gid */
		uint32_t id;
		enum api_right right;
	} rules[API_ACCESS_MAX]; /* the best matching right wins */
	int count;
};

struct api_options {
	const char *socket_path;
	mode_t socket_mode; /* set by umask around bind, not by chmod afterwards */
	int listen_fd;      /* a socket handed over by systemd, or -1 */
	int clients_max;    /* connections at once; an eighth is for the daemon's own uid and root
			       alone, another uid gets three quarters at the most, and all that
			       come by TCP together a half */
	struct api_access access;

	/* TCP, where every request needs credentials. */
	struct sockaddr_storage listen; /* family 0: none */
	int tcp_fd;                     /* handed over by systemd, in place of `listen`; or -1 */
	bool allow_remote;              /* else only loopback addresses */
	const char *const *hosts, *const *origins; /* see admit.h; NULL-terminated, or NULL; lent
						      until the next api_configure() */
	bool distrust; /* `access` gives nothing: who comes by the Unix socket may be a bridge that
			  lets anybody in, and every request there needs credentials, too */
	bool reports;  /* reading an item reads all of its story, not its copies alone */

	/* How long clients may take; 0: the default. */
	int64_t head_timeout_ms;  /* to send a request's head: 10 s (C16) */
	int64_t idle_timeout_ms;  /* between requests, and to send a body: 60 s */
	int64_t stall_timeout_ms; /* without taking a byte of an answer or a stream: 60 s (C17) */
	int64_t heartbeat_ms;     /* between signs of life on a quiet stream: 15 s */
};

/* What polls came to since the start, but for those that a stop ended. */
enum api_poll {
	API_POLL_NEW_ITEMS,
	API_POLL_UNCHANGED,
	API_POLL_RETRY_AFTER, /* the server said when to come again */
	API_POLL_GONE,
	API_POLL_UNREACHED, /* this machine reaches nobody */
	API_POLL_FAILED,
	API_POLLS
};
struct api_polls {
	int64_t came_to[API_POLLS];
	int64_t items; /* new ones */
	int64_t bytes; /* received, icons aside */
};

/* Facts about the daemon that are not in the database. */
struct api_facts {
	int64_t started_ms;
	int64_t feeds_due;        /* due and not started yet */
	int64_t feeds_polling;    /* under way */
	int64_t feeds_unverified; /* whose certificates are not checked (A51) */
	double loop_lag_ms_p99;
	int64_t late_ms_p50, late_ms_p99; /* from due to started */
	struct api_polls polls;
};

/* What a feed waits for. */
enum api_wait {
	API_WAIT_NOTHING, /* it is not polled by this run */
	API_WAIT_TIME,    /* until it is due */
	API_WAIT_POLL,    /* the end of a poll */
	API_WAIT_HOST,    /* others of its rate group are polled, or one was a moment ago */
	API_WAIT_SERVER,  /* its server asked to be left alone */
	API_WAIT_TURN,    /* too much is under way */
	API_WAIT_NETWORK, /* nobody is reached */
	API_WAIT_STORE,   /* nothing can be stored */
};
struct api_waiting {
	enum api_wait what;
	int64_t until_ms; /* TIME_NONE: not known */
};

/* How far a task has come. */
struct api_task {
	bool begun, running;
	int64_t done, total;
	int status; /* once it has ended */
	const char *text;
};

/* Which feeds an address has; lives until the callback returns. */
struct api_found {
	const struct offer *feeds; /* itself where it is a feed, else those that its page names;
				      NULL: none */
	struct err error; /* code 0, or why it could not be asked or understood, in the words that
			     a feed with this address would show. ERR_CANCELED: the daemon stops */
	int64_t wait_ms;  /* after an error: its server wants no request for so long; under 1: it
			     did not say */
};
typedef void api_found_fn(void *arg, const struct api_found *found);

/* What the api needs from above; called on the loop thread. */
struct api_callbacks {
	void *ctx;

	/* A feed was added, changed or removed through the socket and that is committed: look at it
	 * again. A new one is polled at once. */
	void (*feed_changed)(void *ctx, int64_t feed);

	/* Poll now (courtesy limits permitting). 0: started or already under way; ERR_NOT_FOUND;
	 * ERR_BUSY with the reason and, in *ret_wait_ms, when it would be allowed. */
	int (*refresh)(void *ctx, int64_t feed, int64_t *ret_wait_ms, struct err *e);

	void (*facts)(void *ctx, struct api_facts *ret_facts);
	void (*waiting)(void *ctx, int64_t feed, struct api_waiting *ret_waiting);

	/* What users say of stories, in a write job: as grouping_join() and grouping_split(). */
	int (*join)(void *ctx, struct store_tx *tx, const int64_t *stories, int count,
		int64_t *ret_story, struct err *e);
	int (*split)(void *ctx, struct store_tx *tx, int64_t story, const int64_t *items, int count,
		int64_t *ret_story, struct err *e);

	/* Begins to judge anew what was published since then. ERR_BUSY. */
	int (*rebuild)(void *ctx, int64_t since_ms, struct err *e);
	void (*rebuild_look)(void *ctx, struct api_task *ret_task);

	/* Asks an http(s) address, normalised, which feeds it has: as polls are made, by the same
	 * guard, limits and manners. Non-zero: `done` never comes (ERR_BUSY: so many are asked
	 * already; ERR_CANCELED: the daemon stops; ERR_NOMEM). Otherwise it comes exactly once, on
	 * the loop thread, never from inside, after 30 s (a parser that runs is waited for), and
	 * soon after the stop has begun. Handlers use discover() of routes.h. */
	int (*discover)(void *ctx, const char *url, api_found_fn *done, void *arg);

	/* Reads a list of feeds (OPML, or a URL a line): as opml_read() of parse/. Any thread. */
	int (*read_list)(const void *data, size_t len, struct arena *arena,
		struct outline **ret_first, size_t *ret_count, struct err *e);

	/* Plain text of clean HTML. Any thread. */
	void (*html_text)(const char *html, size_t len, struct buf *out);
};

/* Binds and listens. A path over 107 bytes is ERR_TOO_BIG (libuv 1.44 would cut it); a living
 * daemon behind it is ERR_BUSY (the text says who, by SO_PEERCRED); a stale socket of our own uid
 * is replaced; anything else at the path is ERR_EXISTS. A port that another program has is
 * ERR_BUSY, too; an address that others reach, without allow_remote, ERR_DENIED. `options` is
 * copied. Reads the credentials, so it blocks. */
int api_create(uv_loop_t *loop, struct store *store, const struct api_options *options,
	const struct api_callbacks *callbacks, struct api **ret_api, struct err *e)
	__attribute__((warn_unused_result));

/* New access rules and limits after a reload; the Unix socket itself stays, that of TCP comes, goes
 * or moves. Where it can't, the log says why. */
void api_configure(struct api *api, const struct api_options *options);

/* The change log has grown to `seq`: wakes event streams and long polls. */
void api_publish(struct api *api, int64_t seq);

/* Stops accepting, ends streams and idle connections, gives running requests `grace_ms`, then calls
 * `stopped` once, never from inside. */
void api_stop(struct api *api, int64_t grace_ms, void (*stopped)(void *ctx), void *ctx);
void api_destroy(struct api *api);

#endif
