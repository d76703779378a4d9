/* What the schedule decides and what the socket tells of it have the same words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "api/why.h"
#include "interval.h"

/* What is stored of a decision is told with every rule and every level in words. */
static void test_every_rule_has_words(void **state)
{
	const struct api_waiting waiting = {API_WAIT_TIME, TIME_NONE};

	(void)state;
	for (int cause = 0; cause <= CAUSE_MAX; cause++) {
		for (int level = 0; level <= LEVEL_LEARNED; level++) {
			struct interval_decision d = {.count = 1,
				.candidates = {{(enum interval_cause)cause,
					(enum interval_level)level, 5000}}};
			char plan[INTERVAL_PLAN_BYTES], rule[100], name[32] = "", from[32] = "";
			struct feed feed = {.learned = {.plan = plan, .gap_ms = TIME_NONE}};
			struct json j;
			struct buf out;

			interval_plan(&d, plan);
			assert_int_equal(sscanf(plan, "%31[^/]/%31[^/]/", name, from), 2);
			snprintf(rule, sizeof(rule), "[{\"rule\":\"%s\",\"level\":\"%s\"", name,
				level == LEVEL_DOCUMENT ? "publisher" : from);
			buf_init(&out, 10000);
			json_init(&j, &out);
			json_put_object(&j, NULL);
			why_members(&j, &feed, &waiting);
			json_end(&j);
			if (!strstr(buf_string(&out), rule) ||
				!strstr(buf_string(&out), "\"due\":\"1970-01-01T00:00:05.000Z\""))
				fail_msg("%s: %s", plan, buf_string(&out));
			buf_finish(&out);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_rule_has_words)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
