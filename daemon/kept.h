/* Documents that were fetched for somebody who only looked, until what they led to needs them. */
#ifndef TIDINGS_KEPT_H
#define TIDINGS_KEPT_H

#include <stdbool.h>
#include <stdint.h>

#include "fetch/fetch.h"
#include "limits.h"

/* So that an address is asked once when it is looked at and then subscribed to, or the other way
 * about (A1). Bounded by KEPT_MOST, KEPT_BYTES and KEPT_MS. Zeroed, it is empty; on the loop
 * thread. */
struct kept {
	struct kept_document {
		const char *url; /* NULL: a free place */
		bool page;       /* in place of a feed */
		int64_t since_ms;
		struct arena arena; /* of url and the result's strings */
		struct fetch_result result;
		struct buf body; /* decoded */
	} documents[KEPT_MOST];
};

/* Takes over the body of a document that has been decoded, to be found as `url`, normalised; the
 * oldest make room. What is too large, or finds no memory, stays where it is. `now_ms` is of the
 * loop's clock. */
void kept_put(struct kept *k, const char *url, bool page, struct fetch_request *request,
	const struct fetch_result *result, int64_t now_ms);

/* Hands out a document as if `request` (url and arena are set) had just fetched it, once. False:
 * there is none. */
bool kept_take(struct kept *k, bool page, struct fetch_request *request,
	struct fetch_result *ret_result, int64_t now_ms);

/* Forgets what was kept for long enough by then; INT64_MAX: all. */
void kept_expire(struct kept *k, int64_t now_ms);

#endif
