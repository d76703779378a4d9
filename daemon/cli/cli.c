/* Calls to the daemon, and every failure in words: its cause, and what to do next. */
#include "cli/cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/text.h"

int cli_fail(int code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *text = text_format(format, args);
	va_end(args);
	fprintf(stderr, "tidings: %s\n", text);
	free(text);
	return code;
}

#define LOOK_AT_LOG "look at its log ('journalctl -u tidingsd')"

/* The first row that fits: code, then status and problem unless they are 0 and NULL. */
static const struct {
	int code, status;
	const char *problem;
	int exit_code;
	const char *advice; /* with its punctuation */
} advices[] = {
	{TIDINGS_ERR_NO_DAEMON, 0, NULL, EXIT_UNREACHABLE,
		": start it with 'systemctl start tidingsd' or 'tidingsd', or name its socket with "
		"--socket"},
	{TIDINGS_ERR_DENIED, 0, NULL, EXIT_UNREACHABLE,
		"; ask an administrator to add you to the group 'tidings' ('adduser YOU tidings'), "
		"then log in again"},
	{TIDINGS_ERR_TIMEOUT, 0, NULL, EXIT_UNREACHABLE, "; try again, or " LOOK_AT_LOG},
	{TIDINGS_ERR_CLOSED, 0, NULL, EXIT_UNREACHABLE, "; try again, or " LOOK_AT_LOG},
	{TIDINGS_ERR_PROTOCOL, 0, NULL, EXIT_FAILED, "; name the daemon's socket with --socket"},
	{TIDINGS_ERR_ARGUMENT, 0, NULL, EXIT_USAGE, "; see 'tidings --help'"},
	{TIDINGS_ERR_HTTP, 403, NULL, EXIT_FAILED,
		"; ask whoever runs the daemon for the right to do this"},
	{TIDINGS_ERR_HTTP, 404, NULL, EXIT_NOTHING, "; see 'tidings list' and 'tidings feeds'"},
	{TIDINGS_ERR_HTTP, 409, "declared-in-configuration", EXIT_FAILED,
		", then reload the daemon ('systemctl reload tidingsd')"},
	{TIDINGS_ERR_HTTP, 409, "feed-exists", EXIT_FAILED, "; see 'tidings feeds'"},
	{TIDINGS_ERR_HTTP, 409, "name-taken", EXIT_FAILED,
		"; remove it first ('tidings access remove'), or choose another name"},
	{TIDINGS_ERR_HTTP, 409, "name-exists", EXIT_FAILED, ""},
	{TIDINGS_ERR_HTTP, 503, NULL, EXIT_FAILED, "; try again in a moment"},
	{TIDINGS_ERR_HTTP, 500, NULL, EXIT_FAILED, "; " LOOK_AT_LOG},
	{0, 0, NULL, EXIT_FAILED, ""},
};

int cli_fail_call(struct cli *cli)
{
	const struct tidings_error *error = tidings_last_error(cli->tidings);
	size_t i = 0;
	if (cli->bad_answer)
		return cli_fail(EXIT_FAILED,
			"%s: what answers there is not a tidingsd; name the daemon's socket with "
			"--socket",
			tidings_socket(cli->tidings));
	while (advices[i].code &&
		(advices[i].code != error->code ||
			(advices[i].status && advices[i].status != error->status) ||
			(advices[i].problem && strcmp(advices[i].problem, error->problem) != 0)))
		i++;
	return cli_fail(advices[i].exit_code, "%s%s", error->text, advices[i].advice);
}

static int parse_answer(struct cli *cli, json_t **ret_json)
{
	size_t len;
	const char *answer = tidings_answer(cli->tidings, &len);
	*ret_json = len ? json_loadb(answer, len, JSON_ALLOW_NUL, NULL) : NULL;
	if (!len || json_is_object(*ret_json))
		return 0;
	json_decref(*ret_json);
	cli->bad_answer = true;
	return -1;
}

int cli_call(struct cli *cli, const char *method, json_t *body, json_t **ret_json,
	const char *path_format, ...)
{
	char path[2048];
	va_list args;
	va_start(args, path_format);
	vsnprintf(path, sizeof(path), path_format, args);
	va_end(args);
	cli->bad_answer = false;
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	int rc = tidings_request(cli->tidings, method, path, text);
	free(text);
	json_decref(body);
	if (rc < 0)
		return -1;
	return ret_json ? parse_answer(cli, ret_json) : 0;
}

int cli_list(struct cli *cli, const char *path, const char *plural, const char *next, long max,
	json_t **ret_json)
{
	/* The daemon's cursors are base64url or numbers: nothing to encode. */
	char cursor[256] = "";
	json_t *all = NULL, *page;
	long left = max;
	do {
		if (cli_call(cli, "GET", NULL, &page, "%s&limit=%ld&%s%s%s", path,
			    left < CLI_PAGE ? left : CLI_PAGE, *cursor ? next : "",
			    *cursor ? "=" : "", cursor) < 0) {
			json_decref(all);
			return cli_fail_call(cli);
		}
		snprintf(cursor, sizeof(cursor), "%s", field_text(page, "next"));
		left -= (long)json_array_size(json_object_get(page, plural));
		if (all) {
			json_array_extend(
				json_object_get(all, plural), json_object_get(page, plural));
			json_object_set(all, "next", json_object_get(page, "next"));
			json_decref(page);
		} else {
			all = page;
		}
	} while (*cursor && left > 0);
	*ret_json = all;
	return 0;
}

bool cli_print_json(struct cli *cli, json_t *json)
{
	if (cli->options->json) {
		json_object_set_new(json, "format", json_integer(CLI_FORMAT));
		output_json(&cli->out, json);
	}
	return cli->options->json;
}

const char *field_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "";
}

long long field_int(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

bool field_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}
