/* A timerfd of the clock that goes on while the machine is suspended. */
#include "alarm.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

int64_t alarm_clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t); // NOLINT(cert-err33-c): cannot fail for this clock
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct alarm *a = poll->data;
	uint64_t expirations;

	(void)status;
	(void)events;
	/* nothing to read: it was set anew since the loop saw it ring */
	if (read(a->fd, &expirations, sizeof(expirations)) == (ssize_t)sizeof(expirations))
		a->rang(a->ctx);
}

int alarm_open(struct alarm *a, uv_loop_t *loop, void (*rang)(void *ctx), void *ctx, struct err *e)
{
	a->rang = rang;
	a->ctx = ctx;
	a->poll.data = a;
	a->fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (a->fd < 0)
		return err_from_errno(e, errno, "timerfd");
	/* cannot fail for a descriptor that epoll takes */
	uv_poll_init(loop, &a->poll, a->fd);
	uv_poll_start(&a->poll, UV_READABLE, on_readable);
	return 0;
}

void alarm_set(struct alarm *a, int64_t at_ms)
{
	/* 0 would disarm it */
	int64_t at = at_ms > 0 ? at_ms : 1;
	struct itimerspec when = {
		.it_value = {.tv_sec = at / 1000, .tv_nsec = at % 1000 * 1000000}};

	(void)!timerfd_settime(a->fd, TFD_TIMER_ABSTIME, &when, NULL); /* cannot fail for these */
}

static void on_closed(uv_handle_t *handle)
{
	struct alarm *a = handle->data;

	close(a->fd);
	a->fd = -1;
}

void alarm_close(struct alarm *a)
{
	if (a->fd >= 0)
		uv_close((uv_handle_t *)&a->poll, on_closed);
}
