/* A strict reader of the one form of HTML that the cleaner may write. */
#include "support/html_check.h"

#include <stdbool.h>
#include <string.h>

enum { DEPTH_MAX = 256, NAME_BYTES = 16, SEEN_MAX = 32 };

struct checker {
	const char *p;
	const char *end;
	const char *wrong;
	char open[DEPTH_MAX][NAME_BYTES];
	size_t depth;
};

/* Each list begins and ends with a space. */
static const char elements[] = " a abbr acronym address article aside audio b bdi bdo big "
			       "blockquote br caption center cite code col colgroup dd "
			       "del details dfn dir div dl dt em figcaption figure footer h1 h2 h3 "
			       "h4 h5 h6 header hgroup hr i img ins kbd li main "
			       "mark menu nav ol p picture pre q rp rt ruby s samp section small "
			       "source span strike strong sub summary sup table "
			       "tbody td tfoot th thead time tr track tt u ul var video wbr ";
static const char voids[] = " br col hr img source track wbr ";
static const char attributes[] =
	" abbr align alt border cellpadding cellspacing cite colspan "
	"controls datetime default dir height href kind label "
	"lang loop media muted open poster rel reversed rowspan scope sizes span src "
	"srclang srcset start title type valign value "
	"width ";
static const char addresses[] = " cite href poster src srcset ";
static const char bare[] = " controls default loop muted open reversed ";
static const char schemes[] =
	" http https mailto tel sms magnet ftp ftps feed geo gemini git gopher "
	"irc ircs matrix news nntp rtsp sftp sip sips svn webcal xmpp data ";

static bool in_list(const char *list, const char *word, size_t len)
{
	char key[NAME_BYTES + 2];

	if (len == 0 || len + 2 >= sizeof(key))
		return false;
	key[0] = ' ';
	memcpy(key + 1, word, len);
	key[len + 1] = ' ';
	key[len + 2] = '\0';
	return strstr(list, key) != NULL;
}

static void fail(struct checker *c, const char *wrong)
{
	if (!c->wrong)
		c->wrong = wrong;
	c->end = c->p;
}

static size_t name_length(const struct checker *c)
{
	const char *p = c->p;

	while (p < c->end && ((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9')))
		p++;
	return (size_t)(p - c->p);
}

static bool take(struct checker *c, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(c->end - c->p) < len || memcmp(c->p, text, len) != 0)
		return false;
	c->p += len;
	return true;
}

/* One character of text, or of a value. */
static void check_character(struct checker *c)
{
	unsigned char ch = (unsigned char)*c->p;

	if (ch == '&') {
		if (!take(c, "&amp;") && !take(c, "&lt;") && !take(c, "&gt;") && !take(c, "&quot;"))
			fail(c, "a reference of another kind");
		return;
	}
	if (ch == '<' || ch == '>')
		fail(c, "a naked angle bracket");
	else if ((ch < 32 && ch != '\n' && ch != '\t') || ch == 127)
		fail(c, "a control character");
	else
		c->p++;
}

/* An address: no white space at its start, and no scheme but those of the list. */
static void check_address(struct checker *c, const char *value, size_t len, bool is_link)
{
	size_t n = 0;

	if (len == 0 || (unsigned char)*value <= ' ') {
		fail(c, "an address with space in front");
		return;
	}
	while (n < len && value[n] != ':' && value[n] != '/' && value[n] != '?' && value[n] != '#')
		n++;
	if (n == len || value[n] != ':')
		return;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)value[i] < 32)
			fail(c, "a control character in an address");
	if (n + 2 < NAME_BYTES) {
		char lower[NAME_BYTES];
		bool scheme = true;

		for (size_t i = 0; i < n; i++) {
			lower[i] = value[i] >= 'A' && value[i] <= 'Z' ? (char)(value[i] | 0x20)
								      : value[i];
			scheme = scheme &&
				 strchr("abcdefghijklmnopqrstuvwxyz0123456789+-.", lower[i]);
		}
		if (scheme && n > 0 && lower[0] >= 'a' && !in_list(schemes, lower, n))
			fail(c, "a scheme that is not allowed");
		if (scheme && n == 4 && memcmp(lower, "data", 4) == 0 && is_link)
			fail(c, "data that a link leads to");
	}
}

static void check_value(struct checker *c, const char *name, size_t len)
{
	const char *value;

	if (!take(c, "=\"")) {
		if (!in_list(bare, name, len))
			fail(c, "an attribute without a value");
		return;
	}
	value = c->p;
	while (c->p < c->end && *c->p != '"')
		check_character(c);
	if (in_list(addresses, name, len) && !c->wrong)
		check_address(c, value, (size_t)(c->p - value), len == 4); /* href, cite */
	if (!take(c, "\""))
		fail(c, "a value without an end");
}

static void check_attributes(struct checker *c)
{
	const char *seen[SEEN_MAX];
	size_t seen_len[SEEN_MAX], count = 0;

	while (take(c, " ")) {
		const char *name = c->p;
		size_t len = name_length(c);

		if (!in_list(attributes, name, len) || count == SEEN_MAX) {
			fail(c, "an attribute that is not in the list");
			return;
		}
		for (size_t i = 0; i < count; i++)
			if (seen_len[i] == len && memcmp(seen[i], name, len) == 0)
				fail(c, "an attribute twice");
		seen[count] = name;
		seen_len[count++] = len;
		c->p += len;
		check_value(c, name, len);
	}
}

static void check_tag(struct checker *c)
{
	bool closes = take(c, "</");
	const char *name = closes ? c->p : ++c->p;
	size_t len = name_length(c);

	if (!in_list(elements, name, len)) {
		fail(c, "an element that is not in the list");
		return;
	}
	c->p += len;
	if (closes) {
		if (c->depth == 0 || strlen(c->open[c->depth - 1]) != len ||
			memcmp(c->open[c->depth - 1], name, len) != 0)
			fail(c, "an end tag that matches nothing");
		else
			c->depth--;
	} else {
		check_attributes(c);
		if (!in_list(voids, name, len)) {
			if (c->depth == DEPTH_MAX) {
				fail(c, "elements nested too deep");
				return;
			}
			memcpy(c->open[c->depth], name, len);
			c->open[c->depth++][len] = '\0';
		}
	}
	if (!take(c, ">"))
		fail(c, "a tag in another form");
}

const char *html_check(const char *html, size_t len, size_t *ret_at)
{
	struct checker c = {.p = html, .end = html + len};

	while (c.p < c.end) {
		if (*c.p == '<')
			check_tag(&c);
		else
			check_character(&c);
	}
	if (!c.wrong && c.depth > 0)
		c.wrong = "an element without an end tag";
	*ret_at = (size_t)(c.p - html);
	return c.wrong;
}
