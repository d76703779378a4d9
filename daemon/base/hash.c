/* Digests by XXH3, whose results are the same on every machine. */
#include "base/hash.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

int64_t hash64(const void *data, size_t len)
{
	return (int64_t)XXH3_64bits(data, len);
}

uint32_t hash32(const void *data, size_t len, uint64_t seed)
{
	return (uint32_t)XXH3_64bits_withSeed(data, len, seed);
}

const char *hash128_text(const void *data, size_t len, char out[HASH128_TEXT_BYTES])
{
	XXH128_hash_t h = XXH3_128bits(data, len);

	(void)snprintf(out, HASH128_TEXT_BYTES, "%016llx%016llx", (unsigned long long)h.high64,
		(unsigned long long)h.low64);
	return out;
}

int64_t hash_part(int64_t digest, const char *part)
{
	uint64_t seed = (uint64_t)digest + (part != NULL);

	return (int64_t)XXH3_64bits_withSeed(part ? part : "", part ? strlen(part) : 0, seed);
}
