/* Writing XML. */
#include "base/xml.h"

#include <stdbool.h>
#include <string.h>

#include "base/url.h"

static const char *const escapes['>' + 1] = {['\t'] = "&#9;",
	['\n'] = "&#10;",
	['\r'] = "&#13;",
	['"'] = "&quot;",
	['&'] = "&amp;",
	['<'] = "&lt;",
	['>'] = "&gt;"};

/* XML 1.0, 2.2 and 2.4. */
static void put(struct buf *out, const char *text, size_t len, bool attribute)
{
	for (const char *s = text; s < text + len; s++) {
		unsigned char c = (unsigned char)*s;
		bool plain = c > '>' || !escapes[c] || (!attribute && (c == '\n' || c == '\t'));

		if (!plain)
			buf_puts(out, escapes[c]);
		else if (c == 0xEF &&
			 (memcmp(s, "\xEF\xBF\xBE", 3) == 0 || memcmp(s, "\xEF\xBF\xBF", 3) == 0))
			s += 2; /* well-formed: two more bytes are there */
		else if (c >= ' ' || c == '\n' || c == '\t')
			buf_putc(out, *s);
	}
}

void xml_put_text(struct buf *out, const char *text)
{
	put(out, text, strlen(text), false);
}

void xml_put_attribute(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, " %s=\"", name);
	put(out, value, strlen(value), true);
	buf_putc(out, '"');
}

static void put_shown(struct buf *out, const char *text, bool attribute)
{
	size_t start, len = url_userinfo(text, &start);

	if (len > 0) {
		put(out, text, start, attribute);
		text += start + len;
	}
	put(out, text, strlen(text), attribute);
}

void xml_put_shown(struct buf *out, const char *text)
{
	put_shown(out, text, false);
}

void xml_put_url(struct buf *out, const char *name, const char *url)
{
	buf_printf(out, " %s=\"", name);
	put_shown(out, url, true);
	buf_putc(out, '"');
}

void xml_put_element(struct buf *out, const char *name, const char *text)
{
	if (!text)
		return;
	buf_printf(out, "<%s>", name);
	xml_put_shown(out, text);
	buf_printf(out, "</%s>\n", name);
}
