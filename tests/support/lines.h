/* A cmocka test that shows lines of the card of manners (tests/manners/manners.py). */
#ifndef TESTS_SUPPORT_LINES_H
#define TESTS_SUPPORT_LINES_H

/* In place of cmocka_unit_test(f): line_test("A2 A7", test_x). */
#define line_test(numbers, f)                                                                      \
	{                                                                                          \
		numbers ": " #f, f, NULL, NULL, NULL                                               \
	}

#endif
