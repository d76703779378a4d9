/* Event streams: everything is told once, in order, to those who keep up, those who resume and
 * those who are slow. */
#include "unit/api/fixture.h"

#include "limits.h"

/* What a stream has told so far. Lines of the log are numbered without gaps here, so that losing
 * and doubling show. */
struct listener_state {
	struct client c;
	int64_t begun;  /* id of hello */
	int64_t last;   /* id of the last event or comment */
	int64_t events; /* lines of the log */
	int resets, hellos;
	char epoch[40];
};

static void listen_from(
	struct world *w, struct listener_state *l, const char *query, const char *fields)
{
	char text[400];

	memset(l, 0, sizeof(*l));
	client_connect(w, &l->c);
	snprintf(text, sizeof(text),
		"GET /api/v1/events%s HTTP/1.1\r\nAccept: text/event-stream\r\n%s\r\n", query,
		fields);
	client_send(&l->c, text);
	client_wait(&l->c, "\r\n\r\n");
	assert_non_null(strstr(l->c.in.data, "HTTP/1.1 200 OK\r\n"));
	assert_non_null(strstr(l->c.in.data, "Content-Type: text/event-stream\r\n"));
	assert_non_null(strstr(l->c.in.data, "Connection: close\r\n"));
	assert_null(strstr(l->c.in.data, "Content-Length"));
	drop_bytes(&l->c, (size_t)(strstr(l->c.in.data, "\r\n\r\n") - l->c.in.data) + 4);
}

/* One block of the stream, up to its empty line. */
static void take_block(struct listener_state *l, const char *block, bool gapless)
{
	char event[40] = "";
	int64_t id = -1;

	const char *at = strstr(block, "id: ");
	if (at)
		assert_int_equal(sscanf(at, "id: %16[0-9a-f]-%lld", l->epoch, (long long *)&id), 2);
	at = strstr(block, "event: ");
	if (at)
		assert_int_equal(sscanf(at, "event: %39s", event), 1);
	if (id < 0)
		return; /* a comment */
	if (strcmp(event, "hello") == 0) {
		l->hellos++;
		l->begun = id;
	} else if (strcmp(event, "reset") == 0) {
		l->resets++;
	} else if (event[0]) {
		char seq[40];
		snprintf(seq, sizeof(seq), "data: {\"seq\":%lld,", (long long)id);
		assert_non_null(strstr(block, seq));
		if (gapless ? id != l->last + 1 : id <= l->last)
			fail_msg("%lld follows %lld", (long long)id, (long long)l->last);
		l->events++;
	}
	assert_true(id >= l->last);
	l->last = id;
}

/* Takes what has come. */
static void hear(struct listener_state *l, bool gapless)
{
	size_t done = 0;

	turn(&l->c);
	for (;;) {
		char *block = l->c.in.data ? l->c.in.data + done : NULL;
		char *end = block ? strstr(block, "\n\n") : NULL;
		if (!end)
			break;
		end[1] = '\0';
		take_block(l, block, gapless);
		done = (size_t)(end + 2 - l->c.in.data);
	}
	if (done > 0)
		drop_bytes(&l->c, done);
}

static void hear_until(struct listener_state *l, int64_t seq)
{
	uint64_t limit = clock_ms() + LIMIT_MS;

	while (l->last < seq) {
		if (clock_ms() > limit || l->c.ended)
			fail_msg("heard up to %lld, not %lld", (long long)l->last, (long long)seq);
		hear(l, true);
	}
	assert_int_equal(l->last, seq);
}

static void hear_hello(struct listener_state *l)
{
	uint64_t limit = clock_ms() + LIMIT_MS;

	while (l->hellos == 0) {
		assert_true(clock_ms() < limit);
		hear(l, true);
	}
}

static void hang_up(struct listener_state *l)
{
	client_close(&l->c);
}

static void wait_clients(struct world *w, int count)
{
	uint64_t limit = clock_ms() + LIMIT_MS;

	while (w->api->conn_count != count) {
		assert_true(clock_ms() < limit);
		uv_run(&w->f.loop.uv, UV_RUN_NOWAIT);
	}
}

static void test_greeting(void **state)
{
	struct world w;
	struct client c;
	char wanted[300];

	(void)state;
	world_open(&w);
	world_add_feed(&w, "https://a.example/feed");
	client_connect(&w, &c);
	client_send(&c, "GET /api/v1/events HTTP/1.1\r\n\r\n");
	snprintf(wanted, sizeof(wanted),
		"\r\n\r\n: connected\nretry: 3000\n\nid: %s-2\nevent: hello\ndata: "
		"{\"epoch\":\"%s\",\"seq\":2,\"version\":\"" TIDINGS_VERSION "\"}\n\n",
		store_epoch(w.f.store), store_epoch(w.f.store));
	client_wait(&c, wanted);
	buf_reset(&c.in);
	client_expect_silence(&c);
	world_add_items(&w, 1, 1, 1);
	snprintf(wanted, sizeof(wanted),
		"id: %s-3\nevent: item.new\ndata: "
		"{\"seq\":3,\"kind\":\"item\",\"op\":\"new\",\"time\":\"",
		store_epoch(w.f.store));
	client_wait(&c, wanted);
	client_wait(&c, "\"initial\":false,\"edit\":null,\"feed\":1,\"ids\":[1],\"items\":[{\"id\":"
			"1,\"rev\":3,");
	client_wait(&c, "event: story.new\n");
	client_close(&c);
	/* HEAD tells the head only. */
	expect(&w, "HEAD", "/api/v1/events", NULL, 200, "");
	expect(&w, "GET", "/api/v1/events?kinds=x", NULL, 400, "\"parameter\":\"kinds\"");
	expect(&w, "GET", "/api/v1/events?since=x", NULL, 400, "\"parameter\":\"since\"");
	world_close(&w);
}

/* A stream, another that resumes in the middle of the writing, a third that comes late and reads
 * all of it. */
static void test_c17_follow_and_resume(void **state)
{
	struct world w;
	struct listener_state a, b, c;
	char query[100];

	(void)state;
	world_open(&w);
	world_add_feed(&w, "https://a.example/feed");
	listen_from(&w, &a, "?since=0", "");
	listen_from(&w, &b, "", "");
	hear_hello(&b);
	assert_int_equal(b.begun, 2);
	for (int i = 0; i < 40; i++) {
		world_add_items(&w, 1, 1 + i * 5, 5);
		if (i % 10 == 9) { /* goes, and comes back where it was */
			hear(&b, true);
			hang_up(&b);
			if (i % 20 == 9) {
				snprintf(query, sizeof(query), "?since=%lld", (long long)b.last);
				listen_from(&w, &b, query, "");
			} else {
				char fields[100];
				snprintf(fields, sizeof(fields), "Last-Event-ID: %s-%lld\r\n",
					b.epoch, (long long)b.last);
				listen_from(&w, &b, "?since=1", fields); /* the field wins */
			}
			/* Gapless from there on: what was heard before counts on. */
			b.last = 0;
			hear_hello(&b);
		}
	}
	int64_t seq = store_seq(w.f.store);
	hear_until(&a, seq);
	assert_int_equal(a.events, seq);
	hear_until(&b, seq);
	listen_from(&w, &c, "?since=0", "");
	hear_until(&c, seq);
	assert_int_equal(c.events, seq);
	assert_int_equal(a.resets + b.resets + c.resets, 0);
	assert_int_equal(w.api->events.catchups, 0);
	hang_up(&a);
	hang_up(&b);
	hang_up(&c);
	wait_clients(&w, 0); /* noticed at once, without a heartbeat */
	assert_true(list_empty(&w.api->events.subscribers));
	world_close(&w);
}

/* The daemon's api goes and comes back: the client resumes as if nothing had been. */
static void test_restart(void **state)
{
	struct world w;
	struct listener_state l;
	char fields[100];
	int64_t last = 0, events = 0;

	(void)state;
	world_open(&w);
	world_add_feed(&w, "https://a.example/feed");
	snprintf(fields, sizeof(fields), "%s", "");
	for (int round = 0; round < 5; round++) {
		listen_from(&w, &l, round == 0 ? "?since=0" : "", fields);
		hear_hello(&l);
		assert_int_equal(l.begun, last);
		world_add_items(&w, 1, 1 + round * 10, 10);
		hear(&l, true);
		world_stop_api(&w);
		while (!l.c.ended)
			hear(&l, true);
		hear(&l, true); /* what had come before the end */
		hang_up(&l);
		assert_int_equal(l.resets, 0);
		last = l.last;
		events += l.events;
		snprintf(fields, sizeof(fields), "Last-Event-ID: %s-%lld\r\n", l.epoch,
			(long long)last);
		world_start_api(&w);
	}
	listen_from(&w, &l, "", fields);
	l.last = last;
	hear_until(&l, store_seq(w.f.store));
	assert_int_equal(events + l.events, store_seq(w.f.store));
	hang_up(&l);
	world_close(&w);
}

static void test_reset(void **state)
{
	static const char *const cases[][2] = {
		{"?since=99999", ""},
		{"?since=beef-1", ""},
		{"", "Last-Event-ID: 0123456789abcdef-1\r\n"},
		{"", "Last-Event-ID: garbage\r\n"},
		{"?since=1", "Last-Event-ID: "
			     "999999999999999999999999999999999999999999999999999999999999999999999"
			     "9999999999\r\n"},
	};
	struct world w;
	struct listener_state l;

	(void)state;
	world_open(&w);
	world_add_feed(&w, "https://a.example/feed");
	world_add_items(&w, 1, 1, 3);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		listen_from(&w, &l, cases[i][0], cases[i][1]);
		while (l.resets == 0)
			hear(&l, true);
		assert_int_equal(l.last, store_seq(w.f.store));
		world_add_items(&w, 1, 10 + (int)i, 1); /* goes on from there */
		hear_until(&l, store_seq(w.f.store));
		assert_int_equal(l.events, 2);
		hang_up(&l);
	}
	world_close(&w);
}

static void test_kinds(void **state)
{
	struct world w;
	struct listener_state items, errors, both;

	(void)state;
	world_init(&w);
	w.options.heartbeat_ms = 100;
	world_start_api(&w);
	world_add_feed(&w, "https://a.example/feed");
	listen_from(&w, &items, "?kinds=item&since=0", "");
	listen_from(&w, &errors, "?kinds=feed.error", "");
	listen_from(&w, &both, "?kinds=story.new,feed&since=0", "");
	hear_hello(&errors);
	world_add_items(&w, 1, 1, 50);
	int64_t seq = store_seq(w.f.store);
	uint64_t limit = clock_ms() + LIMIT_MS;
	/* Heartbeats move the id of those who are told nothing. */
	while (errors.last < seq || items.last < seq || both.last < seq) {
		assert_true(clock_ms() < limit);
		hear(&items, false);
		hear(&errors, false);
		hear(&both, false);
	}
	assert_int_equal(items.events, 50);
	assert_int_equal(errors.events, 0);
	assert_int_equal(both.events, 51); /* the feed, and the stories */
	hang_up(&items);
	hang_up(&errors);
	hang_up(&both);
	world_close(&w);
}

static void test_heartbeat(void **state)
{
	struct world w;
	struct client c;

	(void)state;
	world_init(&w);
	w.options.heartbeat_ms = 50;
	world_start_api(&w);
	client_connect(&w, &c);
	client_send(&c, "GET /api/v1/events HTTP/1.1\r\n\r\n");
	client_wait(&c, "event: hello");
	client_wait(&c, "\n\n:\n\n:\n\n:\n\n");
	client_close(&c);
	world_close(&w);
}

/* More lines than the ring holds while a reader sleeps: it is told all of them all the same, and
 * costs no memory meanwhile. */
static void test_c17_ring_overrun(void **state)
{
	enum { ROUNDS = 10, ITEMS = 500 };
	struct world w;
	struct listener_state slow, quick;

	(void)state;
	world_open(&w);
	world_add_feed(&w, "https://a.example/feed");
	listen_from(&w, &slow, "?since=0", "");
	listen_from(&w, &quick, "?since=0", "");
	hear_hello(&slow);
	for (int i = 0; i < ROUNDS; i++) {
		world_add_items(&w, 1, 1 + i * ITEMS, ITEMS);
		hear_until(&quick, store_seq(w.f.store));
		assert_true(w.api->events.ring.count <= API_RING_LINES);
		assert_true(w.api->events.ring.bytes <= API_RING_BYTES);
	}
	assert_true(w.api->events.ring.base > 0); /* it did overrun */
	assert_int_equal(quick.events, store_seq(w.f.store));
	hear_until(&slow, store_seq(w.f.store));
	assert_int_equal(slow.events, store_seq(w.f.store));
	hang_up(&slow);
	hang_up(&quick);
	world_close(&w);
}

/* However many lines are read at once, the last one is told, too. */
static void test_resume_anywhere(void **state)
{
	struct world w;
	struct listener_state l;
	char query[40];

	(void)state;
	world_open(&w);
	world_add_feed(&w, "https://a.example/feed");
	for (int i = 0; i < 70; i++)
		world_add_items(&w, 1, 1 + i, 1);
	assert_true(store_seq(w.f.store) > 135);
	for (int behind = 1; behind < 135; behind++) {
		snprintf(query, sizeof(query), "?since=%lld",
			(long long)(store_seq(w.f.store) - behind));
		listen_from(&w, &l, query, "");
		hear_until(&l, store_seq(w.f.store));
		assert_int_equal(l.events, behind);
		hang_up(&l);
	}
	world_close(&w);
}

static void test_c17_stalled_reader(void **state)
{
	struct world w;
	struct listener_state l;
	char fields[100];

	(void)state;
	world_init(&w);
	w.options.stall_timeout_ms = 300;
	world_start_api(&w);
	world_add_feed(&w, "https://a.example/feed");
	listen_from(&w, &l, "?since=0", "");
	hear_hello(&l);
	for (int i = 0; i < 4; i++)
		world_add_items(&w, 1, 1 + i * 500, 500);
	wait_clients(&w, 0); /* cut off, since nobody reads */
	while (!l.c.ended)
		hear(&l, true);
	hear(&l, true);
	assert_true(l.last < store_seq(w.f.store));
	int64_t events = l.events;
	hang_up(&l);
	/* It resumes with what it has understood. */
	snprintf(fields, sizeof(fields), "Last-Event-ID: %s-%lld\r\n", l.epoch, (long long)l.last);
	int64_t last = l.last;
	listen_from(&w, &l, "", fields);
	l.last = last;
	hear_until(&l, store_seq(w.f.store));
	assert_int_equal(events + l.events, store_seq(w.f.store));
	hang_up(&l);
	world_close(&w);
}

/* An object too large for a line is told by its id. */
static void test_large_line(void **state)
{
	struct world w;
	struct client c;
	char *sql = NULL;

	(void)state;
	world_open(&w);
	world_add_feed(&w, "https://a.example/feed");
	world_add_items(&w, 1, 1, 1);
	assert_true(asprintf(&sql, "UPDATE item SET categories = '[\"%0*d\"]' WHERE id = 1",
			    API_LINE_MAX, 0) > 0);
	poke(w.f.path, sql);
	free(sql);
	client_connect(&w, &c);
	client_send(&c, "GET /api/v1/events?since=0&kinds=item HTTP/1.1\r\n\r\n");
	client_wait(&c, "\"items\":[{\"id\":1,\"omitted\":true}]}\n\n");
	client_close(&c);
	expect(&w, "GET", "/api/v1/changes?kinds=item", NULL, 200,
		"\"items\":[{\"id\":1,\"omitted\":true}]");
	world_close(&w);
}

/* Many at once, of whom some go while they are sent to, some come late and some never read. */
static void test_many(void **state)
{
	enum { COUNT = 200 };
	struct listener_state *all = calloc(COUNT, sizeof(*all));
	struct world w;

	(void)state;
	world_open(&w);
	world_add_feed(&w, "https://a.example/feed");
	for (int i = 0; i < COUNT; i++)
		listen_from(&w, &all[i], i % 2 ? "?since=0" : "", "");
	for (int i = 0; i < 10; i++) {
		world_add_items(&w, 1, 1 + i * 3, 3);
		for (int j = 0; j < COUNT; j += 7)
			hear(&all[j], true);
		hang_up(&all[i]);
	}
	int64_t seq = store_seq(w.f.store);
	for (int i = 10; i < COUNT; i++) {
		hear_until(&all[i], seq);
		assert_int_equal(all[i].events, i % 2 ? seq : 60);
		hang_up(&all[i]);
	}
	wait_clients(&w, 0);
	free(all);
	world_close(&w);
}

/* The client sends on and on into a stream, or half-closes it. */
static void test_strange_clients(void **state)
{
	struct world w;
	struct client talker, half;

	(void)state;
	world_init(&w);
	w.options.heartbeat_ms = 100;
	world_start_api(&w);
	world_add_feed(&w, "https://a.example/feed");
	client_connect(&w, &talker);
	client_connect(&w, &half);
	client_send(&talker, "GET /api/v1/events HTTP/1.1\r\n\r\n");
	client_send(&half, "GET /api/v1/events HTTP/1.1\r\n\r\n");
	client_wait(&talker, "event: hello");
	client_wait(&half, "event: hello");
	shutdown(half.fd, SHUT_WR);
	char bytes[4096];
	memset(bytes, 'x', sizeof(bytes));
	for (int i = 0; i < 1000 && send(talker.fd, bytes, sizeof(bytes), MSG_NOSIGNAL) > 0; i++)
		uv_run(&w.f.loop.uv, UV_RUN_NOWAIT);
	world_add_items(&w, 1, 1, 1);
	client_wait(&talker, "event: item.new");
	client_wait(&half, "event: item.new");
	client_close(&talker);
	client_close(&half);
	wait_clients(&w, 0); /* at the next heartbeat at the latest */
	world_close(&w);
}

static void test_stop(void **state)
{
	struct world w;
	struct listener_state l[3];

	(void)state;
	world_open(&w);
	world_add_feed(&w, "https://a.example/feed");
	for (int i = 0; i < 3; i++)
		listen_from(&w, &l[i], "?since=0", "");
	struct waited waited = {.job = {.run = run_put_items, .done = on_waited}};
	struct story_of what = {.feed = 1, .from = 1, .count = 300, .content = "x"};
	waited.job.arg = &what;
	assert_int_equal(store_write(w.f.store, &waited.job), 0);
	while (!waited.done)
		uv_run(&w.f.loop.uv, UV_RUN_ONCE);
	world_stop_api(&w); /* while the ring is filled and clients catch up */
	for (int i = 0; i < 3; i++) {
		client_wait_end(&l[i].c);
		hang_up(&l[i]);
	}
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_greeting),
		cmocka_unit_test(test_c17_follow_and_resume),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_heartbeat),
		cmocka_unit_test(test_c17_ring_overrun),
		cmocka_unit_test(test_resume_anywhere),
		cmocka_unit_test(test_c17_stalled_reader),
		cmocka_unit_test(test_large_line),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_strange_clients),
		cmocka_unit_test(test_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
