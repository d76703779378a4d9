/* What statements may be. */
#include "base/buf.h"
#include "fixture.h"

static int run_text(struct store_tx *tx, void *arg, struct err *e)
{
	return query_exec_values(tx, e, arg, NO_VALUES);
}

/* Nobody outside can write SQL; if somebody could, it would have to be small. */
static void test_c22_limits_of_statements(void **state)
{
	static const struct {
		const char *before, *part, *after;
		int good, bad; /* how often the part may be there, and may not */
	} cases[] = {
		{"SELECT 1", "+1", "", 50, 200},
		{"SELECT '", "x", "'", 10000, 20000},
		{"SELECT 1", " UNION SELECT 2", "", 3, 20},
		{"SELECT 1", ", 1", "", 50, 200},
		{"SELECT 'a' LIKE '", "%a", "'", 10, 100},
		{"SELECT 'a' GLOB '", "*a", "'", 10, 100},
		{"SELECT coalesce(1", ", 1", ")", 7, 50},
		{"SELECT length(zeroblob(1", "0", "))", 7, 8},
		{"SELECT ?", "1", "", 1, 3},
	};
	struct fixture f;
	struct err e;

	(void)state;
	fixture_open(&f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int bad = 0; bad < 2; bad++) {
			struct buf sql;

			buf_init(&sql, 100000);
			buf_puts(&sql, cases[i].before);
			for (int n = bad ? cases[i].bad : cases[i].good; n > 0; n--)
				buf_puts(&sql, cases[i].part);
			buf_puts(&sql, cases[i].after);
			int code = do_read(&f, run_text, sql.data, &e);
			if ((code < 0) != bad)
				fail_msg("%s...: %d %s", cases[i].before, code, e.text);
			buf_finish(&sql);
		}
	}
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_c22_limits_of_statements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
