/* How late polls start: the last some thousand, by powers of two (B8). Any thread, one at a time.
 */
#ifndef TIDINGS_LATENESS_H
#define TIDINGS_LATENESS_H

#include <stdint.h>

enum { LATE_BITS = 40 };

/* All zero: none yet. */
struct lateness {
	int64_t starts[LATE_BITS]; /* by the length of their lateness in binary */
	int64_t count;
};

void lateness_count(struct lateness *l, int64_t late_ms);

/* The smallest power of two of ms that so many per cent of them stayed under. */
int64_t lateness_ms(const struct lateness *l, int64_t percent);

#endif
