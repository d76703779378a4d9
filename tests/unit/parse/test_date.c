/* Dates as they stand in the feeds of the world. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/times.h"
#include "parse/date.h"

/* An instant as RFC 3339 in UTC, with zeros at its end left out: "2018-01-23", "2018-01-23T10:15",
 * "2018-01-23T10:15:30.5". */
static const char *shorten(int64_t time_ms, char text[TIME_TEXT_BYTES])
{
	static const char *const tails[] = {"Z", ".000", ":00", "T00:00"};

	times_rfc3339_ms(time_ms, text);
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		size_t len = strlen(text), tail = strlen(tails[i]);

		if (strcmp(text + len - tail, tails[i]) != 0)
			break;
		text[len - tail] = '\0';
	}
	return text;
}

static const struct {
	const char *text;
	const char *want; /* NULL: no date */
} dates[] = {
	/* RFC 822, 1123, 2822 */
	{"Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37"},
	{"Sun, 6 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37"},
	{"06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37"},
	{"6 Nov 94 08:49:37 GMT", "1994-11-06T08:49:37"},
	{"Sun, 06 Nov 94 08:49 UT", "1994-11-06T08:49"},
	{"Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T15:55:06"},
	{"Thu, 13 Feb 1969 23:32:54 -0330", "1969-02-14T03:02:54"},
	{"Thu, 13 Feb 1969 23:32 -0330 (Newfoundland Time)", "1969-02-14T03:02"},
	{"Tue, 1 Jul 2003 10:52:37 +0200", "2003-07-01T08:52:37"},
	{"Sat, 14 Jan 2012 16:39:43 +00:00", "2012-01-14T16:39:43"},
	{"Sat, 14 Jan 2012 16:39:43 -0000", "2012-01-14T16:39:43"},
	{"Sat, 14 Jan 2012 16:39:43 Z", "2012-01-14T16:39:43"},
	{"Sat, 14 Jan 2012 16:39:43", "2012-01-14T16:39:43"},
	{"Sat, 14 Jan 2012 16:39", "2012-01-14T16:39"},
	{"Sat, 14 Jan 2012", "2012-01-14"},
	{"14 Jan 2012", "2012-01-14"},
	{"Sat,14 Jan 2012 16:39:43 GMT", "2012-01-14T16:39:43"},
	{"Sat 14 Jan 2012 16:39:43 GMT", "2012-01-14T16:39:43"},
	{"Sat, 14 January 2012 16:39:43 GMT", "2012-01-14T16:39:43"},
	{"Sat, 14 JAN 2012 16:39:43 gmt", "2012-01-14T16:39:43"},
	{"Sat, 14 Jan, 2012 16:39:43 GMT", "2012-01-14T16:39:43"},
	{"Saturday, 14 January 2012, 16:39:43 GMT", "2012-01-14T16:39:43"},
	{"Sat, 14 Jan 2012 16:39:43 A", "2012-01-14T16:39:43"},
	{"Sat, 14 Jan 2012 16:39:43.250 GMT", "2012-01-14T16:39:43.250"},
	{"  Sat, 14 Jan 2012   16:39:43 GMT  ", "2012-01-14T16:39:43"},
	{"Mon, 01 Jan 0100 00:00:01 +0100", "0099-12-31T23:00:01"},
	/* RFC 850, asctime, date(1), JavaScript, Go */
	{"Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37"},
	{"Sun, 06-Nov-1994 08:49:37 GMT", "1994-11-06T08:49:37"},
	{"Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37"},
	{"Sun Nov 6 08:49:37 EST 1994", "1994-11-06T13:49:37"},
	{"Sun Jul 15 01:16:00 +0000 2012", "2012-07-15T01:16"},
	{"Tue Jan 23 2018 10:00:00 GMT+0100 (Central European Time)", "2018-01-23T09:00"},
	{"2018-01-23 10:15:30.123456 +0000 UTC", "2018-01-23T10:15:30.123"},
	{"2018-01-23 10:15:30 +0200 CEST", "2018-01-23T08:15:30"},
	/* RFC 3339, ISO 8601, W3C */
	{"2003-12-31T10:14:55Z", "2003-12-31T10:14:55"},
	{"2003-12-31t10:14:55z", "2003-12-31T10:14:55"},
	{"2003-12-31T10:14:55-08:00", "2003-12-31T18:14:55"},
	{"2003-12-31T10:14:55+0530", "2003-12-31T04:44:55"},
	{"2003-12-31T10:14:55+05", "2003-12-31T05:14:55"},
	{"2003-12-31T10:14:55.5Z", "2003-12-31T10:14:55.500"},
	{"2003-12-31T10:14:55.1239Z", "2003-12-31T10:14:55.123"},
	{"2003-12-31T10:14:55,123Z", "2003-12-31T10:14:55.123"},
	{"2003-12-31T10:14:55.12345678901234567890Z", "2003-12-31T10:14:55.123"},
	{"2003-12-31T10:14Z", "2003-12-31T10:14"},
	{"2003-12-31T10Z", "2003-12-31T10:00"},
	{"2003-12-31T10:14:55", "2003-12-31T10:14:55"},
	{"2003-12-31 10:14:55", "2003-12-31T10:14:55"},
	{"2003-12-31 10:14:55Z", "2003-12-31T10:14:55"},
	{"2003-12-31T10:14:55 +01:00", "2003-12-31T09:14:55"},
	{"2003-12-31T10:14:55 Z", "2003-12-31T10:14:55"},
	{"2003-12-31", "2003-12-31"},
	{"2003-12", "2003-12-01"},
	{"2003", "2003-01-01"},
	{"2003-1-5", "2003-01-05"},
	{"2003-1-5T9:5:3Z", "2003-01-05T09:05:03"},
	{"20031231", "2003-12-31"},
	{"20031231T101455Z", "2003-12-31T10:14:55"},
	{"20031231T1014Z", "2003-12-31T10:14"},
	{"20031231T101455.5+0100", "2003-12-31T09:14:55.500"},
	{"20031231101455", "2003-12-31T10:14:55"},
	{"200312311014", "2003-12-31T10:14"},
	{"2003-365", "2003-12-31"},
	{"2003365", "2003-12-31"},
	{"2004-366", "2004-12-31"},
	{"2003-W01-1", "2002-12-30"},
	{"2004-W53-6", "2005-01-01"},
	{"2004W536", "2005-01-01"},
	{"2004-W53", "2004-12-27"},
	{"2018-W04-2T10:00Z", "2018-01-23T10:00"},
	{"031231", "2003-12-31"},
	{"03-12-31", "2003-12-31"},
	{"-03-12", "2003-12-01"},
	{"-0312", "2003-12-01"},
	{"03335", "2003-12-01"},
	{"2003-012-31T10:14:55+00:00", "2003-12-31T10:14:55"},
	{"2003-12-31+01:00", "2003-12-30T23:00"},
	{"2003/12/31 10:14:55", "2003-12-31T10:14:55"},
	{"2003.12.31 10:14", "2003-12-31T10:14"},
	{"0099-12-31T23:00:01Z", "0099-12-31T23:00:01"},
	/* what publishers make of them */
	{"15 Dec 2024 12:15 PM", "2024-12-15T12:15"},
	{"WED,23 MAY 2012", "2012-05-23"},
	{"Tue, Jan 23 2018", "2018-01-23"},
	{"30 Jan 2018", "2018-01-30"},
	{"Thurs, 30 Jan 2018 10:00:00 GMT", "2018-01-30T10:00"},
	{"Mon, 01 Jan 2018 24:00:00 GMT", "2018-01-02"},
	{"Mon, 31 Dec 2018 24:00 +0000", "2019-01-01"},
	{"Sat, 30 Jun 2012 23:59:60 GMT", "2012-07-01"},
	{"Jan 23, 2018", "2018-01-23"},
	{"January 23, 2018, 3:05 pm", "2018-01-23T15:05"},
	{"January 23rd, 2018 at 3pm", "2018-01-23T15:00"},
	{"Jan. 23, 2018 10:15 a.m.", "2018-01-23T10:15"},
	{"Jan. 23, 2018 10:15 p. m.", "2018-01-23T22:15"},
	{"Jan. 23, 2018 12:15 a. m.", "2018-01-23T00:15"},
	{"23 Jan 2018 10:15:30. GMT", "2018-01-23T10:15:30"},
	{"23 Jan 2018 10:15:30.ï¼ GMT", "2018-01-23T10:15:30"},
	{"10:15:30 -23 Jan 2018", "2018-01-23T10:15:30"},
	{"10:15:30 +01:00 23 Jan 2018", "2018-01-23T09:15:30"},
	{"23 Jan 2018 10:15 EST PST", "2018-01-23T15:15"},
	{"23 Jan 2018 10:15 Europe/Berlin/Paris", "2018-01-23T09:15"},
	{"23 Jan 2018 Week 4", NULL},
	{"Jan 23, 2018 12:15 AM", "2018-01-23T00:15"},
	{"Jan 23, 2018 14:30 PM", "2018-01-23T14:30"},
	{"January 2018", "2018-01-01"},
	{"23-Jan-2018", "2018-01-23"},
	{"23-Jan-18 10:15", "2018-01-23T10:15"},
	{"23/Jan/2018:10:15:30 +0000", "2018-01-23T10:15:30"},
	{"23. Jan. 2018", "2018-01-23"},
	{"2018 Jan 23", "2018-01-23"},
	{"2018-Jan-23 10:15", "2018-01-23T10:15"},
	{"01/23/2018", "2018-01-23"},
	{"1/23/2018 3:04:05 PM", "2018-01-23T15:04:05"},
	{"01/02/2018", "2018-01-02"},
	{"23/01/2018 03:04", "2018-01-23T03:04"},
	{"01/23/18", "2018-01-23"},
	{"23.01.2018", "2018-01-23"},
	{"23.01.2018 03:04", "2018-01-23T03:04"},
	{"23.1.18", "2018-01-23"},
	{"31-12-2018", "2018-12-31"},
	{"12:15 - 15 Dec 2024", "2024-12-15T12:15"},
	{"12:15 15 Dec 2024", "2024-12-15T12:15"},
	{"10:15:30 Tue, 23 Jan 2018 +0100", "2018-01-23T09:15:30"},
	{"Tue, 23 Jan 2018 10:15:30 America/New_York", "2018-01-23T15:15:30"},
	{"Mon, 23 Jul 2018 10:15:30 America/New_York", "2018-07-23T14:15:30"},
	{"Sun, 11 Mar 2018 01:59:00 America/Los_Angeles", "2018-03-11T09:59"},
	{"Sun, 11 Mar 2018 03:00:00 America/Los_Angeles", "2018-03-11T10:00"},
	{"Sun, 25 Mar 2018 01:59:00 Europe/Berlin", "2018-03-25T00:59"},
	{"Sun, 25 Mar 2018 03:00:00 Europe/Berlin", "2018-03-25T01:00"},
	{"Sun, 28 Oct 2018 03:00:00 Europe/Berlin", "2018-10-28T02:00"},
	{"2018-07-23T10:15:30 Asia/Tokyo", "2018-07-23T01:15:30"},
	{"2018-07-23T10:15:30+02:00[Europe/Paris]", "2018-07-23T08:15:30"},
	{"Tue, 23 Jan 2018 10:15:30 Nowhere/Else", "2018-01-23T10:15:30"},
	{"Tue, 23 Jan 2018 10:15:30 BRST", "2018-01-23T12:15:30"},
	{"Tue, 23 Jan 2018 10:15:30 0100", "2018-01-23T09:15:30"},
	{"Tue, 23 01 2018 10:15:30 +0100", "2018-01-23T09:15:30"},
	{"Tue, 23 Jan 2018 10.15.30.500 GMT", "2018-01-23T10:15:30.500"},
	{"23. Januar 2018, 10.15 Uhr", "2018-01-23T10:15"},
	{"23.1.2018 klo 10.15", "2018-01-23T10:15"},
	{"10:15 2018-01-23", "2018-01-23T10:15"},
	{"23 d'abril de 2018", "2018-04-23"},
	{"Wed, 19 Aug 2009 18:28:00 Etc/GMT", "2009-08-19T18:28"},
	{"Tue, 23 Jan 2018 10:15:30 GMT-01:01", "2018-01-23T11:16:30"},
	{"Tue, 23 Jan 2018 10:15:30 UTC+2", "2018-01-23T08:15:30"},
	{"Tue, 23 Jan 2018 10:15:30 +0530 IST", "2018-01-23T04:45:30"},
	{"Fri, 2006/09/15 08:19:53 EDT", "2006-09-15T12:19:53"},
	{"2004-07-08 23:56:58 -00:20", "2004-07-09T00:16:58"},
	{"1516703400", "2018-01-23T10:30"},
	{"1516703400123", "2018-01-23T10:30:00.123"},
	{"Posted: 23 Jan 2018", "2018-01-23"},
	{"Tue, 23 Jan 2018 10h30", "2018-01-23T10:30"},
	{"Thu, 01 Jan 70 00:00:00 GMT", "1970-01-01"},
	{"Thu, 01 Jan 69 00:00:00 GMT", "2069-01-01"},
	/* zones by name */
	{"23 Jan 2018 10:00 EST", "2018-01-23T15:00"},
	{"23 Jan 2018 10:00 EDT", "2018-01-23T14:00"},
	{"23 Jan 2018 10:00 CST", "2018-01-23T16:00"},
	{"23 Jan 2018 10:00 CDT", "2018-01-23T15:00"},
	{"23 Jan 2018 10:00 MST", "2018-01-23T17:00"},
	{"23 Jan 2018 10:00 MDT", "2018-01-23T16:00"},
	{"23 Jan 2018 10:00 PST", "2018-01-23T18:00"},
	{"23 Jan 2018 10:00 PDT", "2018-01-23T17:00"},
	{"23 Jan 2018 10:00 AKST", "2018-01-23T19:00"},
	{"23 Jan 2018 10:00 HST", "2018-01-23T20:00"},
	{"23 Jan 2018 10:00 ET", "2018-01-23T15:00"},
	{"23 Jan 2018 10:00 PT", "2018-01-23T18:00"},
	{"23 Jan 2018 10:00 AT", "2018-01-23T14:00"},
	{"23 Jan 2018 10:00 NST", "2018-01-23T13:30"},
	{"23 Jan 2018 10:00 BST", "2018-01-23T09:00"},
	{"23 Jan 2018 10:00 WEST", "2018-01-23T09:00"},
	{"23 Jan 2018 10:00 CET", "2018-01-23T09:00"},
	{"23 Jan 2018 10:00 CEST", "2018-01-23T08:00"},
	{"23 Jan 2018 10:00 MESZ", "2018-01-23T08:00"},
	{"23 Jan 2018 10:00 EET", "2018-01-23T08:00"},
	{"23 Jan 2018 10:00 MSK", "2018-01-23T07:00"},
	{"23 Jan 2018 10:00 IST", "2018-01-23T04:30"},
	{"23 Jan 2018 10:00 NPT", "2018-01-23T04:15"},
	{"23 Jan 2018 10:00 JST", "2018-01-23T01:00"},
	{"23 Jan 2018 10:00 KST", "2018-01-23T01:00"},
	{"23 Jan 2018 10:00 AEDT", "2018-01-22T23:00"},
	{"23 Jan 2018 10:00 NZDT", "2018-01-22T21:00"},
	{"23 Jan 2018 10:00 BRT", "2018-01-23T13:00"},
	{"23 Jan 2018 10:00 XYZT", "2018-01-23T10:00"},
	/* languages */
	{"Di, 23 Jan 2018 10:00:00 +0100", "2018-01-23T09:00"},
	{"23. Januar 2018", "2018-01-23"},
	{"5. März 2018 um 10:15 Uhr", "2018-03-05T10:15"},
	{"am 5. Mai 2018", "2018-05-05"},
	{"Mi, 31 Okt 2018 10:00", "2018-10-31T10:00"},
	{"Do, 6 Dez 2018", "2018-12-06"},
	{"mar., 23 janv. 2018 10:00", "2018-01-23T10:00"},
	{"1er août 2018", "2018-08-01"},
	{"3 février 2018 14h30", "2018-02-03T14:30"},
	{"25 décembre 2018 à 8h", "2018-12-25T08:00"},
	{"5 de enero de 2018", "2018-01-05"},
	{"mié, 31 oct 2018", "2018-10-31"},
	{"mar, 11 jul 2017", "2017-07-11"},
	{"30 sept 2018", "2018-09-30"},
	{"lunedì 5 settembre 2016", "2016-09-05"},
	{"gio, 7 giu 2018", "2018-06-07"},
	{"15 maggio 2018", "2018-05-15"},
	{"ter, 23 out 2018 10:00", "2018-10-23T10:00"},
	{"5 de março de 2018", "2018-03-05"},
	{"wo, 14 mrt 2018", "2018-03-14"},
	{"14 maart 2018", "2018-03-14"},
	{"5 mei 2018", "2018-05-05"},
	{"fre, 5 maj 2018", "2018-05-05"},
	{"tors, 11 okt 2018", "2018-10-11"},
	{"5. desember 2018", "2018-12-05"},
	{"ma, 5. maaliskuuta 2018", "2018-03-05"},
	{"pon, 4 cze 2018", "2018-06-04"},
	{"4 lipca 2018", "2018-07-04"},
	{"5 października 2018", "2018-10-05"},
	{"1. května 2018", "2018-05-01"},
	{"4. června 2018", "2018-06-04"},
	{"4. července 2018", "2018-07-04"},
	{"2018. március 5.", "2018-03-05"},
	{"2004-július-13T9:15-05:00", "2004-07-13T14:15"},
	{"2018. szeptember 5. 10:15", "2018-09-05T10:15"},
	{"5 Ağustos 2018", "2018-08-05"},
	{"Paz, 11.07.2017 10:15", "2017-07-11T10:15"},
	{"Sal, 23 Oca 2018", "2018-01-23"},
	{"Κυρ, 11 Ιούλ 2004 12:00:00 EST", "2004-07-11T17:00"},
	{"3 Φεβρουαρίου 2018 3:15 μ.μ.", "2018-02-03T15:15"},
	{"5 ΜΑΪΟΥ 2018", "2018-05-05"},
	{"Чт, 8 фев 2018 12:00:00 +0300", "2018-02-08T09:00"},
	{"8 февраля 2018 г., 12:00", "2018-02-08T12:00"},
	{"5 МАЯ 2018", "2018-05-05"},
	{"5 серпня 2018", "2018-08-05"},
	{"2004년 05월 28일  01:31:15", "2004-05-27T16:31:15"},
	{"2004-05-25 오후 11:23:17", "2004-05-25T14:23:17"},
	{"2018년 1월 23일 오전 10시 15분", "2018-01-23T01:15"},
	{"2018年1月23日", "2018-01-23"},
	{"2018年1月23日 10時15分30秒", "2018-01-23T10:15:30"},
	{"2018年1月23日(火) 上午10:15", "2018-01-23T10:15"},
	{"2018年1月23日 星期二 下午3:05", "2018-01-23T15:05"},
	{"2018年12月5日 午後3時", "2018-12-05T15:00"},
	{"２０１８年１月２３日", "2018-01-23"},
	/* no dates */
	{"-", NULL},
	{"foo", NULL},
	{"now", NULL},
	{"yesterday", NULL},
	{"12:15", NULL},
	{"12:15:30 GMT", NULL},
	{"Tue", NULL},
	{"Jan", NULL},
	{"23 Jan", NULL},
	{"Jan 23 10:15", NULL},
	{"31 Feb 2018", NULL},
	{"2018-02-29", NULL},
	{"2018-13-01", NULL},
	{"2018-00-10", NULL},
	{"2018-01-00", NULL},
	{"2018-01-32", NULL},
	{"2018-366", NULL},
	{"2018-W54-1", NULL},
	{"2018-W01-8", NULL},
	{"2018-W01-0", NULL},
	{"2018-W00-1", NULL},
	{"2018-000", NULL},
	{"1-2-3-4-5-6-7-8-9/1.2.3.4.5.6.7.8.9", NULL},
	{"- - - - - - - - - - - - - - - - - - - - - - 2018", NULL},
	{"2018-01-23T10:15:30+00100", NULL},
	{"1516702530 10:15", NULL},
	{"2018--------------------------------01-23", NULL},
	{"12018年1月23日", NULL},
	{"23 Jan 2018 25:00", NULL},
	{"23 Jan 2018 10:60", NULL},
	{"23 Jan 2018 10:00:61", NULL},
	{"0000-00-00T00:00:00Z", NULL},
	{"Mon, 01 Jan 0001 00:00:00 +0000", NULL},
	{"23 Jan 108", NULL},
	{"23 Jan 20180", NULL},
	{"1 2 3 4 5 6", NULL},
	{"2018-01-23 extra 5", NULL},
	{"2018-01-23T10:15:30+25:00", NULL},
	{"2018-01-23T10:15:30+10:75", NULL},
	{"123456789012345678901234567890", NULL},
	{"23 Jan 2018 23 Feb 2019", NULL},
	{"(23 Jan 2018)", NULL},
	{"//", NULL},
};

static void test_dates(void **state)
{
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
		char text[TIME_TEXT_BYTES];
		int64_t time_ms = date_parse(dates[i].text);
		const char *got = time_ms == TIME_NONE ? "none" : shorten(time_ms, text);
		const char *want = dates[i].want ? dates[i].want : "none";

		if (strcmp(got, want) != 0) {
			print_error("%s: %s, want %s\n", dates[i].text, got, want);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

/* Each month of each language, in the form that stands behind a day and, where it differs, cut to
 * what people cut it to. */
static void test_months(void **state)
{
	static const char *const languages[] = {
		"January February March April May June July August September October November "
		"December",
		"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
		"Januar Februar März April Mai Juni Juli August September Oktober November "
		"Dezember",
		"Jän Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez",
		"janvier février mars avril mai juin juillet août septembre octobre novembre "
		"décembre",
		"janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
		"enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre "
		"diciembre",
		"ene feb mar abr may jun jul ago sept oct nov dic",
		"gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre "
		"novembre dicembre",
		"gen feb mar apr mag giu lug ago set ott nov dic",
		"janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro "
		"dezembro",
		"jan fev mar abr mai jun jul ago set out nov dez",
		"januari februari maart april mei juni juli augustus september oktober november "
		"december",
		"jan feb mrt apr mei jun jul aug sep okt nov dec",
		"января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
		"янв фев мар апр май июн июл авг сен окт ноя дек",
		"stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października"
		" listopada grudnia",
		"sty lut mar kwi maj cze lip sie wrz paź lis gru",
		"Ιανουαρίου Φεβρουαρίου Μαρτίου Απριλίου Μαΐου Ιουνίου Ιουλίου Αυγούστου "
		"Σεπτεμβρίου"
		" Οκτωβρίου Νοεμβρίου Δεκεμβρίου",
		"Ιαν Φεβ Μαρ Απρ Μαΐ Ιουν Ιουλ Αυγ Σεπ Οκτ Νοε Δεκ",
		"január február március április május június július augusztus szeptember október"
		" november december",
		"jan. febr. márc. ápr. máj. jún. júl. aug. szept. okt. nov. dec.",
		"ledna února března dubna května června července srpna září října listopadu "
		"prosince",
		"led úno bře dub kvě čvn čvc srp zář říj lis pro",
		"januari februari mars april maj juni juli augusti september oktober november "
		"december",
		"januar februar marts april maj juni juli august september oktober november "
		"december",
		"januar februar mars april mai juni juli august september oktober november "
		"desember",
		"Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
		"Oca Şub Mar Nis May Haz Tem Ağu Eyl Eki Kas Ara",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++) {
		const char *name = languages[i];

		for (int month = 1; month <= 12; month++) {
			size_t len = strcspn(name, " ");
			char text[80];

			snprintf(text, sizeof(text), "23 %.*s 2018 10:15", (int)len, name);
			if (date_parse(text) != times_civil_ms(2018, month, 23, 10, 15, 0))
				fail_msg("%s", text);
			name += len + (name[len] == ' ');
		}
		assert_int_equal(*name, '\0');
	}
}

static void test_odd_arguments(void **state)
{
	char text[4096];

	(void)state;
	assert_int_equal(date_parse(NULL), TIME_NONE);
	assert_int_equal(date_parse(""), TIME_NONE);
	memset(text, '1', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(date_parse(text), TIME_NONE);
	for (size_t i = 0; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "1 ", 2);
	assert_int_equal(date_parse(text), TIME_NONE);
	text[100] = '\0';
	assert_int_equal(date_parse(text), TIME_NONE);
	/* Ill-formed UTF-8 is some unknown word. */
	assert_int_equal(
		date_parse("\377\200\303 23 Jan 2018"), times_civil_ms(2018, 1, 23, 0, 0, 0));
}

/* Every day of four centuries and a bit, in the two forms that feeds use most. */
static void test_every_day(void **state)
{
	static const char *const months[] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	int64_t day_ms = 24 * INT64_C(3600000);
	int64_t last_ms = times_civil_ms(2105, 1, 1, 0, 0, 0);

	(void)state;
	for (int64_t t = times_civil_ms(1695, 1, 1, 12, 34, 56); t < last_ms; t += day_ms) {
		char iso[TIME_TEXT_BYTES], rfc[64];
		int month;

		times_rfc3339_s(t, iso);
		assert_int_equal(date_parse(iso), t);
		month = (iso[5] - '0') * 10 + iso[6] - '1';
		(void)snprintf(rfc, sizeof(rfc), "Xyz, %.2s %s %.4s %.8s GMT", iso + 8,
			months[month], iso, iso + 11);
		assert_int_equal(date_parse(rfc), t);
	}
}

/* The short cut for the two common forms, which a blank in front keeps a date from, says nothing
 * else. */
static void test_short_cut(void **state)
{
	static const char *const days[] = {"1", "01", "28", "29", "30", "31", "00", "32", "x1"};
	static const char *const clocks[] = {"00:00:00", "23:59:59", "24:00:00", "12:60:00",
		"23:59:60", "12:30", "09:08:07.5", "09:08:07.123456", "09:08:07."};
	static const char *const zones[] = {"GMT", "Z", "EST", "pdt", "CEST", "MAY", "XYZ", "+0100",
		"-0330", "+01:00", "-23:59", "+2400", "+0160", "+1", "+01:0", "", "GMT+1", " UTC"};
	static const char *const months[][2] = {
		{"Feb", "02"}, {"Jul", "12"}, {"Mai", "13"}, {"jan", "1"}, {"Dec ", "-1"}};
	static const char *const starts[] = {"Mon, ", "", "Mar, ", "Sun,", "Xyz, "};
	static const char *const years[] = {"2018", "2016", "0001", "1969", "9999", "18", "20180"};

	(void)state;
	for (size_t i = 0; i < 9 * 9 * 18 * 7 * 5 * 5; i++) {
		const char *day = days[i % 9], *clock = clocks[i / 9 % 9];
		const char *zone = zones[i / 81 % 18], *year = years[i / 1458 % 7];
		const char *const *month = months[i / 10206 % 5], *start = starts[i / 51030];
		char mail[80], internet[80];

		(void)snprintf(mail, sizeof(mail), " %s%s %s %s %s %s", start, day, month[0], year,
			clock, zone);
		(void)snprintf(internet, sizeof(internet), " %s-%s-%sT%s%s", year, month[1], day,
			clock, zone);
		if (date_parse(mail) != date_parse(mail + 1))
			fail_msg("%s", mail);
		if (date_parse(internet) != date_parse(internet + 1))
			fail_msg("%s", internet);
	}
}

/* The weeks of ISO 8601 count on without gap. */
static void test_weeks(void **state)
{
	int64_t week_ms = 7 * 24 * INT64_C(3600000);
	int64_t before = date_parse("1999-W01-1");

	(void)state;
	for (int year = 1999; year < 2060; year++) {
		char text[32];

		for (int week = year == 1999 ? 2 : 1; week <= 52; week++) {
			(void)snprintf(text, sizeof(text), "%d-W%02d-1", year, week);
			if (week == 1 && date_parse(text) == before + 2 * week_ms)
				before += week_ms; /* the year before had 53 */
			assert_int_equal(date_parse(text), before + week_ms);
			before += week_ms;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_months),
		cmocka_unit_test(test_odd_arguments),
		cmocka_unit_test(test_every_day),
		cmocka_unit_test(test_short_cut),
		cmocka_unit_test(test_weeks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
