/* Stories in the database: one or more items that tell the same thing. */
#ifndef TIDINGS_STORE_STORIES_H
#define TIDINGS_STORE_STORIES_H

#include <stdbool.h>
#include <stdint.h>

#include "store/changes.h"
#include "store/store.h"

/* Why an item belongs to its story. The values are stored. */
enum story_reason {
	STORY_FIRST,
	STORY_SAME_GUID,
	STORY_SAME_URL,
	STORY_NEAR_DUPLICATE,
	STORY_SAME_EVENT,
	STORY_MANUAL,
};
const char *story_reason_name(
	enum story_reason reason); /* "first", "same-guid", "same-url", "near-duplicate", ... */

/* A row: text members are those of its representative item. Valid until the callback returns. */
struct story {
	int64_t id, rev;
	const char *title, *url, *excerpt, *source; /* of the first item */
	int64_t first_seen_ms;                      /* the first item's reception */
	int64_t updated_ms;                         /* the newest item's time (ITEM_TIME) */
	int64_t published_ms; /* of the first item, not later than received (DESIGN.md) */
	int sources, items;   /* distinct feeds; items */
	bool read, starred;   /* all items read; any item starred */
};

struct story_member {
	int64_t item, feed;
	const char *source, *title, *url;
	int64_t published_ms, received_ms;
	bool read, starred;
	bool pinned; /* a user put it there */
	enum story_reason reason;
	double score; /* 0: the reason has none */
	const char
		*evidence; /* JSON array of strings, or NULL: for same-url the key that matched */
};

/* The story that holds an item with this key (canonical URL, story/canonical.h): where a user put
 * one last, else the oldest; 0 when there is none. */
int stories_find_url(struct store_tx *tx, int64_t url_key, int64_t *ret_id, struct err *e);

/* The same for items before one. */
int stories_find_url_before(
	struct store_tx *tx, int64_t url_key, int64_t item, int64_t *ret_id, struct err *e);

/* An item's place. `item` is what items_insert() returned. */
struct story_join {
	int64_t story, item, feed;
	int64_t url_key; /* 0: none */
	enum story_reason reason;
	double score;
	const char *evidence;
	int64_t now_ms, rev;
};

/* Opens the story of a new item of this time (ITEM_TIME), counted as its only one, and sets
 * join->story. Then comes items_insert(), then stories_begin(), which says that it is the first. */
int stories_open(struct store_tx *tx, struct story_join *join, int64_t time_ms, struct err *e);
int stories_begin(struct store_tx *tx, const struct story_join *join, struct err *e);

/* Counts a further item, which items_insert() has put into the story. */
int stories_join(struct store_tx *tx, const struct story_join *join, struct err *e);

/* Whether there is such a story; its own id, or that of the one it was merged into, is in
 * *ret_id, else 0. */
int stories_find(struct store_tx *tx, int64_t id, int64_t *ret_id, struct err *e);

/* Moves all items of one story into another, an older one; its id stays known as another name of
 * that. Writes a line about both: first the story that is left. */
int stories_merge(
	struct store_tx *tx, int64_t from, int64_t into_story, int64_t now_ms, struct err *e);

/* Items of one story on their way into another, 100 at most. */
struct story_part {
	int64_t from, into_story; /* set; into_story 0: a new one; the same: they stay */
	bool by_user;             /* set: they are pinned there */
	struct change items, stories;
};

/* Each item is given with its reason, score and evidence; one that is not in that story (any more)
 * is passed over. The end counts both stories anew and writes lines about the items, and about both
 * stories: that one was split, first the one that they leave, then the one they are in now; or,
 * where nothing is left of it, that it was merged. */
int stories_part_begin(struct store_tx *tx, struct story_part *part, int64_t now_ms, struct err *e);
int stories_part_add(
	struct store_tx *tx, struct story_part *part, const struct story_join *join, struct err *e);
int stories_part_end(struct store_tx *tx, struct story_part *part, struct err *e);

/* Counts anew what is left of a story; none: it goes. The oldest item left speaks for it if the one
 * that did is gone. */
int stories_recount(struct store_tx *tx, int64_t id, int64_t rev, struct err *e);

/* Zeroed: everything. */
struct story_filter {
	int64_t feed, folder;
	int read, starred; /* -1 no, +1 yes, 0 any */
	int64_t since_rev;
	int64_t seen_after_ms; /* with an item received later than this */
};
/* Newest first, by updated_ms. A non-zero return of `each` refuses the row and ends the page. */
int stories_list(struct store_tx *tx, const struct story_filter *f, struct page *page,
	int (*each)(void *ctx, const struct story *story), void *ctx, struct err *e);

/* ERR_NOT_FOUND. Strings in `arena`. */
int stories_get(struct store_tx *tx, int64_t id, struct arena *arena, struct story *ret_story,
	struct err *e);
int stories_members(struct store_tx *tx, int64_t id,
	int (*each)(void *ctx, const struct story_member *member), void *ctx, struct err *e);

/* As items_set_state(), for all items of the stories. */
int stories_set_state(struct store_tx *tx, const int64_t *ids, int count, int read, int starred,
	int64_t now_ms, int *ret_changed, struct err *e);

#endif
