/* One request: from the bytes of a client to what handlers work with and answer from. */
#ifndef TIDINGS_API_REQUEST_H
#define TIDINGS_API_REQUEST_H

#include <llhttp.h>
#include <stdbool.h>
#include <stdint.h>

#include "api/api.h"
#include "api/form.h"
#include "api/params.h"
#include "api/problem.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/list.h"

struct conn;
struct face;
struct route;

/* Belongs to its connection; while a job is under way, to that job: if the client goes away
 * meanwhile, `conn` becomes NULL and the job's end frees the request. During `run` only the job's
 * thread touches it, except for `conn` and `node`, which are the loop's. */
struct http_request {
	struct api *api;
	struct conn *conn;
	struct list node; /* of the long polls that wait, see events.h */

	/* As received. */
	enum llhttp_method method; /* GET for HEAD */
	bool head;
	bool keep_alive;
	char *target;        /* in `arena` */
	char *last_event_id; /* in `arena`, or NULL */
	char *if_none_match; /* the same */
	char *host, *origin, *authorization;
	char *auth_key; /* X-Auth-Token */
	bool stranger;  /* came by TCP, or peers are not trusted: only what it shows counts */
	struct buf body;
	struct arena arena; /* what lives as long as the request; in `run` for the job's thread */

	/* As understood (routes.h). */
	enum api_right right;    /* of who asks */
	bool stories;            /* ... is shown these in place of items, by their credential */
	const struct face *face; /* NULL: not looked for yet */
	const struct route *route;
	int64_t id;        /* {id} of the path */
	char *name;        /* {name} of it, in `arena` */
	struct slice tail; /* what of it, raw, a pattern's "*" stands for; in `target` */
	struct params params;
	struct form form;    /* of a route with PARAM_FORM: query and body */
	struct json_t *json; /* the body, see body.h; or NULL */
	void *query;         /* what `parse` of the route made for its `run`, in `arena` */

	/* The answer. */
	struct http_problem problem;
	int status;
	struct buf fields;        /* further header fields */
	struct buf out;           /* body; in `run` written by the job's thread */
	const char *content_type; /* of `out`; NULL: JSON. Static */
	int64_t result;           /* what `run` tells `reply`: an id, a number */
	bool more;                /* set by `run`: there is more to do, in a further job */
	size_t parked;            /* of `out`, counted in api->unsent_bytes during a job */

	bool busy;            /* a job is under way */
	struct store_job job; /* before it is handed over, its `work` serves to parse the body */

	int64_t expires_ms;                            /* of a long poll, loop time; 0: not begun */
	void (*expired)(struct http_request *request); /* set while it waits: time is up, answer */
};

/* NULL when out of memory. */
struct http_request *request_create(struct api *api);
void request_destroy(struct http_request *r);

/* Reads the body, an object or nothing, into r->json; otherwise sets the problem. Any thread. */
void request_parse_json(struct http_request *r);

/* Reads query and body into r->form; otherwise sets the problem. Any thread. */
void request_parse_form(struct http_request *r);

/* Zeroed memory for r->query; NULL with the problem set. */
void *request_query(struct http_request *r, size_t size) __attribute__((warn_unused_result));

/* Where the client thinks that it is: "127.0.0.1:8899"; "localhost" when it says nothing that can
 * be part of an address. */
const char *request_host(const struct http_request *r);

/* Frees the body's bytes once they are understood. */
void request_drop_body(struct http_request *r);

/* -- bytes to requests (llhttp) -- */

enum reader_event {
	READER_MORE,     /* all bytes taken, nothing complete */
	READER_CONTINUE, /* the client waits for "100 Continue" (RFC 9110, 10.1.1) */
	READER_REQUEST,  /* `request` is complete: take it */
	READER_ERROR, /* `request` carries the problem: answer it and close. NULL when out of memory
		       */
};

struct request_reader {
	llhttp_t parser;
	struct api *api; /* its budget of body bytes */
	struct http_request *request;
	size_t head_bytes;
	bool discard;  /* the peer may do nothing: its bodies are not kept */
	bool stranger; /* see the request */
	bool head_done, complete, expects;
	const struct request_field *field; /* being received; NULL: one that means nothing to us */
	struct buf text;                   /* the target, name or value being received */
};

void reader_init(struct request_reader *reader, struct api *api);
void reader_finish(struct request_reader *reader);

/* True between requests. */
bool reader_is_idle(const struct request_reader *reader);

/* Takes bytes up to the end of one request at the most and says what came of them. */
enum reader_event reader_feed(
	struct request_reader *reader, const char *data, size_t len, size_t *ret_taken);

/* Ends the request being read with a problem: it came too slowly, or not whole. Returns
 * READER_ERROR. */
enum reader_event reader_fail(
	struct request_reader *reader, enum problem_kind kind, const char *detail);

/* Hands the request over. */
struct http_request *reader_take(struct request_reader *reader);

#endif
