/* The VFS that remembers: one history for all files, and the disks that can be made of it. */
#include "support/powervfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/passvfs.h"

enum { SECTOR = 512, NAME_BYTES = 64, FILES_MAX = 4096, PATH_BYTES = 512 };

enum kind { WRITE, TRUNCATE, SYNC, CREATE, RENAME, REMOVE, SYNC_FOLDER };

/* `file` is what a name stands for: the same for as long as it is the same file. */
struct operation {
	enum kind kind;
	int file;
	char name[NAME_BYTES], to[NAME_BYTES]; /* without the folder */
	sqlite3_int64 offset, len;             /* TRUNCATE: len */
	unsigned char *data;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct {
	bool on;
	char folder[PATH_BYTES];
	struct operation *operations;
	long count, room;
	int files;
} history;

/* Names and what they stand for: as the program sees them, and as the disk holds them. */
struct names {
	char name[FILES_MAX][NAME_BYTES];
	int count;
};
static struct names seen;

static void *must(void *memory)
{
	if (!memory) {
		fputs("powervfs: out of memory\n", stderr);
		abort();
	}
	return memory;
}

static int find(const struct names *n, const char *name)
{
	for (int file = n->count - 1; file >= 0; file--) {
		if (strcmp(n->name[file], name) == 0)
			return file;
	}
	return -1;
}

static void set_name(struct names *n, int file, const char *name)
{
	int old = find(n, name);

	if (old >= 0)
		n->name[old][0] = '\0';
	snprintf(n->name[file], NAME_BYTES, "%s", name);
	if (n->count <= file)
		n->count = file + 1;
}

/* With the lock held. The name of a file in the folder, or NULL. */
static const char *name_in_folder(const char *path)
{
	size_t len = strlen(history.folder);
	bool inside =
		history.on && path && strncmp(path, history.folder, len) == 0 && path[len] == '/';

	return inside ? path + len + 1 : NULL;
}

static struct operation *note(enum kind kind, int file, const char *name)
{
	struct operation *o;

	if (history.count == history.room) {
		history.room = history.room ? 2 * history.room : 1024;
		history.operations = must(realloc(
			history.operations, (size_t)history.room * sizeof(*history.operations)));
	}
	o = &history.operations[history.count++];
	*o = (struct operation){.kind = kind, .file = file};
	snprintf(o->name, sizeof(o->name), "%s", name);
	return o;
}

/* With the lock held. The file of a name that was opened, which is new when nobody knows it. */
static int opened(const char *name)
{
	int file = find(&seen, name);

	if (file >= 0)
		return file;
	file = history.files++;
	if (file >= FILES_MAX)
		abort();
	set_name(&seen, file, name);
	note(CREATE, file, name);
	return file;
}

/* With the lock held. */
static void removed(const char *name)
{
	int file = find(&seen, name);

	if (file < 0)
		return;
	seen.name[file][0] = '\0';
	note(REMOVE, file, name);
}

/* -- the VFS -- */

struct file {
	struct passvfs_file pass; /* first */
	int number;               /* -1: not watched */
	bool sync_folder;         /* SQLite's own VFS does so, the first time */
};

static struct passvfs vfs;

static int file_write(sqlite3_file *base, const void *data, int len, sqlite3_int64 offset)
{
	struct file *file = (struct file *)(void *)base;

	pthread_mutex_lock(&mutex);
	if (history.on && file->number >= 0) {
		struct operation *o = note(WRITE, file->number, seen.name[file->number]);

		o->offset = offset;
		o->len = len;
		o->data = must(malloc((size_t)len));
		memcpy(o->data, data, (size_t)len);
	}
	pthread_mutex_unlock(&mutex);
	return passvfs_methods.xWrite(base, data, len, offset);
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
	struct file *file = (struct file *)(void *)base;

	pthread_mutex_lock(&mutex);
	if (history.on && file->number >= 0)
		note(TRUNCATE, file->number, seen.name[file->number])->len = size;
	pthread_mutex_unlock(&mutex);
	return passvfs_methods.xTruncate(base, size);
}

static int file_sync(sqlite3_file *base, int flags)
{
	struct file *file = (struct file *)(void *)base;

	(void)flags;
	pthread_mutex_lock(&mutex);
	if (history.on && file->number >= 0) {
		note(SYNC, file->number, seen.name[file->number]);
		if (file->sync_folder)
			note(SYNC_FOLDER, -1, ".");
		file->sync_folder = false;
	}
	pthread_mutex_unlock(&mutex);
	return SQLITE_OK;
}

static int vfs_open(
	sqlite3_vfs *self, const char *path, sqlite3_file *base, int flags, int *out_flags)
{
	enum { JOURNALS = SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL };
	struct file *file = (struct file *)(void *)base;
	int code = passvfs_open(&vfs, path, base, flags, out_flags);
	const char *name;

	(void)self;
	if (code)
		return code;
	file->number = -1;
	file->sync_folder = (flags & SQLITE_OPEN_CREATE) && (flags & JOURNALS);
	pthread_mutex_lock(&mutex);
	name = name_in_folder(path);
	if (name)
		file->number = opened(name);
	pthread_mutex_unlock(&mutex);
	return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *self, const char *path, int sync_folder)
{
	int code = vfs.real->xDelete(vfs.real, path, 0);
	const char *name;

	(void)self;
	pthread_mutex_lock(&mutex);
	name = code ? NULL : name_in_folder(path);
	if (name)
		removed(name);
	if (name && sync_folder)
		note(SYNC_FOLDER, -1, ".");
	pthread_mutex_unlock(&mutex);
	return code;
}

/* -- what the store does without SQLite; the linker brings its calls here (--wrap) -- */

int __real_open(const char *path, int flags, ...);
int __real_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __real_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int __real_unlink(const char *path);
int __wrap_open(const char *path, int flags, ...);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);
int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int __wrap_unlink(const char *path);

static atomic_long calls_left = -1 /* below 0: none fails */, calls_failed, call_code;

void powervfs_fail_after(long n, int code)
{
	atomic_store(&call_code, code);
	atomic_store(&calls_failed, 0);
	atomic_store(&calls_left, n);
}

long powervfs_fail_off(void)
{
	atomic_store(&calls_left, -1);
	return atomic_load(&calls_failed);
}

static bool call_fails(void)
{
	if (atomic_load(&calls_left) < 0 || atomic_fetch_sub(&calls_left, 1) > 0)
		return false;
	atomic_fetch_add(&calls_failed, 1);
	errno = (int)atomic_load(&call_code);
	return true;
}

int __wrap_open(const char *path, int flags, ...)
{
	const char *name;
	unsigned mode;
	va_list args;
	int fd;

	if (call_fails())
		return -1;
	va_start(args, flags);
	mode = flags & O_CREAT ? va_arg(args, unsigned) : 0;
	va_end(args);
	fd = __real_open(path, flags, mode);
	pthread_mutex_lock(&mutex);
	name = fd >= 0 && flags & O_CREAT ? name_in_folder(path) : NULL;
	if (name)
		opened(name);
	pthread_mutex_unlock(&mutex);
	return fd;
}

int __wrap_fsync(int fd)
{
	char link[40], path[PATH_BYTES];
	const char *name;
	ssize_t len;

	if (call_fails())
		return -1;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len < 0)
		return -1;
	path[len] = '\0';
	pthread_mutex_lock(&mutex);
	name = name_in_folder(path);
	if (name && find(&seen, name) >= 0)
		note(SYNC, find(&seen, name), name);
	else if (history.on && strcmp(path, history.folder) == 0)
		note(SYNC_FOLDER, -1, ".");
	pthread_mutex_unlock(&mutex);
	return 0;
}

/* With the lock held. */
static void renamed(const char *from, const char *to)
{
	const char *name = name_in_folder(from), *new_name = name_in_folder(to);
	int file = name && new_name ? find(&seen, name) : -1;

	if (file < 0)
		return;
	snprintf(note(RENAME, file, name)->to, NAME_BYTES, "%s", new_name);
	set_name(&seen, file, new_name);
}

int __wrap_rename(const char *from, const char *to)
{
	int status = call_fails() ? -1 : __real_rename(from, to);

	pthread_mutex_lock(&mutex);
	if (status == 0)
		renamed(from, to);
	pthread_mutex_unlock(&mutex);
	return status;
}

int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	int status = call_fails() ? -1 : __real_renameat2(from_fd, from, to_fd, to, flags);

	pthread_mutex_lock(&mutex);
	if (status == 0)
		renamed(from, to);
	pthread_mutex_unlock(&mutex);
	return status;
}

int __wrap_unlink(const char *path)
{
	int status = __real_unlink(path);
	const char *name;

	pthread_mutex_lock(&mutex);
	name = status ? NULL : name_in_folder(path);
	if (name)
		removed(name);
	pthread_mutex_unlock(&mutex);
	return status;
}

/* -- recording -- */

/* The map that write-ahead logging shares holds nothing that outlives a cut. */
static void install(void)
{
	passvfs_install(&vfs, "power", sizeof(struct file));
	vfs.vfs.xOpen = vfs_open;
	vfs.vfs.xDelete = vfs_delete;
	vfs.methods.xWrite = file_write;
	vfs.methods.xTruncate = file_truncate;
	vfs.methods.xSync = file_sync;
}

/* What is there already is as safe as it can be. */
static void take_in(const char *folder)
{
	DIR *dir = must(opendir(folder));

	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		char path[PATH_BYTES + NAME_BYTES];
		struct operation *o;
		FILE *f;
		int file;

		if (entry->d_type != DT_REG)
			continue;
		snprintf(path, sizeof(path), "%s/%.60s", folder, entry->d_name);
		f = must(fopen(path, "rb"));
		file = opened(entry->d_name);
		o = note(WRITE, file, entry->d_name);
		if (fseek(f, 0, SEEK_END) == 0)
			o->len = ftell(f);
		rewind(f);
		o->data = must(malloc((size_t)o->len + 1));
		if (o->len > 0 && fread(o->data, (size_t)o->len, 1, f) != 1)
			abort();
		fclose(f);
		note(SYNC, file, entry->d_name);
	}
	closedir(dir);
	note(SYNC_FOLDER, -1, ".");
}

void powervfs_begin(const char *folder)
{
	powervfs_forget();
	if (!vfs.real)
		install();
	snprintf(history.folder, sizeof(history.folder), "%s", folder);
	take_in(folder);
	history.on = true;
}

long powervfs_now(void)
{
	long count;

	pthread_mutex_lock(&mutex);
	count = history.count;
	pthread_mutex_unlock(&mutex);
	return count;
}

void powervfs_end(void)
{
	pthread_mutex_lock(&mutex);
	history.on = false;
	pthread_mutex_unlock(&mutex);
}

void powervfs_forget(void)
{
	for (long n = 0; n < history.count; n++)
		free(history.operations[n].data);
	free(history.operations);
	memset(&history, 0, sizeof(history));
	memset(&seen, 0, sizeof(seen));
}

const char *powervfs_describe(long moment)
{
	static const char *const words[] = {[WRITE] = "write",
		[TRUNCATE] = "truncate",
		[SYNC] = "sync",
		[CREATE] = "create",
		[RENAME] = "rename",
		[REMOVE] = "remove",
		[SYNC_FOLDER] = "sync folder"};
	static char text[200];
	const struct operation *o;

	if (moment >= history.count)
		return "the end";
	o = &history.operations[moment];
	snprintf(text, sizeof(text), "%s %s %lld at %lld", words[o->kind], o->name,
		(long long)o->len, (long long)o->offset);
	return text;
}

/* -- the disk after the cut -- */

enum fate { LOST, KEPT, TOSSED, TORN };

struct content {
	unsigned char *bytes;
	sqlite3_int64 size, room;
};

struct disk {
	struct content files[FILES_MAX];
	struct names names;
	enum fate fate;
	uint64_t dice;
};

/* splitmix64 */
static unsigned throw_dice(struct disk *d, unsigned sides)
{
	uint64_t z = d->dice += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (unsigned)((z ^ (z >> 31)) >> 32) % sides;
}

static void resize(struct content *c, sqlite3_int64 size)
{
	if (size > c->room) {
		c->room = 2 * size;
		c->bytes = must(realloc(c->bytes, (size_t)c->room));
	}
	if (size > c->size)
		memset(c->bytes + c->size, 0, (size_t)(size - c->size));
	c->size = size;
}

static void put_bytes(
	struct content *c, const struct operation *o, sqlite3_int64 from, sqlite3_int64 to)
{
	if (from == to)
		return;
	if (c->size < o->offset + to)
		resize(c, o->offset + to);
	memcpy(c->bytes + o->offset + from, o->data + from, (size_t)(to - from));
}

/* Sector by sector. A sector that is only written in part keeps the rest: SQLite takes that for
 * granted (SQLITE_IOCAP_POWERSAFE_OVERWRITE). */
static void tear(struct disk *d, const struct operation *o)
{
	struct content *c = &d->files[o->file];
	sqlite3_int64 from = 0;

	while (from < o->len) {
		sqlite3_int64 to = from + SECTOR - (o->offset + from) % SECTOR;
		unsigned eyes = throw_dice(d, 8);

		if (to > o->len)
			to = o->len;
		if (eyes >= 3)
			put_bytes(c, o, from, to);
		for (sqlite3_int64 n = from; eyes == 7 && n < to; n++)
			c->bytes[o->offset + n] = (unsigned char)throw_dice(d, 256);
		from = to;
	}
}

static bool survives(struct disk *d)
{
	return d->fate == KEPT || (d->fate != LOST && throw_dice(d, 2));
}

static void apply_write(struct disk *d, const struct operation *o, bool synced)
{
	if (!synced && d->fate == TORN)
		tear(d, o);
	else if (synced || survives(d))
		put_bytes(&d->files[o->file], o, 0, o->len);
}

static void apply_name(struct disk *d, const struct operation *o)
{
	int file = find(&d->names, o->name);

	if (o->kind == CREATE)
		set_name(&d->names, o->file, o->name);
	else if (file < 0)
		return; /* its own creation was lost */
	else if (o->kind == REMOVE)
		d->names.name[file][0] = '\0';
	else
		set_name(&d->names, file, o->to);
}

static void apply(struct disk *d, const struct operation *o, bool synced)
{
	switch (o->kind) {
	case WRITE:
		apply_write(d, o, synced);
		break;
	case TRUNCATE:
		if (synced || survives(d))
			resize(&d->files[o->file], o->len);
		break;
	case CREATE:
	case RENAME:
	case REMOVE:
		if (synced || survives(d))
			apply_name(d, o);
		break;
	case SYNC:
	case SYNC_FOLDER:
		break;
	}
}

static void write_file(const char *folder, const char *name, const struct content *c)
{
	char path[PATH_BYTES + NAME_BYTES];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = must(fopen(path, "wb"));
	if (c->size > 0 && fwrite(c->bytes, (size_t)c->size, 1, f) != 1)
		abort();
	if (fclose(f) != 0)
		abort();
}

void powervfs_make(long moment, unsigned long seed, const char *folder)
{
	struct disk *d = must(calloc(1, sizeof(*d)));
	long *synced = must(calloc(FILES_MAX, sizeof(*synced)));
	long folder_synced = 0;

	d->fate = (enum fate)(seed % 4);
	d->dice = seed;
	for (long n = 0; n < moment; n++) {
		const struct operation *o = &history.operations[n];

		if (o->kind == SYNC)
			synced[o->file] = n;
		else if (o->kind == SYNC_FOLDER)
			folder_synced = n;
	}
	for (long n = 0; n < moment; n++) {
		const struct operation *o = &history.operations[n];

		apply(d, o, n < (o->kind >= CREATE ? folder_synced : synced[o->file]));
	}
	for (int file = 0; file < d->names.count; file++)
		if (d->names.name[file][0] != '\0')
			write_file(folder, d->names.name[file], &d->files[file]);
	for (int file = 0; file < FILES_MAX; file++)
		free(d->files[file].bytes);
	free(synced);
	free(d);
}
