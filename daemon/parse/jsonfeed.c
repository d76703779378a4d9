/* Reads JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/). One odd member never costs
 * more than itself. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "parse/date.h"
#include "parse/document.h"
#include "parse/encoding.h"
#include "parse/json_texts.h"

enum { MEND_DEPTH = 64 };

struct json_reader {
	struct document *d;
	const char *base;
	struct json_texts texts;
	struct buf text; /* one value, cleaned */
	size_t budget_bytes;
};

enum member_kind { MEMBER_TEXT, MEMBER_HTML, MEMBER_PLAIN, MEMBER_URL, MEMBER_DATE };

/* One row a member; of two that set one field the first row wins. */
struct member {
	const char *key;
	enum member_kind kind;
	size_t at;
};

static const struct member feed_members[] = {
	{"title", MEMBER_TEXT, offsetof(struct feed_content, title)},
	{"home_page_url", MEMBER_URL, offsetof(struct feed_content, link)},
	{"feed_url", MEMBER_URL, offsetof(struct feed_content, self)},
	{"next_url", MEMBER_URL, offsetof(struct feed_content, next_page)},
	{"description", MEMBER_PLAIN, offsetof(struct feed_content, description)},
	{"favicon", MEMBER_URL, offsetof(struct feed_content, icon)},
	{"icon", MEMBER_URL, offsetof(struct feed_content, image)},
	{"language", MEMBER_TEXT, offsetof(struct feed_content, language)},
};

static const struct member item_members[] = {
	{"id", MEMBER_TEXT, offsetof(struct item, id)},
	{"url", MEMBER_URL, offsetof(struct item, link)},
	{"external_url", MEMBER_URL, offsetof(struct item, link)},
	{"title", MEMBER_TEXT, offsetof(struct item, title)},
	{"content_html", MEMBER_HTML, offsetof(struct item, content)},
	{"content_text", MEMBER_PLAIN, offsetof(struct item, content)},
	{"summary", MEMBER_PLAIN, offsetof(struct item, summary)},
	{"image", MEMBER_URL, offsetof(struct item, thumbnail)},
	{"banner_image", MEMBER_URL, offsetof(struct item, thumbnail)},
	{"date_published", MEMBER_DATE, offsetof(struct item, published_ms)},
	{"date_modified", MEMBER_DATE, offsetof(struct item, updated_ms)},
	{"language", MEMBER_TEXT, offsetof(struct item, language)},
};

/* -- values -- */

/* The text of a string or number in r->text; false for anything else and for nothing. */
static bool load_text(struct json_reader *r, const json_t *value)
{
	size_t len;
	const char *string = json_texts_get(&r->texts, value, &len);

	buf_reset(&r->text);
	if (string != NULL)
		encoding_append_clean(&r->text, string, len);
	else if (json_is_integer(value))
		buf_printf(&r->text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		buf_printf(&r->text, "%.15g", json_real_value(value));
	if (r->text.failure == ERR_NOMEM)
		r->d->failure = ERR_NOMEM;
	return r->text.len > 0;
}

static char *line(struct json_reader *r, const json_t *value)
{
	return load_text(r, value) ? document_line(r->d, r->text.data, r->text.len) : NULL;
}

/* Numbers are no addresses. */
static char *url(struct json_reader *r, const json_t *value)
{
	return json_is_string(value) && load_text(r, value)
		       ? document_url(r->d, r->base, r->text.data, r->text.len)
		       : NULL;
}

static void set_member(
	struct json_reader *r, const struct member *m, void *into, const json_t *value)
{
	char **field = (void *)((char *)into + m->at);

	if (m->kind == MEMBER_DATE) {
		int64_t *time = (int64_t *)(void *)field;

		if (*time == TIME_NONE && json_is_string(value) && load_text(r, value))
			*time = date_parse(r->text.data);
		return;
	}
	if (*field != NULL || value == NULL)
		return;
	switch (m->kind) {
	case MEMBER_URL:
		*field = url(r, value);
		break;
	case MEMBER_HTML:
		if (json_is_string(value) && load_text(r, value))
			*field = document_html(
				r->d, r->base, r->text.data, r->text.len, &r->budget_bytes);
		break;
	case MEMBER_PLAIN:
		if (json_is_string(value) && load_text(r, value))
			*field = document_html_of_text(
				r->d, r->text.data, r->text.len, true, &r->budget_bytes);
		break;
	default:
		*field = line(r, value);
		break;
	}
}

/* Each object has a budget of its own for its texts. */
static void set_members(struct json_reader *r, const struct member *m, size_t count, void *into,
	const json_t *object)
{
	r->budget_bytes = PARSE_ITEM_BYTES_MAX;
	for (size_t i = 0; i < count; i++)
		set_member(r, &m[i], into, json_object_get(object, m[i].key));
}

static void add_author(struct json_reader *r, struct person **list, const json_t *author)
{
	struct person p = {0};

	if (json_is_string(author)) {
		if (!load_text(r, author) || !document_person(r->d, r->text.data, r->text.len, &p))
			return;
	} else {
		p.name = line(r, json_object_get(author, "name"));
		p.uri = url(r, json_object_get(author, "url"));
	}
	if (p.name != NULL || p.email != NULL || p.uri != NULL)
		document_add_person(r->d, list, &p);
}

/* Version 1.1 has a list "authors", 1.0 one "author"; people write any of them in any form (pitfall
 * 39). */
static void add_authors(struct json_reader *r, struct person **list, const json_t *object)
{
	static const char *const keys[] = {"authors", "author"};

	for (size_t k = 0; k < 2; k++) {
		const json_t *value = json_object_get(object, keys[k]);

		if (json_is_array(value))
			for (size_t i = 0; i < json_array_size(value); i++)
				add_author(r, list, json_array_get(value, i));
		else if (value != NULL)
			add_author(r, list, value);
	}
}

static void add_tags(struct json_reader *r, struct category **list, const json_t *tags)
{
	if (json_is_string(tags))
		document_add_category(r->d, list, line(r, tags));
	for (size_t i = 0; i < json_array_size(tags); i++)
		document_add_category(r->d, list, line(r, json_array_get(tags, i)));
}

/* Fractions are cut, words are no size. */
static int64_t number_of(struct json_reader *r, const json_t *value)
{
	if (json_is_number(value)) {
		double size = json_number_value(value);

		return size >= 0 && size < 1e15 ? (int64_t)size : -1;
	}
	return json_is_string(value) && load_text(r, value)
		       ? document_number(r->text.data, r->text.len)
		       : -1;
}

/* What podcasts in XML say of an episode. */
static void set_duration(struct json_reader *r, struct item *item, int64_t seconds)
{
	if (seconds <= 0 || item->extensions != NULL)
		return;
	buf_reset(&r->text);
	buf_printf(&r->text, "{\"itunes:duration\":\"%" PRId64 "\"}", seconds);
	item->extensions = document_text(r->d, buf_string(&r->text), r->text.len);
}

static void add_attachments(struct json_reader *r, struct item *item, const json_t *attachments)
{
	for (size_t i = 0; i < json_array_size(attachments); i++) {
		const json_t *a = json_array_get(attachments, i);

		document_add_enclosure(r->d, item, url(r, json_object_get(a, "url")),
			line(r, json_object_get(a, "mime_type")),
			number_of(r, json_object_get(a, "size_in_bytes")), true);
		set_duration(r, item, number_of(r, json_object_get(a, "duration_in_seconds")));
	}
}

/* False when no further one is taken. */
static bool read_item(struct json_reader *r, const json_t *object)
{
	struct item *item;

	if (!json_is_object(object)) {
		document_problem(r->d, "an item that is no object");
		return true;
	}
	item = document_new_item(r->d);
	if (item == NULL)
		return false;
	set_members(r, item_members, sizeof(item_members) / sizeof(item_members[0]), item, object);
	add_authors(r, &item->authors, object);
	add_tags(r, &item->categories, json_object_get(object, "tags"));
	add_attachments(r, item, json_object_get(object, "attachments"));
	return document_add_item(r->d, item);
}

static void read_feed(struct json_reader *r, json_t *root)
{
	struct feed_content *feed = r->d->feed;
	json_t *items = json_object_get(root, "items");
	const json_t *hub = json_array_get(json_object_get(root, "hubs"), 0);

	set_members(r, feed_members, sizeof(feed_members) / sizeof(feed_members[0]), feed, root);
	if (r->base == NULL)
		r->base = feed->link;
	feed->hub = url(r, json_object_get(hub, "url"));
	add_authors(r, &feed->authors, root);
	for (size_t i = 0; i < json_array_size(items); i++) {
		if (!read_item(r, json_array_get(items, i)))
			break;
		/* The tree shrinks while the feed grows. */
		json_array_set_new(items, i, json_null());
	}
	for (struct item *i = feed->items; i != NULL; i = i->next)
		i->authors = i->authors != NULL ? i->authors : feed->authors;
}

/* -- mending -- */

struct mend {
	const char *p, *end;
	struct buf *out;
	char open[MEND_DEPTH];
	size_t depth;
	size_t whole; /* of out: up to the last complete item */
};

/* At a backslash inside a string. */
static void mend_escape(struct mend *m)
{
	unsigned unit = 0, second = 0;
	char next = '\0';

	if (m->p + 1 < m->end)
		next = m->p[1];
	if (next != '\0' && strchr("\"\\/bfnrt", next) != NULL) {
		buf_append(m->out, m->p, 2);
		m->p += 2;
	} else if (next != 'u' || !json_texts_hex(m->p + 2, m->end, &unit)) {
		m->p++;
	} else if (unit < 0xD800 || unit > 0xDFFF) {
		buf_append(m->out, m->p, 6);
		m->p += 6;
	} else if (unit < 0xDC00 && m->end - m->p >= 12 && m->p[6] == '\\' && m->p[7] == 'u' &&
		   json_texts_hex(m->p + 8, m->end, &second) && second >= 0xDC00 &&
		   second <= 0xDFFF) {
		buf_append(m->out, m->p, 12);
		m->p += 12;
	} else {
		buf_puts(m->out, "\\ufffd");
		m->p += 6;
	}
}

/* After the opening quote. */
static void mend_string(struct mend *m)
{
	while (m->p < m->end) {
		const char *start = m->p;

		while (m->p < m->end && *m->p != '"' && *m->p != '\\' &&
			(unsigned char)*m->p >= 0x20)
			m->p++;
		buf_append(m->out, start, (size_t)(m->p - start));
		if (m->p == m->end)
			return;
		if (*m->p == '\\') {
			mend_escape(m);
			continue;
		}
		if (*m->p == '"') {
			buf_putc(m->out, *m->p++);
			return;
		}
		buf_puts(m->out, *m->p == '\t' ? "\\t" : *m->p == '\n' ? "\\n" : "");
		m->p++;
	}
}

static const char *next_token(const char *p, const char *end)
{
	while (p < end && strchr(" \t\r\n", *p) != NULL)
		p++;
	return p;
}

/* Keeps count of what is open, and of where the last item ended. False when the document ends here,
 * whether it is read or cannot be. */
static bool mend_bracket(struct mend *m, char c)
{
	if (c == '{' || c == '[') {
		if (m->depth < MEND_DEPTH)
			m->open[m->depth] = c;
		return ++m->depth <= MEND_DEPTH;
	}
	if ((c != '}' && c != ']') || m->depth == 0)
		return true;
	m->depth--;
	if (c == '}' && m->depth == 2 && m->open[0] == '{' && m->open[1] == '[')
		m->whole = m->out->len;
	return m->depth > 0;
}

/* Literal line ends in strings, commas before a closing bracket, lone surrogates, a missing end:
 * rewritten as JSON. False when nothing complete is in it. */
static bool mend_json(struct mend *m, bool *ret_truncated)
{
	while (m->p < m->end) {
		char c = *m->p++;
		const char *next = next_token(m->p, m->end);

		if (c == ',' && next < m->end && (*next == ']' || *next == '}'))
			continue;
		buf_putc(m->out, c);
		if (c == '"')
			mend_string(m);
		if (!mend_bracket(m, c))
			return m->depth == 0;
	}
	*ret_truncated = true;
	m->out->len = m->whole;
	buf_puts(m->out, "]}");
	return m->whole > 0;
}

static json_t *load_mended(struct document *d, const char *text, size_t len)
{
	struct buf out;
	struct mend m = {.p = text, .end = text + len, .out = &out};
	bool truncated = false;
	json_t *root = NULL;

	buf_init(&out, len * 2 + 16);
	if (mend_json(&m, &truncated) && buf_status(&out) == 0)
		root = json_loadb(out.data, out.len, JSON_ALLOW_NUL | JSON_DISABLE_EOF_CHECK, NULL);
	buf_finish(&out);
	d->feed->repaired = root != NULL;
	d->feed->lacks_end = truncated;
	if (truncated)
		d->feed->complete = false;
	if (root != NULL)
		document_problem(d, truncated ? "the document breaks off" : "malformed JSON");
	return root;
}

/* -- the whole -- */

/* A tree takes much more than its text: count what could be values first. */
static bool too_many_values(const char *text, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len && len > PARSE_JSON_VALUES_MAX; i++)
		count += text[i] == ',' || text[i] == '[' || text[i] == '{';
	return count > PARSE_JSON_VALUES_MAX;
}

/* A list of items makes a feed, whatever "version" says; the version alone does when it is the
 * right one. */
static bool is_feed(const struct json_reader *r, const json_t *root, enum feed_format *ret_format)
{
	size_t len;
	const char *version = json_texts_get(&r->texts, json_object_get(root, "version"), &len);
	bool items = json_is_array(json_object_get(root, "items"));

	*ret_format = FORMAT_JSON11;
	if (version != NULL && strstr(version, "1.1") == NULL)
		*ret_format = FORMAT_JSON10;
	return items || (version != NULL && strstr(version, "jsonfeed.org/version/") != NULL);
}

/* What cannot be read without its long texts may be read with them, or the error tells why not. */
static json_t *load(struct json_texts *t, const char *text, size_t len, json_error_t *error)
{
	json_t *root = NULL;

	if (json_texts_take(t, text, len))
		root = json_loadb(buf_string(&t->json), t->json.len, JSON_ALLOW_NUL, error);
	t->taken = root != NULL;
	buf_finish(&t->json);
	return root != NULL ? root : json_loadb(text, len, JSON_ALLOW_NUL, error);
}

int jsonfeed_read(struct document *d, const char *text, size_t len, struct err *e)
{
	struct json_reader r = {.d = d, .base = d->options->base_url};
	json_t *root;
	json_error_t error;
	int rc;

	if (too_many_values(text, len))
		return err_set(e, ERR_TOO_BIG, "a JSON document of more than %d values",
			PARSE_JSON_VALUES_MAX);
	json_texts_init(&r.texts, len);
	root = load(&r.texts, text, len, &error);
	if (root == NULL)
		root = load_mended(d, text, len);
	buf_init(&r.text, 2 * PARSE_ITEM_BYTES_MAX);
	if (root == NULL) {
		rc = err_set(e, ERR_PARSE, "JSON, line %d: %.160s", error.line, error.text);
	} else if (is_feed(&r, root, &d->feed->format)) {
		read_feed(&r, root);
		rc = d->failure != 0 ? err_set(e, d->failure, NULL) : 0;
	} else {
		rc = err_set(e, ERR_NOT_FEED, "a JSON document that is no feed");
	}
	buf_finish(&r.text);
	json_texts_finish(&r.texts);
	json_decref(root);
	return rc;
}
