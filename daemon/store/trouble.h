/* Trouble of the database as a whole: how it is noticed, tried again, and told. Private to the
 * room.
 */
#ifndef TIDINGS_STORE_TROUBLE_H
#define TIDINGS_STORE_TROUBLE_H

#include "store/state.h"

/* Once the database is open, so that all its files are there. ERR_IO: one is not (a fault on the
 * way to write-ahead logging leaves SQLite without, and silent). */
int trouble_remember_files(struct store *s, struct err *e);

/* ERR_IO when the name of the database, of its log or of the log's index leads to another file than
 * then, or to none: what is written would be lost or spoil another's. Any thread. */
int trouble_look_at_files(const struct store *s, struct err *e);

/* The same before anything is written; what the log still holds is then saved. Store thread, as are
 * the two that follow. */
int trouble_check_files(struct store *s, struct err *e);

/* After each piece of work. db.trouble: what went wrong in it; `wrote`: something is committed. */
void trouble_judge(struct store *s, bool wrote);

/* Writes a little, to see whether it is over, and sets the time of the next try. */
void trouble_try(struct store *s);

/* Logs and passes on what is new. Loop thread. */
void trouble_tell(struct store *s, const struct err *trouble);

#endif
