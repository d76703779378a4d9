/* The allowlist of HTML as two sorted tables.
 *
 * Held against the lists of Miniflux, SimplePie and feedparser. Left out on purpose: style, class
 * and id (the reader's page is not the feed's), forms and all that runs, SVG, and the tags of
 * MathML, whose text stays; frames, but see html_find_player(). */
#include <endian.h>
#include <strings.h>

#include "parse/html_parts.h"

#define A(name)   ((uint64_t)1 << ATTR_##name)
#define GLOBAL    (A(TITLE) | A(LANG) | A(DIR))
#define SIZE      (A(WIDTH) | A(HEIGHT))
#define ALIGNED   (A(ALIGN) | A(VALIGN))
#define CELL      (ALIGNED | SIZE | A(COLSPAN) | A(ROWSPAN) | A(SCOPE) | A(ABBR))
#define IMAGE     (A(SRC) | A(SRCSET) | A(SIZES) | SIZE)
#define PLAYED    (A(SRC) | A(LOOP) | A(MUTED))
#define IN_ROW    (GROUP_CELL | GROUP_COLS | GROUP_CAPTION)
#define IN_ROWS   (IN_ROW | GROUP_ROW)
#define IN_TABLE  (IN_ROWS | GROUP_ROWS)
#define PARAGRAPH (HTML_KEEP | HTML_ENDS_P)

#define ROW(n, flags, group, closes, gap, attrs)                                                   \
	{                                                                                          \
#n, sizeof(#n) - 1, gap, flags, group, closes, attrs                               \
	}
/* name, attributes beside the global ones */
#define INLINE(n, attrs) ROW(n, HTML_KEEP, 0, 0, 0, GLOBAL | (attrs))
/* name, line ends in plain text, attributes */
#define BLOCK(n, gap, attrs) ROW(n, PARAGRAPH | HTML_SPECIAL, 0, 0, gap, GLOBAL | (attrs))
#define HEADING(n)           ROW(n, PARAGRAPH | HTML_SPECIAL, GROUP_HEADING, 0, 2, GLOBAL | A(ALIGN))
/* name, group, attributes */
#define ITEM(n, group, attrs) ROW(n, PARAGRAPH | HTML_SPECIAL, group, 0, 1, GLOBAL | (attrs))
/* name, flags, group, groups that it closes, line ends, attributes */
#define PART(n, flags, group, closes, gap, attrs)                                                  \
	ROW(n, HTML_KEEP | HTML_SPECIAL | HTML_PART | (flags), group, closes, gap, GLOBAL | (attrs))
/* not in the list: name, flags, line ends */
#define GONE(n, flags, gap) ROW(n, flags, 0, 0, gap, 0)

/* clang-format off */
const struct html_element html_elements[] = {
	ROW(a, HTML_KEEP, GROUP_A, 0, 0, GLOBAL | A(HREF)),
	INLINE(abbr, 0), INLINE(acronym, 0), ROW(address, PARAGRAPH, 0, 0, 1, GLOBAL),
	GONE(annotation, HTML_SUBTREE, 0), GONE(applet, 0, 0), GONE(area, HTML_VOID, 0),
	BLOCK(article, 1, 0), BLOCK(aside, 1, 0),
	ROW(audio, HTML_KEEP | HTML_PLAYER, 0, 0, 0, GLOBAL | PLAYED),
	INLINE(b, 0), GONE(base, HTML_VOID, 0), INLINE(bdi, 0), INLINE(bdo, 0), INLINE(big, 0),
	GONE(blink, 0, 0), BLOCK(blockquote, 2, A(CITE)), GONE(body, 0, 1),
	ROW(br, HTML_KEEP | HTML_VOID, 0, 0, 1, 0), GONE(button, 0, 0), GONE(canvas, 0, 0),
	PART(caption, 0, GROUP_CAPTION, IN_TABLE, 1, A(ALIGN)), BLOCK(center, 1, 0),
	INLINE(cite, 0), INLINE(code, 0),
	PART(col, HTML_VOID, 0, IN_TABLE & ~GROUP_COLS, 0, ALIGNED | A(SPAN) | A(WIDTH)),
	PART(colgroup, HTML_GRID, GROUP_COLS, IN_TABLE, 0, ALIGNED | A(SPAN) | A(WIDTH)),
	GONE(datalist, HTML_SUBTREE, 0), ITEM(dd, GROUP_DT, 0), INLINE(del, A(CITE) | A(DATETIME)),
	BLOCK(details, 1, A(OPEN)), INLINE(dfn, 0), BLOCK(dir, 1, 0),
	ROW(div, PARAGRAPH, 0, 0, 1, GLOBAL | A(ALIGN)), BLOCK(dl, 1, 0), ITEM(dt, GROUP_DT, 0),
	INLINE(em, 0), GONE(embed, HTML_VOID, 0), GONE(fieldset, 0, 1), BLOCK(figcaption, 1, 0),
	BLOCK(figure, 1, 0), GONE(font, 0, 0), BLOCK(footer, 1, 0), GONE(form, 0, 1),
	GONE(frame, HTML_VOID, 0), GONE(frameset, 0, 0), HEADING(h1), HEADING(h2), HEADING(h3),
	HEADING(h4), HEADING(h5), HEADING(h6), GONE(head, 0, 0), BLOCK(header, 1, 0),
	BLOCK(hgroup, 1, 0), ROW(hr, PARAGRAPH | HTML_VOID, 0, 0, 1, 0), GONE(html, 0, 0),
	INLINE(i, 0), ROW(iframe, HTML_RAW_DROP, 0, 0, 0, A(SRC) | SIZE),
	ROW(img, HTML_KEEP | HTML_VOID | HTML_MEDIA, 0, 0, 0,
		GLOBAL | IMAGE | A(ALT) | A(ALIGN) | A(BORDER) | A(LAZY)),
	GONE(input, HTML_VOID, 0), INLINE(ins, A(CITE) | A(DATETIME)), INLINE(kbd, 0),
	GONE(label, 0, 0), GONE(legend, 0, 1), ITEM(li, GROUP_LI, A(VALUE)),
	GONE(link, HTML_VOID, 0), GONE(listing, 0, 1), BLOCK(main, 1, 0), GONE(map, 0, 0),
	INLINE(mark, 0), GONE(marquee, 0, 0), GONE(math, 0, 0), BLOCK(menu, 1, 0),
	GONE(meta, HTML_VOID, 0), BLOCK(nav, 1, 0), GONE(nobr, 0, 0),
	GONE(noembed, HTML_RAW_DROP, 0), GONE(noframes, HTML_RAW_DROP, 0),
	/* Nobody runs scripts here, so what stands in it is meant: often the image itself. */
	GONE(noscript, 0, 0),
	GONE(object, 0, 0), BLOCK(ol, 1, A(START) | A(REVERSED) | A(TYPE)), GONE(optgroup, 0, 1),
	GONE(option, 0, 1), ROW(p, PARAGRAPH, GROUP_P, 0, 2, GLOBAL | A(ALIGN)),
	GONE(param, HTML_VOID, 0), INLINE(picture, 0), GONE(plaintext, HTML_RAW_TEXT, 1),
	ROW(pre, PARAGRAPH | HTML_SPECIAL, GROUP_PRE, 0, 2, GLOBAL), INLINE(q, A(CITE)),
	ROW(rp, HTML_KEEP, GROUP_RT, 0, 0, GLOBAL), ROW(rt, HTML_KEEP, GROUP_RT, 0, 0, GLOBAL),
	INLINE(ruby, 0), INLINE(s, 0), INLINE(samp, 0), GONE(script, HTML_RAW_DROP, 0),
	BLOCK(section, 1, 0), GONE(select, HTML_SUBTREE, 0), INLINE(small, 0),
	ROW(source, HTML_KEEP | HTML_VOID | HTML_MEDIA, 0, 0, 0,
		GLOBAL | IMAGE | A(TYPE) | A(MEDIA)),
	INLINE(span, 0), INLINE(strike, 0), INLINE(strong, 0), GONE(style, HTML_RAW_DROP, 0),
	INLINE(sub, 0), BLOCK(summary, 1, 0), INLINE(sup, 0), GONE(svg, HTML_SUBTREE, 0),
	PART(table, HTML_GRID | HTML_ENDS_P, GROUP_TABLE, 0, 2,
		SIZE | A(ALIGN) | A(BORDER) | A(CELLPADDING) | A(CELLSPACING)),
	PART(tbody, HTML_GRID, GROUP_ROWS, IN_TABLE, 0, ALIGNED),
	PART(td, 0, GROUP_CELL, IN_ROW, 0, CELL), GONE(template, HTML_SUBTREE, 0),
	GONE(textarea, HTML_RAW_TEXT, 0), PART(tfoot, HTML_GRID, GROUP_ROWS, IN_TABLE, 0, ALIGNED),
	PART(th, 0, GROUP_CELL, IN_ROW, 0, CELL),
	PART(thead, HTML_GRID, GROUP_ROWS, IN_TABLE, 0, ALIGNED), INLINE(time, A(DATETIME)),
	GONE(title, HTML_RAW_DROP, 0), PART(tr, HTML_GRID, GROUP_ROW, IN_ROWS, 1, ALIGNED),
	ROW(track, HTML_KEEP | HTML_VOID | HTML_MEDIA, 0, 0, 0,
		GLOBAL | A(SRC) | A(KIND) | A(SRCLANG) | A(LABEL) | A(DEFAULT)),
	INLINE(tt, 0), INLINE(u, 0), BLOCK(ul, 1, 0), INLINE(var, 0),
	ROW(video, HTML_KEEP | HTML_PLAYER, 0, 0, 0, GLOBAL | PLAYED | A(POSTER) | SIZE),
	ROW(wbr, HTML_KEEP | HTML_VOID, 0, 0, 0, 0), GONE(xmp, HTML_RAW_TEXT, 1),
};

static const struct html_attr_rule attributes[] = {
	{"abbr", ATTR_ABBR, KIND_TEXT}, {"align", ATTR_ALIGN, KIND_TEXT},
	{"alt", ATTR_ALT, KIND_TEXT}, {"border", ATTR_BORDER, KIND_TEXT},
	{"cellpadding", ATTR_CELLPADDING, KIND_TEXT}, {"cellspacing", ATTR_CELLSPACING, KIND_TEXT},
	{"cite", ATTR_CITE, KIND_LINK}, {"colspan", ATTR_COLSPAN, KIND_TEXT},
	{"data-lazy-src", ATTR_LAZY, KIND_MEDIA}, {"data-original", ATTR_LAZY, KIND_MEDIA},
	{"data-src", ATTR_LAZY, KIND_MEDIA}, {"datetime", ATTR_DATETIME, KIND_TEXT},
	{"default", ATTR_DEFAULT, KIND_BOOL}, {"dir", ATTR_DIR, KIND_TEXT},
	{"height", ATTR_HEIGHT, KIND_TEXT}, {"href", ATTR_HREF, KIND_LINK},
	{"kind", ATTR_KIND, KIND_TEXT}, {"label", ATTR_LABEL, KIND_TEXT},
	{"lang", ATTR_LANG, KIND_TEXT}, {"loop", ATTR_LOOP, KIND_BOOL},
	{"media", ATTR_MEDIA, KIND_TEXT}, {"muted", ATTR_MUTED, KIND_BOOL},
	{"open", ATTR_OPEN, KIND_BOOL}, {"poster", ATTR_POSTER, KIND_MEDIA},
	{"reversed", ATTR_REVERSED, KIND_BOOL}, {"rowspan", ATTR_ROWSPAN, KIND_TEXT},
	{"scope", ATTR_SCOPE, KIND_TEXT}, {"sizes", ATTR_SIZES, KIND_TEXT},
	{"span", ATTR_SPAN, KIND_TEXT}, {"src", ATTR_SRC, KIND_MEDIA},
	{"srclang", ATTR_SRCLANG, KIND_TEXT}, {"srcset", ATTR_SRCSET, KIND_SRCSET},
	{"start", ATTR_START, KIND_TEXT}, {"title", ATTR_TITLE, KIND_TEXT},
	{"type", ATTR_TYPE, KIND_TEXT}, {"valign", ATTR_VALIGN, KIND_TEXT},
	{"value", ATTR_VALUE, KIND_TEXT}, {"width", ATTR_WIDTH, KIND_TEXT},
};
/* clang-format on */

/* The first eight letters of a name in lower case, the first on top: the order of keys is the order
 * of names. */
static inline uint64_t key_of(const char *name, size_t len)
{
	uint64_t key = 0;

	for (size_t i = 0; i < len && i < sizeof(key); i++) {
		unsigned char c = (unsigned char)name[i];

		key |= (uint64_t)(c >= 'A' && c <= 'Z' ? c | 0x20u : c) << (56 - 8 * i);
	}
	return key;
}

/* Finds a name in a table whose rows begin with their names in order. */
static inline const void *find(
	const char *name, size_t len, const char *rows, size_t count, size_t row_bytes)
{
	uint64_t key = key_of(name, len), row_key;

	while (count > 1) {
		size_t half = count / 2;

		memcpy(&row_key, rows + half * row_bytes, sizeof(row_key));
		rows += be64toh(row_key) <= key ? half * row_bytes : 0;
		count -= half;
	}
	memcpy(&row_key, rows, sizeof(row_key));
	if (be64toh(row_key) != key || strlen(rows) != len)
		return NULL;
	return len <= sizeof(key) || strncasecmp(rows, name, len) == 0 ? rows : NULL;
}

/* The same few come again and again. */
const struct html_element *html_element_find(const char *name, size_t len)
{
	static _Thread_local const struct html_element *latest[32];
	const struct html_element **e;

	if (len == 0)
		return NULL;
	e = &latest[((unsigned char)name[0] + 3u * (unsigned char)name[len - 1]) % 32];
	if (!*e || (*e)->name_len != len || memcmp((*e)->name, name, len) != 0)
		*e = find(name, len, html_elements[0].name,
			sizeof(html_elements) / sizeof(html_elements[0]), sizeof(html_elements[0]));
	return *e;
}

const struct html_attr_rule *html_attr_find(const char *name, size_t len)
{
	return find(name, len, attributes[0].name, sizeof(attributes) / sizeof(attributes[0]),
		sizeof(attributes[0]));
}
