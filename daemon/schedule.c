/* When is a feed due, and may it start now: two heaps, one of waiting feeds and one of groups with
 * work. */
#include "schedule.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "lateness.h"

/* For so long a connection is kept (CURLOPT_MAXAGE_CONN). */
enum { MORE_WITHIN_MS = 60000 };

enum feed_state { IDLE, WAITING, READY, POLLING };

struct group {
	int64_t key;
	int64_t next_start_ms;
	int64_t held_until_ms; /* its server asked for it */
	struct list ready;     /* feeds that are due, in order */
	struct list passer;    /* in schedule.passers while it has no feeds */
	struct heap_node node; /* in schedule.open by the later of both while it has ready feeds and
				  a free connection */
	int64_t gap_ms;        /* -1: the options' */
	int connections;       /* 0: the options' */
	int polling;           /* of its own feeds */
	int away;              /* of those: were sent on to elsewhere */
	int coming;            /* visits that wait */
	struct list queue;     /* those, in order of arrival */
	bool visited; /* a visit was the last to start: one of its own feeds goes before the next */
	int guests;   /* visits that have a place */
	int members;  /* feeds in it and visits; none: forgotten when its gap and its hold are over
		       */
};

/* 64 bytes with what malloc() adds, since there may be a million (B11). */
struct feed_entry {
	int64_t id;
	struct group *group;
	struct heap_node due; /* WAITING: by when it has its turn; else the key is its due time */
	union {
		int64_t due_ms;           /* WAITING */
		struct list node;         /* READY: in group->ready */
		struct group *next_group; /* POLLING: after this poll; NULL: the same */
	};
	int32_t last_start_s;
	unsigned char state; /* enum feed_state */
	bool removed;        /* while being polled */
	bool hurried;        /* a user asked for it */
};
_Static_assert(sizeof(struct feed_entry) <= 56, "a feed in the schedule is too large");

struct visit {
	struct group *group; /* NULL: none yet */
	struct group *home;  /* that of the poll; NULL: none */
	struct list node;    /* in group->queue, until it is there */
	bool there;
	bool yielded; /* has waited for a feed of the group that was ready to go before it */
};

/* Who is next and may not start yet asks again after so long; who is further behind after longer,
 * but soon enough to notice that those before him have gone away. */
enum { ASK_AGAIN_MS = 250, ASK_MOST_MS = 4000 };

struct schedule {
	struct schedule_options options;
	struct map feeds;
	struct map groups;
	struct heap waiting; /* feed_entry.due */
	struct heap open;    /* group.node */
	struct list passers;
	int64_t due_count;
	int64_t polling_count;
	int64_t visit_count;
	struct lateness late;
};

struct schedule *schedule_create(const struct schedule_options *options)
{
	struct schedule *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->options = *options;
	list_init(&s->passers);
	return s;
}

void schedule_destroy(struct schedule *s)
{
	size_t position = 0;
	void *value = NULL;

	if (!s)
		return;
	for (value = map_next(&s->feeds, &position); value; value = map_next(&s->feeds, &position))
		free(value);
	position = 0;
	for (value = map_next(&s->groups, &position); value;
		value = map_next(&s->groups, &position))
		free(value);
	map_finish(&s->feeds);
	map_finish(&s->groups);
	heap_finish(&s->waiting);
	heap_finish(&s->open);
	free(s);
}

void schedule_configure(struct schedule *s, const struct schedule_options *options)
{
	s->options = *options;
}

int64_t schedule_group(const char *name)
{
	return hash64(name, strlen(name));
}

static int group_get(struct schedule *s, int64_t key, struct group **ret_group)
{
	struct group *group = map_get(&s->groups, key);

	if (!group) {
		group = calloc(1, sizeof(*group));
		if (!group)
			return ERR_NOMEM;
		group->key = key;
		group->gap_ms = -1;
		list_init(&group->ready);
		list_init(&group->passer);
		list_init(&group->queue);
		if (heap_reserve(&s->open, s->groups.count + 1) ||
			map_put(&s->groups, key, group)) {
			free(group);
			return ERR_NOMEM;
		}
	}
	*ret_group = group;
	return 0;
}

static int64_t gap_of(const struct schedule *s, const struct group *group)
{
	return group->gap_ms >= 0 ? group->gap_ms : s->options.gap_ms;
}

static int most_of(const struct schedule *s, const struct group *group)
{
	return group->connections ? group->connections : s->options.group_connections;
}

/* No feed of the group may start: also who is away comes back, and visits that wait take turns with
 * its feeds. */
static bool is_full(const struct schedule *s, const struct group *group)
{
	return (group->coming && !group->visited) ||
	       group->polling + group->guests >= most_of(s, group);
}

/* Brings the group's place among those with work in line with what it has. */
static void group_update(struct schedule *s, struct group *group)
{
	if (list_empty(&group->ready) || is_full(s, group))
		heap_remove(&s->open, &group->node);
	else
		heap_put(&s->open, &group->node,
			group->held_until_ms > group->next_start_ms ? group->held_until_ms
								    : group->next_start_ms);
}

static void group_forget(struct schedule *s, struct group *group)
{
	heap_remove(&s->open, &group->node);
	list_remove(&group->passer);
	map_remove(&s->groups, group->key);
	free(group);
}

/* A group without members is forgotten once nothing is to be remembered of it. */
static void group_pass(struct schedule *s, struct group *group)
{
	list_remove(&group->passer);
	if (!group->members)
		list_push(&s->passers, &group->passer);
}

static void group_leave(struct schedule *s, struct group *group)
{
	if (group && --group->members == 0)
		group_pass(s, group);
}

/* Sets a feed's place in a group (now, or for after its poll) and keeps the groups' counts. */
static void group_join(struct schedule *s, struct group **place, struct group *group)
{
	struct group *old = *place;

	group->members++;
	*place = group;
	group_leave(s, old);
}

/* Takes a feed out of whatever it waits in. */
static void unqueue(struct schedule *s, struct feed_entry *feed)
{
	if (feed->state == WAITING)
		heap_remove(&s->waiting, &feed->due);
	if (feed->state == READY) {
		list_remove(&feed->node);
		s->due_count--;
		group_update(s, feed->group);
	}
	if (feed->state != POLLING)
		feed->state = IDLE;
}

static void wait_until(struct schedule *s, struct feed_entry *feed, int64_t due_ms)
{
	unqueue(s, feed);
	if (due_ms == TIME_NONE)
		return;
	heap_put(&s->waiting, &feed->due, due_ms);
	feed->due_ms = due_ms;
	feed->state = WAITING;
}

static struct feed_entry *feed_create(struct schedule *s, int64_t id)
{
	struct feed_entry *feed = calloc(1, sizeof(*feed));

	if (!feed)
		return NULL;
	feed->id = id;
	feed->last_start_s = INT32_MIN / 2;
	if (heap_reserve(&s->waiting, s->feeds.count + 1) || map_put(&s->feeds, id, feed)) {
		free(feed);
		return NULL;
	}
	return feed;
}

int schedule_put(struct schedule *s, int64_t id, int64_t key, int64_t due_ms)
{
	struct feed_entry *feed = map_get(&s->feeds, id);
	struct group *group;

	if (group_get(s, key, &group))
		return ERR_NOMEM;
	if (!feed)
		feed = feed_create(s, id);
	if (!feed) {
		group_pass(s, group);
		return ERR_NOMEM;
	}
	feed->removed = false;
	if (feed->state == POLLING) {
		group_join(s, &feed->next_group, group);
		return 0;
	}
	unqueue(s, feed);
	group_join(s, &feed->group, group);
	wait_until(s, feed, due_ms);
	return 0;
}

void schedule_rank(struct schedule *s, int64_t id, int64_t rank_ms)
{
	struct feed_entry *feed = map_get(&s->feeds, id);

	if (feed && feed->state == WAITING)
		heap_put(&s->waiting, &feed->due, rank_ms);
}

static void make_ready(struct schedule *s, struct feed_entry *feed, bool in_front)
{
	struct group *group = feed->group;

	feed->state = READY;
	s->due_count++;
	/* pushing "at the end" of the first node puts in front of it */
	list_push(in_front ? group->ready.next : &group->ready, &feed->node);
	group_update(s, group);
}

void schedule_remember(struct schedule *s, int64_t id, int64_t start_ms)
{
	struct feed_entry *feed = map_get(&s->feeds, id);

	if (feed && start_ms / 1000 > feed->last_start_s)
		feed->last_start_s = (int32_t)(start_ms / 1000);
}

int schedule_hurry(
	struct schedule *s, int64_t id, int64_t now_ms, int64_t floor_ms, int64_t *ret_wait_ms)
{
	struct feed_entry *feed = map_get(&s->feeds, id);
	int64_t at_ms;

	if (!feed || feed->removed)
		return ERR_NOT_FOUND;
	if (feed->state == POLLING)
		return 0;
	at_ms = feed->last_start_s * 1000LL + floor_ms;
	if (at_ms < feed->group->held_until_ms)
		at_ms = feed->group->held_until_ms;
	if (at_ms > now_ms) {
		*ret_wait_ms = at_ms - now_ms;
		return ERR_BUSY;
	}
	unqueue(s, feed);
	feed->hurried = true;
	make_ready(s, feed, true);
	return 0;
}

static void feed_forget(struct schedule *s, struct feed_entry *feed)
{
	unqueue(s, feed);
	group_leave(s, feed->group);
	map_remove(&s->feeds, feed->id);
	free(feed);
}

void schedule_remove(struct schedule *s, int64_t id)
{
	struct feed_entry *feed = map_get(&s->feeds, id);

	if (!feed)
		return;
	if (feed->state == POLLING)
		feed->removed = true;
	else
		feed_forget(s, feed);
}

static void collect_due(struct schedule *s, int64_t now_ms)
{
	struct heap_node *node = heap_first(&s->waiting);

	for (; node && node->key <= now_ms; node = heap_first(&s->waiting)) {
		struct feed_entry *feed = container_of(node, struct feed_entry, due);

		heap_remove(&s->waiting, node);
		node->key = feed->due_ms;
		make_ready(s, feed, false);
	}
}

/* Groups without feeds are kept while their gap or hold runs, then dropped: redirects could name
 * any number of hosts. Two are looked at for each that may be added. */
static void forget_passers(struct schedule *s, int64_t now_ms)
{
	for (int i = 0; i < 2 && !list_empty(&s->passers); i++) {
		struct group *group = container_of(s->passers.next, struct group, passer);

		list_remove(&group->passer);
		if (group->next_start_ms > now_ms || group->held_until_ms > now_ms)
			group_pass(s, group);
		else if (!group->members)
			group_forget(s, group);
	}
}

bool schedule_take(struct schedule *s, int64_t now_ms, int64_t *ret_feed)
{
	struct heap_node *open;
	struct group *group;
	struct feed_entry *feed;

	forget_passers(s, now_ms);
	collect_due(s, now_ms);
	open = heap_first(&s->open);
	if (!open || open->key > now_ms)
		return false;
	group = container_of(open, struct group, node);
	feed = container_of(group->ready.next, struct feed_entry, node);
	list_remove(&feed->node);
	if (!feed->hurried)
		lateness_count(&s->late, now_ms - feed->due.key);
	feed->state = POLLING;
	feed->hurried = false;
	feed->last_start_s = (int32_t)(now_ms / 1000);
	feed->next_group = NULL;
	s->due_count--;
	s->polling_count++;
	group->polling++;
	group->visited = false;
	group->next_start_ms = now_ms + gap_of(s, group);
	group_update(s, group);
	*ret_feed = feed->id;
	return true;
}

bool schedule_finish(struct schedule *s, int64_t id, int64_t due_ms)
{
	struct feed_entry *feed = map_get(&s->feeds, id);
	struct group *old, *next;

	if (!feed || feed->state != POLLING)
		return false;
	old = feed->group;
	next = feed->next_group;
	feed->state = IDLE;
	s->polling_count--;
	old->polling--;
	group_update(s, old);
	if (feed->removed) {
		group_leave(s, next);
		feed_forget(s, feed);
		return false;
	}
	wait_until(s, feed, due_ms);
	if (!next)
		return false;
	feed->group = next;
	group_leave(s, old);
	return true;
}

int64_t schedule_wait_ms(struct schedule *s, int64_t now_ms)
{
	const struct heap_node *due = heap_first(&s->waiting);
	const struct heap_node *open = heap_first(&s->open);
	int64_t at = INT64_MAX;

	if (due)
		at = due->key;
	if (open && open->key < at)
		at = open->key;
	if (at == INT64_MAX)
		return -1;
	return at > now_ms ? at - now_ms : 0;
}

/* Back from the groups' queues to where they are in order of their due times. */
static void unready(struct schedule *s)
{
	size_t position = 0;
	struct group *group = map_next(&s->groups, &position);

	for (; group; group = map_next(&s->groups, &position)) {
		list_for_each_safe (node, &group->ready) {
			struct feed_entry *feed = container_of(node, struct feed_entry, node);

			if (!feed->hurried)
				wait_until(s, feed, feed->due.key);
		}
	}
}

void schedule_spread(struct schedule *s, int64_t now_ms, int64_t per_s, int64_t most_ms)
{
	struct heap_node *node;
	int64_t count = 0, span_ms;

	unready(s);
	for (size_t i = 0; i < s->waiting.count; i++) {
		node = s->waiting.nodes[i];
		if (container_of(node, struct feed_entry, due)->due_ms > now_ms)
			continue;
		/* to the front: it pushes down only what was looked at before */
		heap_put(&s->waiting, node, node->key - most_ms - 1);
		count++;
	}
	span_ms = count * 1000 / per_s;
	span_ms = span_ms < most_ms ? span_ms : most_ms;
	for (int64_t i = 1; i <= count; i++) {
		node = heap_first(&s->waiting);
		heap_put(&s->waiting, node,
			now_ms + (count > per_s ? 1 + i * span_ms / count : i - count));
	}
}

static struct visit *visit_begin(struct schedule *s, int64_t id)
{
	const struct feed_entry *feed = map_get(&s->feeds, id);
	struct visit *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	s->visit_count++;
	if (feed && feed->state == POLLING) {
		v->home = feed->group;
		v->home->away++;
	}
	return v;
}

/* Out of the queue. */
static void visit_called(struct visit *v)
{
	list_remove(&v->node);
	v->group->coming--;
}

static void visit_out(struct schedule *s, struct visit *v)
{
	struct group *group = v->group;

	if (!group)
		return;
	if (v->there)
		group->guests--;
	else
		visit_called(v);
	v->group = NULL;
	group_update(s, group);
	group_leave(s, group);
}

static void visit_queue(struct visit *v, struct group *group)
{
	v->group = group;
	v->there = false;
	v->yielded = false;
	list_push(&group->queue, &v->node);
	group->coming++;
	group->members++;
}

static void visit_enter(struct schedule *s, struct visit *v, int64_t now_ms)
{
	visit_called(v);
	v->there = true;
	v->group->guests++;
	v->group->visited = true;
	v->group->next_start_ms = now_ms + gap_of(s, v->group);
}

/* By when those before it have asked, as far as that is worth waiting for. */
static int64_t queued_ms(const struct schedule *s, const struct visit *v)
{
	const struct group *group = v->group;
	int64_t gap_ms = gap_of(s, group), sum_ms = 0;
	const struct list *node = v->node.prev;

	for (; node != &group->queue && sum_ms < ASK_MOST_MS; node = node->prev)
		sum_ms += gap_ms > ASK_AGAIN_MS ? gap_ms : ASK_AGAIN_MS;
	return sum_ms < ASK_MOST_MS ? sum_ms : ASK_MOST_MS;
}

/* `gap_ms`: what is left of it. It yields but once: what else keeps the feed from starting may be
 * this visit's own poll. */
static int64_t visit_wait(const struct schedule *s, struct visit *v, int64_t gap_ms)
{
	const struct group *group = v->group;
	int64_t wait_ms = gap_ms + queued_ms(s, v);

	if (wait_ms)
		return wait_ms;
	if (group->polling - group->away + group->guests >= most_of(s, group))
		return ASK_AGAIN_MS;
	if (v->yielded || list_empty(&group->ready) || is_full(s, group))
		return 0;
	v->yielded = true;
	return ASK_AGAIN_MS;
}

int64_t schedule_admit(struct schedule *s, struct visit **visit, int64_t feed, int64_t key,
	int64_t now_ms, int64_t most_ms)
{
	struct group *group;
	struct visit *v = *visit;
	int64_t wait_ms, all_ms;

	if (!v)
		*visit = v = visit_begin(s, feed);
	if (!v || group_get(s, key, &group))
		return s->options.gap_ms;
	all_ms = wait_ms = group->next_start_ms > now_ms ? group->next_start_ms - now_ms : 0;
	if (v->group != group || v->there) {
		visit_out(s, v);
		all_ms += group->coming * gap_of(s, group);
		visit_queue(v, group);
	}
	if (group->held_until_ms > now_ms)
		wait_ms = now_ms - group->held_until_ms;
	else if (all_ms > most_ms)
		wait_ms = -all_ms;
	else
		wait_ms = visit_wait(s, v, wait_ms);
	if (wait_ms < 0)
		visit_out(s, v);
	else if (!wait_ms)
		visit_enter(s, v, now_ms);
	group_update(s, group);
	forget_passers(s, now_ms); /* not before it is a member: its limits may be all it has */
	return wait_ms;
}

void schedule_leave(struct schedule *s, struct visit *v)
{
	if (!v)
		return;
	visit_out(s, v);
	if (v->home)
		v->home->away--;
	s->visit_count--;
	free(v);
}

bool schedule_visited(const struct schedule *s)
{
	return s->visit_count > 0;
}

void schedule_limit(struct schedule *s, int64_t key, int64_t gap_ms, int connections)
{
	struct group *group = map_get(&s->groups, key);
	bool usual = gap_ms < 0 && !connections;

	if ((!group && usual) || (!group && group_get(s, key, &group)))
		return;
	group->gap_ms = gap_ms;
	group->connections = connections;
	group_pass(s, group);
	group_update(s, group);
}

bool schedule_more(const struct schedule *s, int64_t id)
{
	const struct feed_entry *feed = map_get(&s->feeds, id);

	return feed && !list_empty(&feed->group->ready) && gap_of(s, feed->group) < MORE_WITHIN_MS;
}

void schedule_hold(struct schedule *s, int64_t key, int64_t until_ms)
{
	struct group *group;

	if (group_get(s, key, &group) || group->held_until_ms >= until_ms)
		return;
	group->held_until_ms = until_ms;
	group_pass(s, group);
	group_update(s, group);
}

/* What is due and was not collected, since nothing was taken since: asking leaves its order alone.
 */
static int64_t uncollected(const struct heap *waiting, size_t slot, int64_t now_ms)
{
	if (slot > waiting->count || waiting->nodes[slot - 1]->key > now_ms)
		return 0;
	return 1 + uncollected(waiting, 2 * slot, now_ms) +
	       uncollected(waiting, 2 * slot + 1, now_ms);
}

struct schedule_counts schedule_counts(const struct schedule *s, int64_t now_ms)
{
	return (struct schedule_counts){
		.feeds = (int64_t)s->feeds.count,
		.due = s->due_count + uncollected(&s->waiting, 1, now_ms),
		.polling = s->polling_count,
		.late_ms_p50 = lateness_ms(&s->late, 50),
		.late_ms_p99 = lateness_ms(&s->late, 99),
		.groups = (int64_t)s->groups.count,
	};
}

struct schedule_place schedule_find(const struct schedule *s, int64_t id, int64_t now_ms)
{
	const struct feed_entry *feed = map_get(&s->feeds, id);
	const struct group *group = feed ? feed->group : NULL;
	struct schedule_place place = {.state = SCHEDULE_OUT};

	if (!feed || feed->removed || feed->state == IDLE)
		return place;
	place.due_ms = feed->due.key;
	place.held = group->held_until_ms > group->next_start_ms;
	place.open_ms = place.held ? group->held_until_ms : group->next_start_ms;
	if (feed->state == POLLING)
		place.state = SCHEDULE_POLLING;
	else if (feed->state == WAITING && feed->due.key > now_ms)
		place.state = SCHEDULE_LATER;
	else
		place.state = is_full(s, group) ? SCHEDULE_BUSY : SCHEDULE_DUE;
	return place;
}
