/* The change log: lines with reserved numbers, written and read. */
#include "store/changes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "store/query.h"

/* {"time":…,"feed":…,"initial":true,"edit":…,"ids":[…]} with 99 ids of 10 digits */
enum { DETAIL_MAX = 2048 };

static const struct {
	const char *noun, *op;
} kinds[CHANGE_KINDS] = {
#define X(symbol, kind, op) [symbol] = {kind, op},
	CHANGE_LIST(X)
#undef X
};

const char *change_kind_noun(enum change_kind kind)
{
	return kinds[kind].noun;
}

const char *change_kind_op(enum change_kind kind)
{
	return kinds[kind].op;
}

void change_name(struct change *change, int64_t id)
{
	for (int n = 0; n < change->id_count; n++) {
		if (change->ids[n] == id)
			return;
	}
	change->ids[change->id_count++] = id;
}

int64_t changes_reserve(struct store_tx *tx)
{
	return ++tx->seq;
}

/* Only what is not said by the columns, so that most lines are short: members that are absent are
 * 0, false or none. */
static void write_detail(struct buf *out, const struct change *change)
{
	buf_printf(out, "{\"time\":%" PRId64, change->time_ms);
	if (change->feed)
		buf_printf(out, ",\"feed\":%" PRId64, change->feed);
	if (change->initial)
		buf_puts(out, ",\"initial\":true");
	if (change->edit)
		buf_printf(out, ",\"edit\":\"%s\"", change->edit);
	for (int i = 1; i < change->id_count; i++)
		buf_printf(out, "%s%" PRId64, i == 1 ? ",\"ids\":[" : ",", change->ids[i]);
	buf_puts(out, change->id_count > 1 ? "]}" : "}");
}

int changes_put(struct store_tx *tx, const struct change *change, struct err *e)
{
	struct buf detail;

	buf_init(&detail, DETAIL_MAX);
	write_detail(&detail, change);
	int status = buf_status(&detail);
	if (status < 0)
		err_set(e, status, NULL);
	else
		status = query_exec(tx, e,
			"INSERT INTO change (seq, kind, op, id, detail) VALUES (?, ?, ?, ?, ?)",
			as_int(change->seq), as_text(kinds[change->kind].noun),
			as_text(kinds[change->kind].op),
			as_id(change->id_count ? change->ids[0] : 0), as_text(buf_string(&detail)));
	buf_finish(&detail);
	if (status == 0 && change->seq > tx->put)
		tx->put = change->seq;
	return status;
}

int changes_add(struct store_tx *tx, enum change_kind kind, int64_t id, int64_t now_ms,
	int64_t *ret_seq, struct err *e)
{
	const struct change change = {.seq = changes_reserve(tx),
		.kind = kind,
		.time_ms = now_ms,
		.ids = {id},
		.id_count = 1};
	int status = changes_put(tx, &change, e);

	if (status == 0 && ret_seq)
		*ret_seq = change.seq;
	return status;
}

/* Kinds are stored as words: the log outlives the order of an enum, and sqlite3 shows it to people.
 */
static int read_kind(const char *noun, const char *op, enum change_kind *ret_kind, struct err *e)
{
	for (int kind = 0; noun && op && kind < CHANGE_KINDS; kind++) {
		if (strcmp(kinds[kind].noun, noun) != 0 || strcmp(kinds[kind].op, op) != 0)
			continue;
		*ret_kind = (enum change_kind)kind;
		return 0;
	}
	return err_set(e, ERR_CORRUPT, "the change log has a line of no known kind");
}

/* The ids beyond the first: an array of numbers as write_detail() wrote it. */
static void read_ids(const char *array, struct change *change)
{
	while (array && *array && *array != ']' && change->id_count < CHANGE_IDS_MAX) {
		char *end;

		change->ids[change->id_count++] = strtoll(array + 1, &end, 10);
		array = end;
	}
}

static int read_change(struct query *q, struct change *change, struct err *e)
{
	const char *noun, *op, *ids;
	int64_t first;

	*change = (struct change){0};
	query_read(q, into(&change->seq), into(&first), into(&change->time_ms), into(&change->feed),
		into(&change->initial), into(&change->edit), into(&ids), into(&noun), into(&op));
	if (first)
		change->ids[change->id_count++] = first;
	read_ids(ids, change);
	return read_kind(noun, op, &change->kind, e);
}

int changes_list(struct store_tx *tx, int64_t since, int limit,
	int (*each)(void *ctx, const struct change *change), void *ctx, bool *ret_more,
	struct err *e)
{
	struct change change;
	bool more = false;
	int status = 0;
	struct query q;

	/* SQLite reads the JSON. There is no LIMIT: the rows come by their key as they are asked
	 * for. */
	query_begin(&q, tx,
		"SELECT seq, id, detail ->> 'time', detail ->> 'feed', detail ->> 'initial',"
		" detail ->> 'edit', detail -> 'ids', kind, op FROM change WHERE seq > ? ORDER BY "
		"seq");
	query_bind(&q, as_int(since));
	while (query_row(&q)) {
		more = limit-- <= 0;
		if (more)
			break;
		status = read_change(&q, &change, e);
		if (status)
			break;
		more = each(ctx, &change) != 0;
		if (more)
			break;
	}
	int ended = query_end(&q, status ? NULL : e);
	if (ret_more)
		*ret_more = more;
	return status ? status : ended;
}

int changes_next_item(struct store_tx *tx, int64_t seq, int64_t *ret_item, struct err *e)
{
	return query_find(tx, ret_item, e,
		"SELECT id FROM change WHERE seq > ? AND kind = 'item' AND op = 'new' ORDER BY seq"
		" LIMIT 1",
		as_int(seq));
}

int changes_get_time(struct store_tx *tx, int64_t seq, int64_t *ret_time_ms, struct err *e)
{
	int status;

	*ret_time_ms = TIME_NONE;
	status = query_one(tx, NULL, e, "SELECT detail ->> 'time' FROM change WHERE seq = ?",
		VALUES(as_int(seq)), COLUMNS(into_time(ret_time_ms)));
	return status < 0 ? status : 0;
}

/* Numbers and times grow together: it is halved until it is found. */
int changes_find_time(struct store_tx *tx, int64_t time_ms, int64_t *ret_seq, struct err *e)
{
	int64_t low = store_tx_min_seq(tx), high = store_tx_seq(tx) + 1;

	*ret_seq = 0;
	while (low < high) {
		int64_t middle = low + (high - low) / 2, seq = 0, then = INT64_MAX;
		int status = query_one(tx, NULL, e,
			"SELECT seq, detail ->> 'time' FROM change WHERE seq >= ? ORDER BY seq"
			" LIMIT 1",
			VALUES(as_int(middle)), COLUMNS(into(&seq), into_time(&then)));

		if (status < 0)
			return status;
		if (then < time_ms) {
			*ret_seq = seq;
			low = seq + 1;
		} else {
			high = middle;
		}
	}
	return 0;
}

int changes_prune(struct store_tx *tx, int64_t now_ms, int limit, bool *ret_more, struct err *e)
{
	int64_t last;
	int status = query_find(tx, &last, e,
		"SELECT max(seq) FROM (SELECT seq, detail ->> 'time' AS time_ms FROM change"
		" WHERE seq < (SELECT max(seq) FROM change) ORDER BY seq LIMIT ?)"
		" WHERE time_ms < ?",
		as_int(limit), as_int(now_ms - CHANGES_KEPT_MS));

	*ret_more = false;
	if (status || !last)
		return status;
	status = query_exec(tx, e, "DELETE FROM change WHERE seq <= ?", as_int(last));
	*ret_more = query_changes(tx) == limit;
	if (status == 0)
		status = query_exec(
			tx, e, "UPDATE meta SET value = ? WHERE key = 'min_seq'", as_int(last + 1));
	return status;
}
