/* The verdict on a transfer: libcurl's result as our codes and words. */
#include "fetch/verdict.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "limits.h"

#if LIBCURL_VERSION_NUM < 0x080600
/* What it said of a header line that is longer than its 100 KB. */
#define CURLE_TOO_LARGE CURLE_OUT_OF_MEMORY
#endif

bool verdict_is_document(int status)
{
	return status == 200 || status == 203;
}

/* libcurl's words without "SSL certificate problem: " and "error:0A00010B:SSL routines::". */
static const char *reason(const struct transfer *t)
{
	const char *routine = strstr(t->curl_text, "::");
	const char *colon = routine ? routine : strstr(t->curl_text, ": ");

	return colon ? colon + 2 : t->curl_text;
}

/* What a connection failed of; who was tried stands in between. */
static const struct {
	int number; /* errno; 0: any other */
	int code;
	const char *before, *after;
} connects[] = {
	{ECONNREFUSED, ERR_CONNECT, "connection to ", " refused"},
	{ENETDOWN, ERR_ROUTE, "there is no route to ", ""},
	{ENETUNREACH, ERR_ROUTE, "there is no route to ", ""},
	{EHOSTUNREACH, ERR_ROUTE, "there is no route to ", ""},
	{ETIMEDOUT, ERR_TIMEOUT, "", " did not answer"},
	{EMFILE, ERR_SHORT, "out of descriptors for ", ""},
	{ENFILE, ERR_SHORT, "out of descriptors for ", ""},
	{EADDRNOTAVAIL, ERR_SHORT, "no address or port of this machine is free for ", ""},
	{ENOBUFS, ERR_SHORT, "out of memory for a connection to ", ""},
	{ENOMEM, ERR_SHORT, "out of memory for a connection to ", ""},
	{0, ERR_CONNECT, "could not connect to ", ""},
};

static int say_connect(struct transfer *t)
{
	long number = t->os_error;
	char text[128]; /* only for numbers that the system has no text for */
	size_t i = 0;

	if (t->blocked.code) {
		t->error = t->blocked;
		return t->error.code;
	}
	if (!number)
		curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &number);
	/* IPv6 that is switched off has none */
	if (number == EADDRNOTAVAIL && t->hop.addresses.list[t->next - 1].any.sa_family == AF_INET6)
		number = ENETUNREACH;
	while (connects[i].number && connects[i].number != number)
		i++;
	if (!t->hop.proxied || connects[i].code == ERR_SHORT)
		return err_set(&t->error, connects[i].code, "%s%s%s", connects[i].before,
			t->hop.peer, connects[i].after);
	return err_set(&t->error, ERR_PROXY, "%s cannot be reached: %s", t->hop.peer,
		number ? strerror_r((int)number, text, sizeof text) : "it is not known why");
}

bool verdict_connected(const struct transfer *t)
{
	curl_off_t ready_us = 0;

	curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
	return ready_us > 0;
}

/* Whoever is behind a proxy is asked once that is connected to, now or by an earlier transfer. */
static bool is_proxy_silent(const struct transfer *t)
{
	curl_off_t connected_us = 0;

	curl_easy_getinfo(t->easy, CURLINFO_CONNECT_TIME_T, &connected_us);
	return t->hop.proxied && !connected_us && !verdict_connected(t);
}

/* A TCP connection was made; libcurl 7.88 has no time of that before TLS is through, too. */
static bool is_accepted(const struct transfer *t)
{
	long port = 0;

	curl_easy_getinfo(t->easy, CURLINFO_LOCAL_PORT, &port);
	return port > 0;
}

static int say_timeout(struct transfer *t)
{
	const struct fetch_options *o = t->hop.options;
	const char *host = verdict_connected(t) ? t->hop.host : t->hop.peer;
	bool slow =
		(int64_t)uv_now(t->pool->multi.loop) < t->hop.started_ms + o->total_timeout_ms - 1;

	if (is_proxy_silent(t))
		return err_set(&t->error, ERR_PROXY,
			"%s cannot be reached: it did not answer within %" PRId64 " s", host,
			(o->connect_timeout_ms + 999) / 1000);
	if (verdict_connected(t) && slow)
		return err_set(&t->error, ERR_TIMEOUT,
			"%s sent less than %d bytes/s for %" PRId64 " s", host, FETCH_LOW_SPEED,
			(o->low_speed_ms + 999) / 1000);
	if (t->head_done)
		return err_set(&t->error, ERR_TIMEOUT,
			"the document of %s was not complete within %" PRId64 " s", host,
			(o->total_timeout_ms + 999) / 1000);
	if (!verdict_connected(t))
		return err_set(&t->error, ERR_TIMEOUT,
			"%s could not be reached within %" PRId64 " s%s", host,
			(o->connect_timeout_ms + 999) / 1000,
			is_accepted(t) ? ": it took the connection and said nothing" : "");
	return err_set(&t->error, ERR_TIMEOUT, "%s did not answer within %" PRId64 " s", host,
		(o->total_timeout_ms + 999) / 1000);
}

int verdict_stop(struct err *e, int why, const char *host, size_t max_bytes)
{
	switch (why) {
	case ERR_TOO_BIG:
		return err_set(e, ERR_TOO_BIG, "the document is larger than %g MB",
			(double)max_bytes / (1024 * 1024));
	case ERR_INVALID:
		return err_set(e, ERR_PROTOCOL, "%s sent a head of more than %d KB", host,
			FETCH_HEAD_MAX / 1024);
	case ERR_PROTOCOL:
		return err_set(e, ERR_PROTOCOL, "the compressed answer of %s is damaged", host);
	case ERR_PARSE:
		return err_set(e, ERR_TOO_BIG,
			"the document unpacks to more than %d times its size", FETCH_RATIO_MAX);
	case ERR_NOT_FEED:
		return err_set(e, ERR_NOT_FEED, "the document is empty");
	case ERR_BUSY:
		return err_set(e, ERR_BUSY, "too many large documents at once");
	default:
		return err_set(e, why, NULL);
	}
}

/* What libcurl says, as ours: the text is `before` host `after`. */
static const struct {
	CURLcode result;
	int code;
	const char *before, *after; /* ending in ": ": libcurl's reason follows */
} failures[] = {
	{CURLE_PARTIAL_FILE, ERR_TRUNCATED, "the answer of ", " ended too early"},
	{CURLE_GOT_NOTHING, ERR_TRUNCATED, "", " closed the connection without an answer"},
	{CURLE_ABORTED_BY_CALLBACK, ERR_TRUNCATED, "", " closed the connection without an answer"},
	{CURLE_RECV_ERROR, ERR_TRUNCATED, "the connection to ", " was lost"},
	{CURLE_SEND_ERROR, ERR_TRUNCATED, "the connection to ", " was lost"},
	{CURLE_HTTP2, ERR_PROTOCOL, "HTTP/2 with ", " failed: "},
	{CURLE_HTTP2_STREAM, ERR_PROTOCOL, "HTTP/2 with ", " failed: "},
	{CURLE_WEIRD_SERVER_REPLY, ERR_PROTOCOL, "the answer of ", " was not understood: "},
	{CURLE_UNSUPPORTED_PROTOCOL, ERR_PROTOCOL, "the answer of ", " is not HTTP/1.0 or later"},
	{CURLE_BAD_CONTENT_ENCODING, ERR_PROTOCOL, "the compressed answer of ", " is damaged"},
	{CURLE_WRITE_ERROR, ERR_PROTOCOL, "the compressed answer of ", " is damaged"},
	{CURLE_PEER_FAILED_VERIFICATION, ERR_TLS, "certificate of ", " is not valid: "},
	{CURLE_SSL_CERTPROBLEM, ERR_TLS, "certificate of ", " is not valid: "},
	{CURLE_SSL_CONNECT_ERROR, ERR_TLS, "secure connection to ", " failed: "},
	{CURLE_SSL_CIPHER, ERR_TLS, "secure connection to ", " failed: "},
	{CURLE_SSL_CACERT_BADFILE, ERR_TLS, "secure connection to ", " failed: "},
	{CURLE_PROXY, ERR_PROXY, "the proxy cannot be used for ", ": "},
	{CURLE_URL_MALFORMAT, ERR_INVALID, "the URL at ", " is not valid"},
	{CURLE_OUT_OF_MEMORY, ERR_NOMEM, "out of memory for ", ""},
	/* it is told the addresses: it does not look up any */
	{CURLE_COULDNT_RESOLVE_HOST, ERR_NOMEM, "out of memory for ", ""},
	{CURLE_COULDNT_RESOLVE_PROXY, ERR_NOMEM, "out of memory for ", ""},
};

static int say_result(struct transfer *t, CURLcode result)
{
	for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
		const char *colon = strrchr(failures[i].after, ':');

		if (failures[i].result == result)
			return err_set(&t->error, failures[i].code, "%s%s%s%s", failures[i].before,
				t->hop.host, failures[i].after, colon ? reason(t) : "");
	}
	return err_set(&t->error, ERR_INTERNAL, "%s: %s", t->hop.host,
		t->curl_text[0] ? t->curl_text : curl_easy_strerror(result));
}

/* What the proxy answered: to the request itself, or when it was asked for a tunnel (libcurl's code
 * for that has changed), or in the words of SOCKS. What it says of itself is no fault of who is
 * behind it; 0: it said nothing. */
static int say_proxy(struct transfer *t, CURLcode result)
{
	long status = 0, socks = CURLPX_OK;

	curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &status);
	curl_easy_getinfo(t->easy, CURLINFO_PROXY_ERROR, &socks);
	/* through a tunnel it is somebody else who answers */
	if (!t->hop.socks &&
		(status == 407 || (t->status == 407 && strncmp(t->hop.url, "http:", 5) == 0))) {
		t->status = 0; /* nobody else has answered */
		return err_set(&t->error, ERR_PROXY,
			"%s cannot be used: it does not take the name and password (HTTP 407)",
			t->hop.peer);
	}
	if (status >= 300)
		return err_set(&t->error, ERR_CONNECT, "the proxy answered HTTP %ld for %s", status,
			t->hop.host);
	if (result == CURLE_PROXY && socks >= CURLPX_REPLY_ADDRESS_TYPE_NOT_SUPPORTED &&
		socks <= CURLPX_REPLY_UNASSIGNED)
		return err_set(&t->error, ERR_CONNECT, "the proxy did not reach %s: %s",
			t->hop.host, reason(t));
	return 0;
}

int verdict_judge(struct transfer *t, CURLcode result)
{
	if (t->stop)
		return verdict_stop(&t->error, t->stop, t->hop.host, t->hop.body->max);
	if (t->hop.proxied && say_proxy(t, result))
		return t->error.code;
	if (result == CURLE_OK || (t->head_done && t->status && !verdict_is_document(t->status)))
		return 0; /* of what is no document the head is enough */
	if (result == CURLE_COULDNT_CONNECT || t->blocked.code)
		return say_connect(t);
	if (result == CURLE_OPERATION_TIMEDOUT)
		return say_timeout(t);
	if (result == CURLE_TOO_LARGE && verdict_connected(t) && !t->head_done)
		return err_set(&t->error, ERR_PROTOCOL,
			"%s sent a head of lines that are too long or too many", t->hop.host);
	return say_result(t, result);
}
