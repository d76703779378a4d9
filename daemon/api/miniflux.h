/* The face of Miniflux's API, version 1: its objects and rules (frontends.md, section 6) on what
 * the native routes stand on. For the files miniflux_*.c. */
#ifndef TIDINGS_API_MINIFLUX_H
#define TIDINGS_API_MINIFLUX_H

#include <stdbool.h>
#include <stdint.h>

#include "api/entry.h"
#include "api/routes.h"
#include "base/json.h"
#include "store/feeds.h"
#include "store/items.h"

extern const struct face miniflux_face;

/* One user, whatever the name; and a category for feeds that are in no folder. Its id is the last
 * that fits: a folder would get it after two thousand million others. */
enum { MINIFLUX_USER = 1, MINIFLUX_UNFILED = INT32_MAX };
#define MINIFLUX_UNFILED_TITLE "Unfiled"

/* Which entries the path is about: all, or with {id}, or {name} where {id} is an entry, those of a
 * feed or category. */
void miniflux_scope(const struct http_request *r, struct item_filter *ret_filter);

/* Whether there is that feed or category. ERR_NOT_FOUND. */
int miniflux_check_scope(struct store_tx *tx, const struct item_filter *filter, struct err *e);

/* -- values as Miniflux writes them -- */

void miniflux_put_text(struct json *j, const char *key, const char *text); /* NULL: "" */
void miniflux_put_time(struct json *j, const char *key, int64_t time_ms);  /* TIME_NONE: year 1 */

/* Of a folder, or with id 0 that of feeds in none; begun, for further members until json_end(). */
void miniflux_begin_category(struct json *j, const char *key, int64_t id, const char *title);
void miniflux_put_category(struct json *j, const char *key, int64_t id, const char *title);

void miniflux_put_feed(struct json *j, const char *key, const struct feed *feed);

/* {"error_message":...}, with the statuses that its clients know. */
void miniflux_refuse(struct http_request *r);

/* -- bodies, and JSON in columns: miniflux_body.c -- */

/* Of a member; NULL, 0 and 0 where there is none of that type. */
const char *miniflux_text(const struct http_request *r, const char *member);
int64_t miniflux_number(const struct http_request *r, const char *member);
int miniflux_bool(const struct http_request *r, const char *member); /* -1 false, +1 true */

/* Not empty, false, 0 or null. */
bool miniflux_is_set(const struct http_request *r, const char *member);

/* A title: one line, not empty, at most API_NAME_MAX bytes; else the problem. */
int miniflux_title(struct http_request *r, const char *member, const char **ret_title)
	__attribute__((warn_unused_result));

/* Ids, at least one, in the arena; else the problem. */
int miniflux_ids(struct http_request *r, const char *member, int64_t **ret_ids, int *ret_count)
	__attribute__((warn_unused_result));

/* Those of an entry as a member "enclosures"; or the one with this id as an object, false when
 * there is none. */
void miniflux_put_enclosures(struct json *j, const struct entry *entry);
bool miniflux_put_enclosure(struct json *j, const struct entry *entry, int64_t id);
int64_t miniflux_enclosure_entry(int64_t id);

/* What is asked of entries; r->query of their routes. */
struct miniflux_entries {
	bool stories;
	struct item_filter filter;
	struct page page;
	int64_t changed_after_ms, changed_before_ms; /* 0: not asked */
};

/* -- handlers -- */

route_parse miniflux_parse_list, miniflux_parse_ids, miniflux_parse_one;
route_run miniflux_run_list, miniflux_run_ids, miniflux_run_one, miniflux_run_content,
	miniflux_run_enclosure;

route_parse miniflux_parse_update, miniflux_parse_bookmark, miniflux_parse_mark_all;
route_run miniflux_run_mark, miniflux_run_bookmark;

route_parse miniflux_parse_counted;
route_run miniflux_run_feeds, miniflux_run_feed, miniflux_run_counters, miniflux_run_categories,
	miniflux_run_icon;

route_parse miniflux_parse_feed, miniflux_parse_category, miniflux_parse_refresh;
route_run miniflux_run_add_feed, miniflux_run_change_feed, miniflux_run_remove_feed,
	miniflux_run_add_category, miniflux_run_change_category, miniflux_run_remove_category,
	miniflux_run_refresh, miniflux_run_export;
route_reply miniflux_reply_added, miniflux_reply_refresh, miniflux_reply_imported,
	miniflux_reply_discover;

#endif
