/* Intrusive binary min-heap over 64-bit keys, for due times. */
#ifndef TIDINGS_BASE_HEAP_H
#define TIDINGS_BASE_HEAP_H

#include <stddef.h>
#include <stdint.h>

/* Embedded in what is to be ordered; `key` is read-only while the node is in a heap. Zeroed: in
 * none. */
struct heap_node {
	int64_t key;
	uint32_t slot; /* 1-based place in the array, 0: in no heap */
};

/* Zeroed: empty. Nodes with equal keys come out in no particular order. */
struct heap {
	struct heap_node **nodes;
	size_t count;
	size_t cap;
};

void heap_finish(struct heap *h); /* frees the array, not the nodes */

/* Makes room for `count` nodes in all, so that no later heap_put() can fail. ERR_NOMEM. */
int heap_reserve(struct heap *h, size_t count) __attribute__((warn_unused_result));

/* Puts a node in, or moves it if it is in already. Room was made by heap_reserve(). */
void heap_put(struct heap *h, struct heap_node *node, int64_t key);

/* Harmless on a node that is in no heap. */
void heap_remove(struct heap *h, struct heap_node *node);

/* The node with the smallest key, or NULL. */
struct heap_node *heap_first(const struct heap *h);

#endif
