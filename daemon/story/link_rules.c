/* The rules of config/article-links.txt. */
#include "story/link_rules.h"

#include <string.h>
#include <strings.h>

struct rule {
	const char *host, *path; /* path: "" for any */
	const char *names;       /* separated by blanks */
	size_t host_len;
};

#define RULE(host, path, names) {host, path, names, sizeof(host) - 1},

static const struct rule labels[] = {
#include "story/rules_label.inc"
	{NULL, NULL, NULL, 0}};
static const struct rule segments[] = {
#include "story/rules_segment.inc"
	{NULL, NULL, NULL, 0}};
static const struct rule endings[] = {
#include "story/rules_ending.inc"
	{NULL, NULL, NULL, 0}};
static const struct rule same[] = {
#include "story/rules_same.inc"
	{NULL, NULL, NULL, 0}};
static const struct rule ignore[] = {
#include "story/rules_ignore.inc"
	{NULL, NULL, NULL, 0}};
static const struct rule only[] = {
#include "story/rules_only.inc"
	{NULL, NULL, NULL, 0}};
static const struct rule wrapped[] = {
#include "story/rules_wrapped.inc"
	{NULL, NULL, NULL, 0}};
static const struct rule behind[] = {
#include "story/rules_behind.inc"
	{NULL, NULL, NULL, 0}};

/* The next word and its length; NULL after the last. */
static const char *next_word(const char **rest, size_t *ret_len)
{
	const char *word = *rest;

	while (*word == ' ')
		word++;
	*rest = strchrnul(word, ' ');
	*ret_len = (size_t)(*rest - word);
	return *ret_len ? word : NULL;
}

static bool is_word(const char *words, const char *text, size_t len)
{
	size_t word_len;

	for (const char *word = next_word(&words, &word_len); word;
		word = next_word(&words, &word_len)) {
		if (word_len == len && !strncmp(word, text, len))
			return true;
	}
	return false;
}

static bool is_parameter(const char *words, const char *parameter)
{
	size_t name_len = strcspn(parameter, "="), len;

	for (const char *word = next_word(&words, &len); word; word = next_word(&words, &len)) {
		bool open = word[len - 1] == '*';
		size_t had;

		if (*word != '*' && (*word | 0x20) != (*parameter | 0x20))
			continue;
		had = memchr(word, '=', len) ? strlen(parameter) : name_len;
		if (open ? had >= len - 1 : had == len) {
			if (!strncasecmp(word, parameter, len - open))
				return true;
		}
	}
	return false;
}

/* The host of a rule begins with "." or ends with "*", or is the whole name. */
static bool is_host(const struct rule *rule, const char *host, size_t host_len)
{
	const char *pattern = rule->host;
	size_t len = rule->host_len;
	bool below = *pattern == '.';

	if (pattern[len - 1] == '*')
		return !strncmp(pattern, host, len - 1);
	if (below && host_len > len)
		return host[host_len - len] == '.' && !strcmp(pattern, host + host_len - len);
	return host_len == len - below && !strcmp(pattern + below, host);
}

/* What of the path is left behind the pattern; NULL: it begins otherwise. */
static const char *behind_path(const char *pattern, const char *path)
{
	while (path && *pattern && *path) {
		if (*pattern == '*') {
			path += strcspn(path, "/");
			pattern++;
		} else if (*pattern++ != *path++) {
			return NULL;
		}
	}
	return *pattern && strcmp(pattern, "*") != 0 ? NULL : path;
}

static bool is_page(const struct rule *rule, const char *host, size_t host_len, const char *path)
{
	const char *rest;

	if (!is_host(rule, host, host_len))
		return false;
	rest = behind_path(rule->path, path);
	return !rule->path[0] || (rest && !*rest);
}

bool link_rules_drop_label(const char *label, size_t len)
{
	return is_word(labels[0].names, label, len);
}

bool link_rules_drop_segment(const char *segment, size_t len)
{
	return is_word(segments[0].names, segment, len);
}

size_t link_rules_ending(const char *path)
{
	const char *words = endings[0].names;
	size_t path_len = strlen(path), len;

	for (const char *word = next_word(&words, &len); word; word = next_word(&words, &len)) {
		if (len <= path_len && !strncmp(word, path + path_len - len, len))
			return len;
	}
	return 0;
}

const char *link_rules_host(const char *host)
{
	size_t len = strlen(host);

	for (const struct rule *r = same; r->host; r++) {
		if (is_host(r, host, len))
			return r->names;
	}
	return host;
}

bool link_rules_count(const char *host, const char *path, const char *parameter)
{
	size_t len = strlen(host);

	for (const struct rule *r = ignore; r->host; r++) {
		if (is_page(r, host, len, path) && is_parameter(r->names, parameter))
			return false;
	}
	for (const struct rule *r = only; r->host; r++) {
		if (is_page(r, host, len, path))
			return is_parameter(r->names, parameter);
	}
	return true;
}

bool link_rules_wrap(const char *host, const char *path, const char *parameter)
{
	size_t len = strlen(host);

	for (const struct rule *r = wrapped; r->host; r++) {
		if (is_page(r, host, len, path) && is_parameter(r->names, parameter))
			return true;
	}
	return false;
}

const char *link_rules_behind(const char *host, const char *path)
{
	size_t len = strlen(host);

	for (const struct rule *r = behind; r->host; r++) {
		const char *rest = is_host(r, host, len) ? behind_path(r->path, path) : NULL;

		if (rest && *rest)
			return rest;
	}
	return NULL;
}
