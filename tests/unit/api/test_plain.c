/* Views as Atom and JSON Feed: which entries they have, what is told of stories, and when not at
 * all. */
#include "store/query.h"
#include "unit/api/fixture.h"

static int run_sql(struct store_tx *tx, void *sql, struct err *e)
{
	return query_exec(tx, e, sql, as_int(1));
}

static void change(struct world *w, const char *sql)
{
	must_write(&w->f, run_sql, (void *)(uintptr_t)sql);
}

/* As `ask`, with the tag of an answer that the client has. */
static int ask_again(struct world *w, const char *tag, struct answer *a)
{
	char request[200];
	struct client c;

	snprintf(request, sizeof(request),
		"GET /atom/feed/1 HTTP/1.1\r\nHost: x\r\nIf-None-Match: %s\r\n\r\n", tag);
	client_connect(w, &c);
	client_send(&c, request);
	take_answer(&c, false, a);
	client_close(&c);
	return a->status;
}

static void get(struct world *w, const char *target, int status, const char *parts)
{
	expect(w, "GET", target, NULL, status, parts);
}

static void never(struct world *w, const char *target, const char *part)
{
	struct answer a;

	ask(w, "GET", target, NULL, &a);
	assert_int_equal(a.status, 200);
	assert_null(strstr(a.body, part));
	free_answer(&a);
}

static void test_views(void **state)
{
	static const struct {
		const char *view;
		int status;
		const char *has, *lacks;
	} cases[] = {
		{"all", 200, "item:10<|item:1<|<title>All</title>|all</id>", "stories</id>"},
		{"all?n=2", 200, "item:10<|item:9<", "item:8<"},
		{"unread", 200, "item:10<|<title>Unread</title>", "item:2<"},
		{"starred", 200, "item:3<|<title>Starred</title>", "item:4<"},
		{"feed/2", 200, "item:6<|<title>https://b.example/feed</title>", "item:5<"},
		{"folder/News", 200, "item:1<|<title>News</title>|folder/News</id>", NULL},
		{"folder/N%65ws", 200, "item:1<|<title>News</title>", NULL},
		{"label/to%20keep", 200, "item:4<|<title>to keep</title>", "item:5<"},
		{"label/more", 404, "there is no label of that name", NULL},
		{"//all//", 200, "item:1<", NULL},
		{"feed/99", 404, "there is no feed 99", NULL},
		{"folder/Olds", 404, "there is no folder of that name", NULL},
		{"folder", 404, "views are", NULL},
		{"folder/%ff", 404, "views are", NULL},
		{"feed/x", 404, "views are", NULL},
		{"all/x", 404, "views are", NULL},
		{"", 404, "there is no such resource", NULL},
	};
	char target[100];
	struct world w;

	(void)state;
	fill(&w);
	expect(&w, "PATCH", "/api/v1/items/2", "{\"read\":true}", 200, NULL);
	expect(&w, "PATCH", "/api/v1/items/3", "{\"starred\":true}", 200, NULL);
	expect(&w, "PATCH", "/api/v1/items/4", "{\"labels\":{\"add\":[\"to keep\"]}}", 200, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(target, sizeof(target), "/atom/%s", cases[i].view);
		get(&w, target, cases[i].status, cases[i].has);
		if (cases[i].lacks)
			never(&w, target, cases[i].lacks);
		snprintf(target, sizeof(target), "/json/%s", cases[i].view);
		get(&w, target, cases[i].status, NULL);
	}
	world_close(&w);
}

static void test_entries(void **state)
{
	struct world w;

	(void)state;
	fill(&w);
	change(&w, "UPDATE item SET title = '<b> & \"c\"', link = 'https://u:p@x.example/?a&b',"
		   " enclosures = '[{\"url\":\"https://x.example/a.mp3\",\"type\":\"audio/mpeg\","
		   "\"length\":7},{\"url\":\"https://x.example/b\"}]', categories = '[\"x&y\"]'"
		   " WHERE id = ?");
	change(&w, "UPDATE item SET title = NULL WHERE id = ? + 1");
	get(&w, "/atom/feed/1", 200,
		"application/atom+xml|<title>&lt;b&gt; &amp; &quot;c&quot;</title>"
		"|<link rel=\"alternate\" href=\"https://x.example/?a&amp;b\"/>"
		"|href=\"https://x.example/a.mp3\" type=\"audio/mpeg\" length=\"7\"/>"
		"|<link rel=\"enclosure\" href=\"https://x.example/b\"/>"
		"|<category term=\"x&amp;y\"/>|<name>Ann</name>|<title>guid-2</title>"
		"|<content type=\"html\">&lt;p&gt;body &amp;amp; soul&lt;/p&gt;</content>");
	get(&w, "/json/feed/1", 200,
		"application/feed+json|https://jsonfeed.org/version/1.1|\"title\":\"<b> & "
		"\\\"c\\\"\""
		",\"content_html\":\"<p>body &amp; soul</p>\"|\"url\":\"https://x.example/?a&b\""
		"|{\"url\":\"https://x.example/a.mp3\",\"mime_type\":\"audio/mpeg\","
		"\"size_in_bytes\":7},{\"url\":\"https://x.example/b\","
		"\"mime_type\":\"application/octet-stream\"}]|\"tags\":[\"x&y\"]"
		"|\"authors\":[{\"name\":\"Ann\"}]"
		"|\"_tidings\":{\"feed\":1,\"source\":\"https://a.example/feed\",\"story\":1,"
		"\"read\":false,\"starred\":false}");
	world_close(&w);
}

static void test_stories(void **state)
{
	struct world w;

	(void)state;
	fill(&w);
	change(&w, "UPDATE item SET link = 'https://b.example/' || id || '?a&b' WHERE id > 6 * ?");
	change(&w, "UPDATE item SET link = 'javascript:x' WHERE id = 5 + ?");
	expect(&w, "POST", "/api/v1/stories/6/merge", "{\"stories\":[1,2,7]}", 200, NULL);
	get(&w, "/json/all?stories=true", 200,
		"item:1\"|<p>Also told by</p><ul><li>https://b.example/feed: guid-6</li>"
		"<li>https://b.example/feed: <a href=\\\"https://b.example/7?a&amp;b\\\">guid-7</a>"
		"</li></ul>|item:8\"");
	never(&w, "/json/all?stories=true", "item:2\"");
	never(&w, "/json/all?stories=true", "item:7\"");
	get(&w, "/json/all?stories=false", 200, "item:2\"|item:7\"");
	get(&w, "/atom/feed/2?stories=true&n=1000&whatever", 200, "item:1<|feed/2?stories</id>");
	expect(&w, "PATCH", "/api/v1/stories/1", "{\"read\":true,\"reports\":true}", 200, NULL);
	never(&w, "/atom/unread?stories=true", "item:1<");
	/* the feed that told it first is being deleted */
	change(&w, "UPDATE story SET lead = 6 WHERE first_item = ?");
	change(&w, "UPDATE feed SET detached_ms = 0 WHERE id = ?");
	get(&w, "/json/all?stories=true", 200, "item:8\"");
	never(&w, "/json/all?stories=true", "item:1\"");
	world_close(&w);
}

/* What is in the address of a feed that has no name is told to nobody (C44). */
static void test_secrets(void **state)
{
	static const char *const targets[] = {"/atom/all", "/json/all", "/atom/feed/3",
		"/json/feed/3", "/atom/all?stories=true", "/json/all?stories=true"};
	struct world w;

	(void)state;
	fill(&w);
	assert_int_equal(world_add_feed(&w, "https://u:secret@c.example/feed"), 3);
	world_add_items(&w, 3, 20, 2);
	change(&w, "UPDATE item SET title = NULL, link = 'https://u:secret@c.example/' || id"
		   " WHERE id > 11 * ?");
	expect(&w, "POST", "/api/v1/stories/11/merge", "{\"stories\":[1]}", 200, NULL);
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		get(&w, targets[i], 200, "https://c.example/");
		never(&w, targets[i], "secret");
	}
	world_close(&w);
}

/* It is told anew only when the view has changed, not when anything has. */
static void test_unchanged(void **state)
{
	struct answer a;
	struct world w;
	char tag[60];
	const char *at;

	(void)state;
	fill(&w);
	ask(&w, "GET", "/atom/feed/1", NULL, &a);
	at = strstr(a.head, "ETag: ");
	assert_non_null(at);
	snprintf(tag, sizeof(tag), "%.*s", (int)strcspn(at + 6, "\r"), at + 6);
	free_answer(&a);
	world_add_items(&w, 2, 50, 1);
	assert_int_equal(ask_again(&w, tag, &a), 304);
	assert_int_equal(a.len, 0);
	free_answer(&a);
	world_add_items(&w, 1, 60, 1);
	assert_int_equal(ask_again(&w, tag, &a), 200);
	free_answer(&a);
	world_close(&w);
}

static void test_empty(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	get(&w, "/atom/all", 200, "<updated>1970-01-01T00:00:00.000Z</updated>|</feed>");
	get(&w, "/json/all", 200, "\"items\":[]}");
	get(&w, "/json/all?stories=true", 200, "\"items\":[]}");
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_views),
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_stories),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_unchanged),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
