/* A configuration file in a folder of its own, and what reading it told. */
#ifndef TESTS_UNIT_DAEMON_CONFIG_FIXTURE_H
#define TESTS_UNIT_DAEMON_CONFIG_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config.h"
#include "support/tmp.h"

enum { FINDINGS_MAX = 32 };

/* A file in a folder of its own, and what reading it told. */
struct fixture {
	struct tmp tmp;
	const char *folder;
	char path[300];
	char lines[FINDINGS_MAX][1024];
	bool warnings[FINDINGS_MAX];
	int count;
	struct config config;
	struct err e;
};

static inline int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	tmp_create(&f->tmp);
	f->folder = f->tmp.dir;
	snprintf(f->path, sizeof(f->path), "%s/t.conf", f->folder);
	unsetenv("STATE_DIRECTORY");
	unsetenv("RUNTIME_DIRECTORY");
	*state = f;
	return 0;
}

static inline int tear_down(void **state)
{
	struct fixture *f = *state;
	config_finish(&f->config);
	tmp_remove(&f->tmp);
	free(f);
	return 0;
}

static inline void write_bytes(struct fixture *f, const char *text, size_t len)
{
	(void)tmp_write(&f->tmp, "t.conf", text, len);
	assert_int_equal(chmod(f->path, 0600), 0);
}

static inline void tell(void *ctx, bool warning, const char *line)
{
	struct fixture *f = ctx;
	assert_true(f->count < FINDINGS_MAX);
	f->warnings[f->count] = warning;
	snprintf(f->lines[f->count++], sizeof(f->lines[0]), "%s", line);
}

static inline int load_file(struct fixture *f)
{
	config_finish(&f->config);
	f->count = 0;
	f->e = (struct err){0};
	return config_load(f->path, &f->config, tell, f, &f->e);
}

static inline int load(struct fixture *f, const char *text)
{
	write_bytes(f, text, strlen(text));
	return load_file(f);
}

/* The findings without "FILE:". */
static inline const char *finding(const struct fixture *f, int i)
{
	size_t len = strlen(f->path);
	assert_true(i < f->count);
	assert_memory_equal(f->lines[i], f->path, len);
	assert_int_equal(f->lines[i][len], ':');
	return f->lines[i] + len + 1;
}

static inline void expect_good(struct fixture *f, const char *text)
{
	if (load(f, text) != 0)
		fail_msg("%s\nis refused: %s", text, f->e.text);
	if (f->count != 0)
		fail_msg("%s\nis blamed: %s", text, f->lines[0]);
}

static inline void expect_finding(struct fixture *f, const char *text, const char *expected)
{
	if (load(f, text) != ERR_INVALID)
		fail_msg("%s\nis not refused", text);
	assert_true(f->count >= 1);
	if (strcmp(finding(f, 0), expected) != 0)
		fail_msg("%s\nfound:    %s\nexpected: %s", text, finding(f, 0), expected);
	assert_memory_equal(f->e.text, f->lines[0], strlen(f->e.text));
}

#endif
