/* Whole documents: each folder of tests/data/parse holds one, and what is to be understood of it;
 * and what happens when memory runs out. test_robust.c damages the same documents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/err.h"
#include "limits.h"
#include "parse/elements.h"
#include "parse/parse.h"
#include "support/data.h"
#include "support/fault.h"

enum { CASES_MAX = 256, NAME_BYTES = 128, PRINT_MAX = 64 << 20 };

/* One folder. */
struct document_case {
	char name[NAME_BYTES];
	char file[NAME_BYTES]; /* in.xml, in.json, in.xml.gz */
	char *data;
	size_t len;
	json_t *options;
};

static struct document_case cases[CASES_MAX];
static size_t case_count;

static int by_name(const void *a, const void *b)
{
	return strcmp(
		((const struct document_case *)a)->name, ((const struct document_case *)b)->name);
}

static json_t *load_json(const char *folder, const char *file)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/parse/%s/%s", TEST_DATA, folder, file);
	return json_load_file(path, 0, NULL);
}

/* The name of the file that begins with "in."; false when the folder has none. */
static bool find_input(struct document_case *c)
{
	char path[512];
	struct dirent *entry;
	bool found = false;
	DIR *folder;

	snprintf(path, sizeof(path), "%s/parse/%s", TEST_DATA, c->name);
	folder = opendir(path);
	while (folder != NULL && !found) {
		entry = readdir(folder);
		if (entry == NULL)
			break;
		found = strncmp(entry->d_name, "in.", 3) == 0;
		if (found)
			snprintf(c->file, sizeof(c->file), "%.100s", entry->d_name);
	}
	if (folder != NULL)
		closedir(folder);
	return found;
}

static int load_cases(void **state)
{
	struct dirent *entry;
	DIR *folder = opendir(TEST_DATA "/parse");

	(void)state;
	parse_global_init();
	assert_non_null(folder);
	for (entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
		struct document_case *c = &cases[case_count];
		char path[512];

		if (entry->d_name[0] == '.' || case_count == CASES_MAX)
			continue;
		snprintf(c->name, sizeof(c->name), "%.100s", entry->d_name);
		if (!find_input(c))
			fail_msg("%s has no input", c->name);
		snprintf(path, sizeof(path), "parse/%s/%s", c->name, c->file);
		c->data = data_read(path, &c->len);
		c->options = load_json(c->name, "options.json");
		case_count++;
	}
	closedir(folder);
	qsort(cases, case_count, sizeof(cases[0]), by_name);
	return 0;
}

static int free_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < case_count; i++) {
		free(cases[i].data);
		json_decref(cases[i].options);
	}
	parse_global_finish();
	return 0;
}

/* Parses and prints; returns what parse_document() did. */
static int understand(const struct document_case *c, const char *data, size_t len, struct buf *out)
{
	struct parse_options options = {
		.base_url = json_string_value(json_object_get(c->options, "base")),
		.content_type = json_string_value(json_object_get(c->options, "content_type")),
	};
	struct arena arena;
	struct feed_content *feed = NULL;
	struct err e = {0};
	int rc;

	/* The exact size, so that the sanitizer sees a read beyond the end. */
	char *exact = malloc(len > 0 ? len : 1);

	assert_non_null(exact);
	memcpy(exact, data, len);
	arena_init(&arena, REFRESH_ARENA_BASE + PARSE_ARENA_FACTOR * len);
	rc = parse_document(exact, len, &options, &arena, &feed, &e);
	free(exact);
	if (rc == 0)
		parse_print(feed, out);
	else
		parse_print_error(&e, feed != NULL ? feed->offers : NULL, out);
	assert_true((rc == 0 || rc == ERR_NOT_FEED) == (feed != NULL));
	assert_true((rc == 0) == (e.code == 0));
	arena_finish(&arena);
	return rc;
}

static void test_wanted(void **state)
{
	size_t wrong = 0;

	(void)state;
	assert_true(case_count >= 40);
	for (size_t i = 0; i < case_count; i++) {
		json_t *want = load_json(cases[i].name, "want.json"), *got;
		struct buf out;

		buf_init(&out, PRINT_MAX);
		understand(&cases[i], cases[i].data, cases[i].len, &out);
		got = json_loadb(buf_string(&out), out.len, 0, NULL);
		assert_non_null(got);
		if (want == NULL || !json_equal(want, got)) {
			wrong++;
			print_error("%s: %s\n", cases[i].name, buf_string(&out));
		}
		json_decref(want);
		json_decref(got);
		buf_finish(&out);
	}
	assert_int_equal(wrong, 0);
}

static void test_out_of_memory(void **state)
{
	static const char *const names[] = {
		"rss20-complete", "json-odd-members", "atom-text-types", "utf16le-bom"};

	(void)state;
	json_set_alloc_funcs(fault_malloc, fault_free);
	for (size_t i = 0; i < case_count; i++) {
		bool chosen = false;

		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
			chosen = chosen || strcmp(names[k], cases[i].name) == 0;
		for (long n = 0; chosen; n++) {
			struct parse_options options = {0};
			struct arena arena;
			struct feed_content *feed = NULL;
			struct err e = {0};
			int rc;

			arena_init(&arena, 1 << 20);
			fault_malloc_after(n);
			rc = parse_document(
				cases[i].data, cases[i].len, &options, &arena, &feed, &e);
			chosen = fault_malloc_off() > 0;
			arena_finish(&arena);
			assert_true(rc == 0 || (rc == e.code && feed == NULL));
			if (!chosen)
				assert_int_equal(rc, 0);
		}
	}
	json_set_alloc_funcs(malloc, free);
}

static void test_excerpt(void **state)
{
	static const struct {
		const char *html;
		size_t max;
		const char *want;
	} rows[] = {
		{"", 10, ""},
		{"<p>One</p><p>two</p>", 100, "One two"},
		{"  a \n b  ", 100, "a b"},
		{"one two three", 13, "one two three"},
		{"one two three", 12, "one two\xE2\x80\xA6"},
		{"onetwothree", 8, "onetw\xE2\x80\xA6"},
		{"\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", 6, "\xC3\xA9\xE2\x80\xA6"},
		{"a &lt; b &amp; c", 100, "a < b & c"},
		{"long text", 2, ""},
		/* Only as much is looked at as can be shown. */
		{"<p>a</p><p>b</p><p>c</p><p>d</p><p>e</p><p>f</p>", 6, "a b\xE2\x80\xA6"},
		{"\xE6\xBC\xA2\xE6\xBC\xA2\xE6\xBC\xA2\xE6\xBC\xA2\xE6\xBC\xA2\xE6\xBC\xA2"
		 "\xE6\xBC\xA2\xE6\xBC\xA2\xE6\xBC\xA2\xE6\xBC\xA2\xE6\xBC\xA2\xE6\xBC\xA2",
			7, "\xE6\xBC\xA2\xE2\x80\xA6"},
		{"<script>x</script>", 20, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf line, out;

		buf_init(&line, 1000);
		buf_init(&out, 1000);
		parse_line(rows[i].html, &line);
		parse_excerpt(buf_string(&line), line.len, rows[i].max, &out);
		assert_string_equal(buf_string(&out), rows[i].want);
		assert_true(out.len <= rows[i].max);
		buf_finish(&out);
		buf_finish(&line);
	}
}

/* The table must be sorted to be searched: each of these is at one of its edges or between. */
static void test_element_table(void **state)
{
	static const struct {
		enum namespace_id ns;
		const char *name;
		enum scope parent;
		bool known;
	} rows[] = {
		{NS_RSS, "abstract", SCOPE_ITEM, true},
		{NS_RSS, "ttl", SCOPE_FEED, true},
		{NS_RSS, "TTL", SCOPE_ITEM, false},
		{NS_RSS, "url", SCOPE_IMAGE, true},
		{NS_RSS, "url", SCOPE_PICTURE, true},
		{NS_RSS, "url", SCOPE_FEED, false},
		{NS_RSS, "image", SCOPE_ITEM, true},
		{NS_RSS, "zzz", SCOPE_ITEM, false},
		{NS_RSS, "PubDate", SCOPE_ITEM, true},
		{NS_ATOM, "author", SCOPE_SOURCE, true},
		{NS_ATOM, "url", SCOPE_PERSON, true},
		{NS_ATOM, "updated", SCOPE_SOURCE, false},
		{NS_CONTENT, "encoded", SCOPE_ITEM, true},
		{NS_DC, "date", SCOPE_FEED, true},
		{NS_DC, "title", SCOPE_ITEM, true},
		{NS_DCTERMS, "modified", SCOPE_ITEM, true},
		{NS_FEEDBURNER, "origLink", SCOPE_ITEM, true},
		{NS_ITUNES, "author", SCOPE_FEED, true},
		{NS_ITUNES, "title", SCOPE_ITEM, true},
		{NS_MEDIA, "title", SCOPE_FEED, false},
		{NS_MEDIA, "thumbnail", SCOPE_MEDIA, true},
		{NS_XHTML, "body", SCOPE_ITEM, true},
		{NS_XHTML, "div", SCOPE_ITEM, true},
		{NS_OTHER, "title", SCOPE_ITEM, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct element *e =
			elements_in(elements_find(rows[i].ns, rows[i].name), rows[i].parent);

		if ((e != NULL) != rows[i].known)
			fail_msg("%s in namespace %d", rows[i].name, (int)rows[i].ns);
	}
	assert_int_equal(elements_namespace(" HTTPS://www.W3.org/2005/Atom/ "), NS_ATOM);
	assert_int_equal(elements_namespace("http://search.yahoo.com/mrss"), NS_MEDIA);
	assert_int_equal(elements_namespace("http://example.com/"), NS_OTHER);
	assert_int_equal(elements_namespace(""), NS_OTHER);
	assert_int_equal(elements_prefix("iTunes"), NS_ITUNES);
	assert_int_equal(elements_prefix("x"), NS_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wanted),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_excerpt),
		cmocka_unit_test(test_element_table),
	};

	return cmocka_run_group_tests(tests, load_cases, free_cases);
}
