/* UTF-8 as RFC 3629 defines it: no surrogates, no overlong forms, nothing beyond U+10FFFF. */
#include "base/utf8.h"

/* What may follow a lead byte: number of continuation bytes and the range of the first one
 * (Unicode, table 3-7). */
struct lead {
	unsigned char more;
	unsigned char low;
	unsigned char high;
};

static struct lead lead_of(unsigned char c)
{
	if (c < 0xC2 || c > 0xF4)
		return (struct lead){0, 0, 0};
	if (c < 0xE0)
		return (struct lead){1, 0x80, 0xBF};
	if (c < 0xF0)
		return (struct lead){2, c == 0xE0 ? 0xA0 : 0x80, c == 0xED ? 0x9F : 0xBF};
	return (struct lead){3, c == 0xF0 ? 0x90 : 0x80, c == 0xF4 ? 0x8F : 0xBF};
}

size_t utf8_next(const char *s, size_t len, uint32_t *ret_char)
{
	const unsigned char *u = (const unsigned char *)s;
	struct lead lead;
	uint32_t c;

	if (u[0] < 0x80) {
		*ret_char = u[0];
		return 1;
	}
	*ret_char = UTF8_REPLACEMENT;
	lead = lead_of(u[0]);
	if (lead.more == 0)
		return 1;
	c = u[0] & (0x3FU >> lead.more);
	for (size_t i = 1; i <= lead.more; i++) {
		unsigned char low = i == 1 ? lead.low : 0x80;
		unsigned char high = i == 1 ? lead.high : 0xBF;

		if (i >= len || u[i] < low || u[i] > high)
			return i;
		c = (c << 6) | (u[i] & 0x3FU);
	}
	*ret_char = c;
	return lead.more + (size_t)1;
}

size_t utf8_put(uint32_t c, char out[4])
{
	if (c == 0 || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		c = UTF8_REPLACEMENT;
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xC0 | (c >> 6));
		out[1] = (char)(0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xE0 | (c >> 12));
		out[1] = (char)(0x80 | ((c >> 6) & 0x3F));
		out[2] = (char)(0x80 | (c & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | (c >> 18));
	out[1] = (char)(0x80 | ((c >> 12) & 0x3F));
	out[2] = (char)(0x80 | ((c >> 6) & 0x3F));
	out[3] = (char)(0x80 | (c & 0x3F));
	return 4;
}

bool utf8_valid(const char *s, size_t len)
{
	uint32_t c;

	for (size_t i = 0; i < len;) {
		size_t n;

		if ((unsigned char)s[i] < 0x80) {
			i++;
			continue;
		}
		n = utf8_next(s + i, len - i, &c);
		/* U+FFFD itself is three bytes long, an ill-formed part may be, too, so the bytes
		 * decide. */
		if (c == UTF8_REPLACEMENT && (n != 3 || (unsigned char)s[i] != 0xEF))
			return false;
		i += n;
	}
	return true;
}

size_t utf8_cut(const char *s, size_t len, size_t max_bytes)
{
	size_t cut = max_bytes;

	if (len <= max_bytes)
		return len;
	/* A character is at most four bytes; what goes on longer is none, and is cut anywhere. */
	for (int i = 0; i < 3 && cut > 0 && ((unsigned char)s[cut] & 0xC0) == 0x80; i++)
		cut--;
	return ((unsigned char)s[cut] & 0xC0) == 0x80 ? max_bytes : cut;
}
