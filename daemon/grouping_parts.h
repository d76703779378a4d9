/* The inside of the grouping, for its own files. */
#ifndef TIDINGS_GROUPING_PARTS_H
#define TIDINGS_GROUPING_PARTS_H

#include "grouping.h"
#include "store/fingerprints.h"

struct grouping {
	_Atomic(enum grouping_level) level;
	enum grouping_level job_level; /* of the job that uses it */
	struct story_index *index;     /* NULL: nothing was read yet */
	int64_t week;                  /* since whose beginning it has been read anew */
	int64_t loaded;                /* the last item that was read */
	bool complete;
	bool changed;   /* by this job */
	bool old;       /* the database has rows that nobody will read again */
	int64_t serial; /* the database's, as long as they are the same */
	bool more;      /* to be read by `job` */
	struct store *store;
	struct store_job job;
	struct store_tx *tx;
	struct buf data; /* a fingerprint on its way from or to the database */
};

/* Before the first change of what is remembered in this job. */
void grouping_begin_change(struct grouping *g);

#endif
