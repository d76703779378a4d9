/* Autodiscovery: the links of an HTML page to its feeds, in its header and in itself. */
#include "parse/offers.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/url.h"
#include "limits.h"
#include "parse/html_parts.h"
#include "parse/tokens.h"

static const char *const feed_types[] = {
	"application/rss+xml", "application/atom+xml", "application/feed+json", "application/json"};
enum { TYPE_COUNT = sizeof(feed_types) / sizeof(feed_types[0]) };

static const char blank[] = " \t\n\r\f";

enum { LINK_REL, LINK_TYPE, LINK_HREF, LINK_TITLE, LINK_ATTRS };
static const char *const link_attrs[LINK_ATTRS] = {"rel", "type", "href", "title"};

enum { META_WHAT, META_CONTENT, META_ATTRS };
static const char *const meta_attrs[META_ATTRS] = {"http-equiv", "content"};

struct page {
	struct document *d;
	char *base;     /* the first <base href>, as written; NULL */
	char *leads_to; /* the first of a meta refresh, as written; NULL */
	struct offer **tail;
	size_t count;
};

static bool is_alternate(const char *rel)
{
	for (size_t len; *rel; rel += len + (rel[len] != '\0')) {
		len = strcspn(rel, blank);
		if (len == strlen("alternate") && strncasecmp(rel, "alternate", len) == 0)
			return true;
	}
	return false;
}

/* The type without its parameters, in lower case; NULL when it is none of a feed. */
static const char *feed_type(const char *type)
{
	size_t start = strspn(type, " \t\n"), len = strcspn(type + start, "; \t\n");

	for (size_t i = 0; i < TYPE_COUNT; i++)
		if (strlen(feed_types[i]) == len &&
			strncasecmp(feed_types[i], type + start, len) == 0)
			return feed_types[i];
	return NULL;
}

static bool has_room(const struct page *p)
{
	return p->count < PARSE_OFFERS_MAX && p->d->failure == 0;
}

static void add_offer(struct page *p, char *values[LINK_ATTRS])
{
	const char *type = values[LINK_TYPE] ? feed_type(values[LINK_TYPE]) : NULL;
	struct offer *o;

	if (!type || !values[LINK_REL] || !values[LINK_HREF] || !is_alternate(values[LINK_REL]))
		return;
	/* WordPress names each page's entry in its database so, which is no feed. */
	if (strcmp(type, "application/json") == 0 && strstr(values[LINK_HREF], "/wp-json/"))
		return;
	o = document_alloc(p->d, sizeof(*o));
	if (!o)
		return;
	*o = (struct offer){.url = values[LINK_HREF], .type = type};
	if (values[LINK_TITLE])
		o->title = document_line(p->d, values[LINK_TITLE], strlen(values[LINK_TITLE]));
	*p->tail = o;
	p->tail = &o->next;
	p->count++;
}

/* A token, or a quoted string; what is not ASCII has no place in a header. */
static char *take_value(struct page *p, const char **at)
{
	bool quoted = **at == '"';
	const char *s = *at + quoted;
	size_t len = strcspn(s, quoted ? "\"" : " \t;,");
	char *value, *to;

	while (quoted && len && s[len - 1] == '\\' && s[len])
		len += 1 + strcspn(s + len + 1, "\"");
	*at = s + len + (s[len] == '"');
	value = to = document_alloc(p->d, len + 1);
	for (size_t i = 0; value && i < len; i++) {
		if (s[i] == '\\' && quoted)
			continue;
		*to = s[i];
		if (*to & 0x80)
			*to = '?';
		to++;
	}
	return value;
}

/* "; rel=alternate; type=..." up to what follows; the first of a name counts. */
static const char *read_params(struct page *p, const char *at, char *values[LINK_ATTRS])
{
	const char *name;
	char *value;
	size_t len;

	for (;;) {
		at += strspn(at, blank);
		if (*at != ';')
			return at;
		name = at + 1 + strspn(at + 1, blank);
		len = strcspn(name, " \t=;,");
		at = name + len + strspn(name + len, blank);
		if (*at != '=')
			continue;
		at += 1 + strspn(at + 1, blank);
		value = take_value(p, &at);
		for (int i = 0; i < LINK_ATTRS; i++)
			if (!values[i] && strlen(link_attrs[i]) == len &&
				strncasecmp(link_attrs[i], name, len) == 0)
				values[i] = value;
	}
}

/* The header's links: they are relative to the page's address, whatever its <base> says. */
static void read_header(struct page *p, const char *at)
{
	while (at && has_room(p)) {
		char *values[LINK_ATTRS] = {0};
		size_t len;

		at = strchr(at, '<');
		if (!at)
			return;
		len = strcspn(++at, ">");
		values[LINK_HREF] = document_url(p->d, p->d->options->base_url, at, len);
		at = read_params(p, at + len + (at[len] == '>'), values);
		add_offer(p, values);
	}
}

static void read_link(struct page *p, const struct html_reader *tag)
{
	char *values[LINK_ATTRS] = {0};

	if (html_attrs_pick(tag, link_attrs, LINK_ATTRS, p->d->arena, values))
		p->d->failure = ERR_NOMEM;
	else if (strcmp(tag->element->name, "link") == 0)
		add_offer(p, values);
	else if (!p->base)
		p->base = values[LINK_HREF];
}

/* "0; url='/there'" (HTML 4.2.5.3, "shared declarative refresh steps"); NULL: to nowhere else. */
static char *refresh_target(char *s)
{
	size_t digits;
	char *url;

	s += strspn(s, blank);
	digits = strspn(s, "0123456789.");
	s += digits;
	s += strspn(s, " \t\n\r\f;,");
	if (strncasecmp(s, "url", 3) == 0) {
		url = s + 3 + strspn(s + 3, blank);
		if (*url == '=')
			s = url + 1 + strspn(url + 1, blank);
	}
	if (*s == '"' || *s == '\'') {
		url = s + 1;
		url[strcspn(url, (char[]){*s, '\0'})] = '\0';
		s = url;
	}
	return digits && *s ? s : NULL;
}

static void read_meta(struct page *p, const struct html_reader *tag)
{
	char *values[META_ATTRS] = {0};

	if (html_attrs_pick(tag, meta_attrs, META_ATTRS, p->d->arena, values))
		p->d->failure = ERR_NOMEM;
	else if (!p->leads_to && values[META_WHAT] && values[META_CONTENT] &&
		 strcasecmp(values[META_WHAT], "refresh") == 0)
		p->leads_to = refresh_target(values[META_CONTENT]);
}

/* Pages without a body's start or a head's end are common: all of it is looked at. */
static void read_page(struct page *p, const char *html, size_t len)
{
	enum html_token token = HTML_TEXT;
	struct html_reader in;

	html_reader_init(&in, html, len);
	while (token != HTML_END && has_room(p)) {
		token = html_next(&in);
		if (token != HTML_OPEN || !in.element)
			continue;
		if (in.element->flags & (HTML_RAW_DROP | HTML_RAW_TEXT))
			html_raw_text(&in, in.element);
		else if (strcmp(in.element->name, "link") == 0 ||
			 strcmp(in.element->name, "base") == 0)
			read_link(p, &in);
		else if (strcmp(in.element->name, "meta") == 0)
			read_meta(p, &in);
	}
}

/* False for what is no address of a feed, and for one that is in the list already. */
static bool resolve(const struct page *p, const char *base, struct offer *o)
{
	o->url = document_url(p->d, base, o->url, strlen(o->url));
	if (!o->url || !(url_is_http(o->url) || (!base && !strchr(o->url, ':'))))
		return false;
	for (const struct offer *other = p->d->feed->offers; other != o; other = other->next)
		if (strcmp(other->url, o->url) == 0)
			return false;
	return true;
}

static void resolve_refresh(struct page *p, const char *base)
{
	char *url = p->leads_to ? document_url(p->d, base, p->leads_to, strlen(p->leads_to)) : NULL;

	if (!url || !url_is_http(url))
		return;
	url[strcspn(url, "#")] = '\0';
	p->d->feed->leads_to = url;
}

/* A <base> counts for the links in front of it, too. */
static void resolve_all(struct page *p)
{
	const char *base = p->d->options->base_url;
	struct offer **at = &p->d->feed->offers;

	if (p->base)
		base = document_url(p->d, base, p->base, strlen(p->base));
	while (*at && p->d->failure == 0) {
		if (resolve(p, base, *at)) {
			at = &(*at)->next;
		} else {
			*at = (*at)->next;
			p->count--;
		}
	}
	resolve_refresh(p, base);
}

bool offers_is_html(const char *root, size_t len)
{
	return html_element_find(root, len) != NULL;
}

/* "an HTML page; it offers 3 feeds: URL URL and 1 more": as many as fit, each whole. */
static int refuse(const struct page *p, struct err *e)
{
	static const char more[] = " and 00 more";
	char text[ERR_TEXT_BYTES] = "an HTML page; it offers";
	size_t left = p->count, len = strlen(text);

	if (left > 1)
		len += (size_t)snprintf(text + len, sizeof(text) - len, " %zu feeds:", left);
	for (const struct offer *o = p->d->feed->offers; o != NULL; o = o->next, left--) {
		if (len + 1 + strlen(o->url) + sizeof(more) > sizeof(text))
			break;
		len += (size_t)snprintf(text + len, sizeof(text) - len, " %s", o->url);
	}
	if (left == p->count)
		snprintf(text + len - (left > 1), sizeof(text) - len, "%s",
			left > 1 ? "" : " a feed");
	else if (left > 0)
		snprintf(text + len, sizeof(text) - len, " and %zu more", left);
	return err_set(e, ERR_NOT_FEED, "%s", text);
}

int offers_refuse(struct document *d, const char *html, size_t len, struct err *e)
{
	struct page p = {.d = d, .tail = &d->feed->offers};

	read_header(&p, d->options->link);
	read_page(&p, html, len);
	resolve_all(&p);
	if (d->failure)
		return d->failure;
	if (p.count == 0)
		return err_set(e, ERR_NOT_FEED, "an HTML page");
	return refuse(&p, e);
}
