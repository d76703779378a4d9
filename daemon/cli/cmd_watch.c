/* `tidings watch`: stories as they come, until Ctrl-C. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

/* Each line was flushed when it was printed, so there is nothing to lose. */
static void stop(int signal)
{
	(void)signal;
	_exit(EXIT_DONE);
}

/* A remark beside the stories: readers of lines take them for nothing else. */
static void tell_feeds(struct output *out, const json_t *change)
{
	const json_t *feeds = json_object_get(change, "feeds");
	for (size_t i = 0; i < json_array_size(feeds); i++) {
		const json_t *feed = json_array_get(feeds, i);
		if (strcmp(field_text(change, "op"), "back") == 0)
			cli_fail(0, "%s is back", field_text(feed, "name"));
		else if (field_true(feed, "silent"))
			cli_fail(0, "%s is silent: nothing new since %s; see 'tidings why %lld'",
				field_text(feed, "name"),
				output_moment(out, field_text(feed, "silent_since"), ""),
				field_int(feed, "id"));
	}
}

/* What has been read by now, or repeats what was, rings no bell. */
static void print_change(struct output *out, const json_t *change)
{
	json_t *stories = json_object_get(change, "stories");
	const char *state = field_text(change, "op");
	for (size_t i = json_array_size(stories); i > 0; i--)
		if (field_true(json_array_get(stories, i - 1), "read"))
			json_array_remove(stories, i - 1);
	if (out->terminal)
		state = strcmp(state, "grown") == 0 ? "+" : "\u2022";
	stories_print(out, stories, state);
}

/* 0, or -1 when nobody reads any more. */
static int print_event(struct cli *cli, const struct tidings_event *event)
{
	if (strcmp(event->name, "reset") == 0)
		cli_fail(0, "the daemon's database was exchanged: going on from now");
	if (strncmp(event->name, "story.", 6) != 0 && strncmp(event->name, "feed.", 5) != 0)
		return 0;
	json_t *change = json_loadb(event->data, event->data_length, JSON_ALLOW_NUL, NULL);
	if (change && !field_true(change, "initial")) {
		/* The time, and the width of the terminal, are others by now. */
		output_init(&cli->out, stdout, cli->options->color);
		if (cli->options->json)
			output_json(&cli->out, change);
		else if (event->name[0] == 'f')
			tell_feeds(&cli->out, change);
		else
			print_change(&cli->out, change);
	}
	json_decref(change);
	return output_flush(&cli->out);
}

/* Says once that the connection is lost, and once that it is back. */
static void tell_loss(const struct tidings_error *error, bool *lost)
{
	if (error->code && !*lost)
		cli_fail(0, "%s; trying again until it is back", error->text);
	if (!error->code && *lost)
		cli_fail(0, "connected again");
	*lost = error->code != 0;
}

/* Until it is refused, which does not pass by itself as a restart of the daemon does, or nobody
 * reads any more. */
static int follow(struct cli *cli, struct tidings_events *events)
{
	const struct tidings_error *error = tidings_last_error(cli->tidings);
	const struct tidings_event *event;
	bool lost = false, first = true;
	for (;;) {
		int rc = tidings_events_next(events, -1, &event);
		if (rc < 0 && (first || (error->status >= 400 && error->status < 500)))
			return cli_fail_call(cli);
		if (rc == 0)
			continue;
		first = false;
		tell_loss(error, &lost);
		if (rc > 0 && print_event(cli, event) < 0)
			return errno == EPIPE ? EXIT_DONE : EXIT_FAILED;
	}
}

int cmd_watch(struct cli *cli)
{
	struct tidings_events *events;
	struct sigaction action = {.sa_handler = stop};
	sigaction(SIGINT, &action, NULL);
	if (tidings_events_open(
		    cli->tidings, NULL, "story.new,story.grown,feed.silent,feed.back", &events) < 0)
		return cli_fail_call(cli);
	int rc = follow(cli, events);
	tidings_events_close(events);
	return rc;
}
