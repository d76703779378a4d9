/* The words of dates: months in two dozen languages, zones, halves of the day, units. */
#ifndef TIDINGS_PARSE_DATE_WORDS_H
#define TIDINGS_PARSE_DATE_WORDS_H

#include <stddef.h>
#include <stdint.h>

enum date_word_kind {
	WORD_UNKNOWN, /* most often a weekday, which says nothing that the date does not */
	WORD_FILLER,  /* "of", "at", "de", "th" */
	WORD_MONTH,   /* value: 1-12 */
	WORD_ZONE,    /* value: minutes east of Greenwich */
	WORD_HALF,    /* value: 0 before noon, 12 after */
	WORD_UNIT,    /* value: one of "YMDhms"; the number in front is meant */
	WORD_WEEK,    /* the W of ISO 8601 */
};

struct date_word {
	enum date_word_kind kind;
	int value;
};

enum { DATE_WORD_BYTES = 32 };

/* date_fold() beyond ASCII. */
size_t date_fold_wide(const char *s, size_t len, uint32_t *ret_char);

/* Reads one character and folds it: lower case, without accents. White space of any script is ' ',
 * any dash '-'; what is dropped (combining marks) is 0. Returns the bytes taken. */
static inline size_t date_fold(const char *s, size_t len, uint32_t *ret_char)
{
	unsigned char c = (unsigned char)*s;

	if (c >= 0x80)
		return date_fold_wide(s, len, ret_char);
	*ret_char = c < ' ' ? ' ' : c >= 'A' && c <= 'Z' ? c | 0x20u : c;
	return 1;
}

/* What a folded word means. */
struct date_word date_word_find(const char *word);

/* When the clocks of a place are an hour ahead. */
enum date_summer { SUMMER_NEVER, SUMMER_EUROPE, SUMMER_AMERICA };

/* The first word of the second half of a name like America/Los_Angeles. NULL when unknown. */
struct date_place {
	const char *names; /* each between spaces */
	int minutes;       /* east of Greenwich, in winter */
	enum date_summer summer;
};
const struct date_place *date_place_find(const char *word);

#endif
