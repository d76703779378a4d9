/* Foreign text for a terminal: nothing in it may steer the terminal, and its width on the screen is
 * known. */
#ifndef TIDINGS_CLI_TEXT_H
#define TIDINGS_CLI_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

enum { WORDS_BYTES = 40 };

enum cleaning {
	CLEAN_LINE,  /* tabs, line breaks and U+2028/9 become one space */
	CLEAN_LINES, /* the same, but LF stays LF */
	CLEAN_JSON,  /* what would be taken away is escaped (\u009b) */
};

/* Sets LC_CTYPE, to C.UTF-8 when the user's is not UTF-8: the rest needs it. JSON is allocated as
 * by text_alloc(): half of an answer would be taken for all of it. */
void text_init(void);

/* realloc() for a program that lives for one command: without memory it says so and ends with 1. */
void *text_alloc(void *old, size_t size);

/* A copy that is safe on a terminal (C24): C0, DEL, C1 and invalid UTF-8 become U+FFFD,
 * bidirectional overrides (U+202A-E, U+2066-9) vanish. Freed by the caller. */
char *text_clean(const char *text, size_t len, enum cleaning how);

/* What printf() would print, in one clean line. Freed by the caller. */
char *text_format(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

/* How many bytes of a clean text fit into `columns`; *ret_columns is what they take. */
size_t text_fit(const char *clean, int columns, int *ret_columns);

/* Columns of a clean text. */
int text_width(const char *clean);

/* Prints a clean text, its lines broken at spaces so that none is wider than `columns` (0: not
 * broken). */
void text_wrap(FILE *stream, const char *clean, int columns);

/* Bytes of the first line of a clean text, as text_wrap() breaks it. */
size_t text_break(const char *text, size_t len, int columns);

/* Reads a time of the daemon (RFC 3339), in whole seconds. False: it is none. */
bool time_read(const char *time, time_t *ret_then);

/* One in words: "now", "5m", "3h", "2d", "12 Nov", "12 Nov 2024"; the
 * same with "in " for the future; "" when it is none. Static or `out`. */
const char *time_words(const char *time, int64_t now_s, char out[WORDS_BYTES]);

/* Seconds as the daemon writes them: "30min", "2h 15min", "3d 4h". */
const char *span_words(int64_t s, char out[WORDS_BYTES]);

/* A time with that of the day: "today 14:05, in 23min", "yesterday 23:10, 9h 2min ago", "Thu 12 Nov
 * 14:05". */
const char *moment_words(const char *time, int64_t now_s, char out[WORDS_BYTES]);

#endif
