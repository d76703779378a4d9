/* Odd values of single elements and members: what the item that has them is printed as. Whole
 * documents are in tests/data/parse. */
#include "pieces.h"

#define ATOM03 "<feed version='0.3' xmlns='http://purl.org/atom/ns#'><entry>"
#define MODULES                                                                                    \
	" xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'"                               \
	" xmlns:media='http://search.yahoo.com/mrss/'"
#define RSS  "<rss version='2.0'" MODULES "><channel><item>"
#define JSON "{\"version\":\"https://jsonfeed.org/version/1.1\",\"items\":[{\"id\":\"1\","

struct row {
	const char *text, *want; /* a part of it, without white space */
};

/* base64: of ">>>???", with either alphabet; of a byte that is no UTF-8, of one with a NUL, and
 * what is none. */
static const struct row texts[] = {
	{ATOM03 "<content mode='base64'>Pj4+Pz8/</content>", "\"content\":\"&gt;&gt;&gt;???\""},
	{ATOM03 "<content mode='base64'>Pj4-\nPz8_==</content>", "\"content\":\"&gt;&gt;&gt;???\""},
	{ATOM03 "<content mode='base64'>/w==</content>", "\"content\":\"/w==\""},
	{ATOM03 "<content mode='base64'>AGE=</content>", "\"content\":\"AGE=\""},
	{ATOM03 "<content mode='base64'>a!b</content>", "\"content\":\"a!b\""},
	{ATOM03 "<content mode='base64'></content><id>1</id>", "\"id\":\"1\"}"},
	{"<feed version='0.3'><title>t</title></feed>", "\"format\":\"atom03\""},
	{"<feed version='7'><title>t</title></feed>", "\"format\":\"atom10\""},
	{"<feed version='1.0'><title>t</title></feed>", "\"format\":\"atom10\""},
	{"<feed xmlns='http://example.org/x'><title>t</title></feed>", "\"format\":\"atom10\""},
	{CHANNEL "<ttl>soon</ttl><title>t</title></channel></rss>",
		"\"encoding\":\"utf-8\",\"title\":\"t\","},
	{RSS "<pubDate>Sat, 14 Jan 2012</pubDate><pubDate>soon</pubDate>",
		"\"published\":\"2012-01-14T00:00:00Z\""},
	{RSS "<pubDate>" /* longer than any date */
	     "2012-01-14                                                                      "
	     "                                                                     </pubDate>",
		"\"published\":\"2012-01-14T00:00:00Z\""},
	{RSS "<pubDate>2012-01-14 (a comment that nobody reads, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa)</pubDate><guid>1</"
	     "guid>",
		"{\"id\":\"1\"}"},
};

static const struct row people[] = {
	/* what one says more than the other is kept */
	{RSS "<author>a@x.example</author><author>a@x.example (Ann)</author>",
		"\"authors\":[{\"name\":\"Ann\",\"email\":\"a@x.example\"}]"},
	{RSS "<author>A@x.example (Ann)</author><author>a@x.example</author>",
		"\"authors\":[{\"name\":\"Ann\",\"email\":\"A@x.example\"}]"},
	{RSS "<author>Ann</author><author>ann (a@x.example)</author>",
		"\"authors\":[{\"name\":\"Ann\",\"email\":\"a@x.example\"}]"},
	{RSS "<author>a@x.example (Ann)</author><author>b@x.example (Ann)</author>",
		"\"authors\":[{\"name\":\"Ann\",\"email\":\"a@x.example\"},"
		"{\"name\":\"Ann\",\"email\":\"b@x.example\"}]"},
	{RSS "<author>mailto:a@x.example &lt;Ann&gt;</author>",
		"\"authors\":[{\"name\":\"Ann\",\"email\":\"a@x.example\"}]"},
	{RSS "<author>Ann (at home)</author>", "\"authors\":[{\"name\":\"Ann(athome)\"}]"},
	{RSS "<author>@x</author>", "\"authors\":[{\"name\":\"@x\"}]"},
	{RSS "<author>x@</author>", "\"authors\":[{\"name\":\"x@\"}]"},
	{RSS "<author>http://x.example/@ann</author>",
		"\"authors\":[{\"name\":\"http://x.example/@ann\"}]"},
	{RSS "<author>()</author><guid>1</guid>", "\"authors\":[{\"name\":\"()\"}]"},
	{ATOM03 "<author><name>Ann</name><name>Bob</name><url>u</url></author>",
		"\"authors\":[{\"name\":\"Ann\",\"uri\":\"https://e.example/u\"}]"},
	{ATOM03 "<author><uri>u</uri></author>", "\"authors\":[{\"uri\":\"https://e.example/u\"}]"},
	{ATOM03 "<author></author><id>1</id>", "{\"id\":\"1\"}"},
};

static const struct row links[] = {
	{RSS "<itunes:link rel='image' href='/p'/>", "\"thumbnail\":\"https://e.example/p\""},
	{RSS "<itunes:link rel='self' href='/p'/><guid>1</guid>", "{\"id\":\"1\"}"},
	{RSS "<media:content url='/p' type='image/png'/>", "\"thumbnail\":\"https://e.example/p\""},
	{RSS "<media:content url='/p' type='text/plain'/><guid>1</guid>", "{\"id\":\"1\","},
	{RSS "<media:content url='/p.PNG?x#y'/>", "\"thumbnail\":\"https://e.example/p.PNG?x#y\""},
	{RSS "<media:content url='/p.numbers12'/><guid>1</guid>", "{\"id\":\"1\",\"ext"},
	{RSS "<media:content url='/p' medium='' type='image/png'/>",
		"\"thumbnail\":\"https://e.example/p\""},
	{RSS "<media:content medium='image'/><guid>1</guid>", "{\"id\":\"1\""},
	{RSS "<enclosure url='/a'/><enclosure url='/a' type='audio/x'/>",
		"\"enclosures\":[{\"url\":\"https://e.example/a\",\"type\":\"audio/x\"}]"},
	{RSS "<enclosure url='/a' type='audio/x'/><enclosure url='/a' type='audio/y'/>",
		"\"enclosures\":[{\"url\":\"https://e.example/a\",\"type\":\"audio/x\"}]"},
	{RSS "<enclosure xmlns:x='x' x:url='/a' url='/b'/>",
		"\"enclosures\":[{\"url\":\"https://e.example/b\"}]"},
	{RSS "<media:content url='/p.html'/><guid>1</guid>", "{\"id\":\"1\",\"ext"},
	{RSS "<enclosure type='audio/x'/><guid>1</guid>", "{\"id\":\"1\"}"},
	{ATOM03 "<link rel='' href='/a'/>", "\"link\":\"https://e.example/a\""},
	{ATOM03 "<link rel='1234567890123456789012345678901234567890123456789012345678901234' "
		"href='/a'/>",
		"\"link\":\"https://e.example/a\""},
	{ATOM03 "<link rel='replies' type='text/html' href='/a'/>",
		"\"comments\":\"https://e.example/a\""},
	{ATOM03 "<link rel='replies' type='application/atom+xml' href='/a'/><id>1</id>",
		"{\"id\":\"1\"}"},
	{ATOM03 "<link type='' href='/a'/>", "\"link\":\"https://e.example/a\""},
};

static const struct row members[] = {
	{JSON "\"date_published\":7,\"title\":7}]}", "{\"id\":\"1\",\"title\":\"7\"}"},
	{JSON "\"date_published\":\"\",\"title\":1.5}]}", "{\"id\":\"1\",\"title\":\"1.5\"}"},
	{JSON "\"url\":7,\"content_html\":7,\"content_text\":7,\"title\":[]}]}", "{\"id\":\"1\"}"},
	{JSON "\"url\":\"\",\"content_html\":\"\",\"content_text\":\"\"}]}", "{\"id\":\"1\"}"},
	{JSON "\"author\":\"Ann\",\"authors\":[\"\",{},{\"url\":\"u\"}]}]}",
		"\"authors\":[{\"uri\":\"https://e.example/u\"},{\"name\":\"Ann\"}]"},
	{JSON "\"tags\":\"one\"}]}", "\"categories\":[\"one\"]"},
	{JSON "\"attachments\":[{\"url\":\"a\",\"size_in_bytes\":-1}]}]}",
		"\"enclosures\":[{\"url\":\"https://e.example/a\"}]"},
	{JSON "\"attachments\":[{\"url\":\"a\",\"size_in_bytes\":1e300}]}]}",
		"\"enclosures\":[{\"url\":\"https://e.example/a\"}]"},
	{JSON "\"attachments\":[{\"url\":\"a\",\"size_in_bytes\":\"12\"}]}]}", "\"length\":12}]"},
	{JSON "\"attachments\":[{\"url\":\"a\",\"size_in_bytes\":\"\"}]}]}",
		"\"enclosures\":[{\"url\":\"https://e.example/a\"}]"},
	/* mended: what is no escape, lone surrogates, and pairs that are none */
	{JSON "\"title\":\"a\\qb\\u00e9\\uZZ\"},]}", "\"title\":\"aqb\xc3\xa9uZZ\""},
	{JSON "\"title\":\"\\ud800x\"}]}", "\"title\":\"\xef\xbf\xbdx\""},
	{JSON "\"title\":\"\\udc00\"}]}", "\"title\":\"\xef\xbf\xbd\""},
	{JSON "\"title\":\"\\ud83d\\ude00\"},]}", "\"title\":\"\xf0\x9f\x98\x80\""},
	{JSON "\"title\":\"\\ud800\\u0041 x\"}]}", "\"title\":\"\xef\xbf\xbd"
						   "Ax\""},
	{JSON "\"title\":\"\\ud800\\ue000 x\"}]}", "\"title\":\"\xef\xbf\xbd\xee\x80\x80x\""},
	{JSON "\"title\":\"\\ud800\\uqqqq x\"}]}", "\"title\":\"\xef\xbf\xbduqqqqx\""},
	{JSON "\"title\":\"\\ud800 another text\"}]}", "\"title\":\"\xef\xbf\xbd"
						       "anothertext\""},
};

static void strip_spaces(char *text)
{
	char *out = text;

	for (; *text; text++)
		if (*text != ' ' && *text != '\n')
			*out++ = *text;
	*out = '\0';
}

static const char *end_of(const char *text)
{
	if (strstr(text, "<entry>"))
		return "</entry></feed>";
	return strstr(text, "<item>") ? "</item></channel></rss>" : "";
}

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct parsed p;
		struct buf text, out;

		make(&text, rows[i].text, "", 0, end_of(rows[i].text));
		parse(&p, text.data, text.len);
		if (p.rc)
			fail_msg("%s: %s", rows[i].text, p.e.text);
		buf_init(&out, MB);
		parse_print(p.feed, &out);
		assert_int_equal(buf_status(&out), 0);
		buf_putc(&out, '\0');
		strip_spaces(out.data);
		if (!strstr(out.data, rows[i].want))
			fail_msg("%s\n gave %s\n want %s", rows[i].text, out.data, rows[i].want);
		buf_finish(&out);
		buf_finish(&text);
		arena_finish(&p.arena);
	}
}

#define CHECK(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

static void test_texts(void **state)
{
	(void)state;
	CHECK(texts);
}

static void test_people(void **state)
{
	(void)state;
	CHECK(people);
}

static void test_links(void **state)
{
	(void)state;
	CHECK(links);
}

static void test_members(void **state)
{
	(void)state;
	CHECK(members);
}

/* As many as the sentence has room for, each whole; and how many more there are. */
static void test_offers(void **state)
{
	static const char link[] = "<link rel=alternate type=application/rss+xml href=/";
	static const struct {
		int width; /* of the one address among the short ones that are told before it */
		const char *before, *text;
	} cases[] = {
		{300, "", "an HTML page; it offers a feed"},
		{2, "", "an HTML page; it offers https://e.example/00"},
		{300, "a", "an HTML page; it offers 2 feeds: https://e.example/a and 1 more"},
	};
	struct parsed p;
	struct buf text;

	(void)state;
	buf_init(&text, MB);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&text);
		buf_puts(&text, "<html>");
		if (*cases[i].before)
			buf_printf(&text, "%s%s>", link, cases[i].before);
		buf_printf(&text, "%s%0*d>", link, cases[i].width, 0);
		parse(&p, text.data, text.len);
		assert_string_equal(p.e.text, cases[i].text);
		arena_finish(&p.arena);
	}
	buf_reset(&text);
	buf_printf(&text, "<html>%s%0300d>%s%0300d>", link, 0, link, 1);
	parse(&p, text.data, text.len);
	assert_string_equal(p.e.text, "an HTML page; it offers 2 feeds");
	arena_finish(&p.arena);
	buf_reset(&text);
	buf_printf(&text, "<html>%sa>%s%0300d>%sb>", link, link, 0, link);
	parse(&p, text.data, text.len);
	assert_int_equal(p.rc, ERR_NOT_FEED);
	assert_string_equal(
		p.e.text, "an HTML page; it offers 3 feeds: https://e.example/a and 2 more");
	assert_int_equal(strlen(p.feed->offers->next->url), strlen("https://e.example/") + 300);
	buf_finish(&text);
	arena_finish(&p.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_people),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_offers),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
