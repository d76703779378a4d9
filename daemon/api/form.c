/* Reading forms, urlencoded or in parts. */
#include "api/form.h"

#include <string.h>

#include "base/err.h"
#include "base/utf8.h"
#include "limits.h"

static int add(struct form *form, const char *name, const char *value, struct arena *arena)
{
	struct form_pair *pair;

	if (form->count == FORM_PAIRS_MAX)
		return ERR_TOO_BIG;
	pair = arena_alloc(arena, sizeof(*pair));
	if (!pair)
		return ERR_NOMEM;
	*pair = (struct form_pair){.name = name, .value = value};
	if (form->last)
		form->last->next = pair;
	else
		form->first = pair;
	form->last = pair;
	form->count++;
	return 0;
}

int form_read(struct form *form, struct slice text, struct arena *arena)
{
	struct slice name, value;

	while (http_next_pair(&text, &name, &value)) {
		char *decoded_name, *decoded_value;
		int code = http_decode(arena, name, HTTP_CODED_FORM, &decoded_name);
		if (code == 0)
			code = http_decode(arena, value, HTTP_CODED_FORM, &decoded_value);
		if (code == 0)
			code = add(form, decoded_name, decoded_value, arena);
		if (code < 0)
			return code;
	}
	return 0;
}

/* -- parts -- */

/* Cuts what stands before `mark` off `s`; false when there is no mark. */
static bool cut(struct slice *s, struct slice mark, struct slice *ret_part)
{
	const char *at = s->len > 0 ? memmem(s->at, s->len, mark.at, mark.len) : NULL;

	if (!at)
		return false;
	*ret_part = (struct slice){s->at, (size_t)(at - s->at)};
	s->len -= ret_part->len + mark.len;
	s->at = at + mark.len;
	return true;
}

/* Of the field Content-Disposition, in the head of a part. */
static bool part_name(struct slice head, struct slice *ret_name)
{
	static const char mark[] = " name=\"";
	struct slice before;

	return cut(&head, (struct slice){mark, sizeof(mark) - 1}, &before) &&
	       cut(&head, (struct slice){"\"", 1}, ret_name);
}

/* As http_decode() has it. */
static bool is_line(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7f)
			return false;
	}
	return utf8_valid(text.at, text.len);
}

static int read_part(struct form *form, struct slice part, struct arena *arena)
{
	struct slice head, name;

	if (!cut(&part, (struct slice){"\r\n\r\n", 4}, &head) || !part_name(head, &name) ||
		!is_line(name) || !is_line(part))
		return ERR_INVALID;
	char *text = arena_strndup(arena, name.at, name.len);
	char *value = arena_strndup(arena, part.at, part.len);
	if (!text || !value)
		return ERR_NOMEM;
	return add(form, text, value, arena);
}

/* Its first line is the boundary; every further one begins on a line of its own. */
static int read_parts(struct form *form, struct slice body, struct arena *arena)
{
	struct slice line, part;

	if (!cut(&body, (struct slice){"\r\n", 2}, &line) || line.len > FORM_BOUNDARY_MAX)
		return ERR_INVALID;
	char mark[FORM_BOUNDARY_MAX + 2] = {'\r', '\n'};
	memcpy(mark + 2, line.at, line.len);
	while (cut(&body, (struct slice){mark, line.len + 2}, &part)) {
		int code = read_part(form, part, arena);
		if (code < 0)
			return code;
	}
	return body.len >= 2 && memcmp(body.at, "--", 2) == 0 ? 0 : ERR_INVALID;
}

int form_read_body(struct form *form, struct slice body, struct arena *arena)
{
	if (body.len >= 2 && memcmp(body.at, "--", 2) == 0)
		return read_parts(form, body, arena);
	return form_read(form, body, arena);
}

/* -- looking up -- */

const char *form_find(struct slice text, const char *name, struct arena *arena)
{
	struct slice at, value;
	char *found;

	while (http_next_pair(&text, &at, &value)) {
		if (value.len <= ACCESS_FIELD_MAX && slice_is(at, name))
			return http_decode(arena, value, HTTP_CODED_FORM, &found) == 0 ? found
										       : NULL;
	}
	return NULL;
}

const char *form_text(const struct form *form, const char *name)
{
	const struct form_pair *at = NULL;

	return form_next(form, name, &at);
}

const struct form_pair *form_pair(
	const struct form *form, const char *name, const struct form_pair *before)
{
	const struct form_pair *pair = before ? before->next : form->first;

	while (pair && strcmp(pair->name, name) != 0)
		pair = pair->next;
	return pair;
}

const char *form_next(const struct form *form, const char *name, const struct form_pair **at)
{
	const struct form_pair *pair = form_pair(form, name, *at);

	*at = pair ? pair : *at;
	return pair ? pair->value : NULL;
}

int64_t form_number(const struct form *form, const char *name, int64_t max, int64_t fallback)
{
	const char *text = form_text(form, name);
	int64_t number = 0;

	if (!text || !*text)
		return fallback;
	for (; *text >= '0' && *text <= '9'; text++)
		number = number > max / 10 ? max : number * 10 + (*text - '0');
	if (*text)
		return fallback;
	return number < max ? number : max;
}
