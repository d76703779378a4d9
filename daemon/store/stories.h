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

/* How alike items must be to be one story. The values are stored. */
enum grouping_level {
	GROUPING_INHERITED, /* not said here: what a folder, or the daemon, says counts */
	GROUPING_OFF,       /* only what has the same address; texts are noted, not compared */
	GROUPING_REPRINTS,  /* the same text (for measuring) */
	GROUPING_STRICT,
	GROUPING_NORMAL,
	GROUPING_WIDE,
};

/* "off", "strict", "normal", "wide"; NULL for the others. */
const char *story_level_name(enum grouping_level level);
bool story_level_parse(const char *name, enum grouping_level *ret_level);

/* A row: text members are those of its representative item. Valid until the callback returns. */
struct story {
	int64_t id, rev;
	int64_t first, lead;                        /* the first item, and the one that is shown */
	const char *title, *url, *excerpt, *source; /* of that */
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

/* What a further item is a copy of. */
struct story_original {
	int64_t story; /* 0: of nothing */
	int64_t item;  /* the first of its copies, which need not be here any more */
	bool read;     /* what was copied */
};

/* The item with this key (canonical URL, story/canonical.h), where a user put one last,
 * else that of the oldest story; of the first 64 that have it, in order of story and id.
 */
int stories_find_url(
	struct store_tx *tx, int64_t url_key, struct story_original *ret_original, struct err *e);

/* The item of a story that stands for all of its text; where it is gone, the others' state counts.
 */
int stories_find_text(struct store_tx *tx, int64_t story, int64_t item,
	struct story_original *ret_original, struct err *e);

/* Whether the feed has told it already: what it tells once more is no copy, but news of the same
 * name, like each day's weather. */
int stories_has_copy(struct store_tx *tx, const struct story_original *original, int64_t feed,
	bool *ret_has, struct err *e);

/* Notes what an item is a copy of that has been put where it is for this reason; `group`: the item
 * that it reprints. */
int stories_note_copy(
	struct store_tx *tx, int64_t item, enum story_reason reason, int64_t group, struct err *e);

/* Whether all of its items are read. */
int stories_is_read(struct store_tx *tx, int64_t story, bool *ret_read, struct err *e);

/* The story of such an item before another one; 0: there is none. */
int stories_find_url_before(
	struct store_tx *tx, int64_t url_key, int64_t item, int64_t *ret_id, struct err *e);

/* An item's place. `item` is its id, from items_next_id() on. */
struct story_join {
	int64_t story, item, feed;
	int64_t url_key; /* 0: none */
	enum story_reason reason;
	double score;
	const char *evidence;
	int64_t now_ms, rev;
	int64_t copy_of; /* the first of its copies; 0: it is none */
	bool read;       /* from the beginning: what it repeats was read */
};

/* Opens the story of a new item of this time (ITEM_TIME), its first and only one, and sets
 * join->story. Then comes items_insert(). */
int stories_open(struct store_tx *tx, struct story_join *join, int64_t time_ms, struct err *e);

/* Counts a further item, which items_insert() has put into the story. */
int stories_join(struct store_tx *tx, const struct story_join *join, struct err *e);

/* The item that is shown of a story, if another one may take its place: several outlets tell it,
 * and that one has a headline; else 0. */
int stories_find_lead(
	struct store_tx *tx, int64_t story, int64_t item, int64_t *ret_lead, struct err *e);

/* Writes no line: an item that joins a story has one. */
int stories_set_lead(struct store_tx *tx, int64_t story, int64_t item, struct err *e);

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
	int64_t feed, folder, label; /* of which, or with which, they have an item; 0: any */
	int read, starred;           /* -1 no, +1 yes, 0 any */
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

/* As items_set_state(), for all items of the stories; but STATE_READ is for the one that is shown
 * and its copies. */
int stories_set_state(struct store_tx *tx, const int64_t *ids, int count, int read, int starred,
	int64_t now_ms, int *ret_changed, struct err *e);

#endif
