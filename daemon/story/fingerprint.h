/* What is kept of an item's text to tell whether another one is the same text or tells of the same
 * event: a sketch of its shingles, and its words. Pure; made on any thread. */
#ifndef TIDINGS_STORY_FINGERPRINT_H
#define TIDINGS_STORY_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "story/tokens.h"

enum {
	SKETCH_MAX = 128,             /* smallest hashes of shingles */
	SHINGLE_WORDS = 3,            /* neighbouring words in one shingle */
	FINGERPRINT_WORDS = 300,      /* words of a text that tell what it is about */
	FINGERPRINT_TERMS_MAX = 192,  /* different ones of these */
	FINGERPRINT_TEXT_MAX = 65536, /* bytes of a text that are looked at */
};

/* A word, upper 24 bits of its hash, and in the lower 8 how often it stands there (255 at most). */
typedef uint32_t term;
#define TERM_KEY(t)   ((t) >> 8)
#define TERM_COUNT(t) ((t)&0xFF)

struct fingerprint {
	uint8_t script; /* enum script: that of most of its letters */
	uint16_t sketch_count, term_count;
	const uint32_t
		*sketch;   /* ascending, all different; all there are where fewer than SKETCH_MAX */
	const term *terms; /* ascending by key, all different */
};

/* Either text may be NULL. The arrays live in the arena. ERR_NOMEM. */
int fingerprint_make(const char *title, const char *text, struct arena *a,
	struct fingerprint *ret_fingerprint) __attribute__((warn_unused_result));

/* How many shingles stand in both. Those for which `ignore` is true, NULL: none, do not count. */
int fingerprint_common(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count,
	bool (*ignore)(void *ctx, uint32_t shingle), void *ctx);

/* The share of the smaller text's shingles that stand in the other one, 0 to 65536, and how many
 * they are. Shingles for which `ignore` is true count in neither. */
uint32_t fingerprint_overlap(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count,
	bool (*ignore)(void *ctx, uint32_t shingle), void *ctx, int *ret_common);

/* The form in which the store keeps it. */
size_t fingerprint_bytes(const struct fingerprint *f);
void fingerprint_write(const struct fingerprint *f, unsigned char *out);

/* Points into `bytes` (aligned for 32 bits). False: that is none; what was read may be relied on.
 */
bool fingerprint_read(const void *bytes, size_t len, struct fingerprint *ret_fingerprint);

#endif
