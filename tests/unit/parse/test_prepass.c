/* The pass in front of libxml2: tables of what comes in and goes out, and that what goes out is
 * always XML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libxml/parser.h>

#include "base/buf.h"
#include "limits.h"
#include "parse/document.h"
#include "parse/prepass.h"
#include "parse/reference.h"
#include "parse/sniff.h"

enum { SOUP_ROUNDS = 3000, SOUP_PIECES = 30, SOUP_BYTES = 4096 };

static void silent(void *user, const char *format, ...)
{
	(void)user;
	(void)format;
}

/* Strictly, without recovery; namespaces do not count. */
static bool well_formed(const char *text, size_t len)
{
	xmlDoc *doc;

	xmlSetGenericErrorFunc(NULL, silent);
	doc = xmlReadMemory(text, (int)len, NULL, "UTF-8",
		XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	xmlFreeDoc(doc);
	return doc != NULL;
}

/* Everything that was handed on, in one piece. */
struct result {
	struct prepass p;
	struct buf text;
	char last;           /* of the markup */
	const char *longest; /* where the longest text stood */
	size_t longest_len;
};

static void take_markup(void *user, const char *xml, size_t len)
{
	struct result *r = user;

	assert_true(len <= 1 << 20);
	buf_append(&r->text, xml, len);
	r->last = xml[len - 1];
}

static void take_text(void *user, const char *text, size_t len)
{
	struct result *r = user;

	/* What the text belongs to must be known by now. */
	assert_int_equal(r->last, '>');
	if (len > r->longest_len) {
		r->longest = text;
		r->longest_len = len;
	}
	document_escape(&r->text, text, len, false);
}

static void run(struct result *r, const char *text, size_t len)
{
	*r = (struct result){.p = {.markup = take_markup, .text = take_text, .user = r}};
	buf_init(&r->text, 64 << 20);
	assert_int_equal(prepass_run(&r->p, text, len), 0);
	assert_int_equal(buf_status(&r->text), 0);
}

struct prepass_case {
	const char *in;
	const char *out; /* NULL: as it came */
	unsigned repairs;
};

static void check(const struct prepass_case *c)
{
	const char *want = c->out != NULL ? c->out : c->in;
	struct result r;

	run(&r, c->in, strlen(c->in));
	if (strcmp(buf_string(&r.text), want) != 0)
		fail_msg("%s\n gives %s\n  want %s", c->in, buf_string(&r.text), want);
	if (r.p.repairs != c->repairs)
		fail_msg("%s: repairs %x, want %x", c->in, r.p.repairs, c->repairs);
	if (!well_formed(r.text.data, r.text.len))
		fail_msg("%s is not well-formed: %s", c->in, r.text.data);
	buf_finish(&r.text);
}

static void check_rows(const struct prepass_case *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check(&rows[i]);
}

static void test_good(void **state)
{
	static const struct prepass_case rows[] = {
		{"<a/>", NULL, 0},
		{"<a />", NULL, 0},
		{"<a></a>", NULL, 0},
		{"<a:b xmlns:a='x' c=\"1\"\n d='2'><c>t &amp; "
		 "&lt;&gt;</c ></a:b>",
			NULL, 0},
		{"<a>&quot;&apos;&#65;&#x1F600;</a>", "<a>\"'A\xF0\x9F\x98\x80</a>", 0},
		{"<a><![CDATA[ < & ]] &nbsp; <b> ]]></a>",
			"<a> &lt; &amp; ]] &amp;nbsp; &lt;b&gt; </a>", 0},
		{"<a>x ' \" ] ]] </a>", NULL, 0},
		{"<a>\r\nx\r\ry\r<![CDATA[\r\nz\r]]></a>", "<a>\nx\n\ny\n\nz\n</a>", 0},
		/* White space stays in its place. */
		{"<a> <b> x </b>\n<b> </b> y <b/> </a>", NULL, 0},
		{"<a> <![CDATA[x]]> <![CDATA[ ]]>\t<b/></a>", "<a> x  \t<b/></a>", 0},
		{"<a> <!-- c --> y <?p?> <b/></a>", "<a>  y  <b/></a>", 0},
		{"<a b=\"x>y\" c='\"'/>", NULL, 0},
		{"<a><br></br><br/></a>", NULL, 0},
		/* What is no fault but not wanted either. */
		{"<a>x<!-- c -- <b> --->y<?p i?>z</a>", "<a>xyz</a>", 0},
		{"<a/>\n<!-- end --> <?p?>\n", "<a/>", 0},
	};

	(void)state;
	check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

static void test_references(void **state)
{
	static const struct prepass_case rows[] = {
		{"<a>R&D & &amp; &</a>", "<a>R&amp;D &amp; &amp; &amp;</a>", REPAIR_AMPERSAND},
		{"<a>&nbsp;&eacute;&bogus;</a>", "<a>\xC2\xA0\xC3\xA9&amp;bogus;</a>",
			REPAIR_ENTITY | REPAIR_AMPERSAND},
		{"<a>&LT;&AMP;</a>", "<a>&lt;&amp;</a>", REPAIR_ENTITY},
		{"<a b='x?c=1&d=2&copy=3'/>", "<a b='x?c=1&#38;d=2&#38;copy=3'/>",
			REPAIR_AMPERSAND},
		{"<a b='&#60 &LT; &#39 x'/>", "<a b='&#60; &#60; &#39; x'/>",
			REPAIR_NUMBER | REPAIR_ENTITY},
		{"<a b='&quot;&nbsp;'/>", "<a b='&quot;\xC2\xA0'/>", REPAIR_ENTITY},
		{"<a>&#128;&#150;</a>", "<a>\xE2\x82\xAC\xE2\x80\x93</a>", REPAIR_NUMBER},
		{"<a>&#55296;&#x110000;&#99999999999;</a>",
			"<a>\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD</a>", REPAIR_NUMBER},
		{"<a>&#0;&#1;&#11;&#129;</a>", "<a></a>", REPAIR_NUMBER},
		{"<a>&#13;&#10;&#9;</a>", "<a>\n\n\t</a>", REPAIR_NUMBER},
		{"<a>&#65 &#X41; &#; &#x; &#xg;</a>", "<a>A A &amp;#; &amp;#x; &amp;#xg;</a>",
			REPAIR_NUMBER | REPAIR_AMPERSAND},
		{"<a>&#38 &#60 &#34</a>", "<a>&amp; &lt; \"</a>", REPAIR_NUMBER},
		{"<a>&#226;&#128;&#166;</a>", "<a>\xE2\x80\xA6</a>", REPAIR_NUMBER},
		{"<a>&acirc;&#128;&brvbar;</a>", "<a>\xE2\x80\xA6</a>", REPAIR_NUMBER},
		{"<a>&#195;&#169;</a>", "<a>\xC3\x83\xC2\xA9</a>", 0},
		{"<a>&#226;&#128;</a>", "<a>\xC3\xA2\xE2\x82\xAC</a>", REPAIR_NUMBER},
		{"<a>x ]]> y</a>", "<a>x ]]&gt; y</a>", REPAIR_CDATA_END},
		{"<a>]]]>]]></a>", "<a>]]]&gt;]]&gt;</a>", REPAIR_CDATA_END},
	};

	(void)state;
	check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

static void test_tags(void **state)
{
	static const struct prepass_case rows[] = {
		{"<a>1 < 2 <3 <- <</a>", "<a>1 &lt; 2 &lt;3 &lt;- &lt;</a>", REPAIR_LESS},
		{"<a>x<y</a>", "<a>x&lt;y</a>", REPAIR_LESS},
		{"<a><!foo></a>", "<a>&lt;!foo&gt;</a>", REPAIR_LESS},
		{"<a b=1 c=x/y d></a>", "<a b=\"1\" c=\"x/y\" d=\"d\"></a>", REPAIR_TAG},
		{"<a b='1'c='2'/>", "<a b='1' c=\"2\"/>", REPAIR_TAG},
		{"<a b=\"x\"c='\"'/>", "<a b=\"x\" c='\"'/>", REPAIR_TAG},
		{"<a b=c&d/>", "<a b=\"c&#38;d\"/>", REPAIR_TAG | REPAIR_AMPERSAND},
		{"<a b='1' b='2' B='3'/>", "<a b='1' B='3'/>", REPAIR_TAG},
		{"<a 1='2' \"x\" = /y='z' <b></a>", "<a>&lt;a</a>", 0},
		{"<a b='x < y'/>", "<a b='x &lt; y'/>", REPAIR_LESS},
		{"<a><b c=\"unclosed>text</b></a>", "<a>&lt;b c=\"unclosed&gt;text</a>",
			REPAIR_LESS | REPAIR_NESTING},
		{"<a><b\xC3\xA9>x</b\xC3\xA9></a>", "<a>&lt;b\xC3\xA9&gt;x</a>",
			REPAIR_LESS | REPAIR_NESTING},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].repairs != 0)
			check(&rows[i]);
}

static void test_nesting(void **state)
{
	static const struct prepass_case rows[] = {
		{"<a><b>x</a>", "<a><b>x</b></a>", REPAIR_NESTING},
		{"<a>x</b></a>", "<a>x</a>", REPAIR_NESTING},
		{"<a><b><i>x</b></i></a>", "<a><b><i>x</i></b></a>", REPAIR_NESTING},
		{"<a><B>x</b></A>", "<a><B>x</B></a>", REPAIR_NESTING},
		{"<a><title>x</tilte><b/></a>", "<a><title>x</title><b/></a>", REPAIR_NESTING},
		{"<a>x<br>y<hr>z<img src='i'></a>", "<a>x<br/>y<hr/>z<img src='i'/></a>",
			REPAIR_NESTING},
		{"<a>x</></a>", "<a>x</a>", REPAIR_NESTING},
		{"<a><item>x<item>y</item></a>", "<a><item>x</item><item>y</item></a>",
			REPAIR_NESTING},
		{"<a><b>x</b y></a>", "<a><b>x</b></a>", REPAIR_NESTING},
		{"<a/>x", "<a/>", REPAIR_TRAILING},
		{"<a></a><b/>", "<a></a>", REPAIR_TRAILING},
	};

	(void)state;
	check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

static void test_truncated(void **state)
{
	static const struct prepass_case rows[] = {
		{"<a>", "<a></a>", REPAIR_TRUNCATED},
		{"<a><b>x", "<a><b>x</b></a>", REPAIR_TRUNCATED},
		{"<a><b c='d'", "<a><b c='d'></b></a>", REPAIR_TRUNCATED},
		{"<a>x<!-- never", "<a>x</a>", REPAIR_TRUNCATED},
		{"<a><![CDATA[x <", "<a>x &lt;</a>", REPAIR_TRUNCATED},
		{"<a><b>x</b", "<a><b>x</b></a>", REPAIR_NESTING | REPAIR_TRUNCATED},
		{"<a>x</a", "<a>x</a>", REPAIR_NESTING},
		{"<a>x<", "<a>x&lt;</a>", REPAIR_LESS | REPAIR_TRUNCATED},
	};

	(void)state;
	check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

/* "head", `count` times "piece", "tail"; free() it. */
static char *repeat(const char *head, const char *piece, size_t count, const char *tail)
{
	struct buf text;

	buf_init(&text, 64 << 20);
	buf_puts(&text, head);
	for (size_t i = 0; i < count; i++)
		buf_puts(&text, piece);
	buf_puts(&text, tail);
	assert_int_equal(buf_status(&text), 0);
	return buf_steal(&text, NULL);
}

static void check_limit(char *text, unsigned repairs, size_t most)
{
	struct result r;

	run(&r, text, strlen(text));
	assert_int_equal(r.p.repairs & ~(unsigned)REPAIR_TRUNCATED, repairs);
	assert_true(r.text.len <= most);
	assert_true(well_formed(r.text.data, r.text.len));
	buf_finish(&r.text);
	free(text);
}

static void test_limits(void **state)
{
	(void)state;
	check_limit(repeat("<a", " b", 10000, "/>"), REPAIR_TAG, 100);
	check_limit(repeat("<r>", "<a>", PARSE_DEPTH_MAX - 1, "x"), 0, 7 * PARSE_DEPTH_MAX + 16);
	check_limit(repeat("<r>", "<a>", 100000, "x"), REPAIR_DEPTH, 7 * PARSE_DEPTH_MAX + 16);
	check_limit(repeat("<r>", "<a></a>", 100000, "</r>"), 0, 700010);
	check_limit(repeat("<r><a b='", "0123456789", 10000, "' c='d'>x</a></r>"), REPAIR_TAG_LIMIT,
		40);
	check_limit(repeat("<r><a ", "          ", 10000, "c='d'>x</a></r>"), REPAIR_TAG_LIMIT,
		PARSE_TAG_MAX + 40);
}

/* A long text is handed on where it stands, whatever is mended before and after it. */
static void test_not_copied(void **state)
{
	char *text = repeat("<r>", "0123456789", 100000, "&</r>");
	struct result r;

	(void)state;
	run(&r, text, strlen(text));
	assert_ptr_equal(r.longest, text + 3);
	assert_int_equal(r.text.len, strlen(text) + 4);
	buf_finish(&r.text);
	free(text);
}

static void test_attribute_count(void **state)
{
	char *text = repeat("<r><a", " b00000='1'", 1000, " xmlns:z='z'>x</a></r>");
	struct result r;

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		char *digits = text + 5 + i * 11 + 2;

		for (size_t k = 0, n = i; k < 5; k++, n /= 10)
			digits[4 - k] = (char)('0' + n % 10);
	}
	run(&r, text, strlen(text));
	assert_int_equal(r.p.repairs, REPAIR_TAG_LIMIT);
	assert_int_equal(r.text.len, 5 + (size_t)PARSE_ATTRIBUTES_MAX * 11 + strlen(">x</a></r>"));
	assert_true(well_formed(r.text.data, r.text.len));
	buf_finish(&r.text);
	free(text);
}

/* Whatever it is made of: XML comes out. */
static void test_soup(void **state)
{
	static const char *const pieces[] = {"<", ">", "</", "/>", "a", "b", "<a>", "</a>",
		"<b c='", "'", "\"", "=", " ", "&", "&amp;", "&#", "1", ";", "&nbsp;", "<![CDATA[",
		"]]>", "<!--", "-->", "<?", "?>", "<!DOCTYPE x [", "]", "<br>", "<item>", "</item>",
		"<img s", "xmlns:q='u' ", "q:", "\xC3\xA9", "\n", "<a b=1 b=2", "!", "-", "x='<",
		"x=\"&"};
	uint32_t seed = 7;

	(void)state;
	for (int round = 0; round < SOUP_ROUNDS; round++) {
		char text[SOUP_BYTES] = "<r>";
		struct result r;

		for (int i = 0; i < SOUP_PIECES; i++) {
			seed = seed * 1664525u + 1013904223u;
			strncat(text, pieces[(seed >> 8) % (sizeof(pieces) / sizeof(pieces[0]))],
				32);
		}
		run(&r, text, strlen(text));
		if (!well_formed(r.text.data, r.text.len))
			fail_msg("%s\n gives what is no XML: %s", text, r.text.data);
		buf_finish(&r.text);
	}
}

static void test_root(void **state)
{
	static const struct {
		const char *text;
		enum root_kind kind;
		size_t at;
		bool junk, entities;
	} rows[] = {
		{"", ROOT_NONE, 0, false, false},
		{"text", ROOT_NONE, 0, false, false},
		{"<rss>", ROOT_RSS, 0, false, false},
		{"<?xml version='1.0'?><!-- <feed> --><RDF:RDF>", ROOT_RDF, 36, false, false},
		{" <?xml version='1.0'?><feed>", ROOT_ATOM, 22, true, false},
		{" <feed>", ROOT_ATOM, 1, false, false},
		{"junk <b>x</b><rss>", ROOT_RSS, 13, true, false},
		{"<!DOCTYPE rss [<!-- don't --><!ENTITY a \"]>\">]><rss>", ROOT_RSS, 47, false,
			true},
		{"<!doctype html><html>", ROOT_HTML, 15, false, false},
		{"<opml>", ROOT_OPML, 0, false, false},
		{"<div><p>", ROOT_OTHER, 0, true, false},
		{"<x:entry>", ROOT_ENTRY, 0, false, false},
		{"<CHANNEL>", ROOT_CHANNEL, 0, false, false},
		{"<!-- <rss>", ROOT_NONE, 0, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct root root;

		sniff_root(rows[i].text, strlen(rows[i].text), &root);
		if (root.kind != rows[i].kind || root.at != rows[i].at ||
			root.junk != rows[i].junk || root.entities != rows[i].entities)
			fail_msg("%s: kind %d at %zu, junk %d, entities %d", rows[i].text,
				(int)root.kind, root.at, root.junk, root.entities);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_not_copied),
		cmocka_unit_test(test_attribute_count),
		cmocka_unit_test(test_soup),
		cmocka_unit_test(test_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
