/* UTF-8 (RFC 3629): checking, stepping and cutting. */
#ifndef TIDINGS_BASE_UTF8_H
#define TIDINGS_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UTF8_REPLACEMENT = 0xFFFD };

/* Reads one character at `s` (len > 0) and returns the bytes it took. Ill-formed bytes give U+FFFD
 * and the length of the maximal ill-formed part (Unicode 3.9, "U+FFFD Substitution of Maximal
 * Subparts"). */
size_t utf8_next(const char *s, size_t len, uint32_t *ret_char);

/* Writes a character (1-4 bytes, no NUL) and returns its length; what is no character is written as
 * U+FFFD. */
size_t utf8_put(uint32_t c, char out[4]);

/* True when all of it is well-formed. */
bool utf8_valid(const char *s, size_t len);

/* The greatest length <= max_bytes that does not cut a character of the well-formed `s`. */
size_t utf8_cut(const char *s, size_t len, size_t max_bytes);

#endif
