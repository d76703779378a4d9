/* What reading the file needs of the table of keys. */
#ifndef TIDINGS_CONFIG_KEYS_H
#define TIDINGS_CONFIG_KEYS_H

#include "config.h"

enum { CONFIG_KEYS_MAX = 64 }; /* at the top, or of a section */

/* Everything but what the file says, `folder` and `writers`. */
int config_set_defaults(struct config *c, struct err *e) __attribute__((warn_unused_result));

/* A service's clients are the members of the group "tidings", where the package has made it. */
void config_default_writers(struct config *c);

/* In config_site.c: how a feed is fetched, and rate groups. As config_key.take(). */
int config_take_user(struct config *c, const char *value);
int config_take_password(struct config *c, const char *value);
int config_take_password_file(struct config *c, const char *value);
int config_take_auth(struct config *c, const char *value);
int config_take_header(struct config *c, const char *value);
int config_take_user_agent(struct config *c, const char *value);
int config_take_http(struct config *c, const char *value);
int config_take_tls_verify(struct config *c, const char *value);
int config_take_feed_proxy(struct config *c, const char *value);
int config_take_proxy(struct config *c, const char *value);
int config_take_host(struct config *c, const char *value);
int config_take_group_path(struct config *c, const char *value);
int config_take_each(struct config *c, const char *value);

/* Makes what the feed after the last counted says of fetching known by its name. ERR_NOMEM. */
int config_add_site(struct config *c) __attribute__((warn_unused_result));

/* A path, made absolute: what is relative starts in the configuration's folder. ERR_INVALID,
 * ERR_NOMEM. */
int config_take_path(struct config *c, const char *value, const char **out)
	__attribute__((warn_unused_result));

/* Checks and stores one value, or one member of a list. `base`: the struct the key belongs to,
 * struct config, config_feed, config_folder or config_group; the last three are always the one
 * after the last counted. ERR_INVALID, ERR_NOMEM. */
int config_take(struct config *c, void *base, const struct config_key *key, const char *value)
	__attribute__((warn_unused_result));

/* A number with its unit, in any range; a duration may be a sum ("1h30min", "1d 12h"). ERR_INVALID.
 */
int config_parse_number(enum config_type type, const char *text, int64_t *ret_value)
	__attribute__((warn_unused_result));

/* Copies into the configuration's arena. ERR_NOMEM. */
int config_keep(struct config *c, const char *value, const char **out)
	__attribute__((warn_unused_result));

#endif
