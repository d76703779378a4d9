/* Growing bytes with a maximum and a sticky failure. */
#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

enum { FIRST_BYTES = 64, PRINT_BYTES = 120 };

void buf_init(struct buf *b, size_t max_bytes)
{
	*b = (struct buf){.max = max_bytes};
}

void buf_finish(struct buf *b)
{
	free(b->data);
	buf_init(b, b->max);
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->failure = 0;
	if (b->data)
		b->data[0] = '\0';
}

/* The next capacity that holds `need` bytes: doubling keeps appending linear, the maximum and its
 * NUL end it. */
static size_t next_cap(const struct buf *b, size_t need)
{
	size_t cap = b->cap ? b->cap : FIRST_BYTES;

	while (cap < need && cap <= b->max / 2)
		cap *= 2;
	if (cap < need || cap > b->max)
		cap = b->max + 1;
	return cap;
}

int buf_reserve(struct buf *b, size_t extra)
{
	size_t cap;
	char *data;

	if (b->failure || buf_has_room(b, extra))
		return b->failure;
	/* One byte more is needed for the NUL, which SIZE_MAX would not leave. */
	if (b->max == SIZE_MAX || extra > b->max - b->len) {
		b->failure = ERR_TOO_BIG;
		return b->failure;
	}
	cap = next_cap(b, b->len + extra + 1);
	data = realloc(b->data, cap);
	if (!data) {
		b->failure = ERR_NOMEM;
		return b->failure;
	}
	data[b->len] = '\0';
	b->data = data;
	b->cap = cap;
	return 0;
}

void buf_puts(struct buf *b, const char *s)
{
	buf_append(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
	buf_append(b, &c, 1);
}

void buf_vprintf(struct buf *b, const char *format, va_list args)
{
	char text[PRINT_BYTES]; /* most are short: then it is formatted once */
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(text, sizeof(text), format, args);
	if (len < 0) {
		b->failure = b->failure ? b->failure : ERR_TOO_BIG; /* more than INT_MAX */
	} else if ((size_t)len < sizeof(text)) {
		buf_append(b, text, (size_t)len);
	} else if (buf_reserve(b, (size_t)len) == 0) {
		(void)vsnprintf(b->data + b->len, (size_t)len + 1, format, again);
		b->len += (size_t)len;
	}
	va_end(again);
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(b, format, args);
	va_end(args);
}

int buf_status(const struct buf *b)
{
	return b->failure;
}

const char *buf_string(const struct buf *b)
{
	return b->data ? b->data : "";
}

char *buf_steal(struct buf *b, size_t *ret_len)
{
	char *data = NULL;

	/* Also makes the "" of a buffer that nothing was put into, so that NULL means failure only.
	 */
	if (buf_reserve(b, 0) == 0) {
		data = b->data;
		if (ret_len)
			*ret_len = b->len;
		b->data = NULL;
	}
	buf_finish(b);
	return data;
}

int buf_read(struct buf *b, int fd, const char *name, struct err *e)
{
	char chunk[16384]; /* the size of a file is only a hint: it may grow, and /proc says 0 */
	ssize_t n = 1;

	while (buf_reserve(b, 0) == 0 && n > 0) {
		do
			n = read(fd, chunk, sizeof(chunk));
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return err_from_errno(e, errno, name);
		buf_append(b, chunk, (size_t)n);
	}
	if (b->failure == ERR_TOO_BIG)
		return err_set(e, ERR_TOO_BIG, "%s: larger than %zu bytes", name, b->max);
	return b->failure ? err_set(e, b->failure, "%s: out of memory", name) : 0;
}

int buf_read_file(struct buf *b, const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rv;

	if (fd < 0)
		return err_from_errno(e, errno, path);
	rv = buf_read(b, fd, path, e);
	close(fd);
	return rv;
}
