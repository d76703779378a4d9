/* What was written must be on the disk before it has its name, and the name before it is told. */
#include "store/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/query.h"

char *copy_name(const char *database, const char *name)
{
	const char *slash = strrchr(database, '/');
	int folder = slash ? (int)(slash + 1 - database) : 0;
	char *path;
	int len = name ? asprintf(&path, "%.*s%s", folder, database, name)
		       : asprintf(&path, "%.*s.%s.part", folder, database, database + folder);

	return len < 0 ? NULL : path;
}

/* Not every file system knows how not to replace. */
static int give_name(const char *part, const char *path, bool replace)
{
	int rc = renameat2(AT_FDCWD, part, AT_FDCWD, path, replace ? 0 : RENAME_NOREPLACE);

	return rc < 0 && errno == EINVAL ? rename(part, path) : rc;
}

/* Not every file system can sync a folder. */
static int sync_folder(const char *path)
{
	char folder[PATH_MAX];
	int fd, rc;

	snprintf(folder, sizeof(folder), "%s", path);
	fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	rc = fsync(fd);
	close(fd);
	return rc < 0 && errno == EINVAL ? 0 : rc;
}

int copy_write(struct db *db, const char *part, const char *path, bool replace, struct err *e)
{
	struct store_tx tx = {.db = db};
	int fd = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	int status;

	if (fd < 0)
		return err_from_errno(e, errno, part);
	status = query_exec(&tx, e, "VACUUM INTO ?", as_text(part));
	if (status == 0 && (fsync(fd) < 0 || give_name(part, path, replace) < 0))
		status = err_from_errno(e, errno, path);
	close(fd);
	if (status) {
		unlink(part);
	} else if (sync_folder(path) < 0) {
		status = err_from_errno(e, errno, path);
		unlink(path);
	}
	return status;
}
