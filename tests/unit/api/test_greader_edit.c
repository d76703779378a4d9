/* What clients of Google Reader change: marks, subscriptions, folders and labels; and what they see
 * meanwhile. */
#include "api/conn.h"
#include "base/secret.h"
#include "unit/api/greader.h"

#define QUICKADD API "subscription/quickadd?quickadd=https://a.example/feed"

static void test_edit(void **state)
{
	static const struct {
		const char *path, *body, *target, *has, *lacks;
	} cases[] = {
		{"subscription/edit?client=x",
			"ac=subscribe&s=feed%2Fhttps%3A%2F%2Fc.example%2Ffeed&i=null&T=",
			"subscription/list",
			"\"id\":\"feed/3\",\"title\":\"https://c.example/feed\"", "\"C\""},
		/* once more changes nothing; several have their titles */
		{"subscription/edit",
			"ac=subscribe&s=feed/https://c.example/feed&t=X&s=feed/https://d.example/"
			"&t=D+%2B&a=" LABEL "P %26 Q",
			"subscription/list",
			"\"id\":\"feed/3\",\"title\":\"https://c.example/feed\"|\"id\":\"feed/"
			"4\",\"title\":\"D +\",\"categories\":[{\"id\":\"" LABEL "P & Q\"",
			"\"X\""},
		{"subscription/edit?ac=edit&s=feed/3&t=C", "a=" LABEL "News&r=" LABEL "Unfiled",
			"subscription/list",
			"\"id\":\"feed/3\",\"title\":\"C\",\"categories\":[{\"id\":\"" LABEL
			"News\"",
			NULL},
		{"subscription/edit", "ac=edit&s=feed/3&r=" LABEL "News", "subscription/list",
			"\"id\":\"feed/3\",\"title\":\"C\",\"categories\":[{\"id\":\"" LABEL
			"Unfiled\"",
			NULL},
		{"subscription/edit", "ac=edit&s=feed/https://d.example/&a=" LABEL "Unfiled&t=",
			"subscription/list",
			"\"id\":\"feed/4\",\"title\":\"D +\",\"categories\":[{\"id\":\"" LABEL
			"Unfiled\"",
			"P & Q"},
		{"subscription/edit", "ac=unsubscribe&s=feed/3&s=feed/4", "subscription/list",
			"feed/2", "feed/3"},
		{"rename-tag", "s=" LABEL "News&dest=user/x/label/Olds", "subscription/list",
			"\"label\":\"Olds\"", "News"},
		{"rename-tag", "s=" LABEL "to+keep&dest=" LABEL "kept", "tag/list",
			"\"label\":\"kept\"", "to keep"},
		{"edit-tag", "a=" LABEL "New one&T=x", "tag/list",
			"\"label\":\"New one\",\"type\":\"folder\"", NULL},
		{"edit-tag", "a=" LABEL "New one&a=" LABEL "Unfiled", "tag/list",
			"\"label\":\"New one\",\"type\":\"folder\"", NULL},
		{"disable-tag", "s=" LABEL "Olds&s=" LABEL "kept&s=" LABEL "New+one", "tag/list",
			"Unfiled", "\"label\":\"kept\""},
		{"disable-tag", "s=user/-/label/more", "subscription/list", "Unfiled", "Olds"},
	};
	char target[200];
	struct world w;

	(void)state;
	fill_more(&w);
	expect(&w, "POST", "/api/v1/labels", "{\"name\":\"more\"}", 201, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		post(&w, cases[i].path, cases[i].body, 200,
			"Content-Length: 2\r\n|text/plain|\r\n\r\n");
		snprintf(target, sizeof(target), API "%s", cases[i].target);
		get(&w, target, cases[i].has, cases[i].lacks);
	}
	assert_int_equal(w.feeds_changed, 8);
	get(&w, API "subscription/export", "application/xml|xmlUrl=\"https://a.example/feed\"",
		NULL);
	post(&w, "subscription/import?T=x", "https://e.example/ E Imported 0\n", 200,
		"Content-Length: 2\r\n");
	get(&w, API "subscription/list",
		"\"title\":\"E\",\"categories\":[{\"id\":\"" LABEL "Imported\"", NULL);
	post(&w, "subscription/import", "nonsense\n", 400, "line 1: nonsense");
	change(&w, "UPDATE feed SET owners = 1, section = 'a' WHERE id = ?");
	post(&w, "subscription/edit", "ac=unsubscribe&s=feed/1", 409, "text/plain|configuration");
	world_close(&w);
}

/* It is taken out of the folder that is named, if it is in there. */
static void test_leave(void **state)
{
	static const struct {
		const char *body, *folder;
	} cases[] = {
		{"r=" LABEL "Old", "News"},
		{"a=" STATE "like&r=" STATE "like", "News"},
		{"a=" LABEL "New", "New"},
		{"r=" LABEL "News", "New"},
		{"r=" LABEL "New", "Unfiled"},
	};
	char body[100], has[100];
	struct world w;

	(void)state;
	fill(&w);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(body, sizeof(body), "ac=edit&s=feed/2&%s", cases[i].body);
		post(&w, "subscription/edit", body, 200, "OK");
		snprintf(has, sizeof(has),
			"b.example/feed\",\"categories\":[{\"id\":\"" LABEL "%s\"",
			cases[i].folder);
		get(&w, API "subscription/list", has, NULL);
	}
	world_close(&w);
}

/* What the address turns out to have; NULL: it could not be read. */
static void quickadd(struct world *w, const char *url, struct offer *found, int code, int status,
	const char *has)
{
	struct api_found result = {.feeds = found};
	char body[200];
	struct answer a;
	struct client c;

	if (code)
		err_set(&result.error, code, "it says 404");
	w->discovered[0] = '\0';
	snprintf(body, sizeof(body),
		"POST " API
		"subscription/quickadd HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n"
		"quickadd=%s",
		strlen(url) + 9, url);
	client_connect(w, &c);
	client_send(&c, body);
	while (!w->discovered[0])
		turn(&c);
	w->found(w->found_arg, &result);
	take_answer(&c, false, &a);
	client_close(&c);
	assert_int_equal(a.status, status);
	if (!strstr(a.body, has))
		fail_msg("no %s in %s", has, a.body);
	free_answer(&a);
}

static void test_quickadd(void **state)
{
	char url[] = "https://c.example/rss", known[] = "https://a.example/feed";
	char local[] = "file:///etc/passwd";
	struct offer offer = {.url = url}, other = {.url = known}, file = {.url = local};
	struct offer mixed = {.url = local, .next = &offer};
	struct world w;

	(void)state;
	fill(&w);
	/* one that is there is not asked */
	get(&w, API "subscription/quickadd?quickadd=feed/https://a.example/feed",
		"{\"numResults\":1,\"query\":\"https://a.example/feed\",\"streamId\":\"feed/1\","
		"\"streamName\":\"https://a.example/feed\"}",
		NULL);
	post(&w, "subscription/quickadd?quickadd=file:///etc/passwd", "", 200,
		"{\"numResults\":0,\"error\":\"this is not");
	post(&w, "subscription/quickadd", "", 400, "quickadd is the address");
	assert_int_equal(w.feeds_changed, 0);
	quickadd(&w, "c.example", &offer, 0, 200,
		"{\"numResults\":1,\"query\":\"https://c.example/rss\",\"streamId\":\"feed/3\"");
	assert_string_equal(w.discovered, "https://c.example/");
	assert_int_equal(w.feed_changed, 3);
	quickadd(&w, "https://d.example/", &other, 0, 200, "\"streamId\":\"feed/1\"");
	assert_int_equal(w.feeds_changed, 1);
	quickadd(&w, "https://d.example/", &mixed, 0, 200, "\"streamId\":\"feed/3\"");
	quickadd(&w, "https://d.example/", &file, 0, 200, "\"error\":\"no feed found\"");
	quickadd(&w, "https://e.example/", NULL, 0, 200,
		"{\"numResults\":0,\"error\":\"no feed found\"}");
	quickadd(&w, "https://f.example/", NULL, ERR_NOT_FOUND, 200,
		"{\"numResults\":0,\"error\":\"it says 404\"}");
	quickadd(&w, "https://g.example/", NULL, ERR_CANCELED, 503, "being stopped");
	get(&w, API "subscription/list", "feed/3", "feed/4");
	/* one that the configuration wants no more, and that is kept for a while, comes back */
	change(&w, "UPDATE feed SET owners = 0, detached_ms = ? WHERE id = 2");
	get(&w, API "subscription/quickadd?quickadd=https://b.example/feed",
		"{\"numResults\":1,|\"streamId\":\"feed/2\"", NULL);
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM feed WHERE detached_ms"), 0);
	assert_int_equal(w.feed_changed, 2);
	world_close(&w);
}

/* A page may have a browser ask for an image at any address, and the browser knows the password. */
static void test_pages(void **state)
{
	char text[SECRET_PASSWORD_BYTES + 4] = "ann:", fields[300];
	struct buf encoded;
	struct world w;

	(void)state;
	fill(&w);
	let_in(&w, false, text + 4);
	buf_init(&encoded, 1000);
	secret_encode(text, strlen(text), &encoded);
	snprintf(fields, sizeof(fields), "Authorization: basic %s\r\n", buf_string(&encoded));
	say_with(&w, fields, "GET " QUICKADD, "", 403, "use POST", NULL);
	say_with(&w, fields, "POST " QUICKADD, "", 200, "\"streamId\":\"feed/1\"", NULL);
	say_with(&w, "", "HEAD " QUICKADD, "", 403, NULL, NULL);
	snprintf(fields, sizeof(fields), "Authorization: GoogleLogin auth=%s\r\n",
		w.api->access.known.rows[0].token);
	say_with(&w, fields, "GET " QUICKADD, "", 200, "\"streamId\":\"feed/1\"", NULL);
	say_with(&w, fields, "HEAD " QUICKADD, "", 403, NULL, NULL);
	buf_finish(&encoded);
	world_close(&w);
}

/* An address may grow as it is normalised; a list may be longer than other bodies. */
static void test_long(void **state)
{
	static const char *const lists[] = {
		"/v1/import", API "subscription/import/?T=x", "/api/v1/opml"};
	char url[6100] = "https://a.example/", body[6200];
	struct buf list;
	struct answer a;
	struct world w;

	(void)state;
	world_open(&w);
	for (size_t len = strlen(url); len < 6000; len += 2)
		memcpy(url + len, "\xc3\xa4", 3);
	snprintf(body, sizeof(body), "ac=subscribe&s=%s", url);
	post(&w, "subscription/edit", body, 400, "up to 8192 bytes");
	snprintf(body, sizeof(body), "{\"url\":\"%s\"}", url);
	expect(&w, "POST", "/api/v1/feeds", body, 400, "up to 8192 bytes");
	snprintf(body, sizeof(body), "{\"feed_url\":\"%s\"}", url);
	say_with(&w, "", "POST /v1/feeds", body, 400, "up to 8192 bytes", NULL);
	buf_init(&list, OPML_BYTES_MAX);
	while (list.len <= API_BODY_MAX)
		buf_puts(&list, "nonsense");
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		ask(&w, "POST", lists[i], buf_string(&list), &a);
		assert_int_equal(a.status, 400);
		free_answer(&a);
	}
	buf_finish(&list);
	world_close(&w);
}

/* More than one job does. */
static void test_many_feeds(void **state)
{
	char body[8192] = "ac=subscribe";
	struct world w;

	(void)state;
	world_open(&w);
	for (int n = 0; n < 150; n++)
		snprintf(body + strlen(body), sizeof(body) - strlen(body),
			"&s=feed/https://%d.example/", n);
	post(&w, "subscription/edit", body, 200, "OK");
	assert_int_equal(w.feeds_changed, 150);
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM feed"), 150);
	/* whose rows are more than a request may hold */
	change(&w, "UPDATE feed SET description = hex(zeroblob(?1 * 32768))");
	snprintf(body, sizeof(body), "ac=edit&a=" LABEL "x");
	for (int n = 1; n <= 2 * 150; n++)
		snprintf(body + strlen(body), sizeof(body) - strlen(body), "&s=feed/%d",
			(n + 1) / 2);
	post(&w, "subscription/edit", body, 200, "OK");
	/* so many folders, and not one more */
	snprintf(body, sizeof(body), "T=x");
	for (int n = 0; n < ITEM_LABELS_MAX; n++)
		snprintf(body + strlen(body), sizeof(body) - strlen(body), "&a=" LABEL "f%d", n);
	post(&w, "edit-tag", body, 200, "OK");
	snprintf(body + strlen(body), sizeof(body) - strlen(body), "&a=" LABEL "one-more");
	post(&w, "edit-tag", body, 400, "at most 100 folders at once");
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM folder"), ITEM_LABELS_MAX + 1);
	world_close(&w);
}

static void test_edit_tag(void **state)
{
	static const struct {
		const char *body, *stream, *ids;
	} cases[] = {
		{"i=tag:google.com,2005:reader/item/00038d7ea4c68006&a=" STATE "read&r=" STATE
		 "kept-unread&ac=edit&T=",
			"read", "6 2"},
		{"i=" ID(6) "&r=" STATE "read&a=" STATE "kept-unread&a=" STATE
			    "tracking-kept-unread&ac=edit",
			"read", "2"},
		{"i=" ID(7) "&i=00038d7ea4c68008&i=" ID(7) "9&i=junk&r=" STATE "kept-unread",
			"read", "8 7 2"},
		{"i=" ID(7) "&a=" STATE "read", "read", "8 7 2"},
		{"i=" ID(7) "&i=" ID(8) "&r=" STATE "read", "read", "2"},
		{"i=tag%3Agoogle.com%2C2005%3Areader%2Fitem%2F00038d7ea4c68009&s=feed%2Fhttp%3A%2F%"
		 "2Fexample.org%2F"
		 "&a=user%2F-%2Fstate%2Fcom.google%2Fstarred&ac=edit-tags&T=x&async=true",
			"starred", "9 3"},
		{"i=" ID(9) "&r=" STATE "starred", "starred", "3"},
		{"i=" ID(9) "&a=" STATE "fresh&a=" STATE "like&r=" STATE "broadcast", "read", "2"},
		{"i=" ID(9) "&i=" ID(1) "&a=" LABEL "a/b+c&r=" LABEL "none", "user/-/label/a/b c",
			"9 1"},
		{"i=" ID(9) "&r=" LABEL "a/b+c", "user/-/label/a/b c", "1"},
		{"", "read", "2"},
	};
	char params[100];
	struct world w;

	(void)state;
	fill_more(&w);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		post(&w, "edit-tag?client=liferea", cases[i].body, 200, "Content-Length: 2\r\n|OK");
		snprintf(params, sizeof(params), "s=%s", cases[i].stream);
		for (char *at = params; *at; at++)
			*at = *at == ' ' ? '+' : *at;
		ids_are(&w, params, cases[i].ids);
	}
	post(&w, "edit-tag", "i=" ID(1) "&a=" LABEL N50 N50 N50 N50 "n", 400,
		"a label may have 200 bytes");
	world_close(&w);
}

static void test_mark_all(void **state)
{
	static const struct {
		const char *body, *unread; /* afterwards */
	} cases[] = {
		{"s=feed/1&ts=1795000003", "10 9 8 7 6 5 4"},            /* the whole second */
		{"s=feed/1&ts=1795000003000", "10 9 8 7 6 5 4"},         /* ms */
		{"s=feed/1&ts=1795000003999999", "10 9 8 7 6 5 4"},      /* us */
		{"s=feed/1&ts=1795000002999999999", "10 9 8 7 6 5 4 3"}, /* ns */
		{"s=feed%2Fhttps%3A%2F%2Fb.example%2Ffeed&T=x", "5 4 3 2 1"},
		{"s=" STATE "reading-list&ts=0", ""},
		{"s=" STATE "reading-list&ts=", ""},
		{"s=" LABEL "News", ""},
		{"s=" LABEL "to+keep", "10 9 8 7 6 5 3 2 1"},
		{"s=" LABEL "Unfiled", "10 9 8 7 6 5 4 3 2 1"},
		{"s=" STATE "starred", "10 9 8 7 6 5 4 2 1"},
	};
	struct world w;

	(void)state;
	fill_more(&w);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		expect(&w, "POST", "/api/v1/items/batch",
			"{\"filter\":{},\"set\":{\"read\":false}}", 200, NULL);
		post(&w, "mark-all-as-read", cases[i].body, 200, "Content-Length: 2\r\n|OK");
		ids_are(&w, "s=unread", cases[i].unread);
	}
	world_close(&w);
}

/* As many as RSS Guard sends at once: each is marked, in several jobs, and each is shown. */
static void test_large_batch(void **state)
{
	enum { COUNT = 9999 };
	size_t max = (size_t)COUNT * 70;
	char *body = malloc(max);
	struct answer a;
	size_t len = 0;
	struct world w;
	int found = 0;

	(void)state;
	world_open(&w);
	assert_int_equal(world_add_feed(&w, "https://a.example/feed"), 1);
	world_add_items(&w, 1, 1, COUNT);
	len += (size_t)snprintf(body, max, "a=" STATE "read");
	for (int n = 1; n <= COUNT; n++) {
		char id[GREADER_ID_BYTES];
		len += (size_t)snprintf(body + len, max - len, "&i=%s", greader_id(n, id));
	}
	ask(&w, "POST", API "edit-tag", body, &a);
	assert_int_equal(a.status, 200);
	assert_string_equal(a.body, "OK");
	free_answer(&a);
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM item WHERE read = 0"), 0);
	ask(&w, "POST", API "stream/items/contents", body, &a);
	assert_int_equal(a.status, 200);
	for (const char *at = strstr(a.body, CRAWL); at; at = strstr(at + 1, CRAWL))
		found++;
	assert_int_equal(found, COUNT);
	free_answer(&a);
	free(body);
	world_close(&w);
}

/* While more come each old one is told exactly once, by whatever pages. */
static void test_paging(void **state)
{
	enum { COUNT = 1000, PAGE = 130 };
	static int told[COUNT + 100];
	char target[100] = API "stream/items/ids?n=130";
	struct world w;
	int pages = 0;

	(void)state;
	world_open(&w);
	assert_int_equal(world_add_feed(&w, "https://a.example/feed"), 1);
	world_add_items(&w, 1, 1, COUNT);
	for (bool more = true; more; pages++) {
		struct answer a;
		const char *next;

		ask(&w, "GET", target, NULL, &a);
		for (const char *at = strstr(a.body, REF); at; at = strstr(at + 1, REF))
			told[strtoll(at + 7, NULL, 10) - GREADER_ID_BASE]++;
		next = strstr(a.body, "\"continuation\":\"");
		more = next != NULL;
		if (more)
			snprintf(target, sizeof(target), API "stream/items/ids?n=130&c=%.16s",
				next + 16);
		free_answer(&a);
		world_add_items(&w, 1, COUNT + 1 + 3 * pages, 3);
	}
	assert_int_equal(pages, (COUNT + PAGE - 1) / PAGE);
	for (int n = 1; n <= COUNT; n++)
		assert_int_equal(told[n], 1);
	world_close(&w);
}

/* Who has gone before the body was understood still meant what they said. */
static void test_stories_of_gone(void **state)
{
	static const char body[] = "i=" ID(1) "&a=" STATE "read";
	char request[500], password[SECRET_PASSWORD_BYTES];
	struct client c;
	struct world w;

	(void)state;
	fill(&w);
	let_in(&w, true, password);
	expect(&w, "POST", "/api/v1/stories/6/merge", "{\"stories\":[1,7]}", 200, NULL);
	snprintf(request, sizeof(request),
		"POST " API "edit-tag HTTP/1.1\r\nHost: x\r\nX-Auth-Token: %s\r\n"
		"Content-Length: %zu\r\n\r\n%s",
		password, sizeof(body) - 1, body);
	client_connect(&w, &c);
	client_send(&c, request);
	while (w.api->jobs == 0)
		uv_run(&w.f.loop.uv, UV_RUN_NOWAIT);
	conn_close(container_of(w.api->conns.next, struct conn, node));
	while (w.api->jobs > 0)
		turn(&c);
	client_close(&c);
	assert_int_equal(peek(w.f.path, "SELECT sum(read) FROM item WHERE id IN (1, 6, 7)"), 3);
	world_close(&w);
}

static void test_stories(void **state)
{
	char fields[100], password[SECRET_PASSWORD_BYTES];
	struct world w;

	(void)state;
	fill(&w);
	let_in(&w, true, password);
	snprintf(fields, sizeof(fields), "X-Auth-Token: %s\r\n", password);
	expect(&w, "POST", "/api/v1/stories/6/merge", "{\"stories\":[1,7]}", 200, NULL);
	expect(&w, "PATCH", "/api/v1/items/1", "{\"read\":true}", 200, NULL);
	/* one entry, with the id of the first, in its feed, unread as long as one of them is */
	say_with(&w, fields, "GET " API "stream/items/ids?n=20", "", 200, ID(1), ID(6));
	say_with(&w, fields, "GET " API "stream/items/ids?s=feed/2", "", 200, ID(8), ID(6));
	say_with(&w, fields, "GET " API "stream/items/ids?s=feed/1&xt=" STATE "read", "", 200,
		ID(1), ID(7));
	say_with(&w, fields, "GET " API "stream/contents?n=20", "", 200,
		"38d7ea4c68001\"|\"streamId\":\"feed/1\"|Also told by|guid-6", "38d7ea4c68006\"");
	say_with(&w, fields, "GET " API "stream/items/contents?i=" ID(7), "", 200,
		"38d7ea4c68001\"", "38d7ea4c68007\"");
	say_with(&w, fields, "GET " API "unread-count", "", 200,
		"{\"max\":8,|{\"id\":\"feed/1\",\"count\":5|{\"id\":\"feed/2\",\"count\":3|\"" LABEL
		"News\",\"count\":8",
		NULL);
	say_with(&w, fields, "GET /reader/atom/feed/1", "", 200, "38d7ea4c68001<|label=\"fresh\"",
		"label=\"read\"");
	/* marking it marks all of it */
	say_with(&w, fields, "POST " API "edit-tag", "i=" ID(1) "&a=" STATE "read&a=" LABEL "x",
		200, "OK", NULL);
	assert_int_equal(peek(w.f.path, "SELECT sum(read) FROM item WHERE id IN (1, 6, 7)"), 3);
	say_with(&w, fields, "GET " API "stream/items/ids?s=read", "", 200, ID(1), ID(6));
	say_with(&w, fields, "GET " API "stream/items/ids?s=" LABEL "x&xt=unread", "", 200, ID(1),
		ID(6));
	say_with(&w, fields, "GET " API "unread-count", "", 200,
		"{\"max\":7,|{\"id\":\"feed/1\",\"count\":4|\"" LABEL "x\",\"count\":0", NULL);
	say_with(&w, fields, "POST " API "edit-tag",
		"i=" ID(7) "&r=" STATE "read&a=" STATE "starred", 200, "OK", NULL);
	assert_int_equal(
		peek(w.f.path, "SELECT sum(read = 0 AND starred) FROM item WHERE id IN (1, 6, 7)"),
		3);
	say_with(&w, fields, "GET " API "stream/items/ids?s=starred", "", 200, ID(1), ID(6));
	say_with(&w, fields, "GET " API "stream/items/ids?xt=" STATE "starred", "", 200, ID(2),
		ID(1) "\"");
	say_with(&w, fields, "GET " API "tag/list", "", 200,
		"\"label\":\"x\",\"type\":\"tag\",\"sortid\":\"00000001\",\"unread_count\":1",
		NULL);
	say_with(&w, fields, "POST " API "mark-all-as-read", "s=" LABEL "x", 200, "OK", NULL);
	assert_int_equal(peek(w.f.path, "SELECT sum(read) FROM item WHERE id IN (1, 6, 7)"), 3);
	say_with(
		&w, fields, "POST " API "edit-tag", "i=" ID(1) "&r=" STATE "read", 200, "OK", NULL);
	/* a label of any report is one of the story */
	expect(&w, "PATCH", "/api/v1/items/7", "{\"labels\":{\"add\":[\"y\"]}}", 200, NULL);
	say_with(&w, fields, "GET " API "stream/items/ids?xt=" LABEL "y", "", 200, ID(2),
		ID(1) "\"");
	say_with(&w, fields, "GET " API "stream/contents?s=" LABEL "y", "", 200,
		LABEL "x\",\"" LABEL "y\"]", NULL);
	/* a feed has what it told first */
	say_with(&w, fields, "POST " API "mark-all-as-read", "s=feed/2", 200, "OK", NULL);
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM item WHERE read = 0"), 7);
	say_with(&w, fields, "POST " API "mark-all-as-read", "s=feed/1", 200, "OK", NULL);
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM item WHERE read = 0"), 0);
	/* who is shown items sees what was done to all of them */
	ids_are(&w, "s=starred", "7 6 1");
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edit),
		cmocka_unit_test(test_leave),
		cmocka_unit_test(test_quickadd),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_many_feeds),
		cmocka_unit_test(test_edit_tag),
		cmocka_unit_test(test_mark_all),
		cmocka_unit_test(test_large_batch),
		cmocka_unit_test(test_paging),
		cmocka_unit_test(test_stories),
		cmocka_unit_test(test_stories_of_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
