/* Which items are old ones under new keys, and which have the same key: a table of documents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "story/canonical.h"
#include "story/identity.h"
#include "story/rekey.h"
#include "support/data.h"
#include "support/fault_each.h"

enum { ITEMS_MAX = 32, CELLS = 7, CASES_LEAST = 90 };

#define HOUR_MS (3600 * 1000LL)

struct table {
	char *text;
	struct arena arena;
	const char *name;
	int cases;
	/* of a case */
	struct rekey_item old[ITEMS_MAX], now[ITEMS_MAX];
	int old_ids[ITEMS_MAX];
	const char *wanted[ITEMS_MAX];
	size_t old_count, now_count;
	/* of a block of keys: of all documents so far, and the last one */
	int64_t keys[ITEMS_MAX];
	const char *labels[ITEMS_MAX];
	size_t key_count;
	struct item items[ITEMS_MAX];
	size_t item_count;
	enum identity_rule rule;
};

static int64_t time_of(const char *cell)
{
	return cell ? strtoll(cell, NULL, 10) * HOUR_MS : TIME_NONE;
}

static void describe(struct table *t, struct rekey_item *item, char **cells)
{
	int64_t url_key = 0;

	assert_int_equal(canonical_key(cells[2], &t->arena, &url_key), 0);
	rekey_describe(item, cells[3], cells[2], url_key, cells[4], time_of(cells[5]));
}

static void check_item(const struct table *t, size_t i)
{
	const struct rekey_item *item = &t->now[i];
	char got[16] = "new";

	if (item->known)
		snprintf(got, sizeof(got), "known");
	if (item->same) {
		assert_ptr_equal(item->same->same, item);
		snprintf(got, sizeof(got), "%d", t->old_ids[item->same - t->old]);
	}
	if (strcmp(got, t->wanted[i]) != 0)
		fail_msg("%s: item %zu is %s, not %s", t->name, i + 1, got, t->wanted[i]);
}

static void check_case(struct table *t)
{
	struct rekey r = {
		.old = t->old, .now = t->now, .old_count = t->old_count, .now_count = t->now_count};
	size_t pairs = 0;

	for (size_t i = 0; i < t->now_count; i++)
		r.known += t->now[i].known;

	assert_int_equal(rekey_match(&r), 0);
	for (size_t i = 0; i < t->now_count; i++) {
		check_item(t, i);
		pairs += t->now[i].same != NULL;
	}
	assert_int_equal(r.pairs, pairs);
	if (strstr(t->name, ", whole") && !r.whole)
		fail_msg("%s: not the whole document", t->name);
	t->old_count = t->now_count = 0;
}

static void check_keys(struct table *t)
{
	for (size_t i = 0; i < t->key_count; i++) {
		for (size_t j = 0; j < i; j++) {
			bool same = strcmp(t->labels[i], t->labels[j]) == 0;

			if ((t->keys[i] == t->keys[j]) != same)
				fail_msg("%s: items %zu and %zu", t->name, j + 1, i + 1);
		}
	}
	t->key_count = 0;
}

static void end_document(struct table *t)
{
	struct feed_content feed = {.items = t->items, .item_count = t->item_count};

	for (size_t i = 0; i + 1 < t->item_count; i++)
		t->items[i].next = &t->items[i + 1];
	if (t->item_count)
		assert_int_equal(identity_keys(&feed, t->rule, &t->keys[t->key_count]), 0);
	t->key_count += t->item_count;
	t->item_count = 0;
}

static void end_block(struct table *t)
{
	end_document(t);
	if (t->now_count)
		check_case(t);
	check_keys(t);
	t->cases += t->name != NULL;
}

static void take_item(struct table *t, char **cells)
{
	assert_true(t->key_count + t->item_count < ITEMS_MAX);
	t->labels[t->key_count + t->item_count] = cells[1];
	t->items[t->item_count++] = (struct item){.id = cells[2],
		.link = cells[3],
		.title = cells[4],
		.content = cells[5],
		.published_ms = time_of(cells[6])};
}

static void take_line(struct table *t, char **cells)
{
	static const char *const rules[] = {"guid", "link", "text"};

	if (!strcmp(cells[0], "case") || !strcmp(cells[0], "keys")) {
		end_block(t);
		t->name = cells[1];
	} else if (!strcmp(cells[0], "doc")) {
		end_document(t);
		for (int i = 0; i <= IDENTITY_TEXT; i++)
			t->rule = strcmp(rules[i], cells[1]) ? t->rule : (enum identity_rule)i;
	} else if (!strcmp(cells[0], "item")) {
		take_item(t, cells);
	} else if (!strcmp(cells[0], "old")) {
		t->old_ids[t->old_count] = (int)strtol(cells[1], NULL, 10);
		describe(t, &t->old[t->old_count++], cells);
	} else {
		assert_string_equal(cells[0], "now");
		describe(t, &t->now[t->now_count], cells);
		t->now[t->now_count].known = !strcmp(cells[1], "known");
		t->wanted[t->now_count++] = cells[1];
	}
	assert_true(t->old_count < ITEMS_MAX && t->now_count < ITEMS_MAX);
}

static void test_table(void **state)
{
	static struct table t;
	char *rest;

	(void)state;
	t.text = rest = data_read("story/identity.tsv", NULL);
	arena_init(&t.arena, 1 << 24);
	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
		char *cells[CELLS] = {NULL};

		for (int i = 0; i < CELLS && line && *line != '#'; i++) {
			cells[i] = strsep(&line, "\t");
			cells[i] = strcmp(cells[i], "-") ? cells[i] : NULL;
		}
		if (cells[0] && *cells[0])
			take_line(&t, cells);
	}
	end_block(&t);
	assert_true(t.cases >= CASES_LEAST);
	arena_finish(&t.arena);
	free(t.text);
}

/* What was matched without memory is matched again with it. */
static int match_many(void *ctx)
{
	static struct rekey_item old[100], now[100];
	struct rekey r = {.old = old, .now = now, .old_count = 100, .now_count = 100};
	char title[16];
	int status;

	(void)ctx;
	for (int i = 0; i < 100; i++) {
		snprintf(title, sizeof(title), "title %d", i);
		rekey_describe(&old[i], title, NULL, 0, NULL, TIME_NONE);
		rekey_describe(&now[99 - i], title, NULL, 0, NULL, TIME_NONE);
	}
	status = rekey_match(&r);
	for (int i = 0; i < 100 && status == 0; i++)
		assert_ptr_equal(old[i].same, &now[99 - i]);
	return status;
}

static void test_memory(void **state)
{
	(void)state;
	assert_true(fault_each(match_many, NULL, NULL, NULL, 0) > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
