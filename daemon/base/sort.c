/* A radix sort by four bytes. */
#include "base/sort.h"

static void sort_byte(const uint64_t *from, size_t count, unsigned shift, uint64_t *to)
{
	uint32_t begins[257] = {0};

	for (size_t i = 0; i < count; i++)
		begins[(from[i] >> shift & 0xFF) + 1]++;
	for (int byte = 0; byte < 256; byte++)
		begins[byte + 1] += begins[byte];
	for (size_t i = 0; i < count; i++)
		to[begins[from[i] >> shift & 0xFF]++] = from[i];
}

void sort_upper(uint64_t *numbers, size_t count, uint64_t *scratch)
{
	for (unsigned shift = 32; shift < 64; shift += 16) {
		sort_byte(numbers, count, shift, scratch);
		sort_byte(scratch, count, shift + 8, numbers);
	}
}
