/* Marking for clients of Google Reader: items by their ids, streams as a whole. */
#include <string.h>

#include "api/core.h"
#include "api/greader.h"
#include "base/times.h"
#include "store/folders.h"
#include "store/states.h"

struct mark_query {
	struct states states;
	struct label_set labels;
	struct stream stream; /* to be marked as a whole, unless `states` has ids */
	bool by_ids;
	bool begun; /* what is named is known by its id */
	int64_t ids[];
};

/* -- what is asked for -- */

/* As the native routes: with all of a story where the configuration says so, or where the client is
 * shown nothing else. */
static int read_wish(const struct http_request *r, bool stories)
{
	return stories || r->api->options.reports ? STATE_READ_STORY : STATE_READ;
}

static struct mark_query *begin(struct http_request *r, size_t ids)
{
	struct mark_query *q = request_query(r, sizeof(*q) + ids * sizeof(q->ids[0]));

	if (!q)
		return NULL;
	q->states.stories = q->states.by_items = r->stories;
	return q;
}

/* The first word on a state counts. */
static void wish(const struct http_request *r, struct states *s, const char *name, int sign)
{
	enum stream_kind kind = greader_stream(name).kind;
	bool read = (kind == STREAM_READ) == (sign > 0);

	if (kind == STREAM_STARRED && !s->starred)
		s->starred = sign;
	if ((kind == STREAM_READ || kind == STREAM_UNREAD) && !s->read)
		s->read = read ? read_wish(r, s->stories) : -1;
}

static void wish_all(const struct http_request *r, struct states *s, const char *param, int sign)
{
	const struct form_pair *at;

	for (at = form_pair(&r->form, param, NULL); at; at = form_pair(&r->form, param, at))
		wish(r, s, at->value, sign);
}

int greader_parse_edit_tag(struct http_request *r)
{
	struct mark_query *q = begin(r, (size_t)r->form.count);
	const struct form_pair *at;

	if (!q)
		return ERR_NOMEM;
	q->by_ids = true;
	q->states.ids = q->ids;
	wish_all(r, &q->states, "a", 1);
	wish_all(r, &q->states, "r", -1);
	for (at = form_pair(&r->form, "i", NULL); at; at = form_pair(&r->form, "i", at)) {
		int64_t id = greader_parse_id(at->value);
		if (id)
			q->ids[q->states.count++] = id;
	}
	return 0;
}

/* The end of the second, or of what is written, in ms; by how many digits it has. */
static int64_t read_time(const char *text)
{
	size_t digits = strlen(text);
	int64_t number;

	if (params_parse_int(text, 0, INT64_MAX, &number) < 0)
		return -1;
	return digits >= 19   ? number / 1000000
	       : digits >= 16 ? number / 1000
	       : digits >= 13 ? number
			      : number * 1000 + (number ? 999 : 0);
}

int greader_parse_mark_all(struct http_request *r)
{
	const char *stream = form_text(&r->form, "s"), *ts = form_text(&r->form, "ts");
	int64_t until_ms = ts && *ts ? read_time(ts) : 0;
	struct mark_query *q = begin(r, 0);

	if (!q)
		return ERR_NOMEM;
	if (!stream || !*stream)
		return problem_at(&r->problem, "parameter", "s", "s says which stream is meant");
	if (until_ms < 0)
		return problem_at(&r->problem, "parameter", "ts", "ts must be a time");
	q->stream = greader_stream(stream);
	q->states.read = read_wish(r, q->states.stories);
	q->states.filter.stories = q->states.stories;
	q->states.filter.received_before_ms = until_ms ? until_ms + 1 : 0;
	q->states.as_of = store_seq(r->api->store);
	return 0;
}

/* -- doing it -- */

static int name_label(
	struct store_tx *tx, struct label_set *labels, const char *name, bool add, struct err *e)
{
	int *count = add ? &labels->add_count : &labels->remove_count;
	int64_t *ids = add ? labels->add : labels->remove, id = 0;
	bool is_new;
	int code;

	if (*count == ITEM_LABELS_MAX)
		return err_set(e, ERR_INVALID, "at most %d labels at once", ITEM_LABELS_MAX);
	if (strlen(name) > LABEL_NAME_MAX)
		return err_set(e, ERR_INVALID, "a label may have %d bytes", LABEL_NAME_MAX);
	code = add ? labels_obtain(tx, name, times_now_ms(), &id, &is_new, e)
		   : labels_find(tx, name, &id, e);
	if (id)
		ids[(*count)++] = id;
	return code;
}

static int name_labels(
	struct store_tx *tx, struct http_request *r, const char *param, struct err *e)
{
	struct mark_query *q = r->query;
	const struct form_pair *at;
	int code = 0;

	for (at = form_pair(&r->form, param, NULL); at && code == 0;
		at = form_pair(&r->form, param, at)) {
		struct stream stream = greader_stream(at->value);
		bool add = *param == 'a';
		if (stream.kind != STREAM_LABEL ||
			(add && strcmp(stream.name, GREADER_UNFILED) == 0))
			continue;
		code = name_label(tx, &q->labels, stream.name, add, e);
		q->states.labels = &q->labels;
	}
	return code;
}

/* Without items, a label to be added is a folder to be made: Readrops does so. */
static int make_folders(struct store_tx *tx, struct http_request *r, struct err *e)
{
	const struct form_pair *at;
	int code = 0, count = 0;

	for (at = form_pair(&r->form, "a", NULL); at && code == 0;
		at = form_pair(&r->form, "a", at)) {
		struct stream stream = greader_stream(at->value);
		int64_t id;
		if (stream.kind != STREAM_LABEL || strcmp(stream.name, GREADER_UNFILED) == 0)
			continue;
		if (count++ == ITEM_LABELS_MAX)
			return err_set(
				e, ERR_INVALID, "at most %d folders at once", ITEM_LABELS_MAX);
		if (strlen(stream.name) > API_NAME_MAX)
			return err_set(e, ERR_INVALID, "a folder may have %d bytes", API_NAME_MAX);
		code = folders_add(tx, stream.name, times_now_ms(), &id, e);
		code = code == ERR_EXISTS ? 0 : code;
	}
	return code;
}

static int name_stream(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct mark_query *q = r->query;
	struct stream_ids ids;
	int code = greader_resolve(tx, &q->stream, &r->arena, &ids, e);

	if (code == 0 && !greader_narrow(&q->states.filter, &q->stream, &ids))
		code = err_set(e, ERR_NOT_FOUND, "there is no such stream");
	if (q->states.stories && !q->states.filter.read)
		q->states.filter.read = -1; /* the others need not be looked at */
	return code;
}

static int begin_marking(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct mark_query *q = r->query;
	int code;

	q->begun = true;
	q->states.now_ms = times_now_ms();
	if (!q->by_ids)
		return name_stream(tx, r, e);
	if (!form_text(&r->form, "i"))
		return make_folders(tx, r, e);
	code = name_labels(tx, r, "a", e);
	return code < 0 ? code : name_labels(tx, r, "r", e);
}

int greader_run_mark(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct mark_query *q = r->query;
	int code = q->begun ? 0 : begin_marking(tx, r, e);

	if (code == 0)
		code = states_step(tx, &q->states, STATES_STEP_MS, e);
	r->more = code == 0 && !q->states.ended;
	return code;
}
