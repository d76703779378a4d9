/* The change log, live: event streams, and long polls that wait for it to grow. */
#ifndef TIDINGS_API_EVENTS_H
#define TIDINGS_API_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/routes.h"
#include "base/list.h"
#include "limits.h"

struct api;
struct http_request;
struct event_batch;
struct store_tx;
struct err;

/* The newest changes, each encoded once for all streams: every line with base < seq <= head. */
struct event_ring {
	struct event_line {
		int64_t seq;
		unsigned kind;
		size_t len;
		char *text; /* a whole event of the stream */
	} lines[API_RING_LINES];
	int first, count;
	size_t bytes;
	int64_t base, head;
};

/*
 * A stream's whole state is the number of the last change that it was sent. New lines go to all
 * streams from the ring; a stream that is behind the ring's base (it resumed, or its reader is
 * slow) reads the log by itself, a chunk at a time, and only when the chunk before has left, until
 * it meets the ring. Everything here is the loop thread's; the reading is done by jobs.
 */
struct events {
	struct event_ring ring;
	struct list subscribers;
	struct list behind;       /* subscribers that wait for their turn to read the log */
	struct list waiting;      /* long polls (struct http_request) */
	struct event_batch *fill; /* the job that feeds the ring, or NULL */
	int catchups;             /* subscribers with a job */
};

/* Of zeroed memory; `seq` is the newest number of the log. */
void events_init(struct events *events, int64_t seq);
void events_finish(struct events *events);

/* The log has grown. */
void events_publish(struct api *api, int64_t seq);

/* Parks a long poll that has seen the log up to `seen_seq`: its job runs again when there is more;
 * `expired` is called at r->expires_ms. If the client goes away, the request is freed by its
 * connection. */
void events_wait(struct http_request *r, int64_t seen_seq, void (*expired)(struct http_request *r));

/* -- which changes -- */

#define EVENTS_ALL UINT64_MAX /* a bit for each enum change_kind */

/* Reads the parameter `kinds`: "item,feed.error", nouns or single kinds; without it all. `reset` is
 * always among them. */
int events_parse_kinds(const struct params *params, uint64_t *ret_kinds, struct http_problem *p)
	__attribute__((warn_unused_result));

/* Whether everything after `since` can be told: it is of this database (`epoch` may be ""), not
 * pruned and not of the future. */
bool events_can_resume(
	const struct api *api, const char *epoch, int64_t since, int64_t min_seq, int64_t seq);

/* -- handlers of GET /events -- */

route_parse events_parse;
route_run events_run;
route_reply events_reply;

#endif
