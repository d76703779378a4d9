/* What a document is, by its root element. */
#include "parse/sniff.h"

#include <string.h>
#include <strings.h>

#include "parse/tokens.h"

enum root_kind sniff_kind(const char *name, size_t len)
{
	static const struct {
		const char *name;
		enum root_kind kind;
	} roots[] = {{"rss", ROOT_RSS}, {"rdf", ROOT_RDF}, {"feed", ROOT_ATOM},
		{"entry", ROOT_ENTRY}, {"channel", ROOT_CHANNEL}, {"html", ROOT_HTML},
		{"opml", ROOT_OPML}};

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++)
		if (len > 0 && roots[i].name[0] == (name[0] | 32) && strlen(roots[i].name) == len &&
			strncasecmp(roots[i].name, name, len) == 0)
			return roots[i].kind;
	return ROOT_OTHER;
}

/* The first character of a mark is rare in text, which makes memchr() faster here than memmem(). */
const char *sniff_after(const char *p, const char *end, const char *mark)
{
	size_t len = strlen(mark);

	while ((size_t)(end - p) >= len) {
		p = memchr(p, mark[0], (size_t)(end - p) - len + 1);
		if (p == NULL)
			return NULL;
		if (memcmp(p, mark, len) == 0)
			return p + len;
		p++;
	}
	return NULL;
}

/* After a quoted string or comment that begins at `p`, else after the one byte; NULL when it has no
 * end. */
static const char *skip_part(const char *p, const char *end)
{
	if (*p == '"' || *p == '\'') {
		p = memchr(p + 1, *p, (size_t)(end - p - 1));
		return p != NULL ? p + 1 : NULL;
	}
	return end - p > 4 && memcmp(p, "<!--", 4) == 0 ? sniff_after(p + 4, end, "-->") : p + 1;
}

/* After a DOCTYPE, with its internal subset if it has one; NULL when it has no end. */
static const char *skip_doctype(const char *p, const char *end, bool *ret_entities)
{
	int brackets = 0;

	while (p != NULL && p < end) {
		if (*p == '>' && brackets <= 0)
			return p + 1;
		brackets += (*p == '[') - (*p == ']');
		if (end - p > 8 && memcmp(p, "<!ENTITY", 8) == 0)
			*ret_entities = true;
		p = skip_part(p, end);
	}
	return NULL;
}

const char *sniff_skip_misc(const char *p, const char *end, bool *ret_ended, bool *ret_entities)
{
	const char *to;

	if (end - p >= 4 && memcmp(p, "<!--", 4) == 0)
		to = sniff_after(p + 4, end, "-->");
	else if (end - p >= 2 && memcmp(p, "<?", 2) == 0)
		to = sniff_after(p + 2, end, "?>");
	else if (end - p > 9 && strncasecmp(p, "<!DOCTYPE", 9) == 0)
		to = skip_doctype(p + 9, end, ret_entities);
	else
		return NULL;
	*ret_ended = to != NULL;
	return to != NULL ? to : end;
}

/* An XML declaration must be the very first thing, but nothing is lost when it is not. */
static bool late_declaration(const char *p, const char *text, const char *end)
{
	return p != text && end - p > 5 && memcmp(p, "<?xml", 5) == 0 && token_space(p[5]);
}

void sniff_root(const char *text, size_t len, struct root *ret_root)
{
	const char *end = text + len, *less = memchr(text, '<', len), *p = text;
	struct root root = {0};
	bool ended;

	for (; less != NULL; less = memchr(p, '<', (size_t)(end - p))) {
		const char *after, *colon;

		root.junk = root.junk || token_skip_space(p, less) != less ||
			    late_declaration(less, text, end);
		p = sniff_skip_misc(less, end, &ended, &root.entities);
		if (p != NULL)
			continue;
		p = less + 1;
		if (p == end || !token_name_start(*p))
			continue;
		after = token_skip_name(p, end);
		colon = memchr(p, ':', (size_t)(after - p));
		p = colon != NULL ? colon + 1 : p;
		if (root.kind == ROOT_NONE || sniff_kind(p, (size_t)(after - p)) != ROOT_OTHER) {
			root.kind = sniff_kind(p, (size_t)(after - p));
			root.at = (size_t)(less - text);
			root.name = p;
			root.name_len = (size_t)(after - p);
		}
		if (root.kind != ROOT_OTHER)
			break;
		root.junk = true;
		p = after;
	}
	*ret_root = root;
}
