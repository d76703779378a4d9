/* To which story of the index a new item belongs. */
#include "limits.h"
#include "story/index_parts.h"

#define HOUR_MS INT64_C(3600000)

enum {
	CANDIDATES_MAX = 12, /* stories, and groups, that are looked at closely */
	BEST_MEMBERS = 3,    /* of each */
	SHORT_SHINGLES = 12, /* with fewer, a text alone proves nothing */
	COMMON_MIN = 4,      /* shingles that two reprints share at least */
	SHORT_TERMS = 8,     /* a headline */
	LONG_TERMS_LOG =
		850, /* the logarithm of ten times as many, a text, less that of a headline */
};

/* Shares of 65536. A text that was cut and edited has few shingles left, but most of its words. */
enum {
	OVERLAP_SURE = 26214,   /* .40 */
	OVERLAP_LIKELY = 16384, /* .25 with */
	COSINE_LIKELY = 39322,  /* .60 */
	COSINE_SHORT = 32768,   /* .50 */
	SHARE_MIN = 26214,      /* .40 */
};

const struct index_level index_level_strict = {14336, 19661, 24576, 39322};
const struct index_level index_level_normal = {11469, 15729, 19661, 32768};
const struct index_level index_level_wide = {9175, 12583, 15729, 26214};

struct candidate {
	uint32_t tale;
	uint32_t groups[BEST_MEMBERS];
	uint32_t partial;
	uint32_t score;
};

/* -- reprints -- */

static bool is_boilerplate(void *ctx, uint32_t shingle)
{
	uint32_t groups[SHINGLE_GROUPS_MAX];

	return shingles_get(&((struct story_index *)ctx)->shingles, shingle, groups) < 0;
}

static bool may_join(const struct index_item *item, const struct group *g, const struct tale *t)
{
	int64_t time_ms = item->time_ms;

	return g->script == item->fingerprint->script && !t->cleared &&
	       time_ms <= t->newest_ms + STORY_WINDOW_MS &&
	       time_ms >= t->newest_ms - STORY_WINDOW_MS;
}

/* Two texts may share no more than a footer that is longer than they are. Its words weigh less with
 * each item that has them. */
static bool shares_words(
	const struct story_index *x, const struct vector *v, const struct fingerprint *other)
{
	union vector_room w;

	index_weigh_now(x, other, &w.vector);
	return vector_share(v, &w.vector) >= SHARE_MIN;
}

/* The share of its text that is the group's; 0: not enough to call it that. */
static uint32_t overlap_with(struct story_index *x, const struct fingerprint *f,
	const struct vector *v, const struct group *g)
{
	uint32_t cosine = vector_cosine(v, g->vector), best = 0;

	for (int i = 0; i < INDEX_SKETCHES && g->members[i]; i++) {
		struct fingerprint other;
		uint32_t overlap;
		bool brief;
		int common;

		/* Most share a footer, and are not looked at any closer. */
		if (!x->load(x->ctx, g->members[i], &other) ||
			fingerprint_common(f->sketch, f->sketch_count, other.sketch,
				other.sketch_count, is_boilerplate, x) < COMMON_MIN)
			continue;
		overlap = fingerprint_overlap(f->sketch, f->sketch_count, other.sketch,
			other.sketch_count, is_boilerplate, x, &common);
		brief = f->sketch_count < SHORT_SHINGLES || other.sketch_count < SHORT_SHINGLES;
		if (common < COMMON_MIN || (brief && cosine < COSINE_SHORT) ||
			overlap < (cosine < COSINE_LIKELY ? OVERLAP_SURE : OVERLAP_LIKELY) ||
			!shares_words(x, v, &other))
			continue;
		best = overlap > best ? overlap : best;
	}
	return best;
}

/* Groups that share one of the smallest shingles, each once. */
static int find_groups(
	struct story_index *x, const struct fingerprint *f, uint32_t out[CANDIDATES_MAX])
{
	int count = 0;

	x->stamp++;
	for (int i = 0; i < f->sketch_count && i < SHINGLES_INDEXED; i++) {
		uint32_t groups[SHINGLE_GROUPS_MAX];
		int found = shingles_get(&x->shingles, f->sketch[i], groups);

		for (int j = 0; j < found && count < CANDIDATES_MAX; j++) {
			struct group *g = &x->groups[groups[j]];

			if (g->stamp == x->stamp)
				continue;
			g->stamp = x->stamp;
			out[count++] = groups[j];
		}
	}
	return count;
}

static void judge_reprint(struct story_index *x, const struct index_item *item,
	const struct vector *v, struct verdict *ret)
{
	uint32_t groups[CANDIDATES_MAX];
	int count = find_groups(x, item->fingerprint, groups);

	for (int i = 0; i < count; i++) {
		const struct group *g = &x->groups[groups[i]];
		const struct tale *t = &x->tales[g->tale];
		uint32_t overlap;

		if (!may_join(item, g, t))
			continue;
		overlap = overlap_with(x, item->fingerprint, v, g);
		if (overlap == 0 || overlap < ret->score ||
			(overlap == ret->score && g->id > ret->group))
			continue;
		*ret = (struct verdict){
			.kind = VERDICT_REPRINT, .story = t->id, .group = g->id, .score = overlap};
	}
}

/* -- events -- */

/* The groups that share heavy terms, with what they share at the least. */
static uint32_t touch_groups(struct story_index *x, const struct vector *v)
{
	weight heavy[VECTOR_TERMS_MAX];
	int terms = vector_heaviest(v, TERMS_INDEXED, heavy);
	uint32_t count = 0;

	x->stamp++;
	for (int i = 0; i < terms; i++) {
		const struct posting *p = postings_get(&x->postings, WEIGHT_KEY(heavy[i]));
		uint32_t square = WEIGHT_OF(heavy[i]) * WEIGHT_OF(heavy[i]);

		for (int j = 0; p && j < p->count; j++) {
			struct group *g = &x->groups[p->groups[j]];

			if (g->stamp != x->stamp) {
				g->stamp = x->stamp;
				g->partial = 0;
				x->touched[count++] = p->groups[j];
			}
			g->partial += square;
		}
	}
	return count;
}

static void note_member(struct story_index *x, struct candidate *c, uint32_t group)
{
	for (int i = 0; i < BEST_MEMBERS; i++) {
		uint32_t other = c->groups[i];

		if (!other || x->groups[group].partial > x->groups[other].partial) {
			c->groups[i] = group;
			group = other;
		}
		if (!group)
			break;
	}
	c->partial = x->groups[c->groups[0]].partial;
}

/* A place for one more candidate: a free one, or that of the weakest, if it is weaker; -1: none. */
static int find_place(
	struct story_index *x, struct candidate *all, int *count, const struct group *g)
{
	int weakest = 0;

	if (*count < CANDIDATES_MAX)
		return (*count)++;
	for (int i = 1; i < CANDIDATES_MAX; i++) {
		if (all[i].partial < all[weakest].partial)
			weakest = i;
	}
	if (all[weakest].partial >= g->partial)
		return -1;
	x->tales[all[weakest].tale].candidate = CANDIDATES_MAX;
	return weakest;
}

/* The stories of these groups, those that share most. */
static int find_tales(struct story_index *x, const struct index_item *item, uint32_t touched,
	struct candidate out[CANDIDATES_MAX])
{
	int count = 0;

	for (uint32_t i = 0; i < touched; i++) {
		const struct group *g = &x->groups[x->touched[i]];
		struct tale *t = &x->tales[g->tale];

		if (!may_join(item, g, t) || (t->feed && t->feed == item->feed))
			continue;
		if (t->stamp != x->stamp) {
			int place = find_place(x, out, &count, g);

			if (place < 0)
				continue;
			t->stamp = x->stamp;
			t->candidate = (uint32_t)place;
			out[place] = (struct candidate){.tale = g->tale};
		}
		if (t->candidate < CANDIDATES_MAX)
			note_member(x, &out[t->candidate], x->touched[i]);
	}
	return count;
}

/* e^(-1/72) an hour beyond the first day of silence. */
static uint32_t fade(uint32_t score, const struct tale *t, int64_t time_ms)
{
	int64_t gap_ms = time_ms > t->newest_ms   ? time_ms - t->newest_ms
			 : time_ms < t->oldest_ms ? t->oldest_ms - time_ms
						  : 0;

	for (int64_t hours = gap_ms / HOUR_MS - 24; hours > 0; hours--)
		score = (uint32_t)((uint64_t)score * 64632 >> 16);
	return score;
}

static uint32_t score_tale(
	struct story_index *x, const struct candidate *c, const struct vector *v, int64_t time_ms)
{
	const struct tale *t = &x->tales[c->tale];
	uint32_t best = 0, middle;

	for (int i = 0; i < BEST_MEMBERS && c->groups[i]; i++) {
		uint32_t cosine = vector_cosine(v, x->groups[c->groups[i]].vector);

		best = cosine > best ? cosine : best;
	}
	middle = t->group_count > 1 ? vector_centroid_cosine(v, index_middle(x, t, 0)) : best;
	return fade((best + middle) / 2, t, time_ms);
}

/* The best member's cosine as words weigh now. An older text was weighed when a footer that many
 * print by now was new. */
static uint32_t best_now(struct story_index *x, const struct candidate *c, const struct vector *v)
{
	union vector_room now;
	struct fingerprint f;
	uint32_t best = 0;

	for (int i = 0; i < BEST_MEMBERS && c->groups[i]; i++) {
		const struct group *g = &x->groups[c->groups[i]];
		bool lost = !x->load(x->ctx, g->members[0], &f);
		uint32_t cosine;

		if (!lost)
			index_weigh_now(x, &f, &now.vector);
		cosine = vector_cosine(v, lost ? g->vector : &now.vector);
		best = cosine > best ? cosine : best;
	}
	return best;
}

static bool is_better(
	const struct story_index *x, const struct candidate *a, const struct candidate *b)
{
	if (!b || a->score != b->score)
		return !b || a->score > b->score;
	return x->tales[a->tale].id < x->tales[b->tale].id;
}

/* The terms that both have and that weigh most. */
static void find_evidence(const struct vector *v, const struct vector *other, struct verdict *ret)
{
	weight heavy[VECTOR_TERMS_MAX];
	int count = vector_heaviest(v, VECTOR_TERMS_MAX, heavy);

	for (int i = 0; i < count && ret->evidence_count < INDEX_EVIDENCE_MAX; i++) {
		for (int j = 0; j < other->count; j++) {
			if (WEIGHT_KEY(other->terms[j]) == WEIGHT_KEY(heavy[i]))
				ret->evidence[ret->evidence_count++] = WEIGHT_KEY(heavy[i]);
		}
	}
}

/* Whether the feed is among those that have told the story. */
static bool has_told(const struct story_index *x, const struct tale *t, int64_t feed)
{
	for (uint32_t g = t->first_group; g; g = x->groups[g].next) {
		if (x->groups[g].feed == feed)
			return true;
	}
	return false;
}

/* Long texts share more by chance than headlines. */
static uint32_t threshold(uint32_t brief, uint32_t full, const struct vector *v)
{
	uint32_t more = v->count > SHORT_TERMS ? log2_256(v->count) - log2_256(SHORT_TERMS) : 0;

	return brief + (full - brief) * more / LONG_TERMS_LOG;
}

/* What one feed alone has told apart stays apart. */
static bool are_one(
	struct story_index *x, const struct tale *a, const struct tale *b, uint32_t least)
{
	if ((a->feed && has_told(x, b, a->feed)) || (b->feed && has_told(x, a, b->feed)))
		return false;
	return centroid_cosine(index_middle(x, a, 0), index_middle(x, b, 1)) >= least;
}

static void judge_event(struct story_index *x, const struct index_item *item,
	const struct vector *v, const struct index_level *level, struct verdict *ret)
{
	uint32_t join = threshold(level->join_brief, level->join_full, v);
	struct candidate found[CANDIDATES_MAX];
	const struct candidate *best = NULL, *second = NULL;
	int count = find_tales(x, item, touch_groups(x, v), found);

	for (int i = 0; i < count; i++) {
		found[i].score = score_tale(x, &found[i], v, item->time_ms);
		if (found[i].score < join || best_now(x, &found[i], v) < join * 15 / 16)
			continue;
		if (is_better(x, &found[i], best)) {
			second = best;
			best = &found[i];
		} else if (is_better(x, &found[i], second)) {
			second = &found[i];
		}
	}
	if (!best)
		return;
	*ret = (struct verdict){
		.kind = VERDICT_EVENT, .story = x->tales[best->tale].id, .score = best->score};
	find_evidence(v, x->groups[best->groups[0]].vector, ret);
	if (second && are_one(x, &x->tales[best->tale], &x->tales[second->tale],
			      threshold(level->merge_brief, level->merge_full, v)))
		ret->merge = x->tales[second->tale].id;
}

void story_index_judge(struct story_index *x, const struct index_item *item,
	const struct index_level *level, struct verdict *ret)
{
	const struct vector *v;

	*ret = (struct verdict){.kind = VERDICT_NEW};
	v = index_weigh(x, item->fingerprint);
	judge_reprint(x, item, v, ret);
	if (ret->kind == VERDICT_NEW && level)
		judge_event(x, item, v, level, ret);
}
