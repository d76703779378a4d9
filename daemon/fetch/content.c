/* Content codings: gzip and deflate by libdeflate, br by libbrotlidec, zstd by libzstd. */
#include "fetch/content.h"

#include <brotli/decode.h>
#include <endian.h>
#include <libdeflate.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/err.h"
#include "limits.h"

enum {
	LAYERS_MAX = 5,
	RATIO_FREE_BYTES = 1024 * 1024, /* before the ratio counts */
	USUAL_RATIO = 8,
	WINDOW_LOG_MAX = 23, /* 8 MB (RFC 9659) */
};

typedef enum libdeflate_result inflate_fn(struct libdeflate_decompressor *d, const void *in,
	size_t in_len, void *out, size_t room, size_t *used, size_t *made);

/* Whether a gzip member begins there, be it cut short. */
static bool is_gzip(const struct buf *in, size_t at)
{
	size_t left = in->len - at;

	return left && memcmp(in->data + at, "\x1f\x8b\x08", left < 3 ? left : 3) == 0;
}

static bool is_zlib(const struct buf *in)
{
	const unsigned char *head = (const unsigned char *)in->data;

	return in->len > 1 && (head[0] & 15) == 8 && (head[0] << 8 | head[1]) % 31 == 0;
}

/* The size that the last gzip member says it has: true unless something follows it. */
static size_t said_size(const struct buf *in)
{
	uint32_t size = 0;

	if (is_gzip(in, 0) && in->len >= sizeof size)
		memcpy(&size, in->data + in->len - sizeof size, sizeof size);
	return le32toh(size);
}

/* libdeflate needs room for all of it and begins anew in more. */
static int inflate_one(struct libdeflate_decompressor *d, inflate_fn *inflate, const struct buf *in,
	size_t *at, struct buf *out)
{
	enum libdeflate_result rc;
	size_t used, made;

	do
		rc = inflate(d, in->data + *at, in->len - *at, out->data + out->len,
			out->cap - out->len - 1, &used, &made);
	while (rc == LIBDEFLATE_INSUFFICIENT_SPACE && buf_reserve(out, out->cap - out->len) == 0);
	if (rc)
		return ERR_PROTOCOL;
	out->len += made;
	*at += used;
	return 0;
}

/* What is called by one name of these often is another; `other` is what has no header. */
static int inflate_all(const struct buf *in, struct buf *out, inflate_fn *other)
{
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	size_t at = 0;
	int rc;

	if (!d)
		return ERR_NOMEM;
	if (!is_gzip(in, 0))
		rc = inflate_one(
			d, is_zlib(in) ? libdeflate_zlib_decompress_ex : other, in, &at, out);
	else
		do
			rc = inflate_one(d, libdeflate_gzip_decompress_ex, in, &at, out);
		while (!rc && is_gzip(in, at));
	libdeflate_free_decompressor(d);
	return rc;
}

static int undo_gzip(const struct buf *in, struct buf *out)
{
	return inflate_all(in, out, libdeflate_gzip_decompress_ex);
}

static int undo_deflate(const struct buf *in, struct buf *out)
{
	return inflate_all(in, out, libdeflate_deflate_decompress_ex);
}

static int undo_brotli(const struct buf *in, struct buf *out)
{
	BrotliDecoderState *d = BrotliDecoderCreateInstance(NULL, NULL, NULL);
	BrotliDecoderResult rc = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
	const uint8_t *next = (const uint8_t *)in->data;
	size_t left = in->len;
	int error;

	if (!d)
		return ERR_NOMEM;
	while (rc == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT && buf_reserve(out, 1) == 0) {
		uint8_t *to = (uint8_t *)out->data + out->len;
		size_t room = out->cap - out->len - 1;

		rc = BrotliDecoderDecompressStream(d, &left, &next, &room, &to, NULL);
		out->len = out->cap - 1 - room;
	}
	error = BrotliDecoderGetErrorCode(d);
	BrotliDecoderDestroyInstance(d);
	if (error <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
		error >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES)
		return ERR_NOMEM;
	return rc == BROTLI_DECODER_RESULT_SUCCESS && !left ? 0 : ERR_PROTOCOL;
}

static int undo_zstd(const struct buf *in, struct buf *out)
{
	ZSTD_DCtx *d = ZSTD_createDCtx();
	ZSTD_inBuffer from = {in->data, in->len, 0};
	size_t rc = 1; /* 0: a frame has ended */
	bool full = true;

	if (!d)
		return ERR_NOMEM;
	rc = ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	while (!ZSTD_isError(rc) && (from.pos < from.size || full) && buf_reserve(out, 1) == 0) {
		ZSTD_outBuffer to = {out->data, out->cap - 1, out->len};

		rc = ZSTD_decompressStream(d, &to, &from);
		out->len = to.pos;
		full = rc && to.pos == to.size;
	}
	ZSTD_freeDCtx(d);
	if (ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation)
		return ERR_NOMEM;
	return rc ? ERR_PROTOCOL : 0;
}

static const struct coding {
	const char *name;
	/* 0, ERR_NOMEM, or ERR_PROTOCOL if nothing is wrong with `out`; NULL: nothing to do */
	int (*undo)(const struct buf *in, struct buf *out);
} codings[] = {
	{"gzip", undo_gzip},
	{"x-gzip", undo_gzip},
	{"deflate", undo_deflate},
	{"br", undo_brotli},
	{"zstd", undo_zstd},
	{"identity", NULL},
	{"none", NULL},
};

static const struct coding *find(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof codings / sizeof *codings; i++)
		if (strlen(codings[i].name) == len && strncasecmp(codings[i].name, name, len) == 0)
			return &codings[i];
	return NULL;
}

/* What a layer may become. */
static size_t room_for(const struct buf *in, size_t received)
{
	size_t room = in->max;

	if (received < in->max / FETCH_RATIO_MAX)
		room = received * FETCH_RATIO_MAX;
	if (room < RATIO_FREE_BYTES)
		room = RATIO_FREE_BYTES;
	return room < in->max ? room : in->max;
}

static int undo_layer(const struct coding *coding, struct buf *body, size_t received)
{
	struct buf out = {.max = room_for(body, received)};
	size_t said = said_size(body);
	/* one that says less than it has would be begun anew many times */
	size_t hint = said >= body->len && said <= out.max ? said : body->len * USUAL_RATIO;
	int rc = buf_reserve(&out, hint < out.max ? hint : out.max);

	if (!rc)
		rc = coding->undo(body, &out);
	if (buf_status(&out))
		rc = buf_status(&out);
	if (rc) {
		buf_finish(&out);
		return rc == ERR_TOO_BIG && out.max < body->max ? ERR_PARSE : rc;
	}
	out.data[out.len] = '\0';
	out.max = body->max;
	buf_finish(body);
	*body = out;
	return 0;
}

int content_undo(struct buf *body, const char *list)
{
	static const char between[] = ", \t";
	const struct coding *layers[LAYERS_MAX];
	size_t received = body->len, len;
	int count = 0, rc = 0;

	for (const char *p = list + strspn(list, between); *p; p += strspn(p, between)) {
		len = strcspn(p, between);
		if (count == LAYERS_MAX)
			return ERR_PROTOCOL;
		layers[count] = find(p, len);
		if (!layers[count++])
			return ERR_PROTOCOL;
		p += len;
	}
	while (count-- > 0 && !rc)
		if (layers[count]->undo)
			rc = undo_layer(layers[count], body, received);
	return rc;
}
