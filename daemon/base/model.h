/* The nouns that travel between rooms, as plain structs: what one document says of a feed and its
 * items. */
#ifndef TIDINGS_BASE_MODEL_H
#define TIDINGS_BASE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/times.h"

/* All strings are NUL-terminated, valid UTF-8 without control characters other than tab and
 * newline; NULL means absent. Everything lives in the arena of the job that parsed it. Lists are
 * singly linked in document order. */

enum feed_format {
	FORMAT_UNKNOWN,
	FORMAT_RSS20,
	FORMAT_RSS094,
	FORMAT_RSS093,
	FORMAT_RSS092,
	FORMAT_RSS091,
	FORMAT_RSS090,
	FORMAT_RSS10,
	FORMAT_ATOM10,
	FORMAT_ATOM03,
	FORMAT_JSON11,
	FORMAT_JSON10,
	FORMAT_CDF,
};

struct person {
	char *name;
	char *email;
	char *uri;
	struct person *next;
};

struct category {
	char *name; /* plain text */
	struct category *next;
};

struct enclosure {
	char *url; /* absolute where it could be resolved */
	char *type;
	int64_t length_bytes; /* -1: not given or not a number */
	struct enclosure *next;
};

/* One entry of a document, as published. */
struct item {
	char *id;    /* guid, atom:id, JSON Feed id: verbatim, trimmed */
	char *title; /* plain text */
	char *link;
	struct person *authors;
	int64_t published_ms; /* TIME_NONE when absent or unreadable, never "now" */
	int64_t updated_ms;
	char *summary; /* clean HTML */
	char *content; /* clean HTML */
	struct category *categories;
	struct enclosure *enclosures;
	char *comments;
	char *thumbnail;
	char *language;
	char *copyright;  /* clean HTML */
	char *extensions; /* what has no field, a JSON object (parse/extensions.h) */
	struct item *next;
};

/* What became of an item that was there before. The first two are stored (revision.kind). */
enum edit {
	EDIT_TEXT,   /* its words are others */
	EDIT_MARKUP, /* something else that a reader gets: links, pictures, enclosures, authors */
	EDIT_DATE,   /* it was changed, says its publisher, and nothing shows */
	EDIT_NONE,
};

/* "text", "markup", "date". */
const char *edit_name(enum edit edit);

/* By what an edit is told. */
struct item_mark {
	int64_t digest;     /* over everything a reader gets */
	int64_t words;      /* over its words; 0: not known */
	int64_t updated_ms; /* or TIME_NONE */
};

/* A remark on what was wrong with a document, for people: "undeclared entity &nbsp;". */
struct remark {
	char *text;
	struct remark *next;
};

/* A feed that an HTML page names. */
struct offer {
	char *url;
	char *title;
	const char *type; /* "application/rss+xml", ...: static */
	struct offer *next;
};

/* What was understood of one document. */
struct feed_content {
	enum feed_format format;
	const char *encoding; /* what it was decoded from, lower case */
	bool repaired;        /* not well-formed, read all the same */
	bool complete;        /* the document's end was seen; false after truncation */
	bool lacks_end;       /* not complete, all that there is was read: its text has no end */
	struct remark *problems;
	char *id;
	char *title;
	char *link;
	char *description; /* clean HTML */
	char *language;
	char *copyright; /* clean HTML: many link to a licence */
	char *generator;
	char *icon;
	char *image;
	struct person *authors;
	struct category *categories;
	int64_t published_ms;
	int64_t updated_ms;
	int64_t ttl_min;             /* -1: not given */
	int64_t update_interval_min; /* sy:updatePeriod by sy:updateFrequency; -1 */
	int64_t update_frequency;    /* the latter; -1 */
	int64_t update_base_ms;      /* the periods are counted from here */
	int64_t skip_hours;          /* bit n: hour n of UTC */
	int64_t skip_days;           /* bit 0: Sunday, UTC */
	char *hub;
	char *self;
	char *next_page;
	char *extensions; /* as of an item */
	struct item *items;
	size_t item_count;
	/* Of an HTML page in place of a feed, which has nothing else: */
	struct offer *offers;
	char *leads_to; /* where it sends its readers by itself, an http(s) URL without fragment;
			   NULL */
};

/* One feed of a subscription list. */
struct outline {
	char *url;          /* as written */
	char *title;        /* without markup; NULL */
	char *folder;       /* nearest enclosing outline without a URL; NULL */
	int64_t interval_s; /* a setting of ours; 0: none */
	char *stories;      /* another; as written, or NULL */
	struct outline *next;
};

/* "rss20", "atom10", ...; "unknown". */
const char *feed_format_name(enum feed_format format);

#endif
