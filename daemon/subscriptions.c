/* Which feeds this run polls. */
#include "subscriptions.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/url.h"
#include "interval.h"
#include "limits.h"
#include "manners.h"
#include "parse/opml.h"
#include "store/holds.h"

/* -- a --feeds file -- */

/* A copy, of none none. */
static int copy(struct arena *a, const char *text, const char **ret_text)
{
	*ret_text = text ? arena_strdup(a, text) : NULL;
	return text && !*ret_text ? ERR_NOMEM : 0;
}

static int declare(
	struct subscription_list *list, const struct outline *outline, struct arena *scratch)
{
	struct feed_declaration *d = &list->declarations[list->count];
	char *url = NULL;
	int rv = url_normalize(outline->url, scratch, &url);

	if (rv == ERR_NOMEM)
		return rv;
	if (rv) {
		log_event(LOG_WARNING, "feeds.refused", "url=%s reason=%s", outline->url,
			"not an address of a feed");
		return 0;
	}
	*d = (struct feed_declaration){.interval_ms = outline->interval_s * 1000};
	if (outline->stories) /* what is no level is passed over */
		(void)story_level_parse(outline->stories, &d->stories);
	rv = copy(&list->arena, url, &d->url);
	if (!rv)
		rv = copy(&list->arena, outline->title, &d->name);
	if (!rv)
		rv = copy(&list->arena, outline->folder, &d->folder);
	list->count += !rv;
	return rv;
}

static int declare_all(struct subscription_list *list, const struct buf *text,
	struct arena *scratch, struct err *e)
{
	struct outline *first = NULL;
	size_t count = 0;
	int rv = opml_read(text->data, text->len, scratch, &first, &count, e);

	if (rv)
		return rv;
	list->declarations = arena_alloc(&list->arena, (count + 1) * sizeof(*list->declarations));
	if (!list->declarations)
		return err_set(e, ERR_NOMEM, NULL);
	for (struct outline *o = first; o && !rv; o = o->next)
		rv = declare(list, o, scratch);
	return rv ? err_set(e, rv, NULL) : 0;
}

int subscription_list_read(const char *path, struct subscription_list *ret_list, struct err *e)
{
	struct subscription_list list = {0};
	struct arena scratch;
	struct err reason;
	struct buf text;
	int rv;

	arena_init(&list.arena, LIST_ARENA_MAX);
	arena_init(&scratch, LIST_ARENA_MAX);
	buf_init(&text, OPML_BYTES_MAX);
	rv = buf_read_file(&text, path, e);
	if (!rv) {
		rv = declare_all(&list, &text, &scratch, &reason);
		if (rv)
			err_set(e, rv, "%s: %s", path, reason.text);
	}
	buf_finish(&text);
	arena_finish(&scratch);
	if (rv) {
		arena_finish(&list.arena);
		return rv;
	}
	subscription_list_finish(ret_list);
	*ret_list = list;
	return 0;
}

void subscription_list_finish(struct subscription_list *list)
{
	arena_finish(&list->arena);
	*list = (struct subscription_list){0};
}

/* -- loading -- */

/* Polls of a day before count for no floor of refreshing by hand. */
enum { REMEMBERED_MS = 24 * 3600 * 1000 };

/* A feed as the schedule needs it. */
struct scheduled {
	int64_t id;
	int64_t wait_ms;       /* under 0: overdue; TIME_NONE: not to be polled */
	int64_t worth;         /* of one that is overdue */
	int64_t ago_ms;        /* its last poll, at most REMEMBERED_MS */
	int64_t group, gap_ms; /* see struct rate_group */
	int connections;
};

/* A rate group that is to be left alone. */
struct held {
	int64_t group, wait_ms;
	struct held *next;
};

/* Everything happens in one writing job: its end is told in the order of commits, so that what it
 * says of a feed is never older than a poll that the schedule has heard of. */
struct load {
	struct subscriptions *s;
	struct store_job job;
	struct feed_declaration *declarations;
	size_t declaration_count;
	struct keep_rule *rules;
	size_t rule_count;
	struct arena arena; /* of both */
	struct feed_sync_counts counts;
	struct scheduled *feeds;
	size_t feed_count, feed_cap;
	struct held *holds; /* in the arena */
	bool truncated;     /* no memory for a feed of the list */
	bool unfinished;    /* a round has something to go on with */
	void (*done)(
		void *ctx, int status, const struct err *e, const struct feed_sync_counts *counts);
	void *ctx;
};

static bool says(const struct keep *keep)
{
	return keep->age_ms || keep->unread_ms || keep->items || keep->bytes;
}

static void add_rule(struct load *l, enum keep_level level, const char *name,
	const struct keep *keep, enum grouping_level stories)
{
	if (says(keep) || stories)
		l->rules[l->rule_count++] = (struct keep_rule){level, name, *keep, stories};
}

static int prepare_rules(struct load *l, const struct config *config)
{
	size_t most = 1 + config->folder_count + config->feed_count;

	l->rules = arena_alloc(&l->arena, most * sizeof(*l->rules));
	if (!l->rules)
		return ERR_NOMEM;
	add_rule(l, KEEP_DAEMON, "", &config->keep, config->stories);
	for (size_t i = 0; i < config->folder_count; i++)
		add_rule(l, KEEP_FOLDER, config->folders[i].name, &config->folders[i].keep,
			config->folders[i].stories);
	for (size_t i = 0; i < config->feed_count; i++)
		add_rule(l, KEEP_FEED, config->feeds[i].name, &config->feeds[i].keep, 0);
	return 0;
}

static enum feed_owner owner_of(const struct subscriptions *s)
{
	return s->list ? FEED_OWNER_LIST : FEED_OWNER_CONFIG;
}

static void load_free(struct load *l)
{
	arena_finish(&l->arena);
	free(l->feeds);
	free(l);
}

/* The configuration's feeds as the store wants them; a list's are so already, and once they were
 * loaded the database has them. */
static int prepare(struct load *l, const struct config *config)
{
	if (l->s->list) {
		l->declarations = l->s->list->declarations;
		l->declaration_count = l->s->list->count;
		return prepare_rules(l, config);
	}
	l->declaration_count = config->feed_count;
	l->declarations =
		arena_alloc(&l->arena, (config->feed_count + 1) * sizeof(*l->declarations));
	for (size_t i = 0; l->declarations && i < config->feed_count; i++) {
		const struct config_feed *f = &config->feeds[i];

		l->declarations[i] = (struct feed_declaration){f->name, f->url, f->name, f->folder,
			f->interval_ms, f->interval_min_ms, f->interval_max_ms, f->stories};
	}
	return l->declarations ? prepare_rules(l, config) : ERR_NOMEM;
}

/* How much is to be had of an overdue feed: thousandths of items that came since, by its rhythm.
 * One that was never polled goes first (B5). */
static int64_t worth(const struct feed *feed, int64_t now_ms)
{
	const struct feed_learned *l = &feed->learned;
	double items = 0;

	if (feed->last_ok_ms == TIME_NONE)
		return WORTH_MAX;
	if (l->rhythm_ms > 0 && now_ms > feed->last_ok_ms)
		items = (double)(now_ms - feed->last_ok_ms) * l->rhythm_items / l->rhythm_ms;
	return items * 1000 < WORTH_MAX ? (int64_t)(items * 1000) : WORTH_MAX;
}

/* How long a feed of this run still waits; negative when it is overdue. A run with --once asks
 * everybody but those who asked to be left alone for now. */
static int64_t wait_of(const struct subscriptions *s, const struct feed *feed)
{
	int64_t now_ms = s->now_ms();
	struct plan_policy policy = plan_policy_of(&s->policy, feed);
	int64_t interval_ms =
		policy.interval_ms ? policy.interval_ms : policy.max_ms * INTERVAL_DORMANT_FACTOR;
	int64_t due_ms =
		interval_resume(now_ms, feed->next_due_ms, feed->last_poll_ms, interval_ms);
	bool told_to_wait = feed->last_http_status == 429 || feed->last_http_status == 503 ||
			    feed->last_http_status == 410;

	if (feed->status == FEED_GONE)
		return TIME_NONE;
	if (s->once)
		return told_to_wait && due_ms > now_ms ? TIME_NONE : 0;
	/* the interval was made shorter since: beyond what jitter and a first phase can do */
	if (feed->status == FEED_OK && feed->last_poll_ms != TIME_NONE &&
		due_ms > feed->last_poll_ms + 2 * interval_ms &&
		(feed->interval_ms || !plan_is_publishers(feed->learned.plan)))
		due_ms = feed->last_poll_ms + interval_ms;
	return due_ms - now_ms;
}

static int find_scheduled(
	const struct subscriptions *s, const struct feed *feed, struct scheduled *ret_scheduled)
{
	struct rate_group group;
	int rv = rate_group_find(s->config, feed->url, &group);
	int64_t now_ms = s->now_ms(), ago_ms = REMEMBERED_MS;

	/* unless the clock was set back, it is not in the future */
	if (feed->last_poll_ms != TIME_NONE && feed->last_poll_ms > now_ms - REMEMBERED_MS)
		ago_ms = feed->last_poll_ms < now_ms ? now_ms - feed->last_poll_ms : 0;
	*ret_scheduled = (struct scheduled){feed->id, wait_of(s, feed), worth(feed, now_ms), ago_ms,
		group.key, group.gap_ms, group.connections};
	return rv;
}

static int put_scheduled(const struct subscriptions *s, const struct scheduled *f)
{
	int64_t now_ms = s->clock_ms();
	bool never = f->wait_ms == TIME_NONE;
	int rv;

	schedule_limit(s->schedule, f->group, f->gap_ms, f->connections);
	rv = schedule_put(s->schedule, f->id, f->group, never ? TIME_NONE : now_ms + f->wait_ms);
	if (!rv && f->ago_ms < REMEMBERED_MS)
		schedule_remember(s->schedule, f->id, now_ms - f->ago_ms);
	if (!rv && !never && f->wait_ms <= 0)
		schedule_rank(s->schedule, f->id, now_ms - f->worth);
	return rv;
}

static int collect(void *ctx, const struct feed *feed)
{
	struct load *l = ctx;

	if (l->feed_count == l->feed_cap) {
		size_t cap = l->feed_cap ? l->feed_cap * 2 : 256;
		struct scheduled *grown = realloc(l->feeds, cap * sizeof(*grown));

		l->truncated = !grown;
		if (!grown)
			return ERR_NOMEM;
		l->feeds = grown;
		l->feed_cap = cap;
	}
	l->truncated = find_scheduled(l->s, feed, &l->feeds[l->feed_count++]) != 0;
	return l->truncated;
}

static int collect_hold(void *ctx, const char *url, int64_t until_ms)
{
	struct load *l = ctx;
	int64_t wait_ms = until_ms - l->s->now_ms();
	struct rate_group group;
	struct held *held = arena_alloc(&l->arena, sizeof(*held));

	l->truncated = !held || rate_group_find(l->s->config, url, &group);
	if (l->truncated)
		return ERR_NOMEM;
	/* unless the clock was set back, none is longer */
	held->wait_ms = wait_ms < RETRY_AFTER_MAX_MS ? wait_ms : RETRY_AFTER_MAX_MS;
	held->group = group.key;
	held->next = l->holds;
	l->holds = held;
	return 0;
}

static int sync_and_list(struct store_tx *tx, void *arg, struct err *e)
{
	struct load *l = arg;
	enum feed_owner owner = owner_of(l->s);
	struct feed_filter filter = {
		.owners = (unsigned)owner | FEED_OWNER_SOCKET, .scheduled = true};
	int rv = 0;

	if (l->declarations)
		rv = feeds_sync(tx, owner, l->declarations, l->declaration_count, l->s->now_ms(),
			&l->counts, e);
	if (!rv)
		rv = keep_set_rules(tx, l->rules, l->rule_count, e);
	if (!rv)
		rv = feeds_list(tx, &filter, collect, l, e);
	if (!rv && !l->truncated)
		rv = holds_list(tx, l->s->now_ms(), collect_hold, l, e);
	if (!rv && !l->truncated)
		rv = feeds_unfinished(tx, &l->unfinished, e);
	return l->truncated ? err_set(e, ERR_NOMEM, NULL) : rv;
}

/* Feeds that were scheduled by the last load and are not in this one; both are in order of ids. */
static void drop_missing(struct subscriptions *s, const struct load *l)
{
	size_t j = 0;

	for (size_t i = 0; i < s->count; i++) {
		while (j < l->feed_count && l->feeds[j].id < s->ids[i])
			j++;
		if (j == l->feed_count || l->feeds[j].id != s->ids[i])
			schedule_remove(s->schedule, s->ids[i]);
	}
}

static int apply(struct subscriptions *s, const struct load *l)
{
	int64_t *ids = malloc((l->feed_count + 1) * sizeof(*ids));
	int rv = 0;

	if (!ids)
		return ERR_NOMEM;
	for (const struct held *h = l->holds; h; h = h->next)
		schedule_hold(s->schedule, h->group, s->clock_ms() + h->wait_ms);
	drop_missing(s, l);
	/* the others have their turn also after one failed, and each can be dropped by the next */
	for (size_t i = 0; i < l->feed_count; i++) {
		int code = put_scheduled(s, &l->feeds[i]);

		ids[i] = l->feeds[i].id;
		rv = rv ? rv : code;
	}
	free(s->ids);
	s->ids = ids;
	s->count = l->feed_count;
	return rv;
}

static void begin_round(struct subscriptions *s, bool brief);

static void loaded(struct store_job *job)
{
	struct load *l = job->arg;

	if (!job->status) {
		if (l->s->list)
			subscription_list_finish(l->s->list);
		job->status = apply(l->s, l);
		if (job->status)
			err_set(&job->error, job->status, NULL);
	}
	l->s->jobs--;
	l->s->missed = job->status != 0;
	if (l->unfinished && !job->status && !l->s->keeping && !l->s->stopping)
		begin_round(l->s, true);
	l->done(l->ctx, job->status, &job->error, &l->counts);
	load_free(l);
}

int subscriptions_load(struct subscriptions *s, const struct config *config,
	void (*done)(
		void *ctx, int status, const struct err *e, const struct feed_sync_counts *counts),
	void *ctx)
{
	struct load *l = calloc(1, sizeof(*l));
	int rv;

	if (!l)
		return ERR_NOMEM;
	arena_init(&l->arena, LIST_ARENA_MAX);
	l->s = s;
	l->done = done;
	l->ctx = ctx;
	l->job = (struct store_job){
		.class = STORE_USER, .run = sync_and_list, .alone = true, .done = loaded, .arg = l};
	rv = prepare(l, config);
	if (!rv)
		rv = store_write(s->store, &l->job);
	if (rv)
		load_free(l);
	else
		s->jobs++;
	return rv;
}

void subscriptions_finish(struct subscriptions *s)
{
	free(s->ids);
	s->ids = NULL;
	s->count = 0;
}

/* -- one feed -- */

struct touch {
	struct subscriptions *s;
	struct store_job job;
	struct arena arena;
	int64_t id;
	bool among; /* others, which were under way */
	struct feed feed;
	void (*done)(void *ctx);
	void *ctx;
};

static int get_feed(struct store_tx *tx, void *arg, struct err *e)
{
	struct touch *t = arg;

	return feeds_get(tx, t->id, &t->arena, &t->feed, e);
}

static void unscheduled(struct subscriptions *s, int64_t feed, int rv)
{
	s->missed = true;
	log_event(LOG_ERROR, "feed.unscheduled", "feed=%lld reason=%s", (long long)feed,
		err_sentence(rv));
}

/* Feeds that are added together, by an import, would all start at once (B4). */
static void stagger(struct subscriptions *s, const struct scheduled *f)
{
	int64_t now_ms = s->clock_ms();

	if (f->wait_ms == TIME_NONE || f->wait_ms > 0 || s->once)
		return;
	if (s->stagger_ms < now_ms)
		s->stagger_ms = now_ms;
	schedule_rank(s->schedule, f->id, s->stagger_ms);
	s->stagger_ms += 1000 / SPREAD_STARTS_PER_S;
}

/* Something else than "there is none" says nothing about the feed: it stays as it is scheduled. */
static void touched(struct store_job *job)
{
	struct touch *t = job->arg;
	struct subscriptions *s = t->s;
	unsigned owners = (unsigned)owner_of(s) | FEED_OWNER_SOCKET;
	int rv = job->status;

	s->touching--;
	s->removed = s->removed || rv == ERR_NOT_FOUND;
	if (s->removed && !s->keeping && !s->stopping)
		begin_round(s, true);
	if (rv == ERR_NOT_FOUND || (!rv && !(t->feed.owners & owners))) {
		schedule_remove(s->schedule, t->id);
		rv = 0;
	} else if (!rv) {
		struct scheduled f;

		rv = find_scheduled(s, &t->feed, &f);
		if (!rv)
			rv = put_scheduled(s, &f);
		if (!rv && (t->among || s->touching))
			stagger(s, &f);
	}
	if (rv)
		unscheduled(s, t->id, rv);
	s->jobs--;
	arena_finish(&t->arena);
	if (t->done)
		t->done(t->ctx);
	free(t);
}

void subscriptions_touch(struct subscriptions *s, int64_t feed, void (*done)(void *ctx), void *ctx)
{
	struct touch *t = calloc(1, sizeof(*t));
	int rv = ERR_NOMEM;

	if (t) {
		arena_init(&t->arena, FEED_ARENA_MAX);
		t->s = s;
		t->id = feed;
		t->among = s->touching > 0;
		t->done = done;
		t->ctx = ctx;
		t->job = (struct store_job){
			.class = STORE_USER, .run = get_feed, .done = touched, .arg = t};
		rv = store_write(s->store, &t->job); /* for the order: see struct load */
	}
	if (!rv) {
		s->jobs++;
		s->touching++;
		return;
	}
	unscheduled(s, feed, rv);
	free(t);
}

/* -- what is kept -- */

static int keep_some(struct store_tx *tx, void *arg, struct err *e)
{
	return keep_go_round(tx, arg, e);
}

static void go_on(struct subscriptions *s);

static void kept(struct store_job *job)
{
	struct subscriptions *s = container_of(job, struct subscriptions, keep_job);

	s->jobs--;
	s->keeping = false;
	if (job->status)
		log_event(LOG_ERROR, "keep.failed", "error=%s", job->error.text);
	else if (s->round.more && !s->stopping)
		go_on(s);
	else if (s->round.items)
		log_event(LOG_INFO, "keep.done", "items=%lld", (long long)s->round.items);
	if (!s->keeping && !s->stopping && s->removed)
		begin_round(s, true);
	if (!s->keeping && s->kept)
		s->kept(s->kept_ctx);
}

static void go_on(struct subscriptions *s)
{
	s->keep_job = (struct store_job){
		.class = STORE_POLL, .run = keep_some, .done = kept, .arg = &s->round};
	s->keeping = store_write(s->store, &s->keep_job) == 0; /* else tomorrow again */
	s->jobs += s->keeping;
}

static void begin_round(struct subscriptions *s, bool brief)
{
	s->removed = false;
	s->round = (struct keep_round){.owners = (unsigned)owner_of(s) | FEED_OWNER_SOCKET,
		.now_ms = s->now_ms(),
		.brief = brief,
		.again = !brief && s->again};
	s->again |= !brief;
	go_on(s);
}

void subscriptions_keep(struct subscriptions *s)
{
	if (!s->keeping)
		begin_round(s, false);
}
