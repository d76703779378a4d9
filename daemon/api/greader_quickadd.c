/* Adding what an address has, for clients of Google Reader. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api/conn.h"
#include "api/core.h"
#include "api/greader.h"
#include "base/times.h"
#include "store/feeds.h"

/* First it is looked for among the feeds, where one that nobody wants any more comes back; then
 * asked, then added. */
struct quickadd {
	char *url;
	bool asked, added;
	struct feed feed; /* what came of it; id 0: nothing yet */
};

/* A page can have a browser ask for it as for an image, and the browser shows Basic without asking
 * anybody. */
static bool may_be_page(const struct http_request *r)
{
	return r->method == HTTP_GET &&
	       (r->head || (!r->auth_key && r->authorization &&
				   strncasecmp(r->authorization, "Basic ", 6) == 0));
}

int greader_parse_quickadd(struct http_request *r)
{
	const char *text = form_text(&r->form, "quickadd");
	struct quickadd *q = request_query(r, sizeof(*q));
	struct err e = {0};

	if (!q)
		return ERR_NOMEM;
	if (may_be_page(r))
		return problem_set(&r->problem, PROBLEM_FORBIDDEN,
			"quickadd subscribes: use POST, or GET with the token of a login");
	if (!text || !*text)
		return problem_at(
			&r->problem, "parameter", "quickadd", "quickadd is the address to add");
	if (greader_read_url(&r->arena, text, &q->url, &e) == ERR_NOMEM)
		return problem_set(&r->problem, PROBLEM_BUSY, "out of memory");
	q->asked = !q->url; /* it can't be */
	return 0;
}

int greader_run_quickadd(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct quickadd *q = r->query;
	const struct feed_declaration declaration = {.url = q->url};
	int64_t id = 0;
	int code = q->url ? feeds_find_url(tx, q->url, &id, e) : 0;

	if (code == 0 && id)
		code = feeds_get(tx, id, &r->arena, &q->feed, e);
	if (code < 0 || !q->url || (id ? q->feed.detached_ms == TIME_NONE : !q->asked))
		return code;
	code = feeds_add(tx, &declaration, times_now_ms(), &id, e);
	q->added = code == 0;
	return code < 0 ? code : feeds_get(tx, id, &r->arena, &q->feed, e);
}

/* That there is nothing is no failure. */
static void answer(struct http_request *r, const char *why)
{
	const struct quickadd *q = r->query;
	char stream[40];
	struct json j;

	answer_begin(r, &j);
	json_put_int(&j, "numResults", q->feed.id ? 1 : 0);
	if (q->feed.id) {
		snprintf(stream, sizeof(stream), "feed/%" PRId64, q->feed.id);
		greader_put_text(&j, "query", q->url);
		json_put_string(&j, "streamId", stream);
		greader_put_text(&j, "streamName", q->feed.label);
	} else {
		json_put_string(&j, "error", why);
	}
	answer_end(&j);
	http_reply(r);
}

/* The first is what the page itself recommends; but a page may name anything, see
 * greader_read_url(). */
static int choose(struct http_request *r, const struct offer *feeds)
{
	struct quickadd *q = r->query;
	struct err e = {0};
	int code = 0;

	q->url = NULL;
	for (const struct offer *o = feeds; o && !q->url && code != ERR_NOMEM; o = o->next)
		code = greader_read_url(&r->arena, o->url, &q->url, &e);
	return code == ERR_NOMEM ? code : 0;
}

static void take_found(struct http_request *r, const struct offer *feeds)
{
	const struct quickadd *q = r->query;
	const struct http_problem problem = r->problem;

	if (problem.kind == PROBLEM_UNREADABLE) {
		r->problem = (struct http_problem){0};
		answer(r, problem.detail);
	} else if (problem.kind != PROBLEM_NONE || choose(r, feeds) < 0) {
		problem_set(&r->problem, PROBLEM_BUSY, "out of memory"); /* if nothing else was */
		http_reply(r);
	} else if (q->url) {
		routes_again(r);
	} else {
		answer(r, "no feed found");
	}
}

void greader_reply_quickadd(struct http_request *r)
{
	const struct api_callbacks *callbacks = &r->api->callbacks;
	struct quickadd *q = r->query;

	if (q->added)
		callbacks->feed_changed(callbacks->ctx, q->feed.id);
	if (q->feed.id || q->asked) {
		answer(r, "this is not the address of a feed or a page");
		return;
	}
	q->asked = true;
	discover(r, q->url, take_found);
}
