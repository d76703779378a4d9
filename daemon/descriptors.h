/* Descriptors enough for what the configuration allows at once (C37). */
#ifndef TIDINGS_DESCRIPTORS_H
#define TIDINGS_DESCRIPTORS_H

#include "base/err.h"

/* Raises the process's soft limit (RLIMIT_NOFILE) to `needed` when it is lower and may be raised.
 * ERR_INVALID when the hard limit is lower: the text says by how much, for the user. Any thread. */
int descriptors_reserve(unsigned long needed, struct err *e) __attribute__((warn_unused_result));

#endif
