/* Rate groups, what politeness counts by, and what the configuration says of one feed's fetches.
 * Loop thread, unless said. */
#ifndef TIDINGS_MANNERS_H
#define TIDINGS_MANNERS_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "schedule.h"

struct rate_group {
	int64_t key;            /* schedule_group() of its name */
	int64_t gap_ms;         /* -1: as the schedule has it for all */
	int connections;        /* 0: likewise */
	char name[GROUP_BYTES]; /* "host:port", or "group NAME", no host having a blank */
};

/* The first of the configuration's groups that fits, else one that is known
 * (config/rate-groups.txt), else the host and port. What is no URL is in a group of its own: it
 * fails as such when it is fetched; with ERR_NOMEM it is that one, too. Any thread while the
 * configuration stays. */
int rate_group_find(const struct config *config, const char *url, struct rate_group *ret_group);

/* What refreshes ask of the schedule, as callbacks of refresh_env; `ctx` is a struct manners. */
struct manners {
	const struct config *config;
	struct schedule *schedule;
	int64_t (*clock_ms)(void);
	void (*room)(void *ctx); /* a visit has gone on or ended: feeds may start */
	void *room_ctx;
};
/* See refresh_env. */
int64_t manners_admit(
	void *ctx, struct visit **visit, int64_t feed, const char *url, int64_t most_ms);
void manners_leave(void *ctx, struct visit *visit);
void manners_hold(void *ctx, const char *url, int64_t wait_ms);
bool manners_more(void *ctx, int64_t feed);
int manners_site(void *ctx, const char *section, struct arena *arena,
	const struct fetch_site **ret_site) __attribute__((warn_unused_result));

#endif
