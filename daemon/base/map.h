/* Hash map from 64-bit numbers to pointers: open addressing, nothing owned. */
#ifndef TIDINGS_BASE_MAP_H
#define TIDINGS_BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

struct map_slot {
	int64_t key;
	void *value; /* NULL: free */
};

/* Zeroed: empty. */
struct map {
	struct map_slot *slots;
	size_t count;
	size_t cap; /* a power of two, at most three quarters full */
};

void map_finish(struct map *m); /* frees the table, not the values */

/* Stores a value (not NULL), replacing an earlier one. ERR_NOMEM leaves the map as it was. */
int map_put(struct map *m, int64_t key, void *value) __attribute__((warn_unused_result));

/* The value, or NULL. */
void *map_get(const struct map *m, int64_t key);

/* Takes a value out and returns it, or NULL. */
void *map_remove(struct map *m, int64_t key);

/* Walks over all values in no order: start with *position = 0, ends with NULL. The map must not
 * change meanwhile. */
void *map_next(const struct map *m, size_t *position);

#endif
