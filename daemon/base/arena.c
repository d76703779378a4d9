/* Allocations that die together, cut from blocks that grow from 4 to 64 KiB. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Under AddressSanitizer what was not asked for is poisoned, so that an overflow inside a block is
 * seen. */
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISON 1
#endif
#endif
#ifdef ARENA_POISON
#include <sanitizer/asan_interface.h>
enum { GAP_BYTES = 8 };
#else
enum { GAP_BYTES = 0 };
#define ASAN_POISON_MEMORY_REGION(address, size)   ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

enum { BLOCK_FIRST_BYTES = 4096, BLOCK_MAX_BYTES = 65536, PRINT_BYTES = 120 };

struct arena_block {
	struct arena_block *next;
	size_t size; /* of bytes[] */
	size_t used;
	alignas(max_align_t) unsigned char bytes[];
};

void arena_init(struct arena *a, size_t max_bytes)
{
	*a = (struct arena){.max_bytes = max_bytes};
}

void arena_finish(struct arena *a)
{
	struct arena_block *b = a->head;

	while (b) {
		struct arena_block *next = b->next;

		ASAN_UNPOISON_MEMORY_REGION(b->bytes, b->size);
		free(b);
		b = next;
	}
	arena_init(a, a->max_bytes);
}

static struct arena_block *block_create(size_t size)
{
	struct arena_block *b = malloc(sizeof(*b) + size);

	if (!b)
		return NULL;
	*b = (struct arena_block){.size = size};
	ASAN_POISON_MEMORY_REGION(b->bytes, size);
	return b;
}

/* A block with room for `size` bytes. One that would fill a good part of a block gets its own,
 * behind the head, so that the head's room is not lost. */
static struct arena_block *block_for(struct arena *a, size_t size)
{
	struct arena_block *head = a->head;
	size_t next = head ? head->size * 2 : BLOCK_FIRST_BYTES;
	struct arena_block *b;

	if (next > BLOCK_MAX_BYTES)
		next = BLOCK_MAX_BYTES;
	if (size <= next / 4) {
		b = block_create(next);
		if (b) {
			b->next = head;
			a->head = b;
		}
		return b;
	}
	b = block_create(size);
	if (!b)
		return NULL;
	if (head) {
		b->next = head->next;
		head->next = b;
	} else {
		a->head = b;
	}
	return b;
}

/* Bytes with arbitrary content, or NULL. Strings are packed without alignment: they are the most.
 */
static void *take(struct arena *a, size_t size, size_t alignment)
{
	struct arena_block *b = a->head;
	size_t start = b ? (b->used + alignment - 1) & ~(alignment - 1) : 0;
	void *p;

	/* The second: so that no sum below can overflow. */
	if (size > a->max_bytes - a->used_bytes || size > SIZE_MAX / 2)
		return NULL;
	if (!b || start > b->size || size + GAP_BYTES > b->size - start) {
		b = block_for(a, size + GAP_BYTES);
		if (!b)
			return NULL;
		start = 0;
	}
	p = b->bytes + start;
	ASAN_UNPOISON_MEMORY_REGION(p, size);
	b->used = start + size + GAP_BYTES;
	a->used_bytes += size;
	return p;
}

void *arena_alloc(struct arena *a, size_t size)
{
	void *p = take(a, size, alignof(max_align_t));

	if (p)
		memset(p, 0, size);
	return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *copy;

	if (!s || len == SIZE_MAX)
		return NULL;
	copy = take(a, len + 1, 1);
	if (!copy)
		return NULL;
	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return s ? arena_strndup(a, s, strlen(s)) : NULL;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
	char text[PRINT_BYTES]; /* most are short: then it is formatted once */
	char *copy = NULL;
	va_list args, again;
	int len;

	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(text, sizeof(text), format, args);
	if (len >= 0 && (size_t)len < sizeof(text)) {
		copy = arena_strndup(a, text, (size_t)len);
	} else if (len >= 0) {
		copy = take(a, (size_t)len + 1, 1);
		if (copy)
			(void)vsnprintf(copy, (size_t)len + 1, format, again);
	}
	va_end(again);
	va_end(args);
	return copy;
}
