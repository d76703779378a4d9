/* Why a feed is polled when it is, what came of its last polls, what it waits for, and by what its
 * items are known: further members of a feed that is asked for alone. */
#ifndef TIDINGS_API_WHY_H
#define TIDINGS_API_WHY_H

#include "api/api.h"
#include "base/json.h"
#include "store/feeds.h"

/* Adds "why", "waits", "rhythm", "identity", "repairs" and "fetches" to the object that is open.
 * Words of rules that it does not know are left out. Pure; any thread. */
void why_members(struct json *j, const struct feed *feed, const struct api_waiting *waiting);

#endif
