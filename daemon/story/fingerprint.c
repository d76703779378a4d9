/* What is kept of an item's text. */
#include "story/fingerprint.h"

#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/sort.h"

enum {
	GATHER_MAX = 1024, /* shingles between two cuts */
	SLOTS = 512, /* for the terms of one text: a power of two, twice as many as there may be */
};

/* One text while it is read. */
struct reading {
	uint32_t last[SHINGLE_WORDS]; /* words, the newest at `words` % SHINGLE_WORDS - 1 */
	size_t words;
	uint64_t gathered[GATHER_MAX], scratch[GATHER_MAX]; /* hashes in the upper half */
	size_t gathered_count;
	uint32_t threshold; /* what is above it is not among the smallest */

	uint32_t counts[SCRIPTS];
	uint16_t slots[SLOTS];                 /* index + 1 into terms */
	uint64_t terms[FINGERPRINT_TERMS_MAX]; /* the key in the upper half, the count in the lower
						*/
	uint16_t term_count;
	int terms_left; /* words that may still become terms */
};

/* -- sketch -- */

/* Sorted, each once, SKETCH_MAX at most. */
static void cut(struct reading *r)
{
	size_t count = 0;

	sort_upper(r->gathered, r->gathered_count, r->scratch);
	for (size_t i = 0; i < r->gathered_count && count < SKETCH_MAX; i++) {
		if (count == 0 || r->gathered[count - 1] != r->gathered[i])
			r->gathered[count++] = r->gathered[i];
	}
	r->gathered_count = count;
	if (count == SKETCH_MAX)
		r->threshold = (uint32_t)(r->gathered[count - 1] >> 32);
}

static void gather(struct reading *r, uint32_t hash)
{
	if (hash > r->threshold)
		return;
	if (r->gathered_count == GATHER_MAX)
		cut(r);
	r->gathered[r->gathered_count++] = (uint64_t)hash << 32;
}

static void add_word(struct reading *r, uint32_t word)
{
	uint32_t shingle[SHINGLE_WORDS];

	r->last[r->words++ % SHINGLE_WORDS] = word;
	if (r->words < SHINGLE_WORDS)
		return;
	for (size_t i = 0; i < SHINGLE_WORDS; i++)
		shingle[i] = r->last[(r->words + i) % SHINGLE_WORDS];
	gather(r, hash32(shingle, sizeof(shingle), 0));
}

/* -- terms -- */

static void add_term(struct reading *r, uint32_t hash)
{
	uint64_t key = hash >> 8;
	size_t slot = key % SLOTS;

	for (; r->slots[slot]; slot = (slot + 1) % SLOTS) {
		uint64_t *t = &r->terms[r->slots[slot] - 1];

		if (*t >> 32 == key) {
			*t += (uint32_t)*t < 255;
			return;
		}
	}
	if (r->term_count == FINGERPRINT_TERMS_MAX)
		return;
	r->terms[r->term_count++] = key << 32 | 1;
	r->slots[slot] = r->term_count;
}

static void read_text(struct reading *r, const char *text, int term_weight, bool shingles)
{
	struct token token;
	struct tokens t;

	tokens_init(&t, text, strnlen(text, FINGERPRINT_TEXT_MAX));
	while (tokens_next(&t, &token)) {
		r->counts[token.script]++;
		if (shingles)
			add_word(r, token.word);
		if (r->terms_left > 0) {
			r->terms_left--;
			for (int i = 0; i < term_weight; i++)
				add_term(r, token.term);
		}
		if (!shingles && r->terms_left == 0)
			break;
	}
}

static uint8_t most_common(const struct reading *r)
{
	int script = SCRIPT_NONE;

	for (int i = SCRIPT_NONE + 1; i < SCRIPTS; i++) {
		if (r->counts[i] > r->counts[script] || (script == SCRIPT_NONE && r->counts[i]))
			script = i;
	}
	return (uint8_t)script;
}

/* -- the whole -- */

static int keep(struct reading *r, struct arena *a, struct fingerprint *f)
{
	uint32_t *sketch, *terms;

	cut(r);
	sort_upper(r->terms, r->term_count, r->scratch);
	sketch = arena_alloc(a, (r->gathered_count + 1) * sizeof(*sketch));
	terms = arena_alloc(a, (r->term_count + 1U) * sizeof(*terms));
	if (!sketch || !terms)
		return ERR_NOMEM;
	for (size_t i = 0; i < r->gathered_count; i++)
		sketch[i] = (uint32_t)(r->gathered[i] >> 32);
	for (size_t i = 0; i < r->term_count; i++)
		terms[i] = (uint32_t)(r->terms[i] >> 32 << 8 | (uint32_t)r->terms[i]);
	*f = (struct fingerprint){
		.script = most_common(r),
		.sketch_count = (uint16_t)r->gathered_count,
		.term_count = r->term_count,
		.sketch = sketch,
		.terms = terms,
	};
	return 0;
}

int fingerprint_make(
	const char *title, const char *text, struct arena *a, struct fingerprint *ret_fingerprint)
{
	struct reading r;
	size_t words;

	memset(&r, 0, offsetof(struct reading, gathered));
	memset(&r.gathered_count, 0, sizeof(r) - offsetof(struct reading, gathered_count));
	r.threshold = UINT32_MAX;
	r.terms_left = FINGERPRINT_WORDS;
	if (title)
		read_text(&r, title, 2, false);
	if (text)
		read_text(&r, text, 1, true);
	words = r.words;
	if (words < SHINGLE_WORDS && title) {
		r.terms_left = 0;
		r.words = 0;
		read_text(&r, title, 0, true);
	}
	return keep(&r, a, ret_fingerprint);
}

int fingerprint_common(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count,
	bool (*ignore)(void *ctx, uint32_t shingle), void *ctx)
{
	int common = 0;

	for (size_t i = 0, j = 0; i < a_count && j < b_count;) {
		uint32_t in_a = a[i], in_b = b[j];

		common += in_a == in_b && (!ignore || !ignore(ctx, in_a));
		i += in_a <= in_b;
		j += in_b <= in_a;
	}
	return common;
}

/* Bottom-k sketches: below the smaller of the two greatest hashes both know all there is. */
uint32_t fingerprint_overlap(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count,
	bool (*ignore)(void *ctx, uint32_t shingle), void *ctx, int *ret_common)
{
	size_t i = 0, j = 0, only_a = 0, only_b = 0, common = 0, smaller;

	while (i < a_count && j < b_count) {
		uint32_t hash = a[i] < b[j] ? a[i] : b[j];
		bool in_a = a[i] == hash, in_b = b[j] == hash;
		bool counts = !ignore || !ignore(ctx, hash);

		i += in_a;
		j += in_b;
		only_a += counts && in_a && !in_b;
		only_b += counts && in_b && !in_a;
		common += counts && in_a && in_b;
	}
	for (; i < a_count && b_count < SKETCH_MAX; i++)
		only_a += !ignore || !ignore(ctx, a[i]);
	for (; j < b_count && a_count < SKETCH_MAX; j++)
		only_b += !ignore || !ignore(ctx, b[j]);
	smaller = common + (only_a < only_b ? only_a : only_b);
	*ret_common = (int)common;
	return smaller ? (uint32_t)((common << 16) / smaller) : 0;
}

struct header {
	uint8_t version, script;
	uint8_t sketch_count, term_count; /* SKETCH_MAX and FINGERPRINT_TERMS_MAX fit */
};

enum { FINGERPRINT_VERSION = 1 };

size_t fingerprint_bytes(const struct fingerprint *f)
{
	return sizeof(struct header) + 4U * f->sketch_count + 4U * f->term_count;
}

void fingerprint_write(const struct fingerprint *f, unsigned char *out)
{
	const struct header h = {
		FINGERPRINT_VERSION, f->script, (uint8_t)f->sketch_count, (uint8_t)f->term_count};

	memcpy(out, &h, sizeof(h));
	memcpy(out + sizeof(h), f->sketch, 4U * f->sketch_count);
	memcpy(out + sizeof(h) + 4U * f->sketch_count, f->terms, 4U * f->term_count);
}

static bool is_ascending(const uint32_t *numbers, size_t count, unsigned shift)
{
	bool ascending = true;

	for (size_t i = 1; i < count; i++)
		ascending &= numbers[i - 1] >> shift < numbers[i] >> shift;
	return ascending;
}

static bool are_counted(const term *terms, size_t count)
{
	bool counted = true;

	for (size_t i = 0; i < count; i++)
		counted &= TERM_COUNT(terms[i]) > 0;
	return counted;
}

bool fingerprint_read(const void *bytes, size_t len, struct fingerprint *ret_fingerprint)
{
	const uint32_t *numbers = bytes;
	struct fingerprint *f = ret_fingerprint;
	struct header h;

	if (len < sizeof(h))
		return false;
	memcpy(&h, numbers++, sizeof(h));
	*f = (struct fingerprint){.script = h.script,
		.sketch_count = h.sketch_count,
		.term_count = h.term_count,
		.sketch = numbers,
		.terms = numbers + h.sketch_count};
	return h.version == FINGERPRINT_VERSION && h.script < SCRIPTS &&
	       h.sketch_count <= SKETCH_MAX && h.term_count <= FINGERPRINT_TERMS_MAX &&
	       len == fingerprint_bytes(f) && is_ascending(f->sketch, f->sketch_count, 0) &&
	       is_ascending(f->terms, f->term_count, 8) && are_counted(f->terms, f->term_count);
}
