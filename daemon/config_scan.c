/* A strict reader of the configuration's text: tokens, statements, and what is wrong with them. */
#include "config_scan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/utf8.h"
#include "config_keys.h"

enum { SHOWN_BYTES = 80 };

const char *config_shown(struct config_report *r, const char *value)
{
	struct buf b;
	buf_init(&b, CONFIG_FILE_MAX);
	log_redact(&b, value);
	const char *clean = buf_string(&b);
	size_t len = strlen(clean);
	size_t cut = utf8_cut(clean, len, SHOWN_BYTES);
	char *shown = arena_printf(r->arena, "%.*s%s", (int)cut, clean, cut < len ? "..." : "");
	for (char *c = shown; c && *c != '\0'; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
	r->failed |= shown == NULL || buf_status(&b) != 0;
	buf_finish(&b);
	return shown ? shown : "";
}

/* Makes room in the order of lines; a full report keeps the first ones. */
static int report_place(struct config_report *r, int line)
{
	int at = r->count;
	while (at > 0 && r->findings[at - 1].line > line)
		at--;
	if (r->count == CONFIG_REPORT_MAX)
		r->left_out++;
	else
		r->count++;
	if (at == CONFIG_REPORT_MAX)
		return -1;
	memmove(&r->findings[at + 1], &r->findings[at],
		(size_t)(r->count - at - 1) * sizeof(r->findings[0]));
	return at;
}

void config_report_add(struct config_report *r, bool warning, int line, const char *title,
	const char *key, const char *format, ...)
{
	if (!warning)
		r->errors++;
	int at = report_place(r, line);
	if (at < 0)
		return;
	struct buf b;
	buf_init(&b, CONFIG_FILE_MAX);
	buf_printf(&b, "%s:", r->file);
	if (line > 0)
		buf_printf(&b, "%d:", line);
	if (title)
		buf_printf(&b, " %s \"%s\":", r->noun, config_shown(r, title));
	if (key)
		buf_printf(&b, " %s:", config_shown(r, key));
	buf_putc(&b, ' ');
	va_list args;
	va_start(args, format);
	buf_vprintf(&b, format, args);
	va_end(args);
	r->findings[at].line = line;
	r->findings[at].warning = warning;
	r->findings[at].text = arena_strdup(r->arena, buf_string(&b));
	if (r->findings[at].text == NULL || buf_status(&b) != 0)
		r->failed = true;
	buf_finish(&b);
}

struct scanner {
	char *at;
	int line; /* of `at` */
	struct config_report *report;
	struct config_scan *scan;

	/* the statement being read */
	int words; /* so far: a key, or a section's name and title */
	int name_line;
	const char *name, *title;
	bool value_next, in_list;

	/* the section being read */
	int depth;           /* 0: none */
	const char *section; /* its title */
	int section_line;
	enum config_section kind;      /* CONFIG_TOP: none that is known */
	int first[2][CONFIG_KEYS_MAX]; /* lines where keys were set: at the top, in the section */
	bool bad;                      /* no sense in reading on */
};

static void syntax_error(struct scanner *s, int line, const char *found, const char *allowed)
{
	config_report_add(
		s->report, false, line, s->section, NULL, "found %s; allowed: %s", found, allowed);
	s->bad = true;
}

/* Where the comment at `at` ends, `at` when there is none, NULL when it has no end. */
static char *comment_end(char *at)
{
	if (*at == '#' || strncmp(at, "//", 2) == 0)
		return at + strcspn(at, "\n");
	if (strncmp(at, "/*", 2) != 0)
		return at;
	at = strstr(at + 2, "*/");
	return at ? at + 2 : NULL;
}

/* White space and comments. Comments become white space, since libconfuse takes them for tokens
 * inside a statement. */
static bool skip_blank(struct scanner *s)
{
	for (;;) {
		for (; *s->at != '\0' && strchr(" \t\r\n", *s->at); s->at++)
			s->line += *s->at == '\n';
		char *end = comment_end(s->at);
		if (end == NULL)
			return false;
		if (end == s->at)
			return true;
		for (; s->at < end; s->at++) {
			s->line += *s->at == '\n';
			*s->at = *s->at == '\n' ? '\n' : ' ';
		}
	}
}

/* Up to the closing quote, or to the end of the line when there is none. */
static size_t string_length(const char *text, char quote)
{
	const char *at = text;
	while (*at != '\0' && *at != '\n' && *at != quote)
		at += at[0] == '\\' && (at[1] == quote || at[1] == '\\') ? 2 : 1;
	return (size_t)(at - text);
}

/* What libconfuse would do to the string at `at` other than take it as it stands; NULL: nothing.
 * Within quotes it takes line ends into the string, which spoils its line numbers; within double
 * quotes it expands ${NAME} and most escapes. */
static const char *string_fault(
	const char *at, const char *end, char quote, const char **ret_allowed)
{
	*ret_allowed = "a string on one line";
	if (*end != quote)
		return "a string without its closing quote";
	*ret_allowed = "at most 8192 bytes";
	if (end - at > CONFIG_VALUE_MAX)
		return "a longer string";
	for (; at < end; at++) {
		*ret_allowed = "printable characters";
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return "a control character in a string";
		*ret_allowed = "single quotes, in which nothing is expanded";
		if (quote == '"' && strncmp(at, "${", 2) == 0)
			return "\"${\" in double quotes";
		if (*at != '\\' || quote != '"')
			continue;
		at++;
		if (*at != '"' && *at != '\\')
			return "a backslash in double quotes";
	}
	return NULL;
}

static void take_text(struct scanner *s, const char *text, int line)
{
	if (s->in_list || s->value_next) {
		s->value_next = false;
	} else if (s->words++ == 0) {
		s->name = text;
		s->name_line = line;
	} else {
		s->title = text;
	}
}

static void read_string(struct scanner *s)
{
	char quote = *s->at++;
	char *end = s->at + string_length(s->at, quote);
	const char *allowed;
	const char *fault = string_fault(s->at, end, quote, &allowed);
	if (fault) {
		syntax_error(s, s->line, fault, allowed);
		return;
	}
	char *text = arena_alloc(s->report->arena, (size_t)(end - s->at) + 1);
	s->report->failed |= text == NULL;
	for (char *out = text; out && s->at < end; s->at++) {
		s->at += s->at[0] == '\\' && (s->at[1] == quote || s->at[1] == '\\');
		*out++ = *s->at;
	}
	s->at = end + 1;
	take_text(s, text, s->line);
}

static void read_word(struct scanner *s)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:%@/-";
	size_t len = strspn(s->at, plain);
	bool split = s->at[len] != '\0' && strchr(" \t\r\n={},#'\"", s->at[len]) == NULL;
	char *text =
		arena_strndup(s->report->arena, s->at, split ? strcspn(s->at, " \t\r\n") : len);
	s->report->failed |= text == NULL;
	if (split) {
		config_report_add(s->report, false, s->line, s->section, NULL,
			"found \"%s\"; allowed: letters, digits and _.:%%@/-, anything else in "
			"single quotes",
			text ? config_shown(s->report, text) : "");
		s->bad = true;
		return;
	}
	take_text(s, text, s->line);
	s->at += len;
}

static int64_t title_key(enum config_section section, const char *title)
{
	return hash64(title, strlen(title)) ^ section;
}

int config_scan_line(const struct config_scan *scan, enum config_section section, const char *title)
{
	return (int)(intptr_t)map_get(&scan->lines, title_key(section, title));
}

static void open_known(struct scanner *s)
{
	int first = config_scan_line(s->scan, s->kind, s->title);
	void *line = (void *)(intptr_t)s->name_line;
	s->scan->count += s->kind == CONFIG_FEED;
	if (first > 0)
		config_report_add(s->report, false, s->name_line, s->title, NULL,
			"found a second time, first in line %d; allowed: once", first);
	else if (map_put(&s->scan->lines, title_key(s->kind, s->title), line) != 0)
		s->report->failed = true;
}

static const char *const nouns[CONFIG_SECTIONS] = {"", "feed", "folder", "group"};

static enum config_section kind_of(const struct scanner *s)
{
	enum config_section kind = CONFIG_SECTIONS - 1;
	while (kind > CONFIG_TOP && (s->depth > 0 || strcmp(s->name, nouns[kind]) != 0))
		kind--;
	return kind;
}

static void open_section(struct scanner *s)
{
	const char *found = NULL;
	s->kind = kind_of(s);
	s->report->noun = s->kind ? nouns[s->kind] : "feed";
	if (!s->kind)
		found = "an unknown section";
	else if (s->words != 2 || s->title[0] == '\0' || strlen(s->title) > CONFIG_NAME_MAX)
		found = "no name, or one over 200 bytes";
	else
		open_known(s);
	if (found)
		config_report_add(s->report, false, s->name_line, s->section, s->name,
			"found %s; allowed: %s", found,
			s->depth ? "key = value" : "feed, folder or group \"Name\" { ... }");
	s->scan->lost |= found != NULL;
	s->section_line = s->name_line;
	s->section = s->words == 2 ? s->title : "";
	s->depth++;
	memset(s->first[1], 0, sizeof(s->first[1]));
}

/* A key that is unknown, or was there before. */
static void take_key(struct scanner *s)
{
	size_t count;
	const struct config_key *keys = config_keys(s->kind, &count);
	struct buf names;
	buf_init(&names, 4096);
	for (size_t i = 0; i < count; i++) {
		int *first = &s->first[s->kind != CONFIG_TOP][i];
		buf_printf(&names, "%s%s", i ? ", " : "", keys[i].name);
		if (strcmp(keys[i].name, s->name) != 0)
			continue;
		if (*first)
			config_report_add(s->report, false, s->name_line, s->section, s->name,
				"found a second time, first in line %d; allowed: once", *first);
		*first = s->name_line;
		buf_finish(&names);
		return;
	}
	config_report_add(s->report, false, s->name_line, s->section, s->name,
		"found an unknown key; allowed: %s%s", buf_string(&names),
		s->kind ? "" : ", feed, folder or group \"Name\" { ... }");
	s->report->failed |= buf_status(&names) != 0;
	buf_finish(&names);
}

/* What does not fit together is left to libconfuse to say. */
static void take_mark(struct scanner *s, char mark)
{
	if (mark == '=' && s->words == 1 && (s->kind || s->depth == 0))
		take_key(s);
	else if (mark == '{' && s->words > 0)
		open_section(s);
	else if (mark == '}' && !s->in_list && s->depth > 0 && --s->depth == 0)
		s->section = NULL;
	if (s->depth == 0)
		s->kind = CONFIG_TOP;
	s->in_list = (mark == '{' && s->value_next) || (mark == ',' && s->in_list);
	s->value_next = mark == '=';
	s->words = 0;
}

/* One token, and the blanks before it. */
static void step(struct scanner *s)
{
	int line = s->line;
	if (!skip_blank(s)) {
		syntax_error(s, line, "a comment without its end", "/* ... */");
		return;
	}
	if (*s->at == '"' || *s->at == '\'')
		read_string(s);
	else if (*s->at != '\0' && strchr("={},", *s->at))
		take_mark(s, *s->at++);
	else if (*s->at != '\0')
		read_word(s);
}

bool config_scan(char *text, struct config_report *report, struct config_scan *ret_scan)
{
	struct scanner s = {.at = text, .line = 1, .report = report, .scan = ret_scan};
	*ret_scan = (struct config_scan){0};
	while (*s.at != '\0' && !s.bad && !report->failed)
		step(&s);
	if (s.depth > 0 && !s.bad)
		syntax_error(&s, s.section_line, "no closing brace for this section",
			"feed, folder or group \"Name\" { ... }");
	if (ret_scan->count > CONFIG_FEEDS_MAX)
		config_report_add(report, false, 0, NULL, "feed",
			"found %zu sections; allowed: at most %d", ret_scan->count,
			CONFIG_FEEDS_MAX);
	return !s.bad && !report->failed;
}
