/* What a poll teaches of its feed, and when the next one is. */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "rhythm.h"

#define MINUTE_MS (60 * 1000LL)

struct plan_policy plan_policy_of(const struct plan_policy *policy, const struct feed *feed)
{
	struct plan_policy p = *policy;

	if (feed->interval_ms)
		p.interval_ms = feed->interval_ms;
	else if (feed->interval_min_ms || feed->interval_max_ms)
		p.interval_ms = 0;
	if (feed->interval_min_ms)
		p.min_ms = feed->interval_min_ms;
	if (feed->interval_max_ms)
		p.max_ms = feed->interval_max_ms;
	return p;
}

bool plan_is_waiting(const char *plan)
{
	return plan && strncmp(plan, "network/", 8) == 0;
}

bool plan_is_publishers(const char *plan)
{
	const char *level = plan ? strchr(plan, '/') : NULL;

	return level &&
	       (strncmp(level, "/server/", 8) == 0 || strncmp(level, "/document/", 10) == 0 ||
		       strncmp(plan, "no-validators/", 14) == 0);
}

static bool went_well(const struct plan_input *in)
{
	return in->outcome == OUTCOME_NEW_ITEMS || in->outcome == OUTCOME_UNCHANGED;
}

static bool fails_again(const struct plan_input *in)
{
	return in->feed->error_count > 0 && in->outcome != OUTCOME_WAITING &&
	       in->outcome != OUTCOME_GONE;
}

static bool is_first(const struct plan_input *in)
{
	return in->feed->last_ok_ms == TIME_NONE;
}

/* Since the last good poll; a clock that was set says nothing. */
static int64_t elapsed_ms(const struct plan_input *in)
{
	int64_t since_ms = is_first(in) ? 0 : in->now_ms - in->feed->last_ok_ms;

	return since_ms > 0 ? since_ms : 0;
}

/* -- learning -- */

static bool seed(const struct plan_input *in, struct rhythm *r)
{
	int64_t published_ms[PLAN_SEED_ITEMS];
	size_t count = 0;

	for (const struct item *i = in->content ? in->content->items : NULL;
		i && count < PLAN_SEED_ITEMS; i = i->next)
		published_ms[count++] = i->published_ms;
	return rhythm_seed(r, in->now_ms, published_ms, count);
}

/* Nothing in the document was there before: what came between the two may be lost (B2). */
static bool has_gap(const struct plan_input *in)
{
	return !is_first(in) && in->feed->learned.window > 0 && in->new_items > 0 &&
	       in->known_items == 0;
}

/* A feed may name any number. */
static int64_t minutes(int64_t count)
{
	if (count <= 0)
		return 0;
	return count < HINT_MAX_MS / MINUTE_MS ? count * MINUTE_MS : HINT_MAX_MS;
}

static void take_hints(const struct feed_content *content, struct feed_learned *l)
{
	l->ttl_ms = minutes(content->ttl_min);
	l->period_ms = minutes(content->update_interval_min);
	l->base_ms = content->update_base_ms;
	l->skip_hours = content->skip_hours;
	l->skip_days = content->skip_days;
}

/* A 304 that says nothing of it renews what was said of the answer that it confirms (RFC 9111,
 * 4.3.4); an Expires was a moment, which has passed. */
static void take_freshness(const struct plan_input *in, struct feed_learned *l)
{
	if (in->fresh_ms >= 0)
		l->fresh_ms = in->expires ? -in->fresh_ms : in->fresh_ms;
	else if (in->http_status != 304 || l->fresh_ms < 0)
		l->fresh_ms = 0;
}

bool plan_is_silent(const struct feed_learned *l, int64_t now_ms)
{
	int64_t most_ms = SILENT_GAPS * l->usual_ms;

	if (!l->usual_ms || l->spoke_ms == TIME_NONE)
		return false;
	return now_ms - l->spoke_ms >= (most_ms > SILENT_MIN_MS ? most_ms : SILENT_MIN_MS);
}

/* The usual time is kept as it was then: the rhythm's own fades in silence. Without dates the
 * second item after the first document is the first to show one; what was guessed before then
 * counts half. */
static void hear(
	const struct plan_input *in, const struct rhythm *r, bool seeded, struct feed_learned *l)
{
	int64_t gap_ms = rhythm_gap_ms(r);

	if (is_first(in) || in->new_items || in->changed_items) {
		l->spoke_ms = in->now_ms;
		l->silent = false;
	}
	if (seeded ||
		(in->new_items && !is_first(in) &&
			(l->usual_ms || 2 * (in->now_ms - in->feed->created_ms) > 5 * gap_ms)))
		l->usual_ms = gap_ms;
}

/* The parser bounds their number, and they are words of its own. */
static void take_repairs(
	const struct feed_content *content, struct arena *arena, struct feed_learned *l)
{
	l->repairs = NULL;
	for (const struct remark *p = content->problems; p; p = p->next)
		l->repairs =
			l->repairs ? arena_printf(arena, "%s\n%s", l->repairs, p->text) : p->text;
}

static struct rhythm learn(const struct plan_input *in, struct arena *arena, struct feed_learned *l)
{
	struct rhythm r = {l->rhythm_items, l->rhythm_ms, l->window};
	bool seeded = false;

	if (r.span_ms <= 0)
		rhythm_begin(&r, plan_policy_of(&in->policy, in->feed).min_ms);
	if (!went_well(in))
		return r;
	if (is_first(in))
		seeded = seed(in, &r);
	else /* of a gap at least as much again is not seen */
		rhythm_watch(&r, elapsed_ms(in), (int64_t)in->new_items * (has_gap(in) ? 2 : 1));
	take_freshness(in, l);
	if (has_gap(in))
		l->gap_ms = in->now_ms;
	if (in->content) {
		take_hints(in->content, l);
		take_repairs(in->content, arena, l);
		r.window = (int)in->content->item_count;
	}
	hear(in, &r, seeded, l);
	l->rhythm_items = r.items;
	l->rhythm_ms = r.span_ms;
	l->window = r.window;
	return r;
}

/* Of polls in a row: one that fails says nothing, one that goes elsewhere or nowhere ends it. */
static void try_address(const struct plan_input *in, struct feed_poll *poll)
{
	struct feed_learned *l = &poll->learned;
	const char *before = in->feed->moved_url;

	poll->moved_url = went_well(in) ? in->moved_url : before;
	if (!went_well(in))
		return;
	if (!poll->moved_url && !before)
		return; /* moved_ms may be of an earlier move */
	if (!poll->moved_url || !before || strcmp(poll->moved_url, before) != 0) {
		l->moved_count = 0;
		l->moved_ms = poll->moved_url ? in->now_ms : TIME_NONE;
	}
	l->moved_count += poll->moved_url != NULL;
}

bool plan_moves(const struct feed_poll *poll)
{
	const struct feed_learned *l = &poll->learned;

	return poll->status == FEED_OK && poll->moved_url && l->moved_count >= MOVED_POLLS &&
	       l->moved_ms != TIME_NONE && poll->now_ms - l->moved_ms >= MOVED_MS;
}

/* -- the log of the last polls -- */

static void log_fetch(const struct plan_input *in, struct arena *arena, struct feed_learned *l)
{
	const char *old = l->fetches ? l->fetches : "", *end = old, *log;

	for (int n = 0; n < FEED_FETCHES - 1 && *end; n++)
		end += strcspn(end, "\n") + 1;
	log = arena_printf(arena, "%lld %s %d %llu %lld %d\n%.*s", (long long)in->now_ms,
		in->error ? in->error : "ok", in->http_status, (unsigned long long)in->wire_bytes,
		(long long)in->duration_ms, in->new_items, (int)(end - old), old);
	l->fetches = log ? log : l->fetches;
}

/* -- planning -- */

/* After a bad poll: what is left of it. */
static int64_t fresh_left_ms(const struct plan_input *in, const struct feed_learned *l)
{
	int64_t all_ms = l->fresh_ms == TIME_NONE ? 0 : llabs(l->fresh_ms);

	return went_well(in) ? all_ms : all_ms - elapsed_ms(in);
}

/* Nothing was new, by this poll or by the last good one, and the next answer is a whole document
 * once more (A14); a file costs nobody anything. */
static bool is_plain(const struct plan_input *in, const struct feed_learned *l)
{
	const struct feed *feed = in->feed;

	if (in->validators)
		return false;
	if (went_well(in))
		return in->outcome == OUTCOME_UNCHANGED && in->http_status == 200;
	return l->fresh_ms != TIME_NONE && feed->last_new_ms < feed->last_ok_ms &&
	       strncmp(feed->url, "file:", 5) != 0;
}

static struct interval_rule rule_of(
	const struct plan_input *in, const struct feed_learned *l, const struct rhythm *r)
{
	const struct feed *feed = in->feed;
	struct plan_policy p = plan_policy_of(&in->policy, feed);
	int64_t news_ms = feed->last_new_ms == TIME_NONE ? feed->created_ms : feed->last_new_ms;
	int64_t gap_ms = rhythm_gap_ms(r);

	return (struct interval_rule){
		.feed = feed->id,
		.now_ms = in->now_ms,
		.outcome = in->outcome,
		.interval_ms = p.interval_ms,
		.own_interval = feed->interval_ms != 0,
		.min_ms = p.min_ms,
		.max_ms = p.max_ms,
		.own_min = feed->interval_min_ms != 0,
		.own_max = feed->interval_max_ms != 0,
		.jitter_percent = p.jitter_percent,
		.first = is_first(in),
		.error_count = feed->error_count + 1,
		.retry_after_ms = in->retry_after_ms,
		.planned_ms = feed->next_due_ms,
		.fresh_ms = fresh_left_ms(in, l),
		.hints = {l->ttl_ms, l->period_ms, l->base_ms, l->skip_hours, l->skip_days},
		.plain = is_plain(in, l),
		.gap_ms = gap_ms,
		.guessed = !l->usual_ms,
		.safe_ms = rhythm_safe_ms(r, gap_ms, elapsed_ms(in), in->new_items),
		.unseen_ms = elapsed_ms(in),
		.silent_ms = in->new_items || is_first(in) ? 0 : in->now_ms - news_ms,
	};
}

void plan_poll(const struct plan_input *in, struct arena *arena, struct feed_poll *poll)
{
	struct feed_learned *l = &poll->learned;
	struct interval_decision d;
	struct interval_rule rule;
	struct rhythm r;
	char plan[INTERVAL_PLAN_BYTES];

	*l = in->feed->learned;
	r = learn(in, arena, l);
	if (went_well(in) || fails_again(in))
		l->silent = l->silent || plan_is_silent(l, in->now_ms);
	try_address(in, poll);
	rule = rule_of(in, l, &r);
	interval_decide(&rule, &d);
	interval_plan(&d, plan);
	l->plan = arena_strdup(arena, plan);
	log_fetch(in, arena, l);
	poll->next_due_ms = d.due_ms;
	poll->due_reason = arena_strdup(arena, d.reason);
}
