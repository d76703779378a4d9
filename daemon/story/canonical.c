/* Do two URLs name the same article? */
#include "story/canonical.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/url.h"

static const char *const tracking[] = {
#include "story/tracking_parameters.inc"
};

static const char *const host_prefixes[] = {"www.", "m.", "mobile.", "amp."};

enum { PARAMETERS_MAX = 128 }; /* a URL with more of them is compared with its query as written */

static const char *skip_prefix(const char *host)
{
	for (size_t i = 0; i < sizeof(host_prefixes) / sizeof(host_prefixes[0]); i++) {
		size_t len = strlen(host_prefixes[i]);

		if (!strncmp(host, host_prefixes[i], len) && strchr(host + len, '.'))
			return host + len;
	}
	return host;
}

static bool is_tracking(const char *parameter)
{
	size_t len = strcspn(parameter, "=");

	for (size_t i = 0; i < sizeof(tracking) / sizeof(tracking[0]); i++) {
		size_t rule_len = strlen(tracking[i]);

		if (tracking[i][rule_len - 1] == '*') {
			if (len >= rule_len - 1 &&
				!strncasecmp(parameter, tracking[i], rule_len - 1))
				return true;
		} else if (len == rule_len && !strncasecmp(parameter, tracking[i], len)) {
			return true;
		}
	}
	return false;
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The parameters that count, sorted; NULL in *ret_query when none is left. */
static int canonical_query(char *query, struct arena *a, char **ret_query)
{
	const char *parts[PARAMETERS_MAX] = {NULL};
	size_t count = 0;
	char *out = arena_strdup(a, query), *end = out;

	*ret_query = out;
	if (!out)
		return ERR_NOMEM;
	for (char *part = strsep(&query, "&"); part; part = strsep(&query, "&")) {
		if (!*part || is_tracking(part))
			continue;
		if (count == PARAMETERS_MAX)
			return 0;
		parts[count++] = part;
	}
	qsort(parts, count, sizeof(parts[0]), compare_strings);
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(parts[i]);

		memcpy(end, parts[i], len);
		end += len;
		*end++ = i + 1 < count ? '&' : '\0';
	}
	if (!count)
		*ret_query = NULL;
	return 0;
}

/* "//" and a final "/" say nothing about the article. */
static void squeeze_path(char *path)
{
	char *out = path;

	for (const char *in = path; *in; in++) {
		if (*in == '/' && out > path && out[-1] == '/')
			continue;
		*out++ = *in;
	}
	while (out > path && out[-1] == '/')
		out--;
	*out = '\0';
}

static int build(const struct url_parts *u, const char *query, struct arena *a, char **ret_url)
{
	bool bang = u->fragment && u->fragment[0] == '!';
	char port[8] = "";

	if (!u->path[0] && !query && !bang) {
		*ret_url = NULL;
		return 0;
	}
	if (u->port != 80 && u->port != 443)
		snprintf(port, sizeof(port), ":%u", (unsigned)u->port);
	*ret_url = arena_printf(a, "%s%s%s%s%s%s%s", skip_prefix(u->host), port, u->path,
		query ? "?" : "", query ? query : "", bang ? "#" : "", bang ? u->fragment : "");
	return *ret_url ? 0 : ERR_NOMEM;
}

int canonical_url(const char *url, struct arena *a, char **ret_url)
{
	struct url_parts u;
	char *query = NULL;
	int rv;

	*ret_url = NULL;
	if (!url || !url_is_http(url))
		return 0;
	rv = url_split(url, a, &u);
	if (rv)
		return rv == ERR_NOMEM ? rv : 0;
	squeeze_path(u.path);
	if (u.query && canonical_query(u.query, a, &query))
		return ERR_NOMEM;
	return build(&u, query, a, ret_url);
}

int canonical_key(const char *url, struct arena *a, int64_t *ret_key)
{
	char *canonical;
	int rv = canonical_url(url, a, &canonical);

	if (rv)
		return rv;
	*ret_key = canonical ? hash64(canonical, strlen(canonical)) : 0;
	return 0;
}
