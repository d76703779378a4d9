/* The rules of config/article-links.txt: what in a link says nothing about the article. Pure.
 * `host` is in lower case and without its labels, `path` begins with "/", `parameter` is NAME or
 * NAME=VALUE. */
#ifndef TIDINGS_STORY_LINK_RULES_H
#define TIDINGS_STORY_LINK_RULES_H

#include <stdbool.h>
#include <stddef.h>

bool link_rules_drop_label(const char *label, size_t len);
bool link_rules_drop_segment(const char *segment, size_t len);

/* How many bytes at the path's end say nothing. */
size_t link_rules_ending(const char *path);

/* The name by which this host is known. */
const char *link_rules_host(const char *host);

bool link_rules_count(const char *host, const char *path, const char *parameter);

/* Whether the parameter holds the address that this page leads on to. */
bool link_rules_wrap(const char *host, const char *path, const char *parameter);

/* The address that stands behind the path, lent by it; NULL: none does. */
const char *link_rules_behind(const char *host, const char *path);

#endif
