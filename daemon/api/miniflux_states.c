/* Marking entries as Miniflux's clients do: a list of them, one, or all of a feed or category. */
#include <string.h>

#include "api/conn.h"
#include "api/core.h"
#include "api/miniflux.h"
#include "base/times.h"
#include "store/states.h"

struct mark_query {
	struct states states;
	int64_t id;
	bool stories;
};

/* An entry that stands for a story is all of it. */
static int how_read(const struct http_request *r, bool stories)
{
	return stories || r->api->options.reports ? STATE_READ_STORY : STATE_READ;
}

static struct mark_query *begin(struct http_request *r)
{
	struct mark_query *q = request_query(r, sizeof(*q));

	if (!q)
		return NULL;
	q->stories = r->stories;
	q->states.now_ms = times_now_ms();
	return q;
}

int miniflux_parse_update(struct http_request *r)
{
	struct mark_query *q = begin(r);
	const char *status = miniflux_text(r, "status");
	int64_t *ids;

	if (!q)
		return ERR_NOMEM;
	if (miniflux_ids(r, "entry_ids", &ids, &q->states.count) < 0)
		return ERR_INVALID;
	q->states.ids = ids;
	q->states.stories = q->states.by_items = q->stories;
	q->states.starred = miniflux_bool(r, "starred");
	if (status && strcmp(status, "read") == 0)
		q->states.read = how_read(r, q->stories);
	else if (status && strcmp(status, "unread") == 0)
		q->states.read = -1;
	else if (miniflux_is_set(r, "status") || !q->states.starred)
		return problem_at(&r->problem, "member", "status", "status must be read or unread");
	return 0;
}

int miniflux_parse_mark_all(struct http_request *r)
{
	struct mark_query *q = begin(r);
	bool user = strstr(r->route->path, "/users/") != NULL;

	if (!q)
		return ERR_NOMEM;
	if (user && r->id != MINIFLUX_USER)
		return problem_set(&r->problem, PROBLEM_NOT_FOUND, "there is no such user");
	if (!user)
		miniflux_scope(r, &q->states.filter);
	q->states.filter.stories = q->stories;
	q->states.read = how_read(r, q->stories);
	return 0;
}

int miniflux_run_mark(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct mark_query *q = r->query;
	int code = q->states.ids ? 0 : miniflux_check_scope(tx, &q->states.filter, e);

	if (code == 0)
		code = states_step(tx, &q->states, STATES_STEP_MS, e);
	r->more = code == 0 && !q->states.ended;
	r->status = 204;
	return code;
}

/* -- the star -- */

int miniflux_parse_bookmark(struct http_request *r)
{
	return begin(r) ? 0 : ERR_NOMEM;
}

static int note_star(void *ctx, const struct entry *entry)
{
	struct states *states = ctx;

	states->starred = entry->starred ? -1 : 1;
	return 0;
}

/* The one toggle there is. */
int miniflux_run_bookmark(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct mark_query *q = r->query;
	int code = 0;

	if (!q->states.ids) {
		q->states.ids = &r->id;
		q->states.count = 1;
		q->states.stories = q->states.by_items = q->stories;
		code = entries_get(tx, &r->id, 1, q->stories, note_star, &q->states, e);
	}
	if (code == 0 && !q->states.starred)
		code = err_set(e, ERR_NOT_FOUND, "there is no entry %lld", (long long)r->id);
	return code < 0 ? code : miniflux_run_mark(tx, r, e);
}
