/* Servers that asked to be left alone. */
#include "store/holds.h"

#include "store/query.h"

int holds_put(struct store_tx *tx, const char *url, int64_t until_ms, int64_t now_ms, struct err *e)
{
	int status = query_exec(tx, e, "DELETE FROM hold WHERE until_ms <= ?", as_int(now_ms));

	if (status)
		return status;
	return query_exec(tx, e,
		"INSERT INTO hold (url, until_ms) VALUES (?, ?) ON CONFLICT DO UPDATE"
		" SET until_ms = max(until_ms, excluded.until_ms)",
		as_text(url), as_int(until_ms));
}

int holds_list(struct store_tx *tx, int64_t now_ms,
	int (*each)(void *ctx, const char *url, int64_t until_ms), void *ctx, struct err *e)
{
	const char *url;
	int64_t until_ms;
	struct query q;

	query_begin(&q, tx, "SELECT url, until_ms FROM hold WHERE until_ms > ?");
	query_bind(&q, as_int(now_ms));
	while (query_row(&q)) {
		query_read(&q, into(&url), into(&until_ms));
		if (each(ctx, url, until_ms) != 0)
			break;
	}
	return query_end(&q, e);
}
