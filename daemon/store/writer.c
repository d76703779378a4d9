/* The store thread: a bounded queue, users first, many jobs a commit, each of which fails alone. */
#include <malloc.h>
#include <string.h>

#include "base/log.h"
#include "limits.h"
#include "store/query.h"
#include "store/state.h"
#include "store/trouble.h"

/* A job's way: queue (loop) -> batch (store thread) -> finished -> done() (loop). */

static struct store_job *job_of(struct list *node)
{
	return container_of(node, struct store_job, node);
}

static struct list *pop_job(struct writer *w)
{
	struct list *node = NULL;

	for (int class = 0; !node && class < STORE_CLASSES; class ++)
		node = list_pop(&w->queue[class]);
	return node;
}

/* The job that pop_job() would take must not share a commit. */
static bool wants_own_commit(const struct writer *w)
{
	for (int class = 0; class < STORE_CLASSES; class ++) {
		const struct list *queue = &w->queue[class];

		if (!list_empty(queue))
			return job_of(queue->next)->alone;
	}
	return false;
}

/* The next job for the same commit, users' first, if there is one. */
static struct store_job *next_job(struct writer *w)
{
	struct list *node;

	uv_mutex_lock(&w->mutex);
	node = wants_own_commit(w) ? NULL : pop_job(w);
	uv_mutex_unlock(&w->mutex);
	return node ? job_of(node) : NULL;
}

/* Blocks until there is one, until it is time to try a failing database again (0), or until the
 * store ends (ERR_CANCELED). Returns 1 with a job. What is damaged is not tried. */
static int wait_job(struct writer *w, struct store_job **ret_job)
{
	struct list *node;
	bool trying = w->trouble.code && w->trouble.code != ERR_CORRUPT, late = false, stopping;

	uv_mutex_lock(&w->mutex);
	for (;;) {
		uint64_t now_ns = uv_hrtime();

		node = pop_job(w);
		late = trying && now_ns >= w->retry_at_ns;
		if (node || w->stopping || late)
			break;
		if (trying)
			(void)uv_cond_timedwait(&w->work, &w->mutex, w->retry_at_ns - now_ns);
		else
			uv_cond_wait(&w->work, &w->mutex);
	}
	stopping = w->stopping;
	uv_mutex_unlock(&w->mutex);
	*ret_job = node ? job_of(node) : NULL;
	if (node)
		return 1;
	return stopping ? ERR_CANCELED : 0;
}

/* Without parameters, but cached. */
static int run_sql(struct store_tx *tx, const char *sql, struct err *e)
{
	return query_exec_values(tx, e, sql, NO_VALUES);
}

static int undo_job(struct store_tx *tx)
{
	int status = run_sql(tx, "ROLLBACK TO job", NULL);

	return status ? status : run_sql(tx, "RELEASE job", NULL);
}

/* Returns 0 when the transaction still stands, whatever became of the job; else the job's error
 * stands for all. */
static int run_job(struct store_tx *tx, struct store_job *job, bool save)
{
	int64_t seq = tx->seq;
	int64_t put = tx->put;
	int64_t changes = sqlite3_total_changes64(tx->db->handle);

	job->status = save ? run_sql(tx, "SAVEPOINT job", &job->error) : 0;
	if (job->status)
		return job->status;
	job->status = job->run(tx, job->arg, &job->error);
	if (job->status >= 0)
		job->status = save ? run_sql(tx, "RELEASE job", &job->error) : 0;
	if (job->status == 0)
		return 0;
	if (job->error.code != job->status)
		err_set(&job->error, job->status, NULL);
	tx->seq = seq;
	tx->put = put;
	/* Out of space or memory SQLite may have rolled back all of it, the jobs before this one
	 * included. */
	if (job->alone || !db_in_transaction(tx->db))
		return job->status;
	if (!save)
		return sqlite3_total_changes64(tx->db->handle) == changes ? 0 : job->status;
	return undo_job(tx) ? job->status : 0;
}

/* Tells every job that was good so far that it is undone after all. */
static void fail_batch(struct list *batch, int status, const struct err *e)
{
	list_for_each (node, batch) {
		struct store_job *job = job_of(node);

		if (job->status)
			continue;
		job->status = status;
		job->error = *e;
	}
}

static void report_batch(struct store *s, struct list *batch)
{
	struct writer *w = &s->writer;

	uv_mutex_lock(&w->mutex);
	while (!list_empty(batch)) {
		struct list *node = list_pop(batch);

		list_push(&w->finished, node);
	}
	/* After a failure this is the old number again. */
	w->committed = w->tx.put;
	uv_mutex_unlock(&w->mutex);
	uv_async_send(&s->report);
}

static void roll_back(struct store *s, int64_t seq, int64_t put)
{
	if (db_in_transaction(&s->db))
		db_exec(&s->db, "ROLLBACK", NULL);
	s->writer.tx.seq = seq;
	s->writer.tx.put = put;
}

/* Of a damaged database nothing is kept. */
static int run_sound(struct store *s, struct store_job *job, bool save, struct err *e)
{
	int status = run_job(&s->writer.tx, job, save);

	*e = job->error;
	if (s->db.trouble.code != ERR_CORRUPT)
		return status;
	*e = s->db.trouble;
	return ERR_CORRUPT;
}

/* One of those that were to succeed without savepoints did not. */
static int run_again(struct store *s, struct list *batch, struct err *e)
{
	int status = run_sql(&s->writer.tx, "BEGIN IMMEDIATE", e);

	list_for_each (node, batch) {
		if (status)
			break;
		job_of(node)->error = (struct err){0};
		status = run_sound(s, job_of(node), true, e);
	}
	return status;
}

/* One commit: from `job` on, as many as there are and the time allows. */
static void run_batch(struct store *s, struct store_job *job)
{
	struct writer *w = &s->writer;
	uint64_t end_ns = uv_hrtime() + s->commit_max_ns;
	int64_t seq = w->tx.seq;
	int64_t put = w->tx.put;
	struct err e = w->trouble;
	int64_t changes = sqlite3_total_changes64(s->db.handle);
	bool repeatable = true, again = false;
	struct list batch;
	int status;

	list_init(&batch);
	list_push(&batch, &job->node);
	s->db.trouble.code = 0;
	status = e.code == ERR_CORRUPT ? ERR_CORRUPT : trouble_check_files(s, &e);
	if (status == 0)
		status = run_sql(&w->tx, "BEGIN IMMEDIATE", &e);
	/* Polls that come in while this runs still get in; a long queue is cut after commit_max_ms.
	 */
	while (status == 0) {
		repeatable = repeatable && job->repeatable;
		status = run_sound(s, job, !repeatable && !job->alone, &e);
		again = status && repeatable && status != ERR_CORRUPT;
		bool more = status == 0 && !job->alone && uv_hrtime() < end_ns;
		job = more ? next_job(w) : NULL;
		if (!job)
			break;
		list_push(&batch, &job->node);
	}
	if (again) {
		roll_back(s, seq, put);
		s->db.trouble.code = 0;
		status = run_again(s, &batch, &e);
	}
	if (status == 0)
		status = run_sql(&w->tx, "COMMIT", &e);
	if (status) {
		roll_back(s, seq, put);
		fail_batch(&batch, status, &e);
	}
	trouble_judge(s, status == 0 && sqlite3_total_changes64(s->db.handle) != changes);
	report_batch(s, &batch);
}

static int on_logged(void *ctx, sqlite3 *handle, const char *database, int pages)
{
	struct store *s = ctx;

	(void)handle;
	(void)database;
	s->writer.log_pages = pages;
	return SQLITE_OK;
}

/* Copies the log back, so that it can begin anew. Readers, each with an old state, may take turns
 * such that it never can: then those are waited for that are there, as long as a read may take. One
 * of another program may stay for ever: it is waited for again when the log is twice as long. */
static void shorten_log(struct store *s)
{
	struct writer *w = &s->writer;
	sqlite3 *handle = s->db.handle;
	bool wait = w->log_pages >= w->log_pages_max, failed;

	if (w->log_pages < STORE_WAL_PAGES)
		return;
	if (wait)
		sqlite3_busy_timeout(handle, (int)(s->read_deadline_ns / 1000000) + 100);
	failed = sqlite3_wal_checkpoint_v2(handle, NULL,
			 wait ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE, NULL,
			 NULL) != SQLITE_OK;
	if (wait)
		w->log_pages_max = 2 * (failed ? w->log_pages : STORE_WAL_PAGES);
	if (wait && failed)
		log_event(LOG_WARNING, "database.log", "database=%s pages=%d error=%s", s->path,
			w->log_pages, sqlite3_errmsg(handle));
	w->log_pages = 0;
	sqlite3_busy_timeout(handle, STORE_LOCK_WAIT_MS);
}

static void writer_main(void *arg)
{
	struct store *s = arg;
	struct store_job *job;
	bool reporting;
	int status;

	s->writer.log_pages_max = 2 * STORE_WAL_PAGES;
	sqlite3_wal_hook(s->db.handle, on_logged, s);
	for (;;) {
		status = wait_job(&s->writer, &job);
		if (status < 0)
			break;
		if (status)
			run_batch(s, job);
		else
			trouble_try(s);
		shorten_log(s);
	}
	uv_mutex_lock(&s->writer.mutex);
	s->writer.ended = true;
	reporting = s->writer.reporting;
	uv_mutex_unlock(&s->writer.mutex);
	if (reporting)
		uv_async_send(&s->report);
}

/* From here on the loop thread. */

static void on_closed(uv_handle_t *handle)
{
	struct store *s = handle->data;

	s->loop = NULL;
	s->stopped(s->stopped_ctx);
}

static void on_report(uv_async_t *report)
{
	struct store *s = report->data;
	struct writer *w = &s->writer;
	struct list finished;
	bool grown, ended;
	struct err trouble;

	list_init(&finished);
	uv_mutex_lock(&w->mutex);
	while (!list_empty(&w->finished)) {
		struct list *node = list_pop(&w->finished);

		list_push(&finished, node);
	}
	/* Known before any `done` runs: what answers a client quotes it. */
	grown = w->committed > s->seq;
	s->seq = w->committed;
	ended = w->ended;
	trouble = w->trouble;
	uv_mutex_unlock(&w->mutex);

	trouble_tell(s, &trouble);
	while (!list_empty(&finished)) {
		struct store_job *job = job_of(list_pop(&finished));

		s->writes[job->class]--;
		job->done(job);
		store_release(s);
	}
	if (grown && s->committed)
		s->committed(s->committed_ctx, s->seq);
	if (ended)
		store_release(s);
}

static size_t jobs_under_way(const struct store *s)
{
	return s->writes[STORE_USER] + s->writes[STORE_POLL] + s->reads + s->care.running;
}

void store_hold(struct store *s)
{
	uv_ref((uv_handle_t *)&s->report);
}

void store_release(struct store *s)
{
	bool ended;

	if (jobs_under_way(s) > 0)
		return;
	if (!s->stopping) {
		uv_unref((uv_handle_t *)&s->report);
		return;
	}
	uv_mutex_lock(&s->writer.mutex);
	ended = s->writer.ended;
	uv_mutex_unlock(&s->writer.mutex);
	if (!ended || uv_is_closing((uv_handle_t *)&s->report))
		return;
	uv_thread_join(&s->writer.thread); /* it has left its last lock: this does not wait */
	uv_close((uv_handle_t *)&s->report, on_closed);
}

int store_start(
	struct store *s, uv_loop_t *loop, void (*committed)(void *ctx, int64_t seq), void *ctx)
{
	struct writer *w = &s->writer;
	bool reporting;

	/* The thread first: it can be given up again at once, a handle only by way of the loop. */
	if (uv_thread_create(&w->thread, writer_main, s))
		return ERR_NOMEM;
	reporting = uv_async_init(loop, &s->report, on_report) == 0;
	uv_mutex_lock(&w->mutex);
	w->reporting = reporting;
	w->stopping = !reporting;
	uv_cond_signal(&w->work);
	uv_mutex_unlock(&w->mutex);
	if (!reporting) {
		uv_thread_join(&w->thread);
		return ERR_NOMEM;
	}
	s->report.data = s;
	s->loop = loop;
	s->committed = committed;
	s->committed_ctx = ctx;
	uv_unref((uv_handle_t *)&s->report);
	return 0;
}

void store_stop(struct store *s, void (*stopped)(void *ctx), void *ctx)
{
	s->stopping = true;
	s->care.cancel = true;
	s->stopped = stopped;
	s->stopped_ctx = ctx;
	store_hold(s);
	uv_mutex_lock(&s->writer.mutex);
	s->writer.stopping = true;
	uv_cond_signal(&s->writer.work);
	uv_mutex_unlock(&s->writer.mutex);
}

int store_write(struct store *s, struct store_job *job)
{
	if (!s->loop || s->stopping || s->writes[job->class] >= s->queue_max)
		return ERR_BUSY;
	job->store = s;
	job->status = 0;
	job->error = (struct err){0};
	s->writes[job->class]++;
	store_hold(s);
	uv_mutex_lock(&s->writer.mutex);
	list_push(&s->writer.queue[job->class], &job->node);
	uv_cond_signal(&s->writer.work);
	uv_mutex_unlock(&s->writer.mutex);
	return 0;
}

size_t store_queue_length(const struct store *s)
{
	return s->writes[STORE_USER] + s->writes[STORE_POLL];
}

bool store_is_busy(const struct store *s)
{
	return s->writes[STORE_POLL] >= (s->queue_max + 1) / 2;
}

static int rest(struct store_tx *tx, void *arg, struct err *e)
{
	(void)e;
	sqlite3_db_release_memory(tx->db->handle);
	readers_rest(arg);
	malloc_trim(0);
	return 0;
}

static void rested(struct store_job *job)
{
	((struct store *)job->arg)->resting = false;
}

void store_rest(struct store *s)
{
	if (s->resting)
		return;
	s->rest = (struct store_job){.class = STORE_POLL, .run = rest, .done = rested, .arg = s};
	s->resting = store_write(s, &s->rest) == 0;
}
