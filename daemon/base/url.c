/* URLs: resolved by RFC 3986 itself, normalised and, unless they are simple, taken apart by
 * libcurl's parser, names by libidn2. */
#include "base/url.h"

#include <ctype.h>
#include <curl/curl.h>
#include <idn2.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/block.h"
#include "base/buf.h"
#include "base/err.h"
#include "limits.h"

enum { HOST_MAX_BYTES = 253 };             /* RFC 1035, 2.3.4, without the length bytes */
enum { SCRATCH_MAX = 16 * URL_MAX_BYTES }; /* a URL in its stages, three times as long encoded */

/* A stretch of a text; `s` is NULL where the component is absent, which differs from empty (RFC
 * 3986, 5.3). */
struct span {
	const char *s;
	size_t len;
};

/* The five components of a reference (RFC 3986, appendix B). */
struct components {
	struct span scheme;
	struct span authority;
	struct span path;
	struct span query;
	struct span fragment;
};

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7F;
}

static bool is_blank(char c)
{
	return c == ' ' || is_control(c);
}

/* `s` without blanks around it. */
static struct span trim(const char *s)
{
	size_t len;

	while (*s && is_blank(*s))
		s++;
	len = strlen(s);
	while (len > 0 && is_blank(s[len - 1]))
		len--;
	return (struct span){s, len};
}

static bool has_any(const char *s, size_t len, bool (*is_one)(char))
{
	for (size_t i = 0; i < len; i++) {
		if (is_one(s[i]))
			return true;
	}
	return false;
}

/* The length of a scheme before its colon, 0 when there is none. */
static size_t scheme_length(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || s[n] == '+' || s[n] == '-' || s[n] == '.')
		n++;
	return isalpha((unsigned char)s[0]) && s[n] == ':' ? n : 0;
}

/* "http" or "https" stands at `s`, and is `len` bytes long. */
static bool is_web_scheme(const char *s, size_t len)
{
	return (len == 4 || len == 5) && strncasecmp(s, "https", len) == 0;
}

bool url_is_http(const char *url)
{
	size_t n = scheme_length(url);

	return is_web_scheme(url, n) && strncmp(url + n, "://", 3) == 0 && url[n + 3] != '/' &&
	       url[n + 3] != '\0';
}

bool url_is_plain(const char *url, size_t len)
{
	size_t scheme = len > 8 && memcmp(url, "https://", 8) == 0  ? 8
			: len > 7 && memcmp(url, "http://", 7) == 0 ? 7
								    : 0;

	if (scheme == 0 || url[scheme] == '/')
		return false;
	for (; len - scheme >= BLOCK_BYTES; scheme += BLOCK_BYTES) {
		block b = block_at(url + scheme);

		if (block_has((block)((b <= ' ') | (b == 0x7F) | (b == '\\'))))
			return false;
	}
	for (size_t i = scheme; i < len; i++) {
		if (is_blank(url[i]) || url[i] == '\\')
			return false;
	}
	return true;
}

/* -- resolving -- */

static struct components split(const char *s)
{
	struct components c = {.scheme = {NULL, 0}};
	size_t n = scheme_length(s);

	if (n > 0) {
		c.scheme = (struct span){s, n};
		s += n + 1;
	}
	if (s[0] == '/' && s[1] == '/') {
		c.authority = (struct span){s + 2, strcspn(s + 2, "/?#")};
		s = c.authority.s + c.authority.len;
	}
	c.path = (struct span){s, strcspn(s, "?#")};
	s += c.path.len;
	if (*s == '?') {
		c.query = (struct span){s + 1, strcspn(s + 1, "#")};
		s = c.query.s + c.query.len;
	}
	if (*s == '#')
		c.fragment = (struct span){s + 1, strlen(s + 1)};
	return c;
}

/* The number of dots of a segment that is "." or "..", else 0. */
static size_t dots_of(const char *name, size_t len)
{
	return len <= 2 && strncmp(name, "..", len) == 0 ? len : 0;
}

/* `len` without the last segment. */
static size_t parent_of(const char *path, size_t len)
{
	while (len > 0 && path[len - 1] != '/')
		len--;
	return len > 0 ? len - 1 : 0;
}

/* Removes "." and ".." in place (RFC 3986, 5.2.4). A segment here begins with its slash. */
static size_t remove_dots(char *path, size_t len)
{
	size_t in = 0, out = 0;

	while (in < len) {
		size_t slash = path[in] == '/';
		const char *next = memchr(path + in + slash, '/', len - in - slash);
		size_t end = next ? (size_t)(next - path) : len;
		size_t dots = dots_of(path + in + slash, end - in - slash);

		if (dots == 2)
			out = parent_of(path, out);
		if (dots == 0) {
			memmove(path + out, path + in, end - in);
			out += end - in;
		} else if (!next && (slash || out > 0)) {
			path[out++] = '/';
		}
		in = end;
	}
	return out;
}

/* Appends with blanks made harmless: spaces are encoded, controls dropped, as browsers do. */
static void put_clean(struct buf *out, struct span part)
{
	size_t done = 0;

	for (size_t i = 0; i < part.len; i++) {
		if (!is_blank(part.s[i]))
			continue;
		buf_append(out, part.s + done, i - done);
		if (part.s[i] == ' ')
			buf_append(out, "%20", 3);
		done = i + 1;
	}
	buf_append(out, part.s + done, part.len - done);
}

static void put_part(struct buf *out, const char *before, struct span part, const char *after)
{
	if (!part.s)
		return;
	buf_puts(out, before);
	put_clean(out, part);
	buf_puts(out, after);
}

/* The path of `base` up to its last slash (RFC 3986, 5.2.3). */
static struct span folder_of(const struct components *base)
{
	struct span path = base->path;

	if (base->authority.s && path.len == 0)
		return (struct span){"/", 1};
	while (path.len > 0 && path.s[path.len - 1] != '/')
		path.len--;
	return path;
}

/* RFC 3986, 5.2.2 and 5.3, written straight into `out`. */
static void transform(struct buf *out, const struct components *base, const struct components *ref)
{
	bool own_path = ref->scheme.s || ref->authority.s;
	struct span query = ref->query;
	size_t start, kept;

	put_part(out, "", ref->scheme.s ? ref->scheme : base->scheme, ":");
	put_part(out, "//", own_path ? ref->authority : base->authority, "");
	start = out->len;
	if (!own_path && ref->path.len == 0) {
		put_clean(out, base->path);
		if (!query.s)
			query = base->query;
	} else {
		if (!own_path && ref->path.s[0] != '/')
			put_clean(out, folder_of(base));
		put_clean(out, ref->path);
		kept = out->data ? remove_dots(out->data + start, out->len - start) : 0;
		if (out->data && buf_status(out) == 0) {
			out->len = start + kept;
			out->data[out->len] = '\0';
		}
	}
	put_part(out, "?", query, "");
	put_part(out, "#", ref->fragment, "");
}

/* The text without controls, which browsers drop before they look for a scheme ("java\nscript:").
 */
static char *clean_ref(struct span ref, struct arena *a)
{
	char *copy = arena_strndup(a, ref.s, ref.len);
	size_t out = 0;

	if (!copy || !has_any(copy, ref.len, is_control))
		return copy;
	for (size_t i = 0; i < ref.len; i++) {
		if (!is_control(copy[i]))
			copy[out++] = copy[i];
	}
	copy[out] = '\0';
	return copy;
}

/* True when resolving would not change it: most links of most feeds. */
static bool is_final(struct span ref)
{
	return url_is_plain(ref.s, ref.len) && !memmem(ref.s, ref.len, "/.", 2);
}

/* A base that something can be resolved against: not "mailto:x". */
static bool is_hierarchical(const struct components *c)
{
	return !c->scheme.s || c->authority.s || c->path.s[0] == '/';
}

char *url_resolve(const char *base, const char *ref, struct arena *a)
{
	struct span trimmed = trim(ref);
	struct components b, r;
	struct buf out;
	char *text;

	text = clean_ref(trimmed, a);
	if (!text || is_final(trimmed))
		return text;
	b = split(base ? base : "");
	r = split(text);
	/* "http:page" against an http base is relative, as browsers read it (RFC 3986, 5.2.2,
	 * "non-strict"). */
	if (r.scheme.s && !r.authority.s && r.scheme.len == b.scheme.len &&
		is_web_scheme(r.scheme.s, r.scheme.len) &&
		strncasecmp(r.scheme.s, b.scheme.s, b.scheme.len) == 0)
		r.scheme = (struct span){NULL, 0};
	if (r.scheme.s ? !is_web_scheme(r.scheme.s, r.scheme.len)
		       : !base || !*base || !is_hierarchical(&b))
		return text;
	buf_init(&out, URL_MAX_BYTES);
	transform(&out, &b, &r);
	if (buf_status(&out) == 0)
		text = arena_strndup(a, buf_string(&out), out.len);
	else if (buf_status(&out) == ERR_NOMEM)
		text = NULL;
	buf_finish(&out);
	return text;
}

/* -- taking apart -- */

static int from_curl(CURLUcode code)
{
	if (code == CURLUE_OK)
		return 0;
	/* 7.88 calls it a bad login, which nothing else is, when there is no memory for one */
	return code == CURLUE_OUT_OF_MEMORY || code == CURLUE_BAD_LOGIN ? ERR_NOMEM : ERR_INVALID;
}

/* One part as an arena string; NULL and 0 where the URL has none. */
static int get_part(CURLU *u, CURLUPart part, unsigned flags, struct arena *a, char **ret_text)
{
	char *text = NULL;
	CURLUcode code = curl_url_get(u, part, &text, flags);
	int rc = from_curl(code);

	*ret_text = NULL;
	if (code >= CURLUE_NO_SCHEME && code <= CURLUE_NO_FRAGMENT)
		return 0;
	/* said of control characters, and of no memory */
	if (code == CURLUE_URLDECODE && (curl_url_get(u, part, &text, 0) != CURLUE_OK ||
						(!strstr(text, "%0") && !strstr(text, "%1"))))
		rc = ERR_NOMEM;
	if (rc == 0) {
		*ret_text = arena_strdup(a, text);
		rc = *ret_text ? 0 : ERR_NOMEM;
	}
	curl_free(text);
	return rc;
}

static void lower(char *s)
{
	for (; *s; s++) {
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s | 0x20);
	}
}

/* A name of other than ASCII letters as A-labels (UTS 46, first as IDNA 2008 wants it, then the old
 * way). */
static int to_a_labels(struct arena *a, char **host)
{
	char *ascii = NULL;
	int code = idn2_to_ascii_8z(*host, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	int rc = 0;

	if (code != IDN2_OK && code != IDN2_MALLOC)
		code = idn2_to_ascii_8z(*host, &ascii, IDN2_NFC_INPUT | IDN2_TRANSITIONAL);
	if (code != IDN2_OK)
		return code == IDN2_MALLOC ? ERR_NOMEM : ERR_INVALID;
	/* The mapping turns full-width "/" and "@" into real ones. */
	if (ascii[strspn(ascii, "abcdefghijklmnopqrstuvwxyz0123456789.-_")] != '\0') {
		rc = ERR_INVALID;
	} else {
		*host = arena_strdup(a, ascii);
		rc = *host ? 0 : ERR_NOMEM;
	}
	idn2_free(ascii);
	return rc;
}

/* The host as it is asked for in the DNS; "" for a file. Brackets stay. */
static int get_host(CURLU *u, struct arena *a, char **ret_host)
{
	char *host = NULL;
	int rc = get_part(u, CURLUPART_HOST, 0, a, &host);

	if (rc == 0 && !host)
		host = arena_strndup(a, "", 0);
	if (rc != 0 || !host)
		return rc ? rc : ERR_NOMEM;
	lower(host);
	for (const char *p = host; *p; p++) {
		if ((unsigned char)*p >= 0x80) {
			rc = to_a_labels(a, &host);
			break;
		}
	}
	if (rc == 0 && strlen(host) > HOST_MAX_BYTES)
		rc = ERR_INVALID;
	if (rc == 0)
		*ret_host = host;
	return rc;
}

/* Reads an absolute http, https or file URL; libcurl alone would take other schemes and
 * "http:///host", too. */
static int open_url(const char *url, unsigned flags, CURLU **ret_u)
{
	size_t len = strlen(url);
	bool file = strncasecmp(url, "file:", 5) == 0;
	CURLU *u;
	int rc;

	if (len > URL_MAX_BYTES || has_any(url, len, is_control) || (!file && !url_is_http(url)))
		return ERR_INVALID;
	u = curl_url();
	if (!u)
		return ERR_NOMEM;
	rc = from_curl(curl_url_set(u, CURLUPART_URL, url, flags));
	if (rc == 0)
		*ret_u = u;
	else
		curl_url_cleanup(u);
	return rc;
}

/* The strings of a split URL that are taken as they come. */
static int get_strings(CURLU *u, struct arena *a, struct url_parts *p)
{
	const struct {
		CURLUPart part;
		unsigned flags;
		char **to;
	} wanted[] = {
		{CURLUPART_SCHEME, 0, &p->scheme},
		{CURLUPART_USER, CURLU_URLDECODE, &p->user},
		{CURLUPART_PASSWORD, CURLU_URLDECODE, &p->password},
		{CURLUPART_PATH, 0, &p->path},
		{CURLUPART_QUERY, 0, &p->query},
		{CURLUPART_FRAGMENT, 0, &p->fragment},
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		int rc = get_part(u, wanted[i].part, wanted[i].flags, a, wanted[i].to);

		if (rc != 0)
			return rc;
	}
	return 0;
}

const char *url_target(const char *url)
{
	const char *host = strstr(url, "://"), *path = host ? strpbrk(host + 3, "/?#") : NULL;

	return path && *path == '/' && !strchr(path, '#') ? path : NULL;
}

static void drop_brackets(char *host)
{
	size_t len = strlen(host);

	if (host[0] == '[' && host[len - 1] == ']') {
		memmove(host, host + 1, len - 2);
		host[len - 2] = '\0';
	}
}

static bool is_odd_in_name(char c)
{
	return !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '.';
}

/* A name in small letters, and behind it no part that is empty: nothing that libcurl would write
 * otherwise. */
static bool is_simple(const struct components *c)
{
	struct span host = c->authority;

	return host.len > 0 && host.len <= HOST_MAX_BYTES && isalpha((unsigned char)host.s[0]) &&
	       !has_any(host.s, host.len, is_odd_in_name) && c->path.len > 0 &&
	       (!c->query.s || c->query.len > 0) && (!c->fragment.s || c->fragment.len > 0);
}

static int split_simple(const struct components *c, struct arena *a, struct url_parts *ret_parts)
{
	struct url_parts p = {.port = c->scheme.len == 5 ? 443 : 80};
	const struct {
		struct span part;
		char **to;
	} wanted[] = {{c->scheme, &p.scheme}, {c->authority, &p.host}, {c->path, &p.path},
		{c->query, &p.query}, {c->fragment, &p.fragment}};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		*wanted[i].to = arena_strndup(a, wanted[i].part.s, wanted[i].part.len);
		if (wanted[i].part.s && !*wanted[i].to)
			return ERR_NOMEM;
	}
	*ret_parts = p;
	return 0;
}

int url_split(const char *url, struct arena *a, struct url_parts *ret_parts)
{
	struct components c = split(url);
	size_t len = strlen(url);
	struct url_parts p = {.scheme = NULL};
	char *port = NULL;
	CURLU *u = NULL;
	int rc;

	if (len <= URL_MAX_BYTES && url_is_plain(url, len) && is_simple(&c))
		return split_simple(&c, a, ret_parts);
	rc = open_url(url, CURLU_PATH_AS_IS, &u);
	if (rc != 0)
		return rc;
	rc = get_strings(u, a, &p);
	if (rc == 0)
		rc = get_host(u, a, &p.host);
	if (rc == 0)
		rc = get_part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT, a, &port);
	curl_url_cleanup(u);
	if (rc != 0)
		return rc;
	drop_brackets(p.host);
	p.port = port ? (uint16_t)strtoul(port, NULL, 10) : 0;
	if (p.port == 0 && strcmp(p.scheme, "file") != 0)
		return ERR_INVALID;
	*ret_parts = p;
	return 0;
}

/* -- normalising -- */

/* Gives what a user typed a scheme: "feed:" and "feed://" are gone, "example.com/feed" and
 * "//example.com" have https. */
static char *with_scheme(struct span typed, struct arena *a)
{
	char *url = arena_strndup(a, typed.s, typed.len);
	size_t n;

	if (!url)
		return NULL;
	if (strncasecmp(url, "feed:", 5) == 0) {
		url += 5;
		/* "feed://host" says http; "feed:https://host" and "feed://https://host" say it
		 * themselves. */
		if (strncmp(url, "//", 2) == 0 && !url_is_http(url + 2))
			return arena_printf(a, "http:%s", url);
		url += strspn(url, "/");
	}
	if (strncmp(url, "//", 2) == 0)
		return arena_printf(a, "https:%s", url);
	n = scheme_length(url);
	/* In "localhost:8080/feed" what looks like a scheme is a host. */
	if (n > 0 && (url[n + 1] < '0' || url[n + 1] > '9'))
		return url;
	return arena_printf(a, "https://%s", url);
}

/* Drops the fragment and writes the host in its one form. */
static int rewrite(CURLU *u, struct arena *a, char **ret_url)
{
	char *host = NULL;
	int rc = get_host(u, a, &host);

	if (rc == 0 && host[0])
		rc = from_curl(curl_url_set(u, CURLUPART_HOST, host, 0));
	if (rc == 0)
		rc = from_curl(curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0));
	if (rc == 0)
		rc = get_part(u, CURLUPART_URL, CURLU_NO_DEFAULT_PORT, a, ret_url);
	return rc == 0 && !*ret_url ? ERR_INVALID : rc;
}

static int normalize_once(const char *url, struct arena *a, char **ret_url)
{
	CURLU *u = NULL;
	int rc = open_url(url, CURLU_URLENCODE | CURLU_ALLOW_SPACE, &u);

	if (rc != 0)
		return rc;
	rc = rewrite(u, a, ret_url);
	curl_url_cleanup(u);
	return rc;
}

int url_normalize(const char *url, struct arena *a, char **ret_url)
{
	struct span typed = trim(url);
	struct arena scratch;
	struct url_parts parts;
	char *normal = NULL;
	int rc;

	if (typed.len == 0 || typed.len > URL_MAX_BYTES)
		return ERR_INVALID;
	arena_init(&scratch, SCRATCH_MAX);
	normal = with_scheme(typed, &scratch);
	rc = normal ? 0 : ERR_NOMEM;
	/* Twice: decoding a host may bring to light a number that is an address ("6%2e0"). */
	for (int i = 0; rc == 0 && i < 2; i++)
		rc = normalize_once(normal, &scratch, &normal);
	/* What was read leniently must stand up to the strict reading that a fetch begins with. */
	if (rc == 0)
		rc = url_split(normal, &scratch, &parts);
	if (rc == 0) {
		*ret_url = arena_strdup(a, normal);
		rc = *ret_url ? 0 : ERR_NOMEM;
	}
	arena_finish(&scratch);
	return rc;
}

bool url_same_origin(const struct url_parts *a, const struct url_parts *b)
{
	return strcmp(a->scheme, b->scheme) == 0 && strcmp(a->host, b->host) == 0 &&
	       a->port == b->port;
}

size_t url_userinfo(const char *url, size_t *ret_start)
{
	const char *authority = strstr(url, "://"), *at;

	*ret_start = 0;
	if (!authority)
		return 0;
	authority += 3;
	*ret_start = (size_t)(authority - url);
	at = memrchr(authority, '@', strcspn(authority, "/?#"));
	return at ? (size_t)(at + 1 - authority) : 0;
}

const char *url_with_userinfo(const char *url, const char *from, struct arena *a)
{
	size_t host, start, len = url_userinfo(from, &start);

	url_userinfo(url, &host);
	if (len == 0 || host == 0)
		return url;
	return arena_printf(a, "%.*s%.*s%s", (int)host, url, (int)len, from + start, url + host);
}
