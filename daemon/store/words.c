/* What users say of stories. */
#include "store/words.h"

#include "base/url.h"
#include "limits.h"
#include "store/query.h"
#include "store/stories.h"

/* -- pinned -- */

/* What is said when an item is not pinned (any more): it may still be held. */
#define HELD                                                                                       \
	"-(EXISTS (SELECT 1 FROM story_apart WHERE one = story)"                                   \
	" OR EXISTS (SELECT 1 FROM story_apart WHERE other = story))"

/* By the hundred, each with a line, whose number tells which word was the last. */
static int pin_some(struct store_tx *tx, int64_t story, bool pinned, int64_t *after,
	struct change *line, struct err *e)
{
	struct query q;
	int status;

	line->id_count = 0;
	query_begin(&q, tx, "SELECT id FROM item WHERE story = ? AND id > ? ORDER BY id LIMIT ?");
	query_bind(&q, as_int(story), as_int(*after), as_int(CHANGE_IDS_MAX));
	while (query_row(&q))
		query_read(&q, into(&line->ids[line->id_count++]));
	status = query_end(&q, e);
	if (status || line->id_count == 0)
		return status;
	line->seq = changes_reserve(tx);
	status = query_exec(tx, e,
		"UPDATE item SET rev = ?1, pinned = iif(?, ?1, " HELD ") WHERE story = ? AND id > ?"
		" AND id <= ?",
		as_int(line->seq), as_int(pinned), as_int(story), as_int(*after),
		as_int(line->ids[line->id_count - 1]));
	*after = line->ids[line->id_count - 1];
	return status ? status : changes_put(tx, line, e);
}

static int find(struct store_tx *tx, int64_t story, int64_t *ret_id, struct err *e)
{
	int status = stories_find(tx, story, ret_id, e);

	return status ? status : query_found(*ret_id != 0, "story", story, e);
}

int words_pin_story(struct store_tx *tx, int64_t story, bool pinned, int64_t now_ms, struct err *e)
{
	struct change line = {.kind = CHANGE_ITEM_UPDATE, .time_ms = now_ms};
	int64_t after = 0, id;
	int status = find(tx, story, &id, e);

	do
		status = status ? status : pin_some(tx, id, pinned, &after, &line, e);
	while (status == 0 && line.id_count == CHANGE_IDS_MAX);
	return status;
}

int words_pin_item(struct store_tx *tx, int64_t item, bool pinned, int64_t now_ms, struct err *e)
{
	struct change line = {.kind = CHANGE_ITEM_UPDATE,
		.time_ms = now_ms,
		.seq = changes_reserve(tx),
		.ids = {item},
		.id_count = 1};
	int status = query_exec(tx, e,
		"UPDATE item SET rev = ?1, pinned = iif(?, ?1, " HELD ") WHERE id = ?",
		as_int(line.seq), as_int(pinned), as_int(item));

	if (status == 0)
		status = query_found(query_changes(tx), "item", item, e);
	return status ? status : changes_put(tx, &line, e);
}

/* -- apart -- */

int words_join(struct store_tx *tx, int64_t one, int64_t other, struct err *e)
{
	return query_exec(tx, e,
		"DELETE FROM story_apart WHERE (one = ?1 AND other = ?2) OR (one = ?2 AND other = "
		"?1)",
		as_int(one), as_int(other));
}

static int keep_apart(
	struct store_tx *tx, int64_t one, int64_t other, struct change *line, struct err *e)
{
	int status = words_join(tx, one, other, e);

	if (status == 0)
		status = query_exec(tx, e, "INSERT INTO story_apart (one, other) VALUES (?, ?)",
			as_int(one), as_int(other));
	if (status == 0)
		status = query_exec(tx, e,
			"UPDATE item SET pinned = -1 WHERE pinned = 0 AND story IN (?, ?)",
			as_int(one), as_int(other));
	line->seq = changes_reserve(tx);
	if (status == 0)
		status = query_exec(tx, e, "UPDATE story SET rev = ? WHERE id IN (?, ?)",
			as_int(line->seq), as_int(one), as_int(other));
	return status ? status : changes_put(tx, line, e);
}

int words_part(struct store_tx *tx, int64_t one, int64_t other, int64_t now_ms, struct err *e)
{
	struct change line = {.kind = CHANGE_STORY_STATE, .time_ms = now_ms};
	int status = find(tx, one, &one, e);

	if (status == 0)
		status = find(tx, other, &other, e);
	if (status)
		return status;
	if (one == other)
		return err_set(e, ERR_INVALID, "that is one story by now: split it");
	change_name(&line, one);
	change_name(&line, other);
	return keep_apart(tx, one, other, &line, e);
}

int words_forbid_merge(
	struct store_tx *tx, int64_t younger, int64_t older, bool *ret_forbid, struct err *e)
{
	int64_t said = 0;
	int status = query_find(tx, &said, e,
		"SELECT EXISTS (SELECT 1 FROM story_apart WHERE (one = ?1 AND other = ?2)"
		" OR (one = ?2 AND other = ?1))"
		" OR EXISTS (SELECT 1 FROM item WHERE story = ?1 AND pinned > 0)",
		as_int(younger), as_int(older));

	*ret_forbid = said != 0;
	return status;
}

int words_list_apart(struct store_tx *tx, int64_t story, void (*each)(void *ctx, int64_t other),
	void *ctx, struct err *e)
{
	int64_t other;
	struct query q;

	query_begin(&q, tx,
		"SELECT other FROM story_apart WHERE one = ?1"
		" UNION SELECT one FROM story_apart WHERE other = ?1 ORDER BY 1");
	query_bind(&q, as_int(story));
	while (query_row(&q)) {
		query_read(&q, into(&other));
		each(ctx, other);
	}
	return query_end(&q, e);
}

/* -- merged and split -- */

int words_merge(struct store_tx *tx, int64_t younger, int64_t older, int64_t now_ms, struct err *e)
{
	int status = words_join(tx, younger, older, e);

	if (status == 0)
		status = query_exec(tx, e,
			"UPDATE item SET reason = ? WHERE story = ? AND reason = ?",
			as_int(STORY_MANUAL), as_int(younger), as_int(STORY_FIRST));
	return status ? status : stories_merge(tx, younger, older, now_ms, e);
}

static int split_some(struct store_tx *tx, struct story_part *part, const int64_t *items, int count,
	int64_t now_ms, struct err *e)
{
	int status = stories_part_begin(tx, part, now_ms, e);

	for (int n = 0; n < count && status == 0; n++) {
		const struct story_join join = {.item = items[n], .reason = STORY_MANUAL};

		status = stories_part_add(tx, part, &join, e);
		if (status == 0 && part->items.id_count <= n)
			status = err_set(e, ERR_NOT_FOUND, "there is no item %lld in story %lld",
				(long long)items[n], (long long)part->from);
	}
	return status ? status : stories_part_end(tx, part, e);
}

int words_split(struct store_tx *tx, int64_t story, const int64_t *items, int count, int64_t now_ms,
	int64_t *ret_story, struct err *e)
{
	struct story_part part = {.by_user = true};
	int64_t all = 0;
	int status = find(tx, story, &part.from, e);

	if (status == 0)
		status = query_find(
			tx, &all, e, "SELECT items FROM story WHERE id = ?", as_int(part.from));
	if (status == 0 && (count < 1 || count >= all))
		return err_set(e, ERR_INVALID, "some of the story's items, not %s: it has %lld",
			count < 1 ? "none" : "all", (long long)all);
	for (int n = 0; n < count && status == 0; n += CHANGE_IDS_MAX)
		status = split_some(tx, &part, items + n,
			count - n < CHANGE_IDS_MAX ? count - n : CHANGE_IDS_MAX, now_ms, e);
	*ret_story = part.into_story;
	return status ? status : words_part(tx, part.from, part.into_story, now_ms, e);
}

/* -- never -- */

int words_set_never(struct store_tx *tx, const char *host, bool never, struct err *e)
{
	int64_t count = 0;
	int status;

	if (!never) {
		status = query_exec(tx, e, "DELETE FROM story_never WHERE host = ?", as_text(host));
		if (status == 0 && !query_changes(tx))
			status = err_set(
				e, ERR_NOT_FOUND, "nothing was said of the host %.200s", host);
		return status;
	}
	status = query_find_values(tx, &count, e, "SELECT count(*) FROM story_never", NO_VALUES);
	if (status == 0 && count >= STORY_HOSTS_MAX)
		return err_set(e, ERR_INVALID, "there are %d such hosts already", STORY_HOSTS_MAX);
	if (status)
		return status;
	return query_exec(
		tx, e, "INSERT OR IGNORE INTO story_never (host) VALUES (?)", as_text(host));
}

int words_list_never(
	struct store_tx *tx, void (*each)(void *ctx, const char *host), void *ctx, struct err *e)
{
	const char *host;
	struct query q;

	query_begin(&q, tx, "SELECT host FROM story_never ORDER BY host");
	while (query_row(&q)) {
		query_read(&q, into(&host));
		each(ctx, host);
	}
	return query_end(&q, e);
}

static int match(struct store_tx *tx, const char *host, bool *ret_never, struct err *e)
{
	int64_t found = 0;
	int status = query_find(tx, &found, e,
		"SELECT EXISTS (SELECT 1 FROM story_never WHERE host = ?1"
		" OR substr(?1, -length(host) - 1) = '.' || host)",
		as_text(host));

	*ret_never = found != 0;
	return status;
}

int words_is_never(struct store_tx *tx, const char *link, bool *ret_never, struct err *e)
{
	struct url_parts parts;
	struct arena arena;
	int64_t any = 0;
	int status = query_find_values(
		tx, &any, e, "SELECT EXISTS (SELECT 1 FROM story_never)", NO_VALUES);

	*ret_never = false;
	if (status || !any || !link)
		return status;
	arena_init(&arena, STORE_ROW_BYTES);
	status = url_split(link, &arena, &parts);
	if (status == 0)
		status = match(tx, parts.host, ret_never, e);
	else if (status == ERR_INVALID)
		status = 0;
	arena_finish(&arena);
	return status;
}
