/* Read, starred and labels: of items, and with them of their stories. */
#include "store/states.h"

#include <stdio.h>
#include <uv.h>

#include "store/changes.h"
#include "store/query.h"
#include "store/stories.h"

/* One line of each kind at a time: items are changed until a line is full, then both are written.
 */
struct marking {
	struct store_tx *tx;
	int read, starred; /* as in items_set_state() */
	const struct label_set *labels;
	int64_t last_id; /* later items stay as they are */
	int changed, turned;
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
	m->turned += stories->id_count;
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
	bool read, starred, labelled = false;
	int64_t unread, stars;
	int status = look_up(m->tx, id, &is, e);

	read = wanted(set_read, is.read);
	starred = wanted(set_starred, is.starred);
	unread = is.unread + is.read - read;
	stars = is.stars + starred - is.starred;
	*ret_unread = unread;
	if (status || !is.story)
		return status;
	if (m->labels)
		status = labels_put(m->tx, id, m->labels, &labelled, e);
	if (status || (read == is.read && starred == is.starred && !labelled))
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

/* Some ids first, since the rows are changed while they would be read. The statement has four
 * parameters: what is asked for, the id to go on behind, how many, and the last id. */
static int turn_some(struct marking *m, const char *sql, struct value what, int read, int starred,
	int64_t *after, struct err *e)
{
	int64_t ids[CHANGE_IDS_MAX], unread;
	struct query q;
	int count = 0, status;

	query_begin(&q, m->tx, sql);
	query_bind(&q, what, as_int(*after), as_int(CHANGE_IDS_MAX), as_int(m->last_id));
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
	" " NAMED ") AND +read = 0 AND id > ?2 AND id <= ?4"
#define IN_ORDER " ORDER BY id LIMIT ?3"

/* What tells the same as the items that were named; of a story it gets the same star. */
static int read_copies(struct marking *m, int starred, struct err *e)
{
	static const char all[] = ALIKE IN_ORDER;
	static const char copies[] = ALIKE " AND coalesce(copy_of, id) IN (SELECT coalesce(copy_of,"
					   " id) FROM item WHERE " NAMED ")" IN_ORDER;
	const struct label_set *labels = m->labels;
	char ids[CHANGE_IDS_MAX * 21 + 2];
	size_t len = 0;
	int status;

	for (int n = 0; n < m->named_count; n++)
		len += (size_t)snprintf(ids + len, sizeof(ids) - len, "%c%lld", n ? ',' : '[',
			(long long)m->named[n]);
	snprintf(ids + len, sizeof(ids) - len, "]");
	m->named_count = 0;
	if (len == 0)
		return 0;
	m->labels = NULL;
	status = turn_all(m, m->read == STATE_READ ? copies : all, as_text(ids), 1, starred, e);
	m->labels = labels;
	return status;
}

/* An item that was named. */
static int mark_item(struct marking *m, int64_t id, struct err *e)
{
	int64_t unread;
	int status;

	if (id > m->last_id)
		return 0;
	status = turn_item(m, id, m->read, m->starred, &unread, e);
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
	if (status || (shown && !m->starred && !m->labels))
		return status;
	return turn_all(m,
		"SELECT id FROM item WHERE story = ?1 AND id > ?2 AND id <= ?4 ORDER BY id"
		" LIMIT ?3",
		as_int(known), shown ? 0 : m->read, m->starred, e);
}

/* -- by ids, or by a filter -- */

static bool agrees(int wish, bool is)
{
	return wish == 0 || (wish > 0) == is;
}

/* The story of an item that was found, if it is one of those that are meant. */
static int mark_found_story(const struct states *s, struct marking *m, int64_t item, struct err *e)
{
	struct marked is;
	int status = look_up(m->tx, item, &is, e);

	if (status || !is.story || !agrees(s->filter.read, is.unread == 0) ||
		!agrees(s->filter.starred, is.stars > 0))
		return status;
	return mark_story(m, is.story, e);
}

static int mark_id(const struct states *s, struct marking *m, int64_t id, struct err *e)
{
	if (s->stories)
		return s->by_items ? mark_found_story(s, m, id, e) : mark_story(m, id, e);
	return mark_item(m, id, e);
}

static int mark_ids(struct states *s, struct marking *m, uint64_t end_ns, struct err *e)
{
	int status = 0;

	do {
		if (s->next < s->count)
			status = mark_id(s, m, s->ids[s->next++], e);
	} while (s->next < s->count && status == 0 && uv_hrtime() < end_ns);
	s->ended = s->next >= s->count;
	return status;
}

struct found {
	int64_t ids[CHANGE_IDS_MAX];
	int count;
};

static int take_id(void *ctx, int64_t id)
{
	struct found *found = ctx;

	found->ids[found->count++] = id;
	return 0;
}

/* Only what is to be turned need be looked at, where one thing is set; and of stories only those
 * items that make them what the filter says, where it says nothing else; of its two wishes one,
 * since other items may fulfil the other. */
static void narrow(const struct states *s, struct item_filter *f)
{
	bool wide = !f->feed && !f->folder && !f->label && f->received_before_ms <= 0;

	if (s->stories) {
		f->read = wide && s->filter.read < 0 ? -1 : 0;
		f->starred = wide && !f->read && s->filter.starred > 0 ? 1 : 0;
	} else if (!s->labels && s->read && !s->starred && !f->read) {
		f->read = s->read > 0 ? -1 : 1;
	} else if (!s->labels && s->starred && !s->read && !f->starred) {
		f->starred = -s->starred;
	}
}

/* A window of ids at a time, so that no query looks through all items for the few that it finds. */
static int mark_window(struct states *s, struct marking *m, struct err *e)
{
	int64_t end = s->at + STATES_WINDOW < s->last_id ? s->at + STATES_WINDOW : s->last_id;
	struct page page = {.ascending = true, .limit = CHANGE_IDS_MAX};
	struct item_filter f = s->filter;
	struct found found = {.count = 0};
	int status;

	narrow(s, &f);
	f.order = ITEMS_BY_ID;
	f.after_id = s->at > f.after_id ? s->at : f.after_id;
	f.before_id = f.before_id && f.before_id <= end ? f.before_id : end + 1;
	status = items_list_ids(m->tx, &f, &page, take_id, &found, e);
	for (int n = 0; n < found.count && status == 0; n++)
		status = s->stories ? mark_found_story(s, m, found.ids[n], e)
				    : mark_item(m, found.ids[n], e);
	s->at = page.more ? found.ids[found.count - 1] : end;
	s->ended = s->at >= s->last_id;
	return status;
}

static int begin_filter(struct store_tx *tx, struct states *s, struct err *e)
{
	int64_t next = 0;
	int status = s->as_of ? changes_next_item(tx, s->as_of, &next, e) : 0;

	s->last_id = next - 1;
	if (status || next)
		return status;
	return query_find_values(
		tx, &s->last_id, e, "SELECT coalesce(max(id), 0) FROM item", NO_VALUES);
}

static int mark_some(struct states *s, struct marking *m, uint64_t end_ns, struct err *e)
{
	int status = 0;

	if (s->ids)
		return mark_ids(s, m, end_ns, e);
	if (s->last_id == 0)
		status = begin_filter(m->tx, s, e);
	m->last_id = s->last_id;
	s->ended = s->last_id <= 0;
	while (!s->ended && status == 0 && uv_hrtime() < end_ns)
		status = mark_window(s, m, e);
	return status;
}

int states_step(struct store_tx *tx, struct states *s, int64_t max_ms, struct err *e)
{
	struct marking m = {
		.tx = tx,
		.read = s->read,
		.starred = s->starred,
		.labels = s->labels,
		.last_id = INT64_MAX,
		.items = {.kind = CHANGE_ITEM_STATE, .time_ms = s->now_ms},
		.stories = {.kind = CHANGE_STORY_STATE, .time_ms = s->now_ms},
	};
	int status = mark_some(s, &m, uv_hrtime() + (uint64_t)max_ms * 1000000, e);

	if (status == 0)
		status = read_copies(&m, 0, e);
	if (status == 0)
		status = end_lines(&m, e);
	if (status == 0) {
		s->changed += m.changed;
		s->turned += m.turned;
	}
	return status;
}

static int mark_all(struct store_tx *tx, struct states *s, int *ret_changed, struct err *e)
{
	int status = 0;

	while (!s->ended && status == 0)
		status = states_step(tx, s, INT32_MAX, e);
	if (status == 0)
		*ret_changed = s->changed;
	return status;
}

int items_set_state(struct store_tx *tx, const int64_t *ids, int count, int read, int starred,
	int64_t now_ms, int *ret_changed, struct err *e)
{
	struct states s = {
		.ids = ids, .count = count, .read = read, .starred = starred, .now_ms = now_ms};

	return mark_all(tx, &s, ret_changed, e);
}

int stories_set_state(struct store_tx *tx, const int64_t *ids, int count, int read, int starred,
	int64_t now_ms, int *ret_changed, struct err *e)
{
	struct states s = {.stories = true,
		.ids = ids,
		.count = count,
		.read = read,
		.starred = starred,
		.now_ms = now_ms};

	return mark_all(tx, &s, ret_changed, e);
}
