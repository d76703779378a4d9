/* Finds feeds and folders by what a person types, and waits for polls. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/text.h"

int feeds_load(struct cli *cli, json_t **ret_feeds)
{
	return cli_list(cli, "/api/v1/feeds?", "feeds", "after", CLI_ALL_MAX, ret_feeds);
}

enum way { BY_ID, BY_URL, BY_NAME, BY_BEGINNING, WAYS };

static bool fits(const json_t *feed, const char *text, enum way way)
{
	const char *url = field_text(feed, "url"), *name = field_text(feed, "name");
	size_t len = strlen(text);
	long id;
	switch (way) {
	case BY_ID:
		return options_number(text, INT32_MAX, &id) && field_int(feed, "id") == id;
	case BY_URL:
		return strncmp(url, text, len) == 0 && (!url[len] || strcmp(url + len, "/") == 0);
	case BY_NAME:
		return strcasecmp(name, text) == 0;
	default:
		return strncasecmp(name, text, len) == 0;
	}
}

int feeds_find(const json_t *feeds, const char *text, json_t **ret_feed)
{
	const json_t *list = json_object_get(feeds, "feeds");
	size_t count = 0;
	for (enum way way = BY_ID; way < WAYS && *text && !count; way++)
		for (size_t i = 0; i < json_array_size(list); i++)
			if (fits(json_array_get(list, i), text, way) && count++ == 0)
				*ret_feed = json_array_get(list, i);
	if (count == 1)
		return 0;
	*ret_feed = NULL;
	return cli_fail(EXIT_NOTHING,
		count ? "'%.200s' fits several feeds; name one by its id, see 'tidings feeds'"
		      : "there is no feed '%.200s'; see 'tidings feeds'",
		text);
}

int feeds_find_folder(const json_t *feeds, const char *name, long long *ret_id)
{
	const json_t *list = json_object_get(feeds, "feeds");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *folder = json_object_get(json_array_get(list, i), "folder");
		if (strcasecmp(field_text(folder, "name"), name) == 0) {
			*ret_id = field_int(folder, "id");
			return 0;
		}
	}
	return cli_fail(EXIT_NOTHING,
		"no feed is in a folder '%.200s'; 'tidings feeds' shows the folders", name);
}

int feeds_chosen(struct cli *cli, long long *ret_feed, long long *ret_folder)
{
	const struct options *o = cli->options;
	json_t *feeds = NULL, *feed = NULL;
	*ret_feed = *ret_folder = 0;
	if (!o->feed && !o->folder)
		return 0;
	int rc = feeds_load(cli, &feeds);
	if (rc == 0 && o->feed)
		rc = feeds_find(feeds, o->feed, &feed);
	if (rc == 0 && o->folder)
		rc = feeds_find_folder(feeds, o->folder, ret_folder);
	*ret_feed = field_int(feed, "id");
	json_decref(feeds);
	return rc;
}

/* Every byte but letters and digits, so that none means anything in a URL. */
static void put_encoded(char *path, size_t size, const char *text)
{
	size_t at = strlen(path);
	for (; *text && at + 4 < size; text++)
		at += (size_t)snprintf(path + at, size - at,
			isalnum((unsigned char)*text) ? "%c" : "%%%02X", (unsigned char)*text);
}

int feeds_filter(struct cli *cli, char path[FILTER_BYTES])
{
	const char *label = cli->options->label;
	long long feed, folder;
	int rc = feeds_chosen(cli, &feed, &folder);
	size_t at = strlen(path);
	if (feed)
		at += (size_t)snprintf(path + at, FILTER_BYTES - at, "&feed=%lld", feed);
	if (folder)
		at += (size_t)snprintf(path + at, FILTER_BYTES - at, "&folder=%lld", folder);
	if (label && strlen(label) > FILTER_LABEL_MAX)
		return cli_fail(EXIT_USAGE, "a label has %d bytes at most", FILTER_LABEL_MAX);
	if (label) {
		snprintf(path + at, FILTER_BYTES - at, "&label=");
		put_encoded(path, FILTER_BYTES, label);
	}
	return rc;
}

const char *feed_error(const json_t *feed)
{
	const json_t *error = json_object_get(feed, "error");
	const char *detail = field_text(error, "detail");
	return *detail ? detail : field_text(error, "code");
}

/* Says so, once; true when it lasts beyond `end`. */
static bool is_held(struct cli *cli, const json_t *feed, time_t end, bool *told)
{
	const json_t *waits = json_object_get(feed, "waits");
	const char *until = field_text(waits, "until");
	time_t then;

	if (*told || strcmp(field_text(waits, "for"), "host-held") != 0)
		return false;
	*told = true;
	cli_fail(0, "the server of %s asked to be left alone until %s; the feed is polled then",
		field_text(feed, "url"), output_moment(&cli->out, until, "later"));
	return time_read(until, &then) && then > end;
}

int feed_wait(struct cli *cli, const json_t *feed, time_t end, json_t **ret_feed)
{
	bool told = false;
	const struct timespec pause = {.tv_nsec = 100000000L};
	json_t *now;
	*ret_feed = NULL;
	/* Asked again and again: a poll that changes nothing is not in the change log. */
	while (cli_call(cli, "GET", NULL, &now, "/api/v1/feeds/%lld", field_int(feed, "id")) == 0) {
		if (strcmp(field_text(now, "last_poll"), field_text(feed, "last_poll")) != 0) {
			*ret_feed = now;
			return 0;
		}
		bool late = time(NULL) >= end || is_held(cli, now, end, &told);
		json_decref(now);
		if (late)
			return 0;
		nanosleep(&pause, NULL);
	}
	return tidings_last_error(cli->tidings)->status == 404 ? 0 : cli_fail_call(cli);
}
