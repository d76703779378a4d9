/* Postings and shingles beside plain models. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/hash.h"
#include "limits.h"
#include "story/postings.h"
#include "story/shingles.h"
#include "support/fault_each.h"

enum { KEY_MAX = 0xFFFFFF, KEYS = 5000, SHINGLES = 3000, GROUPS = 40 };

/* -- postings -- */

static void test_terms(void **state)
{
	static const uint32_t keys[] = {0, 1, 2, 1024, 2048, 0x800000, KEY_MAX - 1, KEY_MAX};
	struct postings p = {.count = 0};

	(void)state;
	assert_null(postings_get(&p, 0));
	for (uint32_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct posting *made;

		assert_null(postings_get(&p, keys[i]));
		made = postings_use(&p, keys[i]);
		assert_non_null(made);
		assert_int_equal(made->items, 0);
		assert_int_equal(made->count, 0);
		made->items = i + 1;
	}
	for (uint32_t i = 0; i < KEYS; i++) /* the table grows meanwhile */
		assert_non_null(postings_use(&p, 5000 + i * 3));
	for (uint32_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		assert_int_equal(postings_get(&p, keys[i])->items, i + 1);
		assert_ptr_equal(postings_use(&p, keys[i]), postings_get(&p, keys[i]));
	}
	assert_int_equal(p.count, KEYS + sizeof(keys) / sizeof(keys[0]));
	assert_null(postings_get(&p, 5001));
	postings_finish(&p);
	assert_null(postings_get(&p, 0));
	postings_finish(&p);
}

/* The newest POSTINGS_MAX, each once. */
static void test_newest(void **state)
{
	struct postings p = {.count = 0};
	struct posting *one = postings_use(&p, 7);

	(void)state;
	assert_non_null(one);
	for (uint32_t group = 1; group <= 5 * POSTINGS_MAX / 2; group++) {
		uint32_t least = group > POSTINGS_MAX ? group - POSTINGS_MAX + 1 : 1, sum = 0;

		assert_int_equal(posting_add(one, group), 0);
		assert_int_equal(one->count, group < POSTINGS_MAX ? group : POSTINGS_MAX);
		for (int i = 0; i < one->count; i++) {
			assert_in_range(one->groups[i], least, group);
			sum += one->groups[i];
		}
		assert_int_equal(sum, (least + group) * (group - least + 1) / 2);
	}
	postings_finish(&p);
}

static void test_vocabulary(void **state)
{
	struct postings p = {.count = 0};

	(void)state;
	for (uint32_t i = 0; i < STORY_VOCABULARY_MAX; i++)
		assert_non_null(postings_use(&p, i * 8));
	assert_null(postings_use(&p, 1));
	assert_null(postings_get(&p, 1));
	assert_non_null(postings_use(&p, 8));
	postings_finish(&p);
}

/* Keys that were chosen to meet in a table of one seed do not in that of another. */
static void test_seeds(void **state)
{
	enum { CAP = 1024, FOUND = 64 };
	uint32_t keys[FOUND], key = 0;
	int taken[CAP] = {0}, most = 0;

	(void)state;
	for (int i = 0; i < FOUND; key++) {
		if (hash_slot(key, 1, CAP) == 7)
			keys[i++] = key;
	}
	for (int i = 0; i < FOUND; i++) {
		int times = ++taken[hash_slot(keys[i], 0x123456789ABCDEF, CAP)];

		most = times > most ? times : most;
	}
	assert_true(most <= 8);
}

static int use_some(void *ctx)
{
	struct postings p = {.count = 0};
	int status = 0;

	(void)ctx;
	for (uint32_t i = 0; i < 2000 && !status; i++) {
		struct posting *one = postings_use(&p, i);

		status = one ? posting_add(one, i) : ERR_NOMEM;
	}
	for (uint32_t i = 0; i < POSTINGS_MAX && !status; i++)
		status = posting_add(postings_get(&p, 0), i);
	postings_finish(&p);
	return status;
}

/* -- shingles -- */

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* What each shingle stands in, by a bit a group. */
static void check_shingles(const struct shingles *s, const uint64_t *model, const uint32_t *names)
{
	for (int i = 0; i < SHINGLES; i++) {
		int wanted = __builtin_popcountll(model[i]);
		uint32_t got[SHINGLE_GROUPS_MAX];
		int count = shingles_get(s, names[i], got);

		assert_int_equal(count, wanted > SHINGLE_GROUPS_MAX ? -1 : wanted);
		if (count <= 0)
			continue;
		qsort(got, (size_t)count, sizeof(got[0]), compare);
		for (int j = 0; j < count; j++) {
			assert_true(model[i] >> got[j] & 1);
			assert_true(j == 0 || got[j - 1] < got[j]);
		}
	}
}

static void test_shingles(void **state)
{
	static uint64_t model[SHINGLES];
	static uint32_t names[SHINGLES];
	struct shingles s = {.count = 0};
	uint32_t got[SHINGLE_GROUPS_MAX];

	(void)state;
	srand(1);
	assert_int_equal(shingles_get(&s, 0, got), 0);
	/* Some follow each other closely, some meet in one slot, and the ends are there. */
	for (uint32_t i = 0; i < SHINGLES; i++)
		names[i] = i % 2 ? i : i << 20;
	names[2] = UINT32_MAX;
	for (int i = 0; i < 12000; i++) {
		int which = rand() % SHINGLES;
		uint32_t group = (uint32_t)(rand() % GROUPS);

		/* Boilerplate stays that. */
		model[which] |= UINT64_C(1) << group;
		assert_int_equal(shingles_add(&s, names[which], group), 0);
		if (i % 3000 == 0)
			check_shingles(&s, model, names);
	}
	check_shingles(&s, model, names);
	shingles_finish(&s);
	assert_int_equal(shingles_get(&s, names[0], got), 0);
	shingles_finish(&s);
}

static int add_some(void *ctx)
{
	struct shingles s = {.count = 0};
	int status = 0;

	(void)ctx;
	for (uint32_t i = 0; i < 20000 && !status; i++)
		status = shingles_add(&s, i / 5, i);
	shingles_finish(&s);
	return status;
}

static void test_memory(void **state)
{
	(void)state;
	assert_true(fault_each(use_some, NULL, NULL, NULL, 100) > 2000);
	assert_true(fault_each(add_some, NULL, NULL, NULL, 0) > 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terms),
		cmocka_unit_test(test_newest),
		cmocka_unit_test(test_vocabulary),
		cmocka_unit_test(test_seeds),
		cmocka_unit_test(test_shingles),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
