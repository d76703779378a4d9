/* Which groups use a term. */
#include "story/postings.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/hash.h"
#include "limits.h"

static size_t slot_of(const struct posting *slots, size_t cap, uint64_t seed, uint32_t key)
{
	size_t slot = hash_slot(key, seed, cap);

	while (slots[slot].key && slots[slot].key != key + 1)
		slot = slot + 1 == cap ? 0 : slot + 1;
	return slot;
}

struct posting *postings_get(const struct postings *p, uint32_t key)
{
	struct posting *found = p->cap ? &p->slots[slot_of(p->slots, p->cap, p->seed, key)] : NULL;

	return found && found->key ? found : NULL;
}

static int grow(struct postings *p)
{
	size_t cap = p->cap ? p->cap * 2 : 1024;
	struct posting *slots = calloc(cap, sizeof(*slots));

	if (!slots)
		return ERR_NOMEM;
	for (size_t i = 0; i < p->cap; i++) {
		if (p->slots[i].key)
			slots[slot_of(slots, cap, p->seed, p->slots[i].key - 1)] = p->slots[i];
	}
	free(p->slots);
	p->slots = slots;
	p->cap = cap;
	return 0;
}

struct posting *postings_use(struct postings *p, uint32_t key)
{
	struct posting *found = postings_get(p, key);

	if (found)
		return found;
	if (p->count >= STORY_VOCABULARY_MAX)
		return NULL;
	if (p->count * 4 >= p->cap * 3 && grow(p))
		return NULL;
	found = &p->slots[slot_of(p->slots, p->cap, p->seed, key)];
	found->key = key + 1;
	p->count++;
	return found;
}

int posting_add(struct posting *p, uint32_t group)
{
	if (p->count == POSTINGS_MAX) {
		p->groups[p->next] = group;
		p->next = (uint16_t)((p->next + 1) % POSTINGS_MAX);
		return 0;
	}
	if (p->count == p->cap) {
		uint16_t cap = (uint16_t)(p->cap ? p->cap + p->cap / 2 + 1 : 2);
		uint32_t *groups = realloc(p->groups, cap * sizeof(*groups));

		if (!groups)
			return ERR_NOMEM;
		p->groups = groups;
		p->cap = cap;
	}
	p->groups[p->count++] = group;
	return 0;
}

void postings_finish(struct postings *p)
{
	for (size_t i = 0; i < p->cap; i++)
		free(p->slots[i].groups);
	free(p->slots);
	*p = (struct postings){.count = 0};
}
