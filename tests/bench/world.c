/* A simulated world: feeds with the rhythms of the field, polled in virtual time by the daemon's
 * own schedule, rhythm and rules. Prints the mean delay of news beside uniform polling with as many
 * requests. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "plan.h"
#include "schedule.h"

#define HOUR_MS    (3600 * 1000LL)
#define DAY_MS     (24 * HOUR_MS)
#define START_MS   1795000000000LL
#define LEARN_DAYS 30
#define DAYS       60 /* the delays of those after LEARN_DAYS count */

enum { WINDOW_MAX = 50, BURST_MAX = 20 };

/* How one feed publishes. Rates of feeds are spread log-normally, as those of the field are (Liu et
 * al., IMC 2005: half change within the hour that they are looked at, a quarter not for days). */
struct publisher {
	uint64_t seed,
		state; /* of its own random numbers: the same items for every way of polling */
	double per_ms; /* items, on average */
	double night, weekend; /* share of the usual rate then */
	int64_t zone_ms;
	double burst; /* items at once, on average */
	int64_t next_ms;
	int left; /* of the burst */
};

struct subject {
	struct publisher publisher;
	struct feed feed;
	int window;
	int64_t polls, items, lost; /* in the time that counts */
	double delay_ms;            /* of all items together */
	int64_t polled_ms;
};

static double random_share(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (double)(*state >> 11) / 9007199254740992.0;
}

static double random_normal(uint64_t *state)
{
	double a = random_share(state), b = random_share(state);

	return sqrt(-2 * log(a > 1e-12 ? a : 1e-12)) * cos(6.283185307179586 * b);
}

/* The rate at a time, as a share of the highest. */
static double activity(const struct publisher *p, int64_t at_ms)
{
	int64_t local_ms = at_ms + p->zone_ms;
	int64_t hour = local_ms / HOUR_MS % 24, weekday = (local_ms / DAY_MS + 4) % 7;

	return (hour < 7 || hour > 21 ? p->night : 1) *
	       (weekday == 0 || weekday == 6 ? p->weekend : 1);
}

/* The mean of activity(), so that the average rate is what it was meant to be. */
static double mean_activity(const struct publisher *p)
{
	return (15 + 9 * p->night) / 24 * (5 + 2 * p->weekend) / 7;
}

/* To the next item: candidates at the highest rate, thinned by the time of day. */
static void publish(struct publisher *p)
{
	double per_ms = p->per_ms / p->burst / mean_activity(p);

	if (p->left > 0) {
		p->left--;
		return;
	}
	do {
		p->next_ms += 1 + (int64_t)(-log(1 - random_share(&p->state)) / per_ms);
	} while (random_share(&p->state) > activity(p, p->next_ms));
	while (p->left < BURST_MAX && random_share(&p->state) > 1 / p->burst)
		p->left++;
}

static void rewind_to(struct publisher *p, int64_t from_ms)
{
	p->state = p->seed;
	p->next_ms = from_ms;
	p->left = 0;
	publish(p);
}

static void make(struct subject *s, int64_t id, uint64_t *seed)
{
	struct publisher *p = &s->publisher;
	double per_day = 0.5 * exp(2 * random_normal(seed));

	per_day = per_day > 300 ? 300 : per_day < 1.0 / 365 ? 1.0 / 365 : per_day;
	*p = (struct publisher){
		.seed = *seed ^ 0x9e3779b97f4a7c15u,
		.per_ms = per_day / DAY_MS,
		.night = random_share(seed) < 0.7 ? 0.15 : 1,
		.weekend = random_share(seed) < 0.5 ? 0.4 : 1,
		.zone_ms = (int64_t)(random_share(seed) * 24) * HOUR_MS,
		.burst = random_share(seed) < 0.2 ? 4 : 1,
	};
	s->window = 10 + (int)(random_share(seed) * (WINDOW_MAX - 10));
	s->feed = (struct feed){.id = id,
		.created_ms = START_MS,
		.last_poll_ms = TIME_NONE,
		.last_ok_ms = TIME_NONE,
		.last_new_ms = TIME_NONE,
		.learned = {.gap_ms = TIME_NONE, .base_ms = TIME_NONE, .moved_ms = TIME_NONE}};
	rewind_to(p, START_MS - 200 * DAY_MS);
}

static bool counts(int64_t at_ms)
{
	return at_ms >= START_MS + LEARN_DAYS * DAY_MS;
}

/* Everything published since the last poll; the newest `window` of it in `items`. */
static int64_t collect(struct subject *s, int64_t now_ms, struct item items[WINDOW_MAX])
{
	int64_t count = 0;

	for (; s->publisher.next_ms <= now_ms; publish(&s->publisher)) {
		int64_t at_ms = s->publisher.next_ms;

		items[count++ % s->window].published_ms = at_ms;
		if (at_ms > START_MS && counts(at_ms)) {
			s->items++;
			s->delay_ms += (double)(now_ms - at_ms);
		}
	}
	return count;
}

static void record(struct subject *s, const struct plan_input *in, const struct feed_poll *poll)
{
	struct feed *f = &s->feed;

	f->learned = poll->learned;
	f->learned.plan = f->learned.fetches = NULL;
	f->last_poll_ms = f->last_ok_ms = in->now_ms;
	f->last_new_ms = in->new_items ? in->now_ms : f->last_new_ms;
	s->polls += counts(in->now_ms);
}

/* One poll of one feed; returns when the next is due. */
static int64_t poll_feed(struct subject *s, int64_t now_ms, struct arena *arena)
{
	static const struct plan_policy policy = {0, HOUR_MS, DAY_MS, 10};
	struct item items[WINDOW_MAX] = {{0}};
	struct feed_content content = {.update_base_ms = TIME_NONE};
	struct feed_poll poll = {.now_ms = now_ms};
	int64_t count = collect(s, now_ms, items);
	bool first = s->feed.last_ok_ms == TIME_NONE;
	struct plan_input in = {.feed = &s->feed,
		.policy = policy,
		.now_ms = now_ms,
		.retry_after_ms = -1,
		.fresh_ms = -1,
		.outcome = count ? OUTCOME_NEW_ITEMS : OUTCOME_UNCHANGED,
		.validators = true,
		.http_status = count ? 200 : 304};

	in.new_items = (int)(count < s->window ? count : s->window);
	in.known_items = first ? 0 : s->window - in.new_items;
	s->lost += first || !counts(now_ms) ? 0 : count - in.new_items;
	for (int i = 0; i < s->window; i++)
		items[i].next = i + 1 < in.new_items ? &items[i + 1] : NULL;
	content.items = in.new_items ? items : NULL;
	content.item_count = (size_t)s->window;
	in.content = count ? &content : NULL;
	plan_poll(&in, arena, &poll);
	record(s, &in, &poll);
	return poll.next_due_ms;
}

static int run(struct subject *subjects, int64_t feeds, int64_t *ret_polls)
{
	static const struct schedule_options options = {.gap_ms = 1000, .group_connections = 1};
	struct schedule *s = schedule_create(&options);
	int64_t now_ms = START_MS, id, wait_ms;

	for (id = 1; s && id <= feeds; id++) {
		/* a third of all are on fifty large hosts */
		int64_t group = id % 3 ? 1000 + id : id % 50;

		if (schedule_put(s, id, group, START_MS))
			return -1;
	}
	if (!s)
		return -1;
	schedule_spread(s, now_ms, 50, HOUR_MS);
	for (wait_ms = 0; wait_ms >= 0 && now_ms < START_MS + DAYS * DAY_MS;
		wait_ms = schedule_wait_ms(s, now_ms)) {
		now_ms += wait_ms;
		while (schedule_take(s, now_ms, &id)) {
			struct arena arena;

			arena_init(&arena, 1 << 20);
			schedule_finish(s, id, poll_feed(&subjects[id - 1], now_ms, &arena));
			arena_finish(&arena);
			++*ret_polls;
		}
	}
	schedule_destroy(s);
	return 0;
}

struct even {
	double delay_ms;
	int64_t lost;
};

/* What becomes of the same items when all feeds are polled every `interval_ms`, each at a phase of
 * its own. */
static struct even uniform(struct subject *s, int64_t interval_ms, int64_t end_ms)
{
	struct publisher *p = &s->publisher;
	uint64_t phase_seed = p->seed * 31 + 7;
	int64_t phase_ms = (int64_t)(random_share(&phase_seed) * (double)interval_ms);
	int64_t poll = -1, count = 0;
	struct even e = {0};

	for (rewind_to(p, START_MS - 200 * DAY_MS); p->next_ms <= end_ms; publish(p)) {
		int64_t at_ms = p->next_ms - START_MS - phase_ms + interval_ms;

		if (!counts(p->next_ms))
			continue;
		e.delay_ms += (double)(interval_ms - 1 - at_ms % interval_ms);
		count = at_ms / interval_ms == poll ? count + 1 : 1;
		poll = at_ms / interval_ms;
		e.lost += count > s->window;
	}
	return e;
}

struct sums {
	double items, delay_ms, uniform_ms;
	double feeds, mean_ms, uniform_mean_ms; /* each feed's mean, summed */
	int64_t polls, lost, uniform_lost;
};

static struct sums add_up(struct subject *subjects, int64_t feeds)
{
	int64_t span_ms = (DAYS - LEARN_DAYS) * DAY_MS, interval_ms;
	struct sums sums = {0};

	for (int64_t i = 0; i < feeds; i++)
		sums.polls += subjects[i].polls;
	interval_ms = (int64_t)((double)span_ms * (double)feeds / (double)sums.polls);
	for (int64_t i = 0; i < feeds; i++) {
		struct subject *s = &subjects[i];
		struct even even = uniform(s, interval_ms, s->feed.last_poll_ms);

		sums.lost += s->lost;
		sums.items += (double)s->items;
		sums.delay_ms += s->delay_ms;
		sums.uniform_ms += even.delay_ms;
		sums.uniform_lost += even.lost;
		if (!s->items)
			continue;
		sums.feeds++;
		sums.mean_ms += s->delay_ms / (double)s->items;
		sums.uniform_mean_ms += even.delay_ms / (double)s->items;
	}
	return sums;
}

int main(int argc, char **argv)
{
	int64_t feeds = argc > 1 ? strtoll(argv[1], NULL, 10) : 10000, polls = 0;
	struct subject *subjects = feeds > 0 ? calloc((size_t)feeds, sizeof(*subjects)) : NULL;
	uint64_t seed = 88172645463325252u;
	struct sums sums;
	double cpu_s, ratio;
	clock_t began = clock();

	for (int64_t i = 0; subjects && i < feeds; i++)
		make(&subjects[i], i + 1, &seed);
	if (!subjects || run(subjects, feeds, &polls)) {
		fprintf(stderr, "world: out of memory, or no number of feeds\n");
		free(subjects);
		return 1;
	}
	cpu_s = (double)(clock() - began) / CLOCKS_PER_SEC;
	sums = add_up(subjects, feeds);
	ratio = sums.delay_ms / sums.uniform_ms;
	printf("feeds %" PRId64 ", days %d, requests a feed and day %.2f\n", feeds,
		DAYS - LEARN_DAYS, (double)sums.polls / (double)feeds / (DAYS - LEARN_DAYS));
	printf("items %.0f, lost %.3f %%, uniform %.3f %%\n", sums.items,
		100 * (double)sums.lost / sums.items, 100 * (double)sums.uniform_lost / sums.items);
	printf("mean delay of news: %.1f min, uniform %.1f min, ratio %.3f\n",
		sums.delay_ms / sums.items / 60000, sums.uniform_ms / sums.items / 60000, ratio);
	printf("mean of the feeds' means: %.1f min, uniform %.1f min, ratio %.3f\n",
		sums.mean_ms / sums.feeds / 60000, sums.uniform_mean_ms / sums.feeds / 60000,
		sums.mean_ms / sums.uniform_mean_ms);
	printf("schedule and plan: %.2f us of CPU a poll, publishers included\n",
		cpu_s * 1e6 / (double)polls);
	free(subjects);
	return ratio <= 0.8 ? 0 : 1;
}
