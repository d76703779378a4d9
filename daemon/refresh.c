/* One refresh of one feed, from due to done. */
#include "refresh.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/url.h"
#include "icon.h"
#include "ingest.h"
#include "limits.h"
#include "parse/parse.h"
#include "store/feeds.h"
#include "store/holds.h"

/*
 *  LOADING --> FETCHING --> PARSING --> STORING --> DONE
 *     |           |  `--(304, failed)--->'           ^
 *     `-----------'-------(feed gone, not asked)-----'
 */
enum refresh_state { LOADING, FETCHING, PARSING, STORING, DONE };

struct refresh {
	struct refresh_env *env;
	enum refresh_state state;
	int64_t id;
	struct arena arena;
	struct feed feed; /* as it was when the refresh began */
	struct fetch_request request;
	struct fetch_result fetched;

	struct list node; /* in env->parse_queue */
	uv_work_t work;
	int64_t received_ms;
	struct grouping *grouping; /* NULL: texts are not compared */
	char body_hash[HASH128_TEXT_BYTES];
	struct visit *visit; /* of where it was sent on to */
	bool redirected;     /* counted in env->redirected */
	bool kept;           /* it came from env->kept: nobody was asked */
	bool same_body;      /* the bytes of the last time: nothing to parse (A8) */
	struct feed_content *content;
	struct err parse_error;

	struct store_job job;
	struct ingest ingest;
	char *moved_url;           /* of a permanent redirect, normalised */
	struct plan_policy policy; /* the daemon's when it is stored */
	struct refresh_result result;
	void (*done)(void *ctx, const struct refresh_result *result);
	void *ctx;
};

static void step(struct refresh *r, enum refresh_state next);
static void loaded(struct store_job *job);
static void fetched(struct fetch_request *request, const struct fetch_result *result);
static void parse(uv_work_t *work);
static void parsed(uv_work_t *work, int status);
static void stored(struct store_job *job);

static int load(struct store_tx *tx, void *arg, struct err *e)
{
	struct refresh *r = arg;

	return feeds_get(tx, r->id, &r->arena, &r->feed, e);
}

int refresh_start(struct refresh_env *env, int64_t feed,
	void (*done)(void *ctx, const struct refresh_result *result), void *ctx)
{
	struct refresh *r = calloc(1, sizeof(*r));
	int rv;

	if (!r)
		return ERR_NOMEM;
	r->env = env;
	r->id = feed;
	r->done = done;
	r->ctx = ctx;
	r->result.feed = feed;
	arena_init(&r->arena, env->arena_max_bytes);
	r->job = (struct store_job){.class = STORE_POLL, .run = load, .done = loaded, .arg = r};
	rv = store_read(env->store, &r->job);
	if (rv) {
		arena_finish(&r->arena);
		free(r);
	}
	return rv;
}

bool refresh_is_busy(const struct refresh_env *env)
{
	return env->parse_waiting >= PARSE_QUEUE_MAX;
}

/* Ends a refresh that stores nothing: because the daemon stops or the feed is no more, or for want
 * of memory or room, in which case the feed is asked again. */
static void give_up(struct refresh *r, int status)
{
	r->result.canceled = status == ERR_CANCELED || status == ERR_NOT_FOUND;
	r->result.outcome = OUTCOME_FAILED;
	if (!r->result.wait_ms)
		r->result.wait_ms = STORE_RETRY_MS;
	if (!r->result.canceled)
		log_event(LOG_ERROR, "feed.postponed", "feed=%lld code=%s error=%s",
			(long long)r->id, err_name(status),
			r->job.status ? r->job.error.text : err_sentence(status));
	step(r, DONE);
}

static void loaded(struct store_job *job)
{
	struct refresh *r = job->arg;

	if (job->status)
		give_up(r, job->status);
	else
		step(r, FETCHING);
}

static int64_t admit(void *ctx, const char *url)
{
	struct refresh *r = ctx;

	if (!r->redirected)
		r->env->redirected++;
	r->redirected = true;
	return r->env->admit(r->env->ctx, &r->visit, r->id, url, INT64_MAX);
}

static int64_t loop_ms(const struct refresh *r)
{
	return (int64_t)uv_now(r->env->loop);
}

/* What somebody looked at a moment ago, and then subscribed to (A1). A section may have settings
 * of its own for fetching. */
static bool take_kept(struct refresh *r)
{
	if (r->feed.last_ok_ms != TIME_NONE || r->feed.section)
		return false;
	return kept_take(&r->env->kept, false, &r->request, &r->fetched, loop_ms(r));
}

static void begin_fetch(struct refresh *r)
{
	int rv;

	r->request = (struct fetch_request){
		.url = r->feed.url,
		.etag = r->feed.etag,
		.last_modified = r->feed.last_modified,
		.validators_url = r->feed.validators_url,
		.keep_connection = r->env->more(r->env->ctx, r->id),
		.arena = &r->arena,
		.admit = admit,
		.admit_ctx = r,
		.done = fetched,
		.ctx = r,
	};
	r->kept = take_kept(r);
	if (r->kept) {
		step(r, PARSING);
		return;
	}
	kept_expire(&r->env->kept, loop_ms(r));
	rv = r->env->site(r->env->ctx, r->feed.section, &r->arena, &r->request.site);
	if (!rv)
		rv = fetch_start(r->env->fetcher, &r->request);
	if (rv)
		give_up(r, rv == ERR_BUSY ? ERR_CANCELED : rv); /* busy: it is stopping */
}

static void fetched(struct fetch_request *request, const struct fetch_result *result)
{
	struct refresh *r = request->ctx;

	r->fetched = *result;
	r->result.wire_bytes = result->wire_bytes;
	if (r->redirected)
		r->env->redirected--;
	r->env->leave(r->env->ctx, r->visit);
	if (result->error.code == ERR_CANCELED && !result->asked)
		give_up(r, ERR_CANCELED);
	else if (result->error.code == ERR_BUSY && result->retry_after_ms < 0)
		give_up(r, ERR_BUSY); /* too much was held here: not the feed's failure */
	else
		step(r, result->verdict == FETCH_DOCUMENT ? PARSING : STORING);
}

/* Starts the waiting parse jobs for which there is room. */
static void admit_parsers(struct refresh_env *env)
{
	struct refresh *r;

	while (env->parsing < env->parsing_max && !list_empty(&env->parse_queue)) {
		r = container_of(list_pop(&env->parse_queue), struct refresh, node);
		env->parse_waiting--;
		env->parsing++;
		r->work.data = r;
		if (uv_queue_work(env->loop, &r->work, parse, parsed)) {
			env->parsing--;
			give_up(r, ERR_NOMEM);
		}
	}
}

static void cut_off(struct refresh *r)
{
	r->fetched.verdict = FETCH_FAILED;
	err_set(&r->fetched.error, ERR_CANCELED, NULL);
	step(r, STORING);
}

void refresh_stop(struct refresh_env *env)
{
	list_for_each_safe (node, &env->parse_queue) {
		list_remove(node);
		env->parse_waiting--;
		cut_off(container_of(node, struct refresh, node));
	}
}

static void begin_parse(struct refresh *r)
{
	r->received_ms = r->env->now_ms();
	r->grouping = r->env->grouping; /* a reload sets it meanwhile */
	r->ingest.rule = (enum identity_rule)r->feed.identity;
	list_push(&r->env->parse_queue, &r->node);
	r->env->parse_waiting++;
	admit_parsers(r->env);
}

/* On a pool thread: pure work on what the refresh owns. */
static void parse(uv_work_t *work)
{
	struct refresh *r = work->data;
	const struct buf *body = &r->request.body;
	struct parse_options options = {.base_url = r->fetched.url,
		.content_type = r->fetched.content_type,
		.link = r->fetched.link};
	struct draft *drafts = NULL;
	int rv;

	fetch_decode(&r->request, &r->fetched);
	if (r->fetched.verdict == FETCH_FAILED)
		return;
	hash128_text(body->data, body->len, r->body_hash);
	r->same_body = r->feed.body_hash && !strcmp(r->feed.body_hash, r->body_hash);
	if (r->same_body)
		return;
	rv = parse_document(
		body->data, body->len, &options, &r->arena, &r->content, &r->parse_error);
	if (!rv)
		rv = draft_items(r->content, r->ingest.rule,
			r->grouping ? r->received_ms : TIME_NONE, &r->arena, &drafts,
			&r->ingest.count);
	if (rv && !r->parse_error.code)
		err_set(&r->parse_error, rv, NULL);
	r->ingest.drafts = drafts;
}

/* What was a feed is a page: that is news. */
static void name_page(struct refresh *r)
{
	struct err *e = &r->parse_error;

	if (e->code == ERR_NOT_FEED && r->feed.last_ok_ms != TIME_NONE &&
		strcmp(e->text, "an HTML page") == 0)
		err_set(e, ERR_NOT_FEED,
			"found an HTML page where a feed was: maybe a log-in page");
}

static void parsed(uv_work_t *work, int status)
{
	struct refresh *r = work->data;

	r->env->parsing--;
	/* who subscribed to a page asks it for its feeds next; what a section's password opened is
	 * for nobody else */
	if (r->parse_error.code == ERR_NOT_FEED && r->feed.last_ok_ms == TIME_NONE &&
		!r->feed.section)
		kept_put(&r->env->kept, r->feed.url, true, &r->request, &r->fetched, loop_ms(r));
	fetch_release(r->env->fetcher, &r->request);
	admit_parsers(r->env);
	name_page(r);
	if (status)
		give_up(r, ERR_CANCELED);
	else
		step(r, STORING);
}

/* A second 410 a day after the first is believed (A23); the first is a failure like any other. */
static bool is_gone(const struct refresh *r)
{
	return r->fetched.status == 410 && r->feed.last_http_status == 410 &&
	       (r->feed.status == FEED_GONE ||
		       r->feed.last_poll_ms <= r->env->now_ms() - GONE_CONFIRM_MS);
}

/* When this server takes the feed's next request, by its own word; -1: it did not say. */
static int64_t asked_ms(const struct fetch_result *f)
{
	bool overloaded = f->status == 429 || f->status == 503;

	if (!overloaded)
		return -1;
	return f->retry_after_ms >= 0 ? f->retry_after_ms : f->used_up_ms;
}

/* Since it says so, or has counted to its limit. */
int64_t refresh_hold_ms(const struct fetch_result *f)
{
	int64_t wait_ms = asked_ms(f);

	if (wait_ms < 0)
		wait_ms = f->status == 429 ? HOLD_MS : 0;
	return wait_ms > f->used_up_ms ? wait_ms : f->used_up_ms;
}

static void hold(struct refresh *r)
{
	int64_t wait_ms = refresh_hold_ms(&r->fetched);

	if (wait_ms <= 0)
		return;
	r->env->hold(r->env->ctx, r->fetched.url, wait_ms);
	r->ingest.held_url = r->fetched.url;
	r->ingest.held_until_ms = r->ingest.now_ms + wait_ms;
}

struct pause {
	struct store_job job;
	int64_t now_ms, until_ms;
	char url[];
};

static int store_pause(struct store_tx *tx, void *arg, struct err *e)
{
	const struct pause *p = arg;

	return holds_put(tx, p->url, p->until_ms, p->now_ms, e);
}

static void pause_stored(struct store_job *job)
{
	free(job->arg);
}

void refresh_hold(struct refresh_env *env, const struct fetch_result *f)
{
	int64_t wait_ms = refresh_hold_ms(f), now_ms = env->now_ms();
	struct pause *p;

	if (wait_ms <= 0)
		return;
	env->hold(env->ctx, f->url, wait_ms);
	p = malloc(sizeof(*p) + strlen(f->url) + 1);
	if (!p)
		return;
	*p = (struct pause){.now_ms = now_ms, .until_ms = now_ms + wait_ms};
	memcpy(p->url, f->url, strlen(f->url) + 1);
	p->job = (struct store_job){
		.class = STORE_POLL, .run = store_pause, .done = pause_stored, .arg = p};
	if (store_write(env->store, &p->job))
		free(p);
}

/* Whether the failure is nobody's; counts every end of a poll that went out to the network. */
static bool excused(const struct refresh *r, const struct err *error)
{
	struct outage_attempt attempt = {
		.error = r->fetched.status ? NULL : error,
		.began_ms = r->ingest.now_ms - r->fetched.duration_ms,
		.now_ms = r->ingest.now_ms,
		.before_ms =
			plan_is_waiting(r->feed.learned.plan) ? r->feed.last_poll_ms : TIME_NONE,
		.known_bad = error && r->feed.error_code &&
			     !strcmp(r->feed.error_code, err_name(error->code)),
		.own_proxy = r->request.site && r->request.site->proxy,
	};

	if (r->kept || strncmp(r->feed.url, "file:", 5) == 0)
		return false;
	return outage_excuses(&r->env->outage, &attempt);
}

static enum outcome judge(const struct refresh *r, const struct err *error)
{
	if (error && error->code == ERR_CANCELED)
		return OUTCOME_CUT_OFF;
	if (excused(r, error))
		return OUTCOME_WAITING;
	if (is_gone(r))
		return OUTCOME_GONE;
	if (r->fetched.status == 410)
		return OUTCOME_GONE_ONCE;
	if (asked_ms(&r->fetched) >= 0 || (error && error->code == ERR_BUSY))
		return OUTCOME_RETRY_AFTER;
	if (error)
		return OUTCOME_FAILED;
	return OUTCOME_UNCHANGED; /* until the items have been counted */
}

static const struct err *failure(const struct refresh *r)
{
	if (r->fetched.verdict == FETCH_FAILED)
		return &r->fetched.error;
	return r->parse_error.code ? &r->parse_error : NULL;
}

/* Validators belong to a document that was understood whole (A5), or that came whole and has no end
 * where it was made: not to one that may have been cut (A31). A 304 replaces those it names (A4).
 */
static void keep_validators(struct refresh *r, struct feed_poll *poll)
{
	const struct fetch_result *f = &r->fetched;
	bool complete;

	if (f->verdict == FETCH_NOT_MODIFIED) {
		poll->validators = f->etag || f->last_modified;
		poll->etag = f->etag ? f->etag : r->feed.etag;
		poll->last_modified = f->last_modified ? f->last_modified : r->feed.last_modified;
		poll->validators_url = f->url;
		return;
	}
	poll->validators = true;
	complete = !r->content || r->content->complete;
	if (!complete && !(f->whole && r->content->lacks_end))
		return;
	poll->body_hash = r->body_hash;
	if (!complete) /* its maker may have stumbled: not before the same came twice */
		return;
	poll->etag = f->etag;
	poll->last_modified = f->last_modified;
	poll->validators_url = f->url;
}

static void describe(const struct feed_content *content, struct feed_poll *poll)
{
	poll->described = true;
	poll->title = content->title;
	poll->link = content->link;
	poll->description = content->description;
	poll->language = content->language;
	poll->icon = content->icon ? content->icon : content->image;
}

static bool tells_why(int code)
{
	return code == ERR_BUSY || outage_is_ours(code);
}

/* Nobody else tells what it waits for: of a feed that does no error is stored. */
static void say_waiting(struct refresh *r, struct feed_poll *poll)
{
	const char *text = arena_printf(&r->arena, "waiting: %s", poll->error_text);

	poll->due_reason = text ? text : poll->due_reason;
}

/* On the store's thread, which has the refresh until the job is done. */
static void plan(struct ingest *in)
{
	struct refresh *r = container_of(in, struct refresh, ingest);
	struct feed_poll *poll = &in->poll;
	struct plan_input input = {
		.feed = &r->feed,
		.policy = r->policy,
		.now_ms = in->now_ms,
		.retry_after_ms = asked_ms(&r->fetched) >= 0 ? asked_ms(&r->fetched)
							     : r->fetched.retry_after_ms,
		.fresh_ms = r->fetched.fresh_ms,
		.expires = r->fetched.expires,
		.content = poll->status == FEED_OK ? r->content : NULL,
		.known_items = in->known_items,
		.new_items = in->new_items,
		.changed_items = in->changed_items,
		.moved_url = r->moved_url,
		.validators = poll->validators ? poll->etag || poll->last_modified
					       : r->feed.etag || r->feed.last_modified,
		.http_status = poll->http_status,
		.wire_bytes = r->fetched.wire_bytes,
		.duration_ms = r->fetched.duration_ms,
		.error = poll->error_code,
	};

	if (r->result.outcome == OUTCOME_UNCHANGED || r->result.outcome == OUTCOME_NEW_ITEMS)
		r->result.outcome = in->new_items ? OUTCOME_NEW_ITEMS : OUTCOME_UNCHANGED;
	input.outcome = r->result.outcome;
	plan_poll(&input, &r->arena, poll);
	if (poll->waiting && tells_why(r->fetched.error.code))
		say_waiting(r, poll);
	r->result.new_items = in->new_items;
	r->result.wait_ms =
		poll->next_due_ms == TIME_NONE ? TIME_NONE : poll->next_due_ms - in->now_ms;
}

/* A page to log in at is often elsewhere than the feed. */
static void name_hop(struct refresh *r)
{
	struct err e = r->parse_error;

	if (e.code && r->fetched.hops && strlen(e.text) < ERR_TEXT_BYTES / 2)
		err_set(&r->parse_error, e.code, "%s at %.90s, to which it redirects", e.text,
			r->fetched.url);
}

static void begin_store(struct refresh *r)
{
	const struct err *error = failure(r);
	int64_t now_ms = r->env->now_ms();
	struct feed_poll *poll = &r->ingest.poll;

	name_hop(r);
	r->ingest.feed = r->id;
	r->ingest.url = r->feed.url;
	r->ingest.now_ms = now_ms;
	r->ingest.identity_note = r->feed.identity_note;
	r->ingest.initial = r->feed.last_ok_ms == TIME_NONE;
	poll->now_ms = now_ms;
	poll->http_status = r->fetched.status;
	r->policy = r->env->policy;
	r->ingest.plan = plan;
	r->ingest.grouping = r->grouping;
	r->ingest.level = feed_level(&r->feed, NULL);
	r->ingest.reports = r->env->reports;
	r->result.outcome = judge(r, error);
	r->result.wait_ms = plan_policy_of(&r->policy, &r->feed).min_ms; /* if it is not stored */
	hold(r);
	if (error) {
		poll->status = is_gone(r) ? FEED_GONE : FEED_FAILING;
		poll->waiting = r->result.outcome == OUTCOME_WAITING ||
				r->result.outcome == OUTCOME_CUT_OFF || error->code == ERR_BUSY;
		poll->error_code = err_name(error->code);
		poll->error_text = error->text;
		r->ingest.count = 0;
	} else {
		poll->status = FEED_OK;
		keep_validators(r, poll);
		if (r->fetched.moved_url &&
			url_normalize(r->fetched.moved_url, &r->arena, &r->moved_url))
			r->moved_url = NULL; /* what cannot be stored is no new address */
		if (r->content)
			describe(r->content, poll);
	}
	if (r->env->icons < r->env->icons_max)
		r->ingest.icon_url = icon_due(&r->feed, poll);
	r->env->icons += r->ingest.icon_url != NULL; /* the place is kept */
	r->job = (struct store_job){.class = STORE_POLL,
		.repeatable = true,
		.run = ingest_run,
		.done = stored,
		.arg = &r->ingest};
	if (store_write(r->env->store, &r->job)) {
		r->job.status = ERR_BUSY;
		err_set(&r->job.error, ERR_BUSY, "the database did not keep up");
		stored(&r->job);
	}
}

static void log_poll(const struct refresh *r)
{
	const struct err *error = failure(r);
	const struct ingest *in = &r->ingest;
	bool news = in->new_items || in->changed_items || in->rekeyed_items;

	if (error)
		log_event(LOG_WARNING, r->ingest.poll.waiting ? "feed.waiting" : "feed.failed",
			"feed=%lld url=%s code=%s error=%s status=%d next=%s", (long long)r->id,
			r->feed.url, err_name(error->code), error->text, r->fetched.status,
			r->ingest.poll.due_reason);
	else
		log_event(news ? LOG_INFO : LOG_DEBUG, "feed.polled",
			"feed=%lld url=%s status=%d new=%d changed=%d rekeyed=%d bytes=%llu "
			"ms=%lld",
			(long long)r->id, r->feed.url, r->fetched.status, in->new_items,
			in->changed_items, in->rekeyed_items,
			(unsigned long long)r->fetched.wire_bytes,
			(long long)r->fetched.duration_ms);
}

static void log_move(const struct refresh *r)
{
	if (r->ingest.moved_into)
		log_event(LOG_INFO, "feed.moved", "feed=%lld url=%s to=%s into=%lld",
			(long long)r->id, r->feed.url, r->moved_url,
			(long long)r->ingest.moved_into);
}

static void stored(struct store_job *job)
{
	struct refresh *r = container_of(job, struct refresh, job);

	r->env->icons -= r->ingest.icon_url != NULL;
	if (job->status && r->result.outcome == OUTCOME_CUT_OFF) {
		give_up(r, ERR_CANCELED);
		return;
	}
	if (job->status) {
		/* what was fetched is lost, not what is stored: the feed is asked again, with its
		 * old validators; not sooner than planned if the store has trouble with it alone */
		if (store_trouble(r->env->store)->code || job->status == ERR_BUSY)
			r->result.wait_ms = STORE_RETRY_MS;
		give_up(r, job->status);
		return;
	}
	r->result.moved_into = r->ingest.moved_into;
	r->result.canceled = r->result.outcome == OUTCOME_CUT_OFF;
	if (!r->result.canceled)
		log_poll(r);
	log_move(r);
	if (r->ingest.ask_icon)
		icon_fetch(r->env, r->ingest.icon_url, r->feed.section);
	step(r, DONE);
}

static void finish(struct refresh *r)
{
	struct refresh_result result = r->result;
	void (*done)(void *ctx, const struct refresh_result *result) = r->done;
	void *ctx = r->ctx;

	fetch_release(r->env->fetcher, &r->request);
	arena_finish(&r->arena);
	free(r);
	done(ctx, &result);
}

static void step(struct refresh *r, enum refresh_state next)
{
	static void (*const enter[])(struct refresh * r) = {
		[FETCHING] = begin_fetch,
		[PARSING] = begin_parse,
		[STORING] = begin_store,
		[DONE] = finish,
	};

	r->state = next;
	enter[next](r);
}
