/* No memory: an error, or all that there is. */
#include <stdio.h>
#include <string.h>

#include "story/canonical.h"
#include "story/identity.h"
#include "support/fault_each.h"

enum { ITEMS = 100, ARENA_BYTES = 4096 };

static const char url[] = "https://www.example.org//a/?b=2&utm_source=rss&a=1#!x";
static const char wanted[] = "example.org/a?a=1&b=2#!x";

/* Every size of the arena that is too small, and the first one that is not. */
static void test_canonical(void **state)
{
	char *got = NULL;
	size_t most = 0;

	(void)state;
	for (int status = ERR_NOMEM; status; most++) {
		struct arena a;
		int64_t key = -1;

		assert_true(most < ARENA_BYTES);
		arena_init(&a, most);
		status = canonical_url(url, &a, &got);
		if (status)
			assert_int_equal(status, ERR_NOMEM);
		else
			assert_string_equal(got, wanted);
		arena_finish(&a);
		assert_int_equal(canonical_key(url, &a, &key), status);
		assert_true((key == -1) == (status != 0));
		arena_finish(&a);
	}
	assert_true(most > sizeof(url));
}

static int read_key(void *ctx)
{
	struct arena a;
	int64_t key;
	int status;

	(void)ctx;
	arena_init(&a, ARENA_BYTES);
	status = canonical_key(url, &a, &key);
	arena_finish(&a);
	return status;
}

/* So many that the table of guids has to grow. */
static int tell_apart(void *ctx)
{
	static char ids[ITEMS][8];
	struct item items[ITEMS] = {{.id = NULL}};
	struct feed_content feed = {.items = items, .item_count = ITEMS};
	int64_t keys[ITEMS];
	int status;

	(void)ctx;
	for (int i = 0; i < ITEMS; i++) {
		snprintf(ids[i], sizeof(ids[i]), "%d", i % (ITEMS - 1));
		items[i].id = ids[i];
		items[i].next = i + 1 < ITEMS ? &items[i + 1] : NULL;
	}
	status = identity_keys(&feed, IDENTITY_GUID, keys);
	for (int i = 1; i < ITEMS && status == 0; i++)
		assert_int_equal(keys[i] == keys[0], i == ITEMS - 1);
	return status;
}

static void test_mallocs(void **state)
{
	(void)state;
	assert_int_equal(fault_each(read_key, NULL, NULL, NULL, 0), 1);
	assert_true(fault_each(tell_apart, NULL, NULL, NULL, 0) > 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_mallocs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
