/* The cursor file: read whole, replaced whole. */
#include "cli/cursor.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int cursor_path(const char *named, char path[CURSOR_PATH_BYTES])
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int len = -1;
	errno = ENOENT;
	if (named)
		len = snprintf(path, CURSOR_PATH_BYTES, "%s", named);
	else if (state && state[0] == '/')
		len = snprintf(path, CURSOR_PATH_BYTES, "%s/tidings/new.cursor", state);
	else if (home && home[0] == '/')
		len = snprintf(path, CURSOR_PATH_BYTES, "%s/.local/state/tidings/new.cursor", home);
	if (len >= CURSOR_PATH_BYTES)
		errno = ENAMETOOLONG;
	return len > 0 && len < CURSOR_PATH_BYTES ? 0 : -1;
}

/* Letters and digits, a minus, a number: it goes into a URL as it is. */
static bool is_cursor(const char *text)
{
	const char *minus = strrchr(text, '-');
	size_t letters =
		strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
	return minus && minus > text && minus[1] && text[letters] == '\0' &&
	       minus[1 + strspn(minus + 1, "0123456789")] == '\0';
}

int cursor_read(const char *path, char cursor[CURSOR_BYTES])
{
	char line[CURSOR_BYTES] = "";
	cursor[0] = '\0';
	FILE *file = fopen(path, "re");
	if (!file)
		return errno == ENOENT ? 0 : -1;
	errno = EINVAL;
	bool read = fgets(line, sizeof(line), file) != NULL;
	int reason = errno; /* EISDIR, EIO */
	fclose(file);
	line[strcspn(line, "\n")] = '\0';
	errno = reason;
	if (!read || strlen(line) == sizeof(line) - 1 || !is_cursor(line))
		return -1;
	memcpy(cursor, line, sizeof(line));
	return 0;
}

static int make_folders(const char *path)
{
	char folder[CURSOR_PATH_BYTES];
	snprintf(folder, sizeof(folder), "%s", path);
	for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(folder, 0700) < 0 && errno != EEXIST)
			return -1;
		*slash = '/';
	}
	return 0;
}

int cursor_write(const char *path, const char *cursor)
{
	char temporary[CURSOR_PATH_BYTES + 8];
	if (make_folders(path) < 0)
		return -1;
	snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	int fd = mkstemp(temporary);
	if (fd < 0)
		return -1;
	bool written = dprintf(fd, "%s\n", cursor) > 0 && fsync(fd) == 0;
	if (close(fd) == 0 && written && rename(temporary, path) == 0)
		return 0;
	int reason = errno;
	unlink(temporary);
	errno = reason;
	return -1;
}
