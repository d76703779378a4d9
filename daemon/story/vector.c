/* What an item tells of, as weighted terms of length one. */
#include "story/vector.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/sort.h"
#include "story/fingerprint.h"

uint32_t log2_256(uint32_t x)
{
	uint32_t whole = 31 - (uint32_t)__builtin_clz(x);
	uint64_t y = (uint64_t)x << (31 - whole);
	uint32_t fraction = 0;

	for (int i = 0; i < 8; i++) {
		y = y * y >> 31;
		fraction = fraction << 1 | (uint32_t)(y >> 32);
		y >>= y >> 32;
	}
	return whole << 8 | fraction;
}

uint64_t root_256(uint64_t x)
{
	uint64_t rest = x << 16, root = 0;

	for (uint64_t bit = UINT64_C(1) << 62; bit; bit >>= 2) {
		if (rest >= root + bit) {
			rest -= root + bit;
			root = (root >> 1) + bit;
		} else {
			root >>= 1;
		}
	}
	return root;
}

/* The heaviest go first; of equal ones the lower key. */
static size_t keep_heaviest(uint64_t *raw, size_t count)
{
	uint64_t sorted[FINGERPRINT_TERMS_MAX], scratch[FINGERPRINT_TERMS_MAX];

	for (size_t i = 0; i < count; i++)
		sorted[i] = (uint64_t)(UINT32_MAX - (uint32_t)raw[i]) << 32 | raw[i] >> 32;
	sort_upper(sorted, count, scratch);
	for (size_t i = 0; i < VECTOR_TERMS_MAX; i++)
		raw[i] = sorted[i] << 32 | (UINT32_MAX - (uint32_t)(sorted[i] >> 32));
	sort_upper(raw, VECTOR_TERMS_MAX, scratch);
	return VECTOR_TERMS_MAX;
}

void vector_make(uint64_t *raw, size_t count, struct vector *out)
{
	uint64_t square = 0, norm;

	if (count > VECTOR_TERMS_MAX)
		count = keep_heaviest(raw, count);
	for (size_t i = 0; i < count; i++)
		square += (uint64_t)(uint32_t)raw[i] * (uint32_t)raw[i];
	norm = root_256(square) >> 8;
	*out = (struct vector){.count = 0};
	square = 0;
	for (size_t i = 0; i < count; i++) {
		uint64_t w = ((uint32_t)raw[i] * UINT64_C(255) + norm / 2) / (norm ? norm : 1);

		w = w > 255 ? 255 : w;
		out->terms[out->count] = (uint32_t)(raw[i] >> 32 << 8 | w);
		out->count = (uint16_t)(out->count + (w > 0));
		square += w * w;
	}
	out->norm = (uint32_t)root_256(square);
}

/* Counted by weight, since there are but 256. */
int vector_heaviest(const struct vector *v, int most, weight out[VECTOR_TERMS_MAX])
{
	uint16_t places[257] = {0};

	for (int i = 0; i < v->count; i++)
		places[255 - WEIGHT_OF(v->terms[i]) + 1]++;
	for (int i = 0; i < 256; i++)
		places[i + 1] = (uint16_t)(places[i + 1] + places[i]);
	for (int i = 0; i < v->count; i++)
		out[places[255 - WEIGHT_OF(v->terms[i])]++] = v->terms[i];
	return v->count < most ? v->count : most;
}

/* dot: the plain product; norms in 1/256. */
static uint32_t cosine(uint64_t dot, uint64_t a_norm, uint64_t b_norm)
{
	uint64_t product, score;

	for (; a_norm >> 32; a_norm >>= 1) /* a story of more than 60,000 texts */
		dot >>= 1;
	for (; b_norm >> 32; b_norm >>= 1)
		dot >>= 1;
	product = (a_norm * b_norm) >> 16;
	score = product ? dot * SCORE_ONE / product : 0;
	return score > SCORE_ONE ? SCORE_ONE : (uint32_t)score;
}

uint32_t vector_cosine(const struct vector *a, const struct vector *b)
{
	uint64_t dot = 0;

	for (int i = 0, j = 0; i < a->count && j < b->count;) {
		uint32_t x = WEIGHT_KEY(a->terms[i]), y = WEIGHT_KEY(b->terms[j]);

		if (x == y)
			dot += (uint64_t)WEIGHT_OF(a->terms[i]) * WEIGHT_OF(b->terms[j]);
		i += x <= y;
		j += y <= x;
	}
	return cosine(dot, a->norm, b->norm);
}

uint32_t vector_centroid_cosine(const struct vector *a, const struct centroid *c)
{
	uint64_t dot = 0;
	uint32_t j = 0;

	for (int i = 0; i < a->count && j < c->count;) {
		uint32_t x = WEIGHT_KEY(a->terms[i]), y = c->sums[j].key;

		if (x == y)
			dot += (uint64_t)WEIGHT_OF(a->terms[i]) * c->sums[j].weight;
		i += x <= y;
		j += y <= x;
	}
	return cosine(dot, a->norm, c->norm);
}

uint32_t centroid_cosine(const struct centroid *a, const struct centroid *b)
{
	uint64_t dot = 0;

	for (uint32_t i = 0, j = 0; i < a->count && j < b->count;) {
		uint32_t x = a->sums[i].key, y = b->sums[j].key;

		if (x == y)
			dot += (uint64_t)a->sums[i].weight * b->sums[j].weight;
		i += x <= y;
		j += y <= x;
	}
	return cosine(dot, a->norm, b->norm);
}

static uint64_t share_of(uint64_t square, const struct vector *v)
{
	uint64_t all = (uint64_t)v->norm * v->norm;

	return all ? (square << 32) / all : 0;
}

uint32_t vector_share(const struct vector *a, const struct vector *b)
{
	uint64_t in_a = 0, in_b = 0, share;

	for (int i = 0, j = 0; i < a->count && j < b->count;) {
		uint32_t x = WEIGHT_KEY(a->terms[i]), y = WEIGHT_KEY(b->terms[j]);

		if (x == y) {
			in_a += WEIGHT_OF(a->terms[i]) * WEIGHT_OF(a->terms[i]);
			in_b += WEIGHT_OF(b->terms[j]) * WEIGHT_OF(b->terms[j]);
		}
		i += x <= y;
		j += y <= x;
	}
	in_a = share_of(in_a, a);
	in_b = share_of(in_b, b);
	share = in_a > in_b ? in_a : in_b;
	return share > SCORE_ONE ? SCORE_ONE : (uint32_t)share;
}

/* -- centroids -- */

int centroid_reserve(struct centroid *c, uint32_t more)
{
	uint32_t cap = c->count + more;
	struct sum *sums;

	if (cap <= c->cap)
		return 0;
	sums = realloc(c->sums, cap * sizeof(*sums));
	if (!sums)
		return ERR_NOMEM;
	c->sums = sums;
	c->cap = cap;
	return 0;
}

/* From the end down, so that nothing has to be moved twice. */
static void merge_sums(struct centroid *c, const struct sum *from, uint32_t count, uint32_t fresh)
{
	uint32_t i = c->count, j = count, to = c->count + fresh;
	uint64_t square = 0;
	unsigned halvings = 0;

	c->count = to;
	while (j > 0) {
		if (i > 0 && c->sums[i - 1].key == from[j - 1].key) {
			c->sums[--to] = c->sums[--i];
			c->sums[to].weight += from[--j].weight;
		} else if (i > 0 && c->sums[i - 1].key > from[j - 1].key) {
			c->sums[--to] = c->sums[--i];
		} else {
			c->sums[--to] = from[--j];
		}
	}
	for (i = 0; i < c->count; i++)
		square += (uint64_t)c->sums[i].weight * c->sums[i].weight;
	for (; square >> 48; square >>= 2)
		halvings++;
	c->norm = root_256(square) << halvings;
}

static uint32_t count_fresh(const struct centroid *c, const struct sum *from, uint32_t count)
{
	uint32_t fresh = 0;

	for (uint32_t i = 0, j = 0; j < count; j++) {
		while (i < c->count && c->sums[i].key < from[j].key)
			i++;
		fresh += i == c->count || c->sums[i].key != from[j].key;
	}
	return fresh;
}

static int add_sums(struct centroid *c, const struct sum *from, uint32_t count)
{
	uint32_t fresh = count_fresh(c, from, count);

	if (centroid_reserve(c, fresh))
		return ERR_NOMEM;
	merge_sums(c, from, count, fresh);
	return 0;
}

int centroid_add(struct centroid *c, const struct vector *v)
{
	struct sum sums[VECTOR_TERMS_MAX];

	for (int i = 0; i < v->count; i++)
		sums[i] = (struct sum){WEIGHT_KEY(v->terms[i]), WEIGHT_OF(v->terms[i])};
	return add_sums(c, sums, v->count);
}

int centroid_add_all(struct centroid *c, const struct centroid *from)
{
	return add_sums(c, from->sums, from->count);
}

void centroid_finish(struct centroid *c)
{
	free(c->sums);
	*c = (struct centroid){.count = 0};
}
