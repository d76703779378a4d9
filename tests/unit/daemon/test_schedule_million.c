/* A million feeds in the schedule: what they take, and what a turn costs among them (B11). */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "schedule.h"
#include "support/lines.h"

#define S 1000LL

enum { MILLION = 1000000, HOUR_S = 3600 };

/* Under a sanitizer malloc() keeps no account: 0. */
static size_t memory_in_use(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

static int64_t cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static struct schedule *make(void)
{
	static const struct schedule_options options = {.gap_ms = 0, .group_connections = 1};
	struct schedule *s = schedule_create(&options);

	assert_non_null(s);
	return s;
}

static void put(struct schedule *s, int64_t feed, const char *group, int64_t due_ms)
{
	assert_int_equal(schedule_put(s, feed, schedule_group(group), due_ms), 0);
}

/* Each with a due time within a day, none in the first hour. */
static struct schedule *make_million(void)
{
	struct schedule *s = make();

	for (int64_t i = 1; i <= MILLION; i++)
		put(s, i, "a:80", HOUR_S * S + i * 7919 % (23 * HOUR_S) * S);
	return s;
}

/* What a feed costs here, with its share of the tables; its group, when it has one of its own,
 * apart. */
static void test_a_feed_is_small(void **state)
{
	size_t before = memory_in_use(), bytes;
	struct schedule *s = make_million();

	(void)state;
	bytes = memory_in_use() - before;
	if (bytes)
		assert_in_range(bytes / MILLION, 56, 106);
	schedule_destroy(s);
}

/* Whether something is due only the next one tells: a look at each would take a millisecond and
 * more. */
static void test_looking_costs_nothing(void **state)
{
	enum { LOOKS = 100000, LOOK_MAX_US = 10 };
	struct schedule *s = make_million();
	int64_t feed, began_us = cpu_us();

	(void)state;
	for (int i = 0; i < LOOKS; i++) {
		assert_false(schedule_take(s, i * 10, &feed));
		assert_true(schedule_wait_ms(s, i * 10) > 0);
	}
	assert_in_range(cpu_us() - began_us, 0, LOOKS * LOOK_MAX_US);
	schedule_destroy(s);
}

/* How long it takes until a feed was due, started and put back, among so many, in ns. */
static int64_t turn_ns(int feeds)
{
	enum { TURNS = 20000 };
	struct schedule *s = make();
	int64_t feed = 0, now_ms = 0, began_us;

	for (int64_t i = 1; i <= feeds; i++)
		put(s, i, i % 2 ? "a:80" : "b:80", i * 7919 % feeds * 2 * S);
	began_us = cpu_us();
	for (int i = 0; i < TURNS; now_ms += S) {
		while (schedule_take(s, now_ms, &feed)) {
			schedule_finish(s, feed, now_ms + (feeds + feed * 31 % feeds) * S);
			i++;
		}
	}
	began_us = cpu_us() - began_us;
	schedule_destroy(s);
	return began_us * 1000 / TURNS;
}

/* A thousand times as many feeds cost twice as many steps of a heap, not a thousand times as much;
 * what a processor's caches make of it is allowed for. */
static void test_turns_cost_logarithms(void **state)
{
	int64_t few_ns = INT64_MAX, many_ns = INT64_MAX;

	(void)state;
	for (int i = 0; i < 2; i++) {
		int64_t few = turn_ns(1000), many = turn_ns(MILLION);

		few_ns = few < few_ns ? few : few_ns;
		many_ns = many < many_ns ? many : many_ns;
	}
	assert_in_range(many_ns, 0, 150 * few_ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		line_test("B11", test_a_feed_is_small),
		line_test("B11", test_looking_costs_nothing),
		line_test("B11", test_turns_cost_logarithms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
