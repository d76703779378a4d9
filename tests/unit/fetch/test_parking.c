/* Tests of silent servers: they lend their slots, up to a number, and take them back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fetch_world.h"
#include "limits.h"
#include "support/lines.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<a/>"

enum { SLOTS = 1, SILENT_MAX = SLOTS * FETCH_PARKED_FACTOR };

static int rooms;

static void on_room(void *ctx)
{
	(void)ctx;
	rooms++;
}

static void world_of_one_slot(struct world *w)
{
	world_open(w);
	w->options.connections_max = SLOTS;
	w->options.total_timeout_ms = 6000;
	assert_int_equal(fetcher_configure(w->fetcher, &w->options), 0);
	server_route(&w->server, "/", KEEP, OK);
	server_bytes(&w->server, "/silent", SILENT, NULL, 0);
	server_route(&w->server, "/body", SILENT, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<a");
}

/* What is silent, at whatever stage, keeps no other waiting for longer than the patience there is.
 */
static void test_silent_ones_keep_nobody_waiting(void **state)
{
	const char *const stages[] = {"/silent", "/body", "http://silent.test/"};
	struct got silent, good;
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
		rooms = 0;
		world_of_one_slot(&w);
		fetcher_on_room(w.fetcher, on_room, NULL);
		got_init(&silent, &w, stages[i]);
		assert_int_equal(fetch_start(w.fetcher, &silent.request), 0);
		get(&good, &w, "/");
		expect_document(&good, "<a/>");
		assert_int_equal(silent.done, 0);
		assert_int_equal(fetcher_parked(w.fetcher), 1);
		assert_int_equal(rooms, 1);
		fetch_cancel(w.fetcher, &silent.request);
		loop_run_until(&w.loop, &silent.done, WORLD_LIMIT_MS);
		assert_int_equal(fetcher_parked(w.fetcher), 0);
		got_finish(&silent);
		got_finish(&good);
		world_close(&w);
	}
}

/* So many and no more: the next one waits until one of them has timed out. */
static void test_parked_ones_are_bounded(void **state)
{
	struct got silent[SILENT_MAX + SLOTS], good;
	struct world w;
	int ended = 0;

	(void)state;
	world_of_one_slot(&w);
	for (int i = 0; i < SILENT_MAX + SLOTS; i++) {
		got_init(&silent[i], &w, "/silent");
		assert_int_equal(fetch_start(w.fetcher, &silent[i].request), 0);
	}
	get(&good, &w, "/");
	expect_document(&good, "<a/>");
	for (int i = 0; i < SILENT_MAX + SLOTS; i++)
		ended += silent[i].done;
	assert_true(ended > 0);
	assert_true(fetcher_parked(w.fetcher) <= SILENT_MAX);
	for (int i = 0; i < SILENT_MAX + SLOTS; i++) {
		if (!silent[i].done)
			fetch_cancel(w.fetcher, &silent[i].request);
		loop_run_until(&w.loop, &silent[i].done, WORLD_LIMIT_MS);
		got_finish(&silent[i]);
	}
	got_finish(&good);
	world_close(&w);
}

static void test_how_many(void **state)
{
	(void)state;
	assert_int_equal(fetch_parked_max(1), 9);
	assert_int_equal(fetch_parked_max(100), 900);
	assert_int_equal(fetch_parked_max(1000), FETCH_PARKED_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		line_test("B7", test_silent_ones_keep_nobody_waiting),
		cmocka_unit_test(test_parked_ones_are_bounded),
		cmocka_unit_test(test_how_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
