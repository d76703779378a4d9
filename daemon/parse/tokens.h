/* The characters of XML's grammar, as far as the passes in front of libxml2 care. Private to
 * parse/. */
#ifndef TIDINGS_PARSE_TOKENS_H
#define TIDINGS_PARSE_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Names are taken to be ASCII: no dialect has others. */
static inline bool token_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static inline bool token_name_char(char c)
{
	return token_name_start(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == ':';
}

static inline bool token_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static inline const char *token_skip_space(const char *p, const char *end)
{
	while (p < end && token_space(*p))
		p++;
	return p;
}

static inline const char *token_skip_name(const char *p, const char *end)
{
	while (p < end && token_name_char(*p))
		p++;
	return p;
}

/* A name with at most one prefix. `p` to `end` are name characters. */
static inline bool token_qualified(const char *p, const char *end)
{
	const char *colon;

	if (p == end || !token_name_start(*p))
		return false;
	colon = memchr(p, ':', (size_t)(end - p));
	return colon == NULL || (colon + 1 < end && token_name_start(colon[1]) &&
					memchr(colon + 1, ':', (size_t)(end - colon - 1)) == NULL);
}

#endif
