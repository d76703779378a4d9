/* Sixteen bytes of a text at once; compilers have instructions for it. */
#ifndef TIDINGS_BASE_BLOCK_H
#define TIDINGS_BASE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

typedef uint8_t block __attribute__((vector_size(16)));

enum { BLOCK_BYTES = sizeof(block) };

/* The bytes at `s`, all of which must be there. */
static inline block block_at(const char *s)
{
	block b;

	memcpy(&b, s, sizeof(b));
	return b;
}

/* A bit for each byte that the comparison `found` is true of, the first one lowest. */
static inline unsigned block_bits(block found)
{
#ifdef __SSE2__
	return (unsigned)_mm_movemask_epi8((__m128i)found);
#else
	unsigned bits = 0;

	for (unsigned i = 0; i < BLOCK_BYTES; i++)
		bits |= (found[i] & 1u) << i;
	return bits;
#endif
}

static inline bool block_has(block found)
{
	return block_bits(found) != 0;
}

/* How many bytes stand in front of the first that `found` is true of; BLOCK_BYTES when there is
 * none. */
static inline size_t block_before(block found)
{
	return (size_t)__builtin_ctz(block_bits(found) | 1u << BLOCK_BYTES);
}

#endif
