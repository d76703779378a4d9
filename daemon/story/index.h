/* The story index: what was published lately, in memory, and to which of it a new item belongs.
 * Pure but for the memory that it holds; one thread's. The same items in the same order give the
 * same answers: no clock, no chance, no floating point. */
#ifndef TIDINGS_STORY_INDEX_H
#define TIDINGS_STORY_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "story/fingerprint.h"
#include "story/vector.h"

struct story_index;

enum {
	INDEX_EVIDENCE_MAX = 5, /* terms that say why */
	INDEX_SKETCHES = 4,     /* members of a group whose sketches are compared */
};

/* Gets the fingerprint of an item that is in the index; it need stay valid until the next call
 * only. False: it cannot be had. */
typedef bool index_load(void *ctx, int64_t item, struct fingerprint *ret_fingerprint);

/* `seed`: a number that nobody outside knows, so that texts cannot be made which are slow to look
 * up; no answer depends on it. NULL when out of memory. */
struct story_index *story_index_create(index_load *load, void *ctx, uint64_t seed);
void story_index_destroy(struct story_index *index);

/* An item: where it belongs, once that is known. */
struct index_item {
	int64_t item, story;
	int64_t group; /* the item whose text this is a reprint of; the same: none */
	int64_t feed;
	int64_t time_ms;
	const struct fingerprint *fingerprint;
};

enum verdict_kind {
	VERDICT_NEW,
	VERDICT_REPRINT, /* the text of another item, or most of it */
	VERDICT_EVENT,   /* tells of the same */
};

struct verdict {
	enum verdict_kind kind;
	int64_t story, group; /* of the item; 0 where it is new */
	uint32_t score;       /* the text that is the same, or the cosine: 0 to SCORE_ONE */
	int64_t merge;        /* another story that tells of the same; 0: none */
	uint32_t evidence[INDEX_EVIDENCE_MAX]; /* keys of the terms that weigh most */
	int evidence_count;
};

/* How alike two must be to tell of the same: for headlines and for long texts, since these share
 * more by chance; what is between is in between. Cosines, 0 to SCORE_ONE. */
struct index_level {
	uint32_t join_brief, join_full;   /* an item and a story */
	uint32_t merge_brief, merge_full; /* two stories */
};
extern const struct index_level index_level_strict, index_level_normal, index_level_wide;

/* Where the item belongs (its story and group count for nothing). What one feed alone has told of
 * is no event yet: its own items join that only where they are its text once more. Without a level
 * only reprints are found. */
void story_index_judge(struct story_index *index, const struct index_item *item,
	const struct index_level *level, struct verdict *ret_verdict);

/* Remembers an item. ERR_NOMEM (so with all below: the index may but be destroyed then),
 * ERR_TOO_BIG (STORY_ITEMS_MAX). */
int story_index_add(struct story_index *index, const struct index_item *item)
	__attribute__((warn_unused_result));

/* Whether an item is clearly nearer to what its story tells than another one of it (0: than its
 * first). Both are known as the first of their text, and the story has three texts at least, else
 * it is not. */
bool story_index_is_nearer(struct story_index *index, int64_t item, int64_t other);

/* All items of one story are another's from now on. ERR_NOMEM. */
int story_index_merge(struct story_index *index, int64_t from, int64_t into)
	__attribute__((warn_unused_result));

/* A story is parted: first it is cleared, then each of its items is placed again, in the order of
 * their ids, with the story and group that it has now. ERR_NOMEM. */
void story_index_clear(struct story_index *index, int64_t story);
int story_index_place(struct story_index *index, const struct index_item *item)
	__attribute__((warn_unused_result));

#endif
