/* Documents in, printed form out, and that it holds what it promises. */
#include "fuzz/printed.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/err.h"
#include "limits.h"

enum { OUT_MAX = 256 << 20 };

static void die(const char *why, const char *printed)
{
	(void)fprintf(stderr, "%s: %s\n", why, printed);
	abort();
}

/* Raw HTML may hold what its base64 held: nothing has read it, and it is never stored. */
static bool raw;

static void check_text(const char *s, const char *printed)
{
	for (; !raw && s != NULL && *s != '\0'; s++)
		if (((unsigned char)*s < 0x20 && *s != '\t' && *s != '\n') || *s == 0x7f)
			die("a control character", printed);
}

static void check_value(json_t *value, const char *printed)
{
	check_text(json_string_value(value), printed);
	for (size_t i = 0; i < json_array_size(value); i++)
		check_value(json_array_get(value, i), printed);
	for (void *at = json_object_iter(value); at != NULL; at = json_object_iter_next(value, at))
		check_value(json_object_iter_value(at), printed);
}

static void check_printed(const struct buf *out)
{
	json_t *root;

	if (buf_status(out) != 0)
		die("not printed", buf_string(out));
	root = json_loadb(out->data, out->len, 0, NULL);
	if (root == NULL)
		die("not JSON", out->data);
	check_value(root, out->data);
	json_decref(root);
	if (strstr(out->data, "\"malformed XML\"") != NULL)
		die("what libxml2 was given is not well-formed", out->data);
}

void printed_check(const uint8_t *data, size_t size, const struct parse_options *options)
{
	struct arena arena;
	struct feed_content *feed = NULL;
	struct err e = {0};
	struct buf out;
	int rc;

	raw = options->raw;
	arena_init(&arena, REFRESH_ARENA_BASE + PARSE_ARENA_FACTOR * size);
	buf_init(&out, OUT_MAX);
	rc = parse_document(data, size, options, &arena, &feed, &e);
	if (rc != e.code || (rc == 0 || rc == ERR_NOT_FEED) != (feed != NULL) || rc == ERR_NOMEM)
		die("an odd result", e.text);
	if (rc == 0)
		parse_print(feed, &out);
	else
		parse_print_error(&e, feed ? feed->offers : NULL, &out);
	check_printed(&out);
	buf_finish(&out);
	arena_finish(&arena);
}
