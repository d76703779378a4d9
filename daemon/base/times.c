/* Instants and durations in milliseconds, written and read. */
#include "base/times.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/err.h"

enum { MS_PER_S = 1000, YEAR_MAX = 200000000 };

int64_t times_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / 1000000;
}

int64_t times_civil_ms(int64_t year, int month, int day, int hour, int minute, int second)
{
	int64_t era, of_era, days;

	/* Beyond this a millisecond count would not fit; feeds do bring such years. */
	if (year > YEAR_MAX)
		year = YEAR_MAX;
	if (year < -YEAR_MAX)
		year = -YEAR_MAX;
	year -= month <= 2;
	era = (year >= 0 ? year : year - 399) / 400;
	of_era = year - era * 400;
	days = era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	       (153 * ((month + 9) % 12) + 2) / 5 + day - 1 - 719468;
	return (((days * 24 + hour) * 60 + minute) * 60 + second) * MS_PER_S;
}

static char *put_digits(char *at, int64_t number, int count, char behind)
{
	for (int i = count - 1; i >= 0; i--, number /= 10)
		at[i] = (char)('0' + number % 10);
	at[count] = behind;
	return at + count + 1;
}

/* By hand: lists are full of dates, and the C library has a lock that all threads wait for. Years
 * begin in March here, so that the leap day is the last, in cycles of 400 years. */
static char *put_date(char *at, int64_t days)
{
	int64_t day = days + 719468 + 146097; /* since March of 400 before year 0 */
	int64_t cycle = day / 146097, of_cycle = day % 146097;
	int64_t year = (of_cycle - of_cycle / 1460 + of_cycle / 36524 - of_cycle / 146096) / 365;
	int64_t of_year = of_cycle - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;
	bool next = month >= 10; /* January and February */

	at = put_digits(at, year + 400 * (cycle - 1) + next, 4, '-');
	at = put_digits(at, next ? month - 9 : month + 3, 2, '-');
	return put_digits(at, of_year - (153 * month + 2) / 5 + 1, 2, 'T');
}

/* Up to the seconds, for the years that four digits can tell. Returns the milliseconds left and
 * where they go. */
static int write_seconds(int64_t time_ms, char out[TIME_TEXT_BYTES], char **ret_end)
{
	const int64_t first = -62167219200000, last = 253402300799999; /* of years 0 and 9999 */
	const int64_t day_ms = 24 * 3600 * (int64_t)MS_PER_S;
	int64_t ms = time_ms < first ? first : time_ms > last ? last : time_ms;
	int64_t of_day = (ms % day_ms + day_ms) % day_ms;
	char *at = put_date(out, (ms - of_day) / day_ms);

	at = put_digits(at, of_day / (3600 * MS_PER_S), 2, ':');
	at = put_digits(at, of_day / (60 * MS_PER_S) % 60, 2, ':');
	*ret_end = put_digits(at, of_day / MS_PER_S % 60, 2, 'Z');
	return (int)(of_day % MS_PER_S);
}

const char *times_rfc3339_s(int64_t time_ms, char out[TIME_TEXT_BYTES])
{
	char *end;

	(void)write_seconds(time_ms, out, &end);
	*end = '\0';
	return out;
}

const char *times_rfc3339_ms(int64_t time_ms, char out[TIME_TEXT_BYTES])
{
	char *end;
	int rest = write_seconds(time_ms, out, &end);

	end[-1] = '.';
	*put_digits(end, rest, 3, 'Z') = '\0';
	return out;
}

/* True when `text` begins as `shape` says, in which 0 stands for any digit, a letter for either
 * case and, as RFC 3339 allows, T for a space. */
static bool has_shape(const char *text, const char *shape)
{
	for (; *shape; text++, shape++) {
		bool fits = *shape == '0'   ? *text >= '0' && *text <= '9'
			    : *shape == 'T' ? *text && strchr("Tt ", *text)
					    : *text == *shape;

		if (!fits)
			return false;
	}
	return true;
}

static int two_digits(const char *p)
{
	return (p[0] - '0') * 10 + p[1] - '0';
}

/* "Z" or "+hh:mm", the last part of the text. */
static bool read_offset(const char *p, int *ret_minutes)
{
	int hours, minutes;

	*ret_minutes = 0;
	if (*p == 'Z' || *p == 'z')
		return p[1] == '\0';
	if ((*p != '+' && *p != '-') || !has_shape(p + 1, "00:00") || p[6])
		return false;
	hours = two_digits(p + 1);
	minutes = two_digits(p + 4);
	*ret_minutes = (*p == '-' ? -1 : 1) * (hours * 60 + minutes);
	return hours < 24 && minutes < 60;
}

/* ".123" and any further digits, which are dropped. */
static int read_fraction(const char **p)
{
	int ms = 0;

	if (!has_shape(*p, ".0"))
		return 0;
	(*p)++;
	/* The unit becomes 0 behind the third digit. */
	for (int unit = 100; **p >= '0' && **p <= '9'; (*p)++, unit /= 10)
		ms += unit * (**p - '0');
	return ms;
}

int times_parse_rfc3339(const char *text, int64_t *ret_ms)
{
	const char *p = text;
	struct tm date = {0};
	int month, day, hour, minute, second, ms, offset;
	int64_t seconds;

	if (!has_shape(p, "0000-00-00T00:00:00"))
		return ERR_INVALID;
	month = two_digits(p + 5);
	day = two_digits(p + 8);
	hour = two_digits(p + 11);
	minute = two_digits(p + 14);
	second = two_digits(p + 17);
	p += 19;
	ms = read_fraction(&p);
	date.tm_year = two_digits(text) * 100 + two_digits(text + 2) - 1900;
	date.tm_mon = month - 1;
	date.tm_mday = day;
	seconds = timegm(&date); /* a day that does not exist becomes another one */
	if (date.tm_mon != month - 1 || date.tm_mday != day || hour > 23 || minute > 59 ||
		second > 60 || !read_offset(p, &offset))
		return ERR_INVALID;
	seconds += (int64_t)hour * 3600 + (int64_t)(minute - offset) * 60 + second;
	*ret_ms = seconds * MS_PER_S + ms;
	return 0;
}

const char *times_duration(int64_t duration_ms, char out[DURATION_TEXT_BYTES])
{
	static const struct {
		uint64_t ms;
		const char *name;
	} units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}, {1, "ms"}};
	const size_t last = sizeof(units) / sizeof(units[0]) - 1;
	const char *sign = duration_ms < 0 ? "-" : "";
	uint64_t rest = duration_ms < 0 ? 0 - (uint64_t)duration_ms : (uint64_t)duration_ms;
	uint64_t count, minor;
	size_t i = 0;

	while (i < last && rest < units[i].ms)
		i++;
	count = rest / units[i].ms;
	/* The next smaller unit is worth telling only above seconds. */
	minor = i < 3 ? rest % units[i].ms / units[i + 1].ms : 0;
	if (rest == 0)
		(void)snprintf(out, DURATION_TEXT_BYTES, "0s");
	else if (minor == 0)
		(void)snprintf(out, DURATION_TEXT_BYTES, "%s%llu%s", sign,
			(unsigned long long)count, units[i].name);
	else
		(void)snprintf(out, DURATION_TEXT_BYTES, "%s%llu%s %llu%s", sign,
			(unsigned long long)count, units[i].name, (unsigned long long)minor,
			units[i + 1].name);
	return out;
}
