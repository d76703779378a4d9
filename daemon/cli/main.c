/* `tidings`: the table of its commands, their help, and main(). */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/text.h"

#define FLAG(field, name) name, 0, OPTION_FLAG, offsetof(struct options, field), NULL
#define TEXT(field, name) name, 0, OPTION_TEXT, offsetof(struct options, field)

static const struct option_row options[] = {
	{"", TEXT(socket, "socket"), "PATH", "the daemon's socket"},
	{"", FLAG(json, "json"), "JSON for programs, one document a line"},
	{"", "color", 0, OPTION_COLOR, offsetof(struct options, color), "WHEN",
		"auto, always or never"},
	{"", "help", 'h', OPTION_FLAG, offsetof(struct options, help), NULL, "this help"},
	{"", FLAG(version, "version"), "the version"},
	{" list ", FLAG(all, "all"), "all of them, not only the newest 30"},
	{" read ", FLAG(all, "all"), "every unread story"},
	{" list ", FLAG(unread, "unread"), "unread ones only"},
	{" list ", FLAG(starred, "starred"), "starred ones only"},
	{" list ", "limit", 'n', OPTION_COUNT, offsetof(struct options, limit), "N",
		"so many at most"},
	{" list read ", TEXT(feed, "feed"), "FEED", "of this feed only: an id, a URL, or a name"},
	{" list read ", TEXT(folder, "folder"), "NAME", "of the feeds in this folder only"},
	{" list read ", TEXT(label, "label"), "NAME", "with an item that has this label only"},
	{" new ", TEXT(cursor, "cursor"), "FILE", "remember there what was printed"},
	{" export ", FLAG(credentials, "credentials"),
		"user names and passwords in addresses, too"},
	{" never ", FLAG(list, "list"), "the hosts of which it was said"},
	{" never ", FLAG(undo, "undo"), "take it back"},
	{" label ", FLAG(undo, "undo"), "take them off"},
	{" stories ", TEXT(since, "since"), "AGE", "published so long ago at most: 2d, 36h, 90m"},
	{" access ", FLAG(read_only, "read-only"), "it may look, but not change"},
	{" access ", FLAG(stories, "stories"), "it is shown stories in place of items"},
	{" access ", TEXT(client, "for"), "CLIENT", "print what this one needs: newsboat"},
	{" add ", TEXT(name, "name"), "NAME", "call it so, not by its own title"},
	{" add ", TEXT(folder, "folder"), "NAME", "put it into this folder"},
};

enum { OPTIONS = sizeof(options) / sizeof(options[0]), MANY = 1 << 20 };

#define STORY_FIELDS                                                                               \
	"On a terminal: id, age, unread \u2022 and starred \u2605, source (and how many more), "   \
	"title.\n"                                                                                 \
	"Elsewhere, separated by tabs: id, time, state, source, title, link."
#define STAYS      "What you say of a story stays said, whatever comes later."
#define FEED_NAMES "A FEED is an id, a URL, a name, or the beginning of exactly one name."

static const struct command {
	const char *name;
	int min, max; /* arguments */
	const char *usage, *help;
	const char *more;            /* further lines of its --help, or NULL */
	int (*run)(struct cli *cli); /* returns an exit code */
} commands[] = {
	{"list", 0, 0, "", "show stories, newest first", STORY_FIELDS, cmd_list},
	{"new", 0, 0, "", "show the stories that came since it was last asked; exits 4 if none",
		STORY_FIELDS
		"\nThe backlog of a new feed is not news. Where it was is remembered in\n"
		"$XDG_STATE_HOME/tidings/new.cursor (~/.local/state if that is not set).",
		cmd_new},
	{"show", 1, 1, "STORY", "show one story: its text, and everyone who tells it", NULL,
		cmd_show},
	{"watch", 0, 0, "", "show stories as they come, until Ctrl-C",
		"Feeds that fall silent, and that are back, are told on standard error.\n"
		"A further source of a story is marked +, or 'grown' instead of "
		"'new'.\n" STORY_FIELDS,
		cmd_watch},
	{"feeds", 0, 0, "", "show the feeds: when they were and will be polled, and their errors",
		"Elsewhere than on a terminal, separated by tabs: id, status, name, items, "
		"unread,\n"
		"last poll, next poll, error, URL, folder.",
		cmd_feeds},
	{"add", 1, 1, "URL", "subscribe to a feed, and say what its first poll found",
		"URL may be a page that names its feeds, or a host alone: example.org.", cmd_add},
	{"remove", 1, 1, "FEED", "unsubscribe from a feed; its items go, too", FEED_NAMES,
		cmd_remove},
	{"export", 0, 0, "", "write all feeds as OPML, for other readers and for import",
		"  tidings export > subscriptions.opml", cmd_export},
	{"import", 1, 1, "FILE", "subscribe to the feeds of a list: OPML, or a URL a line",
		"A FILE of - is standard input. What is there already stays as it is.", cmd_import},
	{"why", 1, 2, "FEED | story ID",
		"show why a feed is polled when it is, or what makes a story",
		"Of a feed: when it is polled next, the rule that decided that, and those that "
		"spoke for\nother times; what it waits for, by what its items are known, how "
		"alike they must be to be\none story, its rhythm, what was repaired in its last "
		"document, and its last ten polls.\n" FEED_NAMES
		"\nOf a story: why each of its items is in it.",
		cmd_why},
	{"refresh", 0, MANY, "[FEED...]", "poll feeds now, all if none is named", FEED_NAMES,
		cmd_refresh},
	{"read", 0, MANY, "STORY... | --all", "mark stories as read, with all who tell them", NULL,
		cmd_state},
	{"unread", 1, MANY, "STORY...", "mark stories as unread", NULL, cmd_state},
	{"star", 1, MANY, "STORY...", "star stories", NULL, cmd_state},
	{"unstar", 1, MANY, "STORY...", "take the star from stories", NULL, cmd_state},
	{"labels", 0, 0, "", "show the labels, and how many items with each are unread", NULL,
		cmd_labels},
	{"label", 2, MANY, "ITEM NAME...", "put labels on an item",
		"What is not there is made. The numbers of items are those that 'tidings show "
		"STORY' prints.",
		cmd_label},
	{"merge", 2, MANY, "STORY STORY...", "make one story of several", STAYS, cmd_words},
	{"split", 2, MANY, "STORY ITEM...", "take items out of a story, into one of their own",
		STAYS "\nThe numbers of the items are those that 'tidings show STORY' prints.",
		cmd_words},
	{"apart", 2, MANY, "STORY STORY...", "keep the first story apart from the others",
		STAYS "\nMerging them takes it back.", cmd_words},
	{"pin", 1, MANY, "STORY...", "keep the items of stories where they are", STAYS, cmd_pin},
	{"unpin", 1, MANY, "STORY...", "leave the items of stories to Tidings again", NULL,
		cmd_pin},
	{"never", 0, 1, "HOST | --list", "group no items whose links lead to a host",
		"They are told apart by their addresses alone, and so are those of hosts below "
		"it.\nItems that are there already stay where they are, until 'tidings stories "
		"rebuild'.",
		cmd_never},
	{"stories", 1, 1, "rebuild", "group what was published lately once more",
		"By the setting that stands now, where it was another when an item came. What you "
		"said of\nstories stays, and nothing of it is news. The daemon goes on with its "
		"work meanwhile.",
		cmd_stories},
	{"access", 1, 2, "add NAME | remove NAME | list", "let newsreaders in by TCP",
		"add: makes a password for one newsreader, and prints it this once, as the lines\n"
		"for its configuration if NAME or --for is one that is known. remove: it is out "
		"at\n"
		"once. list: who may come. The daemon listens where 'listen' of its configuration\n"
		"says.",
		cmd_access},
	{"status", 0, 0, "", "show how the daemon is doing", NULL, cmd_status},
	{"db", 1, 2, "stats | check | compact | backup NAME", "look after the database",
		"stats: what is in it, and its size. check: whether it is sound. compact: gives "
		"unused\n"
		"room back. backup: copies it into a new file NAME in its folder; a daemon can be\n"
		"started on the copy. The daemon goes on with its work meanwhile.",
		cmd_db},
};

static int print_help(FILE *stream, int code)
{
	fputs("tidings: reads what the feed aggregator tidingsd has collected.\n\n"
	      "Usage: tidings [OPTION...] COMMAND [ARGUMENT...]\n\n"
	      "Commands ('tidings COMMAND --help' tells more):\n",
		stream);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(stream, "  %-9s %s\n", commands[i].name, commands[i].help);
	options_print("\nOptions of every command:\n", options, OPTIONS, "", stream);
	fputs("\n"
	      "The socket: --socket, else $TIDINGS_SOCKET, else "
	      "$XDG_RUNTIME_DIR/tidings/tidings.sock\n"
	      "if there is one, else /run/tidings/tidings.sock.\n\n"
	      "Exit codes: 0 done, 1 failed, 2 usage, 3 daemon not reachable, 4 not found or "
	      "nothing new.\n",
		stream);
	return code;
}

static int print_command_help(const struct command *command)
{
	printf("tidings %s: %s.\n\nUsage: tidings %s [OPTION...]%s%s\n", command->name,
		command->help, command->name, *command->usage ? " " : "", command->usage);
	options_print("\nOptions:\n", options, OPTIONS, command->name, stdout);
	options_print("\nOptions of every command:\n", options, OPTIONS, "", stdout);
	if (command->more)
		printf("\n%s\n", command->more);
	return EXIT_DONE;
}

/* Whatever was printed must have arrived; a reader that went away (`| head`) is no failure of ours.
 */
static int finish(struct cli *cli, int rc)
{
	if (output_flush(&cli->out) == 0)
		return rc;
	if (errno != EPIPE)
		cli_fail(0, "cannot write: %s", strerror(errno));
	return rc == EXIT_DONE && errno == EPIPE ? EXIT_DONE : EXIT_FAILED;
}

static int run(const struct command *command, struct options *o)
{
	struct cli cli = {.command = command->name, .options = o};
	o->arguments++;
	o->count--;
	if (o->count < command->min || o->count > command->max)
		return cli_fail(EXIT_USAGE, "%s: %s; see 'tidings %s --help'", command->name,
			o->count < command->min ? "an argument is missing" : "too many arguments",
			command->name);
	output_init(&cli.out, stdout, o->color);
	cli.tidings = tidings_open(o->socket);
	if (!cli.tidings)
		return cli_fail(EXIT_FAILED, "out of memory");
	int rc = finish(&cli, command->run(&cli));
	tidings_close(cli.tidings);
	return rc;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int dispatch(int argc, char **argv, struct options *o)
{
	char why[OPTIONS_WHY_BYTES];
	int bad = options_parse(argc, argv, options, OPTIONS, o, why);
	const struct command *command = o->count ? find_command(o->arguments[0]) : NULL;
	if (o->count && !command)
		return cli_fail(EXIT_USAGE, "there is no command '%.80s'; see 'tidings --help'",
			o->arguments[0]);
	if (bad < 0)
		return cli_fail(EXIT_USAGE, "%s; see 'tidings %s%s--help'", why,
			command ? command->name : "", command ? " " : "");
	if (o->version)
		return printf("tidings %s\n", tidings_version()) < 0;
	if (!command)
		return o->help ? print_help(stdout, EXIT_DONE) : print_help(stderr, EXIT_USAGE);
	if (o->help)
		return print_command_help(command);
	return run(command, o);
}

int main(int argc, char **argv)
{
	struct options o = {0};
	/* A write then fails with EPIPE, and `new` knows that nobody got it. */
	signal(SIGPIPE, SIG_IGN);
	text_init();
	char **arguments = text_alloc(NULL, (size_t)(argc + 1) * sizeof(*arguments));
	o.arguments = arguments;
	int rc = dispatch(argc > 0 ? argc - 1 : 0, argv + 1, &o);
	free(arguments);
	return rc;
}
