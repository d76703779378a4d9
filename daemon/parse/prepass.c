/* What publishers call XML -> XML, in one linear pass. */
#include "parse/prepass.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "limits.h"
#include "parse/reference.h"
#include "parse/sniff.h"
#include "parse/tokens.h"

enum {
	NAME_MAX_BYTES = 256, /* longer names are no feed's */
	BUCKETS = 64,
	BLANK_MAX = 4096,      /* bytes of white space that may wait for a tag */
	OUT_BYTES = 32768,     /* handed on when so much waits */
	OUT_MAX = 1024 * 1024, /* one tag at its limit, every byte of it escaped */
};

struct open_element {
	const char *name;
	size_t len;
	unsigned namespaces; /* declared on it */
};

struct tag_name {
	const char *name;
	size_t len;
};

struct pass {
	struct prepass *result;
	struct buf out; /* markup, not yet handed on */
	bool returns;   /* there are carriage returns somewhere */
	const char *p;  /* next byte to look at */
	const char *end;
	const char *pending; /* markup from here to p has not had to change yet */
	const char *blank;   /* from here to p there is white space alone: part of the markup if a
				tag follows; or NULL */
	struct open_element open[PARSE_DEPTH_MAX];
	unsigned depth;
	unsigned overflow;        /* elements open beyond the depth, left out */
	unsigned namespaces;      /* declared on all that is open */
	uint16_t bucket[BUCKETS]; /* open elements by a hash of their names: most stray end tags
				     cost no search */
	struct tag_name names[PARSE_ATTRIBUTES_MAX]; /* of the attributes of the tag at hand */
	const char *no_quote[2]; /* up to here there is no ' or " any more: keeps unclosed values
				    linear */
};

struct attribute {
	const char *name, *value;
	size_t name_len, value_len;
	bool odd;      /* not written as XML wants it */
	bool too_long; /* ends beyond the tag's limit */
};

struct tag {
	const char *from, *name, *to; /* to: after ">" */
	size_t name_len;
	unsigned namespaces; /* declared in it */
	unsigned count;      /* of attributes */
	uint64_t seen;
	bool empty;
};

static const char *const remarks[REPAIR_COUNT] = {
	"something stands before the root element",
	"something stands after the root element",
	"\"&\" that begins no reference",
	"undeclared entity",
	"numeric reference to no character",
	"\"<\" that begins no tag",
	"malformed attributes",
	"a start tag with too many attributes or bytes",
	"end tags missing or too many",
	"elements nested too deeply",
	"\"]]>\" in text",
	"the document breaks off",
	"entities declared in the document were not expanded",
};

const char *prepass_remark(enum repair repair)
{
	return remarks[__builtin_ctz((unsigned)repair)];
}

/* -- handing on -- */

/* Writes what needed no change so far. */
static void flush(struct pass *s, const char *until)
{
	buf_append(&s->out, s->pending, (size_t)(until - s->pending));
	s->pending = until;
}

static void hand_on(struct pass *s)
{
	if (s->out.len > 0 && s->out.failure == 0)
		s->result->markup(s->result->user, s->out.data, s->out.len);
	s->out.len = 0;
}

/* Line ends of any kind become "\n" (XML 1.0, 2.11). */
static void give_text(const struct pass *s, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *cr = s->returns ? memchr(text, '\r', (size_t)(end - text)) : NULL;
		const char *stop = cr != NULL ? cr : end;

		if (stop > text)
			s->result->text(s->result->user, text, (size_t)(stop - text));
		if (cr != NULL && (cr + 1 == end || cr[1] != '\n'))
			s->result->text(s->result->user, "\n", 1);
		text = stop + (cr != NULL);
	}
}

/* What follows at s->p is no tag as it stands: hands on all that is in front of it. */
static void settle(struct pass *s)
{
	const char *blank = s->blank != NULL ? s->blank : s->p;

	flush(s, blank);
	hand_on(s);
	give_text(s, blank, (size_t)(s->p - blank));
	s->pending = s->p;
	s->blank = NULL;
}

/* Goes on at `to`, and leaves out what is in front of it. */
static void skip_to(struct pass *s, const char *to)
{
	settle(s);
	s->p = s->pending = to;
}

/* Puts `text` in the place of the input from `from` to `to`, in a tag. */
static void replace(struct pass *s, const char *from, const char *to, const char *text, size_t len)
{
	flush(s, from);
	buf_append(&s->out, text, len);
	s->pending = to;
}

static void repaired(struct pass *s, enum repair repair)
{
	s->result->repairs |= (unsigned)repair;
}

/* -- text -- */

static void read_reference(struct pass *s, const char *p, const char *end, struct reference *r)
{
	static const enum repair repairs[] = {
		[REFERENCE_NONE] = REPAIR_AMPERSAND,
		[REFERENCE_UNKNOWN] = REPAIR_ENTITY,
		[REFERENCE_NUMBER] = REPAIR_NUMBER,
	};

	reference_read(p, end, r);
	if (r->fault != REFERENCE_GOOD)
		repaired(s, repairs[r->fault]);
}

/* Text up to `to`, in which "<" stands for itself. */
static void pass_text(struct pass *s, const char *to)
{
	struct reference r;

	if (to - s->p < BLANK_MAX && token_skip_space(s->p, to) == to) {
		s->blank = s->blank != NULL ? s->blank : s->p;
		s->p = to;
		return;
	}
	settle(s);
	if (sniff_after(s->p, to, "]]>") != NULL)
		repaired(s, REPAIR_CDATA_END);
	while (s->p < to) {
		const char *and = memchr(s->p, '&', (size_t)(to - s->p));
		const char *stop = and != NULL ? and : to;

		give_text(s, s->p, (size_t)(stop - s->p));
		s->p = stop;
		if (and == NULL)
			break;
		read_reference(s, and, to, &r);
		s->result->text(s->result->user, r.text, r.len);
		s->p += r.used;
	}
	s->pending = to;
}

/* The same where there is a "<", which should have been written as a reference. */
static void pass_stray(struct pass *s, const char *to)
{
	repaired(s, REPAIR_LESS);
	pass_text(s, to);
}

/* -- the stack of open elements -- */

static unsigned bucket_of(const char *name, size_t len)
{
	return ((unsigned)(name[0] | 32) * 7 + (unsigned)(name[len - 1] | 32) + (unsigned)len) %
	       BUCKETS;
}

/* The caller sees to the depth. */
static void push(struct pass *s, const char *name, size_t len, unsigned namespaces)
{
	s->open[s->depth++] = (struct open_element){name, len, namespaces};
	s->namespaces += namespaces;
	s->bucket[bucket_of(name, len)]++;
}

static void pop(struct pass *s)
{
	struct open_element *e = &s->open[--s->depth];

	s->namespaces -= e->namespaces;
	s->bucket[bucket_of(e->name, e->len)]--;
}

static void write_end(struct pass *s, const struct open_element *e)
{
	buf_append(&s->out, "</", 2);
	buf_append(&s->out, e->name, e->len);
	buf_append(&s->out, ">", 1);
}

/* Index + 1 of the innermost open element of this name in any case; 0 when there is none. */
static unsigned find_open(const struct pass *s, const char *name, size_t len)
{
	if (s->bucket[bucket_of(name, len)] == 0)
		return 0;
	for (unsigned i = s->depth; i > 0; i--)
		if (s->open[i - 1].len == len && strncasecmp(s->open[i - 1].name, name, len) == 0)
			return i;
	return 0;
}

/* Closes elements until `depth` are left. */
static void close_to(struct pass *s, unsigned depth)
{
	for (; s->depth > depth; pop(s))
		write_end(s, &s->open[s->depth - 1]);
}

/* "</tilte>" for "</title>": closing what is open loses less than waiting for the right name. */
static bool misspelt(const struct open_element *top, const char *name, size_t len)
{
	size_t least = len < top->len ? len : top->len, most = len < top->len ? top->len : len;

	return least >= 4 && most - least <= 1 && (name[0] | 32) == (top->name[0] | 32) &&
	       (name[len - 1] | 32) == (top->name[top->len - 1] | 32);
}

/* The common case first: it closes what is open last. Else what is open inside is closed, too; an
 * end tag of nothing is dropped. */
static void pass_end_tag(struct pass *s)
{
	const char *name = s->p + 2;
	const char *after = token_skip_name(name, s->end);
	const char *to = memchr(after, '>', (size_t)(s->end - after));
	size_t len = (size_t)(after - name);
	const struct open_element *top = &s->open[s->depth - 1];
	unsigned at;

	to = to != NULL ? to + 1 : s->end;
	if (s->overflow > 0) {
		s->overflow--;
		skip_to(s, to);
		return;
	}
	if (len == top->len && memcmp(name, top->name, len) == 0 && to[-1] == '>' &&
		token_skip_space(after, to) == to - 1) {
		pop(s);
		s->p = to;
		s->blank = NULL;
		return;
	}
	at = len > 0 ? find_open(s, name, len) : 0;
	if (at == 0 && misspelt(top, name, len))
		at = s->depth;
	repaired(s, REPAIR_NESTING);
	skip_to(s, to);
	if (at > 0)
		close_to(s, at - 1);
}

/* -- start tags -- */

/* The end of a value that began after `quote` at `p`; NULL when there is none. No byte is searched
 * twice. */
static const char *find_quote(struct pass *s, const char *p, char quote)
{
	const char **none = &s->no_quote[quote == '"'];
	const char *from = p > *none ? p : *none;
	const char *found = from < s->end ? memchr(from, quote, (size_t)(s->end - from)) : NULL;

	*none = found != NULL ? found : s->end;
	return found;
}

/* The end of a value without quotes; the "/" of "/>" is not part of it. */
static const char *bare_value(const char *p, const char *end)
{
	const char *start = p;

	while (p < end && !token_space(*p) && strchr("<>\"'", *p) == NULL)
		p++;
	return p > start && p[-1] == '/' && p < end && *p == '>' ? p - 1 : p;
}

/* A name without a value stands for itself; a stray character is an attribute without a name. */
static const char *read_bare_name(const char *p, const char *limit, struct attribute *a)
{
	a->value = a->name;
	a->value_len = a->name_len;
	a->odd = true;
	if (a->name_len > 0)
		return p;
	return p < limit && *p != '<' ? p + 1 : NULL;
}

/* Reads one attribute at `p`, which is neither space nor the tag's end. Returns what follows it,
 * NULL when the tag cannot be one. */
static const char *read_attribute(
	struct pass *s, const char *p, const char *limit, struct attribute *a)
{
	const char *q;

	a->name = p;
	while (p < limit && !token_space(*p) && strchr("=<>/\"'", *p) == NULL)
		p++;
	a->name_len = (size_t)(p - a->name);
	q = token_skip_space(p, limit);
	if (q == limit || *q != '=')
		return read_bare_name(p, limit, a);
	a->value = q = token_skip_space(q + 1, limit);
	if (q < limit && (*q == '"' || *q == '\'')) {
		const char *close = find_quote(s, q + 1, *q);

		a->value = q + 1;
		a->value_len = close != NULL ? (size_t)(close - a->value) : 0;
		a->too_long = close != NULL && close >= limit;
		return close != NULL ? close + 1 : NULL;
	}
	a->odd = true;
	p = bare_value(q, limit);
	a->value_len = (size_t)(p - q);
	return p;
}

/* A repeated attribute is fatal in XML; the first one counts. `seen` has a bit for each hash of a
 * name met in the tag. */
static bool repeated(struct pass *s, struct tag *t, const struct attribute *a)
{
	uint64_t bit = 1ull << bucket_of(a->name, a->name_len);

	if ((t->seen & bit) != 0)
		for (unsigned i = 0; i < t->count; i++)
			if (s->names[i].len == a->name_len &&
				memcmp(s->names[i].name, a->name, a->name_len) == 0)
				return true;
	t->seen |= bit;
	s->names[t->count++] = (struct tag_name){a->name, a->name_len};
	return false;
}

static bool usable_name(const struct attribute *a)
{
	const char *end = a->name + a->name_len;

	return a->name_len <= NAME_MAX_BYTES && token_skip_name(a->name, end) == end &&
	       token_qualified(a->name, end);
}

static bool declares_namespace(const struct attribute *a)
{
	return a->name_len >= 5 && memcmp(a->name, "xmlns", 5) == 0;
}

/* Characters that mean something in a tag stay references. */
static void replace_reference(struct pass *s, const char *p, const struct reference *r)
{
	bool markup = r->len == 1 && strchr("&<>\"'", *r->text) != NULL;

	replace(s, p, p + r->used, r->text, markup ? 0 : r->len);
	if (markup)
		buf_printf(&s->out, "&#%d;", *r->text);
}

/* Mends what stands between the quotes. */
static void pass_value(struct pass *s, const struct attribute *a)
{
	const char *end = a->value + a->value_len;
	struct reference r;

	for (const char *p = a->value; p < end; p++) {
		if (*p == '<') {
			repaired(s, REPAIR_LESS);
			replace(s, p, p + 1, "&lt;", 4);
		} else if (*p == '&') {
			read_reference(s, p, end, &r);
			if (r.fault != REFERENCE_GOOD)
				replace_reference(s, p, &r);
			p += r.used - 1;
		}
	}
}

/* Writes an attribute that XML would not take as it stands. */
static void rewrite_attribute(
	struct pass *s, const struct attribute *a, const char *from, const char *to)
{
	const char *quote = memchr(a->value, '"', a->value_len) != NULL ? "'" : "\"";

	repaired(s, REPAIR_TAG);
	replace(s, from, to, " ", 1);
	buf_append(&s->out, a->name, a->name_len);
	buf_append(&s->out, "=", 1);
	buf_append(&s->out, quote, 1);
	s->pending = a->value;
	pass_value(s, a);
	flush(s, a->value + a->value_len);
	buf_append(&s->out, quote, 1);
	s->pending = to;
}

/* One attribute, which with the space before it stands from `from` to `to`. */
static void pass_attribute(
	struct pass *s, struct tag *t, const struct attribute *a, const char *from, const char *to)
{
	bool namespace = declares_namespace(a);
	bool over = a->too_long || t->count == PARSE_ATTRIBUTES_MAX ||
		    (namespace && t->namespaces + s->namespaces >= PARSE_ATTRIBUTES_MAX);

	if (over || !usable_name(a) || repeated(s, t, a)) {
		repaired(s, over ? REPAIR_TAG_LIMIT : REPAIR_TAG);
		replace(s, from, to, "", 0);
		return;
	}
	t->namespaces += namespace;
	if (a->odd || token_space(*from) == 0)
		rewrite_attribute(s, a, from, to);
	else
		pass_value(s, a);
}

bool prepass_void_element(const char *name, size_t len)
{
	static const char *const names[] = {"br", "hr", "img", "wbr", "input"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i][0] == (name[0] | 32) && strlen(names[i]) == len &&
			strncasecmp(names[i], name, len) == 0)
			return true;
	return false;
}

/* Where the output was when a tag began. */
struct tag_start {
	size_t out_len;
	const char *pending;
	unsigned repairs;
};

/* Attributes until the tag's end. False when it turned out to be no tag; s->p is then where that
 * showed. */
static bool pass_attributes(struct pass *s, struct tag *t)
{
	const char *limit = s->end - t->from > PARSE_TAG_MAX ? t->from + PARSE_TAG_MAX : s->end;

	for (;;) {
		const char *before = s->p;
		const char *p = before < limit ? token_skip_space(before, limit) : before;
		struct attribute a = {0};

		if (p < limit && *p == '/' && p + 1 < s->end && p[1] == '>') {
			t->empty = true;
			p++;
		}
		s->p = p;
		if (p >= limit || *p == '<')
			return false;
		if (*p == '>') {
			t->to = p + 1;
			return true;
		}
		p = read_attribute(s, p, limit, &a);
		if (p == NULL)
			return false;
		pass_attribute(s, t, &a, before, p);
		s->p = p;
	}
}

/* Beyond the limits of one tag, or broken off inside it: what there was of attributes counts, the
 * rest up to ">" is skipped. */
static void close_tag_early(struct pass *s, struct tag *t)
{
	const char *close = memchr(s->p, '>', (size_t)(s->end - s->p));

	t->to = close != NULL ? close + 1 : s->end;
	t->empty =
		(close != NULL && close[-1] == '/') || prepass_void_element(t->name, t->name_len);
	repaired(s, close != NULL ? REPAIR_TAG_LIMIT : REPAIR_TRUNCATED);
	replace(s, s->p, t->to, t->empty ? "/>" : ">", t->empty ? 2 : 1);
}

/* What follows is inside, unless the tag says or its name means that nothing can be. */
static void enter(struct pass *s, struct tag *t)
{
	s->p = t->to;
	s->blank = NULL;
	if (t->empty)
		return;
	if (prepass_void_element(t->name, t->name_len) &&
		!(s->end - t->to > 2 && t->to[0] == '<' && t->to[1] == '/' &&
			strncasecmp(t->to + 2, t->name, t->name_len) == 0)) {
		repaired(s, REPAIR_NESTING);
		replace(s, t->to - 1, t->to, "/>", 2);
		return;
	}
	push(s, t->name, t->name_len, t->namespaces);
}

/* An item in an item: the end tag of the first was forgotten. */
static void close_forgotten(struct pass *s, const struct tag *t)
{
	bool item = (t->name_len == 4 && memcmp(t->name, "item", 4) == 0) ||
		    (t->name_len == 5 && memcmp(t->name, "entry", 5) == 0);
	unsigned at = item && s->overflow == 0 ? find_open(s, t->name, t->name_len) : 0;

	/* The root itself stays open. */
	if (at <= 1)
		return;
	repaired(s, REPAIR_NESTING);
	settle(s);
	close_to(s, at - 1);
}

/* No tag after all, or one too deep: undoes what was written of it since `before`. */
static void undo_tag(struct pass *s, const struct tag *t, const struct tag_start *before)
{
	s->out.len = before->out_len;
	s->pending = before->pending;
	s->p = t->from;
}

static void drop_deep_tag(struct pass *s, const struct tag *t, const struct tag_start *before)
{
	repaired(s, REPAIR_DEPTH);
	s->overflow += !t->empty;
	undo_tag(s, t, before);
	skip_to(s, t->to);
}

/* A name that is none, or attributes that run into a "<", make text of it. */
static void pass_start_tag(struct pass *s)
{
	struct tag t = {.from = s->p, .name = s->p + 1};
	struct tag_start before;
	const char *after = token_skip_name(t.name, s->end);

	t.name_len = (size_t)(after - t.name);
	if (t.name_len > NAME_MAX_BYTES || !token_qualified(t.name, after) ||
		(after < s->end && !token_space(*after) && *after != '/' && *after != '>')) {
		pass_stray(s, after);
		return;
	}
	close_forgotten(s, &t);
	if (s->out.len + (size_t)(s->p - s->pending) > OUT_BYTES)
		settle(s);
	before = (struct tag_start){s->out.len, s->pending, s->result->repairs};
	s->p = after;
	if (!pass_attributes(s, &t)) {
		after = s->p;
		if (after - t.from < PARSE_TAG_MAX && after < s->end) {
			s->result->repairs = before.repairs;
			undo_tag(s, &t, &before);
			pass_stray(s, after > t.from ? after : t.from + 1);
			return;
		}
		close_tag_early(s, &t);
	}
	if (s->depth == PARSE_DEPTH_MAX || s->overflow > 0)
		drop_deep_tag(s, &t, &before);
	else
		enter(s, &t);
}

/* -- everything else that begins with "<" -- */

static void pass_cdata(struct pass *s)
{
	const char *from = s->p + 9, *to = sniff_after(from, s->end, "]]>");

	if (to == NULL)
		repaired(s, REPAIR_TRUNCATED);
	skip_to(s, to != NULL ? to : s->end);
	give_text(s, from, (size_t)(s->p - from) - (to != NULL ? 3 : 0));
}

static void pass_markup(struct pass *s)
{
	const char *p = s->p, *to;
	char next = '\0';
	bool ended = true, entities = false;

	if (p + 1 < s->end)
		next = p[1];
	if (token_name_start(next)) {
		pass_start_tag(s);
		return;
	}
	if (next == '/') {
		pass_end_tag(s);
		return;
	}
	if (s->end - p >= 9 && memcmp(p, "<![CDATA[", 9) == 0) {
		pass_cdata(s);
		return;
	}
	to = sniff_skip_misc(p, s->end, &ended, &entities);
	if (to == NULL) {
		pass_stray(s, p + 1);
		return;
	}
	if (!ended)
		repaired(s, REPAIR_TRUNCATED);
	skip_to(s, to);
}

/* -- the whole -- */

/* Comments and instructions may follow the root element. */
static bool nothing_but_misc(const char *p, const char *end)
{
	bool ignored;

	while (p != NULL) {
		p = token_skip_space(p, end);
		if (p == end)
			return true;
		p = sniff_skip_misc(p, end, &ignored, &ignored);
	}
	return false;
}

int prepass_run(struct prepass *p, const char *text, size_t len)
{
	struct pass s = {.result = p,
		.p = text,
		.pending = text,
		.end = text + len,
		.returns = memchr(text, '\r', len) != NULL,
		.no_quote = {text, text}};
	int rc;

	buf_init(&s.out, OUT_MAX);
	do {
		const char *less = *s.p == '<' ? s.p : memchr(s.p, '<', (size_t)(s.end - s.p));

		if (less != s.p)
			pass_text(&s, less != NULL ? less : s.end);
		if (less != NULL)
			pass_markup(&s);
	} while (s.depth > 0 && s.p < s.end);
	settle(&s);
	if (s.depth > 0) {
		repaired(&s, REPAIR_TRUNCATED);
		p->closing = true;
		close_to(&s, 0);
		hand_on(&s);
	} else if (!nothing_but_misc(s.p, s.end)) {
		repaired(&s, REPAIR_TRAILING);
	}
	rc = buf_status(&s.out) != 0 ? ERR_NOMEM : 0;
	buf_finish(&s.out);
	return rc;
}
