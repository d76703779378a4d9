/* The long texts of a JSON document, read in front of jansson, which goes through them by the byte.
 * Private to parse/. */
#ifndef TIDINGS_PARSE_JSON_TEXTS_H
#define TIDINGS_PARSE_JSON_TEXTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct json_texts {
	struct buf json; /* the document with a mark in the place of each long text */
	struct buf text; /* those, decoded, with a NUL behind each */
	bool taken;      /* the tree is that of `json` */
};

void json_texts_init(struct json_texts *t, size_t len);
void json_texts_finish(struct json_texts *t);

/* Takes the long texts out of a document of clean UTF-8. False, and nothing is taken, when it is
 * not well-formed as far as strings go, when it would not get smaller, or without memory: then it
 * is for jansson to read the whole. */
bool json_texts_take(struct json_texts *t, const char *json, size_t len);

/* What a string of the tree says, with a NUL behind it; NULL for what is no string. Lives as long
 * as both. */
const char *json_texts_get(const struct json_texts *t, const json_t *string, size_t *ret_len);

/* Four hexadecimal digits at `p`; false when they are none. */
bool json_texts_hex(const char *p, const char *end, unsigned *ret_unit);

#endif
