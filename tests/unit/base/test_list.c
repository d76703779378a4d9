/* Tests of the intrusive list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/list.h"

struct bead {
	int number;
	struct list node;
};

static int number_of(struct list *node)
{
	return node ? container_of(node, struct bead, node)->number : 0;
}

static void test_order(void **state)
{
	struct bead beads[3] = {{.number = 1}, {.number = 2}, {.number = 3}};
	struct list head;
	int expected = 1;

	(void)state;
	list_init(&head);
	assert_true(list_empty(&head));
	assert_null(list_pop(&head));
	for (int i = 0; i < 3; i++)
		list_push(&head, &beads[i].node);
	assert_false(list_empty(&head));
	list_for_each (node, &head)
		assert_int_equal(number_of(node), expected++);
	assert_int_equal(expected, 4);
	for (int i = 1; i <= 3; i++)
		assert_int_equal(number_of(list_pop(&head)), i);
	assert_true(list_empty(&head));
}

static void test_remove(void **state)
{
	struct bead beads[3] = {{.number = 1}, {.number = 2}, {.number = 3}};
	struct list head;

	(void)state;
	list_init(&head);
	for (int i = 0; i < 3; i++)
		list_push(&head, &beads[i].node);
	list_remove(&beads[1].node);
	list_remove(&beads[1].node); /* in no list any more: harmless */
	assert_true(list_empty(&beads[1].node));
	assert_int_equal(number_of(list_pop(&head)), 1);
	assert_int_equal(number_of(list_pop(&head)), 3);
	assert_null(list_pop(&head));
}

static void test_remove_while_walking(void **state)
{
	struct bead beads[4] = {{.number = 1}, {.number = 2}, {.number = 3}, {.number = 4}};
	struct list head;
	int seen = 0;

	(void)state;
	list_init(&head);
	for (int i = 0; i < 4; i++)
		list_push(&head, &beads[i].node);
	list_for_each_safe (node, &head) {
		seen++;
		if (number_of(node) % 2 == 0)
			list_remove(node);
	}
	assert_int_equal(seen, 4);
	assert_int_equal(number_of(list_pop(&head)), 1);
	assert_int_equal(number_of(list_pop(&head)), 3);
	assert_true(list_empty(&head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_remove),
		cmocka_unit_test(test_remove_while_walking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
