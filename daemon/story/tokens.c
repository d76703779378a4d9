/* A text as the words by which stories are told apart. */
#include "story/tokens.h"

#include <string.h>
#include <utf8proc.h>

#include "base/hash.h"

enum {
	WORD_BYTES_MAX = 64, /* of a folded word; what is longer is cut */
	STEM_CHARS = 6,
};

/* A word while it is read, in its folded form. */
struct word {
	char bytes[WORD_BYTES_MAX];
	size_t len;
	size_t stem_len; /* bytes of the first STEM_CHARS characters */
	int chars;
	enum script script;
};

/* -- characters -- */

/* For ASCII: the folded character, a blank for what parts words. */
static const char ascii_fold[] = "                                "
				 "                0123456789      "
				 " abcdefghijklmnopqrstuvwxyz     "
				 " abcdefghijklmnopqrstuvwxyz     ";

/* Where scripts lie, in order. Forms that fold into these need no place but where they are read in
 * pairs. */
static const struct {
	utf8proc_int32_t first, last;
	enum script script;
} ranges[] = {
	{0x0041, 0x024F, SCRIPT_LATIN},
	{0x0250, 0x02AF, SCRIPT_LATIN},
	{0x0370, 0x03FF, SCRIPT_GREEK},
	{0x0400, 0x052F, SCRIPT_CYRILLIC},
	{0x0590, 0x05FF, SCRIPT_HEBREW},
	{0x0600, 0x08FF, SCRIPT_ARABIC},
	{0x0900, 0x0DFF, SCRIPT_INDIC},
	{0x0E00, 0x0EFF, SCRIPT_THAI},
	{0x1000, 0x109F, SCRIPT_THAI},
	{0x1100, 0x11FF, SCRIPT_HANGUL},
	{0x1780, 0x17FF, SCRIPT_THAI},
	{0x1C80, 0x1C8F, SCRIPT_CYRILLIC},
	{0x1D00, 0x1D25, SCRIPT_LATIN},
	{0x1E00, 0x1EFF, SCRIPT_LATIN},
	{0x1F00, 0x1FFF, SCRIPT_GREEK},
	{0x2C60, 0x2C7F, SCRIPT_LATIN},
	{0x3005, 0x3007, SCRIPT_HAN},
	{0x3040, 0x30FF, SCRIPT_HAN},
	{0x31F0, 0x31FF, SCRIPT_HAN},
	{0x3400, 0x9FFF, SCRIPT_HAN},
	{0xA720, 0xA7FF, SCRIPT_LATIN},
	{0xAA60, 0xAA7F, SCRIPT_THAI},
	{0xAC00, 0xD7AF, SCRIPT_HANGUL},
	{0xF900, 0xFAFF, SCRIPT_HAN},
	{0xFF66, 0xFF9D, SCRIPT_HAN},
	{0x20000, 0x3FFFF, SCRIPT_HAN},
};

static enum script script_of(utf8proc_int32_t c)
{
	size_t low = 0, high = sizeof(ranges) / sizeof(ranges[0]);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (c > ranges[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < sizeof(ranges) / sizeof(ranges[0]) && c >= ranges[low].first
		       ? ranges[low].script
		       : SCRIPT_OTHER;
}

static bool is_letter(utf8proc_int32_t c)
{
	utf8proc_category_t category = utf8proc_category(c);

	return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

/* Letters, digits and the marks on them. */
static bool is_part(utf8proc_int32_t c)
{
	utf8proc_category_t category = utf8proc_category(c);

	return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

/* The marks that are accents in Latin, Greek and Cyrillic. */
static bool is_accent(utf8proc_int32_t c)
{
	return c >= 0x300 && c <= 0x36F;
}

/* What only tells how a word may be broken or drawn: soft hyphen, joiners. */
static bool is_unseen(utf8proc_int32_t c)
{
	return c == 0xAD || c == 0x200C || c == 0x200D || c == 0x2060 || c == 0xFEFF;
}

/* The voice marks of Kana that stand behind their letter. */
static bool is_voice(utf8proc_int32_t c)
{
	return c == 0x3099 || c == 0x309A || c == 0xFF9E || c == 0xFF9F;
}

static bool has_no_blanks(enum script script)
{
	return script == SCRIPT_HAN || script == SCRIPT_THAI;
}

/* One character, its bytes in *ret_len; 0 for what is none. */
static utf8proc_int32_t peek(const char *p, const char *end, size_t *ret_len)
{
	utf8proc_int32_t c = 0;
	utf8proc_ssize_t len;

	*ret_len = 1;
	if (p == end)
		return 0;
	len = utf8proc_iterate((const utf8proc_uint8_t *)p, end - p, &c);
	if (len <= 0)
		return 0;
	*ret_len = (size_t)len;
	return c;
}

/* -- words -- */

static void add_folded(struct word *w, utf8proc_int32_t c)
{
	utf8proc_uint8_t bytes[4];
	size_t len = (size_t)utf8proc_encode_char(c, bytes);

	if (w->len + len > sizeof(w->bytes))
		return;
	memcpy(w->bytes + w->len, bytes, len);
	w->len += len;
	if (w->chars++ < STEM_CHARS)
		w->stem_len = w->len;
}

static void add_char(struct word *w, utf8proc_int32_t c)
{
	utf8proc_int32_t parts[32];
	int boundary = 0;
	utf8proc_ssize_t count = utf8proc_decompose_char(c, parts, 32,
		UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_DECOMPOSE | UTF8PROC_IGNORE,
		&boundary);

	for (utf8proc_ssize_t i = 0; i < count && i < 32; i++) {
		if (w->script == SCRIPT_NONE && is_letter(parts[i]))
			w->script = script_of(parts[i]);
		if (!is_accent(parts[i]))
			add_folded(w, parts[i]);
	}
}

static void finish_word(const struct word *w, struct token *token)
{
	token->script = w->script;
	token->word = hash32(w->bytes, w->len, w->script);
	token->term =
		w->stem_len == w->len ? token->word : hash32(w->bytes, w->stem_len, w->script);
}

/* Nearly all words of Latin text end here: ASCII up to what is no part of a word. */
static bool read_ascii(struct tokens *t, struct word *w)
{
	const char *p = t->p;

	for (; p < t->end && !(*p & 0x80) && ascii_fold[(unsigned char)*p] != ' '; p++) {
		if (w->len < sizeof(w->bytes))
			w->bytes[w->len++] = ascii_fold[(unsigned char)*p];
		if (w->script == SCRIPT_NONE && *p > '9')
			w->script = SCRIPT_LATIN;
	}
	if (p < t->end && (*p & 0x80))
		return false;
	w->stem_len = w->len < STEM_CHARS ? w->len : STEM_CHARS;
	t->p = p;
	return true;
}

static void read_any(struct tokens *t, struct word *w)
{
	size_t len;

	*w = (struct word){.len = 0};
	for (utf8proc_int32_t c = peek(t->p, t->end, &len);
		(is_part(c) && !has_no_blanks(script_of(c))) || is_unseen(c);
		c = peek(t->p, t->end, &len)) {
		add_char(w, c);
		t->p += len;
	}
}

/* An English genitive says nothing: 's, with either apostrophe. */
static void skip_genitive(struct tokens *t)
{
	const char *p = t->p;
	size_t len = (size_t)(t->end - p), used = 0, next_len;

	if (len >= 2 && p[0] == '\'')
		used = 1;
	else if (len >= 4 && memcmp(p, "\xE2\x80\x99", 3) == 0)
		used = 3;
	if (used && (p[used] | 0x20) == 's' && !is_part(peek(p + used + 1, t->end, &next_len)))
		t->p += used + 1;
}

/* A character that is read in pairs, with its voice marks. Returns its bytes; 0: there is none. */
static size_t add_paired(struct word *w, const char *p, const char *end)
{
	size_t len, used = 0;
	utf8proc_int32_t c = peek(p, end, &len);

	if (!is_part(c) || !has_no_blanks(script_of(c)))
		return 0;
	do {
		add_char(w, c);
		used += len;
		c = peek(p + used, end, &len);
	} while (is_voice(c));
	return used;
}

/* A character and the one behind it; the last of a longer run stands in no pair of its own. */
static bool read_pair(struct tokens *t, struct word *w)
{
	bool in_run = t->pair_len > 0;

	*w = (struct word){.len = 0};
	t->p += add_paired(w, t->p, t->end);
	t->pair_len = add_paired(w, t->p, t->end);
	return t->pair_len > 0 || !in_run;
}

/* Reads what begins here; false: nothing that counts, and it was stepped over. */
static bool read_one(struct tokens *t, struct word *w)
{
	size_t len = 1;
	utf8proc_int32_t c;

	*w = (struct word){.len = 0};
	if (!(*t->p & 0x80) && ascii_fold[(unsigned char)*t->p] == ' ') {
		t->p++;
		return false;
	}
	if (!(*t->p & 0x80) && read_ascii(t, w))
		return true;
	c = peek(t->p, t->end, &len);
	if (!c || !is_part(c)) {
		t->p += len;
		return false;
	}
	if (has_no_blanks(script_of(c)))
		return read_pair(t, w);
	read_any(t, w);
	return w->len > 0;
}

void tokens_init(struct tokens *t, const char *text, size_t len)
{
	*t = (struct tokens){.p = text, .end = text + len};
}

bool tokens_next(struct tokens *t, struct token *ret_token)
{
	struct word w;

	while (t->p < t->end) {
		ret_token->text = t->p;
		if (!read_one(t, &w))
			continue;
		ret_token->len = (size_t)(t->p - ret_token->text) + t->pair_len;
		finish_word(&w, ret_token);
		if (!has_no_blanks(w.script))
			skip_genitive(t);
		return true;
	}
	return false;
}
