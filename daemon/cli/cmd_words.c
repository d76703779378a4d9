/* `tidings merge`, `split`, `apart`, `pin`, `unpin`, `never`: what users say of stories, which
 * stays said. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"

/* Numbers from the command line, from `first` on. */
static int read_ids(struct cli *cli, int first, json_t **ret_ids)
{
	const struct options *o = cli->options;
	json_t *ids = json_array();
	for (int i = first; i < o->count; i++) {
		long id;
		if (!options_number(o->arguments[i], INT32_MAX, &id)) {
			json_decref(ids);
			return cli_fail(EXIT_USAGE,
				"'%.80s' is no number of a story or an item; see 'tidings list' "
				"and "
				"'tidings show'",
				o->arguments[i]);
		}
		json_array_append_new(ids, json_integer(id));
	}
	*ret_ids = ids;
	return 0;
}

static int print_story(struct cli *cli, const char *words, json_t *story)
{
	if (!cli_print_json(cli, story))
		output_line(&cli->out, PLAIN, "%s %lld, items: %lld: %s", words,
			field_int(story, "id"), field_int(story, "items"),
			field_text(story, "title"));
	json_decref(story);
	return EXIT_DONE;
}

/* merge STORY STORY..., split STORY ITEM..., apart STORY STORY... */
int cmd_words(struct cli *cli)
{
	static const struct {
		const char *command, *member, *words;
	} all[] = {{"merge", "stories", "merged into story"},
		{"split", "items", "split off as story"},
		{"apart", "stories", "kept apart: story"}};
	size_t n = 0;
	json_t *ids, *story;
	int rc = read_ids(cli, 0, &ids);
	if (rc)
		return rc;
	while (strcmp(all[n].command, cli->command) != 0)
		n++;
	json_int_t first = json_integer_value(json_array_get(ids, 0));
	json_array_remove(ids, 0);
	if (cli_call(cli, "POST", json_pack("{so}", all[n].member, ids), &story,
		    "/api/v1/stories/%lld/%s", (long long)first, cli->command) < 0)
		return cli_fail_call(cli);
	return print_story(cli, all[n].words, story);
}

int cmd_pin(struct cli *cli)
{
	bool pin = strcmp(cli->command, "pin") == 0;
	json_t *ids, *story;
	int rc = read_ids(cli, 0, &ids);
	for (size_t i = 0; rc == 0 && i < json_array_size(ids); i++) {
		if (cli_call(cli, "PATCH", json_pack("{sb}", "pinned", pin), &story,
			    "/api/v1/stories/%lld",
			    (long long)json_integer_value(json_array_get(ids, i))) < 0)
			rc = cli_fail_call(cli);
		else
			rc = print_story(
				cli, pin ? "pinned: story" : "no longer pinned: story", story);
	}
	json_decref(ids);
	return rc;
}

static int print_hosts(struct cli *cli, json_t *answer)
{
	const json_t *hosts = json_object_get(answer, "hosts");
	if (!cli_print_json(cli, answer)) {
		for (size_t i = 0; i < json_array_size(hosts); i++)
			output_line(&cli->out, PLAIN, "%s",
				json_string_value(json_array_get(hosts, i)));
	}
	json_decref(answer);
	return EXIT_DONE;
}

int cmd_never(struct cli *cli)
{
	const struct options *o = cli->options;
	json_t *answer;
	if (o->list ? o->count || o->undo : !o->count)
		return cli_fail(EXIT_USAGE, "name a host, or say --list");
	int rc = o->list ? cli_call(cli, "GET", NULL, &answer, "/api/v1/stories/never")
			 : cli_call(cli, "POST",
				   json_pack("{sssb}", "host", o->arguments[0], "never", !o->undo),
				   &answer, "/api/v1/stories/never");
	return rc < 0 ? cli_fail_call(cli) : print_hosts(cli, answer);
}

/* "2d" ago as RFC 3339. */
static bool read_age(const char *text, char moment[32])
{
	static const struct {
		const char *name;
		long seconds;
	} units[] = {{"m", 60}, {"h", 3600}, {"d", 86400}};
	char *unit;
	long number = strtol(text, &unit, 10);
	time_t then;
	struct tm utc;
	size_t n = 0;
	while (n < 3 && strcmp(unit, units[n].name) != 0)
		n++;
	if (n == 3 || number < 1 || number > 100000)
		return false;
	then = time(NULL) - number * units[n].seconds;
	return gmtime_r(&then, &utc) && strftime(moment, 32, "%Y-%m-%dT%H:%M:%SZ", &utc) > 0;
}

int cmd_stories(struct cli *cli)
{
	const struct options *o = cli->options;
	char since[32];
	if (strcmp(o->arguments[0], "rebuild") != 0 || !o->since)
		return cli_fail(EXIT_USAGE, "stories: see 'tidings stories --help'");
	if (!read_age(o->since, since))
		return cli_fail(EXIT_USAGE, "'%.80s' is no age; say 2d, 36h or 90m", o->since);
	if (cli_call(cli, "POST", json_pack("{ss}", "since", since), NULL,
		    "/api/v1/stories/rebuild") < 0)
		return cli_fail_call(cli);
	return cli_follow(cli, "/api/v1/stories/rebuild");
}
