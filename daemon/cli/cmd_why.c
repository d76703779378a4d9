/* `tidings why`: when a feed is polled next, which rule decided that, and what its last polls came
 * to. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/text.h"

enum { LABELS_WIDTH = 12, TEXT_MIN = 20 };

struct why {
	struct table table;
	struct output *out;
};

/* A line, or on a narrow terminal several: sentences are broken, not cut. */
__attribute__((format(printf, 4, 5))) static void fact(
	struct why *w, enum style style, const char *label, const char *format, ...)
{
	int columns = w->out->width - LABELS_WIDTH;
	va_list args;

	va_start(args, format);
	char *text = text_format(format, args), *at = text;
	va_end(args);
	if (w->out->width && columns < TEXT_MIN)
		columns = TEXT_MIN;
	do {
		size_t len = text_break(at, strlen(at), columns);

		table_cell(&w->table, DIM, "%s", label);
		table_cell(&w->table, style, "%.*s", (int)len, at);
		at += len;
		at += strspn(at, " ");
		label = "";
	} while (*at);
	free(text);
}

/* The time that counts: what the feed waits for may last beyond its due time. */
static void next_poll(struct why *w, const json_t *feed)
{
	const json_t *waits = json_object_get(feed, "waits");
	const char *what = field_text(waits, "for"), *until = field_text(waits, "until");

	const char *due = field_text(feed, "next_due");

	if (strcmp(what, "answer") == 0)
		fact(w, PLAIN, "next poll", "now");
	else if (*until || strcmp(what, "nothing") == 0)
		fact(w, PLAIN, "next poll", "%s", output_moment(w->out, until, "never"));
	else
		fact(w, PLAIN, "next poll", "as soon as it may; due since %s",
			output_moment(w->out, due, "now"));
	fact(w, PLAIN, "why", "%s",
		*field_text(feed, "due_reason") ? field_text(feed, "due_reason")
						: "not polled yet");
	if (strcmp(what, "due-time") != 0)
		fact(w, YELLOW, "waits", "%s", field_text(waits, "text"));
}

static void candidates(struct why *w, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *c = json_array_get(list, i);

		fact(w, PLAIN,
			i == 0   ? "decided by"
			: i == 1 ? "not by"
				 : "",
			"%s, %s: %s", field_text(c, "text"), field_text(c, "source"),
			output_moment(w->out, field_text(c, "due"), "never"));
	}
}

static void state(struct why *w, const json_t *feed)
{
	const json_t *rhythm = json_object_get(feed, "rhythm");
	const json_t *repairs = json_object_get(feed, "repairs");
	char words[WORDS_BYTES];

	if (*feed_error(feed))
		fact(w, RED, "failing", "%s (failed polls: %lld)", feed_error(feed),
			field_int(json_object_get(feed, "error"), "count"));
	if (field_true(feed, "silent"))
		fact(w, YELLOW, "silent", "nothing new since %s; usually every %s",
			output_moment(w->out, field_text(feed, "silent_since"), ""),
			span_words(field_int(rhythm, "usual_s"), words));
	if (field_int(rhythm, "item_every_s"))
		fact(w, PLAIN, "rhythm", "an item every %s or so; items in its document: %lld",
			span_words(field_int(rhythm, "item_every_s"), words),
			field_int(rhythm, "items_in_document"));
	if (*field_text(rhythm, "missed"))
		fact(w, YELLOW, "missed", "items may have been missed before %s",
			output_moment(w->out, field_text(rhythm, "missed"), ""));
	if (*field_text(feed, "moved_url"))
		fact(w, PLAIN, "moves to", "%s", field_text(feed, "moved_url"));
	for (size_t i = 0; i < json_array_size(repairs); i++)
		fact(w, YELLOW, i ? "" : "repaired", "%s",
			json_string_value(json_array_get(repairs, i)));
}

static void fetches(struct output *out, const json_t *list)
{
	static const struct column columns[] = {{.title = "POLLED"},
		{.title = "OUTCOME", .flexible = true}, {.title = "HTTP", .right = true},
		{.title = "BYTES", .right = true}, {.title = "TOOK", .right = true},
		{.title = "NEW", .right = true}};
	struct table table = TABLE(columns);

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *f = json_array_get(list, i);
		bool ok = strcmp(field_text(f, "outcome"), "ok") == 0;

		table_cell(&table, PLAIN, "%s", output_moment(out, field_text(f, "time"), ""));
		table_cell(&table, ok ? GREEN : RED, "%s", field_text(f, "outcome"));
		table_cell(&table, PLAIN, "%lld", field_int(f, "http_status"));
		table_cell(&table, PLAIN, "%lld", field_int(f, "bytes"));
		table_cell(&table, PLAIN, "%lld ms", field_int(f, "duration_ms"));
		table_cell(&table, PLAIN, "%lld", field_int(f, "new_items"));
	}
	if (table.count)
		fputc('\n', out->stream);
	table_print(&table, out);
}

static void print_why(struct output *out, const json_t *feed)
{
	static const struct column columns[] = {{0}, {0}};
	struct why w = {TABLE(columns), out};

	fact(&w, BOLD, "feed", "%s", field_text(feed, "name"));
	fact(&w, PLAIN, "address", "%s", field_text(feed, "url"));
	next_poll(&w, feed);
	candidates(&w, json_object_get(json_object_get(feed, "why"), "candidates"));
	state(&w, feed);
	table_print(&w.table, out);
	fetches(out, json_object_get(feed, "fetches"));
}

int cmd_why(struct cli *cli)
{
	json_t *feeds, *found, *feed = NULL;
	int rc = feeds_load(cli, &feeds);
	if (rc)
		return rc;
	rc = feeds_find(feeds, cli->options->arguments[0], &found);
	if (rc == 0 &&
		cli_call(cli, "GET", NULL, &feed, "/api/v1/feeds/%lld", field_int(found, "id")) < 0)
		rc = cli_fail_call(cli);
	if (rc == 0 && !cli_print_json(cli, feed))
		print_why(&cli->out, feed);
	json_decref(feed);
	json_decref(feeds);
	return rc;
}
