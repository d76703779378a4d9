/* The two forms that nearly all dates have. Private to the dates. */
#ifndef TIDINGS_PARSE_DATE_PLAIN_H
#define TIDINGS_PARSE_DATE_PLAIN_H

#include <stdbool.h>
#include <stdint.h>

/* Reads "Sun, 06 Nov 1994 08:49:37 GMT", with or without a weekday, and "1994-11-06T08:49:37.123Z",
 * with or without a fraction, both with any zone of three letters or "+0100" or "+01:00". False for
 * all else, be it a date or not: date_parse() says the same of these without it. */
bool date_plain(const char *text, int64_t *ret_ms);

#endif
