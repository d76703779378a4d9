/* openapi.json tells of every route what it takes and what it answers, and nothing of what there is
 * not. */
#include "support/data.h"
#include "unit/api/answers.h"

/* What "#/a/b" stands for. */
static json_t *resolve(json_t *root, const char *reference)
{
	char copy[200], *rest = copy;
	json_t *at = root;

	snprintf(copy, sizeof(copy), "%s", reference + 2);
	for (char *part = strsep(&rest, "/"); part; part = strsep(&rest, "/"))
		at = json_object_get(at, part);
	if (!at)
		fail_msg("%s is nowhere", reference);
	return at;
}

/* All references lead somewhere, and no object takes what it does not name, or names it twice in
 * short. */
static void walk(json_t *root, json_t *at)
{
	const char *reference = json_string_value(json_object_get(at, "$ref"));
	json_t *value;
	const char *key;
	size_t i;

	if (reference)
		(void)resolve(root, reference);
	if (json_object_get(at, "required") && json_object_get(at, "properties"))
		assert_true(json_is_false(json_object_get(at, "additionalProperties")));
	assert_null(json_object_get(at, "extends"));
	json_object_foreach(at, key, value) walk(root, value);
	json_array_foreach(at, i, value) walk(root, value);
}

static json_t *operation_of(json_t *root, const struct route *r)
{
	char method[16] = "";

	for (size_t i = 0; i < 15 && llhttp_method_name(r->method)[i]; i++)
		method[i] = (char)(llhttp_method_name(r->method)[i] | 0x20);
	return json_object_get(json_object_get(json_object_get(root, "paths"), r->path), method);
}

static void assert_params(const json_t *list, const struct route *r)
{
	size_t wanted = strchr(r->path, '{') ? 1 : 0;
	const json_t *one;
	size_t i;

	for (int n = 0; n < PARAMS; n++)
		wanted += (r->params & PARAM_BIT(n)) && param_specs[n].type != PARAM_TYPE_MISSING;
	assert_int_equal(json_array_size(list), wanted);
	json_array_foreach(list, i, one)
		assert_true(json_is_true(json_object_get(one, "required")) ==
			    (strcmp(text_of(one, "in"), "path") == 0));
}

static void assert_body(const json_t *body, const struct route *r)
{
	json_t *schema = json_object_get(
		json_object_get(json_object_get(body, "content"), "application/json"), "schema");
	size_t wanted = 0, required = 0;

	assert_true(!body == (r->members == 0));
	if (r->members == BODY_LIST || r->members == 0)
		return;
	for (int n = 0; n < MEMBERS; n++) {
		wanted += (r->members & MEMBER_BIT(n)) != 0;
		required += (r->required & MEMBER_BIT(n)) != 0;
	}
	assert_int_equal(json_object_size(json_object_get(schema, "properties")), wanted);
	assert_int_equal(json_array_size(json_object_get(schema, "required")), required);
}

/* Of a success: one that may have a body, of what it is. */
static void assert_answers(json_t *responses, const struct route *r)
{
	int good = 0;
	json_t *value;
	const char *key;

	json_object_foreach(responses, key, value)
	{
		const json_t *content = json_object_get(value, "content");

		good += key[0] == '2';
		if (key[0] == '2')
			assert_true(!content == (strcmp(key, "204") == 0));
	}
	if (good != 1)
		fail_msg("answers.json does not tell what %s %s answers",
			llhttp_method_name(r->method), r->path);
	assert_non_null(json_object_get(responses, "default"));
	assert_true(r->where != ROUTE_TOLD || json_object_get(responses, "304"));
}

static void test_routes(void **state)
{
	char *text = data_read_path(SOURCE_DIR "/daemon/api/answers.json", NULL);
	json_t *file = json_loads(text, 0, NULL), *root;
	size_t count, native = 0;
	const struct route *table = routes_table(&count);
	struct world w;

	(void)state;
	fill(&w);
	root = ask_json(&w, "GET", "/api/v1/openapi.json", NULL, 200);
	assert_string_equal(text_of(root, "openapi"), "3.1.0");
	for (size_t i = 0; i < count; i++) {
		json_t *operation = operation_of(root, &table[i]);

		if (strncmp(table[i].path, "/api/v1", 7) != 0) {
			assert_null(operation);
			continue;
		}
		native++;
		assert_answers(json_object_get(operation, "responses"), &table[i]);
		assert_non_null(text_of(operation, "summary"));
		assert_params(json_object_get(operation, "parameters"), &table[i]);
		assert_body(json_object_get(operation, "requestBody"), &table[i]);
	}
	assert_int_equal(json_object_size(json_object_get(file, "answers")), native);
	json_decref(root);
	json_decref(file);
	free(text);
	world_close(&w);
}

static void test_schemas(void **state)
{
	static const char *const names[] = {"id", "html", "text", "labels"};
	json_t *root, *item;
	struct world w;

	(void)state;
	fill(&w);
	root = ask_json(&w, "GET", "/api/v1/openapi.json", NULL, 200);
	walk(root, root);
	item = resolve(root, "#/components/schemas/ShownItem");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_non_null(json_object_get(json_object_get(item, "properties"), names[i]));
	assert_int_equal(json_array_size(json_object_get(item, "required")), 0);
	item = resolve(root, "#/components/schemas/Item");
	assert_int_equal(json_array_size(json_object_get(item, "required")),
		json_object_size(json_object_get(item, "properties")));
	assert_int_equal(
		json_array_size(resolve(root, "#/components/schemas/Problem/properties/code/enum")),
		PROBLEM_KINDS - 1);
	json_decref(root);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_schemas),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
