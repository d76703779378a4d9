/* Items in the database: each once, with the earlier texts of those that changed. */
#ifndef TIDINGS_STORE_ITEMS_H
#define TIDINGS_STORE_ITEMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/model.h"
#include "limits.h"
#include "store/stories.h"

/* Ids only grow, are never used again, and stay below 2^31 (frontends.md, 1.1): the insert that
 * would pass it fails with ERR_FULL. */

/* A row, valid until the callback that got it returns, or as long as the arena it was copied into.
 */
struct item_row {
	int64_t id, rev, feed, story;
	const char *source;                            /* the feed's name, title or URL */
	const char *guid, *title, *link, *author;      /* author: names joined by ", " */
	int64_t published_ms, updated_ms, received_ms; /* published and updated may be TIME_NONE */
	const char *excerpt;                           /* plain text, one line */
	const char *summary, *content;                 /* clean HTML; only when asked for */
	const char *enclosures; /* JSON array of {"url","type","length"}, or NULL */
	const char *categories; /* JSON array of strings, or NULL */
	const char *comments, *thumbnail, *language;
	const char *extensions; /* JSON object, or NULL */
	bool read, starred;
	int revisions;      /* earlier texts kept, of other words each */
	const char *labels; /* JSON array of their names, or NULL */
};

/* What refresh.c hands over for one item: the parsed item and what was derived of it on the pool.
 */
struct item_draft {
	const struct item *item;
	int64_t key;           /* identity within the feed (story/identity.h) */
	int64_t digest, words; /* as in struct item_mark */
	const char *author, *excerpt, *enclosures, *categories; /* as in item_row */
};

/* Whether there are items of the feed, or were any that are known still to have been dropped: if
 * not, none need be looked up. */
int items_has_any(struct store_tx *tx, int64_t feed, bool *ret_has, struct err *e);

/* Looks an item up by its identity. ret_id is 0 when there is none. */
int items_find(struct store_tx *tx, int64_t feed, int64_t key, int64_t *ret_id,
	struct item_mark *ret_mark, struct err *e);

/* The ids of a feed's items, the newest first, `limit` at most, until `each` returns non-zero. */
int items_newest(struct store_tx *tx, int64_t feed, int limit, int (*each)(void *ctx, int64_t id),
	void *ctx, struct err *e);

/* What an item may be recognised by. Strings are copied into `arena`. */
struct item_face {
	struct item_mark mark;
	int64_t url_key, published_ms; /* 0: none; TIME_NONE */
	const char *title, *link, *excerpt;
};
int items_get_face(struct store_tx *tx, int64_t id, struct arena *arena, struct item_face *ret_face,
	struct err *e);

/* Gives an item the key, guid and address of a draft. All else stays, but for the link, its digest
 * and, unless 0, rev. */
int items_rekey(struct store_tx *tx, int64_t id, const struct item_draft *draft, int64_t url_key,
	const char *link, int64_t digest, int64_t rev, struct err *e);

/* The id that the next new item is to have: no item ever had it, or a greater one. */
int items_next_id(struct store_tx *tx, int64_t *ret_id, struct err *e);

/* Inserts an item where and as `join` says. `rev` is a number of changes_reserve(). */
int items_insert(struct store_tx *tx, const struct story_join *join, const struct item_draft *draft,
	int64_t rev, struct err *e);

/* Replaces an item's texts and keeps the earlier ones as a revision: ITEM_REVISIONS_MAX at most, or
 * ITEM_MARKUP_MAX of EDIT_MARKUP, the oldest dropped. What it was read and starred stays, and where
 * the words do, so does the time at which it was published: it is no newer. EDIT_DATE sets but the
 * time of its update. */
int items_revise(struct store_tx *tx, int64_t id, const struct item_draft *draft, enum edit edit,
	int64_t now_ms, int64_t rev, struct err *e);

/* The earlier texts of an item, newest first: its title, link, summary and content, what it was
 * edited to, and when. A non-zero return of `each` ends the list. */
int items_list_revisions(struct store_tx *tx, int64_t id,
	int (*each)(void *ctx, const struct item_row *text, enum edit edit, int64_t replaced_ms),
	void *ctx, struct err *e);

/* Whether its markup has changed so often of late (ITEM_MARKUP_MAX) that a further such edit says
 * nothing. */
int items_is_restless(
	struct store_tx *tx, int64_t id, int64_t now_ms, bool *ret_restless, struct err *e);

enum item_order { ITEMS_BY_ID, ITEMS_BY_PUBLISHED, ITEMS_BY_REV };

/* In place of a folder: feeds that are in none. */
enum { FOLDER_NONE = -1 };

/* Zeroed: everything. Times: TIME_NONE or 0 means no bound. */
struct item_filter {
	int64_t feed, folder, label, story; /* 0: any */
	int read, starred;                  /* -1 no, +1 yes, 0 any */
	bool stories; /* only the first item of each story, for all of it: read and starred are the
			 story's, and a label is one that any of its items has */
	struct {
		int64_t feed, folder, label;
	} without[ITEM_WITHOUT_MAX];  /* none of these; 0: nothing */
	int64_t after_id, before_id;  /* neither of them; 0: no bound */
	int64_t since_rev, until_rev; /* since_rev < rev <= until_rev; 0: no bound. Of a story it
					 is its own, or the item's if that is newer */
	int64_t received_after_ms, received_before_ms, published_after_ms, published_before_ms;
	enum item_order order; /* a page's key is the id, published_ms (received_ms where absent),
				  or rev */
	bool with_content;     /* fill summary and content */
};
/* A non-zero return of `each` refuses the row and ends the page. */
int items_list(struct store_tx *tx, const struct item_filter *f, struct page *page,
	int (*each)(void *ctx, const struct item_row *row), void *ctx, struct err *e);

/* The same, of ids alone: nothing else is read. A page has up to STORE_IDS_MAX. */
int items_list_ids(struct store_tx *tx, const struct item_filter *f, struct page *page,
	int (*each)(void *ctx, int64_t id), void *ctx, struct err *e);

/* How many items a list without an end would have. */
int items_count(
	struct store_tx *tx, const struct item_filter *f, int64_t *ret_count, struct err *e);

/* The items with these ids, in their order; what there is not is passed over. A non-zero return of
 * `each` ends the list. */
int items_get_many(struct store_tx *tx, const int64_t *ids, int count, bool with_content,
	int (*each)(void *ctx, const struct item_row *row), void *ctx, struct err *e);

/* One item with its texts, copied into `arena`. ERR_NOT_FOUND. */
int items_get(struct store_tx *tx, int64_t id, struct arena *arena, struct item_row *ret_row,
	struct err *e);

/* The same without summary and content: for change records. */
int items_get_brief(struct store_tx *tx, int64_t id, struct arena *arena, struct item_row *ret_row,
	struct err *e);

/* For `read`. */
enum {
	STATE_READ = 1,       /* with its copies: the same article, the same text */
	STATE_READ_STORY = 2, /* with all of its story: other outlets' reports, too */
};

/* Sets states absolutely (-1 no, +1 yes, 0 leave) and writes item.state and story.state lines for
 * what really changed; ids that do not exist are passed over. ret_changed counts items. */
int items_set_state(struct store_tx *tx, const int64_t *ids, int count, int read, int starred,
	int64_t now_ms, int *ret_changed, struct err *e);

#endif
