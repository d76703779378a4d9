/* `tidings labels`, `label`: the labels that users put on items. */
#include <stdlib.h>

#include "cli/cli.h"

static long long unread_of(const json_t *counts, long long id)
{
	const json_t *list = json_object_get(counts, "labels");
	for (size_t i = 0; i < json_array_size(list); i++)
		if (field_int(json_array_get(list, i), "id") == id)
			return field_int(json_array_get(list, i), "unread");
	return 0;
}

static void print_labels(struct cli *cli, const json_t *list)
{
	static const struct column columns[] = {
		{.right = true}, /* unread */
		{0},             /* name */
	};
	struct table table = TABLE(columns);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *label = json_array_get(list, i);
		table_cell(&table, DIM, "%lld", field_int(label, "unread"));
		table_cell(&table, PLAIN, "%s", field_text(label, "name"));
	}
	table_print(&table, &cli->out);
}

int cmd_labels(struct cli *cli)
{
	json_t *labels, *counts = NULL;
	if (cli_call(cli, "GET", NULL, &labels, "/api/v1/labels") < 0)
		return cli_fail_call(cli);
	if (cli_call(cli, "GET", NULL, &counts, "/api/v1/counts") < 0) {
		json_decref(labels);
		return cli_fail_call(cli);
	}
	const json_t *list = json_object_get(labels, "labels");
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *label = json_array_get(list, i);
		json_object_set_new(
			label, "unread", json_integer(unread_of(counts, field_int(label, "id"))));
	}
	if (!cli_print_json(cli, labels))
		print_labels(cli, list);
	json_decref(counts);
	json_decref(labels);
	return EXIT_DONE;
}

int cmd_label(struct cli *cli)
{
	const struct options *o = cli->options;
	json_t *names, *item;
	long id;
	if (!options_number(o->arguments[0], INT32_MAX, &id))
		return cli_fail(EXIT_USAGE, "'%.80s' is no item's number; see 'tidings show'",
			o->arguments[0]);
	names = json_array();
	for (int i = 1; i < o->count; i++)
		json_array_append_new(names, json_string(o->arguments[i]));
	if (cli_call(cli, "PATCH",
		    json_pack("{s{so}}", "labels", o->undo ? "remove" : "add", names), &item,
		    "/api/v1/items/%ld", id) < 0)
		return cli_fail_call(cli);
	if (!cli_print_json(cli, item)) {
		const json_t *list = json_object_get(item, "labels");
		output_line(&cli->out, PLAIN, "labels of item %ld: %zu", id, json_array_size(list));
		for (size_t i = 0; i < json_array_size(list); i++)
			output_line(
				&cli->out, PLAIN, "%s", json_string_value(json_array_get(list, i)));
	}
	json_decref(item);
	return EXIT_DONE;
}
