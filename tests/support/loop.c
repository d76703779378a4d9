/* Loops with a watchdog. */
#include "support/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static void print_handle(uv_handle_t *handle, void *arg)
{
	const char *type = uv_handle_type_name(uv_handle_get_type(handle));

	(void)fprintf(stderr, "  %s %p%s%s%s\n", type ? type : "handle", (void *)handle,
		uv_is_active(handle) ? " active" : "", uv_is_closing(handle) ? " closing" : "",
		uv_has_ref(handle) ? "" : " unreferenced");
	++*(int *)arg;
}

static void print_handles(struct loop *l, const char *why)
{
	int count = 0;

	(void)fprintf(stderr, "%s; handles:\n", why);
	uv_walk(&l->uv, print_handle, &count);
	(void)fprintf(stderr, "  (%d)\n", count);
}

/* Nothing in a callback may jump out of the loop, and a hung test must not hang the suite: so the
 * process ends. */
static void on_limit(uv_timer_t *timer)
{
	print_handles(uv_handle_get_data((uv_handle_t *)timer), "the loop ran into its time limit");
	abort();
}

void loop_init(struct loop *l)
{
	assert_int_equal(uv_loop_init(&l->uv), 0);
	assert_int_equal(uv_timer_init(&l->uv, &l->watchdog), 0);
	uv_handle_set_data((uv_handle_t *)&l->watchdog, l);
	uv_unref((uv_handle_t *)&l->watchdog);
}

void loop_limit(struct loop *l, uint64_t limit_ms)
{
	uv_update_time(&l->uv);
	assert_int_equal(uv_timer_start(&l->watchdog, on_limit, limit_ms, 0), 0);
}

void loop_run(struct loop *l, uint64_t limit_ms)
{
	loop_limit(l, limit_ms);
	(void)uv_run(&l->uv, UV_RUN_DEFAULT);
	(void)uv_timer_stop(&l->watchdog);
}

void loop_run_until(struct loop *l, const int *flag, uint64_t limit_ms)
{
	loop_limit(l, limit_ms);
	while (!*flag && uv_run(&l->uv, UV_RUN_ONCE) != 0)
		;
	(void)uv_timer_stop(&l->watchdog);
	if (!*flag)
		print_handles(l, "the loop ended before what was waited for");
	assert_true(*flag);
}

void loop_finish(struct loop *l)
{
	int rc;

	uv_close((uv_handle_t *)&l->watchdog, NULL);
	/* Close callbacks only: what is still active is the mistake that is looked for. */
	for (int i = 0; i < 8; i++)
		(void)uv_run(&l->uv, UV_RUN_NOWAIT);
	rc = uv_loop_close(&l->uv);
	if (rc != 0)
		print_handles(l, "the loop did not close");
	assert_int_equal(rc, 0);
}
