/* Which rate group a URL is in, and what refreshes ask of schedule and configuration. */
#include "manners.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/url.h"
#include "fetch/fetch.h"
#include "fetch/page.h"
#include "limits.h"

static const struct {
	const char *name, *host;
	int gap_s;
} known[] = {
#include "manners_known.inc"
};

/* "example.org" is that host, ".example.org" the domain with all below it. */
static bool host_fits(const char *rule, const char *host)
{
	size_t rule_len = strlen(rule), len = strlen(host);

	if (rule[0] != '.')
		return strcmp(rule, host) == 0;
	return strcmp(rule + 1, host) == 0 ||
	       (len > rule_len && strcmp(rule, host + len - rule_len) == 0);
}

static bool group_fits(const struct config_group *g, const struct url_parts *url)
{
	bool host = false, path = !g->paths;

	for (const char *const *h = g->hosts; h && *h && !host; h++)
		host = host_fits(*h, url->host);
	for (const char *const *p = g->paths; p && *p && !path; p++)
		path = strncmp(*p, url->path, strlen(*p)) == 0;
	return host && path;
}

/* The feed's own group; its name may be cut, its key is of all of it. */
static int name_own(const struct config_group *rule, const struct url_parts *url,
	struct arena *arena, struct rate_group *g)
{
	const char *name = arena_printf(arena, "group %s: %s%s?%s", rule->name, url->host,
		url->path, url->query ? url->query : "");

	if (!name)
		return ERR_NOMEM;
	snprintf(g->name, sizeof(g->name), "%s", name);
	g->key = schedule_group(name);
	return 0;
}

/* 1: found; 0; ERR_NOMEM. */
static int find_configured(const struct config *config, const struct url_parts *url,
	struct arena *arena, struct rate_group *g)
{
	for (size_t i = 0; i < config->group_count; i++) {
		const struct config_group *rule = &config->groups[i];

		if (!group_fits(rule, url))
			continue;
		g->gap_ms = rule->gap_ms;
		g->connections = (int)rule->connections;
		if (rule->each_feed)
			return name_own(rule, url, arena, g) ? ERR_NOMEM : 1;
		snprintf(g->name, sizeof(g->name), "group %s", rule->name);
		return 1;
	}
	return 0;
}

static bool find_known(const struct url_parts *url, struct rate_group *g)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!host_fits(known[i].host, url->host))
			continue;
		snprintf(g->name, sizeof(g->name), "group %s", known[i].name);
		g->gap_ms = known[i].gap_s ? known[i].gap_s * INT64_C(1000) : -1;
		return true;
	}
	return false;
}

int rate_group_find(const struct config *config, const char *url, struct rate_group *ret_group)
{
	struct url_parts parts;
	struct arena arena;
	int rv;

	*ret_group = (struct rate_group){.gap_ms = -1};
	arena_init(&arena, FETCH_URL_ARENA);
	rv = url_split(url, &arena, &parts);
	if (rv == 0)
		rv = find_configured(config, &parts, &arena, ret_group);
	if (rv == 0 && !find_known(&parts, ret_group))
		page_group(&parts, ret_group->name, sizeof(ret_group->name));
	if (!ret_group->key)
		ret_group->key = schedule_group(ret_group->name);
	arena_finish(&arena);
	return rv == ERR_NOMEM ? rv : 0;
}

int64_t manners_admit(
	void *ctx, struct visit **visit, int64_t feed, const char *url, int64_t most_ms)
{
	const struct manners *m = ctx;
	struct rate_group group;
	int64_t wait_ms;

	(void)rate_group_find(m->config, url, &group);
	schedule_limit(m->schedule, group.key, group.gap_ms, group.connections);
	wait_ms = schedule_admit(m->schedule, visit, feed, group.key, m->clock_ms(), most_ms);
	m->room(m->room_ctx); /* where it comes from */
	return wait_ms;
}

void manners_leave(void *ctx, struct visit *visit)
{
	const struct manners *m = ctx;

	schedule_leave(m->schedule, visit);
	if (visit)
		m->room(m->room_ctx);
}

void manners_hold(void *ctx, const char *url, int64_t wait_ms)
{
	const struct manners *m = ctx;
	struct rate_group group;

	(void)rate_group_find(m->config, url, &group);
	log_event(LOG_INFO, "host.held", "host=%s ms=%lld", group.name, (long long)wait_ms);
	schedule_hold(m->schedule, group.key, m->clock_ms() + wait_ms);
}

bool manners_more(void *ctx, int64_t feed)
{
	const struct manners *m = ctx;

	return schedule_more(m->schedule, feed);
}

int manners_site(
	void *ctx, const char *section, struct arena *arena, const struct fetch_site **ret_site)
{
	const struct manners *m = ctx;

	return config_site(m->config, section, arena, ret_site);
}
