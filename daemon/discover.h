/* Which feeds an address has: itself, or those that its page names. */
#ifndef TIDINGS_DISCOVER_H
#define TIDINGS_DISCOVER_H

#include <stdbool.h>

#include "api/api.h"
#include "base/list.h"
#include "refresh.h"

/* Those under way; owned by the server, on the loop thread. Zeroed but for the first two and the
 * list. */
struct discover {
	struct refresh_env *env; /* fetches go through the same door as polls */
	int64_t most_ms;         /* for one, in all */
	struct list running;
	int count;
	bool stopping;
};

/* See struct api_callbacks. */
int discover_start(struct discover *d, const char *url, api_found_fn *done, void *arg)
	__attribute__((warn_unused_result));

/* Ends those under way soon, and starts no more. */
void discover_stop(struct discover *d);

#endif
