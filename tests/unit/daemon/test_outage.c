/* Whose fault a failure is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "outage.h"
#include "support/lines.h"

#define S 1000LL

enum { OWN_PROXY = 1000 }; /* ERR_PROXY, of one that the feed alone goes through */

/* Ends of polls in order: from when to when, how, and whether nobody is to blame. */
struct end {
	int64_t began_s, now_s;
	int code;
	int64_t before_s; /* the excused attempt before; 0: none */
	bool known_bad;
	bool excused, down;
};

static const struct {
	const char *label;
	struct end ends[8];
} stories[] = {
	{"one dead name among servers that answer",
		{{100, 101, 0, 0, false, false, false},
			{99, 102, ERR_RESOLVER, 0, false, false, false},
			{102, 103, 0, 0, false, false, false}}},
	{"nothing is reached from some moment on",
		{{100, 101, 0, 0, false, false, false},
			{102, 112, ERR_RESOLVER, 0, false, true, true},
			{103, 113, ERR_RESOLVER, 0, true, true, true},
			{113, 114, ERR_ROUTE, 0, false, true, true},
			{200, 201, 0, 0, false, false, false},
			{190, 202, ERR_RESOLVER, 0, false, false, false}}},
	{"never since the start", {{1, 2, ERR_ROUTE, 0, false, true, true}}},
	{"the only one that is polled just now; then another answers, and it still fails",
		{{100, 101, ERR_RESOLVER, 0, false, true, true},
			{400, 401, 0, 0, false, false, false},
			{500, 510, ERR_RESOLVER, 101, false, false, false}}},
	{"it was blamed before, and nothing speaks for an outage",
		{{100, 101, 0, 0, false, false, false},
			{9000, 9001, ERR_RESOLVER, 0, true, false, false},
			{9100, 9101, ERR_ROUTE, 0, false, true, true}}},
	{"a refused connection is an answer, a name that is unknown, too",
		{{100, 101, ERR_ROUTE, 0, false, true, true},
			{102, 103, ERR_CONNECT, 0, false, false, false},
			{104, 105, ERR_ROUTE, 0, false, true, true},
			{106, 107, ERR_DNS, 0, false, false, false}}},
	{"a slow server proves nothing, one way or the other",
		{{100, 101, ERR_ROUTE, 0, false, true, true},
			{102, 112, ERR_TIMEOUT, 0, false, false, true},
			{113, 114, ERR_BLOCKED, 0, false, false, true}}},
	{"what never came to the network neither",
		{{100, 101, ERR_ROUTE, 0, false, true, true},
			{102, 102, ERR_INVALID, 0, false, false, true},
			{103, 103, ERR_NOMEM, 0, false, false, true},
			{104, 105, ERR_CANCELED, 0, false, false, true},
			{106, 106, ERR_BUSY, 0, false, false, true}}},
	{"the proxy of all is down, and refuses at once",
		{{100, 101, 0, 0, false, false, false}, {102, 102, ERR_PROXY, 0, false, true, true},
			{113, 114, ERR_PROXY, 0, true, true, true},
			{115, 116, 0, 0, false, false, false}}},
	{"that of one feed is, whoever else was answered when",
		{{100, 100, OWN_PROXY, 0, false, true, false},
			{101, 101, 0, 0, false, false, false},
			{102, 102, OWN_PROXY, 0, false, true, false},
			{103, 103, OWN_PROXY, 102, true, true, false},
			{104, 105, ERR_ROUTE, 0, false, true, true},
			{106, 106, OWN_PROXY, 103, false, true, true},
			{107, 107, 0, 0, false, false, false}}},
	{"that of all, or a shortage, while others are answered",
		{{100, 101, 0, 0, false, false, false}, {99, 102, ERR_PROXY, 0, false, true, false},
			{99, 103, ERR_SHORT, 0, true, true, false},
			{200, 201, ERR_ROUTE, 0, false, true, true},
			{202, 203, ERR_SHORT, 0, false, true, true},
			{204, 205, ERR_ROUTE, 0, false, true, true}}},
};

static void tell(const char *label, struct outage *o, const struct end *end)
{
	bool own_proxy = end->code == OWN_PROXY;
	struct err e = {
		.code = own_proxy ? ERR_PROXY : end->code, .text = "no name server answered"};
	struct outage_attempt attempt = {
		.error = end->code ? &e : NULL,
		.began_ms = end->began_s * S,
		.now_ms = end->now_s * S,
		.before_ms = end->before_s ? end->before_s * S : TIME_NONE,
		.known_bad = end->known_bad,
		.own_proxy = own_proxy,
	};
	bool excused = outage_excuses(o, &attempt);

	if (excused != end->excused || o->down != end->down)
		fail_msg("%s, at %lld s: excused %d, down %d", label, (long long)end->now_s,
			excused, o->down);
}

static void test_whose_fault(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
		struct outage o = {.answered_ms = TIME_NONE};

		for (size_t n = 0; n < 8 && stories[i].ends[n].now_s; n++)
			tell(stories[i].label, &o, &stories[i].ends[n]);
	}
}

/* Probes come at once, then less and less often, but at least once a minute. */
static void test_probes(void **state)
{
	static const int64_t waits_s[] = {1, 2, 4, 8, 16, 32, 60, 60};
	struct outage o = {.answered_ms = TIME_NONE};

	(void)state;
	for (size_t round = 0; round < 2; round++) {
		for (int64_t n = 0; n < 8; n++) {
			tell("probes", &o,
				&(struct end){100 + n, 101 + n, ERR_ROUTE, 0, false, true, true});
			assert_int_equal(o.probe_wait_ms, waits_s[n] * S);
		}
		assert_string_equal(o.text, "no name server answered");
		tell("no probe", &o, &(struct end){110, 110, OWN_PROXY, 0, false, true, true});
		assert_int_equal(o.probes, 7);
		tell("up", &o, &(struct end){200, 201, 0, 0, false, false, false});
		o.answered_ms = 0;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		line_test("A25", test_whose_fault),
		line_test("A25 B14", test_probes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
