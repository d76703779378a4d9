/* Sorting numbers where qsort() would cost more than the rest of the work. */
#ifndef TIDINGS_BASE_SORT_H
#define TIDINGS_BASE_SORT_H

#include <stddef.h>
#include <stdint.h>

/* Ascending by the upper 32 bits; equal ones keep their order. `scratch` has room for `count`, too.
 */
void sort_upper(uint64_t *numbers, size_t count, uint64_t *scratch);

#endif
