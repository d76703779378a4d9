/* When is the next poll, and why. */
#include "interval.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "rhythm.h"

#define HOUR_MS (3600 * 1000LL)

static const char *const cause_names[] = {
	[CAUSE_INTERVAL] = "interval",
	[CAUSE_RETRY_AFTER] = "retry-after",
	[CAUSE_GONE] = "gone",
	[CAUSE_BACKOFF] = "backoff",
	[CAUSE_NETWORK] = "network",
	[CAUSE_FRESH] = "fresh",
	[CAUSE_TTL] = "ttl",
	[CAUSE_PERIOD] = "period",
	[CAUSE_SKIP] = "skip",
	[CAUSE_PLAIN] = "no-validators",
	[CAUSE_RHYTHM] = "rhythm",
	[CAUSE_WINDOW] = "window",
	[CAUSE_MIN] = "interval-min",
	[CAUSE_MAX] = "interval-max",
};

static const char *const level_names[] = {
	[LEVEL_FEED] = "feed",
	[LEVEL_DAEMON] = "daemon",
	[LEVEL_SERVER] = "server",
	[LEVEL_DOCUMENT] = "document",
	[LEVEL_LEARNED] = "learned",
};

/* A number in 0 .. range-1 that looks random over feeds and polls but needs no state. */
static int64_t spread(const struct interval_rule *rule, int64_t range)
{
	int64_t seed[2] = {rule->feed, rule->now_ms};

	if (range <= 0)
		return 0;
	return (int64_t)((uint64_t)hash64(seed, sizeof(seed)) % (uint64_t)range);
}

/* Feeds that were added together do not stay together: once, each waits up to twice as long. */
static int64_t with_jitter(const struct interval_rule *rule, int64_t interval_ms)
{
	int64_t reach = interval_ms / 100 * rule->jitter_percent, least_ms = interval_ms - reach;

	if (rule->first && rule->jitter_percent)
		return interval_ms + spread(rule, interval_ms);
	if (!rule->interval_ms && least_ms < rule->min_ms)
		least_ms = rule->min_ms; /* the shortest is one that servers count on (A14) */
	return least_ms + spread(rule, interval_ms + reach - least_ms + 1);
}

/* For what must not be passed. */
static int64_t with_jitter_above(const struct interval_rule *rule, int64_t wait_ms)
{
	return wait_ms + spread(rule, wait_ms / 100 * rule->jitter_percent + 1);
}

static struct interval_candidate *put(struct interval_decision *d, enum interval_cause cause,
	enum interval_level level, int64_t due_ms)
{
	struct interval_candidate *c = &d->candidates[d->count++];

	*c = (struct interval_candidate){cause, level, due_ms};
	return c;
}

/* Goes on with the reason. */
__attribute__((format(printf, 2, 3))) static void say(
	struct interval_decision *d, const char *format, ...)
{
	size_t len = strlen(d->reason);
	va_list args;

	va_start(args, format);
	vsnprintf(d->reason + len, sizeof(d->reason) - len, format, args);
	va_end(args);
}

/* -- the interval without what publishers ask for -- */

struct usual {
	int64_t wait_ms;
	enum interval_cause cause;
	enum interval_level level;
};

static int64_t cap(const struct interval_rule *rule)
{
	return rule->max_ms > rule->min_ms ? rule->max_ms : rule->min_ms;
}

static int64_t longest(const struct interval_rule *rule)
{
	bool dormant = rule->silent_ms > INTERVAL_DORMANT_MS;

	return cap(rule) * (dormant ? INTERVAL_DORMANT_FACTOR : 1);
}

static struct usual usual(const struct interval_rule *rule)
{
	int64_t gap_ms = rule->gap_ms;
	struct usual u = {
		rule->interval_ms, CAUSE_INTERVAL, rule->own_interval ? LEVEL_FEED : LEVEL_DAEMON};

	if (rule->interval_ms)
		return u;
	if (rule->silent_ms > INTERVAL_DORMANT_MS && gap_ms < rule->silent_ms)
		gap_ms = rule->silent_ms;
	u = (struct usual){rhythm_interval_ms(gap_ms, rule->min_ms), CAUSE_RHYTHM, LEVEL_LEARNED};
	if (u.wait_ms > rule->safe_ms)
		u = (struct usual){rule->safe_ms, CAUSE_WINDOW, LEVEL_LEARNED};
	if (u.wait_ms < rule->min_ms)
		u = (struct usual){
			rule->min_ms, CAUSE_MIN, rule->own_min ? LEVEL_FEED : LEVEL_DAEMON};
	else if (u.wait_ms > longest(rule))
		u = (struct usual){
			longest(rule), CAUSE_MAX, rule->own_max ? LEVEL_FEED : LEVEL_DAEMON};
	return u;
}

/* -- lower bounds -- */

static int64_t at_most(int64_t value, int64_t most)
{
	return value < most ? value : most;
}

/* To the next of the moments that lie a period apart, where it is known from when they count. */
static int64_t period_wait(const struct interval_rule *rule)
{
	const struct interval_hints *h = &rule->hints;
	int64_t since_ms;

	if (h->base_ms == TIME_NONE || h->base_ms > rule->now_ms)
		return h->period_ms;
	since_ms = (rule->now_ms - h->base_ms) % h->period_ms;
	return h->period_ms - since_ms;
}

static bool is_open(const struct interval_hints *h, int64_t hour)
{
	int64_t day = hour / 24; /* since a Thursday */

	return !(h->skip_hours >> (hour % 24) & 1) && !(h->skip_days >> ((day + 4) % 7) & 1);
}

/* The first moment from `at_ms` on that is not to be skipped; `at_ms` when all of a week is. */
static int64_t next_open(const struct interval_rule *rule, int64_t at_ms)
{
	int64_t hour = at_ms / HOUR_MS;

	if ((!rule->hints.skip_hours && !rule->hints.skip_days) || at_ms < 0 ||
		is_open(&rule->hints, hour))
		return at_ms;
	for (int64_t h = hour + 1; h <= hour + 7 * 24; h++) {
		if (is_open(&rule->hints, h)) /* not all in its first minute, none in the next */
			return h * HOUR_MS + spread(rule, HOUR_MS * 5 / 6);
	}
	return at_ms;
}

static void put_bounds(const struct interval_rule *rule, struct interval_decision *d)
{
	int64_t cap_ms = cap(rule);
	const struct {
		enum interval_cause cause;
		enum interval_level level;
		int64_t wait_ms;
	} bounds[] = {
		{CAUSE_FRESH, LEVEL_SERVER, rule->fresh_ms},
		{CAUSE_TTL, LEVEL_DOCUMENT, rule->hints.ttl_ms},
		{CAUSE_PERIOD, LEVEL_DOCUMENT, rule->hints.period_ms > 0 ? period_wait(rule) : 0},
		{CAUSE_PLAIN, LEVEL_LEARNED, rule->plain ? cap_ms : 0},
	};

	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]) && !rule->own_interval; i++) {
		if (bounds[i].wait_ms > 0)
			put(d, bounds[i].cause, bounds[i].level,
				rule->now_ms + with_jitter_above(
						       rule, at_most(bounds[i].wait_ms, cap_ms)));
	}
}

/* Puts the candidate at `i` in front; the others keep their order. */
static void let_win(struct interval_decision *d, int i)
{
	struct interval_candidate won = d->candidates[i];

	for (; i > 0; i--)
		d->candidates[i] = d->candidates[i - 1];
	d->candidates[0] = won;
}

/* The latest wins; hours and days to skip count for that moment itself. */
static void settle(const struct interval_rule *rule, struct interval_decision *d)
{
	int latest = 0;
	int64_t open_ms;

	for (int i = 1; i < d->count; i++) {
		if (d->candidates[i].due_ms > d->candidates[latest].due_ms)
			latest = i;
	}
	let_win(d, latest);
	open_ms = next_open(rule, d->candidates[0].due_ms);
	if (open_ms > d->candidates[0].due_ms && !rule->own_interval) {
		put(d, CAUSE_SKIP, LEVEL_DOCUMENT, open_ms);
		let_win(d, d->count - 1);
	}
}

/* In words, when a bound has won; `again`: it was said by an earlier answer. */
static void explain_bound(const struct interval_rule *rule, bool again, struct interval_decision *d)
{
	char wait[DURATION_TEXT_BYTES];
	int64_t asked_ms = 0;

	switch (d->candidates[0].cause) {
	case CAUSE_FRESH:
		asked_ms = rule->fresh_ms;
		say(d, "the server says that its %s is good for %s%s",
			again ? "last answer" : "answer", times_duration(asked_ms, wait),
			again ? " more" : "");
		break;
	case CAUSE_TTL:
		asked_ms = rule->hints.ttl_ms;
		say(d, "the feed says that it is good for %s (ttl)",
			times_duration(asked_ms, wait));
		break;
	case CAUSE_PERIOD:
		asked_ms = period_wait(rule);
		say(d, "the feed says that it changes every %s (updatePeriod)",
			times_duration(rule->hints.period_ms, wait));
		break;
	case CAUSE_PLAIN:
		say(d, "nothing was new, and no ETag or Last-Modified could be kept to ask with:"
		       " every answer is the whole document");
		break;
	default:
		say(d, "the feed asks not to be polled before (skipHours, skipDays)");
		break;
	}
	if (asked_ms > cap(rule))
		say(d, ", at most %s by interval_max", times_duration(cap(rule), wait));
}

/* -- after a good poll -- */

static void explain_usual(
	const struct interval_rule *rule, const struct usual *u, struct interval_decision *d)
{
	static const char *const notes[] = {
		[CAUSE_RHYTHM] = "",
		[CAUSE_WINDOW] = ", so that nothing is missed",
		[CAUSE_MIN] = ", the shortest interval",
		[CAUSE_MAX] = ", the longest interval",
	};
	char wait[DURATION_TEXT_BYTES], gap[DURATION_TEXT_BYTES];

	say(d, "every %s", times_duration(u->wait_ms, wait));
	if (u->cause == CAUSE_INTERVAL)
		say(d, " (set for %s)", rule->own_interval ? "this feed" : "all feeds");
	else if (rule->guessed)
		say(d, "%s: too little is known of its rhythm yet", notes[u->cause]);
	else
		say(d, "%s: something new comes every %s or so", notes[u->cause],
			times_duration(rule->gap_ms, gap));
}

static void decide_good(const struct interval_rule *rule, struct interval_decision *d)
{
	struct usual u = usual(rule);

	put_bounds(rule, d);
	put(d, u.cause, u.level, rule->now_ms + with_jitter(rule, u.wait_ms));
	settle(rule, d);
	if (d->candidates[0].cause == u.cause)
		explain_usual(rule, &u, d);
	else
		explain_bound(rule, false, d);
}

/* -- after a bad one -- */

/* What publishers asked for while all was well counts for trouble, too, which never means more
 * polls. True when that is later, and said. */
static bool bound_trouble(const struct interval_rule *rule, struct interval_decision *d)
{
	enum interval_cause cause = d->candidates[0].cause;

	put_bounds(rule, d);
	settle(rule, d);
	if (d->candidates[0].cause == cause)
		return false;
	say(d, "; ");
	explain_bound(rule, true, d);
	return true;
}

/* Doubling from the interval with full jitter above it: never sooner than usual. */
static int64_t backoff(const struct interval_rule *rule, int64_t usual_ms)
{
	int64_t most = usual_ms;

	for (int i = 1; i < rule->error_count && most < INTERVAL_BACKOFF_MAX_MS; i++)
		most *= 2;
	most = at_most(most, INTERVAL_BACKOFF_MAX_MS);
	if (most <= usual_ms)
		return with_jitter_above(rule, usual_ms);
	return usual_ms + spread(rule, most - usual_ms + 1);
}

static void decide_failed(const struct interval_rule *rule, struct interval_decision *d)
{
	char text[DURATION_TEXT_BYTES];
	int64_t usual_ms = usual(rule).wait_ms, wait_ms = backoff(rule, usual_ms);

	if (rule->outcome == OUTCOME_GONE_ONCE && wait_ms < 24 * HOUR_MS)
		wait_ms = with_jitter_above(rule, 24 * HOUR_MS);
	if (rule->outcome == OUTCOME_GONE_ONCE) {
		say(d, "the server says that the feed is gone: asked once more after a day");
		put(d, CAUSE_GONE, LEVEL_SERVER, rule->now_ms + wait_ms);
		bound_trouble(rule, d);
		return;
	}
	say(d, "failed %d time%s in a row", rule->error_count, rule->error_count == 1 ? "" : "s");
	put(d, CAUSE_BACKOFF, LEVEL_LEARNED, rule->now_ms + wait_ms);
	if (!bound_trouble(rule, d))
		say(d, ": waits for %s", times_duration(wait_ms, text));
}

/* Soon again, since it costs nobody anything; the longer it lasts, the less often. */
static void decide_waiting(const struct interval_rule *rule, struct interval_decision *d)
{
	char text[DURATION_TEXT_BYTES];
	int64_t wait_ms = rule->unseen_ms / 20;

	wait_ms = wait_ms < HOUR_MS / 12 ? HOUR_MS / 12 : at_most(wait_ms, HOUR_MS);
	put(d, CAUSE_NETWORK, LEVEL_LEARNED, rule->now_ms + wait_ms + spread(rule, wait_ms));
	say(d, "waiting: this machine reaches nobody; tried again in %s",
		times_duration(wait_ms, text));
}

/* The server has seen this poll: a restart is no reason for another one. */
static void decide_cut_off(const struct interval_rule *rule, struct interval_decision *d)
{
	char text[DURATION_TEXT_BYTES];
	bool own = rule->interval_ms ? rule->own_interval : rule->own_min;
	int64_t least_ms = rule->interval_ms ? rule->interval_ms : rule->min_ms;
	int64_t wait_ms = with_jitter_above(rule, least_ms);

	/* a poll by hand comes before its time, which stays */
	if (rule->planned_ms != TIME_NONE && rule->planned_ms - rule->now_ms > wait_ms)
		wait_ms = rule->planned_ms - rule->now_ms;
	put(d, rule->interval_ms ? CAUSE_INTERVAL : CAUSE_MIN, own ? LEVEL_FEED : LEVEL_DAEMON,
		rule->now_ms + wait_ms);
	say(d, "asked when the daemon was stopped");
	if (!bound_trouble(rule, d))
		say(d, ": waits for %s", times_duration(wait_ms, text));
}

/* Others were told the same moment: it does not arrive with them. */
static void decide_retry_after(const struct interval_rule *rule, struct interval_decision *d)
{
	char text[DURATION_TEXT_BYTES];
	int64_t usual_ms = usual(rule).wait_ms;
	int64_t wait_ms = rule->retry_after_ms > usual_ms ? rule->retry_after_ms : usual_ms;

	put(d, CAUSE_RETRY_AFTER, LEVEL_SERVER,
		rule->now_ms + wait_ms + spread(rule, wait_ms / 10 + 1));
	say(d, "the server asked to wait for %s", times_duration(rule->retry_after_ms, text));
	if (!bound_trouble(rule, d) && usual_ms > rule->retry_after_ms)
		say(d, ": the usual interval is longer");
}

void interval_decide(const struct interval_rule *rule, struct interval_decision *ret_decision)
{
	struct interval_decision *d = ret_decision;

	d->count = 0;
	d->reason[0] = '\0';
	switch (rule->outcome) {
	case OUTCOME_GONE:
		put(d, CAUSE_GONE, LEVEL_SERVER, TIME_NONE);
		say(d, "the server said twice that the feed is gone for good: not polled any more"
		       " unless a user asks for it (tidings refresh)");
		break;
	case OUTCOME_RETRY_AFTER:
		decide_retry_after(rule, d);
		break;
	case OUTCOME_CUT_OFF:
		decide_cut_off(rule, d);
		break;
	case OUTCOME_WAITING:
		decide_waiting(rule, d);
		break;
	case OUTCOME_GONE_ONCE:
	case OUTCOME_FAILED:
		decide_failed(rule, d);
		break;
	case OUTCOME_NEW_ITEMS:
	case OUTCOME_UNCHANGED:
		decide_good(rule, d);
		break;
	}
	d->due_ms = d->candidates[0].due_ms;
}

void interval_plan(const struct interval_decision *decision, char out[INTERVAL_PLAN_BYTES])
{
	int len = 0;

	for (int i = 0; i < decision->count; i++) {
		const struct interval_candidate *c = &decision->candidates[i];
		char due[24] = "-";

		if (c->due_ms != TIME_NONE)
			snprintf(due, sizeof(due), "%lld", (long long)c->due_ms);
		len += snprintf(out + len, (size_t)(INTERVAL_PLAN_BYTES - len), "%s%s/%s/%s",
			i ? " " : "", cause_names[c->cause], level_names[c->level], due);
	}
}

int64_t interval_resume(
	int64_t now_ms, int64_t stored_due_ms, int64_t last_poll_ms, int64_t interval_ms)
{
	int64_t longest_ms =
		interval_ms > INTERVAL_BACKOFF_MAX_MS ? interval_ms : INTERVAL_BACKOFF_MAX_MS;

	if (stored_due_ms == TIME_NONE)
		return now_ms;
	if (last_poll_ms > now_ms)
		stored_due_ms -= last_poll_ms - now_ms;
	if (stored_due_ms > now_ms + 2 * longest_ms)
		return now_ms + interval_ms;
	return stored_due_ms;
}
