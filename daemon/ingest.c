/* One poll's outcome into the database. */
#include "ingest.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "limits.h"
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
	/* stories that an item has shown to be one, after its lines are written */
	struct {
		int64_t one, other;
	} merges[CHANGE_IDS_MAX];
	int merge_count;
	struct buf evidence; /* of the item at hand */
};

static void chunk_init(struct chunk *c, struct ingest *in, struct store_tx *tx)
{
	c->in = in;
	c->tx = tx;
	c->merge_count = 0;
	buf_init(&c->evidence, EVIDENCE_BYTES);
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
	for (int i = 0; i < c->merge_count && !rv; i++)
		rv = grouping_merge(
			c->in->grouping, c->merges[i].one, c->merges[i].other, c->in->now_ms, e);
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

/* An item on its way into a story. */
struct placing {
	const struct draft *draft;
	struct story_join join;
	struct index_item index;
	bool never;             /* it is told apart by its identity alone */
	struct verdict verdict; /* of its text */
};

static bool is_grouped(const struct chunk *c, const struct draft *draft)
{
	return c->in->grouping && draft->recent;
}

static void explain(struct chunk *c, struct placing *p)
{
	static const enum story_reason reasons[] = {
		[VERDICT_NEW] = STORY_FIRST,
		[VERDICT_REPRINT] = STORY_NEAR_DUPLICATE,
		[VERDICT_EVENT] = STORY_SAME_EVENT,
	};

	buf_reset(&c->evidence);
	grouping_words(&p->verdict, p->draft->row.item->title, p->draft->row.excerpt, &c->evidence);
	p->join.story = p->verdict.story;
	p->join.reason = reasons[p->verdict.kind];
	p->join.score = (double)p->verdict.score / SCORE_ONE;
	p->join.evidence = NULL;
	if (c->evidence.len && !buf_status(&c->evidence))
		p->join.evidence = buf_string(&c->evidence);
}

/* The story an item belongs to: that of an item with the same canonical URL, else that of one whose
 * text is the same or tells of the same, else one of its own. */
static int choose_story(struct chunk *c, struct placing *p, struct err *e)
{
	const struct draft *draft = p->draft;
	int64_t same = 0;
	int rv = 0;

	if (is_grouped(c, draft))
		rv = grouping_is_never(c->in->grouping, draft->row.item->link, &p->never, e);
	if (!rv && is_grouped(c, draft) && !p->never)
		rv = grouping_judge(c->in->grouping, &p->index, &p->verdict, e);
	if (!rv)
		explain(c, p);
	if (!rv && draft->url_key)
		rv = stories_find_url(c->tx, draft->url_key, &same, e);
	if (rv || !same)
		return rv;
	if (p->join.story != same)
		p->verdict = (struct verdict){.kind = VERDICT_NEW};
	p->join.story = same;
	p->join.reason = STORY_SAME_URL;
	p->join.score = 0;
	p->join.evidence = NULL;
	return 0;
}

static int enter_story(struct chunk *c, struct placing *p, struct err *e)
{
	bool opens = p->join.story == 0;
	int rv = 0;

	p->join.rev = c->lines[opens ? STORY_NEW : STORY_GROWN].seq;
	if (opens)
		rv = stories_open(c->tx, &p->join, p->index.time_ms, e);
	if (!rv)
		rv = items_insert(c->tx, &p->join, &p->draft->row, c->lines[ITEM_NEW].seq, e);
	if (!rv)
		rv = opens ? stories_begin(c->tx, &p->join, e) : stories_join(c->tx, &p->join, e);
	if (rv)
		return rv;
	tell(&c->lines[ITEM_NEW], p->join.item);
	tell(&c->lines[opens ? STORY_NEW : STORY_GROWN], p->join.story);
	return 0;
}

static int remember(struct chunk *c, struct placing *p, struct err *e)
{
	int rv;

	p->index.item = p->join.item;
	p->index.story = p->join.story;
	p->index.group = p->verdict.kind == VERDICT_REPRINT ? p->verdict.group : 0;
	rv = grouping_add(c->in->grouping, &p->index, p->never, e);
	if (!rv && p->verdict.merge) {
		c->merges[c->merge_count].one = p->join.story;
		c->merges[c->merge_count++].other = p->verdict.merge;
	}
	return rv;
}

static int add_item(struct chunk *c, const struct draft *draft, struct err *e)
{
	struct placing p = {
		.draft = draft,
		.join = {.feed = c->in->feed, .url_key = draft->url_key, .now_ms = c->in->now_ms},
		.index = {.feed = c->in->feed,
			.time_ms = story_time(draft->row.item, c->in->now_ms),
			.fingerprint = &draft->fingerprint},
	};
	int rv = choose_story(c, &p, e);

	if (!rv)
		rv = enter_story(c, &p, e);
	if (!rv && is_grouped(c, draft))
		rv = remember(c, &p, e);
	c->in->new_items += !rv;
	return rv;
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

static int take_drafts(struct ingest *in, struct store_tx *tx, size_t start, struct err *e)
{
	struct chunk c;
	int rv = 0;

	chunk_init(&c, in, tx);
	for (size_t i = start; i < in->count && i < start + CHANGE_IDS_MAX && !rv; i++)
		rv = take_draft(&c, &in->drafts[i], e);
	if (!rv)
		rv = chunk_put(&c, e);
	buf_finish(&c.evidence);
	return rv;
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
	int64_t id;
	int rv = feeds_find_url(tx, in->url, &id, e);

	if (!rv && id != in->feed)
		rv = err_set(e, ERR_NOT_FOUND, "the feed was removed or has moved");
	in->new_items = 0;
	in->changed_items = 0;
	in->known_items = 0;
	in->moved_into = 0;
	in->ask_icon = false;
	if (!rv && in->count && in->grouping)
		rv = grouping_begin(in->grouping, tx, in->now_ms, e);
	for (size_t start = 0; start < in->count && !rv; start += CHANGE_IDS_MAX)
		rv = take_drafts(in, tx, start, e);
	if (!rv && in->count && in->grouping)
		rv = grouping_end(in->grouping, e);
	if (!rv && in->new_items)
		rv = keep_after_poll(tx, in->feed, in->new_items, in->now_ms, e);
	return rv ? rv : record(tx, in, e);
}
