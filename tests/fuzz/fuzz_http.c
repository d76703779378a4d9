/* The request parser and the router, without a socket: any bytes, in any portions, make requests,
 * problems or neither. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/core.h"
#include "api/request.h"
#include "api/routes.h"
#include "limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

/* A problem can always be told, in one line. */
static void tell(const struct http_request *r)
{
	struct buf out;

	must(problem_types[r->problem.kind].status >= 400);
	buf_init(&out, API_REPLY_MAX);
	problem_render(&r->problem, r->target, &out);
	must(buf_status(&out) == 0);
	must(strchr(out.data, '\n') == out.data + out.len - 1);
	buf_finish(&out);
}

static void route(struct http_request *r, enum api_right right)
{
	routes_find(r);
	int code = routes_prepare(r, right);

	must((code < 0) == (r->problem.kind != PROBLEM_NONE));
	if (r->route && r->route->members == BODY_LIST)
		return; /* fuzz_opml reads it */
	if (code == 0 && r->route && r->route->members == BODY_FORM) {
		request_parse_form(r);
		must(r->form.count <= FORM_PAIRS_MAX);
		code = routes_check_body(r);
	} else if (code == 0 && r->route && r->route->members) {
		request_parse_json(r);
		must((r->json == NULL) == (r->problem.kind != PROBLEM_NONE));
		code = routes_check_body(r);
	}
	/* What remains asks the daemon. */
	if (code == 0 && r->route && r->route->parse && r->route->parse != events_parse &&
		r->route->parse != route_status_parse)
		code = r->route->parse(r);
	must((code < 0) == (r->problem.kind != PROBLEM_NONE));
	if (code < 0)
		tell(r);
}

/* Returns false when nothing can follow. */
static bool feed(struct request_reader *reader, const char *data, size_t len, enum api_right right)
{
	while (len > 0) {
		size_t taken = 0;
		enum reader_event event = reader_feed(reader, data, len, &taken);
		must(taken <= len && reader->head_bytes <= API_HEAD_MAX);
		must(taken > 0 || event != READER_MORE);
		data += taken;
		len -= taken;
		if (event == READER_REQUEST || event == READER_ERROR) {
			struct http_request *r = reader_take(reader);
			must(r != NULL);
			if (event == READER_ERROR)
				tell(r);
			else
				route(r, right);
			request_destroy(r);
		}
		if (event == READER_ERROR)
			return false;
	}
	return true;
}

static void waiting(void *ctx, int64_t feed_id, struct api_waiting *ret_waiting)
{
	(void)ctx;
	(void)feed_id;
	*ret_waiting = (struct api_waiting){.what = API_WAIT_TIME};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct api api = {.callbacks = {.waiting = waiting}};
	struct request_reader reader;

	if (size < 1)
		return 0;
	/* The first byte chooses the portions and the peer's right. */
	size_t portion = data[0] & 0x3F ? (size_t)(data[0] & 0x3F) : size;
	enum api_right right = (enum api_right)((data[0] >> 6) % 3);
	const char *bytes = (const char *)data + 1;
	size_t left = size - 1;

	reader_init(&reader, &api);
	for (bool more = true; more && left > 0;) {
		size_t n = left < portion ? left : portion;
		more = feed(&reader, bytes, n, right);
		bytes += n;
		left -= n;
	}
	reader_finish(&reader);
	must(api.body_bytes == 0);
	return 0;
}
