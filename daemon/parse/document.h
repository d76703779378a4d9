/* One document on its way through this room: where it is collected, and the remarks made on it.
 * Private to parse/. */
#ifndef TIDINGS_PARSE_DOCUMENT_H
#define TIDINGS_PARSE_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/model.h"
#include "parse/parse.h"

/* Lives on the stack of parse_document(). `failure` is sticky: once set (ERR_NOMEM), everything
 * that still runs changes nothing of importance. */
struct document {
	const struct parse_options *options;
	struct arena *arena;
	struct arena scratch; /* freed with the document */
	struct buf html;      /* reused for each cleaned text */
	struct feed_content *feed;
	struct item **item_tail;
	struct remark **problem_tail;
	size_t problem_count;
	int failure;
};

/* Adds a remark unless the same was made before; at most PARSE_PROBLEMS_MAX. `text` must outlive
 * the document's arena. */
void document_problem(struct document *d, const char *text);

/* Arena memory that cannot be had ends the document: sets `failure` and returns NULL. */
void *document_alloc(struct document *d, size_t size);
char *document_text(struct document *d, const char *text, size_t len);

/* Plain text as the model wants it: trimmed, white space folded, cut at PARSE_FIELD_MAX; NULL when
 * nothing is left. */
char *document_line(struct document *d, const char *text, size_t len);

/* As document_line(), from text that may be HTML: markup gone, references decoded. */
char *document_line_of_html(struct document *d, const char *html, size_t len);

/* As document_line(), from text that is HTML only if it looks like it (RSS does not say):
 * pitfall 31. */
char *document_line_guessed(struct document *d, const char *text, size_t len);

/* A URL resolved against `base` (or NULL); NULL when it is empty or too long. */
char *document_url(struct document *d, const char *base, const char *text, size_t len);

/* HTML cleaned (unless raw) with links resolved; NULL when nothing is left. `budget_bytes` is
 * reduced by its length. */
char *document_html(
	struct document *d, const char *base, const char *html, size_t len, size_t *budget_bytes);

/* The same from plain text, in which line ends may count. */
char *document_html_of_text(
	struct document *d, const char *text, size_t len, bool keep_lines, size_t *budget_bytes);

/* Appends `text` with &, < and > (and " for attributes) escaped. */
void document_escape(struct buf *out, const char *text, size_t len, bool attribute);

/* "Name", "mail", "mail (Name)", "Name (mail)", "Name <mail>", with "mailto:" anywhere: pitfall 38.
 * False when empty. */
bool document_person(struct document *d, const char *text, size_t len, struct person *ret_person);

/* Appends unless someone of this name or address is there, or PARSE_PERSONS_MAX are. */
void document_add_person(struct document *d, struct person **list, const struct person *person);
void document_add_category(struct document *d, struct category **list, char *name);
void document_add_enclosure(struct document *d, struct item *item, char *url, char *type,
	int64_t length_bytes, bool unless_known);

/* Completes an item (link, shared limits) and appends it to the feed. False beyond PARSE_ITEMS_MAX.
 */
bool document_add_item(struct document *d, struct item *item);
struct item *document_new_item(struct document *d);

/* Digits of a number of bytes; -1 when it is none. */
int64_t document_number(const char *text, size_t len);

/* The readers. 0, ERR_NOT_FEED, ERR_PARSE or ERR_NOMEM. */
int xml_read(struct document *d, const char *text, size_t len, struct err *e);
int jsonfeed_read(struct document *d, const char *text, size_t len, struct err *e);

#endif
