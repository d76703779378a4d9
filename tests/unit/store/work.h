/* Work of all kinds for the tests that make it fail. */
#ifndef TESTS_UNIT_STORE_WORK_H
#define TESTS_UNIT_STORE_WORK_H

#include "fixture.h"

static inline int work(struct store_tx *tx, void *arg, struct err *e)
{
	int64_t *key = arg;
	struct feed_poll poll = {.now_ms = NOW,
		.next_due_ms = NOW,
		.status = FEED_OK,
		.described = true,
		.title = "T"};
	int64_t item = 0;
	int changed = 0, status = 0;
	char content[6000];

	memset(content, 'x', sizeof(content) - 1);
	content[sizeof(content) - 1] = '\0';
	for (int n = 0; n < 5 && status == 0; n++) {
		++*key;
		status = put_item(tx, 1, *key, *key % 3, content, NOW, &item, e);
	}
	if (status == 0)
		status = items_set_state(tx, &item, 1, 1, 1, NOW, &changed, e);
	if (status == 0)
		status = feeds_record_poll(tx, 1, &poll, e);
	return status;
}

static inline int first_feed(struct store_tx *tx, void *arg, struct err *e)
{
	return add_feed(tx, "u1", "F", arg, e);
}

static inline int look(struct store_tx *tx, void *arg, struct err *e)
{
	struct arena arena;
	struct feed feed;
	int status;

	arena_init(&arena, 1 << 20);
	status = store_facts(tx, arg, e);
	if (status == 0)
		status = feeds_get(tx, 1, &arena, &feed, e);
	arena_finish(&arena);
	return status;
}

static inline int64_t items_in(struct fixture *f)
{
	struct store_facts facts = {0};

	must_read(f, look, &facts);
	return facts.items;
}

#endif
