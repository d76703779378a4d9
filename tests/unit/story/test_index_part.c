/* A story is parted: what is told to the index comes to the same as if all were read again. */
#include "unit/story/world.h"

enum { ITEMS = 300, LATE = 40, EVENTS = 20 };

static uint32_t draw(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % below;
}

/* Headlines of events, some of which are told again in the same words. */
static void make_title(uint32_t *seed, char title[400])
{
	uint32_t event = draw(seed, EVENTS), same = draw(seed, 3);
	size_t len = 0;

	for (uint32_t n = 0; n < 14; n++) {
		uint32_t word = draw(seed, 9), other = draw(seed, 20000);

		if (same)
			word = n % 9;
		if (n < (same ? 10U : 7U))
			len += (size_t)snprintf(title + len, 400 - len, "w%ux%u ", event, word);
		else
			len += (size_t)snprintf(title + len, 400 - len, "v%u ", other);
	}
}

static void tell_some(struct world *w, uint32_t *seed, int count)
{
	char title[400];

	for (int i = 0; i < count; i++) {
		make_title(seed, title);
		(void)world_tell(w, title, NULL, NOON_MS + w->count * 60000, &index_level_normal);
	}
}

/* Every second item of the story leaves it, and reprints are those of the first of their part. */
static void part_rows(struct world *w, int64_t story, int64_t other)
{
	int64_t firsts[WORLD_ITEMS][2] = {{0}};
	int turn = 0;

	for (int i = 1; i <= w->count; i++) {
		int64_t *first;

		if (w->stories[i] != story)
			continue;
		w->stories[i] = turn++ % 2 ? other : story;
		first = &firsts[w->groups[i]][w->stories[i] == other];
		*first = *first ? *first : i;
		w->groups[i] = *first;
	}
}

static void part_index(struct world *w, int64_t story, int64_t other)
{
	story_index_clear(w->index, story);
	for (int i = 1; i <= w->count; i++) {
		struct index_item row = world_row(w, i);

		if (row.story == story || row.story == other)
			assert_int_equal(story_index_place(w->index, &row), 0);
	}
}

static int64_t largest(const struct world *w)
{
	int counts[WORLD_ITEMS] = {0}, best = 1;

	for (int i = 1; i <= w->count; i++) {
		int64_t story = w->stories[i];

		if (++counts[story] > counts[best])
			best = (int)story;
	}
	assert_true(counts[best] > 4);
	return best;
}

/* Groups that were cut are weighed by what is rare now, not when they came: stories and kinds are
 * the same, scores nearly. */
static void test_told_as_read(void **state)
{
	(void)state;
	for (uint32_t start = 1; start <= 10; start++) {
		struct verdict told[LATE], read;
		struct world *w = world_create();
		uint32_t seed = start, late;
		int64_t story;
		char title[400];
		int joined = 0;

		tell_some(w, &seed, ITEMS);
		story = largest(w);
		part_rows(w, story, 9999);
		part_index(w, story, 9999);
		late = seed;
		for (int i = 0; i < LATE; i++) {
			make_title(&late, title);
			told[i] = world_judge(w, world_draft(w, title, NULL, NOON_MS + 30000000),
				&index_level_normal);
			w->count--;
		}
		world_reload(w);
		late = seed;
		for (int i = 0; i < LATE; i++) {
			make_title(&late, title);
			read = world_judge(w, world_draft(w, title, NULL, NOON_MS + 30000000),
				&index_level_normal);
			w->count--;
			assert_int_equal(told[i].kind, read.kind);
			assert_int_equal(told[i].story, read.story);
			assert_int_equal(told[i].group, read.group);
			assert_true(told[i].score < read.score + 2000 &&
				    read.score < told[i].score + 2000);
			joined += read.story == story || read.story == 9999;
		}
		assert_true(joined > 0);
		world_destroy(w);
	}
}

/* A story that is not there is cleared, too; what was cleared and not placed is joined by none. */
static void test_cleared(void **state)
{
	struct world *w = world_create();
	char *text = world_words(w, "a", 0, 60);
	struct verdict v;

	(void)state;
	(void)world_tell(w, "One", text, NOON_MS, &index_level_normal);
	story_index_clear(w->index, 77);
	v = world_tell(w, "Two", text, NOON_MS, &index_level_normal);
	assert_int_equal(v.story, 1);
	story_index_clear(w->index, 1);
	v = world_tell(w, "Three", text, NOON_MS, &index_level_normal);
	assert_int_equal(v.kind, VERDICT_NEW);
	v = world_tell(w, "Four", text, NOON_MS, &index_level_normal);
	assert_int_equal(v.story, 3);
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_told_as_read),
		cmocka_unit_test(test_cleared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
