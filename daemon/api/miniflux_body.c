/* What Miniflux's clients send, and what JSON the store keeps for them, read with jansson. */
#include <jansson.h>
#include <string.h>

#include "api/miniflux.h"
#include "api/render.h"
#include "limits.h"

/* -- bodies -- */

static const json_t *member_of(const struct http_request *r, const char *member)
{
	return json_object_get(r->json, member);
}

const char *miniflux_text(const struct http_request *r, const char *member)
{
	return json_string_value(member_of(r, member));
}

int64_t miniflux_number(const struct http_request *r, const char *member)
{
	return json_integer_value(member_of(r, member));
}

int miniflux_bool(const struct http_request *r, const char *member)
{
	const json_t *value = member_of(r, member);

	return json_is_boolean(value) ? (json_is_true(value) ? 1 : -1) : 0;
}

bool miniflux_is_set(const struct http_request *r, const char *member)
{
	const char *text = miniflux_text(r, member);

	return miniflux_bool(r, member) > 0 || (text && *text) || miniflux_number(r, member) != 0;
}

int miniflux_title(struct http_request *r, const char *member, const char **ret_title)
{
	const char *title = miniflux_text(r, member);

	if (!title || !*title)
		return problem_at(&r->problem, "member", member, "the title is missing");
	if (strlen(title) > API_NAME_MAX)
		return problem_at(
			&r->problem, "member", member, "a title may have %d bytes", API_NAME_MAX);
	for (const char *c = title; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return problem_at(&r->problem, "member", member,
				"a title is one line without control characters");
	}
	*ret_title = title;
	return 0;
}

int miniflux_ids(struct http_request *r, const char *member, int64_t **ret_ids, int *ret_count)
{
	const json_t *list = member_of(r, member);
	size_t count = json_array_size(list); /* 0 for what is no list */

	if (count == 0 || count > API_IDS_MAX)
		return problem_at(&r->problem, "member", member, "%s must be a list of 1 to %d ids",
			member, API_IDS_MAX);
	int64_t *ids = arena_alloc(&r->arena, count * sizeof(*ids));
	if (!ids)
		return problem_set(&r->problem, PROBLEM_BUSY, "out of memory");
	for (size_t i = 0; i < count; i++) {
		ids[i] = json_integer_value(json_array_get(list, i));
		if (ids[i] < 1)
			return problem_at(
				&r->problem, "member", member, "%s must be a list of ids", member);
	}
	*ret_ids = ids;
	*ret_count = (int)count;
	return 0;
}

/* -- enclosures: they have no ids, so theirs are made of the entry's and their place in it -- */

enum { PLACES = 16, ALL = PLACES };

int64_t miniflux_enclosure_entry(int64_t id)
{
	return id / PLACES;
}

/* What does not fit in 31 bits cannot be asked for alone. */
static int64_t enclosure_id(int64_t entry, size_t place)
{
	return place < PLACES && entry <= INT32_MAX / PLACES - 1 ? entry * PLACES + (int64_t)place
								 : 0;
}

struct enclosures {
	struct json *j;
	const struct entry *entry;
	size_t place; /* of the one that is asked for; or all */
	bool found;
};

static void put_enclosure(void *ctx, const struct attachment *one)
{
	struct enclosures *l = ctx;

	if (l->place != ALL && l->place != one->place)
		return;
	l->found = true;
	json_put_object(l->j, NULL);
	json_put_int(l->j, "id", enclosure_id(l->entry->id, one->place));
	json_put_int(l->j, "user_id", MINIFLUX_USER);
	json_put_int(l->j, "entry_id", l->entry->id);
	render_url(l->j, "url", one->url);
	miniflux_put_text(l->j, "mime_type", one->type);
	json_put_int(l->j, "size", one->length);
	json_put_int(l->j, "media_progression", 0);
	json_end(l->j);
}

void miniflux_put_enclosures(struct json *j, const struct entry *entry)
{
	struct enclosures l = {j, entry, ALL, false};

	json_put_array(j, "enclosures");
	entry_attachments(entry, j->out, put_enclosure, &l);
	json_end(j);
}

bool miniflux_put_enclosure(struct json *j, const struct entry *entry, int64_t id)
{
	struct enclosures l = {j, entry, (size_t)(id % PLACES), false};

	entry_attachments(entry, j->out, put_enclosure, &l);
	return l.found;
}
