/* The table of routes: it agrees with itself, with what is served, and with the manual. */
#include "support/data.h"
#include "unit/api/fixture.h"

/* A body that the route takes. */
static const char *body_of(const struct route *r)
{
	if (r->required & MEMBER_BIT(MEMBER_STORIES))
		return "{\"stories\":[1]}";
	if (r->required & MEMBER_BIT(MEMBER_ITEMS))
		return "{\"items\":[1]}";
	if (r->required & MEMBER_BIT(MEMBER_LABEL_NAME))
		return "{\"name\":\"x\"}";
	if (r->members & STATE_MEMBERS)
		return "{\"read\":true}";
	if (r->required & MEMBER_BIT(MEMBER_URL))
		return "{\"url\":\"https://x.example/\"}";
	return r->members ? "{\"stories\":null}" : NULL;
}

static void test_table(void **state)
{
	size_t count;
	const struct route *table = routes_table(&count);
	struct world w;

	(void)state;
	fill(&w);
	w.refresh_code = ERR_NOT_FOUND;
	for (size_t i = 0; i < count; i++) {
		const struct route *r = &table[i];
		const char *id = strchr(r->path, '{');
		char target[300];
		/* What changes something needs the right to, and runs as a write, or tells the
		 * loop. */
		assert_true(
			r->right == API_OWN || (r->method == HTTP_GET) == (r->right == API_READ));
		assert_true(
			r->method == HTTP_GET ? r->where != ROUTE_WRITE : r->where != ROUTE_READ);
		assert_true((r->where == ROUTE_LOOP) == (r->run == NULL));
		assert_true(r->run || r->reply);
		assert_int_equal(r->required & ~r->members, 0);
		/* Each is reached by its path, and each refuses what it does not know. */
		snprintf(target, sizeof(target), "%.*s%s%s?nothing=1",
			id ? (int)(id - r->path) : 200, r->path, id ? "99" : "",
			id ? strchr(id, '}') + 1 : "");
		if (r->params & PARAM_OTHERS)
			expect(&w, "GET", target, NULL, strchr(r->path, '*') ? 404 : 200, NULL);
		else
			expect(&w, llhttp_method_name(r->method), target, NULL, 400,
				"\"parameter\":\"nothing\"");
		target[strlen(target) - strlen("?nothing=1")] = '\0';
		if (id)
			expect(&w, llhttp_method_name(r->method), target, body_of(r), 404, NULL);
	}
	world_close(&w);
}

/* The entry of that name. */
static const char *assert_told(const char *manual, const char *macro, const char *name)
{
	char text[300];
	const char *entry;

	snprintf(text, sizeof(text), "\n.It %s %s\n", macro, name);
	entry = strstr(manual, text);
	if (!entry)
		fail_msg("the manual does not tell of \"%s\"", name);
	return entry;
}

/* Its entry names the parameters, as in ".Cm since , limit". */
static void assert_told_params(const char *entry, const struct route *r)
{
	const char *end = strstr(entry + 1, "\n.It");
	char name[40];

	for (int i = 0; i < PARAMS; i++) {
		if (!(r->params & PARAM_BIT(i)))
			continue;
		snprintf(name, sizeof(name), " %s", param_name((enum param)i));
		const char *at = strstr(entry, name);
		if (!at || at > end)
			fail_msg("the manual does not tell of \"%s\" of %s", name + 1, r->path);
	}
}

static void test_manual(void **state)
{
	char *manual = data_read_path(SOURCE_DIR "/daemon/api/tidings-api.7", NULL);
	char text[200];
	size_t count, told = 0;
	const struct route *table = routes_table(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "%s %s", llhttp_method_name(table[i].method),
			table[i].path);
		assert_told_params(assert_told(manual, "Ic", text), &table[i]);
	}
	for (const char *p = strstr(manual, "\n.It Ic "); p; p = strstr(p + 1, "\n.It Ic "))
		told++;
	assert_int_equal(told, count);
	for (int i = 0; i < PARAMS; i++)
		assert_told(manual, "Cm", param_name((enum param)i));
	for (int i = 0; i < MEMBERS; i++)
		assert_told(manual, "Va", member_name((enum member)i));
	for (int i = 1; i < PROBLEM_KINDS; i++)
		assert_told(manual, "Sy", problem_types[i].code);
	for (int i = 0; i < CHANGE_RESET; i++) {
		snprintf(text, sizeof(text), "%s.%s", change_kind_noun((enum change_kind)i),
			change_kind_op((enum change_kind)i));
		assert_non_null(strstr(manual, text));
	}
	free(manual);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_manual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
