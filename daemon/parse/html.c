/* Cleans HTML: one pass over its tokens with a stack of open elements, whose every prefix is
 * already clean output. */
#include "parse/html.h"

#include "base/err.h"
#include "limits.h"
#include "parse/html_parts.h"

enum { SLACK_BYTES = 1024, GROWTH_FACTOR = 2, TABLE_DEPTH = 4 };

/* Where the innermost open element of a sort stands: 1 + its index, 0 for none. Paragraphs and
 * links in front of the innermost part of a table do not count. */
struct inner {
	uint16_t special;
	uint16_t part;
	uint16_t p;
	uint16_t link;
};

/* Cleaning what came out changes nothing, since every decision depends only on the open elements
 * and the token, and the open elements are at any time those of the output so far: a written tag,
 * read again in the same state, closes and opens nothing more and is written again. For the same
 * reason a browser makes of the output the very tree that was open here. */
struct cleaner {
	struct html_reader in;
	struct html_writer w;
	size_t closing; /* bytes that the end tags of the open elements will take */
	bool full;
	size_t beyond; /* open elements that were not written, being too deep */
	size_t depth;
	size_t link_at;                         /* where in the output the last <a> begins */
	uint8_t open[HTML_DEPTH_MAX];           /* ids of elements */
	struct inner inner[HTML_DEPTH_MAX + 1]; /* [d]: among the first d */
};

/* What out->len may not exceed so that all end tags still fit. */
static size_t limit(const struct cleaner *c)
{
	return (c->w.limit < c->w.out->max ? c->w.limit : c->w.out->max) - c->closing;
}

/* The element at a position; NULL for none. */
static const struct html_element *element_at(const struct cleaner *c, size_t position)
{
	return position ? &html_elements[c->open[position - 1]] : NULL;
}

static uint8_t id_of(const struct html_element *e)
{
	return (uint8_t)(e - html_elements);
}

static bool is_of(const struct html_element *e, unsigned groups)
{
	return e && e->group & groups;
}

/* 1 + the index of the innermost open element `e`, or 0. */
static size_t find_open(const struct cleaner *c, const struct html_element *e)
{
	const uint8_t *at = memrchr(c->open, id_of(e), c->depth);

	return at ? (size_t)(at - c->open) + 1 : 0;
}

static size_t end_tag_bytes(const struct html_element *e)
{
	return e->name_len + 3u;
}

/* Closes open elements until `depth` are left. */
static void close_to(struct cleaner *c, size_t depth)
{
	while (c->depth > depth) {
		const struct html_element *e = element_at(c, c->depth);

		buf_append(c->w.out, "</", 2);
		buf_append(c->w.out, e->name, e->name_len);
		buf_append(c->w.out, ">", 1);
		c->closing -= end_tag_bytes(e);
		c->depth--;
	}
}

static void push(struct cleaner *c, const struct html_element *e)
{
	struct inner *in = &c->inner[c->depth + 1];
	uint16_t position = (uint16_t)(c->depth + 1);

	*in = c->inner[c->depth];
	if (e->flags & HTML_SPECIAL)
		in->special = position;
	if (e->flags & HTML_PART)
		*in = (struct inner){.special = position, .part = position};
	if (e->group == GROUP_P)
		in->p = position;
	if (e->group == GROUP_A)
		in->link = position;
	c->open[c->depth++] = id_of(e);
	c->closing += end_tag_bytes(e);
}

/* Takes back what was appended behind `mark` when it does not fit. */
static bool keep(struct cleaner *c, size_t mark, size_t end_bytes, bool wanted)
{
	struct buf *out = c->w.out;

	if (out->failure == ERR_TOO_BIG) {
		c->full = true;
		out->failure = 0;
	}
	c->full = c->full || out->len + end_bytes > limit(c);
	if (wanted && !c->full)
		return true;
	out->len = mark;
	return false;
}

/* `attrs`: those of the token at hand. */
static void write_start(struct cleaner *c, const struct html_element *e, bool attrs)
{
	size_t mark = c->w.out->len, end_bytes = e->flags & HTML_VOID ? 0 : end_tag_bytes(e);
	bool wanted = true;

	buf_append(c->w.out, "<", 1);
	buf_append(c->w.out, e->name, e->name_len);
	if (attrs && (c->in.seen || e->flags & (HTML_MEDIA | HTML_PLAYER)))
		wanted = html_write_attrs(&c->w, &c->in);
	buf_append(c->w.out, ">", 1);
	if (!keep(c, mark, end_bytes, wanted))
		return;
	if (e->group == GROUP_A)
		c->link_at = mark;
	if (end_bytes)
		push(c, e);
}

static const struct html_element *top(const struct cleaner *c)
{
	return element_at(c, c->depth);
}

static bool in_grid(const struct cleaner *c)
{
	return top(c) && top(c)->flags & HTML_GRID;
}

/* What stands in a table outside of its cells gets a cell of its own; HTML5 would move it in front
 * of the table. */
static void open_cell(struct cleaner *c)
{
	if (is_of(top(c), GROUP_COLS))
		close_to(c, c->depth - 1);
	if (in_grid(c) && !is_of(top(c), GROUP_ROW))
		write_start(c, html_element_find("tr", 2), false);
	if (in_grid(c) && !c->full)
		write_start(c, html_element_find("td", 2), false);
}

/* Closes the open paragraph, as HTML5 does whatever stands inside it. A link in it goes on around
 * what follows, unless that is a paragraph, too. */
static void close_paragraph(struct cleaner *c, const struct html_element *e)
{
	struct inner in = c->inner[c->depth];
	struct buf *out = c->w.out;
	size_t mark, len;

	if (in.p == 0)
		return;
	close_to(c, in.p - 1u);
	if (in.link < in.p || e->group == GROUP_P)
		return;
	mark = out->len;
	len = strcspn(out->data + c->link_at, ">") + 1;
	if (buf_reserve(out, len) == 0)
		buf_append(out, out->data + c->link_at, len);
	e = &html_elements[c->open[in.link - 1]];
	if (keep(c, mark, end_tag_bytes(e), true))
		push(c, e);
}

/* Closes what the start of `e`, which is no part of a table, ends by itself. */
static void close_implied(struct cleaner *c, const struct html_element *e)
{
	const struct inner *in = &c->inner[c->depth];

	if (e->group & (GROUP_LI | GROUP_DT) && is_of(element_at(c, in->special), e->group))
		close_to(c, in->special - 1u);
	if (e->flags & HTML_ENDS_P)
		close_paragraph(c, e);
	if (e->group == GROUP_HEADING && is_of(top(c), GROUP_HEADING))
		close_to(c, c->depth - 1);
	in = &c->inner[c->depth];
	if (e->group == GROUP_A && in->link > 0)
		close_to(c, in->link - 1u);
	while (e->group == GROUP_RT && is_of(top(c), GROUP_RT | GROUP_P | GROUP_LI | GROUP_DT))
		close_to(c, c->depth - 1);
}

/* The same for a part of a table, and opens the row that a cell needs. */
static void close_parts(struct cleaner *c, const struct html_element *e)
{
	while (is_of(element_at(c, c->inner[c->depth].part), e->closes))
		close_to(c, c->inner[c->depth].part - 1u);
	if (e->group == GROUP_CELL && !is_of(top(c), GROUP_ROW))
		write_start(c, html_element_find("tr", 2), false);
}

static void add_text(struct cleaner *c)
{
	const char *s = c->in.text.s;
	size_t len = c->in.text.len, blanks = 0;

	if (in_grid(c)) {
		while (blanks < len && strchr(" \t\n\r\f", s[blanks]))
			blanks++;
		if (blanks < len)
			open_cell(c);
	}
	c->full = c->full || !html_escape(c->w.out, s, len, HTML_TEXT_ESCAPE, limit(c));
}

/* The start of an element that is not in the list. */
static void drop_start(struct cleaner *c, const struct html_element *e)
{
	struct html_span url;

	if (c->in.seen && html_find_player(&c->w, &c->in, &url)) {
		size_t mark;

		open_cell(c);
		close_implied(c, html_element_find("a", 1));
		mark = c->w.out->len;
		html_write_player(&c->w, url);
		(void)keep(c, mark, 0, true);
	}
	if (c->in.empty || c->full)
		return;
	if (e->flags & HTML_RAW_TEXT) {
		html_raw_text(&c->in, e);
		add_text(c);
	} else if (e->flags & (HTML_RAW_DROP | HTML_SUBTREE)) {
		html_skip(&c->in, e);
	}
}

/* Closes and opens what the start of `e` makes necessary; false when it may not stand here. */
static bool make_room(struct cleaner *c, const struct html_element *e)
{
	if (e->flags & HTML_PART && e->group != GROUP_TABLE) {
		if (c->inner[c->depth].part == 0)
			return false;
		close_parts(c, e);
		return true;
	}
	if (e->group == GROUP_TABLE && in_grid(c))
		close_to(c, find_open(c, e) - 1);
	open_cell(c);
	close_implied(c, e);
	return true;
}

static void start(struct cleaner *c, const struct html_element *e)
{
	bool is_void = e->flags & HTML_VOID;
	/* A table has room for its rows and cells. */
	size_t deep = is_void ? 0 : e->group == GROUP_TABLE ? TABLE_DEPTH : 1;

	if (!(e->flags & HTML_KEEP)) {
		drop_start(c, e);
		return;
	}
	if (c->beyond == 0 && !make_room(c, e))
		return;
	if (c->beyond > 0 || c->depth + deep > HTML_DEPTH_MAX) {
		c->beyond += !is_void && !c->in.empty;
		return;
	}
	if (!c->full)
		write_start(c, e, true);
	/* XHTML's <i/> holds nothing; read as HTML5 does it would hold the rest. */
	if (c->in.empty && !is_void && !c->full)
		close_to(c, c->depth - 1);
}

/* The open element that the end tag of `e` ends: 1 + its index, or 0. A table's cell keeps end tags
 * to itself. */
static size_t ended_by(const struct cleaner *c, const struct html_element *e)
{
	const struct inner *in = &c->inner[c->depth];
	size_t position = find_open(c, e);

	/* Any heading's end tag ends any heading (13.2.6.4.7). */
	if (e->group == GROUP_HEADING)
		return is_of(element_at(c, in->special), GROUP_HEADING) ? in->special : 0;
	if (e->flags & HTML_PART)
		return position >= find_open(c, html_element_find("table", 5)) ? position : 0;
	return position > in->part ? position : 0;
}

static void end(struct cleaner *c, const struct html_element *e)
{
	size_t position;

	if (!(e->flags & HTML_KEEP))
		return;
	if (e->flags & HTML_VOID) {
		/* People write </br>, and browsers read <br> (13.2.6.4.7). */
		if (e == html_element_find("br", 2))
			start(c, e);
		return;
	}
	if (c->beyond > 0) {
		c->beyond--;
		return;
	}
	position = top(c) == e ? c->depth : ended_by(c, e);
	if (position > 0)
		close_to(c, position - 1);
}

static void run(struct cleaner *c)
{
	enum html_token token = HTML_TEXT;

	while (token != HTML_END && !c->full && !c->w.out->failure && !c->w.failure) {
		token = html_next(&c->in);
		if (token == HTML_TEXT)
			add_text(c);
		else if (c->in.element && token == HTML_OPEN)
			start(c, c->in.element);
		else if (c->in.element)
			end(c, c->in.element);
	}
	close_to(c, 0);
}

void html_clean(
	const char *html, size_t len, const char *base_url, struct arena *scratch, struct buf *out)
{
	size_t start_len = out->len;
	struct cleaner c;

	c.w = (struct html_writer){.out = out,
		.limit = start_len + len * GROWTH_FACTOR + SLACK_BYTES,
		.base_url = base_url,
		.scratch = scratch};
	buf_init(&c.w.value, HTML_DATA_URL_MAX);
	c.closing = c.beyond = c.depth = 0;
	c.full = false;
	c.inner[0] = (struct inner){0};
	html_reader_init(&c.in, html, len);
	c.in.wants_attrs = true;
	run(&c);
	if (c.w.failure && !out->failure)
		out->failure = c.w.failure;
	if (out->failure)
		out->len = start_len; /* half a text is not clean */
	else if (c.full && c.w.limit > out->max)
		out->failure = ERR_TOO_BIG;
	if (out->data)
		out->data[out->len] = '\0';
	buf_finish(&c.w.value);
}
