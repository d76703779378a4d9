/* Splitting targets, decoding parameters and writing heads of answers. */
#include "api/http.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/err.h"
#include "base/utf8.h"

bool slice_is(struct slice s, const char *text)
{
	return strlen(text) == s.len && memcmp(s.at, text, s.len) == 0;
}

/* Skips "http://authority" of the absolute form, which servers must understand (RFC 9112, 3.2.2).
 */
static const char *skip_authority(const char *target)
{
	static const char scheme[] = "http://";

	if (strncasecmp(target, scheme, sizeof(scheme) - 1) != 0)
		return target;
	target += sizeof(scheme) - 1;
	return target + strcspn(target, "/?");
}

void http_split_target(const char *target, struct slice *ret_path, struct slice *ret_query)
{
	const char *path = skip_authority(target);
	size_t len = strcspn(path, "?#");
	const char *query = path + len + (path[len] == '?');

	*ret_path = (struct slice){path, len};
	*ret_query = (struct slice){query, strcspn(query, "#")};
}

int http_split_path(struct slice path, int max, struct slice ret_segments[])
{
	const char *end = path.at + path.len;
	int count = 0;

	for (const char *p = path.at; p < end;) {
		const char *slash = memchr(p, '/', (size_t)(end - p));
		const char *stop = slash ? slash : end;
		if (stop > p) {
			if (count == max)
				return max + 1;
			ret_segments[count++] = (struct slice){p, (size_t)(stop - p)};
		}
		p = stop + 1;
	}
	return count;
}

/* Cuts what stands before the first `separator` off `s`; false when there is none, and then all of
 * it is taken. */
static bool cut(struct slice *s, char separator, struct slice *ret_part)
{
	const char *at = s->len > 0 ? memchr(s->at, separator, s->len) : NULL;
	size_t len = at ? (size_t)(at - s->at) : s->len;
	size_t gone = at ? len + 1 : len;

	*ret_part = (struct slice){s->at, len};
	s->at += gone;
	s->len -= gone;
	return at != NULL;
}

bool http_next_pair(struct slice *query, struct slice *ret_name, struct slice *ret_value)
{
	while (query->len > 0) {
		struct slice pair;
		cut(query, '&', &pair);
		if (pair.len == 0)
			continue; /* "a=1&&b=2" */
		if (cut(&pair, '=', ret_name))
			*ret_value = pair;
		else
			*ret_value = (struct slice){"", 0};
		return true;
	}
	return false;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte at `p`, escaped or not; -1 when the escape is broken. Moves `p` on. */
static int next_byte(const char **p, const char *end, enum http_coding coding)
{
	char c = *(*p)++;

	if (c == '+' && coding != HTTP_CODED_PATH)
		return ' ';
	if (c != '%')
		return (unsigned char)c;
	int high = end - *p >= 2 ? hex_digit((*p)[0]) : -1;
	int low = high >= 0 ? hex_digit((*p)[1]) : -1;
	if (low < 0)
		return coding == HTTP_CODED_FORM ? '%' : -1;
	*p += 2;
	return high * 16 + low;
}

int http_decode(struct arena *a, struct slice s, enum http_coding coding, char **ret_text)
{
	char *text = arena_alloc(a, s.len + 1);
	size_t len = 0;

	if (!text)
		return ERR_NOMEM;
	for (const char *p = s.at, *end = s.at + s.len; p < end;) {
		int byte = next_byte(&p, end, coding);
		if (byte < 0x20 || byte == 0x7f)
			return ERR_INVALID;
		text[len++] = (char)byte;
	}
	if (!utf8_valid(text, len))
		return ERR_INVALID;
	*ret_text = text;
	return 0;
}

const char *http_date(int64_t time_ms, char out[HTTP_DATE_BYTES])
{
	time_t seconds = (time_t)(time_ms / 1000);
	struct tm tm = {0};

	/* The names are English: the daemon leaves its locale at "C". */
	gmtime_r(&seconds, &tm);
	strftime(out, HTTP_DATE_BYTES, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	return out;
}

static const char *reason_of(int status)
{
	static const char *const reasons[] = {"OK", "Created", "Accepted", "", "No Content"};

	return status >= 200 && status <= 204 ? reasons[status - 200] : "";
}

void http_write_head(struct buf *out, const struct http_head *head, int64_t now_ms)
{
	char date[HTTP_DATE_BYTES];

	buf_printf(out, "HTTP/1.1 %d %s\r\nDate: %s\r\nServer: tidings/" TIDINGS_VERSION "\r\n",
		head->status, head->reason ? head->reason : reason_of(head->status),
		http_date(now_ms, date));
	if (head->content_type)
		buf_printf(
			out, "Content-Type: %s\r\nCache-Control: no-store\r\n", head->content_type);
	if (head->length >= 0 && head->status >= 200 && head->status != 204 && head->status != 304)
		buf_printf(out, "Content-Length: %" PRId64 "\r\n", head->length);
	if (head->close)
		buf_puts(out, "Connection: close\r\n");
	if (head->fields)
		buf_puts(out, head->fields);
	buf_puts(out, "\r\n");
}
