/* Probes of the store thread and the pool, and the sign of life when both came back. */
#include "watchdog.h"

#include <stdlib.h>
#include <unistd.h>

uint64_t watchdog_interval_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t interval_ms = 0;

	if (usec && (!pid || strtol(pid, NULL, 10) == (long)getpid()))
		interval_ms = strtoull(usec, NULL, 10) / 2000;
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return interval_ms;
}

static void probe_done(struct watchdog *w)
{
	if (--w->probes == 0 && !w->failed)
		w->alive(w->ctx);
}

static int nothing(struct store_tx *tx, void *arg, struct err *e)
{
	(void)tx;
	(void)arg;
	(void)e;
	return 0;
}

static void written(struct store_job *job)
{
	probe_done(job->arg);
}

static void no_work(uv_work_t *work)
{
	(void)work;
}

static void worked(uv_work_t *work, int status)
{
	(void)status;
	probe_done(work->data);
}

static void probe(uv_timer_t *timer)
{
	struct watchdog *w = timer->data;

	if (w->probes > 0)
		return; /* still waits for the last one: no sign of life */
	w->job = (struct store_job){.class = STORE_USER, .run = nothing, .done = written, .arg = w};
	w->work.data = w;
	w->failed = store_write(w->store, &w->job) != 0;
	w->probes = w->failed ? 1 : 2;
	/* fails only without a function to run */
	(void)!uv_queue_work(timer->loop, &w->work, no_work, worked);
}

void watchdog_start(struct watchdog *w, uv_loop_t *loop, struct store *store, uint64_t interval_ms,
	void (*alive)(void *ctx), void *ctx)
{
	*w = (struct watchdog){
		.store = store, .interval_ms = interval_ms, .alive = alive, .ctx = ctx};
	w->timer.data = w;
	if (!interval_ms)
		return;
	uv_timer_init(loop, &w->timer);
	uv_unref((uv_handle_t *)&w->timer);
	uv_timer_start(&w->timer, probe, 0, interval_ms);
}

void watchdog_stop(struct watchdog *w)
{
	if (w->interval_ms && !uv_is_closing((uv_handle_t *)&w->timer))
		uv_close((uv_handle_t *)&w->timer, NULL);
}
