/* Requests of Miniflux's clients, and what their answers must have. */
#ifndef TESTS_UNIT_API_MINIFLUX_H
#define TESTS_UNIT_API_MINIFLUX_H

#include "api/miniflux.h"
#include "store/query.h"
#include "unit/api/fixture.h"

static inline int run_sql(struct store_tx *tx, void *sql, struct err *e)
{
	return query_exec(tx, e, sql, as_int(1));
}

static inline void change(struct world *w, const char *sql)
{
	must_write(&w->f, run_sql, (void *)(uintptr_t)sql);
}

struct credential_of {
	struct world *w;
	const char *name;
	bool read_only, stories;
	char field[100]; /* a header field that shows it */
};

static inline int run_let_in(struct store_tx *tx, void *arg, struct err *e)
{
	struct credential_of *c = arg;
	char password[SECRET_PASSWORD_BYTES];
	int code = credentials_add(tx, c->name, c->read_only, c->stories, NOW, password, e);

	snprintf(c->field, sizeof(c->field), "X-Auth-Token: %s\r\n", password);
	return code ? code : credentials_load(tx, &c->w->api->access.known, e);
}

static inline struct credential_of let_in(
	struct world *w, const char *name, bool read_only, bool stories)
{
	struct credential_of c = {w, name, read_only, stories, ""};

	must_write(&w->f, run_let_in, &c);
	return c;
}

/* A request, and what the answer has and lacks, parts separated by "|". */
struct row {
	const char *method, *target, *body;
	int status;
	const char *has, *lacks;
};

static inline bool has_part(const struct answer *a, const char *part)
{
	return strstr(a->body, part) || strstr(a->head, part);
}

static inline void check_parts(
	const struct row *row, const struct answer *a, const char *parts, bool wanted)
{
	char copy[1000], *rest = copy;

	snprintf(copy, sizeof(copy), "%s", parts ? parts : "");
	for (char *part = strsep(&rest, "|"); part && *part; part = strsep(&rest, "|")) {
		if (has_part(a, part) != wanted)
			fail_msg("%s %s: %s %s in %s%s", row->method, row->target,
				wanted ? "no" : "there is", part, a->head, a->body);
	}
}

/* All refusals are of one form. */
static inline void check_row(struct world *w, const char *field, const struct row *row)
{
	size_t len = row->body ? strlen(row->body) : 0;
	char head[4096];
	struct client c;
	struct answer a;

	snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n",
		row->method, row->target, field, len);
	client_connect(w, &c);
	client_send(&c, head);
	client_send(&c, row->body ? row->body : "");
	take_answer(&c, strcmp(row->method, "HEAD") == 0, &a);
	client_close(&c);
	if (a.status != row->status)
		fail_msg("%s %s: %d instead of %d: %s", row->method, row->target, a.status,
			row->status, a.body);
	check_parts(row, &a, row->has, true);
	check_parts(row, &a, row->lacks, false);
	if (a.status >= 400)
		assert_true(strncmp(a.body, "{\"error_message\":\"", 18) == 0 &&
			    has_part(&a, "Content-Type: application/json\r\n"));
	if (a.status == 204)
		assert_int_equal(a.len, 0);
	free_answer(&a);
}

#define CHECK_ROWS(w, field, rows)                                                                 \
	for (size_t i_ = 0; i_ < sizeof(rows) / sizeof((rows)[0]); i_++)                           \
	check_row(w, field, &(rows)[i_])

#define UNFILED  "2147483647"
#define TOTAL(n) "{\"total\":" n ",\"entries\":["
#define IDS      "/v1/entries/ids?"

#endif
