/* URLs: what is normalised stays so and can be split, what is resolved stays resolved, and neither
 * holds a control character. The first line is the base, the rest the reference. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/url.h"
#include "limits.h"
#include "story/canonical.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_MAX = 64 * URL_MAX_BYTES };

static void die(const char *why, const char *url, const char *again)
{
	(void)fprintf(stderr, "%s: [%s] [%s]\n", why, url, again ? again : "NULL");
	abort();
}

static void check_clean(const char *url)
{
	for (const char *s = url; *s; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f)
			die("a control character or blank", url, s);
}

static void check_normal(struct arena *a, const char *text)
{
	struct url_parts parts;
	char *url = NULL, *again = NULL;
	int64_t key;
	int rc = url_normalize(text, a, &url);

	if (rc == ERR_NOMEM)
		die("out of memory", text, NULL);
	if (rc != 0)
		return;
	check_clean(url);
	if (url_normalize(url, a, &again) != 0 || strcmp(url, again) != 0)
		die("not the same when normalised again", url, again);
	if (url_split(url, a, &parts) != 0)
		die("normalised, and cannot be split", text, url);
	if (!parts.path || parts.path[0] != '/')
		die("no path", text, url);
	if (canonical_key(url, a, &key) != 0)
		die("no key", text, url);
}

static void check_resolved(struct arena *a, const char *base, const char *ref)
{
	/* What links are resolved against has been resolved itself. */
	char *clean = base ? url_resolve(NULL, base, a) : NULL;
	char *url = url_resolve(clean, ref, a), *again = url ? url_resolve(clean, url, a) : NULL;

	if (!url || !again || (base && !clean))
		die("out of memory", ref, base);
	if (!url_is_http(url))
		return;
	check_clean(url);
	if (strcmp(url, again) != 0)
		die("not the same when resolved again", url, again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *ref;
	struct arena a;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	ref = strchr(text, '\n');
	if (ref)
		*ref++ = '\0';
	arena_init(&a, ARENA_MAX);
	check_normal(&a, text);
	check_normal(&a, ref ? ref : text);
	check_resolved(&a, ref ? text : NULL, ref ? ref : text);
	arena_finish(&a);
	free(text);
	return 0;
}
