/* All fetches together: settings, slots, rate groups, starting and stopping. */
#include "fetch/fetcher.h"

#include <stdlib.h>
#include <string.h>

#include "limits.h"

/* -- settings -- */

static void settings_release(struct settings *s)
{
	if (!s || --s->refs > 0)
		return;
	arena_finish(&s->arena);
	free(s);
}

static int copy_roots(struct settings *s, const char *const *roots)
{
	const char **copy;
	size_t count = 0;

	s->options.file_roots = NULL;
	if (!roots)
		return 0;
	while (roots[count])
		count++;
	copy = arena_alloc(&s->arena, (count + 1) * sizeof *copy);
	for (size_t i = 0; copy && i < count; i++) {
		copy[i] = arena_strdup(&s->arena, roots[i]);
		if (!copy[i])
			return ERR_NOMEM;
	}
	s->options.file_roots = copy;
	return copy ? 0 : ERR_NOMEM;
}

/* NULL stays NULL. */
static int copy_text(struct settings *s, const char **text)
{
	if (!*text)
		return 0;
	*text = arena_strdup(&s->arena, *text);
	return *text ? 0 : ERR_NOMEM;
}

static struct settings *settings_create(const struct fetch_options *options)
{
	struct settings *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->refs = 1;
	arena_init(&s->arena, FETCH_OPTIONS_MAX);
	s->options = *options;
	s->options.name_servers = NULL;
	if (copy_text(s, &s->options.user_agent) || copy_text(s, &s->options.proxy) ||
		copy_roots(s, options->file_roots)) {
		settings_release(s);
		return NULL;
	}
	return s;
}

/* -- rate groups -- */

int fetcher_wanted(const struct fetcher *f, int64_t group)
{
	return (int)(intptr_t)map_get(&f->groups, group);
}

/* Out of memory only costs a kept connection. */
void fetcher_count(struct fetcher *f, int64_t group, int by)
{
	intptr_t count = fetcher_wanted(f, group) + by;

	if (count <= 0)
		map_remove(&f->groups, group);
	else if (map_put(&f->groups, group, (void *)count))
		return;
}

/* -- states -- */

static void on_turn(uv_timer_t *timer);
static void on_patience(uv_timer_t *timer);

void fetcher_kick(struct fetcher *f)
{
	if (!uv_is_active((uv_handle_t *)&f->timer))
		uv_timer_start(&f->timer, on_turn, 0, 0);
}

static int slots_of(enum fetch_state state)
{
	return state == RESOLVING || state == TRANSFERRING || state == READING;
}

static void park(struct fetch *f, bool parked)
{
	int by = parked - f->parked;

	f->fetcher->slots -= by;
	f->fetcher->parked += by;
	f->parked = parked;
}

void fetcher_enter(struct fetch *f, enum fetch_state state)
{
	park(f, false);
	f->heard_bytes = -1;
	f->fetcher->slots += slots_of(state) - slots_of(f->state);
	f->state = state;
	if (slots_of(state) && !uv_is_active((uv_handle_t *)&f->fetcher->patience))
		uv_timer_start(
			&f->fetcher->patience, on_patience, FETCH_PATIENCE_MS, FETCH_PATIENCE_MS);
	list_remove(&f->node);
	list_push(&f->fetcher->in_state[state], &f->node);
}

/* -- parking -- */

int fetch_parked_max(int connections_max)
{
	int most = connections_max * FETCH_PARKED_FACTOR;

	return most < FETCH_PARKED_MAX ? most : FETCH_PARKED_MAX;
}

int fetcher_parked(const struct fetcher *f)
{
	return f->parked;
}

void fetcher_on_room(struct fetcher *f, void (*room)(void *ctx), void *ctx)
{
	f->room = room;
	f->room_ctx = ctx;
}

static void look_at(struct fetch *f)
{
	const struct transfer *t = f->state == TRANSFERRING ? f->transfer : NULL;
	int64_t heard = t ? (int64_t)(t->head_bytes + t->body_bytes) : 0;

	park(f, heard == f->heard_bytes &&
			(f->parked ||
				f->fetcher->parked <
					fetch_parked_max(f->settings->options.connections_max)));
	f->heard_bytes = heard;
}

static void on_patience(uv_timer_t *timer)
{
	struct fetcher *f = timer->data;
	int before = f->parked;

	for (enum fetch_state state = RESOLVING; state <= TRANSFERRING; state++)
		list_for_each (node, &f->in_state[state])
			look_at(container_of(node, struct fetch, node));
	if (!f->slots && !f->parked)
		uv_timer_stop(timer);
	if (f->parked <= before)
		return;
	fetcher_kick(f);
	if (f->room)
		f->room(f->room_ctx);
}

/* -- IDLE <-> -- */

static void on_fetch_closed(uv_handle_t *handle);

void fetcher_recycle(struct fetch *f)
{
	settings_release(f->settings);
	f->settings = NULL;
	f->request = NULL;
	if (f->fetcher->idle_count < f->fetcher->settings->options.connections_max) {
		f->fetcher->idle_count++;
		fetcher_enter(f, IDLE);
		return;
	}
	uv_close((uv_handle_t *)&f->timer, on_fetch_closed);
}

struct fetch *fetcher_obtain(struct fetcher *fetcher)
{
	struct list *node = list_pop(&fetcher->in_state[IDLE]);
	struct fetch *f;

	if (node) {
		fetcher->idle_count--;
		f = container_of(node, struct fetch, node);
	} else {
		f = calloc(1, sizeof *f);
		if (!f)
			return NULL;
		f->fetcher = fetcher;
		list_init(&f->node);
		list_init(&f->lookup.node);
		uv_timer_init(fetcher->loop, &f->timer);
		f->timer.data = f;
		fetcher->handles++;
	}
	f->settings = fetcher->settings;
	f->settings->refs++;
	return f;
}

int fetcher_active(const struct fetcher *f)
{
	return f->active;
}

int fetcher_configure(struct fetcher *f, const struct fetch_options *options)
{
	struct settings *s = settings_create(options);

	if (!s || transfers_configure(&f->transfers, options->ca_file)) {
		settings_release(s);
		return ERR_NOMEM;
	}
	settings_release(f->settings);
	f->settings = s;
	resolver_flush(f->resolver);
	fetcher_kick(f);
	return 0;
}

/* -- stopping -- */

static void handle_closed(void *ctx)
{
	struct fetcher *f = ctx;

	if (--f->handles == 0)
		f->stopped(f->stopped_ctx);
}

static void on_fetch_closed(uv_handle_t *handle)
{
	struct fetch *f = handle->data;
	struct fetcher *fetcher = f->fetcher;

	free(f);
	handle_closed(fetcher);
}

static void on_timer_closed(uv_handle_t *handle)
{
	handle_closed(handle->data);
}

/* Nothing is under way any more. */
static void close_all(struct fetcher *f)
{
	list_for_each_safe (node, &f->in_state[IDLE]) {
		struct fetch *idle = container_of(node, struct fetch, node);

		list_remove(node);
		uv_close((uv_handle_t *)&idle->timer, on_fetch_closed);
	}
	transfers_close(&f->transfers, handle_closed, f);
	if (f->resolver)
		resolver_close(f->resolver, handle_closed, f);
	uv_close((uv_handle_t *)&f->timer, on_timer_closed);
	uv_close((uv_handle_t *)&f->patience, on_timer_closed);
}

static void on_turn(uv_timer_t *timer)
{
	struct fetcher *f = timer->data;

	while (!list_empty(&f->in_state[ENDED]))
		fetch_step(container_of(f->in_state[ENDED].next, struct fetch, node));
	while (!list_empty(&f->in_state[QUEUED]) && f->slots < f->settings->options.connections_max)
		fetch_step(container_of(f->in_state[QUEUED].next, struct fetch, node));
	if (!list_empty(&f->in_state[ENDED]))
		fetcher_kick(f);
	else if (f->stopping && !f->active)
		close_all(f);
}

void fetcher_stop(struct fetcher *f, void (*stopped)(void *ctx), void *ctx)
{
	f->stopping = true;
	f->stopped = stopped;
	f->stopped_ctx = ctx;
	for (enum fetch_state state = QUEUED; state < ENDED; state++)
		list_for_each_safe (node, &f->in_state[state])
			fetch_cancel(f, container_of(node, struct fetch, node)->request);
	fetcher_kick(f);
}

void fetcher_destroy(struct fetcher *f)
{
	if (!f)
		return;
	settings_release(f->settings);
	map_finish(&f->groups);
	free(f);
	curl_global_cleanup();
}

static void destroy(void *ctx)
{
	fetcher_destroy(ctx);
}

int fetcher_create(uv_loop_t *loop, const struct fetch_options *options,
	struct fetcher **ret_fetcher, struct err *e)
{
	struct resolver_options names = {.servers = options->name_servers};
	struct fetcher *f;
	int code;

	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return err_set(e, ERR_INTERNAL, "libcurl could not be set up");
	f = calloc(1, sizeof *f);
	if (!f) {
		curl_global_cleanup();
		return err_set(e, ERR_NOMEM, NULL);
	}
	f->settings = settings_create(options);
	if (!f->settings || transfers_init(&f->transfers, loop, options->ca_file)) {
		fetcher_destroy(f);
		return err_set(e, ERR_NOMEM, NULL);
	}
	f->loop = loop;
	for (int i = 0; i < STATE_COUNT; i++)
		list_init(&f->in_state[i]);
	uv_timer_init(loop, &f->timer);
	f->timer.data = f;
	uv_timer_init(loop, &f->patience);
	f->patience.data = f;
	f->handles = 4;
	code = resolver_create(loop, &names, &f->resolver, e);
	if (code) {
		f->handles--;
		f->stopped = destroy;
		f->stopped_ctx = f;
		close_all(f);
		return code;
	}
	*ret_fetcher = f;
	return 0;
}
