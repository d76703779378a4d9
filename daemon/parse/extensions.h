/* What a feed or an item says beyond its fields, kept as one small JSON object. Private to parse/.
 */
#ifndef TIDINGS_PARSE_EXTENSIONS_H
#define TIDINGS_PARSE_EXTENSIONS_H

#include <stdbool.h>
#include <stddef.h>

struct attributes;
struct document;
struct element;
struct extension;

/* Of one feed or item, in the order of the document; zeroed is empty. It lives in the document's
 * arena, but for the names of attributes, which are the XML parser's. At most PARSE_EXTENSIONS_MAX
 * with PARSE_EXTENSION_BYTES_MAX in all; what is beyond is left out with a remark. */
struct extensions {
	struct extension *first, *last;
	size_t count, bytes;
};

/* Adds an element of KIND_EXTRA (once: the first text stands) or KIND_EXTRAS. Its attributes are
 * those without a prefix; addresses among them are resolved against `base`. `a` may be NULL. False
 * when it is left out. */
bool extensions_add(struct document *d, struct extensions *list, const struct element *row,
	const struct attributes *a, const char *base);

/* The text of the element that was added last, if it is of this row. */
void extensions_text(struct document *d, struct extensions *list, const struct element *row,
	const char *text, size_t len);

/* The first text of an element by its local name, or NULL. */
const char *extensions_get(const struct extensions *list, const char *name);

/* The object, or NULL when there is nothing: {"itunes:duration":"1800",
 * "podcast:transcript":[{"url":"...","type":"..."}]}. The keys have the prefixes that elements.c
 * knows, not the document's; KIND_EXTRA is a string, KIND_EXTRAS a list of objects, one an element,
 * with its attributes and its "text". */
char *extensions_json(struct document *d, const struct extensions *list);

#endif
