/* Icons: what counts as one, when one is asked for, whose it is, and when it goes. */
#include "fixture.h"

#include "limits.h"
#include "store/icons.h"
#include "support/lines.h"

#define DAY INT64_C(86400000)
#define PNG "\x89PNG\r\n\x1a\n"

static void test_types(void **state)
{
	static const struct {
		const char *data;
		size_t len;
		const char *type;
	} cases[] = {
		{PNG "x", 9, "image/png"},
		{PNG, 8, NULL},
		{PNG "x", 4, NULL},
		{"GIF87ax", 7, "image/gif"},
		{"GIF89ax", 7, "image/gif"},
		{"GIF88ax", 7, NULL},
		{"\xff\xd8\xff\xe0", 4, "image/jpeg"},
		{"\0\0\1\0\1", 5, "image/x-icon"},
		{"\0\0\2\0\1", 5, NULL},
		{"RIFF1234WEBPVP8 ", 16, "image/webp"},
		{"XIFF1234WEBPVP8 ", 16, NULL},
		{"RIFF1234WAVEfmt ", 16, NULL},
		{"RIFF1234WEBP", 12, NULL},
		{"<svg xmlns='http://www.w3.org/2000/svg'/>", 41, NULL},
		{"<?xml version='1.0'?><svg/>", 27, NULL},
		{"<!DOCTYPE html><html>", 21, NULL},
		{"GIF", 3, NULL},
		{"", 0, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *type = icons_type(cases[i].data, cases[i].len);

		assert_int_equal(type != NULL, cases[i].type != NULL);
		if (type)
			assert_string_equal(type, cases[i].type);
	}
}

/* -- one step of a test each -- */

struct icon_step {
	int64_t feed, now_ms;
	const char *url, *bytes; /* NULL: no icon came */
	bool ask;
	struct buf out;
	const char *type;
};

static int name_icon(struct store_tx *tx, void *arg, struct err *e)
{
	const struct icon_step *s = arg;
	const struct feed_poll poll = {.now_ms = s->now_ms,
		.next_due_ms = s->now_ms,
		.status = FEED_OK,
		.described = true,
		.icon = s->url};

	return feeds_record_poll(tx, s->feed, &poll, e);
}

static int claim_icon(struct store_tx *tx, void *arg, struct err *e)
{
	struct icon_step *s = arg;

	return icons_claim(tx, s->feed, s->url, s->now_ms, &s->ask, e);
}

static int put_icon(struct store_tx *tx, void *arg, struct err *e)
{
	const struct icon_step *s = arg;
	struct buf image;

	buf_init(&image, 100);
	buf_puts(&image, s->bytes ? s->bytes : "");
	int status = icons_put(tx, s->url, s->bytes ? &image : NULL, s->now_ms, e);
	buf_finish(&image);
	return status;
}

static int get_icon(struct store_tx *tx, void *arg, struct err *e)
{
	struct icon_step *s = arg;

	return icons_get(tx, s->feed, &s->out, &s->type, e);
}

static void name(struct fixture *f, int64_t feed, const char *url)
{
	must_write(f, name_icon, &(struct icon_step){.feed = feed, .url = url, .now_ms = NOW});
}

static bool claim(struct fixture *f, int64_t feed, const char *url, int64_t now_ms)
{
	struct icon_step s = {.feed = feed, .url = url, .now_ms = now_ms};

	must_write(f, claim_icon, &s);
	return s.ask;
}

static void put(struct fixture *f, const char *url, const char *bytes, int64_t now_ms)
{
	must_write(f, put_icon, &(struct icon_step){.url = url, .bytes = bytes, .now_ms = now_ms});
}

/* NULL: there is none. */
static void assert_icon(struct fixture *f, int64_t feed, const char *bytes)
{
	struct icon_step s = {.feed = feed};
	int status;

	buf_init(&s.out, 100);
	status = do_read(f, get_icon, &s, NULL);
	assert_int_equal(status, bytes ? 0 : ERR_NOT_FOUND);
	if (bytes) {
		assert_string_equal(buf_string(&s.out), bytes);
		assert_string_equal(s.type, icons_type(bytes, strlen(bytes)));
	}
	buf_finish(&s.out);
}

static int add_three(struct store_tx *tx, void *arg, struct err *e)
{
	static const char *const urls[] = {"http://a/", "https://a/", "http://c/"};
	int status = 0;
	int64_t id;

	(void)arg;
	for (int i = 0; i < 3 && status == 0; i++)
		status = add_feed(tx, urls[i], NULL, &id, e);
	return status;
}

static int remove_feed(struct store_tx *tx, void *arg, struct err *e)
{
	return remove_wholly(tx, *(int64_t *)arg, e);
}

static int merge_feeds(struct store_tx *tx, void *arg, struct err *e)
{
	return feeds_move(tx, 1, "https://a/", NOW, arg, e);
}

static void open_three(struct fixture *f)
{
	fixture_open(f);
	must_write(f, add_three, NULL);
}

#define DUE(feed) peek(f.path, "SELECT icon_due_ms FROM feed WHERE id = " #feed)

/* Once in 30 days, whatever came of it; after a stop in between once in a day. */
static void test_seldom(void **state)
{
	struct fixture f;

	(void)state;
	open_three(&f);
	name(&f, 1, "http://i/");
	assert_int_equal(DUE(1), 0);
	assert_true(claim(&f, 1, "http://i/", NOW));
	assert_int_equal(DUE(1), NOW + DAY);
	assert_false(claim(&f, 1, "http://i/", NOW + DAY - 1));
	assert_true(claim(&f, 1, "http://i/", NOW + DAY));
	assert_icon(&f, 1, NULL);
	put(&f, "http://i/", NULL, NOW + DAY);
	assert_icon(&f, 1, NULL);
	assert_false(claim(&f, 1, "http://i/", NOW + 31 * DAY - 1));
	assert_int_equal(DUE(1), NOW + 31 * DAY);
	assert_true(claim(&f, 1, "http://i/", NOW + 31 * DAY));
	put(&f, "http://i/", PNG "1", NOW + 31 * DAY);
	assert_icon(&f, 1, PNG "1");
	/* a failure of later leaves it as it is, an image replaces it */
	put(&f, "http://i/", NULL, NOW + 62 * DAY);
	assert_icon(&f, 1, PNG "1");
	put(&f, "http://i/", "GIF89a2", NOW + 92 * DAY);
	assert_icon(&f, 1, "GIF89a2");
	/* what should never have come there is not told */
	put(&f, "http://i/", "<svg/>", NOW);
	assert_icon(&f, 1, NULL);
	fixture_close(&f);
}

/* One row for all that name it, until none does. */
static void test_shared(void **state)
{
	struct fixture f;
	int64_t into;

	(void)state;
	open_three(&f);
	for (int64_t feed = 1; feed <= 3; feed++)
		name(&f, feed, "http://i/");
	assert_true(claim(&f, 1, "http://i/", NOW));
	assert_false(claim(&f, 2, "http://i/", NOW));
	put(&f, "http://i/", PNG "1", NOW);
	assert_false(claim(&f, 3, "http://i/", NOW));
	assert_int_equal(DUE(2), NOW + DAY);
	assert_int_equal(DUE(3), NOW + 30 * DAY);
	for (int64_t feed = 1; feed <= 3; feed++)
		assert_icon(&f, feed, PNG "1");
	/* two become one: its icon is there */
	must_write(&f, merge_feeds, &into);
	assert_int_equal(into, 2);
	assert_icon(&f, 1, NULL);
	assert_icon(&f, 2, PNG "1");
	must_write(&f, remove_feed, &(int64_t){3});
	assert_icon(&f, 2, PNG "1");
	/* another address */
	name(&f, 2, "http://j/");
	assert_icon(&f, 2, NULL);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM icon"), 0);
	assert_true(claim(&f, 2, "http://j/", NOW + 2 * DAY));
	put(&f, "http://j/", PNG "2", NOW + 2 * DAY);
	name(&f, 2, "http://j/");
	assert_icon(&f, 2, PNG "2");
	must_write(&f, remove_feed, &(int64_t){2});
	assert_int_equal(peek(f.path, "SELECT count(*) FROM feed"), 0);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM icon"), 0);
	/* an answer that comes late */
	put(&f, "http://i/", PNG "1", NOW);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM icon"), 0);
	assert_sound(f.path);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		line_test("A44", test_types),
		line_test("A44", test_seldom),
		line_test("A44", test_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
