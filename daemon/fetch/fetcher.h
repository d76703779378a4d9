/* What stands behind struct fetcher: the fetches by state, and what they share. Private to this
 * room. */
#ifndef TIDINGS_FETCH_FETCHER_H
#define TIDINGS_FETCH_FETCHER_H

#include "base/list.h"
#include "base/map.h"
#include "base/url.h"
#include "fetch/fetch.h"
#include "fetch/file.h"
#include "fetch/resolver.h"
#include "fetch/transfer.h"

/*
 *   fetch_start() -> QUEUED --a slot is free--> RESOLVING --address--> TRANSFERRING --answer-->
 * ENDED -> done() ^  \--file:--> READING ---------------------------------|------------------^ | |
 *                      +------------------ WAITING <---------- redirect -------+
 *
 * Every state goes to ENDED on a failure, a time-out and fetch_cancel(); READING only once its pool
 * job has come back. RESOLVING, TRANSFERRING and READING hold one of connections_max slots, unless
 * parked. done() is called by the fetcher's timer alone.
 */
enum fetch_state { IDLE, QUEUED, RESOLVING, TRANSFERRING, READING, WAITING, ENDED, STATE_COUNT };

/* The options as they were when a fetch started: shared by those that did. */
struct settings {
	int refs;
	struct arena arena;
	struct fetch_options options;
};

struct fetch {
	struct list node; /* in the list of its state */
	struct fetcher *fetcher;
	struct fetch_request *request;
	struct settings *settings;
	enum fetch_state state;
	uv_timer_t timer; /* RESOLVING: connect time-out; WAITING: the politeness of admit() */
	struct lookup lookup;
	struct transfer *transfer;
	struct file_job file;
	struct fetch_result result;

	struct url_parts first; /* the request's URL: its credentials belong to its origin */
	struct url_parts home;  /* of request->site: its secrets belong to this origin */
	struct url_parts proxy; /* no host: none */
	bool socks;
	struct curl_slist *cookies; /* of the hops so far */
	struct url_parts url;       /* this hop's */
	int64_t group;              /* hash of this hop's rate group, counted in fetcher->groups */
	bool in_group;
	bool validators_sent;
	bool canceled;
	bool parked;         /* silent: its slot is lent to another */
	int64_t heard_bytes; /* at the last look; -1: not looked at in this state */
	int64_t started_ms;
	int64_t hop_started_ms;
	int64_t visited[FETCH_HOPS_MAX + 1]; /* what the URLs so far are known by */
};

struct fetcher {
	uv_loop_t *loop;
	struct settings *settings;
	struct transfers transfers;
	struct resolver *resolver;
	uv_timer_t timer;    /* fires on the next turn of the loop: starts and delivers */
	uv_timer_t patience; /* looks at what is under way */
	struct list in_state[STATE_COUNT];
	struct map groups; /* hash of a rate group -> how many want it now, as a pointer's number */
	int slots;         /* taken */
	int parked;
	void (*room)(void *ctx);
	void *room_ctx;
	int idle_count;
	int active;
	int handles; /* of the loop, not yet closed: fetches, the timers, transfers, resolver */
	bool stopping;
	void (*stopped)(void *ctx);
	void *stopped_ctx;
};

/* Has step() called for what is queued or ended, on the next turn of the loop. */
void fetcher_kick(struct fetcher *f);

/* An idle fetch with the settings of now, or NULL when out of memory; it goes back by
 * fetcher_recycle(). */
struct fetch *fetcher_obtain(struct fetcher *f);
void fetcher_recycle(struct fetch *f);

/* Moves a fetch to a state's list and counts its slot. */
void fetcher_enter(struct fetch *f, enum fetch_state state);

/* Changes how many want a rate group, and how many do. */
void fetcher_count(struct fetcher *f, int64_t group, int by);
int fetcher_wanted(const struct fetcher *f, int64_t group);

/* In fetch.c: what the fetch has waited for has come. */
void fetch_step(struct fetch *f);

#endif
