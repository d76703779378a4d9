/* Reads options by table; getopt_long() would accept abbreviations, which break scripts when an
 * option is added. */
#include "cli/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool options_number(const char *text, long max, long *ret_number)
{
	char *end;
	errno = 0;
	long number = strtol(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || *end || errno || number < 1 || number > max)
		return false;
	*ret_number = number;
	return true;
}

static bool read_color(const char *text, enum color_when *ret_when)
{
	static const char *const names[] = {"auto", "always", "never"}; /* as enum color_when */
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i]) == 0) {
			*ret_when = (enum color_when)i;
			return true;
		}
	return false;
}

static bool take_value(const struct option_row *row, const char *value, void *field)
{
	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)field = true;
		return true;
	case OPTION_TEXT:
		*(const char **)field = value;
		return *value != '\0';
	case OPTION_COUNT:
		return options_number(value, OPTION_COUNT_MAX, field);
	case OPTION_COLOR:
		return read_color(value, field);
	}
	return false;
}

/* "" stands for all commands. */
static bool belongs(const struct option_row *row, const char *command)
{
	char word[32] = "";
	if (*command)
		snprintf(word, sizeof(word), " %s ", command);
	return *word ? strstr(row->commands, word) != NULL : !*row->commands;
}

static int refuse(char why[OPTIONS_WHY_BYTES], const char *what, const char *option)
{
	snprintf(why, OPTIONS_WHY_BYTES, "%s '%.80s'", what, option);
	return -1;
}

static const struct option_row *find_row(const struct option_row *rows, size_t row_count,
	const char *name, size_t len, bool letter, const char *command)
{
	for (size_t i = 0; i < row_count; i++) {
		bool same = letter ? rows[i].letter == *name
				   : strlen(rows[i].name) == len &&
					     strncmp(rows[i].name, name, len) == 0;
		if (same && (belongs(&rows[i], "") || belongs(&rows[i], command)))
			return &rows[i];
	}
	return NULL;
}

/* One option at argv[0]. Returns how many of argv it took, or -1. */
static int take_option(char **argv, const struct option_row *rows, size_t row_count,
	struct options *o, char why[OPTIONS_WHY_BYTES])
{
	bool letter = argv[0][1] != '-';
	const char *name = argv[0] + (letter ? 1 : 2);
	size_t len = letter ? 1 : strcspn(name, "=");
	const char *attached = name[len] ? name + len + !letter : NULL;
	const char *value = attached ? attached : argv[1];
	const struct option_row *row =
		find_row(rows, row_count, name, len, letter, o->count ? o->arguments[0] : "");
	if (!row)
		return refuse(why, "unknown option", argv[0]);
	if (row->kind == OPTION_FLAG && attached)
		return refuse(why, "no value belongs to", argv[0]);
	if (row->kind != OPTION_FLAG && !value)
		return refuse(why, "a value is missing for", argv[0]);
	if (take_value(row, value, (char *)o + row->offset))
		return row->kind == OPTION_FLAG || attached ? 1 : 2;
	snprintf(why, OPTIONS_WHY_BYTES, "'%.80s' is no value for '--%s %s' (%s)", value, row->name,
		row->meta, row->help);
	return -1;
}

int options_parse(int argc, char **argv, const struct option_row *rows, size_t row_count,
	struct options *o, char why[OPTIONS_WHY_BYTES])
{
	bool only_arguments = false;
	for (int i = 0, used; i < argc; i += used) {
		used = 1;
		if (!only_arguments && strcmp(argv[i], "--") == 0)
			only_arguments = true;
		else if (!only_arguments && argv[i][0] == '-' && argv[i][1])
			used = take_option(argv + i, rows, row_count, o, why);
		else
			o->arguments[o->count++] = argv[i];
		if (used < 0)
			return -1;
	}
	return 0;
}

void options_print(const char *title, const struct option_row *rows, size_t row_count,
	const char *command, FILE *stream)
{
	for (size_t i = 0; i < row_count; i++) {
		char left[64];
		if (!belongs(&rows[i], command))
			continue;
		snprintf(left, sizeof(left), "%c%c%s--%s %s", rows[i].letter ? '-' : ' ',
			rows[i].letter ? rows[i].letter : ' ', rows[i].letter ? ", " : "  ",
			rows[i].name, rows[i].meta ? rows[i].meta : "");
		fprintf(stream, "%s  %-26s %s\n", title, left, rows[i].help);
		title = "";
	}
}
