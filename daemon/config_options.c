/* What the configuration means to the rooms that it is for. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "limits.h"

struct fetch_options config_fetch_options(const struct config *config, char agent[AGENT_BYTES])
{
	const char *contact = config->contact;

	snprintf(agent, AGENT_BYTES, "tidings/%s%s%s%s", TIDINGS_VERSION, contact ? " (+" : "",
		contact ? contact : "", contact ? ")" : "");
	return (struct fetch_options){
		.user_agent = agent,
		.proxy = config->proxy,
		.ca_file = config->ca_file,
		.connections_max = (int)config->connections,
		.connect_timeout_ms = config->connect_timeout_ms,
		.total_timeout_ms = config->timeout_ms,
		.low_speed_ms = config->stall_timeout_ms,
		.body_max_bytes = (size_t)config->document_max_bytes,
		.guard = config->guard,
		.file_roots = config->file_roots,
	};
}

/* NULL stays NULL. */
static bool copy_text(const char **text, struct arena *arena)
{
	if (*text)
		*text = arena_strdup(arena, *text);
	return *text != NULL;
}

static int copy_headers(struct fetch_site *site, struct arena *arena)
{
	const char *const *from = site->headers;
	const char **list;
	size_t count = 0;

	while (from && from[count])
		count++;
	if (!count)
		return 0;
	list = arena_alloc(arena, (count + 1) * sizeof(*list));
	for (size_t i = 0; list && i < count; i++) {
		list[i] = from[i];
		if (!copy_text(&list[i], arena))
			return ERR_NOMEM;
	}
	site->headers = list;
	return list ? 0 : ERR_NOMEM;
}

static int copy_site(const struct fetch_site *from, struct arena *arena, struct fetch_site *site)
{
	const char **texts[] = {
		&site->url, &site->user, &site->password, &site->user_agent, &site->proxy};

	*site = *from;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (*texts[i] && !copy_text(texts[i], arena))
			return ERR_NOMEM;
	return copy_headers(site, arena);
}

int config_site(const struct config *config, const char *section, struct arena *arena,
	const struct fetch_site **ret_site)
{
	const struct config_feed *feed =
		section ? map_get(&config->sites, hash64(section, strlen(section))) : NULL;
	struct fetch_site *site;

	*ret_site = NULL;
	if (!feed || strcmp(feed->name, section) != 0)
		return 0;
	site = arena_alloc(arena, sizeof(*site));
	if (!site || copy_site(&feed->site, arena, site))
		return ERR_NOMEM;
	*ret_site = site;
	return 0;
}

struct api_options config_api_options(const struct config *config)
{
	return (struct api_options){
		.socket_path = config->socket,
		.socket_mode = (mode_t)config->socket_mode,
		.listen_fd = -1,
		.clients_max = (int)config->clients,
		.access = config->access,
		.listen = config->listen,
		.tcp_fd = -1,
		.allow_remote = config->allow_remote,
		.hosts = config->hosts,
		.origins = config->origins,
		.distrust = config->distrust,
		.reports = config->reports,
	};
}

unsigned long config_descriptors(const struct config *config)
{
	int64_t transfers = config->connections + fetch_parked_max((int)config->connections);

	return (unsigned long)(2 * transfers + FETCH_IDLE_CONNECTIONS_MAX + config->clients +
			       DESCRIPTORS_SPARE);
}
