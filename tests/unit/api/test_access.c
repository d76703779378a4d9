/* Who comes by TCP: what is shown, how long who guesses must wait, and where a request may go and
 * come from. */
#include "unit/api/fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>

#include "api/access.h"
#include "api/admit.h"
#include "api/listener.h"

/* -- without a loop: time is a parameter -- */

static struct access known(void)
{
	struct access a = {0};
	static const char *const names[] = {"ann", "bob"}, *const passwords[] = {"secret", "other"};

	a.known.count = 2;
	for (int i = 0; i < 2; i++) {
		struct credential *c = &a.known.rows[i];
		snprintf(c->name, sizeof(c->name), "%s", names[i]);
		snprintf(c->token, sizeof(c->token), "%s/0123%d", names[i], i);
		assert_int_equal(secret_hash(passwords[i], strlen(passwords[i]), c->hash), 0);
		c->read_only = i == 1;
	}
	return a;
}

static const struct peer somebody = {.tcp = true, .address = {1}, .uid = (uid_t)-1},
			 another = {.tcp = true, .address = {2}, .uid = (uid_t)-1};

static void test_means(void **state)
{
	static const struct {
		struct access_means means;
		enum access_verdict verdict;
		int who;
	} cases[] = {
		{{NULL, NULL, NULL}, ACCESS_SILENT, 0},
		{{"secret", NULL, NULL}, ACCESS_GRANTED, 0},
		{{"other", "Basic rubbish", NULL}, ACCESS_GRANTED, 1}, /* the first that is there */
		{{"", "Basic YW5uOnNlY3JldA==", NULL}, ACCESS_WRONG, 0},
		{{"Secret", NULL, NULL}, ACCESS_WRONG, 0},
		{{NULL, "Basic YW5uOnNlY3JldA==", NULL}, ACCESS_GRANTED, 0}, /* ann:secret */
		{{NULL, "bAsIc   YW5uOnNlY3JldA==", NULL}, ACCESS_GRANTED, 0},
		{{NULL, "Basic Ym9iOm90aGVy", NULL}, ACCESS_GRANTED, 1},   /* bob:other */
		{{NULL, "Basic Ym9iOnNlY3JldA==", NULL}, ACCESS_WRONG, 0}, /* bob:secret */
		{{NULL, "Basic OnNlY3JldA==", NULL}, ACCESS_WRONG, 0},     /* :secret */
		{{NULL, "Basic YW5uc2VjcmV0", NULL}, ACCESS_WRONG, 0},     /* annsecret */
		{{NULL, "Basic YW5uOnNlY3JldA", NULL}, ACCESS_WRONG, 0},
		{{NULL, "Basic ", NULL}, ACCESS_WRONG, 0},
		{{NULL, "Basic", NULL}, ACCESS_WRONG, 0},
		{{NULL, "", NULL}, ACCESS_WRONG, 0},
		{{NULL, "Bearer secret", NULL}, ACCESS_WRONG, 0},
		{{NULL, "GoogleLogin auth=ann/01230", NULL}, ACCESS_GRANTED, 0},
		{{NULL, "googlelogin AUTH=bob/01231", NULL}, ACCESS_GRANTED, 1},
		{{NULL, "GoogleLogin auth=bob/01230", NULL}, ACCESS_WRONG, 0},
		{{NULL, "GoogleLogin auth=ann/0123", NULL}, ACCESS_WRONG, 0},
		{{NULL, "GoogleLogin auth=", NULL}, ACCESS_WRONG, 0},
		{{NULL, NULL, "ann/01230"}, ACCESS_GRANTED, 0},
		{{NULL, NULL, "ann"}, ACCESS_WRONG, 0},
		{{NULL, NULL, "ann/01230 "}, ACCESS_WRONG, 0},
		{{NULL, NULL,
			 "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn/"},
			ACCESS_WRONG, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct access a = known();
		struct access_answer answer;
		enum access_verdict verdict =
			access_check(&a, &somebody, &cases[i].means, 1000, &answer);

		if (verdict != cases[i].verdict)
			fail_msg("case %zu: %d", i, verdict);
		assert_int_equal(answer.failed, verdict == ACCESS_WRONG);
		assert_ptr_equal(
			answer.who, verdict == ACCESS_GRANTED ? &a.known.rows[cases[i].who] : NULL);
	}
}

static void test_login(void **state)
{
	struct access a = known();
	struct access_answer answer;

	(void)state;
	assert_int_equal(access_login(&a, &somebody, "ann", "secret", 1, &answer), ACCESS_GRANTED);
	assert_string_equal(answer.who->token, "ann/01230");
	assert_int_equal(access_login(&a, &somebody, "ann", "other", 1, &answer), ACCESS_WRONG);
	assert_int_equal(access_login(&a, &somebody, "", "secret", 1, &answer), ACCESS_WRONG);
	assert_ptr_equal(access_find(&a, access_id(&a.known.rows[0])), &a.known.rows[0]);
	int64_t id = access_id(&a.known.rows[1]);
	a.known.count = 1;
	assert_null(access_find(&a, id));
}

static enum access_verdict try_at(
	struct access *a, const struct peer *peer, const char *token, int64_t at, int64_t *ret_wait)
{
	struct access_answer answer;
	const struct access_means means = {.token = token};
	enum access_verdict verdict = access_check(a, peer, &means, at, &answer);

	*ret_wait = answer.wait_ms;
	return verdict;
}

#define GOOD "ann/01230"
#define BAD  "ann/wrong"

static void test_waiting(void **state)
{
	struct access a = known();
	int64_t wait, at = 1000;

	(void)state;
	assert_int_equal(try_at(&a, &somebody, BAD, at, &wait), ACCESS_WRONG);
	assert_int_equal(try_at(&a, &somebody, BAD, at, &wait), ACCESS_WRONG);
	assert_int_equal(wait, 0);
	/* the third one costs a second, each further one twice as long, a minute at the most */
	for (int64_t costs = 1000; costs <= 120000; costs *= 2) {
		int64_t most = costs < 60000 ? costs : 60000;

		assert_int_equal(try_at(&a, &somebody, BAD, at, &wait), ACCESS_TOO_SOON);
		assert_int_equal(wait, most);
		/* asking meanwhile makes it no longer */
		assert_int_equal(try_at(&a, &somebody, BAD, at + 1, &wait), ACCESS_TOO_SOON);
		assert_int_equal(wait, most - 1);
		/* others are not kept out: by another address, or of another name */
		assert_int_equal(try_at(&a, &another, GOOD, at + 1, &wait), ACCESS_GRANTED);
		assert_int_equal(try_at(&a, &somebody, "bob/01231", at + 1, &wait), ACCESS_GRANTED);
		at += most;
	}
	/* the right one is let in at any time, and makes it forgotten */
	assert_int_equal(try_at(&a, &somebody, BAD, at, &wait), ACCESS_TOO_SOON);
	assert_int_equal(try_at(&a, &somebody, GOOD, at, &wait), ACCESS_GRANTED);
	assert_int_equal(try_at(&a, &somebody, BAD, at, &wait), ACCESS_WRONG);
	assert_int_equal(try_at(&a, &somebody, BAD, at, &wait), ACCESS_WRONG);
	assert_int_equal(try_at(&a, &somebody, BAD, at, &wait), ACCESS_TOO_SOON);
	/* and so does time */
	at += ACCESS_FORGET_MS + 1;
	assert_int_equal(try_at(&a, &somebody, BAD, at, &wait), ACCESS_WRONG);
}

static void test_made_up_names(void **state)
{
	struct access a = known();
	char token[40];
	int64_t wait;

	(void)state;
	for (int i = 0; i < 10; i++) {
		snprintf(token, sizeof(token), "name%d/x", i);
		assert_int_equal(try_at(&a, &somebody, token, 1000, &wait),
			i < 2 ? ACCESS_WRONG : ACCESS_TOO_SOON);
	}
	/* they cost nobody who is known anything */
	assert_int_equal(try_at(&a, &somebody, GOOD, 1000, &wait), ACCESS_GRANTED);
}

/* More addresses than are remembered: those that failed longest ago are forgotten. */
static void test_many_addresses(void **state)
{
	struct access a = known();
	struct peer peer = {.tcp = true};
	int64_t wait;

	(void)state;
	for (int i = 0; i <= ACCESS_SLOW_MAX; i++) {
		peer.address[0] = (unsigned char)i;
		for (int n = 0; n < 3; n++)
			(void)try_at(&a, &peer, BAD, 1000 + i, &wait);
	}
	peer.address[0] = 0;
	assert_int_equal(try_at(&a, &peer, BAD, 1100, &wait), ACCESS_WRONG);
	peer.address[0] = ACCESS_SLOW_MAX;
	assert_int_equal(try_at(&a, &peer, BAD, 1100, &wait), ACCESS_TOO_SOON);
	/* however often: the wait has an end */
	for (int64_t at = 2000, n = 0; n < 100; n++, at += wait) {
		assert_int_equal(try_at(&a, &peer, BAD, at, &wait), ACCESS_TOO_SOON);
		assert_true(wait > 0 && wait <= ACCESS_WAIT_MAX_MS);
	}
}

static void test_addresses(void **state)
{
	static const struct {
		const char *text;
		bool good, loopback;
	} cases[] = {
		{"127.0.0.1:8899", true, true},
		{"127.255.0.9:1", true, true},
		{"[::1]:65535", true, true},
		{"0.0.0.0:80", true, false},
		{"[::]:80", true, false},
		{"192.168.1.2:8899", true, false},
		{"[2001:db8::1]:8899", true, false},
		{"[::ffff:127.0.0.1]:80", true, false},
		{"localhost:8899", false, false},
		{"127.0.0.1", false, false},
		{"127.0.0.1:", false, false},
		{"127.0.0.1:0", false, false},
		{"127.0.0.1:65536", false, false},
		{"127.0.0.1:+80", false, false},
		{"127.0.0.1:80 ", false, false},
		{"127.1:80", false, false},
		{"::1:80", false, false},
		{"[::1:80", false, false},
		{"[::1]80", false, false},
		{"[]:80", false, false},
		{"[fe80::1%lo]:80", false, false},
		{":80", false, false},
		{"8899", false, false},
		{"", false, false},
		{"[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb]:80", false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sockaddr_storage address;
		char text[LISTENER_TEXT_BYTES];

		if ((listener_parse(cases[i].text, &address) == 0) != cases[i].good)
			fail_msg("%s", cases[i].text);
		if (!cases[i].good)
			continue;
		assert_int_equal(listener_is_loopback(&address), cases[i].loopback);
		assert_string_equal(listener_text(&address, text), cases[i].text);
	}
	assert_string_equal(listener_text(&(struct sockaddr_storage){0}, (char[64]){0}), "");
	assert_false(listener_is_loopback(&(struct sockaddr_storage){0}));
}

static void test_hosts(void **state)
{
	static const char *const hosts[] = {"news.example", "tunnel.example:8443", NULL};
	static const struct {
		const char *host;
		bool ours;
	} cases[] = {
		{"127.0.0.1", true},
		{"127.0.0.1:8899", true},
		{"localhost", true},
		{"LOCALHOST:8899", true},
		{"[::1]", true},
		{"[::1]:8899", true},
		{"192.168.1.2:8899", true}, /* where it listens */
		{"192.168.1.2", true},
		{"news.example", true},
		{"News.Example:443", true},
		{"tunnel.example:8443", true},
		{"tunnel.example", false},
		{"127.0.0.1:80", false},
		{"127.0.0.1:", false},
		{"127.0.0.1:8899:8899", false},
		{"127.0.0.2", false},
		{"localhost.evil.example", false},
		{"evil.example", false},
		{"evil.example:8899", false},
		{"news.example.", false},
		{"", false},
		{":8899", false},
		{"[::1", false},
	};
	struct sockaddr_storage here;

	(void)state;
	assert_int_equal(listener_parse("192.168.1.2:8899", &here), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (admit_is_our_host(cases[i].host, &here, hosts) != cases[i].ours)
			fail_msg("%s", cases[i].host);
	}
	assert_false(admit_is_our_host("news.example", &here, NULL));
}

/* -- over TCP -- */

/* A port that nobody has, as text. */
static void free_port(struct sockaddr_storage *ret_address)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret_address;
	socklen_t size = sizeof(*ret_address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*ret_address = (struct sockaddr_storage){.ss_family = AF_INET};
	v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)ret_address, sizeof(*v4)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)ret_address, &size), 0);
	close(fd);
}

struct secret_of {
	const char *name;
	bool read_only;
	char password[SECRET_PASSWORD_BYTES];
};

static int run_add(struct store_tx *tx, void *arg, struct err *e)
{
	struct secret_of *s = arg;

	return credentials_add(tx, s->name, s->read_only, false, NOW, s->password, e);
}

/* An api with a TCP port, and two who may come. */
static void open_tcp_world(struct world *w, struct secret_of *one, struct secret_of *reader)
{
	world_init(w);
	must_write(&w->f, run_add, one);
	must_write(&w->f, run_add, reader);
	free_port(&w->options.listen);
	world_start_api(w);
}

static void tcp_connect(struct world *w, struct client *c)
{
	memset(c, 0, sizeof(*c));
	c->w = w;
	buf_init(&c->in, 1 << 20);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
		connect(c->fd, (struct sockaddr *)&w->api->tcp_address, sizeof(struct sockaddr_in)),
		0);
}

/* The status of one request with these fields, and `wanted` in the answer. */
static void expect_tcp(struct world *w, const char *line, const char *fields, const char *body,
	int status, const char *wanted)
{
	char text[4096];
	struct answer a;
	struct client c;

	tcp_connect(w, &c);
	snprintf(text, sizeof(text), "%s HTTP/1.1\r\n%sContent-Length: %zu\r\n\r\n%s", line, fields,
		strlen(body), body);
	client_send(&c, text);
	take_answer(&c, false, &a);
	if (a.status != status ||
		!strstr(a.status == status && wanted[0] == '{' ? a.body : a.head, wanted))
		fail_msg("%s\n%s%s", text, a.head, a.body);
	free_answer(&a);
	client_close(&c);
}

#define HOST "Host: localhost\r\n"

static void test_tcp(void **state)
{
	struct secret_of ann = {.name = "ann"}, bob = {.name = "bob", .read_only = true};
	char key[200], reader[200];
	struct world w;

	(void)state;
	open_tcp_world(&w, &ann, &bob);
	static const char *const origins[] = {"https://reader.example", NULL};
	w.options.origins = origins;
	api_configure(w.api, &w.options);
	snprintf(key, sizeof(key), HOST "X-Auth-Token: %s\r\n", ann.password);
	snprintf(reader, sizeof(reader), HOST "X-Auth-Token: %s\r\n", bob.password);
	expect_tcp(&w, "GET /api/v1/ping", HOST, "", 401,
		"\r\nWWW-Authenticate: Basic realm=\"tidings\"\r\n");
	expect_tcp(&w, "GET /nowhere", HOST, "", 401, "");
	expect_tcp(&w, "OPTIONS *", HOST, "", 401, "");
	expect_tcp(&w, "GET /api/v1/ping", key, "", 204, "");
	expect_tcp(&w, "GET /api/v1/status", reader, "", 200, "{");
	expect_tcp(&w, "POST /api/v1/items/batch", reader, "{\"ids\":[1],\"set\":{\"read\":true}}",
		403, "");
	expect_tcp(&w, "POST /api/v1/items/batch", key, "{\"ids\":[1],\"set\":{\"read\":true}}",
		200, "");
	/* nobody comes in by another name, by two, or by none */
	char other[300];
	snprintf(other, sizeof(other), "Host: evil.example\r\n%s", strstr(key, "X-Auth"));
	expect_tcp(&w, "GET /api/v1/ping", other, "", 403, "");
	snprintf(other, sizeof(other), "Host: evil.example\r\n%s", key);
	expect_tcp(&w, "GET /api/v1/ping", other, "", 400, "");
	expect_tcp(&w, "GET /api/v1/ping", strstr(key, "X-Auth"), "", 403, "");
	/* nor from a page, unless it is a known one */
	snprintf(other, sizeof(other), "%sOrigin: http://localhost\r\n", key);
	expect_tcp(&w, "GET /api/v1/ping", other, "", 403, "");
	snprintf(other, sizeof(other), "%sOrigin: https://reader.example\r\n", key);
	expect_tcp(&w, "GET /api/v1/ping", other, "", 204, "");
	/* trailers mean nothing */
	snprintf(other, sizeof(other), HOST "Transfer-Encoding: chunked\r\n");
	struct client c;
	struct answer a;
	tcp_connect(&w, &c);
	snprintf(other, sizeof(other),
		"POST /api/v1/ping HTTP/1.1\r\n" HOST
		"Transfer-Encoding: chunked\r\n\r\n0\r\nX-Auth-Token: %s\r\n\r\n",
		ann.password);
	client_send(&c, other);
	take_answer(&c, false, &a);
	assert_int_equal(a.status, 401);
	free_answer(&a);
	client_close(&c);
	/* who fails waits */
	for (int i = 0; i < 3; i++)
		expect_tcp(&w, "GET /api/v1/ping", HOST "X-Auth-Token: guess\r\n", "",
			i < 2 ? 401 : 429, i < 2 ? "WWW-Auth" : "\r\nRetry-After: 1\r\n");
	world_close(&w);
}

/* On the Unix socket nothing is needed, but what is shown must be right, and it bounds. */
static void test_unix(void **state)
{
	struct secret_of ann = {.name = "ann"}, bob = {.name = "bob", .read_only = true};
	char text[300];
	struct answer a;
	struct client c;
	struct world w;
	static const struct {
		int who; /* 0 nobody, 1 ann, 2 bob, 3 wrong */
		int get, post;
	} cases[] = {{0, 204, 404}, {1, 204, 404}, {2, 204, 403}, {3, 401, 401}};

	(void)state;
	open_tcp_world(&w, &ann, &bob);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *passwords[] = {"", ann.password, bob.password, "wrong"};
		for (int post = 0; post < 2; post++) {
			client_connect(&w, &c);
			snprintf(text, sizeof(text),
				"%s HTTP/1.1\r\nHost: evil.example\r\nOrigin: "
				"http://x\r\n%s%s\r\n\r\n",
				post ? "DELETE /api/v1/feeds/9" : "GET /api/v1/ping",
				cases[i].who ? "X-Auth-Token: " : "X-Nothing: ",
				passwords[cases[i].who]);
			client_send(&c, text);
			take_answer(&c, false, &a);
			assert_int_equal(a.status, post ? cases[i].post : cases[i].get);
			free_answer(&a);
			client_close(&c);
		}
	}
	world_close(&w);
}

/* All who come by TCP together leave half of the room to the socket. */
static void test_share(void **state)
{
	struct secret_of ann = {.name = "ann"}, bob = {.name = "bob"};
	struct client c[9];
	struct answer a;
	struct world w;

	(void)state;
	open_tcp_world(&w, &ann, &bob);
	w.options.clients_max = 16;
	api_configure(w.api, &w.options);
	for (int i = 0; i < 9; i++) {
		tcp_connect(&w, &c[i]);
		for (int n = 0; n < 5; n++)
			uv_run(&w.f.loop.uv, UV_RUN_NOWAIT);
	}
	take_answer(&c[8], false, &a);
	assert_int_equal(a.status, 503);
	free_answer(&a);
	expect(&w, "GET", "/api/v1/ping", NULL, 204, NULL);
	for (int i = 0; i < 9; i++)
		client_close(&c[i]);
	world_close(&w);
}

/* What is removed ends, also what goes on since long. */
static void test_removed(void **state)
{
	struct secret_of ann = {.name = "ann"}, bob = {.name = "bob"};
	struct credentials left;
	struct client a_client, b_client;
	char text[300];
	struct world w;

	(void)state;
	open_tcp_world(&w, &ann, &bob);
	tcp_connect(&w, &a_client);
	snprintf(text, sizeof(text),
		"GET /api/v1/events HTTP/1.1\r\n" HOST "X-Auth-Token: %s\r\n\r\n", ann.password);
	client_send(&a_client, text);
	client_wait(&a_client, "event: hello");
	tcp_connect(&w, &b_client);
	snprintf(text, sizeof(text),
		"GET /api/v1/events HTTP/1.1\r\n" HOST "X-Auth-Token: %s\r\n\r\n", bob.password);
	client_send(&b_client, text);
	client_wait(&b_client, "event: hello");
	left = w.api->access.known;
	assert_int_equal(left.count, 2);
	left.rows[0] = left.rows[1];
	left.count = 1;
	admit_changed(w.api, &left);
	client_wait_end(&a_client);
	assert_false(b_client.ended);
	snprintf(text, sizeof(text), HOST "X-Auth-Token: %s\r\n", ann.password);
	expect_tcp(&w, "GET /api/v1/ping", text, "", 401, "");
	client_close(&a_client);
	client_close(&b_client);
	world_close(&w);
}

/* Made, told once, and removed: by the socket alone, and without credentials. */
static void test_routes(void **state)
{
	struct secret_of ann = {.name = "ann"}, bob = {.name = "bob", .read_only = true};
	char key[200], password[SECRET_PASSWORD_BYTES];
	struct answer a;
	struct world w;

	(void)state;
	open_tcp_world(&w, &ann, &bob);
	snprintf(key, sizeof(key), HOST "X-Auth-Token: %s\r\n", ann.password);
	expect_tcp(&w, "GET /api/v1/access", key, "", 403, "");
	expect_tcp(&w, "POST /api/v1/access", key, "{\"name\":\"x\"}", 403, "");
	expect_tcp(&w, "DELETE /api/v1/access/bob", key, "", 403, "");
	ask(&w, "POST", "/api/v1/access", "{\"name\":\"cy\",\"read_only\":true}", &a);
	assert_int_equal(a.status, 201);
	assert_non_null(strstr(a.head, "\r\nLocation: /api/v1/access/cy\r\n"));
	assert_non_null(strstr(a.body, "\"name\":\"cy\",\"read_only\":true,\"stories\":false,"));
	assert_non_null(strstr(a.body, "\"address\":\"http://127.0.0.1:"));
	const char *at = strstr(a.body, "\"password\":\"");
	assert_non_null(at);
	snprintf(password, sizeof(password), "%s", at + strlen("\"password\":\""));
	free_answer(&a);
	snprintf(key, sizeof(key), HOST "X-Auth-Token: %s\r\n", password);
	expect_tcp(&w, "GET /api/v1/feeds", key, "", 200, "");
	ask(&w, "GET", "/api/v1/access", NULL, &a);
	assert_int_equal(a.status, 200);
	assert_null(strstr(a.body, password));
	assert_non_null(strstr(a.body, "\"name\":\"ann\""));
	assert_null(strstr(strstr(a.body, "\"name\":\"cy\""), "\"used\":null"));
	free_answer(&a);
	expect(&w, "POST", "/api/v1/access", "{\"name\":\"cy\"}", 409, "name-taken");
	expect(&w, "POST", "/api/v1/access", "{\"name\":\"c/y\"}", 400, "letters, digits");
	expect(&w, "POST", "/api/v1/access", "{\"name\":null}", 400, "letters, digits");
	expect(&w, "DELETE", "/api/v1/access/c%2Fy", NULL, 404, NULL);
	expect(&w, "DELETE", "/api/v1/access/%63y", NULL, 204, NULL);
	expect(&w, "DELETE", "/api/v1/access/cy", NULL, 404, "there is no credential cy");
	expect_tcp(&w, "GET /api/v1/feeds", key, "", 401, "");
	/* who shows a credential is bound by it, on the socket, too */
	struct client c;
	char text[300];
	client_connect(&w, &c);
	snprintf(text, sizeof(text), "GET /api/v1/access HTTP/1.1\r\nX-Auth-Token: %s\r\n\r\n",
		ann.password);
	client_send(&c, text);
	take_answer(&c, false, &a);
	assert_int_equal(a.status, 403);
	free_answer(&a);
	client_close(&c);
	assert_int_equal(peek(w.f.path, "SELECT count(*) FROM credential"), 2);
	world_close(&w);
}

static bool is_open(const struct sockaddr_storage *address)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool open = connect(fd, (const struct sockaddr *)address, sizeof(struct sockaddr_in)) == 0;

	close(fd);
	return open;
}

static void test_moves(void **state)
{
	struct sockaddr_storage first, second, taken;
	struct world w;

	(void)state;
	world_open(&w);
	free_port(&first);
	assert_false(is_open(&first));
	w.options.listen = first;
	api_configure(w.api, &w.options);
	assert_true(is_open(&first));
	struct door *door = w.api->tcp_door;
	api_configure(w.api, &w.options); /* nothing new */
	assert_ptr_equal(w.api->tcp_door, door);
	free_port(&second);
	w.options.listen = second;
	api_configure(w.api, &w.options);
	assert_true(is_open(&second) && !is_open(&first));
	/* to where another program is: it stays */
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	free_port(&taken);
	assert_int_equal(bind(fd, (struct sockaddr *)&taken, sizeof(struct sockaddr_in)), 0);
	assert_int_equal(listen(fd, 1), 0);
	w.options.listen = taken;
	api_configure(w.api, &w.options);
	assert_true(is_open(&second));
	/* to where others can reach it: the same */
	((struct sockaddr_in *)&w.options.listen)->sin_addr.s_addr = htonl(INADDR_ANY);
	api_configure(w.api, &w.options);
	assert_true(is_open(&second));
	/* the port of another address is its own */
	w.options.listen = second;
	((struct sockaddr_in *)&w.options.listen)->sin_addr.s_addr = htonl(INADDR_ANY);
	w.options.allow_remote = true;
	api_configure(w.api, &w.options);
	assert_true(is_open(&second));
	w.options.listen = (struct sockaddr_storage){0};
	api_configure(w.api, &w.options);
	assert_false(is_open(&second));
	close(fd);
	expect(&w, "GET", "/api/v1/ping", NULL, 204, NULL);
	world_close(&w);
}

static void expect_create(struct world *w, int code, const char *wanted)
{
	struct err e = {0};

	assert_int_equal(world_try_api(w, &e), code);
	if (!strstr(e.text, wanted))
		fail_msg("no \"%s\" in \"%s\"", wanted, e.text);
	w->api = NULL;
	assert_int_not_equal(access(w->socket_path, F_OK), 0);
}

static void test_refused_at_start(void **state)
{
	struct sockaddr_storage taken;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(listener_parse("0.0.0.0:1", &w.options.listen), 0);
	expect_create(&w, ERR_DENIED, "others can reach 0.0.0.0:1");
	free_port(&taken);
	assert_int_equal(bind(fd, (struct sockaddr *)&taken, sizeof(struct sockaddr_in)), 0);
	assert_int_equal(listen(fd, 1), 0);
	w.options.listen = taken;
	expect_create(&w, ERR_BUSY, "another program listens at 127.0.0.1:");
	w.options.listen = (struct sockaddr_storage){0};
	w.options.tcp_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	expect_create(&w, ERR_INVALID, "not a listening TCP socket");
	close(w.options.tcp_fd);
	/* as systemd hands it over */
	w.options.tcp_fd = fd;
	world_start_api(&w);
	assert_int_equal(w.api->tcp_door != NULL, 1);
	expect_tcp(&w, "GET /api/v1/ping", HOST, "", 401, "");
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_means),
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_made_up_names),
		cmocka_unit_test(test_many_addresses),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_unix),
		cmocka_unit_test(test_share),
		cmocka_unit_test(test_removed),
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_moves),
		cmocka_unit_test(test_refused_at_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
