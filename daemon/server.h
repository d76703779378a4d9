/* The daemon as a whole: owns the loop and every part, in start, reload and stop order. */
#ifndef TIDINGS_SERVER_H
#define TIDINGS_SERVER_H

#include <stdbool.h>

#include "config.h"

/* What the command line asked for; strings are borrowed for the run. */
struct server_options {
	const char *config_path;   /* as given or found; NULL: there is none, defaults are used */
	const char *database_path; /* overrides the configuration; NULL: not given */
	const char *socket_path;
	const char *list_path; /* --feeds */
	bool once;
};

/* Runs until a signal (SIGINT, SIGTERM), or with `once` until every feed was polled. `config` is
 * taken over. Returns the exit code: 0 after a clean end, 1 when it could not start or ended in an
 * error; what is wrong is logged. Called exactly once in a process. */
int server_run(const struct server_options *options, struct config *config);

#endif
