/* The text of a date as numbers, words and signs. */
#ifndef TIDINGS_PARSE_DATE_TOKENS_H
#define TIDINGS_PARSE_DATE_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parse/date_words.h"

/* Whoever stands at a token may look at the next three: as many ends stand behind the last. */
enum { DATE_TOKENS_MAX = 43, DATE_LOOK_AHEAD = 3 };

enum date_token_kind { TOKEN_END, TOKEN_NUMBER, TOKEN_WORD, TOKEN_SIGN };

struct date_token {
	enum date_token_kind kind;
	char sign;  /* one of "-+:./" or another that means nothing */
	bool glued; /* nothing between it and the token before */
	int digits;
	int64_t value;
	const char *text; /* of a number */
	char word[DATE_WORD_BYTES];
	struct date_word meaning; /* of a word, else unknown */
};

/* Cuts s..end into tokens, DATE_LOOK_AHEAD of TOKEN_END last; white space and comments in
 * parentheses (RFC 5322, 3.2.2) only separate. Of a number's digits the first 18 count. False when
 * there are too many tokens. */
bool date_tokenise(const char *s, const char *end, struct date_token ret_tokens[DATE_TOKENS_MAX]);

#endif
