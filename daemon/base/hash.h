/* Digests for comparing and finding, not for secrets (XXH3). */
#ifndef TIDINGS_BASE_HASH_H
#define TIDINGS_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* 64 bits of XXH3 with seed 0, as a signed number since that is what the database stores. Stable
 * for ever. */
int64_t hash64(const void *data, size_t len);

/* The lower half, of other numbers for each seed. */
uint32_t hash32(const void *data, size_t len, uint64_t seed);

/* Where among `cap` slots (below 2^32) of a table a key goes: who does not know the seed cannot
 * choose keys that meet. */
static inline size_t hash_slot(uint32_t key, uint64_t seed, size_t cap)
{
	uint64_t mixed = (key + UINT64_C(1)) * (UINT64_C(0x9E3779B97F4A7C15) ^ seed << 1);

	return (size_t)((mixed >> 32) * cap >> 32);
}

enum { HASH128_TEXT_BYTES = 33 };

/* 128 bits of XXH3 as 32 hexadecimal digits. Returns `out`. */
const char *hash128_text(const void *data, size_t len, char out[HASH128_TEXT_BYTES]);

/* Several strings as one digest: begins with 0, and each part is added to the digest of those
 * before it. Parts are separated, so ("ab","c") differs from ("a","bc"), and NULL differs from "".
 */
int64_t hash_part(int64_t digest, const char *part);

#endif
