/* How late polls start: counts by powers of two. */
#include "lateness.h"

/* Lateness is told of about so many starts. */
enum { LATE_STARTS = 4096 };

void lateness_count(struct lateness *l, int64_t late_ms)
{
	int bits = 0;

	while (bits < LATE_BITS - 1 && late_ms >> bits > 0)
		bits++;
	l->starts[bits]++;
	l->count++;
	if (l->count < LATE_STARTS)
		return;
	/* older ones count for less and less */
	l->count = 0;
	for (int i = 0; i < LATE_BITS; i++) {
		l->starts[i] /= 2;
		l->count += l->starts[i];
	}
}

int64_t lateness_ms(const struct lateness *l, int64_t percent)
{
	int64_t seen = l->starts[0];
	int bits = 0;

	while (bits < LATE_BITS - 1 && seen * 100 < l->count * percent)
		seen += l->starts[++bits];
	return INT64_C(1) << bits;
}
