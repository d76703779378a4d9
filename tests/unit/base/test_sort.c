/* sort_upper() beside a plain insertion into place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/sort.h"

enum { MOST = 3000 };

/* The lower half is the place in the input, so that what changes places is seen. */
static uint64_t number(uint32_t upper, size_t place)
{
	return (uint64_t)upper << 32 | (uint32_t)place;
}

static uint32_t any(uint32_t mask)
{
	return (uint32_t)(((uint32_t)rand() << 16) ^ (uint32_t)rand()) & mask;
}

static void check(uint64_t *numbers, size_t count)
{
	static uint64_t scratch[MOST];
	uint64_t sum = 0, sorted_sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += numbers[i];
	sort_upper(numbers, count, scratch);
	for (size_t i = 0; i < count; i++)
		sorted_sum += numbers[i];
	assert_true(sum == sorted_sum);
	/* With the places below, stable and ascending is ascending as a whole. */
	for (size_t i = 1; i < count; i++)
		assert_true(numbers[i - 1] < numbers[i]);
}

static void test_any_numbers(void **state)
{
	static const uint32_t masks[] = {
		0, 1, 0xFF, 0xFF00, 0xFF0000, 0xFF000000, 0x80000001, 0xFFFFFFFF};
	static const size_t counts[] = {0, 1, 2, 3, 255, 256, 257, MOST};
	static uint64_t numbers[MOST];

	(void)state;
	srand(1);
	for (size_t m = 0; m < sizeof(masks) / sizeof(masks[0]); m++) {
		for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
			for (size_t i = 0; i < counts[c]; i++)
				numbers[i] = number(any(masks[m]), i);
			check(numbers, counts[c]);
		}
	}
}

static void test_ends(void **state)
{
	uint64_t numbers[] = {number(UINT32_MAX, 0), number(0, 1), number(0x80000000, 2),
		number(0x7FFFFFFF, 3), number(UINT32_MAX, 4), number(0, 5)};

	(void)state;
	check(numbers, sizeof(numbers) / sizeof(numbers[0]));
	assert_true(numbers[0] == number(0, 1));
	assert_true(numbers[5] == number(UINT32_MAX, 4));
}

/* The lower half is carried along, whatever it holds, and counts for nothing. */
static void test_lower_half(void **state)
{
	uint64_t numbers[] = {UINT64_C(0x200000009), UINT64_C(0x100000007), UINT64_C(0x200000001),
		UINT64_C(0x100000008), UINT64_C(0xFFFFFFFF)};
	static const uint64_t wanted[] = {UINT64_C(0xFFFFFFFF), UINT64_C(0x100000007),
		UINT64_C(0x100000008), UINT64_C(0x200000009), UINT64_C(0x200000001)};
	uint64_t scratch[5];

	(void)state;
	sort_upper(numbers, 5, scratch);
	assert_memory_equal(numbers, wanted, sizeof(wanted));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_numbers),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_lower_half),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
