/* Weighted terms beside floating point. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "limits.h"
#include "story/fingerprint.h"
#include "story/vector.h"
#include "support/fault_each.h"

enum { KEYS = 400, RAW_WEIGHT_MAX = (1 << 20) - 1, KEY_MAX = (1 << 24) - 1 };

static uint32_t any(uint32_t most)
{
	return (((uint32_t)rand() << 16) ^ (uint32_t)rand()) % (most + 1);
}

/* -- numbers -- */

static void check_log(uint32_t x)
{
	double exact = log2((double)x) * 256;
	uint32_t got = log2_256(x);

	/* Down, or by the errors of eight roundings a step further. */
	if ((double)got > exact + 1e-6 || (double)got < exact - 1.01)
		fail_msg("log2_256(%u): %u, not %f", x, got, exact);
}

static void test_logs(void **state)
{
	uint32_t last = 0;

	(void)state;
	for (uint32_t x = 1; x < 100000; x++) {
		check_log(x);
		assert_true(log2_256(x) >= last);
		last = log2_256(x);
	}
	for (int bit = 0; bit < 32; bit++) {
		uint32_t x = UINT32_C(1) << bit;

		assert_int_equal(log2_256(x), bit * 256);
		check_log(x | x >> 1);
		check_log(2 * x - 1);
	}
	srand(1);
	for (int i = 0; i < 100000; i++)
		check_log(any(UINT32_MAX - 1) + 1);
	check_log(UINT32_MAX);
}

/* The greatest r with r * r <= x * 65536. */
static void check_root(uint64_t x)
{
	uint64_t got = root_256(x), square = got * got, wanted = x << 16;

	assert_true(got < UINT64_C(1) << 32);
	if (square > wanted || wanted - square > 2 * got)
		fail_msg("root_256(%llu): %llu", (unsigned long long)x, (unsigned long long)got);
}

static void test_roots(void **state)
{
	(void)state;
	assert_int_equal(root_256(0), 0);
	assert_int_equal(root_256(1), 256);
	assert_int_equal(root_256(2), 362);
	assert_int_equal(root_256(65536), 65536);
	for (uint64_t x = 0; x < 100000; x++)
		check_root(x);
	for (int bit = 0; bit < 48; bit++) {
		check_root(UINT64_C(1) << bit);
		check_root((UINT64_C(1) << bit) - 1);
		check_root((UINT64_C(1) << bit) + (bit < 47));
	}
	srand(2);
	for (int i = 0; i < 100000; i++)
		check_root((uint64_t)any(0xFFFFFF) << 24 | any(0xFFFFFF));
	check_root((UINT64_C(1) << 48) - 1);
}

/* -- vectors -- */

static void check(const struct vector *v)
{
	uint64_t square = 0;

	assert_in_range(v->count, 0, VECTOR_TERMS_MAX);
	for (int i = 0; i < v->count; i++) {
		assert_true(WEIGHT_OF(v->terms[i]) > 0);
		assert_true(i == 0 || WEIGHT_KEY(v->terms[i - 1]) < WEIGHT_KEY(v->terms[i]));
		square += WEIGHT_OF(v->terms[i]) * WEIGHT_OF(v->terms[i]);
	}
	assert_int_equal(v->norm, root_256(square));
}

/* `count` terms from the key on, `step` apart. */
static void make(union vector_room *out, uint32_t first, uint32_t step, size_t count,
	uint32_t least, uint32_t most)
{
	uint64_t raw[FINGERPRINT_TERMS_MAX];

	for (size_t i = 0; i < count; i++)
		raw[i] = (uint64_t)(first + i * step) << 32 | (least + any(most - least));
	memset(out, 0xA5, sizeof(*out));
	vector_make(raw, count, &out->vector);
	check(&out->vector);
}

static uint32_t weight_of(const struct vector *v, uint32_t key)
{
	for (int i = 0; i < v->count; i++) {
		if (WEIGHT_KEY(v->terms[i]) == key)
			return WEIGHT_OF(v->terms[i]);
	}
	return 0;
}

static void test_make(void **state)
{
	static const struct {
		size_t count;
		uint64_t raw[4];
		uint32_t weights[4]; /* by key 1, 2, 3, 4 */
	} cases[] = {
		{0, {0}, {0}},
		{1, {1ULL << 32}, {0}}, /* weighs nothing */
		{1, {1ULL << 32 | 1}, {255}},
		{1, {1ULL << 32 | RAW_WEIGHT_MAX}, {255}},
		{2, {1ULL << 32 | 1000, 2ULL << 32 | 1000}, {180, 180}},
		{2, {1ULL << 32 | 3000, 2ULL << 32 | 4000}, {153, 204}},
		{3, {1ULL << 32 | 3000, 2ULL << 32, 4ULL << 32 | 4000}, {153, 0, 0, 204}},
		{2, {1ULL << 32 | RAW_WEIGHT_MAX, 2ULL << 32 | 1}, {255, 0}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		union vector_room v;
		uint64_t raw[4];

		memcpy(raw, cases[i].raw, sizeof(raw));
		vector_make(raw, cases[i].count, &v.vector);
		check(&v.vector);
		for (uint32_t key = 1; key <= 4; key++) {
			if (abs((int)weight_of(&v.vector, key) - (int)cases[i].weights[key - 1]) >
				1)
				fail_msg("case %zu: key %u has %u", i, key,
					weight_of(&v.vector, key));
		}
	}
}

/* The limits: as many terms as may be, as heavy as may be, with the greatest keys. */
static void test_make_limits(void **state)
{
	union vector_room v;

	(void)state;
	make(&v, KEY_MAX - FINGERPRINT_TERMS_MAX + 1, 1, FINGERPRINT_TERMS_MAX, RAW_WEIGHT_MAX,
		RAW_WEIGHT_MAX);
	assert_int_equal(v.vector.count, VECTOR_TERMS_MAX);
	/* Of equal ones the lower keys. */
	assert_int_equal(WEIGHT_KEY(v.vector.terms[0]), KEY_MAX - FINGERPRINT_TERMS_MAX + 1);
	assert_int_equal(WEIGHT_KEY(v.vector.terms[VECTOR_TERMS_MAX - 1]),
		KEY_MAX - FINGERPRINT_TERMS_MAX + VECTOR_TERMS_MAX);
	assert_int_equal(vector_cosine(&v.vector, &v.vector), SCORE_ONE);
	make(&v, 0, 1, VECTOR_TERMS_MAX, 0, 0);
	assert_int_equal(v.vector.count, 0);
	assert_int_equal(vector_cosine(&v.vector, &v.vector), 0);
}

/* None that was left out is heavier than one that stayed. */
static void test_heaviest_stay(void **state)
{
	(void)state;
	srand(3);
	for (int round = 0; round < 200; round++) {
		uint64_t raw[FINGERPRINT_TERMS_MAX], given[FINGERPRINT_TERMS_MAX];
		uint32_t most = round % 2 ? 20 : RAW_WEIGHT_MAX, least_kept = UINT32_MAX;
		uint32_t last_of_least = 0;
		union vector_room v;

		for (uint32_t i = 0; i < FINGERPRINT_TERMS_MAX; i++)
			raw[i] = (uint64_t)(i * 5 + 1) << 32 | (10 + any(most - 10));
		memcpy(given, raw, sizeof(raw));
		vector_make(raw, FINGERPRINT_TERMS_MAX, &v.vector);
		check(&v.vector);
		for (int i = 0; i < FINGERPRINT_TERMS_MAX; i++) {
			if (!weight_of(&v.vector, (uint32_t)(given[i] >> 32)))
				continue;
			if ((uint32_t)given[i] <= least_kept) {
				least_kept = (uint32_t)given[i];
				last_of_least = (uint32_t)(given[i] >> 32);
			}
		}
		for (int i = 0; i < FINGERPRINT_TERMS_MAX && v.vector.count == VECTOR_TERMS_MAX;
			i++) {
			uint32_t key = (uint32_t)(given[i] >> 32);

			if (weight_of(&v.vector, key))
				continue;
			assert_true((uint32_t)given[i] < least_kept ||
				    ((uint32_t)given[i] == least_kept && key > last_of_least));
		}
	}
}

static void test_heaviest_order(void **state)
{
	(void)state;
	srand(4);
	for (int round = 0; round < 200; round++) {
		weight out[VECTOR_TERMS_MAX + 1];
		union vector_room v;
		size_t count = (size_t)any(VECTOR_TERMS_MAX);
		int most = (int)any(100), got;

		make(&v, any(1000), 3, count, 1, round % 2 ? 4 : 1000);
		out[VECTOR_TERMS_MAX] = 0xA5A5A5A5;
		got = vector_heaviest(&v.vector, most, out);
		assert_int_equal(got, most < v.vector.count ? most : v.vector.count);
		assert_int_equal(out[VECTOR_TERMS_MAX], 0xA5A5A5A5);
		for (int i = 0; i < got; i++) {
			assert_int_equal(
				WEIGHT_OF(out[i]), weight_of(&v.vector, WEIGHT_KEY(out[i])));
			assert_true(i == 0 || WEIGHT_OF(out[i - 1]) > WEIGHT_OF(out[i]) ||
				    (WEIGHT_OF(out[i - 1]) == WEIGHT_OF(out[i]) &&
					    WEIGHT_KEY(out[i - 1]) < WEIGHT_KEY(out[i])));
		}
	}
}

/* -- cosines -- */

static double exact_cosine(const double a[KEYS], const double b[KEYS])
{
	double dot = 0, square_a = 0, square_b = 0;

	for (int i = 0; i < KEYS; i++) {
		dot += a[i] * b[i];
		square_a += a[i] * a[i];
		square_b += b[i] * b[i];
	}
	return square_a > 0 && square_b > 0 ? dot / sqrt(square_a * square_b) : 0;
}

static void spread(const struct vector *v, double out[KEYS])
{
	for (int i = 0; i < v->count; i++)
		out[WEIGHT_KEY(v->terms[i])] += WEIGHT_OF(v->terms[i]);
}

static void near(uint32_t got, double exact)
{
	if (fabs((double)got / SCORE_ONE - exact) > .0005 || got > SCORE_ONE)
		fail_msg("a cosine of %f, not %f", (double)got / SCORE_ONE, exact);
}

static void test_cosines(void **state)
{
	(void)state;
	srand(5);
	for (int round = 0; round < 500; round++) {
		double x[KEYS] = {0}, y[KEYS] = {0};
		union vector_room a, b;

		make(&a, any(20), 1 + any(1), 1 + any(99), 1, 1 + any(RAW_WEIGHT_MAX - 1));
		make(&b, any(20), 1 + any(1), 1 + any(99), 1, 1 + any(RAW_WEIGHT_MAX - 1));
		spread(&a.vector, x);
		spread(&b.vector, y);
		near(vector_cosine(&a.vector, &b.vector), exact_cosine(x, y));
		assert_int_equal(
			vector_cosine(&a.vector, &b.vector), vector_cosine(&b.vector, &a.vector));
		/* Rounding may take a little away. */
		assert_in_range(vector_cosine(&a.vector, &a.vector), SCORE_ONE, SCORE_ONE);
	}
}

static void test_disjoint(void **state)
{
	struct centroid c = {.count = 0}, nothing = {.count = 0};
	union vector_room a, b, none;

	(void)state;
	make(&a, 0, 2, 50, 1, 1000);
	make(&b, 1, 2, 50, 1, 1000);
	make(&none, 0, 1, 0, 1, 1);
	assert_int_equal(centroid_add(&c, &b.vector), 0);
	assert_int_equal(vector_cosine(&a.vector, &b.vector), 0);
	assert_int_equal(vector_cosine(&a.vector, &none.vector), 0);
	assert_int_equal(vector_cosine(&none.vector, &none.vector), 0);
	assert_int_equal(vector_centroid_cosine(&a.vector, &c), 0);
	assert_int_equal(vector_centroid_cosine(&a.vector, &nothing), 0);
	assert_int_equal(vector_centroid_cosine(&none.vector, &c), 0);
	assert_int_equal(centroid_cosine(&nothing, &c), 0);
	assert_int_equal(centroid_cosine(&nothing, &nothing), 0);
	assert_int_equal(vector_centroid_cosine(&b.vector, &c), SCORE_ONE);
	assert_int_equal(centroid_cosine(&c, &c), SCORE_ONE);
	centroid_finish(&c);
}

static double exact_share(const double a[KEYS], const double b[KEYS])
{
	double all = 0, in = 0;

	for (int i = 0; i < KEYS; i++) {
		all += a[i] * a[i];
		in += b[i] > 0 ? a[i] * a[i] : 0;
	}
	return all > 0 ? in / all : 0;
}

static void test_shares(void **state)
{
	union vector_room none;

	(void)state;
	srand(7);
	make(&none, 0, 1, 0, 1, 1);
	assert_int_equal(vector_share(&none.vector, &none.vector), 0);
	for (int round = 0; round < 500; round++) {
		double x[KEYS] = {0}, y[KEYS] = {0};
		union vector_room a, b;

		make(&a, any(20), 1 + any(1), 1 + any(99), 1, 1 + any(RAW_WEIGHT_MAX - 1));
		make(&b, any(20), 1 + any(1), 1 + any(99), 1, 1 + any(RAW_WEIGHT_MAX - 1));
		spread(&a.vector, x);
		spread(&b.vector, y);
		near(vector_share(&a.vector, &b.vector),
			fmax(exact_share(x, y), exact_share(y, x)));
		assert_int_equal(
			vector_share(&a.vector, &b.vector), vector_share(&b.vector, &a.vector));
		assert_int_equal(vector_share(&a.vector, &a.vector), SCORE_ONE);
		assert_int_equal(vector_share(&a.vector, &none.vector), 0);
	}
}

/* -- centroids -- */

static void check_centroid(const struct centroid *c, const double sums[KEYS])
{
	uint64_t square = 0;
	uint32_t present = 0;

	for (uint32_t i = 0; i < c->count; i++) {
		assert_true(i == 0 || c->sums[i - 1].key < c->sums[i].key);
		assert_true((double)c->sums[i].weight == sums[c->sums[i].key]);
		square += (uint64_t)c->sums[i].weight * c->sums[i].weight;
	}
	for (int i = 0; i < KEYS; i++)
		present += sums[i] > 0;
	assert_int_equal(c->count, present);
	assert_int_equal(c->norm, root_256(square));
}

static void check_same(const struct centroid *a, const struct centroid *b)
{
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->norm, b->norm);
	assert_memory_equal(a->sums, b->sums, a->count * sizeof(*a->sums));
}

static void test_sums(void **state)
{
	enum { VECTORS = 12 };
	static union vector_room all[VECTORS];

	(void)state;
	srand(6);
	for (int round = 0; round < 100; round++) {
		struct centroid up = {.count = 0}, down = {.count = 0}, odd = {.count = 0};
		struct centroid even = {.count = 0};
		double sums[KEYS] = {0}, one[KEYS] = {0};

		for (int i = 0; i < VECTORS; i++) {
			make(&all[i], any(200), 1 + any(1), any(90), 0, 1000);
			spread(&all[i].vector, sums);
			assert_int_equal(centroid_add(&up, &all[i].vector), 0);
			assert_int_equal(centroid_add(i % 2 ? &odd : &even, &all[i].vector), 0);
		}
		for (int i = VECTORS - 1; i >= 0; i--)
			assert_int_equal(centroid_add(&down, &all[i].vector), 0);
		check_centroid(&up, sums);
		check_same(&up, &down);
		spread(&all[0].vector, one);
		near(vector_centroid_cosine(&all[0].vector, &up), exact_cosine(one, sums));
		memset(one, 0, sizeof(one));
		for (int i = 0; i < VECTORS; i += 2)
			spread(&all[i].vector, one);
		near(centroid_cosine(&even, &up), exact_cosine(one, sums));
		assert_int_equal(centroid_cosine(&even, &odd), centroid_cosine(&odd, &even));
		assert_int_equal(centroid_add_all(&even, &odd), 0);
		check_same(&up, &even);
		centroid_finish(&up);
		centroid_finish(&down);
		centroid_finish(&odd);
		centroid_finish(&even);
	}
}

/* As many of the same as the index may hold: by doubling. */
static void test_sum_limits(void **state)
{
	struct centroid c = {.count = 0}, twice = {.count = 0};
	union vector_room same, half, other;

	(void)state;
	make(&same, 100, 1, VECTOR_TERMS_MAX, RAW_WEIGHT_MAX, RAW_WEIGHT_MAX);
	make(&half, 100 + VECTOR_TERMS_MAX / 2, 1, VECTOR_TERMS_MAX, 1000, 1000);
	make(&other, 1, 1, VECTOR_TERMS_MAX, 1000, 1000);
	assert_int_equal(centroid_add(&c, &same.vector), 0);
	for (int64_t items = 1; items <= STORY_ITEMS_MAX; items *= 2) {
		near(vector_centroid_cosine(&same.vector, &c), 1);
		near(vector_centroid_cosine(&half.vector, &c), .5);
		assert_int_equal(vector_centroid_cosine(&other.vector, &c), 0);
		near(centroid_cosine(&c, &c), 1);
		twice.count = 0;
		assert_int_equal(centroid_add_all(&twice, &c), 0);
		assert_int_equal(centroid_add_all(&c, &twice), 0);
	}
	centroid_finish(&c);
	centroid_finish(&twice);
	/* One word is the heaviest that there can be. */
	make(&same, 100, 1, 1, 1, 1);
	assert_int_equal(centroid_add(&c, &same.vector), 0);
	for (int64_t items = 1; items <= STORY_ITEMS_MAX; items *= 2) {
		near(vector_centroid_cosine(&same.vector, &c), 1);
		near(centroid_cosine(&c, &c), 1);
		twice.count = 0;
		assert_int_equal(centroid_add_all(&twice, &c), 0);
		assert_int_equal(centroid_add_all(&c, &twice), 0);
	}
	centroid_finish(&c);
	centroid_finish(&twice);
}

/* -- memory -- */

struct memory {
	const struct vector *a, *b;
	struct centroid c, other;
};

static int add_both(void *ctx)
{
	struct memory *m = ctx;
	struct centroid before;
	int status;

	m->c = m->other = (struct centroid){.count = 0};
	status = centroid_add(&m->c, m->a);
	before = m->c;
	if (status == 0) {
		status = centroid_add(&m->c, m->b);
		if (status)
			assert_memory_equal(&m->c, &before, sizeof(before));
	}
	if (status == 0)
		status = centroid_add_all(&m->other, &m->c);
	centroid_finish(&m->c);
	centroid_finish(&m->other);
	return status;
}

static void test_memory(void **state)
{
	union vector_room a, b;
	struct memory m = {.a = &a.vector, .b = &b.vector};

	(void)state;
	make(&a, 0, 1, VECTOR_TERMS_MAX, 1000, 1000);
	make(&b, 1000, 1, VECTOR_TERMS_MAX, 1000, 1000);
	assert_int_equal(fault_each(add_both, NULL, &m, NULL, 0), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_logs),
		cmocka_unit_test(test_roots),
		cmocka_unit_test(test_make),
		cmocka_unit_test(test_make_limits),
		cmocka_unit_test(test_heaviest_stay),
		cmocka_unit_test(test_heaviest_order),
		cmocka_unit_test(test_cosines),
		cmocka_unit_test(test_disjoint),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_sum_limits),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
