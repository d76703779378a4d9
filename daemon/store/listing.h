/* Lists with filters, an order and pages, as items and stories have them. Private to the room.
 */
#ifndef TIDINGS_STORE_LISTING_H
#define TIDINGS_STORE_LISTING_H

#include "store/query.h"
#include "store/schema.h"
#include "store/store.h"

/* `sql` goes into the statement when it is `on`; its parameter, if it has one, is `value`. (Partial
 * indexes are used for literals only, so some conditions have none.) */
struct condition {
	bool on, bound;
	const char *sql;
	int64_t value;
};

struct listing {
	const char *columns, *rows;         /* SELECT columns rows; up to " WHERE 1" */
	const struct condition *conditions; /* end with one without `sql` */
	const char *key, *id;               /* what is ordered by; the id breaks ties */
	const char *tail; /* closes a subquery that `rows` opened and is ordered anew; or NULL */
	int max;          /* rows of a page, and how many there are when it does not say */
};

/* The condition that leaves out items `i` of feeds that are being deleted, and whether there are
 * any: mostly not, and then it costs nothing. A story goes by the item that is shown, until that is
 * deleted and another speaks for it. */
#define LISTING_HIDE                                                                               \
	" AND i.feed NOT IN (SELECT f.id FROM feed f WHERE f.detached_ms = " FEED_REMOVED ")"
int listing_hides(struct store_tx *tx, bool *ret_hides, struct err *e);

/* query_begin() with everything bound. The key is selected before the columns. Returns how many
 * rows may be taken; one more than that is given, to know whether there is more. */
int listing_begin(struct query *q, struct store_tx *tx, const struct listing *l, struct page *page);

/* One number: `sql` goes up to " WHERE 1". */
int listing_count(struct store_tx *tx, const char *sql, const struct condition *conditions,
	int64_t *ret_count, struct err *e);

#endif
