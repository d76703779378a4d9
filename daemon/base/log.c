/* Log lines: formatted, quoted and redacted in a buffer of fixed size, so that logging needs no
 * memory. */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/times.h"
#include "base/utf8.h"
#include "limits.h"

enum { TAIL_BYTES = 8 }; /* kept for the mark of a cut, a quote and the newline */

static atomic_int threshold = LOG_INFO;
static bool to_journal;

static const char *const level_names[] = {
	[LOG_ERROR] = "error",
	[LOG_WARNING] = "warning",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

/* A line in the making; once something did not fit, nothing more is added. */
struct line {
	char text[LOG_LINE_MAX];
	size_t len;
	bool cut;
	const char *quote; /* what closes the value that is being written */
};

/* Whoever takes the pieces of a redacted text. */
typedef void sink(void *to, const char *s, size_t len);

void log_init(enum log_level level)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char own[64] = "";
	struct stat st;

	atomic_store(&threshold, (int)level);
	if (fstat(STDERR_FILENO, &st) == 0)
		(void)snprintf(own, sizeof(own), "%llu:%llu", (unsigned long long)st.st_dev,
			(unsigned long long)st.st_ino);
	to_journal = stream && *stream && strcmp(stream, own) == 0;
}

void log_set_level(enum log_level level)
{
	atomic_store(&threshold, (int)level);
}

int log_level_parse(const char *name, enum log_level *ret_level)
{
	for (int i = LOG_ERROR; i <= LOG_DEBUG; i++) {
		if (level_names[i] && strcmp(level_names[i], name) == 0) {
			*ret_level = (enum log_level)i;
			return 0;
		}
	}
	return ERR_INVALID;
}

/* -- redaction (C25) -- */

/* Ends of query keys whose values are secrets: "token" covers access_token, "key" api_key and so
 * on. */
static const char *const secret_keys[] = {
	"token",
	"key",
	"auth",
	"password",
	"passwd",
	"pass",
	"pwd",
	"secret",
	"sig",
	"signature",
	"credential",
};

static bool is_secret_key(const char *key, size_t len)
{
	for (size_t i = 0; i < sizeof(secret_keys) / sizeof(secret_keys[0]); i++) {
		size_t n = strlen(secret_keys[i]);

		if (len >= n && strncasecmp(key + len - n, secret_keys[i], n) == 0)
			return true;
	}
	return false;
}

/* What ends a URL in a text. Other controls do not: a stray one must not uncover a secret. */
#define URL_ENDS " \t\r\n\"<>"

/* The part to hide that begins at `s`, behind "//": the userinfo up to its "@", or 0. The last "@"
 * counts, since people forget to encode one in a password. */
static size_t secret_userinfo(const char *s)
{
	size_t end = strcspn(s, "/?# \t\r\n");

	while (end > 0 && s[end - 1] != '@')
		end--;
	return end > 0 ? end - 1 : 0;
}

/* At `s` a query parameter may begin: where its secret value begins and how long it is. */
static bool secret_value(const char *s, size_t *ret_start, size_t *ret_len)
{
	size_t key = strcspn(s, "=&;?#/" URL_ENDS);

	if (s[key] != '=' || !is_secret_key(s, key))
		return false;
	*ret_start = key + 1;
	*ret_len = strcspn(s + key + 1, "&;#" URL_ENDS);
	return true;
}

/* After the colon of a quoted Authorization header: everything up to the end of its line. */
static size_t secret_header(const char *text, const char *colon)
{
	static const char name[] = "authorization";
	const size_t len = sizeof(name) - 1;

	if ((size_t)(colon - text) < len || strncasecmp(colon - len, name, len) != 0)
		return 0;
	return strcspn(colon + 1, "\r\n");
}

/* The bytes that a secret may follow. */
#define SECRET_MARKS "/:?&;#"

/* Looks whether a secret follows the byte at `p`. */
static bool secret_after(const char *text, const char *p, size_t *ret_start, size_t *ret_len)
{
	*ret_start = 0;
	switch (*p) {
	case '/':
		*ret_len = p[1] == '/' ? secret_userinfo(p + 2) : 0;
		*ret_start = 1;
		return *ret_len > 0;
	case ':':
		*ret_len = secret_header(text, p);
		return *ret_len > 0;
	case '?':
	case '&':
	case ';':
	case '#':
		return secret_value(p + 1, ret_start, ret_len);
	default:
		return false;
	}
}

/* Hands over `text` in pieces, so that one walk serves a buffer and a line that needs no memory. */
static void redact(const char *text, sink *put, void *to)
{
	const char *done = text;
	const char *p = text + strcspn(text, SECRET_MARKS);

	while (*p) {
		size_t start, len;

		if (secret_after(text, p, &start, &len)) {
			put(to, done, (size_t)(p + 1 - done) + start);
			put(to, "***", 3);
			p += start + len;
			done = p + 1;
		}
		p++;
		p += strcspn(p, SECRET_MARKS);
	}
	put(to, done, (size_t)(p - done));
}

static void put_buf(void *to, const char *s, size_t len)
{
	buf_append(to, s, len);
}

void log_redact(struct buf *out, const char *text)
{
	redact(text, put_buf, out);
}

/* -- the line -- */

/* All or nothing: a piece is a character or an escape, and neither is to be halved. */
static void line_put(struct line *l, const char *s, size_t len)
{
	if (l->cut || len > sizeof(l->text) - TAIL_BYTES - l->len) {
		l->cut = true;
		return;
	}
	memcpy(l->text + l->len, s, len);
	l->len += len;
}

__attribute__((format(printf, 2, 3))) static void line_printf(
	struct line *l, const char *format, ...)
{
	char text[100]; /* an event's name is the longest */
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len > 0)
		line_put(l, text, (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1);
}

/* Characters that would end the line, forge a field, or move a terminal's cursor or writing
 * direction. */
static bool is_risky(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c <= 0x9F) || (c >= 0x200B && c <= 0x200F) ||
	       (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

static void put_quoted(void *to, const char *s, size_t len)
{
	struct line *l = to;
	char bytes[4];
	size_t n;

	for (size_t i = 0; i < len && !l->cut; i += n) {
		uint32_t c;

		n = utf8_next(s + i, len - i, &c);
		if (c == '"' || c == '\\')
			line_put(l, c == '"' ? "\\\"" : "\\\\", 2);
		else if (c == '\n')
			line_put(l, "\\n", 2);
		else if (is_risky(c))
			line_printf(l, c < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned)c);
		else
			line_put(l, bytes, utf8_put(c, bytes));
	}
}

/* True for what needs no quotes. "-" does, since it stands for NULL, and so does "=". */
static bool is_plain_word(const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "-._~:/?#[]@!$&()*+,;%";

	return *s && strcmp(s, "-") != 0 && s[strspn(s, plain)] == '\0';
}

static void put_string(struct line *l, const char *s)
{
	const char *quote;

	if (!s) {
		line_put(l, "-", 1);
		return;
	}
	/* What replaces a secret is plain, so the unredacted text decides. */
	quote = is_plain_word(s) ? "" : "\"";
	line_put(l, quote, strlen(quote));
	if (l->cut)
		return;
	l->quote = quote;
	redact(s, put_quoted, l);
	line_put(l, quote, strlen(quote));
	if (!l->cut)
		l->quote = "";
}

/* Writes one conversion; `f` stands after the "%". Returns what follows it, NULL when it is none of
 * the listed ones. */
static const char *put_conversion(struct line *l, const char *f, va_list *args)
{
	if (*f == 's')
		put_string(l, va_arg(*args, const char *));
	else if (*f == 'd')
		line_printf(l, "%d", va_arg(*args, int));
	else if (*f == 'u')
		line_printf(l, "%u", va_arg(*args, unsigned));
	else if (strncmp(f, "lld", 3) == 0)
		line_printf(l, "%lld", va_arg(*args, long long));
	else if (strncmp(f, "llu", 3) == 0)
		line_printf(l, "%llu", va_arg(*args, unsigned long long));
	else if (strncmp(f, "zu", 2) == 0)
		line_printf(l, "%zu", va_arg(*args, size_t));
	else
		return NULL;
	return f + strcspn(f, "sdu") + 1;
}

static void put_format(struct line *l, const char *format, va_list *args)
{
	const char *f = format;

	while (f && *f) {
		size_t n = strcspn(f, "%");

		line_put(l, f, n);
		f += n;
		if (*f == '%')
			f = put_conversion(l, f + 1, args);
	}
	if (!f)
		line_put(l, "!",
			1); /* a conversion that is not in the list: what follows cannot be read */
}

static void line_write(struct line *l)
{
	ssize_t n;

	if (l->cut)
		l->len += (size_t)snprintf(l->text + l->len, TAIL_BYTES, "...%s", l->quote);
	l->text[l->len++] = '\n';
	/* One call for the whole line: shorter than PIPE_BUF, so lines of several threads never
	 * mix. */
	do
		n = write(STDERR_FILENO, l->text, l->len);
	while (n < 0 && errno == EINTR);
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
	struct line line;
	char time[TIME_TEXT_BYTES];
	va_list args;

	if ((int)level > atomic_load(&threshold))
		return;
	line.len = 0;
	line.cut = false;
	line.quote = "";
	if (to_journal)
		line_printf(&line, "<%d>%s", (int)level, event);
	else
		line_printf(&line, "%s %s %s", times_rfc3339_ms(times_now_ms(), time),
			level_names[level], event);
	if (format && *format) {
		line_put(&line, " ", 1);
		va_start(args, format);
		put_format(&line, format, &args);
		va_end(args);
	}
	line_write(&line);
}
