/* Parsed items made ready for the store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "draft.h"

#define NOW 1795000000000

static void link_items(struct item *items, size_t count, struct feed_content *feed)
{
	for (size_t i = 0; i + 1 < count; i++)
		items[i].next = &items[i + 1];
	feed->items = items;
	feed->item_count = count;
}

static void test_oldest_first_each_once(void **state)
{
	struct item items[] = {{.id = (char *)"c"}, {.id = (char *)"b", .title = (char *)"first"},
		{.id = (char *)"b", .title = (char *)"second"}, {.id = (char *)"a"}};
	struct feed_content feed = {0};
	struct draft *drafts = NULL;
	struct arena a;
	size_t count = 0;

	(void)state;
	arena_init(&a, 1 << 20);
	link_items(items, 4, &feed);
	assert_int_equal(draft_items(&feed, IDENTITY_GUID, NOW, &a, &drafts, &count), 0);
	assert_int_equal(count, 3);
	assert_string_equal(drafts[0].row.item->id, "a");
	assert_string_equal(drafts[1].row.item->title, "first");
	assert_string_equal(drafts[2].row.item->id, "c");
	arena_finish(&a);
}

static void test_derived_texts(void **state)
{
	struct person second = {.email = (char *)"b@example.org"},
		      first = {.name = (char *)"Ann", .next = &second};
	struct enclosure sound = {.url = (char *)"http://h/a\"b.mp3",
		.type = (char *)"audio/mpeg",
		.length_bytes = -1};
	struct category tag = {.name = (char *)"News"};
	struct item item = {.id = (char *)"a",
		.link = (char *)"https://www.example.org/a/",
		.authors = &first,
		.enclosures = &sound,
		.categories = &tag,
		.content = (char *)"<p>One <b>two</b></p><p>three</p>"};
	struct feed_content feed = {0};
	struct draft *drafts = NULL;
	struct arena a;
	size_t count = 0;

	(void)state;
	arena_init(&a, 1 << 20);
	link_items(&item, 1, &feed);
	assert_int_equal(draft_items(&feed, IDENTITY_GUID, NOW, &a, &drafts, &count), 0);
	assert_string_equal(drafts->row.author, "Ann, b@example.org");
	assert_string_equal(drafts->row.enclosures,
		"[{\"url\":\"http://h/a\\\"b.mp3\",\"type\":\"audio/mpeg\",\"length\":null}]");
	assert_string_equal(drafts->row.categories, "[\"News\"]");
	assert_string_equal(drafts->row.excerpt, "One two three");
	assert_int_not_equal(drafts->url_key, 0);
	arena_finish(&a);
}

/* What a hostile item has too much of is left out; the item and the others stay. */
static void test_endless_enclosures(void **state)
{
	static char url[60000];
	struct enclosure many[40] = {{.url = url, .length_bytes = 1}};
	struct item items[] = {
		{.id = (char *)"b", .enclosures = many, .title = (char *)"B"}, {.id = (char *)"a"}};
	struct feed_content feed = {0};
	struct draft *drafts = NULL;
	struct arena a;
	size_t count = 0;

	(void)state;
	memset(url, 'u', sizeof(url) - 1);
	for (size_t i = 1; i < 40; i++) {
		many[i] = (struct enclosure){.url = url, .length_bytes = 1};
		many[i - 1].next = &many[i];
	}
	arena_init(&a, 1 << 24);
	link_items(items, 2, &feed);
	assert_int_equal(draft_items(&feed, IDENTITY_GUID, NOW, &a, &drafts, &count), 0);
	assert_int_equal(count, 2);
	assert_null(drafts[1].row.enclosures);
	assert_string_equal(drafts[1].row.item->title, "B");
	arena_finish(&a);
}

static void test_nothing_and_no_room(void **state)
{
	struct item item = {.id = (char *)"a"};
	struct feed_content feed = {0};
	struct draft *drafts = NULL;
	struct arena a;
	size_t count = 7;

	(void)state;
	arena_init(&a, 64);
	assert_int_equal(draft_items(&feed, IDENTITY_GUID, NOW, &a, &drafts, &count), 0);
	assert_int_equal(count, 0);
	link_items(&item, 1, &feed);
	assert_int_equal(draft_items(&feed, IDENTITY_GUID, NOW, &a, &drafts, &count), ERR_NOMEM);
	arena_finish(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oldest_first_each_once),
		cmocka_unit_test(test_derived_texts),
		cmocka_unit_test(test_endless_enclosures),
		cmocka_unit_test(test_nothing_and_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
