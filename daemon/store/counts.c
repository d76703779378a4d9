/* Counting what is unread and starred, from indexes as far as there are any. */
#include "store/counts.h"

#include "store/query.h"
#include "store/schema.h"

/* Starred items are few, and looked up once for all feeds. */
#define OF_FEEDS                                                                                   \
	"WITH stars AS MATERIALIZED (SELECT feed, count(*) AS n FROM item WHERE starred = 1"       \
	" GROUP BY feed), of_feed AS (SELECT f.id AS id, f.folder AS folder,"                      \
	" (SELECT count(*) FROM item WHERE feed = f.id AND read = 0) AS unread,"                   \
	" coalesce(s.n, 0) AS starred,"                                                            \
	" (SELECT received_ms FROM item WHERE feed = f.id ORDER BY id DESC LIMIT 1) AS newest_ms"  \
	" FROM feed f LEFT JOIN stars s ON s.feed = f.id WHERE " FEED_IS_VISIBLE ")"

static const char *const statements[] = {
	[COUNTS_FEEDS] = OF_FEEDS "SELECT id, unread, starred, newest_ms FROM of_feed ORDER BY id",
	[COUNTS_FOLDERS] = OF_FEEDS
	"SELECT n.id, coalesce(sum(unread), 0), coalesce(sum(starred), 0), max(newest_ms)"
	" FROM folder n LEFT JOIN of_feed ON folder = n.id GROUP BY n.id ORDER BY n.id",
	[COUNTS_LABELS] = "SELECT l.id, coalesce(sum(i.read = 0), 0), coalesce(sum(i.starred), 0),"
			  " NULL FROM label l LEFT JOIN (item_label b CROSS JOIN item i ON i.id ="
			  " b.item CROSS JOIN feed f ON f.id = i.feed AND " FEED_IS_VISIBLE
			  ") ON b.label = l.id GROUP BY l.id ORDER BY l.id",
	[COUNTS_ALL] = OF_FEEDS
	"SELECT 0, coalesce(sum(unread), 0), coalesce(sum(starred), 0), NULL FROM of_feed",
};

int counts_list(struct store_tx *tx, enum counts_of of,
	void (*each)(void *ctx, const struct counts *counts), void *ctx, struct err *e)
{
	struct counts row;
	struct query q;

	query_begin(&q, tx, statements[of]);
	while (query_row(&q)) {
		query_read(&q, into(&row.id), into(&row.unread), into(&row.starred),
			into_time(&row.newest_ms));
		each(ctx, &row);
	}
	return query_end(&q, e);
}
