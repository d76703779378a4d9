/* file: URLs: regular files below allowed folders, read by a pool job (A52). */
#ifndef TIDINGS_FETCH_FILE_H
#define TIDINGS_FETCH_FILE_H

#include <uv.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "fetch/fetch.h"

enum { FILE_STAMP_BYTES = 64 };

/* Owned by the caller; the pool's from file_start() until `done`. */
struct file_job {
	uv_work_t work;
	const char *const *roots; /* as in fetch_options */
	const char *path;         /* decoded by file_path() */
	const char *etag;         /* stamp of an earlier reading, or NULL */
	struct buf *body;         /* empty, with its maximum */
	void (*done)(struct file_job *job);
	enum fetch_verdict verdict;
	struct err error;
	char stamp[FILE_STAMP_BYTES]; /* "mtime in ns-size-inode" */
};

/* Decodes the path of a URL. ERR_INVALID (a NUL in it, not absolute) or
 * ERR_NOMEM. */
int file_path(const char *url_path, struct arena *a, char **ret_path, struct err *e)
	__attribute__((warn_unused_result));

/* `done` comes on the loop, also after a cancelation by uv_cancel() (ERR_CANCELED). */
int file_start(uv_loop_t *loop, struct file_job *job) __attribute__((warn_unused_result));

/* What the job does: fills verdict, error, stamp and body. Any thread. */
void file_read(struct file_job *job);

#endif
