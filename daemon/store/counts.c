/* Counting what is unread and starred, from indexes as far as there are any. */
#include "store/counts.h"

#include "store/query.h"
#include "store/schema.h"

/* What is unread and starred is counted once for all feeds, by `unread` and `stars`; the + keeps
 * SQLite from going through all items in the order of feeds, for the few that have a star.
 * `labelled`: what of each label `l` is unread, and starred. */
#define SELECT_COUNTS(unread, stars, labelled)                                                     \
	"WITH unread AS MATERIALIZED (SELECT feed, count(*) AS n FROM " unread                     \
	"), stars AS MATERIALIZED (SELECT feed, count(*) AS n FROM " stars                         \
	"), of_feed AS MATERIALIZED (SELECT f.id AS id, f.folder AS folder,"                       \
	" coalesce(u.n, 0) AS unread, coalesce(s.n, 0) AS starred,"                                \
	" (SELECT received_ms FROM item WHERE id = (SELECT max(id) FROM item INDEXED BY item_feed" \
	" WHERE feed = f.id)) AS newest_ms FROM feed f LEFT JOIN unread u ON u.feed = f.id"        \
	" LEFT JOIN stars s ON s.feed = f.id WHERE " FEED_IS_VISIBLE ")"                           \
	" SELECT 0, id, unread, starred, newest_ms FROM of_feed"                                   \
	" UNION ALL SELECT 1, n.id, coalesce(sum(unread), 0), coalesce(sum(starred), 0),"          \
	" max(newest_ms) FROM folder n LEFT JOIN of_feed o ON o.folder = n.id GROUP BY n.id"       \
	" UNION ALL SELECT 2, l.id, " labelled " GROUP BY l.id"                                    \
	" UNION ALL SELECT 3, 0, coalesce(sum(unread), 0), coalesce(sum(starred), 0), NULL"        \
	" FROM of_feed ORDER BY 1, 2"

#define LABELLED                                                                                   \
	" FROM label l LEFT JOIN item_label b ON b.label = l.id LEFT JOIN item i ON i.id = b.item"

static const char select_items[] =
	SELECT_COUNTS("item WHERE read = 0 GROUP BY feed", "item WHERE starred = 1 GROUP BY +feed",
		"coalesce(sum(i.read = 0 AND " FEED_IS_VISIBLE "), 0),"
		" coalesce(sum(i.starred AND " FEED_IS_VISIBLE "), 0), NULL" LABELLED
		" LEFT JOIN feed f ON f.id = i.feed");

#define FIRST_OF(state)                                                                            \
	"story s CROSS JOIN item i ON i.id = s.first_item WHERE s." state " > 0 GROUP BY +i.feed"
#define STORIES_WITH(state)                                                                        \
	"count(DISTINCT iif(s." state " > 0 AND " FEED_IS_VISIBLE ", s.id, NULL))"
static const char select_stories[] = SELECT_COUNTS(FIRST_OF("unread"), FIRST_OF("starred"),
	STORIES_WITH("unread") ", " STORIES_WITH(
		"starred") ", NULL" LABELLED " LEFT JOIN story s ON s.id = i.story LEFT JOIN item "
			   "o ON o.id = s.first_item"
			   " LEFT JOIN feed f ON f.id = o.feed");

static int list_counts(struct store_tx *tx, const char *sql,
	void (*each)(void *ctx, const struct counts *counts), void *ctx, struct err *e)
{
	struct counts row;
	struct query q;

	query_begin(&q, tx, sql);
	while (query_row(&q)) {
		query_read(&q, into(&row.of), into(&row.id), into(&row.unread), into(&row.starred),
			into_time(&row.newest_ms));
		each(ctx, &row);
	}
	return query_end(&q, e);
}

int counts_list(struct store_tx *tx, void (*each)(void *ctx, const struct counts *counts),
	void *ctx, struct err *e)
{
	return list_counts(tx, select_items, each, ctx, e);
}

int counts_list_stories(struct store_tx *tx, void (*each)(void *ctx, const struct counts *counts),
	void *ctx, struct err *e)
{
	return list_counts(tx, select_stories, each, ctx, e);
}

int counts_list_totals(struct store_tx *tx, bool stories,
	void (*each)(void *ctx, int64_t feed, int64_t total), void *ctx, struct err *e)
{
	int64_t feed, total;
	struct query q;

	query_begin(&q, tx,
		stories ? "SELECT i.feed AS feed, count(*) FROM story s CROSS JOIN item i"
			  " ON i.id = s.first_item GROUP BY +i.feed ORDER BY 1"
			: "SELECT feed, count(*) FROM item GROUP BY feed ORDER BY feed");
	while (query_row(&q)) {
		query_read(&q, into(&feed), into(&total));
		each(ctx, feed, total);
	}
	return query_end(&q, e);
}
