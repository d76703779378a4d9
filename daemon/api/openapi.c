/* The interface as OpenAPI 3.1, from the tables by which requests are understood, and from
 * answers.json, which tells of answers in short. */
#include <jansson.h>
/* before base/json.h, whose names stand beside those of jansson */
#include <ctype.h>
#include <string.h>

#include "api/routes.h"

#define PREFIX "/api/v1"

/* Its member "about" tells how it is written. */
static const char answers_json[] = {
#include "api/answers.inc"
};

struct document {
	json_t *root, *answers, *schemas;
	bool failed; /* there was no memory for some part of it */
};

/* Takes `value`, which is NULL after a failure. */
static void set(struct document *d, json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) < 0)
		d->failed = true;
}

static void append(struct document *d, json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) < 0)
		d->failed = true;
}

/* -- schemas -- */

static json_t *reference(const char *schema)
{
	return json_pack("{s:o}", "$ref", json_sprintf("#/components/schemas/%s", schema));
}

static bool is_in(const json_t *names, const char *name)
{
	bool found = false;
	const json_t *one;
	size_t i;

	json_array_foreach(names, i, one)
	{
		found = found || strcmp(json_string_value(one), name) == 0 ||
			strcmp(json_string_value(one), "*") == 0;
	}
	return found;
}

static void expand(struct document *d, json_t *schema);

static json_t *expanded(struct document *d, json_t *schema)
{
	if (json_is_string(schema))
		return reference(json_string_value(schema));
	expand(d, schema);
	return json_incref(schema);
}

static void expand_object(struct document *d, json_t *schema)
{
	const json_t *base =
		json_object_get(d->schemas, json_string_value(json_object_get(schema, "extends")));
	json_t *all = json_object(), *required = json_array(), *value;
	const char *name;

	if (base && json_object_update(all, json_object_get(base, "properties")) < 0)
		d->failed = true;
	if (json_object_update(all, json_object_get(schema, "properties")) < 0)
		d->failed = true;
	json_object_foreach(all, name, value)
	{
		set(d, all, name, expanded(d, value));
		if (!is_in(json_object_get(schema, "optional"), name))
			append(d, required, json_string(name));
	}
	set(d, schema, "properties", all);
	set(d, schema, "required", required);
	set(d, schema, "additionalProperties", json_false());
	if (!json_object_get(schema, "type"))
		set(d, schema, "type", json_string("object"));
	json_object_del(schema, "extends");
	json_object_del(schema, "optional");
}

static void expand(struct document *d, json_t *schema)
{
	json_t *items = json_object_get(schema, "items"), *any = json_object_get(schema, "anyOf");

	if (json_object_get(schema, "additionalProperties"))
		return; /* by way of another one that extends it */
	if (items)
		set(d, schema, "items", expanded(d, items));
	for (size_t i = 0; i < json_array_size(any); i++) {
		if (json_array_set_new(any, i, expanded(d, json_array_get(any, i))) < 0)
			d->failed = true;
	}
	if (json_object_get(schema, "properties"))
		expand_object(d, schema);
}

/* -- what is asked -- */

static json_t *words_of(struct document *d, const char *words)
{
	json_t *array = json_array();

	for (size_t len; *words; words += len + (words[len] == ' ')) {
		len = strcspn(words, " ");
		append(d, array, json_stringn(words, len));
	}
	return array;
}

static json_t *param_schema(struct document *d, const struct param_spec *spec)
{
	switch (spec->type) {
	case PARAM_TYPE_INT:
		return json_pack("{s:s,s:I,s:I}", "type", "integer", "minimum",
			(json_int_t)spec->min, "maximum", (json_int_t)spec->max);
	case PARAM_TYPE_BOOL:
		return json_pack("{s:s}", "type", "boolean");
	case PARAM_TYPE_TIME:
		return json_pack("{s:s,s:s}", "type", "string", "format", "date-time");
	case PARAM_TYPE_WORD:
		return json_pack("{s:o}", "enum", words_of(d, spec->words));
	case PARAM_TYPE_SEQ:
		return json_pack("{s:s,s:s}", "type", "string", "pattern", "^([^-]+-)?[0-9]+$");
	case PARAM_TYPE_TEXT:
	case PARAM_TYPE_MISSING:
		break;
	}
	return json_pack("{s:s}", "type", "string");
}

static json_t *parameter(const char *name, const char *where, json_t *schema)
{
	return json_pack("{s:s,s:s,s:b,s:o}", "name", name, "in", where, "required",
		strcmp(where, "path") == 0, "schema", schema);
}

static json_t *parameters(struct document *d, const struct route *r)
{
	json_t *array = json_array();

	if (strstr(r->path, "{id}"))
		append(d, array, parameter("id", "path", reference("Id")));
	if (strstr(r->path, "{name}"))
		append(d, array, parameter("name", "path", reference("String")));
	for (int i = 0; i < PARAMS; i++) {
		const struct param_spec *spec = &param_specs[i];

		if (r->params & PARAM_BIT(i) && spec->type != PARAM_TYPE_MISSING)
			append(d, array, parameter(spec->name, "query", param_schema(d, spec)));
	}
	return array;
}

static json_t *members_schema(struct document *d, unsigned allowed, unsigned required);

static json_t *member_schema(struct document *d, enum member_type type)
{
	switch (type) {
	case MEMBER_TYPE_BOOL:
		return reference("Bool");
	case MEMBER_TYPE_ID:
		return reference("Id");
	case MEMBER_TYPE_IDS:
		return json_pack("{s:s,s:i,s:o}", "type", "array", "maxItems", API_IDS_MAX, "items",
			reference("Id"));
	case MEMBER_TYPE_LABEL:
		return json_pack("{s:s,s:i,s:i}", "type", "string", "minLength", 1, "maxLength",
			LABEL_NAME_MAX);
	case MEMBER_TYPE_LABELS:
		return json_pack("{s:s,s:i,s:o}", "type", "array", "maxItems", ITEM_LABELS_MAX,
			"items", member_schema(d, MEMBER_TYPE_LABEL));
	case MEMBER_TYPE_LEVEL:
		return reference("Level");
	case MEMBER_TYPE_NAME:
		return json_pack("{s:[ss],s:i,s:i}", "type", "string", "null", "minLength", 1,
			"maxLength", API_NAME_MAX);
	case MEMBER_TYPE_SECONDS:
		return json_pack("{s:[ss],s:i,s:i}", "type", "integer", "null", "minimum",
			API_INTERVAL_MIN_S, "maximum", API_INTERVAL_MAX_S);
	case MEMBER_TYPE_TIME:
		return json_pack("{s:s,s:s}", "type", "string", "format", "date-time");
	case MEMBER_TYPE_URL:
		return json_pack("{s:s,s:s,s:i}", "type", "string", "format", "uri", "maxLength",
			FETCH_URL_MAX);
	case MEMBER_TYPE_FILTER:
	case MEMBER_TYPE_STATE:
	case MEMBER_TYPE_TURN:
		break;
	}
	return members_schema(d, member_inside(type), 0);
}

static json_t *members_schema(struct document *d, unsigned allowed, unsigned required)
{
	json_t *properties = json_object(), *names = json_array();

	for (int i = 0; i < MEMBERS; i++) {
		const struct member_spec *spec = &member_specs[i];

		if (allowed & MEMBER_BIT(i))
			set(d, properties, spec->name, member_schema(d, spec->type));
		if (required & MEMBER_BIT(i))
			append(d, names, json_string(spec->name));
	}
	return json_pack("{s:s,s:o,s:o,s:b}", "type", "object", "properties", properties,
		"required", names, "additionalProperties", 0);
}

/* -- routes -- */

static json_t *content(const char *media, json_t *schema)
{
	return json_pack("{s:{s:o}}", media, "schema", schema);
}

static json_t *body(struct document *d, const struct route *r)
{
	json_t *what =
		r->members == BODY_LIST
			? content("text/x-opml", reference("String"))
			: content("application/json", members_schema(d, r->members, r->required));

	return json_pack("{s:o,s:b}", "content", what, "required",
		r->required != 0 || r->members == BODY_LIST);
}

/* A name of a schema, a media type, or null: no body. */
static json_t *response(const char *summary, const json_t *answer)
{
	const char *what = json_string_value(answer);

	if (!what)
		return json_pack("{s:s}", "description", summary);
	return json_pack("{s:s,s:o}", "description", summary, "content",
		strchr(what, '/') ? content(what, reference("String"))
				  : content("application/json", reference(what)));
}

static json_t *responses(struct document *d, const struct route *r, json_t *answer)
{
	const char *summary = json_string_value(json_object_get(answer, "summary"));
	json_t *object = json_object(), *value;
	const char *key;

	json_object_foreach(answer, key, value)
	{
		if (isdigit((unsigned char)key[0]))
			set(d, object, key, response(summary, value));
	}
	if (r->where == ROUTE_TOLD)
		set(d, object, "304", response("Nothing has changed", NULL));
	set(d, object, "default", json_pack("{s:s}", "$ref", "#/components/responses/Problem"));
	return object;
}

static void add_route(struct document *d, json_t *paths, const struct route *r)
{
	static const char *const rights[] = {
		[API_NONE] = "none", [API_READ] = "read", [API_WRITE] = "write", [API_OWN] = "own"};
	char key[200], method[16] = "";
	json_t *operation = json_object(), *answer, *path;

	snprintf(key, sizeof(key), "%s %s", llhttp_method_name(r->method), r->path);
	answer = json_object_get(d->answers, key);
	for (size_t i = 0; key[i] != ' ' && i + 1 < sizeof(method); i++)
		method[i] = (char)tolower((unsigned char)key[i]);
	if (answer)
		set(d, operation, "summary", json_incref(json_object_get(answer, "summary")));
	set(d, operation, "x-right", json_string(rights[r->right]));
	set(d, operation, "parameters", parameters(d, r));
	if (r->members)
		set(d, operation, "requestBody", body(d, r));
	set(d, operation, "responses", responses(d, r, answer));
	path = json_object_get(paths, r->path);
	if (!path)
		set(d, paths, r->path, path = json_object());
	set(d, path, method, operation);
}

static json_t *paths_of(struct document *d)
{
	json_t *paths = json_object();
	size_t count;
	const struct route *table = routes_table(&count);

	for (size_t i = 0; i < count; i++) {
		if (strncmp(table[i].path, PREFIX, strlen(PREFIX)) == 0)
			add_route(d, paths, &table[i]);
	}
	return paths;
}

/* -- the whole -- */

static void add_codes(struct document *d)
{
	json_t *properties = json_object_get(json_object_get(d->schemas, "Problem"), "properties");
	json_t *codes = json_array();

	for (int i = PROBLEM_NONE + 1; i < PROBLEM_KINDS; i++)
		append(d, codes, json_string(problem_types[i].code));
	set(d, properties, "code", json_pack("{s:o}", "enum", codes));
}

static json_t *components(struct document *d)
{
	const char *name;
	json_t *schema;

	json_object_foreach(d->schemas, name, schema)
	{
		expand(d, schema);
	}
	add_codes(d);
	return json_pack("{s:O,s:{s:{s:s,s:o}},s:{s:{s:s,s:s},s:{s:s,s:s,s:s}}}", "schemas",
		d->schemas, "responses", "Problem", "description", "What went wrong", "content",
		content("application/problem+json", reference("Problem")), "securitySchemes",
		"basic", "type", "http", "scheme", "basic", "token", "type", "apiKey", "in",
		"header", "name", "X-Auth-Token");
}

/* On the Unix socket the peer's user counts, and no credentials are needed. */
static void build(struct document *d)
{
	d->root = json_pack("{s:s,s:{s:s,s:s,s:s},s:[{},{s:[]},{s:[]}]}", "openapi", "3.1.0",
		"info", "title", "Tidings", "version", TIDINGS_VERSION, "description",
		"See tidings-api(7).", "security", "basic", "token");
	set(d, d->root, "paths", paths_of(d));
	set(d, d->root, "components", components(d));
}

/* jansson passes over letters while it finds no memory to let its buffer for one text grow: "about"
 * is the first and the longest. */
static bool is_whole(const json_t *file)
{
	const char *about = json_string_value(json_object_get(file, "about"));
	size_t len = about ? strlen(about) : 0;
	const char *at = about ? memmem(answers_json, sizeof(answers_json), about, len) : NULL;

	return at && at[len] == '"';
}

static int put(const char *bytes, size_t len, void *out)
{
	buf_append(out, bytes, len);
	return 0;
}

int route_openapi_run(struct store_tx *tx, struct http_request *r, struct err *e)
{
	json_t *file = json_loadb(answers_json, sizeof(answers_json), 0, NULL);
	struct document d = {.answers = json_object_get(file, "answers"),
		.schemas = json_object_get(file, "schemas"),
		.failed = !is_whole(file)};

	(void)tx;
	if (!d.failed)
		build(&d);
	if (!d.failed && json_dump_callback(d.root, put, &r->out, JSON_COMPACT) < 0)
		d.failed = true;
	buf_putc(&r->out, '\n');
	json_decref(d.root);
	json_decref(file);
	return d.failed ? err_set(e, ERR_NOMEM, NULL) : 0;
}
