/* A text as the words by which stories are told apart: case, width and accents of Latin, Greek and
 * Cyrillic folded; where words are not set apart (Han, Kana, Thai, Lao, Khmer, Myanmar), pairs of
 * neighbouring characters. Pure; the same text gives the same words everywhere. */
#ifndef TIDINGS_STORY_TOKENS_H
#define TIDINGS_STORY_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is compared only with its own kind. Letters of a script that is not named count as OTHER. */
enum script {
	SCRIPT_NONE, /* digits and symbols */
	SCRIPT_LATIN,
	SCRIPT_GREEK,
	SCRIPT_CYRILLIC,
	SCRIPT_HEBREW,
	SCRIPT_ARABIC,
	SCRIPT_INDIC,
	SCRIPT_THAI, /* and Lao, Khmer, Myanmar */
	SCRIPT_HAN,  /* and Kana */
	SCRIPT_HANGUL,
	SCRIPT_OTHER,
	SCRIPTS,
};

struct token {
	uint32_t word; /* hash of the whole word, for what stands word for word */
	uint32_t term; /* hash of its first six characters, which most inflections keep */
	enum script script;
	const char *text; /* in the text, as written */
	size_t len;
};

/* Opaque. The text is lent and may hold anything; what is no UTF-8 parts words. */
struct tokens {
	const char *p, *end;
	size_t pair_len; /* of the character behind the last one, where they are read in pairs */
};

void tokens_init(struct tokens *t, const char *text, size_t len);

/* False after the last. */
bool tokens_next(struct tokens *t, struct token *ret_token);

#endif
