/* Encodings: which one it is, and what comes out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/utf8.h"
#include "parse/encoding.h"
#include "support/lines.h"

struct encoding_case {
	const char *data;
	size_t len;
	const char *content_type;
	const char *encoding;
	const char *text; /* NULL: any */
	unsigned notes;   /* REPLACED, DROPPED, MISLABELLED */
};

enum { REPLACED = 1, DROPPED = 2, MISLABELLED = 4 };

#define D(literal) literal, sizeof(literal) - 1

static void check(const struct encoding_case *c)
{
	struct arena arena;
	struct decoded d = {0};
	unsigned notes;
	char *exact = malloc(c->len + 1);

	assert_non_null(exact);
	memcpy(exact, c->data, c->len);
	arena_init(&arena, 4096);
	assert_int_equal(encoding_decode(exact, c->len, c->content_type, &arena, &d), 0);
	assert_string_equal(d.encoding, c->encoding);
	if (c->text != NULL && (d.len != strlen(c->text) || memcmp(d.text, c->text, d.len) != 0))
		fail_msg("%s: got \"%.*s\", want \"%s\"", c->encoding, (int)d.len, d.text, c->text);
	notes = (d.replaced ? REPLACED : 0u) | (d.dropped ? DROPPED : 0u) |
		(d.mislabelled ? MISLABELLED : 0u);
	assert_int_equal(notes, c->notes);
	encoding_finish(&d);
	arena_finish(&arena);
	free(exact);
}

static void test_which(void **state)
{
	static const struct encoding_case rows[] = {
		{D(""), NULL, "utf-8", "", 0},
		{D("<a>x</a>"), NULL, "utf-8", "<a>x</a>", 0},
		{D("\xEF\xBB\xBF<a>"), "text/xml; charset=latin1", "utf-8", "<a>", 0},
		{D("\xFF\xFE<\0a\0>\0"), NULL, "utf-16le", "<a>", 0},
		{D("\xFE\xFF\0<\0a\0>"), NULL, "utf-16be", "<a>", 0},
		{D("<\0a\0>\0"), "text/xml; charset=utf-8", "utf-16le", "<a>", 0},
		{D("\0<\0a\0>"), NULL, "utf-16be", "<a>", 0},
		{D("\xFF\xFE\0\0<\0\0\0"), NULL, "utf-32le", "<", 0},
		{D("\0\0\xFE\xFF\0\0\0<"), NULL, "utf-32be", "<", 0},
		{D("{\0}\0"), NULL, "utf-16le", "{}", 0},
		{D("<a>\xE9"), "text/xml; charset=ISO-8859-1", "windows-1252", "<a>\xC3\xA9", 0},
		{D("<a>\xE9"), "text/xml;CHARSET = 'iso-8859-1' ; q=1", "windows-1252",
			"<a>\xC3\xA9", 0},
		{D("<?xml version='1.0' encoding='koi8-r'?><a>\xC1"), NULL, "koi8-r",
			"<?xml version='1.0' encoding='koi8-r'?><a>\xD0\xB0", 0},
		{D("<?xml encoding = \"KOI8-R\" ?>\xC1"), "text/xml; charset=windows-1251",
			"windows-1251", "<?xml encoding = \"KOI8-R\" ?>\xD0\x91", 0},
		{D("<a>\x80\x93\x94\x85"), "x; charset=us-ascii", "windows-1252",
			"<a>\xE2\x82\xAC\xE2\x80\x9C\xE2\x80\x9D\xE2\x80\xA6", 0},
		{D("<a>\xB1\xED"), "x; charset=gb2312", "gb18030", "<a>\xE8\xA1\xA8", 0},
		{D("<a>\x82\xA0"), "x; charset=Shift_JIS", "cp932", "<a>\xE3\x81\x82", 0},
		{D("<a>\xB3\xE2"), "x; charset=euc-kr", "cp949", "<a>\xEB\x85\x84", 0},
		{D("<a>"), "x; charset=bogus", "utf-8", "<a>", MISLABELLED},
		{D("<a>"), "x; charset=", "utf-8", "<a>", 0},
		{D("<a>"), "x; charset=//TRANSLIT", "utf-8", "<a>", 0},
		{D("<a>"), "x; charset=utf-16", "utf-8", "<a>", MISLABELLED},
		{D("<a>+ADw-"), "x; charset=utf-7", "utf-8", "<a>+ADw-", 0},
		{D("<a>b</a>"), "x; charset=ibm037", "utf-8", "<a>b</a>", MISLABELLED},
		/* labels that only the world knows */
		{D("<a>\xE9"), "x; charset=ANSI", "windows-1252", "<a>\xC3\xA9", 0},
		{D("<a>\xC1"), "x; charset=win-1251", "windows-1251", "<a>\xD0\x91", 0},
		{D("<a>\xC1"), "x; charset=KOI8_R", "koi8-r", "<a>\xD0\xB0", 0},
		{D("<a>\xE0"), "x; charset=iso-8859-8-i", "iso-8859-8", "<a>\xD7\x90", 0},
		{D("<a>\xA4"), "x; charset=l9", "iso-8859-15", "<a>\xE2\x82\xAC", 0},
		{D("<a>\x80"), "x; charset=x-cp1250", "windows-1250", "<a>\xE2\x82\xAC", 0},
		{D("<a>\xB1\xED"), "x; charset=csgb2312", "gb18030", "<a>\xE8\xA1\xA8", 0},
		{D("<a>\xB3\xE2"), "x; charset=ksc_5601", "cp949", "<a>\xEB\x85\x84", 0},
		{D("<a>\xA4\x40"), "x; charset=x-x-big5", "big5-hkscs", "<a>\xE4\xB8\x80", 0},
		{D("<a>\xC3\xA9"), "x; charset=cp65001", "utf-8", "<a>\xC3\xA9", 0},
		{D("<a>\xE9t\xE9"), "x; charset=bogus", "windows-1252", "<a>\xC3\xA9t\xC3\xA9",
			MISLABELLED},
		/* no mark-up in any encoding: read as something all the same */
		{D("\xF0\xD2\xC9\xD7\xC5\xD4, \xD0\xCF\xC7\xCF\xC4\xC1 \xC8\xCF\xD2\xCF\xDB\xC1"
		   "\xD1 \xD3\xC5\xC7\xCF\xC4\xCE\xD1"),
			"x; charset=ibm037", "utf-8", NULL, REPLACED | MISLABELLED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&rows[i]);
}

/* What HTTP says goes before what the document says of itself, a byte order mark before both; what
 * is wrong or unknown falls back, and what comes out is UTF-8 (A36). */
static void test_matrix(void **state)
{
	static const char *const http[] = {NULL, "utf-8", "iso-8859-1", "koi8-r", "bogus"};
	static const char *const own[] = {NULL, "utf-8", "windows-1252", "windows-1251", "bogus"};
	static const char *const named[] = {"", "utf-8", "windows-1252", "koi8-r", "", "", "utf-8",
		"windows-1252", "windows-1251", ""};
	static const char *const letters[] = {
		"\xE9", "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"}; /* UTF-8 is the second */

	(void)state;
	for (size_t i = 0; i < 5 * 5 * 2 * 2; i++) {
		size_t h = i % 5, o = i / 5 % 5;
		bool utf8 = i / 25 % 2, mark = i / 50;
		const char *first = *named[h] ? named[h] : named[5 + o], *expected = first;
		char data[200], type[100];
		struct arena arena;
		struct decoded d = {0};

		snprintf(type, sizeof(type), "text/xml%s%s", http[h] ? "; charset=" : "",
			http[h] ? http[h] : "");
		snprintf(data, sizeof(data), "%s<?xml version='1.0'%s%s%s?><a>%s</a>",
			mark ? "\xEF\xBB\xBF" : "", own[o] ? " encoding='" : "",
			own[o] ? own[o] : "", own[o] ? "'" : "", letters[utf8]);
		/* one byte a character is not believed of what is UTF-8 */
		if (mark || utf8)
			expected = "utf-8";
		else if (!*first || strcmp(first, "utf-8") == 0)
			expected = "windows-1252";
		arena_init(&arena, 4096);
		assert_int_equal(encoding_decode(data, strlen(data), type, &arena, &d), 0);
		if (strcmp(d.encoding, expected) != 0)
			fail_msg("%s | %s: %s, not %s", type, data, d.encoding, expected);
		assert_true(utf8_valid(d.text, d.len));
		encoding_finish(&d);
		arena_finish(&arena);
	}
}

static void test_mending(void **state)
{
	static const struct encoding_case rows[] = {
		{D("<a>\xC3\xA9 \xE9"), NULL, "utf-8", "<a>\xC3\xA9 \xEF\xBF\xBD", REPLACED},
		{D("<a>\xC3\xA9 \xE9 \xE9"), NULL, "windows-1252",
			"<a>\xC3\x83\xC2\xA9 \xC3\xA9 \xC3\xA9", 0},
		{D("<a>\xE9t\xE9"), NULL, "windows-1252", "<a>\xC3\xA9t\xC3\xA9", 0},
		{D("<a>\xE9t\xE9"), "x; charset=utf-8", "windows-1252", "<a>\xC3\xA9t\xC3\xA9",
			MISLABELLED},
		{D("<a>\xC3\xA9\xC3\xA8"), "x; charset=iso-8859-1", "utf-8", "<a>\xC3\xA9\xC3\xA8",
			MISLABELLED},
		{D("<a>\xC3\xA9"), "x; charset=iso-8859-1", "windows-1252", "<a>\xC3\x83\xC2\xA9",
			0},
		{D("a\0b\x01"
		   "c\x1F"
		   "d\x7F"
		   "e\tf\ng\rh"),
			NULL, "utf-8", "abcde\tf\ng\rh", DROPPED},
		{D("\xC2\x93q\xC2\x94\xC2\x81"), NULL, "utf-8", "\xE2\x80\x9Cq\xE2\x80\x9D",
			DROPPED},
		{D("\xEF\xBF\xBE\xEF\xBF\xBFx"), NULL, "utf-8", "x", DROPPED},
		{D("\xC3\xA9\xC3\xA9\xC3\xA9\xED\xA0\x80x"), NULL, "utf-8",
			"\xC3\xA9\xC3\xA9\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDx", REPLACED},
		{D("\xC3\xA9\xC3\xA9\xC0\xAFx"), NULL, "utf-8",
			"\xC3\xA9\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBDx", REPLACED},
		{D("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xF4\x90\x80\x80"), NULL, "utf-8",
			"\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF"
			"\xBF\xBD",
			REPLACED},
		{D("\xF0\x9F\x98\x80\xE2\x82"), NULL, "utf-8", "\xF0\x9F\x98\x80\xEF\xBF\xBD",
			REPLACED},
		{D("<a>\x81"), "x; charset=windows-1252", "windows-1252", "<a>\xEF\xBF\xBD",
			REPLACED},
		{D("<a>\x82"), "x; charset=shift_jis", "cp932", "<a>\xEF\xBF\xBD", REPLACED},
		{D("\xFF\xFE<\0\x00\xD8>\0"), NULL, "utf-16le", "<\xEF\xBF\xBD>", REPLACED},
		{D("\xFF\xFE<\0\x01\0>\0\x41"), NULL, "utf-16le", "<>\xEF\xBF\xBD",
			REPLACED | DROPPED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&rows[i]);
}

/* A fault at every place of a long text, so that each step of the word-wise search meets one. */
static void test_every_place(void **state)
{
	static const char *const faults[] = {
		"\x01", "\x7F", "\x80", "\xC3", "\xED\xA0\x80", "\xC2\x85"};
	static const char *const fillers[] = {
		"a", "\xD0\x96", "\xE6\xBC\xA2", "\xF0\x9F\x98\x80", "\n", "a\xD0\x96"};

	(void)state;
	for (size_t f = 0; f < sizeof(fillers) / sizeof(fillers[0]); f++)
		for (size_t k = 0; k < sizeof(faults) / sizeof(faults[0]); k++)
			for (size_t at = 0; at < 40; at++) {
				char text[512] = "\xC3\xA9\xC3\xA9\xC3\xA9";
				struct arena arena;
				struct decoded d = {0};

				for (size_t i = 0; i < 40; i++)
					strncat(text, i == at ? faults[k] : fillers[f], 8);
				arena_init(&arena, 64);
				assert_int_equal(
					encoding_decode(text, strlen(text), NULL, &arena, &d), 0);
				assert_true(utf8_valid(d.text, d.len));
				assert_true(d.replaced || d.dropped ||
					    strstr(d.text, "\xE2\x80\xA6") != NULL);
				for (size_t i = 0; i < d.len; i++)
					assert_true((unsigned char)d.text[i] >= 0x20 ||
						    d.text[i] == '\n');
				encoding_finish(&d);
				arena_finish(&arena);
			}
}

/* What is clean by the character is clean in the middle of a block, and nothing else. */
static void test_blocks(void **state)
{
	static const unsigned char bytes[] = {0x00, 0x09, 0x1F, 0x20, 0x7E, 0x7F, 0x80, 0x8F, 0x90,
		0x9F, 0xA0, 0xBE, 0xBF, 0xC0, 0xC1, 0xC2, 0xC3, 0xDF, 0xE0, 0xE1, 0xED, 0xEE, 0xEF,
		0xF0, 0xF4, 0xF5, 0xFF};
	const size_t count = sizeof(bytes);

	(void)state;
	for (size_t i = 0; i < count * count * count * count; i++) {
		char text[48], want[80] = "";
		size_t at = 2 + i % 17;
		struct buf out;

		memset(text, 'a', sizeof(text));
		for (size_t k = 0, rest = i; k < 4; k++, rest /= count)
			text[at + k] = (char)bytes[rest % count];
		buf_init(&out, sizeof(want));
		encoding_append_clean(&out, text + at, 5);
		(void)snprintf(want, sizeof(want), "%.*s%s%.*s", (int)at, text, buf_string(&out),
			24, text + at + 5);
		buf_reset(&out);
		encoding_append_clean(&out, text, at + 5 + 24);
		assert_string_equal(buf_string(&out), want);
		buf_finish(&out);
	}
}

static void test_append_clean(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	encoding_append_clean(&out, D("a\r\nb\rc\0d\xFF\r"));
	assert_string_equal(buf_string(&out), "a\nb\ncd\xEF\xBF\xBD\n");
	buf_finish(&out);
	assert_int_equal(encoding_windows_1252(0x80), 0x20AC);
	assert_int_equal(encoding_windows_1252(0x81), 0);
	assert_int_equal(encoding_windows_1252(0xA0), 0);
	assert_true(encoding_char_allowed(0x10FFFF));
	assert_false(encoding_char_allowed(0x110000));
	assert_false(encoding_char_allowed(0xD800));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_which),
		line_test("A36", test_matrix),
		cmocka_unit_test(test_mending),
		cmocka_unit_test(test_every_place),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_append_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
