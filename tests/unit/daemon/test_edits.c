/* What kind of edit leads from one text of an item to another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "draft.h"
#include "limits.h"
#include "story/identity.h"
#include "support/data.h"

#define NOW  1795000000000
#define HOUR (3600 * 1000LL)

/* An item as the table writes it. */
struct written {
	struct item item;
	struct person author;
	struct enclosure enclosure;
	struct category category;
};

static void take_member(struct written *w, char *member)
{
	const struct {
		const char *name;
		char **text;
		int64_t *time_ms;
	} members[] = {
		{"title", &w->item.title, NULL},
		{"link", &w->item.link, NULL},
		{"summary", &w->item.summary, NULL},
		{"content", &w->item.content, NULL},
		{"comments", &w->item.comments, NULL},
		{"author", &w->author.name, NULL},
		{"enclosure", &w->enclosure.url, NULL},
		{"category", &w->category.name, NULL},
		{"published", NULL, &w->item.published_ms},
		{"updated", NULL, &w->item.updated_ms},
	};
	char *value = strchr(member, '=');

	assert_non_null(value);
	*value++ = '\0';
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (strcmp(members[i].name, member) != 0)
			continue;
		if (members[i].text)
			*members[i].text = value;
		else
			*members[i].time_ms = NOW - strtol(value, NULL, 10) * HOUR;
		return;
	}
	fail_msg("no member %s", member);
}

static struct item_mark mark_of(char *text)
{
	struct written w = {
		.item = {.id = (char *)"g", .published_ms = TIME_NONE, .updated_ms = TIME_NONE}};
	struct feed_content feed = {.items = &w.item, .item_count = 1};
	struct draft *draft = NULL;
	struct item_mark mark;
	struct arena a;
	size_t count;

	for (char *member = strsep(&text, "|"); member; member = strsep(&text, "|"))
		take_member(&w, member);
	w.item.authors = w.author.name ? &w.author : NULL;
	w.item.enclosures = w.enclosure.url ? &w.enclosure : NULL;
	w.item.categories = w.category.name ? &w.category : NULL;
	arena_init(&a, 1 << 20);
	assert_int_equal(draft_items(&feed, IDENTITY_GUID, NOW, &a, &draft, &count), 0);
	assert_int_equal(count, 1);
	mark = (struct item_mark){draft->row.digest, draft->row.words, w.item.updated_ms};
	arena_finish(&a);
	return mark;
}

static void test_kinds(void **state)
{
	static const char *const names[] = {[EDIT_TEXT] = "text",
		[EDIT_MARKUP] = "markup",
		[EDIT_DATE] = "date",
		[EDIT_NONE] = "none"};
	char *text = data_read("story/edits.tsv", NULL), *rest = text;
	int lines = 0;

	(void)state;
	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
		char *kind = strsep(&line, "\t"), *before = strsep(&line, "\t");
		struct item_mark stored, received;

		if (!*kind || *kind == '#')
			continue;
		assert_non_null(line);
		lines++;
		stored = mark_of(before);
		received = mark_of(line);
		if (strcmp(names[identity_edit(&stored, &received, NOW)], kind) != 0)
			fail_msg("line %d is %s, not %s", lines,
				names[identity_edit(&stored, &received, NOW)], kind);
	}
	assert_true(lines >= 50);
	free(text);
}

/* Rows of earlier versions have no digest of their words: what changed there is text. */
static void test_words_that_are_not_known(void **state)
{
	const struct item_mark stored = {1, 0, TIME_NONE}, same = {1, 5, TIME_NONE},
			       other = {2, 5, TIME_NONE};

	(void)state;
	assert_int_equal(identity_edit(&stored, &same, NOW), EDIT_NONE);
	assert_int_equal(identity_edit(&stored, &other, NOW), EDIT_TEXT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_words_that_are_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
