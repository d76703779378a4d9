/* `tidings feeds`, `add`, `remove`: the subscriptions. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/text.h"

/* -- feeds -- */

static const struct column columns[] = {
	{.title = "ID", .right = true},
	{.title = "STATUS"},
	{.title = "NAME", .flexible = true},
	{.title = "ITEMS", .right = true},
	{.title = "UNREAD", .right = true},
	{.title = "POLLED", .right = true},
	{.title = "NEXT", .right = true},
	{.title = "ERROR", .hidden = true}, /* has a line of its own there */
	{.title = "URL", .hidden = true},
	{.title = "FOLDER", .max = 16},
};

static void feed_row(struct table *table, struct output *out, const json_t *feed)
{
	const char *status = field_text(feed, "status");
	if (field_true(feed, "silent") && strcmp(status, "ok") == 0)
		status = "silent";
	enum style style = strcmp(status, "ok") == 0 ? GREEN : YELLOW;
	if (strcmp(status, "failing") == 0 || strcmp(status, "gone") == 0)
		style = RED;
	table_cell(table, DIM, "%lld", field_int(feed, "id"));
	table_cell(table, style, "%s", status);
	table_cell(table, PLAIN, "%s", field_text(feed, "name"));
	table_cell(table, PLAIN, "%lld", field_int(feed, "items"));
	table_cell(table, PLAIN, "%lld", field_int(feed, "unread"));
	table_cell(table, PLAIN, "%s", output_time(out, field_text(feed, "last_poll"), "never"));
	table_cell(table, PLAIN, "%s", output_time(out, field_text(feed, "next_due"), "never"));
	table_cell(table, PLAIN, "%s", feed_error(feed));
	table_cell(table, PLAIN, "%s", field_text(feed, "url"));
	table_cell(table, DIM, "%s", field_text(json_object_get(feed, "folder"), "name"));
}

static void print_feeds(struct output *out, const json_t *list)
{
	struct table table = TABLE(columns);
	for (size_t i = 0; i < json_array_size(list); i++)
		feed_row(&table, out, json_array_get(list, i));
	table_print(&table, out);
	for (size_t i = 0; i < json_array_size(list) && out->terminal; i++) {
		const json_t *feed = json_array_get(list, i);
		if (*feed_error(feed))
			output_line(out, RED, "%lld %s: %s (failed polls: %lld)",
				field_int(feed, "id"), field_text(feed, "name"), feed_error(feed),
				field_int(json_object_get(feed, "error"), "count"));
	}
}

int cmd_feeds(struct cli *cli)
{
	json_t *feeds;
	int rc = feeds_load(cli, &feeds);
	if (rc)
		return rc;
	if (!cli_print_json(cli, feeds))
		print_feeds(&cli->out, json_object_get(feeds, "feeds"));
	json_decref(feeds);
	return EXIT_DONE;
}

/* -- add -- */

static int print_added(struct cli *cli, const json_t *feed, long long id)
{
	if (!feed)
		return cli_fail(EXIT_FAILED,
			"added feed %lld, but it was not polled yet; 'tidings feeds' will tell",
			id);
	const char *next = output_time(&cli->out, field_text(feed, "next_due"), "never");
	if (*feed_error(feed))
		return cli_fail(EXIT_FAILED,
			"added feed %lld, but its first poll failed: %s; next poll: %s (or "
			"'tidings "
			"remove %lld')",
			id, feed_error(feed), next, id);
	if (!cli->options->json)
		output_line(&cli->out, PLAIN, "added feed %lld: %s, items: %lld, next poll: %s", id,
			field_text(feed, "name"), field_int(feed, "items"), next);
	return EXIT_DONE;
}

/* -- a page in place of a feed -- */

enum { OFFERS_MAX = 32 }; /* the daemon tells no more */

static bool is_page(const json_t *feed)
{
	return strcmp(field_text(json_object_get(feed, "error"), "code"), "not-a-feed") == 0;
}

/* What the page offers, as `/api/v1/discover` tells it: the daemon has it from the first poll. A
 * feed's address is told without user and password. */
static int load_offers(struct cli *cli, const json_t *feed, json_t **ret_document)
{
	const char *named = cli->options->arguments[0];
	json_t *body = json_pack(
		"{ss}", "url", field_true(feed, "credentials") ? named : field_text(feed, "url"));

	return cli_call(cli, "POST", body, ret_document, "/api/v1/discover") < 0
		       ? cli_fail_call(cli)
		       : 0;
}

static const char *offer_url(const json_t *offers, size_t i)
{
	return field_text(json_array_get(offers, i), "url");
}

/* "application/atom+xml" is "Atom". */
static const char *offer_kind(const json_t *offer)
{
	const char *type = field_text(offer, "type");

	return strstr(type, "json") ? "JSON" : strstr(type, "atom") ? "Atom" : "RSS";
}

static void list_offers(const json_t *offers)
{
	int count = (int)json_array_size(offers);
	struct output list;

	output_init(&list, stderr, COLOR_NEVER);
	output_line(&list, PLAIN, "This page offers %d feeds%s:", count,
		count < OFFERS_MAX ? "" : ", or more: no more are listed");
	for (int i = 0; i < count; i++) {
		const json_t *offer = json_array_get(offers, (size_t)i);
		const char *title = field_text(offer, "title");

		output_line(&list, PLAIN, "%3d  %s  (%s%s%s)", i + 1, field_text(offer, "url"),
			title, *title ? ", " : "", offer_kind(offer));
	}
}

/* Of several a person says which; -1: nobody did. */
static int choose_offer(struct cli *cli, const json_t *offers)
{
	bool ask = cli->out.terminal && isatty(STDIN_FILENO) && !cli->options->json;
	int count = (int)json_array_size(offers);
	char line[32];
	long number;

	if (count == 1)
		return 0;
	list_offers(offers);
	while (ask) {
		fprintf(stderr, "Which one (1-%d, or Enter for none)? ", count);
		if (!fgets(line, sizeof(line), stdin) || line[0] == '\n')
			break;
		line[strcspn(line, "\n")] = '\0';
		if (options_number(line, count, &number) && number > 0)
			return (int)number - 1;
	}
	return -1;
}

static int drop_feed(struct cli *cli, const json_t *feed, int rc)
{
	return cli_call(cli, "DELETE", NULL, NULL, "/api/v1/feeds/%lld", field_int(feed, "id")) < 0
		       ? cli_fail_call(cli)
		       : rc;
}

/* Another address in place of the one that was polled; *feed is the polled one then. */
static int replace(struct cli *cli, json_t **feed, const char *url)
{
	json_t *moved;
	if (cli_call(cli, "PATCH", json_pack("{ss}", "url", url), &moved, "/api/v1/feeds/%lld",
		    field_int(*feed, "id")) < 0)
		return drop_feed(cli, *feed, cli_fail_call(cli));
	json_decref(*feed);
	int rc = feed_wait(cli, moved, time(NULL) + FEED_WAIT_S, feed);
	json_decref(moved);
	return rc;
}

/* The document that is printed has their addresses once more by themselves. */
static int none_chosen(struct cli *cli, const json_t *feed, json_t *document)
{
	json_t *offers = json_object_get(document, "feeds"), *urls = json_array();

	for (size_t i = 0; i < json_array_size(offers); i++)
		json_array_append_new(urls, json_string(offer_url(offers, i)));
	json_object_set_new(document, "offers", urls);
	cli_print_json(cli, document);
	return drop_feed(
		cli, feed, cli_fail(EXIT_FAILED, "nothing was added: add one of these addresses"));
}

/* Subscribes to what the page offers in its place. */
static int take_offer(struct cli *cli, json_t **feed)
{
	json_t *document = NULL;
	int rc = load_offers(cli, *feed, &document);
	const json_t *offers = json_object_get(document, "feeds");

	if (rc) {
		rc = drop_feed(cli, *feed, rc);
	} else if (json_array_size(offers) > 0) {
		int chosen = choose_offer(cli, offers);
		rc = chosen < 0 ? none_chosen(cli, *feed, document)
				: replace(cli, feed, offer_url(offers, (size_t)chosen));
	}
	json_decref(document);
	return rc;
}

/* The page was fetched once, so will its feed be. What is no feed and offers none would never
 * become one. */
static int follow_page(struct cli *cli, json_t **feed)
{
	int rc = is_page(*feed) ? take_offer(cli, feed) : 0;

	if (rc == 0 && *feed && is_page(*feed))
		rc = drop_feed(cli, *feed,
			cli_fail(EXIT_FAILED,
				"nothing was added: %s is no feed (%s); its site may have a link "
				"named RSS, Atom or feed: add that",
				field_text(*feed, "url"), feed_error(*feed)));
	return rc;
}

/* Old servers speak nothing but http, and firewalls drop what comes for https. A certificate that
 * is not valid says that this one does not, nor one that is slow, and a password is not sent where
 * anybody could read it. */
static bool speaks_no_tls(const json_t *feed)
{
	const char *code = field_text(json_object_get(feed, "error"), "code");

	return strcmp(code, "connect-failed") == 0 ||
	       (strcmp(code, "timed-out") == 0 &&
		       strstr(feed_error(feed), "could not be reached")) ||
	       (strcmp(code, "tls-failed") == 0 &&
		       strncmp(feed_error(feed), "certificate", strlen("certificate")) != 0);
}

/* Of an address without a scheme https was assumed. */
static int try_http(struct cli *cli, json_t **feed)
{
	const char *named = cli->options->arguments[0];
	char url[2048];

	if (strstr(named, "://") || memchr(named, '@', strcspn(named, "/?#")) ||
		!speaks_no_tls(*feed) ||
		snprintf(url, sizeof(url), "http://%s", named) >= (int)sizeof(url))
		return 0;
	cli_fail(0, "%s; trying %s", feed_error(*feed), url);
	return replace(cli, feed, url);
}

int cmd_add(struct cli *cli)
{
	const struct options *o = cli->options;
	json_t *body = json_pack(
		"{ss ss* ss*}", "url", o->arguments[0], "name", o->name, "folder", o->folder);
	json_t *feed, *polled;
	if (cli_call(cli, "POST", body, &feed, "/api/v1/feeds") < 0)
		return cli_fail_call(cli);
	int rc = feed_wait(cli, feed, time(NULL) + FEED_WAIT_S, &polled);
	/* one that was there before, with what it has, stays whatever its address answers now */
	bool is_new = polled && !*field_text(polled, "last_ok");
	if (rc == 0 && is_new)
		rc = try_http(cli, &polled);
	if (rc == 0 && is_new && polled)
		rc = follow_page(cli, &polled);
	if (rc == 0) {
		cli_print_json(cli, polled ? polled : feed);
		rc = print_added(cli, polled, field_int(feed, "id"));
	}
	json_decref(polled);
	json_decref(feed);
	return rc;
}

/* -- remove -- */

int cmd_remove(struct cli *cli)
{
	json_t *feeds, *feed;
	int rc = feeds_load(cli, &feeds);
	if (rc)
		return rc;
	rc = feeds_find(feeds, cli->options->arguments[0], &feed);
	if (rc == 0 && cli_call(cli, "DELETE", NULL, NULL, "/api/v1/feeds/%lld",
			       field_int(feed, "id")) < 0)
		rc = cli_fail_call(cli);
	if (rc == 0 && !cli_print_json(cli, feed))
		output_line(&cli->out, PLAIN, "removed feed %lld: %s", field_int(feed, "id"),
			field_text(feed, "name"));
	json_decref(feeds);
	return rc;
}
