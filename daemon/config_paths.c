/* Where the configuration, the database and the socket are when nobody says otherwise. */
#include "config.h"

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The variable's value when it is an absolute path; the XDG specification has others ignored.
 * systemd separates several by colons. */
static bool absolute(const char *variable, char *out, size_t size)
{
	const char *value = getenv(variable);
	if (value == NULL || value[0] != '/')
		return false;
	snprintf(out, size, "%.*s", (int)strcspn(value, ":"), value);
	return true;
}

static __attribute__((format(printf, 3, 4))) int join(
	char *out, size_t size, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int len = vsnprintf(out, size, format, args);
	va_end(args);
	return len < 0 || (size_t)len >= size ? ERR_INVALID : 0;
}

static int home(char *out, size_t size)
{
	char space[16384];
	struct passwd user, *found = NULL;
	if (absolute("HOME", out, size))
		return 0;
	if (getpwuid_r(getuid(), &user, space, sizeof(space), &found) != 0 || found == NULL)
		return ERR_INVALID;
	return join(out, size, "%s", user.pw_dir);
}

static const struct place {
	const char *service_variable, *service_folder; /* systemd's, and without it */
	const char *user_variable, *below_home;        /* XDG's, and without it; NULL: /run/user */
	const char *file;
} places[] = {
	{NULL, "/etc/tidings", "XDG_CONFIG_HOME", ".config", "tidings.conf"},
	{"STATE_DIRECTORY", "/var/lib/tidings", "XDG_STATE_HOME", ".local/state", "tidings.db"},
	{"RUNTIME_DIRECTORY", "/run/tidings", "XDG_RUNTIME_DIR", NULL, "tidings.sock"},
};

static int find(const struct place *p, bool service, char *out, size_t size)
{
	char folder[512];
	const char *variable = service ? p->service_variable : p->user_variable;
	if (variable && absolute(variable, folder, sizeof(folder)))
		return join(out, size, "%s%s/%s", folder, service ? "" : "/tidings", p->file);
	if (service)
		return join(out, size, "%s/%s", p->service_folder, p->file);
	if (p->below_home == NULL)
		return join(out, size, "/run/user/%u/tidings/%s", (unsigned)getuid(), p->file);
	int rc = home(folder, sizeof(folder));
	return rc != 0 ? rc : join(out, size, "%s/%s/tidings/%s", folder, p->below_home, p->file);
}

int config_paths(struct config_paths *ret_paths, struct err *e)
{
	struct config_paths p = {.service = getuid() == 0 || getenv("STATE_DIRECTORY") != NULL};
	if (find(&places[0], p.service, p.config, sizeof(p.config)) != 0 ||
		find(&places[1], p.service, p.database, sizeof(p.database)) != 0 ||
		find(&places[2], p.service, p.socket, sizeof(p.socket)) != 0)
		return err_set(e, ERR_INVALID, "no home folder, or its name is too long");
	*ret_paths = p;
	return 0;
}

/* As mkdir -p of the folder that `file` is in. */
static int make_parents(const char *file, mode_t mode, struct err *e)
{
	char path[4096];
	if (join(path, sizeof(path), "%s", file) != 0)
		return err_set(e, ERR_TOO_BIG, "%s: the path is too long", file);
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		struct stat st;
		*slash = '\0';
		if (stat(path, &st) != 0 && mkdir(path, mode) != 0 && errno != EEXIST)
			return err_from_errno(e, errno, path);
		*slash = '/';
	}
	return 0;
}

int config_make_folders(const struct config *config, struct err *e)
{
	mode_t mode = config->service ? 0755 : 0700;
	int rc = make_parents(config->database, mode, e);
	return rc != 0 ? rc : make_parents(config->socket, mode, e);
}
