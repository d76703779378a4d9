/* What newsreaders are shown of a view: its items, or its stories, one entry each. */
#ifndef TIDINGS_API_ENTRY_H
#define TIDINGS_API_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "api/http.h"
#include "store/items.h"

enum view_kind { VIEW_ALL, VIEW_UNREAD, VIEW_STARRED, VIEW_FEED, VIEW_FOLDER, VIEW_LABEL };

struct view {
	enum view_kind kind;
	const char *name; /* of the folder or label */
	int64_t feed;
	bool stories; /* in place of items */
	int limit;
};

/* Reads "all", "unread", "starred", "feed/7", "folder/NAME", "label/NAME", percent-encoded; a name
 * may have slashes. ERR_NOT_FOUND, ERR_NOMEM. */
int view_parse(struct slice path, struct arena *arena, struct view *ret_view)
	__attribute__((warn_unused_result));

/* What the view is called: the name of the feed, folder or label, or "Unread". ERR_NOT_FOUND: there
 * is no such one. In `arena`. */
int view_title(struct store_tx *tx, const struct view *view, struct arena *arena,
	const char **ret_title, struct err *e) __attribute__((warn_unused_result));

/* An item; or a story, of which the item that is shown. Valid until the callback returns. */
struct entry {
	int64_t id;  /* the item's; a story's first item's, for ever */
	int64_t rev; /* its newest change; of a story's, or its first item's */
	int64_t published_ms, updated_ms;
	bool read, starred;
	const struct item_row *item;  /* with its texts, and the labels of all the story */
	const struct item_row *first; /* whose id it has: its feed told it first; without texts */
	const char *also; /* HTML: the other outlets of the story, each with its link; "": none */
};

/* The newest first: items as they were received, stories by their newest item. A non-zero return of
 * `each` ends the list. */
int entries_list(struct store_tx *tx, const struct view *view,
	int (*each)(void *ctx, const struct entry *entry), void *ctx, struct err *e)
	__attribute__((warn_unused_result));

/* The entries of these items, or of their stories, in their order; what there is not is passed
 * over. As entries_list(), else. */
int entries_get(struct store_tx *tx, const int64_t *ids, int count, bool stories,
	int (*each)(void *ctx, const struct entry *entry), void *ctx, struct err *e)
	__attribute__((warn_unused_result));

/* Its title, never empty, and its categories or labels as a list of jansson's (NULL: none; no
 * memory for it is a failure of `out`). */
const char *entry_title(const struct entry *entry);
struct json_t *entry_list(const char *text, struct buf *out);

/* Those of its enclosures that have an address. */
struct attachment {
	size_t place;           /* among all of them */
	const char *url, *type; /* type NULL: not known */
	int64_t length;         /* bytes; 0: not known */
};
void entry_attachments(const struct entry *entry, struct buf *out,
	void (*each)(void *ctx, const struct attachment *one), void *ctx);

/* Its HTML, with the outlets at the end. */
void entry_put_html(const struct entry *entry, struct buf *out);

/* The same as a string, made in `scratch`; a failure of that becomes one of `out`, for which it is.
 */
const char *entry_html(const struct entry *entry, struct buf *scratch, struct buf *out);

#endif
