/* `tidingsd --parse`: reads documents and prints what was understood of them. */
#ifndef TIDINGS_INSPECT_H
#define TIDINGS_INSPECT_H

/* Prints one JSON object a line on standard output for each of `files` ("-": standard input).
 * `base_url` and `content_type` may be NULL. The parser is initialised by the caller
 * (parse_global_init()). Returns the exit code: 0 when all are feeds, 1 when one is none, 2 when
 * one cannot be read (said on standard error; the others are still read). */
int inspect_files(char **files, int count, const char *base_url, const char *content_type);

#endif
