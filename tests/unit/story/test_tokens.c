/* Texts of many scripts as words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "story/tokens.h"

enum { WORDS_MAX = 32, MEGABYTE = 1 << 20 };

static int read_all(const char *text, size_t len, struct token out[WORDS_MAX])
{
	struct tokens t;
	int count = 0;

	tokens_init(&t, text, len);
	while (count < WORDS_MAX && tokens_next(&t, &out[count])) {
		assert_true(out[count].text >= text && out[count].len > 0);
		assert_true(out[count].text + out[count].len <= text + len);
		assert_true((int)out[count].script < SCRIPTS);
		count++;
	}
	return count;
}

/* -- what is a word -- */

/* The words as they are written, each with a bar behind it, and the script of the first. */
static const struct {
	const char *text, *words;
	enum script script;
} cut_cases[] = {
	{"", "", SCRIPT_NONE},
	{" \t\r\n.,;:!?-()[]{}<>\"'", "", SCRIPT_NONE},
	{"one", "one|", SCRIPT_LATIN},
	{"One two,three", "One|two|three|", SCRIPT_LATIN},
	{"a-b_c/d", "a|b|c|d|", SCRIPT_LATIN},
	{"2026 was", "2026|was|", SCRIPT_NONE},
	{"B2B 4K", "B2B|4K|", SCRIPT_LATIN},
	{"été naïve", "été|naïve|", SCRIPT_LATIN},
	{"don't", "don|t|", SCRIPT_LATIN},
	{"Straße", "Straße|", SCRIPT_LATIN},
	{"Ελλάδα", "Ελλάδα|", SCRIPT_GREEK},
	{"Москва, Россия", "Москва|Россия|", SCRIPT_CYRILLIC},
	{"שלום עולם", "שלום|עולם|", SCRIPT_HEBREW},
	{"مرحبا بالعالم", "مرحبا|بالعالم|", SCRIPT_ARABIC},
	{"हिन्दी में", "हिन्दी|में|", SCRIPT_INDIC},
	{"தமிழ் மொழி", "தமிழ்|மொழி|", SCRIPT_INDIC},
	{"대한민국 서울", "대한민국|서울|", SCRIPT_HANGUL},
	{"ქართული", "ქართული|", SCRIPT_OTHER},
	/* Pairs of neighbours; one alone stands for itself. */
	{"中", "中|", SCRIPT_HAN},
	{"中国", "中国|", SCRIPT_HAN},
	{"中国人", "中国|国人|", SCRIPT_HAN},
	{"中，国", "中|国|", SCRIPT_HAN},
	{"中国。日本語", "中国|日本|本語|", SCRIPT_HAN},
	{"カタカナ", "カタ|タカ|カナ|", SCRIPT_HAN},
	{"ひらが", "ひら|らが|", SCRIPT_HAN},
	{"日本のニュース", "日本|本の|のニ|ニュ|ュー|ース|", SCRIPT_HAN},
	{"ไทย", "ไท|ทย|", SCRIPT_THAI},
	{"ລາວ", "ລາ|າວ|", SCRIPT_THAI},
	{"ខ្មែ", "ខ្|្ម|មែ|", SCRIPT_THAI},
	{"မြန", "မြ|ြန|", SCRIPT_THAI},
	{"\xF0\xA0\x80\x80\xF0\xA0\x80\x81", "\xF0\xA0\x80\x80\xF0\xA0\x80\x81|", SCRIPT_HAN},
	/* Mixed runs part where the kind changes. */
	{"iPhone发布会", "iPhone|发布|布会|", SCRIPT_LATIN},
	{"发布iPhone", "发布|iPhone|", SCRIPT_HAN},
	{"第2回", "第|2|回|", SCRIPT_HAN},
	{"2026年", "2026|年|", SCRIPT_NONE},
	/* Emoji and other symbols are no words. */
	{"🎉", "", SCRIPT_NONE},
	{"party 🎉🎉 time", "party|time|", SCRIPT_LATIN},
	{"a🎉b", "a|b|", SCRIPT_LATIN},
	{"👩‍👩‍👧 ok", "ok|", SCRIPT_LATIN},
	{"❤️ ok", "ok|", SCRIPT_LATIN},
	{"€5 ©x", "5|x|", SCRIPT_NONE},
	/* The genitive goes, with either apostrophe, wherever a word ends. */
	{"Trump's tax", "Trump|tax|", SCRIPT_LATIN},
	{"TRUMP'S tax", "TRUMP|tax|", SCRIPT_LATIN},
	{"Trump’s tax", "Trump|tax|", SCRIPT_LATIN},
	{"Trump's", "Trump|", SCRIPT_LATIN},
	{"Trump’s", "Trump|", SCRIPT_LATIN},
	{"Trump's.", "Trump|", SCRIPT_LATIN},
	{"the “Fed’s” rate", "the|Fed|rate|", SCRIPT_LATIN},
	{"Fed’s\u00A0rate", "Fed|rate|", SCRIPT_LATIN},
	{"Fed's—rate", "Fed|rate|", SCRIPT_LATIN},
	{"it'sy", "it|sy|", SCRIPT_LATIN},
	{"it’sé", "it|sé|", SCRIPT_LATIN},
	{"it's2", "it|s2|", SCRIPT_LATIN},
	{"'s", "s|", SCRIPT_LATIN},
	{"x'", "x|", SCRIPT_LATIN},
	{"x’", "x|", SCRIPT_LATIN},
	{"l'été", "l|été|", SCRIPT_LATIN},
	/* What cannot be seen does not part a word. */
	{"Donau\u00ADdampfer x", "Donau\u00ADdampfer|x|", SCRIPT_LATIN},
	{"می\u200Cخواهم", "می\u200Cخواهم|", SCRIPT_ARABIC},
	{"क्\u200Dष", "क्\u200Dष|", SCRIPT_INDIC},
	{"\u200Cx \u200D \u00AD", "x|", SCRIPT_LATIN},
	{"\uFEFFword", "word|", SCRIPT_LATIN},
	/* No UTF-8: it parts words. */
	{"ab\xFF"
	 "cd",
		"ab|cd|", SCRIPT_LATIN},
	{"\x80\x80word", "word|", SCRIPT_LATIN},
	{"word\xC3", "word|", SCRIPT_LATIN},
	{"word\xE4\xB8", "word|", SCRIPT_LATIN},
	{"中\xE4\xB8 国", "中|国|", SCRIPT_HAN},
	{"\xC0\xAF x \xED\xA0\x80 \xF4\x90\x80\x80", "x|", SCRIPT_LATIN},
};

static void test_cuts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cut_cases) / sizeof(cut_cases[0]); i++) {
		struct token got[WORDS_MAX];
		int count = read_all(cut_cases[i].text, strlen(cut_cases[i].text), got);
		char words[256] = "";
		size_t len = 0;

		for (int j = 0; j < count; j++)
			len += (size_t)snprintf(words + len, sizeof(words) - len, "%.*s|",
				(int)got[j].len, got[j].text);
		if (strcmp(words, cut_cases[i].words) != 0)
			fail_msg("'%s': '%s', not '%s'", cut_cases[i].text, words,
				cut_cases[i].words);
		if (count && got[0].script != cut_cases[i].script)
			fail_msg("'%s': script %d", cut_cases[i].text, (int)got[0].script);
	}
}

static void test_nul(void **state)
{
	static const char text[] = "ab\0cd\0\0中\0国";
	struct token got[WORDS_MAX];

	(void)state;
	assert_int_equal(read_all(text, sizeof(text) - 1, got), 4);
	assert_int_equal(got[1].len, 2);
	assert_memory_equal(got[1].text, "cd", 2);
	assert_int_equal(read_all("\0\0\0", 3, got), 0);
}

/* The text ends where it is said to, not at a NUL; a character cut there is none. */
static void test_every_length(void **state)
{
	static const char text[] = "Straße’s 中国人 ไทย שלום é's";

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		char *copy = malloc(len ? len : 1);
		struct token got[WORDS_MAX];

		assert_non_null(copy);
		memcpy(copy, text, len);
		(void)read_all(copy, len, got);
		free(copy);
	}
}

/* -- what is the same word -- */

enum { DIFFERENT, STEM, SAME };

static const struct {
	const char *a, *b;
	int how;
} same_cases[] = {
	{"Word", "wORD", SAME},
	{"word", "words", DIFFERENT},
	{"été", "ete", SAME},
	{"e\u0301te\u0301", "été", SAME},
	{"ÀÉÎÕÜ", "aeiou", SAME},
	{"Ångström", "\u212Bngstrom", SAME},
	{"Straße", "STRASSE", SAME},
	{"STRAẞE", "strasse", SAME},
	{"İstanbul", "ISTANBUL", SAME},
	{"İstanbul", "istanbul", SAME},
	{"ısı", "isi", DIFFERENT},
	{"ＡＢＣ１２", "abc12", SAME},
	{"ﬁnal", "final", SAME},
	{"𝐁𝐨𝐥𝐝", "bold", SAME},
	{"Ⅷ", "viii", SAME},
	{"①", "1", SAME},
	{"٣", "3", DIFFERENT},
	{"ΟΔΟΣ", "οδος", SAME},
	{"οδός", "οδοσ", SAME},
	{"Ἀθῆναι", "Αθηναι", SAME},
	{"МОСКВА", "москва", SAME},
	{"ёлка", "ЕЛКА", SAME},
	{"йод", "иод", SAME},
	{"и\u0306од", "йод", SAME},
	{"한국", "\u1112\u1161\u11AB\u1100\u116E\u11A8", SAME},
	{"ﷲ", "الله", SAME},
	{"カナ", "ｶﾅ", SAME},
	{"\uF900", "\u8C48", SAME},
	{"Donau\u00ADdampf", "Donaudampf", SAME},
	{"می\u200Cخواهم", "میخواهم", SAME},
	/* Accents that are letters of their own elsewhere stay. */
	{"हिन्दी", "हनद", DIFFERENT},
	{"שָׁלוֹם", "שלום", DIFFERENT},
	{"が", "か", DIFFERENT},
	/* Letters that only look the same. */
	{"a", "а", DIFFERENT},
	{"o", "ο", DIFFERENT},
	/* Inflections keep six characters. */
	{"minister", "ministers", STEM},
	{"minist", "ministers", STEM},
	{"минист", "министерство", STEM},
	{"election", "electoral", DIFFERENT},
	{"electi", "election", STEM},
	{"éléphant", "elephants", STEM},
};

static void test_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(same_cases) / sizeof(same_cases[0]); i++) {
		struct token a[WORDS_MAX], b[WORDS_MAX];
		int how = same_cases[i].how;

		assert_int_equal(read_all(same_cases[i].a, strlen(same_cases[i].a), a), 1);
		assert_int_equal(read_all(same_cases[i].b, strlen(same_cases[i].b), b), 1);
		if ((a->word == b->word) != (how == SAME) ||
			(a->term == b->term) != (how != DIFFERENT))
			fail_msg("%s, %s", same_cases[i].a, same_cases[i].b);
		if (how != DIFFERENT)
			assert_int_equal(a->script, b->script);
	}
}

/* Whole texts in two forms. */
static void test_same_texts(void **state)
{
	static const char *const texts[][2] = {
		{"ガス", "ｶﾞｽ"},
		{"データベース", "ﾃﾞｰﾀﾍﾞｰｽ"},
		{"がっこう", "か\u3099っこう"},
		{"パリ", "ハ\u309Aリ"},
		{"２０２６年", "2026年"},
		{"Trump’s «TAX»", "trump tax"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct token a[WORDS_MAX], b[WORDS_MAX];
		int count = read_all(texts[i][0], strlen(texts[i][0]), a);

		if (read_all(texts[i][1], strlen(texts[i][1]), b) != count)
			fail_msg("%s, %s: not as many words", texts[i][0], texts[i][1]);
		for (int j = 0; j < count; j++) {
			if (a[j].word != b[j].word || a[j].term != b[j].term)
				fail_msg("%s, %s: word %d", texts[i][0], texts[i][1], j);
		}
	}
}

/* -- much of it -- */

static size_t count_words(const char *text, size_t len)
{
	struct tokens t;
	struct token token;
	size_t count = 0;

	tokens_init(&t, text, len);
	while (tokens_next(&t, &token))
		count++;
	return count;
}

static void test_much(void **state)
{
	static const struct {
		const char *piece;
		size_t megabytes, words; /* words a piece; 0: one in all */
	} cases[] = {
		{"word ", 1, 1},
		{"a", 10, 0},
		{"é", 10, 0},
		{"中", 1, 1},
		{"\xFF", 1, SIZE_MAX},
		{"'s", 1, SIZE_MAX},
		{"a'", 1, 1},
		{"\xCC\x81", 10, SIZE_MAX},
		{"\u00AD", 1, SIZE_MAX},
		{"a\xC3", 1, 1},
		{"か\u3099", 1, 1},
		{"\u3099", 1, SIZE_MAX},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t size = strlen(cases[i].piece), pieces = cases[i].megabytes * MEGABYTE / size;
		char *text = malloc(pieces * size);
		size_t words;

		assert_non_null(text);
		for (size_t j = 0; j < pieces; j++)
			memcpy(text + j * size, cases[i].piece, size);
		words = count_words(text, pieces * size);
		if (cases[i].words == 0)
			assert_int_equal(words, 1);
		else if (cases[i].words == 1)
			assert_in_range(words, pieces - 1, pieces);
		free(text);
	}
}

/* A long word is cut, but those that differ at its beginning differ. */
static void test_long_word(void **state)
{
	char a[1000], b[1000];
	struct token x[WORDS_MAX], y[WORDS_MAX];

	(void)state;
	memset(a, 'a', sizeof(a));
	memset(b, 'a', sizeof(b));
	b[6] = 'b';
	assert_int_equal(read_all(a, sizeof(a), x), 1);
	assert_int_equal(read_all(b, sizeof(b), y), 1);
	assert_int_equal(x->len, sizeof(a));
	assert_int_not_equal(x->word, y->word);
	assert_int_equal(x->term, y->term);
	/* The two ways of reading agree where they cut. */
	memcpy(b, a, sizeof(b));
	memcpy(b + sizeof(b) - 2, "é", 2);
	assert_int_equal(read_all(b, sizeof(b), y), 1);
	assert_int_equal(x->word, y->word);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_same_texts),
		cmocka_unit_test(test_much),
		cmocka_unit_test(test_long_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
