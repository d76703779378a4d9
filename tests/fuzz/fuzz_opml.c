/* Subscription lists: any bytes give a list whose members are sound, or an error with a text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "limits.h"
#include "parse/opml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_MAX = 64 << 20 };

static void check_text(const char *s)
{
	if (!s)
		return;
	if (!*s || !utf8_valid(s, strlen(s)))
		abort();
	for (; *s; s++)
		if ((unsigned char)*s < 32)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct outline *first = NULL;
	struct err e = {0};
	size_t count = 0, seen = 0;
	int rv;

	arena_init(&arena, ARENA_MAX);
	rv = opml_read(data, size, &arena, &first, &count, &e);
	if (rv != 0 && (e.code != rv || !e.text[0] || rv == ERR_NOMEM))
		abort();
	for (const struct outline *o = first; rv == 0 && o; o = o->next, seen++) {
		if (!o->url)
			abort();
		check_text(o->url);
		check_text(o->title);
		check_text(o->folder);
	}
	if (seen != count || count > OPML_FEEDS_MAX)
		abort();
	arena_finish(&arena);
	return 0;
}
