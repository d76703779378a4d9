/* The configuration: each key's range and default, each way to get a file wrong, and the sample
 * file against the table. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/log.h"
#include "config_fixture.h"
#include "limits.h"
#include "support/data.h"

static int64_t number_of(const struct config *c, const char *name)
{
	size_t count;
	int64_t value = -1;
	const struct config_key *keys = config_keys(false, &count);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(keys[i].name, name) == 0)
			memcpy(&value, (const char *)c + keys[i].offset, sizeof(value));
	}
	return value;
}

/* Numbers: the default, both ends of the range, and what lies beyond or has no unit. */
static void test_numbers(void **state)
{
	static const struct {
		const char *name;
		int64_t fallback;
		const char *min;
		int64_t min_value;
		const char *max;
		int64_t max_value;
		const char *below, *above;
		const char *wrong[6];
	} cases[] = {
		{"interval", 0, "5min", 300000, "30d", 2592000000, "4min", "31d",
			{"60", "60m", "1hour", "-5min", "5 min", "min"}},
		{"jitter", 10, "0%", 0, "50%", 50, "-1%", "51%",
			{"10", "10 %", "5%%", "%", "1.5%"}},
		{"gap", 1000, "0s", 0, "1h", 3600000, "-1s", "61min", {"0", "1", "1S", "1sec"}},
		{"refresh_floor", 300000, "0s", 0, "1h", 3600000, "-1s", "61min", {"5", "0"}},
		{"connections", 100, "1", 1, "1000", 1000, "0", "1001",
			{"10s", "x", "0x10", "1e2", "' 5'"}},
		{"connect_timeout", 10000, "1s", 1000, "5min", 300000, "999ms", "6min",
			{"10", "s"}},
		{"timeout", 60000, "1s", 1000, "1h", 3600000, "0s", "2h",
			{"60", "99999999999999999999s"}},
		{"stall_timeout", 20000, "1s", 1000, "10min", 600000, "0s", "11min", {"20"}},
		{"document_max", 16777216, "64KiB", 65536, "64MiB", 67108864, "63KiB", "65MiB",
			{"16M", "16MB", "1048576", "1GiB", "64KiB1B", "9223372036854775807MiB"}},
		{"keep_age", 7776000000, "1d", 86400000, "36500d", 3153600000000, "0s", "36501d",
			{"90", "1y"}},
		{"keep_items", 10000, "1", 1, "1000000", 1000000, "0", "1000001", {"10k"}},
		{"keep_bytes", 268435456, "64KiB", 65536, "1048576MiB", 1099511627776, "63KiB",
			"1048577MiB", {"1GiB", "0"}},
		{"socket_mode", 0600, "0600", 0600, "0666", 0666, "0400", "0777",
			{"600", "0x1b0", "0680", "00"}},
		{"clients", 256, "8", 8, "4096", 4096, "7", "4097", {"", "256 "}},
	};
	struct fixture *f = *state;
	char text[128];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		setenv("STATE_DIRECTORY", "/var/lib/tidings", 1);
		expect_good(f, "");
		if (strcmp(cases[i].name, "socket_mode") == 0)
			assert_int_equal(number_of(&f->config, cases[i].name), 0660);
		else
			assert_int_equal(number_of(&f->config, cases[i].name), cases[i].fallback);
		unsetenv("STATE_DIRECTORY");
		snprintf(text, sizeof(text), "%s = %s", cases[i].name, cases[i].min);
		expect_good(f, text);
		assert_int_equal(number_of(&f->config, cases[i].name), cases[i].min_value);
		snprintf(text, sizeof(text), "%s = '%s'", cases[i].name, cases[i].max);
		expect_good(f, text);
		assert_int_equal(number_of(&f->config, cases[i].name), cases[i].max_value);
		const char *bad[8] = {cases[i].below, cases[i].above};
		for (size_t n = 0; n < 6; n++)
			bad[n + 2] = cases[i].wrong[n];
		for (size_t n = 0; n < 8 && bad[n]; n++) {
			char start[160];
			snprintf(text, sizeof(text), "%s = '%s'", cases[i].name,
				bad[n][0] == '\'' ? " 5" : bad[n]);
			assert_int_equal(load(f, text), ERR_INVALID);
			snprintf(start, sizeof(start), "1: %s: found \"%s\"; allowed: %s to %s",
				cases[i].name, bad[n][0] == '\'' ? " 5" : bad[n], cases[i].min,
				cases[i].max);
			if (strncmp(finding(f, 0), start, strlen(start)) != 0)
				fail_msg("%s\nfound:    %s\nexpected: %s", text, finding(f, 0),
					start);
		}
	}
}

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {{"1h30min", 5400000}, {"'1h 30min'", 5400000}, {"1d", 86400000},
		{"1d12h", 129600000}, {"360s", 360000}, {"300000ms", 300000}};
	struct fixture *f = *state;
	char text[64];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "interval = %s\n", cases[i].text);
		expect_good(f, text);
		assert_int_equal(f->config.interval_ms, cases[i].ms);
	}
	expect_finding(f, "interval = 60",
		"1: interval: found \"60\"; allowed: 5min to 30d, with its unit: s, min, h or d");
	expect_finding(f, "document_max = 1M",
		"1: document_max: found \"1M\"; allowed: 64KiB to 64MiB, with its unit: B, KiB or "
		"MiB");
}

static void test_texts(void **state)
{
	struct fixture *f = *state;
	expect_good(f,
		"contact = 'https://example.org/me'\nstories = wide\nreading = reports\nlog_level "
		"= debug\n"
		"database = 'x/../state/./t.db'\nsocket = '/run/x//t.sock'\n"
		"allow = { '127.0.0.0/8', ::1 }\nfile_roots = { '.', 'feeds/', '../b', '/c/' }\n");
	char expected[400];
	assert_string_equal(f->config.contact, "https://example.org/me");
	assert_int_equal(f->config.log_level, LOG_DEBUG);
	assert_int_equal(f->config.stories, GROUPING_WIDE);
	assert_true(f->config.reports);
	assert_true(config_api_options(&f->config).reports);
	snprintf(expected, sizeof(expected), "%s/state/t.db", f->folder);
	assert_string_equal(f->config.database, expected);
	assert_string_equal(f->config.socket, "/run/x/t.sock");
	assert_int_equal(f->config.guard.allowed_count, 2);
	assert_int_equal(f->config.file_root_count, 4);
	assert_string_equal(f->config.file_roots[0], f->folder);
	snprintf(expected, sizeof(expected), "%s/feeds", f->folder);
	assert_string_equal(f->config.file_roots[1], expected);
	snprintf(expected, sizeof(expected), "%.*sb",
		(int)(strrchr(f->folder, '/') + 1 - f->folder), f->folder);
	assert_string_equal(f->config.file_roots[2], expected);
	assert_string_equal(f->config.file_roots[3], "/c");
	assert_null(f->config.file_roots[4]);
	expect_good(f, "contact = 'me@example.org'");
	expect_good(f, "contact = me@example.org");
}

/* tests/data/config/findings.txt: "=====", a text, "-----", its first finding word for word. */
static void test_findings(void **state)
{
	struct fixture *f = *state;
	char *data = data_read("config/findings.txt", NULL);
	unsigned cases = 0;
	for (char *at = strstr(data, "\n=====\n"); at; cases++) {
		char *text = at + 7;
		char *expected = strstr(text, "-----\n");
		assert_non_null(expected);
		*expected = '\0';
		expected += 6;
		at = strstr(expected, "\n=====\n");
		expected[strcspn(expected, "\n")] = '\0';
		expect_finding(f, text, expected);
		/* A bad file leaves nothing behind in libconfuse's lexer. */
		expect_good(f, "gap = 2s");
		assert_int_equal(f->config.gap_ms, 2000);
	}
	assert_true(cases >= 45);
	free(data);
	expect_finding(f, "database = 'a\tb'",
		"1: found a control character in a string; allowed: printable characters");
	expect_finding(f, "# \xff", "1: found bytes that are no text; allowed: UTF-8");
}

/* Comments do not move the line numbers; line ends of other systems and a byte order mark do no
 * harm. */
static void test_lines(void **state)
{
	struct fixture *f = *state;
	expect_finding(f, "# a\n/* b */ gap = 2s // c\n/* d\ne */\n// f\n\ngap = 'x' # g\n",
		"7: gap: found a second time, first in line 2; allowed: once");
	expect_finding(f, "\xef\xbb\xbf# a\r\ngap = 2s\r\ntimeout = 1\r\n",
		"3: timeout: found \"1\"; allowed: 1s to 1h, with its unit: s, min, h or d");
	expect_good(f, "allow = { ::1, # one\n /* two */ '127.0.0.0/8' // \"\n}\ngap = # }\n "
		       "3s /**/ clients = 9");
	assert_int_equal(f->config.guard.allowed_count, 2);
	assert_int_equal(f->config.gap_ms, 3000);
	assert_int_equal(f->config.clients, 9);
	expect_good(f, "\xef\xbb\xbfgap = 2s # x\r\ntimeout = 2s");
	assert_int_equal(f->config.gap_ms, 2000);
	assert_int_equal(f->config.timeout_ms, 2000);
	write_bytes(f, "gap = 2s\n\0timeout = 3s", 22);
	assert_int_equal(load_file(f), ERR_INVALID);
	assert_string_equal(finding(f, 0), "2: found bytes that are no text; allowed: UTF-8");
}

static void test_feeds(void **state)
{
	struct fixture *f = *state;
	char expected[400];
	expect_good(f, "file_roots = { '.' }\n"
		       "feed \"Ärger, { \\\"und\\\" } \\\\ mehr; # ein sehr langer Name über alle "
		       "Grenzen hinweg\" {\n"
		       "  url = 'https://example.org/a?b=c;d&e=${HOME}#f'\n  folder = 'Über'\n  "
		       "interval = 30min\ninterval_max = 2d\n}\n"
		       "feed 'it\\'s' { url = 'file:sub/x%20y.xml' }\n"
		       "feed plain { url = https://example.org/plain }\n");
	assert_int_equal(f->config.feed_count, 3);
	const struct config_feed *feeds = f->config.feeds;
	assert_string_equal(feeds[0].name,
		"Ärger, { \"und\" } \\ mehr; # ein sehr langer Name über alle Grenzen hinweg");
	assert_memory_equal(feeds[0].url, "https://example.org/a?b=c;d&e=$", 30);
	assert_non_null(strstr(feeds[0].url, "HOME"));
	assert_string_equal(feeds[0].folder, "Über");
	assert_int_equal(feeds[0].interval_max_ms - feeds[0].interval_ms, 172800000 - 1800000);
	assert_string_equal(feeds[1].name, "it's");
	snprintf(expected, sizeof(expected), "file://%s/sub/x%%20y.xml", f->folder);
	assert_string_equal(feeds[1].url, expected);
	assert_null(feeds[1].folder);
	assert_int_equal(feeds[1].interval_ms, 0);
	assert_string_equal(feeds[2].url, "https://example.org/plain");
}

static void test_keeping(void **state)
{
	struct fixture *f = *state;
	expect_good(f, "folder 'A' { keep_age = 20d }\nfeed 'A' { url = 'https://example.org/'\n "
		       "keep_items = 7 }\nfolder \"B\" { }\n");
	assert_int_equal(f->config.folder_count, 2);
	assert_int_equal(f->config.folders[0].keep.age_ms, 20 * 86400000LL);
	assert_int_equal(f->config.feeds[0].keep.items, 7);
}

static void test_levels(void **state)
{
	struct fixture *f = *state;
	expect_good(f, "folder 'A' { stories = strict }\nfolder 'B' { stories = off }\n"
		       "feed 'A' { url = 'https://a/'\n stories = wide }\n"
		       "feed 'B' { url = 'https://b/' }\n");
	assert_int_equal(f->config.stories, GROUPING_NORMAL);
	assert_int_equal(f->config.folders[0].stories, GROUPING_STRICT);
	assert_int_equal(f->config.folders[1].stories, GROUPING_OFF);
	assert_int_equal(f->config.feeds[0].stories, GROUPING_WIDE);
	assert_int_equal(f->config.feeds[1].stories, GROUPING_INHERITED);
}

/* All that is wrong is told at once, in the order of lines, and no more than a screenful. */
static void test_many(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(load(f, "feed \"A\" { url = 'x y://' }\ngap = 5\nnothing = 1\nfeed \"A\" "
				 "{ url = 'https://a/' }\n"
				 "timeout = 9d\nallow = { ::1, no, 'neither' }\n"),
		ERR_INVALID);
	static const char *const starts[] = {"2: gap: found", "3: nothing: found an unknown",
		"4: feed \"A\": found", "5: timeout: found", "6: allow: found \"no\"",
		"6: allow: found \"neither\""};
	assert_int_equal(f->count, sizeof(starts) / sizeof(starts[0]));
	for (int i = 0; i < f->count; i++)
		assert_memory_equal(finding(f, i), starts[i], strlen(starts[i]));
	struct buf text;
	buf_init(&text, 1 << 20);
	for (int i = 0; i < 50; i++)
		buf_printf(&text, "bad%d = 1\n", i);
	assert_int_equal(load(f, buf_string(&text)), ERR_INVALID);
	buf_finish(&text);
	assert_int_equal(f->count, CONFIG_REPORT_MAX + 1);
	assert_memory_equal(finding(f, CONFIG_REPORT_MAX - 1), "20: bad19:", 10);
	assert_string_equal(f->lines[CONFIG_REPORT_MAX], "and 30 more");
}

static void test_unreadable(void **state)
{
	struct fixture *f = *state;
	char expected[400];
	assert_int_equal(load_file(f), ERR_NOT_FOUND);
	snprintf(expected, sizeof(expected), "%s: No such file or directory", f->path);
	assert_string_equal(f->e.text, expected);
	assert_int_equal(f->count, 0);
	assert_int_not_equal(config_load(f->folder, &f->config, tell, f, &f->e), 0);
	assert_non_null(strstr(f->e.text, f->folder));
	size_t len = CONFIG_FILE_MAX + 1;
	char *large = malloc(len);
	assert_non_null(large);
	memset(large, '\n', len);
	write_bytes(f, large, len);
	assert_int_equal(load_file(f), ERR_TOO_BIG);
	write_bytes(f, large, len - 1);
	assert_int_equal(load_file(f), 0);
	free(large);
}

static void test_secrets(void **state)
{
	struct fixture *f = *state;
	const char *text = "feed \"A\" {\n  url = 'https://user:secret@example.org/'\n}\n";
	write_bytes(f, text, strlen(text));
	assert_int_equal(chmod(f->path, 0644), 0);
	assert_int_equal(load_file(f), 0);
	assert_int_equal(f->count, 1);
	assert_true(f->warnings[0]);
	assert_string_equal(finding(f, 0),
		"2: feed \"A\": url: found secrets in a file that everybody may read; "
		"allowed: mode 0640 or 0600");
	assert_int_equal(chmod(f->path, 0640), 0);
	assert_int_equal(load_file(f), 0);
	assert_int_equal(f->count, 0);
}

static void test_access(void **state)
{
	struct fixture *f = *state;
	expect_good(f, "writers = { root, '@0' }\nreaders = { 1234, '@5678' }\n");
	const struct api_access *a = &f->config.access;
	assert_int_equal(a->count, 4);
	assert_false(a->rules[0].group);
	assert_int_equal(a->rules[0].id, 0);
	assert_int_equal(a->rules[0].right, API_WRITE);
	assert_true(a->rules[1].group);
	assert_int_equal(a->rules[2].id, 1234);
	assert_int_equal(a->rules[2].right, API_READ);
	assert_true(a->rules[3].group);
	assert_int_equal(a->rules[3].id, 5678);
	expect_good(f, "writers = { }");
	assert_int_equal(f->config.access.count, 0);
	struct buf text;
	buf_init(&text, 1 << 16);
	buf_puts(&text, "readers = { 0");
	for (int i = 1; i < 64; i++)
		buf_printf(&text, ", %d", i);
	buf_puts(&text, " }\n");
	expect_good(f, buf_string(&text));
	assert_int_equal(f->config.access.count, 64);
	buf_puts(&text, "writers = { 99 }\n");
	assert_int_equal(load(f, buf_string(&text)), ERR_INVALID);
	buf_finish(&text);
}

static void test_listen(void **state)
{
	struct fixture *f = *state;
	expect_good(f, "gap = 1s");
	struct api_options o = config_api_options(&f->config);
	assert_true(o.listen.ss_family == 0 && !o.allow_remote && !o.distrust && o.tcp_fd == -1);
	assert_true(o.hosts[0] == NULL && o.origins[0] == NULL);
	expect_good(f, "trust_peer = no");
	assert_true(config_api_options(&f->config).distrust);
	expect_good(f, "listen = '127.0.0.1:8899'\nhosts = { news.example, 'b:8443' }\n"
		       "origins = { 'https://reader.example', 'moz-extension://0-1' }\n");
	o = config_api_options(&f->config);
	assert_int_equal(o.listen.ss_family, AF_INET);
	assert_string_equal(o.hosts[1], "b:8443");
	assert_null(o.hosts[2]);
	assert_string_equal(o.origins[1], "moz-extension://0-1");
	expect_good(f, "listen = '[::1]:1'\nallow_remote = no");
	/* in any order */
	expect_good(f, "allow_remote = yes\nlisten = '0.0.0.0:80'");
	expect_good(f, "listen = '[::]:80'\nallow_remote = yes");
	assert_true(config_api_options(&f->config).allow_remote);
	expect_finding(f, "gap = 1s\nlisten = '0.0.0.0:80'",
		"2: listen: found \"0.0.0.0:80\", which others can reach; allowed: 127.0.0.1 or "
		"[::1], unless allow_remote is yes");
	expect_finding(f, "listen = 'localhost:8899'",
		"1: listen: found \"localhost:8899\"; allowed: an address and a port such as "
		"127.0.0.1:8899 or [::1]:8899, no names");
	static const char *const wrong[] = {"listen = '8899'", "listen = ''", "allow_remote = 1",
		"trust_peer = maybe", "hosts = { '' }", "hosts = { 'http://x' }",
		"hosts = { 'a b' }", "origins = { 'reader.example' }", "origins = { 'https://' }",
		"origins = { 'https://a/' }", "origins = { '*' }",
		"hosts = { a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q }"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (load(f, wrong[i]) != ERR_INVALID)
			fail_msg("%s", wrong[i]);
}

static void test_paths(void **state)
{
	(void)state;
	struct config_paths p;
	struct err e = {0};
	setenv("STATE_DIRECTORY", "/srv/state:/srv/other", 1);
	setenv("RUNTIME_DIRECTORY", "/srv/run", 1);
	assert_int_equal(config_paths(&p, &e), 0);
	assert_true(p.service);
	assert_string_equal(p.config, "/etc/tidings/tidings.conf");
	assert_string_equal(p.database, "/srv/state/tidings.db");
	assert_string_equal(p.socket, "/srv/run/tidings.sock");
	unsetenv("STATE_DIRECTORY");
	unsetenv("RUNTIME_DIRECTORY");
	if (getuid() == 0) {
		assert_int_equal(config_paths(&p, &e), 0);
		assert_string_equal(p.database, "/var/lib/tidings/tidings.db");
		assert_string_equal(p.socket, "/run/tidings/tidings.sock");
	}
}

/* A user's folders, with and without the variables: in a child, since root must give up its uid for
 * it. */
static void test_user_paths(void **state)
{
	(void)state;
	pid_t child = fork();
	if (child == 0) {
		struct config_paths p, q;
		struct err e;
		if (getuid() == 0 && setuid(4711) != 0)
			_exit(1);
		setenv("HOME", "/home/u", 1);
		setenv("XDG_CONFIG_HOME", "/c", 1);
		setenv("XDG_STATE_HOME", "relative/is/ignored", 1);
		setenv("XDG_RUNTIME_DIR", "/r", 1);
		if (config_paths(&p, &e) != 0 || p.service ||
			strcmp(p.config, "/c/tidings/tidings.conf") != 0 ||
			strcmp(p.database, "/home/u/.local/state/tidings/tidings.db") != 0 ||
			strcmp(p.socket, "/r/tidings/tidings.sock") != 0)
			_exit(2);
		unsetenv("XDG_CONFIG_HOME");
		setenv("XDG_STATE_HOME", "/s", 1);
		unsetenv("XDG_RUNTIME_DIR");
		char socket[64];
		snprintf(socket, sizeof(socket), "/run/user/%u/tidings/tidings.sock",
			(unsigned)getuid());
		if (config_paths(&q, &e) != 0 ||
			strcmp(q.config, "/home/u/.config/tidings/tidings.conf") != 0 ||
			strcmp(q.database, "/s/tidings/tidings.db") != 0 ||
			strcmp(q.socket, socket) != 0)
			_exit(3);
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_make_folders(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	char path[400];
	expect_good(f, "database = 'a/b/t.db'\nsocket = 'a/c/t.sock'\n");
	f->config.service = false;
	assert_int_equal(config_make_folders(&f->config, &f->e), 0);
	assert_int_equal(config_make_folders(&f->config, &f->e), 0);
	static const char *const made[] = {"a/c", "a/b", "a"};
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", f->folder, made[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0700);
	}
	expect_good(f, "database = 't.conf/b/t.db'");
	assert_int_not_equal(config_make_folders(&f->config, &f->e), 0);
	assert_non_null(strstr(f->e.text, "t.conf"));
}

static void test_default(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(config_default(&f->config, &f->e), 0);
	assert_int_equal(f->config.interval_max_ms, 24 * f->config.interval_min_ms);
	assert_int_equal(f->config.log_level, LOG_INFO);
	assert_int_equal(f->config.stories, GROUPING_NORMAL);
	assert_null(f->config.path);
	assert_int_equal(f->config.feed_count, 0);
	assert_non_null(f->config.database);
	config_finish(&f->config);
	config_finish(NULL);
}

static char *read_sample(void)
{
	return data_read_path(SOURCE_DIR "/config/tidings.conf", NULL);
}

/* White space and comment marks as single blanks, so that a sentence may be wrapped anywhere. */
static void unwrap(char *text)
{
	char *out = text;
	for (const char *in = text; *in != '\0'; in++) {
		bool blank = strchr(" \n#", *in) != NULL;
		if (!blank || (out > text && out[-1] != ' '))
			*out++ = blank ? ' ' : *in;
	}
	*out = '\0';
}

/* Above "#key = default" stand the help and the range, word for word. */
static void check_sample_key(const char *sample, const struct config_key *key)
{
	char line[128], wanted[512];
	snprintf(line, sizeof(line), "\n#%s = %s%s", key->name, key->fallback ? key->fallback : "",
		key->fallback ? "\n" : "");
	const char *at = strstr(sample, line);
	if (at == NULL)
		fail_msg("config/tidings.conf lacks %s", line + 1);
	const char *start = at;
	while (start > sample && strncmp(start, "\n\n", 2) != 0)
		start--;
	char *comment = strndup(start, (size_t)(at - start));
	assert_non_null(comment);
	unwrap(comment);
	snprintf(wanted, sizeof(wanted), "%s: %s%s%s", key->help + 1,
		key->min ? key->min : key->allowed, key->min ? " to " : "",
		key->min ? key->max : "");
	if (strstr(comment, wanted) == NULL)
		fail_msg("config/tidings.conf says of %s:\n%s\nexpected: %s", key->name, comment,
			wanted);
	free(comment);
}

/* Keys of sections stand in a table. */
static void check_sample_text(const char *flat, const struct config_key *key)
{
	char wanted[256];
	snprintf(wanted, sizeof(wanted), " %s %s: %s%s%s", key->name, key->help,
		key->min ? key->min : key->allowed, key->min ? " to " : "",
		key->min ? key->max : "");
	if (flat == NULL || strstr(flat, wanted) == NULL)
		fail_msg("config/tidings.conf lacks: %s", wanted);
}

static void test_sample(void **state)
{
	struct fixture *f = *state;
	char *sample = read_sample();
	size_t count;
	expect_good(f, sample);
	const struct config_key *keys = config_keys(CONFIG_TOP, &count);
	for (size_t i = 0; i < count; i++)
		check_sample_key(sample, &keys[i]);
	char *flat = strdup(sample);
	assert_non_null(flat);
	unwrap(flat);
	const struct config_key *feed = config_keys(CONFIG_FEED, &count);
	for (size_t i = 0; i < count; i++)
		check_sample_text(flat, &feed[i]);
	const struct config_key *group = config_keys(CONFIG_GROUP, &count);
	for (size_t i = 0; i < count; i++)
		check_sample_text(strstr(flat, " Rate groups "), &group[i]);
	free(flat);
	free(sample);
}

/* In tidings.conf(5) the same words stand, and the default, where there is one. */
static void check_manual_key(const char *manual, const struct config_key *key)
{
	char wanted[512];
	snprintf(wanted, sizeof(wanted), "\n.It Ic %s\n%c%s: %s%s%s", key->name,
		toupper(key->help[0]), key->help + 1, key->min ? key->min : key->allowed,
		key->min ? " to " : "", key->min ? key->max : "");
	const char *at = strstr(manual, wanted);
	if (at == NULL)
		fail_msg("tidings.conf.5 lacks:%s", wanted);
	if (key->fallback == NULL)
		return;
	const char *end = strstr(at + 1, "\n.It");
	snprintf(wanted, sizeof(wanted), "\nDefault: %s.\n", key->fallback);
	at = strstr(at, wanted);
	if (at == NULL || (end != NULL && at > end))
		fail_msg("tidings.conf.5 does not say of %s:%s", key->name, wanted);
}

static void test_manual(void **state)
{
	(void)state;
	char *manual = data_read_path(SOURCE_DIR "/daemon/tidings.conf.5", NULL);
	static const struct {
		enum config_section of;
		const char *from, *to; /* the part of the manual */
	} parts[] = {
		{CONFIG_TOP, "\n.Sh KEYS\n", "\n.Ss Feeds\n"},
		{CONFIG_FEED, "\n.Ss Feeds\n", "\n.Ss Rate groups\n"},
		{CONFIG_GROUP, "\n.Ss Rate groups\n", "\n.Sh FILES\n"},
	};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t count, told = 0;
		const struct config_key *keys = config_keys(parts[i].of, &count);
		const char *part = strstr(manual, parts[i].from), *end = strstr(part, parts[i].to);
		assert_non_null(end);
		for (size_t k = 0; k < count; k++)
			check_manual_key(part, &keys[k]);
		for (const char *p = strstr(part, "\n.It Ic "); p && p < end;
			p = strstr(p + 1, "\n.It Ic "))
			told++;
		assert_int_equal(told, count);
	}
	free(manual);
}

/* With every "#key" uncommented the sample is a good file that says what the defaults are. */
static void test_sample_uncommented(void **state)
{
	struct fixture *f = *state;
	char *sample = read_sample();
	struct config defaults;
	unsigned keys = 0;
	for (char *line = strchr(sample, '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
		size_t word = strspn(line + 2, "abcdefghijklmnopqrstuvwxyz_");
		bool key = line[1] == '#' && word > 0 && strncmp(line + 2 + word, " = ", 3) == 0;
		/* That group and those users are not everywhere. */
		bool peers = strncmp(line + 2, "writers", 7) == 0 ||
			     strncmp(line + 2, "readers", 7) == 0;
		bool feed = line[1] == '#' &&
			    (strncmp(line + 2, "feed", 4) == 0 ||
				    strncmp(line + 2, "folder \"", 8) == 0 ||
				    strncmp(line + 2, "group \"", 7) == 0 || line[2] == '}' ||
				    strncmp(line + 2, "    ", 4) == 0);
		if ((key && !peers) || feed)
			line[1] = ' ';
		keys += key && !peers;
	}
	expect_good(f, sample);
	assert_int_equal(keys, 32);
	assert_int_equal(f->config.feed_count, 3);
	assert_int_equal(f->config.folder_count + f->config.group_count, 1 + 1);
	assert_string_equal(f->config.contact, "https://example.org/about-me");
	assert_int_equal(config_default(&defaults, &f->e), 0);
	defaults.socket_mode = 0600;
	size_t count;
	const struct config_key *all = config_keys(CONFIG_TOP, &count);
	for (size_t i = 0; i < count; i++)
		if (all[i].min && all[i].fallback)
			assert_int_equal(number_of(&f->config, all[i].name),
				number_of(&defaults, all[i].name));
	assert_int_equal(f->config.log_level, defaults.log_level);
	assert_int_equal(f->config.stories, defaults.stories);
	config_finish(&defaults);
	free(sample);
}

/* As many feeds as are allowed load in a moment; one more is refused. */
static void test_feed_count(void **state)
{
	struct fixture *f = *state;
	struct buf text;
	buf_init(&text, CONFIG_FILE_MAX);
	for (int i = 0; i < CONFIG_FEEDS_MAX; i++)
		buf_printf(
			&text, "feed \"Feed %d\" { url = 'https://example.org/feeds/%d' }\n", i, i);
	expect_good(f, buf_string(&text));
	assert_int_equal(f->config.feed_count, CONFIG_FEEDS_MAX);
	assert_string_equal(
		f->config.feeds[CONFIG_FEEDS_MAX - 1].url, "https://example.org/feeds/9999");
	buf_puts(&text, "feed \"One more\" { url = 'https://example.org/' }\n");
	expect_finding(f, buf_string(&text), " feed: found 10001 sections; allowed: at most 10000");
	buf_finish(&text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_numbers),
		TEST(test_durations),
		TEST(test_texts),
		TEST(test_findings),
		TEST(test_lines),
		TEST(test_feeds),
		TEST(test_keeping),
		TEST(test_levels),
		TEST(test_many),
		TEST(test_unreadable),
		TEST(test_secrets),
		TEST(test_access),
		TEST(test_listen),
		TEST(test_paths),
		TEST(test_user_paths),
		TEST(test_make_folders),
		TEST(test_default),
		TEST(test_sample),
		TEST(test_manual),
		TEST(test_sample_uncommented),
		TEST(test_feed_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
