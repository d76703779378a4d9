/* What the answers of all nouns have in common. */
#include <string.h>

#include "api/conn.h"
#include "api/core.h"
#include "api/events.h"
#include "api/routes.h"
#include "base/hash.h"
#include "base/times.h"
#include "store/states.h"

void answer_begin(struct http_request *r, struct json *ret_j)
{
	json_init(ret_j, &r->out);
	json_put_object(ret_j, NULL);
}

void answer_end(struct json *j)
{
	json_end(j);
	buf_putc(j->out, '\n');
}

void answer_if_new(struct http_request *r)
{
	char hash[HASH128_TEXT_BYTES];

	hash128_text(r->out.data, r->out.len, hash);
	buf_printf(&r->fields, "ETag: \"%s\"\r\n", hash);
	if (r->if_none_match && strstr(r->if_none_match, hash)) {
		r->status = 304;
		buf_reset(&r->out);
	}
}

void list_begin(struct http_request *r, struct json *ret_j, const char *noun)
{
	answer_begin(r, ret_j);
	json_put_array(ret_j, noun);
}

void list_end(struct http_request *r, struct json *j, struct store_tx *tx, const char *next)
{
	json_end(j);
	json_put_string(j, "next", next);
	json_put_int(j, "seq", store_tx_seq(tx));
	json_put_string(j, "epoch", store_epoch(r->api->store));
	answer_end(j);
}

int label_asked(struct store_tx *tx, struct http_request *r, int64_t *ret_id, struct err *e)
{
	const char *name = params_text(&r->params, PARAM_LABEL);
	int code = name ? labels_find(tx, name, ret_id, e) : 0;

	if (name && *ret_id == 0)
		*ret_id = -1;
	return code;
}

int name_exists(struct http_request *r, int64_t existing, const char *noun)
{
	r->problem.existing = existing;
	return problem_set(&r->problem, PROBLEM_NAME_EXISTS, "the %s %lld has this name already",
		noun, (long long)existing);
}

/* -- states -- */

struct state_query {
	struct states states;
	struct label_set labels;
	bool begun; /* what is named is known by its id */
	int64_t ids[];
};

/* The request's own word counts, else the configuration's. */
static int read_state(const struct http_request *r)
{
	int reports = body_state(r->json, MEMBER_REPORTS);
	int read = body_state(r->json, MEMBER_READ);

	if (read > 0 && (reports ? reports > 0 : r->api->options.reports))
		return STATE_READ_STORY;
	return read;
}

static int parse_filter(struct http_request *r, struct states *s)
{
	const struct json_t *filter = body_object(r->json, MEMBER_FILTER);

	if (!filter == !body_has(r->json, MEMBER_IDS))
		return problem_at(
			&r->problem, "member", "ids", "either ids or a filter says of what");
	s->as_of = body_number(r->json, MEMBER_AS_OF);
	if (!filter)
		return s->as_of == 0 ? 0
				     : problem_at(&r->problem, "member", "as_of",
					       "as_of goes with a filter");
	s->ids = NULL;
	s->filter = (struct item_filter){
		.feed = body_number(filter, MEMBER_FEED),
		.folder = body_number(filter, MEMBER_IN_FOLDER),
		.read = body_state(filter, MEMBER_READ),
		.starred = body_state(filter, MEMBER_STARRED),
		.received_before_ms = body_time(filter, MEMBER_RECEIVED_BEFORE),
	};
	return 0;
}

int state_parse(struct http_request *r)
{
	bool batch = (r->route->members & MEMBER_BIT(MEMBER_SET)) != 0;
	size_t count = batch ? body_count(r->json, MEMBER_IDS) : 1;
	struct state_query *q = request_query(r, sizeof(*q) + count * sizeof(q->ids[0]));

	if (!q)
		return ERR_NOMEM;
	q->states = (struct states){.ids = q->ids,
		.count = (int)count,
		.read = read_state(r),
		.starred = body_state(r->json, MEMBER_STARRED)};
	if (batch)
		body_copy_ids(r->json, MEMBER_IDS, q->ids, count);
	else
		q->ids[0] = r->id;
	return batch ? parse_filter(r, &q->states) : 0;
}

static int name_labels(
	struct store_tx *tx, const struct http_request *r, struct state_query *q, struct err *e)
{
	const struct json_t *set = body_object(r->json, MEMBER_SET);
	const struct json_t *turn = body_object(set ? set : r->json, MEMBER_LABELS);
	struct label_set *labels = &q->labels;
	int64_t id;
	bool is_new;
	int code = 0;

	for (size_t n = 0; n < body_count(turn, MEMBER_ADD) && code == 0; n++)
		code = labels_obtain(tx, body_label(turn, MEMBER_ADD, n), q->states.now_ms,
			&labels->add[labels->add_count++], &is_new, e);
	for (size_t n = 0; n < body_count(turn, MEMBER_REMOVE) && code == 0; n++) {
		code = labels_find(tx, body_label(turn, MEMBER_REMOVE, n), &id, e);
		if (id)
			labels->remove[labels->remove_count++] = id;
	}
	if (turn)
		q->states.labels = labels;
	return code;
}

/* What is not there is the label -1, which nothing has. */
static int name_filter(struct store_tx *tx, struct http_request *r, struct states *s, struct err *e)
{
	const struct json_t *filter = body_object(r->json, MEMBER_FILTER);
	const char *name = body_string(filter, MEMBER_LABEL);
	int code = name ? labels_find(tx, name, &s->filter.label, e) : 0;

	if (name && s->filter.label == 0)
		s->filter.label = -1;
	if (s->as_of &&
		!events_can_resume(r->api, "", s->as_of, store_tx_min_seq(tx), store_tx_seq(tx)))
		return problem_set(&r->problem, PROBLEM_SEQ_TOO_OLD,
			"what had come by this number cannot be told: read everything anew");
	return code;
}

int state_change(struct store_tx *tx, struct http_request *r, bool stories, struct err *e)
{
	struct state_query *q = r->query;
	int code = 0;

	if (!q->begun) {
		q->states.stories = stories;
		q->states.now_ms = times_now_ms();
		code = name_labels(tx, r, q, e);
		if (code == 0)
			code = name_filter(tx, r, &q->states, e);
		q->begun = true;
	}
	return code < 0 ? code : states_step(tx, &q->states, STATES_STEP_MS, e);
}

int state_change_batch(struct store_tx *tx, struct http_request *r, bool stories, struct err *e)
{
	const struct state_query *q = r->query;
	struct json j;
	int code = state_change(tx, r, stories, e);

	r->more = code == 0 && !q->states.ended;
	if (code < 0 || r->more)
		return code;
	answer_begin(r, &j);
	json_put_int(&j, "changed", q->states.changed);
	json_put_int(&j, "seq", store_tx_seq(tx));
	json_put_int(&j, "stories", q->states.turned);
	answer_end(&j);
	return 0;
}
