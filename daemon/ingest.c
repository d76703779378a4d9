/* One poll's outcome into the database. */
#include "ingest.h"

#include <string.h>

#include "base/err.h"
#include "store/changes.h"
#include "store/holds.h"
#include "store/icons.h"
#include "store/items.h"
#include "store/keep.h"
#include "plan.h"
#include "store/stories.h"

enum { ITEM_UPDATE, ITEM_NEW, STORY_NEW, STORY_GROWN, LINES };

static const enum change_kind line_kinds[LINES] = {
	[ITEM_UPDATE] = CHANGE_ITEM_UPDATE,
	[ITEM_NEW] = CHANGE_ITEM_NEW,
	[STORY_NEW] = CHANGE_STORY_NEW,
	[STORY_GROWN] = CHANGE_STORY_GROWN,
};

/* At most CHANGE_IDS_MAX drafts and the change lines that tell of them. Numbers are taken before
 * the rows are written, since rows carry them; a line nobody is on is not written, its number stays
 * unused. */
struct chunk {
	struct ingest *in;
	struct store_tx *tx;
	struct change lines[LINES];
};

static void chunk_init(struct chunk *c, struct ingest *in, struct store_tx *tx)
{
	c->in = in;
	c->tx = tx;
	for (int i = 0; i < LINES; i++) {
		c->lines[i].seq = changes_reserve(tx);
		c->lines[i].kind = line_kinds[i];
		c->lines[i].initial = in->initial;
		c->lines[i].time_ms = in->now_ms;
		c->lines[i].feed = in->feed;
		c->lines[i].id_count = 0;
	}
}

static int chunk_put(struct chunk *c, struct err *e)
{
	int rv = 0;

	for (int i = 0; i < LINES && !rv; i++) {
		if (c->lines[i].id_count)
			rv = changes_put(c->tx, &c->lines[i], e);
	}
	return rv;
}

static void tell(struct change *line, int64_t id)
{
	for (int i = 0; i < line->id_count; i++) {
		if (line->ids[i] == id)
			return;
	}
	line->ids[line->id_count++] = id;
}

static int64_t story_time(const struct item *item, int64_t now_ms)
{
	return item->published_ms != TIME_NONE && item->published_ms < now_ms ? item->published_ms
									      : now_ms;
}

/* The story an item belongs to: that of an item with the same canonical URL, else one of its own.
 */
static int choose_story(
	struct chunk *c, const struct draft *draft, struct story_join *join, struct err *e)
{
	int rv = 0;

	join->reason = STORY_SAME_URL;
	join->rev = c->lines[STORY_GROWN].seq;
	if (draft->url_key)
		rv = stories_find_url(c->tx, draft->url_key, &join->story, e);
	if (rv || join->story)
		return rv;
	join->reason = STORY_FIRST;
	join->rev = c->lines[STORY_NEW].seq;
	return stories_open(c->tx, join, story_time(draft->row.item, c->in->now_ms), e);
}

static int add_item(struct chunk *c, const struct draft *draft, struct err *e)
{
	struct story_join join = {
		.feed = c->in->feed, .url_key = draft->url_key, .now_ms = c->in->now_ms};
	int rv = choose_story(c, draft, &join, e);

	if (!rv)
		rv = items_insert(c->tx, &join, &draft->row, c->lines[ITEM_NEW].seq, e);
	if (!rv)
		rv = join.reason == STORY_FIRST ? stories_begin(c->tx, &join, e)
						: stories_join(c->tx, &join, e);
	if (rv)
		return rv;
	tell(&c->lines[ITEM_NEW], join.item);
	tell(&c->lines[join.reason == STORY_FIRST ? STORY_NEW : STORY_GROWN], join.story);
	c->in->new_items++;
	return 0;
}

static int take_draft(struct chunk *c, const struct draft *draft, struct err *e)
{
	int64_t id, digest;
	bool dropped = false;
	int rv = items_find(c->tx, c->in->feed, draft->row.key, &id, &digest, e);

	if (!rv && !id)
		rv = keep_was_dropped(
			c->tx, c->in->feed, draft->row.key, c->in->now_ms, &dropped, e);
	if (rv)
		return rv;
	c->in->known_items += id || dropped;
	if (dropped)
		return 0;
	if (!id)
		return add_item(c, draft, e);
	if (digest == draft->row.digest)
		return 0;
	rv = items_revise(c->tx, id, &draft->row, c->in->now_ms, c->lines[ITEM_UPDATE].seq, e);
	if (rv)
		return rv;
	tell(&c->lines[ITEM_UPDATE], id);
	c->in->changed_items++;
	return 0;
}

/* What the poll taught, once its items are counted. */
static int record(struct store_tx *tx, struct ingest *in, struct err *e)
{
	int rv = 0;

	in->poll.new_items = in->new_items;
	if (in->plan)
		in->plan(in);
	if (in->held_url)
		rv = holds_put(tx, in->held_url, in->held_until_ms, in->now_ms, e);
	if (!rv)
		rv = feeds_record_poll(tx, in->feed, &in->poll, e);
	if (!rv && in->icon_url)
		rv = icons_claim(tx, in->feed, in->icon_url, in->now_ms, &in->ask_icon, e);
	if (!rv && plan_moves(&in->poll))
		rv = feeds_move(tx, in->feed, in->poll.moved_url, in->now_ms, &in->moved_into, e);
	return rv;
}

int ingest_run(struct store_tx *tx, void *arg, struct err *e)
{
	struct ingest *in = arg;
	struct chunk c;
	int64_t id;
	int rv = feeds_find_url(tx, in->url, &id, e);

	if (!rv && id != in->feed)
		rv = err_set(e, ERR_NOT_FOUND, "the feed was removed or has moved");
	in->new_items = 0;
	in->changed_items = 0;
	in->known_items = 0;
	in->moved_into = 0;
	in->ask_icon = false;
	for (size_t start = 0; start < in->count && !rv; start += CHANGE_IDS_MAX) {
		chunk_init(&c, in, tx);
		for (size_t i = start; i < in->count && i < start + CHANGE_IDS_MAX && !rv; i++)
			rv = take_draft(&c, &in->drafts[i], e);
		if (!rv)
			rv = chunk_put(&c, e);
	}
	if (!rv && in->new_items)
		rv = keep_after_poll(tx, in->feed, in->new_items, in->now_ms, e);
	return rv ? rv : record(tx, in, e);
}
