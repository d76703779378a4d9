/* libcurl's multi interface on the loop: one watched socket each, one timer. */
#include "fetch/multi.h"

#include "fetch/poll.h"
#include "limits.h"

enum {
	MULTI_RETRY_MS = 100,
	MULTI_TICK_MS = 1000,      /* tells a server's silence from sleep of our own */
	MULTI_OVERSLEPT_MS = 5000, /* half of the shortest of the usual time-outs */
};

/* Drained after every action, also when nothing runs any more: the last transfer may have ended by
 * time-out. */
static void drain(struct multi *m)
{
	CURLMsg *message;
	int left;

	for (;;) {
		message = curl_multi_info_read(m->curl, &left);
		if (!message)
			return;
		if (message->msg == CURLMSG_DONE)
			m->finished(message->easy_handle, message->data.result);
	}
}

static void on_timeout(uv_timer_t *timer);

static void wake_after(struct multi *m, uint64_t wait_ms)
{
	m->due_ms = uv_now(m->loop) + wait_ms;
	uv_timer_start(&m->timer, on_timeout, wait_ms, 0);
}

/* Out of memory libcurl forgets to tell when it wants to be called: then it is, so that transfers
 * end by their time-outs. */
static void act(struct multi *m, curl_socket_t fd, int flags)
{
	int running;

	/* by the clock that libcurl reads: the loop's own is that of the turn's beginning */
	m->overslept = m->due_ms && uv_hrtime() / 1000000 > m->due_ms + MULTI_OVERSLEPT_MS;
	if (curl_multi_socket_action(m->curl, fd, flags, &running) != CURLM_OK)
		wake_after(m, MULTI_RETRY_MS);
	drain(m);
}

/* Whether this turn of the loop has given transfers their share; a hundred that are ready at once,
 * each with as much as the socket holds, would keep clients waiting. Each eighth socket
 * has its turn all the same, others each time, so that none is passed over for ever. */
static bool turn_is_over(struct multi *m, int fd)
{
	uint64_t turn_ms = uv_now(m->loop), now_ns = uv_hrtime();

	if (m->turn_ms != turn_ms) {
		m->turn_ms = turn_ms;
		m->turns++;
		m->turn_end_ns = now_ns + FETCH_TURN_MS * UINT64_C(1000000);
	}
	return now_ns > m->turn_end_ns && (m->turns + (unsigned)fd) % 8;
}

static void on_ready(void *ctx, int fd, int events)
{
	struct multi *m = ctx;
	int flags = events ? 0 : CURL_CSELECT_ERR;

	/* what is ready is told again in the next, but not that there was an error */
	if (events && turn_is_over(m, fd))
		return;
	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	act(m, fd, flags);
}

static void on_timeout(uv_timer_t *timer)
{
	act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

/* A socket that cannot be watched is left to the time-out of its transfer: an error from here would
 * end all transfers. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *watch)
{
	struct multi *m = ctx;
	struct poll *p = watch;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		poll_close(p);
		curl_multi_assign(m->curl, fd, NULL);
		return 0;
	}
	if (!p) {
		p = poll_create(m->loop, fd, on_ready, m);
		if (!p)
			return 0;
		curl_multi_assign(m->curl, fd, p);
	}
	poll_watch(p,
		(what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0));
	return 0;
}

/* A time-out of 0 fires soon, in this turn of the loop or the next, but outside of this callback.
 */
static int on_timer(CURLM *curl, long timeout_ms, void *ctx)
{
	struct multi *m = ctx;

	(void)curl;
	if (timeout_ms < 0) {
		m->due_ms = 0;
		uv_timer_stop(&m->timer);
	} else {
		wake_after(m, timeout_ms < MULTI_TICK_MS ? (uint64_t)timeout_ms : MULTI_TICK_MS);
	}
	return 0;
}

int multi_init(struct multi *m, uv_loop_t *loop, void (*finished)(CURL *easy, CURLcode result))
{
	*m = (struct multi){.loop = loop, .finished = finished};
	m->curl = curl_multi_init();
	if (!m->curl)
		return ERR_NOMEM;
	uv_timer_init(loop, &m->timer);
	m->timer.data = m;
	curl_multi_setopt(m->curl, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(m->curl, CURLMOPT_SOCKETDATA, m);
	curl_multi_setopt(m->curl, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(m->curl, CURLMOPT_TIMERDATA, m);
	curl_multi_setopt(m->curl, CURLMOPT_MAXCONNECTS, (long)FETCH_IDLE_CONNECTIONS_MAX);
	return 0;
}

int multi_add(struct multi *m, CURL *easy)
{
	return curl_multi_add_handle(m->curl, easy) == CURLM_OK ? 0 : ERR_NOMEM;
}

void multi_remove(struct multi *m, CURL *easy)
{
	curl_multi_remove_handle(m->curl, easy);
}

static void on_closed(uv_handle_t *handle)
{
	struct multi *m = handle->data;

	m->closed(m->ctx);
}

void multi_close(struct multi *m, void (*closed)(void *ctx), void *ctx)
{
	m->closed = closed;
	m->ctx = ctx;
	curl_multi_cleanup(m->curl); /* still calls on_socket() for cached connections */
	m->curl = NULL;
	uv_close((uv_handle_t *)&m->timer, on_closed);
}
