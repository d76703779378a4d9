/* No memory while a request is answered, ours, jansson's and libuv's: the connection ends, or the
 * answer is 503, or it is the right one; and asked again it is the right one. SQLite's own
 * allocations have their turn in unit/store. */
#include <jansson.h>
/* before base/json.h, see answers.h */
#include "store/query.h"
#include "unit/api/fixture.h"

#include "support/fault_each.h"

/* Nothing here asks for memory, so that none of the allocations that fail is the test's. */
struct talk {
	char text[1 << 18];
	size_t len;
	bool ended;
};
static struct talk talk, wanted;

static int begin(struct world *w, const char *request)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, w->socket_path, strlen(w->socket_path) + 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	talk.len = 0;
	talk.text[0] = '\0';
	talk.ended = false;
	return fd;
}

static void turn_once(struct world *w, int fd)
{
	struct offer offer = {.url = (char[]){"https://a.example/feed"}, .type = "x"};
	const struct api_found found = {.feeds = &offer};
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	ssize_t n = 0;

	if (w->discovered[0])
		w->found(w->found_arg, &found);
	w->discovered[0] = '\0';
	/* what the daemon has sent is there at once: only it can be waited for */
	if (poll(&pfd, 1, 0) <= 0)
		uv_run(&w->f.loop.uv, UV_RUN_ONCE);
	if (poll(&pfd, 1, 0) <= 0)
		return;
	n = recv(fd, talk.text + talk.len, sizeof(talk.text) - 1 - talk.len, 0);
	talk.ended = n == 0 || (n < 0 && errno != EAGAIN);
	talk.len += n > 0 ? (size_t)n : 0;
	talk.text[talk.len] = '\0';
}

/* Where the body begins, NULL while the answer is not there as a whole. */
static const char *body_of(const struct talk *t)
{
	const char *head = strstr(t->text, "\r\n\r\n");
	const char *length = strstr(t->text, "Content-Length: ");
	bool none = strstr(t->text, "HTTP/1.1 204 ") || strstr(t->text, "HTTP/1.1 304 ");
	size_t len = head && length && length < head ? strtoul(length + 16, NULL, 10) : 0;

	return head && (length || none) && strlen(head + 4) >= len ? head + 4 : NULL;
}

/* The status; 0: the connection ended without an answer. */
static int ask_for(struct world *w, const char *request)
{
	uint64_t limit = clock_ms() + LIMIT_MS;
	int fd = begin(w, request), status = 0;

	while (!talk.ended && !body_of(&talk)) {
		turn_once(w, fd);
		if (clock_ms() > limit)
			fail_msg("no answer to %s", request);
	}
	close(fd);
	if (!body_of(&talk)) {
		assert_int_equal(talk.len, 0);
		return 0;
	}
	assert_int_equal(sscanf(talk.text, "HTTP/1.1 %d ", &status), 1);
	return status;
}

#define GET(target)  "GET " target " HTTP/1.1\r\nHost: x\r\n\r\n"
#define LINE(method) method " HTTP/1.1\r\nHost: x\r\n\r\n"
#define BODY(method, length, body)                                                                 \
	method " HTTP/1.1\r\nHost: x\r\nContent-Length: " length "\r\n\r\n" body
#define N50  "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
#define N250 N50 N50 N50 N50 N50

static const struct row {
	const char *request;
	int status;
	const char *contains; /* NULL: nothing changes, so that all of it is the same each time */
	const char *undo;     /* brings back what was before */
} rows[] = {
	{GET("/api/v1/"), 200, NULL, NULL},
	{GET("/api/v1/status"), 200, "\"items\":10,", NULL},
	{GET("/api/v1/feeds"), 200, NULL, NULL},
	{GET("/api/v1/feeds/%31"), 200, NULL, NULL},
	{GET("/api/v1/feeds/99"), 404, NULL, NULL},
	{GET("/api/v1/items?content=text&limit=5&fields=id,title,source"), 200, NULL, NULL},
	{GET("/api/v1/items?content=html&order=published"), 200, NULL, NULL},
	{GET("/api/v1/items?limit=x"), 400, NULL, NULL},
	{"GET /api/v1/items/3?content=text HTTP/1.1\r\nHost: x\r\nIf-None-Match: W/\"x-1\"\r\n\r\n",
		200, NULL, NULL},
	{GET("/api/v1/items/3/revisions?content=text"), 200, "{\"revisions\":[", NULL},
	{GET("/api/v1/stories?dir=asc"), 200, NULL, NULL},
	{GET("/api/v1/stories/1?content=text"), 200, NULL, NULL},
	{GET("/api/v1/changes?since=0&kinds=item,story.new"), 200, NULL, NULL},
	{GET("/api/v1/changes?since=9999"), 410, NULL, NULL},
	{GET("/api/v1/opml?credentials=true"), 200, NULL, NULL},
	{GET("/opml?as=atom"), 200, "http://x/atom/feed/2", NULL},
	{GET("/atom/folder/News"), 200, "mp3", NULL},
	{GET("/json/all?stories=true"), 200, "mp3", NULL},
	{GET("/api/v1/db"), 200, "\"items\":10,", NULL},
	{GET("/api/v1/metrics"), 200, "tidings_items 10\n|process_cpu_seconds_total ", NULL},
	{GET("/api/v1/access"), 200, NULL, NULL},
	{BODY("POST /api/v1/access", "12", "{\"name\":\"a\"}"), 201, "\"password\":\"",
		LINE("DELETE /api/v1/access/a")},
	{LINE("DELETE /api/v1/access/%62"), 404, NULL, NULL},
	{GET("/api/v1/folders"), 200, NULL, NULL},
	{GET("/api/v1/labels/1"), 200, NULL, NULL},
	{GET("/api/v1/labels"), 200, NULL, NULL},
	{GET("/api/v1/counts"), 200, NULL, NULL},
	{GET("/api/v1/items?label=kept&fields=id,labels"), 200, NULL, NULL},
	{GET("/a/b/c/d"), 404, NULL, NULL},
	{LINE("OPTIONS /api/v1/feeds"), 204, NULL, NULL},
	{LINE("DELETE /api/v1/feeds"), 405, NULL, NULL},
	{LINE("PROPFIND /api/v1/"), 405, NULL, NULL},
	{LINE("POST /api/v1/feeds/1/refresh"), 202, NULL, NULL},
	{BODY("PATCH /api/v1/items/3", "13", "{\"read\":true}"), 200, "\"read\":true",
		BODY("PATCH /api/v1/items/3", "14", "{\"read\":false}")},
	{BODY("POST /api/v1/stories/batch", "35", "{\"ids\":[1,2,3],\"set\":{\"read\":true}}"), 200,
		"{\"changed\":3,",
		BODY("POST /api/v1/stories/batch", "36",
			"{\"ids\":[1,2,3],\"set\":{\"read\":false}}")},
	{BODY("POST /api/v1/items/batch", "36", "{\"filter\":{},\"set\":{\"starred\":true}}"), 200,
		"{\"changed\":10,",
		BODY("POST /api/v1/items/batch", "37",
			"{\"filter\":{},\"set\":{\"starred\":false}}")},
	{BODY("PATCH /api/v1/items/3", "26", "{\"labels\":{\"add\":[\"new\"]}}"), 200,
		"\"labels\":[\"new\"]",
		BODY("PATCH /api/v1/items/3", "29", "{\"labels\":{\"remove\":[\"new\"]}}")},
	{BODY("PATCH /api/v1/labels/1", "16", "{\"name\":\"other\"}"), 200, "\"name\":\"other\"",
		BODY("PATCH /api/v1/labels/1", "15", "{\"name\":\"kept\"}")},
	{BODY("PATCH /api/v1/folders/1", "12", "{\"name\":\"G\"}"), 200, "\"name\":\"G\"",
		BODY("PATCH /api/v1/folders/1", "12", "{\"name\":\"F\"}")},
	{BODY("PATCH /api/v1/feeds/1", "26", "{\"name\":\"N\",\"folder\":\"F\"} "), 200,
		"\"name\":\"N\"", BODY("PATCH /api/v1/feeds/1", "14", "{\"name\":null} ")},
	{BODY("PATCH /api/v1/folders/1", "17", "{\"stories\":\"off\"}"), 200, "\"stories\":\"off\"",
		BODY("PATCH /api/v1/folders/1", "16", "{\"stories\":null}")},
	{BODY("PATCH /api/v1/feeds/1", "11", "{\"nam\":\"N\"}"), 400, "\"status\":400,", NULL},
	{BODY("POST /api/v1/feeds", "36", "{\"url\":\"https://u:p@a.example/feed\"}"), 201,
		"Location: /api/v1/feeds/|\"url\":\"https://a.example/feed\"", "last"},
	{BODY("POST /api/v1/opml", "4", "list"), 200, "\"refused\":[]", NULL},
	{BODY("POST /api/v1/discover", "30", "{\"url\":\"https://a.example/x\"} "), 200, NULL,
		NULL},
	{GET("/v1/me"), 200, NULL, NULL},
	{GET("/v1/feeds"), 200, NULL, NULL},
	{GET("/v1/feeds/9"), 404, NULL, NULL},
	{GET("/v1/feeds/counters"), 200, NULL, NULL},
	{GET("/v1/categories?counts=true"), 200, NULL, NULL},
	{GET("/v1/categories/1/entries?order=id&limit=9&status=unread&status=read"), 200,
		"\"id\":16,", NULL},
	{GET("/v1/entries/ids?limit=5&starred=false"), 200, NULL, NULL},
	{GET("/v1/feeds/1/entries/1"), 200, "mp3", NULL},
	{GET("/v1/entries?limit=x&order=x"), 400, NULL, NULL},
	{GET("/v1/entries/1/fetch-content"), 200, NULL, NULL},
	{GET("/v1/enclosures/16"), 200, "mp3", NULL},
	{GET("/v1/export"), 200, NULL, NULL},
	{BODY("PUT /v1/entries", "35", "{\"entry_ids\":[4,5],\"status\":\"read\"}"), 204, NULL,
		BODY("PUT /v1/entries", "37", "{\"entry_ids\":[4,5],\"status\":\"unread\"}")},
	{BODY("PUT /v1/feeds/1", "29", "{\"title\":\"N\",\"category_id\":1}"), 201,
		"\"title\":\"N\"", BODY("PATCH /api/v1/feeds/1", "14", "{\"name\":null} ")},
	{BODY("POST /v1/feeds", "36", "{\"feed_url\":\"https://a2.example/\"}  "), 201,
		"{\"feed_id\":", "last"},
	{BODY("POST /v1/categories", "13", "{\"title\":\"F\"}"), 400, "error_message", NULL},
	{LINE("PUT /v1/feeds/refresh"), 204, NULL, NULL},
	{BODY("POST /v1/import", "4", "list"), 201, NULL, NULL},
	{BODY("POST /v1/discover", "27", "{\"url\":\"https://a.example\"}"), 200, NULL, NULL},
	{"GET / HTTP/9\r\n\r\n", 505, NULL, NULL},
	{GET("/reader/api/0/subscription/list"), 200, NULL, NULL},
	{GET("/reader/api/0/tag/list"), 200, NULL, NULL},
	{GET("/reader/api/0/unread-count"), 200, NULL, NULL},
	{GET("/reader/api/0/stream/items/ids?s=user/-/label/F&xt=feed/1&it=unread&n=2"), 200, NULL,
		NULL},
	{GET("/reader/api/0/stream/contents/feed/1?xt=user/-/state/com.google/read"), 200, "mp3",
		NULL},
	{GET("/reader/api/0/stream/items/contents?i=1000000000000002"), 200, "label/kept", NULL},
	{GET("/reader/atom/feed%2F1?n=2"), 200, NULL, NULL},
	{BODY("POST /reader/api/0/edit-tag", "47",
		 "i=1000000000000005&a=user/-/label/new&a=starred"),
		200, "OK",
		BODY("POST /reader/api/0/edit-tag", "47",
			"i=1000000000000005&r=user/-/label/new&r=starred")},
	{BODY("POST /reader/api/0/mark-all-as-read", "26", "s=feed/2&ts=1795000006&T=x"), 200, "OK",
		BODY("POST /reader/api/0/edit-tag", "25", "i=1000000000000006&r=read")},
	{BODY("POST /reader/api/0/rename-tag", "42", "s=user/-/label/kept&dest=user/-/label/held"),
		200, "OK",
		BODY("POST /reader/api/0/rename-tag", "42",
			"s=user/-/label/held&dest=user/-/label/kept")},
	{BODY("POST /reader/api/0/subscription/edit", "40",
		 "ac=edit&s=feed/2&t=Name&a=user/-/label/F"),
		200, "OK", NULL},
	{BODY("POST /reader/api/0/subscription/edit", "45",
		 "ac=subscribe&s=feed/https://q.example/&t=Q&a="),
		200, "OK", "last"},
	{BODY("POST /reader/api/0/subscription/quickadd", "32", "quickadd=https://a.example/feed "),
		200, "\"numResults\":1", NULL},
	{BODY("POST /reader/api/0/disable-tag", "22", "s=user/-/label/No+such"), 404, NULL, NULL},
};

static int run_add_lists(struct store_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	return query_exec(tx, e,
		"UPDATE item SET categories = '[\"x\"]',"
		" enclosures = '[{\"url\":\"https://x.example/a.mp3\"}]' WHERE id = ?",
		as_int(1));
}

/* A list of one feed whose folder has to be cut. */
static int read_list(const void *data, size_t len, struct arena *arena, struct outline **ret_first,
	size_t *ret_count, struct err *e)
{
	static char url[] = "https://z.example/", folder[] = N250;

	(void)data;
	(void)len;
	*ret_first = arena_alloc(arena, sizeof(**ret_first));
	if (!*ret_first)
		return err_set(e, ERR_NOMEM, NULL);
	(*ret_first)->url = url;
	(*ret_first)->folder = folder;
	*ret_count = 1;
	return 0;
}

/* All but the date. */
static void assert_same(const struct row *row)
{
	size_t date = (size_t)(strstr(wanted.text, "\r\nDate: ") - wanted.text);

	if (talk.len != wanted.len || memcmp(talk.text, wanted.text, date) != 0 ||
		strcmp(strchr(talk.text + date + 2, '\r'), strchr(wanted.text + date + 2, '\r')) !=
			0)
		fail_msg("%s\n%s\ninstead of\n%s", row->request, talk.text, wanted.text);
}

static void assert_contains(const struct row *row)
{
	char copy[200], *rest = copy;

	snprintf(copy, sizeof(copy), "%s", row->contains);
	for (char *part = strsep(&rest, "|"); part; part = strsep(&rest, "|"))
		if (!strstr(talk.text, part))
			fail_msg("%s\nno %s in %s", row->request, part, talk.text);
}

static void undo(struct world *w, const struct row *row)
{
	char request[100];
	int64_t id;

	if (!row->undo)
		return;
	if (strcmp(row->undo, "last") != 0) {
		(void)ask_for(w, row->undo);
		return;
	}
	id = peek(w->f.path, "SELECT coalesce(max(id), 0) FROM feed WHERE id > 2");
	snprintf(request, sizeof(request), LINE("DELETE /api/v1/feeds/%lld"), (long long)id);
	(void)ask_for(w, request);
}

/* jansson has no word of its own for it, so that what it cannot read may be called no JSON. */
static bool may_be(const struct row *row, int status)
{
	return status == row->status || status == 0 || status == 503 ||
	       (status == 400 && strstr(row->request, "{") &&
		       (strstr(talk.text, "invalid-json") || strstr(talk.text, "not JSON")));
}

/* Each `step`-th allocation fails. */
static void run_row(struct world *w, const struct row *row, long step)
{
	long failed = 1;

	undo(w, row);
	assert_int_equal(ask_for(w, row->request), row->status);
	wanted = talk;
	undo(w, row);
	/* the connection comes first; it is taken some time later, which is seen once */
	for (long n = row == rows ? 0 : 1; failed; n += step) {
		int status;

		fault_malloc_after(n);
		status = ask_for(w, row->request);
		failed = fault_malloc_off();
		if (!may_be(row, status))
			fail_msg("allocation %ld of %s: %s", n, row->request, talk.text);
		for (int again = 0; again < 2; again++) {
			if (status == row->status && !row->contains)
				assert_same(row);
			else if (status == row->status)
				assert_contains(row);
			if (again)
				break;
			undo(w, row);
			status = ask_for(w, row->request);
			assert_int_equal(status, row->status);
		}
		undo(w, row);
	}
	assert_true(w->api->jobs == 0 && w->api->body_bytes == 0);
}

static void test_requests(void **state)
{
	struct world w;

	(void)state;
	fill(&w);
	must_write(&w.f, run_add_lists, NULL);
	w.api->callbacks.read_list = read_list;
	assert_int_equal(ask_for(&w, BODY("PATCH /api/v1/items/2", "27",
					     "{\"labels\":{\"add\":[\"kept\"]}}")),
		200);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		run_row(&w, &rows[i], 1);
	world_close(&w);
}

/* It takes some thousand. */
static void test_document(void **state)
{
	static const struct row row = {GET("/api/v1/openapi.json"), 200, NULL, NULL};
	struct world w;

	(void)state;
	fill(&w);
	run_row(&w, &row, 23);
	world_close(&w);
}

/* -- credentials -- */

static char password[SECRET_PASSWORD_BYTES];

static int run_add(struct store_tx *tx, void *arg, struct err *e)
{
	int code = credentials_add(tx, "ann", false, false, NOW, password, e);

	return code ? code : credentials_load(tx, arg, e);
}

/* Who is let in is let in, or asked to come again; who is not, never. */
static void test_credentials(void **state)
{
	char good[200], bad[200];
	struct world w;
	long failed = 1;

	(void)state;
	fill(&w);
	must_write(&w.f, run_add, &w.api->access.known);
	snprintf(good, sizeof(good),
		"GET /api/v1/feeds HTTP/1.1\r\nHost: x\r\nX-Auth-Token: %s\r\n\r\n", password);
	snprintf(bad, sizeof(bad),
		"GET /api/v1/feeds HTTP/1.1\r\nHost: x\r\nX-Auth-Token: %.9s\r\n\r\n", password);
	assert_int_equal(ask_for(&w, good), 200); /* so that its use is written */
	for (long n = 1; failed; n++) {
		int status;

		w.api->access.known.rows[0].used_ms = TIME_NONE;
		memset(w.api->access.slow, 0, sizeof(w.api->access.slow));
		fault_malloc_after(n);
		status = ask_for(&w, good);
		failed = fault_malloc_off();
		assert_true(status == 200 || status == 503 || status == 0);
		fault_malloc_after(n);
		status = ask_for(&w, bad);
		failed += fault_malloc_off();
		assert_true(status == 401 || status == 503 || status == 0);
	}
	assert_int_equal(ask_for(&w, good), 200);
	world_close(&w);
}

/* -- event streams -- */

/* Nothing is passed over: what has come is the beginning of what there is. False: not all of it is
 * there yet. */
static bool is_all(const char *last)
{
	const char *from = strstr(wanted.text, "\r\n\r\n"), *got = strstr(talk.text, "\r\n\r\n");

	if (got && strncmp(talk.text, "HTTP/1.1 200", 12) == 0 && from &&
		strncmp(got, from, strlen(got)) != 0)
		fail_msg("%s\ninstead of%s", got, from);
	return strstr(talk.text, last) != NULL;
}

/* Until the last event is there, or the end of it, from which the client resumes. */
static void follow(struct world *w, int fd, const char *last)
{
	uint64_t limit = clock_ms() + LIMIT_MS;

	while (!talk.ended && !is_all(last) && !strstr(talk.text, "503 ")) {
		turn_once(w, fd);
		if (clock_ms() > limit)
			fail_msg("no %s in %s", last, talk.text);
	}
	close(fd);
}

static void test_backlog(void **state)
{
	char last[100], many[11 * 450 + 1], request[6000];
	struct world w;
	long failed = 1;

	(void)state;
	fill(&w);
	for (size_t n = 0; n < sizeof(many) - 1; n++) /* more than the arena's first block holds */
		many[n] = "item,story,"[n % 11];
	many[sizeof(many) - 1] = '\0';
	snprintf(request, sizeof(request),
		"GET /api/v1/events?kinds=%sitem HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 0\r\n\r\n",
		many);
	snprintf(last, sizeof(last), "\nid: %s-%lld\n", store_epoch(w.f.store),
		(long long)peek(w.f.path, "SELECT max(seq) FROM change"));
	wanted.text[0] = '\0';
	follow(&w, begin(&w, request), last);
	wanted = talk;
	for (long n = 0; failed; n++) {
		fault_malloc_after(n);
		follow(&w, begin(&w, request), last);
		failed = fault_malloc_off();
	}
	assert_true(is_all(last));
	world_close(&w);
}

static void test_live(void **state)
{
	struct world w;
	long failed = 1;

	(void)state;
	fill(&w);
	wanted.text[0] = '\0';
	for (long n = 0; failed; n++) {
		struct api *api = w.api;
		int fd = begin(&w, GET("/api/v1/events"));

		while (!is_all("event: hello"))
			turn_once(&w, fd);
		w.api = NULL; /* it hears of the commit when allocations fail */
		world_add_items(&w, 1, 100 + (int)n, 1);
		w.api = api;
		fault_malloc_after(n);
		api_publish(api, store_seq(w.f.store));
		follow(&w, fd, "event: story.new");
		failed = fault_malloc_off();
	}
	assert_true(is_all("event: story.new"));
	world_close(&w);
}

static int create(void *ctx)
{
	struct world *w = ctx;
	struct err e = {0};
	int rv = world_try_api(w, &e);

	(void)fault_malloc_off();
	if (rv == 0)
		world_stop_api(w);
	else
		assert_true(e.text[0]);
	return rv;
}

static void test_create(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	assert_true(fault_each(create, NULL, &w, NULL, 0) > 1);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_document),
		cmocka_unit_test(test_credentials),
		cmocka_unit_test(test_backlog),
		cmocka_unit_test(test_live),
	};

	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0);
	json_set_alloc_funcs(fault_json_malloc, fault_free);
	fault_use_uv();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
