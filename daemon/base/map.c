/* Hash map from 64-bit numbers to pointers. */
#include "base/map.h"

#include <stdlib.h>

#include "base/err.h"

enum { CAP_MIN = 64 };

void map_finish(struct map *m)
{
	free(m->slots);
	*m = (struct map){0};
}

/* Fibonacci hashing: ids are consecutive, and their low bits alone would cluster after removals. */
static size_t home(const struct map *m, int64_t key)
{
	return (size_t)(((uint64_t)key * 0x9E3779B97F4A7C15u) >> 20) & (m->cap - 1);
}

/* The slot of the key, or the free one where it would go. */
static struct map_slot *find(const struct map *m, int64_t key)
{
	size_t i = home(m, key);

	while (m->slots[i].value && m->slots[i].key != key)
		i = (i + 1) & (m->cap - 1);
	return &m->slots[i];
}

static int grow(struct map *m)
{
	struct map bigger = {.cap = m->cap ? m->cap * 2 : CAP_MIN, .count = m->count};

	if (m->cap && m->count + 1 <= m->cap / 4 * 3)
		return 0;
	bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
	if (!bigger.slots)
		return ERR_NOMEM;
	for (size_t i = 0; i < m->cap; i++) {
		if (m->slots[i].value)
			*find(&bigger, m->slots[i].key) = m->slots[i];
	}
	free(m->slots);
	*m = bigger;
	return 0;
}

int map_put(struct map *m, int64_t key, void *value)
{
	struct map_slot *slot;

	if (grow(m))
		return ERR_NOMEM;
	slot = find(m, key);
	if (!slot->value)
		m->count++;
	*slot = (struct map_slot){key, value};
	return 0;
}

void *map_get(const struct map *m, int64_t key)
{
	return m->cap ? find(m, key)->value : NULL;
}

/* Closes the gap that a removal leaves, so that no search stops early. */
static void close_gap(struct map *m, size_t gap)
{
	size_t mask = m->cap - 1;

	for (size_t i = (gap + 1) & mask; m->slots[i].value; i = (i + 1) & mask) {
		size_t want = home(m, m->slots[i].key);

		if (((i - want) & mask) < ((i - gap) & mask))
			continue;
		m->slots[gap] = m->slots[i];
		m->slots[i].value = NULL;
		gap = i;
	}
}

void *map_remove(struct map *m, int64_t key)
{
	struct map_slot *slot;
	void *value;

	if (!m->cap)
		return NULL;
	slot = find(m, key);
	value = slot->value;
	if (!value)
		return NULL;
	slot->value = NULL;
	m->count--;
	close_gap(m, (size_t)(slot - m->slots));
	return value;
}

void *map_next(const struct map *m, size_t *position)
{
	while (*position < m->cap) {
		void *value = m->slots[(*position)++].value;

		if (value)
			return value;
	}
	return NULL;
}
