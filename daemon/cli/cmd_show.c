/* `tidings show`: one story with its text and everyone who tells it. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/text.h"

enum { READING_WIDTH = 90 }; /* longer lines are hard to read */

static void print_facts(struct output *out, const json_t *story)
{
	const char *title = field_text(story, "title"), *published = field_text(story, "published");
	output_line(out, BOLD, "%s", *title ? title : "(no title)");
	output_line(out, DIM, "story %lld, %s%s%s, %s%s%s, sources: %lld", field_int(story, "id"),
		field_text(story, "source"), *published ? ", " : "",
		output_time(out, published, ""), field_true(story, "read") ? "read" : "unread",
		field_true(story, "starred") ? ", starred" : "",
		field_true(story, "closed") ? ", closed" : "", field_int(story, "sources"));
	if (*field_text(story, "url"))
		output_line(out, PLAIN, "%s", field_text(story, "url"));
}

static void print_body(struct output *out, const json_t *story)
{
	const char *text = field_text(story, "text");
	if (!*text)
		text = field_text(story, "summary");
	if (!*text)
		return;
	char *clean = text_clean(text, strlen(text), CLEAN_LINES);
	fputc('\n', out->stream);
	text_wrap(out->stream, clean, out->width > READING_WIDTH ? READING_WIDTH : out->width);
	free(clean);
}

static void print_members(struct output *out, const json_t *members)
{
	for (size_t i = 0; i < json_array_size(members) && json_array_size(members) > 1; i++) {
		const json_t *member = json_array_get(members, i);
		const char *time = field_text(member, "published");
		if (!*time)
			time = field_text(member, "received");
		fputc('\n', out->stream);
		output_line(out, PLAIN, "%lld %s: %s", field_int(member, "item"),
			field_text(member, "source"), field_text(member, "title"));
		output_line(out, DIM, "    %s, %s, %s", output_time(out, time, ""),
			field_text(member, "reason"), field_text(member, "url"));
	}
}

int cmd_show(struct cli *cli)
{
	long id;
	json_t *story;
	if (!options_number(cli->options->arguments[0], INT32_MAX, &id))
		return cli_fail(EXIT_USAGE, "'%.80s' is no story's number; see 'tidings list'",
			cli->options->arguments[0]);
	if (cli_call(cli, "GET", NULL, &story, "/api/v1/stories/%ld?content=text", id) < 0)
		return cli_fail_call(cli);
	if (!cli_print_json(cli, story)) {
		print_facts(&cli->out, story);
		print_body(&cli->out, story);
		print_members(&cli->out, json_object_get(story, "members"));
	}
	json_decref(story);
	return EXIT_DONE;
}
