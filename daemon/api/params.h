/* Parameters of requests: one table says what each is called, what values it takes and what it is
 * for. */
#ifndef TIDINGS_API_PARAMS_H
#define TIDINGS_API_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "api/http.h"
#include "api/problem.h"
#include "base/arena.h"
#include "limits.h"
#include "store/store.h"

/* How a value is written. */
enum param_type {
	PARAM_TYPE_INT,     /* decimal, within the range of the table */
	PARAM_TYPE_BOOL,    /* true, false */
	PARAM_TYPE_TIME,    /* RFC 3339 */
	PARAM_TYPE_WORD,    /* one of the words of the table; the number is its place */
	PARAM_TYPE_SEQ,     /* a number of the change log: SEQ or EPOCH-SEQ */
	PARAM_TYPE_TEXT,    /* anything; the handler reads it */
	PARAM_TYPE_MISSING, /* belongs to what is not there yet */
};

/* symbol, name, type, minimum, maximum, words (or why it is missing). A name means the same
 * wherever it is allowed; tidings-api(7) tells what. */
#define PARAM_LIST(X)                                                                              \
	X(PARAM_AFTER, "after", INT, 0, INT64_MAX, NULL)                                           \
	X(PARAM_AS, "as", WORD, 0, 1, "feeds atom")                                                \
	X(PARAM_CONTENT, "content", WORD, 0, 2, "none text html")                                  \
	X(PARAM_CREDENTIALS, "credentials", BOOL, 0, 1, NULL)                                      \
	X(PARAM_CURSOR, "cursor", TEXT, 0, 0, NULL)                                                \
	X(PARAM_DIR, "dir", WORD, 0, 1, "desc asc")                                                \
	X(PARAM_FEED, "feed", INT, 1, INT64_MAX, NULL)                                             \
	X(PARAM_FIELDS, "fields", TEXT, 0, 0, NULL)                                                \
	X(PARAM_FOLDER, "folder", INT, 1, INT64_MAX, NULL)                                         \
	X(PARAM_KINDS, "kinds", TEXT, 0, 0, NULL)                                                  \
	X(PARAM_LABEL, "label", TEXT, 0, 0, NULL)                                                  \
	X(PARAM_LIMIT, "limit", INT, 1, 1000, NULL)                                                \
	X(PARAM_N, "n", INT, 1, 1000, NULL)                                                        \
	X(PARAM_ORDER, "order", WORD, 0, 2, "received published rev")                              \
	X(PARAM_PUBLISHED_AFTER, "published_after", TIME, 0, 0, NULL)                              \
	X(PARAM_PUBLISHED_BEFORE, "published_before", TIME, 0, 0, NULL)                            \
	X(PARAM_Q, "q", MISSING, 0, 0, "search is not there yet")                                  \
	X(PARAM_READ, "read", BOOL, 0, 1, NULL)                                                    \
	X(PARAM_RECEIVED_AFTER, "received_after", TIME, 0, 0, NULL)                                \
	X(PARAM_RECEIVED_BEFORE, "received_before", TIME, 0, 0, NULL)                              \
	X(PARAM_SEEN_AFTER, "seen_after", TIME, 0, 0, NULL)                                        \
	X(PARAM_SINCE, "since", SEQ, 0, INT64_MAX, NULL)                                           \
	X(PARAM_STARRED, "starred", BOOL, 0, 1, NULL)                                              \
	X(PARAM_STORIES, "stories", BOOL, 0, 1, NULL)                                              \
	X(PARAM_STORY, "story", INT, 1, INT64_MAX, NULL)                                           \
	X(PARAM_WAIT, "wait", INT, 0, API_WAIT_MAX_S, NULL)

enum param {
#define X(symbol, name, type, min, max, words) symbol,
	PARAM_LIST(X)
#undef X
		PARAMS
};
#define PARAM_BIT(param) (1U << (param))
#define PARAM_OTHERS     (1U << 31) /* those that are not allowed are passed over */
#define PARAM_FORM       (1U << 30) /* r->form holds them all */

enum { PARAM_EPOCH_BYTES = 24 };

struct param_spec {
	const char *name;
	enum param_type type;
	int64_t min, max;
	const char *words; /* separated by spaces */
};
extern const struct param_spec param_specs[PARAMS];

struct params {
	unsigned given; /* PARAM_BIT()s */
	struct {
		int64_t number;   /* milliseconds for times */
		const char *text; /* decoded */
	} values[PARAMS];
	char epoch[PARAM_EPOCH_BYTES]; /* of `since`, "" when it was a bare number */
};

/* Reads a raw query string. `allowed` are PARAM_BIT()s. On failure the problem names the parameter.
 */
int params_parse(struct slice query, unsigned allowed, struct arena *a, struct params *ret_params,
	struct http_problem *p) __attribute__((warn_unused_result));

int64_t params_number(const struct params *params, enum param param, int64_t fallback);
const char *params_text(const struct params *params, enum param param); /* NULL when not given */

/* For filters: -1 no, +1 yes, 0 not asked. */
int params_tristate(const struct params *params, enum param param);

/* SEQ or EPOCH-SEQ. 0 or ERR_INVALID. */
int params_parse_seq(const char *text, char ret_epoch[PARAM_EPOCH_BYTES], int64_t *ret_seq);

/* Names separated by commas, at least one; `bits_of` gives a name's bits, 0 when it is none: then
 * the problem says "`none` "name"". */
int params_parse_list(const char *text, uint64_t (*bits_of)(struct slice name), const char *param,
	const char *none, uint64_t *ret_bits, struct http_problem *p)
	__attribute__((warn_unused_result));

/* Decimal digits only, within a range. 0 or ERR_INVALID. */
int params_parse_int(const char *text, int64_t min, int64_t max, int64_t *ret_number);

const char *param_name(enum param param);

/* -- pages of lists: a cursor is a place, opaque to clients, of letters that a URL takes -- */

enum { CURSOR_TEXT_BYTES = 40 };

/* Reads `limit` (100), `dir` and `cursor`; `order` is a letter for what the list is sorted by: a
 * cursor of another list is refused. */
int page_parse(const struct params *params, char order, struct page *ret_page,
	struct http_problem *p) __attribute__((warn_unused_result));

/* The cursor to go on with, NULL at the list's end. */
const char *page_cursor(const struct page *page, char order, char out[CURSOR_TEXT_BYTES]);

#endif
