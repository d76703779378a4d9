/* The state of one XML document while it is read: a stack of frames, one an element that means
 * something. Private to parse/. */
#ifndef TIDINGS_PARSE_XML_H
#define TIDINGS_PARSE_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parse/document.h"
#include "parse/elements.h"
#include "parse/extensions.h"

enum { XML_FRAMES_MAX = 16, XML_RANKS = 40 };

/* How the text of an element is to be read. */
enum text_form {
	FORM_GUESS, /* the dialect does not say: HTML where HTML may stand, else text unless it
		       looks like HTML */
	FORM_TEXT,
	FORM_HTML,
	FORM_XHTML, /* elements are markup, text is text */
	FORM_BASE64,
	FORM_NONE, /* pictures and the like: nothing to read */
};

struct span {
	const char *s; /* not NUL-terminated */
	size_t len;
};

/* The attributes of one start tag, as libxml2 gives them: local name, prefix, URI, value, its end.
 */
struct attributes {
	const unsigned char **list;
	int count;
	struct document *d;
};

struct frame {
	enum scope scope;
	const struct element *row;
	const char *base;     /* xml:base in effect, or the document's URL; NULL */
	struct person person; /* in SCOPE_PERSON */
	size_t text_start;    /* where its text begins in `text` */
	unsigned nested; /* elements open in it that have no frame: markup where text is collected,
			    else skipped */
	enum text_form form;
	bool collects;
	bool markup; /* an element stood in the text */
};

/* What is known of the item that is open, beyond its fields. */
struct open_item {
	struct item *item; /* NULL outside */
	struct person *fallback_authors;
	struct person *source_authors;
	struct extensions extensions;
	bool permalink;      /* what its guid says */
	int attributes_left; /* of PARSE_ITEM_ATTRIBUTES_MAX */
	size_t budget_bytes;
	uint8_t ranks[XML_RANKS]; /* rank + 1 of what set the field at offset / 8 */
};

struct xml_reader {
	struct document *d;
	struct buf text; /* of all frames, one behind the other */
	struct frame frames[XML_FRAMES_MAX];
	unsigned depth; /* index of the innermost frame; frame 0 is the document */
	struct open_item open;
	struct person *fallback_authors; /* of the feed */
	struct extensions extensions;
	bool broken; /* the document broke off: what ends now does so only because of that */
	size_t budget_bytes;
	uint8_t ranks[XML_RANKS];
};

/* The value of an attribute by its local name, whatever its prefix (pitfall 17). False when it is
 * absent. */
bool xml_attribute(const struct attributes *a, const char *name, struct span *ret_value);
bool xml_attribute_is(const struct attributes *a, const char *name, const char *value);

/* One after the other; the name is NULL for one with a prefix. False when there are no more. */
bool xml_attribute_at(
	const struct attributes *a, int i, const char **ret_name, struct span *ret_value);

/* What relative URLs are resolved against here; NULL when nothing is known. */
const char *xml_base(const struct xml_reader *r);

/* Stores the collected text of the innermost frame where its row says. */
void values_store(struct xml_reader *r, struct frame *f, const char *text, size_t len);

/* The language of an element that opens the feed or an item. */
void values_language(struct xml_reader *r, const struct span *language);

/* What CDF says of the feed or the item in attributes of its element. */
void values_cdf(struct xml_reader *r, const struct attributes *a);

/* The end of an item, of the feed. Items without an author have the feed's (pitfall 38). */
void values_end_item(struct xml_reader *r);
void values_end_feed(struct xml_reader *r);

/* What rows call when their element starts. */
bool start_item(struct xml_reader *r, const struct element *e, const struct attributes *a);
bool start_guid(struct xml_reader *r, const struct element *e, const struct attributes *a);
bool start_link(struct xml_reader *r, const struct element *e, const struct attributes *a);
bool start_category(struct xml_reader *r, const struct element *e, const struct attributes *a);
bool start_enclosure(struct xml_reader *r, const struct element *e, const struct attributes *a);
bool start_media(struct xml_reader *r, const struct element *e, const struct attributes *a);
bool start_extra(struct xml_reader *r, const struct element *e, const struct attributes *a);
bool start_picture(struct xml_reader *r, const struct element *e, const struct attributes *a);

#endif
