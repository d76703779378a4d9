/* The icon of a feed, which a poll found due: one fetch through the same door as all others (A44).
 */
#ifndef TIDINGS_ICON_H
#define TIDINGS_ICON_H

#include <stdint.h>

#include "refresh.h"
#include "store/feeds.h"

/* The address to ask for after a good poll: the one that the document names, the feed as it was
 * before; NULL: none, or not now. A new address does not wait for the old one's 30 days, but for a
 * day, lest another one at every poll be asked for each time. Pure. */
const char *icon_due(const struct feed *feed, const struct feed_poll *poll);

/* Asks for it, with what `section` (may be NULL) says of the feed's fetches, and stores what comes:
 * nothing comes back. Counted in env->icons meanwhile. What cannot be begun, or is ended by a stop,
 * is asked for a day later. Loop thread. */
void icon_fetch(struct refresh_env *env, const char *url, const char *section);

#endif
