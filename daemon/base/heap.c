/* Intrusive binary min-heap over 64-bit keys. */
#include "base/heap.h"

#include <assert.h>
#include <stdlib.h>

#include "base/err.h"

void heap_finish(struct heap *h)
{
	free(h->nodes);
	*h = (struct heap){0};
}

static void place(struct heap *h, struct heap_node *node, size_t slot)
{
	h->nodes[slot - 1] = node;
	node->slot = (uint32_t)slot;
}

static void sift_up(struct heap *h, struct heap_node *node)
{
	size_t slot = node->slot;

	while (slot > 1 && h->nodes[slot / 2 - 1]->key > node->key) {
		place(h, h->nodes[slot / 2 - 1], slot);
		slot /= 2;
	}
	place(h, node, slot);
}

static void sift_down(struct heap *h, struct heap_node *node)
{
	size_t slot = node->slot;

	while (slot * 2 <= h->count) {
		size_t child = slot * 2;

		if (child < h->count && h->nodes[child]->key < h->nodes[child - 1]->key)
			child++;
		if (h->nodes[child - 1]->key >= node->key)
			break;
		place(h, h->nodes[child - 1], slot);
		slot = child;
	}
	place(h, node, slot);
}

int heap_reserve(struct heap *h, size_t count)
{
	size_t cap = h->cap ? h->cap : 64;
	struct heap_node **nodes;

	if (count <= h->cap)
		return 0;
	while (cap < count)
		cap *= 2;
	nodes = realloc(h->nodes, cap * sizeof(struct heap_node *));
	if (!nodes)
		return ERR_NOMEM;
	h->nodes = nodes;
	h->cap = cap;
	return 0;
}

void heap_put(struct heap *h, struct heap_node *node, int64_t key)
{
	if (!node->slot) {
		assert(h->count < h->cap);
		place(h, node, ++h->count);
	}
	node->key = key;
	sift_up(h, node);
	sift_down(h, node);
}

void heap_remove(struct heap *h, struct heap_node *node)
{
	struct heap_node *last;
	size_t slot = node->slot;

	if (!slot)
		return;
	node->slot = 0;
	last = h->nodes[--h->count];
	if (last == node)
		return;
	place(h, last, slot);
	sift_up(h, last);
	sift_down(h, last);
}

struct heap_node *heap_first(const struct heap *h)
{
	return h->count ? h->nodes[0] : NULL;
}
