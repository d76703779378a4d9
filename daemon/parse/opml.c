/* Reads subscription lists: OPML as a run of tags, plain text by lines. */
#include "parse/opml.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/url.h"
#include "limits.h"
#include "parse/document.h"
#include "parse/encoding.h"
#include "parse/html.h"
#include "parse/html_parts.h"
#include "parse/sniff.h"
#include "parse/tokens.h"

/* A list while it is read, of either form. */
struct list_reader {
	struct document d;           /* for its texts; `failure` may be ERR_TOO_BIG, too */
	struct feed_content remarks; /* which nobody reads */
	struct outline *first, **tail;
	size_t count;
	/* OPML only */
	char *folders[OPML_DEPTH_MAX]; /* of the open outlines; NULL: none */
	size_t depth;  /* open outlines; beyond OPML_DEPTH_MAX they are only counted */
	bool outlines; /* one was seen */
};

static struct outline *add_feed(struct list_reader *r, char *url, char *title, char *folder)
{
	struct outline *o;

	if (r->count == OPML_FEEDS_MAX) {
		r->d.failure = ERR_TOO_BIG;
		return NULL;
	}
	o = document_alloc(&r->d, sizeof(*o));
	if (!o)
		return NULL;
	*o = (struct outline){.url = url, .title = title, .folder = folder};
	*r->tail = o;
	r->tail = &o->next;
	r->count++;
	return o;
}

/* The attributes of an outline that mean something. */
enum {
	OUTLINE_XMLURL,
	OUTLINE_URL,
	OUTLINE_TITLE,
	OUTLINE_TEXT,
	OUTLINE_TYPE,
	OUTLINE_INTERVAL,
	OUTLINE_STORIES,
	OUTLINE_COUNT
};

static void read_attributes(
	struct list_reader *r, const struct html_reader *tag, char *values[OUTLINE_COUNT])
{
	static const char *const names[OUTLINE_COUNT] = {
		"xmlurl", "url", "title", "text", "type", "tidings:interval_s", "tidings:stories"};

	if (html_attrs_pick(tag, names, OUTLINE_COUNT, r->d.arena, values))
		r->d.failure = ERR_NOMEM;
	for (size_t i = 0; i < OUTLINE_COUNT && r->d.failure == 0; i++)
		if (values[i])
			values[i] = (i <= OUTLINE_URL ? document_line : document_line_guessed)(
				&r->d, values[i], strlen(values[i]));
}

/* What an outline names as its feed, or NULL. */
static char *feed_url(char *const values[OUTLINE_COUNT])
{
	const char *type = values[OUTLINE_TYPE];

	if (values[OUTLINE_XMLURL])
		return values[OUTLINE_XMLURL];
	if (type && (strcasecmp(type, "link") == 0 || strcasecmp(type, "include") == 0))
		return NULL;
	return values[OUTLINE_URL];
}

static char *enclosing_folder(const struct list_reader *r)
{
	if (r->depth == 0)
		return NULL;
	return r->folders[(r->depth < OPML_DEPTH_MAX ? r->depth : OPML_DEPTH_MAX) - 1];
}

static bool is_outline(const struct html_reader *tag)
{
	const char *colon = memchr(tag->name.s, ':', tag->name.len);
	const char *name = colon ? colon + 1 : tag->name.s;

	return tag->text.s - name == 7 && strncasecmp(name, "outline", 7) == 0;
}

static int64_t read_interval(const char *text)
{
	int64_t interval_s = text ? document_number(text, strlen(text)) : 0;

	return interval_s >= API_INTERVAL_MIN_S && interval_s <= API_INTERVAL_MAX_S ? interval_s
										    : 0;
}

static void read_outline(struct list_reader *r, const struct html_reader *tag)
{
	char *values[OUTLINE_COUNT] = {0};
	char *folder = enclosing_folder(r), *title, *url;
	struct outline *feed = NULL;

	read_attributes(r, tag, values);
	title = values[OUTLINE_TITLE] ? values[OUTLINE_TITLE] : values[OUTLINE_TEXT];
	url = feed_url(values);
	if (r->d.failure == 0 && url)
		feed = add_feed(r, url, title, folder);
	if (feed) {
		feed->interval_s = read_interval(values[OUTLINE_INTERVAL]);
		feed->stories = values[OUTLINE_STORIES];
	}
	r->outlines = true;
	if (tag->empty)
		return;
	if (r->depth < OPML_DEPTH_MAX)
		r->folders[r->depth] = url || !title ? folder : title;
	r->depth++;
}

/* OPML is nothing but tags and their attributes, and HTML's way of reading these forgives most. */
static int read_outlines(struct list_reader *r, const char *text, size_t len)
{
	enum html_token token = HTML_TEXT;
	struct html_reader in;

	html_reader_init(&in, text, len);
	while (token != HTML_END && r->d.failure == 0) {
		token = html_next(&in);
		if ((token != HTML_OPEN && token != HTML_CLOSE) || !is_outline(&in))
			continue;
		if (token == HTML_OPEN)
			read_outline(r, &in);
		else if (r->depth > 0)
			r->depth--;
	}
	return r->d.failure;
}

static size_t line_of(const char *text, const char *at)
{
	size_t line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

static int read_opml(struct list_reader *r, const char *text, size_t len, struct err *e)
{
	struct root root;
	int rv;

	sniff_root(text, len, &root);
	if (root.kind == ROOT_NONE)
		return err_set(e, ERR_PARSE, "line 1: no element in it");
	rv = read_outlines(r, text + root.at, len - root.at);
	if (rv == 0 && !r->outlines && root.kind != ROOT_OPML)
		return err_set(e, ERR_PARSE, "line %zu: <%.*s> begins no list of feeds",
			line_of(text, text + root.at),
			(int)(root.name_len < 60 ? root.name_len : 60), root.name);
	return rv;
}

/* Takes the next word of a line, which may stand in quotes with backslashes inside; false at the
 * end. */
static bool next_word(struct list_reader *r, const char **at, const char *end, struct buf *ret_word)
{
	const char *p = *at;
	bool quoted;

	buf_reset(ret_word);
	while (p < end && token_space(*p))
		p++;
	if (p == end)
		return false;
	quoted = *p == '"';
	for (p += quoted; p < end && (quoted ? *p != '"' : !token_space(*p)); p++) {
		if (quoted && *p == '\\' && p + 1 < end)
			p++;
		buf_putc(ret_word, *p);
	}
	*at = p + (quoted && p < end);
	if (buf_status(ret_word) == ERR_NOMEM)
		r->d.failure = ERR_NOMEM;
	return true;
}

/* True for what a feed may be fetched from: an address with a scheme that can be, or a host's name
 * with a full stop. */
static bool is_address(struct list_reader *r, const char *word)
{
	struct arena scratch;
	char *normal;
	int rv;

	if (!strpbrk(word, ".:"))
		return false;
	arena_init(&scratch, 4 * URL_MAX_BYTES);
	rv = url_normalize(word, &scratch, &normal);
	arena_finish(&scratch);
	if (rv == ERR_NOMEM)
		r->d.failure = ERR_NOMEM;
	return rv == 0;
}

static int read_line(
	struct list_reader *r, const char *line, const char *end, size_t number, struct err *e)
{
	struct buf word;
	char *url = NULL, *title = NULL;
	int rv = 0;

	buf_init(&word, PARSE_FIELD_MAX);
	if (!next_word(r, &line, end, &word) || *buf_string(&word) == '#' ||
		strncmp(buf_string(&word), "query:", 6) == 0)
		goto out;
	if (!is_address(r, buf_string(&word))) {
		rv = r->d.failure ? 0
				  : err_set(e, ERR_PARSE, "line %zu: not a URL: %.80s", number,
					    buf_string(&word));
		goto out;
	}
	url = document_line(&r->d, word.data, word.len);
	while (next_word(r, &line, end, &word))
		if (!title && *buf_string(&word) == '~')
			title = document_line_guessed(&r->d, word.data + 1, word.len - 1);
	if (r->d.failure == 0)
		add_feed(r, url, title, NULL);
out:
	buf_finish(&word);
	return rv;
}

static int read_plain(struct list_reader *r, const char *text, size_t len, struct err *e)
{
	const char *end = text + len;
	int rv = 0;

	for (size_t number = 1; text < end && rv == 0 && r->d.failure == 0; number++) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));

		rv = read_line(r, text, stop ? stop : end, number, e);
		text = stop ? stop + 1 : end;
	}
	return rv ? rv : r->d.failure;
}

int opml_read(const void *data, size_t len, struct arena *arena, struct outline **ret_first,
	size_t *ret_count, struct err *e)
{
	struct list_reader r = {.d = {.arena = arena}, .tail = &r.first};
	struct decoded text = {0};
	size_t start = 0;
	int rv;

	if (len > OPML_BYTES_MAX)
		return err_set(e, ERR_TOO_BIG, "more than %d bytes", OPML_BYTES_MAX);
	r.d.feed = &r.remarks;
	r.d.problem_tail = &r.remarks.problems;
	buf_init(&r.d.html, 4 * PARSE_FIELD_MAX);
	rv = encoding_decode(data, len, NULL, arena, &text);
	while (rv == 0 && start < text.len && token_space(text.text[start]))
		start++;
	if (rv == 0 && start < text.len)
		rv = text.text[start] == '<' ? read_opml(&r, text.text, text.len, e)
					     : read_plain(&r, text.text, text.len, e);
	encoding_finish(&text);
	buf_finish(&r.d.html);
	if (rv == 0) {
		*ret_first = r.first;
		*ret_count = r.count;
	} else if (rv == ERR_TOO_BIG) {
		err_set(e, rv, "more than %d feeds", OPML_FEEDS_MAX);
	} else if (rv == ERR_NOMEM) {
		err_set(e, rv, NULL);
	}
	return rv;
}
