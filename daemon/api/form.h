/* Forms: what a query string and a body of the kinds that web pages send say, as one list. */
#ifndef TIDINGS_API_FORM_H
#define TIDINGS_API_FORM_H

#include <stdbool.h>
#include <stdint.h>

#include "api/http.h"

struct form_pair {
	const struct form_pair *next;
	const char *name, *value; /* "" where there is no "=" */
};

/* In the order in which they came, the query's first. Zeroed: none. All in the arena that it was
 * read with. */
struct form {
	const struct form_pair *first;
	struct form_pair *last;
	int count; /* at most FORM_PAIRS_MAX */
};

/* Appends what is written as "a=1&b=2" (WHATWG URL, 5.1). ERR_INVALID: there are control
 * characters in it, or it is not UTF-8; ERR_TOO_BIG: too many; ERR_NOMEM. */
int form_read(struct form *form, struct slice text, struct arena *arena)
	__attribute__((warn_unused_result));

/* The same for a body, which is multipart/form-data (RFC 7578) when it begins like one: clients
 * that send the wrong Content-Type are many. */
int form_read_body(struct form *form, struct slice body, struct arena *arena)
	__attribute__((warn_unused_result));

/* The first of that name in "a=1&b=2" with at most ACCESS_FIELD_MAX bytes, decoded; NULL: there is
 * none, or no memory for it. */
const char *form_find(struct slice text, const char *name, struct arena *arena);

/* The first of that name, or NULL. */
const char *form_text(const struct form *form, const char *name);

/* The next of that name behind `before`, NULL being the beginning; or NULL. */
const struct form_pair *form_pair(
	const struct form *form, const char *name, const struct form_pair *before);

/* The next of that name behind *at, which begins as NULL; NULL behind the last. */
const char *form_next(const struct form *form, const char *name, const struct form_pair **at);

/* A decimal number from 0 to `max`; `fallback` when there is none, `max` when it is more. */
int64_t form_number(const struct form *form, const char *name, int64_t max, int64_t fallback);

#endif
