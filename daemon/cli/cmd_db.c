/* `tidings db`: looks after the daemon's database, while it is in use. */
#include <string.h>
#include <time.h>

#include "cli/cli.h"

enum { LOOK_MS = 200 };

static void print_stats(struct cli *cli, const json_t *db)
{
	static const struct column columns[] = {{0}, {.flexible = true}};
	static const char *const counts[] = {
		"feeds", "items", "revisions", "stories", "dropped", "changes"};
	struct table table = TABLE(columns);
	table_cell(&table, DIM, "size");
	table_cell(&table, PLAIN, "%.1f MB, %.1f MB of it unused; log %.1f MB",
		(double)field_int(db, "bytes") / 1e6, (double)field_int(db, "free_bytes") / 1e6,
		(double)field_int(db, "log_bytes") / 1e6);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		table_cell(&table, DIM, "%s", counts[i]);
		table_cell(&table, PLAIN, "%lld", field_int(db, counts[i]));
	}
	table_print(&table, &cli->out);
}

/* On one line of a terminal, which the next one replaces. */
static void print_progress(struct cli *cli, const json_t *task)
{
	long long total = field_int(task, "total");
	if (!cli->out.terminal || cli->options->json || total == 0)
		return;
	fprintf(cli->out.stream, "\r%s: %lld %%", cli->options->arguments[0],
		100 * field_int(task, "done") / total);
	fflush(cli->out.stream);
}

static int conclude(struct cli *cli, json_t *db)
{
	const json_t *task = json_object_get(db, "task");
	bool failed = strcmp(field_text(task, "state"), "done") != 0;
	if (cli->out.terminal && !cli->options->json)
		fputs("\r\033[K", cli->out.stream);
	if (!cli_print_json(cli, db) && !failed)
		output_line(&cli->out, PLAIN, "%s: done", cli->options->arguments[0]);
	return failed ? cli_fail(EXIT_FAILED, "%s", field_text(task, "detail")) : EXIT_DONE;
}

int cli_follow(struct cli *cli, const char *path)
{
	const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000};
	json_t *db;
	for (;;) {
		if (cli_call(cli, "GET", NULL, &db, "%s", path) < 0)
			return cli_fail_call(cli);
		const json_t *task = json_object_get(db, "task");
		if (strcmp(field_text(task, "state"), "running") != 0)
			break;
		print_progress(cli, task);
		json_decref(db);
		nanosleep(&pause, NULL);
	}
	int rc = conclude(cli, db);
	json_decref(db);
	return rc;
}

static int show_stats(struct cli *cli)
{
	json_t *db;
	if (cli_call(cli, "GET", NULL, &db, "/api/v1/db") < 0)
		return cli_fail_call(cli);
	if (!cli_print_json(cli, db))
		print_stats(cli, db);
	json_decref(db);
	return EXIT_DONE;
}

int cmd_db(struct cli *cli)
{
	static const struct {
		const char *name;
		int arguments;
	} tasks[] = {{"stats", 1}, {"check", 1}, {"compact", 1}, {"backup", 2}};
	const struct options *o = cli->options;
	size_t n = 0;
	while (n < 4 &&
		(strcmp(tasks[n].name, o->arguments[0]) != 0 || tasks[n].arguments != o->count))
		n++;
	if (n == 4)
		return cli_fail(EXIT_USAGE, "db: see 'tidings db --help'");
	if (n == 0)
		return show_stats(cli);
	json_t *body = o->count == 2 ? json_pack("{s:s}", "name", o->arguments[1]) : NULL;
	if (cli_call(cli, "POST", body, NULL, "/api/v1/db/%s", tasks[n].name) < 0)
		return cli_fail_call(cli);
	return cli_follow(cli, "/api/v1/db");
}
