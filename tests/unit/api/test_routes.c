/* Every route: good, not found, bad parameter; and what is told of errors. */
#include "api/conn.h"
#include "api/routes.h"
#include "unit/api/answers.h"

#define ITEM_KEYS                                                                                  \
	"id rev feed source story title url author published updated received read starred "       \
	"labels "                                                                                  \
	"excerpt enclosures categories comments thumbnail language extensions revisions"
#define STORY_KEYS                                                                                 \
	"id rev lead title url summary source published first_seen updated sources items read "    \
	"starred closed"

static void test_root_and_status(void **state)
{
	struct world w;
	json_t *json;

	(void)state;
	fill(&w);
	json = ask_json(&w, "GET", "/api/v1/", NULL, 200);
	assert_keys(json, "name version format epoch seq min_seq facades");
	assert_string_equal(text_of(json, "name"), "tidings");
	assert_string_equal(text_of(json, "epoch"), store_epoch(w.f.store));
	assert_int_equal(number_of(json, "seq"), store_seq(w.f.store));
	assert_int_equal(number_of(json, "format"), 1);
	json_decref(json);
	json = ask_json(&w, "GET", "/api/v1/status", NULL, 200);
	assert_keys(json, "version format epoch seq started pid feeds items stories unread starred "
			  "store loop polls clients");
	assert_keys(json_object_get(json, "feeds"), "total due polling failing gone unverified");
	assert_int_equal(number_of(json_object_get(json, "feeds"), "total"), 2);
	assert_int_equal(number_of(json_object_get(json, "feeds"), "due"), 3);
	assert_keys(json_object_get(json, "polls"), "late_ms_p50 late_ms_p99");
	assert_int_equal(number_of(json_object_get(json, "polls"), "late_ms_p50"), 16);
	assert_int_equal(number_of(json_object_get(json, "polls"), "late_ms_p99"), 4096);
	assert_int_equal(number_of(json, "items"), 10);
	assert_int_equal(number_of(json, "stories"), 10);
	assert_int_equal(number_of(json, "unread"), 10);
	assert_int_equal(number_of(json, "pid"), getpid());
	assert_int_equal(number_of(json, "clients"), 1);
	assert_string_equal(text_of(json_object_get(json, "store"), "state"), "ok");
	json_decref(json);
	world_close(&w);
}

static void test_paths(void **state)
{
	struct world w;

	(void)state;
	fill(&w);
	expect(&w, "GET", "/api/v1", NULL, 200, "tidings");
	expect(&w, "GET", "//api//v1/feeds/1/", NULL, 200, "https://a.example/feed");
	expect(&w, "GET", "http://any.host/api/v1/feeds/%31", NULL, 200, "https://a.example/feed");
	expect(&w, "GET", "/api/v1/feeds%2F1", NULL, 404, "not-found");
	expect(&w, "GET", "/api/v2/feeds", NULL, 404, "not-found");
	expect(&w, "GET", "/api/v1/feeds/1/2", NULL, 404, "not-found");
	expect(&w, "GET", "/a/b/c/d/e/f/g/h/i/j/k", NULL, 404, "not-found");
	expect(&w, "GET", "/api/v1/feeds/x", NULL, 404, "not-found");
	expect(&w, "GET", "/api/v1/feeds/0", NULL, 404, "not-found");
	expect(&w, "GET", "/api/v1/feeds/99999999999999999999", NULL, 404, "not-found");
	expect(&w, "OPTIONS", "/api/v1/feeds", NULL, 204, "Allow: OPTIONS, GET, HEAD, POST\r\n");
	expect(&w, "OPTIONS", "*", NULL, 204, "Allow: ");
	expect(&w, "OPTIONS", "/nothing", NULL, 404, "not-found");
	expect(&w, "DELETE", "/api/v1/feeds", NULL, 405,
		"method-not-allowed|Allow: OPTIONS, GET, HEAD, POST\r\n");
	expect(&w, "PUT", "/api/v1/items/1", NULL, 405, "Allow: OPTIONS, GET, HEAD, PATCH\r\n");
	expect(&w, "PROPFIND", "/api/v1/", NULL, 405, "Allow: OPTIONS, GET, HEAD\r\n");
	expect(&w, "HEAD", "/api/v1/items/batch", NULL, 405, "Allow: OPTIONS, POST");
	world_close(&w);
}

/* A file system that has become read-only is no declaration. */
static void test_database_refuses(void **state)
{
	struct world w;

	(void)state;
	fill(&w);
	sqlite3_exec(w.f.store->db.handle, "PRAGMA query_only = ON", NULL, NULL, NULL);
	expect(&w, "PATCH", "/api/v1/stories/1", "{\"read\":true}", 503,
		"database-failing|readonly");
	expect(&w, "DELETE", "/api/v1/feeds/1", NULL, 503, "database-failing|readonly");
	sqlite3_exec(w.f.store->db.handle, "PRAGMA query_only = OFF", NULL, NULL, NULL);
	world_close(&w);
}

static void test_items(void **state)
{
	struct world w;
	json_t *json;

	(void)state;
	fill(&w);
	json = ask_json(&w, "GET", "/api/v1/items", NULL, 200);
	assert_keys(json, "items next seq epoch");
	json_t *items = json_object_get(json, "items");
	assert_int_equal(json_array_size(items), 10);
	json_t *item = json_array_get(items, 0);
	assert_keys(item, ITEM_KEYS);
	assert_int_equal(number_of(item, "id"), 10);
	assert_int_equal(number_of(item, "feed"), 2);
	assert_string_equal(text_of(item, "source"), "https://b.example/feed");
	assert_string_equal(text_of(item, "excerpt"), "words");
	assert_string_equal(text_of(item, "received"), "2026-11-18T11:06:50.000Z");
	assert_true(json_is_null(json_object_get(item, "updated")));
	assert_true(json_is_array(json_object_get(item, "labels")));
	assert_true(json_is_array(json_object_get(item, "enclosures")));
	json_decref(json);
	expect(&w, "GET", "/api/v1/items?feed=1&limit=1", NULL, 200, "{\"items\":[{\"id\":5,");
	expect(&w, "GET", "/api/v1/items?feed=1&dir=asc&limit=1&fields=id", NULL, 200,
		"{\"items\":[{\"id\":1}],");
	expect(&w, "GET", "/api/v1/items?fields=title,id&limit=1", NULL, 200,
		"{\"items\":[{\"id\":10,\"title\":\"guid-10\"}],");
	expect(&w, "GET", "/api/v1/items?story=3&fields=id", NULL, 200,
		"{\"items\":[{\"id\":3}],\"next\":null");
	expect(&w, "GET", "/api/v1/items?folder=1&fields=id&limit=2", NULL, 200,
		"[{\"id\":10},{\"id\":9}]");
	expect(&w, "GET", "/api/v1/items?fields=id&limit=1&content=html", NULL, 200,
		"[{\"id\":10,\"html\":\"<p>body &amp; soul</p>\"}]");
	expect(&w, "GET", "/api/v1/items?fields=id&limit=1&content=text", NULL, 200,
		"[{\"id\":10,\"text\":\"body &amp; soul\"}]");
	expect(&w, "GET", "/api/v1/items?received_after=2026-11-18T11:06:48.5Z&fields=id", NULL,
		200, "[{\"id\":10},{\"id\":9}]");
	expect(&w, "GET", "/api/v1/items?published_after=2026-11-18T11:06:48Z&fields=id", NULL, 200,
		"[{\"id\":10}]");
	expect(&w, "GET", "/api/v1/items?order=published&dir=asc&limit=1&fields=id", NULL, 200,
		"[{\"id\":1}]");
	expect(&w, "GET", "/api/v1/items?since=99999999", NULL, 200, "\"items\":[]");
	static const char *const bad[] = {"limit=0", "limit=1001", "feed=x", "read=maybe",
		"order=size", "dir=up", "received_after=now", "content=pdf", "cursor=zzz",
		"fields=id,nothing", "fields=", "q=x", "wait=1", "since=abc"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char target[100], wanted[100];
		snprintf(target, sizeof(target), "/api/v1/items?%s", bad[i]);
		snprintf(wanted, sizeof(wanted),
			"invalid-parameter|\"errors\":[{\"parameter\":\"%.*s\"",
			(int)strcspn(bad[i], "="), bad[i]);
		expect(&w, "GET", target, NULL, 400, wanted);
	}
	world_close(&w);
}

static void test_one_item(void **state)
{
	struct world w;
	json_t *json;

	(void)state;
	fill(&w);
	json = ask_json(&w, "GET", "/api/v1/items/3", NULL, 200);
	assert_keys(json, ITEM_KEYS " html");
	json_decref(json);
	json = ask_json(&w, "GET", "/api/v1/items/3?content=none&fields=read", NULL, 200);
	assert_keys(json, "read");
	json_decref(json);
	expect(&w, "GET", "/api/v1/items/3?content=text", NULL, 200, "\"text\":\"body");
	expect(&w, "GET", "/api/v1/items/99", NULL, 404, "there is no item 99");
	expect(&w, "GET", "/api/v1/items/3?feed=1", NULL, 400, "\"parameter\":\"feed\"");
	expect(&w, "PATCH", "/api/v1/items/3", "{\"read\":true,\"starred\":true}", 200,
		"\"read\":true,\"starred\":true");
	expect(&w, "GET", "/api/v1/items?read=true&fields=id", NULL, 200, "[{\"id\":3}]");
	expect(&w, "GET", "/api/v1/items?starred=true&fields=id", NULL, 200, "[{\"id\":3}]");
	expect(&w, "PATCH", "/api/v1/items/3", "{\"starred\":false}", 200,
		"\"read\":true,\"starred\":false");
	expect(&w, "GET", "/api/v1/items/99/revisions", NULL, 404, "there is no item 99");
	expect(&w, "GET", "/api/v1/items/3/revisions", NULL, 200,
		"{\"revisions\":[],\"next\":null,");
	poke(w.f.path, "INSERT INTO revision (item, kind, replaced_ms, title, content)"
		       " VALUES (3, 0, 1000, 'Old', '<p>o</p>'), (3, 1, 2000, 'New', '<p>n</p>')");
	expect(&w, "GET", "/api/v1/items/3/revisions", NULL, 200,
		"[{\"replaced\":\"1970-01-01T00:00:02.000Z\",\"edit\":\"markup\",\"title\":\"New\","
		"\"url\":null,\"html\":\"<p>n</p>\"},{\"replaced\":\"1970-01-01T00:00:01.000Z\","
		"\"edit\":\"text\",\"title\":\"Old\",\"url\":null,\"html\":\"<p>o</p>\"}]");
	expect(&w, "GET", "/api/v1/items/3/revisions?content=none", NULL, 200, "\"url\":null},{");
	expect(&w, "PATCH", "/api/v1/items/3", "{\"title\":\"x\"}", 400, "\"member\":\"title\"");
	expect(&w, "PATCH", "/api/v1/items/99", "{\"read\":true}", 404, "not-found");
	world_close(&w);
}

static char *batch_of(int count)
{
	struct buf text;

	buf_init(&text, 1 << 20);
	buf_puts(&text, "{\"set\":{\"read\":true},\"ids\":[1");
	for (int i = 2; i <= count; i++)
		buf_printf(&text, ",%d", i);
	buf_puts(&text, "]}");
	return buf_steal(&text, NULL);
}

static void test_batches(void **state)
{
	static const struct {
		const char *path, *list;
	} cases[] = {{"/api/v1/items/batch", "/api/v1/items?read=true&fields=id"},
		{"/api/v1/stories/batch", "/api/v1/stories?read=true"}};
	char *many = batch_of(10000), *too_many = batch_of(10001);
	struct world w;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		fill(&w);
		expect(&w, "POST", cases[i].path, "{\"ids\":[1,2,2,77],\"set\":{\"read\":true}}",
			200, "{\"changed\":2,\"seq\":");
		expect(&w, "GET", cases[i].list, NULL, 200, "\"id\":1|\"id\":2");
		expect(&w, "POST", cases[i].path, "{\"ids\":[1,2],\"set\":{\"read\":true}}", 200,
			"{\"changed\":0,\"seq\":");
		expect(&w, "POST", cases[i].path, "{\"ids\":[],\"set\":{\"read\":true}}", 200,
			"{\"changed\":0,\"seq\":");
		expect(&w, "POST", cases[i].path, "{\"ids\":[1],\"set\":{\"red\":true}}", 400,
			"\"member\":\"red\"");
		expect(&w, "POST", cases[i].path, too_many, 400, "\"member\":\"ids\"|10000");
		expect(&w, "POST", cases[i].path, many, 200, "\"changed\":8,");
		world_close(&w);
	}
	free(many);
	free(too_many);
}

static void test_stories(void **state)
{
	struct world w;
	json_t *json;

	(void)state;
	fill(&w);
	json = ask_json(&w, "GET", "/api/v1/stories?limit=3", NULL, 200);
	assert_keys(json, "stories next seq epoch");
	json_t *stories = json_object_get(json, "stories");
	assert_int_equal(json_array_size(stories), 3);
	assert_keys(json_array_get(stories, 0), STORY_KEYS);
	assert_int_equal(number_of(json_array_get(stories, 0), "id"), 10);
	assert_true(json_is_string(json_object_get(json, "next")));
	json_decref(json);
	json = ask_json(&w, "GET", "/api/v1/stories/4", NULL, 200);
	assert_keys(json, STORY_KEYS " members apart");
	json_t *member = json_array_get(json_object_get(json, "members"), 0);
	assert_keys(member, "item feed source title url published received read starred pinned "
			    "reason score evidence");
	assert_string_equal(text_of(member, "reason"), "first");
	assert_true(json_is_null(json_object_get(member, "score")));
	assert_int_equal(json_array_size(json_object_get(member, "evidence")), 0);
	json_decref(json);
	expect(&w, "GET", "/api/v1/stories/4?content=html", NULL, 200, "\"html\":\"<p>body");
	expect(&w, "GET", "/api/v1/stories/4?content=text", NULL, 200, "\"text\":\"body");
	expect(&w, "GET", "/api/v1/stories/99", NULL, 404, "not-found");
	expect(&w, "GET", "/api/v1/stories/4?fields=id", NULL, 400, "\"parameter\":\"fields\"");
	expect(&w, "PATCH", "/api/v1/stories/4", "{\"read\":true}", 200,
		"\"read\":true|\"members\":[{\"item\":4,");
	expect(&w, "GET", "/api/v1/items?read=true&fields=id", NULL, 200, "[{\"id\":4}]");
	expect(&w, "GET", "/api/v1/stories?read=true", NULL, 200,
		"{\"stories\":[{\"id\":4,|\"next\":null");
	expect(&w, "GET", "/api/v1/stories?feed=1&dir=asc&limit=1", NULL, 200,
		"{\"stories\":[{\"id\":1,");
	expect(&w, "GET", "/api/v1/stories?seen_after=2026-11-18T11:06:49Z", NULL, 200,
		"{\"stories\":[{\"id\":10,|\"next\":null");
	expect(&w, "PATCH", "/api/v1/stories/99", "{\"read\":true}", 404, "not-found");
	expect(&w, "GET", "/api/v1/stories?order=rev", NULL, 400, "\"parameter\":\"order\"");
	expect(&w, "GET", "/api/v1/stories?q=x", NULL, 400, "search is not there yet");
	poke(w.f.path, "UPDATE story SET updated_ms = 0, lead = 5 WHERE id = 4;"
		       "UPDATE story SET updated_ms = 9999999999999 WHERE id = 5;"
		       "UPDATE item_text SET content = '<p>other' WHERE id = 5");
	expect(&w, "GET", "/api/v1/stories/4?content=html", NULL, 200,
		"\"lead\":5|\"closed\":true|\"html\":\"<p>other");
	expect(&w, "GET", "/api/v1/stories?dir=desc&limit=1", NULL, 200,
		"{\"stories\":[{\"id\":5,|\"closed\":false}],");
	world_close(&w);
}

/* Story 4: item 4, its copy 5, and 6, which tells the same in other words. */
static void test_reading(void **state)
{
	static const struct {
		bool reports; /* as configured */
		const char *method, *path, *body;
		const char *read; /* what is then */
	} cases[] = {
		{false, "PATCH", "/api/v1/items/4", "{\"read\":true}", "4,5"},
		{false, "PATCH", "/api/v1/items/5", "{\"read\":true,\"reports\":true}", "4,5,6"},
		{false, "PATCH", "/api/v1/items/5", "{\"starred\":true,\"reports\":true}", ""},
		{false, "PATCH", "/api/v1/stories/4", "{\"read\":true}", "4,5"},
		{false, "PATCH", "/api/v1/stories/4", "{\"read\":true,\"reports\":true}", "4,5,6"},
		{true, "PATCH", "/api/v1/stories/4", "{\"read\":true}", "4,5,6"},
		{true, "PATCH", "/api/v1/stories/4", "{\"read\":true,\"reports\":false}", "4,5"},
		{true, "PATCH", "/api/v1/items/6", "{\"read\":true}", "4,5,6"},
		{false, "POST", "/api/v1/items/batch", "{\"ids\":[5],\"set\":{\"read\":true}}",
			"4,5"},
		{false, "POST", "/api/v1/stories/batch",
			"{\"ids\":[4],\"set\":{\"read\":true,\"reports\":true}}", "4,5,6"},
	};
	struct world w;
	char sql[128];

	(void)state;
	fill(&w);
	poke(w.f.path, "UPDATE item SET story = 4, copy_of = iif(id = 5, 4, NULL) WHERE id IN (5, "
		       "6); DELETE FROM story WHERE id IN (5, 6)");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		poke(w.f.path, "UPDATE item SET read = 0; UPDATE story SET unread = items;"
			       "UPDATE story SET unread = 3, items = 3 WHERE id = 4");
		w.options.reports = cases[i].reports;
		api_configure(w.api, &w.options);
		expect(&w, cases[i].method, cases[i].path, cases[i].body, 200, "");
		snprintf(sql, sizeof(sql),
			"SELECT coalesce(group_concat(id), '') = '%s' FROM item WHERE read",
			cases[i].read);
		if (!peek(w.f.path, sql))
			fail_msg("case %zu: %s are not read", i, cases[i].read);
	}
	expect(&w, "PATCH", "/api/v1/items/4", "{\"reports\":true}", 400, "sets nothing");
	expect(&w, "PATCH", "/api/v1/items/4", "{\"read\":true,\"reports\":1}", 400,
		"\"member\":\"reports\"");
	world_close(&w);
}

/* Pages through a list and counts; every row comes once. */
static void assert_pages(struct world *w, const char *path, const char *noun, int total)
{
	char target[300];
	char next[100] = "";
	int64_t seen = 0;
	int count = 0, pages = 0;

	do {
		snprintf(target, sizeof(target), "%s&limit=3%s%s", path, next[0] ? "&cursor=" : "",
			next);
		json_t *json = ask_json(w, "GET", target, NULL, 200);
		const json_t *rows = json_object_get(json, noun);
		for (size_t i = 0; i < json_array_size(rows); i++, count++) {
			int64_t bit = INT64_C(1) << number_of(json_array_get(rows, i), "id");
			assert_false(seen & bit);
			seen |= bit;
		}
		snprintf(next, sizeof(next), "%s",
			text_of(json, "next") ? text_of(json, "next") : "");
		json_decref(json);
		/* New ones in between do not disturb. */
		world_add_items(w, 1, 100 + pages, 1);
		pages++;
	} while (next[0] && pages < 20);
	assert_int_equal(count, total);
}

static void test_c23_cursors(void **state)
{
	struct world w;
	json_t *json;

	(void)state;
	fill(&w);
	assert_pages(&w, "/api/v1/items?order=received", "items", 10);
	world_close(&w);
	fill(&w);
	assert_pages(&w, "/api/v1/items?order=published", "items", 10);
	world_close(&w);
	fill(&w);
	assert_pages(&w, "/api/v1/items?feed=2&order=rev&dir=asc", "items", 5);
	world_close(&w);
	fill(&w);
	assert_pages(&w, "/api/v1/stories?feed=2", "stories", 5);
	json = ask_json(&w, "GET", "/api/v1/items?limit=1", NULL, 200);
	char target[200];
	snprintf(target, sizeof(target), "/api/v1/items?limit=1&order=rev&cursor=%s",
		text_of(json, "next"));
	json_decref(json);
	expect(&w, "GET", target, NULL, 400, "belongs to a list in another order");
	world_close(&w);
}

/* A list of large items ends early and goes on behind its cursor. */
static void test_c23_large_list(void **state)
{
	enum { SIZE = 600000, COUNT = 12 };
	char *content = malloc(SIZE + 1);
	struct story_of what = {.feed = 1, .from = 1, .count = COUNT, .content = content};
	struct world w;

	(void)state;
	memset(content, 'x', SIZE);
	content[SIZE] = '\0';
	world_open(&w);
	world_add_feed(&w, "https://a.example/feed");
	must_write(&w.f, run_put_items, &what);
	json_t *json = ask_json(&w, "GET", "/api/v1/items?content=html", NULL, 200);
	size_t first = json_array_size(json_object_get(json, "items"));
	assert_true(first > 0 && first < COUNT);
	char target[200];
	snprintf(target, sizeof(target), "/api/v1/items?content=html&cursor=%s",
		text_of(json, "next"));
	json_decref(json);
	json = ask_json(&w, "GET", target, NULL, 200);
	assert_int_equal(json_array_size(json_object_get(json, "items")), COUNT - first);
	assert_true(json_is_null(json_object_get(json, "next")));
	json_decref(json);
	free(content);
	world_close(&w);
}

static void test_changes(void **state)
{
	struct world w;
	json_t *json;

	(void)state;
	fill(&w);
	int64_t seq = store_seq(w.f.store);
	json = ask_json(&w, "GET", "/api/v1/changes", NULL, 200);
	assert_keys(json, "changes seq more min_seq epoch");
	json_t *changes = json_object_get(json, "changes");
	assert_int_equal(json_array_size(changes), (size_t)seq);
	assert_int_equal(number_of(json, "seq"), seq);
	assert_keys(json_array_get(changes, 0), "seq kind op time initial edit feed ids folders");
	assert_string_equal(text_of(json_array_get(changes, 0), "kind"), "folder");
	assert_keys(json_array_get(changes, 1), "seq kind op time initial edit feed ids feeds");
	assert_keys(
		json_array_get(json_object_get(json_array_get(changes, 1), "feeds"), 0), FEED_KEYS);
	json_decref(json);
	json = ask_json(&w, "GET", "/api/v1/changes?since=0&limit=2&kinds=item.new", NULL, 200);
	changes = json_object_get(json, "changes");
	assert_int_equal(json_array_size(changes), 2);
	assert_keys(json_array_get(changes, 0), "seq kind op time initial edit feed ids items");
	json_t *item = json_array_get(json_object_get(json_array_get(changes, 1), "items"), 0);
	assert_keys(item, ITEM_KEYS);
	assert_int_equal(number_of(item, "id"), 2);
	assert_true(json_is_true(json_object_get(json, "more")));
	/* What follows and is of another kind is passed over at once. */
	assert_int_equal(number_of(json, "seq"), number_of(json_array_get(changes, 1), "seq") + 1);
	char target[200];
	snprintf(target, sizeof(target), "/api/v1/changes?since=%s-%lld&kinds=item",
		text_of(json, "epoch"), (long long)number_of(json, "seq"));
	json_decref(json);
	json = ask_json(&w, "GET", target, NULL, 200);
	assert_int_equal(json_array_size(json_object_get(json, "changes")), 8);
	assert_int_equal(number_of(json, "seq"), seq);
	json_decref(json);
	expect(&w, "DELETE", "/api/v1/feeds/2", NULL, 204, NULL);
	expect(&w, "GET", "/api/v1/changes?kinds=feed.new", NULL, 200,
		"\"feeds\":[{\"id\":2,\"deleted\":true}]");
	expect(&w, "GET", "/api/v1/changes?since=99999", NULL, 410, "seq-too-old");
	expect(&w, "GET", "/api/v1/changes?since=beef-1", NULL, 410, "seq-too-old");
	expect(&w, "GET", "/api/v1/changes?kinds=item,nothing", NULL, 400,
		"\"parameter\":\"kinds\"|nothing");
	expect(&w, "GET", "/api/v1/changes?kinds=item.", NULL, 400, "\"parameter\":\"kinds\"");
	expect(&w, "GET", "/api/v1/changes?wait=61", NULL, 400, "wait must be between 0 and 60");
	world_close(&w);
}

/* Pruned, as the database itself will do it one day. */
static void test_pruned(void **state)
{
	struct world w;
	struct client c;

	(void)state;
	fill(&w);
	poke(w.f.path, "DELETE FROM change WHERE seq < 10; UPDATE meta SET value = 10 WHERE key = "
		       "'min_seq'");
	expect(&w, "GET", "/api/v1/changes?since=8", NULL, 410, "seq-too-old");
	expect(&w, "GET", "/api/v1/changes?since=9", NULL, 200,
		"{\"changes\":[{\"seq\":10,|\"min_seq\":10");
	expect(&w, "GET", "/api/v1/changes", NULL, 200, "{\"changes\":[{\"seq\":10,");
	client_connect(&w, &c);
	client_send(&c, "GET /api/v1/events?since=8 HTTP/1.1\r\n\r\n");
	client_wait(&c, "event: reset\n");
	client_close(&c);
	world_close(&w);
}

static void test_long_poll(void **state)
{
	struct world w;
	struct client c, other;
	struct answer a;
	char target[200];

	(void)state;
	fill(&w);
	int64_t seq = store_seq(w.f.store);
	snprintf(target, sizeof(target),
		"GET /api/v1/changes?since=%lld&wait=30&kinds=item.state HTTP/1.1\r\n\r\n",
		(long long)seq);
	client_connect(&w, &c);
	client_connect(&w, &other);
	client_send(&c, target);
	client_send(&other, target);
	client_expect_silence(&c);
	world_add_items(&w, 1, 20, 1); /* not what is waited for */
	client_expect_silence(&c);
	client_close(&other); /* goes while it waits */
	expect(&w, "PATCH", "/api/v1/items/1", "{\"read\":true}", 200, NULL);
	take_answer(&c, false, &a);
	assert_non_null(strstr(a.body, "\"op\":\"state\""));
	assert_non_null(strstr(a.body, "\"more\":false"));
	free_answer(&a);
	/* Time is up: as if nothing had been waited for. */
	uint64_t begun = clock_ms();
	snprintf(target, sizeof(target), "/api/v1/changes?since=%lld&wait=1",
		(long long)store_seq(w.f.store));
	ask_on(&c, "GET", target, NULL, &a);
	assert_int_equal(a.status, 200);
	assert_non_null(strstr(a.body, "{\"changes\":[],\"seq\":"));
	assert_true(clock_ms() - begun >= 990);
	free_answer(&a);
	client_close(&c);
	world_close(&w);
}

static int parts_made;

static int run_part(struct store_tx *tx, struct http_request *r, struct err *e)
{
	(void)tx;
	(void)e;
	for (int n = 0; n <= API_CHUNK_MAX; n += 16)
		buf_puts(&r->out, "0123456789abcdef");
	r->more = ++parts_made < 3;
	return 0;
}

/* An answer made in several jobs ends where nobody reads it any more, or too much waits. */
static void test_parts(void **state)
{
	static const struct route in_parts = {.where = ROUTE_READ, .run = run_part};
	static const struct {
		bool gone, full;
		int parts, status;
	} cases[] = {{false, false, 3, 200}, {false, true, 1, 503}, {true, false, 1, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world w;
		struct answer a;
		struct client c;
		char target[200];
		fill(&w);
		snprintf(target, sizeof(target),
			"GET /api/v1/changes?since=%lld&wait=30 HTTP/1.1\r\n\r\n",
			(long long)store_seq(w.f.store));
		client_connect(&w, &c);
		client_send(&c, target);
		client_expect_silence(&c);
		struct conn *conn = container_of(w.api->conns.next, struct conn, node);
		struct http_request *r = conn->request;
		assert_non_null(r->expired);
		r->expired = NULL;
		list_remove(&r->node);
		r->route = &in_parts;
		w.api->unsent_bytes += cases[i].full ? API_UNSENT_MAX : 0;
		parts_made = 0;
		routes_again(r);
		if (cases[i].gone)
			conn_close(conn);
		while (w.api->jobs > 0)
			turn(&c);
		w.api->unsent_bytes -= cases[i].full ? API_UNSENT_MAX : 0;
		assert_int_equal(parts_made, cases[i].parts);
		if (!cases[i].gone) {
			take_answer(&c, false, &a);
			assert_int_equal(a.status, cases[i].status);
			assert_int_equal(a.len > (size_t)3 * API_CHUNK_MAX, !cases[i].full);
			free_answer(&a);
		}
		client_close(&c);
		world_close(&w); /* which sees that nothing is counted any more */
	}
}

static void on_store_stopped(void *ctx)
{
	(*(int *)ctx)++;
}

/* An answer that would be the same is not made again. */
static void test_etag(void **state)
{
	static const char *const targets[] = {
		"/api/v1/items?limit=2", "/api/v1/items/3", "/api/v1/stories", "/api/v1/stories/2"};
	char field[200], request[400];
	struct world w;
	struct client c;
	struct answer a;

	(void)state;
	fill(&w);
	client_connect(&w, &c);
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		snprintf(field, sizeof(field), "W/\"%s-%lld\"", store_epoch(w.f.store),
			(long long)store_seq(w.f.store));
		ask_on(&c, "GET", targets[i], NULL, &a);
		assert_int_equal(a.status, 200);
		assert_non_null(strstr(a.head, field));
		free_answer(&a);
		snprintf(request, sizeof(request),
			"GET %s HTTP/1.1\r\nIf-None-Match: \"x\", %s\r\n\r\n", targets[i], field);
		for (int changed = 0; changed < 2; changed++) {
			client_send(&c, request);
			take_answer(&c, false, &a);
			assert_int_equal(a.status, changed ? 200 : 304);
			assert_true((a.len > 0) == changed);
			assert_int_equal(strstr(a.head, field) != NULL, !changed);
			free_answer(&a);
			world_add_items(&w, 1, 100 + 2 * (int)i + changed, 1);
		}
	}
	ask_on(&c, "GET", "/api/v1/items/999", NULL, &a);
	assert_int_equal(a.status, 404);
	assert_null(strstr(a.head, "ETag"));
	free_answer(&a);
	client_close(&c);
	world_close(&w);
}

/* The store says no: the client is told to come again. */
static void test_store_stopping(void **state)
{
	struct world w;

	(void)state;
	fill(&w);
	store_stop(w.f.store, on_store_stopped, &w.f.stopped);
	expect(&w, "GET", "/api/v1/feeds", NULL, 503, "busy|Retry-After: 1\r\n");
	expect(&w, "PATCH", "/api/v1/items/1", "{\"read\":true}", 503, "busy");
	expect(&w, "GET", "/api/v1/ping", NULL, 204, NULL);
	loop_run_until(&w.f.loop, &w.f.stopped, LIMIT_MS);
	world_stop_api(&w);
	store_close(w.f.store);
	w.f.store = NULL;
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root_and_status),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_database_refuses),
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_one_item),
		cmocka_unit_test(test_batches),
		cmocka_unit_test(test_stories),
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_c23_cursors),
		cmocka_unit_test(test_c23_large_list),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_pruned),
		cmocka_unit_test(test_long_poll),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_etag),
		cmocka_unit_test(test_store_stopping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
