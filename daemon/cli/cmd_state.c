/* `tidings read`, `unread`, `star`, `unstar`: the reading state of stories. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static const struct change {
	const char *command, *member;
	bool value;
	const char *words;
} changes[] = {
	{"read", "read", true, "read"},
	{"unread", "read", false, "unread"},
	{"star", "starred", true, "starred"},
	{"unstar", "starred", false, "not starred"},
};

/* A story is one line to the reader, who has seen all of it: reading it reads its reports, too. */
static json_t *state_of(const struct change *change)
{
	bool read = change->value && strcmp(change->member, "read") == 0;

	return json_pack(
		"{sb so*}", change->member, change->value, "reports", read ? json_true() : NULL);
}

static int set_named(struct cli *cli, const struct change *change, long long *changed)
{
	const struct options *o = cli->options;
	for (int i = 0; i < o->count; i++) {
		long id;
		if (!options_number(o->arguments[i], INT32_MAX, &id))
			return cli_fail(EXIT_USAGE,
				"'%.80s' is no story's number; see 'tidings list'",
				o->arguments[i]);
		if (cli_call(cli, "PATCH", state_of(change), NULL, "/api/v1/stories/%ld", id) < 0)
			return cli_fail_call(cli);
		++*changed;
	}
	return 0;
}

/* Every unread story, within --feed, --folder and --label, that is there by now. */
static int set_all(struct cli *cli, const struct change *change, long long *changed)
{
	long long feed, folder;
	json_t *answer;
	int rc = feeds_chosen(cli, &feed, &folder);
	if (rc)
		return rc;
	json_t *body = json_pack("{s{sb ss*}so}", "filter", "read", 0, "label", cli->options->label,
		"set", state_of(change));
	json_t *filter = json_object_get(body, "filter");
	if (feed)
		json_object_set_new(filter, "feed", json_integer(feed));
	if (folder)
		json_object_set_new(filter, "folder", json_integer(folder));
	if (cli_call(cli, "POST", body, &answer, "/api/v1/stories/batch") < 0)
		return cli_fail_call(cli);
	*changed = field_int(answer, "stories");
	json_decref(answer);
	return 0;
}

int cmd_state(struct cli *cli)
{
	const struct options *o = cli->options;
	const struct change *change = changes;
	long long changed = 0;
	while (strcmp(change->command, cli->command) != 0)
		change++;
	if (o->all == (o->count > 0))
		return cli_fail(EXIT_USAGE,
			"name the stories by their numbers%s; see 'tidings list'",
			o->all ? ", or say --all, not both" : "");
	int rc = o->all ? set_all(cli, change, &changed) : set_named(cli, change, &changed);
	if (rc)
		return rc;
	json_t *document = json_pack("{sI}", "changed", (json_int_t)changed);
	if (!cli_print_json(cli, document))
		output_line(&cli->out, PLAIN, "stories marked as %s: %lld", change->words, changed);
	json_decref(document);
	return EXIT_DONE;
}
