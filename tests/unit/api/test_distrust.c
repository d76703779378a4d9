/* trust_peer = no: what the kernel tells of who connects counts for nothing. */
#include "store/credentials.h"
#include "unit/api/fixture.h"

struct secret_of {
	const char *name;
	bool read_only;
	char password[SECRET_PASSWORD_BYTES];
};

static int run_add(struct store_tx *tx, void *arg, struct err *e)
{
	struct secret_of *s = arg;

	return credentials_add(tx, s->name, s->read_only, false, NOW, s->password, e);
}

static int unix_status(struct world *w, const char *line, const char *fields)
{
	char text[500];
	struct answer a;
	struct client c;

	client_connect(w, &c);
	snprintf(text, sizeof(text), "%s HTTP/1.1\r\nHost: any\r\n%s\r\n", line, fields);
	client_send(&c, text);
	take_answer(&c, false, &a);
	free_answer(&a);
	client_close(&c);
	return a.status;
}

/* Behind a bridge anybody may be, whoever it runs as: only credentials count, and nobody makes any.
 */
static void test_distrusted(void **state)
{
	struct secret_of ann = {.name = "ann"}, bob = {.name = "bob", .read_only = true};
	char ann_key[200], bob_key[200], page[300], text[300];
	struct client silent, shown;
	struct world w;

	(void)state;
	world_init(&w);
	must_write(&w.f, run_add, &ann);
	must_write(&w.f, run_add, &bob);
	world_start_api(&w);
	snprintf(ann_key, sizeof(ann_key), "X-Auth-Token: %s\r\n", ann.password);
	snprintf(bob_key, sizeof(bob_key), "X-Auth-Token: %s\r\n", bob.password);
	snprintf(page, sizeof(page), "%sOrigin: http://x\r\n", ann_key);
	client_connect(&w, &silent);
	client_send(&silent, "GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n");
	client_wait(&silent, "event: hello");
	client_connect(&w, &shown);
	snprintf(text, sizeof(text), "GET /api/v1/events HTTP/1.1\r\nHost: x\r\n%s\r\n", bob_key);
	client_send(&shown, text);
	client_wait(&shown, "event: hello");
	w.options.distrust = true;
	api_configure(w.api, &w.options);
	client_wait_end(&silent);
	assert_false(shown.ended);
	expect(&w, "GET", "/api/v1/ping", NULL, 401, "trust_peer = no|WWW-Authenticate: Basic");
	expect(&w, "OPTIONS", "/api/v1", NULL, 401, NULL);
	assert_int_equal(unix_status(&w, "GET /api/v1/ping", bob_key), 204);
	assert_int_equal(unix_status(&w, "DELETE /api/v1/feeds/9", bob_key), 403);
	assert_int_equal(unix_status(&w, "DELETE /api/v1/feeds/9", ann_key), 404);
	assert_int_equal(unix_status(&w, "GET /api/v1/access", ann_key), 403);
	assert_int_equal(unix_status(&w, "GET /api/v1/ping", page), 403);
	assert_int_equal(unix_status(&w, "GET /api/v1/ping", "X-Auth-Token: wrong\r\n"), 401);
	w.options.distrust = false;
	api_configure(w.api, &w.options);
	expect(&w, "GET", "/api/v1/access", NULL, 200, NULL);
	client_close(&silent);
	client_close(&shown);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distrusted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
