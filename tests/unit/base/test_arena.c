/* Tests of the arena. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "support/fault.h"

static void assert_zeroed(const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		assert_int_equal(p[i], 0);
}

/* Sizes around the borders of the blocks; each piece is filled, so that one that overlaps another
 * is seen. */
static void test_pieces(void **state)
{
	static const size_t sizes[] = {0, 1, 2, 15, 16, 17, 100, 1023, 1024, 1025, 4095, 4096, 4097,
		20000, 65535, 65536, 70000};
	enum { COUNT = sizeof(sizes) / sizeof(sizes[0]), ROUNDS = 20 };
	unsigned char *pieces[ROUNDS][COUNT];
	struct arena a;

	(void)state;
	arena_init(&a, 64 << 20);
	for (int r = 0; r < ROUNDS; r++) {
		for (size_t i = 0; i < COUNT; i++) {
			pieces[r][i] = arena_alloc(&a, sizes[i]);
			assert_non_null(pieces[r][i]);
			assert_int_equal((uintptr_t)pieces[r][i] % _Alignof(max_align_t), 0);
			assert_zeroed(pieces[r][i], sizes[i]);
			memset(pieces[r][i], (r + (int)i) & 0xFF, sizes[i]);
		}
	}
	for (int r = 0; r < ROUNDS; r++) {
		for (size_t i = 0; i < COUNT; i++) {
			for (size_t j = 0; j < sizes[i]; j++)
				assert_int_equal(pieces[r][i][j], (r + (int)i) & 0xFF);
		}
	}
	arena_finish(&a);
	assert_int_equal(a.used_bytes, 0);
	assert_int_equal(a.max_bytes, 64 << 20);
}

static void test_strings(void **state)
{
	char longer[500];
	struct arena a;
	char *s;

	(void)state;
	memset(longer, 'l', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	arena_init(&a, 10000);
	assert_string_equal(arena_strdup(&a, "copy"), "copy");
	assert_string_equal(arena_strdup(&a, ""), "");
	assert_null(arena_strdup(&a, NULL));
	assert_null(arena_strndup(&a, NULL, 3));
	assert_null(arena_strndup(&a, "x", SIZE_MAX));
	s = arena_strndup(&a, "cut here", 3);
	assert_string_equal(s, "cut");
	assert_string_equal(arena_printf(&a, "%s-%d", "n", 7), "n-7");
	s = arena_printf(&a, "%s|%s", longer, longer);
	assert_int_equal(strlen(s), 999);
	assert_int_equal(s[499], '|');
	/* What follows a string is aligned all the same. */
	s = arena_strdup(&a, "odd");
	assert_non_null(s);
	assert_int_equal((uintptr_t)arena_alloc(&a, 8) % _Alignof(max_align_t), 0);
	arena_finish(&a);
}

static void test_maximum(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 100);
	assert_non_null(arena_alloc(&a, 60));
	assert_int_equal(a.used_bytes, 60);
	assert_null(arena_alloc(&a, 41));
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_alloc(&a, SIZE_MAX / 2 + 2));
	assert_int_equal(a.used_bytes, 60);
	assert_null(arena_strdup(&a, "12345678901234567890123456789012345678901"));
	assert_non_null(arena_alloc(&a, 40));
	assert_null(arena_alloc(&a, 1));
	assert_null(arena_strdup(&a, ""));
	assert_null(arena_printf(&a, "%d", 1));
	arena_finish(&a);
	assert_non_null(arena_alloc(&a, 100));
	arena_finish(&a);
	arena_init(&a, 0);
	assert_null(arena_alloc(&a, 1));
	arena_finish(&a);
}

static void test_blocks_grow(void **state)
{
	struct arena a, zeroed = {0};

	(void)state;
	arena_finish(&zeroed);
	arena_init(&a, 64 << 20);
	fault_malloc_after(1 << 20);
	for (int i = 0; i < 100000; i++)
		assert_non_null(arena_alloc(&a, 48));
	/* 4.8 MB in blocks of 64 KiB */
	assert_in_range(fault_malloc_count(), 70, 110);
	(void)fault_malloc_off();
	arena_finish(&a);
}

/* A large piece does not waste the block that small ones are being cut from. */
static void test_large_keeps_head(void **state)
{
	struct arena a;
	char *before, *after;

	(void)state;
	arena_init(&a, 1 << 20);
	before = arena_alloc(&a, 32);
	assert_non_null(before);
	assert_non_null(arena_alloc(&a, 200000));
	after = arena_alloc(&a, 32);
	assert_true(after > before && after - before < 4096);
	arena_finish(&a);
}

static void test_out_of_memory(void **state)
{
	long n = 0;
	long failed;

	(void)state;
	do {
		struct arena a;
		int missing = 0;

		arena_init(&a, 1 << 20);
		fault_malloc_after(n++);
		for (int i = 0; i < 40; i++) {
			missing += arena_alloc(&a, 500) == NULL;
			missing += arena_strdup(&a, "text") == NULL;
			missing += arena_printf(&a, "%0200d", i) == NULL;
		}
		missing += arena_alloc(&a, 100000) == NULL;
		failed = fault_malloc_off();
		assert_int_equal(missing, failed);
		arena_finish(&a);
	} while (failed);
	assert_true(n > 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_maximum),
		cmocka_unit_test(test_blocks_grow),
		cmocka_unit_test(test_large_keeps_head),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
