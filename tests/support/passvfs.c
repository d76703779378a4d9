/* Thin files around the usual ones. */
#include "support/passvfs.h"

#include <stdio.h>
#include <stdlib.h>

static sqlite3_file *real(sqlite3_file *file)
{
	return ((struct passvfs_file *)(void *)file)->real;
}

static int file_close(sqlite3_file *file)
{
	return real(file)->pMethods->xClose(real(file));
}

static int file_read(sqlite3_file *file, void *data, int len, sqlite3_int64 offset)
{
	return real(file)->pMethods->xRead(real(file), data, len, offset);
}

static int file_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 offset)
{
	return real(file)->pMethods->xWrite(real(file), data, len, offset);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return real(file)->pMethods->xTruncate(real(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
	return real(file)->pMethods->xSync(real(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return real(file)->pMethods->xFileSize(real(file), size);
}

static int file_lock(sqlite3_file *file, int lock)
{
	return real(file)->pMethods->xLock(real(file), lock);
}

static int file_unlock(sqlite3_file *file, int lock)
{
	return real(file)->pMethods->xUnlock(real(file), lock);
}

static int file_check_lock(sqlite3_file *file, int *result)
{
	return real(file)->pMethods->xCheckReservedLock(real(file), result);
}

static int file_control(sqlite3_file *file, int op, void *arg)
{
	return real(file)->pMethods->xFileControl(real(file), op, arg);
}

static int file_sector_size(sqlite3_file *file)
{
	return real(file)->pMethods->xSectorSize(real(file));
}

static int file_characteristics(sqlite3_file *file)
{
	return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static int shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **map)
{
	return real(file)->pMethods->xShmMap(real(file), page, size, extend, map);
}

static int shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	return real(file)->pMethods->xShmLock(real(file), offset, n, flags);
}

static void shm_barrier(sqlite3_file *file)
{
	real(file)->pMethods->xShmBarrier(real(file));
}

static int shm_unmap(sqlite3_file *file, int delete_it)
{
	return real(file)->pMethods->xShmUnmap(real(file), delete_it);
}

const sqlite3_io_methods passvfs_methods = {
	.iVersion = 2, /* no memory mapping */
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_unlock,
	.xCheckReservedLock = file_check_lock,
	.xFileControl = file_control,
	.xSectorSize = file_sector_size,
	.xDeviceCharacteristics = file_characteristics,
	.xShmMap = shm_map,
	.xShmLock = shm_lock,
	.xShmBarrier = shm_barrier,
	.xShmUnmap = shm_unmap,
};

int passvfs_open(struct passvfs *p, const char *name, sqlite3_file *base, int flags, int *out_flags)
{
	struct passvfs_file *file = (struct passvfs_file *)(void *)base;
	size_t file_bytes = (size_t)(p->vfs.szOsFile - p->real->szOsFile);
	int code;

	file->base.pMethods = NULL;
	file->real = (sqlite3_file *)(void *)((char *)file + file_bytes);
	code = p->real->xOpen(p->real, name, file->real, flags, out_flags);
	if (code == SQLITE_OK)
		file->base.pMethods = &p->methods;
	return code;
}

void passvfs_install(struct passvfs *p, const char *name, size_t file_bytes)
{
	p->real = sqlite3_vfs_find(NULL);
	p->vfs = *p->real;
	p->methods = passvfs_methods;
	p->vfs.zName = name;
	p->vfs.pNext = NULL;
	p->vfs.szOsFile = (int)file_bytes + p->real->szOsFile;
	if (sqlite3_vfs_register(&p->vfs, 1) != SQLITE_OK) {
		fprintf(stderr, "the VFS \"%s\" cannot be registered\n", name);
		abort();
	}
}
