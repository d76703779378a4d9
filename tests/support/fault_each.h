/* A scenario with each of its allocations failing in turn. */
#ifndef TESTS_SUPPORT_FAULT_EACH_H
#define TESTS_SUPPORT_FAULT_EACH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/err.h"
#include "support/fault.h"

/* Runs the scenario with the first allocation failing, then with the second, and so on until none
 * fails: then it must return 0, and before that 0 or one of the `codes` (ending with 0; NULL:
 * ERR_NOMEM alone). `prepare` (may be NULL) comes before each run, with nothing failing. What is
 * left behind the leak sanitizer finds. `most`: not more than so many runs, spread over all (0: no
 * limit). Returns how many allocations there are. */
static inline long fault_each(int (*scenario)(void *ctx), void (*prepare)(void *ctx), void *ctx,
	const int *codes, long most)
{
	static const int usual[] = {ERR_NOMEM, 0};
	long failures = 1, step = 1, count = 0;

	if (most) {
		if (prepare)
			prepare(ctx);
		fault_malloc_after(INT32_MAX);
		assert_int_equal(scenario(ctx), 0);
		count = fault_malloc_count();
		(void)fault_malloc_off();
		step += count / most;
	}
	for (long n = 0; failures > 0; n += step) {
		const int *known = codes ? codes : usual;
		int code;

		if (prepare)
			prepare(ctx);
		fault_malloc_after(n);
		code = scenario(ctx);
		failures = fault_malloc_off();
		while (*known && *known != code)
			known++;
		if (code && !(*known && failures))
			fail_msg("allocation %ld: %s, %ld failed", n, err_name(code), failures);
		if (!failures && !most)
			count = n;
	}
	return count;
}

#endif
