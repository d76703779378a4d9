/* Event streams: the ring that feeds those who keep up, and the catching up of those who don't. */
#include "api/events.h"

#include <inttypes.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "api/conn.h"
#include "api/core.h"
#include "api/render.h"
#include "api/routes.h"
#include "base/log.h"

enum { BATCH_LINES = 128, PARTS_MAX = 32, GREETING_MAX = 1024, RETRY_MS = 3000 };

/* One stream. */
struct subscriber {
	struct list node;
	struct list turn; /* in events.behind */
	struct api *api;
	struct conn *conn;
	uint64_t kinds;
	int64_t sent;              /* everything up to here has been sent or passed over */
	int64_t told;              /* the last id that the client has heard */
	struct event_batch *batch; /* reads the log for this stream, or NULL */
};

/* Some lines of the log, encoded by a read job for the ring or for one subscriber. */
struct event_batch {
	struct store_job job;
	struct api *api;
	struct subscriber *subscriber; /* NULL: for the ring, or the subscriber has gone */
	uint64_t kinds;
	int64_t since;
	size_t soft_bytes;

	struct buf text;
	struct {
		int64_t seq;
		unsigned kind;
		size_t end; /* in `text` */
	} lines[BATCH_LINES];
	int count;
	int64_t scanned; /* everything up to here is in `lines` or not of the kinds */
	bool more, lost; /* lost: `since` cannot be resumed from any more */

	struct store_tx *tx;
	struct err *e;
	int code;
};

static void fill_ring(struct api *api);
static void pump(struct subscriber *s);

/* -- the ring -- */

static struct event_line *line_at(struct event_ring *ring, int index)
{
	return &ring->lines[(ring->first + index) % API_RING_LINES];
}

static void drop_oldest(struct event_ring *ring)
{
	struct event_line *line = line_at(ring, 0);

	ring->base = line->seq;
	ring->bytes -= line->len;
	free(line->text);
	ring->first = (ring->first + 1) % API_RING_LINES;
	ring->count--;
}

static void empty_ring(struct event_ring *ring, int64_t seq)
{
	while (ring->count > 0)
		drop_oldest(ring);
	ring->base = ring->head = seq;
}

static bool push_line(
	struct event_ring *ring, int64_t seq, unsigned kind, const char *text, size_t len)
{
	char *copy = malloc(len);

	if (!copy)
		return false;
	memcpy(copy, text, len);
	while (ring->count == API_RING_LINES ||
		(ring->count > 0 && ring->bytes + len > API_RING_BYTES))
		drop_oldest(ring);
	*line_at(ring, ring->count++) = (struct event_line){seq, kind, len, copy};
	ring->bytes += len;
	return true;
}

/* The first line with a greater number than `seq`, or NULL. */
static struct event_line *find_line(struct event_ring *ring, int64_t seq)
{
	int low = 0;
	int high = ring->count;

	while (low < high) {
		int middle = (low + high) / 2;
		if (line_at(ring, middle)->seq > seq)
			high = middle;
		else
			low = middle + 1;
	}
	return low < ring->count ? line_at(ring, low) : NULL;
}

void events_init(struct events *events, int64_t seq)
{
	list_init(&events->subscribers);
	list_init(&events->behind);
	list_init(&events->waiting);
	empty_ring(&events->ring, seq);
}

void events_finish(struct events *events)
{
	empty_ring(&events->ring, 0);
}

/* -- reading the log, in a job -- */

static void write_reset(struct buf *out, const struct api *api, int64_t seq)
{
	const char *epoch = store_epoch(api->store);

	buf_printf(out,
		"id: %s-%" PRId64 "\nevent: reset\ndata: {\"epoch\":\"%s\",\"seq\":%" PRId64
		"}\n\n",
		epoch, seq, epoch, seq);
}

static void put_head(struct event_batch *b, const struct change *change)
{
	const char *noun = change_kind_noun(change->kind);

	buf_printf(&b->text, "id: %s-%" PRId64 "\nevent: %s", store_epoch(b->api->store),
		change->seq, noun);
	if (change->kind != CHANGE_RESET)
		buf_printf(&b->text, ".%s", change_kind_op(change->kind));
	buf_puts(&b->text, "\ndata: ");
}

static int put_line(void *ctx, const struct change *change)
{
	struct event_batch *b = ctx;
	struct json j;

	if (b->count == BATCH_LINES || b->text.len > b->soft_bytes)
		return 1;
	b->scanned = change->seq;
	if (!(b->kinds >> change->kind & 1))
		return 0;
	put_head(b, change);
	json_init(&j, &b->text);
	b->code = render_change(b->tx, &j, change, b->e);
	buf_puts(&b->text, "\n\n");
	b->lines[b->count].seq = change->seq;
	b->lines[b->count].kind = change->kind;
	b->lines[b->count++].end = b->text.len;
	return b->code < 0;
}

static int run_batch(struct store_tx *tx, void *batch, struct err *e)
{
	struct event_batch *b = batch;
	int64_t seq = store_tx_seq(tx);

	b->tx = tx;
	b->e = e;
	b->lost = !events_can_resume(b->api, "", b->since, store_tx_min_seq(tx), seq);
	b->scanned = b->since;
	if (b->lost) {
		b->scanned = seq;
		write_reset(&b->text, b->api, seq);
		return buf_status(&b->text);
	}
	int code = changes_list(tx, b->since, API_SCAN_MAX, put_line, b, &b->more, e);
	if (code == 0)
		code = b->code;
	if (code == 0)
		code = buf_status(&b->text);
	if (code == 0 && !b->more)
		b->scanned = seq; /* numbers that no line has are done with, too */
	return code;
}

static void destroy_batch(struct event_batch *b)
{
	buf_finish(&b->text);
	free(b);
}

/* NULL when it cannot be started; else `done` will be called. */
static struct event_batch *start_batch(
	struct api *api, struct subscriber *s, void (*done)(struct store_job *job))
{
	struct event_batch *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->api = api;
	b->subscriber = s;
	b->kinds = s ? s->kinds : EVENTS_ALL;
	b->since = s ? s->sent : api->events.ring.head;
	b->soft_bytes = s ? API_CHUNK_MAX : API_LINE_MAX;
	buf_init(&b->text, 3 * API_LINE_MAX); /* the soft end, the longest line, and its ids */
	b->job = (struct store_job){.class = STORE_USER, .run = run_batch, .done = done, .arg = b};
	if (store_read(api->store, &b->job) < 0) {
		destroy_batch(b);
		return NULL;
	}
	api->jobs++;
	return b;
}

/* -- feeding the ring -- */

static void pump_all(struct api *api)
{
	list_for_each_safe (node, &api->events.subscribers) {
		pump(container_of(node, struct subscriber, node));
	}
}

/* What did not get into the ring, the streams read by themselves. */
static void skip_ring(struct api *api, int64_t seq)
{
	empty_ring(&api->events.ring, seq);
	pump_all(api);
}

static bool push_batch(struct event_ring *ring, const struct event_batch *b)
{
	size_t start = 0;

	for (int i = 0; i < b->count; i++) {
		if (!push_line(ring, b->lines[i].seq, b->lines[i].kind, b->text.data + start,
			    b->lines[i].end - start))
			return false;
		start = b->lines[i].end;
	}
	ring->head = b->scanned;
	return true;
}

static void on_filled(struct store_job *job)
{
	struct event_batch *b = job->arg;
	struct api *api = b->api;

	api->jobs--;
	api->events.fill = NULL;
	if (job->status < 0 || b->lost || !push_batch(&api->events.ring, b))
		skip_ring(api, store_seq(api->store));
	else
		pump_all(api);
	destroy_batch(b);
	fill_ring(api);
	api_maybe_stopped(api);
}

static void fill_ring(struct api *api)
{
	struct events *events = &api->events;

	if (api->stopping || events->fill || list_empty(&events->subscribers) ||
		store_seq(api->store) <= events->ring.head)
		return;
	events->fill = start_batch(api, NULL, on_filled);
	if (!events->fill)
		skip_ring(api, store_seq(api->store));
}

/* -- sending -- */

static void give_turns(struct api *api);

static void send_text(struct subscriber *s, char *text, size_t len)
{
	uv_buf_t part = uv_buf_init(text, (unsigned)len);

	http_stream_send(s->conn, &part, 1);
}

static void on_caught_up(struct store_job *job)
{
	struct event_batch *b = job->arg;
	struct subscriber *s = b->subscriber;
	struct api *api = b->api;

	api->jobs--;
	api->events.catchups--;
	if (s)
		s->batch = NULL;
	if (!s || !http_stream_is_clear(s->conn)) {
		; /* gone, or going */
	} else if (job->status < 0) {
		http_stream_end(s->conn); /* it can resume where it was */
	} else {
		s->sent = b->scanned;
		if (b->text.len > 0) {
			s->told = b->lost ? b->scanned : b->lines[b->count - 1].seq;
			send_text(s, b->text.data, b->text.len);
		}
		pump(s);
	}
	destroy_batch(b);
	give_turns(api);
	api_maybe_stopped(api);
}

static void give_turns(struct api *api)
{
	struct events *events = &api->events;

	while (!api->stopping && events->catchups < API_CATCHUPS_MAX &&
		!list_empty(&events->behind)) {
		struct subscriber *s =
			container_of(list_pop(&events->behind), struct subscriber, turn);
		if (!http_stream_is_clear(s->conn))
			continue; /* its end is under way */
		s->batch = start_batch(api, s, on_caught_up);
		if (s->batch)
			events->catchups++;
		else
			http_stream_end(s->conn);
	}
}

/* As many lines of the ring at once as are soon taken. */
static void send_lines(struct subscriber *s)
{
	struct event_ring *ring = &s->api->events.ring;
	uv_buf_t parts[PARTS_MAX];
	unsigned count = 0;
	size_t bytes = 0;

	while (count < PARTS_MAX && bytes < API_CHUNK_MAX) {
		const struct event_line *line = find_line(ring, s->sent);

		s->sent = line ? line->seq : ring->head;
		if (!line)
			break;
		if (!(s->kinds >> line->kind & 1))
			continue;
		s->told = line->seq;
		parts[count++] = uv_buf_init(line->text, (unsigned)line->len);
		bytes += line->len;
	}
	if (count > 0)
		http_stream_send(s->conn, parts, count);
}

/* Sends as much as the client takes. */
static void pump(struct subscriber *s)
{
	struct events *events = &s->api->events;
	const struct event_ring *ring = &events->ring;

	while (http_stream_is_clear(s->conn) && !s->batch && list_empty(&s->turn) &&
		s->sent < ring->head) {
		if (s->sent < ring->base)
			list_push(&events->behind, &s->turn);
		else
			send_lines(s);
	}
	give_turns(s->api);
}

static void on_drained(void *ctx)
{
	pump(ctx);
}

/* A sign of life. If changes of other kinds went by, it also moves the id from which the client
 * would resume. */
static void on_quiet(void *ctx)
{
	struct subscriber *s = ctx;
	char text[80];
	int len = 3;

	if (s->sent > s->told)
		len = snprintf(text, sizeof(text), "id: %s-%" PRId64 "\n:\n\n",
			store_epoch(s->api->store), s->sent);
	else
		memcpy(text, ":\n\n", 4);
	s->told = s->sent;
	send_text(s, text, (size_t)len);
}

static void on_closed(void *ctx)
{
	struct subscriber *s = ctx;

	if (s->batch)
		s->batch->subscriber = NULL;
	list_remove(&s->turn);
	list_remove(&s->node);
	free(s);
}

/* -- waiting -- */

void events_publish(struct api *api, int64_t seq)
{
	struct events *events = &api->events;
	struct list ready;

	if (list_empty(&events->subscribers) && !events->fill)
		empty_ring(&events->ring, seq);
	else
		fill_ring(api);
	/* A request may come back to the list at once, so the list is taken first. */
	list_init(&ready);
	while (!list_empty(&events->waiting))
		list_push(&ready, list_pop(&events->waiting));
	while (!list_empty(&ready)) {
		struct http_request *r = container_of(list_pop(&ready), struct http_request, node);
		r->expired = NULL;
		routes_again(r);
	}
}

void events_wait(struct http_request *r, int64_t seen_seq, void (*expired)(struct http_request *r))
{
	if (store_seq(r->api->store) > seen_seq) {
		routes_again(r);
		return;
	}
	list_push(&r->api->events.waiting, &r->node);
	r->expired = expired;
	r->conn->deadline_ms = r->expires_ms;
	api_wake_at(r->api, r->expires_ms);
}

/* -- which changes -- */

/* Bits of the kinds called by a noun ("item") or a noun and an operation ("item.new"); 0 for an
 * unknown name. */
static uint64_t kinds_called(struct slice name)
{
	uint64_t kinds = 0;

	for (int kind = 0; kind < CHANGE_KINDS; kind++) {
		const char *noun = change_kind_noun((enum change_kind)kind);
		const char *op = change_kind_op((enum change_kind)kind);
		size_t len = strlen(noun);
		struct slice rest = {name.at + len + 1, name.len - len - 1};
		if (slice_is(name, noun) || (name.len > len && strncmp(name.at, noun, len) == 0 &&
						    name.at[len] == '.' && slice_is(rest, op)))
			kinds |= UINT64_C(1) << kind;
	}
	return kinds;
}

int events_parse_kinds(const struct params *params, uint64_t *ret_kinds, struct http_problem *p)
{
	const char *text = params_text(params, PARAM_KINDS);

	*ret_kinds = EVENTS_ALL;
	if (!text)
		return 0;
	int code = params_parse_list(
		text, kinds_called, "kinds", "there are no changes of the kind", ret_kinds, p);
	*ret_kinds |= UINT64_C(1) << CHANGE_RESET;
	return code;
}

bool events_can_resume(
	const struct api *api, const char *epoch, int64_t since, int64_t min_seq, int64_t seq)
{
	bool ours = epoch[0] == '\0' || strcmp(epoch, store_epoch(api->store)) == 0;

	return ours && since <= seq && since + 1 >= min_seq;
}

/* -- GET /events -- */

struct events_query {
	uint64_t kinds;
	bool resume, reset;
	char epoch[PARAM_EPOCH_BYTES];
	int64_t since; /* where the stream begins */
	int64_t seq;   /* newest, in the job's snapshot */
};

int events_parse(struct http_request *r)
{
	struct events_query *query = request_query(r, sizeof(*query));

	if (!query)
		return ERR_NOMEM;
	query->resume = r->last_event_id || (r->params.given & PARAM_BIT(PARAM_SINCE));
	query->since = params_number(&r->params, PARAM_SINCE, 0);
	memcpy(query->epoch, r->params.epoch, sizeof(query->epoch));
	/* What a browser sends again wins over the URL it once opened; nobody can mend it, so that
	 * a strange one means a reset. */
	if (r->last_event_id && params_parse_seq(r->last_event_id, query->epoch, &query->since) < 0)
		query->since = INT64_MAX - 1;
	return events_parse_kinds(&r->params, &query->kinds, &r->problem);
}

int events_run(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct events_query *query = r->query;

	(void)e;
	query->seq = store_tx_seq(tx);
	query->reset = query->resume && !events_can_resume(r->api, query->epoch, query->since,
						store_tx_min_seq(tx), query->seq);
	if (query->reset || !query->resume)
		query->since = query->seq;
	return 0;
}

/* The id of hello is where the stream begins, not the newest: a client that hears no more than this
 * resumes without loss. */
static void write_greeting(struct buf *out, const struct api *api, const struct events_query *query)
{
	const char *epoch = store_epoch(api->store);

	buf_printf(out, ": connected\nretry: %d\n\n", RETRY_MS);
	buf_printf(out,
		"id: %s-%" PRId64 "\nevent: hello\ndata: {\"epoch\":\"%s\",\"seq\":%" PRId64
		",\"version\":\"" TIDINGS_VERSION "\"}\n\n",
		epoch, query->since, epoch, query->seq);
	if (query->reset)
		write_reset(out, api, query->seq);
}

void events_reply(struct http_request *r)
{
	static const struct http_stream stream = {on_drained, on_quiet, on_closed};
	const struct events_query query = *(const struct events_query *)r->query;
	struct subscriber *s = r->api->stopping ? NULL : calloc(1, sizeof(*s));
	struct api *api = r->api;
	struct buf greeting;

	if (!s) {
		problem_from_err(&r->problem, ERR_BUSY, NULL);
		http_reply(r);
		return;
	}
	*s = (struct subscriber){
		.api = api, .kinds = query.kinds, .sent = query.since, .told = query.since};
	list_init(&s->turn);
	list_init(&s->node);
	buf_init(&greeting, GREETING_MAX);
	write_greeting(&greeting, api, &query);
	s->conn = http_stream_begin(r, &stream, s, &greeting);
	buf_finish(&greeting);
	if (!s->conn) {
		free(s);
		return;
	}
	list_push(&api->events.subscribers, &s->node);
	fill_ring(api);
	pump(s);
}
