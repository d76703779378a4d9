/* The text of HTML, its references, and telling it from plain text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "parse/html.h"

enum { OUT_MAX = 1 << 20 };

struct row {
	const char *in;
	const char *out; /* NULL: as `in` */
};

static void test_text(void **state)
{
	static const struct row rows[] = {
		{"", NULL},
		{"  a \n b  ", "a b"},
		{"<p>one</p>\n<p>two</p>", "one\n\ntwo"},
		{"a<br>b<br/><br>c", "a\nb\nc"},
		{"<div>a</div><div>b</div>c", "a\nb\nc"},
		{"<ul><li>a</li> <li><b>b</b> c</ul>d", "- a\n- b c\nd"},
		{"x<b>y</b>z <i> w </i> .", "xyz w ."},
		{"<table><tr><td>1</td><td>2</td></tr><tr><td>3</table>", "1 2\n3"},
		{"&lt;b&gt; &amp;amp; &eacute;&nbsp;&#160;x\302\240y\302\251", "<b> &amp; é x y©"},
		{"a<script>b</script>c<style>d</style><title>e</title><svg><text>f</text></svg>",
			"ac"},
		{"<select><option>a</select><textarea>b &lt;</textarea>c", "b <c"},
		{"<pre>a\n  b\n\n\nc</pre>d", "a\n  b\n\nc\n\nd"},
		{"<h1>T</h1>text<hr>more", "T\n\ntext\nmore"},
		{"a\001b\177c&#7;d", "abcd"},
		{"a <!-- b --> c <unknown>d</unknown>", "a c d"},
		{"<li>a<li>b", "- a\n- b"},
		{"1 < 2 &unknown;", "1 < 2 &unknown;"},
		{"<p> </p><p>&nbsp;</p>x", "x"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out;

		buf_init(&out, OUT_MAX);
		html_text(rows[i].in, strlen(rows[i].in), &out);
		assert_int_equal(buf_status(&out), 0);
		assert_string_equal(buf_string(&out), rows[i].out ? rows[i].out : rows[i].in);
		buf_finish(&out);
	}
}

static void test_decode_entities(void **state)
{
	static const struct row rows[] = {
		{"a <b> c", NULL},
		{"&amp;lt;", "&lt;"},
		{"&lt;b&gt; &AMP; &quot;", "<b> & \""},
		{"AT&T R&D &nosuch;", NULL},
		{"&#8217;&rsquo;&#146;", "’’’"},
		{"&#55296;", "\357\277\275"},
		{"&", NULL},
		{"&# &#; &#x &#xg &#", NULL},
		{"&#65&#x42;&#X43", "ABC"},
		{"x & y", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out;

		buf_init(&out, OUT_MAX);
		html_decode_entities(rows[i].in, strlen(rows[i].in), &out);
		assert_string_equal(buf_string(&out), rows[i].out ? rows[i].out : rows[i].in);
		buf_finish(&out);
	}
}

static void test_entity(void **state)
{
	static const struct {
		const char *name;
		const char *text;
	} rows[] = {{"AElig", "Æ"}, {"zwnj", "\342\200\214"}, {"nbsp", "\302\240"}, {"amp", "&"},
		{"apos", "'"}, {"hellip", "…"}, {"thetasym", "ϑ"}, {"NewLine", "\n"},
		{"scaron", "š"}, {"Omega", "Ω"}, {"euro", "€"}, {"yuml", "ÿ"}, {"centerdot", "·"},
		{"nosuch", NULL}, {"", NULL}, {"nbs", NULL}, {"nbspx", NULL}, {"NBSP", NULL},
		{"averyverylongname", NULL}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *text = html_entity(rows[i].name, strlen(rows[i].name));

		if (!rows[i].text)
			assert_null(text);
		else
			assert_string_equal(text ? text : "(none)", rows[i].text);
	}
}

static void test_looks_like(void **state)
{
	static const struct {
		const char *text;
		int html;
	} rows[] = {{"plain", 0}, {"a < b", 0}, {"a <b", 0}, {"a <b>", 1}, {"x</p>", 1},
		{"<foo>", 0}, {"AT&T", 0}, {"R&amp;D", 1}, {"&#39;", 1}, {"<script src=x>", 1},
		{"<br/>", 1}, {"a <?>", 0}, {"1 <2> 3", 0}, {"<!-- x -->", 1}, {"", 0},
		{"<http://example.com/>", 0}, {"std::vector<int>", 0}, {"use <head> here", 0},
		{"<head lang=de>", 1}, {"<header>", 1}, {"&", 0}, {"a&b;c", 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (html_looks_like(rows[i].text, strlen(rows[i].text)) != rows[i].html)
			fail_msg("%s", rows[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_decode_entities),
		cmocka_unit_test(test_entity),
		cmocka_unit_test(test_looks_like),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
