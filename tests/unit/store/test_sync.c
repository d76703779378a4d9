/* feeds_sync(): a configuration after the other, and what is in the database then. */
#include "steps.h"
#include "support/lines.h"

#include <stdlib.h>

#include "support/faultvfs.h"

struct sync_case {
	const char *name;
	struct step steps[5];
};

static const struct sync_case sync_cases[] = {
	{"added once",
		{{CONFIG, {{.section = "a", .url = "u1"}, {.section = "b", .url = "u2"}}, NULL,
			 {2, 0, 0, 0}, "1:a:u1:- 2:b:u2:-"},
			{CONFIG, {{.section = "a", .url = "u1"}, {.section = "b", .url = "u2"}},
				NULL, {0, 0, 0, 0}, "1:a:u1:- 2:b:u2:-"}}},
	{"dropped and back", {{CONFIG, {{.section = "a", .url = "u1", .folder = "F"}}, NULL,
				      {1, 0, 0, 0}, "1:a:u1:F"},
				     {CONFIG, {{0}}, NULL, {0, 0, 1, 0}, "!1:-:u1:F"},
				     {CONFIG, {{0}}, NULL, {0, 0, 0, 0}, "!1:-:u1:F"},
				     {CONFIG, {{.section = "a", .url = "u1", .folder = "F"}}, NULL,
					     {0, 0, 0, 1}, "1:a:u1:F"}}},
	{"the same section moves",
		{{CONFIG, {{.section = "a", .url = "u1"}}, NULL, {1, 0, 0, 0}, "1:a:u1:-"},
			{CONFIG, {{.section = "a", .url = "u2"}}, NULL, {0, 1, 0, 0}, "1:a:u2:-"}}},
	{"a section is renamed",
		{{CONFIG, {{.section = "a", .url = "u1"}}, NULL, {1, 0, 0, 0}, "1:a:u1:-"},
			{CONFIG, {{.section = "b", .url = "u1"}}, NULL, {0, 1, 0, 0}, "1:b:u1:-"}}},
	{"two exchange their URLs",
		{{CONFIG, {{.section = "a", .url = "u1"}, {.section = "b", .url = "u2"}}, NULL,
			 {2, 0, 0, 0}, "1:a:u1:- 2:b:u2:-"},
			{CONFIG, {{.section = "a", .url = "u2"}, {.section = "b", .url = "u1"}},
				NULL, {0, 2, 0, 0}, "1:a:u2:- 2:b:u1:-"}}},
	{"a chain of moves",
		{{CONFIG,
			 {{.section = "a", .url = "u1"}, {.section = "b", .url = "u2"},
				 {.section = "c", .url = "u3"}},
			 NULL, {3, 0, 0, 0}, "1:a:u1:- 2:b:u2:- 3:c:u3:-"},
			{CONFIG,
				{{.section = "a", .url = "u2"}, {.section = "b", .url = "u3"},
					{.section = "c", .url = "u4"}},
				NULL, {0, 3, 0, 0}, "1:a:u2:- 2:b:u3:- 3:c:u4:-"}}},
	{"a move frees a URL for a new section",
		{{CONFIG, {{.section = "a", .url = "u1"}}, NULL, {1, 0, 0, 0}, "1:a:u1:-"},
			{CONFIG, {{.section = "n", .url = "u1"}, {.section = "a", .url = "u2"}},
				NULL, {1, 1, 0, 0}, "1:a:u2:- 2:n:u1:-"}}},
	{"a move onto a dropped section's URL takes that feed over",
		{{CONFIG, {{.section = "a", .url = "u1"}, {.section = "b", .url = "u2"}}, NULL,
			 {2, 0, 0, 0}, "1:a:u1:- 2:b:u2:-"},
			{CONFIG, {{.section = "a", .url = "u2"}}, NULL, {0, 1, 1, 0},
				"!1:-:u1:- 2:a:u2:-"}}},
	{"a move onto a detached feed brings it back",
		{{CONFIG, {{.section = "a", .url = "u1"}, {.section = "b", .url = "u2"}}, NULL,
			 {2, 0, 0, 0}, "1:a:u1:- 2:b:u2:-"},
			{CONFIG, {{.section = "a", .url = "u1"}}, NULL, {0, 0, 1, 0},
				"1:a:u1:- !2:-:u2:-"},
			{CONFIG, {{.section = "a", .url = "u2"}}, NULL, {0, 0, 1, 1},
				"!1:-:u1:- 2:a:u2:-"}}},
	{"a chain that ends at a feed of the socket stays where it is",
		{{.url = "u3", .feeds = "1:-:u3:-"},
			{CONFIG, {{.section = "a", .url = "u1"}, {.section = "b", .url = "u2"}},
				NULL, {2, 0, 0, 0}, "1:-:u3:- 2:a:u1:- 3:b:u2:-"},
			{CONFIG, {{.section = "a", .url = "u2"}, {.section = "b", .url = "u3"}},
				NULL, {0, 2, 1, 0}, "1:b:u3:- !2:-:u1:- 3:a:u2:-"}}},
	{"the socket's feed is taken over and survives",
		{{.url = "u1", .feeds = "1:-:u1:-"},
			{CONFIG, {{.section = "a", .url = "u1"}}, NULL, {0, 1, 0, 0}, "1:a:u1:-"},
			{CONFIG, {{0}}, NULL, {0, 1, 0, 0}, "1:-:u1:-"}}},
	{"doubles count once",
		{{CONFIG, {{.section = "a", .url = "u1"}, {.section = "b", .url = "u1"}}, NULL,
			 {1, 0, 0, 0}, "1:a:u1:-"},
			{LIST, {{.url = "u1"}, {.url = "u1"}, {.url = "u2"}, {.url = "u2"}}, NULL,
				{1, 1, 0, 0}, "1:a:u1:- 2:-:u2:-"}}},
	{"a list takes nothing away",
		{{LIST, {{.url = "u1", .folder = "F"}}, NULL, {1, 0, 0, 0}, "1:-:u1:F"},
			{LIST, {{.url = "u2"}}, NULL, {1, 0, 0, 0}, "1:-:u1:F 2:-:u2:-"},
			{LIST, {{.url = "u1"}}, NULL, {0, 0, 0, 0}, "1:-:u1:F 2:-:u2:-"},
			{LIST, {{.url = "u1", .folder = "G"}}, NULL, {0, 1, 0, 0},
				"1:-:u1:G 2:-:u2:-"}}},
	{"a list does not rule over the configuration",
		{{CONFIG, {{.section = "a", .url = "u1", .folder = "F"}}, NULL, {1, 0, 0, 0},
			 "1:a:u1:F"},
			{LIST, {{.url = "u1", .folder = "G"}}, NULL, {0, 1, 0, 0}, "1:a:u1:F"},
			{CONFIG, {{0}}, NULL, {0, 1, 0, 0}, "1:-:u1:F"}}},
	{"a folder changes and goes",
		{{CONFIG, {{.section = "a", .url = "u1", .folder = "F"}}, NULL, {1, 0, 0, 0},
			 "1:a:u1:F"},
			{CONFIG, {{.section = "a", .url = "u1", .folder = "G"}}, NULL, {0, 1, 0, 0},
				"1:a:u1:G"},
			{CONFIG, {{.section = "a", .url = "u1", .folder = ""}}, NULL, {0, 1, 0, 0},
				"1:a:u1:-"},
			{CONFIG, {{.section = "a", .url = "u1"}}, NULL, {0, 1, 0, 0}, "1:a:u1:-"}}},
};

static int describe_all(struct store_tx *tx, void *arg, struct err *e)
{
	struct feed_filter filter = {.detached = true};

	((struct text *)arg)->bytes[0] = '\0';
	return feeds_list(tx, &filter, describe, arg, e);
}

static void test_sync(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sync_cases) / sizeof(sync_cases[0]); i++) {
		const struct sync_case *c = &sync_cases[i];
		struct fixture f;
		struct text t;

		fixture_open(&f);
		for (int n = 0; n < 5 && c->steps[n].feeds; n++) {
			struct sync_job job = {.step = &c->steps[n]};
			int64_t seq = store_seq(f.store);

			must_write(&f, take_step, &job);
			must_read(&f, describe_all, &t);
			if (strcmp(t.bytes, c->steps[n].feeds) != 0)
				fail_msg("%s, step %d: %s", c->name, n, t.bytes);
			if (c->steps[n].owner &&
				memcmp(&job.counts, &c->steps[n].counts, sizeof(job.counts)) != 0)
				fail_msg("%s, step %d: %d added, %d changed, %d detached, %d "
					 "attached",
					c->name, n, job.counts.added, job.counts.changed,
					job.counts.detached, job.counts.attached);
			if (n && c->steps[n].owner &&
				!memcmp(&job.counts, &(struct feed_sync_counts){0},
					sizeof(job.counts)) &&
				strcmp(c->steps[n].feeds, c->steps[n - 1].feeds) == 0)
				assert_int_equal(store_seq(f.store),
					seq); /* nothing changed, nothing written */
		}
		assert_counts(f.path);
		assert_sound(f.path);
		fixture_close(&f);
	}
}

/* -- a thousand declarations -- */

enum { MANY = 1000 };

struct many {
	struct feed_declaration declarations[MANY];
	char texts[MANY][2][64];
	struct feed_sync_counts counts;
};

static int sync_many(struct store_tx *tx, void *arg, struct err *e)
{
	struct many *m = arg;

	return feeds_sync(tx, CONFIG, m->declarations, MANY, NOW, &m->counts, e);
}

static void test_a_thousand_unchanged(void **state)
{
	struct many *m = calloc(1, sizeof(*m));
	struct fixture f;
	uint64_t start_ns;

	(void)state;
	assert_non_null(m);
	for (int n = 0; n < MANY; n++) {
		snprintf(m->texts[n][0], 64, "section %d", n);
		snprintf(m->texts[n][1], 64, "http://h%d.example/feed.xml", n);
		m->declarations[n] = (struct feed_declaration){.section = m->texts[n][0],
			.url = m->texts[n][1],
			.name = m->texts[n][0],
			.folder = "News"};
	}
	fixture_open(&f);
	must_write(&f, sync_many, m);
	assert_int_equal(m->counts.added, MANY);
	start_ns = uv_hrtime();
	must_write(&f, sync_many, m);
	assert_int_equal(
		m->counts.added + m->counts.changed + m->counts.detached + m->counts.attached, 0);
	assert_int_equal(store_seq(f.store), MANY + 1); /* and the folder */
	assert_true(uv_hrtime() - start_ns < 2000000000u);
	assert_counts(f.path);
	fixture_close(&f);
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		line_test("B10", test_sync),
		cmocka_unit_test(test_a_thousand_unchanged),
	};

	faultvfs_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
