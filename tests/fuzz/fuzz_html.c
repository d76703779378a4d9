/* Cleaning HTML: what comes out is clean, stays the same when cleaned again, and is no longer than
 * promised. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parse/html.h"
#include "support/html_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT_MAX = 16 << 20, REL_BYTES = 31, BASE_BYTES = 40 };

static void die(const char *why, const char *html, size_t at)
{
	(void)fprintf(stderr, "%s at %zu of: %s\n", why, at, html);
	abort();
}

/* Links may grow by the base and by rel: an upper bound of their number is the number of "<" and,
 * for srcset, of spaces and commas. */
static size_t bound(const char *html, size_t len)
{
	size_t links = 0;

	for (size_t i = 0; i < len; i++)
		links += strchr("<, \t\n\r\f&", html[i]) != NULL;
	return 2 * len + 1024 + links * (REL_BYTES + 3 * BASE_BYTES);
}

static void check_clean(const char *html, size_t len, const char *base)
{
	struct arena scratch;
	struct buf once, twice;
	const char *wrong;
	size_t at = 0;

	arena_init(&scratch, OUT_MAX);
	buf_init(&once, OUT_MAX);
	buf_init(&twice, OUT_MAX);
	html_clean(html, len, base, &scratch, &once);
	html_clean(buf_string(&once), once.len, base, &scratch, &twice);
	if (buf_status(&once) || buf_status(&twice))
		die("a failure", buf_string(&once), 0);
	wrong = html_check(buf_string(&once), once.len, &at);
	if (wrong)
		die(wrong, buf_string(&once), at);
	if (once.len != twice.len || memcmp(buf_string(&once), buf_string(&twice), once.len) != 0) {
		(void)fprintf(stderr, "twice: %s\n", buf_string(&twice));
		die("not the same when cleaned again", buf_string(&once), 0);
	}
	if (once.len > bound(html, len))
		die("longer than promised", buf_string(&once), once.len);
	buf_finish(&once);
	buf_finish(&twice);
	arena_finish(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *html = (const char *)data;
	struct buf text;

	check_clean(html, size, NULL);
	check_clean(html, size, "http://example.com/a/b?c");
	buf_init(&text, OUT_MAX);
	html_text(html, size, &text);
	buf_reset(&text);
	html_decode_entities(html, size, &text);
	if (text.len > size)
		die("decoding made it longer", buf_string(&text), 0);
	(void)html_looks_like(html, size);
	buf_finish(&text);
	return 0;
}
