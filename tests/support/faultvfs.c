/* The failing VFS: one counter for all files. */
#include "support/faultvfs.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>

#include "support/fault.h"
#include "support/passvfs.h"

static struct passvfs vfs;

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

static int file_read(sqlite3_file *file, void *data, int len, sqlite3_int64 offset)
{
	int code = strike(FAULTVFS_READ);

	return code ? code : passvfs_methods.xRead(file, data, len, offset);
}

static int file_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 offset)
{
	int code = strike(FAULTVFS_WRITE);

	if (code) {
		passvfs_methods.xWrite(file, data, len / 2, offset);
		return code;
	}
	return passvfs_methods.xWrite(file, data, len, offset);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	int code = strike(FAULTVFS_TRUNCATE);

	return code ? code : passvfs_methods.xTruncate(file, size);
}

/* Not done in earnest: it would only matter to a power cut, and costs most of a test's time. */
static int file_sync(sqlite3_file *file, int flags)
{
	(void)file;
	(void)flags;
	return strike(FAULTVFS_SYNC);
}

static int file_lock(sqlite3_file *file, int lock)
{
	int code = strike(FAULTVFS_LOCK);

	return code ? code : passvfs_methods.xLock(file, lock);
}

static int shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **map)
{
	int code = strike(FAULTVFS_SHM);

	return code ? code : passvfs_methods.xShmMap(file, page, size, extend, map);
}

static int shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	int code = flags & SQLITE_SHM_LOCK ? strike(FAULTVFS_LOCK) : SQLITE_OK;

	return code ? code : passvfs_methods.xShmLock(file, offset, n, flags);
}

static int vfs_open(
	sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
	int code = strike(FAULTVFS_OPEN);

	(void)self;
	file->pMethods = NULL;
	return code ? code : passvfs_open(&vfs, name, file, flags, out_flags);
}

static int vfs_sleep(sqlite3_vfs *self, int microseconds)
{
	bool armed;

	(void)self;
	pthread_mutex_lock(&mutex);
	armed = plan.kinds != 0;
	pthread_mutex_unlock(&mutex);
	return armed ? microseconds : vfs.real->xSleep(vfs.real, microseconds);
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
	if (vfs.real)
		return;
	passvfs_install(&vfs, "fault", sizeof(struct passvfs_file));
	vfs.vfs.xOpen = vfs_open;
	vfs.vfs.xSleep = vfs_sleep;
	vfs.methods.xRead = file_read;
	vfs.methods.xWrite = file_write;
	vfs.methods.xTruncate = file_truncate;
	vfs.methods.xSync = file_sync;
	vfs.methods.xLock = file_lock;
	vfs.methods.xShmMap = shm_map;
	vfs.methods.xShmLock = shm_lock;
}
