/* Content codings: any bytes under any list become a document within its limits, the same twice, or
 * an error. The first line is the Content-Encoding, the rest the body. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "fetch/content.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BODY_MAX = 4 * 1024 * 1024 };

static void must(bool condition)
{
	if (!condition)
		abort();
}

/* In memory of the exact size: the sanitizer then sees a read beyond the end. */
static int undo(const char *list, const uint8_t *body, size_t len, struct buf *ret)
{
	int rc;

	*ret = (struct buf){.data = malloc(len + 1), .len = len, .cap = len + 1, .max = BODY_MAX};
	must(ret->data != NULL);
	memcpy(ret->data, body, len);
	rc = content_undo(ret, list);
	must(rc == 0 || rc == ERR_PROTOCOL || rc == ERR_TOO_BIG || rc == ERR_PARSE);
	if (rc == 0)
		must(ret->len <= BODY_MAX && ret->max == BODY_MAX && ret->cap <= BODY_MAX + 1);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\n', size);
	size_t len = end ? (size_t)(end - data) : 0;
	char list[200] = {0};
	struct buf one, other;
	int rc;

	if (!end || len >= sizeof list)
		return 0;
	memcpy(list, data, len);
	rc = undo(list, end + 1, size - len - 1, &one);
	must(undo(list, end + 1, size - len - 1, &other) == rc);
	if (rc == 0)
		must(one.len == other.len && memcmp(one.data, other.data, one.len) == 0);
	buf_finish(&one);
	buf_finish(&other);
	return 0;
}
