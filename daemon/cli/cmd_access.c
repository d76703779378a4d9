/* `tidings access`: who may come by TCP, and what to tell their programs. */
#include <string.h>

#include "cli/cli.h"

#define LIKELY_PLACE "127.0.0.1:8899"
#define SCHEME       "http://"

/* Whose configuration is known. */
static const char *const clients[] = {"newsboat"};

static bool is_client(const char *name)
{
	for (size_t i = 0; i < sizeof(clients) / sizeof(clients[0]); i++) {
		if (strcmp(clients[i], name) == 0)
			return true;
	}
	return false;
}

/* Lines as they may be appended to newsboat's `config`. */
static void print_newsboat(struct cli *cli, const json_t *made, const char *place)
{
	output_line(&cli->out, PLAIN, "urls-source \"miniflux\"");
	output_line(&cli->out, PLAIN, "miniflux-url \"" SCHEME "%s\"", place);
	output_line(&cli->out, PLAIN, "miniflux-login \"%s\"", field_text(made, "name"));
	output_line(&cli->out, PLAIN, "miniflux-password \"%s\"", field_text(made, "password"));
}

static void print_added(struct cli *cli, const json_t *made)
{
	static const struct column columns[] = {{0}, {0}};
	struct table table = TABLE(columns);
	const struct options *o = cli->options;
	const char *address = field_text(made, "address"), *name = field_text(made, "name");
	const char *place = *address ? address + strlen(SCHEME) : LIKELY_PLACE;
	if (is_client(o->client ? o->client : name)) {
		print_newsboat(cli, made, place);
		return;
	}
	table_cell(&table, DIM, "address");
	table_cell(&table, PLAIN, SCHEME "%s", place);
	table_cell(&table, DIM, "user");
	table_cell(&table, PLAIN, "%s", name);
	table_cell(&table, DIM, "password");
	table_cell(&table, PLAIN, "%s", field_text(made, "password"));
	table_print(&table, &cli->out);
	cli_fail(0, "who knows Miniflux takes the address, and the password as its API key; who "
		    "knows Google Reader or FreshRSS the address, user and password");
}

static int add(struct cli *cli, const char *name)
{
	const struct options *o = cli->options;
	json_t *made;
	if (o->client && !is_client(o->client))
		return cli_fail(
			EXIT_USAGE, "nothing is known of '%.80s', only of newsboat", o->client);
	if (cli_call(cli, "POST",
		    json_pack("{sssbsb}", "name", name, "read_only", o->read_only, "stories",
			    o->stories),
		    &made, "/api/v1/access") < 0)
		return cli_fail_call(cli);
	if (!cli_print_json(cli, made))
		print_added(cli, made);
	cli_fail(0, "the password is shown this once");
	if (!*field_text(made, "address"))
		cli_fail(0,
			"the daemon listens at no address yet: put listen = '%s' into its "
			"configuration, and reload it ('systemctl reload tidingsd')",
			LIKELY_PLACE);
	json_decref(made);
	return EXIT_DONE;
}

static int drop(struct cli *cli, const char *name)
{
	const struct tidings_error *error;
	/* a path that needs no encoding; no other name was ever made */
	if (strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") !=
		strlen(name))
		return cli_fail(EXIT_NOTHING,
			"there is no credential '%.80s'; see 'tidings access list'", name);
	if (cli_call(cli, "DELETE", NULL, NULL, "/api/v1/access/%s", name) == 0)
		return EXIT_DONE;
	error = tidings_last_error(cli->tidings);
	if (error->code == TIDINGS_ERR_HTTP && error->status == 404)
		return cli_fail(EXIT_NOTHING, "%s; see 'tidings access list'", error->text);
	return cli_fail_call(cli);
}

static void print_list(struct cli *cli, const json_t *all)
{
	static const struct column columns[] = {
		{.title = "name"}, {.title = "may"}, {.title = "sees"}, {.title = "used"}};
	struct table table = TABLE(columns);
	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *one = json_array_get(all, i);
		table_cell(&table, PLAIN, "%s", field_text(one, "name"));
		table_cell(&table, PLAIN, "%s", field_true(one, "read_only") ? "read" : "write");
		table_cell(&table, PLAIN, "%s", field_true(one, "stories") ? "stories" : "items");
		table_cell(&table, PLAIN, "%s",
			output_time(&cli->out, field_text(one, "used"), "never"));
	}
	table_print(&table, &cli->out);
}

static int list(struct cli *cli)
{
	json_t *answer;
	if (cli_call(cli, "GET", NULL, &answer, "/api/v1/access") < 0)
		return cli_fail_call(cli);
	if (!cli_print_json(cli, answer))
		print_list(cli, json_object_get(answer, "access"));
	json_decref(answer);
	return EXIT_DONE;
}

int cmd_access(struct cli *cli)
{
	const struct options *o = cli->options;
	const char *what = o->arguments[0];
	bool named = o->count == 2;
	bool for_add = o->read_only || o->stories || o->client;
	if (named && strcmp(what, "add") == 0)
		return add(cli, o->arguments[1]);
	if (named && !for_add && strcmp(what, "remove") == 0)
		return drop(cli, o->arguments[1]);
	if (!named && !for_add && strcmp(what, "list") == 0)
		return list(cli);
	return cli_fail(EXIT_USAGE, "access: see 'tidings access --help'");
}
