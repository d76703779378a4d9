/* The icon of a feed, from due to stored. */
#include "icon.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/url.h"
#include "limits.h"
#include "store/icons.h"

/*
 *  icon_fetch() --> fetched() --> stored()
 *                       `--(canceled, its host is held)--> finish(): a day later again
 */
struct icon {
	struct refresh_env *env;
	struct arena arena;
	struct fetch_request request;
	struct visit *visit;
	struct fetch_result result;
	struct store_job job;
	int64_t now_ms;
};

static int64_t admit(void *ctx, const char *url)
{
	struct icon *i = ctx;

	return i->env->admit(i->env->ctx, &i->visit, 0, url, INT64_MAX);
}

const char *icon_due(const struct feed *feed, const struct feed_poll *poll)
{
	const char *url = poll->described ? poll->icon : feed->icon;

	if (poll->status != FEED_OK || !url || !url_is_http(url) || strlen(url) > FETCH_URL_MAX)
		return NULL;
	if (feed->icon_due_ms <= poll->now_ms)
		return url;
	bool is_new = !feed->icon || strcmp(url, feed->icon) != 0;
	return is_new && feed->icon_due_ms > poll->now_ms + ICON_RETRY_MS ? url : NULL;
}

static void finish(struct icon *i)
{
	fetch_release(i->env->fetcher, &i->request);
	i->env->icons--;
	arena_finish(&i->arena);
	free(i);
}

static bool is_icon(const struct icon *i)
{
	const struct buf *body = &i->request.body;

	return i->result.verdict == FETCH_DOCUMENT && icons_type(body->data, body->len);
}

static int store(struct store_tx *tx, void *arg, struct err *e)
{
	struct icon *i = arg;

	fetch_decode(&i->request, &i->result); /* the first time */
	return icons_put(tx, i->request.url, is_icon(i) ? &i->request.body : NULL, i->now_ms, e);
}

static void stored(struct store_job *job)
{
	struct icon *i = job->arg;
	const char *error =
		i->result.error.code ? i->result.error.text : "no image of a known kind";

	log_event(LOG_DEBUG, "icon.fetched", "url=%s bytes=%zu error=%s", i->result.url,
		i->request.body.len, is_icon(i) ? NULL : error);
	finish(i);
}

static void fetched(struct fetch_request *request, const struct fetch_result *result)
{
	struct icon *i = request->ctx;
	int code = result->error.code;

	i->result = *result;
	i->now_ms = i->env->now_ms();
	i->env->leave(i->env->ctx, i->visit);
	refresh_hold(i->env, result);
	i->job = (struct store_job){.class = STORE_POLL, .run = store, .done = stored, .arg = i};
	if (code == ERR_CANCELED || code == ERR_BUSY || store_write(i->env->store, &i->job))
		finish(i);
}

void icon_fetch(struct refresh_env *env, const char *url, const char *section)
{
	struct icon *i = calloc(1, sizeof(*i));

	if (!i)
		return;
	i->env = env;
	env->icons++;
	arena_init(&i->arena, REFRESH_ARENA_BASE);
	i->request = (struct fetch_request){
		.url = arena_strdup(&i->arena, url),
		.image = true,
		.body_max_bytes = ICON_BYTES_MAX,
		.arena = &i->arena,
		.admit = admit,
		.admit_ctx = i,
		.admit_first = true,
		.done = fetched,
		.ctx = i,
	};
	if (!i->request.url || env->site(env->ctx, section, &i->arena, &i->request.site) ||
		fetch_start(env->fetcher, &i->request))
		finish(i);
}
