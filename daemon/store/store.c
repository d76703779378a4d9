/* Opening and closing the database: its lock, its files, what is known of it as a whole. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limits.h"
#include "store/query.h"
#include "store/schema.h"
#include "store/state.h"
#include "store/trouble.h"

static int lock_conflict(int fd, const char *path, struct err *e)
{
	char owner[24] = "";
	ssize_t len = pread(fd, owner, sizeof(owner) - 1, 0);

	if (len > 0)
		owner[strspn(owner, "0123456789")] = '\0';
	if (owner[0] == '\0')
		return err_set(e, ERR_BUSY, "the database %s is in use by another process", path);
	return err_set(e, ERR_BUSY, "the database %s is in use by process %s", path, owner);
}

/* A file beside the database, since closing any descriptor of the database itself would drop
 * SQLite's own locks (POSIX). It stays when we end: to unlink it would let two processes hold two
 * files of one name. */
static int take_lock(const char *path, int *ret_fd, bool *ret_unclean, struct err *e)
{
	char *lock_path = NULL;
	struct stat st;
	int status, fd;

	if (asprintf(&lock_path, "%s.lock", path) < 0)
		return err_set(e, ERR_NOMEM, NULL);
	fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		status = err_from_errno(e, errno, lock_path);
		free(lock_path);
		return status;
	}
	free(lock_path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		status = errno == EWOULDBLOCK ? lock_conflict(fd, path, e)
					      : err_from_errno(e, errno, path);
		close(fd);
		return status;
	}
	/* The pid is for the message of the next one, and that it is still there for the next
	 * start: nobody took it away. That it cannot be written (disk full) is no reason not to
	 * run. */
	*ret_unclean = fstat(fd, &st) == 0 && st.st_size > 0;
	if (ftruncate(fd, 0) == 0 && dprintf(fd, "%ld\n", (long)getpid()) > 0)
		(void)!fsync(fd);
	*ret_fd = fd;
	return 0;
}

/* SQLite would create it readable for everyone. An existing file is only looked at. */
static int create_file(const char *path, struct err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat st;

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	if (errno != EEXIST)
		return err_from_errno(e, errno, path);
	if (lstat(path, &st) < 0)
		return err_from_errno(e, errno, path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_DENIED, "the database %s is not a regular file", path);
	/* SQLite would be content to read. */
	return access(path, R_OK | W_OK) < 0 ? err_from_errno(e, errno, path) : 0;
}

static int load(struct store *s, struct err *e)
{
	struct store_tx tx = {.db = &s->db};
	const char *epoch = "";
	struct arena arena;

	arena_init(&arena, STORE_ROW_BYTES);
	/* The newest line is never pruned, so numbers go on from it. */
	int status = query_one(&tx, &arena, e,
		"SELECT value, (SELECT coalesce(max(seq), 0) FROM change) FROM meta"
		" WHERE key = 'epoch'",
		NO_VALUES, COLUMNS(into(&epoch), into(&s->seq)));
	snprintf(s->epoch, sizeof(s->epoch), "%s", epoch ? epoch : "");
	arena_finish(&arena);
	s->writer.committed = s->seq;
	s->writer.tx =
		(struct store_tx){.db = &s->db, .writing = true, .seq = s->seq, .put = s->seq};
	return status < 0 ? status : 0;
}

/* Before anything that can fail, so that store_close() finds them. */
static int init_locks(struct store *s)
{
	if (uv_mutex_init(&s->writer.mutex))
		return ERR_NOMEM;
	if (uv_mutex_init(&s->readers.mutex))
		goto fail_readers;
	if (uv_cond_init(&s->writer.work))
		goto fail_cond;
	list_init(&s->readers.idle);
	list_init(&s->writer.finished);
	for (int class = 0; class < STORE_CLASSES; class ++)
		list_init(&s->writer.queue[class]);
	return 0;
fail_cond:
	uv_mutex_destroy(&s->readers.mutex);
fail_readers:
	uv_mutex_destroy(&s->writer.mutex);
	return ERR_NOMEM;
}

static void set_options(struct store *s, const struct store_options *options)
{
	int64_t commit_ms = options->commit_max_ms ? options->commit_max_ms : STORE_COMMIT_MS;
	int64_t read_ms =
		options->read_deadline_ms ? options->read_deadline_ms : STORE_READ_DEADLINE_MS;

	s->queue_max = options->queue_max ? options->queue_max : STORE_QUEUE_MAX;
	s->commit_max_ns = (uint64_t)commit_ms * 1000000;
	s->read_deadline_ns = (uint64_t)read_ms * 1000000;
	s->retry_ns = (uint64_t)(options->retry_ms ? options->retry_ms : STORE_TRY_MS) * 1000000;
}

int store_open(const struct store_options *options, struct store **ret_store, struct err *e)
{
	struct store *s = calloc(1, sizeof(*s));
	int status;

	if (!s)
		return err_set(e, ERR_NOMEM, NULL);
	s->lock_fd = -1;
	s->path = strdup(options->path);
	if (!s->path || init_locks(s)) {
		free(s->path);
		free(s);
		return err_set(e, ERR_NOMEM, NULL);
	}
	set_options(s, options);
	status = take_lock(s->path, &s->lock_fd, &s->unverified, e);
	if (status == 0)
		status = create_file(s->path, e);
	if (status == 0)
		status = db_open(&s->db, s->path, DB_WRITE, e);
	if (status == 0)
		status = schema_prepare(&s->db, s->path, e);
	if (status == 0)
		status = load(s, e);
	if (status == 0)
		status = trouble_remember_files(s, e);
	if (status == ERR_CORRUPT)
		err_set(e, status,
			"%s is damaged or no database: move it away and put a copy (of tidings db"
			" backup) or what sqlite3's .recover saves in its place; it was left as it"
			" is",
			s->path);
	if (status) {
		store_close(s);
		return status;
	}
	*ret_store = s;
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	readers_close(s);
	db_close(&s->db); /* the last connection: it empties and removes the write-ahead log */
	if (s->lock_fd >= 0) {
		if (!s->unverified && ftruncate(s->lock_fd, 0) < 0)
			errno = 0; /* an old pid in a file that nobody holds is harmless */
		close(s->lock_fd);
	}
	uv_cond_destroy(&s->writer.work);
	uv_mutex_destroy(&s->readers.mutex);
	uv_mutex_destroy(&s->writer.mutex);
	free(s->path);
	free(s);
}

int store_facts(struct store_tx *tx, struct store_facts *ret_facts, struct err *e)
{
	struct store_facts *f = ret_facts;
	int status = query_one(tx, NULL, e,
		"SELECT (SELECT coalesce(max(seq), 0) FROM change),"
		" (SELECT value FROM meta WHERE key = 'min_seq'), count(*),"
		" count(*) FILTER (WHERE status = 2), count(*) FILTER (WHERE status = 3),"
		" (SELECT count(*) FROM item), (SELECT count(*) FROM story),"
		" (SELECT count(*) FROM item WHERE read = 0),"
		" (SELECT count(*) FROM item WHERE starred = 1),"
		" (SELECT page_size * (page_count - freelist_count)"
		"  FROM pragma_page_size, pragma_page_count, pragma_freelist_count)"
		" FROM feed WHERE detached_ms IS NULL",
		NO_VALUES,
		COLUMNS(into(&f->seq), into(&f->min_seq), into(&f->feeds), into(&f->feeds_failing),
			into(&f->feeds_gone), into(&f->items), into(&f->stories),
			into(&f->unread_items), into(&f->starred_items), into(&f->bytes)));

	return status < 0 ? status : 0;
}

int64_t store_tx_seq(struct store_tx *tx)
{
	int64_t seq = tx->put;

	if (!tx->writing)
		(void)query_find_values(tx, &seq, NULL, "SELECT max(seq) FROM change", NO_VALUES);
	return seq;
}

int64_t store_tx_min_seq(struct store_tx *tx)
{
	int64_t seq = 0;

	(void)query_find_values(
		tx, &seq, NULL, "SELECT value FROM meta WHERE key = 'min_seq'", NO_VALUES);
	return seq;
}

const char *store_epoch(const struct store *s)
{
	return s->epoch;
}

int64_t store_seq(const struct store *s)
{
	return s->seq;
}
