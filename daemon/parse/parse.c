/* From bytes to a feed: unpacks, decodes, recognises, and hands over to the reader of the format.
 */
#include "parse/parse.h"

#include <jansson.h>
#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <libxml/xmlIO.h>
#include <malloc.h>
#include <string.h>
#include <zlib.h>

#include "base/utf8.h"
#include "limits.h"
#include "parse/document.h"
#include "parse/encoding.h"
#include "parse/html.h"

enum { INFLATE_BLOCK = 65536, SCRATCH_BYTES = 16 * 1024 * 1024 };

/* XML_PARSE_NONET forbids the network only; this forbids files as well (C6). */
static xmlParserInput *no_external_entity(const char *url, const char *id, xmlParserCtxt *parser)
{
	(void)url;
	(void)id;
	(void)parser;
	return NULL;
}

/* libxml2 writes to standard error unless told otherwise. */
static void no_message(void *user, const char *format, ...)
{
	(void)user;
	(void)format;
}

void parse_global_init(void)
{
	xmlInitParser();
	xmlSetExternalEntityLoader(no_external_entity);
	xmlSetGenericErrorFunc(NULL, no_message);
	xmlThrDefSetGenericErrorFunc(NULL, no_message);
	json_object_seed(0);
	mallopt(M_TRIM_THRESHOLD, PARSE_MEMORY_KEPT);
	mallopt(M_ARENA_MAX, PARSE_ARENAS);
}

void parse_global_finish(void)
{
	xmlCleanupParser();
}

/* A gzip body that nothing declared as such (pitfall 13), within the limit of any body. */
static int inflate_body(
	const void *data, size_t len, struct buf *out, bool *ret_complete, struct err *e)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)len};
	int rc = inflateInit2(&z, 15 + 32);

	if (rc != Z_OK)
		return err_set(e, ERR_NOMEM, NULL);
	while (rc == Z_OK && buf_reserve(out, INFLATE_BLOCK) == 0) {
		z.next_out = (Bytef *)out->data + out->len;
		z.avail_out = INFLATE_BLOCK;
		rc = inflate(&z, Z_NO_FLUSH);
		out->len += INFLATE_BLOCK - z.avail_out;
	}
	inflateEnd(&z);
	*ret_complete = rc == Z_STREAM_END;
	if (buf_status(out) == ERR_TOO_BIG)
		return err_set(e, ERR_TOO_BIG, "the unpacked document is larger than %d bytes",
			FETCH_BODY_MAX);
	if (buf_status(out) != 0)
		return err_set(e, ERR_NOMEM, NULL);
	return out->len > 0 ? 0 : err_set(e, ERR_PARSE, "gzip data that cannot be unpacked");
}

static bool says_json(const char *content_type)
{
	return content_type != NULL && strcasestr(content_type, "json") != NULL;
}

/* "{" begins no XML, and "[" alone is no sign of JSON: log files begin with it. */
static int read_text(struct document *d, const struct decoded *text, struct err *e)
{
	size_t start = 0;

	while (start < text->len && strchr(" \t\r\n", text->text[start]) != NULL)
		start++;
	if (start == text->len)
		return err_set(e, ERR_NOT_FEED, "an empty document");
	if (text->text[start] == '{' ||
		(text->text[start] == '[' && says_json(d->options->content_type)))
		return jsonfeed_read(d, text->text + start, text->len - start, e);
	return xml_read(d, text->text, text->len, e);
}

static int read_decoded(
	struct document *d, const struct decoded *text, bool complete, struct err *e)
{
	struct feed_content *feed = d->feed;
	int rc;

	feed->encoding = text->encoding;
	feed->complete = true;
	if (text->mislabelled)
		document_problem(d, "the encoding is not the declared one");
	if (text->replaced)
		document_problem(d, "bytes that are no characters");
	if (text->dropped)
		document_problem(d, "control characters");
	rc = read_text(d, text, e);
	feed->repaired =
		feed->repaired || text->mislabelled || text->replaced || text->dropped || !complete;
	feed->complete = feed->complete && complete;
	feed->lacks_end = feed->lacks_end && complete;
	return rc;
}

/* Everything is absent until it is read. */
static int start_document(
	struct document *d, const struct parse_options *options, struct arena *arena)
{
	*d = (struct document){.options = options, .arena = arena};
	arena_init(&d->scratch, SCRATCH_BYTES);
	buf_init(&d->html, 4 * PARSE_ITEM_BYTES_MAX);
	d->feed = arena_alloc(arena, sizeof(*d->feed));
	if (d->feed == NULL)
		return ERR_NOMEM;
	d->feed->published_ms = TIME_NONE;
	d->feed->updated_ms = TIME_NONE;
	d->feed->update_base_ms = TIME_NONE;
	d->feed->ttl_min = d->feed->update_interval_min = d->feed->update_frequency = -1;
	d->item_tail = &d->feed->items;
	d->problem_tail = &d->feed->problems;
	return 0;
}

static bool gzip(const unsigned char *data, size_t len)
{
	return len > 2 && data[0] == 0x1f && data[1] == 0x8b;
}

int parse_document(const void *data, size_t len, const struct parse_options *options,
	struct arena *arena, struct feed_content **ret_feed, struct err *e)
{
	static const struct parse_options no_options;
	struct document d;
	struct decoded text = {0};
	struct buf unpacked = {0};
	bool complete = true;
	int rc = start_document(&d, options != NULL ? options : &no_options, arena);

	if (rc == 0 && gzip(data, len)) {
		buf_init(&unpacked, FETCH_BODY_MAX);
		rc = inflate_body(data, len, &unpacked, &complete, e);
		data = buf_string(&unpacked);
		len = unpacked.len;
	}
	if (rc == 0)
		rc = encoding_decode(data, len, d.options->content_type, arena, &text);
	if (rc == 0)
		rc = read_decoded(&d, &text, complete, e);
	if (rc == 0 || rc == ERR_NOT_FEED)
		*ret_feed = d.feed;
	else if (rc == ERR_NOMEM)
		err_set(e, rc, NULL);
	encoding_finish(&text);
	buf_finish(&unpacked);
	buf_finish(&d.html);
	arena_finish(&d.scratch);
	return rc;
}

/* The last place at which `text` may be cut in front of `max` bytes: a space, or any character when
 * there is none near. */
static size_t cut_at_word(const char *text, size_t len, size_t max)
{
	size_t cut = utf8_cut(text, len, max);

	for (size_t i = cut; i > cut / 2; i--)
		if (text[i] == ' ')
			return i;
	return cut;
}

void parse_line(const char *html, struct buf *out)
{
	html_line(html, strlen(html), out);
}

void parse_excerpt(const char *line, size_t len, size_t max_bytes, struct buf *out)
{
	static const char ellipsis[] = "\xE2\x80\xA6";

	if (len <= max_bytes) {
		buf_append(out, line, len);
	} else if (max_bytes >= sizeof(ellipsis)) {
		buf_append(out, line, cut_at_word(line, len, max_bytes - (sizeof(ellipsis) - 1)));
		buf_puts(out, ellipsis);
	}
}
