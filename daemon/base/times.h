/* Instants as milliseconds since 1970 in UTC, and how they are written. */
#ifndef TIDINGS_BASE_TIMES_H
#define TIDINGS_BASE_TIMES_H

#include <stdint.h>
#include <stddef.h>

#define TIME_NONE INT64_MIN /* no such time is known */

enum { TIME_TEXT_BYTES = 40, DURATION_TEXT_BYTES = 32 };

/* The wall clock. The only call of it; whatever computes with time takes `now_ms` as a parameter.
 */
int64_t times_now_ms(void);

/* Writes RFC 3339, section 5.6, in UTC: "2026-11-23T20:00:00.123Z", or without the fraction. Years
 * outside 0000-9999 are clamped. Returns `out`. */
const char *times_rfc3339_ms(int64_t time_ms, char out[TIME_TEXT_BYTES]);
const char *times_rfc3339_s(int64_t time_ms, char out[TIME_TEXT_BYTES]);

/* Reads what the functions above write (any offset, fraction optional). 0 or ERR_INVALID. */
int times_parse_rfc3339(const char *text, int64_t *ret_ms);

/* Milliseconds of a civil date in UTC, proleptic Gregorian; month 1-12, day may exceed the month.
 */
int64_t times_civil_ms(int64_t year, int month, int day, int hour, int minute, int second);

/* A duration as people write it: "45s", "30min", "2h 15min", "3d 4h". Returns `out`. */
const char *times_duration(int64_t duration_ms, char out[DURATION_TEXT_BYTES]);

#endif
