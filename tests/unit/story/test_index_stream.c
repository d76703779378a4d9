/* The story index under made-up streams: the same answers, always. */
#include "support/fault.h"
#include "world.h"

enum { STREAM_ITEMS = 300, TOPICS = 25, TOPIC_WORDS = 70, COMMON_WORDS = 200, TEXT_MAX = 4096 };

/* Numbers that are the same everywhere. */
static uint32_t chance_state;

static uint32_t chance(uint32_t below)
{
	chance_state = chance_state * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)chance_state * below >> 32);
}

static void put_word(char *text, char name, uint32_t number)
{
	size_t len = strlen(text);

	snprintf(text + len, TEXT_MAX - len, "%c%c%c%c%c ", name, 'a' + (int)(number / 17576 % 26),
		'a' + (int)(number / 676 % 26), 'a' + (int)(number / 26 % 26),
		'a' + (int)(number % 26));
}

/* A text of a topic: half its own words, of which two topics share some, half such as stand
 * everywhere. */
static void write_text(uint32_t topic, int words, char *out)
{
	*out = '\0';
	for (int i = 0; i < words; i++) {
		if (i % 2)
			put_word(out, 'c', chance(chance(COMMON_WORDS) + 1));
		else
			put_word(out, 't',
				topic / 2 * 1000 + topic % 2 * 20 +
					chance(chance(TOPIC_WORDS) + 1));
	}
}

/* A stream: texts of many topics, one in four an earlier one that is cut or has something added. */
static char *stream[STREAM_ITEMS];

static int make_stream(void **state)
{
	(void)state;
	chance_state = 1;
	for (int i = 0; i < STREAM_ITEMS; i++) {
		uint32_t topic = chance(chance(TOPICS) + 1);

		stream[i] = malloc(TEXT_MAX);
		assert_non_null(stream[i]);
		write_text(topic, 10 + (int)chance(120), stream[i]);
		if (i && chance(4) == 0) {
			snprintf(stream[i], TEXT_MAX, "%s", stream[chance((uint32_t)i)]);
			if (chance(2))
				stream[i][strlen(stream[i]) / 12 * 6] = '\0';
			else
				put_word(stream[i], 'x', (uint32_t)i);
		}
	}
	return 0;
}

static int free_stream(void **state)
{
	(void)state;
	for (int i = 0; i < STREAM_ITEMS; i++)
		free(stream[i]);
	return 0;
}

/* Half of them have a headline and nothing else. */
static struct verdict tell_next(struct world *w)
{
	int i = w->count;
	bool brief = i % 3 == 0;
	char title[60];

	w->feed = 1 + i % 5;
	snprintf(title, sizeof(title), "%.48s", stream[i]);
	return world_tell(
		w, title, brief ? NULL : stream[i], NOON_MS + i * HOUR_MS, &index_level_normal);
}

/* Now and then somebody makes two stories one. */
static void merge_some(struct world *w)
{
	int64_t one = w->stories[w->count], other = w->stories[w->count / 2];

	if (w->count % 29 == 0 && one != other)
		world_merge(w, one > other ? one : other, one > other ? other : one);
}

static void test_twice_the_same(void **state)
{
	struct world *a = world_create(), *b;
	int kinds[3] = {0}, merges = 0;

	(void)state;
	world_seed = UINT64_C(0x123456789ABCDEF);
	b = world_create();
	for (int i = 0; i < STREAM_ITEMS; i++) {
		struct verdict x = tell_next(a), y = tell_next(b);

		world_same_verdict(&x, &y);
		/* Asking changes nothing. */
		for (int j = 0; j < 3; j++)
			(void)world_judge(b, 1 + i / 2, j ? &index_level_wide : NULL);
		merge_some(a);
		merge_some(b);
		kinds[x.kind]++;
		merges += x.merge != 0;
	}
	assert_memory_equal(a->stories, b->stories, sizeof(a->stories));
	/* Or the stream shows nothing. */
	assert_true(kinds[VERDICT_NEW] >= 20 && kinds[VERDICT_REPRINT] >= 20);
	assert_true(kinds[VERDICT_EVENT] >= 20 && merges > 0);
	world_destroy(a);
	world_destroy(b);
}

/* Read anew again and again, as after starts in between. */
static void test_reload(void **state)
{
	static const int every[] = {1, 7, 100, STREAM_ITEMS - 1};

	(void)state;
	for (size_t c = 0; c < sizeof(every) / sizeof(every[0]); c++) {
		struct world *a = world_create(), *b = world_create();

		for (int i = 0; i < STREAM_ITEMS; i++) {
			struct verdict x = tell_next(a), y = tell_next(b);

			world_same_verdict(&x, &y);
			merge_some(a);
			merge_some(b);
			if (b->count % every[c] == 0)
				world_reload(b);
		}
		/* And everything once more, at every level. */
		world_reload(b);
		for (int i = 1; i <= STREAM_ITEMS; i++) {
			struct verdict x = world_judge(a, i, &index_level_normal);
			struct verdict y = world_judge(b, i, &index_level_normal);

			world_same_verdict(&x, &y);
			x = world_judge(a, i, NULL);
			y = world_judge(b, i, NULL);
			world_same_verdict(&x, &y);
		}
		world_destroy(a);
		world_destroy(b);
	}
}

/* Stories that have nothing to do with each other come out the same in whatever order. */
static void test_orders(void **state)
{
	enum { STORIES = 20, EACH = 8, ALL = STORIES * EACH };

	(void)state;
	for (uint32_t round = 0; round < 10; round++) {
		struct world *w = world_create();
		int64_t first[STORIES] = {0};
		int order[ALL] = {0};

		chance_state = round;
		for (int i = 0; i < ALL; i++) {
			int other = (int)chance((uint32_t)i + 1);

			order[i] = order[other];
			order[other] = i;
		}
		for (int i = 0; i < ALL; i++) {
			int story = order[i] % STORIES;
			char text[TEXT_MAX] = "";

			for (uint32_t j = 0; j < 40; j++)
				put_word(text, 't', (uint32_t)story * 1000 + chance(50));
			(void)world_tell(w, NULL, text, NOON_MS, &index_level_normal);
			first[story] = first[story] ? first[story] : i + 1;
			assert_int_equal(w->stories[i + 1], first[story]);
		}
		world_destroy(w);
	}
}

/* -- boilerplate -- */

struct pairs {
	double found, right, wanted;
};

static int by_value(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return x[0] != y[0] ? (x[0] > y[0]) - (x[0] < y[0]) : (x[1] > y[1]) - (x[1] < y[1]);
}

static double count_pairs(int64_t (*rows)[2], int count, bool both)
{
	double pairs = 0;
	int run = 0;

	qsort(rows, (size_t)count, sizeof(rows[0]), by_value);
	for (int i = 0; i < count; i++) {
		bool same = i && rows[i][0] == rows[i - 1][0] &&
			    (!both || rows[i][1] == rows[i - 1][1]);

		run = same ? run + 1 : 0;
		pairs += run;
	}
	return pairs;
}

static struct pairs score(const int64_t *found, const int64_t *truth, int count)
{
	static int64_t rows[WORLD_ITEMS][2];
	struct pairs p;

	for (int i = 0; i < count; i++) {
		rows[i][0] = found[i + 1];
		rows[i][1] = truth[i + 1];
	}
	p.found = count_pairs(rows, count, false);
	p.right = count_pairs(rows, count, true);
	for (int i = 0; i < count; i++)
		rows[i][0] = truth[i + 1];
	p.wanted = count_pairs(rows, count, false);
	return p;
}

/* Any words of a vocabulary, the same for the same seed. */
static void put_any(uint32_t seed, char name, uint32_t words, char *text)
{
	enum { VOCABULARY = 20000 };

	chance_state = seed * 2654435761U;
	for (uint32_t i = 0; i < words; i++)
		put_word(text, name, chance(VOCABULARY));
}

struct flood {
	uint32_t before, texts, words, footer;
	const struct index_level *level;
	double least; /* share of the pairs found that is right */
};

/* Texts with one footer, each of them printed twice, among others that came before. */
static struct pairs run_flood(const struct flood *f)
{
	static int64_t truth[WORLD_ITEMS];
	struct world *w = world_create();
	char footer[TEXT_MAX] = "", text[TEXT_MAX];
	struct pairs p;

	put_any(UINT32_MAX, 'f', f->footer, footer);
	for (uint32_t i = 0; i < f->before + 2 * f->texts; i++) {
		bool before = i < f->before;
		uint32_t which = before ? i : f->before + i * 7919 % f->texts;

		truth[i + 1] = which + 1;
		*text = '\0';
		put_any(which, 'w', before ? 60 : f->words, text);
		if (!before)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s", footer);
		(void)world_tell(w, NULL, text, NOON_MS + i, f->level);
	}
	p = score(f->level ? w->stories : w->groups, truth, w->count);
	world_destroy(w);
	return p;
}

static void test_flood(void **state)
{
	static const struct flood floods[] = {
		{0, 5000, 60, 20, NULL, .98},
		{0, 5000, 60, 20, &index_level_normal, .98},
		{0, 1000, 60, 60, NULL, .98},
		{0, 1000, 40, 80, NULL, .98},
		{2000, 1000, 60, 20, NULL, .98},
		{2000, 1000, 60, 40, NULL, .98},
		{2000, 3000, 60, 20, &index_level_normal, .96},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(floods) / sizeof(floods[0]); i++) {
		struct pairs p = run_flood(&floods[i]);

		if (p.right < floods[i].least * p.found || p.right < .98 * p.wanted)
			fail_msg("flood %zu: of %.0f pairs %.0f are right, of %.0f", i, p.found,
				p.right, p.wanted);
	}
}

/* -- memory -- */

enum { MEMORY_ITEMS = 60 };

/* The first items of the stream, and the last one's story made one with the first. */
static int remember_all(struct world *w)
{
	int status = 0;

	w->index = story_index_create(world_load, w, world_seed);
	if (!w->index)
		return ERR_NOMEM;
	for (int i = 1; i <= MEMORY_ITEMS && !status; i++) {
		struct index_item row = world_row(w, i);

		status = story_index_add(w->index, &row);
	}
	return status ? status : story_index_merge(w->index, w->stories[MEMORY_ITEMS], 1);
}

/* Nothing is lost without a word, or a start later the answers were others. */
static void test_memory(void **state)
{
	struct world *w = world_create();
	long failed = 1;

	(void)state;
	for (int i = 0; i < MEMORY_ITEMS; i++)
		(void)tell_next(w);
	for (long n = 0; failed; n++) {
		int status;

		story_index_destroy(w->index);
		fault_malloc_after(n);
		status = remember_all(w);
		failed = fault_malloc_off();
		if (status != (failed ? ERR_NOMEM : 0))
			fail_msg("allocation %ld: %s", n, err_name(status));
	}
	world_destroy(w);
}

/* Judging asks for no memory at all. */
static void test_judging_takes_none(void **state)
{
	struct world *w = world_create();
	long asked = 0;

	(void)state;
	for (int i = 0; i < STREAM_ITEMS; i++)
		(void)tell_next(w);
	fault_malloc_from(0);
	for (int i = 1; i <= STREAM_ITEMS; i++) {
		struct index_item row = world_row(w, i);
		struct verdict v;

		story_index_judge(w->index, &row, &index_level_wide, &v);
	}
	asked = fault_malloc_count();
	(void)fault_malloc_off();
	assert_int_equal(asked, 0);
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_twice_the_same),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_judging_takes_none),
	};

	return cmocka_run_group_tests(tests, make_stream, free_stream);
}
