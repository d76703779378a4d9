/* Where a command writes to: aligned and coloured on a terminal, tab-separated lines elsewhere,
 * JSON for programs. */
#ifndef TIDINGS_CLI_OUTPUT_H
#define TIDINGS_CLI_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };
enum style { PLAIN, BOLD, DIM, RED, GREEN, YELLOW };

struct output {
	FILE *stream;
	bool terminal;
	bool color;
	int width; /* columns of the terminal, 0 elsewhere: nothing is cut or wrapped */
	int64_t now_s;
};

/* NO_COLOR and TERM=dumb count for COLOR_AUTO. */
void output_init(struct output *out, FILE *stream, enum color_when when);

/* 0, or -1 when not everything could be written (errno; EPIPE: the reader went away). */
int output_flush(struct output *out);

/* One line; what comes of feeds in it is made harmless. */
void output_line(struct output *out, enum style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* One document, one line, nothing in it that steers a terminal. */
void output_json(struct output *out, const json_t *json);

/* A time of the daemon: in words on a terminal, as it came elsewhere; "" becomes `otherwise`. Lent
 * until the next call. */
const char *output_time(struct output *out, const char *time, const char *otherwise);

/* The same with the time of day. */
const char *output_moment(struct output *out, const char *time, const char *otherwise);

/* -- rows and columns -- */

enum { COLUMNS_MAX = 12 };

struct column {
	const char *title; /* if the first has one, titles are shown on a terminal */
	bool right;        /* numbers stand right */
	bool flexible;     /* gives way when the terminal is narrow; one a table */
	bool hidden;       /* on a terminal */
	int max;           /* columns of the screen; 0: no such limit */
};

struct table {
	const struct column *columns;
	size_t column_count;
	struct cell {
		char *text; /* clean */
		enum style style;
	} * cells; /* row by row */
	size_t count, cap;
};

#define TABLE(columns_)                                                                            \
	{                                                                                          \
		.columns = (columns_), .column_count = sizeof(columns_) / sizeof((columns_)[0])    \
	}

/* The next cell: each row has one for each column. */
void table_cell(struct table *table, enum style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Writes and frees the cells. */
void table_print(struct table *table, struct output *out);

#endif
