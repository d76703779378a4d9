/* `tidings export`, `import`: the subscriptions as OPML, for other readers and from them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/text.h"

enum { LIST_MAX = 16 * 1024 * 1024 }; /* what the daemon takes */

int cmd_export(struct cli *cli)
{
	size_t len;
	if (cli_call(cli, "GET", NULL, NULL, "/api/v1/opml?credentials=%s",
		    cli->options->credentials ? "true" : "false") < 0)
		return cli_fail_call(cli);
	const char *line = tidings_answer(cli->tidings, &len), *end = line + len;
	if (!cli->out.terminal) {
		fwrite(line, 1, len, cli->out.stream);
		return EXIT_DONE;
	}
	/* Titles come of feeds: nothing in them may steer a terminal. */
	for (int n; line < end; line += n + 1) {
		n = (int)strcspn(line, "\n");
		output_line(&cli->out, PLAIN, "%.*s", n, line);
	}
	return EXIT_DONE;
}

static int read_list(const char *name, char *list, size_t *ret_len)
{
	FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "rb");
	if (!file)
		return cli_fail(EXIT_FAILED, "%s: %s", name, strerror(errno));
	*ret_len = fread(list, 1, LIST_MAX + 1, file);
	int rc = EXIT_DONE;
	if (ferror(file))
		rc = cli_fail(EXIT_FAILED, "%s: %s", name, strerror(errno));
	else if (*ret_len > LIST_MAX)
		rc = cli_fail(EXIT_FAILED, "%s: more than 16 MiB", name);
	if (file != stdin)
		fclose(file);
	return rc;
}

static int print_imported(struct cli *cli)
{
	size_t len;
	const char *text = tidings_answer(cli->tidings, &len);
	json_t *answer = json_loadb(text, len, 0, NULL);
	const json_t *refused = json_object_get(answer, "refused");
	if (!cli_print_json(cli, answer))
		output_line(&cli->out, PLAIN, "added: %zu, there already: %zu, refused: %zu",
			json_array_size(json_object_get(answer, "added")),
			json_array_size(json_object_get(answer, "known")),
			json_array_size(refused));
	for (size_t i = 0; i < json_array_size(refused); i++) {
		const json_t *feed = json_array_get(refused, i);
		cli_fail(0, "%s: %s", field_text(feed, "url"), field_text(feed, "detail"));
	}
	int rc = json_array_size(refused) ? EXIT_FAILED : EXIT_DONE;
	json_decref(answer);
	return rc;
}

int cmd_import(struct cli *cli)
{
	char *list = text_alloc(NULL, LIST_MAX + 1);
	size_t len = 0;
	int rc = read_list(cli->options->arguments[0], list, &len);
	if (rc == EXIT_DONE &&
		tidings_send(cli->tidings, "POST", "/api/v1/opml", "text/x-opml", list, len) < 0)
		rc = cli_fail_call(cli);
	else if (rc == EXIT_DONE)
		rc = print_imported(cli);
	free(list);
	return rc;
}
