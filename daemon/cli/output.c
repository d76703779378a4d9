/* Writes tables, text and JSON in the form that the receiver can use. */
#include "cli/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/text.h"

enum { GAP = 2, FLEXIBLE_MIN = 10, WIDTH_DEFAULT = 80 };

static bool wants_color(bool terminal, enum color_when when)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	if (when != COLOR_AUTO)
		return when == COLOR_ALWAYS;
	return terminal && !(no && *no) && term && *term && strcmp(term, "dumb") != 0;
}

void output_init(struct output *out, FILE *stream, enum color_when when)
{
	struct winsize size = {.ws_col = WIDTH_DEFAULT};
	*out = (struct output){
		.stream = stream, .terminal = isatty(fileno(stream)), .now_s = time(NULL)};
	out->color = wants_color(out->terminal, when);
	if (out->terminal) {
		ioctl(fileno(stream), TIOCGWINSZ, &size);
		out->width = size.ws_col ? size.ws_col : WIDTH_DEFAULT;
	}
}

int output_flush(struct output *out)
{
	/* stdio forgets the errno of an earlier failed write, but such a stream fails again at
	 * once. */
	bool failed = ferror(out->stream) != 0;
	return fflush(out->stream) != 0 || failed ? -1 : 0;
}

static void put(struct output *out, enum style style, const char *clean, size_t len)
{
	static const char *const codes[] = {"", "\033[1m", "\033[2m", "\033[31m", "\033[32m",
		"\033[33m"}; /* in the order of enum style */
	bool color = out->color && style != PLAIN && len > 0;
	fprintf(out->stream, "%s%.*s%s", color ? codes[style] : "", (int)len, clean,
		color ? "\033[0m" : "");
}

void output_line(struct output *out, enum style style, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *line = text_format(format, args);
	va_end(args);
	put(out, style, line, strlen(line));
	fputc('\n', out->stream);
	free(line);
}

void output_json(struct output *out, const json_t *json)
{
	char *dump = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(9));
	char *clean = text_clean(dump ? dump : "null", dump ? strlen(dump) : 4, CLEAN_JSON);
	fprintf(out->stream, "%s\n", clean);
	free(clean);
	free(dump);
}

const char *output_time(struct output *out, const char *time, const char *otherwise)
{
	static char words[WORDS_BYTES];
	if (!*time)
		return otherwise;
	return out->terminal ? time_words(time, out->now_s, words) : time;
}

const char *output_moment(struct output *out, const char *time, const char *otherwise)
{
	static char words[WORDS_BYTES];
	if (!*time)
		return otherwise;
	return out->terminal ? moment_words(time, out->now_s, words) : time;
}

/* -- rows and columns -- */

void table_cell(struct table *table, enum style style, const char *format, ...)
{
	if (table->count == table->cap) {
		table->cap = table->cap ? table->cap * 2 : 64;
		table->cells = text_alloc(table->cells, table->cap * sizeof(*table->cells));
	}
	va_list args;
	va_start(args, format);
	table->cells[table->count++] =
		(struct cell){.text = text_format(format, args), .style = style};
	va_end(args);
}

static int column_width(const struct table *table, size_t c)
{
	const struct column *column = &table->columns[c];
	int width = column->title ? text_width(column->title) : 0;
	for (size_t i = c; i < table->count; i += table->column_count) {
		int wide = text_width(table->cells[i].text);
		width = wide > width ? wide : width;
	}
	return column->max && width > column->max ? column->max : width;
}

/* All widths, together not wider than the screen if the flexible column can give way. */
static void measure(const struct table *table, int screen, int widths[COLUMNS_MAX])
{
	int total = -GAP, *flexible = NULL;
	for (size_t c = 0; c < table->column_count; c++) {
		if (table->columns[c].hidden)
			continue;
		widths[c] = column_width(table, c);
		total += widths[c] + GAP;
		if (table->columns[c].flexible)
			flexible = &widths[c];
	}
	if (flexible && total > screen) {
		int left = *flexible - (total - screen);
		*flexible = left > FLEXIBLE_MIN ? left : FLEXIBLE_MIN;
	}
}

/* Returns the spaces that are left to its right. */
static int put_cell(
	struct output *out, const struct column *column, int width, const struct cell *cell)
{
	int used = text_width(cell->text);
	size_t len = strlen(cell->text);
	bool cut = used > width;
	if (cut)
		len = text_fit(cell->text, width - 1, &used);
	int padding = width - used - cut;
	fprintf(out->stream, "%*s", column->right ? padding : 0, "");
	put(out, cell->style, cell->text, len);
	fputs(cut ? "\u2026" : "", out->stream);
	return column->right ? 0 : padding;
}

static void print_aligned(
	const struct table *table, struct output *out, const int widths[], const struct cell *row)
{
	int spaces = 0;
	for (size_t c = 0; c < table->column_count; c++) {
		if (table->columns[c].hidden)
			continue;
		fprintf(out->stream, "%*s", spaces, "");
		spaces = GAP + put_cell(out, &table->columns[c], widths[c], &row[c]);
	}
	fputc('\n', out->stream);
}

static void print_tabbed(const struct table *table, struct output *out, const struct cell *row)
{
	for (size_t c = 0; c < table->column_count; c++) {
		put(out, row[c].style, row[c].text, strlen(row[c].text));
		fputc(c + 1 < table->column_count ? '\t' : '\n', out->stream);
	}
}

void table_print(struct table *table, struct output *out)
{
	int widths[COLUMNS_MAX] = {0};
	struct cell titles[COLUMNS_MAX] = {0};
	for (size_t c = 0; c < table->column_count; c++)
		titles[c] = (struct cell){(char *)table->columns[c].title, BOLD};
	if (out->terminal)
		measure(table, out->width, widths);
	if (out->terminal && table->count && titles[0].text)
		print_aligned(table, out, widths, titles);
	for (size_t i = 0; i < table->count; i += table->column_count) {
		if (out->terminal)
			print_aligned(table, out, widths, &table->cells[i]);
		else
			print_tabbed(table, out, &table->cells[i]);
	}
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i].text);
	free(table->cells);
}
