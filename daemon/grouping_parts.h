/* The inside of the grouping, for its own files. */
#ifndef TIDINGS_GROUPING_PARTS_H
#define TIDINGS_GROUPING_PARTS_H

#include "grouping.h"
#include "store/fingerprints.h"

struct grouping {
	_Atomic(enum grouping_level) level;
	enum grouping_level job_level; /* of the job that uses it */
	struct story_index *index;     /* NULL: nothing was read yet */
	uint64_t seed;                 /* of it */
	int64_t week;                  /* since whose beginning it has been read anew */
	int64_t loaded;                /* the last item that was read */
	bool complete;
	bool changed;          /* by this job */
	bool old;              /* the database has rows that nobody will read again */
	int64_t serial;        /* the database's, as long as they are the same */
	bool more;             /* to be read by `job` */
	int64_t unfinished_ms; /* what a rebuild was cut off from; 0: none was */
	struct store *store;
	struct store_job job;
	struct store_tx *tx;
	struct buf data;         /* a fingerprint on its way from or to the database */
	struct rebuild *rebuild; /* NULL: there was none yet */
	bool rebuilding;         /* the program merges no stories meanwhile */
	bool said;               /* users said something meanwhile */
	_Atomic bool cut_off;    /* it can go on no more: all is to be read again */
};

/* An index_load; `ctx` is the grouping. */
bool grouping_load_one(void *ctx, int64_t item, struct fingerprint *ret_fingerprint);

/* NULL for GROUPING_OFF, by which nothing is judged, and GROUPING_REPRINTS. */
const struct index_level *grouping_index_level(enum grouping_level level);

void rebuild_destroy(struct rebuild *r);

/* The item of `story` that is shown: that one, if it is clearly nearer to what all of it tell. It
 * is in `index`. */
int grouping_choose_lead(
	struct grouping *g, struct story_index *index, int64_t item, int64_t story, struct err *e);

/* Before the first change of what is remembered in this job. */
void grouping_begin_change(struct grouping *g);

#endif
