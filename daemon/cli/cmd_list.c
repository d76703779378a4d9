/* `tidings list` and `tidings new`: stories, one line each. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/cursor.h"

enum { LIST_DEFAULT = 30 };

/* -- a story in one line -- */

static const char *story_state(const struct output *out, const json_t *story)
{
	static const char *const states[2][4] = {
		{"unread", "read", "unread,starred", "read,starred"},
		{"\u2022 ", "  ", "\u2022\u2605", " \u2605"}};
	return states[out->terminal][field_true(story, "starred") * 2 + field_true(story, "read")];
}

static void story_row(
	struct table *table, struct output *out, const json_t *story, const char *state)
{
	const char *title = field_text(story, "title"), *time = field_text(story, "published");
	const char *source = field_text(story, "source");
	long long others = field_int(story, "sources") - 1;
	if (!*time)
		time = field_text(story, "first_seen");
	table_cell(table, DIM, "%lld", field_int(story, "id"));
	table_cell(table, DIM, "%s", output_time(out, time, ""));
	table_cell(table, YELLOW, "%s", state ? state : story_state(out, story));
	if (others > 0)
		table_cell(table, PLAIN, "%s +%lld", source, others);
	else
		table_cell(table, PLAIN, "%s", source);
	table_cell(table, field_true(story, "read") ? PLAIN : BOLD, "%s",
		*title ? title : "(no title)");
	table_cell(table, PLAIN, "%s", field_text(story, "url"));
}

void stories_print(struct output *out, const json_t *stories, const char *state)
{
	static const struct column columns[] = {
		{.right = true},    /* id */
		{.right = true},    /* time */
		{0},                /* unread and starred */
		{.max = 24},        /* source */
		{.flexible = true}, /* title */
		{.hidden = true},   /* link */
	};
	struct table table = TABLE(columns);
	for (size_t i = 0; i < json_array_size(stories); i++)
		if (!field_true(json_array_get(stories, i), "deleted"))
			story_row(&table, out, json_array_get(stories, i), state);
	table_print(&table, out);
}

/* -- list -- */

int cmd_list(struct cli *cli)
{
	const struct options *o = cli->options;
	char path[FILTER_BYTES];
	json_t *stories;
	snprintf(path, sizeof(path), "/api/v1/stories?dir=desc%s%s", o->unread ? "&read=false" : "",
		o->starred ? "&starred=true" : "");
	int rc = feeds_filter(cli, path);
	if (rc == 0)
		rc = cli_list(cli, path, "stories", "cursor",
			o->limit ? o->limit
			: o->all ? CLI_ALL_MAX
				 : LIST_DEFAULT,
			&stories);
	if (rc)
		return rc;
	if (!cli_print_json(cli, stories))
		stories_print(&cli->out, json_object_get(stories, "stories"), NULL);
	json_decref(stories);
	return EXIT_DONE;
}

/* -- new -- */

struct news {
	char path[CURSOR_PATH_BYTES];
	char cursor[CURSOR_BYTES]; /* where to go on */
	bool over;                 /* started over */
	json_t *stories;           /* in the order they came */
};

static int news_open(struct cli *cli, struct news *news)
{
	if (cursor_path(cli->options->cursor, news->path) < 0)
		return cli_fail(EXIT_FAILED,
			"no place for the cursor: %s; name a file with --cursor", strerror(errno));
	if (cursor_read(news->path, news->cursor) < 0)
		return cli_fail(EXIT_FAILED,
			"%s: %s; remove it to start again, or name another file with --cursor",
			news->path,
			errno == EINVAL ? "is no cursor of 'tidings new'" : strerror(errno));
	return 0;
}

/* The log does not begin at the cursor: what is left of it is told, and that something may be
 * missing. */
static int start_over(struct cli *cli, struct news *news)
{
	json_t *root;
	if (tidings_last_error(cli->tidings)->status != 410 || news->over ||
		cli_call(cli, "GET", NULL, &root, "/api/v1/") < 0)
		return cli_fail_call(cli);
	if (*news->cursor)
		cli_fail(0, "too long ago, or the database is another one: stories may be missing "
			    "here");
	snprintf(news->cursor, sizeof(news->cursor), "%.96s-%lld", field_text(root, "epoch"),
		field_int(root, "min_seq"));
	json_decref(root);
	news->over = true;
	return 0;
}

static void take_changes(struct news *news, const json_t *changes)
{
	for (size_t i = 0; i < json_array_size(changes); i++) {
		const json_t *change = json_array_get(changes, i);
		const json_t *stories = json_object_get(change, "stories");
		for (size_t j = 0; j < json_array_size(stories); j++) {
			json_t *story = json_array_get(stories, j);
			if (!field_true(change, "initial") && !field_true(story, "deleted"))
				json_array_append(news->stories, story);
		}
	}
}

static int news_fetch(struct cli *cli, struct news *news)
{
	bool more = true;
	while (more) {
		json_t *page;
		if (cli_call(cli, "GET", NULL, &page,
			    "/api/v1/changes?kinds=story.new&limit=500&since=%s",
			    *news->cursor ? news->cursor : "0") < 0) {
			int rc = start_over(cli, news);
			if (rc)
				return rc;
			continue;
		}
		take_changes(news, json_object_get(page, "changes"));
		more = field_true(page, "more");
		snprintf(news->cursor, sizeof(news->cursor), "%.96s-%lld",
			field_text(page, "epoch"), field_int(page, "seq"));
		json_decref(page);
	}
	return 0;
}

/* The cursor moves only after everything was written: what the reader did not get is told again. */
static int news_print(struct cli *cli, struct news *news)
{
	json_t *document = json_pack("{sOss}", "stories", news->stories, "cursor", news->cursor);
	if (!cli_print_json(cli, document))
		stories_print(&cli->out, news->stories, NULL);
	json_decref(document);
	if (output_flush(&cli->out) < 0)
		return EXIT_FAILED;
	if (cursor_write(news->path, news->cursor) < 0)
		return cli_fail(EXIT_FAILED,
			"cannot write %s: %s; the next 'tidings new' will repeat this, or name "
			"another file with --cursor",
			news->path, strerror(errno));
	return json_array_size(news->stories) ? EXIT_DONE : EXIT_NOTHING;
}

int cmd_new(struct cli *cli)
{
	struct news news = {.stories = json_array()};
	int rc = news_open(cli, &news);
	if (rc == 0)
		rc = news_fetch(cli, &news);
	if (rc == 0)
		rc = news_print(cli, &news);
	json_decref(news.stories);
	return rc;
}
