/* `tidings status`: how the daemon is doing. */
#include "cli/cli.h"
#include "cli/text.h"

static const char *late_words(const json_t *status, const char *key, char out[WORDS_BYTES])
{
	long long ms = field_int(json_object_get(status, "polls"), key);

	if (ms >= 1000)
		return span_words(ms / 1000, out);
	snprintf(out, WORDS_BYTES, "%lld ms", ms);
	return out;
}

static void print_status(struct cli *cli, const json_t *status)
{
	static const struct column columns[] = {{0}, {.flexible = true}};
	static const char *const counts[] = {"items", "stories", "unread", "starred", "clients"};
	const json_t *feeds = json_object_get(status, "feeds");
	const json_t *store = json_object_get(status, "store");
	const json_t *loop = json_object_get(status, "loop");
	struct table table = TABLE(columns);
	char half[WORDS_BYTES], most[WORDS_BYTES];
	table_cell(&table, DIM, "daemon");
	table_cell(&table, PLAIN, "tidingsd %s, process %lld", field_text(status, "version"),
		field_int(status, "pid"));
	table_cell(&table, DIM, "socket");
	table_cell(&table, PLAIN, "%s", tidings_socket(cli->tidings));
	table_cell(&table, DIM, "started");
	table_cell(&table, PLAIN, "%s", output_time(&cli->out, field_text(status, "started"), ""));
	table_cell(&table, DIM, "feeds");
	table_cell(&table, PLAIN, "%lld (%lld due, %lld being polled, %lld failing, %lld gone)",
		field_int(feeds, "total"), field_int(feeds, "due"), field_int(feeds, "polling"),
		field_int(feeds, "failing"), field_int(feeds, "gone"));
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		table_cell(&table, DIM, "%s", counts[i]);
		table_cell(&table, PLAIN, "%lld", field_int(status, counts[i]));
	}
	table_cell(&table, DIM, "database");
	table_cell(&table, PLAIN, "%s, %.1f MB, %lld waiting", field_text(store, "state"),
		(double)field_int(store, "bytes") / 1e6, field_int(store, "queue"));
	if (field_text(store, "error")[0]) {
		table_cell(&table, DIM, "trouble");
		table_cell(&table, PLAIN, "nothing can be stored, no feed is polled: %s",
			field_text(store, "error"));
	}
	table_cell(&table, DIM, "lateness");
	table_cell(&table, PLAIN, "under %s (half of the polls), under %s (99th percentile)",
		late_words(status, "late_ms_p50", half), late_words(status, "late_ms_p99", most));
	table_cell(&table, DIM, "loop lag");
	table_cell(&table, PLAIN, "%.1f ms (99th percentile)",
		json_number_value(json_object_get(loop, "lag_ms_p99")));
	table_print(&table, &cli->out);
}

int cmd_status(struct cli *cli)
{
	json_t *status;
	if (cli_call(cli, "GET", NULL, &status, "/api/v1/status") < 0)
		return cli_fail_call(cli);
	if (!cli_print_json(cli, status))
		print_status(cli, status);
	json_decref(status);
	return EXIT_DONE;
}
