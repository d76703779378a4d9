/* `tidings why`: when a feed is polled next, which rule decided that, by what its items are known,
 * and what its last polls came to; and why the items of a story are in it. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/text.h"

enum { LABELS_WIDTH = 12, TEXT_MIN = 20, EVIDENCE_BYTES = 256 };

/* What a cosine means to people: how likely two items with it tell of the same. */
#define ALIKE  0.4
#define LIKELY 0.28

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

static void level(struct why *w, const json_t *grouping)
{
	const char *name = field_text(grouping, "level"), *from = field_text(grouping, "from");
	bool off = strcmp(name, "off") == 0;

	fact(w, PLAIN, "stories", "%s, set for %s%s", name,
		strcmp(from, "feed") == 0     ? "this feed"
		: strcmp(from, "folder") == 0 ? "its folder"
					      : "all feeds",
		off ? ": only what has the same address is one" : "");
}

static void move(struct why *w, const json_t *feed, const json_t *is)
{
	const json_t *from = json_object_get(is, "from");
	const char *to = field_text(feed, "moved_url"), *moved = field_text(is, "moved");
	long long polls = field_int(is, "polls"), needed = field_int(is, "polls_needed");

	if (*to)
		fact(w, YELLOW, "moves to",
			"%s: poll %lld of %lld that was sent on there; not before %s", to,
			polls < needed ? polls : needed, needed,
			output_moment(w->out, field_text(is, "not_before"), "the next"));
	for (size_t i = 0; i < json_array_size(from); i++)
		fact(w, PLAIN, i ? "" : "moved from", "%s%s%s",
			json_string_value(json_array_get(from, i)), !i && *moved ? ", " : "",
			!i && *moved ? output_moment(w->out, moved, "") : "");
}

static void state(struct why *w, const json_t *feed)
{
	const json_t *rhythm = json_object_get(feed, "rhythm");
	const json_t *repairs = json_object_get(feed, "repairs");
	bool seen = field_int(rhythm, "usual_s") > 0;
	char words[WORDS_BYTES];

	level(w, json_object_get(feed, "grouping"));
	if (*feed_error(feed))
		fact(w, RED, "failing", "%s (failed polls: %lld)", feed_error(feed),
			field_int(json_object_get(feed, "error"), "count"));
	if (field_true(feed, "silent"))
		fact(w, YELLOW, "silent", "nothing new since %s; usually every %s",
			output_moment(w->out, field_text(feed, "silent_since"), ""),
			span_words(field_int(rhythm, "usual_s"), words));
	if (field_int(rhythm, "item_every_s"))
		fact(w, PLAIN, "rhythm", "%s%s%s; items in its document: %lld",
			seen ? "an item every " : "not known yet",
			seen ? span_words(field_int(rhythm, "item_every_s"), words) : "",
			seen ? " or so" : "", field_int(rhythm, "items_in_document"));
	if (*field_text(rhythm, "missed"))
		fact(w, YELLOW, "missed", "items may have been missed before %s",
			output_moment(w->out, field_text(rhythm, "missed"), ""));
	move(w, feed, json_object_get(feed, "move"));
	for (size_t i = 0; i < json_array_size(repairs); i++)
		fact(w, YELLOW, i ? "" : "repaired", "%s",
			json_string_value(json_array_get(repairs, i)));
}

static void identity(struct why *w, const json_t *feed)
{
	const json_t *is = json_object_get(feed, "identity");
	const char *since = field_text(is, "since"), *rekeyed = field_text(is, "rekeyed");

	fact(w, PLAIN, "items", "known %s%s%s", field_text(is, "text"), *since ? "; since " : "",
		*since ? output_moment(w->out, since, "") : "");
	if (*rekeyed)
		fact(w, PLAIN, "re-keyed",
			"%s: ids or addresses changed at once; items known all the same: %lld",
			output_moment(w->out, rekeyed, ""), field_int(is, "rekeyed_items"));
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
	identity(&w, feed);
	state(&w, feed);
	table_print(&w.table, out);
	fetches(out, json_object_get(feed, "fetches"));
}

/* -- a story -- */

/* ": putin, kim, pyongyang" */
static void evidence_words(const json_t *member, char words[EVIDENCE_BYTES])
{
	const json_t *list = json_object_get(member, "evidence");
	size_t len = 0;

	words[0] = '\0';
	for (size_t i = 0; i < json_array_size(list) && len < EVIDENCE_BYTES; i++)
		len += (size_t)snprintf(words + len, EVIDENCE_BYTES - len, "%s%s", i ? ", " : ": ",
			json_string_value(json_array_get(list, i)));
}

static void put_reason(struct why *w, const json_t *member)
{
	const char *reason = field_text(member, "reason");
	double score = json_number_value(json_object_get(member, "score"));
	char words[EVIDENCE_BYTES];

	evidence_words(member, words);
	if (strcmp(reason, "near-duplicate") == 0)
		fact(w, PLAIN, "", "the same text: %.0f %% of it", score * 100);
	else if (strcmp(reason, "same-url") == 0)
		fact(w, PLAIN, "", "the same article: its address is that of another item");
	else if (strcmp(reason, "same-event") == 0)
		fact(w, PLAIN, "", "tells of the same, %s (%.2f)%s",
			score >= ALIKE    ? "very alike"
			: score >= LIKELY ? "alike"
					  : "just alike enough",
			score, words);
	else
		fact(w, PLAIN, "", "%s",
			strcmp(reason, "first") == 0    ? "opened the story"
			: strcmp(reason, "manual") == 0 ? "you put it there"
							: reason);
	if (field_true(member, "pinned"))
		fact(w, PLAIN, "", "pinned: it stays there");
}

static void kept_apart(struct why *w, const json_t *others)
{
	for (size_t i = 0; i < json_array_size(others); i++)
		fact(w, PLAIN, i ? "" : "apart", "you keep it apart from story %lld",
			(long long)json_integer_value(json_array_get(others, i)));
}

static void print_why_story(struct output *out, const json_t *story)
{
	static const struct column columns[] = {{0}, {0}};
	const json_t *members = json_object_get(story, "members");
	struct why w = {TABLE(columns), out};

	fact(&w, BOLD, "story", "%s", field_text(story, "title"));
	fact(&w, PLAIN, "told by", "feeds: %lld, items: %lld", field_int(story, "sources"),
		field_int(story, "items"));
	kept_apart(&w, json_object_get(story, "apart"));
	for (size_t i = 0; i < json_array_size(members); i++) {
		const json_t *member = json_array_get(members, i);

		fact(&w, PLAIN, output_moment(out, field_text(member, "received"), ""), "%s: %s",
			field_text(member, "source"), field_text(member, "title"));
		put_reason(&w, member);
	}
	table_print(&w.table, out);
}

static int why_story(struct cli *cli, const char *text)
{
	json_t *story;
	long id;

	if (!options_number(text, INT32_MAX, &id))
		return cli_fail(
			EXIT_USAGE, "'%.80s' is no story's number; see 'tidings list'", text);
	if (cli_call(cli, "GET", NULL, &story, "/api/v1/stories/%ld", id) < 0)
		return cli_fail_call(cli);
	if (!cli_print_json(cli, story))
		print_why_story(&cli->out, story);
	json_decref(story);
	return EXIT_DONE;
}

static int why_feed(struct cli *cli, const char *name)
{
	json_t *feeds, *found, *feed = NULL;
	int rc = feeds_load(cli, &feeds);
	if (rc)
		return rc;
	rc = feeds_find(feeds, name, &found);
	if (rc == 0 &&
		cli_call(cli, "GET", NULL, &feed, "/api/v1/feeds/%lld", field_int(found, "id")) < 0)
		rc = cli_fail_call(cli);
	if (rc == 0 && !cli_print_json(cli, feed))
		print_why(&cli->out, feed);
	json_decref(feed);
	json_decref(feeds);
	return rc;
}

int cmd_why(struct cli *cli)
{
	const struct options *o = cli->options;

	if (o->count == 1)
		return why_feed(cli, o->arguments[0]);
	if (strcmp(o->arguments[0], "story") == 0)
		return why_story(cli, o->arguments[1]);
	return cli_fail(EXIT_USAGE, "name one feed, or 'story' and its number");
}
