/* Tests of the resolver against a name server of our own: answers, failures, cache, coalescing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fake_dns.h"
#include "fetch/resolver.h"
#include "support/clock.h"
#include "support/lines.h"
#include "support/loop.h"
#include "support/tmp.h"

enum { LIMIT_MS = 10000, MANY = 50 };

static const struct dns_rule rules[] = {
	{"a.test", 0, {"192.0.2.1"}},
	{"both.test", 0, {"2001:db8::1", "192.0.2.1", "192.0.2.2"}},
	{"six.test", 0, {"2001:db8::1"}},
	{"near.test", 0, {"127.0.0.1", "127.0.0.2", "::1"}},
	{"empty.test", 0, {NULL}},
	{"broken.test", DNS_SERVFAIL, {NULL}},
	{"refused.test", DNS_REFUSED, {NULL}},
	{"silent.test", DNS_SILENT, {NULL}},
	{"many.test", 0,
		{"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6",
			"192.0.2.7", "192.0.2.8", "192.0.2.9", "192.0.2.10", "192.0.2.11",
			"192.0.2.12"}},
	{NULL, 0, {NULL}},
};

struct world {
	struct loop loop;
	struct fake_dns dns;
	struct resolver *resolver;
	int closed;
};

/* One look-up and what came of it. */
struct asked {
	struct lookup lookup;
	int done;
	struct addresses addresses;
	struct err error;
};

static void on_done(struct lookup *lookup, const struct addresses *addresses, const struct err *e)
{
	struct asked *a = container_of(lookup, struct asked, lookup);

	a->done++;
	a->error = *e;
	if (!e->code)
		a->addresses = *addresses;
}

static void on_closed(void *ctx)
{
	*(int *)ctx = 1;
}

static void open_world(struct world *w)
{
	struct resolver_options options = {.try_ms = 20};
	struct err e;

	w->closed = 0;
	loop_init(&w->loop);
	dns_start(&w->dns, &w->loop.uv, rules);
	options.servers = w->dns.servers;
	assert_int_equal(resolver_create(&w->loop.uv, &options, &w->resolver, &e), 0);
}

static void close_world(struct world *w)
{
	resolver_close(w->resolver, on_closed, &w->closed);
	assert_int_equal(w->closed, 0);
	dns_stop(&w->dns);
	loop_run(&w->loop, LIMIT_MS);
	assert_int_equal(w->closed, 1);
	loop_finish(&w->loop);
}

/* Looks a name up; true when the answer was there at once. */
static bool start(struct world *w, const char *host, struct asked *a)
{
	const struct addresses *now = NULL;
	int rc;

	*a = (struct asked){.done = 0};
	a->lookup.done = on_done;
	rc = resolver_lookup(w->resolver, host, &a->lookup, &now, &a->error);
	if (rc == LOOKUP_PENDING)
		return false;
	a->done = 1;
	if (rc == 0)
		a->addresses = *now;
	else
		assert_int_equal(a->error.code, rc);
	return true;
}

static void ask(struct world *w, const char *host, struct asked *a)
{
	start(w, host, a);
	loop_run_until(&w->loop, &a->done, LIMIT_MS);
	assert_int_equal(a->done, 1);
}

/* The n-th address as text. */
static const char *text(const struct asked *a, int n)
{
	static char out[INET6_ADDRSTRLEN];
	const union address *address = &a->addresses.list[n];

	assert_true(n < a->addresses.count);
	if (address->any.sa_family == AF_INET6)
		inet_ntop(AF_INET6, &address->v6.sin6_addr, out, sizeof out);
	else
		inet_ntop(AF_INET, &address->v4.sin_addr, out, sizeof out);
	return out;
}

static const struct {
	const char *host;
	const char *address;
} literals[] = {
	{"127.0.0.1", "127.0.0.1"},
	{"127.0.0.1.", "127.0.0.1"},
	{"127.1", "127.0.0.1"},
	{"127.0.1", "127.0.0.1"},
	{"2130706433", "127.0.0.1"},
	{"0x7f000001", "127.0.0.1"},
	{"0x7f.1", "127.0.0.1"},
	{"0177.0.0.1", "127.0.0.1"},
	{"017700000001", "127.0.0.1"},
	{"0", "0.0.0.0"},
	{"10.0x0.0.012", "10.0.0.10"},
	{"::1", "::1"},
	{"::ffff:127.0.0.1", "::ffff:127.0.0.1"},
	{"2001:db8::1", "2001:db8::1"},
};

static void test_literals(void **state)
{
	struct world w;
	struct asked a;

	(void)state;
	open_world(&w);
	for (size_t i = 0; i < sizeof literals / sizeof *literals; i++) {
		assert_true(start(&w, literals[i].host, &a));
		assert_int_equal(a.error.code, 0);
		assert_int_equal(a.addresses.count, 1);
		assert_string_equal(text(&a, 0), literals[i].address);
	}
	close_world(&w);
	assert_int_equal(w.dns.queries, 0);
}

static const struct {
	const char *host;
	int code;
	const char *text;
	int count;
} cases[] = {
	{"a.test", 0, NULL, 1},
	{"both.test", 0, NULL, 3},
	{"six.test", 0, NULL, 1},
	{"many.test", 0, NULL, RESOLVER_ADDRESSES_MAX},
	{"none.test", ERR_DNS, "there is no host none.test", 0},
	{"empty.test", ERR_DNS, "empty.test", 0},
	{"bad..name.test", ERR_DNS, "bad..name.test", 0},
	{"127.0.0.1.test", ERR_DNS, "there is no host", 0},
	{"broken.test", ERR_RESOLVER, "broken.test", 0},
	{"refused.test", ERR_RESOLVER, "refused.test", 0},
	{"silent.test", ERR_RESOLVER, "no name server answered for silent.test", 0},
};

static void test_answers(void **state)
{
	struct world w;
	struct asked a;

	(void)state;
	open_world(&w);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int queries, count = cases[i].count;

		ask(&w, cases[i].host, &a);
		/* where the machine has no better way to IPv4, IPv6 comes first, and once more */
		if (strcmp(cases[i].host, "both.test") == 0 && strchr(text(&a, 0), ':'))
			count++;
		if (a.error.code != cases[i].code || a.addresses.count != count)
			fail_msg("%s: %s, %d addresses", cases[i].host, a.error.text,
				a.addresses.count);
		if (cases[i].text && !strstr(a.error.text, cases[i].text))
			fail_msg("%s: %s", cases[i].host, a.error.text);
		queries = w.dns.queries;
		assert_true(start(&w, cases[i].host, &a)); /* cached, failures too */
		assert_int_equal(a.error.code, cases[i].code);
		assert_int_equal(w.dns.queries, queries);
	}
	close_world(&w);
}

/* Asked once more after `after_s`; whether the name server was. */
static bool asked_again(struct world *w, const char *host, int code, int after_s)
{
	struct asked a;
	int queries;

	ask(w, host, &a);
	assert_int_equal(a.error.code, code);
	queries = w->dns.queries;
	clock_forward(&w->loop.uv, after_s);
	ask(w, host, &a);
	assert_int_equal(a.error.code, code);
	return w->dns.queries > queries;
}

/* What is not there is asked for again after a minute, not before; what nobody answered, sooner. */
static void test_failures_are_kept(void **state)
{
	static const char *const missing[] = {"gone.test", "empty.test"};
	struct world w;

	(void)state;
	open_world(&w);
	for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
		assert_false(asked_again(&w, missing[i], ERR_DNS, 58));
		clock_forward(&w.loop.uv, 10);
		assert_true(asked_again(&w, missing[i], ERR_DNS, 62));
	}
	assert_false(asked_again(&w, "broken.test", ERR_RESOLVER, 1));
	clock_forward(&w.loop.uv, 60);
	assert_true(asked_again(&w, "broken.test", ERR_RESOLVER, 60));
	close_world(&w);
}

static void test_names_never_asked(void **state)
{
	static const char *const onions[] = {"onion", "abc.onion", "a.b.ONION", "abc.onion."};
	struct world w;
	struct asked a;

	(void)state;
	open_world(&w);
	for (size_t i = 0; i < sizeof onions / sizeof *onions; i++) {
		assert_true(start(&w, onions[i], &a));
		assert_int_equal(a.error.code, ERR_BLOCKED);
	}
	assert_false(start(&w, "localhost", &a)); /* no file is read by the loop itself */
	loop_run_until(&w.loop, &a.done, LIMIT_MS);
	assert_int_equal(a.error.code, 0);
	assert_true(a.addresses.count > 0);
	for (int i = 0; i < a.addresses.count; i++)
		assert_true(
			strcmp(text(&a, i), "127.0.0.1") == 0 || strcmp(text(&a, i), "::1") == 0);
	close_world(&w);
	assert_int_equal(w.dns.queries, 0);
	assert_null(strstr(w.dns.names, "onion"));
}

/* Closed while the file is read, and while the name server is asked. */
static void test_close_in_the_middle(void **state)
{
	struct world w;
	struct asked a;

	(void)state;
	for (int turns = 0; turns < 5; turns++) {
		open_world(&w);
		assert_false(start(&w, "silent.test", &a));
		for (int i = 0; i < turns; i++)
			uv_run(&w.loop.uv, UV_RUN_ONCE);
		resolver_cancel(&a.lookup);
		close_world(&w);
		assert_int_equal(a.done, 0);
	}
}

/* Fifty who ask at once cost one query of each type; those who cancel hear nothing. */
static void test_coalescing_and_cancel(void **state)
{
	static struct asked a[MANY];
	struct world w;

	(void)state;
	open_world(&w);
	for (int i = 0; i < MANY; i++)
		assert_false(start(&w, "a.test", &a[i]));
	resolver_cancel(&a[0].lookup);
	resolver_cancel(&a[MANY / 2].lookup);
	resolver_cancel(&a[MANY / 2].lookup);
	loop_run_until(&w.loop, &a[MANY - 1].done, LIMIT_MS);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(a[i].done, i != 0 && i != MANY / 2);
		assert_int_equal(a[i].addresses.count, a[i].done);
	}
	assert_int_equal(w.dns.queries, 2);
	close_world(&w);
}

/* A name that resolves to something else later is seen as that (C1: the address is checked at each
 * connection). */
static void test_change_and_flush(void **state)
{
	static const struct dns_rule later[] = {{"a.test", 0, {"127.0.0.1"}}, {NULL, 0, {NULL}}};
	struct world w;
	struct asked a;

	(void)state;
	open_world(&w);
	ask(&w, "a.test", &a);
	assert_string_equal(text(&a, 0), "192.0.2.1");
	w.dns.rules = later;
	ask(&w, "a.test", &a);
	assert_string_equal(text(&a, 0), "192.0.2.1");
	resolver_flush(w.resolver);
	ask(&w, "a.test", &a);
	assert_string_equal(text(&a, 0), "127.0.0.1");
	close_world(&w);
}

/* The cache stays at its maximum: the first name has been forgotten, the last has not. */
static void test_cache_bound(void **state)
{
	struct world w;
	struct asked a;
	char host[32];
	int queries;

	(void)state;
	open_world(&w);
	for (int i = 0; i <= RESOLVER_NAMES_MAX; i++) {
		snprintf(host, sizeof host, "n%d.test", i);
		ask(&w, host, &a);
		assert_int_equal(a.error.code, ERR_DNS);
	}
	queries = w.dns.queries;
	assert_true(start(&w, host, &a));
	ask(&w, "n1.test", &a);
	assert_int_equal(w.dns.queries, queries);
	ask(&w, "n0.test", &a);
	assert_true(w.dns.queries > queries);
	close_world(&w);
}

static void test_no_server(void **state)
{
	struct world w;
	struct asked a;

	(void)state;
	open_world(&w);
	uv_udp_recv_stop(&w.dns.socket);
	ask(&w, "a.test", &a);
	assert_int_equal(a.error.code, ERR_RESOLVER);
	close_world(&w);
}

/* Queries under way do not keep it from closing, and nobody is called any more. */
static void test_close_with_queries(void **state)
{
	struct world w;
	struct asked a, b;

	(void)state;
	open_world(&w);
	assert_false(start(&w, "silent.test", &a));
	assert_false(start(&w, "a.test", &b));
	resolver_cancel(&a.lookup);
	resolver_cancel(&b.lookup);
	close_world(&w);
	assert_int_equal(a.done + b.done, 0);
}

/* A laptop moves: the name server that is asked does not answer, then the file names another. */
static void test_changed_config(void **state)
{
	struct resolver_options options = {.try_ms = 20};
	struct world w = {.closed = 0};
	struct sockaddr_in address;
	uv_udp_t dead;
	struct asked a;
	struct tmp t;
	struct err e;
	char host[32];

	(void)state;
	tmp_create(&t);
	loop_init(&w.loop);
	dns_start(&w.dns, &w.loop.uv, rules);
	options.config = tmp_write_text(&t, "resolv.conf", "nameserver 127.0.0.9\n");
	options.port = w.dns.port;
	uv_udp_init(&w.loop.uv, &dead);
	uv_ip4_addr("127.0.0.9", options.port, &address);
	assert_int_equal(uv_udp_bind(&dead, (const struct sockaddr *)&address, 0), 0);
	assert_int_equal(resolver_create(&w.loop.uv, &options, &w.resolver, &e), 0);
	ask(&w, "both.test", &a);
	assert_int_equal(a.error.code, ERR_RESOLVER);
	tmp_write_text(&t, "resolv.conf", "nameserver 127.0.0.1\n\n");
	for (int i = 0; a.error.code != ERR_DNS; i++) {
		/* The first one notices while it asks, and is most likely asked again. */
		snprintf(host, sizeof host, "n%d.test", i);
		ask(&w, host, &a);
	}
	ask(&w, "both.test", &a); /* its failure was forgotten */
	assert_int_equal(a.error.code, 0);
	uv_close((uv_handle_t *)&dead, NULL);
	close_world(&w);
	tmp_remove(&t);
}

static void test_bad_servers(void **state)
{
	struct resolver_options options = {.servers = "not a server"};
	struct resolver *r = NULL;
	struct loop loop;
	struct err e;

	(void)state;
	loop_init(&loop);
	assert_int_equal(resolver_create(&loop.uv, &options, &r, &e), ERR_RESOLVER);
	assert_null(r);
	loop_finish(&loop);
}

static void expect_order(const struct asked *a, const char *order)
{
	char got[200] = "";

	for (int i = 0; i < a->addresses.count; i++)
		snprintf(got + strlen(got), sizeof got - strlen(got), "%s ", text(a, i));
	assert_string_equal(got, order);
}

/* The families take turns; IPv6 that did not answer goes behind, for this host alone (A49). */
static void test_families_take_turns(void **state)
{
	struct world w;
	struct asked a;

	(void)state;
	open_world(&w);
	resolver_prefer_v4(w.resolver, "near.test"); /* not known yet: nothing */
	ask(&w, "near.test", &a);
	if (a.addresses.list[0].any.sa_family == AF_INET6) { /* where there is IPv6 */
		expect_order(&a, "::1 127.0.0.1 127.0.0.2 ::1 ");
		resolver_prefer_v4(w.resolver, "near.test");
		resolver_prefer_v4(w.resolver, "near.test");
		assert_true(start(&w, "near.test", &a));
		expect_order(&a, "127.0.0.1 ::1 127.0.0.2 ::1 ");
		resolver_flush(w.resolver);
		ask(&w, "near.test", &a);
		expect_order(&a, "::1 127.0.0.1 127.0.0.2 ::1 ");
	} else {
		expect_order(&a, "127.0.0.1 ::1 127.0.0.2 ");
	}
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_literals),
		line_test("A50", test_answers),
		line_test("A50", test_failures_are_kept),
		line_test("A49", test_families_take_turns),
		cmocka_unit_test(test_names_never_asked),
		line_test("A50", test_coalescing_and_cancel),
		cmocka_unit_test(test_change_and_flush),
		cmocka_unit_test(test_cache_bound),
		cmocka_unit_test(test_no_server),
		cmocka_unit_test(test_close_with_queries),
		cmocka_unit_test(test_changed_config),
		cmocka_unit_test(test_close_in_the_middle),
		cmocka_unit_test(test_bad_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
