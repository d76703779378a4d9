/* Temporary folders and the files in them. */
#include "support/tmp.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "support/data.h"

enum { PATHS = 8, PATH_BYTES = 1024, OPEN_FOLDERS = 16 };

void tmp_create(struct tmp *t)
{
	const char *parent = getenv("TMPDIR");

	(void)snprintf(
		t->dir, sizeof(t->dir), "%s/tidings-XXXXXX", parent && *parent ? parent : "/tmp");
	if (!mkdtemp(t->dir)) {
		perror(t->dir);
		t->dir[0] = '\0';
		fail();
	}
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void tmp_remove(struct tmp *t)
{
	if (t->dir[0] && nftw(t->dir, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS) != 0) {
		perror(t->dir);
		t->dir[0] = '\0';
		fail();
	}
	t->dir[0] = '\0';
}

const char *tmp_path(const struct tmp *t, const char *name)
{
	static char paths[PATHS][PATH_BYTES];
	static unsigned turn;
	char *path = paths[turn++ % PATHS];
	int n = snprintf(path, PATH_BYTES, "%s/%s", t->dir, name);

	assert_in_range(n, 1, PATH_BYTES - 1);
	return path;
}

static void make_folders(const struct tmp *t, const char *path)
{
	char folder[PATH_BYTES];

	for (const char *p = path + strlen(t->dir) + 1; *p; p++) {
		if (*p != '/')
			continue;
		(void)snprintf(folder, sizeof(folder), "%.*s", (int)(p - path), path);
		(void)mkdir(folder, 0700);
	}
}

const char *tmp_write(const struct tmp *t, const char *name, const void *data, size_t len)
{
	const char *path = tmp_path(t, name);
	FILE *f;

	make_folders(t, path);
	f = fopen(path, "wb");
	if (!f)
		perror(path);
	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	return path;
}

const char *tmp_write_text(const struct tmp *t, const char *name, const char *text)
{
	return tmp_write(t, name, text, strlen(text));
}

char *tmp_read(const struct tmp *t, const char *name, size_t *ret_len)
{
	return data_read_path(tmp_path(t, name), ret_len);
}
