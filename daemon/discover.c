/* One look at an address for its feeds, from asked to told. */
#include "discover.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/url.h"
#include "limits.h"
#include "parse/parse.h"

/*
 *  discover_start() --> ask() --> fetched() --> parse(), parsed() --> settle() --> finish()
 *                         ^           `--(failed, late, stopped)-------^ |
 *                         `----(a page that names none: elsewhere)-------'
 */
struct discovery {
	struct discover *of;
	struct list node; /* in of->running */
	uv_timer_t deadline;
	struct arena arena;
	const char *url; /* that somebody named */
	struct fetch_request request;
	struct visit *visit;
	struct fetch_result fetched;
	int requests, guessed; /* made so far; of them, those without a link */
	const char *page;      /* whose site is guessed at */
	bool parsing, led, late;
	uv_work_t work;
	struct feed_content *content;
	struct offer itself; /* the address, where it is a feed */
	struct api_found found;
	api_found_fn *done;
	void *arg;
};

/* Where those who make a site by these programs have to write the link to its feed themselves, and
 * may forget it: WordPress, Jekyll, Hugo, Astro (A43). */
static const char *const guesses[] = {"/feed", "/feed.xml", "/index.xml", "/rss.xml"};
enum { GUESSES = sizeof(guesses) / sizeof(guesses[0]) };

static void closed(uv_handle_t *handle)
{
	free(container_of(handle, struct discovery, deadline));
}

static void finish(struct discovery *d)
{
	struct refresh_env *env = d->of->env;

	list_remove(&d->node);
	d->of->count--;
	if (d->found.error.code == ERR_CANCELED && d->late)
		err_set(&d->found.error, ERR_TIMEOUT, "it took longer than %lld s",
			(long long)d->of->most_ms / 1000);
	log_event(LOG_DEBUG, "feeds.asked", "url=%s requests=%d ms=%lld error=%s", d->url,
		d->requests, (long long)d->fetched.duration_ms,
		d->found.error.code ? d->found.error.text : NULL);
	d->done(d->arg, &d->found);
	fetch_release(env->fetcher, &d->request);
	arena_finish(&d->arena);
	uv_close((uv_handle_t *)&d->deadline, closed);
}

/* What comes of it is told by the callback of what is under way; a parser that runs ends by itself.
 */
static void cancel(struct discovery *d)
{
	if (d->parsing)
		(void)uv_cancel((uv_req_t *)&d->work);
	else
		fetch_cancel(d->of->env->fetcher, &d->request);
}

static void expired(uv_timer_t *timer)
{
	struct discovery *d = container_of(timer, struct discovery, deadline);

	d->late = true;
	cancel(d);
}

static const char *type_of(enum feed_format format)
{
	if (format >= FORMAT_RSS20 && format <= FORMAT_RSS10)
		return "application/rss+xml";
	if (format == FORMAT_ATOM10 || format == FORMAT_ATOM03)
		return "application/atom+xml";
	if (format == FORMAT_JSON11 || format == FORMAT_JSON10)
		return "application/feed+json";
	return "application/xml";
}

/* On a pool thread: pure work on what the discovery owns. */
static void parse(uv_work_t *work)
{
	struct discovery *d = container_of(work, struct discovery, work);
	const struct buf *body = &d->request.body;
	struct parse_options options = {.base_url = d->fetched.url,
		.content_type = d->fetched.content_type,
		.link = d->fetched.link};
	int rv;

	fetch_decode(&d->request, &d->fetched);
	d->found.error = d->fetched.error;
	if (d->found.error.code)
		return;
	rv = parse_document(
		body->data, body->len, &options, &d->arena, &d->content, &d->found.error);
	if (rv && !d->found.error.code)
		err_set(&d->found.error, rv, NULL);
}

/* It was asked for; whoever subscribes to it now need not ask again. */
static void keep(struct discovery *d)
{
	struct refresh_env *env = d->of->env;
	char *url;

	if (url_normalize(d->itself.url, &d->arena, &url) == 0)
		kept_put(&env->kept, url, false, &d->request, &d->fetched,
			(int64_t)uv_now(env->loop));
}

static int ask(struct discovery *d, const char *url);

/* The page to which this one sends its readers, once; then where feeds are on many sites. *ret_url
 * NULL: nowhere else. */
static int next_address(struct discovery *d, const char **ret_url)
{
	const char *to = d->content ? d->content->leads_to : NULL;

	*ret_url = NULL;
	if (d->requests >= DISCOVER_REQUESTS)
		return 0;
	if (to && !d->led && !d->guessed && strcmp(to, d->fetched.url) != 0) {
		d->led = true;
		*ret_url = to;
		return 0;
	}
	if (!d->page)
		d->page = d->fetched.url;
	if (d->guessed == GUESSES)
		return 0;
	*ret_url = url_resolve(d->page, guesses[d->guessed++], &d->arena);
	return *ret_url ? 0 : ERR_NOMEM;
}

/* That nothing is where it was guessed to be is no error; who does not answer, or wants to be left
 * alone, is not asked for more. True: go on. */
static bool forgive(struct discovery *d)
{
	struct err *e = &d->found.error;
	bool more = d->fetched.status && refresh_hold_ms(&d->fetched) <= 0;

	if (!e->code)
		return true;
	if (!d->guessed || e->code == ERR_NOMEM || (e->code == ERR_CANCELED && !d->late))
		return false;
	*e = (struct err){0};
	return more;
}

/* One address has been looked at. */
static void settle(struct discovery *d)
{
	const char *url = NULL;
	int rv = 0;

	if (forgive(d) && !d->found.feeds && !d->late)
		rv = next_address(d, &url);
	if (url)
		rv = d->of->stopping ? ERR_CANCELED : ask(d, url);
	if (rv)
		err_set(&d->found.error, rv, NULL);
	if (!url || rv)
		finish(d);
}

static void parsed(uv_work_t *work, int status)
{
	struct discovery *d = container_of(work, struct discovery, work);
	struct api_found *found = &d->found;

	if (status)
		err_set(&found->error, ERR_CANCELED, NULL);
	if (found->error.code == ERR_NOT_FEED && !d->fetched.error.code) {
		found->error.code = 0;
		found->feeds = d->content ? d->content->offers : NULL;
	} else if (!found->error.code) {
		d->itself.title = d->content->title;
		d->itself.type = type_of(d->content->format);
		found->feeds = &d->itself;
		keep(d);
	}
	settle(d);
}

/* A feed that has moved is told as where it is now. */
static void fetched(struct fetch_request *request, const struct fetch_result *result)
{
	struct discovery *d = request->ctx;
	const char *url = result->permanent ? result->moved_url : request->url;

	d->fetched = *result;
	d->found.error = result->error;
	d->found.wait_ms = result->retry_after_ms;
	d->itself.url = arena_strdup(&d->arena, url);
	d->of->env->leave(d->of->env->ctx, d->visit);
	d->visit = NULL;
	refresh_hold(d->of->env, result);
	d->parsing = result->verdict == FETCH_DOCUMENT;
	if (d->parsing && !d->itself.url)
		err_set(&d->found.error, ERR_NOMEM, NULL);
	else if (d->parsing && uv_queue_work(d->of->env->loop, &d->work, parse, parsed) == 0)
		return;
	settle(d);
}

/* Whom others wait for so long that the client would not, is as good as held. */
static int64_t admit(void *ctx, const char *url)
{
	struct discovery *d = ctx;

	return d->of->env->admit(d->of->env->ctx, &d->visit, 0, url, d->of->most_ms - 1);
}

/* What a first poll fetched a moment ago, if it did. 0: being parsed. */
static int take_kept(struct discovery *d)
{
	struct refresh_env *env = d->of->env;
	int64_t now_ms = (int64_t)uv_now(env->loop);

	if (!kept_take(&env->kept, true, &d->request, &d->fetched, now_ms))
		return ERR_NOT_FOUND;
	d->parsing = true;
	return uv_queue_work(env->loop, &d->work, parse, parsed) ? ERR_NOMEM : 0;
}

static int ask(struct discovery *d, const char *url)
{
	const struct refresh_env *env = d->of->env;
	int rv;

	fetch_release(env->fetcher, &d->request);
	d->parsing = false;
	d->content = NULL;
	d->requests++;
	d->request = (struct fetch_request){
		.url = arena_strdup(&d->arena, url),
		.arena = &d->arena,
		.admit = admit,
		.admit_ctx = d,
		.admit_first = true,
		.done = fetched,
		.ctx = d,
	};
	if (!d->request.url)
		return ERR_NOMEM;
	rv = take_kept(d);
	if (rv != ERR_NOT_FOUND)
		return rv;
	rv = env->site(env->ctx, NULL, &d->arena, &d->request.site);
	return rv ? rv : fetch_start(env->fetcher, &d->request);
}

int discover_start(struct discover *d, const char *url, api_found_fn *done, void *arg)
{
	struct discovery *new;
	int rv;

	if (d->stopping)
		return ERR_CANCELED;
	if (d->count >= DISCOVER_MOST)
		return ERR_BUSY;
	new = calloc(1, sizeof(*new));
	if (!new)
		return ERR_NOMEM;
	new->of = d;
	new->done = done;
	new->arg = arg;
	arena_init(&new->arena, d->env->arena_max_bytes);
	rv = ask(new, url);
	new->url = new->request.url;
	if (rv) {
		fetch_release(d->env->fetcher, &new->request);
		arena_finish(&new->arena);
		free(new);
		return rv;
	}
	uv_timer_init(d->env->loop, &new->deadline);
	uv_timer_start(&new->deadline, expired, (uint64_t)d->most_ms, 0);
	list_push(&d->running, &new->node);
	d->count++;
	return 0;
}

void discover_stop(struct discover *d)
{
	d->stopping = true;
	list_for_each (node, &d->running) {
		cancel(container_of(node, struct discovery, node));
	}
}
