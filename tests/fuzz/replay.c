/* Runs a fuzz target over files and folders of files, so that the plain suite replays every corpus.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 16 * 1024 * 1024 };

static int replayed;

static int replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *room, *data;
	bool ok;
	size_t size;

	if (!f) {
		perror(path);
		return 1;
	}
	room = malloc(INPUT_MAX);
	size = room ? fread(room, 1, INPUT_MAX, f) : 0;
	fclose(f);
	/* an allocation of the exact size: the sanitizer then sees a read beyond the end */
	data = room ? malloc(size ? size : 1) : NULL;
	if (data) {
		memcpy(data, room, size);
		LLVMFuzzerTestOneInput(data, size);
		replayed++;
	}
	ok = data != NULL;
	free(room);
	free(data);
	return ok ? 0 : 1;
}

static int replay(const char *path)
{
	struct stat st;
	struct dirent *entry;
	char child[4096];
	int rc = 0;
	DIR *folder;

	if (stat(path, &st)) {
		perror(path);
		return 1;
	}
	if (!S_ISDIR(st.st_mode))
		return replay_file(path);
	folder = opendir(path);
	if (!folder)
		return 1;
	for (entry = readdir(folder); entry; entry = readdir(folder)) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
		rc |= replay(child);
	}
	closedir(folder);
	return rc;
}

int main(int argc, char **argv)
{
	int rc = 0;

	for (int i = 1; i < argc; i++)
		rc |= replay(argv[i]);
	printf("%d inputs replayed\n", replayed);
	return rc || !replayed;
}
