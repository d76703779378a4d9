/* The printed form: order, escapes, what is left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "parse/parse.h"

static void check(const struct feed_content *feed, const char *want)
{
	struct buf out;

	buf_init(&out, 4096);
	parse_print(feed, &out);
	assert_int_equal(buf_status(&out), 0);
	assert_string_equal(buf_string(&out), want);
	buf_finish(&out);
}

static void test_empty(void **state)
{
	struct feed_content feed = {
		.format = FORMAT_RSS20,
		.complete = true,
		.published_ms = TIME_NONE,
		.updated_ms = TIME_NONE,
		.ttl_min = -1,
		.update_interval_min = -1,
		.update_base_ms = TIME_NONE,
	};

	(void)state;
	check(&feed, "{\"format\":\"rss20\",\"items\":[]}");
	feed.complete = false;
	feed.repaired = true;
	feed.encoding = "utf-8";
	feed.ttl_min = 0;
	check(&feed, "{\"format\":\"rss20\",\"repaired\":true,\"complete\":false,\"encoding\":"
		     "\"utf-8\",\"ttl\":0,\"items\":[]}");
}

static void test_full(void **state)
{
	struct remark remark = {.text = (char[]){"odd"}};
	struct person nobody = {0}, person = {.name = (char[]){"A \"B\""},
					    .email = (char[]){"a@b"},
					    .uri = (char[]){"u"}};
	struct category category = {.name = (char[]){"c\nd"}};
	struct enclosure unknown = {.url = (char[]){"y"}, .length_bytes = -1};
	struct enclosure enclosure = {
		.url = (char[]){"x"}, .type = (char[]){"t"}, .length_bytes = 0, .next = &unknown};
	struct item item = {.id = (char[]){"1"},
		.authors = &person,
		.published_ms = 0,
		.updated_ms = 1500,
		.categories = &category,
		.enclosures = &enclosure,
		.thumbnail = (char[]){"\xE2\x80\xA8</script>"}};
	struct feed_content feed = {.format = FORMAT_JSON11,
		.complete = true,
		.problems = &remark,
		.title = (char[]){"t"},
		.published_ms = TIME_NONE,
		.updated_ms = -1000,
		.ttl_min = 60,
		.update_interval_min = 30,
		.update_base_ms = 0,
		.skip_hours = 1 | 1 << 23,
		.skip_days = 1 << 6,
		.extensions = (char[]){"{\"a:b\":\"c\"}"},
		.hub = (char[]){"h"},
		.self = (char[]){"s"},
		.next_page = (char[]){"n"},
		.items = &item};

	(void)state;
	person.next = &nobody;
	check(&feed, "{\"format\":\"json11\",\"problems\":[\"odd\"],\"title\":\"t\",\"updated\":"
		     "\"1969-12-31T23:59:59Z\",\"hub\":\"h\","
		     "\"self\":\"s\",\"next\":\"n\",\"ttl\":60,\"update_interval\":30,"
		     "\"update_base\":\"1970-01-01T00:00:00Z\",\"skip_hours\":[0,23],"
		     "\"skip_days\":[6],\"extensions\":{\"a:b\":\"c\"},\"items\":[{\"id\":\"1\","
		     "\"authors\":[{\"name\":\"A \\\"B\\\"\","
		     "\"email\":\"a@b\",\"uri\":\"u\"},{}],\"published\":\"1970-01-01T00:00:00Z\","
		     "\"updated\":\"1970-01-01T00:00:01.500Z\",\"categories\":[\"c\\nd\"],"
		     "\"enclosures\":[{\"url\":\"x\","
		     "\"type\":\"t\",\"length\":0},{\"url\":\"y\"}],\"thumbnail\":\"\\u2028</"
		     "script>\"}]}");
}

static void test_error(void **state)
{
	struct err e = {0};
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	err_set(&e, ERR_NOT_FEED, "an \"HTML\" page");
	parse_print_error(&e, NULL, &out);
	assert_string_equal(buf_string(&out),
		"{\"error\":{\"code\":\"not-a-feed\",\"detail\":\"an \\\"HTML\\\" page\"}}");
	buf_reset(&out);
	e = (struct err){.code = ERR_NOMEM};
	parse_print_error(&e, NULL, &out);
	assert_string_equal(buf_string(&out),
		"{\"error\":{\"code\":\"out-of-memory\",\"detail\":\"out of memory\"}}");
	buf_finish(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
