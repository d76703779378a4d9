/* One poll's outcome into the database: which items are new, which changed, which story each
 * belongs to. */
#ifndef TIDINGS_INGEST_H
#define TIDINGS_INGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "draft.h"
#include "grouping.h"
#include "store/feeds.h"
#include "store/store.h"

/* The argument of ingest_run(): owned by the refresh, which reads the counts when the job is done.
 */
struct ingest {
	int64_t feed;
	const char *url;            /* the address that was asked for */
	enum identity_rule rule;    /* by which the drafts have their keys */
	const char *identity_note;  /* the feed's; NULL: none */
	const struct draft *drafts; /* oldest first */
	size_t count;
	bool initial; /* the feed's first document: its items are backlog */
	int64_t now_ms;
	struct feed_poll poll;
	const char *held_url; /* its rate group is left alone until held_until_ms; NULL: it is not
			       */
	int64_t held_until_ms;
	/* Called on the store's thread once the items are in, and fills in what of `poll` follows
	 * from their number; NULL: nothing does. */
	void (*plan)(struct ingest *in);

	struct grouping *grouping; /* NULL: texts are not compared */
	enum grouping_level level;
	bool reports; /* what joins a story that was read wholly is read, too, not copies alone */
	const char *icon_url; /* the feed's icon is due; NULL: it is not */

	int new_items, changed_items; /* changed: of other words */
	int rekeyed_items;
	int64_t moved_into; /* its address has changed: `feed`, or the one that had that already
			       (feeds_move()); 0: it has not */
	int known_items;    /* there before, changed or not */
	bool ask_icon;      /* icon_url is to be fetched: nobody else does */
};

/* A store job's run(), `arg` is a struct ingest: items, stories, the poll's outcome and their
 * change lines, all or nothing. May be run again when that is undone. ERR_NOT_FOUND when the feed
 * was removed meanwhile, or has another address by now. */
int ingest_run(struct store_tx *tx, void *arg, struct err *e);

#endif
