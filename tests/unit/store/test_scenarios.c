/* Each kind of work with each of its operations failing, memory or disk, once or from then on: all
 * of it or nothing is to be seen, it says what was wrong, and done again it is as if nothing had
 * been. */
#include "work.h"
#include "work_labels.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "store/care.h"
#include "store/holds.h"
#include "store/icons.h"
#include "store/keep.h"
#include "support/data.h"
#include "support/fault.h"
#include "support/faultvfs.h"
#include "support/powervfs.h"

#define DAY  (24 * 3600 * 1000LL)
#define LATE (NOW + 100 * DAY)

/* -- the kinds of work -- */

static int ingest(struct store_tx *tx, void *arg, struct err *e)
{
	int64_t key = 1000;

	(void)arg;
	return work(tx, &key, e);
}

static int set_states(struct store_tx *tx, void *arg, struct err *e)
{
	static const int64_t items[] = {1, 2, 3, 7, 99}, stories[] = {2, 3};
	int changed;
	int status = items_set_state(tx, items, 5, 1, 1, NOW, &changed, e);

	(void)arg;
	return status ? status : stories_set_state(tx, stories, 2, -1, 0, NOW, &changed, e);
}

static int sync_feeds(struct store_tx *tx, void *arg, struct err *e)
{
	static const struct feed_declaration feeds[] = {
		{.section = "A", .url = "u1", .folder = "G", .name = "One"},
		{.section = "B", .url = "u9", .interval_ms = DAY}};
	struct feed_sync_counts counts;

	(void)arg;
	return feeds_sync(tx, FEED_OWNER_CONFIG, feeds, 2, NOW, &counts, e);
}

static int change_feed(struct store_tx *tx, void *arg, struct err *e)
{
	static const struct feed_patch patch = {
		.members = FEED_PATCH_NAME | FEED_PATCH_FOLDER | FEED_PATCH_URL,
		.name = "New",
		.folder = "H",
		.url = "u5"};
	int64_t other;
	int status = folders_change(tx, 1, GROUPING_OFF, NOW, e);

	(void)arg;
	return status ? status : feeds_change(tx, 1, &patch, NOW, &other, e);
}

static int remove_feed(struct store_tx *tx, void *arg, struct err *e)
{
	bool more = true;
	int status = feeds_remove(tx, 1, NOW, e);

	(void)arg;
	while (status == 0 && more)
		status = feeds_purge(tx, NOW, &more, e);
	return status;
}

static int set_rules(struct store_tx *tx, void *arg, struct err *e)
{
	static const struct keep_rule rules[] = {{KEEP_DAEMON, "", {DAY, DAY, 20, 1 << 30}, 0},
		{KEEP_FOLDER, "F", {0, 0, 25, 0}, 0}};

	(void)arg;
	return keep_set_rules(tx, rules, 2, e);
}

static int keep_round(struct store_tx *tx, void *arg, struct err *e)
{
	struct keep_round round = {.owners = 7, .now_ms = LATE};
	int status = set_rules(tx, arg, e);

	while (status == 0) {
		status = keep_go_round(tx, &round, e);
		if (!round.more)
			break;
	}
	return status ? status : keep_after_poll(tx, 1, 5, LATE, e);
}

static int revise(struct store_tx *tx, void *arg, struct err *e)
{
	static char other[] = "Other";
	const struct item item = {
		.id = other, .title = other, .published_ms = TIME_NONE, .updated_ms = TIME_NONE};
	const struct item_draft draft = {.item = &item, .key = 1, .digest = 2};
	struct change change = {.kind = CHANGE_ITEM_UPDATE,
		.seq = changes_reserve(tx),
		.feed = 1,
		.time_ms = NOW,
		.ids = {1},
		.id_count = 1};
	bool restless;
	int status = items_revise(tx, 1, &draft, EDIT_TEXT, NOW, change.seq, e);

	(void)arg;
	if (status == 0)
		status = items_revise(tx, 1, &draft, EDIT_MARKUP, NOW, change.seq, e);
	if (status == 0)
		status = items_revise(tx, 1, &draft, EDIT_DATE, NOW, change.seq, e);
	if (status == 0)
		status = items_is_restless(tx, 1, NOW, &restless, e);
	return status ? status : changes_put(tx, &change, e);
}

/* To an address of its own, then to one that another feed has. */
static int move_to(struct store_tx *tx, const char *url, struct err *e)
{
	int64_t other, item, into;
	bool more = true;
	int status = feeds_move(tx, 1, "http://h/7", NOW, &into, e);

	if (status == 0)
		status = add_feed(tx, url, "G", &other, e);
	for (int64_t key = 29; key < 33 && status == 0; key++)
		status = put_item(tx, other, key, 0, "x", NOW, &item, e);
	if (status == 0)
		status = feeds_move(tx, 1, url, NOW, &into, e);
	while (status == 0 && more)
		status = feeds_purge(tx, NOW, &more, e);
	return status;
}

static int move_feed(struct store_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	return move_to(tx, "https://h/8", e);
}

static int move_away(struct store_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	return move_to(tx, "http://other/8", e);
}

/* Of three feeds, one after the other: one that waits, one that fails, one that goes. */
static int end_polls(struct store_tx *tx, void *arg, struct err *e)
{
	static const struct feed_poll polls[] = {
		{.now_ms = NOW, .next_due_ms = NOW + DAY, .waiting = true, .due_reason = "r"},
		{.now_ms = NOW,
			.next_due_ms = NOW + DAY,
			.status = FEED_FAILING,
			.error_code = "timeout",
			.error_text = "t",
			.validators = true,
			.etag = "e"},
		{.now_ms = NOW,
			.next_due_ms = TIME_NONE,
			.status = FEED_GONE,
			.error_code = "gone",
			.error_text = "g",
			.described = true,
			.title = "Other"}};
	int status = holds_put(tx, "http://held/", LATE, NOW, e);

	(void)arg;
	for (size_t i = 0; i < sizeof(polls) / sizeof(polls[0]) && status == 0; i++)
		status = feeds_record_poll(tx, 1, &polls[i], e);
	return status;
}

static int get_icon(struct store_tx *tx, void *arg, struct err *e)
{
	const char *type;
	struct buf out;
	int status;

	(void)arg;
	buf_init(&out, 100);
	status = icons_get(tx, 1, &out, &type, e);
	buf_finish(&out);
	return status == ERR_NOT_FOUND ? 0 : status;
}

static int keep_icon(struct store_tx *tx, void *arg, struct err *e)
{
	struct feed_poll poll = {.now_ms = NOW,
		.next_due_ms = NOW + DAY,
		.status = FEED_OK,
		.described = true,
		.icon = "http://i/"};
	char bytes[] = "GIF89a.";
	const struct buf image = {.data = bytes, .len = sizeof(bytes)};
	bool ask = false;
	int status = feeds_record_poll(tx, 1, &poll, e);

	if (status == 0)
		status = icons_claim(tx, 1, poll.icon, NOW, &ask, e);
	if (status == 0)
		status = icons_put(tx, poll.icon, &image, NOW, e);
	if (status == 0)
		status = get_icon(tx, arg, e);
	poll.icon = NULL;
	return status ? status : feeds_record_poll(tx, 1, &poll, e);
}

/* -- reading -- */

static int count_story(void *ctx, const struct story *story)
{
	(void)story;
	++*(int *)ctx;
	return 0;
}

static int count_change(void *ctx, const struct change *change)
{
	(void)change;
	++*(int *)ctx;
	return 0;
}

static int count_feed(void *ctx, const struct feed *feed)
{
	(void)feed;
	++*(int *)ctx;
	return 0;
}

/* What is told without an error is all there is. */
static int read_lists(struct store_tx *tx, void *arg, struct err *e)
{
	struct item_filter items = {.folder = 1, .order = ITEMS_BY_PUBLISHED, .with_content = true};
	struct story_filter stories = {0};
	struct feed_filter feeds = {.with_counts = true};
	struct page page = {0}, story_page = {0};
	struct store_facts facts = {.items = 0};
	struct care_stats stats;
	int counts[4] = {0};
	int status = items_list(tx, &items, &page, count_item, &counts[0], e);

	(void)arg;
	if (status == 0)
		status = stories_list(tx, &stories, &story_page, count_story, &counts[1], e);
	if (status == 0)
		status = changes_list(tx, 0, 1000, count_change, &counts[2], NULL, e);
	if (status == 0)
		status = feeds_list(tx, &feeds, count_feed, &counts[3], e);
	if (status == 0)
		status = store_facts(tx, &facts, e);
	if (status == 0)
		status = care_measure(tx, &stats, e);
	if (status == 0 && (counts[0] != 30 || counts[1] != 12 || counts[2] != 74 ||
				   counts[3] != 1 || facts.items != 30 || stats.items != 30))
		return err_set(e, ERR_INTERNAL, "%d items, %d stories, %d changes, %d feeds",
			counts[0], counts[1], counts[2], counts[3]);
	return status;
}

static const struct scenario {
	const char *name;
	job_function *write, *read;
	enum care_kind care;
} scenarios[] = {
	{.name = "ingest", .write = ingest},
	{.name = "states", .write = set_states},
	{.name = "labels", .write = put_labels},
	{.name = "folders", .write = edit_folders},
	{.name = "sync", .write = sync_feeds},
	{.name = "change", .write = change_feed},
	{.name = "move", .write = move_feed},
	{.name = "move away", .write = move_away},
	{.name = "polls", .write = end_polls},
	{.name = "icon", .write = keep_icon},
	{.name = "remove", .write = remove_feed},
	{.name = "rules", .write = set_rules},
	{.name = "keep", .write = keep_round},
	{.name = "revise", .write = revise},
	{.name = "lists", .read = read_lists},
	{.name = "lists for programs", .read = read_more},
	{.name = "check", .care = CARE_CHECK},
	{.name = "quick check", .care = CARE_QUICK},
	{.name = "backup", .care = CARE_BACKUP},
	{.name = "compact", .care = CARE_COMPACT},
};

enum { SCENARIOS = sizeof(scenarios) / sizeof(scenarios[0]) };

/* -- faults -- */

/* Beside the kinds of faultvfs.h: allocations, all of them or those that SQLite does not make, and
 * what is asked of the system without SQLite. */
enum { MEMORY = 0, MEMORY_OF_OURS = 1 << 20, CALLS = 1 << 21 };

static const struct fault {
	const char *name;
	int kinds, code;
	bool for_good;
} faults[] = {
	{"memory", MEMORY, 0, false},
	{"memory of ours", MEMORY_OF_OURS, 0, false},
	{"call", CALLS, EIO, false},
	{"call on a full disk", CALLS, ENOSPC, false},
	{"call that is unknown", CALLS, EINVAL, false},
	{"read", FAULTVFS_READ, SQLITE_IOERR_READ, false},
	{"read for good", FAULTVFS_READ, SQLITE_IOERR_READ, true},
	{"write", FAULTVFS_WRITE, SQLITE_IOERR_WRITE, false},
	{"full", FAULTVFS_WRITE, SQLITE_FULL, false},
	{"full for good", FAULTVFS_WRITE | FAULTVFS_SYNC, SQLITE_FULL, true},
	{"sync", FAULTVFS_SYNC, SQLITE_IOERR_FSYNC, false},
	{"truncate", FAULTVFS_TRUNCATE, SQLITE_IOERR_TRUNCATE, true},
	{"open", FAULTVFS_OPEN, SQLITE_CANTOPEN, true},
	{"map", FAULTVFS_SHM, SQLITE_IOERR_SHMMAP, false},
	{"locked", FAULTVFS_LOCK, SQLITE_BUSY, false},
	{"locked for good", FAULTVFS_LOCK, SQLITE_BUSY, true},
	{"no lock", FAULTVFS_LOCK, SQLITE_IOERR_LOCK, true},
};

enum { SCHEMA_NOW = 8 };

enum { FAULTS = sizeof(faults) / sizeof(faults[0]), MEMORY_RUNS = 30 };

static bool is_memory(const struct fault *fault)
{
	return fault->kinds == MEMORY || fault->kinds == MEMORY_OF_OURS;
}

static void arm(const struct fault *fault, long n)
{
	faultvfs_spare_malloc(fault->kinds == MEMORY_OF_OURS);
	if (fault->kinds == CALLS)
		powervfs_fail_after(n, fault->code);
	else if (is_memory(fault))
		fault_malloc_after(n);
	else
		faultvfs_fail_after(n, fault->kinds, fault->code, fault->for_good);
}

static long disarm(const struct fault *fault)
{
	if (fault->kinds == CALLS)
		return powervfs_fail_off();
	return is_memory(fault) ? fault_malloc_off() : faultvfs_off();
}

/* -- a database that is the same each time -- */

static char *template_data;
static size_t template_len;

static void copy_template(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	tmp_create(&f->tmp);
	tmp_write(&f->tmp, "tidings.db", template_data, template_len);
	snprintf(f->path, sizeof(f->path), "%s", tmp_path(&f->tmp, "tidings.db"));
	loop_init(&f->loop);
}

static void open_copy(struct fixture *f)
{
	struct err e = {0};

	copy_template(f);
	if (try_open(f, &e))
		fail_msg("%s", e.text);
	start(f);
}

static int make_template(void **state)
{
	struct fixture f;
	int64_t key = 0;

	(void)state;
	fixture_open(&f);
	must_write(&f, first_feed, &(int64_t){0});
	for (int n = 0; n < 6; n++)
		must_write(&f, work, &key);
	stop(&f);
	poke(f.path, "INSERT INTO label (id, rev, name) VALUES (1, 1, 'l')");
	poke(f.path,
		"CREATE TABLE waste AS WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1"
		" FROM n WHERE i < 50) SELECT randomblob(4000) AS b FROM n; DROP TABLE waste");
	template_data = data_read_path(f.path, &template_len);
	fixture_close(&f);
	return 0;
}

static int free_template(void **state)
{
	(void)state;
	free(template_data);
	return 0;
}

/* What can be seen, as one number; not what the store tries by itself. */
static int64_t fingerprint(const char *path)
{
	static const char *const tables[] = {"meta WHERE key <> 'tried'", "change", "folder",
		"feed", "story", "item", "item_text", "revision", "dropped", "keep", "alias",
		"hold", "icon", "label", "item_label"};
	int64_t sum = 0;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 10000);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		char sql[100];
		sqlite3_stmt *stmt;

		snprintf(sql, sizeof(sql), "SELECT * FROM %s", tables[i]);
		assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
		while (sqlite3_step(stmt) == SQLITE_ROW) {
			for (int n = 0; n < sqlite3_column_count(stmt); n++) {
				const char *text = (const char *)sqlite3_column_text(stmt, n);

				sum = hash_part(sum, text ? text : "NULL");
			}
		}
		sqlite3_finalize(stmt);
	}
	sqlite3_close(db);
	return sum;
}

/* -- runs -- */

static int known_error(const struct scenario *s, const struct fault *fault, int status)
{
	static const int known[] = {ERR_IO, ERR_FULL, ERR_BUSY};

	/* a check that lacks memory cannot read a page */
	if (is_memory(fault))
		return status == ERR_NOMEM || (s->care && status == ERR_IO);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (status == known[i])
			return 1;
	}
	return fault->code == EINVAL && status == ERR_INVALID;
}

struct ended {
	int calls;
	int status;
	struct err error;
};

static void on_ended(void *ctx, const struct care_report *report)
{
	struct ended *n = ctx;

	n->calls++;
	n->status = report->status;
	snprintf(n->error.text, sizeof(n->error.text), "%s", report->text);
}

static int run_care(struct fixture *f, enum care_kind kind, struct err *e)
{
	struct ended n = {0};
	int status = care_begin(f->store, kind, "copy.db", on_ended, &n, e);

	if (status)
		return status;
	loop_run_until(&f->loop, &n.calls, LIMIT_MS);
	*e = n.error;
	return n.status;
}

static int run_work(struct fixture *f, const struct scenario *s, struct err *e)
{
	if (s->write)
		return do_write(f, s->write, NULL, e);
	return s->read ? do_read(f, s->read, NULL, e) : run_care(f, s->care, e);
}

static void assert_copy(struct fixture *f, const struct scenario *s, int status, int64_t before)
{
	char path[600];

	if (s->care != CARE_BACKUP)
		return;
	snprintf(path, sizeof(path), "%s", tmp_path(&f->tmp, "copy.db"));
	assert_int_equal(access(path, F_OK), status ? -1 : 0);
	assert_int_equal(access(tmp_path(&f->tmp, "copy.db.part"), F_OK), -1);
	if (status == 0) {
		assert_sound(path);
		assert_int_equal(fingerprint(path), before);
	}
}

/* Returns whether anything failed. */
static bool run_with(
	const struct scenario *s, const struct fault *fault, long n, int64_t before, int64_t after)
{
	struct fixture f;
	struct err e = {0};
	int status;
	long failed;

	open_copy(&f);
	arm(fault, n);
	status = run_work(&f, s, &e);
	failed = disarm(fault);
	if (status && !(failed && known_error(s, fault, status) && e.text[0]))
		fail_msg("%s, %s %ld: %s \"%s\", %ld failed", s->name, fault->name, n,
			err_name(status), e.text, failed);
	if (fingerprint(f.path) != (status ? before : after))
		fail_msg("%s, %s %ld: %s, but it is not so", s->name, fault->name, n,
			err_name(status));
	assert_copy(&f, s, status, before);
	if (status && run_work(&f, s, &e))
		fail_msg("%s, %s %ld: done again: %s", s->name, fault->name, n, e.text);
	assert_int_equal(fingerprint(f.path), after);
	stop(&f);
	assert_sound(f.path);
	assert_counts(f.path);
	fixture_close(&f);
	return failed > 0;
}

/* What the database looks like before and after it. */
static void take_measure(
	const struct scenario *s, int64_t *ret_before, int64_t *ret_after, long *ret_allocations)
{
	struct fixture f;
	struct err e = {0};

	open_copy(&f);
	*ret_before = fingerprint(f.path);
	fault_malloc_after(INT32_MAX);
	if (run_work(&f, s, &e))
		fail_msg("%s: %s", s->name, e.text);
	*ret_allocations = fault_malloc_count();
	(void)fault_malloc_off();
	*ret_after = fingerprint(f.path);
	assert_int_equal(*ret_before == *ret_after, s->write == NULL);
	fixture_close(&f);
}

static void test_work(void **state)
{
	(void)state;
	for (int i = 0; i < SCENARIOS; i++) {
		int64_t before, after;
		long allocations;

		take_measure(&scenarios[i], &before, &after, &allocations);
		for (int k = 0; k < FAULTS; k++) {
			long step = faults[k].for_good ? 3 : 1;

			if (faults[k].kinds == MEMORY)
				step = 1 + allocations / MEMORY_RUNS;

			for (long n = 0; run_with(&scenarios[i], &faults[k], n, before, after);
				n += step * FAULT_THIN)
				;
		}
	}
}

/* -- opening, also what earlier versions made -- */

/* What a daemon of that version left (0: this one), in place of the template. */
static void use_version(int version)
{
	char name[40], *sql;
	struct tmp tmp;

	if (version == 0)
		return;
	tmp_create(&tmp);
	snprintf(name, sizeof(name), "schema/%d.sql", version);
	sql = data_read(name, NULL);
	poke(tmp_path(&tmp, "x.db"), sql);
	free(sql);
	free(template_data);
	template_data = data_read_path(tmp_path(&tmp, "x.db"), &template_len);
	tmp_remove(&tmp);
}

static bool open_with(const struct fault *fault, long n, int64_t wanted)
{
	struct fixture f;
	struct err e = {0};
	int status;
	long failed;

	copy_template(&f);
	arm(fault, n);
	status = try_open(&f, &e);
	failed = disarm(fault);
	if (status && !(failed && known_error(&scenarios[0], fault, status) && e.text[0]))
		fail_msg("%s %ld: %s \"%s\", %ld failed", fault->name, n, err_name(status), e.text,
			failed);
	if (status && try_open(&f, &e))
		fail_msg("%s %ld: opened again: %s", fault->name, n, e.text);
	assert_int_equal(peek(f.path, "PRAGMA user_version"), SCHEMA_NOW);
	assert_int_equal(fingerprint(f.path), wanted);
	start(&f);
	must_write(&f, ingest, NULL);
	stop(&f);
	assert_sound(f.path);
	assert_counts(f.path);
	fixture_close(&f);
	return failed > 0;
}

static int64_t opened_fingerprint(void)
{
	struct fixture f;
	int64_t sum;

	open_copy(&f);
	sum = fingerprint(f.path);
	fixture_close(&f);
	return sum;
}

/* Bringing an older one up to date has many operations, most of them alike. */
static long step_of(bool older, const struct fault *fault)
{
	if (fault->kinds == MEMORY)
		return older ? 41 : 11;
	if (fault->kinds == MEMORY_OF_OURS || fault->kinds == CALLS)
		return 1;
	return (older ? 5 : 1) * (fault->for_good ? 3 : 1);
}

static void test_opening(void **state)
{
	(void)state;
	for (int version = 0; version < SCHEMA_NOW; version++) {
		int64_t wanted;

		use_version(version);
		wanted = opened_fingerprint();
		for (int k = 0; k < FAULTS; k++) {
			for (long n = 0; open_with(&faults[k], n, wanted);
				n += step_of(version > 0, &faults[k]))
				;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_work),
		cmocka_unit_test(test_opening),
	};

	if (access("/dev/shm", W_OK) == 0) /* the lock file is synced at each opening */
		setenv("TMPDIR", "/dev/shm", 0);
	log_init((enum log_level)0);
	faultvfs_use_malloc();
	faultvfs_install();
	return cmocka_run_group_tests(tests, make_template, free_template);
}
