/* The api as a whole, for the files of this room. */
#ifndef TIDINGS_API_CORE_H
#define TIDINGS_API_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/access.h"
#include "api/api.h"
#include "api/door.h"
#include "api/events.h"
#include "api/listener.h"
#include "base/list.h"

struct conn;

/* All of it belongs to the loop thread. */
struct api {
	uv_loop_t *loop;
	struct store *store;
	struct api_options options;
	struct api_callbacks callbacks;
	char *socket_path;

	struct listener socket;
	struct door *unix_door, *tcp_door;   /* NULL: closed */
	struct sockaddr_storage tcp_address; /* of tcp_door */
	uv_timer_t timer;                    /* the nearest deadline of any client */
	int64_t timer_ms;                    /* when it rings, loop time; 0: not set */

	struct access access;
	bool using; /* that a credential was used is being written */
	struct store_job use;
	char used[CREDENTIAL_NAME_BYTES];
	int64_t used_ms;

	int64_t answers[6]; /* by the first digit of their status; a stream counts as it begins */
	struct list conns;
	int conn_count;
	char received[32 * 1024]; /* where every read lands first */
	int jobs;            /* requests and streams with a job under way: they use this struct */
	size_t body_bytes;   /* of all requests being received */
	size_t tcp_bytes;    /* of these, by TCP */
	size_t unsent_bytes; /* of all answers that their readers have not taken yet, and of those
				that wait half-made for their next job */
	struct events events;

	bool stopping;
	int handles; /* doors and timer, until closed */
	void (*stopped)(void *ctx);
	void *stopped_ctx;
};

/* Sees to it that the clients' deadlines are looked at no later than `at_ms` (loop time). */
void api_wake_at(struct api *api, int64_t at_ms);

/* The end of something that used the api: a job or a connection. Tells when the last is gone while
 * stopping. */
void api_maybe_stopped(struct api *api);

/* The end of a door or of the timer. */
void api_handle_closed(struct api *api);

#endif
