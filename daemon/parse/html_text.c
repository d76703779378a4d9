/* The visible text of HTML, and telling HTML from plain text. */
#include <strings.h>

#include "base/err.h"
#include "base/utf8.h"
#include "base/block.h"
#include "parse/html.h"
#include "parse/html_parts.h"

/* White space is owed, not written, until text follows: so it never stands at an end, and of
 * several the greatest counts. */
struct text {
	struct html_reader in;
	struct buf *out;
	size_t start;  /* out->len when it was empty */
	bool one_line; /* no line ends: spaces */
	int lines;     /* line ends owed: 0, 1 or 2 */
	bool space;    /* a space owed */
	bool bullet;   /* "- " owed */
	bool pre;      /* line ends and spaces count */
};

/* BLANK folds into a space; what is no bit is text. */
enum { BLANK = 1, CONTROL = 2, AMP = 4, LEAD_C2 = 8 };

static const uint8_t classes[256] = {
	[0 ... 8] = CONTROL,
	['\t'] = BLANK,
	['\n'] = BLANK,
	[11] = CONTROL,
	['\f'] = BLANK,
	['\r'] = BLANK,
	[14 ... 31] = CONTROL,
	[' '] = BLANK,
	['&'] = AMP,
	[127] = CONTROL,
	[0xC2] = LEAD_C2,
};

static void pay(struct text *t)
{
	if (t->out->len > t->start) {
		buf_append(t->out, "\n\n", (size_t)t->lines);
		buf_append(t->out, " ", t->space && t->lines == 0);
	}
	buf_append(t->out, "- ", t->bullet ? 2 : 0);
	t->bullet = t->space = false;
	t->lines = 0;
}

static void add_word(struct text *t, const char *s, size_t len)
{
	size_t room;

	if (len == 0)
		return;
	pay(t);
	if (t->out->failure)
		return;
	room = t->out->max - t->out->len;
	buf_append(t->out, s, len <= room ? len : utf8_cut(s, len, room));
	if (len > room && !t->out->failure)
		t->out->failure = ERR_TOO_BIG;
}

static void add_blank(struct text *t, char c)
{
	if (!t->pre || t->one_line)
		t->space = true;
	else if (c == '\n')
		t->lines += t->lines < 2;
	else
		add_word(t, " ", 1);
}

/* U+00A0 folds as a space does: nobody wants it in plain text. */
static bool is_blank(const char *s, size_t len)
{
	return (len == 2 && memcmp(s, "\302\240", 2) == 0) ||
	       (len == 1 && classes[(unsigned char)*s] == BLANK);
}

/* Adds the character at `s`, which is in one of the classes; returns the bytes it took. */
static size_t add_special(struct text *t, const char *s, const char *end)
{
	char decoded[HTML_REFERENCE_BYTES];
	size_t len = 1, taken = 1;

	switch (classes[(unsigned char)*s]) {
	case CONTROL:
		return 1;
	case LEAD_C2:
		taken = len = end - s >= 2 ? 2 : 1;
		break;
	case AMP:
		taken = html_reference(s, end, false, decoded, &len);
		if (taken)
			s = decoded;
		else
			taken = len = 1;
		break;
	default:
		break;
	}
	if (is_blank(s, len))
		add_blank(t, *s);
	else
		add_word(t, s, len);
	return taken;
}

static bool is_plain(const char *s)
{
	return classes[(unsigned char)*s] == 0;
}

/* Where among the BLOCK_BYTES characters at `s` a run ends: a special one is behind it, or two
 * spaces come there. */
static block run_ends(const char *s)
{
	block at = block_at(s), next = block_at(s + 1);

	return (block)((next < ' ') | (next == '&') | (next == 127) | (next == 0xC2) |
		       ((at == ' ') & (next == ' ')));
}

/* The end of the run of text at `s`; a single space between words is of the run. */
static const char *run_end(const char *s, const char *end)
{
	if (s == end || !is_plain(s))
		return s;
	for (; end - s > BLOCK_BYTES; s += BLOCK_BYTES) {
		block ends = run_ends(s);

		if (block_has(ends)) {
			s += block_before(ends);
			return s + (*s != ' ');
		}
	}
	while (s < end && is_plain(s)) {
		s++;
		if (end - s > 1 && *s == ' ' && is_plain(s + 1))
			s++;
	}
	return s;
}

static void add_text(struct text *t)
{
	const char *s = t->in.text.s, *end = s + t->in.text.len;

	while (s < end && !t->out->failure) {
		const char *stop = run_end(s, end);

		add_word(t, s, (size_t)(stop - s));
		s = stop;
		if (s < end)
			s += add_special(t, s, end);
	}
}

static void add_tag(struct text *t, const struct html_element *e, bool opens)
{
	if (opens && e->flags & (HTML_RAW_DROP | HTML_SUBTREE)) {
		if (!t->in.empty)
			html_skip(&t->in, e);
		return;
	}
	if (e->gap && !t->one_line)
		t->lines = t->lines < e->gap ? e->gap : t->lines;
	t->space = t->space || e->gap || e->group == GROUP_CELL;
	if (opens && e->flags & HTML_RAW_TEXT && !t->in.empty) {
		html_raw_text(&t->in, e);
		add_text(t);
	}
	if (e->group == GROUP_LI)
		t->bullet = opens;
	if (e->group == GROUP_PRE)
		t->pre = opens;
}

static void add_all(const char *html, size_t len, bool one_line, struct buf *out)
{
	enum html_token token = HTML_TEXT;
	struct text t;

	t.out = out;
	t.start = out->len;
	t.one_line = one_line;
	t.lines = 0;
	t.space = t.bullet = t.pre = false;
	html_reader_init(&t.in, html, len);
	while (token != HTML_END && !out->failure) {
		token = html_next(&t.in);
		if (token == HTML_TEXT)
			add_text(&t);
		else if (t.in.element)
			add_tag(&t, t.in.element, token == HTML_OPEN);
	}
}

void html_text(const char *html, size_t len, struct buf *out)
{
	add_all(html, len, false, out);
}

void html_line(const char *html, size_t len, struct buf *out)
{
	add_all(html, len, true, out);
}

static bool has_reference(struct html_span text)
{
	const char *end = text.s + text.len, *amp = memchr(text.s, '&', text.len);
	char decoded[HTML_REFERENCE_BYTES];
	size_t len;

	while (amp && !html_reference(amp, end, true, decoded, &len))
		amp = memchr(amp + 1, '&', (size_t)(end - amp - 1));
	return amp != NULL;
}

/* <html>, <head> and <body> without attributes stand in texts that speak of them. */
static bool is_spoken_of(const struct html_reader *r)
{
	return r->name.len == 4 && r->text.len == 1 &&
	       (strncasecmp(r->name.s, "html", 4) == 0 || strncasecmp(r->name.s, "head", 4) == 0 ||
		       strncasecmp(r->name.s, "body", 4) == 0);
}

int html_looks_like(const char *text, size_t len)
{
	enum html_token token = HTML_TEXT;
	struct html_reader r;

	html_reader_init(&r, text, len);
	while (token != HTML_END) {
		token = html_next(&r);
		if ((r.element && !is_spoken_of(&r)) ||
			(token == HTML_TEXT && has_reference(r.text)) ||
			(token == HTML_HIDDEN && r.text.len > 4 &&
				memcmp(r.text.s, "<!--", 4) == 0))
			return 1;
	}
	return 0;
}
