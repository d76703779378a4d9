/* One event a line, key=value, on standard error; journald priorities when under systemd. */
#ifndef TIDINGS_BASE_LOG_H
#define TIDINGS_BASE_LOG_H

#include <stdbool.h>

/* The numbers are syslog's (RFC 5424, 6.2.1), as journald reads them from "<N>" prefixes. */
enum log_level { LOG_ERROR = 3, LOG_WARNING = 4, LOG_INFO = 6, LOG_DEBUG = 7 };

/* Chooses what is written. The journald form ("<6>event key=value", no time) is taken when standard
 * error is the journal's ($JOURNAL_STREAM names its device and inode), else "TIME level event
 * key=value". Called before threads start; log_set_level() may be called at any time. */
void log_init(enum log_level level);
void log_set_level(enum log_level level);

/* "error", "warning", "info", "debug" <-> level; ERR_INVALID for any other word. */
int log_level_parse(const char *name, enum log_level *ret_level);

/* Writes one line. NULL for `format` writes the event alone. `event` is a trusted word
 * ("feed.polled"), `format` is pairs "key=%s key2=%d" with the conversions %s %d %u %lld
 * %llu %zu only. Every %s is quoted when it is not a plain word; its control characters,
 * quotes and backslashes are escaped so that a line stays a line (C25); userinfo and token-like
 * query values of URLs inside it are replaced by "***" (C25). NULL prints as -. Thread-safe; at
 * most LOG_LINE_MAX bytes. */
void log_event(enum log_level level, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

struct buf;

/* Appends `text`; userinfo and secret query values of every URL inside and what follows
 * "Authorization:" are replaced by "***". */
void log_redact(struct buf *out, const char *text);

#endif
