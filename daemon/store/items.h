/* Items in the database: each once, with the earlier texts of those that changed. */
#ifndef TIDINGS_STORE_ITEMS_H
#define TIDINGS_STORE_ITEMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/model.h"
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
	int revisions; /* earlier texts kept */
};

/* What refresh.c hands over for one item: the parsed item and what was derived of it on the pool.
 */
struct item_draft {
	const struct item *item;
	int64_t key;    /* identity within the feed (story/identity.h) */
	int64_t digest; /* over everything a reader sees: differs when the item changed */
	const char *author, *excerpt, *enclosures, *categories; /* as in item_row */
};

/* Looks an item up by its identity. ret_id is 0 when there is none. */
int items_find(struct store_tx *tx, int64_t feed, int64_t key, int64_t *ret_id, int64_t *ret_digest,
	struct err *e);

/* Inserts an item where and as `join` says, and sets join->item. `rev` is a number of
 * changes_reserve(). */
int items_insert(struct store_tx *tx, struct story_join *join, const struct item_draft *draft,
	int64_t rev, struct err *e);

/* Replaces the texts of an item and keeps the earlier ones as a revision (at most
 * ITEM_REVISIONS_MAX, oldest dropped). */
int items_revise(struct store_tx *tx, int64_t id, const struct item_draft *draft, int64_t now_ms,
	int64_t rev, struct err *e);

enum item_order { ITEMS_BY_ID, ITEMS_BY_PUBLISHED, ITEMS_BY_REV };

/* Zeroed: everything. Times: TIME_NONE or 0 means no bound. */
struct item_filter {
	int64_t feed, folder, story; /* 0: any */
	int read, starred;           /* -1 no, +1 yes, 0 any */
	int64_t since_rev;           /* rev > since_rev */
	int64_t received_after_ms, published_after_ms;
	enum item_order order; /* a page's key is the id, published_ms (received_ms where absent),
				  or rev */
	bool with_content;     /* fill summary and content */
};
/* A non-zero return of `each` refuses the row and ends the page. */
int items_list(struct store_tx *tx, const struct item_filter *f, struct page *page,
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
