/* Starts polls when they are due. */
#include "poller.h"

#include "base/log.h"
#include "limits.h"

/* At the end of a poll, and of whatever changed the schedule. */
static void look(struct poller *p);

static void on_tick(uv_timer_t *timer)
{
	look(timer->data);
}

void poller_kick(void *poller)
{
	struct poller *p = poller;

	if (p->running)
		uv_timer_start(&p->tick, on_tick, 0, 0);
	else
		p->ended(p->ctx);
}

/* -- what is overdue -- */

/* A start, a wake-up or the end of trouble finds many at once (B5). */
static void spread(struct poller *p)
{
	if (!p->once)
		schedule_spread(p->schedule, alarm_clock_ms(), SPREAD_STARTS_PER_S, SPREAD_MOST_MS);
}

/* The alarm rings late when the machine was suspended. */
static void notice_sleep(struct poller *p)
{
	int64_t late_ms = alarm_clock_ms() - p->wake_at_ms;

	if (late_ms < 0)
		return;
	p->wake_at_ms = INT64_MAX; /* also when nothing may start, so that no other is planned */
	if (late_ms <= SLEPT_MS)
		return;
	log_event(LOG_INFO, "resumed", "late_ms=%lld", (long long)late_ms);
	spread(p);
}

/* -- starting polls -- */

static void polled(void *ctx, const struct refresh_result *result);

static bool store_fails(const struct poller *p)
{
	return store_trouble(p->env->store)->code != 0;
}

/* While the store fails servers would be asked for nothing; while nobody is reached one poll at a
 * time probes. Polls that were sent on to another host may wait there for long, as do those whose
 * servers are silent, and keep nobody else waiting. */
static bool may_start(const struct poller *p)
{
	int64_t redirected = p->env->redirected < POLLS_REDIRECTED_MAX ? p->env->redirected
								       : POLLS_REDIRECTED_MAX;
	int64_t most = p->config->connections + redirected + fetcher_parked(p->env->fetcher);

	if (p->probe_at_ms)
		most = 1;

	return p->running && !store_fails(p) && p->polling < most &&
	       !store_is_busy(p->env->store) && !refresh_is_busy(p->env);
}

static void start_due(struct poller *p)
{
	int64_t now_ms = alarm_clock_ms(), feed;

	if (now_ms < p->probe_at_ms)
		return;
	while (may_start(p) && schedule_take(p->schedule, now_ms, &feed)) {
		if (refresh_start(p->env, feed, polled, p)) {
			schedule_finish(p->schedule, feed, now_ms + START_RETRY_MS);
			break;
		}
		p->polling++;
	}
}

static void wake(struct poller *p)
{
	int64_t now_ms = alarm_clock_ms(), wait_ms = schedule_wait_ms(p->schedule, now_ms);

	if (!p->polling && (wait_ms < 0 || wait_ms > REST_MS))
		store_rest(p->env->store);
	if (wait_ms < 0)
		return;
	if (now_ms + wait_ms < p->probe_at_ms)
		wait_ms = p->probe_at_ms - now_ms;
	p->wake_at_ms = now_ms + wait_ms;
	alarm_set(&p->alarm, p->wake_at_ms);
}

/* With no poll under way a feed waits for its group's gap at most, unless its server asked to be
 * left alone: such ones are left out. */
static bool once_is_done(const struct poller *p)
{
	int64_t wait_ms = schedule_wait_ms(p->schedule, alarm_clock_ms());

	return p->once && p->running && !p->polling && !p->subscriptions->jobs &&
	       !schedule_visited(p->schedule) &&
	       (wait_ms < 0 || wait_ms > p->config->gap_ms || store_fails(p));
}

static void log_once(const struct poller *p)
{
	const int64_t *n = p->polls.came_to;
	int64_t good = n[API_POLL_NEW_ITEMS] + n[API_POLL_UNCHANGED], all = 0;

	for (int i = 0; i < API_POLLS; i++)
		all += n[i];
	log_event(LOG_INFO, "once.done", "polled=%lld failed=%lld held=%lld new=%lld",
		(long long)all, (long long)(all - good),
		(long long)schedule_counts(p->schedule, alarm_clock_ms()).due,
		(long long)p->polls.items);
}

static void look(struct poller *p)
{
	notice_sleep(p);
	start_due(p);
	if (once_is_done(p)) {
		log_once(p);
		p->finished(p->ctx);
	} else if (may_start(p)) { /* else the end of a poll looks */
		wake(p);
	}
}

/* -- what came of them -- */

static void count(struct api_polls *polls, const struct refresh_result *result)
{
	static const enum api_poll told[] = {
		[OUTCOME_NEW_ITEMS] = API_POLL_NEW_ITEMS,
		[OUTCOME_UNCHANGED] = API_POLL_UNCHANGED,
		[OUTCOME_RETRY_AFTER] = API_POLL_RETRY_AFTER,
		[OUTCOME_GONE] = API_POLL_GONE,
		[OUTCOME_GONE_ONCE] = API_POLL_GONE,
		[OUTCOME_CUT_OFF] = API_POLL_FAILED,
		[OUTCOME_WAITING] = API_POLL_UNREACHED,
		[OUTCOME_FAILED] = API_POLL_FAILED,
	};

	polls->came_to[told[result->outcome]]++;
	polls->items += result->new_items;
	polls->bytes += (int64_t)result->wire_bytes;
}

/* The first that is excused begins an outage, the first answer ends it. */
static void heed_outage(struct poller *p, const struct refresh_result *result, int64_t now_ms)
{
	const struct outage *o = &p->env->outage;
	bool was_down = p->probe_at_ms != 0;

	if (p->once || o->down == was_down) {
		if (was_down && result->outcome == OUTCOME_WAITING)
			p->probe_at_ms = now_ms + o->probe_wait_ms;
		return;
	}
	p->probe_at_ms = o->down ? now_ms + o->probe_wait_ms : 0;
	if (o->down) {
		log_event(LOG_WARNING, "network.down", "error=%s", o->text);
		return;
	}
	log_event(LOG_INFO, "network.up", "probes=%d", o->probes);
	spread(p);
}

static void polled(void *ctx, const struct refresh_result *result)
{
	struct poller *p = ctx;
	int64_t now_ms = alarm_clock_ms(), due_ms = now_ms + result->wait_ms;
	bool changed, merged = result->moved_into && result->moved_into != result->feed;

	p->polling--;
	heed_outage(p, result, now_ms);
	if (result->canceled || result->wait_ms == TIME_NONE || p->once)
		due_ms = TIME_NONE;
	if (!result->canceled)
		count(&p->polls, result);
	changed = schedule_finish(p->schedule, result->feed, due_ms) || result->moved_into;
	p->subscriptions->removed |= merged;
	/* removed, moved or changed meanwhile; with --once it was asked all the same, unless
	 * nothing came of that, or it is now one with another, whose rest is done then */
	if (p->running && (result->canceled || (changed && (!p->once || merged))))
		subscriptions_touch(p->subscriptions, result->feed, poller_kick, p);
	if (p->running && !p->once && result->moved_into)
		subscriptions_touch(p->subscriptions, result->moved_into, poller_kick, p);
	poller_kick(p);
}

/* -- what it tells -- */

/* What keeps a feed that is due from being polled. */
static enum api_wait obstacle(const struct poller *p, const struct schedule_place *place,
	int64_t now_ms, int64_t *until_ms)
{
	if (store_fails(p))
		return API_WAIT_STORE;
	if (p->probe_at_ms) {
		*until_ms = p->probe_at_ms > now_ms ? p->probe_at_ms : TIME_NONE;
		return API_WAIT_NETWORK;
	}
	if (place->open_ms > now_ms) {
		*until_ms = place->open_ms;
		return place->held ? API_WAIT_SERVER : API_WAIT_HOST;
	}
	return place->state == SCHEDULE_BUSY ? API_WAIT_HOST : API_WAIT_TURN;
}

void poller_waiting(const struct poller *p, int64_t feed, struct api_waiting *ret_waiting)
{
	int64_t now_ms = alarm_clock_ms(), until_ms = TIME_NONE;
	struct schedule_place place = schedule_find(p->schedule, feed, now_ms);
	enum api_wait what = API_WAIT_NOTHING;

	if (place.state == SCHEDULE_POLLING) {
		what = API_WAIT_POLL;
	} else if (place.state == SCHEDULE_LATER) {
		bool held = place.held && place.open_ms > place.due_ms;

		what = held ? API_WAIT_SERVER : API_WAIT_TIME;
		until_ms = held ? place.open_ms : place.due_ms;
	} else if (place.state != SCHEDULE_OUT) {
		what = obstacle(p, &place, now_ms, &until_ms);
	}
	*ret_waiting = (struct api_waiting){what, until_ms};
}

/* -- its handles -- */

int poller_open(struct poller *p, uv_loop_t *loop, struct err *e)
{
	uv_timer_init(loop, &p->tick);
	p->tick.data = p;
	p->wake_at_ms = INT64_MAX;
	return alarm_open(&p->alarm, loop, poller_kick, p, e);
}

void poller_start(struct poller *p)
{
	p->running = true;
	spread(p);
	look(p);
}

void poller_catch_up(struct poller *p)
{
	spread(p);
	poller_kick(p);
}

void poller_stop(struct poller *p)
{
	p->running = false;
	uv_timer_stop(&p->tick);
}

void poller_close(struct poller *p)
{
	uv_close((uv_handle_t *)&p->tick, NULL);
	alarm_close(&p->alarm);
}
