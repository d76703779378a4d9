/* Cleans texts for html_independent.py: each is a line with its length and that many bytes. Answers
 * in the same form, three for each: cleaned, cleaned again, and the plain text of the first. */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "parse/html.h"

enum { TEXT_MAX = 16 << 20, OUT_MAX = 64 << 20 };

static void answer(const struct buf *out)
{
	printf("%zu\n", out->len);
	fwrite(buf_string(out), 1, out->len, stdout);
}

static int clean_one(const struct buf *html, const char *base)
{
	struct buf once, twice, text;
	struct arena scratch;
	int rv;

	arena_init(&scratch, OUT_MAX);
	buf_init(&once, OUT_MAX);
	buf_init(&twice, OUT_MAX);
	buf_init(&text, OUT_MAX);
	html_clean(buf_string(html), html->len, base, &scratch, &once);
	html_clean(buf_string(&once), once.len, base, &scratch, &twice);
	html_text(buf_string(&once), once.len, &text);
	answer(&once);
	answer(&twice);
	answer(&text);
	rv = buf_status(&once) || buf_status(&twice) || buf_status(&text);
	buf_finish(&once);
	buf_finish(&twice);
	buf_finish(&text);
	arena_finish(&scratch);
	return rv;
}

int main(int argc, char **argv)
{
	const char *base = argc > 1 ? argv[1] : NULL;
	char line[32];
	int rv = 0;

	while (!rv && fgets(line, sizeof(line), stdin)) {
		size_t len = strtoul(line, NULL, 10);
		struct buf html;

		buf_init(&html, TEXT_MAX);
		rv = buf_reserve(&html, len);
		if (!rv && fread(html.data, 1, len, stdin) == len) {
			html.len = len;
			rv = clean_one(&html, base);
		}
		buf_finish(&html);
	}
	return rv ? 1 : 0;
}
