/* The story index: what it remembers. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "limits.h"
#include "story/index_parts.h"

enum {
	ITEMS_FIRST = 8,         /* the first items are weighed as if there had been so many */
	OFTEN_UNIT = 177,        /* the natural logarithm in 1/256 of the binary one */
	NEARER = SCORE_ONE / 16, /* what is clear between two cosines */
};

struct story_index *story_index_create(index_load *load, void *ctx, uint64_t seed)
{
	struct story_index *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	for (int i = 0; i < INDEX_MIDDLES; i++) {
		if (centroid_reserve(&x->middles[i], CENTROID_GROUPS * VECTOR_TERMS_MAX)) {
			story_index_destroy(x);
			return NULL;
		}
	}
	x->load = load;
	x->ctx = ctx;
	x->postings.seed = x->shingles.seed = seed;
	x->group_count = 1;
	x->tale_count = 1;
	for (uint32_t n = 1; n < INDEX_LOGS; n++)
		x->logs[n] = (uint16_t)log2_256(n);
	return x;
}

void story_index_destroy(struct story_index *x)
{
	if (!x)
		return;
	for (uint32_t i = 1; i < x->group_count; i++)
		free(x->groups[i].vector);
	for (uint32_t i = 1; i < x->tale_count; i++)
		centroid_finish(&x->tales[i].centroid);
	for (int i = 0; i < INDEX_MIDDLES; i++)
		centroid_finish(&x->middles[i]);
	free(x->groups);
	free(x->tales);
	map_finish(&x->groups_by_id);
	map_finish(&x->tales_by_id);
	postings_finish(&x->postings);
	shingles_finish(&x->shingles);
	free(x);
}

/* -- weights -- */

static uint32_t log_of(const struct story_index *x, uint32_t n)
{
	return n < INDEX_LOGS ? x->logs[n] : log2_256(n);
}

/* (1 + ln n) * log(all / those with it). */
void index_weigh_now(const struct story_index *x, const struct fingerprint *f, struct vector *out)
{
	uint64_t raw[FINGERPRINT_TERMS_MAX];
	uint32_t all = log_of(x, x->items + ITEMS_FIRST);

	for (int i = 0; i < f->term_count; i++) {
		const struct posting *p = postings_get(&x->postings, TERM_KEY(f->terms[i]));
		uint32_t with = log_of(x, (p ? p->items : 0) + 1);
		uint32_t rare = all > with ? all - with : 0;
		uint32_t often = 256 + log_of(x, TERM_COUNT(f->terms[i])) * OFTEN_UNIT / 256;

		raw[i] = (uint64_t)TERM_KEY(f->terms[i]) << 32 | rare * often >> 4;
	}
	vector_make(raw, f->term_count, out);
}

const struct vector *index_weigh(struct story_index *x, const struct fingerprint *f)
{
	size_t bytes = f->term_count * sizeof(*f->terms);
	bool known = bytes && x->weighed_count == f->term_count &&
		     memcmp(x->weighed_terms, f->terms, bytes) == 0;

	if (!known)
		index_weigh_now(x, f, &x->weighed.vector);
	if (!known && bytes)
		memcpy(x->weighed_terms, f->terms, bytes);
	x->weighed_count = f->term_count;
	return &x->weighed.vector;
}

const struct centroid *index_middle(struct story_index *x, const struct tale *t, int number)
{
	struct centroid *c = &x->middles[number];

	if (t->centroid.count)
		return &t->centroid;
	c->count = 0;
	for (uint32_t g = t->first_group; g; g = x->groups[g].next)
		(void)!centroid_add(c, x->groups[g].vector); /* there is room */
	return c;
}

/* -- remembering -- */

static int grow(void **array, uint32_t count, uint32_t *cap, size_t size)
{
	uint32_t more = *cap ? *cap + *cap / 2 : 256;
	void *moved;

	if (count < *cap)
		return 0;
	moved = realloc(*array, more * size);
	if (!moved)
		return ERR_NOMEM;
	*array = moved;
	*cap = more;
	return 0;
}

static uint32_t use_tale(struct story_index *x, const struct index_item *item)
{
	uint32_t at = index_get(&x->tales_by_id, item->story);
	struct tale *t;

	if (at)
		return at;
	if (grow((void **)&x->tales, x->tale_count, &x->tale_cap, sizeof(*t)))
		return 0;
	if (map_put(&x->tales_by_id, item->story, (void *)(uintptr_t)x->tale_count))
		return 0;
	t = &x->tales[x->tale_count];
	*t = (struct tale){.id = (uint32_t)item->story,
		.feed = item->feed,
		.oldest_ms = item->time_ms,
		.newest_ms = item->time_ms};
	return x->tale_count++;
}

static int join_tale(struct story_index *x, uint32_t tale, uint32_t group)
{
	struct tale *t = &x->tales[tale];
	int rv = 0;

	x->groups[group].tale = tale;
	if (t->first_group)
		x->groups[t->last_group].next = group;
	else
		t->first_group = group;
	t->last_group = group;
	t->group_count++;
	if (t->group_count > CENTROID_GROUPS)
		return centroid_add(&t->centroid, x->groups[group].vector);
	for (uint32_t g = t->first_group; t->group_count == CENTROID_GROUPS && g && !rv;
		g = x->groups[g].next)
		rv = centroid_add(&t->centroid, x->groups[g].vector);
	return rv;
}

/* NULL in *ret_posting: the vocabulary is full. */
static int use_posting(struct story_index *x, uint32_t key, struct posting **ret_posting)
{
	*ret_posting = postings_use(&x->postings, key);
	return *ret_posting || x->postings.count >= STORY_VOCABULARY_MAX ? 0 : ERR_NOMEM;
}

static int add_postings(struct story_index *x, const struct vector *v, uint32_t group)
{
	weight heavy[VECTOR_TERMS_MAX];
	int terms = vector_heaviest(v, TERMS_INDEXED, heavy);

	for (int i = 0; i < terms; i++) {
		struct posting *p;

		if (use_posting(x, WEIGHT_KEY(heavy[i]), &p) || (p && posting_add(p, group)))
			return ERR_NOMEM;
	}
	return 0;
}

static int open_group(struct story_index *x, const struct index_item *item, uint32_t tale)
{
	uint32_t at = x->group_count;
	const struct vector *v = index_weigh(x, item->fingerprint);
	size_t bytes = sizeof(*v) + v->count * sizeof(weight);
	struct group *g;

	if (grow((void **)&x->groups, at, &x->group_cap, sizeof(*g)) ||
		map_put(&x->groups_by_id, item->group, (void *)(uintptr_t)at))
		return ERR_NOMEM;
	g = &x->groups[at];
	*g = (struct group){.id = (uint32_t)item->group,
		.script = item->fingerprint->script,
		.feed = item->feed,
		.members = {(uint32_t)item->item}};
	g->vector = malloc(bytes);
	x->group_count++;
	if (!g->vector)
		return ERR_NOMEM;
	memcpy(g->vector, v, bytes);
	return join_tale(x, tale, at) || add_postings(x, g->vector, at) ? ERR_NOMEM : 0;
}

static int add_shingles(struct story_index *x, const struct fingerprint *f, uint32_t group)
{
	int rv = 0;

	for (int i = 0; i < f->sketch_count && i < SHINGLES_INDEXED && !rv; i++)
		rv = shingles_add(&x->shingles, f->sketch[i], group);
	return rv;
}

static int count_terms(struct story_index *x, const struct fingerprint *f)
{
	for (int i = 0; i < f->term_count; i++) {
		struct posting *p;

		if (use_posting(x, TERM_KEY(f->terms[i]), &p))
			return ERR_NOMEM;
		if (p)
			p->items++;
	}
	x->items++;
	return 0;
}

static void join_group(struct group *g, int64_t item)
{
	for (int i = 0; i < INDEX_SKETCHES; i++) {
		if (!g->members[i]) {
			g->members[i] = (uint32_t)item;
			break;
		}
	}
}

/* A group that belongs to a story that was cleared belongs to none. */
static int enter_group(struct story_index *x, const struct index_item *item, uint32_t tale)
{
	uint32_t at = index_get(&x->groups_by_id, item->group);

	if (!at)
		return open_group(x, item, tale);
	join_group(&x->groups[at], item->item);
	return x->tales[x->groups[at].tale].cleared ? join_tale(x, tale, at) : 0;
}

int story_index_place(struct story_index *x, const struct index_item *item)
{
	uint32_t tale = use_tale(x, item);
	int rv = tale ? enter_group(x, item, tale) : ERR_NOMEM;

	if (rv)
		return rv;
	if (item->feed != x->tales[tale].feed)
		x->tales[tale].feed = 0;
	if (item->time_ms > x->tales[tale].newest_ms)
		x->tales[tale].newest_ms = item->time_ms;
	if (item->time_ms < x->tales[tale].oldest_ms)
		x->tales[tale].oldest_ms = item->time_ms;
	return add_shingles(x, item->fingerprint, index_get(&x->groups_by_id, item->group));
}

int story_index_add(struct story_index *x, const struct index_item *item)
{
	int rv;

	if (x->items >= STORY_ITEMS_MAX)
		return ERR_TOO_BIG;
	rv = story_index_place(x, item);
	x->weighed_count = 0;
	return rv ? rv : count_terms(x, item->fingerprint);
}

void story_index_clear(struct story_index *x, int64_t story)
{
	uint32_t tale = index_get(&x->tales_by_id, story);

	if (!tale)
		return;
	for (uint32_t g = x->tales[tale].first_group, next; g; g = next) {
		next = x->groups[g].next;
		x->groups[g].next = 0;
		memset(x->groups[g].members, 0, sizeof(x->groups[g].members));
	}
	centroid_finish(&x->tales[tale].centroid);
	x->tales[tale].first_group = 0;
	x->tales[tale].cleared = true;
	map_remove(&x->tales_by_id, story);
}

bool story_index_is_nearer(struct story_index *x, int64_t item, int64_t other)
{
	uint32_t a = index_get(&x->groups_by_id, item), b;
	const struct tale *t = a ? &x->tales[x->groups[a].tale] : NULL;
	const struct centroid *middle;

	if (!t || t->group_count < 3)
		return false;
	b = other ? index_get(&x->groups_by_id, other) : t->first_group;
	if (!b || x->groups[b].tale != x->groups[a].tale)
		return false;
	middle = index_middle(x, t, 0);
	return vector_centroid_cosine(x->groups[a].vector, middle) >=
	       vector_centroid_cosine(x->groups[b].vector, middle) + NEARER;
}

static int rename_tale(struct story_index *x, uint32_t tale, int64_t into)
{
	if (map_put(&x->tales_by_id, into, (void *)(uintptr_t)tale))
		return ERR_NOMEM;
	(void)map_remove(&x->tales_by_id, x->tales[tale].id);
	x->tales[tale].id = (uint32_t)into;
	return 0;
}

int story_index_merge(struct story_index *x, int64_t from, int64_t into)
{
	uint32_t f = index_get(&x->tales_by_id, from), t = index_get(&x->tales_by_id, into);
	uint32_t group = f ? x->tales[f].first_group : 0;
	int rv = 0;

	if (!f || f == t)
		return 0;
	if (!t)
		return rename_tale(x, f, into);
	while (group && !rv) {
		uint32_t next = x->groups[group].next;

		x->groups[group].next = 0;
		rv = join_tale(x, t, group);
		group = next;
	}
	if (x->tales[f].newest_ms > x->tales[t].newest_ms)
		x->tales[t].newest_ms = x->tales[f].newest_ms;
	if (x->tales[f].oldest_ms < x->tales[t].oldest_ms)
		x->tales[t].oldest_ms = x->tales[f].oldest_ms;
	if (x->tales[f].feed != x->tales[t].feed)
		x->tales[t].feed = 0;
	centroid_finish(&x->tales[f].centroid);
	x->tales[f].first_group = 0;
	map_remove(&x->tales_by_id, from);
	return rv;
}
