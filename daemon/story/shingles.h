/* Which groups a shingle stands in: a part of the story index. What stands in many is boilerplate.
 * Pure. */
#ifndef TIDINGS_STORY_SHINGLES_H
#define TIDINGS_STORY_SHINGLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHINGLE_GROUPS_MAX = 3 };

/* A slot for each pair of shingle and group. */
struct shingle_slot {
	uint32_t shingle;
	uint32_t group; /* + 1; 0: free; UINT32_MAX: it is in too many */
};

/* Zeroed: empty. */
struct shingles {
	struct shingle_slot *slots;
	size_t count, cap;
	uint64_t seed; /* of hash_slot(); set while it is empty */
};

void shingles_finish(struct shingles *s);

/* ERR_NOMEM. */
int shingles_add(struct shingles *s, uint32_t shingle, uint32_t group)
	__attribute__((warn_unused_result));

/* The groups it stands in, ascending; -1: it is boilerplate. */
int shingles_get(
	const struct shingles *s, uint32_t shingle, uint32_t ret_groups[SHINGLE_GROUPS_MAX]);

#endif
