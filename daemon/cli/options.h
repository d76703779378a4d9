/* Arguments of a command line, read by rows: what is not in a row is an error. */
#ifndef TIDINGS_CLI_OPTIONS_H
#define TIDINGS_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/output.h"

/* What any command may be told. Strings are those of argv. */
struct options {
	bool help, version, json;
	bool all, unread, starred, credentials, list, undo, read_only, stories;
	const char *socket, *feed, *folder, *label, *name, *cursor, *since, *client;
	long limit; /* 0: not given */
	enum color_when color;
	char **arguments; /* what is no option, in order: the command first */
	int count;
};

enum option_kind {
	OPTION_FLAG,  /* bool */
	OPTION_TEXT,  /* const char *, not empty */
	OPTION_COUNT, /* long, 1 to OPTION_COUNT_MAX */
	OPTION_COLOR, /* enum color_when */
};

struct option_row {
	const char *commands; /* that take it, " list read "; "": all, and it may stand first */
	const char *name;     /* "limit" for --limit; whole, never abbreviated */
	char letter;          /* 'n' for -n, or 0 */
	enum option_kind kind;
	size_t offset;    /* in struct options */
	const char *meta; /* the value's name in the help */
	const char *help;
};

enum { OPTIONS_WHY_BYTES = 256, OPTION_COUNT_MAX = 1000000 };

/* Reads argv[0..argc), NULL behind it, into `o`, where room for argc pointers stands at
 * o->arguments. Options and arguments may be mixed; "--" ends the options. 0, or -1 with the reason
 * in `why`, which may quote argv. */
int options_parse(int argc, char **argv, const struct option_row *rows, size_t row_count,
	struct options *o, char why[OPTIONS_WHY_BYTES]);

/* A whole number from 1 to `max`, nothing before or behind it. */
bool options_number(const char *text, long max, long *ret_number);

/* Prints, under `title`, those of the command alone, or those of all commands (""). */
void options_print(const char *title, const struct option_row *rows, size_t row_count,
	const char *command, FILE *stream);

#endif
