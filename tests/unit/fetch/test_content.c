/* Tests of content codings: all of them and in layers, cut short, damaged, mislabelled, bombs,
 * without memory, on several threads. */
#define ZSTD_STATIC_LINKING_ONLY /* its allocator */

#include <brotli/decode.h>
#include <brotli/encode.h>
#include <libdeflate.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>
#include <zstd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "fetch/content.h"
#include "limits.h"
#include "support/data.h"
#include "support/fault_each.h"
#include "support/lines.h"

#define MB (1024 * 1024)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* -- libraries that ask for memory where it can be refused -- */

static void *take(void *ctx, size_t size)
{
	(void)ctx;
	return fault_malloc(size);
}

static void give(void *ctx, void *p)
{
	(void)ctx;
	fault_free(p);
}

/* Seen by libcurl, which calls it, too: the linker insists. */
#pragma GCC visibility push(default)
BrotliDecoderState *__real_BrotliDecoderCreateInstance(
	brotli_alloc_func alloc, brotli_free_func release, void *opaque);
BrotliDecoderState *__wrap_BrotliDecoderCreateInstance(
	brotli_alloc_func alloc, brotli_free_func release, void *opaque);
ZSTD_DCtx *__wrap_ZSTD_createDCtx(void);
#pragma GCC visibility pop

BrotliDecoderState *__wrap_BrotliDecoderCreateInstance(
	brotli_alloc_func alloc, brotli_free_func release, void *opaque)
{
	(void)alloc;
	(void)release;
	return __real_BrotliDecoderCreateInstance(take, give, opaque);
}

ZSTD_DCtx *__wrap_ZSTD_createDCtx(void)
{
	return ZSTD_createDCtx_advanced((ZSTD_customMem){take, give, NULL});
}

/* -- the other way -- */

static size_t pack_deflate(const char *name, const void *in, size_t len, void *out, size_t room)
{
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(9);
	size_t made;

	assert_non_null(c);
	if (strcasestr(name, "gzip"))
		made = libdeflate_gzip_compress(c, in, len, out, room);
	else if (strcasecmp(name, "raw") == 0)
		made = libdeflate_deflate_compress(c, in, len, out, room);
	else
		made = libdeflate_zlib_compress(c, in, len, out, room);
	libdeflate_free_compressor(c);
	return made;
}

/* What comes in one piece with its size in front, and what is written as it comes. */
static size_t pack_zstd(int window_log, const void *in, size_t len, void *out, size_t room)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	ZSTD_inBuffer from = {in, len, 0};
	ZSTD_outBuffer to = {out, room, 0};

	assert_non_null(c);
	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	if (!window_log) {
		to.pos = ZSTD_compress2(c, out, room, in, len);
	} else {
		ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, window_log);
		ZSTD_compressStream2(c, &to, &from, ZSTD_e_flush);
		assert_int_equal(ZSTD_compressStream2(c, &to, &from, ZSTD_e_end), 0);
	}
	ZSTD_freeCCtx(c);
	return to.pos;
}

/* `name` is a coding, or "raw" for a deflate without header. */
static void pack(const char *name, struct buf *b)
{
	size_t room = b->len * 2 + 1000, made = room;
	char *out = malloc(room);

	assert_non_null(out);
	if (strcasecmp(name, "br") == 0)
		assert_true(BrotliEncoderCompress(9, 24, BROTLI_MODE_TEXT, b->len,
			(const uint8_t *)buf_string(b), &made, (uint8_t *)out));
	else if (strcasecmp(name, "zstd") == 0)
		made = pack_zstd(0, buf_string(b), b->len, out, room);
	else if (strcasecmp(name, "identity") && strcasecmp(name, "none"))
		made = pack_deflate(name, buf_string(b), b->len, out, room);
	else
		memcpy(out, buf_string(b), made = b->len);
	buf_reset(b);
	buf_append(b, out, made);
	free(out);
	assert_true(b->len > 0 && buf_status(b) == 0);
}

static struct buf text_of(const char *text, size_t len)
{
	struct buf b;

	buf_init(&b, 400 * MB);
	buf_append(&b, text, len);
	return b;
}

/* `len` bytes that can be packed, not to a thousandth. */
static struct buf words_of(size_t len)
{
	struct buf b = text_of("", 0);
	uint32_t n = 1;

	assert_int_equal(buf_reserve(&b, len), 0);
	while (b.len < len) {
		n = n * 1664525 + 1013904223;
		buf_putc(&b, "aeinrst \n<>.oul"[(n >> 24) % 15]);
	}
	return b;
}

/* Undoes in memory of the exact size, so that a read beyond it is seen. */
static int undo(const struct buf *packed, const char *list, size_t max, struct buf *ret_plain)
{
	int rc;

	*ret_plain = (struct buf){.max = max};
	ret_plain->data = malloc(packed->len ? packed->len : 1);
	assert_non_null(ret_plain->data);
	memcpy(ret_plain->data, buf_string(packed), packed->len);
	ret_plain->len = packed->len;
	ret_plain->cap = packed->len ? packed->len : 1;
	rc = content_undo(ret_plain, list);
	if (!rc) {
		assert_true(ret_plain->len <= max);
		assert_int_equal(ret_plain->max, max);
	}
	return rc;
}

static void expect(
	const struct buf *packed, const char *list, size_t max, int code, const char *text)
{
	struct buf plain;
	int rc = undo(packed, list, max, &plain);

	if (rc != code)
		fail_msg("%s: %s", list, err_name(rc));
	if (!rc && (plain.len != strlen(text) || memcmp(plain.data, text, plain.len)))
		fail_msg("%s: %zu bytes: %s", list, plain.len, buf_string(&plain));
	buf_finish(&plain);
}

/* -- tests -- */

static const struct {
	const char *list;
	int code;
} lists[] = {
	{"gzip", 0},
	{"x-gzip", 0},
	{"GZip", 0},
	{"deflate", 0},
	{"br", 0},
	{"Zstd", 0},
	{"identity", 0},
	{"none", 0},
	{"gzip, gzip", 0},
	{"gzip,br", 0},
	{" br ,\tdeflate,, zstd,", 0},
	{"zstd, identity, gzip", 0},
	{"gzip, br, deflate, zstd, identity", 0},
	{"gzip, br, deflate, zstd, br, gzip", ERR_PROTOCOL},
	{"identity, identity, identity, identity, identity, identity", ERR_PROTOCOL},
};

static struct buf packed_in(const char *list, const char *text)
{
	struct buf b = text_of(text, strlen(text));
	char copy[100], *save, *name;

	snprintf(copy, sizeof copy, "%s", list);
	for (name = strtok_r(copy, ", \t", &save); name; name = strtok_r(NULL, ", \t", &save))
		pack(name, &b);
	return b;
}

/* A29 */
static void test_lists(void **state)
{
	char *text = data_read("fetch/plain.xml", NULL);

	(void)state;
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		struct buf packed = packed_in(lists[i].list, text);

		expect(&packed, lists[i].list, MB, lists[i].code, text);
		buf_finish(&packed);
	}
	free(text);
}

static void test_unknown(void **state)
{
	static const char *const unknown[] = {"x-unknown", "gzip;q=1", "gzi", "gzipp", "utf-8",
		"x, gzip", "gzip, x", "*", "\"gzip\"", "chunked", "\xff"};
	struct buf packed = packed_in("gzip", "<a/>");

	(void)state;
	for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
		expect(&packed, unknown[i], MB, ERR_PROTOCOL, NULL);
	buf_finish(&packed);
	packed = text_of("<a/>", 4);
	expect(&packed, "", MB, 0, "<a/>");
	expect(&packed, " , ", MB, 0, "<a/>");
	buf_finish(&packed);
}

/* What one is called and another is; what goes on, and what follows. */
static const struct {
	const char *codings[3]; /* one behind the other, each of "<a/>" */
	const char *rest;
	size_t rest_len;
	const char *list;
	int code;
	const char *text;
} series[] = {
	{{"raw"}, "", 0, "deflate", 0, "<a/>"},
	{{"raw"}, "", 0, "gzip", ERR_PROTOCOL, NULL},
	{{"gzip"}, "", 0, "deflate", 0, "<a/>"},
	{{"deflate"}, "", 0, "gzip", 0, "<a/>"},
	{{"identity"}, "", 0, "gzip", ERR_PROTOCOL, NULL},
	{{"identity"}, "", 0, "deflate", ERR_PROTOCOL, NULL},
	{{"identity"}, "", 0, "br", ERR_PROTOCOL, NULL},
	{{"identity"}, "", 0, "zstd", ERR_PROTOCOL, NULL},
	{{"br"}, "", 0, "zstd", ERR_PROTOCOL, NULL},
	{{"zstd"}, "", 0, "gzip", ERR_PROTOCOL, NULL},
	{{"gzip"}, "", 0, "gzip, gzip", ERR_PROTOCOL, NULL},
	{{"gzip", "gzip"}, "", 0, "gzip", 0, "<a/><a/>"},
	{{"gzip", "gzip", "gzip"}, "", 0, "deflate", 0, "<a/><a/><a/>"},
	{{"zstd", "zstd"}, "", 0, "zstd", 0, "<a/><a/>"},
	/* what follows is no part of it: caches write comments behind a document */
	{{"gzip"}, "\r\n", 2, "gzip", 0, "<a/>"},
	{{"gzip", "gzip"}, "<!-- cached -->", 15, "gzip", 0, "<a/><a/>"},
	{{"gzip"}, "\0\0\0\0\0\0\0\0", 8, "gzip", 0, "<a/>"},
	{{"gzip"}, "\xff\xff\xff\xff", 4, "gzip", 0, "<a/>"},
	{{"deflate"}, "\n", 1, "deflate", 0, "<a/>"},
	{{"raw"}, "\n", 1, "deflate", 0, "<a/>"},
	/* unless it begins another member */
	{{"gzip"}, "\x1f", 1, "gzip", ERR_PROTOCOL, NULL},
	{{"gzip"}, "\x1f\x8b", 2, "gzip", ERR_PROTOCOL, NULL},
	{{"gzip"}, "\x1f\x8b\x08\0\0\0\0\0\0\3", 10, "gzip", ERR_PROTOCOL, NULL},
	/* as libcurl has it */
	{{"br"}, "\n", 1, "br", ERR_PROTOCOL, NULL},
	{{"zstd"}, "\n", 1, "zstd", ERR_PROTOCOL, NULL},
};

static void test_series(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof series / sizeof *series; i++) {
		struct buf all = text_of("", 0);

		for (int k = 0; k < 3 && series[i].codings[k]; k++) {
			struct buf one = packed_in(series[i].codings[k], "<a/>");

			buf_append(&all, one.data, one.len);
			buf_finish(&one);
		}
		buf_append(&all, series[i].rest, series[i].rest_len);
		expect(&all, series[i].list, MB, series[i].code, series[i].text);
		buf_finish(&all);
	}
}

static const char *const each[] = {"gzip", "deflate", "raw", "br", "zstd"};
enum { EACH = sizeof each / sizeof *each };

static const char *list_of(const char *coding)
{
	return strcmp(coding, "raw") == 0 ? "deflate" : coding;
}

/* At every byte, and every byte another: what is cut is told (A31). */
static void test_damage(void **state)
{
	char *text = data_read("fetch/plain.xml", NULL);

	(void)state;
	for (int i = 0; i < EACH; i++) {
		struct buf packed = packed_in(each[i], text), plain;
		size_t len = packed.len;

		for (packed.len = 0; packed.len < len; packed.len++)
			expect(&packed, list_of(each[i]), MB, ERR_PROTOCOL, NULL);
		for (size_t at = 0; at < len; at++) {
			int rc;

			packed.data[at] ^= (char)(1 << at % 8);
			rc = undo(&packed, list_of(each[i]), MB, &plain);
			assert_true(rc == 0 || rc == ERR_PROTOCOL || rc == ERR_TOO_BIG);
			buf_finish(&plain);
			packed.data[at] ^= (char)(1 << at % 8);
		}
		expect(&packed, list_of(each[i]), MB, 0, text);
		buf_finish(&packed);
	}
	free(text);
}

/* What stands at the end of a large one that was cut, or has a comment behind it, is no size. */
static void test_large_ends(void **state)
{
	enum { SIZE = 3 * MB };
	struct buf words = words_of(SIZE), packed = text_of(buf_string(&words), SIZE), plain;

	(void)state;
	pack("gzip", &packed);
	buf_append(&packed, "<!-- cached -->", 15);
	assert_int_equal(undo(&packed, "gzip", 16 * MB, &plain), 0);
	assert_int_equal(plain.len, SIZE);
	buf_finish(&plain);
	for (packed.len -= 16; packed.len > 100000; packed.len -= packed.len / 2)
		for (int i = 0; i < 4; i++, packed.len--)
			expect(&packed, "gzip", 16 * MB, ERR_PROTOCOL, NULL);
	buf_finish(&packed);
	buf_finish(&words);
}

/* A trailer that lies about the size is damage, whatever it says. */
static void test_lies(void **state)
{
	static const uint32_t lies[] = {0, 1, 3, 5, 1000, MB, 100 * MB, UINT32_MAX};
	struct buf packed = packed_in("gzip", "<a/>");

	(void)state;
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		memcpy(packed.data + packed.len - 4, &lies[i], 4);
		expect(&packed, "gzip", MB, ERR_PROTOCOL, NULL);
	}
	buf_finish(&packed);
}

/* Up to the last byte, and not one more (A30). */
static void test_sizes(void **state)
{
	static const size_t sizes[] = {
		0, 1, 62, 63, 64, 65, 5000, 65535, 65536, 300000, 2 * MB, 5 * MB};
	struct buf packed, words, plain;

	(void)state;
	for (size_t i = 0; i < EACH * sizeof sizes / sizeof *sizes; i++) {
		const char *coding = each[i % EACH];
		size_t size = sizes[i / EACH], max = size > 5000 ? size : 5000;

		words = words_of(size);
		packed = text_of(buf_string(&words), words.len);
		pack(coding, &packed);
		assert_int_equal(undo(&packed, list_of(coding), max, &plain), 0);
		assert_int_equal(plain.len, size);
		assert_memory_equal(plain.data, buf_string(&words), size);
		assert_int_equal(plain.data[size], '\0');
		buf_finish(&plain);
		if (size == max)
			expect(&packed, list_of(coding), max - 1, ERR_TOO_BIG, NULL);
		buf_finish(&packed);
		buf_finish(&words);
	}
}

static long peak_kb(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static const struct {
	const char *list;
	size_t zeros; /* behind it: its size is not told */
	size_t max;
	int code;
	long most_mb; /* of memory */
} bombs[] = {
	{"gzip", 0, 64 * MB, ERR_PARSE, 24},
	{"gzip", 0, MB, ERR_TOO_BIG, 4},
	{"deflate", 0, MB, ERR_TOO_BIG, 4},
	{"br", 0, 64 * MB, ERR_PARSE, 20},
	{"zstd", 0, 64 * MB, ERR_PARSE, 20},
	{"gzip, gzip", 0, 64 * MB, ERR_PARSE, 24},
	{"gzip", 4, 64 * MB, ERR_PARSE, 24},
	{"deflate", 0, 64 * MB, ERR_PARSE, 24},
	{"zstd, br, gzip", 0, 64 * MB, ERR_PARSE, 24},
	{"gzip", 4, 8 * MB, ERR_TOO_BIG, 24},
};

/* In a process of its own, since only the most that one ever had is told. */
static int throw_bomb(const struct buf *packed, size_t i)
{
	long before_kb = peak_kb();
	struct buf plain;
	int rc = undo(packed, bombs[i].list, bombs[i].max, &plain);
	long took_mb = (peak_kb() - before_kb) / 1024;

	if (rc != bombs[i].code)
		printf("%s\n", err_name(rc));
	else if (took_mb > bombs[i].most_mb && !SANITIZED)
		printf("it took %ld MB\n", took_mb);
	else
		return 0;
	(void)fflush(stdout);
	return 1;
}

/* Much of nothing takes little (A30). */
static void test_bombs(void **state)
{
	enum { SIZE = 80 * MB };
	static struct buf packed[sizeof bombs / sizeof *bombs];
	char *text = malloc(SIZE + 1);

	(void)state;
	assert_non_null(text);
	memset(text, ' ', SIZE);
	text[SIZE] = '\0';
	for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
		packed[i] = packed_in(bombs[i].list, text);
		buf_append(&packed[i], "\0\0\0\0", bombs[i].zeros);
	}
	free(text);
	for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
		pid_t child = fork();
		int status = -1;

		if (child == 0)
			_exit(throw_bomb(&packed[i], i));
		assert_int_equal(waitpid(child, &status, 0), child);
		if (status)
			fail_msg("%s, case %zu: %d", bombs[i].list, i, status);
		buf_finish(&packed[i]);
	}
}

/* Encoders may look back 8 MB (RFC 9659). */
static void test_window(void **state)
{
	char out[1000];
	struct buf packed;

	(void)state;
	for (int log = 22; log < 26; log++) {
		packed = text_of(out, pack_zstd(log, "<a/>", 4, out, sizeof out));
		expect(&packed, "zstd", MB, log > 23 ? ERR_PROTOCOL : 0, "<a/>");
		buf_finish(&packed);
	}
}

struct faulty {
	const struct buf *packed, *words;
	const char *list;
};

static int undo_faulty(void *ctx)
{
	const struct faulty *f = ctx;
	struct buf plain = *f->packed;
	int rc;

	plain.data = malloc(plain.len);
	if (!plain.data)
		return ERR_NOMEM;
	memcpy(plain.data, f->packed->data, plain.len);
	plain.cap = plain.len;
	rc = content_undo(&plain, f->list);
	if (!rc) {
		assert_int_equal(plain.len, f->words->len);
		assert_memory_equal(plain.data, f->words->data, plain.len);
	}
	buf_finish(&plain);
	return rc;
}

static void test_no_memory(void **state)
{
	struct buf words = words_of(200000);

	(void)state;
	libdeflate_set_memory_allocator(fault_malloc, fault_free);
	for (int i = 0; i <= EACH; i++) {
		struct buf packed = text_of(words.data, words.len);
		struct faulty f = {&packed, &words, i < EACH ? list_of(each[i]) : "br, gzip, zstd"};

		pack(i < EACH ? each[i] : "br", &packed);
		if (i == EACH) {
			pack("gzip", &packed);
			pack("zstd", &packed);
		}
		assert_true(fault_each(undo_faulty, NULL, &f, NULL, 0) > 2);
		buf_finish(&packed);
	}
	libdeflate_set_memory_allocator(malloc, free);
	buf_finish(&words);
}

static void undo_often(void *ctx)
{
	for (int i = 0; i < 100; i++)
		assert_int_equal(undo_faulty(ctx), 0);
}

static void test_threads(void **state)
{
	struct buf words = words_of(20000), packed[EACH];
	struct faulty f[EACH];
	uv_thread_t threads[EACH * 2];

	(void)state;
	for (int i = 0; i < EACH; i++) {
		packed[i] = text_of(words.data, words.len);
		pack(each[i], &packed[i]);
		f[i] = (struct faulty){&packed[i], &words, list_of(each[i])};
	}
	for (int i = 0; i < EACH * 2; i++)
		assert_int_equal(uv_thread_create(&threads[i], undo_often, &f[i % EACH]), 0);
	for (int i = 0; i < EACH * 2; i++)
		uv_thread_join(&threads[i]);
	for (int i = 0; i < EACH; i++)
		buf_finish(&packed[i]);
	buf_finish(&words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		line_test("A29", test_lists),
		cmocka_unit_test(test_unknown),
		line_test("A29", test_series),
		line_test("A31", test_damage),
		cmocka_unit_test(test_large_ends),
		cmocka_unit_test(test_lies),
		line_test("A30", test_sizes),
		line_test("A30", test_bombs),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
