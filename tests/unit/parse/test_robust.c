/* All documents of the tests and of the fuzzers' corpora, whole, cut short at 50 places, and with
 * 50 bytes changed: an answer each time, and a valid one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ftw.h>
#include <time.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/err.h"
#include "limits.h"
#include "parse/parse.h"
#include "support/data.h"

enum {
	FILES_MAX = 1000,
	PRINT_MAX = 64 << 20,
	CUTS = 50,
	CHANGES = 50,
	VARIANTS = 8, /* of changed ones */
	CPU_MAX_S = 5 /* under a sanitizer, on a busy machine; a hang takes longer */
};

static char *files[FILES_MAX];
static size_t file_count;

static int add_file(const char *path, const struct stat *status, int type, struct FTW *at)
{
	(void)status;
	if (type != FTW_F || strcmp(path + at->base, "want.json") == 0 ||
		strcmp(path + at->base, "options.json") == 0)
		return 0;
	assert_true(file_count < FILES_MAX);
	files[file_count] = strdup(path);
	assert_non_null(files[file_count]);
	file_count++;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int load(void **state)
{
	(void)state;
	parse_global_init();
	assert_int_equal(nftw(TEST_DATA "/parse", add_file, 16, FTW_PHYS), 0);
	assert_int_equal(nftw(TEST_DATA "/../fuzz/corpus", add_file, 16, FTW_PHYS), 0);
	assert_true(file_count > 150);
	qsort(files, file_count, sizeof(files[0]), by_name);
	return 0;
}

static int unload(void **state)
{
	(void)state;
	for (size_t i = 0; i < file_count; i++)
		free(files[i]);
	parse_global_finish();
	return 0;
}

/* No text of the model has a control character other than tab and newline. */
static void check_clean(const char *name, json_t *value)
{
	const char *key;
	json_t *member;

	for (const char *s = json_string_value(value); s != NULL && *s != '\0'; s++)
		if (((unsigned char)*s < 0x20 && *s != '\t' && *s != '\n') || *s == 0x7f)
			fail_msg("%s: a control character in \"%s\"", name,
				json_string_value(value));
	for (size_t i = 0; i < json_array_size(value); i++)
		check_clean(name, json_array_get(value, i));
	json_object_foreach(value, key, member) check_clean(name, member);
}

/* jansson takes valid UTF-8 only. */
static void check_printed(const char *name, const struct buf *out)
{
	json_t *got = json_loadb(out->data, out->len, JSON_REJECT_DUPLICATES, NULL);

	if (got == NULL)
		fail_msg("%s: not JSON: %s", name, out->data);
	assert_null(memchr(out->data, '\n', out->len));
	check_clean(name, got);
	json_decref(got);
}

static void check(const char *name, const char *data, size_t len)
{
	static const struct parse_options options = {.base_url = "http://base.example/dir/feed"};
	char *exact = malloc(len > 0 ? len : 1); /* so that the sanitizer sees a read beyond */
	struct feed_content *feed = NULL;
	clock_t start = clock();
	struct err e = {0};
	struct arena arena;
	struct buf out;
	int rc;

	assert_non_null(exact);
	memcpy(exact, data, len);
	buf_init(&out, PRINT_MAX);
	arena_init(&arena, REFRESH_ARENA_BASE + PARSE_ARENA_FACTOR * len);
	rc = parse_document(exact, len, &options, &arena, &feed, &e);
	free(exact);
	assert_int_equal(rc, e.code);
	assert_true((rc == 0 || rc == ERR_NOT_FEED) == (feed != NULL));
	if (rc == 0)
		parse_print(feed, &out);
	else
		parse_print_error(&e, feed != NULL ? feed->offers : NULL, &out);
	if (rc != 0 && rc != ERR_NOT_FEED && rc != ERR_PARSE && rc != ERR_TOO_BIG)
		fail_msg("%s, %zu bytes: %s", name, len, buf_string(&out));
	assert_int_equal(buf_status(&out), 0);
	check_printed(name, &out);
	arena_finish(&arena);
	buf_finish(&out);
	if (clock() - start > (clock_t)CPU_MAX_S * CLOCKS_PER_SEC)
		fail_msg("%s, %zu bytes: took too long", name, len);
}

static void test_whole_and_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < file_count; i++) {
		size_t len;
		char *data = data_read_path(files[i], &len);

		for (size_t n = 0; n <= CUTS; n++)
			check(files[i], data, len * n / CUTS);
		free(data);
	}
}

/* A sequence that is the same on every run (Numerical Recipes). */
static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* Half of the variants get any bytes, half those that mean something to a parser. */
static void test_changed(void **state)
{
	static const char awkward[] = "<>&\"'/=;![]-#x \0\x80\xff\xc3{}:,\\";
	uint32_t seed = 1;

	(void)state;
	for (size_t i = 0; i < file_count; i++) {
		size_t len;
		char *data = data_read_path(files[i], &len), *copy = malloc(len + 1);

		assert_non_null(copy);
		for (int n = 0; n < VARIANTS && len > 0; n++) {
			memcpy(copy, data, len);
			for (int k = 0; k < CHANGES; k++) {
				uint32_t byte = next_random(&seed);

				copy[next_random(&seed) % len] =
					n % 2 ? awkward[byte % (sizeof(awkward) - 1)] : (char)byte;
			}
			check(files[i], copy, len);
		}
		free(copy);
		free(data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_and_cut),
		cmocka_unit_test(test_changed),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
