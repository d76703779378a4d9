/* Read and starred: of items, and with them of their stories. */
#include <stdlib.h>
#include <string.h>

#include "store/changes.h"
#include "store/items.h"
#include "store/query.h"
#include "store/stories.h"

/* One line of each kind at a time: items are changed until a line is full, then both are written.
 */
struct marking {
	struct store_tx *tx;
	int read, starred; /* -1, 0, +1 */
	int changed;
	struct change items, stories;
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
static int mark_item(struct marking *m, int64_t id, struct err *e)
{
	struct marked is;
	bool read, starred;
	int64_t unread, stars;
	int status = look_up(m->tx, id, &is, e);

	read = wanted(m->read, is.read);
	starred = wanted(m->starred, is.starred);
	if (status || !is.story || (read == is.read && starred == is.starred))
		return status;
	unread = is.unread + is.read - read;
	stars = is.stars + starred - is.starred;
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

/* Some ids first, since the rows are changed while they would be read. */
static int list_story(struct store_tx *tx, int64_t story, int64_t after,
	int64_t ids[CHANGE_IDS_MAX], int *ret_count, struct err *e)
{
	struct query q;
	int count = 0;

	query_begin(&q, tx, "SELECT id FROM item WHERE story = ? AND id > ? ORDER BY id LIMIT ?");
	query_bind(&q, as_int(story), as_int(after), as_int(CHANGE_IDS_MAX));
	while (count < CHANGE_IDS_MAX && query_row(&q))
		query_read(&q, into(&ids[count++]));
	*ret_count = count;
	return query_end(&q, e);
}

/* A story may be long: its ids are taken by the hundred. */
static int mark_story(struct marking *m, int64_t story, struct err *e)
{
	int64_t ids[CHANGE_IDS_MAX];
	int64_t after = 0, known;
	int status = stories_find(m->tx, story, &known, e), count = 0;

	if (status)
		return status;
	do {
		status = list_story(m->tx, known, after, ids, &count, e);
		for (int n = 0; n < count && status == 0; n++)
			status = mark_item(m, ids[n], e);
		after = count ? ids[count - 1] : after;
	} while (status == 0 && count == CHANGE_IDS_MAX);
	return status;
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
