/* What the answers of all nouns have in common. */
#include <stdlib.h>

#include "api/core.h"
#include "api/routes.h"
#include "base/times.h"
#include "store/items.h"

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

/* The request's own word counts, else the configuration's. */
int state_parse(struct http_request *r)
{
	int reports = body_state(r->json, MEMBER_REPORTS);
	int *read = request_query(r, sizeof(*read));

	if (!read)
		return ERR_NOMEM;
	*read = body_state(r->json, MEMBER_READ);
	if (*read > 0 && (reports ? reports > 0 : r->api->options.reports))
		*read = STATE_READ_STORY;
	return 0;
}

static int set_states(struct store_tx *tx, struct http_request *r, const int64_t *ids, int count,
	set_state_fn *set_state, int *ret_changed, struct err *e)
{
	return set_state(tx, ids, count, *(const int *)r->query,
		body_state(r->json, MEMBER_STARRED), times_now_ms(), ret_changed, e);
}

int state_change(
	struct store_tx *tx, struct http_request *r, set_state_fn *set_state, struct err *e)
{
	int changed;

	return set_states(tx, r, &r->id, 1, set_state, &changed, e);
}

int state_change_batch(
	struct store_tx *tx, struct http_request *r, set_state_fn *set_state, struct err *e)
{
	int count, changed = 0;
	int64_t *ids = body_ids(r->json, MEMBER_IDS, &count);
	struct json j;

	if (!ids)
		return err_set(e, ERR_NOMEM, NULL);
	int code = set_states(tx, r, ids, count, set_state, &changed, e);
	free(ids);
	answer_begin(r, &j);
	json_put_int(&j, "changed", changed);
	json_put_int(&j, "seq", store_tx_seq(tx));
	answer_end(&j);
	return code;
}
