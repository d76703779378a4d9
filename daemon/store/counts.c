/* Counting what is unread and starred, from indexes as far as there are any. */
#include "store/counts.h"

#include "store/query.h"
#include "store/schema.h"

/* What is unread and starred is counted once for all feeds; the + keeps SQLite from going through
 * all items in the order of feeds, for the few that have a star. */
static const char select_counts[] =
	"WITH unread AS MATERIALIZED (SELECT feed, count(*) AS n FROM item WHERE read = 0 GROUP BY"
	" feed), stars AS MATERIALIZED (SELECT feed, count(*) AS n FROM item WHERE starred = 1"
	" GROUP BY +feed), of_feed AS MATERIALIZED (SELECT f.id AS id, f.folder AS folder,"
	" coalesce(u.n, 0) AS unread, coalesce(s.n, 0) AS starred,"
	" (SELECT received_ms FROM item WHERE id = (SELECT max(id) FROM item INDEXED BY item_feed"
	" WHERE feed = f.id)) AS newest_ms FROM feed f LEFT JOIN unread u ON u.feed = f.id"
	" LEFT JOIN stars s ON s.feed = f.id WHERE " FEED_IS_VISIBLE ")"
	" SELECT 0, id, unread, starred, newest_ms FROM of_feed"
	" UNION ALL SELECT 1, n.id, coalesce(sum(unread), 0), coalesce(sum(starred), 0),"
	" max(newest_ms) FROM folder n LEFT JOIN of_feed o ON o.folder = n.id GROUP BY n.id"
	" UNION ALL SELECT 2, l.id, coalesce(sum(i.read = 0 AND " FEED_IS_VISIBLE "), 0),"
	" coalesce(sum(i.starred AND " FEED_IS_VISIBLE
	"), 0), NULL FROM label l LEFT JOIN item_label"
	" b ON b.label = l.id LEFT JOIN item i ON i.id = b.item LEFT JOIN feed f ON f.id = i.feed"
	" GROUP BY l.id"
	" UNION ALL SELECT 3, 0, coalesce(sum(unread), 0), coalesce(sum(starred), 0), NULL"
	" FROM of_feed ORDER BY 1, 2";

int counts_list(struct store_tx *tx, void (*each)(void *ctx, const struct counts *counts),
	void *ctx, struct err *e)
{
	struct counts row;
	struct query q;

	query_begin(&q, tx, select_counts);
	while (query_row(&q)) {
		query_read(&q, into(&row.of), into(&row.id), into(&row.unread), into(&row.starred),
			into_time(&row.newest_ms));
		each(ctx, &row);
	}
	return query_end(&q, e);
}
