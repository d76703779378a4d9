/* file: URLs: regular files below allowed folders. */
#include "fetch/file.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limits.h"

int file_path(const char *url_path, struct arena *a, char **ret_path, struct err *e)
{
	int len = 0;
	char *decoded = curl_easy_unescape(NULL, url_path, 0, &len);
	char *path = decoded ? arena_strndup(a, decoded, (size_t)len) : NULL;

	curl_free(decoded);
	if (!path)
		return err_set(e, ERR_NOMEM, NULL);
	if (path[0] != '/' || strlen(path) != (size_t)len)
		return err_set(e, ERR_INVALID, "a file: URL needs an absolute path");
	*ret_path = path;
	return 0;
}

/* What of `path` lies below `root`, or NULL. */
static const char *below(const char *root, const char *path)
{
	size_t len = strlen(root);

	while (len > 0 && root[len - 1] == '/')
		len--;
	return strncmp(root, path, len) == 0 && path[len] == '/' ? path + len : NULL;
}

static int open_error(struct err *e, int errnum, const char *path)
{
	switch (errnum) {
	case ENOENT:
		return err_set(e, ERR_NOT_FOUND, "there is no file %s", path);
	case ELOOP:
	case ENOTDIR:
		return err_set(e, ERR_BLOCKED,
			"%s leads through a symbolic link or what is no folder", path);
	default:
		return err_from_errno(e, errnum, path);
	}
}

/* Opens component after component without ever following a link, so that nothing can be moved into
 * the way meanwhile. The root itself may be a link: the configuration names it. */
static int open_below(
	const char *root, const char *rest, const char *path, int *ret_fd, struct err *e)
{
	int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int next, failure = errno;
	char name[NAME_MAX + 1];
	size_t len;

	while (dir >= 0) {
		rest += strspn(rest, "/");
		len = strcspn(rest, "/");
		if (len == 0 || len > NAME_MAX) {
			close(dir);
			return err_set(e, ERR_NOT_FOUND, "there is no file %s", path);
		}
		memcpy(name, rest, len);
		name[len] = '\0';
		rest += len;
		if (strcmp(name, "..") == 0) {
			close(dir);
			return err_set(e, ERR_BLOCKED, "file: URLs must not contain \"..\"");
		}
		/* O_NONBLOCK: a FIFO must not hold the worker. */
		next = openat(dir, name,
			O_NOFOLLOW | O_CLOEXEC |
				(*rest ? O_PATH | O_DIRECTORY : O_RDONLY | O_NONBLOCK | O_NOCTTY));
		failure = errno;
		close(dir);
		dir = next;
		if (!*rest)
			break;
	}
	if (dir < 0)
		return open_error(e, failure, path);
	*ret_fd = dir;
	return 0;
}

static int open_allowed(const struct file_job *job, int *ret_fd, struct err *e)
{
	const char *rest;

	for (const char *const *root = job->roots; root && *root; root++) {
		rest = below(*root, job->path);
		if (rest)
			return open_below(*root, rest, job->path, ret_fd, e);
	}
	if (!job->roots || !job->roots[0])
		return err_set(e, ERR_BLOCKED, "file: URLs are not allowed");
	return err_set(e, ERR_BLOCKED, "file: URLs are allowed only below %s%s", job->roots[0],
		job->roots[1] ? " and other configured folders" : "");
}

static int read_file(struct file_job *job, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return err_from_errno(&job->error, errno, job->path);
	if (!S_ISREG(st.st_mode))
		return err_set(&job->error, ERR_BLOCKED, "%s is not a regular file", job->path);
	snprintf(job->stamp, sizeof job->stamp, "%" PRId64 "-%" PRId64 "-%" PRIu64,
		(int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec, (int64_t)st.st_size,
		(uint64_t)st.st_ino);
	if (job->etag && strcmp(job->etag, job->stamp) == 0) {
		job->verdict = FETCH_NOT_MODIFIED;
		return 0;
	}
	job->verdict = FETCH_DOCUMENT;
	if (buf_read(job->body, fd, job->path, &job->error))
		return job->error.code;
	return job->body->len ? 0 : err_set(&job->error, ERR_NOT_FEED, "the file is empty");
}

void file_read(struct file_job *job)
{
	int fd = -1;
	int code = open_allowed(job, &fd, &job->error);

	if (code == 0) {
		code = read_file(job, fd);
		close(fd);
	}
	if (code) {
		job->verdict = FETCH_FAILED;
		job->stamp[0] = '\0';
	}
}

static void on_work(uv_work_t *work)
{
	file_read(work->data);
}

static void on_after(uv_work_t *work, int status)
{
	struct file_job *job = work->data;

	if (status) {
		job->verdict = FETCH_FAILED;
		err_set(&job->error, ERR_CANCELED, NULL);
	}
	job->done(job);
}

int file_start(uv_loop_t *loop, struct file_job *job)
{
	job->verdict = FETCH_FAILED;
	job->error = (struct err){0};
	job->stamp[0] = '\0';
	job->work.data = job;
	return uv_queue_work(loop, &job->work, on_work, on_after) ? ERR_INTERNAL : 0;
}
