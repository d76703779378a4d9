/* The face of Miniflux: marks, stories in place of items, changes of feeds and categories, and who
 * may not. */
#include "unit/api/miniflux.h"

/* -- marks -- */

static void test_marks(void **state)
{
	static const struct row rows[] = {
		{"PUT", "/v1/entries", "{\"entry_ids\":[1,2,99],\"status\":\"read\"}", 204, NULL,
			NULL},
		{"GET", IDS "status=read", NULL, 200, "[2,1]", NULL},
		{"PUT", "/v1/entries", "{\"entry_ids\":[2],\"status\":\"unread\",\"starred\":true}",
			204, NULL, NULL},
		{"GET", IDS "status=read", NULL, 200, "[1]", NULL},
		{"GET", IDS "starred=1", NULL, 200, "[2]", NULL},
		{"PUT", "/v1/entries", "{\"entry_ids\":[2],\"starred\":false}", 204, NULL, NULL},
		{"GET", IDS "starred=1", NULL, 200, "[]", NULL},
		{"PUT", "/v1/entries", "{\"entry_ids\":[],\"status\":\"read\"}", 400, "entry_ids",
			NULL},
		{"PUT", "/v1/entries", "{\"entry_ids\":[0],\"status\":\"read\"}", 400, NULL, NULL},
		{"PUT", "/v1/entries", "{\"entry_ids\":7,\"status\":\"read\"}", 400, NULL, NULL},
		{"PUT", "/v1/entries", "{\"entry_ids\":[1],\"status\":\"gone\"}", 400, "status",
			NULL},
		{"PUT", "/v1/entries", "{\"entry_ids\":[1],\"status\":1}", 400, "status", NULL},
		{"PUT", "/v1/entries", "{\"entry_ids\":[1]}", 400, "status", NULL},
		{"PUT", "/v1/entries", "[1]", 400, "must be a JSON object", NULL},
		{"PUT", "/v1/entries", "{", 400, "not JSON", NULL},
		{"PUT", "/v1/entries", "", 400, NULL, NULL},
		{"PUT", "/v1/entries/3/bookmark", "", 204, NULL, NULL},
		{"PUT", "/v1/entries/4/star", "{}", 204, NULL, NULL},
		{"GET", IDS "starred=1", NULL, 200, "[4,3]", NULL},
		{"PUT", "/v1/entries/3/bookmark", "", 204, NULL, NULL},
		{"GET", IDS "starred=1", NULL, 200, "[4]", NULL},
		{"PUT", "/v1/entries/99/bookmark", "", 404, "no entry 99", NULL},
		{"PUT", "/v1/feeds/2/mark-all-as-read", "", 204, NULL, NULL},
		{"GET", IDS "status=unread", NULL, 200, "[11,5,4,3,2]", NULL},
		{"PUT", "/v1/feeds/9/mark-all-as-read", "", 404, NULL, NULL},
		{"PUT", "/v1/categories/" UNFILED "/mark-all-as-read", "", 204, NULL, NULL},
		{"GET", IDS "status=unread", NULL, 200, "[5,4,3,2]", NULL},
		{"PUT", "/v1/categories/9/mark-all-as-read", "", 404, NULL, NULL},
		{"PUT", "/v1/categories/1/mark-all-as-read", "", 204, NULL, NULL},
		{"GET", IDS "status=unread", NULL, 200, "[]", NULL},
		{"PUT", "/v1/entries", "{\"entry_ids\":[1,6,11],\"status\":\"unread\"}", 204, NULL,
			NULL},
		{"PUT", "/v1/users/2/mark-all-as-read", "", 404, NULL, NULL},
		{"GET", IDS "status=unread", NULL, 200, "[11,6,1]", NULL},
		{"PUT", "/v1/users/1/mark-all-as-read", "", 204, NULL, NULL},
		{"GET", IDS "status=unread", NULL, 200, "[]", NULL},
	};
	struct world w;

	(void)state;
	fill(&w);
	assert_int_equal(world_add_feed(&w, "https://c.example/"), 3);
	world_add_items(&w, 3, 20, 1);
	change(&w, "UPDATE feed SET folder = NULL WHERE id = 2 + ?");
	CHECK_ROWS(&w, "", rows);
	world_close(&w);
}

/* As many as may be, and one more. */
static void test_many(void **state)
{
	static const struct row all = {
		"GET", IDS "status=read&limit=1", NULL, 200, "{\"total\":3000,", NULL};
	struct row put = {"PUT", "/v1/entries", NULL, 204, NULL, NULL};
	struct world w;
	struct buf body;

	(void)state;
	world_open(&w);
	assert_int_equal(world_add_feed(&w, "https://a.example/feed"), 1);
	world_add_items(&w, 1, 1, 3000);
	buf_init(&body, 1 << 20);
	for (int ids = API_IDS_MAX; ids <= API_IDS_MAX + 1; ids++) {
		buf_reset(&body);
		buf_puts(&body, "{\"status\":\"read\",\"entry_ids\":[");
		for (int n = 1; n <= ids; n++)
			buf_printf(&body, "%s%d", n > 1 ? "," : "", n);
		buf_puts(&body, "]}");
		put.body = buf_string(&body);
		put.status = ids > API_IDS_MAX ? 400 : 204;
		check_row(&w, "", &put);
	}
	check_row(&w, "", &all);
	buf_finish(&body);
	world_close(&w);
}

/* -- stories in place of items -- */

/* 1, 2, 6 and 7 are one: lists, their totals and the counters agree, and it is read as a whole. */
static void test_stories(void **state)
{
	static const struct row rows[] = {
		{"GET", "/v1/entries", NULL, 200,
			TOTAL("7") "{\"id\":1,|<p>Also told by</p><ul><li>https://b.example/feed: "
				   "guid-6",
			"{\"id\":2,\"user_id\":1,\"feed_id|{\"id\":6,\"user_id\":1,\"feed_id|{"
			"\"id\":7,\"user_id\":1,\"feed_id"},
		{"GET", "/v1/feeds/1/entries", NULL, 200, TOTAL("4") "{\"id\":1,", NULL},
		{"GET", "/v1/feeds/2/entries", NULL, 200, TOTAL("3") "{\"id\":8,", NULL},
		{"GET", "/v1/categories/1/entries", NULL, 200, TOTAL("7"), NULL},
		{"GET", "/v1/feeds/counters", NULL, 200,
			"{\"reads\":{\"1\":0,\"2\":0},\"unreads\":{\"1\":4,\"2\":3}}", NULL},
		{"GET", "/v1/categories?counts=true", NULL, 200, "\"total_unread\":7}", NULL},
		{"GET", IDS, NULL, 200, "{\"total\":7,\"entry_ids\":[10,9,8,5,4,3,1]}", NULL},
		{"PUT", "/v1/entries", "{\"entry_ids\":[1,10],\"status\":\"read\"}", 204, NULL,
			NULL},
		{"GET", IDS "status=unread", NULL, 200, "[9,8,5,4,3]", NULL},
		{"GET", "/api/v1/items?read=true&fields=id", NULL, 200,
			"{\"id\":1}|{\"id\":2}|{\"id\":6}|{\"id\":7}|{\"id\":10}", "{\"id\":8}"},
		{"GET", "/v1/feeds/counters", NULL, 200,
			"{\"reads\":{\"1\":1,\"2\":1},\"unreads\":{\"1\":3,\"2\":2}}", NULL},
		{"PUT", "/v1/entries", "{\"entry_ids\":[1],\"status\":\"unread\"}", 204, NULL,
			NULL},
		{"GET", "/v1/entries?status=unread", NULL, 200, TOTAL("6") "{\"id\":1,", NULL},
		{"PUT", "/v1/entries/1/bookmark", "", 204, NULL, NULL},
		{"GET", "/v1/entries?starred=1", NULL, 200, TOTAL("1") "{\"id\":1,", NULL},
		{"PUT", "/v1/entries/1/bookmark", "", 204, NULL, NULL},
		{"GET", "/v1/entries?starred=1", NULL, 200, TOTAL("0"), NULL},
		{"GET", "/api/v1/items?starred=true", NULL, 200, "\"items\":[]", NULL},
		{"PUT", "/v1/feeds/2/mark-all-as-read", "", 204, NULL, NULL},
		{"GET", IDS "status=unread", NULL, 200, "[5,4,3,1]", NULL},
		{"PUT", "/v1/feeds/1/mark-all-as-read", "", 204, NULL, NULL},
		{"GET", "/api/v1/items?read=false", NULL, 200, "\"items\":[]", NULL},
		{"GET", "/v1/entries/1", NULL, 200, "{\"id\":1,|Also told by", NULL},
		{"GET", "/v1/feeds/1/entries/1", NULL, 200, "{\"id\":1,", NULL},
		{"GET", "/v1/feeds/2/entries/1", NULL, 404, NULL, NULL},
	};
	/* what is done to one of its reports changes it */
	static const struct row changed[] = {
		{"GET", "/v1/entries?order=changed_at&direction=desc&limit=1", NULL, 200,
			"[{\"id\":1,|\"changed_at\":\"2026-11-18T11:40:00Z\"", NULL},
		{"GET", "/v1/entries?changed_after=1795001000", NULL, 200, TOTAL("1") "{\"id\":1,",
			NULL},
		{"GET", IDS "changed_before=1795001000", NULL, 200,
			"{\"total\":6,\"entry_ids\":[10,9,8,5,4,3]}", NULL},
	};
	/* another's headline is shown: its outlet is named, and where it stands is as it was */
	static const struct row lead[] = {
		{"GET", "/v1/feeds/1/entries?limit=1", NULL, 200,
			"[{\"id\":1,\"user_id\":1,\"feed_id\":1,|\"title\":\"guid-6\""
			"|\"author\":\"Ann, https://b.example/feed\"|\"feed\":{\"id\":1,",
			NULL},
	};
	struct world w;

	(void)state;
	fill(&w);
	expect(&w, "POST", "/api/v1/stories/6/merge", "{\"stories\":[1,2,7]}", 200, NULL);
	const struct credential_of shown = let_in(&w, "ann", false, true);
	CHECK_ROWS(&w, shown.field, rows);
	change(&w, "UPDATE change SET detail = json_set(detail, '$.time', 1795000000000 * ?)");
	expect(&w, "PATCH", "/api/v1/items/7", "{\"read\":false}", 200, NULL);
	change(&w, "UPDATE change SET detail = json_set(detail, '$.time', 1795002000000)"
		   " WHERE detail ->> 'time' <> 1795000000000 * ?");
	CHECK_ROWS(&w, shown.field, changed);
	change(&w, "UPDATE story SET lead = 6 WHERE first_item = ?");
	CHECK_ROWS(&w, shown.field, lead);
	world_close(&w);
}

/* Where the configuration says that reading is reading of all reports, it is for items, too. */
static void test_reports(void **state)
{
	static const struct row rows[] = {
		{"PUT", "/v1/entries", "{\"entry_ids\":[2],\"status\":\"read\"}", 204, NULL, NULL},
		{"GET", IDS "status=read", NULL, 200, "[6,2,1]", NULL},
	};
	struct world w;

	(void)state;
	fill(&w);
	expect(&w, "POST", "/api/v1/stories/6/merge", "{\"stories\":[1,2]}", 200, NULL);
	w.api->options.reports = true;
	CHECK_ROWS(&w, "", rows);
	world_close(&w);
}

/* -- changes -- */

#define ODD "{\"title\":\"\xc3\x84/b %+&<\\\"c\\\"\"}"

static void test_categories(void **state)
{
	static const struct row rows[] = {
		{"POST", "/v1/categories", ODD, 201,
			"{\"id\":2,\"title\":\"\xc3\x84/b %+&<\\\"c\\\"\",\"user_id\":1", NULL},
		{"POST", "/v1/categories", ODD, 400, "exists already", NULL},
		{"GET", "/v1/categories", NULL, 200, "\"title\":\"\xc3\x84/b %+&<\\\"c\\\"\"",
			NULL},
		{"POST", "/v1/categories", "{\"title\":\"\"}", 400, "missing", NULL},
		{"POST", "/v1/categories", "{\"title\":7}", 400, "missing", NULL},
		{"POST", "/v1/categories", "{\"title\":\"a\\nb\"}", 400, "one line", NULL},
		{"POST", "/v1/categories", "{\"title\":\"Unfiled\"}", 400, "exists already", NULL},
		{"PUT", "/v1/categories/2", "{\"title\":\"Sea\"}", 201,
			"{\"id\":2,\"title\":\"Sea\"", NULL},
		{"PUT", "/v1/categories/2", "{\"title\":\"News\"}", 400, "exists already", NULL},
		{"PUT", "/v1/categories/9", "{\"title\":\"Sky\"}", 404, "no category 9", NULL},
		{"PUT", "/v1/categories/" UNFILED, "{\"title\":\"Sky\"}", 400, "it stays", NULL},
		{"DELETE", "/v1/categories/" UNFILED, NULL, 400, "it stays", NULL},
		{"DELETE", "/v1/categories/9", NULL, 404, NULL, NULL},
		{"PUT", "/v1/feeds/2", "{\"category_id\":2}", 201,
			"{\"id\":2,|\"category\":{\"id\":2,\"title\":\"Sea\"", NULL},
		{"DELETE", "/v1/categories/2", NULL, 204, NULL, NULL},
		{"GET", "/v1/feeds/2", NULL, 200, "\"category\":{\"id\":" UNFILED ",", NULL},
	};
	struct world w;

	(void)state;
	fill(&w);
	CHECK_ROWS(&w, "", rows);
	world_close(&w);
}

static void test_edits(void **state)
{
	static const struct row rows[] = {
		{"POST", "/v1/feeds", "{\"feed_url\":\"https://c.example\",\"category_id\":1}", 201,
			"{\"feed_id\":3}", NULL},
		{"GET", "/v1/feeds/3", NULL, 200, "https://c.example/\"|\"title\":\"News\"", NULL},
		{"POST", "/v1/feeds", "{\"feed_url\":\"https://d.example/\"}", 201,
			"{\"feed_id\":4}", NULL},
		{"GET", "/v1/feeds/4", NULL, 200, UNFILED, NULL},
		{"POST", "/v1/feeds", "{\"feed_url\":\"https://d.example/\"}", 400,
			"exists already", NULL},
		{"POST", "/v1/feeds", "{\"feed_url\":\"https://e.example/\",\"category_id\":9}",
			400, "no category 9", NULL},
		{"POST", "/v1/feeds", "{\"feed_url\":\"file:///etc/passwd\"}", 400, "http", NULL},
		{"POST", "/v1/feeds", "{\"category_id\":1}", 400, "feed_url is missing", NULL},
		{"POST", "/v1/feeds", "{\"feed_url\":\"https://e.example/\",\"username\":\"u\"}",
			400, "https://name:password@host/", NULL},
		{"POST", "/v1/feeds", "{\"feed_url\":\"https://e.example/\",\"crawler\":true}", 400,
			"crawler is not supported", NULL},
		{"PUT", "/v1/feeds/4",
			"{\"title\":\"D\",\"category_id\":1,\"feed_url\":\"https://d2.example/\","
			"\"crawler\":false,\"username\":\"\",\"site_url\":\"x\"}",
			201, "\"title\":\"D\"|https://d2.example/|\"title\":\"News\"", NULL},
		{"PUT", "/v1/feeds/4", "{\"category_id\":" UNFILED "}", 201,
			"\"category\":{\"id\":" UNFILED, NULL},
		{"PUT", "/v1/feeds/4", "{}", 201, "\"title\":\"D\"", NULL},
		{"PUT", "/v1/feeds/4", "{\"feed_url\":\"https://c.example/\"}", 400, NULL, NULL},
		{"PUT", "/v1/feeds/4", "{\"disabled\":true}", 400, "disabled", NULL},
		{"PUT", "/v1/feeds/9", "{\"title\":\"D\"}", 404, NULL, NULL},
		{"DELETE", "/v1/feeds/4", NULL, 204, NULL, NULL},
		{"DELETE", "/v1/feeds/4", NULL, 404, NULL, NULL},
		{"GET", "/v1/feeds/4", NULL, 404, NULL, NULL},
		{"POST", "/v1/import", "https://f.example/ F G -", 201,
			"{\"message\":\"Feeds imported successfully\"}", NULL},
		{"GET", "/v1/export", NULL, 200, "<outline text=\"G\"|https://f.example/", NULL},
		{"POST", "/v1/import", "nonsense", 400, "nonsense", NULL},
		{"POST", "/v1/import", "file:///etc/passwd - - 0", 400, "nothing was added", NULL},
	};
	/* sent back as it was told: nothing changes, whatever the configuration says of it */
	static const struct row same = {"PUT", "/v1/feeds/1",
		"{\"title\":\"https://a.example/feed\",\"category_id\":1,"
		"\"feed_url\":\"https://a.example/feed\"}",
		201, "\"title\":\"https://a.example/feed\"", NULL};
	static const struct row declared = {
		"PUT", "/v1/feeds/1", "{\"category_id\":" UNFILED "}", 400, "configuration", NULL};
	static const struct row kept = {"PUT", "/v1/feeds/2",
		"{\"feed_url\":\"file:///feed\",\"disabled\":true,\"category_id\":1}", 201,
		"file:///feed|\"disabled\":true", NULL};
	struct world w;

	(void)state;
	fill(&w);
	CHECK_ROWS(&w, "", rows);
	assert_int_equal(w.feed_changed, 5);
	change(&w, "UPDATE feed SET owners = 0, detached_ms = ?, url = 'file:///feed' WHERE id ="
		   " 2");
	check_row(&w, "", &kept);
	int64_t seq = store_seq(w.f.store);
	change(&w, "UPDATE feed SET section = 'a', declared = 15, owners = ?, name = url,"
		   " url = 'https://u:p@a.example/feed' WHERE id = 1");
	check_row(&w, "", &same);
	assert_int_equal(store_seq(w.f.store), seq);
	check_row(&w, "", &declared);
	world_close(&w);
}

static void test_refresh(void **state)
{
	static const struct row one = {"PUT", "/v1/feeds/2/refresh", NULL, 204, NULL, NULL},
				all = {"PUT", "/v1/feeds/refresh", NULL, 204, NULL, NULL},
				some = {"PUT", "/v1/categories/1/refresh", NULL, 204, NULL, NULL},
				none = {"PUT", "/v1/categories/" UNFILED "/refresh", NULL, 204,
					NULL, NULL},
				soon = {"PUT", "/v1/feeds/2/refresh", NULL, 429,
					"a pause|Retry-After: 2", NULL},
				lost = {"PUT", "/v1/feeds/9/refresh", NULL, 404, NULL, NULL};
	struct world w;

	(void)state;
	fill(&w);
	check_row(&w, "", &one);
	assert_int_equal(w.refreshed, 2);
	check_row(&w, "", &all);
	assert_int_equal(w.refreshes, 3); /* both */
	w.refreshed = 0;
	check_row(&w, "", &none);
	assert_int_equal(w.refreshed, 0);
	check_row(&w, "", &some);
	assert_int_equal(w.refreshed, 2);
	check_row(&w, "", &lost);
	w.refresh_code = ERR_BUSY;
	check_row(&w, "", &soon);
	check_row(&w, "", &all);
	world_close(&w);
}

static void test_discover(void **state)
{
	static const char request[] =
		"POST /v1/discover HTTP/1.1\r\nHost: x\r\nContent-Length: 27\r\n"
		"\r\n{\"url\":\"https://a.example\"}";
	static const struct row bad = {"POST", "/v1/discover", "{\"url\":\"ftp://x/\"}", 400,
					"url must be", NULL},
				busy = {"POST", "/v1/discover", "{\"url\":\"https://a.example\"}",
					503, NULL, NULL};
	struct offer json = {
		.url = (char *)(uintptr_t) "https://a.example/j", .type = "application/feed+json"};
	struct offer feeds = {.url = (char *)(uintptr_t) "https://a.example/f",
		.title = (char *)(uintptr_t) "A",
		.type = "application/atom+xml",
		.next = &json};
	const struct {
		struct api_found found;
		int status;
		const char *body;
	} cases[] = {
		{{.feeds = &feeds}, 200,
			"[{\"title\":\"A\",\"url\":\"https://a.example/f\",\"type\":\"atom\"},"
			"{\"title\":\"https://a.example/j\",\"url\":\"https://a.example/"
			"j\",\"type\":"
			"\"json\"}]\n"},
		{{.feeds = NULL}, 404, "{\"error_message\":\"no feed was found there\"}\n"},
		{{.error = {ERR_TIMEOUT, "no answer"}}, 400, "{\"error_message\":\"no answer\"}\n"},
	};
	struct world w;

	(void)state;
	fill(&w);
	check_row(&w, "", &bad);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct client c;
		struct answer a;
		client_connect(&w, &c);
		client_send(&c, request);
		for (uint64_t limit = clock_ms() + LIMIT_MS; !w.discovered[0]; turn(&c))
			assert_true(clock_ms() < limit);
		w.discovered[0] = '\0';
		w.found(w.found_arg, &cases[i].found);
		take_answer(&c, false, &a);
		client_close(&c);
		assert_int_equal(a.status, cases[i].status);
		assert_string_equal(a.body, cases[i].body);
		free_answer(&a);
	}
	w.discover_code = ERR_BUSY;
	check_row(&w, "", &busy);
	world_close(&w);
}

/* -- the table -- */

/* Who may look may look at all that is asked with GET, and change nothing; wrong bodies are refused
 * everywhere. */
static void test_table(void **state)
{
	struct world w;

	(void)state;
	fill(&w);
	const struct credential_of looker = let_in(&w, "ann", true, false);
	for (size_t i = 0; i < miniflux_face.count; i++) {
		const struct route *r = &miniflux_face.routes[i];
		char target[200] = "", *end = target;
		struct row row = {
			llhttp_method_name(r->method), target, "{\"x\":", 403, NULL, NULL};

		for (const char *p = r->path; *p; p++) {
			*end++ = *p == '{' ? '1' : *p;
			p += *p == '{' ? strcspn(p, "}") : 0;
		}
		*end = '\0';
		assert_true(r->right == API_WRITE || r->method == HTTP_GET);
		assert_true(r->where != ROUTE_WRITE || r->right == API_WRITE);
		if (r->right == API_WRITE)
			check_row(&w, looker.field, &row);
		row.status = 400;
		if (r->members == BODY_ANY)
			check_row(&w, "", &row);
	}
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_stories),
		cmocka_unit_test(test_reports),
		cmocka_unit_test(test_categories),
		cmocka_unit_test(test_edits),
		cmocka_unit_test(test_refresh),
		cmocka_unit_test(test_discover),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
