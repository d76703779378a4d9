/* Makes foreign text harmless and measures it; puts times into words. */
#include "cli/text.h"

#include <jansson.h>
#include <langinfo.h>
#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static _Noreturn void give_up(void)
{
	fputs("tidings: out of memory\n", stderr);
	exit(1);
}

static void *alloc(size_t size)
{
	return text_alloc(NULL, size);
}

void text_init(void)
{
	json_set_alloc_funcs(alloc, free);
	setlocale(LC_CTYPE, "");
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
}

void *text_alloc(void *old, size_t size)
{
	void *memory = realloc(old, size);
	if (!memory)
		give_up();
	return memory;
}

/* Length of the character at `s`, 0 when it is none. glibc refuses overlong forms and surrogates,
 * but not what is above U+10FFFF. */
static size_t decode(const char *s, size_t len, wchar_t *ret_c)
{
	mbstate_t state = {0};
	size_t n = mbrtowc(ret_c, s, len, &state);
	if (n == 0)
		return 1; /* NUL */
	return n <= len && *ret_c <= 0x10ffff ? n : 0;
}

/* What stands for a character that may not be copied as it is; NULL: it may. */
static const char *substitute(wchar_t c, enum cleaning how)
{
	if (c == '\n' && how == CLEAN_LINES)
		return NULL;
	if ((c >= '\t' && c <= '\r') || c == 0x85 || c == 0x2028 || c == 0x2029)
		return " ";
	if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
		return "";
	return c < 0x20 || (c >= 0x7f && c < 0xa0) ? REPLACEMENT : NULL;
}

char *text_clean(const char *text, size_t len, enum cleaning how)
{
	enum { LONGEST = sizeof("\\u202e") }; /* that a byte can become */
	char *clean = text_alloc(NULL, len * LONGEST + 1), *end = clean;
	for (size_t i = 0; i < len;) {
		wchar_t c = 0xfffd;
		size_t n = decode(text + i, len - i, &c);
		const char *other = n ? substitute(c, how) : REPLACEMENT;
		if (!other)
			end = mempcpy(end, text + i, n);
		else if (n && how == CLEAN_JSON)
			end += snprintf(end, LONGEST, "\\u%04x", (unsigned)c);
		else
			end = mempcpy(end, other, strlen(other));
		i += n ? n : 1;
	}
	*end = '\0';
	return clean;
}

char *text_format(const char *format, va_list args)
{
	char *text = NULL;
	int len = vasprintf(&text, format, args);
	if (len < 0)
		give_up();
	char *clean = text_clean(text, (size_t)len, CLEAN_LINE);
	free(text);
	return clean;
}

size_t text_fit(const char *clean, int columns, int *ret_columns)
{
	size_t at = 0, len = strlen(clean);
	int used = 0;
	while (at < len) {
		wchar_t c = 0;
		size_t n = decode(clean + at, len - at, &c);
		int wide = n ? wcwidth(c) : 1;
		if (wide < 0)
			wide = 1; /* not in this system's tables: most likely a newer sign */
		if (used + wide > columns)
			break;
		used += wide;
		at += n ? n : 1;
	}
	*ret_columns = used;
	return at;
}

int text_width(const char *clean)
{
	int columns;
	text_fit(clean, 1 << 24, &columns);
	return columns;
}

/* At a space if one fits, else in mid-word. */
size_t text_break(const char *text, size_t len, int columns)
{
	int used;
	size_t fits = columns > 0 ? text_fit(text, columns, &used) : len, space = fits;
	if (fits >= len || fits == 0)
		return len;
	while (space > 0 && text[space] != ' ')
		space--;
	return space ? space : fits;
}

void text_wrap(FILE *stream, const char *clean, int columns)
{
	while (*clean) {
		size_t line = text_break(clean, strcspn(clean, "\n"), columns);
		fprintf(stream, "%.*s\n", (int)line, clean);
		clean += line;
		clean += *clean == '\n' ? 1 : strspn(clean, " ");
	}
}

bool time_read(const char *time, time_t *ret_then)
{
	struct tm tm = {0};
	const char *end = strptime(time, "%Y-%m-%dT%H:%M:%S", &tm);

	*ret_then = timegm(&tm);
	return end && (*end == 'Z' || *end == '.');
}

const char *time_words(const char *time, int64_t now_s, char out[WORDS_BYTES])
{
	static const struct {
		int below, unit;
		char letter;
	} ages[] = {{3600, 60, 'm'}, {86400, 3600, 'h'}, {7 * 86400, 86400, 'd'}};
	struct tm tm;
	time_t then;
	out[0] = '\0';
	if (!time_read(time, &then))
		return out;
	int64_t s = then > now_s ? then - now_s : now_s - then;
	if (s < 60)
		return "now";
	for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++)
		if (s < ages[i].below) {
			snprintf(out, WORDS_BYTES, "%s%d%c", then > now_s ? "in " : "",
				(int)(s / ages[i].unit), ages[i].letter);
			return out;
		}
	if (localtime_r(&then, &tm))
		strftime(out, WORDS_BYTES, s < 300 * 86400 ? "%d %b" : "%d %b %Y", &tm);
	return out;
}

const char *span_words(int64_t s, char out[WORDS_BYTES])
{
	static const struct {
		int64_t s;
		const char *name;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	size_t i = 0;
	while (i < 3 && s < units[i].s)
		i++;
	int len = snprintf(out, WORDS_BYTES, "%lld%s", (long long)(s / units[i].s), units[i].name);
	int64_t rest = i < 2 ? s % units[i].s / units[i + 1].s : 0;
	if (rest)
		snprintf(out + len, (size_t)(WORDS_BYTES - len), " %lld%s", (long long)rest,
			units[i + 1].name);
	return out;
}

/* Days from today, of the calendar on the wall. */
static int days_off(time_t then, int64_t now_s, struct tm *ret_then)
{
	time_t now = now_s;
	struct tm today, day;

	localtime_r(&then, ret_then);
	localtime_r(&now, &today);
	day = *ret_then;
	day.tm_hour = today.tm_hour = 12;
	day.tm_min = day.tm_sec = today.tm_min = today.tm_sec = 0;
	day.tm_isdst = today.tm_isdst = -1;
	double days = difftime(mktime(&day), mktime(&today)) / 86400;
	return (int)(days + (days < 0 ? -0.5 : 0.5));
}

const char *moment_words(const char *time, int64_t now_s, char out[WORDS_BYTES])
{
	static const char *const names[] = {"yesterday", "today", "tomorrow"};
	char span[WORDS_BYTES], clock[8], date[24];
	struct tm tm;
	time_t then;

	out[0] = '\0';
	if (!time_read(time, &then))
		return out;
	int off = days_off(then, now_s, &tm);
	strftime(clock, sizeof(clock), "%H:%M", &tm);
	strftime(date, sizeof(date), off > -300 && off < 300 ? "%a %d %b" : "%d %b %Y", &tm);
	if (off < -1 || off > 1)
		snprintf(out, WORDS_BYTES, "%s %s", date, clock);
	else if (then - now_s < 60 && now_s - then < 60)
		snprintf(out, WORDS_BYTES, "%s %s, now", names[off + 1], clock);
	else
		snprintf(out, WORDS_BYTES, then > now_s ? "%s %s, in %s" : "%s %s, %s ago",
			names[off + 1], clock, span_words(llabs(then - now_s), span));
	return out;
}
