/* Parts of a test program that a machine does not allow: left out, and told. */
#ifndef TESTS_SUPPORT_SKIP_H
#define TESTS_SUPPORT_SKIP_H

#include <stdio.h>

/* cmocka counts what is skipped as good. skip_part() remembers it, with its reason, and a main()
 * that returns skip_status() ends with 77 then, which ctest calls skipped and .ci/run does not
 * pass over; a failure goes before it. */
static int skip_parts;
static const char *skip_reason;

#define skip_part(reason)                                                                          \
	do {                                                                                       \
		skip_parts++;                                                                      \
		skip_reason = (reason);                                                            \
		skip();                                                                            \
	} while (0)

static inline int skip_status(int failed)
{
	if (failed || !skip_parts)
		return failed;
	printf("skipped: %d parts, %s\n", skip_parts, skip_reason);
	return 77;
}

#endif
