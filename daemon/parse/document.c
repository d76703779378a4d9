/* What the readers of XML and JSON share: values in the form of the model, and the limits on them.
 */
#include "parse/document.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/block.h"
#include "base/url.h"
#include "base/utf8.h"
#include "limits.h"
#include "parse/html.h"
#include "parse/tokens.h"

void document_problem(struct document *d, const char *text)
{
	struct remark *problem;

	for (problem = d->feed->problems; problem != NULL; problem = problem->next)
		if (strcmp(problem->text, text) == 0)
			return;
	if (d->problem_count == PARSE_PROBLEMS_MAX)
		return;
	problem = document_alloc(d, sizeof(*problem));
	if (problem == NULL)
		return;
	problem->text = document_text(d, text, strlen(text));
	if (problem->text == NULL)
		return;
	*d->problem_tail = problem;
	d->problem_tail = &problem->next;
	d->problem_count++;
}

void *document_alloc(struct document *d, size_t size)
{
	void *memory = d->failure == 0 ? arena_alloc(d->arena, size) : NULL;

	if (memory == NULL)
		d->failure = ERR_NOMEM;
	return memory;
}

char *document_text(struct document *d, const char *text, size_t len)
{
	char *copy = d->failure == 0 ? arena_strndup(d->arena, text, len) : NULL;

	if (copy == NULL)
		d->failure = ERR_NOMEM;
	return copy;
}

/* Around a value in XML there is white space that nobody means. */
static void trim(const char **text, size_t *len)
{
	while (*len > 0 && token_space(**text)) {
		(*text)++;
		(*len)--;
	}
	while (*len > 0 && token_space((*text)[*len - 1]))
		(*len)--;
}

/* Bytes at the start of a text that are a line already, as far as whole blocks go. */
static size_t line_length(const char *text, size_t len)
{
	size_t i = 0;

	for (; len - i > BLOCK_BYTES; i += BLOCK_BYTES) {
		block b = block_at(text + i), next = block_at(text + i + 1);
		block ends = (block)((b == '\n') | (b == '\t') | (b == '\r') |
				     ((b == ' ') & (next <= ' ')));

		if (block_has(ends))
			return i + block_before(ends);
	}
	return i;
}

char *document_line(struct document *d, const char *text, size_t len)
{
	char *line;
	size_t n;

	trim(&text, &len);
	if (len == 0)
		return NULL;
	if (len > PARSE_FIELD_MAX) {
		len = utf8_cut(text, len, PARSE_FIELD_MAX);
		document_problem(d, "a text was cut at its limit");
	}
	line = document_text(d, text, len);
	if (line == NULL)
		return NULL;
	n = line_length(text, len);
	for (size_t i = n; i < len; i++) {
		if (!token_space(text[i]))
			line[n++] = text[i];
		else if (n > 0 && line[n - 1] != ' ')
			line[n++] = ' ';
	}
	line[n] = '\0';
	return line;
}

char *document_line_of_html(struct document *d, const char *html, size_t len)
{
	/* A reset buffer keeps its memory: one allocation for all texts of a document. */
	buf_reset(&d->html);
	html_text(html, len, &d->html);
	if (buf_status(&d->html) == ERR_NOMEM)
		d->failure = ERR_NOMEM;
	return document_line(d, buf_string(&d->html), d->html.len);
}

char *document_line_guessed(struct document *d, const char *text, size_t len)
{
	if ((memchr(text, '<', len) != NULL || memchr(text, '&', len) != NULL) &&
		html_looks_like(text, len))
		return document_line_of_html(d, text, len);
	return document_line(d, text, len);
}

char *document_url(struct document *d, const char *base, const char *text, size_t len)
{
	char *ref, *url;

	trim(&text, &len);
	if (len == 0)
		return NULL;
	if (len > PARSE_FIELD_MAX) {
		document_problem(d, "a URL beyond the limit was left out");
		return NULL;
	}
	ref = document_text(d, text, len);
	if (ref == NULL || url_is_plain(text, len))
		return ref;
	url = url_resolve(base, ref, d->arena);
	if (url == NULL)
		d->failure = ERR_NOMEM;
	return url != NULL && url[0] != '\0' ? url : NULL;
}

char *document_html(
	struct document *d, const char *base, const char *html, size_t len, size_t *budget_bytes)
{
	trim(&html, &len);
	if (len > *budget_bytes) {
		len = utf8_cut(html, len, *budget_bytes);
		document_problem(d, "the texts of an item were cut at their limit");
	}
	if (len == 0)
		return NULL;
	if (!d->options->raw) {
		buf_reset(&d->html);
		html_clean(html, len, base, &d->scratch, &d->html);
		arena_finish(&d->scratch);
		if (buf_status(&d->html) == ERR_NOMEM)
			d->failure = ERR_NOMEM;
		html = buf_string(&d->html);
		len = d->html.len;
		trim(&html, &len);
		if (len == 0)
			return NULL;
	}
	*budget_bytes -= len < *budget_bytes ? len : *budget_bytes;
	return document_text(d, html, len);
}

static const char *escape_of(char c, bool attribute)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return attribute ? "&quot;" : NULL;
	default:
		return NULL;
	}
}

void document_escape(struct buf *out, const char *text, size_t len, bool attribute)
{
	size_t start = 0;

	for (size_t i = 0; i < len; i++) {
		const char *escaped = text[i] <= '>' ? escape_of(text[i], attribute) : NULL;

		if (escaped == NULL)
			continue;
		buf_append(out, text + start, i - start);
		buf_puts(out, escaped);
		start = i + 1;
	}
	buf_append(out, text + start, len - start);
}

char *document_html_of_text(
	struct document *d, const char *text, size_t len, bool keep_lines, size_t *budget_bytes)
{
	const char *end;
	struct buf escaped;
	char *html;

	trim(&text, &len);
	buf_init(&escaped, len * 5 + 1);
	for (end = keep_lines ? memchr(text, '\n', len) : NULL; end != NULL;
		end = memchr(text, '\n', len)) {
		document_escape(&escaped, text, (size_t)(end - text), false);
		buf_puts(&escaped, "<br>\n");
		len -= (size_t)(end + 1 - text);
		text = end + 1;
	}
	document_escape(&escaped, text, len, false);
	if (buf_status(&escaped) != 0)
		d->failure = ERR_NOMEM;
	html = document_html(d, NULL, buf_string(&escaped), escaped.len, budget_bytes);
	buf_finish(&escaped);
	return html;
}

/* -- people -- */

/* Near enough to tell a name from an address. */
static bool is_mail(const char *s, size_t len)
{
	const char *at = memchr(s, '@', len);

	return at != NULL && at > s && at + 1 < s + len && memchr(s, ' ', len) == NULL &&
	       memchr(s, '/', len) == NULL;
}

static void strip_mailto(const char **s, size_t *len)
{
	trim(s, len);
	if (*len > 7 && strncasecmp(*s, "mailto:", 7) == 0) {
		*s += 7;
		*len -= 7;
	}
}

/* "outer (inner)" or "outer <inner>": one of them may be an address. */
static void split_person(struct document *d, struct person *p, const char *outer, size_t outer_len,
	const char *inner, size_t inner_len)
{
	strip_mailto(&outer, &outer_len);
	strip_mailto(&inner, &inner_len);
	if (is_mail(outer, outer_len)) {
		p->email = document_line(d, outer, outer_len);
		p->name = document_line(d, inner, inner_len);
	} else {
		p->name = document_line(d, outer, outer_len);
		p->email = document_line(d, inner, inner_len);
	}
}

bool document_person(struct document *d, const char *text, size_t len, struct person *ret_person)
{
	struct person p = {0};
	char *line = document_line_guessed(d, text, len);
	const char *s = line, *open;

	if (line == NULL)
		return false;
	len = strlen(line);
	open = strpbrk(line, "(<");
	strip_mailto(&s, &len);
	if (is_mail(s, len))
		p.email = document_line(d, s, len);
	else if (open != NULL && strchr(")>", line[strlen(line) - 1]) != NULL &&
		 strchr(line, '@') != NULL)
		split_person(d, &p, line, (size_t)(open - line), open + 1, strlen(open + 1) - 1);
	else
		p.name = line;
	if (p.name == NULL && p.email == NULL)
		return false;
	*ret_person = p;
	return true;
}

/* "Ann" and "ann" are one person. */
static bool same_text(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcasecmp(a, b) == 0;
}

void document_add_person(struct document *d, struct person **list, const struct person *person)
{
	size_t count = 0;

	for (; *list != NULL; list = &(*list)->next) {
		struct person *known = *list;
		bool same = same_text(known->email, person->email) ||
			    (same_text(known->name, person->name) &&
				    (known->email == NULL || person->email == NULL));

		/* What one of them says more than the other is kept. */
		if (same) {
			known->name = known->name != NULL ? known->name : person->name;
			known->email = known->email != NULL ? known->email : person->email;
			known->uri = known->uri != NULL ? known->uri : person->uri;
			return;
		}
		if (++count == PARSE_PERSONS_MAX)
			return;
	}
	*list = document_alloc(d, sizeof(**list));
	if (*list != NULL)
		**list = (struct person){person->name, person->email, person->uri, NULL};
}

/* -- lists of an item -- */

void document_add_category(struct document *d, struct category **list, char *name)
{
	size_t count = 0;

	if (name == NULL)
		return;
	for (; *list != NULL; list = &(*list)->next)
		if (strcmp((*list)->name, name) == 0 || ++count == PARSE_CATEGORIES_MAX)
			return;
	*list = document_alloc(d, sizeof(**list));
	if (*list != NULL)
		(*list)->name = name;
}

void document_add_enclosure(struct document *d, struct item *item, char *url, char *type,
	int64_t length_bytes, bool unless_known)
{
	struct enclosure **list = &item->enclosures;
	size_t count = 0;

	if (url == NULL)
		return;
	for (; *list != NULL; list = &(*list)->next) {
		if (++count == PARSE_ENCLOSURES_MAX) {
			document_problem(d, "enclosures beyond the limit were left out");
			return;
		}
		if (unless_known && strcmp((*list)->url, url) == 0) {
			(*list)->type = (*list)->type != NULL ? (*list)->type : type;
			return;
		}
	}
	*list = document_alloc(d, sizeof(**list));
	if (*list != NULL)
		**list = (struct enclosure){.url = url, .type = type, .length_bytes = length_bytes};
}

struct item *document_new_item(struct document *d)
{
	struct item *item = document_alloc(d, sizeof(*item));

	if (item != NULL) {
		item->published_ms = TIME_NONE;
		item->updated_ms = TIME_NONE;
	}
	return item;
}

bool document_add_item(struct document *d, struct item *item)
{
	if (d->feed->item_count == PARSE_ITEMS_MAX) {
		document_problem(d, "items beyond the limit were left out");
		return false;
	}
	if (item->link == NULL && item->enclosures != NULL)
		item->link = item->enclosures->url;
	*d->item_tail = item;
	d->item_tail = &item->next;
	d->feed->item_count++;
	return true;
}

int64_t document_number(const char *text, size_t len)
{
	int64_t value = 0;

	trim(&text, &len);
	if (len == 0 || len > 15)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}
