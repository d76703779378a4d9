/* Fingerprints: what is kept of a text, and what two of them have in common. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "limits.h"
#include "story/fingerprint.h"
#include "support/fault_each.h"

enum { ARENA_BYTES = 1 << 16, BYTES_MAX = 2048, TEXT_BYTES = 1 << 17 };

static struct arena arena;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, 1 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_finish(&arena);
	return 0;
}

static struct fingerprint make(const char *title, const char *text)
{
	struct fingerprint f;

	memset(&f, 0xA5, sizeof(f));
	assert_int_equal(fingerprint_make(title, text, &arena, &f), 0);
	assert_true(f.script < SCRIPTS);
	assert_in_range(f.sketch_count, 0, SKETCH_MAX);
	assert_in_range(f.term_count, 0, FINGERPRINT_TERMS_MAX);
	for (int i = 1; i < f.sketch_count; i++)
		assert_true(f.sketch[i - 1] < f.sketch[i]);
	for (int i = 0; i < f.term_count; i++) {
		assert_true(TERM_COUNT(f.terms[i]) > 0);
		assert_true(i == 0 || TERM_KEY(f.terms[i - 1]) < TERM_KEY(f.terms[i]));
	}
	return f;
}

/* Words "x<first>" to "x<last - 1>", each with a blank behind it. */
static char *words(int first, int last)
{
	static char texts[8][TEXT_BYTES];
	static int next;
	char *text = texts[next++ % 8];
	size_t len = 0;

	text[0] = '\0';
	for (int i = first; i < last; i++)
		len += (size_t)snprintf(text + len, TEXT_BYTES - len, "x%d ", i);
	return text;
}

static char *join(const char *a, const char *b)
{
	char *text = arena_printf(&arena, "%s%s", a, b);

	assert_non_null(text);
	return text;
}

static uint32_t overlap(const struct fingerprint *a, const struct fingerprint *b, int *common)
{
	int other_common;
	uint32_t share = fingerprint_overlap(
		a->sketch, a->sketch_count, b->sketch, b->sketch_count, NULL, NULL, common);

	assert_int_equal(fingerprint_overlap(b->sketch, b->sketch_count, a->sketch, a->sketch_count,
				 NULL, NULL, &other_common),
		share);
	assert_int_equal(*common, other_common);
	assert_int_equal(fingerprint_common(a->sketch, a->sketch_count, b->sketch, b->sketch_count,
				 NULL, NULL),
		*common);
	return share;
}

/* -- making -- */

static int count_of(const struct fingerprint *f, const char *word)
{
	struct fingerprint one = make(NULL, word);

	assert_int_equal(one.term_count, 1);
	for (int i = 0; i < f->term_count; i++) {
		if (TERM_KEY(f->terms[i]) == TERM_KEY(one.terms[0]))
			return (int)TERM_COUNT(f->terms[i]);
	}
	return 0;
}

static const struct {
	const char *title, *text;
	int sketch, terms;
	enum script script;
} counts[] = {
	{NULL, NULL, 0, 0, SCRIPT_NONE},
	{"", "", 0, 0, SCRIPT_NONE},
	{"...", " \n\t", 0, 0, SCRIPT_NONE},
	{"\xFF\xFE", "\x80", 0, 0, SCRIPT_NONE},
	{"🎉", "🎉🎉🎉", 0, 0, SCRIPT_NONE},
	{"one", NULL, 0, 1, SCRIPT_LATIN},
	{"one two", NULL, 0, 2, SCRIPT_LATIN},
	{"one two three", NULL, 1, 3, SCRIPT_LATIN},
	{"one two three four", "", 2, 4, SCRIPT_LATIN},
	{NULL, "one two", 0, 2, SCRIPT_LATIN},
	{NULL, "one two three", 1, 3, SCRIPT_LATIN},
	{"one two three four", "five six", 2, 6, SCRIPT_LATIN},
	{"one two three four", "five six seven", 1, 7, SCRIPT_LATIN},
	{"one two", "three", 0, 3, SCRIPT_LATIN},
	{NULL, "a b a b a b a b a b", 2, 2, SCRIPT_LATIN},
	{NULL, "1 2 3 4", 2, 4, SCRIPT_NONE},
	{NULL, "2026 05 01 x", 2, 4, SCRIPT_LATIN},
	{"中国人民", NULL, 1, 3, SCRIPT_HAN},
	{"Москва one слова", "два", 1, 4, SCRIPT_CYRILLIC},
	{NULL, "한국 뉴스 서울", 1, 3, SCRIPT_HANGUL},
};

static void test_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct fingerprint f = make(counts[i].title, counts[i].text);

		if (f.sketch_count != counts[i].sketch || f.term_count != counts[i].terms ||
			f.script != counts[i].script)
			fail_msg("case %zu: %d shingles, %d terms, script %d", i, f.sketch_count,
				f.term_count, f.script);
	}
}

static void test_terms(void **state)
{
	struct fingerprint f = make("fire", "Fire! FIRE? smoke fires firefighters");
	char *text = words(0, FINGERPRINT_WORDS);

	(void)state;
	assert_int_equal(count_of(&f, "smoke"), 1);
	assert_int_equal(count_of(&f, "fires"), 1);
	assert_int_equal(count_of(&f, "fire"), 4); /* twice for the title */
	/* What is behind the first words counts no more, whether it was there before or not. */
	f = make(NULL, join(text, "behind x1"));
	assert_int_equal(count_of(&f, "behind"), 0);
	assert_int_equal(count_of(&f, "x1"), 1);
	/* The words of the title are among these. */
	f = make("early", join(words(0, FINGERPRINT_WORDS - 2), "last behind"));
	assert_int_equal(f.term_count, FINGERPRINT_TERMS_MAX);
	f = make("early", join(text, ""));
	assert_int_equal(count_of(&f, "early"), 2);
	/* And those of an endless one are all there are. */
	f = make(text, "behind");
	assert_int_equal(count_of(&f, "x0"), 2);
	assert_int_equal(count_of(&f, "behind"), 0);
}

static void test_many_of_one(void **state)
{
	char text[FINGERPRINT_WORDS * 2 + 1];
	struct fingerprint f;

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = i % 2 ? ' ' : 'a';
	text[sizeof(text) - 1] = '\0';
	f = make(text, text);
	assert_int_equal(f.term_count, 1);
	assert_int_equal(TERM_COUNT(f.terms[0]), 255);
	assert_int_equal(f.sketch_count, 1);
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The sketch of a long text are the smallest of the shingles of its parts. */
static void test_smallest(void **state)
{
	static const int sizes[] = {3, 129, 130, 131, 1026, 1027, 1500, 3000, 9000};
	static uint32_t all[9000];

	(void)state;
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		struct fingerprint whole = make(NULL, words(0, sizes[s]));
		size_t count = (size_t)sizes[s] - SHINGLE_WORDS + 1;

		for (size_t i = 0; i < count; i++) {
			struct arena a;
			struct fingerprint f;

			arena_init(&a, ARENA_BYTES);
			assert_int_equal(fingerprint_make(NULL,
						 words((int)i, (int)i + SHINGLE_WORDS), &a, &f),
				0);
			assert_int_equal(f.sketch_count, 1);
			all[i] = f.sketch[0];
			arena_finish(&a);
		}
		qsort(all, count, sizeof(all[0]), by_number);
		assert_int_equal(whole.sketch_count, count < SKETCH_MAX ? count : SKETCH_MAX);
		assert_memory_equal(whole.sketch, all, whole.sketch_count * sizeof(all[0]));
	}
}

static size_t write_one(const struct fingerprint *f, unsigned char bytes[BYTES_MAX])
{
	size_t len = fingerprint_bytes(f);

	assert_in_range(len, 1, BYTES_MAX - 1);
	assert_true(len <= STORE_FINGERPRINT_BYTES);
	memset(bytes, 0xA5, BYTES_MAX);
	fingerprint_write(f, bytes);
	assert_int_equal(bytes[len], 0xA5);
	return len;
}

/* Other garbage on the stack changes nothing. */
static void test_same_bytes(void **state)
{
	unsigned char first[BYTES_MAX], second[BYTES_MAX];
	const char *text = words(0, 5000);
	struct fingerprint f = make("A title", text), other;
	size_t len = write_one(&f, first);

	(void)state;
	(void)make("Another", words(77, 3000));
	other = make("A title", text);
	assert_int_equal(write_one(&other, second), len);
	assert_memory_equal(first, second, len);
}

/* The bytes are kept for weeks: who changes what is written has to change the version. */
static void test_known_bytes(void **state)
{
	static const uint8_t header[] = {1, SCRIPT_LATIN, 2, 6};
	static const uint32_t numbers[] = {0x161EF1B8, 0xE53C9177, 0x04358802, 0x32B4CF01,
		0x9C72E301, 0xCF5A9E02, 0xDC683C01, 0xFC031301};
	struct fingerprint f = make("Été 2026", "Der Straßenbau in 東京");
	unsigned char bytes[BYTES_MAX];

	(void)state;
	assert_int_equal(write_one(&f, bytes), sizeof(header) + sizeof(numbers));
	assert_memory_equal(bytes, header, sizeof(header));
	assert_memory_equal(bytes + sizeof(header), numbers, sizeof(numbers));
}

/* Not a byte behind the limit counts. */
static void test_long_text(void **state)
{
	char *text = malloc((10 << 20) + 1);
	struct fingerprint f, cut;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < 10 << 20; i++)
		text[i] = i % 7 == 6 ? ' ' : (char)('a' + (i * i / 7) % 26);
	text[10 << 20] = '\0';
	f = make("x", text);
	text[FINGERPRINT_TEXT_MAX] = '\0';
	cut = make("x", text);
	assert_int_equal(f.sketch_count, cut.sketch_count);
	assert_memory_equal(f.sketch, cut.sketch, f.sketch_count * sizeof(*f.sketch));
	assert_memory_equal(f.terms, cut.terms, f.term_count * sizeof(*f.terms));
	memset(text, 'a', 10 << 20);
	f = make(text, text);
	assert_int_equal(f.term_count, 1);
	assert_int_equal(f.sketch_count, 0);
	free(text);
}

/* -- overlap -- */

static void test_overlaps(void **state)
{
	static const struct {
		int a_first, a_last, b_first, b_last;
		int percent, tolerance;
	} cases[] = {
		{0, 50, 0, 50, 100, 0},     /* itself */
		{0, 1000, 0, 1000, 100, 0}, /* itself, long */
		{0, 102, 0, 52, 100, 0},    /* its half */
		{0, 102, 50, 102, 100, 0},
		{0, 3000, 0, 1500, 100, 0},
		{0, 3000, 1500, 3000, 100, 0},
		{0, 102, 52, 154, 48, 1},      /* half of each */
		{0, 3000, 1500, 4500, 50, 12}, /* the same, estimated */
		{0, 3000, 0, 102, 100, 0},     /* a complete sketch beside one that is cut */
		{0, 50, 50, 100, 0, 0},        /* another */
		{0, 1000, 1000, 2000, 0, 0},
		{0, 0, 0, 50, 0, 0},
		{0, 0, 0, 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fingerprint a = make(NULL, words(cases[i].a_first, cases[i].a_last));
		struct fingerprint b = make(NULL, words(cases[i].b_first, cases[i].b_last));
		int common;
		int percent = (int)(overlap(&a, &b, &common) * 100 / 65536);

		if (abs(percent - cases[i].percent) > cases[i].tolerance)
			fail_msg("case %zu: %d %%, %d common", i, percent, common);
		assert_int_equal(common > 0, cases[i].percent > 0);
	}
}

static void test_plain_sketches(void **state)
{
	static const struct {
		uint32_t a[4], b[4];
		size_t a_count, b_count;
		int common;
		uint32_t share;
	} cases[] = {
		{{0}, {0}, 0, 0, 0, 0},
		{{0}, {0}, 1, 1, 1, 65536},
		{{UINT32_MAX}, {UINT32_MAX}, 1, 1, 1, 65536},
		{{1, 2, 3, 4}, {3}, 4, 1, 1, 65536},
		{{1, 2, 3, 4}, {4, 5}, 4, 2, 1, 32768},
		{{1, 2, 3, 4}, {0, 5}, 4, 2, 0, 0},
		{{1, 3}, {2, 3, 4}, 2, 3, 1, 32768},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fingerprint a = {
			.sketch = cases[i].a, .sketch_count = (uint16_t)cases[i].a_count};
		struct fingerprint b = {
			.sketch = cases[i].b, .sketch_count = (uint16_t)cases[i].b_count};
		int common;

		assert_int_equal(overlap(&a, &b, &common), cases[i].share);
		assert_int_equal(common, cases[i].common);
	}
}

/* What stands in one of the fingerprints of `ctx`, an array that ends with one that is empty. */
static bool stands_in(void *ctx, uint32_t shingle)
{
	for (const struct fingerprint *f = ctx; f->sketch_count; f++) {
		for (int i = 0; i < f->sketch_count; i++) {
			if (f->sketch[i] == shingle)
				return true;
		}
	}
	return false;
}

static void test_ignoring(void **state)
{
	char *text = words(0, 40), *footer = words(1000, 1040), *other_footer = words(2000, 2040);
	struct fingerprint one = make(NULL, join(text, footer));
	struct fingerprint other = make(NULL, join(text, other_footer));
	struct fingerprint third = make(NULL, join(words(40, 80), footer));
	struct fingerprint boilerplate[] = {
		make(NULL, footer), make(NULL, other_footer), {.script = 0}};
	struct fingerprint all[] = {one, other, {.script = 0}};
	int common;

	(void)state;
	/* Two texts with one footer have nothing in common. */
	assert_int_equal(fingerprint_overlap(one.sketch, one.sketch_count, third.sketch,
				 third.sketch_count, stands_in, boilerplate, &common),
		0);
	assert_int_equal(common, 0);
	/* One text with two footers is the same, but for the seams. */
	assert_in_range(fingerprint_overlap(one.sketch, one.sketch_count, other.sketch,
				other.sketch_count, stands_in, boilerplate, &common),
		65536 * 38 / 40, 65536 * 38 / 40 + 1);
	assert_int_equal(common, 38);
	assert_int_equal(fingerprint_common(one.sketch, one.sketch_count, other.sketch,
				 other.sketch_count, stands_in, boilerplate),
		38);
	/* Nothing is left. */
	assert_int_equal(fingerprint_overlap(one.sketch, one.sketch_count, other.sketch,
				 other.sketch_count, stands_in, all, &common),
		0);
	assert_int_equal(common, 0);
}

/* -- written and read -- */

static void test_round_trip(void **state)
{
	const char *const texts[] = {"", "x", "one two three four", words(0, 200), words(0, 5000)};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		uint32_t aligned[BYTES_MAX / 4];
		struct fingerprint f = make("中国人民", texts[i]), back;
		size_t len = write_one(&f, (unsigned char *)aligned);

		assert_true(fingerprint_read(aligned, len, &back));
		assert_int_equal(back.script, f.script);
		assert_int_equal(back.sketch_count, f.sketch_count);
		assert_int_equal(back.term_count, f.term_count);
		assert_memory_equal(back.sketch, f.sketch, 4U * f.sketch_count);
		assert_memory_equal(back.terms, f.terms, 4U * f.term_count);
	}
}

/* A copy on the heap, so that the sanitizer sees what is read behind its end. */
static bool read_copy(const void *bytes, size_t len)
{
	void *copy = malloc(len ? len : 1);
	struct fingerprint f;
	bool is_one;
	uint64_t sum = 0;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	is_one = fingerprint_read(copy, len, &f);
	if (is_one) {
		assert_true(f.script < SCRIPTS && f.sketch_count <= SKETCH_MAX &&
			    f.term_count <= FINGERPRINT_TERMS_MAX);
		for (int i = 0; i < f.sketch_count; i++)
			sum += f.sketch[i];
		for (int i = 0; i < f.term_count; i++)
			sum += f.terms[i];
		assert_true(sum < UINT64_MAX);
	}
	free(copy);
	return is_one;
}

static void test_cut_bytes(void **state)
{
	uint32_t aligned[BYTES_MAX / 4];
	struct fingerprint f = make("A title", words(0, 1000)), got;
	size_t len = write_one(&f, (unsigned char *)aligned);

	(void)state;
	for (size_t cut = 0; cut < BYTES_MAX; cut++)
		assert_int_equal(read_copy(aligned, cut), cut == len);
	assert_false(fingerprint_read(NULL, 0, &got));
}

/* Four bytes of one that is whole, changed. */
static void test_broken_bytes(void **state)
{
	struct fingerprint f = make("A title", words(0, 50));
	const size_t sketch = 1, terms = 1U + f.sketch_count;
	const struct {
		size_t at, from;
		uint32_t with; /* where `from` is 0 */
	} cases[] = {
		{0, 0, 0},                                        /* no version */
		{0, 0, UINT32_MAX},                               /* all too many */
		{0, 0, 0xFFFF0001},                               /* more than may be */
		{sketch + 3, sketch + 2, 0},                      /* twice */
		{sketch, sketch + 1, 0}, {sketch, 0, UINT32_MAX}, /* out of order */
		{terms - 1, 0, 0}, {terms + 1, terms, 0}, {terms, 0, UINT32_MAX}, {terms + 1, 0, 1},
		{terms, 0, 0x00000100}, /* none of it, though its key may be */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t numbers[BYTES_MAX / 4];
		size_t len = write_one(&f, (unsigned char *)numbers);

		numbers[cases[i].at] = cases[i].from ? numbers[cases[i].from] : cases[i].with;
		if (read_copy(numbers, len))
			fail_msg("case %zu", i);
	}
}

/* As many numbers as the first bytes say, but more than there may be. */
static void test_too_many(void **state)
{
	static const uint8_t sizes[][2] = {
		{SKETCH_MAX + 1, 1}, {1, FINGERPRINT_TERMS_MAX + 1}, {255, 255}};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint32_t numbers[BYTES_MAX / 4], sketch = sizes[i][0];
		const uint32_t count = sketch + sizes[i][1];
		struct fingerprint f = make("one", NULL);

		(void)write_one(&f, (unsigned char *)numbers);
		((unsigned char *)numbers)[2] = sizes[i][0];
		((unsigned char *)numbers)[3] = sizes[i][1];
		for (uint32_t j = 0; j < count; j++)
			numbers[1 + j] = j < sketch ? j : (j - sketch) << 8 | 1;
		assert_false(read_copy(numbers, 4U + 4U * count));
	}
}

static void test_garbage(void **state)
{
	unsigned char bytes[BYTES_MAX] = {0};

	(void)state;
	srand(1);
	for (int i = 0; i < 20000; i++) {
		size_t len = (size_t)rand() % BYTES_MAX;

		for (size_t j = 0; j < len; j++)
			bytes[j] = (unsigned char)rand();
		if (i % 2 && len > 4) {
			bytes[0] = 1;
			bytes[1] = SCRIPT_LATIN;
			bytes[2] = (unsigned char)(len / 8);
			bytes[3] = (unsigned char)(len / 4 - 1 - len / 8);
		}
		(void)read_copy(bytes, len);
	}
}

/* -- memory -- */

static int make_small(void *ctx)
{
	struct fingerprint f;
	struct arena a;
	int status;

	arena_init(&a, ARENA_BYTES);
	status = fingerprint_make("A title", ctx, &a, &f);
	arena_finish(&a);
	return status;
}

static void test_memory(void **state)
{
	struct fingerprint f;
	struct arena a;
	int status = ERR_NOMEM;

	(void)state;
	assert_true(fault_each(make_small, NULL, words(0, 500), NULL, 0) > 0);
	for (size_t most = 0; status; most++) {
		assert_true(most < ARENA_BYTES);
		arena_init(&a, most);
		status = fingerprint_make("A title", words(0, 500), &a, &f);
		assert_true(status == 0 || status == ERR_NOMEM);
		arena_finish(&a);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_counts),
		TEST(test_terms),
		TEST(test_many_of_one),
		TEST(test_smallest),
		TEST(test_same_bytes),
		TEST(test_known_bytes),
		TEST(test_long_text),
		TEST(test_overlaps),
		TEST(test_plain_sketches),
		TEST(test_ignoring),
		TEST(test_round_trip),
		TEST(test_cut_bytes),
		TEST(test_broken_bytes),
		TEST(test_too_many),
		TEST(test_garbage),
		TEST(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
