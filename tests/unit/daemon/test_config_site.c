/* What the configuration says of fetching one feed, and rate groups: read, copied, found by URL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "config_fixture.h"
#include "manners.h"

static const struct fetch_site *site(struct fixture *f, const char *section, struct arena *a)
{
	const struct fetch_site *found;

	assert_int_equal(config_site(&f->config, section, a, &found), 0);
	return found;
}

/* What is copied stays when the configuration goes. */
static void test_sites(void **state)
{
	struct fixture *f = *state;
	const struct fetch_site *a, *b;
	struct arena arena;

	arena_init(&arena, 65536);
	(void)tmp_write_text(&f->tmp, "secret", "from a file\r\nnot this\n");
	assert_int_equal(
		load(f, "feed 'A' { url = 'https://a.example/x'\n user = 'me'\n password = 'old'\n"
			"password_file = 'secret'\n headers = { 'X-Key: abc', 'Accept: */*' }\n"
			"auth = digest\n proxy = none\n tls_verify = no\n http = 1.1\n"
			"user_agent = 'mine/1' }\n"
			"feed 'B' { url = 'https://b.example/'\n http = 1.1 }\n"
			"feed 'C' { url = 'https://c.example/'\n http = 2\n tls_verify = yes }\n"),
		0);
	assert_int_equal(f->count, 1);
	assert_true(f->warnings[0]);
	assert_string_equal(finding(f, 0),
		"8: feed \"A\": tls_verify: found no: whoever is on the way to "
		"https://a.example/x can be it");
	a = site(f, "A", &arena);
	b = site(f, "B", &arena);
	assert_null(site(f, "C", &arena));
	assert_null(site(f, "D", &arena));
	assert_null(site(f, NULL, &arena));
	config_finish(&f->config);
	assert_string_equal(a->url, "https://a.example/x");
	assert_string_equal(a->user, "me");
	assert_string_equal(a->password, "from a file");
	assert_string_equal(a->headers[0], "X-Key: abc");
	assert_string_equal(a->headers[1], "Accept: */*");
	assert_null(a->headers[2]);
	assert_string_equal(a->user_agent, "mine/1");
	assert_string_equal(a->proxy, "");
	assert_true(a->digest && a->no_verify && a->http1);
	assert_null(b->url); /* nothing that would be a secret */
	assert_null(b->proxy);
	assert_true(b->http1 && !b->digest && !b->no_verify);
	arena_finish(&arena);
}

/* systemd's credentials go before the configuration's folder. */
static void test_credentials(void **state)
{
	static const char text[] =
		"feed 'A' { url = 'https://a.example/'\n user = 'me'\n password_file = 'pw' }\n";
	struct fixture *f = *state;
	char folder[600];

	(void)tmp_write_text(&f->tmp, "pw", "folder");
	expect_good(f, text);
	assert_string_equal(f->config.feeds[0].site.password, "folder");
	snprintf(folder, sizeof(folder), "%s/credentials", f->folder);
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	expect_good(f, text); /* that folder has none */
	assert_string_equal(f->config.feeds[0].site.password, "folder");
	setenv("CREDENTIALS_DIRECTORY", "/etc", 1);
	expect_good(f, "feed 'A' { url = 'https://a.example/'\n user = 'me'\n"
		       " password_file = 'hostname' }\n");
	assert_string_not_equal(f->config.feeds[0].site.password, "folder");
	unsetenv("CREDENTIALS_DIRECTORY");
}

static const char groups[] =
	"group 'blogs' { hosts = { '.blogs.example', 'other.example' }\n gap = 10s\n }\n"
	"group 'weather' { hosts = { 'bridge.example' }\n paths = { '/weather/', '/rain' } }\n"
	"group 'rest of the bridge' { hosts = { 'bridge.example' }\n each = feed\n"
	" connections = 2 }\n"
	"group 'names' { hosts = { 'B\xc3\xbc"
	"cher.example' } }\n";

static const struct {
	const char *url, *name;
	int gap_s; /* -1: the daemon's */
	int connections;
} found[] = {
	{"https://a.blogs.example/x", "group blogs", 10, 0},
	{"http://blogs.example:8080/", "group blogs", 10, 0},
	{"http://user:p@other.example/", "group blogs", 10, 0},
	{"http://x.other.example/", "x.other.example:80", -1, 0},
	{"http://notblogs.example/", "notblogs.example:80", -1, 0},
	{"http://bridge.example/weather/x", "group weather", -1, 0},
	{"http://bridge.example/rainy", "group weather", -1, 0},
	{"http://u:p@bridge.example/weather?x",
		"group rest of the bridge: bridge.example/weather?x", -1, 2},
	{"http://b\xc3\xbc"
	 "cher.example/",
		"group names", -1, 0},
	{"https://www.reddit.com/r/x/.rss", "group reddit", 60, 0},
	{"https://reddit.com/.rss", "group reddit", 60, 0},
	{"https://one.tumblr.com/rss", "group tumblr", -1, 0},
	{"https://example.org/", "example.org:443", -1, 0},
	{"file:///x", "file", -1, 0},
	{"nonsense", "", -1, 0},
};

static int64_t key_of(const struct config *c, const char *url)
{
	struct rate_group g;

	rate_group_find(c, url, &g);
	return g.key;
}

/* However long what they share is. */
static void check_long_addresses(const struct config *c)
{
	char a[600], b[600];

	snprintf(a, sizeof(a), "http://bridge.example/%0500d/1", 0);
	snprintf(b, sizeof(b), "http://bridge.example/%0500d/2", 0);
	assert_true(key_of(c, a) != key_of(c, b));
}

static void test_groups(void **state)
{
	struct fixture *f = *state;
	struct rate_group g;

	expect_good(f, groups);
	check_long_addresses(&f->config);
	for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
		rate_group_find(&f->config, found[i].url, &g);
		if (strcmp(g.name, found[i].name) != 0)
			fail_msg("%s is in \"%s\"", found[i].url, g.name);
		assert_int_equal(g.gap_ms, found[i].gap_s < 0 ? -1 : found[i].gap_s * 1000);
		assert_int_equal(g.connections, found[i].connections);
	}
	assert_true(key_of(&f->config, "http://a.blogs.example/") ==
		    key_of(&f->config, "https://other.example/"));
	assert_true(key_of(&f->config, "http://u:p@bridge.example/1") ==
		    key_of(&f->config, "http://bridge.example/1#x"));
	assert_true(key_of(&f->config, "http://bridge.example/1") !=
		    key_of(&f->config, "http://bridge.example/2"));
	assert_true(key_of(&f->config, "http://example.org/1") ==
		    key_of(&f->config, "http://example.org/2"));
	/* who knows better than the daemon does */
	expect_good(f, "group 'mine' { hosts = { '.reddit.com' }\n gap = 2s }\n");
	rate_group_find(&f->config, "https://www.reddit.com/", &g);
	assert_string_equal(g.name, "group mine");
	assert_int_equal(g.gap_ms, 2000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_sites),
		TEST(test_credentials),
		TEST(test_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
