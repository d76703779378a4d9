/* What the files of the HTML cleaner share: its tables, its tokenizer, its writers. Private to
 * them; the contract for everyone else is html.h. */
#ifndef TIDINGS_PARSE_HTML_PARTS_H
#define TIDINGS_PARSE_HTML_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

/* A stretch of the input, or of a buffer; no NUL behind it. */
struct html_span {
	const char *s;
	size_t len;
};

/* -- the allowlist (html_tables.c) -- */

/* In the order in which they are written. LAZY is where pages that load images by script keep the
 * address; it is written as SRC. */
/* clang-format off */
enum html_attr_id {
	ATTR_HREF, ATTR_SRC, ATTR_SRCSET, ATTR_SIZES, ATTR_POSTER, ATTR_ALT, ATTR_WIDTH, ATTR_HEIGHT,
	ATTR_TYPE, ATTR_MEDIA, ATTR_LOOP, ATTR_MUTED, ATTR_KIND, ATTR_SRCLANG, ATTR_LABEL,
	ATTR_DEFAULT, ATTR_CITE, ATTR_DATETIME, ATTR_COLSPAN, ATTR_ROWSPAN, ATTR_SPAN, ATTR_SCOPE,
	ATTR_ABBR, ATTR_ALIGN, ATTR_VALIGN, ATTR_BORDER, ATTR_CELLPADDING, ATTR_CELLSPACING,
	ATTR_START, ATTR_REVERSED, ATTR_VALUE, ATTR_OPEN, ATTR_TITLE, ATTR_LANG, ATTR_DIR, ATTR_LAZY,
	ATTR_COUNT
};
/* clang-format on */

enum html_attr_kind {
	KIND_TEXT,
	KIND_BOOL,  /* written without a value */
	KIND_LINK,  /* a URL that a reader may follow */
	KIND_MEDIA, /* a URL that is loaded with the page, or a small inline image */
	KIND_SRCSET,
};

struct html_attr_rule {
	char name[14];
	uint8_t id;   /* enum html_attr_id */
	uint8_t kind; /* enum html_attr_kind */
};

enum html_flag {
	HTML_KEEP = 1 << 0,     /* comes through; without it the tags vanish, the content stays */
	HTML_VOID = 1 << 1,     /* has no end tag */
	HTML_SPECIAL = 1 << 2,  /* bounds the search for an open li, dt or dd */
	HTML_PART = 1 << 3,     /* table, and what stands only in a table; bounds end tags */
	HTML_GRID = 1 << 4,     /* the parts that hold nothing but parts */
	HTML_ENDS_P = 1 << 5,   /* its start closes an open paragraph */
	HTML_MEDIA = 1 << 6,    /* is worthless without a source */
	HTML_PLAYER = 1 << 7,   /* gets controls */
	HTML_RAW_DROP = 1 << 8, /* the content is no markup, and vanishes */
	HTML_RAW_TEXT = 1 << 9, /* the content is no markup, and stays as text */
	HTML_SUBTREE = 1 << 10, /* vanishes with the elements inside */
};

/* Elements that close one another when one starts. */
enum html_group {
	GROUP_P = 1 << 0,
	GROUP_HEADING = 1 << 1,
	GROUP_LI = 1 << 2,
	GROUP_DT = 1 << 3, /* and dd */
	GROUP_A = 1 << 4,
	GROUP_RT = 1 << 5, /* and rp */
	GROUP_PRE = 1 << 6,
	GROUP_TABLE = 1 << 7,
	GROUP_CAPTION = 1 << 8,
	GROUP_COLS = 1 << 9,  /* colgroup */
	GROUP_ROWS = 1 << 10, /* thead, tbody, tfoot */
	GROUP_ROW = 1 << 11,
	GROUP_CELL = 1 << 12,
};

struct html_element {
	char name[12];
	uint8_t name_len;
	uint8_t gap;     /* line ends around it in plain text: 0, 1, 2 */
	uint16_t flags;  /* enum html_flag */
	uint16_t group;  /* the enum html_group it is of, or 0 */
	uint16_t closes; /* the groups of parts of a table that its start closes */
	uint64_t attrs;  /* bits of enum html_attr_id */
};

/* Sorted by name; the index of an element is its id, and fits into a byte. */
extern const struct html_element html_elements[];

/* NULL for a name in neither table; letters of either case. */
const struct html_element *html_element_find(const char *name, size_t len);
const struct html_attr_rule *html_attr_find(const char *name, size_t len);

/* -- tokens (html_tokens.c) -- */

enum html_token { HTML_END, HTML_TEXT, HTML_OPEN, HTML_CLOSE, HTML_HIDDEN };

struct html_attr {
	struct html_span name;
	struct html_span value; /* undecoded */
	const struct html_attr_rule *rule;
};

/* HTML as a run of tokens, in one pass and without memory of its own, cut where the HTML5 tokenizer
 * cuts (13.2.5). All pointers point into the input. */
struct html_reader {
	const char *p;
	const char *end;
	struct html_span text; /* HTML_TEXT, references undecoded; HTML_HIDDEN, all of it; tags:
				* what follows the name, up to behind ">" */
	struct html_span name; /* tags: as written */
	const struct html_element *element; /* tags: NULL when the name is in no table */
	bool empty;                         /* the tag ends with "/>" */
	bool unclosed;                      /* no ">" is left */
	bool wants_attrs;                   /* the caller sets it; else `seen` stays 0 */
	unsigned endless;                   /* vanishing elements met that have no end */
	uint64_t seen; /* start tags: which attributes of the allowlist were there */
	struct html_attr attr[ATTR_COUNT]; /* those */
};

void html_reader_init(struct html_reader *r, const char *html, size_t len);

/* Reads the next token. A tag that the input's end cuts off is HTML_END. HTML_HIDDEN are comments,
 * declarations and processing instructions. After the start of an element with raw content the
 * caller decides, by html_raw_text() or html_skip(), that it is no markup. */
enum html_token html_next(struct html_reader *r);

/* Steps through the attributes of a tag: *at starts at reader.text.s; false at the end of the tag,
 * at its ">", or of the input. */
bool html_attr_next(const char **at, const char *end, struct html_attr *ret_attr);

/* Reads the content of a raw element (script, style, title, ...) up to its end tag, or the input's
 * end, as one text. */
void html_raw_text(struct html_reader *r, const struct html_element *e);

/* Passes over the content of an element that vanishes with it. One that has no end stays where it
 * is: nobody means to hide all that follows. */
void html_skip(struct html_reader *r, const struct html_element *e);

/* -- writing (html_write.c) -- */

struct html_writer {
	struct buf *out;
	size_t limit;         /* of out->len */
	size_t grown_bytes;   /* what links added to `limit` so far, HTML_LINK_GROWTH_MAX at most */
	const char *base_url; /* or NULL */
	struct arena *scratch;
	struct buf value; /* of the attribute at hand, decoded */
	int failure;      /* 0 or ERR_NOMEM */
};

enum html_escape {
	HTML_TEXT_ESCAPE,    /* references decoded once, what is special in text escaped */
	HTML_VALUE_ESCAPE,   /* the same within a value in double quotes */
	HTML_DECODED_ESCAPE, /* a value without references */
};

/* Appends text escaped anew; control characters are dropped. Stops when out->len would pass `limit`
 * and returns false. */
bool html_escape(
	struct buf *out, const char *text, size_t len, enum html_escape mode, size_t limit);

/* Appends the attributes that the reader found, each with a space in front, in a fixed order.
 * False, with scraps in `out`, when the element is not worth keeping: media without a source, a
 * pixel that only counts readers. */
bool html_write_attrs(struct html_writer *w, struct html_reader *r);

/* True when the frame that the reader found is a player of a well-known host; what is embedded sees
 * who reads, a link only who follows it: so a link is written in its place. `ret_url` is valid
 * until the next attribute is written. */
bool html_find_player(
	struct html_writer *w, const struct html_reader *r, struct html_span *ret_url);
void html_write_player(struct html_writer *w, struct html_span url);

/* Decodes the attributes of a tag that have one of these names (lower case; the tag may write them
 * as it likes) into the arena; the first of a name counts, values[] are NULL before. 0 or
 * ERR_NOMEM. */
int html_attrs_pick(const struct html_reader *tag, const char *const *names, size_t count,
	struct arena *arena, char **values);

/* -- character references (html_entities.c) -- */

enum { HTML_REFERENCE_BYTES = 8 };

/* Decodes the reference at `s` (which points at "&", before `end`) as the HTML5 tokenizer does
 * (13.2.5.72): numbers with or without semicolon, 128-159 as windows-1252, names with semicolon,
 * the names of HTML 3.2 also without; in an attribute the latter stay when "=" or a letter or digit
 * follows. No control character comes out: NUL, surrogates, noncharacters and numbers beyond
 * Unicode are U+FFFD, CR is a space, other controls are nothing. Returns the bytes it took, 0 when
 * there is no reference; `ret_text` receives *ret_len bytes, without a NUL. */
size_t html_reference(const char *s, const char *end, bool in_attribute,
	char ret_text[HTML_REFERENCE_BYTES], size_t *ret_len);

/* html_decode_entities(), also for attributes. */
void html_decode(const char *text, size_t len, bool in_attribute, struct buf *out);

#endif
