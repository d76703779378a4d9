/* What the tests of limits share: documents made of many pieces, and parsing them. */
#ifndef TESTS_UNIT_PARSE_PIECES_H
#define TESTS_UNIT_PARSE_PIECES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "limits.h"
#include "parse/html.h"
#include "parse/opml.h"
#include "parse/parse.h"

enum { MB = 1 << 20, TEXT_MAX = 80 * MB };

#define CHANNEL "<rss version='2.0'><channel>"

/* "head", `count` times "piece", "tail". */
static inline void make(
	struct buf *out, const char *head, const char *piece, size_t count, const char *tail)
{
	size_t n = strlen(piece);

	buf_init(out, TEXT_MAX);
	buf_puts(out, head);
	for (size_t i = 0; i < count; i++)
		buf_append(out, piece, n);
	buf_puts(out, tail);
	assert_int_equal(buf_status(out), 0);
}

struct parsed {
	struct arena arena;
	struct feed_content *feed;
	struct err e;
	int rc;
};

static inline void parse_within(struct parsed *p, const char *data, size_t len, size_t max_bytes)
{
	struct parse_options options = {.base_url = "https://e.example/"};

	*p = (struct parsed){0};
	arena_init(&p->arena, max_bytes);
	p->rc = parse_document(data, len, &options, &p->arena, &p->feed, &p->e);
}

static inline void parse(struct parsed *p, const char *data, size_t len)
{
	parse_within(p, data, len, REFRESH_ARENA_BASE + PARSE_ARENA_FACTOR * len);
}

/* What is done with a text that hurts; each returns 0 or an ERR_*. */
static inline int run_document(const struct buf *text)
{
	struct parsed p;

	parse(&p, text->data, text->len);
	arena_finish(&p.arena);
	return p.rc;
}

static inline int run_list(const struct buf *text)
{
	struct arena arena;
	struct outline *first = NULL;
	size_t count;
	int rc;

	arena_init(&arena, REFRESH_ARENA_BASE + LIST_ARENA_FACTOR * text->len);
	rc = opml_read(text->data, text->len, &arena, &first, &count, NULL);
	arena_finish(&arena);
	return rc;
}

static inline int start(void **state)
{
	(void)state;
	parse_global_init();
	return 0;
}

static inline int stop(void **state)
{
	(void)state;
	parse_global_finish();
	return 0;
}

#endif
