/* Heap and map beside plain models, under random use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/heap.h"
#include "base/map.h"

enum { NODES = 300, STEPS = 20000 };

static int64_t smallest(const struct heap_node *nodes, const bool *in)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < NODES; i++) {
		if (in[i] && nodes[i].key < least)
			least = nodes[i].key;
	}
	return least;
}

static void test_heap_gives_the_smallest(void **state)
{
	static struct heap_node nodes[NODES];
	static bool in[NODES];
	struct heap h = {0};

	(void)state;
	assert_null(heap_first(&h));
	assert_int_equal(heap_reserve(&h, NODES), 0);
	srand(1);
	for (int step = 0; step < STEPS; step++) {
		int i = rand() % NODES;

		if (rand() % 3) {
			heap_put(&h, &nodes[i], rand() % 1000 - 500);
			in[i] = true;
		} else {
			heap_remove(&h, &nodes[i]);
			in[i] = false;
		}
		if (heap_first(&h))
			assert_int_equal(heap_first(&h)->key, smallest(nodes, in));
		else
			assert_int_equal(smallest(nodes, in), INT64_MAX);
	}
	heap_finish(&h);
}

static void test_map_finds_what_was_put(void **state)
{
	static int64_t values[NODES];
	static bool in[NODES];
	struct map m = {0};
	size_t position, count, expected;

	(void)state;
	assert_null(map_get(&m, 1));
	assert_null(map_remove(&m, 1));
	srand(2);
	for (int step = 0; step < STEPS; step++) {
		int i = rand() % NODES;
		int64_t key = (int64_t)i * 0x100000001 - 50;

		if (rand() % 2) {
			assert_int_equal(map_put(&m, key, &values[i]), 0);
			in[i] = true;
		} else {
			assert_ptr_equal(map_remove(&m, key), in[i] ? &values[i] : NULL);
			in[i] = false;
		}
		i = rand() % NODES;
		assert_ptr_equal(
			map_get(&m, (int64_t)i * 0x100000001 - 50), in[i] ? &values[i] : NULL);
	}
	position = count = expected = 0;
	while (map_next(&m, &position))
		count++;
	for (int i = 0; i < NODES; i++)
		expected += in[i];
	assert_int_equal(count, expected);
	assert_int_equal(m.count, expected);
	map_finish(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heap_gives_the_smallest),
		cmocka_unit_test(test_map_finds_what_was_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
