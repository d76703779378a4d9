/* The configuration: one table of keys, read through libconfuse into a struct, with every value
 * checked. */
#ifndef TIDINGS_CONFIG_H
#define TIDINGS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/api.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "fetch/fetch.h"
#include "fetch/guard.h"
#include "grouping.h"
#include "limits.h"
#include "store/keep.h"

/* Where files are when nobody says otherwise. Service (uid 0, or $STATE_DIRECTORY set by systemd):
 * /etc/tidings, $STATE_DIRECTORY or /var/lib/tidings, $RUNTIME_DIRECTORY or /run/tidings. Else the
 * user's: $XDG_CONFIG_HOME, $XDG_STATE_HOME, $XDG_RUNTIME_DIR, each followed by /tidings, with the
 * fallbacks of the XDG Base Directory Specification 0.8 and /run/user/UID. */
struct config_paths {
	bool service;
	char config[512];
	char database[512];
	char socket[512];
};

/* ERR_INVALID when a folder's name is too long. Creates nothing. */
int config_paths(struct config_paths *ret_paths, struct err *e) __attribute__((warn_unused_result));

/* A section feed "Name" { ... }. */
struct config_feed {
	const char *name;                         /* unique */
	const char *url;                          /* normalised, absolute, unique */
	const char *folder;                       /* NULL: none */
	int64_t interval_ms;                      /* 0: the daemon's */
	int64_t interval_min_ms, interval_max_ms; /* 0: the daemon's */
	struct keep keep;                         /* 0: the folder's, else the daemon's */
	enum grouping_level stories;              /* as in store/stories.h */
	struct fetch_site site;                   /* all NULL and false: nothing is said */
};

/* A section group "Name" { ... }: feeds that count together for politeness. */
struct config_group {
	const char *name; /* unique */
	/* "example.org", or ".example.org" for the domain and all below it; NULL-terminated */
	const char *const *hosts;
	const char *const *paths; /* how the path begins; NULL: any */
	bool each_feed;           /* each feed counts for itself */
	int64_t gap_ms;           /* -1: the daemon's */
	int64_t connections;      /* 0: one */
};

/* A section folder "Name" { ... }: of every feed in the folder of that name. */
struct config_folder {
	const char *name; /* unique */
	struct keep keep; /* 0: the daemon's */
	enum grouping_level stories;
};

/* Plain data, owned by its arena; read only after config_load(). */
struct config {
	struct arena arena;
	bool service;       /* as in config_paths */
	const char *path;   /* of the file as given; NULL when there is none */
	const char *folder; /* that relative paths start from: absolute, no symbolic links */

	int64_t interval_ms; /* 0: by each feed's rhythm */
	int64_t interval_min_ms, interval_max_ms;
	int64_t jitter_percent;
	int64_t gap_ms;
	int64_t refresh_floor_ms;
	int64_t connections;
	int64_t connect_timeout_ms;
	int64_t timeout_ms;
	int64_t stall_timeout_ms;
	int64_t document_max_bytes;
	struct keep keep;
	const char *contact;         /* NULL: none */
	const char *proxy, *ca_file; /* NULL: none, the system's */
	struct guard guard;
	const char *file_roots[65]; /* absolute, NULL-terminated: fits fetch_options */
	size_t file_root_count;
	const char *database;
	const char *socket;
	int64_t socket_mode;
	struct api_access access; /* writers and readers, as ids */
	int64_t clients;
	struct sockaddr_storage listen; /* family 0: none */
	bool allow_remote, distrust;
	const char *hosts[API_NAMES_MAX + 1], *origins[API_NAMES_MAX + 1]; /* NULL-terminated */
	size_t host_count, origin_count;
	enum grouping_level stories;
	bool reports;      /* reading an item reads all of its story */
	int64_t log_level; /* enum log_level */

	struct config_feed *feeds;
	size_t feed_count;
	struct config_folder *folders;
	size_t folder_count;
	struct config_group *groups;
	size_t group_count;
	int64_t unverified_count; /* feeds whose certificates are not checked */
	struct map sites;         /* by hash of its name: each feed that says something in `site` */
};

/* Told once for each thing found wrong, in the order of lines, at most CONFIG_REPORT_MAX times and
 * once more for what was left out. A line names everything: `FILE:LINE: KEY: found "x"; allowed:
 * 5min to 30d`. A warning does not make loading fail. */
typedef void config_tell(void *ctx, bool warning, const char *line);

/* Reads `path`. Keys it does not set have their defaults. ERR_NOT_FOUND, ERR_DENIED or ERR_IO when
 * the file cannot be read, ERR_TOO_BIG beyond CONFIG_FILE_MAX, ERR_INVALID for its contents,
 * ERR_NOMEM; the text of `e` is the first such line (cut where it does not fit). `tell` may be
 * NULL. On failure there is nothing to finish. Blocks on files and on the user database;
 * libconfuse's lexer is global, so one call at a time. */
int config_load(const char *path, struct config *ret_config, config_tell *tell, void *ctx,
	struct err *e) __attribute__((warn_unused_result));

/* The defaults alone: no file, no feeds. */
int config_default(struct config *ret_config, struct err *e) __attribute__((warn_unused_result));

/* Creates the folders of the database and of the socket where they are missing, 0700, for a service
 * 0755. */
int config_make_folders(const struct config *config, struct err *e)
	__attribute__((warn_unused_result));

/* What the configuration means to the rooms. The options point into `config` and `agent`, which
 * becomes the User-Agent. */
struct fetch_options config_fetch_options(const struct config *config, char agent[AGENT_BYTES]);
/* What a feed's section says of fetching it, copied, since a reload may come meanwhile. *ret_site
 * NULL: nothing; `section` may be NULL. ERR_NOMEM. */
int config_site(const struct config *config, const char *section, struct arena *arena,
	const struct fetch_site **ret_site) __attribute__((warn_unused_result));
struct api_options config_api_options(const struct config *config);

/* Descriptors open at once at the most: sockets of polls, kept connections and look-ups of names;
 * clients; databases of all threads, log and libraries. */
unsigned long config_descriptors(const struct config *config);

/* Takes zeroed memory. */
void config_finish(struct config *config);

/* One line of the table of keys. The sample file and the manual are compared with it by tests. */
enum config_type {
	CONFIG_DURATION, /* "30min", "1h30min"; kept in milliseconds */
	CONFIG_SIZE,     /* "16MiB"; kept in bytes */
	CONFIG_PERCENT,  /* "10%" */
	CONFIG_INT,
	CONFIG_OCTAL, /* "0660" */
	CONFIG_STRING,
	CONFIG_LIST, /* { "a", "b" } */
};

struct config_key {
	const char *name;
	enum config_type type;
	const char *fallback;  /* the default as it would be written, NULL: none */
	const char *min, *max; /* for numbers, as written; else NULL */
	const char *allowed;   /* for what is no number: what may stand there, in words */
	const char *help;      /* one line */
	size_t offset;         /* of the number in its struct */
	/* Checks and stores a string, or one member of a list; 0, ERR_INVALID or ERR_NOMEM. */
	int (*take)(struct config *config, const char *value);
};

/* Where keys stand: at the top of the file, or in a section of a feed, a folder or a group. */
enum config_section { CONFIG_TOP, CONFIG_FEED, CONFIG_FOLDER, CONFIG_GROUP, CONFIG_SECTIONS };

/* The keys that may stand there. Static storage. */
const struct config_key *config_keys(enum config_section section, size_t *ret_count);

#endif
