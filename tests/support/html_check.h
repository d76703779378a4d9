/* Judges cleaned HTML by a grammar and lists of its own, so that the cleaner is not its own
 * witness. */
#ifndef TESTS_SUPPORT_HTML_CHECK_H
#define TESTS_SUPPORT_HTML_CHECK_H

#include <stddef.h>

/* NULL when all of it is text, with `<`, `>` and `&` only as references, and balanced tags of known
 * elements in the one form
 * `<name attribute="value">`, each attribute known and given once, every address of a harmless
 * scheme; else what is wrong, with *ret_at the place. */
const char *html_check(const char *html, size_t len, size_t *ret_at);

#endif
