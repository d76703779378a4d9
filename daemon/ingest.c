/* One poll's outcome into the database. */
#include "ingest.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "limits.h"
#include "recognise.h"
#include "store/changes.h"
#include "store/holds.h"
#include "store/icons.h"
#include "store/items.h"
#include "store/keep.h"
#include "plan.h"
#include "store/stories.h"
#include "story/identity.h"

/* The first ones are those of edits, by enum edit. */
enum { ITEM_NEW = EDIT_NONE, STORY_NEW, STORY_GROWN, LINES };

static const enum change_kind line_kinds[LINES] = {
	[EDIT_TEXT] = CHANGE_ITEM_UPDATE,
	[EDIT_MARKUP] = CHANGE_ITEM_UPDATE,
	[EDIT_DATE] = CHANGE_ITEM_UPDATE,
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
	int64_t next_item;   /* the id of the next one that is new */
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
		c->lines[i].edit = edit_name((enum edit)i);
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

static void share_address(struct placing *p, int64_t story)
{
	if (p->join.story != story)
		p->verdict = (struct verdict){.kind = VERDICT_NEW};
	p->join.story = story;
	p->join.reason = STORY_SAME_URL;
	p->join.score = 0;
	p->join.evidence = NULL;
}

/* The story an item belongs to: that of an item with the same canonical URL, else that of one whose
 * text is the same or tells of the same, else one of its own. */
static int choose_story(struct chunk *c, struct placing *p, struct err *e)
{
	const struct draft *draft = p->draft;
	struct story_original same = {0};
	bool has = false;
	int rv = 0;

	p->never = c->in->level == GROUPING_OFF;
	if (is_grouped(c, draft) && !p->never)
		rv = grouping_is_never(c->in->grouping, draft->row.item->link, &p->never, e);
	if (!rv && is_grouped(c, draft) && !p->never)
		rv = grouping_judge(c->in->grouping, &p->index, &p->verdict, e);
	if (!rv)
		explain(c, p);
	if (!rv && draft->url_key)
		rv = stories_find_url(c->tx, draft->url_key, &same, e);
	if (!rv && same.story)
		share_address(p, same.story);
	else if (!rv && p->verdict.kind == VERDICT_REPRINT)
		rv = stories_find_text(c->tx, p->join.story, p->verdict.group, &same, e);
	if (!rv && same.item)
		rv = stories_has_copy(c->tx, &same, p->join.feed, &has, e);
	p->join.copy_of = has ? 0 : same.item;
	p->join.read = !has && same.read;
	return rv;
}

static int enter_story(struct chunk *c, struct placing *p, struct err *e)
{
	bool opens = p->join.story == 0;
	int rv = 0;

	p->join.rev = c->lines[opens ? STORY_NEW : STORY_GROWN].seq;
	if (opens)
		rv = stories_open(c->tx, &p->join, p->index.time_ms, e);
	else if (c->in->reports && !p->join.read)
		rv = stories_is_read(c->tx, p->join.story, &p->join.read, e);
	if (!rv)
		rv = items_insert(c->tx, &p->join, &p->draft->row, c->lines[ITEM_NEW].seq, e);
	if (!rv && !opens)
		rv = stories_join(c->tx, &p->join, e);
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

	p.join.item = c->next_item++;
	if (!rv)
		rv = enter_story(c, &p, e);
	if (!rv && is_grouped(c, draft))
		rv = remember(c, &p, e);
	c->in->new_items += !rv;
	return rv;
}

/* What is renewed with each answer is noticed, and then nothing is written. */
static int take_edit(struct chunk *c, int64_t id, const struct item_mark *known,
	const struct item_draft *row, struct err *e)
{
	const struct item_mark is = {row->digest, row->words, row->item->updated_ms};
	enum edit edit = identity_edit(known, &is, c->in->now_ms);
	bool restless = false;
	int rv = 0;

	if (edit == EDIT_MARKUP)
		rv = items_is_restless(c->tx, id, c->in->now_ms, &restless, e);
	if (rv || restless || edit == EDIT_NONE)
		return rv;
	rv = items_revise(c->tx, id, row, edit, c->in->now_ms, c->lines[edit].seq, e);
	if (rv)
		return rv;
	tell(&c->lines[edit], id);
	c->in->changed_items += edit == EDIT_TEXT;
	return 0;
}

/* Under another key, or another address alone, it is the same text, and no revision. *ret_mark: by
 * what an edit beyond that is told. */
static int rekey_item(struct chunk *c, const struct draft *draft, int64_t id,
	struct item_mark *ret_mark, struct err *e)
{
	struct item before = *draft->row.item;
	struct item_face face;
	struct arena a;
	bool moved = false;
	int rv;

	arena_init(&a, 2 * PARSE_ITEM_BYTES_MAX);
	rv = items_get_face(c->tx, id, &a, &face, e);
	if (!rv) {
		*ret_mark = face.mark;
		before.link = (char *)(uintptr_t)face.link;
		moved = face.mark.digest != draft->row.digest &&
			identity_digest(&before) == face.mark.digest;
		ret_mark->digest = moved ? draft->row.digest : face.mark.digest;
		rv = items_rekey(c->tx, id, &draft->row, draft->url_key,
			moved ? draft->row.item->link : face.link, ret_mark->digest,
			moved ? c->lines[EDIT_MARKUP].seq : 0, e);
	}
	arena_finish(&a);
	if (!rv && moved)
		tell(&c->lines[EDIT_MARKUP], id);
	c->in->rekeyed_items += !rv;
	return rv;
}

static int take_draft(
	struct chunk *c, const struct draft *draft, const struct known *known, struct err *e)
{
	struct item_mark mark = known->mark;
	int rv = 0;

	c->in->known_items += known->id || known->dropped;
	if (known->dropped)
		return 0;
	if (!known->id)
		return add_item(c, draft, e);
	if (known->rekeyed)
		rv = rekey_item(c, draft, known->id, &mark, e);
	return rv ? rv : take_edit(c, known->id, &mark, &draft->row, e);
}

static int take_chunk(struct ingest *in, struct store_tx *tx, const struct known *known,
	size_t start, struct err *e)
{
	struct chunk c;
	int rv;

	chunk_init(&c, in, tx);
	rv = items_next_id(tx, &c.next_item, e);
	for (size_t i = start; i < in->count && i < start + CHANGE_IDS_MAX && !rv; i++)
		rv = take_draft(&c, &in->drafts[i], &known[i], e);
	if (!rv)
		rv = chunk_put(&c, e);
	buf_finish(&c.evidence);
	return rv;
}

static int take_drafts(struct ingest *in, struct store_tx *tx, struct err *e)
{
	struct known *known = calloc(in->count, sizeof(*known));
	int rv;

	if (!known)
		return err_set(e, ERR_NOMEM, NULL);
	rv = recognise_items(tx, in, known, e);
	if (!rv && in->grouping)
		rv = grouping_begin(in->grouping, tx, in->now_ms, e);
	if (!rv && in->grouping)
		grouping_choose_level(in->grouping, in->level);
	for (size_t start = 0; start < in->count && !rv; start += CHANGE_IDS_MAX)
		rv = take_chunk(in, tx, known, start, e);
	if (!rv && in->grouping)
		rv = grouping_end(in->grouping, e);
	free(known);
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
	in->rekeyed_items = 0;
	in->moved_into = 0;
	in->ask_icon = false;
	if (!rv && in->count)
		rv = take_drafts(in, tx, e);
	else if (!rv && in->poll.status == FEED_OK)
		rv = recognise_none(tx, in, e);
	if (!rv && in->new_items)
		rv = keep_after_poll(tx, in->feed, in->new_items, in->now_ms, e);
	return rv ? rv : record(tx, in, e);
}
