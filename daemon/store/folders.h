/* Folders: names that group feeds. They come with the first feed that is put into them and go with
 * the last. */
#ifndef TIDINGS_STORE_FOLDERS_H
#define TIDINGS_STORE_FOLDERS_H

#include <stdint.h>

#include "store/stories.h"

struct folder {
	int64_t id, rev;
	const char *name; /* unique */
	enum grouping_level stories;
};

/* `name` is copied into the arena. ERR_NOT_FOUND. */
int folders_get(struct store_tx *tx, int64_t id, struct arena *arena, struct folder *ret_folder,
	struct err *e);

/* Looks a folder up by its name. ret_id is 0 when there is none. */
int folders_find(struct store_tx *tx, const char *name, int64_t *ret_id, struct err *e);

/* Changes what a user says of its feeds' stories (folder.update), if that differs. ERR_NOT_FOUND;
 * ERR_DENIED when the configuration says it. */
int folders_change(struct store_tx *tx, int64_t id, enum grouping_level stories, int64_t now_ms,
	struct err *e);

/* The folder of that name, made (folder.new) when there is none. Inside the room: feeds bring
 * folders with them. */
int folders_obtain(
	struct store_tx *tx, const char *name, int64_t now_ms, int64_t *ret_id, struct err *e);

/* Deletes the folder (folder.delete) if no feed is in it any more; 0 is no folder. Inside the room.
 */
int folders_sweep(struct store_tx *tx, int64_t id, int64_t now_ms, struct err *e);

#endif
