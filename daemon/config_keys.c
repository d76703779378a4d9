/* The table of keys: names, ranges and defaults, and how each value gets into struct config. */
#include "config_keys.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "api/listener.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/url.h"
#include "limits.h"

static int take_contact(struct config *c, const char *value);
static int take_network(struct config *c, const char *value);
static int take_root(struct config *c, const char *value);
static int take_database(struct config *c, const char *value);
static int take_ca_file(struct config *c, const char *value);
static int take_socket(struct config *c, const char *value);
static int take_writer(struct config *c, const char *value);
static int take_reader(struct config *c, const char *value);
static int take_listen(struct config *c, const char *value);
static int take_allow_remote(struct config *c, const char *value);
static int take_trust(struct config *c, const char *value);
static int take_own_host(struct config *c, const char *value);
static int take_origin(struct config *c, const char *value);
static int take_log_level(struct config *c, const char *value);
static int take_stories(struct config *c, const char *value);
static int take_folder_stories(struct config *c, const char *value);
static int take_reading(struct config *c, const char *value);
static int take_feed_url(struct config *c, const char *value);
static int take_feed_folder(struct config *c, const char *value);
static int take_feed_stories(struct config *c, const char *value);

static const char peers_allowed[] =
	"names or numbers of users, with @ of groups, at most 64 in all";

/* clang-format off */

/* At every level; the narrower one counts. */
#define KEEP_KEYS(owner, age, unread, items_, bytes_) \
	{"keep_age", CONFIG_DURATION, age, "1d", "36500d", NULL, \
		"how long an item is kept that was read", offsetof(struct owner, keep.age_ms), NULL}, \
	{"keep_unread", CONFIG_DURATION, unread, "1d", "36500d", NULL, \
		"how long an item is kept that was not read", offsetof(struct owner, keep.unread_ms), NULL}, \
	{"keep_items", CONFIG_INT, items_, "1", "1000000", NULL, \
		"how many items of a feed are kept", offsetof(struct owner, keep.items), NULL}, \
	{"keep_bytes", CONFIG_SIZE, bytes_, "64KiB", "1048576MiB", NULL, \
		"how much the texts of a feed's items may take", offsetof(struct owner, keep.bytes), NULL}

#define STORIES_KEY(level, take_) \
	{"stories", CONFIG_STRING, level, NULL, NULL, "strict, normal, wide or off", \
		"how alike items must be to be one story", 0, take_}

static const struct config_key top_keys[] = {
	{"interval", CONFIG_DURATION, NULL, "5min", "30d", NULL,
		"how often a feed is polled that sets no interval of its own", offsetof(struct config, interval_ms), NULL},
	{"interval_min", CONFIG_DURATION, "60min", "5min", "30d", NULL,
		"the shortest interval of feeds that are polled by their rhythm", offsetof(struct config, interval_min_ms), NULL},
	{"interval_max", CONFIG_DURATION, "24h", "5min", "30d", NULL,
		"the longest interval of feeds that are polled by their rhythm", offsetof(struct config, interval_max_ms), NULL},
	{"jitter", CONFIG_PERCENT, "10%", "0%", "50%", NULL,
		"how far a poll may move at random, so that feeds do not come in bursts", offsetof(struct config, jitter_percent), NULL},
	{"gap", CONFIG_DURATION, "1s", "0s", "1h", NULL,
		"the least time between two polls of the same host", offsetof(struct config, gap_ms), NULL},
	{"refresh_floor", CONFIG_DURATION, "5min", "0s", "1h", NULL,
		"the least time between polls of one feed that a user asks for", offsetof(struct config, refresh_floor_ms), NULL},
	{"connections", CONFIG_INT, "100", "1", "1000", NULL,
		"polls under way at once", offsetof(struct config, connections), NULL},
	{"connect_timeout", CONFIG_DURATION, "10s", "1s", "5min", NULL,
		"how long finding and reaching a host may take", offsetof(struct config, connect_timeout_ms), NULL},
	{"timeout", CONFIG_DURATION, "60s", "1s", "1h", NULL,
		"how long one request may take in all", offsetof(struct config, timeout_ms), NULL},
	{"stall_timeout", CONFIG_DURATION, "20s", "1s", "10min", NULL,
		"how long less than 100 bytes a second may come", offsetof(struct config, stall_timeout_ms), NULL},
	{"document_max", CONFIG_SIZE, "16MiB", "64KiB", "64MiB", NULL,
		"the largest document taken, after decompression", offsetof(struct config, document_max_bytes), NULL},
	KEEP_KEYS(config, "90d", "365d", "10000", "256MiB"),
	{"contact", CONFIG_STRING, NULL, NULL, NULL, "an http or https URL or a mail address",
		"where publishers reach you; sent with every request", 0, take_contact},
	{"allow", CONFIG_LIST, NULL, NULL, NULL, "networks such as 127.0.0.0/8 or ::1, at most 64",
		"networks that are not public and may be polled all the same", 0, take_network},
	{"file_roots", CONFIG_LIST, NULL, NULL, NULL, "folders, at most 64",
		"folders from which file: feeds may be read", 0, take_root},
	{"proxy", CONFIG_STRING, NULL, NULL, NULL, "http://HOST:PORT or socks5h://HOST:PORT",
		"what all feeds are fetched through", 0, config_take_proxy},
	{"ca_file", CONFIG_STRING, NULL, NULL, NULL, "the path of a file in PEM",
		"the certificates that are trusted", 0, take_ca_file},
	{"database", CONFIG_STRING, NULL, NULL, NULL, "the path of a file",
		"where everything is kept", 0, take_database},
	{"socket", CONFIG_STRING, NULL, NULL, NULL, "a path of at most 107 bytes",
		"where clients connect", 0, take_socket},
	{"socket_mode", CONFIG_OCTAL, "0600", "0600", "0666", NULL,
		"who may connect; a service's default is 0660", offsetof(struct config, socket_mode), NULL},
	{"writers", CONFIG_LIST, NULL, NULL, NULL, peers_allowed,
		"who may change things, beside root and the daemon's own user", 0, take_writer},
	{"readers", CONFIG_LIST, NULL, NULL, NULL, peers_allowed,
		"who may look, but not change", 0, take_reader},
	{"trust_peer", CONFIG_STRING, "yes", NULL, NULL, "yes or no",
		"whether the user who connects says who it is", 0, take_trust},
	{"clients", CONFIG_INT, "256", "8", "4096", NULL,
		"connections to the socket at once", offsetof(struct config, clients), NULL},
	{"listen", CONFIG_STRING, NULL, NULL, NULL, "an address and a port such as 127.0.0.1:8899 or [::1]:8899, no names",
		"where clients connect that know no Unix socket", 0, take_listen},
	{"allow_remote", CONFIG_STRING, "no", NULL, NULL, "yes or no",
		"whether other machines may reach what listen names", 0, take_allow_remote},
	{"hosts", CONFIG_LIST, NULL, NULL, NULL, "names, with or without a port, at most 16",
		"what this daemon is called by requests, beside 127.0.0.1, localhost and [::1]", 0, take_own_host},
	{"origins", CONFIG_LIST, NULL, NULL, NULL, "origins such as https://reader.example.org, at most 16",
		"whose pages may ask from within a browser", 0, take_origin},
	STORIES_KEY("normal", take_stories),
	{"reading", CONFIG_STRING, "copies", NULL, NULL, "copies or reports",
		"what of a story is read together", 0, take_reading},
	{"log_level", CONFIG_STRING, "info", NULL, NULL, "error, warning, info or debug",
		"what is logged", 0, take_log_level},
};

static const struct config_key feed_keys[] = {
	{"url", CONFIG_STRING, NULL, NULL, NULL, "an http, https or file URL",
		"where the feed is", 0, take_feed_url},
	{"folder", CONFIG_STRING, NULL, NULL, NULL, "a name of at most 200 bytes",
		"the folder it is shown in", 0, take_feed_folder},
	{"interval", CONFIG_DURATION, NULL, "5min", "30d", NULL,
		"how often it is polled", offsetof(struct config_feed, interval_ms), NULL},
	{"interval_min", CONFIG_DURATION, NULL, "5min", "30d", NULL,
		"its shortest interval", offsetof(struct config_feed, interval_min_ms), NULL},
	{"interval_max", CONFIG_DURATION, NULL, "5min", "30d", NULL,
		"its longest interval", offsetof(struct config_feed, interval_max_ms), NULL},
	KEEP_KEYS(config_feed, NULL, NULL, NULL, NULL),
	STORIES_KEY(NULL, take_feed_stories),
	{"user", CONFIG_STRING, NULL, NULL, NULL, "a name without a colon",
		"who asks, where a password is needed", 0, config_take_user},
	{"password", CONFIG_STRING, NULL, NULL, NULL, "any text",
		"the password, sent to the feed's own host alone", 0, config_take_password},
	{"password_file", CONFIG_STRING, NULL, NULL, NULL, "the path of a file, or the name of a credential",
		"where the password stands instead, in the first line", 0, config_take_password_file},
	{"auth", CONFIG_STRING, NULL, NULL, NULL, "basic or digest",
		"how user and password are sent", 0, config_take_auth},
	{"headers", CONFIG_LIST, NULL, NULL, NULL, "texts such as 'X-Key: abc', at most 16, of none that the daemon sends",
		"further header lines, sent to the feed's own host alone", 0, config_take_header},
	{"user_agent", CONFIG_STRING, NULL, NULL, NULL, "a text without control characters",
		"what is sent in place of tidings/VERSION", 0, config_take_user_agent},
	{"http", CONFIG_STRING, NULL, NULL, NULL, "2 or 1.1",
		"the newest HTTP that is spoken", 0, config_take_http},
	{"tls_verify", CONFIG_STRING, NULL, NULL, NULL, "yes or no",
		"whether the certificate of the feed's own host is checked", 0, config_take_tls_verify},
	{"proxy", CONFIG_STRING, NULL, NULL, NULL, "http://HOST:PORT, socks5h://HOST:PORT or none",
		"what it is fetched through", 0, config_take_feed_proxy},
};

static const struct config_key folder_keys[] = {
	KEEP_KEYS(config_folder, NULL, NULL, NULL, NULL),
	STORIES_KEY(NULL, take_folder_stories),
};

static const struct config_key group_keys[] = {
	{"hosts", CONFIG_LIST, NULL, NULL, NULL, "hosts, and domains with a dot in front, at most 64",
		"the hosts that count together", 0, config_take_host},
	{"paths", CONFIG_LIST, NULL, NULL, NULL, "beginnings of paths, with their slash, at most 64",
		"of those hosts only what begins so", 0, config_take_group_path},
	{"each", CONFIG_STRING, NULL, NULL, NULL, "group or feed",
		"what counts: all together, or each feed for itself", 0, config_take_each},
	{"gap", CONFIG_DURATION, NULL, "0s", "1d", NULL,
		"the least time between two polls", offsetof(struct config_group, gap_ms), NULL},
	{"connections", CONFIG_INT, NULL, "1", "16", NULL,
		"polls under way at once", offsetof(struct config_group, connections), NULL},
};
/* clang-format on */

enum { TOP_KEYS = sizeof(top_keys) / sizeof(top_keys[0]) };

static const struct {
	const struct config_key *keys;
	size_t count;
} sections[CONFIG_SECTIONS] = {
	[CONFIG_TOP] = {top_keys, TOP_KEYS},
	[CONFIG_FEED] = {feed_keys, sizeof(feed_keys) / sizeof(feed_keys[0])},
	[CONFIG_FOLDER] = {folder_keys, sizeof(folder_keys) / sizeof(folder_keys[0])},
	[CONFIG_GROUP] = {group_keys, sizeof(group_keys) / sizeof(group_keys[0])},
};

const struct config_key *config_keys(enum config_section section, size_t *ret_count)
{
	*ret_count = sections[section].count;
	return sections[section].keys;
}

/* Every type of number has its units, and a value names one. */
static const struct unit {
	enum config_type type;
	const char *name;
	int64_t factor;
} units[] = {
	{CONFIG_DURATION, "ms", 1},
	{CONFIG_DURATION, "s", 1000},
	{CONFIG_DURATION, "min", INT64_C(60) * 1000},
	{CONFIG_DURATION, "h", INT64_C(3600) * 1000},
	{CONFIG_DURATION, "d", INT64_C(86400) * 1000},
	{CONFIG_SIZE, "B", 1},
	{CONFIG_SIZE, "KiB", 1024},
	{CONFIG_SIZE, "MiB", 1024 * 1024},
	{CONFIG_PERCENT, "%", 1},
	{CONFIG_INT, "", 1},
};

static int64_t unit_factor(enum config_type type, const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].type == type && strlen(units[i].name) == len &&
			memcmp(units[i].name, name, len) == 0)
			return units[i].factor;
	}
	return 0;
}

static int parse_octal(const char *text, int64_t *ret_value)
{
	size_t len = strlen(text);
	if (len < 2 || len > 5 || text[0] != '0' || strspn(text, "01234567") != len)
		return ERR_INVALID;
	*ret_value = (int64_t)strtol(text, NULL, 8);
	return 0;
}

int config_parse_number(enum config_type type, const char *text, int64_t *ret_value)
{
	if (type == CONFIG_OCTAL)
		return parse_octal(text, ret_value);
	int64_t sum = 0;
	do {
		size_t digits = strspn(text, "0123456789");
		int64_t number = 0, part;
		for (size_t i = 0; i < digits; i++) {
			if (__builtin_mul_overflow(number, 10, &number) ||
				__builtin_add_overflow(number, text[i] - '0', &number))
				return ERR_INVALID;
		}
		text += digits;
		size_t len = strcspn(text, " 0123456789");
		int64_t factor = unit_factor(type, text, len);
		if (digits == 0 || factor == 0 || __builtin_mul_overflow(number, factor, &part) ||
			__builtin_add_overflow(sum, part, &sum))
			return ERR_INVALID;
		text += len;
		text += text[0] == ' ' && text[1] != '\0';
	} while (*text != '\0' && type == CONFIG_DURATION);
	if (*text != '\0')
		return ERR_INVALID;
	*ret_value = sum;
	return 0;
}

static bool in_range(const struct config_key *key, int64_t value)
{
	int64_t min, max;
	if (config_parse_number(key->type, key->min, &min) != 0 ||
		config_parse_number(key->type, key->max, &max) != 0)
		return false;
	if (key->type == CONFIG_OCTAL) /* permission bits: all of the least, none beyond the most */
		return (value & min) == min && (value & ~max) == 0;
	return value >= min && value <= max;
}

static void store_number(void *base, const struct config_key *key, int64_t value)
{
	memcpy((char *)base + key->offset, &value, sizeof(value));
}

int config_keep(struct config *c, const char *value, const char **out)
{
	*out = arena_strdup(&c->arena, value);
	return *out ? 0 : ERR_NOMEM;
}

/* It stands in a comment of the User-Agent header (RFC 9110, 5.6.5), so nothing that would end it.
 */
static int take_contact(struct config *c, const char *value)
{
	size_t len = strlen(value);
	bool mail = strchr(value, '@') != NULL && strstr(value, "://") == NULL;
	if (len > 200 || (!mail && !url_is_http(value)))
		return ERR_INVALID;
	for (size_t i = 0; i < len; i++) {
		if (value[i] <= ' ' || value[i] >= 0x7f || strchr("()<>\\\"", value[i]))
			return ERR_INVALID;
	}
	return config_keep(c, value, &c->contact);
}

static int take_network(struct config *c, const char *value)
{
	return guard_allow(&c->guard, value, NULL);
}

/* Takes "//", "." and ".." out of an absolute path, without asking the file system. */
static void tidy_path(char *path)
{
	char *out = path, *in = path;
	while (*in != '\0') {
		in += strspn(in, "/");
		size_t len = strcspn(in, "/");
		if (len == 2 && in[0] == '.' && in[1] == '.') {
			while (out > path && *--out != '/')
				;
		} else if (len > 1 || (len == 1 && in[0] != '.')) {
			*out++ = '/';
			memmove(out, in, len);
			out += len;
		}
		in += len;
	}
	if (out == path)
		*out++ = '/';
	*out = '\0';
}

/* Makes a path absolute: what is relative starts in the configuration's folder. Written one way,
 * since the roots of file: feeds are compared as texts. */
int config_take_path(struct config *c, const char *value, const char **out)
{
	size_t len = strlen(value);
	if (len == 0 || len >= 4096)
		return ERR_INVALID;
	char *path = value[0] == '/' ? arena_strdup(&c->arena, value)
				     : arena_printf(&c->arena, "%s/%s", c->folder, value);
	if (path == NULL)
		return ERR_NOMEM;
	tidy_path(path);
	*out = path;
	return 0;
}

static int take_root(struct config *c, const char *value)
{
	if (c->file_root_count == CONFIG_ROOTS_MAX)
		return ERR_INVALID;
	int rc = config_take_path(c, value, &c->file_roots[c->file_root_count]);
	c->file_root_count += rc == 0;
	return rc;
}

static int take_ca_file(struct config *c, const char *value)
{
	return config_take_path(c, value, &c->ca_file);
}

static int take_database(struct config *c, const char *value)
{
	return config_take_path(c, value, &c->database);
}

static int take_socket(struct config *c, const char *value)
{
	struct sockaddr_un address;
	int rc = config_take_path(c, value, &c->socket);
	return rc == 0 && strlen(c->socket) >= sizeof(address.sun_path) ? ERR_INVALID : rc;
}

/* A number, or a name of the user database. */
static int peer_id(const char *name, bool group, uint32_t *ret_id)
{
	char space[65536]; /* a group comes with the names of all its members */
	struct passwd user, *found_user = NULL;
	struct group members, *found_group = NULL;
	size_t len = strlen(name);
	if (len > 0 && strspn(name, "0123456789") == len) {
		errno = 0;
		unsigned long long id = strtoull(name, NULL, 10);
		*ret_id = (uint32_t)id;
		return errno || id >= UINT32_MAX ? ERR_INVALID
						 : 0; /* the greatest means "nobody" */
	}
	int failed = group ? getgrnam_r(name, &members, space, sizeof(space), &found_group)
			   : getpwnam_r(name, &user, space, sizeof(space), &found_user);
	if (failed || (!found_group && !found_user))
		return ERR_INVALID;
	*ret_id = found_group ? members.gr_gid : user.pw_uid;
	return 0;
}

static int take_peer(struct config *c, const char *value, enum api_right right)
{
	uint32_t id;
	bool group = value[0] == '@';
	if (c->access.count == API_ACCESS_MAX || peer_id(value + group, group, &id) != 0)
		return ERR_INVALID;
	c->access.rules[c->access.count].group = group;
	c->access.rules[c->access.count].id = id;
	c->access.rules[c->access.count].right = right;
	c->access.count++;
	return 0;
}

static int take_writer(struct config *c, const char *value)
{
	return take_peer(c, value, API_WRITE);
}

static int take_reader(struct config *c, const char *value)
{
	return take_peer(c, value, API_READ);
}

static int take_listen(struct config *c, const char *value)
{
	struct sockaddr_storage address;
	int code = listener_parse(value, &address);

	if (code == 0)
		c->listen = address;
	return code;
}

static int take_trust(struct config *c, const char *value)
{
	c->distrust = strcmp(value, "no") == 0;
	return c->distrust || strcmp(value, "yes") == 0 ? 0 : ERR_INVALID;
}

static int take_allow_remote(struct config *c, const char *value)
{
	c->allow_remote = strcmp(value, "yes") == 0;
	return c->allow_remote || strcmp(value, "no") == 0 ? 0 : ERR_INVALID;
}

/* No longer than what is kept of the field that it is compared with. */
static int add_name(struct config *c, const char *value, const char **names, size_t *count)
{
	if (*count == API_NAMES_MAX || !*value || strlen(value) >= ACCESS_FIELD_MAX)
		return ERR_INVALID;
	return config_keep(c, value, &names[(*count)++]);
}

static int take_own_host(struct config *c, const char *value)
{
	return strpbrk(value, "/@ \t") ? ERR_INVALID : add_name(c, value, c->hosts, &c->host_count);
}

static int take_origin(struct config *c, const char *value)
{
	const char *host = strstr(value, "://");

	return host && host > value && host[3] && !strpbrk(host + 3, "/@ \t")
		       ? add_name(c, value, c->origins, &c->origin_count)
		       : ERR_INVALID;
}

static int take_log_level(struct config *c, const char *value)
{
	enum log_level level;
	int rc = log_level_parse(value, &level);
	if (rc == 0)
		c->log_level = level;
	return rc;
}

static int take_stories(struct config *c, const char *value)
{
	return story_level_parse(value, &c->stories) ? 0 : ERR_INVALID;
}

static int take_folder_stories(struct config *c, const char *value)
{
	return story_level_parse(value, &c->folders[c->folder_count].stories) ? 0 : ERR_INVALID;
}

static int take_feed_stories(struct config *c, const char *value)
{
	return story_level_parse(value, &c->feeds[c->feed_count].stories) ? 0 : ERR_INVALID;
}

static int take_reading(struct config *c, const char *value)
{
	c->reports = strcmp(value, "reports") == 0;
	return c->reports || strcmp(value, "copies") == 0 ? 0 : ERR_INVALID;
}

/* "file:world.xml" -> "file:///folder/world.xml". The folder's bytes that mean something in a URL
 * are escaped; what the user wrote is a URL already. */
static const char *file_url(struct config *c, const char *relative)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
	struct buf b;
	buf_init(&b, URL_MAX_BYTES);
	buf_puts(&b, "file://");
	for (const char *p = c->folder; *p != '\0'; p++)
		buf_printf(&b, strchr(plain, *p) ? "%c" : "%%%02X", (unsigned char)*p);
	buf_printf(&b, "/%s", relative);
	const char *url = buf_status(&b) == 0 ? arena_strdup(&c->arena, buf_string(&b)) : NULL;
	buf_finish(&b);
	return url;
}

static int take_feed_url(struct config *c, const char *value)
{
	char *url;
	if (strncmp(value, "file:", 5) == 0 && value[5] != '/' && value[5] != '\0')
		value = file_url(c, value + 5);
	int rc = value ? url_normalize(value, &c->arena, &url) : ERR_NOMEM;
	if (rc == 0 && strlen(url) > FETCH_URL_MAX)
		rc = ERR_INVALID;
	if (rc == 0)
		c->feeds[c->feed_count].url = url;
	return rc;
}

static int take_feed_folder(struct config *c, const char *value)
{
	size_t len = strlen(value);
	if (len == 0 || len > CONFIG_NAME_MAX)
		return ERR_INVALID;
	return config_keep(c, value, &c->feeds[c->feed_count].folder);
}

int config_take(struct config *c, void *base, const struct config_key *key, const char *value)
{
	int64_t number;
	if (key->take)
		return key->take(c, value);
	if (config_parse_number(key->type, value, &number) != 0 || !in_range(key, number))
		return ERR_INVALID;
	store_number(base, key, number);
	return 0;
}

int config_set_defaults(struct config *c, struct err *e)
{
	struct config_paths paths;
	int rc = config_paths(&paths, e);
	if (rc != 0)
		return rc;
	c->service = paths.service;
	for (size_t i = 0; i < TOP_KEYS; i++) {
		int64_t number;
		const struct config_key *key = &top_keys[i];
		if (key->fallback && key->take)
			rc |= key->take(c, key->fallback);
		else if (key->fallback &&
			 config_parse_number(key->type, key->fallback, &number) == 0)
			store_number(c, key, number);
	}
	if (c->service)
		c->socket_mode = 0660;
	if (rc != 0 || config_keep(c, paths.database, &c->database) != 0 ||
		config_keep(c, paths.socket, &c->socket) != 0)
		return err_set(e, ERR_NOMEM, NULL);
	return 0;
}

void config_default_writers(struct config *c)
{
	if (c->service)
		(void)take_writer(c, "@tidings");
}
