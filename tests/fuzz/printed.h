/* What the targets that read whole documents check of the answer. */
#ifndef TIDINGS_FUZZ_PRINTED_H
#define TIDINGS_FUZZ_PRINTED_H

#include <stddef.h>
#include <stdint.h>

#include "parse/parse.h"

/* Reads a document and prints what was understood, or why nothing was: aborts unless that is one
 * JSON object whose texts are clean, and what libxml2 was given was well-formed. */
void printed_check(const uint8_t *data, size_t size, const struct parse_options *options);

#endif
