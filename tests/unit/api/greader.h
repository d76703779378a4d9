/* What the tests of the face of Google Reader share: asking it, and a world with something of each
 * kind. */
#ifndef TESTS_UNIT_API_GREADER_H
#define TESTS_UNIT_API_GREADER_H

#include "api/access.h"
#include "api/greader.h"
#include "store/query.h"
#include "unit/api/fixture.h"

#define STATE "user/-/state/com.google/"
#define LABEL "user/-/label/"
#define API   "/reader/api/0/"
#define REF   "{\"id\":\"1000"
#define CRAWL "\"crawlTimeMsec\""
#define N50   "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
#define ID(n) "100000000000000" #n /* of an item from 1 to 9 */

/* Asks with more fields in the head, and expects as expect() does, and that `lacks` is not there.
 */
static inline void say_with(struct world *w, const char *fields, const char *line, const char *body,
	int status, const char *has, const char *lacks)
{
	char request[16384], copy[2048], *rest = copy;
	struct answer a;
	struct client c;

	snprintf(request, sizeof(request),
		"%s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n%s", line, fields,
		strlen(body), body);
	client_connect(w, &c);
	client_send(&c, request);
	take_answer(&c, strncmp(line, "HEAD", 4) == 0, &a);
	client_close(&c);
	if (a.status != status)
		fail_msg("%s %s: %d instead of %d: %s", line, body, a.status, status, a.body);
	snprintf(copy, sizeof(copy), "%s", has ? has : "");
	for (char *part = strsep(&rest, "|"); part && *part; part = strsep(&rest, "|")) {
		if (!strstr(a.body, part) && !strstr(a.head, part))
			fail_msg("%s %s: no %s in %s%s", line, body, part, a.head, a.body);
	}
	if (lacks && strstr(a.body, lacks))
		fail_msg("%s %s: %s in %s", line, body, lacks, a.body);
	free_answer(&a);
}

static inline void get(struct world *w, const char *target, const char *has, const char *lacks)
{
	char line[1000];

	snprintf(line, sizeof(line), "GET %s", target);
	say_with(w, "", line, "", 200, has, lacks);
}

static inline void post(
	struct world *w, const char *path, const char *body, int status, const char *has)
{
	char line[200];

	snprintf(line, sizeof(line), "POST " API "%s", path);
	say_with(w, "", line, body, status, has, NULL);
}

static inline int run_sql(struct store_tx *tx, void *sql, struct err *e)
{
	return query_exec(tx, e, sql, as_int(1));
}

static inline void change(struct world *w, const char *sql)
{
	must_write(&w->f, run_sql, (void *)(uintptr_t)sql);
}

/* What the list of ids has, as "5 4 3" and "+" where it goes on. */
static inline void ids_are(struct world *w, const char *params, const char *wanted)
{
	char target[1000], got[1000] = "";
	struct answer a;

	snprintf(target, sizeof(target), API "stream/items/ids?output=json&%s", params);
	ask(w, "GET", target, NULL, &a);
	assert_int_equal(a.status, 200);
	assert_non_null(strstr(a.body, "{\"itemRefs\":["));
	for (const char *at = strstr(a.body, REF); at; at = strstr(at, REF)) {
		size_t len = strlen(got);
		snprintf(got + len, sizeof(got) - len, "%s%lld", len ? " " : "",
			strtoll(at + 7, NULL, 10) - GREADER_ID_BASE);
		at += 7;
		assert_int_equal(strncmp(at + strspn(at, "0123456789"), "\"}", 2), 0);
	}
	if (strstr(a.body, "\"continuation\":\""))
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "+");
	if (strcmp(got, wanted) != 0)
		fail_msg("%s: %s instead of %s", params, got, wanted);
	free_answer(&a);
}

struct let_in {
	struct world *w;
	bool stories;
	char *password;
};

static inline int run_let_in(struct store_tx *tx, void *arg, struct err *e)
{
	const struct let_in *in = arg;
	int code = credentials_add(tx, "ann", false, in->stories, NOW, in->password, e);

	return code ? code : credentials_load(tx, &in->w->api->access.known, e);
}

static inline void let_in(struct world *w, bool stories, char password[SECRET_PASSWORD_BYTES])
{
	struct let_in in = {w, stories, password};

	must_write(&w->f, run_let_in, &in);
}

/* Two feeds in a folder, five items in each; one that is read, one with a star, one with a label.
 */
static inline void fill_more(struct world *w)
{
	fill(w);
	expect(w, "PATCH", "/api/v1/items/2", "{\"read\":true}", 200, NULL);
	expect(w, "PATCH", "/api/v1/items/3", "{\"starred\":true}", 200, NULL);
	expect(w, "PATCH", "/api/v1/items/4", "{\"labels\":{\"add\":[\"to keep\"]}}", 200, NULL);
}

#endif
