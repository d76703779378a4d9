/* Files of tests/data, loaded whole. */
#ifndef TESTS_SUPPORT_DATA_H
#define TESTS_SUPPORT_DATA_H

#include <stddef.h>

/* Reads tests/data/`path`; free() the bytes, a NUL is added that `ret_len` (may be NULL) does not
 * count. A file that cannot be read fails the test and says which. */
char *data_read(const char *path, size_t *ret_len);

/* The same for any path. */
char *data_read_path(const char *path, size_t *ret_len);

/* The absolute path of tests/data/`path`; valid until the next call. */
const char *data_path(const char *path);

#endif
