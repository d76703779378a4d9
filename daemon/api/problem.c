/* Problem details: the table of codes, and the document. */
#include "api/problem.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"

const struct problem_type problem_types[PROBLEM_KINDS] = {
#define X(symbol, status, code, title) [symbol] = {status, code, title},
	PROBLEM_LIST(X)
#undef X
};

/* A target may be 32 KiB long; the answer needs only what tells it from others. */
enum { INSTANCE_MAX = 1000 };

__attribute__((format(printf, 3, 0))) static void describe(
	struct http_problem *p, enum problem_kind kind, const char *format, va_list args)
{
	p->kind = kind;
	if (vsnprintf(p->detail, sizeof(p->detail), format, args) >= (int)sizeof(p->detail))
		p->detail[utf8_cut(p->detail, sizeof(p->detail) - 1, sizeof(p->detail) - 4)] = '\0';
}

int problem_set(struct http_problem *p, enum problem_kind kind, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (p->kind == PROBLEM_NONE)
		describe(p, kind, format, args);
	va_end(args);
	return ERR_INVALID;
}

int problem_at(struct http_problem *p, const char *where, const char *name, const char *format, ...)
{
	va_list args;

	if (p->kind != PROBLEM_NONE)
		return ERR_INVALID;
	p->where = where;
	snprintf(p->where_name, sizeof(p->where_name), "%s", name);
	va_start(args, format);
	describe(p, PROBLEM_PARAMETER, format, args);
	va_end(args);
	return ERR_INVALID;
}

void problem_from_err(struct http_problem *p, int code, const struct err *e)
{
	static const struct {
		int code;
		enum problem_kind kind;
	} map[] = {
		{ERR_NOT_FOUND, PROBLEM_NOT_FOUND},
		{ERR_DENIED, PROBLEM_DECLARED},
		{ERR_EXISTS, PROBLEM_FEED_EXISTS},
		{ERR_INVALID, PROBLEM_PARAMETER},
		{ERR_BUSY, PROBLEM_BUSY},
		{ERR_NOMEM, PROBLEM_BUSY},
		{ERR_TIMEOUT, PROBLEM_TIMEOUT},
		{ERR_IO, PROBLEM_DATABASE},
		{ERR_CORRUPT, PROBLEM_DATABASE},
		{ERR_FULL, PROBLEM_DISK_FULL},
		{ERR_TOO_BIG, PROBLEM_ANSWER_SIZE},
	};
	enum problem_kind kind = PROBLEM_INTERNAL;

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
		if (map[i].code == code)
			kind = map[i].kind;
	}
	problem_set(p, kind, "%s",
		code == ERR_TOO_BIG
			? "this has more than fits into one answer: ask for a part of it"
		: e && e->text[0] ? e->text
				  : err_sentence(code));
}

static void render_errors(const struct http_problem *p, struct json *j)
{
	json_put_array(j, "errors");
	if (p->where || p->line > 0) {
		json_put_object(j, NULL);
		if (p->where)
			json_put_string(j, p->where, p->where_name);
		if (p->line > 0) {
			json_put_int(j, "line", p->line);
			json_put_int(j, "column", p->column);
		}
		json_put_string(j, "detail", p->detail);
		json_end(j);
	}
	json_end(j);
}

void problem_render(const struct http_problem *p, const char *instance, struct buf *out)
{
	const struct problem_type *what = &problem_types[p->kind];
	struct json j;
	char type[80];

	snprintf(type, sizeof(type), "urn:tidings:problem:%s", what->code);
	json_init(&j, out);
	json_put_object(&j, NULL);
	json_put_string(&j, "type", type);
	json_put_string(&j, "title", what->title);
	json_put_int(&j, "status", what->status);
	json_put_string(&j, "code", what->code);
	json_put_string(&j, "detail", p->detail);
	json_put_string_n(&j, "instance", instance, instance ? strnlen(instance, INSTANCE_MAX) : 0);
	render_errors(p, &j);
	if (p->existing > 0)
		json_put_int(&j, "existing", p->existing);
	json_end(&j);
	buf_putc(out, '\n');
}
