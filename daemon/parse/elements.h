/* The table of all elements of all dialects, and who they are. Private to parse/. */
#ifndef TIDINGS_PARSE_ELEMENTS_H
#define TIDINGS_PARSE_ELEMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Namespaces that mean something to us. RSS is what has none, or a dialect's own, in an RSS
 * document. */
enum namespace_id {
	NS_OTHER,
	NS_RSS,
	NS_ATOM,
	NS_CONTENT,
	NS_DC,
	NS_DCTERMS,
	NS_FEEDBURNER,
	NS_GOOGLEPLAY,
	NS_ITUNES,
	NS_MEDIA,
	NS_PODCAST,
	NS_RDF,
	NS_SLASH,
	NS_SOURCE,
	NS_SY,
	NS_THR,
	NS_WFW,
	NS_XHTML,
	NS_XML,
};

/* Where an element stands. Each is a frame of its own: what is in an image or a source never
 * reaches the feed or the item. */
enum scope {
	SCOPE_OPAQUE = 0,       /* unknown, skipped with all that is in it */
	SCOPE_ROOT = 1 << 0,    /* rss, rdf:RDF */
	SCOPE_FEED = 1 << 1,    /* channel, atom:feed */
	SCOPE_ITEM = 1 << 2,    /* item, atom:entry */
	SCOPE_IMAGE = 1 << 3,   /* of a feed */
	SCOPE_PICTURE = 1 << 4, /* of an item */
	SCOPE_SOURCE = 1 << 5,  /* atom:source: the feed an entry was copied from */
	SCOPE_PERSON = 1 << 6,
	SCOPE_MEDIA = 1 << 7,     /* media:group, media:content */
	SCOPE_TEXT = 1 << 8,      /* text is collected; elements in it are markup */
	SCOPE_SKIP = 1 << 9,      /* skipHours, skipDays */
	SCOPE_CATEGORY = 1 << 10, /* of iTunes: they nest */
};

enum element_kind {
	KIND_OPEN, /* opens the scope in `opens`, nothing else */
	KIND_TEXT, /* plain text */
	KIND_HTML,
	KIND_DATE,
	KIND_URL,
	KIND_ID, /* text taken verbatim */
	KIND_NUMBER,
	KIND_PERSON,
	KIND_CATEGORY,   /* one name */
	KIND_KEYWORDS,   /* names with commas between */
	KIND_ATTRIBUTES, /* all that counts is in its attributes */
	KIND_PERIOD,     /* "hourly" to "yearly", in minutes */
	KIND_HOUR,       /* 0 to 23, a bit each */
	KIND_DAY,        /* "Sunday" to "Saturday", a bit each */
	KIND_EXTRA,      /* has no field: one text among the extensions */
	KIND_EXTRAS,     /* the same with attributes, any number of them */
};

struct xml_reader;
struct attributes;

/* One row is one element in some of its places. Of several rows that set one target the lowest rank
 * wins, whatever their order in the document; among equals the first text, the last date. */
struct element {
	uint8_t ns;
	uint8_t kind;
	uint8_t rank;
	uint16_t parents; /* scopes */
	uint16_t opens; /* scope of what is in it; 0: text for the kinds that have one, else opaque
			 */
	uint16_t feed_at; /* offset of the target in struct feed_content, AT_NONE */
	uint16_t item_at; /* in struct item */
	const char *name; /* case does not count */
	/* Looks at the attributes when the element starts; returns false to skip the element. */
	bool (*start)(struct xml_reader *r, const struct element *e, const struct attributes *a);
};

enum { AT_NONE = UINT16_MAX };

/* The first row for a name in a namespace, NULL when there is none. The others follow it. */
const struct element *elements_find(enum namespace_id ns, const char *name);

/* The row for an element in `parent`, from `first` (elements_find()) on; NULL when it means nothing
 * there. */
const struct element *elements_in(const struct element *first, enum scope parent);

/* What a namespace's URI is (scheme, case, spaces and a final slash or # do not count: pitfall 17);
 * NS_OTHER when unknown. */
enum namespace_id elements_namespace(const char *uri);

/* What an undeclared prefix usually is (pitfall 18). */
enum namespace_id elements_prefix(const char *prefix);

/* The prefix by which a namespace is called; "" for RSS. */
const char *elements_prefix_of(enum namespace_id ns);

#endif
