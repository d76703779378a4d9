/* The daemon as a whole: owns the loop and every part. */
#include "server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#include "api/api.h"
#include "base/log.h"
#include "descriptors.h"
#include "discover.h"
#include "fetch/fetch.h"
#include "limits.h"
#include "loopstat.h"
#include "manners.h"
#include "parse/html.h"
#include "parse/opml.h"
#include "parse/parse.h"
#include "poller.h"
#include "refresh.h"
#include "schedule.h"
#include "sdnotify.h"
#include "signals.h"
#include "store/care.h"
#include "store/store.h"
#include "subscriptions.h"
#include "watchdog.h"

/*
 *  STARTING --> RUNNING --> STOP_API --> STOP_FETCHES --> STOP_JOBS --> STOP_STORE
 *
 * Each stop state waits for what it names to be still before the next begins; a request to stop is
 * taken in any state before. After the last the handles are closed, and the loop ends.
 */
enum server_state { STARTING, RUNNING, STOP_API, STOP_FETCHES, STOP_JOBS, STOP_STORE };

struct server {
	const struct server_options *options;
	struct config config;
	char agent[AGENT_BYTES];
	struct subscription_list list; /* read, until it is loaded */
	enum server_state state;
	int exit_code;
	int64_t started_ms;

	uv_loop_t loop;
	uv_timer_t daily;    /* what is done now and then */
	uv_timer_t deadline; /* of stopping */
	struct signals signals;
	struct loopstat loopstat;
	struct watchdog watchdog;
	uint64_t watch_ms;     /* between signs of life; 0: nobody watches */
	int listen_fd, tcp_fd; /* of systemd, or -1 */

	struct store *store;
	struct fetcher *fetcher;
	struct grouping *grouping; /* the store thread's */
	struct schedule *schedule;
	struct api *api;
	struct subscriptions subscriptions;
	struct refresh_env env;
	struct manners manners;
	struct discover discover;

	struct poller poller;
	bool reloading;     /* the configuration is being read or its feeds are being loaded */
	bool reload_wanted; /* SIGHUP came, maybe while reloading */
	uv_work_t reload_work;
	struct config next_config;
	struct err reload_error;
};

static void stop(struct server *s);
static void stop_jobs(void *server);

/* -- options that follow from the configuration -- */

static struct schedule_options schedule_options(const struct server *s)
{
	return (struct schedule_options){.gap_ms = s->config.gap_ms, .group_connections = 1};
}

/* The command line goes before the file, after a reload, too. */
static void override(const struct server_options *options, struct config *config)
{
	if (options->database_path)
		config->database = options->database_path;
	if (options->socket_path)
		config->socket = options->socket_path;
}

static bool has_socket(const struct server *s)
{
	return !s->options->once || s->options->socket_path;
}

static void configure_env(struct server *s)
{
	s->env.policy = (struct plan_policy){s->config.interval_ms, s->config.interval_min_ms,
		s->config.interval_max_ms, (int)s->config.jitter_percent};
	s->env.arena_max_bytes =
		REFRESH_ARENA_BASE + PARSE_ARENA_FACTOR * (size_t)s->config.document_max_bytes;
	s->subscriptions.policy = s->env.policy;
	s->env.reports = s->config.reports;
	s->env.grouping = s->grouping;
	if (s->grouping)
		grouping_set_level(s->grouping, s->config.stories);
}

/* -- polling -- */

static void once_finished(void *ctx)
{
	stop(ctx);
}

/* -- what the api asks for -- */

static void feed_changed(void *ctx, int64_t feed)
{
	struct server *s = ctx;

	if (s->state <= RUNNING)
		subscriptions_touch(&s->subscriptions, feed, poller_kick, &s->poller);
}

static int refresh_now(void *ctx, int64_t feed, int64_t *ret_wait_ms, struct err *e)
{
	struct server *s = ctx;
	char wait[DURATION_TEXT_BYTES];
	int rv;

	*ret_wait_ms = 0;
	if (s->state == STARTING)
		return err_set(e, ERR_BUSY, "the feeds are still being loaded: ask again");
	rv = schedule_hurry(
		s->schedule, feed, alarm_clock_ms(), s->config.refresh_floor_ms, ret_wait_ms);
	if (rv == ERR_BUSY)
		return err_set(e, rv, "too soon for its server: it may be polled again in %s",
			times_duration(*ret_wait_ms, wait));
	if (rv)
		return err_set(e, rv, "feed %lld is not polled by this daemon", (long long)feed);
	poller_kick(&s->poller);
	return 0;
}

/* On the store's thread. */
static int join_stories(void *ctx, struct store_tx *tx, const int64_t *stories, int count,
	int64_t *ret_story, struct err *e)
{
	struct server *s = ctx;

	return grouping_join(s->grouping, tx, stories, count, times_now_ms(), ret_story, e);
}

static int split_story(void *ctx, struct store_tx *tx, int64_t story, const int64_t *items,
	int count, int64_t *ret_story, struct err *e)
{
	struct server *s = ctx;

	return grouping_split(s->grouping, tx, story, items, count, times_now_ms(), ret_story, e);
}

static int rebuild(void *ctx, int64_t since_ms, struct err *e)
{
	struct server *s = ctx;

	return grouping_rebuild(s->grouping, s->store, since_ms, e);
}

static void rebuild_look(void *ctx, struct api_task *ret_task)
{
	struct grouping_report report = grouping_rebuild_look(((struct server *)ctx)->grouping);

	*ret_task = (struct api_task){report.begun, report.running, report.done, report.total,
		report.status, report.text};
}

static int discover_feeds(void *ctx, const char *url, api_found_fn *done, void *arg)
{
	return discover_start(&((struct server *)ctx)->discover, url, done, arg);
}

static void facts(void *ctx, struct api_facts *ret_facts)
{
	struct server *s = ctx;
	struct schedule_counts counts = schedule_counts(s->schedule, alarm_clock_ms());

	*ret_facts = (struct api_facts){
		.started_ms = s->started_ms,
		.feeds_due = counts.due,
		.feeds_polling = counts.polling,
		.feeds_unverified = s->config.unverified_count,
		.loop_lag_ms_p99 = loopstat_p99_ms(&s->loopstat),
		.late_ms_p50 = counts.late_ms_p50,
		.late_ms_p99 = counts.late_ms_p99,
		.polls = s->poller.polls,
	};
}

static void waiting(void *ctx, int64_t feed, struct api_waiting *ret_waiting)
{
	struct server *s = ctx;

	poller_waiting(&s->poller, feed, ret_waiting);
	if (ret_waiting->until_ms != TIME_NONE)
		ret_waiting->until_ms += times_now_ms() - alarm_clock_ms();
}

static void committed(void *ctx, int64_t seq)
{
	struct server *s = ctx;

	if (s->api)
		api_publish(s->api, seq);
}

/* -- starting -- */

static void reload(struct server *s);

/* What systemd shows beside what it is told. */
static void tell_systemd(struct server *s, const char *state)
{
	struct schedule_counts counts = schedule_counts(s->schedule, alarm_clock_ms());

	sdnotify_send("STATUS=%lld feeds, %lld due, %lld being polled%s%s\n%s",
		(long long)s->subscriptions.count, (long long)counts.due, (long long)counts.polling,
		store_trouble(s->store)->code ? "; nothing can be stored, polls wait: " : "",
		store_trouble(s->store)->text, state);
}

static void loaded(
	void *ctx, int status, const struct err *e, const struct feed_sync_counts *counts);

static void load_missed(struct server *s)
{
	if (s->subscriptions.missed && s->state == RUNNING && !s->reloading)
		s->reloading = subscriptions_load(&s->subscriptions, &s->config, loaded, s) == 0;
}

/* Nothing is fetched that could not be stored; what is stored can be read. */
static void troubled(void *ctx)
{
	struct server *s = ctx;

	if (s->options->once)
		s->exit_code = 1;
	if (s->state == RUNNING) {
		tell_systemd(s, "");
		if (store_trouble(s->store)->code) {
			poller_kick(&s->poller);
			return;
		}
		poller_catch_up(&s->poller);
		load_missed(s);
	}
}

static void alive(void *ctx)
{
	tell_systemd(ctx, "WATCHDOG=1");
}

/* Nothing is written to what is damaged; the next start finds the same. */
static void checked(void *ctx, const struct care_report *report)
{
	struct server *s = ctx;

	if (report->status != ERR_CORRUPT)
		return;
	s->exit_code = 1;
	stop(s);
}

static void loaded(
	void *ctx, int status, const struct err *e, const struct feed_sync_counts *counts)
{
	struct server *s = ctx;

	s->reloading = false;
	if (status)
		log_event(LOG_ERROR, "feeds.failed", "error=%s", e->text);
	if (s->state >= STOP_API) {
		stop_jobs(s);
		return;
	}
	if (status && s->state == STARTING) {
		s->exit_code = 1;
		stop(s);
		return;
	}
	if (!status)
		log_event(LOG_INFO, "feeds.loaded",
			"feeds=%lld added=%d changed=%d detached=%d attached=%d",
			(long long)s->subscriptions.count, counts->added, counts->changed,
			counts->detached, counts->attached);
	if (s->state == STARTING) {
		s->state = RUNNING;
		log_event(LOG_INFO, "started", "version=%s database=%s socket=%s", TIDINGS_VERSION,
			s->config.database, s->api ? s->config.socket : NULL);
		watchdog_start(&s->watchdog, &s->loop, s->store, s->watch_ms, alive, s);
		if (!s->options->once)
			grouping_warm(s->grouping, s->store);
	}
	tell_systemd(s, "READY=1");
	if (care_is_due(s->store) && !s->options->once)
		(void)!care_begin(s->store, CARE_QUICK, NULL, checked, s, NULL);
	reload(s);
	poller_start(&s->poller);
}

static void daily(uv_timer_t *timer)
{
	struct server *s = timer->data;

	if (s->state == RUNNING)
		subscriptions_keep(&s->subscriptions);
	load_missed(s);
}

static void signaled(void *ctx, int signum)
{
	struct server *s = ctx;

	if (signum == SIGHUP) {
		s->reload_wanted = true;
		reload(s);
		return;
	}
	if (s->state >= STOP_API) {
		log_event(LOG_WARNING, "stop.forced", "signal=%d", signum);
		_exit(1);
	}
	log_event(LOG_INFO, "stopping", "signal=%s", signum == SIGINT ? "SIGINT" : "SIGTERM");
	stop(s);
}

static void init_handles(struct server *s)
{
	uv_timer_t *const timers[] = {&s->daily, &s->deadline};

	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++) {
		uv_timer_init(&s->loop, timers[i]);
		timers[i]->data = s;
	}
	loopstat_init(&s->loopstat, &s->loop);
	uv_timer_start(&s->daily, daily, DAILY_FIRST_MS, DAILY_MS);
}

static int open_store(struct server *s, struct err *e)
{
	struct store_options options = {.path = s->config.database};
	struct config needed = s->config;
	int rv;

	if (!has_socket(s))
		needed.socket = needed.database; /* no folder for what will not be */
	rv = config_make_folders(&needed, e);
	if (!rv)
		rv = store_open(&options, &s->store, e);
	if (rv)
		return rv;
	store_watch(s->store, troubled, s);
	if (!store_start(s->store, &s->loop, committed, s))
		return 0;
	store_close(s->store); /* what has not been started cannot be stopped */
	s->store = NULL;
	return err_set(e, ERR_NOMEM, "the store thread could not be started");
}

static int start_api(struct server *s, struct err *e)
{
	struct api_options options = config_api_options(&s->config);
	struct api_callbacks callbacks = {
		.ctx = s,
		.feed_changed = feed_changed,
		.refresh = refresh_now,
		.facts = facts,
		.waiting = waiting,
		.join = join_stories,
		.split = split_story,
		.rebuild = rebuild,
		.rebuild_look = rebuild_look,
		.discover = discover_feeds,
		.read_list = opml_read,
		.html_text = html_text,
	};

	if (!has_socket(s))
		return 0;
	options.listen_fd = s->listen_fd;
	options.tcp_fd = s->tcp_fd;
	return api_create(&s->loop, s->store, &options, &callbacks, &s->api, e);
}

static int start_parts(struct server *s, struct err *e)
{
	struct schedule_options schedule = schedule_options(s);
	struct fetch_options fetch;
	int rv;

	rv = open_store(s, e);
	if (rv)
		return rv;
	s->grouping = grouping_create(s->config.stories);
	if (!s->grouping)
		return err_set(e, ERR_NOMEM, NULL);
	fetch = config_fetch_options(&s->config, s->agent);
	rv = fetcher_create(&s->loop, &fetch, &s->fetcher, e);
	if (rv)
		return rv;
	s->schedule = schedule_create(&schedule);
	if (!s->schedule)
		return err_set(e, ERR_NOMEM, NULL);
	s->env.loop = &s->loop;
	s->env.store = s->store;
	s->env.fetcher = s->fetcher;
	fetcher_on_room(s->fetcher, poller_kick, &s->poller);
	s->env.now_ms = times_now_ms;
	s->manners =
		(struct manners){&s->config, s->schedule, alarm_clock_ms, poller_kick, &s->poller};
	s->env.admit = manners_admit;
	s->env.leave = manners_leave;
	s->env.hold = manners_hold;
	s->env.more = manners_more;
	s->env.site = manners_site;
	s->env.ctx = &s->manners;
	s->env.icons_max = s->options->once ? 0 : ICONS_MAX;
	s->env.parsing_max = (int)uv_available_parallelism();
	s->subscriptions = (struct subscriptions){
		.store = s->store,
		.schedule = s->schedule,
		.config = &s->config,
		.once = s->options->once,
		.now_ms = times_now_ms,
		.clock_ms = alarm_clock_ms,
		.kept = poller_kick,
		.kept_ctx = &s->poller,
		.list = s->options->list_path ? &s->list : NULL,
	};
	s->poller.schedule = s->schedule;
	configure_env(s);
	rv = start_api(s, e);
	if (!rv && subscriptions_load(&s->subscriptions, &s->config, loaded, s))
		rv = err_set(e, ERR_NOMEM, NULL);
	return rv;
}

/* -- reloading -- */

static void tell_config(void *ctx, bool warning, const char *line)
{
	(void)ctx;
	log_event(warning ? LOG_WARNING : LOG_ERROR, warning ? "config.warning" : "config.error",
		"at=%s", line);
}

static void reload_work(uv_work_t *work)
{
	struct server *s = work->data;

	const struct server_options *o = s->options;
	struct err *e = &s->reload_error;

	e->code = 0;
	if (o->config_path ? config_load(o->config_path, &s->next_config, tell_config, NULL, e)
			   : config_default(&s->next_config, e))
		return;
	if (descriptors_reserve(config_descriptors(&s->next_config), e) ||
		(o->list_path && subscription_list_read(o->list_path, &s->list, e)))
		config_finish(&s->next_config);
}

static void apply_config(struct server *s)
{
	struct config old = s->config;
	struct schedule_options schedule;
	struct api_options api;
	struct fetch_options fetch;

	s->config = s->next_config;
	override(s->options, &s->config);
	if (strcmp(old.database, s->config.database) != 0 ||
		strcmp(old.socket, s->config.socket) != 0)
		log_event(LOG_WARNING, "config.warning", "at=%s",
			"database and socket take effect at the next start, not by a reload");
	fetch = config_fetch_options(&s->config, s->agent);
	schedule = schedule_options(s);
	api = config_api_options(&s->config);
	log_set_level((enum log_level)s->config.log_level);
	if (fetcher_configure(s->fetcher, &fetch))
		log_event(LOG_ERROR, "config.error", "at=%s",
			"out of memory: fetches go on with the old settings");
	schedule_configure(s->schedule, &schedule);
	if (s->api)
		api_configure(s->api, &api);
	configure_env(s);
	config_finish(&old);
}

/* What SIGHUP asked for is done, for better or worse. */
static void reload_end(struct server *s)
{
	s->reloading = false;
	if (s->state != RUNNING) {
		stop_jobs(s);
		return;
	}
	tell_systemd(s, "READY=1");
	reload(s);
}

static void reload_done(uv_work_t *work, int status)
{
	struct server *s = work->data;
	bool read = !status && !s->reload_error.code;

	if (read && s->state == RUNNING) {
		apply_config(s);
		log_event(LOG_INFO, "config.reloaded", "file=%s feeds=%s", s->options->config_path,
			s->options->list_path);
		if (!subscriptions_load(&s->subscriptions, &s->config, loaded, s))
			return;
		log_event(LOG_ERROR, "feeds.failed", "error=%s",
			"out of memory or store busy: reload again");
	} else if (read) {
		config_finish(&s->next_config);
	} else {
		log_event(LOG_ERROR, "config.rejected", "error=%s note=%s", s->reload_error.text,
			"the old settings stay in force");
	}
	reload_end(s);
}

/* Begins what SIGHUP asked for once what is under way has ended: a file is read as it is then. */
static void reload(struct server *s)
{
	if (!s->reload_wanted || s->state != RUNNING || s->reloading)
		return;
	s->reload_wanted = false;
	if (!s->options->config_path && !s->options->list_path) {
		log_event(LOG_WARNING, "config.rejected", "error=%s",
			"there is no configuration file to reload");
		return;
	}
	sdnotify_send("RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)uv_hrtime() / 1000);
	s->reloading = true;
	s->reload_work.data = s;
	/* fails only without a function to run */
	(void)!uv_queue_work(&s->loop, &s->reload_work, reload_work, reload_done);
}

/* -- stopping -- */

static void overdue(uv_timer_t *timer)
{
	(void)timer;
	log_event(LOG_ERROR, "stop.forced", "reason=%s",
		"something did not end in time; nothing that was acknowledged is lost");
	_exit(1);
}

static void close_handles(void *ctx)
{
	struct server *s = ctx;
	uv_handle_t *const handles[] = {(uv_handle_t *)&s->daily, (uv_handle_t *)&s->deadline};

	for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++)
		uv_close(handles[i], NULL);
	signals_close(&s->signals);
	poller_close(&s->poller);
	loopstat_close(&s->loopstat);
}

/* At the end of each job: a poll, one of the store, the reading of the configuration. */
static void stop_jobs(void *server)
{
	struct server *s = server;

	if (s->state != STOP_JOBS || s->poller.polling || s->subscriptions.jobs || s->reloading)
		return;
	s->state = STOP_STORE;
	if (s->store)
		store_stop(s->store, close_handles, s);
	else
		close_handles(s);
}

static void fetches_stopped(void *ctx)
{
	struct server *s = ctx;

	s->state = STOP_JOBS;
	refresh_stop(&s->env);
	stop_jobs(s);
}

static void api_stopped(void *ctx)
{
	struct server *s = ctx;

	s->state = STOP_FETCHES;
	if (s->fetcher)
		fetcher_stop(s->fetcher, fetches_stopped, s);
	else
		fetches_stopped(s);
}

static void stop(struct server *s)
{
	if (s->state >= STOP_API)
		return;
	s->state = STOP_API;
	s->subscriptions.stopping = true;
	sdnotify_send("STOPPING=1");
	watchdog_stop(&s->watchdog);
	poller_stop(&s->poller);
	discover_stop(&s->discover);
	uv_timer_start(&s->deadline, overdue, STOP_DEADLINE_MS, 0);
	if (s->api)
		api_stop(s->api, STOP_GRACE_MS, api_stopped, s);
	else
		api_stopped(s);
}

/* -- the whole -- */

static int finish(struct server *s)
{
	api_destroy(s->api);
	kept_expire(&s->env.kept, INT64_MAX);
	fetcher_destroy(s->fetcher);
	subscriptions_finish(&s->subscriptions);
	schedule_destroy(s->schedule);
	store_close(s->store);
	grouping_destroy(s->grouping);
	subscription_list_finish(&s->list);
	config_finish(&s->config);
	if (uv_loop_close(&s->loop)) {
		log_event(LOG_ERROR, "stop.unclean", "reason=%s", "the loop has handles left");
		return 1;
	}
	return s->exit_code;
}

int server_run(const struct server_options *options, struct config *config)
{
	struct server *s = calloc(1, sizeof(*s));
	struct err e = {0};
	int rv, exit_code;

	if (!s || uv_loop_init(&s->loop)) {
		log_event(LOG_ERROR, "start.failed", "error=%s", "out of memory or descriptors");
		free(s);
		config_finish(config);
		return 1;
	}
	s->options = options;
	s->config = *config;
	override(options, &s->config);
	sdnotify_listen_fds(&s->listen_fd, &s->tcp_fd);
	s->watch_ms = watchdog_interval_ms();
	s->poller.alarm.fd = s->signals.fd = -1;
	s->started_ms = times_now_ms();
	list_init(&s->env.parse_queue);
	s->discover = (struct discover){.env = &s->env, .most_ms = DISCOVER_MS};
	list_init(&s->discover.running);
	s->poller.env = &s->env;
	s->poller.subscriptions = &s->subscriptions;
	s->poller.config = &s->config;
	s->poller.once = options->once;
	s->poller.finished = once_finished;
	s->poller.ended = stop_jobs;
	s->poller.ctx = s;
	init_handles(s);
	rv = signals_open(&s->signals, &s->loop, signaled, s, &e);
	if (!rv)
		rv = poller_open(&s->poller, &s->loop, &e);
	if (!rv)
		rv = descriptors_reserve(config_descriptors(&s->config), &e);
	if (!rv && options->list_path)
		rv = subscription_list_read(options->list_path, &s->list, &e);
	if (!rv)
		rv = start_parts(s, &e);
	if (rv) {
		log_event(LOG_ERROR, "start.failed", "code=%s error=%s", err_name(e.code), e.text);
		s->exit_code = 1;
		stop(s);
	}
	uv_run(&s->loop, UV_RUN_DEFAULT);
	log_event(LOG_INFO, "stopped", "code=%d", s->exit_code);
	exit_code = finish(s);
	free(s);
	return exit_code;
}
