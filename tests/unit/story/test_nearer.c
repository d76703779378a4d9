/* The story index: which item is nearest to what its story tells. */
#include "world.h"

static struct world *world;

static int place(const char *text, int64_t story, int64_t group)
{
	int item = world_draft(world, NULL, text, NOON_MS);
	struct index_item row;

	world->stories[item] = story ? story : item;
	world->groups[item] = group ? group : item;
	row = world_row(world, item);
	assert_int_equal(story_index_add(world->index, &row), 0);
	return item;
}

static bool is_nearer(int64_t item, int64_t other)
{
	return story_index_is_nearer(world->index, item, other);
}

/* What all of them tell are the words "a". */
static void test_nearer(void **state)
{
	char *all;
	int first, second, third, copy, other;

	(void)state;
	world = world_create();
	all = world_words(world, "a", 0, 20);
	for (int i = 0; i < 20; i++)
		place(world_words(world, "f", i * 30, i * 30 + 30), 0, 0);
	assert_false(is_nearer(1, 0));
	assert_false(is_nearer(99, 0));
	first = place(
		world_join(world, world_words(world, "a", 0, 8), world_words(world, "x", 0, 20)), 0,
		0);
	second = place(world_join(world, all, world_words(world, "y", 0, 6)), first, 0);
	assert_false(is_nearer(second, 0)); /* two are no crowd */
	third = place(world_join(world, all, world_words(world, "z", 0, 6)), first, 0);
	other = place(all, 0, 0);
	copy = place(all, first, second);
	for (int round = 0; round < 2; round++) {
		assert_true(is_nearer(second, 0));
		assert_true(is_nearer(third, first));
		assert_false(is_nearer(first, 0));
		assert_false(is_nearer(first, third));
		assert_false(is_nearer(second, second));
		assert_false(is_nearer(third, second)); /* as good as the same */
		assert_false(is_nearer(second, third));
		assert_false(is_nearer(copy, first));
		assert_false(is_nearer(second, copy));
		assert_false(is_nearer(second, 99));
		assert_false(is_nearer(other, first));
		assert_false(is_nearer(third, other));
		world_reload(world);
	}
	world_merge(world, other, first);
	assert_true(is_nearer(other, first));
	world_destroy(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_nearer)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
