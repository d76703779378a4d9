/* What users say of stories, told to the story index in the job that writes it. */
#include "base/err.h"
#include "grouping_parts.h"
#include "store/stories.h"
#include "store/words.h"

/* What is remembered but for a part is forgotten: nobody waits for the rest to be read. */
static int begin_word(struct grouping *g, struct store_tx *tx, struct err *e)
{
	int64_t serial;
	int status = fingerprints_serial(tx, &serial, e);

	if (status)
		return status;
	if (g->index && (!g->complete || serial != g->serial)) {
		story_index_destroy(g->index);
		g->index = NULL;
	}
	g->tx = tx;
	g->said = true;
	g->serial = serial;
	g->changed = false;
	grouping_begin_change(g);
	return 0;
}

static int join_one(
	struct grouping *g, int64_t story, int64_t oldest, int64_t now_ms, struct err *e)
{
	int64_t id;
	int status = stories_find(g->tx, story, &id, e);

	if (status || id == oldest)
		return status;
	status = words_merge(g->tx, id, oldest, now_ms, e);
	if (status || !g->index)
		return status;
	status = story_index_merge(g->index, id, oldest);
	return status ? err_set(e, status, NULL) : 0;
}

static int find_oldest(
	struct store_tx *tx, const int64_t *stories, int count, int64_t *ret_oldest, struct err *e)
{
	int status = 0;

	*ret_oldest = INT64_MAX;
	for (int n = 0; n < count && status == 0; n++) {
		int64_t id;

		status = stories_find(tx, stories[n], &id, e);
		if (status == 0 && !id)
			status = err_set(
				e, ERR_NOT_FOUND, "there is no story %lld", (long long)stories[n]);
		if (status == 0 && id < *ret_oldest)
			*ret_oldest = id;
	}
	return status;
}

int grouping_join(struct grouping *g, struct store_tx *tx, const int64_t *stories, int count,
	int64_t now_ms, int64_t *ret_story, struct err *e)
{
	int status = find_oldest(tx, stories, count, ret_story, e);

	if (status == 0)
		status = begin_word(g, tx, e);
	for (int n = 0; n < count && status == 0; n++)
		status = join_one(g, stories[n], *ret_story, now_ms, e);
	if (status == 0)
		status = words_pin_story(tx, *ret_story, true, now_ms, e);
	return status ? status : grouping_end(g, e);
}

static int place_row(void *ctx, const struct fingerprint_row *row, const struct buf *data)
{
	struct grouping *g = ctx;
	struct fingerprint f;

	if (!fingerprint_read(data->data, data->len, &f))
		return 0;
	return story_index_place(g->index, &(struct index_item){.item = row->item,
						   .story = row->story,
						   .feed = row->feed,
						   .group = row->original,
						   .time_ms = row->time_ms,
						   .fingerprint = &f});
}

int grouping_split(struct grouping *g, struct store_tx *tx, int64_t story, const int64_t *items,
	int count, int64_t now_ms, int64_t *ret_story, struct err *e)
{
	int64_t parts[2];
	int status = words_split(tx, story, items, count, now_ms, &parts[1], e);

	if (status == 0)
		status = stories_find(tx, story, &parts[0], e);
	if (status == 0)
		status = begin_word(g, tx, e);
	if (status == 0 && g->index)
		story_index_clear(g->index, parts[0]);
	for (int n = 0; n < 2 && status == 0; n++) {
		status = fingerprints_regroup(tx, parts[n], e);
		if (status == 0 && g->index)
			status = fingerprints_of_story(tx, parts[n], place_row, g, e);
	}
	*ret_story = parts[1];
	return status ? status : grouping_end(g, e);
}
