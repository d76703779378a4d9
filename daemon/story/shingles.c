/* Which groups a shingle stands in. */
#include "story/shingles.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/hash.h"

enum { EVERYWHERE = -1 };

static size_t next_slot(size_t slot, size_t cap)
{
	return slot + 1 == cap ? 0 : slot + 1;
}

/* By a quarter, since it is most of what an item costs. */
static int grow(struct shingles *s)
{
	size_t cap = s->cap ? s->cap + s->cap / 4 : 4096;
	struct shingle_slot *slots = calloc(cap, sizeof(*slots));

	if (!slots)
		return ERR_NOMEM;
	for (size_t i = 0; i < s->cap; i++) {
		size_t slot = hash_slot(s->slots[i].shingle, s->seed, cap);

		if (!s->slots[i].group)
			continue;
		while (slots[slot].group)
			slot = next_slot(slot, cap);
		slots[slot] = s->slots[i];
	}
	free(s->slots);
	s->slots = slots;
	s->cap = cap;
	return 0;
}

/* In the order of their numbers, whatever that in the table is. */
static void put(uint32_t *groups, int count, uint32_t group)
{
	for (; count > 0 && groups[count - 1] > group; count--)
		groups[count] = groups[count - 1];
	groups[count] = group;
}

int shingles_get(
	const struct shingles *s, uint32_t shingle, uint32_t ret_groups[SHINGLE_GROUPS_MAX])
{
	int count = 0;

	if (!s->cap)
		return 0;
	for (size_t slot = hash_slot(shingle, s->seed, s->cap); s->slots[slot].group;
		slot = next_slot(slot, s->cap)) {
		if (s->slots[slot].shingle != shingle)
			continue;
		if (s->slots[slot].group == UINT32_MAX || count == SHINGLE_GROUPS_MAX)
			return EVERYWHERE;
		put(ret_groups, count++, s->slots[slot].group - 1);
	}
	return count;
}

/* Growing keeps the order of a shingle's slots no better than the table's, so all are marked. */
static void mark_everywhere(struct shingles *s, uint32_t shingle)
{
	for (size_t slot = hash_slot(shingle, s->seed, s->cap); s->slots[slot].group;
		slot = next_slot(slot, s->cap)) {
		if (s->slots[slot].shingle == shingle)
			s->slots[slot].group = UINT32_MAX;
	}
}

int shingles_add(struct shingles *s, uint32_t shingle, uint32_t group)
{
	uint32_t groups[SHINGLE_GROUPS_MAX];
	int count = shingles_get(s, shingle, groups);
	size_t slot;

	if (count == EVERYWHERE)
		return 0;
	for (int i = 0; i < count; i++) {
		if (groups[i] == group)
			return 0;
	}
	if (count == SHINGLE_GROUPS_MAX) {
		mark_everywhere(s, shingle);
		return 0;
	}
	if (s->count * 8 >= s->cap * 7 && grow(s))
		return ERR_NOMEM;
	slot = hash_slot(shingle, s->seed, s->cap);
	while (s->slots[slot].group)
		slot = next_slot(slot, s->cap);
	s->slots[slot] = (struct shingle_slot){shingle, group + 1};
	s->count++;
	return 0;
}

void shingles_finish(struct shingles *s)
{
	free(s->slots);
	*s = (struct shingles){.count = 0};
}
