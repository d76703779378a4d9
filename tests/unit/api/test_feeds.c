/* The routes of feeds: list, one, add, change, remove, refresh. */
#include "unit/api/answers.h"

static void test_feeds(void **state)
{
	struct world w;
	json_t *json;

	(void)state;
	fill(&w);
	json = ask_json(&w, "GET", "/api/v1/feeds", NULL, 200);
	assert_keys(json, "feeds next seq epoch");
	assert_int_equal(json_array_size(json_object_get(json, "feeds")), 2);
	assert_true(json_is_null(json_object_get(json, "next")));
	json_t *feed = json_array_get(json_object_get(json, "feeds"), 0);
	assert_keys(feed, FEED_KEYS);
	assert_string_equal(text_of(feed, "name"), "https://a.example/feed");
	assert_string_equal(text_of(json_object_get(feed, "folder"), "name"), "News");
	assert_string_equal(text_of(feed, "status"), "new");
	assert_int_equal(number_of(feed, "unread"), 5);
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(feed, "owners"), 0)), "socket");
	json_decref(json);
	json = ask_json(&w, "GET", "/api/v1/feeds?limit=1", NULL, 200);
	assert_string_equal(text_of(json, "next"), "1");
	json_decref(json);
	expect(&w, "GET", "/api/v1/feeds?limit=1&after=1", NULL, 200, "\"id\":2,|\"next\":null");
	expect(&w, "GET", "/api/v1/feeds?folder=1", NULL, 200, "\"id\":1,|\"id\":2,");
	expect(&w, "GET", "/api/v1/feeds?folder=9", NULL, 200, "\"feeds\":[]");
	expect(&w, "GET", "/api/v1/feeds?folder=News", NULL, 400, "\"parameter\":\"folder\"");
	expect(&w, "GET", "/api/v1/feeds/2", NULL, 200, "{\"id\":2,");
	expect(&w, "GET", "/api/v1/feeds/3", NULL, 404, "not-found|there is no feed 3");
	expect(&w, "GET", "/api/v1/feeds/2?limit=1", NULL, 400, "\"parameter\":\"limit\"");
	world_close(&w);
}

static void test_feed_edits(void **state)
{
	struct world w;

	(void)state;
	fill(&w);
	expect(&w, "POST", "/api/v1/feeds",
		"{\"url\":\"HTTPS://"
		"C.example\",\"name\":\"Sea\",\"folder\":\"Water\",\"interval_s\":600}",
		201,
		"Location: "
		"/api/v1/feeds/3\r\n|\"url\":\"https://c.example/"
		"\"|\"name\":\"Sea\"|\"interval_s\":600|\"seq\":|\"name\":\"Water\"");
	assert_int_equal(w.feed_changed, 3);
	expect(&w, "POST", "/api/v1/feeds", "{\"url\":\"https://c.example/\"}", 409,
		"feed-exists|\"existing\":3");
	expect(&w, "POST", "/api/v1/feeds", "{\"url\":\"file:///etc/passwd\"}", 400,
		"invalid-parameter|\"member\":\"url\"");
	expect(&w, "POST", "/api/v1/feeds", "{\"url\":\"https://\"}", 400, "\"member\":\"url\"");
	expect(&w, "POST", "/api/v1/feeds", "{\"url\":\"mailto:a@b.example\"}", 400,
		"\"member\":\"url\"");
	expect(&w, "POST", "/api/v1/feeds", "{\"name\":\"x\"}", 400, "url is missing");
	expect(&w, "POST", "/api/v1/feeds", "{\"url\":\"https://d.example/\",\"colour\":\"red\"}",
		400, "\"member\":\"colour\"");
	expect(&w, "POST", "/api/v1/feeds", NULL, 400, "url is missing");
	expect(&w, "POST", "/api/v1/feeds?x=1", "{}", 400, "\"parameter\":\"x\"");
	expect(&w, "POST", "/api/v1/feeds", "not json", 400, "invalid-json|\"line\":1,\"column\":");
	assert_int_equal(w.feeds_changed, 1);

	expect(&w, "PATCH", "/api/v1/feeds/3",
		"{\"name\":null,\"folder\":null,\"interval_s\":null}", 200,
		"\"name\":\"https://c.example/\"|\"folder\":null|\"interval_s\":null");
	assert_int_equal(w.feeds_changed, 2);
	expect(&w, "PATCH", "/api/v1/feeds/3", "{\"url\":\"https://a.example/feed\"}", 409,
		"feed-exists|\"existing\":1");
	expect(&w, "PATCH", "/api/v1/feeds/3", "{\"url\":null}", 400, "\"member\":\"url\"");
	expect(&w, "PATCH", "/api/v1/feeds/3", "{}", 400, "sets nothing");
	expect(&w, "PATCH", "/api/v1/feeds/3", "{\"stories\":\"strict\"}", 200,
		"\"stories\":\"strict\"");
	expect(&w, "GET", "/api/v1/feeds/3", NULL, 200,
		"\"grouping\":{\"level\":\"strict\",\"from\":\"feed\"}");
	expect(&w, "PATCH", "/api/v1/feeds/3", "{\"stories\":\"reprints\"}", 400,
		"stories must be strict, normal, wide, off or null|\"member\":\"stories\"");
	expect(&w, "PATCH", "/api/v1/feeds/3", "{\"stories\":7}", 400, "\"member\":\"stories\"");
	expect(&w, "PATCH", "/api/v1/feeds/3", "{\"stories\":null}", 200, "\"stories\":null");
	expect(&w, "PATCH", "/api/v1/folders/1", "{\"stories\":\"off\"}", 200,
		"{\"id\":1,|\"name\":\"News\",\"stories\":\"off\",\"kept\":false}");
	expect(&w, "GET", "/api/v1/folders/1", NULL, 200, "\"stories\":\"off\",");
	expect(&w, "GET", "/api/v1/feeds/1", NULL, 200,
		"\"stories\":null|\"grouping\":{\"level\":\"off\",\"from\":\"folder\"}");
	expect(&w, "GET", "/api/v1/changes?since=0&kinds=folder.update", NULL, 200,
		"\"folders\":[{\"id\":1,|\"stories\":\"off\",\"kept\":false}]");
	expect(&w, "PATCH", "/api/v1/folders/1", "{\"nam\":\"x\"}", 400, "\"member\":\"nam\"");
	expect(&w, "PATCH", "/api/v1/feeds/9", "{\"name\":\"x\"}", 404, "not-found");

	expect(&w, "DELETE", "/api/v1/feeds/3", "{}", 400, "takes no body");
	expect(&w, "DELETE", "/api/v1/feeds/3", NULL, 204, NULL);
	assert_int_equal(w.feeds_changed, 5);
	expect(&w, "DELETE", "/api/v1/feeds/3", NULL, 404, "not-found");
	assert_int_equal(w.feeds_changed, 5);
	world_close(&w);
}

static int run_declare(struct store_tx *tx, void *arg, struct err *e)
{
	const struct feed_declaration declaration = {.section = "wire",
		.url = "https://c.example/",
		.name = "Wire",
		.interval_ms = 600000};
	struct feed_sync_counts counts;

	(void)arg;
	return feeds_sync(tx, FEED_OWNER_CONFIG, &declaration, 1, NOW, &counts, e);
}

static void test_declared(void **state)
{
	struct world w;

	(void)state;
	fill(&w);
	must_write(&w.f, run_declare, NULL);
	expect(&w, "GET", "/api/v1/feeds/3", NULL, 200,
		"\"section\":\"wire\"|\"owners\":[\"config\"]");
	expect(&w, "PATCH", "/api/v1/feeds/3", "{\"name\":\"x\"}", 409,
		"declared-in-configuration|wire");
	expect(&w, "DELETE", "/api/v1/feeds/3", NULL, 409, "declared-in-configuration|wire");
	world_close(&w);
}

/* Gone from sight at once, although deleting all of it takes many jobs. What others tell, too,
 * comes back as theirs. */
static void test_delete_of_a_large_feed(void **state)
{
	struct world w;
	json_t *json;

	(void)state;
	fill(&w);
	world_add_items(&w, 1, 100, 3000);
	expect(&w, "GET", "/api/v1/items?feed=1&limit=1", NULL, 200, "\"feed\":1,");
	expect(&w, "DELETE", "/api/v1/feeds/1", NULL, 204, NULL);
	assert_true(peek(w.f.path, "SELECT count(*) FROM item WHERE feed = 1") > 1000);
	expect(&w, "GET", "/api/v1/feeds/1", NULL, 404, "not-found");
	expect(&w, "PATCH", "/api/v1/feeds/1", "{\"name\":\"x\"}", 404, "not-found");
	expect(&w, "DELETE", "/api/v1/feeds/1", NULL, 404, "not-found");
	expect(&w, "GET", "/api/v1/items/3000", NULL, 404, "not-found");
	expect(&w, "PATCH", "/api/v1/items/3000", "{\"read\":true}", 404, "not-found");
	expect(&w, "GET", "/api/v1/stories/3000", NULL, 404, "not-found");
	expect(&w, "GET", "/api/v1/items?feed=1", NULL, 200, "\"items\":[]");
	json = ask_json(&w, "GET", "/api/v1/items?limit=1000", NULL, 200);
	assert_int_equal(json_array_size(json_object_get(json, "items")), 5);
	json_decref(json);
	json = ask_json(&w, "GET", "/api/v1/stories?limit=1000", NULL, 200);
	assert_int_equal(json_array_size(json_object_get(json, "stories")), 5);
	json_decref(json);
	json = ask_json(&w, "GET", "/api/v1/feeds", NULL, 200);
	assert_int_equal(json_array_size(json_object_get(json, "feeds")), 1);
	json_decref(json);
	expect(&w, "POST", "/api/v1/feeds", "{\"url\":\"https://a.example/feed\"}", 201, NULL);
	world_close(&w);
}

/* Nothing that an answer may say tells the secret of an address. */
static void assert_no_secret(struct world *w, const char *method, const char *target,
	const char *body, int status, const char *wanted)
{
	struct answer a;

	ask(w, method, target, body, &a);
	assert_int_equal(a.status, status);
	assert_non_null(strstr(a.body, wanted));
	if (strstr(a.body, "cret") || strstr(a.body, "ann"))
		fail_msg("%s %s tells: %s", method, target, a.body);
	free_answer(&a);
}

static void test_c44_addresses_without_credentials(void **state)
{
	static const char url[] = "{\"url\":\"https://ann:s%40cret@a.example/x@y\"}";
	static const char *const targets[] = {"/api/v1/feeds", "/api/v1/feeds/1",
		"/api/v1/changes?since=0", "/api/v1/items", "/api/v1/items/1", "/api/v1/stories",
		"/api/v1/stories/1"};
	struct world w;
	struct client c;

	(void)state;
	world_open(&w);
	assert_no_secret(&w, "POST", "/api/v1/feeds", url, 201,
		"\"url\":\"https://a.example/x@y\",\"credentials\":true,"
		"\"name\":\"https://a.example/x@y\"");
	world_add_items(&w, 1, 1, 2);
	poke(w.f.path, "UPDATE feed SET moved_url = 'https://ann:s%40cret@a.example/new'");
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		assert_no_secret(&w, "GET", targets[i], NULL, 200, "https://a.example/x@y");
	assert_no_secret(
		&w, "GET", "/api/v1/feeds/1", NULL, 200, "\"moved_url\":\"https://a.example/new\"");
	client_connect(&w, &c);
	client_send(&c, "GET /api/v1/events?since=0&kinds=feed,story HTTP/1.1\r\n\r\n");
	client_wait(&c, "https://a.example/x@y");
	assert_null(strstr(client_wait(&c, "\"story\",\"op\":\"new\""), "cret"));
	client_close(&c);
	world_add_feed(&w, "https://b.example/");
	assert_no_secret(&w, "POST", "/api/v1/feeds", url, 409, "\"existing\":1");
	assert_no_secret(&w, "PATCH", "/api/v1/feeds/2", url, 409, "\"existing\":1");
	assert_no_secret(&w, "POST", "/api/v1/opml", "exec://ann:secret@x - - 0", 200, "exec://x");
	world_close(&w);
}

/* A client gives back what it was shown, and nothing is lost by that. */
static void test_c44_credentials_kept(void **state)
{
	static const struct {
		const char *url, *stored;
	} cases[] = {
		{"https://a.example/x@y", "https://ann:pw@a.example/x@y"},
		{"https://A.example:443/other", "https://ann:pw@a.example/other"},
		{"https://a.example?ann:x@y", "https://ann:pw@a.example/?ann:x@y"},
		{"https://bob@a.example/", "https://bob@a.example/"},
		{"http://a.example/x@y", "http://a.example/x@y"}, /* other origins */
		{"https://a.example:444/x@y", "https://a.example:444/x@y"},
		{"https://a.example.org/", "https://a.example.org/"},
		{"https://@a.example/x@y", "https://a.example/x@y"}, /* takes them away */
	};
	char body[200], wanted[200];
	struct world w;

	(void)state;
	world_open(&w);
	world_add_feed(&w, "https://ann:pw@a.example/taken");
	world_add_feed(&w, "https://old.example/");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		expect(&w, "PATCH", "/api/v1/feeds/2", "{\"url\":\"https://ann:pw@a.example/x@y\"}",
			200, "\"credentials\":true");
		snprintf(body, sizeof(body), "{\"url\":\"%s\"}", cases[i].url);
		expect(&w, "PATCH", "/api/v1/feeds/2", body, 200,
			strchr(cases[i].stored + 8, '@') && strstr(cases[i].stored, "@a.")
				? "\"credentials\":true"
				: "\"credentials\":false");
		snprintf(wanted, sizeof(wanted), "xmlUrl=\"%s\"", cases[i].stored);
		expect(&w, "GET", "/api/v1/opml?credentials=true", NULL, 200, wanted);
	}
	expect(&w, "PATCH", "/api/v1/feeds/2", "{\"url\":\"https://ann:pw@a.example/x@y\"}", 200,
		NULL);
	expect(&w, "PATCH", "/api/v1/feeds/2", "{\"url\":\"https://a.example/taken\"}", 409,
		"\"existing\":1");
	world_close(&w);
}

static void test_refresh(void **state)
{
	struct world w;

	(void)state;
	fill(&w);
	expect(&w, "POST", "/api/v1/feeds/2/refresh", NULL, 202, "{\"feed\":2,\"seq\":");
	assert_int_equal(w.refreshed, 2);
	w.refresh_code = ERR_BUSY;
	expect(&w, "POST", "/api/v1/feeds/2/refresh", NULL, 429,
		"too-soon|Retry-After: 2\r\n|the host asked for a pause");
	w.refresh_code = ERR_NOT_FOUND;
	expect(&w, "POST", "/api/v1/feeds/9/refresh", NULL, 404, "not-found");
	expect(&w, "GET", "/api/v1/feeds/2/refresh", NULL, 405, "Allow: OPTIONS, POST\r\n");
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_feeds),
		cmocka_unit_test(test_feed_edits),
		cmocka_unit_test(test_declared),
		cmocka_unit_test(test_delete_of_a_large_feed),
		cmocka_unit_test(test_c44_addresses_without_credentials),
		cmocka_unit_test(test_c44_credentials_kept),
		cmocka_unit_test(test_refresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
