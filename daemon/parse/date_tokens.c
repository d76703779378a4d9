/* Cuts dates into tokens. */
#include "parse/date_tokens.h"

#include <string.h>

#include "base/utf8.h"

enum { DIGITS_MAX = 18 };

static bool is_digit(uint32_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || c >= 0xAA;
}

/* Characters that are a word each: 2004年5月28日, 2004년 5월. */
static bool is_unit(uint32_t c)
{
	static const uint16_t units[] = {0x5E74, 0x6708, 0x65E5, 0x6642, 0x65F6, 0x70B9, 0x5206,
		0x79D2, 0xB144, 0xC6D4, 0xC77C, 0xC2DC, 0xBD84, 0xCD08};

	for (size_t i = 0; c > 0x3000 && i < sizeof(units) / sizeof(units[0]); i++)
		if (units[i] == c)
			return true;
	return false;
}

/* Reads a word; "p.m" keeps its full stop inside. Returns what follows it. */
static const char *read_word(const char *s, const char *end, struct date_token *t)
{
	size_t len = 0;

	t->kind = TOKEN_WORD;
	while (s < end) {
		uint32_t c, next;
		size_t taken = date_fold(s, (size_t)(end - s), &c);
		bool stop = c == '.' && len > 0 && len <= 2 && s + 1 < end;

		if (stop) {
			date_fold(s + 1, (size_t)(end - s - 1), &next);
			stop = is_letter(next);
		}
		if (c != 0 && !is_letter(c) && !stop)
			break;
		if (is_unit(c) && len > 0)
			break;
		if (c != 0 && len + 4 < sizeof(t->word))
			len += utf8_put(c, t->word + len);
		s += taken;
		if (is_unit(c))
			break;
	}
	t->word[len] = '\0';
	t->meaning = date_word_find(t->word);
	return s;
}

static const char *read_number(const char *s, const char *end, struct date_token *t)
{
	t->kind = TOKEN_NUMBER;
	t->text = s;
	while (s < end) {
		uint32_t c;
		size_t taken = date_fold(s, (size_t)(end - s), &c);

		if (!is_digit(c))
			break;
		if (t->digits++ < DIGITS_MAX)
			t->value = t->value * 10 + (int64_t)(c - '0');
		s += taken;
	}
	return s;
}

/* Behind the comment that starts at `s` (RFC 5322, 3.2.2), or behind its "(" when it has no end. */
static const char *skip_comment(const char *s, const char *end)
{
	const char *close = memchr(s, ')', (size_t)(end - s));

	return close ? close + 1 : s + 1;
}

bool date_tokenise(const char *s, const char *end, struct date_token ret_tokens[DATE_TOKENS_MAX])
{
	bool glued = false;
	size_t count = 0;

	while (s < end) {
		struct date_token *t = &ret_tokens[count];
		uint32_t c;
		size_t taken = date_fold(s, (size_t)(end - s), &c);

		if (c == ' ' || c == 0 || c == '(') {
			glued = false;
			s = c == '(' ? skip_comment(s, end) : s + taken;
			continue;
		}
		if (count == DATE_TOKENS_MAX - DATE_LOOK_AHEAD)
			return false;
		*t = (struct date_token){.kind = TOKEN_SIGN, .sign = (char)c, .glued = glued};
		if (is_digit(c))
			s = read_number(s, end, t);
		else if (is_letter(c))
			s = read_word(s, end, t);
		else
			s += taken;
		glued = true;
		count++;
	}
	for (size_t i = 0; i < DATE_LOOK_AHEAD; i++)
		ret_tokens[count + i] = (struct date_token){.kind = TOKEN_END};
	return true;
}
