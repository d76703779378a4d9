/* The face of Google Reader, as FreshRSS and others show it too, for the files greader_*.c. */
#ifndef TIDINGS_API_GREADER_H
#define TIDINGS_API_GREADER_H

#include "api/entry.h"
#include "api/routes.h"
#include "store/feeds.h"

extern const struct face greader;

/* -- ids -- */

/* What is added to the id of an item: the short form has 16 digits and does not begin with 0, the
 * long one has 16 and does, so that neither is taken for the other. */
#define GREADER_ID_BASE INT64_C(1000000000000000)

enum { GREADER_ID_BYTES = 64 };

/* The long form: "tag:google.com,2005:reader/item/00038d7ea4c68001". Returns `out`. */
const char *greader_id(int64_t item, char out[GREADER_ID_BYTES]);

/* Reads any form: the long one (1 to 16 digits), a decimal number, 16 bare hexadecimal digits. 0:
 * it is none. */
int64_t greader_parse_id(const char *text);

/* -- streams -- */

enum stream_kind {
	STREAM_NONE, /* nothing we know: it has no items */
	STREAM_ALL,
	STREAM_READ,
	STREAM_UNREAD,
	STREAM_STARRED,
	STREAM_FEED,
	STREAM_LABEL, /* of this name there may be a folder, or a label */
};

struct stream {
	enum stream_kind kind;
	const char *name; /* an id or address; a folder's or label's name */
};

/* "feed/7", "feed/URL", "user/-/state/com.google/read", "user/-/label/NAME", "read". The name lies
 * in `text`. Pure. */
struct stream greader_stream(const char *text);

/* Feeds that are in no folder are shown in one of this name, which is not in the database. */
#define GREADER_UNFILED "Unfiled"

/* The ids of what the stream means; ERR_NOT_FOUND, when there is no such feed, folder or label. */
struct stream_ids {
	int64_t feed, folder, label; /* 0: it is none; folder FOLDER_NONE: GREADER_UNFILED */
};
int greader_resolve(struct store_tx *tx, const struct stream *stream, struct arena *arena,
	struct stream_ids *ret_ids, struct err *e) __attribute__((warn_unused_result));

/* Adds to a filter that items are in the stream; false: none can be. */
bool greader_narrow(
	struct item_filter *f, const struct stream *stream, const struct stream_ids *ids);

/* -- texts -- */

/* Plain text for readers of which some take it for HTML: where it would be read as a tag or an
 * entity, letters that look alike stand in its place (frontends.md, 4.10). NULL is none. */
void greader_put_text(struct json *j, const char *key, const char *text);

/* An entry with all of its members, of the feed that told it first. */
void greader_put_entry(
	struct json *j, const struct entry *entry, const struct feed *feed, struct buf *html);

/* A body of text alone, without a newline, since clients compare it. */
void greader_answer(struct http_request *r, const char *text);

/* What writes answer when they are done. */
route_reply greader_reply_ok;

/* The address in "feed/URL" or "URL", normalised: only what is fetched over the network, as for
 * POST /api/v1/feeds. ERR_INVALID, and NULL. */
int greader_read_url(struct arena *arena, const char *text, char **ret_url, struct err *e)
	__attribute__((warn_unused_result));

/* -- the handlers -- */

route_reply greader_reply_bare, greader_reply_check, greader_reply_login, greader_reply_token,
	greader_reply_user;

route_parse greader_parse_list, greader_parse_contents;
route_run greader_run_ids, greader_run_list, greader_run_contents, greader_run_atom;

route_run greader_run_feeds, greader_run_tags, greader_run_counts;
route_parse greader_parse_lists;

route_parse greader_parse_edit_tag, greader_parse_mark_all;
route_run greader_run_mark;

route_parse greader_parse_quickadd;
route_run greader_run_quickadd;
route_reply greader_reply_quickadd;

route_parse greader_parse_edit, greader_parse_disable;
route_run greader_run_edit, greader_run_export, greader_run_rename, greader_run_disable;
route_reply greader_reply_edited, greader_reply_imported;

#endif
