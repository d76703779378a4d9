/* Character and entity references of the world. */
#include "parse/reference.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"
#include "parse/encoding.h"
#include "parse/html.h"
#include "parse/tokens.h"

enum { REFERENCE_MAX = 34 }; /* "&", the longest name and ";" */

/* Bytes of "&name;" at `p`; 0 when it is none. */
static size_t name_length(const char *p, const char *end)
{
	const char *q = p + 1;

	while (q < end && q - p < REFERENCE_MAX && token_name_char(*q) && *q != ':')
		q++;
	return q < end && *q == ';' && q > p + 1 ? (size_t)(q + 1 - p) : 0;
}

/* The references that XML declares. */
static bool read_predefined(const char *p, const char *end, struct reference *r)
{
	static const struct {
		const char *name;
		unsigned char len;
		char character;
	} five[] = {{"&lt;", 4, '<'}, {"&gt;", 4, '>'}, {"&amp;", 5, '&'}, {"&quot;", 6, '"'},
		{"&apos;", 6, '\''}};

	for (size_t i = 0; i < sizeof(five) / sizeof(five[0]); i++)
		if (end - p >= five[i].len && memcmp(p, five[i].name, five[i].len) == 0) {
			*r = (struct reference){
				.used = five[i].len, .text = &five[i].character, .len = 1};
			return true;
		}
	return false;
}

/* A reference to U+0080-U+00FF, in any spelling. */
static size_t read_byte(const char *p, const char *end, uint32_t *ret_char)
{
	size_t n;

	if (end - p < 3 || *p != '&')
		return 0;
	if (p[1] == '#') {
		n = html_number(p, end, ret_char);
	} else {
		const char *text;

		n = name_length(p, end);
		text = n > 0 ? html_entity(p + 1, n - 2) : NULL;
		if (text == NULL)
			return 0;
		utf8_next(text, strlen(text), ret_char);
	}
	return *ret_char >= 0x80 && *ret_char <= 0xFF ? n : 0;
}

/* Believed only when a C1 control is among the bytes, which nobody means. */
static size_t read_double_encoded(
	const char *p, const char *end, uint32_t first, struct reference *r)
{
	size_t used = 0, count = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
	bool control = false;
	uint32_t c = 0;

	if (first < 0xC2 || first > 0xF4)
		return 0;
	for (size_t i = 0; i < count; i++) {
		size_t n = read_byte(p + used, end, &c);

		if (n == 0 || (i > 0 && c > 0xBF))
			return 0;
		control = control || c < 0xA0;
		r->bytes[i] = (char)c;
		used += n;
	}
	r->len = count;
	return control && utf8_valid(r->bytes, count) ? used : 0;
}

static void judge_number(const char *p, uint32_t c, struct reference *r)
{
	if (!encoding_char_allowed(c) || p[r->used - 1] != ';' || p[2] == 'X')
		r->fault = REFERENCE_NUMBER;
	if (c == '\r')
		c = '\n';
	if (encoding_windows_1252(c) != 0)
		c = encoding_windows_1252(c);
	if (encoding_char_allowed(c) || c > 0x9F)
		r->len = utf8_put(encoding_char_allowed(c) ? c : UTF8_REPLACEMENT, r->bytes);
}

void reference_read(const char *p, const char *end, struct reference *ret_reference)
{
	struct reference *r = ret_reference;
	uint32_t c = 0;
	size_t used;

	if (read_predefined(p, end, r))
		return;
	*r = (struct reference){.fault = REFERENCE_GOOD, .text = r->bytes};
	used = read_byte(p, end, &c);
	r->used = used > 0 ? read_double_encoded(p, end, c, r) : 0;
	if (r->used > 0) {
		r->fault = REFERENCE_NUMBER;
		return;
	}
	r->len = 0;
	used = end - p > 1 && p[1] != '#' ? name_length(p, end) : 0;
	if (used > 0)
		r->text = html_entity(p + 1, used - 2);
	if (used > 0 && r->text != NULL) {
		r->fault = REFERENCE_UNKNOWN;
		r->used = used;
		r->len = strlen(r->text);
		return;
	}
	r->text = r->bytes;
	r->used = end - p > 1 && p[1] == '#' ? html_number(p, end, &c) : 0;
	if (r->used > 0) {
		judge_number(p, c, r);
		return;
	}
	*r = (struct reference){.fault = REFERENCE_NONE, .used = 1, .text = "&", .len = 1};
}
