/* Tests of one fetch whose body is packed: received, then undone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fetch/fetcher.h"
#include "fetch_world.h"
#include "support/data.h"
#include "support/lines.h"

static const struct {
	const char *file;
	const char *coding;
	int code;
	const char *text; /* NULL: it is damaged; without a code: it stays gzip */
} codings[] = {
	{"fetch/coded.gz", "gzip", 0, NULL},
	{"fetch/coded.gz", "x-gzip", 0, NULL},
	{"fetch/coded.deflate", "deflate", 0, NULL},
	{"fetch/coded.br", "br", 0, NULL},
	{"fetch/coded.zst", "zstd", 0, NULL},
	{"fetch/plain.xml", "identity", 0, NULL},
	{"fetch/double.gz", "gzip, gzip", 0, NULL},
	{"fetch/double.gz", "gzip\r\nETag: e\r\nContent-Encoding: gzip", 0, NULL},
	{"fetch/coded.br", "gzip, gzip, gzip, gzip, gzip, gzip", ERR_PROTOCOL, NULL},
	{"fetch/coded.gz", "br", 0, "\x1f\x8b"},
	{"fetch/coded.br", "zstd", ERR_PROTOCOL, NULL},
	{"fetch/plain.xml", "deflate", ERR_PROTOCOL, NULL},
	{"fetch/bomb.gz", "gzip", ERR_TOO_BIG, "the document is larger than 1 MB"},
	{"fetch/empty.gz", "gzip", ERR_NOT_FEED, "the document is empty"},
};

/* Returns the bytes of the body. */
static size_t serve_coded(struct world *w, const char *file, const char *coding)
{
	size_t len;
	char *coded = data_read(file, &len), *answer = malloc(len + 200);
	int head_len = snprintf(answer, 200,
		"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %zu\r\n\r\n", coding,
		len);

	memcpy(answer + head_len, coded, len);
	server_bytes(&w->server, "/", KEEP, answer, (size_t)head_len + len);
	free(answer);
	free(coded);
	return len;
}

static void test_codings(void **state)
{
	char *plain = data_read("fetch/plain.xml", NULL);
	size_t len;
	struct world w;
	struct got g;

	(void)state;
	world_open(&w);
	server_route(&w.server, "/moved", KEEP,
		"HTTP/1.1 301 X\r\nLocation: /\r\nContent-Length: 0\r\n\r\n");
	for (size_t i = 0; i < sizeof codings / sizeof *codings; i++) {
		len = serve_coded(&w, codings[i].file, codings[i].coding);
		get_decoded(&g, &w, "/moved");
		if ((g.result.verdict == FETCH_DOCUMENT) == (codings[i].code != 0))
			fail_msg("%s as %s: verdict %d: %s", codings[i].file, codings[i].coding,
				g.result.verdict, g.result.error.text);
		if (codings[i].code)
			expect_failure(&g, codings[i].code,
				codings[i].text ? codings[i].text : "is damaged");
		else if (codings[i].text)
			assert_memory_equal(g.request.body.data, codings[i].text, 2);
		else
			expect_document(&g, plain);
		/* nobody moves after what could not be read */
		assert_int_equal(g.result.moved_url != NULL, !codings[i].code);
		assert_true(codings[i].code || g.result.wire_bytes > len);
		assert_int_equal(w.fetcher->transfers.body_bytes, g.request.held_bytes);
		fetch_release(w.fetcher, &g.request);
		assert_int_equal(w.fetcher->transfers.body_bytes, 0);
		got_finish(&g);
	}
	free(plain);
	world_close(&w);
}

/* What is within the limit, but a thousand times what was sent (A30). */
static void test_ratio(void **state)
{
	struct world w;
	struct got g;
	size_t len;

	(void)state;
	world_open(&w);
	w.options.body_max_bytes = 16 * 1024 * 1024;
	assert_int_equal(fetcher_configure(w.fetcher, &w.options), 0);
	len = serve_coded(&w, "fetch/bomb.gz", "gzip");
	get(&g, &w, "/");
	assert_int_equal(g.result.verdict, FETCH_DOCUMENT);
	assert_string_equal(g.result.coding, "gzip");
	assert_int_equal(w.fetcher->transfers.body_bytes, len); /* as it came */
	fetch_decode(&g.request, &g.result);
	expect_failure(&g, ERR_TOO_BIG, "unpacks to more than 200 times its size");
	fetch_release(w.fetcher, &g.request);
	assert_true(w.fetcher->transfers.body_bytes == 0);
	got_finish(&g);
	/* a document that large is none */
	server_route(&w.server, "/", CLOSE, "HTTP/1.1 200 OK\r\n\r\n%*d", 60000, 1);
	get(&g, &w, "/");
	assert_int_equal(g.request.body.len, 60000);
	got_finish(&g);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		line_test("A29 A60", test_codings),
		line_test("A30", test_ratio),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
