/* What the files behind store.h share: the store itself. Private to the room. */
#ifndef TIDINGS_STORE_STATE_H
#define TIDINGS_STORE_STATE_H

#include <sys/types.h>

#include "store/care.h"
#include "store/db.h"
#include "store/store.h"

enum { STORE_CLASSES = STORE_POLL + 1, STORE_EPOCH_BYTES = 17, STORE_FILES = 3 };

/* The store thread. The loop thread and it share what stands under `mutex`; `tx` is its own once it
 * runs. */
struct writer {
	uv_thread_t thread;
	uv_cond_t work;
	struct store_tx tx;
	uint64_t retry_ns, retry_at_ns; /* while there is trouble: when it is tried again */
	uint64_t healed_at_ns;          /* its last end */
	int log_pages;                  /* of the log, after the last commit */
	int log_pages_max;              /* with more, readers are waited for */

	uv_mutex_t mutex;
	struct list queue[STORE_CLASSES]; /* accepted, not begun */
	struct list finished;             /* committed or failed, `done` is due */
	int64_t committed;                /* newest change number that is safe */
	struct err trouble;               /* see store_trouble() */
	bool reporting;                   /* the loop has a handle to be woken by */
	bool stopping, ended;
};

/* The connections that read: those not in use, so never more than pool threads were busy at once.
 */
struct readers {
	uv_mutex_t mutex;
	struct list idle;
};

/* The task of care.h. What is atomic is written by its thread while the loop's reads it, and
 * `cancel` the other way round; the rest is the thread's until it has ended. */
struct care {
	enum care_kind kind;
	bool running;
	_Atomic int64_t done, total;
	_Atomic bool cancel;
	bool more;
	char *path, *part; /* of the copy, and while it is written */
	int status;
	struct err error;
	uv_work_t work;
	struct store_job job;
	void (*ended)(void *ctx, const struct care_report *report);
	void *ctx;
};

struct store {
	char *path;
	int lock_fd;
	bool unverified; /* the lock keeps its mark */
	struct care care;
	char epoch[STORE_EPOCH_BYTES];
	size_t queue_max; /* of each class */
	uint64_t commit_max_ns, read_deadline_ns, retry_ns;
	struct file_id {
		dev_t dev;
		ino_t ino;
	} files[STORE_FILES]; /* what the names led to when it was opened */
	struct db db;         /* the one that writes */
	struct writer writer;
	struct readers readers;

	/* Of the loop thread. */
	uv_loop_t *loop;   /* NULL until store_start() */
	uv_async_t report; /* referenced while anything is under way */
	size_t writes[STORE_CLASSES], reads;
	int64_t seq;
	struct err trouble;
	bool stopping;
	void (*troubled)(void *ctx);
	void *troubled_ctx;
	bool resting; /* the job is under way */
	struct store_job rest;
	void (*committed)(void *ctx, int64_t seq);
	void *committed_ctx;
	void (*stopped)(void *ctx);
	void *stopped_ctx;
};

/* Counts a job in or out; the loop stays alive while there are any, and a stop goes on when there
 * are none. */
void store_hold(struct store *s);
void store_release(struct store *s);

/* Another connection that reads, to the same files; db_close() it. Any thread. */
int readers_open(const struct store *s, struct db *db, struct err *e);

void readers_close(struct store *s);

/* Empties the caches of those that nobody uses now. Any thread. */
void readers_rest(struct store *s);

#endif
