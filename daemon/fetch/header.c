/* What is read from the head of an HTTP answer. */
#include "fetch/header.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "limits.h"

static const struct field {
	const char *name;
	size_t name_len;
	size_t max;
} fields[] = {
#define X(symbol, name, max) {name, sizeof name - 1, max},
	HEADER_LIST(X)
#undef X
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

enum header header_read(const char *line, size_t len, const char **ret_value, size_t *ret_len)
{
	const char *colon = memchr(line, ':', len);
	const char *value, *end = line + len;
	size_t name_len = colon ? (size_t)(colon - line) : 0;
	int found = 0;

	while (found < HEADER_COUNT &&
		(fields[found].name_len != name_len ||
			strncasecmp(fields[found].name, line, name_len) != 0))
		found++;
	if (!colon || found == HEADER_COUNT)
		return HEADER_COUNT;
	value = colon + 1;
	while (value < end && is_space(*value))
		value++;
	while (end > value && is_space(end[-1]))
		end--;
	if (value == end || (size_t)(end - value) > fields[found].max)
		return HEADER_COUNT;
	*ret_value = value;
	*ret_len = (size_t)(end - value);
	return (enum header)found;
}

bool header_joins(enum header header, const char *kept)
{
	return (header == HEADER_CONTENT_ENCODING || header == HEADER_CACHE_CONTROL ||
		       header == HEADER_RATELIMIT || header == HEADER_LINK) &&
	       strlen(kept) < fields[header].max;
}

bool header_sendable(const char *value)
{
	size_t len = 0;

	if (!value)
		return false;
	for (; value[len]; len++)
		if (((unsigned char)value[len] < 0x20 && value[len] != '\t') || value[len] == 0x7f)
			return false;
	return len > 0 && len <= FETCH_HEADER_MAX && strcmp(value, "*") != 0;
}

bool header_custom(const char *line)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789"
				    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char *const taken[] = {"host", "connection", "content-length",
		"transfer-encoding", "te", "trailer", "upgrade", "expect", "range", "user-agent",
		"accept-encoding", "if-none-match", "if-modified-since", "if-match",
		"if-unmodified-since", "if-range"};
	size_t name = strspn(line, token);

	if (!name || line[name] != ':' || !line[name + 1 + strspn(line + name + 1, " \t")] ||
		!header_sendable(line) || strncasecmp(line, "proxy-", 6) == 0)
		return false;
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		if (strlen(taken[i]) == name && strncasecmp(taken[i], line, name) == 0)
			return false;
	return true;
}

/* Digits alone as seconds, not more than `max_s`; -1 for anything else. */
static int64_t read_seconds(const char *text, size_t len, int64_t max_s)
{
	int64_t seconds = 0;

	if (len == 0)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		if (seconds <= max_s)
			seconds = seconds * 10 + (text[i] - '0');
	}
	return seconds < max_s ? seconds : max_s;
}

/* The three forms of RFC 9110, 5.6.7 begin with a day's name; curl_getdate() reads a good deal more
 * than those. */
static bool read_date(const char *text, int64_t *ret_ms)
{
	static const char days[] = "MonTueWedThuFriSatSun";
	time_t t;

	if (!text || strlen(text) < 3)
		return false;
	for (const char *day = days; *day; day += 3) {
		if (strncasecmp(text, day, 3) != 0)
			continue;
		t = curl_getdate(text, NULL);
		if (t == -1)
			return false;
		*ret_ms = (int64_t)t * 1000;
		return true;
	}
	return false;
}

int64_t header_retry_after(const char *const values[HEADER_COUNT], int64_t now_ms)
{
	const char *value = values[HEADER_RETRY_AFTER];
	int64_t seconds, date_ms;

	if (!value)
		return -1;
	seconds = read_seconds(value, strlen(value), RETRY_AFTER_MAX_MS / 1000);
	if (seconds >= 0)
		return seconds * 1000;
	read_date(values[HEADER_DATE], &now_ms);
	if (!read_date(value, &date_ms) || date_ms < now_ms)
		return -1;
	return date_ms - now_ms < RETRY_AFTER_MAX_MS ? date_ms - now_ms : RETRY_AFTER_MAX_MS;
}

/* A whole number of seconds with a fraction or other things behind it ("0.0", "58;w=60"). So many
 * that they cannot be meant are milliseconds. */
static int64_t read_leading(const char *text)
{
	int64_t n = read_seconds(text, strspn(text, "0123456789"), INT64_C(100000000000000));

	return n < INT64_C(100000000000) ? n : n / 1000;
}

/* Seconds until the reset of a quota that is used up, one way or the other written; -1. */
static int64_t reset_of(const char *remaining, const char *reset, int64_t now_ms)
{
	int64_t reset_s = reset ? read_leading(reset) : -1;

	if (!remaining || read_leading(remaining) != 0)
		return -1;
	/* so many seconds cannot be meant: a time of day */
	return reset_s > now_ms / 2000 ? reset_s - now_ms / 1000 : reset_s;
}

/* `"a";r=0;t=30, "b";r=5;t=9` or `limit=10, remaining=0, reset=30`: the longest of those that are
 * used up, in seconds; -1. */
static int64_t read_ratelimit(const char *value)
{
	const char *left = NULL, *reset = NULL;
	int64_t longest_s = -1, s;

	for (const char *p = value; p && *p;) {
		size_t len;

		p += strspn(p, ",; \t");
		len = strcspn(p, ",; \t");
		if (*p == '"')
			left = reset = NULL;
		else if (strncmp(p, "r=", 2) == 0)
			left = p + 2;
		else if (strncmp(p, "t=", 2) == 0)
			reset = p + 2;
		else if (strncmp(p, "remaining=", 10) == 0)
			left = p + 10;
		else if (strncmp(p, "reset=", 6) == 0)
			reset = p + 6;
		s = reset_of(left, reset, INT64_MAX);
		longest_s = s > longest_s ? s : longest_s;
		p += len;
	}
	return longest_s;
}

int64_t header_used_up(const char *const values[HEADER_COUNT], int64_t now_ms)
{
	const int64_t waits_s[] = {
		read_ratelimit(values[HEADER_RATELIMIT]),
		reset_of(values[HEADER_REMAINING], values[HEADER_RESET], now_ms),
		reset_of(values[HEADER_X_REMAINING], values[HEADER_X_RESET], now_ms),
	};
	int64_t longest_s = -1;

	for (size_t i = 0; i < sizeof waits_s / sizeof *waits_s; i++)
		longest_s = waits_s[i] > longest_s ? waits_s[i] : longest_s;
	if (longest_s < 0)
		return -1;
	return longest_s < RETRY_AFTER_MAX_MS / 1000 ? longest_s * 1000 : RETRY_AFTER_MAX_MS;
}

/* Seconds of "max-age" among the directives (RFC 9111, 5.2), -1 when there is none; no-cache and
 * no-store mean 0. */
static int64_t read_max_age(const char *directives)
{
	int64_t seconds = -1;

	for (const char *p = directives; p && *p;) {
		size_t len;

		p += strspn(p, ", \t");
		len = strcspn(p, ", \t");
		if (len > 8 && strncasecmp(p, "max-age=", 8) == 0) {
			size_t quote = p[8] == '"' ? 1 : 0;

			seconds = read_seconds(p + 8 + quote,
				len - 8 - (len > 9 ? 2 * quote : quote), FRESH_MAX_MS / 1000);
		} else if ((len == 8 && strncasecmp(p, "no-cache", 8) == 0) ||
			   (len == 8 && strncasecmp(p, "no-store", 8) == 0)) {
			return 0;
		}
		p += len;
	}
	return seconds;
}

int64_t header_fresh(const char *const values[HEADER_COUNT], int64_t now_ms, bool *ret_expires)
{
	const char *age = values[HEADER_AGE];
	int64_t fresh_ms = -1, date_ms = now_ms, expires_ms, age_s;

	fresh_ms = read_max_age(values[HEADER_CACHE_CONTROL]);
	*ret_expires = fresh_ms < 0;
	if (fresh_ms >= 0) {
		fresh_ms *= 1000;
	} else if (read_date(values[HEADER_EXPIRES], &expires_ms)) {
		read_date(values[HEADER_DATE], &date_ms);
		fresh_ms = expires_ms - date_ms;
	} else {
		/* "Expires: 0" is a date in the past (RFC 9111, 5.3); a field without an age in it
		 * replaces the stored one that had it */
		return values[HEADER_EXPIRES] || values[HEADER_CACHE_CONTROL] ? 0 : -1;
	}
	age_s = age ? read_seconds(age, strlen(age), FRESH_MAX_MS / 1000) : 0;
	if (age_s > 0)
		fresh_ms -= age_s * 1000;
	if (fresh_ms < 0)
		return 0;
	return fresh_ms < FRESH_MAX_MS ? fresh_ms : FRESH_MAX_MS;
}

static const struct {
	int status;
	const char *text;
} statuses[] = {
	{204, "No Content"},
	{206, "Partial Content"},
	{226, "IM Used"},
	{304, "Not Modified"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{410, "Gone"},
	{429, "Too Many Requests"},
	{451, "Unavailable For Legal Reasons"},
	{500, "Internal Server Error"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
	{504, "Gateway Timeout"},
};

const char *header_status_text(int status, char out[STATUS_TEXT_BYTES])
{
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
		if (statuses[i].status == status) {
			snprintf(out, STATUS_TEXT_BYTES, "%d %s", status, statuses[i].text);
			return out;
		}
	}
	snprintf(out, STATUS_TEXT_BYTES, "%d", status);
	return out;
}
