/* Where `tidings new` was when it was last asked: one line in a file of the user's. */
#ifndef TIDINGS_CLI_CURSOR_H
#define TIDINGS_CLI_CURSOR_H

enum { CURSOR_BYTES = 128, CURSOR_PATH_BYTES = 4096 };

/* Path of the file: `named`, or new.cursor in $XDG_STATE_HOME/tidings, else in
 * ~/.local/state/tidings. 0, or -1 with errno: ENOENT when there is no home, ENAMETOOLONG. */
int cursor_path(const char *named, char path[CURSOR_PATH_BYTES]);

/* Reads "EPOCH-SEQ"; "" when there is no file yet. 0, or -1 with errno; EINVAL: the file holds
 * something else. */
int cursor_read(const char *path, char cursor[CURSOR_BYTES]);

/* Replaces the file in one step, so that it is whole after a crash, and makes its folder (0700). 0,
 * or -1 with errno. */
int cursor_write(const char *path, const char *cursor);

#endif
