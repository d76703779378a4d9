/* What is kept: rules at three levels, what stays in any case, what was dropped and stays so, the
 * log, and the size of the file. */
#include "fixture.h"

#include <stdlib.h>

#include "limits.h"
#include "store/keep.h"
#include "support/faultvfs.h"

#define DAY (24 * 3600 * 1000LL)
#define EVERY                                                                                      \
	{                                                                                          \
		36500 * DAY, 36500 * DAY, 1000000, 1LL << 40                                       \
	}

enum { TEXT_BYTES = 1000 };

/* Items as words: days of age, then r for read when it came, n for read now, u for unread, s for
 * starred (and read), l for unread with a label. */
struct items {
	int64_t feed;
	const char *words;
};

static int put_label(struct store_tx *tx, int64_t id, struct err *e)
{
	int status = query_exec(
		tx, e, "INSERT OR IGNORE INTO label (id, rev, name) VALUES (?, 0, 'l')", as_int(1));

	return status ? status
		      : query_exec(tx, e, "INSERT INTO item_label (label, item) VALUES (1, ?)",
				as_int(id));
}

static int put_words(struct store_tx *tx, void *arg, struct err *e)
{
	static int64_t key = 1000;
	const struct items *items = arg;
	char content[TEXT_BYTES + 1];
	int status = 0, changed;

	memset(content, 'x', TEXT_BYTES);
	content[TEXT_BYTES] = '\0';
	for (const char *at = items->words; *at && status == 0; at += strspn(at, " ")) {
		char *kind;
		int64_t days = strtol(at, &kind, 10), id = 0;

		status = put_item(tx, items->feed, ++key, 0, content, NOW - days * DAY, &id, e);
		if (status == 0 && *kind == 'l')
			status = put_label(tx, id, e);
		else if (status == 0 && *kind != 'u')
			status = items_set_state(tx, &id, 1, 1, *kind == 's',
				*kind == 'n' ? NOW : NOW - days * DAY, &changed, e);
		at = kind + 1;
	}
	return status;
}

static void put(struct fixture *f, int64_t feed, const char *words)
{
	must_write(f, put_words, &(struct items){feed, words});
}

struct described {
	int64_t feed;
	char text[4096];
};

static int describe(void *ctx, const struct item_row *row)
{
	struct described *d = ctx;
	size_t len = strlen(d->text);

	snprintf(d->text + len, sizeof(d->text) - len, "%s%lld%c", len ? " " : "",
		(long long)((NOW - row->received_ms) / DAY),
		row->starred ? 's' : (row->labels ? 'l' : (row->read ? 'r' : 'u')));
	return 0;
}

static int describe_items(struct store_tx *tx, void *arg, struct err *e)
{
	struct described *d = arg;
	struct item_filter filter = {.feed = d->feed};
	struct page page = {.ascending = true};

	return items_list(tx, &filter, &page, describe, d, e);
}

static void assert_items(struct fixture *f, const char *label, int64_t feed, const char *words)
{
	struct described d = {.feed = feed};

	must_read(f, describe_items, &d);
	if (strcmp(d.text, words) != 0)
		fail_msg("%s: \"%s\" stay, not \"%s\"", label, d.text, words);
}

static int go_round(struct store_tx *tx, void *arg, struct err *e)
{
	return keep_go_round(tx, arg, e);
}

static void go_round_to_end(struct fixture *f, struct keep_round *r)
{
	do
		must_write(f, go_round, r);
	while (r->more);
}

static struct keep_round go_all_round(struct fixture *f)
{
	struct keep_round r = {.owners = 7, .now_ms = NOW};

	go_round_to_end(f, &r);
	return r;
}

struct rules {
	struct keep daemon, folder, feed;
};

/* Feed 1 is in the folder and the section, feed 2 in neither. */
static int set_up_feeds(struct store_tx *tx, void *arg, struct err *e)
{
	const struct rules *r = arg;
	const struct keep_rule rules[] = {
		{KEEP_DAEMON, "", r->daemon, 0}, {KEEP_FOLDER, "F", r->folder, 0},
		{KEEP_FEED, "S", r->feed, 0},
		{KEEP_FEED, "F", {DAY, DAY, 1, 1}, 0}, /* names of levels do not mix */
	};
	const struct feed_declaration feeds[] = {
		{.section = "S", .url = "u1", .folder = "F"}, {.section = "T", .url = "u2"}};
	struct feed_sync_counts counts;
	int status = feeds_sync(tx, FEED_OWNER_CONFIG, feeds, 2, NOW, &counts, e);

	return status ? status : keep_set_rules(tx, rules, 4, e);
}

static void open_with_rules(struct fixture *f, struct rules rules)
{
	fixture_open(f);
	must_write(f, set_up_feeds, &rules);
}

#define NEWEST "0u 0u 0u 0u 0u 0u 0u 0u 0u 0u 0u 0u 0u 0u 0u 0u 0u 0u 0u 0u"

static const struct {
	const char *label;
	struct rules rules;
	const char *items, *left, *left_elsewhere;
} cases[] = {
	{"everything", {.daemon = EVERY}, "9000r 500u " NEWEST, "9000r 500u " NEWEST,
		"9000r 500u " NEWEST},
	{"age of the read and the unread", {.daemon = {90 * DAY, 365 * DAY, 1000000, 1LL << 40}},
		"366u 366r 365u 365s 91r 91u 90r " NEWEST, "365u 365s 91u 90r " NEWEST,
		"365u 365s 91u 90r " NEWEST},
	{"unread ones shorter", {.daemon = {90 * DAY, 10 * DAY, 1000000, 1LL << 40}},
		"11u 11r " NEWEST, "11r " NEWEST, "11r " NEWEST},
	{"the newest, however old", {.daemon = {DAY, DAY, 1000000, 1LL << 40}},
		"9u 8r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r",
		"7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r",
		"7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r 7r"},
	{"count, starred ones stay and count", {.daemon = {DAY * 90, DAY * 90, 3, 1LL << 40}},
		"5r 4s 3u 2r 1r", "4s 2r 1r", "4s 2r 1r"},
	{"so do those with a label", {.daemon = {DAY * 90, DAY * 90, 2, 1LL << 40}},
		"5u 4l 3u 2r 1r", "4l 1r", "4l 1r"},
	{"more starred ones than may be", {.daemon = {DAY * 90, DAY * 90, 1, 1LL << 40}},
		"5s 4s 3u", "5s 4s", "5s 4s"},
	{"bytes", {.daemon = {DAY * 90, DAY * 90, 100, 2 * TEXT_BYTES}}, "5r 4s 3u 2r 1r", "4s 1r",
		"4s 1r"},
	{"the folder's", {.daemon = EVERY, .folder = {.items = 2}}, "5r 4r 3r", "4r 3r",
		"5r 4r 3r"},
	{"the feed's before the folder's",
		{.daemon = EVERY, .folder = {.items = 2}, .feed = {.items = 1}}, "5r 4r 3r", "3r",
		"5r 4r 3r"},
	{"the feed's more than the daemon's",
		{.daemon = {90 * DAY, 90 * DAY, 1, 1 << 20}, .feed = {.items = 5}}, "5r 4r 3r",
		"5r 4r 3r", "3r"},
	{"no rules", {.daemon = {0}}, "9000r 9000r", "9000r 9000r", "9000r 9000r"},
};

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture f;

		open_with_rules(&f, cases[i].rules);
		if (strcmp(cases[i].label, "no rules") == 0)
			poke(f.path, "DELETE FROM keep");
		put(&f, 1, cases[i].items);
		put(&f, 2, cases[i].items);
		go_all_round(&f);
		assert_items(&f, cases[i].label, 1, cases[i].left);
		assert_items(&f, cases[i].label, 2, cases[i].left_elsewhere);
		assert_int_equal(go_all_round(&f).items, 0);
		assert_counts(f.path);
		assert_sound(f.path);
		fixture_close(&f);
	}
}

/* Age takes none that somebody has just read, unless there are too many. */
static void test_read_a_moment_ago(void **state)
{
	struct keep_round later = {.owners = 7, .again = true, .now_ms = NOW + KEEP_READ_MS};
	struct fixture f;

	(void)state;
	open_with_rules(&f, (struct rules){.daemon = {90 * DAY, 365 * DAY, 22, 1LL << 40}});
	put(&f, 1, "366r 365n 300n 200u " NEWEST);
	go_all_round(&f);
	assert_items(&f, "at once", 1, "300r 200u " NEWEST);
	go_round_to_end(&f, &later);
	assert_items(&f, "a week later", 1, "200u " NEWEST);
	fixture_close(&f);
}

static int set_rules(struct store_tx *tx, void *arg, struct err *e)
{
	const struct keep_rule rules[] = {{KEEP_DAEMON, "", {DAY, DAY, *(int *)arg, 1}, 0},
		{KEEP_FOLDER, "F", {.items = 2}, 0}};

	return keep_set_rules(tx, rules, *(int *)arg ? 2 : 0, e);
}

/* Rules that are the same again are not written, so that a start needs no room on the disk. */
static void test_rules_are_replaced(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f);
	must_write(&f, set_rules, &(int){7});
	faultvfs_fail_after(0, FAULTVFS_WRITE, SQLITE_FULL, true);
	assert_int_equal(do_write(&f, set_rules, &(int){7}, NULL), 0);
	assert_int_equal(do_write(&f, set_rules, &(int){8}, NULL), ERR_FULL);
	faultvfs_off();
	assert_int_equal(peek(f.path, "SELECT items FROM keep WHERE level = 0"), 7);
	must_write(&f, set_rules, &(int){8});
	assert_int_equal(peek(f.path, "SELECT items FROM keep WHERE level = 0"), 8);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM keep WHERE age_ms IS NULL"), 1);
	must_write(&f, set_rules, &(int){0});
	assert_int_equal(peek(f.path, "SELECT count(*) FROM keep"), 0);
	fixture_close(&f);
}

static int let_all_go(struct store_tx *tx, void *arg, struct err *e)
{
	struct feed_sync_counts counts;

	(void)arg;
	return feeds_sync(tx, FEED_OWNER_CONFIG, NULL, 0, NOW - FEED_DETACHED_MS, &counts, e);
}

/* A detached feed comes back whole, or goes whole; another owner's run leaves it alone. */
static void test_feeds_left_alone(void **state)
{
	struct keep_round listed = {.owners = FEED_OWNER_LIST, .now_ms = NOW};
	struct fixture f;

	(void)state;
	open_with_rules(&f, (struct rules){.daemon = {DAY, DAY, 1, 1}});
	put(&f, 1, "5r 4r 3r");
	go_round_to_end(&f, &listed);
	assert_items(&f, "not the list's", 1, "5r 4r 3r");
	must_write(&f, let_all_go, NULL);
	go_all_round(&f);
	assert_items(&f, "detached", 1, "5r 4r 3r");
	listed = (struct keep_round){.owners = 7, .now_ms = NOW + 1};
	go_round_to_end(&f, &listed);
	assert_items(&f, "deleted", 1, "");
	assert_int_equal(peek(f.path, "SELECT count(*) FROM feed"), 0);
	assert_counts(f.path);
	assert_sound(f.path);
	fixture_close(&f);
}

/* Rounds at these days from now on; the clock is wrong, or the machine was off. "*": the first
 * round of a run. */
static const struct {
	const char *label, *days, *left;
} clocks[] = {
	{"a day later", "*0 1", "88r 0u"},
	{"three starts in another year", "*0 *3650 *3651 *3652", "89r 88r 0u"},
	{"and right again", "*0 *3650 *1", "88r 0u"},
	{"a night in another year", "*0 *3650 3651", "0u"},
	{"off for a year, and followed", "*0 *365 366", "0u"},
	{"off for a week", "*0 *7", "0u"},
	{"before everything", "*0 *-20000 -19999", "89r 88r 0u"},
	{"before everything, then right", "*-20000 *0 1", "88r 0u"},
	{"nothing to compare with but the newest item", "*3650 *3651", "89r 88r 0u"},
};

/* A poll before the first round: the time of the feed's last one is what the clock is held against,
 * since the newest item may be of this very poll. */
struct poll {
	int64_t now_ms;
	int items;
};

static int poll_feed(struct store_tx *tx, void *arg, struct err *e)
{
	static int64_t key = 5000;
	const struct poll *p = arg;
	struct feed_poll outcome = {
		.now_ms = p->now_ms, .next_due_ms = p->now_ms, .status = FEED_OK};
	int status = 0;

	for (int n = 0; n < p->items && status == 0; n++)
		status = put_item(tx, 1, ++key, 0, "new", p->now_ms, NULL, e);
	if (status == 0)
		status = keep_after_poll(tx, 1, p->items, p->now_ms, e);
	return status ? status : feeds_record_poll(tx, 1, &outcome, e);
}

static void test_clock_of_polls(void **state)
{
	static const struct {
		int days[3], left;
	} runs[] = {
		{{0, 1, 2}, 23},       /* the old one goes in time */
		{{0, 3650, 1}, 24},    /* another year for one poll: none goes; */
		{{0, 3650, 3651}, 20}, /* for two: it is believed */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		struct fixture f;

		open_with_rules(&f, (struct rules){.daemon = {89 * DAY, 89 * DAY, 1000, 1 << 20}});
		put(&f, 1, "88r " NEWEST);
		for (int n = 0; n < 3; n++)
			must_write(&f, poll_feed, &(struct poll){NOW + runs[i].days[n] * DAY, 1});
		assert_int_equal(peek(f.path, "SELECT count(*) FROM item"), runs[i].left);
		fixture_close(&f);
	}
}

static void test_clock(void **state)
{
	static const char start[] =
		"89r 88r 0u 0u 0u 0u 0u 0u 0u 0u 0u 0u 0u 0u 0u 0u 0u 0u 0u 0u 0u 0u";

	(void)state;
	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		char wanted[128];
		struct fixture f;

		open_with_rules(&f, (struct rules){.daemon = {89 * DAY, 89 * DAY, 1000, 1 << 20}});
		put(&f, 1, start);
		for (const char *at = clocks[i].days; *at; at += strspn(at, " ")) {
			bool first = *at == '*';
			char *end;
			struct keep_round r = {.owners = 7, .again = !first};

			r.now_ms = NOW + strtol(at + first, &end, 10) * DAY;
			go_round_to_end(&f, &r);
			if (first && r.now_ms > NOW + 90 * DAY)
				assert_int_equal(peek(f.path, "SELECT value FROM meta WHERE key ="
							      " 'min_seq'"),
					0);
			at = end;
		}
		snprintf(wanted, sizeof(wanted), "%s%s", clocks[i].left, strchr(start, 'u') + 1);
		assert_items(&f, clocks[i].label, 1, wanted);
		fixture_close(&f);
	}
}

/* More than one line can name, one story of many: each item is told once, stories shrink. */
static int put_many(struct store_tx *tx, void *arg, struct err *e)
{
	int status = 0;

	for (int64_t n = 1; n <= *(int *)arg && status == 0; n++)
		status = put_item(tx, 1, n, n % 7 + 1, "text", NOW - 100 * DAY, NULL, e);
	return status;
}

static void test_lines_and_stories(void **state)
{
	struct fixture f;

	(void)state;
	open_with_rules(&f, (struct rules){.daemon = {DAY, DAY, 20, 1 << 20}});
	must_write(&f, put_many, &(int){2570});
	assert_int_equal(go_all_round(&f).items, 2550);
	assert_int_equal(
		peek(f.path, "SELECT sum(1 + json_array_length(coalesce(detail -> 'ids', '[]')))"
			     " FROM change WHERE kind = 'item' AND op = 'delete'"),
		2550);
	assert_int_equal(peek(f.path, "SELECT sum(items) FROM story"), 20);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM dropped"), 2550);
	assert_counts(f.path);
	assert_sound(f.path);
	fixture_close(&f);
}

/* -- the file -- */

static void test_file_shrinks(void **state)
{
	struct fixture f;
	int64_t before;

	(void)state;
	open_with_rules(&f, (struct rules){.daemon = {DAY, DAY, 30, 1LL << 40}});
	must_write(&f, put_many, &(int){1});
	poke(f.path,
		"WITH n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 4000)"
		" INSERT INTO item (rev, feed, story, key, digest, received_ms)"
		" SELECT 0, 1, 1, 10 + i, 1, 1 FROM n;"
		"INSERT INTO item_text SELECT id, NULL, zeroblob(4000) FROM item WHERE key > 10;"
		"UPDATE story SET items = 4001, unread = 4001, rev = 0;"
		"UPDATE item SET rev = 0");
	before = peek(f.path, "PRAGMA page_count");
	assert_true(before > 4000);
	go_all_round(&f);
	assert_true(peek(f.path, "PRAGMA freelist_count") <= KEEP_FREE_PAGES);
	assert_true(peek(f.path, "PRAGMA page_count") < before - 2500);
	assert_sound(f.path);
	fixture_close(&f);
}

/* -- broken disks -- */

static bool round_with_fault(long n, int kinds, int code, bool for_good)
{
	struct keep_round r = {.owners = 7, .now_ms = NOW};
	struct fixture f;
	struct err e = {0};
	int status = 0;
	long failed;

	open_with_rules(&f, (struct rules){.daemon = {90 * DAY, 90 * DAY, 3, 1LL << 40}});
	put(&f, 1, "200r 100s 90u 80u 5r 4r 3r 2u 1u");
	put(&f, 2, "200r 100s 90u 80u 5r 4r 3r 2u 1u");
	poke(f.path, "UPDATE change SET detail = '{\"time\":1}'");
	stop(&f); /* so that the pages have to be read */
	assert_int_equal(try_open(&f, &e), 0);
	start(&f);
	faultvfs_fail_after(n, kinds, code, for_good);
	do
		status = do_write(&f, go_round, &r, &e);
	while (status == 0 && r.more);
	failed = faultvfs_off();
	assert_true(failed || status == 0);
	if (status == 0)
		assert_items(&f, "whole", 2, "100s 2u 1u");
	/* None went without being remembered, whichever jobs were committed. */
	assert_int_equal(peek(f.path, "SELECT (SELECT count(*) FROM item)"
				      " + (SELECT count(*) FROM dropped)"),
		18);
	assert_counts(f.path);
	go_all_round(&f);
	assert_items(&f, "again", 1, "100s 2u 1u");
	assert_items(&f, "again", 2, "100s 2u 1u");
	assert_counts(f.path);
	assert_sound(f.path);
	fixture_close(&f);
	return failed == 0;
}

/* An old item that was read a moment ago stays, also when that cannot be seen. */
static bool read_with_fault(long n)
{
	struct keep_round r = {.owners = 7, .now_ms = NOW};
	struct fixture f;
	long failed;
	int status;

	open_with_rules(&f, (struct rules){.daemon = {90 * DAY, 90 * DAY, 1000, 1LL << 40}});
	put(&f, 1, "300n 200r " NEWEST);
	stop(&f); /* so that the pages have to be read */
	poke(f.path, "WITH n (i) AS (VALUES (1000) UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
		     " INSERT INTO change SELECT i, 'item', 'new', 1, '{\"time\":1}' FROM n");
	assert_int_equal(try_open(&f, NULL), 0);
	start(&f);
	faultvfs_fail_after(n, FAULTVFS_READ, SQLITE_IOERR_READ, false);
	do
		status = do_write(&f, go_round, &r, NULL);
	while (status == 0 && r.more);
	failed = faultvfs_off();
	assert_int_equal(status, failed ? ERR_IO : 0);
	assert_int_equal(peek(f.path, "SELECT count(*) FROM item WHERE id = 1"), 1);
	fixture_close(&f);
	return failed == 0;
}

static void test_faults_while_looking(void **state)
{
	(void)state;
	for (long n = 0; !read_with_fault(n); n++)
		;
}

static void test_faults(void **state)
{
	static const struct {
		int kinds, code;
	} faults[] = {
		{FAULTVFS_READ, SQLITE_IOERR_READ},
		{FAULTVFS_WRITE, SQLITE_IOERR_WRITE},
		{FAULTVFS_WRITE, SQLITE_FULL},
		{FAULTVFS_SYNC, SQLITE_IOERR_FSYNC},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		for (long n = 0; !round_with_fault(n, faults[i].kinds, faults[i].code, false); n++)
			;
		for (long n = 0; !round_with_fault(n, faults[i].kinds, faults[i].code, true);
			n += 5)
			;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_read_a_moment_ago),
		cmocka_unit_test(test_rules_are_replaced),
		cmocka_unit_test(test_feeds_left_alone),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_clock_of_polls),
		cmocka_unit_test(test_lines_and_stories),
		cmocka_unit_test(test_file_shrinks),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_faults_while_looking),
	};

	faultvfs_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
