/* Do two URLs name the same article? */
#include "story/canonical.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/url.h"
#include "story/link_rules.h"

enum {
	PARAMETERS_MAX = 128, /* a URL with more of them is compared with its query as written */
	WRAPS_MAX = 4,        /* addresses within addresses */
};

/* A URL taken apart; the path and the query with their escapes in one form. */
struct link {
	const char *host; /* without labels that say nothing */
	char *path, *query;
	const char *fragment;
	unsigned port;
};

/* -- escapes -- */

static int hex_value(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* The byte of an escape, -1 where there is none. */
static int escaped(const char *s)
{
	if (s[0] != '%' || !isxdigit((unsigned char)s[1]) || !isxdigit((unsigned char)s[2]))
		return -1;
	return hex_value(s[1]) << 4 | hex_value(s[2]);
}

static bool is_unreserved(int c)
{
	return c > 0 && c < 0x80 && (isalnum(c) || strchr("-._~", c));
}

/* RFC 3986, 6.2.2: what needs no escape has none, what needs one has it in capitals. */
static char *even_out(const char *s, struct arena *a)
{
	char *out = arena_alloc(a, 3 * strlen(s) + 1), *end = out;

	while (out && *s) {
		int code = escaped(s), byte = code < 0 ? (unsigned char)*s : code;

		if ((code < 0 && byte < 0x80 && byte != ' ') || is_unreserved(byte))
			*end++ = (char)byte;
		else
			end += snprintf(end, 4, "%%%02X", (unsigned)byte);
		s += code < 0 ? 1 : 3;
	}
	if (out)
		*end = '\0';
	return out;
}

static char *decoded(const char *s, struct arena *a)
{
	char *out = arena_alloc(a, strlen(s) + 1), *end = out;

	while (out && *s) {
		int code = escaped(s);

		if (code < 0)
			*end++ = *s;
		else
			*end++ = (char)code;
		s += code < 0 ? 1 : 3;
	}
	if (out)
		*end = '\0';
	return out;
}

/* -- the parts -- */

/* In place; two labels are left at the least, since they may be the name itself. */
static void drop_labels(char *host)
{
	size_t left = 1;
	char *out = host;

	for (const char *p = host; *p; p++)
		left += *p == '.';
	for (const char *in = host; *in;) {
		size_t len = strcspn(in, ".");
		bool idle = len == 0 || (left > 2 && link_rules_drop_label(in, len));

		left -= idle;
		if (!idle) {
			if (out > host)
				*out++ = '.';
			memmove(out, in, len);
			out += len;
		}
		in += len + (in[len] == '.');
	}
	*out = '\0';
}

static bool is_idle(const char *segment, size_t len)
{
	return len == 0 || (len == 1 && *segment == '.') || link_rules_drop_segment(segment, len);
}

/* In place; empty parts, "//" and a final "/", say nothing either. */
static void squeeze_path(char *path)
{
	char *out = path;

	for (const char *in = path; *in;) {
		size_t len = strcspn(++in, "/");

		if (len == 2 && !strncmp(in, "..", 2)) {
			while (out > path && *--out != '/')
				;
		} else if (!is_idle(in, len)) {
			*out++ = '/';
			memmove(out, in, len);
			out += len;
		}
		in += len;
	}
	*out = '\0';
	out[-(ptrdiff_t)link_rules_ending(path)] = '\0';
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The parameters that count, sorted; NULL when none is left. */
static int canonical_query(struct link *l, struct arena *a)
{
	const char *parts[PARAMETERS_MAX] = {NULL};
	char *rest = l->query, *out, *end;
	size_t count = 0;

	out = end = l->query = arena_strdup(a, rest);
	if (!out)
		return ERR_NOMEM;
	for (char *part = strsep(&rest, "&"); part; part = strsep(&rest, "&")) {
		if (!*part || !link_rules_count(l->host, l->path, part))
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
		l->query = NULL;
	return 0;
}

/* -- addresses within addresses -- */

/* The first of the parameters that is said to hold the target. */
static int wrapped_target(const struct link *l, struct arena *a, char **ret_target)
{
	char *rest = l->query ? arena_strdup(a, l->query) : NULL;

	if (l->query && !rest)
		return ERR_NOMEM;
	for (char *part = strsep(&rest, "&"); part; part = strsep(&rest, "&")) {
		const char *value = strchr(part, '=');

		if (!value || !link_rules_wrap(l->host, l->path, part))
			continue;
		*ret_target = decoded(value + 1, a);
		return *ret_target ? 0 : ERR_NOMEM;
	}
	return 0;
}

static int find_target(const struct link *l, struct arena *a, char **ret_target)
{
	const char *behind = link_rules_behind(l->host, l->path);

	*ret_target = NULL;
	if (!behind)
		return wrapped_target(l, a, ret_target);
	*ret_target = arena_printf(a, "%s%s%s%s", url_is_http(behind) ? "" : "https://", behind,
		l->query ? "?" : "", l->query ? l->query : "");
	return *ret_target ? 0 : ERR_NOMEM;
}

static int read_link(const char *url, struct arena *a, struct link *l)
{
	struct url_parts u;
	int rv = url_split(url, a, &u);

	if (rv)
		return rv;
	drop_labels(u.host);
	*l = (struct link){.host = link_rules_host(u.host), .fragment = u.fragment, .port = u.port};
	l->path = even_out(u.path, a);
	l->query = u.query ? even_out(u.query, a) : NULL;
	return l->path && (l->query || !u.query) ? 0 : ERR_NOMEM;
}

/* What a wrapper says of its target is believed only where that is a link. */
static int read_innermost(const char *url, struct arena *a, struct link *l)
{
	int rv = read_link(url, a, l);

	for (int i = 0; i < WRAPS_MAX && !rv; i++) {
		struct link inner;
		char *target;

		rv = find_target(l, a, &target);
		if (rv || !target || !url_is_http(target))
			break;
		rv = read_link(target, a, &inner);
		if (rv == ERR_INVALID)
			return 0;
		*l = rv ? *l : inner;
	}
	return rv;
}

static int build(const struct link *l, struct arena *a, char **ret_url)
{
	bool bang = l->fragment && l->fragment[0] == '!';
	char port[8] = "", *end;
	const char *const parts[] = {l->host, port, l->path, l->query ? "?" : "",
		l->query ? l->query : "", bang ? "#" : "", bang ? l->fragment : ""};
	size_t len = 1;

	if (!l->path[0] && !l->query && !bang)
		return 0;
	if (l->port != 80 && l->port != 443)
		snprintf(port, sizeof(port), ":%u", l->port);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		len += strlen(parts[i]);
	*ret_url = end = arena_alloc(a, len);
	for (size_t i = 0; end && i < sizeof(parts) / sizeof(parts[0]); i++)
		end = mempcpy(end, parts[i], strlen(parts[i]));
	return *ret_url ? 0 : ERR_NOMEM;
}

int canonical_url(const char *url, struct arena *a, char **ret_url)
{
	struct link l;
	int rv;

	*ret_url = NULL;
	if (!url || !url_is_http(url))
		return 0;
	rv = read_innermost(url, a, &l);
	if (rv)
		return rv == ERR_NOMEM ? rv : 0;
	squeeze_path(l.path);
	if (l.query && canonical_query(&l, a))
		return ERR_NOMEM;
	return build(&l, a, ret_url);
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
