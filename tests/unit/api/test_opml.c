/* Lists of feeds over the socket: out as OPML, in by the callback that reads them. */
#include "unit/api/fixture.h"

#define HEAD                                                                                       \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\" "                       \
	"xmlns:tidings=\"urn:tidings:opml\">\n<head><title>Subscriptions of "                      \
	"Tidings</title></head>\n<body>\n"
#define TAIL "</body>\n</opml>\n"

static void assert_export(struct world *w, const char *target, const char *body)
{
	char want[4096];
	struct answer a;

	snprintf(want, sizeof(want), HEAD "%s" TAIL, body);
	ask(w, "GET", target, NULL, &a);
	assert_int_equal(a.status, 200);
	assert_non_null(strstr(a.head, "Content-Type: text/x-opml; charset=utf-8\r\n"));
	assert_string_equal(a.body, want);
	free_answer(&a);
}

static void test_empty(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	assert_export(&w, "/api/v1/opml", "");
	expect(&w, "POST", "/api/v1/opml", "", 200, "{\"added\":[],\"known\":[],\"refused\":[]");
	world_close(&w);
}

static void test_round_trip(void **state)
{
	static const char list[] = "https://a.example/ A - 0\n"
				   "https://b.example/ B Two 7200\n"
				   "https://c.example/ C One 0\n"
				   "https://d.example/ - Two 0\n";
	static const char body[] =
		"\t<outline text=\"Two\" title=\"Two\">\n"
		"\t\t<outline type=\"rss\" text=\"B\" title=\"B\" xmlUrl=\"https://b.example/\" "
		"tidings:interval_s=\"7200\"/>\n"
		"\t\t<outline type=\"rss\" text=\"https://d.example/\" "
		"title=\"https://d.example/\" "
		"xmlUrl=\"https://d.example/\"/>\n"
		"\t</outline>\n"
		"\t<outline text=\"One\" title=\"One\">\n"
		"\t\t<outline type=\"rss\" text=\"C\" title=\"C\" xmlUrl=\"https://c.example/\"/>\n"
		"\t</outline>\n"
		"\t<outline type=\"rss\" text=\"A\" title=\"A\" xmlUrl=\"https://a.example/\"/>\n";
	struct world w;

	(void)state;
	world_open(&w);
	expect(&w, "POST", "/api/v1/opml", list, 200,
		"{\"added\":[1,2,3,4],\"known\":[],\"refused\":[],\"seq\":6}");
	assert_int_equal(w.feeds_changed, 4);
	assert_export(&w, "/api/v1/opml", body);
	expect(&w, "POST", "/api/v1/opml", list, 200, "{\"added\":[],\"known\":[1,2,3,4],");
	assert_int_equal(w.feeds_changed, 4);
	assert_export(&w, "/api/v1/opml", body);
	world_close(&w);
}

/* For a reader that shall poll Tidings, at the address that it came by. */
static void test_as_atom(void **state)
{
	static const char *const hosts[][2] = {{"127.0.0.1:8899", "127.0.0.1:8899"},
		{"[::1]:80", "[::1]:80"}, {"x\"y", "localhost"}, {"", "localhost"}};
	char text[300];
	struct client c;
	struct answer a;
	struct world w;

	(void)state;
	world_open(&w);
	expect(&w, "POST", "/api/v1/opml", "https://a.example/ A One 0\n", 200, NULL);
	client_connect(&w, &c);
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		snprintf(text, sizeof(text), "GET /opml?as=atom&more HTTP/1.1\r\nHost: %s\r\n\r\n",
			hosts[i][0]);
		client_send(&c, text);
		take_answer(&c, false, &a);
		assert_int_equal(a.status, 200);
		snprintf(text, sizeof(text), "title=\"A\" xmlUrl=\"http://%s/atom/feed/1\"/>",
			hosts[i][1]);
		assert_non_null(strstr(a.body, text));
		free_answer(&a);
	}
	client_close(&c);
	expect(&w, "GET", "/opml", NULL, 200, "xmlUrl=\"https://a.example/\"");
	world_close(&w);
}

/* What would end an attribute, or the document, and what XML cannot hold. */
static void test_escapes(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	expect(&w, "POST", "/api/v1/feeds",
		"{\"url\":\"https://a.example/?a=1&b='2'\",\"folder\":\"\\\"/><x y=\\\"\","
		"\"name\":\"<b> & \\uffff\\ufffe\\ufffd \\u00e9\"}",
		201, NULL);
	assert_export(&w, "/api/v1/opml",
		"\t<outline text=\"&quot;/&gt;&lt;x y=&quot;\" "
		"title=\"&quot;/&gt;&lt;x y=&quot;\">\n"
		"\t\t<outline type=\"rss\" text=\"&lt;b&gt; &amp; \xEF\xBF\xBD \xC3\xA9\" "
		"title=\"&lt;b&gt; &amp; \xEF\xBF\xBD \xC3\xA9\" "
		"xmlUrl=\"https://a.example/?a=1&amp;b='2'\"/>\n\t</outline>\n");
	world_close(&w);
}

#define FEED(url)                                                                                  \
	"\t<outline type=\"rss\" text=\"" url "\" title=\"" url "\" xmlUrl=\"" url "\"/>\n"

static void test_credentials(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	expect(&w, "POST", "/api/v1/opml",
		"https://ann:s%40cret@a.example/x@y - - 0\nhttps://b.example/@c?d@e - - 0\n", 200,
		"\"added\":[1,2]");
	assert_export(
		&w, "/api/v1/opml", FEED("https://a.example/x@y") FEED("https://b.example/@c?d@e"));
	assert_export(&w, "/api/v1/opml?credentials=false",
		FEED("https://a.example/x@y") FEED("https://b.example/@c?d@e"));
	assert_export(&w, "/api/v1/opml?credentials=true",
		FEED("https://ann:s%40cret@a.example/x@y") FEED("https://b.example/@c?d@e"));
	world_close(&w);
}

static void test_refused(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	expect(&w, "POST", "/api/v1/opml",
		"file:///etc/passwd a - 0\nhttps://a.example/ - - 0\nexec:x b - 0\n"
		"HTTPS://A.example:443 again - 0\n",
		200,
		"{\"added\":[1],\"known\":[1],\"refused\":[{\"url\":\"file:///etc/passwd\","
		"\"detail\":\"not an http or https URL\"},{\"url\":\"exec:x\",");
	assert_int_equal(w.feeds_changed, 1);
	expect(&w, "POST", "/api/v1/opml", "nonsense", 400,
		"\"code\":\"invalid-list\"|line 1: nonsense");
	expect(&w, "PATCH", "/api/v1/opml", "", 405, "Allow: OPTIONS, GET, HEAD, POST");
	expect(&w, "GET", "/api/v1/opml?credentials=1", NULL, 400, "\"parameter\":\"credentials\"");
	world_close(&w);
}

/* Many feeds take several jobs; long names are cut; a list may be larger than other bodies. */
static void test_large(void **state)
{
	enum { FEEDS = 1234, LINE = 4096 };
	char *list = malloc((size_t)FEEDS * LINE + 1), *at = list;
	char long_name[2001];
	struct world w;
	struct answer a;

	(void)state;
	assert_non_null(list);
	memset(long_name, 'n', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	for (int i = 0; i < FEEDS; i++)
		at += snprintf(at, LINE, "https://a.example/%d?%01500d %s f%d 0\n", i, 0, long_name,
			i % 7);
	world_open(&w);
	assert_true(strlen(list) > API_BODY_MAX);
	ask(&w, "POST", "/api/v1/opml", list, &a);
	assert_int_equal(a.status, 200);
	assert_non_null(strstr(a.body, ",1234],\"known\":[],\"refused\":[],"));
	assert_int_equal(w.feeds_changed, FEEDS);
	free_answer(&a);
	long_name[API_NAME_MAX] = '\0';
	snprintf(list, LINE, "\"name\":\"%s\"", long_name);
	expect(&w, "GET", "/api/v1/feeds/1234", NULL, 200, list);
	free(list);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_as_atom),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_credentials),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
