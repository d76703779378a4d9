/* Many small allocations that live and die together, under one maximum. */
#ifndef TIDINGS_BASE_ARENA_H
#define TIDINGS_BASE_ARENA_H

#include <stddef.h>

struct arena_block;

/* Not thread-safe: it moves with the job that owns it. No pointer into it survives arena_finish().
 */
struct arena {
	struct arena_block *head;
	size_t used_bytes; /* what was asked for */
	size_t max_bytes;
};

void arena_init(struct arena *a, size_t max_bytes);

/* Frees everything; the arena may be used again. Takes zeroed memory. */
void arena_finish(struct arena *a);

/* Zeroed memory aligned for any type, or NULL when out of memory or beyond the maximum. */
void *arena_alloc(struct arena *a, size_t size) __attribute__((warn_unused_result));

/* Copies with a NUL added; NULL on failure, and NULL for a NULL string. */
char *arena_strdup(struct arena *a, const char *s) __attribute__((warn_unused_result));
char *arena_strndup(struct arena *a, const char *s, size_t len) __attribute__((warn_unused_result));
char *arena_printf(struct arena *a, const char *format, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result));

#endif
