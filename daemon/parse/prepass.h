/* One linear pass that turns what publishers call XML into XML, in front of libxml2. Private to
 * parse/. */
#ifndef TIDINGS_PARSE_PREPASS_H
#define TIDINGS_PARSE_PREPASS_H

#include <stdbool.h>
#include <stddef.h>

/* What was met; the order is that of the remarks. */
enum repair {
	REPAIR_JUNK = 1 << 0,      /* something before the root element */
	REPAIR_TRAILING = 1 << 1,  /* something after it */
	REPAIR_AMPERSAND = 1 << 2, /* "&" that begins no reference */
	REPAIR_ENTITY = 1 << 3,    /* &nbsp; and the like, declared nowhere */
	REPAIR_NUMBER = 1 << 4,    /* numeric references to no character, or windows-1252 ones */
	REPAIR_LESS = 1 << 5,      /* "<" that begins no tag */
	REPAIR_TAG = 1 << 6,       /* attributes without quotes, values or space */
	REPAIR_TAG_LIMIT =
		1 << 7, /* attributes beyond PARSE_TAG_MAX or PARSE_ATTRIBUTES_MAX left out */
	REPAIR_NESTING = 1 << 8,    /* end tags missing or too many */
	REPAIR_DEPTH = 1 << 9,      /* elements beyond PARSE_DEPTH_MAX left out */
	REPAIR_CDATA_END = 1 << 10, /* "]]>" in text */
	REPAIR_TRUNCATED = 1 << 11, /* the end is missing */
	REPAIR_DECLARED = 1 << 12,  /* entities of a DOCTYPE were not expanded: no fault of form */
	REPAIR_COUNT = 13
};

/* The bits that mean that the document was not well-formed. */
#define REPAIR_FAULTS (~(unsigned)REPAIR_DECLARED)

/* Set the functions and `user`, the rest to zero. What they are given lives until they return. */
struct prepass {
	/* Takes whole tags, 1 MiB at most, with the white space between them that nothing but tags
	 * surrounds. */
	void (*markup)(void *user, const char *xml, size_t len);
	/* Takes the characters of the other texts, references resolved, lines ended by "\n". */
	void (*text)(void *user, const char *text, size_t len);
	void *user;
	unsigned repairs;
	bool closing; /* what comes now closes elements that the document left open */
};

/* The remark on one repair, for people. Static storage. */
const char *prepass_remark(enum repair repair);

/* br, hr, img, wbr and input: they never have an end tag in HTML, and no dialect has elements of
 * these names. */
bool prepass_void_element(const char *name, size_t len);

/* `text` is what encoding.h promises and begins with the root's "<". The markup is well-formed XML
 * without declaration, DOCTYPE, comments, processing instructions and CDATA sections: balanced, at
 * most PARSE_DEPTH_MAX deep, start tags within their limits, in their values only the five
 * predefined entities and numbers of characters. Texts go beside it, since they are the most and an
 * XML parser has nothing to find in them; they are handed on where they stand. Linear in `len`;
 * memory for one start tag and a little. 0 or ERR_NOMEM. */
int prepass_run(struct prepass *p, const char *text, size_t len)
	__attribute__((warn_unused_result));

#endif
