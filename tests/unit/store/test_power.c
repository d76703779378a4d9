/* The power is cut at any moment: the database opens again and is sound, what was reported as done
 * is there, and nothing is there by half.
 *
 * test_store_power [CUTS [SEED]]: so many moments (200), spread over everything that the store
 * does; the dice of cut n are thrown with SEED + n. */
#include "work.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/care.h"
#include "store/keep.h"
#include "support/data.h"
#include "support/powervfs.h"

static long cuts = 200;
static unsigned long first_seed = 20261127;

enum { FACTS_MAX = 400, GROUP = 5, FOR_EVER = INT32_MAX };

/* What must be so on the disk of a cut from one moment on, and until another. */
struct fact {
	long from, until;
	const char *file; /* NULL: the database */
	char sql[160];
	int64_t wanted;
};

struct history {
	struct fixture f;
	const char *settings; /* of the connection that writes */
	struct fact facts[FACTS_MAX];
	int count, groups;
	int dropped;   /* from groups up to this one items were dropped, */
	long dropping; /* from this moment on */
};

static struct fact *add_fact(struct history *h, const char *sql, int64_t wanted)
{
	struct fact *fact = &h->facts[h->count++];

	assert_true(h->count <= FACTS_MAX);
	*fact = (struct fact){powervfs_now(), FOR_EVER, NULL, "", wanted};
	snprintf(fact->sql, sizeof(fact->sql), "%s", sql);
	return fact;
}

/* -- the work -- */

static void open_again(struct history *h)
{
	struct err e = {0};

	if (try_open(&h->f, &e))
		fail_msg("%s", e.text);
	assert_int_equal(db_exec(&h->f.store->db, h->settings, NULL), 0);
	start(&h->f);
}

struct ingest {
	struct waited w; /* first: `done` finds the rest by it */
	struct history *h;
	int64_t feed, group;
	bool refused;
};

/* Five items, states and the outcome of a poll, as one job. */
static int ingest(struct store_tx *tx, void *arg, struct err *e)
{
	struct ingest *in = arg;
	struct feed_poll poll = {.now_ms = NOW + in->group,
		.next_due_ms = NOW,
		.status = FEED_OK,
		.http_status = (int)in->group};
	char content[1500];
	int64_t item = 0;
	int changed, status = 0;

	memset(content, 'a' + (int)(in->group % 26), sizeof(content) - 1);
	content[sizeof(content) - 1] = '\0';
	for (int64_t n = 0; n < GROUP && status == 0; n++)
		status = put_item(
			tx, in->feed, in->group * GROUP + n, n % 3, content, NOW, &item, e);
	if (status == 0)
		status = items_set_state(tx, &item, 1, 1, 1, NOW, &changed, e);
	if (status == 0)
		status = feeds_record_poll(tx, in->feed, &poll, e);
	return status == 0 && in->refused ? err_set(e, ERR_DENIED, NULL) : status;
}

static void ingested(struct store_job *job)
{
	struct ingest *in = job->arg;
	char sql[160];

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM item WHERE feed = %d AND key / 5 = %d",
		(int)in->feed, (int)in->group);
	assert_int_equal(job->status, in->refused ? ERR_DENIED : 0);
	add_fact(in->h, sql, in->refused ? 0 : GROUP)->from *= !in->refused;
	on_waited(job);
}

/* As many at once as share a commit; one in them fails. */
static void ingest_some(struct history *h, int64_t feed, int count)
{
	struct ingest in[8];

	for (int n = 0; n < count; n++) {
		in[n] = (struct ingest){
			.h = h, .feed = feed, .group = ++h->groups, .refused = n == 2};
		in[n].w.job = (struct store_job){
			.class = STORE_POLL, .run = ingest, .done = ingested, .arg = &in[n]};
		assert_int_equal(store_write(h->f.store, &in[n].w.job), 0);
	}
	for (int n = 0; n < count; n++)
		loop_run_until(&h->f.loop, &in[n].w.done, LIMIT_MS);
}

static int star(struct store_tx *tx, void *arg, struct err *e)
{
	int changed;

	return items_set_state(tx, arg, 1, 1, 1, NOW, &changed, e);
}

static void star_one(struct history *h, int64_t id)
{
	char sql[160];

	must_write(&h->f, star, &id);
	snprintf(sql, sizeof(sql), "SELECT read + starred FROM item WHERE id = %d", (int)id);
	add_fact(h, sql, 2);
}

static int add_feeds(struct store_tx *tx, void *arg, struct err *e)
{
	int64_t id;
	int status = add_feed(tx, "u1", "F", &id, e);

	(void)arg;
	if (status == 0)
		status = add_feed(tx, "u2", NULL, &id, e);
	return status ? status : add_feed(tx, "u3", "G", &id, e);
}

static int keep_few(struct store_tx *tx, void *arg, struct err *e)
{
	static const struct keep_rule rule = {KEEP_DAEMON, "", {1, 1, 100000, 1 << 16}, 0};

	(void)arg;
	return keep_set_rules(tx, &rule, 1, e);
}

static int go_round(struct store_tx *tx, void *arg, struct err *e)
{
	return keep_go_round(tx, arg, e);
}

static int remove_third(struct store_tx *tx, void *arg, struct err *e)
{
	(void)arg;
	return feeds_remove(tx, 3, NOW, e);
}

static int purge(struct store_tx *tx, void *arg, struct err *e)
{
	return feeds_purge(tx, NOW, arg, e);
}

/* Out of sight at once, and its rows in time. */
static void remove_feed(struct history *h)
{
	bool more = true;

	must_write(&h->f, remove_third, NULL);
	add_fact(h, "SELECT count(*) FROM feed WHERE id = 3 AND detached_ms IS NOT 0", 0);
	while (more)
		must_write(&h->f, purge, &more);
	add_fact(h, "SELECT count(*) FROM feed WHERE id = 3", 0);
	add_fact(h, "SELECT count(*) FROM item WHERE feed = 3", 0);
}

static void on_ended(void *ctx, const struct care_report *report)
{
	assert_int_equal(report->status, 0);
	++*(int *)ctx;
}

static void run_task(struct history *h, enum care_kind kind, const char *name)
{
	int ended = 0;

	assert_int_equal(care_begin(h->f.store, kind, name, on_ended, &ended, NULL), 0);
	loop_run_until(&h->f.loop, &ended, LIMIT_MS);
	if (kind == CARE_BACKUP)
		add_fact(h, "SELECT count(*) >= 40 FROM item", 1)->file = name;
}

/* What was known of the items of a feed is not so any more from here on. */
static void forget_facts(struct history *h, const char *about)
{
	for (int n = 0; n < h->count; n++) {
		if (strstr(h->facts[n].sql, about) && h->facts[n].wanted == GROUP &&
			h->facts[n].until == FOR_EVER)
			h->facts[n].until = powervfs_now();
	}
}

static void drop_old(struct history *h)
{
	struct keep_round round = {
		.owners = FEED_OWNER_SOCKET, .now_ms = NOW + 100000, .more = true};

	forget_facts(h, "feed =");
	h->dropped = h->groups;
	h->dropping = powervfs_now();
	must_write(&h->f, keep_few, NULL);
	while (round.more)
		must_write(&h->f, go_round, &round);
	assert_true(round.items > 20);
	add_fact(h, "SELECT sum(bytes) <= 65536 FROM item WHERE feed = 2", 1);
}

/* As a version left it that could not shrink: the next start sorts its pages anew. */
static void make_old(struct history *h)
{
	poke(h->f.path, "PRAGMA auto_vacuum = NONE; VACUUM");
	assert_int_equal(peek(h->f.path, "PRAGMA auto_vacuum"), 0);
}

static void do_all(struct history *h)
{
	must_write(&h->f, add_feeds, NULL);
	add_fact(h, "SELECT count(*) = 3 AND (SELECT count(*) FROM folder) = 2 FROM feed", 1);
	for (int n = 0; n < 4; n++) {
		ingest_some(h, 1, 1);
		ingest_some(h, 2, 4);
		ingest_some(h, 3, 2);
		star_one(h, 5 * n + 1);
	}
	run_task(h, CARE_BACKUP, "first.db");
	stop(&h->f);
	open_again(h);
	ingest_some(h, 2, 8);
	forget_facts(h, "feed = 3");
	h->facts[0].until = powervfs_now();
	remove_feed(h);
	drop_old(h);
	run_task(h, CARE_COMPACT, NULL);
	ingest_some(h, 1, 4);
	run_task(h, CARE_BACKUP, "second.db");
	stop(&h->f);
	make_old(h);
	open_again(h);
	ingest_some(h, 1, 4);
	stop(&h->f);
}

static void record(struct history *h, const char *settings)
{
	memset(h, 0, sizeof(*h));
	h->settings = settings;
	tmp_create(&h->f.tmp);
	snprintf(h->f.path, sizeof(h->f.path), "%s", tmp_path(&h->f.tmp, "tidings.db"));
	loop_init(&h->f.loop);
	powervfs_begin(h->f.tmp.dir);
	open_again(h);
	do_all(h);
	powervfs_end();
	fixture_close(&h->f);
}

/* -- the cuts -- */

static sqlite3 *open_raw(const char *path)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	return db;
}

/* One number, or -1 when it cannot be had. */
static int64_t ask(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	int64_t value = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
		sqlite3_step(stmt) == SQLITE_ROW)
		value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return value;
}

static bool is_sound(sqlite3 *db)
{
	return ask(db, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> "
		       "'ok'") == 0 &&
	       ask(db, "SELECT count(*) FROM pragma_foreign_key_check") == 0;
}

struct found {
	int unsound, lost, halves;
	char first[400]; /* what was found first */
};

static void tell(struct found *f, int *count, long moment, const char *what, int64_t is)
{
	if (f->unsound + f->lost + f->halves == 0)
		snprintf(f->first, sizeof(f->first), "cut before moment %ld (%s): %s: %lld", moment,
			powervfs_describe(moment), what, (long long)is);
	++*count;
}

/* Groups of which some items are there, and some were neither written nor dropped. */
static int64_t count_halves(const struct history *h, long moment, sqlite3 *db)
{
	char sql[240];

	snprintf(sql, sizeof(sql),
		"SELECT count(*) FROM (SELECT count(*) AS n FROM item WHERE key / 5 > %d"
		" AND feed IN (SELECT id FROM feed WHERE detached_ms IS NOT 0)"
		" GROUP BY key / 5 HAVING n <> 5)",
		moment < h->dropping ? 0 : h->dropped);
	return ask(db, sql);
}

static void check_fact(const struct fact *fact, sqlite3 *db, long moment, struct found *f)
{
	int64_t is;

	if (moment < fact->from || moment > fact->until)
		return;
	is = ask(db, fact->sql);
	if (is != fact->wanted)
		tell(f, &f->lost, moment, fact->sql, is);
}

/* A copy has its name when it is whole, told or not. */
static void check_copy(const struct fact *fact, const char *path, long moment, struct found *f)
{
	sqlite3 *db;

	if (access(path, F_OK) < 0) {
		if (moment >= fact->from)
			tell(f, &f->lost, moment, fact->file, 0);
		return;
	}
	db = open_raw(path);
	check_fact(fact, db, moment, f);
	if (!is_sound(db))
		tell(f, &f->unsound, moment, fact->file, 0);
	sqlite3_close(db);
}

/* As a start and a stop do it; false when there was no start. */
static bool recover(const struct tmp *t, struct err *e)
{
	struct store_options options = {.path = tmp_path(t, "tidings.db")};
	struct store *store = NULL;

	if (store_open(&options, &store, e))
		return false;
	store_close(store);
	return true;
}

/* What was left at a moment must be what the history wants then. */
static void check_disk(const struct history *h, long moment, const struct tmp *t, struct found *f)
{
	struct err e = {0};
	sqlite3 *db;

	if (!recover(t, &e)) {
		tell(f, &f->unsound, moment, e.text, e.code);
		return;
	}
	db = open_raw(tmp_path(t, "tidings.db"));
	if (!is_sound(db))
		tell(f, &f->unsound, moment, "not sound", 0);
	else if (count_halves(h, moment, db) != 0)
		tell(f, &f->halves, moment, "halves", count_halves(h, moment, db));
	for (int n = 0; n < h->count; n++) {
		const struct fact *fact = &h->facts[n];

		if (fact->file)
			check_copy(fact, tmp_path(t, fact->file), moment, f);
		else
			check_fact(fact, db, moment, f);
	}
	sqlite3_close(db);
	if (f->unsound == 0)
		assert_counts(tmp_path(t, "tidings.db"));
}

static void check_cut(const struct history *h, long moment, unsigned long seed, struct found *f)
{
	struct tmp t;

	tmp_create(&t);
	powervfs_make(moment, seed, t.dir);
	check_disk(h, moment, &t, f);
	tmp_remove(&t);
}

static struct found cut_all(struct history *h, long count)
{
	long end = powervfs_now();
	struct found found = {0};

	for (long n = 0; n < count; n++) {
		long moment = end * n / count +
			      (long)((unsigned long)n * 7919 % (unsigned long)(end / count + 1));

		check_cut(h, moment, first_seed + (unsigned long)n, &found);
	}
	print_message("%ld cuts in %ld operations: %d unsound, %d lost, %d halves %s\n", count, end,
		found.unsound, found.lost, found.halves, found.first);
	return found;
}

static void test_nothing_is_lost(void **state)
{
	struct history *h = calloc(1, sizeof(*h));
	struct found found;

	(void)state;
	assert_non_null(h);
	record(h, "PRAGMA wal_autocheckpoint = 60");
	found = cut_all(h, cuts);
	if (found.unsound + found.lost + found.halves)
		fail_msg("seed %lu: %s", first_seed, found.first);
	powervfs_forget();
	free(h);
}

/* The power goes again while the database recovers from the first cut. */
static void test_cut_again(void **state)
{
	enum { DISKS = 25, CUTS = 6 };
	struct history *h = calloc(1, sizeof(*h));
	struct found found = {0};
	struct tmp disks[DISKS], t;
	long end;

	(void)state;
	assert_non_null(h);
	record(h, "PRAGMA wal_autocheckpoint = 60");
	end = powervfs_now();
	for (int n = 0; n < DISKS; n++) {
		tmp_create(&disks[n]);
		powervfs_make(end * n / DISKS, first_seed + (unsigned long)n, disks[n].dir);
	}
	for (int n = 0; n < DISKS; n++) {
		powervfs_begin(disks[n].dir);
		long begin = powervfs_now();
		assert_true(recover(&disks[n], NULL));
		powervfs_end();
		for (int m = 1; m <= CUTS; m++) {
			tmp_create(&t);
			powervfs_make(begin + (powervfs_now() - begin) * m / CUTS,
				first_seed + (unsigned long)(n + m), t.dir);
			check_disk(h, end * n / DISKS, &t, &found);
			tmp_remove(&t);
		}
		tmp_remove(&disks[n]);
	}
	if (found.unsound + found.lost + found.halves)
		fail_msg("seed %lu: %s", first_seed, found.first);
	powervfs_forget();
	free(h);
}

/* -- a database of an older version -- */

enum { OLD_VERSION = 5, NEW_VERSION = 8 };

/* As a daemon of that version left it that was killed: its last changes are in the log. */
static void make_killed(const char *path)
{
	char *tables = data_read("schema/5.sql", NULL);
	sqlite3 *db;

	poke(path, tables);
	free(tables);
	db = open_raw(path);
	assert_int_equal(sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL), 0);
	assert_int_equal(sqlite3_exec(db,
				 "PRAGMA journal_mode = WAL;"
				 "INSERT INTO meta VALUES ('last', 1)",
				 NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
}

/* Whatever was done to the database, what it was before is there, whole. */
static void check_upgrade(long moment, unsigned long seed)
{
	char path[512], copy[520];
	struct tmp t;

	tmp_create(&t);
	powervfs_make(moment, seed, t.dir);
	snprintf(path, sizeof(path), "%s", tmp_path(&t, "tidings.db"));
	snprintf(copy, sizeof(copy), "%s.v%d", path, OLD_VERSION);
	if (peek(path, "PRAGMA user_version") != OLD_VERSION && access(copy, F_OK) < 0)
		fail_msg("cut before moment %ld (%s), seed %lu: there is no copy", moment,
			powervfs_describe(moment), seed);
	for (int n = 0; n < 2; n++) {
		if (access(copy, F_OK) == 0) {
			assert_sound(copy);
			assert_int_equal(peek(copy, "PRAGMA user_version"), OLD_VERSION);
			assert_int_equal(
				peek(copy, "SELECT count(*) FROM meta WHERE key = 'last'"), 1);
		}
		assert_true(recover(&t, NULL));
	}
	assert_int_equal(peek(path, "PRAGMA user_version"), NEW_VERSION);
	tmp_remove(&t);
}

static void test_copy_before_a_step(void **state)
{
	enum { SEEDS = 4 };
	struct tmp t;

	(void)state;
	tmp_create(&t);
	make_killed(tmp_path(&t, "tidings.db"));
	powervfs_begin(t.dir);
	long begin = powervfs_now();
	assert_true(recover(&t, NULL));
	powervfs_end();
	for (long moment = begin; moment <= powervfs_now(); moment++)
		for (unsigned long n = 0; n < SEEDS; n++)
			check_upgrade(moment, first_seed + n);
	powervfs_forget();
	tmp_remove(&t);
}

/* That the cuts cut: a store that does not wait for the disk loses what it reported. */
static void test_loss_is_found(void **state)
{
	static const struct {
		const char *settings;
		bool sound;
	} cases[] = {
		{"PRAGMA wal_autocheckpoint = 60; PRAGMA synchronous = OFF", false},
		{"PRAGMA wal_autocheckpoint = 60; PRAGMA synchronous = NORMAL", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct history *h = calloc(1, sizeof(*h));
		struct found found;

		assert_non_null(h);
		record(h, cases[i].settings);
		found = cut_all(h, 60);
		assert_true(found.lost > 0);
		assert_int_equal(found.unsound == 0, cases[i].sound);
		powervfs_forget();
		free(h);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_lost),
		cmocka_unit_test(test_cut_again),
		cmocka_unit_test(test_copy_before_a_step),
		cmocka_unit_test(test_loss_is_found),
	};

	if (argc > 1)
		cuts = strtol(argv[1], NULL, 10);
	if (argc > 2)
		first_seed = strtoul(argv[2], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
