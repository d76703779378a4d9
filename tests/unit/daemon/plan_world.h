/* A feed and its publisher in virtual time, for the tests of plans. */
#ifndef TESTS_UNIT_DAEMON_PLAN_WORLD_H
#define TESTS_UNIT_DAEMON_PLAN_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "plan.h"

#define MINUTE (60 * 1000LL)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define YEAR   (365 * DAY)
#define START  1795000000000LL

/* A feed and its publisher: an item every `every_ms`, from `begins_ms` on; the document has the
 * newest `window`. */
struct world {
	struct arena arena;
	struct feed feed;
	struct plan_policy policy;
	int64_t now_ms;
	int64_t every_ms;
	int64_t stops_ms; /* it publishes nothing later; 0: it goes on */
	int window;
	int64_t seen; /* items stored so far */
	int64_t lost; /* that left the document unseen */
	int64_t polls, delay_ms;
	struct feed_content content;
	struct item items[64];
	struct feed_poll poll;
};

static inline void begin(struct world *w, int64_t every_ms, int window)
{
	memset(w, 0, sizeof(*w));
	arena_init(&w->arena, 1 << 20);
	w->feed = (struct feed){.id = 1,
		.created_ms = START,
		.last_poll_ms = TIME_NONE,
		.last_ok_ms = TIME_NONE,
		.last_new_ms = TIME_NONE,
		.learned = {.gap_ms = TIME_NONE,
			.base_ms = TIME_NONE,
			.fresh_ms = TIME_NONE,
			.moved_ms = TIME_NONE,
			.spoke_ms = TIME_NONE}};
	w->policy = (struct plan_policy){0, HOUR, DAY, 10};
	w->now_ms = START;
	w->every_ms = every_ms;
	w->window = window;
	w->content = (struct feed_content){
		.ttl_min = -1, .update_interval_min = -1, .update_base_ms = TIME_NONE};
}

/* The row after the poll, as feeds_record_poll() would have it; texts are kept in a new arena. */
static inline void record(struct world *w, const struct plan_input *in)
{
	struct feed *f = &w->feed;
	bool ok = !in->error;
	struct arena next;

	arena_init(&next, 1 << 20);
	f->learned = w->poll.learned;
	f->learned.plan = arena_strdup(&next, w->poll.learned.plan);
	f->learned.fetches = arena_strdup(&next, w->poll.learned.fetches);
	f->learned.repairs =
		w->poll.learned.repairs ? arena_strdup(&next, w->poll.learned.repairs) : NULL;
	f->due_reason = arena_strdup(&next, w->poll.due_reason);
	arena_finish(&w->arena);
	w->arena = next;
	f->last_poll_ms = in->now_ms;
	f->error_count = ok ? 0 : f->error_count + 1;
	f->last_ok_ms = ok ? in->now_ms : f->last_ok_ms;
	f->last_new_ms = in->new_items ? in->now_ms : f->last_new_ms;
	f->next_due_ms = w->poll.next_due_ms;
	f->status = ok ? FEED_OK : in->outcome == OUTCOME_GONE ? FEED_GONE : FEED_FAILING;
}

static inline struct plan_input input(struct world *w)
{
	return (struct plan_input){.feed = &w->feed,
		.policy = w->policy,
		.now_ms = w->now_ms,
		.retry_after_ms = -1,
		.fresh_ms = -1,
		.outcome = OUTCOME_UNCHANGED,
		.validators = true,
		.http_status = 304,
		.wire_bytes = 200,
		.duration_ms = 12};
}

static inline void poll_with(struct world *w, const struct plan_input *in)
{
	plan_poll(in, &w->arena, &w->poll);
	record(w, in);
	w->polls++;
}

static inline int64_t published(const struct world *w)
{
	int64_t end_ms = w->stops_ms && w->stops_ms < w->now_ms ? w->stops_ms : w->now_ms;

	return w->every_ms ? (end_ms - START) / w->every_ms + w->window : w->window;
}

/* Polls what is published by now; when nothing is new, the answer is 304. */
static inline void poll(struct world *w)
{
	struct plan_input in = input(w);
	int64_t all = published(w), oldest = all - w->window;
	int64_t fresh = all - (w->seen > oldest ? w->seen : oldest);

	if (w->polls && w->seen < oldest)
		w->lost += oldest - w->seen;
	for (int64_t n = w->polls ? w->seen : all; n < all; n++)
		w->delay_ms += w->now_ms - (START + (n - w->window + 1) * w->every_ms);
	in.new_items = (int)fresh;
	in.known_items = w->window - in.new_items;
	w->seen = all;
	if (in.new_items) {
		for (int i = 0; i < w->window; i++)
			w->items[i] = (struct item){
				.published_ms = START + (all - w->window - i) * w->every_ms,
				.next = i + 1 < w->window ? &w->items[i + 1] : NULL};
		w->content.items = w->window ? w->items : NULL;
		w->content.item_count = (size_t)w->window;
		in.content = &w->content;
		in.outcome = OUTCOME_NEW_ITEMS;
		in.http_status = 200;
	}
	poll_with(w, &in);
}

static inline void run(struct world *w, int64_t until_ms)
{
	if (!w->polls)
		poll(w);
	while (w->feed.next_due_ms != TIME_NONE && w->feed.next_due_ms <= until_ms) {
		assert_true(w->feed.next_due_ms > w->now_ms);
		w->now_ms = w->feed.next_due_ms;
		poll(w);
	}
}

static inline void end(struct world *w)
{
	arena_finish(&w->arena);
}

#endif
