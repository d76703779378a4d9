/* Dates of RFC 5322 and RFC 3339 to the letter, read without cutting them into tokens. */
#include "parse/date_plain.h"

#include <string.h>

#include "base/times.h"
#include "parse/date_words.h"

enum { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, FIELDS };

/* What such a date gives no cause to think about: leap seconds, the ends of months, the year 1. */
static const int least[FIELDS] = {2, 1, 1, 0, 0, 0}, most[FIELDS] = {9999, 12, 28, 23, 59, 59};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Adds the digits that stand where the form has the number of a field, all else being as in the
 * form. Returns what follows; NULL: it does not fit. */
static const char *read_form(const char *s, const char *form, int fields[FIELDS])
{
	for (; s && *form; form++, s++) {
		int *field = &fields[is_digit(*form) ? *form - '0' : 0];

		if (is_digit(*form) ? !is_digit(*s) : *s != *form)
			return NULL;
		if (is_digit(*form))
			*field = *field * 10 + *s - '0';
	}
	return s;
}

/* Which of the names of three letters stands at `s`, from 1 on; 0: none. */
static int name_at(const char *s, const char *names)
{
	for (int i = 0; names[i]; i += 3)
		if (strncmp(names + i, s, 3) == 0)
			return i / 3 + 1;
	return 0;
}

static const char *read_mail(const char *s, int fields[FIELDS])
{
	if (name_at(s, "MonTueWedThuFriSatSun") && s[3] == ',' && s[4] == ' ')
		s += 5;
	s = read_form(s, is_digit(*s) && s[1] == ' ' ? "2 " : "22 ", fields);
	fields[MONTH] = s ? name_at(s, "JanFebMarAprMayJunJulAugSepOctNovDec") : 0;
	return fields[MONTH] ? read_form(s + 3, " 0000 33:44:55 ", fields) : NULL;
}

static const char *read_internet(const char *s, int fields[FIELDS], int *ms)
{
	s = read_form(s, "0000-11-22T33:44:55", fields);
	if (s && *s == '.' && is_digit(s[1])) {
		for (int unit = 100; is_digit(*++s); unit /= 10)
			*ms += (*s - '0') * unit;
	}
	return s;
}

/* Reads the zone that ends the text. */
static bool read_zone(const char *s, int *ret_min)
{
	int fields[FIELDS] = {0};
	const char *end = NULL;

	*ret_min = 0;
	if (strcmp(s, "GMT") == 0 || strcmp(s, "Z") == 0)
		return true;
	if (*s >= 'A' && strlen(s) == 3) {
		const char low[] = {
			(char)(s[0] | 0x20), (char)(s[1] | 0x20), (char)(s[2] | 0x20), 0};
		struct date_word word = date_word_find(low);

		*ret_min = word.value;
		return word.kind == WORD_ZONE;
	}
	if (*s == '+' || *s == '-')
		end = read_form(s + 1, strchr(s, ':') ? "33:44" : "3344", fields);
	*ret_min = (fields[HOUR] * 60 + fields[MINUTE]) * (*s == '-' ? -1 : 1);
	return end && !*end && fields[HOUR] <= most[HOUR] && fields[MINUTE] <= most[MINUTE];
}

bool date_plain(const char *text, int64_t *ret_ms)
{
	int f[FIELDS] = {0}, ms = 0, zone_min;
	bool internet = is_digit(text[0]) && is_digit(text[1]) && is_digit(text[2]);
	const char *s = internet ? read_internet(text, f, &ms) : read_mail(text, f);

	if (!s || !read_zone(s, &zone_min))
		return false;
	for (int i = 0; i < FIELDS; i++)
		if (f[i] < least[i] || f[i] > most[i])
			return false;
	*ret_ms = times_civil_ms(f[YEAR], f[MONTH], f[DAY], f[HOUR], f[MINUTE], f[SECOND]) + ms -
		  zone_min * INT64_C(60000);
	return true;
}
