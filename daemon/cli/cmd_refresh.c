/* `tidings refresh`: polls feeds now, waits, and says what came of it. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

/* Puts the feeds that were named, or all, into `chosen`. */
static int choose(struct cli *cli, const json_t *feeds, json_t *chosen)
{
	const struct options *o = cli->options;
	if (o->count == 0)
		json_array_extend(chosen, json_object_get(feeds, "feeds"));
	for (int i = 0; i < o->count; i++) {
		json_t *feed;
		int rc = feeds_find(feeds, o->arguments[i], &feed);
		if (rc)
			return rc;
		json_array_append(chosen, feed);
	}
	return 0;
}

/* Asks for the polls, and puts what will be polled into `started`: a feed that may not be polled
 * again yet is an answer about this feed, not the end. */
static int start(struct cli *cli, const json_t *chosen, json_t *started, int *worst)
{
	const struct tidings_error *error = tidings_last_error(cli->tidings);
	size_t count = json_array_size(chosen);
	for (size_t i = 0; i < count; i++) {
		json_t *feed = json_array_get(chosen, i);
		if (cli_call(cli, "POST", NULL, NULL, "/api/v1/feeds/%lld/refresh",
			    field_int(feed, "id")) == 0)
			json_array_append(started, feed);
		else if (error->status != 429)
			return cli_fail_call(cli);
		else if (cli->options->count)
			*worst = cli_fail(
				EXIT_FAILED, "%s: %s", field_text(feed, "name"), error->text);
	}
	if (json_array_size(started) < count && !cli->options->count)
		cli_fail(0, "%zu of %zu feeds may not be polled again yet",
			count - json_array_size(started), count);
	return 0;
}

static void result_row(struct table *table, const json_t *before, const json_t *feed)
{
	long long added = field_int(feed, "items") - field_int(before, "items");
	table_cell(table, DIM, "%lld", field_int(before, "id"));
	table_cell(table, PLAIN, "%s", field_text(before, "name"));
	if (!feed)
		table_cell(table, RED, "not polled yet; 'tidings feeds' will tell");
	else if (*feed_error(feed))
		table_cell(table, RED, "%s", feed_error(feed));
	else if (added > 0)
		table_cell(table, PLAIN, "%lld new", added);
	else
		table_cell(table, PLAIN, "nothing new");
}

/* Waits for each and puts it, as it is then, into `polled`. */
static int wait_for_all(struct cli *cli, const json_t *started, json_t *polled, int *worst)
{
	static const struct column columns[] = {{.right = true}, {.max = 32}, {.flexible = true}};
	struct table table = TABLE(columns);
	time_t end = time(NULL) + FEED_WAIT_S;
	int rc = 0;
	for (size_t i = 0; i < json_array_size(started) && rc == 0; i++) {
		json_t *feed;
		rc = feed_wait(cli, json_array_get(started, i), end, &feed);
		if (!feed || *feed_error(feed))
			*worst = EXIT_FAILED;
		if (!cli->options->json)
			result_row(&table, json_array_get(started, i), feed);
		if (feed)
			json_array_append_new(polled, feed);
	}
	table_print(&table, &cli->out);
	return rc;
}

int cmd_refresh(struct cli *cli)
{
	json_t *feeds = NULL, *chosen = json_array(), *started = json_array();
	json_t *document = json_pack("{s[]}", "feeds");
	int worst = EXIT_DONE;
	int rc = feeds_load(cli, &feeds);
	if (rc == 0)
		rc = choose(cli, feeds, chosen);
	if (rc == 0)
		rc = start(cli, chosen, started, &worst);
	if (rc == 0)
		rc = wait_for_all(cli, started, json_object_get(document, "feeds"), &worst);
	if (rc == 0)
		cli_print_json(cli, document);
	json_decref(document);
	json_decref(started);
	json_decref(chosen);
	json_decref(feeds);
	return rc ? rc : worst;
}
