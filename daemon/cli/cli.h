/* What the commands of `tidings` share: the daemon's answers as JSON, failures in words, and how
 * feeds are named. */
#ifndef TIDINGS_CLI_CLI_H
#define TIDINGS_CLI_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <time.h>

#include "cli/options.h"
#include "cli/output.h"
#include "tidings.h"

/* Exit codes. Scripts know them: they never change. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_UNREACHABLE = 3,
	EXIT_NOTHING = 4, /* not found, or nothing new */
};

enum { CLI_FORMAT = 1, CLI_PAGE = 1000, CLI_ALL_MAX = OPTION_COUNT_MAX };

struct cli {
	const char *command; /* its name */
	const struct options *options;
	struct tidings *tidings;
	struct output out;
	bool bad_answer; /* the last answer was no JSON object */
};

/* Tells on stderr, as one clean line "tidings: ...", and returns `code` (0: only a remark). */
int cli_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Tells why the last cli_call() failed and what to do next. Returns the exit code. */
int cli_fail_call(struct cli *cli);

/* One request; `body` is taken over (NULL: none). Returns 0 and the answer, NULL when it was empty
 * (ret_json NULL: not wanted), or -1. */
int cli_call(struct cli *cli, const char *method, json_t *body, json_t **ret_json,
	const char *path_format, ...) __attribute__((format(printf, 5, 6)));

/* All pages of a list up to `max` members: `path` with a "?", `plural` the list's key, `next`
 * the parameter that a page's "next" goes into. The answer has the first page's other members. 0,
 * or an exit code, told. */
int cli_list(struct cli *cli, const char *path, const char *plural, const char *next, long max,
	json_t **ret_json);

/* Until the "task" that the path tells of has ended: says so, or how far it has come (cmd_db.c).
 * Returns an exit code. */
int cli_follow(struct cli *cli, const char *path);

/* Prints a document with its format number when --json was given. */
bool cli_print_json(struct cli *cli, json_t *json);

/* Members by name; "", 0 and false when missing or of another type. Lent by `object`. */
const char *field_text(const json_t *object, const char *key);
long long field_int(const json_t *object, const char *key);
bool field_true(const json_t *object, const char *key);

/* -- feeds (feeds.c): what returns int returns 0 or an exit code, told -- */

int feeds_load(struct cli *cli, json_t **ret_feeds); /* {"feeds":[...]} */

/* The feed that `text` names: an id, a URL, a name, or the beginning of exactly one name (capitals
 * do not matter). Lent by `feeds`. */
int feeds_find(const json_t *feeds, const char *text, json_t **ret_feed);

/* The id of the folder with that name. */
int feeds_find_folder(const json_t *feeds, const char *name, long long *ret_id);

/* The ids that --feed and --folder stand for, 0 where they were not given. */
int feeds_chosen(struct cli *cli, long long *ret_feed, long long *ret_folder);

/* Query parameters that --feed, --folder and --label stand for ("&feed=7"), appended to `path`. */
enum { FILTER_BYTES = 1024, FILTER_LABEL_MAX = 200 };
int feeds_filter(struct cli *cli, char path[FILTER_BYTES]);

/* The words of a feed's last error, "" for none. */
const char *feed_error(const json_t *feed);

/* Waits until `end` for a poll after that which `feed` tells of, and says so when its server asked
 * to be left alone. *ret_feed is the feed then, NULL when it was not polled in time, would not be,
 * or was removed meanwhile. */
int feed_wait(struct cli *cli, const json_t *feed, time_t end, json_t **ret_feed);

enum { FEED_WAIT_S = 90 };

/* -- stories in one line (cmd_list.c) -- */

/* Prints a list without those that were deleted meanwhile. A state of NULL is each story's own. */
void stories_print(struct output *out, const json_t *stories, const char *state);

/* -- the commands: each returns an exit code -- */

int cmd_list(struct cli *cli);
int cmd_show(struct cli *cli);
int cmd_new(struct cli *cli);
int cmd_watch(struct cli *cli);
int cmd_feeds(struct cli *cli);
int cmd_add(struct cli *cli);
int cmd_remove(struct cli *cli);
int cmd_why(struct cli *cli);
int cmd_refresh(struct cli *cli);
int cmd_state(struct cli *cli); /* read, unread, star, unstar */
int cmd_words(struct cli *cli); /* merge, split, apart */
int cmd_pin(struct cli *cli);   /* pin, unpin */
int cmd_never(struct cli *cli);
int cmd_labels(struct cli *cli);
int cmd_label(struct cli *cli);
int cmd_stories(struct cli *cli);
int cmd_status(struct cli *cli);
int cmd_db(struct cli *cli);
int cmd_access(struct cli *cli);
int cmd_export(struct cli *cli);
int cmd_import(struct cli *cli);

#endif
