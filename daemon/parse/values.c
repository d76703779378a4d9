/* Where the values of XML elements go: into the fields of the feed or item, by rank. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/url.h"
#include "base/utf8.h"
#include "limits.h"
#include "parse/date.h"
#include "parse/html.h"
#include "parse/xml.h"

enum {
	RANK_GUESSED_SUMMARY = 9, /* of RSS <summary>, which the table puts into content */
	RANK_ABOUT = 5,
	RANK_XML_LANG = 2,
	RANK_ALTERNATE = 2,
	RANK_OTHER_ALTERNATE = 3,
	RANK_REPLIES = 2,
};

_Static_assert(sizeof(struct feed_content) / 8 <= XML_RANKS && sizeof(struct item) / 8 <= XML_RANKS,
	"one rank for each field");

/* -- fields by offset -- */

static bool in_item(const struct xml_reader *r)
{
	return r->open.item != NULL;
}

static size_t offset_here(const struct xml_reader *r, const struct element *e)
{
	return in_item(r) ? e->item_at : e->feed_at;
}

static void *field_at(const struct xml_reader *r, size_t offset)
{
	return (char *)(in_item(r) ? (void *)r->open.item : (void *)r->d->feed) + offset;
}

static uint8_t *rank_at(struct xml_reader *r, size_t offset)
{
	return &(in_item(r) ? r->open.ranks : r->ranks)[offset / 8];
}

/* True when a value of `rank` may be stored at `offset`; among equals the first wins, or the last.
 */
static bool may_set(struct xml_reader *r, size_t offset, unsigned rank, bool last_wins)
{
	uint8_t now = offset != AT_NONE ? *rank_at(r, offset) : 1;

	return now == 0 || rank + 1 < now || (last_wins && rank + 1 == now);
}

/* Takes the value unless a better one is there; NULL is no value. */
static void set_text(struct xml_reader *r, size_t offset, unsigned rank, char *value)
{
	if (value == NULL || !may_set(r, offset, rank, false))
		return;
	*(char **)field_at(r, offset) = value;
	*rank_at(r, offset) = (uint8_t)(rank + 1);
}

static struct extensions *extensions_here(struct xml_reader *r)
{
	return in_item(r) ? &r->open.extensions : &r->extensions;
}

static size_t *budget(struct xml_reader *r)
{
	return in_item(r) ? &r->open.budget_bytes : &r->budget_bytes;
}

void values_language(struct xml_reader *r, const struct span *language)
{
	set_text(r,
		in_item(r) ? offsetof(struct item, language)
			   : offsetof(struct feed_content, language),
		RANK_XML_LANG, document_line(r->d, language->s, language->len));
}

/* -- base64 -- */

static int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

/* Appends what `text` encodes. False when it is no base64, or what it encodes is no text. */
static bool base64_text(const char *text, size_t len, struct buf *out)
{
	uint32_t bits = 0;
	int have = 0;

	for (size_t i = 0; i < len; i++) {
		int digit = base64_digit(text[i]);

		if (digit < 0 && strchr("= \t\r\n", text[i]) == NULL)
			return false;
		if (digit < 0)
			continue;
		bits = bits << 6 | (uint32_t)digit;
		have += 6;
		if (have >= 8) {
			have -= 8;
			buf_putc(out, (char)(bits >> have));
		}
	}
	return out->len > 0 && utf8_valid(buf_string(out), out->len) &&
	       memchr(buf_string(out), '\0', out->len) == NULL;
}

/* -- storing text -- */

static char *plain_value(struct xml_reader *r, const struct frame *f, const char *text, size_t len)
{
	if (f->form == FORM_HTML || f->form == FORM_XHTML || f->markup)
		return document_line_of_html(r->d, text, len);
	return f->form == FORM_TEXT ? document_line(r->d, text, len)
				    : document_line_guessed(r->d, text, len);
}

/* Asked before, not after, since cleaning is dear and what is dropped must not use up the item's
 * budget. */
static void store_html(
	struct xml_reader *r, const struct frame *f, size_t at, const char *text, size_t len)
{
	bool media = f->row->ns == NS_MEDIA; /* plain with lines, it says, unless told otherwise */
	bool plain = f->form == FORM_TEXT ||
		     (media && f->form == FORM_GUESS && !html_looks_like(text, len));

	if (!may_set(r, at, f->row->rank, false))
		return;
	set_text(r, at, f->row->rank,
		plain && !f->markup ? document_html_of_text(r->d, text, len, media, budget(r))
				    : document_html(r->d, xml_base(r), text, len, budget(r)));
}

/* A date that cannot be read changes nothing, so that the next best one stands. */
static void set_date(struct xml_reader *r, size_t at, unsigned rank, const char *text, size_t len)
{
	int64_t ms = TIME_NONE;

	if (may_set(r, at, rank, true))
		ms = date_parse(document_line(r->d, text, len));
	if (ms == TIME_NONE)
		return;
	*(int64_t *)field_at(r, at) = ms;
	*rank_at(r, at) = (uint8_t)(rank + 1);
}

static void store_date(
	struct xml_reader *r, const struct frame *f, size_t at, const char *text, size_t len)
{
	set_date(r, at, f->row->rank, text, len);
}

static void store_number(
	struct xml_reader *r, const struct frame *f, size_t at, const char *text, size_t len)
{
	const struct element *e = f->row;
	int64_t number = document_number(text, len);

	if (number < 0 || !may_set(r, at, e->rank, false))
		return;
	*(int64_t *)field_at(r, at) = number;
	*rank_at(r, at) = (uint8_t)(e->rank + 1);
}

/* Words that are no period, hour or day change nothing. */
static void store_period(
	struct xml_reader *r, const struct frame *f, size_t at, const char *text, size_t len)
{
	static const struct {
		const char *name;
		int64_t minutes;
	} periods[] = {{"hourly", 60}, {"daily", 1440}, {"weekly", 10080}, {"monthly", 43200},
		{"yearly", 525600}};
	const char *word = document_line(r->d, text, len);

	(void)f;
	for (size_t i = 0; word != NULL && i < sizeof(periods) / sizeof(periods[0]); i++)
		if (strcasecmp(word, periods[i].name) == 0)
			*(int64_t *)field_at(r, at) = periods[i].minutes;
}

static void store_hour(
	struct xml_reader *r, const struct frame *f, size_t at, const char *text, size_t len)
{
	int64_t hour = document_number(text, len);

	(void)f;
	if (hour >= 0 && hour <= 24) /* some count from 1 */
		*(int64_t *)field_at(r, at) |= 1 << hour % 24;
}

static void store_day(
	struct xml_reader *r, const struct frame *f, size_t at, const char *text, size_t len)
{
	static const char days[] = "sunmontuewedthufrisat";
	const char *word = document_line(r->d, text, len);

	(void)f;
	for (int day = 0; word != NULL && day < 7; day++)
		if (strncasecmp(word, days + 3 * (ptrdiff_t)day, 3) == 0)
			*(int64_t *)field_at(r, at) |= 1 << day;
}

/* Atom has a name, an address and a URI in elements, RSS all in one text; people mix them. */
static void store_person(
	struct xml_reader *r, const struct frame *f, size_t at, const char *text, size_t len)
{
	struct person person = f->person;
	struct person **list = field_at(r, at);

	if (person.name == NULL && person.email == NULL &&
		!document_person(r->d, text, len, &person) && f->person.uri == NULL)
		return;
	person.uri = f->person.uri;
	if (r->frames[r->depth - 1].scope == SCOPE_SOURCE)
		list = &r->open.source_authors;
	else if (f->row->rank > 0)
		list = in_item(r) ? &r->open.fallback_authors : &r->fallback_authors;
	document_add_person(r->d, list, &person);
}

static void store_keywords(
	struct xml_reader *r, const struct frame *f, size_t at, const char *text, size_t len)
{
	const char *end = text + len;

	(void)f;
	while (text < end) {
		const char *comma = memchr(text, ',', (size_t)(end - text));
		const char *stop = comma != NULL ? comma : end;

		document_add_category(r->d, field_at(r, at),
			document_line_guessed(r->d, text, (size_t)(stop - text)));
		text = comma != NULL ? comma + 1 : end;
	}
}

/* A name, address or URI inside a person. */
static void store_in_person(
	struct xml_reader *r, const struct frame *f, const char *text, size_t len)
{
	struct person *p = &r->frames[r->depth - 1].person;
	char **field;

	field = f->row->kind == KIND_URL ? &p->uri : f->row->name[0] == 'n' ? &p->name : &p->email;
	if (*field != NULL)
		return;
	*field = f->row->kind == KIND_URL ? document_url(r->d, xml_base(r), text, len)
					  : document_line_guessed(r->d, text, len);
}

static void store_url(
	struct xml_reader *r, const struct frame *f, size_t at, const char *text, size_t len)
{
	const struct element *e = f->row;
	/* The feed's link is a base of last resort, and none for itself. */
	bool itself = !in_item(r) && at == offsetof(struct feed_content, link);

	if (may_set(r, at, e->rank, false))
		set_text(r, at, e->rank,
			document_url(
				r->d, itself ? r->frames[r->depth].base : xml_base(r), text, len));
}

static void store_text(
	struct xml_reader *r, const struct frame *f, size_t at, const char *text, size_t len)
{
	if (may_set(r, at, f->row->rank, false))
		set_text(r, at, f->row->rank, plain_value(r, f, text, len));
}

static void store_id(
	struct xml_reader *r, const struct frame *f, size_t at, const char *text, size_t len)
{
	char *line = document_line(r->d, text, len);

	/* Atom 0.3 lets its ids be relative, RFC 4287, 4.2.6, does not */
	if (line != NULL && line[0] == '/' && r->d->feed->format == FORMAT_ATOM03)
		line = document_url(r->d, xml_base(r), line, strlen(line));
	set_text(r, at, f->row->rank, line);
}

static void store_category(
	struct xml_reader *r, const struct frame *f, size_t at, const char *text, size_t len)
{
	(void)f;
	document_add_category(r->d, field_at(r, at), document_line_guessed(r->d, text, len));
}

static void store_extra(
	struct xml_reader *r, const struct frame *f, size_t at, const char *text, size_t len)
{
	(void)at;
	extensions_text(r->d, extensions_here(r), f->row, text, len);
}

/* By kind; what has no function is all in its attributes. */
static void (*const stores[])(
	struct xml_reader *r, const struct frame *f, size_t at, const char *text, size_t len) = {
	[KIND_TEXT] = store_text,
	[KIND_HTML] = store_html,
	[KIND_DATE] = store_date,
	[KIND_URL] = store_url,
	[KIND_ID] = store_id,
	[KIND_NUMBER] = store_number,
	[KIND_PERSON] = store_person,
	[KIND_CATEGORY] = store_category,
	[KIND_KEYWORDS] = store_keywords,
	[KIND_PERIOD] = store_period,
	[KIND_HOUR] = store_hour,
	[KIND_DAY] = store_day,
	[KIND_EXTRA] = store_extra,
	[KIND_EXTRAS] = store_extra,
};

void values_store(struct xml_reader *r, struct frame *f, const char *text, size_t len)
{
	size_t at = offset_here(r, f->row);
	struct buf decoded = {0};

	if (r->frames[r->depth - 1].scope == SCOPE_PERSON) {
		store_in_person(r, f, text, len);
		return;
	}
	if ((at == AT_NONE && f->row->kind != KIND_PERSON && f->row->kind < KIND_EXTRA) ||
		f->form == FORM_NONE)
		return;
	if (f->form == FORM_BASE64) {
		buf_init(&decoded, len + 1);
		f->form = FORM_TEXT;
		if (base64_text(text, len, &decoded)) {
			f->form = FORM_HTML;
			text = buf_string(&decoded);
			len = decoded.len;
		}
		if (buf_status(&decoded) != 0)
			r->d->failure = ERR_NOMEM;
	}
	if (stores[f->row->kind] != NULL)
		stores[f->row->kind](r, f, at, text, len);
	buf_finish(&decoded);
}

/* -- elements that say it in attributes -- */

static char *url_attribute(struct xml_reader *r, const struct attributes *a, const char *name)
{
	struct span v;

	return xml_attribute(a, name, &v) ? document_url(r->d, xml_base(r), v.s, v.len) : NULL;
}

static char *text_attribute(struct xml_reader *r, const struct attributes *a, const char *name)
{
	struct span v;

	return xml_attribute(a, name, &v) ? document_line(r->d, v.s, v.len) : NULL;
}

static int64_t number_attribute(const struct attributes *a, const char *name)
{
	struct span v;

	return xml_attribute(a, name, &v) ? document_number(v.s, v.len) : -1;
}

/* CDF has in attributes of the channel and of its items what others have in elements. */
void values_cdf(struct xml_reader *r, const struct attributes *a)
{
	struct span modified;

	set_text(r, in_item(r) ? offsetof(struct item, link) : offsetof(struct feed_content, link),
		RANK_ALTERNATE, url_attribute(r, a, "href"));
	if (xml_attribute(a, "lastmod", &modified))
		set_date(r,
			in_item(r) ? offsetof(struct item, updated_ms)
				   : offsetof(struct feed_content, updated_ms),
			0, modified.s, modified.len);
}

/* The frame of an item is its fields; rdf:about is the id of last resort (pitfall 23). */
bool start_item(struct xml_reader *r, const struct element *e, const struct attributes *a)
{
	(void)e;
	if (in_item(r) || r->d->feed->item_count == PARSE_ITEMS_MAX) {
		if (!in_item(r))
			document_problem(r->d, "items beyond the limit were left out");
		return false;
	}
	r->open = (struct open_item){.item = document_new_item(r->d),
		.budget_bytes = PARSE_ITEM_BYTES_MAX,
		.attributes_left = PARSE_ITEM_ATTRIBUTES_MAX};
	if (r->open.item == NULL)
		return false;
	set_text(r, offsetof(struct item, id), RANK_ABOUT, text_attribute(r, a, "about"));
	values_cdf(r, a);
	return true;
}

/* A guid is a permalink unless it says otherwise (pitfall 27). */
bool start_guid(struct xml_reader *r, const struct element *e, const struct attributes *a)
{
	(void)e;
	r->open.permalink = !xml_attribute_is(a, "isPermaLink", "false");
	return true;
}

/* A link without a type is taken for one to a page. */
static bool is_html_type(const struct attributes *a)
{
	struct span type;

	return !xml_attribute(a, "type", &type) || type.len == 0 ||
	       memmem(type.s, type.len, "html", 4) != NULL;
}

static void item_link(struct xml_reader *r, const struct attributes *a, const char *rel)
{
	if (strcasecmp(rel, "enclosure") == 0)
		document_add_enclosure(r->d, r->open.item, url_attribute(r, a, "href"),
			text_attribute(r, a, "type"), number_attribute(a, "length"), true);
	else if (strcasecmp(rel, "replies") == 0 && is_html_type(a))
		set_text(r, offsetof(struct item, comments), RANK_REPLIES,
			url_attribute(r, a, "href"));
}

static void feed_link(struct xml_reader *r, const struct attributes *a, const char *rel)
{
	static const struct {
		const char *rel;
		size_t at;
	} rels[] = {
		{"self", offsetof(struct feed_content, self)},
		{"hub", offsetof(struct feed_content, hub)},
		{"next", offsetof(struct feed_content, next_page)},
	};

	for (size_t i = 0; i < sizeof(rels) / sizeof(rels[0]); i++)
		if (strcasecmp(rel, rels[i].rel) == 0)
			set_text(r, rels[i].at, 0, url_attribute(r, a, "href"));
}

/* RFC 4287, 4.2.7.2, and hub from WebSub. */
static void link_by_relation(
	struct xml_reader *r, const struct element *e, const struct attributes *a, const char *rel)
{
	if (strcasecmp(rel, "alternate") == 0)
		set_text(r, offset_here(r, e),
			is_html_type(a) ? RANK_ALTERNATE : RANK_OTHER_ALTERNATE,
			url_attribute(r, a, "href"));
	else if (in_item(r))
		item_link(r, a, rel);
	else
		feed_link(r, a, rel);
}

/* RSS says it in text, Atom in href; an RSS link with href is Atom's, whatever its namespace
 * (pitfall 19). */
bool start_link(struct xml_reader *r, const struct element *e, const struct attributes *a)
{
	char rel[64] = "alternate";
	struct span v;

	if (!xml_attribute(a, "href", &v))
		return e->kind == KIND_URL && !xml_attribute(a, "rel", &v);
	if (xml_attribute(a, "rel", &v) && v.len > 0 && v.len < sizeof(rel)) {
		memcpy(rel, v.s, v.len);
		rel[v.len] = '\0';
	}
	link_by_relation(r, e, a, rel);
	return false;
}

/* Atom and iTunes have the name in an attribute, RSS in the text. */
bool start_category(struct xml_reader *r, const struct element *e, const struct attributes *a)
{
	static const char *const names[] = {"term", "label", "text"};

	if (e->ns == NS_RSS)
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *name = text_attribute(r, a, names[i]);

		if (name == NULL)
			continue;
		document_add_category(r->d, field_at(r, offset_here(r, e)), name);
		return e->opens != 0;
	}
	return true;
}

bool start_enclosure(struct xml_reader *r, const struct element *e, const struct attributes *a)
{
	(void)e;
	document_add_enclosure(r->d, r->open.item, url_attribute(r, a, "url"),
		text_attribute(r, a, "type"), number_attribute(a, "length"), true);
	return true;
}

bool start_extra(struct xml_reader *r, const struct element *e, const struct attributes *a)
{
	return extensions_add(
		r->d, extensions_here(r), e, e->kind == KIND_EXTRA ? NULL : a, xml_base(r));
}

bool start_picture(struct xml_reader *r, const struct element *e, const struct attributes *a)
{
	char *url;

	if (e->ns == NS_ITUNES && strcmp(e->name, "link") == 0 &&
		!xml_attribute_is(a, "rel", "image"))
		return false;
	if (e->ns == NS_MEDIA)
		start_extra(r, e, a);
	url = url_attribute(r, a, "url");
	url = url != NULL ? url : url_attribute(r, a, "href");
	set_text(r, offset_here(r, e), e->rank, url);
	return url == NULL; /* some have it in the text */
}

enum media_class { MEDIA_UNKNOWN, MEDIA_IMAGE, MEDIA_FILE };

/* Many give neither medium nor type. */
static enum media_class media_by_extension(const char *url)
{
	static const struct {
		const char *extensions; /* each between spaces */
		enum media_class class;
	} lists[] = {{" jpg jpeg png gif webp avif svg ", MEDIA_IMAGE},
		{" mp3 m4a ogg oga opus wav flac aac mp4 m4v webm mov ogv pdf epub ", MEDIA_FILE}};
	size_t len = strcspn(url, "?#"), start = len;
	char word[8];

	while (start > 0 && isalnum((unsigned char)url[start - 1]))
		start--;
	if (start < 2 || url[start - 1] != '.' || len - start + 3 > sizeof(word))
		return MEDIA_UNKNOWN;
	snprintf(word, sizeof(word), " %.*s ", (int)(len - start), url + start);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (strcasestr(lists[i].extensions, word) != NULL)
			return lists[i].class;
	return MEDIA_UNKNOWN;
}

static enum media_class media_class(const struct attributes *a, const char *type, const char *url)
{
	struct span medium;

	if (xml_attribute(a, "medium", &medium) && medium.len > 0)
		return medium.len == 5 && strncasecmp(medium.s, "image", 5) == 0 ? MEDIA_IMAGE
										 : MEDIA_FILE;
	if (type == NULL)
		return media_by_extension(url);
	if (strncasecmp(type, "image/", 6) == 0)
		return MEDIA_IMAGE;
	return strncasecmp(type, "text/", 5) == 0 ? MEDIA_UNKNOWN : MEDIA_FILE;
}

/* media:content: images are pictures of the item, everything else is an enclosure. */
bool start_media(struct xml_reader *r, const struct element *e, const struct attributes *a)
{
	char *url = url_attribute(r, a, "url");
	char *type = text_attribute(r, a, "type");
	enum media_class class = url != NULL ? media_class(a, type, url) : MEDIA_UNKNOWN;

	start_extra(r, e, a);
	if (class == MEDIA_IMAGE)
		set_text(r, offset_here(r, e), e->rank, url);
	else if (class == MEDIA_FILE && in_item(r))
		document_add_enclosure(
			r->d, r->open.item, url, type, number_attribute(a, "fileSize"), true);
	return true;
}

/* -- ends -- */

/* FeedBurner puts its own address in front of the file's, as it does with links. */
static void restore_enclosure(struct xml_reader *r, struct item *item)
{
	const char *url = extensions_get(&r->open.extensions, "origEnclosureLink");

	if (url != NULL && item->enclosures != NULL && url_is_http(url))
		item->enclosures->url = document_text(r->d, url, strlen(url));
}

void values_end_item(struct xml_reader *r)
{
	struct item *item = r->open.item;

	if (item == NULL)
		return;
	/* A cut item may still lack its id, and would come again under another. */
	if (r->broken && item->id == NULL) {
		r->open.item = NULL;
		return;
	}
	if (item->summary == NULL &&
		r->open.ranks[offsetof(struct item, content) / 8] == RANK_GUESSED_SUMMARY + 1) {
		item->summary = item->content;
		item->content = NULL;
	}
	if (item->authors == NULL)
		item->authors = r->open.source_authors != NULL ? r->open.source_authors
							       : r->open.fallback_authors;
	if (item->link == NULL && r->open.permalink && item->id != NULL && url_is_http(item->id))
		item->link = item->id;
	restore_enclosure(r, item);
	item->extensions = extensions_json(r->d, &r->open.extensions);
	document_add_item(r->d, item);
	r->open.item = NULL;
}

/* One guid for all items tells nothing (pitfall 25). */
static void check_ids(struct xml_reader *r)
{
	struct feed_content *feed = r->d->feed;

	if (feed->item_count < 2 || feed->items->id == NULL)
		return;
	for (struct item *i = feed->items->next; i != NULL; i = i->next)
		if (i->id == NULL || strcmp(i->id, feed->items->id) != 0)
			return;
	for (struct item *i = feed->items; i != NULL; i = i->next)
		i->id = NULL;
	document_problem(r->d, "all items have the same id");
}

/* So many times in a period, of a day unless another is named; a minute at least. */
static void settle_interval(struct feed_content *feed)
{
	int64_t period = feed->update_interval_min > 0 ? feed->update_interval_min : 1440;

	if (feed->update_frequency > 0)
		feed->update_interval_min =
			period > feed->update_frequency ? period / feed->update_frequency : 1;
}

void values_end_feed(struct xml_reader *r)
{
	struct feed_content *feed = r->d->feed;

	if (feed->authors == NULL)
		feed->authors = r->fallback_authors;
	for (struct item *i = feed->items; i != NULL; i = i->next)
		i->authors = i->authors != NULL ? i->authors : feed->authors;
	feed->extensions = extensions_json(r->d, &r->extensions);
	settle_interval(feed);
	check_ids(r);
}
