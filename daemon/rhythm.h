/* How often a feed has something new: a decayed estimate, and the interval that follows from it.
 * Pure. */
#ifndef TIDINGS_RHYTHM_H
#define TIDINGS_RHYTHM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/times.h"

/* Items and the time in which they came; both fade away over 30 days (B1), so that their quotient
 * is the rate of late. Zeroed: nothing is known. */
struct rhythm {
	double items;
	double span_ms;
	int window; /* items in the feed's last document; 0: not known */
};

/* Nothing is known yet: as if one item had come in `prior_ms`, which soon counts for little. */
void rhythm_begin(struct rhythm *r, int64_t prior_ms);

/* So much time went by, in which so many items came. */
void rhythm_watch(struct rhythm *r, int64_t elapsed_ms, int64_t items);

/* A new feed's first document tells its past: `published_ms` of `count` items, TIME_NONE for those
 * without a date. Fewer than two of the last year teach nothing: false. */
bool rhythm_seed(struct rhythm *r, int64_t now_ms, const int64_t *published_ms, size_t count);

/* The usual time between two items, of a rhythm that has begun. */
int64_t rhythm_gap_ms(const struct rhythm *r);

/* The interval that serves the reader best: the mean delay of all news, for a given number of polls
 * in all, is least when the rate of polls goes with the square root of the rate of items. That is
 * the geometric mean of the shortest interval and the usual time between items. */
int64_t rhythm_interval_ms(int64_t gap_ms, int64_t shortest_ms);

/* The longest interval that loses no items (B2): half of a document's worth, by the usual rate and
 * by what came of late (`items` in `elapsed_ms`). INT64_MAX when nothing can be said. */
int64_t rhythm_safe_ms(const struct rhythm *r, int64_t gap_ms, int64_t elapsed_ms, int64_t items);

#endif
