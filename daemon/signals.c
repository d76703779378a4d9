/* A signalfd on the loop. */
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static sigset_t wanted(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	return set;
}

void signals_block(void)
{
	sigset_t set = wanted();

	pthread_sigmask(SIG_BLOCK, &set, NULL); // NOLINT(cert-err33-c): cannot fail for SIG_BLOCK
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct signals *s = poll->data;
	struct signalfd_siginfo info;

	(void)status;
	(void)events;
	if (read(s->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		s->arrived(s->ctx, (int)info.ssi_signo);
}

int signals_open(struct signals *s, uv_loop_t *loop, void (*arrived)(void *ctx, int number),
	void *ctx, struct err *e)
{
	sigset_t set = wanted();

	s->arrived = arrived;
	s->ctx = ctx;
	s->poll.data = s;
	s->fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (s->fd < 0)
		return err_from_errno(e, errno, "signalfd");
	/* cannot fail for a descriptor that epoll takes */
	uv_poll_init(loop, &s->poll, s->fd);
	uv_poll_start(&s->poll, UV_READABLE, on_readable);
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct signals *s = handle->data;

	close(s->fd);
	s->fd = -1;
}

void signals_close(struct signals *s)
{
	if (s->fd >= 0)
		uv_close((uv_handle_t *)&s->poll, on_closed);
}
