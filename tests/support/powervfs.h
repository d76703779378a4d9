/* A disk whose power can be cut: an SQLite VFS that writes down what is done to the files of a
 * folder, and makes of it what such a disk could hold after a cut at any moment. */
#ifndef TESTS_SUPPORT_POWERVFS_H
#define TESTS_SUPPORT_POWERVFS_H

/* Begins: the folder (absolute) is watched by a VFS on top of the usual one, which is the
 * default from here on, and, where the program is linked with --wrap for open, fsync, rename,
 * renameat2 and unlink, by those. Files that are in it are
 * taken for safe, and stand at the beginning of the history. Nothing is synced in earnest. */
void powervfs_begin(const char *folder);

/* Moments so far: one for each write, truncation, sync, creation, renaming and removal. Any thread.
 */
long powervfs_now(void);

/* Nothing is written down any more; the VFS is now the usual one but for syncs, which would only
 * cost time. The history stays. */
void powervfs_end(void);

/* Fills `folder` (empty) with what was left when the power was cut before that moment. What was
 * synced is there. What was not is there, gone, or torn at the bounds of sectors with rubbish in
 * between, each write, truncation, creation, renaming and removal for itself, as `seed` throws the
 * dice: one seed in four loses all of it, and one in four nothing. */
void powervfs_make(long moment, unsigned long seed, const char *folder);

/* "write tidings.db-wal 4096 at 12392". In a buffer that the next call writes over. */
const char *powervfs_describe(long moment);

/* With those calls wrapped: the next `n` of open, fsync, rename and renameat2 succeed, and the one
 * after them fails with `code` (EIO, ENOSPC, ...). Sets the count to 0. */
void powervfs_fail_after(long n, int code);

/* None fails any more. Returns how many have failed. */
long powervfs_fail_off(void);

/* Frees the history. */
void powervfs_forget(void);

#endif
