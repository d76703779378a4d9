/* The tables, and how older databases are brought up to date. Private to the room. */
#ifndef TIDINGS_STORE_SCHEMA_H
#define TIDINGS_STORE_SCHEMA_H

#include "store/db.h"

/* Creates or migrates: each step in one transaction of its own, so that a crash leaves the state
 * before or after it. Before the first step an older database (version N) is copied to PATH.vN. A
 * file that is not ours is not written to. ERR_NEWER; ERR_INVALID: another program's database;
 * ERR_FULL: no room for the copy (all three texts say what to do); ERR_CORRUPT. */
int schema_prepare(struct db *db, const char *path, struct err *e);

/* Removes copies that are older than SCHEMA_COPY_KEPT_MS. */
void schema_drop_copies(struct db *db, int64_t now_ms);

/* SQL: an item's time as its story counts it, the published time, but not later than received
 * (DESIGN.md). */
#define ITEM_TIME "min(coalesce(published_ms, received_ms), received_ms)"

/* SQL: `detached_ms` of a feed that was removed and is being deleted, some items at a time; and
 * that a feed, `f`, is not such a one: nobody is to see it or its items. */
#define FEED_REMOVED    "0"
#define FEED_IS_VISIBLE "f.detached_ms IS NOT " FEED_REMOVED

/* SQL: what the configuration, else a user, says of the stories of the folder `n`. */
#define FOLDER_LEVEL                                                                               \
	"coalesce((SELECT stories FROM keep WHERE level = 1 AND name = n.name), n.stories)"

/* SQL: what people call the feed `f`. */
#define FEED_LABEL "coalesce(nullif(f.name, ''), nullif(f.title, ''), f.url)"

#endif
