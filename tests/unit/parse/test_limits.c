/* Limits on what is kept of a document (C6, C8, C10): what exceeds one is left out and named. */
#include <netinet/in.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "base/utf8.h"
#include "support/tmp.h"
#include "unit/parse/pieces.h"

static void test_gzip_bomb(void **state)
{
	struct buf plain, packed;
	struct parsed p;
	z_stream z = {0};

	(void)state;
	make(&plain, CHANNEL, "                ", FETCH_BODY_MAX / 16, "</channel></rss>");
	buf_init(&packed, MB);
	assert_int_equal(buf_reserve(&packed, MB - 1), 0);
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (Bytef *)plain.data;
	z.avail_in = (uInt)plain.len;
	z.next_out = (Bytef *)packed.data;
	z.avail_out = MB - 1;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	packed.len = z.total_out;
	deflateEnd(&z);
	buf_finish(&plain);
	parse(&p, packed.data, packed.len);
	assert_int_equal(p.rc, ERR_TOO_BIG);
	arena_finish(&p.arena);
	/* Cut, it gives what there is. */
	parse(&p, packed.data, 100);
	assert_true(p.rc == 0 ? !p.feed->complete : p.rc == ERR_PARSE);
	arena_finish(&p.arena);
	buf_finish(&packed);
}

static bool has_problem(const struct feed_content *feed, const char *text)
{
	for (const struct remark *p = feed->problems; p != NULL; p = p->next)
		if (strstr(p->text, text) != NULL)
			return true;
	return false;
}

static void test_items(void **state)
{
	struct buf text;
	struct parsed p;

	(void)state;
	make(&text, CHANNEL, "<item><title>t</title></item>", PARSE_ITEMS_MAX + 1000,
		"</channel></rss>");
	parse(&p, text.data, text.len);
	assert_int_equal(p.rc, 0);
	assert_int_equal(p.feed->item_count, PARSE_ITEMS_MAX);
	assert_true(has_problem(p.feed, "items beyond"));
	arena_finish(&p.arena);
	buf_finish(&text);
	make(&text, "{\"items\":[", "{\"id\":1},", PARSE_ITEMS_MAX + 1000, "{}]}");
	parse(&p, text.data, text.len);
	assert_int_equal(p.feed->item_count, PARSE_ITEMS_MAX);
	assert_true(has_problem(p.feed, "items beyond"));
	arena_finish(&p.arena);
	buf_finish(&text);
	make(&text, "{\"items\":[", "0,", PARSE_JSON_VALUES_MAX, "0]}");
	parse(&p, text.data, text.len);
	assert_int_equal(p.rc, ERR_TOO_BIG);
	arena_finish(&p.arena);
	buf_finish(&text);
}

/* Many small ones, and a large one behind a few. */
static void test_extensions(void **state)
{
	static const struct {
		const char *element;
		size_t count;
	} rows[] = {
		{"<podcast:person role='host'>A</podcast:person>", 100000},
		{"<slash:section>\"\"</slash:section>", 100000},
		{"<podcast:txt a='1' b='2' c='3' href='/x'>x</podcast:txt>", 20},
	};
	struct buf text;
	struct parsed p;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct item *item;

		make(&text, CHANNEL "<item><guid>1</guid>", rows[i].element, rows[i].count,
			"<podcast:txt>");
		for (int n = 0; n < PARSE_EXTENSION_BYTES_MAX; n++)
			buf_putc(&text, 'x');
		buf_puts(&text, "</podcast:txt></item></channel></rss>");
		parse(&p, text.data, text.len);
		assert_int_equal(p.rc, 0);
		item = p.feed->items;
		assert_string_equal(item->id, "1");
		assert_non_null(item->extensions);
		assert_true(strlen(item->extensions) < 4 * PARSE_EXTENSION_BYTES_MAX);
		assert_true(has_problem(p.feed, "extensions beyond"));
		arena_finish(&p.arena);
		buf_finish(&text);
	}
}

static void test_texts(void **state)
{
	struct buf text;
	struct parsed p;
	const struct item *item;

	(void)state;
	make(&text, CHANNEL "<item><guid>", "0123456789", PARSE_FIELD_MAX / 10 + 1,
		"</guid><title>\xC3\xA9");
	for (int i = 0; i < PARSE_FIELD_MAX; i++)
		buf_puts(&text, "\xC3\xA9");
	buf_puts(&text, "</title><link>http://e.example/");
	for (int i = 0; i < PARSE_FIELD_MAX; i++)
		buf_putc(&text, 'x');
	buf_puts(&text, "</link><description>");
	for (int i = 0; i < 700000; i++)
		buf_puts(&text, "d ");
	buf_puts(&text, "</description><content:encoded>");
	for (int i = 0; i < 700000; i++)
		buf_puts(&text, "c ");
	buf_puts(&text, "</content:encoded></item></channel></rss>");
	parse(&p, text.data, text.len);
	assert_int_equal(p.rc, 0);
	item = p.feed->items;
	assert_int_equal(strlen(item->id), PARSE_FIELD_MAX);
	assert_int_equal(strlen(item->title), PARSE_FIELD_MAX);
	assert_null(item->link);
	assert_true(strlen(item->summary) + (item->content != NULL ? strlen(item->content) : 0) <=
		    PARSE_ITEM_BYTES_MAX);
	assert_true(strlen(item->summary) > PARSE_ITEM_BYTES_MAX - 10);
	assert_true(has_problem(p.feed, "URL beyond the limit"));
	assert_true(has_problem(p.feed, "text was cut"));
	assert_true(has_problem(p.feed, "texts of an item were cut"));
	arena_finish(&p.arena);
	buf_finish(&text);
}

static size_t count_enclosures(const struct item *item)
{
	size_t n = 0;

	for (const struct enclosure *e = item->enclosures; e != NULL; e = e->next)
		n++;
	return n;
}

static void test_lists(void **state)
{
	struct buf text;
	struct parsed p;
	size_t n = 0;

	(void)state;
	make(&text, CHANNEL "<item>", "", 0, "");
	for (unsigned i = 0; i < 1000; i++)
		buf_printf(&text,
			"<enclosure "
			"url='http://e.example/%u'/><category>c%u</category><author>a%u</author>",
			i, i, i);
	buf_puts(&text, "</item></channel></rss>");
	parse(&p, text.data, text.len);
	assert_int_equal(p.rc, 0);
	assert_int_equal(count_enclosures(p.feed->items), PARSE_ENCLOSURES_MAX);
	assert_true(has_problem(p.feed, "enclosures beyond"));
	for (const struct category *c = p.feed->items->categories; c != NULL; c = c->next)
		n++;
	assert_int_equal(n, PARSE_CATEGORIES_MAX);
	n = 0;
	for (const struct person *a = p.feed->items->authors; a != NULL; a = a->next)
		n++;
	assert_int_equal(n, PARSE_PERSONS_MAX);
	arena_finish(&p.arena);
	buf_finish(&text);
}

/* What is too deep is left out, and what follows is read all the same. */
static void test_depth(void **state)
{
	struct buf text;
	struct parsed p;

	(void)state;
	make(&text, CHANNEL "<item><title>one</title><description>", "<i>", 1000, "deep");
	for (int i = 0; i < 1000; i++)
		buf_puts(&text, "</i>");
	buf_puts(&text, "</description></item><item><title>two</title></item></channel></rss>");
	parse(&p, text.data, text.len);
	assert_int_equal(p.rc, 0);
	assert_int_equal(p.feed->item_count, 2);
	assert_string_equal(p.feed->items->next->title, "two");
	assert_non_null(strstr(p.feed->items->summary, "deep"));
	assert_true(has_problem(p.feed, "nested too deeply"));
	assert_true(p.feed->complete);
	arena_finish(&p.arena);
	buf_finish(&text);
}

/* An item's attributes are counted over all its tags; the next item has its own. */
static void test_attributes(void **state)
{
	struct buf text;
	struct parsed p;
	const struct item *item;

	(void)state;
	make(&text, CHANNEL "<item><title>one</title><description>", "<i title='t' lang='l'>x</i>",
		PARSE_ITEM_ATTRIBUTES_MAX / 2,
		"<a href='http://e.example/lost'>kept</a></description>"
		"<enclosure url='http://e.example/lost'/></item>"
		"<item><enclosure url='http://e.example/two'/></item></channel></rss>");
	parse(&p, text.data, text.len);
	assert_int_equal(p.rc, 0);
	item = p.feed->items;
	assert_non_null(strstr(item->summary, "kept"));
	assert_null(strstr(item->summary, "lost"));
	assert_null(item->enclosures);
	assert_true(has_problem(p.feed, "attributes beyond"));
	assert_string_equal(item->next->enclosures->url, "http://e.example/two");
	arena_finish(&p.arena);
	buf_finish(&text);
}

/* C10: whatever the bytes, what is kept is UTF-8 without NUL, controls, surrogates and what is no
 * character. */
static void test_bytes(void **state)
{
	static const char *const bytes[] = {"\xC0\x80", "\xC1\xBF", "\xE0\x80\xAF", "\xE0\x9F\xBF",
		"\xF0\x80\x80\xAF", "\xF0\x8F\xBF\xBF", "\xF8\x88\x80\x80\x80",
		"\xFC\x84\x80\x80\x80\x80", "\xF4\x90\x80\x80", "\xF7\xBF\xBF\xBF", "\xED\xA0\x80",
		"\xED\xBF\xBF", "\xED\xA0\xBD\xED\xB8\x80", "\xEF\xBF\xBE", "\xEF\xBF\xBF",
		"\xEF\xB7\x90", "\xF0\x9F\xBF\xBE", "\xFE", "\xFF", "\x80", "\xBF", "\xC3",
		"\xE2\x82", "\xF0\x9F\x98", "\xC3(", "\x01", "\x1B[31m", "\x7F", "\x0B", "&#0;",
		"&#1;", "&#xFFFE;", "&#xFFFF;", "&#xD800;", "&#xDFFF;", "&#x110000;",
		"&#99999999999;", "&amp;#0;", "&amp;#x1B;", "&amp;#xD800;", "%00"};

	(void)state;
	for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
		struct buf text, out;
		struct parsed p;

		buf_init(&text, MB);
		buf_init(&out, MB);
		buf_printf(&text,
			"<?xml version='1.0' encoding='utf-8'?>" CHANNEL
			"<title>\xC3\xA9 %1$s</title><item><title>\xC3\xA9 %1$s</title>"
			"<guid>%1$s\xC3\xA9</guid><link>http://e.example/%1$s</link>"
			"<description>a %1$s b</description></item></channel></rss>",
			bytes[i]);
		parse(&p, text.data, text.len);
		assert_int_equal(p.rc, 0);
		assert_int_equal(p.feed->item_count, 1);
		parse_print(p.feed, &out);
		assert_true(utf8_valid(out.data, out.len));
		for (size_t k = 0; k < out.len; k++)
			assert_true((unsigned char)out.data[k] >= ' ' && out.data[k] != 0x7F);
		for (const char *s = strstr(out.data, "\\u"); s; s = strstr(s + 1, "\\u"))
			fail_msg("%s came through as %.6s", text.data, s);
		if (strstr(out.data, "\xEF\xBF\xBE") || strstr(out.data, "\xEF\xBF\xBF"))
			fail_msg("%s: a noncharacter came through", text.data);
		arena_finish(&p.arena);
		buf_finish(&out);
		buf_finish(&text);
	}
}

/* A document in which the URL stands for each "@". */
static void fill_in(struct buf *out, const char *document, const char *url)
{
	buf_init(out, MB);
	for (const char *s = document; *s; s++) {
		if (*s == '@')
			buf_puts(out, url);
		else
			buf_putc(out, *s);
	}
}

/* C6: nothing is opened and nobody is called, whatever a document refers to. */
static void test_external(void **state)
{
	static const char *const documents[] = {
		("<!DOCTYPE rss [<!ENTITY x SYSTEM '@'>]>" CHANNEL "<title>&x;</title>"),
		("<!DOCTYPE rss [<!ENTITY x PUBLIC 'p' '@'>]>" CHANNEL "<title>&x;</title>"),
		("<!DOCTYPE rss [<!ENTITY % p SYSTEM '@'> %p;]>" CHANNEL "<title>&x;</title>"),
		("<!DOCTYPE rss [<!ENTITY % p '<!ENTITY x SYSTEM \"@\">'> %p;]>" CHANNEL
		 "<title>&x;</title>"),
		("<!DOCTYPE rss SYSTEM '@'>" CHANNEL "<title>&x;</title>"),
		("<!DOCTYPE rss PUBLIC '-//N//' '@'>" CHANNEL "<title>t</title>"),
		("<!DOCTYPE rss [<!NOTATION n SYSTEM '@'><!ENTITY x SYSTEM '@' NDATA n>]>" CHANNEL
		 "<enclosure url='&x;'/>"),
		("<?xml-stylesheet href='@'?>" CHANNEL "<title>t</title>"),
		(CHANNEL "<x:include xmlns:x='http://www.w3.org/2001/XInclude' href='@' "
			 "parse='text'/>"),
		"<rss version='2.0' xmlns:i='http://www.w3.org/2001/XMLSchema-instance' "
		"i:schemaLocation='a @'><channel><title>t</title>",
		"<html><base href='@'><link rel=alternate type=application/rss+xml href=x>",
		"<!DOCTYPE opml [<!ENTITY x SYSTEM '@'>]><opml><outline text='&x;' xmlUrl='u'/>",
	};
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t address_len = sizeof(address);
	char url[400], event[4096], secret[300];
	struct tmp tmp;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0),
	    watch = inotify_init1(IN_NONBLOCK);

	(void)state;
	tmp_create(&tmp);
	snprintf(secret, sizeof(secret), "%s", tmp_path(&tmp, "secret"));
	fclose(fopen(secret, "w"));
	assert_true(inotify_add_watch(watch, secret, IN_OPEN | IN_ACCESS) >= 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 4), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &address_len), 0);
	for (size_t i = 0; i < 3 * sizeof(documents) / sizeof(documents[0]); i++) {
		struct buf text;

		if (i % 3 == 0)
			snprintf(
				url, sizeof(url), "http://127.0.0.1:%d/x", ntohs(address.sin_port));
		else
			snprintf(url, sizeof(url), "%s%s", i % 3 == 1 ? "file://" : "", secret);
		fill_in(&text, documents[i / 3], url);
		assert_int_not_equal(run_document(&text), ERR_NOMEM);
		assert_int_not_equal(run_list(&text), ERR_NOMEM);
		buf_finish(&text);
	}
	assert_int_equal(read(watch, event, sizeof(event)), -1);
	assert_int_equal(accept(listener, NULL, NULL), -1);
	/* That both would have been noticed. */
	fclose(fopen(secret, "r"));
	assert_true(read(watch, event, sizeof(event)) > 0);
	close(watch);
	close(listener);
	tmp_remove(&tmp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gzip_bomb),
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_external),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
