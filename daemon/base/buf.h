/* Growing bytes with a maximum and a sticky failure: append freely, ask once at the end. */
#ifndef TIDINGS_BASE_BUF_H
#define TIDINGS_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Not thread-safe; belongs to whoever initialised it. `data` is NUL-terminated whenever it is not
 * NULL (the NUL is not counted in `len`). After a failure further appends do nothing and `len`
 * stays as it was. */
struct buf {
	char *data; /* NULL until the first byte */
	size_t len;
	size_t cap;
	size_t max;  /* `len` never exceeds this */
	int failure; /* 0, ERR_NOMEM or ERR_TOO_BIG */
};

void buf_init(struct buf *b, size_t max_bytes);

/* Frees the bytes and leaves an empty buffer with the same maximum. Takes zeroed memory. */
void buf_finish(struct buf *b);

/* Empties the buffer and clears the failure; keeps the memory for the next use. */
void buf_reset(struct buf *b);

/* Makes room for `extra` further bytes so that they can be written at data + len; adds nothing to
 * `len`. Returns 0 or the failure. */
int buf_reserve(struct buf *b, size_t extra) __attribute__((warn_unused_result));

/* A failed buffer takes nothing, whatever room there is. */
static inline bool buf_has_room(const struct buf *b, size_t extra)
{
	return !b->failure && extra < b->cap - b->len;
}

/* Inline, since most appends are of a few bytes, and find room. */
static inline void buf_append(struct buf *b, const void *data, size_t len)
{
	if (len == 0 || (!buf_has_room(b, len) && buf_reserve(b, len) != 0))
		return;
	memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/* 0, ERR_NOMEM or ERR_TOO_BIG: how all appends since the last reset went. */
int buf_status(const struct buf *b) __attribute__((warn_unused_result));

/* The bytes as a C string, "" while there are none. Valid until the next append. */
const char *buf_string(const struct buf *b);

/* Appends all that is left of a file; `name` goes into the text of an error: the failure of the
 * buffer, or the system's. Without an error `data` is not NULL. Both may block. */
struct err;
int buf_read(struct buf *b, int fd, const char *name, struct err *e)
	__attribute__((warn_unused_result));
int buf_read_file(struct buf *b, const char *path, struct err *e)
	__attribute__((warn_unused_result));

/* Hands the bytes over (free() them) and leaves an empty buffer; NULL after a failure or when out
 * of memory. */
char *buf_steal(struct buf *b, size_t *ret_len);

#endif
