/* Sixteen bytes of a text at once; compilers have instructions for it. */
#ifndef TIDINGS_BASE_BLOCK_H
#define TIDINGS_BASE_BLOCK_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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
	const uint64_t lowest = 0x0101010101010101, gather = 0x0102040810204080;
	uint64_t half[2];

	/* the product has bit 0 of byte k as bit 56 + k */
	memcpy(half, &found, sizeof(half));
	return (unsigned)((le64toh(half[0]) & lowest) * gather >> 56) |
	       (unsigned)((le64toh(half[1]) & lowest) * gather >> 56 << 8);
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
