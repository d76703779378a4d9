/* What a document is, by its root element, and what stands in front of that. Private to parse/. */
#ifndef TIDINGS_PARSE_SNIFF_H
#define TIDINGS_PARSE_SNIFF_H

#include <stdbool.h>
#include <stddef.h>

enum root_kind {
	ROOT_NONE,  /* no tag at all */
	ROOT_OTHER, /* a tag that is none of these */
	ROOT_RSS,
	ROOT_RDF,
	ROOT_ATOM,
	ROOT_ENTRY, /* one Atom entry by itself */
	ROOT_CHANNEL,
	ROOT_HTML,
	ROOT_OPML,
};

struct root {
	enum root_kind kind;
	size_t at; /* of its "<" */
	const char *name;
	size_t name_len;
	bool junk;     /* something that does not belong there stands before it */
	bool entities; /* a DOCTYPE declares entities */
};

/* The kind of an element by its local name. */
enum root_kind sniff_kind(const char *name, size_t len);

/* Finds the first tag that is a known root, else the first tag. Linear. */
void sniff_root(const char *text, size_t len, struct root *ret_root);

/* Skips the comment, instruction or DOCTYPE that begins at `p`; NULL when none does. What has no
 * end goes to `end`, and *ret_ended is false. */
const char *sniff_skip_misc(const char *p, const char *end, bool *ret_ended, bool *ret_entities);

/* After the first `mark` from `p` on; NULL when there is none. */
const char *sniff_after(const char *p, const char *end, const char *mark);

#endif
