/* Which items of two documents are the same: from the document to the key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "limits.h"
#include "parse/parse.h"
#include "story/identity.h"
#include "support/data.h"

enum { ITEMS_MAX = 8, MEMBERS = 4, DOCUMENT_MAX = 65536 };

/* How a format writes a document: head, an item's begin and end, tail, and for each member what
 * stands before and behind it. */
struct format {
	const char *name, *head, *begin, *end, *tail;
	struct {
		const char *before, *behind;
	} members[MEMBERS];
};

static const struct format formats[] = {
	{"rss", "<rss version='2.0'><channel><title>F</title>", "<item>", "</item>",
		"</channel></rss>",
		{{"<guid>", "</guid>"}, {"<link>", "</link>"}, {"<title>", "</title>"},
			{"<description>", "</description>"}}},
	{"atom", "<feed xmlns='http://www.w3.org/2005/Atom'><title>F</title>", "<entry>",
		"</entry>", "</feed>",
		{{"<id>", "</id>"}, {"<link href='", "'/>"}, {"<title>", "</title>"},
			{"<summary>", "</summary>"}}},
	{"json", "{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"F\",\"items\":[",
		"{", "\"x\":0},", "0]}",
		{{"\"id\":", ","}, {"\"url\":\"", "\","}, {"\"title\":\"", "\","},
			{"\"content_text\":\"", "\","}}},
};

static void write_item(const struct format *format, char *text, struct buf *out)
{
	buf_puts(out, format->begin);
	for (int i = 0; i < MEMBERS && text; i++) {
		const char *member = strsep(&text, "|");
		bool no_link = *member == '~';

		if (strcmp(member, "_") == 0)
			continue;
		buf_puts(out, no_link ? "<guid isPermaLink='false'>" : format->members[i].before);
		buf_puts(out, member + no_link);
		buf_puts(out, format->members[i].behind);
	}
	buf_puts(out, format->end);
}

/* The keys of the items; returns how many there are. */
static int read_keys(const struct format *format, char *text, int64_t *keys)
{
	struct parse_options options = {0};
	struct feed_content *feed = NULL;
	struct arena a;
	struct buf b;
	int count;

	arena_init(&a, 1 << 22);
	buf_init(&b, DOCUMENT_MAX);
	buf_puts(&b, format->head);
	while (text) {
		char *next = strstr(text, " + ");

		if (next)
			*next = '\0';
		write_item(format, text, &b);
		text = next ? next + strlen(" + ") : NULL;
	}
	buf_puts(&b, format->tail);
	assert_int_equal(buf_status(&b), 0);
	assert_int_equal(parse_document(b.data, b.len, &options, &a, &feed, NULL), 0);
	count = (int)feed->item_count;
	assert_in_range(count, 1, ITEMS_MAX);
	assert_int_equal(identity_keys(feed, IDENTITY_GUID, keys), 0);
	buf_finish(&b);
	arena_finish(&a);
	return count;
}

/* A letter for each key, the same for the same, and a blank between the documents. */
static void name_keys(const int64_t *keys, int first, int count, char *out)
{
	char next = 'a';

	for (int i = 0; i < count; i++) {
		char *letter = &out[i + (i >= first)];

		if (i == first)
			out[i] = ' ';
		*letter = '\0';
		for (int j = 0; j < i && !*letter; j++) {
			if (keys[j] == keys[i])
				*letter = out[j + (j >= first)];
		}
		if (!*letter)
			*letter = next++;
	}
	out[count + 1] = '\0';
}

static bool check_line(char *line)
{
	char got[2 * ITEMS_MAX + 2], copy[2048];
	const struct format *format = NULL;
	const char *name, *wanted;
	int64_t keys[2 * ITEMS_MAX];
	char *one, *other;
	int first, count;

	assert_true(strlen(line) < sizeof(copy));
	memcpy(copy, line, strlen(line) + 1);
	name = strsep(&line, "\t");
	one = strsep(&line, "\t");
	other = strsep(&line, "\t");
	wanted = line;
	assert_non_null(wanted);
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		format = strcmp(formats[i].name, name) == 0 ? &formats[i] : format;
	assert_non_null(format);
	first = read_keys(format, one, keys);
	count = first + read_keys(format, other, keys + first);
	name_keys(keys, first, count, got);
	if (strcmp(got, wanted) != 0)
		print_error("%s: %s\n", copy, got);
	return strcmp(got, wanted) == 0;
}

static void test_table(void **state)
{
	char *text = data_read("story/same.tsv", NULL), *rest = text;
	int lines = 0, wrong = 0;

	(void)state;
	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
		if (!*line || *line == '#')
			continue;
		lines++;
		wrong += !check_line(line);
	}
	assert_true(lines >= 60);
	assert_int_equal(wrong, 0);
	free(text);
}

/* Guids as long as a page that differ at their ends. */
static void test_long_guids(void **state)
{
	static char guid[2][60000];
	struct item items[] = {{.id = guid[0], .next = &items[1]}, {.id = guid[1]}};
	struct feed_content feed = {.items = items, .item_count = 2};
	int64_t keys[2], again[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		memset(guid[i], 'g', sizeof(guid[i]) - 1);
		guid[i][sizeof(guid[i]) - 2] = (char)('0' + i);
	}
	assert_int_equal(identity_keys(&feed, IDENTITY_GUID, keys), 0);
	assert_int_equal(identity_keys(&feed, IDENTITY_GUID, again), 0);
	assert_true(keys[0] != keys[1]);
	assert_true(keys[0] == again[0] && keys[1] == again[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_long_guids),
	};

	parse_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
