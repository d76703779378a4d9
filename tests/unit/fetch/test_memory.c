/* No memory, in the fetcher, in libcurl and in c-ares: a fetch fails as one, or is what it should
 * be, and the next one is well. */
#include "support/fault_curl.h"
#include "support/fault_each.h"

#include <ares.h>

#include "fetch_world.h"

/* <a/>, packed. */
static const char ok[] =
	"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nETag: \"t\"\r\n"
	"Content-Encoding: identity\r\nContent-Encoding: gzip\r\nContent-Length: 24\r\n\r\n"
	"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xb3\x49\xd4\xb7\x03\x00\xd4\x1c\xd1\x01\x04\x00"
	"\x00\x00";

/* What the address without its query names. */
#define OTHER "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 4\r\n\r\n<b/>"

/* libcurl says the same of a header that is too long, c-ares that there is no address. */
static const int known[] = {
	ERR_NOMEM, ERR_PROTOCOL, ERR_RESOLVER, ERR_DNS, ERR_TIMEOUT, ERR_CONNECT, 0};

/* A name to be looked up, a redirect, validators. */
static int fetch_all(void *ctx)
{
	struct world *w = ctx;
	char url[100];
	struct got g;
	int code;

	snprintf(url, sizeof url, "http://ok.test:%d/1", w->server.port);
	got_init(&g, w, url);
	g.request.etag = "x";
	g.request.validators_url = g.url;
	code = fetch_start(w->fetcher, &g.request);
	if (code == 0) {
		loop_run_until(&w->loop, &g.done, WORLD_LIMIT_MS);
		fetch_decode(&g.request, &g.result);
		code = g.result.error.code;
		if (g.result.verdict == FETCH_DOCUMENT) {
			expect_document(&g, "<a/>");
			assert_non_null(g.result.etag);
			assert_string_equal(g.result.etag, "\"t\"");
		} else {
			assert_true(code < 0 && g.result.error.text[0]);
		}
	}
	got_finish(&g);
	return code;
}

static void open_world(struct world *w)
{
	world_open(w);
	w->options.connect_timeout_ms = w->options.total_timeout_ms = 300;
	assert_int_equal(fetcher_configure(w->fetcher, &w->options), 0);
	server_bytes(&w->server, "/?q=1", KEEP, ok, sizeof ok - 1);
	server_route(&w->server, "/", KEEP, OTHER);
	server_route(&w->server, "/1", KEEP,
		"HTTP/1.1 302 X\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", "/?q=1");
}

/* Everything new each time: look-up, connections. */
static void test_first_fetch(void **state)
{
	long failed = 1, n = 0;

	(void)state;
	for (; failed; n++) {
		struct world w;
		int code;

		open_world(&w);
		fault_malloc_after(n);
		code = fetch_all(&w);
		failed = fault_malloc_off();
		for (size_t i = 0; code != known[i]; i++) {
			if (known[i] == 0)
				fail_msg("allocation %ld: %s", n, err_name(code));
		}
		if (!failed)
			assert_int_equal(code, 0);
		w.options.total_timeout_ms = w.options.connect_timeout_ms = 10000;
		assert_int_equal(fetcher_configure(w.fetcher, &w.options), 0);
		code = fetch_all(&w);
		if (code)
			fail_msg("after the failure of allocation %ld: %s", n, err_name(code));
		world_close(&w);
	}
	assert_true(n > 10);
}

/* One fetcher all the time: what one fetch breaks, the next must not inherit. */
static void test_fetches_in_a_row(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	assert_true(fault_each(fetch_all, NULL, &w, known, 0) > 3);
	world_close(&w);
}

/* Not the table of a socket's transfers, nor its rows (7.88, singlesocket()): libcurl keeps the
 * socket with a table that it has destroyed, and divides by its size, 0. */
static void *curl_malloc(size_t size)
{
	enum { TABLE = 13 * 32, ROW = 48 + sizeof(void *) };

	return fault_malloc_unless(size == TABLE || size == ROW, size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_fetch),
		cmocka_unit_test(test_fetches_in_a_row),
	};
	int version;

	fault_curl_init(curl_malloc);
	ares_version(&version);
	if (version < 0x011b00) /* 1.34 uses lines of /etc/hosts again that it has freed */
		ares_library_init_mem(ARES_LIB_INIT_ALL, fault_malloc, fault_free, fault_realloc);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
