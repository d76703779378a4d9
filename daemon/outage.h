/* Is it the feed, or is it us? Tells trouble of this machine's own network from a feed's (A25).
 * Pure.
 */
#ifndef TIDINGS_OUTAGE_H
#define TIDINGS_OUTAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/times.h"

/* Without a route or a resolver everybody fails alike, and nobody is to blame. A failure of that
 * kind is a feed's own only when somebody else answered meanwhile: since its attempt began, or
 * since the one before, which was excused. The first that is excused begins an outage: then one
 * poll at a time is made, as a probe, until somebody answers. What fails for want of the user's own
 * proxy or of this machine's means is never a feed's own: if others are answered, it is excused and
 * begins no outage. A proxy that one feed alone goes through never begins one, nor counts as a
 * probe.
 *
 *   UP --(excused failure)--> DOWN --(answer of anybody)--> UP
 *                              '-(excused failure)-> later probe
 */
struct outage {
	bool down;
	int probes;          /* failed ones of this outage */
	int64_t answered_ms; /* when anybody answered last, of the clock that polls are stored with;
				TIME_NONE: not yet */
	int64_t probe_wait_ms;     /* from the last failure to the next probe */
	char text[ERR_TEXT_BYTES]; /* of the last failure that was excused */
};

/* How an attempt ended. */
struct outage_attempt {
	const struct err *error; /* NULL: somebody answered */
	int64_t began_ms;
	int64_t now_ms;
	int64_t before_ms; /* the attempt before this one, if that was excused; else TIME_NONE */
	bool known_bad;    /* the feed failed in the same way before, and was blamed for it */
	bool own_proxy;    /* its proxy, if it has one, is not the one of all */
};

/* True of codes of trouble that lies on this side, for certain. */
bool outage_is_ours(int code);

/* Takes an attempt into account. True: nobody is to blame. */
bool outage_excuses(struct outage *o, const struct outage_attempt *attempt);

enum { OUTAGE_PROBE_MIN_MS = 1000, OUTAGE_PROBE_MAX_MS = 60000 };

#endif
