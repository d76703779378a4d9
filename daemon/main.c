/* tidingsd: arguments, configuration, run, exit code. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "config.h"
#include "inspect.h"
#include "parse/parse.h"
#include "server.h"
#include "signals.h"

enum { EXIT_USAGE = 2 };

/* Long options only; each is one row here, in the help and in the manual. */
enum option_id {
	OPT_CONFIG,
	OPT_FEEDS,
	OPT_DATABASE,
	OPT_SOCKET,
	OPT_ONCE,
	OPT_CHECK,
	OPT_PARSE,
	OPT_BASE,
	OPT_TYPE,
	OPT_VERSION,
	OPT_HELP,
	OPTIONS
};

static const struct {
	const char *name, *argument, *help;
} option_table[OPTIONS] = {
	[OPT_CONFIG] = {"config", "FILE", "read this configuration"},
	[OPT_FEEDS] = {"feeds", "FILE",
		"poll the feeds of this OPML file or list of URLs in place of the configuration's"},
	[OPT_DATABASE] = {"database", "FILE", "keep everything in this SQLite database"},
	[OPT_SOCKET] = {"socket", "PATH", "listen on this Unix socket"},
	[OPT_ONCE] = {"once", NULL, "poll every feed once, store what is new, and exit"},
	[OPT_CHECK] = {"check-config", NULL,
		"check the configuration, say what is wrong with it, and exit"},
	[OPT_PARSE] = {"parse", NULL,
		"print what is understood of the FILEs (-: standard input) as JSON, and exit"},
	[OPT_BASE] = {"base", "URL", "with --parse: the address the document came from"},
	[OPT_TYPE] = {"content-type", "TYPE", "with --parse: its Content-Type header"},
	[OPT_VERSION] = {"version", NULL, "print the version and exit"},
	[OPT_HELP] = {"help", NULL, "print this help and exit"},
};

struct arguments {
	const char *values[OPTIONS]; /* "" for an option without argument; NULL: not given */
	char **files;
	int file_count;
};

static void print_help(void)
{
	puts("Usage: tidingsd [OPTION]...\n"
	     "       tidingsd --parse [--base URL] [--content-type TYPE] FILE...\n\n"
	     "Polls RSS, Atom and JSON feeds, keeps each item once, and tells of new stories\n"
	     "on a local socket. 'tidings' is the client.\n");
	for (int i = 0; i < OPTIONS; i++) {
		char left[40];

		snprintf(left, sizeof(left), "--%s%s%s", option_table[i].name,
			option_table[i].argument ? " " : "",
			option_table[i].argument ? option_table[i].argument : "");
		printf("  %-22s %s\n", left, option_table[i].help);
	}
	puts("\nSIGHUP reads the configuration again; SIGTERM and Ctrl-C end the daemon.\n"
	     "Exit status: 0 ended as asked, 1 failed (with --parse: no feed), 2 wrong usage.");
}

/* 0, or -1 after a message about what is wrong. */
static int read_arguments(int argc, char **argv, struct arguments *args)
{
	struct option options[OPTIONS + 1] = {{0}};
	int id;

	for (int i = 0; i < OPTIONS; i++)
		options[i] = (struct option){option_table[i].name,
			option_table[i].argument ? required_argument : no_argument, NULL, i};
	for (id = getopt_long(argc, argv, "", options, NULL); id != -1;
		id = getopt_long(argc, argv, "", options, NULL)) {
		if (id < 0 || id >= OPTIONS)
			return -1;
		if (optarg && !*optarg) {
			fprintf(stderr, "tidingsd: --%s: found nothing; allowed: %s\n",
				option_table[id].name, option_table[id].argument);
			return -1;
		}
		args->values[id] = optarg ? optarg : "";
	}
	args->files = argv + optind;
	args->file_count = argc - optind;
	if (!args->values[OPT_PARSE] == (args->file_count == 0))
		return 0;
	if (args->file_count)
		fprintf(stderr, "tidingsd: what is \"%s\"?\n", args->files[0]);
	else
		fprintf(stderr, "tidingsd: --parse needs at least one FILE\n");
	return -1;
}

static void tell(void *ctx, bool warning, const char *line)
{
	int *errors = ctx;

	fprintf(stderr, "tidingsd: %s%s\n", warning ? "warning: " : "", line);
	if (!warning && errors)
		(*errors)++;
}

/* The file named, else the usual one unless there is none: the daemon runs without one. One that
 * cannot be looked at is a mistake to be told. */
static const char *find_config(const struct arguments *args, const struct config_paths *paths)
{
	if (args->values[OPT_CONFIG])
		return args->values[OPT_CONFIG];
	return access(paths->config, F_OK) == 0 || errno != ENOENT ? paths->config : NULL;
}

static int load(const char *path, struct config *config)
{
	struct err e = {0};
	int told = 0;
	int rv = path ? config_load(path, config, tell, &told, &e) : config_default(config, &e);

	if (rv && !told)
		fprintf(stderr, "tidingsd: %s\n", e.text);
	return rv;
}

static int check(const char *path)
{
	struct config config;

	if (!path) {
		fprintf(stderr, "tidingsd: there is no configuration to check: name one with "
				"--config FILE\n");
		return 1;
	}
	if (load(path, &config))
		return 1;
	printf("%s: good, %zu feed%s\n", path, config.feed_count,
		config.feed_count == 1 ? "" : "s");
	config_finish(&config);
	return 0;
}

static int run(const struct arguments *args, const char *config_path)
{
	struct server_options options = {
		.config_path = config_path,
		.database_path = args->values[OPT_DATABASE],
		.socket_path = args->values[OPT_SOCKET],
		.list_path = args->values[OPT_FEEDS],
		.once = args->values[OPT_ONCE] != NULL,
	};
	struct config config;
	int exit_code;

	if (load(config_path, &config))
		return 1;
	log_init((enum log_level)config.log_level);
	signal(SIGPIPE, SIG_IGN); // NOLINT(cert-err33-c): cannot fail for these arguments
	signals_block();
	parse_global_init();
	exit_code = server_run(&options, &config);
	parse_global_finish();
	return exit_code;
}

static int inspect(const struct arguments *args)
{
	int exit_code;

	parse_global_init();
	exit_code = inspect_files(
		args->files, args->file_count, args->values[OPT_BASE], args->values[OPT_TYPE]);
	parse_global_finish();
	return exit_code;
}

/* libuv's pool does the parsing and all queries: as many threads as both need, fixed before the
 * first use (A59). */
static void size_pool(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	char text[16];

	snprintf(text, sizeof(text), "%ld", cores < 2 ? 4 : cores > 16 ? 18 : cores + 2);
	setenv("UV_THREADPOOL_SIZE", text, 0);
}

int main(int argc, char **argv)
{
	struct arguments args = {0};
	struct config_paths paths;
	const char *config_path;
	struct err e = {0};

	if (read_arguments(argc, argv, &args)) {
		fprintf(stderr, "Try 'tidingsd --help'.\n");
		return EXIT_USAGE;
	}
	if (args.values[OPT_HELP]) {
		print_help();
		return 0;
	}
	if (args.values[OPT_VERSION]) {
		puts("tidingsd " TIDINGS_VERSION);
		return 0;
	}
	size_pool();
	if (args.values[OPT_PARSE])
		return inspect(&args);
	if (config_paths(&paths, &e)) {
		fprintf(stderr, "tidingsd: %s\n", e.text);
		return 1;
	}
	config_path = find_config(&args, &paths);
	if (args.values[OPT_CHECK])
		return check(config_path);
	return run(&args, config_path);
}
