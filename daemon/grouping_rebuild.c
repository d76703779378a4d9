/* Stories once more, by the setting that stands now: beside the story index that polls go on to
 * use, a fresh one is filled in the order in which items came, some of which are judged anew; then
 * they are moved to where they belong, and the fresh one takes the other's place. */
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/times.h"
#include "grouping_parts.h"
#include "limits.h"
#include "store/stories.h"
#include "store/words.h"

/* What the fresh index calls stories that judged items open: this and the item's id. Ids of stories
 * stay below. */
#define NEW_STORY (INT64_C(1) << 31)

struct judged {
	int64_t item, story; /* where it was */
	int64_t name;        /* of the story where it belongs */
	enum grouping_level level;
	enum story_reason reason;
	struct verdict verdict;
};

struct rebuild {
	struct grouping *g;
	struct store *store;
	struct store_job job;
	struct grouping_report report; /* the loop's, as is the error */
	struct err error;
	int64_t since_ms;

	/* The store thread's, while it runs. */
	struct story_index *fresh; /* NULL: it begins */
	int64_t week, first, loaded, newest;
	struct judged *judged; /* ascending by item */
	size_t count, cap, named, settled, led;
	struct map names; /* of new stories: what they are called by now */
	struct map taken; /* stories that have items here, or the name of which was given */
	struct map urls;  /* key: the name of its story */
	int64_t merges[CHANGE_IDS_MAX][2];
	int merge_count;
	int64_t merge_feed; /* whose items they are of */
	bool whole, moved, ended;
	struct err *e;
};

static void start_over(struct rebuild *r)
{
	story_index_destroy(r->fresh);
	r->fresh = NULL;
	map_finish(&r->names);
	map_finish(&r->taken);
	map_finish(&r->urls);
	free(r->judged);
	r->judged = NULL;
	r->count = r->cap = r->named = r->settled = r->led = 0;
	r->loaded = 0;
	r->merge_count = 0;
}

void rebuild_destroy(struct rebuild *r)
{
	if (r)
		start_over(r);
	free(r);
}

/* -- names -- */

static int64_t name_of(const struct rebuild *r, int64_t name)
{
	int64_t other = (int64_t)(uintptr_t)map_get(&r->names, name);

	while (other) {
		name = other;
		other = (int64_t)(uintptr_t)map_get(&r->names, name);
	}
	return name;
}

/* Of two names the lower one is the older story's. */
static int rename_story(struct rebuild *r, int64_t name, int64_t into)
{
	int rv = map_put(&r->names, name, (void *)(uintptr_t)into);

	return rv ? rv : story_index_merge(r->fresh, name, into);
}

static int take(struct rebuild *r, int64_t story)
{
	return map_put(&r->taken, story, r);
}

/* As polls do: when all items of a document are in. Stories that were there before stay two. */
static int run_merges(struct rebuild *r)
{
	int rv = 0;

	for (int i = 0; i < r->merge_count && !rv; i++) {
		int64_t one = name_of(r, r->merges[i][0]), other = name_of(r, r->merges[i][1]);
		int64_t younger = one < other ? other : one;

		if (one != other && younger >= NEW_STORY)
			rv = rename_story(r, younger, one < other ? one : other);
	}
	r->merge_count = 0;
	return rv;
}

/* -- judging -- */

static const struct judged *find_judged(const struct rebuild *r, int64_t item)
{
	size_t low = 0, high = r->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->judged[middle].item == item)
			return &r->judged[middle];
		if (r->judged[middle].item < item)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static int push(struct rebuild *r, const struct judged *j)
{
	if (r->count == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 64;
		struct judged *moved = realloc(r->judged, cap * sizeof(*moved));

		if (!moved)
			return ERR_NOMEM;
		r->judged = moved;
		r->cap = cap;
	}
	r->judged[r->count++] = *j;
	return 0;
}

/* The story of an earlier item with the same address; 0: there is none. */
static int find_twin(struct rebuild *r, const struct fingerprint_row *row, int64_t *ret_name)
{
	int rv;

	*ret_name = 0;
	if (!row->url_key)
		return 0;
	*ret_name = name_of(r, (int64_t)(uintptr_t)map_get(&r->urls, row->url_key));
	if (*ret_name)
		return 0;
	rv = stories_find_url_before(r->g->tx, row->url_key, row->item, ret_name, r->e);
	return !rv && *ret_name ? take(r, *ret_name) : rv;
}

static int note_url(struct rebuild *r, const struct fingerprint_row *row, int64_t name)
{
	if (!row->url_key || (!row->held && map_get(&r->urls, row->url_key)))
		return 0;
	return map_put(&r->urls, row->url_key, (void *)(uintptr_t)name);
}

static int add(struct rebuild *r, struct index_item *item, int64_t name, int64_t group)
{
	int rv;

	item->story = name;
	item->group = group;
	rv = story_index_add(r->fresh, item);
	return rv == ERR_TOO_BIG ? 0 : rv;
}

/* New stories that tell of the same are a part of its own. */
static int draw_in(struct rebuild *r, const struct fingerprint_row *row, struct index_item *item)
{
	struct verdict v;
	int rv = 0;

	story_index_judge(
		r->fresh, item, grouping_index_level((enum grouping_level)row->level), &v);
	if (v.story >= NEW_STORY)
		rv = rename_story(r, v.story, row->story);
	if (!rv && v.merge >= NEW_STORY)
		rv = rename_story(r, v.merge, row->story);
	return rv;
}

/* It stays where it is; but not as a reprint of what has gone elsewhere. */
static int keep(struct rebuild *r, const struct fingerprint_row *row, struct index_item *item)
{
	const struct judged *original = find_judged(r, row->original);
	bool gone;
	int rv = take(r, row->story);

	if (!rv)
		rv = note_url(r, row, row->story);
	if (!rv && r->count && row->level != GROUPING_OFF)
		rv = draw_in(r, row, item);
	if (rv || row->level == GROUPING_OFF)
		return rv;
	gone = original && name_of(r, original->name) != row->story;
	return add(r, item, row->story, gone ? row->item : row->original);
}

static int judge(struct rebuild *r, const struct fingerprint_row *row, struct index_item *item,
	enum grouping_level level)
{
	static const enum story_reason reasons[] = {
		[VERDICT_NEW] = STORY_FIRST,
		[VERDICT_REPRINT] = STORY_NEAR_DUPLICATE,
		[VERDICT_EVENT] = STORY_SAME_EVENT,
	};
	struct judged j = {.item = row->item, .story = row->story, .level = level};
	int64_t twin;
	int rv = find_twin(r, row, &twin);

	if (level != GROUPING_OFF)
		story_index_judge(r->fresh, item, grouping_index_level(level), &j.verdict);
	j.reason = reasons[j.verdict.kind];
	if (twin && j.verdict.story != twin)
		j.verdict = (struct verdict){.kind = VERDICT_NEW};
	if (twin)
		j.reason = STORY_SAME_URL;
	j.name = twin ? twin : j.verdict.story ? j.verdict.story : NEW_STORY + row->item;
	if (!rv && level != GROUPING_OFF)
		rv = add(r, item, j.name,
			j.verdict.kind == VERDICT_REPRINT ? j.verdict.group : row->item);
	if (!rv)
		rv = note_url(r, row, j.name);
	if (!rv && j.verdict.merge) {
		r->merges[r->merge_count][0] = j.name;
		r->merges[r->merge_count++][1] = j.verdict.merge;
	}
	return rv ? rv : push(r, &j);
}

/* The level that stands for it now. */
static int find_level(
	struct rebuild *r, const struct fingerprint_row *row, enum grouping_level *ret_level)
{
	bool never = false;
	int rv = words_is_never(r->g->tx, row->link, &never, r->e);

	*ret_level = row->level_now ? (enum grouping_level)row->level_now : r->g->level;
	if (never)
		*ret_level = GROUPING_OFF;
	return rv;
}

static int review(void *ctx, const struct fingerprint_row *row, const struct buf *data)
{
	struct rebuild *r = ctx;
	struct index_item item = {.item = row->item, .feed = row->feed, .time_ms = row->time_ms};
	enum grouping_level level;
	struct fingerprint f;
	int rv = find_level(r, row, &level);

	r->loaded = row->item;
	if (!rv && (row->feed != r->merge_feed || r->merge_count == CHANGE_IDS_MAX))
		rv = run_merges(r);
	r->merge_feed = row->feed;
	if (rv || !fingerprint_read(data->data, data->len, &f))
		return rv;
	item.fingerprint = &f;
	if (row->held || row->time_ms < r->since_ms ||
		((int)level == row->level && !r->whole && !(r->moved && row->item > r->newest)))
		return keep(r, row, &item);
	return judge(r, row, &item, level);
}

/* -- moving -- */

/* A story keeps its id where the first of its items stays together with others or alone. */
static int name_stories(struct rebuild *r, uint64_t end_ns)
{
	int rv = run_merges(r);

	if (!rv)
		rv = fingerprints_set_unfinished(r->g->tx, r->since_ms, r->e);
	for (; r->named < r->count && !rv && uv_hrtime() < end_ns; r->named++) {
		const struct judged *j = &r->judged[r->named];
		int64_t name = name_of(r, j->name);

		if (name < NEW_STORY || map_get(&r->taken, j->story))
			continue;
		rv = take(r, j->story);
		if (!rv)
			rv = rename_story(r, name, j->story);
	}
	return rv;
}

static int end_part(struct rebuild *r, struct story_part *part)
{
	int rv = part->from ? stories_part_end(r->g->tx, part, r->e) : 0;

	if (!rv && part->from)
		rv = fingerprints_regroup(r->g->tx, part->from, r->e);
	*part = (struct story_part){.from = 0};
	return rv;
}

static int use_part(struct rebuild *r, struct story_part *part, int64_t from, int64_t into)
{
	int rv = 0;

	if (part->from == from && part->into_story == into && part->items.id_count < CHANGE_IDS_MAX)
		return 0;
	rv = end_part(r, part);
	part->from = from;
	part->into_story = into;
	r->moved = true;
	return rv ? rv : stories_part_begin(r->g->tx, part, times_now_ms(), r->e);
}

static int move(struct rebuild *r, struct story_part *part, const struct judged *j,
	const struct fingerprint_place *is, int64_t into)
{
	struct story_join join = {.item = j->item, .reason = j->reason};
	struct buf evidence;
	int rv = use_part(r, part, is->story, into);

	buf_init(&evidence, EVIDENCE_BYTES);
	if (j->reason == STORY_NEAR_DUPLICATE || j->reason == STORY_SAME_EVENT) {
		join.score = (double)j->verdict.score / SCORE_ONE;
		grouping_words(&j->verdict, is->title, is->excerpt, &evidence);
	}
	if (evidence.len && !buf_status(&evidence))
		join.evidence = buf_string(&evidence);
	if (!rv)
		rv = stories_part_add(r->g->tx, part, &join, r->e);
	if (!rv)
		rv = stories_note_copy(r->g->tx, j->item, j->reason, j->verdict.group, r->e);
	buf_finish(&evidence);
	if (!rv && !into)
		rv = rename_story(r, name_of(r, j->name), part->into_story);
	return rv;
}

static int settle(struct rebuild *r, struct story_part *part, const struct judged *j,
	const struct fingerprint_place *is)
{
	struct store_tx *tx = r->g->tx;
	int64_t name = name_of(r, j->name), into = 0;
	int rv = fingerprints_settle(tx, j->item,
		j->verdict.kind == VERDICT_REPRINT ? j->verdict.group : j->item, (int)j->level,
		r->e);

	if (!rv && name < NEW_STORY)
		rv = stories_find(tx, name, &into, r->e);
	if (rv || (name < NEW_STORY && !into)) /* that has gone meanwhile */
		return rv;
	if (into == is->story && (int)j->reason == is->reason)
		return 0;
	return move(r, part, j, is, into);
}

static int settle_some(struct rebuild *r, uint64_t end_ns)
{
	struct story_part part = {.from = 0};
	int rv = 0;

	while (!rv && r->settled < r->named && uv_hrtime() < end_ns) {
		const struct judged *j = &r->judged[r->settled++];
		struct fingerprint_place is;
		struct arena arena;

		arena_init(&arena, STORE_ROW_BYTES);
		rv = fingerprints_get_place(r->g->tx, j->item, &arena, &is, r->e);
		if (rv > 0)
			rv = settle(r, &part, j, &is);
		arena_finish(&arena);
	}
	return rv ? rv : end_part(r, &part);
}

/* Once all are where they belong. What did not move stays as it is told. */
static int choose_leads(struct rebuild *r, uint64_t end_ns)
{
	int rv = 0;

	for (; !rv && r->moved && r->led < r->settled && uv_hrtime() < end_ns; r->led++) {
		const struct judged *j = &r->judged[r->led];
		int64_t story = 0;

		rv = stories_find(r->g->tx, name_of(r, j->name), &story, r->e);
		if (!rv && story)
			rv = grouping_choose_lead(r->g, r->fresh, j->item, story, r->e);
	}
	if (!r->moved)
		r->led = r->settled;
	return rv;
}

/* -- jobs -- */

/* What polls used meanwhile knows nothing of what was moved. */
static int finish(struct rebuild *r)
{
	struct grouping *g = r->g;
	int rv;

	r->ended = true;
	if (!r->count)
		return r->whole ? fingerprints_set_unfinished(g->tx, 0, r->e) : 0;
	g->changed = false;
	grouping_begin_change(g);
	story_index_destroy(g->index);
	g->index = r->fresh;
	r->fresh = NULL;
	g->week = r->week;
	g->loaded = r->loaded;
	g->complete = true;
	rv = fingerprints_set_unfinished(g->tx, 0, r->e);
	return rv ? rv : fingerprints_set_serial(g->tx, g->serial, r->e);
}

/* Where one was cut off all is judged, as if nothing of it had been done. */
static int begin(struct rebuild *r, int64_t now_ms)
{
	int64_t unfinished_ms;
	int rv = fingerprints_unfinished(r->g->tx, &unfinished_ms, r->e);

	start_over(r);
	r->g->said = false;
	r->whole = unfinished_ms != 0;
	if (r->whole && unfinished_ms < r->since_ms)
		r->since_ms = unfinished_ms;
	r->week = now_ms / STORY_WINDOW_MS;
	if (!rv)
		rv = fingerprints_range(r->g->tx, &r->first, &r->newest, r->e);
	if (!rv)
		r->fresh = story_index_create(grouping_load_one, r->g, r->g->seed);
	return rv || r->fresh ? rv : ERR_NOMEM;
}

static int step(struct rebuild *r, uint64_t end_ns)
{
	int count, rv;

	if (r->named == r->count && r->settled < r->named)
		return settle_some(r, end_ns);
	if (r->named == r->count && r->led < r->settled)
		return choose_leads(r, end_ns);
	rv = fingerprints_review(r->g->tx, r->loaded, (r->week - 1) * STORY_WINDOW_MS,
		STORY_REBUILD_STEP, review, r, &count, r->e);
	if (rv || count == STORY_REBUILD_STEP)
		return rv;
	if (r->named == r->count)
		return finish(r);
	return name_stories(r, end_ns);
}

/* After a failure all is read again, since some of it may be undone and some not. */
static int abandon(struct rebuild *r)
{
	start_over(r);
	r->g->serial = -1;
	r->g->rebuilding = false;
	r->ended = true;
	return 0;
}

static int run(struct store_tx *tx, void *arg, struct err *e)
{
	uint64_t end_ns = uv_hrtime() + STORY_REBUILD_MS * UINT64_C(1000000);
	int64_t now_ms = times_now_ms();
	struct rebuild *r = arg;
	int rv = 0;

	if (r->report.status)
		return abandon(r);
	r->g->tx = tx;
	r->g->rebuilding = true;
	r->e = e;
	if (!r->fresh || r->g->said || now_ms / STORY_WINDOW_MS != r->week)
		rv = begin(r, now_ms);
	while (!rv && !r->ended && uv_hrtime() < end_ns)
		rv = step(r, end_ns);
	if (r->ended) {
		r->g->rebuilding = false;
		start_over(r);
	}
	return rv && e->code != rv ? err_set(e, rv, NULL) : rv;
}

static void go_on(struct rebuild *r);

static void ran(struct store_job *job)
{
	struct rebuild *r = job->arg;

	if (job->status && !r->report.status) {
		r->report.status = job->status;
		r->error = job->error;
		r->ended = false; /* until that is undone */
	}
	r->report.total = r->newest - r->first + 1;
	r->report.done = r->loaded < r->first || r->ended ? 0 : r->loaded - r->first + 1;
	if (r->report.done > r->report.total || (r->ended && !r->report.status))
		r->report.done = r->report.total;
	if (r->ended)
		r->report.running = false;
	else
		go_on(r);
}

/* A store that takes nothing more has too much to do, or is about to stop. */
static void go_on(struct rebuild *r)
{
	r->job = (struct store_job){.class = STORE_POLL, .run = run, .done = ran, .arg = r};
	r->report.running = store_write(r->store, &r->job) == 0;
	if (r->report.running)
		return;
	r->report.status = ERR_BUSY;
	r->g->cut_off = true;
}

int grouping_rebuild(struct grouping *g, struct store *store, int64_t since_ms, struct err *e)
{
	struct rebuild *r = g->rebuild;

	if (!r)
		g->rebuild = r = calloc(1, sizeof(*r));
	if (!r)
		return err_set(e, ERR_NOMEM, NULL);
	if (r->report.running)
		return err_set(e, ERR_BUSY, "stories are being rebuilt");
	start_over(r);
	*r = (struct rebuild){.g = g, .store = store, .since_ms = since_ms, .report.begun = true};
	if (since_ms < 1) /* 0 is none */
		r->since_ms = 1;
	go_on(r);
	return r->report.running ? 0 : err_set(e, ERR_BUSY, NULL);
}

struct grouping_report grouping_rebuild_look(const struct grouping *g)
{
	struct grouping_report report = {.text = ""};

	if (g->rebuild) {
		report = g->rebuild->report;
		report.text = g->rebuild->error.text;
	}
	return report;
}
