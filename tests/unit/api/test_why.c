/* Why a feed is polled when it is, as members of its JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "api/why.h"

#define NOTHING                                                                                    \
	"\"rhythm\":{\"item_every_s\":null,\"usual_s\":null,\"items_in_document\":0,"              \
	"\"missed\":null}"
#define BY_IDS                                                                                     \
	"\"identity\":{\"rule\":\"id\",\"reason\":null,\"since\":null,\"items\":0,"                \
	"\"rekeyed\":null,\"rekeyed_items\":0,\"text\":\"by their ids\"}"
#define NO_WHY     "\"why\":{\"text\":null,\"candidates\":[]}"
#define NO_LEVEL   "\"grouping\":{\"level\":null,\"from\":\"daemon\"}"
#define WAITS_TIME "\"waits\":{\"for\":\"due-time\",\"until\":null,\"text\":\"its time\"}"

static const struct {
	struct feed feed;
	struct api_waiting waiting;
	const char *json; /* a part of it */
} cases[] = {
	/* never polled: all of it */
	{{0}, {API_WAIT_TIME, TIME_NONE},
		"{" NO_WHY "," NO_LEVEL "," WAITS_TIME "," NOTHING "," BY_IDS
		",\"move\":{\"polls\":0,\"polls_needed\":3,\"not_before\":null,\"moved\":null,"
		"\"from\":[]},\"repairs\":[],\"fetches\":[]}"},

	{{.moved_url = "http://b.example/", .learned = {.moved_ms = 1000, .moved_count = 2}},
		{API_WAIT_TIME, TIME_NONE},
		"\"move\":{\"polls\":2,\"polls_needed\":3,"
		"\"not_before\":\"1970-01-03T00:00:01.000Z\",\"moved\":null,\"from\":[]}"},
	{{.former = "http://ann:s@a.example/ http://b.example/", .learned = {.moved_ms = 1000}},
		{API_WAIT_TIME, TIME_NONE},
		"\"not_before\":null,\"moved\":\"1970-01-01T00:00:01.000Z\","
		"\"from\":[\"http://a.example/\",\"http://b.example/\"]}"},

	{{.learned = {.plan = "window/learned/2000 no-validators/learned/-"}},
		{API_WAIT_TIME, TIME_NONE},
		"shortened so that none is missed\",\"source\":\"a first guess: too little is "
		"known "
		"yet\"},{\"rule\":\"no-validators\",\"level\":\"learned\",\"due\":null,\"text\":"
		"\"without validators every answer is a whole document\",\"source\":\"seen by "
		"polling\"}"},
	{{.due_reason = "every 2h",
		 .learned = {.plan = "rhythm/learned/2000 ttl/document/-", .usual_ms = 1}},
		{API_WAIT_SERVER, 61000},
		"\"why\":{\"text\":\"every 2h\",\"candidates\":["
		"{\"rule\":\"rhythm\",\"level\":\"learned\",\"due\":\"1970-01-01T00:00:02.000Z\","
		"\"text\":\"the rhythm of its items\",\"source\":\"seen by polling\"},"
		"{\"rule\":\"ttl\",\"level\":\"publisher\",\"due\":null,"
		"\"text\":\"the feed is good until then (ttl)\",\"source\":\"said in the "
		"feed\"}]}," NO_LEVEL ","
		"\"waits\":{\"for\":\"host-held\",\"until\":\"1970-01-01T00:01:01.000Z\","
		"\"text\":\"its server asked to be left alone\"}"},

	/* what later versions or a damaged row have */
	{{.learned = {.plan = "moon/learned/1 rhythm/moon/1 rhythm/learned rhythm//1 / x  y "
			      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/feed/1"}},
		{API_WAIT_TIME, TIME_NONE}, NO_WHY},
	{{.learned = {.fetches = "nonsense\n\n1 ok\n1 ok 200 x 1 1\n"}}, {API_WAIT_TIME, TIME_NONE},
		"\"fetches\":[]"},

	{{.learned = {.rhythm_items = 2,
		  .rhythm_ms = 7200000,
		  .usual_ms = 3600000,
		  .window = 15,
		  .gap_ms = 1000}},
		{API_WAIT_TIME, TIME_NONE},
		"\"rhythm\":{\"item_every_s\":3600,\"usual_s\":3600,\"items_in_document\":15,"
		"\"missed\":\"1970-01-01T00:00:01.000Z\"}"},
	{{.learned = {.rhythm_items = 1e-300, .rhythm_ms = 1e300}}, {API_WAIT_TIME, TIME_NONE},
		"\"item_every_s\":null"},

	{{.learned = {.repairs = "undeclared entity\n\"&\" that begins no reference"}},
		{API_WAIT_TIME, TIME_NONE},
		"\"repairs\":[\"undeclared entity\",\"\\\"&\\\" that begins no reference\"]"},

	{{.identity = 1, .identity_note = "renewed 1000 12 0 5000 14"}, {API_WAIT_TIME, TIME_NONE},
		"\"identity\":{\"rule\":\"link\",\"reason\":\"renewed\","
		"\"since\":\"1970-01-01T00:00:01.000Z\",\"items\":12,"
		"\"rekeyed\":\"1970-01-01T00:00:05.000Z\",\"rekeyed_items\":14,"
		"\"text\":\"by their links, else title and text: they have new ids at each "
		"poll\"}"},
	{{.identity = 2, .identity_note = "renewed 1000 3 0 0 0"}, {API_WAIT_TIME, TIME_NONE},
		"{\"rule\":\"text\",\"reason\":\"renewed\",\"since\":\"1970-01-01T00:00:01.000Z\","
		"\"items\":3,\"rekeyed\":null,"},
	{{.identity_note = "none 0 0 1 5000 14"}, {API_WAIT_TIME, TIME_NONE},
		"\"rule\":\"id\",\"reason\":null,\"since\":null,\"items\":0,"
		"\"rekeyed\":\"1970-01-01T00:00:05.000Z\""},
	{{.identity = 7, .identity_note = "nonsense"}, {API_WAIT_TIME, TIME_NONE}, BY_IDS},

	{{.learned = {.fetches = "5000 timed-out 0 0 30000 0\n1000 ok 200 1548 12 3\n"}},
		{API_WAIT_TIME, TIME_NONE},
		"\"fetches\":[{\"time\":\"1970-01-01T00:00:05.000Z\",\"outcome\":\"timed-out\","
		"\"http_status\":null,\"bytes\":0,\"duration_ms\":30000,\"new_items\":0},"
		"{\"time\":\"1970-01-01T00:00:01.000Z\",\"outcome\":\"ok\",\"http_status\":200,"
		"\"bytes\":1548,\"duration_ms\":12,\"new_items\":3}]}"},

	{{.folder_stories = GROUPING_OFF, .daemon_stories = GROUPING_WIDE},
		{API_WAIT_NOTHING, TIME_NONE},
		"\"grouping\":{\"level\":\"off\",\"from\":\"folder\"}"},

	{{0}, {API_WAIT_NOTHING, TIME_NONE}, "\"for\":\"nothing\""},
	{{0}, {API_WAIT_POLL, TIME_NONE}, "\"for\":\"answer\""},
	{{0}, {API_WAIT_HOST, TIME_NONE}, "\"for\":\"host-limited\""},
	{{0}, {API_WAIT_TURN, TIME_NONE}, "\"for\":\"global-limited\""},
	{{0}, {API_WAIT_NETWORK, TIME_NONE}, "\"for\":\"network\""},
	{{0}, {API_WAIT_STORE, TIME_NONE}, "\"for\":\"database\""},
};

static void test_members(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct feed feed = cases[i].feed;
		struct json j;
		struct buf out;

		if (!feed.learned.gap_ms)
			feed.learned.gap_ms = TIME_NONE;
		buf_init(&out, 100000);
		json_init(&j, &out);
		json_put_object(&j, NULL);
		why_members(&j, &feed, &cases[i].waiting);
		json_end(&j);
		assert_int_equal(buf_status(&out), 0);
		if (!strstr(buf_string(&out), cases[i].json))
			fail_msg("%zu: %s", i, buf_string(&out));
		buf_finish(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_members)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
