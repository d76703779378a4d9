/* Dates: any bytes are read or refused, what is read lies in the years of four digits, and a blank
 * in front, which keeps a date from the short cut, changes nothing. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/times.h"
#include "parse/date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 2);
	int64_t time_ms;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	time_ms = date_parse(text);
	memmove(text + 1, text, size + 1);
	text[0] = ' ';
	if (size < 100 && date_parse(text) != time_ms)
		abort();
	if (time_ms != TIME_NONE) {
		char written[TIME_TEXT_BYTES];
		int64_t day_ms = 24 * INT64_C(3600000);

		if (time_ms < times_civil_ms(0, 1, 1, 0, 0, 0) - day_ms ||
			time_ms > times_civil_ms(10000, 1, 1, 0, 0, 0) + day_ms)
			abort();
		/* What we write ourselves is read back. */
		if (time_ms > times_civil_ms(2, 1, 2, 0, 0, 0) &&
			time_ms < times_civil_ms(9999, 12, 31, 0, 0, 0) &&
			date_parse(times_rfc3339_ms(time_ms, written)) != time_ms)
			abort();
	}
	free(text);
	return 0;
}
