/* Reading bodies with jansson, and checking their members by the table. */
#include "api/body.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/times.h"
#include "limits.h"

const struct member_spec member_specs[MEMBERS] = {
#define X(symbol, name, type) [symbol] = {name, MEMBER_TYPE_##type},
	MEMBER_LIST(X)
#undef X
};

const char *member_name(enum member member)
{
	return member_specs[member].name;
}

static int nesting(char c)
{
	return (c == '[' || c == '{') - (c == ']' || c == '}');
}

/* jansson itself allows 2048 levels, and any number of values. */
static bool is_small_enough(const char *text, size_t len)
{
	int depth = 0;
	int values = 0;
	bool quoted = false;

	for (size_t i = 0; i < len && depth <= API_JSON_DEPTH && values <= API_JSON_VALUES; i++) {
		int step = quoted ? 0 : nesting(text[i]);
		depth += step;
		values += step > 0 || (!quoted && text[i] == ',');
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
	}
	return depth <= API_JSON_DEPTH && values <= API_JSON_VALUES;
}

struct json_t *body_parse(const char *text, size_t len, struct http_problem *p)
{
	json_error_t error;

	if (!is_small_enough(text, len)) {
		problem_set(
			p, PROBLEM_JSON, "the body is nested too deeply or has too many values");
		return NULL;
	}
	json_t *body = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!body && !error.text[0]) {
		problem_set(p, PROBLEM_BUSY, "out of memory"); /* it has no word for it */
	} else if (!body) {
		p->line = error.line;
		p->column = error.column;
		problem_set(p, PROBLEM_JSON, "the body is not JSON: line %d, column %d: %s",
			error.line, error.column, error.text);
	} else if (!json_is_object(body)) {
		problem_set(p, PROBLEM_JSON, "the body must be a JSON object");
		json_decref(body);
		body = NULL;
	}
	return body;
}

void body_free(struct json_t *body)
{
	json_decref(body);
}

static int refuse(struct http_problem *p, const char *name, const char *what)
{
	return problem_at(p, "member", name, "%s must be %s", name, what);
}

static int check_ids(const json_t *value, const char *name, struct http_problem *p)
{
	size_t count = json_array_size(value); /* 0 for what is no list */

	if (!json_is_array(value))
		return refuse(p, name, "a list of ids");
	if (count > API_IDS_MAX)
		return problem_at(p, "member", name, "%s may have %d members, not %zu", name,
			API_IDS_MAX, count);
	for (size_t i = 0; i < count; i++) {
		const json_t *id = json_array_get(value, i);
		if (!json_is_integer(id) || json_integer_value(id) < 1)
			return refuse(p, name, "a list of ids");
	}
	return 0;
}

static int check_text(
	const json_t *value, const char *name, size_t max, const char *what, struct http_problem *p)
{
	const char *text = json_string_value(value);

	if (!text || text[0] == '\0')
		return refuse(p, name, what);
	if (strlen(text) > max)
		return problem_at(p, "member", name, "%s may have %zu bytes", name, max);
	return 0;
}

static int check_name(const json_t *value, const char *name, struct http_problem *p)
{
	if (json_is_null(value))
		return 0;
	for (const char *c = json_string_value(value); c && *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return refuse(p, name, "one line without control characters");
	}
	return check_text(value, name, API_NAME_MAX, "a text that is not empty, or null", p);
}

static int check_seconds(const json_t *value, const char *name, struct http_problem *p)
{
	json_int_t seconds = json_integer_value(value); /* 0 for what is no number */

	if (json_is_null(value) || (seconds >= API_INTERVAL_MIN_S && seconds <= API_INTERVAL_MAX_S))
		return 0;
	return problem_at(p, "member", name, "%s must be between %d and %d, or null", name,
		API_INTERVAL_MIN_S, API_INTERVAL_MAX_S);
}

static enum grouping_level level_of(const json_t *value)
{
	const char *name = json_string_value(value);
	enum grouping_level level = GROUPING_INHERITED;

	return name && story_level_parse(name, &level) ? level : GROUPING_INHERITED;
}

static int check_time(const json_t *value, const char *name, struct http_problem *p)
{
	const char *text = json_string_value(value);
	int64_t time_ms;

	if (text && times_parse_rfc3339(text, &time_ms) == 0)
		return 0;
	return refuse(p, name, "a time like 2026-11-23T20:00:00Z");
}

static int check_label(const json_t *value, const char *name, struct http_problem *p)
{
	int code = json_is_string(value) ? check_name(value, name, p)
					 : refuse(p, name, "a name, or a list of names");

	return code < 0 ? code : check_text(value, name, LABEL_NAME_MAX, "a name", p);
}

static int check_labels(const json_t *value, const char *name, struct http_problem *p)
{
	size_t count = json_array_size(value); /* 0 for what is no list */
	int code = 0;

	if (!json_is_array(value))
		return refuse(p, name, "a list of names");
	if (count > ITEM_LABELS_MAX)
		return problem_at(p, "member", name, "%s may have %d members, not %zu", name,
			ITEM_LABELS_MAX, count);
	for (size_t i = 0; i < count && code == 0; i++)
		code = check_label(json_array_get(value, i), name, p);
	return code;
}

unsigned member_inside(enum member_type type)
{
	static const unsigned allowed[] = {
		[MEMBER_TYPE_FILTER] = FILTER_MEMBERS,
		[MEMBER_TYPE_STATE] = STATE_MEMBERS,
		[MEMBER_TYPE_TURN] = TURN_MEMBERS,
	};

	return allowed[type];
}

/* One level only: none of what is in them may be an object. */
static int check_object(json_t *value, const struct member_spec *spec, struct http_problem *p)
{
	if (!json_is_object(value))
		return refuse(p, spec->name, "an object");
	if (spec->type == MEMBER_TYPE_FILTER && json_object_size(value) == 0)
		return 0; /* all there is */
	return body_check(value, member_inside(spec->type), 0, p);
}

static int check_value(json_t *value, const struct member_spec *spec, struct http_problem *p)
{
	switch (spec->type) {
	case MEMBER_TYPE_BOOL:
		return json_is_boolean(value) ? 0 : refuse(p, spec->name, "true or false");
	case MEMBER_TYPE_ID:
		return json_integer_value(value) > 0 ? 0 : refuse(p, spec->name, "a number from 1");
	case MEMBER_TYPE_LABEL:
		return check_label(value, spec->name, p);
	case MEMBER_TYPE_LABELS:
		return check_labels(value, spec->name, p);
	case MEMBER_TYPE_IDS:
		return check_ids(value, spec->name, p);
	case MEMBER_TYPE_LEVEL:
		if (json_is_null(value) || level_of(value))
			return 0;
		return refuse(p, spec->name, "strict, normal, wide, off or null");
	case MEMBER_TYPE_NAME:
		return check_name(value, spec->name, p);
	case MEMBER_TYPE_SECONDS:
		return check_seconds(value, spec->name, p);
	case MEMBER_TYPE_URL:
		return check_text(value, spec->name, FETCH_URL_MAX, "a URL", p);
	case MEMBER_TYPE_TIME:
		return check_time(value, spec->name, p);
	case MEMBER_TYPE_FILTER:
	case MEMBER_TYPE_STATE:
	case MEMBER_TYPE_TURN:
		break;
	}
	return check_object(value, spec, p);
}

static int find(const char *name, unsigned allowed)
{
	for (int i = 0; i < MEMBERS; i++) {
		if ((allowed & MEMBER_BIT(i)) && strcmp(member_specs[i].name, name) == 0)
			return i;
	}
	return -1;
}

int body_check(struct json_t *body, unsigned allowed, unsigned required, struct http_problem *p)
{
	unsigned given = 0;

	for (void *at = json_object_iter(body); at; at = json_object_iter_next(body, at)) {
		const char *name = json_object_iter_key(at);
		int i = find(name, allowed);
		if (i < 0)
			return problem_at(p, "member", name, "there is no member %.60s here", name);
		int code = check_value(json_object_iter_value(at), &member_specs[i], p);
		if (code < 0)
			return code;
		given |= MEMBER_BIT(i);
	}
	for (int i = 0; i < MEMBERS; i++) {
		if (required & ~given & MEMBER_BIT(i))
			return problem_at(p, "member", member_specs[i].name, "%s is missing",
				member_specs[i].name);
	}
	given &= ~MEMBER_BIT(MEMBER_REPORTS); /* says how */
	return given ? 0 : problem_set(p, PROBLEM_PARAMETER, "the body sets nothing");
}

static const json_t *member_of(const json_t *body, enum member member)
{
	return json_object_get(body, member_specs[member].name);
}

bool body_has(const struct json_t *body, enum member member)
{
	return member_of(body, member) != NULL;
}

const char *body_string(const struct json_t *body, enum member member)
{
	return json_string_value(member_of(body, member));
}

int64_t body_number(const struct json_t *body, enum member member)
{
	return json_integer_value(member_of(body, member));
}

enum grouping_level body_level(const struct json_t *body, enum member member)
{
	return level_of(member_of(body, member));
}

const struct json_t *body_object(const struct json_t *body, enum member member)
{
	return member_of(body, member);
}

const char *body_label(const struct json_t *body, enum member member, size_t n)
{
	return json_string_value(json_array_get(member_of(body, member), n));
}

size_t body_count(const struct json_t *body, enum member member)
{
	return json_array_size(member_of(body, member));
}

void body_copy_ids(const struct json_t *body, enum member member, int64_t *ret_ids, size_t count)
{
	for (size_t i = 0; i < count; i++)
		ret_ids[i] = json_integer_value(json_array_get(member_of(body, member), i));
}

int body_state(const struct json_t *body, enum member member)
{
	const json_t *set = member_of(body, MEMBER_SET);
	const json_t *value = member_of(set ? set : body, member);

	if (!value)
		return 0;
	return json_is_true(value) ? 1 : -1;
}

bool body_is_true(const struct json_t *body, enum member member)
{
	return json_is_true(member_of(body, member));
}

int64_t body_time(const struct json_t *body, enum member member)
{
	const char *text = body_string(body, member);
	int64_t time_ms = TIME_NONE;

	if (text)
		(void)times_parse_rfc3339(text, &time_ms);
	return time_ms;
}

int64_t *body_ids(const struct json_t *body, enum member member, int *ret_count)
{
	size_t count = body_count(body, member);
	int64_t *ids = malloc((count + 1) * sizeof(*ids)); /* never of nothing, which may be NULL */

	if (!ids)
		return NULL;
	body_copy_ids(body, member, ids, count);
	*ret_count = (int)count;
	return ids;
}
