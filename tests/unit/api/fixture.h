/* What the tests of the api share: a real api on a socket in a temporary folder, a real store, and
 * clients that send and read bytes while the test's loop runs. */
#ifndef TESTS_UNIT_API_FIXTURE_H
#define TESTS_UNIT_API_FIXTURE_H

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/api.h"
#include "api/conn.h"
#include "api/core.h"
#include "api/routes.h"
#include "base/buf.h"
#include "base/log.h"
#include "store/words.h"
#include "unit/store/fixture.h"

struct world {
	struct fixture f; /* folder, loop and store */
	struct api *api;
	struct api_options options;
	char socket_path[300];
	int api_stopped;

	/* What the callbacks were told, and what they say. */
	int feeds_changed;
	int64_t feed_changed;
	int refresh_code;
	int64_t refreshed;
	int refreshes;
	int64_t rebuilt_since;
	struct api_task task;
	int discover_code;
	char discovered[100]; /* the address being asked; "": none */
	api_found_fn *found;
	void *found_arg;
};

static inline void world_committed(void *ctx, int64_t seq)
{
	struct world *w = ctx;

	if (w->api)
		api_publish(w->api, seq);
}

static inline void world_feed_changed(void *ctx, int64_t feed)
{
	struct world *w = ctx;

	w->feeds_changed++;
	w->feed_changed = feed;
}

static inline int world_refresh(void *ctx, int64_t feed, int64_t *ret_wait_ms, struct err *e)
{
	struct world *w = ctx;

	w->refreshed = feed;
	w->refreshes++;
	if (w->refresh_code == ERR_BUSY)
		*ret_wait_ms = 1500;
	return w->refresh_code ? err_set(e, w->refresh_code, "the host asked for a pause") : 0;
}

static inline void world_facts(void *ctx, struct api_facts *ret_facts)
{
	(void)ctx;
	*ret_facts = (struct api_facts){.started_ms = NOW,
		.feeds_due = 3,
		.feeds_polling = 2,
		.loop_lag_ms_p99 = 0.4,
		.late_ms_p50 = 16,
		.late_ms_p99 = 4096};
}

static inline void world_waiting(void *ctx, int64_t feed, struct api_waiting *ret_waiting)
{
	(void)ctx;
	*ret_waiting = (struct api_waiting){
		feed == 1 ? API_WAIT_SERVER : API_WAIT_TURN, feed == 1 ? NOW + 90000 : TIME_NONE};
}

/* The one in the path is the oldest. */
static inline int world_join(void *ctx, struct store_tx *tx, const int64_t *stories, int count,
	int64_t *ret_story, struct err *e)
{
	int64_t last = stories[count - 1], id;
	int status = 0;

	(void)ctx;
	for (int i = 0; i < count && status == 0; i++) {
		status = stories_find(tx, stories[i], &id, e);
		if (status == 0 && !id)
			status = err_set(e, ERR_NOT_FOUND, "there is no such story");
		if (status == 0 && id != last)
			status = words_merge(tx, id, last, NOW, e);
	}
	*ret_story = last;
	return status;
}

static inline int world_split(void *ctx, struct store_tx *tx, int64_t story, const int64_t *items,
	int count, int64_t *ret_story, struct err *e)
{
	(void)ctx;
	return words_split(tx, story, items, count, NOW, ret_story, e);
}

static inline int world_rebuild(void *ctx, int64_t since_ms, struct err *e)
{
	struct world *w = ctx;

	w->rebuilt_since = since_ms;
	return w->refresh_code ? err_set(e, w->refresh_code, "stories are being rebuilt") : 0;
}

static inline void world_rebuild_look(void *ctx, struct api_task *ret_task)
{
	struct world *w = ctx;

	*ret_task = w->task;
}

/* Whoever calls it must see to it that w->found is called. */
static inline int world_discover(void *ctx, const char *url, api_found_fn *found, void *arg)
{
	struct world *w = ctx;

	if (w->discover_code == 0)
		snprintf(w->discovered, sizeof(w->discovered), "%s", url);
	w->found = found;
	w->found_arg = arg;
	return w->discover_code;
}

/* A list of the tests: a line for each feed, "URL TITLE FOLDER INTERVAL", "-" for none. */
static inline int world_read_list(const void *data, size_t len, struct arena *arena,
	struct outline **ret_first, size_t *ret_count, struct err *e)
{
	char *text = arena_strndup(arena, data, len), *rest = NULL;
	struct outline **tail = ret_first;

	assert_non_null(text);
	*ret_count = 0;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *words = NULL, *interval;
		struct outline *o = arena_alloc(arena, sizeof(*o));

		assert_non_null(o);
		o->url = strtok_r(line, " ", &words);
		o->title = strtok_r(NULL, " ", &words);
		o->folder = strtok_r(NULL, " ", &words);
		interval = strtok_r(NULL, " ", &words);
		if (!interval)
			return err_set(e, ERR_PARSE, "line %zu: nonsense", *ret_count + 1);
		o->interval_s = strtol(interval, NULL, 10);
		o->title = strcmp(o->title, "-") == 0 ? NULL : o->title;
		o->folder = strcmp(o->folder, "-") == 0 ? NULL : o->folder;
		*tail = o;
		tail = &o->next;
		++*ret_count;
	}
	return 0;
}

/* Drops what stands in angle brackets: enough to see that it was called. */
static inline void world_html_text(const char *html, size_t len, struct buf *out)
{
	bool tag = false;

	for (size_t i = 0; i < len; i++) {
		if (html[i] == '<' || html[i] == '>')
			tag = html[i] == '<';
		else if (!tag)
			buf_putc(out, html[i]);
	}
}

static inline int world_try_api(struct world *w, struct err *e)
{
	const struct api_callbacks callbacks = {w, world_feed_changed, world_refresh, world_facts,
		world_waiting, world_join, world_split, world_rebuild, world_rebuild_look,
		world_discover, world_read_list, world_html_text};

	return api_create(&w->f.loop.uv, w->f.store, &w->options, &callbacks, &w->api, e);
}

static inline void world_start_api(struct world *w)
{
	struct err e = {0};

	if (world_try_api(w, &e))
		fail_msg("%s", e.text);
}

static inline void world_start_store(struct world *w)
{
	struct store_options options = {.path = w->f.path};
	struct err e = {0};

	if (store_open(&options, &w->f.store, &e))
		fail_msg("%s", e.text);
	assert_int_equal(store_start(w->f.store, &w->f.loop.uv, world_committed, w), 0);
}

/* Options may be changed between the two. */
static inline void world_init(struct world *w)
{
	log_init(LOG_ERROR);
	memset(w, 0, sizeof(*w));
	tmp_create(&w->f.tmp);
	snprintf(w->f.path, sizeof(w->f.path), "%s", tmp_path(&w->f.tmp, "tidings.db"));
	snprintf(w->socket_path, sizeof(w->socket_path), "%s", tmp_path(&w->f.tmp, "s"));
	w->options = (struct api_options){.socket_path = w->socket_path,
		.socket_mode = 0600,
		.listen_fd = -1,
		.tcp_fd = -1,
		.clients_max = 1024};
	loop_init(&w->f.loop);
	world_start_store(w);
}

static inline void world_open(struct world *w)
{
	world_init(w);
	world_start_api(w);
}

static inline void world_on_stopped(void *ctx)
{
	((struct world *)ctx)->api_stopped++;
}

static inline void world_stop_api(struct world *w)
{
	w->api_stopped = 0;
	api_stop(w->api, 5000, world_on_stopped, w);
	assert_int_equal(w->api_stopped, 0);
	loop_run_until(&w->f.loop, &w->api_stopped, LIMIT_MS);
	assert_int_equal(w->api_stopped, 1);
	assert_int_equal(w->api->conn_count, 0);
	assert_int_equal(w->api->body_bytes, 0);
	assert_int_equal(w->api->unsent_bytes, 0);
	api_destroy(w->api);
	w->api = NULL;
	assert_int_not_equal(access(w->socket_path, F_OK), 0);
}

static inline void world_close(struct world *w)
{
	if (w->api)
		world_stop_api(w);
	fixture_close(&w->f);
}

/* -- clients -- */

struct client {
	struct world *w;
	int fd;
	struct buf in; /* received and not taken yet */
	bool ended;
};

static inline uint64_t clock_ms(void)
{
	return uv_hrtime() / 1000000;
}

static inline void client_connect(struct world *w, struct client *c)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	memset(c, 0, sizeof(*c));
	c->w = w;
	buf_init(&c->in, 64 << 20);
	assert_true(strlen(w->socket_path) < sizeof(address.sun_path));
	memcpy(address.sun_path, w->socket_path, strlen(w->socket_path));
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(c->fd >= 0);
	while (connect(c->fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		assert_int_equal(errno, EAGAIN);
		uv_run(&w->f.loop.uv, UV_RUN_NOWAIT);
	}
}

static inline void client_close(struct client *c)
{
	close(c->fd);
	buf_finish(&c->in);
}

/* One turn of both sides; waits a moment when there is nothing to do. */
static inline void turn(struct client *c)
{
	char bytes[65536];
	struct pollfd pfd = {.fd = c->fd, .events = POLLIN};

	uv_run(&c->w->f.loop.uv, UV_RUN_NOWAIT);
	if (c->ended || poll(&pfd, 1, 1) <= 0)
		return;
	ssize_t n = read(c->fd, bytes, sizeof(bytes));
	if (n > 0)
		buf_append(&c->in, bytes, (size_t)n);
	else if (n == 0 || errno == ECONNRESET)
		c->ended = true;
	assert_int_equal(buf_status(&c->in), 0);
}

static inline void client_send_n(struct client *c, const char *bytes, size_t len)
{
	uint64_t limit = clock_ms() + LIMIT_MS;

	while (len > 0) {
		ssize_t n = send(c->fd, bytes, len, MSG_NOSIGNAL);
		if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			return; /* the answer will tell why */
		if (n < 0)
			turn(c);
		bytes += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
		assert_true(clock_ms() < limit);
	}
}

static inline void client_send(struct client *c, const char *text)
{
	client_send_n(c, text, strlen(text));
}

/* Runs until `text` has come, or fails. Returns what stands before and including it; valid until
 * the next take. */
static inline const char *client_wait(struct client *c, const char *text)
{
	uint64_t limit = clock_ms() + LIMIT_MS;

	while (!strstr(buf_string(&c->in), text)) {
		if (c->ended || clock_ms() > limit)
			fail_msg("\"%s\" did not come (%s), but: %s", text,
				c->ended ? "ended" : "time", buf_string(&c->in));
		turn(c);
	}
	return buf_string(&c->in);
}

static inline void client_wait_end(struct client *c)
{
	uint64_t limit = clock_ms() + LIMIT_MS;

	while (!c->ended && clock_ms() < limit)
		turn(c);
	assert_true(c->ended);
}

/* Runs the loop for a number of turns in which nothing must come. */
static inline void client_expect_silence(struct client *c)
{
	for (int i = 0; i < 30; i++)
		turn(c);
	assert_string_equal(buf_string(&c->in), "");
	assert_false(c->ended);
}

static inline void drop_bytes(struct client *c, size_t len)
{
	memmove(c->in.data, c->in.data + len, c->in.len - len + 1);
	c->in.len -= len;
}

/* One answer, taken from what was received. */
struct answer {
	int status;
	char head[4096];
	char *body; /* C string */
	size_t len;
};

/* `head_only`: the answer to HEAD, which announces a body that does not come. */
static inline void take_answer(struct client *c, bool head_only, struct answer *a)
{
	client_wait(c, "\r\n\r\n");
	size_t head = (size_t)(strstr(c->in.data, "\r\n\r\n") - c->in.data) + 4;
	assert_true(head < sizeof(a->head));
	memcpy(a->head, c->in.data, head);
	a->head[head] = '\0';
	assert_int_equal(sscanf(a->head, "HTTP/1.1 %d ", &a->status), 1);
	const char *length = strstr(a->head, "Content-Length: ");
	/* who finds none waits for the end of the connection (RFC 9112, 6.3) */
	assert_true(length || a->status == 204 || a->status == 304);
	a->len = length && !head_only ? (size_t)strtoull(length + 16, NULL, 10) : 0;
	uint64_t limit = clock_ms() + LIMIT_MS;
	while (c->in.len < head + a->len) {
		assert_true(!c->ended && clock_ms() < limit);
		turn(c);
	}
	a->body = calloc(1, a->len + 1);
	memcpy(a->body, c->in.data + head, a->len);
	drop_bytes(c, head + a->len);
}

static inline void free_answer(struct answer *a)
{
	free(a->body);
	a->body = NULL;
}

/* One request on a connection that stays open. `body` NULL: none. */
static inline void ask_on(struct client *c, const char *method, const char *target,
	const char *body, struct answer *a)
{
	char head[65536];

	snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\nHost: x\r\n", method, target);
	client_send(c, head);
	if (body) {
		snprintf(head, sizeof(head), "Content-Length: %zu\r\n", strlen(body));
		client_send(c, head);
	}
	client_send(c, "\r\n");
	client_send(c, body ? body : "");
	take_answer(c, strcmp(method, "HEAD") == 0, a);
}

/* The same on a connection of its own. */
static inline void ask(
	struct world *w, const char *method, const char *target, const char *body, struct answer *a)
{
	struct client c;

	client_connect(w, &c);
	ask_on(&c, method, target, body, a);
	client_close(&c);
}

/* Asks, expects a status, and that the answer has all of `wanted` (separated by "|") in head or
 * body. */
static inline void expect(struct world *w, const char *method, const char *target, const char *body,
	int status, const char *wanted)
{
	char copy[2048];
	struct answer a;
	char *rest = copy;

	ask(w, method, target, body, &a);
	if (a.status != status)
		fail_msg("%s %s: %d instead of %d: %s", method, target, a.status, status, a.body);
	snprintf(copy, sizeof(copy), "%s", wanted ? wanted : "");
	for (char *part = strsep(&rest, "|"); part && *part; part = strsep(&rest, "|")) {
		if (!strstr(a.body, part) && !strstr(a.head, part))
			fail_msg("%s %s: no %s in %s%s", method, target, part, a.head, a.body);
	}
	if (status >= 400 && strcmp(method, "HEAD") != 0)
		assert_non_null(strstr(a.head, "Content-Type: application/problem+json\r\n"));
	free_answer(&a);
}

/* -- things in the database -- */

struct story_of {
	const char *url;
	int64_t feed;
	int from, count; /* keys */
	const char *content;
};

static inline int run_put_items(struct store_tx *tx, void *arg, struct err *e)
{
	const struct story_of *what = arg;
	int status = 0;

	for (int i = 0; status == 0 && i < what->count; i++)
		status = put_item(tx, what->feed, what->from + i, 0, what->content,
			NOW + 1000 * (what->from + i), NULL, e);
	return status;
}

static inline int run_add_feed(struct store_tx *tx, void *arg, struct err *e)
{
	struct story_of *what = arg;

	return add_feed(tx, what->url, "News", &what->feed, e);
}

static inline int64_t world_add_feed(struct world *w, const char *url)
{
	struct story_of what = {.url = url};

	must_write(&w->f, run_add_feed, &what);
	return what.feed;
}

/* Items with the keys from, from + 1, ... each in a story of its own, in one commit. */
static inline void world_add_items(struct world *w, int64_t feed, int from, int count)
{
	struct story_of what = {
		.feed = feed, .from = from, .count = count, .content = "<p>body &amp; soul</p>"};

	must_write(&w->f, run_put_items, &what);
}

/* Two feeds in a folder, five items in each. */
static inline void fill(struct world *w)
{
	world_open(w);
	assert_int_equal(world_add_feed(w, "https://a.example/feed"), 1);
	assert_int_equal(world_add_feed(w, "https://b.example/feed"), 2);
	world_add_items(w, 1, 1, 5);
	world_add_items(w, 2, 6, 5);
}

#endif
