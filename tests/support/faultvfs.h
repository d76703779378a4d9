/* An SQLite VFS that counts what is done to files and fails when told to: disks that are full,
 * broken, or cut off. */
#ifndef TESTS_SUPPORT_FAULTVFS_H
#define TESTS_SUPPORT_FAULTVFS_H

#include <stdbool.h>

/* What can fail, as bits. */
enum {
	FAULTVFS_READ = 1,
	FAULTVFS_WRITE = 2,
	FAULTVFS_SYNC = 4,
	FAULTVFS_TRUNCATE = 8,
	FAULTVFS_OPEN = 16,
	FAULTVFS_SHM = 32, /* the map that write-ahead logging shares */
	FAULTVFS_ALL = 63,
	FAULTVFS_LOCK = 64, /* taking one, of the file or the map */
};

/* Makes it the default VFS, on top of the usual one. Once a process, before a database is opened;
 * any thread may use it. */
void faultvfs_install(void);

/* The next `n` operations of these kinds succeed, and the one after them fails with SQLite's `code`
 * (SQLITE_IOERR_WRITE, SQLITE_FULL, ...); with `for_good`, so do all after it. A write that fails
 * has written the first half. Sets the count to 0. Until it is off SQLite waits for nothing. */
void faultvfs_fail_after(long n, int kinds, int code, bool for_good);

/* Operations of these kinds since then. */
long faultvfs_count(void);

/* Has SQLite ask the counted allocator of fault.h. Once a process, before anything of SQLite. */
void faultvfs_use_malloc(void);

/* From then on SQLite's allocations are neither counted nor fail: those of the room alone. */
void faultvfs_spare_malloc(bool spared);

/* Nothing fails any more. Returns how many have failed. */
long faultvfs_off(void);

#endif
