/* Read and starred: of items, and with them of their stories. */
#include <stdio.h>

#include "store/changes.h"
#include "store/items.h"
#include "store/query.h"
#include "store/stories.h"

/* One line of each kind at a time: items are changed until a line is full, then both are written.
 */
struct marking {
	struct store_tx *tx;
	int read, starred; /* as in items_set_state() */
	int changed;
	struct change items, stories;
	/* items that are read now and whose copies may not be yet */
	int64_t named[CHANGE_IDS_MAX];
	int named_count;
};

static bool wanted(int setting, bool is)
{
	return setting ? setting > 0 : is;
}

struct marked {
	int64_t story, unread, stars; /* the story and its counts */
	bool read, starred;
};

static int look_up(struct store_tx *tx, int64_t id, struct marked *ret_is, struct err *e)
{
	*ret_is = (struct marked){0};
	int status = query_one(tx, NULL, e,
		"SELECT i.story, s.unread, s.starred, i.read, i.starred FROM item i JOIN story"
		" s ON s.id = i.story WHERE i.id = ?",
		VALUES(as_int(id)),
		COLUMNS(into(&ret_is->story), into(&ret_is->unread), into(&ret_is->stars),
			into(&ret_is->read), into(&ret_is->starred)));

	return status < 0 ? status : 0;
}

/* Items first, since the stories' number is only taken when there are any; lines are put in order
 * of numbers. */
static int end_lines(struct marking *m, struct err *e)
{
	struct change *stories = &m->stories;
	int status = 0;

	if (m->items.id_count)
		status = changes_put(m->tx, &m->items, e);
	if (stories->id_count)
		stories->seq = changes_reserve(m->tx);
	for (int n = 0; n < stories->id_count && status == 0; n++)
		status = query_exec(m->tx, e, "UPDATE story SET rev = ? WHERE id = ?",
			as_int(stories->seq), as_int(stories->ids[n]));
	if (stories->id_count && status == 0)
		status = changes_put(m->tx, stories, e);
	m->items.id_count = 0;
	stories->id_count = 0;
	return status;
}

static int write_item(struct marking *m, int64_t id, bool read, bool starred, struct err *e)
{
	if (m->items.id_count == 0)
		m->items.seq = changes_reserve(m->tx);
	m->items.ids[m->items.id_count++] = id;
	m->changed++;
	return query_exec(m->tx, e, "UPDATE item SET read = ?, starred = ?, rev = ? WHERE id = ?",
		as_int(read), as_int(starred), as_int(m->items.seq), as_int(id));
}

/* A story has a line when what a reader sees of it turns: all read, any starred. */
static int turn_item(struct marking *m, int64_t id, int set_read, int set_starred,
	int64_t *ret_unread, struct err *e)
{
	struct marked is;
	bool read, starred;
	int64_t unread, stars;
	int status = look_up(m->tx, id, &is, e);

	read = wanted(set_read, is.read);
	starred = wanted(set_starred, is.starred);
	unread = is.unread + is.read - read;
	stars = is.stars + starred - is.starred;
	*ret_unread = unread;
	if (status || !is.story || (read == is.read && starred == is.starred))
		return status;
	status = write_item(m, id, read, starred, e);
	if (status == 0)
		status = query_exec(m->tx, e,
			"UPDATE story SET unread = ?, starred = ? WHERE id = ?", as_int(unread),
			as_int(stars), as_int(is.story));
	if ((unread == 0) != (is.unread == 0) || (stars == 0) != (is.stars == 0))
		change_name(&m->stories, is.story);
	if (status == 0 && m->items.id_count == CHANGE_IDS_MAX)
		status = end_lines(m, e);
	return status;
}

/* Some ids first, since the rows are changed while they would be read. The statement has three
 * parameters: what is asked for, the id to go on behind, and how many. */
static int turn_some(struct marking *m, const char *sql, struct value what, int read, int starred,
	int64_t *after, struct err *e)
{
	int64_t ids[CHANGE_IDS_MAX], unread;
	struct query q;
	int count = 0, status;

	query_begin(&q, m->tx, sql);
	query_bind(&q, what, as_int(*after), as_int(CHANGE_IDS_MAX));
	while (count < CHANGE_IDS_MAX && query_row(&q))
		query_read(&q, into(&ids[count++]));
	status = query_end(&q, e);
	*after = count == CHANGE_IDS_MAX ? ids[count - 1] : 0;
	for (int n = 0; n < count && status == 0; n++)
		status = turn_item(m, ids[n], read, starred, &unread, e);
	return status;
}

/* Stories and texts may be long: ids are taken by the hundred. */
static int turn_all(
	struct marking *m, const char *sql, struct value what, int read, int starred, struct err *e)
{
	int64_t after = 0;
	int status;

	do
		status = turn_some(m, sql, what, read, starred, &after, e);
	while (status == 0 && after);
	return status;
}

/* ?1 are items as a JSON array. Their stories' items are looked through once for all of them. */
#define NAMED "id IN (SELECT value FROM json_each(?1))"
#define ALIKE                                                                                      \
	"SELECT id FROM item INDEXED BY item_story WHERE story IN (SELECT story FROM item WHERE"   \
	" " NAMED ") AND +read = 0 AND id > ?2"
#define IN_ORDER " ORDER BY id LIMIT ?3"

/* What tells the same as the items that were named; of a story it gets the same star. */
static int read_copies(struct marking *m, int starred, struct err *e)
{
	static const char all[] = ALIKE IN_ORDER;
	static const char copies[] = ALIKE " AND coalesce(copy_of, id) IN (SELECT coalesce(copy_of,"
					   " id) FROM item WHERE " NAMED ")" IN_ORDER;
	char ids[CHANGE_IDS_MAX * 21 + 2];
	size_t len = 0;

	for (int n = 0; n < m->named_count; n++)
		len += (size_t)snprintf(ids + len, sizeof(ids) - len, "%c%lld", n ? ',' : '[',
			(long long)m->named[n]);
	snprintf(ids + len, sizeof(ids) - len, "]");
	m->named_count = 0;
	return len ? turn_all(m, m->read == STATE_READ ? copies : all, as_text(ids), 1, starred, e)
		   : 0;
}

/* An item that was named. */
static int mark_item(struct marking *m, int64_t id, struct err *e)
{
	int64_t unread;
	int status = turn_item(m, id, m->read, m->starred, &unread, e);

	if (status || m->read <= 0 || unread == 0)
		return status;
	m->named[m->named_count++] = id;
	return m->named_count == CHANGE_IDS_MAX ? read_copies(m, 0, e) : 0;
}

static int mark_story(struct marking *m, int64_t story, struct err *e)
{
	bool shown = m->read == STATE_READ;
	int64_t known, item;
	int status = stories_find(m->tx, story, &known, e);

	if (status == 0 && shown) {
		status = query_find(m->tx, &item, e,
			"SELECT coalesce(lead, first_item) FROM story WHERE id = ?", as_int(known));
		if (status == 0)
			status = mark_item(m, item, e);
		if (status == 0)
			status = read_copies(m, m->starred, e);
	}
	if (status || (shown && !m->starred))
		return status;
	return turn_all(m, "SELECT id FROM item WHERE story = ? AND id > ? ORDER BY id LIMIT ?",
		as_int(known), shown ? 0 : m->read, m->starred, e);
}

static int mark_all(struct store_tx *tx, const int64_t *ids, int count, int read, int starred,
	int64_t now_ms, int (*mark)(struct marking *m, int64_t id, struct err *e), int *ret_changed,
	struct err *e)
{
	struct marking m = {
		.tx = tx,
		.read = read,
		.starred = starred,
		.items = {.kind = CHANGE_ITEM_STATE, .time_ms = now_ms},
		.stories = {.kind = CHANGE_STORY_STATE, .time_ms = now_ms},
	};
	int status = 0;

	for (int n = 0; n < count && status == 0; n++)
		status = mark(&m, ids[n], e);
	if (status == 0)
		status = read_copies(&m, 0, e);
	if (status == 0)
		status = end_lines(&m, e);
	if (status == 0)
		*ret_changed = m.changed;
	return status;
}

int items_set_state(struct store_tx *tx, const int64_t *ids, int count, int read, int starred,
	int64_t now_ms, int *ret_changed, struct err *e)
{
	return mark_all(tx, ids, count, read, starred, now_ms, mark_item, ret_changed, e);
}

int stories_set_state(struct store_tx *tx, const int64_t *ids, int count, int read, int starred,
	int64_t now_ms, int *ret_changed, struct err *e)
{
	return mark_all(tx, ids, count, read, starred, now_ms, mark_story, ret_changed, e);
}
