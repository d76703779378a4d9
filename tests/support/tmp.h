/* A temporary folder for a test: made empty, removed with everything in it. */
#ifndef TESTS_SUPPORT_TMP_H
#define TESTS_SUPPORT_TMP_H

#include <stddef.h>

/* One folder at a time is enough for a test, but several may exist. Failures fail the test (cmocka)
 * with a message. */
struct tmp {
	char dir[256]; /* absolute, without a slash at its end; "" when there is none */
};

/* Makes a new folder under $TMPDIR or /tmp, mode 0700. */
void tmp_create(struct tmp *t);

/* Removes the folder and all it holds; follows no links. Takes zeroed memory. */
void tmp_remove(struct tmp *t);

/* The path of `name` inside; in one of a few buffers that take turns: valid for the next seven
 * calls. */
const char *tmp_path(const struct tmp *t, const char *name);

/* Writes a whole file (folders on the way are made); `tmp_write_text` takes a C string. Returns its
 * path as tmp_path() does. */
const char *tmp_write(const struct tmp *t, const char *name, const void *data, size_t len);
const char *tmp_write_text(const struct tmp *t, const char *name, const char *text);

/* Reads a whole file; free() the bytes, a NUL is added. */
char *tmp_read(const struct tmp *t, const char *name, size_t *ret_len);

#endif
