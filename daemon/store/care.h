/* Looking after the database while it is in use: whether it is sound, a copy of it, free pages
 * given back. One such task at a time, in the background. */
#ifndef TIDINGS_STORE_CARE_H
#define TIDINGS_STORE_CARE_H

#include "store/store.h"

enum care_kind {
	CARE_NONE,
	CARE_QUICK,   /* are pages and rows sound: after a stop that was none */
	CARE_CHECK,   /* and indexes, and what refers to what */
	CARE_BACKUP,  /* a consistent copy, of the moment when it began */
	CARE_COMPACT, /* all free pages, in small jobs of the store thread */
};

/* The task under way, or the last one. */
struct care_report {
	enum care_kind kind;
	bool running;
	int64_t done, total; /* its steps: parts checked, bytes written, pages given back */
	int status;          /* once it has ended: 0, ERR_CORRUPT, ... */
	const char *text;    /* what went wrong, "" when nothing did */
};

/* Begins. `name` is the copy's, of a file in the folder of the database; one that is there already
 * ends the task with ERR_EXISTS, and a database that cannot be compacted with ERR_INVALID (the text
 * says what to do). ERR_BUSY: a task is under way; ERR_INVALID: the name is none of a file. `ended`
 * (may be NULL) is called on the loop thread. A stop of the store ends it early. Loop thread. */
int care_begin(struct store *s, enum care_kind kind, const char *name,
	void (*ended)(void *ctx, const struct care_report *report), void *ctx, struct err *e)
	__attribute__((warn_unused_result));

/* Loop thread; the text is valid until the next care_begin(). */
struct care_report care_look(const struct store *s);

/* "check" */
const char *care_name(enum care_kind kind);

/* True until a check has found the database sound that nobody closed before it was opened. */
bool care_is_due(const struct store *s);

/* How the room is used. */
struct care_stats {
	int64_t pages, free_pages, page_bytes;
	int64_t log_bytes; /* beside them: of the write-ahead log */
	int64_t feeds, items, revisions, stories, dropped, changes;
};
int care_measure(struct store_tx *tx, struct care_stats *ret_stats, struct err *e);

#endif
