/* Loading of test data. */
#include "support/data.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { PATH_BYTES = 1024 };

const char *data_path(const char *path)
{
	static char full[PATH_BYTES];
	int n = snprintf(full, sizeof(full), "%s/%s", TEST_DATA, path);

	assert_in_range(n, 1, PATH_BYTES - 1);
	return full;
}

char *data_read(const char *path, size_t *ret_len)
{
	return data_read_path(data_path(path), ret_len);
}

char *data_read_path(const char *path, size_t *ret_len)
{
	FILE *f = fopen(path, "rb");
	char *data = NULL;
	long size;

	if (!f)
		perror(path);
	assert_non_null(f);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	size = ftell(f);
	assert_true(size >= 0);
	rewind(f);
	data = malloc((size_t)size + 1);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, (size_t)size, f), size);
	data[size] = '\0';
	(void)fclose(f);
	if (ret_len)
		*ret_len = (size_t)size;
	return data;
}
