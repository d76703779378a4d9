/* Servers that asked to be left alone, over a restart. */
#include "fixture.h"
#include "store/holds.h"

struct hold {
	const char *url;
	int64_t until_ms, now_ms;
};

static int put(struct store_tx *tx, void *arg, struct err *e)
{
	const struct hold *h = arg;

	return holds_put(tx, h->url, h->until_ms, h->now_ms, e);
}

struct listing {
	int64_t now_ms;
	int most, count;
	char text[200];
};

static int note(void *ctx, const char *url, int64_t until_ms)
{
	struct listing *l = ctx;
	size_t len = strlen(l->text);

	snprintf(l->text + len, sizeof(l->text) - len, "%s until %lld;", url,
		(long long)(until_ms - NOW));
	return ++l->count == l->most;
}

static int list(struct store_tx *tx, void *arg, struct err *e)
{
	struct listing *l = arg;

	return holds_list(tx, l->now_ms, note, l, e);
}

static void assert_holds(struct fixture *f, int64_t now_ms, int most, const char *wanted)
{
	struct listing l = {.now_ms = now_ms, .most = most};

	must_read(f, list, &l);
	assert_string_equal(l.text, wanted);
}

static void test_holds(void **state)
{
	struct hold holds[] = {
		{"http://a/", NOW + 50, NOW}, {"http://b/", NOW + 90, NOW},
		{"http://a/", NOW + 70, NOW}, /* longer: so it is */
		{"http://b/", NOW + 10, NOW}, /* never shortened */
	};
	struct fixture f;

	(void)state;
	fixture_open(&f);
	for (size_t i = 0; i < sizeof(holds) / sizeof(holds[0]); i++)
		must_write(&f, put, &holds[i]);
	stop(&f);
	assert_int_equal(try_open(&f, NULL), 0);
	start(&f);
	assert_holds(&f, NOW, 0, "http://a/ until 70;http://b/ until 90;");
	assert_holds(&f, NOW, 1, "http://a/ until 70;");
	assert_holds(&f, NOW + 70, 0, "http://b/ until 90;");
	assert_holds(&f, NOW + 90, 0, "");
	must_write(&f, put, &(struct hold){"http://c/", NOW + 99, NOW + 70});
	assert_int_equal(peek(f.path, "SELECT count(*) FROM hold"), 2); /* one is over */
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_holds)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
