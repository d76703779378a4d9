/* The limit of descriptors is raised as far as the system allows, and no further. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <cmocka.h>

#include "config.h"
#include "descriptors.h"
#include "support/data.h"

static void limit(rlim_t soft, rlim_t hard)
{
	struct rlimit l = {.rlim_cur = soft, .rlim_max = hard};

	assert_int_equal(setrlimit(RLIMIT_NOFILE, &l), 0);
}

static rlim_t soft(void)
{
	struct rlimit l;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &l), 0);
	return l.rlim_cur;
}

static void test_reserves(void **state)
{
	struct err e = {0};

	(void)state;
	limit(100, 200);
	assert_int_equal(descriptors_reserve(50, &e), 0);
	assert_int_equal(soft(), 100);
	assert_int_equal(descriptors_reserve(150, &e), 0);
	assert_int_equal(soft(), 150);
	assert_int_equal(descriptors_reserve(201, &e), ERR_INVALID);
	assert_non_null(strstr(e.text, "need 201 open files, but the system allows 200"));
}

/* What the unit allows is enough for the most that the configuration may ask for. */
static void test_unit_allows(void **state)
{
	static const struct config most = {.connections = 1000, .clients = 4096};
	char *unit = data_read_path(SOURCE_DIR "/systemd/tidingsd.service.in", NULL);
	const char *line = strstr(unit, "\nLimitNOFILE=");

	(void)state;
	assert_non_null(line);
	assert_true(
		strtoul(line + strlen("\nLimitNOFILE="), NULL, 10) >= config_descriptors(&most));
	free(unit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reserves),
		cmocka_unit_test(test_unit_allows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
