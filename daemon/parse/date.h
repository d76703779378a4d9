/* The dates of the real world: RFC 822, RFC 3339 and W3C, asctime, and what publishers make of
 * them. */
#ifndef TIDINGS_PARSE_DATE_H
#define TIDINGS_PARSE_DATE_H

#include <stdint.h>

/* Milliseconds since 1970 UTC, or TIME_NONE when it cannot be read: never "now", never a guess
 * beyond these: no zone is UTC, two-digit years are 1970-2069, a day without a time is its
 * midnight, hour 24 is the next day's 0, a leap second is the second after. */
int64_t date_parse(const char *text);

#endif
