/* The failing VFS: a thin file around the usual one, and one counter for all of them. */
#include "support/faultvfs.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sqlite3.h>

#include "support/fault.h"

struct file {
	sqlite3_file base;
	sqlite3_file *real; /* its memory follows this struct */
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs vfs;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct {
	long after, count, failed;
	int kinds, code;
	bool for_good;
} plan;

void faultvfs_fail_after(long n, int kinds, int code, bool for_good)
{
	pthread_mutex_lock(&mutex);
	plan.after = n;
	plan.count = 0;
	plan.failed = 0;
	plan.kinds = kinds;
	plan.code = code;
	plan.for_good = for_good;
	pthread_mutex_unlock(&mutex);
}

long faultvfs_count(void)
{
	long count;

	pthread_mutex_lock(&mutex);
	count = plan.count;
	pthread_mutex_unlock(&mutex);
	return count;
}

long faultvfs_off(void)
{
	long failed;

	pthread_mutex_lock(&mutex);
	failed = plan.failed;
	plan.kinds = 0;
	pthread_mutex_unlock(&mutex);
	return failed;
}

/* SQLITE_OK, or what this operation is to fail with. */
static int strike(int kind)
{
	int code = SQLITE_OK;

	pthread_mutex_lock(&mutex);
	if (plan.kinds & kind) {
		long at = plan.count++;

		if (at == plan.after || (plan.for_good && at > plan.after)) {
			plan.failed++;
			code = plan.code;
		}
	}
	pthread_mutex_unlock(&mutex);
	return code;
}

static sqlite3_file *real(sqlite3_file *file)
{
	return ((struct file *)(void *)file)->real;
}

static int file_close(sqlite3_file *file)
{
	return real(file)->pMethods->xClose(real(file));
}

static int file_read(sqlite3_file *file, void *data, int len, sqlite3_int64 offset)
{
	int code = strike(FAULTVFS_READ);

	return code ? code : real(file)->pMethods->xRead(real(file), data, len, offset);
}

static int file_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 offset)
{
	int code = strike(FAULTVFS_WRITE);

	if (code) {
		real(file)->pMethods->xWrite(real(file), data, len / 2, offset);
		return code;
	}
	return real(file)->pMethods->xWrite(real(file), data, len, offset);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	int code = strike(FAULTVFS_TRUNCATE);

	return code ? code : real(file)->pMethods->xTruncate(real(file), size);
}

/* Not done in earnest: it would only matter to a power cut, and costs most of a test's time. */
static int file_sync(sqlite3_file *file, int flags)
{
	(void)file;
	(void)flags;
	return strike(FAULTVFS_SYNC);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return real(file)->pMethods->xFileSize(real(file), size);
}

static int file_lock(sqlite3_file *file, int lock)
{
	int code = strike(FAULTVFS_LOCK);

	return code ? code : real(file)->pMethods->xLock(real(file), lock);
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
	int code = strike(FAULTVFS_SHM);

	return code ? code : real(file)->pMethods->xShmMap(real(file), page, size, extend, map);
}

static int shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	int code = flags & SQLITE_SHM_LOCK ? strike(FAULTVFS_LOCK) : SQLITE_OK;

	return code ? code : real(file)->pMethods->xShmLock(real(file), offset, n, flags);
}

static void shm_barrier(sqlite3_file *file)
{
	real(file)->pMethods->xShmBarrier(real(file));
}

static int shm_unmap(sqlite3_file *file, int delete_it)
{
	return real(file)->pMethods->xShmUnmap(real(file), delete_it);
}

static const sqlite3_io_methods methods = {
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

static int vfs_open(
	sqlite3_vfs *self, const char *name, sqlite3_file *base, int flags, int *out_flags)
{
	struct file *file = (struct file *)(void *)base;
	int code = strike(FAULTVFS_OPEN);

	(void)self;
	file->base.pMethods = NULL;
	file->real = (sqlite3_file *)(void *)(file + 1);
	if (!code)
		code = real_vfs->xOpen(real_vfs, name, file->real, flags, out_flags);
	if (!code)
		file->base.pMethods = &methods;
	return code;
}

static int vfs_sleep(sqlite3_vfs *self, int microseconds)
{
	bool armed;

	(void)self;
	pthread_mutex_lock(&mutex);
	armed = plan.kinds != 0;
	pthread_mutex_unlock(&mutex);
	return armed ? microseconds : real_vfs->xSleep(real_vfs, microseconds);
}

static atomic_bool malloc_spared;

void faultvfs_spare_malloc(bool spared)
{
	atomic_store(&malloc_spared, spared);
}

static void *lib_malloc(int n)
{
	return fault_malloc_unless(atomic_load(&malloc_spared), (size_t)n);
}

static void *lib_realloc(void *p, int n)
{
	return fault_realloc_unless(atomic_load(&malloc_spared), p, (size_t)n);
}

static int lib_size(void *p)
{
	return (int)malloc_usable_size(p);
}

static int lib_roundup(int n)
{
	return (n + 7) & ~7;
}

static int lib_init(void *ctx)
{
	(void)ctx;
	return SQLITE_OK;
}

static void lib_shutdown(void *ctx)
{
	(void)ctx;
}

void faultvfs_use_malloc(void)
{
	static const sqlite3_mem_methods counted = {lib_malloc, fault_free, lib_realloc, lib_size,
		lib_roundup, lib_init, lib_shutdown, NULL};

	sqlite3_config(SQLITE_CONFIG_MALLOC, &counted);
}

void faultvfs_install(void)
{
	if (real_vfs)
		return;
	real_vfs = sqlite3_vfs_find(NULL);
	vfs = *real_vfs;
	vfs.zName = "fault";
	vfs.pNext = NULL;
	vfs.szOsFile = (int)sizeof(struct file) + real_vfs->szOsFile;
	vfs.xOpen = vfs_open;
	vfs.xSleep = vfs_sleep;
	if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK) {
		fputs("faultvfs: cannot be registered\n", stderr);
		abort();
	}
}
