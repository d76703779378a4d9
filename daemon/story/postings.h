/* Which groups use a term, and in how many items it stands: a part of the story index. Pure. */
#ifndef TIDINGS_STORY_POSTINGS_H
#define TIDINGS_STORY_POSTINGS_H

#include <stddef.h>
#include <stdint.h>

enum {
	POSTINGS_MAX =
		300, /* groups a term, the newest; what more than so many use tells nothing */
};

struct posting {
	uint32_t key; /* + 1; 0: a free slot */
	uint32_t items;
	uint16_t count, cap;
	uint16_t next; /* where the next one goes once there are POSTINGS_MAX */
	uint32_t *groups;
};

/* Zeroed: empty. */
struct postings {
	struct posting *slots;
	size_t count, cap;
	uint64_t seed; /* of hash_slot(); set while it is empty */
};

void postings_finish(struct postings *p);

/* NULL: the term is unknown. Valid until the next postings_use(). */
struct posting *postings_get(const struct postings *p, uint32_t key);

/* The same, made when there is none; NULL: out of memory, or the vocabulary is full. */
struct posting *postings_use(struct postings *p, uint32_t key);

/* ERR_NOMEM. */
int posting_add(struct posting *p, uint32_t group) __attribute__((warn_unused_result));

#endif
