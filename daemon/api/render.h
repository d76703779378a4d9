/* Rows of the store as JSON objects: the same object wherever it is shown, in lists, alone, in
 * changes and in events. */
#ifndef TIDINGS_API_RENDER_H
#define TIDINGS_API_RENDER_H

#include <stdint.h>

#include "api/api.h"
#include "api/problem.h"
#include "base/json.h"
#include "store/changes.h"
#include "store/counts.h"
#include "store/feeds.h"
#include "store/folders.h"
#include "store/items.h"
#include "store/labels.h"
#include "store/stories.h"

/* Pure but for what is said; any thread. A `key` is NULL inside arrays and at the top. */

/* A URL, or a text that may be one, without its userinfo: names and passwords in the addresses of
 * feeds are told to nobody (C44). NULL is null. */
void render_url(struct json *j, const char *key, const char *url);

/* Adds the members of a feed with counts to the object that is open. */
void render_feed_members(struct json *j, const struct feed *feed);
void render_folder_members(struct json *j, const struct folder *folder);
void render_label_members(struct json *j, const struct label *label);

/* An object of a list. */
void render_counts(struct json *j, const struct counts *counts, bool with_newest);

enum render_content { RENDER_NONE, RENDER_TEXT, RENDER_HTML }; /* as the words of PARAM_CONTENT */

typedef void render_text_fn(const char *html, size_t len, struct buf *out);

/* What to show of an item. */
struct render_item {
	uint64_t members; /* from render_item_members(), or RENDER_ALL */
	enum render_content content;
	render_text_fn *html_text; /* for RENDER_TEXT */
};
#define RENDER_ALL UINT64_MAX

void render_item(struct json *j, const char *key, const struct item_row *row,
	const struct render_item *what);

/* "html" or "text" of an item that has its texts; nothing for RENDER_NONE. */
void render_content(struct json *j, const struct item_row *row, const struct render_item *what);

/* Reads "id,title,..."; sets the problem when there is no such member. */
int render_item_members(const char *names, uint64_t *ret_members, struct http_problem *p)
	__attribute__((warn_unused_result));

/* Adds the members of a story to the object that is open. */
void render_story_members(struct json *j, const struct story *story, int64_t now_ms);
void render_story_member(struct json *j, const struct story_member *member);

/* One line of the change log with the objects it is about, as they are now; at most API_LINE_MAX
 * bytes: objects beyond are told as
 * {"id":N,"omitted":true}. Reads from the transaction. */
int render_change(struct store_tx *tx, struct json *j, const struct change *change, struct err *e)
	__attribute__((warn_unused_result));

#endif
