/* No memory for the schedule: what was asked is refused whole, and asked again it is as if nothing
 * had been. */
#include "schedule.h"
#include "support/fault_each.h"

/* So many of each that every table has to grow. */
enum { FEEDS = 150, GROUPS = 100, GAP_MS = 2000 };

static int64_t group_of(int64_t feed)
{
	return 1000 + feed % GROUPS;
}

static int put_again(struct schedule *s, int64_t feed)
{
	int status = schedule_put(s, feed, group_of(feed), feed);

	if (status)
		assert_int_equal(schedule_put(s, feed, group_of(feed), feed), 0);
	assert_int_equal(schedule_counts(s, 0).feeds, feed);
	return status;
}

/* Every feed has its turn, and is forgotten. */
static void assert_whole(struct schedule *s)
{
	int64_t id, sum = 0;

	for (int64_t now_ms = 0; sum < FEEDS * (FEEDS + 1) / 2; now_ms += GAP_MS) {
		assert_true(now_ms <= 3 * GAP_MS);
		while (schedule_take(s, now_ms, &id)) {
			sum += id;
			schedule_remove(s, id);
			assert_false(schedule_finish(s, id, now_ms));
		}
	}
	assert_int_equal(schedule_counts(s, 0).feeds, 0);
	assert_int_equal(schedule_wait_ms(s, 0), -1);
}

static int fill(void *ctx)
{
	const struct schedule_options options = {.gap_ms = GAP_MS, .group_connections = 2};
	struct schedule *s = schedule_create(&options);
	int status = 0;

	(void)ctx;
	if (!s)
		return ERR_NOMEM;
	for (int64_t feed = 1; feed <= FEEDS; feed++) {
		int rv = put_again(s, feed);

		status = status ? status : rv;
	}
	assert_whole(s);
	schedule_destroy(s);
	return status;
}

/* Groups that are known by redirects and servers' wishes alone. Without memory a redirect waits
 * as long as any; a wish is forgotten. */
static int go_elsewhere(void *ctx)
{
	const struct schedule_options options = {.gap_ms = GAP_MS, .group_connections = 1};
	struct schedule *s = schedule_create(&options);

	(void)ctx;
	if (!s)
		return ERR_NOMEM;
	for (int64_t key = 1; key <= GROUPS; key++) {
		struct visit *there = NULL, *held = NULL;
		int64_t wait_ms = schedule_admit(s, &there, 0, key, 0, INT64_MAX);

		assert_true(wait_ms == 0 || wait_ms == GAP_MS);
		schedule_limit(s, 1000 + key, 500, 2);
		schedule_hold(s, 2000 + key, 10);
		wait_ms = schedule_admit(s, &held, 0, 2000 + key, 0, INT64_MAX);
		assert_true(wait_ms == -10 || wait_ms == 0 || wait_ms == GAP_MS);
		schedule_leave(s, there);
		schedule_leave(s, held);
		assert_false(schedule_visited(s));
	}
	schedule_destroy(s);
	return 0;
}

static void test_schedule(void **state)
{
	(void)state;
	assert_true(fault_each(fill, NULL, NULL, NULL, 0) > FEEDS + GROUPS);
	assert_true(fault_each(go_elsewhere, NULL, NULL, NULL, 0) > 3 * GROUPS);
	schedule_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_schedule)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
