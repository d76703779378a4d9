/* Autodiscovery: the links of an HTML page to its feeds. */
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

enum { LINK_REL, LINK_TYPE, LINK_HREF, LINK_TITLE, LINK_ATTRS };
static const char *const link_attrs[LINK_ATTRS] = {"rel", "type", "href", "title"};

struct page {
	struct document *d;
	char *base; /* the first <base href>, as written; NULL */
	struct offer **tail;
	size_t count;
};

static bool is_alternate(const char *rel)
{
	for (size_t len; *rel; rel += len + (rel[len] != '\0')) {
		len = strcspn(rel, " \t\n\r\f");
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

/* Pages without a body's start or a head's end are common: all of it is looked at. */
static void read_page(struct page *p, const char *html, size_t len)
{
	enum html_token token = HTML_TEXT;
	struct html_reader in;

	html_reader_init(&in, html, len);
	while (token != HTML_END && p->count < PARSE_OFFERS_MAX && p->d->failure == 0) {
		token = html_next(&in);
		if (token != HTML_OPEN || !in.element)
			continue;
		if (in.element->flags & (HTML_RAW_DROP | HTML_RAW_TEXT))
			html_raw_text(&in, in.element);
		else if (strcmp(in.element->name, "link") == 0 ||
			 strcmp(in.element->name, "base") == 0)
			read_link(p, &in);
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

	read_page(&p, html, len);
	resolve_all(&p);
	if (d->failure)
		return d->failure;
	if (p.count == 0)
		return err_set(e, ERR_NOT_FEED, "an HTML page");
	return refuse(&p, e);
}
