/* Lists of items for clients of Google Reader: ids alone, with their texts, by their ids, as Atom.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/atom.h"
#include "api/core.h"
#include "api/greader.h"
#include "base/times.h"
#include "store/feeds.h"

enum { LIST_DEFAULT = 20 };

/* Entries after which it is looked whether a job has done enough. */
enum { LIST_CHUNK = 50 };

/* What is being answered; goes on over several jobs, since one may not take long. */
struct listing {
	struct http_request *r;
	struct json j;
	struct atom atom;
	int64_t last; /* told; 0: none */
	bool cut;     /* the answer is as long as it may be */

	/* Of one job. */
	struct store_tx *tx;
	struct err *e;
	struct buf html;
	struct arena arena; /* of `feed` */
	struct feed feed;   /* that of the last entry; id 0: none */
	int code;
};

struct list_query {
	struct stream stream;
	bool stories;
	struct item_filter filter;
	struct page page; /* without a limit: what is named, and nothing behind it */
	bool begun;
	int count, next; /* of `ids`, which are told up to `next` */
	int64_t *ids;
	struct listing listing;
};

/* -- what is asked for -- */

/* In the path, or a parameter, or all. */
static int read_stream(struct http_request *r, struct stream *ret_stream)
{
	const char *asked = form_text(&r->form, "s");
	char *path = NULL;
	int code = r->tail.len ? http_decode(&r->arena, r->tail, HTTP_CODED_PATH, &path) : 0;

	if (code == ERR_INVALID)
		return problem_set(&r->problem, PROBLEM_PARAMETER,
			"the stream in the path is not well encoded, or not UTF-8");
	if (code < 0)
		problem_from_err(&r->problem, code, NULL);
	else
		*ret_stream = greader_stream(path              ? path
					     : asked && *asked ? asked
							       : "reading-list");
	return code;
}

/* A place in the list: the id of the last item before. */
static int read_place(struct http_request *r, struct list_query *q)
{
	const char *text = form_text(&r->form, "c");
	int64_t id = text && *text ? greader_parse_id(text) : 0;

	if (text && *text && !id)
		return problem_at(&r->problem, "parameter", "c",
			"c must be the continuation of an answer, not %s", text);
	if (q->page.ascending)
		q->filter.after_id = id;
	else
		q->filter.before_id = id;
	return 0;
}

int greader_parse_list(struct http_request *r)
{
	bool ids = r->route->run == greader_run_ids;
	int most = ids ? STORE_IDS_MAX : GREADER_LIST_MAX;
	const char *order = form_text(&r->form, "r");
	struct list_query *q = request_query(r, sizeof(*q));
	int64_t since_s = form_number(&r->form, "ot", INT32_MAX, 0);

	if (!q || read_stream(r, &q->stream) < 0)
		return ERR_INVALID;
	q->stories = r->stories;
	q->page.ascending = order && *order == 'o';
	q->page.limit = (int)form_number(&r->form, "n", most, LIST_DEFAULT);
	q->page.limit = q->page.limit ? q->page.limit : LIST_DEFAULT;
	q->filter.stories = q->stories;
	q->filter.received_after_ms = since_s * 1000 - 1;
	q->filter.received_before_ms = form_number(&r->form, "nt", INT32_MAX, 0) * 1000;
	return read_place(r, q);
}

/* -- what it means -- */

static int leave_out_ids(
	struct http_request *r, struct item_filter *f, const struct stream_ids *ids)
{
	for (int n = 0; n < ITEM_WITHOUT_MAX; n++) {
		if (f->without[n].feed || f->without[n].folder || f->without[n].label)
			continue;
		f->without[n].feed = ids->feed;
		f->without[n].folder = ids->folder;
		f->without[n].label = ids->label;
		return 0;
	}
	return problem_at(&r->problem, "parameter", "xt",
		"at most %d feeds, folders and labels can be left out", ITEM_WITHOUT_MAX);
}

/* What has the opposite state stays. */
static int leave_out(struct http_request *r, struct list_query *q, const struct stream *stream,
	const struct stream_ids *ids, bool *ret_any)
{
	static const struct stream opposites[] = {
		[STREAM_READ] = {STREAM_UNREAD, NULL}, [STREAM_UNREAD] = {STREAM_READ, NULL}};

	if (stream->kind == STREAM_FEED || stream->kind == STREAM_LABEL)
		return leave_out_ids(r, &q->filter, ids);
	if (stream->kind == STREAM_READ || stream->kind == STREAM_UNREAD)
		*ret_any &= greader_narrow(&q->filter, &opposites[stream->kind], ids);
	else if (stream->kind == STREAM_STARRED && q->filter.starred <= 0)
		q->filter.starred = -1;
	else if (stream->kind == STREAM_STARRED || stream->kind == STREAM_ALL)
		*ret_any = false;
	return 0;
}

/* All streams of parameter `name`; what there is not has no items, so that leaving it out makes no
 * difference. */
static int apply_all(
	struct store_tx *tx, struct http_request *r, const char *name, bool *ret_any, struct err *e)
{
	struct list_query *q = r->query;
	const struct form_pair *at;
	int code = 0;

	for (at = form_pair(&r->form, name, NULL); at && code == 0;
		at = form_pair(&r->form, name, at)) {
		struct stream stream = greader_stream(at->value);
		struct stream_ids ids;

		code = greader_resolve(tx, &stream, &r->arena, &ids, e);
		if (code == ERR_NOT_FOUND)
			stream.kind = STREAM_NONE;
		if (code < 0 && code != ERR_NOT_FOUND)
			return code;
		code = 0;
		if (*name == 'x')
			code = leave_out(r, q, &stream, &ids, ret_any);
		else
			*ret_any &= greader_narrow(&q->filter, &stream, &ids);
	}
	return code;
}

/* *ret_any: there may be some. */
static int make_filter(struct store_tx *tx, struct http_request *r, bool *ret_any, struct err *e)
{
	struct list_query *q = r->query;
	struct stream_ids ids;
	int code = greader_resolve(tx, &q->stream, &r->arena, &ids, e);

	*ret_any = greader_narrow(&q->filter, &q->stream, &ids);
	if (code == 0)
		code = apply_all(tx, r, "it", ret_any, e);
	if (code == 0)
		code = apply_all(tx, r, "xt", ret_any, e);
	return code;
}

/* -- ids -- */

static const char *short_id(int64_t item, char out[24])
{
	snprintf(out, 24, "%" PRId64, GREADER_ID_BASE + item);
	return out;
}

/* One member and no more: Readrops demands it. */
static int put_ref(void *ctx, int64_t id)
{
	struct json *j = ctx;
	char text[24];

	json_put_object(j, NULL);
	json_put_string(j, "id", short_id(id, text));
	json_end(j);
	return 0;
}

static void put_continuation(struct json *j, bool more, int64_t last)
{
	char text[24];

	if (more && last)
		json_put_string(j, "continuation", short_id(last, text));
}

int greader_run_ids(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct list_query *q = r->query;
	struct json j;
	bool any;
	int code = make_filter(tx, r, &any, e);

	if (code < 0)
		return code;
	answer_begin(r, &j);
	json_put_array(&j, "itemRefs");
	if (any)
		code = items_list_ids(tx, &q->filter, &q->page, put_ref, &j, e);
	json_end(&j);
	put_continuation(&j, q->page.more, q->page.id);
	answer_end(&j);
	return code;
}

/* -- items -- */

static void begin_job(struct listing *l, struct store_tx *tx, struct err *e)
{
	l->tx = tx;
	l->e = e;
	l->code = 0;
	l->feed = (struct feed){0};
	arena_init(&l->arena, FEED_ARENA_MAX);
	buf_init(&l->html, API_REPLY_MAX);
}

/* Some of the entries that are left; r->more says whether there are further ones. */
static int go_on(struct store_tx *tx, struct http_request *r,
	int (*each)(void *ctx, const struct entry *entry), struct err *e)
{
	struct list_query *q = r->query;
	struct listing *l = &q->listing;
	uint64_t end_ns = uv_hrtime() + (uint64_t)GREADER_STEP_MS * 1000000;
	int code = 0;

	begin_job(l, tx, e);
	r->out.max = GREADER_REPLY_MAX;
	for (r->more = q->next < q->count; r->more && uv_hrtime() < end_ns;) {
		int left = q->count - q->next, count = left < LIST_CHUNK ? left : LIST_CHUNK;
		code = entries_get(tx, q->ids + q->next, count, q->stories, each, l, e);
		code = code < 0 ? code : l->code;
		q->next += count;
		r->more = code == 0 && !l->cut && q->next < q->count;
	}
	buf_finish(&l->html);
	arena_finish(&l->arena);
	return code;
}

static const struct feed *feed_of(struct listing *l, const struct entry *entry)
{
	int64_t feed = entry->first->feed;

	if (l->feed.id != feed) {
		arena_finish(&l->arena);
		l->feed = (struct feed){0};
		l->code = feeds_get(l->tx, feed, &l->arena, &l->feed, l->e);
	}
	return &l->feed;
}

static bool is_full(struct listing *l, const struct entry *entry)
{
	l->cut = l->r->out.len > GREADER_REPLY_SOFT;
	l->last = l->cut ? l->last : entry->id;
	return l->cut;
}

static int put_json(void *ctx, const struct entry *entry)
{
	struct listing *l = ctx;

	if (is_full(l, entry))
		return 1;
	greader_put_entry(&l->j, entry, feed_of(l, entry), &l->html);
	return l->code != 0;
}

static int put_atom(void *ctx, const struct entry *entry)
{
	struct listing *l = ctx;

	if (is_full(l, entry))
		return 1;
	return atom_put(&l->atom, entry, entry_html(entry, &l->html, l->atom.out));
}

static int take_id(void *ctx, int64_t id)
{
	struct list_query *q = ctx;

	q->ids[q->count++] = id;
	return 0;
}

/* Which they are first: a list that is sorted is not read with all its texts. */
static int find_ids(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct list_query *q = r->query;

	q->ids = arena_alloc(&r->arena, (size_t)q->page.limit * sizeof(q->ids[0]));
	return q->ids ? items_list_ids(tx, &q->filter, &q->page, take_id, q, e)
		      : err_set(e, ERR_NOMEM, NULL);
}

/* How the stream is called by us, and by people. */
struct names {
	const char *id, *title;
};

static int name_stream(
	struct store_tx *tx, struct http_request *r, struct names *ret_names, struct err *e)
{
	static const struct names states[] = {
		[STREAM_NONE] = {"user/-/state/com.google/reading-list", "Nothing"},
		[STREAM_ALL] = {"user/-/state/com.google/reading-list", "Reading list"},
		[STREAM_READ] = {"user/-/state/com.google/read", "Read"},
		[STREAM_UNREAD] = {"user/-/state/com.google/unread", "Unread"},
		[STREAM_STARRED] = {"user/-/state/com.google/starred", "Starred"},
		[STREAM_LABEL] = {NULL, NULL},
	};
	const struct list_query *q = r->query;
	struct feed feed = {0};
	int code = 0;

	if (q->stream.kind < STREAM_FEED) {
		*ret_names = states[q->stream.kind];
		return 0;
	}
	if (q->stream.kind == STREAM_FEED)
		code = feeds_get(tx, q->filter.feed, &r->arena, &feed, e);
	*ret_names =
		(struct names){feed.id ? arena_printf(&r->arena, "feed/%" PRId64, feed.id)
				       : arena_printf(&r->arena, "user/-/label/%s", q->stream.name),
			feed.id ? feed.label : q->stream.name};
	return code < 0 || ret_names->id ? code : err_set(e, ERR_NOMEM, NULL);
}

static void begin_items(struct http_request *r, const struct names *names)
{
	struct list_query *q = r->query;
	struct json *j = &q->listing.j;

	q->begun = true;
	q->listing.r = r;
	answer_begin(r, j);
	json_put_string(j, "id", names->id);
	greader_put_text(j, "title", names->title);
	json_put_string(j, "direction", "ltr");
	json_put_int(j, "updated", times_now_ms() / 1000);
	json_put_array(j, "items");
}

static int go_on_items(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct list_query *q = r->query;
	struct listing *l = &q->listing;
	int code = go_on(tx, r, put_json, e);

	if (code < 0 || r->more)
		return code;
	json_end(&l->j);
	put_continuation(&l->j, q->page.limit && (q->page.more || l->cut), l->last);
	answer_end(&l->j);
	return 0;
}

/* What the list has, and how it is called. */
static int begin_list(
	struct store_tx *tx, struct http_request *r, struct names *ret_names, struct err *e)
{
	bool any;
	int code = make_filter(tx, r, &any, e);

	if (code == 0)
		code = name_stream(tx, r, ret_names, e);
	return code == 0 && any ? find_ids(tx, r, e) : code;
}

int greader_run_list(struct store_tx *tx, struct http_request *r, struct err *e)
{
	const struct list_query *q = r->query;
	struct names names = {NULL, NULL};
	int code = q->begun ? 0 : begin_list(tx, r, &names, e);

	if (code < 0)
		return code;
	if (!q->begun)
		begin_items(r, &names);
	return go_on_items(tx, r, e);
}

static void begin_atom(struct http_request *r, const struct names *names)
{
	struct list_query *q = r->query;

	q->begun = true;
	q->listing.r = r;
	q->listing.atom = (struct atom){.out = &r->out,
		.epoch = store_epoch(r->api->store),
		.path = names->id,
		.title = names->title,
		.google = true};
}

int greader_run_atom(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct list_query *q = r->query;
	struct names names = {NULL, NULL};
	int code = q->begun ? 0 : begin_list(tx, r, &names, e);

	if (code == 0 && !q->begun)
		begin_atom(r, &names);
	if (code == 0)
		code = go_on(tx, r, put_atom, e);
	if (code < 0 || r->more)
		return code;
	atom_end(&q->listing.atom);
	r->content_type = "application/atom+xml; charset=utf-8";
	answer_if_new(r);
	return 0;
}

/* -- by ids -- */

int greader_parse_contents(struct http_request *r)
{
	struct list_query *q = request_query(r, sizeof(*q));
	const struct form_pair *at;

	if (q)
		q->ids = arena_alloc(&r->arena, (size_t)(r->form.count + 1) * sizeof(q->ids[0]));
	if (!q || !q->ids)
		return problem_set(&r->problem, PROBLEM_BUSY, "out of memory");
	q->stories = r->stories;
	for (at = form_pair(&r->form, "i", NULL); at; at = form_pair(&r->form, "i", at)) {
		int64_t id = greader_parse_id(at->value);
		if (id)
			q->ids[q->count++] = id;
	}
	return 0;
}

/* One named often would make the answer as long as there is room for. */
static void drop_repeats(struct list_query *q)
{
	int count = 0;

	for (int n = 0; n < q->count; n++) {
		int at = 0;
		while (at < count && q->ids[at] != q->ids[n])
			at++;
		q->ids[at] = q->ids[n];
		count += at == count;
	}
	q->count = count;
}

int greader_run_contents(struct store_tx *tx, struct http_request *r, struct err *e)
{
	static const struct names names = {"user/-/state/com.google/reading-list", "Reading list"};
	struct list_query *q = r->query;

	if (!q->begun) {
		drop_repeats(q);
		begin_items(r, &names);
	}
	return go_on_items(tx, r, e);
}
