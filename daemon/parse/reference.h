/* Character and entity references of the world -> what they were meant to be. Private to parse/. */
#ifndef TIDINGS_PARSE_REFERENCE_H
#define TIDINGS_PARSE_REFERENCE_H

#include <stddef.h>

enum reference_fault {
	REFERENCE_GOOD,    /* as XML wants it */
	REFERENCE_NONE,    /* an "&" that begins none */
	REFERENCE_UNKNOWN, /* &nbsp; and the like, which XML does not declare */
	REFERENCE_NUMBER,  /* of no character, of windows-1252, or badly written */
};

struct reference {
	enum reference_fault fault;
	size_t used;      /* bytes of the input */
	const char *text; /* the characters meant: static, or `bytes` */
	size_t len;
	char bytes[8];
};

/* Looks at the "&" at `p`. Numbers 128 to 159 are taken as windows-1252; a run of references that
 * spell the bytes of UTF-8 as if they were latin-1 ("&#226;&#128;&#166;") becomes the character;
 * unknown names stay as they are written. */
void reference_read(const char *p, const char *end, struct reference *ret_reference);

#endif
