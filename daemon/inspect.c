/* `tidingsd --parse`: reads documents and prints what was understood of them. */
#include "inspect.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "limits.h"
#include "parse/parse.h"

enum { INSPECT_MAX = 4 * FETCH_BODY_MAX, OUTPUT_MAX = 1024 * 1024 * 1024 };

/* Frees the body, so that it does not lie beside the output. */
static int inspect_document(struct buf *body, const struct parse_options *options, struct buf *out)
{
	struct arena arena;
	struct feed_content *feed = NULL;
	struct err e = {0};
	int rc;

	arena_init(&arena, REFRESH_ARENA_BASE + PARSE_ARENA_FACTOR * body->len);
	rc = parse_document(buf_string(body), body->len, options, &arena, &feed, &e);
	buf_finish(body);
	if (rc == 0)
		parse_print(feed, out);
	else
		parse_print_error(&e, feed != NULL ? feed->offers : NULL, out);
	arena_finish(&arena);
	return rc == 0 ? 0 : 1;
}

static int inspect_file(const char *name, const struct parse_options *options)
{
	struct buf body, out;
	struct err e = {0};
	int code = 2;

	buf_init(&body, INSPECT_MAX);
	buf_init(&out, OUTPUT_MAX);
	if (!(strcmp(name, "-") ? buf_read_file(&body, name, &e)
				: buf_read(&body, STDIN_FILENO, "standard input", &e)))
		code = inspect_document(&body, options, &out);
	buf_putc(&out, '\n');
	if (!e.code && (buf_status(&out) || fwrite(out.data, 1, out.len, stdout) != out.len))
		err_set(&e, ERR_IO, "%s: could not be printed", name);
	if (e.code)
		fprintf(stderr, "tidingsd: %s\n", e.text);
	buf_finish(&out);
	buf_finish(&body);
	return e.code ? 2 : code;
}

int inspect_files(char **files, int count, const char *base_url, const char *content_type)
{
	struct parse_options options = {.base_url = base_url, .content_type = content_type};
	int worst = 0;

	for (int i = 0; i < count; i++) {
		int code = inspect_file(files[i], &options);

		worst = code > worst ? code : worst;
	}
	if (fflush(stdout) != 0)
		worst = 2;
	return worst;
}
