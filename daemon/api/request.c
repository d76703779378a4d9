/* Requests, and llhttp's callbacks that fill them. */
#include "api/request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/body.h"
#include "api/core.h"
#include "limits.h"

enum { FIELDS_MAX = 4096 };

/* What is kept of a request's fields. */
static const struct request_field {
	const char *name;
	size_t max;    /* bytes: the rest is cut off */
	size_t offset; /* of the text in struct http_request; 0: Expect, which has none */
	bool once;     /* RFC 9112, 3.2; what decides who is let in must not be taken otherwise by
			  others on the way */
} fields[] = {
	{"expect", 0, 0, false},
	{"last-event-id", 64, offsetof(struct http_request, last_event_id), false},
	{"if-none-match", 1000, offsetof(struct http_request, if_none_match), false},
	{"host", ACCESS_FIELD_MAX, offsetof(struct http_request, host), true},
	{"origin", ACCESS_FIELD_MAX, offsetof(struct http_request, origin), true},
	{"authorization", ACCESS_FIELD_MAX, offsetof(struct http_request, authorization), true},
	{"x-auth-token", ACCESS_FIELD_MAX, offsetof(struct http_request, auth_key), true},
};

struct http_request *request_create(struct api *api)
{
	struct http_request *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->api = api;
	r->status = 200;
	list_init(&r->node);
	arena_init(&r->arena, API_REPLY_MAX); /* rows on their way into the answer, too */
	buf_init(&r->body, API_BODY_MAX);
	buf_init(&r->fields, FIELDS_MAX);
	buf_init(&r->out, API_REPLY_MAX);
	return r;
}

void *request_query(struct http_request *r, size_t size)
{
	r->query = arena_alloc(&r->arena, size);
	if (!r->query)
		problem_set(&r->problem, PROBLEM_BUSY, "out of memory");
	return r->query;
}

const char *request_host(const struct http_request *r)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.-:[]";

	if (!r->host || !*r->host || r->host[strspn(r->host, letters)] != '\0')
		return "localhost";
	return r->host;
}

void request_drop_body(struct http_request *r)
{
	r->api->body_bytes -= r->body.len;
	r->api->tcp_bytes -= r->stranger ? r->body.len : 0;
	buf_finish(&r->body);
}

void request_destroy(struct http_request *r)
{
	if (!r)
		return;
	list_remove(&r->node);
	request_drop_body(r);
	body_free(r->json);
	buf_finish(&r->fields);
	buf_finish(&r->out);
	arena_finish(&r->arena);
	free(r);
}

void request_parse_json(struct http_request *r)
{
	bool empty = r->body.len == 0;

	r->json = body_parse(empty ? "{}" : r->body.data, empty ? 2 : r->body.len, &r->problem);
}

void request_parse_form(struct http_request *r)
{
	struct slice path, query;

	http_split_target(r->target, &path, &query);
	int code = form_read(&r->form, query, &r->arena);
	if (code == 0)
		code = form_read_body(
			&r->form, (struct slice){r->body.data, r->body.len}, &r->arena);
	if (code == ERR_TOO_BIG)
		problem_set(&r->problem, PROBLEM_PARAMETER, "at most %d parameters are taken",
			FORM_PAIRS_MAX);
	else if (code == ERR_INVALID)
		problem_set(&r->problem, PROBLEM_PARAMETER,
			"the parameters are not UTF-8, or have control characters in them");
	else if (code < 0)
		problem_from_err(&r->problem, code, NULL);
}

static struct request_reader *reader_of(llhttp_t *parser)
{
	return container_of(parser, struct request_reader, parser);
}

static int on_message_begin(llhttp_t *parser)
{
	struct request_reader *reader = reader_of(parser);

	reader->request = request_create(reader->api);
	if (!reader->request)
		return -1;
	reader->request->stranger = reader->stranger;
	return 0;
}

static int collect(llhttp_t *parser, const char *at, size_t len)
{
	struct request_reader *reader = reader_of(parser);

	if (!reader->head_done) /* else these are trailers, which mean nothing to us */
		buf_append(&reader->text, at, len);
	return buf_status(&reader->text) == 0 ? 0 : -1;
}

static int on_url_complete(llhttp_t *parser)
{
	struct request_reader *reader = reader_of(parser);
	struct http_request *r = reader->request;

	r->target = arena_strdup(&r->arena, buf_string(&reader->text));
	buf_reset(&reader->text);
	return r->target ? 0 : -1;
}

static int on_header_field_complete(llhttp_t *parser)
{
	struct request_reader *reader = reader_of(parser);
	const char *name = buf_string(&reader->text);

	reader->field = NULL;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]) && !reader->field; i++) {
		if (strcasecmp(name, fields[i].name) == 0)
			reader->field = &fields[i];
	}
	buf_reset(&reader->text);
	return 0;
}

static int on_header_value(llhttp_t *parser, const char *at, size_t len)
{
	return reader_of(parser)->field ? collect(parser, at, len) : 0;
}

static int keep_field(struct http_request *r, const struct request_field *field, const char *value)
{
	char **slot = (char **)(void *)((char *)r + field->offset);

	if (*slot && field->once) {
		problem_set(&r->problem, PROBLEM_MALFORMED, "the field %s came twice", field->name);
		return -1;
	}
	*slot = arena_strndup(&r->arena, value, strnlen(value, field->max));
	return *slot ? 0 : -1;
}

static int on_header_value_complete(llhttp_t *parser)
{
	struct request_reader *reader = reader_of(parser);
	struct http_request *r = reader->request;
	const char *value = buf_string(&reader->text);
	int code = 0;

	if (reader->field && reader->field->offset) {
		code = keep_field(r, reader->field, value);
	} else if (reader->field) {
		reader->expects = true;
		if (strcasecmp(value, "100-continue") != 0)
			problem_set(&r->problem, PROBLEM_EXPECTATION,
				"only 100-continue can be expected");
	}
	buf_reset(&reader->text);
	return code;
}

static int refuse_body(struct http_request *r)
{
	problem_set(&r->problem, PROBLEM_BODY_SIZE, "a body may have %zu bytes", r->body.max);
	return -1;
}

/* Of a whole body or of a chunk: what is announced too large needn't be waited for. */
static int on_chunk_header(llhttp_t *parser)
{
	struct http_request *r = reader_of(parser)->request;

	return parser->content_length <= r->body.max ? 0 : refuse_body(r);
}

/* What its path ends with, since the faces may stand under another. */
static bool brings_list(const char *target)
{
	static const char *const ends[] = {"/api/v1/opml", "/v1/import", "/subscription/import"};
	struct slice path, query;

	http_split_target(target, &path, &query);
	while (path.len > 0 && path.at[path.len - 1] == '/')
		path.len--;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t len = strlen(ends[i]);
		if (path.len >= len && memcmp(path.at + path.len - len, ends[i], len) == 0)
			return true;
	}
	return false;
}

static int on_headers_complete(llhttp_t *parser)
{
	struct request_reader *reader = reader_of(parser);
	struct http_request *r = reader->request;

	reader->head_done = true;
	parser->upgrade = 0; /* a server may ignore offers to upgrade (RFC 9110, 7.8) */
	r->head = parser->method == HTTP_HEAD;
	r->method = r->head ? HTTP_GET : (enum llhttp_method)parser->method;
	if (brings_list(r->target))
		r->body.max = OPML_BYTES_MAX;
	if (parser->content_length > r->body.max)
		return refuse_body(r);
	if (r->problem.kind != PROBLEM_NONE)
		return -1;
	bool body = parser->content_length > 0 || (parser->flags & F_CHUNKED) != 0;
	return reader->expects && body && parser->http_minor > 0 ? HPE_PAUSED : 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t len)
{
	struct request_reader *reader = reader_of(parser);
	struct http_request *r = reader->request;

	if (reader->discard)
		return 0;
	if (reader->api->body_bytes + len > API_BODIES_MAX ||
		(r->stranger && reader->api->tcp_bytes + len > API_BODIES_TCP_MAX)) {
		problem_set(&r->problem, PROBLEM_BUSY, "too many large requests at once");
		return -1;
	}
	size_t before = r->body.len;
	buf_append(&r->body, at, len);
	reader->api->body_bytes += r->body.len - before;
	reader->api->tcp_bytes += r->stranger ? r->body.len - before : 0;
	if (buf_status(&r->body) == ERR_TOO_BIG)
		return refuse_body(r);
	return buf_status(&r->body) == 0 ? 0 : -1;
}

static int on_message_complete(llhttp_t *parser)
{
	struct request_reader *reader = reader_of(parser);

	reader->complete = true;
	reader->request->keep_alive = llhttp_should_keep_alive(parser) != 0;
	return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
	.on_message_begin = on_message_begin,
	.on_url = collect,
	.on_url_complete = on_url_complete,
	.on_header_field = collect,
	.on_header_field_complete = on_header_field_complete,
	.on_header_value = on_header_value,
	.on_header_value_complete = on_header_value_complete,
	.on_headers_complete = on_headers_complete,
	.on_chunk_header = on_chunk_header,
	.on_body = on_body,
	.on_message_complete = on_message_complete,
};

void reader_init(struct request_reader *reader, struct api *api)
{
	*reader = (struct request_reader){.api = api};
	buf_init(&reader->text, API_HEAD_MAX);
	llhttp_init(&reader->parser, HTTP_REQUEST, &settings);
}

void reader_finish(struct request_reader *reader)
{
	request_destroy(reader->request);
	reader->request = NULL;
	buf_finish(&reader->text);
}

bool reader_is_idle(const struct request_reader *reader)
{
	return reader->head_bytes == 0;
}

enum reader_event reader_fail(
	struct request_reader *reader, enum problem_kind kind, const char *detail)
{
	if (!reader->request)
		reader->request = request_create(reader->api);
	if (reader->request)
		problem_set(&reader->request->problem, kind, "%s", detail);
	return READER_ERROR;
}

static enum reader_event refuse(struct request_reader *reader, llhttp_errno_t code)
{
	const char *reason = llhttp_get_error_reason(&reader->parser);

	switch ((int)code) {
	case HPE_INVALID_METHOD:
		return reader_fail(reader, PROBLEM_METHOD, "no resource knows this method");
	case HPE_INVALID_VERSION:
	case HPE_PAUSED_H2_UPGRADE:
		return reader_fail(
			reader, PROBLEM_HTTP_VERSION, "only HTTP/1.1 and 1.0 are spoken here");
	case HPE_USER:
	case HPE_CB_MESSAGE_BEGIN:
	case HPE_CB_URL_COMPLETE:
	case HPE_CB_HEADER_VALUE_COMPLETE:
	case HPE_CB_HEADERS_COMPLETE:
	case HPE_CB_CHUNK_HEADER:
		return reader_fail(
			reader, PROBLEM_BUSY, "out of memory"); /* unless the callback said more */
	default:
		return reader_fail(
			reader, PROBLEM_MALFORMED, reason && reason[0] ? reason : "not HTTP");
	}
}

enum reader_event reader_feed(
	struct request_reader *reader, const char *data, size_t len, size_t *ret_taken)
{
	bool in_head = !reader->head_done;
	size_t room = in_head ? API_HEAD_MAX - reader->head_bytes : len;
	size_t n = len < room ? len : room;

	*ret_taken = n;
	if (n == 0 && len > 0)
		return reader_fail(
			reader, PROBLEM_HEAD_SIZE, "line and fields of the request are too large");
	llhttp_errno_t code = llhttp_execute(&reader->parser, data, n);
	if (code != HPE_OK)
		*ret_taken = (size_t)(llhttp_get_error_pos(&reader->parser) - data);
	if (in_head)
		reader->head_bytes += *ret_taken;
	if (code == HPE_OK)
		return READER_MORE;
	if (code != HPE_PAUSED)
		return refuse(reader, code);
	llhttp_resume(&reader->parser);
	return reader->complete ? READER_REQUEST : READER_CONTINUE;
}

struct http_request *reader_take(struct request_reader *reader)
{
	struct http_request *r = reader->request;

	reader->request = NULL;
	reader->head_bytes = 0;
	reader->head_done = reader->complete = reader->expects = false;
	buf_finish(&reader->text);
	return r;
}
