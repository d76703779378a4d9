/* The configuration file: read, scanned, given to libconfuse, and every value taken or reported. */
#include "config.h"

#include <confuse.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api/listener.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/url.h"
#include "base/utf8.h"
#include "config_keys.h"
#include "config_scan.h"
#include "limits.h"

/* What a load may take: statements, strings and their copies are some times the file. */
enum { ARENA_FACTOR = 8, ARENA_EXTRA = 1024 * 1024 };

/* What one load works with. */
struct load {
	struct config *config;
	struct config_report report;
	struct config_scan scan;
	int *url_lines; /* of each feed: where it has its URL, else where it begins */
	bool others_may_read;
};

/* One value as libconfuse read it. */
struct value {
	int line;
	const char *text;
};

/* Where a secret may begin in a value that is not allowed: what is behind is not shown. Before an @
 * stands one, too. */
static const struct {
	const char *key, *ends;
} secrets[] = {{"user", ":"}, {"headers", ": "}, {"proxy", ""}};

static const char *shown_of(struct load *l, const struct config_key *key, const char *text)
{
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		const char *at = strrchr(text, '@');

		if (strcmp(secrets[i].key, key->name) != 0)
			continue;
		text = at ? at : text;
		return secrets[i].ends[0] ? arena_strndup(&l->config->arena, text,
						    strcspn(text, secrets[i].ends))
					  : text;
	}
	return text;
}

static void report_value(
	struct load *l, const char *title, const struct config_key *key, const struct value *value)
{
	int64_t number;
	bool numeric = key->min != NULL;
	const char *unit = "";
	const char *found = shown_of(l, key, value->text);
	l->report.failed |= found == NULL;
	if (numeric && config_parse_number(key->type, value->text, &number) != 0)
		unit = key->type == CONFIG_DURATION ? ", with its unit: s, min, h or d"
		       : key->type == CONFIG_SIZE   ? ", with its unit: B, KiB or MiB"
						    : "";
	config_report_add(&l->report, false, value->line, title, key->name,
		"found \"%s\"; allowed: %s%s%s%s", config_shown(&l->report, found ? found : ""),
		numeric ? key->min : key->allowed, numeric ? " to " : "", numeric ? key->max : "",
		unit);
}

static void take_values(
	struct load *l, cfg_t *section, void *base, const char *title, enum config_section kind)
{
	size_t count;
	const struct config_key *keys = config_keys(kind, &count);
	for (size_t i = 0; i < count; i++) {
		for (unsigned n = 0; n < cfg_size(section, keys[i].name); n++) {
			const struct value *value = cfg_getnptr(section, keys[i].name, n);
			int rc = config_take(l->config, base, &keys[i], value->text);
			if (rc == ERR_NOMEM)
				l->report.failed = true;
			else if (rc != 0)
				report_value(l, title, &keys[i], value);
		}
	}
}

static void report_feed(struct load *l, bool warning, size_t i, const char *text)
{
	config_report_add(
		&l->report, warning, l->url_lines[i], l->config->feeds[i].name, "url", "%s", text);
}

static bool has_secrets(struct load *l, const struct config_feed *feed, cfg_t *section)
{
	struct url_parts parts = {0};
	if (feed->site.headers || cfg_size(section, "password") > 0)
		return true;
	l->report.failed |= url_split(feed->url, &l->config->arena, &parts) != 0; /* it is valid */
	return parts.password;
}

static void check_feed(struct load *l, size_t i, cfg_t *section)
{
	const struct config_feed *feed = &l->config->feeds[i];
	if (cfg_size(section, "url") == 0)
		report_feed(l, false, i, "found nothing; allowed: an http, https or file URL");
	if (feed->url == NULL)
		return;
	if (strncmp(feed->url, "file:", 5) == 0 && l->config->file_root_count == 0)
		report_feed(l, false, i,
			"found a file: URL; allowed: those below a folder in file_roots, which has "
			"none");
	if (feed->site.no_verify)
		config_report_add(&l->report, true,
			((struct value *)cfg_getptr(section, "tls_verify"))->line, feed->name,
			"tls_verify", "found no: whoever is on the way to %s can be it",
			config_shown(&l->report, feed->url));
	if (feed->site.password && !feed->site.user)
		report_feed(l, false, i, "found a password, and no user; allowed: both");
	if (l->others_may_read && has_secrets(l, feed, section))
		report_feed(l, true, i,
			"found secrets in a file that everybody may read; allowed: mode 0640 or "
			"0600");
}

static int take_feeds(struct load *l, cfg_t *root)
{
	struct config *c = l->config;
	unsigned count = cfg_size(root, "feed");
	c->feeds = arena_alloc(&c->arena, (count + 1) * sizeof(*c->feeds));
	l->url_lines = arena_alloc(&c->arena, (count + 1) * sizeof(*l->url_lines));
	if (c->feeds == NULL || l->url_lines == NULL)
		return ERR_NOMEM;
	for (unsigned i = 0; i < count; i++) {
		cfg_t *section = cfg_getnsec(root, "feed", i);
		const struct value *url = cfg_getptr(section, "url");
		struct config_feed *feed = &c->feeds[i];
		int rc = config_keep(c, cfg_title(section), &feed->name);
		if (rc != 0)
			return rc;
		l->url_lines[i] =
			url ? url->line : config_scan_line(&l->scan, CONFIG_FEED, feed->name);
		take_values(l, section, feed, feed->name, CONFIG_FEED);
		check_feed(l, i, section);
		if (config_add_site(c))
			return ERR_NOMEM;
		c->feed_count++;
	}
	return 0;
}

static int take_folders(struct load *l, cfg_t *root)
{
	struct config *c = l->config;
	unsigned count = cfg_size(root, "folder");
	c->folders = arena_alloc(&c->arena, (count + 1) * sizeof(*c->folders));
	if (c->folders == NULL)
		return ERR_NOMEM;
	l->report.noun = "folder";
	for (unsigned i = 0; i < count; i++) {
		cfg_t *section = cfg_getnsec(root, "folder", i);
		struct config_folder *folder = &c->folders[c->folder_count];
		int rc = config_keep(c, cfg_title(section), &folder->name);
		if (rc != 0)
			return rc;
		take_values(l, section, folder, folder->name, CONFIG_FOLDER);
		c->folder_count++;
	}
	l->report.noun = "feed";
	return 0;
}

static int take_groups(struct load *l, cfg_t *root)
{
	struct config *c = l->config;
	unsigned count = cfg_size(root, "group");
	c->groups = arena_alloc(&c->arena, (count + 1) * sizeof(*c->groups));
	if (c->groups == NULL)
		return ERR_NOMEM;
	l->report.noun = "group";
	for (unsigned i = 0; i < count; i++) {
		cfg_t *section = cfg_getnsec(root, "group", i);
		struct config_group *group = &c->groups[i];
		int rc = config_keep(c, cfg_title(section), &group->name);
		if (rc != 0)
			return rc;
		group->gap_ms = -1;
		take_values(l, section, group, group->name, CONFIG_GROUP);
		if (cfg_size(section, "hosts") == 0)
			config_report_add(&l->report, false,
				config_scan_line(&l->scan, CONFIG_GROUP, group->name), group->name,
				"hosts", "found nothing; allowed: %s",
				"hosts, and domains with a dot in front");
		c->group_count++;
	}
	l->report.noun = "feed";
	return 0;
}

/* Two keys, which may come in any order. */
static void check_listen(struct load *l, cfg_t *root)
{
	const struct value *listen = cfg_getptr(root, "listen");

	if (listen && l->config->listen.ss_family && !l->config->allow_remote &&
		!listener_is_loopback(&l->config->listen))
		config_report_add(&l->report, false, listen->line, NULL, "listen",
			"found \"%s\", which others can reach; allowed: 127.0.0.1 or [::1], unless "
			"allow_remote is yes",
			config_shown(&l->report, listen->text));
}

/* Two sections with one URL would both claim the same feed. */
static int check_doubles(struct load *l)
{
	struct map seen = {0};
	int rc = 0;
	for (size_t i = 0; i < l->config->feed_count && rc == 0; i++) {
		struct config_feed *feed = &l->config->feeds[i];
		int64_t key = feed->url ? hash64(feed->url, strlen(feed->url)) : 0;
		const struct config_feed *first = feed->url ? map_get(&seen, key) : NULL;
		if (first)
			config_report_add(&l->report, false, l->url_lines[i], feed->name, "url",
				"found the URL of feed \"%s\"; allowed: one section for a feed",
				config_shown(&l->report, first->name));
		else if (feed->url)
			rc = map_put(&seen, key, feed);
	}
	map_finish(&seen);
	return rc;
}

/* libconfuse gives its callbacks nothing of ours. */
static _Thread_local struct load *loading;

__attribute__((format(printf, 2, 0))) static void on_error(
	cfg_t *cfg, const char *format, va_list args)
{
	struct buf text;
	buf_init(&text, CONFIG_FILE_MAX);
	buf_vprintf(&text, format, args);
	if (!loading->scan.lost)
		config_report_add(&loading->report, false, (int)cfg->line, cfg_title(cfg), NULL,
			"found what cannot be read (%s); allowed: key = value, and feed, "
			"folder or group \"Name\" { ... }",
			config_shown(&loading->report, buf_string(&text)));
	loading->report.failed |= buf_status(&text) != 0;
	buf_finish(&text);
}

static int on_value(cfg_t *cfg, cfg_opt_t *option, const char *text, void *result)
{
	struct value *value = arena_alloc(&loading->config->arena, sizeof(*value));
	(void)option;
	if (value == NULL || config_keep(loading->config, text, &value->text) != 0) {
		loading->report.failed = true;
		return -1;
	}
	value->line = (int)cfg->line;
	*(struct value **)result = value;
	return 0;
}

static size_t fill_options(cfg_opt_t *options, enum config_section section)
{
	size_t count;
	const struct config_key *keys = config_keys(section, &count);
	for (size_t i = 0; i < count; i++)
		options[i] = (cfg_opt_t)CFG_PTR_CB(keys[i].name, NULL,
			CFGF_NODEFAULT | (keys[i].type == CONFIG_LIST ? CFGF_LIST : CFGF_NONE),
			on_value, NULL);
	return count;
}

/* Unknown keys have been reported by the scan; libconfuse passes over them, so that the values of
 * the others are checked, too. */
static int parse(struct load *l, const char *text)
{
	cfg_opt_t options[CONFIG_SECTIONS][CONFIG_KEYS_MAX + 4] = {0};
	size_t count = fill_options(options[CONFIG_TOP], CONFIG_TOP);
	fill_options(options[CONFIG_FEED], CONFIG_FEED);
	fill_options(options[CONFIG_FOLDER], CONFIG_FOLDER);
	fill_options(options[CONFIG_GROUP], CONFIG_GROUP);
	options[CONFIG_TOP][count] =
		(cfg_opt_t)CFG_SEC("feed", options[CONFIG_FEED], CFGF_MULTI | CFGF_TITLE);
	options[CONFIG_TOP][count + 1] =
		(cfg_opt_t)CFG_SEC("folder", options[CONFIG_FOLDER], CFGF_MULTI | CFGF_TITLE);
	options[CONFIG_TOP][count + 2] =
		(cfg_opt_t)CFG_SEC("group", options[CONFIG_GROUP], CFGF_MULTI | CFGF_TITLE);
	cfg_t *root = cfg_init(options[CONFIG_TOP], CFGF_IGNORE_UNKNOWN);
	if (root == NULL)
		return ERR_NOMEM;
	cfg_set_error_function(root, on_error);
	loading = l;
	int rc = 0;
	if (cfg_parse_buf(root, text) == CFG_SUCCESS) {
		take_values(l, root, l->config, NULL, CONFIG_TOP);
		check_listen(l, root);
		rc = take_folders(l, root);
		if (rc == 0)
			rc = take_groups(l, root);
		if (rc == 0)
			rc = take_feeds(l, root);
		if (!(cfg_getopt(root, "writers")->flags & CFGF_MODIFIED))
			config_default_writers(l->config);
	} else if (l->report.errors == 0) {
		l->report.failed = true; /* what it says without a word */
	}
	cfg_free(root);
	return rc;
}

/* The folder that relative paths start from. */
static int find_folder(struct config *c, const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char *parent = arena_strndup(
		&c->arena, slash ? path : ".", slash ? (size_t)(slash - path) + 1 : 1);
	if (parent == NULL)
		return err_set(e, ERR_NOMEM, NULL);
	char *real = realpath(parent, NULL);
	if (real == NULL)
		return err_from_errno(e, errno, parent);
	int rc = config_keep(c, real, &c->folder);
	free(real);
	return rc == 0 ? 0 : err_set(e, rc, NULL);
}

/* UTF-8 without NUL. */
static bool is_text(struct load *l, const struct buf *text)
{
	int line = 1;
	uint32_t c;
	for (size_t at = 0, n; at < text->len; at += n) {
		n = utf8_next(text->data + at, text->len - at, &c);
		if (c == 0 || !utf8_valid(text->data + at, n)) {
			config_report_add(&l->report, false, line, NULL, NULL,
				"found bytes that are no text; allowed: UTF-8");
			return false;
		}
		line += c == '\n';
	}
	return true;
}

/* From the text to a filled struct, or to findings. */
static int understand(struct load *l, const struct buf *text)
{
	char *start = text->data;
	if (!is_text(l, text))
		return 0;
	if (strncmp(start, "\xef\xbb\xbf", 3) == 0) /* a byte order mark */
		start += 3;
	if (!config_scan(start, &l->report, &l->scan))
		return 0;
	int rc = parse(l, start);
	if (rc == 0)
		rc = check_doubles(l);
	return rc;
}

/* Tells the findings and returns what they amount to. */
static int conclude(struct load *l, config_tell *tell, void *ctx, struct err *e)
{
	const struct config_report *r = &l->report;
	if (r->failed)
		return err_set(e, ERR_NOMEM, NULL);
	const char *first = NULL;
	for (int i = 0; i < r->count; i++) {
		if (!r->findings[i].warning && first == NULL)
			first = r->findings[i].text;
		if (tell)
			tell(ctx, r->findings[i].warning, r->findings[i].text);
	}
	char more[64];
	snprintf(more, sizeof(more), "and %d more", r->left_out);
	if (tell && r->left_out > 0)
		tell(ctx, r->errors == 0, more);
	return r->errors == 0 ? 0 : err_set(e, ERR_INVALID, "%s", first ? first : more);
}

int config_load(
	const char *path, struct config *ret_config, config_tell *tell, void *ctx, struct err *e)
{
	struct config c = {0};
	struct load l = {.config = &c, .report = {.file = path, .noun = "feed", .arena = &c.arena}};
	struct buf text;
	struct stat st;
	buf_init(&text, CONFIG_FILE_MAX);
	arena_init(&c.arena, ARENA_FACTOR * (size_t)CONFIG_FILE_MAX + ARENA_EXTRA);
	int rc = buf_read_file(&text, path, e);
	l.others_may_read = rc == 0 && stat(path, &st) == 0 && (st.st_mode & S_IROTH);
	if (rc == 0)
		rc = find_folder(&c, path, e);
	if (rc == 0)
		rc = config_set_defaults(&c, e);
	if (rc == 0 && (config_keep(&c, path, &c.path) != 0 || understand(&l, &text) != 0))
		rc = err_set(e, ERR_NOMEM, NULL);
	if (rc == 0)
		rc = conclude(&l, tell, ctx, e);
	buf_finish(&text);
	map_finish(&l.scan.lines);
	if (rc == 0)
		*ret_config = c;
	else
		config_finish(&c);
	return rc;
}

int config_default(struct config *ret_config, struct err *e)
{
	struct config c = {.folder = "/"};
	arena_init(&c.arena, ARENA_EXTRA);
	int rc = config_set_defaults(&c, e);
	if (rc != 0) {
		config_finish(&c);
		return rc;
	}
	config_default_writers(&c);
	*ret_config = c;
	return 0;
}

void config_finish(struct config *config)
{
	if (config == NULL)
		return;
	map_finish(&config->sites);
	arena_finish(&config->arena);
	*config = (struct config){0};
}
