/* The face of Google Reader: ids in every form, streams wherever they stand, lists and their
 * places, and who is let in. */
#include "unit/api/greader.h"

/* -- pure -- */

static void test_ids(void **state)
{
	static const struct {
		const char *text;
		int64_t id;
	} cases[] = {
		{"tag:google.com,2005:reader/item/00038d7ea4c68001", 1},
		{"tag:google.com,2005:reader/item/38d7ea4c68001", 1}, /* NetNewsWire did so once */
		{"tag:google.com,2005:reader/item/00038D7EA4C6800A", 10},
		{"00038d7ea4c68001", 1}, /* Reeder */
		{"1000000000000001", 1},
		{"1000002147483647", INT32_MAX},
		{"1000000000000000", 0},
		{"999999999999999", 0},
		{"-1000000000000001", 0},
		{"-1", 0},
		{"1", 0},
		{"0", 0},
		{"", 0},
		{"tag:google.com,2005:reader/item/", 0},
		{"tag:google.com,2005:reader/item/00038d7ea4c680011", 0},
		{"tag:google.com,2005:reader/item/x", 0},
		{"tag:google.com,2005:reader/item/ 38d7ea4c68001", 0},
		{"99999999999999999999", 0},
		{"10000000000000 1", 0},
	};
	char text[GREADER_ID_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (greader_parse_id(cases[i].text) != cases[i].id)
			fail_msg("%s: %lld", cases[i].text,
				(long long)greader_parse_id(cases[i].text));
	}
	assert_string_equal(greader_id(1, text), cases[0].text);
	assert_int_equal(greader_parse_id(greader_id(INT32_MAX, text)), INT32_MAX);
}

static void test_streams(void **state)
{
	static const struct {
		const char *text;
		enum stream_kind kind;
		const char *name;
	} cases[] = {
		{STATE "reading-list", STREAM_ALL, NULL},
		{"user/1234/state/com.google/read", STREAM_READ, NULL},
		{"user/ann/state/com.google/kept-unread", STREAM_UNREAD, NULL},
		{STATE "unread", STREAM_UNREAD, NULL},
		{"starred", STREAM_STARRED, NULL},
		{STATE "broadcast", STREAM_NONE, NULL},
		{"user/-/state/com.example/read", STREAM_NONE, NULL},
		{"user/-", STREAM_NONE, NULL},
		{"", STREAM_NONE, NULL},
		{"feed/7", STREAM_FEED, "7"},
		{"feed/feed/http://a.example/?a=1", STREAM_FEED, "http://a.example/?a=1"},
		{LABEL "A/B", STREAM_LABEL, "A/B"},
		{"user/x/label/starred", STREAM_LABEL, "starred"},
		{LABEL, STREAM_NONE, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stream stream = greader_stream(cases[i].text);

		if (stream.kind != cases[i].kind)
			fail_msg("%s: %d", cases[i].text, stream.kind);
		if (cases[i].name)
			assert_string_equal(stream.name, cases[i].name);
	}
}

static void test_lists(void **state)
{
	static const struct {
		const char *params, *ids;
	} cases[] = {
		{"", "10 9 8 7 6 5 4 3 2 1"},
		{"s=" STATE "reading-list&n=3", "10 9 8+"},
		{"s=" STATE "reading-list&n=3&c=1000000000000008", "7 6 5+"},
		{"s=" STATE "reading-list&n=3&c=" ID(3), "2 1"},
		{"n=3&r=o", "1 2 3+"},
		{"n=3&r=o&c=" ID(8), "9 10"},
		{"n=3&c=" ID(1), ""},
		{"n=0&c=", "10 9 8 7 6 5 4 3 2 1"},
		{"r=d&n=1&c=" ID(2), "1"},
		{"s=" STATE "read", "2"},
		{"s=" STATE "starred", "3"},
		{"s=" STATE "unread&n=200000&ck=1&client=x&T=", "10 9 8 7 6 5 4 3 1"},
		{"s=" STATE "broadcast", ""},
		{"it=" STATE "starred", "3"},
		{"it=" STATE "kept-unread&s=feed/1", "5 4 3 1"},
		{"it=" STATE "read&it=" STATE "starred", ""},
		{"it=" STATE "unread&it=" STATE "starred", "3"},
		{"xt=" STATE "read&s=feed/1", "5 4 3 1"},
		{"xt=" STATE "unread", "2"},
		{"xt=" STATE "unread&xt=" STATE "read", ""},
		{"xt=" STATE "starred&s=feed%2F1", "5 4 2 1"},
		{"xt=" STATE "starred&s=" STATE "starred", ""},
		{"xt=" STATE "read&s=" STATE "read", ""},
		{"xt=" STATE "reading-list", ""},
		{"xt=" STATE "like&s=feed/2", "10 9 8 7 6"},
		{"xt=feed/2", "5 4 3 2 1"},
		{"xt=feed/99", "10 9 8 7 6 5 4 3 2 1"},
		{"xt=" LABEL "News", ""},
		{"xt=" LABEL "to+keep&xt=feed/2&xt=" STATE "read", "5 3 1"},
		{"xt=" LABEL "Unfiled&s=feed/1", "5 4 3 2 1"},
		{"s=feed/2", "10 9 8 7 6"},
		{"s=feed/feed/2", "10 9 8 7 6"},
		{"s=feed/https://a.example/feed", "5 4 3 2 1"},
		{"s=feed%2Fhttps%3A%2F%2FA.example%2Ffeed", "5 4 3 2 1"},
		{"s=" LABEL "News", "10 9 8 7 6 5 4 3 2 1"},
		{"s=user/7/label/to%20keep", "4"},
		{"s=" LABEL "Unfiled", ""},
		/* received at NOW + 1000 times the id */
		{"ot=1795000009", "10 9"},
		{"nt=1795000003", "2 1"},
		{"ot=1795000004&nt=1795000006", "5 4"},
	};
	struct world w;

	(void)state;
	fill_more(&w);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ids_are(&w, cases[i].params, cases[i].ids);
	world_close(&w);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *line, *body;
		int status;
		const char *has;
	} cases[] = {
		{"GET " API "stream/items/ids?s=feed/99", "", 404,
			"there is no feed 99\n|text/plain"},
		{"GET " API "stream/items/ids?s=" LABEL "none", "", 404, "there is no such stream"},
		{"GET " API "stream/items/ids?s=feed/ftp://x", "", 404, "there is no such stream"},
		{"GET " API "stream/items/ids?c=x", "", 400, "not x"},
		{"GET " API "stream/items/ids?n=%ff", "", 400, "not UTF-8"},
		{"GET " API "stream/items/ids?xt=feed/1&xt=feed/1&xt=feed/1&xt=feed/1&xt=feed/1",
			"", 400, "at most 4 feeds"},
		{"GET " API "stream/contents/%ff", "", 400, "the stream in the path"},
		{"GET " API "nothing", "", 404, NULL},
		{"PUT " API "edit-tag", "", 405, "Allow: OPTIONS, POST"},
		{"POST " API "mark-all-as-read", "ts=1", 400, "s says which stream"},
		{"POST " API "mark-all-as-read", "s=feed/1&ts=x", 400, "ts must be a time"},
		{"POST " API "mark-all-as-read", "s=feed/99", 404, "there is no feed 99"},
		{"POST " API "mark-all-as-read", "s=" STATE "like", 404, "no such stream"},
		{"POST " API "subscription/edit", "s=feed/1", 400, "ac must be"},
		{"POST " API "subscription/edit", "ac=edit", 400, "s says which feed"},
		{"POST " API "subscription/edit", "ac=edit&s=feed/99", 400,
			"there is no such feed"},
		{"POST " API "subscription/edit", "ac=unsubscribe&s=" LABEL "News", 400,
			"there is no such feed"},
		{"POST " API "subscription/edit", "ac=subscribe&s=feed/file:///etc/passwd", 400,
			"http or https"},
		{"POST " API "rename-tag", "s=" LABEL "News", 400, "dest must be"},
		{"POST " API "rename-tag", "s=" LABEL "News&dest=" LABEL "Unfiled", 400,
			"take another name"},
		{"POST " API "rename-tag", "s=" LABEL "to+keep&dest=" LABEL N50 N50 N50 N50 "n",
			400, "a name may have 200 bytes"},
		{"POST " API "subscription/import", "file:///etc/passwd - - 0\n", 400,
			"nothing was added"},
		{"POST " API "rename-tag", "s=" LABEL "none&dest=" LABEL "x", 404,
			"no such stream"},
		{"POST " API "rename-tag", "s=" LABEL "Unfiled&dest=" LABEL "x", 404,
			"no such folder"},
		{"POST " API "disable-tag", "", 400, "s says which label"},
		{"POST " API "disable-tag", "s=" LABEL "none", 404, "no such stream"},
		{"POST /accounts/ClientLogin", "Email=ann", 400, "Email and Passwd are needed"},
	};
	struct world w;

	(void)state;
	fill_more(&w);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		say_with(&w, "", cases[i].line, cases[i].body, cases[i].status, cases[i].has, NULL);
	world_close(&w);
}

static void test_streams_in_targets(void **state)
{
	static const struct {
		const char *target, *has, *lacks;
	} cases[] = {
		{"stream/contents",
			"{\"id\":\"" STATE
			"reading-list\",\"title\":\"Reading list\"|00038d7ea4c6800a",
			NULL},
		{"stream/contents?s=feed/2",
			"{\"id\":\"feed/2\",\"title\":\"https://b.example/feed\"", "38d7ea4c68005"},
		{"stream/contents/feed%2F1", "{\"id\":\"feed/1\"|38d7ea4c68005", "38d7ea4c68006"},
		{"stream/contents/feed/1/?n=1", "38d7ea4c68005|\"continuation\":\"" ID(5) "\"}",
			"38d7ea4c68004"},
		{"stream/contents/feed/1?n=1&c=" ID(2), "38d7ea4c68001", "continuation"},
		{"stream/contents/feed/https%3A%2F%2Fa.example%2Ffeed", "{\"id\":\"feed/1\"", NULL},
		{"stream/contents/feed/https://a.example/feed", "{\"id\":\"feed/1\"", NULL},
		{"//stream/contents/reading-list", "Reading list", NULL},
		{"stream/contents/user%2F-%2Fstate%2Fcom.google%2Fstarred",
			"\"Starred\"|38d7ea4c68003", "38d7ea4c68004"},
		{"stream/contents/user/-/label/A%2FB%20%26+%C3%A9%25",
			"{\"id\":\"" LABEL "A/B &+\u00e9%\"|38d7ea4c68001", "38d7ea4c68006"},
		{"stream/contents/user/-/label/A/B%20%26%2B%C3%A9%25", "38d7ea4c68001",
			"38d7ea4c68006"},
		{"stream/contents?s=" LABEL "A/B+%26%2B%C3%A9%25", "38d7ea4c68001",
			"38d7ea4c68006"},
		{"stream/contents/user/-/state/com.google/like", "\"items\":[]", NULL},
		{"stream/items/contents?i=" ID(3) "&i=00038d7ea4c68001&i=" ID(3) "9&i=x",
			"{\"id\":\"" STATE "reading-list\"|38d7ea4c68003\"|38d7ea4c68001\"",
			"continuation"},
	};
	char target[300];
	struct answer a;
	struct world w;

	(void)state;
	fill_more(&w);
	expect(&w, "PATCH", "/api/v1/feeds/1", "{\"folder\":\"A/B &+\u00e9%\"}", 200, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(target, sizeof(target), API "%s", cases[i].target);
		get(&w, target, cases[i].has, cases[i].lacks);
	}
	get(&w, "/api/greader.php/reader/api/0/stream/items/ids?n=1", "1000000000000010", NULL);
	get(&w, "/greader/reader/api/0/stream/items/ids?n=1", "1000000000000010", NULL);
	post(&w, "stream/items/contents?output=json&n=200000", "i=" ID(3) "&T=", 200,
		"38d7ea4c68003\"");
	say_with(&w, "", "HEAD " API "stream/contents", "", 200, "Content-Length: ", NULL);
	ask(&w, "GET", API "stream/items/contents?i=" ID(3) "&i=" ID(1) "&i=" ID(3), NULL, &a);
	const char *last = strstr(a.body, "38d7ea4c68001\""); /* each once, as they came */
	assert_true(last && strstr(a.body, "38d7ea4c68003\"") < last);
	assert_null(strstr(last, "38d7ea4c68003\""));
	free_answer(&a);
	world_close(&w);
}

static void test_entries(void **state)
{
	struct world w;

	(void)state;
	fill_more(&w);
	change(&w, "UPDATE item SET title = 'Is <b> &amp; AT&T < 3 <3 &#38; c', author = '<i>A</i> "
		   "& B',"
		   " link = 'https://u:p@x.example/?a&b',"
		   " enclosures = '[{\"url\":\"https://x.example/a.mp3\",\"type\":\"audio/mpeg\","
		   "\"length\":7},{\"url\":\"https://x.example/b\"}]', read = 1, starred = 1 WHERE "
		   "id = ?");
	change(&w, "UPDATE item SET title = NULL, author = NULL WHERE id = ? + 1");
	change(&w, "UPDATE item SET title = '', link = NULL, published_ms = NULL, author = NULL "
		   "WHERE id = ? + 2");
	change(&w, "UPDATE item SET published_ms = -5000 WHERE id = ? + 3");
	change(&w, "UPDATE item SET published_ms = 9999999999999 WHERE id = ? + 4");
	change(&w, "UPDATE feed SET link = 'https://a.example/' WHERE id = ?");
	get(&w, API "stream/contents/feed/1",
		"{\"id\":\"tag:google.com,2005:reader/item/"
		"00038d7ea4c68001\",\"crawlTimeMsec\":\"1795000001000\","
		"\"timestampUsec\":\"1795000001000000\",\"published\":1795000000,\"updated\":"
		"1795000000,"
		"\"title\":\"Is \uff1cb> \uff06amp; AT&T < 3 <3 \uff06#38; "
		"c\",\"author\":\"\uff1ci>A\uff1c/i> & B\","
		"\"canonical\":[{\"href\":\"https://x.example/?a&b\"}],"
		"\"alternate\":[{\"href\":\"https://x.example/?a&b\",\"type\":\"text/html\"}],"
		"\"categories\":[\"" STATE "reading-list\",\"" STATE "read\",\"" STATE
		"starred\",\"" LABEL "News\"],"
		"\"origin\":{\"streamId\":\"feed/1\",\"title\":\"https://a.example/"
		"feed\",\"htmlUrl\":\"https://a.example/\"},"
		"\"summary\":{\"content\":\"<p>body &amp; soul</p>\"},"
		"\"enclosure\":[{\"href\":\"https://x.example/a.mp3\",\"type\":\"audio/"
		"mpeg\",\"length\":7},"
		"{\"href\":\"https://x.example/b\",\"type\":\"application/octet-stream\"}]}",
		"\"author\":null");
	get(&w, API "stream/items/contents?i=" ID(2), "\"title\":\"guid-2\",\"canonical\":", NULL);
	get(&w, API "stream/items/contents?i=" ID(3),
		"\"published\":1795000003,\"updated\":1795000003,\"title\":\"2026-11-18T11:06:"
		"43Z\","
		"\"canonical\":[{\"href\":\"\"}],\"alternate\":[{\"href\":\"\",\"type\":\"text/"
		"html\"}]",
		NULL);
	get(&w, API "stream/items/contents?i=" ID(4),
		"\"published\":0,|\"" LABEL "News\",\"" LABEL "to keep\"]", NULL);
	get(&w, API "stream/items/contents?i=" ID(5), "\"published\":2147483647,", NULL);
	world_close(&w);
}

static void test_atom(void **state)
{
	struct world w;

	(void)state;
	fill_more(&w);
	get(&w, "/reader/atom/feed%2F1?n=4",
		"application/atom+xml|<id>tag:google.com,2005:reader/item/00038d7ea4c68002</id>"
		"|<category term=\"" STATE
		"read\" scheme=\"http://www.google.com/reader/\" label=\"read\"/>"
		"|<category term=\"" STATE
		"starred\" scheme=\"http://www.google.com/reader/\" label=\"starred\"/>"
		"|label=\"fresh\"/>|<title>guid-5</title>|feed/1</id>",
		"38d7ea4c68001");
	get(&w, "/reader/atom/user/-/state/com.google/read", "label=\"read\"", "label=\"fresh\"");
	get(&w, "/reader/atom?n=1", "38d7ea4c6800a", "38d7ea4c68009");
	world_close(&w);
}

static void test_subscriptions(void **state)
{
	struct answer a;
	char fields[100];
	struct world w;

	(void)state;
	fill_more(&w);
	change(&w, "UPDATE feed SET title = 'B & <b>', link = 'https://b.example/', icon = "
		   "'https://b.example/i.png',"
		   " folder = NULL, url = 'https://u:secret@b.example/feed' WHERE id = 2 * ?");
	get(&w, API "subscription/list?output=json",
		"{\"subscriptions\":[{\"id\":\"feed/1\",\"title\":\"https://a.example/feed\","
		"\"categories\":[{\"id\":\"" LABEL
		"News\",\"label\":\"News\",\"type\":\"folder\"}],"
		"\"url\":\"https://a.example/"
		"feed\",\"htmlUrl\":\"\",\"iconUrl\":\"\",\"sortid\":\"00000001\","
		"\"firstitemmsec\":\"1795000000000\"},{\"id\":\"feed/2\",\"title\":\"B & "
		"\uff1cb>\","
		"\"categories\":[{\"id\":\"" LABEL
		"Unfiled\",\"label\":\"Unfiled\",\"type\":\"folder\"}],"
		"\"url\":\"https://b.example/feed\",\"htmlUrl\":\"https://b.example/\","
		"\"iconUrl\":\"https://b.example/i.png\"",
		"secret");
	get(&w, API "tag/list",
		"{\"tags\":[{\"id\":\"" STATE "starred\"},"
		"{\"id\":\"" LABEL
		"Unfiled\",\"label\":\"Unfiled\",\"type\":\"folder\",\"sortid\":\"00000000\","
		"\"unread_count\":5},{\"id\":\"" LABEL
		"News\",\"label\":\"News\",\"type\":\"folder\","
		"\"sortid\":\"00000001\",\"unread_count\":4},{\"id\":\"" LABEL
		"to keep\",\"label\":\"to keep\","
		"\"type\":\"tag\",\"sortid\":\"00000001\",\"unread_count\":1}]}",
		NULL);
	get(&w, API "unread-count?output=json",
		"{\"max\":9,\"unreadcounts\":[{\"id\":\"feed/"
		"1\",\"count\":4,\"newestItemTimestampUsec\":\"1795000005000000\"},"
		"{\"id\":\"feed/2\",\"count\":5,\"newestItemTimestampUsec\":\"1795000010000000\"},"
		"{\"id\":\"" LABEL
		"News\",\"count\":4,\"newestItemTimestampUsec\":\"1795000005000000\"},"
		"{\"id\":\"" LABEL "to keep\",\"count\":1,\"newestItemTimestampUsec\":\"0\"},"
		"{\"id\":\"" LABEL
		"Unfiled\",\"count\":5,\"newestItemTimestampUsec\":\"1795000010000000\"},"
		"{\"id\":\"" STATE
		"reading-list\",\"count\":9,\"newestItemTimestampUsec\":\"1795000010000000\"}]}",
		NULL);
	ids_are(&w, "s=" LABEL "Unfiled", "10 9 8 7 6");
	ids_are(&w, "xt=" LABEL "Unfiled", "5 4 3 2 1");
	ask(&w, "GET", API "subscription/list", NULL, &a);
	snprintf(fields, sizeof(fields), "If-None-Match: %.34s\r\n", strstr(a.head, "ETag: ") + 6);
	free_answer(&a);
	say_with(&w, fields, "GET " API "subscription/list", "", 304, NULL, "feed");
	/* a folder wins over a label of its name, and over ours */
	expect(&w, "PATCH", "/api/v1/feeds/2", "{\"folder\":\"to keep\"}", 200, NULL);
	expect(&w, "POST", "/api/v1/folders", "{\"name\":\"Unfiled\"}", 201, NULL);
	ids_are(&w, "s=" LABEL "to+keep", "10 9 8 7 6");
	ids_are(&w, "s=" LABEL "Unfiled", "");
	get(&w, API "tag/list", "\"label\":\"to keep\",\"type\":\"folder\"|\"label\":\"Unfiled\"",
		"\"type\":\"tag\"");
	get(&w, API "unread-count",
		"{\"id\":\"" LABEL "to keep\",\"count\":5|{\"id\":\"" LABEL "Unfiled\",\"count\":0",
		NULL);
	world_close(&w);
}

static void test_unfiled(void **state)
{
	struct world w;

	(void)state;
	fill_more(&w);
	change(&w, "UPDATE feed SET folder = NULL WHERE id = 2 * ?");
	/* ours is no label */
	expect(&w, "PATCH", "/api/v1/items/1", "{\"labels\":{\"add\":[\"Unfiled\"]}}", 200, NULL);
	ids_are(&w, "s=" LABEL "Unfiled", "10 9 8 7 6");
	get(&w, API "tag/list", "Unfiled\",\"type\":\"folder\"", "Unfiled\",\"type\":\"tag\"");
	get(&w, API "unread-count", LABEL "Unfiled\",\"count\":5", LABEL "Unfiled\",\"count\":1");
	get(&w, API "stream/items/contents?i=" ID(1), LABEL "News\"]", NULL);
	post(&w, "edit-tag", "i=" ID(2) "&a=" LABEL "Unfiled", 200, "OK");
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM item_label WHERE item = 2"), 0);
	/* what nobody wants, and is kept for a while, is there with its items */
	change(&w, "UPDATE feed SET owners = 0, detached_ms = ? WHERE id = 2");
	get(&w, API "subscription/list", "{\"id\":\"feed/2\",", NULL);
	get(&w, API "unread-count", "{\"id\":\"feed/2\",", NULL);
	world_close(&w);
}

static void test_login(void **state)
{
	char body[200], token[CREDENTIAL_TOKEN_BYTES], fields[500], password[SECRET_PASSWORD_BYTES];
	char parts[600];
	struct world w;

	(void)state;
	fill(&w);
	let_in(&w, false, password);
	snprintf(token, sizeof(token), "%s", w.api->access.known.rows[0].token);
	snprintf(body, sizeof(body), "Email=ann&Passwd=%s", password);
	snprintf(fields, sizeof(fields), "SID=%s\nLSID=null\nAuth=%s\n|text/plain", token, token);
	say_with(&w, "", "POST /accounts/ClientLogin", body, 200, fields, NULL);
	say_with(&w, "Content-Type: text/xml\r\n",
		"POST /api/greader.php/accounts/ClientLogin?service=reader", body, 200, fields,
		NULL);
	snprintf(parts, sizeof(parts),
		"--q\r\nContent-Disposition: form-data; name=\"Email\"\r\n\r\nann\r\n--q\r\n"
		"Content-Disposition: form-data; name=\"Passwd\"\r\n\r\n%s\r\n--q--\r\n",
		password);
	say_with(&w, "Content-Type: multipart/form-data; boundary=q\r\n",
		"POST /accounts/ClientLogin", parts, 200, fields, NULL);
	for (int n = 0; n < 2 * ACCESS_FREE_FAILURES; n++) /* what has been removed is no reason */
		say_with(&w, "Authorization: GoogleLogin auth=ann/stale\r\n",
			"POST /accounts/ClientLogin", body, 200, fields, NULL);
	say_with(&w, "Authorization: GoogleLogin auth=\r\n", "GET /version", "", 200, NULL, NULL);
	snprintf(parts, sizeof(parts), "GET /greader/accounts/ClientLogin?output=json&%s", body);
	snprintf(fields, sizeof(fields), "{\"SID\":\"%s\",\"LSID\":\"%.40s|\"Auth\":\"%s\"}", token,
		token, token);
	say_with(&w, "", parts, "", 200, fields, NULL);
	say_with(&w, "", "POST /accounts/ClientLogin", "Email=ann&Passwd=guess", 401,
		"Google-Bad-Token: true\r\n|X-Reader-Google-Bad-Token: true\r\n|text/plain", NULL);
	/* the token, as a field and as a parameter */
	snprintf(fields, sizeof(fields), "Authorization: GoogleLogin auth=%s\r\n", token);
	snprintf(parts, sizeof(parts), "\r\n\r\n|Content-Length: %zu\r\n|%s", strlen(token), token);
	say_with(&w, fields, "GET " API "token", "", 200, parts, "\n");
	say_with(&w, fields, "GET " API "user-info", "", 200,
		"{\"userId\":\"1\",\"userName\":\"ann\",\"userProfileId\":\"1\",\"userEmail\":"
		"\"ann@localhost\"}",
		NULL);
	say_with(&w, "", "GET " API "token", "", 200, "x", NULL);
	say_with(&w, "", "GET " API "user-info", "", 200, "\"userName\":\"tidings\"", NULL);
	snprintf(body, sizeof(body), "T=%s&i=" ID(1), token);
	say_with(&w, "", "POST " API "stream/items/contents", body, 200, "38d7ea4c68001", NULL);
	say_with(&w, "", "POST " API "stream/items/contents", "i=" ID(1) "&T=ann/0", 401,
		"Google-Bad-Token: true\r\n", NULL);
	say_with(&w, fields, "POST " API "edit-tag", "i=" ID(1) "&a=" STATE "read&T=stale", 200,
		"OK", NULL);
	world_close(&w);
}

/* Nobody is known yet when a body is looked at for a token. */
static void test_tokens_in_bodies(void **state)
{
	static const struct {
		const char *first, *middle, *last;
		int status;
	} cases[] = {
		{"", "", "", 200}, {"T=ann/0&", "", "", 401}, {"", "", "&T=ann/0", 401},
		{"", "&T=ann/0&", "", 200},   /* not there */
		{"", "", "&T=&T=ann/0", 200}, /* the first counts */
	};
	char filler[5001] = "", body[12000];
	struct world w;

	(void)state;
	fill(&w);
	for (size_t len = 0; len < sizeof(filler) - 1; len += 4)
		memcpy(filler + len, "i=1&", 4);
	filler[sizeof(filler) - 2] = '\0';
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(body, sizeof(body), "%s%s&%s&%s%s", cases[i].first, filler,
			cases[i].middle, filler, cases[i].last);
		say_with(&w, "", "POST " API "stream/items/contents", body, cases[i].status, NULL,
			NULL);
	}
	memset(w.api->access.slow, 0, sizeof(w.api->access.slow));
	memset(filler, 'a', ACCESS_FIELD_MAX + 1); /* longer than a token is */
	filler[ACCESS_FIELD_MAX + 1] = '\0';
	snprintf(body, sizeof(body), "T=%s&T=ann/0", filler);
	say_with(&w, "", "POST " API "stream/items/contents", body, 401, NULL, NULL);
	snprintf(body, sizeof(body), "T=%s&i=1", filler);
	say_with(&w, "", "POST " API "stream/items/contents", body, 200, NULL, NULL);
	world_close(&w);
}

static void test_open(void **state)
{
	struct world w;

	(void)state;
	fill(&w);
	get(&w, "/api/greader.php", "OK|text/plain|Content-Length: 2\r\n", NULL);
	get(&w, "/greader/", "OK", NULL);
	get(&w, "/check/compatibility", "PASS", NULL);
	get(&w, "/api/greader.php/check/compatibility", "PASS", NULL);
	say_with(&w, "", "GET /", "", 404, NULL, NULL);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_streams_in_targets),
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_atom),
		cmocka_unit_test(test_subscriptions),
		cmocka_unit_test(test_unfiled),
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_tokens_in_bodies),
		cmocka_unit_test(test_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
