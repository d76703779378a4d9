/* How a feed is fetched, and rate groups: their values, checked and stored. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/url.h"
#include "config_keys.h"
#include "fetch/header.h"
#include "limits.h"

static struct fetch_site *site(struct config *c)
{
	return &c->feeds[c->feed_count].site;
}

static int take_one_of(const char *value, const char *no, const char *yes, bool *out)
{
	*out = strcmp(value, yes) == 0;
	return *out || strcmp(value, no) == 0 ? 0 : ERR_INVALID;
}

int config_take_user(struct config *c, const char *value)
{
	return *value && !strchr(value, ':') ? config_keep(c, value, &site(c)->user) : ERR_INVALID;
}

int config_take_password(struct config *c, const char *value)
{
	return config_keep(c, value, &site(c)->password);
}

/* Reads its first line. A name without a folder is looked for among systemd's credentials first. */
int config_take_password_file(struct config *c, const char *value)
{
	const char *credentials = strchr(value, '/') ? NULL : getenv("CREDENTIALS_DIRECTORY");
	const char *path = value;
	struct buf text;
	int rc = credentials ? ERR_NOT_FOUND : 0;

	buf_init(&text, CONFIG_PASSWORD_MAX);
	if (credentials) {
		path = arena_printf(&c->arena, "%s/%s", credentials, value);
		rc = path ? buf_read_file(&text, path, NULL) : ERR_NOMEM;
	}
	if (!credentials || rc == ERR_NOT_FOUND) {
		rc = config_take_path(c, value, &path);
		rc = rc ? rc : buf_read_file(&text, path, NULL);
	}
	if (rc == 0) {
		text.data[strcspn(buf_string(&text), "\r\n")] = '\0';
		rc = config_keep(c, text.data, &site(c)->password);
	}
	buf_finish(&text);
	return rc == 0 || rc == ERR_NOMEM ? rc : ERR_INVALID;
}

int config_take_auth(struct config *c, const char *value)
{
	return take_one_of(value, "basic", "digest", &site(c)->digest);
}

int config_take_http(struct config *c, const char *value)
{
	return take_one_of(value, "2", "1.1", &site(c)->http1);
}

int config_take_tls_verify(struct config *c, const char *value)
{
	return take_one_of(value, "yes", "no", &site(c)->no_verify);
}

int config_take_user_agent(struct config *c, const char *value)
{
	return header_sendable(value) ? config_keep(c, value, &site(c)->user_agent) : ERR_INVALID;
}

/* Adds to a list that ends with NULL; lists are short. */
static int add(struct config *c, const char *value, const char *const **list, size_t max)
{
	size_t count = 0;
	const char **longer;

	while (*list && (*list)[count])
		count++;
	longer = count < max ? arena_alloc(&c->arena, (count + 2) * sizeof(*longer)) : NULL;
	if (!longer)
		return count < max ? ERR_NOMEM : ERR_INVALID;
	if (count)
		memcpy(longer, *list, count * sizeof(*longer));
	longer[count + 1] = NULL;
	*list = longer;
	return config_keep(c, value, &longer[count]);
}

int config_take_header(struct config *c, const char *value)
{
	return header_custom(value) ? add(c, value, &site(c)->headers, CONFIG_HEADERS_MAX)
				    : ERR_INVALID;
}

int config_take_proxy(struct config *c, const char *value)
{
	int rc = fetch_proxy_check(value);

	return rc ? rc : config_keep(c, value, &c->proxy);
}

int config_take_feed_proxy(struct config *c, const char *value)
{
	bool none = strcmp(value, "none") == 0;
	int rc = none ? 0 : fetch_proxy_check(value);

	return rc ? rc : config_keep(c, none ? "" : value, &site(c)->proxy);
}

static bool has_secrets(const struct fetch_site *s)
{
	return s->user || s->headers || s->no_verify;
}

int config_add_site(struct config *c)
{
	struct config_feed *feed = &c->feeds[c->feed_count];
	struct fetch_site *s = &feed->site;

	s->url = has_secrets(s) ? feed->url : NULL;
	c->unverified_count += s->no_verify;
	if (!s->url && !s->digest && !s->user_agent && !s->proxy && !s->http1)
		return 0;
	return map_put(&c->sites, hash64(feed->name, strlen(feed->name)), feed);
}

/* -- rate groups -- */

static struct config_group *group(struct config *c)
{
	return &c->groups[c->group_count];
}

/* A host as URLs have it, or with a dot in front a domain. */
int config_take_host(struct config *c, const char *value)
{
	bool below = value[0] == '.';
	const char *text = arena_printf(&c->arena, "http://%s/", value + below);
	struct url_parts parts;
	int rc = text ? url_split(text, &c->arena, &parts) : ERR_NOMEM;

	if (rc == 0 && (strcmp(parts.path, "/") != 0 || parts.user || parts.query ||
			       parts.port != 80 || strchr(value, '/')))
		rc = ERR_INVALID;
	if (rc == 0) {
		text = arena_printf(&c->arena, "%s%s", below ? "." : "", parts.host);
		rc = text ? add(c, text, &group(c)->hosts, CONFIG_GROUP_MAX) : ERR_NOMEM;
	}
	return rc;
}

int config_take_group_path(struct config *c, const char *value)
{
	return value[0] == '/' ? add(c, value, &group(c)->paths, CONFIG_GROUP_MAX) : ERR_INVALID;
}

int config_take_each(struct config *c, const char *value)
{
	return take_one_of(value, "group", "feed", &group(c)->each_feed);
}
