/* Folders: names that group feeds. They come with the first feed that is put into them and go with
 * the last; one that a user made, or gave a name, stays until a user deletes it. */
#ifndef TIDINGS_STORE_FOLDERS_H
#define TIDINGS_STORE_FOLDERS_H

#include <stdint.h>

#include "store/stories.h"

struct folder {
	int64_t id, rev;
	const char *name; /* unique */
	enum grouping_level stories;
	bool kept; /* stays without feeds */
};

/* All of them, by name. */
int folders_list(struct store_tx *tx, void (*each)(void *ctx, const struct folder *folder),
	void *ctx, struct err *e);

/* `name` is copied into the arena. ERR_NOT_FOUND. */
int folders_get(struct store_tx *tx, int64_t id, struct arena *arena, struct folder *ret_folder,
	struct err *e);

/* Looks a folder up by its name. ret_id is 0 when there is none. */
int folders_find(struct store_tx *tx, const char *name, int64_t *ret_id, struct err *e);
/* Makes one that stays. One that is there, for its feeds' sake, stays from now on (folder.update);
 * ERR_EXISTS when it does already. *ret_id in any case. ERR_INVALID: FOLDERS_MAX are there. */
int folders_add(
	struct store_tx *tx, const char *name, int64_t now_ms, int64_t *ret_id, struct err *e);

/* Changes what a user says of its feeds' stories (folder.update), if that differs. ERR_NOT_FOUND;
 * ERR_DENIED when the configuration says it. */
int folders_change(struct store_tx *tx, int64_t id, enum grouping_level stories, int64_t now_ms,
	struct err *e);

/* Gives it another name (folder.update), and keeps it. ERR_NOT_FOUND; ERR_EXISTS, with the id of
 * the one that has the name; ERR_DENIED when the configuration has that folder. */
int folders_rename(struct store_tx *tx, int64_t id, const char *name, int64_t now_ms,
	int64_t *ret_other, struct err *e);

/* Takes its feeds out (feed.update) and deletes it (folder.delete). ERR_NOT_FOUND; ERR_DENIED when
 * the configuration has that folder. */
int folders_remove(struct store_tx *tx, int64_t id, int64_t now_ms, struct err *e);

/* The folder of that name, made (folder.new) when there is none. Inside the room: feeds bring
 * folders with them. */
int folders_obtain(
	struct store_tx *tx, const char *name, int64_t now_ms, int64_t *ret_id, struct err *e);

/* Deletes the folder (folder.delete) if no feed is in it any more and it is not kept; 0 is no
 * folder. Inside the room.
 */
int folders_sweep(struct store_tx *tx, int64_t id, int64_t now_ms, struct err *e);

#endif
