/* Cleaning HTML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/err.h"
#include "limits.h"
#include "parse/html.h"
#include "parse/html_parts.h"
#include "support/fault.h"
#include "support/html_check.h"

#define REL  " rel=\"noopener noreferrer\""
#define BASE "http://example.com/a/b.html"

enum { OUT_MAX = 64 << 20, SOUP_ROUNDS = 4000, SOUP_PIECES = 40, MEGABYTE = 1 << 20 };

struct row {
	const char *in;
	const char *out; /* NULL: as `in` */
};

/* What one cleaning gives; the caller frees it. */
static char *clean(const char *html, size_t len, const char *base, size_t *ret_len)
{
	struct arena scratch;
	struct buf out;

	arena_init(&scratch, OUT_MAX);
	buf_init(&out, OUT_MAX);
	html_clean(html, len, base, &scratch, &out);
	assert_int_equal(buf_status(&out), 0);
	arena_finish(&scratch);
	if (!out.data)
		buf_append(&out, "", 0);
	return out.data ? buf_steal(&out, ret_len) : (*ret_len = 0, strdup(""));
}

/* Cleans, and checks what must hold for any input. */
static char *clean_checked(const char *html, size_t len, const char *base)
{
	size_t once_len, twice_len, at;
	char *once = clean(html, len, base, &once_len);
	char *twice = clean(once, once_len, base, &twice_len);
	const char *wrong = html_check(once, once_len, &at);

	if (wrong)
		fail_msg("%s at %zu of %s\nfrom %.*s", wrong, at, once, (int)len, html);
	if (once_len != twice_len || memcmp(once, twice, once_len) != 0)
		fail_msg("not idempotent: %s\nthen %s\nfrom %.*s", once, twice, (int)len, html);
	free(twice);
	return once;
}

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *out = clean_checked(rows[i].in, strlen(rows[i].in), BASE);
		const char *want = rows[i].out ? rows[i].out : rows[i].in;

		if (strcmp(out, want) != 0)
			fail_msg("%s\n gave %s\n want %s", rows[i].in, out, want);
		free(out);
	}
}

#define CHECK(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

static void test_structure(void **state)
{
	static const struct row rows[] = {
		{"", NULL},
		{"plain text", NULL},
		{"<p>one</p><p>two</p>", NULL},
		{"<p>one<p>two", "<p>one</p><p>two</p>"},
		{"<p>a <b>b<p>c", "<p>a <b>b</b></p><p>c</p>"},
		{"<p>a<ul><li>b<li>c</ul>d", "<p>a</p><ul><li>b</li><li>c</li></ul>d"},
		{"<p><a href=\"http://x/\"><div>card</div></a> y</p>",
			"<p><a href=\"http://x/\"" REL "></a></p><a href=\"http://x/\"" REL
			"><div>card</div></a> y"},
		{"<p>a<b><a href=\"http://x/\">b<ul><li>c</ul>",
			"<p>a<b><a href=\"http://x/\"" REL ">b</a></b></p><a href=\"http://x/\"" REL
			"><ul><li>c</li></ul></a>"},
		{"<p><i>a<div>b", "<p><i>a</i></p><div>b</div>"},
		{"<p>a<li>b", "<p>a</p><li>b</li>"},
		{"<h1><b><p>a<h2>b", "<h1><b><p>a</p><h2>b</h2></b></h1>"},
		{"<p>a<h2>b<h3>c</h2>d", "<p>a</p><h2>b</h2><h3>c</h3>d"},
		{"<b><i>x</b>y</i>", "<b><i>x</i></b>y"},
		{"</p>a</div></b>", "a"},
		{"<ul><li>a<ul><li>b</ul><li>c</ul>",
			"<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>"},
		{"<ul><li><div><p>a<li>b</ul>", "<ul><li><div><p>a</p></div></li><li>b</li></ul>"},
		{"<ul><li><blockquote><li>x</blockquote></ul>",
			"<ul><li><blockquote><li>x</li></blockquote></li></ul>"},
		{"<dl><dt>a<dd>b<dt>c</dl>", "<dl><dt>a</dt><dd>b</dd><dt>c</dt></dl>"},
		{"<a href=x>1<a href=y>2</a>",
			"<a href=\"http://example.com/a/x\"" REL
			">1</a><a href=\"http://example.com/a/y\"" REL ">2</a>"},
		{"<br>a<br/>b<BR />c</br>d<hr/><wbr>", "<br>a<br>b<br>c<br>d<hr><wbr>"},
		{"<i/>not italic<p/>x", "<i></i>not italic<p></p>x"},
		{"<ruby>a<rt>b<rp>c</ruby>", "<ruby>a<rt>b</rt><rp>c</rp></ruby>"},
		{"<details open><summary>s</summary>t</details>", NULL},
		{"<center><big><tt>x</tt></big></center>", NULL},
		{"<unknown a=b>x</unknown><o:p>y</o:p><font color=red>z</font>", "xyz"},
		{"<form action=x><input name=q><button>go</button></form>", "go"},
		{"<html><head><title>t</title><meta charset=x></head><body>b</body></html>", "b"},
		{"<noscript><p>kept</p></noscript>", "<p>kept</p>"},
		{"<object data=x><p>fallback</p></object>", "<p>fallback</p>"},
		{"<DIV><P>Upper</P></DIV>", "<div><p>Upper</p></div>"},
		{"<picture><source srcset=\"http://x/a.webp\" type=\"image/webp\"><img "
		 "src=\"http://x/a.png\"></picture>",
			NULL},
		{"<pre>\n a  b\n</pre>", NULL},
		{"a\r\nb\rc", "a\nb\nc"},
		{"a\fb", "a b"},
	};

	(void)state;
	CHECK(rows);
}

static void test_tables(void **state)
{
	static const struct row rows[] = {
		{"<table><td>1<td>2<tr><td>3</table>",
			"<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>"},
		{"<table>a<b>b</b> <tr>c<td>d</td> e<tbody>f</table>",
			"<table><tr><td>a<b>b</b> </td></tr><tr><td>c</td><td>d</td><td> e</td></"
			"tr><tbody><tr><td>f</td></tr></tbody></table>"},
		{"<table><tr><td>a<table>b<tr><table>c</table>d</table>",
			"<table><tr><td>a<table><tr><td>b</td></tr><tr></tr></"
			"table><table><tr><td>c</td>"
			"</tr></table>d</td></tr></table>"},
		{"<table><colgroup>a<col><caption>b<i>c<col>d</table>",
			"<table><colgroup></colgroup><tr><td>a</td></tr><col><caption>b<i>c</i></"
			"caption><col><tr><td>d</td></tr></table>"},
		{"<table> <tr> <td>x</td> </tr> </table>", NULL},
		{"<table><caption>c<thead><tr><th>a<th>b<tbody><tr><td>1<tfoot><tr><td>2</table>",
			"<table><caption>c</caption><thead><tr><th>a</th><th>b</th></tr></"
			"thead><tbody><tr><td>1</td></"
			"tr></tbody><tfoot><tr><td>2</td></tr></tfoot></table>"},
		{"<table><tr><td><table><tr><td>in</table>out</table>",
			"<table><tr><td><table><tr><td>in</td></tr></table>out</td></tr></table>"},
		{"<div><table><tr><td>a</div>b</table>c",
			"<div><table><tr><td>ab</td></tr></table>c</div>"},
		{"<table><tr><td><b>a</td><td>c</b></table>",
			"<table><tr><td><b>a</b></td><td>c</td></tr></table>"},
		{"<td>outside</td><tr><tbody>", "outside"},
		{"<table></tr></td><tr><td>x</table>", "<table><tr><td>x</td></tr></table>"},
	};

	(void)state;
	CHECK(rows);
}

static void test_text_and_references(void **state)
{
	static const struct row rows[] = {
		{"a & b && c &amp; d", "a &amp; b &amp;&amp; c &amp; d"},
		{"&amp;amp; &amp;lt;b&amp;gt;", NULL},
		{"&lt;script&gt;", NULL},
		{"1 < 2 <3 > 0", "1 &lt; 2 &lt;3 &gt; 0"},
		{"&eacute;&#233;&#xE9;&#XE9;&eacute", "ééééé"},
		{"&ampx &notit; &copy2", "&amp;x ¬it; ©2"},
		{"&nbsp;|&hellip;|&euro;|&#8217;", "\302\240|…|€|’"},
		{"&#128;&#x93;x&#148;", "€“x”"},
		{"&#0;&#55296;&#x110000;&#99999999999999999999;&#xFFFE;",
			"\357\277\275\357\277\275\357\277\275\357\277\275\357\277\275"},
		{"&#1;&#8;&#127;&#x1F;&#129;", ""},
		{"a&#13;&#10;b&#9;c", "a \nb\tc"},
		{"&unknown; &; &# &#x; &#xg;", "&amp;unknown; &amp;; &amp;# &amp;#x; &amp;#xg;"},
		{"a\001b\013c\177d\033e", "abcde"},
		{"&<i>amp;</i>", "&amp;<i>amp;</i>"},
		{"\"quoted\" 'single'", NULL},
		{"Привет 日本 🙂", NULL},
		{"a <", "a &lt;"},
		{"a </", "a &lt;/"},
		{"a <b", "a "},
		{"a <b c=\"d", "a "},
		{"x</>y</ z>w<?php a > b ?>v<!doctype html>u", "xyw b ?&gt;vu"},
		{"a<!-- <b> -->b<!-->c--><!--->d--><!--e--!>f<!---->g<!--h", "abc--&gt;d--&gt;fg"},
		{"a<![CDATA[b]]>c", "ac"},
		{"a <!' <b>b</b> <! c> <!>", "a &lt;!' <b>b</b> &lt;! c&gt; "},
		{"a <!DOCTYPE <b", "a &lt;!DOCTYPE "},
		{"a <? b </ c", "a &lt;? b &lt;/ c"},
	};

	(void)state;
	CHECK(rows);
}

static void test_attributes(void **state)
{
	static const struct row rows[] = {
		{"<p title=a title=b TITLE=c>x</p>", "<p title=\"a\">x</p>"},
		{"<p title='a \"b\" <c> &amp; d'>x</p>",
			"<p title=\"a &quot;b&quot; &lt;c&gt; &amp; d\">x</p>"},
		{"<p style=x class=y id=z onclick=w data-a=b>x</p>", "<p>x</p>"},
		{"<p title = \"a\"lang=de/dir=RTL align=\"CENTER\">x</p>",
			"<p align=\"CENTER\" title=\"a\" lang=\"de/dir=RTL\">x</p>"},
		{"<p dir=RTL lang=de>x</p>", "<p lang=\"de\" dir=\"RTL\">x</p>"},
		{"<p =title=x title=y>x</p>", "<p title=\"y\">x</p>"},
		{"<p/title=x/>y", "<p title=\"x/\">y</p>"},
		{"<p a=1 / title=x / >y", "<p title=\"x\">y</p>"},
		{"<p title=>x", "<p title=\"\">x</p>"},
		{"<p title=\"&copy=1&copy;&ampx&amp;x\">",
			"<p title=\"&amp;copy=1©&amp;ampx&amp;x\"></p>"},
		{"<table border=1px cellpadding=\" 2\" width=100% height=x><tr><td colspan=-1 "
		 "rowspan=9999999 "
		 "scope=ROW>x</table>",
			"<table width=\"100%\" height=\"x\" border=\"1px\" cellpadding=\" "
			"2\"><tr><td "
			"colspan=\"-1\" rowspan=\"9999999\" scope=\"ROW\">x</td></tr></table>"},
		{"<ol start=3 reversed=reversed type=a><li value=7>x</ol>",
			"<ol type=\"a\" start=\"3\" reversed><li value=\"7\">x</li></ol>"},
		{"<time datetime=\"2018-01-23\">x</time>", NULL},
		{"<blockquote cite=q.html>x</blockquote>",
			"<blockquote cite=\"http://example.com/a/q.html\">x</blockquote>"},
		{"<audio src=a.mp3 autoplay onplay=x></audio>",
			"<audio src=\"http://example.com/a/a.mp3\" controls></audio>"},
		{"<video poster=p.jpg width=1><source src=v.webm type=\"video/webm\"><track "
		 "kind=Captions srclang=de "
		 "src=s.vtt default></video>",
			"<video poster=\"http://example.com/a/p.jpg\" width=\"1\" controls><source "
			"src=\"http://example.com/a/v.webm\" type=\"video/webm\"><track "
			"src=\"http://example.com/a/s.vtt\" kind=\"Captions\" srclang=\"de\" "
			"default></video>"},
		{"<br title=x clear=all>", "<br>"},
	};

	(void)state;
	CHECK(rows);
}

static void test_links(void **state)
{
	static const struct row rows[] = {
		{"<a href=\"http://x/?a=1&b=2&amp;c=3\">l</a>",
			"<a href=\"http://x/?a=1&amp;b=2&amp;c=3\"" REL ">l</a>"},
		{"<a href=' c.html '>l</a>",
			"<a href=\"http://example.com/a/c.html\"" REL ">l</a>"},
		{"<a href='../c d.html?q#f'>l</a>",
			"<a href=\"http://example.com/c%20d.html?q#f\"" REL ">l</a>"},
		{"<a href=//host/x>l</a>", "<a href=\"http://host/x\"" REL ">l</a>"},
		{"<a href=\"ht\ntp://x/\ty\">l</a>", "<a href=\"http://x/y\"" REL ">l</a>"},
		{"<a href=mailto:a@b.example>l</a>", "<a href=\"mailto:a@b.example\"" REL ">l</a>"},
		{"<a href=\"tel:+49\" rel=opener target=_top ping=x>l</a>",
			"<a href=\"tel:+49\"" REL ">l</a>"},
		{"<a href=\"magnet:?xt=urn:x\">l</a>", "<a href=\"magnet:?xt=urn:x\"" REL ">l</a>"},
		{"<a href=\"HTTPS://X/\">l</a>", "<a href=\"HTTPS://X/\"" REL ">l</a>"},
		{"<a href=\"\">l</a><a href=' \n'>m</a>", "<a>l</a><a>m</a>"},
		{"<a name=x>l</a>", "<a>l</a>"},
		{"<img src=y.png alt=\"a&quot;b\">",
			"<img src=\"http://example.com/a/y.png\" alt=\"a&quot;b\">"},
		{"<img src=mailto:x>", ""},
		{"<img>", ""},
		{"<img alt=x>", ""},
		{"a<img src=x width=1 height=1>b<img src=x height=\"0\" width=\" 1px\">c", "abc"},
		{"a<img src=x width=&#49; height=\"\0341\">b<img src=x width=0px height='1 '>c",
			"abc"},
		{"<img src=x width=1 height=100>",
			"<img src=\"http://example.com/a/x\" width=\"1\" height=\"100\">"},
		{"<img src=\"data:image/gif;base64,R0lGODlhAQ==\">", NULL},
		{"<img src=\"DATA:image/PNG;base64,AAAA\">", NULL},
		{"<img src=\"data:image/svg+xml;base64,AAAA\">", ""},
		{"<img src=\"data:image/png,AAAA\">", ""},
		{"<img src=\"data:image/png;base64,AA&quot;A\">", ""},
		{"<img src=\"data:text/html;base64,AAAA\">", ""},
		{"<a href=\"data:image/png;base64,AAAA\">x</a>", "<a>x</a>"},
		{"<video src=\"data:image/png;base64,AAAA\">x</video>",
			"<video src=\"data:image/png;base64,AAAA\" controls>x</video>"},
		{"<img src=\"data:image/gif;base64,AAAA\" data-src=\"real.jpg\">",
			"<img src=\"http://example.com/a/real.jpg\">"},
		{"<img data-lazy-src=real.jpg>", "<img src=\"http://example.com/a/real.jpg\">"},
		{"<img src=a.jpg data-src=b.jpg>", "<img src=\"http://example.com/a/a.jpg\">"},
		{"<img srcset=\"a.png 1x, b.png 2x,c.png\">",
			"<img srcset=\"http://example.com/a/a.png 1x, http://example.com/a/b.png "
			"2x, "
			"http://example.com/a/c.png\">"},
		{"<img srcset=\",, a,b.png,640w  , javascript:x 1x, d.png 1q, e.png 1.5x\">",
			"<img srcset=\"http://example.com/a/a,b.png,640w, "
			"http://example.com/a/e.png 1.5x\">"},
		{"a<img src=\"//feeds.feedburner.com/~r/x/1\">b<img "
		 "src=https://pixel.wp.com/b.gif>c",
			"abc"},
		{"a<iframe src=\"https://www.youtube.com/embed/x?a&amp;b\"></iframe>b",
			"a<a href=\"https://www.youtube.com/embed/x?a&amp;b\"" REL
			">https://www.youtube.com/embed/x?a&amp;b</a>b"},
		{"<a href=y>a<iframe src=//player.vimeo.com/video/1 />b",
			"<a href=\"http://example.com/a/y\"" REL
			">a</a><a href=\"http://player.vimeo.com/video/1\"" REL
			">http://player.vimeo.com/video/1</a>b"},
		{"a<iframe src=http://ads.example/embed/>b</iframe><iframe "
		 "src=javascript:x></iframe>c",
			"ac"},
		{"<img src=x srcset=\"a,\001 1x, \001,b 2x\">",
			"<img src=\"http://example.com/a/x\" srcset=\"http://example.com/a/,b "
			"2x\">"},
		{"<img src=x srcset=javascript:x>", "<img src=\"http://example.com/a/x\">"},
	};

	(void)state;
	CHECK(rows);
}

static void test_no_base(void **state)
{
	char *out = clean_checked("<a href=x>l</a><img src=//h/i>", 30, NULL);

	(void)state;
	assert_string_equal(out, "<a href=\"x\"" REL ">l</a><img src=\"//h/i\">");
	free(out);
}

/* What people have tried on other cleaners: the text of each may stay, nothing else. */
static const struct row attacks[] = {
	{"a<script>alert(1)</script>b", "ab"},
	{"a<SCRIPT SRC=//x/x.js></SCRIPT >b", "ab"},
	{"a<script/src=x>b", "a"},
	{"a<script src=x/>b", "a"},
	{"a<script src=\"x\" />b", "ab"},
	{"a<scr<script>ipt>b</script>c", "aipt&gt;bc"},
	{"<<script>a</script>b", "&lt;b"},
	{"<script>a</scriptx>b</script\t>c", "c"},
	{"<script><!--<script></script>--></script>x", "--&gt;x"},
	{"<style>@import 'x'</style>y<link rel=stylesheet href=x>", "y"},
	{"<img src=x onerror=alert(1)>", "<img src=\"http://example.com/a/x\">"},
	{"<img/src=\"x\"/onerror=alert(1)>", "<img src=\"http://example.com/a/x\">"},
	{"<img src='x'onerror='alert(1)'>", "<img src=\"http://example.com/a/x\">"},
	{"<img src=x`onerror=alert(1)`>", "<img src=\"http://example.com/a/x`onerror=alert(1)`\">"},
	{"<img \"\"\"><script>alert(1)</script>\">", "\"&gt;"},
	{"<img src=x:x onerror=a>", ""},
	{"<body onload=alert(1)>x", "x"},
	{"<svg onload=alert(1)>x</svg>y", "y"},
	{"<svg/onload=alert(1)>x", "x"},
	{"<svg><script>alert(1)</script></svg>y", "y"},
	{"<svg><style><img src=x onerror=a></style></svg>y", "y"},
	{"<svg></p><style><a title=\"</style><img src=x onerror=a>\"></svg>", ""},
	{"<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 "
	 "onerror=a&gt;\">",
		"<table><tr><td></td></tr></table>"},
	{"<form><math><mtext></form><form><mglyph><style></math><img src onerror=a>", ""},
	{"<noscript><p title=\"</noscript><img src=x onerror=a>\">y",
		"<p title=\"&lt;/noscript&gt;&lt;img src=x onerror=a&gt;\">y</p>"},
	{"<textarea><p title=\"</textarea><img src=x onerror=a>\">y",
		"&lt;p title=\"<img src=\"http://example.com/a/x\">\"&gt;y"},
	{"<title><p title=\"</title><script>x</script>\">y", "\"&gt;y"},
	{"<xmp><p title=\"</xmp><svg/onload=a>\">y", "&lt;p title=\"\"&gt;y"},
	{"<plaintext><script>a</script>", "&lt;script&gt;a&lt;/script&gt;"},
	{"<iframe src=javascript:a></iframe><iframe srcdoc=\"<b>\">x</iframe>y", "y"},
	{"<noembed><img title=\"</noembed><b>x</b>\">", "<b>x</b>\"&gt;"},
	{"<template><script>a</script></template>y", "y"},
	{"<!--><script>a</script>-->b", "--&gt;b"},
	{"<!--[if IE]><script>a</script><![endif]-->b", "b"},
	{"<![CDATA[<script>a</script>]]>b", "a]]&gt;b"},
	{"<?xml <script>a</script>?>b", "a?&gt;b"},
	{"<a href=javascript:a>x</a>", "<a>x</a>"},
	{"<a href=JaVaScRiPt:a>x</a>", "<a>x</a>"},
	{"<a href=\" \001\t javascript:a\">x</a>", "<a>x</a>"},
	{"<a href=\"java\nscript\t:a\">x</a>", "<a>x</a>"},
	{"<a href=\"java&#10;script&#x3a;a\">x</a>", "<a>x</a>"},
	{"<a href=\"&#0000106avascript:a\">x</a>", "<a>x</a>"},
	{"<a href=\"javascript&colon;a\">x</a>", "<a>x</a>"},
	{"<a href=\"java&Tab;script:a&NewLine;\">x</a>", "<a>x</a>"},
	{"<a href=\"java&#0;script:a\">x</a>",
		"<a href=\"http://example.com/a/java\357\277\275script:a\"" REL ">x</a>"},
	{"<a href=\"&#1;javascript:a\">x</a>", "<a>x</a>"},
	{"<a href=\"vbscript:a\">x</a><a href=\"livescript:a\">y</a>", "<a>x</a><a>y</a>"},
	{"<a href=\"data:text/html,x\">x</a><a href=\"file:///etc/passwd\">y</a>",
		"<a>x</a><a>y</a>"},
	{"<a href=\"view-source:http://x\">x</a><a href=\"blob:x\">y</a>", "<a>x</a><a>y</a>"},
	{"<base href=javascript:><a href=a>x</a>",
		"<a href=\"http://example.com/a/a\"" REL ">x</a>"},
	{"<meta http-equiv=refresh content=\"0;url=javascript:a\">x", "x"},
	{"<object data=javascript:a></object><embed src=x><applet code=x></applet>y", "y"},
	{"<isindex action=javascript:a><input type=image src=javascript:a>x", "x"},
	{"<button formaction=javascript:a>x</button>", "x"},
	{"<div style=\"background:url(javascript:a)\">x</div>", "<div>x</div>"},
	{"<table background=javascript:a><td background=x>y</table>",
		"<table><tr><td>y</td></tr></table>"},
	{"<blockquote cite=javascript:a>x</blockquote>", "<blockquote>x</blockquote>"},
	{"<video poster=javascript:a><source src=javascript:a>x</video>",
		"<video controls>x</video>"},
	{"<a href=x xlink:href=javascript:a xml:base=javascript:>x</a>",
		"<a href=\"http://example.com/a/x\"" REL ">x</a>"},
	{"<p title=\"`x` <b> --> ]]>\">y</p>", "<p title=\"`x` &lt;b&gt; --&gt; ]]&gt;\">y</p>"},
	{"<x onclick=a>x<y onfocus=a autofocus>z", "xz"},
	{"&lt;script&gt;alert(1)&lt;/script&gt;", NULL},
	{"&#60;script&#62;", "&lt;script&gt;"},
	{"<p id=x name=body class=evil slot=s is=x>y</p>", "<p>y</p>"},
	{"<select><option>1<script>a</script><option>2</select>y", "y"},
	{"<details ontoggle=a open>x</details>", "<details open>x</details>"},
	{"<marquee onstart=a>x</marquee><keygen autofocus onfocus=a>", "x"},
	{"<frameset onload=a><frame src=javascript:a></frameset>", ""},
	{"<svg><p><style><g title=\"</style><img src onerror=a>\">", "<p>\"&gt;</p>"},
	{"<svg><a xlink:href=\"javascript:a\"><text>x</text></a></svg>", ""},
	{"<math href=javascript:a>x</math>", "x"},
};

static void test_attacks(void **state)
{
	(void)state;
	CHECK(attacks);
}

/* Pieces that are put together at random: the soup must come out clean, and stay as it is. */
static const char *const pieces[] = {"<p>", "</p>", "<div>", "</div>", "<b>", "</b>", "<i>", "</i>",
	"<a href=x>", "</a>", "<ul>", "</ul>", "<li>", "</li>", "<table>", "</table>", "<tr>",
	"</tr>", "<td>", "</td>", "<th>", "<caption>", "<tbody>", "<col>", "<h1>", "</h1>", "<h2>",
	"<dl>", "<dt>", "<dd>", "</dl>", "<blockquote>", "</blockquote>", "<pre>", "<br>", "</br>",
	"<hr>", "<img src=a>", "<img alt=b srcset='c 1x, d'>", "<svg>", "</svg>", "<style>",
	"</style>", "<script>", "</script>", "<math>", "<template>", "</template>", "<textarea>",
	"</textarea>", "<title>", "</title>", "<noscript>", "<select>", "</select>", "<ruby>",
	"<rt>", "<rp>", "<audio>", "<video src=v>", "<plaintext>", "<!--", "-->", "<![CDATA[",
	"]]>", "<?", "&", "&amp;", "&lt", "&#60;", "&#x3c", "lt;", "#", "<", ">", "\"", "'", "=",
	" ", "/", "\n", "text", "x", "<p title=\"", "<p title='", "<a href=\"java",
	"script:", "&#58;", "onclick=a", "<x", "</", "/>", "\302\240", "\200", "<span>", "</span>",
	"<center>", "<summary>", "<i/>", "<p/>", "<td/>", "<tr/>", "<h1/>", "<li/>"};

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void test_soup(void **state)
{
	uint32_t seed = 2463534242;

	(void)state;
	for (int round = 0; round < SOUP_ROUNDS; round++) {
		struct buf soup;

		buf_init(&soup, OUT_MAX);
		for (uint32_t n = next_random(&seed) % SOUP_PIECES; n > 0; n--)
			buf_puts(&soup,
				pieces[next_random(&seed) % (sizeof(pieces) / sizeof(pieces[0]))]);
		free(clean_checked(buf_string(&soup), soup.len, round % 2 ? BASE : NULL));
		buf_finish(&soup);
	}
}

/* strstr() in a loop would be quadratic under AddressSanitizer. */
static size_t count(const char *text, size_t len, const char *part)
{
	size_t part_len = strlen(part), found = 0;

	for (size_t i = 0; i + part_len <= len; i++)
		found += text[i] == *part && memcmp(text + i, part, part_len) == 0;
	return found;
}

static double cpu_seconds(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

/* Each of these has made some cleaner quadratic, or its output long. 1 MB each. */
static void test_floods(void **state)
{
	static const char *const units[] = {"<div>", "<a <a <a ", "&", "<", ">", "\"", "<p>", "<b>",
		"</b>", "<li>", "<table>", "<td>", "<b></i>", "<!--", "<!-- -", "<!", "</",
		"<a href='", "<a href=x>", "<svg>", "<template>", "<script>", "</script",
		"<style><", "<textarea></", "&#", "&#x", "&a", "&amp", "<p a=", "<img src=a>",
		"<h1></h2>", "<a title=\"&\">", "<i/>", "<p title='\"'>", "x", " ",
		"<table><tr><td><b>", "<div></span></p>", "<select><select>", "\001",
		"<img srcset=\"a,b 1x,\">", "<ul><li><div><p>"};

	(void)state;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		struct buf flood;
		size_t out_len, links;
		double started;
		char *out;

		buf_init(&flood, OUT_MAX);
		while (flood.len < MEGABYTE)
			buf_puts(&flood, units[i]);
		started = cpu_seconds();
		out = clean(flood.data, flood.len, NULL, &out_len);
		/* 0.1 s without sanitizers and other programs; quadratic would be minutes. */
		assert_true(cpu_seconds() - started < 2.0);
		links = count(out, out_len, REL);
		if (out_len > 2 * flood.len + 1024 + links * strlen(REL))
			fail_msg("%s: %zu bytes", units[i], out_len);
		free(out);
		free(clean_checked(flood.data, flood.len, NULL));
		buf_finish(&flood);
	}
}

static void test_depth(void **state)
{
	enum { DEEP = 100000 };
	struct buf in;
	size_t len;
	char *out;

	(void)state;
	buf_init(&in, OUT_MAX);
	for (int i = 0; i < DEEP; i++)
		buf_puts(&in, "<div>");
	buf_puts(&in, "x");
	for (int i = 0; i < DEEP; i++)
		buf_puts(&in, "</div>");
	buf_puts(&in, "<p>after</p>");
	out = clean(in.data, in.len, NULL, &len);
	assert_int_equal(count(out, len, "<div>"), HTML_DEPTH_MAX);
	assert_non_null(strstr(out, "</div><p>after</p>"));
	free(out);
	buf_finish(&in);
}

/* Many short links and a long base multiply: the growth ends where the limit says. */
static void test_link_growth(void **state)
{
	char *base = malloc(URL_MAX_BYTES);
	struct buf in;
	size_t len;
	char *out;

	(void)state;
	assert_non_null(base);
	memset(base, 'a', 8000);
	memcpy(base, "http://x/", 9);
	memcpy(base + 7990, "/", 2);
	buf_init(&in, OUT_MAX);
	for (int i = 0; i < 50000; i++)
		buf_puts(&in, "<a href=x>y</a>");
	out = clean(in.data, in.len, base, &len);
	assert_true(len < 2 * in.len + 2 * HTML_LINK_GROWTH_MAX);
	free(out);
	buf_finish(&in);
	free(base);
}

static void test_out_of_memory(void **state)
{
	static const char html[] =
		"<p><a href=\"x y\">l</a><img srcset=\"a 1x, b 2x\" src=c><b>text";
	size_t failures = 0;

	(void)state;
	for (long n = 0;; n++) {
		struct arena scratch;
		struct buf out;
		int status;

		arena_init(&scratch, OUT_MAX);
		buf_init(&out, OUT_MAX);
		fault_malloc_after(n);
		html_clean(html, strlen(html), BASE, &scratch, &out);
		status = buf_status(&out);
		assert_true(status == 0 || out.len == 0);
		buf_finish(&out);
		arena_finish(&scratch);
		if (fault_malloc_off() == 0)
			break;
		assert_int_equal(status, ERR_NOMEM);
		failures++;
	}
	assert_true(failures >= 4);
}

/* What does not fit is cut so that all elements are closed, and told. */
static void test_output_limit(void **state)
{
	static const char html[] =
		"<div><p>0123456789</p><a href=\"http://x/\">&lt;</a><b>x</b><audio><img "
		"src=\"http://x/i\"></div>";

	size_t full;

	(void)state;
	free(clean(html, strlen(html), NULL, &full));
	for (size_t max = 0; max < full + 10; max++) {
		struct arena scratch;
		struct buf out;
		size_t at;

		arena_init(&scratch, OUT_MAX);
		buf_init(&out, max);
		html_clean(html, strlen(html), NULL, &scratch, &out);
		assert_true(out.len <= max);
		assert_null(html_check(buf_string(&out), out.len, &at));
		assert_int_equal(buf_status(&out), max < full ? ERR_TOO_BIG : 0);
		buf_finish(&out);
		arena_finish(&scratch);
	}
}

static void test_appends(void **state)
{
	struct arena scratch;
	struct buf out;

	(void)state;
	arena_init(&scratch, OUT_MAX);
	buf_init(&out, OUT_MAX);
	buf_puts(&out, "before ");
	html_clean("<b>x", 4, NULL, &scratch, &out);
	html_text("<p>y", 4, &out);
	html_decode_entities("&amp;", 5, &out);
	assert_string_equal(buf_string(&out), "before <b>x</b>y&");
	buf_finish(&out);
	arena_finish(&scratch);
}

static const struct html_element *element(const char *name)
{
	return html_element_find(name, strlen(name));
}

/* Binary search needs order, by the first eight letters alone. */
static void test_names(void **state)
{
	const struct html_element *last = element("xmp");

	(void)state;
	assert_non_null(last);
	assert_true(last - html_elements <= UINT8_MAX);
	for (const struct html_element *e = html_elements; e <= last; e++) {
		assert_ptr_equal(element(e->name), e);
		assert_int_equal(strlen(e->name), e->name_len);
		assert_true(e == html_elements || strncmp(e[-1].name, e->name, 8) < 0);
	}
	assert_null(element("nosuch"));
	assert_null(element("blockquot"));
	assert_null(element("blockquote1"));
	assert_null(element(""));
	assert_null(html_element_find("p\0", 2));
	assert_ptr_equal(element("BlockQuote"), element("blockquote"));
	assert_non_null(html_attr_find("cellspacing", 11));
	assert_null(html_attr_find("style", 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_structure),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_text_and_references),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_no_base),
		cmocka_unit_test(test_attacks),
		cmocka_unit_test(test_soup),
		cmocka_unit_test(test_floods),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_link_growth),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_output_limit),
		cmocka_unit_test(test_appends),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
