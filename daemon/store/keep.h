/* What is kept and what goes, so that the database does not grow without end: items by age, count
 * and bytes, old lines of the change log, pages that nothing needs any more. */
#ifndef TIDINGS_STORE_KEEP_H
#define TIDINGS_STORE_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/stories.h"

/* What one feed may keep; 0: not said at this level, a wider one counts. Ages count from an item's
 * reception. Starred and labelled items never go, and age takes none of the newest KEEP_LEAST and
 * none that was read less than KEEP_READ_MS ago. */
struct keep {
	int64_t age_ms;       /* items that were read */
	int64_t unread_ms;    /* the others */
	int64_t items, bytes; /* of each feed: beyond them the oldest go, read or not */
};

enum keep_level { KEEP_DAEMON, KEEP_FOLDER, KEEP_FEED };

/* Of the daemon (`name` ""), a folder, or a section of the configuration. Strings are borrowed. */
struct keep_rule {
	enum keep_level level;
	const char *name;
	struct keep keep;
	enum grouping_level stories; /* what the daemon's or a folder's section says of them */
};

/* Replaces all rules; writes nothing where nothing differs. Without one of the daemon, which sets
 * everything, every item stays. */
int keep_set_rules(struct store_tx *tx, const struct keep_rule *rules, size_t count, struct err *e);

/* Whether the item was dropped, and shall stay so. It is remembered as seen by now, and with that
 * for KEEP_DROPPED_MS more. */
int keep_was_dropped(struct store_tx *tx, int64_t feed, int64_t key, int64_t now_ms, bool *ret_was,
	struct err *e);

/* Remembers items that came back under new keys as dropped, from the first one on as many as the
 * feed has dropped. *count: how many there are, then how many were taken. */
int keep_drop_again(struct store_tx *tx, int64_t feed, const int64_t *keys, size_t *count,
	int64_t now_ms, struct err *e);

/* After a poll that brought news, in its job: drops what is too much by now, as many items as came
 * and a hundred, and forgets what the feed has not shown for long. */
int keep_after_poll(
	struct store_tx *tx, int64_t feed, int new_items, int64_t now_ms, struct err *e);

/* A round over everything, in jobs of some KEEP_JOB_MS each. Zeroed but for what is set; begun anew
 * after a failure. A time beyond KEEP_CLOCK_STEP_MS after the last round's is not believed at once,
 * but followed by so much a round, from this run's second on. */
struct keep_round {
	unsigned owners; /* set: feeds of these alone (FEED_OWNER_*); detached ones wait whole */
	int64_t now_ms;  /* set */
	bool brief;      /* set: no more than what was removed, or detached for long enough */
	bool again;      /* set: this run's rounds have begun before */
	bool more;       /* call again */
	int64_t items;   /* that went so far */

	int phase;
	int64_t clock_ms;   /* what ages are measured by */
	int64_t feed, item; /* how far it came */
};
int keep_go_round(struct store_tx *tx, struct keep_round *round, struct err *e);

#endif
