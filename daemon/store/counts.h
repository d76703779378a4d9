/* How much there is to read: of each feed, folder and label, and in all. */
#ifndef TIDINGS_STORE_COUNTS_H
#define TIDINGS_STORE_COUNTS_H

#include "store/store.h"

enum counts_of { COUNTS_FEEDS, COUNTS_FOLDERS, COUNTS_LABELS, COUNTS_ALL };

struct counts {
	enum counts_of of;
	int64_t id; /* 0 of COUNTS_ALL */
	int64_t unread, starred;
	int64_t newest_ms; /* its newest item was received; TIME_NONE: there is none. Of labels and
			      in all it is not told (TIME_NONE) */
};

/* Every one, also those with nothing, in the order of `of` and ids; COUNTS_ALL is one row. */
int counts_list(struct store_tx *tx, void (*each)(void *ctx, const struct counts *counts),
	void *ctx, struct err *e);

/* The same of stories, each counted for the feed that told it first; with a label, if any of its
 * items has it. */
int counts_list_stories(struct store_tx *tx, void (*each)(void *ctx, const struct counts *counts),
	void *ctx, struct err *e);

/* How many items each feed has, or how many stories it told first; in the order of feeds, only
 * those with any. */
int counts_list_totals(struct store_tx *tx, bool stories,
	void (*each)(void *ctx, int64_t feed, int64_t total), void *ctx, struct err *e);

#endif
