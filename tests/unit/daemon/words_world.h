/* What the tests of users' words share: items that polls put into stories by their texts, and what
 * became of them. */
#ifndef TESTS_UNIT_DAEMON_WORDS_WORLD_H
#define TESTS_UNIT_DAEMON_WORDS_WORLD_H

#include "unit/store/fixture.h"

#include "draft.h"
#include "grouping.h"
#include "ingest.h"
#include "store/words.h"

#define DAY (24 * 3600 * 1000LL)

enum { FEEDS = 9, ARENA_BYTES = 8 << 20, STATE_BYTES = 4096 };

struct world {
	struct fixture f;
	struct grouping *grouping;
	enum grouping_level level;
	int64_t now_ms;
};

static const char wire[] =
	"<p>The president landed in the capital on Tuesday night for talks with his host, the "
	"first "
	"visit of its kind in twenty-four years. Both sides are expected to sign a treaty on "
	"mutual "
	"defence, officials said, while thousands of people lined the avenues with flags.</p>"
	"<p>Diplomats in the region watched with unease; the sanctions that both countries face "
	"have "
	"brought them closer together than at any time since the end of the cold war.</p>";

/* Other words about the same. */
static const char report[] =
	"<p>Flags, portraits and a handshake at the airport: the capital received the president on "
	"Tuesday night. A treaty on mutual defence is to be signed, and the host, who waited at "
	"the "
	"foot of the stairs, spoke of a visit that the region will remember.</p>";

static const char garden[] =
	"<p>Tomatoes want warmth, water in the morning and patience. Our gardener explains how to "
	"tie "
	"them, when to pinch out the side shoots, and why the lowest leaves should go first.</p>";

static inline int add_feeds(struct store_tx *tx, void *arg, struct err *e)
{
	char url[64];
	int64_t id;
	int status = 0;

	(void)arg;
	for (int i = 1; i <= FEEDS && status == 0; i++) {
		snprintf(url, sizeof(url), "https://%d.example/feed", i);
		status = add_feed(tx, url, NULL, &id, e);
	}
	return status;
}

/* What is remembered is lost. */
static inline void restart(struct world *w)
{
	grouping_destroy(w->grouping);
	w->grouping = grouping_create(w->level);
	assert_non_null(w->grouping);
}

static inline void open_world(struct world *w)
{
	memset(w, 0, sizeof(*w));
	fixture_open(&w->f);
	must_write(&w->f, add_feeds, NULL);
	w->level = GROUPING_NORMAL;
	w->now_ms = NOW;
	restart(w);
}

static inline void close_world(struct world *w)
{
	assert_counts(w->f.path);
	assert_sound(w->f.path);
	fixture_close(&w->f);
	grouping_destroy(w->grouping);
}

struct wanted {
	int feed;
	const char *guid, *link, *title, *html;
	int64_t age_ms;
};

/* A poll that brings one item. Stays where it is until it is done; arena_finish() it then. */
struct poll {
	struct item item;
	struct ingest in;
	struct arena arena;
	char url[64];
};

static inline void make_poll(struct world *w, const struct wanted *item, struct poll *p)
{
	struct feed_content content = {.items = &p->item, .item_count = 1};
	struct draft *drafts = NULL;

	p->item = (struct item){.id = (char *)item->guid,
		.link = (char *)item->link,
		.title = (char *)item->title,
		.content = (char *)item->html,
		.published_ms = w->now_ms - item->age_ms,
		.updated_ms = TIME_NONE};
	p->in = (struct ingest){.feed = item->feed,
		.url = p->url,
		.now_ms = w->now_ms,
		.grouping = w->grouping,
		.level = w->level,
		.poll = {.now_ms = w->now_ms, .status = FEED_OK, .http_status = 200}};
	snprintf(p->url, sizeof(p->url), "https://%d.example/feed", item->feed);
	arena_init(&p->arena, ARENA_BYTES);
	assert_int_equal(
		draft_items(&content, IDENTITY_GUID, w->now_ms, &p->arena, &drafts, &p->in.count),
		0);
	p->in.drafts = drafts;
}

static inline int try_put(struct world *w, const struct wanted *item, struct err *e)
{
	struct poll p;
	int status;

	make_poll(w, item, &p);
	status = do_write(&w->f, ingest_run, &p.in, e);
	arena_finish(&p.arena);
	return status;
}

static inline void put(
	struct world *w, int feed, const char *guid, const char *title, const char *html)
{
	struct wanted item = {.feed = feed, .guid = guid, .title = title, .html = html};

	assert_int_equal(try_put(w, &item, NULL), 0);
}

static inline int64_t story_of(struct world *w, const char *guid)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "SELECT story FROM item WHERE guid = '%s'", guid);
	return peek(w->f.path, sql);
}

#define assert_together(w, a, b) assert_int_equal(story_of(w, a), story_of(w, b))
#define assert_apart(w, a, b)    assert_int_not_equal(story_of(w, a), story_of(w, b))

/* A word about several stories, or one story and its items. */
struct said {
	struct world *w;
	int64_t story, ids[4], became;
	int count;
};

static inline int say_join(struct store_tx *tx, void *arg, struct err *e)
{
	struct said *s = arg;

	return grouping_join(s->w->grouping, tx, s->ids, s->count, s->w->now_ms, &s->became, e);
}

static inline int say_split(struct store_tx *tx, void *arg, struct err *e)
{
	struct said *s = arg;

	return grouping_split(
		s->w->grouping, tx, s->story, s->ids, s->count, s->w->now_ms, &s->became, e);
}

static inline int say_apart(struct store_tx *tx, void *arg, struct err *e)
{
	struct said *s = arg;

	return words_part(tx, s->ids[0], s->ids[1], s->w->now_ms, e);
}

static inline int say_pin(struct store_tx *tx, void *arg, struct err *e)
{
	struct said *s = arg;

	return words_pin_story(tx, s->story, s->count != 0, s->w->now_ms, e);
}

static inline int64_t split_item(struct world *w, int64_t story, int64_t item)
{
	struct said s = {.w = w, .story = story, .ids = {item}, .count = 1};

	must_write(&w->f, say_split, &s);
	return s.became;
}

static inline int64_t join_two(struct world *w, int64_t one, int64_t other)
{
	struct said s = {.w = w, .ids = {one, other}, .count = 2};

	must_write(&w->f, say_join, &s);
	return s.became;
}

#endif
