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

/* Every unread story, within --feed and --folder, a page at a time. */
static int set_all(struct cli *cli, const struct change *change, long long *changed)
{
	char path[256] = "/api/v1/stories?read=false";
	json_t *page, *answer;
	bool more;
	int rc = feeds_filter(cli, path, sizeof(path));
	if (rc)
		return rc;
	do {
		rc = cli_list(cli, path, "stories", "cursor", CLI_PAGE, &page);
		if (rc)
			return rc;
		json_t *body = json_pack("{s[]so}", "ids", "set", state_of(change));
		const json_t *list = json_object_get(page, "stories");
		for (size_t i = 0; i < json_array_size(list); i++)
			json_array_append(json_object_get(body, "ids"),
				json_object_get(json_array_get(list, i), "id"));
		*changed += (long long)json_array_size(list);
		json_decref(page);
		if (cli_call(cli, "POST", body, &answer, "/api/v1/stories/batch") < 0)
			return cli_fail_call(cli);
		more = field_int(answer, "changed") > 0;
		json_decref(answer);
	} while (more);
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
