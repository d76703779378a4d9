/* Bytes of any encoding -> valid UTF-8 without control characters. Private to parse/. */
#ifndef TIDINGS_PARSE_ENCODING_H
#define TIDINGS_PARSE_ENCODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

/* `text` points into the input when that was clean already, else into `own`: both must live on. */
struct decoded {
	const char *text; /* UTF-8; of the controls only tab, newline and carriage return; no
			     U+FFFE, U+FFFF, no BOM */
	size_t len;
	const char *encoding; /* lower case; static or in the arena */
	bool replaced;        /* bytes that are no character became U+FFFD */
	bool dropped;         /* control characters were left out */
	bool mislabelled;     /* what was declared cannot be true */
	struct buf own;
};

/* In this order: BOM, pattern of zero bytes, charset of `content_type` (or NULL), XML declaration,
 * UTF-8. Labels mean what the web means by them (https://encoding.spec.whatwg.org/): iso-8859-1 is
 * windows-1252, gb2312 is gb18030, euc-kr is cp949. A label of one byte a character on text that is
 * well-formed UTF-8 is not believed; UTF-8 of which more bytes are ill-formed than characters are
 * well-formed is read as windows-1252. Only memory can fail: 0 or ERR_NOMEM. */
int encoding_decode(const char *data, size_t len, const char *content_type, struct arena *arena,
	struct decoded *ret_decoded) __attribute__((warn_unused_result));

/* Frees what decoding allocated. Takes zeroed memory. */
void encoding_finish(struct decoded *d);

/* What windows-1252 has in the place of a C1 control (0x80-0x9F); 0 for the five that it does not
 * use. */
uint32_t encoding_windows_1252(uint32_t c1);

/* True for what may stand in a text of ours: no control but tab and newline, no surrogate, no
 * U+FFFE, U+FFFF. */
bool encoding_char_allowed(uint32_t c);

/* Appends `text` (any bytes) as `struct decoded` describes it, without carriage returns. */
void encoding_append_clean(struct buf *out, const char *text, size_t len);

#endif
