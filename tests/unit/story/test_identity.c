/* Same item or another one, changed or not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "story/identity.h"

static void link_items(struct item *items, size_t count, struct feed_content *feed)
{
	for (size_t i = 0; i + 1 < count; i++)
		items[i].next = &items[i + 1];
	feed->items = items;
	feed->item_count = count;
}

static int64_t key_of(struct item item)
{
	struct feed_content feed = {0};
	int64_t key = 0;

	link_items(&item, 1, &feed);
	assert_int_equal(identity_keys(&feed, IDENTITY_GUID, &key), 0);
	return key;
}

static void test_which_key_counts(void **state)
{
	static const struct {
		const char *what;
		struct item a, b;
		int same;
	} cases[] = {
		{"guid alone decides",
			{.id = (char *)"g", .link = (char *)"http://h/1", .title = (char *)"x"},
			{.id = (char *)"g", .link = (char *)"http://h/2"}, 1},
		{"other guid", {.id = (char *)"g", .link = (char *)"http://h/1"},
			{.id = (char *)"h", .link = (char *)"http://h/1"}, 0},
		{"no guid: link", {.link = (char *)"http://h/1", .title = (char *)"x"},
			{.link = (char *)"http://h/1", .title = (char *)"y"}, 1},
		{"empty guid is none", {.id = (char *)"", .link = (char *)"http://h/1"},
			{.link = (char *)"http://h/1"}, 1},
		{"guid with and without TLS", {.id = (char *)"http://h/1"},
			{.id = (char *)"https://h/1"}, 1},
		{"link with and without TLS", {.link = (char *)"HTTP://h/1"},
			{.link = (char *)"https://h/1"}, 1},
		{"other link", {.link = (char *)"http://h/1"}, {.link = (char *)"http://h/2"}, 0},
		{"guid is no link", {.id = (char *)"http://h/1"}, {.link = (char *)"http://h/1"},
			0},
		{"neither: title and text", {.title = (char *)"t", .content = (char *)"c"},
			{.title = (char *)"t", .content = (char *)"c"}, 1},
		{"other text", {.title = (char *)"t", .content = (char *)"c"},
			{.title = (char *)"t", .content = (char *)"d"}, 0},
		{"dates do not count", {.title = (char *)"t", .published_ms = 1},
			{.title = (char *)"t", .published_ms = 2}, 1},
		{"title is no text", {.title = (char *)"t"}, {.content = (char *)"t"}, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if ((key_of(cases[i].a) == key_of(cases[i].b)) != cases[i].same)
			fail_msg("%s", cases[i].what);
	}
}

static void test_guid_on_all_items_is_none(void **state)
{
	struct item items[] = {
		{.id = (char *)"same", .link = (char *)"http://h/1"},
		{.id = (char *)"same", .link = (char *)"http://h/2"},
		{.id = (char *)"good", .link = (char *)"http://h/3"},
		{.id = (char *)"twice", .link = (char *)"http://h/4"},
		{.id = (char *)"twice", .link = (char *)"http://h/4"},
		{.id = (char *)"bare", .link = (char *)"http://h/5"},
		{.id = (char *)"bare"},
		{.id = (char *)"bare", .link = (char *)"http://h/6"},
		{.id = (char *)"http://moved", .link = (char *)"http://h/7"},
		{.id = (char *)"https://moved", .link = (char *)"https://h/7"},
		{.id = (char *)"same", .link = (char *)"http://h/8"},
	};
	struct feed_content feed = {0};
	int64_t keys[11];

	(void)state;
	link_items(items, 11, &feed);
	assert_int_equal(identity_keys(&feed, IDENTITY_GUID, keys), 0);
	assert_true(keys[0] != keys[1]);
	assert_true(keys[0] == key_of((struct item){.link = (char *)"http://h/1"}));
	assert_true(keys[10] == key_of((struct item){.link = (char *)"http://h/8"}));
	assert_true(keys[2] == key_of((struct item){.id = (char *)"good"}));
	assert_true(keys[3] == keys[4]); /* one item printed twice */
	assert_true(keys[3] == key_of((struct item){.id = (char *)"twice"}));
	assert_true(keys[5] != keys[7]); /* one without a link between them changes nothing */
	assert_true(keys[8] == keys[9]);
	assert_true(keys[8] == key_of((struct item){.id = (char *)"https://moved"}));
}

static int64_t digest_of(struct item item)
{
	return identity_digest(&item);
}

static void test_what_counts_as_a_change(void **state)
{
	struct person ann = {.name = (char *)"Ann"};
	struct enclosure sound = {.url = (char *)"http://h/a.mp3"};
	struct category tag = {.name = (char *)"x"};
	struct item item = {.title = (char *)"t",
		.link = (char *)"l",
		.summary = (char *)"s",
		.content = (char *)"c"};
	int64_t before = digest_of(item);
	struct item other[7];

	(void)state;
	for (int i = 0; i < 7; i++)
		other[i] = item;
	other[0].title = (char *)"u";
	other[1].link = (char *)"m";
	other[2].summary = (char *)"r";
	other[3].content = (char *)"d";
	other[4].authors = &ann;
	other[5].enclosures = &sound;
	other[6].categories = &tag;
	for (int i = 0; i < 7; i++)
		assert_true(digest_of(other[i]) != before);
	item.published_ms = 5;
	item.updated_ms = 6;
	assert_true(digest_of(item) == before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_which_key_counts),
		cmocka_unit_test(test_guid_on_all_items_is_none),
		cmocka_unit_test(test_what_counts_as_a_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
