/* No memory while a configuration is read and asked: all of it and each finding, or ERR_NOMEM.
 * libconfuse's own allocations are not reached: it has no switch for them. */
#include "support/fault_curl.h"
#include "support/fault_each.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "config_fixture.h"
#include "manners.h"

/* "%d" is the folder; others may read the file. */
static const struct {
	const char *name, *text;
	int rv;
} files[] = {
	{"all that allocates",
		"contact = 'me@example.org'\nallow = { '127.0.0.0/8' }\nfile_roots = { 'a', '/b' "
		"}\n"
		"proxy = 'http://p.example:3128'\nca_file = ca.pem\ndatabase = x.db\nsocket = s\n"
		"writers = { '0', '@0' }\nlisten = '[::1]:99'\nhosts = { a, b }\n"
		"origins = { 'https://c.example' }\n"
		"folder 'News' { keep_age = 3d }\n"
		"group 'G' { hosts = { 'a.example', '.b.example' }\n paths = { '/x', '/y' }\n"
		" each = feed }\n"
		"feed 'A' { url = 'HTTPS://a.example/x'\n user = me\n password_file = secret\n"
		" headers = { 'X-Key: abc', 'Accept: */*' }\n proxy = none\n user_agent = "
		"'mine/1'\n"
		" tls_verify = no\n folder = News }\n"
		"feed 'B' { url = 'file:a/b.xml'\n interval = 1h }\n"
		"feed 'C' { url = 'https://c:d@c.example/' }\n",
		0},
	{"what is wrong with it",
		"interval = 1\nlisten = '0.0.0.0:1'\ncontact = nobody\nhuhu = 1\njitter = "
		"99%\njitter = 1%\n"
		"group 'G' { paths = { '/x' } }\n"
		"feed 'A' { url = 'https://a.example/'\n headers = { 'Host: secret' } }\n"
		"feed 'A' { url = 'https://u:p@a.example:70000/'\n password = x }\n"
		"feed 'B' { url = 'https://a.example/' }\nfeed 'C' { }\n"
		"feed 'D' { url = 'file:///etc/passwd'\n name = x }\n",
		ERR_INVALID},
	{"nothing libconfuse can read", "interval = 1h = 2h\nfeed { url = x }\n", ERR_INVALID},
	{"without an end", "feed 'A' { url = 'x", ERR_INVALID},
	{"no text", "\xff", ERR_INVALID},
};

static void put_list(struct buf *out, const char *const *list)
{
	for (; list && *list; list++)
		buf_printf(out, " %s", *list);
	buf_puts(out, "\n");
}

static const char *or_none(const char *text)
{
	return text ? text : "-";
}

static void put_feed(struct buf *out, const struct config_feed *f)
{
	buf_printf(out, "%s %s %s %lld %s %s %s %s %d%d", f->name, f->url, or_none(f->folder),
		(long long)f->interval_ms, or_none(f->site.user), or_none(f->site.password),
		or_none(f->site.user_agent), or_none(f->site.proxy), f->site.no_verify,
		f->site.http1);
	put_list(out, f->site.headers);
}

/* All that was understood, and all that was found. */
static char *print(const struct fixture *f)
{
	const struct config *c = &f->config;
	struct buf out;

	buf_init(&out, 1 << 20);
	for (int i = 0; i < f->count; i++)
		buf_printf(&out, "%d %s\n", f->warnings[i], f->lines[i]);
	for (size_t i = 0; i < c->feed_count; i++)
		put_feed(&out, &c->feeds[i]);
	for (size_t i = 0; i < c->group_count; i++) {
		buf_puts(&out, c->groups[i].name);
		put_list(&out, c->groups[i].hosts);
		put_list(&out, c->groups[i].paths);
	}
	for (size_t i = 0; i < c->folder_count; i++)
		buf_printf(&out, "%s %lld\n", c->folders[i].name,
			(long long)c->folders[i].keep.age_ms);
	put_list(&out, c->file_roots);
	buf_printf(&out, "%s %s %s %s %s %d %zu %zu %lld\n", or_none(c->contact), or_none(c->proxy),
		or_none(c->ca_file), or_none(c->database), or_none(c->socket), c->access.count,
		c->guard.allowed_count, c->sites.count, (long long)c->unverified_count);
	return buf_steal(&out, NULL);
}

struct reading {
	struct fixture *f;
	int rv;
	char *wanted; /* printed, of the first run */
};

static int read_file(void *ctx)
{
	struct reading *r = ctx;
	int rv = load_file(r->f);
	char *printed;

	if (rv == ERR_NOMEM) {
		assert_true(r->f->e.text[0] && r->f->count == 0);
		return rv;
	}
	(void)fault_malloc_off();
	if (rv != r->rv)
		fail_msg("%s: %s %s", err_name(rv), r->f->e.text, r->f->lines[0]);
	printed = print(r->f);
	if (!r->wanted) {
		r->wanted = printed;
		return 0;
	}
	if (strcmp(printed, r->wanted) != 0)
		fail_msg("not told:\n%s\ninstead of\n%s", printed, r->wanted);
	free(printed);
	return 0;
}

static void test_files(void **state)
{
	struct fixture *f = *state;

	(void)tmp_write_text(&f->tmp, "secret", "from a file\n");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct reading r = {.f = f, .rv = files[i].rv};

		write_bytes(f, files[i].text, strlen(files[i].text));
		assert_int_equal(chmod(f->path, 0644), 0);
		assert_int_equal(read_file(&r), 0);
		assert_true(fault_each(read_file, NULL, &r, NULL, 0) > 3);
		free(r.wanted);
	}
}

static int make_defaults(void *ctx)
{
	struct config c;
	struct err e = {0};
	int rv = config_default(&c, &e);

	(void)ctx;
	if (rv == 0)
		config_finish(&c);
	return rv;
}

static int copy_site(void *ctx)
{
	struct fixture *f = ctx;
	const struct fetch_site *site = NULL;
	struct arena arena;
	int rv;

	arena_init(&arena, 65536);
	rv = config_site(&f->config, "A", &arena, &site);
	if (rv == 0) {
		assert_string_equal(site->password, f->config.feeds[0].site.password);
		assert_string_equal(site->headers[15], "X-15: x");
		assert_null(site->headers[16]);
	}
	arena_finish(&arena);
	return rv;
}

static int find_group(void *ctx)
{
	struct fixture *f = ctx;
	struct rate_group g;
	int rv = rate_group_find(&f->config, "https://A.example/x/y", &g);

	if (rv == 0)
		assert_string_equal(g.name, "group G");
	return rv;
}

/* A password that needs a block of its own. */
static void test_questions(void **state)
{
	struct fixture *f = *state;
	struct buf text;

	buf_init(&text, 1 << 20);
	buf_printf(&text,
		"group 'G' { hosts = { '.example' } }\n"
		"feed 'A' { url = 'https://a.example/x'\n user = me\n password = '%05000d'\n"
		"headers = { 'X-0: x'",
		0);
	for (int i = 1; i < 16; i++)
		buf_printf(&text, ", 'X-%d: x'", i);
	buf_puts(&text, " } }\n");
	expect_good(f, buf_string(&text));
	buf_finish(&text);
	assert_true(fault_each(make_defaults, NULL, NULL, NULL, 0) > 0);
	assert_true(fault_each(copy_site, NULL, f, NULL, 0) > 1);
	assert_true(fault_each(find_group, NULL, f, NULL, 0) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_questions, set_up, tear_down),
	};

	fault_curl_init(fault_malloc);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
