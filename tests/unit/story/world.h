/* A made-up stream of items and the story index that tells them apart, as the daemon does it. */
#ifndef TESTS_UNIT_STORY_WORLD_H
#define TESTS_UNIT_STORY_WORLD_H

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
#include "story/index.h"

#define HOUR_MS INT64_C(3600000)
#define NOON_MS INT64_C(1400000000000)

enum { WORLD_ITEMS = 10100 };

struct world {
	struct story_index *index;
	struct arena arena;
	struct fingerprint fingerprints[WORLD_ITEMS]; /* by item; 0 is none */
	int64_t stories[WORLD_ITEMS], groups[WORLD_ITEMS], times[WORLD_ITEMS], feeds[WORLD_ITEMS];
	int64_t feed; /* of the next item; 0: each has its own */
	int count;    /* the last item */
	bool lost;    /* fingerprints cannot be had */
	int64_t loads;
};

static inline bool world_load(void *ctx, int64_t item, struct fingerprint *ret_fingerprint)
{
	struct world *w = ctx;

	assert_in_range(item, 1, w->count);
	w->loads++;
	*ret_fingerprint = w->fingerprints[item];
	return !w->lost;
}

/* No answer depends on it. */
static uint64_t world_seed = 1;

static inline struct world *world_create(void)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	arena_init(&w->arena, 256 << 20);
	w->index = story_index_create(world_load, w, world_seed);
	assert_non_null(w->index);
	return w;
}

static inline void world_destroy(struct world *w)
{
	story_index_destroy(w->index);
	arena_finish(&w->arena);
	free(w);
}

/* The item as a row of the database holds it. */
static inline struct index_item world_row(const struct world *w, int item)
{
	return (struct index_item){.item = item,
		.story = w->stories[item],
		.group = w->groups[item],
		.feed = w->feeds[item],
		.time_ms = w->times[item],
		.fingerprint = &w->fingerprints[item]};
}

/* The next item, neither judged nor remembered. */
static inline int world_draft(struct world *w, const char *title, const char *text, int64_t time_ms)
{
	int item = ++w->count;

	assert_true(item < WORLD_ITEMS);
	assert_int_equal(fingerprint_make(title, text, &w->arena, &w->fingerprints[item]), 0);
	w->stories[item] = w->groups[item] = item;
	w->times[item] = time_ms;
	w->feeds[item] = w->feed ? w->feed : WORLD_ITEMS + item;
	return item;
}

static inline struct verdict world_judge(struct world *w, int item, const struct index_level *level)
{
	struct index_item row = world_row(w, item);
	struct verdict v;

	row.story = row.group = 0;
	memset(&v, 0xA5, sizeof(v));
	story_index_judge(w->index, &row, level, &v);
	assert_in_range(v.evidence_count, 0, INDEX_EVIDENCE_MAX);
	assert_true(v.score <= SCORE_ONE);
	assert_int_equal(v.kind == VERDICT_NEW, v.story == 0);
	assert_int_equal(v.kind == VERDICT_REPRINT, v.group != 0);
	assert_true(v.merge == 0 || (v.kind == VERDICT_EVENT && v.merge != v.story));
	return v;
}

static inline void world_merge(struct world *w, int64_t from, int64_t into)
{
	assert_int_equal(story_index_merge(w->index, from, into), 0);
	for (int i = 1; i <= w->count; i++) {
		if (w->stories[i] == from)
			w->stories[i] = into;
	}
}

/* Told apart and remembered; the older of two stories stays. */
static inline struct verdict world_tell(struct world *w, const char *title, const char *text,
	int64_t time_ms, const struct index_level *level)
{
	int item = world_draft(w, title, text, time_ms);
	struct verdict v = world_judge(w, item, level);
	struct index_item row;

	w->stories[item] = v.story ? v.story : item;
	w->groups[item] = v.group ? v.group : item;
	row = world_row(w, item);
	assert_int_equal(story_index_add(w->index, &row), 0);
	if (v.merge)
		world_merge(w, v.merge > v.story ? v.merge : v.story,
			v.merge > v.story ? v.story : v.merge);
	return v;
}

/* As after a start: all items again, by their ids. */
static inline void world_reload(struct world *w)
{
	story_index_destroy(w->index);
	w->index = story_index_create(world_load, w, world_seed);
	assert_non_null(w->index);
	for (int i = 1; i <= w->count; i++) {
		struct index_item row = world_row(w, i);

		assert_int_equal(story_index_add(w->index, &row), 0);
	}
}

/* Words of which no two are alike, each the name (a letter or two) and a number, in letters since
 * six characters have to tell them apart. */
static inline char *world_words(struct world *w, const char *name, int first, int last)
{
	size_t size = (size_t)(last - first) * (strlen(name) + 5) + 1, len = 0;
	char *text = arena_alloc(&w->arena, size);

	assert_non_null(text);
	for (int i = first; i < last; i++)
		len += (size_t)snprintf(text + len, size - len, "%s%c%c%c%c ", name,
			'a' + i / 17576 % 26, 'a' + i / 676 % 26, 'a' + i / 26 % 26, 'a' + i % 26);
	return text;
}

static inline char *world_join(struct world *w, const char *a, const char *b)
{
	char *text = arena_printf(&w->arena, "%s%s", a, b);

	assert_non_null(text);
	return text;
}

static inline void world_same_verdict(const struct verdict *a, const struct verdict *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->story, b->story);
	assert_int_equal(a->group, b->group);
	assert_int_equal(a->score, b->score);
	assert_int_equal(a->merge, b->merge);
	assert_int_equal(a->evidence_count, b->evidence_count);
	assert_memory_equal(
		a->evidence, b->evidence, (size_t)a->evidence_count * sizeof(a->evidence[0]));
}

#endif
