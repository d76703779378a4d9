/* The face of Miniflux: who asks, which feeds, categories and entries there are, and what is told
 * of them. */
#include "store/icons.h"
#include "unit/api/miniflux.h"

/* -- who, and what there is -- */

static void test_about(void **state)
{
	static const struct row rows[] = {
		{"GET", "/healthcheck", NULL, 200, "\r\n\r\n|OK|text/plain", NULL},
		{"GET", "/miniflux/readyz?x=1", NULL, 200, "OK", NULL},
		{"HEAD", "/liveness", NULL, 200, "Content-Length: 2\r\n", NULL},
		{"GET", "/version", NULL, 200, "2.", NULL},
		{"GET", "/v1/version", NULL, 200, "\"version\":\"2.|\"go_version\":\"none\"", NULL},
		{"GET", "//v1//me/", NULL, 200,
			"\"id\":1,\"username\":\"tidings\",\"is_admin\":true", NULL},
		{"GET", "/v1/users", NULL, 200, "[{\"id\":1,", NULL},
		{"GET", "/v1/users/1", NULL, 200, "{\"id\":1,", NULL},
		{"GET", "/v1/users/tidings", NULL, 200, "{\"id\":1,", NULL},
		{"GET", "/v1/users/ann", NULL, 404, "no such user", NULL},
		{"GET", "/v1/integrations/status", NULL, 200, "{\"has_integrations\":false}", NULL},
		{"GET", "/v1/api-keys", NULL, 403, "tidings access add", NULL},
		{"POST", "/v1/api-keys", "{\"description\":\"x\"}", 403, NULL, NULL},
		{"PUT", "/v1/flush-history", NULL, 202, NULL, NULL},
		{"POST", "/v1/entries/1/save", NULL, 400, "no integration", NULL},
		{"PUT", "/v1/entries/1", "{\"title\":\"x\"}", 403, NULL, NULL},
		{"GET", "/v1/feeds/x", NULL, 404, "no such resource", NULL},
		{"GET", "/miniflux/v1/nix", NULL, 404, NULL, NULL},
		{"PATCH", "/v1/me", NULL, 405, "Allow: OPTIONS, GET, HEAD\r\n", NULL},
	};
	static const struct row named[] = {
		{"GET", "/v1/me", NULL, 200,
			"\"username\":\"ann\",\"is_admin\":false|\"last_login_at\":\"2", NULL},
		{"GET", "/v1/users/ann", NULL, 200, NULL, NULL},
		{"GET", "/v1/users/tidings", NULL, 404, NULL, NULL},
	};
	static const struct row wrong[] = {
		{"GET", "/v1/me", NULL, 401, "WWW-Authenticate: Basic realm=", NULL},
		{"PUT", "/v1/entries", "{}", 401, NULL, NULL},
	};
	struct world w;

	(void)state;
	fill(&w);
	CHECK_ROWS(&w, "", rows);
	const struct credential_of ann = let_in(&w, "ann", true, false);
	CHECK_ROWS(&w, ann.field, named);
	CHECK_ROWS(&w, "X-Auth-Token: x\r\n", wrong);
	world_close(&w);
}

static int run_put_icon(struct store_tx *tx, void *arg, struct err *e)
{
	static const char png[] = "\x89PNG\r\n\x1a\n??";
	struct buf image;
	bool ask;

	(void)arg;
	buf_init(&image, 100);
	buf_append(&image, png, sizeof(png) - 1);
	int code = icons_claim(tx, 1, "https://a.example/icon", NOW, &ask, e);
	if (code == 0)
		code = icons_put(tx, "https://a.example/icon", &image, NOW, e);
	buf_finish(&image);
	return code;
}

static void test_feeds(void **state)
{
	static const struct row rows[] = {
		{"GET", "/v1/feeds", NULL, 200,
			"[{\"id\":1,\"user_id\":1,\"feed_url\":\"https://a.example/feed\"|\"id\":2,"
			"|\"checked_at\":\"0001-01-01T00:00:00Z\"|\"password\":\"\"|\"disabled\":"
			"false"
			"|\"category\":{\"id\":1,\"title\":\"News\",\"user_id\":1,\"hide_"
			"globally\":"
			"false},\"icon\":{\"feed_id\":1,\"icon_id\":1,\"external_icon_id\":\"1\"}}"
			"|\"category\":{\"id\":" UNFILED ",\"title\":\"Unfiled\"|\"icon\":null",
			"secret"},
		{"GET", "/v1/feeds/3", NULL, 200, "{\"id\":3,|\"feed_url\":\"https://c.example/\"",
			"secret"},
		{"GET", "/v1/feeds/9", NULL, 404, "there is no feed 9", NULL},
		{"GET", "/v1/feeds/1/icon", NULL, 200,
			"{\"id\":1,\"mime_type\":\"image/png\",\"data\":\"image/"
			"png;base64,iVBORw0KGgo/Pw==\"}",
			NULL},
		{"GET", "/v1/icons/1", NULL, 200, "\"mime_type\":\"image/png\"", NULL},
		{"GET", "/v1/icons/2", NULL, 404, NULL, NULL},
		{"GET", "/v1/feeds/counters", NULL, 200,
			"{\"reads\":{\"1\":1,\"2\":0,\"3\":0},\"unreads\":{\"1\":4,\"2\":5,\"3\":1}"
			"}",
			NULL},
		{"GET", "/v1/categories", NULL, 200,
			"[{\"id\":1,\"title\":\"News\",\"user_id\":1,\"hide_globally\":false},{"
			"\"id\":" UNFILED ",",
			"feed_count"},
		{"GET", "/v1/categories?counts=true", NULL, 200,
			"\"feed_count\":2,\"total_unread\":9}|\"feed_count\":1,\"total_unread\":1}",
			NULL},
		{"GET", "/v1/categories/1/feeds", NULL, 200, "\"id\":1,|\"id\":2,", "\"id\":3,"},
		{"GET", "/v1/categories/" UNFILED "/feeds", NULL, 200, "[{\"id\":3,", "\"id\":2,"},
		{"GET", "/v1/categories/7/feeds", NULL, 404, NULL, NULL},
		{"GET", "/v1/export", NULL, 200, "text/xml|<opml version=\"2.0\"", "secret"},
	};
	struct world w;

	(void)state;
	fill(&w);
	assert_int_equal(world_add_feed(&w, "https://u:secret@c.example/"), 3);
	world_add_items(&w, 3, 20, 1);
	change(&w, "UPDATE feed SET folder = NULL WHERE id = 2 + ?");
	change(&w, "UPDATE feed SET icon = 'https://a.example/icon' WHERE id = ?");
	must_write(&w.f, run_put_icon, NULL);
	expect(&w, "PATCH", "/api/v1/items/1", "{\"read\":true}", 200, NULL);
	CHECK_ROWS(&w, "", rows);
	world_close(&w);
}

/* -- entries -- */

static const struct row list_rows[] = {
	{"GET", "/v1/entries", NULL, 200, TOTAL("11") "{\"id\":1,", NULL},
	{"GET", "/v1/entries?direction=desc&limit=2&whatever", NULL, 200,
		TOTAL("11") "{\"id\":11,|{\"id\":10,", "{\"id\":9,\"user_id\":1,\"feed_id"},
	{"GET", "/v1/entries?order=id&direction=desc&limit=2&offset=3", NULL, 200,
		TOTAL("11") "{\"id\":8,|{\"id\":7,",
		"{\"id\":9,\"user_id\":1,\"feed_id|{\"id\":6,\"user_id\":1,\"feed_id"},
	{"GET", "/v1/entries?offset=11", NULL, 200, TOTAL("11") "]}", NULL},
	{"GET", "/v1/entries?order=changed_at&direction=desc&limit=1", NULL, 200, "[{\"id\":4,",
		NULL},
	{"GET", "/v1/entries?order=created_at&limit=1", NULL, 200, "[{\"id\":1,", NULL},
	{"GET", "/v1/entries?order=title", NULL, 400, "order must be id", NULL},
	{"GET", "/v1/entries?direction=up", NULL, 400, "direction must be", NULL},
	{"GET", "/v1/entries?status=read", NULL, 200, TOTAL("1") "{\"id\":3,", NULL},
	{"GET", "/v1/entries?status=unread&limit=0", NULL, 200, TOTAL("10"),
		"{\"id\":3,\"user_id\":1,\"feed_id"},
	{"GET", "/v1/entries?status=unread&status=read", NULL, 200, TOTAL("11"), NULL},
	{"GET", "/v1/entries?status=removed", NULL, 400, "status must be", NULL},
	{"GET", "/v1/entries?starred=true", NULL, 200, TOTAL("1") "{\"id\":4,", NULL},
	{"GET", "/v1/entries?starred=1", NULL, 200, TOTAL("1"), NULL},
	{"GET", "/v1/entries?starred=0", NULL, 200, TOTAL("10"), NULL},
	{"GET", "/v1/entries?starred=maybe", NULL, 400, "starred must be", NULL},
	{"GET", "/v1/entries?limit=-1", NULL, 400, "limit must be", NULL},
	{"GET", "/v1/entries?limit=many&offset=", NULL, 200, TOTAL("11"), NULL},
	{"GET", "/v1/entries?feed_id=2", NULL, 200, TOTAL("5") "{\"id\":6,", NULL},
	{"GET", "/v1/entries?category_id=1", NULL, 200, TOTAL("10"),
		"{\"id\":11,\"user_id\":1,\"feed_id"},
	{"GET", "/v1/entries?category_id=" UNFILED, NULL, 200, TOTAL("1") "{\"id\":11,", NULL},
	{"GET", "/v1/entries?feed_id=99", NULL, 404, NULL, NULL},
	{"GET", "/v1/entries?order=id&after_entry_id=4&before_entry_id=7", NULL, 200,
		TOTAL("2") "{\"id\":5,|{\"id\":6,", NULL},
	{"GET", "/v1/entries?search=x", NULL, 400, "search", NULL},
	{"GET", "/v1/entries?tags=x", NULL, 400, "tags", NULL},
	{"GET", "/v1/entries?search=&tags=&globally_visible=true", NULL, 200, TOTAL("11"), NULL},
	{"GET", "/v1/entries?limit=%ff", NULL, 400, "not UTF-8", NULL},
	{"GET", "/v1/feeds/2/entries?feed_id=1", NULL, 200, TOTAL("5") "{\"id\":6,", NULL},
	{"GET", "/v1/feeds/9/entries", NULL, 404, NULL, NULL},
	{"GET", "/v1/categories/1/entries?status=read", NULL, 200, TOTAL("1"), NULL},
	{"GET", "/v1/categories/" UNFILED "/entries", NULL, 200, TOTAL("1"), NULL},
	{"GET", "/v1/categories/5/entries", NULL, 404, NULL, NULL},
	{"GET", IDS, NULL, 200, "{\"total\":11,\"entry_ids\":[11,10,9,8,7,6,5,4,3,2,1]}", NULL},
	{"GET", IDS "status=unread&limit=2&offset=7&order=published_at&direction=asc", NULL, 200,
		"{\"total\":10,\"entry_ids\":[4,2]}", NULL},
	{"GET", IDS "starred=false&limit=3", NULL, 200, "{\"total\":10,\"entry_ids\":[11,10,9]}",
		NULL},
	{"GET", IDS "status=x", NULL, 400, NULL, NULL},
	{"GET", "/v1/entries/4", NULL, 200, "{\"id\":4,|\"starred\":true|\"feed\":{\"id\":1,",
		NULL},
	{"GET", "/v1/entries/44", NULL, 404, "no such entry", NULL},
	{"GET", "/v1/feeds/1/entries/4", NULL, 200, "{\"id\":4,", NULL},
	{"GET", "/v1/feeds/2/entries/4", NULL, 404, NULL, NULL},
	{"GET", "/v1/feeds/x/entries/4", NULL, 404, NULL, NULL},
	{"GET", "/v1/categories/1/entries/4", NULL, 200, NULL, NULL},
	{"GET", "/v1/categories/" UNFILED "/entries/4", NULL, 404, NULL, NULL},
	{"GET", "/v1/categories/" UNFILED "/entries/11", NULL, 200, NULL, NULL},
	{"GET", "/v1/entries/4/fetch-content?update_content=true", NULL, 200,
		"{\"content\":\"<p>body &amp; soul</p>\",\"reading_time\":1}", NULL},
};

static void test_lists(void **state)
{
	struct world w;

	(void)state;
	fill(&w);
	assert_int_equal(world_add_feed(&w, "https://c.example/"), 3);
	world_add_items(&w, 3, 20, 1);
	change(&w, "UPDATE feed SET folder = NULL WHERE id = 2 + ?");
	expect(&w, "PATCH", "/api/v1/items/3", "{\"read\":true}", 200, NULL);
	expect(&w, "PATCH", "/api/v1/items/4", "{\"starred\":true}", 200, NULL);
	CHECK_ROWS(&w, "", list_rows);
	world_close(&w);
}

/* Items came at NOW and a second later each, one after they were published. */
static void test_times(void **state)
{
	static const struct {
		const char *query;
		int64_t seconds;
		const char *total;
	} cases[] = {
		{"after", 4, TOTAL("5")}, /* 6 to 10 were published later */
		{"published_after", 4, TOTAL("5")},
		{"before", 4, TOTAL("4")},
		{"published_before", 4, TOTAL("4")},
		{"changed_after", 4, TOTAL("7")}, /* 4 to 10 came then, or later */
		{"changed_before", 4, TOTAL("3")},
		{"changed_after", 1000, TOTAL("0")},
		{"changed_before", -1000, TOTAL("0")},
	};
	char target[100];
	struct world w;

	(void)state;
	fill(&w);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct row row = {"GET", target, NULL, 200, cases[i].total, NULL};
		snprintf(target, sizeof(target), "/v1/entries?%s=%lld", cases[i].query,
			(long long)(NOW / 1000 + cases[i].seconds));
		check_row(&w, "", &row);
	}
	world_close(&w);
}

/* Whatever a feed leaves out, clients get the types that they read without looking. */
static void test_objects(void **state)
{
	static const struct row rows[] = {
		{"GET", "/v1/entries/1", NULL, 200,
			"\"status\":\"unread\"|\"title\":\"<b> & "
			"\\\"c\\\"\"|\"url\":\"https://x.example/?a&b\""
			"|\"comments_url\":\"https://x.example/c\"|\"language\":\"de\""
			"|\"published_at\":\"2|\"changed_at\":\"2|\"content\":\"<p>body &amp; "
			"soul</p>\""
			"|\"author\":\"Ann\"|\"share_code\":\"\"|\"starred\":false"
			"|\"enclosures\":[{\"id\":16,\"user_id\":1,\"entry_id\":1,"
			"\"url\":\"https://x.example/a.mp3\",\"mime_type\":\"audio/"
			"mpeg\",\"size\":7,"
			"\"media_progression\":0},{\"id\":18,|\"mime_type\":\"\",\"size\":0,"
			"|\"tags\":[\"x&y\"]|\"feed\":{\"id\":1,|\"hash\":\"",
			"u:p|\"id\":17,"},
		{"GET", "/v1/entries/2", NULL, 200,
			"\"title\":\"(no "
			"title)\",\"url\":\"\",\"comments_url\":\"\",\"language\":\"\""
			"|\"content\":\"\",\"reading_time\":0,\"author\":\"\"|\"enclosures\":[],"
			"\"tags\":[]",
			"null,\"t"},
		{"GET", "/v1/enclosures/18", NULL, 200, "{\"id\":18,|\"entry_id\":1,|x.example/b",
			NULL},
		{"GET", "/v1/enclosures/17", NULL, 404, NULL, NULL}, /* without an address */
		{"GET", "/v1/enclosures/20", NULL, 404, NULL, NULL},
		{"GET", "/v1/enclosures/1600", NULL, 404, NULL, NULL},
		{"PUT", "/v1/enclosures/16", "{\"media_progression\":3}", 400, NULL, NULL},
	};
	struct world w;

	(void)state;
	fill(&w);
	change(&w, "UPDATE item SET title = '<b> & \"c\"', link = 'https://u:p@x.example/?a&b',"
		   " comments = 'https://u:p@x.example/c', language = 'de',"
		   " enclosures = '[{\"url\":\"https://x.example/a.mp3\",\"type\":\"audio/mpeg\","
		   "\"length\":7},{\"type\":\"x\"},{\"url\":\"https://x.example/b\"}]',"
		   " categories = '[\"x&y\"]' WHERE id = ?");
	change(&w, "UPDATE item SET title = NULL, link = NULL, guid = NULL, author = NULL,"
		   " published_ms = NULL, excerpt = NULL WHERE id = ? + 1");
	change(&w, "DELETE FROM item_text WHERE id = ? + 1");
	CHECK_ROWS(&w, "", rows);
	world_close(&w);
}

/* A page of 1000 has 1000, though their texts do not fit into an answer. */
static void test_large(void **state)
{
	static const struct row row = {"GET", "/v1/entries?limit=1000&order=id", NULL, 200,
		TOTAL("50") "{\"id\":1,|{\"id\":50,|\"content\":\"\",|\"content\":\"aaaa", NULL};
	static const struct row nonsense = {
		"GET",
		"/v1/entries?limit=1000&order=id",
		NULL,
		200,
		TOTAL("50") "{\"id\":1,|{\"id\":9,|}]}\n|bbbb\",\"description\":\"cccc",
		"{\"id\":50,|secret",
	};
	struct world w;

	(void)state;
	world_open(&w);
	assert_int_equal(world_add_feed(&w, "https://a.example/feed"), 1);
	world_add_items(&w, 1, 1, 50);
	change(&w, "UPDATE item_text SET content = replace(hex(zeroblob(?1 * 450000)), '0', 'a')");
	check_row(&w, "", &row);
	/* what nobody means ends the list, and what goes with each entry is cut */
	change(&w, "UPDATE item SET categories = json_array(replace(hex(zeroblob(?1 * 450000)),"
		   " '0', 'a'))");
	change(&w, "UPDATE feed SET title = replace(hex(zeroblob(?1 * 30000)), '0', 'b'),"
		   " name = NULL, description = replace(hex(zeroblob(?1 * 30000)), '0', 'c'),"
		   " link = 'https://u:secret@a.example/' || hex(zeroblob(1000))");
	check_row(&w, "", &nonsense);
	world_close(&w);
}

/* Of many feeds all are told, and asked for in turns. */
static void test_many_feeds(void **state)
{
	static const struct row rows[] = {
		{"PUT", "/v1/feeds/refresh", NULL, 204, NULL, NULL},
		{"GET", "/v1/entries?limit=1000", NULL, 200, TOTAL("320"), NULL},
		{"GET", "/v1/categories?counts=true", NULL, 200,
			"\"feed_count\":320,\"total_unread\":320", NULL},
	};
	static const struct row large[] = {
		{"GET", "/v1/feeds", NULL, 200, "{\"id\":320,", NULL},
		{"GET", "/reader/api/0/subscription/list", NULL, 200, "\"feed/320\"", NULL},
	};
	static const struct row larger = {
		"GET", "/v1/feeds", NULL, 500, "this has more than fits into one answer", NULL};
	char url[60];
	struct world w;

	(void)state;
	world_open(&w);
	for (int n = 1; n <= 320; n++) {
		snprintf(url, sizeof(url), "https://%d.example/feed", n);
		assert_int_equal(world_add_feed(&w, url), n);
		world_add_items(&w, n, n, 1);
	}
	change(&w, "UPDATE feed SET description = hex(zeroblob(?1 * 32768)), folder = NULL");
	CHECK_ROWS(&w, "", rows);
	assert_int_equal(w.refreshes, 320);
	change(&w, "UPDATE feed SET url = url || '?' || hex(zeroblob(?1 * 30000)), link = 'x'");
	CHECK_ROWS(&w, "", large);
	change(&w, "UPDATE feed SET url = url || hex(zeroblob(?1 * 90000))");
	check_row(&w, "", &larger);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_about),
		cmocka_unit_test(test_feeds),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_many_feeds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
