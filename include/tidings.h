/* libtidings: talks to the feed aggregator tidingsd on its local socket.
 *
 *	struct tidings *t = tidings_open(NULL);
 *	if (tidings_request(t, "GET", "/api/v1/stories?read=false", NULL) < 0)
 *		fprintf(stderr, "%s\n", tidings_last_error(t)->text);
 *	else
 *		puts(tidings_answer(t, NULL));
 *	tidings_close(t);
 *
 * Rules, which hold for everything below:
 *
 * Threads: a handle, and the event streams opened from it, belong to one thread at a time.
 * Different handles may be used in different threads at the same time.
 *
 * Memory: what an `open` function gives is freed by its `close` function, which takes NULL.
 * Everything else is lent: it lives as long as its function says and is never freed by the caller.
 *
 * Errors: functions return a negative TIDINGS_ERR_* on failure; what happened, in words, stands in
 * the handle until the next call with that handle or one of its streams. "Nothing more" is never an
 * error.
 *
 * Text is UTF-8. It comes from feeds, that is from strangers: escape it for where you show it (a
 * terminal, HTML).
 *
 * The library never prints, never ends the process, and changes no signal handlers.
 *
 * The daemon's answers are JSON with a format number: members may be added, none changes its
 * meaning within a format.
 */
#ifndef TIDINGS_H
#define TIDINGS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -- Version -- */

#define TIDINGS_VERSION_MAJOR 0
#define TIDINGS_VERSION_MINOR 1
#define TIDINGS_VERSION_PATCH 0

/* True when this header is of that version or a later one. */
#define TIDINGS_CHECK_VERSION(major, minor, patch)                                                 \
	(TIDINGS_VERSION_MAJOR > (major) ||                                                        \
		(TIDINGS_VERSION_MAJOR == (major) &&                                               \
			(TIDINGS_VERSION_MINOR > (minor) ||                                        \
				(TIDINGS_VERSION_MINOR == (minor) &&                               \
					TIDINGS_VERSION_PATCH >= (patch)))))

/* Version of the library that runs, as "0.1.0": it may be newer than this header. Static storage.
 * Since 0.1.0. */
const char *tidings_version(void);

/* -- Errors -- */

enum tidings_code {
	TIDINGS_OK = 0,
	TIDINGS_ERR_NOMEM = -1,     /* out of memory */
	TIDINGS_ERR_ARGUMENT = -2,  /* the call itself was wrong: a path without "/", a socket path
				       that is too long */
	TIDINGS_ERR_NO_DAEMON = -3, /* no socket there, or nobody behind it */
	TIDINGS_ERR_DENIED = -4,    /* the system does not let this user connect to the socket */
	TIDINGS_ERR_TIMEOUT = -5,  /* no answer in time; a change may have been made all the same */
	TIDINGS_ERR_CLOSED = -6,   /* the connection ended before the answer did; likewise */
	TIDINGS_ERR_PROTOCOL = -7, /* what answers there is not a tidingsd */
	TIDINGS_ERR_TOO_BIG = -8,  /* an answer or an event larger than 64 MiB */
	TIDINGS_ERR_HTTP = -9      /* the daemon refused; `status` and `problem` say why */
};

struct tidings_error {
	int code;         /* TIDINGS_OK or a TIDINGS_ERR_* */
	int status;       /* HTTP status (400-599) with TIDINGS_ERR_HTTP, else 0 */
	int system_errno; /* errno of the connection with NO_DAEMON and DENIED, else 0 */
	char problem[64]; /* with TIDINGS_ERR_HTTP the daemon's stable key ("feed-exists"), or "" */
	char text[512];   /* one line for people, without a full stop; may quote text of feeds */
};

/* -- Connection -- */

struct tidings;

/* Writes into `buffer` the socket that tidings_open() would use: `named` unless it is NULL or "",
 * else $TIDINGS_SOCKET, else $XDG_RUNTIME_DIR/tidings/tidings.sock if there is one, else
 * /run/tidings/tidings.sock. Returns 0, or TIDINGS_ERR_ARGUMENT when the path does not fit (108
 * bytes are what Linux allows). Since 0.1.0. */
int tidings_socket_path(const char *named, char *buffer, size_t size);

/* A handle for the daemon at `socket_path`, or where tidings_socket_path(NULL) says. Nothing is
 * connected yet: a daemon that is not there is told by the first request. NULL means out of memory,
 * and nothing else. Since 0.1.0. */
struct tidings *tidings_open(const char *socket_path);

/* Event streams of the handle must be closed before. Since 0.1.0. */
void tidings_close(struct tidings *t);

/* The path of the socket. Lives as long as the handle. Since 0.1.0. */
const char *tidings_socket(const struct tidings *t);

/* How long a request may take; 60,000 ms unless set. A long poll (`wait=`) must stay below it.
 * Since 0.1.0. */
void tidings_set_timeout(struct tidings *t, int timeout_ms);

/* What the last call with this handle, or with a stream of it, ended with. Never NULL; lives as
 * long as the handle, its content until the next call. Since 0.1.0. */
const struct tidings_error *tidings_last_error(const struct tidings *t);

/* -- Requests -- */

/* Sends one request and waits for its answer. `path` begins with "/api/" and carries the query,
 * percent-encoded; `json` is the body, or NULL for none. Returns the HTTP status (200-399), or a
 * negative code. Since 0.1.0. */
int tidings_request(struct tidings *t, const char *method, const char *path, const char *json);

/* The same with a body of `length` bytes that are no JSON: a list of feeds of the media type
 * "text/x-opml". Since 0.1.0. */
int tidings_send(struct tidings *t, const char *method, const char *path, const char *type,
	const void *body, size_t length);

/* The body of the last answer, NUL-terminated, "" when it had none; after TIDINGS_ERR_HTTP it is
 * the problem document (RFC 9457). Lives until the next request with this handle. `ret_length` may
 * be NULL. Since 0.1.0. */
const char *tidings_answer(const struct tidings *t, size_t *ret_length);

/* -- Event stream: the change log, live -- */

struct tidings_events;

struct tidings_event {
	const char *name; /* "item.new", "story.grown", "feed.error"...; "hello" after each connect;
			     "reset": begin anew */
	const char *id;   /* "EPOCH-SEQ": give it as `since` to go on from here, or "" */
	const char *data; /* JSON, NUL-terminated */
	size_t data_length; /* in bytes */
};

/* Follows the change log, on a connection of its own: the handle stays free for requests. `since`
 * is an event's id, a change's number, or NULL for "from now on"; `kinds` is a list as
 * "item.new,feed", or NULL for all. Connects with the first tidings_events_next(). Returns 0,
 * TIDINGS_ERR_NOMEM or TIDINGS_ERR_ARGUMENT. Since 0.1.0. */
int tidings_events_open(struct tidings *t, const char *since, const char *kinds,
	struct tidings_events **ret_events);

void tidings_events_close(struct tidings_events *events);

/* For poll() in an event loop of your own, and for nothing else: readable when
 * tidings_events_next() may have something to do, at first to connect. Never changes. After it was
 * readable, call tidings_events_next(events, 0, ...) until it returns 0. Since 0.1.0. */
int tidings_events_fd(const struct tidings_events *events);

/* Waits up to `timeout_ms` (-1: for ever) for the next event. Returns
 *   1   *ret_event is the event; it lives until the next call with this stream;
 *   0   none in time, or a signal came;
 *   <0  the connection was lost, or could not be made. The stream stays usable: the next call tries
 * again, after the pause that the daemon asks for (longer with each failure, 30 s at most), from
 * the last event that was delivered, so that nothing is lost and nothing comes twice. Since 0.1.0.
 */
int tidings_events_next(
	struct tidings_events *events, int timeout_ms, const struct tidings_event **ret_event);

#ifdef __cplusplus
}
#endif

#endif
