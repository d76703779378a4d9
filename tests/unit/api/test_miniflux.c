/* The face of Miniflux: every route, what each parameter does, who is refused, what clients read.
 */
#include "api/miniflux.h"
#include "store/icons.h"
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

struct credential_of {
	struct world *w;
	const char *name;
	bool read_only, stories;
	char field[100]; /* a header field that shows it */
};

static int run_let_in(struct store_tx *tx, void *arg, struct err *e)
{
	struct credential_of *c = arg;
	char password[SECRET_PASSWORD_BYTES];
	int code = credentials_add(tx, c->name, c->read_only, c->stories, NOW, password, e);

	snprintf(c->field, sizeof(c->field), "X-Auth-Token: %s\r\n", password);
	return code ? code : credentials_load(tx, &c->w->api->access.known, e);
}

static struct credential_of let_in(struct world *w, const char *name, bool read_only, bool stories)
{
	struct credential_of c = {w, name, read_only, stories, ""};

	must_write(&w->f, run_let_in, &c);
	return c;
}

/* A request, and what the answer has and lacks, parts separated by "|". */
struct row {
	const char *method, *target, *body;
	int status;
	const char *has, *lacks;
};

static bool has_part(const struct answer *a, const char *part)
{
	return strstr(a->body, part) || strstr(a->head, part);
}

static void check_parts(
	const struct row *row, const struct answer *a, const char *parts, bool wanted)
{
	char copy[1000], *rest = copy;

	snprintf(copy, sizeof(copy), "%s", parts ? parts : "");
	for (char *part = strsep(&rest, "|"); part && *part; part = strsep(&rest, "|")) {
		if (has_part(a, part) != wanted)
			fail_msg("%s %s: %s %s in %s%s", row->method, row->target,
				wanted ? "no" : "there is", part, a->head, a->body);
	}
}

/* All refusals are of one form. */
static void check_row(struct world *w, const char *field, const struct row *row)
{
	size_t len = row->body ? strlen(row->body) : 0;
	char head[4096];
	struct client c;
	struct answer a;

	snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n",
		row->method, row->target, field, len);
	client_connect(w, &c);
	client_send(&c, head);
	client_send(&c, row->body ? row->body : "");
	take_answer(&c, strcmp(row->method, "HEAD") == 0, &a);
	client_close(&c);
	if (a.status != row->status)
		fail_msg("%s %s: %d instead of %d: %s", row->method, row->target, a.status,
			row->status, a.body);
	check_parts(row, &a, row->has, true);
	check_parts(row, &a, row->lacks, false);
	if (a.status >= 400)
		assert_true(strncmp(a.body, "{\"error_message\":\"", 18) == 0 &&
			    has_part(&a, "Content-Type: application/json\r\n"));
	if (a.status == 204)
		assert_int_equal(a.len, 0);
	free_answer(&a);
}

#define CHECK_ROWS(w, field, rows)                                                                 \
	for (size_t i_ = 0; i_ < sizeof(rows) / sizeof((rows)[0]); i_++)                           \
	check_row(w, field, &(rows)[i_])

#define UNFILED "2147483647"

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

#define TOTAL(n) "{\"total\":" n ",\"entries\":["
#define IDS      "/v1/entries/ids?"

static void test_lists(void **state)
{
	static const struct row rows[] = {
		{"GET", "/v1/entries", NULL, 200, TOTAL("11") "{\"id\":1,", NULL},
		{"GET", "/v1/entries?direction=desc&limit=2&whatever", NULL, 200,
			TOTAL("11") "{\"id\":11,|{\"id\":10,", "{\"id\":9,\"user_id\":1,\"feed_id"},
		{"GET", "/v1/entries?order=id&direction=desc&limit=2&offset=3", NULL, 200,
			TOTAL("11") "{\"id\":8,|{\"id\":7,",
			"{\"id\":9,\"user_id\":1,\"feed_id|{\"id\":6,\"user_id\":1,\"feed_id"},
		{"GET", "/v1/entries?offset=11", NULL, 200, TOTAL("11") "]}", NULL},
		{"GET", "/v1/entries?order=changed_at&direction=desc&limit=1", NULL, 200,
			"[{\"id\":4,", NULL},
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
		{"GET", "/v1/entries?category_id=" UNFILED, NULL, 200, TOTAL("1") "{\"id\":11,",
			NULL},
		{"GET", "/v1/entries?feed_id=99", NULL, 404, NULL, NULL},
		{"GET", "/v1/entries?order=id&after_entry_id=4&before_entry_id=7", NULL, 200,
			TOTAL("2") "{\"id\":5,|{\"id\":6,", NULL},
		{"GET", "/v1/entries?search=x", NULL, 400, "search", NULL},
		{"GET", "/v1/entries?tags=x", NULL, 400, "tags", NULL},
		{"GET", "/v1/entries?search=&tags=&globally_visible=true", NULL, 200, TOTAL("11"),
			NULL},
		{"GET", "/v1/entries?limit=%ff", NULL, 400, "not well encoded", NULL},
		{"GET", "/v1/feeds/2/entries?feed_id=1", NULL, 200, TOTAL("5") "{\"id\":6,", NULL},
		{"GET", "/v1/feeds/9/entries", NULL, 404, NULL, NULL},
		{"GET", "/v1/categories/1/entries?status=read", NULL, 200, TOTAL("1"), NULL},
		{"GET", "/v1/categories/" UNFILED "/entries", NULL, 200, TOTAL("1"), NULL},
		{"GET", "/v1/categories/5/entries", NULL, 404, NULL, NULL},
		{"GET", IDS, NULL, 200, "{\"total\":11,\"entry_ids\":[11,10,9,8,7,6,5,4,3,2,1]}",
			NULL},
		{"GET", IDS "status=unread&limit=2&offset=7&order=published_at&direction=asc", NULL,
			200, "{\"total\":10,\"entry_ids\":[4,2]}", NULL},
		{"GET", IDS "starred=false&limit=3", NULL, 200,
			"{\"total\":10,\"entry_ids\":[11,10,9]}", NULL},
		{"GET", IDS "status=x", NULL, 400, NULL, NULL},
		{"GET", "/v1/entries/4", NULL, 200,
			"{\"id\":4,|\"starred\":true|\"feed\":{\"id\":1,", NULL},
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
	struct world w;

	(void)state;
	fill(&w);
	assert_int_equal(world_add_feed(&w, "https://c.example/"), 3);
	world_add_items(&w, 3, 20, 1);
	change(&w, "UPDATE feed SET folder = NULL WHERE id = 2 + ?");
	expect(&w, "PATCH", "/api/v1/items/3", "{\"read\":true}", 200, NULL);
	expect(&w, "PATCH", "/api/v1/items/4", "{\"starred\":true}", 200, NULL);
	CHECK_ROWS(&w, "", rows);
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
	struct world w;

	(void)state;
	world_open(&w);
	assert_int_equal(world_add_feed(&w, "https://a.example/feed"), 1);
	world_add_items(&w, 1, 1, 50);
	change(&w, "UPDATE item_text SET content = replace(hex(zeroblob(?1 * 450000)), '0', 'a')");
	check_row(&w, "", &row);
	world_close(&w);
}

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
	change(&w, "UPDATE story SET lead = 6 WHERE first_item = ?");
	CHECK_ROWS(&w, shown.field, lead);
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
		{"PUT", "/v1/categories/9", "{\"title\":\"Sky\"}", 404, NULL, NULL},
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
	};
	/* sent back as it was told: nothing changes, whatever the configuration says of it */
	static const struct row same = {"PUT", "/v1/feeds/1",
		"{\"title\":\"https://a.example/feed\",\"category_id\":1,"
		"\"feed_url\":\"https://a.example/feed\"}",
		201, "\"title\":\"https://a.example/feed\"", NULL};
	static const struct row declared = {
		"PUT", "/v1/feeds/1", "{\"category_id\":" UNFILED "}", 400, "configuration", NULL};
	struct world w;

	(void)state;
	fill(&w);
	CHECK_ROWS(&w, "", rows);
	assert_int_equal(w.feed_changed, 5);
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
	assert_int_equal(w.refreshed, 1); /* the last of both */
	w.refreshed = 0;
	check_row(&w, "", &none);
	assert_int_equal(w.refreshed, 0);
	check_row(&w, "", &some);
	assert_int_equal(w.refreshed, 1);
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
		cmocka_unit_test(test_about),
		cmocka_unit_test(test_feeds),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_stories),
		cmocka_unit_test(test_categories),
		cmocka_unit_test(test_edits),
		cmocka_unit_test(test_refresh),
		cmocka_unit_test(test_discover),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
