/* JSON bodies of requests: one table says which members there are and what they hold. */
#ifndef TIDINGS_API_BODY_H
#define TIDINGS_API_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/problem.h"
#include "store/stories.h"

/* Of jansson, which only body.c speaks. */
struct json_t;

enum member_type {
	MEMBER_TYPE_BOOL,
	MEMBER_TYPE_FILTER,  /* an object with any of FILTER_MEMBERS */
	MEMBER_TYPE_ID,      /* a number from 1 */
	MEMBER_TYPE_IDS,     /* numbers from 1, at most API_IDS_MAX */
	MEMBER_TYPE_LABEL,   /* one line, not empty, at most LABEL_NAME_MAX bytes */
	MEMBER_TYPE_LABELS,  /* at most ITEM_LABELS_MAX of these */
	MEMBER_TYPE_TURN,    /* an object with `add`, `remove` or both */
	MEMBER_TYPE_LEVEL,   /* a level of stories (story_level_parse()); or null */
	MEMBER_TYPE_NAME,    /* one line, at most API_NAME_MAX bytes; or null */
	MEMBER_TYPE_SECONDS, /* within API_INTERVAL_MIN_S and API_INTERVAL_MAX_S; or null */
	MEMBER_TYPE_STATE,   /* an object with `read`, `starred` or both, and `reports` */
	MEMBER_TYPE_TIME,    /* RFC 3339 */
	MEMBER_TYPE_URL,     /* not empty, at most FETCH_URL_MAX bytes; the handler checks it */
};

/* symbol, name, type; tidings-api(7) tells what each means. */
#define MEMBER_LIST(X)                                                                             \
	X(MEMBER_ADD, "add", LABELS)                                                               \
	X(MEMBER_AS_OF, "as_of", ID)                                                               \
	X(MEMBER_FEED, "feed", ID)                                                                 \
	X(MEMBER_FILTER, "filter", FILTER)                                                         \
	X(MEMBER_FOLDER, "folder", NAME)                                                           \
	X(MEMBER_IN_FOLDER, "folder", ID)                                                          \
	X(MEMBER_HOST, "host", NAME)                                                               \
	X(MEMBER_IDS, "ids", IDS)                                                                  \
	X(MEMBER_INTERVAL, "interval_s", SECONDS)                                                  \
	X(MEMBER_ITEMS, "items", IDS)                                                              \
	X(MEMBER_LABEL, "label", LABEL)                                                            \
	X(MEMBER_LABEL_NAME, "name", LABEL)                                                        \
	X(MEMBER_LABELS, "labels", TURN)                                                           \
	X(MEMBER_NAME, "name", NAME)                                                               \
	X(MEMBER_NEVER, "never", BOOL)                                                             \
	X(MEMBER_PINNED, "pinned", BOOL)                                                           \
	X(MEMBER_READ, "read", BOOL)                                                               \
	X(MEMBER_READ_ONLY, "read_only", BOOL)                                                     \
	X(MEMBER_RECEIVED_BEFORE, "received_before", TIME)                                         \
	X(MEMBER_REMOVE, "remove", LABELS)                                                         \
	X(MEMBER_REPORTS, "reports", BOOL)                                                         \
	X(MEMBER_SET, "set", STATE)                                                                \
	X(MEMBER_SINCE, "since", TIME)                                                             \
	X(MEMBER_STARRED, "starred", BOOL)                                                         \
	X(MEMBER_LEVEL, "stories", LEVEL)                                                          \
	X(MEMBER_AS_STORIES, "stories", BOOL)                                                      \
	X(MEMBER_STORIES, "stories", IDS)                                                          \
	X(MEMBER_URL, "url", URL)

enum member {
#define X(symbol, name, type) symbol,
	MEMBER_LIST(X)
#undef X
		MEMBERS
};
#define MEMBER_BIT(member) (1U << (member))

/* How states are set, of what, and which labels. */
#define STATE_MEMBERS                                                                              \
	(MEMBER_BIT(MEMBER_READ) | MEMBER_BIT(MEMBER_STARRED) | MEMBER_BIT(MEMBER_REPORTS) |       \
		MEMBER_BIT(MEMBER_LABELS))
#define FILTER_MEMBERS                                                                             \
	(MEMBER_BIT(MEMBER_FEED) | MEMBER_BIT(MEMBER_IN_FOLDER) | MEMBER_BIT(MEMBER_LABEL) |       \
		MEMBER_BIT(MEMBER_READ) | MEMBER_BIT(MEMBER_STARRED) |                             \
		MEMBER_BIT(MEMBER_RECEIVED_BEFORE))
#define TURN_MEMBERS (MEMBER_BIT(MEMBER_ADD) | MEMBER_BIT(MEMBER_REMOVE))

/* In place of members: the body is a list of feeds, which `parse` of its route reads on the pool.
 */
#define BODY_LIST (1U << 31)
/* ... a form, see form.h. */
#define BODY_FORM (1U << 30)
/* ... an object with any members, or nothing. */
#define BODY_ANY (1U << 29)

extern const struct member_spec {
	const char *name;
	enum member_type type;
} member_specs[MEMBERS];

/* Those that an object may have: of a filter, a state, a turn. */
unsigned member_inside(enum member_type type);

const char *member_name(enum member member);

/* Reads JSON text, an object; NULL and the problem, with line and column, when it is none. Any
 * thread. */
struct json_t *body_parse(const char *text, size_t len, struct http_problem *p)
	__attribute__((warn_unused_result));
void body_free(struct json_t *body);

/* Checks an object's members: only `allowed` ones, all `required` ones, at least one, each of its
 * type. On failure the problem names the member. */
int body_check(struct json_t *body, unsigned allowed, unsigned required, struct http_problem *p)
	__attribute__((warn_unused_result));

/* -- members of a body that was checked -- */

bool body_has(const struct json_t *body, enum member member);
const char *body_string(
	const struct json_t *body, enum member member); /* NULL for null and when absent */
int64_t body_number(const struct json_t *body, enum member member); /* 0 for null and when absent */

/* GROUPING_INHERITED for null and when absent. */
enum grouping_level body_level(const struct json_t *body, enum member member);

/* A member that is an object; NULL when absent. */
const struct json_t *body_object(const struct json_t *body, enum member member);

/* The n-th of a list of labels; NULL behind the last, and when absent. */
const char *body_label(const struct json_t *body, enum member member, size_t n);

/* How states are to be set, as the store takes it: -1 no, +1 yes, 0 leave. Looks into `set` when
 * there is one. */
int body_state(const struct json_t *body, enum member member);

bool body_is_true(const struct json_t *body, enum member member); /* false when absent */
int64_t body_time(const struct json_t *body, enum member member); /* TIME_NONE when absent */

/* How many ids there are; and these, up to so many. */
size_t body_count(const struct json_t *body, enum member member);
void body_copy_ids(const struct json_t *body, enum member member, int64_t *ret_ids, size_t count);

/* The ids as an array to free(); NULL when out of memory. */
int64_t *body_ids(const struct json_t *body, enum member member, int *ret_count);

#endif
