/* Which entries are asked for, as Miniflux's clients write it. */
#include <ctype.h>
#include <string.h>

#include "api/miniflux.h"

#define SECONDS_MAX INT64_C(253402300799) /* of the year 9999 */

static int refuse(struct http_request *r, const char *name, const char *what)
{
	return problem_at(&r->problem, "parameter", name, "%s must be %s", name, what);
}

/* What is no number counts as not given; a negative one is refused. */
static int read_number(struct http_request *r, const char *name, int64_t max, int64_t *number)
{
	const char *text = form_text(&r->form, name);

	if (text && text[0] == '-' && isdigit((unsigned char)text[1]))
		return refuse(r, name, "no negative number");
	*number = form_number(&r->form, name, max, *number);
	return 0;
}

static int read_numbers(struct http_request *r, struct miniflux_entries *q, int limit_max)
{
	struct item_filter *f = &q->filter;
	int64_t limit = q->page.limit, category = 0, times[6] = {0};
	const struct {
		const char *name;
		int64_t max, *to;
	} map[] = {
		{"limit", limit_max, &limit},
		{"offset", INT32_MAX, &q->page.offset},
		{"category_id", INT32_MAX, &category},
		{"feed_id", INT32_MAX, f->feed ? &times[5] : &f->feed},
		{"after_entry_id", INT32_MAX, &f->after_id},
		{"before_entry_id", INT32_MAX, &f->before_id},
		{"after", SECONDS_MAX, &times[0]},
		{"published_after", SECONDS_MAX, &times[0]},
		{"before", SECONDS_MAX, &times[1]},
		{"published_before", SECONDS_MAX, &times[1]},
		{"changed_after", SECONDS_MAX, &times[2]},
		{"changed_before", SECONDS_MAX, &times[3]},
	};

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
		if (read_number(r, map[i].name, map[i].max, map[i].to) < 0)
			return ERR_INVALID;
	}
	q->page.limit = limit ? (int)limit : limit_max;
	if (category && !f->folder)
		f->folder = category == MINIFLUX_UNFILED ? FOLDER_NONE : category;
	f->published_after_ms = times[0] * 1000;
	f->published_before_ms = times[1] * 1000;
	q->changed_after_ms = times[2] * 1000;
	q->changed_before_ms = times[3] * 1000;
	return 0;
}

/* All that are given, each one of two words: both together ask for nothing. */
static int read_choice(struct http_request *r, const char *name, const char *const no[],
	const char *const yes[], const char *what, int *ret_choice)
{
	const struct form_pair *at = NULL;
	int found = 0;

	for (const char *v = form_next(&r->form, name, &at); v;
		v = form_next(&r->form, name, &at)) {
		bool is_no = strcmp(v, no[0]) == 0 || strcmp(v, no[1]) == 0;
		bool is_yes = strcmp(v, yes[0]) == 0 || strcmp(v, yes[1]) == 0;
		if (!is_no && !is_yes && *v)
			return refuse(r, name, what);
		found |= is_no ? 1 : is_yes ? 2 : 0;
	}
	*ret_choice = found == 1 ? -1 : found == 2 ? 1 : 0;
	return 0;
}

static int read_order(struct http_request *r, struct miniflux_entries *q)
{
	static const struct {
		const char *name;
		enum item_order order;
	} orders[] = {
		{"published_at", ITEMS_BY_PUBLISHED},
		{"id", ITEMS_BY_ID},
		{"created_at", ITEMS_BY_ID}, /* ids grow as items come */
		{"changed_at", ITEMS_BY_REV},
	};
	const char *order = form_text(&r->form, "order");
	const char *direction = form_text(&r->form, "direction");
	size_t n = 0;

	while (order && *order && n < 4 && strcmp(orders[n].name, order) != 0)
		n++;
	if (n == 4)
		return refuse(r, "order", "id, published_at, created_at or changed_at");
	q->filter.order = orders[n].order;
	q->page.ascending = !direction || strcmp(direction, "desc") != 0;
	if (direction && *direction && q->page.ascending && strcmp(direction, "asc") != 0)
		return refuse(r, "direction", "asc or desc");
	return 0;
}

static struct miniflux_entries *begin(struct http_request *r)
{
	struct miniflux_entries *q = request_query(r, sizeof(*q));

	if (q)
		q->stories = q->filter.stories = r->stories;
	return q;
}

static int parse(struct http_request *r, struct miniflux_entries *q, int limit_max)
{
	static const char *const no[] = {"false", "0"}, *const yes[] = {"true", "1"};
	static const char *const unread[] = {"unread", "unread"}, *const read[] = {"read", "read"};
	int code = read_numbers(r, q, limit_max);

	if (code == 0)
		code = read_choice(r, "status", unread, read, "read or unread", &q->filter.read);
	if (code == 0)
		code = read_choice(r, "starred", no, yes, "true or false", &q->filter.starred);
	if (code == 0)
		code = read_order(r, q);
	for (size_t i = 0; i < 2 && code == 0; i++) {
		const char *name = i ? "tags" : "search";
		const char *text = form_text(&r->form, name);
		if (text && *text)
			code = problem_at(&r->problem, "parameter", name,
				"entries cannot be looked for by %s yet", name);
	}
	return code;
}

int miniflux_parse_list(struct http_request *r)
{
	struct miniflux_entries *q = begin(r);

	if (!q)
		return ERR_NOMEM;
	miniflux_scope(r, &q->filter);
	q->page.limit = 100;
	return parse(r, q, STORE_LIST_MAX);
}

int miniflux_parse_ids(struct http_request *r)
{
	struct miniflux_entries *q = begin(r);
	int code;

	if (!q)
		return ERR_NOMEM;
	q->page.limit = STORE_IDS_MAX;
	code = parse(r, q, STORE_IDS_MAX);
	q->filter.order = ITEMS_BY_ID;
	q->page.ascending = false;
	return code;
}

int miniflux_parse_one(struct http_request *r)
{
	struct miniflux_entries *q = begin(r);

	if (!q)
		return ERR_NOMEM;
	if (strchr(r->route->path, '{') == strstr(r->route->path, "{name}"))
		miniflux_scope(r, &q->filter);
	return 0;
}
