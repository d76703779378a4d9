/* Copies of the database beside it. Private to the room. */
#ifndef TIDINGS_STORE_COPY_H
#define TIDINGS_STORE_COPY_H

#include <stdbool.h>

#include "store/db.h"

/* The path of a name beside the database. Without a name it is where every copy stands while it is
 * written, one at a time: whoever makes one first removes what was cut off there. free() it; NULL:
 * no memory. */
char *copy_name(const char *database, const char *name);

/* Copies what is there at this moment, whatever is written meanwhile, without free pages: to
 * `part`, which must not be there, then to `path` in the same folder. On success it is on the disk
 * with its name; after a failure there is neither. A file that has the name is replaced only if
 * told so, else ERR_EXISTS. The connection may write. */
int copy_write(struct db *db, const char *part, const char *path, bool replace, struct err *e)
	__attribute__((warn_unused_result));

#endif
