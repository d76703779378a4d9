/* Reads XML documents with libxml2's SAX2 push parser: frames, namespaces, text. */
#include "parse/xml.h"

#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <string.h>
#include <strings.h>

#include "base/url.h"
#include "base/utf8.h"
#include "limits.h"
#include "parse/offers.h"
#include "parse/prepass.h"
#include "parse/sniff.h"

enum {
	NAME_SLOTS = 128, /* remembered look-ups, a power of two */
	TEXT_MAX = 2 * PARSE_ITEM_BYTES_MAX,
};

/* libxml2 keeps one copy of each name and URI, so the addresses are the key. */
struct name_slot {
	const xmlChar *name, *prefix, *uri;
	const struct element *first;
	enum namespace_id ns;
};

struct reading {
	struct xml_reader r; /* first, so that the parser's user data is both */
	xmlParserCtxt *parser;
	struct prepass prepass;
	enum namespace_id native;  /* what elements without a namespace are */
	const xmlChar *native_uri; /* the root's default namespace, whatever it is: its elements are
				      native, too */
	const xmlChar *root_uri;   /* the root's own, with its prefix */
	const xmlChar *root_prefix;
	bool root_seen;
	bool closed;        /* its end was met */
	unsigned outermost; /* depth of the frames that are open then */
	bool sure;          /* the root is that of a feed beyond doubt */
	struct name_slot slots[NAME_SLOTS];
};

/* An attribute's value. libxml2 leaves "&" as "&#38;" in it, for its tree builder, and nothing else
 * that begins with "&". */
static struct span value_at(const struct attributes *a, int i)
{
	const xmlChar **v = a->list + (ptrdiff_t)i * 5;
	struct span value = {(const char *)v[3], (size_t)(v[4] - v[3])};
	size_t len = 0;
	char *copy;

	if (memchr(value.s, '&', value.len) == NULL)
		return value;
	copy = document_text(a->d, value.s, value.len);
	if (copy == NULL)
		return (struct span){"", 0};
	for (size_t k = 0; k < value.len; k++) {
		copy[len++] = value.s[k];
		if (value.len - k >= 5 && memcmp(value.s + k, "&#38;", 5) == 0)
			k += 4;
	}
	copy[len] = '\0';
	return (struct span){copy, len};
}

bool xml_attribute(const struct attributes *a, const char *name, struct span *ret_value)
{
	int found = -1;
	bool prefixed = false;

	for (int i = 0; i < a->count; i++) {
		const xmlChar **v = a->list + (ptrdiff_t)i * 5;

		if (strcasecmp((const char *)v[0], name) == 0 &&
			(found < 0 || (prefixed && v[1] == NULL))) {
			found = i;
			prefixed = v[1] != NULL;
		}
	}
	if (found >= 0)
		*ret_value = value_at(a, found);
	return found >= 0;
}

bool xml_attribute_is(const struct attributes *a, const char *name, const char *value)
{
	struct span v;

	return xml_attribute(a, name, &v) && v.len == strlen(value) &&
	       strncasecmp(v.s, value, v.len) == 0;
}

bool xml_attribute_at(
	const struct attributes *a, int i, const char **ret_name, struct span *ret_value)
{
	const xmlChar **v;

	if (i >= a->count)
		return false;
	v = a->list + (ptrdiff_t)i * 5; /* without attributes libxml2 gives no list */
	*ret_name = v[1] == NULL ? (const char *)v[0] : NULL;
	*ret_value = value_at(a, i);
	return true;
}

/* Only with the prefix xml. */
static bool xml_own_attribute(const struct attributes *a, const char *name, struct span *ret_value)
{
	for (int i = 0; i < a->count; i++) {
		const xmlChar **v = a->list + (ptrdiff_t)i * 5;

		if (v[1] != NULL && strcmp((const char *)v[1], "xml") == 0 &&
			strcmp((const char *)v[0], name) == 0) {
			*ret_value = value_at(a, i);
			return true;
		}
	}
	return false;
}

const char *xml_base(const struct xml_reader *r)
{
	const char *base = r->frames[r->depth].base;

	return base != NULL ? base : r->d->feed->link;
}

/* After a failure libxml2 need not go on; what it still calls does nothing of importance. */
static void fail(struct reading *x)
{
	if (x->r.d->failure != 0)
		xmlStopParser(x->parser);
}

/* -- which element is it -- */

/* The URI decides. Only where there is none does the prefix (pitfall 18), and the root's own
 * namespace is the dialect's even when it is misspelt or another's: a feed that calls itself <rss>
 * is one. */
static enum namespace_id namespace_of(
	const struct reading *x, const xmlChar *prefix, const xmlChar *uri)
{
	if (prefix == NULL && (uri == NULL || uri == x->native_uri))
		return x->native;
	if (uri == NULL)
		return elements_prefix((const char *)prefix);
	if (uri == x->root_uri && prefix == x->root_prefix)
		return x->native;
	return elements_namespace((const char *)uri);
}

/* The same few names come thousands of times. */
static const struct name_slot *look_up(
	struct reading *x, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	uintptr_t key = (uintptr_t)name ^ ((uintptr_t)uri << 1) ^ ((uintptr_t)prefix >> 3);
	struct name_slot *slot = &x->slots[(key >> 2 ^ key >> 9) % NAME_SLOTS];

	if (slot->name != name || slot->prefix != prefix || slot->uri != uri) {
		slot->name = name;
		slot->prefix = prefix;
		slot->uri = uri;
		slot->ns = namespace_of(x, prefix, uri);
		slot->first = elements_find(slot->ns, (const char *)name);
	}
	return slot;
}

/* -- markup inside text -- */

/* HTML knows no prefixes; on foreign elements they keep a title of SVG from becoming one of HTML.
 */
static void write_name(
	struct buf *out, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	if (prefix != NULL && uri != NULL && elements_namespace((const char *)uri) != NS_XHTML) {
		buf_puts(out, (const char *)prefix);
		buf_putc(out, ':');
	}
	buf_puts(out, (const char *)name);
}

/* The div around XHTML content is not part of it (RFC 4287, 3.1.1.3). */
static bool wrapper(const struct frame *f, const xmlChar *name)
{
	return f->nested == 0 && f->form == FORM_XHTML &&
	       strcasecmp((const char *)name, "div") == 0;
}

/* What was taken for text has markup in it: escape what there is of it. */
static void become_xhtml(struct xml_reader *r, struct frame *f)
{
	struct buf copy;
	size_t len = r->text.len - f->text_start;

	f->form = FORM_XHTML;
	if (len == 0)
		return;
	buf_init(&copy, TEXT_MAX);
	buf_append(&copy, r->text.data + f->text_start, len);
	r->text.len = f->text_start;
	document_escape(&r->text, buf_string(&copy), copy.len, false);
	if (copy.failure != 0)
		r->d->failure = ERR_NOMEM;
	buf_finish(&copy);
}

/* xml:base nests, and is itself relative (pitfall 29). */
static void set_base(struct xml_reader *r, struct frame *f, const struct attributes *a)
{
	struct span base;
	char *url = NULL;

	if (xml_own_attribute(a, "base", &base))
		url = document_url(r->d, f->base, base.s, base.len);
	f->base = url != NULL ? url : f->base;
}

/* Writes an element inside a text as the HTML it would be. Attributes with a prefix mean nothing
 * there. */
static void markup_start(struct xml_reader *r, struct frame *f, const xmlChar *name,
	const xmlChar *prefix, const xmlChar *uri, const struct attributes *a)
{
	if (f->form == FORM_TEXT && !f->markup)
		become_xhtml(r, f);
	f->markup = true;
	if (wrapper(f, name)) {
		set_base(r, f, a);
		return;
	}
	buf_putc(&r->text, '<');
	write_name(&r->text, name, prefix, uri);
	for (int i = 0; i < a->count; i++) {
		const xmlChar **v = a->list + (ptrdiff_t)i * 5;
		struct span value;

		if (v[1] != NULL)
			continue;
		value = value_at(a, i);
		buf_putc(&r->text, ' ');
		buf_puts(&r->text, (const char *)v[0]);
		buf_puts(&r->text, "=\"");
		document_escape(&r->text, value.s, value.len, true);
		buf_putc(&r->text, '"');
	}
	buf_putc(&r->text, '>');
}

static void markup_end(struct xml_reader *r, const struct frame *f, const xmlChar *name,
	const xmlChar *prefix, const xmlChar *uri)
{
	if (wrapper(f, name) ||
		prepass_void_element((const char *)name, strlen((const char *)name)))
		return;
	buf_puts(&r->text, "</");
	write_name(&r->text, name, prefix, uri);
	buf_putc(&r->text, '>');
}

/* -- frames -- */

/* What Atom calls the type of a text (RFC 4287, 3.1.1 and 4.1.3; 0.3: type and mode). */
static enum text_form form_by_type(const struct span *type, bool atom)
{
	static const struct {
		const char *part;
		enum { WHOLE, START, END } where;
		enum text_form form;
	} rules[] = {{"html", WHOLE, FORM_HTML}, {"text/html", WHOLE, FORM_HTML},
		{"xhtml", WHOLE, FORM_XHTML}, {"application/xhtml+xml", WHOLE, FORM_XHTML},
		{"text", WHOLE, FORM_TEXT}, {"text/", START, FORM_TEXT}, {"/xml", END, FORM_XHTML},
		{"+xml", END, FORM_XHTML}, {"image/", START, FORM_NONE},
		{"audio/", START, FORM_NONE}, {"video/", START, FORM_NONE}};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]) && type->len > 0; i++) {
		size_t len = strlen(rules[i].part);
		const char *at = rules[i].where == END ? type->s + type->len - len : type->s;

		if (type->len < len || (rules[i].where == WHOLE && type->len > len) ||
			strncasecmp(at, rules[i].part, len) != 0)
			continue;
		/* Outside Atom nobody means "plain text" by text/plain. */
		return rules[i].form == FORM_TEXT && !atom ? FORM_GUESS : rules[i].form;
	}
	return atom && type->len > 0 ? FORM_BASE64 : FORM_GUESS;
}

/* RSS says nothing of its texts, Atom takes them for plain text where it says nothing. */
static enum text_form text_form(const struct element *row, const struct attributes *a)
{
	bool atom = row->ns == NS_ATOM;
	struct span type;

	if (row->kind != KIND_TEXT && row->kind != KIND_HTML)
		return FORM_TEXT;
	if (row->ns == NS_XHTML)
		return FORM_XHTML;
	if (xml_attribute_is(a, "mode", "base64"))
		return FORM_BASE64;
	if (xml_attribute(a, "type", &type))
		return form_by_type(&type, atom);
	return atom && !xml_attribute_is(a, "mode", "escaped") ? FORM_TEXT : FORM_GUESS;
}

/* NULL when the stack is full: the element is then skipped like an unknown one. */
static struct frame *push(
	struct reading *x, const struct element *row, enum scope scope, const struct attributes *a)
{
	struct xml_reader *r = &x->r;
	struct frame *parent = &r->frames[r->depth], *f;
	struct span language;

	if (r->depth + 1 == XML_FRAMES_MAX) {
		parent->nested++;
		return NULL;
	}
	f = &r->frames[++r->depth];
	*f = (struct frame){
		.scope = scope, .row = row, .base = parent->base, .text_start = r->text.len};
	f->collects = scope == SCOPE_TEXT || scope == SCOPE_PERSON || scope == SCOPE_CATEGORY;
	set_base(r, f, a);
	if ((scope == SCOPE_FEED || scope == SCOPE_ITEM) && xml_own_attribute(a, "lang", &language))
		values_language(r, &language);
	return f;
}

static enum scope scope_in(const struct element *row)
{
	if (row->opens != 0)
		return (enum scope)row->opens;
	return row->kind == KIND_PERSON ? SCOPE_PERSON : SCOPE_TEXT;
}

/* A row that says no, and one that is all attributes, leave nothing to collect: no frame. */
static void open_element(struct reading *x, const struct element *row, const struct attributes *a)
{
	struct xml_reader *r = &x->r;
	struct frame *f;

	if ((row->start != NULL && !row->start(r, row, a)) ||
		(row->kind == KIND_ATTRIBUTES && row->opens == 0)) {
		r->frames[r->depth].nested++;
		return;
	}
	f = push(x, row, scope_in(row), a);
	if (f == NULL)
		return;
	f->form = f->collects ? text_form(row, a) : FORM_TEXT;
}

/* -- the root -- */

static enum feed_format rss_format(const struct attributes *a)
{
	static const struct {
		const char *version;
		enum feed_format format;
	} versions[] = {{"0.90", FORMAT_RSS090}, {"0.91", FORMAT_RSS091}, {"0.92", FORMAT_RSS092},
		{"0.93", FORMAT_RSS093}, {"0.94", FORMAT_RSS094}, {"1.0", FORMAT_RSS10}};

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (xml_attribute_is(a, "version", versions[i].version))
			return versions[i].format;
	return FORMAT_RSS20;
}

static enum feed_format rdf_format(struct reading *x, int count, const xmlChar **namespaces)
{
	enum feed_format format = FORMAT_RSS10;

	for (int i = 0; i < count; i++) {
		const char *uri = (const char *)namespaces[2 * i + 1];

		if (uri == NULL || elements_namespace(uri) != NS_RSS)
			continue;
		x->sure = true;
		if (strstr(uri, "simple/0.9") != NULL)
			format = FORMAT_RSS090;
	}
	return format;
}

/* The namespace tells, and where people write "https" or nothing, the version. */
static enum feed_format atom_format(const xmlChar *uri, const struct attributes *a)
{
	struct span version;

	if (uri != NULL && strcasestr((const char *)uri, "2005/atom") != NULL)
		return FORMAT_ATOM10;
	if (xml_attribute(a, "version", &version) && version.len > 2 &&
		memcmp(version.s, "0.", 2) == 0)
		return FORMAT_ATOM03;
	return uri != NULL && elements_namespace((const char *)uri) == NS_ATOM ? FORMAT_ATOM03
									       : FORMAT_ATOM10;
}

static void open_root(struct reading *x, const xmlChar *name, const xmlChar *uri, int count,
	const xmlChar **namespaces, const struct attributes *a)
{
	struct feed_content *feed = x->r.d->feed;
	enum root_kind kind = sniff_kind((const char *)name, strlen((const char *)name));

	x->sure = true;
	x->native = kind == ROOT_ATOM || kind == ROOT_ENTRY ? NS_ATOM : NS_RSS;
	if (kind == ROOT_RDF) {
		x->sure = false;
		feed->format = rdf_format(x, count, namespaces);
	} else if (kind == ROOT_CHANNEL) {
		feed->format = name[0] == 'C' ? FORMAT_CDF : FORMAT_RSS20;
	} else {
		feed->format = kind == ROOT_RSS ? rss_format(a) : atom_format(uri, a);
	}
	push(x, NULL, kind == ROOT_RSS || kind == ROOT_RDF ? SCOPE_ROOT : SCOPE_FEED, a);
	if (feed->format == FORMAT_CDF)
		values_cdf(&x->r, a);
	/* A single Atom entry is a feed of one item: both frames stay open until the document ends.
	 */
	if (kind == ROOT_ENTRY) {
		open_element(x, elements_find(NS_ATOM, "entry"), a);
		x->outermost = 1;
	}
}

static void remember_root(struct reading *x, const xmlChar *prefix, const xmlChar *uri, int count,
	const xmlChar **namespaces)
{
	x->root_seen = true;
	x->root_uri = uri;
	x->root_prefix = prefix;
	for (int i = 0; i < count; i++)
		if (namespaces[2 * i] == NULL)
			x->native_uri = namespaces[2 * i + 1];
}

/* -- what libxml2 calls -- */

/* How many of a tag's attributes are looked at. */
static int take_attributes(struct xml_reader *r, int count)
{
	if (r->open.item == NULL)
		return count;
	if (count > r->open.attributes_left) {
		document_problem(r->d, "attributes beyond the limit were left out");
		count = r->open.attributes_left;
	}
	r->open.attributes_left -= count;
	return count;
}

static void on_start(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
	int namespace_count, const xmlChar **namespaces, int attribute_count, int defaulted_count,
	const xmlChar **attributes)
{
	struct reading *x = user;
	struct attributes a = {attributes, take_attributes(&x->r, attribute_count), x->r.d};
	struct frame *top = &x->r.frames[x->r.depth];
	const struct element *row;

	(void)defaulted_count;
	if (!x->root_seen) {
		remember_root(x, prefix, uri, namespace_count, namespaces);
		open_root(x, name, uri, namespace_count, namespaces, &a);
		fail(x);
		return;
	}
	row = NULL;
	if (top->nested == 0 && top->scope != SCOPE_TEXT)
		row = elements_in(look_up(x, name, prefix, uri)->first, top->scope);
	if (row != NULL) {
		open_element(x, row, &a);
	} else {
		if (top->collects)
			markup_start(&x->r, top, name, prefix, uri, &a);
		top->nested++;
	}
	fail(x);
}

/* Takes the text of the innermost frame off the common buffer, after its row has stored it. */
static void close_text(struct xml_reader *r, struct frame *f)
{
	if (r->text.failure == ERR_TOO_BIG) {
		document_problem(r->d, "a text beyond the limit was cut");
		r->text.failure = 0;
	} else if (r->text.failure != 0) {
		r->d->failure = ERR_NOMEM;
		return;
	}
	values_store(r, f, r->text.len > f->text_start ? r->text.data + f->text_start : "",
		r->text.len - f->text_start);
	r->text.len = f->text_start;
}

static void on_end(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct reading *x = user;
	struct xml_reader *r = &x->r;
	struct frame *top = &r->frames[r->depth];

	if (top->nested > 0) {
		top->nested--;
		if (top->collects)
			markup_end(r, top, name, prefix, uri);
	} else if (r->depth > 0) {
		if (top->collects)
			close_text(r, top);
		else if (top->scope == SCOPE_ITEM)
			values_end_item(r);
		r->depth--;
	}
	fail(x);
}

/* Inside markup "<" was written as a reference and must stay one; in a text that is HTML already it
 * must not. */
static void take_text(void *user, const char *text, size_t len)
{
	struct xml_reader *r = &((struct reading *)user)->r;
	const struct frame *top = &r->frames[r->depth];
	size_t most = TEXT_MAX - r->text.len, fits = len <= most ? len : utf8_cut(text, len, most);

	if (!top->collects)
		return;
	if (top->form == FORM_XHTML || top->nested > 0)
		document_escape(&r->text, text, fits, false);
	else
		buf_append(&r->text, text, fits);
	if (len > most && r->text.failure == 0)
		r->text.failure = ERR_TOO_BIG;
}

/* White space between tags. */
static void on_blank(void *user, const xmlChar *text, int len)
{
	take_text(user, (const char *)text, (size_t)len);
}

/* Without it libxml2 writes to standard error. What it finds shows in wellFormed, but for memory:
 * out of that it may go on and leave something out. */
static void on_error(void *user, xmlErrorPtr error)
{
	struct reading *x = user;

	if (error->code == XML_ERR_NO_MEMORY)
		x->r.d->failure = ERR_NOMEM;
}

/* -- reading -- */

static void feed_parser(void *user, const char *text, size_t len)
{
	struct reading *x = user;

	x->r.broken = x->r.broken || x->prepass.closing;
	if (x->r.d->failure == 0)
		xmlParseChunk(x->parser, text, (int)len, 0);
}

static int run_parser(struct reading *x, const char *text, size_t len)
{
	xmlSAXHandler sax = {
		.initialized = XML_SAX2_MAGIC,
		.startElementNs = on_start,
		.endElementNs = on_end,
		.characters = on_blank,
		.ignorableWhitespace = on_blank,
		.serror = on_error,
	};
	int rc;

	x->parser = xmlCreatePushParserCtxt(&sax, x, NULL, 0, NULL);
	if (x->parser == NULL)
		return ERR_NOMEM;
	xmlCtxtUseOptions(x->parser, XML_PARSE_RECOVER | XML_PARSE_NONET | XML_PARSE_NOERROR |
					     XML_PARSE_NOWARNING | XML_PARSE_IGNORE_ENC);
	x->prepass.markup = feed_parser;
	x->prepass.text = take_text;
	x->prepass.user = x;
	rc = prepass_run(&x->prepass, text, len);
	if (rc == 0 && x->r.d->failure == 0)
		xmlParseChunk(x->parser, NULL, 0, 1);
	return rc != 0 ? rc : x->r.d->failure;
}

/* Turns what was repaired into words. "malformed XML" would mean that the pass in front of libxml2
 * has a fault. */
static void remark(struct reading *x, unsigned repairs)
{
	struct document *d = x->r.d;

	for (unsigned i = 0; i < REPAIR_COUNT; i++)
		if ((repairs & 1u << i) != 0)
			document_problem(d, prepass_remark((enum repair)(1u << i)));
	if ((repairs & REPAIR_FAULTS) != 0 || x->parser->wellFormed == 0 ||
		x->parser->nsWellFormed == 0)
		d->feed->repaired = true;
	if (x->parser->wellFormed == 0)
		document_problem(d, "malformed XML");
	else if (x->parser->nsWellFormed == 0)
		document_problem(d, "namespaces are not declared as they should be");
	d->feed->complete = (repairs & REPAIR_TRUNCATED) == 0 && x->closed;
	d->feed->lacks_end = !d->feed->complete && x->closed;
}

static int no_feed(
	struct document *d, const struct root *root, const char *text, size_t len, struct err *e)
{
	int shown = (int)(root->name_len < 60 ? root->name_len : 60);

	switch (root->kind) {
	case ROOT_NONE:
		return err_set(e, ERR_NOT_FEED, "a text without any markup");
	case ROOT_HTML:
		return offers_refuse(d, text, len, e);
	case ROOT_OPML:
		return err_set(e, ERR_NOT_FEED, "an OPML list of feeds");
	case ROOT_OTHER:
		if (offers_is_html(root->name, root->name_len))
			return offers_refuse(d, text, len, e);
		return err_set(
			e, ERR_NOT_FEED, "a document whose root is <%.*s>", shown, root->name);
	default:
		return 0;
	}
}

static int finish(struct reading *x, struct err *e)
{
	struct feed_content *feed = x->r.d->feed;

	if (!x->root_seen)
		return err_set(e, ERR_PARSE, "the root element could not be read");
	if (!x->sure && feed->items == NULL && feed->title == NULL)
		return err_set(e, ERR_NOT_FEED, "an RDF document that is no feed");
	/* An item is still open only when libxml2 stopped early. */
	x->closed = x->r.depth == x->outermost;
	x->r.broken = true;
	values_end_item(&x->r);
	values_end_feed(&x->r);
	remark(x, x->prepass.repairs);
	return x->r.d->failure;
}

int xml_read(struct document *d, const char *text, size_t len, struct err *e)
{
	struct reading x = {.r = {.d = d, .budget_bytes = PARSE_ITEM_BYTES_MAX}};
	struct root root;
	int rc;

	sniff_root(text, len, &root);
	rc = no_feed(d, &root, text, len, e);
	if (rc != 0)
		return rc;
	x.prepass.repairs = (root.junk ? REPAIR_JUNK : 0u) | (root.entities ? REPAIR_DECLARED : 0u);
	buf_init(&x.r.text, TEXT_MAX);
	x.r.frames[0].base = d->options->base_url;
	rc = run_parser(&x, text + root.at, len - root.at);
	rc = rc == 0 ? finish(&x, e) : err_set(e, rc, NULL);
	xmlFreeParserCtxt(x.parser);
	buf_finish(&x.r.text);
	return rc;
}
