/* Takes the long texts out of a JSON document. */
#include "parse/json_texts.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/block.h"
#include "parse/tokens.h"

enum {
	LONG_BYTES = 64, /* what is shorter stays */
	MARK = '@', /* begins what stands for a text; a text that begins so is taken out, too */
};

void json_texts_init(struct json_texts *t, size_t len)
{
	buf_init(&t->json, len);
	buf_init(&t->text, len);
	t->taken = false;
}

void json_texts_finish(struct json_texts *t)
{
	buf_finish(&t->json);
	buf_finish(&t->text);
}

bool json_texts_hex(const char *p, const char *end, unsigned *ret_unit)
{
	char digits[5] = "";

	if (end - p < 4)
		return false;
	memcpy(digits, p, 4);
	*ret_unit = (unsigned)strtoul(digits, NULL, 16);
	return strspn(digits, "0123456789abcdefABCDEF") == 4;
}

/* The end of what stands for itself in a string. */
static const char *plain_end(const char *p, const char *end)
{
	size_t plain = BLOCK_BYTES;

	while (plain == BLOCK_BYTES && end - p >= BLOCK_BYTES) {
		block b = block_at(p);

		plain = block_before((block)((b < ' ') | (b == '"') | (b == '\\')));
		p += plain;
	}
	while (plain == BLOCK_BYTES && p < end && (unsigned char)*p >= ' ' && *p != '"' &&
		*p != '\\')
		p++;
	return p;
}

/* A UTF-16 unit as it stands in an escape at `p`, not NUL. */
static bool read_unit(const char *p, const char *end, unsigned *ret_unit)
{
	return end - p >= 2 && p[0] == '\\' && p[1] == 'u' &&
	       json_texts_hex(p + 2, end, ret_unit) && *ret_unit != 0;
}

/* Decodes the escape at `p`; returns what follows it, NULL when it is none. */
static const char *put_escape(struct buf *out, const char *p, const char *end)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *letter = end - p >= 2 ? memchr(letters, p[1], sizeof(letters) - 1) : NULL;
	unsigned unit, second;
	char bytes[4];

	if (letter) {
		buf_putc(out, meant[letter - letters]);
		return p + 2;
	}
	if (!read_unit(p, end, &unit) || (unit >= 0xDC00 && unit <= 0xDFFF))
		return NULL;
	p += 6;
	if (unit >= 0xD800 && unit <= 0xDBFF) {
		if (!read_unit(p, end, &second) || second < 0xDC00 || second > 0xDFFF)
			return NULL;
		unit = 0x10000 + ((unit - 0xD800) << 10) + (second - 0xDC00);
		p += 6;
	}
	buf_append(out, bytes, utf8_put(unit, bytes));
	return p;
}

/* Decodes the string whose content begins at `p`; returns its closing quote, or NULL. */
static const char *put_string(struct buf *out, const char *p, const char *end)
{
	while (p) {
		const char *stop = plain_end(p, end);

		buf_append(out, p, (size_t)(stop - p));
		if (stop == end || (unsigned char)*stop < ' ')
			return NULL;
		if (*stop == '"')
			return stop;
		p = put_escape(out, stop, end);
	}
	return NULL;
}

/* Moves the string whose content begins at `p`, as it stands or as a mark; returns what follows
 * it, or NULL. */
static const char *take_string(struct json_texts *t, const char *p, const char *end)
{
	size_t from = t->text.len, len;
	const char *close = put_string(&t->text, p, end), *next;

	if (!close || buf_status(&t->text) != 0)
		return NULL;
	len = t->text.len - from;
	next = token_skip_space(close + 1, end);
	if ((len <= LONG_BYTES && (len == 0 || t->text.data[from] != MARK)) ||
		(next < end && *next == ':')) {
		buf_append(&t->json, p - 1, (size_t)(close + 2 - p));
		t->text.len = from;
	} else {
		buf_printf(&t->json, "\"%c%zu %zu\"", MARK, from, len);
		buf_putc(&t->text, '\0');
	}
	return close + 1;
}

bool json_texts_take(struct json_texts *t, const char *json, size_t len)
{
	const char *end = json + len, *p = json;

	while (p && p < end && buf_status(&t->json) == 0) {
		const char *quote = memchr(p, '"', (size_t)(end - p));
		const char *stop = quote ? quote : end;

		buf_append(&t->json, p, (size_t)(stop - p));
		p = quote ? take_string(t, quote + 1, end) : end;
	}
	t->taken = p && buf_status(&t->json) == 0 && buf_status(&t->text) == 0;
	return t->taken;
}

const char *json_texts_get(const struct json_texts *t, const json_t *string, size_t *ret_len)
{
	const char *s = json_string_value(string);
	char *rest;

	*ret_len = json_string_length(string);
	if (!t->taken || !s || *s != MARK)
		return s;
	s = t->text.data + strtoul(s + 1, &rest, 10);
	*ret_len = strtoul(rest, NULL, 10);
	return s;
}
