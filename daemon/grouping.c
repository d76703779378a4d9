/* Which story an item belongs to: the story index at work. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/secret.h"
#include "base/times.h"
#include "base/utf8.h"
#include "grouping_parts.h"
#include "limits.h"
#include "store/stories.h"
#include "store/words.h"

enum { WORD_BYTES = 128 };

bool grouping_load_one(void *ctx, int64_t item, struct fingerprint *ret_fingerprint)
{
	struct grouping *g = ctx;

	buf_reset(&g->data);
	return fingerprints_get(g->tx, item, &g->data, NULL) > 0 &&
	       fingerprint_read(g->data.data, g->data.len, ret_fingerprint);
}

void grouping_set_level(struct grouping *g, enum grouping_level level)
{
	g->level = level;
}

struct grouping *grouping_create(enum grouping_level level)
{
	struct grouping *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->level = level;
	if (secret_random(&g->seed, sizeof(g->seed)) < 0)
		g->seed = uv_hrtime();
	buf_init(&g->data, STORE_FINGERPRINT_BYTES);
	return g;
}

void grouping_destroy(struct grouping *g)
{
	if (!g)
		return;
	rebuild_destroy(g->rebuild);
	story_index_destroy(g->index);
	buf_finish(&g->data);
	free(g);
}

bool grouping_takes(int64_t time_ms, int64_t now_ms)
{
	return time_ms >= now_ms - STORY_WINDOW_MS;
}

/* -- reading what there is -- */

static int64_t since_ms(const struct grouping *g)
{
	return (g->week - 1) * STORY_WINDOW_MS;
}

static int forget(struct grouping *g, int64_t now_ms)
{
	story_index_destroy(g->index);
	g->index = story_index_create(grouping_load_one, g, g->seed);
	g->week = now_ms / STORY_WINDOW_MS;
	g->loaded = 0;
	g->complete = false;
	g->changed = false;
	g->old = true;
	return g->index ? 0 : ERR_NOMEM;
}

static int take_row(void *ctx, const struct fingerprint_row *row, const struct buf *data)
{
	struct grouping *g = ctx;
	struct fingerprint f;
	int status;

	g->loaded = row->item;
	if (!fingerprint_read(data->data, data->len, &f))
		return 0;
	status = story_index_add(g->index, &(struct index_item){.item = row->item,
						   .story = row->story,
						   .feed = row->feed,
						   .group = row->original,
						   .time_ms = row->time_ms,
						   .fingerprint = &f});
	return status == ERR_TOO_BIG ? 0 : status;
}

/* Polls at the turn of the week may be stored in another order than they were received in. */
static bool is_of_another_week(const struct grouping *g, int64_t now_ms)
{
	int64_t week = now_ms / STORY_WINDOW_MS;

	return week > g->week || week < g->week - 1;
}

/* Two weeks are remembered at the most, and one at the least; the older one is forgotten as a
 * whole, so that a start in between finds the same. */
int grouping_load(struct grouping *g, struct store_tx *tx, int64_t now_ms, int items,
	bool *ret_more, struct err *e)
{
	int64_t serial;
	int count = 0, status = fingerprints_serial(tx, &serial, e);

	*ret_more = false;
	if (atomic_exchange(&g->cut_off, false)) {
		g->rebuilding = false;
		g->serial = -1;
	}
	if (status)
		return status;
	if (!g->index || is_of_another_week(g, now_ms) || serial != g->serial)
		status = forget(g, now_ms);
	g->serial = serial;
	if (status || g->complete)
		return status ? err_set(e, status, NULL) : 0;
	status = fingerprints_list(tx, g->loaded, since_ms(g), items, take_row, g, &count, e);
	if (status) {
		story_index_destroy(g->index);
		g->index = NULL;
		return status;
	}
	g->complete = count < items;
	*ret_more = !g->complete;
	return 0;
}

static int load_some(struct store_tx *tx, void *arg, struct err *e)
{
	struct grouping *g = arg;
	int status = fingerprints_unfinished(tx, &g->unfinished_ms, e);

	if (status)
		return status;
	return grouping_load(g, tx, times_now_ms(), STORY_LOAD_ITEMS, &g->more, e);
}

/* What fails is read by the first poll. */
static void loaded_some(struct store_job *job)
{
	struct grouping *g = job->arg;

	if (job->status == 0 && g->more)
		grouping_warm(g, g->store);
	else if (job->status == 0 && g->unfinished_ms)
		(void)!grouping_rebuild(g, g->store, g->unfinished_ms, NULL);
}

void grouping_warm(struct grouping *g, struct store *store)
{
	g->store = store;
	g->job = (struct store_job){
		.class = STORE_POLL, .run = load_some, .done = loaded_some, .arg = g};
	(void)!store_write(store, &g->job);
}

int grouping_begin(struct grouping *g, struct store_tx *tx, int64_t now_ms, struct err *e)
{
	bool more;
	int status;

	g->tx = tx;
	g->changed = false;
	g->job_level = g->level == GROUPING_OFF ? GROUPING_REPRINTS : g->level;
	do
		status = grouping_load(g, tx, now_ms, STORY_LOAD_ITEMS, &more, e);
	while (status == 0 && more);
	return status;
}

void grouping_choose_level(struct grouping *g, enum grouping_level level)
{
	if (level != GROUPING_INHERITED)
		g->job_level = level;
}

/* -- one item -- */

/* Stories go when their items do; of those the index learns only here. */
static int check(struct grouping *g, int64_t *story, struct err *e)
{
	int64_t id = *story;
	int status = id ? stories_find(g->tx, id, story, e) : 0;

	if (status == 0 && *story != id)
		*story = 0;
	return status;
}

const struct index_level *grouping_index_level(enum grouping_level level)
{
	static const struct index_level *const levels[] = {
		[GROUPING_STRICT] = &index_level_strict,
		[GROUPING_NORMAL] = &index_level_normal,
		[GROUPING_WIDE] = &index_level_wide,
	};

	return (size_t)level < sizeof(levels) / sizeof(levels[0]) ? levels[level] : NULL;
}

int grouping_judge(struct grouping *g, const struct index_item *item, struct verdict *ret_verdict,
	struct err *e)
{
	int status;

	story_index_judge(g->index, item, grouping_index_level(g->job_level), ret_verdict);
	status = check(g, &ret_verdict->story, e);
	if (status == 0)
		status = check(g, &ret_verdict->merge, e);
	if (status == 0 && ret_verdict->story == 0)
		*ret_verdict = (struct verdict){.kind = VERDICT_NEW};
	return status;
}

static void put_words(const char *text, uint32_t *keys, int count, struct json *j)
{
	char word[WORD_BYTES];
	struct token token;
	struct tokens t;

	tokens_init(&t, text, strlen(text));
	while (tokens_next(&t, &token)) {
		for (int i = 0; i < count; i++) {
			if (token.term >> 8 != keys[i])
				continue;
			snprintf(word, sizeof(word), "%.*s",
				(int)utf8_cut(token.text, token.len, WORD_BYTES - 1), token.text);
			json_put_string(j, NULL, word);
			keys[i] = UINT32_MAX; /* each once */
		}
	}
}

void grouping_words(
	const struct verdict *verdict, const char *title, const char *text, struct buf *out)
{
	uint32_t keys[INDEX_EVIDENCE_MAX];
	struct json j;

	if (verdict->evidence_count == 0)
		return;
	memcpy(keys, verdict->evidence, sizeof(keys));
	json_init(&j, out);
	json_put_array(&j, NULL);
	if (title)
		put_words(title, keys, verdict->evidence_count, &j);
	if (text)
		put_words(text, keys, verdict->evidence_count, &j);
	json_end(&j);
}

/* From here on what is remembered is ahead of the database, until the job and its commit are done.
 */
void grouping_begin_change(struct grouping *g)
{
	if (!g->changed)
		g->serial++;
	g->changed = true;
}

static int write_row(
	struct grouping *g, const struct index_item *item, enum grouping_level level, struct err *e)
{
	const struct fingerprint_row row = {.item = item->item,
		.original = item->group,
		.time_ms = item->time_ms,
		.level = (int)level};
	size_t len = fingerprint_bytes(item->fingerprint);

	buf_reset(&g->data);
	if (buf_reserve(&g->data, len))
		return err_set(e, buf_status(&g->data), NULL);
	fingerprint_write(item->fingerprint, (unsigned char *)g->data.data);
	g->data.len = len;
	return fingerprints_put(g->tx, &row, &g->data, e);
}

/* The headline of a story is that of the item nearest to what all of them tell, the earliest on
 * ties. It stays unless a new one is clearly nearer: most items are not even compared with it. */
int grouping_choose_lead(
	struct grouping *g, struct story_index *index, int64_t item, int64_t story, struct err *e)
{
	int64_t lead;
	int status;

	if (!story_index_is_nearer(index, item, 0))
		return 0;
	status = stories_find_lead(g->tx, story, item, &lead, e);
	if (status || !lead || !story_index_is_nearer(index, item, lead))
		return status;
	return stories_set_lead(g->tx, story, item, e);
}

int grouping_is_never(struct grouping *g, const char *link, bool *ret_never, struct err *e)
{
	return words_is_never(g->tx, link, ret_never, e);
}

int grouping_add(struct grouping *g, const struct index_item *item, bool never, struct err *e)
{
	struct index_item known = *item;
	int status;

	known.group = item->group ? item->group : item->item;
	if (never)
		return write_row(g, &known, GROUPING_OFF, e);
	grouping_begin_change(g);
	status = story_index_add(g->index, &known);
	if (status == ERR_TOO_BIG)
		return 0;
	if (status)
		return err_set(e, status, NULL);
	status = write_row(g, &known, g->job_level, e);
	return status ? status : grouping_choose_lead(g, g->index, known.item, known.story, e);
}

int grouping_merge(struct grouping *g, int64_t one, int64_t other, int64_t now_ms, struct err *e)
{
	int64_t older, younger;
	bool forbidden = false;
	int status = stories_find(g->tx, one, &one, e);

	if (status == 0)
		status = stories_find(g->tx, other, &other, e);
	if (status || !one || !other || one == other || g->rebuilding)
		return status;
	older = one < other ? one : other;
	younger = one < other ? other : one;
	status = words_forbid_merge(g->tx, younger, older, &forbidden, e);
	if (status || forbidden)
		return status;
	grouping_begin_change(g);
	status = story_index_merge(g->index, younger, older);
	if (status)
		return err_set(e, status, NULL);
	return stories_merge(g->tx, younger, older, now_ms, e);
}

int grouping_end(struct grouping *g, struct err *e)
{
	int status = g->changed ? fingerprints_set_serial(g->tx, g->serial, e) : 0;

	if (status == 0 && g->old)
		status = fingerprints_prune(g->tx, since_ms(g), STORY_PRUNE_ITEMS, &g->old, e);
	return status;
}
