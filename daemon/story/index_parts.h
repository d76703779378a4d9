/* The inside of the story index, for its own two files. */
#ifndef TIDINGS_STORY_INDEX_PARTS_H
#define TIDINGS_STORY_INDEX_PARTS_H

#include "base/map.h"
#include "story/index.h"
#include "story/postings.h"
#include "story/shingles.h"

enum {
	SHINGLES_INDEXED = 32, /* of a sketch, the smallest */
	TERMS_INDEXED = 32,    /* of a vector, the heaviest */
	INDEX_LOGS = 1024,
	CENTROID_GROUPS = 4, /* the centroid of a story with fewer is made when it is asked for */
	INDEX_MIDDLES = 2,   /* as many of these at a time */
};

/* Items with the same text. */
struct group {
	uint32_t id;   /* its first item, which need not be here any more */
	uint32_t tale; /* index */
	uint32_t next; /* the tale's next group; 0: none, as groups[0] is nobody's */
	uint8_t script;
	int64_t feed;                     /* of that */
	uint32_t members[INDEX_SKETCHES]; /* items, the first ones */
	struct vector *vector;
	uint32_t stamp, partial; /* while an item is judged */
};

/* A story in memory. */
struct tale {
	uint32_t id;
	uint32_t first_group, last_group;
	uint32_t group_count;
	bool cleared; /* what it had is nobody's until it is placed again */
	int64_t feed; /* that alone has told of it; 0: several have */
	int64_t oldest_ms, newest_ms;
	struct centroid centroid;  /* empty while there are fewer than CENTROID_GROUPS */
	uint32_t stamp, candidate; /* while an item is judged */
};

struct story_index {
	index_load *load;
	void *ctx;
	struct group *groups;
	struct tale *tales;
	uint32_t group_count, group_cap, tale_count, tale_cap;
	struct map groups_by_id, tales_by_id;
	struct postings postings;
	struct shingles shingles;
	uint32_t items;
	uint32_t stamp;
	uint16_t logs[INDEX_LOGS]; /* log2_256() of small numbers */
	uint32_t touched[TERMS_INDEXED * POSTINGS_MAX];
	struct centroid middles[INDEX_MIDDLES];
	/* the item that was judged last, and is likely to be added next */
	uint16_t weighed_count; /* 0: none */
	term weighed_terms[FINGERPRINT_TERMS_MAX];
	union vector_room weighed;
};

/* The vector of an item by how rare its terms are now. */
void index_weigh_now(const struct story_index *x, const struct fingerprint *f, struct vector *out);

/* The same, kept; valid until the next one, or an item is added. */
const struct vector *index_weigh(struct story_index *x, const struct fingerprint *f);

/* What a story tells of. Valid until one is asked for with the same number (below INDEX_MIDDLES).
 */
const struct centroid *index_middle(struct story_index *x, const struct tale *t, int number);

/* Maps hold pointers; an index is one that is never NULL, and never 0. */
static inline uint32_t index_get(const struct map *m, int64_t id)
{
	return (uint32_t)(uintptr_t)map_get(m, id);
}

#endif
