/* Dates as publishers write them: words, numbers and signs, then a table of the shapes that they
 * form. */
#include "parse/date.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/times.h"
#include "parse/date_plain.h"
#include "parse/date_tokens.h"

#define DAY_MS INT64_C(86400000)

enum { TEXT_MAX = 160, NUMBERS_MAX = 4, SHAPE_BYTES = 24, CENTURY_PIVOT = 70, KOREA_MIN = 540 };

/* The signs that count between the numbers of a date. */
#define SHAPE_SIGNS "-./"

/* What is known so far; -1: nothing. */
struct date {
	int64_t year, month, day, hour, minute, second, ms;
	int64_t unix_ms, ordinal, week, weekday;
	int half;     /* 0: before noon, 12: after */
	int zone_min; /* of a name */
	int offset_min;
	bool has_zone, has_offset;
	const struct date_place *place;
	bool strange; /* an unknown word stood behind a number */
	const struct date_token *numbers[NUMBERS_MAX];
	size_t number_count;
	char shape[SHAPE_BYTES]; /* the date without the time: see `shapes` */
	size_t shape_len;
};

/* n: 1-2 digits, o: 3, Y: 4, m: the name of a month, W: the letter of ISO weeks; more digits: 5 6 7
 * 8, s: 9-10, b: 12, i: 13, e: 14;
 * ?: any signs or none. The order says what the numbers are, one letter a number or one a digit:
 * Year, Month, Day, hour, minute, second, Ordinal day, Week, day of the week (d), Unix seconds and
 * milliseconds (U, u). */
static const struct shape {
	const char *pattern;
	const char *order;
} shapes[] = {{"n?m?Y", "D Y"}, {"Y?n?n", "Y M D"}, {"n?m?n", "D Y"}, {"m?n?Y", "D Y"},
	{"m?n?n", "D Y"}, {"Y?m?n", "Y D"}, {"m?Y", "Y"}, {"Y?m", "Y"}, {"Y?o?n", "Y M D"},
	{"nnY", "D M Y"}, {"n.n.Y", "D M Y"}, {"n-n-Y", "D M Y"}, {"n/n/Y", "M D Y"},
	{"n-n-n", "Y M D"}, {"n.n.n", "D M Y"}, {"n/n/n", "M D Y"}, {"Y?n", "Y M"}, {"Y", "Y"},
	{"8", "YYYYMMDD"}, {"e", "YYYYMMDDhhmmss"}, {"b", "YYYYMMDDhhmm"}, {"s", "U"}, {"i", "u"},
	{"6", "YYMMDD"}, {"Y-o", "Y O"}, {"7", "YYYYOOO"}, {"5", "YYOOO"}, {"Y?Wn?n", "Y W d"},
	{"Y?Wo", "Y WWd"}, {"Y?Wn", "Y W"}, {"-n-n", "Y M"}, {"-Y", "YYMM"}};

static bool is_sign(const struct date_token *t, const char *signs)
{
	return t->kind == TOKEN_SIGN && strchr(signs, t->sign);
}

static void add_shape(struct date *d, char c)
{
	if (d->shape_len + 1 == sizeof(d->shape)) {
		d->strange = true;
		return;
	}
	d->shape[d->shape_len++] = c;
	d->shape[d->shape_len] = '\0';
}

/* The letter of a number of so many digits, or 0: see `shapes`. */
static char shape_of(int digits)
{
	static const char letters[] = {
		0, 'n', 'n', 'o', 'Y', '5', '6', '7', '8', 's', 's', 0, 'b', 'i', 'e'};

	return letters[digits < (int)sizeof(letters) ? digits : 0];
}

/* Of a second, behind it. */
static const struct date_token *take_fraction(struct date *d, const struct date_token *t)
{
	if (!is_sign(t, ".,") || t[1].kind != TOKEN_NUMBER || !t[1].glued)
		return t;
	for (int i = 0, unit = 100; i < t[1].digits && i < 3; i++, unit /= 10)
		if (t[1].text[i] >= '0' && t[1].text[i] <= '9')
			d->ms += (t[1].text[i] - '0') * unit;
	return t + 2;
}

/* Reads "10:14:55.123" from the hour on, the ":" (or ".") being seen. */
static const struct date_token *take_clock(struct date *d, const struct date_token *t)
{
	const char sign[] = {t[1].sign, '\0'};

	d->hour = t->value;
	d->minute = t[2].value;
	t += 3;
	if (!is_sign(t, sign) || t[1].kind != TOKEN_NUMBER)
		return t;
	d->second = t[1].value;
	t += 2;
	return take_fraction(d, t);
}

/* Reads the digits behind the T of ISO 8601's basic form: 10, 1014, 101455. */
static const struct date_token *take_compact_clock(struct date *d, const struct date_token *t)
{
	int64_t divisor = t->digits == 6 ? 10000 : t->digits == 4 ? 100 : 1;

	d->hour = t->value / divisor;
	if (t->digits >= 4)
		d->minute = t->value / (divisor / 100) % 100;
	if (t->digits == 6)
		d->second = t->value % 100;
	return take_fraction(d, t + 1);
}

/* True when all of a date has been seen, so that a sign may start a zone. */
static bool is_dated(const struct date *d)
{
	return d->number_count >= 3 ||
	       (d->number_count == 2 && memchr(d->shape, 'm', d->shape_len)) || d->day >= 0;
}

/* True when "+" or "-" at `t` starts the distance from Greenwich. */
static bool is_offset(const struct date *d, const struct date_token *t)
{
	if (!is_sign(t, "+-") || t[1].kind != TOKEN_NUMBER || !t[1].glued || d->has_offset)
		return false;
	if (t[2].meaning.kind == WORD_MONTH)
		return false;
	return is_dated(d) ? d->hour >= 0 || t->sign == '+'
			   : d->hour >= 0 && (t[1].digits == 4 || is_sign(t + 2, ":"));
}

/* Reads +1, +01, +100, +0100, +01:00. */
static const struct date_token *take_offset(struct date *d, const struct date_token *t)
{
	const struct date_token *n = t + 1;
	int64_t hours = n->value, minutes = 0;
	bool pair = n->digits <= 2 && is_sign(n + 1, ":") && n[2].kind == TOKEN_NUMBER;

	if (pair) {
		minutes = n[2].value;
	} else if (n->digits > 2) {
		minutes = hours % 100;
		hours /= 100;
	}
	if (n->digits > 4 || hours > 23 || minutes > 59)
		return NULL;
	d->offset_min = (int)(hours * 60 + minutes) * (t->sign == '-' ? -1 : 1);
	d->has_offset = true;
	return n + (pair ? 3 : 1);
}

static void set_unit(struct date *d, int unit, int64_t value, int digits)
{
	static const struct {
		char unit;
		size_t at;
	} fields[] = {{'Y', offsetof(struct date, year)}, {'M', offsetof(struct date, month)},
		{'D', offsetof(struct date, day)}, {'h', offsetof(struct date, hour)},
		{'m', offsetof(struct date, minute)}, {'s', offsetof(struct date, second)},
		{'O', offsetof(struct date, ordinal)}, {'W', offsetof(struct date, week)},
		{'d', offsetof(struct date, weekday)}, {'U', offsetof(struct date, unix_ms)},
		{'u', offsetof(struct date, unix_ms)}};

	if (unit == 'Y' && digits <= 2)
		value += value < CENTURY_PIVOT ? 2000 : 1900;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].unit == unit)
			*(int64_t *)(void *)((char *)d + fields[i].at) =
				unit == 'U' ? value * 1000 : value;
}

/* True when "10:15" stands at `t`, or, behind the date, "10.15". */
static bool is_time(const struct date *d, const struct date_token *t)
{
	return d->hour < 0 && t->digits <= 2 && t[2].kind == TOKEN_NUMBER &&
	       (is_sign(t + 1, ":") ||
		       (is_sign(t + 1, ".") && t[1].glued && t[2].glued && is_dated(d)));
}

/* True when a time of day starts at `t`. */
static bool is_clock(const struct date_token *t)
{
	return t->kind == TOKEN_NUMBER && (is_sign(t + 1, ":") || t[1].meaning.kind == WORD_UNIT);
}

/* Reads "0100", behind all that a date has, for "+0100". */
static bool take_bare_offset(struct date *d, const struct date_token *t)
{
	if (!is_dated(d) || d->hour < 0 || d->has_offset || t->digits != 4 || t->value > 1400)
		return false;
	d->offset_min = (int)(t->value / 100 * 60 + t->value % 100);
	d->has_offset = true;
	return true;
}

/* Reads a number and what it is part of; NULL when it makes no sense. `before` is the token before,
 * or NULL. */
static const struct date_token *take_number(
	struct date *d, const struct date_token *t, const struct date_token *before)
{
	struct date_word unit = t[1].meaning;

	if (unit.kind == WORD_UNIT) {
		set_unit(d, unit.value, t->value, t->digits);
		if (unit.value == 'h' && t[2].kind == TOKEN_NUMBER && t[2].glued &&
			t[3].kind != TOKEN_WORD)
			d->minute = (t++)[2].value;
		return t + 2;
	}
	if (is_time(d, t))
		return take_clock(d, t);
	if (d->hour < 0 && before && before->kind == TOKEN_WORD && strcmp(before->word, "t") == 0 &&
		(t->digits <= 2 || t->digits == 4 || t->digits == 6))
		return take_compact_clock(d, t);
	if (d->hour < 0 && t->digits <= 2 && unit.kind == WORD_HALF && !is_clock(t + 2)) {
		d->hour = t->value;
		return t + 1;
	}
	if (take_bare_offset(d, t))
		return t + 1;
	if (d->strange || d->number_count == NUMBERS_MAX || !shape_of(t->digits))
		return NULL;
	d->numbers[d->number_count++] = t;
	add_shape(d, shape_of(t->digits));
	return t + 1;
}

/* A second month means that the first was a weekday: "mar 11 jul". */
static void take_month(struct date *d, int month)
{
	if (d->month >= 0 && d->shape[0] == 'm') {
		size_t skip = 1 + strspn(d->shape + 1, SHAPE_SIGNS);

		d->shape_len -= skip;
		memmove(d->shape, d->shape + skip, d->shape_len + 1);
	} else if (d->month >= 0 || d->strange) {
		return;
	}
	d->month = month;
	add_shape(d, 'm');
}

static void take_zone(struct date *d, int minutes)
{
	if (d->hour < 0 || d->has_zone)
		return;
	d->zone_min = minutes;
	d->has_zone = true;
}

/* A word that means nothing by itself: a weekday, or the first half of "p. m.". */
static void take_unknown(struct date *d, const struct date_token *t)
{
	if (d->hour >= 0 && is_sign(t + 1, ".") && strcmp(t->word, "a") == 0)
		d->half = 0;
	else if (d->hour >= 0 && is_sign(t + 1, ".") && strcmp(t->word, "p") == 0)
		d->half = 12;
	else if (d->number_count > 0)
		d->strange = true;
}

static const struct date_token *take_word(struct date *d, const struct date_token *t)
{
	struct date_word w = t->meaning;

	switch (w.kind) {
	case WORD_MONTH:
		take_month(d, w.value);
		break;
	case WORD_ZONE:
		take_zone(d, w.value);
		break;
	case WORD_HALF:
		/* "am" is also German for "on the". */
		if (d->hour >= 0 || is_clock(t + 1))
			d->half = w.value;
		break;
	case WORD_WEEK:
		if (t->glued || d->number_count == 1)
			add_shape(d, 'W');
		break;
	case WORD_UNKNOWN:
		take_unknown(d, t);
		break;
	default:
		break;
	}
	return t + 1;
}

/* Signs in front mean nothing, but for the "-" in the place of a century. */
static const struct date_token *take_sign(struct date *d, const struct date_token *t, bool is_first)
{
	if (is_offset(d, t))
		return take_offset(d, t);
	if (t->sign == '/' && d->hour >= 0 && t[1].kind == TOKEN_WORD && d->place == NULL)
		d->place = date_place_find(t[1].word);
	if (is_sign(t, SHAPE_SIGNS) && (d->shape_len > 0 || (is_first && t->sign == '-')))
		add_shape(d, t->sign);
	return t + 1;
}

/* Reads all tokens into `d`; false when one makes no sense. */
static bool read_tokens(struct date *d, const struct date_token *first)
{
	const struct date_token *t = first;

	while (t && t->kind != TOKEN_END) {
		if (t->kind == TOKEN_NUMBER)
			t = take_number(d, t, t > first ? t - 1 : NULL);
		else if (t->kind == TOKEN_WORD)
			t = take_word(d, t);
		else
			t = take_sign(d, t, t == first);
	}
	while (d->shape_len > 0 && strchr(SHAPE_SIGNS, d->shape[d->shape_len - 1]))
		d->shape_len--;
	d->shape[d->shape_len] = '\0';
	return t != NULL;
}

static bool shape_fits(const char *pattern, const char *shape)
{
	for (; *pattern; pattern++) {
		if (*pattern == '?')
			shape += strspn(shape, SHAPE_SIGNS);
		else if (*pattern == *shape)
			shape++;
		else
			return false;
	}
	return *shape == '\0';
}

/* Spreads the digits of a number over the letters of its part of an order. */
static void split_number(struct date *d, const struct date_token *n, const char *order, size_t len)
{
	int64_t divisor = 1, value = n->value;

	for (size_t at = len; at > 0;) {
		size_t start = at;

		for (divisor = 1; start > 0 && order[start - 1] == order[at - 1]; start--)
			divisor *= 10;
		set_unit(d, order[at - 1], value % divisor, (int)(at - start));
		value /= divisor;
		at = start;
	}
}

/* Gives the numbers of the date their meaning; false when they do not form `shape`. */
static bool apply_shape(struct date *d, const char *shape)
{
	size_t n = 0;
	const char *order = NULL;

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]) && !order; i++)
		if (shape_fits(shapes[i].pattern, shape))
			order = shapes[i].order;
	if (!order)
		return false;
	while (*order && n < d->number_count) {
		size_t len = strcspn(order, " ");

		if (len == 1)
			set_unit(d, *order, d->numbers[n]->value, d->numbers[n]->digits);
		else
			split_number(d, d->numbers[n], order, len);
		n++;
		order += len + (order[len] == ' ');
	}
	/* 23/01/2018 can only be European. */
	if (d->month > 12 && d->day <= 12 && strchr(shape, '/') && shape[0] == 'n') {
		int64_t month = d->month;

		d->month = d->day;
		d->day = month;
	}
	return true;
}

static bool is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t days_in(int64_t year, int64_t month)
{
	static const char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && is_leap(year));
}

/* Turns a week of ISO 8601 into the day of its year, which may lie outside of it. */
static bool settle_week(struct date *d)
{
	int64_t fourth = times_civil_ms(d->year, 1, 4, 0, 0, 0) / DAY_MS;
	/* 1970-01-01 was a Thursday: 3 when Monday is 0. */
	int64_t since_monday = ((fourth + 3) % 7 + 7) % 7;

	if (d->weekday < 0)
		d->weekday = 1;
	if (d->week < 1 || d->week > 53 || d->weekday < 1 || d->weekday > 7)
		return false;
	d->month = 1;
	d->day = 4 - since_monday + (d->week - 1) * 7 + d->weekday - 1;
	return true;
}

/* Completes the day; false when there is no such day. */
static bool settle_day(struct date *d)
{
	/* The year 1 is what some libraries print for "never". */
	if (d->year <= 1 || d->year > 9999)
		return false;
	if (d->week >= 0)
		return settle_week(d);
	if (d->ordinal >= 0) {
		d->month = 1;
		d->day = d->ordinal;
		return d->day >= 1 && d->day <= 365 + is_leap(d->year);
	}
	if (d->month < 0 && d->day < 0)
		d->month = 1;
	if (d->day < 0)
		d->day = 1;
	return d->month >= 1 && d->month <= 12 && d->day >= 1 &&
	       d->day <= days_in(d->year, d->month);
}

/* Completes the time of day; false when there is no such time. */
static bool settle_clock(struct date *d)
{
	int64_t *parts[] = {&d->hour, &d->minute, &d->second};

	for (size_t i = 0; i < 3; i++)
		if (*parts[i] < 0)
			*parts[i] = 0;
	if (d->half == 0 && d->hour == 12)
		d->hour = 0;
	else if (d->half == 12 && d->hour < 12)
		d->hour += 12;
	return d->hour <= 24 && d->minute <= 59 && d->second <= 60;
}

/* False when the numbers form no known shape. */
static bool settle_shape(struct date *d)
{
	if (d->shape_len == 0 || apply_shape(d, d->shape))
		return true;
	/* The weekday of one language may be the month of another: "Paz, 11.07.2017". */
	d->month = -1;
	return d->shape[0] == 'm' && apply_shape(d, d->shape + 1);
}

static int64_t sunday_ms(int64_t year, int month, int first_day, int hour)
{
	int64_t ms = times_civil_ms(year, month, first_day, hour, 0, 0);

	/* 1970-01-04 was a Sunday. */
	return ms + ((3 - ms / DAY_MS) % 7 + 7) % 7 * DAY_MS;
}

/* Minutes that the clocks of a place are ahead of its winter time: in Europe between the last
 * Sundays of March and October at one in Greenwich, in America between the second of March and
 * the first of November at two, told in winter time. */
static int summer_min(const struct date *d, int64_t local_ms)
{
	int64_t start, end;

	if (d->place->summer == SUMMER_EUROPE) {
		local_ms -= d->place->minutes * INT64_C(60000);
		start = sunday_ms(d->year, 3, 25, 1);
		end = sunday_ms(d->year, 10, 25, 1);
	} else {
		start = sunday_ms(d->year, 3, 8, 2);
		end = sunday_ms(d->year, 11, 1, 1);
	}
	return d->place->summer != SUMMER_NEVER && local_ms >= start && local_ms < end ? 60 : 0;
}

/* `hangul`: without a zone, Korean time is meant. */
static int64_t zone_ms(const struct date *d, int64_t local_ms, bool hangul)
{
	int minutes = hangul ? KOREA_MIN : 0;

	if (d->has_offset)
		minutes = d->offset_min;
	else if (d->place)
		minutes = d->place->minutes + summer_min(d, local_ms);
	else if (d->has_zone)
		minutes = d->zone_min;
	return minutes * INT64_C(60000);
}

int64_t date_parse(const char *text)
{
	struct date_token tokens[DATE_TOKENS_MAX];
	struct date d = {.year = -1,
		.month = -1,
		.day = -1,
		.hour = -1,
		.minute = -1,
		.second = -1,
		.unix_ms = -1,
		.ordinal = -1,
		.week = -1,
		.weekday = -1,
		.half = -1};
	size_t len = text ? strnlen(text, TEXT_MAX + 1) : 0;
	int64_t ms;

	if (text && date_plain(text, &ms))
		return ms;
	if (len == 0 || len > TEXT_MAX || !date_tokenise(text, text + len, tokens) ||
		!read_tokens(&d, tokens) || !settle_shape(&d))
		return TIME_NONE;
	if (d.unix_ms >= 0)
		return d.hour < 0 ? d.unix_ms : TIME_NONE;
	if (!settle_day(&d) || !settle_clock(&d))
		return TIME_NONE;
	ms = times_civil_ms(
		d.year, (int)d.month, (int)d.day, (int)d.hour, (int)d.minute, (int)d.second);
	return ms + d.ms - zone_ms(&d, ms, strpbrk(text, "\xEA\xEB\xEC\xED") != NULL);
}
