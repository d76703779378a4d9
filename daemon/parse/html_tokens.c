/* The tokenizer: the states of HTML5 that matter for where a tag, a comment or a text ends. */
#include <strings.h>

#include "parse/html_parts.h"

enum { SPACE = 1, SLASH = 2, CLOSE = 4, EQUALS = 8, LETTER = 16 };

/* Elements without an end are looked through to the input's end this often, for linear time. */
enum { ENDLESS_MAX = 4 };

static const uint8_t classes[256] = {
	['\t'] = SPACE,
	['\n'] = SPACE,
	['\f'] = SPACE,
	['\r'] = SPACE,
	[' '] = SPACE,
	['/'] = SLASH,
	['>'] = CLOSE,
	['='] = EQUALS,
	['A' ... 'Z'] = LETTER,
	['a' ... 'z'] = LETTER,
};

static bool is(const char *p, const char *end, int class)
{
	return p < end && (classes[(unsigned char)*p] & class);
}

static const char *skip(const char *p, const char *end, int class)
{
	while (is(p, end, class))
		p++;
	return p;
}

static const char *find(const char *p, const char *end, char c)
{
	return memchr(p, c, (size_t)(end - p));
}

/* The first byte at or after `p` that is of one of the classes, or `end`. */
static const char *until(const char *p, const char *end, int class)
{
	while (p < end && !(classes[(unsigned char)*p] & class))
		p++;
	return p;
}

void html_reader_init(struct html_reader *r, const char *html, size_t len)
{
	r->p = html;
	r->end = html + len;
	r->unclosed = false;
	r->endless = 0;
	r->wants_attrs = false;
}

/* Steps over an attribute's value; `p` stands behind "=" and its spaces. NULL when the input ends.
 */
static const char *read_value(const char *p, const char *end, struct html_span *ret_value)
{
	const char *stop;
	bool quoted;

	if (p >= end)
		return NULL;
	quoted = *p == '"' || *p == '\'';
	stop = quoted ? find(p + 1, end, *p) : until(p, end, SPACE | CLOSE);
	if (!stop)
		return NULL;
	p += quoted;
	*ret_value = (struct html_span){p, (size_t)(stop - p)};
	return stop + quoted;
}

bool html_attr_next(const char **at, const char *end, struct html_attr *ret_attr)
{
	const char *p = skip(*at, end, SPACE | SLASH), *stop;

	*ret_attr = (struct html_attr){.name = {*at, (size_t)(p - *at)}, .value = {p, 0}};
	*at = p;
	if (p == end || *p == '>')
		return false;
	/* A "=" in front belongs to the name (13.2.5.32). */
	stop = until(p + 1, end, SPACE | SLASH | CLOSE | EQUALS);
	ret_attr->name = (struct html_span){p, (size_t)(stop - p)};
	p = skip(stop, end, SPACE);
	if (is(p, end, EQUALS))
		p = read_value(skip(p + 1, end, SPACE), end, &ret_attr->value);
	*at = p ? p : end;
	return p != NULL;
}

/* Keeps the attributes of the tag that its element may have; of two of the same name the first
 * counts (13.2.5.33). Returns the end of the tag's inside. */
static const char *read_attrs(struct html_reader *r, const char *p, uint64_t wanted)
{
	struct html_attr attr;

	while (html_attr_next(&p, r->end, &attr)) {
		uint64_t bit;

		/* None in the list is shorter. */
		if (!wanted || attr.name.len < 3)
			continue;
		attr.rule = html_attr_find(attr.name.s, attr.name.len);
		bit = attr.rule ? wanted & ~r->seen & (uint64_t)1 << attr.rule->id : 0;
		if (bit) {
			r->seen |= bit;
			r->attr[attr.rule->id] = attr;
		}
	}
	/* What stood in front of the end was no value. */
	r->empty = attr.name.len > 0 && p[-1] == '/';
	return p;
}

/* Reads the tag whose name starts at `name`; the end of the input inside it ends all. */
static enum html_token read_tag(struct html_reader *r, const char *name, enum html_token token)
{
	const char *p = until(name, r->end, SPACE | SLASH | CLOSE);
	uint64_t wanted = 0;

	r->name = (struct html_span){name, (size_t)(p - name)};
	r->element = html_element_find(r->name.s, r->name.len);
	if (r->wants_attrs && r->element && token == HTML_OPEN)
		wanted = r->element->attrs;
	r->text.s = p;
	r->seen = 0;
	r->empty = false;
	if (!is(p, r->end, CLOSE))
		p = read_attrs(r, p, wanted);
	r->p = p < r->end ? p + 1 : p;
	r->text.len = (size_t)(r->p - r->text.s);
	if (p == r->end) {
		r->element = NULL;
		return HTML_END;
	}
	return token;
}

/* The end of the comment whose content starts at `start` (13.2.5.43 to 51): "-->" or "--!>"; the
 * dashes of "<!--" count for the first. */
static const char *comment_end(const char *start, const char *end)
{
	for (const char *p = find(start, end, '>'); p; p = find(p + 1, end, '>'))
		if (memcmp(p - 2, "--", 2) == 0 || (p - start >= 3 && memcmp(p - 3, "--!", 3) == 0))
			return p + 1;
	return end;
}

/* The end of what is not shown and begins at `p`: a comment, "<!...>", "<?...>", "</" before
 * anything but a letter. NULL when the "<" is text: as in HTML5, but also before "!" and what
 * begins no declaration, or what never ends, which nobody means to hide. */
static const char *hidden_end(struct html_reader *r, const char *p)
{
	const char *close;

	if (r->end - p >= 4 && memcmp(p, "<!--", 4) == 0)
		return comment_end(p + 4, r->end);
	if (r->unclosed || r->end - p < 3 || (p[1] != '!' && p[1] != '?' && p[1] != '/'))
		return NULL;
	if (p[1] == '!' && !is(p + 2, r->end, LETTER | CLOSE) && p[2] != '-' && p[2] != '[')
		return NULL;
	close = find(p, r->end, '>');
	r->unclosed = !close;
	return close ? close + 1 : NULL;
}

enum html_token html_next(struct html_reader *r)
{
	enum html_token token = HTML_TEXT;
	const char *p = r->p, *stop = NULL;

	r->element = NULL;
	if (p == r->end)
		return HTML_END;
	if (*p == '<') {
		if (is(p + 1, r->end, LETTER))
			return read_tag(r, p + 1, HTML_OPEN);
		if (is(p + 1, r->end, SLASH) && is(p + 2, r->end, LETTER))
			return read_tag(r, p + 2, HTML_CLOSE);
		stop = hidden_end(r, p);
		if (stop)
			token = HTML_HIDDEN;
	}
	if (!stop)
		stop = find(p + 1, r->end, '<');
	r->p = stop ? stop : r->end;
	r->text = (struct html_span){p, (size_t)(r->p - p)};
	return token;
}

void html_raw_text(struct html_reader *r, const struct html_element *e)
{
	const char *p;

	for (p = find(r->p, r->end, '<'); p; p = find(p + 1, r->end, '<')) {
		const char *name = p + 2;

		if (r->end - p > e->name_len + 2 && p[1] == '/' &&
			strncasecmp(name, e->name, e->name_len) == 0 &&
			is(name + e->name_len, r->end, SPACE | SLASH | CLOSE))
			break;
	}
	p = p ? p : r->end;
	r->text = (struct html_span){r->p, (size_t)(p - r->p)};
	r->p = p;
}

void html_skip(struct html_reader *r, const struct html_element *e)
{
	const char *start = r->p;
	enum html_token token = HTML_OPEN;
	size_t depth = 1;

	if (e->flags & HTML_RAW_DROP) {
		html_raw_text(r, e);
		return;
	}
	if (r->endless == ENDLESS_MAX)
		return;
	while (depth > 0 && token != HTML_END) {
		token = html_next(r);
		if (r->element == e && !r->empty)
			depth = token == HTML_OPEN ? depth + 1 : depth - 1;
	}
	if (depth > 0) {
		r->endless++;
		r->p = start;
	}
}
