/* What an item tells of, as weighted terms of length one; integers throughout, so that the same
 * input gives the same bytes on every machine. Pure. */
#ifndef TIDINGS_STORY_VECTOR_H
#define TIDINGS_STORY_VECTOR_H

#include <stddef.h>
#include <stdint.h>

enum {
	VECTOR_TERMS_MAX = 80, /* the heaviest terms of an item */
	SCORE_ONE = 65536,     /* a cosine of 1 */
};

/* A term's key in the upper 24 bits, its weight in the lower 8. */
typedef uint32_t weight;
#define WEIGHT_KEY(w) ((w) >> 8)
#define WEIGHT_OF(w)  ((w)&0xFF)

/* Ascending by key, all different. */
struct vector {
	uint32_t norm; /* the length in 1/256 */
	uint16_t count;
	weight terms[];
};

/* The sum of several vectors. */
struct centroid {
	uint64_t norm; /* the length in 1/256 */
	uint32_t count, cap;
	struct sum {
		uint32_t key, weight;
	} * sums; /* ascending by key */
};

/* The binary logarithm in 1/256; x > 0. */
uint32_t log2_256(uint32_t x);

/* 256 times the root, rounded down; x < 2^48. */
uint64_t root_256(uint64_t x);

/* Room for a vector where it is made. */
union vector_room {
	struct vector vector;
	unsigned char bytes[sizeof(struct vector) + VECTOR_TERMS_MAX * sizeof(weight)];
};

/* Terms ascending by key (key << 32 | weight, weights under 2^20, FINGERPRINT_TERMS_MAX at most) to
 * a vector of the heaviest ones; of equal ones the lower key stays. `raw` is changed. */
void vector_make(uint64_t *raw, size_t count, struct vector *out);

/* The terms by weight, the heaviest first; of equal ones the lower key. Returns how many, `most` at
 * most. */
int vector_heaviest(const struct vector *v, int most, weight out[VECTOR_TERMS_MAX]);

/* Cosines, 0 to SCORE_ONE. */
uint32_t vector_cosine(const struct vector *a, const struct vector *b);
uint32_t vector_centroid_cosine(const struct vector *a, const struct centroid *c);
uint32_t centroid_cosine(const struct centroid *a, const struct centroid *b);

/* The share of what weighs in the one that the other has, too: of both the greater, 0 to SCORE_ONE.
 */
uint32_t vector_share(const struct vector *a, const struct vector *b);

/* Room for so many terms more. ERR_NOMEM leaves it as it was, here and below. */
int centroid_reserve(struct centroid *c, uint32_t more) __attribute__((warn_unused_result));
int centroid_add(struct centroid *c, const struct vector *v) __attribute__((warn_unused_result));
int centroid_add_all(struct centroid *c, const struct centroid *from)
	__attribute__((warn_unused_result));
void centroid_finish(struct centroid *c);

#endif
