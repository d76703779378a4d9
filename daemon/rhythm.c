/* How often a feed has something new. */
#include "rhythm.h"

#include <math.h>

#define DAY_MS  (24 * 3600 * 1000LL)
#define FADE_MS (30.0 * DAY_MS)
#define GAP_MAX (9999.0 * DAY_MS)

void rhythm_begin(struct rhythm *r, int64_t prior_ms)
{
	r->items = 1;
	r->span_ms = (double)prior_ms;
}

void rhythm_watch(struct rhythm *r, int64_t elapsed_ms, int64_t items)
{
	double kept = elapsed_ms > 0 ? exp(-(double)elapsed_ms / FADE_MS) : 1;

	r->items = r->items * kept + (double)items;
	r->span_ms = r->span_ms * kept + FADE_MS * (1 - kept);
}

bool rhythm_seed(struct rhythm *r, int64_t now_ms, const int64_t *published_ms, size_t count)
{
	int64_t oldest_ms = now_ms;
	double items = 0;
	int dated = 0;

	for (size_t i = 0; i < count; i++) {
		int64_t at_ms = published_ms[i];

		if (at_ms == TIME_NONE || at_ms > now_ms || at_ms < now_ms - 365 * DAY_MS)
			continue;
		items += exp(-(double)(now_ms - at_ms) / FADE_MS);
		oldest_ms = at_ms < oldest_ms ? at_ms : oldest_ms;
		dated++;
	}
	if (dated < 2)
		return false;
	r->items = items;
	r->span_ms = FADE_MS * (1 - exp(-(double)(now_ms - oldest_ms) / FADE_MS));
	return true;
}

int64_t rhythm_gap_ms(const struct rhythm *r)
{
	return (int64_t)(r->span_ms < r->items * GAP_MAX ? r->span_ms / r->items : GAP_MAX);
}

int64_t rhythm_interval_ms(int64_t gap_ms, int64_t shortest_ms)
{
	return (int64_t)sqrt((double)gap_ms * (double)shortest_ms);
}

int64_t rhythm_safe_ms(const struct rhythm *r, int64_t gap_ms, int64_t elapsed_ms, int64_t items)
{
	int64_t of_late_ms = items > 0 && elapsed_ms > 0 ? elapsed_ms / items : gap_ms;
	int64_t least_ms = of_late_ms < gap_ms ? of_late_ms : gap_ms;

	if (r->window <= 0)
		return INT64_MAX;
	return r->window * least_ms / 2;
}
