/* Tests of instants and durations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/times.h"

static void test_write(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
		const char *text_s;
	} cases[] = {
		{0, "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00Z"},
		{-1, "1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59Z"},
		{951782399999, "2000-02-28T23:59:59.999Z", "2000-02-28T23:59:59Z"},
		{951782400000, "2000-02-29T00:00:00.000Z", "2000-02-29T00:00:00Z"},
		{1109635200000, "2005-03-01T00:00:00.000Z", "2005-03-01T00:00:00Z"},
		{4107542400000, "2100-03-01T00:00:00.000Z", "2100-03-01T00:00:00Z"},
		{2147483648000, "2038-01-19T03:14:08.000Z", "2038-01-19T03:14:08Z"},
		{253402300799999, "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59Z"},
		{253402300800000, "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59Z"},
		{INT64_MAX, "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59Z"},
		{-62167219200000, "0000-01-01T00:00:00.000Z", "0000-01-01T00:00:00Z"},
		{-62167219200001, "0000-01-01T00:00:00.000Z", "0000-01-01T00:00:00Z"},
		{TIME_NONE, "0000-01-01T00:00:00.000Z", "0000-01-01T00:00:00Z"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[TIME_TEXT_BYTES];

		assert_ptr_equal(times_rfc3339_ms(cases[i].ms, text), text);
		assert_string_equal(text, cases[i].text);
		assert_string_equal(times_rfc3339_s(cases[i].ms, text), cases[i].text_s);
	}
}

/* A whole cycle of leap years, from a bit before year 0 on that counts from March. */
static void test_every_day(void **state)
{
	const int64_t day_ms = 24 * 3600 * 1000, first = -62167219200000;

	(void)state;
	for (int64_t day = 0; day <= 146097 + 366; day++) {
		time_t seconds = (time_t)((first + day * day_ms) / 1000);
		char text[TIME_TEXT_BYTES], wanted[TIME_TEXT_BYTES];
		struct tm t;

		assert_non_null(gmtime_r(&seconds, &t));
		strftime(wanted, sizeof(wanted), "-%m-%dT00:00:00Z", &t);
		times_rfc3339_s(first + day * day_ms, text);
		assert_string_equal(text + 4, wanted);
		assert_int_equal(strtol(text, NULL, 10), t.tm_year + 1900);
	}
}

static void test_read(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"1970-01-01t00:00:00z", 0},
		{"1970-01-01 00:00:00Z", 0},
		{"1970-01-01T00:00:00.5Z", 500},
		{"1970-01-01T00:00:00.1239999999999999999999Z", 123},
		{"1985-04-12T23:20:50.52Z", 482196050520},        /* RFC 3339, 5.8 */
		{"1996-12-19T16:39:57-08:00", 851042397000},      /* RFC 3339, 5.8 */
		{"1990-12-31T23:59:60Z", 662688000000},           /* RFC 3339, 5.8: a leap second */
		{"1937-01-01T12:00:27.87+00:20", -1041337172130}, /* RFC 3339, 5.8 */
		{"2000-02-29T00:00:00+23:59", 951696060000},
		{"0000-01-01T00:00:00Z", -62167219200000},
		{"9999-12-31T23:59:59.999Z", 253402300799999},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t ms = 42;

		assert_int_equal(times_parse_rfc3339(cases[i].text, &ms), 0);
		assert_true(ms == cases[i].ms);
	}
}

static void test_unreadable(void **state)
{
	static const char *const cases[] = {
		"",
		"1970",
		"1970-01-01",
		"1970-01-01T00:00Z",
		"1970-01-01T00:00:00",
		"1970-01-01T00:00:00 Z",
		"1970-01-01T00:00:00Zx",
		"1970-01-01T00:00:00.Z",
		"1970-01-01T00:00:00,5Z",
		"1970-01-01T00:00:00+1:00",
		"1970-01-01T00:00:00+0100",
		"1970-01-01T00:00:00+24:00",
		"1970-01-01T00:00:00+00:60",
		"1970-01-01T00:00:00+00:00x",
		"1970-00-01T00:00:00Z",
		"1970-13-01T00:00:00Z",
		"1970-01-00T00:00:00Z",
		"1970-01-32T00:00:00Z",
		"1970-04-31T00:00:00Z",
		"1900-02-29T00:00:00Z",
		"2001-02-29T00:00:00Z",
		"1970-01-01T24:00:00Z",
		"1970-01-01T00:60:00Z",
		"1970-01-01T00:00:61Z",
		"-970-01-01T00:00:00Z",
		"+970-01-01T00:00:00Z",
		"19700101T000000Z",
		" 1970-01-01T00:00:00Z",
		"1970-1-01T00:00:00Z",
		"1970-01-01X00:00:00Z",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t ms = 42;

		if (times_parse_rfc3339(cases[i], &ms) != ERR_INVALID || ms != 42)
			fail_msg("%s", cases[i]);
	}
}

/* Steps that hit every month, leap year, hour and millisecond sooner or later. */
static void test_round_trip(void **state)
{
	const int64_t first = -62167219200000, last = 253402300799999;

	(void)state;
	for (int64_t ms = first; ms <= last; ms += INT64_C(1234567891)) {
		char text[TIME_TEXT_BYTES];
		int64_t back = 0;

		assert_int_equal(times_parse_rfc3339(times_rfc3339_ms(ms, text), &back), 0);
		if (back != ms)
			fail_msg("%s", text);
	}
}

static void test_civil(void **state)
{
	static const struct {
		int64_t year;
		int month, day, hour, minute, second;
		int64_t ms;
	} cases[] = {
		{1970, 1, 1, 0, 0, 0, 0},
		{1970, 1, 32, 0, 0, 0, 2678400000},
		{1970, 1, 0, 0, 0, 0, -86400000},
		{1970, 1, 1, 25, -60, 3600, 90000000},
		{2024, 2, 29, 12, 0, 0, 1709208000000},
		{-1, 12, 31, 0, 0, 0, -62167305600000},
		{1, 1, 1, 0, 0, 0, -62135596800000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(
			times_civil_ms(cases[i].year, cases[i].month, cases[i].day, cases[i].hour,
				cases[i].minute, cases[i].second) == cases[i].ms);
	/* Absurd years stay in range and in order. */
	assert_true(times_civil_ms(INT64_MAX, 12, 31, 23, 59, 59) > INT64_C(1) << 62);
	assert_true(times_civil_ms(INT64_MIN, 1, 1, 0, 0, 0) < -(INT64_C(1) << 62));
}

static void test_duration(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{0, "0s"},
		{1, "1ms"},
		{999, "999ms"},
		{1000, "1s"},
		{1999, "1s"},
		{45000, "45s"},
		{60000, "1min"},
		{90000, "1min 30s"},
		{1800000, "30min"},
		{8100000, "2h 15min"},
		{7200999, "2h"},
		{86400000, "1d"},
		{273600000, "3d 4h"},
		{86460000, "1d"},
		{-8100000, "-2h 15min"},
		{INT64_MAX, "106751991167d 7h"},
		{INT64_MIN, "-106751991167d 7h"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[DURATION_TEXT_BYTES];

		assert_string_equal(times_duration(cases[i].ms, text), cases[i].text);
	}
}

static void test_now(void **state)
{
	int64_t now = times_now_ms();

	(void)state;
	/* This was written in 2026; the clock is in milliseconds. */
	assert_true(now > times_civil_ms(2026, 1, 1, 0, 0, 0));
	assert_true(now < times_civil_ms(2200, 1, 1, 0, 0, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_every_day),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_civil),
		cmocka_unit_test(test_duration),
		cmocka_unit_test(test_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
