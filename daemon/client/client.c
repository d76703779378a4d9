/* The handle of libtidings: where the socket is, requests and their answers, and errors in words.
 */
#include "client/client.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BUSY_MS = 10000, BUSY_PAUSE_MS = 50 };

const char *tidings_version(void)
{
	return TIDINGS_VERSION;
}

int bytes_add(struct bytes *b, const char *data, size_t len)
{
	if (len > b->max || b->len > b->max - len)
		return TIDINGS_ERR_TOO_BIG;
	if (b->len + len + 1 > b->cap) {
		size_t cap = b->cap ? b->cap : 4096;
		while (cap < b->len + len + 1)
			cap *= 2;
		char *grown = realloc(b->data, cap);
		if (!grown)
			return TIDINGS_ERR_NOMEM;
		b->data = grown;
		b->cap = cap;
	}
	memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
	return 0;
}

/* -- errors -- */

int client_fail(struct tidings *t, int code)
{
	static const char *const words[] = {
		[-TIDINGS_ERR_NOMEM] = "out of memory",
		[-TIDINGS_ERR_ARGUMENT] = "not a valid request",
		[-TIDINGS_ERR_NO_DAEMON] = "no daemon there",
		[-TIDINGS_ERR_DENIED] = "you may not use this socket",
		[-TIDINGS_ERR_TIMEOUT] = "the daemon did not answer in time",
		[-TIDINGS_ERR_CLOSED] = "the daemon closed the connection",
		[-TIDINGS_ERR_PROTOCOL] = "what answers there is not a tidingsd",
		[-TIDINGS_ERR_TOO_BIG] = "the answer is larger than this client takes",
		[-TIDINGS_ERR_HTTP] = "the daemon refused",
	};
	t->error = (struct tidings_error){.code = code};
	snprintf(t->error.text, sizeof(t->error.text), "%s: %s",
		*t->path ? t->path : "the path of the socket is too long", words[-code]);
	return code;
}

/* libcurl 7.88 takes the EAGAIN of a Unix socket whose queue is full for "under way" and then finds
 * no error: 0. */
static int connect_errno(CURL *easy)
{
	long number = 0;
	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
	return number ? (int)number : EAGAIN;
}

static int fail_connect(struct tidings *t, CURL *easy)
{
	int number = connect_errno(easy);
	int code = TIDINGS_ERR_NO_DAEMON;
	if (number == EACCES || number == EPERM)
		code = TIDINGS_ERR_DENIED;
	else if (number == EAGAIN || number == ETIMEDOUT)
		code = TIDINGS_ERR_TIMEOUT;
	client_fail(t, code);
	t->error.system_errno = number;
	return code;
}

static int fail_http(struct tidings *t, long status, const struct bytes *body)
{
	json_t *problem = body->len ? json_loadb(body->data, body->len, 0, NULL) : NULL;
	const char *detail = json_string_value(json_object_get(problem, "detail"));
	const char *title = json_string_value(json_object_get(problem, "title"));
	const char *key = json_string_value(json_object_get(problem, "code"));
	t->error = (struct tidings_error){.code = TIDINGS_ERR_HTTP, .status = (int)status};
	if (detail || title)
		snprintf(t->error.text, sizeof(t->error.text), "%s", detail ? detail : title);
	else
		snprintf(t->error.text, sizeof(t->error.text),
			"the daemon answered with HTTP status %ld", status);
	snprintf(t->error.problem, sizeof(t->error.problem), "%s", key ? key : "");
	json_decref(problem);
	return TIDINGS_ERR_HTTP;
}

int client_check(
	struct tidings *t, CURL *easy, CURLcode rc, int broken_off, const struct bytes *body)
{
	static const struct {
		CURLcode rc;
		int code;
	} codes[] = {
		{CURLE_OPERATION_TIMEDOUT, TIDINGS_ERR_TIMEOUT},
		{CURLE_GOT_NOTHING, TIDINGS_ERR_CLOSED},
		{CURLE_RECV_ERROR, TIDINGS_ERR_CLOSED},
		{CURLE_SEND_ERROR, TIDINGS_ERR_CLOSED},
		{CURLE_PARTIAL_FILE, TIDINGS_ERR_CLOSED},
		{CURLE_OUT_OF_MEMORY, TIDINGS_ERR_NOMEM},
		{CURLE_URL_MALFORMAT, TIDINGS_ERR_ARGUMENT},
	};
	long status = 0;
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	if (broken_off)
		return client_fail(t, broken_off);
	if (rc == CURLE_COULDNT_CONNECT)
		return fail_connect(t, easy);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].rc == rc)
			return client_fail(t, codes[i].code);
	if (rc != CURLE_OK)
		return client_fail(t, TIDINGS_ERR_PROTOCOL);
	return status >= 400 ? fail_http(t, status, body) : 0;
}

const struct tidings_error *tidings_last_error(const struct tidings *t)
{
	return &t->error;
}

/* -- handle -- */

int tidings_socket_path(const char *named, char *buffer, size_t size)
{
	const char *environment = getenv("TIDINGS_SOCKET"), *runtime = getenv("XDG_RUNTIME_DIR");
	char user[CLIENT_PATH_BYTES] = "";
	int len = 0;
	if (runtime && runtime[0] == '/')
		len = snprintf(user, sizeof(user), "%s/tidings/tidings.sock", runtime);
	const char *path = "/run/tidings/tidings.sock";
	if (named && *named)
		path = named;
	else if (environment && *environment)
		path = environment;
	/* One that we may not look at counts: connecting tells why. */
	else if (len > 0 && len < CLIENT_PATH_BYTES && (access(user, F_OK) == 0 || errno == EACCES))
		path = user;
	len = snprintf(buffer, size, "%s", path);
	return (size_t)len < size && len < CLIENT_PATH_BYTES ? 0 : TIDINGS_ERR_ARGUMENT;
}

struct tidings *tidings_open(const char *socket_path)
{
	struct tidings *t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->timeout_ms = CLIENT_TIMEOUT_MS;
	t->answer.max = CLIENT_ANSWER_MAX;
	if (tidings_socket_path(socket_path, t->path, sizeof(t->path)) < 0)
		t->path[0] = '\0'; /* told by the first request */
	t->easy = curl_easy_init();
	if (t->easy)
		return t;
	tidings_close(t);
	return NULL;
}

void tidings_close(struct tidings *t)
{
	if (!t)
		return;
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->body_headers);
	free(t->answer.data);
	free(t);
}

const char *tidings_socket(const struct tidings *t)
{
	return t->path;
}

void tidings_set_timeout(struct tidings *t, int timeout_ms)
{
	t->timeout_ms = timeout_ms;
}

/* -- requests -- */

int client_prepare(struct tidings *t, CURL *easy, const char *url)
{
	const char *credentials = getenv("TIDINGS_CREDENTIALS");

	if (!*t->path || url[0] != '/' || strlen(url) >= CLIENT_URL_BYTES)
		return client_fail(t, TIDINGS_ERR_ARGUMENT);
	curl_easy_reset(easy);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	if (curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, t->path) == CURLE_OK &&
		/* The host's name says nothing on a Unix socket, but HTTP/1.1 wants one. Of a URL
		 * libcurl drops the query when there is no memory for it. */
		curl_easy_setopt(easy, CURLOPT_URL, "http://localhost/") == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, url) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_USERAGENT, "libtidings/" TIDINGS_VERSION) ==
			CURLE_OK &&
		/* NULL: none */
		curl_easy_setopt(easy, CURLOPT_USERPWD, credentials) == CURLE_OK)
		return 0;
	return client_fail(t, TIDINGS_ERR_NOMEM);
}

static size_t take_answer(char *data, size_t size, size_t count, void *ctx)
{
	struct tidings *t = ctx;
	t->answer_rc = bytes_add(&t->answer, data, size * count);
	return t->answer_rc ? 0 : size * count;
}

static int set_body(struct tidings *t, const char *type, const void *body, size_t length)
{
	char header[128];
	snprintf(header, sizeof(header), "Content-Type: %s", type);
	curl_slist_free_all(t->body_headers);
	t->body_headers = curl_slist_append(NULL, header);
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->body_headers);
	curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
	curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, body ? body : "");
	return t->body_headers ? 0 : client_fail(t, TIDINGS_ERR_NOMEM);
}

static int set_method(
	struct tidings *t, const char *method, const char *type, const void *body, size_t length)
{
	if (strcmp(method, "GET") == 0)
		return 0;
	if (strcmp(method, "HEAD") == 0) {
		curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L);
		return 0;
	}
	if (curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, method) != CURLE_OK)
		return client_fail(t, TIDINGS_ERR_NOMEM); /* it would be a POST */
	return set_body(t, type, body, length);
}

int tidings_request(struct tidings *t, const char *method, const char *path, const char *json)
{
	return tidings_send(t, method, path, "application/json", json, json ? strlen(json) : 0);
}

int tidings_send(struct tidings *t, const char *method, const char *path, const char *type,
	const void *body, size_t length)
{
	const struct timespec pause = {.tv_nsec = BUSY_PAUSE_MS * 1000000L};
	t->error = (struct tidings_error){0};
	t->answer.len = 0;
	t->answer_rc = 0;
	int code = client_prepare(t, t->easy, path);
	if (code == 0)
		code = set_method(t, method, type, body, length);
	if (code < 0)
		return code;
	curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)t->timeout_ms);
	curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	CURLcode rc = curl_easy_perform(t->easy);
	/* A Unix socket whose queue is full refuses with EAGAIN: a moment later there is room. */
	int patience_ms = t->timeout_ms > 0 && t->timeout_ms < BUSY_MS ? t->timeout_ms : BUSY_MS;
	for (; patience_ms > 0 && rc == CURLE_COULDNT_CONNECT && connect_errno(t->easy) == EAGAIN;
		patience_ms -= BUSY_PAUSE_MS) {
		nanosleep(&pause, NULL);
		rc = curl_easy_perform(t->easy);
	}
	long status = 0;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	code = client_check(t, t->easy, rc, t->answer_rc, &t->answer);
	return code < 0 ? code : (int)status;
}

const char *tidings_answer(const struct tidings *t, size_t *ret_length)
{
	if (ret_length)
		*ret_length = t->answer.len;
	return t->answer.len ? t->answer.data : "";
}
