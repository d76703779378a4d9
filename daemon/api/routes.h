/* The one table of what the socket understands, and the way of a request through it. */
#ifndef TIDINGS_API_ROUTES_H
#define TIDINGS_API_ROUTES_H

#include <stddef.h>

#include "api/body.h"
#include "api/request.h"
#include "base/json.h"

enum route_where {
	ROUTE_LOOP,  /* answered at once, without the database */
	ROUTE_READ,  /* `run` is a read job of the store */
	ROUTE_TOLD,  /* ... that says nothing but what changes tell: the same as long as there is no
			further one */
	ROUTE_WRITE, /* ... a write job */
};

/* The three parts of a handler; each may be missing. parse: on the loop thread before the job
 * (BODY_LIST: on the pool); run: in the job; both set r->problem or fail with an ERR_*. A `run`
 * that has much to do does some of it and sets r->more, and is run again in a job of its own, so
 * that others have their turn. reply: on the loop thread after success, must end in http_reply() or
 * its like; it is called even when the client has gone. */
typedef int route_parse(struct http_request *r);
typedef int route_run(struct store_tx *tx, struct http_request *r, struct err *e);
typedef void route_reply(struct http_request *r);

struct route {
	enum llhttp_method method;
	const char *path; /* segments; "{id}" is a number from 1, "{name}" any text, a last "*" one
			     or more of any kind */
	enum api_right right; /* API_NONE: by TCP nobody has to say who they are */
	enum route_where where;
	unsigned params;            /* PARAM_BIT()s that are allowed */
	unsigned members, required; /* MEMBER_BIT()s of the body, or BODY_*; none: no body is taken
				     */
	route_parse *parse;
	route_run *run;
	route_reply *reply;
};

/* What one family of clients expects: paths, bodies and refusals of its own, all translated onto
 * what the native routes stand on. Static. */
struct face {
	const char *const *mounts; /* under which its paths are found; "" is the root; NULL ends */
	const struct route *routes;
	size_t count;

	/* Makes r->out and r->content_type of r->problem, and adds to r->fields. NULL: problem
	 * details. */
	void (*refuse)(struct http_request *r);

	/* The parameter that may show a token in place of a field, or NULL. */
	const char *token;
};

/* The native one, which knows its parameters and refuses others; the last is followed by NULL. */
extern const struct face *const faces[];

const struct route *routes_table(size_t *ret_count);

/* Finds face and route; without a route, r->fields says what the path allows, or r->problem what is
 * wrong. Pure. */
void routes_find(struct http_request *r);

/* Checks right and parameters of what was found; the problem is set on failure. Without a route it
 * succeeds for OPTIONS alone, which is answered then. Pure. */
int routes_prepare(struct http_request *r, enum api_right right)
	__attribute__((warn_unused_result));

/* Checks a body that has been parsed. Pure. */
int routes_check_body(struct http_request *r) __attribute__((warn_unused_result));

/* Takes a request all the way to its answer. */
void routes_dispatch(struct http_request *r);

/* Runs the job once more, with an empty answer; if it asked for that itself, what it has answered
 * so far stays. */
void routes_again(struct http_request *r);

/* Answers the problem that is set, with an Allow field where the status asks for one. */
void routes_refuse(struct http_request *r);

/* -- what handlers share -- */

/* An answer of one object, on one line. */
void answer_begin(struct http_request *r, struct json *ret_j);
void answer_end(struct json *j);

/* Gives what was made an ETag, and answers 304 if the client has it. Not by the change log as the
 * native lists do: newsreaders ask every few minutes, and what they see changes more seldom than
 * anything at all. */
void answer_if_new(struct http_request *r);

/* A list: {"noun":[ ... ],"next":cursor or null,"seq":N,"epoch":"..."} */
void list_begin(struct http_request *r, struct json *ret_j, const char *noun);
void list_end(struct http_request *r, struct json *j, struct store_tx *tx, const char *next);

/* What is to be marked, and how, from a body of STATE_MEMBERS: the one in the path; or, of a batch,
 * ids or a filter. */
route_parse state_parse;

/* Marks it: items, or stories. A batch is done in several jobs, and then tells how many changed. */
int state_change(struct store_tx *tx, struct http_request *r, bool stories, struct err *e);
int state_change_batch(struct store_tx *tx, struct http_request *r, bool stories, struct err *e);

/* The id of the label that the parameter names, 0 when it is not given; what there is not is -1. */
int label_asked(struct store_tx *tx, struct http_request *r, int64_t *ret_id, struct err *e);

/* Asks for a poll; the problem says why not. Loop thread. */
bool route_feeds_refresh(struct http_request *r, int64_t feed);
/* An address that may be subscribed to, normalised: only what is fetched over the network, since a
 * `file:` feed would let a client read what the daemon may read; at most FETCH_URL_MAX bytes.
 * ERR_INVALID or ERR_NOMEM, and NULL. */
int url_to_fetch(const char *text, struct arena *arena, char **ret_url)
	__attribute__((warn_unused_result));
/* That of the body's member `member`, whose text is `text`; on failure the problem is set. */
int url_asked(struct http_request *r, const char *member, const char *text, char **ret_url)
	__attribute__((warn_unused_result));

/* Has an address asked for its feeds (`discover` of struct api_callbacks). `url` is copied, http or
 * https and normalised, as url_normalize() of base/ does. `found` comes exactly once, on the loop
 * thread, even when the client has gone meanwhile, and must end in http_reply() or its like: with
 * the feeds, a list that lives until it returns (NULL: there are none), or with r->problem set. It
 * may come from inside, but only with the problem. Call it from `reply`, with nothing behind it.
 * Unless the problem is one of 5xx or 429, it is the address's: PROBLEM_UNREADABLE. */
typedef void discover_found(struct http_request *r, const struct offer *feeds);
void discover(struct http_request *r, const char *url, discover_found *found);

/* 409: the name is that of another one. */
int name_exists(struct http_request *r, int64_t existing, const char *noun);

/* -- the handlers of each noun, in the files route_NOUN.c -- */

route_parse route_db_parse;
route_run route_db_run;
route_reply route_db_reply_check, route_db_reply_backup, route_db_reply_compact;

route_run route_status_run_root, route_status_run, route_metrics_run;
route_parse route_status_parse;
route_reply route_status_reply_ping;

route_run route_openapi_run;

route_parse route_access_parse;
route_run route_access_run_add, route_access_run_remove;
route_reply route_access_reply_list, route_access_reply_added, route_access_reply_removed;

route_parse route_feeds_parse_draft, route_feeds_parse_one;
route_run route_feeds_run_list, route_feeds_run_one, route_feeds_run_icon, route_feeds_run_add,
	route_feeds_run_change, route_feeds_run_remove;
route_reply route_feeds_reply_added, route_feeds_reply_changed, route_feeds_reply_refresh;

route_reply route_discover_reply;

route_parse route_folders_parse;
route_run route_folders_run_list, route_folders_run_one, route_folders_run_add,
	route_folders_run_change, route_folders_run_remove;
route_reply route_folders_reply_added;

route_run route_labels_run_list, route_labels_run_one, route_labels_run_add,
	route_labels_run_change, route_labels_run_remove;
route_reply route_labels_reply_added;

route_run route_counts_run;

route_parse route_opml_parse_export, route_opml_parse_import;
route_run route_opml_run_export, route_opml_run_import;
route_reply route_opml_reply_imported;
bool route_opml_tell(struct http_request *r);     /* in place of it; false: it goes on */
bool route_opml_tell_all(struct http_request *r); /* the same; that all is refused is a problem */

route_parse route_plain_parse;
route_run route_plain_run_atom, route_plain_run_json;

route_parse route_items_parse_list, route_items_parse_one;
route_run route_items_run_list, route_items_run_one, route_items_run_revisions,
	route_items_run_change, route_items_run_batch;

route_parse route_stories_parse_list;
route_run route_stories_run_list, route_stories_run_one, route_stories_run_change,
	route_stories_run_batch;

route_parse route_words_parse_never;
route_run route_words_run_merge, route_words_run_split, route_words_run_apart,
	route_words_run_never, route_words_run_set_never;
route_reply route_words_reply_task, route_words_reply_rebuild;

route_parse route_changes_parse_list;
route_run route_changes_run_list;
route_reply route_changes_reply_list;

#endif
