/* Sixteen bytes of a text at once; compilers have instructions for it. */
#ifndef TIDINGS_BASE_BLOCK_H
#define TIDINGS_BASE_BLOCK_H

#include <endian.h>
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

/* How many bytes stand in front of the first that the comparison `found` is true of; BLOCK_BYTES
 * when there is none. */
static inline size_t block_before(block found)
{
	uint64_t half[2];

	memcpy(half, &found, sizeof(half));
	if (half[0])
		return (size_t)__builtin_ctzll(le64toh(half[0])) / 8;
	return half[1] ? 8 + (size_t)__builtin_ctzll(le64toh(half[1])) / 8 : BLOCK_BYTES;
}

#endif
