/* What is dropped when. */
#include "store/keep.h"

#include <stdio.h>
#include <uv.h>

#include "base/hash.h"
#include "base/log.h"
#include "limits.h"
#include "store/drop.h"
#include "store/feeds.h"
#include "store/query.h"
#include "store/schema.h"

static int64_t digest_rules(const struct keep_rule *rules, size_t count)
{
	char numbers[128];
	int64_t digest = 0;

	for (size_t n = 0; n < count; n++) {
		const struct keep *k = &rules[n].keep;

		snprintf(numbers, sizeof(numbers), "%d %lld %lld %lld %lld %d", (int)rules[n].level,
			(long long)k->age_ms, (long long)k->unread_ms, (long long)k->items,
			(long long)k->bytes, (int)rules[n].stories);
		digest = hash_part(hash_part(digest, rules[n].name), numbers);
	}
	return digest;
}

static int put_rule(struct store_tx *tx, const struct keep_rule *r, struct err *e)
{
	return query_exec(tx, e,
		"INSERT INTO keep (level, name, age_ms, unread_ms, items, bytes, stories)"
		" VALUES (?, ?, ?, ?, ?, ?, ?)",
		as_int(r->level), as_text(r->name), as_id(r->keep.age_ms), as_id(r->keep.unread_ms),
		as_id(r->keep.items), as_id(r->keep.bytes), as_id(r->stories));
}

int keep_set_rules(struct store_tx *tx, const struct keep_rule *rules, size_t count, struct err *e)
{
	int64_t digest = digest_rules(rules, count), before;
	int status = query_find_values(
		tx, &before, e, "SELECT value FROM meta WHERE key = 'keep'", NO_VALUES);

	if (status || before == digest)
		return status;
	status = query_exec_values(tx, e, "DELETE FROM keep", NO_VALUES);
	for (size_t n = 0; n < count && status == 0; n++)
		status = put_rule(tx, &rules[n], e);
	if (status)
		return status;
	return query_exec(tx, e, "INSERT OR REPLACE INTO meta (key, value) VALUES ('keep', ?)",
		as_int(digest));
}

#define NARROWEST(column) "coalesce(s." #column ", o." #column ", d." #column ")"

/* 1, or 0 when there are no rules. */
static int find_rule(struct store_tx *tx, int64_t feed, struct keep *ret_keep, struct err *e)
{
	return query_one(tx, NULL, e,
		"SELECT " NARROWEST(age_ms) ", " NARROWEST(unread_ms) ", " NARROWEST(
			items) ", " NARROWEST(bytes) " FROM keep d JOIN feed f ON f.id = ? LEFT "
						     "JOIN folder n ON n.id = f.folder"
						     " LEFT JOIN keep o ON o.level = 1 AND o.name "
						     "= n.name"
						     " LEFT JOIN keep s ON s.level = 2 AND s.name "
						     "= f.section WHERE d.level = 0",
		VALUES(as_int(feed)),
		COLUMNS(into(&ret_keep->age_ms), into(&ret_keep->unread_ms), into(&ret_keep->items),
			into(&ret_keep->bytes)));
}

/* What ages are measured by: the time, as long as it is near that of the last round, and before the
 * first one near that of the feed's last poll: newer items may be of this one. A clock that was set
 * wrong must take nothing; one that was right while the machine was off for long is followed a step
 * a round, by a daemon that has run for a day with it. */
static int read_clock(struct store_tx *tx, int64_t feed, int64_t now_ms, bool again,
	int64_t *ret_clock_ms, struct err *e)
{
	int64_t last_ms;
	int status = query_find(tx, &last_ms, e,
		"SELECT coalesce((SELECT value FROM meta WHERE key = 'clock'),"
		" (SELECT last_poll_ms FROM feed WHERE id = ?),"
		" (SELECT received_ms FROM item ORDER BY id DESC LIMIT 1), ?)",
		as_int(feed), as_int(now_ms));

	*ret_clock_ms = now_ms;
	if (now_ms - last_ms > KEEP_CLOCK_STEP_MS)
		*ret_clock_ms = last_ms + (again ? KEEP_CLOCK_STEP_MS : 0);
	return status;
}

/* -- one feed -- */

/* Its items, from the oldest on: ids grow with time. */
struct walk {
	struct store_tx *tx;
	int64_t feed, now_ms;
	int64_t clock_ms; /* for ages */
	int64_t after;    /* the item it came to */
	struct keep keep;
	int64_t items, bytes; /* left of it */
	bool done;
};

static int walk_begin(struct walk *w, struct err *e)
{
	int status = find_rule(w->tx, w->feed, &w->keep, e);

	w->done = status == 0;
	if (status > 0)
		status = query_one(w->tx, NULL, e,
			"SELECT count(*), sum(bytes) FROM item WHERE feed = ?",
			VALUES(as_int(w->feed)), COLUMNS(into(&w->items), into(&w->bytes)));
	return status < 0 ? status : 0;
}

struct aged {
	int64_t id, story, bytes, received_ms, changed_ms;
	bool read, marked; /* marked: starred, or with a label */
};

static bool too_much(const struct walk *w)
{
	return w->items > w->keep.items || w->bytes > w->keep.bytes;
}

static bool too_old(const struct walk *w, const struct aged *item, int64_t age_ms)
{
	return w->items > KEEP_LEAST && w->clock_ms - item->received_ms > age_ms;
}

static bool goes(const struct walk *w, const struct aged *item)
{
	if (item->marked || too_much(w))
		return !item->marked;
	if (!item->read)
		return too_old(w, item, w->keep.unread_ms);
	/* whoever opened an old item yesterday may want it today */
	return too_old(w, item, w->keep.age_ms) && w->clock_ms - item->changed_ms >= KEEP_READ_MS;
}

/* All that follow are newer. */
static bool all_stay(const struct walk *w, const struct aged *item)
{
	int64_t least_ms = w->keep.age_ms < w->keep.unread_ms ? w->keep.age_ms : w->keep.unread_ms;

	return !too_much(w) && !too_old(w, item, least_ms);
}

static int choose(struct walk *w, struct drop *drop, int most, struct err *e)
{
	struct aged item;
	struct query q;
	int left = KEEP_LOOKS;

	query_begin(&q, w->tx,
		"SELECT id, story, bytes, received_ms, read, starred OR EXISTS (SELECT 1 FROM"
		" item_label WHERE item = item.id), iif(read, (SELECT detail ->> 'time' FROM change"
		" WHERE seq = item.rev), 0) FROM item"
		" WHERE feed = ? AND id > ? ORDER BY id");
	query_bind(&q, as_int(w->feed), as_int(w->after));
	while (left-- > 0 && drop->items.id_count < most) {
		w->done = !query_row(&q);
		if (w->done)
			break;
		query_read(&q, into(&item.id), into(&item.story), into(&item.bytes),
			into(&item.received_ms), into(&item.read), into(&item.marked),
			into(&item.changed_ms));
		w->done = all_stay(w, &item);
		if (w->done)
			break;
		w->after = item.id;
		if (!goes(w, &item))
			continue;
		drop_add(drop, item.id, item.story);
		w->items--;
		w->bytes -= item.bytes;
	}
	return query_end(&q, e);
}

static int walk_on(struct walk *w, int most, int *ret_count, struct err *e)
{
	struct drop drop;
	int status;

	drop_init(&drop, w->feed, w->now_ms);
	status = choose(w, &drop, most < CHANGE_IDS_MAX ? most : CHANGE_IDS_MAX, e);
	*ret_count = drop.items.id_count;
	return status ? status : drop_run(w->tx, &drop, true, e);
}

int keep_after_poll(struct store_tx *tx, int64_t feed, int new_items, int64_t now_ms, struct err *e)
{
	struct walk w = {.tx = tx, .feed = feed, .now_ms = now_ms};
	int left = new_items + CHANGE_IDS_MAX, count = 0;
	int status = read_clock(tx, feed, now_ms, false, &w.clock_ms, e);

	if (status == 0)
		status = walk_begin(&w, e);
	while (status == 0 && !w.done && left > 0) {
		status = walk_on(&w, left, &count, e);
		left -= count;
	}
	if (status)
		return status;
	return query_exec(tx, e, "DELETE FROM dropped WHERE feed = ? AND seen_ms < ?", as_int(feed),
		as_int(w.clock_ms - KEEP_DROPPED_MS));
}

int keep_was_dropped(struct store_tx *tx, int64_t feed, int64_t key, int64_t now_ms, bool *ret_was,
	struct err *e)
{
	int64_t seen_ms;
	int status =
		query_one(tx, NULL, e, "SELECT seen_ms FROM dropped WHERE feed = ? AND key = ?",
			VALUES(as_int(feed), as_int(key)), COLUMNS(into(&seen_ms)));

	*ret_was = status > 0;
	/* Not written at each poll: what is late by a little makes no difference. */
	if (status <= 0 || now_ms - seen_ms < KEEP_DROPPED_MS / 8)
		return status < 0 ? status : 0;
	return query_exec(tx, e, "UPDATE dropped SET seen_ms = ? WHERE feed = ? AND key = ?",
		as_int(now_ms), as_int(feed), as_int(key));
}

int keep_drop_again(struct store_tx *tx, int64_t feed, const int64_t *keys, size_t *count,
	int64_t now_ms, struct err *e)
{
	int64_t dropped;
	int status = query_find(
		tx, &dropped, e, "SELECT count(*) FROM dropped WHERE feed = ?", as_int(feed));

	if (*count > (size_t)dropped)
		*count = (size_t)dropped;
	for (size_t n = 0; n < *count && status == 0; n++)
		status = query_exec(tx, e,
			"INSERT OR REPLACE INTO dropped (feed, key, seen_ms) VALUES (?, ?, ?)",
			as_int(feed), as_int(keys[n]), as_int(now_ms));
	return status;
}

/* -- the round: each phase does a little, and says whether there is more -- */

static int set_clock(struct store_tx *tx, struct keep_round *r, bool *ret_more, struct err *e)
{
	int status = read_clock(tx, 0, r->now_ms, r->again, &r->clock_ms, e);

	*ret_more = false;
	if (status)
		return status;
	if (r->clock_ms < r->now_ms)
		log_event(LOG_WARNING, "keep.clock", "ahead_s=%lld note=%s",
			(long long)((r->now_ms - r->clock_ms) / 1000),
			"the last round was too long ago for the clock to be believed at once");
	/* one that is behind is put right soon */
	return query_exec(tx, e,
		"INSERT INTO meta (key, value) SELECT 'clock', max(?1, coalesce((SELECT"
		" received_ms FROM item ORDER BY id DESC LIMIT 1), ?1)) WHERE true"
		" ON CONFLICT DO UPDATE SET value = max(value, ?1)",
		as_int(r->clock_ms));
}

static int drop_detached(struct store_tx *tx, struct keep_round *r, bool *ret_more, struct err *e)
{
	return feeds_purge(tx, r->clock_ms, ret_more, e);
}

static int next_feed(struct store_tx *tx, struct keep_round *r, struct err *e)
{
	r->item = 0;
	return query_find(tx, &r->feed, e,
		"SELECT min(id) FROM feed WHERE id > ? AND detached_ms IS NULL AND owners & ?",
		as_int(r->feed), as_int(r->owners));
}

static int drop_items(struct store_tx *tx, struct keep_round *r, bool *ret_more, struct err *e)
{
	struct walk w = {.tx = tx, .now_ms = r->now_ms, .clock_ms = r->clock_ms, .after = r->item};
	int count = 0;
	int status = r->item ? 0 : next_feed(tx, r, e);

	*ret_more = r->feed != 0;
	if (status || !r->feed)
		return status;
	w.feed = r->feed;
	status = walk_begin(&w, e);
	if (status == 0 && !w.done)
		status = walk_on(&w, KEEP_STEP, &count, e);
	r->item = w.done ? 0 : w.after;
	r->items += count;
	return status;
}

static int prune_log(struct store_tx *tx, struct keep_round *r, bool *ret_more, struct err *e)
{
	return changes_prune(tx, r->clock_ms, KEEP_LOOKS, ret_more, e);
}

static int drop_copies(struct store_tx *tx, struct keep_round *r, bool *ret_more, struct err *e)
{
	(void)e;
	*ret_more = false;
	schema_drop_copies(tx->db, r->clock_ms);
	return 0;
}

/* Some free pages stay: the next items need them. */
static int free_pages(struct store_tx *tx, struct keep_round *r, bool *ret_more, struct err *e)
{
	int64_t pages;
	char sql[48];
	int status = query_find_values(tx, &pages, e,
		"SELECT iif(auto_vacuum = 2, freelist_count, 0)"
		" FROM pragma_auto_vacuum, pragma_freelist_count",
		NO_VALUES);

	(void)r;
	*ret_more = pages > KEEP_FREE_PAGES;
	if (status || !*ret_more)
		return status;
	snprintf(sql, sizeof(sql), "PRAGMA incremental_vacuum(%d)", KEEP_VACUUM_PAGES);
	return db_exec(tx->db, sql, e);
}

int keep_go_round(struct store_tx *tx, struct keep_round *round, struct err *e)
{
	static int (*const phases[])(
		struct store_tx * tx, struct keep_round * r, bool *ret_more, struct err *e) = {
		set_clock, drop_detached, drop_items, prune_log, drop_copies, free_pages};
	enum { PHASES = sizeof(phases) / sizeof(phases[0]) };
	const int end = round->brief ? 2 : PHASES;
	uint64_t end_ns = uv_hrtime() + KEEP_JOB_MS * UINT64_C(1000000);
	bool more;
	int status;

	do {
		status = phases[round->phase](tx, round, &more, e);
		round->phase += status == 0 && !more;
	} while (status == 0 && round->phase < end && uv_hrtime() < end_ns);
	round->more = round->phase < end;
	return status;
}
