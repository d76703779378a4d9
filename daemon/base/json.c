/* Streaming JSON writer: RFC 8259, always valid UTF-8, safe to put on a terminal. */
#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/block.h"
#include "base/err.h"
#include "base/times.h"
#include "base/utf8.h"

void json_init(struct json *j, struct buf *out)
{
	*j = (struct json){.out = out};
}

/* The comma before an element and its key. */
static void lead_in(struct json *j, const char *key)
{
	if (j->comma[j->depth])
		buf_putc(j->out, ',');
	j->comma[j->depth] = true;
	if (key) {
		buf_putc(j->out, '"');
		buf_puts(j->out, key);
		buf_append(j->out, "\":", 2);
	}
}

/* The buffer's failure is the writer's, too; the first one stays. */
static void fail(struct json *j, int code)
{
	if (j->out->failure == 0)
		j->out->failure = code;
}

static void open_level(struct json *j, const char *key, char open, char close)
{
	if (j->depth == JSON_DEPTH_MAX) {
		fail(j, ERR_TOO_BIG);
		return;
	}
	lead_in(j, key);
	buf_putc(j->out, open);
	j->depth++;
	j->comma[j->depth] = false;
	j->close[j->depth] = close;
}

void json_put_object(struct json *j, const char *key)
{
	open_level(j, key, '{', '}');
}

void json_put_array(struct json *j, const char *key)
{
	open_level(j, key, '[', ']');
}

void json_end(struct json *j)
{
	if (j->depth == 0) {
		fail(j, ERR_INTERNAL);
		return;
	}
	buf_putc(j->out, j->close[j->depth]);
	j->depth--;
}

/* The short escapes are pairs of a character and its letter. */
static void put_escape(struct buf *out, uint32_t c)
{
	static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	for (size_t i = 0; i + 1 < sizeof(shorts); i += 2) {
		if ((uint32_t)shorts[i] == c) {
			buf_putc(out, '\\');
			buf_putc(out, shorts[i + 1]);
			return;
		}
	}
	buf_printf(out, "\\u%04x", (unsigned)c);
}

/* JSON demands the first; C1 controls steer terminals, U+2028 and U+2029 end a line of JavaScript.
 */
static bool needs_escape(uint32_t c)
{
	return c < 0x20 || c == '"' || c == '\\' || (c >= 0x7F && c <= 0x9F) || c == 0x2028 ||
	       c == 0x2029;
}

/* True for bytes that stand for themselves; they are the most, and are copied in runs. */
static bool is_plain(char c)
{
	unsigned char u = (unsigned char)c;

	return u >= 0x20 && u < 0x7F && u != '"' && u != '\\';
}

/* How many of them come first. */
static size_t plain_run(const char *s, size_t len)
{
	size_t i = 0, n = BLOCK_BYTES;

	for (; n == BLOCK_BYTES && len - i >= BLOCK_BYTES; i += n) {
		block b = block_at(s + i);

		n = block_before((block)((b < 0x20) | (b >= 0x7F) | (b == '"') | (b == '\\')));
	}
	if (n < BLOCK_BYTES)
		return i;
	while (i < len && is_plain(s[i]))
		i++;
	return i;
}

static void put_text(struct buf *out, const char *s, size_t len)
{
	size_t done = 0; /* bytes before this have been written */
	size_t i = 0;

	while (i < len && !out->failure) {
		uint32_t c;
		size_t n;

		i += plain_run(s + i, len - i);
		if (i == len)
			break;
		n = utf8_next(s + i, len - i, &c);
		if (needs_escape(c) || c == UTF8_REPLACEMENT) {
			buf_append(out, s + done, i - done);
			if (c == UTF8_REPLACEMENT)
				buf_puts(out, "\xEF\xBF\xBD");
			else
				put_escape(out, c);
			done = i + n;
		}
		i += n;
	}
	buf_append(out, s + done, len - done);
}

void json_put_string_n(struct json *j, const char *key, const char *value, size_t len)
{
	if (!value) {
		json_put_null(j, key);
		return;
	}
	lead_in(j, key);
	buf_putc(j->out, '"');
	put_text(j->out, value, len);
	buf_putc(j->out, '"');
}

void json_put_string(struct json *j, const char *key, const char *value)
{
	json_put_string_n(j, key, value, value ? strlen(value) : 0);
}

void json_put_raw(struct json *j, const char *key, const char *value, size_t len)
{
	lead_in(j, key);
	buf_append(j->out, value, len);
}

void json_put_int(struct json *j, const char *key, int64_t value)
{
	char digits[20]; /* by hand: answers are full of them */
	size_t at = sizeof(digits);
	uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;

	for (; left > 0 || at == sizeof(digits); left /= 10)
		digits[--at] = (char)('0' + left % 10);
	if (value < 0)
		digits[--at] = '-';
	lead_in(j, key);
	buf_append(j->out, digits + at, sizeof(digits) - at);
}

void json_put_double(struct json *j, const char *key, double value)
{
	const double exact_max = 9e15; /* beyond, a thousand times the value leaves int64_t */
	unsigned long long milli;

	if (!isfinite(value)) {
		json_put_null(j, key);
		return;
	}
	lead_in(j, key);
	if (value > exact_max || value < -exact_max) {
		buf_printf(j->out, "%.0f", value);
		return;
	}
	/* By integers, since printf's decimal point is the locale's. */
	milli = (unsigned long long)((value < 0 ? -value : value) * 1000 + 0.5);
	buf_printf(
		j->out, "%s%llu.%03llu", value < 0 && milli ? "-" : "", milli / 1000, milli % 1000);
}

void json_put_bool(struct json *j, const char *key, bool value)
{
	lead_in(j, key);
	buf_puts(j->out, value ? "true" : "false");
}

void json_put_null(struct json *j, const char *key)
{
	lead_in(j, key);
	buf_puts(j->out, "null");
}

void json_put_time(struct json *j, const char *key, int64_t time_ms)
{
	char text[TIME_TEXT_BYTES];

	json_put_string(j, key, time_ms == TIME_NONE ? NULL : times_rfc3339_ms(time_ms, text));
}

void json_put_string_opt(struct json *j, const char *key, const char *value)
{
	if (value)
		json_put_string(j, key, value);
}
