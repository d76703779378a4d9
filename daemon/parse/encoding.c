/* Which encoding a document has, and its text as clean UTF-8. */
#include "parse/encoding.h"

#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <string.h>
#include <strings.h>
#include <uchardet/uchardet.h>

#include "base/err.h"
#include "base/utf8.h"
#include "base/block.h"

enum {
	LABEL_MAX = 40,
	DECLARATION_MAX = 1024, /* bytes in which an XML declaration is looked for */
	ICONV_BLOCK = 65536,
	UTF8_SURE = 2, /* well-formed sequences that no text in a one-byte encoding has by chance */
	DETECT_BYTES = 65536, /* looked at to find out what nobody declared */
	DETECT_SURE = 16,     /* bytes beyond ASCII below which a script cannot be told */
};

/* Labels of the world that do not mean what they say, or that iconv does not know. The rest goes to
 * iconv as it is. */
static const struct {
	const char *name;
	const char *labels; /* each between spaces */
} encodings[] = {
	{"utf-8",
		" utf-8 utf8 utf_8 utf-8-sig x-utf-8 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 "
		"x-unicode20utf8 cp65001 utf-7 x-user-defined "},
	{"windows-1252",
		" windows-1252 cp1252 x-cp1252 win-1252 ansi iso-8859-1 iso8859-1 iso88591 "
		"iso_8859-1 iso_8859-1:1987 8859_1 latin1 latin-1 l1 csisolatin1 "
		"iso-ir-100 us-ascii ascii ansi_x3.4-1968 "},
	{"gb18030",
		" gb2312 gb_2312 gb_2312-80 csgb2312 iso-ir-58 gbk x-gbk cp936 chinese euc-cn "},
	{"cp949", " euc-kr euc_kr cseuckr cp949 windows-949 ks_c_5601-1987 ks_c_5601-1989 ksc5601 "
		  "ksc_5601 csksc56011987 iso-ir-149 korean "},
	{"cp932", " shift_jis shift-jis sjis x-sjis ms_kanji ms932 windows-31j csshiftjis "},
	{"euc-jp", " euc-jp x-euc-jp cseucpkdfmtjapanese "},
	{"big5-hkscs", " big5 big5-hkscs cn-big5 csbig5 x-x-big5 "},
	{"windows-874", " iso-8859-11 iso8859-11 tis-620 tis620 dos-874 "},
	{"windows-1250", " cp1250 x-cp1250 win-1250 "},
	{"windows-1251", " cp1251 cp-1251 x-cp1251 win-1251 win1251 "},
	{"windows-1254", " iso-8859-9 iso8859-9 iso88599 latin5 l5 "},
	{"iso-8859-6", " iso-8859-6-e iso-8859-6-i "},
	{"iso-8859-7", " sun_eu_greek "},
	{"iso-8859-8", " iso-8859-8-e iso-8859-8-i csiso88598e csiso88598i logical visual "},
	{"iso-8859-15", " l9 latin9 latin-9 "},
	{"koi8-r", " koi koi8 koi8_r "},
	{"macintosh", " macintosh x-mac-roman "},
	{"mac-cyrillic", " x-mac-cyrillic x-mac-ukrainian "},
	{"utf-16", " utf-16 utf16 ucs-2 unicode iso-10646-ucs-2 "},
	{"utf-32", " utf-32 utf32 ucs-4 iso-10646-ucs-4 "},
};

/* 0x80 to 0x9F; 0: none. */
static const uint16_t windows_1252[] = {0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
	0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0, 0, 0x2018, 0x2019, 0x201C, 0x201D,
	0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178};

uint32_t encoding_windows_1252(uint32_t c1)
{
	return c1 >= 0x80 && c1 <= 0x9F ? windows_1252[c1 - 0x80] : 0;
}

bool encoding_char_allowed(uint32_t c)
{
	if (c < 0x20)
		return c == '\t' || c == '\n';
	return !(c >= 0x7F && c <= 0x9F) && !(c >= 0xD800 && c <= 0xDFFF) && c != 0xFFFE &&
	       c != 0xFFFF && c <= 0x10FFFF;
}

/* ASCII as it may stand in a text. */
static const bool plain_ascii[256] = {
	['\t'] = true,
	['\n'] = true,
	['\r'] = true,
	[0x20 ... 0x7E] = true,
};

static bool continues(unsigned char c)
{
	return (c & 0xC0) == 0x80;
}

/* The second byte tells what is too long, a surrogate or beyond Unicode (RFC 3629, section 4). */
static bool good_second(unsigned char first, unsigned char second)
{
	unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
	unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;

	return second >= low && second <= high;
}

static size_t good_long_char(const unsigned char *s, size_t left)
{
	if (left < 3 || !good_second(s[0], s[1]) || !continues(s[2]))
		return 0;
	if (s[0] < 0xF0) /* U+FFFE and U+FFFF are no characters */
		return s[0] == 0xEF && s[1] == 0xBF && s[2] >= 0xBE ? 0 : 3;
	return left >= 4 && continues(s[3]) && s[0] <= 0xF4 ? 4 : 0;
}

/* Bytes of the character at `s` when it is well-formed and allowed (carriage return, too), else 0.
 */
static inline size_t good_char(const unsigned char *s, size_t left)
{
	if (s[0] < 0x80)
		return plain_ascii[s[0]];
	if (s[0] > 0xE0 && s[0] < 0xED && left >= 3 && continues(s[1]) && continues(s[2]))
		return 3;
	if (s[0] >= 0xE0)
		return good_long_char(s, left);
	/* U+0080 to U+009F are controls. */
	return left >= 2 && s[0] >= 0xC2 && continues(s[1]) && (s[0] != 0xC2 || s[1] >= 0xA0) ? 2
											      : 0;
}

/* A block of printable ASCII. */
static inline bool is_plain(block b)
{
	return !block_has((block)((b < ' ') | (b >= 0x7F)));
}

/* Bytes of one clean step at `s`, 0 when it is not clean: ASCII in blocks, the rest by the
 * character. */
static inline size_t good_step(const unsigned char *s, size_t left)
{
	return left >= BLOCK_BYTES && is_plain(block_at((const char *)s)) ? BLOCK_BYTES
									  : good_char(s, left);
}

/* Bytes of the whole characters in the block at `s`, where one begins that is not the first of the
 * text; 0 when one of them needs a closer look. Texts of many scripts mix lengths too much for
 * branches. */
static inline size_t good_block(const unsigned char *s)
{
	block b = block_at((const char *)s), before, second, odd;

	if (is_plain(b))
		return BLOCK_BYTES;
	before = block_at((const char *)s - 1);
	second = block_at((const char *)s - 2);
	/* A byte continues a character exactly where one of two bytes, or three, goes on. */
	odd = (block)(((b & 0xC0) == 0x80) != ((before >= 0xC0) | (second >= 0xE0)));
	odd |= (block)((b >= 0xF0) | (b == 0xC0) | (b == 0xC1) | (b == 0x7F));
	odd |= (block)((b < ' ') & (b != '\n') & (b != '\t') & (b != '\r'));
	/* Controls, what is too long, surrogates, the end of the plane. */
	odd |= (block)(((before == 0xC2) | (before == 0xE0)) & (b < 0xA0));
	odd |= (block)(((before == 0xED) & (b >= 0xA0)) | ((before == 0xEF) & (b == 0xBF)));
	if (block_has(odd))
		return 0;
	return BLOCK_BYTES - (size_t)(s[BLOCK_BYTES - 1] >= 0xC0) -
	       2 * (size_t)(s[BLOCK_BYTES - 2] >= 0xE0);
}

/* Bytes from the start that need no mending. */
static size_t good_length(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t i = 0, n = 1;

	for (; i < len && n > 0; i += n) {
		n = i >= 2 && len - i >= BLOCK_BYTES ? good_block(s + i) : 0;
		if (n == 0)
			n = good_step(s + i, len - i);
	}
	return i;
}

static void put_char(struct buf *out, uint32_t c)
{
	char bytes[4];

	buf_append(out, bytes, utf8_put(c, bytes));
}

/* One character that good_char() refused. */
static size_t mend_char(struct buf *out, const char *s, size_t left, bool *replaced, bool *dropped)
{
	uint32_t c;
	size_t n = utf8_next(s, left, &c);

	if (c >= 0x80 && encoding_windows_1252(c) != 0) {
		put_char(out, encoding_windows_1252(c));
	} else if (c == UTF8_REPLACEMENT) {
		put_char(out, c);
		*replaced = true;
	} else {
		*dropped = true;
	}
	return n;
}

/* Clean stretches in one piece, the rest by the character. */
static void append_mended(
	struct buf *out, const char *text, size_t len, bool *replaced, bool *dropped)
{
	for (size_t i = 0; i < len;) {
		size_t n = good_length(text + i, len - i);

		buf_append(out, text + i, n);
		i += n;
		if (i < len)
			i += mend_char(out, text + i, len - i, replaced, dropped);
	}
}

void encoding_append_clean(struct buf *out, const char *text, size_t len)
{
	bool replaced = false, dropped = false;
	const char *end = text + len;

	while (text < end) {
		const char *cr = memchr(text, '\r', (size_t)(end - text));
		const char *stop = cr != NULL ? cr : end;

		append_mended(out, text, (size_t)(stop - text), &replaced, &dropped);
		if (cr != NULL && (cr + 1 == end || cr[1] != '\n'))
			buf_putc(out, '\n');
		text = cr != NULL ? cr + 1 : end;
	}
}

/* -- labels -- */

/* The encoding's name for a label of the world; NULL for what no encoding is called. */
static const char *name_of_label(const char *label, struct arena *arena)
{
	char low[LABEL_MAX + 2] = " ";
	size_t n = 1;

	for (; *label != '\0' && n < LABEL_MAX; label++) {
		if (!isalnum((unsigned char)*label) && strchr("-_.:", *label) == NULL)
			return NULL;
		low[n++] = (char)tolower((unsigned char)*label);
	}
	if (n == 1)
		return NULL;
	low[n] = ' ';
	for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++)
		if (strstr(encodings[i].labels, low) != NULL)
			return encodings[i].name;
	return arena_strndup(arena, low + 1, n - 1);
}

/* The value after `key` "=", in quotes or not; "" when there is none. */
static void attribute_value(const char *s, const char *end, const char *key, char out[LABEL_MAX])
{
	const char *p = memmem(s, (size_t)(end - s), key, strlen(key));
	size_t n = 0;

	out[0] = '\0';
	if (p == NULL)
		return;
	p += strlen(key);
	while (p < end && (isspace((unsigned char)*p) || *p == '='))
		p++;
	if (p < end && (*p == '"' || *p == '\''))
		p++;
	while (p < end && n < LABEL_MAX - 1 && strchr("\"';?> \t\r\n", *p) == NULL)
		out[n++] = *p++;
	out[n] = '\0';
}

/* The charset parameter in any case and with any quotes (RFC 9110, 8.3.1, and what people make of
 * it). */
static void http_label(const char *content_type, char out[LABEL_MAX])
{
	char low[256];
	size_t n = 0;

	for (; n < sizeof(low) - 1 && content_type[n] != '\0'; n++)
		low[n] = (char)tolower((unsigned char)content_type[n]);
	attribute_value(low, low + n, "charset", out);
}

/* Found behind blank lines and junk, too: what follows was still written in that encoding. */
static void declared_label(const char *data, size_t len, char out[LABEL_MAX])
{
	size_t window = len < DECLARATION_MAX ? len : DECLARATION_MAX;
	const char *p = memmem(data, window, "<?xml", 5);
	const char *end;

	out[0] = '\0';
	if (p == NULL)
		return;
	end = memchr(p, '>', (size_t)(data + window - p));
	attribute_value(p, end != NULL ? end : data + window, "encoding", out);
}

/* BOM, or where the zero bytes of a "<" or "{" stand. */
static const char *name_by_bytes(const char *data, size_t len, size_t *ret_bom)
{
	static const struct {
		const char *bytes;
		size_t len, bom;
		const char *name;
	} starts[] = {
		{"\xEF\xBB\xBF", 3, 3, "utf-8"},
		{"\xFF\xFE\0\0", 4, 4, "utf-32le"},
		{"\0\0\xFE\xFF", 4, 4, "utf-32be"},
		{"\xFF\xFE", 2, 2, "utf-16le"},
		{"\xFE\xFF", 2, 2, "utf-16be"},
		{"<\0\0\0", 4, 0, "utf-32le"},
		{"\0\0\0<", 4, 0, "utf-32be"},
		{"<\0", 2, 0, "utf-16le"},
		{"\0<", 2, 0, "utf-16be"},
		{"{\0", 2, 0, "utf-16le"},
		{"\0{", 2, 0, "utf-16be"},
	};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (len >= starts[i].len && memcmp(data, starts[i].bytes, starts[i].len) == 0) {
			*ret_bom = starts[i].bom;
			return starts[i].name;
		}
	*ret_bom = 0;
	return NULL;
}

/* -- decoding -- */

/* Every byte is a character in these, so that nothing in them can be wrong. */
static bool one_byte_encoding(const char *name)
{
	static const char *const prefixes[] = {
		"windows-", "iso-8859", "iso_8859", "koi8", "cp125", "macintosh"};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

/* How many sequences of two and more bytes are well-formed, and how many bytes are in none. */
static void count_utf8(const char *data, size_t len, size_t *ret_good, size_t *ret_bad)
{
	const unsigned char *s = (const unsigned char *)data;
	size_t good = 0, bad = 0;

	for (size_t i = 0; i < len;) {
		size_t n = good_step(s + i, len - i);

		if (n == 0) {
			uint32_t c;

			/* Well-formed, but a control, is no sign against UTF-8. */
			n = utf8_next(data + i, len - i, &c);
			good += n > 1 && c != UTF8_REPLACEMENT;
			bad += c == UTF8_REPLACEMENT;
		} else if (s[i] >= 0x80) {
			good++;
		}
		i += n;
	}
	*ret_good = good;
	*ret_bad = bad;
}

/* By hand, since it is the commonest after UTF-8 and the fallback where iconv has no tables
 * installed. */
static void decode_windows_1252(const char *data, size_t len, struct decoded *d)
{
	for (size_t i = 0; i < len;) {
		size_t run = i;
		uint32_t c;

		while (run < len && (unsigned char)data[run] < 0x80)
			run++;
		buf_append(&d->own, data + i, run - i);
		i = run;
		if (i == len)
			return;
		c = (unsigned char)data[i++];
		c = c <= 0x9F ? encoding_windows_1252(c) : c;
		d->replaced = d->replaced || c == 0;
		put_char(&d->own, c != 0 ? c : UTF8_REPLACEMENT);
	}
}

/* Converts by iconv, a replacement character for each unit that is none. False when iconv does not
 * know the name. */
static bool decode_iconv(const char *name, const char *data, size_t len, struct decoded *d)
{
	size_t unit = strncmp(name, "utf-16", 6) == 0 ? 2 : strncmp(name, "utf-32", 6) == 0 ? 4 : 1;
	iconv_t cd = iconv_open("UTF-8", name);
	char *in = (char *)(uintptr_t)data; /* iconv() does not write to it */

	if (cd == (iconv_t)-1)
		return false;
	while (len > 0 && buf_reserve(&d->own, ICONV_BLOCK) == 0) {
		char *out = d->own.data + d->own.len;
		size_t room = ICONV_BLOCK;
		size_t rc = iconv(cd, &in, &len, &out, &room);

		d->own.len += ICONV_BLOCK - room;
		if (rc != (size_t)-1 || errno == E2BIG)
			continue;
		put_char(&d->own, UTF8_REPLACEMENT);
		d->replaced = true;
		unit = len < unit ? len : unit;
		in += unit;
		len -= unit;
	}
	iconv_close(cd);
	return true;
}

/* UTF-8 needs no decoding, only mending from `good` on. */
static void decode_utf8(const char *data, size_t len, size_t good, struct decoded *d)
{
	d->text = data;
	d->len = len;
	if (good == len)
		return;
	buf_append(&d->own, data, good);
	append_mended(&d->own, data + good, len - good, &d->replaced, &d->dropped);
	d->text = d->own.data;
	d->len = d->own.len;
}

/* What iconv made may hold controls; a second buffer only when it does. */
static void mend_own(struct decoded *d)
{
	struct buf first = d->own;

	if (good_length(first.data, first.len) != first.len) {
		buf_init(&d->own, first.max);
		append_mended(&d->own, first.data, first.len, &d->replaced, &d->dropped);
		d->own.failure = d->own.failure != 0 ? d->own.failure : first.failure;
		buf_finish(&first);
	}
	d->text = buf_string(&d->own);
	d->len = d->own.len;
}

static bool can_read(const char *name)
{
	iconv_t cd;

	if (strcmp(name, "utf-8") == 0 || strcmp(name, "windows-1252") == 0)
		return true;
	cd = iconv_open("UTF-8", name);
	if (cd == (iconv_t)-1)
		return false;
	iconv_close(cd);
	return true;
}

/* What is declared, whether it is true or not; what nobody knows is as good as nothing where the
 * document says more. */
static const char *choose_encoding(const char *data, size_t len, const char *content_type,
	struct arena *arena, bool *ret_default)
{
	char label[LABEL_MAX] = "";
	const char *name = NULL, *own = NULL;

	*ret_default = false;
	if (content_type != NULL) {
		http_label(content_type, label);
		name = name_of_label(label, arena);
	}
	if (name == NULL || !can_read(name)) {
		declared_label(data, len, label);
		own = name_of_label(label, arena);
	}
	name = own != NULL ? own : name;
	*ret_default = name == NULL;
	return name != NULL ? name : "utf-8";
}

/* Who declares nothing and writes no UTF-8 writes what his neighbours do: another script when the
 * bytes say so, else windows-1252, since Latin texts are too much alike to be told apart. */
static const char *detect_encoding(const char *data, size_t len)
{
	static const char *const names[][2] = {{"EUC-JP", "euc-jp"}, {"SHIFT_JIS", "cp932"},
		{"EUC-KR", "cp949"}, {"UHC", "cp949"}, {"GB18030", "gb18030"},
		{"BIG5", "big5-hkscs"}, {"KOI8-R", "koi8-r"}, {"WINDOWS-1251", "windows-1251"},
		{"WINDOWS-1253", "windows-1253"}, {"ISO-8859-7", "iso-8859-7"},
		{"WINDOWS-1255", "windows-1255"}, {"WINDOWS-1256", "windows-1256"},
		{"TIS-620", "tis-620"}};
	const char *name = "windows-1252";
	size_t high = 0;
	uchardet_t detector;

	len = len < DETECT_BYTES ? len : DETECT_BYTES;
	for (size_t i = 0; i < len; i++)
		high += (unsigned char)data[i] >= 0x80;
	detector = high >= DETECT_SURE ? uchardet_new() : NULL;
	if (detector == NULL)
		return name;
	uchardet_handle_data(detector, data, len);
	uchardet_data_end(detector);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(uchardet_get_charset(detector), names[i][0]) == 0)
			name = names[i][1];
	uchardet_delete(detector);
	return name;
}

/* The default of all texts (RFC 2046, 4.1.2), which many servers mean by saying nothing: told as
 * long as it is true. */
static bool default_ascii(const char *content_type, const char *data, size_t len)
{
	unsigned char all = 0;

	if (content_type == NULL || strncasecmp(content_type, "text/", 5) != 0)
		return false;
	for (size_t i = 0; i < len; i++)
		all |= (unsigned char)data[i];
	return all < 0x80;
}

/* A label against the bytes: what cannot be true is not believed. `good_bytes` are clean UTF-8. */
static const char *check_encoding(const char *name, const char *data, size_t len, size_t good_bytes,
	bool by_default, struct decoded *d)
{
	size_t good, bad;

	/* These two would have shown by their zero bytes. */
	if (strncmp(name, "utf-16", 6) == 0 || strncmp(name, "utf-32", 6) == 0) {
		d->mislabelled = true;
		name = "utf-8";
	}
	if (strcmp(name, "utf-8") == 0) {
		if (good_bytes == len)
			return name;
		count_utf8(data, len, &good, &bad);
		if (good >= bad)
			return name;
		d->mislabelled = d->mislabelled || !by_default;
		return detect_encoding(data + good_bytes, len - good_bytes);
	}
	if (!one_byte_encoding(name))
		return name;
	count_utf8(data, len, &good, &bad);
	if (bad > 0 || good < UTF8_SURE)
		return name;
	d->mislabelled = true;
	return "utf-8";
}

/* Calls itself once or twice: what is found out, at last as UTF-8, gives a text. */
static void decode_as(
	const char *name, const char *data, size_t len, size_t good_bytes, struct decoded *d)
{
	const char *found;

	d->encoding = name;
	if (strcmp(name, "utf-8") == 0) {
		decode_utf8(data, len, good_bytes, d);
		return;
	}
	if (strcmp(name, "windows-1252") == 0) {
		decode_windows_1252(data, len, d);
		mend_own(d);
		return;
	}
	if (decode_iconv(name, data, len, d)) {
		mend_own(d);
		if (d->len == 0 || memchr(d->text, '<', d->len) != NULL ||
			memchr(d->text, '{', d->len) != NULL)
			return;
	}
	/* Unknown to iconv, or nothing that could be a feed came out: as if nothing were declared.
	 */
	buf_reset(&d->own);
	d->mislabelled = true;
	d->replaced = d->dropped = false;
	found = check_encoding("utf-8", data, len, good_bytes, true, d);
	decode_as(strcmp(found, name) != 0 ? found : "utf-8", data, len, good_bytes, d);
}

int encoding_decode(const char *data, size_t len, const char *content_type, struct arena *arena,
	struct decoded *ret_decoded)
{
	struct decoded d = {0};
	size_t bom, good_bytes;
	bool by_default = false;
	const char *name = name_by_bytes(data, len, &bom);

	buf_init(&d.own, len * 3 + ICONV_BLOCK + 64);
	data += bom;
	len -= bom;
	good_bytes = good_length(data, len);
	if (name == NULL) {
		name = choose_encoding(data, len, content_type, arena, &by_default);
		name = check_encoding(name, data, len, good_bytes, by_default, &d);
	}
	decode_as(name, data, len, good_bytes, &d);
	if (by_default && default_ascii(content_type, data, len))
		d.encoding = "us-ascii";
	if (buf_status(&d.own) != 0) {
		encoding_finish(&d);
		return ERR_NOMEM;
	}
	*ret_decoded = d;
	return 0;
}

void encoding_finish(struct decoded *d)
{
	buf_finish(&d->own);
}
