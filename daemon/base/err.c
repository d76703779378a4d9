/* Names, sentences and formatting of the one error form. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static const struct {
	const char *name;
	const char *sentence;
} codes[] = {
#define X(symbol, name, sentence) {name, sentence},
	ERR_LIST(X)
#undef X
};

enum { CODE_COUNT = sizeof(codes) / sizeof(codes[0]) };

/* The place of a code in the table, or -1. */
static int code_index(int code)
{
	return code > ERR_FIRST && code <= ERR_FIRST + CODE_COUNT ? code - (ERR_FIRST + 1) : -1;
}

const char *err_name(int code)
{
	int i = code_index(code);

	if (code == 0)
		return "ok";
	return i >= 0 ? codes[i].name : "internal";
}

const char *err_sentence(int code)
{
	int i = code_index(code);

	if (code == 0)
		return "no error";
	return i >= 0 ? codes[i].sentence : "internal error";
}

int err_set(struct err *e, int code, const char *format, ...)
{
	char text[ERR_TEXT_BYTES + 4] = ""; /* a character more than fits, to see where it is cut */
	va_list args;
	size_t len;

	if (!e)
		return code;
	if (format) {
		va_start(args, format);
		(void)vsnprintf(text, sizeof(text), format, args);
		va_end(args);
	} else {
		(void)snprintf(text, sizeof(text), "%s", err_sentence(code));
	}
	len = utf8_cut(text, strlen(text), ERR_TEXT_BYTES - 1);
	for (size_t i = 0; i < len; i++) {
		/* Foreign text must not break the one line that is promised. */
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			text[i] = ' ';
	}
	memcpy(e->text, text, len);
	e->text[len] = '\0';
	e->code = code;
	return code;
}

/* What is not in the table is ERR_IO: the system's text tells the rest. */
static int code_of_errno(int errnum)
{
	static const struct {
		int errnum;
		int code;
	} map[] = {
		{ENOMEM, ERR_NOMEM},
		{EINVAL, ERR_INVALID},
		{ENAMETOOLONG, ERR_INVALID},
		{ELOOP, ERR_INVALID},
		{EFBIG, ERR_TOO_BIG},
		{EMSGSIZE, ERR_TOO_BIG},
		{ENOENT, ERR_NOT_FOUND},
		{ENOTDIR, ERR_NOT_FOUND},
		{EEXIST, ERR_EXISTS},
		{EADDRINUSE, ERR_EXISTS},
		{EACCES, ERR_DENIED},
		{EPERM, ERR_DENIED},
		{EROFS, ERR_DENIED},
		{EBUSY, ERR_BUSY},
		{EAGAIN, ERR_BUSY},
		{EMFILE, ERR_BUSY},
		{ENFILE, ERR_BUSY},
		{ENOSPC, ERR_FULL},
		{EDQUOT, ERR_FULL},
		{ETIMEDOUT, ERR_TIMEOUT},
		{ECANCELED, ERR_CANCELED},
		{ECONNREFUSED, ERR_CONNECT},
		{ECONNRESET, ERR_CONNECT},
		{EHOSTUNREACH, ERR_ROUTE},
		{ENETUNREACH, ERR_ROUTE},
	};

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
		if (map[i].errnum == errnum)
			return map[i].code;
	}
	return ERR_IO;
}

int err_from_errno(struct err *e, int errnum, const char *what)
{
	char text[128]; /* only for numbers that the system has no text for */

	return err_set(
		e, code_of_errno(errnum), "%s: %s", what, strerror_r(errnum, text, sizeof(text)));
}
