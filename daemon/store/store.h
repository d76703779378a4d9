/* The database: one writing thread with group commit, readers on the loop's pool, and jobs that run
 * there. */
#ifndef TIDINGS_STORE_STORE_H
#define TIDINGS_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/list.h"

/* No type of SQLite leaves this room: what a job does it does through the functions of feeds.h,
 * items.h, stories.h and changes.h on the transaction that it is given. */
struct store;
struct store_tx;

struct store_options {
	const char *path;      /* its folder must exist; files are made 0600 */
	size_t queue_max;      /* jobs of one class waiting for the store thread before ERR_BUSY; 0:
				  default */
	int64_t commit_max_ms; /* work put into one commit at the most; 0: default 50 */
	int64_t read_deadline_ms; /* a read is interrupted after so long; 0: default 2000 */
	int64_t retry_ms; /* before a failing database is tried again, at first; 0: default 1000 */
};

/* Opens or creates the database and brings its schema up to date; blocks, so it runs before the
 * loop does. Takes the lock beside the file (PATH.lock, flock, holding the owner's pid for the
 * message). ERR_BUSY: another process holds it (the text says which); ERR_NEWER; ERR_INVALID: a
 * database of another program; ERR_CORRUPT: damaged or no database at all; ERR_DENIED: may only be
 * read, is a link or a device; ERR_IO; ERR_FULL; ERR_NOMEM. A file that is refused is left as it
 * is. */
int store_open(const struct store_options *options, struct store **ret_store, struct err *e)
	__attribute__((warn_unused_result));

/* Starts the store thread. `committed` runs on the loop thread after commits that added to the
 * change log, with the newest number (several commits may be told as one). */
int store_start(struct store *s, uv_loop_t *loop, void (*committed)(void *ctx, int64_t seq),
	void *ctx) __attribute__((warn_unused_result));

/* What is wrong with the database as a whole, so that nothing can be stored: full or broken disk,
 * another's lock, files that were moved or replaced (nothing is written to what is there instead).
 * Code 0: nothing. Writes are tried all the same, reads go on, and the store thread tries by itself
 * until one succeeds; only damage (ERR_CORRUPT) lasts until the next start: every write ends with
 * it, untried, and so does what shared a commit with the one that saw it. Loop thread. */
const struct err *store_trouble(const struct store *s);

/* `changed` runs on the loop thread when that begins, ends or becomes another, before the `done` of
 * the jobs that show it. */
void store_watch(struct store *s, void (*changed)(void *ctx), void *ctx);

/* Lets the jobs accepted so far finish, commits, ends the thread, then calls `stopped` on the loop
 * thread, once. An idle store does not keep the loop alive; one with jobs under way, or that is
 * stopping, does. */
void store_stop(struct store *s, void (*stopped)(void *ctx), void *ctx);

/* Closes files and lock; after store_stop() or a store that never started. Takes NULL. */
void store_close(struct store *s);

enum store_class {
	STORE_USER, /* a user waits: goes first */
	STORE_POLL,
};

/* A piece of work. Owned by the caller, at a fixed address until `done` has been called. */
struct store_job {
	enum store_class class; /* of writes */

	/* Runs on the store thread, as a rule inside a savepoint of the current transaction
	 * (writes), or on a pool thread inside a read transaction. A negative return undoes this
	 * job alone; its code and `e` reach `done`. Must not block on anything but the database. */
	int (*run)(struct store_tx *tx, void *arg, struct err *e);

	/* A write in a commit of its own, without the savepoint. For what changes thousands of
	 * rows: at the end of each statement inside a savepoint SQLite walks all that it remembers
	 * of the pages changed so far, so that n changes cost n times n. */
	bool alone;

	/* A write whose `run` may be called again when what it wrote is undone: it has no savepoint
	 * until one that shares its commit fails, then all run once more. */
	bool repeatable;

	/* On the loop thread after the commit (writes) or the end of the read. Exactly once, never
	 * from inside store_write() or store_read(). status: 0 or the error; when a commit fails,
	 * every job in it is told. */
	void (*done)(struct store_job *job);
	void *arg;
	int status;
	struct err error;

	struct list node; /* of the store while under way */
	struct store *store;
	uv_work_t work;
};

/* Hands a job over. Non-zero: `done` never comes (ERR_BUSY: queue full or stopping). Loop thread.
 */
int store_write(struct store *s, struct store_job *job) __attribute__((warn_unused_result));
int store_read(struct store *s, struct store_job *job) __attribute__((warn_unused_result));

/* A read here and now, for what has to be known before the loop runs: blocks. */
int store_look(struct store *s, int (*run)(struct store_tx *tx, void *arg, struct err *e),
	void *arg, struct err *e) __attribute__((warn_unused_result));

/* Jobs waiting or running on the store thread. Loop thread. */
size_t store_queue_length(const struct store *s);

/* Nothing is to be done for a while: gives back what only saves time, the caches of the database
 * and freed memory of the whole process. Loop thread. */
void store_rest(struct store *s);

/* True when half of the room for polls is taken: nothing new should be started, what is under way
 * still fits. */
bool store_is_busy(const struct store *s);

/* A part of a list. It goes on behind a place, so that rows which come and go in between neither
 * repeat nor hide others. */
struct page {
	bool ascending;
	int limit;       /* 1 to STORE_LIST_MAX rows (ids: STORE_IDS_MAX); 0: so many */
	int64_t offset;  /* rows to pass over first, which costs as much as to read them */
	int64_t key, id; /* of the last row before, id 0: from the beginning; then of the last row
			    that `each` took by returning 0 */
	bool more;       /* rows follow */
};

/* Facts of the whole database, from the transaction's snapshot. */
struct store_facts {
	int64_t seq;     /* newest change */
	int64_t min_seq; /* oldest change that can still be told; 0 when none was pruned */
	int64_t feeds, feeds_failing, feeds_gone; /* without detached ones */
	int64_t items, stories, unread_items, starred_items;
	int64_t bytes; /* pages in use */
};
int store_facts(struct store_tx *tx, struct store_facts *ret_facts, struct err *e);

/* Random id of this database as 16 hexadecimal digits; fixed while it is open. Any thread. */
const char *store_epoch(const struct store *s);

/* Newest committed change number. Loop thread. */
int64_t store_seq(const struct store *s);

/* The cheap parts of store_facts(). */
int64_t store_tx_seq(struct store_tx *tx);
int64_t store_tx_min_seq(struct store_tx *tx);

#endif
