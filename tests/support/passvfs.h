/* An SQLite VFS that passes everything on to the usual one: what those that do more begin with. */
#ifndef TESTS_SUPPORT_PASSVFS_H
#define TESTS_SUPPORT_PASSVFS_H

#include <stddef.h>
#include <sqlite3.h>

/* The first member of a VFS's own file. */
struct passvfs_file {
	sqlite3_file base;
	sqlite3_file *real; /* of the usual VFS; its memory follows */
};

struct passvfs {
	sqlite3_vfs vfs; /* first: SQLite's callbacks are given this */
	sqlite3_vfs *real;
	sqlite3_io_methods methods;
};

/* Makes it the default VFS, over the one that was. Then `vfs` and `methods` may be given functions
 * of its own, xOpen in any case, before a database is opened. */
void passvfs_install(struct passvfs *p, const char *name, size_t file_bytes);

/* Opens the real file behind one of `file_bytes`. */
int passvfs_open(
	struct passvfs *p, const char *name, sqlite3_file *file, int flags, int *out_flags);

/* What the methods are at first, for those that do more before or after. */
extern const sqlite3_io_methods passvfs_methods;

#endif
