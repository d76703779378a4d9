/* libcurl's multi interface on the loop (A58). */
#ifndef TIDINGS_FETCH_MULTI_H
#define TIDINGS_FETCH_MULTI_H

#include <curl/curl.h>
#include <stdbool.h>
#include <uv.h>

#include "base/err.h"

/* At a fixed address from multi_init() until `closed` has been called. */
struct multi {
	CURLM *curl;
	uv_loop_t *loop;
	uv_timer_t timer;
	uint64_t due_ms;  /* when libcurl wants to be called at the latest, loop time; 0: never */
	bool overslept;   /* it was called much later: the program or its machine stood still */
	uint64_t turn_ms; /* when this turn of the loop began, loop time */
	uint64_t turn_end_ns;                          /* when its transfers have had their share */
	unsigned turns;                                /* of the loop that had transfers */
	void (*finished)(CURL *easy, CURLcode result); /* never from inside a call of curl;
							  `overslept` counts for it */
	void (*closed)(void *ctx);
	void *ctx;
};

/* ERR_NOMEM leaves nothing behind. */
int multi_init(struct multi *m, uv_loop_t *loop, void (*finished)(CURL *easy, CURLcode result))
	__attribute__((warn_unused_result));

/* Neither may be called from inside a callback of libcurl. */
int multi_add(struct multi *m, CURL *easy) __attribute__((warn_unused_result));
void multi_remove(struct multi *m, CURL *easy);

/* All handles must have been removed. Closes cached connections; `closed` comes later from the
 * loop. */
void multi_close(struct multi *m, void (*closed)(void *ctx), void *ctx);

#endif
