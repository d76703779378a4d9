/* Which groups a shingle stands in. */
#include "story/shingles.h"

#include <stdlib.h>

#include "base/err.h"

enum { EVERYWHERE = -1 };

static size_t first_slot(uint32_t shingle, size_t cap)
{
	return (shingle * UINT32_C(2654435761)) & (cap - 1);
}

static int grow(struct shingles *s)
{
	size_t cap = s->cap ? s->cap * 2 : 4096;
	struct shingle_slot *slots = calloc(cap, sizeof(*slots));

	if (!slots)
		return ERR_NOMEM;
	for (size_t i = 0; i < s->cap; i++) {
		size_t slot = first_slot(s->slots[i].shingle, cap);

		if (!s->slots[i].group)
			continue;
		while (slots[slot].group)
			slot = (slot + 1) & (cap - 1);
		slots[slot] = s->slots[i];
	}
	free(s->slots);
	s->slots = slots;
	s->cap = cap;
	return 0;
}

int shingles_get(
	const struct shingles *s, uint32_t shingle, uint32_t ret_groups[SHINGLE_GROUPS_MAX])
{
	int count = 0;

	if (!s->cap)
		return 0;
	for (size_t slot = first_slot(shingle, s->cap); s->slots[slot].group;
		slot = (slot + 1) & (s->cap - 1)) {
		if (s->slots[slot].shingle != shingle)
			continue;
		if (s->slots[slot].group == UINT32_MAX || count == SHINGLE_GROUPS_MAX)
			return EVERYWHERE;
		ret_groups[count++] = s->slots[slot].group - 1;
	}
	return count;
}

/* Growing keeps the order of a shingle's slots no better than the table's, so all are marked. */
static void mark_everywhere(struct shingles *s, uint32_t shingle)
{
	for (size_t slot = first_slot(shingle, s->cap); s->slots[slot].group;
		slot = (slot + 1) & (s->cap - 1)) {
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
	if (s->count * 4 >= s->cap * 3 && grow(s))
		return ERR_NOMEM;
	slot = first_slot(shingle, s->cap);
	while (s->slots[slot].group)
		slot = (slot + 1) & (s->cap - 1);
	s->slots[slot] = (struct shingle_slot){shingle, group + 1};
	s->count++;
	return 0;
}

void shingles_finish(struct shingles *s)
{
	free(s->slots);
	*s = (struct shingles){.count = 0};
}
