/* Answers as JSON, for the tests of routes. */
#ifndef TESTS_UNIT_API_ANSWERS_H
#define TESTS_UNIT_API_ANSWERS_H

#include <jansson.h>
/* jansson's names and those of base/json.h must not meet in one file: the fixture knows neither. */
#include "unit/api/fixture.h"

#define FEED_KEYS                                                                                  \
	"id rev url credentials name title section folder owners interval_s stories status "       \
	"link description language "                                                               \
	"icon created detached last_poll last_ok last_new silent silent_since next_due "           \
	"due_reason http_status error "                                                            \
	"moved_url items unread"

static inline json_t *parse(const struct answer *a)
{
	json_error_t error;
	json_t *json = json_loads(a->body, 0, &error);

	if (!json)
		fail_msg("%s: %s", error.text, a->body);
	assert_int_equal(a->body[a->len - 1], '\n');
	assert_null(strchr(a->body, '\n') + 1 == a->body + a->len ? NULL : a->body); /* one line */
	return json;
}

static inline json_t *ask_json(
	struct world *w, const char *method, const char *target, const char *body, int status)
{
	struct answer a;

	ask(w, method, target, body, &a);
	if (a.status != status)
		fail_msg("%s %s: %d instead of %d: %s", method, target, a.status, status, a.body);
	json_t *json = parse(&a);
	free_answer(&a);
	return json;
}

static inline const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static inline int64_t number_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value))
		fail_msg("%s is no number", key);
	return json_integer_value(value);
}

/* The keys in their order must be these, separated by spaces. */
static inline void assert_keys(json_t *object, const char *wanted)
{
	char got[1000] = "";

	for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
		size_t len = strlen(got);
		snprintf(got + len, sizeof(got) - len, "%s%s", len ? " " : "",
			json_object_iter_key(at));
	}
	assert_string_equal(got, wanted);
}

#endif
