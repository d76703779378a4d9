/* No memory, in the parser and in its libraries: an error, or all that is there. */
#include "pieces.h"

#include <dirent.h>
#include <jansson.h>
#include <libxml/parser.h>
#include <libxml/xmlmemory.h>

#include "support/data.h"
#include "support/fault_each.h"

enum { DOCUMENT_MAX = 4000, RUNS = 300, ARENAS = 200 };

struct document {
	const char *name;
	char *data;
	size_t len;
	bool json;
	size_t room;       /* of the arena */
	size_t room_taken; /* by the first run */
	char *wanted;      /* printed, of the first run */
};

/* Without what was remarked on the document: a namespace that could not be looked at is told of as
 * a bad one. */
static const char *content(const char *printed)
{
	return strstr(printed, "\"encoding\"");
}

/* What is told as complete must be so: its validators are kept, and nobody asks again. */
static int read_document(void *ctx)
{
	struct document *d = ctx;
	struct parsed p;
	struct buf out;

	parse_within(&p, d->data, d->len, d->room);
	buf_init(&out, TEXT_MAX);
	if (p.rc == 0 && (p.feed->complete || p.feed->lacks_end)) {
		fault_malloc_off();
		parse_print(p.feed, &out);
		assert_int_equal(buf_status(&out), 0);
		if (d->wanted && strcmp(content(buf_string(&out)), content(d->wanted)) != 0)
			fail_msg("%s: a failure is not told:\n%s\n%s", d->name, buf_string(&out),
				d->wanted);
		if (!d->wanted)
			d->wanted = strdup(buf_string(&out));
	}
	d->room_taken = p.arena.used_bytes;
	buf_finish(&out);
	arena_finish(&p.arena);
	return p.rc;
}

static bool fail_mallocs(struct document *d)
{
	/* jansson has no word of its own for it */
	static const int codes[] = {ERR_NOMEM, ERR_PARSE, 0};

	if (read_document(d) || !d->wanted)
		return false;
	return fault_each(read_document, NULL, d, d->json ? codes : NULL, RUNS) > 0;
}

/* Every size of it, spread over what the document takes. */
static bool fail_arenas(struct document *d)
{
	size_t needed, step;
	int whole = read_document(d);

	needed = d->room_taken;
	step = 1 + needed / ARENAS;
	for (d->room = 0; d->room < needed; d->room += step) {
		int rc = read_document(d);

		/* what is no feed may be seen before there is something to keep */
		if (rc != ERR_NOMEM && (whole == 0 || rc != whole))
			fail_msg("%s in %zu of %zu bytes: %s", d->name, d->room, needed,
				err_name(rc));
	}
	return needed > 0;
}

static int is_small(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Returns with how many it was done. */
static long each_document(bool (*done)(struct document *d))
{
	struct dirent **entries;
	int count = scandir(TEST_DATA "/parse", &entries, is_small, alphasort);
	long tried = 0;

	assert_true(count > 100);
	for (int i = 0; i < count; i++) {
		static const char *const files[] = {"in.xml", "in.json"};

		for (size_t k = 0; k < 2; k++) {
			struct document d = {.name = entries[i]->d_name, .json = k == 1};
			char path[400];
			FILE *file;

			snprintf(path, sizeof(path), "%s/parse/%s/%s", TEST_DATA, d.name, files[k]);
			file = fopen(path, "r");
			if (!file)
				continue;
			fclose(file);
			d.data = data_read_path(path, &d.len);
			d.room = REFRESH_ARENA_BASE + PARSE_ARENA_FACTOR * d.len;
			if (d.len <= DOCUMENT_MAX)
				tried += done(&d);
			free(d.data);
			free(d.wanted);
		}
		free(entries[i]);
	}
	free(entries);
	return tried;
}

static void test_mallocs(void **state)
{
	(void)state;
	assert_true(each_document(fail_mallocs) > 50);
}

static void test_arenas(void **state)
{
	(void)state;
	assert_true(each_document(fail_arenas) > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mallocs),
		cmocka_unit_test(test_arenas),
	};

	xmlMemSetup(fault_free, fault_malloc, fault_realloc, fault_strdup);
	json_set_alloc_funcs(fault_json_malloc, fault_free);
	return cmocka_run_group_tests(tests, start, stop);
}
