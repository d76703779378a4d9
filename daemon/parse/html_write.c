/* Writes what comes through: text escaped anew, attributes, URLs tidied and resolved and only of
 * schemes that are in the list. */
#include <strings.h>

#include "base/err.h"
#include "base/url.h"
#include "limits.h"
#include "base/block.h"
#include "parse/html_parts.h"

static const char rel[] = "\" rel=\"noopener noreferrer\"";

/* What a reader may follow: nothing that runs code or reads files. */
static const char *const links[] = {"http:", "https:", "mailto:", "tel:", "sms:", "magnet:", "ftp:",
	"ftps:", "feed:", "geo:", "gemini:", "git:", "gopher:", "irc:", "ircs:", "matrix:", "news:",
	"nntp:", "rtsp:", "sftp:", "sip:", "sips:", "svn:", "webcal:", "xmpp:", NULL};

/* What is loaded with the page. */
static const char *const media[] = {"http:", "https:", NULL};

/* Inline images: formats that hold no script. */
static const char *const images[] = {"data:image/gif;base64,", "data:image/png;base64,",
	"data:image/jpeg;base64,", "data:image/webp;base64,", NULL};

/* Frames that are a player and nothing else. */
static const char *const players[] = {"www.youtube.com/embed/", "www.youtube-nocookie.com/embed/",
	"player.vimeo.com/video/", "www.dailymotion.com/embed/", "geo.dailymotion.com/player",
	"player.twitch.tv/", "embed.ted.com/", "archive.org/embed/", "w.soundcloud.com/player/",
	"bandcamp.com/EmbeddedPlayer/", "open.spotify.com/embed", "videopress.com/embed/", NULL};

/* Images that only count readers, of whatever size they say. */
static const char *const counters[] = {"feeds.feedburner.com/~r/", "feeds.feedburner.com/~ff/",
	"feeds.wordpress.com/1.0/", "stats.wordpress.com/", "pixel.wp.com/",
	"pixel.quantserve.com/", "www.google-analytics.com/", "ad.doubleclick.net/",
	"sb.scorecardresearch.com/", "www.facebook.com/tr", "mc.yandex.ru/watch/",
	"blogger.googleusercontent.com/tracker/", "medium.com/_/stat", NULL};

#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* -- text -- */

/* 1: written as it is nowhere; 2: only in attributes. */
static const uint8_t special[256] = {
	[0 ... 8] = 1,
	[11 ... 31] = 1,
	[127] = 1,
	['&'] = 1,
	['<'] = 1,
	['>'] = 1,
	['"'] = 2,
};

/* The end of the run of characters at `s` that are written as they are. */
static const char *plain_run(const char *s, const char *end, bool quoted)
{
	const uint8_t mask = quoted ? 3 : 1, quote = quoted ? '"' : '<';

	for (; end - s >= BLOCK_BYTES; s += BLOCK_BYTES) {
		block b = block_at(s);
		block stop = (block)(((b < ' ') & (b != '\n') & (b != '\t')) | (b == '&') |
				     (b == '<') | (b == '>') | (b == 127) | (b == quote));

		if (block_has(stop))
			return s + block_before(stop);
	}
	while (s < end && !(special[(unsigned char)*s] & mask))
		s++;
	return s;
}

/* What stands for a special character: a reference, a line end, or nothing. */
static const char *escape(char c, bool quoted)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return quoted ? "&quot;" : "\"";
	case '\r':
		return "\n";
	case '\f':
		return " ";
	default:
		return "";
	}
}

/* Decodes what is special at `s`; returns the bytes taken, and what stands for them. */
static size_t replace(const char *s, const char *end, enum html_escape mode,
	char decoded[HTML_REFERENCE_BYTES], struct html_span *ret_with)
{
	const char *text = decoded;
	size_t taken = 0, len = 0;
	char c = *s;

	if (c == '&' && mode != HTML_DECODED_ESCAPE)
		taken = html_reference(s, end, mode == HTML_VALUE_ESCAPE, decoded, &len);
	if (taken && len == 1)
		c = *decoded;
	if (!taken || (len == 1 && special[(unsigned char)c])) {
		text = escape(c, mode != HTML_TEXT_ESCAPE);
		len = strlen(text);
	}
	/* A line ends once. */
	if (*s == '\r' && s + 1 < end && s[1] == '\n')
		len = 0;
	*ret_with = (struct html_span){text, len};
	return taken ? taken : 1;
}

static bool put_within(struct buf *out, const char *s, size_t len, size_t limit)
{
	if (out->len + len > limit)
		return false;
	buf_append(out, s, len);
	return true;
}

bool html_escape(struct buf *out, const char *text, size_t len, enum html_escape mode, size_t limit)
{
	const char *end = text + len;

	for (;;) {
		const char *stop = plain_run(text, end, mode != HTML_TEXT_ESCAPE);
		char decoded[HTML_REFERENCE_BYTES];
		struct html_span with;

		if (!put_within(out, text, (size_t)(stop - text), limit))
			return false;
		if (stop == end)
			return true;
		text = stop + replace(stop, end, mode, decoded, &with);
		if (!put_within(out, with.s, with.len, limit))
			return false;
	}
}

/* -- URLs -- */

/* True when `s` begins with a text of the list, in letters of either case. */
static bool starts_with(const char *const list[], struct html_span s)
{
	for (; *list; list++) {
		size_t len = s.len > 0 && **list == (*s.s | 0x20) ? strlen(*list) : SIZE_MAX;

		if (len <= s.len && strncasecmp(*list, s.s, len) == 0)
			return true;
	}
	return false;
}

/* True when the URL, behind its scheme, begins with a text of the list. */
static bool is_at(const char *const places[], struct html_span url)
{
	const char *slash = memchr(url.s, '/', url.len);
	size_t before = slash ? (size_t)(slash - url.s) + 2 : url.len;

	return before < url.len &&
	       starts_with(places, (struct html_span){url.s + before, url.len - before});
}

/* Puts a value into w->value, with its references decoded or as it is; false when there is more
 * than can be a value. */
static bool store(struct html_writer *w, struct html_span *value, bool decoded)
{
	buf_reset(&w->value);
	if (decoded)
		buf_append(&w->value, value->s, value->len);
	else
		html_decode(value->s, value->len, true, &w->value);
	if (buf_status(&w->value) == ERR_NOMEM)
		w->failure = ERR_NOMEM;
	*value = (struct html_span){buf_string(&w->value), w->value.len};
	return buf_status(&w->value) == 0;
}

/* Lets the output grow by what is not the feed's doing; false when it has grown enough. */
static bool grow(struct html_writer *w, size_t bytes)
{
	if (bytes > HTML_LINK_GROWTH_MAX - w->grown_bytes) {
		w->grown_bytes = HTML_LINK_GROWTH_MAX;
		return false;
	}
	w->grown_bytes += bytes;
	w->limit += bytes;
	return true;
}

/* Drops what a browser would drop, and makes a relative URL absolute; false for none. */
static bool resolve(struct html_writer *w, struct html_span *url)
{
	size_t before = url->len;

	if (url->s[strspn(url->s, " \t\n\r\f")] == '\0' || w->grown_bytes == HTML_LINK_GROWTH_MAX)
		return false;
	url->s = url_resolve(w->base_url, url->s, w->scratch);
	if (!url->s)
		w->failure = ERR_NOMEM;
	url->len = url->s ? strlen(url->s) : 0;
	return url->len > 0 && (url->len <= before || grow(w, url->len - before));
}

/* Judges the scheme of a resolved URL. One without a scheme, for want of a base, may pass. */
static bool is_allowed(struct html_span url, enum html_attr_kind kind)
{
	const char *data = memchr(url.s, ',', url.len);

	if (kind == KIND_MEDIA && data && starts_with(images, url))
		return data[1 + strspn(data + 1, ALNUM "+/=")] == '\0';
	return url.len <= URL_MAX_BYTES && (starts_with(kind == KIND_MEDIA ? media : links, url) ||
						   url.s[strspn(url.s, ALNUM "+-.")] != ':');
}

/* Brings a decoded URL into its final form, in which it comes out again unchanged; false when it
 * must not be written. The scheme is looked at when nothing can be decoded or dropped any more. */
static bool finish_url(struct html_writer *w, struct html_span *url, enum html_attr_kind kind)
{
	if (!url_is_plain(url->s, url->len) || url->len > URL_MAX_BYTES) {
		if (url->s != w->value.data && !store(w, url, true))
			return false;
		if (!resolve(w, url) || !is_allowed(*url, kind))
			return false;
	}
	return kind != KIND_MEDIA || !is_at(counters, *url);
}

/* The same for a value as it stands in the tag. */
static bool read_url(struct html_writer *w, struct html_span *url, enum html_attr_kind kind)
{
	if (memchr(url->s, '&', url->len) && !store(w, url, false))
		return false;
	return finish_url(w, url, kind);
}

/* -- attributes -- */

/* ` name="value`, the value decoded already; the quote behind it is left to the caller. */
static void open_value(struct html_writer *w, const char *name, struct html_span value)
{
	buf_append(w->out, " ", 1);
	buf_append(w->out, name, strlen(name));
	buf_append(w->out, "=\"", 2);
	html_escape(w->out, value.s, value.len, HTML_DECODED_ESCAPE, SIZE_MAX);
}

static void write_link(struct html_writer *w, struct html_span url)
{
	open_value(w, "href", url);
	buf_append(w->out, rel, sizeof(rel) - 1);
	(void)grow(w, sizeof(rel) - 2);
}

/* Takes the next image of a srcset: the URL up to white space, its descriptor up to the comma
 * (HTML, "parse a srcset attribute"). False at the end. */
static bool next_image(const char **at, struct html_span *ret_url, struct html_span *ret_descriptor)
{
	static const char blanks[] = " \t\n\r\f";
	const char *p = *at + strspn(*at, " \t\n\r\f,");
	struct html_span url = {p, strcspn(p, blanks)};

	p += url.len;
	*ret_descriptor = (struct html_span){p, 0};
	if (url.len > 0 && p[-1] != ',') {
		p += strspn(p, blanks);
		*ret_descriptor = (struct html_span){p, strcspn(p, " \t\n\r\f,")};
		p += strcspn(p, ",");
	}
	while (url.len > 0 && url.s[url.len - 1] == ',')
		url.len--;
	*ret_url = url;
	*at = p;
	return url.len > 0;
}

/* Writes the images of a srcset that may come through; false when there are none. */
static bool write_srcset(struct html_writer *w, struct html_span value)
{
	struct html_span url, descriptor;
	bool written = false;
	const char *at;

	if (!store(w, &value, false))
		return false;
	at = arena_strndup(w->scratch, value.s, value.len);
	if (!at)
		w->failure = ERR_NOMEM;
	while (at && next_image(&at, &url, &descriptor)) {
		if (strspn(descriptor.s, "0123456789.wx") < descriptor.len ||
			!finish_url(w, &url, KIND_MEDIA) || *url.s == ',' ||
			url.s[url.len - 1] == ',')
			continue;
		if (!written)
			open_value(w, "srcset", url);
		else {
			buf_append(w->out, ", ", 2);
			html_escape(w->out, url.s, url.len, HTML_DECODED_ESCAPE, SIZE_MAX);
		}
		written = true;
		if (descriptor.len)
			buf_append(w->out, " ", 1);
		buf_append(w->out, descriptor.s, descriptor.len);
	}
	if (written)
		buf_append(w->out, "\"", 1);
	return written;
}

/* Writes one attribute; false when its value does not come through. */
static bool write_attr(struct html_writer *w, const struct html_attr *a)
{
	const char *name = a->rule->id == ATTR_LAZY ? "src" : a->rule->name;
	struct html_span value = a->value;

	switch (a->rule->kind) {
	case KIND_SRCSET:
		return write_srcset(w, value);
	case KIND_BOOL:
		buf_append(w->out, " ", 1);
		buf_append(w->out, name, strlen(name));
		return true;
	case KIND_TEXT:
		open_value(w, name, (struct html_span){"", 0});
		html_escape(w->out, value.s, value.len, HTML_VALUE_ESCAPE, SIZE_MAX);
		break;
	default:
		if (!read_url(w, &value, a->rule->kind))
			return false;
		if (a->rule->id == ATTR_HREF) {
			write_link(w, value);
			return true;
		}
		open_value(w, name, value);
	}
	buf_append(w->out, "\"", 1);
	return true;
}

static bool has(const struct html_reader *r, enum html_attr_id id)
{
	return r->seen >> id & 1;
}

static bool is_blank(char c)
{
	return (unsigned char)c <= ' ' || c == 127;
}

/* A side of 0 or 1 pixels. */
static bool is_dot(struct html_writer *w, const struct html_reader *r, enum html_attr_id id)
{
	struct html_span side = r->attr[id].value;

	if (!has(r, id) || (memchr(side.s, '&', side.len) && !store(w, &side, false)))
		return false;
	while (side.len > 0 && is_blank(*side.s)) {
		side.s++;
		side.len--;
	}
	return side.len > 0 && (*side.s == '0' || *side.s == '1') &&
	       (side.len == 1 || is_blank(side.s[1]) || !strchr("0123456789.%", side.s[1]));
}

/* Pages that load images by script give a placeholder as `src`, or nothing: take what they would
 * have loaded. */
static void choose_source(struct html_reader *r)
{
	const struct html_span *src = &r->attr[ATTR_SRC].value;

	if (!has(r, ATTR_LAZY))
		return;
	if (!has(r, ATTR_SRC) || (src->len >= 5 && strncasecmp(src->s, "data:", 5) == 0)) {
		r->attr[ATTR_SRC] = r->attr[ATTR_LAZY];
		r->seen |= (uint64_t)1 << ATTR_SRC;
	}
	r->seen &= ~((uint64_t)1 << ATTR_LAZY);
}

bool html_write_attrs(struct html_writer *w, struct html_reader *r)
{
	const struct html_element *e = r->element;
	uint64_t written = 0;

	if (e->flags & HTML_MEDIA && is_dot(w, r, ATTR_WIDTH) && is_dot(w, r, ATTR_HEIGHT))
		return false;
	choose_source(r);
	for (uint64_t left = r->seen; left; left &= left - 1) {
		int id = __builtin_ctzll(left);

		if (write_attr(w, &r->attr[id]))
			written |= (uint64_t)1 << id;
	}
	/* Without controls, and without scripts, nobody could start it. */
	if (e->flags & HTML_PLAYER)
		buf_append(w->out, " controls", 9);
	return !(e->flags & HTML_MEDIA) || written >> ATTR_SRC & 1 || written >> ATTR_SRCSET & 1;
}

bool html_find_player(struct html_writer *w, const struct html_reader *r, struct html_span *ret_url)
{
	struct html_span url = r->attr[ATTR_SRC].value;

	if (!has(r, ATTR_SRC) || !read_url(w, &url, KIND_MEDIA) || !is_at(players, url))
		return false;
	*ret_url = url;
	/* It would be escaped in the link, and not in the text. */
	return memchr(url.s, '"', url.len) == NULL;
}

void html_write_player(struct html_writer *w, struct html_span url)
{
	buf_append(w->out, "<a", 2);
	write_link(w, url);
	buf_append(w->out, ">", 1);
	html_escape(w->out, url.s, url.len, HTML_DECODED_ESCAPE, SIZE_MAX);
	buf_append(w->out, "</a>", 4);
}

int html_attrs_pick(const struct html_reader *tag, const char *const *names, size_t count,
	struct arena *arena, char **values)
{
	const char *at = tag->text.s, *end = at + tag->text.len;
	struct html_writer w = {.failure = 0};
	struct html_attr attr;

	buf_init(&w.value, HTML_DATA_URL_MAX);
	while (html_attr_next(&at, end, &attr) && w.failure == 0) {
		for (size_t i = 0; i < count; i++) {
			if (values[i] || strlen(names[i]) != attr.name.len ||
				strncasecmp(names[i], attr.name.s, attr.name.len) != 0 ||
				!store(&w, &attr.value, false) || attr.value.len == 0)
				continue;
			values[i] = arena_strndup(arena, attr.value.s, attr.value.len);
			w.failure = values[i] ? 0 : ERR_NOMEM;
		}
	}
	buf_finish(&w.value);
	return w.failure;
}
