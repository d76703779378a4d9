/* Cleans HTML of the world in linear time: tokens against an allowlist, re-serialised, never a
 * slice of the input (C11, C12). */
#ifndef TIDINGS_PARSE_HTML_H
#define TIDINGS_PARSE_HTML_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

/* Appends the cleaned form of `html` to `out`.
 *
 * Only elements, attributes and URL schemes of the allowlist (html_tables.c, html_urls.c) come
 * through. Unknown elements vanish and their content stays; script, style, title, iframe, template,
 * svg, math, select and the like vanish with it. Links are resolved against `base_url` (NULL:
 * relative ones stay as they are) and their schemes checked after decoding; `a` gets rel="noopener
 * noreferrer", audio and video get controls; pixels that count readers, and images without a
 * source, vanish. Every element opened is closed, HTML_DEPTH_MAX deep at most; text and values are
 * escaped anew. Character references become characters; control characters are dropped; valid UTF-8
 * stays valid.
 *
 * Linear in `len`. Idempotent with the same base. What is appended is at most 2 x len + 1 KiB, not
 * counting rel and what resolving adds (HTML_LINK_GROWTH_MAX): what would swell further is cut
 * there, all elements closed. So is what does not fit into out->max; ERR_TOO_BIG tells it. On
 * ERR_NOMEM, which a full `scratch` (it holds the resolved links) is too, nothing is appended. Both
 * stick in `out`. */
void html_clean(
	const char *html, size_t len, const char *base_url, struct arena *scratch, struct buf *out);

/* Appends the visible text: entities decoded, blocks and <br> as line breaks, an empty line around
 * paragraphs, headings, quotations and tables, list items with "- ", line ends of <pre> kept, white
 * space folded, no markup, no control characters. What does not fit into out->max is cut at a
 * character; ERR_TOO_BIG tells it. */
void html_text(const char *html, size_t len, struct buf *out);

/* The same on one line: single spaces in place of line breaks. */
void html_line(const char *html, size_t len, struct buf *out);

/* Appends plain text with character references decoded exactly once and no other change. Unknown
 * references stay as written. */
void html_decode_entities(const char *text, size_t len, struct buf *out);

/* The characters of a named reference ("nbsp", without & and ;) as UTF-8 in static storage, or
 * NULL. Knows the names of HTML 4 and the commoner ones of HTML 5. */
const char *html_entity(const char *name, size_t len);

/* The number of the reference at `s`, which begins with "&#", decimal or after "x" hexadecimal; any
 * number above 0x10FFFF for one that is too great. Returns the bytes it takes, 0 for none; the
 * semicolon may lack. */
size_t html_number(const char *s, const char *end, uint32_t *ret_code);

/* True when the text looks like HTML (a known tag or a character reference in it) rather than plain
 * text with stray "<" or "&". */
int html_looks_like(const char *text, size_t len);

#endif
