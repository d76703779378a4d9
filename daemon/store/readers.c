/* Reading on the loop's pool: one connection for each job that runs, a snapshot and a deadline for
 * each job. */
#include <stdlib.h>

#include "limits.h"
#include "store/query.h"
#include "store/state.h"
#include "store/trouble.h"

struct reader {
	struct db db;
	struct list node;
};

/* Whichever has rested longest; all are alike. */
static struct reader *take_idle(struct readers *r)
{
	struct list *node;

	uv_mutex_lock(&r->mutex);
	node = list_pop(&r->idle);
	uv_mutex_unlock(&r->mutex);
	return node ? container_of(node, struct reader, node) : NULL;
}

int readers_open(const struct store *s, struct db *db, struct err *e)
{
	int status = trouble_look_at_files(s, e);

	return status ? status : db_open(db, s->path, DB_READ, e);
}

static int open_reader(const struct store *s, struct reader **ret_reader, struct err *e)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	int status;

	if (!reader)
		return err_set(e, ERR_NOMEM, NULL);
	status = readers_open(s, &reader->db, e);
	if (status) {
		free(reader);
		return status;
	}
	*ret_reader = reader;
	return 0;
}

static void close_reader(struct reader *reader)
{
	db_close(&reader->db);
	free(reader);
}

/* A connection whose transaction cannot be ended is not used again. */
static void give_back(struct readers *r, struct reader *reader)
{
	reader->db.deadline_ns = 0;
	if (db_in_transaction(&reader->db) &&
		query_exec_values(
			&(struct store_tx){.db = &reader->db}, NULL, "ROLLBACK", NO_VALUES)) {
		close_reader(reader);
		return;
	}
	uv_mutex_lock(&r->mutex);
	list_push(&r->idle, &reader->node);
	uv_mutex_unlock(&r->mutex);
}

static int run_in_snapshot(struct store *s, struct reader *reader, struct store_job *job)
{
	struct store_tx tx = {.db = &reader->db};
	int status;

	/* The snapshot is taken by the first statement of the job, and lasts until the transaction
	 * ends. */
	reader->db.deadline_ns = uv_hrtime() + s->read_deadline_ns;
	status = query_exec_values(&tx, &job->error, "BEGIN", NO_VALUES);
	if (status == 0)
		status = job->run(&tx, job->arg, &job->error);
	if (status == ERR_TIMEOUT)
		err_set(&job->error, ERR_TIMEOUT, "the query took longer than %llu ms",
			(unsigned long long)(s->read_deadline_ns / 1000000));
	else if (status < 0 && job->error.code != status)
		err_set(&job->error, status, NULL);
	return status;
}

static void on_work(uv_work_t *work)
{
	struct store_job *job = container_of(work, struct store_job, work);
	struct store *s = job->store;
	struct reader *reader = take_idle(&s->readers);

	if (!reader)
		job->status = open_reader(s, &reader, &job->error);
	if (!reader)
		return;
	job->status = run_in_snapshot(s, reader, job);
	give_back(&s->readers, reader);
}

static void on_worked(uv_work_t *work, int status)
{
	struct store_job *job = container_of(work, struct store_job, work);
	struct store *s = job->store;

	if (status)
		job->status = err_set(&job->error, ERR_CANCELED, NULL);
	s->reads--;
	job->done(job);
	store_release(s);
}

int store_read(struct store *s, struct store_job *job)
{
	if (!s->loop || s->stopping || s->reads >= STORE_READS_MAX)
		return ERR_BUSY;
	job->store = s;
	job->status = 0;
	job->error = (struct err){0};
	if (uv_queue_work(s->loop, &job->work, on_work, on_worked))
		return ERR_NOMEM;
	s->reads++;
	store_hold(s);
	return 0;
}

int store_look(struct store *s, int (*run)(struct store_tx *tx, void *arg, struct err *e),
	void *arg, struct err *e)
{
	struct store_job job = {.run = run, .arg = arg, .store = s};

	on_work(&job.work);
	if (job.status && e)
		*e = job.error;
	return job.status;
}

/* Whoever wants one meanwhile waits for less than a millisecond. */
void readers_rest(struct store *s)
{
	uv_mutex_lock(&s->readers.mutex);
	list_for_each (node, &s->readers.idle)
		sqlite3_db_release_memory(container_of(node, struct reader, node)->db.handle);
	uv_mutex_unlock(&s->readers.mutex);
}

void readers_close(struct store *s)
{
	list_for_each_safe (node, &s->readers.idle)
		close_reader(container_of(node, struct reader, node));
}
