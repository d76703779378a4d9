/* The event stream of libtidings: one endless answer on a connection of its own, made anew whenever
 * it ends.
 *
 *   WAITING --the pause is over--> RUNNING --ended, refused, or silent for too long--> WAITING
 *
 * The descriptor given out is an epoll of the current socket and of a timer, so that it never
 * changes.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "client/client.h"
#include "client/sse.h"

enum {
	SILENCE_MS = 60000, /* four heartbeats of the daemon */
	RETRY_MS = 1000,    /* unless the daemon asks for another pause */
	RETRY_MAX_MS = 30000,
};

enum events_state { WAITING, RUNNING };

struct tidings_events {
	struct tidings *t;
	CURLM *multi;
	CURL *easy;
	int epoll_fd, timer_fd;
	enum events_state state;
	int64_t deadline_ms;      /* WAITING: connect then; RUNNING: too silent then */
	int failures;             /* since the last event */
	char kinds[256];          /* "" for all */
	char since[SSE_ID_BYTES]; /* where to begin, until the first id was seen */
	struct curl_slist *headers;
	struct sse sse; /* its input is the problem document when the daemon refuses */
	bool moved;     /* something was received */
	int write_rc;   /* what the write callback gave up with */
	struct tidings_event event;
};

static int64_t now_ms(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static size_t take_bytes(char *data, size_t size, size_t count, void *ctx)
{
	struct tidings_events *events = ctx;
	events->moved = true;
	events->write_rc = sse_feed(&events->sse, data, size * count);
	return events->write_rc ? 0 : size * count;
}

/* The socket is made here to be watched; libcurl connects it. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	(void)purpose;
	const struct tidings_events *events = ctx;
	struct epoll_event watch = {.events = EPOLLIN};
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	if (fd >= 0 && epoll_ctl(events->epoll_fd, EPOLL_CTL_ADD, fd, &watch) < 0) {
		close(fd);
		fd = -1;
	}
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

/* Takes over what can stand in a URL as it is. */
static bool copy_plain(char *out, size_t size, const char *text)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.,_";
	if (text && (strlen(text) >= size || text[strspn(text, plain)]))
		return false;
	snprintf(out, size, "%s", text ? text : "");
	return true;
}

/* Makes the descriptor readable when the next step is due even if nothing arrives. */
static void arm(struct tidings_events *events)
{
	int64_t due_ms = events->deadline_ms - now_ms();
	long curl_ms = -1;
	if (events->state == RUNNING)
		curl_multi_timeout(events->multi, &curl_ms);
	if (curl_ms >= 0 && curl_ms < due_ms)
		due_ms = curl_ms;
	if (due_ms < 1)
		due_ms = 1; /* zero would disarm the timer */
	struct itimerspec when = {
		.it_value = {.tv_sec = due_ms / 1000, .tv_nsec = (due_ms % 1000) * 1000000}};
	timerfd_settime(events->timer_fd, 0, &when, NULL);
}

int tidings_events_open(
	struct tidings *t, const char *since, const char *kinds, struct tidings_events **ret_events)
{
	struct epoll_event watch = {.events = EPOLLIN};
	struct tidings_events *events = calloc(1, sizeof(*events));
	if (!events)
		return client_fail(t, TIDINGS_ERR_NOMEM);
	events->t = t;
	sse_init(&events->sse);
	events->multi = curl_multi_init();
	events->easy = curl_easy_init();
	events->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	events->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	int rc = 0;
	if (!events->multi || !events->easy ||
		epoll_ctl(events->epoll_fd, EPOLL_CTL_ADD, events->timer_fd, &watch) < 0)
		rc = TIDINGS_ERR_NOMEM;
	else if (!copy_plain(events->since, sizeof(events->since), since) ||
		 !copy_plain(events->kinds, sizeof(events->kinds), kinds))
		rc = TIDINGS_ERR_ARGUMENT;
	if (rc < 0) {
		tidings_events_close(events);
		return client_fail(t, rc);
	}
	t->error = (struct tidings_error){0};
	arm(events);
	*ret_events = events;
	return 0;
}

void tidings_events_close(struct tidings_events *events)
{
	if (!events)
		return;
	if (events->state == RUNNING)
		curl_multi_remove_handle(events->multi, events->easy);
	curl_easy_cleanup(events->easy);
	curl_multi_cleanup(events->multi);
	curl_slist_free_all(events->headers);
	sse_finish(&events->sse);
	if (events->timer_fd >= 0)
		close(events->timer_fd);
	if (events->epoll_fd >= 0)
		close(events->epoll_fd);
	free(events);
}

int tidings_events_fd(const struct tidings_events *events)
{
	return events->epoll_fd;
}

/* -- steps -- */

static int start(struct tidings_events *events)
{
	char resume[SSE_ID_BYTES + 16], url[sizeof(events->kinds) + sizeof(events->since) + 64];
	const char *last_id = events->sse.last_id, *since = *last_id ? "" : events->since;
	snprintf(url, sizeof(url), "/api/v1/events?%s%s%s%s", events->kinds[0] ? "kinds=" : "",
		events->kinds, *since ? "&since=" : "", since);
	snprintf(resume, sizeof(resume), "Last-Event-ID: %s", last_id);
	sse_init(&events->sse);
	events->write_rc = 0;
	events->deadline_ms = now_ms() + SILENCE_MS;
	int rc = client_prepare(events->t, events->easy, url);
	if (rc < 0)
		return rc;
	curl_slist_free_all(events->headers);
	events->headers = *last_id ? curl_slist_append(NULL, resume) : NULL;
	curl_easy_setopt(events->easy, CURLOPT_HTTPHEADER, events->headers);
	curl_easy_setopt(events->easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(events->easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(events->easy, CURLOPT_OPENSOCKETDATA, events);
	curl_easy_setopt(events->easy, CURLOPT_WRITEFUNCTION, take_bytes);
	curl_easy_setopt(events->easy, CURLOPT_WRITEDATA, events);
	if ((*last_id && !events->headers) ||
		curl_multi_add_handle(events->multi, events->easy) != CURLM_OK)
		return client_fail(events->t, TIDINGS_ERR_NOMEM);
	events->state = RUNNING;
	return 0;
}

/* Does what can be done now, without waiting. 0, or the code of a loss, told. */
static int step(struct tidings_events *events)
{
	int running = 0, left = 0;
	events->moved = false;
	if (events->state == WAITING) {
		int rc = now_ms() < events->deadline_ms ? 0 : start(events);
		if (rc < 0 || events->state == WAITING)
			return rc;
	}
	if (curl_multi_perform(events->multi, &running) != CURLM_OK)
		return client_fail(events->t, TIDINGS_ERR_NOMEM);
	/* What came before the end is delivered first. */
	if (events->moved && !events->write_rc) {
		events->deadline_ms = now_ms() + SILENCE_MS;
		return 0;
	}
	const CURLMsg *msg = curl_multi_info_read(events->multi, &left);
	if (msg) {
		int rc = client_check(events->t, events->easy, msg->data.result, events->write_rc,
			&events->sse.in);
		return rc < 0 ? rc : client_fail(events->t, TIDINGS_ERR_CLOSED);
	}
	return now_ms() < events->deadline_ms ? 0 : client_fail(events->t, TIDINGS_ERR_TIMEOUT);
}

static int lose(struct tidings_events *events, int code)
{
	int64_t pause = events->sse.retry_ms ? events->sse.retry_ms : RETRY_MS;
	for (int i = 0; i < events->failures && pause < RETRY_MAX_MS; i++)
		pause *= 2;
	events->deadline_ms = now_ms() + (pause < RETRY_MAX_MS ? pause : RETRY_MAX_MS);
	events->failures++;
	if (events->state == RUNNING)
		curl_multi_remove_handle(events->multi, events->easy);
	events->state = WAITING;
	sse_init(&events->sse);
	arm(events);
	return code;
}

/* What can be told of the bytes that are there: 1 an event, <0 a code, 0 nothing. */
static int next(struct tidings_events *events)
{
	long status = 0;
	curl_easy_getinfo(events->easy, CURLINFO_RESPONSE_CODE, &status);
	int rc = status == 200 ? sse_next(&events->sse, &events->event) : 0;
	if (rc < 0)
		return client_fail(events->t, rc);
	if (rc == 0)
		return 0;
	events->failures = 0;
	/* A reset without an id: what we knew cannot be resumed, the next connection begins from
	 * its own now. */
	if (strcmp(events->event.name, "reset") == 0 && !events->event.id[0])
		events->since[0] = '\0';
	return 1;
}

/* False when the time is up or a signal came. */
static bool wait_until(struct tidings_events *events, int64_t end_ms)
{
	struct pollfd pfd = {.fd = events->epoll_fd, .events = POLLIN};
	int64_t left = end_ms - now_ms();
	arm(events);
	if (left <= 0)
		return false;
	return poll(&pfd, 1, left < SILENCE_MS ? (int)left : SILENCE_MS) >= 0 || errno != EINTR;
}

int tidings_events_next(
	struct tidings_events *events, int timeout_ms, const struct tidings_event **ret_event)
{
	const int64_t end_ms = timeout_ms < 0 ? INT64_MAX : now_ms() + timeout_ms;
	int rc;
	events->t->error = (struct tidings_error){0};
	do {
		rc = next(events);
		if (rc > 0)
			*ret_event = &events->event;
		if (rc == 0)
			rc = step(events);
	} while (rc == 0 && (events->moved || wait_until(events, end_ms)));
	return rc < 0 ? lose(events, rc) : rc;
}
